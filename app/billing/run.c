/*
 * Bill runs: see run.h. Any number of workers claim chunks of items in order (the claim is committed first, with a
 * lease); then one transaction a chunk does everything for its accounts. When that fails it is repeated account by
 * account within savepoints. A worker that dies loses its open chunk only; unique keys make repetition harmless (I5,
 * I11).
 */
#include "app/billing/run.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/billing/billing.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/log.h"
#include "lib/worker.h"

/* --- making ------------------------------------------------------------------------------------------------------- */

#define PERIOD_ROW(F, T) F(T, Id, id) F(T, Id, cycle) F(T, const char *, label) F(T, const char *, state) \
    F(T, const char *, cycle_name) F(T, const char *, cycle_state) F(T, const char *, service_code) \
    F(T, const char *, service_name) \
    F(T, const char *, service_kind) F(T, Id, template) F(T, Date, from_date) F(T, Date, to_date)
ROW(PeriodRow, PERIOD_ROW)
#define ACTIVE_ROW(F, T) F(T, const char *, run_no) F(T, Time, started_at)
ROW(ActiveRow, ACTIVE_ROW)

static PeriodRow *period_get(Ctx *c, Id period) {
    PeriodRow *p = db_find(c, PeriodRow, "select p.id, y.id as cycle, p.label, p.state, y.name as cycle_name, y.state "
                                         "as cycle_state, y.service_code, coalesce(v.name, y.service_code) "
                                         "as service_name, coalesce(v.kind, 'water') as service_kind, "
                                         "y.template_id as template, p.from_date, p.to_date from bill_cycle_period p "
        "join bill_cycle y on y.id = p.cycle_id left join utility_service v on v.utility_id = y.utility_id "
        "and v.code = y.service_code "
        "where p.id = ? and p.utility_id = ?", period, c->utility);
    if (!p) fail(c, NOT_FOUND, "There is no such period.");
    return p;
}

/* The active version of the cycle's template, else of the default of the utility type; 0: none. */
static Id template_of(Ctx *c, const PeriodRow *p) {
    return db_id(c, "select v.id from bill_template t join bill_template_version v on v.template_id = t.id "
                    "and v.version_no = t.current_version and v.state = 'active' "
                    "where t.utility_id = ? and t.state = 'active' and (t.id = ? or (t.is_default = 1 "
                    "and t.utility_type = ?)) order by t.id = ? desc limit 1", c->utility, p->template, p->service_kind,
                 p->template);
}

static const char *month_word(Ctx *c, Date d) {
    static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August",
                                          "September", "October", "November", "December" };
    Ymd y = date_ymd(d);
    return text(c, "%s %d", months[y.month - 1], y.year);
}

static const char *clock_of(Ctx *c, Time t) {
    const Zone *zone = zone_find(utility_here(c)->time_zone);
    Local l = time_local(zone ? zone : zone_utc(), t);
    return text(c, "%02d:%02d", l.hour, l.minute);
}

typedef struct { Status status; const char *field, *text; } Refused;

static Refused taken(Ctx *c, const ActiveRow *a) {
    return (Refused){ CONFLICT, NULL, text(c, "Run %s is already billing this period (started %s).", a->run_no,
                                           clock_of(c, a->started_at)) };
}

/* `but`: the run that is being changed, which does not stand in its own way; 0: a new one. */
static Refused refused(Ctx *c, const NewRun *n, const PeriodRow *p, Id but) {
    if (!strcmp(p->state, "closed"))
        return (Refused){ CONFLICT, NULL, text(c, "Period %s of %s is closed.", p->label, p->cycle_name) };
    ActiveRow *a = n->simulate_only ? NULL : db_find(c, ActiveRow,
        "select run_no, coalesce(started_at, created_at) as started_at from bill_run where bill_cycle_period_id=? "
        "and not (id <=> ?) and (run_flag=1 or state='completed_with_errors') order by id desc limit 1", n->period,
            but);
    if (a) return taken(c, a);
    if (date_compare(n->due_date, n->bill_date) < 0)
        return (Refused){ INVALID, "due_date", "The due date is before the bill date." };
    if (db_int(c, "select count(*) from gl_period where utility_id=? and from_date<=? "
                  "and to_date>=? and state='closed'", c->utility, n->bill_date, n->bill_date))
        return (Refused){ INVALID, "bill_date",
                          text(c, "%s is closed in the general ledger. Choose a bill date in an open period.",
                               month_word(c, n->bill_date)) };
    if (!template_of(c, p).id)
        return (Refused){ INVALID, NULL, text(c, "No active bill template for %s.", p->service_name) };
    return (Refused){ 0 };
}

const char *run_refusal(Ctx *c, const NewRun *n) { return refused(c, n, period_get(c, n->period),
                                                                             (Id){ 0 }).text; }

static const char *options_json(Ctx *c, const NewRun *n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_bool(&o, "estimate", n->estimate);
    json_add_bool(&o, "release_held", n->release_held);
    if (n->true_up) json_add_text(&o, "true_up", n->true_up);
    if (n->simulate_only) json_add_bool(&o, "simulates", true);
    if (n->tariff_version.id) json_add_int(&o, "tariff_version", n->tariff_version.id);
    json_close(&o);
    return t.s;
}

/* The period, locked; fails with what stands in the way of this run. */
static PeriodRow *period_for(Ctx *c, const NewRun *n, Id but) {
    if (!db_id(c, "select id from bill_cycle_period where id=? for update", n->period).id)
        fail(c, NOT_FOUND, "There is no such period.");
    PeriodRow *p = period_get(c, n->period);
    if (n->template.id) p->template = n->template;
    /* As it is now, with the period locked, and not as this transaction saw it first. A simulation stands beside
       others. */
    ActiveRow *live = n->simulate_only ? NULL : db_find(c, ActiveRow,
        "select run_no, coalesce(started_at, created_at) as started_at from bill_run where bill_cycle_period_id=? "
        "and not (id <=> ?) and run_flag=1 limit 1 for update", n->period, but);
    Refused no = live ? taken(c, live) : refused(c, n, p, but);
    if (no.text) fail_at(c, no.status, no.field, __FILE__, __LINE__, "%s", no.text);
    return p;
}

static void items_make(Ctx *c, Id run, const NewRun *n, const PeriodRow *p) {
    if (n->sample_of > 0)
        db_run(c, "insert into bill_run_item (run_id, account_id, seq) "
                  "select ?, x.account_id, row_number() over (order by x.account_id) from (select account_id "
                  "from account_cycle where cycle_id=? and from_period<=? "
                  "and (to_period is null or to_period>=?) order by crc32(concat(account_id, ?)) limit ?) x", run,
               p->cycle, p->to_date, p->from_date, run.id, n->sample_of);
    else
        db_run(c, "insert into bill_run_item (run_id, account_id, seq) select ?, account_id, row_number() over (order "
                  "by account_id) from account_cycle where cycle_id=? and from_period<=? "
                  "and (to_period is null or to_period>=?)",
               run, p->cycle, p->to_date, p->from_date);
    db_run(c, "update bill_run set account_count=(select count(*) from bill_run_item where run_id=?) where id=?", run,
           run);
    if (!n->simulate_only)
        db_run(c, "update bill_cycle_period set state='running' where id=? and state in ('planned', 'open')",
               n->period);
}

Id run_create(Ctx *c, const NewRun *n) {
    PeriodRow *p = period_for(c, n, (Id){ 0 });
    bool v1 = !strcmp(n->mode, "v1");
    const char *run_no = series_next(c, "RUN-{YYYY}-{####}");
    Id run = db_insert(c, "insert into bill_run (utility_id, run_no, mode, bill_cycle_period_id, bill_date, due_date, "
                          "options, message, template_version_id, state, stage, sample_of, simulate_only, owner_id, "
                          "last_actor_id, started_at, started_by, created_by, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", c->utility, run_no, n->mode, n->period, n->bill_date,
            n->due_date, options_json(c, n), n->message, template_of(c, p), v1 ? "queued" : "setup", 1, n->sample_of,
        n->simulate_only, c->user, c->user, c->now, c->user, c->user, c->user);
    items_make(c, run, n, p);
    audit_write(c, &(Audit){ .action = "create", .entity = "bill_run", .id = run, .number = run_no, .version = 1,
                             .after = json_pairs(c, "mode", n->mode, "period", p->label, "cycle", p->cycle_name,
                                                 NULL) });
    return run;
}

/* The accounts are chosen anew: nothing has been made for them yet. */
void run_change(Ctx *c, const RunRow *run, const NewRun *n) {
    const char *state = db_text(c, "select state from bill_run where id=? for update", run->id);
    if (!state || strcmp(state, "setup"))
        fail(c, CONFLICT, "%s is past its first stage. Cancel it and make another one.", run->run_no);
    PeriodRow *p = period_for(c, n, run->id);
    db_run(c, "delete from bill_run_item where run_id=?", run->id);
    db_must(c, 1, CONFLICT, "update bill_run set bill_cycle_period_id=?, bill_date=?, due_date=?, options=?, "
                            "message=?, template_version_id=?, sample_of=?, simulate_only=?, last_actor_id=?, "
                            "updated_at=?, updated_by=?, row_version=row_version+1 where id=?", n->period, n->bill_date,
            n->due_date, options_json(c, n), n->message, template_of(c, p), n->sample_of, n->simulate_only, c->user,
            c->now, c->user, run->id);
    if (run->period.id != n->period.id || n->simulate_only)
        db_run(c, "update bill_cycle_period set state='open' where id=? and state='running' and not exists (select 1 "
                  "from bill_run x where x.bill_cycle_period_id=bill_cycle_period.id and x.run_flag=1)", run->period);
    items_make(c, run->id, n, p);
    audit_write(c, &(Audit){ .action = "edit", .entity = "bill_run", .id = run->id, .number = run->run_no,
                             .version = run->row_version + 1,
                             .before = json_pairs(c, "period", run->label, "bill_date",
                                                  date_iso(&c->mem, run->bill_date), "due_date",
                                                  date_iso(&c->mem, run->due_date), "options", run->options, NULL),
                             .after = json_pairs(c, "period", p->label, "bill_date", date_iso(&c->mem, n->bill_date),
                                                 "due_date", date_iso(&c->mem, n->due_date), "options",
                                                 options_json(c, n), NULL) });
}

#define RUN_SELECT "select r.id, r.run_no, r.mode, r.state, p.id as period, y.id as cycle, p.label, y.name " \
                   "as cycle_name, y.code as cycle_code, p.from_date, p.to_date, r.bill_date, r.due_date, r.stage, " \
                   "r.sample_of, r.simulate_only, y.four_eyes, " \
    "r.owner_id, r.last_actor_id, r.approver_id, r.started_at, r.finished_at, r.publish_at, r.checklist, r.message, " \
    "r.options, r.row_version, r.last_error, r.approval_note from bill_run r " \
    "join bill_cycle_period p on p.id = r.bill_cycle_period_id join bill_cycle y on y.id = p.cycle_id "

RunRow *run_get(Ctx *c, Id run) {
    RunRow *r = db_find(c, RunRow, RUN_SELECT "where r.id = ? and r.utility_id = ?", run, c->utility);
    if (!r) fail(c, NOT_FOUND, "There is no such run.");
    return r;
}

RunRow *run_find(Ctx *c, const char *run_no) {
    RunRow *r = db_find(c, RunRow, RUN_SELECT "where r.run_no = ? and r.utility_id = ?", run_no, c->utility);
    if (!r) fail(c, NOT_FOUND, "There is no run %s.", run_no);
    return r;
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

#define STATE_COUNT(F, T) F(T, const char *, state) F(T, int64_t, n) F(T, Money, amount)
ROW(StateCount, STATE_COUNT)

RunCounts run_counts(Ctx *c, Id run) {
    StateCounts rows = db_all(c, StateCount, "select state, count(*) as n, coalesce(sum(amount_minor), 0) as amount "
                                             "from bill_run_item force index (bill_run_item_work) where run_id=? "
                                             "group by state", run);
    RunCounts k = { 0 };
    for (size_t i = 0; i < rows.n; i++) {
        const StateCount *r = &rows.v[i];
        k.total += r->n;
        int64_t *to = !strcmp(r->state, "pending") ? &k.pending : !strcmp(r->state, "claimed")
            ? &k.claimed : !strcmp(r->state, "calculated") ? &k.calculated : !strcmp(r->state, "held") ? &k.held
            : !strcmp(r->state, "error") ? &k.error : !strcmp(r->state, "skipped")
                ? &k.skipped : !strcmp(r->state, "published") ? &k.published : &k.rolled_back;
        *to = r->n;
        if (to == &k.calculated || to == &k.published) k.amount = money_add(k.amount, r->amount);
    }
    k.tax = db_money(c, "select coalesce(sum(b.tax_minor), 0) from bill_run r straight_join bill b force index "
                        "(bill_run_sums) on b.bill_run_id=r.id and b.status in ('draft', 'approved', 'published', "
                        "if(r.simulate_only=1, 'discarded', '')) where r.id=?", run);
    if (k.claimed)
        k.workers = db_int(c, "select count(distinct claimed_by) from bill_run_item where run_id=? "
                              "and state='claimed' and lease_until > utc_timestamp(6)", run);
    k.stale = db_int(c, "select count(*) from bill force index (bill_run_sums) where bill_run_id=? "
                        "and status in ('draft', 'held', 'approved') and stale=1", run);
    return k;
}

int64_t run_done_lately(Ctx *c, Id run) {
    return db_int(c, "select count(*) from bill_run_item where run_id=? and done_at > ?", run,
                  time_add_seconds(c->now, -60));
}

void run_totals(Ctx *c, Id run) {
    RunCounts k = run_counts(c, run);
    db_run(c,
        "update bill_run set billed_count=?, held_count=?, error_count=?, skipped_count=?, amount_minor=?, "
        "tax_minor=?, usage_by_unit=(select json_objectagg(x.unit, x.qty) from "
        "(select usage_unit as unit, sum(usage_qty_micro) as qty "
        "from bill force index (bill_run_sums) where bill_run_id=? "
        "and usage_unit is not null and status in ('draft', 'approved', 'published') group by usage_unit) x) "
        "where id=?",
        k.published ? k.published : k.calculated, k.held, k.error, k.skipped, k.amount, k.tax, run, run);
}

void run_settle(Ctx *c, Id run) {
    RunCounts k = run_counts(c, run);
    run_totals(c, run);
    const RunRow *r = run_get(c, run);
    if (!strcmp(r->state, "completed_with_errors") && !k.pending && !k.claimed && !k.held && !k.error)
        machine_move_system(c, &run_v1, run, "settle", NULL, NULL);
}

/* --- workers: claim ----------------------------------------------------------------------------------------------- */

#define ITEM_ROW(F, T) F(T, Id, id) F(T, Id, account_id) F(T, Id, bill_id) F(T, int, attempt)
ROW(ItemRow, ITEM_ROW)

typedef struct Work {
    Id          run;
    const char *worker;             /* claimed_by: the job; one process at a time has it */
    const char *wants;              /* state of items that are to be done */
    bool        publishes, drafts, releases;
    BillScope   scope;
    size_t      chunk;
    Id          by;
    Id         *items, *accounts, *bills;
    size_t      n, bill_n;
    bool        is_over;            /* paused, cancelled: not ours to go on */
    bool        has_none;           /* nothing is left that is ours to do */
    bool        first;
} Work;

/* What the run's state asks of its workers; false: nothing. */
static bool task_of(Ctx *c, Work *w) {
    const char *state = db_text(c, "select state from bill_run where id=?", w->run);
    if (!state) return false;
    w->publishes = !strcmp(state, "running") || !strcmp(state, "publishing");
    w->drafts = !strcmp(state, "running") || !strcmp(state, "calculating");
    w->wants = !strcmp(state, "publishing") ? "calculated" : "pending";
    return w->publishes || w->drafts;
}

static void items_take(Ctx *c, Work *w, ItemRows rows) {
    w->items = take_n(c, Id, rows.n + 1);
    w->accounts = take_n(c, Id, rows.n + 1);
    w->bills = take_n(c, Id, rows.n + 1);
    w->n = w->bill_n = 0;
    for (size_t i = 0; i < rows.n; i++) {
        w->items[w->n] = rows.v[i].id;
        w->accounts[w->n++] = rows.v[i].account_id;
        if (rows.v[i].bill_id.id) w->bills[w->bill_n++] = rows.v[i].bill_id;
    }
}

/* By the index of states: that of the order alone would look at, and lock, all that is done already. */
#define CLAIM_SELECT "select id, account_id, bill_id, attempt from bill_run_item force index (bill_run_item_work) " \
                     "where run_id=? "
#define CLAIM_ORDER  "order by seq limit ? for update skip locked"

static void claim_tx(Ctx *c, void *arg) {
    Work *w = arg;
    w->n = 0;
    w->is_over = !task_of(c, w);
    if (w->is_over) return;
    ItemRows rows = { 0 };
    if (w->first)                   /* what a process before this one had claimed for the same job */
        rows = db_all(c, ItemRow, CLAIM_SELECT "and state='claimed' and claimed_by=? " CLAIM_ORDER, w->run, w->worker,
                      w->chunk);
    if (!rows.n) rows = db_all(c, ItemRow, CLAIM_SELECT "and state=? " CLAIM_ORDER, w->run, w->wants, w->chunk);
    if (!rows.n) rows = db_all(c, ItemRow, CLAIM_SELECT "and state='claimed' and (lease_until < utc_timestamp(6) "
                               "or claimed_by=?) " CLAIM_ORDER, w->run, w->worker, w->chunk);
    Id *tired = take_n(c, Id, rows.n + 1);
    size_t tired_n = 0, n = 0;
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.v[i].attempt >= RUN_ATTEMPTS) tired[tired_n++] = rows.v[i].id;
        else rows.v[n++] = rows.v[i];
    }
    rows.n = n;
    if (tired_n)
        db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_run_item i on i.id = "
                  "j.id set i.state='error', i.error_code='BX-E10', i.error_text='Account locked by another change for "
                  "more than 5 s', i.claimed_by=null, i.lease_until=null, i.done_at=?",
               json_ids(c, tired, tired_n), c->now);
    items_take(c, w, rows);
    if (tired_n && !w->n) return claim_tx(c, arg);
    if (w->n)
        db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_run_item i on i.id = "
                  "j.id set i.state='claimed', i.claimed_by=?, i.lease_until=timestampadd(second, ?, "
                  "utc_timestamp(6)), i.attempt=i.attempt+1",
               json_ids(c, w->items, w->n), w->worker, RUN_LEASE_S);
}

/* --- workers: one chunk ------------------------------------------------------------------------------------------- */

/* Still ours, and locked, so that nobody takes them when the lease runs out meanwhile. */
static void lock_items(Ctx *c, Work *w) {
    items_take(c, w, db_all(c, ItemRow, "select i.id, i.account_id, i.bill_id, i.attempt "
                                        "from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join "
                                        "bill_run_item i force index (primary) on i.id = j.id "
                                        "where i.run_id = ? and i.state = 'claimed' "
                                        "and i.claimed_by = ? order by i.id for update", json_ids(c, w->items, w->n),
                            w->run, w->worker));
}

static void release_held(Ctx *c, const BillCase *v, size_t n) {
    Id *bills = take_n(c, Id, n + 1);
    size_t held = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i].bill.id && v[i].draft.outcome == BILL_HELD) bills[held++] = v[i].bill;
    if (!held) return;
    const char *ids = json_ids(c, bills, held);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill b force index (primary) "
              "on b.id = j.id set b.status='draft' where b.status='held'", ids);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_exception e on e.bill_id "
              "= j.id set e.state='resolved', e.resolution='released', e.note='Released automatically by the option of "
              "the run', e.resolved_at=? where e.state in ('open', 'assigned')", ids, c->now);
}

static void do_accounts(Ctx *c, Work *w) {
    size_t n = 0;
    Id *publish = take_n(c, Id, w->n + 1);
    size_t publish_n = 0;
    if (w->drafts) {
        bill_discard(c, w->bills, w->bill_n);
        BillCase *v = bill_cases(c, &w->scope, w->accounts, w->n, &n);
        bill_cases_store(c, &w->scope, v, n);
        if (w->releases) release_held(c, v, n);
        for (size_t i = 0; w->publishes && i < n; i++)
            if (v[i].bill.id && (v[i].draft.outcome == BILL_MADE || w->releases)) publish[publish_n++] = v[i].bill;
    } else {
        for (size_t i = 0; i < w->bill_n; i++) publish[publish_n++] = w->bills[i];
    }
    bill_publish(c, publish, publish_n, &(Publishing){ .by = w->by });
}

static void chunk_tx(Ctx *c, void *arg) {
    Work *w = arg;
    lock_items(c, w);
    if (w->n) do_accounts(c, w);
}

static void one_account(Ctx *c, void *arg) { do_accounts(c, arg); }

/* Account by account: the good ones go on, the others say what is wrong. */
static void singly_tx(Ctx *c, void *arg) {
    Work *w = arg;
    lock_items(c, w);
    Work all = *w;
    for (size_t i = 0; i < all.n; i++) {
        Work one = all;
        one.items = &all.items[i], one.accounts = &all.accounts[i], one.n = 1;
        ItemRow *row = db_one(c, ItemRow, "select id, account_id, bill_id, attempt from bill_run_item where id=?",
                              all.items[i]);
        one.bills = &row->bill_id, one.bill_n = row->bill_id.id ? 1 : 0;
        if (db_savepoint(c, one_account, &one)) continue;
        log_warn("bill_run.account", LOG_INT("account", one.accounts[0].id), LOG_TEXT("error", c->failure.text),
                 LOG_TEXT("file", c->failure.file), LOG_INT("line", c->failure.line));
        const char *why = c->failure.status == BROKEN ? text(c, "Internal error: %.200s", c->failure.text)
            : c->failure.text;
        db_run(c, "update bill_run_item set state='error', error_code='BX-E99', error_text=left(?, 300), "
                  "claimed_by=null, lease_until=null, done_at=? where id=?", why, c->now, all.items[i]);
        db_run(c, "insert into bill_exception (utility_id, run_id, account_id, code, message, severity, opened_at) "
                  "values (?,?,?,'BX-E99',left(?, 300),'error',?) on duplicate key update message=values(message)",
               c->utility, w->run, one.accounts[0], why, c->now);
        db_run(c, "update bill_run set last_error=left(?, 500) where id=?", why, w->run);
    }
}

static void chunk_step(Ctx *c, void *arg) { job_step(c, chunk_tx, arg); }
static void singly_step(Ctx *c, void *arg) { job_step(c, singly_tx, arg); }

static void chunk_do(Ctx *c, Work *w) {
    if (attempt(c, chunk_step, w)) return;
    Failure f = c->failure;
    db_reset(c->db);
    if (f.status == UNKNOWN || (f.status == CONFLICT && strstr(f.text, "belongs to somebody else"))) fail_again(c);
    log_warn("bill_run.chunk", LOG_INT("run", w->run.id), LOG_TEXT("error", f.text), LOG_TEXT("file", f.file),
             LOG_INT("line", f.line));
    if (f.status == DOWN || f.status == RETRY) return;         /* claimed by us still: taken again, at most so often */
    singly_step(c, w);
}

/* --- workers: the end --------------------------------------------------------------------------------------------- */

static void finish_tx(Ctx *c, void *arg) {
    Work *w = arg;
    const char *state = db_text(c, "select state from bill_run where id=? for update", w->run);
    if (!state || (strcmp(state, "running") && strcmp(state, "calculating") && strcmp(state, "publishing"))) return;
    int64_t open = db_int(c, "select count(*) from bill_run_item where run_id=? and state in ('claimed', ?)", w->run,
                          !strcmp(state, "publishing") ? "calculated" : "pending");
    if (open) return;
    RunCounts k = run_counts(c, w->run);
    run_totals(c, w->run);
    db_run(c, "update bill_run set finished_at=? where id=?", c->now, w->run);
    if (!strcmp(state, "running"))
        machine_move_system(c, &run_v1, w->run, k.held || k.error ? "finish_with_errors" : "finish", NULL, NULL);
    else if (!strcmp(state, "publishing")) machine_move_system(c, &run_v2, w->run, "finish", NULL, NULL);
    else machine_move_system(c, &run_v2, w->run, run_get(c, w->run)->simulate_only ? "simulated" : "calculated", NULL,
                             NULL);
}

static void preload_tx(Ctx *c, void *arg) {
    Work *w = arg;
    if (!task_of(c, w)) { w->is_over = true; return; }
    w->scope = bill_scope_of_run(c, w->run);
    w->releases = db_int(c, "select coalesce(json_value(options, '$.release_held') = 1, 0) from bill_run where id=?",
                         w->run) != 0;
    w->by = db_id(c, "select coalesce(approver_id, started_by) from bill_run where id=?", w->run);
    w->chunk = (size_t)setting_int(c, "bx.run_chunk_rows", RUN_CHUNK);
    if (w->chunk < 1 || w->chunk > BILL_CHUNK_MAX) w->chunk = RUN_CHUNK;
    utility_today(c);
    gl_by_key(c, "AR");
    plan_book(c, date_add_days(w->scope.from, -400), w->scope.to, w->scope.normal_days_micro);
    int n;
    plan_taxes(c, &n);
}

static void start_tx(Ctx *c, void *arg) {
    Work *w = arg;
    const char *state = db_text(c, "select state from bill_run where id=? for update", w->run);
    if (state && !strcmp(state, "queued")) machine_move_system(c, &run_v1, w->run, "start", NULL, NULL);
}

/* Accounts that are nobody else's to do, and yet could not be claimed: their rows are locked by the connection of a
   worker that was killed, until the server notices, or by somebody who claims them now. */
static bool waits_for_rows(Ctx *c, const Work *w) {
    return db_int(c, "select exists (select 1 from bill_run_item where run_id=? and (state=? or (state='claimed' "
                     "and claimed_by=?)))", w->run, w->wants, w->worker);
}

/* Claims and does chunks for a while; true: there is more. */
static bool work_for(Ctx *c, Work *w, int seconds) {
    int64_t until = time_ticking_us() + seconds * SECOND_US;
    db_tx(c, DB_WRITE, start_tx, w, NULL);
    db_tx(c, DB_READ, preload_tx, w, NULL);
    w->first = true;
    while (!w->is_over) {
        ArenaMark m = mark(c);
        c->now = clock_now();
        db_tx(c, DB_QUEUE, claim_tx, w, NULL);
        w->first = false;
        if (w->n) chunk_do(c, w);
        else if (!w->is_over && waits_for_rows(c, w)) nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
        else w->has_none = true;
        rewind_to(c, m);
        if (w->is_over || w->has_none) break;
        if (worker_stopping || time_ticking_us() > until) return true;
    }
    if (!w->is_over) db_tx(c, DB_WRITE, finish_tx, w, NULL);
    return false;
}

JobStep run_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t run = 0;
    if (!json_int(p, "run", &run)) job_give_up(c, "no run in %s", job->payload);
    Work w = { .run = { run }, .worker = text(c, "job %lld", (long long)job->id.id) };
    return work_for(c, &w, RUN_SLICE_S) ? STEP_AGAIN : STEP_DONE;
}

/* Each start has jobs of its own: one that is just ending must not swallow the new one. */
void run_work(Ctx *c, Id run) {
    int64_t workers = setting_int(c, "bx.run_workers", sysconf(_SC_NPROCESSORS_ONLN));
    int64_t version = db_int(c, "select row_version from bill_run where id=?", run);
    for (int64_t i = 0; i < workers && i < 16; i++)
        job_enqueue(c, &(NewJob){ .kind = "bill_run.work", .payload = text(c, "{\"run\":%lld}", (long long)run.id),
                                  .unique_key = text(c, "run:%lld:%lld:%lld", (long long)run.id, (long long)version,
                                                     (long long)i) });
    db_run(c, "update bill_run set workers=? where id=?", workers, run);
}

void run_drain(Ctx *c, Id run) {
    Work w = { .run = run, .worker = text(c, "command %lld", (long long)getpid()) };
    while (work_for(c, &w, 3600)) if (worker_stopping) return;
}

JobStep run_publish_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t run = 0;
    json_int(p, "run", &run);
    Id id = { run };
    const RunRow *r = run_get(c, id);
    if (strcmp(r->state, "approved") || !time_is_set(r->publish_at) || time_compare(r->publish_at, c->now) > 0)
        return STEP_DONE;
    machine_move_system(c, &run_v2, id, "publish", NULL, NULL);
    return STEP_DONE;
}

/* --- decisions on single accounts --------------------------------------------------------------------------------- */

#define ITEM_NOW(F, T) F(T, Id, id) F(T, const char *, state) F(T, Id, bill_id) F(T, const char *, release_reason) \
    F(T, const char *, released_by) F(T, const char *, account_no)
ROW(ItemNow, ITEM_NOW)

#define ITEM_SELECT "select i.id, i.state, i.bill_id, i.release_reason, u.full_name as released_by, a.account_no " \
                    "from bill_run_item i join account a on a.id = i.account_id " \
                    "left join user u on u.id = i.released_by "

static ItemNow *item_lock(Ctx *c, Id run, Id account) {
    ItemNow *i = db_find(c, ItemNow, ITEM_SELECT "where i.run_id=? and i.account_id=? for update", run, account);
    if (!i) fail(c, NOT_FOUND, "This account is not in the run.");
    return i;
}

static void exceptions_end(Ctx *c, Id run, Id account, const char *state, const char *resolution, const char *note) {
    db_run(c, "update bill_exception set state=?, resolution=?, note=?, resolved_at=?, resolved_by=? where run_id=? "
              "and account_id=? and state in ('open', 'assigned')", state, resolution, note, c->now, c->user, run,
           account);
    event_emit(c, &(Event){ .name = "bill_exception.resolved", .entity = "bill_run", .id = run, .account = account,
                            .payload = json_pairs(c, "resolution", resolution, NULL) });
}

static void acted(Ctx *c, Id run) { db_run(c, "update bill_run set last_actor_id=? where id=?", c->user, run); }

static void check_held(Ctx *c, const ItemNow *i) {
    if (!strcmp(i->state, "held")) return;
    if (i->release_reason)
        fail(c, CONFLICT, "%s was released by %s: %s", i->account_no, i->released_by ? i->released_by : "the system",
             i->release_reason);
    fail(c, CONFLICT, "%s is %s.", i->account_no, i->state);
}

void run_release_check(Ctx *c, Id run, Id account) {
    ItemNow *i = db_find(c, ItemNow, ITEM_SELECT "where i.run_id=? and i.account_id=?", run, account);
    if (i) check_held(c, i);
}

void run_release_item(Ctx *c, const RunRow *run, Id account, const char *reason) {
    ItemNow *i = item_lock(c, run->id, account);
    check_held(c, i);
    db_must(c, 1, CONFLICT, "update bill set status='draft', hold_code=null, updated_at=?, updated_by=?, "
                            "row_version=row_version+1 where id=? and status='held'", c->now, c->user, i->bill_id);
    db_run(c, "update bill_run_item set state='calculated', release_reason=?, released_by=?, error_code=null, "
              "error_text=null where id=?", reason, c->user, i->id);
    exceptions_end(c, run->id, account, "resolved", "released", reason);
    int64_t version = db_int(c, "select row_version from bill where id=?", i->bill_id);
    audit_write(c, &(Audit){ .action = "release", .entity = "bill", .id = i->bill_id, .number = i->account_no,
                             .version = version, .before = json_pairs(c, "status", "held", NULL),
                             .after = json_pairs(c, "status", "draft", NULL), .reason = reason });
    acted(c, run->id);
}

void run_leave_out(Ctx *c, const RunRow *run, Id account, const char *reason) {
    ItemNow *i = item_lock(c, run->id, account);
    if (!strcmp(i->state, "published") || !strcmp(i->state, "claimed") || !strcmp(i->state, "skipped")
        || !strcmp(i->state, "rolled_back")) fail(c, CONFLICT, "%s is %s.", i->account_no, i->state);
    if (i->bill_id.id) bill_discard(c, &i->bill_id, 1);
    db_run(c, "update bill_run_item set state='skipped', skip_reason=?, error_code=null, error_text=null, "
              "bill_id=null, amount_minor=null, done_at=? where id=?", reason, c->now, i->id);
    exceptions_end(c, run->id, account, "left_out", "left_out", reason);
    audit_write(c, &(Audit){ .action = "leave_out", .entity = "bill_run", .id = run->id, .number = run->run_no,
                             .after = json_pairs(c, "account", i->account_no, NULL), .reason = reason });
    acted(c, run->id);
}

enum { AGAIN_A_STATEMENT = 5000 };
#define BILL_OF_ITEM(F, T) F(T, Id, id) F(T, Id, bill_id)
ROW(BillOfItem, BILL_OF_ITEM)

void run_give_back(Ctx *c, const Id *items, size_t n, const Id *bills, size_t bill_n, const char *state) {
    if (!n) return;
    bill_discard(c, bills, bill_n);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_run_item i force index "
              "(primary) on i.id = j.id set i.state=?, i.attempt=0, i.bill_id=null, i.amount_minor=null, i.stale=0, "
              "i.error_code=null, i.error_text=null, i.claimed_by=null, i.lease_until=null, i.release_reason=null, "
              "i.released_by=null", json_ids(c, items, n), state);
}

static int64_t give_back(Ctx *c, BillOfItems rows, const char *state) {
    for (size_t i = 0; i < rows.n; i += BILL_CHUNK_MAX) {
        size_t end = i + BILL_CHUNK_MAX < rows.n ? i + BILL_CHUNK_MAX : rows.n, bills = 0;
        Id *items = take_n(c, Id, end - i), *ids = take_n(c, Id, end - i);
        for (size_t k = i; k < end; k++) {
            items[k - i] = rows.v[k].id;
            if (rows.v[k].bill_id.id) ids[bills++] = rows.v[k].bill_id;
        }
        run_give_back(c, items, end - i, ids, bills, state);
    }
    return (int64_t)rows.n;
}

/* Many: their drafts stay until the workers make them anew, which takes the old ones away in the same transaction. */
static int64_t again_later(Ctx *c, Id run, const char *states, const Id *accounts, size_t n) {
    int64_t done = 0;
    for (size_t i = 0; i < n; i += AGAIN_A_STATEMENT)
        done += db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_run_item i "
                          "on i.account_id=j.id and i.run_id=? set i.state='pending', i.attempt=0, "
                          "i.amount_minor=null, i.error_code=null, i.error_text=null, i.claimed_by=null, "
                          "i.lease_until=null, i.release_reason=null, i.released_by=null where find_in_set(i.state, ?)",
                       json_ids(c, accounts + i, n - i < AGAIN_A_STATEMENT ? n - i : AGAIN_A_STATEMENT), run, states);
    return done;
}

int64_t run_again(Ctx *c, const RunRow *run, const char *states, const Id *accounts, size_t n) {
    acted(c, run->id);
    if (n > BILL_CHUNK_MAX) return again_later(c, run->id, states, accounts, n);
    return give_back(c, db_all(c, BillOfItem, "select i.id, i.bill_id from json_table(?, '$[*]' columns (id bigint "
                                              "path '$')) j straight_join bill_run_item i on i.account_id = j.id "
                                              "and i.run_id = ? where find_in_set(i.state, ?) order by i.id for update",
                               json_ids(c, accounts, n), run->id, states), "pending");
}

int64_t run_roll_back(Ctx *c, const RunRow *run, const Id *accounts, size_t n) {
    const char *ids = json_ids(c, accounts, n);
    BillOfItems rows = db_all(c, BillOfItem, "select i.id, i.bill_id from json_table(?, '$[*]' columns (id bigint path "
                                             "'$')) j straight_join bill_run_item i on i.account_id = j.id "
                                             "and i.run_id = ? where i.state not in ('published', 'rolled_back') "
                                             "order by i.id for update", ids, run->id);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_exception e "
              "on e.run_id=? and e.account_id=j.id set e.state='resolved', e.resolution='auto', e.resolved_at=? "
              "where e.state in ('open', 'assigned')", ids, run->id, c->now);
    return give_back(c, rows, "rolled_back");
}
