/*
 * Comfort on top of pages that work without it: keys, search suggestions, busy buttons, unsaved forms, choosing rows,
 * menus, toasts.
 * No framework, no inline handlers: everything hangs on document and finds its elements by class or data attribute.
 */
(() => {
  'use strict';
  const $ = (s, from = document) => from.querySelector(s);
  const $$ = (s, from = document) => [...from.querySelectorAll(s)];
  const body = document.body;
  const on = (type, f, options) => document.addEventListener(type, f, options);

  /* Menus (details.s-menu): one open at a time, closed by Escape and by a press outside. */
  const close_menus = (but) => $$('details.s-menu[open]').forEach((d) => { if (d !== but && !d.contains(but)) d.open = false; });
  on('click', (e) => close_menus(e.target.closest('details.s-menu') || body));
  on('keydown', (e) => {
    if (e.key !== 'Escape') return;
    const open = e.target.closest('details.s-menu[open]');
    close_menus(body);
    if (open) $('summary', open).focus();
    hide_suggestions();
  });

  /* The session's end is told two minutes ahead; a press keeps it. */
  const stay = $('[data-stay]');
  if (stay) {
    const warn = () => { stay.hidden = false; $('button', stay).focus(); };
    let timer = setTimeout(warn, (stay.dataset.minutes - 2) * 60000);
    $('button', stay).addEventListener('click', () => fetch(stay.dataset.stay, { credentials: 'same-origin', redirect: 'error' }).then((a) => {
      if (!a.ok) return location.reload();
      stay.hidden = true;
      clearTimeout(timer);
      timer = setTimeout(warn, (stay.dataset.minutes - 2) * 60000);
    }).catch(() => location.reload()));
  }

  /* Toasts. */
  const toast = (text) => {
    let box = $('.s-toasts');
    if (!box) {
      box = body.appendChild(document.createElement('div'));
      box.className = 's-toasts';
      box.setAttribute('role', 'status');
    }
    const t = box.appendChild(document.createElement('div'));
    t.className = 's-toast';
    t.textContent = text;
    setTimeout(() => t.remove(), 8000);
  };
  ['htmx:responseError', 'htmx:sendError', 'htmx:timeout'].forEach((type) => on(type, () => toast(body.dataset.toast || '')));

  /* What is copied to be entered elsewhere: the button is shown where there is a clipboard. */
  if (navigator.clipboard) $$('[data-copy]').forEach((b) => { b.hidden = false; });
  on('click', (e) => {
    const b = e.target.closest('[data-copy]');
    if (b) navigator.clipboard.writeText(b.dataset.copy).then(() => toast(b.dataset.copied)).catch(() => {});
  });

  /* The bell asks once a minute, while somebody looks: what was read elsewhere, and what is new. */
  const bell = $('[data-count]');
  if (bell) {
    let tag = '', asked_at = Date.now();
    const ask_bell = () => {
      if (document.hidden || Date.now() - asked_at < 59000) return;
      asked_at = Date.now();
      fetch(bell.dataset.count, { headers: tag ? { 'If-None-Match': tag } : {}, redirect: 'error' }).then((a) => {
        tag = a.headers.get('ETag') || '';
        return a.status === 200 ? a.json() : null;
      }).then((now) => {
        if (!now) return;
        const old = $('.s-n', bell), n = old || document.createElement('span');
        n.className = 's-n';
        n.setAttribute('aria-hidden', 'true');
        n.textContent = now.count;
        bell.setAttribute('aria-label', now.text);
        if (!now.count) n.remove(); else if (!old) bell.append(n);
      }).catch(() => {});
    };
    setInterval(ask_bell, 60000);
    on('visibilitychange', ask_bell);
  }

  /* A part that waits for something asks for itself every three seconds, as long as its answer says so. */
  const poll = (part) => setTimeout(() => fetch(part.dataset.poll, { headers: { 'HX-Request': 'true' }, redirect: 'error' }).then((a) => (a.ok ? a.text() : '')).then((t) => {
    const next = new DOMParser().parseFromString(t, 'text/html').getElementById(part.id);
    if (!next) return;
    part.replaceWith(next);
    if (next.dataset.poll) poll(next);
  }).catch(() => {}), 3000);
  $$('[data-poll]').forEach(poll);

  /* Forms: one send only; the button says that it works once that takes longer than 300 ms. */
  const free = (form) => {
    clearTimeout(form.busy);
    form.sent = false;
    $$('[data-was]', form).forEach((b) => { b.textContent = b.dataset.was; b.removeAttribute('aria-disabled'); delete b.dataset.was; });
  };
  on('submit', (e) => {
    const form = e.target, button = e.submitter;
    if (form.method !== 'post') return;
    if (form.sent) return e.preventDefault();
    form.sent = true;
    form.busy = setTimeout(() => {
      if (!button || !button.dataset.busy) return;
      button.dataset.was = button.textContent;
      button.textContent = button.dataset.busy;
      button.setAttribute('aria-disabled', 'true');
    }, 300);
    setTimeout(() => free(form), 10000);
  });
  /* Leaving a form with something typed, or refused and not yet sent again, asks first; sending it does not. */
  const is_kept = (x) => {
    const all = [...(x.options || [])];
    if (all.length) return all.some((o) => o.defaultSelected) ? all.every((o) => o.selected === o.defaultSelected) : x.selectedIndex < 1;
    return /checkbox|radio/.test(x.type) ? x.checked === x.defaultChecked : x.type === 'file' ? !x.value : x.value === x.defaultValue;
  };
  const is_unsaved = (form) => !form.sent && ($$('[aria-invalid]', form).length || $$('input:not([type=hidden]),select,textarea', form).some((x) => x.name && !is_kept(x)));
  let may_leave = false;
  addEventListener('beforeunload', (e) => { if (!may_leave && $$('.s-main form.s-form[method=post]').some(is_unsaved)) e.preventDefault(); });
  addEventListener('pageshow', (e) => { if (e.persisted) $$('form').forEach(free); });

  /* Matrix of rights: the box at the head of a column, or of a module's, ticks its boxes and follows them; only single boxes are sent. */
  const ticks_of = (table, all) => { const [group, right] = all.value.split(':'); return $$(`[name=p][value$=":${right}"]`, table).filter((b) => group === '*' || b.value.startsWith(`${group}.`)); };
  const heads = (table) => $$('[data-head]', table).forEach((a) => { a.checked = ticks_of(table, a).every((b) => b.checked); });
  $$('[data-ticks]').forEach((table) => { $$('[name=all]', table).forEach((a) => { a.dataset.head = ''; a.removeAttribute('name'); }); heads(table); });
  on('change', (e) => {
    const table = e.target.closest('[data-ticks]');
    if (!table) return;
    if ('head' in e.target.dataset) ticks_of(table, e.target).forEach((b) => { b.checked = e.target.checked; });
    heads(table);
  });

  /* Rows: choose all of the page, say how many are chosen. */
  const count_rows = (form) => {
    const boxes = $$('input[name=ids]', form), n = boxes.filter((b) => b.checked).length;
    const words = $('[data-selected]', form), all = $('[data-all]', form);
    if (words && n) words.textContent = words.dataset.selected.replace('{n}', n);
    if (all) { all.checked = n > 0 && n === boxes.length; all.indeterminate = n > 0 && n < boxes.length; }
  };
  on('change', (e) => {
    const form = e.target.closest('.s-bulkform');
    if (form) {
      if (e.target.matches('[data-all]')) $$('input[name=ids]', form).forEach((b) => { b.checked = e.target.checked; });
      count_rows(form);
    }
    if (e.target.form) reveal(e.target.form);
    if (e.target.dataset.max) check_file(e.target);
  });

  /* Fields shown only while another has a value. */
  const reveal = (form) => $$('[data-reveal]', form).forEach((f) => {
    const of = $$(`[name="${f.dataset.reveal}"]`, form).filter((x) => !/radio|checkbox/.test(x.type) || x.checked);
    f.hidden = !of.some((x) => f.dataset.revealValue.split('|').includes(x.value));
  });

  /* Passwords: shown when wished; of a new one, how strong it is, in words. */
  const strength = (s) => { const points = Math.min(s.length, 2 * new Set(s).size) + 2 * [/[a-z]/, /[A-Z]/, /\d/, /[^a-z\d]/i].filter((k) => k.test(s)).length; return s.length < 10 || points < 15 ? 0 : points < 22 ? 1 : 2; };
  $$('input[data-show]').forEach((input) => {
    const row = document.createElement('span'), button = document.createElement('button'), says = document.createElement('span'), words = (input.dataset.strength || '').split('|');
    row.className = 'join';
    button.type = 'button';
    button.className = 'fix';
    button.textContent = input.dataset.show;
    if (input.labels[0]) button.title = input.labels[0].textContent;
    input.before(row);
    row.append(input, button);
    button.onclick = () => { const hidden = input.type === 'password'; input.type = hidden ? 'text' : 'password'; button.textContent = hidden ? input.dataset.hide : input.dataset.show; };
    if (input.form) input.form.addEventListener('submit', () => { input.type = 'password'; });
    if (words.length < 3) return;
    says.className = 'hint';
    says.setAttribute('role', 'status');
    row.after(says);
    input.addEventListener('input', () => { says.textContent = input.value ? words[strength(input.value)] : ''; });
  });

  /* Files: too large is said at once, not after the upload. */
  const check_file = (input) => {
    const old = $('.err[data-file]', input.parentNode);
    if (old) old.remove();
    const big = [...input.files].some((f) => f.size > Number(input.dataset.max));
    input.toggleAttribute('aria-invalid', big);
    if (!big) return;
    const p = document.createElement('p');
    p.className = 'err';
    p.dataset.file = '';
    p.setAttribute('role', 'alert');
    p.textContent = input.dataset.maxText;
    input.before(p);
  };

  /* Lines: one more, with names kept and ids counted on. */
  on('click', (e) => {
    const print = e.target.closest('[data-print]');
    if (print) window.print();
    const add = e.target.closest('[data-add-line]');
    if (!add) return;
    const rows = $('[data-lines] tbody', add.parentNode), last = rows.lastElementChild, row = last.cloneNode(true), n = rows.children.length;
    $$('input,select', row).forEach((x) => {
      x.id = x.id.replace(/-\d+$/, `-${n}`);
      x.setAttribute('aria-label', x.getAttribute('aria-label').replace(/\d+$/, n + 1));
      x.removeAttribute('aria-invalid');
      x.value = '';
    });
    $$('.err', row).forEach((x) => x.remove());
    rows.append(row);
    $('input,select', row).focus();
  });

  /* Suggestions: after 250 ms and 2 characters, an older answer is dropped. */
  let timer, asked;
  const ask = (input, done) => {
    clearTimeout(timer);
    if (asked) asked.abort();
    const q = input.value.trim(), url = input.dataset.search || input.dataset.suggest;
    if (q.length < 2) return done('');
    timer = setTimeout(() => {
      asked = new AbortController();
      fetch(`${url}${url.includes('?') ? '&' : '?'}q=${encodeURIComponent(q)}`, { headers: { 'HX-Request': 'true' }, signal: asked.signal })
        .then((r) => (r.ok && !r.redirected ? r.text() : '')).then(done, () => {});
    }, 250);
  };
  /* The search page itself answers: its groups, or the rows of its table as links. */
  const found_in = (page) => {
    const groups = $$('.s-sug', page);
    if (groups.length) return groups;
    const list = document.createElement('div');
    list.className = 's-sug';
    $$('main .s-t tbody tr', page).slice(0, 8).forEach((tr) => {
      const from = $('a', tr), name = $('.a-name', tr);
      if (!from) return;
      const a = list.appendChild(document.createElement('a')), sub = document.createElement('span');
      a.href = from.getAttribute('href');
      a.textContent = (name ? name.firstChild : from).textContent;
      sub.className = 'sub';
      sub.textContent = name ? from.textContent : '';
      a.append(' ', sub);
    });
    return [list];
  };
  const box = $('.s-sugs');
  const hide_suggestions = () => { if (box) box.hidden = true; };
  on('input', (e) => {
    const input = e.target;
    if (input.dataset.search) ask(input, (html) => {
      box.replaceChildren(...found_in(new DOMParser().parseFromString(html, 'text/html')));
      box.hidden = !$('a', box);
    });
    else if (input.dataset.suggest) ask(input, (html) => { const list = input.list; if (list) list.innerHTML = html; });
  });
  on('keydown', (e) => {
    const form = e.target.closest('.s-search');
    if (!form || box.hidden || !/^Arrow(Up|Down)$/.test(e.key)) return;
    const places = [$('input', form), ...$$('a', box)], at = places.indexOf(document.activeElement);
    e.preventDefault();
    places[(at + (e.key === 'ArrowDown' ? 1 : places.length - 1)) % places.length].focus();
  });
  on('focusin', (e) => { if (!e.target.closest('.s-search')) hide_suggestions(); });

  /* Keys: never in a field, never with Ctrl, Alt or Meta; off when the user says so (no data-keys). */
  const GO = { h: 'home', c: 'consumers', b: 'billing', p: 'payments', m: 'metering', w: 'work_orders', x: 'complaints', r: 'reports' };
  let g = 0;
  const press = (selector) => { const x = $(selector); if (x) x.click(); return !!x; };
  const move = (by) => {
    const rows = $$('.s-t:not(details .s-t) tbody tr');
    if (!rows.length) return;
    const row = Math.max(0, Math.min(rows.length - 1, rows.findIndex((r) => r.classList.contains('at')) + by));
    rows.forEach((r, i) => r.classList.toggle('at', i === row));
    const link = $('a', rows[row]);
    if (link) link.focus();
    rows[row].scrollIntoView({ block: 'nearest' });
  };
  on('keydown', (e) => {
    if (!('keys' in body.dataset) || e.ctrlKey || e.altKey || e.metaKey || e.isComposing || e.target.closest('input,select,textarea,[contenteditable]')) return;
    const now = Date.now();
    if (g && now - g < 1500) {
      g = 0;
      const link = e.key in GO && ($(`#keys [data-go="${GO[e.key]}"]`) || $(`.s-nav [data-go="${GO[e.key]}"]`));
      if (link) { e.preventDefault(); link.click(); }
      return;
    }
    const act = {
      '/': () => { const q = $('#q'); if (q) { q.focus(); q.select(); } return !!q; },
      g: () => { g = now; return true; },
      j: () => { move(1); return true; },
      k: () => { move(-1); return true; },
      x: () => { const t = $('tr.at input[name=ids]'); if (t) t.click(); return !!t; },
      e: () => press('[data-key=e]'),
      c: () => { const s = $('.s-new'); if (s) { s.open = true; ($('a', s) || s).focus(); } return !!s || press('[data-key=c]'); },
      '?': () => { const d = $('#keys'); if (d) d.showPopover(); return !!d; },
    }[e.key];
    if (act && act()) e.preventDefault();
  });

  /* The launcher: its page in a box over this one; Alt+M, arrows, Enter, Esc. Without script the button leads to the page. */
  const dots = $('[data-bento]'), bento = $('#bento');
  const tiles_of = () => $$('[role=menuitem]:not([aria-disabled])', bento);
  const open_bento = () => fetch(dots.href, { headers: { 'HX-Request': 'true' } }).then((r) => (r.redirected || !r.ok ? Promise.reject(r) : r.text())).then((t) => {
    bento.innerHTML = t;
    bento.showPopover();
    const first = $('[data-menu-find]', bento) || tiles_of()[0];
    if (first) first.focus();
  }).catch(() => { location.href = dots.href; });
  if (dots && bento) {
    dots.addEventListener('click', (e) => { if (e.ctrlKey || e.metaKey) return; e.preventDefault(); if (bento.matches(':popover-open')) bento.hidePopover(); else open_bento(); });
    on('keydown', (e) => { if (e.altKey && !e.ctrlKey && e.code === 'KeyM') { e.preventDefault(); open_bento(); } });
    bento.addEventListener('keydown', (e) => {
      const all = tiles_of(), i = all.indexOf(document.activeElement);
      const wide = i >= 0 && !all[i].closest('.list') ? 3 : 1;
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: i < 0 ? 1 : wide, ArrowUp: -wide }[e.key];
      if (!by || (i < 0 && e.key !== 'ArrowDown')) return;
      e.preventDefault();
      (all[Math.max(0, Math.min(all.length - 1, i + by))] || all[0]).focus();
    });
    bento.addEventListener('submit', (e) => {
      e.preventDefault();
      const q = $('[data-menu-find]', bento).value;
      fetch(`${dots.href}?q=${encodeURIComponent(q)}`, { headers: { 'HX-Request': 'true' } }).then((r) => r.text()).then((t) => {
        bento.innerHTML = t;
        const found = tiles_of()[0];
        if (found && found.closest('[role=menu]').previousElementSibling.previousElementSibling.matches('form')) location.href = found.href;
      });
    });
  }

  /* Favourites are dragged to another place; Up and Down do the same without. */
  $$('[data-drag]').forEach((list) => {
    let held = null;
    const over = (e) => { const li = e.target.closest('li'); $$('.drop', list).forEach((x) => x.classList.toggle('drop', x === li)); if (li && li !== held) li.classList.add('drop'); return li; };
    $$('li', list).forEach((li) => { li.draggable = true; });
    list.addEventListener('dragstart', (e) => { held = e.target.closest('li'); e.dataTransfer.effectAllowed = 'move'; e.dataTransfer.setData('text/plain', held.dataset.key); });
    list.addEventListener('dragover', (e) => { if (held) { e.preventDefault(); over(e); } });
    list.addEventListener('dragend', () => { held = null; $$('.drop', list).forEach((x) => x.classList.remove('drop')); });
    list.addEventListener('drop', (e) => {
      const to = over(e);
      if (!held || !to || to === held) return;
      e.preventDefault();
      const all = $$('li', list), before = all.indexOf(held) < all.indexOf(to) ? to.nextElementSibling : to, form = $('form', held), where = document.createElement('input');
      Object.assign(where, { type: 'hidden', name: 'before', value: before ? before.dataset.key : '' });
      form.elements.do.value = 'place';
      form.append(where);
      form.requestSubmit();
    });
  });

  /* Two minutes before the session ends for want of requests: a dialog, and one request to stay. */
  const idle = $('#idle');
  if (idle) {
    let seen = Date.now();
    const most = idle.dataset.idle * 1000, out = () => { may_leave = true; location.href = idle.dataset.url; };
    on('htmx:afterRequest', () => { seen = Date.now(); });
    setInterval(() => {
      const quiet = Date.now() - seen;
      if (quiet > most + 2000) out();
      else if (quiet > most - 120000 && !idle.matches(':popover-open')) idle.showPopover();
    }, 5000);
    $('button', idle).addEventListener('click', () => fetch('/account/ping').then((r) => {
      if (r.redirected || !r.ok) return out();
      seen = Date.now();
      idle.hidePopover();
    }, () => {}));
  }

  /* What is on the page now, and what htmx brings later. */
  const prepare = (from) => {
    $$('[data-all]', from).forEach((x) => { x.closest('label').hidden = false; });
    $$('.s-bulkform', from).forEach(count_rows);
    $$('[data-add-line]', from).forEach((x) => { x.hidden = false; });
    $$('form', from).forEach(reveal);
  };
  prepare(document);
  on('htmx:load', (e) => prepare(e.target));
})();
