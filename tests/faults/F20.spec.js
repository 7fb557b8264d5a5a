const { story } = require('../support/story');

story('F20', 'BASE', ({ as, test, expect, one }) => {
  test('F20 one form sent 50 times at once: one record, and everybody sees its page', async () => {
    const bm = as('billing_manager');
    await bm.get('/bx/gl-codes/new').is(200);
    const fields = { ...Object.fromEntries(await bm.form_fields('/u/swa-w/bx/gl-codes', { from: '/bx/gl-codes/new' })), code: '4777', name: 'Fault test', type: 'revenue', normal_side: 'credit' };
    const answers = await Promise.all(Array.from({ length: 50 }, async () => bm.post('/bx/gl-codes', fields, { raw: true })));
    expect([...new Set(answers.map((r) => r.status))]).toEqual([303]);
    expect(new Set(answers.map((r) => r.location)).size).toBe(1);
    expect(one("select count(*) from gl_code where code = '4777'")).toBe('1');
    expect(one("select count(*) from audit_entry where entity = 'gl_code' and number = '4777'")).toBe('1');
    await bm.get('/bx/gl-codes/4777').sees('Fault test');
  });
});
