// Work behind the pages as people see it: dead jobs with their error, tried again or discarded; and the queue of a real instance.
const { story } = require('../support/story');

story('JOBS', 'BASE', ({ as, test, expect, sql, one, sleep, instance }) => {
  const dead = () => {
    sql.platform("insert into job (tenant_id, kind, class, state, run_at, attempts, error, ended_at) select id, 'core.cleanup', 'general', 'dead', utc_timestamp(6), 12, 'the <b>disk</b> is full', utc_timestamp(6) from tenant where slug = 'swa'");
    return sql.platform('select id, public_id from job order by id desc limit 1')[0];
  };
  const state = (id) => sql.platform('select state from job where id = ?', [id])[0].state;

  test('JOBS a dead job is seen with its error and tried again', async () => {
    const job = dead();
    const list = await as('utility_admin').get('/jobs').is(200);
    expect(list.body).toContain('core.cleanup');
    expect(list.body).toContain('the &lt;b&gt;disk&lt;/b&gt; is full');
    expect((await as('utility_admin').get(`/jobs/${job.public_id}`).is(200)).body).toContain('Try again');
    await as('utility_admin').post(`/jobs/${job.public_id}/retry`).is(303);
    for (let i = 0; i < 100 && state(job.id) !== 'done'; i++) await sleep(100);
    expect(state(job.id)).toBe('done');
    expect(one("select count(*) from audit_entry where entity = 'job' and action = 'retry'")).toBe('1');
  });
  test('JOBS a dead job is discarded once', async () => {
    const job = dead();
    await as('utility_admin').post(`/jobs/${job.public_id}/discard`).is(303);
    expect(state(job.id)).toBe('cancelled');
    await as('utility_admin').post(`/jobs/${job.public_id}/discard`).is(409);
  });
  test('JOBS only whoever holds the right sees them; those of nobody are not found', async () => {
    await as('cso').get('/jobs').is(403);
    await as('utility_admin').get('/jobs/aaaaaaaaaaaaaaaaaaaaaa').is(404);
  });
  test('JOBS a job begins at once when it is enqueued by a page, and workers are counted', async () => {
    expect(Number(sql.platform('select count(*) n from worker where seen_at > utc_timestamp(6) - interval 1 minute')[0].n)).toBeGreaterThan(6);
    expect((await as(null).get('/health')).body).toMatch(/job_workers ([1-9]\d*)/);
    const log = instance().log('jobs');
    expect(log).not.toContain('clerk.failed');
  });
  test('JOBS a killed worker is replaced, and a job goes on being run', async () => {
    const general = () => sql.platform("select pid from worker where kind = 'general' and seen_at > utc_timestamp(6) - interval 1 minute").map((row) => Number(row.pid));
    const [before] = general();
    process.kill(before, 'SIGKILL');
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'core.cleanup', 'general', utc_timestamp(6) - interval 400 day from tenant where slug = 'swa'");
    const { id } = sql.platform("select max(id) id from job where kind = 'core.cleanup'")[0];
    for (let i = 0; i < 300 && state(id) !== 'done'; i++) await sleep(100);
    expect(state(id)).toBe('done');
    for (let i = 0; i < 200 && (general().includes(before) || !general().length); i++) await sleep(100);
    expect(general()).not.toContain(before);
    expect(general().length).toBe(1);
  });
});
