// Payouts at the bank (ONB03US01 "bank deposit", exceptions, clearing): statements as CSV and MT940, lines matched and decided,
// payments suggested for lines that name none of ours, exceptions handed to somebody, clearing compared with what no payout has.
const { story } = require('../support/story');
const { webhook } = require('../support/faults');

story('HUB bank', 'HUB-FIX', ({ as, test, expect, sql, one, jobs_run, request, instance, verify, watch, looks_right }) => {
  const gateway = () => sql("select id, public_id from gateway_account where driver = 'doku'")[0];
  const day = '2026-04-16';
  // A payment of an account at the gateway, as its webhook would have posted it; a settlement file that has these lines.
  const job = async (kind) => { sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, ?, 'payments', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'", [kind]); await jobs_run(); };
  const payout = async (no, net, rows) => {
    const bm = as('billing_manager'), path = `/integrations/gateways/${gateway().public_id}/settlement-file`;
    await bm.post(path, { payout: no, paid_on: '04/16/2026', net_minor: net }, { from: path, files: { file: { name: 'd.csv', type: 'text/csv', content: `invoice_number,amount,fee,type,date\n${rows.join('\n')}\n` } } }).done('imported');
    return sql('select id, public_id, state from settlement where provider_settlement_id = ?', [no])[0];
  };
  const import_ = (name, content) => as('billing_manager').post('/integrations/bank/import', {}, { from: '/integrations/bank/import', files: { file: { name, type: 'text/plain', content } } });
  const lines = () => sql('select b.reference r, b.amount_minor a, b.state s, x.provider_settlement_id p from bank_statement_line b left join settlement x on x.id = b.settlement_id order by b.id');

  test.beforeEach(async () => {
    if (gateway()) return;
    sql("insert into gateway_account (utility_id, driver, label, mode, status, endpoint_key, methods, currencies, priority, test_ok_at) select utility_id, 'doku', 'DOKU', 'test', 'active', md5('bank'), '[\"card\"]', '[\"USD\"]', 30, utc_timestamp(6) from gateway_account where driver = 'sandbox'");
  });

  test('HUB bank: a line that names its payout is it, one of the same amount may be, and the same file again changes nothing', async () => {
    await payout('PO-1', '987.69', ['X-1,1018.12,30.43,charge,2026-04-15']);
    await payout('PO-2', '50.00', ['X-2,52.00,2.00,charge,2026-04-15']);
    const csv = `date,amount,reference,text\n${day},987.69,DEPOSIT,"DOKU PO-1 settlement"\n${day},50.00,NONE,a deposit\n${day},-12.50,FEE,account keeping\n`;
    await import_('bank.csv', csv).done('3 lines are imported: 1 are payouts, 1 may be.');
    expect(lines()).toEqual([{ r: 'DEPOSIT', a: '98769', s: 'matched', p: 'PO-1' }, { r: 'NONE', a: '5000', s: 'suggested', p: 'PO-2' }, { r: 'FEE', a: '-1250', s: 'open', p: null }]);
    expect(one("select bank_reference from settlement where provider_settlement_id = 'PO-1'")).toBe('DEPOSIT');
    await import_('bank.csv', csv).refuses(422, 'file', 'All lines of this file are here already.');
    await import_('bank.csv', 'a;b\n1;2\n').refuses(422, 'file', 'The file needs the columns date and amount.');
    await import_('bank.csv', `date,amount\n${day},1.00\nyesterday,2.00\n${day},x\n`).refuses(422, 'file', 'Line 3 cannot be read.');
    expect([one('select count(*) from bank_statement'), one('select count(*) from bank_statement_line')]).toEqual(['1', '3']);
    await as('cso').get('/integrations/bank').is(403);
    await as('billing_clerk').get('/integrations/bank').is(403);
  });

  test('HUB bank: a person decides: this payout, none, and open again', async () => {
    const bm = as('billing_manager'), id = (r) => one('select public_id from bank_statement_line where reference = ?', [r]);
    await bm.get('/integrations/bank').sees('DEPOSIT', 'Matched', 'Suggested', 'PO-1');
    await bm.get(`/integrations/bank/${id('NONE')}`).sees('Entry 2 of bank.csv', 'PO-2', 'Which payout is it?');
    await bm.get(`/integrations/bank/${one("select id from bank_statement_line where reference = 'NONE'")}`).is(404);
    await bm.post(`/integrations/bank/${id('FEE')}/match`, { payout: 'PO-2' }, { from: `/integrations/bank/${id('FEE')}` }).refuses(422, 'payout', 'The payout is $50.00, the line is −$12.50.');
    await bm.post(`/integrations/bank/${id('FEE')}/aside`, { comment: '' }, { from: `/integrations/bank/${id('FEE')}` }).refuses(422, 'comment');
    await bm.post(`/integrations/bank/${id('FEE')}/aside`, { comment: 'A fee of the bank' }, { from: `/integrations/bank/${id('FEE')}` }).done('Saved.');
    await bm.post(`/integrations/bank/${id('NONE')}/match`, { payout: 'PO-2' }, { from: `/integrations/bank/${id('NONE')}` }).done('The line is payout PO-2.');
    await bm.post(`/integrations/bank/${id('NONE')}/match`, { payout: 'PO-2' }).refuses(409, null, 'This line is decided already.');
    expect(lines().map((l) => l.s)).toEqual(['matched', 'matched', 'set_aside']);
    await bm.get(`/integrations/settlements/${one("select public_id from settlement where provider_settlement_id = 'PO-2'")}`).sees('At the bank', 'NONE');
    await bm.post(`/integrations/bank/${id('NONE')}/reopening`, {}, { from: `/integrations/bank/${id('NONE')}` }).done('Saved.');
    expect(lines()[1]).toMatchObject({ s: 'open', p: null });
    expect(one("select bank_reference from settlement where provider_settlement_id = 'PO-2'")).toBe(null);
  });

  test('HUB bank: MT940, with several statements, reversals and long texts', async () => {
    const mt = ['{1:F01BANKUS33AXXX0000000000}{4:', ':20:STMT1', ':25:123456789', ':28C:1/1', ':60F:C260415USD1000,00', ':61:2604160416CD50,NTRFDEP-50//BANKREF', ':86:DOKU PO-2', 'second line of the text', ':61:260416D1,5NMSCNONREF', ':61:260417RC20,00NTRFBACK', ':62F:C260416USD1048,50', '-}', ':20:STMT2', ':61:260418C0,07NTRFTINY', ':86:x', '-'].join('\r\n');
    await import_('april.sta', mt).done('4 lines are imported: 1 are payouts, 0 may be.');
    expect(sql("select booked_on d, amount_minor a, reference r, text t, state s from bank_statement_line where bank_statement_id = (select max(id) from bank_statement) order by line_no")).toEqual([
      { d: '2026-04-16', a: '5000', r: 'DEP-50', t: 'DOKU PO-2 second line of the text', s: 'matched' }, { d: '2026-04-16', a: '-150', r: null, t: null, s: 'open' },
      { d: '2026-04-17', a: '-2000', r: 'BACK', t: null, s: 'open' }, { d: '2026-04-18', a: '7', r: 'TINY', t: 'x', s: 'open' }]);
    for (const bad of [':20:X\n:61:2613', ':20:X\n:61:261340C1,00NTRFX', ':20:X\n:61:260416X1,00NTRFX', ':20:X\n:61:260416C1,234NTRFX', ':20:X\n:61:260416C,NTRFX', `:20:X\n:61:260416C${'9'.repeat(30)},00NTRFX`]) await import_('bad.sta', bad).refuses(422, 'file', 'Line 2 cannot be read.');
  });

  test('HUB settlement: a payment of the same amount is suggested and confirmed; an exception has somebody who looks at it; the file has all lines', async () => {
    // paid at the sandbox, then as if this gateway had taken it
    sql("insert into payment_intent (utility_id, intent_no, account_id, amount_minor, currency, purpose, gateway_account_id, provider_ref, state, `rank`, expires_at, idempotency_key) select 1, 'PI-7000000001', a.id, 4200, 'USD', 'advance', g.id, 'sbx_bank', 'requires_action', 1, '2099-01-01', 'bank-1' from account a join gateway_account g on g.driver = 'sandbox' where a.account_no = 'WA-ACC-100001'");
    sql("insert into payment_intent_line (intent_id, seq, account_id, target_kind, amount_minor) select id, 1, account_id, 'advance', 4200 from payment_intent where intent_no = 'PI-7000000001'");
    expect((await request(webhook(instance(), { id: 'evt_bank', type: 'payment.succeeded', created: Date.parse('2026-04-15T18:00:00Z') / 1000, intent_no: 'PI-7000000001', ref: 'sbx_bank', payment_id: 'OUR-1', amount_minor: 4200, currency: 'USD', last4: '4242' }))).status).toBe(200);
    await jobs_run();
    sql("update payment set gateway_account_id = ? where provider_payment_id = 'OUR-1'", [gateway().id]);
    sql("update payment_intent set gateway_account_id = ? where intent_no = 'PI-7000000001'", [gateway().id]);
    const supervisor = sql("select u.email, u.full_name from user u join user_role x on x.user_id = u.id join role o on o.id = x.role_id where o.code = 'cso_supervisor' and u.status = 'active' order by u.id limit 1")[0];
    const paid = one("select payment_no from payment where provider_payment_id = 'OUR-1'");
    const s = await payout('PO-3', '50.00', ['THEIRS-1,42.00,1.00,charge,2026-04-15', 'STRANGE,10.00,1.00,charge,2026-04-15']), bm = as('billing_manager'), page = `/integrations/settlements/${s.public_id}`;
    expect(s.state).toBe('exceptions');
    expect(sql('select line_no n, match_state s from settlement_line where settlement_id = ? order by line_no', [s.id])).toEqual([{ n: '1', s: 'suggested' }, { n: '2', s: 'missing_here' }]);
    await bm.get(page).sees('Suggested', 'Missing here');
    await bm.get(`${page}/lines/1`).sees(paid, 'It is this payment');
    await bm.post(`${page}/lines/2/assignment`, { user: 'nobody@swa.test' }, { from: `${page}/lines/2` }).refuses(422, 'user', 'Choose somebody who may resolve settlements.');
    await bm.post(`${page}/lines/2/assignment`, { user: supervisor.email }, { from: `${page}/lines/2` }).done('looks at it.');
    await bm.post(`${page}/lines/2/confirmation`, {}).refuses(409, null, 'No payment is suggested for this line.');
    await bm.post(`${page}/lines/1/confirmation`, {}, { from: `${page}/lines/1` }).done(`The line is payment ${paid}.`);
    await as('cso_supervisor').get(page).sees('Matched', 'Missing here', supervisor.full_name);
    const csv = await bm.get(`${page}/export`).is(200);
    expect(csv.headers['content-disposition']).toContain('attachment');
    expect(csv.body.split('\r\n').slice(0, 2)).toEqual([expect.stringContaining('line,type,provider_payment_id'), expect.stringContaining('1,charge,THEIRS-1,THEIRS-1,')]);
    expect(csv.body).toContain(`42.00,1.00,41.00,matched,${paid}`);
    await as('cso_supervisor').get(`${page}/export`).is(403);
  });

  test('HUB health: clearing is compared with what no payout has, and a difference is an alert', async () => {
    const bm = as('billing_manager');
    await bm.post('/integrations/health/clearing', {}, { from: '/integrations/health' }).done('It is reckoned.');
    await jobs_run();
    const both = () => sql("select g.driver d, k.ledger_minor l, k.unsettled_minor u from gateway_clearing k join gateway_account g on g.id = k.gateway_account_id where g.driver in ('sandbox', 'doku') order by d");
    expect(both()).toEqual([{ d: 'doku', l: '4200', u: '4200' }, { d: 'sandbox', l: '0', u: '0' }]);
    await bm.get('/integrations/health').sees('Clearing and what is in no payout', 'Agrees', '42.00').lacks('Differs');
    sql("update payment_intent set received_minor = 4300 where intent_no = 'PI-7000000001'");
    await job('settlement.nightly');
    expect(one("select count(*) from alert where kind = 'gateway.clearing' and resolved_at is null")).toBe('1');
    await bm.get('/integrations/health').sees('Differs');
    sql("update payment_intent set received_minor = 4200 where intent_no = 'PI-7000000001'");
    // the last exception is resolved: the payout posts, and nothing is left to be paid out
    const s = sql("select public_id from settlement where provider_settlement_id = 'PO-3'")[0], page = `/integrations/settlements/${s.public_id}`;
    await bm.post(`${page}/lines/2`, { comment: 'To be assigned' }, { from: `${page}/lines/2` }).done('The line is resolved.');
    await job('settlement.nightly');
    expect(both()).toEqual([{ d: 'doku', l: '0', u: '0' }, { d: 'sandbox', l: '0', u: '0' }]);
    expect(one("select count(*) from alert where kind = 'gateway.clearing' and resolved_at is null")).toBe('0');
    verify();
  });

  test('HUB bank: pages look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context()), s = one("select public_id from settlement where provider_settlement_id = 'PO-1'");
    for (const [where, shot] of [['/integrations/bank', 'hub-bank'], ['/integrations/bank/import', 'hub-bank-import'], [`/integrations/bank/${one("select public_id from bank_statement_line where state = 'open' limit 1")}`, 'hub-bank-line'], [`/integrations/settlements/${s}/lines/1`, 'hub-line'], ['/integrations/health', 'hub-health']]) {
      await as('utility_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });
});
