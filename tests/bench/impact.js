// The impact of a draft version of a plan on everybody (ONB02US05): a version is made by the pages, a price of it changed, and
// the simulation awaited as its page awaits it.
//   node tests/bench/impact.js CONFIG URL [PLAN]
const { Desk, line } = require('./desk');

(async () => {
  const [config, url, plan = 'RES-VAR'] = process.argv.slice(2);
  const desk = new Desk(config, url), admin = desk.as('utility_admin');
  const newest = () => desk.sql('select v.id, v.version_no no, v.state from tariff_plan_version v join tariff_plan p on p.id = v.plan_id where p.code = ? order by v.version_no desc limit 1', [plan])[0];
  if (newest().state !== 'draft') await desk.done(admin.post(`/plans/${plan}/versions`, { effective_from: new Date(Date.now() + 40 * 86400000).toISOString().slice(0, 10), change_reason: 'Dearer, for the bench' }, { from: `/plans/${plan}/versions/new` }));
  const draft = newest(), path = `/plans/${plan}/versions/${draft.no}/impact`;
  desk.sql("update tariff_tier t join tariff_rate r on r.id = t.rate_id set t.rate_micro = t.rate_micro + 250000 where r.version_id = ? and r.calc = 'tiered' and t.seq = 1", [draft.id]);
  const cpu = () => [desk.cpu('jobs'), desk.cpu('database')], before = cpu(), at = Date.now();
  await desk.done(admin.post(path, { base: plan }, { from: path }));
  const most = await desk.watch(() => desk.one('select state from tariff_impact where version_id = ? order by id desc limit 1', [draft.id]) === 'done', 100);
  const took = (Date.now() - at) / 1000, after = cpu(), [m] = desk.sql('select accounts, without_bill, refused, winners, losers from tariff_impact where version_id = ? order by id desc limit 1', [draft.id]);
  const n = Number(m.accounts);
  line(`impact of a draft, ${n} accounts`, took.toFixed(1), 's', '60 s (of 50,000)', `${(n / took).toFixed(0)}/s; an account ${((after[0] - before[0]) / n * 1e6).toFixed(0)} us of the workers, ${((after[1] - before[1]) / n * 1e6).toFixed(0)} us of the database; ${m.losers} pay more, ${m.winners} less; largest job worker ${most.toFixed(0)} MiB`);
  const page = Date.now();
  await admin.get(path);
  console.log(`  its page ${Date.now() - page} ms`);
})().catch((e) => { console.error(e.message); process.exit(1); });
