// Data migration of people, documents, agreements and tariffs (ONB04US01): what the file of each says, who is told, what
// is taken back. Consumers, accounts and money are in ONB04US01.spec.js.
const { story } = require('../support/story');
const { migration } = require('../support/migration');

story('ONB04US01', 'ONB-FIX', ({ as, test, expect, sql, one, jobs_run, mails, ledger, looks_right, sleep }) => {
  const { admin, csv, upload, last, validate, bring, run, take_back, errors, why } = migration({ as, sql, one, jobs_run, sleep });

  const people = ['full_name', 'email', 'phone', 'department', 'role_code', 'area_code', 'employee_no'];
  const person = (n, more) => { const v = { full_name: `Migrated ${n}`, email: `migrated${n}@swa.test`, department: 'Customer Service', role_code: 'cashier', ...more }; return people.map((k) => v[k] ?? ''); };

  test('ONB04US01 people come in as they are invited by hand, each line says what is wrong', async () => {
    test.setTimeout(120000);
    const before = one('select count(*) from user'), seats = one("select count(*) from user where status in ('active', 'invited', 'pending')");
    const b = await validate('user', csv(people, [
      person(1, { employee_no: 'M-1', phone: '(503) 555-0188', area_code: one("select code from service_area where level = 'division' limit 1") }), person(2),
      person(3, { role_code: 'cashir' }), person(4, { role_code: 'cashir' }), person(5, { department: 'Nobody' }), person(6, { email: 'Cashier1@swa.test' }), person(7, { email: 'MIGRATED2@swa.test' }),
      person(8, { email: 'no address' }), person(9, { employee_no: 'M-1' }), person(10, { area_code: 'NOWHERE' }), person(11, { full_name: 'X' }), person(12, { role_code: 'consumer' })]));
    expect({ state: b.state, valid: b.valid_count, errors: b.error_count }).toEqual({ state: 'validated', valid: '2', errors: '10' });
    expect(errors(b)).toEqual(['migrated3@swa.test E07 role_code', 'migrated4@swa.test E07 role_code', 'migrated5@swa.test E07 department', 'Cashier1@swa.test E06 email', 'MIGRATED2@swa.test E05 email',
      'no address E02 email', 'migrated9@swa.test E05 employee_no', 'migrated10@swa.test E07 area_code', 'migrated11@swa.test E08 full_name', 'migrated12@swa.test E07 role_code']);
    expect(one('select count(*) from user')).toBe(before);
    expect(mails('migrated1@swa.test')).toEqual([]);
    const done = await run(b.batch_no);
    expect({ state: done.state, imported: done.imported_count, errors: done.error_count }).toEqual({ state: 'completed_with_errors', imported: '2', errors: '10' });
    expect(sql("select u.email, u.status, u.phone, u.employee_no no, d.name department, r.code role, a.code is not null placed from user u join department d on d.id = u.department_id join user_role x on x.user_id = u.id join role r on r.id = x.role_id left join service_area a on a.id = x.service_area_id where u.email like 'migrated%' order by u.id"))
      .toEqual([{ email: 'migrated1@swa.test', status: 'invited', phone: '+15035550188', no: 'M-1', department: 'Customer Service', role: 'cashier', placed: '1' }, { email: 'migrated2@swa.test', status: 'invited', phone: null, no: null, department: 'Customer Service', role: 'cashier', placed: '0' }]);
    // consumers are told nothing while a file comes in; who is to work here gets the link
    await jobs_run();
    for (const no of [1, 2]) expect(mails(`migrated${no}@swa.test`).length).toBe(1);
    expect(one("select count(*) from invitation where email like 'migrated%' and status = 'sent'")).toBe('2');
    expect(Number(one("select count(*) from user where status in ('active', 'invited', 'pending')"))).toBe(Number(seats) + 2);
    await admin().get('/users?q=Migrated').sees('Migrated 1', 'Migrated 2');
    // the same file again: nobody twice
    await upload('user', csv(people, [person(1)])).is(303);
    expect((await validate('user', csv(people, [person(1), person(2)]))).state).toBe('validation_failed');
    // who opened the invitation stays
    sql("update user set status = 'pending' where email = 'migrated2@swa.test'");
    expect((await take_back(b.batch_no)).state).toBe('partly_rolled_back');
    expect(why(b)).toEqual(['Has opened the invitation.']);
    expect(sql("select email from user where email like 'migrated%'")).toEqual([{ email: 'migrated2@swa.test' }]);
    expect(one("select count(*) from invitation where email = 'migrated1@swa.test'")).toBe('0');
    expect(one("select count(*) from import_link where entity = 'user'")).toBe('1');
  });

  test('ONB04US01 nobody brings in a role with rights he lacks, or more people than there are seats', async () => {
    test.setTimeout(120000);
    for (const who of ['billing_manager', 'cso_supervisor', 'meter_manager', 'dispatcher']) {
      await as(who).get('/migration').is(200).and((r) => expect(r.text).not.toContain('People of the staff'));
      await as(who).get('/migration/templates/user').is(404);
    }
    const b = await validate('user', csv(people, [person(20, { role_code: 'tenant_admin' }), person(21)]));
    expect(errors(b)).toEqual(['migrated20@swa.test E08 role_code']);
    const plan = sql.platform("select p.id, p.limits from subscription_plan p join subscription s on s.plan_id = p.id and s.live = 1 join tenant t on t.id = s.tenant_id where t.slug = 'swa'")[0];
    const n = Number(one("select count(*) from user where status in ('active', 'invited', 'pending')"));
    let limit = 1; while (limit + Math.floor(limit / 10) < n + 2) limit++;          // a tenth more is granted
    const room = limit + Math.floor(limit / 10) - n;
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', ?) where id = ?", [limit, plan.id]);
    const full = await validate('user', csv(people, Array.from({ length: room + 2 }, (_, i) => person(30 + i))));
    expect({ valid: full.valid_count, errors: full.error_count }).toEqual({ valid: String(room), errors: '2' });
    expect(one("select json_value(messages, '$[0].text') from import_row where batch_id = ? and state = 'error' limit 1", [full.id])).toBe('No seat is left for this person. Add seats or deactivate users.');
    expect((await run(full.batch_no)).imported_count).toBe(String(room));
    expect(Number(one("select count(*) from user where status in ('active', 'invited', 'pending')"))).toBe(n + room);
    sql.platform('update subscription_plan set limits = ? where id = ?', [plan.limits, plan.id]);
    expect((await take_back(full.batch_no)).state).toBe('rolled_back');
  });

  // a ZIP as other programs make it: packed, in folders
  const zip = (files) => {
    const { deflateRawSync, crc32 } = require('zlib');
    const parts = [], directory = [];
    let at = 0;
    for (const [name, body] of files) {
      const path = Buffer.from(name), packed = deflateRawSync(body), local = Buffer.alloc(30), central = Buffer.alloc(46);
      for (const [b, sig, o] of [[local, 0x04034b50, 0], [central, 0x02014b50, 2]]) {
        b.writeUInt32LE(sig, 0); b.writeUInt16LE(20, 4 + o); b.writeUInt16LE(8, 8 + o); b.writeUInt32LE(crc32 ? crc32(body) : 0, 14 + o);
        b.writeUInt32LE(packed.length, 18 + o); b.writeUInt32LE(body.length, 22 + o); b.writeUInt16LE(path.length, 26 + o);
      }
      central.writeUInt32LE(at, 42);
      parts.push(local, path, packed); directory.push(central, path);
      at += 30 + path.length + packed.length;
    }
    const listed = Buffer.concat(directory), end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0); end.writeUInt16LE(files.length, 8); end.writeUInt16LE(files.length, 10); end.writeUInt32LE(listed.length, 12); end.writeUInt32LE(at, 16);
    return Buffer.concat([...parts, listed, end]);
  };
  const pdf = (words) => Buffer.from(`%PDF-1.4\n% ${words}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n`);
  const papers = ['legacy_id', 'record', 'record_legacy_id', 'file_name', 'document_type', 'valid_to', 'dated_at'];
  const account_of = async (no) => {
    await bring('consumer', csv(['legacy_id', 'type', 'first_name', 'last_name', 'phone'], [[`MC-${no}`, 'person', 'Old', `Number ${no}`, `+1503777${String(1000 + no).slice(-4)}`]]));
    await bring('premise', csv(['legacy_id', 'sub_area_code', 'line1', 'city', 'state', 'postcode', 'type'], [[`MP-${no}`, 'BEA-CEN', `${no} Paper Street`, 'Portland', 'OR', '97205', 'house']]));
    return bring('account', csv(['legacy_id', 'consumer_legacy_id', 'premise_legacy_id', 'category', 'status', 'opened_on'], [[`MA-${no}`, `MC-${no}`, `MP-${no}`, 'RES', 'active', '2025-07-01']]));
  };

  test('ONB04US01 documents come in with their list, judged by what is in them', async () => {
    test.setTimeout(180000);
    await account_of(1);
    const list = (rows) => ['index.csv', csv(papers, rows)];
    await upload('document', csv(papers, [['D-1', 'consumer', 'MC-1', 'a.pdf', '', '', '']])).refuses(422, 'file', 'Put the list and the files it names into one ZIP.');
    await upload('document', zip([['a.pdf', pdf('a')]]), { name: 'a.zip' }).refuses(422, 'file', 'A ZIP must contain one CSV file, the list of the files beside it.');
    await upload('document', zip([list([]), ['b.csv', csv(papers, [])]]), { name: 'a.zip' }).refuses(422, 'file', 'A ZIP must contain one CSV file, the list of the files beside it.');
    await upload('consumer', zip([['c.csv', csv(['legacy_id'], [['1']])], ['a.pdf', pdf('a')]]), { name: 'a.zip' }).refuses(422, 'file', 'A ZIP must contain one CSV file and nothing else.');
    const documents = one("select count(*) from document where entity in ('consumer', 'account')"), type = one("select code from document_type where find_in_set('pdf', formats) and active = 1 limit 1");
    const archive = zip([list([['D-1', 'consumer', 'MC-1', 'scans/identity.pdf', type, '2030-12-31', '2025-11-03'], ['D-2', 'account', 'MA-1', 'lease.pdf', '', '', ''], ['D-3', 'consumer', 'MC-1', 'missing.pdf', '', '', ''],
      ['D-4', 'consumer', 'MC-9', 'lease.pdf', '', '', ''], ['D-5', 'consumer', 'MC-1', 'page.pdf', '', '', ''], ['D-6', 'premise', 'MP-1', 'lease.pdf', '', '', ''], ['D-7', 'consumer', 'MC-1', 'same.pdf', '', '', ''], ['D-8', 'consumer', 'MC-1', 'lease.pdf', 'NOTHING', '', '']]),
      ['scans/identity.pdf', pdf('identity')], ['papers/lease.pdf', pdf('lease')], ['page.pdf', Buffer.from('<html><script>alert(1)</script></html>')], ['one/same.pdf', pdf('1')], ['two/same.pdf', pdf('2')]]);
    const b = await validate('document', archive, { name: 'papers.zip' });
    expect({ state: b.state, valid: b.valid_count, errors: b.error_count }).toEqual({ state: 'validated', valid: '2', errors: '6' });
    expect(errors(b)).toEqual(['D-3 E07 file_name', 'D-4 E07 record_legacy_id', 'D-5 E08 file_name', 'D-6 E04 record', 'D-7 E07 file_name', 'D-8 E07 document_type']);
    expect(one("select count(*) from document where entity in ('consumer', 'account')")).toBe(documents);
    const done = await run(b.batch_no);
    expect({ state: done.state, imported: done.imported_count }).toEqual({ state: 'completed_with_errors', imported: '2' });
    const stored = sql("select d.public_id, d.entity, d.file_name, d.mime, d.valid_to, left(d.created_at, 10) at, t.code type, d.is_private, c.legacy_no consumer, a.legacy_no account from document d left join document_type t on t.id = d.type_id left join consumer c on d.entity = 'consumer' and c.id = d.entity_id left join account a on d.entity = 'account' and a.id = d.entity_id where d.entity in ('consumer', 'account') order by d.id");
    expect(stored).toMatchObject([{ entity: 'consumer', file_name: 'identity.pdf', mime: 'application/pdf', valid_to: '2030-12-31', at: '2025-11-03', type, is_private: '1', consumer: 'MC-1' }, { entity: 'account', file_name: 'lease.pdf', valid_to: null, type: null, account: 'MA-1' }]);
    // seen where the person is looked at, by those who may, and every look is written down
    const no = one("select consumer_no from consumer where legacy_no = 'MC-1'");
    await as('cso_supervisor').get(`/cis/consumers/${no}/history`).sees('identity.pdf', 'lease.pdf');
    const looked = await as('cso_supervisor').get(`/cis/consumers/${no}/documents/${stored[0].public_id}`).is(200);
    expect(looked.body).toContain('identity');
    expect(looked.headers['content-disposition']).toMatch(/^attachment/);
    expect(one("select count(*) from audit_entry where action = 'view' and entity = 'document'")).toBe('1');
    for (const who of ['meter_manager', 'dispatcher1']) await as(who).get(`/cis/consumers/${no}/documents/${stored[0].public_id}`).is(403);
    await as('cso_supervisor').get(`/cis/consumers/${one('select consumer_no from consumer where legacy_no is null limit 1')}/documents/${stored[0].public_id}`).is(404);
    await upload('document', archive, { name: 'papers.zip' }).refuses(409, 'again', `This file was imported on 04/15/2026 (batch ${b.batch_no}).`);
    sql("update document set checked_at = utc_timestamp(6) where file_name = 'identity.pdf'");
    expect((await take_back(b.batch_no)).state).toBe('partly_rolled_back');
    expect(why(b)).toEqual(['Was checked or changed since.']);
    expect(one("select group_concat(file_name) from document where entity in ('consumer', 'account')")).toBe('identity.pdf');
  });

  test('ONB04US01 agreements go on as they were signed, their rest deferred once', async () => {
    test.setTimeout(180000);
    for (const no of [2, 3, 4]) await account_of(no);
    const columns = ['legacy_id', 'account_legacy_id', 'status', 'signed_on', 'ended_on', 'total', 'down_payment', 'count', 'first_due_on', 'schedule', 'paid'];
    const deal = (no, account, more = {}) => { const v = { legacy_id: no, account_legacy_id: account, status: 'active', signed_on: '2026-02-10', total: '300.00', down_payment: '60.00', count: '7', first_due_on: '2026-03-15', paid: '50.00', ...more }; return columns.map((k) => v[k] ?? ''); };
    // what is left of it has to be owed
    const early = await validate('payment_agreement', csv(columns, [deal('AG-0', 'MA-2')]));
    expect(errors(early)).toEqual(['AG-0 E08 total']);
    expect(one("select json_value(messages, '$[0].text') from import_row where batch_id = ?", [early.id])).toBe('190.00 is left of it, but the balances taken over of this account are 0.00: bring them in first.');
    const o = await bring('opening_balance', csv(['account_legacy_id', 'as_of', 'balance', 'bill_reference', 'due_date'], [['MA-2', '2026-03-31', '150.00', 'B-1', '2026-03-01'], ['MA-2', '2026-03-31', '90.00', 'B-2', '2026-04-01'], ['MA-3', '2026-03-31', '98.40', '', '2026-04-01']]));
    const v = await validate('payment_agreement', csv(columns, [deal('AG-1', 'MA-2'), deal('AG-2', 'MA-2', { legacy_id: 'AG-2' }), deal('AG-3', 'MA-9'),
      deal('AG-4', 'MA-4', { status: 'completed', ended_on: '2026-03-31', paid: '240.00' }), deal('AG-5', 'MA-4', { status: 'completed', ended_on: '2026-03-31' }), deal('AG-6', 'MA-4', { status: 'defaulted' }),
      deal('AG-7', 'MA-3', { total: '147.60', down_payment: '', count: '', first_due_on: '', schedule: '2026-03-20=49.20; 2026-04-20=49.20; 2026-05-20=49.20', paid: '49.20', status: 'at_risk' }),
      deal('AG-8', 'MA-4', { schedule: '2026-03-20=49.20' }), deal('AG-9', 'MA-4', { schedule: 'monthly' }), deal('AG-10', 'MA-4', { count: '' }), deal('AG-11', 'MA-4', { down_payment: '300.00' }), deal('AG-12', 'MA-4', { paid: '240.00' }), deal('AG-13', 'MA-4', { signed_on: '2030-01-01' })]));
    expect(errors(v)).toEqual(['AG-2 E08 account_legacy_id', 'AG-3 E07 account_legacy_id', 'AG-5 E08 status', 'AG-6 E01 ended_on', 'AG-8 E08 schedule', 'AG-9 E08 schedule', 'AG-10 E01 count', 'AG-11 E08 down_payment', 'AG-12 E08 status', 'AG-13 E08 signed_on']);
    expect(one('select count(*) from payment_agreement')).toBe('0');
    const messages = one('select count(*) from message'), entries = one('select count(*) from ledger_txn');
    const b = await run(v.batch_no);
    expect({ state: b.state, imported: b.imported_count }).toEqual({ state: 'completed_with_errors', imported: '3' });
    const no = sql('select number from payment_agreement order by id').map((g) => g.number);
    expect(sql('select legacy_no old, state, total_minor total, down_payment_minor down, count, frequency, accepted_via via from payment_agreement order by id')).toEqual([
      { old: 'AG-1', state: 'active', total: '30000', down: '6000', count: '7', frequency: 'monthly', via: 'import' }, { old: 'AG-4', state: 'completed', total: '30000', down: '6000', count: '7', frequency: 'monthly', via: 'import' }, { old: 'AG-7', state: 'at_risk', total: '14760', down: '0', count: '3', frequency: 'monthly', via: 'import' }]);
    expect(sql("select due_on, amount_minor a, paid_minor p, n.state from instalment n join payment_agreement g on g.id = n.agreement_id where g.legacy_no = 'AG-1' order by seq").map((n) => `${n.due_on} ${n.a} ${n.p} ${n.state}`).slice(0, 3)).toEqual(['2026-03-15 3432 3432 paid', '2026-04-15 3428 1568 part_paid', '2026-05-15 3428 0 due']);
    expect(one('select count(*) from instalment n join payment_agreement g on g.id = n.agreement_id group by g.id having sum(n.amount_minor) <> max(g.total_minor - g.down_payment_minor)')).toBeUndefined();
    // the balance stays, the rest of it is deferred, nothing of it is open twice
    const of = (legacy) => sql('select balance_minor balance, deferred_minor deferred from account where legacy_no = ?', [legacy])[0];
    expect([of('MA-2'), of('MA-3'), of('MA-4')]).toEqual([{ balance: '24000', deferred: '19000' }, { balance: '9840', deferred: '9840' }, { balance: '0', deferred: '0' }]);
    const account = one("select account_no from account where legacy_no = 'MA-2'");
    expect(ledger(account).slice(-2).map((l) => [l.code, l.debit, l.credit])).toEqual([['1210', '190.00', '0.00'], ['1200', '0.00', '190.00']]);
    expect(sql("select amount_minor - paid_minor open from charge h join account a on a.id = h.account_id where a.legacy_no = 'MA-2' order by h.due_on").map((h) => h.open)).toEqual(['0', '5000']);
    expect(Number(one('select count(*) from ledger_txn'))).toBe(Number(entries) + 2);
    await jobs_run();
    expect(one('select count(*) from message')).toBe(messages);
    await as('cso_supervisor').get(`/cis/consumers/${one("select consumer_no from consumer where legacy_no = 'MC-2'")}/financial`).sees('Payment agreements', no[0], 'Formerly AG-1', '190.00', 'Active');
    await admin().get('/migration/reconcile').sees('Payment agreements', '747.60');
    expect(errors(await validate('payment_agreement', csv(columns, [deal('AG-20', 'MA-2')])))).toEqual(['AG-20 E08 account_legacy_id']);
    for (const who of ['meter_manager', 'dispatcher']) await as(who).get('/migration/templates/payment_agreement').is(404);
    // the balances stay as long as an agreement is about them; taken back, everything is as before
    expect((await take_back(o.batch_no)).state).toBe('partly_rolled_back');
    expect(why(o)).toEqual(['Was paid, wholly or in part.', 'Was paid, wholly or in part.', 'Was paid, wholly or in part.']);
    sql("update instalment n join payment_agreement g on g.id = n.agreement_id set n.became_due_at = utc_timestamp(6) where g.legacy_no = 'AG-7' and n.seq = 2");
    expect((await take_back(b.batch_no)).state).toBe('partly_rolled_back');
    expect(why(b)).toEqual(['Instalment 2 stands on a bill or came due.']);
    expect([of('MA-2'), of('MA-3')]).toEqual([{ balance: '24000', deferred: '0' }, { balance: '9840', deferred: '9840' }]);
    expect((await take_back(o.batch_no)).state).toBe('partly_rolled_back');
    expect(of('MA-2')).toEqual({ balance: '0', deferred: '0' });
  });

  test('ONB04US01 plans and rates come in as drafts that a second person approves', async () => {
    test.setTimeout(180000);
    const columns = ['plan_code', 'rate_code', 'plan_name', 'services', 'categories', 'effective_from', 'label', 'type', 'gl_code', 'amount', 'price', 'percent', 'tiers', 'sizes', 'share', 'refs', 'taxes', 'tax_code', 'sequence', 'service', 'charge_type'];
    const [water, waste] = ['4010', '4020'], tax = one('select code from tax_code where active = 1 order by id limit 1');
    const rate = (plan, code, type, more = {}) => { const v = { plan_code: plan, rate_code: code, plan_name: `Old ${plan}`, services: 'WA WW', categories: 'RES', effective_from: '2027-01-01', label: `Label of ${code}`, type, gl_code: water, ...more }; return columns.map((k) => v[k] ?? ''); };
    const good = [rate('RES-OLD', 'SERVICE', 'meter_size', { sizes: '5/8:18.50; 3/4:18.50; 1:27.25' }), rate('res-old', 'water-use', 'tiered', { plan_name: 'Old RES-OLD', label: 'Label of WATER-USE', tiers: '6:3.85; 12:5.20; :7.90', gl_code: waste, taxes: tax }),
      rate('RES-OLD', 'SEWER', 'wastewater', { price: '6.40', share: '90', service: 'WW' }), rate('RES-OLD', 'EXTRA', 'surcharge', { percent: '1.5', refs: 'SERVICE WATER-USE' }), rate('RES-OLD', 'TAX', 'tax', { tax_code: tax, sequence: '900' }),
      rate('FLAT-OLD', 'BASE', 'fixed', { amount: '12.00', services: 'WA' }), rate('FLAT-OLD', 'USE', 'flat', { price: '4.125', services: 'WA' })];
    const bad = [rate('BAD', 'A', 'tiered', { tiers: '6:3.85; 5:5.20; :7.90' }), rate('BAD', 'B', 'tiered', { tiers: '6:3.85; 12:5.20' }), rate('BAD', 'C', 'fixed', { price: '1' }), rate('BAD', 'D', 'fixed'), rate('BAD', 'E', 'flat', { price: '-1' }),
      rate('BAD', 'F', 'flat', { price: '1', gl_code: '9999' }), rate('BAD', 'G', 'surcharge', { percent: '5', refs: 'NOTHING' }), rate('BAD', 'H', 'flat', { price: '1', service: 'EL' }), rate('BAD', 'I', 'flat', { price: '1', effective_from: '2027-02-01' }),
      rate('BAD', 'J', 'tax', { tax_code: 'NONE' }), rate('BAD', 'K', 'meter_size', { sizes: '5/8:1; 5/8:2' }), rate('BAD', 'L', 'flat', { price: '1', charge_type: 'TAX' }), rate('RES-VAR', 'M', 'flat', { price: '1' }), rate('BAD', 'A', 'flat', { price: '1' }), rate('BAD', 'N', 'hourly', { price: '1' }), rate('BAD', 'O', 'meter_size', { sizes: '7/9:1.00' })];
    const plans = one('select count(*) from tariff_plan');
    const v = await validate('tariff', csv(columns, [...good, ...bad]), { who: as('billing_manager') });
    expect(errors(v)).toEqual(['BAD|A E08 tiers', 'BAD|B E08 tiers', 'BAD|C E08 amount', 'BAD|D E01 amount', 'BAD|E E08 price', 'BAD|F E07 gl_code', 'BAD|G E07 refs', 'BAD|H E07 service', 'BAD|I E08 effective_from', 'BAD|J E07 tax_code', 'BAD|K E08 sizes', 'BAD|L E04 charge_type', 'RES-VAR|M E06 plan_code', 'BAD|A E05 plan_code', 'BAD|N E04 type', 'BAD|O E08 sizes']);
    const text = (code) => one("select json_value(messages, '$[0].text') from import_row where batch_id = ? and key_value = ? limit 1", [v.id, code]);
    expect([text('BAD|A'), text('BAD|B'), text('BAD|D')]).toEqual(['Tier 2 must end above 6.', 'The last tier must be unlimited.', 'A component of type fixed takes one of: amount.']);
    expect(one('select count(*) from tariff_plan')).toBe(plans);
    const b = await run(v.batch_no);
    expect({ state: b.state, imported: b.imported_count, errors: b.error_count }).toEqual({ state: 'completed_with_errors', imported: '7', errors: '16' });
    expect(sql("select p.code, p.status, p.service_codes services, w.version_no no, w.state, w.effective_from day from tariff_plan p join tariff_plan_version w on w.plan_id = p.id where p.code like '%-OLD' order by p.id")).toEqual([
      { code: 'RES-OLD', status: 'draft', services: '["WA","WW"]', no: '1', state: 'draft', day: '2027-01-01' }, { code: 'FLAT-OLD', status: 'draft', services: '["WA"]', no: '1', state: 'draft', day: '2027-01-01' }]);
    expect(sql("select x.sequence s, x.code, x.calc, x.charge_type charge, x.service_code service, x.qty_percent_ppm share, x.rate_ppm ppm from tariff_rate x join tariff_plan_version w on w.id = x.version_id join tariff_plan p on p.id = w.plan_id where p.code = 'RES-OLD' order by x.sequence").map((x) => Object.values(x).join(' '))).toEqual([
      '10 SERVICE flat FIXED WA 1000000 ', '20 WATER-USE tiered USAGE WA 1000000 ', '30 SEWER per_unit SEWER_USAGE WW 900000 ', '40 EXTRA percent SURCHARGE WA 1000000 15000', '900 TAX percent TAX WA 1000000 '].map((x) => expect.stringMatching(new RegExp(`^${x.trim()}`))));
    expect(sql("select t.upto_qty_micro u, t.rate_micro r from tariff_tier t join tariff_rate x on x.id = t.rate_id and x.code = 'WATER-USE' join tariff_plan_version w on w.id = x.version_id join tariff_plan p on p.id = w.plan_id and p.code = 'RES-OLD' order by t.seq").map((t) => `${t.u} ${t.r}`)).toEqual(['6000000 3850000', '12000000 5200000', 'null 7900000']);
    // no connection gets such a price before it is approved, and not by whose file it is
    await as('billing_manager').get('/plans/RES-OLD/versions/1').sees('Label of WATER-USE');
    await as('billing_manager').post('/plans/RES-OLD/versions/1/submit', {}, { from: '/plans/RES-OLD/versions/1' }).is(303);
    expect(one("select w.state from tariff_plan_version w join tariff_plan p on p.id = w.plan_id where p.code = 'RES-OLD'")).toBe('pending_approval');
    await as('billing_manager').post('/plans/RES-OLD/versions/1/approve', { note: 'mine' }).refuses(409, null, 'A second person must approve.');
    await admin().post('/plans/RES-OLD/versions/1/approve', { note: 'compared' }, { from: '/plans/RES-OLD/versions/1' }).is(303);
    expect(one("select w.state from tariff_plan_version w join tariff_plan p on p.id = w.plan_id where p.code = 'RES-OLD'")).toBe('approved');
    // more components for a plan that is a draft still; none for one that is not
    const more = await bring('tariff', csv(columns, [rate('FLAT-OLD', 'RAIN', 'stormwater', { price: '12.75', services: 'WA' }), rate('RES-OLD', 'LATE', 'flat', { price: '1' })]));
    expect({ imported: more.imported_count, wrong: errors(more) }).toEqual({ imported: '1', wrong: ['RES-OLD|LATE E06 plan_code'] });
    for (const who of ['meter_manager', 'dispatcher', 'cso_supervisor']) await as(who).get('/migration/templates/tariff').is(404);
    expect((await take_back(more.batch_no)).state).toBe('rolled_back');
    expect((await take_back(b.batch_no)).state).toBe('partly_rolled_back');
    expect([...new Set(why(b))]).toEqual(['Its version was submitted.']);
    expect(sql("select code from tariff_plan where code like '%-OLD'")).toEqual([{ code: 'RES-OLD' }]);
    expect(one("select count(*) from tariff_rate x join tariff_plan_version w on w.id = x.version_id join tariff_plan p on p.id = w.plan_id where p.code = 'RES-OLD'")).toBe('5');
  });

  test('ONB04US01 columns may be parted by bars, and the template of a file is known by its version', async () => {
    await upload('consumer', Buffer.from('legacy_id|type|first_name|last_name|phone\nBAR-1|person|Ann, the first|Bar; born|+15035550123\n')).is(303);
    const b = sql('select * from import_batch where batch_no = ?', [last()])[0];
    expect({ by: b.delimiter_char, header: JSON.parse(b.header) }).toEqual({ by: '|', header: ['legacy_id', 'type', 'first_name', 'last_name', 'phone'] });
    expect(sql("select version, json_length(columns) > 10 whole from import_template where entity = 'consumer'")).toEqual([{ version: '1', whole: '1' }]);
    sql("update import_template set columns = '[\"legacy_id\"]' where entity = 'consumer'");          // as an older program had it
    await upload('consumer', Buffer.from('legacy_id|type|first_name|last_name|phone\nBAR-2|person|Ann|Bar|+15035550124\n')).is(303);
    await upload('consumer', Buffer.from('legacy_id|type|first_name|last_name|phone\nBAR-3|person|Ann|Bar|+15035550125\n')).is(303);
    expect(sql("select version from import_template where entity = 'consumer' order by version").map((t) => t.version)).toEqual(['1', '2']);
    await admin().get('/migration/templates/consumer/guide').sees('Version 2 of the template.');
  });

  test('ONB04US01 areas made by hand are enough: a wrong code keeps its own row out, not the others', async () => {
    expect(one("select count(*) from import_link where entity = 'service_area'")).toBe('0');
    const header = ['legacy_id', 'sub_area_code', 'line1', 'city', 'state', 'postcode', 'type'], home = (n, code) => [`MH-${n}`, code, `${n} Hand Way`, 'Portland', 'OR', '97205', 'house'];
    const b = await bring('premise', csv(header, [home(1, 'BEA-CEN'), home(2, 'NOWHERE'), home(3, 'BEA-CEN')]));
    expect({ state: b.state, imported: b.imported_count, errors: b.error_count }).toEqual({ state: 'completed_with_errors', imported: '2', errors: '1' });
    // none of them is there: the other file comes first
    const v = await validate('premise', csv(header, [home(4, 'NOWHERE'), home(5, 'ELSEWHERE')]));
    expect({ state: v.state, problem: v.problem }).toEqual({ state: 'validation_failed', problem: 'Import service_area before premise (2 rows refer to unknown sub-areas).' });
    await admin().post(`/migration/${v.batch_no}/import`).refuses(409, null, 'Import service_area before premise (2 rows refer to unknown sub-areas).');
  });

  test('ONB04US01 the pages of the four look right', async ({ page }) => {
    test.setTimeout(180000);
    for (const path of ['/migration', '/migration/templates/document/guide', '/migration/templates/tariff/guide', '/migration/templates/payment_agreement/guide', `/cis/consumers/${one("select consumer_no from consumer where legacy_no = 'MC-1'")}/history`, `/cis/consumers/${one("select consumer_no from consumer where legacy_no = 'MC-3'")}/financial`]) {
      await admin().browse(page, path);
      await looks_right(page);
    }
  });
});
