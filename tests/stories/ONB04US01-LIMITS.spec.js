// What data migration refuses, remarks and keeps still about (ONB04US01): codes of cells, nobody is told, until when a
// batch can be taken back, the virus scanner, who may cancel what.
const fs = require('fs');
const path = require('path');
const { story } = require('../support/story');
const { migration } = require('../support/migration');

story('ONB04US01', 'ONB-FIX', ({ as, test, expect, instance, order, sql, one, jobs_run, clock, sleep }) => {
  const { admin, csv, upload, last, batch, settle, validate, bring, run, take_back } = migration({ as, sql, one, jobs_run, sleep });
  const consumer = ['legacy_id', 'type', 'first_name', 'last_name', 'phone', 'email', 'consent_email', 'consent_sms'];
  const person = (n, more = {}) => consumer.map((k) => ({ legacy_id: `LC-${n}`, type: 'person', first_name: `First${n}`, last_name: `Last${n}`, phone: `+1503557${1000 + n}`, email: `limits${n}@old.test`, consent_email: 'yes', consent_sms: 'yes', ...more }[k]));
  const said = (b) => sql("select line_no l, state s, json_value(messages, '$[0].code') c, json_value(messages, '$[0].column') k, json_value(messages, '$[0].value') v from import_row where batch_id = ? and messages is not null order by line_no", [b.id]).map((r) => `${r.l} ${r.s} ${r.c} ${r.k} ${r.v}`);

  test('ONB04US01 each code of a dry run with its line, column and value', async () => {
    const b = await validate('consumer', csv(consumer, [person(1), person(2, { last_name: 'Two  blanks ' }), person(3, { legacy_id: '' }), person(4, { consent_email: 'perhaps' }), person(5, { first_name: 'x'.repeat(300) }), person(6, { type: 'robot' }), person(1, { first_name: 'Again' })]));
    expect(said(b)).toEqual(['3 warning W02 last_name Two  blanks', '4 error E01 legacy_id ', '5 error E02 consent_email perhaps', `6 error E03 first_name ${'x'.repeat(300)}`, '7 error E04 type robot', '8 error E05 legacy_id LC-1']);
    expect({ state: b.state, valid: b.valid_count, warnings: b.warning_count, errors: b.error_count }).toEqual({ state: 'validated', valid: '1', warnings: '1', errors: '5' });
    for (const [code, key] of [['E03', 'LC-5'], ['E04', 'LC-6'], ['W02', 'LC-2']]) await admin().get(`/migration/${b.batch_no}/rows?code=${code}`).sees(key).and((r) => { for (const other of ['LC-2', 'LC-5', 'LC-6']) if (other !== key) expect(r.text).not.toContain(other); });
    await admin().post(`/migration/${b.batch_no}/cancel`, {}, { from: `/migration/${b.batch_no}` }).is(303);
    await admin().post(`/migration/${b.batch_no}/import`).is(409);
    expect([batch(b.batch_no).state, one("select count(*) from consumer where legacy_no like 'LC-%'")]).toEqual(['cancelled', '0']);
  });

  test('ONB04US01 a row that lacks a part of its key is no second one of another', async () => {
    const b = await validate('meter_reading', csv(['meter_serial', 'read_at', 'reading', 'type'], [['W-NONE', '', '1', 'actual'], ['W-NONE', '2026-13-45', '2', 'actual'], ['W-NONE', '2026-03-01', '3', 'actual'], ['W-NONE', '2026-03-01', '4', 'actual']]));
    const codes = sql("select group_concat(m.code order by m.code) c from import_row r, json_table(r.messages, '$[*]' columns (code varchar(4) path '$.code')) m where r.batch_id = ? group by r.line_no order by r.line_no", [b.id]).map((r) => r.c);
    expect(codes).toEqual(['E01,E07', 'E02,E07', 'E07', 'E05']);
  });

  // Rows and bytes of one file: what is over is refused at once, at its field, and nothing of it stays.
  const kept = () => [one('select count(*) from import_batch'), one('select count(*) from document')];
  const rows_of = (n) => Buffer.from(`legacy_id\n${'1\n'.repeat(n)}`);
  test('ONB04US01 a file has at most 1,000,000 rows', async () => {
    test.setTimeout(120000);
    const before = kept();
    await upload('consumer', rows_of(1000001)).refuses(422, 'file', 'The file has more than 1,000,000 rows. Split it into several files.');
    expect(kept()).toEqual(before);
    // empty lines are no rows, and a line break in quotation marks makes none
    await upload('consumer', Buffer.concat([rows_of(999999), Buffer.from('\n\n\n"1\n\n"\n')])).is(303);
    await admin().post(`/migration/${last()}/cancel`, {}, { from: `/migration/${last()}` }).is(303);
  });

  test('ONB04US01 a file has at most 250 MB', async () => {
    test.setTimeout(120000);
    const before = kept(), filled = (bytes) => { const b = Buffer.alloc(bytes, 'x'); b.write('legacy_id\n'); for (let at = 9; at < bytes; at += 200000) b[at] = 10; return b; };
    await upload('consumer', filled(250 * 1024 * 1024 + 1)).refuses(422, 'file', 'The file is larger than 250 MB.');
    expect(kept()).toEqual(before);
    await upload('consumer', filled(120 * 1024 * 1024)).is(303);                   // far beyond what other pages take
    expect(batch(last()).size).toBe(String(120 * 1024 * 1024));
    await admin().post(`/migration/${last()}/cancel`, {}, { from: `/migration/${last()}` }).is(303);
  });

  test('ONB04US01 the error file has every bad row once, in the order of the file', async () => {
    test.setTimeout(120000);
    const b = await validate('consumer', csv(consumer, Array.from({ length: 2600 }, (_, i) => person(5000 + i, i % 13 ? { phone: '12' } : {}))));
    expect([b.valid_count, b.error_count]).toEqual(['200', '2400']);
    const file = await admin().get(`/migration/${b.batch_no}/errors.csv`);
    const lines = file.body.trimEnd().split('\r\n'), bad = Array.from({ length: 2600 }, (_, i) => i).filter((i) => i % 13);
    expect(lines[0]).toBe(`\ufeff${consumer.join(',')},error_code,error_text,error_line`);
    expect(lines.slice(1).map((l) => `${l.split(',')[0]} ${l.split(',').pop()}`)).toEqual(bad.map((i) => `LC-${5000 + i} ${i + 2}`));
    expect(file.headers['content-length']).toBe(String(file.bytes.length));
    // once more, as it stands: what the dry run found before is gone
    await admin().post(`/migration/${b.batch_no}/validate`, {}, { from: `/migration/${b.batch_no}` }).is(303);
    const again = await settle(b.batch_no);
    expect([again.total_count, again.valid_count, again.error_count, one('select count(*) from import_row where batch_id = ?', [b.id])]).toEqual(['2600', '200', '2400', '2600']);
    await admin().post(`/migration/${b.batch_no}/cancel`, {}, { from: `/migration/${b.batch_no}` }).is(303);
  });

  let people, balances;
  test('ONB04US01 nobody is told of what is brought in', async () => {
    test.setTimeout(120000);
    const told = () => [one('select count(*) from message'), one("select count(*) from notification where recipient_kind not in ('user', 'role')")];
    const before = told();
    people = await bring('consumer', csv(consumer, [1, 2, 3].map((n) => person(n))));
    await bring('premise', csv(['legacy_id', 'sub_area_code', 'line1', 'city', 'state', 'postcode', 'type'], [1, 2, 3].map((n) => [`LP-${n}`, 'BEA-CEN', `${n} Limits Way`, 'Portland', 'OR', '97205', 'house'])));
    await bring('account', csv(['legacy_id', 'consumer_legacy_id', 'premise_legacy_id', 'category', 'status', 'opened_on'], [[1, 1], [2, 2], [3, 2]].map(([n, who]) => [`LA-${n}`, `LC-${who}`, `LP-${n}`, 'RES', 'active', '2025-07-01'])));
    balances = await bring('opening_balance', csv(['account_legacy_id', 'as_of', 'balance', 'due_date'], [['LA-1', '2026-03-31', '114.25', '2026-04-20'], ['LA-2', '2026-03-31', '-20.00', '']]));
    expect(balances.imported_count).toBe('2');
    expect(told()).toEqual(before);
    // two batches of one category: each by itself, the category as a whole
    const more = await bring('opening_balance', csv(['account_legacy_id', 'as_of', 'balance', 'due_date'], [['LA-3', '2026-03-31', '5.75', '']]));
    await admin().get('/migration/reconcile').sees(`Batch ${balances.batch_no}As the file has it 2 2 0 94.25 94.25 0.00`, `Batch ${more.batch_no}As the file has it 1 1 0 5.75 5.75 0.00`, 'RES 3 3 0 100.00 100.00 0.00');
    expect(one("select count(*) from consent x join consumer c on c.id = x.consumer_id where c.legacy_no like 'LC-%'")).not.toBe("0");       // though each may be written to
  });

  test('ONB04US01 a live utility keeps what was posted, and gives back what was not', async () => {
    test.setTimeout(120000);
    const utility = one("select environment from utility where code = 'swa-w'");
    sql("update utility set environment = 'live' where code = 'swa-w'");
    try {
      await as.anew('utility_admin').post(`/migration/${balances.batch_no}/rollback`, { batch: balances.batch_no }, { from: `/migration/${balances.batch_no}/rollback` }).refuses(409, null, 'The utility is live: a batch that was posted stays. Correct it by adjustments.');
      expect([batch(balances.batch_no).state, one("select count(*) from ledger_txn where reversal_of_txn_id is not null")]).toEqual(['completed', '0']);
      expect((await take_back(people.batch_no)).state).toBe('partly_rolled_back');           // LC-3 has no account
      expect(sql("select legacy_no n from consumer where legacy_no like 'LC-%' order by 1").map((r) => r.n)).toEqual(['LC-1', 'LC-2']);
    } finally { sql('update utility set environment = ? where code = ?', [utility, 'swa-w']); }
  });

  test('ONB04US01 a batch can be taken back for thirty days', async () => {
    test.setTimeout(120000);
    const b = await bring('consumer', csv(consumer, [person(8)]));
    clock.forward({ days: 31 });
    await as.anew('utility_admin').post(`/migration/${b.batch_no}/rollback`, { batch: b.batch_no }, { from: `/migration/${b.batch_no}/rollback` }).refuses(409, null, 'A batch can be taken back within 30 days.');
    expect([batch(b.batch_no).state, one("select count(*) from consumer where legacy_no = 'LC-8'")]).toEqual(['completed', '1']);
    clock.forward({ days: -31 });
  });

  test('ONB04US01 a virus scanner refuses a file, and a broken one lets none pass', async () => {
    const scanner = path.join(instance().folder, 'scanner'), saved = fs.readFileSync(instance().config, 'utf8');
    const with_scanner = (script) => { fs.writeFileSync(scanner, `#!/bin/sh\n${script}\n`, { mode: 0o755 }); };
    const before = one('select count(*) from import_batch');
    fs.appendFileSync(instance().config, `\nscan_command = ${scanner}\n`);
    try {
      with_scanner('grep -q EICAR "$1" && exit 1; exit 0');
      order('restart', 'web');
      await upload('consumer', csv(consumer, [person(9, { last_name: 'EICAR' })])).refuses(422, 'file', 'The virus scanner refused this file.');
      await upload('consumer', csv(consumer, [person(9)])).is(303);
      with_scanner('exit 2');
      await upload('consumer', csv(consumer, [person(10)])).is(503);
      expect(one('select count(*) from import_batch')).toBe(String(Number(before) + 1));
    } finally {
      fs.writeFileSync(instance().config, saved);
      order('restart', 'web');
    }
  });
});
