/*
 * Standard holidays (ONB02US04): the federal ones of the United States with their observed days. Pure.
 */
#ifndef APP_SETUP_HOLIDAY_RULES_H
#define APP_SETUP_HOLIDAY_RULES_H

#include "lib/date.h"

enum { HOLIDAYS_MAX = 13 };

/* `observes` is DATE_NONE on the day itself. */
typedef struct Holiday { Date date, observes; const char *name; } Holiday;

/* The non-working days of one year by date: a holiday on a Saturday is observed the Friday before, on a Sunday the
 * Monday after, so the first of January may belong to the year before. Returns how many. */
int us_holidays(int year, Holiday to[HOLIDAYS_MAX]);

#endif
