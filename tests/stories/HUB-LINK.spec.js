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

  test('ONB03US01 the pages of links look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(120000);
    const faults = await watch(page.context());
    await as('cashier').browse(page, `${form}?account=${account}`);
    await looks_right(page, { widths: [360, 1440], shots: 'pay-link-form' });
    await as('cashier').browse(page, of(one("select intent_no from payment_intent where state = 'succeeded' limit 1")));
    await looks_right(page, { widths: [360, 1440], shots: 'pay-link' });
    await as('cashier').browse(page, of(one("select intent_no from payment_intent where amount_minor = 1400")));
    await looks_right(page, { widths: [360, 1440], shots: 'pay-link-open' });
    expect(faults).toEqual([]);
  });
});
