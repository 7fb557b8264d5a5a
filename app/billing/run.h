/*
 * Bill runs within app/billing: making one, its workers, its figures, its moves (BX01US01 V1, BX01US03 V2; 5-billing
 * "Runs, workers, crashes"). A run is rows in bill_run_item: what happens to an account is written in the transaction
 * that does it.
 */
#ifndef APP_BILLING_RUN_H
#define APP_BILLING_RUN_H

#include "app/billing/bill.h"
#include "app/core/core.h"
#include "lib/machine.h"

enum { RUN_CHUNK = 250, RUN_LEASE_S = 60, RUN_ATTEMPTS = 3, RUN_SLICE_S = 15 };

typedef struct {
    Id          period;
    const char *mode;                   /* v1, v2 */
    Date        bill_date, due_date;
    bool        estimate, release_held, simulate_only;
    const char *message, *true_up;
    int         sample_of;              /* v2: 0 all */
    Id          template;               /* bill_template; 0: that of the cycle */
    Id          tariff_version;         /* of a simulation: in place of its plan's versions; 0: those in force */
} NewRun;
/* bill_run.id with its items, not started. Fails with the refusals of BX01US01 (closed period, active run, closed
   ledger, no template). */
Id   run_create(Ctx *c, const NewRun *n);
/* The same checks, for the form: NULL or the refusal's text. */
const char *run_refusal(Ctx *c, const NewRun *n);
/* Workers for a run in state running, calculating or publishing. */
void run_work(Ctx *c, Id run);
/* Runs it here and now until nothing is left (command, tests). */
void run_drain(Ctx *c, Id run);

/* Of a published bill b: it bills a period, by a run or as a single bill that reaches to its end. Bound are the
   period's id, and its end twice. */
#define BILLED_HERE "(b.bill_cycle_period_id = ? or (b.bill_cycle_period_id is null and b.kind <> 'one_off' " \
                    "and b.period_start <= ? and b.period_end >= ?))"

#define RUN_ROW(F, T) F(T, Id, id) F(T, const char *, run_no) F(T, const char *, mode) F(T, const char *, state) \
    F(T, Id, period) F(T, Id, cycle) F(T, const char *, label) F(T, const char *, cycle_name) \
    F(T, const char *, cycle_code) F(T, Date, from_date) F(T, Date, to_date) F(T, Date, bill_date) \
        F(T, Date, due_date) F(T, int, stage) F(T, int, sample_of) F(T, bool, simulate_only) F(T, bool, four_eyes) \
        F(T, Id, owner_id) \
    F(T, Id, last_actor_id) F(T, Id, approver_id) F(T, Time, started_at) F(T, Time, finished_at) \
        F(T, Time, publish_at) F(T, const char *, checklist) F(T, const char *, message) F(T, const char *, options) \
    F(T, int64_t, row_version) F(T, const char *, last_error) F(T, const char *, approval_note)
ROW(RunRow, RUN_ROW)
RunRow *run_get (Ctx *c, Id run);                       /* NOT_FOUND when none */
RunRow *run_find(Ctx *c, const char *run_no);           /* NOT_FOUND when none */
/* Another period, other dates and options for a V2 run that is still in its first stage; CONFLICT later. */
void    run_change(Ctx *c, const RunRow *run, const NewRun *n);

typedef struct {
    int64_t total, pending, claimed, calculated, held, error, skipped, published, rolled_back, stale, workers;
    Money   amount, tax;                /* of what is calculated and published */
} RunCounts;
/* From indexes alone: some 30 ms for 50,000 accounts. */
RunCounts run_counts(Ctx *c, Id run);
/* Accounts done with in the last minute. */
int64_t run_done_lately(Ctx *c, Id run);
/* Writes the totals of the run from its items and bills. */
void run_totals(Ctx *c, Id run);
/* A settled run of V1 is completed once nothing is pending, held or wrong. */
void run_settle(Ctx *c, Id run);

/* A held item: its bill becomes a draft, with the reason kept.
 * CONFLICT with the first decision when it was decided already. */
void run_release_item(Ctx *c, const RunRow *run, Id account, const char *reason);
/* pending, held, error, calculated -> skipped: its days are billed next period. */
void run_leave_out(Ctx *c, const RunRow *run, Id account, const char *reason);
/* These accounts of the run, where they are in one of the states ("error,held"), back to pending. Of a few the drafts
   are discarded at once, of many when they are made anew. Returns how many. */
int64_t run_again(Ctx *c, const RunRow *run, const char *states, const Id *accounts, size_t n);
/* Drafts of these accounts discarded, their items rolled back; published ones stay. Returns how many. */
int64_t run_roll_back(Ctx *c, const RunRow *run, const Id *accounts, size_t n);
/* Items into `state` without a bill; these bills are discarded. */
void    run_give_back(Ctx *c, const Id *items, size_t n, const Id *bills, size_t bill_n, const char *state);

/* --- what is done to all bills of a run: run_mass.c --- */
/* Bills follow the run's state (approved, or a draft again): a piece at once, the rest by a job. */
void    run_mark_bills(Ctx *c, Id run);
/* Bills of an approved run that do not bear it yet. */
int64_t run_marks_open(Ctx *c, const RunRow *run);
/* For a run just moved to rolling_back: its unpublished bills are discarded, a piece at once, the rest by a job; then
   it becomes `ends_as` (rolled_back, cancelled, published). */
void    run_take_back(Ctx *c, Id run, const char *ends_as);
/* Whether a job is at it. When it died for good, somebody presses the button that goes on with it. */
bool    run_is_taken_back  (Ctx *c, Id run);
void    run_take_back_again(Ctx *c, Id run);
/* Fails CONFLICT when nothing is held for the account; with whose decision it was, when somebody released it. */
void    run_release_check(Ctx *c, Id run, Id account);
/* All accounts of a run in stage 2 or 3 are checked: a piece at once, the rest by a job. */
void    run_check_all(Ctx *c, Id run);
/* Before the drafts of a large run, which has just moved to calculating, a job looks whether each reading is decided;
   then the work begins, else the run is back in stage 3. */
void    run_look_through(Ctx *c, Id run);
/* Whether a run has so many accounts (setting bx.run_large) that no request looks at all of them. */
enum { RUN_IS_LARGE = 2000 };
bool    run_is_large(Ctx *c, Id run);
/* How many places are checked, or looked through; -1: all of them. */
int64_t run_checked(Ctx *c, Id run);
JobStep run_check_job(Ctx *c, const JobRow *job);
JobStep run_look_job (Ctx *c, const JobRow *job);
/* All drafts of a run that has just moved to calculating ("all"), its stale ones ("stale"), or accounts of a V1 run
   that failed or are held ("failed"), are made anew: a piece is marked at once, the rest by a job; then the work
   begins. */
void    run_again_all(Ctx *c, Id run, const char *which);
JobStep run_again_job(Ctx *c, const JobRow *job);
/* A paused run whose job marked or looked: goes on with it. */
void    run_check_on(Ctx *c, Id run);
JobStep run_mark_job(Ctx *c, const JobRow *job);
JobStep run_undo_job(Ctx *c, const JobRow *job);

/* --- the stages of V2: run_stage.c --- */
/* Eligibility of the accounts that are not left out, of these places in the run's order: blocked ones become errors
   with their exceptions. */
void        run_check_places(Ctx *c, const RunRow *run, int64_t above, int64_t upto);
/* Connections whose reading is missing or waits, of accounts still to be billed; of these places in the run's order. */
int64_t     run_undecided_readings(Ctx *c, const RunRow *run, int64_t above, int64_t upto);
/* Field work reads the meter of a connection again; service_order.id, the open one when there is one already. */
Id          run_order_reading(Ctx *c, const RunRow *run, Id connection);
/* An id of an event's payload; 0: none. */
Id          run_payload_id(Ctx *c, const EventRow *e, const char *name);
/* Label of the first item of the checklist that is open; NULL: complete. */
const char *run_checklist_open(Ctx *c, const RunRow *run);
bool        run_check_done(Ctx *c, const RunRow *run, const char *key);
/* Chooses the sample: random ones, the largest, those with the largest change. */
void        run_sample(Ctx *c, Id run);
void        run_tell_owner(Ctx *c, Id run, const char *key);            /* a message's key; {run}: its number */
void        run_tell_managers(Ctx *c, Id run, const char *key);      /* all of the role billing manager */
void        run_tell_approvers(Ctx *c, Id run);

extern const Machine run_v1, run_v2;
JobStep run_job(Ctx *c, const JobRow *job);
JobStep run_publish_job(Ctx *c, const JobRow *job);     /* at the time asked for */

#endif
