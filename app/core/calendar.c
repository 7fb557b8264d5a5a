/*
 * Business time of a utility's calendars (ONB02US04): reads them once for each piece of work; calendar_rules decides.
 */
#include <string.h>

#include "app/core/calendar_rules.h"
#include "app/core/core.h"
#include "app/core/installation.h"

#define CALENDAR(F, T) F(T, Id, id) F(T, bool, always_open)
ROW(CalendarRow, CALENDAR)
#define HOURS(F, T) F(T, int, weekday) F(T, bool, working) F(T, int, from_minute) F(T, int, to_minute) \
    F(T, int, break_from_minute) F(T, int, break_to_minute)
ROW(HoursRow, HOURS)
#define DAY(F, T) F(T, Date, date) F(T, bool, yearly) F(T, int, from_minute) F(T, int, until_minute)
ROW(DayRow, DAY)

static CalendarRow *calendar_row(Ctx *c, Id id) {
    if (id.id) return db_one(c, CalendarRow, "select id, always_open from calendar where id=? and utility_id=?", id,
                             c->utility);
    return db_find(c, CalendarRow, "select id, always_open from calendar where utility_id=? and active=1 "
                                   "order by is_default desc, id limit 1", c->utility);
}

/* Without a calendar: Monday to Friday, 8 to 5. */
static void usual_week(BusinessCalendar *b) {
    for (int i = 1; i <= 5; i++) b->week[i] = (DayHours){ .working = true, .from = 8 * 60, .to = 17 * 60 };
}

static void read_week(Ctx *c, BusinessCalendar *b, Id calendar) {
    HoursRows l = db_all(c, HoursRow,
        "select weekday, working, time_to_sec(from_time) div 60 from_minute, time_to_sec(to_time) div 60 to_minute, "
        "time_to_sec(break_from) div 60 break_from_minute, time_to_sec(break_to) div 60 break_to_minute "
        "from working_hours where calendar_id=?",
        calendar);
    for (size_t i = 0; i < l.n; i++) {
        const HoursRow *h = &l.v[i];
        b->week[h->weekday % 7] = (DayHours){ h->working, h->from_minute, h->to_minute, h->break_from_minute,
                                              h->break_to_minute };
    }
}

static void read_exceptions(Ctx *c, BusinessCalendar *b, Id calendar) {
    DayRows holidays = db_all(c, DayRow, "select holiday_date date, recurring='yearly_fixed' yearly, 0 from_minute, "
                                         "ifnull(time_to_sec(half_day_until) div 60, -1) until_minute "
                                         "from holiday where calendar_id=? order by holiday_date", calendar);
    DayRows specials = db_all(c, DayRow, "select special_date date, 0 yearly, time_to_sec(from_time) div 60 "
                                         "from_minute, time_to_sec(to_time) div 60 until_minute "
                                         "from special_day where calendar_id=? order by special_date", calendar);
    DayException *e = take_n(c, DayException, holidays.n + specials.n + 1);
    b->exception = e;
    for (size_t i = 0; i < holidays.n; i++) {
        const DayRow *d = &holidays.v[i];
        e[b->exceptions++] = (DayException){ d->date, d->until_minute < 0 ? DAY_CLOSED : DAY_HALF, d->yearly, 0,
                                             d->until_minute };
    }
    for (size_t i = 0; i < specials.n; i++)
        e[b->exceptions++] = (DayException){ specials.v[i].date, DAY_SPECIAL, false, specials.v[i].from_minute,
                                             specials.v[i].until_minute };
}

static const BusinessCalendar *calendar_of(Ctx *c, Id id) {
    int64_t key = id.id ? id.id : -c->utility.id;       /* the default differs by utility */
    BusinessCalendar *b = fact_get(c, "calendar", key);
    if (b) return b;
    CalendarRow *row = calendar_row(c, id);
    b = take(c, sizeof *b);
    b->zone = zone_find(utility_here(c)->time_zone);
    if (!b->zone) b->zone = zone_utc();
    b->always_open = row && row->always_open;
    if (!row) usual_week(b);
    else if (!b->always_open) {
        read_week(c, b, row->id);
        read_exceptions(c, b, row->id);
    }
    return fact_keep(c, "calendar", key, b);
}

static Time found(Ctx *c, Time t) {
    if (!time_is_set(t)) fail(c, CONFLICT, "The calendar has no working time.");
    return t;
}

bool    cal_is_working    (Ctx *c, Id calendar, Time t)  { return calendar_is_working(calendar_of(c, calendar), t); }
bool    cal_is_working_day(Ctx *c, Id calendar, Date d)  { return calendar_is_working_day(calendar_of(c, calendar), d);
    }
Time    cal_next_working  (Ctx *c, Id calendar,
                           Time t)  { return found(c, calendar_next_working(calendar_of(c, calendar), t)); }
int64_t cal_business_minutes(Ctx *c, Id calendar, Time a, Time b) {
    return calendar_minutes(calendar_of(c, calendar), a, b);
}

Time cal_add_business_minutes(Ctx *c, Id calendar, Time t, int64_t minutes) {
    return found(c, calendar_add_minutes(calendar_of(c, calendar), t, minutes));
}

Date cal_adjust_date(Ctx *c, Id calendar, Date d, DateRule rule) {
    if (rule == DATE_AS_IT_IS) return d;
    return calendar_working_day(calendar_of(c, calendar), d, rule == DATE_NEXT_WORKING ? 1 : -1);
}
