/*
 * Bills as consumers see them: what home.c, bill.c and pay.c share.
 */
#ifndef APP_PORTAL_BILLS_H
#define APP_PORTAL_BILLS_H

#include "app/billing/billing.h"
#include "app/portal/pages.h"

/* due: the first day on which something is due */
/* bill_no: of the bill that is due first; NULL when that is no bill. */
typedef struct { Money balance, open, overdue; Date due; const char *bill_no; } Owed;
Owed owed_of(Ctx *c, Mines mines);
/* Card "To pay" (due.*). */
void show_owed(Req *r, Mines mines, bool with_pdf);
/* "Overdue", "Due in 20 days"; *tone gets the badge's. */
const char *bill_words(Ctx *c, const BillHead *b, const char **tone);
const char *due_words (Ctx *c, Date due, const char **tone);
const char *bill_title(Ctx *c, const BillHead *b);
/* Bills of several accounts, newest first; filter may be NULL. */
BillHeads bills_of(Ctx *c, Mines mines, const BillFilter *filter);
void show_bill_row(Req *r, const char *list, size_t i, const BillHead *b);
/* Chart of use (chart.*), when bills have any. */
void show_use(Req *r, BillHeads bills);

/* Whether the visitor may see a payment of an account: whoever sees the account, a payer only what he paid himself. */
bool payment_may_see(Ctx *c, Id account, Id intent);

/* The bill of the path, of an account that is linked; else there is no such page. */
const BillHead *portal_bill_of_path(Req *r);
/* The same, of an account whose matters the visitor manages: who may only look is refused. */
const BillHead *portal_bill_to_manage(Req *r);
/* First and last view of an e-bill, counted. */
void bill_seen(Ctx *c, const BillHead *b);
/* The number of the open complaint about a bill; NULL: none. Read once a request and account. */
const char *dispute_of (Ctx *c, const BillHead *b);
/* Whether a payment agreement that is kept covers it: its instalments are due, not the bill. */
bool        agreement_covers(Ctx *c, const BillHead *b);
/* The page where the visitor sends a reading of an account's meter himself; NULL: the utility does not allow it, the
   meter is read by itself or is not there any more. */
const char *reading_path(Req *r, Id account, const char *meter_no);
/* Whether the visitor may question it now. */
bool        dispute_may(Ctx *c, const BillHead *b);

#endif
