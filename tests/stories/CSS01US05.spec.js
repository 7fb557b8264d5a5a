// Payment history (CSS01US05), what is there of it: all payments of one's accounts with what failed, one of them, filters and CSV.
const { story } = require('../support/story');
const { webhook } = require('../support/faults');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };

story('CSS01US05', 'UX-FIX', ({ as, test, expect, sql, one, jobs_run, instance, request, mails, verify, watch, looks_right, within_budget }) => {
  const alpha = () => as('alpha@swa.test'), beta = () => as('beta@swa.test');
  const pick = (no, amount) => ({ [`pick_${no}`]: '1', [`amount_${no}`]: amount });
  const pay = async (who, fields, card = {}) => {
    const id = (await who.post('/pay', fields, { from: '/pay' }).is(303)).location.split('/').pop();
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).goes(`/sandbox/pay/${id}`);
    await who.post(`/sandbox/pay/${id}`, { ...CARD, ...card }, { from: `/sandbox/pay/${id}` }).is(303);
    await jobs_run();
    return id;
  };
  const all_of = async (mail) => { const who = as.anew(mail); await who.post('/accounts/current', { account: 'all' }, { from: '/home' }).is(303); return who; };
  const no_of = (account) => one('select p.payment_no from payment p join account a on a.id = p.account_id where a.account_no = ? order by p.id desc limit 1', [account]);
  const rows = (body) => body.replace('\ufeff', '').trim().split('\r\n').slice(1).map((l) => l.split(','));

  test('CSS01US05.1 two payments of one go: both are there with their receipt, account and bill', async () => {
    sql("insert into portal_account_link (utility_id, portal_user_id, account_id, access, linked_at) select u.utility_id, u.id, a.id, 'owner', utc_timestamp(6) from portal_user u join account a on a.account_no = 'WA-ACC-300002' where u.email = 'alpha@swa.test'");
    const who = as.anew('alpha@swa.test');
    await who.post('/accounts/current', { account: 'all' }, { from: '/home' }).is(303);
    await pay(who, { ...pick('WA-BILL-202604-000101', '84.60'), ...pick('WA-BILL-202604-000102', '40.00') });
    const receipt = one('select receipt_no from receipt order by id desc limit 1');
    const page = await who.get('/payments').sees('$84.60', '$40.00', 'Succeeded', receipt, 'Card online ···· 4242 · Portal', 'WA-BILL-202604-000101', 'WA-BILL-202604-000102', 'Paid in 2026', '$124.60');
    expect(page.body.match(/<span class="s-b ok">Succeeded<\/span>/g)).toHaveLength(2);
    await who.get(`/payments/${no_of('WA-ACC-300001')}`).sees('$84.60', 'Bill WA-BILL-202604-000101', receipt, 'Succeeded');
    await who.get('/more').sees('Payments');
  });

  test('CSS01US05.2 a declined card: a failed row with why, the way to try again, and no receipt', async () => {
    const who = await all_of('alpha@swa.test'), before = one('select count(*) from receipt');
    const id = await pay(who, pick('free-WA-ACC-300001', '15.00'), { card: '4000 0000 0000 9995' });
    const page = await who.get('/payments?state=failed').sees('$15.00', 'Failed').lacks('$84.60');
    expect(page.body).toContain(`/pay/${id}/return`);
    await who.get(`/pay/${id}/return`).sees('Your bank declined the card (insufficient funds).', 'Try again').lacks('Receipt');
    expect(one('select count(*) from receipt')).toBe(before);
    await beta().get('/payments').lacks('$15.00');
  });

  test('CSS01US05.3 a payment that is taken back says so and why; its bill is due again, and the holder is told', async () => {
    const who = await all_of('alpha@swa.test'), no = no_of('WA-ACC-300002');
    const [i] = sql('select i.intent_no, i.public_id from payment p join payment_intent i on i.id = p.payment_intent_id where p.payment_no = ?', [no]);
    // the bank takes back what was paid for the second account, and for the first
    expect((await request(webhook(instance(), { id: 'evt_dp', type: 'dispute.opened', intent_no: i.intent_no, payment_id: `sbx_pay_${i.public_id}`, ref: 'sbx_dp_x', amount_minor: 12460, fee_minor: 0, currency: 'USD' }))).status).toBe(200);
    await jobs_run();
    await who.get('/payments?state=reversed').sees('$40.00', '$84.60', 'Reversed');
    await who.get(`/payments/${no}`).sees('Reversed', 'Taken back', 'your bank took the money back');
    expect(one("select payment_status from bill where bill_no = 'WA-BILL-202604-000102'")).toBe('unpaid');
    expect(mails('alpha@swa.test').filter((m) => /^Your payment of \$(40\.00|84\.60) was reversed$/.test(m.subject))).toHaveLength(2);
    expect(one("select count(*) from notification where title like 'Your payment of % was reversed'")).not.toBe('0');
    verify();
  });

  test('CSS01US05.4 filtered, the CSV equals the rows to the cent', async () => {
    const who = await all_of('alpha@swa.test');
    const all = rows((await who.get('/payments.csv').is(200)).body), failed = rows((await who.get('/payments.csv?state=failed').is(200)).body);
    expect(all).toHaveLength(3);
    expect(all.map((r) => r[4]).sort()).toEqual(['15.00', '40.00', '84.60']);
    expect(failed.map((r) => [r[4], r[7]])).toEqual([['15.00', 'Failed']]);
    expect(rows((await who.get('/payments.csv?year=2025').is(200)).body)).toEqual([]);
    await who.get('/payments?year=2025').sees('No payment fits these filters.');
    expect(one("select count(*) from audit_entry where action = 'export' and entity = 'payment'")).toBe('3');
  });

  test('CSS01US05.5 others\' payments are not there; a payer sees what he paid himself', async () => {
    for (const no of [no_of('WA-ACC-300001'), 'WA-PAY-20990101-00001']) await beta().get(`/payments/${no}`).is(404);
    sql("insert into portal_account_link (utility_id, portal_user_id, account_id, access, linked_at) select u.utility_id, u.id, a.id, 'payer', utc_timestamp(6) from portal_user u join account a on a.account_no = 'WA-ACC-300002' where u.email = 'beta@swa.test'");
    const payer = await all_of('beta@swa.test');
    await payer.get(`/payments/${no_of('WA-ACC-300002')}`).is(404);
    await payer.get('/payments').lacks('$40.00');
    const receipt = one('select receipt_no from receipt order by id desc limit 1');
    await payer.get(`/receipts/${receipt}`).is(404);
    sql("update portal_account_link l join portal_user u on u.id = l.portal_user_id join account a on a.id = l.account_id set l.access = 'viewer' where u.email = 'beta@swa.test' and a.account_no = 'WA-ACC-300002'");
    const viewer = as.anew('beta@swa.test');
    await viewer.get(`/payments/${no_of('WA-ACC-300002')}`).sees('$40.00');
    const seen = await viewer.get(`/receipts/${receipt}`).sees('$40.00').lacks('$84.60', 'WA-ACC-300001');         // of a receipt for two accounts his own part
    expect(seen.body).not.toContain(`/receipts/${receipt}/pdf`);
    await viewer.get(`/receipts/${receipt}/pdf`).is(404);
  });

  test('CSS01US05.6 cash paid at the counter stands there with its channel', async () => {
    sql(`insert into payment (utility_id, payment_no, account_id, consumer_id, channel_id, mode_id, channel_mode_id, type, amount_minor, currency, allocated_minor, unallocated_minor, received_at, value_date, status, created_at)
      select a.utility_id, 'WA-PAY-20260415-09999', a.id, a.consumer_id, ch.id, m.id, cm.id, 'bill', 5000, 'USD', 0, 5000, utc_timestamp(6), '2026-04-15', 'posted', utc_timestamp(6) from account a join payment_channel ch on ch.utility_id = a.utility_id and ch.code = 'walk_in'
      join payment_mode m on m.utility_id = a.utility_id and m.code = 'cash' join channel_mode cm on cm.channel_id = ch.id and cm.mode_id = m.id where a.account_no = 'WA-ACC-300003'`);
    const who = await all_of('beta@swa.test');
    await who.get('/payments').sees('$50.00', 'Cash · Counter');
    sql("delete from payment where payment_no = 'WA-PAY-20260415-09999'");
  });

  test('CSS01US05 its pages look right in both languages and are light', async ({ page }) => {
    const who = as.anew('alpha@swa.test'), faults = await watch(page.context());
    for (const path of ['/payments', `/payments/${no_of('WA-ACC-300001')}`]) {
      await who.browse(page, path);
      await looks_right(page, { widths: [360, 1440], shots: `portal${path.replace(/\W+/g, '-').slice(0, 9)}` });
    }
    await within_budget(page, 'https://swa.smart360.test/p/swa-w/payments', 'portal');
    await who.post('/language/es', {}, { from: '/language' }).is(303);
    await who.get('/payments').sees('Todos los pagos', 'Anulado', 'Tarjeta en línea').lacks('Reversed', 'Card online');
    await who.post('/language/en', {}, { from: '/language' }).is(303);
    expect(faults).toEqual([]);
  });
});
