/*
 * Meters are removed and exchanged (MX01US02), and kept for an application: the end of an installation with its final
 * reading, the meter's next state, events. Also when things happen, and states of meters, for installing.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/meters/place.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

Id staff_id(const Ctx *c) { return c->realm == REALM_STAFF ? c->user : (Id){ 0 }; }

When when_of(Ctx *c, Time at, Date on) {
    if (at.us && time_is_set(at)) return (When){ at, local_day(c, at) };
    if (on.day && date_is_set(on)) return (When){ day_end(c, on), on };
    return (When){ c->now, local_day(c, c->now) };
}

/* --- states ------------------------------------------------------------------------------------------------------- */

#define VERSIONED(F, T) F(T, Id, id) F(T, int, row_version)
ROW(Version, VERSIONED)

static int version_of(const Versions *l, Id meter) {
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].id.id == meter.id) return l->v[i].row_version;
    return 0;
}

void meters_move(Ctx *c, const MeterMove *v, size_t n) {
    if (!n) return;
    Id by = staff_id(c), *ids = take_n(c, Id, n + 1);
    Event *events = take_n(c, Event, n + 1);
    Audit *audits = take_n(c, Audit, n + 1);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    DbBulk *event = db_bulk(c, "insert into meter_event (utility_id, meter_id, from_status, to_status, at, by_id, "
                               "reason, service_order_id) "
                               "values (?,?,?,?,?,?,left(?, 200),?)");
    for (size_t i = 0; i < n; i++) {
        ids[i] = v[i].meter;
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, v[i].meter.id);
        json_add_text(&o, NULL, v[i].to);
        json_add_int(&o, NULL, v[i].store.id);
        json_close(&o);
        db_bulk_add(event, c->utility, v[i].meter, v[i].from, v[i].to, c->now, by, v[i].reason, v[i].service_order);
        const char *payload = json_pairs(c, "meter_id", text(c, "%lld", (long long)v[i].meter.id), "from", v[i].from,
                                         "to", v[i].to, NULL);
        events[i] = (Event){ .name = "meter.status_changed", .entity = "meter", .id = v[i].meter, .number = v[i].no,
                             .payload = payload };
    }
    json_close(&o);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', status varchar(32) path '$[1]', store "
              "bigint path '$[2]')) j straight_join meter m on m.id=j.id set m.status=j.status, "
              "m.store_id=nullif(j.store, 0), m.reserved_application_id=null, m.updated_at=?, m.updated_by=?, "
              "m.row_version=m.row_version+1", t.s, c->now, by);
    db_bulk_end(event);
    Versions l = db_all(c, Version, "select m.id, m.row_version "
                                    "from json_table(?, '$[*]' columns (id bigint path '$')) j "
                                    "straight_join meter m on m.id=j.id", json_ids(c, ids, n));
    bool alike = n > 1;
    for (size_t i = 0; i < n; i++) {
        audits[i] = (Audit){ .action = v[i].to, .entity = "meter", .id = v[i].meter, .number = v[i].no,
                             .version = version_of(&l, v[i].meter),
                             .before = json_pairs(c, "status", v[i].from, NULL),
                             .after = json_pairs(c, "status", v[i].to, NULL), .reason = v[i].reason };
        alike = alike && !strcmp(v[i].to, v[0].to);
    }
    if (alike) audits_write(c, audits, n);
    for (size_t i = 0; i < n && !alike; i++) audit_write(c, &audits[i]);
    events_emit(c, events, n);
}

/* --- removing ----------------------------------------------------------------------------------------------------- */

#define PLACED(F, T) F(T, Id, id) F(T, Id, connection) F(T, Id, reading) F(T, const char *, meter_no) \
    F(T, const char *, status) \
    F(T, const char *, role) F(T, Date, read_on) F(T, Time, read_at) F(T, int, row_version)
ROW(Placed, PLACED)

static const Placed *placed(Ctx *c, Id meter) {
    Placed *p = db_find(c, Placed,
        "select i.id, i.service_connection_id as connection, r.id as reading, m.meter_no, m.status, i.role, "
        "r.read_on, r.read_at, i.row_version from meter m left join meter_installation i on i.meter_id=m.id "
        "and i.open_flag=1 left join meter_reading r on r.id=(select x.id from meter_reading x "
        "where x.installation_id=i.id and x.status='passed' and x.type<>'check' order by x.read_at desc "
        "limit 1) where m.id=? and m.utility_id=? for update",
        meter, c->utility);
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
    db_run(c,
        "update meter_installation set removed_at=?, removed_on=?, removal_reason=left(?, 40), final_reading_id=?, "
        "updated_at=?, updated_by=?, row_version=row_version+1 where id=?",
        when.at, when.on, r->reason, reading, c->now, staff_id(c), p->id);
    audit_write(c, &(Audit){ .action = "remove", .entity = "meter_installation", .id = p->id, .number = p->meter_no,
                             .version = p->row_version + 1,
                             .after = json_pairs(c, "removed_on", date_iso(&c->mem, when.on), NULL),
                             .reason = r->reason });
    db_run(c, "update meter_seal set removed_at=?, removed_by=?, reason=left(?, 120) "
              "where meter_id=? and removed_at is null", when.at, staff_id(c),
           r->reason, r->meter);
    meters_move(c, &(MeterMove){ r->meter, p->meter_no, p->status, "removed", r->reason, { 0 }, r->service_order }, 1);
    if (r->store.id || strcmp(to, "in_store") != 0)
        meters_move(c, &(MeterMove){ r->meter, p->meter_no, "removed", to, r->reason, r->store, r->service_order }, 1);
    if (!strcmp(p->role, "main")) connections_meter(c, &(ConnectionMeter){ p->connection, { 0 }, NULL }, 1);
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
