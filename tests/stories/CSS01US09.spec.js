// Notes in the application: the bell and its page, for staff and consumers.
const { story } = require('../support/story');

story('CSS01US09', 'UX-FIX', ({ as, test, expect, sql, one, looks_right }) => {
  const alpha = () => as('alpha@swa.test'), beta = () => as('beta@swa.test'), manager = () => as('billing_manager');
  const portal_user = (mail) => one('select id from portal_user where email = ?', [mail]);
  const staff = (mail) => one('select id from user where email = ?', [mail]);
  const post = (kind, id, title, more = {}) => sql("insert into notification (utility_id, recipient_kind, recipient_id, topic, severity, title, body, link, created_at, expires_at) values (1, ?, ?, 'billing', ?, ?, ?, ?, utc_timestamp(6), '2030-01-01')",
    [kind, id, more.severity ?? 'info', title, more.body ?? 'A word about it', more.link ?? null]);
  const note = (title) => one('select public_id from notification where title = ?', [title]);
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

  test('CSS01US09 in the browser: staff and portal, wide and narrow, light and dark', async ({ page, context }) => {
    test.setTimeout(120000);
    await manager().browse(page, '/me/notifications');
    await looks_right(page);
    await context.clearCookies();
    await alpha().browse(page, '/notifications');
    await looks_right(page);
  });
});
