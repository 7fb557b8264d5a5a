// php(config, instance): the same two pages in PHP-FPM with the same statements, behind an nginx of its own, so that a ratio is
// measured in one run. Installs Debian's php-fpm and php-mysql when they are missing (without starting their service).
const { execFileSync, spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

function install() {
  if (spawnSync('sh', ['-c', 'command -v php-fpm8.2']).status === 0) return true;
  if (process.getuid() !== 0) return false;
  // no service is started: where nothing forbids it already, this does for as long as it takes
  const apt = `rule=/usr/sbin/policy-rc.d; if [ ! -e $rule ]; then printf '#!/bin/sh\nexit 101\n' >$rule && chmod +x $rule && trap 'rm -f $rule' EXIT; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends php8.2-fpm php8.2-mysql php8.2-opcache`;
  return spawnSync('sh', ['-c', apt], { stdio: 'ignore' }).status === 0;
}

// The statements of one request for `url`, as the program sends them: asked often enough that each worker has prepared them.
function statements(state, url, headers) {
  const mariadb = (sql) => execFileSync('mariadb', ['--no-defaults', `--socket=${state}/run/db.sock`, '--user=root', '-e', sql]);
  const get = () => execFileSync('curl', ['-s', '-k', ...headers.flatMap((h) => ['-H', h]), url], { encoding: 'utf8' });
  const log = `${state}/tmp/statements.log`;
  for (let i = 0; i < 40; i++) get();
  mariadb(`set global general_log_file = '${log}'; set global general_log = 1`);
  const html = get();
  execFileSync('sleep', ['0.3']);
  mariadb('set global general_log = 0');
  const sent = fs.readFileSync(log, 'utf8').split('\n').map((l) => l.match(/(\d+) (Execute|Query)\t(.*)/)).filter(Boolean);
  fs.unlinkSync(log);
  const who = sent.find((m) => m[3].includes('session s on s.token_hash'))[1];
  const from = sent.findIndex((m) => m[1] === who && m[3].includes('smart360.tenant t'));
  const list = sent.slice(from).filter((m) => m[1] === who).map((m) => m[3].replace(' and chain', ''));
  const end = list.indexOf('commit');
  return { html, sql: list.slice(0, end + 1).filter((s) => s.includes('?') || /^(start|commit)/.test(s)) };
}

const php_text = (v) => `'${v.replace(/[\\']/g, '\\$&')}'`;

// Starts PHP and its nginx in a folder of the instance; { base, cpu_pids, stop }, or null where PHP cannot be had.
function php(state, base, consumer, bill, headers, token, user, workers) {
  if (!install()) return null;
  const dir = `${state}/php`, port = Number(new URL(base).port || 443) + 40, root = __dirname;
  fs.rmSync(dir, { recursive: true, force: true });
  for (const d of ['', 'tmp', 'logs']) fs.mkdirSync(path.join(dir, d));
  const one = statements(state, base + consumer, headers), two = statements(state, base + bill, headers);
  const head = one.html.slice(0, one.html.indexOf('<main')) + '<main>', foot = one.html.slice(one.html.indexOf('</main>'));
  const list = (l) => `[${l.map(php_text).join(',\n')}]`;
  fs.writeFileSync(`${dir}/statements.php`, `<?php return ['schema' => 'smart360_t_swa', 'socket' => '${state}/run/db.sock', 'token' => '${token}', 'user' => ${user},
    'consumer' => ${list(one.sql)}, 'bill' => ${list(two.sql)}, 'head' => ${php_text(head)}, 'foot' => ${php_text(foot)}];\n`);
  fs.writeFileSync(`${dir}/fpm.conf`, `[global]\nerror_log = ${dir}/logs/fpm.log\ndaemonize = no\n[www]\nlisten = ${dir}/fpm.sock\nlisten.backlog = 1024\nuser = root\ngroup = root\npm = static\npm.max_children = ${workers}\n`);
  fs.writeFileSync(`${dir}/nginx.conf`, `daemon off; pid ${dir}/nginx.pid; error_log ${dir}/logs/nginx.log; ${process.getuid() === 0 ? 'user root;' : ''} worker_processes 2;
    events { worker_connections 1024; } http { access_log ${dir}/logs/access.log; gzip on; gzip_comp_level 1; gzip_min_length 512; gzip_proxied any;
    ${['client_body', 'fastcgi', 'proxy', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path ${dir}/tmp/${n};`).join(' ')}
    server { listen 127.0.0.1:${port}; location / { fastcgi_buffer_size 32k; fastcgi_buffers 32 16k; fastcgi_pass unix:${dir}/fpm.sock; include /etc/nginx/fastcgi_params;
    fastcgi_param SCRIPT_FILENAME ${root}/page.php; fastcgi_param BENCH_STATEMENTS ${dir}/statements.php; } } }`);
  const parts = [spawn('php-fpm8.2', ['-R', '-F', '-y', `${dir}/fpm.conf`, '-d', 'opcache.validate_timestamps=0', '-d', 'date.timezone=UTC'], { stdio: 'ignore' }),
    spawn('nginx', ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', `${dir}/logs/nginx.log`], { stdio: 'ignore' })];
  execFileSync('sleep', ['1']);
  return { base: `http://127.0.0.1:${port}`, pids: parts.map((p) => p.pid), stop: () => parts.forEach((p) => p.kill('SIGTERM')) };
}

module.exports = { php };
