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
    { "name",           IMPORT_TEXT, IMPORT_REQUIRED, 80, .example = "Pearl District 1", .also = "route_name" },
    { "kind",           IMPORT_TEXT, .values = "manual photo smart", .example = "manual", .also = "type" },
    { "service",        IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 4, .example = "WA" },
    { "sub_area_codes", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 1000, .example = "DTN-PRL",
      .also = "sub_area sub_area_code areas", .guide = "Codes of sub-areas, separated by blanks" },
    { "meter_serials",  IMPORT_TEXT, .max = 10000, .example = "W1000234 W1000235", .also = "meters stops",
      .guide = "Serial numbers in the order of the way, separated by blanks" },
    { "travel_mode",    IMPORT_TEXT, .values = "walk drive", .example = "walk", .also = "travel" },
    { 0 } };

typedef struct Names { const char **v; size_t n; } Names;

static Names names_of(Ctx *c, const char *list) {
    Names l = { take_n(c, const char *, NAMES_MAX + 1), 0 };
    for (char *s = list ? text_copy(c, list) : NULL, *one; s && (one = strsep(&s, " ,;"));)
        if (*one && l.n < NAMES_MAX) l.v[l.n++] = one;
    return l;
}

typedef struct RouteRow { Id *areas, *meters; size_t areas_n, meters_n; } RouteRow;

static void unknown(Faults *to, size_t i, const char *column, const char *value) {
    fault_with(fault_add(to, i, FAULT_UNKNOWN, column, "import.unknown"), "value", value);
}

static void read_areas(Ctx *c, Faults *to, const ImportSet *s, size_t i, RouteRow *row) {
    Names l = names_of(c, import_text(s, i, "sub_area_codes"));
    row->areas = take_n(c, Id, l.n + 1);
    for (size_t k = 0; k < l.n; k++) {
        Id area = db_id(c, "select id from service_area where utility_id = ? and code = ? and level = 'sub_area' "
                           "and status = 'active'", c->utility, l.v[k]);
        if (!area.id) unknown(to, i, "sub_area_codes", l.v[k]);
        row->areas[row->areas_n++] = area;
    }
}

/* A meter is on one route: neither on another one nor twice in the file. */
static void read_meters(Ctx *c, Faults *to, const ImportSet *s, size_t i, RouteRow *row) {
    Names l = names_of(c, import_text(s, i, "meter_serials"));
    row->meters = take_n(c, Id, l.n + 1);
    for (size_t k = 0; k < l.n; k++) {
        Id meter = import_find(c, "meter", l.v[k]);
        if (!meter.id)
            meter = db_id(c, "select id from meter where utility_id = ? and serial_no = ? limit 1", c->utility, l.v[k]);
        if (!meter.id) unknown(to, i, "meter_serials", l.v[k]);
        else if (db_int(c, "select exists (select 1 from route_stop where meter_id = ? and active = 1)", meter))
            fault_with(fault_add(to, i, FAULT_RULE, "meter_serials", "import.route_meter"), "no", l.v[k]);
        row->meters[row->meters_n++] = meter;
    }
}

static bool has_meter(const RouteRow *row, size_t n, Id meter) {
    for (size_t k = 0; k < n; k++)
        if (row->meters[k].id == meter.id) return true;
    return false;
}

static void meters_once(Ctx *c, Faults *to, const RouteRow *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rows[i].meters_n; k++) {
            Id meter = rows[i].meters[k];
            bool again = meter.id && has_meter(&rows[i], k, meter);
            for (size_t j = 0; meter.id && !again && j < i; j++) again = has_meter(&rows[j], rows[j].meters_n, meter);
            if (again)
                fault_with(fault_add(to, i, FAULT_RULE, "meter_serials", "import.route_meter"), "no",
                           db_text(c, "select serial_no from meter where id = ?", meter));
        }
}

static RouteRow *routes_of(Ctx *c, const ImportSet *s, Faults *to) {
    RouteRow *rows = take_n(c, RouteRow, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        const char *code = import_text(s, i, "code"), *service = import_text(s, i, "service");
        if (code && (strlen(code) < 2 || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(code)))
            fault_add(to, i, FAULT_RULE, "code", "import.area_code");
        if (code && db_int(c, "select exists (select 1 from route where utility_id = ? and code = ?)", c->utility,
                           code))
            fault_with(fault_add(to, i, FAULT_THERE, "code", "import.area_there"), "no", code);
        if (service && !db_int(c, "select exists (select 1 from utility_service where utility_id = ? and code = ? and "
                                  "active = 1 and metered = 1)", c->utility, service))
            unknown(to, i, "service", service);
        read_areas(c, to, s, i, &rows[i]);
        read_meters(c, to, s, i, &rows[i]);
    }
    meters_once(c, to, rows, s->n);
    return rows;
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    routes_of(c, s, &to);
    return to;
}

static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    RouteRow *rows = routes_of(c, s, &to);
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
                           import_text(s, i, "service"), json_ids(c, rows[i].areas, rows[i].areas_n),
                           travel ? travel : "walk", c->user, c->user);
        DbBulk *stops = db_bulk(c, "insert into route_stop (route_id, meter_id, sequence) values (?,?,?)");
        for (size_t k = 0; k < rows[i].meters_n; k++) db_bulk_add(stops, ids[i], rows[i].meters[k], (int)k + 1);
        db_bulk_end(stops);
        audits[n++] = (Audit){ .action = "create", .entity = "route", .id = ids[i], .number = code, .version = 1,
                               .after = json_pairs(c, "name", import_text(s, i, "name"), "sub_areas",
                                                   import_text(s, i, "sub_area_codes"), NULL) };
    }
    audits_write(c, audits, n);
    setup_step_touch(c, "meter_settings");
    return to;
}

static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, concat('Is in read cycle ', min(k.cycle_no), '.') as why from json_table(?, '$[*]' columns "
        "(row_no for ordinality, id bigint path '$')) j straight_join read_cycle_route x on x.route_id = j.id "
        "straight_join read_cycle k on k.id = x.read_cycle_id group by j.row_no", all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays,
        "select j.row_no, 'Was edited since.' as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join route t on t.id = j.id where t.row_version > 1", all);
    import_keep_why(&l, why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c, "delete from route_stop where route_id in (select j.id from json_table(?, '$[*]' columns (id bigint path "
              "'$')) j)", gone);
    db_run(c, "delete from route where id in (select j.id from json_table(?, '$[*]' columns (id bigint path '$')) j)",
           gone);
    import_note_gone(c, "route", ids, n, why);
}

const ImportEntity route_import = { .name = "route", .order = 11, .key = "mx.route", .columns = columns,
                                    .check = check, .create = bring, .revert = revert };
