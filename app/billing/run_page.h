/*
 * What the pages of both kinds of bill runs share (BX01US01, BX01US03): head, progress, lists of accounts, single
 * decisions.
 */
#ifndef APP_BILLING_RUN_PAGE_H
#define APP_BILLING_RUN_PAGE_H

#include "app/billing/run.h"
#include "lib/form.h"
#include "lib/page.h"

/* The run named by {no} of this mode; NOT_FOUND otherwise. */
RunRow *run_of_path(Req *r, const char *mode);
/* "/bx/generate/RUN-2026-0001" or "/bx/runs/..." */
const char *run_path(Ctx *c, const RunRow *run);
/* Title, crumbs, status, facts, moves and tabs. `tab`: "", bills, errors, held, log. */
void run_head(Req *r, const RunRow *run, const RunCounts *k, const char *tab);
/* Figures of the run's work; while it is active they are asked again every 2 s. */
void run_progress(Req *r, const RunRow *run, const RunCounts *k);
/* GET {no}/{tab} */
void run_tab(Req *r, const char *mode, const char *tab);
void run_kpi(Req *r, const char *label, const char *value, const char *url, const char *sub);

/* POST {no}/{event}: pause, resume, cancel ... */
void run_move(Req *r, const char *mode, const Machine *m);
/* GET and POST {no}/accounts/{account}/release and /leave-out */
void run_release_page(Req *r);
void run_release_post(Req *r);
void run_leave_page  (Req *r);
void run_leave_post  (Req *r);

void run_list_page       (Req *r);
void run_new_page        (Req *r);
void run_create_post     (Req *r);
void run_page            (Req *r);
void run_tab_page        (Req *r);
void run_move_post       (Req *r);
void run_recheck_post    (Req *r);
void run_readings_page   (Req *r);
void run_readings_post   (Req *r);
void run_exceptions_page (Req *r);
void run_exceptions_post (Req *r);
void run_reason_page     (Req *r);
void run_checklist_post  (Req *r);
void run_recalculate_post(Req *r);
void run_publish_at_post (Req *r);
void stale_by_tariff     (Ctx *c, const EventRow *e);
void stale_by_connection (Ctx *c, const EventRow *e);
void stale_by_reading    (Ctx *c, const EventRow *e);

void generate_page   (Req *r);
void generate_confirm(Req *r);
void generate_post   (Req *r);
void generate_run    (Req *r);
void generate_tab    (Req *r);
void generate_move   (Req *r);
void period_close_page(Req *r);
void period_close_post(Req *r);

#endif
