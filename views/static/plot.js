/*
 * Long series (interval data): div.plot[data-url] becomes a uPlot chart in the colours of the theme.
 * What the server put into the box stays when the data cannot be had.
 */
(() => {
  'use strict';
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const STYLES = { 1: ['--c1', []], 2: ['--c2-line', [5, 4]], 3: ['--c3', []] };

  const draw = (box, data) => {
    const grid = { stroke: colour('--line'), width: 1 }, axis = { stroke: colour('--muted'), font: '12px "Inter S", sans-serif', grid, ticks: grid };
    const clock = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone: data.zone || undefined });
    const options = {
      width: box.clientWidth, height: Math.max(220, Math.min(360, box.clientWidth * 0.45)),
      tzDate: data.zone ? (t) => uPlot.tzDate(new Date(t * 1e3), data.zone) : undefined,
      axes: [{ ...axis }, { ...axis, label: data.unit, size: 56 }],
      series: [{ value: (u, t) => (t == null ? '' : clock.format(t * 1e3)) }, ...data.series.map((s) => {
        const [name, dash] = STYLES[s.style || 1];
        return { label: s.name, stroke: colour(name), dash, width: 1.5, points: { show: data.t.length < 200 }, value: (u, v) => (v == null ? '' : `${v} ${data.unit || ''}`) };
      })],
    };
    if (!options.tzDate) delete options.tzDate;
    box.replaceChildren();
    box.plot = new uPlot(options, [data.t, ...data.series.map((s) => s.v)], box);
    box.dataset.drawn = '1';
  };

  document.querySelectorAll('.plot[data-url]').forEach((box) => {
    fetch(box.dataset.url, { headers: { Accept: 'application/json' } })
      .then((r) => (r.ok ? r.json() : Promise.reject(r.status)))
      .then((data) => {
        draw(box, data);
        new ResizeObserver(() => { if (Math.abs(box.plot.width - box.clientWidth) > 4) box.plot.setSize({ width: box.clientWidth, height: box.plot.height }); }).observe(box);
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { box.plot.destroy(); draw(box, data); });
      }, () => {});
  });
})();
