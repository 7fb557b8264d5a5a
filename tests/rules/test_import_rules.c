/*
 * Cells of foreign files (ONB04US01): which column is which, what a cell means after its mapping.
 */
#include "app/setup/import_rules.h"

#include "tests/suite.h"

static void headers(void) {
    static const char *const header[] = { "Cust No.", "E-mail", "LAST_READ_DATE", "", "phone" };
    static const struct { const char *name, *also; int at; } cases[] = {
        { "email",          NULL,            1 }, { "cust_no", NULL, 0 }, { "last-read/date", NULL, 2 },
        { "consumer_no",    "custno acct",   0 }, { "mobile", "cell phone", 4 }, { "mobile", "cell", -1 },
        { "cust",           NULL,           -1 },                       /* a beginning is no name */
        { "e mail address", NULL,           -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_INT(header_find(header, 5, cases[i].name, cases[i].also), cases[i].at);
    SAME_INT(header_find(header, 0, "email", "mail"), -1);
}

static void cells(void) {
    static const CellRule name = { .kind = CELL_TEXT, .max = 10, .required = true },
        any = { .kind = CELL_TEXT, .max = 40 },
        code = { .kind = CELL_TEXT, .max = 10, .upper = true }, day = { .kind = CELL_DATE, .dates = DATE_MDY },
        time = { .kind = CELL_TIME, .dates = DATE_ISO }, money = { .kind = CELL_MONEY, .exponent = 2 },
        yen = { .kind = CELL_MONEY, .exponent = 0 }, count = { .kind = CELL_INT }, use = { .kind = CELL_DECIMAL },
        flag = { .kind = CELL_BOOL }, phone = { .kind = CELL_PHONE, .dial = "1" },
        kind = { .kind = CELL_TEXT, .max = 40, .values = "residential commercial non_profit" };
    static const struct { const CellRule *rule; const char *cell, *change, *values, *constant, *is; CellFault fault; }
    cases[] = {
        /* text */
        { &name,  "Ada",                0, 0, 0, "Ada", CELL_GOOD },
        { &name,  "  Ada \t  B ",       0, 0, 0, "Ada B", CELL_GOOD },
        { &name,  "",                   0, 0, 0, NULL, CELL_MISSING },
        { &name,  "   ",                0, 0, 0, NULL, CELL_MISSING },
        { &name,  "",                   0, 0, "none", "none", CELL_GOOD },
        { &name,  "given",              0, 0, "none", "given", CELL_GOOD },
        { &name,  "0123456789",         0, 0, 0, "0123456789", CELL_GOOD },
        { &name,  "01234567890",        0, 0, 0, NULL, CELL_LONG },
        { &name,  "\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84", 0, 0, 0,
          "\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84", CELL_GOOD },   /* letters, not bytes */
        { &any,   "",                   0, 0, 0, NULL, CELL_GOOD },
        { &code,  "res-var",            0, 0, 0, "RES-VAR", CELL_GOOD },
        { &any,   "ada lovelace",       "upper", 0, 0, "ADA LOVELACE", CELL_GOOD },
        { &any,   "Ada King Lovelace",  "first_word", 0, 0, "Ada", CELL_GOOD },
        { &any,   "Ada King Lovelace",  "other_words", 0, 0, "King Lovelace", CELL_GOOD },
        { &any,   "Ada",                "other_words", 0, 0, NULL, CELL_GOOD },
        { &any,   "No. 12-34",          "digits", 0, 0, "1234", CELL_GOOD },
        /* words, and what stands for others */
        { &kind,  "Residential",        0, 0, 0, "residential", CELL_GOOD },
        { &kind,  "NON PROFIT",         0, 0, 0, "non_profit", CELL_GOOD },
        { &kind,  "R",                  0, 0, 0, NULL, CELL_NO_VALUE },
        { &kind,  "R",                  0, "R=residential; C = commercial", 0, "residential", CELL_GOOD },
        { &kind,  "C",                  0, "R=residential; C = commercial", 0, "commercial", CELL_GOOD },
        { &kind,  "r",                  0, "R=residential", 0, NULL, CELL_NO_VALUE },
        { &kind,  "RR",                 0, "R=residential", 0, NULL, CELL_NO_VALUE },
        /* days and times */
        { &day,   "04/15/2026",         0, 0, 0, "2026-04-15", CELL_GOOD },
        { &day,   "15/04/2026",         0, 0, 0, NULL, CELL_WRONG },
        { &day,   "15/04/2026",         "dmy", 0, 0, "2026-04-15", CELL_GOOD },
        { &day,   "2026-04-15",         "dmy", 0, 0, "2026-04-15", CELL_GOOD },
        { &day,   "02/30/2026",         0, 0, 0, NULL, CELL_WRONG },
        { &day,   "02/29/2024",         0, 0, 0, "2024-02-29", CELL_GOOD },
        { &day,   "soon",               0, 0, 0, NULL, CELL_WRONG },
        { &time,  "2026-04-15T07:30",   0, 0, 0, "2026-04-15T07:30", CELL_GOOD },
        { &time,  "2026-04-15 07:30:59", 0, 0, 0, "2026-04-15T07:30", CELL_GOOD },
        { &time,  "2026-04-15",         0, 0, 0, "2026-04-15", CELL_GOOD },
        { &time,  "2026-04-15 25:00",   0, 0, 0, NULL, CELL_WRONG },
        /* numbers */
        { &money, "1,234.50",           0, 0, 0, "1234.50", CELL_GOOD },
        { &money, "-12",                0, 0, 0, "-12.00", CELL_GOOD },
        { &money, "1.234,50",           "comma", 0, 0, "1234.50", CELL_GOOD },
        { &money, "12.345",             0, 0, 0, NULL, CELL_WRONG },
        { &money, "1e5",                0, 0, 0, NULL, CELL_WRONG },
        { &money, "12345678901234567890", 0, 0, 0, NULL, CELL_WRONG },
        { &yen,   "1,200",              0, 0, 0, "1200", CELL_GOOD },
        { &yen,   "12.5",               0, 0, 0, NULL, CELL_WRONG },
        { &count, "12",                 0, 0, 0, "12", CELL_GOOD },
        { &count, "12.0",               0, 0, 0, NULL, CELL_WRONG },
        { &use,   "8.125",              0, 0, 0, "8.125", CELL_GOOD },
        { &use,   "8.1234567",          0, 0, 0, NULL, CELL_WRONG },
        /* yes and no, phones */
        { &flag,  "Yes",                0, 0, 0, "1", CELL_GOOD },
        { &flag,  "f",                  0, 0, 0, "0", CELL_GOOD },
        { &flag,  "maybe",              0, 0, 0, NULL, CELL_WRONG },
        { &phone, "(503) 555-0123",     0, 0, 0, "+15035550123", CELL_GOOD },
        { &phone, "+44 20 7946 0000",   0, 0, 0, "+442079460000", CELL_GOOD },
        { &phone, "12",                 0, 0, 0, NULL, CELL_WRONG },
    };
    Arena mem = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CellMap map = { 0, cases[i].constant, cases[i].change, cases[i].values };
        Cell c = cell_read(&mem, cases[i].rule, &map, &cases[i].cell, 1);
        if (c.fault != cases[i].fault) fprintf(stderr, "\ncell \"%s\"\n", cases[i].cell);
        SAME_INT(c.fault, cases[i].fault);
        SAME_TEXT(c.text, cases[i].is);
        SAME_TEXT(c.raw, cases[i].cell);
    }
    arena_end(&mem);
}

/* A column that is not there, a row that ends early. */
static void without(void) {
    Arena mem = { 0 };
    CellRule rule = { .kind = CELL_TEXT, .max = 10, .required = true };
    const char *row[] = { "a" };
    SAME_INT(cell_read(&mem, &rule, &(CellMap){ .from = -1 }, row, 1).fault, CELL_MISSING);
    SAME_INT(cell_read(&mem, &rule, &(CellMap){ .from = 3 }, row, 1).fault, CELL_MISSING);
    SAME_TEXT(cell_read(&mem, &rule, &(CellMap){ .from = -1, .constant = "x" }, row, 1).text, "x");
    arena_end(&mem);
}

static void squeezing(void) {
    Arena mem = { 0 };
    CellRule rule = { .kind = CELL_TEXT, .max = 10 };
    static const struct { const char *cell; bool squeezed; } cases[] = {
        { "a b", false }, { "a  b", true }, { " a", true }, { "a ", true }, { "a\tb", true }, { "", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(cell_read(&mem, &rule, &(CellMap){ 0 }, &cases[i].cell, 1).squeezed, cases[i].squeezed);
    arena_end(&mem);
}

static void dialling(void) {
    SAME_TEXT(dial_code("US"), "1");
    SAME_TEXT(dial_code("IN"), "91");
    SAME_TEXT(dial_code("XX"), NULL);
    SAME_TEXT(dial_code(NULL), NULL);
}

/* What a file says of a record that is there, and how it stands. */
static void comparing(void) {
    static const struct { CellKind kind; bool is_words; const char *a, *b; bool same; } cases[] = {
        { CELL_TEXT, false, "a", "a", true }, { CELL_TEXT, false, "a", "A", false },
        { CELL_TEXT, false, NULL, NULL, true },
        { CELL_TEXT, false, "a", NULL, false }, { CELL_TEXT, false, NULL, "a", false },
        { CELL_TEXT, false, "A B", "A, B", false }, { CELL_TEXT, true, "A B", "A, B", true },
        { CELL_TEXT, true, "A B", "B A", false }, { CELL_TEXT, true, "A", "A B", false },
        { CELL_TEXT, true, " A;", "A", true },
        { CELL_DECIMAL, false, "1.5", "1.500000", true }, { CELL_DECIMAL, false, "1.5", "1.51", false },
        { CELL_DECIMAL, false, "-122.68", "-122.680000", true }, { CELL_INT, false, "7", "7", true },
        { CELL_INT, false, "7", "8", false }, { CELL_MONEY, false, "12.00", "12", true },
        { CELL_BOOL, false, "1", "0", false },
        { CELL_DATE, false, "2026-03-31", "2026-03-31", true }, { CELL_DATE, false, "2026-03-31", "2026-04-01", false },
        { CELL_TIME, false, "2026-03-31", "2026-03-31T09:15", true },
        { CELL_TIME, false, "2026-03-31T09:15", "2026-03-31T09:15", true },
        { CELL_TIME, false, "2026-03-31T09:15", "2026-03-31T09:16", false },
        { CELL_TIME, false, "2026-03-31", "2026-04-01T00:00", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(cell_same(cases[i].kind, cases[i].is_words, cases[i].a, cases[i].b), cases[i].same);
}

int main(void) {
    return suite_run("import_rules", (SuiteTest[]){
        { "columns by their names", headers }, { "cells by kind, change and fault", cells },
        { "no column, a short row", without }, { "blanks that were taken together", squeezing },
        { "codes of countries", dialling }, { "two cells that say the same", comparing }, { 0 } });
}
