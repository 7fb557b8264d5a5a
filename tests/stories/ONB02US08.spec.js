// Service areas (ONB02US08). swa-e has no area; swa-w has the tree of the playbook.
const { story } = require('../support/story');

const square = (lng, lat, half = 0.008) => JSON.stringify({ type: 'Polygon', coordinates: [[[lng - half, lat - half], [lng + half, lat - half], [lng + half, lat + half], [lng - half, lat + half], [lng - half, lat - half]]] });

story('ONB02US08', 'ONB-FIX', ({ as, test, expect, sql, one, owner, jobs_run, looks_right }) => {
  const admin = () => as('utility_admin');
  const east = (method, path, ...more) => admin()[method](`/u/swa-e${path}`, ...more);
  const area = (code, column, utility = 'swa-w') => one(`select a.${column} from service_area a join utility u on u.id = a.utility_id where u.code = ? and a.code = ?`, [utility, code]);
  const is_there = (code, utility = 'swa-w') => one('select count(*) from service_area a join utility u on u.id = a.utility_id where u.code = ? and a.code = ?', [utility, code]) === '1';
  const make = (level, code, name, parent, more = {}) => east('post', '/areas', { level, code, name, parent: parent ?? '', ...more }, { from: '/u/swa-e/areas/new' });
  const premise = (fields) => owner('cso_supervisor', 'premise', { city: 'Portland', state: 'US-OR', postal_code: '97204', ...fields });

  test('ONB02US08 levels between are switched on and off while nothing stands on them', async () => {
    const levels = (list) => east('post', '/areas/levels', { levels: list }, { from: '/u/swa-e/areas/levels' });
    await levels(['country', 'zone']).done();
    await east('get', '/areas').sees('Zone');
    await make('region', 'TRY', 'Try').done();
    await make('division', 'TRY-D', 'Division', 'TRY').refuses(422, 'parent', 'A division needs a zone as parent.');
    await make('zone', 'TRY-Z', 'Zone one', 'TRY').refuses(422, 'parent', 'A zone needs a country as parent.');
    await make('country', 'TRY-C', 'Country', 'TRY').done();
    await make('zone', 'TRY-Z', 'Zone one', 'TRY-C').done();
    await make('division', 'TRY-D', 'Division', 'TRY-Z').done();
    expect(area('TRY-D', 'path', 'swa-e')).toBe('TRY/TRY-C/TRY-Z/TRY-D');
    await levels([]).is(422);                                                    // areas stand on both
    await as('dispatcher1').get('/areas/levels').is(403);
    await east('get', '/areas/TRY-Z/deletion').refuses(409, null, 'Zone one has 1 area below it. Merge or deactivate.');
    for (const code of ['TRY-D', 'TRY-Z', 'TRY-C', 'TRY']) await east('post', `/areas/${code}/deletion`, {}).done();
    await levels([]).done();
    await east('get', '/areas/levels/zone').is(404);
    await east('get', '/areas/levels/country').is(404);
  });

  test('ONB02US08.1 a region, a division, an area, a sub-area', async () => {
    const step = () => sql("select s.state, s.percent from setup_step s join utility u on u.id = s.utility_id where u.code = 'swa-e' and s.step_key = 'service_areas'")[0];
    await make('region', 'POR', 'Portland').done('Portland is there.');
    await make('division', 'POR-MET', 'Metro', 'POR').done();
    await make('area', 'MET-DTN', 'Downtown', 'POR-MET').done();
    expect(step().state).toBe('in_progress');
    await make('sub_area', 'DTN-PRL', 'Pearl District', 'MET-DTN').done('Pearl District is there.');
    expect(area('DTN-PRL', 'path', 'swa-e')).toBe('POR/POR-MET/MET-DTN/DTN-PRL');
    expect(step()).toEqual({ state: 'complete', percent: '100' });
    expect(one("select count(*) from outbox_event e join service_area a on a.id = e.entity_id where e.name = 'service_area.changed' and a.code = 'DTN-PRL'")).toBe('1');
    await east('get', '/areas/DTN-PRL').sees('Portland > Metro > Downtown > Pearl District', 'Active');
    await east('get', '/areas').sees('Total premises', 'Service areas', '4', 'Pearl District');
  });

  test('ONB02US08.2 an area stands under a division', async () => {
    await make('area', 'MET-EAS', 'Eastside', 'POR').refuses(422, 'parent', 'An area needs a division as parent.');
    expect(is_there('MET-EAS', 'swa-e')).toBe(false);
    await make('sub_area', 'EAS-SEL', 'Sellwood', 'POR-MET').refuses(422, 'parent', 'A sub-area needs an area as parent.');
    await make('region', 'SAL', 'Salem', 'POR').refuses(422, 'parent', 'A region has no parent.');
  });

  test('ONB02US08 refuses a code that is taken, a twin and bad codes', async () => {
    await make('division', 'POR-MET', 'Metropolis', 'POR').refuses(422, 'code', 'POR-MET is taken.');
    await make('division', 'POR-EST', 'metro', 'POR').refuses(422, 'name', 'metro is POR-MET already; names are unique under one parent.');
    await make('division', 'P_R', 'East', 'POR').refuses(422, 'code', 'A code has 2 to 20 of A-Z, 0-9 and dashes.');
    expect(one("select count(*) from service_area a join utility u on u.id = a.utility_id where u.code = 'swa-e'")).toBe('4');
  });

  test('ONB02US08.3 a file of sixty with one unknown parent', async () => {
    const rows = [...Array(60).keys()].map((i) => `sub_area,SUB-${String(i + 1).padStart(2, '0')},Quarter ${i + 1},${i === 12 ? 'MET-XYZ' : 'MET-DTN'}`);
    const content = `level,code,name,parent_code\n${rows.join('\n')}\n`;
    const upload = await east('post', '/areas/import', {}, { files: { file: { name: 'areas.csv', type: 'text/csv', content } } });
    expect(upload.status).toBe(303);
    await admin().get(upload.location).sees('59 rows are good, 1 are not.', 'There is no area MET-XYZ.');
    expect(one("select count(*) from service_area where code like 'SUB-%'")).toBe('0');
    await admin().post(upload.location, { mode: 'all' }).refuses(422, null, '1 row is not good; nothing was stored.');
    expect(one("select count(*) from service_area where code like 'SUB-%'")).toBe('0');
    const applied = await admin().post(upload.location, { mode: 'skip' });
    expect(applied.status).toBe(303);
    expect(one("select count(*) from service_area where code like 'SUB-%'")).toBe('59');
    expect(one("select count(*) from service_area where code = 'SUB-13'")).toBe('0');
    await admin().get(applied.location).sees('59 areas imported, 1 rows refused.', 'service-areas-errors.csv');
    const file = await admin().get(applied.location.replace(/errors$/, 'file'));
    expect(file.body.split('\r\n').filter(Boolean).slice(1)).toEqual(['14,sub_area,SUB-13,Quarter 13,MET-XYZ,,,,,There is no area MET-XYZ.']);
  });

  test('ONB02US08 a GeoJSON file brings areas with their boundaries', async () => {
    const feature = (code, name, geometry) => ({ type: 'Feature', properties: { level: 'sub_area', code, name, parent_code: 'MET-DTN' }, geometry });
    const upload = (features) => east('post', '/areas/import', {}, { files: { file: { name: 'areas.geojson', type: 'application/geo+json', content: JSON.stringify({ type: 'FeatureCollection', features }) } } });
    const sent = await upload([feature('GEO-ONE', 'Pearl North', JSON.parse(square(-122.68, 45.53))), feature('GEO-TWO', 'Pearl South', { type: 'Point', coordinates: [0, 0] })]);
    await admin().get(sent.location).sees('1 rows are good, 1 are not.', 'A boundary is a Polygon or MultiPolygon, not Point.');
    await admin().post(sent.location, { mode: 'skip' }).is(303);
    expect([is_there('GEO-ONE', 'swa-e'), is_there('GEO-TWO', 'swa-e')]).toEqual([true, false]);
    expect(JSON.parse(area('GEO-ONE', 'geometry', 'swa-e')).type).toBe('Polygon');
  });

  test('ONB02US08 figures stand beside those of the month before', async () => {
    const open = "insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, due_at, created_at) select utility_id, 'WA-SO-KPI', 'REPAIR', 'manual', 77, id, 'Leak', '2026-04-20 10:00:00', ? from premise order by id limit 1";
    const before = premise({ line1: '1 KPI St', area: 'DTN-PRL' }).no, card = async () => (await admin().get('/areas').is(200)).body.split('<li>').find((s) => s.includes('>Work orders<')).split('</li>')[0].replace(/<[^>]*>/g, ' ').replace(/[\s\u00a0]+/g, ' ');
    expect(before).toBeTruthy();
    expect(await card()).toContain('0 0 % vs end of last month');
    sql(open, ['2026-04-10 10:00:00']);
    expect(await card()).toMatch(/Work orders 1 .*1 vs end of last month/);
    sql("update service_order set created_at = '2026-03-10 10:00:00' where order_no = 'WA-SO-KPI'");
    expect(await card()).toContain('1 0 % vs end of last month');
    sql("delete from service_order where order_no = 'WA-SO-KPI'");
  });

  test('ONB02US08.4 Old Town is merged into the Pearl District', async () => {
    const made = [1, 2].map((i) => premise({ line1: `${i} NW 1st Ave`, area: 'DTN-OLD' }).no);
    sql("insert into premise (utility_id, premise_no, line1, city, postal_code, address_key, sub_area_id) select a.utility_id, concat('WA-PRM-OLD', s.seq), concat(s.seq, ' NW 1st Ave'), 'Portland', '97209', concat('old town ', s.seq), a.id from service_area a join utility u on u.id = a.utility_id join seq_3_to_300 s where u.code = 'swa-w' and a.code = 'DTN-OLD'");
    for (let i = 3; i <= 300; i++) made.push(`WA-PRM-OLD${i}`);
    sql("insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, priority, due_at) select utility_id, 'WA-SO-202604-90001', 'REPAIR', 'manual', 1, id, 'Leak', 'high', utc_timestamp(6) from premise where premise_no = ?", [made[0]]);
    const order = () => JSON.stringify(sql("select * from service_order where order_no = 'WA-SO-202604-90001'")[0]);
    const before = order();
    sql("update user_role set service_area_id = ? where user_id = (select id from user where email = 'cso2@swa.test')", [area('DTN-OLD', 'id')]);
    await admin().get('/areas/DTN-OLD/merge?to=DTN-PRL').sees('Areas and premises of Old Town go over to Pearl District.', 'This cannot be undone.', '300');
    const merge = (to) => admin().post('/areas/DTN-OLD/merge', { to }, { from: '/areas/DTN-OLD/merge?to=DTN-PRL' });
    await merge('MET-EAS').refuses(422, 'to', 'Choose a sub-area.');
    await merge('DTN-OLD').refuses(422, 'to', 'An area is not merged into itself.');
    expect(area('DTN-OLD', 'status')).toBe('active');
    await merge('DTN-PRL').done('Old Town is part of Pearl District now; 300 premises moved.');
    expect(one("select count(*) from premise p join service_area a on a.id = p.sub_area_id where a.code = 'DTN-OLD'")).toBe('0');
    expect(one(`select count(*) from premise p join service_area a on a.id = p.sub_area_id where a.code = 'DTN-PRL' and p.premise_no in (${made.map(() => '?')})`, made)).toBe('300');
    expect(area('DTN-OLD', 'status')).toBe('merged');
    expect(area('DTN-OLD', 'merged_into_id')).toBe(area('DTN-PRL', 'id'));
    await admin().get('/areas/levels/sub_area?q=DTN-OLD').sees('DTN-PRL', 'Pearl District', '1 to 1 of 1');
    await admin().get('/areas/DTN-OLD').sees('Old Town was merged into DTN-PRL.');
    expect(order()).toBe(before);
    expect(one("select a.code from user_role ur join service_area a on a.id = ur.service_area_id join user u on u.id = ur.user_id where u.email = 'cso2@swa.test'")).toBe('DTN-PRL');
    expect(one("select count(*) from audit_entry where entity = 'premise' and action = 'edit'")).toBe('300');
    expect(one("select count(*) from outbox_event where name = 'service_area.merged'")).toBe('1');
    await jobs_run();
    await admin().post('/areas/DTN-OLD/merge', { to: 'DTN-PRL' }).refuses(409, null, 'Old Town was merged into DTN-PRL.');
    // The old code finds the new area.
    const late = premise({ line1: '99 NW 1st Ave', area: 'DTN-OLD' }).no;
    expect(one('select a.code from premise p join service_area a on a.id = p.sub_area_id where p.premise_no = ?', [late])).toBe('DTN-PRL');
    sql("update user_role set service_area_id = null where user_id = (select id from user where email = 'cso2@swa.test')");
  });

  test('ONB02US08.5 an address is there once', async () => {
    const there = premise({ line1: '1120 SW 5th Ave', unit: '2', area: 'DTN-PRL' });
    expect(there.no).toMatch(/^WA-PRM-/);
    const again = premise({ line1: '1120 SW 5TH AVE', unit: '2', area: 'DTN-PRL' });
    expect(again.refused).toBe(409);
    expect(again.text).toContain(there.no);
    expect(one("select count(*) from premise where line1 like '1120 SW 5th Ave'")).toBe('1');
    await admin().get('/areas/premises?q=1120').sees(there.no, 'Pearl District');
  });

  test('ONB02US08.5 premises are entered under the areas; who enters one twice is led to it', async () => {
    const make = (fields, who = admin()) => who.post('/areas/premises', { sub_area: 'DTN-PRL', line1: '1130 SW 6th Ave', unit: '3', city: 'Portland', postal_code: '97204', ...fields }, { from: '/areas/premises/new' });
    await make({ place: 'nowhere', impervious: '' }).refuses(422, 'place', 'Enter latitude and longitude such as 45.5231, -122.6765.');
    await make({ postal_code: 'x' }).is(422);
    await make({ sub_area: 'POR-MET' }).refuses(422, 'sub_area', 'Choose a sub-area of the list.');
    await make({ place: '45.5152, -122.6784', impervious: '4000' }).done('is there.');
    const no = one("select premise_no from premise where line1 = '1130 SW 6th Ave'");
    expect(sql("select latitude, longitude, eru_e3 from premise where premise_no = ?", [no])).toEqual([{ latitude: '45.515200', longitude: '-122.678400', eru_e3: null }]);     // the plan says what a unit is
    const again = await make({ line1: '1130 SW 6TH AVE' });
    expect([409, 422]).toContain(again.status);
    expect(again.body).toContain(`/areas/premises/${no}`);
    await admin().get(`/areas/premises/${no}`).sees('1130 SW 6th Ave', 'Pearl District', no);
    await as('dispatcher1').get('/areas/premises/new').is(403);
    // who has an area of his own enters premises there alone
    sql("update user_role ur join user u on u.id = ur.user_id set ur.service_area_id = (select id from service_area where code = 'GRE-CEN') where u.email = 'cso1@swa.test'");
    sql("update security_policy set rights_version = uuid_short()");
    await make({ line1: '1132 SW 6th Ave' }, as('cso1')).refuses(422, 'sub_area', 'Choose a sub-area of the list.');
    await make({ line1: '1132 SW 6th Ave', sub_area: 'GRE-CEN' }, as('cso1')).done('is there.');
    sql("update user_role ur join user u on u.id = ur.user_id set ur.service_area_id = null where u.email = 'cso1@swa.test'");
    sql("update security_policy set rights_version = uuid_short()");
    expect(one("select count(*) from premise where line1 like '1130 SW 6th Ave'")).toBe('1');
  });

  test('ONB02US08.6 a subtree is what the staff limited to it see', async () => {
    const consumer = (name, home) => {
      const c = owner('cso_supervisor', 'consumer', { first_name: 'Area', last_name: name, phone: `+1503555${1000 + name.charCodeAt(0)}`, email: `${name.toLowerCase()}@area.test` });
      return owner('cso_supervisor', 'account', { consumer: c.no, premise: premise({ line1: `1 ${name} St`, area: home }).no, category: 'RES', sub_category: 'SFR', billing: 'premise' }).no;
    };
    const inside = [consumer('Pearl', 'DTN-PRL'), consumer('Hawthorne', 'EAS-HAW')], outside = consumer('Rockwoods', 'GRE-ROC');
    sql("update user_role set service_area_id = ? where user_id = (select id from user where email = 'cso3@swa.test')", [area('POR-MET', 'id')]);
    await as('cso3').get('/cis/consumers').sees(...inside).lacks(outside);
    await as('cso_supervisor').get('/cis/consumers').sees(...inside, outside);
    await as('cso_supervisor').get('/cis/consumers?area=POR-MET').sees(...inside).lacks(outside);      // the filter of a subtree
    await as('cso_supervisor').get('/cis/consumers?area=EST-GRE').sees(outside).lacks(...inside);
    await as('cso3').get('/cis/consumers?area=EST-GRE').lacks(outside);
    await as('cso3').get('/areas/GRE-ROC').is(404);
    await as('cso3').get('/areas/EAS-HAW').is(200);
    sql("update user_role set service_area_id = null where user_id = (select id from user where email = 'cso3@swa.test')");
  });

  test('ONB02US08 moves an area with all below it, never below itself', async () => {
    const move = (code, to, from = to) => admin().post(`/areas/${code}/move`, { to }, { from: `/areas/${code}/move?to=${from}` });
    await admin().get('/areas/MET-EAS/move').sees('Eastside needs a division as parent; all below it follows.');
    await admin().get('/areas/MET-EAS/move?to=POR-EST').sees('Eastside and all below it move under East County. The new path is POR/POR-EST/MET-EAS.');
    // what follows is counted, and the plans that would be offered no longer, or newly, are named
    sql("update tariff_plan set area_ids = concat('[', ?, ']') where code = 'RES-FIX'", [area('POR-MET', 'id')]);
    sql("update tariff_plan set area_ids = concat('[', ?, ']') where code = 'COM-FIX'", [area('POR-EST', 'id')]);
    const preview = await admin().get('/areas/MET-EAS/move?to=POR-EST').sees('Open accounts', 'Routes', 'Work orders', 'Premises', 'RES-FIX', 'COM-FIX');
    const premises = Number(one("select count(*) from premise p join service_area s on s.id = p.sub_area_id join utility u on u.id = p.utility_id and u.code = 'swa-w' where s.path like 'POR/POR-MET/MET-EAS/%'"));
    expect(preview.text.replace(/\s+/g, ' ')).toMatch(new RegExp(`Premises ${premises}\\b`));
    sql("update tariff_plan set area_ids = null where code in ('RES-FIX', 'COM-FIX')");
    await move('MET-EAS', 'EAS-SEL', 'POR-EST').refuses(422, 'to', 'Sellwood lies below Eastside.');
    await move('MET-EAS', 'EST-GRE', 'POR-EST').refuses(422, 'to', 'An area needs a division as parent.');
    await move('MET-EAS', 'POR-MET', 'POR-EST').refuses(422, 'to', 'It stands under Metro already.');
    expect(area('EAS-SEL', 'path')).toBe('POR/POR-MET/MET-EAS/EAS-SEL');
    await move('MET-EAS', 'POR-EST').done('Eastside stands under East County now.');
    expect(area('EAS-SEL', 'path')).toBe('POR/POR-EST/MET-EAS/EAS-SEL');
    expect(one("select count(*) from audit_entry where entity = 'service_area' and entity_id = ? and action = 'edit'", [area('MET-EAS', 'id')])).toBe('1');
  });

  test('ONB02US08 draws boundaries: overlaps refused, outside warned, bad ones named with their place', async () => {
    const edit = (code, geometry) => admin().post(`/areas/${code}`, { geometry }, { from: `/areas/${code}/edit` });
    await edit('EAS-SEL', square(-122.628, 45.512)).refuses(422, 'geometry', /^Overlaps Hawthorne by \d\.\d\d km2\.$/);
    await edit('EAS-SEL', '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,200],[0,0]]]}').refuses(422, 'geometry', 'coordinates[0][2]: a position is [longitude, latitude] in degrees.');
    await edit('EAS-SEL', '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}').refuses(422, 'geometry', 'coordinates[0]: the last position of a ring is its first.');
    await edit('EAS-SEL', '{"type":"Point","coordinates":[0,0]}').refuses(422, 'geometry', 'A boundary is a Polygon or MultiPolygon, not Point.');
    await edit('EAS-SEL', '{"type":').refuses(422, 'geometry', /^This is no GeoJSON: /);
    await edit('MET-EAS', square(-122.63, 45.5, 0.05)).done('Saved.');
    await edit('EAS-SEL', square(-122.4, 45.4)).done('Its boundary is not within that of Eastside.');
    const map = await admin().get('/areas/map.json').json();
    expect(map.areas.map((a) => a.title)).toEqual(expect.arrayContaining(['EAS-SEL Sellwood', 'DTN-PRL Pearl District']));
    expect((await admin().get('/areas/geojson').json()).features.length).toBeGreaterThan(10);
  });

  test('ONB02US08 who changes what somebody else changed meanwhile sees both, and when', async () => {
    const version = area('GRE-CEN', 'row_version');
    await admin().post('/areas/GRE-CEN', { name: 'Gresham Center', population: '1000' }, { from: '/areas/GRE-CEN/edit' }).done('Saved.');
    const late = await as('tenant_admin').post('/areas/GRE-CEN', { name: 'Gresham Heart', population: '1000', row_version: version }, { from: '/areas/GRE-CEN/edit' }).is(409);
    const table = late.body.match(/<section class="s-card s-conflict">[\s\S]*?<\/section>/)[0].replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
    expect(table).toMatch(/\d{1,2}:\d\d/);
    expect(table).toContain('Name Gresham Center Gresham Heart');
    expect(table).not.toContain('Population');                          // the same in both
    expect(late.body).toContain('value="Gresham Heart"');
    expect(area('GRE-CEN', 'name')).toBe('Gresham Center');
    const now = late.body.match(/name="row_version" value="(\d+)"/)[1];
    expect(now).toBe(area('GRE-CEN', 'row_version'));
    await admin().post('/areas/GRE-CEN', { name: 'Central Gresham', population: '' }, { from: '/areas/GRE-CEN/edit' }).done('Saved.');
  });

  test('ONB02US08 the map shows staff limited to an area its premises, and no others', async () => {
    const near = premise({ line1: '1 Map St', area: 'GRE-CEN' }).no, far = premise({ line1: '2 Map St', area: 'BEA-CEN' }).no;
    sql('update premise set latitude = 45.11, longitude = -122.11 where premise_no = ?', [near]);
    sql('update premise set latitude = 45.22, longitude = -122.22 where premise_no = ?', [far]);
    const points = async (who) => (await as(who).get('/areas/map.json').json()).points.map((p) => Number(p.lat).toFixed(2));
    sql("update user_role set service_area_id = ? where user_id = (select id from user where email = 'cso3@swa.test')", [area('EST-GRE', 'id')]);
    sql('update security_policy set rights_version = uuid_short()');
    expect(await points('cso3')).toContain('45.11');
    expect(await points('cso3')).not.toContain('45.22');
    expect(await points('utility_admin')).toEqual(expect.arrayContaining(['45.11', '45.22']));
    sql("update user_role set service_area_id = null where user_id = (select id from user where email = 'cso3@swa.test')");
    sql('update security_policy set rights_version = uuid_short()');
    sql("delete from premise where line1 like '% Map St'");
  });

  test('ONB02US08 a cluster of the map leads to the premises that lie in it', async () => {
    const made = [['1 Cluster St', 'GRE-CEN', 45.331, -122.441], ['2 Cluster St', 'GRE-ROC', 45.334, -122.439], ['3 Cluster St', 'GRE-CEN', 45.352, -122.441]].map(([line1, home, lat, lon]) => {
      const no = premise({ line1, area: home }).no;
      sql('update premise set latitude = ?, longitude = ? where premise_no = ?', [lat, lon, no]);
      return no;
    });
    const point = async (query = '') => (await admin().get(`/areas/map.json${query}`).json()).points.find((p) => Number(p.lat).toFixed(2) === '45.33' && Number(p.lon).toFixed(2) === '-122.44');
    const both = await point();
    expect([both.title, both.text]).toEqual(['2 premises', 'Central Gresham and 1 more sub-area']);
    await admin().get(both.url.replace('/u/swa-w', '')).sees(made[0], made[1], '1 to 2 of 2').lacks(made[2]);
    const below = await point('?area=GRE-ROC');                         // of an area's own map: what is below that area
    expect([below.title, below.text]).toEqual(['1 premise', 'Rockwood']);
    await admin().get(below.url.replace('/u/swa-w', '')).sees(made[1], '1 to 1 of 1').lacks(made[0]);
    sql("delete from premise where line1 like '% Cluster St'");
  });

  test('ONB02US08 the overview of staff limited to areas: figures, growth and tree of these alone', async () => {
    const kpi = (page, label) => Number(page.body.match(new RegExp(`<span class="s-kl">${label}</span><span class="s-kv"><strong class="num">([^<]*)<`))?.[1].replace(',', ''));
    const made = ['GRE-CEN', 'GRE-ROC', 'BEA-CEN'].map((home, i) => premise({ line1: `${i} Overview St`, area: home }).no);
    const limit = (...codes) => {
      const cso3 = "(select id from user where email = 'cso3@swa.test')";
      sql(`delete from user_role where user_id = ${cso3} and service_area_id is not null`);
      codes.forEach((code) => sql(`insert into user_role (user_id, role_id, utility_id, service_area_id, valid_from) select ${cso3}, r.id, u.id, ?, date '2026-01-01' from role r join utility u on u.id = r.utility_id where r.code = 'cso' and u.code = 'swa-w'`, [area(code, 'id')]));
      sql('update security_policy set rights_version = uuid_short()');
    };
    const rights = sql("select * from user_role where user_id = (select id from user where email = 'cso3@swa.test')");
    sql("delete from user_role where user_id = (select id from user where email = 'cso3@swa.test')");
    limit('EST-GRE', 'BEA-CEN');                                        // an area, and a sub-area of another
    const mine = await as('cso3').get('/areas').sees('Gresham', 'Rockwood', 'Central Beaverton').lacks('Pearl District', 'Hawthorne', 'Metro', 'Beaverton</a>');
    const inside = Number(one("select count(*) from premise p join service_area s on s.id = p.sub_area_id where s.path regexp '(^|/)(EST-GRE|BEA-CEN)(/|$)'"));
    expect(kpi(mine, 'Total premises')).toBe(inside);
    expect(inside).toBeGreaterThanOrEqual(3);
    const list = await as('cso3').get('/areas/premises').is(200);
    expect(Number(list.text.match(/1 to \d+ of ([\d,]+)/)[1].replace(',', ''))).toBe(inside);
    const tree = mine.body.match(/<ul class="s-tree">[\s\S]*?<\/ul><\/div>/)[0];
    expect(tree.split('<ul').length).toBe(tree.split('</ul>').length);
    const whole = await admin().get('/areas').sees('Pearl District', 'Rockwood', 'Metro');
    expect(kpi(whole, 'Total premises')).toBe(Number(one('select count(*) from premise where utility_id = (select id from utility where code = "swa-w")')));
    expect(kpi(whole, 'Total premises')).toBeGreaterThan(inside);
    sql("delete from user_role where user_id = (select id from user where email = 'cso3@swa.test')");
    rights.forEach((x) => sql('insert into user_role (user_id, role_id, utility_id, valid_from) values (?, ?, ?, ?)', [x.user_id, x.role_id, x.utility_id, '2026-01-01']));
    sql('update security_policy set rights_version = uuid_short()');
    sql("delete from premise where line1 like '% Overview St'");
    expect(made.length).toBe(3);
  });

  test('ONB02US08 splits a sub-area and assigns by boundary', async () => {
    const moved = premise({ line1: '7 SE Clay St', area: 'EAS-HAW' }).no, stays = premise({ line1: '8 SE Clay St', area: 'EAS-HAW' }).no, within = premise({ line1: '9 SE Clay St', area: 'EAS-HAW' }).no;
    sql('update premise set latitude = 45.4, longitude = -122.4 where premise_no = ?', [within]);
    await admin().post('/areas/EAS-HAW/split', { code: 'EAS-HA2', name: 'Hawthorne South', geometry: '', premises: `${moved}\n` }).done('Hawthorne South is there with 1 premise.');
    const home = (no) => one('select a.code from premise p join service_area a on a.id = p.sub_area_id where p.premise_no = ?', [no]);
    expect([home(moved), home(stays)]).toEqual(['EAS-HA2', 'EAS-HAW']);
    await admin().post('/areas/EAS-HAW/split', { code: 'EAS-HA3', name: 'Hawthorne West', geometry: '', premises: moved }).refuses(422, 'premises', `${moved} is no premise of Hawthorne.`);
    // By boundary: what lies within it goes over, with a list or without one.
    const near = premise({ line1: '10 SE Clay St', area: 'EAS-HAW' }).no;
    sql('update premise set latitude = 45.3, longitude = -122.3 where premise_no = ?', [near]);
    await admin().post('/areas/EAS-HAW/split', { code: 'EAS-HA4', name: 'Hawthorne East', geometry: square(-122.3, 45.3), premises: '' }).done('Hawthorne East is there with 1 premise.');
    expect([home(near), home(stays), home(within)]).toEqual(['EAS-HA4', 'EAS-HAW', 'EAS-HAW']);
    await admin().get('/areas/EAS-SEL/assignment').sees('1 premise of other sub-areas lies within the boundary of Sellwood.');
    await admin().post('/areas/EAS-SEL/assignment').done('1 premise assigned to Sellwood.');
    expect(home(within)).toBe('EAS-SEL');
  });

  test('ONB02US08 deactivates and deletes only what nothing stands on', async () => {
    premise({ line1: '500 NW 10th Ave', area: 'DTN-PRL' });
    await admin().get('/areas/DTN-PRL/deletion').refuses(409, null, /Pearl District has \d+ premises?\. Merge or deactivate\./);
    await admin().get('/areas/POR-MET/deletion').refuses(409, null, /Metro has \d+ premises?\. Merge or deactivate\./);
    const consumer = owner('cso_supervisor', 'consumer', { first_name: 'New', last_name: 'Comer', phone: '+15035551888', email: 'new@comer.test' }).no;
    const empty = premise({ line1: '2 N Main Ave', area: 'GRE-CEN' }).no;
    const account = () => owner('cso_supervisor', 'account', { consumer, premise: empty, category: 'RES', sub_category: 'SFR', billing: 'premise' });
    sql("update tariff_plan set area_ids = concat('[', ?, ']') where code = 'RES-FIX'", [area('GRE-CEN', 'id')]);
    await admin().get('/areas/GRE-CEN/deactivation').sees('No other area has these plans: RES-FIX.');
    await admin().post('/areas/GRE-CEN/deactivation', { reason: 'Rebuilt' }).done('No other area has these plans: RES-FIX.');
    expect(premise({ line1: '1 N Main Ave', area: 'GRE-CEN' }).refused).toBe(422);
    const off = account();
    expect([off.refused, off.text]).toEqual([422, 'The area of this premise is inactive and takes no new accounts.']);
    await admin().post('/areas/GRE-CEN/activate', {}, { from: '/areas/GRE-CEN' }).done('Central Gresham is active.');
    expect(account().no).toMatch(/^WA-ACC-/);
    sql("update tariff_plan set area_ids = null where code = 'RES-FIX'");
    await admin().post('/areas/status', { bulk: 'deactivate', ids: 'GRE-ROC' }, { from: '/areas/levels/sub_area' }).done('1 changed, 0 left as they were.');
    expect(area('GRE-ROC', 'status')).toBe('inactive');
    // Several at once: what is refused says why, each by itself, to who did it.
    const many = await admin().post('/areas/status', { bulk: 'deactivate', ids: ['GRE-ROC', 'GRE-CEN'] }, { from: '/areas/levels/sub_area' }).done('1 changed, 1 left as they were.');
    expect([area('GRE-ROC', 'status'), area('GRE-CEN', 'status')]).toEqual(['inactive', 'inactive']);
    const result = one("select public_id from bulk_result order by id desc limit 1");
    await admin().get(`/results/${result}`).sees('Areas deactivated', 'GRE-ROC', 'Rockwood is inactive already.').lacks('GRE-CEN');
    await as('tenant_admin').get(`/results/${result}`).is(404);
    await admin().post('/areas/status', { bulk: 'activate', ids: ['GRE-CEN'] }, { from: '/areas/levels/sub_area' }).done('1 changed, 0 left as they were.');
    expect(one('select count(*) from bulk_result')).toBe('1');
    await admin().post('/areas', { level: 'sub_area', code: 'BEA-NEW', name: 'New', parent: 'WST-BEA' }, { from: '/areas/new' }).done();
    await admin().post('/areas/BEA-NEW/deletion', {}).done('New is deleted.');
    expect(is_there('BEA-NEW')).toBe(false);
    await as('cso1').get('/areas').is(200);
    await as('cso1').get('/areas/new').is(403);
  });

  test('ONB02US08 switches a level on while nothing stands under it', async () => {
    await admin().post('/areas/levels', { levels: ['zone'] }).refuses(422, 'levels', 'Zone cannot be put between: there are Divisions already.');
    await east('get', '/areas/levels').sees('Zone');
  });

  test('ONB02US08 areas are given out as a list and as boundaries, to who may', async () => {
    const file = await admin().get('/areas/levels/sub_area?export=csv').is(200);
    expect(file.body).toContain('DTN-PRL');
    expect(file.body).toContain('Downtown');
    await as('cso1').get('/areas/levels/sub_area').is(200);
    await as('cso1').get('/areas/levels/sub_area?export=csv').is(403);
    await as('cso1').get('/areas/geojson').is(403);
  });

  test('ONB02US08 figures of many premises are prepared, and the same as those that are counted', async () => {
    const numbers = async (path) => (await admin().get(path).is(200)).text.replace(/[\s\S]*Premises\s/, '').match(/\d+/g)?.slice(0, 12).join(' ');
    const paths = ['/areas/levels/division', '/areas/levels/sub_area', '/areas/POR-MET'];
    const counted = [];
    for (const path of paths) counted.push(await numbers(path));
    sql("insert into setting (utility_id, `key`, value) select id, 'area.prepared_from', '1' from utility");
    sql.platform(`insert into job (tenant_id, utility_id, kind, class, run_at, max_attempts) select id, ${one("select id from utility where code = 'swa-w'")}, 'dashboard.figures', 'general', '2020-01-01', 3 from tenant where slug = 'swa'`);
    await jobs_run();
    expect(Number(one("select count(*) from dashboard_counter where `key` = 'below.premises'"))).toBeGreaterThan(3);
    const prepared = [];
    for (const path of paths) prepared.push(await numbers(path));
    expect(prepared).toEqual(counted);
    await admin().get('/areas').sees('Total premises', 'Active consumers');
    sql("delete from setting where `key` = 'area.prepared_from'");
  });

  test('ONB02US08 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/areas', '/areas/levels/sub_area', '/areas/DTN-PRL', '/areas/new']) {
      await admin().browse(page, path);
      if (path === '/areas') await expect(page.locator('.map.leaflet-container')).toBeVisible();
      if (path === '/areas') for (const title of ['Premises at the end of each month', 'region']) await expect(page.locator('main')).toContainText(new RegExp(title, 'i'));
      await looks_right(page, { shots: `areas${path.replace(/\W+/g, '-')}` });
    }
  });
});
