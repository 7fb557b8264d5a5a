/*
 * Standard holidays: see holiday_rules.h. To add a day of a state: a row in state_days.
 */
#include "app/setup/holiday_rules.h"

#include <string.h>

enum { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, LAST = 5 };

/* The n-th weekday of a month; n = LAST: the last one. */
static Date nth(int year, int month, int weekday, int n) {
    Date first = date_of(year, month, 1);
    Date d = date_add_days(first, (weekday - date_weekday(first) + 7) % 7 + 7 * (n - 1));
    return date_ymd(d).month == month ? d : date_add_days(d, -7);
}

static void add(Holiday *to, int *n, int year, Date d, const char *name) {
    int weekday = date_weekday(d);
    Date on = weekday == SATURDAY ? date_add_days(d, -1) : weekday == SUNDAY ? date_add_days(d, 1) : d;
    if (date_ymd(on).year == year) to[(*n)++] = (Holiday){ on, on.day == d.day ? DATE_NONE : d, name, false };
}

int us_holidays(int year, Holiday to[HOLIDAYS_MAX]) {
    int n = 0;
    add(to, &n, year, date_of(year, 1, 1), "New Year's Day");
    add(to, &n, year, nth(year, 1, MONDAY, 3), "Birthday of Martin Luther King, Jr.");
    add(to, &n, year, nth(year, 2, MONDAY, 3), "Washington's Birthday");
    add(to, &n, year, nth(year, 5, MONDAY, LAST), "Memorial Day");
    add(to, &n, year, date_of(year, 6, 19), "Juneteenth");
    add(to, &n, year, date_of(year, 7, 4), "Independence Day");
    add(to, &n, year, nth(year, 9, MONDAY, 1), "Labor Day");
    add(to, &n, year, nth(year, 10, MONDAY, 2), "Columbus Day");
    add(to, &n, year, date_of(year, 11, 11), "Veterans Day");
    add(to, &n, year, nth(year, 11, THURSDAY, 4), "Thanksgiving Day");
    add(to, &n, year, date_of(year, 12, 25), "Christmas Day");
    add(to, &n, year, date_of(year + 1, 1, 1), "New Year's Day");
    return n;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

Date easter(int year) {
    int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
    int m = (a + 11 * h + 22 * l) / 451, rest = h + l - 7 * m + 114;
    return date_of(year, rest / 31, rest % 31 + 1);
}

typedef enum { ON, NTH, EASTER, AFTER_THANKSGIVING } DayRule;

/* ON: month and day; NTH: month, weekday and which; EASTER: days from Easter Sunday. */
static const struct StateDay { const char *states; DayRule rule; int a, b, c; const char *name; } state_days[] = {
    { "CT IL MO NY",             ON,  2, 12, 0,           "Lincoln's Birthday" },
    { "VT",                      NTH, 3, TUESDAY, 1,      "Town Meeting Day" },
    { "HI",                      ON,  3, 26, 0,           "Prince Kuhio Day" },
    { "AK",                      NTH, 3, MONDAY, LAST,    "Seward's Day" },
    { "CA",                      ON,  3, 31, 0,           "Cesar Chavez Day" },
    { "LA",                      EASTER, -47, 0, 0,       "Mardi Gras" },
    { "CT DE HI IN LA NC ND NJ", EASTER, -2, 0, 0,        "Good Friday" },
    { "DC",                      ON,  4, 16, 0,           "Emancipation Day" },
    { "MA ME",                   NTH, 4, MONDAY, 3,       "Patriots' Day" },
    { "NE",                      NTH, 4, FRIDAY, LAST,    "Arbor Day" },
    { "MO",                      ON,  5, 8, 0,            "Truman Day" },
    { "HI",                      ON,  6, 11, 0,           "King Kamehameha I Day" },
    { "WV",                      ON,  6, 20, 0,           "West Virginia Day" },
    { "UT",                      ON,  7, 24, 0,           "Pioneer Day" },
    { "RI",                      NTH, 8, MONDAY, 2,       "Victory Day" },
    { "VT",                      ON,  8, 16, 0,           "Bennington Battle Day" },
    { "HI",                      NTH, 8, FRIDAY, 3,       "Statehood Day" },
    { "CO",                      NTH, 10, MONDAY, 1,      "Frances Xavier Cabrini Day" },
    { "AK",                      ON,  10, 18, 0,          "Alaska Day" },
    { "NV",                      NTH, 10, FRIDAY, LAST,   "Nevada Day" },
    { "CA DE FL IA IL IN KY MD MI MN NC NE NH NV OK PA SC TX VA VT WA WV", AFTER_THANKSGIVING, 0, 0, 0,
      "Day after Thanksgiving" },
    { "MI TX WI",                ON,  12, 24, 0,          "Christmas Eve" },
    { "SC TX",                   ON,  12, 26, 0,          "Day after Christmas" },
    { "MI WI",                   ON,  12, 31, 0,          "New Year's Eve" },
};

static const HolidayState states[] = {
    { "AK", "Alaska" }, { "CA", "California" }, { "CO", "Colorado" }, { "CT", "Connecticut" },
    { "DC", "District of Columbia" }, { "DE", "Delaware" }, { "FL", "Florida" }, { "HI", "Hawaii" }, { "IA", "Iowa" },
    { "IL", "Illinois" },
    { "IN", "Indiana" }, { "KY", "Kentucky" }, { "LA", "Louisiana" }, { "MA", "Massachusetts" }, { "MD", "Maryland" },
    { "ME", "Maine" }, { "MI", "Michigan" }, { "MN", "Minnesota" }, { "MO", "Missouri" }, { "NC", "North Carolina" },
    { "ND", "North Dakota" }, { "NE", "Nebraska" }, { "NH", "New Hampshire" }, { "NJ", "New Jersey" },
    { "NV", "Nevada" }, { "NY", "New York" }, { "OK", "Oklahoma" }, { "PA", "Pennsylvania" },
    { "RI", "Rhode Island" }, { "SC", "South Carolina" }, { "TX", "Texas" }, { "UT", "Utah" }, { "VA", "Virginia" },
    { "VT", "Vermont" }, { "WA", "Washington" }, { "WI", "Wisconsin" }, { "WV", "West Virginia" }, { NULL, NULL } };

const HolidayState *us_holiday_states(void) { return states; }

static Date day_of(const struct StateDay *d, int year) {
    switch (d->rule) {
    case ON:     return date_of(year, d->a, d->b);
    case NTH:    return nth(year, d->a, d->b, d->c);
    case EASTER: return date_add_days(easter(year), d->a);
    case AFTER_THANKSGIVING: break;
    }
    return date_add_days(nth(year, 11, THURSDAY, 4), 1);
}

static bool keeps(const char *list, const char *state) {
    const char *s = state && strlen(state) == 2 ? strstr(list, state) : NULL;
    return s && (s[2] == ' ' || !s[2]);
}

int us_state_holidays(int year, const char *state, Holiday to[HOLIDAYS_MAX]) {
    int n = us_holidays(year, to);
    for (size_t i = 0; i < sizeof state_days / sizeof *state_days && n < HOLIDAYS_MAX; i++) {
        if (!keeps(state_days[i].states, state)) continue;
        int before = n;
        add(to, &n, year, day_of(&state_days[i], year), state_days[i].name);
        for (int k = 0; k < before && n > before; k++)
            if (to[k].date.day == to[before].date.day) n = before;
        if (n > before) to[before].of_state = true;
    }
    for (int i = 1; i < n; i++)                             /* few: in place */
        for (int k = i; k > 0 && to[k].date.day < to[k - 1].date.day; k--) {
            Holiday swap = to[k];
            to[k] = to[k - 1], to[k - 1] = swap;
        }
    return n;
}
