/*
 * Tables of a page that are no lists: built row by row into the data set (docs/templates.md, "table").
 *
 *   TableView *t = table_start(r, "show.sections.0.table", "Bills");
 *   table_column(t, "Bill", "code", "id"); table_column(t, "Amount", "money", "amount"); table_column(t, "Status",
 * "status", "status");
 *   table_row(t, link_path(r, "/bx/bills/%s", no)); table_cell(t, no); table_money(t, total); table_state(t, "paid");
 *
 * table_rows_of() does the last line for every row of a statement: one column a cell, in order; columns named *url give
 * the row's link, those named sub_* the second line of the cell before.
 */
#ifndef LIB_TABLE_H
#define LIB_TABLE_H

#include "lib/db.h"
#include "lib/req.h"

typedef struct TableView TableView;

TableView *table_start(Req *r, const char *at, const char *label);
/* kind: text num money date status code act; place on phones: id status name amount or NULL. */
void table_column(TableView *t, const char *label, const char *kind, const char *place);
void table_row   (TableView *t, const char *url);           /* url may be NULL */
void table_cell  (TableView *t, const char *text_);         /* NULL: empty */
void table_sub   (TableView *t, const char *text_);         /* second line of the cell before */
void table_link  (TableView *t, const char *url);           /* of the cell before */
void table_money (TableView *t, Money value);               /* with the currency's sign, as lists have it */
void table_date  (TableView *t, Date value);
void table_int   (TableView *t, int64_t value);
void table_state (TableView *t, const char *state);         /* a badge: label and tone of the messages */
void table_foot  (TableView *t, const char *text_);         /* a cell of the sum row */
size_t table_rows(const TableView *t);
/* `path` (a path of this scope ending before the key, or NULL) makes the first cell a link to path + its text. */
#define table_rows_of(t, path, sql, ...) \
    table_rows_of_((t), (path), DB_SITE(DB_SITE_SHOW, NULL, sql, DB_COUNT(__VA_ARGS__)), DB_BINDS(__VA_ARGS__))
int64_t table_rows_of_(TableView *t, const char *path, const DbSite *site, const Bind *binds, int n);
/* What stands there when no row came. */
void table_empty (TableView *t, const char *title, const char *text_);

/* A fact of a list of facts at `at` ("show.facts"): the next one. sub may be NULL. */
void show_fact(Req *r, const char *at, const char *label, const char *text_, const char *sub);

#endif
