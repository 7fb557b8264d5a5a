/*
 * Readings and use as others look at them: near a day, by period, and when the next reading is planned (README section
 * 7).
 */
#include <string.h>

#include "app/core/core.h"
#include "app/meters/meters.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

#define NEAR_ROW(F, T) F(T, Id, id) F(T, Id, meter) F(T, Id, register_id) F(T, Id, connection) \
    F(T, const char *, meter_no) \
    F(T, const char *, register_code) F(T, const char *, type) F(T, const char *, source) F(T, const char *, status) \
        F(T, Date, read_on) \
    F(T, bool, has_value) F(T, Reading, value) F(T, Id, document)
ROW(NearRow, NEAR_ROW)

ReadingRows readings_near(Ctx *c, Id connection, Date date, int days) {
    NearRows l = db_all(c, NearRow,
        "select r.id, r.meter_id as meter, r.register_id, r.service_connection_id as connection, m.meter_no, "
        "g.register_code, r.type, r.source, r.status, r.read_on, r.value_e3 is not null as has_value, "
        "coalesce(r.value_e3, 0) as value, r.document_id as document from meter_reading r join meter m "
        "on m.id=r.meter_id join meter_register g on g.id=r.register_id where r.service_connection_id=? "
        "and r.utility_id=? and r.status='passed' and r.read_on between ? and ? "
        "order by abs(datediff(r.read_on, ?)), r.read_at desc, g.register_code",
        connection, c->utility, date_add_days(date, -days), date_add_days(date, days), date);
    ReadingRows all = { take_n(c, ReadingRow, l.n + 1), l.n };
    for (size_t i = 0; i < l.n; i++) {
        const NearRow *r = &l.v[i];
        all.v[i] = (ReadingRow){ .id = r->id, .meter = r->meter, .register_id = r->register_id,
                                 .connection = r->connection,
                                 .meter_no = r->meter_no, .register_code = r->register_code, .type = r->type,
                                 .source = r->source,
                                 .status = r->status, .read_on = r->read_on, .has_value = r->has_value,
                                 .value = r->value,
                                 .document = r->document };
    }
    return all;
}

/* --- consumers' own readings -------------------------------------------------------------------------------------- */

#define ASKED_ROW(F, T) F(T, const char *, register_code) F(T, int, decimals) F(T, Id, last) F(T, Id, sent)
ROW(AskedRow, ASKED_ROW)
#define VALUE_ROW(F, T) F(T, Date, read_on) F(T, Reading, value)
ROW(ValueRow, VALUE_ROW)

static const ValueRow *value_of(Ctx *c, Id reading) {
    return reading.id ? db_find(c, ValueRow, "select read_on, value_e3 as value from meter_reading where id=?", reading)
                      : NULL;
}

AskedRegisters registers_asked(Ctx *c, Id meter, Date day) {
    AskedRows l = db_all(c, AskedRow,
        "select g.register_code, g.decimals, (select r.id from meter_reading r where r.register_id=g.id "
        "and r.status='passed' and r.value_e3 is not null order by r.read_at desc limit 1) as last, "
        "(select r.id from meter_reading r where r.register_id=g.id and r.source='consumer' and r.read_on=? "
        "and r.live_flag=1 and r.value_e3 is not null order by r.id desc limit 1) as sent from meter_register g "
        "where g.meter_id=? and g.utility_id=? and g.is_billed=1 order by g.register_code",
        day, meter, c->utility);
    AskedRegisters all = { take_n(c, AskedRegister, l.n + 1), l.n };
    for (size_t i = 0; i < l.n; i++) {
        const ValueRow *last = value_of(c, l.v[i].last), *sent = value_of(c, l.v[i].sent);
        all.v[i] = (AskedRegister){ .code = l.v[i].register_code, .decimals = l.v[i].decimals, .has_last = last != NULL,
                                    .last_on = last ? last->read_on : DATE_NONE, .is_sent = sent != NULL };
        if (last) all.v[i].last = last->value;
        if (sent) all.v[i].sent = sent->value;
    }
    return all;
}

#define SENT_ROW(F, T) F(T, Date, read_on) F(T, Reading, value) F(T, const char *, status)
ROW(SentRow, SENT_ROW)

SentReadings readings_sent(Ctx *c, Id meter, Id connection, Date day) {
    SentRows l = db_all(c, SentRow, "select read_on, value_e3 as value, status from meter_reading where meter_id=? "
                                    "and utility_id=? and source='consumer' and value_e3 is not null "
                                    "and read_on >= (select max(h.from_on) from service_connection_holder h "
                                    "where h.service_connection_id=? and h.from_on<=?) "
                                    "order by read_at desc limit 5", meter, c->utility, connection, day);
    SentReadings all = { take_n(c, SentReading, l.n + 1), l.n };
    for (size_t i = 0; i < l.n; i++) all.v[i] = (SentReading){ l.v[i].read_on, l.v[i].value, l.v[i].status };
    return all;
}

/* --- use ---------------------------------------------------------------------------------------------------------- */

#define POINT_ROW(F, T) F(T, Date, from_on) F(T, Date, to_on) F(T, Time, to_at) F(T, Reading, quantity) \
    F(T, bool, is_estimated) \
    F(T, const char *, unit)
ROW(PointRow, POINT_ROW)

/* What ends between the two days; days without use between two of them are a point of their own. */
UsagePoints usage_series(Ctx *c, Id connection, Date from, Date to, const char *grain) {
    if (strcmp(grain, "period") != 0) return (UsagePoints){ take_n(c, UsagePoint, 1), 0, NULL };
    PointRows l = db_all(c, PointRow, "select min(u.from_on) as from_on, u.to_on, max(u.to_at) as to_at, "
        "cast(sum(u.billing_quantity_e3) as signed) as quantity, max(u.is_estimated) as is_estimated, "
        "max(u.billing_unit) as unit "
        "from usage_segment u join meter_register g on g.id=u.register_id "
        "where u.service_connection_id=? and u.utility_id=? "
        "and u.status='active' and g.is_billed=1 and u.to_on between ? and ? group by u.to_on order by u.to_on",
                         connection, c->utility, from, to);
    UsagePoints all = { take_n(c, UsagePoint, 2 * l.n + 1), 0, l.n ? l.v[0].unit : NULL };
    for (size_t i = 0; i < l.n; i++) {
        const PointRow *r = &l.v[i];
        if (i && date_compare(l.v[i - 1].to_on, r->from_on) < 0)
            all.v[all.n++] = (UsagePoint){ .at = l.v[i - 1].to_at, .from = l.v[i - 1].to_on, .to = r->from_on,
                                           .is_gap = true };
        all.v[all.n++] = (UsagePoint){ .at = r->to_at, .from = r->from_on, .to = r->to_on,
                                       .quantity = quantity_of_reading(r->quantity),
                                       .is_estimated = r->is_estimated };
    }
    return all;
}

Date next_read_date(Ctx *c, Id connection) {
    int64_t day = db_int(c, "select coalesce(to_days(min(y.nominal_on)) - to_days('1970-01-01'), -1) from read_task t "
                            "join read_cycle y on y.id=t.read_cycle_id "
                            "where t.service_connection_id=? and t.utility_id=? "
                            "and t.state in ('open', 'revisit') "
                            "and y.status in ('scheduled', 'in_progress', 'delayed')",
                         connection, c->utility);
    return day < 0 ? DATE_NONE : (Date){ (int32_t)day };
}
