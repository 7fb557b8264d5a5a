/*
 * Bill runs, stage 3 (BX01US03): the readings of a run. One that is missing or waits is estimated, entered in place,
 * validated in metering, or its account is left out; a strange one is accepted or read again by field work, whose
 * result decides it. Of a large run a job stores how each connection's reading stands (bill_run_place).
 */
#include <stddef.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "app/billing/run_rules.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"

enum { READINGS_MOST = 5000 };

/* --- the list ----------------------------------------------------------------------------------------------------- */

#define END_DAY "least(p.to_date, coalesce(h.to_on, s.disconnected_on, p.to_date))"
#define NEAR_END                                                                                     \
    "u.to_on between date_sub(" END_DAY ", interval 5 day) and date_add(" END_DAY ", interval 5 day)"
#define NEAR_USE                                                                                     \
    "from usage_segment u where u.service_connection_id = s.id and u.status = 'active' "             \
    "and u.billing_status <> 'billed' and " NEAR_END
#define READ_STATUS                                                                                  \
    "case when exists (select 1 " NEAR_USE " and u.is_estimated = 0) then 'actual' "                 \
    "when exists (select 1 " NEAR_USE ") then 'estimated' "                                          \
    "when exists (select 1 from meter_reading g where g.service_connection_id = s.id "               \
    "and g.read_on between date_sub(" END_DAY ", interval 5 day) and date_add(" END_DAY ", interval 5 day) " \
    "and g.status in ('captured', 'pending', 'exempted')) then 'waiting' else 'missing' end"
#define ALL_USE                                                                                      \
    "from usage_segment u where u.service_connection_id = s.id and u.status = 'active' "             \
    "and u.billing_status <> 'billed' and u.to_on <= date_add(p.to_date, interval 5 day)"
#define USE "(select sum(u.billing_quantity_e3) " ALL_USE ")"
#define BEFORE                                                                                       \
    "(select u.billing_quantity_e3 from usage_segment u where u.service_connection_id = s.id "       \
    "and u.status = 'active' and u.billing_status = 'billed' and u.to_on <= p.from_date "            \
    "order by u.to_on desc limit 1)"
#define LAST_YEAR                                                                                    \
    "(select u.billing_quantity_e3 from usage_segment u where u.service_connection_id = s.id "       \
    "and u.status = 'active' and u.to_on between date_sub(p.to_date, interval 385 day) "             \
    "and date_sub(p.to_date, interval 345 day) limit 1)"
#define METERS "(select count(distinct u.meter_id) " ALL_USE ")"
#define LAST_READING                                                                                 \
    "(select u.to_reading_id " ALL_USE " order by u.to_on desc, u.id desc limit 1)"
#define READING_FROM                                                                                 \
    "bill_run_item i join bill_run r on r.id = i.run_id "                                            \
    "join bill_cycle_period p on p.id = r.bill_cycle_period_id join account a on a.id = i.account_id " \
    "join service_connection_holder h on h.account_id = i.account_id and h.from_on <= p.to_date "    \
    "and (h.to_on is null or h.to_on >= p.from_date) "                                               \
    "join service_connection s on s.id = h.service_connection_id and s.metered = 1 "                 \
    "and s.status in ('active', 'disconnected') "                                                    \
    "left join bill_run_reading d on d.run_id = i.run_id and d.service_connection_id = s.id"
#define READING_WHERE "i.run_id = ? and i.state not in ('skipped', 'rolled_back')"
/* High: more than twice the use before; low: less than half of it. */
#define IS_HIGH "coalesce(" USE " > 2 * " BEFORE ", 0)"
#define IS_LOW  "coalesce(" USE " > 0 and " USE " * 2 < " BEFORE ", 0)"
#define IS_ZERO "coalesce(" USE " = 0, 0)"

static const Choice reading_states[] = { { "actual", NULL }, { "estimated", NULL }, { "missing", NULL },
                                         { "waiting", NULL }, { 0 } };
static const Choice decisions[] = { { "estimated", NULL }, { "accepted", NULL }, { "check_reading", NULL },
                                    { "entered", NULL }, { 0 } };
static const Choice photo_look[] = { { "photo", "billing.run.photo_look" }, { 0 } };
static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };
static const ListBulk reading_bulk[] = { { "estimate", NULL, "bx.run", EDIT },
                                         { "check",  NULL, "bx.run", EDIT },
                                         { "accept", NULL, "bx.run", EDIT }, { 0 } };

/* Columns that are chosen, sorted and filtered by are read from the connection, or as a job stored them. */
#define READING_COLUMNS(connection_no_, account_no_, exchanged_, high_, low_, zero_, decision_, status_)     \
    COLUMNS {                                                                                                \
        { "connection_no", NULL, connection_no_, LIST | SORT | SEARCH_START, .kind = "code", .place = "id",  \
          .link = "/bx/runs/{run_no}/readings/{connection_no}", .sub = "account_no" },                       \
        { "account_no",    NULL, account_no_,    SEARCH_START },                                             \
        { "run_no",        NULL, "r.run_no",     0 },                                                        \
        { "start_e3",      NULL, "(select u.from_value_e3 " ALL_USE " order by u.from_on, u.id limit 1)",    \
          LIST },                                                                                            \
        { "end_e3",        NULL, "(select u.to_value_e3 " ALL_USE " order by u.to_on desc, u.id desc limit 1)", \
          LIST },                                                                                            \
        { "use_e3",        NULL, USE,       LIST, .place = "amount" },                                       \
        { "before_e3",     NULL, BEFORE,    LIST },                                                          \
        { "year_e3",       NULL, LAST_YEAR, LIST },                                                          \
        { "difference",    NULL, "if(" BEFORE " > 0, concat(if(" USE " >= " BEFORE ", '+', '\u2212'), "      \
          "round(abs(" USE " - " BEFORE ") * 100 / " BEFORE "), ' %'), null)", LIST, .kind = "num" },        \
        { "source",        NULL, "(select g.source from meter_reading g where g.id = " LAST_READING ")", LIST, \
          .kind = "status" },                                                                                \
        { "photo",         NULL, "(select if(g.document_id is null, null, 'photo') from meter_reading g "    \
          "where g.id = " LAST_READING ")", LIST,                                                            \
          .link = "/bx/runs/{run_no}/readings/{connection_no}/photo", .choices = photo_look },               \
        { "exchanged",     NULL, exchanged_, FILTER, .choices = yes_no, .more = 1 },                         \
        { "high",          NULL, high_,      FILTER, .choices = yes_no, .more = 1 },                         \
        { "low",           NULL, low_,       FILTER, .choices = yes_no, .more = 1 },                         \
        { "zero",          NULL, zero_,      FILTER, .choices = yes_no, .more = 1 },                         \
        { "decision",      NULL, decision_,  LIST | FILTER, .choices = decisions, .kind = "status" },        \
        { "status",        NULL, status_,    LIST | FILTER, .choices = reading_states, .place = "status" },  \
        { 0 } }

static const ListSpec readings = {
    .name = "run_readings", .path = "/bx/runs", .feature = "bx.run",
    .id = "s.id", .from = READING_FROM, .where = READING_WHERE,
    .columns = READING_COLUMNS("s.connection_no", "a.account_no", METERS " > 1", IS_HIGH, IS_LOW, IS_ZERO,
                               "d.decision", READ_STATUS),
    .order = "connection_no", .bulk = reading_bulk, .key = "connection_no" };

/* Of a large run: a page is chosen in one index, and the use is read of its rows only. */
static const ListSpec stored_readings = {
    .name = "run_readings", .path = "/bx/runs", .feature = "bx.run",
    .id = "x.id", .from = "bill_run_place x", .where = "x.run_id = ?", .index = "bill_run_place_list",
    .joins = FRAGMENTS { "join bill_run r on r.id = x.run_id",
                         "join bill_cycle_period p on p.id = r.bill_cycle_period_id",
                         "join service_connection s on s.id = x.service_connection_id", NULL },
    .columns = READING_COLUMNS("x.connection_no", "x.account_no", "x.exchanged", "x.high", "x.low", "x.zero",
                               "x.decision", "x.reading_status"),
    .order = "connection_no", .bulk = reading_bulk, .key = "connection_no" };

#define READ_COUNT(F, T) F(T, int64_t, actual) F(T, int64_t, estimated) F(T, int64_t, missing) F(T, int64_t, waiting) \
    F(T, int64_t, exchanged) F(T, int64_t, high) F(T, int64_t, low) F(T, int64_t, zero) F(T, int64_t, undecided)
ROW(ReadCount, READ_COUNT)

/* One pass over the use not billed yet of these places in the run's order: the run, above, up to. */
#define PLACE_STATES                                                                                                \
    "select i.run_id, h.id as holder_id, s.id as connection_id, i.account_id, i.seq, s.connection_no, a.account_no, " \
    "d.decision, coalesce(max(" NEAR_END "), 0) as near, coalesce(max(" NEAR_END " and u.is_estimated = 0), 0) "    \
    "as near_actual, count(distinct u.meter_id) as meters, sum(u.billing_quantity_e3) as used, "                    \
    BEFORE " as was, if(coalesce(max(" NEAR_END "), 0), 0, exists (select 1 from meter_reading g "                  \
    "where g.service_connection_id = s.id and g.read_on between date_sub(" END_DAY ", interval 5 day) "             \
    "and date_add(" END_DAY ", interval 5 day) and g.status in ('captured', 'pending', 'exempted'))) as waits "     \
    "from " READING_FROM " left join usage_segment u force index (usage_open) on u.service_connection_id = s.id "   \
    "and u.billing_status in ('unbilled', 'reserved') and u.status = 'active' "                                     \
    "and u.to_on <= date_add(p.to_date, interval 5 day) where " READING_WHERE " and i.seq > ? and i.seq <= ? "      \
    "group by h.id, s.id"

static ReadCount *count_readings(Ctx *c, Id run) {
    return db_one(c, ReadCount,
        "select coalesce(sum(x.near_actual), 0) as actual, coalesce(sum(x.near and not x.near_actual), 0) as "
        "estimated, coalesce(sum(not x.near and not x.waits), 0) as missing, coalesce(sum(x.waits), 0) as waiting, "
        "coalesce(sum(x.meters > 1), 0) as exchanged, coalesce(sum(x.used > 2 * x.was), 0) as high, "
        "coalesce(sum(x.used > 0 and x.used * 2 < x.was), 0) as low, coalesce(sum(x.used = 0), 0) as zero, "
        "0 as undecided from (" PLACE_STATES ") x", run, 0, INT32_MAX);
}

#define GONE_ROW(F, T) F(T, Id, id)
ROW(Gone, GONE_ROW)

/* What was stored of places that are in the run no longer. Looked for before: a delete would lock what it reads. */
static void forget_gone(Ctx *c, Id run, int64_t above, int64_t upto) {
    Gones gone = db_all(c, Gone, "select x.id from bill_run_place x where x.run_id=? and x.seq>? and x.seq<=? "
                                 "and not exists (select 1 from " READING_FROM " where i.run_id = x.run_id "
                                 "and i.account_id = x.account_id and h.id = x.holder_id "
                                 "and i.state not in ('skipped', 'rolled_back'))", run, above, upto);
    Id *ids = take_n(c, Id, gone.n + 1);
    for (size_t i = 0; i < gone.n; i++) ids[i] = gone.v[i].id;
    if (gone.n)
        db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j "
                  "straight_join bill_run_place x on x.id = j.id", json_ids(c, ids, gone.n));
}

/* Stored, and counted from what is stored. A place that has not changed is not written. */
static ReadCount *store_readings(Ctx *c, Id run, int64_t above, int64_t upto) {
    forget_gone(c, run, above, upto);
    db_run(c, "insert into bill_run_place (run_id, holder_id, service_connection_id, account_id, seq, connection_no, "
              "account_no, reading_status, exchanged, high, low, zero, decision) "
              "select x.run_id, x.holder_id, x.connection_id, x.account_id, x.seq, x.connection_no, x.account_no, "
              "case when x.near_actual then 'actual' when x.near then 'estimated' when x.waits then 'waiting' "
              "else 'missing' end, x.meters > 1, coalesce(x.used > 2 * x.was, 0), "
              "coalesce(x.used > 0 and x.used * 2 < x.was, 0), coalesce(x.used = 0, 0), x.decision "
              "from (" PLACE_STATES ") x on duplicate key update seq = values(seq), account_id = values(account_id), "
              "reading_status = values(reading_status), exchanged = values(exchanged), high = values(high), "
              "low = values(low), zero = values(zero), decision = values(decision)", run, above, upto);
    return db_one(c, ReadCount,
        "select coalesce(sum(reading_status = 'actual'), 0) as actual, "
        "coalesce(sum(reading_status = 'estimated'), 0) as estimated, "
        "coalesce(sum(reading_status = 'missing'), 0) as missing, "
        "coalesce(sum(reading_status = 'waiting'), 0) as waiting, coalesce(sum(exchanged), 0) as exchanged, "
        "coalesce(sum(high), 0) as high, coalesce(sum(low), 0) as low, coalesce(sum(zero), 0) as zero, "
        "0 as undecided from bill_run_place where run_id=? and seq>? and seq<=?", run, above, upto);
}

/* --- counted by a job --------------------------------------------------------------------------------------------- */

/* A small run is counted while its page waits; of a large one (run_is_large) pages show what a job stored. */
enum { COUNTED_A_STEP = 5000, COUNT_AGAIN_S = 10 };

static const struct { const char *name; size_t at; } count_names[] = {
    { "actual", offsetof(ReadCount, actual) },   { "estimated", offsetof(ReadCount, estimated) },
    { "missing", offsetof(ReadCount, missing) }, { "waiting", offsetof(ReadCount, waiting) },
    { "exchanged", offsetof(ReadCount, exchanged) }, { "high", offsetof(ReadCount, high) },
    { "low", offsetof(ReadCount, low) }, { "zero", offsetof(ReadCount, zero) },
    { "undecided", offsetof(ReadCount, undecided) } };
enum { COUNT_NAMES = sizeof count_names / sizeof *count_names };

static int64_t *count_at(ReadCount *n, size_t i) { return (int64_t *)(void *)((char *)n + count_names[i].at); }

static const char *counts_json(Ctx *c, ReadCount *n, int64_t upto) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "upto", upto);
    for (size_t i = 0; i < COUNT_NAMES; i++) json_add_int(&o, count_names[i].name, *count_at(n, i));
    json_close(&o);
    return t.s;
}

static int64_t counts_read(Ctx *c, const char *json, ReadCount *n) {
    int64_t upto = 0;
    Json j = json_read(&c->mem, json, strlen(json), 4096, NULL);
    json_int(j, "upto", &upto);
    for (size_t i = 0; i < COUNT_NAMES; i++) json_int(j, count_names[i].name, count_at(n, i));
    return upto;
}

/* All of one moment are counted by one job, some seconds later. */
static void count_soon(Ctx *c, Id run, int wait_s) {
    /* a press has a count of its own: one that runs may be past what was decided */
    int64_t moment = wait_s ? c->now.us / SECOND_US / COUNT_AGAIN_S : c->now.us;
    job_enqueue(c, &(NewJob){ .kind = "bill_run.readings", .payload = text(c, "{\"run\":%lld}", (long long)run.id),
                              .run_at = wait_s ? time_add_seconds(c->now, wait_s) : TIME_NONE,
                              .unique_key = text(c, "readings:%lld:%lld:%d", (long long)run.id, (long long)moment,
                                                 wait_s) });
}

void run_readings_count(Ctx *c, Id run) {
    if (run_is_large(c, run)) count_soon(c, run, 0);
}

#define READY_RUN(F, T) F(T, Id, id)
ROW(ReadyRun, READY_RUN)

void run_readings_changed(Ctx *c) {
    ReadyRuns l = db_all(c, ReadyRun, "select id from bill_run where utility_id=? and state='ready' "
                                      "and account_count>?", c->utility, setting_int(c, "bx.run_large", RUN_IS_LARGE));
    for (size_t i = 0; i < l.n; i++) count_soon(c, l.v[i].id, COUNT_AGAIN_S);
}

JobStep run_readings_job(Ctx *c, const JobRow *job) {
    int64_t id = 0, above = 0;
    json_int(json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL), "run", &id);
    const RunRow *run = run_get(c, (Id){ id });
    ReadCount sum = { 0 };
    if (job->cursor) above = counts_read(c, job->cursor, &sum);
    int64_t total = db_int(c, "select coalesce(max(seq), 0) from bill_run_item where run_id=?", run->id),
        upto = above + COUNTED_A_STEP;
    ReadCount *n = store_readings(c, run->id, above, upto);
    n->undecided = run_undecided_readings(c, run, above, upto);
    for (size_t i = 0; i < COUNT_NAMES; i++) *count_at(&sum, i) += *count_at(n, i);
    const char *json = counts_json(c, &sum, upto);
    job_progress(c, json, upto, total, 0);
    if (upto < total) return STEP_AGAIN;
    db_run(c, "update bill_run set reading_counts=?, readings_counted_at=? where id=?", json, c->now, run->id);
    return STEP_DONE;
}

#define COUNTED_ROW(F, T) F(T, const char *, counts) F(T, Time, counted_at)
ROW(Counted, COUNTED_ROW)

static Counted *counted(Ctx *c, Id run) {
    return db_find(c, Counted, "select reading_counts as counts, readings_counted_at as counted_at from bill_run "
                               "where id=? and account_count>? and reading_counts is not null", run,
                   setting_int(c, "bx.run_large", RUN_IS_LARGE));
}

int64_t run_undecided_shown(Ctx *c, const RunRow *run) {
    Counted *l = counted(c, run->id);
    ReadCount n = { 0 };
    if (l) counts_read(c, l->counts, &n);
    else if (!run_is_large(c, run->id))
        return run_undecided_readings(c, run, 0, INT32_MAX);
    return n.undecided;
}

/* NULL: a job is at it. */
static ReadCount *counts_of(Req *r, const RunRow *run) {
    if (!run_is_large(&r->c, run->id)) return count_readings(&r->c, run->id);
    Counted *l = counted(&r->c, run->id);
    if (!l) return NULL;
    ReadCount *n = take(r, sizeof *n);
    counts_read(&r->c, l->counts, n);
    show_text(r, "show.sections.0.sub", msg_format(r, r->c.language, "billing.run.readings_counted",
              { "at", locale_time_words(&r->c.mem, r->c.locale, l->counted_at) }));
    return n;
}

static void show_counting(Req *r, const RunRow *run) {
    show_text(r, "job.state", "running");
    show_text(r, "job.state_text", word(r, "billing.run.readings_counting"));
    show_text(r, "job.tone", "info");
    show_text(r, "job.poll_url", link_path(r, "/bx/runs/%s", run->run_no));
}

void run_stage_readings(Req *r, const RunRow *run) {
    static const struct { const char *key; size_t at; const char *filter; } cards[] = {
        { "billing.run.actual", 0, "status=actual" },     { "billing.run.estimated", 1, "status=estimated" },
        { "billing.run.missing", 2, "status=missing" },   { "billing.run.waiting", 3, "status=waiting" },
        { "billing.run.exchanged", 4, "exchanged=1" },    { "billing.run.high", 5, "high=1" },
        { "billing.run.low", 6, "low=1" },                { "billing.run.zero", 7, "zero=1" } };
    ReadCount *n = counts_of(r, run);
    if (!n && !strcmp(run->state, "ready")) show_counting(r, run);
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++)
        run_kpi(r, word(r, cards[i].key), n ? run_count(r, *count_at(n, cards[i].at)) : "-",
                link_path(r, "/bx/runs/%s/readings?%s", run->run_no, cards[i].filter), NULL);
    show_text(r, "show.sections.0.title", word(r, "billing.run.readings"));
    show_text(r, "show.sections.0.text", word(r, "billing.run.readings_how"));
    show_text(r, "show.sections.0.link.text", word(r, "billing.run.readings_all"));
    show_text(r, "show.sections.0.link.url", link_path(r, "/bx/runs/%s/readings", run->run_no));
}

static ListSpec readings_of(Req *r, const RunRow *run) {
    ListSpec spec = run_is_large(&r->c, run->id) ? stored_readings : readings;
    spec.path = spec.bulk_path = text(r, "/bx/runs/%s/readings", run->run_no);
    return spec;
}

/* Decisions are those of now, everything else is that of the last count. */
static void show_counted_at(Req *r, const RunRow *run) {
    Counted *l = counted(&r->c, run->id);
    show_text(r, "page.notices.0.text", l ? msg_format(r, r->c.language, "billing.run.readings_counted",
              { "at", locale_time_words(&r->c.mem, r->c.locale, l->counted_at) })
              : word(r, "billing.run.readings_counting"));
}

void run_readings_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    ListSpec spec = readings_of(r, run);
    list_show(r, &spec, run->id);
    if (r->status) return;                          /* answered with a file */
    if (run_is_large(&r->c, run->id)) show_counted_at(r, run);
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.run.readings_of", { "run", run->run_no }));
    show_text(r, "page.crumbs.0.text", word(r, "billing.run.runs"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs"));
    show_text(r, "page.crumbs.1.text", run->run_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/bx/runs/%s?stage=3", run->run_no));
    page(r, "layout/list");
}

/* --- deciding many ------------------------------------------------------------------------------------------------ */

#define SPOT_ROW(F, T) F(T, Id, connection) F(T, Id, account) F(T, Id, premise) F(T, Id, meter) \
    F(T, const char *, connection_no) F(T, const char *, account_no) F(T, const char *, meter_no) \
    F(T, const char *, status) F(T, const char *, decision)
ROW(Spot, SPOT_ROW)

/* A connection of the run by its number; NULL when it is none of it. */
static Spot *spot_of(Ctx *c, Id run, const char *connection_no) {
    return db_find(c, Spot, "select s.id as connection, a.id as account, s.premise_id as premise, s.meter_id as meter, "
                            "s.connection_no, a.account_no, (select m.meter_no from meter m where m.id = s.meter_id) "
                            "as meter_no, " READ_STATUS " as status, d.decision from " READING_FROM
                            " where " READING_WHERE " and s.connection_no = ?", run, connection_no);
}

static void decide(Ctx *c, const RunRow *run, Id connection, const char *decision, Id order) {
    db_run(c, "insert into bill_run_reading (run_id, service_connection_id, decision, service_order_id, decided_at, "
              "decided_by) values (?,?,?,?,?,?) on duplicate key update decision = values(decision), "
              "service_order_id = coalesce(values(service_order_id), service_order_id), "
              "decided_at = values(decided_at), decided_by = values(decided_by)",
           run->id, connection, decision, order, c->now, c->user);
    db_run(c, "update bill_run_place set decision=? where run_id=? and service_connection_id=?", decision, run->id,
           connection);
}

typedef struct { const RunRow *run; const char *bulk, *connection_no; } Decision;

static void decide_one(Ctx *c, void *arg) {
    const Decision *d = arg;
    Spot *s = spot_of(c, d->run->id, d->connection_no);
    if (!s) fail(c, NOT_FOUND, "%s is not in the run.", d->connection_no);
    if (!strcmp(d->bulk, "estimate")) {
        if (!mx_estimate(c, s->connection, (Id){ 0 }, d->run->to_date, true).is_known)
            fail(c, CONFLICT, "%s: there is no basis for an estimate.", s->connection_no);
        decide(c, d->run, s->connection, "estimated", (Id){ 0 });
    } else if (!strcmp(d->bulk, "accept")) {
        if (!strcmp(s->status, "missing")) fail(c, CONFLICT, "%s has no reading to accept.", s->connection_no);
        if (!strcmp(s->status, "waiting"))
            fail(c, CONFLICT, "%s: the reading waits for validation. Validate it in metering.", s->connection_no);
        decide(c, d->run, s->connection, "accepted", (Id){ 0 });
    } else {
        decide(c, d->run, s->connection, "check_reading", run_order_reading(c, d->run, s->connection));
    }
}

void run_readings_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    run_must_be(r, run, "ready");
    const char *bulk = field_text(r, "bulk");
    if (!bulk || (strcmp(bulk, "estimate") && strcmp(bulk, "accept") && strcmp(bulk, "check")))
        fail(r, INVALID, "Choose what is to be done.");
    RunKeys keys = { .c = &r->c };
    ListSpec spec = readings_of(r, run);
    list_chosen(r, &spec, run_key_add, &keys, READINGS_MOST, run->id);
    int64_t done = 0, refused = 0;
    Text why = text_start(r);
    for (size_t i = 0; i < keys.n; i++) {
        Decision d = { run, bulk, keys.v[i] };
        if (db_savepoint(&r->c, decide_one, &d)) done++;
        else if (refused++ < 5) text_addf(&why, " %s", r->c.failure.text);
    }
    run_readings_count(&r->c, run->id);
    audit_write(&r->c, &(Audit){ .action = bulk, .entity = "bill_run", .id = run->id, .number = run->run_no,
                                 .after = json_pairs(&r->c, "connections", run_count(r, done), NULL) });
    note(r, "%s%s", msg_format(r, r->c.language, text(r, "billing.run.readings_%s", bulk),
                               { "done", run_count(r, done) }, { "refused", run_count(r, refused) }),
         why.s ? why.s : "");
    go(r, "/bx/runs/%s?stage=3", run->run_no);
}

/* The check reading that was asked for has come in: nothing waits for it any more. */
void check_is_read(Ctx *c, const EventRow *e) {
    Id connection = run_payload_id(c, e, "service_connection_id");
    run_readings_changed(c);
    if (connection.id)
        db_run(c, "update bill_run_reading d join bill_run r on r.id = d.run_id set d.decision = 'entered', "
                  "d.decided_at = ? where r.utility_id = ? and r.run_flag = 1 and d.service_connection_id = ? "
                  "and d.decision = 'check_reading'", c->now, c->utility, connection);
}

/* --- one connection: its readings, and a reading entered or corrected in place ------------------------------------ */

static const Form reading_form = {
    .name = "run_reading",
    .fields = FIELDS {
        { "value",   READING(0, 0), .flags = REQUIRED },
        { "read_on", DATE_FIELD,    .flags = REQUIRED },
        { "cause",   TEXT(0, 20) },
        { "note",    LONG_TEXT(5, 250), .flags = REQUIRED },
        { 0 } } };

#define CAUSE_ROW(F, T) F(T, const char *, code) F(T, const char *, label)
ROW(Cause, CAUSE_ROW)

static void show_causes(Req *r, FormView *v) {
    Causes all = db_all(r, Cause, "select code, label from reading_reason_code where utility_id=? and active=1 "
                                  "and json_contains(contexts, '\"correction\"') order by sort, code", r->c.utility);
    form_set(v, "cause", "kind", "select");
    form_option(v, "cause", "", word(r, "billing.run.no_cause"));
    for (size_t i = 0; i < all.n; i++) form_option(v, "cause", all.v[i].code, all.v[i].label);
}

static Spot *spot_of_path(Req *r, const RunRow *run) {
    Spot *s = spot_of(&r->c, run->id, path_text(r, "connection"));
    if (!s) fail(r, NOT_FOUND, "This connection is not in the run.");
    return s;
}

static void show_uses(Req *r, const RunRow *run, const Spot *s) {
    show_text(r, "show.sections.0.title", word(r, "billing.run.use_to_bill"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "billing.run.use_to_bill"));
    table_column(t, word(r, "billing.run.meter"), "code", "id");
    table_column(t, word(r, "billing.run.from"), "date", NULL);
    table_column(t, word(r, "billing.run.start"), "num", NULL);
    table_column(t, word(r, "billing.run.to"), "date", "name");
    table_column(t, word(r, "billing.run.end"), "num", NULL);
    table_column(t, word(r, "billing.run.use"), "num", "amount");
    table_column(t, word(r, "billing.run.kind"), "status", "status");
    Segments uses = mx_open_segments(&r->c, s->connection, date_add_days(run->to_date, 5));
    Id bill = uses.n ? (Id){ 0 } : db_id(r, "select coalesce(bill_id, 0) from bill_run_item where run_id=? and "
                                            "account_id=?",
                                         run->id, s->account);
    if (bill.id) uses = mx_bill_segments_of(&r->c, bill);          /* a draft has taken it */
    for (size_t i = 0; i < uses.n; i++) {
        const Segment *u = &uses.v[i];
        if (u->connection.id != s->connection.id) continue;
        table_row(t, NULL);
        table_cell(t, u->meter_no);
        table_date(t, u->from);
        table_cell(t, reading_decimal(&r->c.mem, u->from_value));
        table_date(t, u->to);
        table_cell(t, reading_decimal(&r->c.mem, u->to_value));
        table_cell(t, text(r, "%s %s", reading_decimal(&r->c.mem, u->billing_quantity), u->billing_unit));
        table_state(t, u->is_estimated ? "estimated" : "actual");
    }
    table_empty(t, word(r, "billing.run.no_use"), NULL);
}

#define NEAR_ROW(F, T) F(T, const char *, meter_no) F(T, const char *, source) F(T, const char *, status) \
    F(T, Date, read_on) F(T, bool, has_value) F(T, Reading, value) F(T, Id, document)
ROW(Near, NEAR_ROW)
enum { NEAR_DAYS = 45, NEAR_SHOWN = 20 };

/* Readings of a connection near the end of the period, nearest first, whatever became of them. */
static Nears readings_about(Ctx *c, Id connection, Date day) {
    return db_all(c, Near, "select m.meter_no, g.source, g.status, g.read_on, g.value_e3 is not null as has_value, "
                           "coalesce(g.value_e3, 0) as value, g.document_id as document from meter_reading g "
                           "join meter m on m.id = g.meter_id where g.service_connection_id=? and g.read_on between "
                           "? and ? "
                           "order by abs(datediff(g.read_on, ?)), g.id desc limit ?",
                  connection, date_add_days(day, -NEAR_DAYS), date_add_days(day, NEAR_DAYS), day, NEAR_SHOWN);
}

static void show_readings(Req *r, const RunRow *run, const Spot *s) {
    show_text(r, "show.sections.1.title", word(r, "billing.run.readings_near"));
    TableView *t = table_start(r, "show.sections.1.table", word(r, "billing.run.readings_near"));
    table_column(t, word(r, "billing.run.date"), "date", "id");
    table_column(t, word(r, "billing.run.index"), "num", "amount");
    table_column(t, word(r, "billing.run.meter"), "code", "name");
    table_column(t, word(r, "billing.run.read_by"), "status", NULL);
    table_column(t, word(r, "billing.run.photo"), "text", NULL);
    table_column(t, word(r, "billing.run.state"), "status", "status");
    Nears rows = readings_about(&r->c, s->connection, run->to_date);
    for (size_t i = 0; i < rows.n; i++) {
        const Near *x = &rows.v[i];
        table_row(t, NULL);
        table_date(t, x->read_on);
        table_cell(t, x->has_value ? reading_decimal(&r->c.mem, x->value) : NULL);
        table_cell(t, x->meter_no);
        table_state(t, x->source);
        table_cell(t, x->document.id ? word(r, "billing.run.photo_look") : NULL);
        if (x->document.id)
            table_link(t, link_path(r, "/bx/runs/%s/readings/%s/photo", run->run_no, url_part(r, s->connection_no)));
        table_state(t, x->status);
    }
    table_empty(t, word(r, "billing.run.no_reading_near"), NULL);
}

void run_reading_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    Spot *s = spot_of_path(r, run);
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.run.readings_of", { "run", s->connection_no }));
    show_text(r, "page.crumbs.0.text", word(r, "billing.run.runs"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs"));
    show_text(r, "page.crumbs.1.text", run->run_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/bx/runs/%s?stage=3", run->run_no));
    show_text(r, "page.crumbs.2.text", word(r, "billing.run.readings"));
    show_text(r, "page.crumbs.2.url", link_path(r, "/bx/runs/%s/readings", run->run_no));
    show_text(r, "page.crumbs.3.text", s->connection_no);
    show_text(r, "show.status.text", state_label(r, s->status));
    show_text(r, "show.status.tone", state_tone(r, s->status));
    show_fact(r, "show.facts", word(r, "billing.run.account"), s->account_no, NULL);
    show_fact(r, "show.facts", word(r, "billing.run.meter"), s->meter_no ? s->meter_no : "-", NULL);
    if (s->decision) show_fact(r, "show.facts", word(r, "billing.run.decision"), state_label(r, s->decision), NULL);
    show_uses(r, run, s);
    show_readings(r, run, s);
    page(r, "layout/show");
    if (!s->meter.id || !perm_may(&r->c, "bx.run", EDIT)
        || (strcmp(run->state, "ready") && strcmp(run->state, "review")))
        return;
    show_text(r, "show.sections.2.title", word(r, "billing.run.reading_in_place"));
    show_text(r, "show.sections.2.text",
        word(r, !strcmp(run->state, "ready") ? "billing.run.reading_how" : "billing.run.reading_how_drafts"));
    FormView *v = form_show(r, "show.sections.2.form", &reading_form,
                            text(r, "/bx/runs/%s/readings/%s", run->run_no, url_part(r, s->connection_no)));
    form_date(v, "read_on", run->to_date);
    show_causes(r, v);
}

/* Takes the place of the passed reading of that day, or is a new one; NULL: it holds, else why it waits. */
static const char *save_reading(Req *r, const Spot *s, Input *in) {
    Date on = in_date(in, "read_on");
    Reading value = in_reading(in, "value");
    const char *words = in_text(in, "note"), *cause = in_text(in, "cause");
    Id there = db_id(r, "select id from meter_reading where service_connection_id=? and meter_id=? and read_on=? "
                        "and status='passed' order by id desc limit 1", s->connection, s->meter, on);
    if (there.id && !cause)
        fail_field(r, INVALID, "cause",
            "There is a reading of this day. Say what was wrong "
            "with it.");
    if (there.id) {
        Id made = reading_correct(&r->c, there, value, cause, words);
        const char *status = db_text(r, "select status from meter_reading where id=?", made);
        return !strcmp(status, "passed") ? NULL : state_label(r, status);
    }
    ReadingValue one = { NULL, true, value, "value" };
    Submitted got = reading_submit(&r->c, &(NewReading){ .meter = s->meter, .kind = "regular", .source = "edit",
                                                         .values = &one, .n = 1, .read_on = on, .at_field = "read_on",
                                                         .note = words });
    if (got.status && !strcmp(got.status, "passed")) return NULL;
    return got.problems ? got.problems : state_label(r, got.status);
}

/* The draft gives its use back first: what is reserved cannot be read anew. */
void run_reading_post(Req *r) {
    Input *in = form_read(r, &reading_form);
    problems_end(r);
    RunRow *run = run_of_path(r, "v2");
    run_must_be(r, run, "ready,review");
    Spot *s = spot_of_path(r, run);
    if (!s->meter.id) fail(r, CONFLICT, "%s has no meter.", s->connection_no);
    bool has_draft = !strcmp(run->state, "review");
    if (has_draft) run_again(&r->c, run, "error,held,calculated", &s->account, 1);
    const char *waits = save_reading(r, s, in);
    decide(&r->c, run, s->connection, "entered", (Id){ 0 });
    run_readings_count(&r->c, run->id);
    audit_write(&r->c, &(Audit){ .action = "correct_reading", .entity = "bill_run", .id = run->id,
                                 .number = run->run_no, .reason = in_text(in, "note"),
                                 .after = json_pairs(&r->c, "connection", s->connection_no, "index",
                                                     reading_decimal(&r->c.mem, in_reading(in, "value")), NULL) });
    if (has_draft) machine_move(&r->c, &run_v2, run->id, "recalculate", NULL, NULL);
    if (waits) note(r, "%s", msg_format(r, r->c.language, "billing.run.reading_waits", { "problems", waits }));
    else note(r, "%s", word(r, has_draft ? "billing.run.reading_recalculated" : "billing.run.reading_passed"));
    if (has_draft) go(r, "/bx/runs/%s", run->run_no);
    else go(r, "/bx/runs/%s/readings/%s", run->run_no, url_part(r, s->connection_no));
}

/* The photo of the reading that ends the period. */
void run_reading_photo(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    Spot *s = spot_of_path(r, run);
    Nears rows = readings_about(&r->c, s->connection, run->to_date);
    Id document = { 0 };
    for (size_t i = 0; i < rows.n && !document.id; i++) document = rows.v[i].document;
    if (!document.id) fail(r, NOT_FOUND, "There is no photo.");
    const Document *d = document_open(&r->c, document);
    audit_note(&r->c, "view", "document", d->id, d->file_name, NULL);
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}
