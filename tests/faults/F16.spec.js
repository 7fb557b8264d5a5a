const { story } = require('../support/story');
const { load, raw, processes, slowness } = require('../support/faults');

// 500 clients from another address, which would hold 500 workers if these waited for them.
const attack = (instance, pieces, pause_ms, limit_ms) => Promise.all(Array.from({ length: 500 }, () => raw(instance, pieces, { address: '127.0.0.2', pause_ms, limit_ms })));
const drip = (text, n) => Array.from({ length: n }, () => text);

story('F16', 'BASE', ({ test, expect, instance, as }) => {
  for (const [what, pieces] of [
    ['headers', ['GET /login HTTP/1.1\r\nHost: swa.smart360.test\r\n', ...drip('X: 1\r\n', 400)]],
    ['bodies', ['POST /login HTTP/1.1\r\nHost: swa.smart360.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n', ...drip('a=1&a=1&a=', 400)]],
  ]) test(`F16 500 slow ${what}: everybody else is served, and the slow ones are closed`, async () => {
    const before = await slowness(), limit_ms = what === 'headers' ? Math.min(25000 * before, 90000) : 25000;
    const slow = attack(instance(), pieces, 1000, limit_ms);
    const result = await load(instance(), { connections: 4, for_s: 15, next: () => ({ path: '/login' }) });
    expect(result.bad, JSON.stringify(result.by_status)).toBe(0);
    expect(result.p99, 'p99 of others, ms').toBeLessThan(1000 * Math.max(before, await slowness()));
    const ended = await slow;
    if (what === 'headers') expect(ended.filter((r) => r.ms >= limit_ms - 500).length, `still open after ${limit_ms} ms`).toBe(0);
    expect(processes(instance(), 'web').workers.length).toBeGreaterThan(0);
    await as(null).get('/login').is(200);
  });
});
