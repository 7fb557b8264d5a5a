/*
 * Prepared totals of the dashboards (ONB0502, ONB02US01): counted by a job every five minutes, by events at once where
 * they say that something changed, and anew every night; pages only read them and say how old they are.
 *
 * dashboard_counter has one row for (utility, key, period, area, service); utility NULL is the organization. Gauges
 * ("now.*") stand at the period TOTAL_NOW, sums of a day ("day.*") at the utility's local day, sums of a month
 * ("month.*") at its first day. Area 0: the whole utility; service "": all of them.
 */
#ifndef APP_SETUP_TOTALS_H
#define APP_SETUP_TOTALS_H

#include "app/core/core.h"
#include "lib/db.h"

#define TOTAL_NOW ((Date){ 0 })                         /* 1970-01-01 */
enum { DAYS_KEPT = 90 };

/* Stores a gauge or a sum; replaces what was there. */
void total_set(Ctx *c, Id utility, const char *key, Date period, int64_t value);

#define TOTAL(F, T) F(T, Id, utility) F(T, const char *, key) F(T, Date, period) F(T, int64_t, value) \
    F(T, Time, updated_at)
ROW(Total, TOTAL)
/* All gauges of the organization and of its utilities. */
Totals totals_now(Ctx *c);
/* The gauge; NULL when it was not counted yet. */
const Total *total_find(const Totals *all, Id utility, const char *key);

/* Counts people and failed sign-ins now, for pages that change them. */
void totals_people(Ctx *c);

/* Jobs and events. */
JobStep totals_job      (Ctx *c, const JobRow *job);    /* what moves within minutes */
JobStep totals_night_job(Ctx *c, const JobRow *job);    /* 90 days anew */
JobStep alerts_job      (Ctx *c, const JobRow *job);    /* what wants attention soon */
void    totals_people_event(Ctx *c, const EventRow *e);
/* A new utility, or the first person of a new organization: figures are counted at once, not with the next round. */
void    totals_begin_event(Ctx *c, const EventRow *e);
void    totals_work_event  (Ctx *c, const EventRow *e);
JobStep figures_job      (Ctx *c, const JobRow *job);   /* figures.c: money and use of a utility by area */
JobStep figures_night_job(Ctx *c, const JobRow *job);
void    area_figures_count(Ctx *c, Date today);         /* area_figures.c: of many premises, by area */
void    figures_calendar_changed(Ctx *c, const EventRow *e);

#endif
