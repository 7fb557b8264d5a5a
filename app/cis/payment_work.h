/*
 * Parts of posting a payment that one (payment.c) and many at once (payment_bulk.c) have in common.
 */
#ifndef APP_CIS_PAYMENT_WORK_H
#define APP_CIS_PAYMENT_WORK_H

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/cis/payment_rules.h"
#include "lib/db.h"

#define WAY(F, T) F(T, Id, id) F(T, Id, channel_id) F(T, Id, mode_id) F(T, const char *, mode_name) \
    F(T, const char *, channel_name) F(T, const char *, posting_key) F(T, Money, min_minor) F(T, Money, max_minor) \
    F(T, bool, partial_allowed) F(T, bool, advance_allowed) F(T, bool, till_needed) F(T, bool, on_clearance) \
        F(T, int, clearing_days) F(T, const char *, types) F(T, bool, cash_like)
ROW(Way, WAY)

/* A payment on its way: what it pays of what was open. */
typedef struct Paid { Id payment; Way *way; OpenItems open; Allocations to; const Account *account; } Paid;

/* The channel and mode on a day; INVALID when it is switched off. */
Way  *payment_way(Ctx *c, const NewPayment *p, Date day);
/* Fails with the rule's text when the way does not take the amount. */
void  payment_check(Ctx *c, const NewPayment *p, const Way *w);
/* What pays what; *open is narrowed to the chosen items. */
Allocations payment_allocate_open(Ctx *c, OpenItems *open, Money amount, const PayItem *items, int n);
/* Pays a part of an item, or takes it back (amount below zero). */
void  payment_move_item(Ctx *c, const char *type, Id id, Money amount, Id payment);
/* The first payment of the same intent line, provider's id or external id. */
bool  payment_found(Ctx *c, const NewPayment *p, Posted *to);
/* Lines of its ledger set into room for 4; how many. */
int   payment_ledger_lines(const NewPayment *p, const Way *w, LedgerLine lines[4]);
/* Items of a receipt as JSON. */
const char *payment_items_json(Ctx *c, const Paid *done, size_t n);
/* payment.posted and the audit entry. */
void  payment_tell(Ctx *c, const NewPayment *p, const Paid *d, const Posted *posted);

#endif
