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
    // The period ends on 05/29, two days later is Memorial Day: billed on 06/01, due 17 days later.
    await admin().post('/calendar/import', { country: 'US', year: '2027' }).done();
    await as('billing_manager').post('/bx/cycles', { code: 'SPRING', name: 'A cycle of the test', service: 'WA', frequency: 'monthly', anchor: '2027-04-30', due_days: '17' }, { from: '/bx/cycles/new' }).done();
    const period = () => sql("select p.bill_date, p.due_date from bill_cycle_period p join bill_cycle y on y.id = p.cycle_id where y.code = 'SPRING' and p.from_date = '2027-04-30'");
    expect(period()).toEqual([{ bill_date: '2027-06-01', due_date: '2027-06-21' }]);
    const day = one("select h.public_id from holiday h join calendar k on k.id = h.calendar_id and k.is_default = 1 join utility u on u.id = h.utility_id where u.code = 'swa-w' and h.holiday_date = '2027-06-18'");
    await admin().post(`/calendar/holidays/${day}/deletion`, {}, { from: `/calendar/holidays/${day}` }).done('Juneteenth');
    await jobs_run();
    expect(period()).toEqual([{ bill_date: '2027-06-01', due_date: '2027-06-18' }]);           // a usual Friday now
    await admin().post('/calendar/import', { country: 'US', year: '2027' }).done('1 holiday added in 2027.');
    await jobs_run();
    expect(period()).toEqual([{ bill_date: '2027-06-01', due_date: '2027-06-21' }]);
    expect(Number(one("select count(*) from audit_entry where entity = 'bill_cycle_period' and reason = 'calendar.changed'"))).toBeGreaterThanOrEqual(2);
  });

  test('ONB02US04.3 the due date that a single bill is offered is a working day too', async () => {
    const premise = owner('cso_supervisor', 'premise', { line1: '7 Oak St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' }).no;
    const consumer = owner('cso_supervisor', 'consumer', { first_name: 'Due', last_name: 'Day', phone: '+15035551777', email: 'due@day.test' }).no;
    const account = owner('cso_supervisor', 'account', { consumer, premise, category: 'RES', sub_category: 'SFR', billing: 'premise' }).no;
    const due = async () => (await as('billing_manager').get(`/bx/generate-single/${account}`).is(200)).body.match(/<input[^>]*name="due_date"[^>]*>/)[0];
    expect(await due()).toContain('2026-05-06');                                  // 21 days from Wednesday, April 15
    await admin().post('/calendar/holidays', { calendar: 'OFFICE', date: '2026-05-06', name: 'Day of the bill', type: 'company', recurring: 'none', half_day: '' }).done();
    expect(await due()).toContain('2026-05-07');
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
    expect(one("select count(*) from outbox_event e join calendar k on k.id = e.entity_id join utility u on u.id = k.utility_id where e.name = 'calendar.changed' and u.code = 'swa-e'")).toBe('2');
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
    // Somebody added it between the check and the confirmation: said at the field of the form, which keeps what was typed.
    const twice = await admin().post('/calendar/holidays', { ...fields, date: '2027-03-19' }).refuses(422, 'name', "Founder's Day is on 03/19/2027 already.");
    expect(twice.body).toMatch(/name="name"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*name="name"/);
    expect(twice.body).toContain('value="2027-03-19"');
    sql("delete from service_order where order_no like 'WA-SO-202703-8%'");
  });

  test('ONB02US04 special days, further calendars, the default one stays', async () => {
    await east('post', '/calendar/special-days/check', { special_date: '01/16/2027', special_from: '09:00', special_to: '08:00' }, { from: '/u/swa-e/calendar/hours' }).refuses(422, 'special_to', 'End time must be after start time.');
    await east('post', '/calendar/special-days', { special_date: '01/16/2027', special_from: '09:00', special_to: '12:00', special_note: 'Stock-taking' }, {}).done('Special day saved.');
    await sum('2027-01-16T08:00', 60).sees('Saturday 01/16/2027 10:00 AM');
    await east('post', '/calendar/calendars', { code: 'STORE', name: 'Store' }, { from: '/u/swa-e/calendar/calendars/new' }).done('Store is there, with the hours of the default calendar.');
    await east('post', '/calendar/calendars', { code: 'STORE', name: 'Store 2' }, { from: '/u/swa-e/calendar/calendars/new' }).refuses(422, 'code', 'STORE is taken.');
    await east('post', '/calendar/calendars/OFFICE/deletion', {}).refuses(409, null, 'The default calendar cannot be deleted.');
    await east('get', '/calendar/calendars/STORE/default').sees('go by Store instead of', 'Holidays of the next 12 months', 'Make Store the default');
    expect(one("select code from calendar k where is_default = 1 and utility_id = (select id from utility where code = 'swa-e')")).toBe('OFFICE');
    await east('post', '/calendar/calendars/STORE/default', {}, { from: '/u/swa-e/calendar/calendars/STORE/default' }).done('Store is the default calendar now.');
    await east('get', '/calendar/calendars/STORE/default').is(409);
    expect(one("select code from calendar k where is_default = 1 and utility_id = (select id from utility where code = 'swa-e')")).toBe('STORE');
    await east('post', '/calendar/calendars/OFFICE/default', {}, { from: '/u/swa-e/calendar/calendars/OFFICE/default' }).done();
    // until the end of the day, and no longer
    await east('post', '/calendar/special-days/check', { special_date: '01/23/2027', special_from: '20:00', special_to: '24:01' }, { from: '/u/swa-e/calendar/hours' }).refuses(422, 'special_to', 'Enter a time such as 08:00.');
    await east('post', '/calendar/special-days/check', { special_date: '01/23/2027', special_from: '24:00', special_to: '24:00' }, { from: '/u/swa-e/calendar/hours' }).refuses(422, 'special_to', 'End time must be after start time.');
    const late = await east('post', '/calendar/special-days/check', { special_date: '01/23/2027', special_from: '20:00', special_to: '24:00' }, { from: '/u/swa-e/calendar/hours' }).is(200);
    expect(late.text).toContain('is open from 20:00 to 24:00 in the calendar');
    await east('post', '/calendar/special-days', { special_date: '01/23/2027', special_from: '20:00', special_to: '24:00' }).done('Special day saved.');
    await east('get', '/calendar/hours').sees('20:00 - 24:00');
    await sum('2027-01-23T20:00', 240).sees('Sunday 01/24/2027 12:00 AM');
    await sum('2027-01-23T20:00', 241).sees('Monday 01/25/2027 8:01 AM');
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
    // another default calendar: what is open by this one and would not be by that one
    await admin().post('/calendar/calendars', { code: 'SHORT', name: 'Short days' }, { from: '/calendar/calendars/new' }).done();
    sql("update working_hours h join calendar k on k.id = h.calendar_id and k.code = 'SHORT' set h.to_time = '12:00:00', h.break_from = null, h.break_to = null where h.working = 1");
    const other = await admin().get('/calendar/calendars/SHORT/default').is(200);
    expect(other.text).toContain('1 appointment is outside the new hours.');
    expect(other.text).toMatch(/Holidays of the next 12 months\s*0 instead of \d+/);
    await as('dispatcher1').get('/calendar/calendars/SHORT/default').is(403);
    await admin().post('/calendar/calendars/SHORT/default', {}, { from: '/calendar/calendars/SHORT/default' }).done('Short days is the default calendar now.');
    expect(sql("select k.code from calendar k join utility u on u.id = k.utility_id and u.code = 'swa-w' where k.is_default = 1")).toEqual([{ code: 'SHORT' }]);
    await admin().post('/calendar/calendars/OFFICE/default', {}, { from: '/calendar/calendars/OFFICE/default' }).done();
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

  test('ONB02US04 hours of its own for a day are shown with what they touch before they are stored', async () => {
    const premise = owner('cso_supervisor', 'premise', { line1: '8 Oak St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' }).no;
    for (const [no, due] of [[1, '2027-05-10 16:30:00'], [2, '2027-05-10 20:00:00'], [3, '2027-05-11 20:00:00']])       // 9:30 and 13:00, and the day after
      sql("insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, due_at) select utility_id, concat('WA-SO-202705-6', lpad(?, 4, '0')), 'REPAIR', 'manual', ?, id, 'Visit', ? from premise where premise_no = ?", [no, 500 + no, due, premise]);
    const day = { special_date: '05/10/2027', special_from: '09:00', special_to: '12:00', special_note: 'Training' };
    await admin().post('/calendar/special-days/check', { ...day, special_to: '08:00' }, { from: '/calendar/hours' }).refuses(422, 'special_to', 'End time must be after start time.');
    const shown = await admin().post('/calendar/special-days/check', day, { from: '/calendar/hours' });
    expect(shown.status).toBe(200);
    expect(shown.text).toContain('is open from 09:00 to 12:00 in the calendar');
    expect(shown.text).toContain('1 appointment is outside the new hours.');
    expect(one("select count(*) from special_day where special_date = '2027-05-10'")).toBe('0');
    await admin().post('/calendar/special-days', day).done('Special day saved.');
    expect(sql("select from_time, to_time, note from special_day where special_date = '2027-05-10'")).toEqual([{ from_time: '09:00:00', to_time: '12:00:00', note: 'Training' }]);
    await as('dispatcher1').get('/me/notifications').sees('05/10/2027 has other working hours now', '1 appointment');
    await admin().post('/calendar/special-days', { ...day, special_date: '05/11/2027', special_to: '18:00' }).done('Special day saved.');
    sql("delete from service_order where order_no like 'WA-SO-202705-6%'");
  });

  test('ONB02US04 hours set at once by a preset, kept only when saved; a calendar that is open day and night', async () => {
    const hours = () => sql("select weekday, working, from_time, to_time from working_hours h join calendar k on k.id = h.calendar_id join utility u on u.id = k.utility_id where u.code = 'swa-e' and k.code = 'OFFICE' order by weekday");
    const before = hours();
    for (const [key, label, from, to] of [['8-15', '8AM-3PM', '08:00', '15:00'], ['8-16', '8AM-4PM', '08:00', '16:00'], ['8-17', '8AM-5PM', '08:00', '17:00'], ['8-18', '8AM-6PM', '08:00', '18:00'], ['9-17', '9AM-5PM', '09:00', '17:00'], ['24', '24 h', '00:00', '24:00']]) {
      const page = await east('get', `/calendar/hours?preset=${key}`).sees(label);
      expect(page.body).toContain(`name="from1" value="${from}"`);
      expect(page.body).toContain(`name="to1" value="${to}"`);
      expect(page.body).toMatch(/name="to0" value=""/);                             // a closed day stays closed
    }
    expect(hours()).toEqual(before);
    await east('post', '/calendar/hours', Object.fromEntries([1, 2, 3, 4, 5].flatMap((d) => [[`from${d}`, '00:00'], [`to${d}`, '24:00']])), { from: '/u/swa-e/calendar/hours?preset=24' }).done('Working days saved.');
    await sum('2027-03-01T00:00', 1440).sees('Tuesday 03/02/2027 12:00 AM');
    await east('post', '/calendar/hours', Object.fromEntries(before.filter((h) => h.working === '1').flatMap((h) => [[`from${h.weekday}`, h.from_time.slice(0, 5)], [`to${h.weekday}`, h.to_time.slice(0, 5)]]))).done();
    expect(hours()).toEqual(before);
    await east('post', '/calendar/calendars', { code: 'ALWAYS', name: 'Emergency', always_open: '1' }, { from: '/u/swa-e/calendar/calendars/new' }).done();
    await east('get', '/calendar/calendars').sees('Emergency');
    await east('get', '/calendar/test?calendar=ALWAYS&from=2027-11-24T17:00&hours=48').sees('Friday 11/26/2027 5:00 PM');      // over Thanksgiving
    await east('get', '/calendar/test?calendar=OFFICE&from=2027-11-24T17:00&hours=1').sees('Friday 11/26/2027 9:00 AM');
    await east('post', '/calendar/calendars/ALWAYS/deletion', {}, { from: '/u/swa-e/calendar/calendars/ALWAYS/deletion' }).done('Emergency deleted.');
  });

  test('ONB02US04 until when open cases are promised is reckoned anew by a job; a past holiday may go, with a word', async () => {
    const premise = owner('cso_supervisor', 'premise', { line1: '10 Oak St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' }).no;
    const consumer = owner('cso_supervisor', 'consumer', { first_name: 'Pro', last_name: 'Mised', phone: '+15035551779', email: 'pro@mised.test' }).no;
    const account = owner('cso_supervisor', 'account', { consumer, premise, category: 'RES', sub_category: 'SFR', billing: 'premise' }).no;
    for (const [no, status] of [['1', 'in_progress'], ['2', 'completed']])
      sql("insert into service_request (utility_id, request_no, account_id, service_type_id, status, created_at) select a.utility_id, concat('WA-SR-CAL', ?), a.id, t.id, ?, '2026-04-15 17:00:00' from account a join service_type t on t.utility_id = a.utility_id where a.account_no = ? order by t.id limit 1", [no, status, account]);
    const due = (no = 1) => one(`select due_at from service_request where request_no = 'WA-SR-CAL${no}'`);
    const day = (date, name) => admin().post('/calendar/holidays', { calendar: 'OFFICE', date, name, type: 'company', recurring: 'none', half_day: '' }).done();
    await day('2028-01-05', 'Far away');                                        // counts those that have no time yet
    await jobs_run();
    const before = due();
    expect(before).toBeTruthy();
    await day('2026-04-16', 'Tomorrow off');
    const check = await admin().post('/calendar/holidays/check', { calendar: 'OFFICE', date: '04/17/2026', name: 'Another', type: 'company', recurring: 'none', half_day: '' }, { from: '/calendar/holidays/new' });
    expect(check.text).toMatch(/Open cases[^0-9]*[1-9]|clocks[^0-9]*[1-9]/i);
    await jobs_run();
    expect(due() > before).toBe(true);
    expect(due(2)).toBe(null);                                                  // what is finished keeps its values
    await day('2026-04-13', 'Past day');
    const past = `/calendar/holidays/${one("select public_id from holiday where name = 'Past day'")}`;
    await admin().get(past).sees('It is past: clocks that have ended keep their values.');
    await admin().post(`${past}/deletion`, {}, { from: past }).done('Past day deleted.');
    for (const name of ['Tomorrow off', 'Far away']) {
      const at = `/calendar/holidays/${one('select public_id from holiday where name = ?', [name])}`;
      await admin().post(`${at}/deletion`, {}, { from: at }).done(`${name} deleted.`);
    }
    await jobs_run();
    expect(due()).toBe(before);
    sql("delete from service_request where request_no like 'WA-SR-CAL%'");
  });

  test('ONB02US04 a day that returns every year is there once', async () => {
    const make = (date, recurring) => east('post', '/calendar/holidays', { calendar: 'OFFICE', date, name: 'Water Day', type: 'company', recurring, half_day: '' });
    await make('2028-02-29', 'yearly_fixed').done('Water Day added.');
    await make('2032-02-29', 'none').refuses(422, null, 'Water Day is on 02/29/2032 already.');
    await east('get', '/calendar?year=2032').sees('Water Day');
    await east('get', '/calendar?year=2029').lacks('Water Day');                  // February ends on the 28th
    await east('get', '/calendar?year=2027').lacks('Water Day');
  });

  test('ONB02US04 special days are removed again, calendars that are not the default deleted', async () => {
    await east('post', '/calendar/special-days', { special_date: '02/20/2027', special_from: '09:00', special_to: '12:00' }, {}).done();
    const id = one("select public_id from special_day where special_date = '2027-02-20'");
    await east('post', `/calendar/special-days/${id}/deletion`, {}, {}).done('Special day removed.');
    await east('post', `/calendar/special-days/${id}/deletion`, {}, {}).is(404);
    const bad = await east('post', '/calendar/special-days', { special_date: '', special_from: 'x', special_to: '', special_note: 'Kept words' }, {}).refuses(422, 'special_date');
    expect(bad.body).toMatch(/name="special_date"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*name="special_date"/);
    expect(bad.body).toContain('Kept words');
    await east('post', '/calendar/calendars', { code: 'GONE', name: 'Gone soon' }, { from: '/u/swa-e/calendar/calendars/new' }).done();
    await east('get', '/calendar/calendars').sees('Gone soon', 'Delete');
    await east('get', '/calendar/calendars/GONE/deletion').sees('Gone soon', 'will be gone');
    await east('post', '/calendar/calendars/GONE/deletion', {}, { from: '/u/swa-e/calendar/calendars/GONE/deletion' }).done('Gone soon deleted.');
    await east('get', '/calendar/test?from=2027-01-15T10:00&hours=2').sees('Friday 01/15/2027 12:00 PM');
  });

  test('ONB02US04 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/calendar?year=2027', '/calendar/hours', '/calendar/calendars', '/calendar/jobs', '/calendar/jobs/late_fee', '/calendar/test', '/calendar/import', '/calendar/calendars/FIELD/deletion', '/calendar/calendars/FIELD/default']) {
      await admin().browse(page, path);
      await looks_right(page, { shots: `calendar${path.replace(/\W+/g, '-')}` });
    }
  });
});

// Of its own: the clock goes a year ahead, and of all jobs only the one of the test is on.
story('ONB02US04 jobs', 'ONB-FIX', ({ as, test, expect, sql, one, clock }) => {
  const admin = () => as('utility_admin');
  const only = "utility_id = (select id from utility where code = 'swa-w') and code = 'bill_draft'";
  const job = () => sql(`select rule, holiday_policy, catch_up, next_run_at, last_run_at from scheduled_job where ${only}`)[0];
  const runs = () => sql.platform("select due_at from schedule_run where task like '%:bill_draft' and due_at >= '2027-03-01' order by due_at").map((r) => r.due_at.slice(0, 19));
  const becomes = (what, value) => expect.poll(what, { timeout: 60000, intervals: [250] }).toEqual(value);

  test('ONB02US04 rule, holidays and catching up of a job are changed', async () => {
    await expect.poll(() => Boolean(job()), { timeout: 60000 }).toBe(true);
    sql(`update scheduled_job set enabled = 0 where not (${only})`);
    const path = '/calendar/jobs/bill_draft', save = (fields, who = admin()) => who.post(path, { rule: 'daily 02:30', holiday_policy: 'run', catch_up: 'run_once', ...fields }, { from: path });
    await admin().get('/calendar/jobs').sees('Remove discarded drafts of bills', 'on holidays too; runs once when it was missed');
    await save({ rule: 'sometimes' }).refuses(422, 'rule', 'Write daily 02:00, hourly 15, weekly 1 06:00, monthly 1 03:00, every 15m or every 2h.');
    await save({ rule: 'daily 25:00' }).is(422);
    await as('dispatcher1').get('/calendar/jobs').is(200).and((r) => expect(r.body).not.toContain(path));
    await as('dispatcher1').get(path).is(403);
    expect(job().rule).toBe('daily 03:40');
    await save({ holiday_policy: 'skip', catch_up: 'skip', row_version: '7' }).is(409);
    await save({ holiday_policy: 'skip', catch_up: 'skip' }).done('Remove discarded drafts of bills is saved; its next run is reckoned anew.');
    expect(job()).toMatchObject({ rule: 'daily 02:30', holiday_policy: 'skip', catch_up: 'skip' });
    await save({}).done();
    expect(one("select count(*) from audit_entry where entity = 'scheduled_job' and action = 'edit'")).toBe('2');
    await becomes(() => job().next_run_at?.slice(0, 19), '2026-04-16 09:30:00');
  });

  test('ONB02US04 on a holiday a job runs, is left out or comes the next working day; what was missed runs once or not at all', async () => {
    const path = '/calendar/jobs/bill_draft', save = (fields) => admin().post(path, { rule: 'weekly 4 02:30', holiday_policy: 'run', catch_up: 'run_once', ...fields }, { from: path }).done();
    const next = () => job().next_run_at?.slice(0, 19), all = () => sql.platform("select due_at from schedule_run where task like '%:bill_draft' and due_at < '2027-01-01' order by due_at").map((r) => r.due_at.slice(0, 19));
    await admin().post('/calendar/holidays', { calendar: 'OFFICE', date: '2026-04-16', name: 'A Thursday off', type: 'company', recurring: 'none', half_day: '' }).done();
    clock.recurring(true);
    for (const [holiday_policy, due] of [['run', '2026-04-16 09:30:00'], ['skip', '2026-04-23 09:30:00'], ['shift', '2026-04-17 09:30:00']]) {
      await save({ holiday_policy });
      await becomes(next, due);
    }
    await save({ rule: 'daily 02:30', catch_up: 'skip' });
    await becomes(next, '2026-04-16 09:30:00');
    const before = all();
    sql(`update scheduled_job set next_run_at = '2026-04-13 09:30:00' where ${only}`);
    await becomes(next, '2026-04-16 09:30:00');
    expect(all()).toEqual(before);
    await save({ rule: 'daily 02:30', catch_up: 'run_once' });
    await becomes(next, '2026-04-16 09:30:00');
    sql(`update scheduled_job set next_run_at = '2026-04-13 09:30:00' where ${only}`);
    await becomes(() => all().filter((d) => !before.includes(d)), ['2026-04-15 09:30:00']);      // three times missed, once made up for
    await becomes(next, '2026-04-16 09:30:00');
    const off = `/calendar/holidays/${one("select public_id from holiday where name = 'A Thursday off'")}`;
    await admin().post(`${off}/deletion`, {}, { from: off }).done();
  });

  test('ONB02US04 a job is paused, resumed and run now, by who may', async () => {
    const path = '/calendar/jobs/bill_draft', act = (what, who = admin()) => who.post(`${path}/${what}`, {}, { from: '/calendar/jobs' });
    await as('dispatcher1').post(`${path}/pause`).is(403);
    await act('pause').done();
    expect(one(`select enabled from scheduled_job where ${only}`)).toBe('0');
    await admin().get('/calendar/jobs').sees('Paused', 'Resume');
    await act('resume').done();
    expect(one(`select enabled from scheduled_job where ${only}`)).toBe('1');
    await act('run').done();
    expect(one(`select last_job_id is not null and last_run_at is not null from scheduled_job where ${only}`)).toBe('1');
    const job = one(`select last_job_id from scheduled_job where ${only}`);
    expect(Number(sql.platform('select count(*) n from job where id = ?', [job])[0].n)).toBe(1);
    await act('run').done();                                                    // one instance at a time: the same job, or one after it
    expect(Number(sql.platform("select count(*) n from job where unique_key like 'schedule:%:bill_draft' and state in ('queued', 'ready', 'pending', 'running')")[0].n)).toBeLessThanOrEqual(1);
    expect(one("select count(*) from audit_entry where entity = 'scheduled_job' and action = 'run'")).toBe('2');
  });

  test('ONB02US04.6 a nightly job in the hour that the clock jumps over', async () => {
    sql.platform("update subscription set status = 'active', current_period_end = '2030-12-31', trial_end = null, cancel_on = null");     // nobody pays for it in this test
    clock.recurring(true);
    await clock('2027-03-14T01:40-08:00');
    sql(`update scheduled_job set next_run_at = null where ${only}`);
    await becomes(() => job().next_run_at?.slice(0, 19), '2027-03-14 10:00:00');       // 03:00, the first moment after 01:59
    await admin().get('/calendar/jobs').sees('daily 02:30', '03/14/2027 3:00 AM');
    await clock('2027-03-14T03:00:01-07:00');
    await becomes(runs, ['2027-03-14 10:00:00']);
    await becomes(() => job().next_run_at.slice(0, 19), '2027-03-15 09:30:00');
    await clock('2027-03-14T04:30-07:00');
    expect([job().next_run_at.slice(0, 19), runs()]).toEqual(['2027-03-15 09:30:00', ['2027-03-14 10:00:00']]);
    await clock('2027-03-15T02:30:01-07:00');
    await becomes(runs, ['2027-03-14 10:00:00', '2027-03-15 09:30:00']);
  });
});
