// Support access (AU01US03): granted for hours, entered by a link that works once, reads only, every request audited, ended at once.
const { story } = require('../support/story');
const { Person } = require('../support/person');

story('SUPPORT', 'BASE', ({ as, test, expect, sql, one, clock, instance, looks_right }) => {
  const proved = () => sql("update session set auth_at = utc_timestamp(6) + interval 100 year where ended_at is null");
  const grant = () => sql.platform('select * from support_access order by id desc limit 1')[0];
  const tab = '/platform/tenants/swa/tab/support';
  // The person of the platform at the tenant's host.
  const enter = async () => {
    const page = await as('platform_admin').post(`/platform/tenants/swa/support/${grant().public_id}/entry`, {}, { from: tab }).is(200);
    const link = page.body.match(/href="https:\/\/swa\.smart360\.test[^"]*(\/login\/support\?token=[\w-]+)"/)[1], guest = new Person(instance());
    const door = await guest.get(link).is(200);
    return { guest, link, door };
  };
  let inside, used;

  test('AU01US03 support access: granted by the tenant, 1 to 72 hours, with a reason and a proof', async () => {
    const admin = as('tenant_admin');
    await as('utility_admin').post('/org/support', { hours: '4', reason: 'Bills look wrong' }).is(403);
    sql("update session set auth_at = '2020-01-01', mfa_at = null, reauth_at = null where ended_at is null");
    await admin.post('/org/support', { hours: '4', reason: 'Bills look wrong' }, { from: '/org/support' }).is(422);
    proved();
    await admin.post('/org/support', { hours: '73', reason: 'Bills look wrong' }, { from: '/org/support' }).is(422);
    await admin.post('/org/support', { hours: '0', reason: 'Bills look wrong' }, { from: '/org/support' }).is(422);
    await as('platform_admin').get(tab).lacks('Bills look wrong');
    await admin.post('/org/support', { hours: '4', reason: 'Bills look wrong' }, { from: '/org/support' }).done('Support access is open until');
    await admin.post('/org/support', { hours: '4', reason: 'Again' }, { from: '/org/support' }).refuses(409, null, 'Support access is open already.');
    await as('platform_admin').get(tab).sees('Bills look wrong').and((r) => expect(r.body).toContain(`/support/${grant().public_id}/entry`));
  });

  test('AU01US03 support access: the link alone opens nothing, the button once, and every page says so', async () => {
    const { guest, link, door } = await enter();
    expect(door.text).toContain('Each request is recorded');
    await guest.get('/u/swa-w/menu').is(303);                                     // not signed in yet
    await guest.post('/login/support', {}, { from: link }).is(303);
    inside = guest, used = link;
    await inside.get('/u/swa-w/menu').sees('Support access', 'Bills look wrong', 'Nothing can be changed');
    await inside.get('/u/swa-w/roles').sees('Support access');
    await inside.get('/u/swa-w/cis/consumers').is(200);
    await new Person(instance()).get(used).sees('This link has been used or is too old.');
    clock.forward({ minutes: 3 });
    expect(one("select count(*) from audit_entry where action = 'support' and entity = 'route' and actor_kind = 'platform' and number like '/u/swa-w/roles%'")).toBe('1');
    expect(one("select count(*) from audit_entry where action = 'support' and entity = 'support_access'")).toBe('1');
    expect(sql.platform("select count(*) n from audit_entry where action = 'support'")[0].n).toBe('1');
    await as('tenant_admin').get('/org/support').sees('/u/swa-w/roles', '(support)');
  });

  test('AU01US03 support access: reads only, unmasks nothing, and has nothing of a person', async () => {
    const before = one('select count(*) from role');
    const csrf = (await inside.get('/u/swa-w/menu')).body.match(/name="csrf" value="([^"]+)"/)[1];
    await inside.post('/u/swa-w/roles', { csrf, name: 'Mine' }, { raw: true }).is(403);
    await inside.get('/u/swa-w/menu/settings').is(403);
    await inside.get('/u/swa-w/configuration/file').is(403);
    await inside.get('/account').is(403);
    await inside.get('/platform/tenants').and((r) => expect(r.status).not.toBe(200));
    expect(one('select count(*) from role')).toBe(before);
    expect(Number(one("select count(*) from audit_entry where action = 'support' and entity = 'route'"))).toBeGreaterThanOrEqual(8);       // refused ones too
    const entries = one("select count(*) from audit_entry where action = 'support' and entity = 'route'");
    await inside.get('/u/swa-w/bx/bills').is(200);
    expect(one("select count(*) from audit_entry where action = 'support' and entity = 'route'")).toBe(String(Number(entries) + 1));
  });

  test('AU01US03 support access: withdrawn, it ends with the next request; run out, too', async () => {
    proved();
    await as('tenant_admin').post(`/org/support/${grant().public_id}/withdrawal`, {}, { from: '/org/support' }).done('Support access has ended.');
    await inside.get('/u/swa-w/menu').is(303);
    await as('platform_admin').get(tab).sees('Withdrawn by');
    await as('tenant_admin').post('/org/support', { hours: '1', reason: 'Once more' }, { from: '/org/support' }).is(303);
    const { guest, link } = await enter();
    await guest.post('/login/support', {}, { from: link }).is(303);
    await guest.get('/u/swa-w/menu').is(200);
    const open = grant();
    clock.forward({ minutes: 61 });
    await guest.get('/u/swa-w/menu').is(303);
    await as('platform_admin').get('/platform/tenants/swa').is(200);
    await as('platform_admin').post(`/platform/tenants/swa/support/${open.public_id}/entry`, {}).is(409);
    await as('tenant_admin').get('/platform/tenants').and((r) => expect(r.status).not.toBe(200));
  });

  test('AU01US03 support access: pages look right', async ({ page }) => {
    test.setTimeout(300000);
    proved();
    await as('tenant_admin').post('/org/support', { hours: '1', reason: 'To look at' }, { from: '/org/support' }).is(303);
    await as('tenant_admin').browse(page, '/org/support');
    await looks_right(page, { shots: 'support' });
    await as('platform_admin').browse(page, tab);
    await looks_right(page, { shots: 'support-tab' });
    const { guest, link } = await enter();
    await page.context().clearCookies();
    await guest.browse(page, link);
    await looks_right(page, { shots: 'support-door' });
    await guest.post('/login/support', {}, { from: link }).is(303);
    await guest.browse(page, '/u/swa-w/roles');
    await looks_right(page, { shots: 'support-inside' });
  });
});
