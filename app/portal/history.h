/*
 * Payments as consumers see them: what history.c shares with the paper of a year and with what comes next.
 */
#ifndef APP_PORTAL_HISTORY_H
#define APP_PORTAL_HISTORY_H

#include "app/hub/hub.h"
#include "app/portal/bills.h"

/* A payment, or one that did not come about (seen is NULL). */
typedef struct {
    const PaymentSeen *seen;
    const IntentSeen *intent;
    Time at;
    Money amount, fee;
    const char *state;              /* pending, succeeded, failed, cancelled, refunded, partly, reversed */
} PaidRow;
typedef struct { PaidRow *v; size_t n; } PaidRows;

/* Of these accounts what the visitor may see, newest first: at most 1,000 payments, what failed of the last 90 days. */
PaidRows    paid_rows   (Ctx *c, Mines mines, int most);
int         paid_year   (Ctx *c, Time at);                  /* in the utility's zone */
const char *paid_account(Ctx *c, const PaidRow *x);         /* its number */
const char *paid_how    (Ctx *c, const PaidRow *x);         /* "Card online ···· 4242 · Portal" */
/* The payment of the path that the visitor may see; else there is no such page. */
const PaymentSeen *payment_of_path(Req *r);
void payments_tabs(Req *r, bool scheduled);

/* autopay.c: what autopay takes of an account, by bill; how many there are. by_hand: it leaves that one. */
typedef struct { const char *bill_no, *card; Date on; Money amount; bool by_hand; } AutopayPlan;
size_t autopay_plans(Ctx *c, const Mine *m, AutopayPlan *v, size_t most);

#endif
