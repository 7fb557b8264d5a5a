/*
 * Master and workers: see worker.h.
 */
#include "lib/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

enum { WORKERS_MAX = 256, TICK_MS = 100 };

typedef struct Slot { int64_t busy_since_ms; } Slot;                        /* shared with the child */
typedef struct Worker { pid_t pid; const Pool *pool; int index, slot; bool old; int64_t started_ms; } Worker;

volatile sig_atomic_t worker_stopping;
static volatile sig_atomic_t reload_wanted;
static void (*also_on_stop)(void);
static Slot *slots;
static int my_slot = -1;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void worker_busy(bool busy) {
    if (my_slot >= 0) __atomic_store_n(&slots[my_slot].busy_since_ms, busy ? now_ms() : 0, __ATOMIC_RELAXED);
}

void worker_on_stop(void (*also)(void)) { also_on_stop = also; }

bool worker_has_room(const char *folder, int64_t least) {
    static struct { const char *folder; time_t at; bool has; } known;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (known.folder == folder && known.at == now.tv_sec) return known.has;
    struct statvfs s;
    bool has = !folder || statvfs(folder, &s) || (int64_t)s.f_bavail * (int64_t)s.f_frsize >= least;
    known.folder = folder, known.at = now.tv_sec, known.has = has;
    return has;
}

int64_t worker_memory(void) {
    FILE *f = fopen("/proc/self/statm", "re");
    long size = 0, resident = 0;
    if (f && fscanf(f, "%ld %ld", &size, &resident) != 2) resident = 0;
    if (f) fclose(f);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void on_signal(int s) {
    if (s == SIGHUP) {
        reload_wanted = 1;
        log_reopen();                       /* the old file may have been moved away */
        return;
    }
    worker_stopping = 1;
    if (also_on_stop) also_on_stop();
}

/* Without SA_RESTART: a worker waiting in accept() wakes up. */
static void catch_signals(void) {
    struct sigaction a = { .sa_handler = on_signal };
    sigemptyset(&a.sa_mask);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGHUP, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void start(Worker *w) {
    slots[w->slot].busy_since_ms = 0;
    w->started_ms = now_ms();
    fflush(NULL);
    pid_t parent = getpid();
    w->pid = fork();
    if (w->pid) return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);       /* a killed master takes its workers along */
    if (getppid() != parent) _exit(1);
    my_slot = w->slot;
    signal(SIGHUP, SIG_IGN);
    srand((unsigned)getpid() ^ (unsigned)time(NULL));
    int status = w->pool->run(w->pool, w->index);
    fflush(NULL);
    _exit(status);
}

static void reap(Worker *w, int n) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (int i = 0; i < n; i++)
            if (w[i].pid == pid) {
                w[i].pid = 0;
                if (!worker_stopping && WIFSIGNALED(status))
                    fprintf(stderr, "worker %s.%d (pid %d) died of signal %d; another one takes its place\n",
                            w[i].pool->name, w[i].index, (int)pid, WTERMSIG(status));
            }
}

static void watch(Worker *w) {
    int64_t since = __atomic_load_n(&slots[w->slot].busy_since_ms, __ATOMIC_RELAXED);
    if (!w->pid || !since || !w->pool->busy_max_s || now_ms() - since < (int64_t)w->pool->busy_max_s * 1000) return;
    fprintf(stderr, "worker %s.%d (pid %d) is stuck for %d s; it is ended\n", w->pool->name, w->index, (int)w->pid,
            w->pool->busy_max_s);
    kill(w->pid, SIGKILL);
}

static void pause_ms(int ms) { nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL); }

static int stop_all(Worker *w, int n) {
    int64_t begin = now_ms();
    for (;;) {
        reap(w, n);
        int alive = 0;
        for (int i = 0; i < n; i++) {
            if (!w[i].pid) continue;
            alive++;
            int limit_s = w[i].pool->stop_s ? w[i].pool->stop_s : 35;
            kill(w[i].pid, now_ms() - begin > (int64_t)limit_s * 1000 ? SIGKILL : SIGTERM);
        }
        if (!alive) return 0;
        pause_ms(TICK_MS);
    }
}

int workers_run(const Pool *pools, int count, void (*ready)(void)) {
    static Worker w[WORKERS_MAX];
    int n = 0;
    slots = mmap(NULL, sizeof *slots * WORKERS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED) return 1;
    catch_signals();
    for (int p = 0; p < count; p++)
        for (int i = 0; i < pools[p].workers && n < WORKERS_MAX / 2; i++, n++)
            w[n] = (Worker){ .pool = &pools[p], .index = i, .slot = n };
    for (int i = 0; i < n; i++) start(&w[i]);
    if (ready) ready();
    while (!worker_stopping) {
        pause_ms(TICK_MS);
        reap(w, 2 * n);
        if (reload_wanted) {                /* the old generation moves to the upper half and is told to end */
            reload_wanted = 0;
            for (int i = 0; i < n; i++)
                if (!w[n + i].pid) {
                    w[n + i] = w[i];
                    w[n + i].old = true;
                    w[i].slot = w[i].slot < n ? i + n : i;
                    w[i].pid = 0;
                }
        }
        for (int i = 0; i < n; i++) {
            watch(&w[i]);
            if (!w[i].pid && now_ms() - w[i].started_ms > 50) start(&w[i]);
            if (w[n + i].pid) kill(w[n + i].pid, SIGTERM);
        }
    }
    return stop_all(w, 2 * n);
}
