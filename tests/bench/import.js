// How fast data migration is: N consumers with premises, accounts, meters, connections and opening balances on the instance
// that a story test left running (build/tests/i0), by the pages and the job workers as people use them.
//   SMART360_BUILD=build node tests/bench/import.js 50000
const fs = require('fs');
const { Instance, sleep } = require('../support/instance');
const { Person } = require('../support/person');

const n = Number(process.argv[2] || 50000);
const each = (make) => Array.from({ length: n }, (_, i) => make(i).join(','));
const files = [
  ['premise', 'legacy_id,sub_area_code,line1,city,state,postcode,type', each((i) => [`BP${i}`, 'BEA-CEN', `${i} Bench Way`, 'Portland', 'OR', '97205', 'house'])],
  ['consumer', 'legacy_id,type,first_name,last_name,phone,email', each((i) => [`BC${i}`, 'person', `First${i}`, `Last${i}`, `+1971${2000000 + i}`, `b${i}@example.com`])],
  ['account', 'legacy_id,consumer_legacy_id,premise_legacy_id,category,status,opened_on', each((i) => [`BA${i}`, `BC${i}`, `BP${i}`, 'RES', 'active', '2025-07-01'])],
  ['meter', 'serial_no,manufacturer,model,size,service,digits,install_state', each((i) => [`BM${i}`, 'MFR-A', 'WM15', '5/8', 'WA', '6', 'installed'])],
  ['service_connection', 'legacy_id,account_legacy_id,service,tariff_plan_code,status,connected_on,meter_serial,installed_on,initial_reading', each((i) => [`BS${i}`, `BA${i}`, 'WA', 'RES-VAR', 'active', '2026-01-01', `BM${i}`, '2026-01-01', '1250'])],
  ['opening_balance', 'account_legacy_id,as_of,balance,due_date', each((i) => [`BA${i}`, '2026-03-31', `${10 + (i % 90)}.25`, '2026-04-20'])],
];

// Processor seconds of a process and what it has started.
const ticks = (pattern) => fs.readdirSync('/proc').filter((p) => /^\d+$/.test(p)).reduce((sum, p) => {
  try {
    if (!fs.readFileSync(`/proc/${p}/cmdline`, 'utf8').replace(/\0/g, ' ').match(pattern)) return sum;
    const f = fs.readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ');
    return sum + (Number(f[11]) + Number(f[12]) + Number(f[13]) + Number(f[14])) / 100;
  } catch { return sum; }
}, 0);

(async () => {
  const instance = await Instance.of(0);
  const admin = new Person(instance, { email: 'utility_admin@swa.test' });
  const mine = new RegExp(instance.folder.replace(/\W/g, '\\$&'));
  const began = Date.now();
  for (const [entity, header, rows] of files) {
    const at = Date.now(), cpu = ticks(mine);
    const ok = async (answer) => { const a = await answer; if (a.status !== 303) throw new Error(`${a.path}: ${a.status} ${a.text.slice(0, 400)}`); };
    await ok(admin.post('/migration', { entity, encoding: 'auto', mode: 'insert', policy: 'skip_bad_rows' }, { from: '/migration/new', files: { file: { name: `${entity}.csv`, type: 'text/csv', content: Buffer.from([header, ...rows].join('\n')) } } }));
    const no = instance.sql('select batch_no from import_batch order by id desc limit 1')[0].batch_no;
    const state = () => instance.sql('select state, imported_count n, error_count e from import_batch where batch_no = ?', [no])[0];
    await ok(admin.post(`/migration/${no}/mapping`, {}, { from: `/migration/${no}/mapping` }));
    await ok(admin.post(`/migration/${no}/validate`, {}, { from: `/migration/${no}` }));
    while (state().state === 'validating') await sleep(200);
    const checked = Date.now();
    await ok(admin.post(`/migration/${no}/import`, {}, { from: `/migration/${no}` }));
    while (state().state === 'importing') await sleep(200);
    const s = state();
    console.log(`${entity.padEnd(20)} ${s.state} ${s.n} rows, ${s.e} errors: validated in ${((checked - at) / 1000).toFixed(1)} s, imported in ${((Date.now() - checked) / 1000).toFixed(1)} s, ${(1e6 * (ticks(mine) - cpu) / n).toFixed(0)} us of processor a row`);
  }
  console.log(`all: ${((Date.now() - began) / 1000).toFixed(0)} s`);
})();
