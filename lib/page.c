/*
 * Pages: results and values into the data set, and the templates. See page.h.
 *
 * Templates are parsed once, before the workers are forked; rendering only swaps the data set under them. Texts of a
 * language (t.*) and paths of static files (asset.*) hang below each parsed template as its global data set.
 */
#include "lib/page.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ClearSilver.h>

#include "lib/locale.h"
#include "lib/log.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/web.h"

enum { PAGES_MAX = 600, PAGE_NAME_MAX = 120, LANGUAGES = 16 };

/* --- values ------------------------------------------------------------------------------------------------------------- */

static void set(HDF *node, const char *name, const char *value) {
    if (!value) return;
    NEOERR *e = hdf_set_value(node, name, value);
    if (e != STATUS_OK) {
        nerr_ignore(&e);
        abort();                            /* names are our own, so it is memory */
    }
}

static HDF *node(HDF *from, const char *name) {
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

char *at(Req *r, const char *list, size_t i, const char *name) { return text(r, "%s.%zu%s%s", list, i, name ? "." : "", name ? name : ""); }

/* --- columns ------------------------------------------------------------------------------------------------------------- */

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
    HDF *to = node(rows->list, no);
    for (int i = 0; i < n; i++) show_column(rows->r, to, &columns[i]);
}

int64_t show_rows_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n) {
    Rows rows = { r, node(r->data, name), name, 0 };
    return db_columns(&r->c, site->sql, binds, n, add_row, &rows, true);
}

static void one_row(void *arg, const DbColumn *columns, int n) {
    Rows *rows = arg;
    if (rows->n++) return;
    for (int i = 0; i < n; i++) show_column(rows->r, rows->list, &columns[i]);
}

bool show_find_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n) {
    Rows rows = { r, node(r->data, name), name, 0 };
    return db_columns(&r->c, site->sql, binds, n, one_row, &rows, true) > 0;
}

void show_row_(Req *r, const char *name, const DbSite *site, const Bind *binds, int n) {
    if (!show_find_(r, name, site, binds, n)) fail_at(&r->c, NOT_FOUND, NULL, site->file, site->line, "not found");
}

/* --- templates ------------------------------------------------------------------------------------------------------------- */

typedef struct Page { char name[PAGE_NAME_MAX]; CSPARSE *parse; } Page;

static Page pages[PAGES_MAX];
static int pages_n;
static HDF *parse_data;                                             /* load path and escape mode */
static struct { char language[16]; HDF *data; } common[LANGUAGES];  /* t.* and asset.* of one language */
static int common_n;

static void add_message(void *arg, const char *key, const char *value) { set(arg, key, value); }

static void add_assets(HDF *to) {
    FILE *f = web_config && web_config->assets ? fopen(web_config->assets, "re") : NULL;
    char line[400], name[150], path[200];
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%149s %199s", name, path) != 2) continue;
        /* asset names hold dots ("app.css"), which separate levels: app.css is asset.app.css, a level deeper, by design */
        HDF *n = node(to, "asset");
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
    messages_each(language, "", add_message, node(data, "t"));
    add_assets(data);
    snprintf(common[common_n].language, sizeof common->language, "%s", language);
    common[common_n].data = data;
    return common[common_n++].data;
}

static char *said(Arena *a, NEOERR *e) {
    STRING s;
    string_init(&s);
    nerr_error_traceback(e, &s);
    char *t = text_copy(a, s.buf ? s.buf : "?");
    string_clear(&s);
    nerr_ignore(&e);
    return t;
}

static const char *load_one(Arena *a, const char *views, const char *name) {
    (void)views;
    if (pages_n == PAGES_MAX) return "too many templates";
    Page *p = &pages[pages_n];
    if (strlen(name) >= PAGE_NAME_MAX) return text(a, "%s: name too long", name);
    snprintf(p->name, sizeof p->name, "%.*s", (int)strlen(name) - 3, name);
    NEOERR *e = cs_init(&p->parse, parse_data);
    if (e == STATUS_OK) e = cgi_register_strfuncs(p->parse);
    if (e == STATUS_OK) e = cs_parse_file(p->parse, name);
    if (e != STATUS_OK) return text(a, "%s: %s", name, said(a, e));
    pages_n++;
    return NULL;
}

/* Shells call content(), which only the page that includes them defines: they are not pages themselves. */
static bool is_shell(const char *folder, const char *file) {
    static const char *const shells[] = { "any.cs", "field.cs", "mail.cs", "plain.cs", "platform.cs", "portal.cs", "print.cs", "staff.cs", NULL };
    for (int i = 0; shells[i]; i++)
        if (!strcmp(folder, "layout") && !strcmp(file, shells[i])) return true;
    return false;
}

/* Pages are all *.cs but macros (views/lib), shells, and what begins with "_" (parts that are only included). */
static const char *load_folder(Arena *a, const char *views, const char *folder) {
    DIR *d = opendir(text(a, "%s/%s", views, folder));
    if (!d) return NULL;
    const char *wrong = NULL;
    for (struct dirent *f; !wrong && (f = readdir(d));) {
        if (f->d_name[0] == '.' || f->d_name[0] == '_' || is_shell(folder, f->d_name)) continue;
        const char *name = *folder ? text(a, "%s/%s", folder, f->d_name) : f->d_name;
        struct stat s;
        if (stat(text(a, "%s/%s", views, name), &s)) continue;
        if (S_ISDIR(s.st_mode)) {
            if (strcmp(name, "lib") && strcmp(name, "static") && strcmp(name, "messages")) wrong = load_folder(a, views, name);
        } else if (ends(name, ".cs")) {
            wrong = load_one(a, views, name);
        }
    }
    closedir(d);
    return wrong;
}

const char *pages_load(Arena *a, const char *views) {
    NEOERR *e = hdf_init(&parse_data);
    if (e != STATUS_OK) return said(a, e);
    set(parse_data, "hdf.loadpaths.0", views);
    set(parse_data, "Config.VarEscapeMode", "html");
    for (int i = 0; i < pages_n; i++) cs_destroy(&pages[i].parse);
    pages_n = 0;
    common_n = 0;
    for (const char *const *language = messages_languages(); *language; language++) texts_of(*language);
    return load_folder(a, views, "");
}

/* Lines of macro files before the page's first character are left out. */
static NEOERR *add_output(void *ctx, char *s) {
    Text *out = ctx;
    if (!out->n) s += strspn(s, " \r\n\t");
    text_add(out, s);
    return STATUS_OK;
}

static Page *find_page(const char *name) {
    for (int i = 0; i < pages_n; i++)
        if (!strcmp(pages[i].name, name)) return &pages[i];
    return NULL;
}

bool page_render(const char *name, HDF *data, Text *out) {
    Page *p = find_page(name);
    if (!p) {
        log_error("page.missing", LOG_TEXT("template", name));
        return false;
    }
    HDF *kept = p->parse->hdf;
    const char *language = hdf_get_value(data, "page.lang", "en");
    p->parse->hdf = data;
    p->parse->global_hdf = texts_of(language);
    NEOERR *e = cs_render(p->parse, out, add_output);
    p->parse->hdf = kept;
    if (e == STATUS_OK) return true;
    Arena a = { 0 };
    log_error("page.broken", LOG_TEXT("template", name), LOG_TEXT("said", said(&a, e)));
    arena_end(&a);
    return false;
}
