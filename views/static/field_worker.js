/*
 * The phone pages without a network: what was seen last is shown again. Only pages below /field and the files of /s/; what is
 * typed is sent by the page itself (field.js), never from here.
 */
'use strict';
const KEPT = 's360-field';
addEventListener('install', () => skipWaiting());
addEventListener('activate', (e) => e.waitUntil(clients.claim()));

const from_network = async (request) => {
  try {
    const answer = await fetch(request);
    if (answer.ok && answer.type === 'basic' && !answer.redirected) (await caches.open(KEPT)).put(request.url, answer.clone());
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
  else if (e.request.mode === 'navigate') e.respondWith(from_network(e.request));
});
