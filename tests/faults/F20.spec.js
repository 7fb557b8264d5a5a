// The same payment form sent many times at once, from one tab and from two, and looked at again: one payment, one receipt.
const { story } = require('../support/story');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };

story('F20', 'UX-FIX', ({ as, test, expect, sql, one, jobs_run, verify }) => {
  const count = (table) => Number(one(`select count(*) from ${table}`));
  const hidden = (page) => Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
  const pick = { 'pick_WA-BILL-202604-000101': '1', 'amount_WA-BILL-202604-000101': '84.60' };
  const at_once = (n, what) => Promise.all(Array.from({ length: n }, what));
  let id;

  test('F20 one payment form sent 50 times at once, at each of its steps: one payment, one receipt', async () => {
    const who = as('alpha@swa.test'), before = { payments: count('payment'), receipts: count('receipt') };
    const form = { ...hidden(await who.get('/pay').is(200)), ...pick };
    const sent = await at_once(50, async () => who.post('/pay', form, { raw: true }));
    expect([...new Set(sent.map((r) => r.status))]).toEqual([303]);
    expect(new Set(sent.map((r) => r.location)).size).toBe(1);
    expect(count('payment_intent')).toBe(1);
    id = sent[0].location.split('/').pop();

    const fields = Object.fromEntries(await who.form_fields(`/p/swa-w/pay/${id}/start`, { from: `/pay/${id}` }));
    const started = await at_once(50, async () => who.post(`/pay/${id}/start`, fields, { raw: true }));
    expect(started.map((r) => r.status).filter((s) => s !== 303)).toEqual([]);
    expect(count('payment_attempt')).toBe(1);

    const card = { ...Object.fromEntries(await who.form_fields(`/sandbox/pay/${id}`, { from: `/sandbox/pay/${id}` })), ...CARD };
    const paid = await at_once(50, async () => who.post(`/sandbox/pay/${id}`, card, { raw: true }));
    expect(paid.map((r) => r.status).filter((s) => s !== 303)).toEqual([]);
    expect(new Set(paid.map((r) => r.location)).size).toBe(1);
    await jobs_run();
    expect({ payments: count('payment') - before.payments, receipts: count('receipt') - before.receipts }).toEqual({ payments: 1, receipts: 1 });
    expect(one("select paid_minor from bill where bill_no = 'WA-BILL-202604-000101'")).toBe('8460');
    verify();
  });

  test('F20 the form sent again afterwards, and a reload: the first one\'s receipt', async () => {
    const who = as('alpha@swa.test'), receipt = one('select receipt_no from receipt order by id desc limit 1');
    await at_once(10, async () => who.get(`/pay/${id}/return`).sees('Success', '$84.60', receipt));
    await who.post(`/pay/${id}/start`, {}, {}).is(303);
    await who.get(`/pay/${id}`).sees('Success', receipt);
    expect(count('payment_attempt')).toBe(1);
  });

  test('F20 two tabs: the second is asked whether it means it, 50 times at once too', async () => {
    const who = as.anew('beta@swa.test');
    const free = { 'pick_free-WA-ACC-300003': '1', 'amount_free-WA-ACC-300003': '20.00' };
    const tabs = [{ ...hidden(await who.get('/pay?other=1').is(200)), ...free }, { ...hidden(await who.get('/pay?other=1').is(200)), ...free }];
    const first = await who.post('/pay', tabs[0], { raw: true }).is(303), mine = first.location.split('/').pop();
    await who.post(`/pay/${mine}/start`, {}, { from: `/pay/${mine}` }).goes(`/sandbox/pay/${mine}`);
    const others = await at_once(50, async () => who.post('/pay', tabs[1], { raw: true }));
    expect([...new Set(others.map((r) => r.status))]).toEqual([409]);
    expect(others[0].text).toMatch(/\$20\.00.*Pay again\?/);
    expect(sql("select count(*) n from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-300003'")).toEqual([{ n: '1' }]);
  });

  test('F20 a form of the desk sent 50 times at once: one record, and everybody sees its page', async () => {
    const bm = as('billing_manager');
    await bm.get('/bx/gl-codes/new').is(200);
    const fields = { ...Object.fromEntries(await bm.form_fields('/u/swa-w/bx/gl-codes', { from: '/bx/gl-codes/new' })), code: '4777', name: 'Fault test', type: 'revenue', normal_side: 'credit' };
    const answers = await at_once(50, async () => bm.post('/bx/gl-codes', fields, { raw: true }));
    expect([...new Set(answers.map((r) => r.status))]).toEqual([303]);
    expect(new Set(answers.map((r) => r.location)).size).toBe(1);
    expect(one("select count(*) from gl_code where code = '4777'")).toBe('1');
    expect(one("select count(*) from audit_entry where entity = 'gl_code' and number = '4777'")).toBe('1');
    await bm.get('/bx/gl-codes/4777').sees('Fault test');
  });
});
