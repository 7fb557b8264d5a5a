/*
 * Import of GL codes from a CSV file: kept, shown with what is wrong in each row, stored all or nothing (BX05US01). The
 * preview stores the rows in a savepoint that is taken back, so that it says exactly what the import would.
 */
#include <string.h>

#include "app/billing/gl.h"
#include "lib/csv.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { BYTES_MAX = 1024 * 1024, ROWS_MAX = 5000, ROWS_SHOWN = 200, FIELDS_MAX = 40, WRONG_MAX = 64 };

static const Form upload_form = { .name = "gl_import",
                                  .fields = FIELDS { { "file", FILE_FIELD, .flags = REQUIRED }, { 0 } } };

typedef struct Import {
    Req        *r;
    const char *bytes;
    size_t      size;
    bool        keeps;
    int64_t     rows;
    Problem     wrong[WRONG_MAX];
    int         wrong_n;
} Import;

static const char *choices_text(Req *r, const Field *f) {
    Text t = text_start(r);
    for (const Choice *c = f->choices; c->value; c++) text_addf(&t, "%s%s", c == f->choices ? "" : ", ", c->value);
    return t.s;
}

static void keep_problems(Import *i, int64_t line) {
    for (int p = 0; p < i->r->problems && i->wrong_n < WRONG_MAX; p++)
        i->wrong[i->wrong_n++] = (Problem){ NULL, text(&i->r->problem_mem, "Row %lld: %s", (long long)line,
                                                       i->r->problem[p].text) };
    i->r->problems = 0;
}

/* A row is checked and stored as its form would be. */
static void import_row(Import *i, const CsvRow *row, const int *column) {
    Req *r = i->r;
    Params sent = r->fields;
    r->fields = params_start(r);
    int c = 0;
    for (const Field *f = gl_code.fields; f->name; f++, c++) {
        const char *value = csv_field(row, column[c]);
        if (!*value && f->initial) value = f->initial;
        bool known = f->type != FIELD_CHOICE;
        for (const Choice *choice = f->choices; choice && choice->value; choice++)
            known |= !strcmp(choice->value, value);
        if (!known) problem(r, f->name, "%s must be one of %s.", f->name, choices_text(r, f));
        if (!(f->flags & DERIVED)) param_add(&r->fields, f->name, value, strlen(value));
    }
    if (!r->problems)
        resource_insert(r, &gl_code, form_read(r, &(Form){ .name = gl_code.table, .fields = gl_code.fields }));
    r->fields = sent;
    i->rows++;
    keep_problems(i, row->line);
}

static void import_rows(Ctx *c, void *arg) {
    Import *i = arg;
    CsvReader *file = csv_open_bytes(&c->mem, i->bytes, i->size, (CsvRules){ .rows_max = ROWS_MAX });
    int column[FIELDS_MAX], n = 0;
    for (const Field *f = gl_code.fields; f->name; f++) {
        column[n] = csv_column(file, f->name);
        if (column[n] < 0) column[n] = csv_column(file, field_label(i->r, &(Form){ .name = gl_code.table }, f));
        n++;
    }
    CsvRow row;
    CsvAnswer answer;
    while ((answer = csv_next(file, &row)) == CSV_ROW || answer == CSV_WRONG) {
        if (answer == CSV_ROW) import_row(i, &row, column);
        else problem(i->r, NULL, "%s", row.problem), keep_problems(i, row.line);
    }
    if (answer == CSV_BROKEN) problem(i->r, NULL, "%s", row.problem), keep_problems(i, row.line);
    if (!i->rows && !i->wrong_n) problem(i->r, NULL, "%s", msg(c->language, "billing.gl.import_empty")),
        keep_problems(i, 1);
    if (!i->keeps) fail(c, INVALID, "preview");             /* takes the rows back */
}

static Import import_of(Req *r, bool keeps) {
    Id id = db_id(r, "select id from document where public_id=? and utility_id=? and entity='gl_code'",
                  path_text(r, "file"), r->c.utility);
    if (!id.id) fail(r, NOT_FOUND, "There is no such file.");
    Import i = { .r = r, .keeps = keeps };
    i.bytes = document_read(&r->c, id, BYTES_MAX, &i.size);
    return i;
}

static void head(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "billing.gl.import"));
    show_text(r, "page.crumbs.0.text", word(r, "billing.gl.gl_codes"));
    show_text(r, "page.crumbs.0.url", link_path(r, "%s", gl_code.path));
    show_text(r, "page.crumbs.1.text", msg(r->c.language, "billing.gl.import"));
}

void gl_import_new(Req *r) {
    form_show(r, "form", &upload_form, gl_code.import_path);
    head(r);
    show_text(r, "form.intro", msg(r->c.language, "billing.gl.import_how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.file.accept", ".csv,text/csv");
    show_text(r, "form.submit", msg(r->c.language, "billing.gl.import_check"));
    show_text(r, "form.cancel_url", link_path(r, "%s", gl_code.path));
    page(r, "layout/form");
}

void gl_import_upload(Req *r) {
    if (!r->uploads.n) problem(r, "file", "Choose a CSV file.");
    else if (r->uploads.v[0].size > BYTES_MAX) problem(r, "file", "The file is larger than 1 MB.");
    problems_end(r);
    Id id = document_store(&r->c, &(NewDocument){ .file_name = r->uploads.v[0].filename, .fd = r->uploads.v[0].fd,
                                                  .kind = "csv", .entity = "gl_code" });
    go(r, "%s/%s", gl_code.import_path, db_text(r, "select public_id from document where id=?", id));
}

/* The first rows as they stand in the file. */
static void show_file(Req *r, const Import *i) {
    CsvReader *file = csv_open_bytes(&r->c.mem, i->bytes, i->size, (CsvRules){ .rows_max = ROWS_MAX });
    size_t n;
    const char *const *header = csv_header(file, &n);
    TableView *t = table_start(r, "show.sections.1.table", msg(r->c.language, "billing.gl.import_rows"));
    table_column(t, msg(r->c.language, "billing.gl.import_row"), "num", NULL);
    for (size_t k = 0; k < n && k < FIELDS_MAX; k++) table_column(t, header[k], "text", k ? NULL : "id");
    CsvRow row;
    for (CsvAnswer a; ((a = csv_next(file, &row)) == CSV_ROW || a == CSV_WRONG) && table_rows(t) < ROWS_SHOWN;) {
        table_row(t, NULL);
        table_int(t, row.line);
        for (size_t k = 0; k < n && k < FIELDS_MAX; k++) table_cell(t, k < row.n ? text_copy(r, row.fields[k]) : "");
    }
    show_text(r, "show.sections.1.title", msg(r->c.language, "billing.gl.import_rows"));
}

void gl_import_page(Req *r) {
    Import i = import_of(r, false);
    if (!r->again) db_savepoint(&r->c, import_rows, &i);
    else memcpy(i.wrong, r->problem, sizeof r->problem), i.wrong_n = r->problems;
    head(r);
    const char *count = locale_count(&r->c.mem, r->c.locale, i.rows);
    show_text(r, "show.sections.0.note.tone", i.wrong_n ? "bad" : "ok");
    show_text(r, "show.sections.0.note.strong", i.wrong_n ? msg(r->c.language, "billing.gl.import_nothing")
              : msg_format(r, r->c.language, "billing.gl.import_ready", { "n", count }));
    for (int p = 0; p < i.wrong_n; p++) show_text(r, text(r, "show.sections.0.text.%d", p), i.wrong[p].text);
    if (!i.wrong_n) {
        show_text(r, "page.actions.0.text", msg_format(r, r->c.language, "billing.gl.import_do", { "n", count }));
        show_text(r, "page.actions.0.url", link_path(r, "%s/%s", gl_code.import_path, path_text(r, "file")));
        show_text(r, "page.actions.0.post", "1");
        show_text(r, "page.actions.0.kind", "primary");
    }
    show_file(r, &i);
    page(r, "layout/show");
}

void gl_import_apply(Req *r) {
    Import i = import_of(r, true);
    import_rows(&r->c, &i);
    memcpy(r->problem, i.wrong, sizeof i.wrong);
    r->problems = i.wrong_n;
    problems_end(r);
    note(r, "%s", msg_format(r, r->c.language, "billing.gl.imported",
                             { "n", locale_count(&r->c.mem, r->c.locale, i.rows) }));
    go(r, "%s", gl_code.path);
}
