// A running instance of ./start or tests/bench/run, for benches that do as people do: by pages and the job workers.
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { Instance } = require('../support/instance');
const { Person } = require('../support/person');

class Desk extends Instance {
  constructor(config, url) {
    const at = new URL(url);
    super(path.dirname(path.resolve(config)), Number(at.port || 80));
    Object.assign(this, { config, is_plain: at.protocol === 'http:', host: at.host });
  }
  now() { return new Date(); }
  as(name) { return new Person(this, { email: `${name}@swa.test`, host: this.host }); }

  one(text, values) { const [row] = this.sql(text, values); return row ? Object.values(row)[0] : null; }

  // A POST that must be answered with a redirect.
  async done(answer) {
    const a = await answer;
    if (a.status !== 303) throw new Error(`${a.method} ${a.path}: ${a.status} ${a.text.slice(0, 600)}`);
    return a;
  }

  // The processes of a part (web, jobs, database) with their children: [{ pid, name, rss MiB, cpu seconds }].
  processes(part) {
    const of = (pid) => {
      try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
        const rss = Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? 0) / 1024;
        return [{ pid, rss, cpu: (Number(stat[11]) + Number(stat[12])) / 100 }, ...children(pid).flatMap(of)];
      } catch { return []; }
    };
    const children = (pid) => { try { return execFileSync('pgrep', ['-P', pid], { encoding: 'utf8' }).split('\n').filter(Boolean); } catch { return []; } };
    return of(fs.readFileSync(path.join(this.folder, 'run', `${part}.process`), 'utf8').trim());
  }
  cpu(part) { return this.processes(part).reduce((sum, p) => sum + p.cpu, 0); }

  // Waits until `ready()` is true; the largest process of the job workers meanwhile, in MiB.
  async watch(ready, every_ms = 250) {
    let most = 0;
    while (!ready()) {
      most = Math.max(most, ...this.processes('jobs').map((p) => p.rss));
      await new Promise((done) => setTimeout(done, every_ms));
    }
    return most;
  }
}

const line = (name, figure, unit, budget, more = '') => console.log(`${name.padEnd(40)} ${String(figure).padStart(9)} ${unit.padEnd(5)} budget ${budget.padEnd(22)} ${more}`.trimEnd());

module.exports = { Desk, line };
