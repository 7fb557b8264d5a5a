// Consumer portal authentication (CSS01US01): registering, signing in by password and code, several accounts.
const { story } = require('../support/story');
const { execFileSync } = require('child_process');
const html = require('../support/html');

const PASSWORD = 'Correct-Horse-7788';
const NEW = 'violet tractor seldom sings';
const SENT = 'If the details match our records, we have sent a code.';

story('CSS01US01', 'UX-FIX', ({ as, anyone, test, expect, sql, one, mails, clock, watch, looks_right, within_budget, portal }) => {
  const code_of = (to) => mails(to).filter((m) => /code/.test(m.subject ?? m.body)).pop().body.match(/\b\d{6}\b/)[0];
  const step1 = (who, account_no, proof, more = {}) => who.post('/register', { account_no, proof, channel: 'email', ...more }, { from: '/register' });
  const sign_in = (who, login, password = PASSWORD, more = {}) => who.post('/signin', { login, password, ...more }, { from: '/signin' });
  const link_of = (mail) => mail.body.match(/https:\/\/\S+/)[0].replace(/^https:\/\/[^/]+/, '');
  const last_mail = (to) => mails(to).pop();
  const bare = (body) => body.replace(/name="csrf" value="[^"]*"/g, '').replace(/[A-Za-z0-9_-]{22,}/g, '');

  test.afterEach(() => clock.forward({ minutes: 61 }));

  test('CSS01US01.1 a holder registers with account, portal code and the code from the mail', async () => {
    const gamma = portal();
    await step1(gamma, 'wa-acc-400001', 'ux400001').goes('/register/code');
    await gamma.get('/register/code').sees(SENT).lacks('gamma@swa.test');
    await gamma.post('/register/code', { code: code_of('gamma@swa.test') }, { from: '/register/code' }).goes('/register/finish');
    await gamma.post('/register/finish', { email: 'gamma@swa.test', password: NEW }, { from: '/register/finish' }).refuses(422, 'terms', 'Please accept the terms to go on.');
    await gamma.post('/register/finish', { email: 'gamma@swa.test', password: NEW, terms: '1' }, { from: '/register/finish' }).goes('/home');
    await gamma.get('/home').sees('Your credit', '$25.00');
    expect(sql("select u.status, l.access, l.proof, a.account_no from portal_user u join portal_account_link l on l.portal_user_id = u.id join account a on a.id = l.account_id where u.email = 'gamma@swa.test' and l.ended_at is null"))
      .toEqual([{ status: 'active', access: 'owner', proof: 'portal_code', account_no: 'WA-ACC-400001' }]);
    expect(last_mail('gamma@swa.test').subject).toContain('Welcome');
    expect(one("select count(*) from outbox_event where name in ('portal_user.registered', 'portal_account.linked')")).toBe('2');
    await gamma.get('/register/finish').goes('/register');
  });

  test('CSS01US01.2 an unknown account gets the same page, and nothing is sent', async () => {
    const before = mails().length;
    const nobody = portal();
    const a = await step1(nobody, 'WA-ACC-999999', 'whatever').goes('/register/code');
    const unknown = await nobody.get('/register/code').sees(SENT);
    expect(mails()).toHaveLength(before);
    const holder = portal();
    const b = await step1(holder, 'WA-ACC-300002', 'UX300002').goes('/register/code');
    const known = await holder.get('/register/code').sees(SENT);
    expect(a.status).toBe(b.status);
    expect(bare(unknown.body)).toBe(bare(known.body));
    await nobody.post('/register/code', { code: '123456' }, { from: '/register/code' }).refuses(401, 'code', 'That code is not right. 4 tries left.');
  });

  test('CSS01US01.3 the sixth wrong portal code within an hour waits, and so does the right one', async () => {
    for (const account of ['WA-ACC-300003', 'WA-ACC-999998']) {
      for (let i = 0; i < 5; i++) await step1(portal(), account, `WRONG${i}`).goes('/register/code');
      const r = await step1(portal(), account, 'WRONG6').refuses(429, null, /Too many tries. Try again after \d+:\d\d [AP]M./);
      expect(Number(r.headers['retry-after'])).toBeGreaterThan(28 * 60);
      await step1(portal(), account, 'UX300003').is(429);
      clock.forward({ minutes: 31 });
      await step1(portal(), account, 'UX300003').goes('/register/code');
    }
    expect(mails('beta@swa.test').filter((m) => m.subject === 'Somebody tried to register your account')).toHaveLength(1);
  });

  test('CSS01US01.4 five wrong codes use a code up', async () => {
    const who = portal();
    await step1(who, 'WA-ACC-300002', 'UX300002').is(303);
    const right = code_of('alpha@swa.test'), wrong = right === '000000' ? '000001' : '000000';
    for (const text of ['4 tries left', '3 tries left', '2 tries left', '1 try left', 'Send a new one'])
      await who.post('/register/code', { code: wrong }, { from: '/register/code' }).refuses(401, 'code', new RegExp(`That code is not right. ${text}`));
    await who.post('/register/code', { code: right }, { from: '/register/code' }).refuses(401, 'code', 'This code has expired. Send a new one.');
    await who.post('/register/code/again', {}, { from: '/register/code' }).refuses(429, null, /new code in/);
    clock.forward({ minutes: 1, seconds: 1 });
    await who.post('/register/code/again', {}, { from: '/register/code' }).done(SENT);
    await who.post('/register/code', { code: right }, { from: '/register/code' }).is(401);
    await who.post('/register/code', { code: code_of('alpha@swa.test') }, { from: '/register/code' }).goes('/register/finish');
  });

  test('CSS01US01 a code is good for five minutes', async () => {
    const who = portal();
    await step1(who, 'WA-ACC-300002', 'UX300002').is(303);
    const code = code_of('alpha@swa.test');
    clock.forward({ minutes: 5, seconds: 1 });
    await who.post('/register/code', { code }, { from: '/register/code' }).refuses(401, 'code', 'This code has expired. Send a new one.');
  });

  test('CSS01US01 weak passwords, used addresses and closed accounts are refused', async () => {
    const who = portal();
    await step1(who, 'WA-ACC-300002', 'UX300002').is(303);
    await who.post('/register/code', { code: code_of('alpha@swa.test') }, { from: '/register/code' }).goes('/register/finish');
    for (const [password, text] of [['short', 'Use at least 10 characters.'], ['password12', 'This password is too common.'], ['my 300002 is here', 'Do not use your account number.']])
      await who.post('/register/finish', { email: 'new@swa.test', password, terms: '1' }, { from: '/register/finish' }).refuses(422, 'password', text);
    await who.post('/register/finish', { email: 'Alpha@swa.test', password: NEW, terms: '1' }, { from: '/register/finish' }).refuses(422, 'email', 'Sign in to add this account to your sign-in.');
    sql("update account set status = 'closed' where account_no = 'WA-ACC-300002'");
    const late = portal();
    clock.forward({ minutes: 2 });
    await step1(late, 'WA-ACC-300002', 'UX300002').is(303);
    await late.post('/register/code', { code: code_of('alpha@swa.test') }, { from: '/register/code' }).refuses(409, null, 'This account is closed. You can still track requests by reference number.');
    sql("update account set status = 'active' where account_no = 'WA-ACC-300002'");
  });

  test('CSS01US01 the code goes by text message when that is asked for, with the line phones read', async () => {
    const who = portal();
    await step1(who, 'WA-ACC-300003', 'UX300003', { channel: 'sms' }).is(303);
    const sms = mails('+19715550100').pop();
    expect(sms).toMatchObject({ channel: 'sms' });
    expect(sms.body).toMatch(/^(\d{6}) is your SWA code, valid 5 min\. Tell it to nobody\.\s+@my\.swa\.test #\1$/);
  });

  test('CSS01US01 sign-in by password: by e-mail or mobile, kept when wished', async () => {
    const alpha = portal();
    const r = await sign_in(alpha, 'ALPHA@swa.test').goes('/home');
    const cookie = [r.headers['set-cookie']].flat().find((line) => line.startsWith('__Host-portal='));
    expect(cookie).toMatch(/; Secure/);
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Lax/);
    expect(cookie).not.toMatch(/Max-Age/i);
    await sign_in(portal(), '(503) 555-0100').goes('/home');
    const kept = portal();
    const k = await sign_in(kept, 'alpha@swa.test', PASSWORD, { keep: '1', next: '/p/swa-w/accounts' }).goes('/accounts');
    expect([k.headers['set-cookie']].flat().find((line) => line.startsWith('__Host-portal='))).toMatch(/Max-Age=2592000/i);
    await sign_in(portal(), 'alpha@swa.test', 'wrong password').refuses(401, null, 'E-mail, mobile number or password is wrong.');
    await sign_in(portal(), 'nobody@swa.test').refuses(401, null, 'E-mail, mobile number or password is wrong.');
    clock.forward({ minutes: 31 });
    await alpha.get('/home').goes(/^\/p\/swa-w\/signin/);
    await kept.get('/home').is(200);
    await kept.post('/signout', {}, { from: '/more' }).goes('/signin');
    await kept.get('/home').goes(/signin/);
    expect(mails('alpha@swa.test').filter((m) => m.subject === 'New sign-in to your account').length).toBeGreaterThan(0);
  });

  test('CSS01US01 sign-in leads to own pages only', async () => {
    for (const next of ['https://evil.test/', '//evil.test', '/org/dashboard']) await sign_in(portal(), 'alpha@swa.test', PASSWORD, { next }).goes('/home');
  });

  test('CSS01US01 ten wrong passwords pause passwords, not codes; the pause doubles', async () => {
    for (let i = 0; i < 10; i++) {
      await sign_in(portal(), 'beta@swa.test', 'wrong password').is(401);
      if (i === 4) clock.forward({ minutes: 6 });
    }
    await sign_in(portal(), 'beta@swa.test').refuses(429, null, /Too many tries. Try again after \d+:\d\d [AP]M, or sign in with a one-time code\./);
    expect(mails('beta@swa.test').filter((m) => m.subject.startsWith('Sign-in is locked'))).toHaveLength(1);
    const beta = portal();
    await beta.post('/signin/send', { login: 'beta@swa.test' }, { from: '/signin?with=code' }).goes('/signin/code');
    clock.forward({ minutes: 1 });
    await beta.post('/signin/code', { code: code_of('beta@swa.test') }, { from: '/signin/code' }).goes('/home');
    clock.forward({ minutes: 15 });
    await sign_in(portal(), 'beta@swa.test').goes('/home');
  });

  test('CSS01US01 sign-in by code: the same answer to strangers, a minute between codes, one hour with five', async () => {
    const ask = (who, login) => who.post('/signin/send', { login }, { from: '/signin?with=code' });
    const nobody = portal(), before = mails().length;
    await ask(nobody, 'nobody@swa.test').goes('/signin/code');
    const unknown = await nobody.get('/signin/code').sees('If this belongs to a sign-in, we have sent a code.');
    expect(mails()).toHaveLength(before);
    const alpha = portal();
    await ask(alpha, 'alpha@swa.test').goes('/signin/code');
    expect(bare((await alpha.get('/signin/code')).body)).toBe(bare(unknown.body));
    await ask(alpha, 'alpha@swa.test').refuses(429, null, /new code in \d+ seconds/);
    for (let i = 0; i < 4; i++) {
      clock.forward({ minutes: 1, seconds: 1 });
      await ask(alpha, 'alpha@swa.test').goes('/signin/code');
    }
    clock.forward({ minutes: 1, seconds: 1 });
    await ask(alpha, 'alpha@swa.test').refuses(429, null, /Too many codes. Try again after/);
    await alpha.post('/signin/code', { code: code_of('alpha@swa.test') }, { from: '/signin/code' }).goes('/home');
    const stopped = portal();
    await ask(stopped, '+15035550100').goes('/signin/code');
    expect(mails('+15035550100').pop().channel).toBe('sms');
    sql("insert into suppression (utility_id, channel, address_hash, reason, since) select utility_id, 'sms', to_hash, 'stop', utc_timestamp(6) from message where to_address = '+15035550100' limit 1");
    await ask(portal(), '+15035550100').refuses(422, 'login', 'Text messages to this number are off: use e-mail.');
    sql('delete from suppression');
  });

  test('CSS01US01.5 a new password ends the other sessions', async () => {
    const first = portal(), second = portal();
    await sign_in(first, 'alpha@swa.test').goes('/home');
    await sign_in(second, 'alpha@swa.test').goes('/home');
    await first.post('/profile/security/password', { current: 'not this one', password: NEW }, { from: '/profile/security/password' }).refuses(401, 'current', 'This is not your password.');
    await first.post('/profile/security/password', { current: PASSWORD, password: NEW }, { from: '/profile/security/password' }).done('Your password was changed. All other devices were signed out.');
    await second.get('/home').goes(/^\/p\/swa-w\/signin/);
    await first.get('/home').is(200);
    expect(mails('alpha@swa.test').pop().subject).toBe('Your password was changed');
    await first.post('/profile/security/password', { current: NEW, password: PASSWORD }, { from: '/profile/security/password' }).is(303);
  });

  test('CSS01US01 a reset link works once; the answer to strangers is the same', async () => {
    const ask = (login) => portal().post('/forgot', { login }, { from: '/forgot' });
    const before = mails().length;
    const known = await ask('alpha@swa.test').sees('If this belongs to a sign-in, a link has been sent.');
    expect(mails()).toHaveLength(before + 1);
    const unknown = await ask('nobody@swa.test').sees('If this belongs to a sign-in, a link has been sent.');
    expect(mails()).toHaveLength(before + 1);
    expect(bare(unknown.body)).toBe(bare(known.body));
    const link = link_of(last_mail('alpha@swa.test'));
    expect(link).toMatch(/^\/p\/swa-w\/reset\//);
    await portal().post(link, { password: NEW }, { from: link }).done('Your password was changed. Sign in with the new one.');
    await portal().get(link).refuses(409, null, 'This link no longer works. Ask for a new one.');
    await sign_in(portal(), 'alpha@swa.test').is(401);
    await sign_in(portal(), 'alpha@swa.test', NEW).is(303);
    await ask('alpha@swa.test').is(303);
    await portal().post(link_of(last_mail('alpha@swa.test')), { password: PASSWORD }, { from: link_of(last_mail('alpha@swa.test')) }).is(303);
  });

  test('CSS01US01 "this wasn\'t me" signs out everywhere and asks for a new password', async () => {
    const alpha = portal();
    await sign_in(alpha, 'alpha@swa.test').goes('/home');
    const mail = mails('alpha@swa.test').filter((m) => m.subject === 'New sign-in to your account').pop();
    const link = link_of(mail);
    await portal().get(link).sees('Sign out everywhere');
    await alpha.get('/home').is(200);                   // looking changes nothing
    await portal().post(link, {}, { from: link }).goes('/signin');
    await alpha.get('/home').goes(/signin/);
    await sign_in(portal(), 'alpha@swa.test').is(401);
    const reset = link_of(last_mail('alpha@swa.test'));
    await portal().post(reset, { password: PASSWORD }, { from: reset }).is(303);
    await sign_in(portal(), 'alpha@swa.test').is(303);
  });

  test('CSS01US01.6 another account is added with its portal code; the switcher lists both', async () => {
    const alpha = as('alpha@swa.test');
    await step1(alpha, 'WA-ACC-300002', 'UX300002').goes('/register/code');
    await alpha.post('/register/code', { code: code_of('alpha@swa.test') }, { from: '/register/code' }).goes('/accounts');
    await alpha.get('/accounts').sees('WA-ACC-300001', 'WA-ACC-300002', 'All accounts', '$124.60');
    await alpha.get('/home').sees('WA-ACC-300001 · 100 Test Street', 'WA-ACC-300002 · 12 Sample Road');
    await alpha.post('/accounts/current', { account: 'WA-ACC-300003' }, { from: '/home' }).is(404);
    await alpha.post('/accounts/current', { account: 'all' }, { from: '/home' }).sees('$124.60', '05/05/2026');
    await alpha.post('/accounts/WA-ACC-300002/nickname', { nickname: 'Rental' }, { from: '/accounts' }).done('The nickname was saved.');
    await alpha.get('/accounts').sees('Rental (WA-ACC-300002)');
    clock.forward({ minutes: 2 });
    await step1(alpha, 'WA-ACC-300002', 'UX300002').is(303);
    await alpha.post('/register/code', { code: code_of('alpha@swa.test') }, { from: '/register/code' }).refuses(409, null, 'This account is already in your list.');
    await alpha.post('/accounts/WA-ACC-300002/unlink', {}, { from: '/accounts/WA-ACC-300002/unlink' }).done('WA-ACC-300002 was removed from your list.');
    await alpha.get('/accounts').lacks('WA-ACC-300002');
    await alpha.get('/accounts/WA-ACC-300003/unlink').is(404);
  });

  test('CSS01US01 an account proved before sign-in is added by signing in', async () => {
    const who = portal();
    await step1(who, 'WA-ACC-300002', 'UX300002').is(303);
    await who.post('/register/code', { code: code_of('alpha@swa.test') }, { from: '/register/code' }).goes('/register/finish');
    await sign_in(who, 'alpha@swa.test').goes('/accounts');
    await who.get('/accounts').sees('WA-ACC-300002');
    sql("update portal_account_link l join account a on a.id = l.account_id set l.ended_at = utc_timestamp(6) where a.account_no = 'WA-ACC-300002'");
  });

  test('CSS01US01 devices: each is listed and can be signed out; no session of the staff opens the portal', async () => {
    const first = portal(), second = portal();
    await sign_in(first, 'alpha@swa.test').is(303);
    await sign_in(second, 'alpha@swa.test').is(303);
    const page = await first.get('/profile/security').sees('This device', 'Signed in');
    const path = page.body.match(/action="(\/p\/swa-w\/profile\/security\/sessions\/[0-9a-f]+\/end)"/)[1];
    await first.post(path, {}, { from: '/profile/security' }).done('The device was signed out.');
    await second.get('/home').goes(/signin/);
    const staff = as('cso1');
    await staff.get('/p/swa-w/home').goes(/signin/);
  });

  test('CSS01US01 an owner invites, sees and ends access; the link works once', async () => {
    const owner = as('beta@swa.test');
    await owner.get('/accounts/WA-ACC-300001/people').is(404);
    await owner.post('/accounts/WA-ACC-300003/people', { email: 'Helper@swa.test', access: 'viewer', until: '04/01/2026' }, { from: '/accounts/WA-ACC-300003/people' }).refuses(422, 'until', 'Choose a day from today on.');
    await owner.post('/accounts/WA-ACC-300003/people', { email: 'Helper@swa.test', access: 'viewer' }, { from: '/accounts/WA-ACC-300003/people' }).done('The invitation was sent. It is good for 7 days.');
    const link = link_of(last_mail('helper@swa.test')), helper = portal();
    await helper.get(link).sees('You are invited to account WA-ACC-300003 as Viewer.');
    await helper.post(link, { password: NEW }, { from: link }).refuses(422, 'terms', 'Please accept the terms to go on.');
    await helper.post(link, { password: NEW, terms: '1' }, { from: link }).goes('/home');
    await helper.get('/bills').sees('$300.00').lacks('Pay $300.00');
    await helper.get('/accounts/WA-ACC-300003/people').is(403);
    await portal().get(link).refuses(409, null, 'This link no longer works. Ask for a new one.');
    const page = await owner.get('/accounts/WA-ACC-300003/people').sees('helper@swa.test', 'Viewer');
    const end = page.body.match(/action="(\/p\/swa-w\/accounts\/WA-ACC-300003\/people\/[^"]+\/end)"/)[1];
    await owner.post(end, {}, { from: '/accounts/WA-ACC-300003/people' }).done('The access was ended.');
    await helper.get('/bills').lacks('$300.00');
    await owner.post('/accounts/WA-ACC-300003/people', { email: 'alpha@swa.test', access: 'payer' }, { from: '/accounts/WA-ACC-300003/people' }).is(303);
    const alpha = as.anew('alpha@swa.test'), other = link_of(last_mail('alpha@swa.test'));
    await alpha.post(other, {}, { from: other }).goes('/accounts');
    await alpha.get('/accounts').sees('WA-ACC-300003', 'Payer');
    await owner.post('/accounts/WA-ACC-300003/delivery', { mode: 'email' }, { from: '/accounts' }).done('Your bills come by e-mail only from now on.');
    expect(one("select mode from bill_delivery_pref p join account a on a.id = p.account_id where a.account_no = 'WA-ACC-300003'")).toBe('email');
    sql("update portal_account_link set ended_at = utc_timestamp(6) where access = 'payer'");
  });

  test('CSS01US01.7 a bill of an account that is not linked is not there', async () => {
    await as.anew('beta@swa.test').get('/bills/WA-BILL-202604-000101').is(404);
    await as.anew('alpha@swa.test').get('/bills/WA-BILL-202604-000101').is(200);
  });

  test('CSS01US01 codes and links are not readable in the history of messages', async () => {
    const who = portal();
    await step1(who, 'WA-ACC-300002', 'UX300002').is(303);
    expect(code_of('alpha@swa.test')).toMatch(/^\d{6}$/);
    expect(one("select count(*) from message where template_key in ('otp_code', 'password_reset', 'portal_invitation', 'new_device') and (body_text regexp '(^|[^0-9-])[0-9]{6}' or body_text regexp 'https?://')")).toBe('0');
    expect(one("select count(*) from message where body_enc is not null and status in ('sent', 'delivered')")).toBe('0');
  });

  test('CSS01US01 two-step sign-in: password, then the code by mail; a trusted device is not asked again', async () => {
    const alpha = as.anew('alpha@swa.test');
    await alpha.post('/profile/security/two-step/code', {}, { from: '/profile/security/two-step' }).done('Two-step sign-in is on.');
    const who = portal();
    await sign_in(who, 'alpha@swa.test').goes('/signin/second');
    await who.get('/home').goes(/signin/);
    await who.post('/signin/second', { code: '000000' }, { from: '/signin/second' }).is(401);
    await who.post('/signin/second', { code: code_of('alpha@swa.test'), trust: '1' }, { from: '/signin/second' }).goes('/home');
    await who.post('/signout', {}, { from: '/more' }).is(303);
    await sign_in(who, 'alpha@swa.test').goes('/home');
    await who.post('/profile/security/devices/forget', {}, { from: '/profile/security' }).is(303);
    await who.post('/signout', {}, { from: '/more' }).is(303);
    clock.forward({ minutes: 2 });
    await sign_in(who, 'alpha@swa.test').goes('/signin/second');
    await who.post('/signin/second', { code: code_of('alpha@swa.test'), trust: '1' }, { from: '/signin/second' }).goes('/home');
    clock.forward({ minutes: 2 });
    // a password changed by link trusts no device any longer; one changed by the person who is signed in does
    await portal().post('/forgot', { login: 'alpha@swa.test' }, { from: '/forgot' }).is(303);
    const link = link_of(mails('alpha@swa.test').filter((m) => /\/reset\//.test(m.body)).pop());
    await portal().post(link, { password: NEW }, { from: link }).is(303);
    await sign_in(who, 'alpha@swa.test', NEW).goes('/signin/second');
    await who.post('/signin/second', { code: code_of('alpha@swa.test'), trust: '1' }, { from: '/signin/second' }).goes('/home');
    await who.post('/profile/security/password', { current: NEW, password: PASSWORD }, { from: '/profile/security/password' }).is(303);
    await who.post('/signout', {}, { from: '/more' }).is(303);
    await sign_in(who, 'alpha@swa.test').goes('/home');
    await who.post('/profile/security/two-step/off', {}, { from: '/profile/security/two-step' }).done('Two-step sign-in is off.');
  });

  test('CSS01US01 two-step sign-in by an app: its secret stays after a wrong code, each code and each recovery code is taken once', async () => {
    const app_code = (secret) => execFileSync('oathtool', ['--totp', '-b', secret, '--now', clock.now().toISOString().replace('T', ' ').slice(0, 19) + ' UTC'], { encoding: 'utf8' }).trim();
    const secret_of = (r) => r.body.match(/<code>([A-Z2-7]{20,})<\/code>/)[1], path = '/profile/security/two-step/app';
    const alpha = as.anew('alpha@swa.test');
    const first = await alpha.get(path).is(200), secret = secret_of(first);
    const fields = (r) => Object.fromEntries(html.forms(r.body).find((f) => f.action.endsWith(path)).fields);
    const again = await alpha.post(path, { ...fields(first), code: app_code(secret) === '000000' ? '000001' : '000000' }, { raw: true }).refuses(401, 'code', 'That code is not right.');
    expect(secret_of(again)).toBe(secret);
    expect(one("select mfa from portal_user where email = 'alpha@swa.test'")).toBe('off');
    const done = await alpha.post(path, { ...fields(again), code: app_code(secret) }, { raw: true }).is(200);
    const codes = [...done.body.matchAll(/<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})<\/code>/g)].map((m) => m[1]);
    expect(codes).toHaveLength(8);
    expect(one("select concat(mfa, ' ', totp_secret_enc = ?) from portal_user where email = 'alpha@swa.test'", [secret])).toBe('totp 0');
    clock.forward({ minutes: 1 });
    const code = app_code(secret), who = portal(), other = portal(), third = portal();
    await sign_in(who, 'alpha@swa.test').goes('/signin/second');
    await who.post('/signin/second', { code }, { from: '/signin/second' }).goes('/home');
    await sign_in(other, 'alpha@swa.test').goes('/signin/second');
    await other.post('/signin/second', { code }, { from: '/signin/second' }).is(401);
    await other.get('/home').goes(/signin/);
    await other.post('/signin/second', { code: codes[2].toLowerCase() }, { from: '/signin/second' }).goes('/home');
    await sign_in(third, 'alpha@swa.test').goes('/signin/second');
    await third.post('/signin/second', { code: codes[2] }, { from: '/signin/second' }).is(401);
    // sent at once, they are judged one after another: five are looked at, then even the right one waits
    clock.forward({ minutes: 16 });
    const many = portal();
    await sign_in(many, 'alpha@swa.test').goes('/signin/second');
    const [form] = (await many.get('/signin/second').forms()).filter((f) => f.fields.some(([k]) => k === 'csrf'));
    const guess = (n) => many.post('/signin/second', { ...Object.fromEntries(form.fields), code: n }, { raw: true });
    const answers = await Promise.all(Array.from({ length: 20 }, () => guess(app_code(secret) === '000000' ? '000001' : '000000')));
    expect([answers.filter((a) => a.status === 401).length, answers.filter((a) => a.status === 429).length]).toEqual([5, 15]);
    await guess(app_code(secret)).is(429);
    clock.forward({ minutes: 16 });
    const last = portal();
    await sign_in(last, 'alpha@swa.test').goes('/signin/second');
    await last.post('/signin/second', { code: app_code(secret) }, { from: '/signin/second' }).goes('/home');
    await last.post('/profile/security/two-step/off', {}, { from: '/profile/security/two-step' }).done('Two-step sign-in is off.');
    await sign_in(portal(), 'alpha@swa.test').goes('/home');
  });

  test('CSS01US01 a code that did not come is sent anew after a minute, and the one before is worth nothing', async () => {
    clock.forward({ minutes: 61 });
    const beta = portal();
    await beta.post('/signin/send', { login: 'beta@swa.test' }, { from: '/signin?with=code' }).goes('/signin/code');
    const first = code_of('beta@swa.test'), sent = mails('beta@swa.test').length;
    await beta.post('/signin/code/again', {}, { from: '/signin/code' }).is(429);
    expect(mails('beta@swa.test')).toHaveLength(sent);
    clock.forward({ seconds: 61 });
    await beta.post('/signin/code/again', {}, { from: '/signin/code' }).goes('/signin/code');
    expect(mails('beta@swa.test')).toHaveLength(sent + 1);
    const second = code_of('beta@swa.test');
    if (second !== first) await beta.post('/signin/code', { code: first }, { from: '/signin/code' }).is(401);
    await beta.post('/signin/code', { code: second }, { from: '/signin/code' }).goes('/home');
    // the same between password and code
    await beta.post('/profile/security/two-step/code', {}, { from: '/profile/security/two-step' }).done('Two-step sign-in is on.');
    clock.forward({ minutes: 2 });
    const who = portal();
    await sign_in(who, 'beta@swa.test').goes('/signin/second');
    const old = code_of('beta@swa.test');
    clock.forward({ seconds: 61 });
    await who.post('/signin/second/again', {}, { from: '/signin/second' }).goes('/signin/second');
    const fresh = code_of('beta@swa.test');
    if (fresh !== old) await who.post('/signin/second', { code: old }, { from: '/signin/second' }).is(401);
    await who.post('/signin/second', { code: fresh }, { from: '/signin/second' }).goes('/home');
    await who.post('/profile/security/two-step/off', {}, { from: '/profile/security/two-step' }).done('Two-step sign-in is off.');
  });

  test('CSS01US01 a sensitive change may be confirmed by a code, and only by one that was sent for it', async () => {
    const beta = as.anew('beta@swa.test');
    clock.forward({ minutes: 16 });
    await beta.get('/profile/security/two-step').goes(/^\/p\/swa-w\/confirm\?next=/);
    await beta.get('/confirm?next=/p/swa-w/profile/security/two-step').sees('code');
    const before = mails('beta@swa.test').length;
    await beta.get('/confirm/code?next=/p/swa-w/profile/security/two-step').is(200);
    expect(mails('beta@swa.test')).toHaveLength(before);                  // looking sends nothing
    await beta.post('/confirm/send?next=/p/swa-w/profile/security/two-step', {}, { from: '/confirm/code?next=/p/swa-w/profile/security/two-step' }).is(303);
    expect(mails('beta@swa.test')).toHaveLength(before + 1);
    const code = code_of('beta@swa.test'), from = '/confirm/code?next=/p/swa-w/profile/security/two-step';
    await beta.post('/confirm/code', { code: code === '111111' ? '222222' : '111111' }, { from }).refuses(401, 'code', 'That code is not right. 4 tries left.');
    await beta.get('/profile/security/two-step').goes(/confirm/);
    const alpha = as.anew('alpha@swa.test'), [own] = (await alpha.get('/confirm').forms()).filter((f) => f.action.endsWith('/confirm'));
    await alpha.post('/confirm/code', { ...Object.fromEntries(own.fields), code }, { raw: true }).is(401);      // somebody else's code
    await beta.post('/confirm/code', { code }, { from }).goes('/profile/security/two-step');
    await beta.get('/profile/security/two-step').is(200);
  });

  test('CSS01US01 new terms are accepted before any other page', async () => {
    sql("insert into portal_setting (utility_id, `key`, value) select id, 'terms_version', '2' from utility where code = 'swa-w'");
    const who = portal();
    await sign_in(who, 'beta@swa.test').goes('/signin/terms');
    await who.get('/home').goes(/signin/);
    await who.post('/signin/terms', {}, { from: '/signin/terms' }).refuses(422, 'terms', 'Please accept the terms to go on.');
    await who.post('/signin/terms', { terms: '1' }, { from: '/signin/terms' }).goes('/home');
    expect(one("select terms_version from portal_user where email = 'beta@swa.test'")).toBe('2');
    sql("delete from portal_setting where `key` = 'terms_version'");
    sql("update portal_user set terms_version = '1'");
  });

  test('CSS01US01 a sensitive change asks again after 15 minutes', async () => {
    const alpha = as.anew('alpha@swa.test');
    await alpha.get('/home').is(200);
    clock.forward({ minutes: 16 });
    await alpha.get('/profile/security/two-step').goes(/^\/p\/swa-w\/confirm\?next=/);
    await alpha.post('/confirm', { password: 'not this one' }, { from: '/confirm?next=/p/swa-w/profile/security/two-step' }).refuses(401, 'password', 'This is not your password.');
    const before = alpha.cookies['__Host-portal'];
    await alpha.post('/confirm', { password: PASSWORD }, { from: '/confirm?next=/p/swa-w/profile/security/two-step' }).goes('/profile/security/two-step');
    expect(alpha.cookies['__Host-portal']).not.toBe(before);
    await alpha.get('/profile/security/two-step').is(200);
  });

  test('CSS01US01 staff see the portal as the consumer, read only, and the consumer sees that', async () => {
    const staff = as('cso_supervisor'), id = one("select public_id from portal_user where email = 'alpha@swa.test'");
    await as('cso1').get(`/cis/portal/users/${id}/view`).is(403);
    await staff.post(`/cis/portal/users/${id}/view`, {}, { from: `/cis/portal/users/${id}/view` }).is(422);
    await staff.post(`/cis/portal/users/${id}/view`, { reason: 'Call about a bill' }, { from: `/cis/portal/users/${id}/view` }).is(303);
    const viewer = portal();
    viewer.cookies = { '__Host-portal': staff.cookies['__Host-portal'] };
    await viewer.get('/bills').sees('$84.60', 'Nothing can be changed.').lacks('Pay $84.60');
    const csrf = (await viewer.get('/more')).body.match(/name="csrf" value="([^"]*)"/)[1];
    await viewer.post('/accounts/current', { account: 'all', csrf }, { raw: true }).is(403);
    delete staff.cookies['__Host-portal'];
    await as.anew('alpha@swa.test').get('/profile/security').sees('Seen by our staff', 'Call about a bill');
    expect(one("select count(*) from audit_entry where action = 'view_as' and reason = 'Call about a bill'")).toBe('1');
  });

  test('CSS01US01 access without proof is asked for and given by staff', async () => {
    const ask = (account_no) => portal().post('/access', { account_no, name: 'Tenant Tom', email: 'tom@swa.test', relation: 'tenant', words: 'I live there.' }, { from: '/access', files: { files: { name: 'lease.pdf', type: 'application/pdf', content: Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n') } } });
    await ask('WA-ACC-300003').done('We answer within 2 business days.');
    await ask('WA-ACC-999999').done('We answer within 2 business days.');
    const no = one("select request_no from service_request where account_id is not null order by id desc limit 1"), staff = as('cso_supervisor');
    await staff.get(`/cis/portal/requests/${no}`).sees('Tenant Tom', 'WA-ACC-300003', 'lease.pdf');
    await staff.post(`/cis/portal/requests/${no}`, { access: 'viewer' }, { from: `/cis/portal/requests/${no}` }).done('Approved. The invitation is valid 72 hours.');
    await portal().get(link_of(last_mail('tom@swa.test'))).sees('You are invited to account WA-ACC-300003 as Viewer.');
    expect(mails('beta@swa.test').filter((m) => m.subject === 'Somebody was invited to account WA-ACC-300003')).toHaveLength(1);
    const tom = portal(), link = link_of(last_mail('tom@swa.test'));
    await tom.post(link, { password: NEW, terms: '1' }, { from: link }).goes('/home');
    expect(sql("select l.access, l.relation from portal_account_link l join portal_user u on u.id = l.portal_user_id where u.email = 'tom@swa.test'")).toEqual([{ access: 'viewer', relation: 'tenant' }]);
    const before = one('select count(*) from service_request'), again = portal();
    const form = (await again.get('/access')).body, hidden = (name) => form.match(new RegExp(`name="${name}" value="([^"]*)"`))[1];
    const twice = { csrf: hidden('csrf'), form_key: hidden('form_key'), account_no: 'WA-ACC-300003', name: 'Twice Pressed', email: 'twice@swa.test', relation: 'owner' };
    for (let i = 0; i < 2; i++) await again.post('/access', twice, { raw: true, files: {} }).is(303);
    expect(Number(one('select count(*) from service_request'))).toBe(Number(before) + 1);         // pressed twice, asked once
  });

  test('CSS01US01 every text of the portal and every template is there in Spanish', async () => {
    const fs = require('fs'), path = require('path'), root = path.resolve(__dirname, '..', '..', 'views');
    const keys = (lang) => new Set(fs.readdirSync(path.join(root, 'messages', lang)).flatMap((f) => [...fs.readFileSync(path.join(root, 'messages', lang, f), 'utf8').matchAll(/^([a-z0-9_.]+)\s*=/gm)].map((m) => m[1])));
    const en = keys('en'), es = keys('es');
    const used = [...en].filter((k) => /^(portal|layout|ui|lib|password)\./.test(k) && !/^portal\.(staff|decide)/.test(k));
    expect(used.filter((k) => !es.has(k))).toEqual([]);
    expect(sql("select d.`key` from template_default d where d.lang = 'en' and not exists (select 1 from template_default s where s.`key` = d.`key` and s.lang = 'es' and (s.sms_text is null) = (d.sms_text is null))")).toEqual([]);
  });

  test('CSS01US01 pages speak Spanish when wished', async () => {
    const who = portal();
    await who.get('/signin').sees('Sign in');
    await who.post('/language/es', {}, { from: '/language' }).is(303);
    await who.get('/signin').sees('Iniciar sesión', 'Contraseña');
    await who.post('/language/xx').is(404);
  });

  test('CSS01US01.8 registering in a browser without script at 360 px; the steps have no fault', async ({ browser }) => {
    sql("update portal_account_link set ended_at = utc_timestamp(6) where account_id = (select id from account where account_no = 'WA-ACC-400001')");
    sql("update portal_user set email = 'old@swa.test', mobile = null where email = 'gamma@swa.test'");
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 640 }, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto('https://my.swa.test/p/swa-w/register');
    await page.getByLabel('Account number').fill('WA-ACC-400001');
    await page.getByLabel('Portal code').fill('UX400001');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Code', { exact: true }).fill(code_of('gamma@swa.test'));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Password', { exact: true }).fill(NEW);
    await page.getByLabel('I accept the terms').check();
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByText('$25.00')).toBeVisible();
    await context.close();
  });

  test('CSS01US01 its pages look right and are light', async ({ page }) => {
    const faults = await watch(page.context());
    const who = anyone('my.swa.test');
    for (const path of ['/signin', '/register', '/forgot']) {
      await who.browse(page, path);
      await looks_right(page, { widths: [360, 1024] });
    }
    await page.goto('https://my.swa.test/p/swa-w/register');
    await page.getByLabel('Account number').fill('WA-ACC-300001');
    await page.getByLabel('Portal code').fill('UX300001');
    await page.getByRole('button', { name: 'Continue' }).click();
    await looks_right(page, { widths: [360] });
    await page.getByLabel('Code', { exact: true }).fill(code_of('alpha@swa.test'));
    await page.getByRole('button', { name: 'Continue' }).click();
    await looks_right(page, { widths: [360] });
    const alpha = as('alpha@swa.test');
    for (const path of ['/home', '/more', '/accounts', '/accounts/WA-ACC-300001/people', '/profile/security']) {
      await alpha.browse(page, path);
      await looks_right(page, { widths: [360, 1024], shots: `portal${path.replace(/\W+/g, '-')}` });
    }
    await within_budget(page, 'https://swa.smart360.test/p/swa-w/home', 'portal');
    expect(faults).toEqual([]);
  });
});
