// Master Bill Viewer: what bills that are published need (late fees and disputes, the list, a bill).
const { story } = require('../support/story');

story('BX04US01', 'BX-FIX', ({ as, test, expect, sql, one, ledger, jobs_run, command, clock, sleep }) => {
  const night = async () => {
    await sleep(1500);      // workers look at the set clock once a second
    sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'late_fee.assess', 'bills', uuid(), 100, utc_timestamp(6), 12, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run();
  };

  test('BX04US01.1 a search by account finds its bill', async () => {
    expect(command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish')).toContain('8 bills, 1 held, 1 errors');
    await as('cso').get('/bx/bills?q=SF-1001').sees('WA-BILL-202605-000001', '188.00', '05/23/2026', 'Unpaid').lacks('SF-1002');
    const [who] = sql("select n.display_name name, n.consumer_no no, n.primary_phone phone, n.email mail, p.line1 street, m.meter_no meter from account a join consumer n on n.id = a.consumer_id join premise p on p.id = a.premise_id join service_connection s on s.account_id = a.id and s.metered = 1 join meter m on m.id = s.meter_id where a.account_no = 'SF-1001' limit 1");
    for (const [what, q] of Object.entries(who)) if (q) await as('cso').get(`/bx/bills?q=${encodeURIComponent(q)}`).sees('WA-BILL-202605-000001').lacks(...(what === 'phone' || what === 'mail' ? [] : ['SF-2003']));
    await as('cso').get('/bx/bills?q=WA-BILL-202605-000001').sees('SF-1001');
    await as('cso').get(`/bx/bills?q=${one('select run_no from bill_run')}`).sees('SF-1001', 'SF-2003');
    await as('cso').get('/bx/bills?q=S').refuses(422, null, 'Type at least 2 characters.');
  });

  test('BX04US01.2 estimated bills are found by their filter', async () => {
    const page = await as('billing_manager').get('/bx/bills?is_estimated=1').sees('SF-1003', '153.77').lacks('SF-1001');
    const card = (label) => page.body.match(new RegExp(`${label}</span><span class="s-kv"><strong class="num">([^<]*)`))?.[1];
    expect([card('Total bills'), card('Actual bills'), card('Non-actual bills'), card('Billed amount'), card('Outstanding')]).toEqual(['8', '7', '1', '2,357.98', '2,357.98']);
  });

  test('BX04US01.3 the calculation reads like a sum on paper', async () => {
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000001').sees('1,262 - 1,250 = 12 CCF', '5 x 4.50 = 22.50', '5 x 6.75 = 33.75', '2 x 9.10 = 18.20', '10.8', '8.40', '90.72', '5 % of 92.65');
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000099').is(404);
  });

  test('BX04US01 payments, deliveries and notes stand on tabs of the bill; a note stays as it is', async () => {
    const path = '/bx/bills/WA-BILL-202605-000001';
    await as('billing_clerk').get(`${path}/payments`).sees('Nothing has been paid on this bill');
    await as('billing_clerk').get(`${path}/delivery`).sees('Delivery');
    await as('billing_clerk').post(`${path}/notes`, { text: 'Called back on Monday.' }, { from: `${path}/notes` }).done('The note is kept.');
    await as('cso').get(`${path}/notes`).sees('Called back on Monday.').lacks('Add the note');
    await as('cso').post(`${path}/notes`, { text: 'mine' }).is(403);
    expect(sql('select n.text t, u.email e from bill_note n join user u on u.id = n.author_id')).toEqual([{ t: 'Called back on Monday.', e: 'billing_clerk@swa.test' }]);
  });

  test('BX04US01.5 a CSO does not cancel, and that is written down', async () => {
    await as('cso').post('/bx/bills/WA-BILL-202605-000001/cancellation', { reason: 'wrong_reading', note: 'not mine to cancel' }).is(403);
    expect(one("select status from bill where bill_no = 'WA-BILL-202605-000001'")).toBe('published');
    expect(Number(one("select count(*) from audit_entry where action = 'denied'"))).toBeGreaterThan(0);
  });

  test('BX04US01.7 a dispute stops the late fee; the night after it is cleared makes 5.00, once', async () => {
    const dispute = '/bx/bills/WA-BILL-202605-000001/dispute';
    await as('cso').post(dispute, { reason: 'the consumer says so' }).is(403);
    await as('billing_clerk').post(dispute, { reason: 'the consumer says so' }, { from: dispute }).done('The bill is disputed.');
    await as('billing_clerk').get('/bx/bills?dispute_hold=1').sees('SF-1001').lacks('SF-1003');
    clock('2026-06-03T10:00:00-07:00');
    await night();
    expect(one("select count(*) from charge h join account a on a.id = h.account_id where a.account_no = 'SF-1001' and h.charge_type = 'LATE_FEE'")).toBe('0');
    await as('billing_clerk').post(dispute, { reason: 'the meter was tested' }, { from: dispute }).done('The dispute is cleared.');
    clock.forward({ days: 1 });
    await night();
    await night();
    expect(sql("select h.amount_minor a, h.post_mode m from charge h join account a on a.id = h.account_id where a.account_no = 'SF-1001' and h.charge_type = 'LATE_FEE'")).toEqual([{ a: '500', m: 'immediate' }]);
    expect(ledger('SF-1001').filter((l) => l.type === 'late_fee').map((l) => [l.code, l.debit])).toEqual([['1200', '5.00']]);
    expect(one("select payment_status from bill where bill_no = 'WA-BILL-202605-000001'")).toBe('overdue');
    expect(one("select balance_minor from account where account_no = 'SF-1001'")).toBe('19300');
  });
});
