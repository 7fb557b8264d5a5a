/*
 * Standard holidays: see holiday_rules.h.
 */
#include "app/setup/holiday_rules.h"

/* The n-th weekday of a month; n = 5: the last one. */
static Date nth(int year, int month, int weekday, int n) {
    Date first = date_of(year, month, 1);
    Date d = date_add_days(first, (weekday - date_weekday(first) + 7) % 7 + 7 * (n - 1));
    return date_ymd(d).month == month ? d : date_add_days(d, -7);
}

static void add(Holiday *to, int *n, int year, Date d, const char *name) {
    int weekday = date_weekday(d);
    Date on = weekday == 6 ? date_add_days(d, -1) : weekday == 0 ? date_add_days(d, 1) : d;
    if (date_ymd(on).year == year) to[(*n)++] = (Holiday){ on, on.day == d.day ? DATE_NONE : d, name };
}

int us_holidays(int year, Holiday to[HOLIDAYS_MAX]) {
    int n = 0;
    add(to, &n, year, date_of(year, 1, 1), "New Year's Day");
    add(to, &n, year, nth(year, 1, 1, 3), "Birthday of Martin Luther King, Jr.");
    add(to, &n, year, nth(year, 2, 1, 3), "Washington's Birthday");
    add(to, &n, year, nth(year, 5, 1, 5), "Memorial Day");
    add(to, &n, year, date_of(year, 6, 19), "Juneteenth");
    add(to, &n, year, date_of(year, 7, 4), "Independence Day");
    add(to, &n, year, nth(year, 9, 1, 1), "Labor Day");
    add(to, &n, year, nth(year, 10, 1, 2), "Columbus Day");
    add(to, &n, year, date_of(year, 11, 11), "Veterans Day");
    add(to, &n, year, nth(year, 11, 4, 4), "Thanksgiving Day");
    add(to, &n, year, date_of(year, 12, 25), "Christmas Day");
    add(to, &n, year, date_of(year + 1, 1, 1), "New Year's Day");
    return n;
}
