/*
 * A master and pools of worker processes: for pages, webhooks and each class of jobs.
 *
 * The master forks the workers, replaces one that dies, ends one that is busy for too long, and on SIGTERM stops all:
 * it repeats the signal every 100 ms (libfcgi has a window between its test and accept) and kills after a limit.
 * SIGHUP starts a new generation before the old one is told to end: the sockets stay open, no request is lost.
 */
#ifndef LIB_WORKER_H
#define LIB_WORKER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Pool {
    const char *name;                       /* "page", "hook", "payments" ... */
    int         workers;
    int         busy_max_s;                 /* a worker that says busy for longer is killed; 0: never */
    int       (*run)(const struct Pool *pool, int index);      /* in the child; returns its exit status */
    void       *arg;
    int         stop_s;                     /* time to finish after SIGTERM; 0: 35 */
} Pool;

/* Runs the pools until SIGTERM or SIGINT; returns the exit status. `ready` (may be NULL) is called once all run. */
int  workers_run(const Pool *pools, int n, void (*ready)(void));

/* In a worker: */
extern volatile sig_atomic_t worker_stopping;   /* finish what you do, take nothing new */
void worker_busy(bool busy);                    /* a unit of work begins, ends: watched by the master */
/* called in the signal handler (FCGX_ShutdownPending); async-signal-safe only */
void worker_on_stop(void (*also)(void));
/* Resident memory of this process in bytes. */
int64_t worker_memory(void);
/* Whether the file system of this folder has so much room left, as it was within the last second (F5). What cannot be
   asked is no reason to stop. */
bool    worker_has_room(const char *folder, int64_t least);

#endif
