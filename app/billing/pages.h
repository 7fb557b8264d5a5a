/*
 * Pages of app/billing beside those of runs (run_page.h), within the module.
 */
#ifndef APP_BILLING_PAGES_H
#define APP_BILLING_PAGES_H

#include "app/core/core.h"
#include "lib/date.h"
#include "lib/req.h"

void bill_list_page   (Req *r);
/* Title, state, tabs and acts of the bill in the path, and its id; NOT_FOUND for drafts. */
Id   bill_head        (Req *r, const char *tab);
void bill_show        (Req *r);
void bill_tab_page    (Req *r);
/* Payments, delivery, notes of a bill, below its head; false: there is no such tab (bill_tab.c). */
bool bill_tab_show    (Req *r, const char *tab, Id bill);
void bill_photo_page  (Req *r);
void bill_send_page   (Req *r);     /* bill_send.c */
void bill_send_post   (Req *r);
void bill_fix_page    (Req *r);     /* bill_fix.c */
void bill_fix_post    (Req *r);
void bill_note_post   (Req *r);
void bill_dispute_page(Req *r);
void bill_dispute_post(Req *r);
void bill_cancel_page (Req *r);
void bill_cancel_post (Req *r);
void bill_again_post  (Req *r);
void bill_publish_post(Req *r);
void bill_discard_post(Req *r);
void bill_pdf_page    (Req *r);     /* bill_document.c */

void overview_page      (Req *r);
void overview_cycles    (Req *r);
void overview_exceptions(Req *r);
void overview_refresh   (Req *r);
/* Title and tabs of the overview, the tab of this number chosen. */
enum { OVERVIEW_TITLE, OVERVIEW_CYCLES, OVERVIEW_EXCEPTIONS, OVERVIEW_SIMULATIONS };
void overview_head(Req *r, int tab);

/* Totals by day of every month that has bills, or of {"month":"2026-05"} alone; and their comparison with the ledger,
   which leaves an alert under "billing_total:<utility>" (daily_total.c). */
JobStep daily_total_job      (Ctx *c, const JobRow *job);
JobStep daily_total_check_job(Ctx *c, const JobRow *job);
/* ledger_sum.c: "ledger.sum" takes the next entries into the sums. */
JobStep ledger_sum_job       (Ctx *c, const JobRow *job);
/* owed.c: "billing_owed.fold" adds up the changes of what is unpaid. */
JobStep owed_fold_job        (Ctx *c, const JobRow *job);
/* One month at once: some 100 ms for 50,000 bills. */
void    daily_total_make(Ctx *c, Month month);
/* Handlers: the month of a run that has published bills, or of a cancelled bill, is made again. */
void    daily_total_after_run   (Ctx *c, const EventRow *e);
void    daily_total_after_cancel(Ctx *c, const EventRow *e);
#define TOTAL_ALERT "billing_total:%lld"

/* Discarded drafts are kept 90 days for comparison, then removed, a bounded number a step (bill_store.c). */
JobStep bill_drafts_cleanup(Ctx *c, const JobRow *job);
JobStep late_fee_job(Ctx *c, const JobRow *job);        /* charge.c */
/* What a rule makes of an unpaid amount so many days after it was due, and the key of the message that says why. */
typedef struct LateFeeTry { Money amount; const char *why; } LateFeeTry;
LateFeeTry late_fee_try(Ctx *c, Id rule, Money unpaid, int days);
void    dispute_opened(Ctx *c, const EventRow *e);
void    dispute_ended (Ctx *c, const EventRow *e);

void cycle_calendar_changed(Ctx *c, const EventRow *e);  /* of calendar.changed */
void cycle_area_merged  (Ctx *c, const EventRow *e);     /* of service_area.merged */
void cycle_join_by_event(Ctx *c, const EventRow *e);     /* of service_connection.activated */

/* setup_check.c */
extern const SetupCheckRow billing_setup_checks[];
/* cycle_page.c */
void cycle_list_page  (Req *r);
void cycle_new_page   (Req *r);
void cycle_create_post(Req *r);

/* purge.c: what goes when a utility goes live */
extern const SandboxPurge billing_purges[];

/* tax.c */
extern const struct Resource tax_code, late_fee_rule;
/* import.c: what files of data migration bring in; at start-up */
void billing_imports(void);

#endif
