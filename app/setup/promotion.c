/*
 * Rows of all kinds of configuration, and what differs between two sides: see promotion.h.
 */
#include "app/setup/promotion.h"
#include "app/setup/start.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypt.h"
#include "lib/messages.h"

const char config_absent[] = "";

/* --- what a declaration says -------------------------------------------------------------------------------------- */

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *s = words; s && (s = strstr(s, word)); s += n)
        if ((s == words || s[-1] == ' ') && (!s[n] || s[n] == ' ')) return true;
    return false;
}

/* "category_ids>consumer_category[]" of the declaration's refs for a column; false when it is none. */
static bool ref_of(const ConfigKind *k, const char *column, SetColumn *to) {
    size_t n = strlen(column);
    for (const char *s = k->refs; s && *s;) {
        size_t word = strcspn(s, " "), name = strcspn(s, ">");
        if (name == n && !strncmp(s, column, n)) {
            char kind[64] = "";
            size_t end = word - name - 1;
            to->is_list = s[word - 1] == ']';
            if (to->is_list) end -= 2;
            if (end < sizeof kind) memcpy(kind, s + name + 1, end);
            to->ref = config_kind_named(kind);
            return true;
        }
        s += word + (s[word] == ' ');
    }
    return false;
}

typedef struct Link { char name[64], table[64], own[64], other[64], kind[64]; } Link;

static bool link_of(const ConfigKind *k, Link *l) {
    return k->link && sscanf(k->link, "%63s %63s %63s %63s %63s", l->name, l->table, l->own, l->other, l->kind) == 5;
}

static ConfigSet set_start(Ctx *c, const ConfigKind *k) {
    ConfigSet s = { .kind = k, .table = record_table(c, k->table) };
    s.column = take_n(c, SetColumn, s.table->n + 1);
    s.name = take_n(c, const char *, s.table->n + 1);
    for (size_t i = 0; i < s.table->n; i++) {
        const RecordColumn *column = &s.table->column[i];
        if (has_word(k->without, column->name)) continue;
        SetColumn to = { .name = column->name, .is_key = has_word(k->key, column->name),
                         .is_required = column->is_required, .is_json = column->is_json };
        if (ref_of(k, column->name, &to) && !to.ref) fail(c, BROKEN, "%s.%s leads nowhere", k->kind, column->name);
        s.name[s.n] = to.name;
        s.column[s.n++] = to;
    }
    Link l;
    if (link_of(k, &l)) {
        s.name[s.n] = text_copy(c, l.name);
        s.column[s.n] = (SetColumn){ .name = s.name[s.n], .ref = config_kind_named(l.kind), .is_list = true,
                                     .is_link = true };
        s.n++;
    }
    return s;
}

Configuration configuration_empty(Ctx *c) {
    Configuration all = { 0 };
    while (config_kind(all.n)) all.n++;
    all.set = take_n(c, ConfigSet, all.n + 1);
    for (size_t i = 0; i < all.n; i++) all.set[i] = set_start(c, config_kind(i));
    return all;
}

ConfigSet *configuration_set(Configuration *all, const ConfigKind *kind) {
    for (size_t i = 0; i < all->n; i++)
        if (all->set[i].kind == kind) return &all->set[i];
    return NULL;
}

/* --- rows by key -------------------------------------------------------------------------------------------------- */

static size_t place_of(const ConfigSet *s, const char *key) {
    uint64_t h = 14695981039346656037u;
    for (const char *p = key; *p; p++) h = (h ^ (unsigned char)*p) * 1099511628211u;
    size_t i = (size_t)h & (s->places - 1);
    while (s->by_key[i] && strcmp(s->by_key[i]->key, key)) i = (i + 1) & (s->places - 1);
    return i;
}

ConfigRow *set_find(const ConfigSet *s, const char *key) {
    return s->places && key ? s->by_key[place_of(s, key)] : NULL;
}

static void set_grow(Ctx *c, ConfigSet *s) {
    s->places = s->places ? s->places * 2 : 64;
    s->by_key = take_n(c, ConfigRow *, s->places);
    for (size_t i = 0; i < s->rows; i++) s->by_key[place_of(s, s->row[i]->key)] = s->row[i];
}

static void row_keep(Ctx *c, ConfigSet *s, ConfigRow *row) {
    if (s->rows == s->room) {
        ConfigRow **more = take_n(c, ConfigRow *, s->room ? s->room * 2 : 32);
        if (s->rows) memcpy(more, s->row, s->rows * sizeof *more);
        s->row = more;
        s->room = s->room ? s->room * 2 : 32;
    }
    s->row[s->rows++] = row;
}

void set_add(Ctx *c, ConfigSet *s, ConfigRow *row) {
    row_keep(c, s, row);
    if (s->rows * 2 > s->places) set_grow(c, s);
    s->by_key[place_of(s, row->key)] = row;
}

const char *value_settled(Ctx *c, const char *value) {
    if (!value || (*value != '{' && *value != '[')) return value;
    json_t *j = json_loads(value, 0, NULL);
    char *s = j ? json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    const char *settled = s ? text_copy(c, s) : value;
    free(s);
    json_decref(j);
    return settled;
}

/* --- reading what is here ----------------------------------------------------------------------------------------- */

/* Rows of the utility: by its column, else through the parent. */
static const char *scope_of(Ctx *c, Configuration *all, const ConfigSet *s) {
    const ConfigKind *k = s->kind;
    const char *scope;
    if (k->is_fixed) scope = "? > 0";
    else if (s->table->has_utility) scope = "utility_id = ?";
    else {
        SetColumn parent = { 0 };
        if (!k->owner || !ref_of(k, k->owner, &parent)) fail(c, BROKEN, "%s has no way to its utility", k->kind);
        ConfigSet *of = configuration_set(all, parent.ref);
        scope = text(c, "`%s` in (select id from `%s` where %s)", k->owner, parent.ref->table, scope_of(c, all, of));
    }
    return k->where ? text(c, "%s and (%s)", scope, k->where) : scope;
}

typedef struct Read { Ctx *c; ConfigSet *set; } Read;

static void read_row(void *arg, const RecordRow *from) {
    Read *r = arg;
    ConfigRow *row = take(r->c, sizeof *row);
    *row = (ConfigRow){ .column = r->set->name, .value = from->value, .n = r->set->n, .id = from->id };
    if (r->set->rows == PROMOTION_ROWS_MAX) fail(r->c, TOO_LARGE, "more than %d rows of %s", PROMOTION_ROWS_MAX,
                                                 r->set->kind->kind);
    row_keep(r->c, r->set, row);
}

static void read_set(Ctx *c, Configuration *all, ConfigSet *s) {
    Link l;
    size_t n = s->n - (link_of(s->kind, &l) ? 1 : 0);
    Bind utility = bind_id(c->utility);
    records_read(c, s->table, s->name, n, scope_of(c, all, s), &utility, 1, read_row, &(Read){ c, s });
}

/* Read by id, so found by halving; rows made later have greater ids and are not looked for. */
static ConfigRow *by_id(const ConfigSet *s, int64_t id) {
    size_t low = 0, high = s->rows;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->row[mid]->id.id < id) low = mid + 1;
        else high = mid;
    }
    return low < s->rows && s->row[low]->id.id == id ? s->row[low] : NULL;
}

static const char *key_of_id(Ctx *c, Configuration *all, const ConfigKind *kind, int64_t id);

static const char *key_of(Ctx *c, Configuration *all, ConfigSet *s, ConfigRow *row) {
    if (row->key) return row->key;
    Text t = text_start(c);
    for (size_t i = 0; i < s->n; i++) {
        const SetColumn *column = &s->column[i];
        if (!column->is_key) continue;
        const char *value = row->value[i];
        if (column->ref && value) value = key_of_id(c, all, column->ref, strtoll(value, NULL, 10));
        if (t.s) text_add(&t, "|");
        text_add(&t, value ? value : "");
    }
    return row->key = t.s ? t.s : "";
}

static const char *key_of_id(Ctx *c, Configuration *all, const ConfigKind *kind, int64_t id) {
    ConfigSet *s = configuration_set(all, kind);
    ConfigRow *row = s ? by_id(s, id) : NULL;
    return row ? key_of(c, all, s, row) : NULL;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *list_of_keys(Ctx *c, const char **keys, size_t n, bool sorted) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    if (sorted && n) qsort(keys, n, sizeof *keys, by_text);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) json_add_text(&o, NULL, keys[i]);
    json_close(&o);
    return value_settled(c, t.s);
}

static const char *ids_to_keys(Ctx *c, Configuration *all, const SetColumn *column, const char *ids) {
    Json list = json_read(&c->mem, ids, strlen(ids), JSON_SIZE_MAX, NULL);
    const char **keys = take_n(c, const char *, json_size(list) + 1);
    size_t n = 0;
    for (size_t i = 0; i < json_size(list); i++) {
        int64_t id = 0;
        json_int(json_item(list, i), "", &id);
        const char *key = key_of_id(c, all, column->ref, id);
        if (key) keys[n++] = key;
    }
    return list_of_keys(c, keys, n, false);
}

/* Ids become keys; what leads to no configuration of this utility becomes nothing. */
static void translate(Ctx *c, Configuration *all, ConfigSet *s) {
    for (size_t r = 0; r < s->rows; r++) {
        const char **value = (const char **)(uintptr_t)s->row[r]->value;
        for (size_t i = 0; i < s->n; i++) {
            const SetColumn *column = &s->column[i];
            if (column->is_link || !value[i]) continue;
            if (!column->ref) value[i] = column->is_json ? value_settled(c, value[i]) : value[i];
            else if (column->is_list) value[i] = ids_to_keys(c, all, column, value[i]);
            else if (!strcmp(value[i], "0")) value[i] = "";         /* a column that says "none" by 0 */
            else value[i] = key_of_id(c, all, column->ref, strtoll(value[i], NULL, 10));
        }
    }
}

/* --- rows between two kinds, as a list of keys -------------------------------------------------------------------- */

typedef struct Pairs { Ctx *c; Configuration *all; ConfigSet *set; const ConfigKind *other; const char **keys; size_t n;
                       ConfigRow *row; } Pairs;

static void pairs_end(Pairs *p) {
    if (p->row) ((const char **)(uintptr_t)p->row->value)[p->set->n - 1] = list_of_keys(p->c, p->keys, p->n, true);
    p->n = 0;
}

static void pair_read(void *arg, const DbColumn *column, int n) {
    Pairs *p = arg;
    if (n < 2) return;
    ConfigRow *row = by_id(p->set, column[0].n);
    if (row != p->row) {
        pairs_end(p);
        p->row = row;
    }
    const char *key = row ? key_of_id(p->c, p->all, p->other, column[1].n) : NULL;
    if (key && p->n < PROMOTION_ROWS_MAX) p->keys[p->n++] = key;
}

static void read_link(Ctx *c, Configuration *all, ConfigSet *s) {
    Link l;
    if (!link_of(s->kind, &l)) return;
    for (size_t i = 0; i < s->rows; i++) ((const char **)(uintptr_t)s->row[i]->value)[s->n - 1] = "[]";
    Pairs p = { .c = c, .all = all, .set = s, .other = config_kind_named(l.kind),
                .keys = take_n(c, const char *, PROMOTION_ROWS_MAX) };
    Bind utility = bind_id(c->utility);
    db_columns(c, text(c, "select cast(`%s` as signed), cast(`%s` as signed) from `%s` where `%s` in (select id from "
                          "`%s` where %s) order by 1, 2", l.own, l.other, l.table, l.own, s->kind->table,
                       scope_of(c, all, s)), &utility, 1, pair_read, &p, false);
    pairs_end(&p);
}

/* A set and whatever its rows refer to: their keys are made of those. */
static void want(Configuration *all, const ConfigSet *s, bool *is_wanted) {
    if (!s || is_wanted[s - all->set]) return;
    is_wanted[s - all->set] = true;
    for (size_t i = 0; i < s->n; i++)
        if (s->column[i].ref) want(all, configuration_set(all, s->column[i].ref), is_wanted);
    Link l;
    if (link_of(s->kind, &l)) want(all, configuration_set(all, config_kind_named(l.kind)), is_wanted);
}

Configuration configuration_of(Ctx *c, const char *kinds) {
    Configuration all = configuration_empty(c);
    bool *is_wanted = take_n(c, bool, all.n + 1);
    for (size_t i = 0; i < all.n; i++)
        if (!kinds || config_kind_is_in(kinds, all.set[i].kind)) want(&all, &all.set[i], is_wanted);
    for (size_t i = 0; i < all.n; i++)
        if (is_wanted[i]) read_set(c, &all, &all.set[i]);
    for (size_t i = 0; i < all.n; i++)
        for (size_t r = 0; r < all.set[i].rows; r++) key_of(c, &all, &all.set[i], all.set[i].row[r]);
    for (size_t i = 0; i < all.n; i++)
        if (is_wanted[i]) read_link(c, &all, &all.set[i]);
    for (size_t i = 0; i < all.n; i++) translate(c, &all, &all.set[i]);
    for (size_t i = 0; i < all.n; i++) {
        ConfigSet *s = &all.set[i];
        while (s->rows * 2 >= s->places) s->places = s->places ? s->places * 2 : 64;
        s->by_key = take_n(c, ConfigRow *, s->places);
        for (size_t r = 0; r < s->rows; r++) s->by_key[place_of(s, s->row[r]->key)] = s->row[r];
    }
    return all;
}

Configuration configuration_here(Ctx *c) { return configuration_of(c, NULL); }

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static bool is_same(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static bool differs(const ConfigRow *was, const ConfigRow *is) {
    for (size_t i = 0; i < is->n; i++)
        if (is->value[i] != config_absent && !is_same(was->value[i], is->value[i])) return true;
    return false;
}

static void difference_add(Ctx *c, Differences *all, const Difference *d) {
    Difference *to = &all->v[all->n++];
    *to = *d;
    to->id = text(c, "%s|%s", d->set->kind->kind, (d->is ? d->is : d->was)->key);
}

/* The parent of a part: the first reference of its key. */
static const SetColumn *parent_column(const ConfigSet *s, size_t *at_) {
    for (size_t i = 0; i < s->n; i++)
        if (s->column[i].is_key && s->column[i].ref) {
            *at_ = i;
            return &s->column[i];
        }
    return NULL;
}

static bool parent_is_in(const ConfigSet *s, const ConfigRow *row, Configuration *file) {
    size_t i = 0;
    const SetColumn *p = parent_column(s, &i);
    return p && row->value[i] && set_find(configuration_set(file, p->ref), row->value[i]);
}

static void compare_set(Ctx *c, ConfigSet *here, Configuration *file, Differences *all) {
    const ConfigSet *theirs = configuration_set(file, here->kind);
    for (size_t i = 0; i < theirs->rows; i++) {
        const ConfigRow *is = theirs->row[i], *was = set_find(here, is->key);
        if (!was) difference_add(c, all, &(Difference){ DIFFERENCE_NEW, here, NULL, is, NULL, NULL, false });
        else if (differs(was, is))
            difference_add(c, all, &(Difference){ DIFFERENCE_CHANGED, here, was, is, NULL, NULL, false });
    }
    for (size_t i = 0; i < here->rows; i++) {
        const ConfigRow *was = here->row[i];
        if (set_find(theirs, was->key)) continue;
        bool gone = here->kind->is_part && parent_is_in(here, was, file);
        difference_add(c, all, &(Difference){ gone ? DIFFERENCE_GONE : DIFFERENCE_ONLY_HERE, here, was, NULL, NULL,
                                              NULL, false });
    }
}

static const char *kind_word(Ctx *c, const ConfigKind *k) { return msg(c->language, text(c, "config.%s", k->kind)); }

/* Will a row of that key be there afterwards? */
static const Difference *made_by(const Differences *all, const ConfigKind *kind, const char *key) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].what == DIFFERENCE_NEW && all->v[i].set->kind == kind && !strcmp(all->v[i].is->key, key))
            return &all->v[i];
    return NULL;
}

static const char *needs(Ctx *c, Configuration *here, const Differences *all, const SetColumn *column,
                         const char *key) {
    const ConfigSet *of = configuration_set(here, column->ref);
    if (set_find(of, key)) return NULL;
    const Difference *d = made_by(all, column->ref, key);
    if (d && !d->refusal && !d->is_left) return NULL;
    return msg_format(c, c->language, d ? "promotion.needs_refused" : "promotion.needs",
                      { "kind", kind_word(c, column->ref) }, { "key", key });
}

static const char *unmet(Ctx *c, Configuration *here, const Differences *all, const Difference *d) {
    for (size_t i = 0; i < d->is->n; i++) {
        const SetColumn *column = &d->set->column[i];
        const char *value = d->is->value[i];
        if (!column->ref || !value || !*value) continue;
        if (d->was && is_same(d->was->value[i], value)) continue;
        if (!column->is_list) {
            const char *why = needs(c, here, all, column, value);
            if (why) return why;
            continue;
        }
        Json list = json_read(&c->mem, value, strlen(value), JSON_SIZE_MAX, NULL);
        for (size_t k = 0; k < json_size(list); k++) {
            const char *key = json_text(json_item(list, k), ""), *why = key ? needs(c, here, all, column, key) : NULL;
            if (why) return why;
        }
    }
    return NULL;
}

void differences_settle(Ctx *c, Configuration *here, Differences *all) {
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < all->n; i++) {
            Difference *d = &all->v[i];
            if (!d->is || d->refusal || d->is_left) continue;
            d->refusal = unmet(c, here, all, d);
            again |= d->refusal != NULL;
        }
    }
    all->to_apply = 0;
    for (size_t i = 0; i < all->n; i++)
        all->to_apply += all->v[i].what != DIFFERENCE_ONLY_HERE && !all->v[i].refusal && !all->v[i].is_left;
}

/* Over what is different and how: a later change here gives another seal. */
static void seal_all(Ctx *c, Differences *all) {
    Text t = text_start(c);
    text_add(&t, "promotion\n");
    for (size_t i = 0; i < all->n; i++) {
        const Difference *d = &all->v[i];
        text_addf(&t, "%d %s\n", (int)d->what, d->id);
        for (size_t k = 0; d->what != DIFFERENCE_ONLY_HERE && k < d->set->n; k++)
            text_addf(&t, "%s\t%s\n", d->was && d->was->value[k] ? d->was->value[k] : "-",
                      d->is && d->is->value[k] ? d->is->value[k] : "-");
    }
    uint8_t hash[32];
    blake2b((Bytes){ 0 }, bytes_at(t.s, t.n), hash);
    memcpy(all->seal, hex_text(&c->mem, bytes_at(hash, 16)), 33);
}

Differences configuration_compare(Ctx *c, Configuration *here, Configuration *file) {
    size_t most = 1;
    for (size_t i = 0; i < here->n; i++) most += here->set[i].rows + configuration_set(file, here->set[i].kind)->rows;
    Differences all = { .v = take_n(c, Difference, most) };
    for (size_t i = 0; i < here->n; i++)
        if (!here->set[i].kind->is_fixed) compare_set(c, &here->set[i], file, &all);
    for (size_t i = 0; i < all.n; i++) {
        Difference *d = &all.v[i];
        const ConfigKind *k = d->set->kind;
        if (k->refusal && d->what != DIFFERENCE_ONLY_HERE) d->refusal = k->refusal(c, d->was, d->is);
    }
    seal_all(c, &all);
    differences_settle(c, here, &all);
    return all;
}
