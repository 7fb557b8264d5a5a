// Money that goes back, where two things meet: a refund whose outcome nobody knows, a refund pressed twice, a dispute beside a
// refund, two disputes, a chargeback of what a cancelled bill had been paid with (assurance section 4; ONB03US01, CIS01US09). Each
// test looks at both sides: what must be posted, and what must not.
const { story } = require('../support/story');
const { StripeDouble } = require('../support/stripe_double');
const { webhook, open_payments, paid } = require('../support/faults');

story('ONB03US01 refunds and disputes', 'HUB-FIX', ({ as, portal, test, expect, sql, one, ledger, jobs_run, clock, request, instance, verify, mails, order }) => {
  const account = 'WA-ACC-100001';
  let double, first = true;
  const net = (code) => ledger().filter((l) => l.code === code).reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0);
  const nets = () => Object.fromEntries(['1020', '1999', '2150', '5120'].map((code) => [code, net(code)]));
  const owed = () => Number(one('select balance_minor from account where account_no = ?', [account]));
  const flag = () => one('select dispute_flag from account where account_no = ?', [account]);
  const payment = () => sql('select p.payment_no no, p.status, p.allocated_minor paid, p.unallocated_minor free, p.refunded_minor back, p.reversed_minor gone from payment p join account a on a.id = p.account_id where a.account_no = ? order by p.id', [account])[0];
  const bill = () => sql("select b.payment_status paid, b.open_minor open from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status = 'published'", [account])[0];
  const alerts = (kind) => Number(one('select count(*) from alert where kind = ? and resolved_at is null', [kind]));
  const sets = (type) => Number(one('select count(*) from ledger_txn where txn_type = ?', [type]));
  const told = async (type, object) => { expect((await request(double.event(type, object, { at: instance().now() }))).status).toBe(200); await jobs_run(); };

  // The account pays all of its bill at Stripe: { no, pi }.
  const pay = async () => {
    if (!first) order('set', 'HUB-FIX');
    first = false;
    await double?.stop();
    double = await StripeDouble.start({ now: () => instance().now() });
    sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
    sql("update gateway_account set status = 'active', api_base = ? where driver = 'stripe'", [double.url]);
    const who = portal();
    await who.post('/pay/guest', { account_no: account, postal_code: '97209' }, { from: '/pay' }).goes('/pay');
    const r = await who.post('/pay', { [`pick_free-${account}`]: '1', [`amount_free-${account}`]: '114.25' }, { from: '/pay' }).is(303);
    const id = r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).is(303);
    const no = one('select intent_no from payment_intent where public_id = ?', [id]), session = double.session_of(no), pi = double.pay(session);
    await told('checkout.session.completed', session);
    expect([owed(), payment().paid]).toEqual([0, '11425']);
    return { no, pi: pi.id };
  };
  const ask = async (amount) => {
    await as('cso').post(`/cis/payments/${payment().no}/refund`, { amount, payout_kind: 'original', reason: 'paid too much' }, { from: `/cis/payments/${payment().no}/refund` }).done('waits for approval');
    return one('select max(refund_no) from refund_request');
  };
  const approve = (refund) => as('cso_supervisor').post(`/cis/refunds/${refund}/approve`, {}, { from: `/cis/refunds/${refund}` });
  const refund_of = (refund) => sql('select r.state, q.status from refund_request q left join refund r on r.refund_request_id = q.id where q.refund_no = ?', [refund])[0];

  test.afterEach(() => { if (double) expect(double.violations).toEqual([]); });
  test.afterAll(async () => { await double?.stop(); double = null; });

  test('ONB03US01 a refund under way meets a dispute over the whole payment; the refund fails: the dispute has the money; won, all is back', async () => {
    const { pi } = await pay();
    double.refund_status = 'pending';
    const refund = await ask('50.00');
    await approve(refund).done('is approved');
    await jobs_run();
    expect([refund_of(refund).state, owed(), net('2150')]).toEqual(['submitted', 5000, -5000]);

    const opened = double.dispute(pi, 'needs_response');
    await told('charge.dispute.created', opened);
    expect([owed(), bill().open]).toEqual([11425, '11425']);
    expect(payment()).toMatchObject({ status: 'reversed', paid: '0', free: '0', back: '5000', gone: '6425' });
    expect(nets()).toEqual({ 1020: -1500, 1999: 5000, 2150: -5000, 5120: 1500 });       // 50.00 more than the payment holds
    expect(alerts('dispute.unmatched')).toBe(1);
    verify();

    await told('refund.failed', { ...double.refunds.at(-1), status: 'failed', failure_reason: 'charge_for_pending_refund_disputed' });
    expect(refund_of(refund)).toEqual({ state: 'failed', status: 'failed' });
    expect([owed(), bill().open]).toEqual([11425, '11425']);                            // not given to the consumer: the bank has it
    expect(payment()).toMatchObject({ status: 'reversed', paid: '0', free: '0', back: '0', gone: '11425' });
    expect(nets()).toEqual({ 1020: -1500, 1999: 0, 2150: 0, 5120: 1500 });
    expect(alerts('dispute.unmatched')).toBe(0);
    verify();

    await told('charge.dispute.closed', double.dispute(pi, 'won', { id: opened.id }));
    expect([owed(), bill()]).toEqual([0, { paid: 'paid', open: '0' }]);
    expect(payment()).toMatchObject({ status: 'posted', paid: '11425', back: '0', gone: '0' });
    expect(nets()).toEqual({ 1020: 11425, 1999: 0, 2150: 0, 5120: 0 });
    expect(sets('dispute_won')).toBe(2);
    verify();
  });

  test('ONB03US01 a refund under way meets a dispute, and succeeds: what was taken twice stands in suspense for a person; won, it is even', async () => {
    const { pi } = await pay();
    double.refund_status = 'pending';
    const refund = await ask('50.00');
    await approve(refund).is(303);
    await jobs_run();
    const opened = double.dispute(pi, 'needs_response');
    await told('charge.dispute.created', opened);
    await told('refund.updated', { ...double.refunds.at(-1), status: 'succeeded' });
    expect(refund_of(refund)).toEqual({ state: 'succeeded', status: 'paid' });
    expect(payment()).toMatchObject({ status: 'reversed', back: '5000', gone: '6425', paid: '0' });
    expect([owed(), nets()]).toEqual([11425, { 1020: -6500, 1999: 5000, 2150: 0, 5120: 1500 }]);
    expect(alerts('dispute.unmatched')).toBe(1);
    await as('billing_manager').get('/integrations/disputes').sees('114.25', 'Open');
    verify();
    await told('charge.dispute.closed', double.dispute(pi, 'won', { id: opened.id }));
    expect(payment()).toMatchObject({ status: 'partially_refunded', back: '5000', gone: '0', paid: '6425' });
    expect([owed(), nets()]).toEqual([5000, { 1020: 6425, 1999: 0, 2150: 0, 5120: 0 }]);
    expect(alerts('dispute.unmatched')).toBe(0);
    verify();
  });

  test('ONB03US01 a refund that was asked for cannot be approved while the money is disputed; won, it can', async () => {
    const { pi } = await pay();
    const refund = await ask('114.25');
    const opened = double.dispute(pi, 'needs_response');
    await told('charge.dispute.created', opened);
    await approve(refund).refuses(409, null, 'At most 0.00 can be refunded.');
    expect([refund_of(refund).status, sets('refund'), double.seen.filter((s) => s.key === refund).length]).toEqual(['requested', 0, 0]);
    await as('cso').post(`/cis/payments/${payment().no}/refund`, { amount: '1.00', payout_kind: 'bank', reason: 'another way' }).refuses(422, 'amount', 'At most 0.00 can be refunded.');
    await told('charge.dispute.closed', double.dispute(pi, 'won', { id: opened.id }));
    await approve(refund).done('is approved');
    await jobs_run();
    expect(refund_of(refund)).toEqual({ state: 'succeeded', status: 'paid' });
    expect([owed(), sets('refund')]).toEqual([11425, 1]);
    verify();
  });

  test('ONB03US01 approved by five presses at once, told by three events at once, its answer lost: one refund there, one here', async () => {
    await pay();
    const refund = await ask('20.00'), supervisor = as('cso_supervisor');
    await supervisor.get(`/cis/refunds/${refund}`).is(200);
    const forms = await Promise.all(Array.from({ length: 5 }, async () => Object.fromEntries(await supervisor.form_fields(`/u/swa-w/cis/refunds/${refund}/approve`, { from: `/cis/refunds/${refund}` }))));
    double.next('POST /v1/refunds', 'lose');
    const answers = await Promise.all(forms.map(async (f) => supervisor.post(`/cis/refunds/${refund}/approve`, f, { raw: true })));
    expect(answers.map((r) => r.status).sort()).toEqual([303, 409, 409, 409, 409]);
    await jobs_run();
    expect([refund_of(refund).state, owed(), net('2150')]).toEqual(['submitted', 2000, -2000]);        // unknown is neither paid nor failed
    const object = double.refunds.at(-1), event = double.event('refund.updated', object, { at: instance().now() });
    expect([...new Set((await Promise.all([1, 2, 3].map(() => request(event)))).map((r) => r.status))]).toEqual([200]);
    await jobs_run();
    clock.forward({ minutes: 5 });
    await jobs_run();
    expect(double.refunds.filter((r) => r.metadata.refund === refund)).toHaveLength(1);
    expect([refund_of(refund).state, sets('refund'), sets('refund_paid'), owed()]).toEqual(['succeeded', 1, 1, 2000]);
    expect(one("select count(*) from refund")).toBe('1');
    expect(mails('payer1@swa.test').filter((m) => /refund of \$20\.00/i.test(m.subject))).toHaveLength(1);
    verify();
  });

  test('ONB03US01 a dispute over what a refund left is lost: nothing is taken twice, nothing can be refunded, and the consumer is told', async () => {
    const { pi } = await pay();
    const refund = await ask('50.00');
    await approve(refund).is(303);
    await jobs_run();
    expect([refund_of(refund).status, owed()]).toEqual(['paid', 5000]);
    const opened = double.dispute(pi, 'needs_response', { amount: 6425 });
    await told('charge.dispute.created', opened);
    await told('charge.dispute.closed', double.dispute(pi, 'lost', { id: opened.id, amount: 6425 }));
    await told('charge.dispute.updated', opened);                                       // late: it stays lost
    expect(sql('select state, amount_minor a, unheld_minor u from dispute')).toEqual([{ state: 'lost', a: '6425', u: '0' }]);
    expect(payment()).toMatchObject({ status: 'reversed', back: '5000', gone: '6425', paid: '0', free: '0' });
    expect([owed(), bill().open, nets()]).toEqual([11425, '11425', { 1020: -1500, 1999: 0, 2150: 0, 5120: 1500 }]);
    expect(alerts('dispute.unmatched')).toBe(0);
    const mail = mails('payer1@swa.test').filter((m) => /was reversed/.test(m.subject));
    expect(mail).toHaveLength(1);
    expect(mail[0].subject).toBe('Your payment of $64.25 was reversed');
    expect(mail[0].body).toContain('your bank took the money back');
    verify();
  });

  test('ONB03US01 the gateway gives back more than it had received: what the payment held and its fee go back, the rest stands in suspense for a person', async () => {
    const { no, pi } = await pay();
    sql("update gateway_account set fee_fixed_minor = 100 where driver = 'stripe'");
    const intent = () => sql('select state, exception, refunded_minor back from payment_intent where intent_no = ?', [no])[0];
    const all = double.refund(pi, 11425, {}, 'succeeded');
    all.id = `re_${'3PdoubleLongAsStripes00'.padEnd(24, '0')}`;                     // as long as they are
    await told('refund.updated', all);
    expect([intent(), nets()]).toEqual([{ state: 'refunded', exception: null, back: '11425' }, { 1020: 0, 1999: 0, 2150: 0, 5120: 0 }]);
    const more = double.refund(pi, 2000, {}, 'succeeded');
    more.id = `re_${'3PdoubleLongAsStripes01'.padEnd(24, '0')}`;
    await told('refund.updated', more);
    expect([intent(), nets(), owed()]).toEqual([{ state: 'refunded', exception: 'over_refunded', back: '11425' }, { 1020: -2000, 1999: 2000, 2150: 0, 5120: 0 }, 11425]);
    expect(sql('select amount_minor a, unheld_minor u, external e, state from refund order by id')).toEqual([{ a: '11425', u: '0', e: '1', state: 'succeeded' }, { a: '2000', u: '2000', e: '1', state: 'succeeded' }]);
    expect(one("select link from alert where kind = 'payment.exception' and resolved_at is null")).toBe(`/integrations/payments/${no}`);
    verify();                                                                       // I8 holds: no refund of a payment is more than it
    await told('refund.updated', { ...more });                                      // told again: nothing more
    await told('charge.refunded', double.charge(pi));
    expect([nets()['1999'], one('select count(*) from refund')]).toEqual([2000, '2']);
    const bm = as('billing_manager'), page = `/integrations/payments/${no}`;
    const seen = await bm.get(page).sees('Too much given back', 'gave back more than it had received', '$20.00 of it in suspense');
    expect(seen.body).not.toContain('/refund"');                                    // nothing is left to give back
    await bm.get('/integrations/payments?exception=over_refunded').sees(no);
    await bm.post(`${page}/acceptance`, { note: '' }, { from: page }).refuses(422, 'note');
    await bm.post(`${page}/acceptance`, { note: 'Stripe was asked: its mistake, it comes back.' }, { from: page }).done('The payment is accepted.');
    expect([intent().exception, alerts('payment.exception')]).toEqual([null, 0]);
    verify();
  });

  test('ONB03US01 a refund at the gateway over the payment, its fee and more: each part goes where it belongs', async () => {
    const keep = one("select fee_fixed_minor from gateway_account where driver = 'stripe'");
    expect(keep).toBe('100');
    order('set', 'HUB-FIX');
    sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
    sql("update gateway_account set status = 'active', api_base = ?, fee_fixed_minor = 100 where driver = 'stripe'", [double.url]);
    const who = portal();
    await who.post('/pay/guest', { account_no: account, postal_code: '97209' }, { from: '/pay' }).goes('/pay');
    const r = await who.post('/pay', { [`pick_free-${account}`]: '1', [`amount_free-${account}`]: '50.00' }, { from: '/pay' }).is(303), id = r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).is(303);
    const no = one('select intent_no from payment_intent where public_id = ?', [id]), session = [...double.sessions.values()].at(-1), pi = double.pay(session);
    await told('checkout.session.completed', session);
    expect([owed(), net('4180')]).toEqual([6425, -100]);
    await told('refund.updated', double.refund(pi.id, 6000, {}, 'succeeded'));
    expect([owed(), net('4180'), net('1999'), net('1020')]).toEqual([11425, 0, 900, -900]);
    expect(sql('select amount_minor a, unheld_minor u from refund order by id')).toEqual([{ a: '5000', u: '0' }, { a: '1000', u: '900' }]);
    expect(sql('select state, exception, refunded_minor back from payment_intent where intent_no = ?', [no])).toEqual([{ state: 'refunded', exception: 'over_refunded', back: '5100' }]);
    verify();
  });

  test('ONB03US01 two disputes of one payment: each gives back what it took, whichever ends first', async () => {
    const { pi } = await pay();
    const a = double.dispute(pi, 'needs_response', { amount: 3000, fee: 0 }), b = double.dispute(pi, 'needs_response', { amount: 5000, fee: 0 });
    await told('charge.dispute.created', a);
    await told('charge.dispute.created', b);
    expect([owed(), payment()]).toEqual([8000, expect.objectContaining({ paid: '3425', gone: '8000', status: 'posted' })]);
    await told('charge.dispute.closed', double.dispute(pi, 'won', { id: a.id, amount: 3000, fee: 0 }));
    expect([owed(), payment()]).toEqual([5000, expect.objectContaining({ paid: '6425', gone: '5000' })]);
    expect(flag()).toBe('1');               // the other one is open still
    verify();
    await told('charge.dispute.closed', double.dispute(pi, 'lost', { id: b.id, amount: 5000, fee: 0 }));
    expect(flag()).toBe('0');
    expect([owed(), net('1020')]).toEqual([5000, 6425]);
    expect(sql('select state, amount_minor a from dispute order by id')).toEqual([{ state: 'won', a: '3000' }, { state: 'lost', a: '5000' }]);
    verify();
  });
});

story('CIS01US09 reversed after its bill was cancelled', 'BX-FIX', ({ as, test, expect, sql, one, ledger, jobs_run, command, request, instance, verify, order }) => {
  const account = 'SF-1001', balance = () => one('select balance_minor from account where account_no = ?', [account]);
  const payment = () => sql('select p.status, p.allocated_minor paid, p.unallocated_minor free, p.reversed_minor gone from payment p join account a on a.id = p.account_id where a.account_no = ?', [account])[0];
  const bills = () => sql("select b.status, b.payment_status paid, b.open_minor open from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status <> 'discarded' order by b.id", [account]);
  const net = (code) => ledger().filter((l) => l.code === code).reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0);
  const no = 'PI-1000000000';
  const told = async (event) => { expect((await request(webhook(instance(), event))).status).toBe(200); await jobs_run(); };
  const dispute = (state) => told({ id: `evt_dp_${state}`, type: `dispute.${state}`, intent_no: no, payment_id: `sbx_pay_${no}`, ref: 'sbx_dp_1', amount_minor: 20000, fee_minor: 0, currency: 'USD' });
  const bill_no = 'WA-BILL-202605-000001';
  // A bill of 188.00 is paid with 200.00.
  const begin = async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    open_payments(instance(), account, 1, no.slice(0, -9));
    sql('update payment_intent set amount_minor = 20000 where intent_no = ?', [no]);
    sql('update payment_intent_line l join payment_intent i on i.id = l.intent_id set l.amount_minor = 20000 where i.intent_no = ?', [no]);
    await told({ ...paid(no), amount_minor: 20000 });
    expect([bills()[0], payment(), balance()]).toEqual([{ status: 'published', paid: 'paid', open: '0' }, { status: 'posted', paid: '18800', free: '1200', gone: '0' }, '-1200']);
  };
  const cancel = async () => { await as('billing_manager').post(`/bx/bills/${bill_no}/cancellation`, { reason: 'wrong_reading', note: 'the index was read wrong' }).done('is cancelled'); await jobs_run(); };
  const rebill = async () => {
    await as('billing_manager').post(`/bx/bills/${bill_no}/rebill`, {}, { from: `/bx/bills/${bill_no}` }).is(303);
    const draft = one("select concat(a.account_no, '-', b.draft_ref) from bill b join account a on a.id = b.account_id where b.status = 'draft' and b.version_no = 2");
    await as('utility_admin').post(`/bx/bills/draft-${draft}/publication`, {}, { from: `/bx/bills/draft-${draft}` }).is(303);
    await jobs_run();
  };

  test('CIS01US09 the bill is cancelled, then its payment is charged back: no credit is left to use; won, it pays the new bill', async () => {
    await begin();
    await cancel();
    expect([payment(), balance()]).toEqual([{ status: 'posted', paid: '0', free: '20000', gone: '0' }, '-20000']);
    await dispute('opened');
    expect([payment(), balance()]).toEqual([{ status: 'reversed', paid: '0', free: '0', gone: '20000' }, '0']);
    verify();
    await rebill();
    expect([bills()[1], balance()]).toEqual([{ status: 'published', paid: 'unpaid', open: '18800' }, '18800']);        // money that is gone pays nothing
    await dispute('won');
    expect([bills()[1], payment(), balance()]).toEqual([{ status: 'published', paid: 'paid', open: '0' }, { status: 'posted', paid: '18800', free: '1200', gone: '0' }, '-1200']);
    expect([net('1020'), net('1999')]).toEqual([20000, 0]);
    verify();
  });

  test('CIS01US09 charged back first, then the bill is cancelled: nothing is freed twice; lost, the new bill is due', async () => {
    order('set', 'BX-FIX');
    await begin();
    await dispute('opened');
    expect([bills()[0], balance()]).toEqual([{ status: 'published', paid: 'unpaid', open: '18800' }, '18800']);
    await cancel();
    expect([bills()[0].status, payment(), balance()]).toEqual(['cancelled', { status: 'reversed', paid: '0', free: '0', gone: '20000' }, '0']);
    verify();
    await rebill();
    await dispute('lost');
    expect([bills()[1], payment().status, balance(), net('1020')]).toEqual([{ status: 'published', paid: 'unpaid', open: '18800' }, 'reversed', '18800', 0]);
    verify();
  });
});
