const { story } = require('../support/story');
const { raw, processes } = require('../support/faults');

// Random numbers that are the same each run; FAULT_SEED for another run.
let seed = Number(process.env.FAULT_SEED || 20260415);
const random = (n) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % n; };
const mutations = Number(process.env.FAULT_MUTATIONS || 3000);

const H = 'Host: swa.smart360.test\r\n';
const form = (body, type = 'application/x-www-form-urlencoded') => `POST /login HTTP/1.1\r\n${H}Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
const recorded = [
  `GET /login HTTP/1.1\r\n${H}Cookie: __Host-s360_sid=abc; __Host-s360_pre=def; theme=dark\r\nAccept-Language: en\r\nConnection: close\r\n\r\n`,
  `GET /u/swa-w/cis/consumers?q=a%20b&sort=name&page=2&size=50 HTTP/1.1\r\n${H}HX-Request: true\r\nConnection: close\r\n\r\n`,
  `GET /p/swa-w/signin?next=%2Fp%2Fswa-w%2Fbills HTTP/1.1\r\n${H}Connection: close\r\n\r\n`,
  form('csrf=abc&form_key=def&email=a%40b.c&password=x'),
  form('--B\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nabc\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\nhello\r\n--B--\r\n', 'multipart/form-data; boundary=B'),
  `POST /hooks/stripe/0123456789abcdef0123456789abcdef HTTP/1.1\r\n${H}Stripe-Signature: t=1,v1=00\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"id":"evt_1"}`,
];
const bits = ['%', '%00', '%zz', '%c3%28', '\u0000', '../', '//', '\\', '&'.repeat(50), '=', ';', '"', "'", '<', '\r\n', '\r\n ', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', `X: ${'a'.repeat(9000)}\r\n`, '\u00e9', '\ud800', '[[[[', '{', '-1', '99999999999999999999', H];

function mutate(text) {
  let bytes = Buffer.from(text, 'latin1');
  for (let n = 1 + random(3); n; n--) {
    const at = random(bytes.length);
    switch (random(5)) {
      case 0: bytes[at] = random(256); break;
      case 1: bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(bits[random(bits.length)], 'utf8'), bytes.subarray(at)]); break;
      case 2: bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random(20)))]); break;
      case 3: { const from = random(bytes.length); bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + random(40)), bytes.subarray(at)]); break; }
      default: bytes[at] ^= 1 << random(8);
    }
  }
  return bytes;
}

story('F18', 'BASE', ({ test, expect, instance, as }) => {
  test('F18 unusual methods, paths, codes and headers are refused, never an error of ours', async () => {
    const odd = [
      `TRACE / HTTP/1.1\r\n${H}\r\n`, `PUT /login HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`, `DELETE /login HTTP/1.1\r\n${H}\r\n`, `OPTIONS * HTTP/1.1\r\n${H}\r\n`, `PROPFIND / HTTP/1.1\r\n${H}\r\n`,
      `GET /%00 HTTP/1.1\r\n${H}\r\n`, `GET /%c3%28 HTTP/1.1\r\n${H}\r\n`, `GET /../../etc/passwd HTTP/1.1\r\n${H}\r\n`, `GET /s/../../etc/passwd HTTP/1.1\r\n${H}\r\n`, `GET /s/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${H}\r\n`,
      `GET //evil.test/ HTTP/1.1\r\n${H}\r\n`, `GET /\\evil.test HTTP/1.1\r\n${H}\r\n`, `GET /login?${'a=1&'.repeat(1500)} HTTP/1.1\r\n${H}\r\n`, `GET /${'a/'.repeat(1000)} HTTP/1.1\r\n${H}\r\n`, `GET /${'a'.repeat(7000)} HTTP/1.1\r\n${H}\r\n`,
      `GET / HTTP/1.1\r\n\r\n`, `GET / HTTP/1.1\r\n${H}Host: evil.test\r\n\r\n`, `GET / HTTP/1.1\r\nHost: -\r\n\r\n`, `GET / HTTP/1.1\r\nHost: a..b\r\n\r\n`, `GET /login HTTP/1.1\r\n${H}Cookie: ${'a=b; '.repeat(300)}\r\n\r\n`,
      `GET /login HTTP/1.1\r\n${H}Cookie: \u0001\u00ff=\r\n\r\n`, `POST /login HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde`, `POST /login HTTP/1.1\r\n${H}Content-Length: -1\r\n\r\n`,
      form('a'), form('%'), form('%zz=1'), form('a=%00'), form('a=%c3%28'), form('a=1&'.repeat(2000)), form(`${'n'.repeat(3000)}=1`), form('{"a":'.repeat(2000), 'application/json'), form('--B', 'multipart/form-data'), form('--B\r\n\r\n', 'multipart/form-data; boundary=B'),
      form('x', `multipart/form-data; boundary=${'b'.repeat(100)}`), form('a=1', 'application/x-www-form-urlencoded; charset=utf-16'), form('a=1', 'text/\u0000plain'),
    ];
    for (const bytes of odd) {
      const { status } = await raw(instance(), [Buffer.from(bytes, 'utf8')], { limit_ms: 8000 });
      expect(status < 500 || status === 501 || status === 505, `${status} for ${JSON.stringify(bytes.slice(0, 80))}`).toBe(true);
    }
  });
  test(`F18 ${mutations} mutations of recorded requests: no 5xx, no worker lost`, async () => {
    test.setTimeout(300000);
    const before = processes(instance(), 'web');
    const bad = [];
    let n = 0;
    await Promise.all(Array.from({ length: 12 }, async () => {
      while (n++ < mutations) {
        const bytes = mutate(recorded[random(recorded.length)]);
        const { status } = await raw(instance(), [bytes], { limit_ms: 300 });
        if (status >= 500 && status !== 501 && status !== 505) bad.push(`${status} ${bytes.toString('base64').slice(0, 400)}`);
      }
    }));
    expect(bad).toEqual([]);
    expect(processes(instance(), 'web')).toEqual(before);
    await as(null).get('/login').is(200);
  });
});
