// The instance of this runner worker: started when first needed, kept for the next story (and for a worker process that
// replaces this one after a failed test), ended by teardown.js.
const { spawn, execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');

const root = path.resolve(__dirname, '..', '..');
const build = path.resolve(root, process.env.SMART360_BUILD || 'build');
const tool = path.join(root, 'tests', 'instance');
const program = path.join(build, 'smart360');

const near_ms = 8 * 3600e3;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// A port that is free, with its neighbour (the instance listens on both).
const bind = (port) => new Promise((done) => { const server = net.createServer().on('error', () => done(null)).listen(port, '127.0.0.1', () => done(server)); });
async function free_port() {
  for (;;) {
    const first = await bind(0), { port } = first.address(), second = await bind(port + 1);
    first.close();
    second?.close();
    if (second) return port;
  }
}

class Instance {
  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
    this.config = path.join(folder, 'smart360.conf');
    this.schema = 'smart360_t_swa';
  }

  // The instance of the worker with this index, running.
  static async of(index) {
    const folder = path.join(build, 'tests', `i${index}`);
    const port_file = path.join(folder, 'port');
    if (running(folder)) return new Instance(folder, Number(fs.readFileSync(port_file, 'utf8')));
    fs.mkdirSync(folder, { recursive: true });
    const port = await free_port();
    fs.writeFileSync(port_file, String(port));
    fs.rmSync(path.join(folder, 'run', 'ready'), { force: true });
    const log = fs.openSync(path.join(folder, 'instance.log'), 'w');
    const child = spawn(tool, ['run', folder, String(port), 'BASE'], { detached: true, stdio: ['ignore', log, log] });
    child.unref();
    let ended = false;
    child.on('exit', () => { ended = true; });
    for (let waited = 0; !fs.existsSync(path.join(folder, 'run', 'ready')); waited += 50) {
      if (ended || waited > 180000) throw new Error(`The test instance does not start:\n${fs.readFileSync(path.join(folder, 'instance.log'), 'utf8')}`);
      await sleep(50);
    }
    return new Instance(folder, port);
  }

  order(...words) {
    execFileSync(tool, ['order', this.folder, ...words], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 330000 });
    if (words[0] === 'set') [this.began_ms, this.recurs] = [this.read_clock(), null];
  }

  // A command of the program on this instance; its standard output.
  command(...words) {
    const done = spawnSync(program, ['--config', this.config, ...words], { encoding: 'utf8', timeout: 120000 });
    if (done.status !== 0) throw new Error(`smart360 ${words.join(' ')}: exit ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  // An owner's function, as somebody of the staff (owner.c): { id, no, status } or { refused, field, text }.
  owner(email, what, fields = {}) {
    const given = Object.entries(fields).filter(([, v]) => v !== null && v !== undefined).map(([k, v]) => `${k}=${v}`);
    const done = spawnSync(path.join(build, 'tests', 'support', 'owner'), ['--config', this.config, '--as', email, what, ...given], { encoding: 'utf8', timeout: 120000 });
    if (done.status !== 0) throw new Error(`owner ${what} ${given.join(' ')}: exit ${done.status ?? done.signal ?? done.error}\n${done.stdout}${done.stderr}`);
    return JSON.parse(done.stdout.trim().split('\n').pop());
  }

  // The same without standing still meanwhile: doubles in this process can answer.
  run(...words) {
    return new Promise((done, bad) => {
      const child = spawn(program, ['--config', this.config, ...words], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 300000 });
      let out = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { out += d; });
      child.on('error', bad);
      child.on('close', (code, signal) => (code === 0 ? done(out) : bad(new Error(`smart360 ${words.join(' ')}: exit ${code ?? signal}\n${out}`))));
    });
  }

  knows(name) { return spawnSync(program, ['help', name]).status === 0; }

  // SQL on the tenant's schema; rows as objects of texts (null for NULL). Values take the place of `?`.
  sql(text, values = [], schema = this.schema) {
    let n = 0;
    let ready = text.replace(/\?/g, () => quote(values[n++]));
    // what the program does when it writes one of these tables itself: workers read them again (app/core/rights.c)
    if (/\b(insert into|update|delete(?: \w+)? from) (user_role|role|role_permission|user_permission_override|module_activation|service_area|utility|organization_setting|bill_template|bill_template_version|bill_message|utility_service|consumer_category|tariff_plan)\b/.test(ready))
      ready += ';\nupdate security_policy set rights_version = uuid_short()';
    // and with the notes of a person (app/comms/note_page.c)
    if (/\b(insert into|update|delete(?: \w+)? from) notification\b/.test(ready))
      ready += `;\ninsert into note_version (recipient_kind, recipient_id, version) select recipient_kind, recipient_id, uuid_short() from notification
        group by recipient_kind, recipient_id on duplicate key update version = note_version.version;\nupdate note_version set version = uuid_short()`;
    const out = execFileSync('mariadb', ['--no-defaults', `--socket=${this.folder}/run/db.sock`, '--user=root', '--default-character-set=utf8mb4', '--batch', schema],
      { input: ready, encoding: 'utf8', maxBuffer: 64 << 20, timeout: 60000, stdio: ['pipe', 'pipe', 'pipe'] });
    const lines = out.split('\n').slice(0, -1).map((line) => line.split('\t'));
    const [names, ...rows] = lines;
    return rows.map((cells) => Object.fromEntries(cells.map((cell, i) => [names[i], cell === 'NULL' ? null : unescape_cell(cell)])));
  }

  // Sets the instance's clock; it runs on from there. Returns the time.
  set_clock(at) {
    const time = at instanceof Date ? at : new Date(at);
    if (Number.isNaN(time.getTime())) throw new Error(`Not a time: ${at}`);
    this.offset_ms = time.getTime() - Date.now();
    this.write_clock();
    return time;
  }
  move_clock(ms) { this.offset_ms = this.read_clock() + ms; this.write_clock(); }
  // Whether recurring jobs are run from now on until the next set: wherever the clock is, nowhere (false), or near the set's (null).
  recurring(recurs) { this.recurs = recurs; this.offset_ms = this.read_clock(); this.write_clock(); }
  read_clock() { return Number.parseFloat(fs.readFileSync(path.join(this.folder, 'clock'), 'utf8') || '0') / 1000; }
  now() { return new Date(Date.now() + this.read_clock()); }
  write_clock() {
    const us = Math.round(this.offset_ms * 1000);
    // Days ahead a night's jobs would run at once in the middle of a test: they are held, and go on when the clock is back.
    const runs = this.recurs ?? Math.abs(this.offset_ms - (this.began_ms ?? 0)) <= near_ms;
    fs.writeFileSync(path.join(this.folder, 'clock.new'), `${us < 0 ? '' : '+'}${us}${runs ? '' : ' held'}\n`);
    fs.renameSync(path.join(this.folder, 'clock.new'), path.join(this.folder, 'clock'));
  }

  // Who holds up whom: open jobs and events, transactions and whose locks they wait for, what the connections do, and the last
  // warnings of the log. For the message of a test that waited in vain.
  what_waits() {
    const table = (title, text, schema) => { let rows; try { rows = this.sql(text, [], schema).map((r) => JSON.stringify(r)); } catch (e) { rows = [String(e.message).slice(0, 200)]; } return [`${title}:`, ...(rows.length ? rows : ['none'])].join('\n  '); };
    return [`the instance's clock: ${this.now().toISOString()}, here: ${new Date().toISOString()}, load: ${fs.readFileSync('/proc/loadavg', 'utf8').trim()}`,
      table('jobs', "select id, kind, class, state, priority, attempts, crashes, run_at, worker, started_at, lease_until, lease_until < utc_timestamp(6) is_late, left(error, 200) error from job where state in ('ready', 'running') order by state desc, run_at limit 12", 'smart360'),
      table('organizations (events of those that are cancelled are not delivered)', 'select slug, status from tenant', 'smart360'),
      table('workers', 'select name, seen_at from worker order by name', 'smart360'),
      table('events', 'select id, name, occurred_at from outbox_event where dispatched_at is null order by id limit 8'),
      table('transactions', "select t.trx_mysql_thread_id thread, t.trx_state state, t.trx_started began, t.trx_rows_locked locked, t.trx_rows_modified modified, w.blocking, p.command, p.time, left(coalesce(t.trx_query, ''), 240) statement from information_schema.innodb_trx t left join (select r.trx_mysql_thread_id thread, group_concat(distinct b.trx_mysql_thread_id) blocking from information_schema.innodb_lock_waits l join information_schema.innodb_trx r on r.trx_id = l.requesting_trx_id join information_schema.innodb_trx b on b.trx_id = l.blocking_trx_id group by 1) w on w.thread = t.trx_mysql_thread_id left join information_schema.processlist p on p.id = t.trx_mysql_thread_id order by t.trx_started limit 20"),
      table('statements', "select id, command, time, state, left(info, 240) info from information_schema.processlist where command not in ('Sleep', 'Daemon') and id <> connection_id()"),
      ['log:', ...this.warnings(12)].join('\n  ')].join('\n');
  }
  warnings(n) { return `${this.log('jobs')}${this.log('web')}`.split('\n').filter((line) => / (warn|error) /.test(line)).sort().slice(-n); }

  log(name) { try { return fs.readFileSync(path.join(this.folder, 'logs', `${name}.log`), 'utf8'); } catch { return ''; } }
}

const running = (folder) => fs.existsSync(path.join(folder, 'run', 'ready')) && spawnSync('flock', ['-n', path.join(folder, 'lock'), 'true']).status !== 0;

function quote(v) {
  if (v === null || v === undefined) return 'NULL';
  if (typeof v === 'number' || typeof v === 'bigint') return String(v);
  if (v instanceof Date) return `'${v.toISOString().replace('T', ' ').replace('Z', '')}'`;
  return `'${String(v).replace(/[\\']/g, '\\$&')}'`;
}
const unescape_cell = (s) => s.replace(/\\([ntr0\\])/g, (_, c) => ({ n: '\n', t: '\t', r: '\r', 0: '\0', '\\': '\\' })[c]);

function stop_all() {
  const folder = path.join(build, 'tests');
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder).filter((n) => /^i\d+$/.test(n)))
    if (running(path.join(folder, name))) spawnSync(tool, ['order', path.join(folder, name), 'stop'], { timeout: 120000 });
}

module.exports = { Instance, stop_all, sleep, root, build };
