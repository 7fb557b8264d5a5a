/*
 * Limits of the portal's codes, proofs and passwords, by the table code_rules.case (CSS01US01).
 */
#include "app/portal/code_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;
static Cases cases;

static void expect(const char *got, const char *wanted) {
    if (strcmp(got, wanted)) fprintf(stderr, "line %d: %s: got %s\n", cases.line, cases.fields[0], got);
    CU_ASSERT_STRING_EQUAL(got, wanted);
}

static size_t seconds_read(const char *s, Time *to) {
    size_t n = 0;
    for (char *end; n < 40; s = end) {
        long second = strtol(s, &end, 10);
        if (end == s) break;
        to[n++] = (Time){ second * SECOND_US };
    }
    return n;
}

static const char *second_text(Time t) {
    return time_is_set(t) ? text(&mem, "%lld", (long long)(t.us / SECOND_US)) : "-";
}

static void one(char **f) {
    Time at[40];
    if (!strcmp(f[0], "wait")) {
        size_t n = seconds_read(f[2], at);
        expect(second_text(code_wait(at, n, (Time){ strtol(f[1], NULL, 10) * SECOND_US }, f[3][0] == '1')), f[4]);
    } else if (!strcmp(f[0], "pause")) {
        size_t n = seconds_read(f[2], at);
        expect(second_text(proof_pause(at, n, (int)strtol(f[1], NULL, 10))), f[3]);
    } else if (!strcmp(f[0], "password")) {
        expect(text(&mem, "%d", password_pause_minutes((int)strtol(f[1], NULL, 10))), f[2]);
    } else {
        expect(typed_code(&mem, f[1]), f[2]);
    }
}

static void test_limits(void) {
    cases = (Cases){ .in = source_open("tests/rules/code_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) one(cases.fields);
    fclose(cases.in);
}

int main(void) {
    return suite_run("code_rules", (SuiteTest[]){ { "CSS01US01 limits of codes, proofs and passwords", test_limits },
                                                  { 0 } });
}
