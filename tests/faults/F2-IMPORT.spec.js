// Data migration (ONB04US01) under kill -9 of its job workers and of the database: dry run, import and taking back go on where
// they stood, no row twice, control totals to the last minor unit.
const { story } = require('../support/story');
const { migration } = require('../support/migration');
const { processes, sleep } = require('../support/faults');

const n = Number(process.env.FAULT_ROWS || 4000);

story('F2', 'ONB-FIX', ({ as, test, expect, instance, sql, one, order, clock, jobs_run }) => {
  const { admin, csv, upload, last, bring } = migration({ as, sql, one, jobs_run, sleep });
  const numbers = Array.from({ length: n }, (_, i) => i);
  const minor = (i) => 1000 + (i * 37) % 9000;
  // What is not one of ours is wrong in each file: its last row but one.
  const wrong = n - 2, good = numbers.filter((i) => i !== wrong);
  const files = {
    premise: [['legacy_id', 'sub_area_code', 'line1', 'city', 'state', 'postcode', 'type'], (i) => [`FP-${i}`, i === wrong ? 'NOWHERE' : 'BEA-CEN', `${i} Fault Way`, 'Portland', 'OR', '97205', 'house']],
    consumer: [['legacy_id', 'type', 'first_name', 'last_name', 'phone'], (i) => [`FC-${i}`, i === wrong ? 'robot' : 'person', `First${i}`, `Last${i}`, `+1503${2000000 + i}`]],
    account: [['legacy_id', 'consumer_legacy_id', 'premise_legacy_id', 'category', 'status', 'opened_on'], (i) => [`FA-${i}`, `FC-${i}`, `FP-${i}`, 'RES', 'active', '2025-07-01']],
    opening_balance: [['account_legacy_id', 'as_of', 'balance', 'due_date'], (i) => [`FA-${i}`, '2026-03-31', (minor(i) / 100).toFixed(2), '2026-04-20']] };

  // The database may be down, or a worker in the way.
  const quietly = (f) => { try { return f(); } catch { return null; } };
  const batch = (no) => quietly(() => sql('select id, state, problem, total_count, error_count, imported_count, skipped_count, cursor_row from import_batch where batch_no = ?', [no])[0]);
  const retry = async (f) => { for (let i = 0; ; i++) { try { return await f(); } catch (e) { if (i === 60) throw e; await sleep(250); } } };
  let worker_kills = 0, database_kills = 0, moments = 0;

  // At one moment after the other until the state is another; leases of the killed run out at once instead of in 60 s.
  const harry = async (no, state, what) => {
    let killed = 0;
    for (let i = 0; i < 1200; i++) {
      const b = batch(no);
      if (b && b.state !== state) return b;
      await sleep(40 + (moments++ * 73) % 260);
      const jobs = quietly(() => sql("select id, worker, crashes from smart360.job where state = 'running' and kind like 'import.%'")) ?? [];
      const dead = [];
      if (what === 'worker' && killed < 4) for (const { worker, crashes } of jobs) {
        if (Number(crashes) >= 2) continue;           /* killed twice before it came anywhere it would be given up, as it should */
        try { process.kill(Number(worker.split(':').pop()), 'SIGKILL'); dead.push(worker); worker_kills++; killed++; } catch { /* gone */ }
      }
      if (what === 'database' && killed < 2 && jobs.length) { process.kill(processes(instance(), 'database').master, 'SIGKILL'); database_kills++; killed++; await sleep(600); }
      for (const worker of dead) await retry(() => sql("update smart360.job set lease_until = utc_timestamp(6) - interval 1 second where state = 'running' and kind like 'import.%' and worker = ?", [worker]));
      quietly(() => sql("update smart360.job set run_at = utc_timestamp(6) - interval 1 year where state = 'ready' and kind like 'import.%'"));
    }
    throw new Error(`batch ${no} is ${JSON.stringify(batch(no))}\n${instance().what_waits?.() ?? ''}`);
  };
  const press = (no, event, from) => retry(() => admin().post(`/migration/${no}/${event}`, {}, { from: from ?? `/migration/${no}` }).is(303));

  const brought = {};
  const bring_under = async (entity, what) => {
    const [header, row] = files[entity];
    await retry(() => upload(entity, csv(header, numbers.map(row))).is(303));
    const no = last();
    await press(no, 'mapping', `/migration/${no}/mapping`);
    await press(no, 'validate');
    const checked = await harry(no, 'validating', what);
    expect({ entity, state: checked.state, total: checked.total_count, errors: checked.error_count }).toEqual({ entity, state: 'validated', total: String(n), errors: '1' });
    expect(one('select count(*) from import_row where batch_id = ?', [checked.id])).toBe(String(n));
    await press(no, 'import');
    const b = await harry(no, 'importing', what);
    expect({ entity, state: b.state, total: b.total_count, imported: b.imported_count, errors: b.error_count, problem: b.problem }).toEqual({ entity, state: 'completed_with_errors', total: String(n), imported: String(n - 1), errors: '1', problem: null });
    expect(sql("select state, count(*) n, count(distinct entity_id) ids from import_row where batch_id = ? group by state order by state", [b.id])).toEqual([{ state: 'error', n: '1', ids: '0' }, { state: 'imported', n: String(n - 1), ids: String(n - 1) }]);
    brought[entity] = no;
    return b;
  };
  const there = (table) => sql(`select count(*) n, count(distinct legacy_no) legacy from ${table} where legacy_no like 'F_-%'`)[0];

  test('F2 kill -9 of the workers and of the database in dry run and import: every row once', async () => {
    test.setTimeout(420000);
    order('durable');
    await bring_under('premise', 'worker');
    await bring_under('consumer', 'database');
    await bring_under('account', 'worker');
    for (const table of ['premise', 'consumer', 'account']) expect({ table, ...there(table) }).toEqual({ table, n: String(n - 1), legacy: String(n - 1) });
    for (const entity of ['premise', 'consumer', 'account']) expect(one('select count(distinct entity_id) from import_link where entity = ?', [entity])).toBe(String(n - 1));
    expect(worker_kills, 'workers killed').toBeGreaterThan(3);
    expect(database_kills, 'times the database was killed').toBeGreaterThan(0);
  });

  const sum = good.reduce((s, i) => s + minor(i), 0);
  const posted = () => one("select coalesce(sum(e.debit_minor) - sum(e.credit_minor), 0) from ledger_entry e join account a on a.id = e.account_id where a.legacy_no like 'FA-%'");
  test('F2 opening balances under kill -9: the ledger agrees to the last minor unit, and each is taken back once', async () => {
    test.setTimeout(420000);
    order('durable');
    const b = await bring_under('opening_balance', 'database');
    expect(posted()).toBe(String(sum));
    expect(one("select count(*) from (select e.account_id from ledger_entry e join account a on a.id = e.account_id where a.legacy_no like 'FA-%' group by e.account_id having count(*) <> 1) x")).toBe('0');
    // the old system's total, what came in of it, and the row that did not
    const money = (m) => (m / 100).toLocaleString('en-US', { minimumFractionDigits: 2 }), count = (k) => k.toLocaleString('en-US');
    await admin().get('/migration/reconcile').sees(`${count(n)} ${count(n - 1)} 1 ${money(sum + minor(wrong))} ${money(sum)} ${money(minor(wrong))}`);
    expect(sql("select sum(balance_minor) s from account where legacy_no like 'FA-%'")).toEqual([{ s: String(sum) }]);
    await retry(() => as.anew('utility_admin').post(`/migration/${brought.opening_balance}/rollback`, { batch: brought.opening_balance }, { from: `/migration/${brought.opening_balance}/rollback` }).is(303));
    expect((await harry(brought.opening_balance, 'rolling_back', 'worker')).state).toBe('rolled_back');
    expect(posted()).toBe('0');
    expect(one("select count(*) from ledger_txn t join import_row r on r.entity_id = t.reversal_of_txn_id where r.batch_id = ?", [b.id])).toBe(String(n - 1));
    expect(one("select count(*) from (select reversal_of_txn_id from ledger_txn where reversal_of_txn_id is not null group by reversal_of_txn_id having count(*) > 1) x")).toBe('0');
    clock.forward({ minutes: 15 });
    await jobs_run(120);
  });
});
