/*
 * Reading routes of other systems as rows of ours (ONB04US01): the ground of each, and the meters on it in the order in
 * which they are read.
 */
#include <string.h>

#include "app/core/import.h"
#include "app/meters/pages.h"
#include "lib/db.h"
#include "lib/json.h"

enum { NAMES_MAX = 1000 };      /* areas or meters of one route */

static const ImportColumn columns[] = {
    { "code",           IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY | IMPORT_UPPER, 20, .example = "RT-PRL-01",
      .also = "route route_code route_no" },
    { "name",           IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 80, .example = "Pearl District 1",
      .also = "route_name" },
    { "kind",           IMPORT_TEXT, .values = "manual photo smart", .example = "manual", .also = "type" },
    { "service",        IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 4, .example = "WA" },
    { "sub_area_codes", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER | IMPORT_LIVES | IMPORT_WORDS, 1000,
      .example = "DTN-PRL",
      .also = "sub_area sub_area_code areas", .guide = "Codes of sub-areas, separated by blanks" },
    { "meter_serials",  IMPORT_TEXT, .flags = IMPORT_LIVES | IMPORT_WORDS, .max = 10000,
      .example = "W1000234 W1000235", .also = "meters stops",
      .guide = "Serial numbers in the order of the way, separated by blanks" },
    { "travel_mode",    IMPORT_TEXT, .flags = IMPORT_CHANGES, .values = "walk drive", .example = "walk",
      .also = "travel" },
    { 0 } };

/* The words of a column of all rows, one after the other: those of row i from first[i] up to first[i + 1]. */
typedef struct Words { const char **v; Id *id; size_t *first, n; } Words;

static Words words_of(Ctx *c, const ImportSet *s, const char *column) {
    Words w = { .first = take_n(c, size_t, s->n + 1) };
    size_t room = 0;
    for (size_t i = 0; i < s->n; i++) {
        w.first[i] = w.n;
        size_t most = w.n + NAMES_MAX;
        for (char *rest = text_copy(c, import_text(s, i, column)), *one; rest && (one = strsep(&rest, " ,;"));) {
            if (!*one || w.n == most) continue;
            if (w.n == room) w.v = arena_room(&c->mem, w.v, w.n, &room, sizeof *w.v);
            w.v[w.n++] = one;
        }
    }
    w.first[s->n] = w.n;
    w.id = take_n(c, Id, w.n + 1);
    return w;
}

#define NAMED(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Named, NAMED)

static void found(Words *w, const Nameds *l) {
    for (size_t i = 0; i < l->n; i++)
        if (!w->id[l->v[i].row_no].id) w->id[l->v[i].row_no] = l->v[i].id;
}

#define WORD "json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(80) path '$[1]')) j straight_join "

static void unknown(Faults *to, size_t i, const char *column, const char *value) {
    fault_with(fault_add(to, i, FAULT_UNKNOWN, column, "import.unknown"), "value", value);
}

static void say_unknown(Faults *to, const ImportSet *s, const char *column, const Words *w) {
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = w->first[i]; k < w->first[i + 1]; k++)
            if (!w->id[k].id) unknown(to, i, column, w->v[k]);
}

static Words areas_of(Ctx *c, Faults *to, const ImportSet *s) {
    Words w = words_of(c, s, "sub_area_codes");
    Nameds l = db_all(c, Named, "select j.row_no, a.id from " WORD "service_area a on a.utility_id = ? and a.code = "
                                "j.value collate utf8mb4_bin and a.level = 'sub_area' and a.status = 'active'",
                      json_keys(c, w.v, w.n), c->utility);
    found(&w, &l);
    say_unknown(to, s, "sub_area_codes", &w);
    return w;
}

static void on_route(Faults *to, size_t i, const char *serial) {
    fault_with(fault_add(to, i, FAULT_RULE, "meter_serials", "import.route_meter"), "no", serial);
}

/* A meter is on one route: neither on another one nor twice in the file. */
static Words meters_of(Ctx *c, Faults *to, const ImportSet *s) {
    Words w = words_of(c, s, "meter_serials");
    const char *all = json_keys(c, w.v, w.n);
    Nameds l = db_all(c, Named, "select j.row_no, k.entity_id as id from " WORD "import_link k on k.utility_id = ? and "
                                "k.entity = 'meter' and k.legacy_id = j.value collate utf8mb4_bin", all, c->utility);
    found(&w, &l);
    l = db_all(c, Named, "select j.row_no, min(m.id) as id from " WORD "meter m on m.utility_id = ? and m.serial_no = "
                         "j.value group by j.row_no", all, c->utility);
    found(&w, &l);
    say_unknown(to, s, "meter_serials", &w);
    bool *taken = take_n(c, bool, w.n + 1);
    l = db_all(c, Named, "select j.row_no - 1 as row_no, j.id from json_table(?, '$[*]' columns (row_no for "
                         "ordinality, id bigint path '$')) j straight_join route_stop x on x.meter_id = j.id and "
                         "x.active = 1", json_ids(c, w.id, w.n));
    for (size_t i = 0; i < l.n; i++) taken[l.v[i].row_no] = true;
    const char **key = take_n(c, const char *, w.n + 1);
    for (size_t k = 0; k < w.n; k++) key[k] = w.id[k].id ? text(c, "%lld", (long long)w.id[k].id) : NULL;
    size_t *first = first_with_key(&c->mem, key, w.n);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = w.first[i]; k < w.first[i + 1]; k++)
            if (taken[k] || (key[k] && first[k] != k)) on_route(to, i, w.v[k]);
    return w;
}

static void codes_check(Ctx *c, Faults *to, const ImportSet *s) {
    const char **key = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        const char *code = key[i] = import_text(s, i, "code");
        if (code && (strlen(code) < 2 || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(code)))
            fault_add(to, i, FAULT_RULE, "code", "import.area_code");
    }
    Nameds l = db_all(c, Named, "select j.row_no, t.id from " WORD "route t on t.utility_id = ? and t.code = j.value "
                                "collate utf8mb4_bin", json_keys(c, key, s->n), c->utility);
    for (size_t i = 0; i < l.n; i++)
        fault_with(fault_add(to, (size_t)l.v[i].row_no, FAULT_THERE, "code", "import.area_there"), "no",
                   key[l.v[i].row_no]);
}

static Id service_metered(Ctx *c, const char *code) {
    return db_id(c, "select id from utility_service where utility_id = ? and code = ? and active = 1 and metered = 1",
                 c->utility, code);
}

typedef struct Routes { Words areas, meters; } Routes;

static Routes routes_of(Ctx *c, const ImportSet *s, Faults *to) {
    codes_check(c, to, s);
    import_unknown(to, s, "service", import_codes(c, s, "service", service_metered));
    return (Routes){ areas_of(c, to, s), meters_of(c, to, s) };
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    routes_of(c, s, &to);
    return to;
}

static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    Routes v = routes_of(c, s, &to);
    DbBulk *stops = db_bulk(c, "insert into route_stop (route_id, meter_id, sequence) values (?,?,?)");
    Audit *audits = take_n(c, Audit, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        const char *code = import_text(s, i, "code"), *kind = import_text(s, i, "kind"),
                   *travel = import_text(s, i, "travel_mode");
        ids[i] = db_insert(c, "insert into route (utility_id, code, name, kind, service_codes, area_ids, travel_mode, "
                              "created_by, updated_by) values (?,?,?,?,json_array(?),?,?,?,?)",
                           c->utility, code, import_text(s, i, "name"), kind ? kind : "manual",
                           import_text(s, i, "service"), json_ids(c, v.areas.id + v.areas.first[i],
                                                                    v.areas.first[i + 1] - v.areas.first[i]),
                           travel ? travel : "walk", c->user, c->user);
        for (size_t k = v.meters.first[i]; k < v.meters.first[i + 1]; k++)
            db_bulk_add(stops, ids[i], v.meters.id[k], (int)(k - v.meters.first[i]) + 1);
        audits[n++] = (Audit){ .action = "create", .entity = "route", .id = ids[i], .number = code, .version = 1,
                               .after = json_pairs(c, "name", import_text(s, i, "name"), "sub_areas",
                                                   import_text(s, i, "sub_area_codes"), NULL) };
    }
    db_bulk_end(stops);
    audits_write(c, audits, n);
    setup_step_touch(c, "meter_settings");
    return to;
}

/* --- routes that are there ---------------------------------------------------------------------------------------- */

static Id route_find(Ctx *c, const char *code) {
    return db_id(c, "select id from route where utility_id = ? and code = ?", c->utility, code);
}

static Id *find(Ctx *c, const ImportSet *s) { return import_codes(c, s, "code", route_find); }

static ImportTheres stand(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, t.row_version as version, t.code as number, null as refusal, "
        "json_object('name', t.name, 'kind', t.kind, 'service', json_value(t.service_codes, '$[0]'), 'travel_mode', "
        "t.travel_mode, 'sub_area_codes', (select group_concat(a.code order by v.place separator ' ') from "
        "json_table(t.area_ids, '$[*]' columns (place for ordinality, id bigint path '$')) v join service_area a "
        "on a.id = v.id), 'meter_serials', (select group_concat(m.serial_no order by x.sequence separator ' ') "
        "from route_stop x join meter m on m.id = x.meter_id where x.route_id = t.id)) as cells from " IMPORT_IDS
        "route t on t.id = j.id", json_ids(c, ids, n));
}

static int64_t change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    DbBulk *b = db_bulk(c, "update route set name = ?, travel_mode = ?, updated_at = ?, updated_by = ?, row_version = "
                           "row_version + 1 where id = ? and row_version = ?");
    for (size_t i = 0; i < s->n; i++)
        db_bulk_add(b, import_text(s, i, "name"), import_text(s, i, "travel_mode"), c->now, c->user, r->id[i],
                    r->version[i]);
    return db_bulk_end(b);
}

static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, concat('Is in read cycle ', min(k.cycle_no), '.') as why from json_table(?, '$[*]' columns "
        "(row_no for ordinality, id bigint path '$')) j straight_join read_cycle_route x on x.route_id = j.id "
        "straight_join read_cycle k on k.id = x.read_cycle_id group by j.row_no", all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, t.row_version as version from " IMPORT_IDS "route t on t.id=j.id where t.row_version>1",
        all);
    import_keep_edited(c, "route", &edited, "Was edited since.", why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join route_stop x on "
              "x.route_id=j.id", gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join route x on "
              "x.id=j.id",
           gone);
    import_note_gone(c, "route", ids, n, why);
}

const ImportEntity route_import = { .name = "route", .order = 11, .key = "mx.route", .columns = columns,
                                    .check = check, .create = bring, .there = stand, .change = change,
                                    .find = find, .revert = revert };
