/*
 * The job queue against a real database (assurance "Job queue: exact semantics", I11; faults F2): one test a row of
 * that table. Workers are child processes; some are killed.
 */
#include <signal.h>

#include "app/core/job.h"
#include "app/modules.h"
#include "lib/worker.h"
#include "tests/database.h"

/* --- jobs of the tests -------------------------------------------------------------------------------------------- */

/* leaves a row in the tenant's schema: twice would fail */
static JobStep count_job(Ctx *c, const JobRow *job) {
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,?)", c->utility,
           text(c, "test.%lld", (long long)job->id.id), job->payload ? job->payload : "");
    return STEP_DONE;
}

static JobStep fail_job(Ctx *c, const JobRow *job) {
    (void)job;
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,'test.half','x')", c->utility);
    fail(c, CONFLICT, "not yet");
}

static JobStep bad_job(Ctx *c, const JobRow *job) { (void)job; job_give_up(c, "the file of %d lines is malformed", 7); }

/* 40 steps of 10 ms; each adds 1 to a total and moves the cursor. */
static JobStep long_job(Ctx *c, const JobRow *job) {
    int64_t at = job->cursor ? atoll(job->cursor) : 0;
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,'1')", c->utility,
           text(c, "long.%lld.%lld", (long long)job->id.id, (long long)at));
    nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    job_progress(c, text(c, "%lld", (long long)at + 1), at + 1, 40, 0);
    return at + 1 < 40 ? STEP_AGAIN : STEP_DONE;
}

static void step_one(Ctx *c, void *arg) {
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,'about')", c->utility,
           text(c, "test.step.%lld", (long long)((const JobRow *)arg)->id.id));
}

static JobStep free_job(Ctx *c, const JobRow *job) {            /* no_tx: "about to call", the call, the result */
    job_step(c, step_one, (void *)(uintptr_t)job);
    job_progress(c, NULL, 1, 2, 0);
    return STEP_DONE;
}

/* asks for itself while it runs */
static JobStep self_job(Ctx *c, const JobRow *job) {
    SAME_INT(job_enqueue(c, &(NewJob){ .kind = "test.self", .unique_key = "k" }).id, job->id.id);
    return count_job(c, job);
}

/* writes down how much it could see */
static JobStep see_job(Ctx *c, const JobRow *job) {
    (void)job;
    int64_t seen = db_int(c, "select count(*) from setting where `key` like 'test.news.%'");
    nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,'test.seen',?) "
              "on duplicate key update value=values(value)", c->utility, text(c, "%lld", (long long)seen));
    return STEP_DONE;
}

static const JobHandler test_jobs[] = {
    { "test.see", "general", see_job, 0, false },
    { "test.self", "general", self_job, 0, false },
    { "test.count", "general", count_job, 0, false }, { "test.fail", "general", fail_job, 2, false },
    { "test.bad", "general", bad_job, 0, false },
    { "test.long", "bills", long_job, 0, false }, { "test.free", "general", free_job, 0, true },
    { "test.chunk", "imports", count_job, 0, false }, { 0 } };

/* --- helpers ------------------------------------------------------------------------------------------------------ */

static Id last;
static void enqueue(Ctx *c, void *job) { last = job_enqueue(c, job); }
static void enqueue_and_fail(Ctx *c, void *job) { enqueue(c, job); fail(c, CONFLICT, "no"); }

static Id enqueued(Ctx *c, NewJob job) {
    CU_ASSERT_TRUE(in_tx(c, enqueue, &job));
    return last;
}

static Claim *claimed;
static void claim(Ctx *c, void *class) { claimed = job_claim(c, class, text(c, "test:%d", (int)getpid()), 1000); }
static Claim *claim_one(Ctx *c, const char *class) {
    claimed = NULL;
    PASSES(c, claim, (void *)(uintptr_t)class);
    return claimed;
}

static int64_t number;
static void read_number(Ctx *c, void *sql) {
    (void)sql;
    number = db_int(c, "select count(*) from setting where `key` like 'test.%' or `key` like 'long.%'");
}
static int64_t rows(Ctx *c) { PASSES(c, read_number, NULL); return number; }

static char state_of_job[20];
static void read_state(Ctx *c, void *id) {
    const char *s = db_text(c, "select state from smart360.job where id=?", *(Id *)id);
    snprintf(state_of_job, sizeof state_of_job, "%s", s ? s : "none");
}
static const char *state(Ctx *c, Id id) { PASSES(c, read_state, &id); return state_of_job; }

static void clear_work(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "delete from smart360.job");
    db_run(c, "delete from setting where `key` like 'test.%' or `key` like 'long.%'");
    db_run(c, "delete from alert");
    db_run(c, "update outbox_event set dispatched_at=utc_timestamp(6) where dispatched_at is null");
}
static Ctx *fresh(void) {
    Ctx *c = test_ctx();
    PASSES(c, clear_work, NULL);
    return c;
}

static void expire_all(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "update smart360.job set lease_until=utc_timestamp(6) - interval 1 second where state='running'");
}
static void due_now(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "update smart360.job set run_at=utc_timestamp(6) - interval 400 day where state='ready'");
}
static void sweep_work(Ctx *c, void *n) { *(int *)n = job_sweep(c); }
static int sweep(Ctx *c) {
    int n = 0;
    PASSES(c, expire_all, NULL);
    PASSES(c, sweep_work, &n);
    return n;
}

/* --- enqueue ------------------------------------------------------------------------------------------------------ */

static void enqueue_in_tx(void) {
    Ctx *c = fresh();
    CU_ASSERT_FALSE(in_tx(c, enqueue_and_fail, &(NewJob){ .kind = "test.count" }));
    CU_ASSERT_PTR_NULL(claim_one(c, "general"));                /* rolled back: not there */
    Id id = enqueued(c, (NewJob){ .kind = "test.count", .payload = "{\"a\":1}" });
    Claim *j = claim_one(c, "general");
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    SAME_INT(j->id.id, id.id);
    SAME_INT(j->token, 1);
    SAME_INT(j->attempts, 1);
    SAME_TEXT(j->payload, "{\"a\":1}");
    CU_ASSERT_PTR_NULL(claim_one(c, "general"));                /* held */
    SAME_INT(job_run(c, j, 0), JOB_ENDED);
    SAME_TEXT(state(c, id), "done");
    SAME_INT(rows(c = test_ctx()), 1);
}

static void unique(void) {
    Ctx *c = fresh();
    Id first = enqueued(c, (NewJob){ .kind = "test.count", .unique_key = "k" });
    SAME_INT(enqueued(c, (NewJob){ .kind = "test.count", .unique_key = "k" }).id, first.id);
    Claim *j = claim_one(c, "general");
    /* while it runs too */
    SAME_INT(enqueued(c, (NewJob){ .kind = "test.count", .unique_key = "k" }).id, first.id);
    CU_ASSERT_TRUE(enqueued(c, (NewJob){ .kind = "test.count", .unique_key = "other" }).id != first.id);
    SAME_INT(job_run(c, j, 0), JOB_ENDED);
    c = test_ctx();
    CU_ASSERT_TRUE(enqueued(c, (NewJob){ .kind = "test.count", .unique_key = "k" }).id != first.id);
}

/* Runs the claimed job to this end; then the general class has one more due job (returned) or none. */
static Claim *ran_and_next(Ctx *c, Claim *j, JobEnd end) {
    Id ran = j->id;
    SAME_INT(job_run(c, j, 0), end);
    Claim *next = claim_one(c = test_ctx(), "general");
    if (next) CU_ASSERT_TRUE(next->id.id != ran.id);
    return next;
}

static const NewJob news = { .kind = "test.count", .unique_key = "k", .payload = "{\"a\":1}", .priority = 7 };

static void asked_again(void) {
    Ctx *c = fresh();
    enqueued(c, news);
    enqueued(c, news);                                          /* it waits: one run sees both */
    CU_ASSERT_PTR_NULL(ran_and_next(c, claim_one(c, "general"), JOB_ENDED));
    c = fresh();
    Id first = enqueued(c, news);
    Claim *j = claim_one(c, "general");
    for (int i = 0; i < 3; i++) SAME_INT(enqueued(c, news).id, first.id);
    CU_ASSERT_PTR_NULL(claim_one(c, "general"));                /* not beside it */
    j = ran_and_next(c, j, JOB_ENDED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    SAME_TEXT(state(c, first), "done");
    SAME_TEXT(j->payload, "{\"a\":1}");
    SAME_TEXT(j->unique_key, "k");
    SAME_INT(j->attempts, 1);
    CU_ASSERT_PTR_NULL(ran_and_next(c, j, JOB_ENDED));             /* once, however often it was asked */
    SAME_INT(rows(test_ctx()), 2);
}

static void asked_for_later(void) {
    Ctx *c = fresh();
    NewJob later = news;
    later.run_at = (Time){ clock_now().us + 3600000000 };
    enqueued(c, news);
    Claim *j = claim_one(c, "general");
    enqueued(c, later);
    CU_ASSERT_PTR_NULL(ran_and_next(c, j, JOB_ENDED));             /* in an hour */
    PASSES(c, due_now, NULL);
    j = claim_one(c, "general");
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    enqueued(c, later);
    enqueued(c, news);                                          /* the earliest counts */
    CU_ASSERT_PTR_NOT_NULL(ran_and_next(c, j, JOB_ENDED));
}

static void not_asked_again(void) {
    Ctx *c = fresh();
    NewJob tick = news;
    tick.joins = true;
    enqueued(c, news);
    Claim *j = claim_one(c, "general");
    enqueued(c, tick);                                          /* what runs is enough */
    CU_ASSERT_FALSE(in_tx(c, enqueue_and_fail, &(NewJob){ .kind = "test.count", .unique_key = "k" }));
    enqueued(c, (NewJob){ .kind = "test.count", .unique_key = "other", .run_at = { clock_now().us + 3600000000 } });
    CU_ASSERT_PTR_NULL(ran_and_next(c, j, JOB_ENDED));
    c = fresh();
    enqueued(c, (NewJob){ .kind = "test.self", .unique_key = "k" });
    CU_ASSERT_PTR_NULL(ran_and_next(c, claim_one(c, "general"), JOB_ENDED));
}

/* A long one that was given back in the middle has read its first part already. */
static void asked_in_the_middle(void) {
    Ctx *c = fresh();
    Id first = enqueued(c, (NewJob){ .kind = "test.long", .unique_key = "k" });
    Claim *j = claim_one(c, "bills");
    worker_stopping = 1;
    SAME_INT(job_run(c, j, 0), JOB_GIVEN_BACK);
    worker_stopping = 0;
    SAME_INT(enqueued(c = test_ctx(), (NewJob){ .kind = "test.long", .unique_key = "k" }).id, first.id);
    SAME_INT(job_run(c, claim_one(c, "bills"), 0), JOB_ENDED);
    j = claim_one(c = test_ctx(), "bills");
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    CU_ASSERT_PTR_NULL(j->cursor);
    SAME_INT(job_run(c, j, 0), JOB_ENDED);
    CU_ASSERT_PTR_NULL(claim_one(test_ctx(), "bills"));
}

static void enqueue_and_wait(Ctx *c, void *job) {
    enqueue(c, job);
    nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 500000000 }, NULL);
}

/* A process that has asked and commits a second and a half later; returns when it has asked. */
static pid_t asks_slowly(void) {
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        static Ctx mine;
        NewJob job = news;
        test_begin(&mine);
        _exit(!in_tx(&mine, enqueue_and_wait, &job));
    }
    nanosleep(&(struct timespec){ .tv_nsec = 700000000 }, NULL);
    return pid;
}

static void asked_by_one_who_has_not_committed(void) {
    Ctx *c = fresh();
    int status = 1;
    enqueued(c, news);
    pid_t pid = asks_slowly();
    CU_ASSERT_PTR_NULL(claim_one(c, "general"));                /* it would not see what is not committed */
    SAME_INT(waitpid(pid, &status, 0), pid);
    SAME_INT(status, 0);
    Claim *j = claim_one(c, "general");
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    pid = asks_slowly();
    j = ran_and_next(c, j, JOB_ENDED);                             /* ends after that commit, and runs again */
    SAME_INT(waitpid(pid, &status, 0), pid);
    SAME_INT(status, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    CU_ASSERT_PTR_NULL(ran_and_next(c, j, JOB_ENDED));
}

enum { TELLERS = 3, NEWS_EACH = 5, ROUNDS = 10 };

static void tell(Ctx *c, void *no) {
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,?,'x')", c->utility,
           text(c, "test.news.%d.%d", (int)getpid(), *(int *)no));
    job_enqueue(c, &(NewJob){ .kind = "test.see", .unique_key = "k" });
}

static pid_t teller(void) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid) return pid;
    static Ctx mine;
    bool passed = true;
    test_begin(&mine);
    srand((unsigned)getpid());
    for (int i = 0; i < NEWS_EACH; i++) {
        passed = in_tx(&mine, tell, &i) && passed;
        nanosleep(&(struct timespec){ .tv_nsec = rand() % 12000000 }, NULL);
    }
    _exit(!passed);
}

static bool work_once(void) {
    Ctx *c = test_ctx();
    Claim *j = claim_one(c, "general");
    if (j) SAME_INT(job_run(c, j, 0), JOB_ENDED);
    return j;
}

static void read_seen(Ctx *c, void *seen) {
    *(int64_t *)seen = db_int(c, "select coalesce(max(cast(value as signed)), 0) from setting where `key`='test.seen'");
}

/* Three tell at once while one works: whatever was told last is seen. */
static void nothing_is_missed(void) {
    fresh();
    for (int round = 1; round <= ROUNDS; round++) {
        pid_t pid[TELLERS];
        int64_t seen = 0;
        for (int i = 0; i < TELLERS; i++) pid[i] = teller();
        for (int i = 0, status = 1; i < TELLERS; i++) {
            while (!waitpid(pid[i], &status, WNOHANG)) work_once();
            SAME_INT(status, 0);
        }
        while (work_once()) { }
        PASSES(test_ctx(), read_seen, &seen);
        SAME_INT(seen, round * TELLERS * NEWS_EACH);
    }
}

static void later_and_first(void) {
    Ctx *c = fresh();
    enqueued(c, (NewJob){ .kind = "test.count", .run_at = { clock_now().us + 3600000000 } });
    CU_ASSERT_PTR_NULL(claim_one(c, "general"));
    Id slow = enqueued(c, (NewJob){ .kind = "test.count" }),
        quick = enqueued(c, (NewJob){ .kind = "test.count", .priority = 10 });
    Claim *j = claim_one(c, "general");
    SAME_INT(j->id.id, quick.id);
    SAME_INT(claim_one(c, "general")->id.id, slow.id);
    CU_ASSERT_PTR_NULL(claim_one(c, "payments"));               /* another class, another pool */
}

/* --- many workers ------------------------------------------------------------------------------------------------- */

static void enqueue_200(Ctx *c, void *arg) {
    (void)arg;
    for (int i = 0; i < 200; i++) job_enqueue(c, &(NewJob){ .kind = "test.count", .payload = "{}" });
}

static void work_until_empty(Ctx *c, void *class) {
    for (;;) {
        claimed = NULL;
        claim(c, class);
        if (!claimed) return;
        job_run(c, claimed, 0);
        test_enter(c, NULL);
    }
}

static void no_double(void) {
    Ctx *c = fresh();
    CU_ASSERT_TRUE(in_tx(c, enqueue_200, NULL));
    SAME_INT(in_processes(4, work_until_empty, (void *)(uintptr_t)"general"), 0);
    SAME_INT(rows(c), 200);
}

static void count_done(Ctx *c, void *n) {
    *(int64_t *)n = db_int(c, "select count(*) from smart360.job where state='done' and attempts=1");
}

static void no_double_attempt(void) {
    Ctx *c = test_ctx();
    int64_t n = 0;
    PASSES(c, count_done, &n);
    SAME_INT(n, 200);                                           /* of the test before */
}

/* --- leases ------------------------------------------------------------------------------------------------------- */

static void lost_lease(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.count" });
    Claim old = *claim_one(c, "general");
    SAME_INT(sweep(c), 1);
    SAME_TEXT(state(c, id), "ready");
    PASSES(c, due_now, NULL);
    Claim again = *claim_one(c, "general");
    SAME_INT(again.token, 2);
    SAME_INT(again.crashes, 1);
    SAME_INT(job_run(c, &old, 0), JOB_LOST);                    /* its effects are rolled back */
    test_enter(c, NULL);                                        /* job_run left the tenant */
    SAME_INT(rows(c), 0);
    SAME_TEXT(state(c, id), "running");
    SAME_INT(job_run(c, &again, 0), JOB_ENDED);
    SAME_INT(rows(test_ctx()), 1);
}

static void renew(Ctx *c, void *arg) {
    const Claim *j = arg;
    CU_ASSERT_TRUE(job_renew(c, j->id, j->token));
    CU_ASSERT_FALSE(job_renew(c, j->id, j->token + 1));
    SAME_INT(db_int(c, "select lease_until > utc_timestamp(6) + interval 55 second from smart360.job where id=?",
                    j->id), 1);
}

static void heartbeat(void) {
    Ctx *c = fresh();
    enqueued(c, (NewJob){ .kind = "test.count" });
    Claim j = *claim_one(c, "general");
    PASSES(c, expire_all, NULL);
    PASSES(c, renew, &j);
    int n = 1;
    PASSES(c, sweep_work, &n);
    SAME_INT(n, 0);
}

static void poison(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.count" });
    for (int i = 1; i <= 3; i++) {
        PASSES(c, due_now, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(claim_one(c, "general"));
        SAME_INT(sweep(c), 1);
        test_enter(c, NULL);
        SAME_TEXT(state(c, id), i < 3 ? "ready" : "dead");
    }
}

/* --- failing ------------------------------------------------------------------------------------------------------ */

static void check_retry(Ctx *c, void *id) {
    SAME_INT(db_int(c, "select timestampdiff(second, utc_timestamp(6), timestampadd(microsecond, ?, run_at)) "
                       "between 6 and 12 from smart360.job where id=?", -clock_offset_us(), *(Id *)id), 1);
    SAME_TEXT(db_text(c, "select error from smart360.job where id=?", *(Id *)id), "not yet");
    SAME_INT(db_int(c, "select count(*) from smart360.job_attempt where job_id=? and outcome='retry'", *(Id *)id), 1);
}

static void check_dead(Ctx *c, void *id) {
    SAME_INT(db_int(c, "select count(*) from alert where dedup_key=? and resolved_at is null",
                    text(c, "job:%lld", (long long)((Id *)id)->id)), 1);
    SAME_INT(db_int(c, "select count(*) from outbox_event where name='job.failed' and entity_id=?", *(Id *)id), 1);
}

static void retry_then_dead(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.fail" });
    SAME_INT(job_run(c, claim_one(c, "general"), 0), JOB_TRIED);
    c = test_ctx();
    SAME_TEXT(state(c, id), "ready");
    PASSES(c, check_retry, &id);
    SAME_INT(rows(c), 0);                                       /* rolled back */
    CU_ASSERT_PTR_NULL(claim_one(c, "general"));                /* not before its time */
    PASSES(c, due_now, NULL);
    SAME_INT(job_run(c, claim_one(c, "general"), 0), JOB_DIED); /* the second of two tries */
    c = test_ctx();
    SAME_TEXT(state(c, id), "dead");
    PASSES(c, check_dead, &id);
}

static void buttons(Ctx *c, void *id) {
    job_retry(c, *(Id *)id);
    SAME_TEXT(db_text(c, "select state from smart360.job where id=?", *(Id *)id), "ready");
    SAME_INT(db_int(c, "select count(*) from alert where resolved_at is null"), 0);
    job_discard(c, *(Id *)id, "not wanted");
    SAME_TEXT(db_text(c, "select state from smart360.job where id=?", *(Id *)id), "cancelled");
    SAME_INT(db_int(c, "select count(*) from audit_entry where entity='job' and entity_id=? "
                       "and action in ('retry', 'discard')", *(Id *)id), 2);
}

static void permanent(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.bad" });
    SAME_INT(job_run(c, claim_one(c, "general"), 0), JOB_DIED);
    c = test_ctx();
    SAME_TEXT(state(c, id), "dead");
    CU_ASSERT_TRUE(in_tx(c, buttons, &id));
    CU_ASSERT_FALSE(in_tx(c, buttons, &id));                    /* not dead any more */
    SAME_INT(c->failure.status, CONFLICT);
}

static void discard(Ctx *c, void *id) { job_discard(c, *(Id *)id, "not wanted"); }

/* News for one that dies is not lost with it; what died is retried only while nothing newer does its work. */
static void asked_and_dead(void) {
    Ctx *c = fresh();
    Id first = enqueued(c, (NewJob){ .kind = "test.bad", .unique_key = "k" });
    Claim *j = claim_one(c, "general");
    enqueued(c, (NewJob){ .kind = "test.bad", .unique_key = "k" });
    j = ran_and_next(c, j, JOB_DIED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    SAME_TEXT(state(c, first), "dead");
    CU_ASSERT_FALSE(in_tx(c, buttons, &first));
    SAME_INT(c->failure.status, CONFLICT);
    Id second = j->id;
    CU_ASSERT_PTR_NULL(ran_and_next(c, j, JOB_DIED));
    CU_ASSERT_TRUE(in_tx(c, discard, &second));
    CU_ASSERT_TRUE(in_tx(c, buttons, &first));
}

static void unknown_kind(void) {
    Ctx *c = fresh();
    CU_ASSERT_FALSE(in_tx(c, enqueue, &(NewJob){ .kind = "test.nobody" }));
    Id id = enqueued(c, (NewJob){ .kind = "test.nobody", .class = "general" });     /* of a newer version, say */
    SAME_INT(job_run(c, claim_one(c, "general"), 0), JOB_TRIED);
    SAME_TEXT(state(test_ctx(), id), "ready");
}

/* --- long jobs ---------------------------------------------------------------------------------------------------- */

static void check_long(Ctx *c, void *id) {
    SAME_INT(db_int(c, "select progress_done from smart360.job where id=?", *(Id *)id), 40);
    SAME_INT(db_int(c, "select progress_total from smart360.job where id=?", *(Id *)id), 40);
    SAME_INT(db_int(c, "select count(*) from setting where `key` like concat('long.', ?, '.%')", (*(Id *)id).id), 40);
}

static void in_steps(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.long" });
    SAME_INT(job_run(c, claim_one(c, "bills"), 0), JOB_ENDED);
    c = test_ctx();
    PASSES(c, check_long, &id);
}

static int steps_done;
static void read_steps(Ctx *c, void *id) {
    steps_done = (int)db_int(c, "select steps from smart360.job where id=?", *(Id *)id);
}

/* A moment to kill at: as a rule after some progress (three
 * crashes without any are poison), every fourth time at once. */
static void wait_for_moment(Ctx *c, Id id, int kills) {
    PASSES(c, read_steps, &id);
    int before = steps_done;
    for (int i = 0; i < 1000 && kills % 4 && steps_done == before; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
        PASSES(c, read_steps, &id);
    }
    nanosleep(&(struct timespec){ .tv_nsec = rand() % 20000000 }, NULL);
}

/* The worker is killed at random moments, 12 times in all; each time another goes on at the cursor. */
static void killed(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.long" });
    int kills = 0;
    for (; kills < 40 && strcmp(state(c, id), "done"); kills++) {
        fflush(NULL);
        pid_t pid = fork();
        if (!pid) {
            static Ctx mine;
            test_begin(&mine);
            if (attempt(&mine, claim, (void *)(uintptr_t)"bills") && claimed) job_run(&mine, claimed, 0);
            _exit(0);
        }
        if (kills < 12) {
            wait_for_moment(c, id, kills);
            kill(pid, SIGKILL);
        }
        waitpid(pid, NULL, 0);
        sweep(c);
        PASSES(c, due_now, NULL);
        test_enter(c, NULL);
    }
    CU_ASSERT_TRUE(kills >= 2);
    SAME_TEXT(state(c, id), "done");
    PASSES(c, check_long, &id);
}

static void stops(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.long" });
    Claim *j = claim_one(c, "bills");
    worker_stopping = 1;
    JobEnd end = job_run(c, j, 0);
    worker_stopping = 0;
    SAME_INT(end, JOB_GIVEN_BACK);
    c = test_ctx();
    SAME_TEXT(state(c, id), "ready");
    j = claim_one(c, "bills");
    SAME_INT(j->attempts, 1);                                   /* not counted */
    SAME_TEXT(j->cursor, "1");                                  /* the step under way was finished */
    SAME_INT(job_run(c, j, 0), JOB_ENDED);
    PASSES(test_ctx(), check_long, &id);
}

static void own_transactions(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.free" });
    SAME_INT(job_run(c, claim_one(c, "general"), 0), JOB_ENDED);
    SAME_INT(rows(c = test_ctx()), 1);
    SAME_TEXT(state(c, id), "done");
    enqueued(c, (NewJob){ .kind = "test.free" });
    Claim lost = *claim_one(c, "general");
    sweep(c);
    PASSES(c, due_now, NULL);
    test_enter(c, NULL);
    CU_ASSERT_PTR_NOT_NULL(claim_one(c, "general"));            /* somebody else has it now */
    SAME_INT(job_run(c, &lost, 0), JOB_LOST);
    SAME_INT(rows(test_ctx()), 1);                              /* its step left nothing */
}

/* --- fairness ----------------------------------------------------------------------------------------------------- */

static void claim_shared(Ctx *c, void *share) {
    claimed = job_claim(c, "imports", text(c, "test:%d:%d", (int)getpid(), rand()), *(int *)share);
}

static void fairness(void) {
    Ctx *c = fresh();
    int share = 1;
    Id a = enqueued(c, (NewJob){ .kind = "test.chunk" });
    enqueued(c, (NewJob){ .kind = "test.chunk" });
    Id other = enqueued(c, (NewJob){ .kind = "test.other", .class = "imports" });
    PASSES(c, claim_shared, &share);
    SAME_INT(claimed->id.id, a.id);
    PASSES(c, claim_shared, &share);
    SAME_INT(claimed->id.id, other.id);                         /* the kind that has its share waits */
    PASSES(c, claim_shared, &share);
    CU_ASSERT_PTR_NOT_NULL(claimed);                            /* nobody else waits: all may help */
}

static void yields(void) {
    Ctx *c = fresh();
    Id id = enqueued(c, (NewJob){ .kind = "test.long" });
    Claim *j = claim_one(c, "bills");
    enqueued(c, (NewJob){ .kind = "test.urgent", .class = "bills" });
    SAME_INT(job_run(c, j, 50000), JOB_GIVEN_BACK);             /* after 50 ms somebody else of the class waits */
    SAME_TEXT(state(test_ctx(), id), "ready");
}

int main(int argc, char **argv) {
    beside_database(argc, argv, "BASE");
    job_handlers(core_jobs);
    job_handlers(test_jobs);
    return suite_run("queue", (SuiteTest[]){
        { "enqueue: visible after commit, absent after rollback", enqueue_in_tx },
        { "unique: a second one gets the first's id", unique },
        { "unique: asked for while it runs, it runs once more", asked_again },
        { "unique: asked for later, it runs again later", asked_for_later },
        { "unique: ticks, what was rolled back, other keys and itself ask nothing", not_asked_again },
        { "unique: asked for when its first part is done", asked_in_the_middle },
        { "unique: neither begins nor ends before who asked has committed", asked_by_one_who_has_not_committed },
        { "unique: news for one that dies", asked_and_dead },
        { "unique: three tell at once while one works, no news is missed", nothing_is_missed },
        { "due times and priority", later_and_first }, { "four workers, 200 jobs, none twice", no_double },
        { "each was tried once", no_double_attempt },
        { "finish: a lost lease rolls everything back", lost_lease },
        { "heartbeat: only the holder renews", heartbeat }, { "crash: the third one is poison", poison },
        { "retry with back-off, then dead", retry_then_dead }, { "permanent: dead at once; retry and discard",
            permanent }, { "a kind this version does not know", unknown_kind },
        { "progress: a long job in steps", in_steps }, { "take-over: killed twelve times, nothing twice", killed },
        { "stop: the step is finished, the rest given back", stops },
        { "steps of their own for calls outside", own_transactions }, { "fairness: a share of the workers", fairness },
        { "fairness: a long job makes room", yields }, { 0 } });
}
