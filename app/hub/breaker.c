/*
 * The circuit breaker of each gateway account (assurance F8), kept in its row so that all workers know: after five
 * calls in a row without an answer nothing is sent for 30 s, then one call is let through.
 */
#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "lib/breaker_rules.h"

#define BREAKER_ROW(F, T) F(T, int, breaker_failures) F(T, Time, breaker_open_until) F(T, Time, breaker_probe_until)
ROW(BreakerRow, BREAKER_ROW)

static Time or_zero(Time t) { return time_is_set(t) ? t : (Time){ 0 }; }
static Time or_none(Time t) { return t.us ? t : TIME_NONE; }

static Breaker breaker_of(const BreakerRow *r) {
    return (Breaker){ r->breaker_failures, or_zero(r->breaker_open_until), or_zero(r->breaker_probe_until) };
}

static void breaker_write(Ctx *c, Id gateway, const Breaker *b) {
    db_run(c, "update gateway_account set breaker_failures=?, breaker_open_until=?, breaker_probe_until=? where id=?",
           b->failures, or_none(b->open_until), or_none(b->probe_until), gateway);
}

/* Closed and without failures, as nearly always: the row is not locked. */
static bool all_is_well(Ctx *c, Id gateway) {
    return db_int(c, "select count(*) from gateway_account where id=? and breaker_failures=0", gateway) == 1;
}

Time gateway_admits_at(Ctx *c, Id gateway) {
    if (all_is_well(c, gateway)) return c->now;
    Breaker b = breaker_of(db_one(c, BreakerRow, "select breaker_failures, breaker_open_until, breaker_probe_until "
                                                 "from gateway_account where id=? for update", gateway));
    if (!breaker_admit(&b, c->now)) return breaker_next(&b, c->now);
    breaker_write(c, gateway, &b);
    return c->now;
}

void gateway_answered(Ctx *c, Id gateway, bool answered) {
    if (answered && all_is_well(c, gateway)) return;
    Breaker b = breaker_of(db_one(c, BreakerRow, "select breaker_failures, breaker_open_until, breaker_probe_until "
                                                 "from gateway_account where id=? for update", gateway));
    breaker_note(&b, answered, c->now);
    breaker_write(c, gateway, &b);
}
