/*
 * What the pages of both kinds of bill runs share (BX01US01, BX01US03): head, progress, lists of accounts, single
 * decisions.
 */
#ifndef APP_BILLING_RUN_PAGE_H
#define APP_BILLING_RUN_PAGE_H

#include "app/billing/run.h"
#include "lib/form.h"
#include "lib/list.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

/* The run named by {no} of this mode; NOT_FOUND otherwise. */
RunRow *run_of_path(Req *r, const char *mode);
/* "/bx/generate/RUN-2026-0001" or "/bx/runs/..." */
const char *run_path(Ctx *c, const RunRow *run);
/* Title, crumbs, status, facts, moves and tabs. `tab`: "", bills, errors, held, log. */
void run_head(Req *r, const RunRow *run, const RunCounts *k, const char *tab);
/* Figures of the run's work; while it is active they are asked again every 2 s. */
void run_progress(Req *r, const RunRow *run, const RunCounts *k);
/* Bill and due date of a form: within a year of today. */
void run_dates_check(Req *r, Input *in);
/* A count and an amount as a page of runs writes them: "1,384", "1,384.62". */
const char *run_count(Req *r, int64_t n);
const char *run_money(Req *r, Money m);
/* "48 s", "2 min 5 s", "1 h 4 min"; in lists, of a run's row r, "00:02:05". */
const char *run_span(Req *r, int64_t seconds);
#define RUN_DURATION "time_format(timediff(r.finished_at, r.started_at), '%H:%i:%s')"
/* Fails CONFLICT "This bill run is <state>." unless its state is among these ("review,awaiting_approval"). */
void run_must_be(Req *r, const RunRow *run, const char *states);

/* Keys of ticked rows: list_chosen(r, &spec, run_key_add, &keys, most, ...) with keys.c set. */
typedef struct { Ctx *c; const char **v; size_t n, room; } RunKeys;
void run_key_add(void *keys, const char *key);
/* An act on the n-th row of a table shown at `table`, in its cell `cell`: a link, or with `name` a POST of
   name=value. */
typedef struct { const char *text, *url, *name, *value; } RunAct;
void run_row_act(Req *r, const char *table, size_t row, int cell, const RunAct *act);

/* What a set of bills adds up to. */
#define RUN_SUMS(F, T) F(T, int64_t, bills) F(T, Money, current) F(T, Money, tax) F(T, int64_t, estimated) \
    F(T, Quantity, used)
ROW(RunSums, RUN_SUMS)
/* Of a run (what it made and nothing holds), or of the published bills of a period. */
#define RUN_BILLS                                                                                       \
    "(b.status in ('draft', 'approved', 'published') or (b.status = 'discarded' and exists (select 1 "  \
    "from bill_run_item i where i.run_id = b.bill_run_id and i.account_id = b.account_id and i.bill_id = b.id " \
    "and i.state = 'calculated')))"
RunSums *run_sums(Ctx *c, Id run, Id period);
/* The cycle's period before the run's one; the one of the year before. 0: none. */
Id run_period_before(Ctx *c, const RunRow *run);
Id run_period_last_year(Ctx *c, const RunRow *run);
/* How far the revenue of the run is from that of the period before, in whole percent; false: nothing to compare
   with. */
bool run_revenue_change(Ctx *c, const RunRow *run, int64_t *percent);

/* What a stage shows: run_v2.c, run_readings.c, run_verify.c, run_publish.c. */
void run_stage_readings(Req *r, const RunRow *run);
void run_stage_verify  (Req *r, const RunRow *run, const RunCounts *k);
void run_stage_publish (Req *r, const RunRow *run, const RunCounts *k);
/* Readings of a run with many accounts are counted by a job: for this run, or for all that are in stage 3. */
void    run_readings_count  (Ctx *c, Id run);
void    run_readings_changed(Ctx *c);
JobStep run_readings_job    (Ctx *c, const JobRow *job);
/* Undecided readings as they were counted last, for what a page shows; moves ask run_undecided_readings. */
int64_t run_undecided_shown(Ctx *c, const RunRow *run);
/* The checklist as a table of the section; `may`: with the buttons that tick. */
void run_checklist_show(Req *r, const RunRow *run, const char *section, bool may);

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
void run_options_page    (Req *r);
void run_options_post    (Req *r);
void run_page            (Req *r);
void run_tab_page        (Req *r);
void run_move_post       (Req *r);
void run_recheck_post    (Req *r);
void run_readings_page   (Req *r);
void run_readings_post   (Req *r);
void run_reading_page    (Req *r);
void run_reading_post    (Req *r);
void run_reading_photo   (Req *r);
void run_exceptions_page (Req *r);
void run_exceptions_post (Req *r);
void run_exception_page  (Req *r);
void run_exception_assign(Req *r);
void run_exception_note  (Req *r);
void run_reason_page     (Req *r);
void run_checklist_post  (Req *r);
void run_check_page      (Req *r);
void run_check_post      (Req *r);
void run_bills_post      (Req *r);
void run_recalculate_post(Req *r);
void run_publish_at_post (Req *r);
void stale_by_tariff     (Ctx *c, const EventRow *e);
void stale_by_connection (Ctx *c, const EventRow *e);
void stale_by_reading    (Ctx *c, const EventRow *e);
void check_is_read       (Ctx *c, const EventRow *e);
/* A job of ours that will not be tried again: whoever started the run or the simulation is told (run_stage.c). */
void billing_job_failed  (Ctx *c, const EventRow *e);

void generate_page   (Req *r);
void generate_confirm(Req *r);
void generate_post   (Req *r);
void generate_run    (Req *r);
void generate_tab    (Req *r);
void generate_move   (Req *r);
void period_close_page(Req *r);
void period_close_post(Req *r);

#endif
