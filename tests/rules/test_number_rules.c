/*
 * How numbers are built, by a table of cases: number_rules.case.
 */
#include "app/core/number_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static IdPart part_of(char *word) {
    IdPart p = { 0 };
    if (!strcmp(word, "seq")) p.kind = ID_SEQUENCE;
    else if (word[1] == ':') p.kind = *word == 'P' ? ID_PREFIX : ID_LITERAL, p.value = word + 2;
    else if (!strncmp(word, "date:", 5)) { p.kind = ID_DATE; CU_ASSERT_TRUE_FATAL(id_date_format(word + 5, &p.date)); }
    else CU_ASSERT_TRUE_FATAL(id_part_kind(word, &p.kind));
    return p;
}

static void cases(void) {
    static Cases k;
    Arena mem = { 0 };
    k = (Cases){ .in = source_open("tests/rules/number_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(k.in);
    int n = 0;
    for (; cases_next(&k); n++) {
        IdFormat f = { .separator = k.fields[1], .seq_length = atoi(k.fields[2]), .seq_increment = 1, .seq_start = 1 };
        for (char *word = strtok(k.fields[0], ","); word; word = strtok(NULL, ",")) f.part[f.parts++] = part_of(word);
        CU_ASSERT_TRUE_FATAL(id_reset(k.fields[3], &f.reset) && id_check(k.fields[4], &f.check));
        IdRecord r = { "WA", "PRL", "RES", DATE_NONE, { 1, 7, 1 } };
        CU_ASSERT_TRUE_FATAL(date_parse_iso(k.fields[5], &r.date));
        const char *refusal = id_format_refusal(&mem, &f);
        if (k.fields[7][0] == '!') {
            SAME_TEXT(refusal, k.fields[8]);
            continue;
        }
        SAME_TEXT(refusal, NULL);
        SAME_TEXT(id_text(&mem, &f, &r, atoll(k.fields[6])), k.fields[7]);
        SAME_TEXT(id_period(&mem, &f, &r), k.fields[8]);
    }
    CU_ASSERT_TRUE(n > 20);
    fclose(k.in);
    arena_end(&mem);
}

static void without_service(void) {
    Arena mem = { 0 };
    IdFormat f = { .part = { { ID_SERVICE, 0, 0 }, { ID_PREFIX, "ACC", 0 }, { ID_SEQUENCE, 0, 0 } }, .parts = 3,
                   .separator = "-", .seq_length = 6 };
    SAME_TEXT(id_text(&mem, &f, &(IdRecord){ .date = date_of(2026, 1, 1) }, 100001), "ACC-100001");
    arena_end(&mem);
}

static void wide(void) {
    IdFormat f = { .seq_length = 4 };
    CU_ASSERT_FALSE(id_is_wide(&f, 9999));
    CU_ASSERT_TRUE(id_is_wide(&f, 10000));
}

static void same_pattern(void) {
    IdFormat a = { .part = { { ID_PREFIX, "BILL", 0 }, { ID_DATE, 0, ID_YYYYMM }, { ID_SEQUENCE, 0, 0 } }, .parts = 3,
                   .separator = "-", .seq_length = 6 }, b = a;
    b.seq_length = 4;
    CU_ASSERT_TRUE(id_same_pattern(&a, &b));
    b.part[0].value = "RCP";
    CU_ASSERT_FALSE(id_same_pattern(&a, &b));
}

static void same_numbers(void) {
    Arena mem = { 0 };
    IdFormat a = { .part = { { ID_SERVICE, 0, 0 }, { ID_PREFIX, "BILL", 0 }, { ID_SEQUENCE, 0, 0 } }, .parts = 3,
                   .separator = "-", .seq_length = 6 }, b = a;
    b.part[0] = (IdPart){ ID_PREFIX, "WA", 0 };
    b.part[1].kind = ID_LITERAL;
    b.seq_length = 4;
    CU_ASSERT_FALSE(id_same_pattern(&a, &b));
    CU_ASSERT_TRUE(id_same_numbers(&mem, &a, &b, "WA"));
    CU_ASSERT_FALSE(id_same_numbers(&mem, &a, &b, "EL"));
    b.separator = "/";
    CU_ASSERT_FALSE(id_same_numbers(&mem, &a, &b, "WA"));
    b = a;
    b.check = CHECK_LUHN;
    CU_ASSERT_FALSE(id_same_numbers(&mem, &a, &b, "WA"));
    arena_end(&mem);
}

static void series(void) {
    Arena mem = { 0 };
    int digits;
    char *filled = series_pattern(&mem, "RUN-{YYYY}-{####}", date_of(2026, 4, 15), &digits);
    SAME_TEXT(filled, "RUN-2026-{####}");
    SAME_INT(digits, 4);
    SAME_TEXT(series_text(&mem, filled, 1), "RUN-2026-0001");
    SAME_TEXT(series_text(&mem, series_pattern(&mem, "FE-{###}", date_of(2026, 4, 15), &digits), 1234), "FE-1234");
    arena_end(&mem);
}

int main(void) {
    return suite_run("number_rules", (SuiteTest[]){ { "ONB02US07.1 ONB02US07.2 ONB02US07.3 ONB02US07.6 cases", cases },
                                                    { "a service that is not set", without_service },
        { "a sequence that outgrew its digits", wide }, { "two formats with one pattern", same_pattern },
        { "two formats with the same numbers", same_numbers },
        { "series without a format", series }, { 0 } });
}
