/*
 * The circuit breaker for one outside service (assurance F8): after 5 failures in a row nothing is sent for 30 s, then
 * one call is let through; it closes the breaker or opens it again. Pure: the caller keeps the Breaker and names the
 * time.
 */
#ifndef LIB_BREAKER_RULES_H
#define LIB_BREAKER_RULES_H

#include "lib/types.h"

enum { BREAKER_FAILURES = 5, BREAKER_OPEN_S = 30 };

/* All zero is closed. */
typedef struct {
    int32_t failures;           /* in a row */
    Time    open_until;         /* us 0: not open */
    Time    probe_until;        /* us 0: no probe under way; a probe whose worker died is forgotten then */
} Breaker;

typedef enum { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN } BreakerState;

BreakerState breaker_state(const Breaker *b, Time now);
/* May a call be made now? The one that half-open lets through is marked as under way. */
bool breaker_admit(Breaker *b, Time now);
/* How a call ended: the service answered (also with a refusal), or it did not (no connection, no answer, 5xx, 429). */
void breaker_note(Breaker *b, bool answered, Time now);
/* When it is worth trying again; now when a call may be made at once. */
Time breaker_next(const Breaker *b, Time now);

#endif
