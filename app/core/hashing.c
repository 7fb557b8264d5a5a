/*
 * Places for hashing: see hashing.h. A place is a locked byte of a nameless file all workers share; the system frees
 * the locks of a process that ends, however it ends, which a semaphore would not.
 */
#include "app/core/hashing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/date.h"

enum { WAIT_US = 2000000, LOOK_US = 20000 };

static int places = -1, count = 1, mine = -1;

void hashing_start(void) {
    places = memfd_create("hashing", MFD_CLOEXEC);
    if (places < 0) {
        perror("memfd_create");
        exit(1);
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    count = cores > 3 ? (int)(cores / 2) : 1;
}

static bool lock(int place, short kind) {
    struct flock l = { .l_type = kind, .l_whence = SEEK_SET, .l_start = place, .l_len = 1 };
    return !fcntl(places, F_SETLK, &l);
}

static bool take_place(void) {
    for (int i = 0; i < count; i++)
        if (lock(i, F_WRLCK)) {
            mine = i;
            return true;
        }
    return false;
}

static void leave(void *c) {
    (void)c;
    if (mine >= 0) lock(mine, F_UNLCK);
    mine = -1;
}

static _Noreturn void too_many(Ctx *c) {
    fail_busy(c, 5, "Many people are signing in right now. Try again in a few seconds.");
}

void hashing_enter(Ctx *c) {
    if (places < 0) hashing_start();            /* commands: a program of one process */
    if (mine >= 0) return;
    if (c->waited_us > WAIT_US) too_many(c);    /* it stood in line for a worker already */
    int64_t until = time_ticking_us() + WAIT_US;
    while (!take_place()) {
        if (time_ticking_us() > until) too_many(c);
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_US * 1000 }, NULL);
    }
    later(c, leave, c);
}

void hashing_leave(Ctx *c) { leave(c); }
