const fs = require('fs');
const path = require('path');
const { story } = require('../support/story');
const { raw, processes, slowness, sleep } = require('../support/faults');

const MB = 1024 * 1024;
const files_in = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length : 0);
const memory = (pid) => { try { return Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) * 1024; } catch { return 0; } };
const head = (length) => `POST /u/swa-w/cis/documents HTTP/1.1\r\nHost: swa.smart360.test\r\nContent-Type: multipart/form-data; boundary=B\r\n${length}\r\n\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="x.pdf"\r\n\r\n`;
const block = Buffer.alloc(MB, 'x');

story('F17', 'BASE', ({ test, expect, instance, as }) => {
  const there = () => files_in(path.join(instance().folder, 'tmp')) + files_in(path.join(instance().folder, 'uploads'));
  let before;
  const left = () => there() - before;

  test('F17 1 GiB announced: 413 before the body', async () => {
    before = there();
    const slow = await slowness();
    const r = await raw(instance(), [head(`Content-Length: ${1024 * MB}`)], { limit_ms: 5000 * slow });
    expect(r.status).toBe(413);
    expect(r.answered_ms).toBeLessThan(2000 * slow);
  });
  test('F17 chunked without length: 413 at the limit, bounded memory and disk', async () => {
    const { workers } = processes(instance(), 'web');
    const chunk = Buffer.concat([Buffer.from(`${MB.toString(16)}\r\n`), block, Buffer.from('\r\n')]);
    const r = await raw(instance(), [head('Transfer-Encoding: chunked').replace(/--B[\s\S]*/, ''), ...Array.from({ length: 160 }, () => chunk)], { limit_ms: 30000 });
    expect([413, 0]).toContain(r.status);
    for (const pid of workers) expect(memory(pid), 'bytes of a worker').toBeLessThan(200 * MB);
    await sleep(300);
    expect(left(), 'files left').toBe(0);
  });
  test('F17 aborted half-way, 20 times: nothing is left', async () => {
    await Promise.all(Array.from({ length: 20 }, () => raw(instance(), [head(`Content-Length: ${8 * MB}`), block, block, block, block], { close_after: 3 * MB, limit_ms: 10000 })));
    await sleep(1500);
    expect(left(), 'files left').toBe(0);
    await as(null).get('/login').is(200);
  });
  test('F17 a webhook over 256 KiB: 413 as JSON', async () => {
    const r = await as(null).post('/hooks/stripe/none', {}, { body: 'x'.repeat(256 * 1024 + 1) });
    expect(r.status).toBe(413);
    expect(JSON.parse(r.body)).toEqual({ error: 'body_too_large' });
  });
});
