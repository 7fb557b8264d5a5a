// The configuration of a utility as one signed file: taken from one utility, compared with and applied to another one.
const crypto = require('crypto');
const { Instance } = require('../support/instance');
const { Person } = require('../support/person');
const { story } = require('../support/story');

story('PROMOTION', 'ONB-FIX', ({ as, test, expect, sql, one, clock, looks_right }) => {
  const admin = () => as('tenant_admin'), source = '/u/swa-w/configuration', target = '/u/swa-e/configuration';
  const file_of = async (where) => (await admin().get(`${where}/file`).is(200)).bytes;
  const bring = (bytes, where = target, name = 'swa.s360config') => admin().post(`${where}/files`, {}, { from: where, files: { file: { name, content: bytes } } });
  const body_of = (bytes) => JSON.parse(bytes.toString('utf8').replace(/signature \S+ \S+\n$/, ''));
  const other = crypto.generateKeyPairSync('ed25519');
  const other_key = other.publicKey.export({ format: 'jwk' }).x;
  // What another installation would make: the same document, changed, and signed with its own key.
  const signed = (document) => { const bytes = Buffer.from(`${JSON.stringify(document)}\n`); return Buffer.concat([bytes, Buffer.from(`signature ${other_key} ${crypto.sign(null, bytes, other.privateKey).toString('base64url')}\n`)]); };
  const kind = (document, name) => document.kinds.find((k) => k.kind === name);
  const proved = () => sql("update session set auth_at = utc_timestamp(6) + interval 100 year where ended_at is null");
  const codes = (table, utility) => sql(`select x.code from ${table} x join utility u on u.id = x.utility_id where u.code = ? order by x.code`, [utility]).map((r) => r.code);
  let document, page;

  test('PROMOTION a file holds rows by their keys, no id and no secret', async () => {
    const bytes = await file_of(source);
    document = body_of(bytes);
    expect([document.format, document.version, document.tenant, document.utility, document.currency]).toEqual(['smart360-configuration', 1, 'swa', 'swa-w', 'USD']);
    expect(kind(document, 'gl_code').rows.length).toBeGreaterThan(10);
    expect(kind(document, 'consumer_sub_category').rows.find((r) => r.code === 'SFR').category_id).toBe('RES');
    expect(JSON.parse(kind(document, 'role').rows.find((r) => r.code === 'cashier').rights)).toContain('cis.payments:view');
    expect(JSON.parse(kind(document, 'tariff_plan').rows.find((r) => r.code === 'RES-VAR').category_ids)).toEqual(['RES']);
    expect(bytes.toString()).not.toMatch(/_enc"|"[a-z_]*(password|secret)[a-z_]*":|"public_id"|"utility_id"/);
    expect(one("select count(*) from audit_entry where action = 'export' and entity = 'config_file'")).toBe('1');
    await as('cso').get(`${source}/file`).is(403);
  });

  test('PROMOTION every difference is shown before anything is written', async () => {
    const before = one('select count(*) from gl_code');
    page = (await bring(await file_of(source)).is(303)).location;
    const answer = await admin().get(page).sees('New', 'Consumer categories', 'RES', 'Versions of plans', 'RES-VAR|1', 'Blocks', 'swa/swa-w');
    expect(one('select count(*) from gl_code')).toBe(before);
    for (const table of ['consumer_category', 'tariff_plan', 'fee']) for (const row of kind(document, table).rows) if (!codes(table, 'swa-e').includes(row.code)) expect(answer.text).toContain(row.code);
  });

  test('PROMOTION what is ticked is applied, what needs something unticked is refused', async () => {
    proved();
    const all = [...(await admin().get(page).is(200)).body.matchAll(/name="rows" value="([^"]+)"/g)].map((m) => m[1]);
    const areas = kind(document, 'service_area').rows, below = (a, code) => a && (a.code === code || below(areas.find((x) => x.code === a.parent_id), code));
    const left = areas.find((a) => a.level === 'division').code, under = areas.filter((a) => below(a, left) && a.code !== left).map((a) => a.code);
    expect(under.length).toBeGreaterThan(0);
    const some = all.filter((id) => id.startsWith('service_area|') && id !== `service_area|${left}`);
    const answer = await admin().post(`${page}/application`, { rows: some }, { from: page }).done('Applied:');
    expect(codes('service_area', 'swa-e').sort()).toEqual(areas.filter((a) => !below(a, left)).map((a) => a.code).sort());
    expect(answer.text).toContain(left);                                          // still offered, with those under it
    expect(one("select count(*) from service_area a join service_area p on p.id = a.parent_id join utility u on u.id = a.utility_id where u.code = 'swa-e' and p.utility_id <> a.utility_id")).toBe('0');
    expect(Number(one("select count(*) from audit_entry where entity = 'service_area' and action = 'create' and reason = 'Configuration file'"))).toBe(areas.length - under.length - 1);
  });

  test('PROMOTION all of it; the same file again changes nothing', async () => {
    await admin().get(page).is(200);
    await admin().post(`${page}/application`, { all: '1' }, { from: page, submit: 'Apply all' }).done('Applied:');
    for (const table of ['consumer_category', 'consumer_sub_category', 'tariff_plan', 'fee', 'service_area', 'calendar', 'gl_code']) expect(codes(table, 'swa-e')).toEqual(expect.arrayContaining(codes(table, 'swa-w')));
    const rates = (utility) => sql("select p.code plan, v.version_no, r.code, r.type, r.rate_micro, r.amount_minor, t.seq, t.upto_qty_micro, t.rate_micro tier from tariff_rate r join tariff_plan_version v on v.id = r.version_id join tariff_plan p on p.id = v.plan_id join utility u on u.id = p.utility_id left join tariff_tier t on t.rate_id = r.id where u.code = ? order by 1, 2, 3, 7", [utility]);
    expect(rates('swa-e')).toEqual(rates('swa-w'));
    expect(one("select group_concat(distinct v.state) from tariff_plan_version v join utility u on u.id = v.utility_id where u.code = 'swa-e'")).toBe('draft');       // approved here by somebody of here
    expect(one("select group_concat(c.code) from consumer_category c join utility u on u.id = c.utility_id join tariff_plan p on p.utility_id = u.id and p.code = 'RES-VAR' where u.code = 'swa-e' and json_contains(p.category_ids, c.id)")).toBe('RES');
    const version = one("select max(id) from audit_entry");
    await admin().get(page).sees('Nothing differs: there is nothing to apply.');
    expect((await bring(await file_of(source)).is(303)).status).toBe(303);
    await admin().get(page).is(200);
    await admin().post(`${page}/application`, {}).done('Nothing differs: there is nothing to apply.');
    expect(one("select count(*) from audit_entry where id > ? and reason = 'Configuration file'", [version])).toBe('0');
    await admin().get(source).sees('Configuration');
  });

  test('PROMOTION a change on both sides: shown with both values, and what was seen is what is applied', async () => {
    sql("update consumer_category c join utility u on u.id = c.utility_id set c.credit_days = 30 where u.code = 'swa-w' and c.code = 'RES'");
    const next = (await bring(await file_of(source)).is(303)).location;
    await admin().get(next).sees('credit_days', '21', '30');
    const forms = await admin().get(next).forms();
    sql("update consumer_category c join utility u on u.id = c.utility_id set c.credit_days = 25 where u.code = 'swa-e' and c.code = 'RES'");
    const fields = Object.fromEntries(forms.find((f) => f.action.endsWith('/application')).fields);
    await admin().post(`${next}/application`, { ...fields, rows: 'consumer_category|RES' }, { raw: true }).refuses(409, null, 'What is here has changed since this was shown.');
    await admin().get(next).sees('25', '30');
    await admin().post(`${next}/application`, { rows: 'consumer_category|RES' }, { from: next }).done('1 changed');
    expect(one("select c.credit_days from consumer_category c join utility u on u.id = c.utility_id where u.code = 'swa-e' and c.code = 'RES'")).toBe('30');
  });

  test('PROMOTION altered, unsigned, of a stranger, of another format, unknown kinds: refused in words', async () => {
    const good = await file_of(source), text = good.toString();
    await bring(Buffer.from(text.replace('Residential', 'Residentiel'))).refuses(422, 'file', 'The file was changed after it was signed.');
    await bring(Buffer.from(text.replace(/signature \S+ \S+\n$/, ''))).refuses(422, 'file', 'The file is not signed.');
    await bring(Buffer.from(text.replace(/signature (\S+) \S/, 'signature $1 A').replace(/signature (\S+) A(\S)/, (m, k, c) => `signature ${k} ${c === 'B' ? 'C' : 'A'}${c}`))).refuses(422, 'file');
    await bring(Buffer.from('code,name\n1,2\n')).refuses(422, 'file', 'This is not a configuration file of SMART360.');
    await bring(signed(document)).refuses(422, 'file', /The file is signed with a key that is not trusted here: [0-9a-f]{4} /);
    proved();
    await as('utility_admin').get(`${target}/keys`).is(403);
    await admin().post(`${target}/keys`, { name: 'Sandbox', public_key: 'x'.repeat(43) }, { from: `${target}/keys` }).is(422);
    await admin().post(`${target}/keys`, { name: 'Sandbox', public_key: other_key }, { from: `${target}/keys` }).is(303);
    await bring(signed({ ...document, version: 2 })).refuses(422, 'file', 'The file has format 2; this installation reads format 1. Update this installation first.');
    await bring(signed({ ...document, version: 0 })).refuses(422, 'file', 'The file has format 0; this installation reads format 1. Make the file again with the present version.');
    await bring(signed({ ...document, currency: 'EUR' })).refuses(422, 'file', 'The file is of a utility in EUR; this one counts in USD.');
    await bring(signed({ ...document, kinds: [{ kind: 'robots', rows: [] }] })).refuses(422, 'file', 'The file holds "robots", which this installation does not know. Update this installation first.');
    await bring(signed({ ...document, kinds: [{ kind: 'permission', rows: [{ key: 'x' }] }] })).refuses(422, 'file', /The file holds "permission"/);
    await bring(signed({ ...document, kinds: [{ kind: 'gl_code', rows: [{ code: '9999', colour: 'red' }] }] })).refuses(422, 'file', /The file holds "colour" of "gl_code"/);
    await bring(signed({ ...document, kinds: [{ kind: 'gl_code', rows: [{ code: '9999', utility_id: '1' }] }] })).refuses(422, 'file', /The file holds "utility_id" of "gl_code"/);
    await bring(signed({ ...document, kinds: [{ kind: 'gl_code', rows: [{ code: '9999' }, { code: '9999' }] }] })).refuses(422, 'file', 'The file holds 9999 of "gl_code" twice.');
    // each refusal stays in the audit, with its words, although nothing else of the upload does
    const kept = sql("select reason, number, u.email from audit_entry e join user u on u.id = e.actor_id where e.entity = 'config_file' and e.action = 'refused' order by e.id");
    expect(kept.pop()).toEqual({ reason: 'The file holds 9999 of "gl_code" twice.', number: 'swa-e', email: 'tenant_admin@swa.test' });
    expect(kept.length).toBeGreaterThan(3);
    const before = one("select count(*) from audit_entry where entity = 'config_file' and action = 'refused'");
    await bring(signed({ ...document, tenant: 'other', utility: 'sand', kinds: [] })).is(303);
    expect(one("select count(*) from audit_entry where entity = 'config_file' and action = 'refused'")).toBe(before);
  });

  test('PROMOTION part of a file is refused: what leads nowhere, what the database holds against it, an approved version', async () => {
    const rows = [
      { kind: 'consumer_sub_category', rows: [{ code: 'XXX', name: 'Nowhere', category_id: 'GONE', sort: '0', active: '1' }] },
      { kind: 'gl_code', rows: [{ code: '9001', name: 'Good', type: 'revenue', normal_side: 'credit', control: '0', parent_id: null, erp_code: null, active: '1' }, { code: '9002', name: 'Bad', type: 'robot', normal_side: 'credit', control: '0', parent_id: null, erp_code: null, active: '1' }] },
    ];
    const at = (await bring(signed({ ...document, tenant: 'other', made_at: '2026-04-15T18:00:00Z', kinds: rows })).is(303)).location;
    await admin().get(at).sees('Needs Consumer categories GONE, which is neither here nor in the file.', '9001');
    proved();
    await admin().post(`${at}/application`, { all: '1' }, { from: at, submit: 'Apply all' }).done('1 new');
    await admin().get(at).sees('GL codes 9002: Does not fit what is here');
    expect(codes('gl_code', 'swa-e')).toContain('9001');
    expect(codes('gl_code', 'swa-e')).not.toContain('9002');
    // a file made before the one that was applied last from the same place
    await bring(signed({ ...document, tenant: 'other', made_at: '2026-04-15T17:00:00Z', kinds: [] })).refuses(422, 'file', /The file is older than the one applied before/);
    sql("update tariff_plan_version v join utility u on u.id = v.utility_id set v.state = 'approved' where u.code = 'swa-e'");
    sql("update tariff_rate r join tariff_plan_version v on v.id = r.version_id join tariff_plan p on p.id = v.plan_id join utility u on u.id = p.utility_id set r.label = 'Service, changed' where u.code = 'swa-w' and p.code = 'RES-VAR' and r.sequence = (select min(x.sequence) from tariff_rate x where x.version_id = v.id)");
    clock.forward({ minutes: 2 });
    const again = (await bring(await file_of(source)).is(303)).location;
    await admin().get(again).sees('RES-VAR|1 is Approved here and is not changed any more. Make a new version.');
  });

  test('PROMOTION who may: setting up brings, approving applies, proof is asked for', async () => {
    const at = (await bring(signed({ ...document, tenant: 'other', made_at: '2026-04-15T19:00:00Z', kinds: [{ kind: 'department', rows: [{ name: 'Robots', active: '1' }] }] })).is(303)).location;
    sql("update session set auth_at = '2020-01-01', mfa_at = null, reauth_at = null where ended_at is null");
    await admin().post(`${at}/application`, { all: '1' }, { from: at, submit: 'Apply all' }).is(422);
    expect(one("select count(*) from department where name = 'Robots'")).toBe('0');
    await as('billing_manager').get(target).is(403);
    await as('cso').get(at).is(403);
    proved();
    await admin().post(`${at}/application`, { all: '1' }, { from: at, submit: 'Apply all' }).done('1 new');
    await admin().get(`${target}/keys`).is(200);
    const key = one('select public_id from config_key');
    await admin().post(`${target}/keys/${key}/withdrawal`, {}, { from: `${target}/keys` }).is(303);
    await bring(signed({ ...document, tenant: 'other', made_at: '2026-04-15T20:00:00Z', kinds: [] })).refuses(422, 'file', /not trusted here/);
    await admin().get(at).sees('not trusted here');          // not even what was brought before
  });

  test('PROMOTION templates of messages and bills, bill cycles and teams go along, as drafts', async () => {
    const where = "u.code = 'swa-w'";
    sql(`insert into team (utility_id, code, name, area_ids) select u.id, 'METER', 'Meter desk', json_array(a.id) from utility u join service_area a on a.utility_id = u.id and a.level = 'division' where ${where} limit 1`);
    sql(`update complaint_type t join utility u on u.id = t.utility_id join team m on m.utility_id = u.id and m.code = 'METER' set t.team_id = m.id where ${where} limit 1`.replace(' limit 1', ''));
    sql(`insert into template_category (utility_id, name) select u.id, 'Projects' from utility u where ${where}`);
    sql(`insert into template (utility_id, \`key\`, name, category_id, class, topic, channels) select u.id, 'works_nearby', 'Works nearby', k.id, 'service', 'billing', '["email"]' from utility u join template_category k on k.utility_id = u.id and k.name = 'Projects' where ${where}`);
    sql(`insert into template_version (utility_id, template_id, no, lang, channel, subject, body_text, state) select t.utility_id, t.id, 1, 'en', 'email', 'Works nearby', 'We dig on {{date}}.', 'active' from template t where t.\`key\` = 'works_nearby'`);
    sql(`insert into bill_template (utility_id, name, utility_type, state, current_version) select u.id, 'Second paper', 'water', 'active', 1 from utility u where ${where}`);
    sql(`insert into bill_template_version (utility_id, template_id, version_no, sections, texts, state) select t.utility_id, t.id, 1, '{"chart":true}', '{"en":{}}', 'active' from bill_template t where t.name = 'Second paper'`);
    sql(`insert into bill_cycle (utility_id, code, name, service_code, anchor_date, template_id, category_ids, state) select t.utility_id, 'SECOND', 'Second cycle', 'WA', '2026-05-01', t.id, (select json_array(c.id) from consumer_category c where c.utility_id = t.utility_id and c.code = 'RES'), 'active' from bill_template t where t.name = 'Second paper'`);
    clock.forward({ minutes: 2 });
    const at = (await bring(await file_of(source)).is(303)).location;
    await admin().get(at).sees('Teams', 'METER', 'Texts of messages', 'works_nearby|1|en|email', 'Versions of bill templates', 'Second paper|1', 'Bill cycles', 'SECOND');
    proved();
    const ids = [...(await admin().get(at).is(200)).body.matchAll(/name="rows" value="([^"]+)"/g)].map((m) => m[1]);
    // a text of a template that is left is refused with it
    const rows = ids.filter((id) => /^(team|template_category|template_version|bill_template|bill_template_version|bill_cycle)\|/.test(id));
    await admin().post(`${at}/application`, { rows }, { from: at }).done('Applied:');
    expect(one("select count(*) from template t join utility u on u.id = t.utility_id where u.code = 'swa-e' and t.`key` = 'works_nearby'")).toBe('0');
    const again = ids.filter((id) => /^template(_version)?\|works_nearby/.test(id));
    await admin().post(`${at}/application`, { rows: again }, { from: at }).done('2 new');
    const of_target = (table, more) => sql(`select x.* from ${table} x join utility u on u.id = x.utility_id where u.code = 'swa-e' and ${more}`);
    expect(of_target('template_version', "x.body_text = 'We dig on {{date}}.'")[0]).toMatchObject({ state: 'draft', approved_by: null });
    expect(of_target('bill_template_version', 'x.version_no = 1 and x.template_id in (select id from bill_template where name = \'Second paper\')')[0].state).toBe('draft');
    expect(of_target('bill_template', "x.name = 'Second paper'")[0]).toMatchObject({ state: 'draft', is_default: '0', current_version: '0' });
    const cycle = of_target('bill_cycle', "x.code = 'SECOND'")[0];
    expect(cycle.state).toBe('draft');
    expect(one('select u.code from bill_template t join utility u on u.id = t.utility_id where t.id = ?', [cycle.template_id])).toBe('swa-e');
    expect(one("select group_concat(a.code) from team t join utility u on u.id = t.utility_id join service_area a on json_contains(t.area_ids, a.id) where u.code = 'swa-e' and t.code = 'METER' and a.utility_id = u.id")).toBeTruthy();
    // what was active here is followed by another version, never changed
    sql("update template_version v join utility u on u.id = v.utility_id set v.state = 'active' where u.code = 'swa-e' and v.body_text = 'We dig on {{date}}.'");
    sql("update template_version v join utility u on u.id = v.utility_id set v.body_text = 'We dig tomorrow.' where u.code = 'swa-w' and v.body_text = 'We dig on {{date}}.'");
    clock.forward({ minutes: 2 });
    const changed = (await bring(await file_of(source)).is(303)).location;
    await admin().get(changed).sees('works_nearby|1|en|email is Active here and is not changed any more. Make a new version.');
  });

  test('PROMOTION two installations with keys of their own: a stranger until the key is trusted, then compared and applied', async () => {
    test.setTimeout(400000);
    const there = await Instance.of(40 + test.info().parallelIndex);
    try {
      there.order('set', 'ONB-FIX');
      there.owner('tenant_admin@swa.test', 'data_key');
      const other_admin = new Person(there, { email: 'tenant_admin@swa.test' }).sign_in();
      const here_key = (await admin().get(source).is(200)).text, bytes = await file_of(source);
      const key = bytes.toString().match(/signature (\S+) \S+\n$/)[1];
      const there_bytes = (await other_admin.get(`${source}/file`).is(200)).bytes, there_key = there_bytes.toString().match(/signature (\S+) \S+\n$/)[1];
      expect(there_key).not.toBe(key);
      expect(here_key).toContain(key);                                   // the page shows it, to be copied
      const upload = (bytes_) => other_admin.post(`${target}/files`, {}, { from: target, files: { file: { name: 'other.s360config', content: bytes_ } } });
      await upload(bytes).refuses(422, 'file', /^The file is signed with a key that is not trusted here: /);
      await bring(there_bytes).refuses(422, 'file', /not trusted here/);
      there.sql("update session set auth_at = utc_timestamp(6) + interval 100 year where ended_at is null");
      await other_admin.post(`${target}/keys`, { name: 'The sandbox', public_key: key }, { from: `${target}/keys` }).is(303);
      await other_admin.get(`${target}/keys`).sees('The sandbox', 'Active');
      const at = (await upload(bytes).is(303)).location;
      await other_admin.get(at).sees('New', 'RES-VAR|1', 'Teams', 'METER', 'swa/swa-w');
      await other_admin.post(`${at}/application`, { all: '1' }, { from: at, submit: 'Apply all' }).done('Applied:');
      const there_one = (text) => Object.values(there.sql(text)[0])[0];
      expect(there_one("select count(*) from team t join utility u on u.id = t.utility_id where u.code = 'swa-e' and t.code = 'METER'")).toBe('1');
      expect(there_one("select count(*) from tariff_plan p join utility u on u.id = p.utility_id where u.code = 'swa-e' and p.code = 'RES-VAR'")).toBe('1');
      expect(Number(there_one("select count(*) from audit_entry where reason = 'Configuration file'"))).toBeGreaterThan(100);
      // trusted one way only, and not any more when it is withdrawn
      await bring(there_bytes).refuses(422, 'file', /not trusted here/);
      await other_admin.post(`${target}/keys/${there_one('select public_id from config_key')}/withdrawal`, {}, { from: `${target}/keys` }).is(303);
      await other_admin.get(at).sees('not trusted here');
    } finally {
      there.order('stop');
    }
  });

  test('PROMOTION many differences are folded by kind; what is refused stands open', async ({ page: view }) => {
    test.setTimeout(120000);
    sql("insert into config_key (name, public_key) values ('Sandbox', ?) on duplicate key update withdrawn_at = null", [other_key]);
    const rows = (n) => Array.from({ length: n }, (_, i) => ({ name: `Department ${i}`, active: '1' }));
    const at = (await bring(signed({ ...document, tenant: 'folded', kinds: [{ kind: 'department', rows: rows(60) }, { kind: 'consumer_sub_category', rows: [{ code: 'YYY', name: 'Nowhere', category_id: 'GONE', sort: '0', active: '1' }] }] })).is(303)).location;
    await view.setViewportSize({ width: 360, height: 800 });
    await admin().browse(view, at);
    const card = (title) => view.locator('details.s-fold', { has: view.getByRole('heading', { name: title, exact: true }) });
    expect(await card('Departments').getAttribute('open')).toBeNull();
    expect(await card('Sub-categories').getAttribute('open')).not.toBeNull();
    expect(await view.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(9000);
    await card('Departments').locator(':scope > summary').click();
    await expect(view.getByText('Department 7', { exact: true })).toBeVisible();
    // one line, not letters one below the other
    expect((await view.locator('.s-diff label', { hasText: 'Department 7' }).first().boundingBox()).height).toBeLessThan(40);
  });

  test('PROMOTION pages look right', async ({ page: view }) => {
    test.setTimeout(300000);
    const few = body_of(await file_of(source));
    sql("insert into config_key (name, public_key) values ('Sandbox', ?) on duplicate key update withdrawn_at = null", [other_key]);
    const at = (await bring(signed({ ...few, tenant: 'looks', kinds: few.kinds.filter((k) => ['consumer_sub_category', 'calendar', 'working_hours', 'reading_format'].includes(k.kind)) })).is(303)).location;
    for (const path of [target, at, `${target}/keys`]) {
      await admin().browse(view, path);
      await looks_right(view, { shots: `promotion-${path.split('/').length}` });
    }
  });
});
