/*
 * Use between passed readings of a register (usage_segment): written when a reading passes, reversed and written anew
 * when one is corrected, superseded or comes late. What is reserved or billed never changes (I6).
 */
#include <string.h>

#include "app/meters/reading.h"
#include "lib/messages.h"
#include "lib/money.h"

#define PAIR(F, T) F(T, Id, from_id) F(T, Id, to_id) F(T, Time, from_at) F(T, Time, to_at) F(T, Date, from_on) \
    F(T, Date, to_on) \
    F(T, Reading, from_value) F(T, Reading, to_value) F(T, bool, rollover) F(T, bool, is_estimated) \
        F(T, const char *, estimate_method) \
    F(T, Id, connection) F(T, Id, meter) F(T, Id, register_id) F(T, int, digits) F(T, bool, is_demand) \
        F(T, int64_t, multiplier_e6) \
    F(T, int64_t, place_multiplier_e6) F(T, const char *, unit) F(T, const char *, billing_unit) F(T, Id, account)
ROW(Pair, PAIR)

/* Whose use it is: the holder of its first day (a reading at the end of a day ends one holder's use and begins the next
   one's), else that of its last, else nobody's. */
#define PAIR_SELECT "p.id as from_id, r.id as to_id, p.read_at as from_at, r.read_at as to_at, p.read_on " \
                    "as from_on, r.read_on as to_on, " \
                    "p.value_e3 as from_value, r.value_e3 as to_value, r.rollover, r.type='estimated' " \
                    "as is_estimated, r.estimate_method, " \
    "r.service_connection_id as connection, r.meter_id as meter, r.register_id, g.digits, g.kind='demand' " \
    "as is_demand, g.multiplier_e6, " \
    "i.multiplier_e6 as place_multiplier_e6, g.unit, coalesce(u.unit, g.unit) as billing_unit, " \
    "coalesce((select h.account_id from service_connection_holder h " \
    "where h.service_connection_id=r.service_connection_id " \
    "and h.from_on<=p.read_on + interval 1 day and (h.to_on is null " \
    "or h.to_on>=p.read_on + interval 1 day) limit 1), " \
    "(select h.account_id from service_connection_holder h where h.service_connection_id=r.service_connection_id " \
    "and h.from_on<=r.read_on and (h.to_on is null or h.to_on>=r.read_on) limit 1)) as account "
#define PAIR_JOINS "join meter_register g on g.id=r.register_id join meter_installation i on i.id=r.installation_id " \
                   "join service_connection s on s.id=r.service_connection_id " \
                   "left join utility_service u on u.utility_id=s.utility_id and u.code=s.service_code "

static void write_use(Ctx *c, const Pair *v, size_t n) {
    if (!n) return;
    DbBulk *b = db_bulk(c,
        "insert into usage_segment (utility_id, service_connection_id, account_id, meter_id, register_id, "
        "from_reading_id, to_reading_id, from_at, to_at, from_on, to_on, days, from_value_e3, to_value_e3, "
        "multiplier_e6, quantity_e3, unit, billing_quantity_e3, billing_unit, is_estimated, estimate_method) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < n; i++) {
        const Pair *p = &v[i];
        int64_t raw = p->is_demand ? p->to_value.e3 : p->to_value.e3 - p->from_value.e3;
        if (p->rollover) raw += power_of_ten(p->digits) * 1000;
        int64_t use = 0, billed = 0;
        if (!reading_use(raw, p->multiplier_e6, p->place_multiplier_e6, &use))
            fail(c, INVALID, "This use is too large.");
        bool converts = unit_convert(use, p->unit, p->billing_unit, &billed);
        int64_t multiplier = (int64_t)wide_divide((Wide)p->multiplier_e6 * p->place_multiplier_e6, 1000000,
                                                  ROUND_HALF_UP);
        db_bulk_add(b, c->utility, p->connection, p->account, p->meter, p->register_id, p->from_id, p->to_id,
                    p->from_at, p->to_at,
                    p->from_on, p->to_on, date_days_between(p->from_on, p->to_on), p->from_value, p->to_value,
                        multiplier, use, p->unit,
                    converts ? billed : use, converts ? p->billing_unit : p->unit, p->is_estimated, p->estimate_method);
    }
    db_bulk_end(b);
}

void use_append(Ctx *c, const Id *readings, size_t n) {
    if (!n) return;
    Pairs l = db_all(c, Pair, "select " PAIR_SELECT "from json_table(?, '$[*]' columns (id bigint path '$')) j "
        "straight_join meter_reading r on r.id=j.id straight_join meter_reading p on p.id=r.prev_reading_id " PAIR_JOINS
        "where r.type not in ('initial', 'check') and r.value_e3 is not null", json_ids(c, readings, n));
    write_use(c, l.v, l.n);
}

/* --- around one reading ------------------------------------------------------------------------------------------- */

#define STANDING(F, T) F(T, Id, id) F(T, Id, from_id) F(T, Id, to_id) F(T, Reading, from_value) \
    F(T, Reading, to_value) \
    F(T, int64_t, quantity_e3) F(T, const char *, billing_status)
ROW(Standing, STANDING)

#define AROUND(F, T) F(T, Id, register_id) F(T, Id, installation) F(T, Id, connection) F(T, Time, read_at)
ROW(Around, AROUND)

static Id neighbour(Ctx *c, const Around *r, bool after) {
    if (after)
        return db_id(c, "select id from meter_reading where register_id=? and installation_id=? "
                        "and status='passed' and type<>'check' "
                        "and value_e3 is not null and read_at>? order by read_at, id limit 1", r->register_id,
                     r->installation, r->read_at);
    return db_id(c, "select id from meter_reading where register_id=? and installation_id=? "
                    "and status='passed' and type<>'check' "
                    "and value_e3 is not null and read_at<? order by read_at desc, id desc limit 1", r->register_id,
                 r->installation, r->read_at);
}

/* What the reading says of its predecessor follows the use. */
static void follow(Ctx *c, const Pair *p) {
    int64_t raw = p->to_value.e3 - p->from_value.e3 + (p->rollover ? power_of_ten(p->digits) * 1000 : 0), use = 0;
    int days = date_days_between(p->from_on, p->to_on);
    if (p->is_demand || !reading_use(raw, p->multiplier_e6, p->place_multiplier_e6, &use)) return;
    db_run(c, "update meter_reading set prev_reading_id=?, raw_difference_e3=?, consumption_e3=?, days=?, adu_e6=? "
              "where id=?", p->from_id,
           raw, use, days, (int64_t)wide_divide((Wide)use * 1000, days > 0 ? days : 1, ROUND_HALF_UP), p->to_id);
}

static bool is_wanted(const Standing *s, const Pairs *wanted, bool *there) {
    for (size_t i = 0; i < wanted->n; i++) {
        const Pair *p = &wanted->v[i];
        if (s->from_id.id == p->from_id.id && s->to_id.id == p->to_id.id && s->from_value.e3 == p->from_value.e3
            && s->to_value.e3 == p->to_value.e3)
            return there[i] = true;
    }
    return false;
}

void use_refresh(Ctx *c, Id reading) {
    Around *r = db_one(c, Around,
        "select register_id, installation_id as installation, service_connection_id as connection, read_at "
        "from meter_reading where id=?",
        reading);
    Id before = neighbour(c, r, false), after = neighbour(c, r, true);
    Pairs wanted = db_all(c, Pair, "select " PAIR_SELECT
                          "from (select x.id, lag(x.id) over (order by x.read_at, x.id) as before_id "
        "from meter_reading x where x.register_id=? and x.installation_id=? and x.status='passed' and x.type<>'check' "
        "and x.value_e3 is not null and (x.id in (?, ?) or x.read_at=?)) q straight_join meter_reading r on r.id=q.id "
        "straight_join meter_reading p on p.id=q.before_id " PAIR_JOINS "where r.type<>'initial' order by r.read_at",
                          r->register_id, r->installation, before, after, r->read_at);
    Standings standing = db_all(c, Standing, "select id, from_reading_id as from_id, to_reading_id as to_id, "
        "from_value_e3 as from_value, to_value_e3 as to_value, quantity_e3, billing_status from usage_segment "
        "where service_connection_id=? and register_id=? and status='active' "
        "and (? is null or from_at>=(select read_at from meter_reading where id=?)) "
        "and (? is null or to_at<=(select read_at from meter_reading where id=?)) "
        "for update", r->connection, r->register_id, before, before, after, after);
    bool *there = take_n(c, bool, wanted.n + 1);
    for (size_t i = 0; i < standing.n; i++) {
        const Standing *s = &standing.v[i];
        if (is_wanted(s, &wanted, there)) continue;
        if (strcmp(s->billing_status, "unbilled") != 0)
            fail(c, CONFLICT, "%s", msg(c->language, "meters.decide.billed"));
        db_run(c, "update usage_segment set status='reversed' where id=?", s->id);
    }
    Pair *missing = take_n(c, Pair, wanted.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < wanted.n; i++) {
        if (there[i]) continue;
        missing[n++] = wanted.v[i];
        follow(c, &wanted.v[i]);
    }
    write_use(c, missing, n);
}
