/*
 * Within the module: the subscription of a tenant, its invoices and moves.
 */
#ifndef APP_PLATFORM_SUBSCRIPTION_H
#define APP_PLATFORM_SUBSCRIPTION_H

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/platform/platform.h"
#include "lib/req.h"

#define SUBSCRIPTION(F, T) F(T, Id, id) F(T, Id, tenant_id) F(T, Id, plan_id) F(T, const char *, plan_code) \
    F(T, const char *, plan_name) F(T, Money, plan_minor) F(T, bool, by_year) F(T, const char *, limits) \
    F(T, const char *, modules) \
    F(T, const char *, status) F(T, const char *, term) F(T, Date, current_period_start) \
        F(T, Date, current_period_end) \
    F(T, Date, trial_end) F(T, Id, pending_plan_id) F(T, const char *, pending_name) F(T, Money, price_minor) \
    F(T, const char *, currency) F(T, int64_t, discount_ppm) F(T, Date, discount_until) F(T, Money, credit_minor) \
    F(T, Money, period_net_minor) F(T, Date, cancel_on) F(T, int, row_version)
ROW(Subscription, SUBSCRIPTION)

/* "1,200.00" as the reader writes numbers, with as many decimals as the currency has; with it: "1,200.00 USD". */
const char   *sub_number(Ctx *c, Money amount, const char *currency);
const char   *sub_amount(Ctx *c, Money amount, const char *currency);
/* Of a tenant, the living one; NULL when it has none. */
Subscription *subscription_of(Ctx *c, Id tenant);
Date          platform_today(const Ctx *c);
int64_t       limit_in(Ctx *c, const char *limits, const char *metric);      /* -1: none */
int64_t       limit_of(Ctx *c, const Subscription *s, const char *metric);   /* the plan's with the add-ons */
int64_t       add_on_extra(Ctx *c, Id subscription, const char *metric);
Money         add_on_price(Ctx *c, Id subscription, bool is_year);           /* of the next period */
Money         add_on_price_now(Ctx *c, Id subscription);                     /* of a running month */

/* What a line bills: the running period or nothing of the kind; the plan (or its discount), add-ons of the next one. */
typedef enum { LINE_NOW, LINE_NEXT_PLAN, LINE_NEXT_MORE } LineOf;
typedef struct { const char *text; Money amount; LineOf of; } InvoiceLine;
/* An open invoice with a number of its own, mailed to who gets the bills; credit of before is taken off. A total of 0
   or less is paid at once, and what is below 0 is credit for the next one. */
Id   invoice_create(Ctx *c, const Subscription *s, const InvoiceLine *lines, size_t n, Date due);
/* After a change of plan or add-ons: an invoice of `lines` (of the running period; n may be 0) and of what the next
   period costs more or less than was invoiced of it. An open invoice of the next period that demands too much, and
   nobody is paying now, is withdrawn and made anew. */
void invoice_change(Ctx *c, Id tenant, const InvoiceLine *lines, size_t n);
/* Of the period a new tenant begins with, due as many days on as others are invoiced ahead. Once; none of a trial: it
   is free, and what follows it is invoiced ahead as any period. */
void invoice_first(Ctx *c, Id tenant);
/* The open invoice of the next period alone, which nobody is paying now: void, its credit is there again. */
bool invoice_withdraw(Ctx *c, const Subscription *s, const char *reason);
/* What the whole running period costs, as it was invoiced: what is left of it is worth its share of that. */
Money period_net(const Subscription *s);
/* A tenant that was suspended or cancelled works again: so does its subscription, one that had ended from today on. The
   state it has now. */
const char *subscription_revive(Ctx *c, Id tenant);
/* Takes back a smaller plan that waits for the period, or a cancellation that does. */
void subscription_keep(Ctx *c, Subscription *s);
/* Marks it paid; with none left past its date, subscription and tenant are active again at once. */
void invoice_paid  (Ctx *c, Id invoice, const char *reference);
/* Up at once with proration; down at the period's end, when what is used fits (else INVALID). */
void subscription_change(Ctx *c, Subscription *s, Id plan, const Usages *used);
/* By the platform: another plan at a price of its own, at once, whatever it costs; it must fit as above. */
void subscription_give  (Ctx *c, Subscription *s, Id plan, Money price, const Usages *used);
/* Called outside of the tenant: what its plan gives counts from the next request. */
void plan_rights_renew(Ctx *c, Id tenant);
/* What is due today: invoices ahead, the next period, what unpaid ones lead to. Idempotent. */
void subscription_day(Ctx *c, Id tenant);
void tenant_status_set(Ctx *c, Id tenant, const char *status, const char *reason);

#define TENANT(F, T) F(T, Id, id) F(T, const char *, slug) F(T, const char *, name) F(T, const char *, status) \
    F(T, const char *, admin_email) F(T, const char *, country) F(T, const char *, provisioning_stage) \
    F(T, Time, created_at) F(T, Time, suspended_at) F(T, Time, cancelled_at) \
    F(T, const char *, archive_file)
ROW(Tenant, TENANT)

Tenant *tenant_of(Req *r);                                          /* of the address {slug}, or NOT_FOUND */
void    tenant_head(Req *r, const Tenant *t, const char *tab);      /* title, state, moves, tabs */
/* Says as problems why an address of a tenant cannot be this; its own earlier one it may have again. */
void    check_slug(Req *r, const char *slug, Id own);
void    tenant_tabs(Req *r, const char *slug, const char *now);
void    tenant_section(Req *r, const Tenant *t, const char *tab, const char *at_);
void    platform_menu(Req *r, const char *here);
void    support_tab(Req *r, Id tenant, const char *slug, const char *at_);
void    show_add_ons(Req *r, const char *at_, const Subscription *s);
/* Files of all exports of a tenant are gone. */
void    takeaways_remove(Ctx *c, Id tenant);

JobStep takeaway_job       (Ctx *c, const JobRow *job);
JobStep takeaway_expire_job(Ctx *c, const JobRow *job);
JobStep archive_job      (Ctx *c, const JobRow *job);
JobStep subscription_job(Ctx *c, const JobRow *job);
JobStep usage_job       (Ctx *c, const JobRow *job);
JobStep provision_job   (Ctx *c, const JobRow *job);

/* pages */
void tenant_list_page(Req *r);
void tenant_new_page (Req *r);
void tenant_new_post (Req *r);
void tenant_show     (Req *r);
void tenant_move_post(Req *r);
void tenant_suspend_page(Req *r);
void tenant_suspend(Req *r);
void tenant_cancel_page(Req *r);
void tenant_cancel(Req *r);
void tenant_paid_post(Req *r);
void platform_root   (Req *r);
void plan_sold_list  (Req *r);
void plan_sold_new   (Req *r);
void plan_sold_create(Req *r);
void plan_sold_page  (Req *r);
void plan_sold_save  (Req *r);
void my_subscription (Req *r);
void my_change_post  (Req *r);
void my_keep_post    (Req *r);
void my_cancel_page  (Req *r);
void my_cancel_post  (Req *r);
void my_add_ons_post (Req *r);
void tenant_tab_page (Req *r);
void gateway_bases_tab(Req *r, const char *at_);                    /* in the tenant's schema */
void gateway_base_page(Req *r);
void gateway_base_post(Req *r);
void archive_page    (Req *r);
void archive_approve (Req *r);
void archive_destroy_page(Req *r);
void archive_destroy (Req *r);
/* A cancelled tenant works again: approvals and the dump made for them do not wait for its next end. false: its data
   are being removed, nothing can be taken back. The tenant's row is locked. */
bool archive_withdraw(Ctx *c, Id tenant);
void takeaway_page     (Req *r);
void takeaway_ask      (Req *r);
void takeaway_file     (Req *r);
void support_page    (Req *r);
void support_grant   (Req *r);
void support_withdraw(Req *r);
void support_enter   (Req *r);
void support_door    (Req *r);
void support_door_post(Req *r);
void show_usage      (Req *r, const char *at_, const Usages *u);

#endif
