/*
 * Service areas from a file (ONB02US08): CSV with level, code, name, parent_code, manager, population, time_zone,
 * geometry, or a GeoJSON FeatureCollection with the same properties. The file is kept, shown with what is wrong in each
 * row (the preview stores the rows in a savepoint that is taken back), and stored all or nothing or without the bad
 * rows, which then make a file of their own.
 */
#include <string.h>

#include "app/setup/area.h"
#include "app/setup/pages.h"
#include "lib/csv.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { BYTES_MAX = 20 * 1024 * 1024, ROWS_MAX = 20000, SHOWN_MAX = 200, COLUMNS_N = 8 };

#define SAY(r, key) msg((r)->c.language, "area." key)
#define COUNT(r, n) locale_count(&(r)->c.mem, (r)->c.locale, (n))

static const char *const columns[COLUMNS_N] = { "level", "code", "name", "parent_code", "manager", "population",
                                                "time_zone", "geometry" };

static const Form upload_form = { .name = "area_import", .fields = FIELDS {
    { "file", "File", FILE_FIELD, .flags = REQUIRED }, { 0 } } };
static const Choice modes[] = { { "skip", "Skip bad rows" }, { "all", "All or nothing" }, { 0 } };
static const Form apply_form = { .name = "area_import_apply", .fields = FIELDS {
    { "mode", "Bad rows", CHOICE(modes), .flags = REQUIRED }, { 0 } } };

typedef struct Bad { int64_t line; const char *column, *text; const char *const *cells; } Bad;
typedef struct Import {
    Req        *r;
    const char *bytes;
    size_t      size;
    bool        keeps;
    int64_t     rows, good;
    Bad        *bad;            /* ROWS_MAX */
    size_t      bad_n;
    const char *broken;         /* the file cannot be read further */
} Import;

typedef struct Row { Import *i; const char *const *cells; bool passed; } Row;

static int64_t whole(const char *s) {
    int64_t n = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || n > 2000000000) return -2;
        n = n * 10 + (*s - '0');
    }
    return n;
}

/* Of rows only what lies in the request's own memory outlives a preview, which ends by failing. One row, in a savepoint
 * of its own so that a bad one leaves nothing. */
static void store_row(Ctx *c, void *arg) {
    Row *row = arg;
    Req *r = row->i->r;
    const char *const *v = row->cells;
    NewArea n = { .level = v[0], .code = v[1], .name = v[2], .parent = v[3], .manager = v[4], .time_zone = v[6],
                  .geometry = v[7], .population = *v[5] ? whole(v[5]) : -1 };
    (void)c;
    if (n.population == -2) problem(r, "population", "%s", SAY(r, "not_whole"));
    if (strlen(n.name) > 80) problem(r, "name", "%s", SAY(r, "name_long"));
    area_check(r, &n, NULL);
    if (r->problems) return;
    area_create(r, &n);
    row->passed = true;
}

static void import_row(Import *i, int64_t line, const char *const *cells) {
    Req *r = i->r;
    Row row = { i, cells, false };
    i->rows++;
    r->problems = 0;
    bool stored = db_savepoint(&r->c, store_row, &row) && row.passed;
    if (stored) i->good++;
    else if (i->bad_n < ROWS_MAX)
        i->bad[i->bad_n++] = (Bad){ line, r->problems ? text_copy(&r->problem_mem, r->problem[0].field) : "",
                                    r->problems ? text_copy(&r->problem_mem, r->problem[0].text)
                                        : text_copy(&r->problem_mem, r->c.failure.text),
                                    cells };
    r->problems = 0;
}

static void read_csv(Import *i) {
    Req *r = i->r;
    CsvReader *file = csv_open_bytes(&r->c.mem, i->bytes, i->size, (CsvRules){ .rows_max = ROWS_MAX });
    int place[COLUMNS_N];
    for (int k = 0; k < COLUMNS_N; k++) place[k] = csv_column(file, columns[k]);
    if (place[3] < 0) place[3] = csv_column(file, "parent");
    CsvRow row;
    CsvAnswer answer;
    while ((answer = csv_next(file, &row)) == CSV_ROW || answer == CSV_WRONG) {
        const char **cells = take_n(&r->problem_mem, const char *, COLUMNS_N);
        for (int k = 0; k < COLUMNS_N; k++) cells[k] = text_copy(&r->problem_mem, csv_field(&row, place[k]));
        if (answer == CSV_ROW) import_row(i, row.line, cells);
        else i->rows++, i->bad[i->bad_n++] = (Bad){ row.line, "", text_copy(&r->problem_mem, row.problem), cells };
    }
    if (answer == CSV_BROKEN) i->broken = text_copy(&r->problem_mem, row.problem);
    else if (place[0] < 0 || place[1] < 0 || place[2] < 0) i->broken = SAY(r, "import_columns");
}

static const char *property(Req *r, Json p, const char *name) {
    const char *s = json_text(p, name);
    if (!s) s = json_number(&r->c.mem, p, name);
    return s ? s : "";
}

/* The database's text of what JSON was read: a member as it stands in the file. */
static const char *geometry_text(Req *r, Json feature) {
    Json g = json_member(feature, "geometry");
    if (json_kind(g) != JSON_KIND_OBJECT) return "";
    return json_source(&r->c.mem, g);
}

static void read_geojson(Import *i) {
    Req *r = i->r;
    const char *bad;
    Json all = json_member(json_read(&r->c.mem, i->bytes, i->size, BYTES_MAX, &bad), "features");
    if (bad || json_kind(all) != JSON_KIND_LIST) {
        i->broken = bad ? msg_format(&r->problem_mem, r->c.language, "area.geo.json", { "problem", bad })
            : SAY(r, "import_features");
        return;
    }
    for (size_t k = 0; k < json_size(all) && k < ROWS_MAX; k++) {
        Json f = json_item(all, k), p = json_member(f, "properties");
        const char **cells = take_n(&r->problem_mem, const char *, COLUMNS_N);
        for (int n = 0; n < COLUMNS_N - 1; n++) cells[n] = text_copy(&r->problem_mem, property(r, p, columns[n]));
        cells[COLUMNS_N - 1] = text_copy(&r->problem_mem, geometry_text(r, f));
        import_row(i, (int64_t)k + 1, cells);
    }
}

static void import_rows(Ctx *c, void *arg) {
    Import *i = arg;
    size_t n = 0;
    while (n < i->size && strchr(" \t\r\n\xEF\xBB\xBF", i->bytes[n])) n++;
    if (n < i->size && i->bytes[n] == '{') read_geojson(i);
    else read_csv(i);
    if (!i->keeps) fail(c, INVALID, "preview");             /* takes the rows back */
}

static const Document *file_of(Req *r) {
    Id id = db_id(r, "select id from document where public_id=? and utility_id=? and entity='service_area'",
                  path_text(r, "file"), r->c.utility);
    if (!id.id) fail(r, NOT_FOUND, "There is no such file.");
    return document_open(&r->c, id);
}

static Import import_of(Req *r, bool keeps) {
    Import i = { .r = r, .keeps = keeps };
    i.bad = take_n(&r->problem_mem, Bad, ROWS_MAX + 1);
    i.bytes = document_read(&r->c, file_of(r)->id, BYTES_MAX, &i.size);
    return i;
}

static void head(Req *r) {
    show_text(r, "page.title", SAY(r, "import"));
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/areas"));
    show_text(r, "page.crumbs.1.text", SAY(r, "import"));
}

void area_import_new(Req *r) {
    form_show(r, "form", &upload_form, "/areas/import");
    head(r);
    show_text(r, "form.intro", SAY(r, "import_how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.file.accept", ".csv,text/csv,.json,.geojson,application/geo+json");
    show_text(r, "form.submit", SAY(r, "import_check"));
    show_text(r, "form.cancel_url", link_path(r, "/areas"));
    page(r, "layout/form");
}

void area_import_upload(Req *r) {
    if (!r->uploads.n) problem(r, "file", "%s", SAY(r, "import_choose"));
    problems_end(r);
    Id id = document_store(&r->c, &(NewDocument){ .file_name = r->uploads.v[0].filename, .fd = r->uploads.v[0].fd,
                                                  .kind = "geodata", .entity = "service_area" });
    go(r, "/areas/import/%s", db_text(r, "select public_id from document where id=?", id));
}

static void show_bad(Req *r, const Import *i, const char *at_) {
    show_text(r, text(r, "%s.title", at_), SAY(r, "bad_rows"));
    TableView *t = table_start(r, text(r, "%s.table", at_), SAY(r, "bad_rows"));
    table_column(t, SAY(r, "line"), "num", "id");
    table_column(t, SAY(r, "column"), "code", NULL);
    table_column(t, SAY(r, "wrong"), "text", "name");
    table_column(t, SAY(r, "code"), "code", NULL);
    for (size_t k = 0; k < i->bad_n && k < SHOWN_MAX; k++) {
        table_row(t, NULL);
        table_int(t, i->bad[k].line);
        table_cell(t, i->bad[k].column);
        table_cell(t, i->bad[k].text);
        table_cell(t, i->bad[k].cells[1]);
    }
}

void area_import_page(Req *r) {
    Import i = import_of(r, false);
    int problems = r->problems;
    Problem *kept = take_n(&r->problem_mem, Problem, sizeof r->problem / sizeof *r->problem);
    memcpy(kept, r->problem, sizeof r->problem);
    db_savepoint(&r->c, import_rows, &i);
    memcpy(r->problem, kept, sizeof r->problem);
    r->problems = problems;
    head(r);
    show_text(r, "show.sections.0.note.tone", i.broken || i.bad_n ? "warn" : "ok");
    show_text(r, "show.sections.0.note.strong", i.broken ? i.broken : msg_format(r, r->c.language, "area.import_found",
        { "good", COUNT(r, i.good) }, { "bad", COUNT(r, (int64_t)i.bad_n) }));
    if (i.good && !i.broken) {
        FormView *v =
            form_show(r, "show.sections.0.form", &apply_form, text(r, "/areas/import/%s", path_text(r, "file")));
        form_set(v, "mode", "kind", "radio");
        form_text(v, "mode", "skip");
        show_text(
            r, "show.sections.0.form.submit", msg_plural(r, r->c.language, "area.import_do", i.good, COUNT(r, i.good)));
    }
    if (i.bad_n) show_bad(r, &i, "show.sections.1");
    page(r, "layout/show");
}

/* The refused rows as they came, with line and reason, to be mended and sent again. */
static const char *keep_bad(Req *r, const Import *i) {
    CsvText *csv = csv_start(&r->c.mem);
    csv_text(csv, "line");
    for (int k = 0; k < COLUMNS_N; k++) csv_text(csv, columns[k]);
    csv_text(csv, "reason");
    csv_end(csv);
    for (size_t b = 0; b < i->bad_n; b++) {
        csv_number(csv, text(r, "%lld", (long long)i->bad[b].line));
        for (int k = 0; k < COLUMNS_N; k++) csv_text(csv, i->bad[b].cells[k]);
        csv_text(csv, i->bad[b].text);
        csv_end(csv);
    }
    Id id = document_store(&r->c, &(NewDocument){ .file_name = "service-areas-errors.csv", .data = csv->text.s,
                                                  .size = csv->text.n, .kind = "csv", .entity = "service_area" });
    return db_text(r, "select public_id from document where id=?", id);
}

void area_import_apply(Req *r) {
    Import i = import_of(r, true);
    Input *in = form_read(r, &apply_form);
    problems_end(r);
    import_rows(&r->c, &i);
    r->problems = 0;
    if (i.broken) fail(r, INVALID, "%s", i.broken);
    if (i.bad_n && !strcmp(in_text(in, "mode"), "all"))
        fail(r, INVALID, "%s", msg_plural(r, r->c.language, "area.import_all", (int64_t)i.bad_n,
                                          COUNT(r, (int64_t)i.bad_n)));
    note(r, "%s", msg_format(r, r->c.language, "area.imported", { "good", COUNT(r, i.good) },
                             { "bad", COUNT(r, (int64_t)i.bad_n) }));
    if (i.bad_n) go(r, "/areas/import/%s/errors", keep_bad(r, &i));
    else go(r, "/areas");
}

void area_import_errors(Req *r) {
    const Document *d = file_of(r);
    head(r);
    show_text(r, "show.sections.0.title", SAY(r, "bad_rows"));
    show_text(r, "show.sections.0.text", SAY(r, "errors_how"));
    show_text(r, "show.sections.0.links.0.text", d->file_name);
    show_text(r, "show.sections.0.links.0.sub", locale_bytes(&r->c.mem, r->c.locale, d->size));
    show_text(r, "show.sections.0.links.0.icon", "download");
    show_text(r, "show.sections.0.links.0.url", link_path(r, "/areas/import/%s/file", d->public_id));
    page(r, "layout/show");
}

void area_import_file(Req *r) {
    const Document *d = file_of(r);
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}
