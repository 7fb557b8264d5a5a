// The guided set-up: steps in their order, what is missing in each, signing off, and the way to live work.
const { story } = require('../support/story');

const step_of = (page, title) => page.body.match(new RegExp(`<a href="([^"]*)"[^>]*><strong>\\d+\\. ${title}</strong>[\\s\\S]*?</a>`))?.[0] ?? '';
const state_of = (page, title) => step_of(page, title).match(/class="s-b [^"]*">([^<]*)</)?.[1];
const percent_of = (page, title) => step_of(page, title).match(/<span class="num">([^<]*)</)?.[1].replace('\u00a0', ' ');
const phase_of = (page, title) => page.body.match(new RegExp(`<h2>${title} <span class="num">([^<]*)<`))?.[1].replace('\u00a0', ' ');

story('ONB-GUIDED', 'ONB-FRESH', ({ as, test, expect, sql }) => {
  const admin = () => as('tenant_admin');
  const saved = (key) => sql("update setup_step set saved_at = utc_timestamp(6), state = 'in_progress' where step_key = ?", [key]);

  test('ONB-GUIDED.1 a fresh organization begins at step 2, with nothing done', async () => {
    await admin().get('/').goes('/setup');
    await admin().get('/setup').goes('/setup/organization');
    const page = await admin().get('/setup/organization').sees('0 % of the whole set-up', 'Choose the currency.', 'Choose the date format.', 'Choose the time zone.');
    expect(page.body.match(/aria-current="step"/g)).toHaveLength(1);
    expect(step_of(page, 'Organization')).toContain('aria-current="step"');
    expect(percent_of(page, 'Organization')).toBe('0 %');
    expect(state_of(page, 'Utility')).toBe('Locked');
  });

  test('ONB-GUIDED.2 currency and date format are 70 %, with the time zone 100 %; only then the utility opens', async () => {
    sql("update organization_setting set currency = 'USD', date_format = 'MM/DD/YYYY'");
    saved('organization');
    const first = await admin().get('/setup/organization').sees('Choose the time zone.').lacks('Choose the currency.');
    expect(percent_of(first, 'Organization')).toBe('70 %');
    expect(phase_of(first, 'Organization')).toBe('70 %');
    expect((await admin().get('/setup/utility').is(409)).text).toContain("Complete 'Organization' first: choose the time zone.");
    sql("update organization_setting set time_zone = 'America/Los_Angeles'");
    const then = await admin().get('/setup/organization').sees('Nothing is missing.');
    expect(percent_of(then, 'Organization')).toBe('100 %');
    expect(state_of(then, 'Organization')).toBe('Complete');
    await admin().get('/setup/utility').is(200);
  });

  test('ONB-GUIDED refuses a step that is not there, and people of other roles', async () => {
    await admin().get('/setup/nothing').is(404);
    await admin().get('/setup/organization?utility=nowhere').is(404);
    await as(null).get('/setup').goes(/^\/login/);
  });
});

story('ONB-GUIDED', 'ONB-FIX', ({ as, anyone, test, expect, sql, one, looks_right }) => {
  const admin = () => as('tenant_admin'), east = () => as('utility_admin');
  const utility = () => one("select id from utility where code = 'swa-e'");
  const set = (key, values) => sql(`update setup_step set ${values} where step_key = '${key}' and utility_id = ${utility()}`);

  test('ONB-GUIDED.3 core settings, staff and half of the calendar are 45 % of the utility', async () => {
    for (const key of ['core_settings', 'staff_access']) set(key, "state = 'complete', percent = 100, saved_at = utc_timestamp(6)");
    set('calendar', "state = 'in_progress', saved_at = utc_timestamp(6)");
    const page = await admin().get('/setup/calendar?utility=swa-e').sees('Enter the holidays of the next 12 months.');
    expect(percent_of(page, 'Calendar &amp; Scheduling')).toBe('50 %');
    expect(percent_of(page, 'Service Areas')).toBe('0 %');
    expect(phase_of(page, 'Utility')).toBe('45 %');
  });

  test('ONB-GUIDED.4 no plan is made before there is a sub-area', async () => {
    set('core_settings', "state = 'complete', percent = 100, saved_at = utc_timestamp(6)");
    for (const key of ['service_areas', 'pricing_billing']) set(key, "state = 'locked', percent = 0, saved_at = null");
    for (const path of ['/u/swa-e/plans/new', '/setup/pricing_billing?utility=swa-e']) {
      const refused = await admin().get(path).is(409);
      expect(refused.text).toContain("Complete 'Service Areas' first: define at least one sub-area.");
      expect(refused.body).toContain('href="/u/swa-e/areas"');
    }
    await admin().get('/u/swa-w/plans/new').is(200);
    await admin().get('/u/swa-e/plans').is(200);
    await admin().get('/u/swa-w/plans').is(200);
  });

  test('ONB-GUIDED a step is signed off by who may approve it, once, when nothing is missing', async () => {
    set('id_formats', "state = 'in_progress', saved_at = utc_timestamp(6)");
    await east().get('/setup/id_formats?utility=swa-e').sees('Nothing is missing.', 'Sign off');
    await admin().post('/setup/calendar/signoff?utility=swa-e', { comment: 'as agreed' }).is(422).and((r) => expect(r.text).toContain('Enter the holidays of the next 12 months.'));
    await east().post('/setup/id_formats/signoff?utility=swa-e', { comment: 'Agreed with billing' }, { from: '/setup/id_formats?utility=swa-e' }).done('Numbers is signed off.');
    expect(one(`select state from setup_step where step_key = 'id_formats' and utility_id = ${utility()}`)).toBe('signed_off');
    const snapshot = JSON.parse(one(`select snapshot from setup_step where step_key = 'id_formats' and utility_id = ${utility()}`));
    expect(snapshot.values.length).toBeGreaterThanOrEqual(26);
    expect(snapshot.missing).toEqual([]);
    await east().get('/setup/id_formats?utility=swa-e').sees('Signed off by', 'Agreed with billing');
    await east().post('/setup/id_formats/signoff?utility=swa-e').is(422).and((r) => expect(r.text).toContain('This step is signed off already, or not complete.'));
  });

  test('ONB-GUIDED refuses a sign-off without the right to approve', async () => {
    await as('billing_manager').get('/setup?utility=swa-e').is(403);
    await as('billing_manager').post('/setup/id_formats/signoff?utility=swa-e', { csrf: 'x' }, { raw: true }).is(403);
    await as('cso1').get('/setup?utility=swa-w').is(403);
  });

  test('ONB-GUIDED only an optional step can be left out, with a reason', async () => {
    set('service_areas', "state = 'open'");
    await admin().post('/setup/integrations/skip?utility=swa-e', { reason: '' }, { from: '/setup/integrations?utility=swa-e' }).is(422);
    await admin().post('/setup/integrations/skip?utility=swa-e', { reason: 'No online payment yet' }, { from: '/setup/integrations?utility=swa-e' }).is(303);
    await admin().get('/setup/integrations?utility=swa-e').sees('No online payment yet');
    await admin().post('/setup/service_areas/skip?utility=swa-e', { reason: 'no territory' }).is(409).and((r) => expect(r.text).toContain('This step is required.'));
  });

  test('ONB-GUIDED the checks before going live are all named; the red ones lead to where they are put right', async () => {
    const page = await admin().get('/setup/go_live?utility=swa-w').sees('All required steps are signed off', 'There is a backup of the last 24 hours', 'The mail provider is verified', 'A trial run of five accounts or more was approved');
    expect(page.body.match(/<span class="r"><span class="s-b (ok|bad)">/g)).toHaveLength(12);
    set('go_live', "state = 'locked'");
    expect((await admin().get('/setup/go_live?utility=swa-e').is(409)).text).toContain("Complete 'Data migration' first");
  });

  test('ONB-GUIDED.5 a price that is changed after the sign-off wants a new one, and going live waits for it', async () => {
    const signed = async () => (await admin().get('/setup/go_live?utility=swa-w').is(200)).body.match(/All required steps are signed off[\s\S]*?class="s-b (ok|bad)"/)[1];
    expect(await signed()).toBe('ok');
    const manager = as('billing_manager'), use = '/u/swa-w/plans/RES-VAR/versions/2/components/WATER-USE';
    await manager.post('/plans/RES-VAR/versions', { effective_from: '2027-01-01', change_reason: 'Rates of 2027' }, { from: '/plans/RES-VAR/versions/new' }).is(303);
    await manager.post(use.slice(8), { tier_from: ['0', '5', '10'], tier_upto: ['5', '10', ''], tier_price: ['4.60', '6.75', '9.10'] }, { from: use.slice(8) }).done('WATER-USE is saved.');
    const page = await admin().get('/setup/pricing_billing?utility=swa-w').is(200);
    expect(state_of(page, 'Pricing &amp; Billing')).toBe('Changed after sign-off');
    expect(await signed()).toBe('bad');
    await admin().post('/setup/pricing_billing/signoff?utility=swa-w', { comment: 'with the rates of 2027' }).is(303);
    expect(await signed()).toBe('ok');
  });

  test('ONB-GUIDED the checklist is printed with states and signatures, as a page and as PDF', async () => {
    await admin().get('/setup/checklist?utility=swa-w').sees('Checklist', '16. Trial run and go-live', 'System administrator');
    const pdf = await admin().get('/setup/checklist.pdf?utility=swa-w').is(200);
    expect(pdf.headers['content-type']).toBe('application/pdf');
    expect(pdf.bytes.subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('ONB-GUIDED pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/setup/calendar?utility=swa-e', '/setup/go_live?utility=swa-w']) {
      await admin().browse(page, path);
      await looks_right(page);
    }
  });
});
