/* CSV from outside: every row is a good one, a wrong one with a
 * reason, or the end; what we write is read back the same. */
#include "lib/csv.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static void writes_back(const char *const *fields, size_t n) {
    CsvText *out = csv_start(&mem);
    csv_text(out, "a column");
    for (size_t i = 1; i < n; i++) csv_text(out, "x");
    csv_end(out);
    for (size_t i = 0; i < n; i++) csv_text(out, fields[i]);
    csv_end(out);
    CsvReader *r = csv_open_bytes(&mem, out->text.s, out->text.n, (CsvRules){ .delimiter = ',' });
    CsvRow row;
    CsvAnswer answer = csv_next(r, &row);
    bool is_empty = true;
    for (size_t i = 0; i < n; i++) is_empty = is_empty && !*fields[i];
    if (is_empty || answer != CSV_ROW) return;
    MUST(row.n == n);
    for (size_t i = 0; i < n; i++) MUST(!strcmp(row.fields[i], fields[i]) || row.fields[i][0] == '\'');
}

/* An import that goes on at a row finds that row. */
static void goes_on(const char *s, size_t n, CsvRules rules, CsvRow was) {
    CsvReader *r = csv_open_bytes(&mem, s, n, rules);
    CsvRow row;
    MUST(csv_resume(r, was.offset, was.line));
    MUST(csv_next(r, &row) == CSV_ROW && row.line == was.line && row.n == was.n);
}

FUZZ(bytes, n) {
    if (!n) return;
    static const char delimiters[] = { 0, ',', ';', '\t' };
    CsvRules rules = { .rows_max = 50, .bytes_max = 10000, .delimiter = delimiters[bytes[0] & 3],
                       .no_header = bytes[0] & 4 };
    char *exact = arena_copy_n(&mem, (const char *)bytes + 1, n - 1);
    CsvReader *r = csv_open_bytes(&mem, exact, n - 1, rules);
    CsvRow row, last = { 0 };
    size_t rows = 0, columns;
    int64_t line = 0;
    const char *const *header = csv_header(r, &columns);
    for (size_t i = 0; i < columns; i++) csv_column(r, header[i]);
    for (CsvAnswer answer; (answer = csv_next(r, &row)) != CSV_END;) {
        if (answer == CSV_BROKEN) {
            MUST(row.problem);
            break;
        }
        MUST(!row.problem == (answer == CSV_ROW));
        MUST(row.line > line && ++rows <= 60000);
        line = row.line;
        for (size_t i = 0; i < row.n; i++) MUST(row.fields[i]);
        if (answer == CSV_ROW) last = row;
        if (answer == CSV_ROW && rows < 4 && row.n && row.n < 20) writes_back(row.fields, row.n);
        MUST(!strcmp(csv_field(&row, -1), "") && !strcmp(csv_field(&row, (int)row.n), ""));
        MUST(csv_done(r) <= csv_bytes(r));
    }
    if (last.line) goes_on(exact, n - 1, rules, last);
}
