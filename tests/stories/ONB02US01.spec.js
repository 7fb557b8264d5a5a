// The utility administrator's dashboard (ONB02US01).
const { story } = require('../support/story');

// The job that counts, due at once.
const count_now = async ({ sql, one, jobs_run }) => {
  for (const kind of ['dashboard.figures', 'dashboard.totals'])
    sql.platform(`insert into job (tenant_id, utility_id, kind, class, run_at, max_attempts) select id, ${kind === 'dashboard.figures' ? one("select id from utility where code = 'swa-w'") : 'null'}, '${kind}', 'general', '2020-01-01', 3 from tenant where slug = 'swa'`);
  await jobs_run();
};
const tile = (page, label) => page.body.match(new RegExp(`<span class="s-kl">${label}</span><span class="s-kv"><strong class="num">([^<]*)<`))?.[1];
const link_of = (page, label) => page.body.match(new RegExp(`<a class="s-kpi" href="([^"]*)"><span class="s-kl">${label}<`))?.[1]?.replace(/&amp;/g, '&');

story('ONB02US01', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, clock, command, looks_right }) => {
  const admin = () => as('utility_admin');

  test('ONB02US01.1 pricing waits for settings and areas', async () => {
    sql("update setup_step set state = 'in_progress', percent = 50 where step_key in ('core_settings', 'service_areas')");
    const page = await admin().get('/dashboard').sees('Dashboard', 'Utility set-up', 'Pricing & Billing', 'needs Core System Settings, Service Areas');
    const card = page.body.split('<section').find((s) => s.includes('Pricing &amp; Billing<') && s.includes('needs Core System Settings, Service Areas'));
    expect(card).toContain('Configure section');
    expect([...card.matchAll(/href="([^"]*)"/g)].map((m) => m[1])).toContain('/u/swa-w/settings');      // the first page that blocks
    expect(card).not.toContain('href="/u/swa-w/plans"');
    await as('cashier1').get('/dashboard').is(403);
    await as('utility_admin').get('/u/nowhere/dashboard').is(404);
  });

  test('ONB02US01.2 collection efficiency of the last 30 days', async () => {
    await count_now({ sql, one, jobs_run });
    sql("delete from billing_daily_total");
    sql("delete from dashboard_counter where `key` = 'day.applied'");
    sql("insert into billing_daily_total (utility_id, total_date, amount_minor, bills) select id, '2026-04-20', 101812, 1 from utility where code = 'swa-w'");
    sql("insert into dashboard_counter (utility_id, `key`, period, value) select id, 'day.applied', '2026-04-25', 82000 from utility where code = 'swa-w'");
    const page = await admin().get('/dashboard').sees('Collection efficiency', 'Outstanding');
    expect(tile(page, 'Collection efficiency').replace(/\u00a0/g, ' ')).toBe('80.5 %');
  });

  test('ONB02US01.3 with an area chosen, open complaints are those of the list with the same filter', async () => {
    const type = one("select min(id) from complaint_type");
    const premise = (code) => one('select m.id from premise m join service_area s on s.id = m.sub_area_id where s.path regexp ? limit 1', [`(^|/)${code}(/|$)`]);
    const inside = premise('EST-GRE') ?? (sql("insert into premise (utility_id, premise_no, line1, city, postal_code, address_key, sub_area_id) select a.utility_id, 'X-GRE', '1 Main', 'Gresham', '97030', 'x-gre', a.id from service_area a where a.code = 'GRE-CEN'"), one("select id from premise where premise_no = 'X-GRE'"));
    const outside = one("select m.id from premise m join service_area s on s.id = m.sub_area_id where s.path not regexp '(^|/)EST-GRE(/|$)' limit 1");
    const make = (no, at, status) => sql("insert into complaint (utility_id, complaint_no, complaint_type_id, subject, description, status, premise_id) select id, ?, ?, 'x', 'x', ?, ? from utility where code = 'swa-w'", [no, type, status, at]);
    make('X-1', inside, 'pending'); make('X-2', inside, 'in_progress'); make('X-3', inside, 'closed'); make('X-4', outside, 'pending');
    const page = await admin().get('/dashboard?area=EST-GRE').is(200);
    expect(tile(page, 'Open complaints')).toBe('2');
    const list = await admin().get(link_of(page, 'Open complaints')).sees('X-1', 'X-2', 'Area: Gresham', '1 to 2 of 2').lacks('X-3', 'X-4');
    expect(list.status).toBe(200);
    const whole = await admin().get('/dashboard').is(200);
    expect(Number(tile(whole, 'Open complaints'))).toBeGreaterThanOrEqual(3);
    await admin().get('/dashboard?area=NOWHERE').is(404);
    sql("delete from complaint where complaint_no like 'X-%'");
    sql("delete from premise where premise_no like 'X-%'");
  });

  test('ONB02US01 an alert is acknowledged by who may change the dashboard, and then no longer shown', async () => {
    sql("insert into alert (utility_id, kind, severity, subject, link, dedup_key, first_at, last_at) select id, 'test', 'warning', 'Two payments wait for a person', '/integrations/payments?exception=1', 'test:1', '2026-04-15', '2026-04-15' from utility where code = 'swa-w'");
    const id = one("select id from alert where dedup_key = 'test:1'");
    await admin().get('/dashboard').sees('Two payments wait for a person');
    await as('cashier1').post('/dashboard/alerts', { alert: id }).is(403);
    await admin().post('/dashboard/alerts', { alert: '999999' }, { from: '/dashboard' }).is(404);
    await admin().post('/dashboard/alerts', { alert: id }, { from: '/dashboard' }).done();
    await admin().get('/dashboard').lacks('Two payments wait for a person');
    expect(one("select concat(u.email, ' ', a.resolved_at is null) from alert a join user u on u.id = a.acknowledged_by where a.id = ?", [id])).toBe('utility_admin@swa.test 1');
    sql('delete from alert where id = ?', [id]);
  });

  test('ONB02US01.4 webhooks of the last hour that failed', async () => {
    clock.recurring(false);                                     // one of them would write what it counted before
    await admin().get('/dashboard').sees('No traffic');
    const event = (state) => sql("insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, type, received_at, state) select id, 'gateway', 1, 'sandbox', concat('evt_dash_', ?), 'x', '2026-05-02 16:50:00', ? from utility where code = 'swa-w'", [state, state]);
    event('failed');
    event('dead');
    await admin().get('/dashboard').sees('Red', '0 of 2 webhooks handled, 0 waiting.');
    event('received');                                          // what waits is neither good nor bad
    const waits = await admin().get('/dashboard').sees('0 of 2 webhooks handled, 1 waiting.', 'Webhooks waiting');
    expect(waits.body).toContain('/integrations/events?state=received"');
    await admin().get('/integrations/events?state=received').sees('evt_dash_received', '1 to 1 of 1').lacks('evt_dash_failed');
    await count_now({ sql, one, jobs_run });
    await admin().get('/dashboard').sees('The payment gateways answer badly: 0 of 2 events went well in the last hour.');
    event('processed');
    await admin().get('/dashboard').sees('Red', '1 of 3 webhooks handled, 1 waiting.');
    sql("delete from webhook_event where state in ('failed', 'dead') and provider_event_id like 'evt_dash_%'");
    await admin().get('/dashboard').sees('Green', '1 of 1 webhooks handled, 1 waiting.');
    event('failed');
    event('dead');
    await count_now({ sql, one, jobs_run });
    await admin().get('/dashboard').sees('The payment gateways answer badly: 1 of 3 events went well in the last hour.');
    sql("delete from webhook_event where provider_event_id like 'evt_dash_%'");
    await count_now({ sql, one, jobs_run });
    await admin().get('/dashboard').lacks('The payment gateways answer badly');
    clock.recurring(null);
  });

  test('ONB02US01 periods, services, the file and the map', async () => {
    await admin().get('/dashboard?period=custom&from=2025-01-01&to=2026-02-01').is(422).and((r) => expect(r.text).toContain('Choose at most 12 months.'));
    await admin().get('/dashboard?period=custom&from=2025-05-02&to=2026-05-01').is(200);
    await admin().get('/dashboard?period=today&service=WA').is(200);
    const file = await admin().get('/dashboard?export=csv&period=week').is(200);
    expect(file.body).toContain('measure,from,to,service,area,value,currency');
    for (const name of ['exceptions', 'requests_open', 'requests_past_time', 'complaints_open', 'orders_open', 'orders_assigned', 'orders_late', 'field_staff_signed_in', 'field_staff', 'readings_today', 'readings_due', 'accounts_owing', 'bills_past_due_0_30'])
      expect(file.body, name).toMatch(new RegExp(`^${name},2026-05-02,2026-05-02,,,\\d+,`, 'm'));
    expect(file.body).toMatch(/outstanding,2026-04-26,2026-05-02,,,[\d.]+,USD/);
    const map = await admin().get('/dashboard/map.json').json();
    expect(Array.isArray(map.areas)).toBe(true);
    await as('cso1').get('/dashboard/map.json').is(403);
  });

  test('ONB02US01 the map colours an area by what is usual in all that is shown', async () => {
    const tones = async (query) => Object.fromEntries((await admin().get(`/dashboard/map.json${query}`).json()).areas.map((a) => [a.title, a.tone]));
    sql("delete from dashboard_counter where `key` in ('area.outstanding', 'area.accounts')");
    for (const [code, outstanding, accounts] of [['GRE-CEN', 30000, 100], ['GRE-ROC', 1000, 100], ['BEA-CEN', 100000, 1]])
      for (const [key, value] of [['area.outstanding', outstanding], ['area.accounts', accounts]])
        sql("insert into dashboard_counter (utility_id, `key`, period, area_id, value) select utility_id, ?, '1970-01-01', id, ? from service_area where code = ?", [key, value, code]);
    expect(await tones('')).toMatchObject({ 'Central Gresham': 'ok', Rockwood: 'ok', 'Central Beaverton': 'bad', 'Pearl District': 'off' });
    expect(await tones('?area=EST-GRE')).toEqual({ 'Central Gresham': 'warn', Rockwood: 'ok' });       // 3.00 among 1.55
    expect(await tones('?area=GRE-CEN')).toEqual({ 'Central Gresham': 'ok' });
    await count_now({ sql, one, jobs_run });
  });

  test('ONB02US01 each figure of open work is the count of the list behind it; a module that is off has none', async () => {
    const premise = one('select min(id) from premise');
    ['created', 'assigned', 'in_progress', 'completed', 'cancelled'].forEach((status, i) => sql("insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, status, due_at) select utility_id, concat('WA-SO-DASH-', ?), 'REPAIR', 'manual', ?, id, 'Visit', ?, '2026-04-20 18:00:00' from premise where id = ?", [i, 900 + i, status, premise]));
    const page = await admin().get('/dashboard').is(200);
    for (const label of ['Open work orders', 'Work orders assigned', 'Work orders due before today', 'Open service requests', 'Open complaints', 'Bill exceptions']) {
      const list = await admin().get(link_of(page, label)).is(200);
      expect(`${label}: ${list.text.match(/1 to \d+ of ([\d,]+)/)?.[1] ?? '0'}`).toBe(`${label}: ${tile(page, label)}`);
    }
    expect([tile(page, 'Open work orders'), tile(page, 'Work orders assigned'), tile(page, 'Work orders due before today')]).toEqual(['4', '2', '3']);
    expect(tile(page, 'Field staff signed in')).toBe('0');
    sql("update module_activation set active = 0 where module = 'wx'");
    const less = await admin().get('/dashboard').is(200);
    expect([tile(less, 'Open work orders'), tile(less, 'Field staff signed in')]).toEqual([undefined, undefined]);
    sql("update module_activation set active = 1 where module = 'wx'");
    sql("delete from service_order where order_no like 'WA-SO-DASH-%'");
  });

  test('ONB02US01 readings of today, readings due and requests past their time are what the lists behind them show', async () => {
    const shown = async (path) => Number((await admin().get(path).is(200)).text.match(/1 to \d+ of ([\d,]+)/)?.[1].replace(',', '') ?? 0);
    const figures = async (query = '') => {
      const page = await admin().get(`/dashboard${query}`).is(200), all = {};
      for (const label of ['Readings today', 'Readings due', 'Requests past their time']) {
        all[label] = Number(tile(page, label));
        expect(`${query} ${label}: ${await shown(link_of(page, label))}`).toBe(`${query} ${label}: ${all[label]}`);
      }
      return Object.values(all);
    };
    const none = await figures(), gresham = await figures('?area=EST-GRE');
    // Three readings of today, one that was replaced and one estimated; two tasks due and one of tomorrow.
    const readings = sql('select id, cast(read_on as char) read_on, source, status from meter_reading where status = "passed" order by id desc limit 5');
    readings.forEach((x, i) => sql("update meter_reading set read_on = '2026-05-02', source = ?, status = ? where id = ?", [i === 4 ? 'estimate' : 'manual', i === 3 ? 'superseded' : 'passed', x.id]));
    sql("insert into read_cycle (utility_id, cycle_no, name, service_codes, start_on, duration_days, end_on, nominal_on) select id, 'RC-DASH', 'Dashboard', '[\"WA\"]', '2026-05-01', 5, '2026-05-05', '2026-05-02' from utility where code = 'swa-w'");
    sql("insert into read_task (utility_id, read_cycle_id, meter_id, service_connection_id, state, due_on) select y.utility_id, y.id, i.meter_id, i.service_connection_id, 'open', if(i.id % 2, '2026-05-02', '2026-04-30') from read_cycle y join meter_installation i on i.utility_id = y.utility_id and i.open_flag = 1 where y.cycle_no = 'RC-DASH' order by i.id limit 2");
    sql("insert into read_task (utility_id, read_cycle_id, meter_id, service_connection_id, state, due_on) select y.utility_id, y.id, m.id, null, 'open', '2026-05-03' from read_cycle y join meter m on m.utility_id = y.utility_id and not exists (select 1 from read_task t where t.read_cycle_id = y.id and t.meter_id = m.id) where y.cycle_no = 'RC-DASH' order by m.id limit 1");
    // Requests: past their hours, done long ago, and of just now.
    for (const [no, status, at] of [['1', 'in_progress', '2026-01-05 10:00:00'], ['2', 'completed', '2026-01-05 10:00:00'], ['3', 'in_progress', '2026-05-02 16:00:00']])
      sql("insert into service_request (utility_id, request_no, account_id, service_type_id, status, created_at) select a.utility_id, concat('WA-SR-DASH', ?), a.id, t.id, ?, ? from account a join service_type t on t.utility_id = a.utility_id order by a.id, t.id limit 1", [no, status, at]);
    await count_now({ sql, one, jobs_run });
    const now = await figures();
    expect(now.map((n, i) => n - none[i])).toEqual([3, 2, 1]);
    await figures('?area=POR-WST');
    expect((await figures('?area=EST-GRE'))[2]).toBe(gresham[2]);                      // the accounts lie elsewhere
    await admin().get('/cis/service-requests?past_time=1').sees('WA-SR-DASH1', 'Promised until').lacks('WA-SR-DASH2', 'WA-SR-DASH3');
    await admin().get('/cis/service-requests/WA-SR-DASH1').sees('Promised until', 'past its time');
    await admin().get('/cis/service-requests/WA-SR-DASH3').sees('Promised until').lacks('past its time');
    await admin().get('/mx/reads/due').sees('To be read', 'Dashboard');
    await admin().get('/mx/reads').sees('Readings', 'By hand');
    await as('cashier1').get('/mx/reads').is(403);
    await as('cashier1').get('/mx/reads/due').is(403);
    readings.forEach((x) => sql('update meter_reading set read_on = ?, source = ?, status = ? where id = ?', [x.read_on, x.source, x.status, x.id]));
    sql("delete t from read_task t join read_cycle y on y.id = t.read_cycle_id where y.cycle_no = 'RC-DASH'");
    sql("delete from read_cycle where cycle_no = 'RC-DASH'");
    sql("delete from service_request where request_no like 'WA-SR-DASH%'");
  });

  test('ONB02US01 payments by service are prepared', async () => {
    await count_now({ sql, one, jobs_run });
    // What was put on bills is split among their services, to the last minor unit.
    const bills = sql("select cast(sum(l.amount_minor) as char) n from payment_allocation l join payment p on p.id = l.payment_id where l.undone_at is null and l.target_type = 'bill' and p.received_at >= '2026-05-01 07:00:00'")[0].n ?? '0';
    expect(one("select coalesce(sum(value), 0) from dashboard_counter where `key` = 'day.collected_by' and period >= '2026-05-01'")).toBe(bills);
    await admin().get('/dashboard?service=WA').sees('Billed and collected by month');
  });

  test('ONB02US01 a source that fails shows as missing and takes nothing along', async () => {
    sql('rename table service_request to service_request_away');
    try {
      const page = await admin().get('/dashboard').sees('Collection efficiency', 'Open complaints', 'These figures cannot be read now.');
      expect(tile(page, 'Open service requests')).toBe('-');
    } finally {
      sql('rename table service_request_away to service_request');
    }
    await admin().get('/dashboard').lacks('These figures cannot be read now.');
  });

  test('ONB02US01 each figure of money leads to the bills, payments and accounts behind it, with the same filters', async () => {
    const count = async (path) => Number((await admin().get(path).is(200)).text.match(/1 to \d+ of ([\d,]+)/)?.[1].replace(',', '') ?? 0);
    const bars = (page) => [...page.body.matchAll(/<a href="([^"]*is_open=1[^"]*)">([^<]*)<\/a><\/span><strong class="num">([^<]*)</g)].map((m) => ({ path: m[1].replace(/&amp;/g, '&'), days: m[2], n: Number(m[3].match(/(\d+) bills?$/)[1]) }));
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const owed_anew = () => {
      sql('delete from bill_owed');
      sql("insert into bill_owed (utility_id, due_date, amount_minor) select utility_id, due_date, sum(total_minor - paid_minor) from bill where status = 'published' group by utility_id, due_date having sum(total_minor - paid_minor) <> 0");
    };
    const due = sql("select id, cast(due_date as char) d from bill where status = 'published'");
    sql("update bill set due_date = date_sub('2026-05-02', interval 10 + 35 * (id % 4) day) where status = 'published' order by id limit 6");
    owed_anew();
    await count_now({ sql, one, jobs_run });
    for (const query of ['', '?area=POR-WST', '?service=WA']) {
      const page = await admin().get(`/dashboard${query}`).is(200);
      const owing = Number(page.text.match(/(\d+) accounts? owes?;/)[1]);
      expect(`${query} owing ${await count(link_of(page, 'Outstanding'))}`).toBe(`${query} owing ${owing}`);
      const all = bars(page);
      if (!query) expect(all.filter((b) => b.n).length).toBeGreaterThan(1);
      expect(all.map((b) => b.days)).toEqual(all.length ? ['0-30 days', '31-60 days', '61-90 days', '90+ days'] : []);
      for (const bar of all) expect(`${query} ${bar.days}: ${await count(bar.path)}`).toBe(`${query} ${bar.days}: ${bar.n}`);
      if (!query) expect(all.reduce((sum, b) => sum + b.n, 0)).toBe(Number(one("select count(*) from bill where status = 'published' and open_minor > 0 and due_date < '2026-05-02'")));
    }
    const water = await admin().get('/dashboard?service=WA&period=custom&from=2025-06-01&to=2026-05-02').is(200);
    expect(link_of(water, 'Billed')).toContain('&service=WA');
    expect(link_of(water, 'Collected')).toContain('&service=WA');
    expect(await count(link_of(water, 'Billed'))).toBe(Number(one("select count(*) from bill b where b.status = 'published' and b.bill_date between '2025-06-01' and '2026-05-02' and exists (select 1 from bill_line l where l.bill_id = b.id and l.posts = 1 and l.service_code = 'WA')")));
    await admin().get('/bx/bills?service=EL').lacks('1 to ');
    // Who works in the field and is signed in: the list behind has them.
    await as('field_executive1').get('/field').is(200);
    const page = await admin().get('/dashboard').is(200);
    expect(Number(tile(page, 'Field staff signed in'))).toBeGreaterThan(0);
    expect(await count(link_of(page, 'Field staff signed in'))).toBe(Number(tile(page, 'Field staff signed in')));
    for (const b of due) sql('update bill set due_date = ? where id = ?', [b.d, b.id]);
    owed_anew();
  });

  test('ONB02US01 the cycle with what is read, billed, delivered and paid, and the next run; charts; asked again each minute', async () => {
    await count_now({ sql, one, jobs_run });
    const page = await admin().get('/dashboard').sees('Bill cycles', 'Next run', 'Billed and collected by month', 'Consumption by service', 'Service requests by status, last year');
    const [run] = sql("select x.account_count n, x.billed_count billed, x.held_count held from bill_run x join bill_cycle_period p on p.id = x.bill_cycle_period_id where x.state not in ('cancelled', 'rolled_back') and x.simulate_only = 0 order by x.id desc limit 1");
    const paid = one("select count(*) from bill where status = 'published' and payment_status = 'paid'");
    const [, all, read, billed, , paid_shown] = page.text.match(/Of (\d+): (\d+) read, (\d+) billed, (\d+) delivered, (\d+) paid/);
    expect([all, read, billed, paid_shown].map(Number)).toEqual([Number(run.n), Number(run.billed) + Number(run.held), Number(run.billed), Number(paid)]);
    expect(page.body).toMatch(/hx-get="[^"]*\/dashboard[^"]*" hx-trigger="every 60s"/);
    await as('cso1').get('/dashboard').is(403);
  });

  test('ONB02US01 set-up progress goes behind a link once every section is signed off', async () => {
    const states = sql("select id, state from setup_step where utility_id = (select id from utility where code = 'swa-w')");
    await admin().get('/dashboard').sees('Utility set-up');
    sql("update setup_step set state = 'signed_off', percent = 100 where utility_id = (select id from utility where code = 'swa-w')");
    await admin().get('/dashboard').sees('Setup complete').lacks('Configure section');
    for (const s_ of states) sql('update setup_step set state = ? where id = ?', [s_.state, s_.id]);
    await admin().get('/dashboard').sees('Utility set-up').lacks('Setup complete');
  });

  test('ONB02US01 the page in a browser', async ({ page }) => {
    test.setTimeout(120000);
    await admin().browse(page, '/dashboard');
    await looks_right(page, { shots: 'utility-dashboard' });
  });
});
