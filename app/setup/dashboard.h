/*
 * The parts of the utility administrator's dashboard (ONB02US01): dashboard.c is the page, what it is asked for and its
 * alerts; dashboard_figures.c the money on top, dashboard_work.c open work, dashboard_panels.c sections and charts,
 * dashboard_map.c the map, dashboard_file.c the file of all of it.
 */
#ifndef APP_SETUP_DASHBOARD_H
#define APP_SETUP_DASHBOARD_H

#include "app/setup/area.h"
#include "lib/db.h"

/* Words of the dashboard, for its files only. */
#define SAY(r, key) msg((r)->c.language, "dashboard." key)
enum { DASHBOARD_MONTHS = 12 };

typedef struct DashboardAsked {
    const char    *period;              /* today, week, month, custom */
    Date           from, to, today;
    const char    *service;             /* NULL: all */
    const AreaRow *area;                /* NULL: all */
    const char    *areas;               /* regular expression of the paths that count */
    const char    *query;               /* the same in an address */
    const char    *modules;             /* those that are on: " bx cis mx " */
} DashboardAsked;

/* What the address asks for; INVALID for a range that is none, NOT_FOUND for an area out of reach. */
DashboardAsked dashboard_asked(Req *r);
/* Whether a module is on: figures of others are not shown. */
bool dashboard_has(const DashboardAsked *a, const char *module);
/* The area's part of an address of a list, with `between` before it; "" without one. The same with the service. */
const char *dashboard_area_part   (Req *r, const DashboardAsked *a, const char *between);
const char *dashboard_service_part(Req *r, const DashboardAsked *a, const char *between);

/* --- figures ------------------------------------------------------------------------------------------------------ */

#define MONEY_NOW(F, T) F(T, Money, outstanding) F(T, int64_t, owing) F(T, Money, age0) F(T, Money, age30) \
    F(T, Money, age60) F(T, Money, age90) F(T, int64_t, bills0) F(T, int64_t, bills30) F(T, int64_t, bills60) \
    F(T, int64_t, bills90) F(T, Time, as_of)
ROW(MoneyNow, MONEY_NOW)
#define MONEY_PAST(F, T) F(T, Money, billed) F(T, Money, billed_30)
ROW(MoneyPast, MONEY_PAST)
#define MONEY_IN(F, T) F(T, Money, collected) F(T, Money, applied_30)
ROW(MoneyIn, MONEY_IN)

#define SUM_ROW(F, T) F(T, const char *, key) F(T, Date, period) F(T, const char *, service_code) F(T, int64_t, value)
ROW(SumRow, SUM_ROW)

/* A part that could not be read is NULL: its tiles say so. */
typedef struct DashboardFigures {
    DashboardAsked a;
    MoneyNow      *now;
    MoneyPast     *past;
    MoneyIn       *in;
    SumRows       *sums;                /* see dashboard_month_sums */
} DashboardFigures;

DashboardFigures *dashboard_figures(Req *r);
/* Tile `n` of the page and the one after; a NULL value shows as missing, `path` is the list behind it or NULL. */
void dashboard_tile(Req *r, size_t *n, const char *label, const char *value, const char *sub, const char *path);
/* What stands behind the value of tile `n`: "of 214". */
void dashboard_unit(Req *r, size_t n, const char *unit);
void dashboard_figures_show(Req *r, size_t *n, const DashboardFigures *f);
/* Open work, each figure as its list counts it; only what this person may see. */
void dashboard_work_show(Req *r, size_t *n, const DashboardAsked *a);
/* The same figures one by one, for the file; a NULL value is not known. */
void dashboard_work_each(Req *r, const DashboardAsked *a,
                         void (*each)(void *arg, const char *name, const char *value), void *arg);

/* --- sections and charts ------------------------------------------------------------------------------------------ */

/* Billed, used and collected of the last twelve months, by service; read once. */
const SumRows *dashboard_month_sums(Req *r, DashboardFigures *f);

/* Begins section `n` of the page; its place in the data set. */
const char *dashboard_section(Req *r, size_t *n, const char *title, const char *span);
void dashboard_ageing_show      (Req *r, size_t *n, DashboardFigures *f);
void dashboard_integrations_show(Req *r, size_t *n, DashboardFigures *f);
void dashboard_cycles_show      (Req *r, size_t *n, DashboardFigures *f);
void dashboard_money_show       (Req *r, size_t *n, DashboardFigures *f);
void dashboard_use_show         (Req *r, size_t *n, DashboardFigures *f);
void dashboard_requests_show    (Req *r, size_t *n, DashboardFigures *f);
/* The map's words: the areas that owe most for each account; a section of its own, `n` is not used. */
void dashboard_map_show         (Req *r, size_t *n, DashboardFigures *f);

/* Answers with the file (CSV) and notes it in the audit. */
void dashboard_file(Req *r, DashboardFigures *f);

#endif
