// A tiny static server for pages drawn by `make gallery`: OUT at /, static/ at /s/, under the policy of production.
// Answers POST with 204, so that buttons can be pressed.
const fs = require('fs');
const http = require('http');
const path = require('path');

const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.png': 'image/png', '.txt': 'text/plain; charset=utf-8' };
const HEADERS = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
  'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin',
};

// Resolves to { url, close() }.
function serve(pages, statics, extra = {}) {
  const server = http.createServer((req, res) => {
    const name = decodeURIComponent(new URL(req.url, 'http://x').pathname);
    if (extra[name]) return extra[name](req, res, HEADERS);
    if (req.method !== 'GET') return res.writeHead(204, HEADERS).end();
    const [root, rest] = name.startsWith('/s/') ? [statics, name.slice(3)] : [pages, name.slice(1)];
    const file = path.join(root, path.normalize(rest || 'gallery.html'));
    if (!file.startsWith(root) || !fs.existsSync(file) || !fs.statSync(file).isFile()) return res.writeHead(404, HEADERS).end();
    res.writeHead(200, { ...HEADERS, 'Content-Type': TYPES[path.extname(file)] || 'application/octet-stream' });
    fs.createReadStream(file).pipe(res);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() })));
}

module.exports = { serve, HEADERS };
