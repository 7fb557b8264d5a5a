// For tests/faults: loads, floods, broken bytes, and processes to kill.
const { execFile, execFileSync, spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const tls = require('tls');
const { request } = require('./person');
const { sleep } = require('./instance');

// How long a fault is kept up: short in ./check, FAULT_SECONDS=60 by hand.
const seconds = Number(process.env.FAULT_SECONDS || 12);

// Processes of a part: { master, workers }.
function processes(instance, part) {
  const master = Number(fs.readFileSync(path.join(instance.folder, 'run', `${part}.process`), 'utf8'));
  let workers = [];
  try { workers = execFileSync('pgrep', ['-P', String(master)], { encoding: 'utf8' }).trim().split('\n').map(Number); } catch { /* none */ }
  return { master, workers };
}
const alive = (pid) => { try { return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8')); } catch { return false; } };

// A closed loop of `connections` clients until `until()` says so or for `for_s` seconds; each asks what next(i) gives.
// Answers { n, by_status, errors, ms (sorted), p99, per_second }.
async function load(instance, { connections = 8, for_s = seconds, until = () => false, next, count = Infinity, again = false }) {
  const result = { n: 0, by_status: {}, errors: [], ms: [] };
  const began = Date.now();
  let started = 0;
  const one = async () => {
    while (Date.now() - began < for_s * 1000 && !until() && started < count) {
      const i = started++;
      const at = performance.now();
      try {
        const send = () => request(instance, { host: 'swa.smart360.test', ...next(i) });
        const answer = await (again ? send().catch((e) => { if (e.code !== 'ECONNRESET') throw e; return send(); }) : send());     // as a gateway does
        result.by_status[answer.status] = (result.by_status[answer.status] ?? 0) + 1;
        result.on_answer?.(i, answer);
      } catch (e) { result.errors.push(e.code ?? e.message); }
      result.ms.push(performance.now() - at);
      result.n++;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  result.ms.sort((a, b) => a - b);
  result.p50 = result.ms[Math.floor(result.ms.length * 0.5)] ?? 0;
  result.p99 = result.ms[Math.min(result.ms.length - 1, Math.floor(result.ms.length * 0.99))] ?? 0;
  result.per_second = result.n / ((Date.now() - began) / 1000);
  result.bad = Object.entries(result.by_status).filter(([s]) => Number(s) >= 500).reduce((sum, [, n]) => sum + n, 0) + result.errors.length;
  return result;
}

// How much longer work takes on this machine now than on one that does nothing else: a reckoning on each core, its time by its time
// on the core; 1 when nobody else is at work. Limits of assurance.md are multiplied by it: measured beside what they limit (call
// it before and after the load of a test, and take the larger), they say something about the program and not about its neighbours.
async function slowness() {
  const spin = `const began = performance.now(), on_core = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; }, first = on_core();
    let n = 0;
    while (on_core() - first < 400) for (let i = 0; i < 1e6; i++) n = (n * 31 + i) | 0;
    process.stdout.write(String((performance.now() - began) / (on_core() - first)))`;
  const one = () => new Promise((done, bad) => execFile(process.execPath, ['-e', spin], (e, out) => (e ? bad(e) : done(Number(out)))));
  const all = await Promise.all(os.cpus().map(one));
  return Math.max(1, all.reduce((sum, x) => sum + x, 0) / all.length);
}

// Holds rows of the tenant locked (a statement `... for update`) until the answer is called, with what ends it.
async function hold(instance, statement) {
  const child = spawn('mariadb', ['--no-defaults', `--socket=${instance.folder}/run/db.sock`, '--user=root', '--batch', '--unbuffered', instance.schema], { stdio: ['pipe', 'pipe', 'ignore'] });
  let said = '';
  const locked = new Promise((done) => child.stdout.on('data', (text) => { said += text; if (/^locked \d+$/m.test(said)) done(said.match(/^locked (\d+)$/m)[1]); }));
  child.stdin.write(`start transaction; ${statement}; select concat('locked ', connection_id());\n`);
  const connection = await locked;
  return Object.assign((end = 'rollback') => child.stdin.end(`${end};\n`), { connection });
}

// Raw bytes over TLS: the status of the answer (0: closed without one), ms until it came and until the end. `pieces` are sent with `pause_ms` between them.
function raw(instance, pieces, { address, pause_ms = 0, host = 'swa.smart360.test', limit_ms = 15000, close_after } = {}) {
  return new Promise((done) => {
    let answer = '', answered_ms = null;
    const socket = tls.connect({ host: '127.0.0.1', port: instance.port, servername: host, rejectUnauthorized: false, localAddress: address, ALPNProtocols: ['http/1.1'] });
    const began = Date.now();
    const timer = setTimeout(() => socket.destroy(), limit_ms);
    const end = () => { clearTimeout(timer); done({ status: Number(answer.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? 0), answer, ms: Date.now() - began, answered_ms }); };
    socket.on('secureConnect', async () => {
      let sent = 0;
      for (const piece of pieces) {
        if (socket.destroyed) return;
        if (!socket.write(piece)) await new Promise((go) => { socket.once('drain', go); socket.once('close', go); });
        sent += piece.length;
        if (close_after && sent >= close_after) { socket.destroy(); return; }
        if (pause_ms) await sleep(pause_ms);
      }
    });
    socket.setMaxListeners(0);
    socket.on('data', (d) => { answered_ms ??= Date.now() - began; if (answer.length < 100000) answer += d.toString('latin1'); if (/^HTTP[\s\S]*\r\n\r\n/.test(answer) && /connection: close/i.test(answer) === false) socket.end(); });
    socket.on('error', () => {});
    socket.on('close', end);
  });
}

module.exports = { processes, alive, load, raw, hold, slowness, seconds, sleep };

// ---- the sandbox gateway's side of a webhook ----
const crypto = require('crypto');
const gateway_key = crypto.createHash('md5').update('swa-w/gateway/sandbox').digest('hex');
const gateway_secret = 'sandbox-webhook-secret';

// A signed event as request() takes it. `at`: its time (default: the instance's now).
function webhook(instance, event, { at = instance.now(), secret = gateway_secret, key = gateway_key, body = JSON.stringify(event) } = {}) {
  const t = Math.floor(at.getTime() / 1000);
  const v1 = crypto.createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return { method: 'POST', path: `/hooks/sandbox/${key}`, body, headers: { 'Content-Type': 'application/json', 'Smart360-Signature': `t=${t},v1=${v1}` } };
}

// n open payments of 1.00 in advance by an account, as a consumer leaves them at the gateway; their numbers.
function open_payments(instance, account_no, n, prefix = 'PI-9') {
  const numbers = Array.from({ length: n }, (_, i) => `${prefix}${String(i).padStart(9, '0')}`);
  const values = numbers.map((no) => `('${no}')`).join(',');
  instance.sql(`create temporary table numbers (no varchar(20) collate utf8mb4_bin primary key); insert into numbers values ${values};
    insert into payment_intent (utility_id, intent_no, account_id, amount_minor, currency, purpose, channel, method, gateway_account_id, provider_ref, state, expires_at, idempotency_key)
      select a.utility_id, no, a.id, 100, 'USD', 'advance', 'portal', 'card', (select id from gateway_account where driver = 'sandbox'), concat('sbx_', no), 'processing', '2099-01-01', concat('fault-', no) from numbers join account a on a.account_no = '${account_no}';
    insert into payment_intent_line (intent_id, seq, account_id, target_kind, amount_minor) select i.id, 1, i.account_id, 'advance', 100 from numbers join payment_intent i on i.intent_no = no;`);
  return numbers;
}
const paid = (no) => ({ id: `evt_${no}`, type: 'payment.succeeded', intent_no: no, ref: `sbx_${no}`, payment_id: `sbx_pay_${no}`, amount_minor: 100, currency: 'USD', last4: '4242' });

Object.assign(module.exports, { webhook, open_payments, paid });
