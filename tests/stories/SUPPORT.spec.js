// Support access (AU01US03): granted for hours, entered by a link that works once, reads only, every request audited, ended at once.
const { story } = require('../support/story');

story('SUPPORT', 'BASE', ({ as, test, expect, sql }) => {
  const proved = () => sql("update session set auth_at = utc_timestamp(6) + interval 100 year where ended_at is null");
  const grant = () => sql.platform('select * from support_access order by id desc limit 1')[0];
  const tab = '/platform/tenants/swa/tab/support';
  test('AU01US03 support access: granted by the tenant, 1 to 72 hours, with a reason and a proof', async () => {
    const admin = as('tenant_admin');
    await as('utility_admin').post('/org/support', { hours: '4', reason: 'Bills look wrong' }).is(403);
    sql("update session set auth_at = '2020-01-01', mfa_at = null, reauth_at = null where ended_at is null");
    await admin.post('/org/support', { hours: '4', reason: 'Bills look wrong' }, { from: '/org/support' }).is(422);
    proved();
    await admin.post('/org/support', { hours: '73', reason: 'Bills look wrong' }, { from: '/org/support' }).is(422);
    await admin.post('/org/support', { hours: '0', reason: 'Bills look wrong' }, { from: '/org/support' }).is(422);
    await as('platform_admin').get(tab).lacks('Bills look wrong');
    await admin.post('/org/support', { hours: '4', reason: 'Bills look wrong' }, { from: '/org/support' }).done('Support access is open until');
    await admin.post('/org/support', { hours: '4', reason: 'Again' }, { from: '/org/support' }).refuses(409, null, 'Support access is open already.');
    await as('platform_admin').get(tab).sees('Bills look wrong').and((r) => expect(r.body).toContain(`/support/${grant().public_id}/entry`));
  });
});
