// Payment history (CSS01US05): all payments of one's accounts with what failed, one of them, filters and CSV, what comes next, the year's paper, questions.
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

  test('CSS01US05 more filters: number, days, way, amount; a range of more than 24 months and rubbish are refused in words', async () => {
    const who = await all_of('alpha@swa.test'), receipt = one('select receipt_no from receipt order by id limit 1');
    await who.get(`/payments?q=${receipt.toLowerCase()}`).sees('$84.60').lacks('$15.00');
    await who.get('/payments?q=nothing').sees('No payment fits these filters.');
    await who.get('/payments?least=50').sees('$84.60').lacks('$15.00', 'Card online ···· 4242 · Portal · WA-BILL-202604-000102');
    await who.get('/payments?least=10&most=20').sees('$15.00');
    await who.get('/payments?mode=card_online').lacks('$15.00');
    await who.get('/payments?from=2020-01-01&to=2020-02-01').sees('No payment fits these filters.');
    await who.get('/payments?from=2020-01-01').refuses(422, 'from', 'Choose at most 24 months, or use the year summary.');
    await who.get('/payments?from=2026-04-10&to=2026-04-01').refuses(422, 'from', 'The first day must come before the last.');
    await who.get('/payments?least=a%20lot').refuses(422, 'least', 'Enter an amount like 12.50.');
    expect(rows((await who.get('/payments.csv?least=50').is(200)).body).map((r) => r[4])).toEqual(['84.60']);
  });

  test('CSS01US05 a payment is questioned once, with a slip of the bank', async () => {
    const who = await all_of('alpha@swa.test'), no = no_of('WA-ACC-300001'), to = `/payments/${no}/question`;
    await who.post(to, { words: 'too short' }, { from: to }).refuses(422, 'words', /10/);
    const slip = { name: 'slip.pdf', type: 'application/pdf', content: Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n') };
    await who.post(to, { words: 'I paid this twice at the bank.' }, { from: to, files: { files: slip } }).goes(`/payments/${no}`);
    const complaint = one('select complaint_no from complaint order by id desc limit 1');
    await who.get(`/payments/${no}`).sees(`${complaint} about this payment is open.`).lacks('Question this payment');
    await who.get(to).refuses(409, null, `${complaint} about this payment is open.`);
    expect(one("select count(*) from document where entity = 'complaint' and file_name = 'slip.pdf'")).toBe('1');
    await beta().get(to).is(404);
  });

  test('CSS01US05 the receipt is mailed to one\'s own address', async () => {
    const who = await all_of('alpha@swa.test'), no = no_of('WA-ACC-300002'), before = mails('alpha@swa.test').length;
    sql("update portal_user set email_verified_at = utc_timestamp(6) where email = 'alpha@swa.test'");
    await who.post(`/payments/${no}/mail`, {}, { from: `/payments/${no}` }).done('alpha@swa.test');
    await jobs_run();
    expect(mails('alpha@swa.test').length).toBe(before + 1);
    expect(mails('alpha@swa.test').pop().subject).toMatch(/^Receipt .* for \$40\.00$/);
  });

  test('CSS01US05 the summary of a year is a PDF of what was kept', async () => {
    const who = await all_of('alpha@swa.test');
    let paper;
    await expect.poll(async () => { await jobs_run(); paper = await who.get('/payments/summary.pdf?year=2026'); return paper.status === 202 ? (paper = await who.get(paper.body.match(/href="([^"]*summary\.pdf\?year=2026&amp;since=\d+)"/)[1].replace(/&amp;/g, '&'))).status : paper.status; }, { timeout: 30000 }).toBe(200);
    expect(paper.headers['content-type']).toBe('application/pdf');
    await who.get('/payments/summary.pdf?year=1').is(404);
    await who.get('/payments').sees('Payments of 2026 for taxes (PDF)');
  });

  test('CSS01US05 what autopay takes next is scheduled', async () => {
    const who = as.anew('alpha@swa.test');
    await who.get('/payments/scheduled').sees('Nothing is scheduled');
    sql("insert into saved_payment_method (utility_id, portal_user_id, gateway_account_id, token_enc, token_hash, kind, brand, last4, exp_month, exp_year, is_default) select u.utility_id, u.id, g.id, 'x', unhex(sha2('x', 256)), 'card', 'Visa', '4242', 12, 2030, 1 from portal_user u join gateway_account g on g.utility_id = u.utility_id where u.email = 'alpha@swa.test' limit 1");
    sql("insert into autopay_enrolment (utility_id, account_id, portal_user_id, saved_method_id, consent_at, consent_text_version) select a.utility_id, a.id, m.portal_user_id, m.id, utc_timestamp(6), '1' from saved_payment_method m join account a on a.account_no = 'WA-ACC-300001' limit 1");
    await who.post('/accounts/current', { account: 'WA-ACC-300001' }, { from: '/home' }).is(303);
    await who.get('/payments/scheduled').sees('5 May 2026', '$84.60', 'WA-BILL-202604-000101', 'Autopay');
    sql("update autopay_enrolment set cap_minor = 5000");
    await who.get('/payments/scheduled').sees('Pay it yourself');
    sql('delete from autopay_enrolment');
    sql('delete from saved_payment_method');
  });

  test('CSS01US05 instalments to come are scheduled, but for those on a bill and those of an agreement that is over', async () => {
    const who = await all_of('beta@swa.test'), path = '/payments/scheduled';
    sql("insert into payment_agreement (utility_id, number, account_id, total_minor, down_payment_minor, currency, count, start_on, state) select utility_id, 'WA-PA-202604-0009', id, 30000, 6000, 'USD', 6, '2026-05-15', 'active' from account where account_no = 'WA-ACC-300003'");
    sql("insert into instalment (utility_id, agreement_id, account_id, seq, due_on, amount_minor, paid_minor, state) select g.utility_id, g.id, g.account_id, x.seq, x.due_on, 4000, x.paid, x.state from payment_agreement g join (select 1 seq, '2026-04-10' due_on, 1000 paid, 'missed' state union select 2, '2026-06-15', 0, 'due' union select 3, '2026-07-15', 4000, 'paid' union select 4, '2026-08-17', 0, 'due') x where g.number = 'WA-PA-202604-0009'");
    const page = await who.get(path).sees('WA-PA-202604-0009', 'Instalment 1 of 6', '$30.00', 'Overdue', 'Instalment 2 of 6', '15 Jun 2026', '$40.00', 'Instalment 4 of 6').lacks('Instalment 3 of 6');
    expect(page.body.match(/Overdue/g)).toHaveLength(1);
    sql("update instalment set bill_id = (select min(id) from bill) where seq = 4");
    await who.get(path).sees('Instalment 2 of 6').lacks('Instalment 4 of 6');
    await who.post('/language/es', {}, { from: '/language' }).is(303);
    await who.get(path).sees('Cuota 2 de 6').lacks('Instalment');
    sql("update instalment set became_due_at = utc_timestamp(6) where seq = 2");
    await who.get('/pay').sees('Cuota 2', 'Factura WA-BILL-').lacks('Instalment', 'Bill WA-BILL-');
    await who.post('/language/en', {}, { from: '/language' }).is(303);
    await who.get('/pay').sees('Instalment 2', 'Bill WA-BILL-');
    await alpha().get(path).lacks('WA-PA-202604-0009');
    sql("update payment_agreement set state = 'defaulted' where number = 'WA-PA-202604-0009'");
    await who.get(path).lacks('WA-PA-202604-0009');
    sql('delete from instalment');
    sql("delete from payment_agreement where number = 'WA-PA-202604-0009'");
  });

  test('CSS01US05 its pages look right in both languages and are light', async ({ page }) => {
    const who = as.anew('alpha@swa.test'), faults = await watch(page.context());
    for (const path of ['/payments', '/payments/scheduled', `/payments/${no_of('WA-ACC-300002')}`, `/payments/${no_of('WA-ACC-300002')}/question`]) {
      await who.browse(page, path);
      await looks_right(page, { widths: [360, 1440], shots: `portal${path.replace(/\W+/g, '-').replace(/-WA-PAY-[\d-]+/, '-one').slice(0, 30)}` });
    }
    await within_budget(page, 'https://swa.smart360.test/p/swa-w/payments', 'portal');
    await who.post('/language/es', {}, { from: '/language' }).is(303);
    await who.get('/payments').sees('Todos los pagos', 'Anulado', 'Tarjeta en línea').lacks('Reversed', 'Card online');
    await who.post('/language/en', {}, { from: '/language' }).is(303);
    expect(faults).toEqual([]);
  });
});
