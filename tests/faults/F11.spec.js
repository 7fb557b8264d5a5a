const { story } = require('../support/story');
const { webhook, open_payments, paid } = require('../support/faults');

const kinds = ['created', 'processing', 'succeeded', 'failed', 'refunded'];
const permutations = (list) => (list.length < 2 ? [list] : list.flatMap((x, i) => permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [x, ...rest])));

story('F11', 'HUB-FIX', ({ test, expect, instance, sql, one, jobs_run, clock, request }) => {
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
    expect(sql("select state, count(*) n from webhook_event where source = 'gateway' group by state order by state")).toEqual([{ state: 'ignored', n: expect.any(String) }, { state: 'processed', n: expect.any(String) }]);
  });
  test('F11 all five at once, in each order: one end, one ledger', async () => {
    test.setTimeout(240000);
    const numbers = open_payments(instance(), 'WA-ACC-100003', orders.length, 'PI-6');
    for (let i = 0; i < orders.length; i += 12)
      await Promise.all(orders.slice(i, i + 12).flatMap((order, k) => order.map((kind) => request(event(numbers[i + k], kind)))));
    for (let i = 0; i < 40 && one("select count(*) from webhook_event where state not in ('processed', 'ignored')") !== '0'; i++) await jobs_run(120);
    is_one_end('PI-6', orders.length);
  });

  // Of 1.00 paid, 0.40 is refunded at the gateway and 0.60 is disputed and lost: what comes before the success waits for it.
  const back = { succeeded: () => ({ type: 'payment.succeeded' }), refunded: (no) => ({ type: 'refund.succeeded', ref: `re_${no}`, amount_minor: 40 }),
    disputed: (no) => ({ type: 'dispute.opened', ref: `dp_${no}`, amount_minor: 60, fee_minor: 0 }), lost: (no) => ({ type: 'dispute.lost', ref: `dp_${no}`, amount_minor: 60, fee_minor: 0 }) };
  test('F11 refunded, disputed and lost, in all 24 orders with the success: one end, one ledger', async () => {
    test.setTimeout(240000);
    const ways = permutations(Object.keys(back)), numbers = open_payments(instance(), 'WA-ACC-100001', ways.length, 'PI-5'), owed = one("select balance_minor from account where account_no = 'WA-ACC-100001'");
    for (let step = 0; step < 4; step++) {
      const answers = await Promise.all(ways.map((way, i) => request(webhook(instance(), { ...paid(numbers[i]), id: `evt_${numbers[i]}_${way[step]}`, ...back[way[step]](numbers[i]) }))));
      expect([...new Set(answers.map((a) => a.status))]).toEqual([200]);
      await jobs_run(120);
    }
    const waits = () => Number(one("select count(*) from webhook_event where state not in ('processed', 'ignored')"));
    for (let i = 0; i < 12 && waits(); i++) { clock.forward({ minutes: 2 }); await jobs_run(120); }
    expect(waits()).toBe(0);
    const ends = sql(`select i.state, i.dispute_flag dispute, i.refunded_minor refunded, p.status, p.refunded_minor back, p.reversed_minor gone, p.allocated_minor + p.unallocated_minor held, count(distinct p.id) payments,
        count(distinct r.id) refunds, count(distinct d.id) disputes, count(distinct t.id) postings from payment_intent i join payment p on p.payment_intent_id = i.id left join refund r on r.intent_id = i.id left join dispute d on d.intent_id = i.id
        left join ledger_txn t on (t.source_type = 'payment' and t.source_id = p.id) or (t.source_type = 'refund_request' and t.source_id = r.refund_request_id) or (t.source_type = 'dispute' and t.source_id = d.id)
        where i.intent_no like 'PI-5%' group by i.id, p.id`);
    expect(ends).toHaveLength(ways.length);
    expect([...new Set(ends.map((e) => JSON.stringify(e)))].map((e) => JSON.parse(e))).toEqual([{ state: 'partially_refunded', dispute: 'lost', refunded: '40', status: 'reversed', back: '40', gone: '60', held: '0', payments: '1', refunds: '1', disputes: '1', postings: '4' }]);
    expect(one("select balance_minor from account where account_no = 'WA-ACC-100001'")).toBe(owed);
    expect(sql("select g.code, sum(e.debit_minor) - sum(e.credit_minor) net from ledger_entry e join gl_code g on g.id = e.gl_code_id where g.code in ('1999', '2150') group by g.code having net <> 0")).toEqual([]);
  });
});
