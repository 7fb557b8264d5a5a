// The tariff designer: the bars that the server drew become sliders. A bar is moved by its grip (by a mouse anywhere), by
// arrows, Page up and down, Home and End; it moves its price and the other way round. What a price makes of bills is the
// server's: while something moves it is asked at most every 120 ms, one question at a time and the newest last (hx-sync),
// so no answer comes after that of a later question.
(() => {
  const form = document.getElementById('designer');
  if (!form) return;
  const PAUSE = 120, number = (s) => (/^-?\d{1,7}(\.\d{1,6})?$/.test(s.trim()) ? Number(s) : NaN);
  const plain = (v) => String(Number(v.toFixed(6)));
  let last = 0, timer = 0;
  const ask = () => {
    timer = 0;
    last = performance.now();
    form.dispatchEvent(new CustomEvent('designer:moved'));
  };
  form.addEventListener('input', (e) => {
    const bar = bars.get(e.target.id);
    if (bar) show(bar);
    if (!timer) timer = setTimeout(ask, Math.max(0, PAUSE - (performance.now() - last)));
  });

  const bars = new Map();
  const fact = (svg, name) => Number(svg.dataset[name]);
  const y = (svg, v) => {
    const low = fact(svg, 'low'), high = fact(svg, 'high'), top = fact(svg, 'top'), bottom = fact(svg, 'bottom');
    return bottom - ((Math.min(Math.max(v, low), high) - low) * (bottom - top)) / (high - low);
  };
  const span = (rect, a, b) => {
    rect.setAttribute('y', Math.min(a, b));
    rect.setAttribute('height', Math.abs(a - b));
  };
  const least = (bar) => (bar.g.dataset.negative ? -fact(bar.svg, 'most') : 0);
  const draw = (bar) => {
    const { svg, g } = bar, end = y(svg, bar.value), zero = y(svg, 0);
    span(g.querySelector('.s1'), zero, end);
    span(g.querySelector('.was'), zero, y(svg, bar.stored));
    g.querySelector('.hit').setAttribute('y', end - 22);
    g.querySelector('.grip').setAttribute('y', end - 2.5);
    const val = g.querySelector('.val'), words = plain(bar.value) + (svg.dataset.after || '');
    val.setAttribute('y', end - 9);
    val.textContent = words;
    g.setAttribute('aria-valuenow', plain(bar.value));
    g.setAttribute('aria-valuemin', plain(Math.max(least(bar), Math.min(fact(svg, 'low'), bar.value))));
    g.setAttribute('aria-valuemax', plain(Math.max(fact(svg, 'high'), bar.value)));
    g.setAttribute('aria-valuetext', words);
  };
  // A price that leaves the drawing stretches the axis of all drawings of its block.
  const stretch = (bar) => {
    const most = fact(bar.svg, 'most'), low = fact(bar.svg, 'low'), high = fact(bar.svg, 'high');
    let up = high, down = low;
    while (bar.value > up && up < most) up = Math.min(up * 2, most);
    while (bar.value < down && bar.g.dataset.negative && down > -most) down = Math.max(down ? down * 2 : -up, -most);
    if (up === high && down === low) return;
    for (const svg of bar.svg.parentNode.querySelectorAll('svg.knobs')) {
      svg.dataset.high = up;
      svg.dataset.low = down;
      const lines = svg.querySelectorAll('.ax');
      for (const words of lines) words.textContent = plain(down + ((up - down) * words.dataset.part) / (lines.length - 1));
    }
    for (const other of bars.values()) if (other.svg.parentNode === bar.svg.parentNode) draw(other);
  };
  // What stands in the field; what is no price moves nothing.
  const show = (bar) => {
    const v = number(bar.field.value);
    if (Number.isNaN(v)) return;
    bar.value = v;
    stretch(bar);
    draw(bar);
  };
  const set = (bar, v, step) => {
    const to = plain(Math.min(Math.max(Math.round(v / step) * step, least(bar)), fact(bar.svg, 'most')));
    if (to === bar.field.value) return;
    bar.field.value = to;
    bar.field.dispatchEvent(new Event('input', { bubbles: true }));
  };

  const keys = (bar, e) => {
    const step = fact(bar.svg, 'step');
    const moves = { ArrowUp: step, ArrowRight: step, ArrowDown: -step, ArrowLeft: -step, PageUp: 10 * step, PageDown: -10 * step };
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    if (e.key === 'Home') set(bar, Math.max(least(bar), fact(bar.svg, 'low')), step);
    else if (e.key === 'End') set(bar, fact(bar.svg, 'high'), step);
    else if (moves[e.key]) set(bar, bar.value + moves[e.key], step);
    else return;
    e.preventDefault();
  };
  const drag = (bar) => {
    const { svg, g } = bar;
    let from = null;
    // units of the price for a pixel of the screen
    const pixel = () => ((fact(svg, 'high') - fact(svg, 'low')) / (fact(svg, 'bottom') - fact(svg, 'top')))
      * (svg.viewBox.baseVal.height / svg.getBoundingClientRect().height);
    g.addEventListener('pointerdown', (e) => {
      if (e.button || (e.pointerType === 'touch' && !e.target.classList.contains('hit'))) return;
      from = { id: e.pointerId, y: e.clientY, value: bar.value, pixel: pixel() };
      g.setPointerCapture(e.pointerId);
      g.classList.add('held');
      g.focus({ preventScroll: true });
      e.preventDefault();
    });
    g.addEventListener('pointermove', (e) => {
      if (!from || e.pointerId !== from.id) return;
      const v = from.value + (from.y - e.clientY) * from.pixel;
      if (e.clientY !== from.y || from.moved) set(bar, Math.min(Math.max(v, fact(svg, 'low')), fact(svg, 'high')), fact(svg, 'drag'));
      from.moved = true;
    });
    const end = (e) => {
      if (!from || e.pointerId !== from.id) return;
      from = null;
      g.classList.remove('held');
    };
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) g.addEventListener(name, end);
    g.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape' || !from) return keys(bar, e);
      set(bar, from.value, 0.000001);
      from = null;
      g.classList.remove('held');
    });
  };

  for (const g of form.querySelectorAll('svg.knobs .knob')) {
    const svg = g.ownerSVGElement, field = document.getElementById(g.dataset.field);
    if (!field) continue;
    const bar = { g, svg, field, value: 0, stored: Number(g.dataset.stored) };
    bars.set(field.id, bar);
    bar.value = Number.isNaN(number(field.value)) ? bar.stored : number(field.value);
    svg.setAttribute('role', 'group');
    svg.removeAttribute('aria-labelledby');
    svg.setAttribute('aria-label', svg.querySelector('title').textContent);
    g.setAttribute('role', 'slider');
    g.setAttribute('tabindex', '0');
    g.setAttribute('aria-label', g.dataset.name);
    g.setAttribute('aria-orientation', 'vertical');
    draw(bar);
    drag(bar);
  }
  form.classList.add('live');
})();
