// The billing overview: figures of a month as they are now, each with the list behind it; totals compared with the ledger.
const { story } = require('../support/story');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };

story('BX02US01', 'BX-FIX', ({ as, test, expect, sql, one, command, jobs_run, looks_right }) => {
  const manager = () => as('billing_manager');
  const card = (page, label) => page.body.match(new RegExp(`${label}</span><span class="s-kv"><strong class="num">([^<]*)`))?.[1].replace('\u00a0', ' ');
  const fact = (page, label) => page.body.match(new RegExp(`>${label}</dt><dd[^>]*>(?:<[^>]*>)*([^<]*)`))?.[1].replace('\u00a0', ' ');
  const job = async (kind) => {
    sql.platform('insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, ?, \'general\', uuid(), 100, \'2026-01-01\', 12, \'system\' from tenant t where t.slug = \'swa\'', [kind]);
    await jobs_run();
  };

  test('BX02US01 a month without data shows zeros, an unknown one is not found', async () => {
    const page = await manager().get('/bx/dashboard?month=2026-05').sees('No bills in this month');
    expect(card(page, 'Bills published')).toBe('0');
    expect(card(page, 'Average bill')).toBe('-');
    await manager().get('/bx/dashboard?month=2026-13').is(404);
    await manager().get('/bx/dashboard?cycle=NONE').is(404);
    await as('cashier').get('/bx/dashboard').is(403);
  });

  test('BX02US01.1 nine of ten published, one left out: the cards of May', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await manager().post('/bx/generate/RUN-2026-0001/accounts/SF-1006/release', { reason: 'leak confirmed' }).done();
    await manager().post('/bx/generate/RUN-2026-0001/accounts/SF-1007/leave-out', { reason: 'plan disputed' }).done();
    await jobs_run();
    const page = await manager().get('/bx/dashboard?month=2026-05').is(200);
    expect(card(page, 'Bills published')).toBe('9');
    expect(card(page, 'Success rate')).toBe('100 %');
    expect(fact(page, 'Billed')).toBe('$3,880.95');
    expect(card(page, 'Average bill')).toBe('$431.22');
    expect(card(page, 'Estimated share')).toBe('11.1 %');
    expect(card(await manager().get('/bx/dashboard?month=2026-04').is(200), 'Bills published')).toBe('0');
    // The publication had the totals made: use comes from them.
    expect(page.body).toMatch(/Use by category[\s\S]*Residential/);
    await manager().get('/bx/dashboard/cycles').sees('RUN-2026-0001', '100 %');
  });

  test('BX02US01.2 the card of the estimated share leads to exactly SF-1003', async () => {
    const page = await manager().get('/bx/dashboard?month=2026-05').is(200);
    const url = page.body.match(/href="\/u\/swa-w(\/bx\/bills\?[^"]*is_estimated=1)"/)[1].replace(/&amp;/g, '&');
    const list = await manager().get(url).sees('SF-1003');
    expect([...new Set(list.body.match(/SF-\d{4}/g))]).toEqual(['SF-1003']);
  });

  test('BX02US01.3 a payment is collected at once', async () => {
    expect(fact(await manager().get('/bx/dashboard?month=2026-05').is(200), 'Collected')).toBe('$0.00');
    const consumer = as('sf1001@swa.test'), page = await consumer.get('/pay').is(200);
    const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const no = one("select b.bill_no from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1001' and b.status = 'published'");
    const id = (await consumer.post('/pay', { ...keep, [`pick_${no}`]: '1', [`amount_${no}`]: '188.00' }, { raw: true }).is(303)).location.split('/').pop();
    await consumer.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).goes(`/sandbox/pay/${id}`);
    await consumer.post(`/sandbox/pay/${id}`, CARD, { from: `/sandbox/pay/${id}` }).is(303);
    await jobs_run();
    const after = await manager().get('/bx/dashboard?month=2026-05').sees('$3,692.95 are unpaid');
    expect(fact(after, 'Collected')).toBe('$188.00');
    expect(fact(after, 'Collection rate')).toBe('4.8 %');
  });

  test('BX02US01.5 totals that were altered are told from the ledger, and told no more once they are right', async () => {
    await job('billing_total.check');
    await manager().get('/bx/dashboard?month=2026-05').lacks('Totals differ');
    sql("update billing_daily_total set amount_minor = amount_minor + 1 where bills > 0 limit 1");
    await job('billing_total.check');
    await manager().get('/bx/dashboard?month=2026-05').sees('Totals differ from the ledger by 0.01');
    await manager().post('/bx/dashboard/totals?month=2026-05', {}).done('Totals of the month are made anew.');
    await job('billing_total.check');
    await manager().get('/bx/dashboard?month=2026-05').lacks('Totals differ');
  });

  test('BX02US01 in the browser: the three tabs, wide and narrow, light and dark', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/bx/dashboard?month=2026-05', '/bx/dashboard/cycles', '/bx/dashboard/exceptions']) {
      await manager().browse(page, path);
      await looks_right(page);
    }
  });
});

// A draft version of RES-VAR with the first tier at 4.75; its key.
const draft_version = ({ sql, one }, no = 2) => {
  const of = (n) => `(select v.id from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = 'RES-VAR' and v.version_no = ${n})`;
  sql(`insert into tariff_plan_version (utility_id, plan_id, version_no, effective_from, state) select v.utility_id, v.plan_id, ${no}, '2026-07-01', 'draft' from tariff_plan_version v where v.id = ${of(1)}`);
  const version = one(`select ${of(no)}`);
  const columns = sql("select group_concat(column_name) c from information_schema.columns where table_schema = database() and table_name = 'tariff_rate' and extra = '' and column_name not in ('id', 'public_id', 'version_id')")[0].c;
  sql(`insert into tariff_rate (version_id, ${columns}) select ${version}, ${columns} from tariff_rate r where r.version_id = ${of(1)}`);
  sql(`insert into tariff_tier (rate_id, seq, upto_qty_micro, rate_micro) select n.id, t.seq, t.upto_qty_micro, if(t.seq = 1, 4750000, t.rate_micro) from tariff_tier t join tariff_rate o on o.id = t.rate_id and o.version_id = ${of(1)} join tariff_rate n on n.code = o.code and n.version_id = ${version}`);
  return one(`select public_id from tariff_plan_version where id = ${version}`);
};

story('BX02US01 simulations', 'BX-FIX', (kit) => {
  const { as, test, expect, sql, one, command, jobs_run, ledger, looks_right } = kit;
  const manager = () => as('billing_manager');
  const simulate = (fields) => manager().post('/bx/dashboard/simulations', { period: 'MONTHLY-WESTERN 2026-04', seed: '1', ...fields }, { from: '/bx/dashboard/simulations/new' });
  const key = (name) => one('select public_id from bill_simulation where name = ?', [name]);
  const kpi = (page, label) => page.body.match(new RegExp(`${label}</span><span class="s-kv"><strong class="num">([^<]*)`))?.[1];
  let version;

  test('BX02US01.4 a simulation with a draft of RES-VAR at 4.75: 23.75 in place of 22.50, and nothing is billed', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    version = draft_version(kit);
    const as_it_stands = () => JSON.stringify([ledger(), sql('select id, status, total_minor, row_version from bill order by id'), sql('select id, balance_minor from account order by id'),
      sql('select id, billing_status, bill_id from usage_segment order by id'), one("select state from bill_cycle_period where label = '2026-04'")]);
    const before = as_it_stands();
    await simulate({ name: 'First tier at 4.75', version }).done('has begun');
    await jobs_run();
    expect(one("select state from bill_simulation where name = 'First tier at 4.75'")).toBe('done');
    const page = await manager().get(`/bx/dashboard/simulations/${key('First tier at 4.75')}?account=SF-1001`).sees('5 x 4.50 = 22.50', '5 x 4.75 = 23.75', '188.00', '189.32');
    expect(kpi(page, 'Bills')).toBe('8');
    expect(kpi(page, 'Revenue now')).toBe('$2,357.98');
    // SF-1001, SF-1003, SF-1005: 1.25 and its tax, 1.32 or 1.31; SF-1004: 2.5 CCF, 0.63 and 0.03.
    const rows = sql('select band, bills, now_minor, then_minor from bill_simulation_result order by band');
    expect(rows.reduce((n, r) => n + Number(r.bills), 0)).toBe(8);
    expect(rows.filter((r) => Number(r.band) > 0).reduce((n, r) => n + Number(r.bills), 0)).toBe(4);
    expect(rows.filter((r) => Number(r.band) < 0)).toEqual([]);
    expect(kpi(page, 'Pay more')).toMatch(/^50.%/);
    expect(as_it_stands()).toBe(before);
    await manager().get('/bx/dashboard/simulations').sees('First tier at 4.75', 'RES-VAR 2', '2026-04');
    const file = await manager().get(`/bx/dashboard/simulations/${key('First tier at 4.75')}/results?export=csv`).is(200);
    expect(file.body).toContain('Category,Size of change,Bills,Revenue now,Revenue then');
  });

  test('BX02US01 a sample is the same with the same seed, and two simulations stand beside each other', async () => {
    await simulate({ name: 'Three at random', version, sample_n: '3', seed: '7' }).done();
    await simulate({ name: 'The same three', version, sample_n: '3', seed: '7' }).done();
    await jobs_run();
    const of = (name) => JSON.stringify(sql('select z.category_id, z.band, z.bills, z.now_minor, z.then_minor from bill_simulation_result z join bill_simulation x on x.id = z.simulation_id where x.name = ? order by 1, 2', [name]));
    expect(of('Three at random')).toBe(of('The same three'));
    expect(one("select sum(bills) from bill_simulation_result z join bill_simulation x on x.id = z.simulation_id where x.name = 'Three at random'")).toBe('3');
    await manager().get(`/bx/dashboard/simulations/${key('Three at random')}?with=${key('First tier at 4.75')}`).sees('Three at random', 'First tier at 4.75', '2,357.98');
    await manager().get(`/bx/dashboard/simulations/${key('Three at random')}?with=nothing`).is(404);
  });

  test('BX02US01 refuses a version with gaps, a fourth simulation, a name twice, and export without the right', async () => {
    await simulate({ name: 'first TIER at 4.75', version }).refuses(422, 'name', 'first TIER at 4.75 is taken.');
    await simulate({ name: 'Nothing billed', version, period: 'MONTHLY-WESTERN 2026-05' }).refuses(422, 'period', 'Choose a period with published bills.');
    const gaps = draft_version(kit, 3);
    sql("delete t from tariff_tier t join tariff_rate r on r.id = t.rate_id join tariff_plan_version v on v.id = r.version_id where v.public_id = ?", [gaps]);
    const refused = await simulate({ name: 'With gaps', version: gaps }).is(422);
    expect(refused.text).toMatch(/RES-VAR 3: \S+ has no tiers or a tier without a price/);
    await simulate({ name: 'Twice a plan', version, version2: gaps }).refuses(422, 'version2', 'Choose one version of a plan.');
    sql("update bill_simulation set state = 'running'");
    await simulate({ name: 'A fourth', version }).is(409);
    expect(one("select count(*) from bill_simulation where name = 'A fourth'")).toBe('0');
    sql("update bill_simulation set state = 'done'");
    expect(one("select count(*) from bill_simulation")).toBe('3');
    sql("delete p from role_permission p join role r on r.id = p.role_id and r.code = 'billing_clerk' join permission q on q.id = p.permission_id where q.`key` like 'bx.dashboard%' and q.action = 'export'");
    await as('billing_clerk').get('/bx/dashboard/simulations?export=csv').is(403);
    await as('cashier').get('/bx/dashboard/simulations').is(403);
  });

  test('BX02US01 in the browser: simulations, wide and narrow, light and dark', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/bx/dashboard/simulations', '/bx/dashboard/simulations/new', `/bx/dashboard/simulations/${key('First tier at 4.75')}?account=SF-1001`]) {
      await manager().browse(page, path);
      await looks_right(page);
    }
  });
});
