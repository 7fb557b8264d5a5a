// Calendars (ONB02US04). swa-e has the office calendar of the seeds and no holiday.
const { story } = require('../support/story');

story('ONB02US04', 'ONB-FIX', ({ as, test, expect, sql, one, owner, clock, instance, jobs_run, looks_right }) => {
  const admin = () => as('utility_admin');
  const east = (method, path, ...more) => admin()[method](`/u/swa-e${path}`, ...more);
  const sum = (from, minutes) => east('get', `/calendar/test?from=${from}&minutes=${minutes}`);
  const days = (utility = 'swa-e') => sql("select h.holiday_date d, h.type, h.name from holiday h join calendar k on k.id = h.calendar_id join utility u on u.id = h.utility_id where u.code = ? and k.code = 'OFFICE' order by h.holiday_date", [utility]);

  test('ONB02US04.1 480 minutes from Friday afternoon, without and with holidays', async () => {
    await sum('2027-01-15T16:00', 480).sees('Monday 01/18/2027 3:00 PM');
    await east('post', '/calendar/import', { country: 'US', year: '2027' }).done('12 holidays added in 2027.');
    await sum('2027-01-15T16:00', 480).sees('Tuesday 01/19/2027 3:00 PM');
    await sum('x', 480).sees('Enter a beginning and how many hours or minutes.');
  });

  test('ONB02US04.2 an import that is made twice', async () => {
    await east('post', '/calendar/import', { country: 'US', year: '2027' }).done('0 holidays added in 2027.');
    expect(days().map((h) => `${h.d} ${h.type}`)).toEqual(['2027-01-01 federal', '2027-01-18 federal', '2027-02-15 federal', '2027-05-31 federal', '2027-06-18 observed', '2027-07-05 observed', '2027-09-06 federal',
      '2027-10-11 federal', '2027-11-11 federal', '2027-11-25 federal', '2027-12-24 observed', '2027-12-31 observed']);
    await east('get', '/calendar?year=2027').sees('Juneteenth', 'for 19 Jun 2027', 'Observed');
  });

  test('ONB02US04.3 a due date on an observed holiday moves to the next working day', async () => {
    // 2027-06-01 and 17 days is Friday 18 June; the evening before, one working minute more is Monday morning.
    await sum('2027-06-18T09:00', 0).sees('Monday 06/21/2027 8:00 AM');
    await sum('2027-06-17T16:59', 2).sees('Monday 06/21/2027 8:01 AM');
  });

  test('ONB02US04.4 the end before the start', async () => {
    const before = sql("select weekday, working, from_time, to_time from working_hours h join calendar k on k.id = h.calendar_id join utility u on u.id = k.utility_id where u.code = 'swa-e' order by weekday");
    const answer = await east('post', '/calendar/hours', { from3: '08:00', to3: '07:00', from4: '10:30' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('End time must be after start time.');
    expect(answer.body).toMatch(/name="from4" value="10:30"/);
    expect(answer.body).toMatch(/name="to3" value="07:00"/);
    expect(answer.body).toMatch(/name="from1" value="08:00"/);
    expect(sql("select weekday, working, from_time, to_time from working_hours h join calendar k on k.id = h.calendar_id join utility u on u.id = k.utility_id where u.code = 'swa-e' order by weekday")).toEqual(before);
    await east('post', '/calendar/hours', { break_from3: '07:00', break_to3: '07:30' }).refuses(422, null, 'The break must lie within the working hours.');
    await east('post', '/calendar/hours', { working1: null, working2: null, working3: null, working4: null, working5: null }).refuses(422, null, 'At least one working day is required.');
    await east('post', '/calendar/hours', { to3: '16:00' }).done('Working days saved.');
    expect(one("select to_time from working_hours h join calendar k on k.id = h.calendar_id join utility u on u.id = k.utility_id where u.code = 'swa-e' and weekday = 3")).toBe('16:00:00');
    expect(one("select count(*) from outbox_event where name = 'calendar.changed'")).toBe('2');
  });

  test('ONB02US04.5 a holiday on a day with appointments', async () => {
    const premise = owner('cso_supervisor', 'premise', { line1: '5 Oak St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' }).no;
    for (let i = 0; i < 14; i++)
      sql("insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, due_at) select utility_id, concat('WA-SO-202703-8', lpad(?, 4, '0')), 'REPAIR', 'manual', ?, id, 'Visit', '2027-03-19 18:00:00' from premise where premise_no = ?", [i, 100 + i, premise]);
    const fields = { calendar: 'OFFICE', date: '03/19/2027', name: "Founder's Day", type: 'company', recurring: 'none', half_day: '' };
    const check = await admin().post('/calendar/holidays/check', fields, { from: '/calendar/holidays/new' });
    expect(check.status).toBe(200);
    expect(check.text).toContain('14 appointments are on that day.');
    expect(days('swa-w').some((h) => h.name === "Founder's Day")).toBe(false);
    await admin().post('/calendar/holidays', { ...fields, date: '2027-03-19' }).done("Founder's Day added.");
    expect(days('swa-w').filter((h) => h.name === "Founder's Day")).toEqual([{ d: '2027-03-19', type: 'company', name: "Founder's Day" }]);
    await as('dispatcher1').get('/me/notifications').sees("Founder's Day on 03/19/2027 is a holiday now", '14 appointments');
    await admin().post('/calendar/holidays/check', fields, { from: '/calendar/holidays/new' }).refuses(422, 'name', "Founder's Day is on 03/19/2027 already.");
    sql("delete from service_order where order_no like 'WA-SO-202703-8%'");
  });

  test('ONB02US04.6 a nightly job in the hour that the clock jumps over', async () => {
    await jobs_run();
    sql("update scheduled_job set rule = 'daily 02:30', next_run_at = null, enabled = 1 where code = (select code from (select min(code) code from scheduled_job) x) and utility_id = (select id from utility where code = 'swa-w')");
    const task = one("select min(code) from scheduled_job");
    expect(task).toBeTruthy();
    await admin().get('/calendar/jobs').sees('daily 02:30');
  });

  test('ONB02US04 special days, further calendars, the default one stays', async () => {
    await east('post', '/calendar/special-days', { special_date: '01/16/2027', special_from: '09:00', special_to: '08:00' }, { from: '/u/swa-e/calendar/hours' }).refuses(422, 'special_to', 'End time must be after start time.');
    await east('post', '/calendar/special-days', { special_date: '01/16/2027', special_from: '09:00', special_to: '12:00', special_note: 'Stock-taking' }, { from: '/u/swa-e/calendar/hours' }).done('Special day saved.');
    await sum('2027-01-16T08:00', 60).sees('Saturday 01/16/2027 10:00 AM');
    await east('post', '/calendar/calendars', { code: 'STORE', name: 'Store' }, { from: '/u/swa-e/calendar/calendars/new' }).done('Store is there, with the hours of the default calendar.');
    await east('post', '/calendar/calendars', { code: 'STORE', name: 'Store 2' }, { from: '/u/swa-e/calendar/calendars/new' }).refuses(422, 'code', 'STORE is taken.');
    await east('post', '/calendar/calendars/OFFICE/deletion', {}).refuses(409, null, 'The default calendar cannot be deleted.');
    await east('post', '/calendar/calendars/STORE/default', {}, { from: '/u/swa-e/calendar/calendars' }).done('Store is the default calendar now.');
    expect(one("select code from calendar k where is_default = 1 and utility_id = (select id from utility where code = 'swa-e')")).toBe('STORE');
    await east('post', '/calendar/calendars/OFFICE/default', {}, { from: '/u/swa-e/calendar/calendars' }).done();
    const id = one("select h.public_id from holiday h join utility u on u.id = h.utility_id where u.code = 'swa-e' and h.holiday_date = '2027-02-15'");
    await east('post', `/calendar/holidays/${id}/deletion`, {}, { from: `/u/swa-e/calendar/holidays/${id}` }).done("Washington's Birthday deleted.");
    expect(days().length).toBe(11);
    await east('post', '/calendar/copy', { year: '2027' }).done('10 holidays added in 2028.');
    await as('cso1').get('/calendar').is(200);
    await as('cso1').get('/calendar/holidays/new').is(403);
  });

  test('ONB02US04 what a change touches is shown before it is stored', async () => {
    const premise = owner('cso_supervisor', 'premise', { line1: '6 Oak St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' }).no;
    const order = (no, due) => sql("insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, due_at) select utility_id, concat('WA-SO-202703-7', lpad(?, 4, '0')), 'REPAIR', 'manual', ?, id, 'Visit', ? from premise where premise_no = ?", [no, 300 + no, due, premise]);
    order(1, '2027-04-26 17:00:00'); order(2, '2027-04-26 22:30:00'); order(3, '2027-04-24 17:00:00');     // Monday 10:00 and 15:30, a Saturday
    const hours = { calendar: 'OFFICE' };
    for (let d = 1; d <= 5; d++) hours[`to${d}`] = '15:00';
    await admin().get('/calendar/hours').is(200);
    const shown = await admin().post('/calendar/hours/check', hours, { from: '/calendar/hours' });
    expect(shown.status).toBe(200);
    expect(shown.text).toContain('2 appointments are outside the new hours.');
    expect(one("select max(to_time) from working_hours h join calendar k on k.id = h.calendar_id join utility u on u.id = k.utility_id where u.code = 'swa-w' and k.code = 'OFFICE' and weekday = 1")).toBe('17:00:00');
    await admin().post('/calendar/hours/check', { ...hours, to3: 'late' }, { from: '/calendar/hours' }).refuses(422, null, 'Enter a time such as 08:00.');
    await admin().post('/calendar/hours', hours, { from: '/calendar/hours' }).done('Working days saved.');
    expect(one("select max(to_time) from working_hours h join calendar k on k.id = h.calendar_id join utility u on u.id = k.utility_id where u.code = 'swa-w' and k.code = 'OFFICE' and weekday = 1")).toBe('15:00:00');
    await as('dispatcher1').get('/me/notifications').sees('The working hours have changed');
    await admin().post('/calendar/hours', { ...Object.fromEntries([1, 2, 3, 4, 5].map((d) => [`to${d}`, '17:00'])) }, { from: '/calendar/hours' }).done();
    sql("delete from service_order where order_no like 'WA-SO-202703-7%'");
  });

  test('ONB02US04 standard holidays with those of a state; days are listed before they are stored', async () => {
    const shown = await east('post', '/calendar/import/check', { country: 'US', state: 'HI', year: '2029' }, { from: '/u/swa-e/calendar/import' });
    expect(shown.status).toBe(200);
    for (const day of ['26 Mar 2029, Prince Kuhio Day', '30 Mar 2029, Good Friday', '11 Jun 2029, King Kamehameha I Day', '17 Aug 2029, Statehood Day', '22 Nov 2029, Thanksgiving Day']) expect(shown.text).toContain(day);
    expect(one("select count(*) from holiday where year(holiday_date) = 2029")).toBe('0');
    await east('post', '/calendar/import', { country: 'US', state: 'HI', year: '2029' }).done('15 holidays added in 2029.');
    await east('post', '/calendar/import', { country: 'US', state: 'XX', year: '2029' }).refuses(422, null, 'Choose a state of the list.');
    await east('post', '/calendar/import', { country: 'US', year: '999999' }).is(422);
    await east('get', '/calendar?year=2029').sees('Prince Kuhio Day', 'Company', 'Imported');
    await east('post', '/calendar/copy', { year: '2029' }).done('holidays added in 2030.');
    expect(one("select count(*) from holiday where year(holiday_date) = 2030 and name = 'Good Friday' and holiday_date = '2030-04-19'")).toBe('1');
  });

  test('ONB02US04 planned periods of bill cycles follow the calendar, bills keep their dates', async () => {
    const period = () => sql("select bill_date, due_date from bill_cycle_period where label = '2027-T'")[0];
    sql("insert into bill_cycle_period (utility_id, cycle_id, period_no, label, from_date, to_date, bill_date, due_date, state) select y.utility_id, y.id, 90, '2027-T', '2027-07-01', '2027-07-31', '2027-08-02', '2027-08-23', 'planned' from bill_cycle y join utility u on u.id = y.utility_id where u.code = 'swa-w' order by y.id limit 1");
    if (!period()) return;                                     // this set has no bill cycle
    const on = one("select date_format(date_add(to_date, interval y.bill_after_days day), '%m/%d/%Y') from bill_cycle_period p join bill_cycle y on y.id = p.cycle_id where p.label = '2027-T'");
    await admin().post('/calendar/holidays', { calendar: 'OFFICE', date: on.replace(/(\d+).(\d+).(\d+)/, '$3-$1-$2'), name: 'Day of the test', type: 'company', recurring: 'none', half_day: '' }, { from: '/calendar/holidays/new' }).done();
    await jobs_run();
    expect(period().bill_date > '2027-08-02').toBe(true);
    expect(one("select count(*) from audit_entry where entity = 'bill_cycle_period'")).toBe('1');
    sql("delete from bill_cycle_period where label = '2027-T'");
  });

  test('ONB02US04 special days are removed again, calendars that are not the default deleted', async () => {
    await east('post', '/calendar/special-days', { special_date: '02/20/2027', special_from: '09:00', special_to: '12:00' }, { from: '/u/swa-e/calendar/hours' }).done();
    const id = one("select public_id from special_day where special_date = '2027-02-20'");
    await east('post', `/calendar/special-days/${id}/deletion`, {}, { from: '/u/swa-e/calendar/hours' }).done('Special day removed.');
    await east('post', `/calendar/special-days/${id}/deletion`, {}, {}).is(404);
    await east('post', '/calendar/special-days', { special_date: '', special_from: 'x', special_to: '' }, { from: '/u/swa-e/calendar/hours' }).is(422);
    await east('post', '/calendar/calendars', { code: 'GONE', name: 'Gone soon' }, { from: '/u/swa-e/calendar/calendars/new' }).done();
    await east('get', '/calendar/calendars').sees('Gone soon', 'Delete');
    await east('get', '/calendar/calendars/GONE/deletion').sees('Gone soon', 'will be gone');
    await east('post', '/calendar/calendars/GONE/deletion', {}, { from: '/u/swa-e/calendar/calendars/GONE/deletion' }).done('Gone soon deleted.');
    await east('get', '/calendar/test?from=2027-01-15T10:00&hours=2').sees('Friday 01/15/2027 12:00 PM');
  });

  test('ONB02US04 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/calendar?year=2027', '/calendar/hours', '/calendar/calendars', '/calendar/jobs', '/calendar/test', '/calendar/import', '/calendar/calendars/FIELD/deletion']) {
      await admin().browse(page, path);
      await looks_right(page, { shots: `calendar${path.replace(/\W+/g, '-')}` });
    }
  });
});
