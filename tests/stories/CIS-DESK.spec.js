// The first page of consumer service: what is open, what waits longest, what was paid; each figure leads to its list.
const { story } = require('../support/story');

story('CIS desk', 'UX-FIX', ({ as, test, expect, sql, one, watch, looks_right }) => {
  const desk = '/cis/dashboard', alpha = () => as('alpha@swa.test');
  const figure = (page, label) => page.body.split('<li').find((li) => li.includes(`>${label}<`))?.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

  test('CIS desk: nothing is open: it says so, and repeats no menu', async () => {
    const page = await as('cso').get(desk).sees('Consumer service', 'No complaint is open').lacks('What you can do now', 'will stand here');
    expect(figure(page, 'Open complaints')).toMatch(/Open complaints 0 0 of them are yours/);
    expect(figure(page, 'Paid today')).toMatch(/Paid today \$0\.00 0 payments/);
    await as('field_executive').get(desk).is(403);
  });

  test('CIS desk: a complaint and a payment of today are counted, listed and led to; a closed one is not', async () => {
    const bill = 'WA-BILL-202604-000101', seq = one('select l.seq from bill_line l join bill b on b.id = l.bill_id where b.bill_no = ? order by l.seq limit 1', [bill]);
    await alpha().post(`/bills/${bill}/dispute`, { reason: 'too_high', words: 'We were away.', [`line_${seq}`]: '1' }, { from: `/bills/${bill}/dispute` }).done('You need not pay what you questioned');
    const no = one('select complaint_no from complaint'), cso = one("select id from user where email = 'cso@swa.test'");
    let page = await as('cso').get(desk).sees(no, 'Pending').lacks('No complaint is open');
    expect(figure(page, 'Open complaints')).toMatch(/ 1 0 of them are yours/);
    sql('update complaint set assigned_to = ?', [cso]);
    page = await as('cso').get(desk).is(200);
    expect(figure(page, 'Open complaints')).toMatch(/ 1 1 of them is yours/);
    const list = page.body.match(/href="([^"]*\/cis\/complaints\?[^"]*)"/)[1].replace(/&amp;/g, '&').replace('/u/swa-w', '');
    await as('cso').get(list).sees(no);
    sql("update complaint set status = 'closed'");
    page = await as('cso').get(desk).sees('No complaint is open').lacks(no);
    expect(figure(page, 'Open complaints')).toMatch(/ 0 0 of them are yours/);
    await as('cso').get(list).lacks(no);
  });

  test('CIS desk: who is limited to areas sees no figures of the whole utility', async () => {
    const cso = one("select id from user where email = 'cso1@swa.test'"), area = one('select id from service_area where level = ? limit 1', ['division']);
    sql('update user_role set service_area_id = ? where user_id = ?', [area, cso]);
    sql('update security_policy set rights_version = uuid_short() where one = 1');
    await as('cso1').get(desk).sees('What you can do now').lacks('Open complaints', 'Paid today', 'Latest payments');
    await as('cso').get(desk).sees('Open complaints', 'Paid today', 'Latest payments');
  });

  test('CIS desk looks right, at a desk and on a phone', async ({ page }) => {
    const faults = await watch(page.context());
    await as('cso').browse(page, desk);
    await looks_right(page, { widths: [360, 1440], shots: 'cis-desk' });
    expect(faults).toEqual([]);
  });
});
