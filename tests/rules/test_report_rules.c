/*
 * Delivery reports by mail (RFC 3464), by the table report_rules.case (ONB03US01 "SMTP").
 */
#include "app/hub/report_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;

static void test_table(void) {
    Cases cases = { .in = source_open("tests/rules/report_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) {
        char *s = cases.fields[1];
        for (char *k = s; *k; k++)
            if (*k == '/') *k = '\n';
        MailReport r;
        bool is = mail_report_read(&mem, s, strlen(s), &r);
        const char *got = is ? text(&mem, "%s %s %s", r.message, r.status, r.code ? r.code : "-") : "none";
        if (strcmp(got, cases.fields[2])) fprintf(stderr, "line %d: got %s\n", cases.line, got);
        CU_ASSERT_STRING_EQUAL(got, cases.fields[2]);
        arena_reset(&mem);
    }
    fclose(cases.in);
}

static void test_nothing(void) {
    MailReport r;
    CU_ASSERT_FALSE(mail_report_read(&mem, "", 0, &r));
    CU_ASSERT_FALSE(mail_report_read(&mem, NULL, 0, &r));
    arena_end(&mem);
}

int main(void) {
    return suite_run("report_rules", (SuiteTest[]){ { "ONB03US01 delivery reports by mail", test_table },
                                                    { "no mail", test_nothing }, { 0 } });
}
