// F5: while little room is left on the disk everything can be looked at and nothing is stored; it goes on by itself when
// there is room again. The mark is set above what the disk has.
const fs = require('fs');
const { story } = require('../support/story');

story('F5', 'HUB-FIX', ({ as, test, expect, instance, order, one }) => {
  const set_mark = (mib) => {
    const config = fs.readFileSync(instance().config, 'utf8').replace(/^free_min_mib = .*$/m, `free_min_mib = ${mib}`);
    fs.writeFileSync(instance().config, config);
    order('restart', 'web');
  };
  const codes = () => one("select count(*) from gl_code where code = '4999'");
  const full = 'There is too little room on the disk: for now everything can be looked at and nothing is stored. Tell your administrator, and send this again later.';

  test('F5 below the mark pages are looked at and nothing is stored, until there is room', async () => {
    test.setTimeout(120000);
    const manager = as('billing_manager'), typed = { code: '4999', name: 'Typed while full', type: 'revenue', normal_side: 'credit' };
    await manager.get('/bx/gl-codes').is(200);
    set_mark(1048576);
    try {
      await manager.get('/bx/gl-codes').is(200);
      // what was typed is kept, with what to do
      await manager.post('/bx/gl-codes', typed, { from: '/bx/gl-codes/new' }).is(503).and((r) => { expect(r.text).toContain(full); expect(r.body).toContain('Typed while full'); expect(r.headers['retry-after']).toBeTruthy(); });
      expect(codes()).toBe('0');
      // whoever signs in or out may do so
      await as(null).post('/login', { email: 'nobody@swa.test', password: 'wrong wrong wrong' }, { from: '/login' }).and((r) => { expect(r.status).not.toBe(503); });
      const leaving = as.anew('cso');
      await leaving.get('/').and((r) => { expect(r.status).toBeLessThan(400); });
      await leaving.post('/logout', {}, { from: '/account' }).is(303);
    } finally { set_mark(16); }
    await manager.post('/bx/gl-codes', typed, { from: '/bx/gl-codes/new' }).is(303);
    expect(codes()).toBe('1');
  });
});
