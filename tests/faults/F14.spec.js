const { story } = require('../support/story');
const { load, webhook, slowness } = require('../support/faults');

const many = Number(process.env.FAULT_WEBHOOKS || 10000);
// The rate is printed here and measured by tests/bench/run: this program and the database share the cores with the senders.

story('F14', 'HUB-FIX', ({ test, expect, instance, one, jobs_run }) => {
  test(`F14 ${many} different webhooks from 64 connections: all accepted, none lost, pages stay quick, all processed`, async () => {
    test.setTimeout(900000);
    let over = false;
    const before = await slowness();
    const pages = load(instance(), { connections: 2, for_s: 600, until: () => over, next: () => ({ path: '/login' }) });
    const began = Date.now();
    const result = await load(instance(), { connections: 64, count: many, for_s: 600, again: true, next: (i) => webhook(instance(), { id: `evt_flood_${i}`, type: 'account.note', n: i }) });
    over = true;
    const others = await pages;
    const slow = Math.max(before, await slowness());
    console.log(`  webhooks ${result.per_second.toFixed(0)}/s, p99 ${result.p99.toFixed(0)} ms; pages p99 ${others.p99.toFixed(0)} ms; slowness ${slow.toFixed(1)}`);
    expect(result.errors).toEqual([]);
    expect(result.by_status).toEqual({ 200: many });
    expect(others.bad).toBe(0);
    expect(result.p99, 'p99, ms').toBeLessThan(1000 * slow);
    expect(others.p99, 'p99 of pages, ms').toBeLessThan(500 * slow);
    expect(one('select count(*) from webhook_event where source = "gateway"')).toBe(String(many));
    const five_minutes = Math.round(300 * slow);
    await jobs_run(five_minutes - (Date.now() - began) / 1000);          // after the first came
    expect(one("select count(*) from webhook_event where state = 'ignored'")).toBe(String(many));
    expect(one("select count(*) from webhook_event where processed_at > received_at + interval ? second", [five_minutes])).toBe('0');
  });
});
