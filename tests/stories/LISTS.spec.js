// Lists as people keep them: saved filters, files of long lists, the history of a record.
const { story } = require('../support/story');

story('LISTS saved filters', 'BX-FIX', ({ as, test, expect, sql, one, looks_right }) => {
  const query = (location) => new URL(location, 'https://x').search;
  const view = (name) => one('select public_id from saved_view where name = ?', [name]);

  test('LISTS addresses of lists hold codes of categories, areas and ways to pay, no row ids', async () => {
    const manager = as('billing_manager'), of = async (path) => Number((await manager.get(path).is(200)).text.match(/1 to \d+ of ([\d,]+)/)?.[1].replace(',', '') ?? 0);
    const values = (page, name) => [...page.body.match(new RegExp(`<select[^>]*name="${name}"[\\s\\S]*?</select>`))[0].matchAll(/value="([^"]+)"/g)].map((m) => m[1]);
    const accounts = await manager.get('/cis/consumers').is(200), payments = await manager.get('/cis/payments').is(200);
    expect(values(accounts, 'in_category')).toEqual(expect.arrayContaining(['RES', 'COM']));
    expect(values(accounts, 'sub_area')).toContain('DTN-PRL');
    expect(values(payments, 'by_mode').length).toBeGreaterThan(1);
    for (const v of [...values(accounts, 'in_category'), ...values(accounts, 'sub_area'), ...values(payments, 'by_mode')]) expect(v).not.toMatch(/^\d+$/);
    const [n, area] = [one("select count(*) from account a join consumer_category k on k.id = a.category_id where k.code = 'RES' and a.utility_id = (select id from utility where code = 'swa-w')"), sql("select s.code, count(*) n from account a join premise p on p.id = a.premise_id join service_area s on s.id = p.sub_area_id where a.utility_id = (select id from utility where code = 'swa-w') group by s.code order by 2 desc limit 1")[0]];
    expect(await of('/cis/consumers?in_category=RES')).toBe(Number(n));
    expect(await of(`/cis/consumers?sub_area=${area.code}`)).toBe(Number(area.n));
    expect(await of('/cis/consumers?in_category=COM')).toBeLessThan(await of('/cis/consumers'));
    const mode = sql('select o.code, count(*) n from payment p join payment_mode o on o.id = p.mode_id group by o.code limit 1')[0];
    if (mode) expect(await of(`/cis/payments?by_mode=${mode.code}`)).toBe(Number(mode.n));
  });

  test('LISTS a filter is saved under a name and stands above the list', async () => {
    const manager = as('billing_manager');
    const list = await manager.get('/bx/gl-codes?type=revenue').is(200);
    expect(list.body).toContain('/views/new?list=gl_code');
    const from = list.body.match(/href="(\/u\/swa-w\/views\/new\?[^"]+)"/)[1].replace(/&amp;/g, '&');
    const saved = await manager.post('/views', { name: 'Revenue codes' }, { from: from.replace('/u/swa-w', '') }).is(303);
    expect(query(saved.location)).toBe(`?view=${view('Revenue codes')}&type=revenue`);
    const page = await manager.get(saved.location.replace('/u/swa-w', '')).sees('4020', 'Revenue codes').lacks('1200 ');
    expect(page.body).toMatch(/aria-current="true">Revenue codes</);
    await as('billing_clerk1').get('/bx/gl-codes').lacks('Revenue codes');
    expect(one("select count(*) from audit_entry where entity = 'saved_view' and action = 'create'")).toBe('1');
  });

  test('LISTS a shared one is seen by others, and only its owner changes it', async () => {
    const manager = as('billing_manager'), clerk = as('billing_clerk1'), id = view('Revenue codes');
    await manager.post(`/views/${id}`, { name: 'All revenue', shared: '1' }, { from: `/views/${id}` }).done('Saved.');
    await clerk.get('/bx/gl-codes').sees('All revenue').lacks('Change saved ones');
    await clerk.get(`/views/${id}`).is(404);
    await clerk.post(`/views/${id}/deletion`, { csrf: (await clerk.get('/views')).body.match(/name="csrf" value="([^"]+)"/)[1] }, { raw: true }).is(404);
    const log = one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'saved_view' and e.action = 'edit'");
    expect(JSON.parse(log)).toEqual({ name: 'All revenue', shared: 'yes' });      // changed fields only
  });

  test('LISTS the list begins with the chosen one, and All leads out of it', async () => {
    const manager = as('billing_manager'), id = view('All revenue');
    await manager.post(`/views/${id}`, { default: '1', shared: '1' }, { from: `/views/${id}` }).is(303);
    await manager.get('/bx/gl-codes').goes(`/bx/gl-codes?view=${id}&type=revenue`);
    await manager.get('/bx/gl-codes?view=all').sees('1200', '4020');
    const filtered = await manager.get('/bx/gl-codes?q=nothing-like-it').is(200);
    expect(filtered.body).toContain('/bx/gl-codes?view=all');           // clearing does not lead back into it
    await as('billing_clerk1').get('/bx/gl-codes').sees('1200');        // of the person alone
  });

  test('LISTS refuses a name that is taken, a list without a filter, a list that is none', async () => {
    const manager = as('billing_manager');
    const new_ = '/views/new?list=gl_code&path=%2Fbx%2Fgl-codes&query=type%3Dasset';
    await manager.post('/views', { name: 'all REVENUE' }, { from: new_ }).refuses(422, 'name', 'You have a filter with this name on this list.');
    await manager.post('/views', { name: '' }, { from: new_ }).refuses(422, 'name', 'Enter name.');
    await manager.post('/views', { name: 'x', query: '' }, { from: new_ }).refuses(422, null, 'Nothing is filtered or sorted.');
    await manager.post('/views', { name: 'x', query: '"><script>' }, { from: new_ }).is(422);
    await manager.post('/views', { name: 'x', path: '//evil.example' }, { from: new_ }).is(404);
    await manager.get('/views/new?list=roles&path=%2Froles&query=q%3Dx').is(403);               // no right to see that list
    expect(one("select count(*) from saved_view where name = 'x'")).toBe('0');
  });

  test('LISTS taking the share back ends what others began with; deletion too', async () => {
    const manager = as('billing_manager'), id = view('All revenue');
    sql("insert into saved_view_default (user_id, utility_id, list, saved_view_id) select u.id, v.utility_id, v.list, v.id from user u join saved_view v where u.email = 'billing_clerk1@swa.test'");
    await as('billing_clerk1').get('/bx/gl-codes').is(303);
    await manager.post(`/views/${id}`, { shared: null }, { from: `/views/${id}` }).is(303);
    await as('billing_clerk1').get('/bx/gl-codes').sees('1200').lacks('All revenue');
    await manager.post(`/views/${id}/deletion`, {}, { from: `/views/${id}` }).done('Filter All revenue is deleted.');
    await manager.get('/bx/gl-codes').is(200);
    expect(one('select count(*) from saved_view_default')).toBe('0');
  });

  test('LISTS two who change one saved filter: the second sees that it was changed', async () => {
    const a = as('billing_manager'), b = as.anew('billing_manager');
    await a.post('/views', { name: 'Mine' }, { from: '/views/new?list=gl_code&path=%2Fbx%2Fgl-codes&query=type%3Dasset' }).is(303);
    const id = view('Mine'), [form] = (await b.get(`/views/${id}`).forms()).filter((f) => f.action.endsWith(`/views/${id}`));
    await a.post(`/views/${id}`, { name: 'Mine too' }, { from: `/views/${id}` }).is(303);
    await b.post(`/views/${id}`, { ...Object.fromEntries(form.fields), name: 'Other' }, { raw: true }).is(409);
    expect(one('select name from saved_view where public_id = ?', [id])).toBe('Mine too');
  });

  test('LISTS dates stand behind More filters, and clearing is one press', async () => {
    const page = await as('utility_admin').get('/jobs?created_at_from=2026-04-01').is(200);
    expect(page.body).toMatch(/<details class="s-menu" open>.*name="created_at_from"/s);
    expect(page.text).toContain('Made, from: 2026-04-01');
  });

  test('LISTS the history of a record: who, when, old and new', async () => {
    const manager = as('billing_manager');
    await manager.post('/bx/gl-codes', { code: '4999', name: 'Sundries', type: 'revenue', normal_side: 'credit', active: '1' }, { from: '/bx/gl-codes/new' }).is(303);
    await manager.post('/bx/gl-codes/4999', { name: 'Other income', control: '1' }, { from: '/bx/gl-codes/4999/edit' }).is(303);
    const page = await manager.get('/bx/gl-codes/4999').is(200);
    expect(page.body).toContain('/bx/gl-codes/4999/history');
    const history = await manager.get('/bx/gl-codes/4999/history').sees('Changed', 'Billing manager', 'Name was Sundries Other income', 'Control was No Yes', 'Created', 'Code 4999', 'Normal side Credit', 'Today, Saturday 2 May 2026');
    expect(history.text.indexOf('Changed')).toBeLessThan(history.text.indexOf('Created'));        // newest first
    await as('cso1').get('/bx/gl-codes/4999/history').is(403);                                     // the right to see it
    await manager.get('/bx/gl-codes/0000/history').is(404);
  });

  test('LISTS a long history goes on, and blanked values are gone from it', async () => {
    sql("insert into audit_entry (at, utility_id, actor_kind, actor_name, action, entity, entity_id) select utc_timestamp(6), g.utility_id, 'system', null, 'seen', 'gl_code', g.id from gl_code g join seq_1_to_60 s where g.code = '4999'");
    const first = await as('billing_manager').get('/bx/gl-codes/4999/history').sees('Older changes', 'The system').lacks('Sundries');
    const older = first.body.match(/href="([^"]+\?before=\d+)"/)[1];
    await as('billing_manager').get(older.replace('/u/swa-w', '')).sees('Sundries').lacks('Older changes');
    sql("update audit_value set before_value = null, after_value = null, blanked_at = utc_timestamp(6) where audit_id in (select id from audit_entry where entity = 'gl_code' and version = 2)");
    await as('billing_manager').get(older.replace('/u/swa-w', '')).lacks('Other income was');
  });

  test('LISTS deletion asks again and says what will go', async () => {
    const manager = as('billing_manager');
    await manager.get('/bx/gl-codes/4999/deletion').sees('Delete 4999 Other income?', 'It cannot be brought back.', 'Go back');
    expect(one("select count(*) from gl_code where code = '4999'")).toBe('1');
    await manager.post('/bx/gl-codes/4999/deletion', {}, { from: '/bx/gl-codes/4999/deletion' }).done('4999 Other income deleted.');
  });

  test('LISTS an export is in the audit, a refused one too', async () => {
    const before = Number(one("select count(*) from audit_entry where action = 'export'"));
    const csv = await as('billing_manager').get('/bx/gl-codes?type=asset&export=csv').is(200);
    expect(csv.body).toMatch(/^\ufeffCode,Name/);
    expect(one("select count(*) from audit_entry where action = 'export'")).toBe(String(before + 1));
    expect(JSON.parse(one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.action = 'export' order by e.id desc limit 1"))).toMatchObject({ from: '/u/swa-w/bx/gl-codes?type=asset' });
    await as('billing_clerk1').get('/bx/gl-codes?export=csv').is(403);
    expect(one("select count(*) from audit_entry where action = 'export'")).toBe(String(before + 1));
  });

  test('LISTS pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/views', `/views/${view('Mine too')}`, '/views/new?list=gl_code&path=%2Fbx%2Fgl-codes&query=type%3Dasset', '/bx/gl-codes/4020/history', '/bx/gl-codes?type=asset', '/downloads']) {
      await as('billing_manager').browse(page, path);
      await looks_right(page, { shots: `lists${path.replace(/\W+/g, '-').slice(0, 40)}` });
    }
  });
});

story('LISTS long files', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, clock, command, instance, looks_right }) => {
  const fs = require('fs');
  // 12,345 codes of a kind that nothing posts to.
  const fill = () => sql("insert into gl_code (utility_id, code, name, type, normal_side) select u.id, concat('7', lpad(s.seq, 5, '0')), concat('=Line ', s.seq), 'expense', 'debit' from utility u join seq_1_to_12345 s where u.code = 'swa-w'");
  const file = () => sql('select * from export_file order by id desc limit 1')[0];

  test('LISTS more than 5,000 rows become a file that a job makes, each row once', async () => {
    fill();
    const manager = as('billing_manager');
    await manager.get('/bx/gl-codes?q=line&export=csv').goes('/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline');
    await manager.get('/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline').sees('Export 12,345 GL codes', 'kept for 7 days');
    const begun = await manager.post('/downloads', {}, { from: '/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline' }).is(303);
    const path = begun.location.replace('/u/swa-w', '');
    await jobs_run();
    await manager.get(path).sees('Ready', 'Fetch the file with 12,345 rows', 'Kept until');
    const csv = await manager.get(`${path}/file`).is(200);
    expect(csv.headers['content-disposition']).toContain('attachment; filename="gl_code-2026-05-02.csv"');
    const lines = csv.body.replace(/\r\n$/, '').split('\r\n');
    expect(lines[0].startsWith('\ufeffCode,Name')).toBe(true);
    expect(lines.length).toBe(12346);
    expect(new Set(lines.map((l) => l.split(',')[0])).size).toBe(12346);
    expect(lines.some((l) => l.includes("'=Line 1,"))).toBe(true);           // no formulas
    expect(csv.body.match(/\ufeff/g).length).toBe(1);
    expect(one("select count(*) from notification where recipient_kind = 'user' and topic = 'export'")).toBe('1');
    expect(one("select count(*) from audit_entry where action = 'download' and entity = 'export_file'")).toBe('1');
    expect(fs.readdirSync(`${instance().folder}/documents/swa/exports`)).toEqual([]);
  });

  test('LISTS the file is its owner\'s, and the right is asked again when it is fetched', async () => {
    const path = `/downloads/${file().public_id}`;
    await as('utility_admin').get(path).is(404);
    await as('utility_admin').get(`${path}/file`).is(404);
    sql("insert into user_permission_override (utility_id, user_id, permission_id, effect, reason) select x.id, u.id, p.id, 'deny', 'test' from user u join permission p join utility x where u.email = 'billing_manager@swa.test' and p.`key` = 'bx.gl:export' and x.code = 'swa-w'");
    await as('billing_manager').get(`${path}/file`).is(403);
    sql('delete from user_permission_override');
    await as('billing_manager').get(`${path}/file`).is(200);
  });

  test('LISTS who loses the right while the file is made gets none', async () => {
    const manager = as('billing_manager');
    await manager.get('/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline').is(200);
    await manager.get('/downloads/new?from=%2Fu%2Fswa-w%2Froles').is(403);
    await manager.get('/downloads/new?from=%2Fu%2Fswa-w%2Fdashboard').is(403);
    await manager.get('/downloads/new?from=%2Fu%2Fswa-e%2Fbx%2Fgl-codes').is(404);
    await manager.get('/downloads/new?from=%2Fplatform').is(404);
    await manager.post('/downloads', {}, { from: '/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline' }).is(303);
    const id = file().public_id;
    sql("update export_file set user_id = (select id from user where email = 'cso1@swa.test') where public_id = ? and state in ('asked', 'making')", [id]);
    await jobs_run();
    if (file().user_id !== one("select id from user where email = 'cso1@swa.test'")) return;    // a worker was quicker than this test
    expect(file().state).toBe('failed');
    expect(file().problem).toContain('You do not have permission to');
    expect(file().document_id).toBe(null);
    await as('cso1').get(`/downloads/${id}/file`).is(404);
  });

  test('LISTS a worker that dies leaves no row out and none twice', async () => {
    const manager = as('billing_manager');
    await manager.post('/downloads', {}, { from: '/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline' }).is(303);
    await jobs_run();
    const x = file();
    // As after a kill between the writing and the commit of the second piece: the file is longer than its cursor says.
    sql("update export_file set state = 'making', rows_done = 5000, document_id = null where id = ?", [x.id]);
    sql.platform("insert into job (tenant_id, utility_id, kind, class, payload, run_at, `cursor`) select t.id, j.utility_id, 'export.make', 'imports', j.payload, utc_timestamp(6) - interval 400 day, null from tenant t join job j on j.kind = 'export.make' where t.slug = 'swa' and j.id = ?", [x.job_id]);
    fs.mkdirSync(`${instance().folder}/documents/swa/exports`, { recursive: true });
    fs.writeFileSync(`${instance().folder}/documents/swa/exports/${x.public_id}.part`, 'half a row, which was never committed');
    await jobs_run();
    const csv = await manager.get(`/downloads/${x.public_id}/file`).is(200);
    const lines = csv.body.replace(/\r\n$/, '').split('\r\n');
    expect(lines.length).toBe(12346);
    expect(csv.body).not.toContain('half a row');
  });

  test('LISTS a file may be stopped, and it goes after its days', async () => {
    const manager = as('billing_manager'), ready = file();
    sql("update export_file set state = 'asked' where id = ?", [ready.id]);
    await manager.post(`/downloads/${ready.public_id}/cancellation`, {}, { from: `/downloads/${ready.public_id}` }).done('The file is not made.');
    
    sql("update export_file set state = 'ready' where id = ?", [ready.id]);
    await manager.get(`/downloads/${ready.public_id}/file`).is(200);
    const before = clock.now();
    clock.forward({ days: 7, minutes: 1 });
    await as('billing_manager').get(`/downloads/${ready.public_id}/file`).is(404);
    await as('billing_manager').get(`/downloads/${ready.public_id}`).sees('Expired', 'Export the list again.');
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'core.cleanup', 'general', utc_timestamp(6) - interval 400 day from tenant where slug = 'swa'");
    await jobs_run();
    expect(file().state).toBe('expired');
    expect(one('select count(*) from document d join export_file x on x.document_id = d.id where x.id = ? and d.erased_at is null', [ready.id])).toBe('0');
    clock(before);
  });

  test('LISTS more than 100,000 rows are refused', async () => {
    sql("insert into gl_code (utility_id, code, name, type, normal_side) select u.id, concat('8', lpad(s.seq, 6, '0')), 'Line', 'expense', 'debit' from utility u join seq_1_to_100000 s where u.code = 'swa-w'");
    await as('billing_manager').get('/bx/gl-codes?q=line&export=csv').refuses(422, null, 'Narrow the filter (112,345 rows).');
    await as('billing_manager').get('/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline').is(422);
    sql("delete from gl_code where code like '8%' and name = 'Line'");
  });

  test('LISTS pages of a file look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/downloads', '/downloads/new?from=%2Fu%2Fswa-w%2Fbx%2Fgl-codes%3Fq%3Dline', `/downloads/${file().public_id}`]) {
      await as('billing_manager').browse(page, path);
      await looks_right(page, { shots: `lists${path.replace(/\W+/g, '-').slice(0, 20)}` });
    }
  });
});

story('LISTS a wide search', 'BX-FIX', ({ as, test, expect, sql }) => {
  test('LISTS a text that fits more rows than a search looks through says so; one that fits few is counted', async () => {
    const numbers = (page) => [...new Set(page.body.match(/SF-10\d\d/g))];
    const all = numbers(await as('cso').get('/cis/consumers?q=SF-10').sees('1 to 7 of 7'));
    expect(all.length).toBe(7);
    sql("insert into setting (utility_id, `key`, value) select id, 'core.found_most', '3' from utility");
    const wide = await as('cso').get('/cis/consumers?q=SF-10').sees('1 to 7 of more than 3', 'More than 3 ', 'fit “SF-10”', 'Type more of it.');
    expect(numbers(wide)).toEqual(all);                        // in the list's order
    const sorted = await as('cso').get('/cis/consumers?q=SF-10&sort=-balance_minor').sees('of more than 3');
    expect(numbers(sorted).length).toBe(4);                    // in another order: some of them
    await as('cso').get('/cis/consumers?q=SF-100&status=closed').lacks('SF-1001');
    await as('cso').get('/cis/consumers?q=SF-1003').sees('1 to 1 of 1').lacks('more than');
    await as('cso').get('/cis/consumers?q=nobody').sees('match').lacks('more than');
    await as('meter_manager').get('/mx/meters?q=SF-').sees('of more than 3');
  });
});
