// Many bills: what a page of them costs does not grow with how many there are. What is counted is the rows the database reads
// for a page (tests/bench/pages.js has the times with 640,000 bills).
const { story } = require('../support/story');

story('BX04US01 many bills', 'BX-FIX', ({ as, test, expect, sql, one, command, jobs_run }) => {
  const few = 100, many = 700, months = 12;

  // Rows of a table copied with other values in some columns: { column: SQL }.
  const copy = (table, values, from) => {
    const columns = sql("select column_name c from information_schema.columns where table_schema = database() and table_name = ? and extra not like '%generated%' and extra not like '%auto_increment%' and column_name not in ('public_id', 'pay_token') order by ordinal_position", [table]).map((r) => r.c);
    sql(`insert into ${table} (${columns.map((c) => `\`${c}\``)}) select ${columns.map((c) => values[c] ?? `t.\`${c}\``)} from ${from}`);
  };
  const numbers = (from, to) => `(select a.i * 100 + b.i * 10 + c.i + 1 no from ${['a', 'b', 'c'].map((x) => `(select 0 i union select 1 union select 2 union select 3 union select 4 union select 5 union select 6 union select 7 union select 8 union select 9) ${x}`).join(' join ')} having no between ${from} and ${to}) n`;
  // Accounts, each with its consumer and a paid bill a month; the first 60 owe for March.
  const grow = (from, to) => {
    copy('consumer', { consumer_no: "concat('MANY-', n.no)", display_name: "concat('Many ', n.no)", primary_phone: "concat('+1503700', lpad(n.no, 4, '0'))", email: "concat('many', n.no, '@example.com')", legacy_id: 'null' }, `consumer t join account a on a.consumer_id = t.id and a.account_no = 'SF-1001' join ${numbers(from, to)}`);
    copy('account', { account_no: "concat('MANY-', n.no)", portal_code: "left(concat('MANY', lpad(n.no, 4, '0'), 'XX'), 8)", consumer_id: "(select id from consumer where consumer_no = concat('MANY-', n.no))", legacy_no: 'null' }, `account t join ${numbers(from, to)} where t.account_no = 'SF-1001'`);
    copy('bill', { bill_no: "concat('MANY-', n.no, '-', p.period_no)", account_id: 'x.id', consumer_id: 'x.consumer_id', bill_cycle_period_id: 'p.id', bill_run_id: 'null', period_start: 'p.from_date', period_end: 'p.to_date', bill_date: 'p.bill_date', due_date: 'p.due_date', draft_ref: 'null', published_at: 'timestamp(p.bill_date)',
      paid_minor: "if(p.label = '2026-03' and n.no <= 60, 0, t.total_minor)", payment_status: "if(p.label = '2026-03' and n.no <= 60, 'overdue', 'paid')", pdf_document_id: 'null', version_group_id: 'null' },
    `bill t join ${numbers(from, to)} join account x on x.account_no = concat('MANY-', n.no) join bill_cycle_period p on p.label like 'M-%' or p.label = '2026-03' where t.bill_no = 'WA-BILL-202605-000001'`);
  };
  const names = ['key', 'next', 'prev', 'rnd', 'rnd_next'].map((n) => `'Handler_read_${n}'`).join();
  const rows_read = () => Number(one(`select sum(variable_value) from information_schema.global_status where variable_name in (${names})`));
  // Rows read for a page: the least of several times, as workers of jobs read beside it, and a long count is kept for a minute.
  const reads = async (path) => {
    let least = Infinity;
    for (let i = 0; i < 8; i++) {
      const before = rows_read();
      await as('cso').get(path).is(200);
      least = Math.min(least, rows_read() - before);
    }
    return least;
  };
  const pages = () => ({ phone: '/bx/bills?q=%2B15037000007', period: '/bx/bills?label=2026-03&payment_status=overdue', first: '/bx/bills' });
  const measured = {};
  const measure = async () => Object.fromEntries(await Object.entries(pages()).reduce(async (list, [name, path]) => [...await list, [name, await reads(path)]], Promise.resolve([])));

  test('BX04US01.6 a search by phone, period with overdue and page 50 read as many rows of many bills as of few', async () => {
    test.setTimeout(180000);
    expect(command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish')).toContain('8 bills, 1 held, 1 errors');
    await jobs_run();
    // Months long before the trial's.
    const period = (no, label, from) => sql('insert ignore into bill_cycle_period (utility_id, cycle_id, period_no, label, from_date, to_date, bill_date, due_date, state) select utility_id, id, ?, ?, ?, last_day(?), date_add(last_day(?), interval 2 day), date_add(last_day(?), interval 23 day), ? from bill_cycle where code = ?', [no, label, from, from, from, from, 'billed', 'MONTHLY-WESTERN']);
    for (let i = 0; i < months - 1; i++) period(9000 + i, `M-${i}`, `${2020 + Math.floor(i / 12)}-${String(i % 12 + 1).padStart(2, '0')}-01`);
    period(9100, '2026-03', '2026-03-01');
    grow(1, few);
    measured.few = await measure();
    await as('cso').get(pages().phone).sees('MANY-7').lacks('MANY-8');
    await as('cso').get(pages().period).sees('MANY-1', 'Overdue');
    grow(few + 1, many);
    sql('analyze table bill, account, consumer');
    expect(Number(one("select count(*) from bill where bill_no like 'MANY-%'"))).toBe(many * months);
    measured.many = await measure();
    // Page 50 by the link of each page to the next.
    let path = '/bx/bills';
    for (let i = 1; i < 50; i++) {
      const next = (await as('cso').get(path).is(200)).body.match(/rel="next" href="([^"]+)"/)?.[1].replace(/&amp;/g, '&');
      expect(next).toBeTruthy();
      path = next.replace(/^\/u\/[^/]+/, '');
    }
    measured.many.page_50 = await reads(path);
    const noise = 400;          // what other workers read in that moment
    for (const name of ['phone', 'period', 'first']) expect(measured.many[name], `${name}: ${JSON.stringify(measured)}`).toBeLessThan(measured.few[name] * 1.5 + noise);
    expect(measured.many.page_50, JSON.stringify(measured)).toBeLessThan(measured.many.first * 1.5 + noise);
    for (const [table, column] of [['bill', 'bill_no'], ['account', 'account_no'], ['consumer', 'consumer_no']]) sql(`delete from ${table} where ${column} like 'MANY-%'`);
    sql("delete from bill_cycle_period where period_no >= 9000 and bill_date is not null and not exists (select 1 from bill b where b.bill_cycle_period_id = bill_cycle_period.id)");
  });
});
