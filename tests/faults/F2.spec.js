const { story } = require('../support/story');
const { processes, sleep } = require('../support/faults');

// A bill run in chunks of one account, its workers killed again and again: the bills are those of an undisturbed run.
story('F2', 'BX-FIX', ({ test, expect, sql, one, order, verify, instance, as, jobs_run }) => {
  const form = { cycle: 'MONTHLY-WESTERN', period: '2026-04', bill_date: '2026-05-02', due_date: '2026-05-23', estimate: '1', confirm: '10' };
  const start = async () => {
    sql("insert into setting (utility_id, `key`, value) select id, 'bx.run_chunk_rows', '1' from utility union all select id, 'bx.run_workers', '2' from utility on duplicate key update value = values(value)");
    await as.anew('billing_manager').post('/bx/generate', form, { from: '/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2026-04' });
    expect(one('select count(*) from bill_run')).toBe('1');
  };
  const open = () => Number(one("select count(*) from bill_run where state in ('queued', 'running')"));
  const done = () => Number(one("select count(*) from bill_run_item where state not in ('pending', 'claimed')"));
  // Everything but ids, numbers and times: numbers are dealt out in the order of publishing.
  const dump = () => JSON.stringify({
    bills: sql('select a.account_no, b.status, b.kind, b.period_start, b.period_end, b.days, b.total_minor, b.amount_due_minor, b.tax_minor, b.usage_qty_micro, b.is_estimated from bill b join account a on a.id = b.account_id order by 1, 2, 4'),
    lines: sql('select a.account_no, l.seq, l.charge_type, l.description, l.qty_micro, l.rate_micro, l.amount_minor from bill_line l join bill b on b.id = l.bill_id join account a on a.id = b.account_id order by 1, 2, 3, 4'),
    ledger: sql("select a.account_no, g.code, sum(e.debit_minor) d, sum(e.credit_minor) k, count(*) n from ledger_entry e join gl_code g on g.id = e.gl_code_id left join account a on a.id = e.account_id group by 1, 2 order by 1, 2"),
    items: sql('select a.account_no, i.state, i.error_code from bill_run_item i join account a on a.id = i.account_id order by 1'),
    balances: sql('select account_no, balance_minor from account order by 1'),
  });
  let undisturbed, kills = 0;

  test('F2 an undisturbed run, to compare with', async () => {
    await start();
    await jobs_run();
    expect(open()).toBe(0);
    undisturbed = dump();
    expect(undisturbed).toContain('SF-1001');
    verify();
  });

  for (let round = 1; round <= 3; round++) {
    test(`F2 kill -9 of job workers in a bill run: taken over, equal to an undisturbed run (${round})`, async () => {
      test.setTimeout(240000);
      order('set', 'BX-FIX');
      await start();
      const began = Date.now();
      let seen = 0;
      while (open() && Date.now() - began < 200000) {
        const now = done();
        if (now === seen && now !== 0) { await sleep(10); continue; }
        seen = now;
        await sleep(Math.random() * 60);
        for (const pid of processes(instance(), 'jobs').workers) { try { process.kill(pid, 'SIGKILL'); kills++; } catch { /* gone already */ } }
        const at = Date.now();
        while (open() && done() === seen && Date.now() - at < 75000) await sleep(30);
        expect(Date.now() - at, 'ms until another worker had gone on').toBeLessThan(75000);
      }
      expect(open()).toBe(0);
      await jobs_run();
      expect(dump()).toBe(undisturbed);
      expect(one("select count(distinct bill_no) - count(*) from bill where status = 'published'")).toBe('0');
      expect(sql.platform("select count(*) n from job where state in ('running', 'dead')")[0].n).toBe('0');
      verify();
    });
  }

  test('F2 workers were killed while they worked', async () => {
    expect(kills).toBeGreaterThan(20);
    expect(instance().log('jobs')).toContain('job.crashed');
  });
});
