/*
 * Rows of tables known by name: see record.h.
 */
#include "lib/record.h"

#include <string.h>

#define FOUND(F, T) F(T, const char *, name) F(T, bool, is_required) F(T, bool, is_generated) F(T, bool, is_json)
ROW(Found, FOUND)

static bool is_plain(const char *name) {
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

static bool is_one_of(const char *name, const char *const *list) {
    for (; *list; list++)
        if (!strcmp(name, *list)) return true;
    return false;
}

/* The tables of all tenants are made by the same migrations, so what was read once holds for the process. */
enum { TABLES_KEPT = 200 };
static Arena kept_mem;
static const RecordTable *kept[TABLES_KEPT];
static size_t kept_n;

const RecordTable *record_table(Ctx *c, const char *table) {
    static const char *const ours[] = { "id", "public_id", "created_at", "created_by", "updated_at", "updated_by",
                                        "utility_id", "row_version", NULL };
    for (size_t i = 0; i < kept_n; i++)
        if (!strcmp(kept[i]->name, table)) return kept[i];
    Founds all = db_all(c, Found, "select column_name as name, is_nullable = 'NO' and column_default is null "
                                  "as is_required, coalesce(generation_expression, '') <> '' as is_generated, "
                                  "data_type = 'longtext' as is_json from information_schema.columns "
                                  "where table_schema = database() and table_name = ? order by ordinal_position",
                        table);
    if (!all.n || !is_plain(table) || kept_n == TABLES_KEPT) fail(c, BROKEN, "there is no table %s", table);
    RecordTable *t = take(&kept_mem, sizeof *t);
    *t = (RecordTable){ .name = text_copy(&kept_mem, table), .column = take_n(&kept_mem, RecordColumn, all.n) };
    for (size_t i = 0; i < all.n; i++) {
        const char *name = all.v[i].name;
        if (!strcmp(name, "utility_id")) t->has_utility = true;
        if (!strcmp(name, "row_version")) t->has_version = true;
        if (all.v[i].is_generated || is_one_of(name, ours) || !is_plain(name)) continue;
        t->column[t->n++] = (RecordColumn){ text_copy(&kept_mem, name), all.v[i].is_required, all.v[i].is_json };
    }
    return kept[kept_n++] = t;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef struct Walk { Ctx *c; size_t n; void (*each)(void *, const RecordRow *); void *arg; } Walk;

static void read_one(void *arg, const DbColumn *column, int n) {
    Walk *w = arg;
    RecordRow row = { { column[0].n }, take_n(w->c, const char *, (size_t)n) };
    for (int i = 1; i < n; i++)
        row.value[i - 1] = column[i].is_null ? NULL : text_copy_n(w->c, column[i].text, column[i].size);
    w->each(w->arg, &row);
}

int64_t records_read(Ctx *c, const RecordTable *t, const char *const *columns, size_t n, const char *where,
                     const Bind *binds, int binds_n, void (*each)(void *, const RecordRow *), void *arg) {
    Text sql = text_start(c);
    text_add(&sql, "select cast(id as signed) as id");
    for (size_t i = 0; i < n; i++)
        text_addf(&sql, ", cast(`%s` as char character set utf8mb4) as `%s`", columns[i], columns[i]);
    text_addf(&sql, " from `%s`%s%s order by id", t->name, where ? " where " : "", where ? where : "");
    Walk w = { c, n, each, arg };
    return db_columns(c, sql.s, binds, binds_n, read_one, &w, false);
}

typedef struct One { int64_t n; } One;
static void keep_int(void *arg, const DbColumn *column, int n) {
    if (n) ((One *)arg)->n = column[0].n;
}

int64_t record_version(Ctx *c, const RecordTable *t, Id id) {
    if (!t->has_version) return 0;
    One one = { 0 };
    Bind b = bind_id(id);
    db_columns(c, text(c, "select cast(row_version as signed) from `%s` where id = ?", t->name), &b, 1, keep_int, &one,
               false);
    return one.n;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

Id record_insert(Ctx *c, const RecordTable *t, Id utility, const RecordValues *v) {
    Text names = text_start(c), marks = text_start(c);
    Bind *b = take_n(c, Bind, v->n + 3);
    int n = 0;
    text_add(&names, "");
    text_add(&marks, "");
    if (utility.id) {
        text_add(&names, "utility_id, ");
        text_add(&marks, "?, ");
        b[n++] = bind_id(utility);
    }
    for (size_t i = 0; i < v->n; i++) {
        text_addf(&names, "%s`%s`", i ? ", " : "", v->column[i]);
        text_add(&marks, i ? ", ?" : "?");
        b[n++] = bind_text(v->value[i]);
    }
    if (t->has_version) {
        text_add(&names, ", created_by, updated_by");
        text_add(&marks, ", ?, ?");
        b[n++] = bind_id(c->user);
        b[n++] = bind_id(c->user);
    }
    return db_insert_built(c, text(c, "insert into `%s` (%s) values (%s)", t->name, names.s, marks.s), b, n);
}

void record_update(Ctx *c, const RecordTable *t, Id id, const RecordValues *v) {
    Text sets = text_start(c);
    Bind *b = take_n(c, Bind, v->n + 4);
    int n = 0;
    text_add(&sets, "");
    for (size_t i = 0; i < v->n; i++) {
        text_addf(&sets, "%s`%s` = ?", i ? ", " : "", v->column[i]);
        b[n++] = bind_text(v->value[i]);
    }
    if (t->has_version) {
        text_addf(&sets, "%supdated_at = ?, updated_by = ?, row_version = row_version + 1", v->n ? ", " : "");
        b[n++] = bind_time(c->now);
        b[n++] = bind_id(c->user);
    }
    b[n++] = bind_id(id);
    if (!sets.n) return;
    if (db_run_built(c, text(c, "update `%s` set %s where id = ?", t->name, sets.s), b, n) != 1)
        fail(c, CONFLICT, "A row of %s is gone.", t->name);
}

void record_delete(Ctx *c, const RecordTable *t, Id id) {
    Bind b = bind_id(id);
    db_run_built(c, text(c, "delete from `%s` where id = ?", t->name), &b, 1);
}
