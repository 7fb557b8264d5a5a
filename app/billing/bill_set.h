/*
 * Bills taken together from the list (BX04US01): sent again, as a ZIP of their documents, as one file to be printed.
 * Within app/billing.
 */
#ifndef APP_BILLING_BILL_SET_H
#define APP_BILLING_BILL_SET_H

#include "app/billing/run_page.h"
#include "app/core/core.h"

/* Numbers of the ticked bills, or of all that match the posted filter; more than `most` fails INVALID (bill_list.c). */
void bills_chosen(Req *r, RunKeys *keys, int64_t most);

/* By mail to the consumer's address, on paper without one. NULL, or why not: cancelled, or sent a moment ago. */
const char *bill_send_again(Ctx *c, Id bill);

void bill_set_post(Req *r);
void bill_set_page(Req *r);
void bill_set_file(Req *r);
JobStep bill_set_job   (Ctx *c, const JobRow *job);
JobStep bill_set_expire(Ctx *c, const JobRow *job);

#endif
