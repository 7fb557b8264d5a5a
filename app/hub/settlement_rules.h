/*
 * What a settlement adds up to, and what it posts (ONB03US01 "settlement"; README section 8; I18). Pure.
 */
#ifndef APP_HUB_SETTLEMENT_RULES_H
#define APP_HUB_SETTLEMENT_RULES_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/types.h"

/* Of one line: gross and net are below zero for what left; fee_posted: a dispute's fee that is in the ledger already.
   */
typedef struct { const char *type; Money gross, fee, net, fee_posted; } SettledAmount;

/* gross - fee - refund - dispute + adjustment = net. */
typedef struct { Money gross, fee, refund, dispute, adjustment, net, fee_posted; } SettlementSum;
/* NULL, or the first thing that does not add up. */
const char *settlement_sum(Arena *a, const SettledAmount *v, size_t n, Money paid_out, SettlementSum *to);

/* Positive: debit. They sum to 0. */
typedef struct { Money bank, fees, clearing, suspense; } SettlementPosting;
SettlementPosting settlement_posting(const SettlementSum *s);

/* What a contract takes of a payment: a share and a fixed part; a rounding apart is no difference. */
bool fee_is_by_contract(const SettledAmount *charge, Money fixed, int64_t rate_ppm);
Money fee_by_contract(Money gross, Money fixed, int64_t rate_ppm);

/* The sandbox's fee of a payment: R(2.9 % + 0.30), in minor units of a currency with two digits. */
Money sandbox_fee(Money amount);

#endif
