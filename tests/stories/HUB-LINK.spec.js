// "Pay by link" (ONB03US01 "paying"): made at the desk for an account, paid by whoever has it, for seven days.
const { story } = require('../support/story');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };
const account = 'WA-ACC-100002';

story('ONB03US01 pay by link', 'HUB-FIX', ({ as, portal, test, expect, sql, one, jobs_run, clock, verify, watch, looks_right, mails }) => {
  const intents = () => Number(one('select count(*) from payment_intent')), form = '/integrations/links/new', of = (no) => `/integrations/links/${no}`;
  const made = () => sql('select intent_no no, public_id id, channel, state, created_by is not null by_staff, timestampdiff(hour, created_at, expires_at) hours from payment_intent order by intent_no desc limit 1')[0];

  test('ONB03US01 a cashier makes a link; an unknown account, an amount outside of the limits or a wrong address makes none', async () => {
    const cashier = as('cashier'), before = intents();
    await cashier.get('/cis/payments').sees('Payment link');
    await cashier.post(form, { account_no: 'WA-ACC-999999', amount: '10.00' }).refuses(422, 'account_no', 'There is no such account.');
    await cashier.post(form, { account_no: account, amount: '0.99' }).refuses(422, 'amount', 'Enter 1.00 to 100,000.00.');
    await cashier.post(form, { account_no: account, amount: '100,000.01' }).refuses(422, 'amount', 'Enter 1.00 to 100,000.00.');
    await cashier.post(form, { account_no: account, amount: '' }).refuses(422, 'amount');
    await cashier.post(form, { account_no: account, amount: '10.00', email: 'nobody' }).refuses(422, 'email');
    await as('billing_clerk').get(form).is(403);
    await as('billing_clerk').post(form, { account_no: account, amount: '10.00' }, { raw: true }).is(403);
    await as('billing_clerk').get('/cis/payments').lacks('Payment link');
    expect(intents()).toBe(before);
    const filled = await cashier.get(`${form}?account=${account}`).is(200);
    expect(filled.body).toContain('value="187.82"');
    await cashier.post(form, { account_no: account, amount: '187.82', email: 'friend@swa.test' }).done('The link is made.');
    expect(made()).toMatchObject({ channel: 'link', state: 'created', by_staff: '1', hours: '168' });
    await cashier.get(of(made().no)).sees(`/p/swa-w/pay/${made().id}`, account, '$187.82', 'Good until 04/22/2026');
    await as('billing_clerk').get(of(made().no)).is(403);
    expect(one("select count(*) from audit_entry where entity = 'payment_intent' and action = 'create'")).toBe('1');
  });

  test('ONB03US01 whoever has the link pays, within its days, the oldest first; it cannot be paid twice', async () => {
    clock.forward({ days: 6 });
    const { id, no } = made(), who = portal();
    await who.get(`/pay/${id}`).sees(account, 'Pay $187.82');
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).goes(`/sandbox/pay/${id}`);
    await who.post(`/sandbox/pay/${id}`, CARD, { from: `/sandbox/pay/${id}` }).is(303);
    await jobs_run();
    expect(one("select b.payment_status from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status = 'published'", [account])).toBe('paid');
    expect(one('select balance_minor from account where account_no = ?', [account])).toBe('0');
    expect(mails('friend@swa.test').at(-1).subject).toMatch(/^Receipt/);
    await who.get(`/pay/${id}`).goes(`/pay/${id}/return`);
    await as('cashier').get(of(no)).sees('Succeeded', 'It is paid.').lacks(`/pay/${id}`, 'Give it to');
    verify();
  });

  test('ONB03US01 after seven days it is over', async () => {
    const there = intents();
    await as('cashier').post(form, { account_no: account, amount: '12.00' }).done('The link is made.');
    expect(intents()).toBe(there + 1);
    const { id, no } = made();
    clock.forward({ days: 7, minutes: 1 });
    await portal().get(`/pay/${id}`).sees('This payment link has expired. Open the bill again.').lacks('Pay $12.00');
    await as('cashier').get(of(no)).sees('This link is over.').lacks(`/pay/${id}`);
    expect(one('select count(*) from payment_attempt a join payment_intent i on i.id = a.intent_id where i.public_id = ?', [id])).toBe('0');
  });

  test('ONB03US01 a link is withdrawn: nobody pays by it any more; one that is paid or over, and another person, withdraw nothing', async () => {
    const cashier = as('cashier'), withdraw = (no) => `${of(no)}/withdrawal`, over = 'This payment link has expired. Open the bill again.';
    await cashier.post(form, { account_no: account, amount: '14.00' }).done('The link is made.');
    const kept = made();
    await cashier.post(form, { account_no: account, amount: '15.00' }).done('The link is made.');
    const { id, no } = made(), audits = () => Number(one("select count(*) from audit_entry where entity = 'payment_intent' and action = 'withdraw'"));
    await as('billing_clerk').post(withdraw(no), {}, { raw: true }).is(403);
    const who = portal();
    await who.get(`/pay/${id}`).sees('Pay $15.00');
    expect(audits()).toBe(0);
    await cashier.get(of(no)).sees('Withdraw the link');
    await cashier.post(withdraw(no), {}, { from: of(no) }).done('The link is withdrawn.');
    expect(audits()).toBe(1);
    await cashier.get(of(no)).sees('This link is over.').lacks(`/pay/${id}`, 'Withdraw the link');
    await portal().get(`/pay/${id}`).sees(over).lacks('Pay $15.00');
    await who.post(`/pay/${id}/start`, {}, { raw: true });
    expect(one('select count(*) from payment_attempt a join payment_intent i on i.id = a.intent_id where i.public_id = ?', [id])).toBe('0');
    // the other one is as it was
    await portal().get(`/pay/${kept.id}`).sees('Pay $14.00');
    // twice, or one that is paid: refused, and nothing is noted
    await cashier.post(withdraw(no), {}).refuses(409, null, 'This link is over, or it is being paid.');
    const paid = one("select intent_no from payment_intent where state = 'succeeded' and channel = 'link' limit 1");
    await cashier.get(of(paid)).lacks('Withdraw the link');
    await cashier.post(withdraw(paid), {}).refuses(409, null, 'This link is over, or it is being paid.');
    await cashier.post(withdraw('PI-0000099999'), {}).is(404);
    expect(audits()).toBe(1);
    verify();
  });

  test('ONB03US01 a link is sent to the holder of the account by e-mail or text message; the history does not show it', async () => {
    const cashier = as('cashier'), sending = (no) => `${of(no)}/sending`, messages = () => sql("select channel, status, lang, to_address `to`, body_text body, body_enc is not null sealed from message where template_key = 'payment_link' order by id");
    const before = Number(one("select count(*) from audit_entry where action = 'send' and entity = 'payment_intent'")), mail = 'payer2@swa.test', phone = '+15035550302';
    await cashier.post(form, { account_no: account, amount: '16.00' }).done('The link is made.');
    const { id, no } = made();
    await as('billing_clerk').get(sending(no)).is(403);
    await as('billing_clerk').post(sending(no), { channel: 'email' }, { raw: true }).is(403);
    await cashier.get(of(no)).sees('Send', 'Withdraw the link');
    await cashier.get(sending(no)).sees('Send payment link', 'Payer Two gets the link to pay $16.00', mail, phone);
    await cashier.post(sending(no), { channel: null }, { from: sending(no) }).refuses(422, 'channel');
    await cashier.post(sending(no), { channel: 'letter' }, { from: sending(no) }).refuses(422, 'channel');
    expect(messages()).toEqual([]);
    await cashier.post(sending(no), { channel: 'email' }, { from: sending(no) }).done(`The link is on its way to ${mail}.`);
    await cashier.post(sending(no), { channel: 'sms' }, { from: sending(no) }).done(`The link is on its way to ${phone}.`);
    await jobs_run();
    const letter = mails(mail).at(-1), short = mails(phone).at(-1);
    expect(letter).toMatchObject({ channel: 'email', subject: expect.stringMatching(/^Pay \$16\.00 to /) });
    for (const m of [letter, short]) expect(m.body).toMatch(new RegExp(`https://[^/ ]+(/p/swa-w)?/pay/${id}\\b`));
    expect(letter.body).toContain(account);
    expect(short.body).not.toContain('{{');
    // stored with dots, and what was sealed until it left is gone: whoever reads the history cannot see who pays
    expect(messages().map((m) => [m.channel, m.to, m.lang, m.sealed, m.body.includes(id), m.body.includes('••••••')])).toEqual([['email', mail, 'en', '0', false, true], ['sms', phone, 'en', '0', false, true]]);
    expect(Number(one("select count(*) from audit_entry where action = 'send' and entity = 'payment_intent'")) - before).toBe(2);
    await portal().get(`/pay/${id}`).sees('Pay $16.00');
    // in the language of the holder
    sql("update consumer set preferred_language = 'es' where email = ?", [mail]);
    await cashier.post(sending(no), { channel: 'email' }, { from: sending(no) }).done('on its way');
    await jobs_run();
    expect(mails(mail).at(-1)).toMatchObject({ subject: expect.stringMatching(/^Pague /), body: expect.stringContaining('sin iniciar sesión') });
    sql("update consumer set preferred_language = 'en' where email = ?", [mail]);
  });

  test('ONB03US01 nothing is sent where there is no address, where messages were stopped, or of a link that is over or paid', async () => {
    const cashier = as('cashier'), sending = (no) => `${of(no)}/sending`, sent = () => Number(one("select count(*) from message where template_key = 'payment_link'")), mail = 'payer2@swa.test', phone = '+15035550302';
    const no = one('select intent_no from payment_intent where amount_minor = 1600'), before = sent();
    sql("insert into suppression (utility_id, channel, address_hash, reason, since, source) select utility_id, channel, to_hash, 'stop', created_at, 'test' from message where to_address = ? and channel = 'sms' limit 1", [phone]);
    await cashier.post(sending(no), { channel: 'sms' }, { from: sending(no) }).refuses(422, 'channel', `Nothing is sent to ${phone}: messages to it were stopped, or it does not work. Give the link in another way.`);
    sql('update suppression set lifted_at = utc_timestamp(6)');
    sql('update consumer set email = null, primary_phone = null where email = ?', [mail]);
    await cashier.get(sending(no)).sees('E-mail: none known', 'Text message: none known');
    await cashier.post(sending(no), { channel: 'email' }, { from: sending(no) }).refuses(422, 'channel', 'Payer Two has no e-mail address.');
    await cashier.post(sending(no), { channel: 'sms' }, { from: sending(no) }).refuses(422, 'channel', 'Payer Two has no telephone number.');
    sql("update consumer set email = ?, primary_phone = ? where consumer_no = 'WA-CUST-100002'", [mail, phone]);
    sql("update template set status = 'archived' where `key` = 'payment_link'");
    await cashier.post(sending(no), { channel: 'email' }, { from: sending(no) }).refuses(422, 'channel', 'This message cannot be sent this way. See the message templates.');
    sql("update template set status = 'active' where `key` = 'payment_link'");
    // open on the screen while somebody withdraws it
    const shown = await cashier.get(sending(no)).is(200), hidden = Object.fromEntries(['csrf', 'form_key'].map((k) => [k, shown.body.match(new RegExp(`name="${k}" value="([^"]+)"`))[1]]));
    sql("update payment_intent set expires_at = '2026-01-31' where intent_no = ?", [no]);
    await cashier.post(sending(no), { ...hidden, channel: 'email' }, { raw: true }).is(409);
    await cashier.get(sending(no)).refuses(409, null, 'This link is over.');
    await cashier.get(of(no)).lacks('/sending');
    const paid = one("select intent_no from payment_intent where state = 'succeeded' and channel = 'link' limit 1");
    await cashier.get(sending(paid)).refuses(409, null, 'It is paid.');
    await cashier.get(of(paid)).lacks('/sending');
    await cashier.get(sending('PI-0000099999')).is(404);
    expect(sent()).toBe(before);
    verify();
  });

  test('ONB03US01 the pages of links look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(120000);
    const faults = await watch(page.context());
    await as('cashier').browse(page, `${form}?account=${account}`);
    await looks_right(page, { widths: [360, 1440], shots: 'pay-link-form' });
    await as('cashier').browse(page, of(one("select intent_no from payment_intent where state = 'succeeded' limit 1")));
    await looks_right(page, { widths: [360, 1440], shots: 'pay-link' });
    await as('cashier').browse(page, of(one("select intent_no from payment_intent where amount_minor = 1400")));
    await looks_right(page, { widths: [360, 1440], shots: 'pay-link-open' });
    await as('cashier').browse(page, `${of(one('select intent_no from payment_intent where amount_minor = 1400'))}/sending`);
    await looks_right(page, { widths: [360, 1440], shots: 'pay-link-send' });
    expect(faults).toEqual([]);
  });
});
