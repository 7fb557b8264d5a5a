// How fast data migration is: N consumers with premises, accounts, meters, connections, opening balances and two months of
// readings on a running instance with the sample, by the pages and the job workers as people use them.
//   node tests/bench/import.js CONFIG URL [50000]
const { Desk, line } = require('./desk');

const [config, url] = process.argv.slice(2), sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const n = Number(process.argv[4] || 50000), tag = Date.now().toString(36).toUpperCase();
const each = (make) => Array.from({ length: n }, (_, i) => make(i).join(','));
const files = [
  ['premise', 'legacy_id,sub_area_code,line1,city,state,postcode,type', each((i) => [`BP${tag}-${i}`, 'BEA-CEN', `${i} Bench Way ${tag}`, 'Portland', 'OR', '97205', 'house'])],
  ['consumer', 'legacy_id,type,first_name,last_name,phone,email', each((i) => [`BC${tag}-${i}`, 'person', `First${i}`, `Last${i}`, `+1971${2000000 + i}`, `b${tag}${i}@example.com`])],
  ['account', 'legacy_id,consumer_legacy_id,premise_legacy_id,category,status,opened_on', each((i) => [`BA${tag}-${i}`, `BC${tag}-${i}`, `BP${tag}-${i}`, 'RES', 'active', '2025-07-01'])],
  ['meter', 'serial_no,manufacturer,model,size,service,digits,install_state', each((i) => [`BM${tag}-${i}`, 'MFR-A', 'WM15', '5/8', 'WA', '6', 'installed'])],
  ['service_connection', 'legacy_id,account_legacy_id,service,tariff_plan_code,status,connected_on,meter_serial,installed_on,initial_reading', each((i) => [`BS${tag}-${i}`, `BA${tag}-${i}`, 'WA', 'RES-VAR', 'active', '2026-01-01', `BM${tag}-${i}`, '2026-01-01', '1250'])],
  ['opening_balance', 'account_legacy_id,as_of,balance,due_date', each((i) => [`BA${tag}-${i}`, '2026-03-31', `${10 + (i % 90)}.25`, '2026-04-20'])],
  ['meter_reading', 'meter_serial,read_at,reading,type', [1, 2].flatMap((m) => each((i) => [`BM${tag}-${i}`, m === 1 ? '2026-01-31' : '2026-02-28', String(1250 + m * (5 + (i % 9))), 'actual']))],
];

(async () => {
  const desk = new Desk(config, url), admin = desk.as('utility_admin');
  let all_s = 0, migration_s = 0;
  desk.sql("update smart360.subscription_plan set limits = json_remove(limits, '$.accounts')");        // the sample's plan ends at 60,000
  const state = (no) => desk.sql('select state, imported_count n, error_count e from import_batch where batch_no = ?', [no])[0];
  for (const [entity, header, rows] of files) {
    const cpu = (part) => desk.cpu(part), before = [cpu('jobs'), cpu('database')], at = Date.now();
    await desk.done(admin.post('/migration', { entity, encoding: 'auto', mode: 'insert', policy: 'skip_bad_rows' }, { from: '/migration/new', files: { file: { name: `${entity}.csv`, type: 'text/csv', content: Buffer.from([header, ...rows].join('\n')) } } }));
    const no = desk.one('select batch_no from import_batch order by id desc limit 1');
    await desk.done(admin.post(`/migration/${no}/mapping`, {}, { from: `/migration/${no}/mapping` }));
    await desk.done(admin.post(`/migration/${no}/validate`, {}, { from: `/migration/${no}` }));
    while (state(no).state === 'validating') await sleep(200);
    const checked = Date.now();
    if (state(no).state !== 'validated') throw new Error(`${entity}: ${JSON.stringify(desk.sql('select state, problem, error_count from import_batch where batch_no = ?', [no])[0])} ${JSON.stringify(desk.sql("select r.line_no, r.messages from import_row r join import_batch b on b.id = r.batch_id where b.batch_no = ? and r.state = 'error' limit 1", [no])[0])}`);
    await desk.done(admin.post(`/migration/${no}/import`, {}, { from: `/migration/${no}` }));
    while (state(no).state === 'importing') await sleep(200);
    const s = state(no), took = (Date.now() - at) / 1000, is_migration = entity !== 'meter_reading';
    all_s += took;
    if (is_migration) migration_s += took;
    line(`import: ${entity}`, (rows.length / took).toFixed(0), '/s', is_migration ? '' : '2,000/s, 10,000/s', `${s.state}, ${s.n} rows, ${s.e} errors: checked in ${((checked - at) / 1000).toFixed(1)} s, stored in ${((Date.now() - checked) / 1000).toFixed(1)} s; a row ${((cpu('jobs') - before[0]) / rows.length * 1e6).toFixed(0)} us of the workers, ${((cpu('database') - before[1]) / rows.length * 1e6).toFixed(0)} us of the database`);
  }
  line(`migration of ${n} consumers`, migration_s.toFixed(0), 's', '240 s', `to their opening balances; with readings ${all_s.toFixed(0)} s`);
})().catch((e) => { console.error(e.message); process.exit(1); });
