/*
 * Meters are installed (MX01US02): the installation, its opening readings, the meter's state, the connection's meter,
 * events; one or the rows of a file, in the same statements. Stock movements come with the story of the inventory;
 * until then the meter's store says where it is.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/meters/place.h"
#include "lib/json.h"
#include "lib/locale.h"

/* A row of the set on its way in. */
#define KNOWN(F, T) F(T, int, row_no) F(T, const char *, meter_no) F(T, const char *, meter_status) \
    F(T, const char *, meter_service) \
    F(T, const char *, stands_at) F(T, Date, since) F(T, Date, failed_on) F(T, bool, is_test_overdue) \
        F(T, bool, is_lot_open) \
    F(T, Date, free_from) F(T, int, registers) F(T, const char *, connection_no) F(T, const char *, connection_status) \
    F(T, const char *, connection_service) F(T, const char *, premise_no) F(T, const char *, measured_by) \
        F(T, Id, premise)
ROW(Known, KNOWN)

typedef struct { const Install *i; const Known *known; When when; const char *role; bool is_good; Id id, reading;
                 } Placing;

/* [[row,meter,connection,role], ...] */
static const char *references(Ctx *c, const Placing *v, size_t n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t k = 0; k < n; k++) {
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)k);
        json_add_int(&o, NULL, v[k].i->meter.id);
        json_add_int(&o, NULL, v[k].i->connection.id);
        json_add_text(&o, NULL, v[k].role);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

static void read_known(Ctx *c, Placing *v, size_t n) {
    Knowns l = db_all(c, Known,
                      "select j.row_no, m.meter_no, m.status as meter_status, m.service_code as meter_service, "
        "(select p.premise_no from meter_installation x join premise p on p.id=x.premise_id where x.meter_id=m.id "
        "and x.open_flag=1) as stands_at, "
        "(select x.installed_on from meter_installation x where x.meter_id=m.id and x.open_flag=1) as since, "
        "(select if(t.result='fail', t.test_date, null) from meter_test t where t.meter_id=m.id "
        "order by t.test_date desc, t.id desc limit 1) as failed_on, "
        "coalesce(m.test_due_on<?, 0) as is_test_overdue, coalesce(l.status<>'accepted', 0) as is_lot_open, "
        "(select max(x.removed_on) from meter_installation x where x.meter_id=m.id) as free_from, "
        "(select count(*) from meter_register g where g.meter_id=m.id) as registers, "
        "s.connection_no, s.status as connection_status, s.service_code as connection_service, p.premise_no, "
        "(select y.meter_no from meter_installation x join meter y on y.id=x.meter_id "
        "where x.service_connection_id=s.id "
        "and x.role=j.role collate utf8mb4_unicode_520_ci and x.open_flag=1 "
        "limit 1) as measured_by, s.premise_id as premise "
        "from json_table(?, '$[*]' columns (row_no int path '$[0]', meter bigint path '$[1]', "
        "connection bigint path '$[2]', "
        "role varchar(32) path '$[3]')) j left join meter m on m.id=j.meter and m.utility_id=? "
        "left join meter_lot l on l.id=m.lot_id "
        "left join service_connection s on s.id=j.connection and s.utility_id=? "
        "left join premise p on p.id=s.premise_id "
        "order by j.row_no", utility_today(c), references(c, v, n), c->utility, c->utility);
    for (size_t k = 0; k < l.n; k++) v[l.v[k].row_no].known = &l.v[k];
}

static void check_one(Ctx *c, Faults *to, size_t row, const Placing *p) {
    const Known *k = p->known;
    InstallKnown f = {
        .meter_no = k->meter_no, .meter_status = k->meter_status, .meter_service = k->meter_service,
        .stands_at = k->stands_at,
        .since = k->stands_at ? locale_date(&c->mem, c->locale, k->since) : NULL,
        .failed_test_on = date_is_set(k->failed_on) ? locale_date(&c->mem, c->locale, k->failed_on) : NULL,
        .is_test_overdue = k->is_test_overdue, .is_lot_open = k->is_lot_open, .free_from = k->free_from,
        .connection_no = k->connection_no, .connection_status = k->connection_status,
        .connection_service = k->connection_service,
        .premise_no = k->premise_no, .measured_by = k->measured_by, .on = p->when.on, .today = utility_today(c),
        .role = p->i->role,
        .is_go_live = p->i->is_go_live, .registers = k->registers, .values = p->i->n ? p->i->n : 1,
        .multiplier_e6 = p->i->multiplier_e6 ? p->i->multiplier_e6 : 1000000, .location_note = p->i->location_note };
    install_faults(to, row, &f);
}

/* One meter to one place within the set, too. */
static void twice(Ctx *c, Faults *to, const Placing *v, size_t n) {
    const char **meter = take_n(c, const char *, n + 1), **place = take_n(c, const char *, n + 1);
    for (size_t k = 0; k < n; k++) {
        meter[k] = text(c, "%lld", (long long)v[k].i->meter.id);
        place[k] = text(c, "%lld %s", (long long)v[k].i->connection.id, v[k].role);
    }
    size_t *first_meter = first_with_key(&c->mem, meter, n), *first_place = first_with_key(&c->mem, place, n);
    for (size_t k = 0; k < n; k++) {
        if (first_meter[k] != k) fault_add(to, k, FAULT_TWICE, "meter", "meters.entry.twice");
        if (first_place[k] != k) fault_add(to, k, FAULT_TWICE, "connection", "meters.entry.twice");
    }
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static const char *degrees(Ctx *c, bool has, int32_t e6) {
    int32_t whole = e6 < 0 ? -e6 : e6;
    return has ? text(c, "%s%d.%06d", e6 < 0 ? "-" : "", whole / 1000000, whole % 1000000) : NULL;
}

static void insert_installations(Ctx *c, const Placing *v, size_t n) {
    Id by = staff_id(c);
    DbBulk *b = db_bulk(c,
        "insert into meter_installation (utility_id, meter_id, service_connection_id, premise_id, role, "
        "installed_at, installed_on, multiplier_e6, location_note, lat, lng, service_order_id, created_by, "
        "updated_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t k = 0; k < n; k++) {
        const Install *i = v[k].i;
        if (v[k].is_good)
            db_bulk_add(b, c->utility, i->meter, i->connection, v[k].known->premise, v[k].role, v[k].when.at,
                        v[k].when.on,
                        i->multiplier_e6 ? i->multiplier_e6 : 1000000, i->location_note,
                            degrees(c, i->has_place, i->lat_e6),
                        degrees(c, i->has_place, i->lng_e6), i->service_order, by, by);
    }
    db_bulk_end(b);
}

#define MADE(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Made, MADE)

static void find_made(Ctx *c, Placing *v, size_t n) {
    Mades l = db_all(c, Made, "select j.row_no, i.id from json_table(?, '$[*]' columns (row_no int path '$[0]', "
                              "meter bigint path '$[1]')) j "
                              "straight_join meter_installation i on i.meter_id=j.meter and i.open_flag=1",
                     references(c, v, n));
    for (size_t k = 0; k < l.n; k++)
        if (v[l.v[k].row_no].is_good) v[l.v[k].row_no].id = l.v[k].id;
}

/* The opening reading of the only register may be given without its code. */
static const ReadingValue *values_of(Ctx *c, const Install *i) {
    if (i->n) return i->values;
    ReadingValue *only = take(c, sizeof *only);
    *only = (ReadingValue){ NULL, true, i->initial };
    return only;
}

/* All opening readings at once; a place whose index cannot be one is given up again. */
static void read_openings(Ctx *c, Placing *v, size_t n, Faults *to) {
    NewReading *r = take_n(c, NewReading, n + 1);
    Submitted *s = take_n(c, Submitted, n + 1);
    size_t *row = take_n(c, size_t, n + 1), many = 0;
    for (size_t k = 0; k < n; k++) {
        if (!v[k].is_good) continue;
        row[many] = k;
        r[many++] = (NewReading){ .meter = v[k].i->meter, .kind = "opening", .source = v[k].i->service_order.id
                                  ? "order" : "manual",
                                  .values = values_of(c, v[k].i), .n = v[k].i->n ? v[k].i->n : 1,
                                  .read_at = v[k].when.at,
                                  .status_code = "NORMAL", .service_order = v[k].i->service_order };
    }
    Faults f = readings_submit(c, r, many, s);
    for (size_t k = 0; k < f.n; k++) {
        Fault *one = fault_add(to, row[f.v[k].row], f.v[k].kind, NULL, NULL);
        *one = f.v[k];
        one->row = row[f.v[k].row];
    }
    for (size_t k = 0; k < many; k++) {
        Placing *p = &v[row[k]];
        p->reading = s[k].reading;
        if (p->reading.id) continue;
        db_run(c, "delete from meter_installation where id=?", p->id);
        p->is_good = false;
    }
}

const char *installation_json(Ctx *c, Id meter, Id installation, Id connection, Id reading, Time at) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "meter_id", meter.id);
    json_add_int(&o, "installation_id", installation.id);
    json_add_int(&o, "service_connection_id", connection.id);
    json_open_list(&o, "reading_ids");
    if (reading.id) json_add_int(&o, NULL, reading.id);
    json_close(&o);
    json_add_text(&o, "at", time_iso(&c->mem, at));
    json_close(&o);
    return t.s;
}

static void seal(Ctx *c, const Placing *p) {
    for (const char *const *no = p->i->seals; no && *no; no++)
        db_run(c, "insert into meter_seal (utility_id, meter_id, seal_no, fixed_at, fixed_by) values (?,?,?,?,?)",
               c->utility, p->i->meter,
               *no, p->when.at, staff_id(c));
}

static void tell(Ctx *c, const Placing *v, size_t n) {
    Event *events = take_n(c, Event, n + 1);
    Audit *audits = take_n(c, Audit, n + 1);
    MeterMove *moves = take_n(c, MeterMove, n + 1);
    ConnectionMeter *meters = take_n(c, ConnectionMeter, n + 1);
    Text initial = text_start(c);
    size_t many = 0, main_n = 0;
    for (size_t k = 0; k < n; k++) {
        const Placing *p = &v[k];
        if (!p->is_good) continue;
        const Known *f = p->known;
        text_addf(&initial, "%s[%lld,%lld]", initial.n ? "," : "", (long long)p->id.id, (long long)p->reading.id);
        seal(c, p);
        audits[many] = (Audit){ .action = "create", .entity = "meter_installation", .id = p->id, .number = f->meter_no,
                                .version = 1, .after = json_pairs(c, "connection", f->connection_no, "premise",
                                                                  f->premise_no, NULL) };
        if (!strcmp(p->role, "main"))
            meters[main_n++] = (ConnectionMeter){ p->i->connection, p->i->meter, f->meter_no };
        moves[many] = (MeterMove){ .meter = p->i->meter, .no = f->meter_no, .from = f->meter_status, .to = "installed",
                                   .service_order = p->i->service_order };
        events[many++] = (Event){ .name = "meter_installation.created", .entity = "meter_installation", .id = p->id,
                                  .number = f->meter_no,
                                  .payload = installation_json(c, p->i->meter, p->id, p->i->connection, p->reading,
                                                               p->when.at) };
    }
    if (many)
        db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', reading bigint path '$[1]')) j "
                  "straight_join meter_installation i on i.id=j.id set i.initial_reading_id=nullif(j.reading, 0)",
               text(c, "[%s]", initial.s));
    audits_write(c, audits, many);
    meters_move(c, moves, many);
    connections_meter(c, meters, main_n);
    events_emit(c, events, many);
}

Faults meters_install(Ctx *c, const Install *v, size_t n, Id *installations) {
    Faults all = faults_start(c);
    Placing *p = take_n(c, Placing, n + 1);
    for (size_t k = 0; k < n; k++)
        p[k] = (Placing){ .i = &v[k], .when = when_of(c, v[k].at, v[k].on), .role = v[k].role ? v[k].role : "main" };
    if (n) read_known(c, p, n);
    for (size_t k = 0; k < n; k++) check_one(c, &all, k, &p[k]);
    twice(c, &all, p, n);
    for (size_t k = 0; k < n; k++) p[k].is_good = !fault_of_row(&all, k);
    insert_installations(c, p, n);
    find_made(c, p, n);
    read_openings(c, p, n, &all);
    tell(c, p, n);
    for (size_t k = 0; k < n; k++) installations[k] = p[k].is_good ? p[k].id : (Id){ 0 };
    return all;
}

/* Connection, then meter: whoever installs at the same place at the same moment waits, and finds it taken. */
Id meter_install(Ctx *c, const Install *i) {
    db_run(c, "select id from service_connection where id=? for update", i->connection);
    db_run(c, "select id from meter where id=? for update", i->meter);
    Id installation;
    Faults all = meters_install(c, i, 1, &installation);
    faults_end(c, &all, true);
    return installation;
}
