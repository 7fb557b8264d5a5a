/*
 * The guided set-up (ONB-GUIDED): pages over the steps of step.h, with who signed what off; for app/setup only.
 */
#ifndef APP_SETUP_GUIDE_H
#define APP_SETUP_GUIDE_H

#include "app/setup/step.h"
#include "lib/req.h"
#include "lib/rows.h"

#define GUIDE_ROW(F, T) F(T, Id, id) F(T, const char *, step_key) F(T, const char *, state) F(T, int, percent) \
    F(T, Time, saved_at) F(T, const char *, skipped_reason) F(T, Time, signed_off_at) F(T, const char *, signed_by) \
    F(T, const char *, signoff_comment) F(T, Time, updated_at) F(T, const char *, updated_by)
ROW(GuideRow, GUIDE_ROW)

/* A step with what is stored of it; `row` is NULL when nothing is. */
typedef struct GuideStep { const StepDef *def; const GuideRow *row; const char *state; int percent; } GuideStep;
typedef struct Guide { GuideStep *v; size_t n; int phase[PHASES], overall; const Utility *utility; } Guide;

/* All steps as the context's utility has them; without one, those from the fourth on are locked. */
Guide *guide_read(Ctx *c);
GuideStep *guide_step(const Guide *g, const char *key);
/* Counts the step's checks anew and stores state and percentage when they differ. */
void guide_recount(Ctx *c, Guide *g, GuideStep *s);
/* The audit of a change that was just written. */
void guide_audit(Ctx *c, const char *action, const StepDef *d, const char *reason);
/* "Service Areas" */
const char *guide_title(Ctx *c, const StepDef *d);
/* What is missing in the steps this one needs, as one sentence: "Complete 'Service Areas' first: define at least one
   sub-area." NULL when nothing is; *link: where it is done, a whole path. */
const char *guide_locked(Ctx *c, const Guide *g, const StepDef *d, const char **link);
/* The page where a step is done, a whole path. */
const char *guide_path(Ctx *c, const StepDef *d);
/* "/setup/calendar?utility=swa-w" */
const char *guide_url(Ctx *c, const char *what);
/* The utility the pages are about: the one asked for, that of the session, the first that is not live; checks the right
   to see its set-up. */
void guide_enter(Req *r);
/* The values of a step as JSON, for its snapshot; NULL when it has none of core's. Secrets are not in it. */
const char *setup_values(Ctx *c, const char *step_key);

#endif
