/*
 * Inviting many people at once from a CSV file (ONB02US03): columns full_name, email, phone, department, role_code,
 * area_code, employee_no. The file is kept and tried first: what is wrong is named by line and column, and nobody is
 * invited; then the good rows are, each exactly as by the form.
 */
#include <string.h>

#include "app/core/pages.h"
#include "app/core/role.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "app/platform/platform.h"
#include "lib/csv.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { BYTES_MAX = 1024 * 1024, ROWS_MAX = 2000, WRONG_SHOWN = 500 };

static const Form upload_form = { .name = "user_import", .fields = FIELDS {
    { "file", NULL, FILE_FIELD, .flags = REQUIRED }, { 0 } } };

static const Form row_form = { .name = "user_row", .fields = FIELDS {
    { "full_name",   "full_name",   TEXT(2, 120), .flags = REQUIRED },
    { "email",       "email",       EMAIL,        .flags = REQUIRED },
    { "phone",       "phone",       PHONE },
    { "department",  "department",  TEXT(0, 80),  .flags = REQUIRED },
    { "role_code",   "role_code",   TEXT(0, 40),  .flags = REQUIRED },
    { "area_code",   "area_code",   TEXT(0, 20) },
    { "employee_no", "employee_no", TEXT(0, 20) },
    { 0 } } };

/* What is wrong, in the order of the file. */
typedef struct Wrong { int64_t line; const char *column, *text; } Wrong;
/* A row and what its cells have wrong by themselves: wrong[first] and the next n. */
typedef struct Row { int64_t line; int first, n; } Row;

typedef struct Import {
    Req        *r;
    const char *bytes, *file_name;
    size_t      size;
    int64_t     good, bad;          /* rows */
    Wrong       cell[WRONG_SHOWN], wrong[WRONG_SHOWN];
    int         cell_n, wrong_n;
    Row         row[ROWS_MAX + 1];
    UserEntry   entry[ROWS_MAX + 1];
    NewUser     user[ROWS_MAX + 1];
    bool        is_good[ROWS_MAX + 1];
    size_t      rows;
} Import;

/* The problems of the form's fields become those of the row. */
static void add_row(Import *i, int64_t line, const UserEntry *entry) {
    Req *r = i->r;
    if (i->rows == ROWS_MAX + 1) return;
    Row *row = &i->row[i->rows];
    *row = (Row){ line, i->cell_n, 0 };
    for (int p = 0; p < r->problems && i->cell_n < WRONG_SHOWN; p++, row->n++)
        i->cell[i->cell_n++] = (Wrong){ line, r->problem[p].field, text(&r->problem_mem, "%s", r->problem[p].text) };
    i->is_good[i->rows] = !r->problems;
    i->entry[i->rows++] = *entry;
    r->problems = 0;
}

static void read_row(Import *i, const CsvRow *row, CsvReader *file) {
    Req *r = i->r;
    Params typed = params_start(r);
    for (const Field *f = row_form.fields; f->name; f++) {
        const char *value = csv_field(row, csv_column(file, f->name));
        param_add(&typed, f->name, value, strlen(value));
    }
    const Input *in = form_read_kept(r, &row_form, &typed);
    add_row(i, row->line, &(UserEntry){ in_text(in, "full_name"), in_text(in, "email"), in_text(in, "phone"),
                                        in_text(in, "department"), in_text(in, "role_code"), in_text(in, "area_code"),
                                        in_text(in, "employee_no") });
}

static void add_wrong(Import *i, int64_t line, const char *column, const char *words) {
    if (i->wrong_n < WRONG_SHOWN) i->wrong[i->wrong_n++] = (Wrong){ line, column, words };
}

/* What a cell has wrong by itself is not said again by the rules. */
static bool is_said(const Import *i, const Row *row, const char *column) {
    for (int k = 0; k < row->n; k++)
        if (column && i->cell[row->first + k].column && !strcmp(i->cell[row->first + k].column, column)) return true;
    return false;
}

static void judge_row(Import *i, size_t at, const Faults *all) {
    const Row *row = &i->row[at];
    for (int k = row->first; k < row->first + row->n; k++)
        add_wrong(i, row->line, i->cell[k].column, i->cell[k].text);
    for (size_t k = 0; k < all->n; k++) {
        const Fault *f = &all->v[k];
        if (f->row != at || is_said(i, row, f->field)) continue;
        i->is_good[at] = false;
        add_wrong(i, row->line, f->field, fault_text(&i->r->problem_mem, i->r->c.language, f));
    }
    i->good += i->is_good[at], i->bad += !i->is_good[at];
}

static void import_rows(Import *i) {
    Req *r = i->r;
    CsvReader *file = csv_open_bytes(&r->c.mem, i->bytes, i->size, (CsvRules){ .rows_max = ROWS_MAX });
    CsvRow row;
    CsvAnswer answer;
    while ((answer = csv_next(file, &row)) == CSV_ROW || answer == CSV_WRONG) {
        if (answer == CSV_ROW) read_row(i, &row, file);
        else problem(r, NULL, "%s", row.problem), add_row(i, row.line, &(UserEntry){ 0 });
    }
    if (answer == CSV_BROKEN) problem(r, NULL, "%s", row.problem), add_row(i, row.line, &(UserEntry){ 0 });
    RightSet held = rights_held(&r->c);
    Faults all = users_check(&r->c, i->entry, i->rows, &held, subscription_room(&r->c, "seats"), i->user);
    for (size_t k = 0; k < i->rows; k++) judge_row(i, k, &all);
}

static Import *import_of(Req *r) {
    Ctx *c = &r->c;
    Id id = db_id(c, "select id from document where public_id = ? and utility_id = ? and entity = 'user_import'",
                  path_text(r, "file"), c->utility);
    if (!id.id) fail(r, NOT_FOUND, "There is no such file.");
    Import *i = take(c, sizeof *i);
    i->r = r;
    i->bytes = document_read(c, id, BYTES_MAX, &i->size);
    return i;
}

static void head(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "user.import.title"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "user.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/users"));
    show_text(r, "page.crumbs.1.text", msg(r->c.language, "user.import.title"));
}

void user_import_new(Req *r) {
    form_show(r, "form", &upload_form, "/invitations/import");
    head(r);
    show_text(r, "form.intro", msg(r->c.language, "user.import.how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.file.accept", ".csv,text/csv");
    show_text(r, "form.submit", msg(r->c.language, "user.import.check"));
    show_text(r, "form.cancel_url", link_path(r, "/users"));
    page(r, "layout/form");
}

/* A file without the columns that each row needs is refused as a whole, by their names. */
static void columns_check(Req *r, Id document) {
    size_t size;
    const char *bytes = document_read(&r->c, document, BYTES_MAX, &size);
    CsvReader *file = csv_open_bytes(&r->c.mem, bytes, size, (CsvRules){ .rows_max = ROWS_MAX });
    CsvRow row;
    CsvAnswer first = csv_next(file, &row);
    if (first == CSV_BROKEN) fail_field(r, INVALID, "file", "%s", row.problem);
    for (const Field *f = row_form.fields; f->name; f++)
        if (f->flags & REQUIRED && csv_column(file, f->name) < 0)
            fail_field(r, INVALID, "file", "%s", msg_format(r, r->c.language, "user.import.no_column",
                                                            { "column", f->name }));
    if (first == CSV_END) fail_field(r, INVALID, "file", "%s", msg(r->c.language, "user.import.empty"));
}

void user_import_upload(Req *r) {
    if (!r->uploads.n) problem(r, "file", "%s", msg(r->c.language, "user.import.none"));
    else if (r->uploads.v[0].size > BYTES_MAX) problem(r, "file", "%s", msg(r->c.language, "user.import.large"));
    problems_end(r);
    Id id = document_store(&r->c, &(NewDocument){ .file_name = r->uploads.v[0].filename, .fd = r->uploads.v[0].fd,
                                                  .kind = "csv", .entity = "user_import" });
    columns_check(r, id);
    go(r, "/invitations/import/%s", db_text(r, "select public_id from document where id = ?", id));
}

void user_import_page(Req *r) {
    Ctx *c = &r->c;
    Import *i = import_of(r);
    import_rows(i);
    head(r);
    const char *good = locale_count(&c->mem, c->locale, i->good), *bad = locale_count(&c->mem, c->locale, i->bad);
    show_text(r, "show.notices.0.tone", i->bad ? "warn" : "ok");
    show_text(r, "show.notices.0.text", msg_format(r, c->language, "user.import.found", { "good", good },
                                                   { "bad", bad }));
    if (i->wrong_n) {
        show_text(r, "show.sections.0.title", msg(c->language, "user.import.errors"));
        TableView *t = table_start(r, "show.sections.0.table", msg(c->language, "user.import.errors"));
        table_column(t, msg(c->language, "user.import.line"), "num", "id");
        table_column(t, msg(c->language, "user.import.column"), "code", NULL);
        table_column(t, msg(c->language, "user.import.error"), "text", NULL);
        for (int k = 0; k < i->wrong_n; k++) {
            table_row(t, NULL);
            table_int(t, i->wrong[k].line);
            table_cell(t, i->wrong[k].column ? i->wrong[k].column : "");
            table_cell(t, i->wrong[k].text);
        }
    }
    if (i->good) {
        show_text(r, "page.actions.0.text", msg_plural(r, c->language, "user.import.do", i->good, good));
        show_text(r, "page.actions.0.url", link_path(r, "/invitations/import/%s", path_text(r, "file")));
        show_text(r, "page.actions.0.post", "1");
        show_text(r, "page.actions.0.kind", "primary");
    }
    page(r, "layout/show");
}

void user_import_do(Req *r) {
    Import *i = import_of(r);
    import_rows(i);
    if (!i->good) fail(r, INVALID, "%s", msg(r->c.language, "user.import.nobody"));
    for (size_t k = 0; k < i->rows; k++)
        if (i->is_good[k]) user_invite(&r->c, &i->user[k]);
    note(r, "%s", msg_plural(r, r->c.language, "user.import.done", i->good, NULL));
    go(r, "/users?status=invited");
}
