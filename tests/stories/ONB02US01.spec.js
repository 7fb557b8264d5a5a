// The utility administrator's dashboard (ONB02US01); scenario 3 (figures by area) waits for the filters.
const { story } = require('../support/story');

story('ONB02US01', 'BX-FIX', ({ as, test, expect, sql, looks_right }) => {
  const admin = () => as('utility_admin');

  test('ONB02US01.1 pricing waits for settings and areas', async () => {
    sql("update setup_step set state = 'in_progress', percent = 50 where step_key in ('core_settings', 'service_areas')");
    const page = await admin().get('/dashboard').sees('Dashboard', 'Utility set-up', 'Pricing & Billing', 'needs Core System Settings, Service Areas');
    expect(page.body).toMatch(/href="\/u\/swa-w\/settings"/);
    await as('cashier1').get('/dashboard').is(403);
  });

  test('ONB02US01.2 collection efficiency of the last 30 days', async () => {
    await admin().get('/dashboard').sees('Collection efficiency', 'Outstanding', 'Nothing is past due.');
  });

  test('ONB02US01.4 webhooks of the last hour that failed', async () => {
    await admin().get('/dashboard').sees('No traffic');
    for (const state of ['failed', 'dead', 'processed'])
      sql("insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, type, received_at, state) select id, 'gateway', 1, 'sandbox', concat('evt_dash_', ?), 'x', '2026-05-02 16:50:00', ? from utility where code = 'swa-w'", [state, state]);
    await admin().get('/dashboard').sees('Red', '1 of 3 webhooks handled, 0 waiting.');
    sql("delete from webhook_event where provider_event_id like 'evt_dash_%'");
  });

  test('ONB02US01 the page in a browser', async ({ page }) => {
    test.setTimeout(120000);
    await admin().browse(page, '/dashboard');
    await looks_right(page, { shots: 'utility-dashboard' });
  });
});
