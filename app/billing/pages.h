/*
 * Pages of app/billing beside those of runs (run_page.h), within the module.
 */
#ifndef APP_BILLING_PAGES_H
#define APP_BILLING_PAGES_H

#include "app/core/core.h"
#include "lib/req.h"

void bill_list_page   (Req *r);
void bill_show        (Req *r);
void bill_cancel_page (Req *r);
void bill_cancel_post (Req *r);
void bill_again_post  (Req *r);
void bill_publish_post(Req *r);

JobStep late_fee_job(Ctx *c, const JobRow *job);        /* charge.c */

#endif
