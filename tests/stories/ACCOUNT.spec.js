// One's own account: what the screen looks like, password, devices, sessions, sign-ins; and what is forgotten of them.
const { story } = require('../support/story');

story('ACCOUNT', 'ONB-FIX', ({ as, test, expect, sql, one, clock, mails, jobs_run, looks_right }) => {
  const password = 'Correct-Horse-7788', better = 'A-quiet-lamp-over-9-rivers';
  const sign_in = (who, word) => as(null).post('/login', { email: `${who}@swa.test`, password: word }, { from: '/login' });

  test('ACCOUNT the profile changes name, language, colours and keys', async () => {
    const me = as('cso1');
    await me.get('/account').sees('Your account', 'cso1@swa.test', 'Customer service officer 1');
    await me.post('/account', { full_name: 'Kai Moreno', language: 'es', theme: 'dark', keys: null }, { from: '/account' }).is(303);
    const page = await me.get('/cis/consumers').is(200);
    expect(page.body).toContain('data-theme="dark"');
    expect(page.body).toContain('lang="es"');
    expect(page.body).not.toContain(' data-keys');
    expect(page.text).toContain('Kai Moreno');
    const log = JSON.parse(one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'user' and e.action = 'edit' order by e.id desc limit 1"));
    expect(log).toEqual({ full_name: 'Kai Moreno', locale: 'es', theme: 'dark', keys: 'no' });
    await me.post('/account', { language: 'en', theme: 'system', keys: '1' }, { from: '/account' }).is(303);
    expect((await me.get('/cis/consumers')).body).toContain(' data-keys');
    await as('cso2').get('/account').lacks('Kai Moreno');
  });

  test('ACCOUNT refuses what is none, and a change that somebody else made meanwhile', async () => {
    const a = as('cso1'), b = as.anew('cso1');
    await a.post('/account', { language: 'tlh' }, { from: '/account' }).refuses(422, 'language', 'Choose a language from the list.');
    await a.post('/account', { full_name: '' }, { from: '/account' }).is(422);
    await a.post('/account', { theme: 'purple' }, { from: '/account' }).is(422);
    await a.post('/account', { email: 'other@swa.test', status: 'inactive', full_name: 'Kai Moreno' }, { from: '/account' }).is(303);
    expect(one("select count(*) from user where email = 'cso1@swa.test' and status = 'active'")).toBe('1');      // other fields are ignored
    const [form] = (await b.get('/account').forms()).filter((f) => f.action === '/account');
    await a.post('/account', { full_name: 'Kai M. Moreno' }, { from: '/account' }).is(303);
    await b.post('/account', { ...Object.fromEntries(form.fields), full_name: 'Somebody' }, { raw: true }).is(409);
    expect(one("select full_name from user where email = 'cso1@swa.test'")).toBe('Kai M. Moreno');
    await as(null).get('/account').goes('/login?next=%2Faccount');
  });

  test('ACCOUNT the password changes: others end, this session goes on with a new id', async () => {
    const a = as.anew('cso2'), b = as.anew('cso2');
    await a.get('/account/security').is(200);
    await b.get('/cis/consumers').is(200);
    const before = a.cookies['__Host-s360_sid'];
    await a.post('/account/password', { current: password, password: better }, { from: '/account/security' }).done('Your password was changed.');
    expect(a.cookies['__Host-s360_sid']).not.toBe(before);
    await a.get('/cis/consumers').is(200);
    await b.get('/cis/consumers').goes(/^\/login/);
    expect(sql("select end_reason r from session s join user u on u.id = s.subject_id where u.email = 'cso2@swa.test' and s.ended_at is not null order by s.id desc limit 2").map((r) => r.r)).toContain('password_changed');
    await sign_in('cso2', password).is(401);
    await sign_in('cso2', better).is(303);
    await jobs_run();
    expect(mails('cso2@swa.test').some((m) => /password/i.test(m.subject))).toBe(true);
  });

  test('ACCOUNT refuses a wrong, a weak and an old password; wrong ones count', async () => {
    const me = as.anew('cso3');
    await me.post('/account/password', { current: 'not it at all', password: better }, { from: '/account/security' }).refuses(422, 'current', 'Current password is wrong.');
    expect(one("select count(*) from login_attempt where email = 'cso3@swa.test' and result = 'wrong_password'")).toBe('1');
    await me.post('/account/password', { current: password, password: 'short' }, { from: '/account/security' }).is(422);
    await me.post('/account/password', { current: password, password }, { from: '/account/security' }).is(422);
    const page = await me.post('/account/password', { current: 'no', password: better }, { from: '/account/security' }).is(422);
    expect(page.body).not.toContain(better);
    for (let i = 0; i < 3; i++) await me.post('/account/password', { current: 'no', password: better }, { from: '/account/security' });
    await me.post('/account/password', { current: password, password: better }, { from: '/account/security' }).is(429);
    expect(one("select count(*) from user where email = 'cso3@swa.test' and password_changed_at > '2026-04-15'")).toBe('0');
    clock.forward({ minutes: 16 });
  });

  test('ACCOUNT sees its sessions and ends them; those of others are not found', async () => {
    const a = as.anew('cashier1'), b = as.anew('cashier1'), c = as.anew('cashier1'), other = as.anew('cashier2');
    for (const who of [a, b, c]) await who.get('/cis/payments').is(200);
    const page = await a.get('/account/sessions').sees('This one', 'Sign out everywhere else');
    const ends = [...page.body.matchAll(/action="(\/account\/sessions\/[0-9a-f]{22}\/removal)"/g)].map((m) => m[1]);
    expect(ends.length).toBe(2);
    await other.get('/account/sessions').lacks('Sign out everywhere else');
    await other.post(ends[0], { csrf: (await other.get('/account/sessions')).body.match(/name="csrf" value="([^"]+)"/)[1] }, { raw: true }).is(404);
    await a.post(ends[0], {}, { from: '/account/sessions' }).done('That session has ended.');
    const states = [await b.get('/cis/payments'), await c.get('/cis/payments')];
    expect(states.map((r) => r.status).sort()).toEqual([200, 303]);
    await a.post('/account/sessions/others', {}, { from: '/account/sessions' }).done('1 other session has ended.');
    for (const who of [b, c]) await who.get('/cis/payments').is(303);
    await a.get('/cis/payments').is(200);
  });

  test('ACCOUNT shows the second factor and forgets a trusted device', async () => {
    const admin = as('tenant_admin');
    await admin.get('/account/security').sees('On: an authenticator app', 'Demanded by your role Yes', 'Recovery codes left');
    await as('cso1').get('/account/security').sees('Off', 'Your role does not ask for a code beside the password.', 'No trusted devices');
    sql("insert into trusted_device (realm, subject_id, token_hash, label, created_at, expires_at) select 'staff', id, random_bytes(32), 'Firefox on Windows', '2026-04-01', '2026-05-01' from user where email in ('tenant_admin@swa.test', 'cso1@swa.test')");
    const page = await admin.get('/account/security').sees('Firefox on Windows');
    const forget = page.body.match(/action="(\/account\/devices\/[0-9a-f]{22}\/removal)"/)[1];
    await as('cso1').post(forget, { csrf: (await as('cso1').get('/account/security')).body.match(/name="csrf" value="([^"]+)"/)[1] }, { raw: true }).is(404);
    await admin.post(forget, {}, { from: '/account/security' }).done('This device is asked for the code again.');
    expect(one("select count(*) from trusted_device where revoked_at is null")).toBe('1');
  });

  test('ACCOUNT lists its own sign-ins only', async () => {
    await as('cso3').get('/account/activity').sees('Wrong password');
    await as('cso1').get('/account/activity').lacks('Wrong password');
  });

  test('ACCOUNT what sign-in leaves behind is removed when its days are over', async () => {
    sql("insert into login_attempt (realm, at, email, result) values ('staff', '2025-01-01', 'old@swa.test', 'wrong_password'), ('staff', '2026-01-01', 'newer@swa.test', 'wrong_password')");
    sql("insert into session (realm, token_hash, subject_id, created_at, last_seen_at, expires_at, auth_at, ended_at, end_reason) select 'staff', random_bytes(32), id, '2025-12-01', '2025-12-01', '2025-12-02', '2025-12-01', '2025-12-01', 'logout' from user where email = 'cso1@swa.test'");
    sql("insert into password_token (realm, user_id, token_hash, purpose, expires_at) select 'staff', id, random_bytes(32), 'reset', '2026-01-01' from user where email = 'cso1@swa.test'");
    sql("insert into trusted_device (realm, subject_id, token_hash, label, expires_at) select 'staff', id, random_bytes(32), 'Old', '2026-01-01' from user where email = 'cso1@swa.test'");
    const open = Number(one('select count(*) from session where ended_at is null'));
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'core.cleanup', 'general', utc_timestamp(6) - interval 400 day from tenant where slug = 'swa'");
    await jobs_run();
    expect(sql("select email from login_attempt where email in ('old@swa.test', 'newer@swa.test')")).toEqual([{ email: 'newer@swa.test' }]);
    expect(one("select count(*) from session where created_at = '2025-12-01'")).toBe('0');
    expect(Number(one('select count(*) from session where ended_at is null'))).toBe(open);
    expect(one("select count(*) from password_token where expires_at = '2026-01-01'")).toBe('0');
    expect(one("select count(*) from trusted_device where label = 'Old'")).toBe('0');
  });

  test('ACCOUNT pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/account', '/account/security', '/account/sessions', '/account/activity']) {
      await as('tenant_admin').browse(page, path);
      await looks_right(page, { shots: `account${path.replace(/\W+/g, '-')}` });
    }
  });
});
