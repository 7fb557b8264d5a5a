/*
 * Instalments of payment agreements, by the table agreement_rules.case (CSS01US04 "Formulas").
 */
#include <stdlib.h>

#include "app/cis/agreement_rules.h"
#include "lib/money.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;

static Money money(const char *s) {
    Money m = { 0 };
    number_parse(s, NUMBER_PLAIN, (NumberRule){ 2, 11, true }, &m.minor);
    return m;
}

static const char *words(const Schedule *s) {
    Text t = text_start(&mem);
    text_add(&t, s->n ? "" : "none");
    for (int i = 0; i < s->n; i++)
        text_addf(&t, "%s%s %s", i ? ", " : "", date_iso(&mem, s->v[i].due) + 5,
                  money_decimal(&mem, s->v[i].amount, 2));
    return t.s;
}

static const char *amounts(char *facts) {
    Schedule s;
    Date first;
    char *financed = strsep(&facts, " "), *n = strsep(&facts, " "), *frequency = strsep(&facts, " ");
    CU_ASSERT_TRUE(date_parse_iso(facts, &first));
    agreement_amounts(&s, money(financed), atoi(n));
    agreement_dates(&s, first, frequency);
    CU_ASSERT_EQUAL(agreement_sum(&s).minor, money(financed).minor);
    return words(&s);
}

static const char *read_(const char *facts) {
    Schedule s;
    if (!agreement_schedule_read(facts, 2, &s)) s.n = 0;
    return words(&s);
}

static const char *paid(const char *facts) {
    Schedule s;
    agreement_amounts(&s, (Money){ 12000 }, 3);
    Money rest = agreement_settle(&s, money(facts));
    return text(&mem, "%s %s %s %s", instalment_state(&s.v[0]), instalment_state(&s.v[1]), instalment_state(&s.v[2]),
                money_decimal(&mem, rest, 2));
}

static void test_table(void) {
    Cases cases = { .in = source_open("tests/rules/agreement_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) {
        char *facts = cases.fields[1];
        const char *got = !strcmp(cases.fields[0], "amounts") ? amounts(facts) : !strcmp(cases.fields[0], "read")
            ? read_(facts) : paid(facts);
        if (strcmp(got, cases.fields[2])) fprintf(stderr, "line %d: got %s\n", cases.line, got);
        CU_ASSERT_STRING_EQUAL(got, cases.fields[2]);
        arena_reset(&mem);
    }
    fclose(cases.in);
    arena_end(&mem);
}

int main(void) {
    return suite_run("agreement_rules", (SuiteTest[]){ { "CSS01US04 instalments", test_table }, { 0 } });
}
