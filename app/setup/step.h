/*
 * Steps of the configuration and how far they are (spec: configuration order, guided workflow). A step's percentage is
 * the share of its required checks that pass; modules register checks (core.h), setup_step_touch counts them.
 */
#ifndef APP_SETUP_STEP_H
#define APP_SETUP_STEP_H

#include "app/core/core.h"

/* weight: per cent of the utility's set-up; 0: not counted there. needs: steps before it, separated by blanks. path:
 * the page where it is done, of the utility or, with `whole_tenant`, of the organization. */
typedef struct StepDef { const char *key, *path, *needs; int weight; bool whole_tenant, is_optional; } StepDef;
extern const StepDef step_defs[];       /* in the order of the configuration, ended by {0} */
const StepDef *step_def(const char *key);

typedef struct StepNow { const StepDef *def; const char *state; int percent; } StepNow;
typedef struct StepNows { StepNow *v; size_t n; } StepNows;
/* All steps as they are stored for the context's utility; at tenant level those of the organization only. */
StepNows steps_now(struct Ctx *c);
const StepNow *step_now(const StepNows *all, const char *key);
bool step_is_done(const StepNow *s);                    /* complete, signed off, or skipped */
/* Sum of weight x percent over the weighted steps. */
int steps_percent(const StepNows *all);

/* What is missing in a step: calls each(arg, check row, result) for every check that does not pass. Returns the share
 * of required checks that pass, rounded down; 100 for a step without checks. */
int step_missing(struct Ctx *c, const char *key, void (*each)(void *arg, const SetupCheckRow *row, const SetupCheck *k),
                 void *arg);

extern const SetupCheckRow setup_checks[];              /* setup_check.c */

#endif
