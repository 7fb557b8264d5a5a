/*
 * Estimated readings (5-billing step 3, MX03US01): the facts of a register for estimate_rules, and storing what comes
 * out.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/meters/estimate_rules.h"
#include "app/meters/meters.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"

#define REGISTER_ROW(F, T) F(T, Id, id) F(T, Id, meter_id) F(T, Id, installation_id) F(T, const char *, unit) \
    F(T, int, digits) F(T, int, decimals) F(T, int64_t, multiplier_e6)
ROW(RegisterRow, REGISTER_ROW)

/* What the estimate starts from: the last index that counts. */
#define LAST_ROW(F, T) F(T, Id, id) F(T, Date, read_on) F(T, Time, read_at) F(T, Reading, value)
ROW(LastRow, LAST_ROW)

#define PLACE_ROW(F, T) F(T, Id, account_id) F(T, Id, tariff_plan_id) F(T, Id, sub_area_id) F(T, Id, category_id) \
    F(T, const char *, service_code) F(T, const char *, billing_unit) F(T, Quantity, default_daily)
ROW(PlaceRow, PLACE_ROW)

#define BASIS_ROW(F, T) F(T, int64_t, use_e3) F(T, int, days)
ROW(BasisRow, BASIS_ROW)

static EstimateBasis basis(const BasisRow *r) {
    return r ? (EstimateBasis){ { r->use_e3 * 1000 }, r->days }
    : (EstimateBasis){ 0 };
}

/* The policy's order; methods nobody knows are left out. */
static int order_of(Ctx *c, const PlaceRow *place, EstimateMethod to[ESTIMATE_METHODS]) {
    const char *methods = db_text(c, "select methods from estimation_policy where utility_id=? and service_code=? "
                                     "and category_id in (0, ?) order by category_id desc limit 1",
                                  c->utility, place->service_code, place->category_id.id);
    if (!methods) return 0;
    Json list = json_read(&c->mem, methods, strlen(methods), 4000, NULL);
    int n = 0;
    for (size_t i = 0; i < json_size(list) && n < ESTIMATE_METHODS; i++) {
        int m = estimate_method_find(json_text(json_item(list, i), ""));
        if (m >= 0) to[n++] = (EstimateMethod)m;
    }
    return n;
}

/* `last`: day of the index the estimate starts from. */
static EstimateResult estimated(Ctx *c, Id connection, const RegisterRow *r, const PlaceRow *place, Date last,
                                Date date) {
    EstimateMethod order[ESTIMATE_METHODS];
    EstimateInput in = { .days = date_days_between(last, date), .decimals = r->decimals, .order = order };
    in.order_n = order_of(c, place, order);
    Date year_ago = date_add_months(date, -12);
    in.basis[ESTIMATE_LAST_YEAR] = basis(db_find(c, BasisRow,
        "select billing_quantity_e3 as use_e3, days from usage_segment where service_connection_id=? "
        "and status='active' and is_estimated=0 and to_on between ? and ? and days > 0 "
        "order by abs(datediff(to_on, ?)) limit 1", connection, date_add_days(year_ago, -20),
                                                 date_add_days(year_ago, 20), year_ago));
    in.basis[ESTIMATE_RECENT] = basis(db_find(c, BasisRow,
        "select coalesce(sum(x.q), 0) as use_e3, coalesce(sum(x.d), 0) as days "
        "from (select sum(billing_quantity_e3) as q, max(days) as d from usage_segment "
        "where service_connection_id=? and status='active' and is_estimated=0 and to_on<=? and days > 0 group by to_on "
        "order by to_on desc limit 3) x", connection, last));
    in.basis[ESTIMATE_AREA] = basis(db_find(c, BasisRow,
        "select coalesce(sum(u.billing_quantity_e3), 0) as use_e3, coalesce(sum(u.days), 0) as days "
        "from service_connection s join premise p on p.id = s.premise_id "
        "join usage_segment u on u.service_connection_id = s.id and u.status = 'active' and u.is_estimated = 0 "
        "and u.billing_status = 'billed' and u.to_on between ? and ? "
        "where s.utility_id=? and s.tariff_plan_id=? and p.sub_area_id=? and s.id<>?", date_add_days(last, -35), last,
                                            c->utility, place->tariff_plan_id, place->sub_area_id, connection));
    if (place->default_daily.micro > 0) in.basis[ESTIMATE_DEFAULT] = (EstimateBasis){ place->default_daily, 1 };
    return estimate(&c->mem, &in);
}

/* The index after so much use: over the register's end it begins again at 0. */
static Reading index_after(const RegisterRow *r, Reading last, Reading quantity) {
    int64_t raw = r->multiplier_e6 == 1000000 ? quantity.e3 : (int64_t)wide_divide((Wide)quantity.e3 * 1000000,
        r->multiplier_e6, ROUND_HALF_UP);
    int64_t full = power_of_ten(r->digits) * 1000;
    return (Reading){ (last.e3 + raw) % full };
}

static Id store(Ctx *c, Id connection, const RegisterRow *r, const PlaceRow *place, const LastRow *last, Date date,
                const EstimateResult *e, Reading value) {
    const Zone *zone = zone_find(utility_here(c)->time_zone);
    Time at = time_add_seconds(date_start(zone ? zone : zone_utc(), date_add_days(date, 1)), -1);
    int days = date_days_between(last->read_on, date);
    Id reading = db_insert(c, "insert into meter_reading (utility_id, meter_id, register_id, installation_id, "
                              "service_connection_id, read_at, read_on, value_e3, type, source, prev_reading_id, "
                              "raw_difference_e3, consumption_e3, days, adu_e6, status, validated_at, estimate_method, "
                              "estimate_inputs, created_by, updated_by) "
        "values (?,?,?,?,?,?,?,?,'estimated','estimate',?,?,?,?,?,'passed',?,?,?,?,?)", c->utility, r->meter_id, r->id,
                           r->installation_id, connection, at, date, value, last->id,
        (Reading){ value.e3 - last->value.e3 }, e->quantity, days, days > 0 ? e->quantity.e3 * 1000 / days : 0, c->now,
            estimate_method_words[e->method],
        json_pairs(c, "how", e->explain, NULL), c->user, c->user);
    db_run(c, "insert into usage_segment (utility_id, service_connection_id, account_id, meter_id, register_id, "
              "from_reading_id, to_reading_id, from_at, to_at, from_on, to_on, days, "
              "from_value_e3, to_value_e3, multiplier_e6, quantity_e3, unit, billing_quantity_e3, billing_unit, "
              "is_estimated, estimate_method) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1,?)",
           c->utility, connection, place->account_id, r->meter_id, r->id, last->id, reading, last->read_at, at,
            last->read_on, date, days, last->value, value, r->multiplier_e6, e->quantity,
        r->unit, e->quantity, place->billing_unit ? place->billing_unit : r->unit, estimate_method_words[e->method]);
    return reading;
}

static Estimate estimate_register(Ctx *c, Id connection, const RegisterRow *r, Date date, bool keep) {
    PlaceRow *place = db_one(c, PlaceRow,
        "select coalesce((select h.account_id from service_connection_holder h where h.service_connection_id = s.id "
        "and h.from_on <= ? and (h.to_on is null or h.to_on >= ?) limit 1), s.account_id) as account_id, "
        "s.tariff_plan_id, p.sub_area_id, a.category_id, s.service_code, v.unit as billing_unit, "
        "coalesce(t.default_daily_qty_micro, 0) as default_daily from service_connection s "
        "join premise p on p.id = s.premise_id join account a on a.id = s.account_id "
        "left join tariff_plan t on t.id = s.tariff_plan_id "
        "left join utility_service v on v.utility_id = s.utility_id and v.code = s.service_code where s.id = ?", date,
                             date, connection);
    LastRow *last = db_find(c, LastRow, "select id, read_on, read_at, value_e3 as value from meter_reading "
                                        "where register_id=? and status='passed' and type<>'check' "
                                        "and value_e3 is not null and read_on<=? "
                                        "order by read_at desc, id desc limit 1", r->id, date);
    if (!last) return (Estimate){ 0 };
    /* read on the day: nothing to estimate */
    if (date_compare(last->read_on, date) >= 0) return (Estimate){ 0 };
    EstimateResult e = estimated(c, connection, r, place, last->read_on, date);
    if (!e.is_known) return (Estimate){ 0 };
    Estimate made = { .is_known = true, .value = index_after(r, last->value, e.quantity), .quantity = e.quantity,
                      .method = estimate_method_words[e.method], .inputs = e.explain };
    if (keep) made.reading = store(c, connection, r, place, last, date, &e, made.value);
    return made;
}

Estimate mx_estimate(Ctx *c, Id connection, Id register_id, Date date, bool keep) {
    RegisterRows registers = db_all(c, RegisterRow,
        "select g.id, g.meter_id, i.id as installation_id, g.unit, g.digits, g.decimals, i.multiplier_e6 * "
        "g.multiplier_e6 div 1000000 as multiplier_e6 from meter_installation i "
        "join meter_register g on g.meter_id = i.meter_id and g.is_billed = 1 where i.service_connection_id=? "
        "and i.role='main' and i.installed_on<=? and (i.removed_on is null or i.removed_on>=?) "
        "and (? = 0 or g.id = ?) order by i.installed_at desc, g.id", connection, date, date, register_id.id,
                                    register_id.id);
    Estimate all = { 0 };
    for (size_t i = 0; i < registers.n; i++) {
        /* exchanged on the day: the newer one */
        if (registers.v[i].meter_id.id != registers.v[0].meter_id.id) break;
        Estimate one = estimate_register(c, connection, &registers.v[i], date, keep);
        if (!one.is_known) continue;
        if (!all.is_known) all = one;
        else all.quantity.e3 += one.quantity.e3;
    }
    return all;
}
