// Payments Management, what is there of it: credit after a cancelled bill and at the next one, refunds asked for, approved by
// another person and paid out by bank, with the ledger at each step.
const { story } = require('../support/story');
const { webhook, open_payments, paid, hold, sleep } = require('../support/faults');

story('CIS01US09', 'BX-FIX', ({ as, test, expect, sql, one, ledger, jobs_run, command, request, instance, verify, watch, looks_right }) => {
  const account = 'SF-1001', balance = () => one('select balance_minor from account where account_no = ?', [account]);
  const bills = () => sql("select b.bill_no no, b.status, b.payment_status paid, b.open_minor open, b.paid_minor given from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status <> 'discarded' order by b.id", [account]);
  const payments = () => sql('select p.payment_no no, p.status, p.allocated_minor paid, p.unallocated_minor free, p.refunded_minor back from payment p join account a on a.id = p.account_id where a.account_no = ? order by p.id', [account]);
  const sum = (code) => ledger().filter((l) => l.code === code).reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0);
  // Money arrives by the gateway: its oldest open items are paid, the rest is credit.
  const pay = async (amount, no) => {
    open_payments(instance(), account, 1, no.slice(0, -9));
    sql('update payment_intent set amount_minor = ? where intent_no = ?', [amount, no]);
    sql('update payment_intent_line l join payment_intent i on i.id = l.intent_id set l.amount_minor = ? where i.intent_no = ?', [amount, no]);
    expect((await request(webhook(instance(), { ...paid(no), amount_minor: amount }))).status).toBe(200);
    await jobs_run();
  };

  test('CIS01US09 what paid a bill that is cancelled becomes credit, and pays the bill made in its place', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    await pay(20000, 'PI-1000000000');
    expect(bills()).toEqual([{ no: 'WA-BILL-202605-000001', status: 'published', paid: 'paid', open: '0', given: '18800' }]);
    expect(payments()).toEqual([expect.objectContaining({ paid: '18800', free: '1200' })]);
    expect(balance()).toBe('-1200');

    const bm = as('billing_manager');
    await bm.post('/bx/bills/WA-BILL-202605-000001/cancellation', { reason: 'wrong_reading', note: 'the index was read wrong' }).done('is cancelled');
    await jobs_run();
    expect(bills()[0]).toMatchObject({ status: 'cancelled', paid: 'unpaid', open: '0', given: '0' });
    expect(payments()).toEqual([expect.objectContaining({ status: 'posted', paid: '0', free: '20000' })]);
    expect(balance()).toBe('-20000');
    expect(sql("select target_type t, amount_minor a, undone_reason r from payment_allocation order by id")).toEqual([{ t: 'bill', a: '18800', r: 'bill_cancelled' }]);
    expect(sql("select kind, status, amount_minor a, left_minor l, credit_note_no no from credit_note where kind = 'cancellation'")).toEqual([{ kind: 'cancellation', status: 'applied', a: '18800', l: '0', no: 'WA-CN-202605-0001' }]);
    expect(sum('1200')).toBe(Number(one('select sum(balance_minor) from account')));

    await bm.post('/bx/bills/WA-BILL-202605-000001/rebill', {}, { from: '/bx/bills/WA-BILL-202605-000001' }).is(303);
    const draft = one("select concat(a.account_no, '-', b.draft_ref) from bill b join account a on a.id = b.account_id where b.status = 'draft' and b.version_no = 2");
    await as('utility_admin').post(`/bx/bills/draft-${draft}/publication`, {}, { from: `/bx/bills/draft-${draft}` }).is(303);
    await jobs_run();
    expect(bills()[1]).toMatchObject({ status: 'published', paid: 'paid', open: '0', given: '18800' });
    expect(payments()[0]).toMatchObject({ paid: '18800', free: '1200' });
    expect(one('select credit_applied_minor from bill where version_no = 2')).toBe('18800');
    expect(balance()).toBe('-1200');
    verify();
  });

  test('CIS01US09 a refund is asked for, approved by another person and paid by bank', async () => {
    const no = payments()[0].no, cso = as('cso');
    await cso.get(`/cis/payments/${no}`).sees('Refund');
    await as('cashier').get(`/cis/payments/${no}/refund`).is(403);
    await cso.post(`/cis/payments/${no}/refund`, { amount: '200.01', payout_kind: 'bank', reason: 'paid twice' }).refuses(422, 'amount', 'At most 200.00 can be refunded.');
    await cso.post(`/cis/payments/${no}/refund`, { amount: '50.00', payout_kind: 'bank', reason: '' }).refuses(422, 'reason');
    await cso.post(`/cis/payments/${no}/refund`, { amount: '50.00', payout_kind: 'bank', reason: 'paid too much' }).done('waits for approval by another person');
    const refund = one('select refund_no from refund_request');
    expect(refund).toMatch(/^WA-RF-202605-0001$/);
    expect(payments()[0]).toMatchObject({ paid: '18800', free: '1200', back: '0' });
    expect(balance()).toBe('-1200');
    await cso.post(`/cis/payments/${no}/refund`, { amount: '150.01', payout_kind: 'bank', reason: 'and more' }).refuses(422, 'amount', 'At most 150.00 can be refunded.');

    await cso.post(`/cis/refunds/${refund}/approve`, {}).is(403);
    const supervisor = as('cso_supervisor');
    await supervisor.post(`/cis/refunds/${refund}/settle`, {}).is(404);
    await supervisor.post(`/cis/refunds/${refund}/approve`, {}, { from: `/cis/refunds/${refund}` }).done(`Refund ${refund} is approved.`);
    await jobs_run();
    expect(payments()[0]).toMatchObject({ status: 'partially_refunded', paid: '15000', free: '0', back: '5000' });
    expect(bills()[1]).toMatchObject({ open: '3800', paid: 'partial' });
    expect(balance()).toBe('3800');
    expect(sum('2150')).toBe(-5000);
    await supervisor.post(`/cis/refunds/${refund}/pay`, {}, { from: `/cis/refunds/${refund}` }).done(`Refund ${refund} is paid.`);
    await supervisor.post(`/cis/refunds/${refund}/pay`, {}).is(409);
    expect(sum('2150')).toBe(0);
    expect(ledger().filter((l) => l.type === 'refund_paid').map((l) => [l.code, l.debit, l.credit])).toEqual([['2150', '50.00', '0.00'], ['1010', '0.00', '50.00']]);
    await supervisor.get(`/cis/payments/${no}`).sees(refund, 'Part refunded', '50.00');
    await jobs_run();
    verify();
  });

  test('CIS01US09 nobody approves what he asked for; a rejected request changes nothing', async () => {
    const no = payments()[0].no, supervisor = as('cso_supervisor');
    await supervisor.post(`/cis/payments/${no}/refund`, { amount: '10.00', payout_kind: 'cheque', reason: 'goodwill of mine' }).is(303);
    const refund = one("select refund_no from refund_request where status = 'requested'");
    await supervisor.post(`/cis/refunds/${refund}/approve`, {}).refuses(409, null, 'A second person must approve.');
    const bm = as('billing_manager');
    await bm.post(`/cis/refunds/${refund}/rejection`, { reason: '' }).refuses(422, 'reason');
    await bm.post(`/cis/refunds/${refund}/rejection`, { reason: 'No ground for it.' }).done(`Refund ${refund} is rejected.`);
    expect(payments()[0]).toMatchObject({ paid: '15000', back: '5000' });
    expect(balance()).toBe('3800');
    await bm.get('/cis/refunds').sees(refund, 'Rejected', 'Paid');
  });

  test('CIS01US09 an approval that waited while its record was changed looks at it anew', async () => {
    const no = payments()[0].no, supervisor = as('cso_supervisor');
    await as('cso').post(`/cis/payments/${no}/refund`, { amount: '10.00', payout_kind: 'cheque', reason: 'goodwill of others' }).is(303);
    const [{ refund, by }] = sql("select refund_no refund, requested_by `by` from refund_request where status = 'requested'");
    const release = await hold(instance(), `select id from refund_request where refund_no = '${refund}' for update`);
    const approval = supervisor.post(`/cis/refunds/${refund}/approve`, {}, { from: `/cis/refunds/${refund}` });
    const answer = approval.refuses(409, null, 'A second person must approve.');
    for (let i = 0; i < 60 && sql("select count(*) n from information_schema.innodb_trx where trx_state = 'LOCK WAIT'")[0].n === '0'; i++) await sleep(100);
    // meanwhile it became the approver's own
    release(`update refund_request set requested_by = (select id from user where email = 'cso_supervisor@swa.test'), row_version = row_version + 1 where refund_no = '${refund}'; commit`);
    await answer;
    expect(one('select status from refund_request where refund_no = ?', [refund])).toBe('requested');
    sql('update refund_request set requested_by = ?, row_version = row_version - 1 where refund_no = ?', [by, refund]);
    await supervisor.post(`/cis/refunds/${refund}/rejection`, { reason: 'No ground for it.' }).is(303);
    verify();
  });

  test('CIS01US09 ten refunds of the same money at once: one is asked for, the others are refused', async () => {
    const no = payments()[0].no, cso = as('cso'), left = one('select allocated_minor + unallocated_minor from payment where payment_no = ?', [no]);
    await cso.get(`/cis/payments/${no}/refund`).is(200);
    const forms = await Promise.all(Array.from({ length: 10 }, async () => Object.fromEntries(await cso.form_fields(`/u/swa-w/cis/payments/${no}/refund`, { from: `/cis/payments/${no}/refund` }))));
    const amount = (Number(left) / 100).toFixed(2);
    const answers = await Promise.all(forms.map(async (f) => cso.post(`/cis/payments/${no}/refund`, { ...f, amount, payout_kind: 'bank', reason: 'all of it' }, { raw: true })));
    expect(answers.map((r) => r.status).sort()).toEqual([303, ...Array(9).fill(422)]);
    expect(one("select count(*) from refund_request where status = 'requested'")).toBe('1');
    const refund = one("select refund_no from refund_request where status = 'requested'");
    await cso.post(`/cis/refunds/${refund}/cancel`, {}, { from: `/cis/refunds/${refund}` }).done('is cancelled');
    verify();
  });

  test('CIS01US09 the pages of refunds look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const no = payments()[0].no, faults = await watch(page.context()), bm = as('billing_manager');
    await bm.post(`/cis/payments/${no}/refund`, { amount: '1.00', payout_kind: 'bank', reason: 'to look at' }, { from: `/cis/payments/${no}/refund` }).is(303);
    const refund = one("select refund_no from refund_request where status = 'requested'");
    for (const [path, shot] of [[`/cis/payments/${no}`, 'payment'], [`/cis/payments/${no}/refund`, 'refund-new'], ['/cis/refunds', 'refunds'], [`/cis/refunds/${refund}`, 'refund'], [`/cis/refunds/${refund}/rejection`, 'refund-reject']]) {
      await as('cso_supervisor').browse(page, path);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });
});
