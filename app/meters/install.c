/*
 * Meters are installed, removed and exchanged (MX01US02): the installation, its first and last readings, the meter's
 * state, the connection's meter, events. Stock movements come with the story of the inventory; until then the meter's
 * store says where it is.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/meters/reading.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

static Id by(Ctx *c) { return c->realm == REALM_STAFF ? c->user : (Id){ 0 }; }

typedef struct { Time at; Date on; } When;

static When when_of(Ctx *c, Time at, Date on) {
    if (at.us && time_is_set(at)) return (When){ at, local_day(c, at) };
    if (on.day && date_is_set(on)) return (When){ day_end(c, on), on };
    return (When){ c->now, local_day(c, c->now) };
}

static void status_set(Ctx *c, Id meter, const char *no, const char *from, const char *to, Id store, const char *reason,
                       Id order) {
    db_run(c, "update meter set status=?, store_id=?, reserved_application_id=null, updated_at=?, updated_by=?, "
              "row_version=row_version+1 "
              "where id=?", to, store, c->now, by(c), meter);
    db_run(c, "insert into meter_event (utility_id, meter_id, from_status, to_status, at, by_id, "
              "reason, service_order_id) "
              "values (?,?,?,?,?,?,left(?, 200),?)", c->utility, meter, from, to, c->now, by(c), reason, order);
    audit_write(c, &(Audit){ .action = to, .entity = "meter", .id = meter, .number = no,
                             .version = db_int(c, "select row_version from meter where id=?", meter),
                             .before = json_pairs(c, "status", from, NULL), .after = json_pairs(c, "status", to, NULL),
                             .reason = reason });
    event_emit(c, &(Event){ .name = "meter.status_changed", .entity = "meter", .id = meter, .number = no,
                            .payload = json_pairs(c, "meter_id", text(c, "%lld", (long long)meter.id), "from", from,
                                                  "to", to, NULL) });
}

/* --- installing --------------------------------------------------------------------------------------------------- */

#define KNOWN(F, T) F(T, const char *, meter_no) F(T, const char *, meter_status) F(T, const char *, meter_service) \
    F(T, const char *, stands_at) F(T, Date, since) F(T, Date, failed_on) F(T, bool, is_test_overdue) \
        F(T, bool, is_lot_open) \
    F(T, Date, free_from) F(T, int, registers) F(T, const char *, connection_no) F(T, const char *, connection_status) \
    F(T, const char *, connection_service) F(T, const char *, premise_no) F(T, const char *, measured_by) \
        F(T, Id, premise)
ROW(Known, KNOWN)

static Known *known_of(Ctx *c, const Install *i, const char *role) {
    return db_one(c, Known, "select m.meter_no, m.status as meter_status, m.service_code as meter_service, "
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
        "where x.service_connection_id=s.id and x.role=? "
        "and x.open_flag=1 limit 1) as measured_by, s.premise_id as premise "
        "from (select 1) one left join meter m on m.id=? and m.utility_id=? left join meter_lot l on l.id=m.lot_id "
        "left join service_connection s on s.id=? and s.utility_id=? left join premise p on p.id=s.premise_id",
        utility_today(c), role, i->meter, c->utility, i->connection, c->utility);
}

/* The opening reading of the only register may be given without its code. */
static ReadingValue *values_of(Ctx *c, const Install *i, int *n) {
    ReadingValue *v = take_n(c, ReadingValue, (size_t)i->n + 1);
    for (int k = 0; k < i->n; k++) v[k] = i->values[k];
    if (!i->n) v[0] = (ReadingValue){ NULL, true, i->initial };
    *n = i->n ? i->n : 1;
    return v;
}

static Faults check_one(Ctx *c, const Install *i, size_t row, const Known *k, When when) {
    Faults all = faults_start(c);
    InstallKnown f = {
        .meter_no = k->meter_no, .meter_status = k->meter_status, .meter_service = k->meter_service,
        .stands_at = k->stands_at,
        .since = k->stands_at ? locale_date(&c->mem, c->locale, k->since) : NULL,
        .failed_test_on = date_is_set(k->failed_on) ? locale_date(&c->mem, c->locale, k->failed_on) : NULL,
        .is_test_overdue = k->is_test_overdue, .is_lot_open = k->is_lot_open, .free_from = k->free_from,
        .connection_no = k->connection_no, .connection_status = k->connection_status,
        .connection_service = k->connection_service,
        .premise_no = k->premise_no, .measured_by = k->measured_by, .on = when.on, .today = utility_today(c),
        .role = i->role,
        .is_go_live = i->is_go_live, .registers = k->registers, .values = i->n ? i->n : 1,
        .multiplier_e6 = i->multiplier_e6 ? i->multiplier_e6 : 1000000, .location_note = i->location_note };
    install_faults(&all, row, &f);
    return all;
}

static const char *degrees(Ctx *c, bool has, int32_t e6) {
    int32_t whole = e6 < 0 ? -e6 : e6;
    return has ? text(c, "%s%d.%06d", e6 < 0 ? "-" : "", whole / 1000000, whole % 1000000) : NULL;
}

static const char *installation_json(Ctx *c, Id meter, Id installation, Id connection, Id reading, Time at) {
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

static Id put_in(Ctx *c, const Install *i, const Known *k, When when) {
    const char *role = i->role ? i->role : "main";
    Id installation = db_insert(c, "insert into meter_installation (utility_id, meter_id, service_connection_id, "
                                   "premise_id, role, installed_at, "
        "installed_on, multiplier_e6, location_note, lat, lng, service_order_id, created_by, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, i->meter, i->connection, k->premise, role, when.at, when.on, i->multiplier_e6 ? i->multiplier_e6
            : 1000000,
        i->location_note, degrees(c, i->has_place, i->lat_e6), degrees(c, i->has_place, i->lng_e6), i->service_order,
            by(c), by(c));
    int n;
    ReadingValue *values = values_of(c, i, &n);
    Submitted s = reading_submit(c, &(NewReading){ .meter = i->meter, .kind = "opening", .source = i->service_order.id
                                                   ? "order" : "manual",
        .values = values, .n = n, .read_at = when.at, .status_code = "NORMAL", .service_order = i->service_order });
    db_run(c, "update meter_installation set initial_reading_id=? where id=?", s.reading, installation);
    for (const char *const *seal = i->seals; seal && *seal; seal++)
        db_run(c, "insert into meter_seal (utility_id, meter_id, seal_no, fixed_at, fixed_by) values (?,?,?,?,?)",
               c->utility, i->meter,
               *seal, when.at, by(c));
    status_set(c, i->meter, k->meter_no, k->meter_status, "installed", (Id){ 0 }, NULL, i->service_order);
    audit_write(c, &(Audit){ .action = "create", .entity = "meter_installation", .id = installation,
                             .number = k->meter_no, .version = 1,
                             .after = json_pairs(c, "connection", k->connection_no, "premise", k->premise_no, NULL) });
    if (!strcmp(role, "main")) connection_meter(c, i->connection, i->meter);
    event_emit(c, &(Event){ .name = "meter_installation.created", .entity = "meter_installation", .id = installation,
                            .number = k->meter_no,
                            .payload = installation_json(c, i->meter, installation, i->connection, s.reading,
                                                         when.at) });
    return installation;
}

Faults meters_install(Ctx *c, const Install *v, size_t n, Id *installations) {
    Faults all = faults_start(c);
    for (size_t i = 0; i < n; i++) {
        When when = when_of(c, v[i].at, v[i].on);
        const Known *k = known_of(c, &v[i], v[i].role ? v[i].role : "main");
        Faults own = check_one(c, &v[i], i, k, when);
        for (size_t f = 0; f < own.n; f++) *fault_add(&all, i, own.v[f].kind, NULL, NULL) = own.v[f];
        installations[i] = fault_of_row(&own, i) ? (Id){ 0 } : put_in(c, &v[i], k, when);
    }
    return all;
}

static void lock_both(Ctx *c, Id meter, Id connection) {
    db_run(c, "select id from service_connection where id=? for update", connection);
    db_run(c, "select id from meter where id=? for update", meter);
}

Id meter_install(Ctx *c, const Install *i) {
    lock_both(c, i->meter, i->connection);
    When when = when_of(c, i->at, i->on);
    const Known *k = known_of(c, i, i->role ? i->role : "main");
    Faults all = check_one(c, i, 0, k, when);
    faults_end(c, &all, true);
    return put_in(c, i, k, when);
}

/* --- removing ----------------------------------------------------------------------------------------------------- */

#define PLACED(F, T) F(T, Id, id) F(T, Id, connection) F(T, Id, reading) F(T, const char *, meter_no) \
    F(T, const char *, status) \
    F(T, const char *, role) F(T, Date, read_on) F(T, Time, read_at) F(T, int, row_version)
ROW(Placed, PLACED)

static const Placed *placed(Ctx *c, Id meter) {
    Placed *p = db_find(c, Placed, "select i.id, i.service_connection_id as connection, r.id as reading, "
                                   "m.meter_no, m.status, i.role, "
        "r.read_on, r.read_at, i.row_version from meter m "
        "left join meter_installation i on i.meter_id=m.id and i.open_flag=1 "
        "left join meter_reading r on r.id=(select x.id from meter_reading x "
        "where x.installation_id=i.id and x.status='passed' "
        "and x.type<>'check' order by x.read_at desc limit 1) where m.id=? and m.utility_id=? for update", meter,
            c->utility);
    if (!p) fail(c, NOT_FOUND, "There is no such meter.");
    if (!p->id.id)
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "meters.remove.not_installed", { "no", p->meter_no }));
    return p;
}

static const char *next_status(Ctx *c, const char *condition) {
    static const char *const words[][2] = { { "reusable", "in_store" }, { "test", "in_test" },
                                            { "scrap", "scrapped" } };
    for (int i = 0; i < 3; i++)
        if (!condition || !strcmp(words[i][0], condition)) return words[i][1];
    fail_field(c, INVALID, "condition", "%s", msg(c->language, "meters.remove.condition"));
}

/* The last index: read, or estimated when nobody could. */
static Id final_reading(Ctx *c, const Removal *r, const Placed *p, When when) {
    ReadingValue only = { NULL, true, r->final };
    if (r->n || r->has_final) {
        NewReading n = { .meter = r->meter, .kind = "final", .source = r->service_order.id ? "order" : "manual",
                         .read_at = when.at,
                         .values = r->n ? r->values : &only, .n = r->n ? r->n : 1, .status_code = "NORMAL",
                         .service_order = r->service_order };
        return reading_submit(c, &n).reading;
    }
    Estimate e = mx_estimate(c, p->connection, (Id){ 0 }, when.on, true);
    if (!e.is_known) fail_field(c, INVALID, "value", "%s", msg(c->language, "meters.remove.no_estimate"));
    return e.reading;
}

static void take_out(Ctx *c, const Removal *r, const Placed *p, When when) {
    const char *to = next_status(c, r->condition);
    if (!r->reason || !*r->reason) fail_field(c, INVALID, "reason", "%s", msg(c->language, "meters.remove.reason"));
    if (r->store.id && !db_int(c, "select count(*) from store where id=? and utility_id=?", r->store, c->utility))
        fail_field(c, INVALID, "store", "%s", msg(c->language, "meters.remove.store_unknown"));
    if (p->reading.id && time_compare(when.at, p->read_at) < 0) {
        const char *date = locale_date(&c->mem, c->locale, p->read_on);
        fail_field(c, INVALID, "removed_on", "%s", msg_format(c, c->language, "meters.remove.before_reading",
            { "no", p->meter_no }, { "date", date }));
    }
    Id reading = final_reading(c, r, p, when);
    db_run(c, "update meter_installation set removed_at=?, removed_on=?, removal_reason=left(?, 40), "
              "final_reading_id=?, updated_at=?, "
              "updated_by=?, row_version=row_version+1 where id=?", when.at, when.on, r->reason, reading, c->now, by(c),
                  p->id);
    audit_write(c, &(Audit){ .action = "remove", .entity = "meter_installation", .id = p->id, .number = p->meter_no,
                             .version = p->row_version + 1,
                             .after = json_pairs(c, "removed_on", date_iso(&c->mem, when.on), NULL),
                             .reason = r->reason });
    db_run(c, "update meter_seal set removed_at=?, removed_by=?, reason=left(?, 120) "
              "where meter_id=? and removed_at is null", when.at, by(c),
           r->reason, r->meter);
    status_set(c, r->meter, p->meter_no, p->status, "removed", (Id){ 0 }, r->reason, r->service_order);
    if (r->store.id || strcmp(to, "in_store") != 0)
        status_set(c, r->meter, p->meter_no, "removed", to, r->store, r->reason, r->service_order);
    if (!strcmp(p->role, "main")) connection_meter(c, p->connection, (Id){ 0 });
    event_emit(c, &(Event){ .name = "meter_installation.removed", .entity = "meter_installation", .id = p->id,
                            .number = p->meter_no,
                            .payload = installation_json(c, r->meter, p->id, p->connection, reading, when.at) });
}

void meter_remove(Ctx *c, const Removal *r) { take_out(c, r, placed(c, r->meter), when_of(c, r->at, r->on)); }

Id meter_replace(Ctx *c, const Removal *out, const Install *in) {
    const Placed *p = placed(c, out->meter);
    When when = when_of(c, out->at, out->on);
    take_out(c, out, p, when);
    Install next = *in;
    next.connection = p->connection, next.role = p->role, next.at = when.at, next.on = when.on;
    Id installation = meter_install(c, &next);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "meter_id", out->meter.id);
    json_add_int(&o, "new_meter_id", in->meter.id);
    json_add_int(&o, "installation_id", installation.id);
    json_add_int(&o, "service_connection_id", p->connection.id);
    json_add_text(&o, "at", time_iso(&c->mem, when.at));
    json_close(&o);
    event_emit(c, &(Event){ .name = "meter.replaced", .entity = "meter", .id = out->meter, .number = p->meter_no,
                            .payload = t.s });
    return installation;
}

/* --- stock for an application ------------------------------------------------------------------------------------- */

Id meter_reserve(Ctx *c, Id application, Id model, const char *meter_no) {
    Id there = db_id(c, "select id from meter where utility_id=? and reserved_application_id=?", c->utility,
                     application);
    if (there.id) return there;
    Id meter = db_id(c, "select id from meter where utility_id=? and status in ('in_store', 'issued') "
                        "and reserved_application_id is null "
                        "and (? is null or meter_no=?) and (? is null or meter_model_id=?) "
                        "order by status='issued', id limit 1 for update",
                     c->utility, meter_no, meter_no, model, model);
    if (!meter.id) fail(c, CONFLICT, "%s", msg(c->language, "meters.reserve.none"));
    db_run(c, "update meter set reserved_application_id=? where id=?", application, meter);
    return meter;
}

void meter_release(Ctx *c, Id application) {
    db_run(c, "update meter set reserved_application_id=null where utility_id=? and reserved_application_id=?",
           c->utility, application);
}
