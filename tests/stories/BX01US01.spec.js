// Bill Generation (V1): a cycle billed from one screen in one go. Each test goes on where the one before it ended.
const { story } = require('../support/story');
const { hold } = require('../support/faults');

story('BX01US01', 'BX-FIX', ({ as, test, expect, sql, one, ledger, jobs_run, order, clock, sleep }) => {
  const manager = () => as('billing_manager');
  const form = { cycle: 'MONTHLY-WESTERN', period: '2026-04', bill_date: '2026-05-02', due_date: '2026-05-23', estimate: '1', confirm: '10' };
  const generate = (values = {}) => manager().post('/bx/generate', { ...form, ...values }, { from: '/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2026-04' });
  const total = () => one("select sum(total_minor) from bill where status = 'published'");
  const card = (page, label) => page.body.match(new RegExp(`${label}</span><span class="s-kv"><strong class="num">([^<]*)`))?.[1];

  test('BX01US01.1 the cards count before anything is made', async () => {
    const page = await manager().get('/bx/generate?cycle=MONTHLY-WESTERN&period=2026-04').is(200);
    expect(card(page, 'Accounts in cycle')).toBe('10');
    expect(card(page, 'Without reading')).toBe('1');
    expect(card(page, 'Already billed')).toBe('0');
    expect(one('select count(*) from bill')).toBe('0');
  });

  test('BX01US01.7 a clerk checks but does not generate', async () => {
    await as('billing_clerk').get('/bx/generate').is(200);
    await as('billing_clerk').post('/bx/generate', form).is(403);
    expect(one('select count(*) from bill_run')).toBe('0');
  });

  test('BX01US01 refuses a wrong number, dates that do not fit, a closed ledger, no template', async () => {
    await generate({ confirm: '9' }).refuses(422, 'confirm', 'Type 10 to confirm.');
    await generate({ due_date: '2026-05-01' }).refuses(422, 'due_date', 'The due date is before the bill date.');
    sql("insert into gl_period (utility_id, label, from_date, to_date, state) select id, '2026-04', '2026-04-01', '2026-04-30', 'closed' from utility on duplicate key update state = 'closed'");
    await generate({ bill_date: '2026-04-30' }).refuses(422, 'bill_date', 'April 2026 is closed in the general ledger. Choose a bill date in an open period.');
    sql("update bill_template set state = 'retired'");
    await generate().refuses(422, null, 'No active bill template for Water.');
    sql("update bill_template set state = 'active'");
    expect(one('select count(*) from bill_run')).toBe('0');
  });

  test('BX01US01.3 the same form twice makes one run; a second form is refused', async () => {
    const page = await manager().get('/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2026-04').is(200);
    const key = page.body.match(/name="form_key" value="([^"]+)"/)[1];
    const [first, second] = await Promise.all([generate({ form_key: key }), generate({ form_key: key })]);
    expect(first.status).toBe(303);
    expect(second.location).toBe(first.location);
    expect(one('select count(*) from bill_run')).toBe('1');
    await generate().refuses(409, null, /Run RUN-2026-0001 is already billing this period \(started \d\d:\d\d\)\./);
    expect(one('select count(*) from bill_run')).toBe('1');
  });

  test('BX01US01.2 eight bills of 2,357.98, one held, one error', async () => {
    await jobs_run();
    expect(sql('select state, billed_count b, held_count h, error_count e, amount_minor a, tax_minor t from bill_run')).toEqual([{ state: 'completed_with_errors', b: '8', h: '1', e: '1', a: '235798', t: expect.any(String) }]);
    expect(sql("select a.account_no no, i.error_code code from bill_run_item i join account a on a.id = i.account_id where i.state in ('held', 'error') order by 1")).toEqual([{ no: 'SF-1006', code: 'BX-H01' }, { no: 'SF-1007', code: 'BX-E02' }]);
    const totals = Object.fromEntries(sql("select a.account_no no, b.total_minor t from bill b join account a on a.id = b.account_id where b.status = 'published'").map((r) => [r.no, r.t]));
    expect(totals).toEqual({ 'SF-1001': '18800', 'SF-1002': '7193', 'SF-1003': '15377', 'SF-1004': '9401', 'SF-1005': '18800', 'SF-2001': '138462', 'SF-2002': '7165', 'SF-2003': '20600' });
    expect(one("select count(distinct bill_no) from bill where status = 'published'")).toBe('8');
    expect(one("select count(*) from outbox_event where name = 'bill.posted'")).toBe('8');
    await manager().get('/bx/generate/RUN-2026-0001').sees('Completed', '2,357.98', 'BX-E02', 'BX-H01');
    await manager().get('/bx/generate/RUN-2026-0001/held').sees('SF-1006', 'more than 3 times the average 10');
    await manager().get('/bx/generate/RUN-2026-0001/bills').sees('SF-1001', 'WA-BILL-202605-000001');
  });

  test('BX01US01.8 the ledger balances and the receivable is the run', async () => {
    const lines = ledger(), sum = (side, code) => lines.filter((l) => !code || l.code === code).reduce((s, l) => s + Math.round(Number(l[side]) * 100), 0);
    expect(sum('debit')).toBe(sum('credit'));
    expect(sum('debit', '1200')).toBe(235798);
    expect(sum('credit', '2400')).toBe(Number(one('select tax_minor from bill_run')));
  });

  test('BX01US01.4 a plan is assigned and Retry failed bills the account; the others stay as they are', async () => {
    const before = sql("select id, bill_no, total_minor, published_at from bill where status = 'published' order by id");
    sql("insert into service_connection_plan (utility_id, service_connection_id, tariff_plan_id, valid_from) select s.utility_id, s.id, p.id, '2026-04-01' from service_connection s join tariff_plan p on p.code = 'RES-FIX' where s.connection_no = 'SF-SC-1007'");
    // in pieces of three accounts: the press marks the first, a job the others; then the work begins
    sql("insert into setting (utility_id, `key`, value) select id, 'bx.run_piece_rows', '3' from utility");
    const marks = () => Number(one("select count(*) from smart360.job where kind = 'bill_run.again'")), jobs = marks();
    await manager().post('/bx/generate/RUN-2026-0001/retry').done();
    await jobs_run();
    expect([marks() - jobs, one('select check_after is null from bill_run')]).toEqual([1, '1']);
    sql("delete from setting where `key` = 'bx.run_piece_rows'");
    expect(one("select total_minor from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1007' and b.status = 'published'")).toBe('7193');
    expect(sql('select state, billed_count b, held_count h, error_count e, amount_minor a from bill_run')).toEqual([{ state: 'completed_with_errors', b: '9', h: '1', e: '0', a: '242991' }]);
    expect(sql(`select id, bill_no, total_minor, published_at from bill where id in (${before.map((b) => b.id)}) order by id`)).toEqual(before);
  });

  test('BX01US01.6 a held bill is released with its reason', async () => {
    await as('billing_clerk').post('/bx/generate/RUN-2026-0001/accounts/SF-1006/release', { reason: 'leak confirmed' }).is(403);
    await manager().post('/bx/generate/RUN-2026-0001/accounts/SF-1006/release', { reason: 'leak confirmed' }).done('The bill of SF-1006 is released.');
    expect(sql("select b.total_minor t, b.status s from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1006' and b.status <> 'discarded'")).toEqual([{ t: '152297', s: 'published' }]);
    expect(sql("select e.reason, u.email from audit_entry e join user u on u.id = e.actor_id where e.action = 'release'")).toEqual([{ reason: 'leak confirmed', email: 'billing_manager@swa.test' }]);
    expect(one('select state from bill_run')).toBe('completed');
    await manager().post('/bx/generate/RUN-2026-0001/accounts/SF-1006/release', { reason: 'leak confirmed again' }).refuses(409, null, 'SF-1006 was released by');
    expect(total()).toBe('395288');
  });

  test('BX01US01 closes the period; afterwards nothing is billed in it', async () => {
    await manager().post('/bx/generate/close', { cycle: 'MONTHLY-WESTERN', period: '2026-04' }, { from: '/bx/generate/close?cycle=MONTHLY-WESTERN&period=2026-04' }).done('Period 2026-04 of Monthly-Western is closed.');
    await generate().refuses(409, null, 'Period 2026-04 of Monthly-Western is closed.');
    expect(one('select count(*) from bill_run')).toBe('1');
  });
});

story('BX01US01 killed', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, order, instance, sleep, clock }) => {
  test('BX01US01.5 the job process is killed with 3 of 10 accounts done: the run ends with 8 bills, none twice', async () => {
    test.setTimeout(180000);
    sql("insert into setting (utility_id, `key`, value) select id, 'bx.run_chunk_rows', '1' from utility union all select id, 'bx.run_workers', '1' from utility");
    // The fourth account waits for this lock, so that the workers stand still with three done.
    const let_go = await hold(instance(), `select id from account where id = ${one("select id from account where account_no = 'SF-1004'")} for update`);
    await as('billing_manager').post('/bx/generate', { cycle: 'MONTHLY-WESTERN', period: '2026-04', bill_date: '2026-05-02', due_date: '2026-05-23', estimate: '1', confirm: '10' }, { from: '/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2026-04' }).is(303);
    for (let i = 0; i < 300 && one("select count(*) from bill where status = 'published'") !== '3'; i++) await sleep(100);
    expect(one("select count(*) from bill where status = 'published'")).toBe('3');
    const master = require('fs').readFileSync(`${instance().folder}/run/jobs.process`, 'utf8').trim().split(/\s+/)[0];
    for (const child of require('child_process').execFileSync('pgrep', ['-P', master], { encoding: 'utf8' }).trim().split('\n')) process.kill(Number(child), 'SIGKILL');
    let_go();
    await jobs_run(120);
    // A lock of the killed process may have made the job wait for its next try.
    for (let i = 0; i < 10 && one('select state from bill_run') === 'running'; i++) { clock.forward({ minutes: 2 }); await sleep(1500); await jobs_run(120); }
    expect(sql('select state, billed_count b, held_count h, error_count e from bill_run')).toEqual([{ state: 'completed_with_errors', b: '8', h: '1', e: '1' }]);
    expect(one("select max(n) from (select count(*) n from bill where status = 'published' group by account_id) x")).toBe('1');
    expect(one("select count(*) from bill where status = 'published'")).toBe('8');
    expect(one("select max(cast(right(bill_no, 6) as unsigned)) from bill where status = 'published'")).toBe('8');
  });
});

story('BX01US01 on the screen', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, looks_right, watch }) => {
  const cards = (page) => Object.fromEntries([...page.body.matchAll(/<span class="s-kl">([^<]*)<\/span><span class="s-kv"><strong class="num">([^<]*)/g)].map((m) => [m[1], m[2]]));

  test('BX01US01 cards: who has a single bill of the period is billed already, and is not asked for a reading', async () => {
    sql("insert into service_connection_plan (utility_id, service_connection_id, tariff_plan_id, valid_from) select s.utility_id, s.id, p.id, '2026-04-01' from service_connection s join tariff_plan p on p.code = 'RES-FIX' where s.connection_no = 'SF-SC-1007'");
    const single = (account, values = {}) => as('billing_clerk').post(`/bx/generate-single/${account}`, { kind: 'single', period_end: '2026-04-30', bill_date: '2026-05-02', due_date: '2026-05-23', reason: 'asked for', ...values }, { from: `/bx/generate-single/${account}` }).is(303);
    await single('SF-1007');
    await single('SF-1003', { mode_0: 'estimate' });
    await single('SF-2003', { kind: 'one_off', charge_0: 'CONNECTION_FEE', times_0: '1', amount_0: '150.00' });
    const page = await as('billing_manager').get('/bx/generate?cycle=MONTHLY-WESTERN&period=2026-04').is(200);
    expect(cards(page)).toMatchObject({ 'Accounts in cycle': '10', Ready: '8', 'Without reading': '0', 'Waiting for validation': '0', 'Held last time': '0', 'Already billed': '2', 'Expected amount': '$0.00' });
  });

  test('BX01US01 in the browser: chosen, checked, confirmed by its number, pressed twice, decided', async ({ page, context }) => {
    test.setTimeout(300000);
    const faults = await watch(context);
    const card = (label) => page.locator('.s-kpi', { hasText: label }).locator('strong');
    await as('billing_manager').browse(page, '/bx/generate');
    await looks_right(page);
    await expect(card('Accounts in cycle')).toHaveText('10');
    await page.getByLabel('Period', { exact: true }).first().selectOption('2026-05');        // cards and acts follow, so does the address
    await expect(page).toHaveURL(/period=2026-05/);
    await expect(page.getByRole('link', { name: 'Close period 2026-05' })).toBeVisible();
    await expect(card('Already billed')).toHaveText('0');
    await page.getByLabel('Period', { exact: true }).first().selectOption('2026-04');
    await expect(card('Already billed')).toHaveText('2');
    await page.getByRole('button', { name: 'Generate' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bill 10 accounts of Monthly-Western for 2026-04?');
    await looks_right(page);
    await page.getByLabel(/Type 10 to confirm/).fill('ten');
    await page.locator('main form button.primary, main form button.danger').last().click();
    await expect(page.getByRole('alert')).toContainText('Type 10 to confirm.');
    await expect(page.getByLabel(/Type 10 to confirm/)).toHaveValue('ten');
    await page.getByLabel(/Type 10 to confirm/).fill('10');
    await page.locator('main form button.primary, main form button.danger').last().dblclick();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('RUN-2026-0001');
    await jobs_run();
    expect(one('select count(*) from bill_run')).toBe('1');
    // The figures are asked for every two seconds; when the run is over the whole page follows.
    await expect(page.getByRole('button', { name: 'Retry failed' })).toBeVisible({ timeout: 20000 });
    await looks_right(page);
    for (const tab of ['Errors', 'Held']) {
      await page.getByRole('navigation').getByRole('link', { name: new RegExp(`^${tab}`) }).last().click();
      await looks_right(page);
    }
    await page.goBack();
    await page.goto(page.url().replace(/\/[a-z]+$/, '/held'));
    await page.getByRole('link', { name: 'Leave out' }).click();
    await page.getByLabel('Why is it not billed now?').fill('The leak is looked at first');
    await looks_right(page);
    await page.locator('main form button.primary').last().click();
    await expect(page.getByRole('status').first()).toContainText('SF-1006 is left out.');
    expect(one('select state from bill_run')).toBe('completed');
    expect(faults).toEqual([]);
  });

  test('BX01US01 a held bill is released or left out by those who may; the next period knows that it was held', async () => {
    const path = '/bx/generate/RUN-2026-0001';
    await as('billing_manager').get(`${path}/skipped`).sees('SF-1006', 'The leak is looked at first');
    await as('billing_manager').get(`${path}/held`).sees('No bill is held').lacks('Release');
    await as('billing_manager').post(`${path}/accounts/SF-1006/leave-out`, { reason: 'once more' }).is(409);
    const page = await as('billing_manager').get('/bx/generate?cycle=MONTHLY-WESTERN&period=2026-05').is(200);
    expect(cards(page)['Held last time']).toBe('1');
    expect(cards(page)['Expected amount'].replace(/[$,]/g, '')).toBe((Number(one("select sum(current_charges_minor) from bill where status = 'published' and bill_run_id is not null")) / 100).toFixed(2));
    await as('billing_manager').get('/bx/generate?state=completed').sees('RUN-2026-0001');
    await as('billing_manager').get('/bx/generate?state=paused').lacks('RUN-2026-0001');
    await as('billing_manager').get('/bx/generate?cycle_name=Nothing').is(200);
  });
});
