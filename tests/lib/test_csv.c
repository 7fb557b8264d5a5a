/* lib/csv: rows with their lines, bad rows that do not stop good
 * ones (F32), broken files, writing with the guard (S20). */
#include "lib/csv.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/suite.h"

static Arena mem;

/* All rows as "line:a|b|c;" with "!" and the problem for wrong ones. */
static const char *all(CsvReader *r) {
    Text t = text_start(&mem);
    text_add(&t, "");
    CsvRow row;
    for (CsvAnswer answer; (answer = csv_next(r, &row)) != CSV_END;) {
        if (answer == CSV_BROKEN) return text_addf(&t, "BROKEN %s", row.problem), t.s;
        if (answer == CSV_WRONG) { text_addf(&t, "!%s;", row.problem); continue; }
        text_addf(&t, "%lld:", (long long)row.line);
        for (size_t i = 0; i < row.n; i++) text_addf(&t, "%s%s", i ? "|" : "", row.fields[i]);
        text_add(&t, ";");
    }
    return t.s;
}

static const char *read_all(const char *s, CsvRules rules) {
    return all(csv_open_bytes(&mem, s, strlen(s), rules));
}

static const CsvRules usual = { 0 };

static void reads(void) {
    static const struct { const char *s, *is; } cases[] = {
        { "a,b\n1,2\n3,4\n", "2:1|2;3:3|4;" },
        { "\xef\xbb\xbf""a,b\r\n1,2\r\n\r\n3,4", "2:1|2;4:3|4;" },
        { "a;b\n1;2,5\n", "2:1|2,5;" },
        { "a\tb\n1\t2\n", "2:1|2;" },
        { "\n\na,b\r1,2\r3,4\r", "4:1|2;5:3|4;" },
        { "a,b\n\"x, \"\"y\"\"\",\"l1\nl2\"\n3,4\n", "2:x, \"y\"|l1\nl2;4:3|4;" },
        { "a,b\n  1 ,\" 2 \"\n", "2:1|2;" },
        { "a,b\n,\n , \n1,\n", "4:1|;" },
        { "a,b\n1,2\n1\n1,2,3\n5,6\n", "2:1|2;!Line 3 has 1 values, but the header has 2 columns.;!Line 4 has 3 "
                                       "values, but the header has 2 columns.;5:5|6;" },
        { "a,b\n1,x\"y\n\"q\"z,1\n5,6\n", "!Line 2 has a quotation mark in the wrong place.;!Line 3 has a quotation "
                                          "mark in the wrong place.;4:5|6;" },
        { "a,b\n1,\xff\n5,6\n", "!Line 2 is not UTF-8; save the file as CSV UTF-8.;3:5|6;" },
        { "a,b\n1,2\n\"open,3\n4,5\n", "2:1|2;BROKEN Line 3: a quotation mark is opened and never closed." },
        { "a,A\n1,2\n", "BROKEN Line 1: the column \"A\" stands twice." },
        { "a b,a_B\n", "BROKEN Line 1: the column \"a_B\" stands twice." },
        { "", "BROKEN The file is empty." },
        { "\n\n", "BROKEN The file is empty." },
        { "\xff\xfe""a", "BROKEN The file is UTF-16; save it as CSV UTF-8." },
        { "PK\3\4....", "BROKEN This is a workbook or an archive; save it as CSV UTF-8." },
        { "a,b\n", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) SAME_TEXT(read_all(cases[i].s, usual), cases[i].is);
    CsvReader *r = csv_open_bytes(&mem, "a,b\n1,x\0y\n5,6\n", 14, usual);
    SAME_TEXT(all(r), "!Line 2 has a NUL character.;3:5|6;");
    SAME_TEXT(read_all("1,2\n3\n", (CsvRules){ .no_header = true }), "1:1|2;2:3;");
    SAME_TEXT(read_all("a\n1\n2\n3\n", (CsvRules){ .rows_max = 2 }), "2:1;3:2;BROKEN The file has more than 2 rows.");
    SAME_TEXT(read_all("a\n1\n2\n3\n", (CsvRules){ .bytes_max = 5 }), "BROKEN The file is larger than 0 MB.");
    SAME_TEXT(all(csv_open_file(&mem, "/nowhere", usual)), "BROKEN The file cannot be read.");
    SAME_TEXT(all(csv_open_file(&mem, "/tmp", usual)), "BROKEN The file cannot be read.");
}

static void finds_columns(void) {
    const char *s = "Account No,e-mail , Name\nA1,a@b.co,Ann\n";
    CsvReader *r = csv_open_bytes(&mem, s, strlen(s), usual);
    CsvRow row;
    SAME_INT(csv_column(r, "account_no"), 0);
    SAME_INT(csv_column(r, "EMAIL"), 1);
    SAME_INT(csv_column(r, "phone"), -1);
    SAME_INT(csv_next(r, &row), CSV_ROW);
    SAME_TEXT(csv_field(&row, csv_column(r, "name")), "Ann");
    SAME_TEXT(csv_field(&row, -1), "");
    SAME_TEXT(csv_field(&row, 3), "");
    size_t n;
    SAME_TEXT(csv_header(r, &n)[1], "e-mail");
    SAME_INT(n, 3);
}

/* Rows across the borders of chunks, and going on in the middle. */
static void reads_a_file(void) {
    char file[] = "/tmp/smart360-csv-XXXXXX";
    int fd = mkstemp(file);
    CU_ASSERT_FATAL(fd >= 0);
    FILE *f = fdopen(fd, "w");
    fputs("no,text\r\n", f);
    for (int i = 0; i < 50000; i++) fprintf(f, "%d,\"line\n%d \"\"x\"\"\"\r\n", i, i * 7);
    fclose(f);
    CsvReader *r = csv_open_file(&mem, file, usual);
    CsvRow row, kept = { 0 };
    int64_t n = 0;
    while (csv_next(r, &row) == CSV_ROW) {
        if (n == 30000) kept = row;
        CU_ASSERT_EQUAL_FATAL(row.line, 2 + n * 2);
        CU_ASSERT_STRING_EQUAL_FATAL(row.fields[1], text(&mem, "line\n%lld \"x\"", (long long)n * 7));
        n++;
    }
    SAME_INT(n, 50000);
    SAME_INT(csv_done(r), csv_bytes(r));
    CU_ASSERT(csv_resume(r, kept.offset, kept.line));
    SAME_INT(csv_next(r, &row), CSV_ROW);
    SAME_INT(row.line, kept.line);
    SAME_TEXT(row.fields[0], "30000");
    for (n = 30001; csv_next(r, &row) == CSV_ROW; n++) {}
    SAME_INT(n, 50000);
    CU_ASSERT_FALSE(csv_resume(r, csv_bytes(r) + 1, 1));
    unlink(file);
}

static void refuses_endless_rows(void) {
    size_t n = 300 * 1024;
    char *s = take(&mem, n);
    memset(s, 'x', n);
    memcpy(s, "a,b\n1,\"", 7);
    CU_ASSERT_PTR_NOT_NULL(strstr(all(csv_open_bytes(&mem, s, n, usual)),
                                  "BROKEN Line 2: a row is longer than 256 KiB"));
    memset(s, ',', 1000);
    s[1000] = 0;
    memcpy(s, "a\n", 2);
    SAME_TEXT(all(csv_open_bytes(&mem, s, 1000, usual)), "!Line 2 has more than 200 values.;");
}

static void writes(void) {
    CsvText *c = csv_start(&mem);
    csv_text(c, "name"), csv_text(c, "amount"), csv_end(c);
    csv_text(c, "=1+1"), csv_number(c, "-2.50"), csv_end(c);
    csv_text(c, "@SUM(1)"), csv_text(c, "-2+3"), csv_text(c, "\tx"), csv_text(c, "+1"), csv_text(c, "\rx"), csv_end(c);
    csv_text(c, "a \"b\", c"), csv_text(c, NULL), csv_number(c, ""), csv_text(c, "two\nlines"), csv_text(c, " x"),
        csv_end(c);
    csv_number(c, "-1+1"), csv_number(c, "1e5"), csv_number(c, "=1"), csv_number(c, "-"), csv_number(c, "12"),
        csv_end(c);
    SAME_TEXT(c->text.s, "\xef\xbb\xbfname,amount\r\n'=1+1,-2.50\r\n'@SUM(1),'-2+3,\"'\tx\",'+1,\"'\rx\"\r\n\"a "
                         "\"\"b\"\", c\",,,\"two\nlines\",\" x\"\r\n"
                         "'-1+1,1e5,'=1,'-,12\r\n");
}

static void reads_what_it_writes(void) {
    uint64_t seed = 3;
    static const char *const pieces[] = { "a", "\"", ",", "\n", ";", " ", "é", "=", "'", "\r\n" };
    for (int i = 0; i < 3000; i++) {
        ArenaMark here = mark(&mem);
        CsvText *c = csv_start(&mem);
        char cells[3][64];
        for (int j = 0; j < 3; j++) {
            cells[j][0] = 'x', cells[j][1] = 0;
            for (int k = 0; k < 6; k++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                strcat(cells[j], pieces[(seed >> 40) % 10]);
            }
            strcat(cells[j], "x");
            csv_text(c, cells[j]);
        }
        csv_end(c);
        CsvReader *r = csv_open_bytes(&mem, c->text.s, c->text.n, (CsvRules){ .no_header = true, .delimiter = ',' });
        CsvRow row;
        CU_ASSERT_EQUAL_FATAL(csv_next(r, &row), CSV_ROW);
        CU_ASSERT_EQUAL_FATAL(row.n, 3);
        for (int j = 0; j < 3; j++) CU_ASSERT_STRING_EQUAL_FATAL(row.fields[j], cells[j]);
        CU_ASSERT_EQUAL_FATAL(csv_next(r, &row), CSV_END);
        rewind_to(&mem, here);
    }
}

/* Any bytes: an end is reached, nothing is read outside (the sanitizers watch). */
static void survives_noise(void) {
    uint64_t seed = 11;
    static const char signs[] = "\"\",,\n\r;ab \t\xff\xc3\xa9";
    for (int i = 0; i < 20000; i++) {
        char s[40];
        for (size_t j = 0; j < sizeof s; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            s[j] = signs[(seed >> 40) % (sizeof signs)];
        }
        ArenaMark here = mark(&mem);
        CsvReader *r = csv_open_bytes(&mem, s, (seed >> 20) % sizeof s, usual);
        CsvRow row;
        int rows = 0;
        for (CsvAnswer answer; (answer = csv_next(r, &row)) != CSV_END && answer != CSV_BROKEN;)
            CU_ASSERT_FATAL(rows++ < 60);
        rewind_to(&mem, here);
    }
}

int main(void) {
    int status = suite_run("csv", (SuiteTest[]){
        { "reads", reads }, { "finds columns", finds_columns }, { "reads a file", reads_a_file },
        { "refuses endless rows", refuses_endless_rows },
        { "writes", writes }, { "reads what it writes", reads_what_it_writes }, { "survives noise", survives_noise },
        { 0 } });
    arena_end(&mem);
    return status;
}
