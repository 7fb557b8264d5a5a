// Data migration (ONB04US01). Files are made here; what is in them is small where the figures of a scenario do not ask for
// more (50,000 rows are loaded by tests/bench/import).
const { story } = require('../support/story');
const { migration } = require('../support/migration');

story('ONB04US01', 'ONB-FIX', ({ as, test, expect, sql, one, jobs_run, ledger, instance, looks_right, sleep, clock }) => {
  const { admin, csv, last, batch, upload, settle, validate, run, bring, take_back } = migration({ as, sql, one, jobs_run, sleep });

  const consumer_header = ['legacy_id', 'type', 'first_name', 'last_name', 'organization_name', 'phone', 'email'];
  const phone = (i) => `+1503${String(2000000 + i).slice(-7)}`;
  const consumers = (n, from = 0) => Array.from({ length: n }, (_, i) => [`C-${from + i}`, 'person', `First${from + i}`, `Last${from + i}`, '', phone(from + i), '']);
  const premise_header = ['legacy_id', 'sub_area_code', 'line1', 'city', 'state', 'postcode', 'type'];
  const premises = (n, from = 0) => Array.from({ length: n }, (_, i) => [`P-${from + i}`, 'BEA-CEN', `${from + i} Migration Way`, 'Portland', 'OR', '97205', 'house']);
  const account_header = ['legacy_id', 'consumer_legacy_id', 'premise_legacy_id', 'category', 'status', 'opened_on'];
  const accounts = (n, from = 0) => Array.from({ length: n }, (_, i) => [`A-${from + i}`, `C-${from + i}`, `P-${from + i}`, 'RES', 'active', '2025-07-01']);

  // Line 1 is the header, so data row k stands in line k + 1.
  const thousand = () => {
    const rows = consumers(1000);
    rows[12] = ['C-12', 'person', '', '', '', phone(12), ''];           // line 14
    rows[208] = ['C-208', 'person', 'A', 'B', '', '12', ''];            // line 210
    rows[775] = ['C-1', 'person', 'A', 'B', '', phone(775), ''];        // line 777
    return csv(consumer_header, rows);
  };
  let first;
  const first_no = () => one("select batch_no from import_batch where entity = 'consumer' order by id limit 1");

  test('ONB04US01.1 a dry run says what is wrong, by line, and stores nothing', async () => {
    test.setTimeout(180000);
    const before = one('select count(*) from consumer');
    first = await validate('consumer', thousand());
    expect({ state: first.state, total: first.total_count, valid: first.valid_count, errors: first.error_count }).toEqual({ state: 'validated', total: '1000', valid: '997', errors: '3' });
    expect(sql("select line_no, json_value(messages, '$[0].code') code, json_value(messages, '$[0].column') col from import_row where batch_id = ? and state = 'error' order by line_no", [first.id]))
      .toEqual([{ line_no: '14', code: 'E01', col: 'last_name' }, { line_no: '210', code: 'E02', col: 'phone' }, { line_no: '777', code: 'E05', col: 'legacy_id' }]);
    expect(one('select count(*) from consumer')).toBe(before);
    expect(one('select count(*) from import_link')).toBe('0');
    await admin().get(`/migration/${first.batch_no}`).sees('Validated', 'E05', 'Line 3 has this key already.', '997');
    await admin().get(`/migration/${first.batch_no}/rows?state=error`).sees('C-208', 'E02', '12');
  });

  test('ONB04US01.2 the good rows come in, the bad ones come back as a file', async () => {
    test.setTimeout(180000);
    const events = Number(one("select count(*) from message"));
    const b = await run(first.batch_no);
    expect({ state: b.state, imported: b.imported_count, errors: b.error_count }).toEqual({ state: 'completed_with_errors', imported: '997', errors: '3' });
    expect(one("select count(*) from consumer where legacy_no like 'C-%'")).toBe('997');
    expect(one("select count(*) from import_link where entity = 'consumer'")).toBe('997');
    expect(one("select count(*) from contact_point p join consumer c on c.id = p.consumer_id where c.legacy_no like 'C-%'")).toBe('997');
    expect(one("select count(*) from audit_entry e join consumer c on c.id = e.entity_id where e.entity = 'consumer' and e.action = 'create' and c.legacy_no like 'C-%' and e.value_hash is not null")).toBe('997');
    expect(Number(one('select count(*) from message'))).toBe(events);             // nobody was written to
    const answer = await admin().get(`/migration/${b.batch_no}/errors.csv`);
    const lines = answer.body.trim().split('\r\n');
    expect(lines[0].replace('\ufeff', '')).toBe([...consumer_header, 'error_code', 'error_text', 'error_line'].join(','));
    expect(lines.length).toBe(4);
    expect(lines[2]).toMatch(/^C-208,person,A,B,,12,,E02,.*phone.*,210$/);
    expect(one("select count(*) from outbox_event where name = 'import_batch.completed'")).toBe('1');
  });

  test('ONB04US01.3 a killed worker: the import goes on where it stopped', async () => {
    test.setTimeout(420000);
    const n = 3000;
    await bring('premise', csv(premise_header, premises(n)));
    await bring('consumer', csv(consumer_header, consumers(n - 1000, 1000)));
    const rows = accounts(n).filter((r) => !['A-12', 'A-208', 'A-775'].includes(r[0])), count = rows.length;
    const v = await validate('account', csv(account_header, rows));
    expect({ state: v.state, valid: v.valid_count, errors: v.error_count }).toEqual({ state: 'validated', valid: String(count), errors: '0' });
    await admin().post(`/migration/${v.batch_no}/import`, {}, { from: `/migration/${v.batch_no}` }).is(303);
    let cursor = 0, killed = 0;
    for (let i = 0; i < 1200 && !killed; i++) {
      cursor = Number(batch(v.batch_no).cursor_row);
      if (cursor >= 1000) {
        const at = sql("select substring_index(worker, ':', -1) pid from smart360.job where state = 'running' and kind = 'import.run'")[0];
        if (at) { try { process.kill(Number(at.pid), 'SIGKILL'); killed++; } catch { /* gone */ } }
      }
      if (batch(v.batch_no).state !== 'importing') break;
      await sleep(20);
    }
    expect(killed, 'a worker was killed in the middle').toBe(1);
    await sleep(200);
    const stopped = Number(batch(v.batch_no).cursor_row);
    expect(stopped).toBeGreaterThanOrEqual(cursor);
    expect(Number(one("select count(*) from account where legacy_no like 'A-%'"))).toBe(Number(one("select count(*) from import_link where entity = 'account'")));
    sql("update smart360.job set lease_until = utc_timestamp(6) - interval 1 second where state = 'running' and kind = 'import.run'");
    for (let i = 0; i < 300 && batch(v.batch_no).state === 'importing'; i++) {
      await sleep(200);
      sql("update smart360.job set run_at = utc_timestamp(6) - interval 1 year where state = 'ready' and kind = 'import.run'");
    }
    const b = await settle(v.batch_no);
    expect({ state: b.state, imported: b.imported_count }).toEqual({ state: 'completed', imported: String(count) });
    expect(one("select count(*) from account where legacy_no like 'A-%'")).toBe(String(count));
    expect(one('select count(*) from (select legacy_no from account where legacy_no is not null group by legacy_no having count(*) > 1) x')).toBe('0');
  });

  test('ONB04US01.4 all or nothing: one error, nothing at all', async () => {
    const before = one('select count(*) from consumer');
    const rows = consumers(20, 9000);
    rows[7][5] = '12';
    const v = await validate('consumer', csv(consumer_header, rows), { policy: 'all_or_nothing' });
    expect({ state: v.state, errors: v.error_count }).toEqual({ state: 'validation_failed', errors: '1' });
    await admin().post(`/migration/${v.batch_no}/import`).refuses(409, null, 'The file has errors, and it is all or nothing: mend them, or bring it in as good rows only.');
    expect(one('select count(*) from consumer')).toBe(before);
    rows[7][5] = phone(9007);
    const good = await bring('consumer', csv(consumer_header, rows), { policy: 'all_or_nothing' });
    expect({ state: good.state, imported: good.imported_count }).toEqual({ state: 'completed', imported: '20' });
  });

  test('ONB04US01.5 opening balances: the old total, the ledger and no difference', async () => {
    test.setTimeout(180000);
    const known = sql("select legacy_no from account where legacy_no like 'A-%' order by id").map((r) => r.legacy_no);
    // the cents of 4,182,334.57 dealt out, credits among them
    const total = 418233457n, each = known.map((no, i) => [no, BigInt(1000 + (i * 7919) % 250000) * (i % 10 === 3 ? -1n : 1n)]);
    each[0][1] += total - each.reduce((s, [, v]) => s + v, 0n);
    const money = (v) => `${v < 0n ? '-' : ''}${(v < 0n ? -v : v) / 100n}.${String((v < 0n ? -v : v) % 100n).padStart(2, '0')}`;
    const b = await bring('opening_balance', csv(['account_legacy_id', 'as_of', 'balance', 'due_date'], each.map(([no, v]) => [no, '2026-03-31', money(v), '2026-04-20'])));
    expect({ state: b.state, imported: b.imported_count }).toEqual({ state: 'completed', imported: String(known.length) });
    await admin().get('/migration/reconcile').sees('4,182,334.57');
    const page = (await admin().get('/migration/reconcile')).text;
    expect(page.match(/4,182,334\.57/g).length).toBeGreaterThanOrEqual(4);       // old and here, by batch and by category
    expect(one("select sum(e.debit_minor) - sum(e.credit_minor) from ledger_entry e join ledger_txn t on t.id = e.txn_id where t.txn_type = 'opening' and e.account_id is not null")).toBe('418233457');
    expect(one("select sum(balance_minor) from account where legacy_no like 'A-%'")).toBe('418233457');
    const [no] = [sql("select account_no from account where legacy_no = ?", [known[3]])[0].account_no];
    expect(ledger(no).map((l) => [l.code, l.debit, l.credit, l.date])).toEqual([['1200', '0.00', money(-each[3][1]), '2026-03-31']]);
    // what the old system reports is typed in, and a difference is seen
    await admin().post(`/migration/${b.batch_no}/totals`, { count: String(known.length), sum: '4182334.56', use: '' }, { from: `/migration/${b.batch_no}/totals` }).is(303);
    await admin().get('/migration/reconcile').sees('As the old system reports', '4,182,334.56', '0.01');
  });

  test('ONB04US01.6 taking back: what others refer to stays and is named', async () => {
    test.setTimeout(180000);
    const c = await bring('consumer', csv(consumer_header, consumers(40, 20000)));
    await bring('premise', csv(premise_header, premises(5, 20000)));
    await bring('account', csv(account_header, accounts(5, 20000)));
    const numbers = sql("select account_no from account where legacy_no like 'A-2000_' order by id").map((r) => r.account_no);
    const late = as.anew('utility_admin'), way = `/migration/${c.batch_no}/rollback`;
    await late.get(way).lacks('your password is wanted again');
    clock.forward({ minutes: 11 });
    await late.get(way).sees('To save changes here, your password is wanted again.');
    await late.post(way, { batch: c.batch_no }, { from: way }).refuses(422, null, 'Confirm that it is you first').and((r) => expect(r.body).toContain(`value="${c.batch_no}"`));
    await as.anew('utility_admin').post(way, { batch: 'x' }, { from: way }).refuses(422, 'batch', `Type ${c.batch_no} to confirm.`);
    for (const who of ['cso1', 'cashier1', 'reading_validator1']) await as(who).get(way).is(403);
    for (const who of ['billing_manager', 'dispatcher1']) await as(who).get(way).is(404);      // their departments' records only
    expect(one('select state from import_batch where batch_no = ?', [c.batch_no])).toBe('completed');
    expect(one("select count(*) from consumer where legacy_no like 'C-200__'")).toBe('40');
    const b = await take_back(c.batch_no);
    expect(b.state).toBe('partly_rolled_back');
    expect(one("select count(*) from consumer where legacy_no like 'C-200__'")).toBe('5');
    expect(sql("select json_value(messages, '$[0].text') said from import_row where batch_id = ? and state = 'blocked' order by line_no", [b.id]).map((r) => r.said)).toEqual(numbers.map((no) => `Has account ${no}.`));
    expect(one("select count(*) from import_row where batch_id = ? and state = 'rolled_back'", [b.id])).toBe('35');
    expect(one("select count(*) from import_link where entity = 'consumer' and legacy_id like 'C-200__'")).toBe('5');
    expect(one("select count(*) from consumer_search s left join consumer c on c.id = s.consumer_id where c.id is null")).toBe('0');
    await admin().get(`/migration/${b.batch_no}`).sees('Partly taken back', `Has account ${numbers[0]}.`);
  });

  test('ONB04US01.7 the same file again is recognized, and changes nothing', async () => {
    await upload('consumer', thousand()).refuses(409, 'again', `This file was imported on 04/15/2026 (batch ${first.batch_no}).`);
    const before = sql('select count(*) n, max(id) last, sum(row_version) versions from consumer')[0];
    const v = await validate('consumer', thousand(), { again: '1' });
    expect({ state: v.state, errors: v.error_count }).toEqual({ state: 'validation_failed', errors: '1000' });
    expect(one("select count(*) from import_row where batch_id = ? and json_value(messages, '$[0].code') = 'E06'", [v.id])).toBe('997');
    const u = await bring('consumer', thousand(), { again: '1', mode: 'upsert' });
    expect({ state: u.state, imported: u.imported_count, skipped: u.skipped_count }).toEqual({ state: 'completed_with_errors', imported: '0', skipped: '997' });
    expect(sql('select count(*) n, max(id) last, sum(row_version) versions from consumer')[0]).toEqual(before);
  });

  test('ONB04US01 changed rows are stored, and taken back to what they were', async () => {
    const c = await bring('consumer', csv(consumer_header, consumers(3, 30000)));
    expect(c.imported_count).toBe('3');
    const rows = consumers(3, 30000);
    rows[1][3] = 'Renamed';
    const b = await bring('consumer', csv(consumer_header, rows), { mode: 'upsert' });
    expect({ imported: b.imported_count, skipped: b.skipped_count }).toEqual({ imported: '1', skipped: '2' });
    expect(one("select last_name from consumer where legacy_no = 'C-30001'")).toBe('Renamed');
    expect((await take_back(b.batch_no)).state).toBe('rolled_back');
    expect(one("select last_name from consumer where legacy_no = 'C-30001'")).toBe('Last30001');
    expect(one("select count(*) from consumer where legacy_no like 'C-3000%'")).toBe('3');
  });

  test('ONB04US01 meters, connections and readings come in beside accounts, bills are computed again', async () => {
    test.setTimeout(240000);
    const m = await bring('meter', csv(['serial_no', 'manufacturer', 'model', 'size', 'service', 'digits', 'install_state'], [0, 1, 2, 3].map((i) => [`MIG${i}`, 'mfr-a', 'wm15', '5/8', 'WA', '6', 'installed'])));
    expect({ state: m.state, imported: m.imported_count }).toEqual({ state: 'completed', imported: '4' });
    const wrong = await validate('meter', csv(['serial_no', 'manufacturer', 'model', 'size', 'service', 'digits', 'install_state'], [['MIGX', 'MFR-A', 'WM15', '2', 'WA', '6', 'installed'], ['MIGY', 'MFR-A', 'NONE', '2', 'WA', '6', 'installed']]));
    expect(sql("select json_value(messages, '$[0].code') code from import_row where batch_id = ? order by line_no", [wrong.id]).map((r) => r.code)).toEqual(['E08', 'E07']);
    const header = ['legacy_id', 'account_legacy_id', 'service', 'tariff_plan_code', 'status', 'connected_on', 'meter_serial', 'installed_on', 'initial_reading'];
    const s = await bring('service_connection', csv(header, [0, 1, 2, 3].map((i) => [`S-${i}`, `A-${i}`, 'WA', 'RES-VAR', 'active', '2026-01-01', `MIG${i}`, '2026-01-01', '1250'])));
    expect({ state: s.state, imported: s.imported_count }).toEqual({ state: 'completed', imported: '4' });
    expect(one("select count(*) from meter_installation i join meter m on m.id = i.meter_id where m.serial_no like 'MIG%' and i.open_flag = 1 and i.initial_reading_id is not null")).toBe('4');
    const r = await bring('meter_reading', csv(['meter_serial', 'read_at', 'reading', 'type'], [['MIG0', '2026-01-31', '1262', 'actual'], ['MIG0', '2026-02-28', '1274', 'actual'], ['MIG1', '2026-01-31', '1262', 'actual'], ['MIG9', '2026-01-31', '1', 'actual']]));
    expect({ imported: r.imported_count, errors: r.error_count }).toEqual({ imported: '3', errors: '1' });
    sql("update meter_reading set status = 'passed' where status = 'pending'");     // first readings wait for a validator (MX03US03)
    expect((await validate('meter_reading', csv(['meter_serial', 'read_at', 'reading', 'type'], [['MIG0', '2026-01-31', '1262', 'actual']]), { again: '1' })).state).toBe('validation_failed');

    // twelve CCF in February, billed by the old system at three totals; what our engine makes of them names the first
    const bill_header = ['account_legacy_id', 'bill_no', 'bill_date', 'due_date', 'total', 'consumption', 'period_from', 'period_to'];
    const february = (account, no, total) => [account, no, '2026-02-28', '2026-03-20', total, '12', '2026-02-01', '2026-02-28'];
    const posted = one('select count(*) from ledger_txn');
    const compare = async (...rows) => {
      const h = await bring('bill', csv(bill_header, rows));
      expect({ state: h.state, imported: h.imported_count }).toEqual({ state: 'completed', imported: String(rows.length) });
      await admin().post('/migration/twin', {}, { from: '/migration/twin' }).is(303);
      await jobs_run();
      return Object.fromEntries(sql('select h.bill_no, w.cause, w.ours_minor from import_twin w join import_bill h on h.id = w.import_bill_id').map((w) => [w.bill_no, w]));
    };
    let twin = await compare(february('A-1', 'OLD-2', '50.00'), february('A-9', 'OLD-3', '50.00'));
    expect(twin['OLD-2'].cause).toBe('price');
    expect(twin['OLD-3'].cause).toBe('no_connection');
    const ours = Number(twin['OLD-2'].ours_minor);
    expect(ours).toBeGreaterThan(9000);
    twin = await compare(february('A-0', 'OLD-1', (ours / 100).toFixed(2)), february('A-0', 'OLD-4', ((ours + 3) / 100).toFixed(2)));
    expect([twin['OLD-1'].cause, twin['OLD-4'].cause]).toEqual(['same', 'rounding']);
    expect(one('select count(*) from ledger_txn')).toBe(posted);                     // compared, not billed
    await admin().get('/migration/twin').sees('OLD-2', 'Other prices', 'No connection in those days');
    await admin().get('/migration/twin?cause_state=price').sees('OLD-2');
    // old and here by category, too: twelve CCF of each of the four bills
    await admin().get('/migration/reconcile').sees('Accounts by category', /Bills by category.*RES 4 4 0 .* 48 48 0/);
    // payments of the old system post nothing either
    const p = await bring('payment', csv(['account_legacy_id', 'payment_no', 'paid_at', 'amount', 'mode'], [['A-0', 'PY-1', '04/02/2026 10:15', '97.28', 'cheque']]));
    expect(p.state).toBe('completed');
    expect(one("select paid_at from import_payment where payment_no = 'PY-1'")).toMatch(/^2026-04-02 17:15/);
    expect(one('select count(*) from ledger_txn')).toBe(posted);
    // taken back in the opposite order
    expect((await take_back(s.batch_no)).state).toBe('partly_rolled_back');          // those with readings stay
    expect(one("select count(*) from service_connection where legacy_no like 'S-%'")).toBe('2');
    expect((await take_back(r.batch_no)).state).toBe('rolled_back');
    expect((await take_back(s.batch_no)).state).toBe('rolled_back');
    expect((await take_back(m.batch_no)).state).toBe('rolled_back');
    expect(one("select count(*) from meter where serial_no like 'MIG%'")).toBe('0');
  });

  test('ONB04US01 service areas come in as a tree', async () => {
    const parent = one("select code from service_area where level = 'area' order by id limit 1");
    const b = await bring('service_area', csv(['code', 'name', 'level', 'parent_code'], [['MIG-A', 'Migrated', 'sub_area', parent], ['MIG-B', 'Lost', 'sub_area', 'NOWHERE'], ['mig-c', 'Other', 'area', 'MIG-A']]));
    expect({ state: b.state, imported: b.imported_count, errors: b.error_count }).toEqual({ state: 'completed_with_errors', imported: '1', errors: '2' });
    expect(one("select count(*) from service_area a join service_area p on p.id = a.parent_id and a.path = concat(p.path, '/MIG-A') where a.code = 'MIG-A'")).toBe('1');
    expect((await take_back(b.batch_no)).state).toBe('rolled_back');
    expect(one("select count(*) from service_area where code = 'MIG-A'")).toBe('0');
  });

  test('ONB04US01 complaints and requests of the old system stand here as they stood there; nobody is told', async () => {
    test.setTimeout(120000);
    const messages = one('select count(*) from message'), [account, other] = sql("select legacy_no from account where legacy_no like 'A-%' order by id limit 2").map((r) => r.legacy_no);
    const header = ['legacy_id', 'account_legacy_id', 'contact_phone', 'complaint_type', 'status', 'priority', 'subject', 'description', 'opened_at', 'resolved_at', 'resolution'];
    const row = (no, more) => { const v = { legacy_id: no, account_legacy_id: account, complaint_type: 'LEAK', status: 'pending', subject: 'Water at the meter', description: 'Water comes out beside the box.', opened_at: '2026-03-28 09:15', ...more }; return header.map((h) => v[h] ?? ''); };
    const b = await bring('complaint', csv(header, [row('CP-1'), row('CP-2', { account_legacy_id: '', contact_phone: '+15035550191', status: 'closed', priority: 'critical', resolved_at: '2026-03-30 10:00', resolution: 'Valve replaced' }),
      row('CP-3', { complaint_type: 'NOTHING' }), row('CP-4', { status: 'resolved' }), row('CP-5', { opened_at: '2030-01-01 10:00' }), row('CP-6', { account_legacy_id: '' }),
      row('CP-7', { description: 'Card 4242 4242 4242 4242 was charged twice' }), row('CP-8', { account_legacy_id: 'A-NONE' }), row('CP-9', { status: 'closed', resolved_at: '2026-03-27 10:00' }), row('CP-10', { description: 'short' })]));
    expect({ state: b.state, imported: b.imported_count, errors: b.error_count }).toEqual({ state: 'completed_with_errors', imported: '2', errors: '8' });
    expect(sql("select key_value k, json_value(messages, '$[0].code') code, json_value(messages, '$[0].column') col from import_row where batch_id = ? and state = 'error' order by line_no", [b.id]).map((r) => `${r.k} ${r.code} ${r.col}`))
      .toEqual(['CP-3 E07 complaint_type', 'CP-4 E01 resolved_at', 'CP-5 E08 opened_at', 'CP-6 E01 account_legacy_id', 'CP-7 E08 description', 'CP-8 E07 account_legacy_id', 'CP-9 E08 resolved_at', 'CP-10 E08 description']);
    const stored = sql('select p.complaint_no no, p.legacy_no old, p.status, p.priority, p.created_at at, p.resolution_text said, p.closed_at is not null closed, a.legacy_no account, p.premise_id is not null placed from complaint p left join account a on a.id = p.account_id where p.import_batch_id = ? order by p.id', [b.id]);
    expect(stored).toMatchObject([{ old: 'CP-1', status: 'pending', priority: 'high', account, placed: '1', closed: '0' }, { old: 'CP-2', status: 'closed', priority: 'critical', said: 'Valve replaced', account: null, closed: '1' }]);
    expect(stored[0].at).toMatch(/^2026-03-28 16:15/);
    await as('cso_supervisor').get(`/cis/complaints/${stored[0].no}`).sees('Water at the meter', 'CP-1');

    const r = await bring('service_request', csv(['legacy_id', 'account_legacy_id', 'service_type', 'status', 'opened_at', 'completed_at', 'instructions'],
      [['SR-1', account, 'BL-DUPL-001', 'in_progress', '2026-03-28 09:15', '', 'April please'], ['SR-2', other, 'BL-DUPL-001', 'completed', '2026-03-01 09:15', '2026-03-02 08:00', ''], ['SR-3', other, 'BL-DUPL-001', 'completed', '2026-03-01 09:15', '', '']]));
    expect({ imported: r.imported_count, errors: r.error_count }).toEqual({ imported: '2', errors: '1' });
    expect(sql('select q.legacy_no, q.status, q.completed_at is not null ended from service_request q where q.import_batch_id = ? order by q.id', [r.id])).toEqual([{ legacy_no: 'SR-1', status: 'in_progress', ended: '0' }, { legacy_no: 'SR-2', status: 'completed', ended: '1' }]);
    await as('cso_supervisor').get(`/cis/service-requests/${one("select request_no from service_request where legacy_no = 'SR-1'")}`).sees('April please', 'SR-1');
    expect(one('select count(*) from message')).toBe(messages);
    expect(one("select count(*) from outbox_event where name in ('complaint.created', 'service_request.created')")).toBe('0');
    expect(one("select count(*) from audit_entry where action = 'create' and entity in ('complaint', 'service_request') and value_hash is not null")).toBe('4');
    // each department its own; what was worked on stays
    await as('meter_manager').get(`/migration/${b.batch_no}`).is(404);
    await as('cso_supervisor').get(`/migration/${b.batch_no}`).is(200);
    sql("insert into case_message (utility_id, entity, entity_id, author_kind, body) select utility_id, 'complaint', id, 'staff', 'We look at it' from complaint where legacy_no = 'CP-1'");
    expect((await take_back(b.batch_no)).state).toBe('partly_rolled_back');
    expect(sql('select legacy_no from complaint where import_batch_id = ?', [b.id])).toEqual([{ legacy_no: 'CP-1' }]);
    expect(one("select json_value(messages, '$[0].text') from import_row where batch_id = ? and state = 'blocked'", [b.id])).toBe('Was worked on since.');
    expect((await take_back(r.batch_no)).state).toBe('rolled_back');
    expect(one('select count(*) from service_request')).toBe('0');
  });

  test('ONB04US01 service orders and reading routes come in with their meters', async () => {
    test.setTimeout(120000);
    const [premise, elsewhere] = sql("select legacy_no from premise where legacy_no like 'P-%' order by id limit 2").map((p) => p.legacy_no), serials = ['RTE0', 'RTE1', 'RTE2'];
    const m = await bring('meter', csv(['serial_no', 'manufacturer', 'model', 'size', 'service', 'digits', 'install_state'], serials.map((no) => [no, 'MFR-A', 'WM15', '5/8', 'WA', '6', 'in_stock'])));
    const header = ['legacy_id', 'order_type', 'premise_legacy_id', 'title', 'status', 'opened_at', 'due_at', 'done_at'];
    const order_ = (no, place, status, done = '', type = 'LEAK_REPAIR') => [no, type, place, 'Leak at the meter', status, '2026-03-28 09:15', '2026-04-20', done];
    const o = await bring('service_order', csv(header, [order_('WO-1', premise, 'created'), order_('WO-2', premise, 'created'), order_('WO-3', premise, 'approved', '2026-03-29'), order_('WO-4', elsewhere, 'approved'), order_('WO-5', 'P-NONE', 'created'), order_('WO-6', elsewhere, 'created')]));
    expect({ state: o.state, imported: o.imported_count }).toEqual({ state: 'completed_with_errors', imported: '3' });
    expect(sql("select key_value k, json_value(messages, '$[0].code') code, json_value(messages, '$[0].column') col from import_row where batch_id = ? and state = 'error' order by line_no", [o.id]).map((r) => `${r.k} ${r.code} ${r.col}`)).toEqual(['WO-2 E08 order_type', 'WO-4 E01 done_at', 'WO-5 E07 premise_legacy_id']);
    expect(sql('select legacy_no no, status, open_flag from service_order where import_batch_id = ? order by id', [o.id])).toEqual([{ no: 'WO-1', status: 'created', open_flag: '1' }, { no: 'WO-3', status: 'approved', open_flag: null }, { no: 'WO-6', status: 'created', open_flag: '1' }]);
    await as('dispatcher').get('/wx/orders').sees('Leak at the meter');
    const again = await validate('service_order', csv(header, [order_('WO-9', premise, 'created')]));
    expect({ state: again.state, errors: again.error_count }).toEqual({ state: 'validation_failed', errors: '1' });

    const routes = ['code', 'name', 'service', 'sub_area_codes', 'meter_serials', 'travel_mode'];
    const t = await bring('route', csv(routes, [['rt-old-1', 'Old route 1', 'WA', 'DTN-PRL DTN-OLD', `${serials[1]} ${serials[0]}`, 'drive'], ['RT-OLD-2', 'Old route 2', 'WA', 'DTN-PRL', serials[1], ''], ['RT-OLD-3', 'Old route 3', 'WA', 'NOWHERE', '', ''], ['RT-OLD-4', 'Old route 4', 'WA', 'DTN-PRL', 'NO-METER', ''], ['RT-OLD-5', 'Old route 5', 'XX', 'DTN-PRL', serials[2], '']]));
    expect({ imported: t.imported_count, errors: t.error_count }).toEqual({ imported: '1', errors: '4' });
    expect(sql("select key_value k, json_value(messages, '$[0].code') code, json_value(messages, '$[0].column') col from import_row where batch_id = ? and state = 'error' order by line_no", [t.id]).map((r) => `${r.k} ${r.code} ${r.col}`)).toEqual(['RT-OLD-2 E08 meter_serials', 'RT-OLD-3 E07 sub_area_codes', 'RT-OLD-4 E07 meter_serials', 'RT-OLD-5 E07 service']);
    expect(sql("select m.serial_no, x.sequence, r.travel_mode from route_stop x join route r on r.id = x.route_id and r.code = 'RT-OLD-1' join meter m on m.id = x.meter_id order by x.sequence")).toEqual([{ serial_no: serials[1], sequence: '1', travel_mode: 'drive' }, { serial_no: serials[0], sequence: '2', travel_mode: 'drive' }]);
    await as('meter_manager').get('/mx/settings/routes').sees('RT-OLD-1');
    expect((await validate('route', csv(routes, [['RT-OLD-9', 'Old route 9', 'WA', 'DTN-PRL', serials[0], '']]))).state).toBe('validation_failed');
    // meters that a route has stay, and so do premises with an order and accounts with a complaint
    expect((await take_back(m.batch_no)).state).toBe('partly_rolled_back');
    expect(sql("select json_value(messages, '$[0].text') said from import_row where batch_id = ? and state = 'blocked' order by line_no", [m.id]).map((r) => r.said)).toEqual(['Is on route RT-OLD-1.', 'Is on route RT-OLD-1.']);
    const p = await bring('premise', csv(premise_header, premises(2, 60000)));
    await bring('consumer', csv(consumer_header, consumers(1, 60000)));
    const a = await bring('account', csv(account_header, accounts(1, 60000)));
    await bring('service_order', csv(header, [order_('WO-20', 'P-60001', 'created')]));
    await bring('complaint', csv(['legacy_id', 'account_legacy_id', 'complaint_type', 'status', 'subject', 'description', 'opened_at'], [['CP-20', 'A-60000', 'LEAK', 'pending', 'Leak', 'Water comes out.', '2026-03-28 09:15']]));
    const why = (b) => sql("select json_value(messages, '$[0].text') said from import_row where batch_id = ? and state = 'blocked' order by line_no", [b.id]).map((r) => r.said);
    expect((await take_back(a.batch_no)).state).toBe('partly_rolled_back');
    expect(why(a)).toEqual([`Has ${one("select complaint_no from complaint where legacy_no = 'CP-20'")}.`]);
    expect((await take_back(p.batch_no)).state).toBe('partly_rolled_back');
    expect(why(p)[1]).toBe(`Has order ${one("select order_no from service_order where legacy_no = 'WO-20'")}.`);
    expect((await take_back(t.batch_no)).state).toBe('rolled_back');
    expect(one("select count(*) from route_stop x join route r on r.id = x.route_id where r.code like 'RT-OLD-%'")).toBe('0');
    // an order that was called off since stays
    const open = one("select order_no from service_order where legacy_no = 'WO-1'");
    await as('dispatcher').post(`/wx/orders/${open}/cancellation`, { reason: 'done by the old crew' }, { from: `/wx/orders/${open}` }).is(303);
    expect((await take_back(o.batch_no)).state).toBe('partly_rolled_back');
    expect(sql('select legacy_no from service_order where import_batch_id = ?', [o.id])).toEqual([{ legacy_no: 'WO-1' }]);
  });

  test('ONB04US01 columns are mapped, and the mapping is remembered', async () => {
    const header = ['Kundennummer', 'Art', 'Name', 'Telefon', 'Geburtstag'];
    const rows = [['K-1', 'P', 'Anna Berg', '(503) 555-0177', '17.05.1980'], ['K-2', 'F', 'Berg GmbH', '503 555 0178', '']];
    await upload('consumer', Buffer.from([header, ...rows].map((r) => r.join(';')).join('\n'))).is(303);
    const no = last();
    expect(batch(no).delimiter_char).toBe(';');
    const form = await admin().form_fields(`/u/swa-w/migration/${no}/mapping`, { from: `/migration/${no}/mapping` });
    const width = form.filter(([k]) => k === 'from').length, names = ['legacy_id', 'type', 'first_name', 'last_name', 'organization_name', 'email', 'phone'];
    const col = (name, v) => { const a = Array(width).fill(''); Object.entries(v).forEach(([k, x]) => { a[k === 'date_of_birth' ? width - 1 : names.indexOf(k)] = x; }); return a; };
    await admin().post(`/migration/${no}/mapping`, { name: 'Old CRM', from: col('from', { type: 'Art' }), constant: col('c', {}), change: col('ch', {}), values: col('v', {}) }, { from: `/migration/${no}/mapping` })
      .refuses(422, 'map', 'legacy_id is required: choose its column or a constant.');
    const map = { name: 'Old CRM', from: col('from', { legacy_id: 'Kundennummer', type: 'Art', first_name: 'Name', last_name: 'Name', organization_name: 'Name', phone: 'Telefon' }), constant: col('c', {}),
      change: col('ch', { first_name: 'first_word', last_name: 'other_words' }), values: col('v', { type: 'P=person; F=organization' }) };
    await admin().post(`/migration/${no}/mapping`, map, { from: `/migration/${no}/mapping` }).is(303);
    await admin().post(`/migration/${no}/validate`, {}, { from: `/migration/${no}` }).is(303);
    expect((await settle(no)).valid_count).toBe('2');
    await run(no);
    expect(sql("select display_name, primary_phone from consumer where legacy_no like 'K-%' order by legacy_no")).toEqual([{ display_name: 'Anna Berg', primary_phone: '+15035550177' }, { display_name: 'Berg GmbH', primary_phone: '+15035550178' }]);
    // a second file of the same system is mapped already
    await upload('consumer', Buffer.from([header, ['K-3', 'P', 'Carl Dorn', '5035550179', '']].map((r) => r.join(';')).join('\n'))).is(303);
    expect(JSON.parse(batch(last()).mapping).type).toEqual({ from: 'Art', values: 'P=person; F=organization' });
  });

  test('ONB04US01 refuses what is no CSV, in words that help', async () => {
    const zip = Buffer.from('504b0304', 'hex');
    await upload('consumer', Buffer.concat([zip, Buffer.alloc(60)]), { name: 'book.xlsx' }).refuses(422, 'file', 'Only CSV files are accepted. Save the sheet as CSV UTF-8.');
    await upload('consumer', Buffer.alloc(0)).refuses(422, 'file', 'The file is empty.');
    await upload('consumer', Buffer.from('legacy_id,,phone\r\nC,1,2\r\n')).refuses(422, 'file', 'The first line must name the columns.');
    await upload('consumer', csv(consumer_header, [])).refuses(422, 'file', 'The file is empty.');
    await upload('consumer', Buffer.concat([zip, Buffer.alloc(60)]), { name: 'broken.zip' }).refuses(422, 'file', 'The ZIP file is damaged.');
    await upload('consumer', Buffer.from('legacy_id,type,last_name,phone\r\nC,person,M\xfcller,1\r\n', 'latin1')).refuses(422, 'encoding', 'This file is not UTF-8. Choose its encoding and it is converted.');
    await upload('consumer', Buffer.from('legacy_id,type,last_name,phone\r\nC-LATIN,person,M\xfcller,+15035550190\r\n', 'latin1'), { encoding: 'ISO-8859-1' }).is(303);
    const b = await (async () => { const no = last(); await admin().post(`/migration/${no}/mapping`, {}, { from: `/migration/${no}/mapping` }).is(303); await admin().post(`/migration/${no}/validate`, {}, { from: `/migration/${no}` }).is(303); await settle(no); return run(no); })();
    expect(b.encoding).toBe('ISO-8859-1');
    expect(one("select last_name from consumer where legacy_no = 'C-LATIN'")).toBe('M\u00fcller');
    await upload('opening_balance', csv(['account_legacy_id', 'as_of', 'balance'], [['A-1', '2026-03-31', '1.00']]), { mode: 'upsert' }).refuses(422, 'mode', /^Balances that were posted are never changed by a file\./);
    await admin().get('/migration/999').is(404);
    await admin().post(`/migration/${last()}/import`).is(409);
  });

  test('ONB04US01 a file name of any length and with signs is kept as far as it is a name', async () => {
    const name = `${'\u00e9'.repeat(110)} ../<b>.csv`;
    await admin().post('/migration', { entity: 'service_area' }, { from: '/migration/new', files: { file: { name, type: 'text/csv', content: 'code,name,level,parent_code\r\nLNG,Long name,region,\r\n' } } }).is(303);
    const kept = one('select file_name from import_batch order by id desc limit 1');
    expect(kept.length).toBeLessThanOrEqual(200);
    expect(kept).not.toContain('/');
  });

  test('ONB04US01 a ZIP of one CSV is taken', async () => {
    const { deflateRawSync, crc32 } = require('zlib');
    const body = csv(consumer_header, consumers(2, 40000)), packed = deflateRawSync(body), name = Buffer.from('people.csv');
    const head = (sig, central) => { const b = Buffer.alloc(central ? 46 : 30); b.write(sig, 0, 'hex'); const o = central ? 2 : 0; b.writeUInt16LE(20, 4 + o); b.writeUInt16LE(8, 8 + o); b.writeUInt32LE(crc32 ? crc32(body) : 0, 14 + o); b.writeUInt32LE(packed.length, 18 + o); b.writeUInt32LE(body.length, 22 + o); b.writeUInt16LE(name.length, 26 + o); return b; };
    const local = Buffer.concat([head('504b0304'), name, packed]), central = Buffer.concat([head('504b0102', true), name]), end = Buffer.alloc(22);
    end.write('504b0506', 0, 'hex'); end.writeUInt16LE(1, 8); end.writeUInt16LE(1, 10); end.writeUInt32LE(central.length, 12); end.writeUInt32LE(local.length, 16);
    const v = await validate('consumer', Buffer.concat([local, central, end]), { name: 'people.zip' });
    expect({ state: v.state, valid: v.valid_count }).toEqual({ state: 'validated', valid: '2' });
  });

  test('ONB04US01 what refers to another file waits for it', async () => {
    const links = sql("select utility_id, entity_id, legacy_id, batch_id from import_link where entity = 'premise'");
    sql("update import_link set entity = 'premise_away' where entity = 'premise'");
    const v = await validate('account', csv(account_header, accounts(4, 20000)));
    expect({ state: v.state, errors: v.error_count }).toEqual({ state: 'validation_failed', errors: '4' });
    const said = 'Import premise before account (4 rows refer to unknown premises).';
    await admin().get(`/migration/${v.batch_no}`).sees(said);
    await admin().post(`/migration/${v.batch_no}/import`).refuses(409, null, said);
    sql("update import_link set entity = 'premise' where entity = 'premise_away'");
    expect(one("select count(*) from import_link where entity = 'premise'")).toBe(String(links.length));
  });

  test('ONB04US01 formula-looking cells are text, and disarmed in files', async () => {
    const rows = [['F-1', 'person', '=1+1', '@SUM(1)', '', '12', ''], ['F-2', 'person', '=2+2', 'Good', '', phone(60000), '']];
    const b = await bring('consumer', csv(consumer_header, rows));
    expect(one("select first_name from consumer where legacy_no = 'F-2'")).toBe('=2+2');
    const file_ = (await admin().get(`/migration/${b.batch_no}/errors.csv`)).body;
    expect(file_).toContain("F-1,person,'=1+1,'@SUM(1),,12,");
  });

  test('ONB04US01 a file with one row in ten bad loses none of the good ones', async () => {
    test.setTimeout(120000);
    const rows = consumers(600, 80000);
    for (let i = 3; i < 600; i += 10) rows[i][5] = 'no number';
    const b = await bring('consumer', csv(consumer_header, rows));
    expect({ state: b.state, imported: b.imported_count, errors: b.error_count }).toEqual({ state: 'completed_with_errors', imported: '540', errors: '60' });
    expect(one("select count(*) from consumer where legacy_no like 'C-80%' and cast(substr(legacy_no, 3) as int) between 80000 and 80599")).toBe('540');
  });

  test('ONB04US01 pause and resume; a second batch of the same records waits', async () => {
    test.setTimeout(120000);
    const v = await validate('consumer', csv(consumer_header, consumers(50, 90000)));
    sql("update import_batch set state = 'importing', job_id = null, started_at = utc_timestamp(6) where batch_no = ?", [v.batch_no]);
    await admin().get(`/migration/${v.batch_no}`).sees('Importing', 'Waits for another batch of the same records.');
    await admin().post(`/migration/${v.batch_no}/pause`, {}, { from: `/migration/${v.batch_no}` }).is(303);
    await jobs_run();
    expect({ state: batch(v.batch_no).state, n: one("select count(*) from consumer where legacy_no like 'C-900__'") }).toEqual({ state: 'paused', n: '0' });
    await admin().post(`/migration/${v.batch_no}/resume`, {}, { from: `/migration/${v.batch_no}` }).is(303);
    const b = await settle(v.batch_no);
    expect({ state: b.state, imported: b.imported_count }).toEqual({ state: 'completed', imported: '50' });
  });

  test('ONB04US01 each department has its own records', async () => {
    await as('cso_supervisor').get('/migration').sees('Consumers').and((r) => expect(r.text).not.toContain('Meter readings'));
    await as('meter_manager').get('/migration').sees('Meter readings').and((r) => expect(r.text).not.toContain('Opening balances'));
    await as('billing_manager').get('/migration').sees('Opening balances').and((r) => expect(r.text).not.toContain('Service areas'));
    await as('meter_manager').get(`/migration/${first_no()}`).is(404);
    await as('cso1').get('/migration').is(403);
    await as('meter_manager').get('/migration/templates/consumer').is(404);
    const t = await admin().get('/migration/templates/consumer');
    expect(t.headers['content-disposition']).toContain('consumer-template.csv');
    expect(t.body).toContain('legacy_id,type,first_name');
    await admin().get('/migration/templates/consumer/guide').sees('legacy_id', 'One of: person organization');
  });

  test('ONB04US01 pages look right', async ({ page }) => {
    test.setTimeout(180000);
    await upload('consumer', csv(consumer_header, consumers(3, 99000))).is(303);
    for (const path of ['/migration', '/migration/new', `/migration/${last()}/mapping`, `/migration/${first_no()}`, `/migration/${first_no()}/rows`, '/migration/reconcile', '/migration/twin', '/migration/templates/premise/guide', `/migration/${first_no()}/rollback`]) {
      await admin().browse(page, path);
      await looks_right(page);
    }
  });
});
