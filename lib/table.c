/*
 * Tables of pages: see table.h.
 */
#include <ClearSilver.h>

#include "lib/table.h"

#include <string.h>

#include "lib/locale.h"
#include "lib/page.h"
#include "lib/web.h"

struct TableView { Req *r; const char *at; HDF *node, *row; size_t columns, rows, cells, feet; };


static void put(HDF *node, const char *name, const char *value) {
    if (!value) return;
    NEOERR *e = hdf_set_value(node, name, value);
    if (e != STATUS_OK) {
        nerr_ignore(&e);
        abort();
    }
}

TableView *table_start(Req *r, const char *at, const char *label) {
    TableView *t = take(r, sizeof *t);
    *t = (TableView){ .r = r, .at = text_copy(r, at), .node = data_node(r->data, at) };
    put(t->node, "label", label);
    return t;
}

void table_column(TableView *t, const char *label, const char *kind, const char *place) {
    HDF *col = data_node(t->node, text(t->r, "cols.%zu", t->columns++));
    put(col, "label", label);
    put(col, "kind", kind);
    put(col, "place", place);
}

void table_row(TableView *t, const char *url) {
    t->row = data_node(t->node, text(t->r, "rows.%zu", t->rows++));
    t->cells = 0;
    put(t->row, "url", url);
}

void table_cell(TableView *t, const char *value) {
    put(t->row, text(t->r, "cells.%zu", t->cells++), value ? value : "");
}
void table_sub(TableView *t, const char *value)  { put(t->row, text(t->r, "cells.%zu.sub", t->cells - 1), value); }
void table_link(TableView *t, const char *url)   { put(t->row, text(t->r, "cells.%zu.url", t->cells - 1), url); }
void table_money(TableView *t,
                 Money value)      { table_cell(t, locale_money(&t->r->c.mem, t->r->c.locale, value)); }
void table_date(TableView *t, Date value)        { table_cell(t, locale_date(&t->r->c.mem, t->r->c.locale, value)); }
void table_int(TableView *t, int64_t value)      { table_cell(t, locale_count(&t->r->c.mem, t->r->c.locale, value)); }

void table_state(TableView *t, const char *state) {
    table_cell(t, state ? state_label(t->r, state) : "");
    if (state) put(t->row, text(t->r, "cells.%zu.tone", t->cells - 1), state_tone(t->r, state));
}

void table_foot(TableView *t, const char *value) {
    put(t->node, text(t->r, "foot.%zu", t->feet++), value ? value : "");
}
size_t table_rows(const TableView *t) { return t->rows; }

void table_empty(TableView *t, const char *title, const char *value) {
    if (t->rows) return;
    put(t->node, "empty.title", title);
    put(t->node, "empty.text", value);
}

typedef struct Fill { TableView *t; const char *path; } Fill;

static bool ends(const char *s, const char *tail) {
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && !strcmp(s + n - m, tail);
}

static void fill_row(void *arg, const DbColumn *columns, int n) {
    Fill *f = arg;
    TableView *t = f->t;
    table_row(t, f->path && !columns[0].is_null
              ? link_path(t->r, "%s%s", f->path, url_part(t->r, columns[0].text ? columns[0].text : "")) : NULL);
    for (int i = 0; i < n; i++) {
        const DbColumn *c = &columns[i];
        if (ends(c->name, "url")) put(t->row, "url", c->text ? link_path(t->r, "%s", c->text) : NULL);
        else if (!strncmp(c->name, "sub_", 4)) table_sub(t, c->is_null ? NULL : column_text(t->r, c));
        else if (!c->is_null && c->kind == KIND_MONEY) table_money(t, (Money){ c->n });
        else if (!c->is_null && c->text && (ends(c->name, "state") || ends(c->name, "status"))) table_state(t, c->text);
        else table_cell(t, c->is_null ? "" : column_text(t->r, c));
    }
}

int64_t table_rows_of_(TableView *t, const char *path, const DbSite *site, const Bind *binds, int n) {
    Fill f = { t, path && web_may_open(t->r, text(t->r, "%s-", path)) ? path : NULL };
    return db_columns(&t->r->c, site->sql, binds, n, fill_row, &f, true);
}

void show_fact(Req *r, const char *at, const char *label, const char *value, const char *sub) {
    size_t n = 0;
    while (hdf_get_obj(r->data, text(r, "%s.%zu", at, n))) n++;
    show_text(r, text(r, "%s.%zu.label", at, n), label);
    show_text(r, text(r, "%s.%zu.text", at, n), value ? value : "");
    show_text(r, text(r, "%s.%zu.sub", at, n), sub);
}
