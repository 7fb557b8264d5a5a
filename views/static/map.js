/*
 * Maps: div.map[data-url] shows points, lines and areas on tiles of our own origin; data-pick fills two inputs.
 * Markers are drawn, no pictures. What the server put into the box stays when the data cannot be had.
 */
(() => {
  'use strict';
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const tone = (t) => colour({ ok: '--ok', warn: '--warn', bad: '--bad', hold: '--hold', off: '--off' }[t] || '--c1');

  /* Texts come from data: never as HTML. */
  const words = (p) => {
    const box = document.createElement('div'), title = box.appendChild(document.createElement('strong'));
    title.textContent = p.title || '';
    if (p.text) box.appendChild(document.createElement('p')).textContent = p.text;
    if (p.url && p.url.startsWith('/') && !/^\/[/\\]/.test(p.url)) {
      const a = document.createElement('a');
      a.href = p.url;
      a.textContent = title.textContent;
      title.replaceChildren(a);
    }
    return box;
  };

  const begin = (box) => {
    box.replaceChildren();
    const map = L.map(box, { attributionControl: !!box.dataset.credit, zoomSnap: 0.5 });
    if (box.dataset.credit) map.attributionControl.setPrefix(false).addAttribution(box.dataset.credit.replace(/[<>&]/g, ''));
    if (box.dataset.tiles) L.tileLayer(box.dataset.tiles, { maxZoom: 19 }).addTo(map);
    return map;
  };

  const draw = (box, data) => {
    const map = begin(box), all = L.featureGroup().addTo(map);
    for (const a of data.areas || []) L.polygon(a.path, { color: tone(a.tone), weight: 2, fillOpacity: 0.2 }).bindPopup(words(a)).addTo(all);
    for (const l of data.lines || []) L.polyline(l.path, { color: tone(l.tone), weight: 3 }).addTo(all);
    for (const p of data.points || []) {
      L.circleMarker([p.lat, p.lon], { radius: 8, weight: 2, color: colour('--surface'), fillColor: tone(p.tone), fillOpacity: 1 }).bindPopup(words(p)).addTo(all);
    }
    const bounds = all.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds.pad(0.1), { maxZoom: 17 });
    else map.setView([Number(box.dataset.lat) || 0, Number(box.dataset.lon) || 0], 12);
    if (box.dataset.pick) pick(box, map);
    box.map = map;
    box.dataset.drawn = '1';
  };

  const pick = (box, map) => {
    const inputs = box.dataset.pick.split(',').map((n) => document.getElementsByName(n)[0]);
    let at = null;
    const show = (place) => {
      if (at) at.setLatLng(place);
      else at = L.circleMarker(place, { radius: 9, weight: 3, color: colour('--surface'), fillColor: colour('--c1'), fillOpacity: 1 }).addTo(map);
    };
    const typed = inputs.map((i) => Number(i.value));
    if (inputs.every((i) => i.value !== '') && typed.every(Number.isFinite)) {
      show(typed);
      map.setView(typed, 17);
    }
    map.on('click', (e) => {
      inputs[0].value = e.latlng.lat.toFixed(6);
      inputs[1].value = e.latlng.wrap().lng.toFixed(6);
      inputs.forEach((i) => i.dispatchEvent(new Event('change', { bubbles: true })));
      show(e.latlng);
    });
  };

  document.querySelectorAll('.map').forEach((box) => {
    if (!box.dataset.url) return draw(box, {});
    fetch(box.dataset.url, { headers: { Accept: 'application/json' } }).then((r) => (r.ok ? r.json() : Promise.reject(r.status))).then((data) => draw(box, data), () => {});
  });
})();
