/*
 * The phone pages without a network: what was seen last is shown again. Only pages below /field and the files of /s/; what is
 * typed is sent by the page itself (field.js), never from here.
 */
'use strict';
const KEPT = 's360-field';
addEventListener('install', () => skipWaiting());
addEventListener('activate', (e) => e.waitUntil(clients.claim()));

/* Only whole: what breaks off while it is received must not take the place of what was kept. */
const keep = async (url, answer) => {
  const headers = new Headers(answer.headers), body = await answer.blob();
  headers.delete('Content-Encoding');
  await (await caches.open(KEPT)).put(url, new Response(body, { headers }));
};
const from_network = async (e) => {
  const request = e.request;
  try {
    const answer = await fetch(request);
    if (answer.ok && answer.type === 'basic' && !answer.redirected) e.waitUntil(keep(request.url, answer.clone()).catch(() => {}));
    return answer;
  } catch {
    const cache = await caches.open(KEPT), home = registration.scope;
    for (const url of [request.url, home, home.replace(/\/$/, '')]) {
      const page = await cache.match(url, { ignoreVary: true });
      if (page) return page;
    }
    return Response.error();
  }
};
/* Their names change with their content. */
const from_phone = async (request) => (await caches.match(request, { ignoreVary: true })) || fetch(request);

addEventListener('fetch', (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname.startsWith('/s/')) e.respondWith(from_phone(e.request));
  else if (e.request.mode === 'navigate') e.respondWith(from_network(e));
});
