const { story } = require('../support/story');
const { processes, load, slowness, sleep } = require('../support/faults');

story('F4', 'BASE', ({ test, expect, instance, order, as, sql }) => {
  test('F4 five restarts of the database: 503 while they last, no worker restarted, and it goes on by itself', async () => {
    const slow = await slowness(), before = processes(instance(), 'web');
    let restarting = true;
    const restarts = (async () => {
      for (let i = 0; i < 5; i++) { await sleep(800); order('restart', 'database'); }
      await sleep(500);
      restarting = false;
    })();
    const result = await load(instance(), { connections: 4, for_s: 60, until: () => !restarting, next: () => ({ path: '/login' }) });
    await restarts;
    expect(result.by_status[200]).toBeGreaterThan(0);
    expect(Object.keys(result.by_status).filter((s) => s !== '200' && s !== '503'), JSON.stringify(result.by_status)).toEqual([]);
    expect(result.errors).toEqual([]);
    expect(result.ms.at(-1), 'slowest answer, ms').toBeLessThan((3000 + 2000) * slow);
    expect(processes(instance(), 'web')).toEqual(before);
    await as(null).get('/login').is(200);
  });

  test('F4 a database that is down: 503 with Retry-After in under 3 seconds, then pages again without a restart', async () => {
    const { master } = processes(instance(), 'database');
    const slow = await slowness();
    process.kill(master, 'SIGKILL');
    const at = Date.now();
    const answer = await as(null).get('/login');
    expect(Date.now() - at).toBeLessThan(3000 * slow);
    if (answer.status !== 200) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.text).not.toMatch(/mysql|mariadb|socket|sql/i);
    }
    let status = 0;
    for (let i = 0; i < 100 && status !== 200; i++) { await sleep(100); status = (await as(null).get('/login')).status; }
    expect(status).toBe(200);
    expect(sql('select 1 one')).toEqual([{ one: '1' }]);
  });
});
