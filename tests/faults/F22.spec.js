const { story } = require('../support/story');
const { hold } = require('../support/faults');
const html = require('../support/html');

story('F22', 'BASE', ({ as, test, expect, one, instance }) => {
  test('F22 two tabs edit one record: the second is shown both versions, nothing is lost', async () => {
    const bm = as('billing_manager');
    const tab = async () => Object.fromEntries(await bm.form_fields('/u/swa-w/bx/gl-codes/4180', { from: '/bx/gl-codes/4180/edit' }));
    const [one_tab, other_tab] = [await tab(), await tab()];
    await bm.post('/bx/gl-codes/4180', { ...one_tab, name: 'Convenience fees, first tab' }, { raw: true }).is(303);
    const conflict = await bm.post('/bx/gl-codes/4180', { ...other_tab, name: 'Convenience fees, second tab' }, { raw: true }).is(409);
    expect(conflict.text).toContain('Convenience fees, first tab');
    expect(conflict.body).toContain('Convenience fees, second tab');
    expect(one("select name from gl_code where code = '4180'")).toBe('Convenience fees, first tab');
    expect(one("select row_version from gl_code where code = '4180'")).toBe(String(Number(one_tab.row_version) + 1));
  });
  test('F22 twenty saves at once: exactly one wins', async () => {
    const bm = as('billing_manager');
    const fields = Object.fromEntries(await bm.form_fields('/u/swa-w/bx/gl-codes/4190', { from: '/bx/gl-codes/4190/edit' }));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => bm.post('/bx/gl-codes/4190', { ...fields, form_key: `${fields.form_key.slice(0, -2)}${String(i).padStart(2, '0')}`, name: `Name ${i}` }, { raw: true })));
    const statuses = answers.map((r) => r.status);
    expect(statuses.filter((s) => s === 303)).toHaveLength(1);
    expect(statuses.filter((s) => s === 409)).toHaveLength(19);
  });
  test('F22 a record that somebody holds for long: 503 in time, with what was typed, and sent again it is stored', async () => {
    const bm = as('billing_manager');
    const fields = Object.fromEntries(await bm.form_fields('/u/swa-w/bx/gl-codes/4180', { from: '/bx/gl-codes/4180/edit' }));
    const release = await hold(instance(), "select id from gl_code where code = '4180' for update"), began = Date.now();
    let answer;
    try { answer = await bm.post('/bx/gl-codes/4180', { ...fields, name: 'Fees held up' }, { raw: true }).is(503); } finally { release(); }
    expect(Date.now() - began, 'ms for the answer').toBeLessThan(25000);        // nginx and the watchdog wait 30 s
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.text).toContain('nothing was stored');
    expect(answer.text).not.toMatch(/lock wait|innodb|1205/i);
    expect(one("select count(*) from gl_code where name = 'Fees held up'")).toBe('0');
    // The log says which statement waited, and for whom.
    expect(instance().log('web')).toMatch(new RegExp(`warn db\\.lock_wait .*statement=.*gl_code.* others="${release.connection} sleep `));
    const again = Object.fromEntries(html.forms(answer.body).find((f) => /gl-codes\/4180$/.test(f.action)).fields);
    expect(again).toMatchObject({ name: 'Fees held up' });
    await bm.post('/bx/gl-codes/4180', again, { raw: true }).is(303);
    expect(one("select name from gl_code where code = '4180'")).toBe('Fees held up');
  });
});
