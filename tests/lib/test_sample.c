/*
 * `smart360 sample` beside a database: a small utility is made, and every invariant holds on it.
 */
#include "lib/db.h"
#include "tests/database.h"

static int run(const char *const *words) {
    char program[5000];
    const char *argv[10] = { program };
    snprintf(program, sizeof program, "%s/smart360", getenv("SMART360_BUILD"));
    for (int i = 0; words[i]; i++) argv[i + 1] = words[i];
    pid_t child = fork();
    if (!child) {
        execv(program, (char *const *)argv);
        _exit(127);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void fills_and_verifies(void) {
    SAME_INT(run((const char *const[]){ "sample", "--consumers", "300", "--months", "3", "--seed", "5", NULL }), 0);
    SAME_INT(run((const char *const[]){ "verify", NULL }), 0);
}

static void has_it_all(void) {
    static Ctx c;
    test_begin(&c);
    SAME_INT(db_int(&c, "select count(*) from account where utility_id=?", c.utility), 300);
    CU_ASSERT_TRUE(db_int(&c, "select count(*) from bill where utility_id=? and status='published'", c.utility) > 850);
    SAME_INT(db_int(&c, "select count(*) from bill where utility_id=? and status<>'published'", c.utility), 0);
    CU_ASSERT_TRUE(db_int(&c, "select count(*) from payment where utility_id=?", c.utility) > 500);
    CU_ASSERT_TRUE(db_int(&c, "select count(*) from bill where utility_id=? and payment_status='overdue'",
                          c.utility) > 3);
    SAME_INT(db_int(&c, "select count(*) from service_area where utility_id=? and level='sub_area' "
                        "and centroid_lat is not null", c.utility), 60);
    SAME_INT(db_int(&c, "select count(*) from usage_segment where utility_id=? and billing_status='unbilled'",
                    c.utility), 300);
    SAME_INT(db_int(&c, "select count(*) from portal_user where email in ('consumer1@swa.test', 'consumer2@swa.test') "
                        "and status='active'"), 2);
    SAME_INT(db_int(&c, "select count(*) from outbox_event where name in ('bill.posted', 'payment.posted')"), 0);
    SAME_INT(db_int(&c, "select count(*) from bill_cycle_period where utility_id=? and state='open'", c.utility), 1);
}

/* Into a utility with consumers it does not go. */
static void refuses_a_second_time(void) {
    SAME_INT(run((const char *const[]){ "sample", "--consumers", "10", "--months", "1", NULL }), 1);
    SAME_INT(run((const char *const[]){ "sample", "--consumers", "many", NULL }), 2);
}

int main(int argc, char **argv) {
    beside_database(argc, argv, "BASE");
    return suite_run("sample", (SuiteTest[]){ { "fills and verifies", fills_and_verifies },
                                              { "has it all", has_it_all },
                                              { "refuses a second time", refuses_a_second_time }, { 0 } });
}
