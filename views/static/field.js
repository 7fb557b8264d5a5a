/*
 * Forms of the phone pages without a network: each is put into a queue on the phone first and then sent; nothing leaves the
 * queue without an answer. A form's one-time key goes along, so that one which is sent twice is done once. Photos are kept too.
 * Without script the forms are ordinary ones.
 */
(() => {
  'use strict';
  const { field: base, who } = document.body.dataset, note = document.getElementById('pending');
  if (!base || !who || !window.indexedDB || !note) return;
  const $$ = (s, from = document) => [...from.querySelectorAll(s)];
  const main = () => document.querySelector('main');
  const words = note.dataset;

  /* The queue: { key, who, url, page, title, fields, files, at, tries, next, state, text }; state waiting or refused. */
  const opened = new Promise((done, bad) => {
    const r = indexedDB.open('s360-field', 1);
    r.onupgradeneeded = () => r.result.createObjectStore('waiting', { keyPath: 'key' });
    r.onsuccess = () => done(r.result);
    r.onerror = () => bad(r.error);
  });
  const store = async (mode, act) => {
    const t = (await opened).transaction('waiting', mode), r = act(t.objectStore('waiting'));
    return new Promise((done, bad) => { t.oncomplete = () => done(r.result); t.onerror = t.onabort = () => bad(t.error); });
  };
  const put = (x) => store('readwrite', (s) => s.put(x));
  const drop = (x) => store('readwrite', (s) => s.delete(x.key));
  const mine = async () => (await store('readonly', (s) => s.getAll())).filter((x) => x.who === who).sort((a, b) => a.at - b.at);

  /* Pages come from the phone too: a key that was sent once is never used again. */
  const new_key = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(17)))).replace(/\+/g, '-').replace(/\//g, '_').slice(0, 22);
  const fresh_keys = () => $$('main input[name=form_key]').forEach((k) => { k.value = new_key(); });

  const say = (tone, text) => {
    const old = document.getElementById('said'), p = document.createElement('p');
    if (old) old.remove();
    p.id = 'said';
    p.className = `s-note ${tone}`;
    p.setAttribute('role', 'status');
    p.textContent = text;
    main().prepend(p);
    p.scrollIntoView({ block: 'nearest' });
  };
  const show_count = (n) => {
    note.hidden = !n;
    note.querySelector('a').textContent = words.pending.replace('{n}', n);
  };

  /* Where to stand after an answer: the page it leads to, with the note it brings. */
  const parsed = (html) => new DOMParser().parseFromString(html, 'text/html');
  const refusal_of = (page) => {
    const box = page.querySelector('.s-errs li, .s-error .s-intro, .s-errs p');
    return box ? box.textContent.trim() : words.refused;
  };
  const go_on = (answer, page) => {
    const said = page.querySelector('.s-note.ok[role=status] p');
    if (said) sessionStorage.setItem('s360-said', said.textContent);
    location.assign(answer.url);
  };
  const show_again = (page) => {
    const theirs = page.querySelector('main');
    main().replaceWith(document.adoptNode(theirs));
    fresh_keys();
    const box = document.querySelector('.s-errs');
    if (box) box.focus();
  };

  /* One of the queue: 'done', 'refused' or 'waiting'. */
  const WAITS = [5, 15, 60];
  const later = async (x) => { x.next = Date.now() + 1000 * (WAITS[x.tries] || 300); x.tries++; await put(x); return 'waiting'; };
  const body_of = (x, csrf) => {
    const data = x.files ? new FormData() : new URLSearchParams();
    x.fields.forEach(([name, value]) => data.append(name, name === 'csrf' ? csrf : value));
    return data;
  };
  const send = async (x, csrf, here) => {
    let answer, html;
    try {
      answer = await fetch(x.url, { method: 'POST', body: body_of(x, csrf), credentials: 'same-origin', cache: 'no-store' });
      html = await answer.text();
    } catch { return later(x); }
    if (answer.redirected && new URL(answer.url).pathname.startsWith('/login')) return later(x);
    if (answer.ok) {
      await drop(x);
      if (here) go_on(answer, parsed(html));
      return 'done';
    }
    if (answer.status === 429 || answer.status >= 500) return later(x);
    const page = parsed(html);
    if (here) { await drop(x); show_again(page); return 'refused'; }
    Object.assign(x, { state: 'refused', text: refusal_of(page) });
    await put(x);
    return 'refused';
  };

  /* The token of the session there is now: the one typed with may be of an older one. NULL: no network, or signed out. */
  const token = async () => {
    try {
      const answer = await fetch(`${base}/pending`, { credentials: 'same-origin', cache: 'no-store' });
      if (!answer.ok || answer.redirected) { if (answer.redirected) say('hold', words.signIn); return null; }
      const input = parsed(await answer.text()).querySelector('input[name=csrf]');
      return input && input.value;
    } catch { return null; }
  };
  const send_all = async () => {
    const due = (await mine()).filter((x) => x.state === 'waiting' && x.next <= Date.now());
    if (!due.length) return;
    const csrf = await token();
    for (const x of due) if (!csrf) await later(x); else if (await send(x, csrf) === 'waiting') break;
    await show();
  };
  /* One page at a time sends. */
  const flush = () => (navigator.locks ? navigator.locks.request('s360-field', { ifAvailable: true }, (l) => l && send_all()) : send_all());

  document.addEventListener('submit', async (e) => {
    const form = e.target;
    if (form.matches('[action$="/logout"]')) caches.delete('s360-field');
    if (form.method !== 'post' || !form.closest('main') || !form.elements.form_key) return;
    e.preventDefault();
    e.stopImmediatePropagation();               /* "one send only" is ours here */
    if (form.sending) return;
    form.sending = true;
    const at = form.elements.device_at;
    if (at) at.value = new Date().toISOString().replace(/\.\d+Z/, 'Z');
    const fields = [...new FormData(form, e.submitter)], title = document.querySelector('h1');
    const x = { key: form.elements.form_key.value, who, url: form.action, page: location.href, title: title ? title.textContent : '', fields, files: form.enctype === 'multipart/form-data',
      at: Date.now(), tries: 0, next: Date.now(), state: 'waiting' };
    await put(x);
    if (await send(x, form.elements.csrf.value, true) === 'waiting') {
      say('hold', words.kept);
      form.reset();
      fresh_keys();
    }
    form.sending = false;
    show();
  }, true);

  /* The page that shows what waits. */
  const button = (text, act) => {
    const b = document.createElement('button');
    b.type = 'button';
    b.className = 'btn';
    b.textContent = text;
    b.addEventListener('click', act);
    return b;
  };
  const line = (tag, name, text) => { const x = document.createElement(tag); x.className = name; x.textContent = text; return x; };
  const row = (x) => {
    const li = document.createElement('li'), typed = x.fields.filter(([n, v]) => !/^(csrf|form_key|device_at|row_version)$/.test(n) && v).map(([, v]) => v.name || v).join(', ');
    li.append(line('strong', '', x.title), ' ', line('span', `s-b ${x.state === 'refused' ? 'bad' : 'hold'}`, x.state === 'refused' ? words.wasRefused : words.waits), line('p', 'sub', typed),
      line('p', 'sub', new Date(x.at).toLocaleString(document.documentElement.lang)));
    if (x.state !== 'refused') return li;
    li.append(line('p', 'err', x.text));
    const acts = line('div', 's-acts', ''), link = line('a', 'btn', words.open);
    link.href = x.page;
    acts.append(link, button(words.discard, async () => { await drop(x); show(); }));
    li.append(acts);
    return li;
  };
  const show = async () => {
    const list = await mine(), at = document.getElementById('waiting');
    show_count(list.length);
    if (!at) return;
    at.replaceChildren(...list.map(row));
    document.getElementById('nothing').hidden = list.length > 0;
    document.getElementById('send').hidden = !list.some((x) => x.state === 'waiting');
  };
  const now = async () => {
    for (const x of await mine()) if (x.state === 'waiting') await put({ ...x, next: 0 });
    await flush();
    show();
  };
  const send_button = document.getElementById('send');
  if (send_button) send_button.addEventListener('click', now);
  addEventListener('online', now);
  setInterval(flush, 5000);

  /* Pages and their files are kept on the phone for the next time without a network; of one person only, and only whole:
     what breaks off while it is received must not take the place of what was kept. */
  const keep_one = async (kept, url) => {
    const answer = await fetch(url, { credentials: 'same-origin' });
    if (!answer.ok || answer.redirected) return;
    const headers = new Headers(answer.headers), body = await answer.blob();
    headers.delete('Content-Encoding');
    await kept.put(url, new Response(body, { headers }));
  };
  const keep = async () => {
    if (!('serviceWorker' in navigator) || !('caches' in window)) return;
    if (localStorage.getItem('s360-who') !== who) { await caches.delete('s360-field'); localStorage.setItem('s360-who', who); }
    await navigator.serviceWorker.register(`${base}/worker.js`, { scope: base });
    const kept = await caches.open('s360-field'), files = $$('link[rel=stylesheet],link[rel=preload],script[src]').map((x) => x.href || x.src);
    const pages = [base, `${base}/pending`, ...$$(`main a[href^="${base}/"]`).map((a) => a.href)];
    for (const url of [...files, ...pages, location.href.replace(/#.*/, '')]) await keep_one(kept, url).catch(() => {});
  };

  fresh_keys();
  const said = sessionStorage.getItem('s360-said');
  if (said) { sessionStorage.removeItem('s360-said'); say('ok', said); }
  addEventListener('pageshow', (e) => { if (e.persisted) { fresh_keys(); show(); } });
  show().then(flush);
  keep().catch(() => {});
})();
