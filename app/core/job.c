/*
 * The job queue: enqueue, claim, run in steps, sweep. See job.h and assurance "Job queue: exact semantics" (I11).
 */
#include "app/core/job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/core/registry.h"
#include "lib/clock.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/log.h"
#include "lib/worker.h"

enum { SWEEP_ROWS = 20, ERROR_MAX = 2000, FULL_MAX = 8 };

const char *const job_classes[] = { "payments", "messages", "bills", "imports", "documents", "general", NULL };

const JobHandler *job_handler(const char *kind) {
    const JobHandler *table;
    for (int i = 0; (table = registered_jobs(i)); i++)
        for (; table->kind; table++)
            if (!strcmp(table->kind, kind)) return table;
    return NULL;
}

/* --- enqueue ------------------------------------------------------------------------------------------------------ */

static void ring(Ctx *c, void *class) { jobs_ring(class, c->tenant); }

static bool is_own(Id job);                     /* the job of this process, which runs */

static const char *actor_kind(const Ctx *c) {
    return c->realm == REALM_STAFF ? "user" : c->realm == REALM_PORTAL ? "portal_user" : c->realm == REALM_PLATFORM
        ? "platform" : "system";
}

/* The literal of job_classes, which outlives the transaction. */
static const char *class_of(Ctx *c, const NewJob *job, const JobHandler *handler) {
    const char *class = job->class ? job->class : handler && handler->class ? handler->class : handler
        ? "general" : NULL;
    for (const char *const *known = job_classes; class && *known; known++)
        if (!strcmp(*known, class)) return *known;
    fail(c, BROKEN, class ? "job %s: there is no class %s" : "job %s: no handler is registered", job->kind, class);
}

#define TWIN_ROW(F, T) F(T, Id, id) F(T, bool, has_begun) F(T, bool, is_asked)
ROW(Twin, TWIN_ROW)

/* Locked until the caller commits: one that waits is not claimed before, one that runs does not end before. */
static Twin *twin_lock(Ctx *c, const NewJob *job, Time run_at) {
    return db_find(c, Twin,
                   "select id, state='running' or `cursor` is not null as has_begun, "
                   "coalesce(again_at <= coalesce(?, timestampadd(microsecond, ?, utc_timestamp(6))), 0) as is_asked "
                   "from smart360.job where tenant_key=? and kind=? and unique_key=? and live=1 lock in share mode",
                   run_at, clock_offset_us(), c->tenant.id, job->kind, job->unique_key);
}

/* It may have read what the caller changes only now: once it has ended, another of its kind runs (job_again). */
static bool twin_ask(Ctx *c, Id twin, Time run_at) {
    return db_run(c, "update smart360.job set again_at=least(coalesce(again_at, '9999-12-31'), "
                     "coalesce(?, timestampadd(microsecond, ?, utc_timestamp(6)))) where id=? and live=1",
                  run_at, clock_offset_us(), twin) == 1;
}

Id job_enqueue(Ctx *c, const NewJob *job) {
    const JobHandler *handler = job_handler(job->kind);
    const char *class = class_of(c, job, handler);
    /* else by the database's clock */
    Time run_at = job->run_at.us && time_is_set(job->run_at) ? job->run_at : TIME_NONE;
    int attempts = job->max_attempts ? job->max_attempts : handler && handler->max_attempts ? handler->max_attempts
        : JOB_ATTEMPTS;
    if (!time_is_set(run_at) || run_at.us <= c->now.us) db_after_commit(c, ring, (void *)(uintptr_t)class);
    for (int round = 0; round < 3; round++) {
        Id new = db_add_id(
            c,
            "insert into smart360.job (tenant_id, utility_id, kind, class, payload, unique_key, priority, run_at, "
            "max_attempts, actor_kind, actor_id) "
            "values (?,?,?,?,?,?,?,coalesce(?, timestampadd(microsecond, ?, utc_timestamp(6))),?,?,?)",
            c->tenant, c->utility, job->kind, class, job->payload, job->unique_key, job->priority ? job->priority : 100,
            run_at, clock_offset_us(), attempts, actor_kind(c), c->user);
        if (new.id) return new;
        Twin *twin = twin_lock(c, job, run_at);
        if (!twin) continue;                /* it ended between the two statements */
        bool knows = !twin->has_begun || twin->is_asked || job->joins || is_own(twin->id);
        if (knows || twin_ask(c, twin->id, run_at)) return twin->id;
    }
    fail(c, RETRY, "job %s: its twin ends all the time", job->kind);
}

/* --- claim -------------------------------------------------------------------------------------------------------- */

#define FULL_ROW(F, T) F(T, int64_t, tenant_key) F(T, const char *, kind)
ROW(FullRow, FULL_ROW)

typedef struct Claiming { const char *class, *worker; int share; Id found; } Claiming;

/* The due job that goes first; kinds of tenants that already have
 * their share of the workers are left out when there are any. */
static Id first_due(Ctx *c, const Claiming *k, const FullRows *full) {
    FullRow out[FULL_MAX];
    for (size_t i = 0; i < FULL_MAX; i++) out[i] = i < full->n ? full->v[i] : (FullRow){ -1, "" };
    return db_id(c, "select id from smart360.job force index (job_claim) "
                    "where state='ready' and class=? and run_at <= timestampadd(microsecond, ?, utc_timestamp(6)) "
                    "and not (tenant_key=? and kind=?) and not (tenant_key=? and kind=?) and not (tenant_key=? "
                    "and kind=?) and not (tenant_key=? and kind=?) "
                    "and not (tenant_key=? and kind=?) and not (tenant_key=? and kind=?) and not (tenant_key=? "
                    "and kind=?) and not (tenant_key=? and kind=?) "
                    "order by priority, run_at, id limit 1 for update skip locked",
                 k->class, clock_offset_us(), out[0].tenant_key, out[0].kind, out[1].tenant_key, out[1].kind,
                     out[2].tenant_key, out[2].kind,
                 out[3].tenant_key, out[3].kind, out[4].tenant_key, out[4].kind, out[5].tenant_key, out[5].kind,
                     out[6].tenant_key, out[6].kind,
                 out[7].tenant_key, out[7].kind);
}

static void claim_work(Ctx *c, void *arg) {
    Claiming *k = arg;
    FullRows full = db_all(c, FullRow, "select tenant_key, kind from smart360.job where state='running' and class=? "
                                       "group by tenant_key, kind having count(*) >= ? limit 8", k->class, k->share);
    k->found = first_due(c, k, &full);
    /* nobody else waits: all workers may help */
    if (!k->found.id && full.n) k->found = first_due(c, k, &(FullRows){ 0 });
    if (k->found.id)
        db_must(c, 1, RETRY, "update smart360.job set state='running', attempts=attempts+1, token=token+1, worker=?, "
                             "lease_until=timestampadd(second, ?, utc_timestamp(6)), started_at=utc_timestamp(6) "
                             "where id=? and state='ready'", k->worker, JOB_LEASE_S, k->found);
}

Claim *job_claim(Ctx *c, const char *class, const char *worker, int share) {
    bool due = db_int(c, "select exists (select 1 from smart360.job force index (job_claim) where state='ready' "
                         "and class=? and run_at <= timestampadd(microsecond, ?, utc_timestamp(6)))",
                      class, clock_offset_us());
    if (!due) return NULL;
    Claiming k = { class, worker, share < 1 ? 1 : share, { 0 } };
    db_tx(c, DB_QUEUE, claim_work, &k, NULL);
    if (!k.found.id) return NULL;
    return db_find(c, Claim, "select id, tenant_id, utility_id, kind, class, payload, unique_key, `cursor`, token, "
                             "steps, attempts, max_attempts, crashes, actor_id "
                             "from smart360.job where id=? and state='running' and worker=?", k.found, worker);
}

/* --- running ------------------------------------------------------------------------------------------------------ */

typedef struct Progress { bool set; const char *cursor; int64_t done, total, errors; } Progress;

typedef struct Run {
    const Claim      *claim;
    const JobHandler *handler;
    JobRow            row;
    Progress          progress;
    JobStep           result;
    int               steps;            /* committed so far, as the row has them */
    bool              lost, is_permanent;
} Run;

static Run *running;                    /* the job of this process, for job_progress and job_give_up */

static bool is_own(Id job) { return running && running->claim->id.id == job.id; }

void job_give_up(Ctx *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *why = arena_vtext(&c->mem, format, args);
    va_end(args);
    if (running) running->is_permanent = true;
    fail(c, BROKEN, "%s", why);
}

static _Noreturn void lost(Ctx *c, Run *r) {
    r->lost = true;
    fail(c, CONFLICT, "job %lld belongs to somebody else by now", (long long)r->claim->id.id);
}

/* Progress, the step's number and a fresh lease; only while the
 * job is ours. Done in the transaction of the step's effects. */
static void keep_step(Ctx *c, Run *r, bool done) {
    const Progress *p = &r->progress;
    Bind none = { 0 };
    int64_t rows = db_run(c,
        "update smart360.job set state=if(?, 'done', state), ended_at=if(?, utc_timestamp(6), null), error=if(?, "
        "null, error), lease_until=if(?, null, timestampadd(second, ?, utc_timestamp(6))), steps=steps+1, "
        "attempts=if(?, attempts, 1), crashes=if(?, crashes, 0), `cursor`=coalesce(?, `cursor`), "
        "progress_done=coalesce(?, progress_done), progress_total=coalesce(?, progress_total), "
        "progress_errors=coalesce(?, progress_errors) where id=? and token=? and state='running'",
        done, done, done, done, JOB_LEASE_S, done, done, p->set ? bind_text(p->cursor) : none,
        p->set ? bind_int(p->done) : none, p->set && p->total ? bind_int(p->total) : none,
        p->set ? bind_int(p->errors) : none, r->claim->id, r->claim->token);
    if (rows != 1) lost(c, r);
}

static void job_attempt_ended(Ctx *c, Id job, int token, const char *outcome, const char *error) {
    db_run(c, "insert into smart360.job_attempt (job_id, token, worker, started_at, outcome, error) "
              "select id, ?, worker, coalesce(started_at, utc_timestamp(6)), ?, ? from smart360.job where id=? "
              "on duplicate key update outcome=values(outcome)", token, outcome, error, job);
}

/* The page of recurring jobs shows how the last one went. */
static void tell_schedule(Ctx *c, const Claim *j, const char *status, const char *error) {
    if (j->tenant_id.id && j->unique_key && !strncmp(j->unique_key, "schedule:", 9))
        db_run(c, "update scheduled_job set last_status=?, last_error=? where last_job_id=?", status, error, j->id);
}

/* In the transaction in which it ended, done or dead: it was asked for while it ran. */
static void job_again(Ctx *c, const Claim *j) {
    if (!j->unique_key || !db_int(c, "select again_at is not null from smart360.job where id=?", j->id)) return;
    db_run(c, "insert into smart360.job (tenant_id, utility_id, kind, class, payload, unique_key, priority, run_at, "
              "max_attempts, actor_kind, actor_id) "
              "select tenant_id, utility_id, kind, class, payload, unique_key, priority, again_at, max_attempts, "
              "actor_kind, actor_id from smart360.job where id=?", j->id);
    db_after_commit(c, ring, (void *)(uintptr_t)class_of(c, &(NewJob){ .kind = j->kind, .class = j->class }, NULL));
}

static void step_end(Ctx *c, Run *r) {
    keep_step(c, r, r->result == STEP_DONE);
    if (r->result != STEP_DONE) return;
    job_again(c, r->claim);
    job_attempt_ended(c, r->claim->id, r->claim->token, "done", NULL);
    tell_schedule(c, r->claim, "done", NULL);
}

static void step_begin(Ctx *c, Run *r) {
    c->now = clock_now();
    r->progress = (Progress){ 0 };
    r->is_permanent = false;
    if (r->steps > r->claim->steps)
        r->row.cursor = db_text(c, "select `cursor` from smart360.job where id=?", r->claim->id);
}

static void step_tx(Ctx *c, void *run) {
    Run *r = run;
    step_begin(c, r);
    r->result = r->handler->run(c, &r->row);
    step_end(c, r);
}

static void end_tx(Ctx *c, void *run) { step_end(c, run); }

/* After an unknown COMMIT: is the step there? */
static bool step_known(Ctx *c, void *run) {
    const Run *r = run;
    return db_int(c, "select count(*) from smart360.job where id=? and token=? and steps=?", r->claim->id,
                  r->claim->token, r->steps + 1) == 1;
}

static void step_run(Ctx *c, void *run) {
    Run *r = run;
    if (r->handler->no_tx) {
        step_begin(c, r);
        r->result = r->handler->run(c, &r->row);
        db_tx(c, DB_WRITE, end_tx, r, step_known);
    } else {
        db_tx(c, r->handler->counts ? DB_QUEUE : DB_WRITE, step_tx, r, step_known);
    }
    r->steps++;
}

typedef struct Inner { Run *run; void (*work)(Ctx *, void *); void *arg; } Inner;

static void inner_tx(Ctx *c, void *arg) {
    Inner *i = arg;
    i->work(c, i->arg);
    if (i->run) keep_step(c, i->run, false);
}

static bool inner_known(Ctx *c, void *arg) {
    const Inner *i = arg;
    return i->run && step_known(c, i->run);
}

void job_step(Ctx *c, void (*work)(Ctx *, void *), void *arg) {
    Inner i = { running, work, arg };
    if (running) worker_busy(true);         /* a sign of life for the watchdog: each step has its time */
    db_tx(c, DB_WRITE, inner_tx, &i, inner_known);
    if (running) running->steps++, running->progress.set = false;
}

void job_progress(Ctx *c, const char *cursor, int64_t done, int64_t total, int64_t errors) {
    Run *r = running;
    if (!r) return;                         /* a handler called by a test or a command */
    r->progress = (Progress){ true, cursor, done, total, errors };
    if (db_in_tx(c)) return;                /* goes with the step */
    int64_t rows = db_run(c, "update smart360.job set `cursor`=coalesce(?, `cursor`), progress_done=?, "
                             "progress_total=coalesce(nullif(?,0), progress_total), progress_errors=? "
                             "where id=? and token=? and state='running'", cursor, done, total, errors, r->claim->id,
                          r->claim->token);
    if (rows != 1) lost(c, r);
    r->progress.set = false;
}

/* --- how a try ends ----------------------------------------------------------------------------------------------- */

typedef struct Verdict { const Claim *claim; JobFate fate; int64_t wait_us; const char *error, *outcome; bool is_crash,
                         was_lost; } Verdict;

/* A dead job is an alert of its tenant and news. */
static void tell_dead(Ctx *c, const Claim *j, const char *error) {
    TenantRow *tenant = j->tenant_id.id && c->tenant.id != j->tenant_id.id ? tenant_by_id(c, j->tenant_id) : NULL;
    if (tenant) {
        tenant_enter(c, tenant);
        c->utility = db_id(c, "select id from utility where id=?", j->utility_id);
    }
    event_emit(c, &(Event){ .name = "job.failed", .entity = "job", .id = j->id,
                            .payload = json_pairs(c, "job_id", text(c, "%lld", (long long)j->id.id), "handler", j->kind,
                                                  "error", error, NULL) });
    if (c->tenant.id) {
        alert_raise(c, "job.failed", "critical", text(c, "job:%lld", (long long)j->id.id),
                    text(c, "Job %s ended without success: %.200s", j->kind, error ? error : ""), "/jobs");
        tell_schedule(c, j, "dead", error);
    }
    if (tenant) tenant_leave(c);
    log_error("job.dead", LOG_INT("job", j->id.id), LOG_TEXT("kind", j->kind), LOG_TEXT("error", error));
}

static void verdict_tx(Ctx *c, void *arg) {
    Verdict *v = arg;
    bool dead = v->fate == JOB_DEAD;
    int64_t rows = db_run(c,
        "update smart360.job set state=?, run_at=timestampadd(microsecond, ?, utc_timestamp(6)), lease_until=null, "
        "error=left(?, 2000), crashes=crashes+?, ended_at=if(?, utc_timestamp(6), null) where id=? and token=? "
        "and state='running'",
        dead ? "dead" : "ready", v->wait_us + clock_offset_us(), v->error, v->is_crash, dead, v->claim->id,
        v->claim->token);
    v->was_lost = rows != 1;
    if (v->was_lost) return;
    job_attempt_ended(c, v->claim->id, v->claim->token, v->is_crash ? "crashed" : dead ? "dead" : "retry", v->error);
    if (dead) job_again(c, v->claim), tell_dead(c, v->claim, v->error);
    else tell_schedule(c, v->claim, "retry", v->error);
}

static void give_back_tx(Ctx *c, void *claim) {
    const Claim *j = claim;
    db_run(c, "update smart360.job set state='ready', attempts=greatest(attempts, 1)-1, "
              "run_at=timestampadd(microsecond, ?, utc_timestamp(6)), lease_until=null, worker=null "
              "where id=? and token=? and state='running'", clock_offset_us(), j->id, j->token);
}

typedef struct Safely { DbTx kind; void (*work)(Ctx *, void *); void *arg; } Safely;
static void safely_run(Ctx *c, void *arg) {
    const Safely *s = arg;
    db_tx(c, s->kind, s->work, s->arg, NULL);
}

/* A short transaction that is tried until the database is there again, for as long as the lease lasts. */
static bool safely(Ctx *c, void (*work)(Ctx *, void *), void *arg) {
    Safely s = { DB_WRITE, work, arg };
    int64_t until = time_ticking_us() + JOB_LEASE_S * SECOND_US;
    while (!attempt(c, safely_run, &s)) {
        log_warn("job.unwritten", LOG_TEXT("error", c->failure.text));
        if (worker_stopping || time_ticking_us() > until || (c->failure.status != DOWN && c->failure.status != UNKNOWN))
            return false;
        struct timespec pause = { .tv_nsec = 300000000 };
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool failure_is_permanent(const Run *r, Status s) { return r->is_permanent || s == INVALID || s == TOO_LARGE; }

/* The try has failed by itself: later again, or dead. */
static JobEnd try_failed(Ctx *c, Run *r, const Failure *f) {
    const Claim *j = r->claim;
    int attempts = r->steps > j->steps ? 1 : j->attempts;       /* counted since the last progress */
    JobTry t = { .attempts = attempts, .max_attempts = j->max_attempts, .crashes = j->crashes,
                 .is_permanent = failure_is_permanent(r, f->status) };
    bool own_times = r->handler && r->handler->wait_s;
    Verdict v = { .claim = j, .fate = job_fate(t), .error = f->text,
                  .wait_us = own_times ? r->handler->wait_s(attempts) * SECOND_US
                                       : job_wait_us(attempts, rand() % 1000000, f->retry_after_s) };
    log_warn("job.failed", LOG_INT("job", j->id.id), LOG_TEXT("kind", j->kind),
             LOG_TEXT("status", status_word(f->status)), LOG_TEXT("error", f->text),
             LOG_TEXT("file", f->file), LOG_INT("line", f->line));
    if (!safely(c, verdict_tx, &v) || v.was_lost) return JOB_LOST;
    return v.fate == JOB_DEAD ? JOB_DIED : JOB_TRIED;
}

static bool others_wait(Ctx *c, const Claim *j) {
    return db_int(c, "select exists (select 1 from smart360.job force index (job_claim) "
                     "where state='ready' and class=? "
                     "and run_at <= timestampadd(microsecond, ?, utc_timestamp(6)) and not (tenant_key=? and kind=?))",
                  j->class, clock_offset_us(), j->tenant_id.id, j->kind);
}

typedef struct Asking { const Claim *claim; bool yes; } Asking;
static void ask_others(Ctx *c, void *arg) { Asking *a = arg; a->yes = others_wait(c, a->claim); }

static void enter_work(Ctx *c, void *run) {
    const Claim *j = ((Run *)run)->claim;
    if (!j->tenant_id.id) return;
    TenantRow *tenant = tenant_by_id(c, j->tenant_id);
    if (!tenant) fail(c, BROKEN, "there is no tenant %lld", (long long)j->tenant_id.id);
    tenant_enter(c, tenant);
    utility_enter(c, j->utility_id);
}

static JobEnd run_steps(Ctx *c, Run *r, int64_t slice_us) {
    const Claim *j = r->claim;
    int64_t began = time_ticking_us();
    for (;;) {
        ArenaMark m = mark(c);
        worker_busy(true);
        bool passed = attempt(c, step_run, r);
        if (!passed) {
            Failure f = c->failure;
            db_reset(c->db);
            if (r->lost) {
                log_warn("job.lost", LOG_INT("job", j->id.id), LOG_TEXT("kind", j->kind));
                return JOB_LOST;
            }
            return try_failed(c, r, &f);
        }
        rewind_to(c, m);
        if (r->result == STEP_DONE) return JOB_ENDED;
        Asking others = { j, false };
        if (!worker_stopping && slice_us && time_ticking_us() - began > slice_us) {
            attempt(c, ask_others, &others);
            began = time_ticking_us();
        }
        if (worker_stopping || others.yes || (slice_us && !jobs_have_room()))
            return safely(c, give_back_tx, (void *)(uintptr_t)j) ? JOB_GIVEN_BACK : JOB_LOST;
    }
}

JobEnd job_run(Ctx *c, const Claim *j, int64_t slice_us) {
    Run r = { .claim = j, .handler = job_handler(j->kind), .steps = j->steps,
              .row = { j->id, j->kind, j->payload, j->cursor, j->attempts, j->actor_id } };
    char request[REQUEST_NO_SIZE];
    request_no_new(request);
    memcpy(c->request_no, request, sizeof request);
    c->now = clock_now();
    running = &r;
    JobEnd end;
    Failure unknown = { .status = BROKEN, .text = text(c, "no handler for jobs of kind %s in this version", j->kind),
                        .file = __FILE__, .line = __LINE__ };
    if (!r.handler) end = try_failed(c, &r, &unknown);
    else if (!attempt(c, enter_work, &r))
        end = try_failed(c, &r, &(Failure){ .status = c->failure.status, .text = c->failure.text,
                                            .file = c->failure.file, .line = c->failure.line });
    else {
        log_context(request, c->tenant_slug, 0);
        end = run_steps(c, &r, slice_us);
        log_context_clear();
    }
    running = NULL;
    worker_busy(false);
    if (c->tenant.id) tenant_leave(c);
    return end;
}

/* --- leases ------------------------------------------------------------------------------------------------------- */

bool job_renew(Ctx *c, Id job, int token) {
    return db_run(c, "update smart360.job set lease_until=timestampadd(second, ?, utc_timestamp(6)) where id=? "
                     "and token=? and state='running'", JOB_LEASE_S, job, token) == 1;
}

void job_expire(Ctx *c, Id job, int token) {
    db_run(c, "update smart360.job set lease_until=timestampadd(second, -1, utc_timestamp(6)) where id=? "
              "and token=? and state='running'", job, token);
}

static void sweep_tx(Ctx *c, void *arg) {
    Claims late = db_all(c, Claim, "select id, tenant_id, utility_id, kind, class, payload, unique_key, `cursor`, "
                                   "token, steps, attempts, max_attempts, crashes, actor_id "
        "from smart360.job where state='running' and lease_until < utc_timestamp(6) order by lease_until "
        "limit 20 for update skip locked");
    static const char error[] = "The worker ended or was stuck (no sign of life for 60 s).";
    for (size_t i = 0; i < late.n; i++) {
        const Claim *j = &late.v[i];
        JobTry t = { .attempts = j->attempts, .max_attempts = j->max_attempts, .crashes = j->crashes + 1,
                     .is_crash = true };
        Verdict v = { .claim = j, .fate = job_fate(t), .error = error, .is_crash = true };
        verdict_tx(c, &v);
        if (v.fate == JOB_RETRY)
            db_after_commit(c, ring, (void *)(uintptr_t)class_of(c, &(NewJob){ .kind = j->kind, .class = j->class },
            NULL));
        log_warn("job.crashed", LOG_INT("job", j->id.id), LOG_TEXT("kind", j->kind), LOG_INT("crashes", t.crashes));
    }
    *(size_t *)arg = late.n;
}

int job_sweep(Ctx *c) {
    size_t n;
    int all = 0;
    do {
        db_tx(c, DB_QUEUE, sweep_tx, &n, NULL);
        all += (int)n;
    } while (n == SWEEP_ROWS);
    return all;
}

/* --- buttons and facts -------------------------------------------------------------------------------------------- */

void job_retry(Ctx *c, Id job) {
    const char *kind = db_text(c, "select kind from smart360.job where id=? and tenant_key=?", job, c->tenant.id);
    if (!kind) fail(c, NOT_FOUND, "There is no such job.");
    if (db_int(c, "select exists (select 1 from smart360.job d join smart360.job t on t.tenant_key=d.tenant_key "
                  "and t.kind=d.kind and t.unique_key=d.unique_key and t.live=1 where d.id=? lock in share mode)", job))
        fail(c, CONFLICT, "A newer job of the same kind does this work already. Discard this one.");
    int64_t rows = db_run(c, "update smart360.job set state='ready', attempts=0, crashes=0, again_at=null, "
                             "run_at=timestampadd(microsecond, ?, utc_timestamp(6)), ended_at=null "
                             "where id=? and state='dead'",
                          clock_offset_us(), job);
    if (rows != 1) fail(c, CONFLICT, "This job is not dead any more.");
    alert_clear(c, text(c, "job:%lld", (long long)job.id));
    audit_note(c, "retry", "job", job, kind, NULL);
    db_after_commit(c, ring, (void *)(uintptr_t)"*");
}

void job_discard(Ctx *c, Id job, const char *reason) {
    const char *kind = db_text(c, "select kind from smart360.job where id=? and tenant_key=?", job, c->tenant.id);
    if (!kind) fail(c, NOT_FOUND, "There is no such job.");
    int64_t rows = db_run(c, "update smart360.job set state='cancelled', ended_at=utc_timestamp(6) where id=? "
                             "and state in ('dead', 'ready')", job);
    if (rows != 1) fail(c, CONFLICT, "This job runs or has ended.");
    alert_clear(c, text(c, "job:%lld", (long long)job.id));
    audit_note(c, "discard", "job", job, kind, reason);
}

JobFacts job_facts(Ctx *c) {
    return (JobFacts){
        .ready = db_int(c, "select count(*) from smart360.job where state='ready'"),
        .running = db_int(c, "select count(*) from smart360.job where state='running'"),
        .dead = db_int(c, "select count(*) from smart360.job where state='dead'"),
        .stale = db_int(c, "select count(*) from smart360.job where state='running' "
                           "and lease_until < utc_timestamp(6) - interval 2 minute"),
        .oldest_wait_s = db_int(c, "select coalesce(greatest(0, timestampdiff(second, min(run_at), "
                                   "timestampadd(microsecond, ?, utc_timestamp(6)))), 0) "
                                   "from smart360.job where state='ready'", clock_offset_us()),
        .workers = db_int(c, "select count(*) from smart360.worker "
                             "where seen_at > utc_timestamp(6) - interval 1 minute"),
        .done_today = db_int(c, "select count(*) from smart360.job where state='done' "
                                "and ended_at > utc_timestamp(6) - interval 1 day"),
    };
}
