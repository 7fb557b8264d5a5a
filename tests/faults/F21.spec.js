const { story } = require('../support/story');

story('F21', 'BX-FIX', ({ as, test, expect, one, sql, jobs_run }) => {
  test('F21 two people start the same bill run twenty times at once: one run, the others are led to it', async () => {
    const form = { cycle: 'MONTHLY-WESTERN', period: '2026-04', bill_date: '2026-05-02', due_date: '2026-05-23', estimate: '1', confirm: '10' };
    const from = '/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2026-04';
    const people = [as('billing_manager'), as('billing_manager1')];
    const forms = await Promise.all(Array.from({ length: 20 }, async (_, i) => ({ who: people[i % 2], fields: { ...Object.fromEntries(await people[i % 2].form_fields('/u/swa-w/bx/generate', { from })), ...form } })));
    expect(new Set(forms.map((f) => f.fields.form_key)).size).toBe(20);
    const answers = await Promise.all(forms.map(async (f) => f.who.post('/bx/generate', f.fields, { raw: true })));
    expect(answers.filter((r) => r.status === 303)).toHaveLength(1);
    const refused = answers.filter((r) => r.status !== 303);
    expect([...new Set(refused.map((r) => r.status))]).toEqual([409]);
    for (const r of refused) expect(r.text).toMatch(/Run RUN-2026-0001 is already billing this period/);
    expect(one('select count(*) from bill_run')).toBe('1');
    await jobs_run();
    expect(sql("select account_id, count(*) n from bill where status = 'published' group by account_id having n > 1")).toEqual([]);
  });
});
