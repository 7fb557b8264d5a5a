/*
 * Standard holidays (ONB02US04): the federal ones of the United States with their observed days, and those that states
 * keep besides. Pure.
 */
#ifndef APP_SETUP_HOLIDAY_RULES_H
#define APP_SETUP_HOLIDAY_RULES_H

#include "lib/date.h"

enum { HOLIDAYS_MAX = 24 };

/* `observes` is DATE_NONE on the day itself; `of_state`: not a federal one. */
typedef struct Holiday { Date date, observes; const char *name; bool of_state; } Holiday;

/* The non-working days of one year by date: a holiday on a Saturday is observed the Friday before, on a Sunday the
 * Monday after, so the first of January may belong to the year before. Returns how many. */
int us_holidays(int year, Holiday to[HOLIDAYS_MAX]);

/* Those days, and the ones a state keeps besides ("CA"; NULL: none). A day that is a federal one already is not
 * repeated. Sorted by date. */
int us_state_holidays(int year, const char *state, Holiday to[HOLIDAYS_MAX]);

/* States with days of their own, by code; NULL at the end of the list. */
typedef struct HolidayState { const char *code, *name; } HolidayState;
const HolidayState *us_holiday_states(void);

/* Easter Sunday of the Gregorian calendar. */
Date easter(int year);

#endif
