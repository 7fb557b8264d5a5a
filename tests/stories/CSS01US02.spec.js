// Bill management (CSS01US02): the list, one bill with every line explained, comparison, print, statement.
const { story } = require('../support/story');
const { execFileSync } = require('child_process');
const crypto = require('crypto');

story('CSS01US02', 'UX-FIX', ({ as, mails, test, expect, sql, one, watch, looks_right, within_budget, clock, jobs_run }) => {
  const alpha = () => as('alpha@swa.test'), beta = () => as('beta@swa.test');

  test('CSS01US02.1 the list shows the bill, when it is due and the way to pay', async () => {
    await alpha().get('/bills').sees('$84.60', 'Due in 20 days', 'Pay $84.60', 'WA-BILL-202604-000101');
    await alpha().get('/bills').lacks('WA-BILL-202604-000102', 'WA-BILL-202601-000101');
    await alpha().get('/bills?year=2025').sees('No bill fits these filters.');
    await alpha().get('/bills?state=open').sees('WA-BILL-202604-000101');
    await alpha().get('/bills?state=paid').lacks('WA-BILL-202604-000101');
  });

  test('CSS01US02.2 the lines sum to the amount due, each explained on a click', async ({ page }) => {
    await alpha().browse(page, '/bills/WA-BILL-202604-000101');
    for (const text of ['Water, base charge', '$6.00', 'Water use', '$52.40', 'Wastewater', '$26.20']) await expect(page.getByText(text, { exact: true }).first()).toBeVisible();
    await expect(page.getByText('For 9 CCF')).toBeHidden();
    await page.locator('summary', { hasText: 'Water use' }).click();
    await expect(page.getByText('For 9 CCF')).toBeVisible();
    expect(one("select sum(l.amount_minor) = b.amount_due_minor from bill b join bill_line l on l.bill_id = b.id where b.bill_no = 'WA-BILL-202604-000101'")).toBe('1');
    await alpha().get('/bills/WA-BILL-202604-000101').sees('Amount due', '$84.60', 'WA-MTR-300001', '517', '526', '9 CCF');
  });

  test('CSS01US02.3 three overdue bills are said with their sum', async () => {
    const page = await beta().get('/bills').sees('$300.00 overdue', 'Overdue since');
    expect(page.body.match(/<span class="s-b bad">Overdue<\/span>/g)).toHaveLength(3);
    await beta().get('/bills?state=overdue').sees('WA-BILL-202601-000101', 'WA-BILL-202602-000101', 'WA-BILL-202603-000101');
  });

  test('CSS01US02 home says what was used beside the same month of the year before, else beside the bill before', async () => {
    const mine = ['WA-BILL-202601-000101', 'WA-BILL-202602-000101', 'WA-BILL-202603-000101'];
    const kept = sql('select bill_no, usage_qty_micro q, usage_unit u, period_start s, period_end e from bill where bill_no in (?, ?, ?)', mine);
    const use = (no, units, start, end) => sql("update bill set usage_qty_micro = ?, usage_unit = 'CCF', period_start = coalesce(?, period_start), period_end = coalesce(?, period_end) where bill_no = ?", [units * 1e6, start ?? null, end ?? null, no]);
    mine.forEach((no, i) => use(no, [9, 9, 6][i]));
    const less = await beta().get('/home').sees('March 2026: 6 CCF. That is 3 CCF less than in February 2026.');
    expect(less.body).toMatch(/s-note ok/);
    use(mine[1], 4);
    expect((await beta().get('/home').sees('That is 2 CCF more than in February 2026.')).body).toMatch(/s-note info/);
    use(mine[0], 6, '2025-03-01', '2025-03-31');
    await beta().get('/home').sees('March 2026: 6 CCF, as much as in March 2025.').lacks('February 2026.');
    sql("update bill set usage_qty_micro = null, usage_unit = null where bill_no in (?, ?, ?)", mine);
    await beta().get('/home').lacks('as much as in', ' than in ');
    for (const k of kept) sql('update bill set usage_qty_micro = ?, usage_unit = ?, period_start = ?, period_end = ? where bill_no = ?', [k.q, k.u, k.s, k.e, k.bill_no]);
    // what is often wanted stands below; paying is for who may pay
    await beta().get('/home').sees('Payments', 'Account statement', 'Autopay', 'Help: +1');
  });

  test('CSS01US02 bills of a payment agreement that is kept are In agreement, not overdue; a broken one makes them overdue again', async () => {
    const all = ['WA-BILL-202601-000101', 'WA-BILL-202602-000101', 'WA-BILL-202603-000101'];
    sql("insert into payment_agreement (utility_id, number, account_id, total_minor, down_payment_minor, currency, count, start_on, state) select utility_id, 'WA-PA-202604-0001', account_id, 30000, 3000, 'USD', 3, '2026-04-20', 'active' from bill where bill_no = 'WA-BILL-202601-000101'");
    sql("insert into payment_agreement_item (agreement_id, item_type, item_id, amount_minor) select g.id, 'bill', b.id, b.open_minor from payment_agreement g join bill b on b.account_id = g.account_id and b.bill_no in (?, ?, ?)", all);
    for (const state of ['active', 'at_risk']) {
      sql('update payment_agreement set state = ?', [state]);
      const page = await beta().get('/bills').sees('In agreement').lacks('Overdue since', '$300.00 overdue');
      expect(page.body.match(/<span class="s-b hold">In agreement<\/span>/g)).toHaveLength(3);
      await beta().get('/bills?state=agreement').sees(...all);
      await beta().get('/bills?state=overdue').lacks(...all);
      await beta().get(`/bills/${all[0]}`).sees('In agreement').lacks('Overdue');
    }
    sql("update payment_agreement set state = 'defaulted'");
    await beta().get('/bills').sees('$300.00 overdue').and((r) => expect(r.body).not.toContain('>In agreement</span>'));
    sql('delete from payment_agreement_item');
    sql('delete from payment_agreement');
  });

  test('CSS01US02.3 a bill is compared with the one before; the parts sum to the difference', async () => {
    await beta().get('/bills/WA-BILL-202602-000101').sees('How it compares', 'As much as January 2026.');
    sql("update bill_line l join bill b on b.id = l.bill_id set l.amount_minor = l.amount_minor + 240 where b.bill_no = 'WA-BILL-202603-000101' and l.seq = 1");
    sql("update bill set current_charges_minor = current_charges_minor + 240 where bill_no = 'WA-BILL-202603-000101'");
    await beta().get('/bills/WA-BILL-202603-000101').sees('$2.40 more than February 2026:', 'Fixed charges: $2.40 more (31 days instead of 28)');
    sql("update bill_line l join bill b on b.id = l.bill_id set l.amount_minor = l.amount_minor - 240 where b.bill_no = 'WA-BILL-202603-000101' and l.seq = 1");
    sql("update bill set current_charges_minor = current_charges_minor - 240 where bill_no = 'WA-BILL-202603-000101'");
  });

  test('CSS01US02 others\' bills, drafts and unknown numbers are not there', async () => {
    for (const p of ['', '/pdf', '/print']) {
      await beta().get(`/bills/WA-BILL-202604-000101${p}`).is(404);
      await beta().get(`/bills/WA-BILL-999999-000101${p}`).is(404);
    }
    sql("update bill set status = 'held' where bill_no = 'WA-BILL-202604-000101'");
    await alpha().get('/bills/WA-BILL-202604-000101').is(404);
    await alpha().get('/bills').lacks('WA-BILL-202604-000101');
    sql("update bill set status = 'published' where bill_no = 'WA-BILL-202604-000101'");
  });

  test('CSS01US02 the first view is kept for the proof of delivery', async () => {
    sql('delete from bill_view');
    await alpha().get('/bills/WA-BILL-202604-000101').is(200);
    await alpha().get('/bills/WA-BILL-202604-000101').is(200);
    expect(sql('select count, first_at < last_at later from bill_view')).toEqual([{ count: '2', later: '1' }]);
  });

  // The words of a PDF, as poppler reads them.
  const words_of = (bytes) => execFileSync('pdftotext', ['-layout', '-', '-'], { input: bytes, encoding: 'utf8' });
  const sha_of = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
  const downloads = () => one("select count(*) from audit_entry where action = 'download' and entity = 'bill' and number = 'WA-BILL-202604-000101'");

  test('CSS01US02.4 the PDF is made once, sent as it is stored, and the download is audited', async () => {
    await alpha().get('/bills/WA-BILL-202604-000101').sees('The PDF is being made. The figures on this page are final.', 'Download the PDF');
    const r = await alpha().get('/bills/WA-BILL-202604-000101/pdf').is(200);
    expect(r.headers['content-type']).toBe('application/pdf');
    expect(r.headers['content-disposition']).toContain('WA-BILL-202604-000101.pdf');
    expect(sql("select hex(b.pdf_sha256) bill, hex(d.sha256) document from bill b join document d on d.id = b.pdf_document_id where b.bill_no = 'WA-BILL-202604-000101'"))
      .toEqual([{ bill: sha_of(r.bytes).toUpperCase(), document: sha_of(r.bytes).toUpperCase() }]);
    expect(downloads()).toBe('1');
    const words = words_of(r.bytes);
    for (const w of ['$84.60', 'Due 5 May 2026', '$6.00', '$52.40', '$26.20', '517', '526', '9 CCF', 'WA-ACC-300001', 'WA-BILL-202604-000101', 'Page 1 of 2']) expect(words).toContain(w);
    const again = await alpha().get('/bills/WA-BILL-202604-000101/pdf').is(200);
    expect(sha_of(again.bytes)).toBe(sha_of(r.bytes));
    expect(downloads()).toBe('2');
    expect(one("select count(*) from document where entity = 'bill'")).toBe('1');
    await alpha().get('/bills/WA-BILL-202604-000101').lacks('The PDF is being made.');
  });

  test('CSS01US02.4 a cancelled bill is sent with a word across it; the stored file stays what it was', async () => {
    const whole = await alpha().get('/bills/WA-BILL-202604-000101/pdf').is(200);
    sql("update bill set status = 'cancelled' where bill_no = 'WA-BILL-202604-000101'");
    const r = await alpha().get('/bills/WA-BILL-202604-000101/pdf').is(200);
    expect(r.bytes.includes(Buffer.from('(Cancelled) Tj'))).toBe(true);
    expect(r.bytes.subarray(0, whole.bytes.length).equals(whole.bytes)).toBe(true);
    sql("update bill set status = 'published' where bill_no = 'WA-BILL-202604-000101'");
    expect(sha_of((await alpha().get('/bills/WA-BILL-202604-000101/pdf').is(200)).bytes)).toBe(sha_of(whole.bytes));
  });

  test('CSS01US02 several bills come as a ZIP; more than 24 are refused', async () => {
    const r = await beta().get('/bills.zip?year=2026').is(200);
    expect(r.headers['content-type']).toBe('application/zip');
    const list = execFileSync('python3', ['-c', 'import io,sys,zipfile\nz=zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\nassert z.testzip() is None\nprint(*z.namelist())'], { input: r.bytes, encoding: 'utf8' });
    expect(list.trim().split(' ').sort()).toEqual(['WA-BILL-202601-000101.pdf', 'WA-BILL-202602-000101.pdf', 'WA-BILL-202603-000101.pdf']);
    await beta().get('/bills.zip?year=2019').is(404);
    await beta().get('/bills?year=2026').sees('Download the PDFs as a ZIP');
  });

  test('CSS01US02.7 the statement as PDF and CSV ends with the same balance', async () => {
    const range = 'from=2026-01-01&to=2026-04-15';
    const r = await beta().get(`/statement.pdf?${range}`).is(200);
    const words = words_of(r.bytes);
    for (const w of ['Account statement', 'WA-ACC-300003', 'Balance at the start', '$0.00', 'WA-BILL-202603-000101', 'Balance at the end', '$300.00']) expect(words).toContain(w);
    const csv = await beta().get(`/statement.csv?${range}`).is(200);
    const rows = csv.body.replace('\ufeff', '').trim().split('\r\n');
    expect(rows[1]).toContain('WA-ACC-300003,2026-01-01,Balance at the start,,,0.00,USD');
    expect(rows[rows.length - 1]).toContain('WA-ACC-300003,2026-04-15,Balance at the end,,,300.00,USD');
    await beta().get('/statement.pdf?from=2023-01-01&to=2026-04-15').is(422);
    await beta().get('/statement.pdf?from=x&to=2026-04-15').is(404);
    expect(one("select count(*) from audit_entry where action = 'export' and entity = 'account'")).toBe('2');
  });

  test('CSS01US02.7 the statement ends with the balance of the ledger', async () => {
    await beta().get('/statement?from=01/01/2026&to=04/15/2026').sees('Balance at the start', '$0.00', 'WA-BILL-202603-000101', 'Balance at the end', '$300.00');
    expect(one("select balance_minor from account where account_no = 'WA-ACC-300003'")).toBe('30000');
    await beta().get('/statement?from=01/01/2023&to=04/15/2026').refuses(422, 'from', 'Choose at most 24 months.');
  });

  test('CSS01US02.5 a disputed line makes a complaint, holds the bill and is refused twice', async () => {
    const bill = 'WA-BILL-202604-000101', photo = { files: { name: 'meter.png', type: 'image/png', content: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') } };
    const ask = (fields) => alpha().post(`/bills/${bill}/dispute`, { reason: 'too_high', words: 'We were away all month.', ...fields }, { from: `/bills/${bill}/dispute`, files: photo });
    await ask({}).refuses(422, 'lines', 'Choose at least one line.');
    const page = await alpha().get(`/bills/${bill}/dispute`).sees('Water use', '$52.40');
    const seq = one(`select l.seq from bill_line l join bill b on b.id = l.bill_id where b.bill_no = '${bill}' and l.description = 'Water use'`);
    const fields = Object.fromEntries([...page.body.matchAll(/name="(csrf|form_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    await ask({ [`line_${seq}`]: '1' }).done('You need not pay what you questioned');
    const [c] = sql('select complaint_no, disputed_amount_minor, status, channel from complaint');
    expect(c).toMatchObject({ disputed_amount_minor: '5240', status: 'pending', channel: 'portal' });
    expect(one("select count(*) from document where entity = 'complaint'")).toBe('1');
    await alpha().get(`/bills/${bill}`).sees('Disputed', `${c.complaint_no} about this bill is open.`);
    await alpha().post(`/bills/${bill}/dispute`, { ...fields, [`line_${seq}`]: '1', reason: 'too_high', words: 'Once more, please.' }, { raw: true }).refuses(409, null, `${c.complaint_no} about this bill is open.`);
    await jobs_run();
    expect(one(`select dispute_hold from bill where bill_no = '${bill}'`)).toBe('1');
    await as('cso1').get(`/cis/complaints/${c.complaint_no}`).sees('We were away all month.', bill, 'meter.png');
    await beta().get(`/bills/${bill}/dispute`).is(404);
    // Staff take it, work on it and answer; a week later it is closed, and the bill is due again.
    const at = `/cis/complaints/${c.complaint_no}`, told = () => mails('alpha@swa.test').filter((m) => m.subject === `News on complaint ${c.complaint_no}`);
    await as('cso1').post(`${at}/resolution`, { code: 'explained', upheld: '0', words: 'Not yet: nobody has taken it.' }).is(409);
    await as('cso1').post(`${at}/take`, {}, { from: at }).done(`Complaint ${c.complaint_no} is yours.`);
    await as('cso1').post(`${at}/start`, {}, { from: at }).done('has begun');
    await as('cso1').get(`${at}/rejection`).is(403);
    await as('cso1').post(`${at}/resolution`, { code: 'explained', upheld: '0', words: 'Too short.' }, { from: `${at}/resolution` }).refuses(422, 'words');
    await as('cso1').post(`${at}/resolution`, { code: 'explained', upheld: '0', words: 'The reading was looked at again, and it is right.' }, { from: `${at}/resolution` }).done('is resolved; the consumer was told');
    await jobs_run();
    expect(told()).toHaveLength(1);
    expect(told()[0].body).toContain('The reading was looked at again, and it is right.');
    await alpha().get(`/bills/${bill}`).sees('Disputed');
    const close = async () => { sql.platform("insert into job (tenant_id, utility_id, kind, class, state, run_at, payload) select t.id, u.id, 'complaint.close', 'general', 'ready', '2026-01-01', '{}' from tenant t, smart360_t_swa.utility u where t.slug = 'swa' and u.code = 'swa-w'"); await jobs_run(); };
    sql('update complaint set resolved_at = resolved_at - interval 6 day');
    await close();
    expect(one('select status from complaint')).toBe('resolved');
    sql('update complaint set resolved_at = resolved_at - interval 1 day');
    await close();
    expect(one('select status from complaint')).toBe('closed');
    expect(one(`select dispute_hold from bill where bill_no = '${bill}'`)).toBe('0');
    await alpha().get(`/bills/${bill}`).sees('What you asked about this bill', c.complaint_no, 'Done');
    clock.forward({ days: 60 });
    await as.anew('alpha@swa.test').get(`/bills/${bill}/dispute`).refuses(409, null, 'Bills can be questioned for 60 days, until 06/09/2026. Call us about older ones.');
    clock.forward({ days: -60 });
  });

  test('CSS01US02 a bill that is paid is questioned too; nothing of it is held back', async () => {
    const bill = 'WA-BILL-202604-000101', [was] = sql('select paid_minor, payment_status from bill where bill_no = ?', [bill]);
    sql("update bill set paid_minor = total_minor, payment_status = 'paid' where bill_no = ?", [bill]);
    expect((await alpha().get(`/bills/${bill}`).sees('Paid')).body).toContain(`/bills/${bill}/dispute`);
    const to = `/bills/${bill}/dispute`, seq = one('select min(l.seq) from bill_line l join bill b on b.id = l.bill_id where b.bill_no = ? and l.amount_minor > 0', [bill]);
    const words = { reason: 'wrong_reading', words: 'The meter says something else.' };
    await alpha().post(to, words, { from: to, files: {} }).refuses(422, 'lines', 'Choose at least one line.');
    await alpha().post(to, { ...words, [`line_${seq}`]: '1' }, { from: to, files: {} }).done('Thank you. Your complaint has the number').and((r) => expect(r.text).not.toContain('need not pay'));
    const [c] = sql('select id, complaint_no, disputed_amount_minor from complaint order by id desc limit 1');
    expect(c.disputed_amount_minor).toBe('0');
    await alpha().get(`/bills/${bill}`).sees('Paid', `${c.complaint_no} about this bill is open.`).and((r) => expect(r.body).not.toContain(`/bills/${bill}/dispute"`));
    await alpha().get(to).refuses(409, null, `${c.complaint_no} about this bill is open.`);
    await jobs_run();
    // Rejected: by whoever may, with a reason of some length, told to the consumer, and nothing is held any longer.
    const at = `/cis/complaints/${c.complaint_no}`, boss = as('cso_supervisor'), told = () => mails('alpha@swa.test').filter((m) => m.subject === `News on complaint ${c.complaint_no}`).length, before = told();
    await as('cso1').post(`${at}/rejection`, { reason: 'The meter was read twice and both agree.' }).is(403);
    await boss.post(`${at}/rejection`, { reason: 'No.' }, { from: `${at}/rejection` }).refuses(422, 'reason');
    expect(one('select status from complaint where id = ?', [c.id])).not.toBe('rejected');
    await boss.post(`${at}/rejection`, { reason: 'The meter was read twice and both agree.' }, { from: `${at}/rejection` }).done(`${c.complaint_no}`);
    expect(one('select status from complaint where id = ?', [c.id])).toBe('rejected');
    await boss.post(`${at}/rejection`, { reason: 'Once more, as it was sent twice.' }).is(409);
    await jobs_run();
    expect(told()).toBe(before + 1);
    expect(mails('alpha@swa.test').pop().body).toContain('The meter was read twice and both agree.');
    expect(one('select dispute_hold from bill where bill_no = ?', [bill])).toBe('0');
    sql("update complaint set status = 'closed' where id = ?", [c.id]);
    sql('update bill set paid_minor = ?, payment_status = ?, dispute_hold = 0 where bill_no = ?', [was.paid_minor, was.payment_status, bill]);
  });

  test('CSS01US02 a copy on paper is asked for once', async () => {
    const bill = 'WA-BILL-202604-000101';
    await alpha().post(`/bills/${bill}/paper`, {}, { from: `/bills/${bill}/paper` }).done('Your request has the number');
    await alpha().post(`/bills/${bill}/paper`, {}, { from: `/bills/${bill}/paper` }).refuses(409, null, / is open\. The copy is on its way\./);
  });

  test('CSS01US02.6 a cancelled bill leads to the one that replaced it and cannot be paid', async () => {
    sql("insert into bill (utility_id, account_id, consumer_id, bill_no, kind, period_start, period_end, days, bill_date, due_date, currency, status, payment_status, current_charges_minor, total_minor, amount_due_minor, published_at) select utility_id, account_id, consumer_id, 'WA-BILL-202604-000203', 'one_off', period_start, period_end, days, bill_date, due_date, currency, 'published', 'unpaid', current_charges_minor, total_minor, amount_due_minor, published_at from bill where bill_no = 'WA-BILL-202604-000101'");
    sql("update bill o join bill n on n.bill_no = 'WA-BILL-202604-000203' set o.status = 'cancelled', o.superseded_by_bill_id = n.id where o.bill_no = 'WA-BILL-202604-000101'");
    const page = await alpha().get('/bills/WA-BILL-202604-000101').sees('Cancelled', 'This bill was replaced by WA-BILL-202604-000203 and need not be paid.', 'See the new bill');
    expect(page.body).toContain('/p/swa-w/bills/WA-BILL-202604-000203');
    expect(page.body).not.toContain('pay?bill=WA-BILL-202604-000101');
    sql("update bill set status = 'published', superseded_by_bill_id = null where bill_no = 'WA-BILL-202604-000101'");
    sql("delete from bill where bill_no = 'WA-BILL-202604-000203'");
  });

  test('CSS01US02 the CSV has one row a line of a bill', async () => {
    const r = await alpha().get('/bills.csv').is(200);
    const rows = r.body.trim().split('\r\n');
    expect(rows).toHaveLength(4);
    expect(rows[2]).toContain('WA-BILL-202604-000101,WA-ACC-300001,published,2026-03-01,2026-03-31,2026-04-10,2026-05-05,2,Water use,9');
    expect(one("select count(*) from audit_entry where action = 'export' and entity = 'bill'")).toBe('1');
  });

  test('CSS01US02 the bill is sent to one\'s own proved address, with its PDF, and once an hour', async () => {
    const bill = 'WA-BILL-202604-000101', sent = () => sql("select to_address, attachments is not null pdf from message where template_key = 'bill_ready'");
    const send = () => alpha().post(`/bills/${bill}/mail`, {}, { from: `/bills/${bill}` });
    sql("update portal_user set email_verified_at = null where email = 'alpha@swa.test'");
    await send().refuses(409, null, 'Prove your e-mail address first').and((r) => expect(r.body, 'on the page of the bill').toContain(`/bills/${bill}/mail`));
    sql("update portal_user set email_verified_at = utc_timestamp(6) where email = 'alpha@swa.test'");
    await send().done('The bill is on its way to alpha@swa.test.');
    await jobs_run();
    await send().is(303);
    await jobs_run();
    expect(sent()).toEqual([{ to_address: 'alpha@swa.test', pdf: '1' }]);
    await beta().post(`/bills/${bill}/mail`, { csrf: (await beta().get('/accounts')).body.match(/name="csrf" value="([^"]*)"/)[1] }, { raw: true }).is(404);
  });

  test('CSS01US02 the list has PDF, Pay and what is paid; filters hold for the CSV; ticked ones come as ZIP', async () => {
    const page = await beta().get('/bills').sees('Download several bills');
    for (const no of ['WA-BILL-202601-000101', 'WA-BILL-202602-000101']) for (const to of [`/p/swa-w/bills/${no}/pdf`, `/p/swa-w/pay?bill=${no}`]) expect(page.body).toContain(to);
    await beta().get('/bills?state=partly').sees('No bill fits these filters.');
    expect((await beta().get('/bills.csv?state=paid').is(200)).body.trim().split('\r\n')).toHaveLength(1);
    expect((await beta().get('/bills?state=overdue').is(200)).body).toContain('/bills.csv?state=overdue');
    const zip = await beta().get('/bills.zip?b_WA-BILL-202602-000101=1&b_WA-BILL-202604-000101=1').is(200);        // the second is another's
    const list = execFileSync('python3', ['-c', 'import io,sys,zipfile\nprint(*zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())).namelist())'], { input: zip.bytes, encoding: 'utf8' });
    expect(list.trim()).toBe('WA-BILL-202602-000101.pdf');
    await beta().get('/bills?page=2').sees('No bill');
    await beta().get('/bills?page=-1').sees('WA-BILL-202603-000101');
  });

  test('CSS01US02 a viewer sees bills and cannot pay; one who is not linked any more sees nothing', async () => {
    sql("update portal_account_link l join account a on a.id = l.account_id set l.access = 'viewer' where a.account_no = 'WA-ACC-300001'");
    await alpha().get('/bills').sees('$84.60').lacks('Pay $84.60');
    await alpha().get('/bills/WA-BILL-202604-000101').sees('$84.60').lacks('Pay $84.60');
    sql("update portal_account_link l join account a on a.id = l.account_id set l.access = 'owner', l.until = '2026-04-14' where a.account_no = 'WA-ACC-300001'");
    await alpha().get('/bills/WA-BILL-202604-000101').is(404);
    sql("update portal_account_link l join account a on a.id = l.account_id set l.until = null where a.account_no = 'WA-ACC-300001'");
  });

  test('CSS01US02 its pages look right, are light, and work without script', async ({ page, browser }) => {
    const faults = await watch(page.context());
    sql("insert into bill (utility_id, account_id, consumer_id, bill_no, kind, period_start, period_end, days, bill_date, due_date, currency, status, payment_status, current_charges_minor, total_minor, paid_minor, amount_due_minor, usage_qty_micro, usage_unit, published_at) select utility_id, account_id, consumer_id, 'WA-BILL-202603-000909', 'one_off', '2026-02-01', '2026-02-28', 28, '2026-03-10', '2026-03-31', currency, 'published', 'paid', 7800, 7800, 7800, 7800, 8000000, 'CCF', published_at from bill where bill_no = 'WA-BILL-202604-000101'");
    for (const p of ['/home', '/bills', '/bills/WA-BILL-202604-000101', '/statement', '/bills/WA-BILL-202604-000101/print']) {
      await alpha().browse(page, p);
      await looks_right(page, { widths: [360, 1024], shots: `portal${p.replace(/\W+/g, '-')}` });
    }
    await within_budget(page, 'https://swa.smart360.test/p/swa-w/bills', 'portal');
    await within_budget(page, 'https://swa.smart360.test/p/swa-w/home', 'portal');
    await within_budget(page, 'https://swa.smart360.test/p/swa-w/bills/WA-BILL-202604-000101', 'portal');
    expect(faults).toEqual([]);
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 640 }, ignoreHTTPSErrors: true });
    const plain = await context.newPage();
    await alpha().browse(plain, '/bills');
    await plain.getByRole('link', { name: /March 2026/ }).click();
    await plain.locator('summary', { hasText: 'Water use' }).click();
    await expect(plain.getByText('For 9 CCF')).toBeVisible();
    await context.close();
    sql("delete from bill where bill_no = 'WA-BILL-202603-000909'");
  });
});
