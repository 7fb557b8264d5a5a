// A reading that a consumer sends (CSS01US07 "Send a reading"), and the way to it from an estimated bill (CSS01US02).
const { story } = require('../support/story');

const photo = { name: 'meter.png', type: 'image/png', content: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') };

story('CSS01US07 send a reading', 'UX-FIX', ({ as, anyone, test, expect, sql, one, clock, owner, looks_right, watch }) => {
  const alpha = () => as('alpha@swa.test'), beta = () => as('beta@swa.test'), bill = '/bills/WA-BILL-202604-000101', path = '/usage/reading/WA-MTR-300001';
  const sent = () => sql("select value_e3 v, status s, document_id is not null d, created_by b from meter_reading where source = 'consumer' order by id");

  test('CSS01US02 an estimated bill leads to sending a reading, an actual one does not', async () => {
    await alpha().get(bill).lacks('Send a reading');
    sql("update usage_segment u join bill b on b.id = u.bill_id set u.is_estimated = 1 where b.bill_no = 'WA-BILL-202604-000101'");
    await alpha().get(bill).sees('Estimated').lacks('Send a reading');            // a smart meter reads itself
    await alpha().get(path).is(404);
    sql("update meter m join meter n on n.meter_no = 'WA-MTR-300002' join meter_register g on g.meter_id = m.id set m.read_type = n.read_type, g.decimals = 0 where m.meter_no = 'WA-MTR-300001'");
    expect((await alpha().get(bill).sees('This bill is estimated. Send a reading.')).body).toContain(`/p/swa-w${path}`);
    sql("insert into portal_setting (utility_id, `key`, value) select id, 'send_reading', '0' from utility where code = 'swa-w'");
    await alpha().get(bill).lacks('Send a reading');
    await alpha().get(path).is(404);
    sql("delete from portal_setting where `key` = 'send_reading'");
  });

  test('CSS01US07 only those who manage the account send its readings', async () => {
    await beta().get(path).is(404);
    await beta().get('/usage/reading/WA-MTR-999999').is(404);
    sql("update portal_account_link l join account a on a.id = l.account_id set l.access = 'viewer' where a.account_no = 'WA-ACC-300001'");
    await alpha().get(path).is(403);
    await alpha().get(bill).lacks('Send a reading');
    sql("update portal_account_link l join account a on a.id = l.account_id set l.access = 'owner' where a.account_no = 'WA-ACC-300001'");
    await alpha().get(path).sees('Last reading: 526 from');
  });

  test('CSS01US07 refuses what is no reading, what is lower, and what is far off without a photo', async () => {
    for (const value_R1 of ['', 'abc', '-5', '12345678901234', '5 2 7 x']) await alpha().post(path, { value_R1 }, { from: path, files: {} }).is(422);
    await alpha().post(path, { value_R1: '500' }, { from: path, files: {} }).refuses(422, 'value_R1', /^Lower than 526 from .* Is the meter new, or did you misread\?/);
    expect(sent()).toEqual([]);
  });

  test('CSS01US07 what metering refuses stands beside the register it is about, and nothing typed is lost', async () => {
    await alpha().post(path, { value_R1: '1234567' }, { from: path, files: {} }).refuses(422, 'value_R1', '6 digits at most').and((r) => expect(r.body).toContain('value="1234567"'));
    await alpha().post(path, { value_R1: '530.5' }, { from: path, files: {} }).refuses(422, 'value_R1', 'No decimals on this register');
    sql("insert into meter_register (utility_id, meter_id, register_code, unit, digits, decimals, reading_format_id) select utility_id, meter_id, 'R2', unit, 4, decimals, reading_format_id from meter_register where register_code = 'R1' and meter_id = (select id from meter where meter_no = 'WA-MTR-300001')");
    const both = await alpha().post(path, { value_R1: '530', value_R2: '12345' }, { from: path, files: {} }).refuses(422, 'value_R2', '4 digits at most').and((r) => expect(r.body).toMatch(/value="530"[^]*value="12345"/));
    expect(both.body).not.toContain('id="value_R1-error"');
    await alpha().post(path, { value_R1: '1234567', value_R2: '12345' }, { from: path, files: {} }).refuses(422, 'value_R1', '6 digits at most').refuses(422, 'value_R2', '4 digits at most');
    await alpha().post('/language/es', {}, { from: '/language' }).is(303);
    await alpha().post(path, { value_R1: '530', value_R2: '12345' }, { from: path, files: {} }).refuses(422, 'value_R2', '4 cifras como máximo');
    await alpha().post('/language/en', {}, { from: '/language' }).is(303);
    sql("delete g from meter_register g join meter m on m.id = g.meter_id where m.meter_no = 'WA-MTR-300001' and g.register_code = 'R2'");
    expect(sent()).toEqual([]);
  });

  test('CSS01US07 a reading waits for the validator; a second one that day is refused; what came of it is said', async () => {
    await alpha().post(path, { value_R1: '530' }, { from: path, files: { photo } }).done('Thank you. We check the reading before it is used.');
    expect(sent()).toEqual([{ v: '530000', s: 'pending', d: '1', b: null }]);
    await alpha().get(path).sees('You sent 530 today. We will check it first.', 'Being checked').lacks('Send the reading');
    const csrf = (await alpha().get('/accounts').is(200)).body.match(/name="csrf" value="([^"]*)"/)[1];
    await alpha().post(path, { csrf, value_R1: '531' }, { raw: true, files: {} }).refuses(409, null, 'You sent 530 today. We will check it first.');
    owner('reading_validator', 'decide', { reading: one("select id from meter_reading where source = 'consumer'"), decision: 'pass' });
    await alpha().get(path).sees('Used');
  });

  test('CSS01US07 a lower one is sent with a photo, for a person to look at', async () => {
    clock.forward({ days: 1 });
    await expect.poll(async () => (await alpha().get(path).is(200)).body.includes('Send the reading'), { timeout: 15000 }).toBe(true);
    await alpha().get(path).sees('Last reading: 530 from');
    await alpha().post(path, { value_R1: '520' }, { from: path, files: {} }).refuses(422, 'value_R1', /^Lower than 530/);
    await alpha().post(path, { value_R1: '520' }, { from: path, files: { photo: { name: 'x.png', type: 'image/png', content: 'no picture' } } }).is(422);
    await alpha().post(path, { value_R1: '520' }, { from: path, files: { photo } }).done('Thank you.');
    expect(sent().map((x) => [x.v, x.s])).toEqual([['530000', 'passed'], ['520000', expect.stringMatching(/^(pending|exempted)$/)]]);
  });

  test('CSS01US07 the page looks right', async ({ page, context }) => {
    const faults = await watch(context);
    await alpha().browse(page, path);
    await looks_right(page, { widths: [360, 1024] });
    clock.forward({ days: 1 });
    await expect.poll(async () => (await alpha().get(path).is(200)).body.includes('Send the reading'), { timeout: 15000 }).toBe(true);
    await alpha().browse(page, path);
    await page.getByLabel('Reading', { exact: true }).fill('1');
    await page.getByRole('button', { name: 'Send the reading' }).click();
    await expect(page.getByRole('alert')).toContainText('Lower than');
    await looks_right(page, { widths: [360, 1024] });
    expect(faults).toEqual([]);
  });
});
