// Printing and distribution, as far as bills by mail: HTML beside the text, the way to the PDF, attached where the utility says so.
const { story } = require('../support/story');

story('BX06US01', 'BX-FIX', ({ as, test, expect, sql, one, mails, jobs_run, command, sleep }) => {
  const prefer = (account, mode) => sql(`insert into bill_delivery_pref (utility_id, account_id, mode, since) select utility_id, id, ?, '2026-04-01' from account where account_no = ? on duplicate key update mode = values(mode)`, [mode, account]);

  test('BX06US01 a published bill goes by mail once, with its HTML and the link to the portal', async () => {
    prefer('SF-1001', 'email');
    prefer('SF-1002', 'both');
    prefer('SF-2001', 'paper');
    expect(command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish')).toContain('8 bills, 1 held, 1 errors');
    await jobs_run();
    const [mail, ...more] = mails('sf1001@swa.test');
    expect(more).toEqual([]);
    expect(mail.subject).toBe('Your bill of $188.00 is due 23 May 2026');
    expect(mail.body).toContain('https://swa.smart360.test/p/swa-w/bills/WA-BILL-202605-000001');
    const html = one("select body_html from message where to_address = 'sf1001@swa.test' and template_key = 'bill_ready'");
    for (const w of ['$188.00', 'Due 23 May 2026', 'SF-1001', '1,250 → 1,262', '5 × 4.50 = 22.50', '$90.72', 'San Francisco Water Authority', '/b/']) expect(html).toContain(w);
    expect(mails('sf1002@swa.test')).toHaveLength(1);
    expect(mails('sf2001@swa.test')).toHaveLength(0);       // on paper
    // the provider reports a second later
    for (let i = 0; i < 100 && one("select count(*) from bill_delivery where channel = 'email' and state = 'sent'") !== '0'; i++) { await sleep(100); await jobs_run(); }
    expect(sql("select d.channel, d.state from bill_delivery d join bill b on b.id = d.bill_id where b.bill_no = 'WA-BILL-202605-000001' order by 1"))
      .toEqual([{ channel: 'email', state: 'delivered' }, { channel: 'portal', state: 'delivered' }]);
    expect(one("select count(*) from bill where status = 'published' and pdf_document_id is null")).toBe('0');
    expect(one('select attachments from message where template_key = \'bill_ready\' limit 1')).toBeNull();
  });

  test('BX06US01 the PDF is attached where the utility says so', async () => {
    sql("insert into setting (utility_id, `key`, value) select id, 'bx.attach_pdf', '1' from utility where code = 'swa-w'");
    prefer('SF-1006', 'email');
    sql("update consumer n join account a on a.consumer_id = n.id set n.email = 'sf1006@swa.test' where a.account_no = 'SF-1006'");
    await as('billing_manager').post('/bx/generate/RUN-2026-0001/accounts/SF-1006/release', { reason: 'leak confirmed by a visit' });
    await jobs_run();
    expect(mails('sf1006@swa.test')).toHaveLength(1);
    expect(sql("select json_value(m.attachments, '$[0]') = b.pdf_document_id same from message m join bill_delivery d on d.message_id = m.id join bill b on b.id = d.bill_id where m.to_address = 'sf1006@swa.test'")).toEqual([{ same: '1' }]);
  });

  test('BX06US01 names and addresses with signs of HTML are only text in the mail', async () => {
    const mark = `'"><x y=1>&`;
    sql("update consumer n join account a on a.consumer_id = n.id set n.organization_name = ?, n.email = 'mark@swa.test' where a.account_no = 'SF-2003'", [mark]);
    sql("update premise p join account a on a.premise_id = p.id set p.line1 = ? where a.account_no = 'SF-2003'", [mark]);
    const bill = one("select b.id from bill b join account a on a.id = b.account_id where a.account_no = 'SF-2003'");
    sql("update bill set pdf_document_id = null where id = ?", [bill]);
    sql("insert into bill_delivery (utility_id, bill_id, channel, address, state) select utility_id, id, 'email', 'mark@swa.test', 'queued' from bill where id = ?", [bill]);
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000008/pdf').is(200);
    await jobs_run();
    const html = one("select body_html from message where to_address = 'mark@swa.test'");
    expect(html).toContain('&#39;&quot;&gt;&lt;x y=1&gt;&amp;');
    expect(html).not.toContain('<x y');
  });
});
