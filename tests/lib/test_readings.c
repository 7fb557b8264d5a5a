/*
 * Meters and readings through their owner's functions: registered, installed, read, validated, corrected, exchanged;
 * the use that billing takes; and what is refused, with field and words (MX01US02, MX02US04, MX03US01, MX03US03), on
 * set E2E.
 */
#include "app/cis/cis.h"
#include "app/meters/meters.h"
#include "lib/date.h"
#include "lib/messages.h"
#include "tests/database.h"

static Arena texts;

/* --- people and places -------------------------------------------------------------------------------------------- */

static Id staff(Ctx *c, const char *email) { return db_id(c, "select id from user where email=?", email); }

/* As somebody of the staff from now on. */
static void become(Ctx *c, const char *email) {
    c->realm = REALM_STAFF;
    c->user = staff(c, email);
    c->user_name = email;
}

static Id model(Ctx *c, const char *code) {
    return db_id(c, "select id from meter_model where utility_id=? and code=?", c->utility, code);
}
static Id main_store(Ctx *c) {
    return db_id(c, "select id from store where utility_id=? and code='ST-MAIN'", c->utility);
}

typedef struct { Id account, connection, premise; } Home;

static Home home(Ctx *c, int no, const char *category, const char *plan) {
    Home h;
    NewConsumer who = { .last_name = text(c, "Reader %d", no), .phone = text(c, "+1503555%04d", no),
                        .born_on = DATE_NONE };
    NewPremise where = { .line1 = text(c, "%d Meter St", no), .city = "Portland", .state = "OR", .postal_code = "97205",
                         .sub_area = area_find(c, "BEA-CEN") };
    Id consumer = consumer_create(c, &who);
    h.premise = premise_create(c, &where);
    NewAccount a = { .consumer = consumer, .premise = h.premise, .status = "active", .opened_on = date_of(2026, 1, 1),
                     .closed_on = DATE_NONE,
                     .category = db_id(c, "select id from consumer_category where utility_id=? and code=?", c->utility,
                                       category) };
    h.account = account_create(c, &a);
    NewConnection n = { .account = h.account, .plan = tariff_plan_find(c, plan), .service_code = "WA", .size = "5/8",
                        .is_metered = true,
                        .status = "active", .connected_on = date_of(2026, 1, 1) };
    h.connection = connection_create(c, &n);
    return h;
}

static NewMeter wm15(Ctx *c, const char *no, const char *serial) {
    return (NewMeter){ .meter_no = no, .serial_no = serial, .model = model(c, "WM15"), .store = main_store(c),
                       .purchased_on = DATE_NONE,
                       .test_due_on = DATE_NONE };
}

static Id meter_at(Ctx *c, const char *no, Id connection, Date on, int64_t initial) {
    NewMeter m = wm15(c, no, text(c, "S-%s", no));
    Id meter = meter_create(c, &m);
    Install i = { .meter = meter, .connection = connection, .on = on, .initial = { initial * 1000 } };
    meter_install(c, &i);
    return meter;
}

static Submitted read_on(Ctx *c, Id meter, Date on, int64_t value) {
    ReadingValue v = { NULL, true, { value * 1000 } };
    return reading_submit(c, &(NewReading){ .meter = meter, .source = "manual", .values = &v, .n = 1, .read_on = on,
                                            .status_code = "NORMAL" });
}

static int64_t events(Ctx *c, const char *name, Id id) {
    return db_int(c, "select count(*) from outbox_event where name=? and entity_id=?", name, id);
}

static const char *use_of(Ctx *c, Id connection) {
    const char *s = db_text(c, "select group_concat(concat(from_on, ' ', to_on, ' ', quantity_e3 div 1000) "
                               "order by from_on, id separator '; ') "
                               "from usage_segment where service_connection_id=? and status='active'", connection);
    return s ? s : "";
}

static void refused(Ctx *c, void (*work)(Ctx *, void *), void *arg, Status status, const char *field,
                    const char *words) {
    CU_ASSERT_FALSE(in_tx(c, work, arg));
    if (c->failure.status != status || strcmp(c->failure.text, words) != 0)
        fprintf(stderr, "\nrefused %d %s: %s (%s:%d)\n", c->failure.status, c->failure.field, c->failure.text,
                c->failure.file, c->failure.line);
    SAME_INT(c->failure.status, status);
    SAME_TEXT(c->failure.field, field);
    SAME_TEXT(c->failure.text, words);
}

static void run(void (*work)(Ctx *, void *)) {
    Ctx *c = test_ctx();
    bool done = in_tx(c, work, NULL);
    if (!done) fprintf(stderr, "\nfailed: %s: %s (%s:%d)\n", c->failure.field ? c->failure.field : "-", c->failure.text,
                       c->failure.file, c->failure.line);
    CU_ASSERT_TRUE(done);
}

/* --- meters ------------------------------------------------------------------------------------------------------- */

static Home first;
static Id first_meter;

static void register_and_install(Ctx *c, void *arg) {
    (void)arg;
    first = home(c, 1, "RES", "RES-VAR");
    NewMeter m = wm15(c, NULL, "S1");
    first_meter = meter_create(c, &m);
    SAME_TEXT(db_text(c, "select meter_no from meter where id=?", first_meter), "WA-MTR-100001");
    SAME_TEXT(db_text(c, "select status from meter where id=?", first_meter), "in_store");
    SAME_TEXT(db_text(c, "select concat(register_code, ' ', unit, ' ', digits, ' ', decimals, ' ', multiplier_e6) "
                         "from meter_register where meter_id=?",
                      first_meter), "R1 CCF 6 0 1000000");
    const char *seals[] = { "SEAL-1", NULL };
    Install i = { .meter = first_meter, .connection = first.connection, .on = date_of(2026, 3, 31),
                  .initial = { 1250000 }, .seals = seals };
    Id installation = meter_install(c, &i);
    SAME_TEXT(db_text(c, "select concat(status, ' ', coalesce(store_id, 0)) from meter where id=?", first_meter),
              "installed 0");
    SAME_TEXT(db_text(c, "select concat(type, ' ', status, ' ', value_e3, ' ', read_on) "
                         "from meter_reading where installation_id=?", installation),
              "initial passed 1250000 2026-03-31");
    SAME_INT(events(c, "meter_installation.created", installation), 1);
    SAME_INT(meter_of_connection(c, first.connection)->id.id, first_meter.id);
    SAME_INT(connection_get(c, first.connection)->meter.id, first_meter.id);
    SAME_INT(db_int(c, "select count(*) from consumer_search where kind='meter' and token='wa-mtr-100001'"), 1);
    SAME_TEXT(use_of(c, first.connection), "");
}
static void installs(void) { run(register_and_install); }

typedef struct { NewMeter meter; Install install; } Ask;
static Ask ask;
static void ask_meter(Ctx *c, void *arg) { (void)arg; ask.meter = wm15(c, "M-1", "S-1"); }
static void make_meter(Ctx *c, void *m) { meter_create(c, m); }
static void put_in(Ctx *c, void *i) { meter_install(c, i); }
static Id spare, second_home;
static void make_spare(Ctx *c, void *arg) {
    (void)arg;
    NewMeter m = wm15(c, "SPARE-1", "SPARE-1");
    spare = meter_create(c, &m);
    second_home = home(c, 2, "RES", "RES-VAR").connection;
}
static void fail_test(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "insert into meter_test (utility_id, meter_id, test_date, type, result) "
              "values (?,?,'2026-04-20','periodic','fail')", c->utility, spare);
}
static void forget_test(Ctx *c, void *arg) { (void)arg; db_run(c, "delete from meter_test where meter_id=?", spare); }

static void meters_refused(void) {
    Ctx *c = test_ctx();
    PASSES(c, ask_meter, NULL);
    NewMeter m = ask.meter;
    m.meter_no = "WA-MTR-100001";
    refused(c, make_meter, &m, INVALID, "meter_no", "Meter WA-MTR-100001 already exists");
    m = ask.meter, m.serial_no = "S1";
    refused(c, make_meter, &m, INVALID, "serial_no", "Meter WA-MTR-100001 has this serial number.");
    m = ask.meter, m.serial_no = NULL;
    refused(c, make_meter, &m, INVALID, "serial_no", "Enter the serial number.");
    m = ask.meter, m.meter_no = "M 1";
    refused(c, make_meter, &m, INVALID, "meter_no", "Use letters, digits and dashes, at most 30.");
    m = ask.meter, m.store = (Id){ 0 };
    refused(c, make_meter, &m, INVALID, "store", "Choose the store.");
    m = ask.meter, m.model = (Id){ 9999 };
    refused(c, make_meter, &m, INVALID, "model", "There is no such model.");
}

static void installs_refused(void) {
    Ctx *c = test_ctx();
    run(make_spare);
    Install i = { .meter = first_meter, .connection = second_home, .on = date_of(2026, 4, 1), .initial = { 0 } };
    refused(c, put_in, &i, INVALID, "meter",
            "WA-MTR-100001 is installed at WA-PRM-100001 since 03/31/2026; remove it first");
    i = (Install){ .meter = spare, .connection = first.connection, .on = date_of(2026, 4, 1) };
    refused(c, put_in, &i, INVALID, "connection", "WA-PRM-100001 is measured by WA-MTR-100001; use Replace");
    i = (Install){ .meter = spare, .connection = second_home, .on = date_of(2099, 1, 1) };
    refused(c, put_in, &i, INVALID, "installed_on", "This time is in the future.");
    i = (Install){ .meter = spare, .connection = second_home, .on = date_of(2026, 4, 1), .initial = { 1234567000 } };
    refused(c, put_in, &i, INVALID, "value", "6 digits at most");
    i = (Install){ .meter = spare, .connection = { 99999 }, .on = date_of(2026, 4, 1) };
    refused(c, put_in, &i, INVALID, "connection", "There is no such connection.");
    CU_ASSERT_TRUE(in_tx(c, fail_test, NULL));
    i = (Install){ .meter = spare, .connection = second_home, .on = date_of(2026, 4, 1) };
    refused(c, put_in, &i, INVALID, "meter", "SPARE-1 failed its test on 04/20/2026");
    CU_ASSERT_TRUE(in_tx(c, forget_test, NULL));
    CU_ASSERT_TRUE(in_tx(c, put_in, &i));
}

/* --- the thread's reading ----------------------------------------------------------------------------------------- */

static Id thread_reading;

static void first_read(Ctx *c, void *arg) {
    (void)arg;
    become(c, "meter_manager@swa.test");
    Submitted s = read_on(c, first_meter, date_of(2026, 4, 30), 1262);
    thread_reading = s.reading;
    SAME_TEXT(s.status, "pending");
    CU_ASSERT_PTR_NULL(s.problems);
    SAME_TEXT(db_text(c, "select concat(rule, ' ', severity) from vee_exception where reading_id=?", s.reading),
              "V14 info");
    SAME_TEXT(use_of(c, first.connection), "");
    SAME_INT(events(c, "meter_reading.captured", s.reading), 1);
    SAME_TEXT(mx_reading_gap(c, first.connection, date_of(2026, 4, 30), 5), "waiting");
    Submitted again = read_on(c, first_meter, date_of(2026, 4, 30), 1262);          /* the very same: nothing new */
    SAME_INT(again.reading.id, s.reading.id);
    CU_ASSERT_TRUE(again.was_there);
}

static void decide(Ctx *c, void *d) {
    become(c, "reading_validator1@swa.test");
    reading_decide(c, d);
}
static void decide_own(Ctx *c, void *d) {
    become(c, "meter_manager@swa.test");
    reading_decide(c, d);
}

static void passed(Ctx *c, void *arg) {
    (void)arg;
    SAME_TEXT(use_of(c, first.connection), "2026-03-31 2026-04-30 12");
    SAME_INT(db_int(c, "select account_id from usage_segment where service_connection_id=?", first.connection),
             first.account.id);
    SAME_TEXT(db_text(c, "select concat(status, ' ', decision, ' ', consumption_e3) from meter_reading where id=?",
                      thread_reading),
              "passed pass 12000");
    SAME_INT(events(c, "meter_reading.accepted", thread_reading), 1);
    CU_ASSERT_PTR_NULL(mx_reading_gap(c, first.connection, date_of(2026, 4, 30), 5));
    Segments open = mx_open_segments(c, first.connection, date_of(2026, 4, 30));
    SAME_INT(open.n, 1);
    UsagePoints use = usage_series(c, first.connection, date_of(2026, 1, 1), date_of(2026, 12, 31), "period");
    CU_ASSERT_TRUE(use.n == 1 && use.v[0].quantity.micro == 12000000 && !use.v[0].is_gap);
    ReadingRows near = readings_near(c, first.connection, date_of(2026, 4, 29), 5);
    CU_ASSERT_TRUE(near.n == 1 && near.v[0].value.e3 == 1262000);
    CU_ASSERT_FALSE(date_is_set(next_read_date(c, first.connection)));
    SAME_INT(open.v[0].billing_quantity.e3, 12000);
    SAME_TEXT(open.v[0].billing_unit, "CCF");
    SAME_INT(db_int(c, "select count(distinct version) + 1 from audit_entry where entity='meter_reading' "
                       "and entity_id=? and version is not null",
                    thread_reading), db_int(c, "select row_version from meter_reading where id=?", thread_reading));
}

static void validates(void) {
    Ctx *c = test_ctx();
    run(first_read);
    ReadingDecision d = { .reading = thread_reading, .decision = "pass" };
    refused(c, decide_own, &d, DENIED, NULL, "Another person must validate this reading.");
    d.decision = "reject";
    refused(c, decide, &d, INVALID, "reason_code", "Choose the reason.");
    d.reason_code = "OTHER";
    refused(c, decide, &d, INVALID, "note", "Describe the reason");
    d.reason_code = "GATE_LOCKED";
    refused(c, decide, &d, INVALID, "reason_code", "This reason is not for this.");
    d = (ReadingDecision){ .reading = thread_reading, .decision = "pass" };
    CU_ASSERT_TRUE(in_tx(c, decide, &d));
    PASSES(c, passed, NULL);
    CU_ASSERT_FALSE(in_tx(c, decide, &d));
    SAME_INT(c->failure.status, CONFLICT);
    CU_ASSERT_PTR_NOT_NULL(strstr(c->failure.text, " decided this reading at "));
}

/* --- what cannot be a reading ------------------------------------------------------------------------------------- */

typedef struct { int64_t e3; Date on; const char *status, *reason, *note; bool no_value; const char *field; } Typed;
static void type_in(Ctx *c, void *arg) {
    Typed *t = arg;
    ReadingValue v = { NULL, true, { t->e3 }, t->field };
    reading_submit(c, &(NewReading){ .meter = first_meter, .source = "manual", .values = &v, .n = t->no_value ? 0 : 1,
                                     .read_on = t->on, .at_field = t->field ? "day" : NULL,
                                     .status_code = t->status, .reason_code = t->reason, .note = t->note });
}

static void count_readings(Ctx *c, void *n) { *(int64_t *)n = db_int(c, "select count(*) from meter_reading"); }

static void readings_refused(void) {
    Ctx *c = test_ctx();
    int64_t before = 0, after = 0;
    Date may = date_of(2026, 5, 1);
    PASSES(c, count_readings, &before);
    refused(c, type_in, &(Typed){ 1320500, may, "NORMAL", NULL, NULL, false, NULL }, INVALID, "value",
            "No decimals on this register");
    refused(c, type_in, &(Typed){ 1234567000, may, "NORMAL", NULL, NULL, false, NULL }, INVALID, "value",
            "6 digits at most");
    refused(c, type_in, &(Typed){ -1000, may, "NORMAL", NULL, NULL, false, NULL }, INVALID, "value", "Not below 0.");
    refused(c, type_in, &(Typed){ 1300000, date_of(2026, 5, 9), "NORMAL", NULL, NULL, false, NULL }, INVALID, "read_at",
            "This time is in the future.");
    refused(c, type_in, &(Typed){ 1300000, date_of(2026, 3, 30), "NORMAL", NULL, NULL, false, NULL }, INVALID, "meter",
            "WA-MTR-100001 is not installed on that day.");
    /* said where the form has it */
    Date march = date_of(2026, 3, 30), later = date_of(2026, 5, 9);
    refused(c, type_in, &(Typed){ 1320500, may, "NORMAL", NULL, NULL, false, "value_R1" }, INVALID, "value_R1",
            "No decimals on this register");
    refused(c, type_in, &(Typed){ 1300000, later, "NORMAL", NULL, NULL, false, "value_R1" }, INVALID, "day",
            "This time is in the future.");
    refused(c, type_in, &(Typed){ 1300000, march, "NORMAL", NULL, NULL, false, "value_R1" }, INVALID, "day",
            "WA-MTR-100001 is not installed on that day.");
    refused(c, type_in, &(Typed){ 1300000, may, "WHAT", NULL, NULL, false, "value_R1" }, INVALID, "status_code",
            "There is no such status.");
    refused(c, type_in, &(Typed){ 0, may, "LOCKED", NULL, NULL, true, NULL }, INVALID, "reason_code",
            "Choose the reason.");
    refused(c, type_in, &(Typed){ 0, may, "LOCKED", "OTHER", NULL, true, NULL }, INVALID, "note",
            "Describe the reason");
    refused(c, type_in, &(Typed){ 0, may, "NORMAL", NULL, NULL, true, NULL }, INVALID, "value", "Enter the reading.");
    refused(c, type_in, &(Typed){ 1300000, may, "WHAT", NULL, NULL, false, NULL }, INVALID, "status_code",
            "There is no such status.");
    PASSES(c, count_readings, &after);
    SAME_INT(after, before);
    CU_ASSERT_TRUE(in_tx(c, type_in, &(Typed){ 0, may, "LOCKED", "GATE_LOCKED", NULL, true, NULL }));
    PASSES(c, count_readings, &after);
    SAME_INT(after, before + 1);
}

/* --- a year at one meter: holds, edits, corrections --------------------------------------------------------------- */

static Home second;
static Id second_meter;

static void history(Ctx *c, void *arg) {
    (void)arg;
    second = home(c, 3, "RES", "RES-VAR");
    second_meter = meter_at(c, "M100001", second.connection, date_of(2026, 1, 1), 1200);
    ReadingValue v[] = { { NULL, true, { 1290000 } }, { NULL, true, { 1230000 } }, { NULL, true, { 1260000 } } };
    NewReading rows[] = {                                                /* in any order */
        { .meter = second_meter, .source = "import", .values = &v[0], .n = 1, .read_on = date_of(2026, 4, 1) },
        { .meter = second_meter, .source = "import", .values = &v[1], .n = 1, .read_on = date_of(2026, 1, 31) },
        { .meter = second_meter, .source = "import", .values = &v[2], .n = 1, .read_on = date_of(2026, 3, 2) },
        { .meter = { 424242 }, .source = "import", .values = &v[2], .n = 1, .read_on = date_of(2026, 3, 2) } };
    Submitted to[4];
    Faults f = readings_check(c, rows, 4, NULL);
    SAME_INT(f.n, 1);
    SAME_INT(db_int(c, "select count(*) from meter_reading where meter_id=?", second_meter), 1);
    f = readings_submit(c, rows, 4, to);
    SAME_TEXT(fault_text(&c->mem, "en", fault_of_row(&f, 3)), "There is no such meter.");
    CU_ASSERT_TRUE(!to[3].reading.id);
    SAME_TEXT(to[1].status, "pending");                                 /* the first of its meter */
    SAME_TEXT(to[0].status, "pending");                                 /* still nothing usual: no use has passed */
    for (int i = 1; i <= 3; i++)
        reading_decide(c, &(ReadingDecision){ .reading = to[i % 3].reading, .decision = "pass" });
    SAME_TEXT(use_of(c, second.connection),
              "2026-01-01 2026-01-31 30; 2026-01-31 2026-03-02 30; 2026-03-02 2026-04-01 30");
}

/* V10, V06, V08 and what may be done with them, each rolled back by the one after. */
static void high_and_low(Ctx *c, void *arg) {
    (void)arg;
    Date may = date_of(2026, 5, 1);
    Submitted s = read_on(c, second_meter, may, 1370);
    SAME_TEXT(s.status, "exempted");
    SAME_TEXT(s.problems, "High use: 80 in 30 days, 30 is usual.");
    Id now = reading_decide(c, &(ReadingDecision){ .reading = s.reading, .decision = "pass",
                                                   .reason_code = "POOL_FILLING" });
    SAME_INT(now.id, s.reading.id);
    SAME_INT(events(c, "meter_reading.high_confirmed", s.reading), 1);
    SAME_INT(db_int(c, "select quantity_e3 from usage_segment where to_reading_id=? and status='active'", s.reading),
             80000);
    Id right = reading_correct(c, s.reading, (Reading){ 1310000 }, "TYPING_ERROR", NULL);
    SAME_TEXT(db_text(c, "select concat(status, ' ', consumption_e3) from meter_reading where id=?", right),
              "passed 20000");
    SAME_TEXT(db_text(c, "select status from meter_reading where id=?", s.reading), "superseded");
    SAME_INT(events(c, "meter_reading.corrected", right), 1);
    SAME_TEXT(db_text(c, "select group_concat(concat(status, ' ', quantity_e3 div 1000) order by id) "
                         "from usage_segment where service_connection_id=? "
                         "and to_on=?", second.connection, may), "reversed 80,active 20");
    fail(c, CONFLICT, "rolled back");
}

static void edited(Ctx *c, void *arg) {
    (void)arg;
    Submitted s = read_on(c, second_meter, date_of(2026, 5, 1), 1280);
    SAME_TEXT(s.problems, "Below the reading before.");
    Id right = reading_decide(c, &(ReadingDecision){ .reading = s.reading, .decision = "edit", .has_value = true,
        .value = { 1320000 },
                                                     .reason_code = "TYPING_ERROR" });
    SAME_TEXT(db_text(c, "select concat(status, ' ', source, ' ', consumption_e3, ' ', supersedes_id=?) "
                         "from meter_reading where id=?", s.reading, right),
              "passed edit 30000 1");
    SAME_INT(events(c, "meter_reading.accepted", right), 1);
    SAME_INT(db_int(c, "select count(*) from usage_segment where to_reading_id=? "
                       "and status='active' and quantity_e3=30000", right), 1);
    fail(c, CONFLICT, "rolled back");
}

static void rejected(Ctx *c, void *arg) {
    (void)arg;
    Submitted s = read_on(c, second_meter, date_of(2026, 5, 1), 1280);
    reading_decide(c, &(ReadingDecision){ .reading = s.reading, .decision = "reject", .reason_code = "WRONG_METER" });
    SAME_TEXT(db_text(c, "select status from meter_reading where id=?", s.reading), "rejected");
    SAME_INT(events(c, "meter_reading.rejected", s.reading), 1);
    Submitted anew = read_on(c, second_meter, date_of(2026, 5, 1), 1320);          /* its place is free again */
    SAME_TEXT(anew.status, "passed");
    SAME_INT(events(c, "meter_reading.accepted", anew.reading), 1);
    fail(c, CONFLICT, "rolled back");
}

static void lower_passed(Ctx *c, void *arg) {
    (void)arg;
    Submitted s = read_on(c, second_meter, date_of(2026, 5, 1), 1280);
    reading_decide(c, &(ReadingDecision){ .reading = s.reading, .decision = "pass" });
}

/* A reading that comes after a later one: held, and when it passes it parts the use in two. */
static void came_late(Ctx *c, void *arg) {
    (void)arg;
    Submitted last = read_on(c, second_meter, date_of(2026, 5, 1), 1320);
    SAME_TEXT(last.status, "passed");
    Submitted late = read_on(c, second_meter, date_of(2026, 4, 16), 1304);
    SAME_TEXT(late.problems, "A later reading is there already.");
    reading_decide(c, &(ReadingDecision){ .reading = late.reading, .decision = "pass" });
    SAME_TEXT(use_of(c, second.connection),
              "2026-01-01 2026-01-31 30; 2026-01-31 2026-03-02 30; 2026-03-02 2026-04-01 30; "
              "2026-04-01 2026-04-16 14; 2026-04-16 2026-05-01 16");
    fail(c, CONFLICT, "rolled back");
}

static void billed_stays(Ctx *c, void *arg) {
    (void)arg;
    Submitted s = read_on(c, second_meter, date_of(2026, 5, 1), 1320);
    db_run(c, "update usage_segment set billing_status='reserved', bill_id=1 where to_reading_id=?", s.reading);
    reading_correct(c, s.reading, (Reading){ 1310000 }, "TYPING_ERROR", NULL);
}

static void consumers_own(Ctx *c, void *arg) {
    (void)arg;
    ReadingValue v = { NULL, true, { 1320000 } };
    NewReading n = { .meter = second_meter, .source = "consumer", .values = &v, .n = 1, .read_on = date_of(2026, 5, 1),
                     .submission_id = "abc" };
    Submitted s = reading_submit(c, &n);
    SAME_TEXT(s.status, "pending");
    Submitted again = reading_submit(c, &n);
    CU_ASSERT_TRUE(again.was_there && again.reading.id == s.reading.id);
    n.submission_id = "def", v.value.e3 = 1321000;
    reading_submit(c, &n);
}

static void rolled_back(void (*work)(Ctx *, void *)) {
    Ctx *c = test_ctx();
    CU_ASSERT_FALSE(in_tx(c, work, NULL));
    if (strcmp(c->failure.text, "rolled back"))
        fprintf(stderr, "\n%s (%s:%d)\n", c->failure.text, c->failure.file, c->failure.line);
    SAME_TEXT(c->failure.text, "rolled back");
}

static void holds(void) {
    run(history);
    rolled_back(high_and_low);
    rolled_back(edited);
    rolled_back(rejected);
    rolled_back(came_late);
    refused(test_ctx(), lower_passed, NULL, CONFLICT, NULL, "It is below the reading before: edit it, "
                                                            "or say that the register went round.");
    refused(test_ctx(), billed_stays, NULL, CONFLICT, NULL, "This reading is billed. Correct the bill first.");
    refused(test_ctx(), consumers_own, NULL, CONFLICT, "read_at",
            "There is a reading of the consumer for this day already.");
}

/* --- exchange, rollover, estimates -------------------------------------------------------------------------------- */

static void exchange(Ctx *c, void *arg) {
    (void)arg;
    NewMeter m = wm15(c, "M100011", "S-M100011");
    Id next = meter_create(c, &m);
    Removal out = { .meter = second_meter, .on = date_of(2026, 4, 15), .has_final = true, .final = { 1305000 },
                    .reason = "exchange",
                    .store = main_store(c) };
    Install in = { .meter = next, .initial = { 0 } };
    meter_replace(c, &out, &in);
    SAME_TEXT(db_text(c, "select concat(status, ' ', store_id is not null) from meter where id=?", second_meter),
              "in_store 1");
    SAME_INT(meter_of_connection(c, second.connection)->id.id, next.id);
    SAME_INT(events(c, "meter.replaced", second_meter), 1);
    Submitted s = read_on(c, next, date_of(2026, 5, 1), 14);
    SAME_TEXT(s.status, "passed");
    SAME_TEXT(use_of(c, second.connection),
              "2026-01-01 2026-01-31 30; 2026-01-31 2026-03-02 30; 2026-03-02 2026-04-01 30; "
              "2026-04-01 2026-04-15 15; 2026-04-15 2026-05-01 14");
    fail(c, CONFLICT, "rolled back");
}

static void low_final(Ctx *c, void *arg) {
    (void)arg;
    Removal out = { .meter = second_meter, .on = date_of(2026, 4, 15), .has_final = true, .final = { 1280000 },
                    .reason = "exchange" };
    meter_remove(c, &out);
    SAME_TEXT(db_text(c, "select concat(r.type, ' ', r.status) from meter_installation i "
                         "join meter_reading r on r.id=i.final_reading_id "
                         "where i.meter_id=?", second_meter), "final exempted");
    SAME_INT(connection_get(c, second.connection)->meter.id, 0);
    fail(c, CONFLICT, "rolled back");
}

static void remove_early(Ctx *c, void *arg) {
    (void)arg;
    meter_remove(c, &(Removal){ .meter = second_meter, .on = date_of(2026, 3, 15), .has_final = true,
                                .final = { 1270000 }, .reason = "exchange" });
}

static void estimated(Ctx *c, void *arg) {
    (void)arg;
    Estimate e = mx_estimate(c, second.connection, (Id){ 0 }, date_of(2026, 4, 16), true);
    CU_ASSERT_TRUE(e.is_known);
    Submitted s = read_on(c, second_meter, date_of(2026, 5, 1), 1300);
    SAME_TEXT(s.problems, "Below an estimated reading: re-estimate since the last actual one.");
    reading_decide(c, &(ReadingDecision){ .reading = s.reading, .decision = "reestimate" });
    SAME_TEXT(use_of(c, second.connection),
              "2026-01-01 2026-01-31 30; 2026-01-31 2026-03-02 30; 2026-03-02 2026-04-01 30; "
              "2026-04-01 2026-04-16 5; 2026-04-16 2026-05-01 5");
    SAME_INT(events(c, "meter_reading.corrected", s.reading), 1);
    fail(c, CONFLICT, "rolled back");
}

static void rolls_over(Ctx *c, void *arg) {
    (void)arg;
    Home h = home(c, 5, "COM", "COM-VAR");
    Id meter = meter_at(c, "M100004", h.connection, date_of(2026, 1, 1), 999900);
    reading_decide(c, &(ReadingDecision){ .reading = read_on(c, meter, date_of(2026, 1, 31), 999950).reading,
                                          .decision = "pass" });
    Submitted s = read_on(c, meter, date_of(2026, 3, 2), 10);
    SAME_TEXT(s.status, "passed");
    SAME_TEXT(use_of(c, h.connection), "2026-01-01 2026-01-31 50; 2026-01-31 2026-03-02 60");
    SAME_INT(db_int(c, "select rollover from meter_reading where id=?", s.reading), 1);
    fail(c, CONFLICT, "rolled back");
}

static void exchanges(void) {
    rolled_back(exchange);
    rolled_back(low_final);
    rolled_back(rolls_over);
    refused(test_ctx(), remove_early, NULL, INVALID, "removed_on",
            "M100001 was read on 04/01/2026; remove it on that day or later.");
}
static void overruns(void) { rolled_back(estimated); }

/* --- at the same moment ------------------------------------------------------------------------------------------- */

static Id contested_connection, contested_reading, contested_meters[4], contested_premise, contested_consumer;

static void contest(Ctx *c, void *arg) {
    (void)arg;
    Home h = home(c, 7, "RES", "RES-VAR");
    contested_connection = h.connection;
    for (int i = 0; i < 4; i++) {
        NewMeter m = wm15(c, text(c, "CON-%d", i), text(c, "CON-%d", i));
        contested_meters[i] = meter_create(c, &m);
    }
    Home read = home(c, 8, "RES", "RES-VAR");
    contested_reading = read_on(c, meter_at(c, "CON-9", read.connection, date_of(2026, 3, 31), 10),
                                date_of(2026, 4, 30), 20).reading;
    NewConsumer who = { .last_name = "Contest", .phone = "+15035559999", .born_on = DATE_NONE };
    NewPremise where = { .line1 = "9 Contest St", .city = "Portland", .state = "OR", .postal_code = "97205",
                         .sub_area = area_find(c, "BEA-CEN") };
    contested_consumer = consumer_create(c, &who);
    contested_premise = premise_create(c, &where);
}

static void place_one(Ctx *c, void *arg) {
    (void)arg;
    Install i = { .meter = contested_meters[getpid() % 4], .connection = contested_connection,
                  .on = date_of(2026, 4, 1) };
    db_tx(c, DB_WRITE, put_in, &i, NULL);
}
static void pass_one(Ctx *c, void *arg) {
    (void)arg;
    ReadingDecision d = { .reading = contested_reading, .decision = "pass" };
    db_tx(c, DB_WRITE, decide, &d, NULL);
}
static void open_it(Ctx *c, void *arg) {
    (void)arg;
    NewAccount a = { .consumer = contested_consumer, .premise = contested_premise, .status = "active",
                     .opened_on = DATE_NONE,
                     .closed_on = DATE_NONE, .category = db_id(c, "select id from consumer_category "
                         "where utility_id=? and code='RES'", c->utility) };
    account_create(c, &a);
}
static void open_one(Ctx *c, void *arg) { db_tx(c, DB_WRITE, open_it, arg, NULL); }

static void one_of_each(Ctx *c, void *arg) {
    (void)arg;
    SAME_INT(db_int(c, "select count(*) from meter_installation where service_connection_id=?", contested_connection),
             1);
    SAME_INT(db_int(c, "select count(*) from usage_segment where to_reading_id=?", contested_reading), 1);
    SAME_INT(events(c, "meter_reading.accepted", contested_reading), 1);
    SAME_INT(db_int(c, "select count(*) from account where premise_id=?", contested_premise), 1);
}

static void contests(void) {
    run(contest);
    fprintf(stderr, "(three of four children are to fail, three times)\n");
    SAME_INT(in_processes(4, place_one, NULL), 3);
    SAME_INT(in_processes(4, pass_one, NULL), 3);
    SAME_INT(in_processes(4, open_one, NULL), 3);
    PASSES(test_ctx(), one_of_each, NULL);
}

/* --- many at once, and another utility ---------------------------------------------------------------------------- */

static void many_meters(Ctx *c, void *arg) {
    (void)arg;
    enum { ROWS = 100 };
    NewMeter v[ROWS];
    Id ids[ROWS];
    for (int i = 0; i < ROWS; i++) v[i] = wm15(c, text(c, "L%03d", i), text(c, "LS%03d", i));
    v[16].meter_no = "WA-MTR-100001";
    v[41].model = (Id){ 0 };
    v[50].serial_no = "LS007";
    Faults f = meters_create(c, v, ROWS, ids);
    SAME_INT(f.n, 3);
    SAME_INT(db_int(c, "select count(*) from meter where meter_no like 'L0%'"), ROWS - 3);
    SAME_INT(db_int(c, "select count(*) from meter_register g join meter m on m.id=g.meter_id "
                       "where m.meter_no like 'L0%'"), ROWS - 3);
    SAME_TEXT(fault_code(fault_of_row(&f, 50)->kind), "E05");
    Home h = home(c, 9, "RES", "RES-VAR"), other = home(c, 10, "RES", "RES-VAR");
    Install in[] = { { .meter = ids[0], .connection = h.connection, .on = date_of(2026, 4, 1), .initial = { 7000 } },
                     { .meter = ids[1], .connection = other.connection, .on = date_of(2026, 4, 1),
                       .initial = { 7500 } },
                     { .meter = ids[2], .connection = h.connection, .on = date_of(2026, 4, 1), .initial = { 1000 } } };
    Id places[3];
    f = meters_install(c, in, 3, places);
    CU_ASSERT_TRUE(places[0].id && !places[1].id && !places[2].id);
    SAME_TEXT(fault_text(&c->mem, "en", fault_of_row(&f, 1)), "No decimals on this register");
    SAME_TEXT(fault_text(&c->mem, "en", fault_of_row(&f, 2)), "An earlier row has the same.");
    SAME_INT(db_int(c, "select count(*) from meter_installation where service_connection_id=?", other.connection), 0);
    SAME_TEXT(db_text(c, "select status from meter where id=?", ids[1]), "in_store");
    f = meters_create(c, v, ROWS, ids);                                 /* the same file again makes none */
    for (size_t i = 0; i < ROWS; i++) CU_ASSERT_PTR_NOT_NULL(fault_of_row(&f, i));
    fail(c, CONFLICT, "rolled back");
}
static void loads(void) { rolled_back(many_meters); }

static void elsewhere(Ctx *c, void *arg) {
    (void)arg;
    Id other = db_insert(c, "insert into utility (code, name, email, contact_phone, city, address, country, state, "
                            "currency, status) select 'swa-x', "
                            "'Other', email, contact_phone, city, address, country, state, currency, status "
                            "from utility where code='swa-w'");
    utility_enter(c, other);
    ReadingValue v = { NULL, true, { 1320000 } };
    NewReading n = { .meter = second_meter, .source = "manual", .values = &v, .n = 1, .read_on = date_of(2026, 5, 1) };
    Faults f = readings_check(c, &n, 1, NULL);
    SAME_TEXT(fault_text(&c->mem, "en", fault_of_row(&f, 0)), "There is no such meter.");
    Install i = { .meter = spare, .connection = first.connection, .on = date_of(2026, 4, 1) };
    Id ids[1];
    f = meters_install(c, &i, 1, ids);
    SAME_INT(f.n, 2);
    reading_decide(c, &(ReadingDecision){ .reading = thread_reading, .decision = "pass" });
}
static void utilities_apart(void) {
    refused(test_ctx(), elsewhere, NULL, NOT_FOUND, NULL, "There is no such reading.");
}

int main(int argc, char **argv) {
    beside_database(argc, argv, "E2E");
    const char *wrong = messages_load(&texts, VIEWS_DIR "/messages");
    if (wrong) return fprintf(stderr, "%s\n", wrong), 2;
    return suite_run("readings", (SuiteTest[]){
        { "MX01US02.1 a meter is registered and installed", installs },
        { "MX01US02 meters are refused", meters_refused },
        { "MX01US02.4 installations are refused", installs_refused },
        { "MX03US03 a first reading waits and is passed by another person", validates },
        { "MX02US04.3 what no reading can be", readings_refused },
        { "MX03US03.1 MX03US03.2 holds, edits, corrections", holds },
        { "MX01US02.2 exchange, final readings, rollover", exchanges },
        { "MX03US01.4 an overrun of estimates", overruns },
        { "MX01US02.5 the rows of a file", loads },
        { "MX01US02 MX03US03 at the same moment one is the first", contests },
        { "MX01US02 another utility's rows are not there", utilities_apart },
        { 0 } });
}
