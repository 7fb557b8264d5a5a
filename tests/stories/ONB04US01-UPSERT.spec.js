// Data migration of records that are there (ONB04US01): the dry run says of each row whether it is new, changed or
// unchanged and how; the same file twice changes nothing; taking back gives former values back; what must not be changed
// by a file is refused in words.
const { story } = require('../support/story');
const { migration } = require('../support/migration');

story('ONB04US01', 'ONB-FIX', ({ as, test, expect, sql, one, jobs_run, looks_right, sleep }) => {
  const { admin, csv, upload, last, validate, bring, run, take_back, errors, why } = migration({ as, sql, one, jobs_run, sleep });

  const effects = (b) => sql('select key_value k, effect, before_value v from import_row where batch_id = ? order by line_no', [b.id]).map((r) => (r.v ? `${r.k} ${r.effect} ${r.v}` : `${r.k} ${r.effect}`));
  const counts = (b) => ({ new: b.new_count, changed: b.changed_count, unchanged: b.unchanged_count });
  const row = (header, values) => header.map((k) => values[k] ?? '');

  const area = ['code', 'name', 'level', 'parent_code', 'geometry'];
  const consumer = ['legacy_id', 'type', 'first_name', 'last_name', 'phone', 'email', 'mailing_line1', 'mailing_city', 'date_of_birth'];
  const premise = ['legacy_id', 'sub_area_code', 'line1', 'unit', 'city', 'state', 'postcode', 'lat', 'lng', 'type'];
  const account = ['legacy_id', 'consumer_legacy_id', 'premise_legacy_id', 'category', 'status', 'opened_on', 'bill_delivery', 'due_days', 'tax_exempt'];
  const meter = ['serial_no', 'manufacturer', 'model', 'size', 'service', 'digits', 'install_state', 'purchased_on', 'radio_id'];
  const connection = ['legacy_id', 'account_legacy_id', 'service', 'tariff_plan_code', 'status', 'connected_on', 'meter_serial', 'installed_on', 'initial_reading', 'dwelling_units', 'eru', 'winter_average'];
  const person = (n, more) => row(consumer, { legacy_id: `UC-${n}`, type: 'person', first_name: `First${n}`, last_name: `Last${n}`, phone: `+1503555${String(1000 + n)}`, email: n === 2 ? '' : `upsert${n}@old.test`, ...more });
  const place = (n, more) => row(premise, { legacy_id: `UP-${n}`, sub_area_code: 'BEA-CEN', line1: `${n} Upsert Way`, city: 'Portland', state: 'OR', postcode: '97205', lat: '45.5', lng: '-122.68', type: 'house', ...more });
  const holder = (n, more) => row(account, { legacy_id: `UA-${n}`, consumer_legacy_id: `UC-${n}`, premise_legacy_id: `UP-${n}`, category: 'RES', status: 'active', opened_on: '2025-07-01', ...more });
  const dial = (n, more) => row(meter, { serial_no: `UM-${n}`, manufacturer: 'MFR-A', model: 'WM15', size: '5/8', service: 'WA', digits: '6', install_state: 'installed', ...more });
  const link = (n, more) => row(connection, { legacy_id: `US-${n}`, account_legacy_id: `UA-${n}`, service: 'WA', tariff_plan_code: 'RES-VAR', status: 'active', connected_on: '2026-01-01', meter_serial: `UM-${n}`, installed_on: '2026-01-01', initial_reading: '1250', dwelling_units: '1', ...more });

  test('ONB04US01 consumers: new, changed, unchanged, each said by the dry run, stored, and given back', async () => {
    test.setTimeout(180000);
    await bring('consumer', csv(consumer, [1, 2, 3].map((n) => person(n))));
    const before = sql("select legacy_no, display_name, primary_phone, email, date_of_birth, billing_line1, row_version from consumer where legacy_no like 'UC-%' order by id");
    const rows = [person(1, { last_name: 'Renamed', phone: '+15035552001' }), person(2, { email: 'two@new.test', mailing_line1: '2 Mail St', mailing_city: 'Salem', date_of_birth: '1980-05-17' }), person(3, { first_name: '' }), person(4), person(5, { phone: '12' })];
    const v = await validate('consumer', csv(consumer, rows), { mode: 'upsert' });
    expect({ state: v.state, errors: v.error_count, ...counts(v) }).toEqual({ state: 'validated', errors: '1', new: '1', changed: '2', unchanged: '1' });
    expect(effects(v)).toEqual(['UC-1 changed {"last_name":["Last1","Renamed"],"phone":["+15035551001","+15035552001"]}',
      'UC-2 changed {"email":[null,"two@new.test"],"mailing_line1":[null,"2 Mail St"],"mailing_city":[null,"Salem"],"date_of_birth":[null,"1980-05-17"]}', 'UC-3 unchanged', 'UC-4 new', 'UC-5 null']);
    expect(sql("select legacy_no, display_name, primary_phone, email, date_of_birth, billing_line1, row_version from consumer where legacy_no like 'UC-%' order by id")).toEqual(before);
    await admin().get(`/migration/${v.batch_no}`).sees(/New\s*1\s*Changed\s*2\s*Unchanged\s*1/);
    await admin().get(`/migration/${v.batch_no}/rows?effect=changed`).sees('UC-1', 'last_name: Last1 \u2192 Renamed; phone: +15035551001 \u2192 +15035552001', 'email: - \u2192 two@new.test').and((r) => expect(r.text).not.toContain('UC-3'));
    const b = await run(v.batch_no);
    expect({ state: b.state, imported: b.imported_count, skipped: b.skipped_count, ...counts(b) }).toEqual({ state: 'completed_with_errors', imported: '3', skipped: '1', new: '1', changed: '2', unchanged: '1' });
    expect(sql("select display_name d, primary_phone p, email e, date_of_birth b, billing_line1 l from consumer where legacy_no in ('UC-1', 'UC-2', 'UC-3', 'UC-4') order by legacy_no")).toEqual([
      { d: 'First1 Renamed', p: '+15035552001', e: 'upsert1@old.test', b: null, l: null }, { d: 'First2 Last2', p: '+15035551002', e: 'two@new.test', b: '1980-05-17', l: '2 Mail St' },
      { d: 'First3 Last3', p: '+15035551003', e: 'upsert3@old.test', b: null, l: null }, { d: 'First4 Last4', p: '+15035551004', e: 'upsert4@old.test', b: null, l: null }]);
    const found = (word) => one('select count(*) from consumer_search s join consumer c on c.id = s.consumer_id where c.legacy_no = ? and s.token = ?', ['UC-1', word]);
    expect([found('renamed'), found('last1')]).toEqual(['1', '0']);
    expect(one("select count(*) from audit_entry e join consumer c on c.id = e.entity_id where e.entity = 'consumer' and e.action = 'edit' and e.reason = 'Import' and c.legacy_no like 'UC-%'")).toBe('2');
    // once more: nothing is changed
    const versions = sql("select id, row_version from consumer where legacy_no like 'UC-%' order by id");
    const again = await bring('consumer', csv(consumer, rows.slice(0, 4)), { mode: 'upsert' });
    expect({ state: again.state, imported: again.imported_count, skipped: again.skipped_count, ...counts(again) }).toEqual({ state: 'completed', imported: '0', skipped: '4', new: '0', changed: '0', unchanged: '4' });
    expect(sql("select id, row_version from consumer where legacy_no like 'UC-%' order by id")).toEqual(versions);
    // taken back: former values; what somebody changed since stays and is named
    sql("update consumer set last_name = 'Desk' where legacy_no = 'UC-1'");
    const back = await take_back(b.batch_no);
    expect(back.state).toBe('partly_rolled_back');
    expect(why(back)).toEqual(['Was edited since: last_name.']);
    expect(sql("select legacy_no n, display_name d, primary_phone p, email e, date_of_birth b, billing_line1 l from consumer where legacy_no like 'UC-%' order by legacy_no")).toEqual([
      { n: 'UC-1', d: 'First1 Desk', p: '+15035552001', e: 'upsert1@old.test', b: null, l: null }, { n: 'UC-2', d: 'First2 Last2', p: '+15035551002', e: null, b: null, l: null }, { n: 'UC-3', d: 'First3 Last3', p: '+15035551003', e: 'upsert3@old.test', b: null, l: null }]);
    expect(one("select count(*) from contact_point p join consumer c on c.id = p.consumer_id where c.legacy_no = 'UC-2' and p.kind = 'email'")).toBe('0');
    expect(one("select count(*) from import_link where entity = 'consumer' and legacy_id like 'UC-%'")).toBe('3');
    sql("update consumer set last_name = 'Renamed' where legacy_no = 'UC-1'");
    expect((await take_back(b.batch_no)).state).toBe('rolled_back');
    expect(one("select concat(display_name, ' ', primary_phone) from consumer where legacy_no = 'UC-1'")).toBe('First1 Last1 +15035551001');
  });

  test('ONB04US01 a file that only changes needs its key and what changes', async () => {
    test.setTimeout(120000);
    const b = await bring('consumer', csv(['legacy_id', 'phone'], [['UC-3', '+15035553003'], ['UC-99', '+15035553004']]), { mode: 'update' });
    expect({ state: b.state, imported: b.imported_count, ...counts(b) }).toEqual({ state: 'completed_with_errors', imported: '1', new: '0', changed: '1', unchanged: '0' });
    expect(errors(b)).toEqual(['UC-99 E07 legacy_id']);
    expect(one("select concat(display_name, ' ', primary_phone) from consumer where legacy_no = 'UC-3'")).toBe('First3 Last3 +15035553003');
    expect(one("select count(*) from consumer where legacy_no = 'UC-99'")).toBe('0');
    // what a new record must have is wanted of new ones only
    const v = await validate('consumer', csv(consumer, [row(consumer, { legacy_id: 'UC-3', phone: '+15035553005' }), row(consumer, { legacy_id: 'UC-98', phone: '+15035553006' })]), { mode: 'upsert' });
    expect({ ...counts(v), errors: errors(v) }).toEqual({ new: '0', changed: '1', unchanged: '0', errors: ['UC-98 E01 type'] });
    // another kind of person is another person; an archived one stays
    sql("update consumer set status = 'archived' where legacy_no = 'UC-2'");
    const w = await validate('consumer', csv(consumer, [person(3, { type: 'organization' }), person(2, { first_name: 'Else' })]), { mode: 'upsert' });
    expect(sql("select json_value(messages, '$[0].text') said from import_row where batch_id = ? order by line_no", [w.id]).map((r) => r.said.trim())).toEqual(['Is person here, and a file does not change it.', 'This consumer is archived.']);
    sql("update consumer set status = 'active' where legacy_no = 'UC-2'");
  });

  test('ONB04US01 areas, premises, accounts, meters and connections are changed and given back', async () => {
    test.setTimeout(300000);
    const square = '{"type":"Polygon","coordinates":[[[-122.7,45.5],[-122.6,45.5],[-122.6,45.6],[-122.7,45.5]]]}';
    await bring('service_area', csv(area, [['UP-ZN', 'Upsert Zone', 'sub_area', one("select code from service_area where level = 'area' limit 1"), '']]));
    await bring('premise', csv(premise, [1, 2].map((n) => place(n))));
    await bring('account', csv(account, [1, 2].map((n) => holder(n))));
    await bring('meter', csv(meter, [1, 2].map((n) => dial(n))));
    await bring('service_connection', csv(connection, [1, 2].map((n) => link(n))));
    const state = () => ({
      area: sql("select name, geometry, centroid_lat is not null placed from service_area where code in ('UP-ZN', 'BEA-CEN') order by code"),
      premise: sql("select p.line1, p.unit, p.postal_code, p.latitude, p.premise_type, p.address_key, a.code from premise p join service_area a on a.id = p.sub_area_id where p.legacy_no like 'UP-%' order by p.id"),
      account: sql("select a.due_days, a.tax_exempt, a.status, coalesce(d.mode, 'paper') mode from account a left join bill_delivery_pref d on d.account_id = a.id where a.legacy_no like 'UA-%' order by a.id"),
      meter: sql("select external_ref, purchase_date, status from meter where serial_no like 'UM-%' order by id"),
      connection: sql("select dwelling_units, eru_e3, winter_average_qty_micro w, status from service_connection where legacy_no like 'US-%' order by id"),
      words: sql("select s.token from consumer_search s join account a on a.id = s.account_id where a.legacy_no = 'UA-1' and s.kind = 'address' order by s.token").map((r) => r.token),
    });
    const first = state();
    const parent = one("select code from service_area where level = 'area' limit 1");
    const files = {
      service_area: [area, [['UP-ZN', 'Upsert Zone two', 'sub_area', parent, square], ['BEA-CEN', 'Beaverton Middle', '', '', '']]],
      premise: [premise, [place(1, { line1: '11 Changed Rd', postcode: '97206', lat: '45.51', type: 'shop', sub_area_code: 'UP-ZN' }), place(2, { lat: '45.500' })]],
      account: [account, [holder(1, { bill_delivery: 'email', due_days: '20', tax_exempt: 'yes' }), holder(2)]],
      meter: [meter, [dial(1, { radio_id: 'RADIO-1', purchased_on: '2020-01-02' }), dial(2)]],
      service_connection: [connection, [link(1, { dwelling_units: '3', eru: '1.5', winter_average: '7.25' }), link(2)]],
    };
    const done = {};
    for (const [entity, [header, rows]] of Object.entries(files)) {
      const b = done[entity] = await bring(entity, csv(header, rows), { mode: 'upsert' });
      expect({ entity, state: b.state, errors: b.error_count, imported: b.imported_count, ...counts(b) }).toEqual({ entity, state: 'completed', errors: '0', imported: entity === 'service_area' ? '2' : '1', new: '0', changed: entity === 'service_area' ? '2' : '1', unchanged: entity === 'service_area' ? '0' : '1' });
    }
    const second = state();
    expect(second.area.map((a) => a.name)).toEqual(['Beaverton Middle', 'Upsert Zone two']);
    expect([JSON.parse(second.area[1].geometry), second.area[1].placed]).toEqual([JSON.parse(square), '1']);
    expect(second.premise[0]).toEqual({ line1: '11 Changed Rd', unit: null, postal_code: '97206', latitude: '45.510000', premise_type: 'shop', address_key: '11 changed rd||97206', code: 'UP-ZN' });
    expect(second.premise[1]).toEqual(first.premise[1]);
    expect(second.words).toEqual(['11', '97206', 'changed', 'rd']);
    expect(second.account).toEqual([{ due_days: '20', tax_exempt: '1', status: 'active', mode: 'email' }, first.account[1]]);
    expect(second.meter).toEqual([{ external_ref: 'RADIO-1', purchase_date: '2020-01-02', status: 'installed' }, first.meter[1]]);
    expect(second.connection).toEqual([{ dwelling_units: '3', eru_e3: '1500', w: '7250000', status: 'active' }, first.connection[1]]);
    // the same files again change nothing
    for (const [entity, [header, rows]] of Object.entries(files)) {
      const b = await bring(entity, csv(header, rows), { mode: 'upsert', again: '1' });
      expect({ entity, imported: b.imported_count, ...counts(b) }).toEqual({ entity, imported: '0', new: '0', changed: '0', unchanged: '2' });
    }
    expect(state()).toEqual(second);
    // what is not changed by a file: refused where it must agree, remarked where it goes its own way
    const said = (b) => sql("select json_value(messages, '$[0].code') c, json_value(messages, '$[0].column') k, json_value(messages, '$[0].text') t from import_row where batch_id = ? and messages is not null order by line_no", [b.id]).map((r) => `${r.c} ${r.k} ${r.t.trim()}`);
    expect(said(await validate('premise', csv(premise, [place(2, { line1: '11 Changed Rd', postcode: '97206' }), place(1, { sub_area_code: 'NOWHERE' })]), { mode: 'upsert' }))).toEqual([expect.stringContaining('E06 line1'), 'E07 sub_area_code NOWHERE is not there.']);
    expect(said(await validate('account', csv(account, [holder(1, { status: 'disconnected' }), holder(2, { consumer_legacy_id: 'UC-1' })]), { mode: 'upsert' }))).toEqual(['W01 status Is active here, and stays so.', 'E08 consumer_legacy_id Is UC-2 here, and a file does not change it. An account goes to somebody else by a transfer.']);
    expect(said(await validate('meter', csv(meter, [dial(1, { size: '2' }), dial(2, { radio_id: 'RADIO-1' })]), { mode: 'upsert' }))).toEqual(['E08 size Is 5/8 here, and a file does not change it.', expect.stringContaining('E06 radio_id')]);
    expect(said(await validate('service_connection', csv(connection, [link(1, { tariff_plan_code: 'RES-FIX' }), link(2, { eru: '-1' })]), { mode: 'upsert' }))).toEqual(['E08 tariff_plan_code Is RES-VAR here, and a file does not change it. Plans are assigned under Plans, with the reasons why one fits.', expect.stringContaining('E04 eru')]);
    expect(state()).toEqual(second);
    // and back, the last first
    for (const entity of ['service_connection', 'meter', 'account', 'premise', 'service_area']) expect((await take_back(done[entity].batch_no)).state, entity).toBe('rolled_back');
    expect(state()).toEqual(first);
    expect(one("select count(*) from service_area where code = 'BEA-CEN'")).toBe('1');
  });

  test('ONB04US01 open cases, orders and routes are changed; ended ones and where they stand are not', async () => {
    test.setTimeout(240000);
    const complaint = ['legacy_id', 'account_legacy_id', 'complaint_type', 'status', 'priority', 'subject', 'description', 'opened_at', 'resolved_at'];
    const old = (n, more) => row(complaint, { legacy_id: `UX-${n}`, account_legacy_id: 'UA-1', complaint_type: 'LEAK', status: 'pending', priority: 'high', subject: 'Leak', description: 'Water comes out of it.', opened_at: '2026-03-28 09:15', ...more });
    await bring('complaint', csv(complaint, [old(1), old(2, { status: 'resolved', resolved_at: '2026-03-29' })]));
    const v = await bring('complaint', csv(complaint, [old(1, { subject: 'Large leak', priority: 'critical' }), old(2, { status: 'resolved', resolved_at: '2026-03-29' })]), { mode: 'upsert' });
    expect({ state: v.state, ...counts(v) }).toEqual({ state: 'completed', new: '0', changed: '1', unchanged: '1' });
    expect(sql("select subject, priority, status from complaint where legacy_no = 'UX-1'")).toEqual([{ subject: 'Large leak', priority: 'critical', status: 'pending' }]);
    expect(errors(await validate('complaint', csv(complaint, [old(2, { status: 'resolved', resolved_at: '2026-03-29', subject: 'Else' }), old(1, { subject: 'Large leak', priority: 'critical', opened_at: '2026-03-28 10:15' })]), { mode: 'upsert' }))).toEqual(['UX-2 E08 null', 'UX-1 E08 opened_at']);
    const order_ = ['legacy_id', 'order_type', 'premise_legacy_id', 'title', 'priority', 'status', 'opened_at', 'due_at'];
    const work = (more) => row(order_, { legacy_id: 'UW-1', order_type: 'LEAK_REPAIR', premise_legacy_id: 'UP-2', title: 'Repair', priority: 'high', status: 'created', opened_at: '2026-03-28 09:15', due_at: '2026-04-20 17:00', ...more });
    await bring('service_order', csv(order_, [work()]));
    const o = await bring('service_order', csv(order_, [work({ title: 'Repair soon', due_at: '2026-04-18 12:00' })]), { mode: 'upsert' });
    expect(effects(o)).toEqual(['UW-1 changed {"title":["Repair","Repair soon"],"due_at":["2026-04-20T17:00","2026-04-18T12:00"]}']);
    expect(sql("select title, due_at from service_order where legacy_no = 'UW-1'")).toEqual([{ title: 'Repair soon', due_at: '2026-04-18 19:00:00.000000' }]);
    expect((await take_back(o.batch_no)).state).toBe('rolled_back');
    expect(sql("select title, due_at from service_order where legacy_no = 'UW-1'")).toEqual([{ title: 'Repair', due_at: '2026-04-21 00:00:00.000000' }]);
    const route = ['code', 'name', 'service', 'sub_area_codes', 'meter_serials', 'travel_mode'];
    await bring('route', csv(route, [['UR-1', 'Old route', 'WA', 'DTN-PRL DTN-OLD', 'UM-2 UM-1', 'walk']]));
    const t = await bring('route', csv(route, [['UR-1', 'New name', 'WA', 'DTN-PRL, DTN-OLD', 'UM-2;UM-1', 'drive']]), { mode: 'upsert' });
    expect(effects(t)).toEqual(['UR-1 changed {"name":["Old route","New name"],"travel_mode":["walk","drive"]}']);
    expect((await take_back(t.batch_no)).state).toBe('rolled_back');
    expect(sql("select name, travel_mode from route where code = 'UR-1'")).toEqual([{ name: 'Old route', travel_mode: 'walk' }]);
  });

  test('ONB04US01 a batch can be taken back once the batches that changed its records were', async () => {
    test.setTimeout(300000);
    const b1 = await bring('consumer', csv(consumer, [11, 12, 13].map((n) => person(n))));
    const b2 = await bring('consumer', csv(consumer, [person(11, { last_name: 'Second' }), person(12, { last_name: 'Second' })]), { mode: 'upsert' });
    const b3 = await bring('consumer', csv(consumer, [person(11, { last_name: 'Second', mailing_line1: '3 Third St' })]), { mode: 'upsert' });
    const left = () => sql("select legacy_no n, last_name l, billing_line1 m from consumer where legacy_no in ('UC-11', 'UC-12', 'UC-13') order by legacy_no");
    // what still stands names the last batch that changed it; the rest goes
    let back = await take_back(b1.batch_no);
    expect({ state: back.state, why: why(back) }).toEqual({ state: 'partly_rolled_back', why: [`Was changed by batch ${b3.batch_no}. Take that one back first.`, `Was changed by batch ${b2.batch_no}. Take that one back first.`] });
    expect(left().map((r) => r.n)).toEqual(['UC-11', 'UC-12']);
    expect((await take_back(b3.batch_no)).state).toBe('rolled_back');
    back = await take_back(b1.batch_no);
    expect(why(back)).toEqual([11, 12].map(() => `Was changed by batch ${b2.batch_no}. Take that one back first.`));
    expect((await take_back(b2.batch_no)).state).toBe('rolled_back');
    expect(left()).toEqual([{ n: 'UC-11', l: 'Last11', m: null }, { n: 'UC-12', l: 'Last12', m: null }]);
    expect((await take_back(b1.batch_no)).state).toBe('rolled_back');
    expect(left()).toEqual([]);
    // somebody's own edit stays in the way, whatever files did before and after
    const parent = one("select code from service_area where level = 'area' limit 1");
    const a1 = await bring('service_area', csv(area, [['UB-ED', 'Edit Zone', 'sub_area', parent, '']]));
    const a2 = await bring('service_area', csv(area, [['UB-ED', 'Edit Zone two', '', '', '']]), { mode: 'upsert' });
    await admin().post('/areas/UB-ED', { population: '1000' }, { from: '/areas/UB-ED/edit' }).done('Saved.');
    expect((await take_back(a2.batch_no)).state).toBe('rolled_back');
    back = await take_back(a1.batch_no);
    expect({ state: back.state, why: why(back) }).toEqual({ state: 'partly_rolled_back', why: ['Was edited since.'] });
    expect(sql("select name, population from service_area where code = 'UB-ED'")).toEqual([{ name: 'Edit Zone', population: '1000' }]);
    // each kind of record that files change
    const complaint = ['legacy_id', 'account_legacy_id', 'complaint_type', 'status', 'priority', 'subject', 'description', 'opened_at'];
    const order_ = ['legacy_id', 'order_type', 'premise_legacy_id', 'title', 'priority', 'status', 'opened_at', 'due_at'];
    const route = ['code', 'name', 'service', 'sub_area_codes', 'meter_serials', 'travel_mode'];
    const kinds = [
      ['service_area', area, ['UB-ZN', 'Back Zone', 'sub_area', parent, ''], ['UB-ZN', 'Back Zone two', '', '', '']],
      ['consumer', consumer, person(14), person(14, { last_name: 'Second' })],
      ['premise', premise, place(14), place(14, { unit: '2' })],
      ['account', account, holder(14), holder(14, { due_days: '20', bill_delivery: 'email' })],
      ['meter', meter, dial(14), dial(14, { radio_id: 'RADIO-14' })],
      ['service_connection', connection, link(14), link(14, { dwelling_units: '3' })],
      ['route', route, ['UB-1', 'Back route', 'WA', 'DTN-PRL', '', 'walk'], ['UB-1', 'Other name', 'WA', 'DTN-PRL', '', 'drive']],
      ['complaint', complaint, ['UB-1', 'UA-14', 'LEAK', 'pending', 'high', 'Leak', 'Water comes out of it.', '2026-03-28 09:15'], ['UB-1', 'UA-14', 'LEAK', 'pending', 'high', 'Large leak', 'Water comes out of it.', '2026-03-28 09:15']],
      ['service_order', order_, ['UB-1', 'LEAK_REPAIR', 'UP-14', 'Repair', 'high', 'created', '2026-03-28 09:15', '2026-04-20 17:00'], ['UB-1', 'LEAK_REPAIR', 'UP-14', 'Repair soon', 'high', 'created', '2026-03-28 09:15', '2026-04-20 17:00']]];
    const made = {}, changed = {};
    for (const [entity, header, first] of kinds) made[entity] = await bring(entity, csv(header, [first]));
    for (const [entity, header, , second] of kinds) {
      changed[entity] = await bring(entity, csv(header, [second]), { mode: 'upsert' });
      expect({ entity, state: changed[entity].state, ...counts(changed[entity]) }).toEqual({ entity, state: 'completed', new: '0', changed: '1', unchanged: '0' });
    }
    const order = kinds.map(([entity]) => entity).reverse();
    const stays = await take_back(made.service_order.batch_no);
    expect(why(stays)).toEqual([`Was changed by batch ${changed.service_order.batch_no}. Take that one back first.`]);
    for (const entity of order) expect((await take_back(changed[entity].batch_no)).state, `${entity}, changed`).toBe('rolled_back');
    for (const entity of order) {
      back = await take_back(made[entity].batch_no);
      expect({ entity, state: back.state, why: why(back) }).toEqual({ entity, state: 'rolled_back', why: [] });
    }
    expect(one("select count(*) from import_link where legacy_id in ('UC-14', 'UP-14', 'UA-14', 'UM-14', 'US-14', 'UB-1', 'UB-ZN')")).toBe('0');
  });

  test('ONB04US01 money, readings, people and prices are not changed by a file, and the page says why', async () => {
    for (const [entity, said] of [['opening_balance', 'Balances that were posted are never changed by a file.'], ['meter_reading', 'Readings are never changed by a file: their use may stand on a bill.'], ['bill', 'Bills of the old system stay as they were.'], ['payment', 'Payments of the old system stay as they were.'],
      ['payment_agreement', 'Agreements that run are never changed by a file'], ['user', 'People are changed on their own pages'], ['tariff', 'Prices are changed by a new version of their plan'], ['document', 'Documents are never changed by a file.']]) {
      for (const mode of ['upsert', 'update']) await upload(entity, csv(['a'], [['b']]), { mode }).refuses(422, 'mode', new RegExp(said));
      await admin().get(`/migration/templates/${entity}/guide`).sees(said);
    }
    await admin().get('/migration/templates/premise/guide').sees('Changes it; empty leaves it', 'Finds the record');
  });

  test('ONB04US01 the delimiter is named', async () => {
    for (const [sign, name] of [[',', 'comma'], [';', 'semicolon'], ['\t', 'tab'], ['|', 'vertical bar']]) {
      await upload('consumer', Buffer.from([['legacy_id', 'type', 'last_name'], [`D-${name}`, 'person', 'A']].map((r) => r.join(sign)).join('\n'))).is(303);
      await admin().get(`/migration/${last()}`).sees(`UTF-8, ${name}`);
    }
  });

  test('ONB04US01 pages of changed rows look right', async ({ page }) => {
    test.setTimeout(120000);
    const no = one("select batch_no from import_batch where mode = 'upsert' and changed_count > 0 order by id limit 1");
    for (const path of [`/migration/${no}`, `/migration/${no}/rows`, `/migration/${no}/rows?effect=changed`, '/migration/templates/account/guide']) {
      await admin().browse(page, path);
      await looks_right(page);
    }
  });
});
