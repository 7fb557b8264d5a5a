const { story } = require('../support/story');
const { Person } = require('../support/person');

// Another tenant's administrator asks for what belongs to swa, on every page there is.
story('F23', 'HUB-FIX', ({ as, test, expect, command, instance, one, sql }) => {
  let stranger;
  test.beforeAll(() => {
    command('tenant', 'create', 'other', '--name', 'Other Waterworks', '--admin-email', 'admin@other.test');
    command('user', 'create', 'admin@other.test', '--name', 'Other Admin', '--tenant', 'other');
    const [name, value] = command('user', 'session', 'admin@other.test', '--tenant', 'other').trim().split('=');
    stranger = () => { const p = new Person(instance(), { host: 'other.smart360.test', prefix: '' }); p.cookies[name] = value; return p; };
  });
  const plain = (r) => r.text.replace(/[0-9A-Z]{4}-[0-9A-Z]{4}/g, 'NUMBER');

  test('F23 pages of the other tenant are as absent as pages that do not exist', async () => {
    const values = {
      key: '4020', consumer_no: 'WA-CUST-100001', account_no: 'WA-ACC-100001', bill_no: 'WA-BILL-202604-000001', no: 'WA-BILL-202604-000001', code: 'cso',
      id: one('select public_id from user limit 1'), payment_no: 'WA-PAY-20260415-00001', intent: one('select public_id from gateway_account limit 1') ?? 'x',
    };
    const filled = (p) => p.replace(/\{(\w+)\}/g, (_, n) => values[n] ?? 'x');
    const routes = command('routes').split('\n').map((l) => l.match(/^(GET|POST)\s+(\/[up])\/\*\s+(\/\S*)/)).filter(Boolean).map(([, method, root, path]) => [method, `${root}/swa-w${filled(path)}`]);
    expect(routes.length).toBeGreaterThan(150);
    const absent = plain(await stranger().get('/u/nothing/bx/gl-codes').is(404)), portal = plain(await stranger().get('/p/nothing/bills').is(404));
    const who = stranger();
    for (const [method, path] of routes) {
      const r = await who.send(method, path, method === 'POST' ? { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'a=1' } : {});
      expect([r.status, plain(r)], `${method} ${path}`).toEqual([404, path.startsWith('/p/') ? portal : absent]);
    }
    // and all of it is in the log
    const log = instance().log('web');
    expect(log.split('\n').filter((l) => / refused /.test(l) && /status=404/.test(l)).length, 'lines of the log').toBeGreaterThanOrEqual(routes.length);
  });
  test("F23 the stranger's cookie is nobody's on this host, whatever the path", async () => {
    const value = Object.values(stranger().cookies)[0];
    const here = new Person(instance());
    here.cookies['__Host-s360_sid'] = value;
    await here.get('/bx/gl-codes').goes(/^\/login/);
    await here.post('/u/swa-w/bx/gl-codes', { code: '4999', name: 'Stranger', type: 'revenue' }, { raw: true }).and((r) => { expect([303, 403]).toContain(r.status); });
    expect(one("select count(*) from gl_code where code = '4999'")).toBe('0');
  });
  test('F23 two tenants in turn on the same workers, half of the requests cut off: never a foreign word', async () => {
    const bm = as('billing_manager'), other = stranger();
    await Promise.all(Array.from({ length: 4 }, async (_, lane) => {
      for (let i = 0; i < 40; i++) {
        const mine = (i + lane) % 2 === 0;
        const r = mine ? await bm.get('/bx/gl-codes') : await other.get('/org/dashboard');
        expect(r.status).toBe(200);
        expect(r.text).not.toContain(mine ? 'Other Waterworks' : 'San Francisco');
      }
    }));
    expect(sql('select count(*) n from gl_code')[0].n).not.toBe('0');
  });
});
