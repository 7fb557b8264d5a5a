/*
 * CUnit programs that want a database: they run themselves again beside a private server with a copy of a fixture set
 * (tests/instance with SET ...), so that each run begins afresh.
 *
 *   int main(int argc, char **argv) {
 *       beside_database(argc, argv, "BASE");
 *       return suite_run(...);
 *   }
 *   static void adds(void) { Ctx *c = test_ctx(); CU_ASSERT_TRUE(in_tx(c, work, &arg)); ... }
 */
#ifndef TESTS_DATABASE_H
#define TESTS_DATABASE_H

#include <libgen.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/core/installation.h"
#include "app/core/core.h"
#include "lib/clock.h"
#include "tests/suite.h"

/* Returns only when there is a database beside us. */
static inline void beside_database(int argc, char **argv, const char *set) {
    (void)argc;
    if (getenv("SMART360_TEST_BESIDE")) return;
    const char *source = getenv("srcdir") ? getenv("srcdir") : "..";
    char instance[5000], self[5000], build[5000], *slash;
    snprintf(instance, sizeof instance, "%s/tests/instance", source);
    if (!realpath(argv[0], self)) exit(2);
    snprintf(build, sizeof build, "%s", self);      /* <build>/tests/lib/test_x */
    for (int up = 0; up < 3 && (slash = strrchr(build, '/')); up++) *slash = 0;
    setenv("SMART360_BUILD", build, 1);
    setenv("SMART360_TEST_BESIDE", "1", 1);
    execl(instance, instance, "with", set, self, (char *)NULL);
    perror(instance);
    exit(2);
}

/* A Ctx with a connection of its own in tenant swa and utility swa-w; ended by test_end. */
static inline void test_enter(Ctx *c, void *arg) {
    (void)arg;
    TenantRow *t = tenant_by_slug(c, "swa");
    if (!t) fail(c, BROKEN, "there is no tenant swa");
    tenant_enter(c, t);
    utility_enter(c, (Id){ db_int(c, "select id from utility where code='swa-w'") });
}

static inline void test_begin(Ctx *c) {
    DbConfig db = installation_db(COMMAND_ADMIN);
    db.statement_time_s = 60;
    *c = (Ctx){ .db = db_open(&db), .now = clock_now(), .language = "en" };
    db_use(c, "smart360");
    if (!attempt(c, test_enter, NULL)) {
        fprintf(stderr, "no test database: %s\n", c->failure.text);
        _exit(2);
    }
}

static inline void test_end(Ctx *c) {
    db_close(c->db);
    arena_end(&c->mem);
}

static inline Ctx *test_ctx(void) {
    static Ctx c;
    if (c.db) test_end(&c);
    test_begin(&c);
    return &c;
}

typedef struct InTx { void (*work)(Ctx *, void *); void *arg; } InTx;
static inline void in_tx_run(Ctx *c, void *arg) {
    InTx *t = arg;
    db_tx(c, DB_WRITE, t->work, t->arg, NULL);
}
/* One transaction; false when it failed: c->failure. */
static inline bool in_tx(Ctx *c, void (*work)(Ctx *, void *), void *arg) {
    InTx t = { work, arg };
    c->now = clock_now();
    return attempt(c, in_tx_run, &t);
}

/* Statements outside of attempt() would abort when they fail: this runs work and asserts that it passed. */
static inline void passes(Ctx *c, void (*work)(Ctx *, void *), void *arg, const char *file, int line) {
    bool passed = attempt(c, work, arg);
    if (!passed) fprintf(stderr, "\n%s:%d: failed: %s %s (%s:%d)\n", file, line, status_word(c->failure.status),
                         c->failure.text, c->failure.file, c->failure.line);
    CU_assertImplementation(passed, (unsigned)line, "passes", file, "", CU_FALSE);
}
#define PASSES(c, work, arg) passes((c), (work), (arg), __FILE__, __LINE__)

/* Runs work(c, arg) in n child processes at once, each with a
 * Ctx of its own; the number that did not end with status 0. */
static inline int in_processes(int n, void (*work)(Ctx *, void *), void *arg) {
    pid_t pid[64];
    for (int i = 0; i < n; i++) {
        fflush(NULL);
        pid[i] = fork();
        if (pid[i]) continue;
        srand((unsigned)getpid());
        static Ctx c;
        test_begin(&c);
        bool passed = attempt(&c, work, arg);
        if (!passed) fprintf(stderr, "child: %s (%s:%d)\n", c.failure.text, c.failure.file, c.failure.line);
        _exit(passed ? 0 : 1);
    }
    int failed = 0, status;
    for (int i = 0; i < n; i++) {
        waitpid(pid[i], &status, 0);
        failed += status != 0;
    }
    return failed;
}

#endif
