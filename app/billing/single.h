/*
 * Single bills within app/billing (BX01US02): what one account would be billed, and billing it.
 */
#ifndef APP_BILLING_SINGLE_H
#define APP_BILLING_SINGLE_H

#include "app/billing/bill.h"
#include "app/core/core.h"
#include "lib/req.h"

typedef struct {
    Id          account;
    BillKind    kind;                   /* BILL_SINGLE, BILL_FINAL, BILL_ONE_OFF */
    Date        from, to;               /* one_off: both the bill date */
    Date        bill_date, due_date;
    const char *reason;
} Single;
/* The engine over the account as it stands; stores nothing unless `keeps`. NULL: the account is unknown. */
BillCase *single_compute(Ctx *c, const Single *s, bool keeps, BillScope *scope);
/* The first day that is not billed: the day after the last billed one, else the account's begin. */
Date      single_begin(Ctx *c, Id account);

void single_search_page(Req *r);
void single_page       (Req *r);
void single_post       (Req *r);
void rebill_by_reading (Ctx *c, const EventRow *e);

#endif
