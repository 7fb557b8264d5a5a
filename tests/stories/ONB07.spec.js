// Bento menu (ONB07): the launcher follows rights and modules; favourites, search, keyboard, without script, on a phone.
const { story } = require('../support/story');

story('ONB07', 'ONB-FIX', ({ as, test, expect, sql, one, looks_right }) => {
  const tiles = async (who) => [...(await who.get('/menu').is(200).then((r) => (r.status === 303 ? r : r))).body.matchAll(/<ul class="s-tiles" role="menu"[\s\S]*?<\/ul>/g)]
    .flatMap(([list]) => [...list.matchAll(/<li role="none"><(a|span)[^>]*>[\s\S]*?<span>([^<]+)<\/span>/g)].map(([, kind, text]) => (kind === 'a' ? text.replace(/&amp;/g, '&') : `(${text})`)));
  const menu_of = (who) => tiles({ get: (p) => who.get(`/u/swa-w${p}`) });
  const module_is = (code, active) => sql("update module_activation m join utility u on u.id = m.utility_id set m.active = ? where m.module = ? and u.code = 'swa-w'", [active, code]);

  test('ONB07.1 a cashier finds Consumer Services (payments) and Help, and no other page opens', async () => {
    const cashier = as('cashier2');
    expect(await menu_of(cashier)).toEqual(['Consumer Services', 'Help']);
    expect((await cashier.get('/u/swa-w/menu')).body).toMatch(/href="\/u\/swa-w\/cis\/(payments|consumers)"/);
    await cashier.get('/mx').is(403);
    await cashier.get('/help').sees('Find your way');
    expect(await menu_of(as('billing_manager'))).toEqual(expect.arrayContaining(['Billing & Payments', 'Integrations', 'Help']));
    await cashier.get('/menu').goes('/u/swa-w/menu');
  });

  test('ONB07.2 a module that is not active has no tile; administrators see it greyed', async () => {
    module_is('cc', 0);
    expect(await menu_of(as('cc_agent'))).not.toContain('Call Center');
    expect(await menu_of(as('cc_supervisor'))).not.toContain('Call Center');
    expect(await menu_of(as('utility_admin'))).toContain('(Call Center)');
    await as('cc_agent').get('/cc').refuses(403, null, 'Module not active');
    module_is('cc', 1);
    expect(await menu_of(as('cc_agent'))).toContain('Call Center');
  });

  test('ONB07.3 three overdue complaints stand on the tile', async () => {
    sql("insert into complaint_type (utility_id, code, name) select id, 'T-1', 'Try' from utility where code = 'swa-w'");
    for (let i = 1; i <= 4; i++) sql("insert into complaint (utility_id, complaint_no, complaint_type_id, subject, description, status, created_at) select u.id, ?, t.id, 'Late', 'Late', 'pending', ? from utility u join complaint_type t on t.utility_id = u.id and t.code = 'T-1' where u.code = 'swa-w'", [`C-${i}`, i === 4 ? '2026-04-14' : '2026-03-01']);
    const page = await as('cso_supervisor').get('/u/swa-w/menu').sees('3 overdue complaints');
    expect(page.body).toMatch(/Consumer Services<\/span><span class="s-count" aria-hidden="true">3</);
    await as('cashier2').get('/u/swa-w/menu').lacks('overdue');
    sql("delete from complaint where complaint_no like 'C-%'");
  });

  test('ONB07.4 what is typed finds pages and actions, and Enter opens them', async ({ page }) => {
    const admin = as('utility_admin');
    await admin.get('/u/swa-w/menu?q=new+ro').sees('Found', 'New role').and((r) => expect(r.body).toContain('href="/u/swa-w/roles/new"'));
    await admin.get('/u/swa-w/menu?q=inv+us').sees('Invite user');
    await admin.get('/u/swa-w/menu?q=zzz').sees('Nothing called "zzz" that you may open.');
    await as('cashier2').get('/u/swa-w/menu?q=new+ro').lacks('New role');
    // a complaint can be begun as soon as there is a page for it
    const offered = (await as('cso').get('/u/swa-w/menu?q=new+comp')).body.includes('/cis/complaints/new');
    expect(offered).toBe((await as('cso').get('/cis/complaints/new')).status === 200);
    await admin.browse(page, '/users');
    await page.keyboard.press('Alt+m');
    await page.locator('#bento [data-menu-find]').fill('new ro');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/roles\/new$/);
  });

  test('ONB07 below 768 px a bar at the bottom leads to the first pages, the notes and all tiles, without script', async ({ browser }) => {
    for (const [width, shown] of [[767, true], [768, false]]) {
      const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width, height: 740 }, ignoreHTTPSErrors: true });
      const page = await context.newPage();
      await as('billing_manager').browse(page, '/u/swa-w/bx/runs');
      const bar = page.getByRole('navigation', { name: 'Shortcuts' });
      await expect(bar).toBeVisible({ visible: shown });
      if (shown) {
        for (const box of await Promise.all((await bar.getByRole('link').all()).map((a) => a.boundingBox()))) expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(44);
        await bar.getByRole('link', { name: 'All' }).click();
        await expect(page.getByRole('heading', { name: 'Applications' })).toBeVisible();
      }
      await context.close();
    }
  });

  test('ONB07 the side menu is narrowed by a button, and stays so for the person', async ({ page }) => {
    await as('billing_manager').browse(page, '/u/swa-w/bx/runs');
    await page.setViewportSize({ width: 1440, height: 900 });
    const side = page.locator('.s-sidewrap'), wide = (await side.boundingBox()).width;
    await page.getByRole('button', { name: 'Narrow menu' }).click();
    await expect(page).toHaveURL(/\/bx\/runs$/);
    expect((await side.boundingBox()).width).toBeLessThan(wide / 2);
    await looks_right(page, { widths: [1440, 360] });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto('https://swa.smart360.test/u/swa-w/menu');
    expect((await side.boundingBox()).width).toBeLessThan(wide / 2);
    await page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: 'Home' }).waitFor();
    await page.getByRole('button', { name: 'Narrow menu' }).click();
    expect((await side.boundingBox()).width).toBe(wide);
  });

  test('ONB07 the keyboard opens, moves, opens a page, and closes', async ({ page }) => {
    await as('utility_admin').browse(page, '/users');
    await page.getByRole('link', { name: 'Applications' }).click();
    const box = page.locator('#bento');
    await box.getByRole('menuitem', { name: 'Administration' }).waitFor();
    await expect(box.locator('[data-menu-find]')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(box).toBeHidden();
    await page.keyboard.press('Alt+m');
    await expect(box.locator('[data-menu-find]')).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(box.getByRole('menuitem').first()).toBeFocused();
    await page.keyboard.press('ArrowRight');
    const second = box.locator('[role=menuitem]:not([aria-disabled])').nth(1), to = await second.getAttribute('href');
    await expect(second).toBeFocused();
    await page.keyboard.press('Enter');
    await page.waitForURL((u) => u.pathname === to || u.pathname.startsWith(to));
  });

  test('ONB07.5 the launcher of who works for one utility is that of the utility, whatever the role is given for', async () => {
    const was = sql("select code, status from utility where code <> 'swa-w'");
    sql("update utility set status = 'closed' where code <> 'swa-w'");
    await as.anew('tenant_admin').get('/menu').goes('/u/swa-w/menu');
    await as.anew('cso1').get('/menu').goes('/u/swa-w/menu');
    for (const u of was) sql('update utility set status = ? where code = ?', [u.status, u.code]);
  });

  test('ONB07.5 without script the button is a link to the page with the same tiles', async ({ browser }) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false }), page = await context.newPage(), admin = as('utility_admin');
    await admin.browse(page, '/users');
    await page.getByRole('link', { name: 'Applications' }).click();
    await page.waitForURL(/\/u\/swa-w\/menu$/);
    await page.getByRole('menuitem', { name: 'Billing & Payments' }).waitFor();
    await context.close();
  });

  test('ONB07.6 at 390 px three columns, targets of 44 px, no sideways scroll', async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await as('utility_admin').browse(page, '/u/swa-w/menu');
    const boxes = await page.locator('.s-main .s-tiles:not(.list) > li > *').evaluateAll((all) => all.map((x) => { const b = x.getBoundingClientRect(); return { left: Math.round(b.left), height: b.height, width: b.width }; }));
    expect(new Set(boxes.map((b) => b.left)).size).toBe(3);
    for (const b of boxes) { expect(b.height).toBeGreaterThanOrEqual(44); expect(b.width).toBeGreaterThanOrEqual(44); }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });

  test('ONB07 reports have a tile and a page of their own, with what the person may open', async () => {
    const manager = await as('billing_manager').get('/u/swa-w/menu').sees('Reports');
    expect(manager.body).toContain('href="/u/swa-w/reports"');
    const page = await as('billing_manager').get('/reports').sees('Billing overview', 'Trial balance', 'Settlements', 'Your downloads').lacks('Utility overview');
    expect(page.text).not.toMatch(/\[[a-z]+\.[a-z_]+\]/);
    const links = [.../<main[\s\S]*<\/main>/.exec(page.body)[0].matchAll(/href="(\/u\/swa-w\/[^"]+)"/g)].map((m) => m[1]);
    expect(links.length).toBeGreaterThan(4);
    for (const href of links) await as('billing_manager').get(href).is(200);
    const cashier = await as('cashier2').get('/u/swa-w/menu').is(200);
    expect(cashier.body).not.toContain('href="/u/swa-w/reports"');
    await as('cashier2').get('/reports').lacks('Billing overview', 'Trial balance');
  });

  test('ONB07 g and a letter lead where the list of keys says, to what the person may open', async ({ page }) => {
    await as('billing_manager').browse(page, '/u/swa-w/bx/runs');
    await page.keyboard.press('?');
    const keys = page.locator('#keys');
    await expect(keys).toBeVisible();
    await expect(keys.getByRole('link')).toHaveText(['Home', 'Consumers', 'Billing', 'Payments', 'Complaints', 'Reports']);    // no meters, no orders
    await page.keyboard.press('Escape');
    for (const [letter, path] of [['r', /\/u\/swa-w\/reports$/], ['b', /\/u\/swa-w\/bx\/dashboard$/], ['p', /\/u\/swa-w\/cis\/payments$/]]) {
      await page.keyboard.press('g');
      await page.keyboard.press(letter);
      await expect(page).toHaveURL(path);
    }
    await page.keyboard.press('g');
    await page.keyboard.press('m');                            // not open to a billing manager: nothing happens
    await page.keyboard.press('?');
    await expect(page.locator('#keys')).toBeVisible();
    await expect(page).toHaveURL(/\/cis\/payments$/);
    // an entry that stands under another one is reached as well
    await as('dispatcher').browse(page, '/u/swa-w/menu');
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await expect(page).toHaveURL(/\/u\/swa-w\/wx\/orders$/);
    const cashier = await as('cashier2').get('/u/swa-w/menu').is(200);
    expect([...cashier.body.matchAll(/<kbd>(\w)<\/kbd> <a href="([^"]*)" data-go="(\w+)"/g)].map((m) => m[1])).toEqual(['h', 'c', 'b', 'p']);         // bills of a consumer, no meters
  });

  test('ONB07 favourites are pinned, moved, at most twelve; a page to begin with; the last pages', async ({ page }) => {
    const admin = as('utility_admin'), pin = (key, act = 'pin') => admin.post('/u/swa-w/menu/favourites', { key, do: act }, { from: '/u/swa-w/menu' });
    await pin('users').goes('/u/swa-w/menu');
    await pin('roles').is(303);
    expect(one("select favourites from menu_preference p join user u on u.id = p.user_id where u.email = 'utility_admin@swa.test'")).toBe('["users","roles"]');
    await pin('roles', 'up').is(303);
    expect(one("select favourites from menu_preference p join user u on u.id = p.user_id where u.email = 'utility_admin@swa.test'")).toBe('["roles","users"]');
    // dragged: before another one, or to the end; nothing else of the list changes
    const list = () => JSON.parse(one("select favourites from menu_preference p join user u on u.id = p.user_id where u.email = 'utility_admin@swa.test'"));
    const place = (key, before) => admin.post('/u/swa-w/menu/favourites', { key, do: 'place', before }, { from: '/u/swa-w/menu' });
    await pin('jobs').is(303);
    await place('jobs', 'roles').is(303);
    expect(list()).toEqual(['jobs', 'roles', 'users']);
    await place('jobs', '').is(303);
    expect(list()).toEqual(['roles', 'users', 'jobs']);
    await place('nowhere', 'roles').is(303);
    await place('roles', 'roles').is(303);
    await place('roles', 'nowhere').is(303);
    expect(list()).toEqual(['users', 'jobs', 'roles']);
    await admin.browse(page, '/u/swa-w/menu');
    await page.locator('[data-drag] li[data-key=roles]').dragTo(page.locator('[data-drag] li[data-key=users]'));
    await expect.poll(list).toEqual(['roles', 'users', 'jobs']);
    await expect(page.locator('[data-drag] li').first()).toHaveAttribute('data-key', 'roles');
    await pin('jobs', 'unpin').is(303);
    sql("update menu_preference p join user u on u.id = p.user_id set p.favourites = '[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"users\"]' where u.email = 'utility_admin@swa.test'");
    await pin('roles').refuses(422, null, 'Remove one first.');
    await pin('users', 'unpin').is(303);
    await admin.post('/u/swa-w/menu/landing', { key: 'users' }, { from: '/u/swa-w/menu' }).done('You begin at Users from now on.');
    await admin.get('/u/swa-w/').goes('/u/swa-w/users');
    const cashier = as('cashier2');
    await cashier.post('/u/swa-w/menu/landing', { key: 'users' }, { from: '/u/swa-w/menu' }).is(404);
    sql("insert into menu_preference (user_id, landing_path) select id, '/users' from user where email = 'cashier2@swa.test' on duplicate key update landing_path = '/users'");
    await cashier.get('/u/swa-w/').goes('/u/swa-w/cis/payments');                                 // not open to a cashier: the role's home, and a word about it
    await cashier.get('/u/swa-w/cis/payments').sees('no longer open to you');
    await admin.get('/roles').is(200);
    await admin.get('/jobs').is(200);
    await admin.get('/users').is(200);
    await admin.get('/u/swa-w/menu').and((r) => expect(r.body).toMatch(/Recent<\/h2>[\s\S]*Users[\s\S]*Jobs[\s\S]*Roles/));
  });

  test('ONB07 administrators rename, reorder and hide entries, for all or for one role; a page still asks for its right', async () => {
    const admin = as('utility_admin'), entries = async (who) => [...(await who.get('/u/swa-w/menu').is(200)).body.match(/<nav class="s-nav"[\s\S]*?<\/nav>/)[0].matchAll(/<span>([^<]+)<\/span>/g)].map((m) => m[1]);
    await as('billing_manager').get('/u/swa-w/menu/settings').is(403);
    expect(await entries(admin)).toContain('Consumers');
    await admin.post('/u/swa-w/menu/settings', { label_consumers: 'Customers', sort_payments: '5', hidden_metering: '1', 'label_tile.cis': 'Customers first' }, { from: '/u/swa-w/menu/settings' }).done('Saved');
    const now = await entries(admin);
    expect(now).toContain('Customers');
    expect(now).not.toContain('Metering');
    expect(now.indexOf('Payments')).toBeLessThan(now.indexOf('Customers'));
    expect(await menu_of(admin)).toContain('Customers first');
    await admin.get('/mx/meters').is(200);                                            // hidden, not closed
    await admin.post('/u/swa-w/menu/settings', { role: 'cso', label_consumers: 'People', hidden_metering: null }, { from: '/u/swa-w/menu/settings?role=cso' }).is(303);
    expect(await entries(as('cso1'))).toContain('People');
    expect(await entries(admin)).toContain('Customers');
    expect(one("select count(*) from audit_entry where entity = 'menu_override'")).toBe('5');
    await admin.post('/u/swa-w/menu/settings', { sort_consumers: 'x' }, { from: '/u/swa-w/menu/settings' }).is(422);
    await admin.post('/u/swa-w/menu/settings', { label_consumers: '', 'label_tile.cis': '', sort_payments: '', hidden_metering: null }, { from: '/u/swa-w/menu/settings' }).is(303);
    expect(await entries(admin)).toContain('Consumers');
  });

  test('ONB07 Setup and Administration stay for the last administrator', async () => {
    const admin = as('utility_admin');
    await admin.post('/u/swa-w/menu/settings', { hidden_setup: '1' }, { from: '/u/swa-w/menu/settings' }).refuses(422, null, 'Setup and Administration stay visible to at least one administrator.');
    await admin.post('/u/swa-w/menu/settings', { 'hidden_tile.admin': '1' }, { from: '/u/swa-w/menu/settings' }).refuses(422, null, 'Setup and Administration stay visible');
    expect(one("select count(*) from menu_override where hidden = 1 and menu_key in ('setup', 'tile.admin')")).toBe('0');
    await admin.post('/u/swa-w/menu/settings', { role: 'utility_admin', 'hidden_tile.setup': '1' }, { from: '/u/swa-w/menu/settings?role=utility_admin' }).is(303);       // the system administrator still has it
    expect(await menu_of(admin)).not.toContain('Setup');
    await admin.post('/u/swa-w/menu/settings', { role: 'utility_admin', 'hidden_tile.setup': null }, { from: '/u/swa-w/menu/settings?role=utility_admin' }).is(303);
  });

  test('ONB07 links elsewhere: https only, at most ten a role', async () => {
    const admin = as('utility_admin'), add = (fields) => admin.post('/u/swa-w/menu/links', { role: '', label: 'Weather', url: 'https://weather.example/today', ...fields }, { from: '/u/swa-w/menu/settings' });
    await add({ url: 'http://weather.example/' }).refuses(422, 'url', 'Links must start with https://.');
    await add({ url: 'javascript:alert(1)' }).refuses(422, 'url', 'Links must start with https://.');
    for (let i = 0; i < 10; i++) await add({ label: `Weather ${i}` }).is(303);
    await add({}).refuses(422, null, 'At most 10 links for a role. Remove one first.');
    const page = await as('cso1').get('/u/swa-w/menu').sees('Weather 0', 'Weather 9');
    expect(page.body).toContain('href="https://weather.example/today"');
    await add({ role: 'cashier', label: 'Till help' }).is(303);
    await as('cso1').get('/u/swa-w/menu').lacks('Till help');
    await as('cashier2').get('/u/swa-w/menu').sees('Till help');
    for (const { key, role } of sql("select m.`key`, coalesce(r.code, '') role from menu_item m left join role r on r.id = m.role_id where m.kind = 'external'")) await admin.post(`/u/swa-w/menu/links/${key}/deletion`, {}, { from: `/u/swa-w/menu/settings?role=${role}` }).is(303);
    await as('cso1').get('/u/swa-w/menu').lacks('Weather');
  });

  test('ONB07 the launcher looks right', async ({ page }) => {
    test.setTimeout(120000);
    await as('utility_admin').browse(page, '/u/swa-w/menu');
    await looks_right(page, { shots: 'menu' });
    await as('utility_admin').browse(page, '/u/swa-w/menu/settings');
    await looks_right(page, { shots: 'menu-settings' });
    await as('utility_admin').browse(page, '/help');
    await looks_right(page, { shots: 'help' });
  });
});
