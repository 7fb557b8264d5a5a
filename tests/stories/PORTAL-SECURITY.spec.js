// The portal against somebody who means it ill: a consumer with a sign-in of his own, and a stranger. Ids of others, amounts,
// replays, tokens of other sessions, uploads that lie, words with markup, ways out of the site, what caches may keep.
const { story } = require('../support/story');

const BILL = 'WA-BILL-202604-000101', CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123' };
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

story('PORTAL security', 'UX-FIX', ({ as, portal, test, expect, sql, one, jobs_run, mails, clock, request, order }) => {
  const alpha = () => as('alpha@swa.test'), beta = () => as('beta@swa.test');
  const count = (table) => Number(one(`select count(*) from ${table}`));
  const pick = (no, amount) => ({ [`pick_${no}`]: '1', [`amount_${no}`]: amount });
  const bare = (body) => body.replace(/<strong>[0-9A-Z]{4}-[0-9A-Z]{4}<\/strong>/g, '').replace(/name="(csrf|form_key)" value="[^"]*"/g, '').replace(/[A-Za-z0-9_-]{22,}/g, '').replace(/WA-[A-Z]+-[0-9-]+/g, 'NO');
  const keys = (page) => Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
  let intent, method, setup, receipt;

  test('S15 what is another\'s is not there, whatever it is and whatever is done to it, and looks as what never was', async () => {
    const who = alpha();
    const r = await who.post('/pay/methods', { consent: '1' }, { from: '/pay/methods' }).is(303);
    await who.post(r.location.split('?')[0], CARD, { from: r.location }).done('The card is saved.');
    method = one("select public_id from saved_payment_method where status = 'active'");
    setup = one('select public_id from method_setup order by id desc limit 1');
    await who.post('/pay/autopay/WA-ACC-300001', { method, offset: '0', cap: '', consent: '1' }, { from: '/pay/autopay/WA-ACC-300001' }).done('Autopay is on.');
    intent = (await who.post('/pay', pick(BILL, '5.00'), { from: '/pay' }).is(303)).location.split('/').pop();
    const paid = (await who.post('/pay', pick(BILL, '6.00'), { from: '/pay' }).is(303)).location.split('/').pop();
    await who.post(`/pay/${paid}/start`, { way: `m-${method}` }, { from: `/pay/${paid}` }).is(303);
    await jobs_run();
    receipt = one('select receipt_no from receipt order by id desc limit 1');
    await who.get(`/receipts/${receipt}`).sees('$6.00', 'Card online');
    const before = sql('select (select group_concat(concat(id, status, row_version)) from autopay_enrolment) autopay, (select group_concat(concat(id, status, coalesce(nickname, ""), row_version)) from saved_payment_method) cards, (select count(*) from payment_attempt) tries, (select count(*) from complaint) cases, (select group_concat(concat(id, coalesce(nickname, ""), row_version)) from portal_account_link) links');
    const mine = [[BILL, 'WA-BILL-209901-000001'], ['WA-ACC-300001', 'WA-ACC-999999'], [receipt, 'WA-RCP-209901-000001'], [intent, 'x'.repeat(22)], [method, 'y'.repeat(22)], [setup, 'z'.repeat(22)]];
    const gets = ['/bills/B', '/bills/B/pdf', '/bills/B/print', '/bills/B/dispute', '/bills/B/paper', '/accounts/A/unlink', '/accounts/A/people', '/pay/autopay/A', '/pay/autopay/A/cancellation', '/receipts/R', '/receipts/R/pdf', '/pay/I', '/pay/I/return', '/pay/methods/M/removal', '/pay/methods/return/S'];
    const posts = ['/bills/B/dispute', '/bills/B/paper', '/bills/B/mail', '/accounts/A/nickname', '/accounts/A/unlink', '/accounts/A/delivery', '/accounts/A/people', '/pay/autopay/A', '/pay/autopay/A/cancellation', '/pay/autopay/A/pause', '/pay/autopay/A/skip', '/pay/methods/M/nickname', '/pay/methods/M/default', '/pay/methods/M/removal', '/pay/I/start'];
    const at = (path, k) => path.replace(/\/([BARIMS])(?=\/|$)/, (_, c) => `/${mine['BARIMS'.indexOf(c)][k]}`);
    const csrf = (await beta().get('/accounts').is(200)).body.match(/name="csrf" value="([^"]*)"/)[1];
    for (const path of gets) {
      const [theirs, nobodys] = [await beta().get(at(path, 0)).is(404), await beta().get(at(path, 1)).is(404)];
      expect(bare(theirs.body), path).toBe(bare(nobodys.body));
    }
    for (const path of posts) for (const k of [0, 1]) await beta().post(at(path, k), { csrf, words: 'It is not mine at all.', reason: 'other_reason', method, offset: '0', consent: '1', email: 'x@swa.test', access: 'viewer', way: `m-${method}` }, { raw: true }).is(404);
    expect(sql('select (select group_concat(concat(id, status, row_version)) from autopay_enrolment) autopay, (select group_concat(concat(id, status, coalesce(nickname, ""), row_version)) from saved_payment_method) cards, (select count(*) from payment_attempt) tries, (select count(*) from complaint) cases, (select group_concat(concat(id, coalesce(nickname, ""), row_version)) from portal_account_link) links')).toEqual(before);
    for (const path of [...gets, ...posts]) await portal().get(at(path, 0)).and((a) => { expect([303, 404, 405], path).toContain(a.status); });
  });

  test('S15 another\'s card, account and bill inside a form of one\'s own are not there either', async () => {
    const page = await beta().get('/pay').is(200), own = keys(page);
    await beta().post('/pay', { ...own, ...pick(BILL, '10.00') }, { raw: true }).is(404);
    await beta().post('/pay', { ...own, ...pick('free-WA-ACC-300001', '10.00') }, { raw: true }).is(404);
    const mine = (await beta().post('/pay', pick('free-WA-ACC-300003', '10.00'), { from: '/pay?other=1' }).is(303)).location.split('/').pop();
    await beta().post(`/pay/${mine}/start`, { way: `m-${method}` }, { from: `/pay/${mine}` }).refuses(409, null, 'This card is over. Choose another one.');
    await beta().post('/pay/autopay/WA-ACC-300003', { method, offset: '0', consent: '1', csrf: own.csrf }, { raw: true }).refuses(422, null, 'Save a card first.');
    await beta().post('/accounts/current', { csrf: own.csrf, account: 'WA-ACC-300001' }, { raw: true }).is(404);
    expect(one('select count(*) from payment_attempt t join payment_intent i on i.id = t.intent_id where i.public_id = ?', [mine])).toBe('0');
  });

  test('S15 access levels: who looks does not change, who pays does not manage', async () => {
    const link = (access) => { sql("update portal_account_link l join portal_user u on u.id = l.portal_user_id join account a on a.id = l.account_id set l.access = ? where u.email = 'beta@swa.test' and a.account_no = 'WA-ACC-300003'", [access]); return as.anew('beta@swa.test'); };
    const no = 'WA-BILL-202603-000101';
    const matrix = { '/bills': 'vpm', [`/bills/${no}`]: 'vpm', [`/bills/${no}/pdf`]: 'vpm', '/statement': 'vpm', '/pay': 'pm', '/pay/autopay': 'pm', '/pay/autopay/WA-ACC-300003': 'pm', [`/bills/${no}/dispute`]: 'm', [`/bills/${no}/paper`]: 'm', '/accounts/WA-ACC-300003/people': '' };
    for (const [letter, access] of [['v', 'viewer'], ['p', 'payer'], ['m', 'manager']]) {
      const who = link(access);
      for (const [path, may] of Object.entries(matrix)) await who.get(path).and((a) => { expect(a.status, `${access} ${path}`).toBe(may.includes(letter) ? 200 : 403); });
      const csrf = (await who.get('/accounts').is(200)).body.match(/name="csrf" value="([^"]*)"/)[1];
      await who.post('/accounts/WA-ACC-300003/delivery', { csrf, mode: 'paper' }, { raw: true }).is(letter === 'm' ? 303 : 403);
    }
    link('owner');
  });

  test('S18 amounts that are none, too small, too large or too fine are refused, and nothing is begun', async () => {
    const who = beta(), before = count('payment_intent'), no = 'WA-BILL-202603-000101';
    for (const amount of ['', ' ', '0', '0.00', '-5', '-5.00', '+5.00', '5.001', '1e18', '1E3', '999999999999999999999', '100000000000000000', 'NaN', 'Infinity', '0x10', '5 or 1=1', '5.00;', '１０', '٥', '5..0', '.', '$'])
      for (const item of [no, 'free-WA-ACC-300003']) await who.post('/pay', pick(item, amount), { from: '/pay' }).refuses(422, `amount_${item}`);
    await who.post('/pay', pick(no, '100.01'), { from: '/pay' }).refuses(422, `amount_${no}`, 'At most $100.00 is open. Use another amount to pay ahead.');
    const page = await who.get('/pay').is(200);
    const fields = [...Object.entries(keys(page)), [`pick_${no}`, '1'], [`amount_${no}`, '10.00'], [`amount_${no}`, '0.01']];
    await who.post('/pay', {}, { body: fields.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&'), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }).and((a) => { expect([422, 303]).toContain(a.status); });
    expect(sql("select amount_minor from payment_intent order by id desc limit 1").every((i) => i.amount_minor !== '1')).toBe(true);
    expect(count('payment_intent') - before).toBeLessThanOrEqual(1);
    await who.post('/pay/autopay/WA-ACC-300003', { method: 'x', offset: '11', cap: '-1', consent: '1' }, { from: '/pay/methods', raw: true }).is(403);
  });

  test('S8 a form without its token, with that of another session or from elsewhere does nothing', async () => {
    const who = alpha(), other = (await beta().get('/accounts').is(200)).body.match(/name="csrf" value="([^"]*)"/)[1], own = (await who.get('/accounts').is(200)).body.match(/name="csrf" value="([^"]*)"/)[1];
    const before = count('payment_intent'), lang = one("select lang from portal_user where email = 'alpha@swa.test'");
    const forms = { '/pay': pick(BILL, '7.00'), '/accounts/WA-ACC-300001/nickname': { nickname: 'stolen' }, '/accounts/WA-ACC-300001/delivery': { mode: 'paper' }, '/language/es': {}, [`/bills/${BILL}/mail`]: {}, '/pay/autopay/WA-ACC-300001/pause': {}, '/profile/security/two-step/code': {}, '/signout': {} };
    for (const [path, fields] of Object.entries(forms)) {
      await who.post(path, fields, { raw: true }).is(403);
      await who.post(path, { ...fields, csrf: other }, { raw: true }).is(403);
      await who.post(path, { ...fields, csrf: `${own.slice(0, -1)}${own.endsWith('A') ? 'B' : 'A'}` }, { raw: true }).is(403);
      await who.post(path, { ...fields, csrf: own }, { raw: true, headers: { Origin: 'https://evil.test', 'Sec-Fetch-Site': 'cross-site' } }).is(403);
    }
    expect([count('payment_intent'), one("select nickname from portal_account_link l join account a on a.id = l.account_id where a.account_no = 'WA-ACC-300001' and l.ended_at is null"), one("select lang from portal_user where email = 'alpha@swa.test'"), one('select status from autopay_enrolment')]).toEqual([before, null, lang, 'active']);
  });

  test('S8 the key of somebody else\'s form gives nobody that person\'s payment', async () => {
    const key = keys(await alpha().get('/pay').is(200)).form_key;
    const first = await alpha().post('/pay', { ...pick(BILL, '8.00'), form_key: key }, { from: '/pay' }).is(303);
    const second = await beta().post('/pay', { ...pick('free-WA-ACC-300003', '8.00'), form_key: key }, { from: '/pay?other=1' }).is(303);
    expect(second.location).not.toBe(first.location);
    const guest = async (no, code) => { const g = portal(); await g.post('/pay/guest', { account_no: no, postal_code: code }, { from: '/pay' }).goes('/pay'); return g; };
    const a = await (await guest('WA-ACC-300001', '97201')).post('/pay', { ...pick('free-WA-ACC-300001', '9.00'), pay_key: 'the same' }, { from: '/pay' }).is(303);
    const b = await (await guest('WA-ACC-300002', '97202')).post('/pay', { ...pick('free-WA-ACC-300002', '9.00'), pay_key: 'the same' }, { from: '/pay' }).is(303);
    expect(b.location).not.toBe(a.location);
  });

  test('I7 a payment that is over is not started by a saved card either', async () => {
    const who = as.anew('alpha@swa.test');
    const id = (await who.post('/pay', pick(BILL, '11.00'), { from: '/pay' }).is(303)).location.split('/').pop();
    clock.forward({ minutes: 31 });
    const back = as.anew('alpha@swa.test'), csrf = keys(await back.get('/pay').is(200)).csrf;
    await back.post(`/pay/${id}/start`, { csrf, way: `m-${method}` }, { raw: true }).and((a) => { expect([303, 409]).toContain(a.status); });
    await jobs_run();
    expect(sql('select i.state, (select count(*) from payment_attempt t where t.intent_id = i.id) tries, (select count(*) from payment p where p.payment_intent_id = i.id) paid from payment_intent i where i.public_id = ?', [id])).toEqual([{ state: 'expired', tries: '0', paid: '0' }]);
  });

  test('S19 files that lie about what they are, are too many or have strange names are refused or harmless', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), page = await who.get(`/bills/${BILL}/dispute`).is(200), line = page.body.match(/name="(line_\d+)"/)[1];
    const ask = (files) => who.post(`/bills/${BILL}/dispute`, { [line]: '1', reason: 'too_high', words: 'We were away all month.' }, { from: `/bills/${BILL}/dispute`, files: { files } });
    const lies = [{ name: 'photo.png', type: 'image/png', content: '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' }, { name: 'photo.jpg', type: 'image/jpeg', content: '<html><script>alert(1)</script></html>' }, { name: 'paper.pdf', type: 'application/pdf', content: Buffer.from('7f454c4602010100', 'hex') },
      { name: 'photo.png', type: 'image/png', content: Buffer.from('504b0304140000000800', 'hex') }, { name: 'run.exe', type: 'application/octet-stream', content: Buffer.from('4d5a90000300', 'hex') }];
    for (const f of lies) await ask(f).and((a) => { expect([413, 415, 422], f.name).toContain(a.status); });
    await ask(Array.from({ length: 6 }, (_, i) => ({ name: `p${i}.png`, type: 'image/png', content: png }))).refuses(422, 'files', 'Send at most 5 files.');
    await ask({ name: 'big.png', type: 'image/png', content: Buffer.concat([png, Buffer.alloc(10 * 1024 * 1024 + 1)]) }).and((a) => { expect([413, 422]).toContain(a.status); });
    expect([count('complaint'), Number(one("select count(*) from document where entity = 'complaint'"))]).toEqual([0, 0]);
    await ask({ name: '..\\..\\../../etc/passwd\u202e<b>.png', type: 'text/html', content: png }).done('You need not pay what you questioned');
    const [d] = sql("select file_name, mime from document where entity = 'complaint'");
    expect(d.mime).toBe('image/png');
    expect(d.file_name).not.toMatch(/[\/\\]|\.\./);
    const no = one('select complaint_no from complaint');
    expect((await as('cso1').get(`/cis/complaints/${no}`).is(200)).body).not.toContain('<b>.png');
  });

  test('S2 S24 markup in what a consumer writes is text on every page and in every mail; a card number is not kept', async () => {
    order('set', 'UX-FIX');
    const who = as.anew('alpha@swa.test'), bad = '\'"><script>alert(1)</script><x y=1>&', page = await who.get(`/bills/${BILL}/dispute`).is(200), line = page.body.match(/name="(line_\d+)"/)[1];
    await who.post(`/bills/${BILL}/dispute`, { [line]: '1', reason: 'too_high', words: `Take it from 4242 4242 4242 4242 please. ${bad}` }, { from: `/bills/${BILL}/dispute` }).is(303);
    expect(one("select count(*) from complaint where description like '%4242 4242 4242%' or description like '%4242424242%'")).toBe('0');
    expect(one('select description from complaint')).toMatch(/Take it from \*.*4242 please\./);
    await who.post('/accounts/WA-ACC-300001/nickname', { nickname: '4242 4242 4242 4242' }, { from: '/accounts' }).is(303);
    expect(one("select nickname from portal_account_link l join account a on a.id = l.account_id where a.account_no = 'WA-ACC-300001' and l.ended_at is null")).toMatch(/^\*.*4242$/);
    await who.post('/accounts/WA-ACC-300001/nickname', { nickname: bad.slice(0, 40) }, { from: '/accounts' }).is(303);
    await portal().post('/access', { account_no: 'WA-ACC-300001', name: bad, email: 'stranger@evil.test', relation: 'tenant', words: bad }, { from: '/access' }).is(303);
    await jobs_run();
    const seen = [...await Promise.all(['/home', '/bills', `/bills/${BILL}`, '/accounts', '/more', '/pay', '/pay/autopay', '/notifications', '/statement'].map((p) => who.get(p).is(200))), await as('cso1').get(`/cis/complaints/${one('select complaint_no from complaint')}`).is(200), await as('cso_supervisor').get(`/cis/portal/requests/${one('select request_no from service_request order by id desc limit 1')}`).is(200), await as('cso_supervisor').get('/cis/portal/requests').is(200)];
    for (const a of seen) expect(a.body, a.path).not.toMatch(/<x y=1>|<script>alert/);
    expect(sql("select count(*) n from message where body_html like '%<x y=1>%' or body_html like '%<script>alert%'")).toEqual([{ n: '0' }]);
  });

  test('S36 nobody is sent out of the site, and nobody\'s language is a path', async () => {
    const who = as.anew('alpha@swa.test');
    for (const to of ['https://evil.test/', '//evil.test', '/\\evil.test', '/%5cevil.test', 'https:evil.test', '\\\\evil.test', '/p/swa-w/../../../\\evil', 'javascript:alert(1)', '/p/swa-w@evil.test', "/p/swa-w/x\r\nLocation: https://evil.test"]) {
      const q = encodeURIComponent(to);
      const csrf = keys(await who.get('/language').is(200)).csrf;
      for (const send of [who.post(`/language/en?back=${q}`, { csrf }, { raw: true }), who.post('/accounts/current', { csrf, account: 'all', back: to }, { raw: true }), who.post('/confirm', { csrf, password: 'Correct-Horse-7788', next: to }, { raw: true }), portal().post('/signin', { login: 'alpha@swa.test', password: 'Correct-Horse-7788', next: to }, { from: '/signin' })])
        await send.and((a) => { if (a.status === 303) { expect(a.location, to).toMatch(/^\/(?![\/\\])/); expect(new URL(a.location, 'https://swa.smart360.test').host, to).toBe('swa.smart360.test'); expect(a.location).not.toMatch(/[\r\n]/); } });
      clock.forward({ minutes: 1 });
    }
    const csrf = keys(await who.get('/language').is(200)).csrf;
    for (const code of ['xx', 'en-US', '..', '%2e%2e%2fetc', 'es%00', '<b>']) await who.post(`/language/${code}`, { csrf }, { raw: true }).and((a) => { expect([400, 404], code).toContain(a.status); });
    const stranger = await request({ host: 'swa.smart360.test', path: '/p/swa-w/signin', headers: { Cookie: 'language=../../../../etc/passwd; account=WA-ACC-300001; theme="><b>' } });
    expect([stranger.status, stranger.body.includes('lang="en"'), /root:|<b>/.test(stranger.body)]).toEqual([200, true, false]);
  });

  test('S13 S27 links in mails are to our own address whatever the request says it is', async () => {
    await portal().post('/forgot', { login: 'alpha@swa.test' }, { from: '/forgot', headers: { 'X-Forwarded-Host': 'evil.test', Forwarded: 'host=evil.test', 'X-Host': 'evil.test', 'X-Forwarded-For': '1.2.3.4' } }).is(303);
    const mail = mails('alpha@swa.test').pop();
    expect(mail.body).toMatch(/https:\/\/\S*\/p\/swa-w\/reset\//);
    expect(mail.body).not.toContain('evil.test');
    const foreign = await request({ host: 'evil.test', method: 'POST', path: '/p/swa-w/forgot', body: 'login=alpha@swa.test', headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://evil.test' } }).catch(() => ({ status: 421 }));
    expect([403, 404, 421, 400]).toContain(foreign.status);
  });

  test('S13 a link for a new password ends when the password is chosen another way; "this was not me" stays', async () => {
    await portal().post('/forgot', { login: 'alpha@swa.test' }, { from: '/forgot' }).is(303);
    const link = mails('alpha@swa.test').pop().body.match(/(\/p\/swa-w\/reset\/\S+)/)[1], who = as.anew('alpha@swa.test');
    const not_me = Number(one("select count(*) from otp_challenge where purpose = 'reset' and json_value(data, '$.kind') = 'not_me' and used_at is null"));
    await portal().get(link).is(200);
    await who.post('/profile/security/password', { current: 'Correct-Horse-7788', password: 'another Long-passphrase 44' }, { from: '/profile/security/password' }).done('Your password was changed.');
    await portal().get(link).is(409);
    expect(Number(one("select count(*) from otp_challenge where purpose = 'reset' and json_value(data, '$.kind') = 'not_me' and used_at is null"))).toBe(not_me);
    await who.post('/profile/security/password', { current: 'another Long-passphrase 44', password: 'Correct-Horse-7788' }, { from: '/profile/security/password' }).is(303);
  });

  test('S4 no page, file or redirect of a person is kept by caches, and none says what stands behind it', async () => {
    const who = as.anew('alpha@swa.test');
    const paths = ['/home', '/bills', `/bills/${BILL}`, `/bills/${BILL}/pdf`, '/bills.csv', '/bills.zip', '/statement', '/statement.csv?from=2026-01-01&to=2026-04-15', '/pay', '/pay/methods', '/accounts', '/profile/security', '/notifications', '/stay', '/bills/WA-BILL-209901-000001', '/signin'];
    for (const path of paths) {
      const a = await who.get(path);
      expect(a.headers['cache-control'], path).toBe('no-store');
      expect(a.headers['x-content-type-options'], path).toBe('nosniff');
      expect(a.headers['referrer-policy'], path).toBe('same-origin');
      expect(String(a.headers.server ?? ''), path).not.toMatch(/\d/);
    }
  });

  test('S11 look-ups, codes and passwords asked for many at once are held to their limits', async () => {
    order('set', 'UX-FIX');
    const forms = await Promise.all(Array.from({ length: 24 }, async () => { const g = portal(); return [g, keys(await g.get('/pay').is(200)).csrf]; }));
    const answers = await Promise.all(forms.map(([g, csrf], i) => g.post('/pay/guest', { csrf, account_no: `WA-ACC-9${i}`, postal_code: '97299' }, { raw: true })));
    expect(answers.filter((a) => a.status === 422).length).toBeLessThanOrEqual(10);
    expect(answers.filter((a) => a.status === 429 || a.status === 503).length).toBeGreaterThanOrEqual(14);
    const codes = await Promise.all(Array.from({ length: 8 }, async () => { const g = portal(); return [g, keys(await g.get('/signin?with=code').is(200)).csrf]; }));
    await Promise.all(codes.map(([g, csrf]) => g.post('/signin/send', { csrf, login: 'beta@swa.test' }, { raw: true })));
    expect(mails('beta@swa.test').filter((m) => /code/i.test(m.subject ?? '')).length).toBeLessThanOrEqual(1);
  });
});
