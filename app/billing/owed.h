/*
 * Prepared total of what is unpaid: see owed.c. Whoever changes status, total or paid of a published bill says so here,
 * in the same transaction; `smart360 verify` compares (I2).
 */
#ifndef APP_BILLING_OWED_H
#define APP_BILLING_OWED_H

#include "lib/ctx.h"
#include "lib/types.h"

typedef struct { Date due; Money amount; } OwedMove;            /* amount below 0: less is owed */
typedef struct { OwedMove *v; size_t n; } OwedMoves;

/* What is owed of a published bill: never below 0. */
Money     owed_part(Money total, Money paid);
/* So much more, or less, is owed in the context's utility. One statement a due date. */
void      owed_move(Ctx *c, const OwedMove *v, size_t n);
/* What is owed now. */
OwedMoves owed_by_date(Ctx *c);

#endif
