/*
 * The states of bill runs: one screen (V1, BX01US01) and six stages (V2, BX01US03). What blocks a move is decided by
 * run_rules over facts read here.
 */
#include <string.h>

#include "app/billing/run_page.h"
#include "app/billing/run_rules.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/json.h"

/* --- facts -------------------------------------------------------------------------------------------------------- */

/* A page shows why a move would be refused; what that costs many accounts is counted beforehand. */
static bool is_shown(Ctx *c, Id run) { return fact_get(c, "run_shown", run.id) != NULL; }

static RunFacts facts(Ctx *c, Id id) {
    const RunRow *r = run_get(c, id);
    RunCounts k = run_counts(c, id);
    RunFacts f = { .has_four_eyes = r->four_eyes, .is_same_person = r->last_actor_id.id
                   && r->last_actor_id.id == c->user.id, .errors = k.error, .held = k.held, .stale = k.stale,
                   .published = k.published,
                   .unfinished = k.pending + k.claimed, .is_simulation = r->simulate_only,
                   .is_sample = r->sample_of > 0 };
    f.is_checking = !strcmp(r->state, "calculating") ? false : run_checked(c, id) >= 0;
    if (!strcmp(r->state, "ready"))
        f.undecided_readings = is_shown(c, id) ? run_undecided_shown(c, r)
            : run_is_large(c, id) ? 0 /* a job looks, before the drafts */ : run_undecided_readings(c, r, 0, INT32_MAX);
    f.checklist_open = !strcmp(r->state, "review") ? run_checklist_open(c, r) : NULL;
    return f;
}

static Refusal refusal(Ctx *c, RunRefusal no) {
    return no.text ? (Refusal){ no.is_denied ? DENIED : no.is_input ? INVALID : CONFLICT, text_copy(c, no.text) }
    : NO_REFUSAL;
}

static Refusal blocked_accounts(Ctx *c, Id id)  { RunFacts f = facts(c, id);
    return refusal(c, run_continue_refusal(&c->mem, &f)); }
static Refusal undecided(Ctx *c, Id id)         { RunFacts f = facts(c, id);
    return refusal(c, run_generate_refusal(&c->mem, &f)); }
static Refusal open_checklist(Ctx *c, Id id)    { RunFacts f = facts(c, id);
    return refusal(c, run_ask_refusal(&c->mem, &f)); }
static Refusal approval(Ctx *c, Id id)          { RunFacts f = facts(c, id);
    return refusal(c, run_approve_refusal(&c->mem, &f)); }
static Refusal stale_drafts(Ctx *c, Id id)      { RunFacts f = facts(c, id);
    return refusal(c, run_publish_refusal(&c->mem, &f)); }
static Refusal published_bills(Ctx *c, Id id)   { RunFacts f = facts(c, id);
    return refusal(c, run_roll_back_refusal(&c->mem, &f)); }
static Refusal is_approved(Ctx *c,
                           Id id)       { return db_int(c, "select approved_at is not null from bill_run where id=?",
    id) ? REFUSE(c, CONFLICT, "The bills are approved.") : NO_REFUSAL; }
static Refusal not_approved(Ctx *c, Id id) {
    if (!db_int(c, "select approved_at is not null from bill_run where id=?", id))
        return REFUSE(c, CONFLICT, "The bills are not approved.");
    return stale_drafts(c, id);
}
static Refusal none_published(Ctx *c, Id id) {
    RunFacts f = facts(c, id);
    return f.published ? NO_REFUSAL : REFUSE(c, CONFLICT, "No bill is published. Roll back the whole run.");
}
static Refusal unsettled(Ctx *c, Id id)         { RunFacts f = facts(c, id);
    return refusal(c, run_close_refusal(&c->mem, &f)); }

/* --- what moving does --------------------------------------------------------------------------------------------- */

static void stage_set(Ctx *c, Id id, int stage) { db_run(c, "update bill_run set stage=? where id=?", stage, id); }
static void actor_set(Ctx *c, Id id) { db_run(c, "update bill_run set last_actor_id=? where id=?", c->user, id); }

static void begin_work(Ctx *c, Id id, void *arg) {
    (void)arg;
    run_work(c, id);
}

/* In pieces, as all drafts of a run are made anew. */
static void again_failed(Ctx *c, Id id, void *arg) {
    (void)arg;
    run_again_all(c, id, "failed");
}

static void roll_back(Ctx *c, Id id, void *arg) {
    (void)arg;
    run_take_back(c, id, "rolled_back");
}

static void cancel(Ctx *c, Id id, void *arg) {
    (void)arg;
    run_take_back(c, id, "cancelled");
}

/* What is published stays; the rest is free again, and another run can bill it. */
static void drop_unpublished(Ctx *c, Id id, void *arg) {
    (void)arg;
    run_take_back(c, id, "published");
}

/* The job that gave the drafts back has died: by the same right as rolling back, after approval that of an approver. */
static Refusal taking_back(Ctx *c, Id id) {
    if (run_is_taken_back(c, id)) return REFUSE(c, CONFLICT, "The drafts are being given back.");
    bool is_approved_run = db_int(c, "select approved_at is not null from bill_run where id=?", id) != 0;
    return is_approved_run && !perm_may(c, "bx.run", APPROVE)
        ? REFUSE(c, DENIED, "You do not have permission to roll back a run that was approved.") : NO_REFUSAL;
}

static void take_back_again(Ctx *c, Id id, void *arg) {
    (void)arg;
    db_run(c, "update bill_run set last_error=null where id=?", id);
    run_take_back_again(c, id);
}

static void taken_back(Ctx *c, Id id, void *arg) {
    (void)arg;
    db_run(c, "update bill_run set finished_at=? where id=?", c->now, id);
    db_run(c, "update bill_cycle_period p join bill_run r on r.bill_cycle_period_id = p.id set p.state='open' "
              "where r.id=? and r.simulate_only=0 and p.state='running' "
              "and (r.ends_as='published' or not exists (select 1 from bill b where b.bill_cycle_period_id = p.id "
              "and b.status='published'))", id);
    if (!strcmp(run_get(c, id)->state, "published")) run_tell_managers(c, id, "billing.run.told_in_part");
}

static void begin_checks(Ctx *c, Id id, void *arg) {
    (void)arg;
    stage_set(c, id, 2);
    run_check_all(c, id);
}

static void enter_readings(Ctx *c, Id id, void *arg) {
    (void)arg;
    stage_set(c, id, 3);
    run_readings_count(c, id);
}

/* arg: "all" or "stale" drafts are made anew, in pieces; NULL: those that wait already */
static void begin_drafts(Ctx *c, Id id, void *arg) {
    stage_set(c, id, 4);
    actor_set(c, id);
    if (arg) run_again_all(c, id, arg);
    else run_work(c, id);
}

/* What is decided later than the press is not overlooked. */
static void begin_looking(Ctx *c, Id id, void *arg) {
    (void)arg;
    stage_set(c, id, 4);
    actor_set(c, id);
    if (run_is_large(c, id)) run_look_through(c, id);
    else run_work(c, id);
}

static void back_to_readings(Ctx *c, Id id, void *arg) {
    (void)arg;
    stage_set(c, id, 3);
    run_readings_count(c, id);
    run_tell_owner(c, id, "billing.run.told_undecided");
}

static void go_on_drafts(Ctx *c, Id id, void *arg) {
    (void)arg;
    if (run_checked(c, id) >= 0) run_check_on(c, id);
    else run_work(c, id);
}

static void enter_review(Ctx *c, Id id, void *arg) {
    (void)arg;
    stage_set(c, id, 5);
    run_sample(c, id);
    run_tell_owner(c, id, "billing.run.told_drafts");
}

static void ask_approvers(Ctx *c, Id id, void *arg) {
    (void)arg;
    stage_set(c, id, 6);
    run_tell_approvers(c, id);
}

/* arg: the approver's note, or NULL */
static void approve_bills(Ctx *c, Id id, void *arg) {
    const char *words = arg;
    db_run(c, "update bill_run set approver_id=?, approved_at=?, approval_note=? where id=?", c->user, c->now, words,
           id);
    run_mark_bills(c, id);
    run_totals(c, id);
}

static void back_to_drafts(Ctx *c, Id id, void *arg) {
    (void)arg;
    stage_set(c, id, 5);
    db_run(c, "update bill_run set approver_id=null, approved_at=null, publish_at=null where id=?", id);
    run_mark_bills(c, id);
    run_tell_owner(c, id, "billing.run.told_sent_back");
}

/* A simulation ends with its drafts: they reserve nothing and go no further. */
static void simulation_end(Ctx *c, Id id, void *arg) {
    (void)arg;
    run_tell_owner(c, id, "billing.run.told_simulated");
}

static void published_end(Ctx *c, Id id, void *arg) {
    (void)arg;
    run_tell_owner(c, id, "billing.run.told_published");
    run_tell_managers(c, id, "billing.run.told_published");
    db_run(c, "update bill_cycle_period p join bill_run r on r.bill_cycle_period_id = p.id set p.state='billed' "
              "where r.id=? and p.state in ('open', 'planned', 'running')", id);
}

static void billed_end(Ctx *c, Id id, void *arg) {
    (void)arg;
    db_run(c, "update bill_cycle_period p join bill_run r on r.bill_cycle_period_id = p.id set p.state='billed' "
              "where r.id=? and p.state in ('open', 'planned', 'running')", id);
}

static void moved(Ctx *c, Id id, const char *from, const char *to, const char *event) {
    const RunRow *r = run_get(c, id);
    event_emit(c, &(Event){ .name = "bill_run.state_changed", .entity = "bill_run", .id = id, .number = r->run_no,
                            .payload = json_pairs(c, "from", from, "to", to, "event", event, NULL) });
}

/* --- the tables --------------------------------------------------------------------------------------------------- */

static const Move v1_moves[] = {
    { "queued",                "start",              "running",               EDIT,    NULL,      NULL,         NULL,
      0 },
    { "running",               "finish",             "completed",             EDIT,    NULL,      billed_end,   NULL,
      0 },
    { "running",               "finish_with_errors", "completed_with_errors", EDIT,    NULL,      NULL,         NULL,
      0 },
    { "completed_with_errors", "settle",             "completed",             EDIT,    NULL,      billed_end,   NULL,
      0 },
    { "completed_with_errors", "retry",              "running",               APPROVE, NULL,      again_failed,
      .text = "billing.run.retry_failed" },
    { "running",               "pause",              "paused",                APPROVE, NULL,      NULL,
      .text = "billing.run.pause" },
    { "paused",                "resume",             "running",               APPROVE, NULL,      go_on_drafts,
      .text = "billing.run.resume" },
    { "queued",                "cancel",             "rolling_back",          APPROVE, NULL,      cancel,
      .text = "billing.run.cancel_run", .danger = true },
    { "running",               "cancel",             "rolling_back",          APPROVE, NULL,      cancel,
      .text = "billing.run.cancel_run", .danger = true },
    { "paused",                "cancel",             "rolling_back",          APPROVE, NULL,      cancel,
      .text = "billing.run.cancel_run", .danger = true },
    { "rolling_back",          "end_cancelled",      "cancelled",             EDIT,    NULL,      taken_back,   NULL,
      0 },
    { 0 }
};
const Machine run_v1 = { .name = "bill_run", .table = "bill_run", .number = "run_no", .feature = "bx.run",
                         .moves = v1_moves, .moved = moved };

static const Move v2_moves[] = {
    { "setup",             "check",      "checking",          CREATE,  NULL,             begin_checks,
      .text = "billing.run.check_consumers" },
    { "checking",          "continue",   "ready",             EDIT,    blocked_accounts, enter_readings,
      .text = "billing.run.continue" },
    { "ready",             "generate",   "calculating",       EDIT,    undecided,        begin_looking,
      .text = "billing.run.generate_drafts" },
    { "calculating",       "calculated", "review",            EDIT,    NULL,             enter_review,   NULL, 0 },
    { "calculating",       "undecided",  "ready",             EDIT,    NULL,             back_to_readings, NULL, 0 },
    { "calculating",       "pause",      "paused",            EDIT,    NULL,             NULL,
      .text = "billing.run.pause" },
    { "review",            "recalculate","calculating",       EDIT,    NULL,             begin_drafts,   NULL, 0 },
    { "review",            "ask",        "awaiting_approval", EDIT,    open_checklist,   ask_approvers,
      .text = "billing.gl.ask_approval" },
    { "awaiting_approval", "approve",    "approved",          APPROVE, approval,         approve_bills,  NULL, 0 },
    { "awaiting_approval", "send_back",  "review",            APPROVE, NULL,             back_to_drafts, NULL,
      .asks_reason = true },
    { "approved",          "publish",    "publishing",        APPROVE, stale_drafts,     begin_work,
      .text = "billing.run.publish_now" },
    { "approved",          "send_back",  "review",            APPROVE, NULL,             back_to_drafts, NULL,
      .asks_reason = true },
    { "publishing",        "finish",     "published",         EDIT,    NULL,             published_end,  NULL, 0 },
    { "publishing",        "stop",       "paused",            APPROVE, NULL,             NULL,
      .text = "billing.run.stop" },
    { "calculating",       "simulated",  "closed",            EDIT,    NULL,             simulation_end, NULL, 0 },
    { "paused",            "roll_back_rest", "rolling_back",  APPROVE, none_published,   drop_unpublished,
      .text = "billing.run.roll_back_rest", .danger = true },
    { "setup",             "roll_back",  "rolling_back",      EDIT,    NULL,             roll_back,      NULL, 0 },
    { "paused",            "resume",     "calculating",       EDIT,    is_approved,      go_on_drafts,
      .text = "billing.run.go_on_drafts" },
    { "paused",            "go_on",      "publishing",        APPROVE, not_approved,     begin_work,
      .text = "billing.run.go_on_publishing" },
    { "published",         "close",      "closed",            APPROVE, unsettled,        NULL,
      .text = "billing.run.close_run" },
    { "paused",            "roll_back",  "rolling_back",      APPROVE, published_bills,  roll_back,
      .text = "billing.run.roll_back", .danger = true },
    { "checking",          "roll_back",  "rolling_back",      EDIT,    NULL,             roll_back,      NULL, 0 },
    { "ready",             "roll_back",  "rolling_back",      EDIT,    NULL,             roll_back,      NULL, 0 },
    { "review",            "roll_back",  "rolling_back",      EDIT,    published_bills,  roll_back,
      .text = "billing.run.roll_back", .danger = true },
    { "awaiting_approval", "roll_back",  "rolling_back",      EDIT,    published_bills,  roll_back,
      .text = "billing.run.roll_back", .danger = true },
    { "approved",          "roll_back",  "rolling_back",      APPROVE, published_bills,  roll_back,
      .text = "billing.run.roll_back", .danger = true },
    { "published",         "roll_back",  "rolling_back",      APPROVE, published_bills,  roll_back,      NULL, 0 },
    { "setup",             "cancel",     "rolling_back",      EDIT,    NULL,             cancel,
      .text = "billing.run.cancel_run", .danger = true },
    { "checking",          "cancel",     "rolling_back",      EDIT,    NULL,             cancel,
      .text = "billing.run.cancel_run", .danger = true },
    { "ready",             "cancel",     "rolling_back",      EDIT,    NULL,             cancel,
      .text = "billing.run.cancel_run", .danger = true },
    { "review",            "cancel",     "rolling_back",      EDIT,    NULL,             cancel,         NULL, 0 },
    { "rolling_back",      "end_rolled_back", "rolled_back",  EDIT,    NULL,             taken_back,     NULL, 0 },
    { "rolling_back",      "end_cancelled", "cancelled",      EDIT,    NULL,             taken_back,     NULL, 0 },
    { "rolling_back",      "end_published", "published",      EDIT,    NULL,             taken_back,     NULL, 0 },
    { "rolling_back",      "go_on_back", "rolling_back",      EDIT,    taking_back,      take_back_again,
      .text = "billing.run.go_on_back" },
    { 0 }
};
const Machine run_v2 = { .name = "bill_run", .table = "bill_run", .number = "run_no", .feature = "bx.run",
                         .moves = v2_moves, .moved = moved };
