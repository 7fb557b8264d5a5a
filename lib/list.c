/*
 * Lists: see list.h. Here SQL is joined, from fixed fragments only; every value of the URL is bound.
 */
#include <ClearSilver.h>      /* first, as in lib/form.c */

#include "lib/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csv.h"
#include "lib/kept.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/web.h"

enum { SIZE = 25, EXPORT_NOW = 5000, EXPORT_MOST = 100000, SEARCH_BYTES = 100, COLUMNS_LISTED = 40, COUNT_EXACT = 2000,
       COUNT_FAR = 10 * COUNT_EXACT, JOINS_MAX = 20, FOUND_MOST = 5000, WINDOW = 400 };

ResourceHooks lib_app;

void resource_hooks(const ResourceHooks *h) { lib_app = *h; }

/*
 * Where the rows of a search come from. A text that fits few rows: from what .found gives, all of it. One that fits
 * more than FOUND_MOST would be found for seconds: then a page is read in the list's order, each row tried against
 * .found, in a window of the next WINDOW rows; where that does not fill the page, from the first FOUND_MOST found.
 * Files and what is done to all rows that match take everything.
 */
typedef enum Look { LOOK_ALL, LOOK_IDS, LOOK_WINDOW } Look;

/* What the URL (or a posted filter) asks for. */
typedef struct Query {
    Req              *r;
    const ListSpec   *spec;
    const Params     *from;             /* r->query, or the posted filter */
    const ListColumn *sort;
    bool              descending, backward;
    int64_t           size, first;      /* rows a page; number of its first row */
    const char       *q, *after, *before;
    Bind              bind[DB_PARAMS_MAX];
    int               binds;
    int               filters;          /* active ones */
    const char       *area_name;        /* of the area asked for */
    const char       *index;            /* of the last active filter that has one */
    int64_t           sum[COLUMNS_LISTED];      /* of the columns flagged so, over the whole filter */
    Look              look;
    const char       *ids;              /* LOOK_IDS: JSON of the rows found */
    int64_t           found, found_most;
} Query;

static const char *asked(const Query *q, const char *name) {
    const char *s = param_find(q->from, name);
    return s && *s ? s : NULL;
}

static void bind(Query *q, Bind b) {
    if (q->binds == DB_PARAMS_MAX) fail(q->r, INVALID, "Too many filters at once.");
    q->bind[q->binds++] = b;
}

static const ListColumn *column_of(const ListSpec *spec, const char *name) {
    for (const ListColumn *col = spec->columns; col->name; col++)
        if (!strcmp(col->name, name)) return col;
    return NULL;
}

static Query ask(Req *r, const ListSpec *spec, const Params *from) {
    Query q = { .r = r, .spec = spec, .from = from, .size = SIZE, .first = 1 };
    const char *sort = asked(&q, "sort") ? asked(&q, "sort") : spec->order;
    q.descending = sort && *sort == '-';
    q.sort = sort ? column_of(spec, sort + q.descending) : NULL;
    if (!q.sort || !(q.sort->flags & (SORT | LIST))) q.sort = column_of(spec, spec->order + (*spec->order == '-')),
        q.descending = *spec->order == '-';
    const char *size = asked(&q, "size"), *n = asked(&q, "n");
    if (size && (!strcmp(size, "50") || !strcmp(size, "100"))) q.size = atoi(size);
    if (n && strspn(n, "0123456789") == strlen(n) && strlen(n) < 10) q.first = atoll(n) ? atoll(n) : 1;
    q.q = asked(&q, "q");
    if (q.q && strlen(q.q) > SEARCH_BYTES) q.q = NULL;
    q.after = asked(&q, "after");
    q.before = q.after ? NULL : asked(&q, "before");
    q.backward = q.before != NULL;
    return q;
}

/* % and _ of the user mean themselves. */
static char *like(Req *r, const char *s, bool anywhere) {
    Text t = text_start(r);
    if (anywhere) text_add(&t, "%");
    for (; *s; s++) {
        if (strchr("%_\\", *s)) text_add(&t, "\\");
        text_add_n(&t, s, 1);
    }
    text_add(&t, "%");
    return t.s;
}

static void add_search(Query *q, Text *sql) {
    if (!q->q || q->spec->found) return;
    const char *between = " and (";
    for (const ListColumn *col = q->spec->columns; col->name; col++) {
        if (!(col->flags & (SEARCH | SEARCH_START))) continue;
        text_addf(sql, "%s%s like ?", between, col->sql);
        bind(q, bind_text(like(q->r, q->q, !(col->flags & SEARCH_START))));
        between = " or ";
    }
    if (!strcmp(between, " or ")) text_add(sql, ")");
}

static bool is_day(const ListColumn *col) {
    size_t n = strlen(col->name);
    return (n > 3 && (!strcmp(col->name + n - 3, "_on") || !strcmp(col->name + n - 3, "_at")))
        || (n > 5 && !strcmp(col->name + n - 5, "_date"));
}

static void add_day(Query *q, Text *sql, const ListColumn *col, const char *end, const char *compare) {
    const char *value = asked(q, text(q->r, "%s_%s", col->name, end));
    Date d;
    if (!value || read_date(q->r->c.locale, value, &d) != DATE_OK) return;
    q->filters++;
    size_t n = strlen(col->name);
    bool moment = !strcmp(col->name + n - 3, "_at");
    text_addf(sql, " and %s %s ?", col->sql, moment && !strcmp(end, "to") ? "<" : compare);
    bind(q, moment ? bind_time(date_start(q->r->c.locale->zone, date_add_days(d, !strcmp(end, "to")))) : bind_date(d));
}

enum { VALUES_MOST = 20 };                      /* of one filter */

/* The values of a filter that takes several, without those it does not offer. */
static Texts values_of(const Query *q, const ListColumn *col) {
    Texts all = param_all(&q->r->c.mem, q->from, col->name), good = { take_n(q->r, const char *, all.n + 1), 0 };
    for (size_t i = 0; i < all.n && good.n < VALUES_MOST; i++) {
        const Choice *c = col->choices;
        while (c && c->value && strcmp(c->value, all.v[i])) c++;
        if (*all.v[i] && (!c || c->value)) good.v[good.n++] = all.v[i];
    }
    return good;
}

static void add_any_of(Query *q, Text *sql, const ListColumn *col) {
    Texts values = values_of(q, col);
    if (!values.n) return;
    q->filters++;
    if (col->index && values.n == 1) q->index = col->index;
    const char *head = col->among ? col->among : text(q->r, "%s in (?)", col->sql), *mark = strchr(head, '?');
    text_addf(sql, " and %.*s", (int)(mark - head), head);
    for (size_t i = 0; i < values.n; i++) {
        text_add(sql, i ? ", ?" : "?");
        bind(q, bind_text(values.v[i]));
    }
    text_add(sql, mark + 1);
}

static void add_filters(Query *q, Text *sql) {
    for (const ListColumn *col = q->spec->columns; col->name; col++) {
        if (!(col->flags & FILTER)) continue;
        if (is_day(col)) {
            add_day(q, sql, col, "from", ">=");
            add_day(q, sql, col, "to", "<=");
            continue;
        }
        const char *value = asked(q, col->name);
        if (!value) continue;
        if (col->many) {
            add_any_of(q, sql, col);
            continue;
        }
        if (col->choices) {
            const Choice *c = col->choices;
            while (c->value && strcmp(c->value, value)) c++;
            if (!c->value) continue;
        }
        q->filters++;
        if (col->index) q->index = col->index;
        text_addf(sql, " and %s = ?", col->sql);
        bind(q, bind_text(value));
    }
}

/* "a." of "join account a on a.id = b.account_id": how columns of a join are named. */
static const char *prefix_of(Req *r, const char *join) {
    const char *on = strstr(join, " on "), *word = on;
    if (!on) fail(r, BROKEN, "a list's join has no on: %s", join);
    while (word > join && word[-1] != ' ') word--;
    return text(r, "%.*s.", (int)(on - word), word);
}

static bool is_named(const char *sql, const char *prefix) {
    for (const char *s = sql; (s = strstr(s, prefix)); s++)
        if (s == sql || strchr(" (,=<>+-*/", s[-1])) return true;
    return false;
}

/* Those joins that `named` needs, and those which these need; all for NULL. */
static void add_joins(Query *q, Text *sql, const char *named) {
    const char *const *joins = q->spec->joins;
    bool wanted[JOINS_MAX] = { false };
    int n = 0;
    while (joins && joins[n] && n < JOINS_MAX) n++;
    for (int i = n - 1; i >= 0; i--) {
        wanted[i] = !named || is_named(named, prefix_of(q->r, joins[i]));
        if (named && wanted[i]) named = text(q->r, "%s %s", named, strstr(joins[i], " on "));
    }
    for (int i = 0; i < n; i++)
        if (wanted[i]) text_addf(sql, " %s", joins[i]);
}

static bool is_found(const Query *q) { return q->q && q->spec->found; }

/* Whether rows are read in the order in which an index has them. */
static bool is_ordered(const Query *q) {
    return q->spec->index && !is_found(q) && !strcmp(q->sort->name, q->spec->order + (*q->spec->order == '-'));
}

/* --- a search: see Look ------------------------------------------------------------------------------------------- */

static bool is_wide(const Query *q) { return is_found(q) && q->found > q->found_most; }

static void bind_typed(Query *q) {
    bind(q, bind_id(q->r->c.utility));
    bind(q, bind_text(like(q->r, q->q, false)));
}

typedef struct Ids { int64_t *v; size_t n; } Ids;

static void keep_id(void *arg, const DbColumn *columns, int n) {
    Ids *ids = arg;
    (void)n;
    ids->v[ids->n++] = columns[0].n;
}

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void each_once(Ids *ids) {
    size_t n = 0;
    qsort(ids->v, ids->n, sizeof *ids->v, by_number);
    for (size_t i = 0; i < ids->n; i++)
        if (!n || ids->v[n - 1] != ids->v[i]) ids->v[n++] = ids->v[i];
    ids->n = n;
}

/* One fragment after the other, each to where its index has given too many, until there are. */
static void find_ids(Query *q) {
    Req *r = q->r;
    int64_t most = lib_app.found_most ? lib_app.found_most(&r->c) : 0;
    q->found_most = most = most > 0 && most < FOUND_MOST ? most : FOUND_MOST;
    Ids ids = { take_n(r, int64_t, 2 * (size_t)most + 2), 0 };
    for (const char *const *f = q->spec->found; *f && ids.n <= (size_t)most; f++) {
        q->binds = 0;
        bind_typed(q);
        db_columns(&r->c, text(r, "%s limit %lld", *f, (long long)most + 1), q->bind, q->binds, keep_id, &ids, true);
        each_once(&ids);
    }
    Text json = text_start(r);
    for (size_t i = 0; i < ids.n; i++) text_addf(&json, i ? ",%lld" : "[%lld", (long long)ids.v[i]);
    q->ids = ids.n ? text(r, "%s]", json.s) : "[]";
    q->found = (int64_t)ids.n, q->look = LOOK_IDS;
}

/* Whether a row of the window is one that .found gives: each of its selects, held to that row. A limit keeps the server
   from making them all at once. */
static void add_trial(Query *q, Text *where) {
    const char *between = " and (";
    for (const char *const *f = q->spec->found; *f; f++) {
        const char *column = *f + strlen("select "), *end = strchr(column, ' ');
        text_addf(where, "%s(%s and %.*s = found.id limit 1) is not null", between, *f, (int)(end - column), column);
        bind_typed(q);
        between = " or ";
    }
    text_add(where, ")");
}

static void add_keyset(Query *q, Text *sql);
static void add_order(const Query *q, Text *sql);

static void add_found(Query *q, Text *sql, const Bind *binds, int n) {
    const ListSpec *s = q->spec;
    text_add(sql, "(");
    if (q->look == LOOK_ALL) {
        for (const char *const *f = s->found; *f; f++) {
            text_addf(sql, "%s%s", f == s->found ? "" : " union ", *f);
            bind_typed(q);
        }
    } else if (q->look == LOOK_IDS) {
        text_add(sql, "select j.id from json_table(?, '$[*]' columns (id bigint path '$')) j");
        bind(q, bind_text(q->ids));
    } else {
        text_addf(sql, "select %s as id from %s force index (%s) where %s", s->id, s->from, s->index, s->where);
        for (int i = 0; i < n; i++) bind(q, binds[i]);
        add_keyset(q, sql);
        add_order(q, sql);
        text_addf(sql, " limit %d", WINDOW);
    }
    text_add(sql, ") found straight_join ");
}

/* ?area=CODE: what lies in that area and below it, on every list whose rows have one. */
static const char *area_asked(Query *q, Bind *to) {
    const char *code = q->spec->area && lib_app.area_below ? asked(q, "area") : NULL;
    for (const ListColumn *col = q->spec->columns; code && col->name; col++)
        if (!strcmp(col->name, "area")) return NULL;            /* a column of its own */
    return code ? lib_app.area_below(&q->r->c, code, to, &q->area_name) : NULL;
}

/* From and where; `named`: the columns that are read, NULL for all there are. */
static void add_where(Query *q, Text *sql, const Bind *binds, int n, const char *named) {
    text_add(sql, " from ");
    if (is_found(q)) add_found(q, sql, binds, n);
    Text where = text_start(q->r);
    text_add(&where, q->spec->where ? q->spec->where : "1");
    for (int i = 0; i < n; i++) bind(q, binds[i]);
    Bind area;
    const char *within = q->spec->area && lib_app.areas ? lib_app.areas(&q->r->c, &area) : NULL;
    if (within) {
        text_addf(&where, " and %s %s", q->spec->area, within);
        bind(q, area);
    }
    const char *below = area_asked(q, &area);
    if (below) {
        text_addf(&where, " and %s %s", q->spec->area, below);
        bind(q, area);
        q->filters++;
    }
    add_search(q, &where);
    if (is_found(q) && q->look == LOOK_WINDOW) add_trial(q, &where);
    add_filters(q, &where);
    text_add(sql, q->spec->from);
    if (is_ordered(q)) text_addf(sql, " force index (%s)", q->index ? q->index : q->spec->index);
    if (is_found(q)) text_addf(sql, " on %s = found.id", q->spec->id);
    add_joins(q, sql, named ? text(q->r, "%s %s", named, where.s) : NULL);
    text_addf(sql, " where %s", where.s);
}

/* The key of a row in the URL: its id, then ~ and the value it is sorted by ("~" alone after the id: NULL). */
static void add_keyset(Query *q, Text *sql) {
    const char *key = q->after ? q->after : q->before;
    if (!key) return;
    const char *cut = strchr(key, '~');
    if (!cut || cut == key || cut - key > 19 || strspn(key, "0123456789") != (size_t)(cut - key)) return;
    int64_t id = strtoll(key, NULL, 10);
    bool ascending = q->descending == q->backward;
    const char *op = ascending ? ">" : "<";
    if (cut[1] == 0) {                          /* NULL sorts first */
        if (ascending) text_addf(sql, " and (%s is not null or (%s is null and %s %s ?))", q->sort->sql, q->sort->sql,
                                 q->spec->id, op);
        else text_addf(sql, " and %s is null and %s %s ?", q->sort->sql, q->spec->id, op);
        bind(q, bind_int(id));
        return;
    }
    const char *value = cut + 2;
    text_addf(sql, " and (%s %s ? or (%s = ? and %s %s ?)%s%s%s)", q->sort->sql, op, q->sort->sql, q->spec->id, op,
              ascending ? "" : " or ", ascending ? "" : q->sort->sql, ascending ? "" : " is null");
    bind(q, bind_text(value));
    bind(q, bind_text(value));
    bind(q, bind_int(id));
}

static void add_columns(const Query *q, Text *sql) {
    text_add(sql, "select ");
    for (const ListColumn *col = q->spec->columns; col->name; col++)
        text_addf(sql, "%s as `%s`, ", col->sql, col->name);
    text_addf(sql, "%s as _id, cast(%s as char) as _sort", q->spec->id, q->sort->sql);
}

typedef struct Totals { Query *q; int64_t rows; } Totals;

static void keep_totals(void *arg, const DbColumn *columns, int n) {
    Totals *t = arg;
    t->rows = columns[0].n;
    for (int i = 1, k = 0; i < n; i++, k++) {
        while (!(t->q->spec->columns[k].flags & SUM)) k++;
        t->q->sum[k] = columns[i].n;
    }
}

/* --- counts of long lists, kept for a while ----------------------------------------------------------------------- */

static const char *key_of_count(const Query *q, const char *sql) {
    Text t = text_start(q->r);
    text_addf(&t, "%s %s", q->r->c.schema ? q->r->c.schema : "", sql);
    for (int i = 0; i < q->binds; i++) {
        text_addf(&t, "\n%d %lld ", (int)q->bind[i].kind, (long long)q->bind[i].n);
        if (q->bind[i].p) text_add_n(&t, q->bind[i].p, q->bind[i].size);
    }
    return t.s;
}

static int64_t count_by(Query *q, const char *sql) {
    Totals t = { .q = q };
    db_columns(&q->r->c, sql, q->bind, q->binds, keep_totals, &t, true);
    return t.rows;
}

/* One row behind those that are counted each time; a derived table of them would be written first. */
static bool is_longer(Query *q, const char *sql) {
    Totals t = { .q = q };
    return db_columns(&q->r->c, sql, q->bind, q->binds, keep_totals, &t, true) > 0;
}

static bool is_filtered_by(const Query *q, const ListColumn *col) {
    return asked(q, col->name) || (is_day(col) && (asked(q, text(q->r, "%s_from", col->name))
                                                   || asked(q, text(q->r, "%s_to", col->name))));
}

/* Whether what stands prepared knows everything that is asked for. */
static bool has_sums(const Query *q) {
    if (!q->spec->sums_from || q->q || asked(q, "area")) return false;
    for (const ListColumn *col = q->spec->columns; col->name; col++)
        if (col->flags & FILTER && is_filtered_by(q, col)
            && !strstr(text(q->r, " %s ", q->spec->sums_by), text(q->r, " %s ", col->name))) return false;
    return true;
}

static void sum_prepared(Query *q, const Bind *binds, int n, const char *sums) {
    const ListSpec *spec = q->spec;
    ListSpec prepared = *spec;
    prepared.from = spec->sums_from, prepared.index = NULL;
    Text sql = text_start(q->r);
    text_addf(&sql, "select 0 as n%s", sums);
    q->spec = &prepared;
    q->binds = q->filters = 0, q->index = NULL;
    add_where(q, &sql, binds, n, sums);
    count_by(q, sql.s);
    q->spec = spec;
}

/* Of a search that is wide: one more than is looked through, and no sums.
   Sums are of all rows, and of now. Without them counting ends early, and what is longer is counted once in a while,
   for pages; what decides (an export, what is done to all rows) is counted now. */
static int64_t count_rows(Query *q, const Bind *binds, int n, bool now) {
    Text sums = text_start(q->r), rows = text_start(q->r);
    text_add(&sums, "");
    for (const ListColumn *col = q->spec->columns; col->name; col++)
        if (col->flags & SUM) text_addf(&sums, ", coalesce(sum(%s), 0) as `%s`", col->sql, col->name);
    if (*sums.s && !now && has_sums(q)) {
        sum_prepared(q, binds, n, sums.s);
        sums = text_start(q->r);
        text_add(&sums, "");
    }
    q->binds = q->filters = 0, q->index = NULL;
    add_where(q, &rows, binds, n, sums.s);
    const char *all = text(q->r, "select count(*) as n%s%s", sums.s, rows.s);
    if (is_found(q) && !now && (is_wide(q) || !q->found)) return q->found;
    if (*sums.s || now || is_found(q)) return count_by(q, all);
    const char *key = key_of_count(q, all);
    int64_t kept;
    if (!kept_find(key, &kept, sizeof kept)) kept = -1;
    if (kept > COUNT_FAR) return kept;          /* so long a list does not become a short one in a minute */
    if (!is_longer(q, text(q->r, "select 1 as n%s limit 1 offset %d", rows.s, COUNT_EXACT))) return count_by(q, all);
    if (kept < 0) {
        kept = count_by(q, all);
        kept_put(key, &kept, sizeof kept);
    }
    return kept;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

typedef struct Cell { const char *shown, *raw; const char *name; Kind kind; bool null; int64_t n; } Cell;
typedef struct Row  { Cell cell[COLUMNS_LISTED]; int n; const char *key; } Row;
typedef struct Rows { Query *q; Row *v; size_t n; } Rows;

/* What add_keyset() reads. */
static void add_key(Text *to, const DbColumn *columns, int n) {
    const DbColumn *sort = &columns[n - 1];
    text_addf(to, sort->is_null ? "%lld~" : "%lld~~", (long long)columns[n - 2].n);
    if (!sort->is_null) text_add(to, sort->text);
}

static const Cell *cell_of(const Row *row, const char *name, size_t n);

/* "1,200.00 USD" in place of the organization's way. */
static void money_in_own_currency(const Query *q, Row *row) {
    int i = 0;
    for (const ListColumn *col = q->spec->columns; col->name && i < row->n; col++, i++) {
        if (!col->currency || row->cell[i].null) continue;
        const Cell *of = cell_of(row, col->currency, strlen(col->currency));
        if (!of || of->null) continue;
        row->cell[i].shown = locale_money_in(&q->r->c.mem, q->r->c.locale, (Money){ row->cell[i].n }, of->raw, true);
    }
}

static void keep_row(void *arg, const DbColumn *columns, int n) {
    Rows *rows = arg;
    Req *r = rows->q->r;
    Row *row = &rows->v[rows->n++];
    row->n = n - 2 < COLUMNS_LISTED ? n - 2 : COLUMNS_LISTED;
    for (int i = 0; i < row->n; i++) {
        const DbColumn *c = &columns[i];
        row->cell[i] = (Cell){ column_text(r, c), c->text ? c->text : text(r, "%lld", (long long)c->n), c->name,
                               c->kind, c->is_null, c->n };
    }
    money_in_own_currency(rows->q, row);
    Text key = text_start(r);
    add_key(&key, columns, n);
    row->key = key.s;
}

static const Cell *cell_of(const Row *row, const char *name, size_t n) {
    for (int i = 0; i < row->n; i++)
        if (strlen(row->cell[i].name) == n && !strncmp(row->cell[i].name, name, n)) return &row->cell[i];
    return NULL;
}

/* "/bx/bills/{bill_no}" with the row's values. */
static char *row_link(Req *r, const char *pattern, const Row *row) {
    Text t = text_start(r);
    for (const char *s = pattern; *s;) {
        const char *end = *s == '{' ? strchr(s, '}') : NULL;
        if (end) {
            const Cell *c = cell_of(row, s + 1, (size_t)(end - s - 1));
            if (!c || c->null) return NULL;
            text_add(&t, url_part(r, c->raw));
            s = end + 1;
        } else {
            text_add_n(&t, s++, 1);
        }
    }
    return link_path(r, "%s", t.s);
}

/* Whether this person may open what a column leads to; of a whole address in a column nothing is known. */
static bool link_leads(Req *r, const char *pattern) {
    Text t = text_start(r);
    if (*pattern == '{') return true;
    for (const char *s = pattern; *s; s++) {
        const char *end = *s == '{' ? strchr(s, '}') : NULL;
        text_add_n(&t, end ? "-" : s, 1);
        if (end) s = end;
    }
    return web_may_open(r, t.s);
}

/* The list's URL with what is asked for now, but for `name` (and paging), which becomes value (NULL: left out). */
static char *url_with(const Query *q, const char *name, const char *value, const char *name2, const char *value2) {
    Req *r = q->r;
    Text t = text_start(r);
    text_add(&t, link_path(r, "%s", q->spec->path));
    const char *between = "?";
    for (size_t i = 0; i < q->from->n; i++) {
        const Param *p = &q->from->v[i];
        if (!*p->value || !strcmp(p->name, name) || !strcmp(p->name, "after") || !strcmp(p->name, "before")
            || !strcmp(p->name, "n") || !strcmp(p->name, "export")
            || !strcmp(p->name, "csrf") || !strcmp(p->name, "form_key")) continue;
        if (!column_of(q->spec, p->name) && strcmp(p->name, "q") && strcmp(p->name, "sort") && strcmp(p->name, "size")
            && strcmp(p->name, "area") && !strstr(p->name, "_from") && !strstr(p->name, "_to")) continue;
        text_addf(&t, "%s%s=%s", between, url_part(r, p->name), url_part(r, p->value));
        between = "&";
    }
    if (value) text_addf(&t, "%s%s=%s", between, name, url_part(r, value)), between = "&";
    if (value2) text_addf(&t, "%s%s=%s", between, name2, url_part(r, value2));
    return t.s;
}

/* account_no, bill_no: written in one line. */
static bool is_number(const ListColumn *col) {
    size_t n = strlen(col->name);
    return n > 3 && !strcmp(col->name + n - 3, "_no");
}

static const char *look_of(const ListColumn *col, Kind kind, bool state) {
    if (col->kind) return col->kind;
    if (state) return "status";
    switch (kind) {
    case KIND_MONEY: case KIND_PRICE: return "money";
    case KIND_DATE: case KIND_TIME: return "date";
    case KIND_TEXT: case KIND_BYTES: return is_number(col) ? "code" : "text";
    case KIND_BOOL: return "text";
    default: return "num";
    }
}

static bool is_status(const ListColumn *col) {
    size_t n = strlen(col->name);
    return (col->kind && !strcmp(col->kind, "status")) || (n >= 5 && !strcmp(col->name + n - 5, "state"))
        || (n >= 6 && !strcmp(col->name + n - 6, "status"));
}

static bool is_yes_no(const ListColumn *col) { return col->kind && !strcmp(col->kind, "yesno"); }

/* list.<name>.<word> of the messages, else the word in the declaration; with neither NULL. */
static const char *said(Req *r, const ListSpec *s, const char *word, const char *otherwise) {
    const char *key = text(r, "list.%s.%s", s->name ? s->name : "", word);
    return msg_exists(key) ? msg(r->c.language, key) : otherwise;
}

/* The same; with neither the key stands on the page. */
static const char *worded(Req *r, const ListSpec *s, const char *word, const char *otherwise) {
    const char *there = said(r, s, word, otherwise);
    return there ? there : msg(r->c.language, text(r, "list.%s.%s", s->name ? s->name : "", word));
}

/* list.<name>.<column>, what the table says, or field.<column>: what is called the same everywhere. */
static const char *label_of(const Query *q, const ListColumn *col) {
    const char *there = said(q->r, q->spec, col->name, col->label), *common = text(q->r, "field.%s", col->name);
    return there ? there : msg_exists(common) ? msg(q->r->c.language, common) : worded(q->r, q->spec, col->name, NULL);
}

static void show_columns(const Query *q, const Rows *rows) {
    Req *r = q->r;
    size_t i = 0, listed = 0;
    for (const ListColumn *col = q->spec->columns; col->name; col++, i++) {
        if (!(col->flags & LIST)) continue;
        Kind kind = rows->n ? rows->v[0].cell[i].kind : KIND_TEXT;
        for (size_t k = 1; k < rows->n && rows->v[k - 1].cell[i].null; k++) kind = rows->v[k].cell[i].kind;
        char *at_ = at(r, "list.cols", listed, NULL);
        show_text(r, text(r, "%s.name", at_), col->name);
        show_text(r, text(r, "%s.label", at_), label_of(q, col));
        show_text(r, text(r, "%s.kind", at_), is_yes_no(col) ? "text" : look_of(col, kind, is_status(col)));
        show_text(r, text(r, "%s.place", at_), col->place ? col->place : listed == 0 ? "id" : is_status(col)
                  ? "status" : NULL);
        if (col->flags & SORT) {
            bool sorted = col == q->sort;
            show_text(r, text(r, "%s.aria", at_), !sorted ? "none" : q->descending ? "descending" : "ascending");
            show_text(r, text(r, "%s.sort_url", at_),
                      url_with(q, "sort", sorted && !q->descending ? text(r, "-%s", col->name) : col->name, NULL,
                               NULL));
        }
        listed++;
    }
}

static void show_rows_of(const Query *q, const Rows *rows) {
    Req *r = q->r;
    bool leads[COLUMNS_LISTED] = { false };
    for (size_t i = 0; rows->n && q->spec->columns[i].name; i++)
        leads[i] = q->spec->columns[i].link && link_leads(r, q->spec->columns[i].link);
    for (size_t k = 0; k < rows->n; k++) {
        const Row *row = &rows->v[k];
        HDF *to = NULL;
        NEOERR *e = hdf_get_node(r->data, at(r, "list.rows", k, NULL), &to);
        if (e != STATUS_OK) abort();
        if (q->spec->key) {
            const Cell *key = cell_of(row, q->spec->key, strlen(q->spec->key));
            if (key) hdf_set_value(to, "key", key->raw);
        }
        size_t i = 0, listed = 0;
        for (const ListColumn *col = q->spec->columns; col->name; col++, i++) {
            if (!(col->flags & LIST)) continue;
            const Cell *c = &row->cell[i];
            char *cell = text(r, "cells.%zu", listed);
            const char *shown = c->null ? "" : c->shown;
            for (const Choice *ch = col->choices; ch && ch->value && !c->null; ch++)
                if (!strcmp(ch->value, c->raw)) shown = ch->label ? msg_said(r->c.language, ch->label)
                    : state_label(r, ch->value);
            if (is_yes_no(col)) shown = msg(r->c.language, c->n ? "ui.yes" : "ui.no");
            if (is_status(col) && !c->null) {
                hdf_set_value(to, cell, state_label(r, c->raw));
                hdf_set_value(to, text(r, "%s.tone", cell), state_tone(r, c->raw));
            } else {
                hdf_set_value(to, cell, shown);
            }
            if (col->sub) {
                const Cell *sub = cell_of(row, col->sub, strlen(col->sub));
                if (sub && !sub->null) hdf_set_value(to, text(r, "%s.sub", cell), sub->shown);
            }
            if (leads[i] && (!listed || !c->null)) {            /* nothing to press in an empty cell */
                const char *url = row_link(r, col->link, row);
                if (url) hdf_set_value(to, listed ? text(r, "%s.url", cell) : "url", url);
            }
            listed++;
        }
    }
}

/* The sum row: "Total" in the first column, then what is summed. */
static void show_foot(const Query *q) {
    Req *r = q->r;
    bool any = false;
    for (const ListColumn *col = q->spec->columns; col->name; col++) any |= (col->flags & SUM) != 0;
    size_t listed = 0;
    for (const ListColumn *col = q->spec->columns; any && col->name; col++) {
        if (!(col->flags & LIST)) continue;
        const char *sum = col->flags & SUM ? locale_money_plain(&r->c.mem, r->c.locale,
            (Money){ q->sum[col - q->spec->columns] }) : "";
        show_text(r, at(r, "list.foot", listed, NULL), listed ? sum : msg(r->c.language, "ui.total"));
        listed++;
    }
}

typedef struct Options { Req *r; char *at; size_t n; const char *chosen; const char **chip; const Texts *many;
                         } Options;

static void add_option(void *arg, const DbColumn *c, int n) {
    Options *o = arg;
    const char *value = c[0].text ? c[0].text : text(o->r, "%lld", (long long)c[0].n), *label = n > 1 && c[1].text
        ? c[1].text : value;
    char *at_ = text(o->r, "%s.options.%zu", o->at, o->n++);
    show_text(o->r, text(o->r, "%s.value", at_), value);
    show_text(o->r, text(o->r, "%s.text", at_), label);
    for (size_t i = 0; o->many && i < o->many->n; i++)
        if (!strcmp(o->many->v[i], value)) {
            show_text(o->r, text(o->r, "%s.selected", at_), "1");
            *o->chip = *o->chip ? text(o->r, "%s, %s", *o->chip, label) : label;
        }
    if (!o->many && o->chosen && !strcmp(o->chosen, value)) {
        show_text(o->r, text(o->r, "%s.selected", at_), "1");
        *o->chip = label;
    }
}

static void add_chip(const Query *q, size_t *chips, const char *label, const char *value, const char *name) {
    Req *r = q->r;
    char *at_ = at(r, "list.chips", (*chips)++, NULL);
    show_text(r, text(r, "%s.text", at_), text(r, "%s: %s", label, value));
    show_text(r, text(r, "%s.url", at_), url_with(q, name, NULL, NULL, NULL));
}

static void show_filter(const Query *q, const ListColumn *col, size_t *filters, size_t *chips) {
    Req *r = q->r;
    if (is_day(col)) {
        static const char *const ends[] = { "from", "to" };
        for (int i = 0; i < 2; i++) {
            char *at_ = at(r, "list.filters", (*filters)++, NULL), *name = text(r, "%s_%s", col->name, ends[i]);
            show_text(r, text(r, "%s.name", at_), name);
            show_text(r, text(r, "%s.label", at_),
                      text(r, "%s, %s", label_of(q, col), msg(r->c.language, i ? "ui.to" : "ui.from_day")));
            show_text(r, text(r, "%s.kind", at_), "date");
            show_text(r, text(r, "%s.value", at_), asked(q, name));
            show_text(r, text(r, "%s.more", at_), "1");
            if (asked(q, name))
                add_chip(q, chips, text(r, "%s, %s", label_of(q, col), msg(r->c.language, i ? "ui.to" : "ui.from_day")),
                         asked(q, name), name);
        }
        return;
    }
    char *at_ = at(r, "list.filters", (*filters)++, NULL);
    const char *chosen = asked(q, col->name), *chip = NULL;
    show_text(r, text(r, "%s.name", at_), col->name);
    show_text(r, text(r, "%s.label", at_), label_of(q, col));
    show_text(r, text(r, "%s.kind", at_), col->many ? "checks" : col->choices || col->options ? "select" : "text");
    show_text(r, text(r, "%s.value", at_), chosen);
    if (col->more) show_text(r, text(r, "%s.more", at_), "1");
    Texts values = values_of(q, col);
    Options o = { r, at_, 0, chosen, &chip, col->many ? &values : NULL };
    if (col->many && r->is_part) show_text(r, text(r, "%s.open", at_), "1");
    if (col->many && values.n) show_int(r, text(r, "%s.count", at_), (int64_t)values.n);
    for (const Choice *c = col->choices; c && c->value; c++) {
        DbColumn pair[2] = { { .text = c->value },
                             { .text = c->label ? msg_said(r->c.language, c->label) : state_label(r, c->value) } };
        add_option(&o, pair, 2);
    }
    if (col->options) {
        const char *first = strchr(col->options, '?'), *second = first ? strchr(first + 1, '?') : NULL;
        Bind given[] = { bind_id(r->c.utility), bind_date(time_date(r->c.locale->zone, r->c.now)) };
        db_columns(&r->c, col->options, given, (first != NULL) + (second != NULL), add_option, &o, true);
    }
    if (chosen && (!col->many || chip)) add_chip(q, chips, label_of(q, col), chip ? chip : chosen, col->name);
}

/* The list without filters; the bare path may begin with a saved one. */
static char *all_url(const Query *q) { return text(q->r, "%s?view=all", link_path(q->r, "%s", q->spec->path)); }

static const char *counted_text(const Query *q, int64_t total) {
    Req *r = q->r;
    const char *n = locale_count(&r->c.mem, r->c.locale, is_wide(q) ? q->found_most : total);
    return is_wide(q) ? msg_format(r, r->c.language, "ui.more_than", { "n", n }) : n;
}

static void show_frame(const Query *q, int64_t total, const Rows *rows, bool more) {
    Req *r = q->r;
    const ListSpec *s = q->spec;
    show_text(r, "list.one", worded(r, s, "one", s->one));
    const char *many = worded(r, s, "other", s->many);
    show_text(r, "list.many", many);
    show_text(r, "list.title", said(r, s, "title", s->title));
    show_text(r, "list.path", link_path(r, "%s", s->path));
    show_text(r, "list.q", q->q);
    bool searched = false;
    for (const ListColumn *col = s->columns; col->name; col++) searched |= (col->flags & (SEARCH | SEARCH_START)) != 0;
    if (searched)
        show_text(r, "list.q_label",
                  worded(r, s, "search", s->search_label ? s->search_label : msg(r->c.language, "ui.search")));
    size_t filters = 0, chips = 0;
    for (const ListColumn *col = s->columns; col->name; col++)
        if (col->flags & FILTER) show_filter(q, col, &filters, &chips);
    if (q->area_name) add_chip(q, &chips, msg(r->c.language, "ui.area"), q->area_name, "area");
    if (q->q) add_chip(q, &chips, msg(r->c.language, "ui.search"), q->q, "q");
    if (chips) show_text(r, "list.clear_url", all_url(q));
    for (const ListColumn *col = s->columns; col->name; col++) {
        if (!(col->flags & FILTER) || !(col->more || is_day(col))) continue;
        show_text(r, "list.has_more", "1");
        if (asked(q, col->name) || asked(q, text(r, "%s_from", col->name)) || asked(q, text(r, "%s_to", col->name)))
            show_text(r, "list.more_open", "1");
    }
    size_t keep = 0;
    static const char *const kept[] = { "sort", "size", "area", NULL };
    for (int i = 0; kept[i]; i++)
        if (asked(q, kept[i])) {
            show_text(r, at(r, "list.keep", keep, "name"), kept[i]);
            show_text(r, at(r, "list.keep", keep++, "value"), asked(q, kept[i]));
        }
    const char *counted = counted_text(q, total);
    show_text(r, "list.total", counted);
    int64_t first = rows->n ? q->first : 0, last = q->first + (int64_t)rows->n - 1;
    if (rows->n)
        show_text(r, "list.range",
                  msg_format(r, r->c.language, "ui.range", { "from", locale_count(&r->c.mem, r->c.locale, first) },
        { "to", locale_count(&r->c.mem, r->c.locale, last) },
        { "total", counted }));
    if (is_wide(q))
        show_text(r, "page.notices.search.text",
                  msg_format(r, r->c.language, "ui.search_wide", { "q", q->q }, { "many", many },
                             { "n", locale_count(&r->c.mem, r->c.locale, q->found_most) }));
    bool before = q->first > 1, after = q->backward ? true : more;
    if (q->backward && !is_wide(q) && q->first + (int64_t)rows->n > total) after = false;
    if (before && rows->n)
        show_text(r, "list.prev",
                  url_with(q, "before", rows->v[0].key, "n",
                           text(r, "%lld", (long long)(q->first > q->size ? q->first - q->size : 1))));
    if (after && rows->n)
        show_text(r, "list.next", url_with(q, "after", rows->v[rows->n - 1].key, "n",
                                           text(r, "%lld", (long long)(q->first + (int64_t)rows->n))));
    static const char *const sizes[] = { "25", "50", "100" };
    for (size_t i = 0; i < 3; i++) {
        show_text(r, at(r, "list.sizes", i, "text"), sizes[i]);
        show_text(r, at(r, "list.sizes", i, "url"), url_with(q, "size", sizes[i], NULL, NULL));
        if (atoi(sizes[i]) == q->size) show_text(r, at(r, "list.sizes", i, "current"), "1");
    }
    if (s->feature && lib_app.may(&r->c, s->feature, EXPORT))
        show_text(r, "list.export_url", url_with(q, "export", "csv", NULL, NULL));
    if (s->import_path) show_text(r, "list.import_url", link_open(r, "%s", s->import_path));
    bool filtered = q->filters || q->q;
    if (!rows->n) {
        const char *none = said(r, s, "empty_title", s->empty_title);
        show_text(r, "list.empty.title", filtered ? msg_format(r, r->c.language, "ui.none_match", { "many", many })
                  : none ? none : msg_format(r, r->c.language, "ui.none_yet", { "many", many }));
        show_text(r, "list.empty.text", filtered ? msg(r->c.language, "ui.none_match_text")
                  : said(r, s, "empty_text", s->empty_text));
        show_text(r, "list.empty.icon", s->empty_icon);
        if (filtered) {
            show_text(r, "list.empty.action.text", msg(r->c.language, "ui.clear_filters"));
            show_text(r, "list.empty.action.url", all_url(q));
        }
    }
    size_t bulk = 0;
    for (const ListBulk *b = s->bulk; b && b->value; b++) {
        if (b->key && !lib_app.may(&r->c, b->key, b->action)) continue;
        show_text(r, at(r, "list.bulk", bulk, "name"), "bulk");
        show_text(r, at(r, "list.bulk", bulk, "value"), b->value);
        show_text(r, at(r, "list.bulk", bulk++, "text"), worded(r, s, text(r, "bulk.%s", b->value), b->text));
    }
    if (bulk) {
        show_text(r, "list.select", "1");
        show_text(r, "list.bulk_url", link_path(r, "%s", s->bulk_path));
        const char *query = strchr(url_with(q, "", NULL, NULL, NULL), '?');
        show_text(r, "list.filter_query", query ? query + 1 : "");
        if (total > (int64_t)rows->n && !is_wide(q))
            show_text(r, "list.all_text",
                      msg_format(r, r->c.language, "ui.choose_all",
                                 { "n", locale_count(&r->c.mem, r->c.locale, total) }));
    }
    size_t actions = 0;
    for (const ListAction *a = s->actions; a && a->path; a++) {
        if (a->key && !lib_app.may(&r->c, a->key, a->action)) continue;
        const char *place = strrchr(a->path, '/');
        show_text(r, at(r, "page.actions", actions, "text"),
                  worded(r, s, text(r, "action.%s", place ? place + 1 : a->path), a->text));
        show_text(r, at(r, "page.actions", actions, "url"), link_path(r, "%s", a->path));
        show_text(r, at(r, "page.actions", actions, "icon"), a->icon);
        if (a->primary) show_text(r, at(r, "page.actions", actions, "kind"), "primary");
        if (a->primary) show_text(r, at(r, "page.actions", actions, "key"), "c");
        actions++;
    }
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

/* last: key of the row written last */
typedef struct Export { Req *r; const ListSpec *spec; CsvText *csv; Text last; } Export;

/* ISO dates, plain decimals: a file is for programs. */
static void export_cell(Export *x, const DbColumn *c, int exponent) {
    Req *r = x->r;
    if (c->is_null) {
        csv_text(x->csv, "");
        return;
    }
    Arena *a = &r->c.mem;
    switch (c->kind) {
    case KIND_MONEY:    csv_number(x->csv, money_decimal(a, (Money){ c->n }, exponent)); break;
    case KIND_QUANTITY: csv_number(x->csv, quantity_decimal(a, (Quantity){ c->n })); break;
    case KIND_PRICE:    csv_number(x->csv, price_decimal(a, (Price){ c->n })); break;
    case KIND_READING:  csv_number(x->csv, reading_decimal(a, (Reading){ c->n })); break;
    case KIND_DATE:     csv_text(x->csv, date_iso(a, (Date){ (int32_t)c->n })); break;
    case KIND_TIME:     csv_text(x->csv, time_iso(a, (Time){ c->n })); break;
    case KIND_TEXT: case KIND_BYTES: csv_text(x->csv, c->text); break;
    default:            csv_number(x->csv, text(a, "%lld", (long long)c->n)); break;
    }
}

/* Of the row's own currency where the column has one. */
static int exponent_of(const Export *x, const ListColumn *col, const DbColumn *columns, int n) {
    for (int i = 0; col->currency && i < n; i++)
        if (!strcmp(columns[i].name, col->currency) && columns[i].text) return currency_exponent(columns[i].text);
    return x->r->c.locale->exponent;
}

static void export_row(void *arg, const DbColumn *columns, int n) {
    Export *x = arg;
    int i = 0;
    for (const ListColumn *col = x->spec->columns; col->name && i < n - 2; col++, i++)
        if (col->flags & LIST) export_cell(x, &columns[i], exponent_of(x, col, columns, n - 2));
    csv_end(x->csv);
    x->last.n = 0;
    add_key(&x->last, columns, n);
}

static void may_export(const Query *q) {
    Req *r = q->r;
    if (!q->spec->feature || !lib_app.may(&r->c, q->spec->feature, EXPORT))
        fail(r, DENIED, "You do not have permission to export %s.", worded(r, q->spec, "other", q->spec->many));
}

/* The rows in the list's order from q->after on, at most so many; how many. */
static int64_t export_rows(Query *q, Export *x, int64_t most, const Bind *binds, int n) {
    const char *way = q->descending ? "desc" : "asc";
    Text sql = text_start(q->r);
    q->binds = q->filters = 0, q->index = NULL;
    add_columns(q, &sql);
    add_where(q, &sql, binds, n, NULL);
    add_keyset(q, &sql);
    text_addf(&sql, " order by %s %s, %s %s limit %lld", q->sort->sql, way, q->spec->id, way, (long long)most);
    if (!q->after) {
        for (const ListColumn *col = q->spec->columns; col->name; col++)
            if (col->flags & LIST) csv_text(x->csv, label_of(q, col));
        csv_end(x->csv);
    }
    return db_columns(&q->r->c, sql.s, q->bind, q->binds, export_row, x, false);
}

/* A piece of a file that a job makes. */
static void export_piece(Query *q, ListExport *piece, const Bind *binds, int n) {
    Req *r = q->r;
    may_export(q);
    q->after = piece->after, q->before = NULL, q->backward = false;
    piece->name = q->spec->name, piece->one = worded(q->r, q->spec, "one", q->spec->one);
    piece->many = worded(q->r, q->spec, "other", q->spec->many);
    piece->feature = q->spec->feature;
    if (!piece->after) piece->total = count_rows(q, binds, n, true);
    answer_text(r, 200, "%s", "");
    if (!piece->to) return;
    Export x = { r, q->spec, csv_start(&r->c.mem), text_start(r) };
    if (piece->after) x.csv->text.n = 0;            /* the mark at the beginning stands there already */
    piece->rows = export_rows(q, &x, piece->most, binds, n);
    piece->last = x.last.s;
    if (!csv_flush(x.csv, piece->to)) fail(r, DOWN, "the file cannot be written");
}

static void export_now(Query *q, int64_t total, const Bind *binds, int n) {
    Req *r = q->r;
    may_export(q);
    if (total > EXPORT_MOST)
        fail(r, INVALID, "Narrow the filter (%s rows).", locale_count(&r->c.mem, r->c.locale, total));
    if (q->spec->is_personal && lib_app.prove && lib_app.prove(r, url_with(q, "export", NULL, NULL, NULL))) return;
    if (total > EXPORT_NOW && lib_app.export_later) {
        lib_app.export_later(r, q->spec, url_with(q, "export", NULL, NULL, NULL), total);
        return;
    }
    q->after = q->before = NULL, q->backward = false;
    Export x = { r, q->spec, csv_start(&r->c.mem), text_start(r) };
    export_rows(q, &x, EXPORT_MOST, binds, n);
    if (lib_app.exported) lib_app.exported(r, q->spec, url_with(q, "export", NULL, NULL, NULL), total);
    answer(r, 200, "text/csv; charset=utf-8", x.csv->text.s, x.csv->text.n);
    header_set(r, "Content-Disposition", text(r, "attachment; filename=\"%s.csv\"", q->spec->name));
}

static void add_order(const Query *q, Text *sql) {
    const char *way = q->descending == q->backward ? "asc" : "desc";
    text_addf(sql, " order by %s %s, %s %s", q->sort->sql, way, q->spec->id, way);
}

/* The rows of a page and one more. Where joins stand apart the rows are chosen first, by what sorts and filters them,
   and all other columns are read of a page only: the server sorts a whole list when one joined table is small. */
static void add_page(Query *q, Text *sql, const Bind *binds, int n) {
    bool is_chosen = q->spec->joins || is_found(q);
    q->binds = q->filters = 0, q->index = NULL;
    add_columns(q, sql);
    if (is_chosen) text_addf(sql, " from (select %s as id", q->spec->id);
    add_where(q, sql, binds, n, is_chosen ? q->sort->sql : NULL);
    add_keyset(q, sql);
    add_order(q, sql);
    text_addf(sql, " limit %lld", (long long)q->size + 1);
    if (!is_chosen) return;
    text_addf(sql, ") chosen straight_join %s on %s = chosen.id", q->spec->from, q->spec->id);
    int given = 0;
    for (const char *s = strchr(q->spec->from, '?'); s && given < n; s = strchr(s + 1, '?'))
        bind(q, binds[given++]);                            /* what .from is given stands here once more */
    add_joins(q, sql, NULL);
    add_order(q, sql);
}

/* Saved filters above the list; true: the request is led to the one it begins with. */
static bool show_views(const Query *q) {
    const char *query = strchr(url_with(q, "", NULL, NULL, NULL), '?');
    if (!lib_app.views || asked(q, "export")) return false;
    return lib_app.views(q->r, &(ListView){ .list = q->spec->name, .path = q->spec->path, .query = query
                                            ? query + 1 : "" });
}

static Rows read_rows(Query *q, const Bind *binds, int n) {
    Text sql = text_start(q->r);
    add_page(q, &sql, binds, n);
    Rows rows = { .q = q, .v = take_n(q->r, Row, (size_t)q->size + 1) };
    db_columns(&q->r->c, sql.s, q->bind, q->binds, keep_row, &rows, true);
    return rows;
}

/* At most one row more than a page has. */
static Rows read_page(Query *q, int64_t total, const Bind *binds, int n) {
    const ListSpec *s = q->spec;
    if (is_found(q) && !total) return (Rows){ .q = q };
    if (is_wide(q) && s->index && !strcmp(q->sort->name, s->order + (*s->order == '-'))) {
        q->look = LOOK_WINDOW;
        Rows rows = read_rows(q, binds, n);
        q->look = LOOK_IDS;
        Rows some = rows.n > (size_t)q->size ? rows : read_rows(q, binds, n);
        return some.n > rows.n ? some : rows;
    }
    return read_rows(q, binds, n);
}

int64_t list_show_(Req *r, const ListSpec *spec, const Bind *binds, int n) {
    Query q = ask(r, spec, &r->query);
    if (r->exporting) {
        export_piece(&q, r->exporting, binds, n);
        return 0;
    }
    if (show_views(&q)) return 0;
    bool is_file = asked(&q, "export") != NULL;
    if (is_found(&q) && !is_file) find_ids(&q);
    int64_t total = count_rows(&q, binds, n, is_file);
    if (is_file) {
        export_now(&q, total, binds, n);
        return 0;
    }
    Rows rows = read_page(&q, total, binds, n);
    bool more = rows.n > (size_t)q.size;
    if (more) rows.n = (size_t)q.size;
    if (q.backward)
        for (size_t i = 0, k = rows.n; i + 1 < k; i++) {
            Row swap = rows.v[i];
            rows.v[i] = rows.v[--k];
            rows.v[k] = swap;
        }
    if (q.first > total) q.first = 1;
    show_columns(&q, &rows);
    show_rows_of(&q, &rows);
    show_foot(&q);
    show_frame(&q, total, &rows, more);
    return (int64_t)rows.n;
}

/* --- ticked rows -------------------------------------------------------------------------------------------------- */

typedef struct Chosen { void (*each)(void *, const char *); void *arg; int64_t n; } Chosen;

static void choose(void *arg, const DbColumn *c, int n) {
    Chosen *chosen = arg;
    (void)n;
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)c[0].n);
    chosen->each(chosen->arg, c[0].text ? c[0].text : number);
    chosen->n++;
}

int64_t list_chosen_(Req *r, const ListSpec *spec, void (*each)(void *, const char *), void *arg, int64_t most,
                     const Bind *binds, int n) {
    Chosen chosen = { each, arg, 0 };
    const char *all = field_text(r, "all");
    if (!all || strcmp(all, "1")) {
        Texts ids = param_all(&r->c.mem, &r->fields, "ids");
        for (size_t i = 0; i < ids.n; i++) each(arg, ids.v[i]);
        return (int64_t)ids.n;
    }
    Params filter = params_start(r);
    const char *query = field_text(r, "filter_query");
    if (query && urlencoded_parse(&filter, query, strlen(query)).status) fail(r, INVALID, "The filter cannot be read.");
    Query q = ask(r, spec, &filter);
    if (is_found(&q)) {
        find_ids(&q);
        if (is_wide(&q))
            fail(r, INVALID, "Narrow the search (more than %s rows).",
                 locale_count(&r->c.mem, r->c.locale, q.found_most));
    }
    int64_t total = count_rows(&q, binds, n, true);
    if (total > most) fail(r, INVALID, "Narrow the filter (%s rows).", locale_count(&r->c.mem, r->c.locale, total));
    Text sql = text_start(r);
    q.binds = q.filters = 0, q.index = NULL;
    text_addf(&sql, "select %s as chosen", column_of(spec, spec->key)->sql);
    add_where(&q, &sql, binds, n, NULL);
    text_addf(&sql, " order by %s limit %lld", spec->id, (long long)most);
    db_columns(&r->c, sql.s, q.bind, q.binds, choose, &chosen, false);
    return chosen.n;
}

typedef struct One { Req *r; const char *key; } One;

static void keep_one(void *arg, const char *key) {
    One *one = arg;
    one->key = text_copy(one->r, key);
}

const char *list_chosen_one_(Req *r, const ListSpec *spec, const Bind *binds, int n) {
    One one = { r, NULL };
    return list_chosen_(r, spec, keep_one, &one, 1000, binds, n) == 1 ? one.key : NULL;
}
