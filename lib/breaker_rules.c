/*
 * The circuit breaker: see breaker_rules.h.
 */
#include "lib/breaker_rules.h"

static Time after(Time now, int seconds) { return (Time){ now.us + seconds * (int64_t)1000000 }; }

BreakerState breaker_state(const Breaker *b, Time now) {
    if (!b->open_until.us) return BREAKER_CLOSED;
    return now.us < b->open_until.us ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

bool breaker_admit(Breaker *b, Time now) {
    BreakerState state = breaker_state(b, now);
    if (state == BREAKER_CLOSED) return true;
    if (state == BREAKER_OPEN || now.us < b->probe_until.us) return false;
    b->probe_until = after(now, BREAKER_OPEN_S);
    return true;
}

void breaker_note(Breaker *b, bool answered, Time now) {
    if (answered) {
        *b = (Breaker){ 0 };
        return;
    }
    if (b->failures < BREAKER_FAILURES) b->failures++;
    b->probe_until = (Time){ 0 };
    if (b->failures >= BREAKER_FAILURES) b->open_until = after(now, BREAKER_OPEN_S);
}

Time breaker_next(const Breaker *b, Time now) {
    Time next = b->open_until.us > b->probe_until.us ? b->open_until : b->probe_until;
    return next.us > now.us ? next : now;
}
