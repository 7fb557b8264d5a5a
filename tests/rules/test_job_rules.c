/*
 * When jobs are tried again and when recurring ones are due: job_rules.case.
 */
#include "app/core/job_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static void due(void) {
    static Cases k;
    Arena mem = { 0 };
    k = (Cases){ .in = source_open("tests/rules/job_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(k.in);
    int n = 0;
    for (; cases_next(&k); n++) {
        ScheduleRule rule;
        Time after;
        CU_ASSERT_TRUE_FATAL(time_parse_iso(k.fields[2], &after));
        bool good = schedule_parse(k.fields[0], &rule);
        const char *got = good ? time_iso(&mem, schedule_next(&rule, zone_find(k.fields[1]), after)) : "!";
        if (strcmp(got, k.fields[3])) fprintf(stderr, "\njob_rules.case:%d: got %s, expected %s\n", k.line, got,
                                              k.fields[3]);
        CU_ASSERT_STRING_EQUAL(got, k.fields[3]);
    }
    CU_ASSERT_TRUE(n > 20);
    fclose(k.in);
    arena_end(&mem);
}

static void waits(void) {
    SAME_INT(job_wait_us(1, 500000, 0), 10 * SECOND_US);
    SAME_INT(job_wait_us(1, 0, 0), 8 * SECOND_US);
    SAME_INT(job_wait_us(2, 500000, 0), 20 * SECOND_US);
    SAME_INT(job_wait_us(11, 500000, 0), 10240 * SECOND_US);
    SAME_INT(job_wait_us(12, 500000, 0), 20480 * SECOND_US);
    SAME_INT(job_wait_us(13, 500000, 0), 6 * HOUR_US);
    SAME_INT(job_wait_us(40, 500000, 0), 6 * HOUR_US);
    SAME_INT(job_wait_us(1, 500000, 3600), HOUR_US);            /* the other side asked for longer */
    CU_ASSERT_TRUE(job_wait_us(1, 999999, 0) < 12 * SECOND_US + 1);
    int64_t all = 0;
    for (int i = 1; i < JOB_ATTEMPTS; i++) all += job_wait_us(i, 500000, 0);
    CU_ASSERT_TRUE(all > 5 * HOUR_US && all < 7 * HOUR_US);     /* 12 tries: about 6 h */
    for (int i = JOB_ATTEMPTS; i < 25; i++) all += job_wait_us(i, 500000, 0);
    CU_ASSERT_TRUE(all > 3 * DAY_US && all < 4 * DAY_US);       /* 25 tries: about 3.5 days */
}

static void fates(void) {
    SAME_INT(job_fate((JobTry){ .attempts = 1, .max_attempts = 12 }), JOB_RETRY);
    SAME_INT(job_fate((JobTry){ .attempts = 12, .max_attempts = 12 }), JOB_DEAD);
    SAME_INT(job_fate((JobTry){ .attempts = 1, .max_attempts = 12, .is_permanent = true }), JOB_DEAD);
    SAME_INT(job_fate((JobTry){ .attempts = 2, .max_attempts = 12, .crashes = 2, .is_crash = true }), JOB_RETRY);
    SAME_INT(job_fate((JobTry){ .attempts = 3, .max_attempts = 12, .crashes = 3, .is_crash = true }), JOB_DEAD);
}

int main(void) {
    return suite_run("job_rules", (SuiteTest[]){ { "ONB02US04.6 due times", due }, { "waits between tries", waits },
                                                 { "what becomes of a job", fates }, { 0 } });
}
