/*
 * `smart360 jobs`: the master, a pool of workers for each class of jobs, one for events, and the clerk.
 *
 * The clerk of a host renews the leases of its workers while they live, ends those of dead ones, sweeps, keeps the
 * table `worker` and enqueues recurring jobs. Workers say in shared memory what they hold. A datagram wakes a worker at
 * once; without one they look every 1 to 2 s (assurance "Job queue").
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/command.h"
#include "app/core/job.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/log.h"
#include "lib/worker.h"

enum { HOLDS_MAX = 256, BELLS = 7, SLICE_US = 2000000, TICK_US = 3000000 };

/* --- bells -------------------------------------------------------------------------------------------------------- */

/* One socket for each pool: <jobs_socket>.<letter>. */
static const struct { const char *class; char letter; } bells[BELLS] = {
    { "payments", 'p' }, { "messages", 'm' }, { "bills", 'b' }, { "imports", 'i' }, { "documents", 'd' },
    { "general", 'g' }, { "events", 'e' },
};
static int bell_fd[BELLS];

static struct sockaddr_un bell_address(int i) {
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof a.sun_path, "%s.%c", installation()->jobs_socket, bells[i].letter);
    return a;
}

static bool bells_open(void) {
    for (int i = 0; i < BELLS; i++) {
        struct sockaddr_un a = bell_address(i);
        unlink(a.sun_path);
        bell_fd[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (bell_fd[i] < 0 || bind(bell_fd[i], (struct sockaddr *)&a, sizeof a)) {
            fprintf(stderr, "smart360 jobs: the socket %s cannot be made: %s\n", a.sun_path, strerror(errno));
            return false;
        }
    }
    return true;
}

static void bells_close(void) {
    for (int i = 0; i < BELLS; i++) unlink(bell_address(i).sun_path);
}

void jobs_ring(const char *class, Id tenant) {
    static int fd = -1;
    if (fd < 0) fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    char word[24];
    int n = snprintf(word, sizeof word, "%lld", (long long)tenant.id);
    for (int i = 0; i < BELLS; i++) {
        if (strcmp(class, "*") && strcmp(class, bells[i].class)) continue;
        struct sockaddr_un a = bell_address(i);
        /* nobody there: they look by themselves */
        sendto(fd, word, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof a);
    }
}

/* Waits for a bell or 1 to 2 s; the tenant that rang, 0 when nobody did. */
static int64_t bell_wait(int fd) {
    char word[24] = "";
    if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1000 + rand() % 1000) <= 0) return 0;
    return recv(fd, word, sizeof word - 1, MSG_DONTWAIT) > 0 ? atoll(word) : 0;
}

/* --- what the workers hold ---------------------------------------------------------------------------------------- */

typedef struct Hold { int pid; int64_t job; int token; int64_t started_us; char name[80]; char kind[20]; } Hold;
static Hold *holds;                         /* shared by all processes of this master */

static Hold *hold_take(const char *name, const char *kind) {
    for (int i = 0; i < HOLDS_MAX; i++) {
        int nobody = 0;
        if (!__atomic_compare_exchange_n(&holds[i].pid, &nobody, getpid(), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            continue;
        holds[i].job = 0;
        holds[i].started_us = time_now().us;
        snprintf(holds[i].name, sizeof holds[i].name, "%s", name);
        snprintf(holds[i].kind, sizeof holds[i].kind, "%s", kind);
        return &holds[i];
    }
    /* more workers than places: their leases are renewed by their steps alone */
    return NULL;
}

static void hold_set(Hold *h, int64_t job, int token) {
    if (!h) return;
    __atomic_store_n(&h->job, 0, __ATOMIC_SEQ_CST);
    h->token = token;
    __atomic_store_n(&h->job, job, __ATOMIC_SEQ_CST);
}

static void hold_end(Hold *h) {
    if (h) __atomic_store_n(&h->pid, 0, __ATOMIC_SEQ_CST);
}

/* --- a worker ----------------------------------------------------------------------------------------------------- */

typedef struct Plan { int bell, workers; } Plan;

typedef struct Worker {
    Ctx         c;
    const Plan *plan;
    Hold       *hold;
    char        name[80];
    Claim      *claim;
    int64_t     tenant;                     /* events: whose bell rang */
    bool        more;
} Worker;

static void worker_begin(Worker *w, const char *kind, int index) {
    char host[40] = "";
    gethostname(host, sizeof host - 1);
    snprintf(w->name, sizeof w->name, "%s:%s.%d:%d", host, kind, index, (int)getpid());
    w->hold = hold_take(w->name, kind);
    DbConfig db = installation_db(COMMAND_APP);
    db.statement_time_s = 300;              /* a step may work long in one statement; pages may not */
    w->c = (Ctx){ .db = db_open(&db), .language = "en", .now = clock_now() };
}

static void worker_end(Worker *w) {
    hold_end(w->hold);
    db_close(w->c.db);
    arena_end(&w->c.mem);
}

/* A fresh Ctx for the next piece of work. */
static Ctx *worker_fresh(Worker *w) {
    db_reset(w->c.db);
    arena_reset(&w->c.mem);
    w->c = (Ctx){ .mem = w->c.mem, .db = w->c.db, .language = "en", .now = clock_now() };
    tenant_leave(&w->c);
    return &w->c;
}

static bool too_big(void) { return worker_memory() > installation()->memory_max_mib * 1024 * 1024; }

bool jobs_have_room(void) {
    return worker_has_room(installation()->uploads_dir, installation()->free_min_mib * 1024 * 1024);
}

static void claim_next(Ctx *c, void *arg) {
    Worker *w = arg;
    w->claim = job_claim(c, bells[w->plan->bell].class, w->name, w->plan->workers - 1);
}

/* Claims and runs one job; false when none was due (or there is no database). */
static bool work_once(Worker *w) {
    Ctx *c = worker_fresh(w);
    w->claim = NULL;
    if (!jobs_have_room()) return false;
    if (!attempt(c, claim_next, w)) {
        log_warn("jobs.claim", LOG_TEXT("error", c->failure.text));
        return false;
    }
    if (!w->claim) return false;
    /* there may be more: wake the next one */
    if (w->plan->workers > 1) jobs_ring(bells[w->plan->bell].class, (Id){ 0 });
    hold_set(w->hold, w->claim->id.id, w->claim->token);
    int64_t began = time_ticking_us();
    JobEnd end = job_run(c, w->claim, SLICE_US);
    hold_set(w->hold, 0, 0);
    if (end == JOB_ENDED) log_debug("job.done", LOG_INT("job", w->claim->id.id), LOG_TEXT("kind", w->claim->kind),
                                    LOG_INT("ms", (time_ticking_us() - began) / 1000));
    return true;
}

static int run_worker(const Pool *pool, int index) {
    static Worker w;
    w.plan = pool->arg;
    worker_begin(&w, pool->name, index);
    while (!worker_stopping && !too_big())
        if (!work_once(&w)) bell_wait(bell_fd[w.plan->bell]);
    worker_end(&w);
    return 0;
}

/* --- the worker of events ----------------------------------------------------------------------------------------- */

typedef struct EventTurn { const TenantRow *tenant; bool more; } EventTurn;

static void events_turn(Ctx *c, void *arg) {
    EventTurn *t = arg;
    if (t->tenant) tenant_enter(c, t->tenant);
    events_dispatch(c, &t->more);
}

/* Delivers what one tenant (or the platform: NULL) has; a batch
 * a turn, so that one flood does not hold up the others. */
static bool deliver_for(Ctx *c, const TenantRow *tenant) {
    ArenaMark m = mark(c);
    EventTurn t = { tenant, false };
    worker_busy(true);
    if (!attempt(c, events_turn, &t)) log_warn("events.failed", LOG_TEXT("tenant", tenant ? tenant->slug : NULL),
                                               LOG_TEXT("error", c->failure.text));
    worker_busy(false);
    db_reset(c->db);
    rewind_to(c, m);
    tenant_leave(c);
    return t.more;
}

static void events_all(Ctx *c, void *arg) {
    Worker *w = arg;
    TenantRows l = tenants_heard(c, (Id){ w->tenant });
    w->more = !w->tenant && deliver_for(c, NULL);
    for (size_t i = 0; i < l.n && !worker_stopping; i++) w->more |= deliver_for(c, &l.v[i]);
}

static int run_events(const Pool *pool, int index) {
    static Worker w;
    int64_t all_us = 0;
    w.plan = pool->arg;
    worker_begin(&w, pool->name, index);
    while (!worker_stopping && !too_big()) {
        /* all tenants once a second, however many bells ring */
        if (time_ticking_us() - all_us > SECOND_US) w.tenant = 0;
        if (!w.tenant) all_us = time_ticking_us();
        w.more = false;
        if (!attempt(worker_fresh(&w), events_all, &w)) log_warn("events.failed", LOG_TEXT("error", w.c.failure.text));
        if (!w.more) w.tenant = bell_wait(bell_fd[w.plan->bell]);
    }
    worker_end(&w);
    return 0;
}

/* --- the clerk ---------------------------------------------------------------------------------------------------- */

static bool is_gone(int pid) { return kill(pid, 0) && errno == ESRCH; }

/* Dead workers give their places back; what they held is swept at once. */
static void look_after_dead(Ctx *c, void *arg) {
    (void)arg;
    for (int i = 0; i < HOLDS_MAX; i++) {
        Hold *h = &holds[i];
        int pid = __atomic_load_n(&h->pid, __ATOMIC_SEQ_CST);
        if (!pid || !is_gone(pid)) continue;
        int64_t job = __atomic_load_n(&h->job, __ATOMIC_SEQ_CST);
        if (job) job_expire(c, (Id){ job }, h->token);
        db_run(c, "delete from smart360.worker where name=?", h->name);
        __atomic_compare_exchange_n(&h->pid, &pid, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
}

static void renew_all(Ctx *c, void *arg) {
    (void)arg;
    char host[80] = "";
    gethostname(host, sizeof host - 1);
    for (int i = 0; i < HOLDS_MAX; i++) {
        Hold *h = &holds[i];
        if (!__atomic_load_n(&h->pid, __ATOMIC_SEQ_CST)) continue;
        int64_t job = __atomic_load_n(&h->job, __ATOMIC_SEQ_CST);
        int token = h->token;
        if (job && !job_renew(c, (Id){ job }, token) && job == __atomic_load_n(&h->job, __ATOMIC_SEQ_CST))
            /* its step will find out and roll back */
            log_warn("job.lease", LOG_INT("job", job), LOG_TEXT("worker", h->name));
        db_run(c, "insert into smart360.worker (name, host, pid, kind, started_at, seen_at, version) "
                  "values (?,?,?,?,?,utc_timestamp(6),?) on duplicate key update seen_at=utc_timestamp(6)",
               h->name, host, h->pid, h->kind, (Time){ h->started_us }, SMART360_VERSION);
    }
    db_run(c, "delete from smart360.worker where seen_at < utc_timestamp(6) - interval 10 minute");
}

static void sweep(Ctx *c, void *arg) {
    (void)arg;
    job_sweep(c);
}

static void tick(Ctx *c, void *arg) {
    (void)arg;
    schedule_tick(c);
}

static void clerk_does(Worker *w, const char *what, void (*work)(Ctx *, void *)) {
    Ctx *c = worker_fresh(w);
    worker_busy(true);
    if (!attempt(c, work, NULL)) log_warn("clerk.failed", LOG_TEXT("what", what), LOG_TEXT("error", c->failure.text));
    worker_busy(false);
}

/* The machine's clock was set: leases, which follow it, would all seem to have run out. */
static bool clock_jumped(void) {
    static int64_t ahead_us;
    int64_t was = ahead_us;
    ahead_us = time_now().us - time_ticking_us();
    return was && llabs(ahead_us - was) > 2 * SECOND_US;
}

static int run_clerk(const Pool *pool, int index) {
    static Worker w;
    int64_t renewed_us = -DAY_US, ticked_us = -DAY_US, swept_us = -DAY_US;
    worker_begin(&w, pool->name, index);
    while (!worker_stopping && !too_big()) {
        if (clock_jumped()) renewed_us = -DAY_US;       /* renewed before anybody sweeps */
        clerk_does(&w, "dead workers", look_after_dead);
        if (time_ticking_us() - renewed_us > JOB_HEARTBEAT_S * SECOND_US) {
            renewed_us = time_ticking_us();
            clerk_does(&w, "leases", renew_all);
        }
        if (time_ticking_us() - swept_us > 2 * SECOND_US) {
            swept_us = time_ticking_us();
            clerk_does(&w, "sweep", sweep);
        }
        if (time_ticking_us() - ticked_us > TICK_US) {
            ticked_us = time_ticking_us();
            clerk_does(&w, "schedule", tick);
        }
        poll(NULL, 0, 500);
    }
    worker_end(&w);
    return 0;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int at_least_one(int64_t n) { return n < 1 ? 1 : (int)n; }

static int serve(void) {
    int64_t n = installation()->jobs_workers;
    Plan plan[BELLS];
    int workers[BELLS] = { at_least_one(n / 2), at_least_one(n / 4), at_least_one(n / 2), 1, at_least_one(n / 4), 1,
                           1 };
    Pool pools[BELLS + 1];
    for (int i = 0; i < BELLS; i++) {
        plan[i] = (Plan){ i, workers[i] };
        pools[i] = (Pool){ .name = bells[i].class, .workers = workers[i], .busy_max_s = 900, .run = i == BELLS - 1
                           ? run_events : run_worker, .arg = &plan[i], .stop_s = JOB_STEP_STOP_S + 5 };
    }
    pools[BELLS] = (Pool){ .name = "clerk", .workers = 1, .busy_max_s = 300, .run = run_clerk };
    holds = mmap(NULL, sizeof *holds * HOLDS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (holds == MAP_FAILED || !bells_open()) return 1;
    int status = workers_run(pools, BELLS + 1, NULL);
    bells_close();
    return status;
}

/* Everything that is due, in this process. */
typedef struct Drain { int jobs; int64_t until_us; } Drain;

static void drain_events(Ctx *c, void *arg) {
    Worker *w = arg;
    do {
        w->more = false;
        w->tenant = 0;
        events_all(c, w);
    } while (w->more);
}

int jobs_drain(Ctx *c, int64_t limit_s) {
    Worker w = { .c = *c };
    int64_t until = time_ticking_us() + limit_s * SECOND_US;
    int done = 0;
    for (bool any = true; any && time_ticking_us() < until;) {
        any = false;
        ArenaMark m = mark(c);
        tenant_leave(c);
        attempt(c, sweep, NULL);
        attempt(c, drain_events, &w);
        for (const char *const *class = job_classes; *class; class++) {
            Plan plan = { (int)(class - job_classes), 1000 };
            w.plan = &plan;
            snprintf(w.name, sizeof w.name, "drain:%d", (int)getpid());
            w.claim = NULL;
            if (!attempt(c, claim_next, &w) || !w.claim) continue;
            job_run(c, w.claim, 0);
            any = true;
            done++;
        }
        rewind_to(c, m);
        tenant_leave(c);
    }
    return done;
}

static void drain_work(Ctx *c, void *arg) {
    Drain *d = arg;
    d->jobs = jobs_drain(c, d->until_us / SECOND_US);
}

int jobs_command(int argc, char **argv) {
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "drain")))
        return command_misuse(argv[0], "takes nothing or \"drain\"");
    int status = program_start();
    if (status) return status;
    if (argc == 1) return serve();
    Drain d = { 0, 3600 * SECOND_US };
    status = command_run(COMMAND_APP, drain_work, &d);
    printf("%d jobs run\n", d.jobs);
    return status;
}
