/*
 * One CUnit program = one file with a table of tests:
 *     static void adds(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     int main(void) { return suite_run("sums", (SuiteTest[]){ { "adds", adds }, {0} }); }
 * The exit status is 0 when every assertion held.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

typedef struct { const char *name; void (*run)(void); } SuiteTest;

/* Both texts are printed when they differ; NULL equals only NULL. */
#define SAME_TEXT(actual, expected) same_text((actual), (expected), __FILE__, __LINE__)
#define SAME_INT(actual, expected) same_int((int64_t)(actual), (int64_t)(expected), __FILE__, __LINE__)

static inline void same_text(const char *actual, const char *expected, const char *file, int line) {
    int same = actual && expected ? !strcmp(actual, expected) : actual == expected;
    if (!same) fprintf(stderr, "\n%s:%d: got \"%s\", expected \"%s\"\n", file, line, actual ? actual : "(null)",
                       expected ? expected : "(null)");
    CU_assertImplementation(same, (unsigned)line, "same text", file, "", CU_FALSE);
}

static inline void same_int(long long actual, long long expected, const char *file, int line) {
    if (actual != expected) fprintf(stderr, "\n%s:%d: got %lld, expected %lld\n", file, line, actual, expected);
    CU_assertImplementation(actual == expected, (unsigned)line, "same number", file, "", CU_FALSE);
}

static inline int suite_run(const char *name, const SuiteTest *tests) {
    if (CU_initialize_registry() != CUE_SUCCESS) return 2;
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (const SuiteTest *t = tests; suite && t->name; t++) CU_add_test(suite, t->name, t->run);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}

#endif
