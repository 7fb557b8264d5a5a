const { createHash } = require('crypto');
const { story } = require('../support/story');
const { processes, sleep } = require('../support/faults');

const consumers = Number(process.env.FAULT_CONSUMERS || 1500);
const kills = Number(process.env.FAULT_KILLS || 5);             // 20 by hand

story('F2', 'BASE', ({ as, test, expect, instance, sql, one, order, command, jobs_run }) => {
  const label = () => one("select label from bill_cycle_period where state = 'open' order by from_date limit 1");
  const bills = () => {
    const rows = sql(`select a.account_no, l.seq, l.section, l.charge_type, l.description, l.qty_micro, l.rate_micro, l.amount_minor, b.total_minor, b.status
      from bill b join account a on a.id = b.account_id join bill_line l on l.bill_id = b.id join bill_run r on r.id = b.bill_run_id order by 1, 2, 3, 4, 5`);
    return { n: rows.length, hash: createHash('sha256').update(JSON.stringify(rows)).digest('hex') };
  };
  const prepare = () => { order('set', 'BASE'); command('sample', '--consumers', String(consumers), '--months', '1'); };

  test(`F2 ${kills} times kill -9 of the job workers in a bill run of ${consumers}: the bills are those of an undisturbed run`, async () => {
    test.setTimeout(420000);
    prepare();
    command('run', '--cycle', 'MONTHLY', '--period', label(), '--publish');
    const undisturbed = bills();
    expect(undisturbed.n).toBeGreaterThan(consumers);

    prepare();
    const from = `/bx/generate/confirmation?cycle=MONTHLY&period=${label()}`;
    const bm = as('billing_manager');
    const fields = Object.fromEntries(await bm.form_fields('/u/swa-w/bx/generate', { from }));
    await bm.post('/bx/generate', { ...fields, estimate: '1', confirm: String(consumers) }, { raw: true }).is(303);
    let killed = 0;
    for (let k = 0; k < kills; k++) {
      await sleep(40 + (k * 137) % 400);
      for (const pid of processes(instance(), 'jobs').workers) { try { process.kill(pid, 'SIGKILL'); killed++; } catch { /* gone */ } }
      // The leases run out in 60 s; not to wait for each, they run out now.
      sql("update smart360.job set lease_until = utc_timestamp(6) - interval 1 second where state = 'running'");
    }
    expect(killed).toBeGreaterThan(0);
    for (let i = 0; i < 200 && !/^(completed|completed_with_errors)$/.test(one('select state from bill_run')); i++) {
      await sleep(500);
      sql("update smart360.job set run_at = utc_timestamp(6) - interval 1 year where state = 'ready' and kind like 'bill%'");
    }
    await jobs_run(120);
    expect(one('select state from bill_run')).toMatch(/^completed/);
    expect(sql('select account_id, count(*) n from bill where bill_run_id is not null group by account_id having n > 1')).toEqual([]);
    expect(bills()).toEqual(undisturbed);
  });

  test('F2 left alone, a job of a killed worker is taken over within 75 seconds', async () => {
    test.setTimeout(150000);
    sql("insert into smart360.job (public_id, tenant_id, utility_id, kind, class, state, run_at, lease_until, worker, token, attempts) select left(md5(rand()), 22), t.id, u.id, 'payment.poll', 'payments', 'running', utc_timestamp(6) - interval 1 year, utc_timestamp(6) + interval 3 second, 'killed', 1, 1 from smart360.tenant t, utility u where t.slug = 'swa' and u.code = 'swa-w'");
    const at = Date.now();
    let state = 'running';
    while (state !== 'done' && Date.now() - at < 40000) { await sleep(500); state = one("select state from smart360.job where worker = 'killed' or kind = 'payment.poll' order by id desc limit 1"); }
    expect(state).toBe('done');
    expect((Date.now() - at) / 1000, 'seconds after the lease ran out').toBeLessThan(3 + 15 + 2);
  });
});
