// The bill run of a whole cycle as people do it: six stages by their pages, drafts and publication by the job workers, then
// the papers. What was run once is billed: a second time wants the next open period or a fresh sample.
// With --roll-back the drafts are rolled back first and made once more. Each figure of the work says what events and documents
// took beside it, and each page how long it was waited for.
//   node tests/bench/cycle.js CONFIG URL [--roll-back] [CYCLE PERIOD]
const { Desk, line } = require('./desk');

const seconds = (since) => (Date.now() - since) / 1000;

(async () => {
  const rolls_back = process.argv.includes('--roll-back');
  const [config, url, cycle = 'MONTHLY', given] = process.argv.slice(2).filter((a) => a !== '--roll-back');
  const desk = new Desk(config, url), manager = desk.as('billing_manager'), second = desk.as('billing_manager2');
  const period = given || desk.one("select p.label from bill_cycle_period p join bill_cycle y on y.id = p.cycle_id where y.code = ? and p.state = 'open' order by p.from_date limit 1", [cycle]);
  if (!period) throw new Error(`No period of ${cycle} is open.`);
  // A move by its button; how long the page took.
  let slowest = 0;
  const move = async (who, path, fields = {}, options = {}) => {
    const at = Date.now();
    await desk.done(who.post(path, fields, options));
    slowest = Math.max(slowest, seconds(at));
    console.log(`  ${path.padEnd(58)} ${seconds(at).toFixed(2)} s`);
  };
  const begun = Date.now();
  const today = new Date().toISOString().slice(0, 10), due = new Date(Date.now() + 21 * 86400000).toISOString().slice(0, 10);
  let no, run;
  const state = () => desk.one('select state from bill_run where run_no = ?', [no]);
  const items = (s) => Number(desk.one('select count(*) from bill_run_item i join bill_run r on r.id = i.run_id where r.run_no = ? and i.state = ?', [no, s]));
  const look = async (where = '') => { const at = Date.now(), a = await manager.get(run + where); if (a.status !== 200) throw new Error(`${run}${where}: ${a.status} ${a.text.slice(0, 300)}`); console.log(`  ${`${run}${where} in ${state()}`.padEnd(58)} ${seconds(at).toFixed(2)} s to look at`); slowest = Math.max(slowest, seconds(at)); };
  const errors_out = async () => {
    for (const { account_no } of desk.sql("select a.account_no from bill_run_item i join bill_run r on r.id = i.run_id join account a on a.id = i.account_id where r.run_no = ? and i.state = 'error'", [no]))
      await desk.done(manager.post(`${run}/accounts/${account_no}/leave-out`, { reason: 'left out by the bench' }));
  };
  // Stages 1 to 3.
  const prepared = async () => {
    await move(manager, '/bx/runs', { cycle, period, bill_date: today, due_date: due, estimate: '1' }, { from: '/bx/runs/new' });
    no = desk.one('select run_no from bill_run order by id desc limit 1'), run = `/bx/runs/${no}`;
    await move(manager, `${run}/check`);
    await look();
    await desk.watch(() => desk.one('select check_after is null from bill_run where run_no = ?', [no]) === '1');
    await errors_out();
    await move(manager, `${run}/continue`);
    await look();
    await desk.watch(() => desk.one('select account_count <= 2000 or readings_counted_at is not null from bill_run where run_no = ?', [no]) === '1');
    await look();
    await look('/readings');
  };

  // Drafts, by the job workers.
  const work = async (name, event, who, budget, from, to) => {
    const database = desk.cpu('database'), workers = desk.cpu('jobs');
    await move(who, `${run}/${event}`);
    const at = Date.now();
    const most = await desk.watch(() => state() !== from);
    const took = seconds(at), n = items(to);
    line(name, (n / took).toFixed(0), '/s', budget, `${n} bills in ${took.toFixed(1)} s; database ${((desk.cpu('database') - database) / n * 1e6).toFixed(0)} us a bill, all job workers ${((desk.cpu('jobs') - workers) / n * 1e6).toFixed(0)} us; largest job worker ${most.toFixed(0)} MiB (budget 96 MiB, 48 MiB)`);
    return took;
  };
  await prepared();
  if (rolls_back) {
    await work('bill run by jobs: drafts', 'generate', manager, '500/s, 3,000/s', 'calculating', 'calculated');
    await look();
    const at = Date.now();
    await move(manager, `${run}/roll_back`);
    await look();
    await desk.watch(() => state() !== 'rolling_back');
    line('bill run by jobs: roll back', (items('rolled_back') / seconds(at)).toFixed(0), '/s', '', `${items('rolled_back')} accounts in ${seconds(at).toFixed(1)} s`);
    await look();
    await prepared();
  }
  const drafted = await work('bill run by jobs: drafts', 'generate', manager, '500/s, 3,000/s', 'calculating', 'calculated');
  if (state() !== 'review') throw new Error(`The run is ${state()}.`);
  await look();

  // What people do then: errors are left out, what is held is released, the sample is looked at, the list ticked off.
  await errors_out();
  const held = desk.sql("select e.public_id k from bill_exception e join bill_run r on r.id = e.run_id where r.run_no = ? and e.state = 'open' and e.severity = 'hold'", [no]).map((r) => r.k);
  for (let i = 0; i < held.length; i += 200)
    await move(manager, `${run}/exceptions`, { keys: held.slice(i, i + 200).join(','), bulk: 'release', note: 'looked at by the bench' }, { from: `${run}/exceptions/reason?bulk=release&keys=${held[i]}` });
  const page = await manager.get(`${run}?stage=5`);
  for (const id of new Set([...page.body.matchAll(/bills\/draft-([\w-]+)"/g)].map((m) => m[1]))) await manager.get(`/bx/bills/draft-${id}`);
  for (const key of ['use', 'revenue', 'estimates', 'exceptions', 'template']) await desk.done(manager.post(`${run}/checklist`, { key, bill: null, note: 'looked at by the bench' }, { from: run }));
  await desk.done(manager.post(`${run}/checklist`, { key: null, bill: 'all' }, { from: run }));
  await move(manager, `${run}/ask`);
  await move(second, `${run}/approve`, { reason: 'By the bench.' }, { from: run });
  await look();
  for (const stage of [1, 2, 3, 4, 5]) await look(`?stage=${stage}`);
  await look('/bills');

  const published = await work('bill run by jobs: publish', 'publish', second, '300/s, 2,000/s', 'publishing', 'published');
  await look();
  line('bill cycle, work of the machine', (drafted + published).toFixed(0), 's', '300 s, 60 s', `${desk.one('select count(*) from account_cycle where to_period is null')} accounts; slowest page ${slowest.toFixed(1)} s; all in ${seconds(begun).toFixed(0)} s`);
  console.log(`  documents: ${desk.sql("select count(*) n from job where kind = 'bill.pdf' and state in ('ready', 'running')", [], 'smart360')[0].n} jobs of up to 500 bills still to do; events: ${desk.one('select count(*) from outbox_event where dispatched_at is null')}`);
})().catch((e) => { console.error(e.message); process.exit(1); });
