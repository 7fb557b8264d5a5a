const { spawn } = require('child_process');
const { story } = require('../support/story');
const { hold, open_payments, paid, webhook } = require('../support/faults');
const { gateway, account, event, begin, review } = require('../support/gateway');

story('F10', 'HUB-FIX', ({ as, test, expect, instance, sql, one, clock, jobs_run, sleep, request }) => {
  let bank;
  const who = () => as('payer1@swa.test');
  const start = async (id) => {
    const form = Object.fromEntries(await who().form_fields(`/p/swa-w/pay/${id}/start`, { from: await review(who(), id) }));
    return who().post(`/pay/${id}/start`, form, { raw: true }).is(303);
  };
  const postings = (id) => one("select count(*) from ledger_txn t join payment p on p.id = t.source_id and t.source_type = 'payment' join payment_intent i on i.id = p.payment_intent_id where i.public_id = ?", [id]);
  const both_ends_show_paid = async (id, amount) => {
    await who().get(`/pay/${id}/return`).sees('Success', amount);
    await as('cso_supervisor').get(`/cis/payments/${one('select p.payment_no from payment p join payment_intent i on i.id = p.payment_intent_id where i.public_id = ?', [id])}`).sees(amount);
    expect([one('select state from payment_intent where public_id = ?', [id]), postings(id)]).toEqual(['succeeded', '1']);
  };

  test.beforeAll(async () => { bank = await gateway(); account(instance(), bank.port); });
  test.afterAll(() => { bank.closeAll(); bank.close(); });

  test('F10 the event comes before the gateway has answered us: both ends show paid, one posting', async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '10.00');
    bank.on_open = async (session) => { expect((await request(event(instance(), bank.charge(session)))).status).toBe(200); await sleep(1500); };
    await start(id);
    bank.on_open = null;
    await jobs_run();
    await both_ends_show_paid(id, '$10.00');
  });
  test('F10 the event comes while our commit is held up for 2 seconds: both ends show paid, one posting', async () => {
    const id = await begin(who(), 'WA-BILL-202604-000001', '11.00');
    bank.on_open = async (session) => {
      const release = await hold(instance(), `select id from payment_attempt where idempotency_key = '${id}-1' for update`);
      await request(event(instance(), bank.charge(session)));
      setTimeout(release, 2000);
    };
    const at = Date.now();
    await start(id);
    expect(Date.now() - at, 'ms that our commit was held up').toBeGreaterThan(1900);
    bank.on_open = null;
    await jobs_run();
    await both_ends_show_paid(id, '$11.00');
    expect(one('select state from payment_attempt where idempotency_key = ?', [`${id}-1`])).toBe('accepted');
  });
  test('F10 the event comes before the payment itself is committed: it waits and is posted once', async () => {
    const no = 'PI-8000000001';
    const values = "select a.utility_id, " + `'${no}', a.id, 100, 'USD', 'advance', 'portal', 'card', (select id from gateway_account where driver = 'sandbox'), 'sbx_${no}', 'requires_action', 1, '2099-01-01', '${no}' from account a where a.account_no = 'WA-ACC-100002'`;
    const child = spawn('mariadb', ['--no-defaults', `--socket=${instance().folder}/run/db.sock`, '--user=root', instance().schema], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end(`start transaction; insert into payment_intent (utility_id, intent_no, account_id, amount_minor, currency, purpose, channel, method, gateway_account_id, provider_ref, state, \`rank\`, expires_at, idempotency_key) ${values};
      insert into payment_intent_line (intent_id, seq, account_id, target_kind, amount_minor) select id, 1, account_id, 'advance', 100 from payment_intent where intent_no = '${no}'; do sleep(2); commit;\n`);
    await sleep(500);
    expect((await request(webhook(instance(), paid(no)))).status).toBe(200);
    await new Promise((done) => { child.on('exit', done); });
    clock.forward({ minutes: 2 });
    await jobs_run();
    expect(sql('select i.state, count(p.id) n from payment_intent i left join payment p on p.payment_intent_id = i.id where i.intent_no = ? group by i.id', [no])).toEqual([{ state: 'succeeded', n: '1' }]);
  });
  test('F10 the event comes long before: it waits, and after its tries the money stands in suspense, once', async () => {
    const event_of = (id) => webhook(instance(), { ...paid('PI-8000000002'), id });
    await request(event_of('evt_early'));
    await jobs_run();
    expect(one("select state from webhook_event where provider_event_id = 'evt_early'")).toBe('failed');                 // and is tried again
    open_payments(instance(), 'WA-ACC-100002', 1, 'PI-8');                  /* another one */
    for (let i = 0; i < 7; i++) { clock.forward({ minutes: 10 }); await jobs_run(); }
    await request(event_of('evt_early_again'));
    for (let i = 0; i < 7; i++) { clock.forward({ minutes: 10 }); await jobs_run(); }
    expect(sql("select count(*) n, min(amount_minor) amount from payment where provider_payment_id = 'sbx_pay_PI-8000000002' and account_id is null")).toEqual([{ n: '1', amount: '100' }]);
    expect(one("select count(*) from alert where kind = 'payment.unmatched' and resolved_at is null")).toBe('1');
  });
});
