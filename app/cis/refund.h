/*
 * Refund requests within app/cis (CIS01US09, ONB03US01).
 */
#ifndef APP_CIS_REFUND_H
#define APP_CIS_REFUND_H

#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/ctx.h"
#include "lib/machine.h"

#define REFUND_ROW(F, T)                                                                                               \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, refund_no) F(T, Id, account_id) F(T, Id, payment_id) F(T, Id, credit_note_id)                   \
        F(T, Money, amount_minor) F(T, const char *, payout_kind) F(T, const char *, reason)                           \
            F(T, const char *, status) F(T, Id, requested_by) F(T, Id, approved_by) F(T, const char *, requested_via)  \
                F(T, int, attempt_no) F(T, const char *, failure_text) F(T, Time, created_at) F(T, Time, approved_at)  \
                    F(T, Time, paid_at)
ROW(RefundRow, REFUND_ROW)

extern const Machine refund_request;
const RefundRow *refund_get(Ctx *c, Id id);             /* NOT_FOUND when there is none */

#endif
