// Paying in the portal (CSS01US03) through the sandbox gateway: intents, webhooks, results, guests, links.
const { story } = require('../support/story');
const crypto = require('crypto');
const { execFileSync } = require('child_process');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };

story('CSS01US03', 'UX-FIX', ({ verify, as, portal, anyone, test, expect, sql, one, ledger, jobs_run, mails, clock, watch, looks_right, within_budget, order, request }) => {
  const alpha = () => as('alpha@swa.test'), beta = () => as('beta@swa.test');
  const bill = (no) => one('select payment_status from bill where bill_no = ?', [no]);
  const open = (no) => one('select open_minor from bill where bill_no = ?', [no]);
  const balance = (no) => one('select balance_minor from account where account_no = ?', [no]);
  const payments = (no) => sql('select p.payment_no, p.amount_minor from payment p join account a on a.id = p.account_id where a.account_no = ? order by p.id', [no]);

  // Posts what is ticked, and gives the intent's public id.
  const intent = async (who, fields, from = '/pay') => {
    const page = await who.get(from).is(200);
    const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key|link)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const r = await who.post('/pay', { ...keep, ...fields }, { raw: true }).is(303);
    return r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
  };
  const start = async (who, id) => { await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).goes(`/sandbox/pay/${id}`); };
  const pay_card = async (who, id, card = {}) => who.post(`/sandbox/pay/${id}`, { ...CARD, ...card }, { from: `/sandbox/pay/${id}` }).is(303);
  const pick = (no, amount) => ({ [`pick_${no}`]: '1', [`amount_${no}`]: amount });

  // The gateway tells that an intent was paid, with another amount than its own if need be.
  const paid_hook = (id, minor) => {
    const [i] = sql('select i.intent_no, i.fee_minor, g.endpoint_key from payment_intent i join gateway_account g on g.id = i.gateway_account_id where i.public_id = ?', [id]);
    const t = Math.floor(clock.now().getTime() / 1000);
    const body = JSON.stringify({ id: `evt_${id}`, type: 'payment.succeeded', created: t, intent_no: i.intent_no, ref: `sbx_${id}`, payment_id: `sbx_pay_${id}`, amount_minor: minor + Number(i.fee_minor), currency: 'USD', last4: '4242' });
    const v1 = crypto.createHmac('sha256', 'sandbox-webhook-secret').update(`${t}.${body}`).digest('hex');
    return request({ method: 'POST', path: `/hooks/sandbox/${i.endpoint_key}`, body, headers: { 'Content-Type': 'application/json', 'Smart360-Signature': `t=${t},v1=${v1}` } });
  };

  test('CSS01US03.2 the return page says Pending before the webhook and Success after it', async () => {
    const who = alpha(), id = await intent(who, pick('WA-BILL-202604-000101', '5.00'));
    await who.get(`/pay/${id}`).sees('Bill WA-BILL-202604-000101', '$5.00', '$79.60 stays open.');
    await start(who, id);
    await who.get(`/pay/${id}/return`).sees('Pending', 'We are waiting for the confirmation');
    expect(bill('WA-BILL-202604-000101')).toBe('unpaid');
    await pay_card(who, id);
    await jobs_run();
    await who.get(`/pay/${id}/return`).sees('Success', '$5.00', 'Receipt');
    expect(bill('WA-BILL-202604-000101')).toBe('partial');
    expect(open('WA-BILL-202604-000101')).toBe('7960');
    await who.get('/bills/WA-BILL-202604-000101').sees('Partly paid', 'Pay $79.60');
    expect(mails('alpha@swa.test').pop().subject).toMatch(/^Receipt .* for \$5\.00$/);
    await beta().get(`/pay/${id}`).is(404);
    await beta().get(`/pay/${id}/return`).is(404);
    await portal().get(`/pay/${id}/return`).is(404);
  });

  test('CSS01US05.5 a receipt is a file, made once and counted; another\'s is not there', async () => {
    const no = one("select r.receipt_no from receipt r join account a on a.id = r.account_id where a.account_no = 'WA-ACC-300001' order by r.id limit 1");
    await alpha().get(`/receipts/${no}`).sees('Download the PDF');
    const r = await alpha().get(`/receipts/${no}/pdf`).is(200);
    expect(r.headers['content-disposition']).toContain(`${no}.pdf`);
    const words = execFileSync('pdftotext', ['-layout', '-', '-'], { input: r.bytes, encoding: 'utf8' });
    for (const w of ['Receipt', no, '$5.00', 'WA-ACC-300001', 'Bill WA-BILL-202604-000101', 'Balance after this payment: $79.60', 'Page 1 of 1']) expect(words).toContain(w);
    expect(words).not.toContain('Duplicate');
    const copy = await alpha().get(`/receipts/${no}/pdf`).is(200);                  // the same bytes, and the word behind them
    expect(copy.headers['content-disposition']).toContain(`${no}.pdf`);
    expect(copy.bytes.subarray(0, r.bytes.length).equals(r.bytes)).toBe(true);
    const across = execFileSync('pdftotext', ['-layout', '-', '-'], { input: copy.bytes, encoding: 'utf8' }).split('\n').filter((l) => /^(\s+[A-Za-z])+\s*$/.test(l)).join('').replace(/\s/g, '');
    expect([...across].sort().join('')).toBe([...'Duplicate'].sort().join(''));       // letter by letter across the page
    sql("insert into portal_setting (utility_id, `key`, value) select id, 'receipt_duplicate', '0' from utility where code = 'swa-w'");
    expect((await alpha().get(`/receipts/${no}/pdf`).is(200)).bytes.equals(r.bytes)).toBe(true);        // not where the utility does not want it
    sql("delete from portal_setting where `key` = 'receipt_duplicate'");
    expect(one("select count(*) from document where entity = 'receipt'")).toBe('1');
    expect(one("select count(*) from receipt_print p join receipt r on r.id = p.receipt_id where p.kind = 'pdf' and r.receipt_no = ?", [no])).toBe('3');
    await beta().get(`/receipts/${no}/pdf`).is(404);
    await beta().get(`/receipts/${no}`).is(404);
    await alpha().get('/receipts/WA-RCP-209901-000001/pdf').is(404);
  });

  test('CSS01US03.3 the same webhook three times, or two presses, make one payment', async () => {
    const who = alpha();
    const page = await who.get('/pay').is(200);
    const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const fields = { ...keep, ...pick('WA-BILL-202604-000101', '9.60') };
    const [a, b] = await Promise.all([who.post('/pay', fields, { raw: true }), who.post('/pay', fields, { raw: true })]);
    expect(a.location).toBe(b.location);
    const id = a.location.split('/').pop();
    await start(who, id);
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).goes(`/sandbox/pay/${id}`);
    const before = payments('WA-ACC-300001').length;
    await pay_card(who, id, { delivery: 'twice' });
    await jobs_run();
    expect(payments('WA-ACC-300001')).toHaveLength(before + 1);
    expect(open('WA-BILL-202604-000101')).toBe('7000');
    expect(one("select count(*) from payment_intent i join payment_intent_line l on l.intent_id = i.id where i.public_id = ?", [id])).toBe('1');
  });

  test('CSS01US03 the same amount within ten minutes is asked for again', async () => {
    const who = alpha();
    const fields = pick('WA-BILL-202604-000101', '9.60');
    await who.post('/pay', fields, { from: '/pay' }).refuses(409, 'again', /You already paid \$9\.60 at \d+:\d\d [AP]M\. Pay again\?/);
    await who.post('/pay', { ...fields, again: '1' }, { from: '/pay' }).is(303);
    clock.forward({ minutes: 11 });
    await who.post('/pay', fields, { from: '/pay' }).is(303);
  });

  test('CSS01US03 amounts have limits, and nothing ticked is refused', async () => {
    const who = alpha(), no = 'WA-BILL-202604-000101';
    const none = { [`pick_${no}`]: null };
    await who.post('/pay', none, { from: '/pay' }).refuses(422, null, 'Tick what you want to pay.');
    await who.post('/pay', pick(no, '4.99'), { from: '/pay' }).refuses(422, `amount_${no}`, 'Enter an amount from $5.00 to $1,070.00.');
    await who.post('/pay', pick(no, 'abc'), { from: '/pay' }).refuses(422, `amount_${no}`, 'Enter an amount above 0.');
    await who.post('/pay', pick(no, '71.00'), { from: '/pay' }).refuses(422, `amount_${no}`, 'At most $70.00 is open. Use another amount to pay ahead.');
    await who.post('/pay', { ...none, ...pick('free-WA-ACC-300001', '1,070.01') }, { from: '/pay' }).refuses(422, 'amount_free-WA-ACC-300001', 'Enter an amount from $5.00 to $1,070.00.');
    await who.post('/pay', pick('WA-BILL-202601-000101', '100.00'), { from: '/pay' }).is(404);
  });

  test('CSS01US03 a declined card takes nothing and can be tried again', async () => {
    const who = alpha(), id = await intent(who, pick('WA-BILL-202604-000101', '20.00'));
    await start(who, id);
    await pay_card(who, id, { card: '4000 0000 0000 9995' });
    await jobs_run();
    await who.get(`/pay/${id}/return`).sees('Failed', 'Your bank declined the card (insufficient funds).', 'Nothing was taken.', 'Try again');
    expect(open('WA-BILL-202604-000101')).toBe('7000');
  });

  test('CSS01US03.4 a webhook with another amount posts what was paid and opens an exception', async () => {
    const who = alpha(), id = await intent(who, pick('WA-BILL-202604-000101', '70.00'));
    await start(who, id);
    await pay_card(who, id, { delivery: 'never' });
    expect((await paid_hook(id, 6540)).status).toBe(200);
    await jobs_run();
    expect(payments('WA-ACC-300001').pop().amount_minor).toBe('6540');
    expect(open('WA-BILL-202604-000101')).toBe('460');
    await who.get('/bills/WA-BILL-202604-000101').sees('Partly paid', 'Pay $4.60');
    expect(one('select exception from payment_intent where public_id = ?', [id])).toBe('amount_mismatch');
    expect(one("select count(*) from alert where kind = 'payment.exception' and resolved_at is null")).toBe('1');
  });

  test('CSS01US03.2 in the browser the page follows by itself: Pending becomes Success without a press', async ({ page }) => {
    const who = as.anew('alpha@swa.test'), id = await intent(who, { ...pick('free-WA-ACC-300001', '6.25') }), faults = await watch(page.context());
    await start(who, id);
    await who.browse(page, `/pay/${id}/return`);
    await expect(page.locator('#result')).toContainText('Pending');
    await pay_card(who, id);
    await jobs_run();
    await expect(page.locator('#result')).toContainText('Success', { timeout: 20000 });
    await expect(page.locator('#result')).toContainText('Receipt');
    await expect(page.locator('[data-poll]')).toHaveCount(0);
    expect(faults).toEqual([]);
  });

  test('CSS01US03.1 two accounts in one go: one intent with two lines, two payments, one receipt', async () => {
    order('set', 'UX-FIX');
    sql("insert into portal_account_link (utility_id, portal_user_id, account_id, access, linked_at) select u.utility_id, u.id, a.id, 'owner', utc_timestamp(6) from portal_user u join account a on a.account_no = 'WA-ACC-300002' where u.email = 'alpha@swa.test'");
    const who = as.anew('alpha@swa.test');
    const id = await intent(who, { ...pick('WA-BILL-202604-000101', '84.60'), ...pick('WA-BILL-202604-000102', '40.00') });
    expect(sql('select i.amount_minor, (select count(*) from payment_intent_line l where l.intent_id = i.id) n from payment_intent i where i.public_id = ?', [id])).toEqual([{ amount_minor: '12460', n: '2' }]);
    await who.get(`/pay/${id}`).sees('$84.60', '$40.00', '$124.60');
    await start(who, id);
    await pay_card(who, id);
    await jobs_run();
    const page = await who.get(`/pay/${id}/return`).sees('Success', '$124.60', 'WA-ACC-300001', 'WA-ACC-300002');
    const numbers = ['WA-ACC-300001', 'WA-ACC-300002'].map((a) => payments(a)[0].payment_no);
    for (const n of numbers) expect(page.text).toContain(n);
    expect([bill('WA-BILL-202604-000101'), bill('WA-BILL-202604-000102')]).toEqual(['paid', 'paid']);
    expect([balance('WA-ACC-300001'), balance('WA-ACC-300002')]).toEqual(['0', '0']);
    const receipt = page.body.match(/\/p\/swa-w\/receipts\/([A-Z0-9-]+)/)[1];
    await who.get(`/receipts/${receipt}`).sees('$124.60', ...numbers);
    await as.anew('beta@swa.test').get(`/receipts/${receipt}`).is(404);
    await who.get('/bills/WA-BILL-202604-000101').sees('Paid', numbers[0]);
    await who.post('/pay', pick('WA-BILL-202604-000101', '84.60'), { from: '/pay' }).refuses(409, null, /WA-BILL-202604-000101 was paid at \d+:\d\d [AP]M\. The rest is unchanged\./);
    const sum = ledger().reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0);
    expect(sum).toBe(0);
    verify();
  });

  test('CSS01US03.5 a free amount pays the oldest first', async () => {
    const who = as.anew('beta@swa.test');
    const id = await intent(who, pick('free-WA-ACC-300003', '150.00'), '/pay?other=1');
    await who.get(`/pay/${id}`).sees('Bill WA-BILL-202601-000101', '$100.00 of it', 'Bill WA-BILL-202602-000101', '$50.00 of it');
    await start(who, id);
    await pay_card(who, id);
    await jobs_run();
    expect(['WA-BILL-202601-000101', 'WA-BILL-202602-000101', 'WA-BILL-202603-000101'].map((n) => [bill(n), open(n)])).toEqual([['paid', '0'], ['overdue', '5000'], ['overdue', '10000']]);
    await who.get('/bills').sees('$150.00 overdue');
  });

  test('CSS01US03.8 a guest sees only what is due', async () => {
    order('set', 'UX-FIX');
    const guest = portal();
    await guest.get('/pay').sees('Account number');
    await guest.post('/pay/guest', { account_no: 'WA-ACC-300001', postal_code: '97299' }, { from: '/pay' }).refuses(422, null, 'We could not find that account and postal code.');
    await guest.post('/pay/guest', { account_no: 'WA-ACC-300001', postal_code: '97201' }, { from: '/pay' }).goes('/pay');
    await guest.get('/pay').sees('$84.60 due 05/05/2026').lacks('Sample', 'Alpha', 'WA-BILL', 'Test Street');
    await guest.get('/bills').goes(/signin/);
    const id = await intent(guest, { ...pick('free-WA-ACC-300001', '84.60'), email: 'friend@swa.test' });
    await start(guest, id);
    await pay_card(guest, id);
    await jobs_run();
    await guest.get(`/pay/${id}/return`).sees('Success', '$84.60', 'Receipt').lacks('Alpha');
    expect(bill('WA-BILL-202604-000101')).toBe('paid');
    expect(mails('friend@swa.test')).toHaveLength(1);
  });

  test('CSS01US03 more than ten look-ups an hour wait', async () => {
    clock.forward({ minutes: 61 });
    for (let i = 0; i < 10; i++) await portal().post('/pay/guest', { account_no: `WA-ACC-9${i}`, postal_code: '97299' }, { from: '/pay' }).is(422);
    await portal().post('/pay/guest', { account_no: 'WA-ACC-300003', postal_code: '97202' }, { from: '/pay' }).is(429);
    clock.forward({ minutes: 61 });
  });

  test('CSS01US03 the link on a bill pays that bill, until 60 days past due', async () => {
    const token = one("select pay_token from bill where bill_no = 'WA-BILL-202603-000101'"), old = one("select pay_token from bill where bill_no = 'WA-BILL-202601-000101'");
    for (const who of [portal(), anyone('my.swa.test')]) {
      await who.get(`/b/${token}`).goes(`/p/swa-w/pay?link=${token}`);
      await who.get(`/b/${'x'.repeat(22)}`).is(404);
    }
    const who = portal();
    await who.get(`/pay?link=${token}`).sees('$100.00 due 03/31/2026').lacks('Beta', 'WA-BILL-202601');
    await who.get(`/pay?link=${old}`).sees('Sign in or enter your account number.');
    const id = await intent(who, pick('WA-BILL-202603-000101', '100.00'), `/pay?link=${token}`);
    await start(who, id);
    await pay_card(who, id);
    await jobs_run();
    expect(bill('WA-BILL-202603-000101')).toBe('paid');
    await who.get(`/pay?link=${token}`).sees('WA-BILL-202603-000101 is paid. Thank you.');
  });

  test('CSS01US03 a viewer cannot pay, nor without a gateway', async () => {
    sql("update portal_account_link set access = 'viewer'");
    const who = as.anew('beta@swa.test');
    await who.get('/pay').refuses(403, null, 'You can see this account but not pay for it.');
    sql("update portal_account_link set access = 'payer'");
    clock.forward({ minutes: 11 });
    const id = await intent(who, pick('WA-BILL-202602-000101', '100.00'));
    sql("update gateway_account set status = 'inactive'");
    await who.get(`/pay/${id}`).sees('Card payments are not available now. Nothing was taken.');
    sql("update gateway_account set status = 'active'");
  });

  test('CSS01US03 what is not paid in 30 minutes is stored as expired; money that arrives later is still posted', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), no = 'WA-BILL-202604-000101';
    const state = (id) => one('select state from payment_intent where public_id = ?', [id]);
    const begun = await intent(who, pick(no, '20.00')), left = await intent(who, pick(no, '30.00'));
    await start(who, left);
    clock.forward({ minutes: 31 });
    const back = as.anew('alpha@swa.test');             // the session has idled away too
    await back.get(`/pay/${begun}`).sees('This payment link has expired. Open the bill again.');
    await back.get(`/pay/${begun}/return`).sees('Expired');
    const csrf = (await back.get('/pay').is(200)).body.match(/name="csrf" value="([^"]*)"/)[1];
    await back.post(`/pay/${begun}/start`, { csrf }, { raw: true }).is(409);
    expect(state(begun)).toBe('expired');
    sql.platform("insert into job (tenant_id, utility_id, kind, class, state, run_at, payload) select t.id, u.id, 'payment.poll', 'payments', 'ready', '2026-01-01', '{}' from tenant t, smart360_t_swa.utility u where t.slug = 'swa' and u.code = 'swa-w'");
    await jobs_run();
    expect(state(left)).toBe('expired');
    await back.get(`/pay/${left}/return`).sees('Expired', 'Nothing was taken.');
    expect(sql("select a.entity, count(*) n from audit_entry a join payment_intent i on i.id = a.entity_id where a.action = 'expire' and i.public_id in (?, ?) group by a.entity", [begun, left])).toEqual([{ entity: 'payment_intent', n: '2' }]);
    expect(one("select count(*) from outbox_event where name = 'payment_intent.expired'")).toBe(one("select count(*) from payment_intent where state = 'expired'"));
    clock.forward({ hours: 2 });
    expect((await paid_hook(left, 3000)).status).toBe(200);
    await jobs_run();
    expect(state(left)).toBe('succeeded');
    expect(open(no)).toBe('5460');
  });

  // --- saved cards and autopay: tokens only, at most one charge a try ---

  const CARD_ONLY = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123' };
  // A card is saved on the sandbox's page; its public id.
  const save_card = async (who, card = {}, account = '') => {
    const r = await who.post('/pay/methods', { consent: '1', account }, { from: '/pay/methods' }).is(303);
    expect(r.location).toMatch(/^\/sandbox\/save\/[A-Za-z0-9_-]{22}\?back=/);
    await who.post(r.location.split('?')[0], { ...CARD_ONLY, ...card }, { from: r.location }).done('The card is saved.');
    return one("select public_id from saved_payment_method where status = 'active' order by id desc limit 1");
  };
  const token = () => one("select recipient from sandbox_outcome where outcome = 'card' order by id desc limit 1");
  const next = (outcome, times, code, words) => sql("insert into sandbox_outcome (utility_id, recipient, outcome, times, params) select id, ?, ?, ?, ? from utility where code = 'swa-w'", [token(), outcome, String(times), JSON.stringify({ code, text: words })]);
  const enrol = (who, method, more = {}) => who.post('/pay/autopay/WA-ACC-300001', { method, offset: '0', cap: '', consent: '1', ...more }, { from: '/pay/autopay/WA-ACC-300001' });
  // The morning's job, as the scheduler enqueues it.
  const morning = async (day) => {
    clock(`${day}T09:00:30-07:00`);
    sql.platform("insert into job (tenant_id, utility_id, kind, class, state, run_at, payload) select t.id, u.id, 'autopay.day', 'payments', 'ready', '2026-01-01', '{}' from tenant t, smart360_t_swa.utility u where t.slug = 'swa' and u.code = 'swa-w'");
    await jobs_run();
    clock.forward({ minutes: 1 });
    await jobs_run();
  };
  const tries = () => sql("select t.try_no, t.on_date, t.state from autopay_attempt t order by t.id").map((t) => `${t.try_no} ${t.on_date} ${t.state}`);

  test('CSS01US03 a card is saved with consent only; its number is nowhere', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test');
    await who.post('/pay/methods', {}, { from: '/pay/methods' }).refuses(422, 'consent', 'Please agree that the card is kept.');
    const id = await save_card(who);
    await who.get('/pay/methods').sees('Visa ending 4242', 'Good until 12/2030', 'Used first');
    expect(one('select count(*) from saved_payment_method where token_enc like ?', [`%${token()}%`])).toBe('0');
    for (const [table, column] of [['saved_payment_method', 'token_enc'], ['sandbox_outcome', 'params'], ['audit_value', 'after_value'], ['payment_intent', 'failure_text']])
      expect(one(`select count(*) from ${table} where ${column} like '%4242424242424242%'`)).toBe('0');
    await as.anew('beta@swa.test').get(`/pay/methods/${id}/removal`).is(404);
    await enrol(who, id).done('Autopay is on.');
    await enrol(who, id).done('');
    await who.post(`/pay/methods/${id}/removal`, {}, { from: `/pay/methods/${id}/removal` }).refuses(409, null, 'Autopay of WA-ACC-300001 uses this card. Choose another first.');
    await who.post('/pay/autopay/WA-ACC-300001', { method: id, offset: '0', consent: '1', row_version: '' }, { from: '/pay/autopay/WA-ACC-300001' }).refuses(409, null, 'Autopay is already on. Change it here.');
    await who.post('/pay/autopay/WA-ACC-300001/cancellation', {}, { from: '/pay/autopay/WA-ACC-300001/cancellation' }).done('Autopay was cancelled.');
    await who.post(`/pay/methods/${id}/removal`, {}, { from: `/pay/methods/${id}/removal` }).done('The card was removed.');
  });

  test('CSS01US03 a saved card pays at once; a second press charges nothing; a lost answer is asked for', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), card = await save_card(who);
    const id = await intent(who, pick('WA-BILL-202604-000101', '20.00'));
    await who.get(`/pay/${id}`).sees('Visa ending 4242');
    const page = await who.get(`/pay/${id}`);
    const csrf = page.body.match(/name="csrf" value="([^"]*)"/)[1];
    await Promise.all([1, 2].map(() => who.post(`/pay/${id}/start`, { csrf, way: `m-${card}` }, { raw: true })));
    await jobs_run();
    await who.get(`/pay/${id}/return`).sees('Success', '$20.00');
    expect(payments('WA-ACC-300001')).toHaveLength(1);
    expect(open('WA-BILL-202604-000101')).toBe('6460');
    next('lost', 1);
    const other = await intent(who, pick('WA-BILL-202604-000101', '10.00'));
    await who.post(`/pay/${other}/start`, { way: `m-${card}` }, { from: `/pay/${other}` }).goes(`/pay/${other}/return`);
    await who.get(`/pay/${other}/return`).sees('Pending');
    clock.forward({ minutes: 1 });
    await who.get(`/pay/${other}/return`).is(200);
    await jobs_run();
    await who.get(`/pay/${other}/return`).sees('Success', '$10.00');
    expect(payments('WA-ACC-300001')).toHaveLength(2);
    expect(one('select count(*) from payment_attempt a join payment_intent i on i.id = a.intent_id where i.public_id = ?', [other])).toBe('1');
  });

  test('CSS01US03.6 autopay tells three days ahead, charges on the due date, tries again after 3 and 6 days', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), card = await save_card(who);
    await enrol(who, card).done('Autopay is on.');
    await who.get('/pay/autopay').sees('On', 'Next: $84.60 on 05/05/2026');
    next('declined', 2, 'insufficient_funds', 'No funds.');
    await morning('2026-05-01');
    expect(mails('alpha@swa.test').filter((m) => /^We will charge/.test(m.subject))).toHaveLength(0);
    await morning('2026-05-02');
    await morning('2026-05-03');
    expect(mails('alpha@swa.test').filter((m) => m.subject === 'We will charge $84.60 on 5 May 2026')).toHaveLength(1);
    expect(tries()).toEqual([]);
    await morning('2026-05-05');
    await morning('2026-05-06');
    expect(tries()).toEqual(['1 2026-05-05 failed']);
    expect(mails('alpha@swa.test').filter((m) => m.subject === 'Your payment did not go through').pop().body).toContain('We try again on 8 May 2026');
    await morning('2026-05-08');
    await morning('2026-05-11');
    await morning('2026-05-12');
    expect(tries()).toEqual(['1 2026-05-05 failed', '2 2026-05-08 failed', '3 2026-05-11 paid']);
    expect(payments('WA-ACC-300001').map((p) => p.amount_minor)).toEqual(['8460']);
    expect(bill('WA-BILL-202604-000101')).toBe('paid');
    expect(one('select fail_count from autopay_enrolment')).toBe('0');
  });

  test('CSS01US03.7 autopay takes nothing above its cap and says so once', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), card = await save_card(who);
    await enrol(who, card, { cap: '80.00' }).done('Autopay is on.');
    for (const day of ['2026-05-02', '2026-05-05', '2026-05-06']) await morning(day);
    expect(tries()).toEqual([]);
    expect(payments('WA-ACC-300001')).toEqual([]);
    const told = mails('alpha@swa.test').filter((m) => m.subject === 'Please pay bill WA-BILL-202604-000101 yourself');
    expect(told).toHaveLength(1);
    expect(told[0].body).toContain('it is above your limit');
  });

  test('CSS01US03 autopay stops at once when the card is stolen, and takes what is open at that moment', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), card = await save_card(who);
    await enrol(who, card).done('Autopay is on.');
    next('declined', 1, 'stolen_card', 'Stolen.');
    await morning('2026-05-05');
    expect(one('select status from autopay_enrolment')).toBe('cancelled');
    expect(mails('alpha@swa.test').filter((m) => m.subject === 'Automatic payment has stopped')).toHaveLength(1);
    const again = as.anew('alpha@swa.test');
    await enrol(again, card).done('Autopay is on.');
    const id = await intent(again, pick('WA-BILL-202604-000101', '50.00'));
    await again.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).goes(`/pay/${id}/return`);       // by the saved card
    await jobs_run();
    await morning('2026-05-06');
    expect(payments('WA-ACC-300001').map((p) => p.amount_minor)).toEqual(['5000', '3460']);
  });

  test('CSS01US03 paying in a browser at 360 px, without script; pages look right and are light', async ({ page, browser }) => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), faults = await watch(page.context());
    await who.browse(page, '/pay');
    await looks_right(page, { widths: [360, 1024], shots: 'portal-pay' });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('button', { name: 'Continue' }).click();
    await looks_right(page, { widths: [360, 1024], shots: 'portal-pay-review' });
    const url = page.url();
    await page.goto(`${url}/return`);
    await looks_right(page, { widths: [360], shots: 'portal-pay-result' });
    await within_budget(page, 'https://swa.smart360.test/p/swa-w/pay', 'portal');
    expect(faults).toEqual([]);
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 640 }, ignoreHTTPSErrors: true });
    const plain = await context.newPage();
    await who.browse(plain, '/home');
    await plain.getByRole('link', { name: 'Pay $84.60' }).click();
    await plain.getByRole('button', { name: 'Continue' }).click();
    await plain.getByRole('button', { name: 'Pay $84.60' }).click();
    await plain.getByLabel('Card number').fill('4242 4242 4242 4242');
    await plain.getByLabel('Expires').fill('12/30');
    await plain.getByLabel('CVC').fill('123');
    await plain.getByRole('button', { name: 'Pay' }).click();
    await jobs_run();
    await plain.getByRole('link', { name: 'Refresh' }).click();
    await expect(plain.getByText('Success')).toBeVisible();
    await context.close();
  });
});
