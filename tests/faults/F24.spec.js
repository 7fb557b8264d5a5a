const { story } = require('../support/story');
const { Person } = require('../support/person');

story('F24', 'BASE', ({ as, test, expect, command, instance, sql, order }) => {
  // The same cookie in somebody else's browser.
  const thief = (owner) => { const p = new Person(instance()); Object.assign(p.cookies, owner.cookies); return p; };

  test('F24 after signing out the cookie is worth nothing', async () => {
    const owner = as.anew('billing_clerk');
    await owner.get('/bx/gl-codes').is(200);
    const stolen = thief(owner);
    await stolen.get('/bx/gl-codes').is(200);
    await owner.post('/logout', {}, { from: '/bx/gl-codes' }).is(303);
    await stolen.get('/bx/gl-codes').goes(/^\/login/);
    await stolen.post('/bx/gl-codes', { code: '4998' }, { raw: true }).and((r) => { expect([303, 403]).toContain(r.status); });
  });
  test('F24 a new password ends all sessions', async () => {
    const first = as.anew('cashier'), second = as.anew('cashier');
    await first.get('/cis/payments').is(200);
    await second.get('/cis/payments').is(200);
    const stolen = thief(first);
    const link = command('user', 'password', 'cashier@swa.test').match(/https:\/\/[^/\s]+(\/\S+)/)[1];
    const page = await as(null).get(link).forms();
    const names = page.find((f) => f.action.startsWith('/password/reset')).fields.map(([k]) => k).filter((k) => !['csrf', 'form_key', 'token'].includes(k));
    await as(null).post('/password/reset', Object.fromEntries(names.map((n) => [n, 'another Long-passphrase 42'])), { from: link }).is(303);
    for (const who of [first, second, stolen]) await who.get('/cis/payments').goes(/^\/login/);
  });
  test('F24 a user who was switched off is out at once', async () => {
    const owner = as.anew('dispatcher');
    await owner.get('/wx/dispatcher').is(200);
    sql("update user set status = 'inactive' where email = 'dispatcher@swa.test'");
    await owner.get('/wx/dispatcher').goes(/^\/login/);
  });
  test('F24 the list of sessions shows a thief, who is put out with one button, and the owner stays', async () => {
    order('set', 'HUB-FIX');
    const owner = as.anew('payer1@swa.test'), second = as.anew('payer1@swa.test'), stolen = thief(second);
    stolen.prefix = '/p/swa-w';
    await stolen.get('/home', { headers: { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' } }).is(200);
    const page = await owner.get('/profile/security').is(200);
    const ends = [...new Set([...page.body.matchAll(/\/profile\/security\/sessions\/([A-Za-z0-9_-]+)\/end/g)].map((m) => m[1]))];
    expect(ends.length, 'sessions but this one').toBeGreaterThan(0);
    for (const word of ends) await owner.post(`/profile/security/sessions/${word}/end`, {}, { from: '/profile/security' }).is(303);
    await stolen.get('/home').goes(/signin/);
    await second.get('/home').goes(/signin/);
    await owner.get('/home').is(200);
  });
});
