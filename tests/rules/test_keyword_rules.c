/*
 * What answers by text message mean, by the table keyword_rules.case (UX05US05 "inbound keywords", ONB03US01).
 */
#include "app/comms/keyword_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;

static void test_table(void) {
    static const char *const names[] = { "none", "stop", "start", "help", "yes", "refusal" };
    Cases cases = { .in = source_open("tests/rules/keyword_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) {
        const char *word;
        const char *got = names[keyword_of(&mem, cases.fields[0], &word)];
        if (strcmp(got, cases.fields[1])) fprintf(stderr, "line %d: \"%s\" is %s\n", cases.line, cases.fields[0], got);
        CU_ASSERT_STRING_EQUAL(got, cases.fields[1]);
        CU_ASSERT_STRING_EQUAL(word ? word : "-", cases.fields[2]);
        arena_reset(&mem);
    }
    fclose(cases.in);
}

static void test_nothing(void) {
    const char *word;
    SAME_INT(keyword_of(&mem, NULL, &word), KEYWORD_NONE);
    SAME_INT(keyword_of(&mem, "", &word), KEYWORD_NONE);
    SAME_TEXT(word, NULL);
    arena_end(&mem);
}

int main(void) {
    return suite_run("keyword_rules", (SuiteTest[]){ { "UX05US05 answers by text message", test_table },
                                                     { "no answer at all", test_nothing }, { 0 } });
}
