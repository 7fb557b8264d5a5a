const { story } = require('../support/story');
const { hold, slowness, sleep } = require('../support/faults');

const consumers = Number(process.env.FAULT_CONSUMERS || 1500);
// Kills in one run; a job that makes progress between two of them is not given up, whatever their number.
const kills = Number(process.env.FAULT_KILLS || 20), rounds = Number(process.env.FAULT_ROUNDS || 1), chunk = Math.max(1, Math.floor(consumers / (kills * 3)));
// Random places that are the same each run; FAULT_SEED for others.
let seed = Number(process.env.FAULT_SEED || 20260415);
const random = (n) => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return Math.floor((seed / 4294967296) * n); };

story('F2', 'BASE', ({ as, test, expect, instance, sql, one, order, command, jobs_run }) => {
  const label = () => one("select label from bill_cycle_period where state = 'open' order by from_date limit 1");
  // Every line of every bill of a run, without ids, numbers and times.
  const bills = () => sql(`select a.account_no, p.label, b.status, b.total_minor, l.seq, l.section, l.charge_type, l.description, l.qty_micro, l.rate_micro, l.amount_minor
      from bill b join account a on a.id = b.account_id join bill_line l on l.bill_id = b.id join bill_cycle_period p on p.id = b.bill_cycle_period_id`).map((r) => Object.values(r).join(' | ')).sort();
  // A worker may stand in the way of our own statement.
  const nudge = (text, values = []) => { try { sql(text, values); } catch { /* the next round does it */ } };
  const prepare = () => {
    order('set', 'BASE');
    command('sample', '--consumers', String(consumers), '--months', '1');
    sql('insert into setting (utility_id, `key`, value) select id, \'bx.run_chunk_rows\', ? from utility on duplicate key update value = values(value)', [chunk]);
  };

  let undisturbed;
  test(`F2 a bill run of ${consumers} without disturbance`, async () => {
    test.setTimeout(240000);
    prepare();
    command('run', '--cycle', 'MONTHLY', '--period', label(), '--publish');
    undisturbed = bills();
    expect(undisturbed.length).toBeGreaterThan(consumers);
  });

  for (let round = 0; round < rounds; round++) test(`F2 kill -9 of the run's workers at ${kills} moments (${round + 1}): the same bills`, async () => {
    test.setTimeout(240000);
    prepare();
    const from = `/bx/generate/confirmation?cycle=MONTHLY&period=${label()}`;
    const bm = as('billing_manager');
    const fields = Object.fromEntries(await bm.form_fields('/u/swa-w/bx/generate', { from }));
    // The run comes to a stop in the middle of a transaction where an account is held, and there its workers are killed.
    const chunks = Array.from({ length: Math.floor(consumers / chunk) }, (_, i) => i).sort(() => random(3) - 1).slice(0, kills * 2).sort((x, y) => x - y);
    let held = [];
    for (const at of chunks.map((c) => c * chunk + random(chunk))) held.push(await hold(instance(), `select a.id from account a join (select id from account order by id limit 1 offset ${at}) x on x.id = a.id for update`));
    await bm.post('/bx/generate', { ...fields, estimate: '1', confirm: String(consumers) }, { raw: true }).is(303);
    let met = 0;
    while (held.length && met < kills) {
      let blocking = [];
      for (let i = 0; i < 100 && !blocking.length; i++) {
        await sleep(100);
        blocking = sql('select distinct b.trx_mysql_thread_id id from information_schema.innodb_lock_waits w join information_schema.innodb_trx b on b.trx_id = w.blocking_trx_id').map((r) => String(r.id));
      }
      if (!blocking.length) break;
      met++;
      await sleep(random(200));
      // A worker that was killed twice before it came anywhere is left alone: its job would be given up, as it should.
      const killed = [];
      for (const { worker } of sql("select worker from smart360.job where state = 'running' and kind = 'bill_run.work' and crashes < 2")) {
        try { process.kill(Number(worker.split(':').pop()), 'SIGKILL'); killed.push(worker); } catch { /* gone */ }
      }
      for (const release of held.filter((h) => blocking.includes(h.connection))) release();
      held = held.filter((h) => !blocking.includes(h.connection));
      // The leases of those that were killed run out in 60 s; not to wait for each, they run out now.
      await sleep(200);
      for (const worker of killed) nudge("update smart360.job set lease_until = utc_timestamp(6) - interval 1 second where state = 'running' and kind = 'bill_run.work' and worker = ?", [worker]);
    }
    for (const release of held) release();
    expect(met, 'kills that met the run within a transaction').toBeGreaterThanOrEqual(kills - 2);
    for (let i = 0; i < 200 && !/^(completed|completed_with_errors)$/.test(one('select state from bill_run order by id desc limit 1')); i++) {
      await sleep(500);
      nudge("update smart360.job set run_at = utc_timestamp(6) - interval 1 year where state = 'ready' and kind like 'bill%'");
    }
    await jobs_run(120);
    expect(one('select state from bill_run order by id desc limit 1')).toMatch(/^completed/);
    expect(Number(one("select count(*) from smart360.job_attempt a join smart360.job j on j.id = a.job_id where j.kind = 'bill_run.work' and a.outcome = 'crashed'")), 'crashes').toBeGreaterThanOrEqual(kills - 2);
    expect(sql('select account_id, count(*) n from bill where bill_run_id is not null group by account_id, bill_cycle_period_id having n > 1')).toEqual([]);
    const now = bills(), there = new Set(undisturbed), here = new Set(now);
    expect({ lines: now.length, more: now.filter((l) => !there.has(l)).slice(0, 3), missing: undisturbed.filter((l) => !here.has(l)).slice(0, 3) }).toEqual({ lines: undisturbed.length, more: [], missing: [] });
  });

  test('F2 figures are counted while accounts, bills and payments are held by others', async () => {
    const kinds = ['dashboard.figures', 'dashboard.totals', 'billing_total.rebuild'];
    const held = [];
    for (const table of ['account', 'bill', 'payment', 'premise']) held.push(await hold(instance(), `select id from ${table} order by id for update`));
    try {
      for (const kind of kinds) sql("insert into smart360.job (public_id, tenant_id, utility_id, kind, class, run_at, max_attempts) select left(concat('counted-', md5(rand())), 22), t.id, u.id, ?, 'general', '2020-01-01', 1 from smart360.tenant t, utility u where t.slug = 'swa' and u.code = 'swa-w'", [kind]);
      const jobs = () => sql("select kind, state, error from smart360.job where public_id like 'counted-%' order by id");
      for (let i = 0; i < 60 && jobs().some((j) => /ready|running/.test(j.state)); i++) await sleep(250);
      expect(jobs()).toEqual(kinds.map((kind) => ({ kind, state: 'done', error: null })));
    } finally { for (const release of held) release(); }
  });

  test('F2 left alone, a job of a killed worker is taken over within 75 seconds', async () => {
    test.setTimeout(150000);
    const slow = await slowness();
    sql("insert into smart360.job (public_id, tenant_id, utility_id, kind, class, state, run_at, lease_until, worker, token, attempts) select left(md5(rand()), 22), t.id, u.id, 'payment.poll', 'payments', 'running', utc_timestamp(6) - interval 1 year, utc_timestamp(6) + interval 3 second, 'killed', 1, 1 from smart360.tenant t, utility u where t.slug = 'swa' and u.code = 'swa-w'");
    const at = Date.now();
    let state = 'running';
    while (state !== 'done' && Date.now() - at < 60000) { await sleep(500); state = one("select state from smart360.job where worker = 'killed' or kind = 'payment.poll' order by id desc limit 1"); }
    expect(state).toBe('done');
    expect((Date.now() - at) / 1000, 'seconds after the lease ran out').toBeLessThan(3 + 15 + 2 * slow);
  });
});
