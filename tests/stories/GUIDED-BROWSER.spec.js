// The guided set-up as somebody goes it who has never seen the product: from the invitation mail to the first trial bill and
// to live work, by clicks, with the sample utility's values, all of it within /setup. Staff accept their invitations and
// files of the old system are brought in by HTTP.
const { execFileSync } = require('child_process');
const fs = require('fs'), os = require('os'), path = require('path');
const { story } = require('../support/story');

const PASSWORD = 'violet tractor seldom sings', HOST = 'https://swa.smart360.test';
const staff = [['billing', 'Bela Billing', 'Billing', 'billing_manager'], ['meters', 'Mira Meters', 'Metering', 'meter_manager'],
  ['service', 'Sara Supervisor', 'Customer Service', 'cso_supervisor'], ['desk', 'Dana Desk', 'Customer Service', 'cso'], ['cash', 'Cora Cash', 'Customer Service', 'cashier']];
const steps = ['subscription', 'organization', 'admins', 'utility', 'core_settings', 'staff_access', 'calendar', 'service_areas', 'pricing_billing', 'id_formats', 'customer_settings', 'meter_settings', 'billing_settings'];

story('ONB-GUIDED from the invitation to live', 'ONB-FRESH', ({ as, test, expect, sql, one, jobs_run, mails, command, clock, owner, verify, watch }) => {
  test('ONB-GUIDED an administrator takes a fresh organization to live work', async ({ browser }) => {
    test.setTimeout(900000);
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true });
    const faults = await watch(context), page = await context.newPage();
    page.setDefaultTimeout(60000);
    page.setDefaultNavigationTimeout(90000);
    const main = () => page.getByRole('main');
    const open = (where) => page.goto(`${HOST}${where}`);
    const sees = (...texts) => Promise.all(texts.map((t) => expect(main()).toContainText(t, { timeout: 60000 })));
    const fill = async (values) => {
      for (const [name, value] of Object.entries(values)) {
        const field = main().locator(`[name="${name}"]:not([type=hidden])`).first();
        if (await field.evaluate((e) => e.tagName === 'SELECT')) await field.selectOption(value);
        else if (/^(checkbox|radio)$/.test(await field.getAttribute('type') ?? '')) await field.check();
        else await field.fill(value);
      }
    };
    // Sends the form that posts to this address and waits for the page that answers.
    const send = async (to) => {
      const form = page.locator(`main form[method=post][action*="${to}"]`).first();
      await Promise.all([page.waitForResponse((r) => r.request().method() === 'POST', { timeout: 60000 }), form.locator('button:not([type=button]), input[type=submit]').last().click()]);
      await page.waitForLoadState('load');
    };
    const step = async (key) => { await open(`/setup/${key}${one('select count(*) from utility') === '0' ? '' : '?utility=swa-w'}`); };
    // A page of a step's, within the set-up.
    const inside = async (key, where) => { await open(`/setup/${key}/u/swa-w${where}`); await sees(' of 16'); };
    // Who signs which step; Ada signs her own, and in place of whom nobody is. The others sign by HTTP, each for themselves.
    const signers = { core_settings: ['ops-admin'], staff_access: ['ops-admin'], calendar: ['ops-admin'], service_areas: ['ops-admin'], pricing_billing: ['billing', 'ops-admin'], id_formats: ['ops-admin'],
      customer_settings: ['service', 'ada'], meter_settings: ['meters', 'ada'], billing_settings: ['billing'], data_migration: ['ops-admin', 'billing'] };
    const ticks = (body) => [...body.matchAll(/type="checkbox"[^>]*name="confirmed"[^>]*value="(\w+)"|name="confirmed"[^>]*value="(\w+)"[^>]*type="checkbox"/g)].map((m) => m[1] ?? m[2]);
    const signs = async (who, key, comment) => {
      const where = `/setup/${key}?utility=swa-w`, seen = await as(`${who}@sfwater.org`).get(where).followed().sees('You sign as: ');
      await as(`${who}@sfwater.org`).post(`/setup/${key}/signoff?utility=swa-w`, { comment, confirmed: ticks(seen.body) }, { from: where }).is(303);
    };
    const sign_off = async (key, comment) => {
      for (const who of signers[key] ?? ['ada']) {
        if (who !== 'ada') { await signs(who, key, comment); continue; }
        await step(key);
        await sees('Sign off');
        for (const box of await main().locator('[name=confirmed][type=checkbox]').all()) await box.check();
        await fill({ comment });
        await send(`/${key}/signoff`);
        await sees('is signed off.');
      }
      expect(one('select state from setup_step where step_key = ?', [key]), key).toBe('signed_off');
    };
    const too_early = async (key, first) => {
      await step(key);
      await expect(page.locator('body')).toContainText(`Complete '${first}' first`, { timeout: 60000 });
    };
    const code_of = (secret) => execFileSync('oathtool', ['--totp', '-b', secret.replace(/\s/g, ''), '--now', `${clock.now().toISOString().replace('T', ' ').slice(0, 19)} UTC`], { encoding: 'utf8' }).trim();
    const link_in = (to) => mails(to).pop().body.match(/https:\S+\/invite\/accept\?token=\S+/)[0];
    const accept = async (to) => {
      const link = new URL(link_in(to)), guest = as(null);
      await guest.post('/invite/accept', { password: PASSWORD, terms: '1' }, { from: link.pathname + link.search }).is(303);
    };
    const ada = () => as('ada@sfwater.org');
    const upload = (name, rows) => ({ files: { file: { name, type: 'text/csv', content: Buffer.from(`${rows.map((r) => r.join(',')).join('\r\n')}\r\n`) } } });

    await test.step('the invitation mail, a password, a second factor', async () => {
      command('user', 'invite', 'ada@sfwater.org', '--name', 'Ada Admin');
      await jobs_run();
      await page.goto(link_in('ada@sfwater.org'));
      await sees('Ada Admin');
      await fill({ password: PASSWORD, terms: '1' });
      await send('/invite/accept');
      await fill({ email: 'ada@sfwater.org', password: PASSWORD });
      await send('/login');
      await page.waitForURL(/\/login\/mfa/);
      const secret = await main().locator('code.secret').textContent();
      await fill({ code: code_of(secret) });
      await send('/login/mfa');
      await page.getByRole('link', { name: 'I have kept them' }).click();
      await page.waitForURL(/\/setup\//);
    });

    await test.step('the organization first: nothing else opens', async () => {
      await open('/setup');
      await sees('0 % of the whole set-up', 'Choose the currency.', 'Choose the date format.', 'Choose the time zone.');
      await too_early('utility', 'Organization');
      await step('organization');
      await sees('Step 2 of 16', 'Part 1 of 4');
      await fill({ contact_phone: '+1 503 555 7890', country: 'US', state: 'Oregon', city: 'Portland' });
      await main().getByRole('button', { name: 'Save and continue' }).click();
      await page.waitForURL(/\/setup\/organization\/org\/setup\/regional/);
      await fill({ currency: 'USD', date_format: 'MM/DD/YYYY' });
      await main().getByRole('button', { name: 'Save', exact: true }).click();
      await sees('Choose the time zone.', '70 %');
      await main().getByRole('link', { name: 'Choose the time zone.' }).click();
      await page.waitForURL(/regional#f-time_zone/);
      await fill({ time_zone: 'America/Los_Angeles', time_format: '12h', number_format: '1,234.56', fiscal_year_start: '07-01', default_language: 'en', measurement_system: 'imperial' });
      await main().getByRole('button', { name: 'Save', exact: true }).click();
      await sees('100 %', "Send a test message to the organization's mailbox and confirm it.");
      await main().getByRole('link', { name: "Send a test message to the organization's mailbox" }).click();
      await page.waitForURL(/\/setup\/organization\/org\/setup\/mailbox/);
      await send('/org/setup/mailbox');
      await jobs_run();
      // With the first person the organization's dashboard has its figures.
      expect(one("select count(*) from smart360.job where kind = 'dashboard.totals' and unique_key = 'totals.begin' and state = 'done'")).not.toBe('0');
      expect(one("select count(*) from dashboard_counter where `key` = 'day.sign_ins'")).not.toBe('0');
      const box = new URL(mails('admin@sfwater.org').pop().body.match(/https:\S+/)[0]);
      await as(null).post('/org/setup/mailbox/confirm', { token: box.searchParams.get('token') }, { from: box.pathname + box.search }).is(303);
      await step('organization');
      await sees('Nothing is missing.');
      expect(sql('select country, state, city, currency, date_format, time_zone from organization_setting')).toEqual([{ country: 'US', state: 'US-OR', city: 'Portland', currency: 'USD', date_format: 'MM/DD/YYYY', time_zone: 'America/Los_Angeles' }]);
      await sign_off('subscription', 'Growth, yearly');
      await sign_off('organization', 'As in the legal records');
      await jobs_run();
      await step('admins');
      await sees('Nothing is missing.');
      await sign_off('admins', 'Two administrators, each with a second factor');
    });

    await test.step('the utility, begun with the template for water', async () => {
      await too_early('core_settings', 'Utility');
      await step('utility');
      await page.waitForURL(/\/setup\/utility\/utilities\/new/);
      await sees('Step 4 of 16');
      await expect(page.locator('.s-band')).not.toContainText('Locked');      // it is open: the first utility is made here
      await expect(main().locator('label[for=f-email]')).toHaveText('E-mail');
      await fill({ code: 'swa-w', start: 'water_us', name: 'SWA Water & Wastewater', email: 'contacts@sfwater.org', contact_phone: '+1 503 555 0142', city: 'Portland', address: '1120 SW 5th Ave, Portland, OR 97204' });
      await send('/utilities');
      await page.waitForURL(/swa-w/);
      expect(one("select count(*) from tariff_plan where status = 'draft'")).toBe('4');
      await too_early('core_settings', 'Utility');
      command('user', 'invite', 'ops-admin@sfwater.org', '--name', 'Olga Operations', '--role', 'utility_admin', '--utility', 'swa-w');
      await jobs_run();
      await accept('ops-admin@sfwater.org');
      await jobs_run();
      await sign_off('utility', 'With its administrator');
      await step('admins');
      await sees('Changed after sign-off');
      await sign_off('admins', 'And the administrator of the utility');
      // The six tabs, one after the other; what the template brought is looked at, and one thing of our own added.
      await step('core_settings');
      for (const [i, name] of ['Services', 'System access', 'Roles and departments', 'Consumer categories', 'Document types', 'Contracts'].entries()) {
        await sees(`Part ${i + 1} of 6: ${name}`);
        if (i < 5) await main().getByRole('navigation', { name: 'Set-up' }).getByRole('link', { name: 'Next' }).click();
      }
      await inside('core_settings', '/settings/categories/new');
      await fill({ code: 'IND', name: 'Industrial' });
      await main().getByRole('button', { name: 'Save and continue' }).click();
      await page.waitForURL(/\/setup\/core_settings\/u\/swa-w\/settings\/documents/);
      await open('/setup/core_settings/u/swa-w/settings/categories/IND/edit');
      await main().locator('[name=active]').first().uncheck();
      await main().getByRole('button', { name: 'Save', exact: true }).click();
      await expect.poll(() => one("select active from consumer_category where code = 'IND'"), { timeout: 60000 }).toBe('0');
      await sign_off('core_settings', 'Water and wastewater');
    });

    await test.step('people are invited by a file and come', async () => {
      await inside('staff_access', '/invitations/import');
      await main().locator('input[type=file]').setInputFiles({ name: 'staff.csv', mimeType: 'text/csv', buffer: Buffer.from(`full_name,email,phone,department,role_code,area_code,employee_no\r\n${staff.map(([who, name, department, role]) => `${name},${who}@sfwater.org,,${department},${role},,`).join('\r\n')}\r\n`) });
      await send('/invitations/import');
      await sees('5 valid, 0 with errors');
      await send('/invitations/import');
      await jobs_run();
      for (const [who] of staff) await accept(`${who}@sfwater.org`);
      await jobs_run();
      await sign_off('staff_access', 'Every required role has somebody');
    });

    await test.step('the calendar and the territory', async () => {
      await too_early('pricing_billing', 'Service Areas');
      const refused = await ada().get('/u/swa-w/plans/new').is(409);
      expect(refused.text).toContain("Complete 'Service Areas' first: define at least one sub-area.");
      for (const year of ['2026', '2027']) {
        await inside('calendar', '/calendar/import');
        await fill({ year });
        await send('/calendar/import/check');         // what it touches, then
        await send('/calendar/import');
      }
      await sign_off('calendar', 'Federal holidays of two years');
      await inside('service_areas', '/areas/import');
      await main().locator('input[type=file]').setInputFiles({ name: 'areas.csv', mimeType: 'text/csv', buffer: Buffer.from('level,code,name,parent_code\nregion,POR,Portland,\ndivision,POR-WST,West County,POR\narea,WST-BEA,Beaverton,POR-WST\nsub_area,BEA-CEN,Central Beaverton,WST-BEA\n') });
      await send('/areas/import');
      await send('/areas/import');
      await sign_off('service_areas', 'One branch to begin with');
    });

    await test.step('plans from the first of January, approved by a second person', async () => {
      for (const plan of ['RES-FIX', 'RES-VAR', 'COM-FIX', 'COM-VAR']) {
        await inside('pricing_billing', `/plans/${plan}/versions/1/edit`);
        await fill({ effective_from: '2026-01-01' });
        await send('/versions/1/edit');
        await inside('pricing_billing', `/plans/${plan}/versions/1`);
        await send('/versions/1/submit');
        await as('billing@sfwater.org').post(`/u/swa-w/plans/${plan}/versions/1/approve`).is(303);
      }
      expect(one("select count(*) from tariff_plan where status = 'active'")).toBe('4');
      await open('/u/swa-w/plans/calculator?plan=RES-VAR&from=2026-04-01&to=2026-04-30&quantity=12&size=5/8');
      await sees('188.00');
      await sign_off('pricing_billing', 'The expected bills match');
      await step('id_formats');
      await sees('All that is needed is there from the beginning.');
      await send('/id_formats/take');
      await sign_off('id_formats', 'Previews agreed');
    });

    await test.step('operations: one part left out, the others set up', async () => {
      await step('integrations');
      await fill({ reason: 'Online payment comes in summer' });
      await send('/integrations/skip');
      await inside('customer_settings', '/cis/payment-config');
      await fill({ walk_in_cash: '1', walk_in_cheque: '1' });
      await send('/cis/payment-config');
      await sign_off('customer_settings', 'The counter is open');
      await inside('meter_settings', '/mx/settings/routes');
      await fill({ name: 'Western, monthly' });
      await send('/mx/settings/routes');
      await sign_off('meter_settings', 'Routes and a cycle');
      await inside('billing_settings', '/bx/cycles/new');
      await fill({ code: 'MONTHLY-WESTERN', name: 'Monthly-Western', anchor: '2026-03-01' });
      await send('/bx/cycles');
      await sign_off('billing_settings', 'One cycle');
    });

    await test.step('five accounts of the old system, and the first trial bills', async () => {
      const five = [1, 2, 3, 4, 5];
      const bring = async (entity, rows) => {
        await ada().post('/u/swa-w/migration', { entity, encoding: 'auto', mode: 'insert', policy: 'skip_bad_rows' }, { from: '/u/swa-w/migration/new', ...upload(`${entity}.csv`, rows) }).is(303);
        const no = one('select batch_no from import_batch order by id desc limit 1');
        await ada().post(`/u/swa-w/migration/${no}/mapping`, {}, { from: `/u/swa-w/migration/${no}/mapping` }).is(303);
        for (const move of ['validate', 'import']) {
          await ada().post(`/u/swa-w/migration/${no}/${move}`, {}, { from: `/u/swa-w/migration/${no}` }).is(303);
          await jobs_run(120);
        }
        expect(sql('select state, (select messages from import_row r where r.batch_id = b.id and r.messages is not null limit 1) said from import_batch b where batch_no = ?', [no]), entity).toEqual([expect.objectContaining({ state: 'completed' })]);
        return no;
      };
      const consumers = [['legacy_id', 'type', 'first_name', 'last_name', 'phone'], ...five.map((i) => [`C-${i}`, 'person', 'Resident', `No${i}`, `+1503200000${i}`])];
      // The way back is tried once before it counts.
      const first = await bring('consumer', consumers);
      await step('data_migration');
      await sees('Take an import back once and bring it again');
      await as.anew('ada@sfwater.org').post(`/u/swa-w/migration/${first}/rollback`, { batch: first }, { from: `/u/swa-w/migration/${first}/rollback` }).is(303);
      await jobs_run(120);
      expect(sql('select state from import_batch where batch_no = ?', [first])).toEqual([{ state: 'rolled_back' }]);
      await bring('consumer', consumers);
      await bring('premise', [['legacy_id', 'sub_area_code', 'line1', 'city', 'state', 'postcode', 'type'], ...five.map((i) => [`P-${i}`, 'BEA-CEN', `${i} Hall Blvd`, 'Beaverton', 'OR', '97005', 'house'])]);
      await bring('account', [['legacy_id', 'consumer_legacy_id', 'premise_legacy_id', 'category', 'status', 'opened_on'], ...five.map((i) => [`A-${i}`, `C-${i}`, `P-${i}`, 'RES', 'active', '2026-02-28'])]);
      await bring('meter', [['serial_no', 'manufacturer', 'model', 'size', 'service', 'digits', 'install_state'], ...five.map((i) => [`W100${i}`, 'MFR-A', 'WM15', '5/8', 'WA', '6', 'installed'])]);
      await bring('service_connection', [['legacy_id', 'account_legacy_id', 'service', 'tariff_plan_code', 'status', 'connected_on', 'meter_serial', 'installed_on', 'initial_reading'], ...five.map((i) => [`S-${i}`, `A-${i}`, 'WA', 'RES-VAR', 'active', '2026-02-28', `W100${i}`, '2026-02-28', '1250'])]);
      await bring('meter_reading', [['meter_serial', 'read_at', 'reading', 'type'], ...five.map((i) => [`W100${i}`, '2026-03-31', '1262', 'actual'])]);
      for (const { id } of sql("select id from meter_reading where status = 'pending'")) owner('meters@sfwater.org', 'decide', { reading: id, decision: 'pass' });
      await sign_off('data_migration', 'Five of them for the trial');
      await open('/u/swa-w/bx/generate?cycle=MONTHLY-WESTERN&period=2026-03');
      await page.locator('main button.primary, main button.danger').first().click();
      await main().locator('[name=confirm]').fill('5');
      await page.locator('main button.primary, main button.danger').first().click();
      await page.waitForURL(/RUN-/);
      await jobs_run(120);
      await page.reload();
      expect(sql("select distinct state, error_code, error_text, skip_reason from bill_run_item")).toEqual([{ state: 'published', error_code: null, error_text: null, skip_reason: null }]);
      expect(one("select count(*) from bill where status = 'published'")).toBe('5');
    });

    await test.step('the checklist, and live', async () => {
      // What was touched since is looked at once more.
      for (const { step_key } of sql("select step_key from setup_step where state = 'changed_after_signoff'")) await sign_off(step_key, 'Looked at again');
      for (const key of steps) expect(one('select state from setup_step where step_key = ?', [key]), key).toBe('signed_off');
      await open('/setup/checklist?utility=swa-w');
      await sees('16. Trial run and go-live', 'Ada Admin', 'As in the legal records');
      expect((await ada().get('/setup/checklist.pdf?utility=swa-w').is(200)).bytes.subarray(0, 5).toString()).toBe('%PDF-');
      await step('go_live');
      await sees('There is a backup of the last 24 hours');
      await expect(main().locator('form[action*="go_live/live"]')).toHaveCount(0);
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 's360-backup-'));
      try { command('backup', folder, '--tenant', 'swa'); } finally { fs.rmSync(folder, { recursive: true, force: true }); }
      await step('go_live');
      const prove = page.locator('main a[href*="/account/proof"]').first();
      if (await prove.count()) {
        await prove.click();
        await fill({ password: PASSWORD });
        await send('/account/proof');
        await page.waitForURL(/go_live/);
      }
      // Three sign: Ada orders it when the two others have signed, and signs by that.
      await sees('Utility administrator', 'Wanted', 'Olga Operations', 'Bela Billing');
      await expect(main().locator('form[action*="go_live/live"]')).toHaveCount(0);
      await signs('ops-admin', 'go_live', 'As agreed');
      await signs('billing', 'go_live', 'The trial bills are right');
      await step('go_live');
      await sees('The trial bills are right', 'You sign as: System administrator.');
      await fill({ code: 'SWA-X' });
      await send('go_live/live');
      await sees('Type swa-w to confirm.');
      for (const box of await main().locator('[name=confirmed][type=checkbox]').all()) await box.check();
      await fill({ code: 'swa-w' });
      await send('go_live/live');
      await jobs_run(180);
      await step('go_live');
      await sees('Live since', 'Bills');
    });

    expect(sql("select environment, status from utility where code = 'swa-w'")).toEqual([{ environment: 'live', status: 'live' }]);
    expect(one('select count(*) from bill')).toBe('0');
    expect(one('select count(*) from account')).toBe('5');
    verify();
    expect(faults).toEqual([]);
    await context.close();
  });
});
