const { story } = require('../support/story');
const { gateway, proxy, cuts, account, event, begin, review } = require('../support/gateway');
const { slowness } = require('../support/faults');

story('F7', 'HUB-FIX', ({ as, test, expect, instance, sql, one, order, clock, jobs_run, sleep, request }) => {
  let bank, line, slow;
  const who = () => as('payer1@swa.test');
  const state = (id) => one('select state from payment_intent where public_id = ?', [id]);
  const payments = () => one('select count(*) from payment');
  const postings = () => one("select count(*) from ledger_txn where txn_type = 'payment'");
  const start = async (id) => {
    const form = Object.fromEntries(await who().form_fields(`/p/swa-w/pay/${id}/start`, { from: await review(who(), id) }));
    const at = Date.now();
    const answer = await who().post(`/pay/${id}/start`, form, { raw: true });
    expect(Date.now() - at, 'ms for the page').toBeLessThan(5000 * slow);
    return answer;
  };
  const until = async (id, wanted) => {
    for (let i = 0; i < 240 && state(id) !== wanted; i++) { await sleep(250); if (i % 4 === 3) clock.forward({ seconds: 6 }); }
    expect(state(id)).toBe(wanted);
  };

  test.beforeEach(async () => {
    slow = await slowness();
    order('set', 'HUB-FIX');
    bank = await gateway();
    line = await proxy(bank.port);
    account(instance(), line.port);
  });
  test.afterEach(() => { line.close(); bank.closeAll(); bank.close(); });

  for (const cut of Object.keys(cuts)) test(`F7 ${cut}: being checked, asked for by key, one charge, one posting`, async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '114.25');
    Object.assign(line, { cut, times: 1 });
    const answer = await start(id);
    expect(answer.status).toBe(303);
    await who().get(`/pay/${id}/return`).and((r) => { expect(r.text).toMatch(/We are checking with the payment provider\. Nothing was taken so far\.|Go to the payment page/); });
    await until(id, 'requires_action');
    expect(bank.sessions.size, 'orders at the gateway').toBe(1);
    expect(new Set(bank.calls.map((c) => c.idempotency)).size, 'keys').toBe(1);
    expect(new Set(bank.calls.map((c) => c.body)).size, 'bodies').toBe(1);
    const [session] = bank.sessions.values();
    expect((await start(id)).location).toBe(session.url);           /* the second press leads to the same page */
    const told = event(instance(), bank.charge(session));
    expect((await request(told)).status).toBe(200);
    await jobs_run();
    await who().get(`/pay/${id}/return`).sees('Success', '$114.25');
    expect([bank.charges(), payments(), postings(), one("select payment_status from bill where bill_no = 'WA-BILL-202604-000001'")]).toEqual([1, '1', '1', 'paid']);
  });

  test('F7 no answer four times: nothing was taken, and another try has one charge and one posting', async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '114.25');
    Object.assign(line, { cut: 'answer lost', times: 4 });
    await start(id);
    await until(id, 'failed_to_start');
    expect([bank.sessions.size, bank.calls.length, payments()]).toEqual([1, 4, '0']);
    await who().get(`/pay/${id}/return`).sees('Nothing was taken.');
    expect((await start(id)).location).toBe('https://checkout.stripe.com/c/pay/cs_test_2');
    await request(event(instance(), bank.charge(bank.sessions.get('cs_test_2'))));
    await jobs_run();
    expect([bank.charges(), payments(), postings(), state(id)]).toEqual([1, '1', '1', 'succeeded']);
  });

  test('F7 the worker dies before the answer: the payment is opened all the same, once', async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '114.25');
    sql(`insert into payment_attempt (intent_id, no, gateway_account_id, idempotency_key, started_at) select i.id, 1, g.id, concat(i.public_id, '-1'), utc_timestamp(6) from payment_intent i join gateway_account g on g.driver = 'stripe' where i.public_id = ?`, [id]);
    sql(`update payment_intent set gateway_account_id = (select id from gateway_account where driver = 'stripe') where public_id = ?`, [id]);
    sql(`insert into smart360.job (tenant_id, utility_id, kind, class, payload, run_at, max_attempts, actor_kind) select r.tenant_id, r.utility_id, 'payment.start', 'payments', json_object('attempt', (select max(id) from payment_attempt), 'tries', 1, 'state', 'about_to_call'), '2020-01-01', 12, 'system' from smart360.webhook_route r where r.driver = 'stripe'`);
    await who().get(`/pay/${id}`).goes(`/pay/${id}/return`);
    await until(id, 'requires_action');
    expect([bank.sessions.size, bank.calls.length]).toEqual([1, 1]);
  });

  test('F7 the same order paid under two numbers of the provider: both are there, the second as credit', async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '114.25');
    await start(id);
    const [session] = bank.sessions.values();
    const told = bank.charge(session);
    for (const n of [1, 2]) await request(event(instance(), { ...told, id: `evt_${n}`, data: { object: { ...session, payment_intent: `pi_${n}` } } }));
    await request(event(instance(), { ...told, id: 'evt_3', data: { object: { ...session, payment_intent: 'pi_2' } } }));
    await jobs_run();
    expect(sql('select amount_minor, allocated_minor, unallocated_minor from payment order by id')).toEqual([
      { amount_minor: '11425', allocated_minor: '11425', unallocated_minor: '0' }, { amount_minor: '11425', allocated_minor: '0', unallocated_minor: '11425' }]);
    expect(one('select exception from payment_intent where public_id = ?', [id])).toBe('duplicate_suspect');
    expect(sql('select state, reason from webhook_event where source = "gateway" order by id').map((e) => e.state)).toEqual(['processed', 'processed', 'ignored']);
    expect(one("select balance_minor from account where account_no = 'WA-ACC-100001'")).toBe('-11425');
  });

  test('F7 who looks again and again does not use up the schedule of questions', async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '114.25');
    await start(id);
    for (let i = 0; i < 10; i++) { clock.forward({ seconds: 21 }); await who().get(`/pay/${id}/return`).sees('Pending'); await jobs_run(); }
    expect(bank.calls.filter((c) => c.method === 'GET').length, 'questions').toBeGreaterThan(5);
    expect(sql('select checks, next_check_at is not null as waits from payment_intent where public_id = ?', [id])).toEqual([{ checks: '0', waits: '1' }]);
    for (let i = 0; i < 5; i++) await who().get(`/pay/${id}/return`);
    await jobs_run();
    const [session] = bank.sessions.values();
    bank.charge(session);                           /* and no event comes */
    clock.forward({ minutes: 15 });
    for (let i = 0; i < 80 && state(id) !== 'succeeded'; i++) await sleep(500);
    expect(state(id)).toBe('succeeded');
  });

  test('F7 money that arrives after its way of paying was switched off is posted', async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '114.25');
    await start(id);
    sql("update channel_mode cm join payment_mode m on m.id = cm.mode_id set cm.enabled = 0 where m.code = 'card_online'");
    await request(event(instance(), bank.charge([...bank.sessions.values()][0])));
    await jobs_run();
    expect([payments(), state(id)]).toEqual(['1', 'succeeded']);
  });
});
