// Login, forgotten password, logout (ONB-LOGIN). Real sign-ins: each person here types the password.
const { story } = require('../support/story');
const { execFileSync } = require('child_process');

const PASSWORD = 'Correct-Horse-7788';
const NEW = 'violet tractor seldom sings';

story('ONB-LOGIN', 'ONB-FIX', ({ as, anyone, test, expect, sql, one, mails, jobs_run, clock, command, looks_right, instance }) => {
  const sign_in = (who, email, password = PASSWORD, more = {}) => who.post('/login', { email, password, ...more }, { from: '/login' });
  const attempts = (email) => sql('select result from login_attempt where email = ? order by id', [email]).map((r) => r.result);
  const link_of = (mail) => mail.body.match(/https:\/\/\S+/)[0].replace(/^https:\/\/[^/]+/, '');
  const last_mail = (to) => mails(to).pop();

  test.afterEach(() => clock.forward({ minutes: 16 }));          // failures of one test do not count in the next

  test('ONB-LOGIN.1 the right password leads to the home of the role, with a cookie that only https carries', async () => {
    // The button says what is under way: nothing is saved here.
    expect((await anyone().get('/login').is(200)).body).toMatch(/data-busy="Signing in…">Sign in</);
    expect((await anyone().get('/password/forgot').is(200)).body).toMatch(/data-busy="Sending…"/);
    const r = await sign_in(as(null), ' CSO1@swa.test ').goes('/u/swa-w/cis/dashboard');
    const cookie = [r.headers['set-cookie']].flat().find((line) => line.startsWith('__Host-s360_sid='));
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; Secure/);
    expect(cookie).toMatch(/; SameSite=Lax/);
    expect(cookie).not.toMatch(/Domain|Max-Age|Expires/i);
    expect(one("select count(*) from session where token_hash = unhex(sha2('', 256))")).toBe('0');
    expect(attempts('cso1@swa.test')).toEqual(['success']);
    expect(one("select count(*) from audit_entry where action = 'sign_in' and number = 'cso1@swa.test' and reason = 'success'")).toBe('1');
    expect(one("select last_login_at is not null from user where email = 'cso1@swa.test'")).toBe('1');
  });

  test('ONB-LOGIN.1 each role comes to its own home', async () => {
    for (const [who, home] of [['cso_supervisor', 'cis/dashboard'], ['cashier', 'cis/payments'], ['cc_agent', 'cc/console'], ['cc_supervisor', 'cc/dashboard'],
      ['comms_manager', 'comm'], ['meter_manager', 'mx'], ['reading_validator', 'mx/validation'], ['storekeeper', 'mx/inventory'], ['billing_manager', 'bx/dashboard'],
      ['billing_clerk', 'bx/dashboard'], ['dispatcher', 'wx/dispatcher'], ['field_executive', 'field']]) {
      const person = as(who);
      await person.get('/').goes(who === 'billing_manager' ? '/login/select' : `/u/swa-w/${home}`);      // who also works for swa-e
      await person.get('/u/swa-w/').goes(`/u/swa-w/${home}`);
      await person.get(`/u/swa-w/${home}`).is(200);
    }
    await as('utility_admin').get('/u/swa-w/').goes('/u/swa-w/dashboard');
    await as('tenant_admin').get('/').goes('/org/dashboard');
    await as('platform_admin').get('/').goes('/platform');
    await as('platform_admin').get('/platform').goes('/platform/tenants');
    await as('platform_admin').get('/platform/tenants').is(200);
  });

  test('ONB-LOGIN.2 five wrong passwords lock for fifteen minutes, the owner is told once', async () => {
    const stranger = as(null), email = 'cso2@swa.test';
    for (let i = 0; i < 5; i++) await sign_in(stranger, email, 'wrong password').refuses(401, null, 'E-mail or password is wrong.');
    const r = await sign_in(stranger, email).refuses(429, null, 'Too many attempts. Try again in 15 minutes or reset your password.');
    expect(Number(r.headers['retry-after'])).toBeGreaterThan(14 * 60);
    expect(attempts(email)).toEqual([...Array(5).fill('wrong_password'), 'locked']);
    expect(mails(email).filter((m) => m.subject.startsWith('Sign-in is locked'))).toHaveLength(1);
    expect(one("select locked_until is not null from user where email = ?", [email])).toBe('1');
    clock.forward({ minutes: 15, seconds: 1 });
    await sign_in(stranger, email).goes('/u/swa-w/cis/dashboard');
    expect(one("select failed_count from user where email = ?", [email])).toBe('0');
  });

  test('ONB-LOGIN a lock tells nobody who exists, and the answer to a wrong name is that to a wrong password', async () => {
    const stranger = as(null);
    for (let i = 0; i < 5; i++) await sign_in(stranger, 'nobody@swa.test').refuses(401, null, 'E-mail or password is wrong.');
    await sign_in(stranger, 'nobody@swa.test').refuses(429, null, 'Too many attempts. Try again in 15 minutes or reset your password.');
    expect(mails('nobody@swa.test')).toHaveLength(0);
  });

  test('ONB-LOGIN failures that are far apart do not lock', async () => {
    for (let i = 0; i < 4; i++) await sign_in(as(null), 'cso3@swa.test', 'wrong password').is(401);
    clock.forward({ minutes: 16 });
    for (let i = 0; i < 4; i++) await sign_in(as(null), 'cso3@swa.test', 'wrong password').is(401);
    await sign_in(as(null), 'cso3@swa.test').is(303);
    for (let i = 0; i < 4; i++) await sign_in(as(null), 'cso3@swa.test', 'wrong password').is(401);     // a success begins anew
    await sign_in(as(null), 'cso3@swa.test').is(303);
  });

  test('ONB-LOGIN twenty failures of one address make it wait five minutes', async () => {
    clock.forward({ minutes: 6 });
    for (let i = 0; i < 20; i++) await sign_in(as(null), `guess${i}@swa.test`).is(401);
    const r = await sign_in(as(null), 'cashier1@swa.test').is(429);
    expect(r.headers['retry-after']).toBe('300');
    clock.forward({ minutes: 5, seconds: 1 });
    await sign_in(as(null), 'cashier1@swa.test').is(303);
  });

  test('ONB-LOGIN.3 the answer to a forgotten password does not tell whether there is an account', async () => {
    const asks = (email) => as(null).post('/password/forgot', { email }, { from: '/password/forgot' });
    const before = mails().length;
    const known = await asks('cashier2@swa.test').sees('If an account exists for this address, a link has been sent.');
    expect(mails()).toHaveLength(before + 1);
    const unknown = await asks('nobody@swa.test').sees('If an account exists for this address, a link has been sent.');
    expect(unknown.body).toBe(known.body);
    expect(mails()).toHaveLength(before + 1);
    expect(last_mail('cashier2@swa.test').subject).toBe('Choose a new password');
    expect(one("select count(*) from password_token t join user u on u.id = t.user_id where u.email = 'cashier2@swa.test' and t.token_hash = ?", [link_of(last_mail('cashier2@swa.test')).split('token=')[1].slice(0, 32)])).toBe('0');
  });

  test('ONB-LOGIN at most three links an hour, and only the newest works', async () => {
    const ask = () => as(null).post('/password/forgot', { email: 'cashier3@swa.test' }, { from: '/password/forgot' }).is(303);
    for (let i = 0; i < 5; i++) await ask();
    expect(mails('cashier3@swa.test')).toHaveLength(3);
    const [first, , newest] = mails('cashier3@swa.test').map(link_of);
    await as(null).get(first).refuses(409, null, 'This link is no longer valid. Request a new one.');
    await as(null).get(newest).sees('Choose a new password');
    clock.forward({ minutes: 31 });
    await as(null).get(newest).refuses(409, null, 'This link is no longer valid. Request a new one.');
  });

  test('ONB-LOGIN at most three links an hour, though many ask at once', async () => {
    clock.forward({ minutes: 61 });
    const email = 'cso2@swa.test', before = mails(email).length;
    const answers = await Promise.all(Array.from({ length: 8 }, () => as(null).post('/password/forgot', { email }, { from: '/password/forgot' })));
    expect(answers.map((a) => a.status)).toEqual(Array(8).fill(303));
    expect(mails(email).length - before).toBe(3);
    clock.forward({ minutes: 61 });
  });

  test('ONB-LOGIN ten requests an hour from one address', async () => {
    clock.forward({ minutes: 61 });
    for (let i = 0; i < 10; i++) await as(null).post('/password/forgot', { email: `any${i}@swa.test` }, { from: '/password/forgot' }).is(303);
    await as(null).post('/password/forgot', { email: 'any11@swa.test' }, { from: '/password/forgot' }).is(429);
    clock.forward({ minutes: 61 });
  });

  test('ONB-LOGIN.4 a reset link works once, ends all sessions and tells the owner', async () => {
    const other = as('billing_clerk');
    await other.get('/u/swa-w/bx/dashboard').is(200);
    await as(null).post('/password/forgot', { email: 'billing_clerk@swa.test' }, { from: '/password/forgot' });
    const link = link_of(last_mail('billing_clerk@swa.test'));
    for (const [password, refusal] of [['short', 'Use at least 12 characters.'], ['password1234', 'This password is too common.'], ['my billing_clerk word', 'Do not use the name in your e-mail address.'],
      [PASSWORD, 'Do not use one of your last 5 passwords.']])
      await as(null).post('/password/reset', { password }, { from: link }).refuses(422, 'password', refusal);
    const held = as(null), late = as(null);
    const [form] = await late.get(link).forms();
    await held.post('/password/reset', { password: NEW }, { from: link }).done('Your password was changed. Sign in with the new one.');
    await late.post('/password/reset', { ...Object.fromEntries(form.fields), password: 'another quiet harbour 9' }, { raw: true }).refuses(409, null, 'This link is no longer valid. Request a new one.');
    await late.get(link).refuses(409, null, 'no longer valid');
    await sign_in(as(null), 'billing_clerk@swa.test', NEW).is(303);
    await sign_in(as(null), 'billing_clerk@swa.test', PASSWORD).is(401);
    await other.get('/u/swa-w/bx/dashboard').goes(/^\/login/);
    expect(last_mail('billing_clerk@swa.test').subject).toBe('Your password was changed');
    expect(one("select password_hash like '$argon2id$v=19$m=65536,t=2%' from user where email = 'billing_clerk@swa.test'")).toBe('1');
  });

  test('ONB-LOGIN a hash made with lower limits is made anew at the next sign-in with the right password', async () => {
    const email = 'billing_clerk2@swa.test', hash = () => one('select password_hash from user where email = ?', [email]);
    const low = '$argon2id$v=19$m=8192,t=1,p=1$Erq7dytMb2VG8DglFODWdg$7WEotpUW8ZX3UC5257m4VytFzhjxpd212DH3gIHwHis';      // of the same password
    sql('update user set password_hash = ? where email = ?', [low, email]);
    await sign_in(as(null), email, 'wrong password').is(401);
    expect(hash()).toBe(low);
    await sign_in(as(null), email).is(303);
    expect(hash()).toMatch(/^\$argon2id\$v=19\$m=65536,t=2,/);
    const made = hash();
    await sign_in(as(null), email).is(303);
    expect(hash()).toBe(made);
  });

  test('ONB-LOGIN a lock ends with a new password', async () => {
    const email = 'billing_clerk1@swa.test';
    for (let i = 0; i < 5; i++) await sign_in(as(null), email, 'wrong password').is(401);
    await sign_in(as(null), email).is(429);
    await as(null).post('/password/forgot', { email }, { from: '/password/forgot' });
    await as(null).post('/password/reset', { password: NEW }, { from: link_of(last_mail(email)) }).is(303);
    await sign_in(as(null), email, NEW).is(303);
  });

  test('ONB-LOGIN.5 a code of the app is accepted once', async () => {
    const before = clock.now();
    clock('1970-01-01T00:00:59Z');
    const admin = as(null);
    await sign_in(admin, 'tenant_admin@swa.test').goes('/login/mfa');
    await admin.get('/login/mfa').sees('the 6 digits it shows for San Francisco Water Authority');       // as the app names it
    await admin.post('/login/mfa', { code: '287081' }, { from: '/login/mfa' }).refuses(401, 'code', 'This code is wrong or was used already. Enter the code that your app shows now.');
    await admin.post('/login/mfa', { code: '287082' }, { from: '/login/mfa' }).goes('/org/dashboard');
    const again = as(null);
    await sign_in(again, 'tenant_admin@swa.test').goes('/login/mfa');
    await again.post('/login/mfa', { code: '287082' }, { from: '/login/mfa' }).is(401);
    expect(attempts('tenant_admin@swa.test')).toEqual(['mfa_failed', 'success', 'mfa_failed']);
    clock(before);
  });

  test('ONB-LOGIN without the code there is no session, and five wrong codes lock', async () => {
    const admin = as(null);
    await sign_in(admin, 'tenant_admin1@swa.test').goes('/login/mfa');
    await admin.get('/org/dashboard').goes('/login?next=%2Forg%2Fdashboard');
    for (let i = 0; i < 5; i++) await admin.post('/login/mfa', { code: '000000' }, { from: '/login/mfa' }).is(401);
    await sign_in(as(null), 'tenant_admin1@swa.test').is(429);
    await as(null).get('/login/mfa').goes('/login');
  });

  test('ONB-LOGIN guesses that are sent at once are judged one after another: five of them, then even the right one is refused', async () => {
    const code = () => execFileSync('oathtool', ['--totp', Buffer.from('12345678901234567890').toString('hex'), '--now', clock.now().toISOString().replace('T', ' ').slice(0, 19) + ' UTC'], { encoding: 'utf8' }).trim();
    const email = 'tenant_admin2@swa.test';
    const admin = as(null);
    await sign_in(admin, email).goes('/login/mfa');
    const [form] = await admin.get('/login/mfa').forms();
    const fields = Object.fromEntries(form.fields), guess = (n) => admin.post('/login/mfa', { ...fields, code: n }, { raw: true });
    const wrong = code() === '000000' ? '000001' : '000000';
    const answers = await Promise.all(Array.from({ length: 30 }, () => guess(wrong)));
    expect(answers.filter((a) => a.status === 401)).toHaveLength(5);
    expect(answers.filter((a) => a.status === 429)).toHaveLength(25);
    expect(attempts(email).filter((a) => a === 'mfa_failed')).toHaveLength(5);
    await guess(code()).is(429);
    expect(one("select count(*) from session s join user u on u.id = s.subject_id where s.realm = 'staff' and u.email = ?", [email])).toBe('0');
    expect(mails(email)).toHaveLength(1);                        // the lock is told once
    // passwords too, and a code given in time still opens
    clock.forward({ minutes: 16 });
    const words = await Promise.all(Array.from({ length: 15 }, () => sign_in(as(null), email, 'wrong password')));
    expect([words.filter((a) => a.status === 401).length, attempts(email).filter((a) => a === 'wrong_password').length]).toEqual([5, 5]);
    expect(words.every((a) => [401, 429].includes(a.status))).toBe(true);
    clock.forward({ minutes: 16 });
    const again = as(null);
    await sign_in(again, email).goes('/login/mfa');
    await again.post('/login/mfa', { code: code() }, { from: '/login/mfa' }).is(303);
    expect(attempts(email).pop()).toBe('success');
  });

  test('ONB-LOGIN a role that demands a second factor sets it up; recovery codes work once', async () => {
    sql("update role set mfa_required = 1 where code = 'storekeeper'");
    const person = as(null);
    await sign_in(person, 'storekeeper1@swa.test').goes('/login/mfa');
    const page = await person.get('/login/mfa').sees('Set up your second factor');
    const secret = page.body.match(/class="secret">([A-Z2-7]+)</)[1];
    const code = execFileSync('oathtool', ['--totp', '-b', secret, '--now', clock.now().toISOString().replace('T', ' ').slice(0, 19) + ' UTC'], { encoding: 'utf8' }).trim();
    const [form] = await person.get('/login/mfa').forms();
    await person.post('/login/mfa', { ...Object.fromEntries(form.fields), code, trust: '1' }, { raw: true }).is(401);      // of another secret than this page's
    const fields = Object.fromEntries(require('../support/html').forms(page.body)[0].fields);
    const shown = await person.post('/login/mfa', { ...fields, code, trust: '1' }, { raw: true }).is(200);
    const codes = [...shown.body.matchAll(/<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})<\/code>/g)].map((m) => m[1]);
    expect(codes).toHaveLength(10);
    await person.get('/u/swa-w/mx/inventory').is(200);
    expect(one("select count(*) from mfa_factor f join user u on u.id = f.user_id where u.email = 'storekeeper1@swa.test' and f.secret_enc = ?", [secret])).toBe('0');
    const other = as(null);
    await sign_in(other, 'storekeeper1@swa.test').goes('/login/mfa');
    await other.post('/login/mfa', { code: codes[3].toLowerCase() }, { from: '/login/mfa' }).goes('/u/swa-w/mx/inventory');
    const third = as(null);
    await sign_in(third, 'storekeeper1@swa.test').goes('/login/mfa');
    await third.post('/login/mfa', { code: codes[3] }, { from: '/login/mfa' }).is(401);
    // the trusted device is not asked, for thirty days
    delete person.cookies['__Host-s360_sid'];
    await sign_in(person, 'storekeeper1@swa.test').goes('/u/swa-w/mx/inventory');
    clock.forward({ days: 30, minutes: 1 });
    delete person.cookies['__Host-s360_sid'];
    await sign_in(person, 'storekeeper1@swa.test').goes('/login/mfa');
    // nor after a password that was chosen by a link
    await person.post('/login/mfa', { code: codes[5], trust: '1' }, { from: '/login/mfa' }).goes('/u/swa-w/mx/inventory');
    delete person.cookies['__Host-s360_sid'];
    await sign_in(person, 'storekeeper1@swa.test').goes('/u/swa-w/mx/inventory');
    await as(null).post('/password/forgot', { email: 'storekeeper1@swa.test' }, { from: '/password/forgot' }).is(303);
    const link = mails('storekeeper1@swa.test').pop().body.match(/https:\/\/\S+/)[0].replace(/^https:\/\/[^/]+/, '');
    await as(null).post('/password/reset', { token: link.split('token=')[1], password: 'quite another long sentence' }, { from: link }).is(303);
    delete person.cookies['__Host-s360_sid'];
    await sign_in(person, 'storekeeper1@swa.test', 'quite another long sentence').goes('/login/mfa');
    sql("update role set mfa_required = 0 where code = 'storekeeper'");
  });

  test('ONB-LOGIN the command tells the present code', async () => {
    clock.forward({ minutes: 2 });
    const admin = as(null);
    await sign_in(admin, 'tenant_admin2@swa.test', PASSWORD, { next: '/login/select' }).is(303);
    await admin.post('/login/mfa', { code: command('user', 'code', 'tenant_admin2@swa.test').trim() }, { from: '/login/mfa' }).goes('/org/dashboard');
  });

  test('ONB-LOGIN.6 next leads to own pages only', async () => {
    for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)', '/%0d%0aSet-Cookie: x=1'])
      await sign_in(as(null), 'meter_manager@swa.test', PASSWORD, { next }).goes(/^\/(u\/swa-w\/mx$|%0d%0a)/);
    const person = as(null);
    await person.get('/u/swa-w/mx?x=1').goes('/login?next=%2Fu%2Fswa-w%2Fmx%3Fx%3D1');
    await person.post('/login', { email: 'meter_manager@swa.test', password: PASSWORD }, { from: '/login?next=%2Fu%2Fswa-w%2Fmx%3Fx%3D1' }).goes('/u/swa-w/mx?x=1');
  });

  test('ONB-LOGIN.7 after signing out the old cookie is worth nothing', async () => {
    const person = as(null);
    await sign_in(person, 'utility_admin1@swa.test').is(303);
    const cookies = { ...person.cookies };
    await person.get('/u/swa-w/dashboard').is(200).and((r) => expect(r.headers['cache-control']).toBe('no-store'));
    await person.post('/logout', {}, { from: '/u/swa-w/dashboard' }).done('You are signed out.');
    expect(person.cookies['__Host-s360_sid']).toBeUndefined();
    person.cookies = cookies;
    await person.get('/u/swa-w/dashboard').goes('/login?next=%2Fu%2Fswa-w%2Fdashboard');
    await person.get('/logout').is(405);
  });

  test('ONB-LOGIN refuses people who are not active in the words of a wrong password', async () => {
    sql("update user set status = 'inactive' where email = 'cc_agent1@swa.test'");
    await sign_in(as(null), 'cc_agent1@swa.test').refuses(401, null, 'E-mail or password is wrong.');
    expect(attempts('cc_agent1@swa.test')).toEqual(['inactive']);
    await as(null).post('/password/forgot', { email: 'cc_agent1@swa.test' }, { from: '/password/forgot' }).is(303);
    expect(mails('cc_agent1@swa.test')).toHaveLength(0);
  });

  test('ONB-LOGIN refuses a form older than two hours and keeps the address', async () => {
    const person = as(null);
    const [form] = await person.get('/login').forms();
    clock.forward({ hours: 2, minutes: 1 });
    const r = await person.post('/login', { ...Object.fromEntries(form.fields), email: 'cso1@swa.test', password: PASSWORD }, { raw: true }).refuses(403, null, 'Your form expired, please sign in again');
    expect(r.body).toContain('value="cso1@swa.test"');
    expect(r.body).not.toContain(PASSWORD);
    expect(person.cookies['__Host-s360_sid']).toBeUndefined();
    await person.post('/login', { email: 'cso1@swa.test', password: PASSWORD }, { from: '/login' }).is(303);
  });

  test('ONB-LOGIN S8 the token of forms is written in other letters in every answer, and is the same', async () => {
    const token = (page) => page.body.match(/name="csrf" value="([^"]+)"/)[1], person = as('cso1');
    const first = token(await person.get('/account/sessions')), second = token(await person.get('/account/sessions'));
    expect(second).not.toBe(first);
    for (let i = 0; i + 12 <= second.length; i++) expect(first).not.toContain(second.slice(i, i + 12));
    for (const csrf of [first, second]) await person.post('/account/sessions/none/removal', { csrf }, { raw: true }).is(404);
    const strange = token(await as('cso_supervisor').get('/account/sessions'));
    for (const csrf of [strange, first.slice(2), `${first.slice(0, -2)}AA`, '']) await person.post('/account/sessions/none/removal', { csrf }, { raw: true }).is(403);
  });

  test('ONB-LOGIN refuses a form of another site', async () => {
    const person = as(null);
    await person.post('/login', { email: 'cso1@swa.test', password: PASSWORD }, { from: '/login', headers: { Origin: 'https://evil.example' } }).is(403);
    await person.post('/login', { email: 'cso1@swa.test', password: PASSWORD, csrf: 'x'.repeat(43) }, { from: '/login' }).is(403);
  });

  test('ONB-LOGIN refuses everybody when the organization has left', async () => {
    sql.platform("update tenant set status = 'cancelled' where slug = 'swa'");
    await sign_in(as(null), 'cso1@swa.test').refuses(403, null, "Your organization's access has ended. Contact your administrator.");
    sql.platform("update tenant set status = 'active' where slug = 'swa'");
    expect(attempts('cso1@swa.test').pop()).toBe('tenant_cancelled');
  });

  test('ONB-LOGIN says what is missing', async () => {
    await as(null).post('/login', { email: '', password: '' }, { from: '/login' }).refuses(422, 'email', 'Enter e-mail address.');
    await as(null).post('/login', { email: 'x', password: 'y' }, { from: '/login' }).refuses(422, 'email', 'Enter an e-mail address, like name@example.com.');
  });

  test('ONB-LOGIN who works for several utilities chooses, the last one first', async () => {
    sql("insert into user_role (user_id, role_id, utility_id, valid_from) select u.id, r.id, r.utility_id, date '2026-01-01' from user u join utility e on e.code = 'swa-e' join role r on r.code = 'cashier' and r.utility_id = e.id where u.email = 'cso4@swa.test'");
    const person = as(null);
    await sign_in(person, 'cso4@swa.test').goes('/login/select');
    await person.get('/login/select').sees('SWA Water & Wastewater', 'Customer service officer', 'Cashier');
    await person.get('/u/swa-e/').goes('/u/swa-e/cis/payments');
    await person.get('/u/swa-e/cis/dashboard').is(403);
    const cards = (await person.get('/login/select')).body.match(/href="\/u\/[a-z-]+\/"/g);
    expect(cards[0]).toBe('href="/u/swa-e/"');
    // a role that has ended leads nowhere any more
    sql("update user_role ur join user u on u.id = ur.user_id and u.email = 'cso4@swa.test' join utility e on e.id = ur.utility_id and e.code = 'swa-e' set ur.valid_to = ?", [new Date(clock.now().getTime() - 3 * 86400000).toISOString().slice(0, 10)]);
    await person.get('/login/select').sees('This is the utility you work for.', 'SWA Water & Wastewater').lacks('Cashier');
    await sign_in(as(null), 'cso4@swa.test').goes('/u/swa-w/cis/dashboard');
  });

  test('ONB-LOGIN a fourth session ends the oldest, and both sides are told', async () => {
    const people = [as(null), as(null), as(null), as(null)];
    for (const p of people.slice(0, 3)) {
      await sign_in(p, 'dispatcher1@swa.test').is(303);
      clock.forward({ seconds: 5 });
    }
    await sign_in(people[3], 'dispatcher1@swa.test').done('You can be signed in on 3 devices at a time, so your oldest session was ended.');
    await people[0].get('/u/swa-w/wx/dispatcher').sees('You were signed out here because you signed in on another device.');
    await people[1].get('/u/swa-w/wx/dispatcher').is(200);
    expect(one("select group_concat(coalesce(end_reason, '-') order by s.id) from session s join user u on u.id = s.subject_id where u.email = 'dispatcher1@swa.test' and s.realm = 'staff'")).toBe('replaced,-,-,-');
  });

  test('ONB-LOGIN an old password is changed before going on', async () => {
    sql("update security_policy set password_age_days = 90");
    sql("update user set password_changed_at = ? - interval 91 day where email = 'comms_manager1@swa.test'", [clock.now()]);
    const person = as(null);
    const r = await sign_in(person, 'comms_manager1@swa.test').goes(/^\/password\/reset\?token=/);
    await person.post('/password/reset', { password: NEW }, { from: r.location }).is(303);
    await sign_in(person, 'comms_manager1@swa.test', NEW).goes('/u/swa-w/comm');
    sql("update security_policy set password_age_days = null");
  });

  test('ONB-LOGIN an invitation is opened, accepted once, and expires', async () => {
    const invite = (email, token) => sql(`insert into invitation (email, full_name, role_code, token_hash, expires_at, sent_at) values (?, 'Nina Invited', 'tenant_admin', unhex(?), ?, ?)`,
      [email, token.hash, new Date(clock.now().getTime() + 72 * 3600000), clock.now()]);
    const crypto = require('crypto');
    const made = () => { const text = crypto.randomBytes(32).toString('base64url'); return { text, hash: crypto.createHash('blake2b512').update(text).digest('hex').slice(0, 64) }; };
    // BLAKE2b with 32 bytes is another hash than the first half of 64: the program's own command makes the token
    const token = made();
    invite('nina@swa.test', { ...token, hash: execFileSync('b2sum', ['-l', '256'], { input: token.text, encoding: 'utf8' }).split(' ')[0] });
    const link = `/invite/accept?token=${token.text}`, person = as(null);
    await person.get(link).sees('Nina Invited', 'nina@swa.test');
    expect(one("select opened_at is not null from invitation where email = 'nina@swa.test'")).toBe('1');
    await person.post('/invite/accept', { password: 'nina quiet harbour 9' }, { from: link }).refuses(422, 'terms', 'Accept the terms of use to go on.');
    await person.post('/invite/accept', { password: 'short', terms: '1' }, { from: link }).refuses(422, 'password', 'Use at least 12 characters.');
    await person.post('/invite/accept', { password: 'violet tractor seldom 4', terms: '1' }, { from: link }).done('Your account is ready. Sign in with your new password.');
    await person.get(link).refuses(409, null, 'This invitation is no longer valid. Ask the person who invited you to send it again.');
    await sign_in(person, 'nina@swa.test', 'violet tractor seldom 4').goes('/login/mfa');      // tenant_admin: a second factor is set up
    const late = made();
    invite('late@swa.test', { ...late, hash: execFileSync('b2sum', ['-l', '256'], { input: late.text, encoding: 'utf8' }).split(' ')[0] });
    clock.forward({ hours: 73 });
    await person.get(`/invite/accept?token=${late.text}`).is(409);
  });

  test('ONB-LOGIN the platform has sign-ins of its own', async () => {
    const admin = anyone('platform.smart360.test');
    admin.prefix = '';
    await admin.get('/platform').goes('/platform/login?next=%2Fplatform');
    await admin.post('/platform/login', { email: 'cso1@swa.test', password: PASSWORD }, { from: '/platform/login' }).refuses(401, null, 'E-mail or password is wrong.');
    await admin.post('/platform/login', { email: 'platform_admin@smart360.test', password: PASSWORD }, { from: '/platform/login' }).goes('/platform/login/mfa');
    await admin.post('/platform/login/mfa', { code: command('user', 'code', 'platform_admin@smart360.test').trim() }, { from: '/platform/login/mfa' }).goes('/platform');
    await admin.get('/platform').goes('/platform/tenants');
    expect(admin.cookies['__Host-s360_platform']).toBeTruthy();
    await admin.post('/platform/logout', {}, { from: '/platform/tenants' }).is(303);
    await admin.get('/platform').goes('/platform/login?next=%2Fplatform');
    await sign_in(as(null), 'platform_admin@smart360.test').is(401);       // not of the staff
    await admin.post('/platform/password/forgot', { email: 'nobody@smart360.test' }, { from: '/platform/password/forgot' }).sees('If an account exists for this address, a link has been sent.');
    await admin.post('/platform/password/forgot', { email: 'platform_admin@smart360.test' }, { from: '/platform/password/forgot' }).sees('If an account exists for this address, a link has been sent.');
    await jobs_run();
    const sent = () => sql.platform('select to_address, subject, body_text from platform_outbox order by created_at, mail_no');
    expect(sent().map((m) => [m.to_address, m.subject])).toEqual([['platform_admin@smart360.test', 'Choose a new password']]);
    expect(sql.platform("select status, body_enc is null gone, body_text like '%token%' readable from platform_mail")).toEqual([{ status: 'sent', gone: '1', readable: '0' }]);
    await admin.get(sent()[0].body_text.match(/https:\/\/\S+/)[0].replace(/^https:\/\/[^/]+/, '')).sees('Choose a new password');
    const link = command('user', 'password', 'platform_admin@smart360.test', '--platform').trim();
    expect(link).toMatch(/\/platform\/password\/reset\?token=/);
    await admin.post('/platform/password/reset', { password: NEW }, { from: link.replace(/^https:\/\/[^/]+/, '') }).is(303);
    await admin.post('/platform/login', { email: 'platform_admin@smart360.test', password: NEW }, { from: '/platform/login' }).goes('/platform/login/mfa');
    await jobs_run();
    expect(sent().pop().subject).toBe('Your password was changed');
  });

  test('ONB-LOGIN staff of a tenant without a provider are reached by the platform\'s own mail server', async () => {
    sql("update message_provider set enabled = 0 where channel = 'email'");
    await as(null).post('/password/forgot', { email: 'cc_agent2@swa.test' }, { from: '/password/forgot' }).is(303);
    await jobs_run();
    expect(sql("select status, message_provider_id from message where to_address = 'cc_agent2@swa.test'")).toEqual([{ status: 'sent', message_provider_id: null }]);
    const [mail] = sql.platform("select body_text from platform_outbox where to_address = 'cc_agent2@swa.test'");
    await as(null).get(link_of({ body: mail.body_text })).sees('Choose a new password');
    sql("update message_provider set enabled = 1 where channel = 'email'");
  });

  test('ONB-LOGIN a cookie of one tenant is none at another host', async () => {
    const person = as('cso1'), other = anyone('platform.smart360.test');
    await person.get('/u/swa-w/cis/dashboard').is(200);
    other.cookies = { ...person.cookies, '__Host-s360_platform': Object.values(person.cookies)[0] };
    other.prefix = '';
    await other.get('/platform').goes('/platform/login?next=%2Fplatform');
  });

  test('ONB-LOGIN in the browser: signs in without script, errors stand at the top', async ({ browser }) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto('https://swa.smart360.test/login');
    await page.getByLabel('E-mail address').fill('field_executive1@swa.test');
    await page.getByLabel('Password').fill('wrong password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('E-mail or password is wrong.');
    await expect(page.getByLabel('E-mail address')).toHaveValue('field_executive1@swa.test');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/\/u\/swa-w\/field$/);
    await context.close();
  });

  test('ONB-LOGIN shows the organization, its logo and what is announced', async () => {
    const fs = require('fs'), bytes = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    await as(null).get('/login').sees('San Francisco Water Authority').and((r) => expect(r.body).not.toContain('/org/logo'));
    await as(null).get('/org/logo').is(404);
    fs.mkdirSync(`${instance().folder}/documents/test`, { recursive: true });
    fs.writeFileSync(`${instance().folder}/documents/test/logo`, bytes);
    sql("insert into document (file_name, mime, size, sha256, storage_key, is_private, status) values ('logo.png', 'image/png', ?, unhex(sha2('x', 256)), 'test/logo', 0, 'verified')", [bytes.length]);
    sql('update organization_setting set logo_document_id = (select max(id) from document)');
    await as(null).get('/login').and((r) => expect(r.body).toContain('src="/org/logo"'));
    const logo = await as(null).get('/org/logo').is(200);
    expect(logo.headers['content-type']).toBe('image/png');
    expect(logo.bytes.equals(bytes)).toBe(true);
    sql("insert into alert (kind, severity, subject, first_at, last_at) values ('maintenance', 'info', 'SMART360 is updated on Sunday from 2 to 3.', ?, ?)", [clock.now(), clock.now()]);
    await as(null).get('/login').sees('SMART360 is updated on Sunday from 2 to 3.');
    sql("update alert set resolved_at = ? where kind = 'maintenance'", [clock.now()]);
    await as(null).get('/login').lacks('SMART360 is updated');
  });

  test('ONB-LOGIN pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/login', '/password/forgot', '/password/forgot?sent=1', '/password/reset?token=nothing']) {
      await page.goto(`https://swa.smart360.test${path}`);
      await looks_right(page);
    }
    sql("update role set mfa_required = 1 where code = 'cc_agent'");
    const person = as(null);
    await sign_in(person, 'cc_agent2@swa.test').goes('/login/mfa');
    await person.browse(page, '/login/mfa');
    await looks_right(page);
    sql("update role set mfa_required = 0 where code = 'cc_agent'");
    await as('cso4').browse(page, '/login/select');
    await looks_right(page);
    await as('dispatcher').browse(page, '/wx/dispatcher');
    await looks_right(page);
  });
});
