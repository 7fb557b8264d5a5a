// The frame itself: what every story relies on.
const { story } = require('../support/story');

story('FRAME', 'BASE', ({ as, anyone, test, expect, sql, one, clock, request, instance }) => {
  test('FRAME the instance answers over HTTPS with its security headers', async () => {
    const answer = await as(null).get('/health').is(200);
    expect(answer.headers['strict-transport-security']).toMatch(/max-age=31536000/);
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
  test('FRAME the fixture set is loaded and its clock stands', async () => {
    expect(one('select code from utility')).toBe('swa-w');
    expect(instance().now().toISOString()).toMatch(/^2026-04-15T17:0/);
    clock('2026-05-01T09:00:00-07:00');
    clock.forward({ days: 1, hours: 1 });
    expect(clock.now().toISOString()).toMatch(/^2026-05-02T17:0/);
  });
  test('FRAME whoever is not signed in is led to the sign-in page, and back afterwards', async () => {
    const answer = await as(null).get('/bx/gl-codes').is(303);
    expect(answer.location).toBe('/login?next=%2Fu%2Fswa-w%2Fbx%2Fgl-codes');
  });
  test('FRAME a changed copy (1)', async () => {
    sql("update utility set name = 'Changed'");
    expect(one('select name from utility')).toBe('Changed');
  });
  test('FRAME hosts of strangers find nothing', async () => {
    await anyone('nobody.smart360.test').get('/login').is(404);
    expect((await request({ host: 'evil.test', path: '/login' })).status).toBe(404);
  });
  test('FRAME static files come compressed, with headers, for ever', async () => {
    const name = require('fs').readFileSync(`${require('../support/instance').build}/static/assets.txt`, 'utf8').match(/^\S+ (\S+\.css)$/m)[1];
    const answer = await request({ path: name, headers: { 'Accept-Encoding': 'gzip' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.headers['cache-control']).toContain('immutable');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  });
});

story('FRAME again', 'BASE', ({ test, expect, one }) => {
  test('FRAME a changed copy (2): the next story has a fresh one', async () => { expect(one('select name from utility')).not.toBe('Changed'); });
});
