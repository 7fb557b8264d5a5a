/*
 * Core's services against a real database: numbers, audit, events, recurring jobs, business time, documents, seals,
 * settings, migrations; and lib/db under them.
 */
#include <sys/stat.h>

#include "app/core/calendar_rules.h"
#include "app/core/job.h"
#include "app/core/migrate.h"
#include "app/core/number.h"
#include "app/core/rights.h"
#include "app/core/seal.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/json.h"
#include "tests/database.h"

/* --- lib/db ------------------------------------------------------------------------------------------------------- */

#define KINDS(F, T) F(T, Id, id) F(T, Money, m_minor) F(T, Date, d_on) F(T, Time, t_at) F(T, Quantity, q_qty_micro) \
    F(T, const char *, s) F(T, int, i) F(T, bool, b) F(T, Bytes, x)
ROW(Kinds, KINDS)

static void kinds(Ctx *c, void *arg) {
    (void)arg;
    char *long_text = take(c, 70001);
    memset(long_text, 'a', 70000);
    Time at = { 1767369600123456 };
    Kinds *k = db_one(c, Kinds, "select ? id, ? m_minor, cast(? as date) d_on, cast(? as datetime(6)) t_at, ? "
                                "q_qty_micro, ? s, ? i, ? b, cast(? as binary(4)) x",
                      (Id){ 7 }, (Money){ -125 }, date_of(2026, 2, 28), at, (Quantity){ 5 }, long_text, -3, true,
                          bytes_at("\0\1\2\3", 4));
    SAME_INT(k->id.id, 7);
    SAME_INT(k->m_minor.minor, -125);
    SAME_INT(k->d_on.day, date_of(2026, 2, 28).day);
    SAME_INT(k->t_at.us, at.us);
    SAME_INT(k->q_qty_micro.micro, 5);
    SAME_TEXT(k->s, long_text);
    SAME_INT(k->i, -3);
    CU_ASSERT_TRUE(k->b);
    CU_ASSERT_TRUE(k->x.n == 4 && !memcmp(k->x.p, "\0\1\2\3", 4));
    Kinds *n = db_one(c, Kinds, "select ? id, null m_minor, cast(? as date) d_on, cast(? as datetime(6)) t_at, null "
                                "q_qty_micro, ? s, null i, null b, null x",
                      (Id){ 0 }, DATE_NONE, TIME_NONE, (char *)NULL);
    CU_ASSERT_TRUE(!n->id.id && !n->m_minor.minor && !date_is_set(n->d_on) && !time_is_set(n->t_at) && !n->s && !n->i
                   && !n->b && !n->x.p);
    CU_ASSERT_PTR_NULL(db_text(c, "select slug from smart360.tenant where slug='nobody'"));
    SAME_INT(db_int(c, "select sum(n) from (select 1 n union all select 2) s"), 3);
}

static void bulk(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "delete from setting where `key` like 'bulk.%'");
    DbBulk *b = db_bulk(c, "insert into setting (utility_id, `key`, value, updated_by, created_at) values (?,?,?,?,?)");
    for (int i = 0; i < 2500; i++)
        db_bulk_add(b, c->utility, text(c, "bulk.%d", i), i % 2 ? "odd" : "", i % 3 ? (Id){ 0 } : (Id){ i }, c->now);
    SAME_INT(db_bulk_end(b), 2500);
    SAME_INT(db_int(c, "select count(*) from setting where `key` like 'bulk.%'"), 2500);
    SAME_INT(db_int(c, "select count(*) from setting where `key` like 'bulk.%' and updated_by is null"), 1667);
    SAME_INT(db_run(c, "delete from setting where `key` like 'bulk.%'"), 2500);
}

static void inner(Ctx *c, void *key) {
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,'1')", c->utility, (const char *)key);
    if (!strcmp(key, "save.bad")) fail(c, CONFLICT, "no");
}

static void savepoints(Ctx *c, void *arg) {
    (void)arg;
    CU_ASSERT_TRUE(db_savepoint(c, inner, (void *)(uintptr_t)"save.good"));
    CU_ASSERT_FALSE(db_savepoint(c, inner, (void *)(uintptr_t)"save.bad"));
    SAME_TEXT(c->failure.text, "no");
    SAME_INT(db_int(c, "select count(*) from setting where `key` like 'save.%'"), 1);
    CU_ASSERT_FALSE(db_add(c, "insert into setting (utility_id, `key`, value) values (?,'save.good','2')", c->utility));
    db_run(c, "delete from setting where `key` like 'save.%'");
}

static int deadlocks;
static void lock_two(Ctx *c, void *order) {
    int first = *(int *)order;
    db_run(c, "update setting set value=value+1 where `key`=?", first ? "dead.a" : "dead.b");
    nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
    db_run(c, "update setting set value=value+1 where `key`=?", first ? "dead.b" : "dead.a");
}

static void lock_many(Ctx *c, void *arg) {
    (void)arg;
    int order = getpid() % 2;
    for (int i = 0; i < 5; i++) db_tx(c, DB_WRITE, lock_two, &order, NULL);
}

static void lock_rows(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "delete from setting where `key` like 'dead.%'");
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,'dead.a','0'), (?,'dead.b','0')", c->utility,
           c->utility);
}

static void lock_total(Ctx *c, void *n) {
    *(int64_t *)n = db_int(c, "select sum(value) from setting where `key` like 'dead.%'");
}

/* What workers keep of rights is dropped by a new version in the transaction that wrote one of their tables. */
static void version_of(Ctx *c, void *to) { *(int64_t *)to = db_int(c, "select rights_version from security_policy"); }
static void rename_role(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "update role r set r.description = concat('', ?) where r.code = 'cashier'", "rights");
}
static void rename_and_fail(Ctx *c, void *arg) { rename_role(c, arg); fail(c, CONFLICT, "no"); }
static void read_role(Ctx *c, void *arg) {
    (void)arg;
    db_int(c, "select count(*) from role");
    db_run(c, "update setting set value = value where value in (select code from role)");
}
static void add_grants(Ctx *c, void *arg) {
    (void)arg;
    DbBulk *b = db_bulk(c, "insert into user_permission_override (user_id, permission_id, effect, reason) "
                           "values (?,?,?,?)");
    db_bulk_add(b, db_id(c, "select min(id) from user"), db_id(c, "select min(id) from permission"), "grant", "test");
    db_bulk_end(b);
    db_run(c, "delete from user_permission_override where reason = 'test'");
}

static void add_message(Ctx *c, void *arg) {
    (void)arg;
    Id id = db_insert(c, "insert into bill_message (utility_id, texts) values (?,'{\"en\":\"test\"}')", c->utility);
    db_run(c, "delete from bill_message where id = ?", id);
}

static void db_watched(void) {
    Ctx *c = test_ctx();
    rights_watch();
    const struct { void (*work)(Ctx *, void *); bool passes, changes; } rows[] = {
        { rename_role, true, true }, { rename_and_fail, false, false }, { read_role, true, false },
        { add_grants, true, true }, { add_message, true, true } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t before = 0, after = 0;
        PASSES(c, version_of, &before);
        CU_ASSERT_EQUAL(in_tx(c, rows[i].work, NULL), rows[i].passes);
        PASSES(c, version_of, &after);
        CU_ASSERT_EQUAL(before != after, rows[i].changes);
    }
}

/* Pages of a web worker: the next transaction for reading stands open already, sees what others committed before it,
   writes nothing and is out of the way of whoever writes. */
static void count_settings(Ctx *c, void *n) {
    *(int64_t *)n = db_int(c, "select count(*) from setting where `key` like 'chain.%'");
}
static void add_setting(Ctx *c, void *key) {
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,'1')", c->utility, (const char *)key);
}
static void add_and_look(Ctx *c, void *n) {
    add_setting(c, (void *)(uintptr_t)"chain.c");           /* outside of a transaction */
    count_settings(c, n);
    db_run(c, "delete from setting where `key` like 'chain.%'");
}
static void read_in_tx(Ctx *c, void *n) { db_tx(c, DB_READ, count_settings, n, NULL); }
static void write_where_one_reads(Ctx *c, void *key) { db_tx(c, DB_READ, add_setting, key, NULL); }

static void db_chains(void) {
    Ctx *c = test_ctx(), other = *c;
    DbConfig config = installation_db(COMMAND_APP);
    other.db = db_open(&config);
    other.mem = (Arena){ 0 };
    other.cache = NULL;
    Db *before = c->db;
    c->db = db_open(&config);
    db_chain(c->db);
    int64_t n = -1;
    PASSES(c, read_in_tx, &n);
    SAME_INT(n, 0);
    int64_t trips = db_round_trips(c->db);
    PASSES(c, read_in_tx, &n);
    SAME_INT(db_round_trips(c->db) - trips, 2);             /* the statement and the commit */
    CU_ASSERT_TRUE(in_tx(&other, add_setting, (void *)(uintptr_t)"chain.a"));
    PASSES(c, read_in_tx, &n);
    SAME_INT(n, 1);
    PASSES(c, count_settings, &n);                          /* before the transaction, and of one moment with it */
    CU_ASSERT_TRUE(in_tx(&other, add_setting, (void *)(uintptr_t)"chain.b"));
    PASSES(c, read_in_tx, &n);
    SAME_INT(n, 1);
    PASSES(c, count_settings, &n);
    SAME_INT(n, 2);
    db_reset(c->db);                                        /* the request is over: nothing old is seen */
    PASSES(&other, add_and_look, &n);
    PASSES(c, count_settings, &n);
    SAME_INT(n, 0);
    CU_ASSERT_FALSE(attempt(c, write_where_one_reads, (void *)(uintptr_t)"chain.d"));
    PASSES(c, read_in_tx, &n);
    /* in the one that stood open */
    CU_ASSERT_FALSE(attempt(c, write_where_one_reads, (void *)(uintptr_t)"chain.d"));
    PASSES(c, read_in_tx, &n);
    PASSES(c, add_and_look, &n);
    SAME_INT(n, 1);
    db_close(c->db);
    db_close(other.db);
    arena_end(&other.mem);
    c->db = before;
}

/* Ids are given although the transaction that wants them, or somebody else's, holds the table's last row. */
static void hold_last_and_take(Ctx *c, void *first) {
    db_int(c, "select id from role order by id desc limit 1 for update");
    *(Id *)first = db_ids(c, "role", 1);
}
static void take_ids(Ctx *c, void *first) { *(Id *)first = db_ids(c, "role", 1); }
static void others_take_ids(Ctx *c, void *arg) {
    (void)arg;
    db_int(c, "select id from role order by id desc limit 1 for update");
    Id first = { 0 };
    SAME_INT(in_processes(1, take_ids, &first), 0);
}
static void db_ids_wait_for_nobody(void) {
    Id first = { 0 };
    int64_t began = time_ticking_us();
    CU_ASSERT_TRUE(in_tx(test_ctx(), hold_last_and_take, &first));
    CU_ASSERT_TRUE(first.id > 0);
    CU_ASSERT_TRUE(in_tx(test_ctx(), others_take_ids, NULL));
    CU_ASSERT_TRUE(time_ticking_us() - began < 6 * SECOND_US);      /* a lock is waited for 8 s */
}

static void db_kinds(void) { PASSES(test_ctx(), kinds, NULL); }
static void db_bulk_rows(void) { CU_ASSERT_TRUE(in_tx(test_ctx(), bulk, NULL)); }
static void db_savepoints(void) { CU_ASSERT_TRUE(in_tx(test_ctx(), savepoints, NULL)); }

static void db_deadlocks(void) {
    Ctx *c = test_ctx();
    int64_t total = 0;
    PASSES(c, lock_rows, NULL);
    deadlocks = in_processes(4, lock_many, NULL);
    SAME_INT(deadlocks, 0);
    PASSES(c, lock_total, &total);
    SAME_INT(total, 4 * 5 * 2);
}

/* --- numbers (ONB02US07) ------------------------------------------------------------------------------------------ */

static char issued[40];
static void take_account(Ctx *c, void *arg) { (void)arg; snprintf(issued, sizeof issued, "%s", id_next(c, "account")); }
static void take_bill(Ctx *c, void *day) {
    snprintf(issued, sizeof issued, "%s", id_next_with(c, "bill", &(IdParts){ .date = *(Date *)day }));
}
static void take_bill_and_fail(Ctx *c, void *day) { take_bill(c, day); fail(c, CONFLICT, "the document is refused"); }
static void preview(Ctx *c, void *arg) {
    (void)arg;
    snprintf(issued, sizeof issued, "%s", id_preview(c, "account", 3)[0]);
}

static void numbers(void) {
    Ctx *c = test_ctx();
    CU_ASSERT_TRUE(in_tx(c, take_account, NULL));
    SAME_TEXT(issued, "WA-ACC-100001");
    PASSES(c, preview, NULL);
    SAME_TEXT(issued, "WA-ACC-100002");
    Date january = date_of(2027, 1, 31), february = date_of(2027, 2, 1);
    CU_ASSERT_TRUE(in_tx(c, take_bill, &january));
    SAME_TEXT(issued, "WA-BILL-202701-000001");
    CU_ASSERT_FALSE(in_tx(c, take_bill_and_fail, &january));
    CU_ASSERT_TRUE(in_tx(c, take_bill, &january));
    SAME_TEXT(issued, "WA-BILL-202701-000002");                 /* no gap after the rollback */
    CU_ASSERT_TRUE(in_tx(c, take_bill, &february));
    SAME_TEXT(issued, "WA-BILL-202702-000001");
}

static void take_many(Ctx *c, void *arg) {
    (void)arg;
    for (int i = 0; i < 10; i++) db_tx(c, DB_WRITE, take_account, NULL, NULL);
}

static void check_many(Ctx *c, void *arg) {
    (void)arg;
    SAME_INT(id_issued(c, "account"), 81);
    SAME_INT(id_next_max(c, "account"), 100082);
}

static void numbers_parallel(void) {
    SAME_INT(in_processes(8, take_many, NULL), 0);
    PASSES(test_ctx(), check_many, NULL);
}

static void series(Ctx *c, void *arg) {
    (void)arg;
    c->now = time_of_local(zone_find("America/Los_Angeles"), (Local){ date_of(2026, 4, 15), 10, 0, 0, 0 });
    SAME_TEXT(series_next(c, "RUN-{YYYY}-{####}"), "RUN-2026-0001");
    SAME_TEXT(series_next(c, "RUN-{YYYY}-{####}"), "RUN-2026-0002");
    SAME_TEXT(series_next(c, "FE-{###}"), "FE-001");
    const char *const *many = id_next_many(c, "receipt", date_of(2026, 4, 15), 3);
    SAME_TEXT(many[0], "WA-RCP-202604-000001");
    SAME_TEXT(many[2], "WA-RCP-202604-000003");
    id_start_above(c, "meter", DATE_NONE, 500000);
    SAME_TEXT(id_next(c, "meter"), "WA-MTR-500001");
}
static void numbers_series(void) { CU_ASSERT_TRUE(in_tx(test_ctx(), series, NULL)); }

/* --- audit -------------------------------------------------------------------------------------------------------- */

#define VALUES(F, T) F(T, const char *, before_value) F(T, const char *, after_value) F(T, Bytes, salt) \
    F(T, Bytes, value_hash) F(T, const char *, actor_kind)
ROW(Values, VALUES)

static void audit(Ctx *c, void *arg) {
    (void)arg;
    audit_write(c, &(Audit){ .action = "edit", .entity = "setting", .id = { 5 }, .version = 2,
        .before = "{\"a\":\"1\",\"b\":\"2\",\"api_password\":\"x\"}",
        .after = "{\"a\":\"1\",\"b\":\"3\",\"api_password\":\"y\"}", .reason = "because" });
    Values *v = db_one(c, Values, "select v.before_value, v.after_value, v.salt, e.value_hash, e.actor_kind "
        "from audit_entry e join audit_value v on v.audit_id=e.id order by e.id desc limit 1");
    SAME_TEXT(v->before_value, "{\"b\":\"2\",\"api_password\":\"***\"}");
    SAME_TEXT(v->after_value, "{\"b\":\"3\",\"api_password\":\"***\"}");
    SAME_TEXT(v->actor_kind, "system");
    uint8_t hash[32];
    audit_hash(c, v->salt, v->before_value, v->after_value, hash);
    CU_ASSERT_TRUE(v->value_hash.n == 32 && !memcmp(hash, v->value_hash.p, 32));
    SAME_TEXT(json_pairs(c, "a", "x\"y", "b", (char *)NULL, NULL), "{\"a\":\"x\\\"y\",\"b\":null}");
}
static void audit_values(void) { CU_ASSERT_TRUE(in_tx(test_ctx(), audit, NULL)); }

/* --- settings ----------------------------------------------------------------------------------------------------- */

static void settings(Ctx *c, void *arg) {
    (void)arg;
    SAME_INT(setting_int(c, "test.days", 7), 7);
    setting_set(c, "test.days", "9");
    SAME_INT(setting_int(c, "test.days", 7), 9);
    setting_set(c, "test.days", "10");
    setting_set(c, "test.days", "10");                          /* no change, no version */
    SAME_INT(db_int(c, "select row_version from setting where `key`='test.days'"), 2);
    SAME_INT(db_int(c, "select count(*) from audit_entry where entity='setting' and number='test.days'"), 2);
}
static void settings_kept(void) { CU_ASSERT_TRUE(in_tx(test_ctx(), settings, NULL)); }

/* --- events ------------------------------------------------------------------------------------------------------- */

static bool handler_fails;
static void on_thing(Ctx *c, const EventRow *e) {
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,?)", c->utility,
           text(c, "event.%s", e->event_id), e->name);
    if (handler_fails) fail(c, CONFLICT, "not today");
}
static void on_all(Ctx *c, const EventRow *e) {
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,?)", c->utility,
           text(c, "all.%s", e->event_id), e->payload);
}
static const EventHandler test_events[] = { { "thing.made", "test.on_thing", on_thing },
                                            { "thing.*", "test.on_all", on_all }, { 0 } };

static void emit(Ctx *c, void *name) {
    event_emit(c, &(Event){ .name = name, .entity = "thing", .id = { 3 }, .payload = "{\"x\":1}" });
}
static void dispatch(Ctx *c, void *n) {
    bool more;
    *(int *)n = events_dispatch(c, &more);
}
static void count_events(Ctx *c, void *n) {
    ((int64_t *)n)[0] = db_int(c, "select count(*) from setting where `key` like 'event.%'");
    ((int64_t *)n)[1] = db_int(c, "select count(*) from setting where `key` like 'all.%'");
    ((int64_t *)n)[2] = db_int(c, "select count(*) from smart360.job where kind='event.handle' and state='ready'");
}

static void events(void) {
    Ctx *c = test_ctx();
    int64_t n[3];
    int done = 0;
    PASSES(c, dispatch, &done);                                 /* what was there */
    CU_ASSERT_TRUE(in_tx(c, emit, (void *)(uintptr_t)"thing.made"));
    CU_ASSERT_TRUE(in_tx(c, emit, (void *)(uintptr_t)"thing.moved"));
    PASSES(c, dispatch, &done);
    SAME_INT(done, 2);
    test_enter(c, NULL);
    PASSES(c, count_events, n);
    SAME_INT(n[0], 1);
    SAME_INT(n[1], 2);
    PASSES(c, dispatch, &done);
    SAME_INT(done, 0);                                          /* never twice */
}

static void work_once(Ctx *c, void *end) {
    db_run(c, "update smart360.job set run_at=utc_timestamp(6) - interval 400 day "
              "where kind='event.handle' and state='ready'");
    Claim *j = job_claim(c, "general", "test", 10);
    *(int *)end = j ? (int)job_run(c, j, 0) : -1;
}

/* A handler that fails leaves no trace, holds up nobody, and is tried again by its own job. */
static void events_failing(void) {
    Ctx *c = test_ctx();
    int64_t before[3], n[3];
    int done = 0, end = 0;
    PASSES(c, count_events, before);
    handler_fails = true;
    CU_ASSERT_TRUE(in_tx(c, emit, (void *)(uintptr_t)"thing.made"));
    PASSES(c, dispatch, &done);
    test_enter(c, NULL);
    PASSES(c, count_events, n);
    SAME_INT(n[0], before[0]);
    SAME_INT(n[1], before[1] + 1);
    SAME_INT(n[2], 1);
    PASSES(c, work_once, &end);
    SAME_INT(end, JOB_TRIED);
    handler_fails = false;
    c = test_ctx();
    PASSES(c, work_once, &end);
    SAME_INT(end, JOB_ENDED);
    c = test_ctx();
    PASSES(c, count_events, n);
    SAME_INT(n[0], before[0] + 1);
    SAME_INT(n[1], before[1] + 1);
}

/* --- recurring jobs ----------------------------------------------------------------------------------------------- */

static JobStep nothing(Ctx *c, const JobRow *job) { (void)c; (void)job; return STEP_DONE; }
static const JobHandler schedule_jobs[] = { { "test.nightly", "general", nothing, 0, false }, { 0 } };
static const JobSchedule test_schedules[] = {
    { "test.nightly", "test.nightly", "Every night", "daily 02:00", true, false, NULL },
    { "test.tenant",  "test.nightly", "Every quarter of an hour", "every 15m", false, true, NULL }, { 0 } };

static void tick_work(Ctx *c, void *arg) { (void)arg; schedule_tick(c); }
static void make_due(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "update scheduled_job set next_run_at=timestampadd(day, -3, ?) where code='test.nightly'", clock_now());
    db_run(c, "delete from smart360.job where kind='test.nightly'");
}
static void count_nightly(Ctx *c, void *n) {
    *(int64_t *)n = db_int(c, "select count(*) from smart360.job where kind='test.nightly' "
                              "and unique_key like '%:test.nightly'");
    SAME_INT(db_int(c, "select count(*) from scheduled_job where code='test.nightly' and next_run_at > ? "
                       "and last_job_id is not null", c->now), 1);
}

static void schedule(void) {
    Ctx *c = test_ctx();
    int64_t n = 0;
    PASSES(c, tick_work, NULL);                                 /* makes the row of the utility */
    test_enter(c, NULL);
    PASSES(c, make_due, NULL);
    SAME_INT(in_processes(4, tick_work, NULL), 0);              /* four schedulers, three missed nights */
    c = test_ctx();
    PASSES(c, count_nightly, &n);
    SAME_INT(n, 1);                                             /* run once */
}

/* --- business time ------------------------------------------------------------------------------------------------ */

static Time local(int y, int m, int d, int h, int min) {
    return time_of_local(zone_find("America/Los_Angeles"), (Local){ date_of(y, m, d), h, min, 0, 0 });
}

static void business_time(Ctx *c, void *arg) {
    (void)arg;
    Id office = { db_int(c, "select id from calendar where utility_id=? and is_default=1", c->utility) };
    db_run(c, "insert into holiday (utility_id, calendar_id, holiday_date, name, type) "
              "values (?,?,'2027-01-18','Birthday of Martin Luther King, Jr.','federal') "
              "on duplicate key update name=name", c->utility, office);
    SAME_INT(cal_add_business_minutes(c, (Id){ 0 }, local(2027, 1, 15, 16, 0), 480).us, local(2027, 1, 19, 15, 0).us);
    SAME_INT(cal_add_business_minutes(c, office, local(2027, 1, 15, 16, 0), 480).us, local(2027, 1, 19, 15, 0).us);
    SAME_INT(cal_business_minutes(c, office, local(2027, 1, 15, 16, 0), local(2027, 1, 19, 15, 0)), 480);
    CU_ASSERT_FALSE(cal_is_working_day(c, office, date_of(2027, 1, 18)));
    CU_ASSERT_TRUE(cal_is_working(c, office, local(2027, 1, 19, 9, 0)));
    SAME_INT(cal_adjust_date(c, office, date_of(2027, 1, 16), DATE_NEXT_WORKING).day, date_of(2027, 1, 19).day);
    SAME_INT(cal_adjust_date(c, office, date_of(2027, 1, 18), DATE_PREVIOUS_WORKING).day, date_of(2027, 1, 15).day);
    SAME_INT(cal_adjust_date(c, office, date_of(2027, 1, 18), DATE_AS_IT_IS).day, date_of(2027, 1, 18).day);
}
static void calendar(void) { CU_ASSERT_TRUE(in_tx(test_ctx(), business_time, NULL)); }

/* --- documents ---------------------------------------------------------------------------------------------------- */

static const char pdf[] = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n";
static Id stored;
static char stored_path[400];
static void store(Ctx *c, void *name) {
    stored = document_store(c, &(NewDocument){ .file_name = name, .data = pdf, .size = sizeof pdf - 1,
                                               .entity = "thing", .entity_id = { 1 } });
    snprintf(stored_path, sizeof stored_path, "%s", document_open(c, stored)->path);
}
static void store_and_fail(Ctx *c, void *name) { store(c, name); fail(c, CONFLICT, "no"); }
static void read_back(Ctx *c, void *arg) {
    (void)arg;
    size_t n;
    const char *bytes = document_read(c, stored, 1000, &n);
    CU_ASSERT_TRUE(n == sizeof pdf - 1 && !memcmp(bytes, pdf, n));
    SAME_TEXT(document_open(c, stored)->mime, "application/pdf");
    SAME_TEXT(document_open(c, stored)->file_name, "lease.pdf");
    CU_ASSERT_TRUE(!strncmp(document_open(c, stored)->internal_path, "/_documents/swa/", 16));
}
static void read_too_large(Ctx *c, void *arg) { size_t n; (void)arg; document_read(c, stored, 5, &n); }
static void store_text(Ctx *c, void *name) {
    document_store(c, &(NewDocument){ .file_name = name, .data = "<html><script>", .size = 14 });
}
static void store_empty(Ctx *c, void *name) {
    document_store(c, &(NewDocument){ .file_name = name, .data = "", .size = 0 });
}

/* What we draw ourselves: stored with its record; the newest is found, by name, by time. */
static void papers(Ctx *c, void *arg) {
    (void)arg;
    Bytes drawn = { pdf, sizeof pdf - 1 };
    Id thing = { 77 }, first = document_paper(c, &(NewPaper){ "thing", thing, "a.pdf", drawn }),
       second = document_paper(c, &(NewPaper){ "thing", thing, "b.pdf", drawn });
    SAME_TEXT(document_open(c, first)->mime, "application/pdf");
    SAME_TEXT(db_text(c, "select uploaded_by_kind from document where id=? and is_private=1", first), "system");
    SAME_INT(document_paper_find(c, &(PaperKey){ .entity = "thing", .entity_id = thing }).id, second.id);
    SAME_INT(document_paper_find(c, &(PaperKey){ "thing", thing, "a.pdf", c->now }).id, first.id);
    SAME_INT(document_paper_find(c, &(PaperKey){ "thing", thing, "a.pdf", time_add_seconds(c->now, 1) }).id, 0);
    SAME_INT(document_paper_find(c, &(PaperKey){ .entity = "thing", .entity_id = { 78 } }).id, 0);
    document_erase(c, second);
    SAME_INT(document_paper_find(c, &(PaperKey){ .entity = "thing", .entity_id = thing }).id, first.id);
    document_erase(c, first);
}
static void paper_of_nothing(Ctx *c, void *arg) {
    (void)arg;
    document_paper(c, &(NewPaper){ "thing", { 77 }, "c.pdf", { NULL, 0 } });
}

static void documents(void) {
    Ctx *c = test_ctx();
    struct stat s;
    CU_ASSERT_TRUE(in_tx(c, store, (void *)(uintptr_t)"../../etc/lease.pdf"));
    PASSES(c, read_back, NULL);
    CU_ASSERT_FALSE(attempt(c, read_too_large, NULL));
    SAME_INT(c->failure.status, TOO_LARGE);
    /* the memory of the work is given back: the file stays */
    c = test_ctx();
    CU_ASSERT_TRUE(!stat(stored_path, &s) && !(s.st_mode & 007));
    CU_ASSERT_FALSE(in_tx(c, store_and_fail, (void *)(uintptr_t)"x.pdf"));
    CU_ASSERT_TRUE(stat(stored_path, &s) != 0);                 /* rolled back: gone */
    CU_ASSERT_FALSE(in_tx(c, store, (void *)(uintptr_t)"x.png"));
    SAME_TEXT(c->failure.text, "The file's content does not fit its name.");
    CU_ASSERT_FALSE(in_tx(c, store_text, (void *)(uintptr_t)"x.pdf"));
    SAME_TEXT(c->failure.text, "Choose a PDF, JPEG, PNG, HEIC or WebP file.");
    CU_ASSERT_FALSE(in_tx(c, store_empty, (void *)(uintptr_t)"x.pdf"));
    SAME_TEXT(c->failure.text, "The file is empty.");
    CU_ASSERT_TRUE(in_tx(c, papers, NULL));
    CU_ASSERT_FALSE(in_tx(c, paper_of_nothing, NULL));
    SAME_INT(c->failure.status, BROKEN);
}

/* --- seals -------------------------------------------------------------------------------------------------------- */

static void seal_now(Ctx *c, void *arg) { (void)arg; while (seal_chains(c, -1)) {} }
static void broken(Ctx *c, void *n) {
    const char *first = NULL;
    *(int64_t *)n = seals_broken(c, &first);
    if (*(int64_t *)n) snprintf(issued, sizeof issued, "%s", first);
}
static void damage(Ctx *c, void *sql) { db_script(c, sql, strlen(sql)); }

static void seals(void) {
    Ctx *c = test_ctx();
    int64_t n = -1;
    CU_ASSERT_TRUE(in_tx(c, audit, NULL));
    CU_ASSERT_TRUE(in_tx(c, seal_now, NULL));
    CU_ASSERT_TRUE(in_tx(c, audit, NULL));
    CU_ASSERT_TRUE(in_tx(c, seal_now, NULL));
    PASSES(c, broken, &n);
    SAME_INT(n, 0);
    PASSES(c, damage, (void *)(uintptr_t)"update audit_value set before_value=null, after_value=null");    /* erasure */
    PASSES(c, broken, &n);
    SAME_INT(n, 0);
    PASSES(c, damage, (void *)(uintptr_t)"update audit_entry set reason='another' order by id desc limit 1");
    PASSES(c, broken, &n);
    SAME_INT(n, 1);
    SAME_TEXT(issued, "audit 0 block 2");
    PASSES(c, damage, (void *)(uintptr_t)"update audit_entry set reason='because' order by id desc limit 1");
    PASSES(c, broken, &n);
    SAME_INT(n, 0);
    PASSES(c, damage, (void *)(uintptr_t)"delete from audit_entry order by id limit 1");
    PASSES(c, broken, &n);
    SAME_INT(n, 1);
}

/* --- scripts ------------------------------------------------------------------------------------------------------ */

static void scripts(void) {
    const char *at = "-- a comment; with a semicolon\nselect 'a;b''c', \"d;\\\"e\", `f;g` /* h; */ "
                     "from t # i;\n;;\n\n-- j\nselect 2;\nselect 3", *s;
    size_t n;
    CU_ASSERT_TRUE(script_next(&at, &s, &n) && !strncmp(s, "select 'a;b''c'", 15) && s[n - 1] == '\n');
    CU_ASSERT_TRUE(script_next(&at, &s, &n) && n == 8 && !strncmp(s, "select 2", 8));
    CU_ASSERT_TRUE(script_next(&at, &s, &n) && n == 8 && !strncmp(s, "select 3", 8));
    CU_ASSERT_FALSE(script_next(&at, &s, &n));
}

int main(int argc, char **argv) {
    beside_database(argc, argv, "BASE");
    job_handlers(core_jobs);
    job_handlers(schedule_jobs);
    job_schedules(test_schedules);
    event_handlers(test_events);
    return suite_run("core", (SuiteTest[]){
        { "db: every kind there and back", db_kinds }, { "db: rows in bulk", db_bulk_rows },
        { "db: savepoints", db_savepoints }, { "db: rights get a new version", db_watched },
        { "db: ids wait for nobody", db_ids_wait_for_nobody },
        { "db: deadlocks are tried again", db_deadlocks }, { "db: reading goes on where it ended", db_chains },
        { "ONB02US07.1 ONB02US07.2 ONB02US07.5 numbers, gapless", numbers },
        { "ONB02US07.4 numbers in parallel", numbers_parallel }, { "series and many at once", numbers_series },
        { "audit: changed fields, secrets, hash", audit_values }, { "settings", settings_kept },
        { "events once", events }, { "events whose handler fails", events_failing },
        { "recurring jobs: four schedulers, one job", schedule }, { "ONB02US04.1 business time", calendar },
        { "documents", documents }, { "seals", seals }, { "scripts", scripts }, { 0 } });
}
