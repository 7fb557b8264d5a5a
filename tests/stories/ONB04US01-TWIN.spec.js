// The twin run of data migration (ONB04US01): old bills of accounts with several connections, metered and not, are computed
// for all of them, and what differs is sorted by its cause.
const { story } = require('../support/story');
const { migration } = require('../support/migration');

story('ONB04US01', 'ONB-FIX', ({ as, test, expect, sql, one, jobs_run, looks_right, sleep }) => {
  const { admin, csv, bring } = migration({ as, sql, one, jobs_run, sleep });

  const bill_header = ['account_legacy_id', 'bill_no', 'bill_date', 'due_date', 'total', 'consumption', 'period_from', 'period_to'];
  const february = (account, no, minor, use = '') => [`TA-${account}`, no, '2026-02-28', '2026-03-20', (minor / 100).toFixed(2), use, '2026-02-01', '2026-02-28'];
  const twins = () => Object.fromEntries(sql('select bill_no, cause, ours_minor ours, detail, use_micro used from import_twin').map((w) => [w.bill_no, { ...w, ours: Number(w.ours) }]));
  const compare = async (...rows) => {
    const h = await bring('bill', csv(bill_header, rows));
    expect({ state: h.state, imported: h.imported_count }).toEqual({ state: 'completed', imported: String(rows.length) });
    await admin().post('/migration/twin', {}, { from: '/migration/twin' }).is(303);
    await jobs_run();
    return twins();
  };
  const no_of = (legacy) => one('select connection_no from service_connection where legacy_no = ?', [legacy]);

  // Accounts: 1 has two meters and a connection without one, 2 two meters of which one was not read, 3 none, 4 to 6 one
  // meter each with the uses of account 1 and one more, 7 is connected in the middle of the month, 8 has no connection.
  const meters = [[1, 'a', 12], [1, 'b', 5], [2, 'a', 12], [2, 'b', null], [4, 'a', 12], [5, 'a', 5], [6, 'a', 8]];
  test('ONB04US01 an account with several connections comes in with its readings', async () => {
    test.setTimeout(180000);
    const all = [1, 2, 3, 4, 5, 6, 7, 8];
    await bring('consumer', csv(['legacy_id', 'type', 'first_name', 'last_name', 'phone'], all.map((n) => [`TC-${n}`, 'person', `Twin${n}`, `Run${n}`, `+1503556${1000 + n}`])));
    await bring('premise', csv(['legacy_id', 'sub_area_code', 'line1', 'city', 'state', 'postcode', 'type'], all.map((n) => [`TP-${n}`, 'BEA-CEN', `${n} Twin Way`, 'Portland', 'OR', '97205', 'house'])));
    await bring('account', csv(['legacy_id', 'consumer_legacy_id', 'premise_legacy_id', 'category', 'status', 'opened_on'], all.map((n) => [`TA-${n}`, `TC-${n}`, `TP-${n}`, 'RES', 'active', '2025-07-01'])));
    await bring('meter', csv(['serial_no', 'manufacturer', 'model', 'size', 'service', 'digits', 'install_state'], meters.map(([n, k]) => [`TM-${n}${k}`, 'MFR-A', 'WM15', '5/8', 'WA', '6', 'installed'])));
    const header = ['legacy_id', 'account_legacy_id', 'service', 'tariff_plan_code', 'status', 'connected_on', 'meter_serial', 'installed_on', 'initial_reading'];
    const unmetered = (n, on) => [`TS-${n}u`, `TA-${n}`, 'WA', 'RES-FIX', 'active', on, '', '', ''];
    const s = await bring('service_connection', csv(header, [...meters.map(([n, k]) => [`TS-${n}${k}`, `TA-${n}`, 'WA', 'RES-VAR', 'active', '2026-01-01', `TM-${n}${k}`, '2026-01-01', '1250']), unmetered(1, '2026-01-01'), unmetered(3, '2026-01-01'), unmetered(7, '2026-02-15')]));
    expect({ state: s.state, imported: s.imported_count }).toEqual({ state: 'completed', imported: '10' });
    const readings = meters.flatMap(([n, k, use]) => [[`TM-${n}${k}`, '2026-01-31', '1262', 'actual'], ...(use === null ? [] : [[`TM-${n}${k}`, '2026-02-28', String(1262 + use), 'actual']])]);
    const r = await bring('meter_reading', csv(['meter_serial', 'read_at', 'reading', 'type'], readings));
    expect(r.imported_count).toBe(String(readings.length));
    // first readings wait for a validator (MX03US03): passed here as he would
    sql("update meter_reading set status = 'passed' where status = 'pending'");
    sql(`insert into usage_segment (utility_id, service_connection_id, account_id, meter_id, register_id, from_reading_id, to_reading_id, from_at, to_at, from_on, to_on, days, from_value_e3, to_value_e3, multiplier_e6, quantity_e3, unit, billing_quantity_e3, billing_unit, is_estimated)
      select r.utility_id, r.service_connection_id, s.account_id, r.meter_id, r.register_id, p.id, r.id, p.read_at, r.read_at, p.read_on, r.read_on, datediff(r.read_on, p.read_on), p.value_e3, r.value_e3, 1000000, r.value_e3 - p.value_e3, 'CCF', r.value_e3 - p.value_e3, 'CCF', 0
      from meter_reading r join meter_reading p on p.register_id = r.register_id and p.read_on = '2026-01-31' join service_connection s on s.id = r.service_connection_id join meter m on m.id = r.meter_id and m.serial_no like 'TM-%' where r.read_on = '2026-02-28'`);
    expect(one("select group_concat(g.billing_quantity_e3 order by g.id) from usage_segment g join meter m on m.id = g.meter_id where m.serial_no like 'TM-%'")).toBe('12000,5000,12000,12000,5000,8000');
  });

  let ours;
  test('ONB04US01 the twin run computes all connections of an account, metered and not', async () => {
    test.setTimeout(120000);
    const posted = one('select count(*) from ledger_txn');
    const t = await compare(...[1, 3, 4, 5, 6].map((n) => february(n, `TB-${n}`, 100)), february(8, 'TB-8', 100), february(2, 'TB-2', 100), february(7, 'TB-7', 100));
    expect(Object.fromEntries(Object.entries(t).map(([no, w]) => [no, w.cause]))).toEqual({ 'TB-1': 'price', 'TB-2': 'no_use', 'TB-3': 'price', 'TB-4': 'price', 'TB-5': 'price', 'TB-6': 'price', 'TB-7': 'price', 'TB-8': 'no_connection' });
    ours = Object.fromEntries(Object.entries(t).map(([no, w]) => [no.slice(3), w.ours]));
    // both meters and the connection without one: what three accounts with one of them each have together
    expect(Math.abs(ours[1] - ours[4] - ours[5] - ours[3]), JSON.stringify(ours)).toBeLessThanOrEqual(2);
    expect(ours[3]).toBeGreaterThan(3000);
    expect(ours[7]).toBeLessThan(ours[3]);                                           // half of the month
    expect(t['TB-1'].detail).toBe(`${no_of('TS-1a')}: 12 CCF; ${no_of('TS-1b')}: 5 CCF; ${no_of('TS-1u')}: not metered`);
    expect(t['TB-1'].used).toBe('17000000');
    expect(t['TB-4'].detail).toBe(null);
    expect(one('select count(*) from ledger_txn')).toBe(posted);                     // compared, not billed
  });

  test('ONB04US01 the twin run names the connection by which a bill differs', async () => {
    test.setTimeout(120000);
    const t = await compare(
      february(1, 'TD-same', ours[1], '17'), february(1, 'TD-round', ours[1] + 4, '17'),
      february(1, 'TD-use', ours[1] - ours[5] + ours[6], '20'),                     // the second meter was billed with 8
      february(1, 'TD-out', ours[1] - ours[3], '17'),                               // the one without meter was not billed
      february(1, 'TD-one', ours[4] + ours[3], '12'),                               // the second meter was not billed
      february(1, 'TD-price', ours[1] + 777, '17'),
      february(2, 'TD-rest', ours[4] + ours[5], '17'),                              // 12 read, 5 left for the other meter
      february(2, 'TD-none', ours[4] + ours[5]), february(2, 'TD-less', ours[4], '11'),
      february(3, 'TD-flat', ours[3]), february(7, 'TD-half', ours[7]), february(7, 'TD-full', ours[3]));
    const short = Object.fromEntries(Object.entries(t).filter(([no]) => no.startsWith('TD-')).map(([no, w]) => [no.slice(3), w.cause]));
    expect(short).toEqual({ same: 'same', round: 'rounding', use: 'use', out: 'left_out', one: 'left_out', price: 'price', rest: 'same', none: 'no_use', less: 'no_use', flat: 'same', half: 'same', full: 'period' });
    expect(t['TD-use'].detail).toBe(`${no_of('TS-1b')}: read 5, billed 8`);
    expect(t['TD-out'].detail).toBe(`Without ${no_of('TS-1u')}.`);
    expect(t['TD-one'].detail).toBe(`Without ${no_of('TS-1b')}.`);
    expect(t['TD-full'].detail).toBe('Billed as if connected on all of the days.');
    await admin().get('/migration/twin').sees('A connection was not billed', 'Other days were billed', 'Neither readings nor use');
    await admin().get('/migration/twin?cause_state=left_out').sees('TD-out', 'TD-one').and((r) => expect(r.text).not.toContain('TD-use'));
  });

  test('ONB04US01 the page of the twin run looks right', async ({ page }) => {
    await admin().browse(page, '/migration/twin');
    await looks_right(page);
  });
});
