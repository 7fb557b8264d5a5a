/*
 * Business time (ONB02US04): weekly hours with a break, holidays whole or half, special days. Pure.
 *
 * Hours are wall-clock in the calendar's zone; arithmetic is done in UTC, so that on the days when the clock changes an
 * interval is as long as the clock shows.
 */
#ifndef APP_CORE_CALENDAR_RULES_H
#define APP_CORE_CALENDAR_RULES_H

#include "lib/date.h"

/* Minutes of the local day; 1440 is midnight at its end. break_from = break_to: none. */
typedef struct { bool working; int from, to, break_from, break_to; } DayHours;

/* A day that differs: closed, open until a time (half holiday), or with hours of its own, which win over a holiday. */
typedef enum { DAY_CLOSED, DAY_HALF, DAY_SPECIAL } DayKind;
typedef struct { Date date; DayKind kind; bool yearly; int from, until; } DayException;

typedef struct {
    bool                always_open;
    DayHours            week[7];            /* 0 Sunday */
    const DayException *exception;
    size_t              exceptions;
    const Zone         *zone;
} BusinessCalendar;

enum { CALENDAR_DAYS_MAX = 3660 };          /* how far ahead a working moment is looked for */

bool    calendar_is_working_day(const BusinessCalendar *c, Date d);
bool    calendar_is_working    (const BusinessCalendar *c, Time t);
/* t itself when it is working time, else the next opening; TIME_NONE when there is none in ten years. */
Time    calendar_next_working  (const BusinessCalendar *c, Time t);
/* When `minutes` (0 or more) of working time have passed since t; 0 minutes: the next working moment. */
Time    calendar_add_minutes   (const BusinessCalendar *c, Time t, int64_t minutes);
/* Whole working minutes from a to b; negative when b is before a. */
int64_t calendar_minutes       (const BusinessCalendar *c, Time a, Time b);
/* The next (step 1) or previous (step -1) working day, d itself included; d when there is none. */
Date    calendar_working_day   (const BusinessCalendar *c, Date d, int step);

/* What is wrong with weekly hours as people enter them; NULL when good. */
const char *calendar_hours_refusal(const DayHours week[7]);

#endif
