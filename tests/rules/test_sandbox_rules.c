/*
 * When the sandbox gateway tells again (ONB03US01 "webhooks", the table of schemes): five times, and then no more.
 */
#include "app/hub/sandbox_rules.h"
#include "tests/suite.h"

typedef struct { int tries; int64_t wait_s; } Case;

static const Case cases[] = { { 1, 5 },    { 2, 30 }, { 3, 120 }, { 4, 600 },
                              { 5, 3600 }, { 6, 0 },  { 7, 0 },   { 0, 0 },   { -1, 0 } };

static void waits(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) SAME_INT(sandbox_wait_s(cases[i].tries), cases[i].wait_s);
    CU_ASSERT_TRUE(sandbox_wait_s(SANDBOX_TRIES - 1) > 0);
    SAME_INT(sandbox_wait_s(SANDBOX_TRIES), 0);
}

int main(void) {
    return suite_run("sandbox_rules", (SuiteTest[]){ { "ONB03US01 tries of the sandbox", waits }, { 0 } });
}
