/*
 * Pages: from results and values to the data set of a template.
 *
 *   show_row (r, "run", "select run_no, state, total_minor from bill_run where id=?", id);      404 when none
 *   show_rows(r, "lines", "select ...", id);              lines.0.*, lines.1.* ...; lines.n
 *   show_text(r, "page.title", run_no);   show_flag(r, "may.edit", true);   show_money(r, "due", due);
 *
 * A column's format follows its type and name: total_minor gives total_minor (digits) and total ("$184.50"),
 * *_qty_micro,
 * *_e3 and *_micro likewise without their tail; *_at the utility's zone, *_on the date format, both with .iso beside;
 * state, status, payment_status and supply_state get .label and .tone from the messages.
 * Names of the data set are our own constants, never input.
 */
#ifndef LIB_PAGE_H
#define LIB_PAGE_H

#include "lib/db.h"
#include "lib/messages.h"
#include "lib/req.h"

#define show_row(r, name, sql, ...)  show_row_ ((r), (name), DB_SITE(DB_SITE_SHOW, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                                DB_BINDS(__VA_ARGS__))
#define show_find(r, name, sql, ...) show_find_((r), (name), DB_SITE(DB_SITE_SHOW, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                                DB_BINDS(__VA_ARGS__))
#define show_rows(r, name, sql, ...) show_rows_((r), (name), DB_SITE(DB_SITE_SHOW, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                                DB_BINDS(__VA_ARGS__))

void    show_row_ (Req *r, const char *name, const DbSite *site, const Bind *binds, int n);
/* false: nothing shown */
bool    show_find_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n);
int64_t show_rows_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n);    /* how many */

/* A text of views/messages in the user's language. */
static inline const char *word(Req *r, const char *key) { return msg(r->c.language, key); }

/* One value at a dotted path of our own. NULL text shows nothing. show_textf formats. */
void show_text (Req *r, const char *name, const char *value);
void show_textf(Req *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
void show_int  (Req *r, const char *name, int64_t value);
void show_flag (Req *r, const char *name, bool value);              /* "1" or nothing */
void show_money(Req *r, const char *name, Money value);             /* name = "$184.50", name.negative */
void show_date (Req *r, const char *name, Date value);
void show_time (Req *r, const char *name, Time value);
void show_state(Req *r, const char *name, const char *state);       /* value, .label, .tone */
/* The node of the data set at `name` below `from`, made when it is not there. */
struct _hdf *data_node(struct _hdf *from, const char *name);
/* The n-th element of a list shown by hand: show_text(r, at(r, "cards", i, "label"), ...). */
char *at(Req *r, const char *list, size_t i, const char *name);

/* The path of a static file by its name in the templates (asset.<name>); "" when there is none. */
const char *asset_path(const char *name);

/* A column as lib/list.c and show_rows() print it. */
const char *column_text(Req *r, const DbColumn *column);
const char *state_label(Req *r, const char *state);
const char *state_tone (Req *r, const char *state);

/* Templates: parsed once at start, all of views. Returns NULL or what is wrong (file and message). */
const char *pages_load(Arena *a, const char *views);
/* Renders into out; false with a log line when the template fails. */
bool page_render(const char *name, struct _hdf *data, Text *out);

#endif
