// Bills under people who press twice, work in two windows, mistype years and send what the pages never offer.
const { story } = require('../support/story');
const { webhook, open_payments, paid } = require('../support/faults');

story('BILLS', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, command, owner, instance, request, verify, ledger }) => {
  const manager = () => as('billing_manager');
  const bill_of = (account) => one("select bill_no from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status = 'published' order by b.id desc limit 1", [account]);
  const balance = (account) => one('select balance_minor from account where account_no = ?', [account]);
  const draft_of = (account) => one("select concat(a.account_no, '-', b.draft_ref) from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status in ('draft', 'held') order by b.id desc limit 1", [account]);
  const cancel = (no, who = 'billing_manager') => as.anew(who).post(`/bx/bills/${no}/cancellation`, { reason: 'other', note: 'cancelled by a test' }, { from: `/bx/bills/${no}/cancellation` });
  const rebill = (no) => as.anew('billing_manager').post(`/bx/bills/${no}/rebill`, {}, { from: `/bx/bills/${no}` });
  const publish = (draft) => as.anew('billing_manager').post(`/bx/bills/draft-${draft}/publication`, {}, { from: `/bx/bills/draft-${draft}` });
  const statuses = async (posts) => (await Promise.all(posts)).map((r) => r.status).sort();
  let intents = 10;
  const intent = (account, cents) => {
    const [no] = open_payments(instance(), account, 1, `PI-${++intents}`);
    sql('update payment_intent i join payment_intent_line l on l.intent_id = i.id set i.amount_minor = ?, l.amount_minor = ? where i.intent_no = ?', [cents, cents, no]);
    return () => request(webhook(instance(), { ...paid(no), amount_minor: cents }));
  };
  const form = { cycle: 'MONTHLY-WESTERN', period: '2026-04', bill_date: '2026-05-02', due_date: '2026-05-23', estimate: '1' };

  test('BILLS dates that are slips of the year, periods that are not there or have not begun', async () => {
    const from = '/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2026-04';
    for (const bad of [{ bill_date: '2062-05-02', due_date: '2062-05-23' }, { bill_date: '2006-05-02' }]) {
      await manager().post('/bx/generate', { ...form, confirm: '10', ...bad }, { from }).refuses(422, 'bill_date', 'Choose a date within a year of today.');
      await manager().post('/bx/runs', { ...form, true_up: 'index', ...bad }, { from: '/bx/runs/new' }).refuses(422, 'bill_date', 'Choose a date within a year of today.');
    }
    await manager().get('/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2099-01').is(404);
    await manager().get('/bx/generate/close?cycle=MONTHLY-WESTERN&period=2099-01').is(404);
    await manager().get('/bx/generate/close?cycle=NO-SUCH&period=2026-04').is(404);
    const later = one("select label from bill_cycle_period where from_date > '2026-05-02' order by from_date limit 1");
    await manager().post('/bx/generate/close', { cycle: 'MONTHLY-WESTERN', period: later }, { from: `/bx/generate/close?cycle=MONTHLY-WESTERN&period=${later}` }).refuses(409, null, `Period ${later} has not begun.`);
    await manager().post('/bx/journals', { reason: 'test', date: '2062-05-02', code: ['4190', '4020'], debit: ['10.00', ''], credit: ['', '10.00'] }).refuses(422, 'date', 'Choose a date within a year of today.');
    const most = Array(100).fill('99999999999.99'), none = Array(50).fill('');
    await manager().post('/bx/journals', { reason: 'as large as it gets', code: [...Array(50).fill('4190'), ...Array(50).fill('4120')], debit: [...most.slice(50), ...none], credit: [...none, ...most.slice(50)] }).done('waits for approval');
    await manager().post('/bx/journals', { reason: 'too many', code: Array(101).fill('4190'), debit: Array(101).fill('1'), credit: Array(101).fill('') }).refuses(422, 'code', 'A journal has at most 100 lines, each with code, debit and credit.');
    expect(one("select count(*) from gl_period where from_date > '2060-01-01' or from_date < '2007-01-01'")).toBe('0');
    expect(one('select count(*) from bill_run')).toBe('0');
  });

  test('BILLS a charge that is taken back makes the draft that shows it stale', async () => {
    owner('billing_manager', 'charge', { account: 'SF-1002', type: 'CONNECTION_FEE', amount: '150.00', on: '2026-05-01', mode: 'on_bill' });
    await manager().post('/bx/runs', { ...form, true_up: 'index' }, { from: '/bx/runs/new' }).is(303);
    const run = one('select run_no from bill_run'), move = (event, who = manager()) => who.post(`/bx/runs/${run}/${event}`, {}, { from: `/bx/runs/${run}` });
    await move('check').done();
    await manager().post(`/bx/runs/${run}/accounts/SF-1007/leave-out`, { reason: 'plan disputed' }).done();
    await move('continue').done();
    await manager().post(`/bx/runs/${run}/readings`, { bulk: 'estimate', ids: 'SF-SC-1003' });
    await move('generate').done();
    await jobs_run();
    const drafted = () => sql("select b.total_minor t, b.stale s from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1002' and b.status = 'draft'");
    expect(drafted()).toEqual([{ t: '22193', s: '0' }]);
    owner('billing_manager', 'uncharge', { account: 'SF-1002', reason: 'charged by mistake' });
    expect(drafted()).toEqual([{ t: '22193', s: '1' }]);
    await manager().post(`/bx/runs/${run}/recalculation`, { what: 'stale' }, { from: `/bx/runs/${run}` }).is(303);
    await jobs_run();
    expect(drafted()).toEqual([{ t: '7193', s: '0' }]);
    await manager().post(`/bx/runs/${run}/roll_back`, {}, { from: `/bx/runs/${run}/roll_back` }).done();
    await jobs_run();
    expect(one("select count(*) from bill where status in ('draft', 'held', 'approved')")).toBe('0');
  });

  test('BILLS two who cancel, bill again and publish at one moment do it once', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const no = bill_of('SF-1001');
    expect(await statuses([cancel(no), cancel(no, 'utility_admin')])).toEqual([303, 409]);
    expect(balance('SF-1001')).toBe('0');
    expect(one("select count(*) from credit_note where kind = 'cancellation'")).toBe('1');
    expect(await statuses([rebill(no), rebill(no)])).toEqual([303, 303]);
    expect(one("select count(*) from bill where status = 'draft'")).toBe('1');
    const draft = draft_of('SF-1001');
    const both = await statuses([publish(draft), publish(draft)]);
    expect(both[0]).toBe(303);
    expect(both[1]).toBeGreaterThanOrEqual(404);
    expect(balance('SF-1001')).toBe('18800');
    expect(one("select count(*) from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1001' and b.status = 'published'")).toBe('1');
    await manager().post(`/bx/bills/${no}/rebill`).is(303);          // leads to what is there
    expect(one("select count(*) from bill where status = 'draft'")).toBe('0');
  });

  test('BILLS what is paid or part paid is cancelled and billed again: the money stays with the account', async () => {
    for (const [account, cents] of [['SF-1005', 18800], ['SF-1002', 3000]]) {
      expect((await intent(account, cents)()).status).toBe(200);
      await jobs_run();
      const no = bill_of(account), total = Number(one('select total_minor from bill where bill_no = ?', [no]));
      expect(balance(account)).toBe(String(total - cents));
      await cancel(no).is(303);
      await jobs_run();
      expect(balance(account)).toBe(String(-cents));
      await rebill(no).is(303);
      await publish(draft_of(account)).is(303);
      await jobs_run();
      const again = sql('select total_minor t, paid_minor p, payment_status s from bill where bill_no = ?', [bill_of(account)])[0];
      expect(again).toEqual({ t: String(total), p: String(cents), s: cents === total ? 'paid' : 'partial' });
      expect(balance(account)).toBe(String(total - cents));
    }
  });

  test('BILLS a payment that comes while its bill is cancelled is neither lost nor counted twice', async () => {
    const pay = intent('SF-1004', 5000), no = bill_of('SF-1004');
    const [cancelled, webhooked] = await Promise.all([cancel(no), pay()]);
    expect([cancelled.status, webhooked.status]).toEqual([303, 200]);
    await jobs_run();
    expect(balance('SF-1004')).toBe('-5000');
    expect(one("select count(*) from ledger_txn where txn_type = 'payment' and source_id in (select id from payment where account_id = (select id from account where account_no = 'SF-1004'))")).toBe('1');
    await rebill(no).is(303);
    const draft = draft_of('SF-1004');
    const more = intent('SF-2003', 1000);
    expect(await statuses([publish(draft), more()])).toEqual([200, 303]);
    await jobs_run();
    expect(balance('SF-1004')).toBe(String(9401 - 5000));
    verify();
  });

  test('BILLS a draft in a bill\'s place is discarded and made again; nobody else\'s acts fit it', async () => {
    const no = bill_of('SF-2002');
    await as('billing_clerk').post(`/bx/bills/${no}/dispute`, { reason: 'the consumer says so' }, { from: `/bx/bills/${no}/dispute` }).is(303);
    await cancel(no).is(303);                                   // a dispute does not keep a wrong bill alive
    await rebill(no).is(303);
    const draft = draft_of('SF-2002');
    owner('billing_manager', 'charge', { account: 'SF-2002', type: 'CONNECTION_FEE', amount: '1.00', on: '2026-05-01', mode: 'on_bill' });
    await manager().get(`/bx/bills/draft-${draft}`).sees('Must be recalculated', 'Discard the draft');
    await manager().post(`/bx/bills/draft-${draft}/publication`).is(409);
    await as('billing_clerk').post(`/bx/bills/draft-${draft}/discard`).is(403);
    await manager().post(`/bx/bills/draft-${draft}/discard`, {}, { from: `/bx/bills/draft-${draft}` }).done('The draft is discarded.');
    await manager().post(`/bx/bills/draft-${draft}/discard`).is(409);
    await rebill(no).is(303);
    expect(draft_of('SF-2002')).not.toBe(draft);
    await manager().post(`/bx/bills/${bill_of('SF-1002')}/discard`).is(409);
    await manager().post(`/bx/bills/${bill_of('SF-1002')}/publication`).is(409);
    await manager().post(`/bx/bills/${bill_of('SF-1002')}/rebill`).is(409);
    await manager().post(`/bx/bills/draft-${draft_of('SF-2002')}/cancellation`, { reason: 'other', note: 'it is a draft only' }).is(409);
    for (const path of ['draft-abc', 'draft-', 'draft--1', 'draft-99999999999999999999999', 'draft-0', `draft-${one('select max(id) from bill')}`, `draft-SF-1001-${'a'.repeat(22)}`, draft_of('SF-2002').replace('SF-2002', 'SF-1001').replace(/^/, 'draft-'), '%27%20or%201=1', 'x'.repeat(300)]) await manager().get(`/bx/bills/${path}`).is(404);
    await manager().get(`/bx/bills/draft-${draft_of('SF-2002')}/ledger`).is(404);
    await as('cso').get(`/bx/bills/draft-${draft_of('SF-2002')}`).is(404);
    await publish(draft_of('SF-2002')).is(303);
    expect(ledger('SF-2002').reduce((s, l) => s + Math.round(Number(l.debit) * 100) - Math.round(Number(l.credit) * 100), 0)).toBe(Number(balance('SF-2002')));
  });
});
