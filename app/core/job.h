/*
 * The job queue from inside (assurance "Job queue: exact semantics"; I11): who claims, runs, renews and sweeps. What
 * modules use stands in core.h: job_enqueue, job_handlers, job_progress, job_give_up, job_step.
 *
 *   claim     READ COMMITTED, FOR UPDATE SKIP LOCKED by (priority, run_at, id): running, attempts+1, token+1, a lease
 * of 60 s
 *   step      one transaction: the handler's effects and the row of the job together, guarded by the token; a worker
 * whose
 *             lease was lost changes no row and rolls everything back
 *   again     who enqueues a unique_key that runs marks it (again_at); the transaction that ends it enqueues it anew.
 *             Whoever asks holds the row until its commit, so neither a claim nor an end can come between: news is
 *             never taken for seen by a run that began before it (job_enqueue, core.h)
 *   renewal   by the clerk process of the host, every 15 s, for the worker processes that are alive
 *   sweep     leases that ran out count as crashes: the job is ready again, at the third crash without progress it is
 * dead
 *
 * Leases follow the database's clock, due times that clock and the offset of a test instance's set clock.
 */
#ifndef APP_CORE_JOB_H
#define APP_CORE_JOB_H

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/core/job_rules.h"

/* Classes of jobs, each with workers of its own. */
extern const char *const job_classes[];     /* ended by NULL */

/* Enqueues for c's tenant with a due time by the database's clock; what job_enqueue does. */
const JobHandler *job_handler(const char *kind);        /* NULL: not registered */

#define CLAIM_ROW(F, T) F(T, Id, id) F(T, Id, tenant_id) F(T, Id, utility_id) F(T, const char *, kind) \
    F(T, const char *, class) \
    F(T, const char *, payload) F(T, const char *, unique_key) F(T, const char *, cursor) F(T, int, token) \
        F(T, int, steps) \
    F(T, int, attempts) F(T, int, max_attempts) F(T, int, crashes) F(T, Id, actor_id)
ROW(Claim, CLAIM_ROW)

/*
 * Claims the next due job of a class for a worker; NULL when there is none. A tenant's kind that already has `share` of
 * the class's workers waits while others have something due.
 */
Claim *job_claim(Ctx *c, const char *class, const char *worker, int share);

/* Below the mark of free disk workers begin nothing and give back between steps: it waits until there is room (F5). */
bool jobs_have_room(void);

typedef enum { JOB_ENDED, JOB_TRIED, JOB_DIED, JOB_LOST, JOB_GIVEN_BACK } JobEnd;
/*
 * Runs a claimed job until it is done, has failed, was lost or is given back: when the worker stops, or after slice_us
 * when others of its class wait (0: never). c enters the job's tenant and utility and leaves them again. Does not fail;
 * a database that is gone leaves the job to the sweep.
 */
JobEnd job_run(Ctx *c, const Claim *claim, int64_t slice_us);

/* Leases that ran out, by the database's clock: back to ready or dead. Returns how many. */
int  job_sweep(Ctx *c);
/* Keeps a lease for another 60 s; false: the job is lost. */
bool job_renew(Ctx *c, Id job, int token);
/* The holder is dead for certain: its lease ends now, so that the next sweep takes it. */
void job_expire(Ctx *c, Id job, int token);

/* Enqueues what is due of the recurring jobs: of modules (job_schedules) and of scheduled_job. c is in the platform. */
void schedule_tick(Ctx *c);
/* Handlers for the undelivered events of c's schema, one batch;
 * returns how many events. false in *more: none are left. */
int  events_dispatch(Ctx *c, bool *more);

/* --- buttons of the screen of dead jobs (with audit); CONFLICT when the job is in another state ------------------- */
void job_retry  (Ctx *c, Id job);
void job_discard(Ctx *c, Id job, const char *reason);

/* --- attention ---------------------------------------------------------------------------------------------------- */
typedef struct { int64_t ready, running, dead, stale, oldest_wait_s, workers, done_today; } JobFacts;
/* Of all tenants: for /health and /metrics. A few indexed reads. */
JobFacts job_facts(Ctx *c);

/* Wakes a worker of the class at once, on this host (a datagram); after COMMIT by job_enqueue. Never fails. */
void jobs_ring(const char *class, Id tenant);

/* Runs everything that is due in this process until nothing is
 * left (commands, tests); returns how many jobs were run. */
int  jobs_drain(Ctx *c, int64_t limit_s);
int  jobs_command(int argc, char **argv);

/* Handlers of core's own jobs. */
JobStep event_handle(Ctx *c, const JobRow *job);        /* a handler of an event once more: outbox.c */
JobStep seal_job    (Ctx *c, const JobRow *job);        /* seal.c */
JobStep documents_cleanup(Ctx *c, const JobRow *job);   /* document.c */
JobStep certificates_watch(Ctx *c, const JobRow *job);  /* certificate.c */
extern const JobHandler core_jobs[];
extern const JobSchedule core_schedules[];

#endif
