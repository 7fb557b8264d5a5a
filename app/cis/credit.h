/*
 * Credit within app/cis: money of an account that pays nothing yet, and money that leaves a payment again (I7, I8).
 */
#ifndef APP_CIS_CREDIT_H
#define APP_CIS_CREDIT_H

#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/ctx.h"

/*
 * An approved refund takes `amount` out of a payment: first what is credit, then what it paid last. CONFLICT "At most
 * 64.25 can be refunded." The caller posts the ledger. The account is locked by the caller.
 */
void payment_refund_out (Ctx *c, Id payment, Money amount);
/* The refund failed: the money is back in the payment and pays what is open, oldest first. */
void payment_refund_back(Ctx *c, Id payment, Money amount);

/* Left of a payment for refunds: neither refunded, reversed, nor asked for by a request that waits. Locks the payment.
   */
Money payment_refundable(Ctx *c, Id payment);

/* A credit note's part that a refund request holds (amount below zero: gives back), and what was paid out of that part.
   */
void credit_note_reserve(Ctx *c, Id credit_note, Money amount);
void credit_note_pay_out(Ctx *c, Id credit_note, Money amount);

/* Of bill.cancelled: what paid the bill pays the oldest open items, the rest is credit; notes used for it are free
   again. */
void free_cancelled_bill(Ctx *c, const EventRow *e);

#endif
