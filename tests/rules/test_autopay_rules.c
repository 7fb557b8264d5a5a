/*
 * When autopay tells, takes and gives up, by the table autopay_rules.case (CSS01US03).
 */
#include "app/portal/autopay_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;
static Cases cases;

static void expect(const char *got, const char *wanted) {
    if (strcmp(got, wanted)) fprintf(stderr, "line %d: %s: got %s\n", cases.line, cases.fields[0], got);
    CU_ASSERT_STRING_EQUAL(got, wanted);
}

static Date day(const char *s) { return date_add_days(date_of(2026, 5, 5), (int)strtol(s, NULL, 10)); }

static const char *day_text(Date d) {
    return date_is_set(d) ? text(&mem, "%d", date_days_between(date_of(2026, 5, 5), d)) : "-";
}

static bool given(const char *s) { return strcmp(s, "-") != 0; }

static const char *step_text(char **f) {
    static const char *const acts[] = { "wait", "notice", "charge", "by_hand", "over" };
    AutopayFacts a = { .today = day(f[2]), .due_on = date_of(2026, 5, 5), .offset_days = (int)strtol(f[3], NULL, 10) };
    a.open.minor = strtol(f[4], NULL, 10);
    a.has_cap = given(f[5]);
    a.cap.minor = a.has_cap ? strtol(f[5], NULL, 10) : 0;
    a.is_skipped = strchr(f[6], 's'), a.in_dispute = strchr(f[6], 'd'), a.in_agreement = strchr(f[6], 'a');
    a.is_cash_only = strchr(f[6], 'c'), a.is_charging = strchr(f[6], 'r');
    a.tries = (int)strtol(f[7], NULL, 10);
    a.first_try_on = given(f[8]) ? day(f[8]) : DATE_NONE;
    AutopayStep s = autopay_step(&a);
    return text(&mem, "%s %d %s %d", acts[s.act], (int)s.why, day_text(s.charge_on), s.try_no);
}

static void one(char **f) {
    if (!strcmp(f[0], "step")) {
        expect(step_text(f), f[9]);
    } else if (!strcmp(f[0], "again")) {
        expect(day_text(autopay_again_on(day(f[1]), (int)strtol(f[2], NULL, 10))), f[3]);
    } else if (!strcmp(f[0], "hard")) {
        expect(decline_is_hard(f[1]) ? "1" : "0", f[2]);
    } else {
        int left = card_days_left((int)strtol(f[1], NULL, 10), (int)strtol(f[2], NULL, 10), day("0"));
        expect(text(&mem, "%d", left), f[3]);
    }
}

static void test_autopay(void) {
    cases = (Cases){ .in = source_open("tests/rules/autopay_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) one(cases.fields);
    fclose(cases.in);
}

int main(void) {
    return suite_run("autopay_rules", (SuiteTest[]){ { "CSS01US03 days and limits of autopay", test_autopay }, { 0 } });
}
