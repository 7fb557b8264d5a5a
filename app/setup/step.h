/*
 * Steps of the configuration and how far they are (spec: configuration order, guided workflow). A step's percentage is
 * the share of its required checks that pass; modules register checks (core.h), setup_step_touch counts them.
 */
#ifndef APP_SETUP_STEP_H
#define APP_SETUP_STEP_H

#include "app/core/core.h"

enum { PHASE_ORGANIZATION, PHASE_UTILITY, PHASE_OPERATIONS, PHASE_GO_LIVE, PHASES };

/* A role that signs a step, and the key in its module whose approval it needs for that. */
typedef struct StepSigner { const char *role, *right; } StepSigner;
enum { STEP_SIGNERS = 3 };

/* weight: per cent of its phase; 0: none of its own. needs: steps before it, separated by blanks. path: the page where
 * it is done, of the utility or, with `whole_tenant` or under /utilities, of the organization. right: an administrator
 * who holds its approval signs in place of a role that nobody has. signers: each of them signs, the first usually does
 * the step. is_gate: must be done, counts for nothing. */
typedef struct StepDef {
    const char *key, *path, *needs;
    int         phase;
    const char *right;
    StepSigner  signers[STEP_SIGNERS + 1];      /* ended by {0} */
    int         weight;
    bool        whole_tenant, is_optional, is_gate;
} StepDef;
extern const StepDef step_defs[];       /* in the order of the configuration, ended by {0} */
const StepDef *step_def(const char *key);

#define STEP_ROW(F, T) F(T, Id, id) F(T, const char *, step_key) F(T, const char *, state) F(T, int, percent) \
    F(T, Time, saved_at) F(T, const char *, skipped_reason) F(T, Time, signed_off_at) F(T, const char *, signed_by) \
    F(T, const char *, signoff_comment) F(T, const char *, confirmed) \
    F(T, Time, updated_at) F(T, const char *, updated_by)
ROW(StepRow, STEP_ROW)

/* A step with what is stored of it; `row` is NULL when nothing is. */
typedef struct StepNow { const StepDef *def; const StepRow *row; const char *state; int percent; } StepNow;
typedef struct StepNows { StepNow *v; size_t n; } StepNows;
/* All steps as the context's utility has them; without one, those from the fourth on are locked. */
StepNows steps_now(struct Ctx *c);
const StepNow *step_now(const StepNows *all, const char *key);
bool step_is_done(const StepNow *s);                    /* NULL is not */
/* Complete, signed off (changed since, too), or skipped. */
bool state_is_done(const char *state);
/* Whether the step needs the one with this key. */
bool step_needs(const StepDef *d, const char *key);
/* The signatures of the step do not stand any more, and those for going live with it, unless that was ordered. */
void step_signatures_end(struct Ctx *c, const StepDef *d);
/* Sum of weight x percent over the weighted steps. */
int steps_percent(const StepNows *all);

/* The step's module is not in the organization's plan, or is off in the utility: its pages are closed, and it asks for
 * nothing (ONB-GUIDED with ONB08US01: a smaller plan goes live, too). */
bool step_is_off(struct Ctx *c, const StepDef *d);

/* What is missing in a step: calls each(arg, check row, result) for every check that does not pass. Returns the share
 * of required checks that pass, rounded down; 100 for a step without checks. */
int step_missing(struct Ctx *c, const char *key, void (*each)(void *arg, const SetupCheckRow *row, const SetupCheck *k),
                 void *arg);

/* The same for all checks of a step, passed ones too. */
void step_checks(struct Ctx *c, const char *key, void (*each)(void *arg, const SetupCheckRow *row, const SetupCheck *k),
                 void *arg);

#endif
