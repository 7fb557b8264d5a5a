/*
 * What the pages of working calendars share (ONB02US04): calendar.c has the holidays, calendar_import.c standard ones
 * and those of the year before, calendar_hours.c the week, special days and the calculator, calendar_list.c calendars
 * and recurring jobs.
 */
#ifndef APP_SETUP_CALENDAR_H
#define APP_SETUP_CALENDAR_H

#include "app/core/core.h"
#include "lib/db.h"
#include "lib/req.h"

/* Words of these pages, for their files only. */
#define SAY(r, key) msg((r)->c.language, "calendar." key)
#define COUNT(r, n) locale_count(&(r)->c.mem, (r)->c.locale, (n))

#define CALENDAR(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, bool, is_default) \
    F(T, bool, always_open) F(T, bool, active) F(T, int64_t, row_version)
ROW(Calendar, CALENDAR)

/* The default one first. */
Calendars       calendars_all(Req *r);
/* The one the address or the form names, else the default; NOT_FOUND when there is none. */
const Calendar *calendar_asked(Req *r);

/* Title, tabs and, for a page of one calendar, the choice among them. */
void calendar_head  (Req *r, const char *path, const Calendar *k);
void calendar_button(Req *r, size_t *n, const char *text, const char *url, bool primary);
void calendar_crumbs(Req *r, const char *last);
/* After every change: who keeps clocks and due dates hears of it, the step is counted anew. */
void calendar_changed(Req *r, const Calendar *k, const char *action, const char *before, const char *after);

#define HOLIDAY_ROW(F, T) F(T, const char *, public_id) F(T, Date, holiday_date) F(T, const char *, name) \
    F(T, const char *, type) \
    F(T, Date, observes_date) F(T, const char *, half_day_until) F(T, const char *, recurring) \
    F(T, const char *, source) F(T, const char *, state)
ROW(CalendarHoliday, HOLIDAY_ROW)
/* Of one year, those that return every year too; by date. */
CalendarHolidays calendar_holidays(Req *r, Id calendar, int year);
/* False when the calendar has it on that day already. */
bool calendar_holiday_add(Req *r, const Calendar *k, const CalendarHoliday *h, const char *country);
/* A holiday that is not in the calendar yet, not as one that returns every year either. */
bool calendar_holiday_is_new(Req *r, const Calendar *k, const CalendarHoliday *h);

/* What stands on days that would be no working days: orders due, unposted bills due, open cases whose clocks run. */
#define TOUCHED(F, T) F(T, int64_t, appointments) F(T, int64_t, clocks) F(T, int64_t, bills)
ROW(CalendarTouch, TOUCHED)
CalendarTouch *calendar_touched(Req *r, Date day);
/* At the facts of the confirmation. */
void calendar_touch_show(Req *r, const CalendarTouch *t);
/* Dispatchers hear of appointments on days that are no working days any more; `key` tells one change from another. */
void calendar_tell(Req *r, int64_t appointments, const char *title, const char *key);

#endif
