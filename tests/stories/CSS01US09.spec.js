// Notes in the application: the bell and its page, for staff and consumers.
const { story } = require('../support/story');

story('CSS01US09', 'UX-FIX', ({ as, test, expect, sql, one, clock, jobs_run, watch, looks_right }) => {
  const alpha = () => as('alpha@swa.test'), beta = () => as('beta@swa.test'), manager = () => as('billing_manager');
  const at_sql = (d) => d.toISOString().replace('T', ' ').replace('Z', '');
  const portal_user = (mail) => one('select id from portal_user where email = ?', [mail]);
  const staff = (mail) => one('select id from user where email = ?', [mail]);
  const post = (kind, id, title, more = {}) => sql("insert into notification (utility_id, recipient_kind, recipient_id, topic, severity, title, body, link, created_at, expires_at) values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [kind, id, more.topic ?? 'billing', more.severity ?? 'info', title, more.body ?? 'A word about it', more.link ?? null, at_sql(clock.now()), more.until ?? '2030-01-01']);
  const note = (title) => one('select public_id from notification where title = ?', [title]);
  const BILL = 'WA-BILL-202604-000101';
  // as billing tells that it was published; a second time: the outbox delivers it again
  const posted = async (id, bill = BILL) => {
    if (one('select count(*) from outbox_event where event_id = ?', [id]) === '0') sql("insert into outbox_event (event_id, name, utility_id, occurred_at, actor_kind, entity, entity_id, number, account_id, consumer_id) select ?, 'bill.posted', utility_id, ?, 'system', 'bill', id, bill_no, account_id, consumer_id from bill where bill_no = ?", [id, at_sql(clock.now()), bill]);
    else sql('update outbox_event set dispatched_at = null where event_id = ?', [id]), sql('delete from event_handled where event_id = ?', [id]);
    await jobs_run();
  };
  const link = (mail, account, access) => sql("insert into portal_account_link (utility_id, portal_user_id, account_id, access, linked_at) select u.utility_id, u.id, a.id, ?, utc_timestamp(6) from portal_user u join account a on a.account_no = ? where u.email = ?", [access, account, mail]);
  const clean = () => sql('delete from notification');
  const count = (page) => page.body.match(/class="s-n"[^>]*>([^<]*)/)?.[1];

  test('CSS01US09.3 what is read on one device is read on all', async () => {
    post('portal_user', portal_user('alpha@swa.test'), 'Your bill is ready', { link: '/p/swa-w/bills' });
    post('portal_user', portal_user('alpha@swa.test'), 'A second note');
    const phone = alpha(), desktop = as.anew('alpha@swa.test');
    expect(count(await desktop.get('/home').is(200))).toBe('2');
    await phone.get('/notifications').sees('Your bill is ready', 'A second note', 'new');
    await phone.get(`/notifications/${note('Your bill is ready')}`).goes('/bills');
    expect(count(await desktop.get('/home').is(200))).toBe('1');
    await phone.post('/notifications/read', {}, { from: '/notifications' }).is(303);
    expect(count(await desktop.get('/home').is(200))).toBeUndefined();
    await desktop.get('/notifications?unread=1').sees('Nothing to tell you');
  });

  test('CSS01US09.4 a note of somebody else is not found and stays unread', async () => {
    post('portal_user', portal_user('alpha@swa.test'), 'For alpha alone', { link: '/p/swa-w/bills' });
    const id = note('For alpha alone');
    await beta().get('/notifications').lacks('For alpha alone');
    await beta().get('/more').is(200);
    await beta().post(`/notifications/${id}/read`).is(404);
    await beta().get(`/notifications/${id}`).is(404);
    await manager().get(`/me/notifications/${id}`).is(404);
    expect(one('select read_at from notification where public_id = ?', [id])).toBe(null);
  });

  test('CSS01US09.6 a body with markup is shown as text', async () => {
    post('user', staff('billing_manager@swa.test'), 'A <b>title</b>', { body: '<script>alert(1)</script>', severity: 'warning' });
    const page = await manager().get('/me/notifications').is(200);
    expect(page.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page.body).not.toContain('<script>alert(1)');
    expect(page.body).toContain('A &lt;b&gt;title&lt;/b&gt;');
  });

  test('CSS01US09.1 a bill that is posted is in the bell; its link opens the bill and empties the bell', async () => {
    clean();
    await posted('evt-css01us09-1-------');
    const who = alpha(), home = await who.get('/home').is(200);
    expect(count(home)).toBe('1');
    await who.get('/notifications').sees('Your bill of $84.60 is due 5 May 2026', 'WA-ACC-300001').lacks('https://');
    await who.get(`/notifications/${one('select public_id from notification')}`).goes(`/bills/${BILL}`);
    expect(count(await who.get(`/bills/${BILL}`).is(200))).toBeUndefined();
  });

  test('CSS01US09.1 the bell of an open page follows within a minute', async ({ page }) => {
    clean();
    const faults = await watch(page.context());
    await page.clock.install();
    await alpha().browse(page, '/bills');
    await expect(page.locator('.s-bell .s-n')).toHaveCount(0);
    await posted('evt-css01us09-1b------');
    await page.clock.fastForward(61000);
    await expect(page.locator('.s-bell .s-n')).toHaveText('1');
    await expect(page.locator('.s-bell')).toHaveAttribute('aria-label', '1 notification not read');
    await alpha().post('/notifications/read', {}, { from: '/notifications' }).is(303);
    await page.clock.fastForward(61000);
    await expect(page.locator('.s-bell .s-n')).toHaveCount(0);
    expect(faults).toEqual([]);
  });

  test('CSS01US09 the bell\'s question has a tag, and keeps no session alive', async () => {
    clean();
    const who = as.anew('alpha@swa.test');
    const first = await who.get('/notifications/count').is(200);
    expect(JSON.parse(first.body)).toEqual({ count: '', text: 'Notifications' });
    await who.get('/notifications/count', { headers: { 'If-None-Match': first.headers.etag } }).is(304);
    post('portal_user', portal_user('alpha@swa.test'), 'One more');
    expect(JSON.parse((await who.get('/notifications/count', { headers: { 'If-None-Match': first.headers.etag } }).is(200)).body).count).toBe('1');
    for (let i = 0; i < 3; i++) {
      clock.forward({ minutes: 9 });
      await who.get('/notifications/count').is(200);
    }
    clock.forward({ minutes: 5 });
    await who.get('/home').goes(/signin/);
    await manager().get('/me/notifications/count').is(200);
  });

  test('CSS01US09.2 an event that is delivered twice is told once', async () => {
    clean();
    await posted('evt-css01us09-2-------');
    await posted('evt-css01us09-2-------');
    expect(sql('select count, title from notification where recipient_kind = \'portal_user\'')).toEqual([{ count: '1', title: 'Your bill of $84.60 is due 5 May 2026' }]);
  });

  test('CSS01US09 payers are told of bills and payments, viewers of all; accounts of the same holder are not mixed', async () => {
    clean();
    link('beta@swa.test', 'WA-ACC-300001', 'payer');
    await posted('evt-css01us09-3-------');
    expect(count(await as.anew('beta@swa.test').get('/home').is(200))).toBe('1');
    await as.anew('alpha@swa.test').post(`/bills/${BILL}/paper`, {}, { from: `/bills/${BILL}/paper` }).is(303);
    expect(sql("select u.email, n.topic from notification n join portal_user u on u.id = n.recipient_id where n.recipient_kind = 'portal_user' order by n.id")).toEqual([
      { email: 'alpha@swa.test', topic: 'billing' }, { email: 'beta@swa.test', topic: 'billing' }, { email: 'alpha@swa.test', topic: 'service_requests' }]);
    clean();
    sql("update portal_account_link l join portal_user u on u.id = l.portal_user_id join account a on a.id = l.account_id set l.access = 'viewer' where u.email = 'beta@swa.test' and a.account_no = 'WA-ACC-300001'");
    await posted('evt-css01us09-4-------');
    await posted('evt-css01us09-5-------', 'WA-BILL-202604-000102');       // the same holder's other account is linked to nobody
    expect(sql("select u.email from notification n join portal_user u on u.id = n.recipient_id where n.topic = 'billing' order by u.email")).toEqual([{ email: 'alpha@swa.test' }, { email: 'beta@swa.test' }]);
    sql("update portal_account_link l join portal_user u on u.id = l.portal_user_id join account a on a.id = l.account_id set l.ended_at = utc_timestamp(6) where u.email = 'beta@swa.test' and a.account_no = 'WA-ACC-300001'");
  });

  test('CSS01US09 filters by topic, archive', async () => {
    clean();
    post('portal_user', portal_user('alpha@swa.test'), 'About a bill');
    post('portal_user', portal_user('alpha@swa.test'), 'About the outage', { topic: 'outages_safety' });
    const who = alpha();
    await who.get('/notifications?topic=outages_safety').sees('About the outage').lacks('About a bill');
    await who.get('/notifications?topic=nonsense').sees('No notification fits these filters.');
    const id = note('About a bill');
    await who.post(`/notifications/${id}/read`, {}, { from: '/notifications' }).goes('/notifications');
    await who.post(`/notifications/${id}/archive`, {}, { from: '/notifications' }).done('The notification is in the archive.');
    await who.get('/notifications').lacks('About a bill').sees('About the outage');
    await beta().get('/more').is(200);
    await beta().post(`/notifications/${note('About the outage')}/archive`).is(404);
  });

  test('CSS01US09.5 a critical one stands above every page, is read aloud once, and goes at its end', async ({ page }) => {
    clean();
    const until = at_sql(new Date(clock.now().getTime() + 20 * 60000));
    post('portal_user', portal_user('alpha@swa.test'), 'Water off 9 to 15 today', { severity: 'critical', topic: 'outages_safety', until, body: 'Works in Test Street' });
    const who = as.anew('alpha@swa.test');
    const first = await who.get('/bills').sees('Water off 9 to 15 today', 'Works in Test Street');
    expect(first.body.match(/role="alert"[^>]*>[\s\S]{0,300}Water off/)).not.toBeNull();
    expect((await who.get('/home').sees('Water off 9 to 15 today')).body).not.toContain('role="alert"');
    await who.browse(page, '/bills');
    await looks_right(page, { widths: [360, 1024] });
    await page.getByRole('button', { name: 'Close' }).click();
    await expect(page).toHaveURL(/\/bills$/);
    await expect(page.getByText('Water off 9 to 15 today')).toHaveCount(0);
    sql("update notification set read_at = null where title = 'Water off 9 to 15 today'");
    await who.get('/bills').sees('Water off 9 to 15 today');
    clock.forward({ minutes: 21 });
    const later = await as.anew('alpha@swa.test').get('/bills').lacks('Water off 9 to 15 today');
    expect(count(later)).toBeUndefined();
    post('user', staff('billing_manager@swa.test'), 'The pumps stand still', { severity: 'critical' });
    await manager().get('/bx/runs').sees('The pumps stand still');
  });

  test('CSS01US09 an announcement stands above the portal from its first to its last moment, until it is closed', async () => {
    const at = (minutes) => at_sql(new Date(clock.now().getTime() + minutes * 60000));
    sql("insert into portal_announcement (utility_id, title, body, kind, from_at, to_at, dismissible, state) values (1, 'Office closed 05/25', 'We are back on 05/26.', 'info', ?, ?, 1, 'published')", [at(-1), at(20)]);
    const visitor = as(null);
    visitor.prefix = '/p/swa-w';
    await visitor.get('/signin').sees('Office closed 05/25');
    const who = as.anew('alpha@swa.test');
    await who.get('/home').sees('Office closed 05/25', 'We are back on 05/26.');
    await who.post(`/announcements/${one('select public_id from portal_announcement')}/close`, {}, { from: '/home', submit: 'Close' }).goes('/home');
    await who.get('/bills').lacks('Office closed 05/25');
    await beta().get('/home').sees('Office closed 05/25');
    clock.forward({ minutes: 21 });
    await beta().get('/home').lacks('Office closed 05/25');
  });

  test('CSS01US09 staff write announcements; an end before the start is refused', async ({ page }) => {
    const desk = as('comms_manager'), fields = { title: 'Office closed', body: 'We are back tomorrow.', kind: 'warning', from_on: '05/25/2026', to_on: '05/24/2026' };
    await desk.post('/cis/portal/announcements', fields, { from: '/cis/portal/announcements/new' }).refuses(422, 'to_on', 'The end must be after the start.');
    await desk.post('/cis/portal/announcements', { ...fields, to_on: '05/25/2026', from_time: '12:00', to_time: '11:00' }, { from: '/cis/portal/announcements/new' }).refuses(422, 'to_on', 'The end must be after the start.');
    await desk.post('/cis/portal/announcements', { ...fields, to_on: '05/25/2026' }, { from: '/cis/portal/announcements/new' }).done();
    await desk.get('/cis/portal/announcements').sees('Office closed', 'Warning');
    const id = one("select public_id from portal_announcement where title = 'Office closed'");
    await as('billing_manager').get(`/cis/portal/announcements/${id}`).is(403);
    await desk.post(`/cis/portal/announcements/${id}`, { from_on: '04/14/2026' }, { from: `/cis/portal/announcements/${id}` }).done();
    await as.anew('beta@swa.test').get('/home').sees('Office closed', 'We are back tomorrow.');
    expect(one("select count(*) from audit_entry where entity = 'portal_announcement'")).toBe('2');
    for (const path of ['/cis/portal/announcements', `/cis/portal/announcements/${id}`]) {
      await desk.browse(page, path);
      await looks_right(page);
    }
    sql('delete from portal_announcement');
  });

  test('CSS01US09 an announcement for a category or an area is seen by those who belong there', async () => {
    const desk = as('comms_manager'), fields = { body: 'Please save water.', kind: 'warning', from_on: '04/14/2026' }, from = '/cis/portal/announcements/new';
    const [alpha_at] = sql('select k.code category, s.code area, s.path from account a join premise p on p.id = a.premise_id join service_area s on s.id = p.sub_area_id join consumer_category k on k.id = a.category_id where a.account_no = ?', ['WA-ACC-300001']);
    await desk.post('/cis/portal/announcements', { ...fields, title: 'Nobody', category: 'NOPE', area: "X' or 1" }, { from }).refuses(422, 'category', 'Choose one of the list.').refuses(422, 'area', 'Choose one of the list.');
    await desk.post('/cis/portal/announcements', { ...fields, title: 'For shops', category: 'COM' }, { from }).done();
    await desk.post('/cis/portal/announcements', { ...fields, title: 'For homes', category: alpha_at.category, area: alpha_at.path.split('/')[0] }, { from }).done();
    await desk.post('/cis/portal/announcements', { ...fields, title: 'Water off', area: alpha_at.area }, { from }).done();
    await desk.get('/cis/portal/announcements').sees('For shops', 'COM', alpha_at.area);
    await as.anew('alpha@swa.test').get('/home').sees('For homes', 'Water off').lacks('For shops');
    const visitor = as(null);
    visitor.prefix = '/p/swa-w';
    await visitor.get('/signin').lacks('For homes', 'Water off', 'For shops');
    const id = one("select public_id from portal_announcement where title = 'Water off'");
    const other = one("select code from service_area where path not like ? and level = 'sub_area' limit 1", [`%${alpha_at.area}%`]);
    await desk.post(`/cis/portal/announcements/${id}`, { area: other }, { from: `/cis/portal/announcements/${id}` }).done();
    await as.anew('alpha@swa.test').get('/home').sees('For homes').lacks('Water off');
    await desk.post(`/cis/portal/announcements/${id}`, { area: '' }, { from: `/cis/portal/announcements/${id}` }).done();
    await visitor.get('/signin').sees('Water off');
    expect(one("select audience is null from portal_announcement where title = 'Water off'")).toBe('1');
    sql('delete from portal_announcement');
  });

  test('CSS01US09 in the browser: staff and portal, wide and narrow, light and dark', async ({ page, context }) => {
    test.setTimeout(120000);
    await manager().browse(page, '/me/notifications');
    await looks_right(page);
    await context.clearCookies();
    await alpha().browse(page, '/notifications');
    await looks_right(page);
  });
});
