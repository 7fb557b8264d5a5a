/*
 * The guided set-up (ONB-GUIDED): pages over the steps of step.h, with who signed what off; for app/setup only.
 */
#ifndef APP_SETUP_GUIDE_H
#define APP_SETUP_GUIDE_H

#include "app/setup/step.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/req.h"
#include "lib/rows.h"

/* The steps with the percentages of their phases and of the whole. */
typedef struct Guide { StepNow *v; size_t n; int phase[PHASES], overall; const Utility *utility; } Guide;

Guide *guide_read(Ctx *c);
StepNow *guide_step(const Guide *g, const char *key);
/* Counts the step's checks anew and stores state and percentage when they differ. */
void guide_recount(Ctx *c, Guide *g, StepNow *s);
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
Id   guide_utility(Ctx *c);                             /* when none is asked for; 0: there is none */

/* --- what surrounds a page (guide_frame.c) ------------------------------------------------------------------------ */

/* Where a step begins: the first of its pages with something missing, within the set-up; before anything of it was
   saved its first one. NULL when it has none that this person may open. */
const char *guide_entry(Ctx *c, const StepNow *s);
/* The steps at the left with percentages; now: the present one, NULL: none. */
void guide_steps_show(Req *r, const Guide *g, const StepNow *now);
/* All that surrounds a page of the step; path: the page's own address, NULL for the set-up's. */
void guide_show(Req *r, Guide *g, StepNow *s, const char *path);
/* The checks before going live; true when every one passes. */
bool guide_live_checks_show(Req *r);
extern const Form guide_signoff_form, guide_skip_form, guide_take_form;
/* Complete, or changed since it was signed; the last step: every check passes, and it was not ordered yet. */
bool guide_signable(Ctx *c, const StepNow *s);
/* The form with which the person signs, when anything is his to sign. */
void guide_sign_act_show(Req *r, const StepNow *s);
/* Nothing of it was saved, and all that is needed is there from the beginning. */
bool guide_takeable(Ctx *c, const StepNow *s);

/* --- what no program can see (guide_declare.c) -------------------------------------------------------------------- */

/* Boxes of the sign-off form, field `confirmed`; form: where it is shown. */
void guide_declare_show(Req *r, FormView *v, const char *form, const StepDef *d);
/* A problem when one of them is not ticked. */
void guide_declare_check(Req *r, Input *in, const StepDef *d);
/* Into the snapshot: {"confirmed":[...]}. */
void guide_declare_keep(Ctx *c, JsonOut *o, const StepDef *d);
/* Each of the step's, with whether it stands with the present signature. */
void guide_declare_each(Ctx *c, const StepNow *s, void (*each)(void *arg, const char *words, bool confirmed),
                        void *arg);

/* --- others ------------------------------------------------------------------------------------------------------- */

/* On the dashboard of a utility that is not live: how far it is, and the way to its set-up. */
void guide_banner(Req *r);
/* Handler of user.* and role.changed. */
void guide_people_changed(Ctx *c, const EventRow *e);
/* The values of a step as JSON, for its snapshot; NULL when it has none of core's. Secrets are not in it. */
const char *setup_values(Ctx *c, const char *step_key);

#endif
