/*
 * Prepared sums of the ledger: see ledger_sum.c. A balance is a sum of ledger_sum and of the entries behind
 * LEDGER_SUMMED; `smart360 verify` compares (I2).
 */
#ifndef APP_BILLING_LEDGER_SUM_H
#define APP_BILLING_LEDGER_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ctx.h"
#include "lib/types.h"

enum { LEDGER_SUM_ROWS = 50000 };             /* entries taken at once */
/* SQL: the last entry that is in the sums. */
#define LEDGER_SUMMED "(select m.entry_id from ledger_sum_mark m)"

/* Takes the tenant's next entries that are older than margin_s into the sums; true when there are more. In the caller's
 * transaction; waits for those that have not ended and have entries among them. */
bool ledger_sum_more(Ctx *c, int64_t margin_s);
/* The sets (a JSON list of ledger_txn.id) are about to be deleted: their entries leave the sums. Only the purge of a
 * sandbox deletes entries. */
void ledger_sum_without(Ctx *c, const char *txns);
/* Debits minus credits of a code over all periods; of no code: of all of the context's utility, which is 0. */
Money ledger_rest(Ctx *c, Id gl_code);

#endif
