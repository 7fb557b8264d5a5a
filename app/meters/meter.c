/*
 * Meters as other modules see them (MX01US02).
 */
#include "app/meters/meters.h"
#include "lib/db.h"

#define METER_ROW(F, T) F(T, Id, id) F(T, Id, connection) F(T, Id, premise) F(T, Id, installation) \
    F(T, const char *, meter_no) F(T, const char *, serial_no) F(T, const char *, status) \
    F(T, const char *, read_type) \
    F(T, const char *, model) F(T, const char *, size) F(T, const char *, unit) F(T, Date, installed_on)
ROW(MeterRow, METER_ROW)

#define METER_SELECT "select m.id, i.service_connection_id as connection, i.premise_id as premise, i.id " \
                     "as installation, m.meter_no, m.serial_no, m.status, m.read_type, o.name as model, " \
                     "o.size, s.unit, i.installed_on " \
    "from meter m join meter_model o on o.id=m.meter_model_id left join meter_installation i on i.meter_id=m.id " \
    "and i.open_flag=1 left join utility_service s on s.utility_id=m.utility_id and s.code=m.service_code "

static const Meter *meter_of(Ctx *c, const MeterRow *r) {
    if (!r) return NULL;
    Meter *m = take(c, sizeof *m);
    *m = (Meter){ r->id, r->connection, r->premise, r->installation, r->meter_no, r->serial_no, r->status, r->read_type,
                  r->model, r->size, r->unit, r->installed_on };
    return m;
}

const Meter *meter_find(Ctx *c, const char *meter_no) {
    return meter_of(c, db_find(c, MeterRow, METER_SELECT "where m.utility_id=? and m.meter_no=?", c->utility,
                               meter_no));
}

const Meter *meter_get(Ctx *c, Id meter) {
    const Meter *m = meter_of(c, db_find(c, MeterRow, METER_SELECT "where m.id=? and m.utility_id=?", meter,
                                         c->utility));
    if (!m) fail(c, NOT_FOUND, "There is no such meter.");
    return m;
}

const Meter *meter_of_connection(Ctx *c, Id connection) {
    return meter_of(c, db_find(c, MeterRow, METER_SELECT "where i.service_connection_id=? and i.role='main'",
                               connection));
}
