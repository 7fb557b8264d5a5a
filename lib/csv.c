/*
 * CSV: see csv.h. libcsv pushes fields and rows through callbacks; here it is fed up to one line end at a time, so that
 * at most one row is finished by each step and the caller can pull rows.
 */
#include "lib/csv.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/utf8.h"

enum { CHUNK = 64 * 1024, PROBLEM_BYTES = 240 };

struct CsvReader {
    Arena  *a;
    CsvRules rules;
    struct csv_parser parser;
    bool    parser_is_open;
    int     fd;                                 /* -1: bytes in memory */
    int64_t size;
    char   *chunk;                              /* what is read and not yet fed: chunk[at .. n) */
    size_t  at, n;
    int64_t chunk_offset;                       /* of chunk[0] in the file */
    bool    at_end, after_cr;
    int64_t line;                               /* of the next byte */
    /* the row being put together */
    char   *row;
    size_t  row_n;                              /* bytes of fields in `row`, each with its 0 */
    size_t  starts[CSV_COLUMNS_MAX];
    size_t  fields_n;
    const char *fields[CSV_COLUMNS_MAX];
    int64_t row_line, row_offset, row_bytes, rows;
    bool    in_row, row_done, too_many, has_nul, too_long;
    const char *header[CSV_COLUMNS_MAX], *keys[CSV_COLUMNS_MAX];
    size_t  header_n;
    char    problem[PROBLEM_BYTES];
    bool    broken;
};

/* ---- the file ---- */

static void close_reader(void *arg) {
    CsvReader *r = arg;
    if (r->parser_is_open) csv_free(&r->parser);
    if (r->fd >= 0) close(r->fd);
    r->parser_is_open = false, r->fd = -1;
}

static bool broken(CsvReader *r, const char *problem) {
    if (!r->broken) snprintf(r->problem, sizeof r->problem, "%s", problem);
    r->broken = true;
    return false;
}

static bool broken_at(CsvReader *r, int64_t line, const char *problem) {
    return broken(r, arena_text(r->a, "Line %lld: %s", (long long)line, problem));
}

/* Reads the next chunk. false at the end or when broken. */
static bool refill(CsvReader *r) {
    if (r->at < r->n) return true;
    if (r->at_end || r->fd < 0) return r->at_end = true, false;
    r->chunk_offset += (int64_t)r->n;
    r->at = r->n = 0;
    ssize_t got;
    do got = read(r->fd, r->chunk, CHUNK); while (got < 0 && errno == EINTR);
    if (got < 0) return broken(r, "The file cannot be read.");
    if (!got) return r->at_end = true, false;
    r->n = (size_t)got;
    return true;
}

static bool parser_open(CsvReader *r) {
    if (r->parser_is_open) csv_free(&r->parser);
    r->parser_is_open = csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) == 0;
    if (!r->parser_is_open) return broken(r, "No memory.");
    csv_set_delim(&r->parser, (unsigned char)(r->rules.delimiter ? r->rules.delimiter : ','));
    return true;
}

/* ---- one row ---- */

static void on_field(void *s, size_t n, void *arg) {
    CsvReader *r = arg;
    const char *p = s;
    if (r->fields_n == CSV_COLUMNS_MAX) { r->too_many = true; return; }
    if (r->row_n + n + 1 > CSV_ROW_BYTES_MAX) { r->too_long = true; return; }
    while (n && (*p == ' ' || *p == '\t')) p++, n--;
    while (n && (p[n - 1] == ' ' || p[n - 1] == '\t')) n--;
    if (n && memchr(p, 0, n)) r->has_nul = true;
    r->starts[r->fields_n++] = r->row_n;
    if (n) memcpy(r->row + r->row_n, p, n);
    r->row[r->row_n + n] = 0;
    r->row_n += n + 1;
}

static void on_row(int c, void *arg) {
    (void)c;
    ((CsvReader *)arg)->row_done = true;
}

static void row_begin(CsvReader *r) {
    r->row_n = r->fields_n = 0;
    r->in_row = r->row_done = r->too_many = r->has_nul = r->too_long = false;
    r->row_bytes = 0;
}

/* Bytes up to and with the next line end in the chunk. */
static size_t step_length(const CsvReader *r) {
    const char *s = r->chunk + r->at;
    size_t n = r->n - r->at, i = 0;
    while (i < n && s[i] != '\n' && s[i] != '\r') i++;
    return i < n ? i + 1 : n;
}

/* CR, LF and CR LF end a line; the LF of CR LF comes alone, as a piece of one byte. */
static void count_line(CsvReader *r, char last, size_t n) {
    bool second_half = r->after_cr && last == '\n' && n == 1;
    if (last == '\r' || (last == '\n' && !second_half)) r->line++;
    r->after_cr = last == '\r';
}

/* After a malformed row: forgets it and goes to the next line. */
static void skip_line(CsvReader *r) {
    while (refill(r)) {
        size_t n = step_length(r);
        char last = r->chunk[r->at + n - 1];
        r->at += n;
        count_line(r, last, n);
        if (last == '\n' || last == '\r') return;
    }
}

typedef enum { STEP_ROW, STEP_MORE, STEP_END, STEP_MALFORMED } Step;

/* Feeds one line (or what the chunk has of it). */
static Step step(CsvReader *r) {
    if (!refill(r)) {
        if (r->broken) return STEP_END;
        bool closed = csv_fini(&r->parser, on_field, on_row, r) == 0;
        if (!closed) return broken_at(r, r->row_line, "a quotation mark is opened and never closed."), STEP_END;
        return r->row_done ? STEP_ROW : STEP_END;
    }
    size_t n = step_length(r);
    char *s = r->chunk + r->at, last = s[n - 1];
    bool line_end = last == '\n' || last == '\r';
    if (!r->in_row && !(n == 1 && line_end)) {
        r->in_row = true;
        r->row_line = r->line;
        r->row_offset = r->chunk_offset + (int64_t)r->at;
    }
    r->row_bytes += (int64_t)n;
    if (r->row_bytes > CSV_ROW_BYTES_MAX) {
        broken_at(r, r->row_line, "a row is longer than 256 KiB; is a quotation mark never closed?");
        return STEP_END;
    }
    size_t took = csv_parse(&r->parser, s, n, on_field, on_row, r);
    r->at += n;
    count_line(r, last, n);
    if (took == n) return r->row_done ? STEP_ROW : STEP_MORE;
    if (!line_end) skip_line(r);
    return STEP_MALFORMED;
}

static bool row_is_empty(const CsvReader *r) {
    for (size_t i = 0; i < r->fields_n; i++)
        if (r->row[r->starts[i]]) return false;
    return true;
}

static void point_at_fields(CsvReader *r) {
    for (size_t i = 0; i < r->fields_n; i++) r->fields[i] = r->row + r->starts[i];
}

static const char *bad_text(const CsvReader *r) {
    for (size_t i = 0; i < r->fields_n; i++)
        if (!utf8_is_valid(r->fields[i], strlen(r->fields[i]))) return "is not UTF-8; save the file as CSV UTF-8.";
    return NULL;
}

/* What is wrong with a row that was read to its end; NULL when nothing is. */
static const char *row_problem(CsvReader *r) {
    if (r->too_many) return arena_text(r->a, "has more than %d values.", CSV_COLUMNS_MAX);
    if (r->too_long) return "is too long.";
    if (r->has_nul) return "has a NUL character.";
    if (r->header_n && r->fields_n != r->header_n)
        return arena_text(r->a, "has %zu values, but the header has %zu columns.", r->fields_n, r->header_n);
    return bad_text(r);
}

static CsvAnswer answer_row(CsvReader *r, CsvRow *row, const char *problem) {
    point_at_fields(r);
    *row = (CsvRow){ r->row_line, r->row_offset, r->fields_n, r->fields, NULL };
    if (!problem) return CSV_ROW;
    snprintf(r->problem, sizeof r->problem, "Line %lld %s", (long long)r->row_line, problem);
    row->problem = r->problem;
    return CSV_WRONG;
}

CsvAnswer csv_next(CsvReader *r, CsvRow *row) {
    *row = (CsvRow){ .fields = r->fields };
    row_begin(r);
    for (;;) {
        ArenaMark here = mark(r->a);
        Step s = r->broken ? STEP_END : step(r);
        if (s == STEP_MORE) continue;
        if (s == STEP_END) {
            row->problem = r->broken ? r->problem : NULL;
            return r->broken ? CSV_BROKEN : CSV_END;
        }
        if (s == STEP_ROW && row_is_empty(r) && !r->too_many && !r->too_long) {
            row_begin(r);
            continue;
        }
        if (r->rows++ >= r->rules.rows_max) {
            broken(r, arena_text(r->a, "The file has more than %lld rows.", (long long)r->rules.rows_max));
            continue;
        }
        point_at_fields(r);
        const char *problem = s == STEP_MALFORMED ? "has a quotation mark in the wrong place." : row_problem(r);
        if (s == STEP_MALFORMED) parser_open(r);
        CsvAnswer answer = answer_row(r, row, problem);
        if (problem) rewind_to(r->a, here);
        return answer;
    }
}

/* ---- opening ---- */

/* How a column's name is compared: letters and digits in lower case. */
static char *key_of(Arena *a, const char *name) {
    char *key = utf8_fold(a, name), *to = key;
    for (const char *s = key; *s; s++)
        if (*s != ' ' && *s != '_' && *s != '-' && *s != '\t') *to++ = *s;
    *to = 0;
    return key;
}

static char guess_delimiter(const char *s, size_t n) {
    size_t counts[3] = { 0 };
    static const char signs[] = ",;\t";
    bool quoted = false;
    for (size_t i = 0; i < n && (quoted || (s[i] != '\n' && s[i] != '\r')); i++) {
        if (s[i] == '"') quoted = !quoted;
        const char *sign = quoted || !s[i] ? NULL : strchr(signs, s[i]);
        if (sign) counts[sign - signs]++;
    }
    size_t best = counts[1] > counts[0] ? 1 : 0;
    return signs[counts[2] > counts[best] ? 2 : best];
}

static bool skip_bom(CsvReader *r) {
    if (!refill(r)) return !r->broken;
    const unsigned char *s = (const unsigned char *)r->chunk;
    if (r->n >= 2 && ((s[0] == 0xff && s[1] == 0xfe) || (s[0] == 0xfe && s[1] == 0xff)))
        return broken(r, "The file is UTF-16; save it as CSV UTF-8.");
    if (r->n >= 4 && !memcmp(s, "PK\3\4", 4))
        return broken(r, "This is a workbook or an archive; save it as CSV UTF-8.");
    if (r->n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3)) r->at = 3;
    return true;
}

static bool read_header(CsvReader *r) {
    CsvRow row;
    CsvAnswer answer = csv_next(r, &row);
    if (answer == CSV_END) return broken(r, "The file is empty.");
    if (answer == CSV_BROKEN) return false;
    if (answer == CSV_WRONG) return broken(r, row.problem);
    r->rows = 0;
    for (size_t i = 0; i < row.n; i++) {
        r->header[i] = arena_copy(r->a, row.fields[i]);
        r->keys[i] = key_of(r->a, row.fields[i]);
        for (size_t j = 0; j < i && *r->keys[i]; j++)
            if (!strcmp(r->keys[j], r->keys[i]))
                return broken_at(r, row.line, arena_text(r->a, "the column \"%s\" stands twice.", r->header[i]));
    }
    r->header_n = row.n;
    return true;
}

static CsvReader *reader_new(Arena *a, CsvRules rules) {
    CsvReader *r = take(a, sizeof *r);
    if (!rules.rows_max) rules.rows_max = 200000;
    if (!rules.bytes_max) rules.bytes_max = 20 * 1024 * 1024;
    *r = (CsvReader){ .a = a, .rules = rules, .fd = -1, .line = 1 };
    r->row = take(a, CSV_ROW_BYTES_MAX);
    later(a, close_reader, r);
    return r;
}

static CsvReader *reader_begin(CsvReader *r) {
    if (r->broken) return r;
    if (r->size > r->rules.bytes_max) {
        broken(r, arena_text(r->a, "The file is larger than %lld MB.", (long long)(r->rules.bytes_max / 1000000)));
        return r;
    }
    if (!skip_bom(r)) return r;
    if (!r->rules.delimiter) r->rules.delimiter = guess_delimiter(r->chunk + r->at, r->n - r->at);
    if (parser_open(r) && !r->rules.no_header) read_header(r);
    return r;
}

CsvReader *csv_open_file(Arena *a, const char *file, CsvRules rules) {
    CsvReader *r = reader_new(a, rules);
    struct stat st;
    r->chunk = take(a, CHUNK);
    r->fd = open(file, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &st) || !S_ISREG(st.st_mode)) return broken(r, "The file cannot be read."), r;
    r->size = st.st_size;
    return reader_begin(r);
}

CsvReader *csv_open_bytes(Arena *a, const char *bytes, size_t n, CsvRules rules) {
    CsvReader *r = reader_new(a, rules);
    r->chunk = (char *)(uintptr_t)bytes;                        /* only read: libcsv and refill do not write there */
    r->n = n;
    r->size = (int64_t)n;
    return reader_begin(r);
}

/* ---- questions ---- */

const char *const *csv_header(const CsvReader *r, size_t *n) {
    *n = r->header_n;
    return r->header;
}

int csv_column(const CsvReader *r, const char *name) {
    ArenaMark here = mark(r->a);
    const char *key = key_of(r->a, name);
    int found = -1;
    for (size_t i = 0; i < r->header_n && found < 0; i++)
        if (!strcmp(r->keys[i], key)) found = (int)i;
    rewind_to(r->a, here);
    return found;
}

const char *csv_field(const CsvRow *row, int column) {
    return column >= 0 && (size_t)column < row->n ? row->fields[column] : "";
}

bool csv_resume(CsvReader *r, int64_t offset, int64_t line) {
    if (r->broken || offset < 0 || offset > r->size || line < 1 || !parser_open(r)) return false;
    if (r->fd >= 0) {
        if (lseek(r->fd, offset, SEEK_SET) < 0) return false;
        r->chunk_offset = offset;
        r->at = r->n = 0;
    } else {
        r->at = (size_t)offset;
    }
    r->at_end = r->after_cr = false;
    r->line = line;
    return true;
}

int64_t csv_done (const CsvReader *r) { return r->chunk_offset + (int64_t)r->at; }
int64_t csv_bytes(const CsvReader *r) { return r->size; }

/* ---- writing ---- */

CsvText *csv_start(Arena *a) {
    CsvText *c = take(a, sizeof *c);
    c->text = text_start(a);
    text_add(&c->text, "\xef\xbb\xbf");
    return c;
}

const char *csv_guarded(Arena *a, const char *s) {
    return *s && strchr("=+-@\t\r", *s) ? arena_text(a, "'%s", s) : s;
}

static void cell(CsvText *c, const char *s) {
    if (c->in_row) text_add_n(&c->text, ",", 1);
    c->in_row = true;
    if (!strpbrk(s, "\",\r\n;\t") && *s != ' ' && (!*s || s[strlen(s) - 1] != ' ')) {
        text_add(&c->text, s);
        return;
    }
    text_add_n(&c->text, "\"", 1);
    for (const char *quote; (quote = strchr(s, '"')); s = quote + 1) {
        text_add_n(&c->text, s, (size_t)(quote - s));
        text_add_n(&c->text, "\"\"", 2);
    }
    text_add(&c->text, s);
    text_add_n(&c->text, "\"", 1);
}

void csv_text(CsvText *c, const char *s) {
    if (!s) s = "";
    if (*s && strchr("=+-@\t\r", *s)) {
        ArenaMark here = mark(c->text.arena);
        size_t room = c->text.room;
        cell(c, csv_guarded(c->text.arena, s));
        if (room == c->text.room) rewind_to(c->text.arena, here);  /* the text did not move behind the guarded copy */
        return;
    }
    cell(c, s);
}

/* An optional minus, digits, optionally a point and digits. */
static bool is_number(const char *s) {
    if (*s == '-') s++;
    size_t whole = strspn(s, "0123456789");
    s += whole;
    if (!whole) return false;
    if (*s == '.') {
        size_t places = strspn(s + 1, "0123456789");
        if (!places) return false;
        s += 1 + places;
    }
    return !*s;
}

void csv_number(CsvText *c, const char *decimal) {
    if (decimal && is_number(decimal)) cell(c, decimal);
    else csv_text(c, decimal);
}

void csv_end(CsvText *c) {
    text_add_n(&c->text, "\r\n", 2);
    c->in_row = false;
}

bool csv_flush(CsvText *c, FILE *to) {
    bool done = fwrite(c->text.s, 1, c->text.n, to) == c->text.n;
    c->text.n = 0;
    c->text.s[0] = 0;
    return done;
}
