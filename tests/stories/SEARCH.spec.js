// The search box of every page: a number jumps, the beginning of a text is found by kind; within rights and areas.
const { story } = require('../support/story');

story('SEARCH', 'BX-FIX', ({ as, test, expect, sql, one, looks_right }) => {
  const account = () => one('select max(account_no) from account group by consumer_id having count(*) = 1 order by min(id) limit 1');

  test('SEARCH a number typed wholly jumps to its record', async () => {
    const cso = as('cso1'), meter = one('select meter_no from meter order by id limit 1'), consumer = one('select consumer_no from consumer order by id limit 1');
    await cso.get(`/search?q=${account()}`).goes(`/cis/accounts/${account()}`);
    await cso.get(`/search?q=${account().replace('-', '-%20')}`).goes(`/cis/accounts/${account()}`);
    await cso.get(`/search?q=${consumer}`).goes(`/cis/consumers/${consumer}`);
    await as('meter_manager').get(`/search?q=${meter}`).goes(`/mx/meters/${meter}`);
    await as('reading_validator1').get(`/search?q=${meter}`).sees('Nothing found.');          // no right to see meters
  });

  test('SEARCH the beginning of a text is found by kind, five of each', async () => {
    const cso = as('cso1'), all = Number(one("select count(*) from account a where a.account_no like 'SF-1%' or exists (select 1 from consumer n where n.id = a.consumer_id and n.consumer_no like 'SF-1%')"));
    const page = await cso.get('/search?q=SF-1').sees('Consumers and accounts');
    expect([...page.body.matchAll(/href="\/u\/swa-w\/cis\/accounts\/SF-\d+"/g)].length).toBe(Math.min(5, all));
    if (all > 5) {
      await cso.get('/search?q=SF-1').sees(`All ${all}`);
      await cso.get('/cis/consumers?q=SF-1').sees(`of ${all}`);                            // the figure equals its list
    }
    const name = one('select n.last_name from consumer n join account a on a.consumer_id = n.id where n.last_name is not null order by n.id limit 1');
    if (name) await cso.get(`/search?q=${encodeURIComponent(name.slice(0, 3))}`).sees(name);
    await cso.get('/search?q=%25%25').sees('Nothing found.');                                // % means itself
    await cso.get('/search?q=a').sees('Type at least 2 characters.');
    await cso.get('/search').sees('Type a name, an account, a meter, a bill or a phone number.');
  });

  test('SEARCH what everything begins with is looked for only so far, and says so', async () => {
    sql("insert into account (utility_id, account_no, consumer_id, premise_id, category_id, status, portal_code, currency) select a.utility_id, concat('ZZ-', lpad(q.seq, 6, '0')), a.consumer_id, a.premise_id, a.category_id, 'closed', concat('zz', q.seq), a.currency from account a join seq_1_to_450 q where a.account_no = ?", [account()]);
    const page = await as('cso1').get('/search?q=ZZ-').sees('200 and more', 'ZZ-000001');
    expect(page.body).not.toContain('All 450');
    await as('cso1').get('/search?q=ZZ-0001').sees('All 100');
    sql("delete from account where account_no like 'ZZ-%'");
  });

  test('SEARCH a phone number in any writing jumps when one account has it', async () => {
    sql("update consumer n join account a on a.consumer_id = n.id set n.primary_phone = '+15035550777' where a.account_no = ?", [account()]);
    await as('cso1').get('/search?q=(503)%20555-0777').goes(`/cis/accounts/${account()}`);
  });

  test('SEARCH a new name is found at once', async () => {
    sql("update consumer n join account a on a.consumer_id = n.id set n.first_name = 'Zephyrine', n.last_name = 'Quill' where a.account_no = ?", [account()]);
    await as('cso1').get('/search?q=zephyr').sees('Zephyrine Quill');
  });

  test('AU01US02.4 an account of another area is not found, and its page answers 404', async () => {
    const area = one('select s.code from account a join premise p on p.id = a.premise_id join service_area s on s.id = p.sub_area_id where a.account_no = ?', [account()]);
    const other = one("select code from service_area where level = 'sub_area' and code <> ? order by id desc limit 1", [area]);
    const admin = as('utility_admin'), id = one("select public_id from user where email = 'cso3@swa.test'"), cso = as('cso3');
    await cso.get(`/search?q=${account()}`).is(303);
    await admin.post(`/users/${id}/roles`, { role: 'cso', area: other }, { from: `/users/${id}` }).is(303);
    await admin.post(`/users/${id}/roles/removal`, { role: 'cso~' }, { from: `/users/${id}` }).is(303);
    const limited = as.anew('cso3');
    await limited.get(`/search?q=${account()}`).sees('Nothing found.');
    await limited.get('/search?q=zephyr').sees('Nothing found.');
    await limited.get(`/cis/accounts/${account()}`).is(404);
    await limited.get('/cis/consumers').lacks(account());
    await admin.post(`/users/${id}/roles`, { role: 'cso', area }, { from: `/users/${id}` }).is(303);      // a second area: both are seen
    await as.anew('cso3').get(`/search?q=${account()}`).is(303);
    await as.anew('cso3').get('/search?q=zephyr').sees('Zephyrine Quill');
  });

  test('SEARCH in the browser: suggestions while one types, the key / leads there, Escape closes', async ({ page }) => {
    await as('cso1').browse(page, '/cis/consumers');
    await page.keyboard.press('/');
    await page.keyboard.type('zephy');
    await expect(page.locator('.s-sugs')).toContainText('Zephyrine Quill');
    await page.keyboard.press('Escape');
    await expect(page.locator('.s-sugs')).toBeHidden();
  });

  test('SEARCH pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/search?q=SF-1', '/search?q=nothing-like-it']) {
      await as('cso_supervisor').browse(page, path);
      await looks_right(page, { shots: `search${path.replace(/\W+/g, '-')}` });
    }
  });
});
