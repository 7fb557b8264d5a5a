const { story } = require('../support/story');
const { webhook, open_payments, paid } = require('../support/faults');

const kinds = ['created', 'processing', 'succeeded', 'failed', 'refunded'];
const permutations = (list) => (list.length < 2 ? [list] : list.flatMap((x, i) => permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [x, ...rest])));

// Refunds made at the gateway are stored and ignored until their story posts them: then the end is "refunded" for all alike.
story('F11', 'HUB-FIX', ({ test, expect, instance, sql, one, jobs_run, request }) => {
  const orders = permutations(kinds);
  const event = (no, kind) => webhook(instance(), { ...paid(no), id: `evt_${no}_${kind}`, type: `payment.${kind}`, ...(kind === 'failed' ? { code: 'card_declined', text: 'The card was declined.' } : {}) });
  const ends = (prefix) => sql(`select i.state, i.\`rank\`, i.received_minor received, i.failure_code code, i.exception, count(distinct p.id) payments, count(distinct t.id) postings, group_concat(concat(g.code, ' ', e.debit_minor, ' ', e.credit_minor) order by g.code) ledger
      from payment_intent i left join payment p on p.payment_intent_id = i.id left join ledger_txn t on t.source_type = 'payment' and t.source_id = p.id left join ledger_entry e on e.txn_id = t.id left join gl_code g on g.id = e.gl_code_id
      where i.intent_no like '${prefix}%' group by i.id`);
  const is_one_end = (prefix, n) => {
    const all = ends(prefix), ways = new Set(all.map((r) => JSON.stringify({ ...r, exception: null })));
    expect(all.length).toBe(n);
    expect([...ways].map((w) => JSON.parse(w))).toEqual([{ state: 'succeeded', rank: '4', received: '100', code: null, exception: null, payments: '1', postings: '1', ledger: all[0].ledger }]);
  };

  test(`F11 five events in all ${orders.length} orders, each processed before the next comes: one end, one ledger`, async () => {
    test.setTimeout(240000);
    const numbers = open_payments(instance(), 'WA-ACC-100002', orders.length, 'PI-7');
    for (let step = 0; step < kinds.length; step++) {
      const answers = await Promise.all(orders.map((order, i) => request(event(numbers[i], order[step]))));
      expect([...new Set(answers.map((a) => a.status))]).toEqual([200]);
      await jobs_run(120);
    }
    is_one_end('PI-7', orders.length);
    expect(sql("select state, count(*) n from webhook_event group by state order by state")).toEqual([{ state: 'ignored', n: expect.any(String) }, { state: 'processed', n: expect.any(String) }]);
  });
  test('F11 all five at once, in each order: one end, one ledger', async () => {
    test.setTimeout(240000);
    const numbers = open_payments(instance(), 'WA-ACC-100003', orders.length, 'PI-6');
    for (let i = 0; i < orders.length; i += 12)
      await Promise.all(orders.slice(i, i + 12).flatMap((order, k) => order.map((kind) => request(event(numbers[i + k], kind)))));
    for (let i = 0; i < 40 && one("select count(*) from webhook_event where state not in ('processed', 'ignored')") !== '0'; i++) await jobs_run(120);
    is_one_end('PI-6', orders.length);
  });
});
