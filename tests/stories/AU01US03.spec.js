// Account management and session control (AU01US03). Own account beyond what ACCOUNT.spec.js proves, sessions, policy, proof.
const { story } = require('../support/story');
const { execFileSync } = require('child_process');
const html = require('../support/html');

const PASSWORD = 'Correct-Horse-7788';
const BETTER = 'violet tractor seldom sings';

story('AU01US03', 'ONB-FIX', ({ as, anyone, test, expect, sql, one, mails, jobs_run, clock, looks_right }) => {
  const sign_in = (who, email, password = PASSWORD, more = {}) => who.post('/login', { email, password, ...more }, { from: '/login' });
  const user = (email) => one('select public_id from user where email = ?', [`${email}@swa.test`]);
  const link_of = (mail) => mail.body.match(/https:\/\/\S+/)[0].replace(/^https:\/\/[^/]+/, '');
  const code_of = (secret) => execFileSync('oathtool', ['--totp', '-b', secret, '--now', `${clock.now().toISOString().replace('T', ' ').slice(0, 19)} UTC`], { encoding: 'utf8' }).trim();
  const ended = (email) => sql("select end_reason r from session s join user u on u.id = s.subject_id where u.email = ? and s.ended_at is not null order by s.id", [`${email}@swa.test`]).map((r) => r.r);

  test('AU01US03.1 signing out all others ends them on their next request', async () => {
    const a = as.anew('cso1'), b = as.anew('cso1');
    await b.get('/cis/consumers').is(200);
    await a.post('/account/sessions/others', {}, { from: '/account/sessions' }).is(303);
    const r = await b.get('/cis/consumers').goes(/^\/login/);
    expect((await b.send('GET', r.location)).text).toContain('You were signed out from another device.');
    await a.get('/cis/consumers').is(200);
  });

  test('AU01US03.2 a fourth session replaces the oldest, whose next request says so', async () => {
    const people = [];
    for (let i = 0; i < 4; i++) { const p = as(null); await sign_in(p, 'meter_manager1@swa.test').is(303); people.push(p); clock.forward({ seconds: 2 }); }
    const r = await people[0].get('/mx').goes(/^\/login/);
    expect((await people[0].send('GET', r.location)).text).toContain('You were signed out here because you signed in on another device.');
    expect(ended('meter_manager1')).toEqual(['replaced']);
    for (const p of people.slice(1)) await p.get('/mx').is(200);
  });

  test('AU01US03.3 after the idle time a POST leads to sign-in and from there back to its page', async () => {
    sql('update security_policy set idle_minutes = 5');
    const person = as(null);
    await sign_in(person, 'storekeeper2@swa.test').is(303);
    const page = await person.get('/account/sessions').is(200);
    const csrf = page.body.match(/name="csrf" value="([^"]+)"/)[1];
    expect(page.body).toContain('data-idle="300"');
    clock.forward({ minutes: 4, seconds: 50 });
    await person.get('/account/ping').is(204);
    clock.forward({ minutes: 4, seconds: 50 });
    await person.get('/account/sessions').is(200);
    clock.forward({ minutes: 5, seconds: 1 });
    const r = await person.post('/account/sessions/others', { csrf }, { raw: true, headers: { Referer: 'https://swa.smart360.test/account/sessions' } }).goes('/login?next=%2Faccount%2Fsessions');
    await person.post('/login', { email: 'storekeeper2@swa.test', password: PASSWORD }, { from: r.location }).goes('/account/sessions');
    sql('update security_policy set idle_minutes = 30');
  });

  test('AU01US03.4 a changed password ends the others, this session goes on under a new id', async () => {
    const a = as.anew('cashier1'), b = as.anew('cashier1');
    await b.get('/cis/payments').is(200);
    await a.get('/account/security').is(200);
    const before = a.cookies['__Host-s360_sid'];
    await a.post('/account/password', { current: PASSWORD, password: BETTER }, { from: '/account/security' }).done('Your password was changed.');
    expect(a.cookies['__Host-s360_sid']).not.toBe(before);
    await a.get('/cis/payments').is(200);
    await b.get('/cis/payments').goes(/^\/login/);
    expect(ended('cashier1')).toContain('password_changed');
    const old = as(null);
    old.cookies['__Host-s360_sid'] = before;
    await old.get('/cis/payments').goes(/^\/login/);
  });

  test('AU01US03.5 somebody who is deactivated in the middle of a form has posted nothing', async () => {
    const cashier = as.anew('cashier2'), admin = as('utility_admin');
    const page = await cashier.get('/account').is(200);
    const csrf = page.body.match(/name="csrf" value="([^"]+)"/)[1], payments = one('select count(*) from payment');
    const path = `/users/${user('cashier2')}/deactivation`;
    await admin.post(path, { reason: 'Left the company' }, { from: path }).is(303);
    await cashier.post('/cis/payments/WA-PAY-1/refund', { csrf, amount: '10.00' }, { raw: true }).goes(/^\/login/);
    expect(one('select count(*) from payment')).toBe(payments);
    expect(ended('cashier2')).toContain('deactivated');
    await sign_in(as(null), 'cashier2@swa.test').refuses(401, null, 'E-mail or password is wrong.');
  });

  test('AU01US03.6 a time zone is one of the list; photo, phone and the look of dates are kept', async () => {
    const me = as.anew('cso3');
    await me.post('/account', { full_name: 'Cleo', time_zone: 'Mars/Base' }, { from: '/account' }).refuses(422, 'time_zone', 'Choose a time zone from the list.');
    await me.post('/account', { full_name: 'Cleo', phone: '555' }, { from: '/account' }).refuses(422, 'phone');
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    await me.post('/account', { full_name: 'Cleo Cso', phone: '+1 503 555 0199', time_zone: 'America/Denver', date_format: 'YYYY-MM-DD', theme: 'system', keys: '1', notes: '0' }, { from: '/account', files: { photo: { name: 'me.png', type: 'image/png', content: png } } }).done('Saved.');
    expect(sql("select full_name, phone, time_zone, date_format, mail_off, avatar_document_id is not null photo from user where email = 'cso3@swa.test'")).toEqual([{ full_name: 'Cleo Cso', phone: '+15035550199', time_zone: 'America/Denver', date_format: 'YYYY-MM-DD', mail_off: '1', photo: '1' }]);
    await me.get('/account').sees(/Dates and times look like this: 2026-04-\d\d/);
    await me.get('/account/photo').is(200);
    await as('cso4').get('/account/photo').is(404);
    await me.post('/account', { full_name: 'Cleo Cso' }, { from: '/account', files: { photo: { name: 'me.pdf', type: 'application/pdf', content: '%PDF-1.4 nothing' } } }).is(422);
    await me.post('/account', { full_name: 'Cleo Kept' }, { from: '/account', files: { photo: { name: 'big.png', type: 'image/png', content: Buffer.concat([png, Buffer.alloc(2.1 * 1048576)]) } } }).then((r) => { expect([413, 422]).toContain(r.status); if (r.status === 422) expect(r.body).toContain('Cleo Kept'); });
  });

  test('AU01US03 another address: password, link to the new one, notice to the old one', async () => {
    const me = as.anew('cso4');
    await me.post('/account/email', { email: 'cso4@swa.test', password: PASSWORD }, { from: '/account/security' }).refuses(422, 'email', 'This is your address already.');
    await me.post('/account/email', { email: 'new.cso4@swa.test', password: 'not it' }, { from: '/account/security' }).refuses(422, 'password', 'Current password is wrong.');
    await me.post('/account/email', { email: 'New.Cso4@swa.test', password: PASSWORD }, { from: '/account/security' }).done('Open the link that we sent to new.cso4@swa.test.');
    expect(mails('cso4@swa.test').pop().body).toContain('new.cso4@swa.test');
    expect(one("select email from user where full_name = 'Customer service officer 4'")).toBe('cso4@swa.test');
    const link = link_of(mails('new.cso4@swa.test')[0]);
    await as(null).post('/account/email/confirm', {}, { from: link }).done('Your address was changed.');
    expect(one("select count(*) from user where email = 'new.cso4@swa.test'")).toBe('1');
    await me.get('/account').goes(/^\/login/);
    await as(null).get(link).refuses(409, null, 'This link is no longer valid.');
    await sign_in(as(null), 'new.cso4@swa.test').is(303);
  });

  test('AU01US03 a second factor is set up, used, given new codes, and switched off; a role that demands it keeps it', async () => {
    const me = as.anew('cc_agent1');
    const page = await me.get('/account/factor').sees('Set up your second factor');
    const secret = page.body.match(/class="secret">([A-Z2-7]+)</)[1], fields = Object.fromEntries(html.forms(page.body)[0].fields);
    await me.post('/account/factor', { ...fields, code: '000000', password: PASSWORD }, { raw: true }).refuses(422, 'code');
    await me.post('/account/factor', { ...fields, code: code_of(secret), password: 'not it' }, { raw: true }).refuses(422, 'password', 'Current password is wrong.');
    const before = me.cookies['__Host-s360_sid'];
    const shown = await me.post('/account/factor', { ...fields, code: code_of(secret), password: PASSWORD }, { raw: true }).is(200);
    expect([...shown.body.matchAll(/<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})<\/code>/g)]).toHaveLength(10);
    expect(me.cookies['__Host-s360_sid']).not.toBe(before);
    await me.get('/account/security').sees('On: an authenticator app', 'Recovery codes left 10');
    expect(mails('cc_agent1@swa.test').pop().subject).toBe('Your second factor was changed');
    await me.get('/account/factor').is(409);
    clock.forward({ seconds: 61 });
    const again = as(null);
    await sign_in(again, 'cc_agent1@swa.test').goes('/login/mfa');
    await again.post('/login/mfa', { code: code_of(secret) }, { from: '/login/mfa' }).is(303);
    await me.post('/account/factor/codes', { password: PASSWORD }, { from: '/account/factor/codes' }).is(200);
    clock.forward({ seconds: 61 });
    await me.post('/account/factor/removal', { password: PASSWORD, code: '123456' }, { from: '/account/factor/removal' }).refuses(422, 'code');
    await me.post('/account/factor/removal', { password: PASSWORD, code: code_of(secret) }, { from: '/account/factor/removal' }).done('Your second factor is switched off.');
    expect(one("select count(*) from mfa_factor f join user u on u.id = f.user_id where u.email = 'cc_agent1@swa.test'")).toBe('0');
    await as('tenant_admin').get('/account/factor/removal').refuses(409, null, 'Your role demands a second factor');
  });

  test('AU01US03 the policy of the organization: limits, networks that lock nobody out, roles with a second factor', async () => {
    const admin = as.anew('tenant_admin'), at = { from: '/org/security' };
    const seen = await as('utility_admin').get('/org/security').sees('Sessions of one person at once', 'From everywhere', 'System administrator');
    expect(seen.body).not.toContain('action="/org/security"');              // who may only look finds nothing to save
    await as('utility_admin').post('/org/security', { idle_minutes: '45' }).is(403);
    await as('cso1').get('/org/security').is(403);
    await admin.post('/org/security', { idle_minutes: '3' }, at).refuses(422, 'idle_minutes', 'Choose 5 to 480 minutes.');
    await admin.post('/org/security', { absolute_hours: '25', concurrent_sessions: '0', lock_failures: '2', lock_minutes: '61' }, at).refuses(422, 'concurrent_sessions', 'Choose 1 to 10 sessions.');
    await admin.post('/org/security', { networks: '203.0.113.0/24' }, at).refuses(422, 'networks', 'This would lock you out (your address is 127.0.0.1).');
    await admin.post('/org/security', { networks: '300.1.1.1\n10.0.0.0/33' }, at).refuses(422, 'networks', '300.1.1.1 is no network. Write it as 10.0.0.0/8 or 203.0.113.9.');
    await admin.post('/org/security', { idle_minutes: '45', networks: '127.0.0.0/8\n203.0.113.9', mfa_roles: ['storekeeper'] }, at).done('Saved.');
    expect(sql('select idle_minutes, ip_allow_list from security_policy')).toEqual([{ idle_minutes: '45', ip_allow_list: '["127.0.0.0/8","203.0.113.9"]' }]);
    expect(one("select group_concat(distinct code order by code) from role where mfa_required = 1")).toBe('storekeeper,tenant_admin');
    await sign_in(as(null), 'storekeeper1@swa.test').goes('/login/mfa');
    await as('cso1').get('/cis/consumers').is(200);
    sql("update security_policy set ip_allow_list = '[\"203.0.113.9\"]'");
    await as.anew('cso1').get('/cis/consumers').refuses(403, null, 'Sign-in from your network is not allowed.');
    await sign_in(as(null), 'billing_clerk@swa.test').refuses(403, null, 'Sign-in from your network is not allowed.');
    sql("update security_policy set ip_allow_list = null, idle_minutes = 30; update role set mfa_required = 0 where code = 'storekeeper'");
  });

  test('AU01US03 after ten minutes a sensitive act wants the password again, and keeps what was typed', async () => {
    const admin = as.anew('tenant_admin');
    await admin.get('/org/security').lacks('your password is wanted again');
    clock.forward({ minutes: 11 });
    await admin.get('/org/security').sees('To save changes here, your password is wanted again.');
    await admin.post('/org/security', { idle_minutes: '77' }, { from: '/org/security' }).refuses(422, null, 'Confirm that it is you first').and((r) => expect(r.body).toContain('value="77"'));
    await admin.post('/account/proof', { password: 'not it' }, { from: '/account/proof?next=%2Forg%2Fsecurity' }).refuses(422, 'password', 'Current password is wrong.');
    const before = admin.cookies['__Host-s360_sid'];
    await admin.post('/account/proof', { password: PASSWORD }, { from: '/account/proof?next=%2Forg%2Fsecurity' }).goes('/org/security');
    expect(admin.cookies['__Host-s360_sid']).not.toBe(before);
    await admin.post('/org/security', { idle_minutes: '31' }, { from: '/org/security' }).done('Saved.');
    await admin.post('/account/proof', { password: PASSWORD, next: 'https://evil.example/' }, { from: '/account/proof' }).goes('/account/security');
    clock.forward({ minutes: 11 });
    await admin.post('/roles', { name: 'Late role' }, { from: '/u/swa-w/roles/new' }).then((r) => r);
    expect(one("select count(*) from role where name = 'Late role'")).toBe('0');
  });

  test('AU01US03 what waits is told by mail once a day, to who wants it', async () => {
    const told = (who) => mails(`${who}@swa.test`).filter((m) => m.subject.startsWith('Waiting for you')), id = (who) => one('select id from user where email = ?', [`${who}@swa.test`]);
    const post = (who, title, at = clock.now()) => sql("insert into notification (recipient_kind, recipient_id, topic, title, body, created_at, expires_at) values ('user', ?, 'service_requests', ?, 'Look at it.', ?, ? + interval 30 day)", [id(who), title, at, at]);
    const night = async () => { sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'notification.mail', 'messages', utc_timestamp(6) - interval 10 year from tenant where slug = 'swa'"); await jobs_run(); };
    sql("update notification set read_at = ? where read_at is null", [clock.now()]);
    await as('cso2').post('/account', { notes: null }, { from: '/account' }).is(303);             // cso2 does not want it
    expect(one("select mail_off from user where email = 'cso2@swa.test'")).toBe('1');
    for (const who of ['cso1', 'cso2', 'cso3']) { post(who, 'Your file is ready'); post(who, 'An import has ended'); }
    sql("update notification set read_at = ? where recipient_kind = 'user' and recipient_id = ?", [clock.now(), id('cso3')]);
    await night();
    expect(told('cso1').map((m) => m.subject)).toEqual(['Waiting for you in SMART360: 2']);
    expect(told('cso1')[0].body).toMatch(/- An import has ended\n- Your file is ready[\s\S]*\/me\/notifications/);
    expect([told('cso2'), told('cso3')]).toEqual([[], []]);
    await night();
    expect(told('cso1')).toHaveLength(1);                       // not again
    clock.forward({ days: 1 });
    post('cso1', 'One more');
    await night();
    expect(told('cso1').map((m) => m.subject)).toEqual(['Waiting for you in SMART360: 2', 'Waiting for you in SMART360: 1']);
  });

  test('AU01US03 what nobody uses any more gets its reason', async () => {
    const who = as.anew('dispatcher2');
    await who.get('/wx/dispatcher').is(200);
    clock.forward({ hours: 13 });
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'people.watch', 'general', utc_timestamp(6) - interval 400 day from tenant where slug = 'swa'");
    await jobs_run();
    expect(ended('dispatcher2')).toEqual(['absolute']);
  });

  test('AU01US03 pages look right', async ({ page }) => {
    test.setTimeout(180000);
    const admin = as.anew('tenant_admin');
    for (const path of ['/account', '/account/security', '/account/activity', '/org/security', '/account/proof']) {
      await admin.browse(page, path);
      await looks_right(page, { shots: `au01us03${path.replace(/\W+/g, '-')}` });
    }
    await as.anew('cso1').browse(page, '/account/factor');
    await looks_right(page, { shots: 'au01us03-factor' });
  });
});
