/*
 * What makes a component whole (ONB02US05 "Refuses"): tiers without gap, periods over every minute of the week, seasons
 * over the year, percentages without a loop. Pure; answers are texts for people, NULL when all is well.
 */
#ifndef APP_SETUP_PLAN_RULES_H
#define APP_SETUP_PLAN_RULES_H

#include "lib/arena.h"
#include "lib/money.h"
#include "lib/types.h"

/* A tier as typed: where it begins, where it ends. */
typedef struct { Quantity from, upto; bool has_from, unlimited, by_attribute; } TierEnds;
/* "Tier 2 must start at 6, where tier 1 ends." "The last tier must be unlimited." */
const char *tiers_problem(Arena *a, const TierEnds *v, int n);

typedef enum { DAYS_WEEKDAY, DAYS_WEEKEND, DAYS_HOLIDAY, DAYS_ANY } DayType;
/* minutes of the day, end exclusive */
typedef struct { const char *code; DayType days; int from, to; } TouHours;
/* "Sunday 22:00-24:00 has no period." "Monday 08:00-10:00 has two periods: peak and mid." */
const char *tou_problem(Arena *a, const TouHours *v, int n);

typedef struct { const char *code, *from_md, *to_md; } SeasonDays;                  /* "06-01" to "09-30" */
/* "No season covers 10-01 to 12-31." "06-01 is in two seasons: summer and peak." */
const char *seasons_problem(Arena *a, const SeasonDays *v, int n);
bool season_day_parse(const char *s);                                               /* a day of any year as MM-DD */

typedef struct { const char *code, *charge_type; bool is_percent; const char *const *of; int of_n; } PercentOf;
/* "A refers to B, which refers to A." */
const char *percent_loop(Arena *a, const PercentOf *v, int n);

#endif
