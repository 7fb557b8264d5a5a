const { story } = require('../support/story');
const { load, webhook, open_payments, paid } = require('../support/faults');

story('F9', 'HUB-FIX', ({ test, expect, instance, sql, one, jobs_run, ledger }) => {
  test('F9 the same webhook 100 times at once: 100 times 200, one event, one posting', async () => {
    const [no] = open_payments(instance(), 'WA-ACC-100001', 1);
    const event = webhook(instance(), paid(no));
    const result = await load(instance(), { connections: 50, count: 100, for_s: 60, next: () => event });
    expect(result.by_status).toEqual({ 200: 100 });
    await jobs_run();
    expect(sql('select state, delivery_count from webhook_event where source = "gateway"')).toEqual([{ state: 'processed', delivery_count: '100' }]);
    expect(one('select count(*) from payment p join payment_intent i on i.id = p.payment_intent_id where i.intent_no = ?', [no])).toBe('1');
    expect(one("select count(*) from receipt")).toBe('1');
    expect(ledger('WA-ACC-100001').filter((l) => l.type === 'payment').map((l) => [l.code, l.debit, l.credit])).toEqual([['1200', '0.00', '1.00']]);
  });
});
