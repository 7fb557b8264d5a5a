const { story } = require('../support/story');
const { processes, alive, load, slowness, seconds, sleep } = require('../support/faults');

story('F1', 'BASE', ({ test, expect, instance, as }) => {
  test('F1 killing a page worker each second fails only the request in it', async () => {
    const slow = await slowness(), before = processes(instance(), 'web');
    let kills = 0, running = true, slowest_s = 0;
    const killer = (async () => {
      while (running) {
        await sleep(1000);
        const { workers } = processes(instance(), 'web');
        const victim = workers[kills % workers.length];
        process.kill(victim, 'SIGKILL');
        kills++;
        const at = Date.now();
        while (processes(instance(), 'web').workers.length < before.workers.length && Date.now() - at < 5000 * slow) await sleep(20);
        slowest_s = Math.max(slowest_s, (Date.now() - at) / 1000);
      }
    })();
    const result = await load(instance(), { connections: 6, next: () => ({ path: '/login' }) });
    running = false;
    await killer;
    expect(result.by_status[200], 'good answers').toBeGreaterThan(0);
    expect(result.bad, `failed requests after ${kills} kills: ${JSON.stringify(result.by_status)} ${result.errors.slice(0, 3)}`).toBeLessThanOrEqual(kills);
    expect(slowest_s, 'seconds until a new worker stood').toBeLessThan(2 * slow);
    expect(alive(before.master), 'the master lives').toBe(true);
    await as(null).get('/login').is(200);
  });
});
