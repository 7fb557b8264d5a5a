/* lib/counter: several processes count, one adds up; the exposition text. */
#include "lib/counter.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

static Arena mem;

enum { PAGES, HOOKS, BUSY, TOOK };
static const CounterRow table[] = {
    [PAGES] = { "t_requests_total", "class=\"page\"", COUNTER_SUM, "Requests answered" },
    [HOOKS] = { "t_requests_total", "class=\"hook\"", COUNTER_SUM, "Requests answered" },
    [BUSY]  = { "t_busy", NULL, COUNTER_GAUGE, "Workers busy now" },
    [TOOK]  = { "t_seconds", NULL, COUNTER_TIME, "Time of a request" },
    { 0 } };

static void adds_up(void) {
    Counters *c = counters_open(table, 4, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    for (int worker = 1; worker <= 4; worker++) {
        if (fork()) continue;
        counters_slot(c, worker);
        for (int i = 0; i < 1000; i++) counter_add(c, PAGES, 1), counter_observe(c, TOOK, i * 10);
        counter_set(c, BUSY, worker);
        _exit(0);
    }
    for (int i = 0; i < 4; i++) wait(NULL);
    SAME_INT(counter_total(c, PAGES), 4000);
    SAME_INT(counter_total(c, HOOKS), 0);
    SAME_INT(counter_total(c, BUSY), 10);
    SAME_INT(counter_total(c, TOOK), 4000);
    SAME_INT(counter_time_us(c, TOOK), 4 * 4995000);
    SAME_INT(counter_quantile_us(c, TOOK, 500000), 5000);
    SAME_INT(counter_quantile_us(c, TOOK, 950000), 10000);
    counters_slot(c, 2);
    SAME_INT(counter_total(c, BUSY), 8);
    counter_add(c, PAGES, -5);
    counter_add(c, BUSY, 5);
    counter_add(c, 99, 5);
    counter_add(NULL, PAGES, 5);
    counters_slot(c, 99);
    SAME_INT(counter_total(c, PAGES), 4000);
    counters_close(c);
    CU_ASSERT_PTR_NULL(counters_open(table, 100000, NULL));
    CU_ASSERT_PTR_NULL(counters_open(table, 1, "/nowhere/at/all"));
}

static void writes_text(void) {
    char file[] = "/tmp/smart360-counter-XXXXXX";
    int fd = mkstemp(file);
    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    Counters *c = counters_open(table, 1, file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    counter_add(c, PAGES, 3);
    counter_observe(c, TOOK, 2400);
    counter_observe(c, TOOK, 99000000);
    char *s = counters_text(&mem, c);
    const char *start = "# HELP t_requests_total Requests answered\n# TYPE t_requests_total "
                        "counter\nt_requests_total{class=\"page\"} 3\n"
        "t_requests_total{class=\"hook\"} 0\n# HELP t_busy Workers busy now\n# TYPE t_busy gauge\nt_busy 0\n# HELP "
        "t_seconds Time of a request\n"
        "# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.001000\"} 0\nt_seconds_bucket{le=\"0.002500\"} 1\n";
    SAME_TEXT(arena_copy_n(&mem, s, strlen(start)), start);
    CU_ASSERT_PTR_NOT_NULL(strstr(s, "t_seconds_bucket{le=\"30.000000\"} 1\nt_seconds_bucket{le=\"+Inf\"} "
                                     "2\nt_seconds_sum 99.002400\nt_seconds_count 2\n"));
    SAME_TEXT(counters_text_of(&mem, table, file), s);
    static const CounterRow other[] = { { "t_else", NULL, COUNTER_SUM, "x" }, { 0 } };
    SAME_TEXT(counters_text_of(&mem, other, file), NULL);
    SAME_TEXT(counters_text_of(&mem, table, "/nowhere"), NULL);
    CU_ASSERT_EQUAL(truncate(file, 100), 0);
    SAME_TEXT(counters_text_of(&mem, table, file), NULL);
    unlink(file);
    counters_close(c);
}

int main(void) {
    int status = suite_run("counter", (SuiteTest[]){ { "adds up over processes", adds_up },
        { "writes text", writes_text }, { 0 } });
    arena_end(&mem);
    return status;
}
