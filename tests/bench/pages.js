// pages.js CONFIG URL: figures of pages and webhooks on a running instance with a loaded sample, one line each: name,
// figure, unit, budget, what it is compared with, ratio; for pages the processor time of one request, of workers, database
// and nginx together, which is steadier than requests a second where others use the machine too. Loads by wrk.
const { execFileSync, spawn, spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { php } = require('./php');

const [config, base] = process.argv.slice(2);
const state = path.dirname(config), root = path.resolve(__dirname, '..', '..'), program = path.join(process.env.SMART360_BUILD || path.join(root, 'build'), 'smart360');
const seconds = Number(process.env.BENCH_SECONDS || 6);      // of each load; BENCH_PAGES (100,000): until memory is looked at again
const command = (...words) => execFileSync(program, ['--config', config, ...words], { encoding: 'utf8' });
const mariadb = ['--no-defaults', `--socket=${state}/run/db.sock`, '--user=root'];
const column = (sql) => execFileSync('mariadb', [...mariadb, '-N', '-B', 'smart360_t_swa', '-e', sql], { encoding: 'utf8' }).trim().split('\n');
const cookie = command('user', 'session', 'billing_manager@swa.test').trim();

// Processor time in us of an instance's parts with all their children, so far; of its database and other processes.
function cpu(others) {
  const ticks = (pid) => { try { const f = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' '); return Number(f[11]) + Number(f[12]); } catch { return 0; } };
  const children = (pid) => spawnSync('pgrep', ['-P', pid], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  const all = (pid) => ticks(pid) + children(pid).reduce((sum, child) => sum + all(child), 0);
  const process_of = (part) => fs.readFileSync(`${state}/run/${part}.process`, 'utf8').trim();
  return [process_of('database'), ...(others || ['web', 'nginx'].map(process_of))].reduce((sum, pid) => sum + all(pid), 0) * 10000;
}

// The headers of a person who came from the first of these paths: a browser sends back the cookies it was given, so that
// the entry of the menu that was opened is remembered once and not with each page.
function signed_in(path) {
  const answer = execFileSync('curl', ['-s', '-k', '-D', '-', '-o', '/dev/null', '-H', `Cookie: ${cookie}`, base + path], { encoding: 'utf8' });
  return ['Cookie: ' + [cookie, ...[...answer.matchAll(/^set-cookie: ([^;]*)/gim)].map((m) => m[1])].join('; ')];
}

// Requests per second and percentiles in ms of a list of paths, asked in turn; processor time of one request in ms.
function load(paths, connections = 8, who = signed_in(paths[0]), at = { base }) {
  const script = path.join(os.tmpdir(), `smart360-bench-${process.pid}.lua`);
  fs.writeFileSync(script, `local paths = {${paths.map((p) => JSON.stringify(p)).join(',')}}
    local i = 0
    request = function() i = i % #paths + 1; return wrk.format("GET", paths[i]) end
    done = function(s, l, r) io.write(string.format("figures %f %f %f %f %d %d %d\\n", s.requests / s.duration * 1e6, l:percentile(50) / 1000, l:percentile(95) / 1000, l:percentile(99) / 1000, s.errors.status, s.errors.timeout + s.errors.connect + s.errors.read, s.requests)) end`);
  const before = cpu(at.pids);
  const out = execFileSync('wrk', ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script, ...who.flatMap((h) => ['-H', h]), '-H', 'Accept-Encoding: gzip', at.base], { encoding: 'utf8' });
  const used = cpu(at.pids) - before;
  fs.unlinkSync(script);
  const [, rate, p50, p95, p99, status, other, requests] = out.match(/figures (\S+) (\S+) (\S+) (\S+) (\d+) (\d+) (\d+)/).map(Number);
  if (status + other) throw new Error(`${paths[0]}: ${status} bad answers, ${other} broken`);
  return { rate, p50, p95, p99, requests, cpu_ms: used / requests / 1000 };
}

const line = (name, figure, unit, budget, beside, limit, ratio) =>
  console.log(`${name.padEnd(34)} ${String(figure).padStart(8)} ${unit.padEnd(4)} budget ${budget.padEnd(18)} ${limit === undefined ? '' : `${beside} ${String(limit).padStart(8)}  ratio ${ratio.toFixed(2)}`}`.trimEnd());
const memory = () => Math.max(...spawnSync('pgrep', ['-P', fs.readFileSync(`${state}/run/web.process`, 'utf8').trim()], { encoding: 'utf8' }).stdout.trim().split('\n')
  .map((pid) => { try { return Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024; } catch { return 0; } }));

// Webhooks of the sandbox gateway over one keep-alive connection each.
async function webhooks(connections, for_s) {
  const key = crypto.createHash('md5').update('swa-w/gateway/sandbox').digest('hex'), agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const until = Date.now() + for_s * 1000, ms = [];
  let n = 0;
  const one = () => new Promise((done, bad) => {
    const body = JSON.stringify({ id: `bench_${process.pid}_${Date.now()}_${n++}`, type: 'account.note' }), t = Math.floor(Date.now() / 1000);
    const v1 = crypto.createHmac('sha256', 'sandbox-webhook-secret').update(`${t}.${body}`).digest('hex'), at = performance.now();
    const r = http.request(`${base}/hooks/sandbox/${key}`, { method: 'POST', agent, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'Smart360-Signature': `t=${t},v1=${v1}` } },
      (answer) => { answer.resume().on('end', () => { ms.push(performance.now() - at); if (answer.statusCode === 200) done(); else bad(new Error(`webhook: ${answer.statusCode}`)); }); });
    r.on('error', bad).end(body);
  });
  await Promise.all(Array.from({ length: connections }, async () => { while (Date.now() < until) await one(); }));
  ms.sort((a, b) => a - b);
  return { rate: ms.length / for_s, p99: ms[Math.floor(ms.length * 0.99)] };
}

// Single-row commits per second of the same server.
function commits() {
  execFileSync('mariadb', [...mariadb, '-e', 'create database if not exists smart360_bench; create table if not exists smart360_bench.t (id bigint auto_increment primary key, a varchar(200))']);
  const at = performance.now();
  execFileSync('mariadb-slap', [...mariadb, '--create-schema=smart360_bench', '--concurrency=4', '--number-of-queries=4000', "--query=insert into smart360_bench.t (a) values (repeat('x', 200))", '--no-drop'], { stdio: 'ignore' });
  const rate = 4000 / ((performance.now() - at) / 1000);
  execFileSync('mariadb', [...mariadb, '-e', 'drop database smart360_bench']);
  return rate;
}

(async () => {
  const consumers = column("select consumer_no from consumer order by rand(1) limit 500").map((no) => `/u/swa-w/cis/consumers/${no}`);
  const bills = column("select bill_no from bill where bill_no is not null order by rand(1) limit 500").map((no) => `/u/swa-w/bx/bills/${no}`);
  const css = fs.readFileSync(path.join(path.dirname(program), 'static', 'assets.txt'), 'utf8').match(/ (\/s\/\S+\.css)/)[1];
  load(consumers.slice(0, 50), 4);                                                     // caches warm
  const still = load([css]);
  const page = load(consumers), light = load(['/login'], 8, ['Accept: text/html']), bill = load(bills);
  line('consumer 360', page.rate.toFixed(0), '/s', '700/s, 1,500/s', 'static file', still.rate.toFixed(0), page.rate / still.rate);
  line('consumer 360, p95', page.p95.toFixed(1), 'ms', '25 ms');
  line('consumer 360, processor time', page.cpu_ms.toFixed(2), 'ms', '(2.86 = 700/s)');
  line('light page (sign-in)', light.rate.toFixed(0), '/s', '2,500/s, 6,000/s', 'static file', still.rate.toFixed(0), light.rate / still.rate);
  line('light page (bill detail)', bill.rate.toFixed(0), '/s', '2,500/s, 6,000/s', 'static file', still.rate.toFixed(0), bill.rate / still.rate);
  line('sign-in, bill: processor time', `${light.cpu_ms.toFixed(2)} ${bill.cpu_ms.toFixed(2)}`, 'ms', '(0.80 = 2,500/s)');
  const workers = spawnSync('pgrep', ['-P', fs.readFileSync(`${state}/run/web.process`, 'utf8').trim()], { encoding: 'utf8' }).stdout.trim().split('\n').length;
  const [token, user] = column("select hex(token_hash), subject_id from session where realm = 'staff' order by id desc limit 1")[0].split('\t');
  const calculations = bills.map((path) => `${path}/calculation`);
  const other = php(state, base, consumers[0], calculations[0], signed_in(consumers[0]), token, user, Math.min(workers, 4));
  if (other) {
    try {
      const ratio = (name, paths) => {                                                   // in turn, so that both have the same machine
        const who = signed_in(paths[0]);
        load(paths.slice(0, 100), 8, who, other);
        const sums = [0, 0];
        for (let i = 0; i < 3; i++) [load(paths, 8, who), load(paths, 8, who, other)].forEach((x, k) => { sums[k] += x.cpu_ms / 3; });
        line(`${name}: processor time`, sums[0].toFixed(2), 'ms', '2 times, 3 times', 'PHP-FPM', sums[1].toFixed(2), sums[1] / sums[0]);
      };
      ratio('consumer 360', consumers);
      ratio('bill, calculation', calculations);
    } finally { other.stop(); }
  } else console.log('No PHP here: the comparison with PHP-FPM is left out.');
  const total = Number(column('select count(*) from bill')[0]);
  const deep = [0.25, 0.5, 0.75].map((part) => column(`select concat(id, '~~', bill_date) from bill where listed = 1 order by bill_date desc, id desc limit 1 offset ${Math.floor(total * part)}`)[0])
    .map((key, i) => `/u/swa-w/bx/bills?size=50&after=${encodeURIComponent(key)}&n=${Math.floor(total * (i + 1) / 4) + 1}`);
  const list = load([...deep, '/u/swa-w/bx/bills?size=50', '/u/swa-w/bx/bills?size=50&payment_status=overdue', '/u/swa-w/bx/bills?size=50&q=WA-ACC-1005'], 4);
  line(`list of ${total} bills, any page, p95`, list.p95.toFixed(1), 'ms', '100 ms, 30 ms');
  const dashboard = load(['/u/swa-w/bx/dashboard'], 4);
  line('dashboard, p95', dashboard.p95.toFixed(1), 'ms', '50 ms, 15 ms');
  const limit = commits(), hooks = await webhooks(16, seconds);
  line('webhook accepted', hooks.rate.toFixed(0), '/s', '500/s, 2,000/s', 'commits/s', limit.toFixed(0), hooks.rate / limit);
  line('webhook accepted, p99', hooks.p99.toFixed(1), 'ms', '50 ms');
  const run = spawn(program, ['--config', config, 'bench', '--accounts', '50000'], { stdio: 'ignore' });
  const busy = load(consumers, 4);
  run.kill();
  line('pages while a bill run works, p99', busy.p99.toFixed(1), 'ms', '300 ms, 100 ms');
  const before = memory(), pages = Number(process.env.BENCH_PAGES || 100000);
  line('memory of the largest web worker', before.toFixed(0), 'MiB', '48 MiB, 24 MiB');
  let served = 0;
  while (served < pages) served += load([...consumers, ...bills, ...calculations, ...deep, '/u/swa-w/bx/dashboard', '/u/swa-w/menu']).requests;
  line(`the same ${served} pages later`, memory().toFixed(0), 'MiB', '48 MiB, 24 MiB', 'before', before.toFixed(0), memory() / before);
})().catch((e) => { console.error(e.message); process.exit(1); });
