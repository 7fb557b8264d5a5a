// The frame itself: what every story relies on.
const { story } = require('../support/story');

story('FRAME', 'BASE', ({ as, anyone, test, expect, sql, one, clock, request, instance, jobs_run, sleep }) => {
  test('FRAME the instance answers over HTTPS with its security headers', async () => {
    const answer = await as(null).get('/health').is(200);
    expect(answer.headers['strict-transport-security']).toMatch(/max-age=31536000/);
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
  test('FRAME the fixture set is loaded and its clock stands', async () => {
    expect(one('select code from utility')).toBe('swa-w');
    expect(instance().now().toISOString()).toMatch(/^2026-04-15T17:0/);
    clock('2026-05-01T09:00:00-07:00');
    clock.forward({ days: 1, hours: 1 });
    expect(clock.now().toISOString()).toMatch(/^2026-05-02T17:0/);
  });
  test('FRAME whoever is not signed in is led to the sign-in page, and back afterwards', async () => {
    const answer = await as(null).get('/bx/gl-codes').is(303);
    expect(answer.location).toBe('/login?next=%2Fu%2Fswa-w%2Fbx%2Fgl-codes');
  });
  test('FRAME a changed copy (1)', async () => {
    sql("update utility set name = 'Changed'");
    expect(one('select name from utility')).toBe('Changed');
  });
  test('FRAME hosts of strangers find nothing', async () => {
    await anyone('nobody.smart360.test').get('/login').is(404);
    expect((await request({ host: 'evil.test', path: '/login' })).status).toBe(404);
  });
  test('FRAME counters and the details of health are for this machine only', async () => {
    const counted = async () => Number((await request({ host: 'swa.smart360.test', path: '/metrics' })).body.match(/^smart360_requests_total\{pool="page",status="4xx"\} (\d+)$/m)[1]);
    const before = await counted();
    await as(null).get('/u/nothing/here').is(404);
    expect(await counted()).toBe(before + 1);
    const stranger = (path) => request({ host: 'swa.smart360.test', path, address: '127.0.0.2' });
    expect((await stranger('/metrics')).status).toBe(404);
    expect((await stranger('/health')).body).toBe('ok\n');
    expect((await as(null).get('/health')).body).toContain('jobs_dead 0');
  });
  test('FRAME days ahead recurring jobs are held, until the test wants them; what is enqueued is run', async () => {
    clock('2026-04-15T10:00-07:00');
    const job = () => sql("select next_run_at due, last_run_at ran from scheduled_job where code = 'try_held'")[0];
    sql("insert into scheduled_job (utility_id, code, handler, name, rule) select id, 'try_held', 'tariff.activate', 'Try', 'every 1h' from utility where code = 'swa-w'");
    await expect.poll(() => job().due, { timeout: 60000 }).not.toBeNull();
    clock.forward({ hours: 2 });                                      // hours ahead they follow
    await expect.poll(() => job().ran, { timeout: 60000 }).not.toBeNull();
    const hours = job();
    clock.forward({ days: 3 });
    sql.platform("insert into job (tenant_id, utility_id, kind, class, run_at) select id, ?, 'tariff.activate', 'general', '2020-01-01' from tenant where slug = 'swa'", [one("select id from utility where code = 'swa-w'")]);
    await jobs_run();
    await sleep(7000);                                                // the clerk looks every three seconds
    expect(job()).toEqual(hours);
    expect(sql.platform("select count(*) n from job where kind = 'tariff.activate' and state = 'done' and run_at = '2020-01-01'")[0].n).toBe('1');
    clock.recurring(true);
    await expect.poll(() => job().ran > hours.ran, { timeout: 60000 }).toBe(true);
    await jobs_run();
    clock.recurring(null);
  });
  test('FRAME logs hold no token of a link', async () => {
    const token = 'Zx8dK2mQ9vT4bN7cL1pR5w';
    await as(null).get(`/b/${token}`);
    await as(null).get(`/password/reset?token=${token}`);
    const logs = `${instance().folder}/logs`;
    const all = require('fs').readdirSync(logs).map((name) => require('fs').readFileSync(`${logs}/${name}`, 'utf8')).join('');
    expect(all).toContain('/b/Zx8d***');
    expect(all).toContain('/password/reset');
    expect(all).not.toContain(token);
  });
  test('FRAME static files come compressed, with headers, for ever', async () => {
    const name = require('fs').readFileSync(`${require('../support/instance').build}/static/assets.txt`, 'utf8').match(/^\S+ (\S+\.css)$/m)[1];
    const answer = await request({ path: name, headers: { 'Accept-Encoding': 'gzip' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.headers['cache-control']).toContain('immutable');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  });
});

story('FRAME again', 'BASE', ({ test, expect, one }) => {
  test('FRAME a changed copy (2): the next story has a fresh one', async () => { expect(one('select name from utility')).not.toBe('Changed'); });
});
