const { story } = require('../support/story');
const { webhook, open_payments, paid } = require('../support/faults');

story('F13', 'HUB-FIX', ({ test, expect, instance, sql, one, clock, jobs_run, request }) => {
  test('F13 a good request again within its window: 200 and no effect; after it: 401; signed anew: no effect', async () => {
    const [no] = open_payments(instance(), 'WA-ACC-100001', 1);
    const good = webhook(instance(), paid(no));
    const facts = () => JSON.stringify([sql('select count(*) n, sum(amount_minor) sum from payment'), sql('select count(*) n from ledger_entry'), sql('select count(*) n from receipt'), sql('select count(*) n from message'), sql("select count(*) n from smart360.job where kind = 'webhook.gateway'"), sql('select state, row_version from payment_intent')]);
    expect(JSON.parse((await request(good)).body)).toEqual({ status: 'accepted' });
    await jobs_run();
    const after = facts();
    expect(one('select count(*) from payment')).toBe('1');
    for (const s of [0, 100, 190]) {
      clock.forward({ seconds: s });
      const answer = await request(good);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { status: 'duplicate' }]);
      await jobs_run();
      expect(facts()).toBe(after);
    }
    clock.forward({ seconds: 20 });
    const late = await request(good);
    expect([late.status, JSON.parse(late.body)]).toEqual([401, { error: 'timestamp_out_of_tolerance' }]);
    await jobs_run();
    expect(facts()).toBe(after);
    expect(sql("select delivery_count from webhook_event where source = 'gateway'")).toEqual([{ delivery_count: '4' }]);
    clock.forward({ days: 2 });                         /* the provider signs the same event anew */
    const anew = await request(webhook(instance(), paid(no)));
    expect([anew.status, JSON.parse(anew.body)]).toEqual([200, { status: 'duplicate' }]);
    await jobs_run();
    expect(one('select count(*) from payment')).toBe('1');
  });
});
