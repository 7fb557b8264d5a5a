/*
 * Differences that were chosen are written, each in a savepoint with its entry in the audit: see promotion.h.
 *
 * Rows come in the order of the declarations, so that most find what they lead to; a reference that may be empty and
 * leads to a row that comes later is set when all rows are there. What the database itself refuses is told by row.
 */
#include "app/setup/promotion.h"

#include <stdio.h>
#include <string.h>

#include "lib/messages.h"

typedef struct Later { ConfigSet *set; Id id; size_t column; const char *value; struct Later *next; } Later;
typedef struct Work {
    Ctx           *c;
    Configuration *here;
    Later         *later;
    Difference    *now;
    Id             made;
} Work;

/* --- values as the table holds them ------------------------------------------------------------------------------- */

static const char *id_text(Ctx *c, Configuration *here, const SetColumn *column, const char *key) {
    const ConfigRow *row = set_find(configuration_set(here, column->ref), key);
    return row && row->id.id ? text(c, "%lld", (long long)row->id.id) : NULL;
}

/* JSON list of ids; *whole false when one of them is not there yet. */
static const char *ids_text(Ctx *c, Configuration *here, const SetColumn *column, const char *keys, bool *whole) {
    Json list = json_read(&c->mem, keys, strlen(keys), JSON_SIZE_MAX, NULL);
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0, n = 0; i < json_size(list); i++) {
        const char *key = json_text(json_item(list, i), ""), *id = key ? id_text(c, here, column, key) : NULL;
        if (!id) *whole = false;
        else text_addf(&t, "%s%s", n++ ? "," : "", id);
    }
    text_add(&t, "]");
    return t.s;
}

static const char *stored_value(Work *w, const ConfigSet *s, size_t i, const char *value, bool *whole) {
    const SetColumn *column = &s->column[i];
    *whole = true;
    if (!value || !column->ref) return value;
    if (!*value) return "0";
    if (column->is_list) return ids_text(w->c, w->here, column, value, whole);
    const char *id = id_text(w->c, w->here, column, value);
    *whole = id != NULL;
    return id;
}

static const char *value_anew(const ConfigKind *k, const char *column, const char *value) {
    for (const char *const *p = k->anew; p && *p; p += 2)
        if (!strcmp(*p, column)) return p[1];
    return value;
}

/* --- rows between two kinds --------------------------------------------------------------------------------------- */

typedef struct LinkWords { char name[64], table[64], own[64], other[64], kind[64]; } LinkWords;

static void link_write(Work *w, const ConfigSet *s, Id id, const char *keys) {
    Ctx *c = w->c;
    LinkWords l;
    if (sscanf(s->kind->link, "%63s %63s %63s %63s %63s", l.name, l.table, l.own, l.other, l.kind) != 5) return;
    const SetColumn *column = &s->column[s->n - 1];
    Bind own = bind_id(id);
    db_run_built(c, text(c, "delete from `%s` where `%s` = ?", l.table, l.own), &own, 1);
    Json list = json_read(&c->mem, keys, strlen(keys), JSON_SIZE_MAX, NULL);
    for (size_t i = 0; i < json_size(list); i++) {
        const char *key = json_text(json_item(list, i), ""), *other = key ? id_text(c, w->here, column, key) : NULL;
        if (!other) continue;
        Bind b[] = { bind_id(id), bind_text(other) };
        db_run_built(c, text(c, "insert into `%s` (`%s`, `%s`) values (?, ?)", l.table, l.own, l.other), b, 2);
    }
}

/* --- one row ------------------------------------------------------------------------------------------------------ */

static const char *pairs_json(Ctx *c, const ConfigRow *row, const ConfigRow *other) {
    if (!row) return NULL;
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (size_t i = 0; i < row->n; i++) {
        const char *a = row->value[i], *b = other ? other->value[i] : NULL;
        if (a == config_absent || b == config_absent) continue;
        if (!other || (a && b ? strcmp(a, b) != 0 : a != b)) json_add_text(&o, row->column[i], a);
    }
    json_close(&o);
    return t.s;
}

static void note_row(Work *w, const Difference *d, Id id) {
    static const char *const action[] = { "create", "edit", "delete", "" };
    Ctx *c = w->c;
    audit_write(c, &(Audit){ .action = action[d->what], .entity = d->set->kind->table, .id = id,
                             .number = d->is ? d->is->key : d->was->key,
                             .version = record_version(c, d->set->table, id),
                             .before = pairs_json(c, d->was, d->is), .after = pairs_json(c, d->is, d->was),
                             .reason = msg(c->language, "promotion.by_file") });
}

static void wait_for(Work *w, ConfigSet *s, Id id, size_t column, const char *value) {
    Later *l = take(w->c, sizeof *l);
    *l = (Later){ s, id, column, value, w->later };
    w->later = l;
}

static void write_row(Ctx *c, void *arg) {
    Work *w = arg;
    Difference *d = w->now;
    ConfigSet *s = d->set;
    bool is_new = d->what == DIFFERENCE_NEW;
    RecordValues v = { .n = 0 };
    const char **name = take_n(c, const char *, s->n + 1), **value = take_n(c, const char *, s->n + 1);
    size_t *open = take_n(c, size_t, s->n + 1), opens = 0;
    for (size_t i = 0; i < s->n; i++) {
        const char *is = d->is->value[i];
        if (s->column[i].is_link || is == config_absent) continue;
        if (!is_new && (is && d->was->value[i] ? !strcmp(is, d->was->value[i]) : is == d->was->value[i])) continue;
        if (is_new) is = value_anew(s->kind, s->name[i], is);
        bool whole;
        const char *stored = stored_value(w, s, i, is, &whole);
        if (!whole) open[opens++] = i;
        name[v.n] = s->name[i];
        value[v.n++] = stored;
    }
    v.column = name;
    v.value = value;
    w->made = is_new ? record_insert(c, s->table, s->table->has_utility ? c->utility : (Id){ 0 }, &v) : d->was->id;
    if (!is_new && (v.n || s->table->has_version)) record_update(c, s->table, w->made, &v);
    if (s->kind->link && d->is->value[s->n - 1] && d->is->value[s->n - 1] != config_absent)
        link_write(w, s, w->made, d->is->value[s->n - 1]);
    note_row(w, d, w->made);
    for (size_t i = 0; i < opens; i++) wait_for(w, s, w->made, open[i], d->is->value[open[i]]);
}

static void remove_row(Ctx *c, void *arg) {
    Work *w = arg;
    note_row(w, w->now, w->now->was->id);
    record_delete(c, w->now->set->table, w->now->was->id);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void settle_later(Work *w) {
    for (Later *l = w->later; l; l = l->next) {
        bool whole;
        const char *name = l->set->name[l->column], *value = stored_value(w, l->set, l->column, l->value, &whole);
        record_update(w->c, l->set->table, l->id, &(RecordValues){ &name, &value, 1 });
        audit_write(w->c, &(Audit){ .action = "edit", .entity = l->set->kind->table, .id = l->id,
                                    .version = record_version(w->c, l->set->table, l->id),
                                    .after = json_pairs(w->c, name, l->value, NULL),
                                    .reason = msg(w->c->language, "promotion.by_file") });
    }
}

typedef struct Refusals { Text t; JsonOut o; size_t n; } Refusals;

static void refused(Ctx *c, Refusals *to, Difference *d, const char *why) {
    d->refusal = why;
    if (to->n++ >= 200) return;
    json_add_text(&to->o, NULL, text(c, "%s %s: %s", msg(c->language, text(c, "config.%s", d->set->kind->kind)),
                                     (d->is ? d->is : d->was)->key, why));
}

/* Parts that go are removed first, so that what takes their place has room. */
static void remove_parts(Ctx *c, Work *w, Differences *all, Applied *a, Refusals *r) {
    for (size_t i = all->n; i-- > 0;) {
        Difference *d = &all->v[i];
        if (d->what != DIFFERENCE_GONE || d->refusal || d->is_left) continue;
        w->now = d;
        if (db_savepoint(c, remove_row, w)) a->removed++;
        else refused(c, r, d, msg(c->language, "promotion.in_use"));
    }
}

Applied configuration_apply(Ctx *c, Configuration *here, Differences *all) {
    Applied a = { 0 };
    Work w = { .c = c, .here = here };
    Refusals r = { .t = text_start(c) };
    r.o = json_out(&r.t);
    json_open_list(&r.o, NULL);
    remove_parts(c, &w, all, &a, &r);
    for (size_t i = 0; i < all->n; i++) {
        Difference *d = &all->v[i];
        if (!d->is || d->refusal || d->is_left) continue;
        w.now = d;
        if (!db_savepoint(c, write_row, &w)) {
            refused(c, &r, d, msg(c->language, "promotion.database"));
            differences_settle(c, here, all);
            continue;
        }
        if (d->what == DIFFERENCE_CHANGED) {
            a.changed++;
            continue;
        }
        a.made++;
        ConfigRow *row = take(c, sizeof *row);
        *row = *d->is;
        row->id = w.made;
        set_add(c, d->set, row);
    }
    settle_later(&w);
    for (size_t i = 0; i < here->n; i++) {
        bool touched = false;
        for (size_t k = 0; k < all->n && !touched; k++)
            touched = all->v[k].set == &here->set[i] && all->v[k].what != DIFFERENCE_ONLY_HERE && !all->v[k].refusal
                && !all->v[k].is_left;
        if (touched && here->set[i].kind->written) here->set[i].kind->written(c);
    }
    json_close(&r.o);
    a.refused = r.n;
    a.refusals = r.t.s;
    return a;
}
