/*
 * Data migration: the register of entities, cells of a row by name, mappings, and rows judged and stored through their
 * owner (ONB04US01; app/core/import.h says what an owner gives).
 */
#include <stdlib.h>
#include <string.h>

#include "app/setup/area.h"
#include "app/setup/import_file.h"
#include "app/setup/import_work.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"

enum { ENTITIES_MAX = 40 };

/* --- the register ------------------------------------------------------------------------------------------------- */

static const ImportEntity *entities[ENTITIES_MAX + 1];
static size_t entities_n;

void import_register(const ImportEntity *e) {
    if (entities_n == ENTITIES_MAX || import_width(e) > IMPORT_COLUMNS_MAX) abort();
    size_t at = entities_n++;
    int order = e->order ? e->order : 999;
    while (at && (entities[at - 1]->order ? entities[at - 1]->order : 999) > order)
        entities[at] = entities[at - 1], at--;
    entities[at] = e;
}

const ImportEntity *import_entity(const char *name) {
    for (size_t i = 0; i < entities_n; i++)
        if (!strcmp(entities[i]->name, name)) return entities[i];
    return NULL;
}

const ImportEntity *const *import_entities(void) { return entities; }

size_t import_width(const ImportEntity *e) {
    size_t n = 0;
    while (e->columns[n].name) n++;
    return n;
}

int import_column(const ImportEntity *e, const char *name) {
    for (int i = 0; e->columns[i].name; i++)
        if (!strcmp(e->columns[i].name, name)) return i;
    return -1;
}

CellKind import_kind(const ImportColumn *k) {
    static const CellKind kinds[] = { [IMPORT_TEXT] = CELL_TEXT, [IMPORT_DATE] = CELL_DATE, [IMPORT_TIME] = CELL_TIME,
        [IMPORT_INT] = CELL_INT, [IMPORT_DECIMAL] = CELL_DECIMAL, [IMPORT_MONEY] = CELL_MONEY,
        [IMPORT_BOOL] = CELL_BOOL, [IMPORT_PHONE] = CELL_PHONE, [IMPORT_BOUNDARY] = CELL_TEXT };
    return kinds[k->type];
}

const char *import_key_column(const ImportEntity *e) {
    const ImportColumn *k = e->columns;
    while (k->name && !(k->flags & IMPORT_KEY)) k++;
    return k->name;
}

bool import_may(Ctx *c, const ImportEntity *e) { return perm_may(c, e->key, CREATE); }

/* --- cells by name ------------------------------------------------------------------------------------------------ */

const char *import_text(const ImportSet *s, size_t row, const char *column) {
    int i = import_column(s->of, column);
    if (i < 0) abort();
    return s->cell[row * s->width + (size_t)i];
}

bool import_has(const ImportSet *s, size_t row, const char *column) { return import_text(s, row, column) != NULL; }

Date import_date(const ImportSet *s, size_t row, const char *column) {
    const char *v = import_text(s, row, column);
    Date d;
    return v && date_parse_iso(v, &d) ? d : DATE_NONE;
}

Time import_time(Ctx *c, const ImportSet *s, size_t row, const char *column) {
    const char *v = import_text(s, row, column);
    Local l = { 0 };
    if (!v) return TIME_NONE;
    if (!strchr(v, 'T') ? !date_parse_iso(v, &l.date) : !local_parse(v, &l)) return TIME_NONE;
    const Zone *z = zone_find(utility_here(c)->time_zone);
    return time_of_local(z ? z : zone_utc(), l);
}

static int64_t number(const char *v, int places) {
    int64_t n = 0;
    if (v && number_parse(v, NUMBER_PLAIN, (NumberRule){ places, 18 - places, true }, &n) != NUMBER_OK) n = 0;
    return n;
}

int import_int(const ImportSet *s, size_t row, const char *column) {
    int64_t n = number(import_text(s, row, column), 0);
    return n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : (int)n;
}
bool import_bool(const ImportSet *s, size_t row, const char *column) {
    const char *v = import_text(s, row, column);
    return v && *v == '1';
}
Money import_money(Ctx *c, const ImportSet *s, size_t row, const char *column) {
    return (Money){ number(import_text(s, row, column), utility_here(c)->exponent) };
}
Quantity import_qty(const ImportSet *s, size_t row, const char *column) {
    return (Quantity){ number(import_text(s, row, column), 6) };
}
int64_t import_e3(const ImportSet *s, size_t row, const char *column) {
    return number(import_text(s, row, column), 6) / 1000;
}
int32_t import_e6(const ImportSet *s, size_t row, const char *column) {
    return (int32_t)number(import_text(s, row, column), 6);
}

/* --- references --------------------------------------------------------------------------------------------------- */

#define FOUND(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Found, FOUND)

Id *import_links(Ctx *c, const char *entity, const char *const *keys, size_t n) {
    Id *to = take_n(c, Id, n + 1);
    Founds l = db_all(c, Found, "select j.row_no, l.entity_id as id from json_table(?, '$[*]' columns (row_no int path "
                                "'$[0]', value varchar(80) path '$[1]')) j straight_join import_link l "
                                "on l.utility_id=? and l.entity=? and l.legacy_id=j.value collate utf8mb4_bin",
                      json_keys(c, keys, n), c->utility, entity);
    for (size_t i = 0; i < l.n; i++) to[l.v[i].row_no] = l.v[i].id;
    return to;
}

const char *const *import_numbers(Ctx *c, const char *entity, const Faults *to, size_t rows) {
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) n += !fault_of_row(to, i);
    return n ? id_next_many(c, entity, utility_today(c), n) : NULL;
}

Audit import_made(Ctx *c, const ImportSet *s, size_t i, const char *entity, Id id, const char *no) {
    return (Audit){ .action = "create", .entity = entity, .id = id, .number = no, .version = 1,
                    .after = json_pairs(c, "legacy_no", import_text(s, i, "legacy_id"), "status",
                                        import_text(s, i, "status"), NULL) };
}

int64_t import_good_above(Ctx *c, const ImportSet *s) {
    return db_int(c, "select count(*) from import_row where batch_id=? and state in ('valid', 'warning')", s->batch);
}

Id *import_refs(Ctx *c, const ImportSet *s, const char *column) {
    const char **keys = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) keys[i] = import_text(s, i, column);
    return import_links(c, s->of->columns[import_column(s->of, column)].refers, keys, s->n);
}

Id *import_codes(Ctx *c, const ImportSet *s, const char *column, Id (*find)(Ctx *, const char *)) {
    Id *to = take_n(c, Id, s->n + 1);
    const char **keys = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) keys[i] = import_text(s, i, column);
    size_t *first = first_with_key(&c->mem, keys, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (keys[i]) to[i] = first[i] == i ? find(c, keys[i]) : to[first[i]];
    return to;
}

const char *import_names(Ctx *c, const ImportSet *s, const ImportRecords *r, const char *column) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < s->n; i++) {
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, r->id[i].id);
        json_add_text(&o, NULL, import_text(s, i, column));
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

void import_unknown(Faults *to, const ImportSet *s, const char *column, const Id *found) {
    for (size_t i = 0; i < s->n; i++) {
        const char *v = import_text(s, i, column);
        if (v && !found[i].id) fault_with(fault_add(to, i, FAULT_UNKNOWN, column, "import.unknown"), "value", v);
    }
}

Id import_find(Ctx *c, const char *entity, const char *legacy_id) {
    return db_id(c, "select entity_id from import_link where utility_id=? and entity=? and legacy_id=?", c->utility,
                 entity,
                 legacy_id);
}

/* --- mapping ------------------------------------------------------------------------------------------------------ */

Texts header_of(Ctx *c, const Batch *b) {
    Json list = json_read(&c->mem, b->header, strlen(b->header), JSON_SIZE_MAX, NULL);
    const char **v = take_n(c, const char *, json_size(list) + 1);
    for (size_t i = 0; i < json_size(list); i++) v[i] = json_text(json_item(list, i), "");
    return (Texts){ .v = v, .n = json_size(list) };
}

static int place_of(const char *const *header, size_t n, const char *name) {
    for (size_t i = 0; name && i < n; i++)
        if (!strcmp(header[i], name)) return (int)i;
    return -1;
}

CellMap *mapping_read(Ctx *c, const ImportEntity *e, const char *json, const char *const *header, size_t n) {
    CellMap *map = take_n(c, CellMap, import_width(e) + 1);
    Json all = json ? json_read(&c->mem, json, strlen(json), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    for (size_t i = 0; e->columns[i].name; i++) {
        Json one = json_member(all, e->columns[i].name);
        map[i] = (CellMap){ .from = place_of(header, n, json_text(one, "from")), .constant = json_text(one, "constant"),
                            .change = json_text(one, "change"), .values = json_text(one, "values") };
    }
    return map;
}

const char *mapping_write(Ctx *c, const ImportEntity *e, const CellMap *map, const char *const *header) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (size_t i = 0; e->columns[i].name; i++) {
        const CellMap *m = &map[i];
        if (m->from < 0 && !m->constant) continue;
        json_open_object(&o, e->columns[i].name);
        if (m->from >= 0) json_add_text(&o, "from", header[m->from]);
        if (m->constant) json_add_text(&o, "constant", m->constant);
        if (m->change) json_add_text(&o, "change", m->change);
        if (m->values) json_add_text(&o, "values", m->values);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

/* Fits: each column of the file that it names is there. */
static bool mapping_fits(Ctx *c, const ImportEntity *e, const char *json, const char *const *header, size_t n) {
    Json all = json_read(&c->mem, json, strlen(json), JSON_SIZE_MAX, NULL);
    for (size_t i = 0; e->columns[i].name; i++) {
        const char *from = json_text(json_member(all, e->columns[i].name), "from");
        if (from && place_of(header, n, from) < 0) return false;
    }
    return true;
}

#define SAVED(F, T) F(T, const char *, mapping)
ROW(Saved, SAVED)

static bool column_used(const CellMap *map, size_t width, int column) {
    for (size_t i = 0; i < width; i++)
        if (map[i].from == column) return true;
    return false;
}

CellMap *mapping_guess(Ctx *c, const ImportEntity *e, const char *const *header, size_t n) {
    Saveds l = db_all(c, Saved, "select mapping from import_mapping where utility_id=? and entity=? "
                                "order by updated_at desc, id desc limit 10", c->utility, e->name);
    CellMap *map = mapping_read(c, e, NULL, header, n);
    for (size_t i = 0; i < l.n; i++)
        if (mapping_fits(c, e, l.v[i].mapping, header, n)) {
            map = mapping_read(c, e, l.v[i].mapping, header, n);
            break;
        }
    for (size_t i = 0; e->columns[i].name; i++) {           /* what it leaves open is found by name */
        int by_name = header_find(header, n, e->columns[i].name, e->columns[i].also);
        if (map[i].from < 0 && !map[i].constant && by_name >= 0 && !column_used(map, import_width(e), by_name))
            map[i].from = by_name;
    }
    return map;
}

/* --- rows are read ------------------------------------------------------------------------------------------------ */

static CellRule rule_of(Ctx *c, const ImportColumn *k, const char *dial, bool is_wanted) {
    return (CellRule){ .kind = import_kind(k), .required = is_wanted, .upper = k->flags & IMPORT_UPPER,
                       .max = k->max ? k->max : 200, .values = k->values, .dates = c->locale->date,
                       .exponent = utility_here(c)->exponent, .dial = dial };
}

static void cell_fault(Faults *to, size_t row, const ImportColumn *k, const CellRule *rule, const Cell *v) {
    static const char *const wrong[] = { [IMPORT_TEXT] = "import.wrong", [IMPORT_DATE] = "import.wrong_date",
        [IMPORT_TIME] = "import.wrong_time", [IMPORT_INT] = "import.wrong_int",
            [IMPORT_DECIMAL] = "import.wrong_decimal",
        [IMPORT_MONEY] = "import.wrong_money", [IMPORT_BOOL] = "import.wrong_bool",
            [IMPORT_PHONE] = "cis.entry.phone" };
    switch (v->fault) {
    case CELL_MISSING: fault_with(fault_add(to, row, FAULT_REQUIRED, k->name, "import.required"), "column", k->name);
    break;
    case CELL_WRONG:   fault_add(to, row, FAULT_TYPE, k->name, wrong[k->type]); break;
    case CELL_LONG:
        fault_with(fault_add(to, row, FAULT_LENGTH, k->name, "cis.entry.length"), "max",
                   arena_text(to->mem, "%d", rule->max));
        break;
    case CELL_NO_VALUE:
        fault_with(fault_add(to, row, FAULT_VALUE, k->name, "import.no_value"), "values", k->values);
        break;
    case CELL_GOOD: break;
    }
}

static const char *boundary(Ctx *c, Faults *to, size_t row, const Cell *v) {
    const char *problem = NULL, *line = area_geometry_read(c, v->text, &problem);
    if (!line) fault_with(fault_add(to, row, FAULT_TYPE, "geometry", "import.row_wrong"), "problem", problem);
    return line;
}

Judged judged_read(Ctx *c, const Batch *b, const CellMap *map, const RawRow *rows, size_t n) {
    const ImportEntity *e = import_entity(b->entity);
    size_t width = import_width(e);
    const char **cell = take_n(c, const char *, n * width + 1);
    int64_t *line = take_n(c, int64_t, n + 1);
    Judged j = { .faults = faults_start(c), .raw = take_n(c, const char *, n * width + 1),
                 .there = take_n(c, Id, n + 1), .unlinked = take_n(c, bool, n + 1),
                 .changes = take_n(c, const char *, n + 1) };
    CellRule *rules = take_n(c, CellRule, width + 1);
    const char *dial = dial_code(db_text(c, "select coalesce(u.country, o.country) from utility u "
                                            "left join organization_setting o on o.one=1 where u.id=?", c->utility));
    bool insert = !strcmp(b->mode, "insert");       /* else a record may be there that has it (judged_check) */
    for (size_t k = 0; k < width; k++) {
        unsigned flags = e->columns[k].flags;
        rules[k] = rule_of(c, &e->columns[k], dial, flags & IMPORT_REQUIRED && (insert || flags & IMPORT_KEY));
    }
    for (size_t i = 0; i < n; i++) {
        line[i] = rows[i].line;
        if (rows[i].problem)
            fault_with(fault_add(&j.faults, i, FAULT_TYPE, NULL, "import.row_wrong"), "problem", rows[i].problem);
        for (size_t k = 0; k < width && !rows[i].problem; k++) {
            Cell v = cell_read(&c->mem, &rules[k], &map[k], rows[i].fields, rows[i].n);
            cell[i * width + k] = v.text;
            j.raw[i * width + k] = v.raw;
            cell_fault(&j.faults, i, &e->columns[k], &rules[k], &v);
            if (e->columns[k].type == IMPORT_BOUNDARY && v.text) cell[i * width + k] = boundary(c, &j.faults, i, &v);
            if (v.squeezed && !v.fault)
                fault_add(&j.faults, i, FAULT_SUSPECT, e->columns[k].name, "import.squeezed");
        }
    }
    j.set = (ImportSet){ .of = e, .n = n, .width = width, .cell = cell, .line = line, .batch = b->id,
                         .by = b->created_by, .locale = c->locale,
                         .files = e->has_files ? import_archive(c, b->archive_id) : NULL };
    return j;
}

bool judged_is_good(const Judged *j, size_t row) { return !fault_of_row(&j->faults, row); }

/* Of several key columns: all that are there, joined by |. */
const char *judged_key(const Judged *j, size_t row) {
    const char *key = NULL;
    for (size_t k = 0; k < j->set.width; k++) {
        const char *v = j->set.of->columns[k].flags & IMPORT_KEY ? j->set.cell[row * j->set.width + k] : NULL;
        if (v) key = key ? arena_text(j->faults.mem, "%s|%s", key, v) : v;
    }
    return key;
}

/* NULL too where a part of it is missing that each record has: then nothing can be told by it. */
const char *judged_whole_key(const Judged *j, size_t row) {
    const ImportColumn *k = j->set.of->columns;
    for (size_t i = 0; i < j->set.width; i++)
        if (k[i].flags & IMPORT_KEY && k[i].flags & IMPORT_REQUIRED && !j->set.cell[row * j->set.width + i])
            return NULL;
    return judged_key(j, row);
}

/* --- rows are judged ---------------------------------------------------------------------------------------------- */

/* Some rows of a set, as a set. */
typedef struct Part { ImportSet set; size_t *row; } Part;

static Part part_of(Ctx *c, const Judged *j, bool there, bool only_good) {
    const ImportSet *s = &j->set;
    Part p = { .set = *s, .row = take_n(c, size_t, s->n + 1) };
    const char **cell = take_n(c, const char *, s->n * s->width + 1);
    int64_t *line = take_n(c, int64_t, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const Fault *f = fault_of_row(&j->faults, i);
        if ((j->there[i].id != 0) != there || (f && (only_good || !f->field))) continue;
        memcpy(cell + n * s->width, s->cell + i * s->width, s->width * sizeof *cell);
        line[n] = s->line[i];
        p.row[n++] = i;
    }
    p.set.cell = cell, p.set.line = line, p.set.n = n;
    return p;
}

static const char *column_of(const ImportEntity *e, const char *field) {
    for (const ImportColumn *k = e->columns; field && k->name; k++)
        if (!strcmp(k->field ? k->field : k->name, field)) return k->name;
    return field;
}

/* What a cell's own fault says already is not said again by its owner. */
static void add_faults(Judged *j, const Part *p, const Faults *more) {
    size_t had = j->faults.n;
    for (size_t i = 0; i < more->n; i++) {
        Fault f = more->v[i];
        f.row = p->row[f.row];
        f.field = column_of(j->set.of, f.field);
        bool said = false;
        for (size_t k = 0; k < had && f.field; k++) {
            const Fault *was = &j->faults.v[k];
            said |= was->row == f.row && was->kind != FAULT_SUSPECT && was->field && !strcmp(was->field, f.field);
        }
        if (!said) *fault_add(&j->faults, f.row, f.kind, f.field, f.key) = f;
    }
}

#define LINKED(F, T) F(T, int, row_no) F(T, Id, id) F(T, const char *, batch_no)
ROW(Linked, LINKED)

/* Records that no file brought have a key of ours too. */
static void find_others(Ctx *c, Judged *j, bool *found) {
    if (!j->set.of->find) return;
    Id *ids = j->set.of->find(c, &j->set);
    for (size_t i = 0; i < j->set.n; i++) {
        if (found[i] || !ids[i].id) continue;
        j->there[i] = ids[i];
        j->unlinked[i] = found[i] = true;
    }
}

/* What a new record must have; one that is there may have it already. */
static void say_missing(Judged *j, size_t row) {
    for (const ImportColumn *k = j->set.of->columns; k->name; k++) {
        if (!(k->flags & IMPORT_REQUIRED) || k->flags & IMPORT_KEY) continue;
        if (j->set.cell[row * j->set.width + (size_t)(k - j->set.of->columns)]) continue;
        bool said = false;
        for (size_t i = 0; i < j->faults.n; i++) {
            const Fault *f = &j->faults.v[i];
            said |= f->row == row && (!f->field || !strcmp(f->field, k->name));
        }
        if (said) continue;
        fault_with(fault_add(&j->faults, row, FAULT_REQUIRED, k->name, "import.required"), "column", k->name);
    }
}

/* Which keys an earlier batch brought: wrong for insert, wanted for update. */
static void keys_there(Ctx *c, const Batch *b, Judged *j) {
    const char *column = import_key_column(j->set.of);
    if (!column) return;
    const char **keys = take_n(c, const char *, j->set.n + 1);
    for (size_t i = 0; i < j->set.n; i++) keys[i] = judged_whole_key(j, i);
    Linkeds l = db_all(c, Linked,
        "select j.row_no, l.entity_id as id, b.batch_no from json_table(?, '$[*]' columns (row_no int path '$[0]', "
        "value varchar(80) path '$[1]')) j straight_join import_link l on l.utility_id=? and l.entity=? "
        "and l.legacy_id=j.value collate utf8mb4_bin straight_join import_batch b on b.id=l.batch_id",
        json_keys(c, keys, j->set.n), c->utility, j->set.of->name);
    bool insert = !strcmp(b->mode, "insert"), update = !strcmp(b->mode, "update");
    bool *found = take_n(c, bool, j->set.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        int row = l.v[i].row_no;
        found[row] = true;
        if (!insert) j->there[row] = l.v[i].id;
        else fault_with(fault_add(&j->faults, (size_t)row, FAULT_THERE, column, "import.there"), "no", l.v[i].batch_no);
    }
    if (insert) return;
    find_others(c, j, found);
    for (size_t i = 0; i < j->set.n; i++) {
        if (!keys[i] || found[i]) continue;
        if (update) fault_add(&j->faults, i, FAULT_UNKNOWN, column, "import.not_there");
        else say_missing(j, i);
    }
}

void judged_check(Ctx *c, const Batch *b, Judged *j) {
    keys_there(c, b, j);
    Part fresh = part_of(c, j, false, false), known = part_of(c, j, true, false);
    if (fresh.set.n && strcmp(b->mode, "update") != 0) {
        Faults f = j->set.of->check(c, &fresh.set);
        add_faults(j, &fresh, &f);
    }
    if (!known.set.n) return;
    Id *ids = take_n(c, Id, known.set.n + 1);
    for (size_t i = 0; i < known.set.n; i++) ids[i] = j->there[known.row[i]];
    const char **changes = take_n(c, const char *, known.set.n + 1);
    Faults f = import_change(c, &known.set, ids, changes, true);
    add_faults(j, &known, &f);
    for (size_t i = 0; i < known.set.n; i++) j->changes[known.row[i]] = changes[i];
}

const char *judged_effect(const Judged *j, size_t row) {
    if (!judged_is_good(j, row)) return NULL;
    return !j->there[row].id ? "new" : j->changes[row] ? "changed" : "unchanged";
}

/* --- rows are stored ---------------------------------------------------------------------------------------------- */

void judged_store(Ctx *c, const Batch *b, Judged *j, Id *ids, bool *changed) {
    keys_there(c, b, j);
    Part fresh = part_of(c, j, false, true), known = part_of(c, j, true, true);
    if (fresh.set.n && strcmp(b->mode, "update") != 0) {
        Id *made = take_n(c, Id, fresh.set.n + 1);
        Faults f = j->set.of->create(c, &fresh.set, made);
        add_faults(j, &fresh, &f);
        for (size_t i = 0; i < fresh.set.n; i++) ids[fresh.row[i]] = made[i], changed[fresh.row[i]] = made[i].id != 0;
    }
    if (!known.set.n) return;
    Id *theirs = take_n(c, Id, known.set.n + 1);
    const char **changes = take_n(c, const char *, known.set.n + 1);
    for (size_t i = 0; i < known.set.n; i++) theirs[i] = j->there[known.row[i]];
    Faults f = import_change(c, &known.set, theirs, changes, false);
    add_faults(j, &known, &f);
    for (size_t i = 0; i < known.set.n; i++) {
        size_t row = known.row[i];
        j->changes[row] = changes[i];
        changed[row] = changes[i] != NULL;
        if (judged_is_good(j, row)) ids[row] = theirs[i];
    }
}

/* --- what is wrong, as JSON --------------------------------------------------------------------------------------- */

const char *judged_messages(Ctx *c, const Judged *j, size_t row) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    size_t many = 0;
    json_open_list(&o, NULL);
    for (size_t i = 0; i < j->faults.n; i++) {
        const Fault *f = &j->faults.v[i];
        if (f->row != row) continue;
        many++;
        int column = f->field ? import_column(j->set.of, f->field) : -1;
        bool spaces = f->kind == FAULT_SUSPECT && !strcmp(f->key, "import.squeezed");
        json_open_object(&o, NULL);
        json_add_text(&o, "code", spaces ? "W02" : fault_code(f->kind));
        json_add_text(&o, "column", f->field);
        json_add_text(&o, "text", fault_text(&c->mem, "en", f));
        json_add_text(&o, "value", column < 0 ? NULL : j->raw[row * j->set.width + (size_t)column]);
        json_close(&o);
    }
    json_close(&o);
    return many ? t.s : NULL;
}
