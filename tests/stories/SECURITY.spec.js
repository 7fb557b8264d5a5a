// What strangers and people with few rights try (assurance section 5), and what was once found that way.
const { story } = require('../support/story');
const { Person } = require('../support/person');

story('SECURITY', 'HUB-FIX', ({ portal, test, expect, instance, sql }) => {
  const guest_at = (code, cookies = {}) => { const p = new Person(instance(), { prefix: `/p/${code}` }); Object.assign(p.cookies, cookies); return p; };
  const look_up = async (guest, account_no) => {
    const page = await guest.get('/p/swa-w/pay').is(200);
    const csrf = page.body.match(/name="csrf" value="([^"]*)"/)[1];
    return guest.post('/p/swa-w/pay/guest', { csrf, account_no, postal_code: '97209' }, { raw: true });
  };

  test("S16 a guest's look-up holds in its own utility only, though another one counts its accounts alike", async () => {
    sql(`insert into utility (code, name, email, contact_phone, city, address, currency, status) values ('swa-g', 'SWA Gas', 'gas@sfwater.org', '+15035550143', 'Portland', '1120 SW 5th Ave', 'USD', 'ready')`);
    sql(`insert into account (utility_id, account_no, portal_code, consumer_id, premise_id, category_id, status, opened_on, currency)
         select u.id, a.account_no, 'GAS00001', a.consumer_id, a.premise_id, a.category_id, 'active', '2026-01-01', 'USD' from account a join utility u on u.code = 'swa-g' where a.account_no = 'WA-ACC-100002'`);
    const guest = portal();
    await look_up(guest, 'WA-ACC-100002');
    await guest.get('/pay').sees('$187.82');
    const there = guest_at('swa-g', guest.cookies);
    await there.get('/p/swa-g/pay').sees('Account number').lacks('187.82');
    sql("delete a from account a join utility u on u.id = a.utility_id where u.code = 'swa-g'");
  });

  test('S26 a guest may have an account number with any of the signs that numbers are made with', async () => {
    sql("update account set account_no = 'WA/ACC.100003' where account_no = 'WA-ACC-100003'");
    const guest = portal();
    expect((await look_up(guest, 'WA/ACC.100003')).status).toBe(303);
    await guest.get('/pay').sees('$716.05');
    sql("update account set account_no = 'WA-ACC-100003' where account_no = 'WA/ACC.100003'");
  });
});
