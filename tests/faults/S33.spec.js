const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { story } = require('../support/story');
const { build, root } = require('../support/instance');
const { processes, webhook } = require('../support/faults');

// The connection to the database is cut at the 1st, 2nd, 3rd ... call of an operation until the operation is through, once
// before the call is sent and once after it was done but before its answer. Sent again it is there exactly once.
story('S33', 'HUB-FIX', ({ as, test, expect, instance, one, order, request, command }) => {
  let file;
  const arm = (calls, after) => { const b = Buffer.alloc(16); b.writeBigInt64LE(BigInt(calls), 0); b.writeBigInt64LE(BigInt(after), 8); const fd = fs.openSync(file, 'r+'); fs.writeSync(fd, b, 0, 16, 0); fs.closeSync(fd); };
  const left = () => Number(fs.readFileSync(file).readBigInt64LE(0));

  test.beforeAll(() => {
    const so = path.join(build, 'tests', 'cut.so');
    const flags = execFileSync('pkg-config', ['--cflags', 'libmariadb'], { encoding: 'utf8' }).trim().split(/\s+/);
    execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-D_GNU_SOURCE', ...flags, '-o', so, path.join(root, 'tests/faults/cut.c'), '-ldl']);
    file = path.join(instance().folder, 'run', 'cut');
    fs.writeFileSync(file, Buffer.alloc(16));
    order('preload', so);
  });

  // operation(i): { send() -> status, good: statuses, count() -> how often it is there }
  const through_all = async (operation, statuses) => {
    const before = processes(instance(), 'web');
    for (const after of [0, 1]) {
      let n = 1;
      for (; n < 120; n++) {
        const o = await operation(`${after}${String(n).padStart(3, '0')}`);
        arm(n, after);
        const first = await o.send();
        const reached = left() === 0;
        arm(0, 0);
        expect(statuses, `call ${n}, ${after ? 'answer' : 'request'} lost`).toContain(first);
        const again = await o.send();
        expect(again, `sent again after ${n}`).toBe(statuses[0]);
        expect(o.count(), `times it is there after ${n}, ${after ? 'answer' : 'request'} lost`).toBe('1');
        if (!reached) break;
      }
      expect(n, 'calls of the operation').toBeGreaterThan(3);
      expect(n).toBeLessThan(120);
    }
    expect(processes(instance(), 'web'), 'no worker died').toEqual(before);
  };

  test('S33 a form', async () => {
    test.setTimeout(240000);
    const bm = as('billing_manager');
    await through_all(async (i) => {
      const fields = { ...Object.fromEntries(await bm.form_fields('/u/swa-w/bx/gl-codes', { from: '/bx/gl-codes/new' })), code: `6.${i}`, name: `Cut ${i}`, type: 'revenue', normal_side: 'credit' };
      return { send: async () => (await bm.post('/bx/gl-codes', fields, { raw: true })).status, count: () => one('select count(*) from gl_code where code = ?', [`6.${i}`]) };
    }, [303, 503]);
  });
  test('S33 a webhook', async () => {
    test.setTimeout(240000);
    await through_all(async (i) => {
      const event = webhook(instance(), { id: `evt_cut_${i}`, type: 'account.note' });
      return { send: async () => (await request(event)).status, count: () => one('select count(*) from webhook_event where provider_event_id = ?', [`evt_cut_${i}`]) };
    }, [200, 503]);
  });
});
