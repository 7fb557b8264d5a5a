// Plans & Tariffs: calculator, versions and their approval, components and their refusals, comparison; then, over a
// utility with bills, designer, impact and moving. Each test goes on where the one before it ended.
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { story } = require('../support/story');

story('ONB02US05', 'ONB-FIX', ({ as, test, expect, sql, one, jobs_run, clock, instance, looks_right }) => {
  const manager = () => as('billing_manager'), second = () => as('billing_manager2');
  const bill = (query) => manager().get(`/plans/calculator?from=2026-04-01&to=2026-04-30&${query}`);
  const version = (plan, no) => `/plans/${plan}/versions/${no}`;
  const state = (plan, no) => one("select v.state from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = ? and v.version_no = ?", [plan, no]);
  // A component by its form; lines are lists of columns.
  const component = (plan, no, type, fields, who = manager()) => who.post(`${version(plan, no)}/components`,
    { service: 'WA', gl_code: '4020', label: fields.code, ...fields }, { from: `${version(plan, no)}/components/new?type=${type}` });
  const tiers = (list) => ({ tier_from: list.map((l) => l[0]), tier_upto: list.map((l) => l[1]), tier_price: list.map((l) => l[2]) });
  const plan = async (code, fields = {}, from = '2026-05-01') => {
    await manager().post('/plans', { code, name: `Plan ${code}`, services: ['WA', 'WW'], categories: ['RES'], ...fields }, { from: '/plans/new' }).goes(`/plans/${code}/versions/new`);
    await manager().post(`/plans/${code}/versions`, { effective_from: from, change_reason: 'First version' }, { from: `/plans/${code}/versions/new` }).goes(version(code, 1));
  };
  const submit = (code, no) => manager().post(`${version(code, no)}/submit`);
  const approve = (code, no, who = second()) => who.post(`${version(code, no)}/approve`);

  test('ONB02US05 a plan is changed while no version stands, then all but what bills are computed by; a rate is taken over', async () => {
    await plan('TAKEN');
    const edit = (fields) => manager().post('/plans/TAKEN/edit', fields, { from: '/plans/TAKEN/edit' });
    await edit({ name: 'Plan of two services', services: ['WA'], standard_days: '30' }).done();
    expect(sql("select name n, service_codes s, standard_days d from tariff_plan where code = 'TAKEN'")).toEqual([{ n: 'Plan of two services', s: '["WA"]', d: '30' }]);
    const [form] = (await manager().get('/plans/TAKEN/edit').forms()).filter((f) => f.action.endsWith('/plans/TAKEN/edit'));
    await edit({ description: 'meanwhile' }).done();
    await manager().post('/plans/TAKEN/edit', { ...Object.fromEntries(form.fields), categories: ['RES'], services: ['WA'], description: 'too late' }, { raw: true }).is(409);
    const take = (rate) => manager().post(`${version('TAKEN', 1)}/components/copy`, { rate }, { from: `${version('TAKEN', 1)}/components/new` });
    const [rate] = sql("select concat(p.code, '/', v.version_no, '/', r.code) name, r.code from tariff_rate r join tariff_plan_version v on v.id = r.version_id join tariff_plan p on p.id = v.plan_id where p.code = 'RES-EXT' and r.service_code = 'WA' order by r.sequence limit 1");
    await take('NO/1/SUCH').is(422);
    await take(rate.name).done(rate.code);
    await take(rate.name).refuses(422, 'rate', `${rate.code} is taken.`);
    const values = (code) => sql("select r.type, r.label, r.service_code, (select group_concat(concat_ws(':', t.seq, t.upto_qty_micro, t.rate_micro) order by t.seq) from tariff_tier t where t.rate_id = r.id) tiers from tariff_rate r join tariff_plan_version v on v.id = r.version_id join tariff_plan p on p.id = v.plan_id where p.code = ? and r.code = ?", [code, rate.code]);
    expect(values('TAKEN')).toEqual(values('RES-EXT'));
    await manager().post('/plans/TAKEN/deletion', {}, { from: '/plans/TAKEN/deletion' }).done();
  });

  test('ONB02US05.1 RES-EXT, 14 CCF: every line with its arithmetic', async () => {
    await bill('plan=RES-EXT&quantity=14&size=5/8&eru=1').sees('187.82', '18.50', '6 x 3.85 = 23.10; 6 x 5.20 = 31.20; 2 x 7.90 = 15.80', '70.10',
      '90 % of 14 = 12.6 x 6.40 = 80.64', '12.75', '1.33', '4.50');
    expect(one('select count(*) from bill')).toBe('0');
  });

  test('ONB02US05.2 the winter average caps wastewater', async () => {
    await bill('plan=RES-EXT&quantity=14&size=5/8&eru=1&winter=8').sees('153.26', 'lesser of 14 and 8 = 8; 90 % of 8 = 7.2 x 6.40 = 46.08').lacks('187.82');
  });

  test('ONB02US05.3 8 CCF, and with lifeline', async () => {
    await bill('plan=RES-EXT&quantity=8&size=5/8&eru=1').sees('114.25').lacks('15.60');
    await bill('plan=RES-EXT&quantity=8&size=5/8&eru=1&rebates=LIFELINE').sees('97.87', /[-−]15\.60/, '1.86');
  });

  test('ONB02US05.4 a final bill of 12 days', async () => {
    await manager().get('/plans/calculator?plan=RES-EXT&from=2026-04-19&days=12&quantity=4&size=5/8&eru=1&part=1').sees('54.74', '7.40', '2.4 x 3.85 = 9.24; 1.6 x 5.20 = 8.32', '23.04', '5.10', '0.37', '1.27', '12 days');
  });

  test('ONB02US05.6 COM-EXT, 2 inch, 7.5 ERU; an unknown size has no price', async () => {
    await bill('plan=COM-EXT&quantity=42&size=2&eru=7.5').sees('716.05', '104.00', '214.20', '281.30', '95.63', '4.77', '16.15');
    await bill('plan=COM-EXT&quantity=42&size=9&eru=7.5').lacks('716.05', 'Total');
  });

  test('ONB02US05.5 a price change: a new version, approved by a second person, splits the days', async () => {
    await manager().post('/plans/RES-EXT/versions', { effective_from: '2027-07-01', change_reason: 'Rates of 2027' }, { from: '/plans/RES-EXT/versions/new' }).done('Version 2 is a draft now.');
    await manager().post(`${version('RES-EXT', 2)}/components/SERVICE`, { size: ['5/8', '3/4', '1'], size_amount: ['19.75', '19.75', '27.25'] }, { from: `${version('RES-EXT', 2)}/components/SERVICE` }).done('SERVICE is saved.');
    await manager().post(`${version('RES-EXT', 2)}/components/WATER-USE`, tiers([['0', '6', '4.10'], ['6', '12', '5.55'], ['12', '', '8.40']]), { from: `${version('RES-EXT', 2)}/components/WATER-USE` }).done('WATER-USE is saved.');
    const query = '/plans/calculator?from=2027-06-20&to=2027-07-20&quantity=10&size=5/8&eru=1&plan=RES-EXT';
    await manager().get(query).sees('18.50').lacks('12.74');                    // a draft counts for nobody
    await manager().get(`${query}/2`).sees('19.75').lacks('6.56');              // but can be tried
    await approve('RES-EXT', 2).is(409);
    await submit('RES-EXT', 2).done('Waits for approval');
    await manager().post(`${version('RES-EXT', 2)}/components/SERVICE`, { size: ['5/8'], size_amount: ['1.00'] }, { from: `${version('RES-EXT', 2)}/components/SERVICE` }).is(409);
    await approve('RES-EXT', 2, manager()).refuses(409, null, 'A second person must approve.');
    expect(state('RES-EXT', 2)).toBe('pending_approval');
    await as('billing_clerk1').post(`${version('RES-EXT', 2)}/approve`).is(403);
    await approve('RES-EXT', 2).done('Approved');
    await manager().get('/plans?q=RES-EXT').sees(/RES-EXT.*WA, WW.*RES Variable 1 /);          // approved for 2027: version 1 is in force
    await manager().get(query).sees('6.56', '12.74', '15.58', '30.19');
    expect((6.56 + 12.74 + 15.58 + 30.19).toFixed(2)).toBe('65.07');
    expect(state('RES-EXT', 1)).toBe('active');
  });

  test('ONB02US05.7 slabs, time of use, and a base by days', async () => {
    await plan('EL-SLAB', { services: ['WA'] });
    await component('EL-SLAB', 1, 'tiered', { code: 'SLAB', charge_type: 'USAGE', ...tiers([['0', '300', '0.08'], ['300', '600', '0.12'], ['600', '', '0.16']]) }).done('SLAB is saved.');
    await bill('plan=EL-SLAB/1&quantity=850').sees('300 x 0.08 = 24.00; 300 x 0.12 = 36.00; 250 x 0.16 = 40.00', '100.00');
    await plan('EL-TOU', { services: ['WA'] });
    await component('EL-TOU', 1, 'tou', { code: 'TOU', charge_type: 'USAGE', tou_code: ['peak', 'mid', 'off', 'off'], tou_days: ['weekday', 'weekday', 'weekday', 'weekend'], tou_from: ['16:00', '07:00', '00:00', '00:00'],
      tou_to: ['24:00', '16:00', '07:00', '24:00'], tou_price: ['0.285', '0.165', '0.0925', '0.0925'], tou_season: ['', '', '', ''] }).done('TOU is saved.');
    await bill('plan=EL-TOU/1&use_peak=120&use_mid=100&use_off=200').sees('69.20', 'peak 120 x 0.285 = 34.20; mid 100 x 0.165 = 16.50; off 200 x 0.0925 = 18.50');
    await plan('EL-DAY', { services: ['WA'], proration_method: 'daily' });
    await component('EL-DAY', 1, 'fixed', { code: 'BASE', charge_type: 'FIXED', amount: '54.71', gl_code: '4010' }).done('BASE is saved.');
    await manager().get('/plans/calculator?plan=EL-DAY/1&from=2026-05-01&days=33').sees('60.18');
  });

  test('ONB02US05.8 the minimum, rounding, and the late fee rule', async () => {
    await manager().post('/plans/RES-EXT/copy', { code: 'RES-MIN', name: 'Residential with a minimum', effective_from: '2026-05-01' }, { from: '/plans/RES-EXT/copy' }).goes(version('RES-MIN', 1));
    await component('RES-MIN', 1, 'minimum', { code: 'LEAST', amount: '25.00', refs: ['FIXED', 'USAGE'], gl_code: '4010' }).done('LEAST is saved.');
    await bill('plan=RES-MIN/1&quantity=1&size=5/8&eru=1').sees('3.85', '2.65');
    await bill('plan=RES-EXT&quantity=4.125&size=5/8&eru=7.5').sees('15.88', '95.63');
    await manager().get('/plans/late-fees').sees('LATE-STD');
    await manager().post('/plans/late-fees', { code: 'LATE-COM', name: 'Late fee, commercial', trigger: 'grace', grace_days: '10', kind: 'percent', rate_ppm: '1.5', minimum_minor: '5.00', effective_from: '2026-06-01', active: '1' }, { from: '/plans/late-fees/new' }).done('LATE-COM');
    expect(sql("select rate_ppm, minimum_minor from late_fee_rule where code = 'LATE-COM'")).toEqual([{ rate_ppm: '15000', minimum_minor: '500' }]);
    await manager().post('/plans/late-fees', { code: 'LATE-BAD', name: 'Late fee, wrong', trigger: 'grace', grace_days: '10', kind: 'percent', effective_from: '2026-06-01' }, { from: '/plans/late-fees/new' }).refuses(422, 'rate_ppm', 'Enter percentage.');
  });

  test('ONB02US05 a demand ratchet looks back; bills of another language have its text', async () => {
    await plan('POWER');
    await component('POWER', 1, 'demand', { code: 'DEMAND', label: 'Demand charge', label_es: 'Cargo por demanda', rate: '5.00', ratchet: '80' }).done('DEMAND is saved.');
    const of = (q) => bill(`plan=POWER/1&quantity=1&${q}`);
    await of('demand=60&peak=100').sees('400.00', 'greater of 60 and 80 % of 100 = 80');
    await of('demand=90&peak=100').sees('450.00');
    await of('demand=60').sees('300.00');
    expect(one("select labels from tariff_rate where code = 'DEMAND'")).toBe('{"es":"Cargo por demanda"}');
    const form = await manager().get(`${version('POWER', 1)}/components/DEMAND`).sees('On the bill, Español');
    expect(form.body).toMatch(/value="Cargo por demanda"[^>]*name="label_es"/);
    expect(form.body).toMatch(/value="80"[^>]*name="ratchet"/);
    await manager().get(version('POWER', 1)).sees('at least 80 % of the highest of 12 months'.replace(' %', '\u00a0%'));
    await component('POWER', 1, 'demand', { code: 'MORE', rate: '5.00', ratchet: '101' }).is(422);
  });

  test('ONB02US05 who changed a price of the version does not approve it', async () => {
    await plan('EYES');
    await component('EYES', 1, 'fixed', { code: 'BASE', charge_type: 'FIXED', amount: '5.00', gl_code: '4010' }).done('BASE is saved.');
    await second().post(`${version('EYES', 1)}/components/BASE`, { amount: '6.00' }, { from: `${version('EYES', 1)}/components/BASE` }).done('BASE is saved.');
    await submit('EYES', 1).done('Waits for approval');
    await approve('EYES', 1).refuses(409, null, 'A second person must approve.');
    await approve('EYES', 1, manager()).refuses(409, null, 'A second person must approve.');
    expect(state('EYES', 1)).toBe('pending_approval');
    await approve('EYES', 1, as('utility_admin')).done('Approved');
    await second().post(`${version('EYES', 1)}/withdraw`, {}, { from: version('EYES', 1) }).done('Withdrawn');
  });

  test('ONB02US05 refuses components that are not whole', async () => {
    await plan('BAD');
    const use = { code: 'USE', charge_type: 'USAGE' };
    await component('BAD', 1, 'tiered', { ...use, ...tiers([['0', '6', '1.00'], ['7', '', '2.00']]) }).refuses(422, 'lines', 'Tier 2 must start at 6, where tier 1 ends.');
    await component('BAD', 1, 'tiered', { ...use, ...tiers([['0', '6', '1.00'], ['6', '12', '2.00']]) }).refuses(422, 'lines', 'The last tier must be unlimited.');
    await component('BAD', 1, 'tiered', { ...use, ...tiers([['0', '', '-1.00']]) }).refuses(422, 'lines', 'Line 1: a price is not negative.');
    const night = { tou_code: ['day', 'day'], tou_days: ['weekday', 'weekend'], tou_from: ['00:00', '00:00'], tou_to: ['24:00', '22:00'], tou_price: ['0.10', '0.10'], tou_season: ['', ''] };
    await component('BAD', 1, 'tou', { ...use, ...night }).refuses(422, 'lines', 'Sunday 22:00-24:00 has no period.');
    await component('BAD', 1, 'stormwater', { code: 'STORM', label: 'Stormwater', rate: '12.75', gl_code: '' }).refuses(422, 'gl_code', 'Choose a GL code for Stormwater.');
    await component('BAD', 1, 'flat', { ...use, rate: '-0.10' }).is(422);
    await component('BAD', 1, 'flat', { ...use, rate: '1000000.01' }).is(422);
    expect(one("select count(*) from tariff_rate r join tariff_plan_version v on v.id = r.version_id join tariff_plan p on p.id = v.plan_id where p.code = 'BAD'")).toBe('0');
    await submit('BAD', 1).refuses(409, null, 'The version has no components.');
    await component('BAD', 1, 'surcharge', { code: 'REBATE-LIKE', charge_type: 'SURCHARGE', calc: 'flat', amount: '-2.00' }).done('saved');
    await component('BAD', 1, 'surcharge', { code: 'A', charge_type: 'SURCHARGE', calc: 'percent', percent: '5', refs: ['REBATE-LIKE'] }).done('saved');
    await component('BAD', 1, 'surcharge', { code: 'B', charge_type: 'SERVICE_FEE', calc: 'percent', percent: '5', refs: ['A'] }).done('saved');
    await manager().post(`${version('BAD', 1)}/components/A`, { refs: ['B'] }, { from: `${version('BAD', 1)}/components/A` }).refuses(422, 'refs', 'A refers to B, which refers to A.');
    await manager().post(`${version('BAD', 1)}/components/A/deletion`).refuses(409, null, 'B refers to A.');
    await manager().post('/plans', { code: 'BAD', name: 'Another', services: ['WA'], categories: ['RES'] }, { from: '/plans/new' }).refuses(422, 'code', 'BAD is taken.');
    await manager().post('/plans/BAD/deletion', {}, { from: '/plans/BAD/deletion' }).done('Plan BAD is deleted.');
    await manager().get('/plans/BAD').is(404);
  });

  test('ONB02US05 seasons cover the year; prices by season', async () => {
    await plan('SEASON', { services: ['WA'] });
    const seasons = (lines) => manager().post('/plans/SEASON/seasons', { season: lines.map((l) => l[0]), from_md: lines.map((l) => l[1]), to_md: lines.map((l) => l[2]) }, { from: '/plans/SEASON/seasons' });
    await seasons([['summer', '06-01', '09-30'], ['winter', '10-01', '05-30']]).refuses(422, 'season', 'No season covers 05-31 to 05-31.');
    await seasons([['summer', '06-01', '09-30'], ['winter', '09-30', '05-31']]).refuses(422, 'season', '09-30 is in two seasons: summer and winter.');
    await seasons([['summer', '06-01', '09-30'], ['winter', '10-01', '05-31']]).done('Saved.');
    await component('SEASON', 1, 'seasonal', { code: 'USE', charge_type: 'USAGE', tier_season: ['summer', 'winter'], tier_from: ['0', '0'], tier_upto: ['', ''], tier_price: ['2.00', '1.00'] }).done('saved');
    await manager().get('/plans/calculator?plan=SEASON/1&from=2026-07-01&to=2026-07-30&quantity=10').sees('20.00');
    await manager().get('/plans/calculator?plan=SEASON/1&from=2026-11-01&to=2026-11-30&quantity=10').sees('10.00');
  });

  test('ONB02US05 a rejected version is changed and submitted again; withdrawn before its day', async () => {
    await submit('RES-MIN', 1).done('Waits for approval');
    await second().post(`${version('RES-MIN', 1)}/reject`, { reason: '' }, { from: `${version('RES-MIN', 1)}/rejection` }).refuses(422, 'reason', 'Enter a reason.');
    await second().post(`${version('RES-MIN', 1)}/reject`, { reason: 'The minimum is too high' }, { from: `${version('RES-MIN', 1)}/rejection` }).done('Rejected');
    await manager().post(`${version('RES-MIN', 1)}/reopen`, {}, { from: version('RES-MIN', 1) }).done('Draft');
    await submit('RES-MIN', 1).done('Waits for approval');
    await approve('RES-MIN', 1).done('Approved');
    await second().post(`${version('RES-MIN', 1)}/withdraw`, {}, { from: version('RES-MIN', 1) }).done('Withdrawn');
    expect(one("select status from tariff_plan where code = 'RES-MIN'")).toBe('draft');
  });

  test('ONB02US05 the job puts a version in force at midnight of its day; the one before ends', async () => {
    await submit('SEASON', 1).done();
    await approve('SEASON', 1).done('Approved');
    expect(state('SEASON', 1)).toBe('approved');
    await clock('2026-05-01T00:05-07:00');
    sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, ?, 'tariff.activate', 'general', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'",
      [one("select id from utility where code = 'swa-w'")]);                    // as the scheduler enqueues it at midnight
    await jobs_run();
    expect(state('SEASON', 1)).toBe('active');
    expect(one("select status from tariff_plan where code = 'SEASON'")).toBe('active');
    expect(one("select count(*) from outbox_event where name = 'tariff_plan_version.activated'")).toBe('1');
    await manager().post('/plans/SEASON/versions', { effective_from: '2026-05-01', change_reason: 'From today, dearer' }, { from: '/plans/SEASON/versions/new' }).goes(version('SEASON', 2));
    await submit('SEASON', 2).done();
    await approve('SEASON', 2).done('Active');
    expect(state('SEASON', 1)).toBe('superseded');
    expect(one("select count(*) from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = 'SEASON' and v.state in ('active', 'superseded') and v.effective_to is null")).toBe('1');
    await manager().post('/plans/SEASON/deletion').refuses(409, null, 'Retire it instead.');
    await manager().post('/plans/SEASON/retire', {}, { from: '/plans/SEASON' }).done('Retired');
    expect(one("select count(*) from outbox_event where name = 'tariff_plan.retired'")).toBe('1');
  });

  test('ONB02US05 quote documents: exported, proved by the command, imported as a plan', async () => {
    const program = (document) => {
      const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'quote-')), 'q.json');
      fs.writeFileSync(file, document);
      return JSON.parse(execFileSync(path.join(process.env.SMART360_BUILD || 'build', 'smart360'), ['quote', file], { encoding: 'utf8' }));
    };
    for (const [query, total] of [['plan=RES-EXT&quantity=14&size=5/8&eru=1', '187.82'], ['plan=RES-EXT&quantity=14&size=5/8&eru=1&winter=8', '153.26'], ['plan=COM-EXT&quantity=42&size=2&eru=7.5', '716.05'],
      ['plan=COM-VAR&quantity=1', '72.33'], ['plan=RES-EXT&quantity=8&size=5/8&eru=1&rebates=LIFELINE', '97.87'], ['plan=EL-TOU/1&use_peak=120&use_mid=100&use_off=200', '69.20']]) {
      const document = await manager().get(`/plans/calculator/document?from=2026-05-01&to=2026-05-30&${query}`).is(200);
      const [shown] = (await manager().get(`/plans/calculator?from=2026-05-01&to=2026-05-30&${query}`).is(200)).text.match(/Total\s+[\d,.]+/);
      expect(program(document.body).total, query).toBe(shown.replace(/Total\s+/, '').replace(',', ''));
      if (total !== '72.33') expect(program(document.body).total, query).toBe(total);
    }
    const { body } = await manager().get('/plans/calculator/document?from=2026-05-01&to=2026-05-30&plan=RES-EXT&quantity=14&size=5/8&eru=1').is(200);
    const computed = await manager().post('/plans/calculator/document', { document: body }, { from: '/plans/calculator' }).is(200);
    expect(computed.text).toContain('187.82');
    await manager().post('/plans/calculator/document', { document: '{"format": 1}' }, { from: '/plans/calculator' }).is(422);
    const fields = { code: 'IMPORTED', name: 'From a document', services: ['WA', 'WW'], categories: ['RES'], effective_from: '2026-06-01' };
    await manager().post('/plans/import', { ...fields, document: '{}' }, { from: '/plans/import' }).is(422);
    await manager().post('/plans/import', { ...fields, document: body }, { from: '/plans/import' }).goes(version('IMPORTED', 1));
    await bill('plan=IMPORTED/1&quantity=14&size=5/8&eru=1').sees('187.82');
    await submit('IMPORTED', 1).refuses(409, null, 'Choose a GL code for');
  });

  test('ONB02US05 taxes, fees and rebates have their pages; a used tax stays', async () => {
    await manager().post('/plans/taxes', { code: 'VAT', name: 'Value added tax', rate_ppm: '19', method: 'inclusive', sort: '1', gl_code: '2410', effective_from: '2026-06-01', active: '1' }, { from: '/plans/taxes/new' }).done('Value added tax');
    await manager().post('/plans/taxes', { code: 'VAT', name: 'Again', rate_ppm: '19', method: 'inclusive', sort: '1', gl_code: '2410', effective_from: '2026-06-01' }, { from: '/plans/taxes/new' }).refuses(422, 'effective_from', 'VAT has a rate from that day already.');
    const id = one("select public_id from tax_code where code = 'CUT'");
    await manager().post(`/plans/taxes/${id}/deletion`).is(409);
    expect(one("select count(*) from tax_code where code = 'CUT'")).toBe('1');
    await manager().post('/plans/fees', { code: 'FEE-APP', name: 'Application fee', kind: 'fee', charge_type: 'SERVICE_FEE', amount_minor: '30.00', post_mode: 'immediate', gl_code: '4120', effective_from: '2026-07-01', active: '1' }, { from: '/plans/fees/new' }).done();
    expect(one("select count(*) from fee where code = 'FEE-APP'")).toBe('2');
    await manager().post('/plans/fees', { code: 'FEE-X', name: 'No such code', kind: 'fee', charge_type: 'SERVICE_FEE', amount_minor: '30.00', post_mode: 'immediate', gl_code: '9999', effective_from: '2026-07-01' }, { from: '/plans/fees/new' }).refuses(422, 'gl_code', 'There is no GL code 9999.');
    await as('billing_clerk1').get('/plans/taxes').sees('CUT');
    await as('billing_clerk1').get('/plans/taxes/new').is(403);
    await as('cashier1').get('/plans').is(403);
  });

  test('ONB02US05 two versions side by side', async () => {
    await manager().get('/plans/comparison?a=RES-EXT/1&b=RES-EXT/2').sees('Changed', 'The same', /5\/8: \$18\.50/, /5\/8: \$19\.75/, 'Bills of typical uses');
    await manager().get('/plans/comparison?a=RES-EXT/1&b=COM-EXT').sees('Changed');
  });

  test('ONB02US05 pages look right', async ({ page }) => {
    test.setTimeout(480000);
    for (const where of ['/plans', '/plans/RES-EXT', version('RES-EXT', 2), version('IMPORTED', 1), `${version('IMPORTED', 1)}/components/new`, `${version('IMPORTED', 1)}/components/new?type=tiered`, `${version('EL-TOU', 1)}/components/TOU`,
      '/plans/new', '/plans/SEASON/seasons', '/plans/seasons', '/plans/rates', '/plans/taxes', '/plans/fees', '/plans/rebates', '/plans/late-fees', '/plans/import',
      '/plans/calculator?plan=RES-EXT&from=2026-04-01&to=2026-04-30&quantity=14&size=5/8&eru=1&other=RES-VAR', '/plans/comparison?a=RES-EXT/1&b=RES-EXT/2']) {
      await manager().browse(page, where);
      await looks_right(page, { shots: process.env.PLAN_SHOTS && `plan-${where.replace(/[^a-z0-9]+/gi, '_').slice(0, 60)}` });
    }
  });
});

story('ONB02US05 with bills', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, clock, command, looks_right }) => {
  const manager = () => as('billing_manager');
  const draft = '/plans/RES-VAR/versions/2';
  const bills = () => sql("select b.id, b.status, b.total_minor from bill b order by b.id");

  test('ONB02US05 a plan in use is not deleted; a version for billed days lists who was billed', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const n = one("select count(*) from service_connection s join tariff_plan p on p.id = s.tariff_plan_id where p.code = 'RES-VAR'");
    await manager().post('/plans/RES-VAR/deletion').refuses(409, null, `${n} connections use RES-VAR. Retire it instead.`);
    await manager().post('/plans/RES-VAR/versions', { effective_from: '2026-04-01', change_reason: 'First tier 4.75' }, { from: '/plans/RES-VAR/versions/new' }).done('Version 2 is a draft now.');
    await manager().get(draft).sees('Billed already', 'SF-1001');
    expect(one("select count(*) from tariff_plan_version where state = 'draft'")).toBe('1');
  });

  test('ONB02US05 designer: a price is moved, the bills follow at once; kept only when asked', async ({ page, browser }) => {
    test.setTimeout(180000);
    await manager().browse(page, `${draft}/designer`);
    const slider = page.locator('input[type=range]').nth(1), price = page.locator('input[name="WATER-USE.0"]');
    await expect(price).toHaveValue('4.5');
    const before = await page.locator('#designed table').first().innerText();
    await slider.focus();
    for (let i = 0; i < 25; i++) await page.keyboard.press('ArrowRight');
    await expect(price).toHaveValue('4.75');
    await expect(page.locator('#designed table').first()).not.toHaveText(before, { useInnerText: true });
    await expect(page.locator('#designed')).toContainText('189.32');            // 12 CCF: 188.00 before
    expect(one("select min(t.rate_micro) from tariff_tier t join tariff_rate r on r.id = t.rate_id join tariff_plan_version v on v.id = r.version_id where v.state = 'draft'")).toBe('4500000');
    await looks_right(page, { shots: process.env.PLAN_SHOTS && 'plan-designer' });
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    const plain = await context.newPage();
    await manager().browse(plain, `${draft}/designer`);
    await plain.locator('input[name="WATER-USE.0"]').fill('4.75');
    await plain.getByRole('button', { name: 'Show the bills' }).click();
    await expect(plain.locator('#designed')).toContainText('189.32');
    await plain.locator('input[name="WATER-USE.0"]').fill('x');
    await plain.getByRole('button', { name: 'Show the bills' }).click();
    await expect(plain.locator('main')).toContainText('x is not a price. Write 4.50.');
    await plain.locator('input[name="WATER-USE.0"]').fill('4.75');
    await plain.getByRole('button', { name: 'Keep these prices' }).click();
    await expect(plain.getByRole('status')).toContainText('1 price is changed.');
    await context.close();
    expect(one("select min(t.rate_micro) from tariff_tier t join tariff_rate r on r.id = t.rate_id join tariff_plan_version v on v.id = r.version_id where v.state = 'draft'")).toBe('4750000');
    expect(one("select min(t.rate_micro) from tariff_tier t join tariff_rate r on r.id = t.rate_id join tariff_plan_version v on v.id = r.version_id where v.state = 'active'")).toBe('4500000');
  });

  test('ONB02US05 impact: the whole base by the engine, nothing billed', async ({ page }) => {
    test.setTimeout(240000);
    const before = bills();
    await as('billing_clerk').post(`${draft}/impact`, { base: 'RES-VAR' }).is(403);
    await manager().post(`${draft}/impact`, { base: 'RES-VAR' }, { from: `${draft}/impact` }).goes(`${draft}/impact`);
    await jobs_run();
    const rows = sql('select a.account_no no, x.before_minor b, x.after_minor a from tariff_impact_row x join account a on a.id = x.account_id order by a.account_no');
    expect(rows.find((r) => r.no === 'SF-1001')).toEqual({ no: 'SF-1001', b: '18800', a: '18932' });
    expect(rows.find((r) => r.no === 'SF-1004')).toMatchObject({ b: '9401' });
    for (const r of rows) expect(one("select total_minor from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status = 'published'", [r.no])).toBe(r.b);
    expect(bills()).toEqual(before);
    await manager().get(`${draft}/impact`).sees('Residential', 'Pay more', 'processor time');
    await manager().get(`${draft}/impact/accounts?change=more`).sees('SF-1001', '189.32');
    const csv = await manager().get(`${draft}/impact/accounts?export=csv`).is(200);
    expect(csv.body).toContain('SF-1001');
    await as('billing_clerk').get(`${draft}/impact/accounts?export=csv`).is(403);
    for (const where of [`${draft}/impact`, `${draft}/impact/accounts`, draft]) {
      await manager().browse(page, where);
      await looks_right(page, { shots: process.env.PLAN_SHOTS && `plan-impact${where.length}` });
    }
  });

  test('ONB02US05 submitting shows the effect on a sample; approved for the past it is in force at once', async () => {
    const before = bills();
    // Days that are billed already take the right to approve.
    sql("insert into role_permission (role_id, permission_id) select r.id, q.id from role r join utility u on u.id = r.utility_id and u.code = 'swa-w' join permission q on q.`key` like 'core.tariffs%' and q.action in ('create', 'edit') where r.code = 'billing_clerk'");
    sql('update security_policy set rights_version = uuid_short()');
    await as('billing_clerk').post(`${draft}/submit`).refuses(409, null, /Bills up to .* are published\. Who may approve can set an earlier day\./);
    sql("delete p from role_permission p join role r on r.id = p.role_id and r.code = 'billing_clerk' join permission q on q.id = p.permission_id where q.`key` like 'core.tariffs%' and q.action in ('create', 'edit')");
    sql('update security_policy set rights_version = uuid_short()');
    expect(one("select state from tariff_plan_version order by id desc limit 1")).toBe('draft');
    await manager().post(`${draft}/submit`).done('Waits for approval');
    const impact = JSON.parse(one("select impact from tariff_plan_version where state = 'pending_approval'"));
    expect(impact).toMatchObject({ winners: 0 });
    expect(impact.losers).toBeGreaterThan(0);
    await as('billing_manager2').get(draft).sees('Effect on a sample', 'Greatest rise');
    await as('billing_manager2').post(`${draft}/approve`).done('Active');
    expect(one("select effective_to from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = 'RES-VAR' and v.version_no = 1")).toBe('2026-03-31');
    expect(bills()).toEqual(before);
  });

  test('ONB02US05 consumers of a plan are moved by a job; who does not fit stays and is listed', async ({ page }) => {
    test.setTimeout(180000);
    await manager().get('/plans/RES-FIX/move?to=RES-VAR&from=2026-05-01').sees('Who would be moved', 'Yes');
    await manager().post('/plans/RES-FIX/move', { to: 'RES-VAR', from: '2026-05-01', reason: 'RES-FIX ends' }, { from: '/plans/RES-FIX/move?to=RES-VAR&from=2026-05-01' }).is(303);
    await jobs_run();
    expect(sql('select moved, refused, state from tariff_move')).toEqual([{ moved: '1', refused: '0', state: 'done' }]);
    await manager().post('/plans/COM-FIX/move', { to: 'RES-VAR', from: '2026-05-01', reason: 'No fit' }, { from: '/plans/COM-FIX/move?to=RES-VAR&from=2026-05-01' }).is(303);
    await jobs_run();
    expect(sql('select moved, refused, state from tariff_move order by id desc limit 1')).toEqual([{ moved: '0', refused: '1', state: 'done' }]);
    expect(one("select p.code from service_connection s join tariff_plan p on p.id = s.tariff_plan_id join account a on a.id = s.account_id where a.account_no = 'SF-2003'")).toBe('COM-FIX');
    await manager().browse(page, '/plans/COM-FIX/move?to=RES-VAR&from=2026-05-01');
    await looks_right(page);
    await manager().post('/plans/RES-FIX/retire').done('Retired');
  });

  test('ONB02US05 consumers are told of new prices thirty days before, once', async () => {
    const on_plan = Number(one("select count(distinct s.account_id) from service_connection s join tariff_plan p on p.id = s.tariff_plan_id where p.code = 'COM-VAR' and s.status in ('active', 'disconnected')"));
    expect(on_plan).toBeGreaterThan(0);
    const told = () => sql("select to_address, subject, body_text from message where template_key = 'rate_change'");
    const night = async () => {
      sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, ?, 'tariff.notice', 'general', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'", [one("select id from utility where code = 'swa-w'")]);
      await jobs_run();
    };
    const second = as('billing_manager2');
    await manager().post('/plans/COM-VAR/versions', { effective_from: '2026-09-01', change_reason: 'Rates of September' }, { from: '/plans/COM-VAR/versions/new' }).is(303);
    const no = one("select max(version_no) from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = 'COM-VAR'"), path_ = `/plans/COM-VAR/versions/${no}`;
    await manager().post(`${path_}/submit`).done();
    await second.post(`${path_}/approve`).done('Approved');
    await night();
    expect(told()).toEqual([]);                                             // too early
    await clock('2026-08-03T12:00-07:00');
    await night();
    expect(told().length).toBe(on_plan);
    expect(told()[0].subject).toBe('New prices from 1 Sep 2026');
    expect(told()[0].body_text).toContain(one("select contact_phone from utility where code = 'swa-w'"));
    await night();
    expect(told().length).toBe(on_plan);
  });
});
