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
    await bill('plan=RES-EXT&quantity=8&size=5/8&eru=1&rebates=LIFELINE').sees('97.87', /[-−]\$?15\.60/, '1.86');
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
    // what the second person read was taken back and sent again meanwhile: the button of then approves nothing
    const seen = (await second().get(version('RES-EXT', 2)).forms()).find((f) => f.action.endsWith('/approve'));
    await as('billing_manager1').post(`${version('RES-EXT', 2)}/reject`, { reason: 'Look at the tiers' }, { from: `${version('RES-EXT', 2)}/rejection` }).done('Rejected');
    await manager().post(`${version('RES-EXT', 2)}/reopen`, {}, { from: version('RES-EXT', 2) }).done('Draft');
    await submit('RES-EXT', 2).done('Waits for approval');
    await second().post(`${version('RES-EXT', 2)}/approve`, Object.fromEntries(seen.fields), { raw: true }).refuses(409, null, /This record was changed by another user at .*M\. Look at it again, then decide\./);
    expect(state('RES-EXT', 2)).toBe('pending_approval');
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
    const rule = `/plans/late-fees/${one("select public_id from late_fee_rule where code = 'LATE-COM'")}`;
    await manager().get(`${rule}?overdue=412.37&days=30`).sees('$6.19', 'As the rule says, rounded once.');
    await manager().get(`${rule}?overdue=100&days=30`).sees('$5.00', 'The least that the rule takes.').lacks('$6.19');
    await manager().get(`${rule}?overdue=412.37&days=10`).sees('$0.00', 'Still within the days of grace.').lacks('$6.19');
    await manager().get(`${rule}?overdue=much&days=30`).is(422);
    expect(one('select count(*) from charge')).toBe('0');
    await manager().post(rule, { exempt: ['dispute', 'low_income'], maximum_minor: '6.00' }, { from: `${rule}/edit` }).done();
    expect(sql("select exempt, minimum_minor from late_fee_rule where code = 'LATE-COM'")).toEqual([{ exempt: '["dispute","low_income"]', minimum_minor: '500' }]);
    await manager().get(`${rule}?overdue=412.37&days=30`).sees('$6.00', 'The most that the rule takes.', 'Disputed amounts, Rebate group: low income');
    await manager().post('/plans/late-fees', { code: 'LATE-BAD', name: 'Late fee, wrong', trigger: 'grace', grace_days: '10', kind: 'percent', effective_from: '2026-06-01' }, { from: '/plans/late-fees/new' }).refuses(422, 'rate_ppm', 'Enter percentage.');
  });

  test('ONB02US05 every kind of component is made by its form, shown, opened again, and computed', async () => {
    await plan('KINDS', { services: ['WA', 'WW'] });
    const seasons = { season: ['dry', 'wet'], from_md: ['05-01', '10-01'], to_md: ['09-30', '04-30'] };
    await manager().post('/plans/KINDS/seasons', seasons, { from: '/plans/KINDS/seasons' }).done('Saved.');
    const week = { tou_code: ['peak', 'off', 'off'], tou_days: ['weekday', 'weekday', 'weekend'], tou_from: ['12:00', '00:00', '00:00'], tou_to: ['24:00', '12:00', '24:00'], tou_price: ['0.30', '0.10', '0.10'], tou_season: ['', '', ''] };
    // type, what is typed, what the version says of it, what the bill says of it, what its form has when opened again
    const kinds = [
      ['fixed', { charge_type: 'FIXED', amount: '10.00', count: 'dwelling_units' }, '$10.00 a month, for each dwelling', '20.00', 'value="10.00"'],
      ['meter_size', { charge_type: 'FIXED', size: ['5/8', '20 mm'], size_amount: ['11.01', '12.02'] }, '5/8: $11.01; 20 mm: $12.02', '11.01', 'value="12.02"'],
      ['flat', { charge_type: 'USAGE', rate: '1.25', included: '3' }, '$1.25 / CCF, 3 CCF free', '11.25', 'value="1.25"'],
      ['tiered', { charge_type: 'USAGE', ...tiers([['0', '5', '2.01'], ['5', '', '3.02']]) }, 'to 5 at $2.01; above at $3.02', '31.19', 'value="3.02"'],
      ['flat_by_tier', { charge_type: 'USAGE', ...tiers([['0', '5', '7.01'], ['5', '', '8.02']]) }, 'to 5 at $7.01; above at $8.02', '8.02', 'value="8.02"'],
      ['seasonal', { charge_type: 'USAGE', tier_season: ['dry', 'wet'], tier_from: ['0', '0'], tier_upto: ['', ''], tier_price: ['4.03', '3.03'] }, 'dry: above at $4.03; wet: above at $3.03', '36.36', 'value="4.03"'],
      ['demand', { rate: '2.50' }, '$2.50 / kW', '15.00', 'value="2.5"'],
      ['wastewater', { calc: 'per_unit', rate: '6.40', share: '90', cap: 'min(usage,winter_average)' }, '$6.40 / CCF, of 90 % of the volume, at most the winter average', '46.08', 'value="6.4"'],
      ['stormwater', { rate: '12.75' }, '$12.75 / ERU', '19.13', 'value="12.75"'],
      ['surcharge', { charge_type: 'SURCHARGE', calc: 'percent', percent: '10', refs: ['FIXED-1'] }, '10 % of FIXED-1', '2.00', 'value="10"'],
      ['adjustment_factor', { charge_type: 'FUEL_ADJ', calc: 'per_unit', rate: '-0.50', valid_to: '2026-12-31' }, '$0.50 / CCF', '-6.00', 'value="-0.5"'],
      ['rebate', { charge_type: 'SUBSIDY', calc: 'per_unit', rate: '0.50', limit: '5' }, 'to 5 at $0.50', '-2.50', 'value="0.5"'],
      ['minimum', { amount: '25.00', refs: ['FIXED-1'] }, '$25.00 a month', '5.00', 'value="25.00"'],
      ['maximum', { amount: '7.50', refs: ['STORMWATER'] }, '$7.50 a month', '-11.63', 'value="7.50"'],
    ];
    for (const [type, fields, said, , opened] of kinds) {
      const code = `${type.toUpperCase().replace(/_/g, '-')}-1`;
      await component('KINDS', 1, type, { code, ...fields }).done(`${code} is saved.`);
      const at = `${version('KINDS', 1)}/components/${code}`;
      const form = await manager().get(at).is(200);
      expect(form.body, type).toContain(opened);
      const kept = sql('select * from tariff_rate where code = ?', [code]);
      await manager().post(at, {}, { from: at }).done(`${code} is saved.`);          // saved as it was opened: nothing changes
      expect(sql('select * from tariff_rate where code = ?', [code]), type).toEqual(kept);
      expect((await manager().get(version('KINDS', 1)).is(200)).text.replace(/\s+/g, ' '), type).toContain(said);
    }
    await component('KINDS', 1, 'tax', { code: 'TAX-1', tax_code: 'CUT', refs: ['FIXED-1'] }).done('TAX-1 is saved.');
    const bill_ = await bill('plan=KINDS/1&quantity=12&size=5/8&eru=1.5&units=2&demand=6&winter=8&enrolled=1').is(200);
    const amounts = kinds.map(([type]) => bill_.body.split('<tr').find((row) => row.includes(`>${type.toUpperCase().replace(/_/g, '-')}-1<`))?.match(/a-amount">([^<]*)</)?.[1].replace('\u2212', '-').replace('$', ''));
    expect(kinds.map(([type], i) => [type, amounts[i]])).toEqual(kinds.map(([type, , , amount]) => [type, amount]));
    // a rebate of the plan is for who is enrolled: in its group, or in any
    const rebate = (query) => bill(`plan=KINDS/1&quantity=12&size=5/8&eru=1.5&units=2&demand=6&winter=8${query}`);
    await rebate('').lacks('REBATE-1');
    await rebate('&rebates=LIFELINE').sees('REBATE-1');
    const at_ = `${version('KINDS', 1)}/components/REBATE-1`;
    await manager().post(at_, { group: 'senior' }, { from: at_ }).done('REBATE-1 is saved.');
    expect((await manager().get(version('KINDS', 1)).is(200)).text).toContain('for seniors');
    await rebate('&rebates=LIFELINE').lacks('REBATE-1');
    await rebate('&enrolled=1').sees('REBATE-1');
    await manager().post(at_, { group: 'low_income' }, { from: at_ }).done('REBATE-1 is saved.');
    await rebate('&rebates=LIFELINE').sees('REBATE-1');
    await plan('KIND-TOU', { services: ['WA'], fallback_tou: 'off' });
    await component('KIND-TOU', 1, 'tou', { code: 'TOU-1', charge_type: 'USAGE', minimum: '9.99', ...week }).done('TOU-1 is saved.');
    await bill('plan=KIND-TOU/1&use_peak=10&use_off=20').sees('9.99');
    await bill('plan=KIND-TOU/1&use_peak=100&use_off=20').sees('32.00').lacks('9.99');
    const at = `${version('KIND-TOU', 1)}/components/TOU-1`;
    await manager().post(at, { minimum: '' }, { from: at }).done('TOU-1 is saved.');
    await bill('plan=KIND-TOU/1&use_peak=10&use_off=20').sees('5.00').lacks('9.99');
    // what is typed stays, and says where it is wrong
    const bad = await component('KINDS', 1, 'meter_size', { code: 'BAD-1', charge_type: 'FIXED', size: ['9'], size_amount: ['11.01'] });
    expect(bad.body).toContain('Line 1: 9 is no meter size.');
    expect(bad.body).toContain('value="11.01"');
    await component('KINDS', 1, 'flat', { code: 'BAD-1', charge_type: 'USAGE', rate: '1', minimum: '-1' }).is(422);
    await component('KINDS', 1, 'fixed', { code: 'BAD-1', charge_type: 'FIXED', amount: 'much' }).is(422);
    await component('KINDS', 1, 'surcharge', { code: 'BAD-1', charge_type: 'SURCHARGE', calc: 'percent', percent: '' }).refuses(422, 'percent', 'Enter percentage.');
    expect(one("select count(*) from tariff_rate where code = 'BAD-1'")).toBe('0');
  });

  test('ONB02US05 plans are found by service and category; a card leads to what it counts', async () => {
    await manager().get('/plans?services=WW').sees('RES-EXT').lacks('KIND-TOU');
    await manager().get('/plans?services=WA&services=WW').sees('RES-EXT', 'KIND-TOU');
    await manager().get('/plans?categories=COM').sees('COM-EXT').lacks('RES-EXT');
    await manager().get('/plans?categories=RES&services=WW').sees('RES-EXT').lacks('COM-EXT', 'KIND-TOU');
    const list = await manager().get('/plans').is(200);
    for (const [card, path_] of [['Changed in 30 days', /href="[^"]*(\/plans\?changed_at_from=[^"]+)"/], ['Rates', /href="[^"]*(\/plans\/rates)"[^>]*class="s-kpi|class="s-kpi" href="[^"]*(\/plans\/rates)"/]]) {
      const found = list.body.match(path_), where = (found[1] || found[2]).replace(/&amp;/g, '&');
      const n = list.text.replace(/\s+/g, ' ').match(new RegExp(`${card}\\s*(\\d+)`))[1];
      await manager().get(where).sees(new RegExp(`of ${n}\\b`));
    }
    await manager().get('/plans/rates?service=WW&state=active').sees('SEWER-FIX').lacks('TOU-1');
    await manager().get('/plans/rates?service=WA&state=draft').sees('TOU-1').lacks('RES-EXT');
  });

  test('ONB02US05 who may be on a plan: sub-category, area and meter size are asked in the words of the utility', async () => {
    const edit = (fields) => manager().post('/plans/KIND-TOU/edit', fields, { from: '/plans/KIND-TOU/edit' });
    await edit({ meter_size_min: '9' }).refuses(422, 'meter_size_min', '9 is no meter size. Use none, 5/8 to 10 inches, or 15 to 300 mm.');
    await edit({ meter_size_min: '2', meter_size_max: '5/8' }).refuses(422, 'meter_size_max', 'The largest meter is below the smallest.');
    await edit({ sub_categories: ['SML'] }).refuses(422, 'sub_categories', /is of another category\./);
    await edit({ sub_categories: ['SFR'], meter_size_min: '5/8', meter_size_max: '2' }).done('Saved.');
    await manager().get('/plans/KIND-TOU').sees('5/8 – 2', 'Single');
    expect(one("select json_length(sub_category_ids) from tariff_plan where code = 'KIND-TOU'")).toBe('1');
    await manager().get('/plans/RES-EXT').sees('Where the money goes', 'Every component has a GL code that is in use.');
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
    const told = (title) => Number(one("select count(*) from notification where title = ? and link like '%/plans/SEASON/versions/1'", [title]));
    expect(told('Version 1 of SEASON waits for approval')).toBeGreaterThan(0);
    expect(told('Version 1 of SEASON is approved')).toBe(1);
    expect(told('Version 1 of SEASON is in force')).toBeGreaterThan(0);
    expect(told('Version 1 of SEASON is rejected')).toBe(0);
    await manager().post('/plans/SEASON/versions', { effective_from: '2026-05-01', change_reason: 'From today, dearer' }, { from: '/plans/SEASON/versions/new' }).goes(version('SEASON', 2));
    await submit('SEASON', 2).done();
    await approve('SEASON', 2).done('Active');
    expect(state('SEASON', 1)).toBe('superseded');
    expect(one("select count(*) from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = 'SEASON' and v.state in ('active', 'superseded') and v.effective_to is null")).toBe('1');
    await manager().post('/plans/SEASON/deletion').refuses(409, null, 'Retire it instead.');
    const retire = (fields, who = manager()) => who.post('/plans/SEASON/retirement', fields, { from: '/plans/SEASON/retirement' });
    await as('billing_clerk').get('/plans/SEASON/retirement').is(403);
    await retire({ on: '2026-04-30', reason: 'Ended' }).refuses(422, 'on', 'This day is past.');
    await retire({ on: '2026-05-01', reason: '' }).is(422);
    expect(one("select status from tariff_plan where code = 'SEASON'")).toBe('active');
    await retire({ on: '2026-05-01', reason: 'Ended' }).done('Retired');
    await manager().post('/plans/SEASON/retirement', { on: '2026-05-02', reason: 'Again' }).is(409);
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
      const [shown] = (await manager().get(`/plans/calculator?from=2026-05-01&to=2026-05-30&${query}`).is(200)).text.match(/Total\s+\$?[\d,.]+/);
      expect(program(document.body).total, query).toBe(shown.replace(/Total\s+\$?/, '').replace(',', ''));
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

  const quoted = (document) => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'quote-')), 'q.json');
    fs.writeFileSync(file, JSON.stringify(document));
    return JSON.parse(execFileSync(path.join(process.env.SMART360_BUILD || 'build', 'smart360'), ['quote', file], { encoding: 'utf8' }));
  };
  const bring = (code, document, fields = {}) => manager().post('/plans/import', { code, name: `Plan ${code}`, services: ['WA'], categories: ['RES'], effective_from: '2026-06-01', ...fields, document: JSON.stringify(document) }, { from: '/plans/import' });
  const document_of = (components, more = {}) => ({ format: 'smart360-quote/1', currency: 'USD', period: { start: '2026-06-01', end: '2026-06-30' }, usage: { quantity: '12' }, components, ...more });

  test('ONB02US05 quote documents: seasons, ranges and caps come and go; what a plan cannot hold is refused with its place', async () => {
    const use = (more) => ({ charge_type: 'USAGE', service: 'WA', calc: 'per_unit', rate: '2', ...more });
    await bring('QD-ALL', document_of([
      { charge_type: 'FIXED', service: 'WA', label: 'Base', calc: 'flat', amount: '10.00' },
      use({ label: 'Summer', rate: '3', season: [6, 7, 8] }), use({ label: 'Winter', rate: '1', season: [9, 10, 11, 12, 1, 2, 3, 4, 5] }),
      use({ label: 'Large', rate: '5', usage_range: { above: '10' } }), use({ label: 'Small', rate: '7', usage_range: { upto: '10' } }),
      { charge_type: 'SURCHARGE', service: 'WA', label: 'Capped', calc: 'percent', percent: '50', of: ['Base'], cap_per_unit: '0.25' },
    ])).goes(version('QD-ALL', 1));
    expect(sql("select s.code, s.from_md, s.to_md from tariff_season s join tariff_plan p on p.id = s.plan_id where p.code = 'QD-ALL' order by s.from_md"))
      .toEqual([{ code: 'JUN-AUG', from_md: '06-01', to_md: '08-31' }, { code: 'SEP-MAY', from_md: '09-01', to_md: '05-31' }]);
    for (const [from, to, quantity, total] of [['2026-06-01', '2026-06-30', '12', '109.00'], ['2026-06-01', '2026-06-30', '10', '112.50'], ['2026-09-01', '2026-09-30', '12', '85.00'], ['2026-09-01', '2026-09-30', '4', '43.00']]) {
      const query = `plan=QD-ALL/1&from=${from}&to=${to}&quantity=${quantity}`;
      await manager().get(`/plans/calculator?${query}`).sees(total);
      expect(quoted(JSON.parse((await manager().get(`/plans/calculator/document?${query}`).is(200)).body)).total, query).toBe(total);
    }
    const refused = [
      [use({ rate: undefined, rate_versions: [{ days: 10, rate: '1' }, { days: 20, rate: '2' }] }), 'components[0].rate_versions: prices that change are versions of a plan.'],
      [use({ season: [1, 3] }), 'components[0].season: a component of a plan has one season.'],
      [use({ basis: 'per_day' }), 'components[0].basis: a plan charges a volume as it was used, never for a time.'],
      [use({ charge_type: 'NEVER_HEARD' }), 'components[0].charge_type: this utility has no charge type NEVER_HEARD.'],
      [{ charge_type: 'FIXED', calc: 'flat', amount: '1.005' }, 'components[0].amount: more decimals than the currency has.'],
      [{ charge_type: 'FIXED', calc: 'flat', amount: '1', year_days: 366 }, 'components[0].year_days: leap years are a setting of the utility.'],
      [{ charge_type: 'TAX', calc: 'flat', amount: '1' }, 'components[0].calc: a tax is a percentage.'],
    ];
    for (const [component_, text] of refused) expect((await bring('QD-NO', document_of([component_])).is(422)).text).toContain(text);
    await bring('QD-NO', document_of([use({})], { months: 2, period: { start: '2026-06-01', end: '2026-07-30' } })).refuses(422, 'standard_days', 'The document has bills of 2 months. Choose their days.');
    expect(one("select count(*) from tariff_plan where code = 'QD-NO'")).toBe('0');
  });

  test('ONB02US05 quote documents: published schedules are brought, exported again, and give the same bills', async () => {
    const shared = process.env.SMART360_SHARED || path.join(__dirname, '../../../shared'), file = path.join(shared, 'data/rates/california-water-rates.jsonl');
    test.skip(!fs.existsSync(file), 'no published schedules here (set SMART360_SHARED)');
    test.setTimeout(300000);
    const cents = (s) => /^\d+(\.\d{1,2}0*)?$/.test(s);
    const all = fs.readFileSync(file, 'utf8').trim().split('\n').map((l) => JSON.parse(l)).map((x) => ({ ...x, fixed: Object.values(x.fixed_by_meter_size ?? {})[0] ?? '0' }));
    const fits = all.filter((x) => cents(x.fixed));
    let proved = 0;
    for (let n = 0; n < fits.length; n += 90) {
      const some = fits.slice(n, n + 90), code = `CAL-${n}`;
      const components = some.flatMap((x) => [{ charge_type: 'FIXED', service: 'WA', label: `${x.id} fixed`, calc: 'flat', amount: x.fixed },
        { charge_type: 'USAGE', service: 'WA', label: `${x.id} use`, calc: 'tiered', tiers: x.blocks.map(([upto, rate]) => ({ upto, rate })) }]);
      await bring(code, document_of(components)).goes(version(code, 1));
      const back = JSON.parse((await manager().get(`/plans/calculator/document?plan=${code}/1&from=2026-06-01&to=2026-06-30&quantity=12`).is(200)).body);
      expect(back.components).toHaveLength(components.length);
      for (const quantity of ['0', '1', '7', '10', '25', '100']) {
        const before = quoted(document_of(components, { usage: { quantity } })), after = quoted({ ...back, usage: { quantity } });
        expect(after.lines.map((l) => l.amount).sort(), `${code}, ${quantity}`).toEqual(before.lines.map((l) => l.amount).sort());
        expect(after.total).toBe(before.total);
        proved += some.length;
      }
    }
    expect(fits.length).toBeGreaterThan(400);                                 // the others have amounts in parts of a cent
    expect(proved).toBe(6 * fits.length);
  });

  test('ONB02US05 taxes, fees and rebates have their pages; a used tax stays', async () => {
    await manager().post('/plans/taxes', { code: 'VAT', name: 'Value added tax', rate_ppm: '19', method: 'inclusive', sort: '1', gl_code: '2410', effective_from: '2026-06-01', active: '1' }, { from: '/plans/taxes/new' }).done('Value added tax');
    await manager().post('/plans/taxes', { code: 'VAT', name: 'Again', rate_ppm: '19', method: 'inclusive', sort: '1', gl_code: '2410', effective_from: '2026-06-01' }, { from: '/plans/taxes/new' }).refuses(422, 'effective_from', 'VAT has a rate from that day already.');
    const id = one("select public_id from tax_code where code = 'CUT'");
    await manager().post(`/plans/taxes/${id}/deletion`).is(409);
    expect(one("select count(*) from tax_code where code = 'CUT'")).toBe('1');
    await manager().post('/plans/fees', { code: 'FEE-APP', name: 'Application fee', kind: 'fee', charge_type: 'SERVICE_FEE', amount_minor: '30.00', post_mode: 'immediate', gl_code: '4120', effective_from: '2026-07-01', active: '1' }, { from: '/plans/fees/new' }).done();
    expect(one("select count(*) from fee where code = 'FEE-APP'")).toBe('2');
    await manager().post('/plans/fees', { code: 'FEE-X', name: 'No such code', kind: 'fee', charge_type: 'SERVICE_FEE', amount_minor: '30.00', post_mode: 'immediate', gl_code: '9999', effective_from: '2026-07-01' }, { from: '/plans/fees/new' }).refuses(422, 'gl_code', /GL code/i);
    const fee = `/plans/fees/${one("select public_id from fee where code = 'FEE-APP' and effective_from = '2026-07-01'")}`;
    const amounts = (lines) => manager().post(`${fee}/amounts`, { amount_for: lines.map((l) => l[0]), amount_what: lines.map((l) => l[1]), amount: lines.map((l) => l[2]) }, { from: `${fee}/amounts` });
    await amounts([['meter_size', '9', '10.00']]).refuses(422, 'lines', /^Line 1: 9 is no meter size\./);
    await amounts([['meter_size', '2', 'x']]).refuses(422, 'lines', 'Line 1: x is not an amount.');
    await amounts([['category', 'NONE', '1.00']]).refuses(422, 'lines', 'There is no category NONE.');
    expect(one("select formula from fee where code = 'FEE-APP' and effective_from = '2026-07-01'")).toBe(null);
    await amounts([['meter_size', '2', '45.00'], ['', '', ''], ['category', 'COM', '60.00']]).done('The amounts are saved.');
    expect(one("select formula from fee where code = 'FEE-APP' and effective_from = '2026-07-01'")).toBe('{"meter_size":{"2":4500},"category":{"COM":6000}}');
    await manager().get(fee).sees('A meter size', '45.00', 'A category', '60.00');
    await manager().post(fee, { tax_codes: ['CUT'], amount_minor: '31.00' }, { from: `${fee}/edit` }).done();
    expect(sql("select tax_codes, amount_minor, json_value(formula, '$.category.COM') com from fee where code = 'FEE-APP' and effective_from = '2026-07-01'")).toEqual([{ tax_codes: '["CUT"]', amount_minor: '3100', com: '6000' }]);
    expect((await manager().get(`${fee}/edit`).is(200)).body).toMatch(/value="CUT"[^>]*checked|checked[^>]*value="CUT"/);
    await manager().post('/plans/rebates', { code: 'CONSERVE', name: 'Conservation', group: 'conservation', kind: 'percent', rate_ppm: '10', refs: ['USAGE', 'SERVICE'], effective_from: '2026-06-01', active: '1' }, { from: '/plans/rebates/new' }).done('Conservation');
    expect(one("select refs from rebate_rule where code = 'CONSERVE'")).toBe('["USAGE","SERVICE"]');
    await manager().post('/plans/rebates', { code: 'NOWHERE', name: 'Of nothing', group: 'conservation', kind: 'percent', rate_ppm: '10', refs: ['NO-SUCH'], effective_from: '2026-06-01' }, { from: '/plans/rebates/new' }).is(422);
    await as('billing_clerk1').get(`${fee}/amounts`).is(403);
    expect((await as('billing_clerk1').get('/plans/taxes').sees('CUT', 'Taxes and surcharges', 'Surcharges of plans')).body).toContain('/plans/rates?type=surcharge"');
    await as('billing_clerk1').get('/plans/rates?type=surcharge').sees('REGULATORY').lacks('WATER-USE');
    await as('billing_clerk1').get('/plans/taxes/new').is(403);
    await as('cashier1').get('/plans').is(403);
  });

  test('ONB02US05 the list of plans is given out with its filter, to who may export', async () => {
    const file = await manager().get('/plans?categories=COM&export=csv').is(200);
    expect(file.body.charCodeAt(0)).toBe(0xfeff);
    const [head, ...rows] = file.body.slice(1).trim().split('\r\n');
    expect(head.toLowerCase()).toContain('code');
    expect(rows.some((x) => x.startsWith('COM-EXT,'))).toBe(true);
    expect(rows.every((x) => !x.startsWith('RES-'))).toBe(true);
    await as('billing_clerk1').get('/plans?export=csv').is(403);
  });

  test('ONB02US05 a late fee may come each month, on fees too, and only above an amount', async () => {
    const make = (fields) => manager().post('/plans/late-fees', { code: 'LATE-MON', name: 'Monthly late fee', trigger: 'dunning', grace_days: '5', kind: 'percent', rate_ppm: '2', threshold_minor: '20.00', repeat_mode: 'monthly', compound: '1', effective_from: '2026-06-01', active: '1', ...fields }, { from: '/plans/late-fees/new' });
    await make({ maximum_minor: '1.00', minimum_minor: '2.00' }).refuses(422, 'maximum_minor', 'The most is below the least.');
    await make({ kind: 'flat', rate_ppm: '' }).refuses(422, 'amount_minor', 'Enter amount.');
    expect(one("select count(*) from late_fee_rule where code = 'LATE-MON'")).toBe('0');
    await make({}).done('Monthly late fee');
    expect(sql("select `trigger` t, repeat_mode r, compound c, threshold_minor m from late_fee_rule where code = 'LATE-MON'")).toEqual([{ t: 'dunning', r: 'monthly', c: '1', m: '2000' }]);
    const rule = `/plans/late-fees/${one("select public_id from late_fee_rule where code = 'LATE-MON'")}`;
    await manager().get(`${rule}?overdue=100&days=30`).sees('$2.00');
    await manager().get(`${rule}?overdue=19.99&days=30`).sees('$0.00').lacks('$0.40');
    await as('billing_clerk1').post(rule, { name: 'Mine' }).is(403);
    expect(one('select count(*) from charge')).toBe('0');
  });

  test('ONB02US05 a plan is cloned from the list', async () => {
    await manager().post('/plans/clone', { bulk: 'clone', ids: ['COM-EXT'] }, { from: '/plans' }).goes('/plans/COM-EXT/copy');
    expect((await manager().post('/plans/clone', { bulk: 'clone', ids: ['COM-EXT', 'RES-EXT'] }, { from: '/plans' }).is(422)).text).toMatch(/Tick one plan to clone\.[\s\S]*RES-EXT/);     // on the list
    await manager().post('/plans/clone', { bulk: 'clone' }, { from: '/plans' }).is(422);
    await as('billing_clerk').post('/plans/clone', { bulk: 'clone', ids: ['COM-EXT'] }).is(403);
    await as('billing_clerk').get('/plans').lacks('Clone');
    // the same word on the plan's own page and on the form
    const own = await manager().get('/plans/COM-EXT').is(200);
    expect(own.body).toMatch(/href="[^"]*\/plans\/COM-EXT\/copy"[^>]*>(<svg.*?<\/svg>)?<span>Clone</);
    expect(own.text).not.toContain('Copy');
    await manager().get('/plans/COM-EXT/copy').sees('Clone').lacks('Copy');
    await as('billing_clerk').get('/plans/COM-EXT').lacks('Clone');
  });

  test('ONB02US05 two versions side by side', async () => {
    await manager().get('/plans/comparison?a=RES-EXT/1&b=RES-EXT/2').sees('Changed', 'The same', /5\/8: \$18\.50/, /5\/8: \$19\.75/, 'Bills of typical uses');
    await manager().get('/plans/comparison?a=RES-EXT/1&b=COM-EXT').sees('Changed');
    const draft = `${version('EL-DAY', 1)}/components/BASE`;                         // the same price on another GL code, in another season of tax
    await manager().post('/plans/EL-DAY/versions', { effective_from: '2026-09-01', change_reason: 'Another account' }, { from: '/plans/EL-DAY/versions/new' }).goes(version('EL-DAY', 2));
    await manager().get('/plans/comparison?a=EL-DAY/1&b=EL-DAY/2').sees('The same').lacks('Changed');
    await manager().post(draft.replace('/1/', '/2/'), { gl_code: '4020', taxes: ['CUT'] }, { from: draft.replace('/1/', '/2/') }).done('BASE is saved.');
    await manager().get('/plans/comparison?a=EL-DAY/1&b=EL-DAY/2').sees('Changed', 'Taxes: –; GL code: 4010', 'Taxes: CUT; GL code: 4020');
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

  test('ONB02US05 designer: bars are dragged, by mouse and finger; sizes, shares and percentages move too; one question at a time', async ({ page, browser }) => {
    test.setTimeout(180000);
    const where = '/plans/RES-EXT/versions/1/designer';
    const shown = (p) => p.locator('#designed table').first();
    const at = async (p, name) => {                                            // the middle of a bar's grip
      const box = await p.getByRole('slider', { name, exact: true }).locator('.hit').boundingBox();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };
    await manager().browse(page, where);
    let open = 0, most = 0, asked = 0;
    await page.route('**/designer?**', async (route) => {
      await new Promise((done) => setTimeout(done, 100));
      await route.continue();
    });
    page.on('request', (r) => { if (r.url().includes('/designer?')) asked++, most = Math.max(most, ++open); });
    page.on('response', (r) => { if (r.url().includes('/designer?')) open--; });
    const price = page.locator('input[name="WATER-USE.1"]'), before = await shown(page).innerText();
    await page.getByRole('slider', { name: 'Water use, 6 – 12', exact: true }).scrollIntoViewIfNeeded();
    const grip = await at(page, 'Water use, 6 – 12');
    await page.mouse.move(grip.x, grip.y);
    await page.mouse.down();
    for (let i = 1; i <= 15; i++) await page.mouse.move(grip.x, grip.y - 2 * i);
    expect(Number(await price.inputValue())).toBeGreaterThan(5.2);
    await expect(shown(page)).not.toHaveText(before, { useInnerText: true });  // while it is held
    for (let i = 15; i >= 5; i--) await page.mouse.move(grip.x, grip.y - 2 * i);
    await page.mouse.up();
    const held = await price.inputValue();
    await page.mouse.move(grip.x, grip.y - 60);
    expect(await price.inputValue()).toBe(held);
    await expect.poll(() => open).toBe(0);
    const plain = await manager().get(`${where}?WATER-USE.1=${held}`).is(200);
    const cells = async () => (await shown(page).locator('tbody tr').last().innerText()).split(/\s+/).filter((w) => /^[\d,.]+$/.test(w));
    for (const cell of await cells()) expect(plain.text).toContain(cell);      // the last answer is that of the last price
    expect(most).toBe(1);
    expect(asked).toBeLessThan(20);
    await page.mouse.move(grip.x, (await at(page, 'Water use, 6 – 12')).y);
    await page.mouse.down();
    await page.mouse.move(grip.x, grip.y - 60);
    expect(await price.inputValue()).not.toBe(held);
    await page.keyboard.press('Escape');
    await page.mouse.up();
    await expect(price).toHaveValue(held);
    await page.unrouteAll({ behavior: 'wait' });
    const moves = async (name, field, value) => {                              // by keys; the bills follow
      const was = await shown(page).innerText();
      await page.getByRole('slider', { name, exact: true }).press('PageUp');
      await expect(page.locator(`input[name="${field}"]`)).toHaveValue(value);
      await expect(shown(page)).not.toHaveText(was, { useInnerText: true });
    };
    await moves('Regulatory surcharge 1.5 %, Percentage', 'REGULATORY.0', '2.5');
    await moves('Wastewater, 90 % of water, Share of the volume', 'SEWER-USE.share', '91');
    await moves('Stormwater, per ERU', 'STORM.0', '12.85');
    await moves('Water service charge, 5/8', 'SERVICE.0', '18.6');
    const was = await shown(page).innerText();
    await page.getByRole('slider', { name: 'Water service charge, 1', exact: true }).press('PageUp');
    await expect(page.locator('input[name="SERVICE.2"]')).toHaveValue('27.35');
    await page.getByLabel('Bills of a household with meter').selectOption('1');
    await expect(shown(page)).not.toHaveText(was, { useInnerText: true });
    for (const [query, text] of [['SERVICE.0=-1', 'A price is not negative.'], ['REGULATORY.0=x', 'x is not a percentage. Write 1.5.'], ['REGULATORY.0=101', 'A percentage is at most 100.'],
      ['SEWER-USE.share=-5', 'A percentage is not negative.'], ['REGULATORY.0=1.00001', 'A percentage has at most 4 decimals.'], ['SERVICE.0=1.005', 'An amount has no more decimals than the currency.']])
      expect((await manager().get(`${where}?${query}`).is(422)).text, query).toContain(text);
    await manager().get(`${where}?REGULATORY.0=-2`).is(200);                     // a surcharge may be a credit
    await manager().browse(page, where);
    await looks_right(page, { shots: process.env.PLAN_SHOTS && 'plan-designer-all' });
    const context = await browser.newContext({ ignoreHTTPSErrors: true, hasTouch: true, viewport: { width: 360, height: 740 } });
    const phone = await context.newPage();
    await manager().browse(phone, where);
    await phone.getByRole('slider', { name: 'Water use, 6 – 12', exact: true }).evaluate((g) => g.scrollIntoView({ block: 'center' }));
    const finger = await at(phone, 'Water use, 6 – 12'), cdp = await context.newCDPSession(phone);
    const touch = (type, y) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x: finger.x, y }] });
    const first = await shown(phone).innerText();
    await touch('touchStart', finger.y);
    for (let i = 1; i <= 10; i++) await touch('touchMove', finger.y - 3 * i);
    await touch('touchEnd');
    expect(Number(await phone.locator('input[name="WATER-USE.1"]').inputValue())).toBeGreaterThan(5.2);
    await expect(shown(phone)).not.toHaveText(first, { useInnerText: true });
    await context.close();
    expect(one("select count(*) from audit_entry where entity = 'tariff_plan_version' and action = 'edit' and number = 'RES-EXT/1'")).toBe('0');
  });
});

story('ONB02US05 with bills', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, clock, command, looks_right }) => {
  const manager = () => as('billing_manager');
  const draft = '/plans/RES-VAR/versions/2';
  const bills = () => sql("select b.id, b.status, b.total_minor from bill b order by b.id");

  test('ONB02US05 an amount off is given once to an account with two connections: draft, calculator and quote document agree', async () => {
    const preview = () => as('billing_clerk').get('/bx/generate-single/SF-1001?kind=single&period_end=2026-04-30&bill_date=2026-05-02').is(200);
    const offs = (page) => page.text.replace(/\u2212/g, '-').match(/Ten off[^-]*?(-\$?[\d.]+)/g)?.map((m) => m.match(/-\$?([\d.]+)$/)[1]) ?? [];
    const rule = (amount) => sql("update rebate_rule set amount_minor = ? where code = 'TENOFF'", [amount]);
    await manager().post('/plans/rebates', { code: 'TENOFF', name: 'Ten off', group: 'senior', kind: 'fixed', amount_minor: '10.00', effective_from: '2026-01-01', active: '1' }, { from: '/plans/rebates/new' }).done('Ten off');
    expect(offs(await preview())).toEqual([]);                                     // not enrolled
    sql("insert into rebate_enrolment (utility_id, account_id, rebate_rule_id, from_on, status) select a.utility_id, a.id, r.id, '2026-01-01', 'approved' from account a join rebate_rule r on r.code = 'TENOFF' where a.account_no = 'SF-1001'");
    expect(offs(await preview())).toEqual(['10.00']);
    const total = (page) => page.text.match(/Total\s+\$?([\d,.]+)/)[1];
    const query = 'plan=RES-VAR&from=2026-04-01&to=2026-04-30&quantity=12&rebates=TENOFF';
    const calculated = await manager().get(`/plans/calculator?${query}`).is(200);
    expect(offs(calculated)).toEqual(['10.00']);
    expect((await preview()).text).toContain(total(calculated));
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'quote-')), 'q.json');
    fs.writeFileSync(file, (await manager().get(`/plans/calculator/document?${query}`).is(200)).body);
    const quoted = JSON.parse(execFileSync(path.join(process.env.SMART360_BUILD || 'build', 'smart360'), ['quote', file], { encoding: 'utf8' }));
    expect(quoted.lines.filter((l) => l.charge_type === 'SUBSIDY').map((l) => l.amount)).toEqual(['-10.00']);
    expect(quoted.total).toBe(total(calculated));
    // a second connection of the account: its bill has no second ten, only what is left of a larger amount
    sql("insert into service_connection (utility_id, connection_no, account_id, premise_id, service_code, tariff_plan_id, plan_valid_from, status, supply_state, metered, connected_on, derived_from_id) select s.utility_id, 'SF-SC-TWO', s.account_id, s.premise_id, 'WW', (select id from tariff_plan where code = 'RES-FIX' and utility_id = s.utility_id), '2026-04-01', 'active', 'connected', 0, '2026-04-01', s.id from service_connection s join account a on a.id = s.account_id where a.account_no = 'SF-1001' and s.service_code = 'WA'");
    sql("insert into service_connection_holder (utility_id, service_connection_id, account_id, from_on) select utility_id, id, account_id, connected_on from service_connection where connection_no = 'SF-SC-TWO'");
    sql("insert into service_connection_plan (utility_id, service_connection_id, tariff_plan_id, valid_from) select utility_id, id, tariff_plan_id, connected_on from service_connection where connection_no = 'SF-SC-TWO'");
    const two = await preview();
    expect(two.text).toContain('38.50');
    expect(offs(two)).toEqual(['10.00']);
    rule(20000);
    const most = offs(await preview());
    expect(most.length).toBe(2);
    expect((Number(most[0]) + Number(most[1])).toFixed(2)).toBe('200.00');
    sql("delete h from service_connection_holder h join service_connection s on s.id = h.service_connection_id where s.connection_no = 'SF-SC-TWO'");
    sql("delete h from service_connection_plan h join service_connection s on s.id = h.service_connection_id where s.connection_no = 'SF-SC-TWO'");
    sql("delete from service_connection where connection_no = 'SF-SC-TWO'");
    sql("delete e from rebate_enrolment e join rebate_rule r on r.id = e.rebate_rule_id where r.code = 'TENOFF'");
    expect(offs(await preview())).toEqual([]);
  });

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
    const price = page.locator('input[name="WATER-USE.0"]'), bar = page.getByRole('slider', { name: /^Water use, 0/ });
    await expect(price).toHaveValue('4.5');
    await expect(bar).toHaveAttribute('aria-valuenow', '4.5');
    const before = await page.locator('#designed table').first().innerText();
    await bar.focus();
    for (let i = 0; i < 25; i++) await page.keyboard.press('ArrowUp');
    await expect(price).toHaveValue('4.75');
    await expect(bar).toHaveAttribute('aria-valuetext', '4.75');
    await expect(page.locator('#designed table').first()).not.toHaveText(before, { useInnerText: true });
    await expect(page.locator('#designed')).toContainText('189.32');            // 12 CCF: 188.00 before
    for (const [key, value] of [['PageUp', '4.85'], ['PageDown', '4.75'], ['ArrowLeft', '4.74'], ['Home', '0'], ['ArrowDown', '0']]) {
      await bar.press(key);
      await expect(price).toHaveValue(value);
    }
    await price.fill('40');                                                     // beyond the drawing: its axis is stretched
    await expect(bar).toHaveAttribute('aria-valuenow', '40');
    expect(Number(await bar.getAttribute('aria-valuemax'))).toBeGreaterThanOrEqual(40);
    await price.fill('x');
    await expect(bar).toHaveAttribute('aria-valuenow', '40');
    await price.fill('4.75');
    await expect(page.locator('#designed')).toContainText('189.32');
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
    // by category and band: everybody once in each, and the sums are those of the whole
    const [whole] = sql('select accounts, winners, losers, before_minor b, after_minor a, results from tariff_impact'), results = JSON.parse(whole.results);
    for (const groups of [results.categories, results.bands]) {
      const sum = (key) => groups.reduce((n, g) => n + Number(g[key] ?? 0), 0);
      expect([sum('accounts'), sum('winners'), sum('losers')]).toEqual([whole.accounts, whole.winners, whole.losers].map(Number));
    }
    expect(Number(whole.accounts)).toBe(rows.length);
    expect(Number(whole.losers)).toBe(rows.filter((r) => Number(r.a) > Number(r.b)).length);
    expect(Number(whole.winners)).toBe(rows.filter((r) => Number(r.a) < Number(r.b)).length);
    expect([whole.b, whole.a]).toEqual(['b', 'a'].map((k) => String(rows.reduce((n, r) => n + Number(r[k]), 0))));
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

  test('ONB02US05 a connection is put on another plan from a day that is not billed; who does not fit is told why', async ({ page }) => {
    const no = one("select s.connection_no from service_connection s join account a on a.id = s.account_id where a.account_no = 'SF-1001' and s.service_code = 'WA'");
    const at = `/plans/connections/${no}`, put = (fields) => manager().post(at, { reason: 'Asked for', ...fields }, { from: at });
    await manager().get('/plans/RES-VAR/connections').sees(no, 'SF-1001').lacks('SF-2001');
    await manager().get(`/plans/RES-VAR/connections?category=COM`).lacks(no);
    await manager().get(at).sees('RES-VAR', 'It is on this plan.', 'This plan is not for this category.', 'Plans of this connection');
    await put({ plan: 'COM-VAR', from: '2026-06-01' }).refuses(409, 'plan', 'This plan is not for this category.');
    await put({ plan: 'RES-FIX', from: '2026-04-20' }).is(422);                         // days that are billed
    await put({ plan: '', from: '2026-06-01' }).is(422);
    // a plan that is inactive takes nobody, and is not offered, until it is active again
    await as('billing_clerk').post('/plans/RES-FIX/deactivate').is(403);
    await manager().post('/plans/RES-FIX/deactivate', {}, { from: '/plans/RES-FIX' }).done('RES-FIX: Inactive.');
    await manager().post('/plans/RES-FIX/deactivate').is(409);
    expect((await manager().get(at).is(200)).body).not.toContain('value="RES-FIX"');
    expect((await put({ plan: 'RES-FIX', from: '2026-06-01' }).then((r) => r)).status).toBeGreaterThanOrEqual(409);
    expect(one("select count(*) from service_connection s join tariff_plan p on p.id = s.tariff_plan_id where s.connection_no = ? and p.code = 'RES-VAR'", [no])).toBe('1');
    await manager().post('/plans/RES-FIX/activate', {}, { from: '/plans/RES-FIX' }).done('RES-FIX: Active.');
    expect((await manager().get(at).is(200)).body).toContain('value="RES-FIX"');
    const limit = (fields) => manager().post('/plans/RES-FIX/edit', fields, { from: '/plans/RES-FIX/edit' }).done('Saved.');
    await limit({ meter_size_min: '3' });
    await put({ plan: 'RES-FIX', from: '2026-06-01' }).refuses(409, 'plan', 'This plan is not for this meter size.');
    await limit({ meter_size_min: '', sub_categories: ['MFR'] });
    await put({ plan: 'RES-FIX', from: '2026-06-01' }).refuses(409, 'plan', 'This plan is not for this sub-category.');
    await limit({ sub_categories: [] });
    sql("update tariff_plan set area_ids = (select json_array(min(id)) from service_area where level = 'region' and id not in (select z.id from service_area z join premise p join service_area s on s.id = p.sub_area_id and concat(s.path, '/') like concat(z.path, '/%'))) where code = 'RES-FIX'");
    if (one("select json_value(area_ids, '$[0]') is not null from tariff_plan where code = 'RES-FIX'") === '1')
      await put({ plan: 'RES-FIX', from: '2026-06-01' }).refuses(409, 'plan', 'This plan is not for this area.');
    sql("update tariff_plan set area_ids = null where code = 'RES-FIX'");
    expect(one('select count(*) from service_connection_plan h join service_connection s on s.id = h.service_connection_id where s.connection_no = ?', [no])).toBe('1');
    await as('billing_clerk').post(at, { plan: 'RES-FIX', from: '2026-06-01', reason: 'No right' }).is(403);
    await put({ plan: 'RES-FIX', from: '2026-06-01' }).done(`${no} is on RES-FIX from`);
    expect(sql("select p.code, h.valid_from f, h.valid_to t from service_connection_plan h join tariff_plan p on p.id = h.tariff_plan_id join service_connection s on s.id = h.service_connection_id where s.connection_no = ? order by h.valid_from", [no]).map((r) => [r.code, r.f, r.t]).slice(-2)).toEqual([['RES-VAR', expect.any(String), '2026-05-31'], ['RES-FIX', '2026-06-01', null]]);
    expect(one("select count(*) from outbox_event where name = 'service_connection.plan_changed'")).toBe('1');
    await manager().browse(page, at);
    await looks_right(page);
    await put({ plan: 'RES-VAR', from: '2026-06-02' }).done();
  });

  test('ONB02US05 winter averages: once after the winter, of three readings at least; who has none is capped by those of his plan', async () => {
    const due = async () => {
      sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, ?, 'tariff.winter', 'general', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'", [one("select id from utility where code = 'swa-w'")]);
      await jobs_run();
    };
    const averages = () => sql("select a.account_no no, s.winter_average_qty_micro q from service_connection s join account a on a.id = s.account_id where s.winter_average_qty_micro is not null order by 1");
    // New to a utility: a winter long over is taken as done, and averages that were brought along stay.
    const ends = (md) => sql("replace into setting (utility_id, `key`, value) select id, 'plan.winter_to', ? from utility where code = 'swa-w'", [md]);
    const known = () => one("select value from setting where `key` = 'plan.winter_computed'");
    sql("delete from setting where `key` in ('plan.winter_computed', 'plan.winter_to')");
    const before = averages();
    ends('03-15');
    await due();
    expect([known(), averages()]).toEqual(['2026-03-15', before]);
    sql("delete from setting where `key` in ('plan.winter_computed', 'plan.winter_to')");
    // two further bills of SF-1004 in the winter, 9 CCF in 30 days each; SF-1001 has one alone
    const [bill] = sql("select b.id, g.id segment from bill b join bill_segment g on g.bill_id = b.id join account a on a.id = b.account_id where a.account_no = 'SF-1004' and b.status = 'published' limit 1");
    for (const [i, end] of [[1, '2026-01-31'], [2, '2026-02-28']])
      sql("insert into bill_segment (bill_id, seq, service_connection_id, tariff_plan_id, tariff_plan_version_id, segment_start, segment_end, days, usage_qty_micro, usage_unit, usage_source) select bill_id, ?, service_connection_id, tariff_plan_id, tariff_plan_version_id, date_sub(?, interval 29 day), ?, 30, 9000000, usage_unit, 'actual' from bill_segment where id = ?", [90 + i, end, end, bill.segment]);
    const [own] = sql('select usage_qty_micro q, days d, segment_end e from bill_segment where id = ?', [bill.segment]);
    expect(own.e <= '2026-04-30').toBe(true);
    sql("update service_connection s join account a on a.id = s.account_id set s.winter_average_qty_micro = 7 where a.account_no = 'SF-1004'");
    await due();                                                                    // one that was brought along
    expect([known(), averages().find((x) => x.no === 'SF-1004').q]).toEqual(['2026-04-30', '7']);
    sql("update service_connection s join account a on a.id = s.account_id set s.winter_average_qty_micro = null where a.account_no = 'SF-1004'");
    sql("update setting set value = '2025-04-30' where `key` = 'plan.winter_computed'");
    await due();
    const mean = String(Math.round((Number(own.q) + 18000000) * 30 / (Number(own.d) + 60)));
    expect(averages().filter((x) => !before.some((y) => y.no === x.no && y.q === x.q))).toEqual([{ no: 'SF-1004', q: mean }]);
    expect(one("select value from setting where `key` = 'plan.winter_computed'")).toBe('2026-04-30');
    sql("update service_connection s join account a on a.id = s.account_id set s.winter_average_qty_micro = 1 where a.account_no = 'SF-1004'");
    await due();                                                                    // not twice for one winter
    expect(averages().find((x) => x.no === 'SF-1004').q).toBe('1');
    sql("update service_connection s join account a on a.id = s.account_id set s.winter_average_qty_micro = null where a.account_no = 'SF-1004'");
    sql('delete from bill_segment where seq in (91, 92)');
    // without a winter of its own a use is capped by the mean of the plan
    await manager().post('/plans/RES-VAR/copy', { code: 'RES-CAP', name: 'Residential, capped', effective_from: '2026-06-01' }, { from: '/plans/RES-VAR/copy' }).goes('/plans/RES-CAP/versions/1');
    await manager().post('/plans/RES-CAP/versions/1/components/SEWER-USE', { cap: 'min(usage,winter_average)' }, { from: '/plans/RES-CAP/versions/1/components/SEWER-USE' }).done();
    const sewer = (q) => manager().get(`/plans/calculator?plan=RES-CAP/1&from=2026-06-01&to=2026-06-30&quantity=20&size=5/8${q}`);
    await sewer('').sees('90 % of 20 = 18').lacks('= 7.2');
    sql("update tariff_plan set winter_default_qty_micro = 8000000 where code = 'RES-CAP'");
    await sewer('').sees('lesser of 20 and 8 = 8; 90 % of 8 = 7.2');
    await sewer('&winter=10').sees('lesser of 20 and 10 = 10; 90 % of 10 = 9');
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

  test('ONB02US05 a plan is retired on a later day: it waits, is taken back, takes nobody from then on, and is judged again on its day', async ({ page }) => {
    test.setTimeout(180000);
    const plan = () => sql("select status s, retire_on w, retired_on d from tariff_plan where code = 'COM-FIX'");
    const retire = (on, reason = 'COM-FIX ends') => manager().post('/plans/COM-FIX/retirement', { on, reason }, { from: '/plans/COM-FIX/retirement' });
    const midnight = async (at) => {
      await clock(at);
      sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, ?, 'tariff.activate', 'general', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'", [one("select id from utility where code = 'swa-w'")]);
      await jobs_run();
    };
    const told = (title) => Number(one('select count(distinct dedup_key) from notification where title = ?', [title]));
    const n = Number(one("select count(*) from service_connection s join tariff_plan p on p.id = s.tariff_plan_id where p.code = 'COM-FIX' and s.status in ('active', 'disconnected', 'pending')"));
    expect(n).toBe(1);
    await retire('2026-05-02').refuses(422, 'on', '1 connection is on this plan. Move it first.');      // today
    await manager().post('/plans/COM-FIX/retire').refuses(409, null, '1 connection is on this plan. Move it first.');
    await retire('2026-06-01').done('COM-FIX retires on 1 Jun 2026.');
    expect(plan()).toEqual([{ s: 'active', w: '2026-06-01', d: null }]);
    await manager().get('/plans/COM-FIX').sees('Retires on 1 Jun 2026.', '1 connection is on this plan. Move it first.');
    await manager().get('/plans?retire_on_from=06%2F01%2F2026&retire_on_to=06%2F30%2F2026').sees('COM-FIX').lacks('COM-VAR');
    await manager().browse(page, '/plans/COM-FIX/retirement');
    await looks_right(page, { shots: process.env.PLAN_SHOTS && 'plan-retire' });
    await page.getByRole('button', { name: 'Take the retirement back' }).click();
    await expect(page.getByRole('status')).toContainText('COM-FIX is not retired.');
    expect(plan()).toEqual([{ s: 'active', w: null, d: null }]);
    await manager().post('/plans/COM-FIX/retirement/withdrawal').refuses(409, null, 'No retirement waits.');
    await retire('2026-06-01').done();
    // nobody is put on it from that day on, but still before
    const no = one("select s.connection_no from service_connection s join tariff_plan p on p.id = s.tariff_plan_id join account a on a.id = s.account_id join consumer_category k on k.id = a.category_id where p.code = 'COM-VAR' and s.service_code = 'WA' and k.code = 'COM' and s.status = 'active' limit 1");
    const put = (from) => manager().post(`/plans/connections/${no}`, { plan: 'COM-FIX', from, reason: 'Test' }, { from: `/plans/connections/${no}` });
    await put('2026-06-01').refuses(409, 'plan', 'This plan is retired by that day.');
    await midnight('2026-06-01T00:05-07:00');
    expect(plan()).toEqual([{ s: 'active', w: '2026-06-01', d: null }]);
    expect(told('COM-FIX is not retired yet')).toBe(1);
    await midnight('2026-06-01T03:00-07:00');
    expect(told('COM-FIX is not retired yet')).toBe(1);                             // once a day
    sql("update service_connection s join tariff_plan p on p.id = s.tariff_plan_id set s.tariff_plan_id = (select id from tariff_plan where code = 'COM-VAR') where p.code = 'COM-FIX'");
    await midnight('2026-06-02T00:05-07:00');
    expect(plan()).toEqual([{ s: 'retired', w: null, d: '2026-06-02' }]);
    expect(told('COM-FIX is retired')).toBe(1);
    await manager().get('/plans/COM-FIX').lacks('Retires on');
    await clock('2026-05-02T10:00-07:00');
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
    sql("update template set status = 'archived' where `key` = 'rate_change' and status = 'active'");
    await night();
    expect(told()).toEqual([]);                                             // the utility archived the message
    sql("update template set status = 'active' where `key` = 'rate_change' and status = 'archived'");
    await night();
    expect(told().length).toBe(on_plan);
    expect(told()[0].subject).toBe('New prices from 1 Sep 2026');
    expect(told()[0].body_text).toContain(one("select contact_phone from utility where code = 'swa-w'"));
    await night();
    expect(told().length).toBe(on_plan);
  });
});
