// What is shown can be opened: every link on every page that a role is led to answers, whatever module it leads to.
const { story } = require('../support/story');
const html = require('../support/html');

// A shape stands for all pages of its kind: numbers, codes with digits and public ids say which record, not which page.
const shape = (url) => {
  const { pathname, searchParams } = new URL(url.replace(/^\/setup\/[a-z_]+(?=\/)/, ''), 'https://here.test');        // of guided set-up: the page in its frame
  const kind = ['tab', 'view', 'with'].filter((k) => searchParams.has(k)).map((k) => `${k}=${searchParams.get(k)}`).join('&');
  return `${pathname.replace(/\/[A-Za-z0-9_-]{22}(?=\/|$)/g, '/@').replace(/[0-9A-Za-z_-]*\d[\w-]*/g, '#').replace(/\/[A-Z][A-Z-]+(?=\/|$)/g, '/#')}?${kind}`;
};
const PAGES = 600;      // more shapes than there are: a walk that does not end is a fault too

async function walk(person, start) {
  const seen = new Set(), queue = [[start, 'the start']], broken = [];
  let pages = 0;
  while (queue.length && pages < PAGES) {
    const [url, from] = queue.shift(), key = shape(url);
    if (seen.has(key)) continue;
    seen.add(key);
    pages++;
    const r = await person.get(url).and(() => {});
    if (r.status === 303 && r.location && !/^\/(login|p\/[^/]+\/signin)/.test(r.location)) { queue.push([r.location, url]); continue; }
    if (![200, 409].includes(r.status)) broken.push(`${r.status} ${url}, linked on ${from}`);         // 409: says why not now
    if (!/html/.test(r.headers['content-type'] ?? '')) continue;
    for (const { url: link } of html.links(r.body)) {
      if (!link) continue;
      const to = new URL(link, `https://${person.host}${url}`);
      if (to.host === person.host && to.pathname.startsWith('/p/') === start.startsWith('/p/') && !/\/(logout|signout)$|\/file$|\.pdf$|[?&]export=/.test(to.pathname + to.search)) queue.push([to.pathname + to.search, url]);
    }
  }
  return { broken, pages };
}

for (const [set, who] of [['BX-FIX', 'staff'], ['UX-FIX', 'staff'], ['UX-FIX', 'consumer']]) {
  story('LINKS', set, ({ as, test, expect, sql }) => {
    test(`LINKS every link that ${who === 'staff' ? 'a role' : 'a consumer'} of ${set} is shown opens`, async () => {
      test.setTimeout(300000);
      const people = who === 'staff' ? sql("select min(u.email) email from user u join user_role x on x.user_id = u.id join role r on r.id = x.role_id where u.status = 'active' and x.utility_id is not null group by r.code").map((r) => r.email)
        : sql("select email from portal_user where status = 'active' order by id limit 3").map((r) => r.email);
      expect(people.length).toBeGreaterThan(who === 'staff' ? 10 : 1);
      const broken = [];
      for (const email of [...new Set(people)]) {
        const person = as(email), walked = await walk(person, person.path('/'));
        if (walked.pages < 3 || walked.pages >= PAGES) broken.push(`${email}: ${walked.pages} pages`);
        broken.push(...walked.broken.map((line) => `${email}: ${line}`));
      }
      expect(broken).toEqual([]);
    });
  });
}
