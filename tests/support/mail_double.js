// A mail server and a name server on this machine, as far as the hub speaks to them.
const dgram = require('dgram');
const net = require('net');

// SMTP: EHLO, MAIL, RCPT, DATA, NOOP, QUIT. `refuse`: replies for RCPT by address ("550 5.1.1 no such user").
async function mail_double() {
  const d = { mails: [], refuse: new Map(), noops: 0, sockets: new Set() };
  const server = net.createServer((socket) => {
    d.sockets.add(socket);
    let rest = '', mail = null, in_data = false;
    const say = (line) => socket.write(`${line}\r\n`);
    socket.on('error', () => {});
    socket.on('close', () => d.sockets.delete(socket));
    say('220 double ESMTP');
    socket.on('data', (bytes) => {
      rest += bytes.toString('utf8');
      for (;;) {
        const at = rest.indexOf('\r\n');
        if (at < 0) return;
        const line = rest.slice(0, at);
        rest = rest.slice(at + 2);
        if (in_data) {
          if (line === '.') { in_data = false; d.mails.push(mail); say('250 2.0.0 queued'); } else mail.text += `${line.replace(/^\.\./, '.')}\n`;
        } else if (/^EHLO/i.test(line)) { socket.write('250-double\r\n250 8BITMIME\r\n'); }
        else if (/^MAIL FROM:<(.*?)>/i.test(line)) { mail = { from: line.match(/<(.*?)>/)[1], to: null, text: '' }; say('250 2.1.0 ok'); }
        else if (/^RCPT TO:<(.*?)>/i.test(line)) { const to = line.match(/<(.*?)>/)[1]; mail.to = to; say(d.refuse.get(to) ?? '250 2.1.5 ok'); }
        else if (/^DATA/i.test(line)) { in_data = true; say('354 go on'); }
        else if (/^NOOP/i.test(line)) { d.noops++; say('250 2.0.0 ok'); }
        else if (/^QUIT/i.test(line)) { say('221 bye'); socket.end(); }
        else say('250 2.0.0 ok');
      }
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(d, { port: server.address().port, stop: () => { for (const s of d.sockets) s.destroy(); return new Promise((done) => server.close(done)); } });
}

// DNS over UDP at a port of this machine: TXT records by name, each a list of texts; names it does not have do not exist.
async function dns_double(port, records) {
  const socket = dgram.createSocket('udp4'), asked = [];
  socket.on('message', (q, from) => {
    const labels = [];
    let at = 12;
    while (q[at]) { labels.push(q.subarray(at + 1, at + 1 + q[at]).toString()); at += 1 + q[at]; }
    const name = labels.join('.').toLowerCase(), question = q.subarray(12, at + 5), texts = records[name];
    asked.push(name);
    const answers = (texts ?? []).map((t) => {
      const parts = t.match(/[\s\S]{1,200}/g), data = Buffer.concat(parts.map((p) => Buffer.concat([Buffer.from([Buffer.byteLength(p)]), Buffer.from(p)])));
      const head = Buffer.alloc(12);
      head.writeUInt16BE(0xc00c, 0); head.writeUInt16BE(16, 2); head.writeUInt16BE(1, 4); head.writeUInt32BE(60, 6); head.writeUInt16BE(data.length, 10);
      return Buffer.concat([head, data]);
    });
    const head = Buffer.alloc(12);
    q.copy(head, 0, 0, 2);
    head.writeUInt16BE(texts ? 0x8580 : 0x8583, 2); head.writeUInt16BE(1, 4); head.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([head, question, ...answers]), from.port, from.address);
  });
  await new Promise((done, bad) => { socket.once('error', bad); socket.bind(port, '127.0.0.1', done); });
  return { asked, stop: () => new Promise((done) => socket.close(done)) };
}

module.exports = { mail_double, dns_double };
