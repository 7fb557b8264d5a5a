/*
 * What one press does to all accounts or bills of a run (BX01US03; "Runs, workers, crashes"): checking, approval,
 * sending back, making anew, rolling back and cancelling. The decision is the run's, at once; what it does follows in
 * pieces, each a transaction of its own, by a job whose place is committed with the piece. A run of one piece is done
 * with in the press itself. Whatever stops a worker, the next one goes on, and a second press meets a run in another
 * state.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "lib/date.h"
#include "lib/json.h"

enum { PIECE = 500 };

static int piece_rows(Ctx *c) { return (int)setting_int(c, "bx.run_piece_rows", PIECE); }

static Id run_of_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t run = 0;
    if (!json_int(p, "run", &run)) job_give_up(c, "no run in %s", job->payload);
    return (Id){ run };
}

/* One job for each press: it is named by the run's version. */
static void enqueue(Ctx *c, Id run, const char *kind, int64_t cursor) {
    int64_t version = db_int(c, "select row_version from bill_run where id=?", run);
    job_enqueue(c, &(NewJob){ .kind = kind, .payload = text(c, "{\"run\":%lld,\"after\":%lld}", (long long)run.id,
                                                            (long long)cursor),
                              .unique_key = text(c, "%s:%lld:%lld", kind, (long long)run.id, (long long)version) });
}

/* --- approved, or drafts again ------------------------------------------------------------------------------------ */

#define STAND_ROW(F, T) F(T, const char *, state) F(T, bool, is_approved)
ROW(Stand, STAND_ROW)

/* The next piece of what the run's state asks for; true: there may be more. Published bills stay as they are. */
static bool mark_piece(Ctx *c, Id run) {
    Stand *s = db_one(c, Stand, "select state, approved_at is not null as is_approved from bill_run where id=? "
                                "lock in share mode", run);
    bool approves = !strcmp(s->state, "approved") && s->is_approved;
    if (!approves && (s->is_approved || !strcmp(s->state, "rolling_back"))) return false;
    int most = piece_rows(c);
    return db_run(c, "update bill force index (bill_run_sums) set status=? where bill_run_id=? and status=? limit ?",
                  approves ? "approved" : "draft", run, approves ? "draft" : "approved", most) == most;
}

void run_mark_bills(Ctx *c, Id run) {
    if (mark_piece(c, run)) enqueue(c, run, "bill_run.mark", 0);
}

int64_t run_marks_open(Ctx *c, const RunRow *run) {
    if (strcmp(run->state, "approved")) return 0;
    return db_int(c, "select count(*) from bill force index (bill_run_sums) where bill_run_id=? and status='draft'",
                  run->id);
}

JobStep run_mark_job(Ctx *c, const JobRow *job) { return mark_piece(c, run_of_job(c, job)) ? STEP_AGAIN : STEP_DONE; }

/* --- taken back --------------------------------------------------------------------------------------------------- */

#define BACK_ITEM(F, T) F(T, Id, id) F(T, int64_t, seq) F(T, Id, bill_id)
ROW(BackItem, BACK_ITEM)

/* Accounts behind `after` in the run's order; where the piece ended, 0: that was all. */
static int64_t back_piece(Ctx *c, Id run, int64_t after) {
    int most = piece_rows(c);
    BackItems rows = db_all(c, BackItem, "select id, seq, bill_id from bill_run_item force index (bill_run_item_order) "
                                         "where run_id=? and seq>? and state not in ('published', 'rolled_back') "
                                         "order by seq limit ? for update", run, after, most);
    Id *items = take_n(c, Id, rows.n + 1), *bills = take_n(c, Id, rows.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < rows.n; i++) {
        items[i] = rows.v[i].id;
        if (rows.v[i].bill_id.id) bills[n++] = rows.v[i].bill_id;
    }
    run_give_back(c, items, rows.n, bills, n, "rolled_back");
    return (int)rows.n == most ? rows.v[rows.n - 1].seq : 0;
}

static void back_ended(Ctx *c, Id run) {
    const char *ends_as = db_text(c, "select ends_as from bill_run where id=?", run),
        *mode = db_text(c, "select mode from bill_run where id=?", run);
    db_run(c, "update bill_exception set state='resolved', resolution='auto', resolved_at=? where run_id=? "
              "and state in ('open', 'assigned')", c->now, run);
    run_totals(c, run);
    machine_move_system(c, !strcmp(mode, "v1") ? &run_v1 : &run_v2, run, text(c, "end_%s", ends_as), NULL, NULL);
}

void run_take_back(Ctx *c, Id run, const char *ends_as) {
    db_run(c, "update bill_run set ends_as=?, finished_by=? where id=?", ends_as, c->user, run);
    int64_t after = back_piece(c, run, 0);
    if (after) enqueue(c, run, "bill_run.undo", after);
    else back_ended(c, run);
}

bool run_is_taken_back(Ctx *c, Id run) {
    return db_int(c, "select count(*) from smart360.job where tenant_id=? and state in ('ready', 'running') "
                     "and kind='bill_run.undo' and json_value(payload, '$.run')=?", c->tenant, run) > 0;
}

/* From the beginning: what is given back already is passed over. */
void run_take_back_again(Ctx *c, Id run) { enqueue(c, run, "bill_run.undo", 0); }

JobStep run_undo_job(Ctx *c, const JobRow *job) {
    Id run = run_of_job(c, job);
    const char *state = db_text(c, "select state from bill_run where id=? for update", run);
    if (!state || strcmp(state, "rolling_back")) return STEP_DONE;
    int64_t after = 0;
    if (job->cursor) count_parse(job->cursor, INT64_MAX, &after);
    else json_int(json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL), "after", &after);
    after = back_piece(c, run, after);
    if (!after) return back_ended(c, run), STEP_DONE;
    job_progress(c, text(c, "%lld", (long long)after), after,
                 db_int(c, "select account_count from bill_run where id=?", run), 0);
    return STEP_AGAIN;
}

/* --- checked, and looked through ---------------------------------------------------------------------------------- */

enum { CHECK_PIECE = 2000, LOOK_PIECE = 5000 };

bool run_is_large(Ctx *c, Id run) {
    return db_int(c, "select account_count from bill_run where id=?", run)
        > setting_int(c, "bx.run_large", RUN_IS_LARGE);
}

int64_t run_checked(Ctx *c, Id run) {
    return db_int(c, "select coalesce(check_after, -1) from bill_run where id=?", run);
}

static void checked_to(Ctx *c, Id run, int64_t place) {
    db_run(c, "update bill_run set check_after=nullif(?, -1) where id=?", place, run);
}

static int64_t places_of(Ctx *c, Id run) {
    return db_int(c, "select coalesce(max(seq), 0) from bill_run_item where run_id=?", run);
}

/* The run of a step, locked, and its place; NULL: it is past that, or the step was done by another job. */
static RunRow *run_at_step(Ctx *c, Id run, const char *states, int64_t *place) {
    const char *state = db_text(c, "select state from bill_run where id=? for update", run);
    *place = run_checked(c, run);
    if (*place < 0 || !state) return NULL;
    if (strstr(text(c, ",%s,", states), text(c, ",%s,", state))) return run_get(c, run);
    if (strcmp(state, "paused")) checked_to(c, run, -1);
    return NULL;
}

/* The next piece; true: there is more. */
static bool check_piece(Ctx *c, Id id, const JobRow *job) {
    int64_t above;
    const RunRow *run = run_at_step(c, id, "checking,ready", &above);
    if (!run) return false;
    int64_t upto = above + setting_int(c, "bx.run_piece_rows", CHECK_PIECE), last = places_of(c, id);
    run_check_places(c, run, above, upto);
    checked_to(c, id, upto < last ? upto : -1);
    if (job) job_progress(c, text(c, "%lld", (long long)upto), upto, last, 0);
    return upto < last;
}

void run_check_all(Ctx *c, Id run) {
    checked_to(c, run, 0);
    if (check_piece(c, run, NULL)) enqueue(c, run, "bill_run.check", 0);
}

JobStep run_check_job(Ctx *c, const JobRow *job) {
    return check_piece(c, run_of_job(c, job), job) ? STEP_AGAIN : STEP_DONE;
}

void run_look_through(Ctx *c, Id run) {
    db_run(c, "update bill_run set again=null where id=?", run);
    checked_to(c, run, 0);
    enqueue(c, run, "bill_run.look", 0);
}

JobStep run_look_job(Ctx *c, const JobRow *job) {
    Id id = run_of_job(c, job);
    int64_t above;
    const RunRow *run = run_at_step(c, id, "calculating", &above);
    if (!run) return STEP_DONE;
    int64_t upto = above + setting_int(c, "bx.run_piece_rows", LOOK_PIECE), last = places_of(c, id);
    if (run_undecided_readings(c, run, above, upto)) {
        checked_to(c, id, -1);
        machine_move_system(c, &run_v2, id, "undecided", NULL, NULL);
        return STEP_DONE;
    }
    checked_to(c, id, upto < last ? upto : -1);
    if (upto >= last) return run_work(c, id), STEP_DONE;
    job_progress(c, text(c, "%lld", (long long)upto), upto, last, 0);
    return STEP_AGAIN;
}

/* --- all drafts made anew ----------------------------------------------------------------------------------------- */

/* Drafts stay until the workers take them away for new ones. No worker begins before all of them wait: what it has
   made would be marked again. */
static void mark_again(Ctx *c, Id run, int64_t above, int64_t upto) {
    db_run(c, "update bill_run_item i force index (bill_run_item_order) set i.state='pending', i.attempt=0, "
              "i.amount_minor=null, i.error_code=null, i.error_text=null, i.claimed_by=null, i.lease_until=null, "
              "i.release_reason=null, i.released_by=null where i.run_id=? and i.seq>? and i.seq<=? "
              "and i.state in ('error', 'held', 'calculated') and case (select r.again from bill_run r where r.id="
              "i.run_id) when 'all' then 1 when 'failed' then i.state in ('error', 'held') else exists (select 1 "
              "from bill b where b.id=i.bill_id and b.stale=1) end", run, above, upto);
}

static bool again_piece(Ctx *c, Id id, const JobRow *job) {
    int64_t above;
    if (!run_at_step(c, id, "calculating,running", &above)) return false;
    int64_t upto = above + setting_int(c, "bx.run_piece_rows", CHECK_PIECE), last = places_of(c, id);
    mark_again(c, id, above, upto);
    checked_to(c, id, upto < last ? upto : -1);
    if (upto >= last) return run_work(c, id), false;
    if (job) job_progress(c, text(c, "%lld", (long long)upto), upto, last, 0);
    return true;
}

void run_again_all(Ctx *c, Id run, const char *which) {
    db_run(c, "update bill_run set again=?, last_actor_id=? where id=?", which, c->user, run);
    checked_to(c, run, 0);
    if (again_piece(c, run, NULL)) enqueue(c, run, "bill_run.again", 0);
}

void run_check_on(Ctx *c, Id run) {
    if (db_int(c, "select again is not null from bill_run where id=?", run)) enqueue(c, run, "bill_run.again", 0);
    else run_look_through(c, run);
}

JobStep run_again_job(Ctx *c, const JobRow *job) {
    return again_piece(c, run_of_job(c, job), job) ? STEP_AGAIN : STEP_DONE;
}
