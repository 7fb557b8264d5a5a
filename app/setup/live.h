/*
 * Going live (ONB-GUIDED.6), between the page of the last step (guide_page.c) and the work (live.c).
 */
#ifndef APP_SETUP_LIVE_H
#define APP_SETUP_LIVE_H

#include "app/core/core.h"
#include "app/setup/guide.h"

#define LIVE_ROW(F, T) F(T, const char *, state) F(T, int, part) F(T, int, parts) F(T, const char *, removed) \
    F(T, Time, ordered_at) F(T, Time, finished_at) F(T, const char *, ordered_by)
ROW(LiveRow, LIVE_ROW)

/* The order of the context's utility; NULL when there is none. */
LiveRow *live_row(Ctx *c);
/* What stands below the checks of the last step: the form, for whoever may order it, when all passed and nobody else's
   signature is wanted; how far it is; or what was done. False when nothing stands there. */
bool live_show(Req *r, bool all_passed);
/* Whether a utility is being switched now: nothing else may change it. */
bool live_is_under_way(Ctx *c, Id utility);

JobStep live_job(Ctx *c, const JobRow *job);

#endif
