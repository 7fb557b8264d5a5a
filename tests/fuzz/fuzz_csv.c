/* CSV files: an end is reached, every row has a line and valid text, going on from a row's cursor gives the same row. The
   first byte chooses the delimiter and whether there is a header. */
#include "lib/csv.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static void read_again(const char *s, size_t n, CsvRules rules, CsvRow was) {
    CsvReader *r = csv_open_bytes(&mem, s, n, rules);
    CsvRow row;
    MUST(csv_resume(r, was.offset, was.line));
    MUST(csv_next(r, &row) == CSV_ROW && row.line == was.line && row.n == was.n);
}

FUZZ(bytes, n) {
    if (!n) return;
    const char *s = (const char *)bytes + 1;
    CsvRules rules = { .delimiter = "\0,;\t"[bytes[0] & 3], .no_header = bytes[0] & 4, .rows_max = 1000 };
    CsvReader *r = csv_open_bytes(&mem, s, n - 1, rules);
    CsvRow row, last = { 0 };
    int64_t line = 0;
    CsvAnswer answer;
    while ((answer = csv_next(r, &row)) != CSV_END && answer != CSV_BROKEN) {
        MUST(row.line > line && row.n <= CSV_COLUMNS_MAX);
        line = row.line;
        if (answer == CSV_WRONG) {
            MUST(row.problem);
            continue;
        }
        for (size_t i = 0; i < row.n; i++) MUST(utf8_is_valid(row.fields[i], strlen(row.fields[i])));
        last = row;
    }
    MUST(answer == CSV_END || row.problem);
    if (last.line) read_again(s, n - 1, rules, last);
}
