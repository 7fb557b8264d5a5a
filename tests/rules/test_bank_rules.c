/*
 * Statements of banks, by the table bank_rules.case: which payout a line is, lines of MT940 (ONB03US01 "bank deposit").
 */
#include "app/hub/bank_rules.h"
#include "lib/date.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;
static Cases cases;

static void expect(const char *got, const char *wanted) {
    if (strcmp(got, wanted)) fprintf(stderr, "line %d: got %s\n", cases.line, got);
    CU_ASSERT_STRING_EQUAL(got, wanted);
}

/* The next word; "-" is nothing. */
static const char *word(char **s) {
    char *w = strsep(s, " ");
    return w && strcmp(w, "-") ? w : NULL;
}

static Date day(char **s) {
    Date d = DATE_NONE;
    CU_ASSERT(date_parse_iso(word(s), &d));
    return d;
}

static int64_t number(char **s) { return strtoll(word(s), NULL, 10); }

static void match(char **f) {
    char *s = f[1];
    BankLine line = { .on = day(&s) };
    line.amount.minor = number(&s);
    line.reference = word(&s);
    line.text = word(&s);
    BankPayout v[8];
    size_t n = 0;
    for (char *all = f[2], *one; strcmp(f[2], "-") && (one = strsep(&all, ";")); n++) {
        v[n].settlement.id = number(&one);
        v[n].net.minor = number(&one);
        v[n].on = day(&one);
        v[n].payout = word(&one);
    }
    BankMatch m = bank_match(&line, v, n);
    expect(m.settlement.id ? text(&mem, "%lld %s", (long long)m.settlement.id, m.is_certain ? "certain" : "maybe")
                           : "none", f[3]);
}

static void read(char **f) {
    const char *file = text(&mem, ":20:X\r\n:61:%s\r\n:62F:C\r\n", f[2]);
    BankLines all;
    const char *wrong = mt940_read(&mem, file, strlen(file), atoi(f[1]), &all);
    if (wrong) SAME_TEXT(wrong, "Line 2 cannot be read.");
    expect(wrong ? "wrong" : text(&mem, "%s %lld %s", date_iso(&mem, all.v[0].on), (long long)all.v[0].amount.minor,
                                  all.v[0].reference ? all.v[0].reference : "-"), f[3]);
}

static void is(char **f) {
    for (char *s = f[1]; *s; s++)
        if (*s == '/') *s = '\n';
    expect(mt940_is(f[1], strlen(f[1])) ? "yes" : "no", f[2]);
}

static void test_table(void) {
    cases = (Cases){ .in = source_open("tests/rules/bank_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) {
        char **f = cases.fields;
        (!strcmp(f[0], "match") ? match : !strcmp(f[0], "read") ? read : is)(f);
        arena_reset(&mem);
    }
    fclose(cases.in);
}

/* Texts go on until the next tag; lines of another statement in the same file follow. */
static void test_whole(void) {
    static const char file[] =
        "{1:F01BANKUS33AXXX}{4:\n:20:A\n:61:260416C50,NTRFONE\n:86:first\nsecond\n:61:260416D1,NMSC\n"
                               ":62F:C\nno text\n-}\n:20:B\n:61:260417C2,NTRFTWO\n:86:x\n-";
    BankLines all;
    SAME_TEXT(mt940_read(&mem, file, strlen(file), 2, &all), NULL);
    SAME_INT(all.n, 3);
    SAME_TEXT(all.v[0].text, "first second");
    SAME_TEXT(all.v[1].text, NULL);
    SAME_TEXT(all.v[2].text, "x");
    SAME_INT(all.v[2].line_no, 11);
    SAME_TEXT(mt940_read(&mem, ":20:A\n", 6, 2, &all), "The file has no lines.");
    arena_end(&mem);
}

int main(void) {
    return suite_run("bank_rules", (SuiteTest[]){ { "ONB03US01 lines of banks and payouts", test_table },
                                                  { "whole statements", test_whole }, { 0 } });
}
