const { story } = require('../support/story');

story('F21', 'BX-FIX', ({ as, test, expect, one, sql, jobs_run, verify }) => {
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

  // Each press is of a page of its own; what a person would see: one did it, the others are told.
  const ten = async (who, path, { from, fields = {}, told = /This [a-z ]+ is [a-z ]+\.|changed by another user/i }) => {
    const forms = await Promise.all(Array.from({ length: 10 }, async (_, i) => ({ by: who[i % who.length], sent: { ...Object.fromEntries(await who[i % who.length].form_fields(who[i % who.length].path(path), { from })), ...fields } })));
    const answers = await Promise.all(forms.map((f) => f.by.post(path, f.sent, { raw: true })));
    const refused = answers.filter((r) => r.status !== 303);
    expect(answers.filter((r) => r.status === 303), `${path}: ${answers.map((r) => r.status)}`).toHaveLength(1);
    for (const r of refused) { expect([409, 422]).toContain(r.status); expect(r.text).toMatch(told); }
  };
  const audits = (entity, action) => Number(one('select count(*) from audit_entry where entity = ? and action = ?', [entity, action]));

  test('F21 ten presses at once, of a stage, a submission, an approval, a larger plan: one effect, the others are told', async () => {
    const managers = [as('billing_manager'), as('billing_manager1')], seconds = [as('billing_manager2'), as('utility_admin')];
    await managers[0].post('/bx/runs', { cycle: 'MONTHLY-WESTERN', period: '2026-05', bill_date: '2026-06-02', due_date: '2026-06-23', estimate: '1' }, { from: '/bx/runs/new' }).is(303);
    const run = one('select run_no from bill_run order by id desc limit 1'), before = audits('bill_run', 'check');
    await ten(managers, `/bx/runs/${run}/check`, { from: `/bx/runs/${run}` });
    expect([one('select state from bill_run where run_no = ?', [run]), audits('bill_run', 'check')]).toEqual(['checking', before + 1]);
    await jobs_run();

    await managers[0].post('/plans/RES-VAR/versions', { effective_from: '2027-01-01', change_reason: 'Rates of 2027' }, { from: '/plans/RES-VAR/versions/new' }).is(303);
    const no = one("select max(v.version_no) from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = 'RES-VAR'"), at = `/plans/RES-VAR/versions/${no}`;
    const state = () => one("select v.state from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = 'RES-VAR' and v.version_no = ?", [no]);
    const count = (action) => audits('tariff_plan_version', action), was = [count('submit'), count('approve')];
    await ten(managers, `${at}/submit`, { from: at });
    expect([state(), count('submit')]).toEqual(['pending_approval', was[0] + 1]);
    await ten(seconds, `${at}/approve`, { from: at });
    expect([state(), count('approve')]).toEqual(['approved', was[1] + 1]);

    const admins = [as('tenant_admin'), as('tenant_admin1')], invoices = () => Number(sql.platform("select count(*) n from subscription_invoice i join tenant t on t.id = i.tenant_id where t.slug = 'swa'")[0].n);
    sql.platform("update subscription s join tenant t on t.id = s.tenant_id join subscription_plan p on p.code = 'starter' set s.plan_id = p.id, s.price_minor = p.price_minor, s.term = 'month', s.status = 'active', s.current_period_start = '2026-04-20', s.current_period_end = '2026-05-19' where t.slug = 'swa' and s.live = 1");
    const had = invoices();
    await ten(admins, '/org/subscription/plan', { from: '/org/subscription', fields: { plan: 'growth' }, told: /changed by another user|This is your plan already\./i });
    expect([invoices(), sql.platform("select p.code from subscription s join tenant t on t.id = s.tenant_id join subscription_plan p on p.id = s.plan_id where t.slug = 'swa' and s.live = 1")[0].code]).toEqual([had + 1, 'growth']);
    verify();
  });
});
