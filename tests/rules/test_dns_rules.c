/*
 * What a domain's records say about mail in its name, by the table dns_rules.case (ONB03US01 "DNS check").
 */
#include "app/hub/dns_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static void test_table(void) {
    Cases cases = { .in = source_open("tests/rules/dns_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) {
        char **f = cases.fields;
        const char *records[8];
        size_t n = 0;
        for (char *s = f[1], *next; strcmp(f[1], "-") && s && n < 8; s = next) {
            next = strstr(s, " + ");
            if (next) *next = 0, next += 3;
            records[n++] = s;
        }
        DnsFinding found = !strcmp(f[0], "spf") ? spf_finding(records, n)
                         : !strcmp(f[0], "dkim") ? dkim_finding(records, n) : dmarc_finding(records, n);
        const char *got = dns_verdict_name(found.verdict);
        if (strcmp(got, f[2])) fprintf(stderr, "line %d: %s\n", cases.line, got);
        CU_ASSERT_STRING_EQUAL(got, f[2]);
        CU_ASSERT_STRING_EQUAL(found.why ? found.why : "-", f[3]);
        CU_ASSERT_EQUAL(!found.found, found.verdict == DNS_MISSING);
    }
    fclose(cases.in);
}

int main(void) {
    return suite_run("dns_rules", (SuiteTest[]){ { "ONB03US01 SPF, DKIM and DMARC", test_table }, { 0 } });
}
