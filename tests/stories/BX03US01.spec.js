// What a bill looks like: its PDF, made once by its own version of the template. (The editor of templates comes with its story.)
const { story } = require('../support/story');
const { execFileSync } = require('child_process');
const crypto = require('crypto');

story('BX03US01', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, command, clock }) => {
  const words_of = (bytes, ...range) => execFileSync('pdftotext', ['-layout', ...range, '-', '-'], { input: bytes, encoding: 'utf8' });
  const pages_of = (bytes) => Number(execFileSync('pdfinfo', ['-'], { input: bytes, encoding: 'utf8' }).match(/Pages:\s+(\d+)/)[1]);
  const sha_of = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
  const pdf = async (no, who = 'billing_manager') => (await as(who).get(`/bx/bills/${no}/pdf`).is(200)).bytes;
  const forget = (no) => sql("update bill set pdf_document_id = null, pdf_sha256 = null where bill_no = ?", [no]);
  const first = 'WA-BILL-202605-000001', second = 'WA-BILL-202605-000002';

  test('BX03US01.1 the PDF of a published bill holds its figures', async () => {
    sql("update consumer n join account a on a.consumer_id = n.id set n.preferred_language = 'es' where a.account_no = 'SF-1002'");
    sql(`insert into bill_message (utility_id, texts, priority) select id, '{"en":"Check your taps for leaks in spring.","es":"Revise sus grifos en primavera."}', 10 from utility where code = 'swa-w'`);
    sql(`insert into bill_message (utility_id, texts, priority) select id, '{"en":"The office is closed on May 25."}', 20 from utility where code = 'swa-w'`);
    sql(`insert into bill_message (utility_id, texts, priority, \`condition\`) select id, '{"en":"Only estimated bills say so."}', 5, '{"estimated": true}' from utility where code = 'swa-w'`);
    expect(command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish')).toContain('8 bills, 1 held, 1 errors');
    await jobs_run();
    const words = words_of(await pdf(first));
    for (const w of ['$188.00', 'Due 23 May 2026', '1,250', '1,262', '5 × 4.50 = 22.50', '10.8 × 8.40 = 90.72', 'Check your taps', 'closed on May 25']) expect(words).toContain(w);
    expect(words).not.toContain('Only estimated');
    expect(words).toContain(`/b/${one('select pay_token from bill where bill_no = ?', [first])}`);
  });

  test('BX03US01.3 a bill in Spanish; a text that is missing stands in English', async () => {
    const words = words_of(await pdf(second));
    for (const w of ['Su factura', 'Vence el 23 may 2026', 'Revise sus grifos', 'closed on May 25', 'Página 1 de 2']) expect(words).toContain(w);
  });

  test('BX03US01.4 the same bill made twice a day apart is the same file', async () => {
    const before = await pdf(first);
    forget(first);
    clock.forward({ days: 1 });
    expect(sha_of(await pdf(first))).toBe(sha_of(before));
    expect(one("select count(*) from document where entity = 'bill' and file_name = 'WA-BILL-202605-000001.pdf'")).toBe('2');
  });

  test('BX03US01.5 a later version of the template does not change bills that are published', async () => {
    const before = await pdf(first), version = 'select v.id from bill_template_version v join bill_template t on t.id = v.template_id where t.is_default = 1';
    sql(`insert into bill_template_version (utility_id, template_id, version_no, sections, texts, paper, colour1, state, activated_at)
         select v.utility_id, v.template_id, 2, v.sections, '{"en":{"contact":"Ask us anything."}}', 'A4', '#7a1f1f', 'active', utc_timestamp(6) from bill_template_version v where v.id = (${version} limit 1)`);
    sql("update bill_template set current_version = 2 where is_default = 1");
    expect(sha_of(await pdf(first))).toBe(sha_of(before));
    forget(first);
    expect(sha_of(await pdf(first))).toBe(sha_of(before));
    sql('update bill b set b.template_version_id = (select max(id) from bill_template_version) where bill_no = ?', ['WA-BILL-202605-000004']);
    forget('WA-BILL-202605-000004');
    const next = await pdf('WA-BILL-202605-000004');
    expect(words_of(next)).toContain('Ask us anything.');
    expect(execFileSync('pdfinfo', ['-'], { input: next, encoding: 'utf8' })).toContain('(A4)');
  });

  test('BX03US01.6 70 lines run over pages, each with account and number', async () => {
    for (let i = 0; i < 66; i++) sql(`insert into bill_line (bill_id, seq, section, charge_type, description, service_code, amount_minor) select id, ?, 'current', 'SURCHARGE', ?, 'WA', 0 from bill where bill_no = ?`, [100 + i, `Surcharge ${i}`, 'WA-BILL-202605-000005']);
    forget('WA-BILL-202605-000005');
    const bytes = await pdf('WA-BILL-202605-000005'), n = pages_of(bytes);
    expect(n).toBeGreaterThan(2);
    for (let i = 1; i <= n; i++) {
      const words = words_of(bytes, '-f', String(i), '-l', String(i));
      expect(words).toContain('SF-1005');
      expect(words).toContain(`Page ${i} of ${n}`);
    }
    expect(words_of(bytes)).toContain('Surcharge 65');
  });

  test('BX03US01 figures that do not fit together make no paper; whoever looks after jobs is told', async () => {
    sql("update bill set total_minor = total_minor + 1 where bill_no = 'WA-BILL-202605-000007'");
    forget('WA-BILL-202605-000007');
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000007/pdf').is(202);
    expect(one("select count(*) from alert where dedup_key like 'bill_pdf:%'")).toBe('1');
    expect(one("select coalesce(pdf_document_id, 0) from bill where bill_no = 'WA-BILL-202605-000007'")).toBe('0');
    sql("update bill set total_minor = total_minor - 1 where bill_no = 'WA-BILL-202605-000007'");
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000007/pdf').is(200);
  });

  test('BX04US01.4 the PDF of a cancelled bill carries the word; the stored original does not change', async () => {
    const before = await pdf(second), sha = one('select hex(pdf_sha256) from bill where bill_no = ?', [second]);
    await as('billing_manager').post(`/bx/bills/${second}/cancellation`, { reason: 'wrong_reading', note: 'read from the wrong meter' }).is(303);
    const after = await pdf(second);
    expect(after.subarray(0, before.length).equals(before)).toBe(true);
    expect(after.includes(Buffer.from('(Anulada) Tj'))).toBe(true);
    expect(one('select hex(pdf_sha256) from bill where bill_no = ?', [second])).toBe(sha);
  });

  test('BX03US01 drafts, other utilities and others\' areas', async () => {
    await as('cso').get('/bx/bills/draft-1/pdf').is(403);
    await as('cso').get('/bx/bills/WA-BILL-202605-000099/pdf').is(404);
    await as('storekeeper').get(`/bx/bills/${first}/pdf`).is(403);
    const before = Number(one("select count(*) from audit_entry where action = 'download' and entity = 'bill' and number = ?", [first]));
    await pdf(first, 'cso');
    expect(Number(one("select count(*) from audit_entry where action = 'download' and entity = 'bill' and number = ?", [first]))).toBe(before + 1);
  });
});

story('BX03US01 credit', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, command }) => {
  // The sample bill "credit" comes with the editor; the same bill, made by a run: 188.00 billed with 200.00 to the account's credit.
  test('BX03US01.7 a bill that is covered by credit is due 0.00 and says what is carried forward', async () => {
    const account = one("select id from account where account_no = 'SF-1001'");
    sql("insert into gl_period (utility_id, label, from_date, to_date) select id, '2026-05', '2026-05-01', '2026-05-31' from utility on duplicate key update label = label");
    sql(`insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, currency, effective_date, gl_period_id, total_minor, line_count, posted_at)
         select 900001, utility_id, 'payment:test', 'payment', 'payment', 900001, 'USD', '2026-05-02', id, 20000, 2, utc_timestamp(6) from gl_period where label = '2026-05'`);
    for (const [line, code, who, debit, credit] of [[1, '1011', 'null', 20000, 0], [2, '1200', account, 0, 20000]])
      sql(`insert into ledger_entry (txn_id, line_no, txn_type, utility_id, account_id, gl_code_id, debit_minor, credit_minor, effective_date, gl_period_id, posted_at, source_type, source_id)
           select 900001, ${line}, 'payment', g.utility_id, ${who}, g.id, ${debit}, ${credit}, '2026-05-02', p.id, utc_timestamp(6), 'payment', 900001 from gl_code g join gl_period p on p.label = '2026-05' where g.code = '${code}'`);
    sql(`update account set balance_minor = -20000 where id = ${account}`);
    expect(command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish')).toContain('8 bills, 1 held, 1 errors');
    await jobs_run();
    expect(sql(`select current_charges_minor c, balance_forward_minor f, amount_due_minor d, credit_carried_minor k from bill where account_id = ${account}`)).toEqual([{ c: '18800', f: '-20000', d: '0', k: '1200' }]);
    const bytes = (await as('billing_manager').get('/bx/bills/WA-BILL-202605-000001/pdf').is(200)).bytes, words = execFileSync('pdftotext', ['-layout', '-', '-'], { input: bytes, encoding: 'utf8' });
    expect(words).toContain('Credit carried forward $12.00');
    expect(words).toMatch(/\$0\.00/);
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000001').sees('Credit carried forward', '12.00');
  });
});
