// The billing overview: figures of a month as they are now, each with the list behind it; totals compared with the ledger.
const { story } = require('../support/story');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };

story('BX02US01', 'BX-FIX', ({ as, test, expect, sql, one, command, jobs_run, looks_right }) => {
  const manager = () => as('billing_manager');
  const card = (page, label) => page.body.match(new RegExp(`${label}</span><span class="s-kv"><strong class="num">([^<]*)`))?.[1].replace('\u00a0', ' ');
  const fact = (page, label) => page.body.match(new RegExp(`>${label}</dt><dd[^>]*>(?:<[^>]*>)*([^<]*)`))?.[1].replace('\u00a0', ' ');
  const job = async (kind) => {
    sql.platform('insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, ?, \'general\', uuid(), 100, \'2026-01-01\', 12, \'system\' from tenant t where t.slug = \'swa\'', [kind]);
    await jobs_run();
  };

  test('BX02US01 a month without data shows zeros, an unknown one is not found', async () => {
    const page = await manager().get('/bx/dashboard?month=2026-05').sees('No bills in this month');
    expect(card(page, 'Bills published')).toBe('0');
    expect(card(page, 'Average bill')).toBe('-');
    await manager().get('/bx/dashboard?month=2026-13').is(404);
    await manager().get('/bx/dashboard?cycle=NONE').is(404);
    await as('cashier').get('/bx/dashboard').is(403);
  });

  test('BX02US01.1 nine of ten published, one left out: the cards of May', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await manager().post('/bx/generate/RUN-2026-0001/accounts/SF-1006/release', { reason: 'leak confirmed' }).done();
    await manager().post('/bx/generate/RUN-2026-0001/accounts/SF-1007/leave-out', { reason: 'plan disputed' }).done();
    await jobs_run();
    const page = await manager().get('/bx/dashboard?month=2026-05').is(200);
    expect(card(page, 'Bills published')).toBe('9');
    expect(card(page, 'Success rate')).toBe('100 %');
    expect(fact(page, 'Billed')).toBe('$3,880.95');
    expect(card(page, 'Average bill')).toBe('$431.22');
    expect(card(page, 'Estimated share')).toBe('11.1 %');
    expect(card(await manager().get('/bx/dashboard?month=2026-04').is(200), 'Bills published')).toBe('0');
    // The publication had the totals made: use comes from them.
    expect(page.body).toMatch(/Use by category[\s\S]*Residential/);
    await manager().get('/bx/dashboard/cycles').sees('RUN-2026-0001', '100 %');
  });

  test('BX02US01.2 the card of the estimated share leads to exactly SF-1003', async () => {
    const page = await manager().get('/bx/dashboard?month=2026-05').is(200);
    const url = page.body.match(/href="\/u\/swa-w(\/bx\/bills\?[^"]*is_estimated=1)"/)[1].replace(/&amp;/g, '&');
    const list = await manager().get(url).sees('SF-1003');
    expect([...new Set(list.body.match(/SF-\d{4}/g))]).toEqual(['SF-1003']);
  });

  test('BX02US01.3 a payment is collected at once', async () => {
    expect(fact(await manager().get('/bx/dashboard?month=2026-05').is(200), 'Collected')).toBe('$0.00');
    const consumer = as('sf1001@swa.test'), page = await consumer.get('/pay').is(200);
    const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const no = one("select b.bill_no from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1001' and b.status = 'published'");
    const id = (await consumer.post('/pay', { ...keep, [`pick_${no}`]: '1', [`amount_${no}`]: '188.00' }, { raw: true }).is(303)).location.split('/').pop();
    await consumer.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).goes(`/sandbox/pay/${id}`);
    await consumer.post(`/sandbox/pay/${id}`, CARD, { from: `/sandbox/pay/${id}` }).is(303);
    await jobs_run();
    const after = await manager().get('/bx/dashboard?month=2026-05').sees('$3,692.95 are unpaid');
    expect(fact(after, 'Collected')).toBe('$188.00');
    expect(fact(after, 'Collection rate')).toBe('4.8 %');
  });

  test('BX02US01.5 totals that were altered are told from the ledger, and told no more once they are right', async () => {
    await job('billing_total.check');
    await manager().get('/bx/dashboard?month=2026-05').lacks('Totals differ');
    sql("update billing_daily_total set amount_minor = amount_minor + 1 where bills > 0 limit 1");
    await job('billing_total.check');
    await manager().get('/bx/dashboard?month=2026-05').sees('Totals differ from the ledger by 0.01');
    await manager().post('/bx/dashboard/totals?month=2026-05', {}).done('Totals of the month are made anew.');
    await job('billing_total.check');
    await manager().get('/bx/dashboard?month=2026-05').lacks('Totals differ');
  });

  test('BX02US01 in the browser: the three tabs, wide and narrow, light and dark', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/bx/dashboard?month=2026-05', '/bx/dashboard/cycles', '/bx/dashboard/exceptions']) {
      await manager().browse(page, path);
      await looks_right(page);
    }
  });
});
