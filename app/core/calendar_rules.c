/*
 * Business time: see calendar_rules.h.
 */
#include "app/core/calendar_rules.h"

typedef struct { Time from, to; } Interval;

/* --- one day ------------------------------------------------------------------------------------------------------ */

static bool falls_on(const DayException *e, Date d) {
    if (e->date.day == d.day) return true;
    if (!e->yearly || d.day < e->date.day) return false;
    Ymd a = date_ymd(e->date), b = date_ymd(d);
    return a.month == b.month && a.day == b.day;
}

/* Special hours first, then half holidays and whole ones: the shorter day counts. */
static const DayException *exception_of(const BusinessCalendar *c, Date d) {
    const DayException *found = NULL;
    for (size_t i = 0; i < c->exceptions; i++) {
        const DayException *e = &c->exception[i];
        if (!falls_on(e, d)) continue;
        if (e->kind == DAY_SPECIAL) return e;
        if (!found || e->kind == DAY_CLOSED) found = e;
    }
    return found;
}

static DayHours hours_of(const BusinessCalendar *c, Date d) {
    if (c->always_open) return (DayHours){ .working = true, .from = 0, .to = 1440 };
    DayHours h = c->week[date_weekday(d)];
    const DayException *e = exception_of(c, d);
    if (!e) return h;
    if (e->kind == DAY_SPECIAL) return (DayHours){ .working = true, .from = e->from, .to = e->until };
    if (e->kind == DAY_CLOSED || !h.working || e->until <= h.from) return (DayHours){ 0 };
    if (e->until < h.to) h.to = e->until;
    return h;
}

static Time moment(const BusinessCalendar *c, Date d, int minute) {
    if (minute >= 1440) return date_start(c->zone, date_add_days(d, 1));
    if (!minute) return date_start(c->zone, d);
    return time_of_local(c->zone, (Local){ d, minute / 60, minute % 60, 0, 0 });
}

/* The day's working intervals: 0, 1 or 2. */
static int intervals_of(const BusinessCalendar *c, Date d, Interval to[2]) {
    DayHours h = hours_of(c, d);
    if (!h.working || h.from >= h.to) return 0;
    int start = h.from, n = 0;
    if (h.break_from < h.break_to && h.break_from > h.from && h.break_from < h.to) {
        to[n++] = (Interval){ moment(c, d, h.from), moment(c, d, h.break_from) };
        start = h.break_to;
    }
    if (start < h.to) to[n++] = (Interval){ moment(c, d, start), moment(c, d, h.to) };
    return n;
}

/* --- moments ------------------------------------------------------------------------------------------------------ */

bool calendar_is_working_day(const BusinessCalendar *c, Date d) {
    Interval v[2];
    return intervals_of(c, d, v) > 0;
}

bool calendar_is_working(const BusinessCalendar *c, Time t) {
    Interval v[2];
    int n = intervals_of(c, time_date(c->zone, t), v);
    for (int i = 0; i < n; i++)
        if (t.us >= v[i].from.us && t.us < v[i].to.us) return true;
    return false;
}

Time calendar_next_working(const BusinessCalendar *c, Time t) {
    Date d = time_date(c->zone, t);
    for (int day = 0; day < CALENDAR_DAYS_MAX; day++, d = date_add_days(d, 1)) {
        Interval v[2];
        int n = intervals_of(c, d, v);
        for (int i = 0; i < n; i++)
            if (t.us < v[i].to.us) return t.us > v[i].from.us ? t : v[i].from;
    }
    return TIME_NONE;
}

Time calendar_add_minutes(const BusinessCalendar *c, Time t, int64_t minutes) {
    int64_t left = minutes * MINUTE_US;
    if (left <= 0) return calendar_next_working(c, t);
    if (c->always_open) return time_add_us(t, left);
    Date d = time_date(c->zone, t);
    for (int day = 0; day < CALENDAR_DAYS_MAX; day++, d = date_add_days(d, 1)) {
        Interval v[2];
        int n = intervals_of(c, d, v);
        for (int i = 0; i < n; i++) {
            int64_t from = t.us > v[i].from.us ? t.us : v[i].from.us, length = v[i].to.us - from;
            if (length <= 0) continue;
            if (left <= length) return (Time){ from + left };
            left -= length;
        }
    }
    return TIME_NONE;
}

int64_t calendar_minutes(const BusinessCalendar *c, Time a, Time b) {
    if (b.us < a.us) return -calendar_minutes(c, b, a);
    if (c->always_open) return (b.us - a.us) / MINUTE_US;
    int64_t us = 0;
    Date last = time_date(c->zone, b);
    for (Date d = time_date(c->zone, a); d.day <= last.day; d = date_add_days(d, 1)) {
        Interval v[2];
        int n = intervals_of(c, d, v);
        for (int i = 0; i < n; i++) {
            int64_t from = a.us > v[i].from.us ? a.us : v[i].from.us, to = b.us < v[i].to.us ? b.us : v[i].to.us;
            if (to > from) us += to - from;
        }
    }
    return us / MINUTE_US;
}

Date calendar_working_day(const BusinessCalendar *c, Date d, int step) {
    Date at = d;
    for (int day = 0; day < CALENDAR_DAYS_MAX; day++, at = date_add_days(at, step))
        if (calendar_is_working_day(c, at)) return at;
    return d;
}

const char *calendar_hours_refusal(const DayHours week[7]) {
    int open = 0;
    for (int i = 0; i < 7; i++) {
        const DayHours *h = &week[i];
        if (!h->working) continue;
        open++;
        if (h->to <= h->from) return "End time must be after start time.";
        if (h->break_from == h->break_to) continue;
        if (h->break_to < h->break_from) return "End time must be after start time.";
        if (h->break_from <= h->from || h->break_to >= h->to) return "The break must lie within the working hours.";
    }
    return open ? NULL : "At least one working day is required.";
}
