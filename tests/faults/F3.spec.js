const { story } = require('../support/story');
const { load, webhook, open_payments, paid, processes, slowness, sleep } = require('../support/faults');

story('F3', 'HUB-FIX', ({ test, expect, instance, as, sql, one, order, clock, jobs_run }) => {
  test('F3 kill -9 of the database during payments: what was acknowledged is there, nothing twice', async () => {
    order('durable');
    const slow = await slowness();
    const numbers = open_payments(instance(), 'WA-ACC-100002', 200);
    const events = numbers.map((no) => webhook(instance(), paid(no)));
    const acknowledged = new Set();
    let sent = 0, kills = 0;
    const killer = (async () => {
      while (sent < numbers.length) {
        await sleep(700);
        process.kill(processes(instance(), 'database').master, 'SIGKILL');
        kills++;
        await sleep(900);
      }
    })();
    // Like a provider: each event is sent again until it is acknowledged.
    const statuses = {};
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (sent < numbers.length) {
        const i = sent++;
        for (let tries = 0; tries < 100 && !acknowledged.has(numbers[i]); tries++) {
          const at = Date.now();
          const answer = await instance_request(instance(), events[i]);
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
          expect(Date.now() - at, 'ms for an answer').toBeLessThan(3500 * slow);
          if (answer.status === 200) acknowledged.add(numbers[i]); else await sleep(150);
        }
        await sleep(20);
      }
    }));
    await killer;
    expect(kills).toBeGreaterThan(0);
    expect(Object.keys(statuses).sort()).toEqual(statuses[503] ? ['200', '503'] : ['200']);
    expect(acknowledged.size).toBe(numbers.length);
    for (let i = 0; i < 50 && (await as(null).get('/login')).status !== 200; i++) await sleep(100);
    await as(null).get('/login').is(200);
    await sleep(1000);
    clock.forward({ minutes: 15 });             // jobs that met the kill are tried again
    await jobs_run(120);
    expect(one("select count(*) from webhook_event where source = 'gateway' and state = 'processed'")).toBe(String(numbers.length));
    expect(sql('select i.intent_no, count(p.id) n from payment_intent i left join payment p on p.payment_intent_id = i.id group by i.id having n <> 1')).toEqual([]);
  });
});

const { request } = require('../support/person');
const instance_request = (instance, options) => request(instance, { host: 'swa.smart360.test', ...options });
