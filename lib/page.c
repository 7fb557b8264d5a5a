/*
 * Pages: results and values into the data set, which lib/template.c renders. See page.h.
 *
 * Texts of a language (t.*) and paths of static files (asset.*) hang below the data set of each page as a common one.
 */
#include "lib/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ClearSilver.h>

#include "lib/locale.h"
#include "lib/log.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/template.h"
#include "lib/web.h"

enum { LANGUAGES = 16 };

/* --- values ------------------------------------------------------------------------------------------------------- */

static void set(HDF *node, const char *name, const char *value) {
    if (!value) return;
    NEOERR *e = hdf_set_value(node, name, value);
    if (e != STATUS_OK) {
        nerr_ignore(&e);
        abort();                            /* names are our own, so it is memory */
    }
}

HDF *data_node(HDF *from, const char *name) {
    HDF *n = NULL;
    NEOERR *e = hdf_get_node(from, name, &n);
    if (e != STATUS_OK) {
        nerr_ignore(&e);
        abort();
    }
    return n;
}

void show_text(Req *r, const char *name, const char *value) { set(r->data, name, value); }

void show_textf(Req *r, const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    set(r->data, name, arena_vtext(&r->c.mem, format, args));
    va_end(args);
}

void show_int(Req *r, const char *name, int64_t value) { set(r->data, name, text(r, "%lld", (long long)value)); }
void show_flag(Req *r, const char *name, bool value) { if (value) set(r->data, name, "1"); }

void show_money(Req *r, const char *name, Money value) {
    set(r->data, name, locale_money(&r->c.mem, r->c.locale, value));
    if (value.minor < 0) set(r->data, text(r, "%s.negative", name), "1");
}

void show_date(Req *r, const char *name, Date value) {
    if (!date_is_set(value)) return;
    set(r->data, name, locale_date(&r->c.mem, r->c.locale, value));
    set(r->data, text(r, "%s.iso", name), date_iso(&r->c.mem, value));
}

void show_time(Req *r, const char *name, Time value) {
    if (!time_is_set(value)) return;
    set(r->data, name, locale_time(&r->c.mem, r->c.locale, value));
    set(r->data, text(r, "%s.iso", name), time_iso(&r->c.mem, value));
}

const char *state_label(Req *r, const char *state) {
    const char *key = text(r, "state.%s", state);
    return msg_exists(key) ? msg(r->c.language, key) : state;
}

const char *state_tone(Req *r, const char *state) {
    const char *key = text(r, "tone.%s", state);
    return msg_exists(key) ? msg("en", key) : "off";
}

void show_state(Req *r, const char *name, const char *state) {
    if (!state) return;
    set(r->data, name, state);
    set(r->data, text(r, "%s.label", name), state_label(r, state));
    set(r->data, text(r, "%s.tone", name), state_tone(r, state));
}

char *at(Req *r, const char *list, size_t i, const char *name) {
    return text(r, "%s.%zu%s%s", list, i, name ? "." : "", name ? name : "");
}

/* --- columns ------------------------------------------------------------------------------------------------------ */

const char *column_text(Req *r, const DbColumn *v) {
    Arena *a = &r->c.mem;
    if (v->is_null) return "";
    switch (v->kind) {
    case KIND_MONEY:    return locale_money(a, r->c.locale, (Money){ v->n });
    case KIND_QUANTITY: return locale_quantity(a, r->c.locale, (Quantity){ v->n }, NULL);
    case KIND_PRICE:    return locale_price(a, r->c.locale, (Price){ v->n });
    case KIND_READING:  return locale_reading(a, r->c.locale, (Reading){ v->n });
    case KIND_DATE:     return locale_date(a, r->c.locale, (Date){ (int32_t)v->n });
    case KIND_TIME:     return locale_time(a, r->c.locale, (Time){ v->n });
    case KIND_TEXT: case KIND_BYTES: return v->text;
    default: {
        size_t n = strlen(v->name);
        if (n > 4 && !strcmp(v->name + n - 4, "_ppm")) return text(a, "%s %%", percent_decimal(a, v->n));
        return text(a, "%lld", (long long)v->n);
    }
    }
}

static bool ends(const char *s, const char *tail) {
    size_t n = strlen(s), m = strlen(tail);
    return n > m && !strcmp(s + n - m, tail);
}

static bool is_state(const char *name) {
    return !strcmp(name, "state") || !strcmp(name, "status") || ends(name, "_state") || ends(name, "_status");
}

static const char *const shortened[] = { "_qty_micro", "_minor", "_micro", "_e3", "_e6", "_ppm", NULL };

/* One column into a node: the raw figure under its name, the formatted one under the name without its unit. */
static void show_column(Req *r, HDF *to, const DbColumn *v) {
    if (v->is_null) return;
    const char *shown = column_text(r, v);
    bool number = v->kind != KIND_TEXT && v->kind != KIND_BYTES && v->kind != KIND_DATE && v->kind != KIND_TIME;
    if (!number) {
        set(to, v->name, shown);
        if (v->kind == KIND_DATE) set(to, text(r, "%s.iso", v->name), date_iso(&r->c.mem, (Date){ (int32_t)v->n }));
        if (v->kind == KIND_TIME) set(to, text(r, "%s.iso", v->name), time_iso(&r->c.mem, (Time){ v->n }));
        if (is_state(v->name)) {
            set(to, text(r, "%s.label", v->name), state_label(r, shown));
            set(to, text(r, "%s.tone", v->name), state_tone(r, shown));
        }
        return;
    }
    for (int i = 0; shortened[i]; i++)
        if (ends(v->name, shortened[i])) {
            const char *name = text_copy_n(r, v->name, strlen(v->name) - strlen(shortened[i]));
            set(to, name, shown);
            if (v->n < 0) set(to, text(r, "%s.negative", name), "1");
            if (v->n == 0) set(to, text(r, "%s.zero", name), "1");
            break;
        }
    set(to, v->name, text(r, "%lld", (long long)v->n));
}

typedef struct Rows { Req *r; HDF *list; const char *name; int64_t n; } Rows;

static void add_row(void *arg, const DbColumn *columns, int n) {
    Rows *rows = arg;
    char no[24];
    snprintf(no, sizeof no, "%lld", (long long)rows->n++);
    HDF *to = data_node(rows->list, no);
    for (int i = 0; i < n; i++) show_column(rows->r, to, &columns[i]);
}

int64_t show_rows_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n) {
    Rows rows = { r, data_node(r->data, name), name, 0 };
    return db_columns(&r->c, site->sql, binds, n, add_row, &rows, true);
}

static void one_row(void *arg, const DbColumn *columns, int n) {
    Rows *rows = arg;
    if (rows->n++) return;
    for (int i = 0; i < n; i++) show_column(rows->r, rows->list, &columns[i]);
}

bool show_find_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n) {
    Rows rows = { r, data_node(r->data, name), name, 0 };
    return db_columns(&r->c, site->sql, binds, n, one_row, &rows, true) > 0;
}

void show_row_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n) {
    if (!show_find_(r, name, site, binds, n)) fail_at(&r->c, NOT_FOUND, NULL, site->file, site->line, "not found");
}

/* --- templates ---------------------------------------------------------------------------------------------------- */

static struct { char language[16]; HDF *data; } common[LANGUAGES];  /* t.* and asset.* of one language */
static int common_n;

static void add_message(void *arg, const char *key, const char *value) { set(arg, key, value); }

static void add_assets(HDF *to) {
    FILE *f = web_config && web_config->assets ? fopen(web_config->assets, "re") : NULL;
    char line[400], name[150], path[200];
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%149s %199s", name, path) != 2) continue;
        /* asset names hold dots ("app.css"), which separate levels:
         * app.css is asset.app.css, a level deeper, by design */
        HDF *n = data_node(to, "asset");
        set(n, name, path);
    }
    if (f) fclose(f);
}

static HDF *texts_of(const char *language) {
    for (int i = 0; i < common_n; i++)
        if (!strcmp(common[i].language, language)) return common[i].data;
    if (common_n == LANGUAGES) return common[0].data;
    HDF *data = NULL;
    NEOERR *e = hdf_init(&data);
    if (e != STATUS_OK) abort();
    messages_each(language, "", add_message, data_node(data, "t"));
    add_assets(data);
    snprintf(common[common_n].language, sizeof common->language, "%s", language);
    common[common_n].data = data;
    return common[common_n++].data;
}

const char *asset_path(const char *name) {
    Arena a = { 0 };
    const char *path = hdf_get_value(texts_of("en"), text(&a, "asset.%s", name), "");
    arena_end(&a);
    return path;
}

const char *pages_load(Arena *a, const char *views) {
    common_n = 0;
    for (const char *const *language = messages_languages(); *language; language++) texts_of(*language);
    return templates_load(a, views);
}

bool page_render(const char *name, HDF *data, Text *out) {
    const char *said = NULL;
    switch (template_render(name, data, texts_of(hdf_get_value(data, "page.lang", "en")), out, &said)) {
    case TEMPLATE_DONE:    return true;
    case TEMPLATE_MISSING: log_error("page.missing", LOG_TEXT("template", name)); return false;
    case TEMPLATE_BROKEN:  log_error("page.broken", LOG_TEXT("template", name), LOG_TEXT("said", said)); return false;
    }
    return false;
}
