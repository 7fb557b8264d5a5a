/*
 * Dates, times and zones: see date.h. The calendar is counted in eras of 400 years (146,097 days), the usual way to go
 * between day numbers and dates without a table.
 */
#include "lib/date.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

enum { DAYS_OF_ERA = 146097, YEAR_MIN = 1, YEAR_MAX = 9999, ZONES_MAX = 600, TRANSITIONS_MAX = 1024 };

const char *const english_months[12] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
                                         "Dec" };

/* ---- the calendar ---- */

bool year_is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int month_days(int year, int month) {
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    assert(month >= 1 && month <= 12);
    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

bool date_is_valid(Ymd ymd) {
    return ymd.year >= YEAR_MIN && ymd.year <= YEAR_MAX && ymd.month >= 1 && ymd.month <= 12
        && ymd.day >= 1 && ymd.day <= month_days(ymd.year, ymd.month);
}

Date date_of(int year, int month, int day) {
    if (!date_is_valid((Ymd){ year, month, day })) return DATE_NONE;
    /* years that begin in March: the leap day is the last */
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400, of_era = y - era * 400;
    int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (Date){ era * DAYS_OF_ERA + day_of_era - 719468 };
}

Ymd date_ymd(Date d) {
    assert(date_is_set(d));
    int z = d.day + 719468, era = z / DAYS_OF_ERA, day_of_era = z - era * DAYS_OF_ERA;
    int of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    int m = (5 * of_year + 2) / 153;
    Ymd ymd = { of_era + era * 400, m < 10 ? m + 3 : m - 9, of_year - (153 * m + 2) / 5 + 1 };
    if (ymd.month <= 2) ymd.year++;
    assert(date_is_valid(ymd) && "a date outside the years 1 to 9999");
    return ymd;
}

static Date checked(int64_t day) {
    Date d = { (int32_t)day };
    assert(day >= date_of(YEAR_MIN, 1, 1).day && day <= date_of(YEAR_MAX, 12, 31).day
           && "a date outside the years 1 to 9999");
    return d;
}

Date date_add_days(Date d, int days) {
    assert(date_is_set(d));
    return checked((int64_t)d.day + days);
}

Date date_add_months(Date d, int months) {
    Ymd from = date_ymd(d);
    Ymd to = date_ymd(month_first(month_add(month_of(d), months)));
    int last = month_days(to.year, to.month);
    return date_of(to.year, to.month, from.day < last ? from.day : last);
}

Date date_month_start(Date d)                { return month_first(month_of(d)); }
Date date_month_end(Date d)                  { return month_last(month_of(d)); }
int  date_days_inclusive(Date from, Date to) { return date_days_between(from, to) + 1; }

int date_days_between(Date from, Date to) {
    assert(date_is_set(from) && date_is_set(to));
    return to.day - from.day;
}

int date_weekday(Date d) {
    assert(date_is_set(d));
    return ((d.day % 7) + 7 + 4) % 7;                               /* 1970-01-01 was a Thursday */
}

int date_compare(Date a, Date b) {
    return (a.day > b.day) - (a.day < b.day);
}

static Date fiscal_start_in(int year, Ymd start) {
    int last = month_days(year, start.month);
    return date_of(year, start.month, start.day < last ? start.day : last);
}

Date fiscal_year_start(Date d, Ymd start) {
    int year = date_ymd(d).year;
    Date this_year = fiscal_start_in(year, start);
    return d.day >= this_year.day ? this_year : fiscal_start_in(year - 1, start);
}

Date fiscal_year_end(Date d, Ymd start) {
    Date first = fiscal_year_start(d, start);
    return date_add_days(fiscal_start_in(date_ymd(first).year + 1, start), -1);
}

/* ---- months ---- */

Month month_of(Date d) {
    Ymd ymd = date_ymd(d);
    return (Month){ ymd.year * 12 + ymd.month - 1 };
}

Month month_add(Month m, int months) { return (Month){ m.no + months }; }
Date  month_first(Month m)           { return checked(date_of(m.no / 12, m.no % 12 + 1, 1).day); }

Date month_last(Month m) {
    int year = m.no / 12, month = m.no % 12 + 1;
    return checked(date_of(year, month, month_days(year, month)).day);
}

/* Reads exactly `n` digits; -1 when they are not there. */
static int digits(const char **s, int n) {
    int value = 0;
    for (; n > 0; n--, (*s)++) {
        if (**s < '0' || **s > '9') return -1;
        value = value * 10 + (**s - '0');
    }
    return value;
}

static bool one(const char **s, char c) {
    if (**s != c) return false;
    (*s)++;
    return true;
}

bool month_parse(const char *s, Month *to) {
    if (!s) return false;
    int year = digits(&s, 4), month = year < 0 || !one(&s, '-') ? -1 : digits(&s, 2);
    if (year < TYPED_YEAR_MIN || year > TYPED_YEAR_MAX || month < 1 || month > 12 || *s) return false;
    *to = (Month){ year * 12 + month - 1 };
    return true;
}

char *month_text(Arena *a, Month m) {
    return arena_text(a, "%04d-%02d", m.no / 12, m.no % 12 + 1);
}

/* ---- ISO and MySQL text ---- */

static bool take_date(const char **s, Date *to) {
    int year = digits(s, 4);
    if (year < 0 || !one(s, '-')) return false;
    int month = digits(s, 2);
    if (month < 0 || !one(s, '-')) return false;
    int day = digits(s, 2);
    if (day < 0) return false;
    Date d = date_of(year, month, day);
    if (!date_is_set(d)) return false;
    *to = d;
    return true;
}

bool date_parse_iso(const char *s, Date *to) {
    Date d;
    if (!s || !take_date(&s, &d) || *s) return false;
    *to = d;
    return true;
}

void date_iso_into(char room[11], Date d) {
    room[0] = 0;
    if (!date_is_set(d)) return;
    Ymd ymd = date_ymd(d);
    snprintf(room, 11, "%04u-%02u-%02u", (unsigned)ymd.year % 10000, (unsigned)ymd.month % 100,
             (unsigned)ymd.day % 100);
}

char *date_iso(Arena *a, Date d) {
    char room[11];
    date_iso_into(room, d);
    return arena_copy(a, room);
}

/* hh:mm[:ss[.f...]] into microseconds of the day; -1 when malformed. */
static int64_t take_clock(const char **s, bool seconds_needed) {
    int hour = digits(s, 2);
    if (hour < 0 || hour > 23 || !one(s, ':')) return -1;
    int minute = digits(s, 2), second = 0, micro = 0;
    if (minute < 0 || minute > 59) return -1;
    if (!one(s, ':')) return seconds_needed ? -1 : hour * HOUR_US + minute * MINUTE_US;
    second = digits(s, 2);
    if (second < 0 || second > 59) return -1;
    if (one(s, '.')) {
        int n = 0;
        for (; **s >= '0' && **s <= '9'; (*s)++, n++)
            if (n < 6) micro = micro * 10 + (**s - '0');
        if (n < 1 || n > 12) return -1;
        for (; n < 6; n++) micro *= 10;
    }
    return hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + micro;
}

bool time_parse_mysql(const char *s, Time *to) {
    Date d;
    if (!s || !take_date(&s, &d) || !one(&s, ' ')) return false;
    int64_t us = take_clock(&s, true);
    if (us < 0 || *s) return false;
    to->us = d.day * DAY_US + us;
    return true;
}

bool time_parse_iso(const char *s, Time *to) {
    Date d;
    if (!s || !take_date(&s, &d) || !one(&s, 'T')) return false;
    int64_t us = take_clock(&s, true), offset = 0;
    if (us < 0) return false;
    if (!one(&s, 'Z')) {
        int sign = one(&s, '+') ? 1 : one(&s, '-') ? -1 : 0;
        int hour = sign ? digits(&s, 2) : -1, minute = hour >= 0 && one(&s, ':') ? digits(&s, 2) : -1;
        if (hour < 0 || hour > 18 || minute < 0 || minute > 59) return false;
        offset = sign * (hour * HOUR_US + minute * MINUTE_US);
    }
    if (*s) return false;
    to->us = d.day * DAY_US + us - offset;
    return true;
}

static Local split(int64_t us) {
    int64_t day = us / DAY_US - (us % DAY_US < 0), rest = us - day * DAY_US;
    return (Local){ { (int32_t)day }, (int)(rest / HOUR_US), (int)(rest / MINUTE_US % 60), (int)(rest / SECOND_US % 60),
                    (int)(rest % SECOND_US) };
}

void time_mysql_into(char room[27], Time t) {
    room[0] = 0;
    if (!time_is_set(t)) return;
    Local l = split(t.us);
    char date[11];
    date_iso_into(date, l.date);
    snprintf(room, 27, "%s %02u:%02u:%02u.%06u", date, (unsigned)l.hour % 24, (unsigned)l.minute % 60,
             (unsigned)l.second % 60,
             (unsigned)l.micro % 1000000);
}

char *time_mysql(Arena *a, Time t) {
    char room[27];
    time_mysql_into(room, t);
    return arena_copy(a, room);
}

char *time_iso(Arena *a, Time t) {
    if (!time_is_set(t)) return arena_copy(a, "");
    Local l = split(t.us);
    char date[11];
    date_iso_into(date, l.date);
    if (l.micro) return arena_text(a, "%sT%02d:%02d:%02d.%06dZ", date, l.hour, l.minute, l.second, l.micro);
    return arena_text(a, "%sT%02d:%02d:%02dZ", date, l.hour, l.minute, l.second);
}

/* ---- the clock ---- */

static int64_t clock_us(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * SECOND_US + t.tv_nsec / 1000;
}

Time    time_now(void)                { return (Time){ clock_us(CLOCK_REALTIME) }; }
int64_t time_ticking_us(void)         { return clock_us(CLOCK_MONOTONIC); }
int64_t time_unix(Time t)             { return t.us / SECOND_US - (t.us % SECOND_US < 0); }
int     time_compare(Time a, Time b)  { return (a.us > b.us) - (a.us < b.us); }

Time time_of_unix(int64_t seconds) {
    Time t;
    bool too_far = __builtin_mul_overflow(seconds, SECOND_US, &t.us);
    assert(!too_far && "a time beyond 64 bits");
    return t;
}

enum { TOLD_DAYS = 2932532 };                   /* from 1970-01-01 to 9999-01-01: room for every zone */

Time time_told(int64_t seconds, Time otherwise) {
    return seconds > 0 && seconds < (int64_t)TOLD_DAYS * 86400 ? time_of_unix(seconds) : otherwise;
}

Time time_add_us(Time t, int64_t us) {
    assert(time_is_set(t));
    Time sum;
    bool too_far = __builtin_add_overflow(t.us, us, &sum.us);
    assert(!too_far && time_is_set(sum) && "a time beyond 64 bits");
    return sum;
}

/* ---- zones ---- */

/* this offset holds from here to the next stretch */
typedef struct { int64_t from_us; int32_t offset_s; } Stretch;

struct Zone {
    char    name[64];
    int     n;
    Stretch stretch[];                                              /* the first begins at INT64_MIN */
};

static Zone *zones[ZONES_MAX];
static int   zones_n;

static int32_t icu_offset_s(UCalendar *c, double at_ms, UErrorCode *status) {
    ucal_setMillis(c, at_ms, status);
    return (ucal_get(c, UCAL_ZONE_OFFSET, status) + ucal_get(c, UCAL_DST_OFFSET, status)) / 1000;
}

/* All changes of the offset from 1970 to 2150. Answers their number, 0 when ICU fails. */
static int icu_stretches(UCalendar *c, Stretch *to) {
    const double end_ms = 5680281600000.0;
    UErrorCode status = U_ZERO_ERROR;
    int n = 0;
    to[n++] = (Stretch){ INT64_MIN, icu_offset_s(c, 0, &status) };
    double at = 0;
    UDate next;
    ucal_setMillis(c, at, &status);
    while (n < TRANSITIONS_MAX && ucal_getTimeZoneTransitionDate(c, UCAL_TZ_TRANSITION_NEXT, &next, &status)) {
        if (U_FAILURE(status) || next >= end_ms) break;
        /* sets the calendar to the change: the next round goes on */
        int32_t offset = icu_offset_s(c, next, &status);
        if (offset != to[n - 1].offset_s) to[n++] = (Stretch){ (int64_t)next * 1000, offset };
    }
    return U_SUCCESS(status) ? n : 0;
}

static Zone *zone_load(const char *iana) {
    UChar name[64];
    UErrorCode status = U_ZERO_ERROR;
    u_uastrncpy(name, iana, 63);
    name[63] = 0;
    UChar canonical[64];
    UBool known = false;
    ucal_getCanonicalTimeZoneID(name, -1, canonical, 64, &known, &status);
    if (U_FAILURE(status) || !known) return NULL;
    UCalendar *c = ucal_open(name, -1, "en_US", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status)) return NULL;
    static Stretch found[TRANSITIONS_MAX];
    int n = icu_stretches(c, found);
    ucal_close(c);
    if (!n) return NULL;
    Zone *z = calloc(1, sizeof *z + (size_t)n * sizeof(Stretch));
    if (!z) abort();
    snprintf(z->name, sizeof z->name, "%s", iana);
    z->n = n;
    memcpy(z->stretch, found, (size_t)n * sizeof(Stretch));
    return z;
}

/* IANA names only: ICU would also take "GMT+5", "PST" and anything as GMT. */
static bool zone_name_is_sane(const char *s) {
    size_t n = strlen(s);
    if (n < 3 || n > 63) return false;
    if (strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/") != n) return false;
    return strchr(s, '/') || !strcmp(s, "UTC");
}

const Zone *zone_find(const char *iana) {
    if (!iana || !zone_name_is_sane(iana)) return NULL;
    for (int i = 0; i < zones_n; i++)
        if (!strcmp(zones[i]->name, iana)) return zones[i];
    if (zones_n == ZONES_MAX) return NULL;
    Zone *z = zone_load(iana);
    if (z) zones[zones_n++] = z;
    return z;
}

const Zone *zone_utc(void) {
    const Zone *z = zone_find("UTC");
    assert(z);
    return z;
}

const char *zone_name(const Zone *z) { return z->name; }

static int stretch_at(const Zone *z, int64_t us) {
    int low = 0, high = z->n - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (z->stretch[middle].from_us <= us) low = middle;
        else high = middle - 1;
    }
    return low;
}

int32_t zone_offset_s(const Zone *z, Time t) {
    assert(time_is_set(t));
    return z->stretch[stretch_at(z, t.us)].offset_s;
}

Local time_local(const Zone *z, Time t) {
    return split(t.us + zone_offset_s(z, t) * SECOND_US);
}

Date time_date(const Zone *z, Time t) {
    return time_local(z, t).date;
}

/* The first instant at which the local clock shows `wall` (microseconds as if UTC), or what follows a gap: tried with
   the offsets around it, earliest first. */
static Time instant_of(const Zone *z, int64_t wall) {
    int i = stretch_at(z, wall - DAY_US), last = stretch_at(z, wall + DAY_US);
    for (; i < last; i++) {
        int64_t us = wall - z->stretch[i].offset_s * SECOND_US;
        if (us < z->stretch[i + 1].from_us) return (Time){ us };
        int64_t next = wall - z->stretch[i + 1].offset_s * SECOND_US;
        if (next < z->stretch[i + 1].from_us) return (Time){ us };          /* in the gap: the offset before it */
    }
    return (Time){ wall - z->stretch[last].offset_s * SECOND_US };
}

Time time_of_local(const Zone *z, Local l) {
    assert(date_is_set(l.date));
    return instant_of(z, l.date.day * DAY_US + l.hour * HOUR_US + l.minute * MINUTE_US + l.second * SECOND_US
                      + l.micro);
}

Time date_start(const Zone *z, Date d) {
    assert(date_is_set(d));
    int64_t wall = d.day * DAY_US;
    Time t = instant_of(z, wall);
    /* midnight skipped: the day begins with the change */
    int i = stretch_at(z, t.us);
    if (t.us + z->stretch[i].offset_s * SECOND_US > wall) return (Time){ z->stretch[i].from_us };
    return t;
}

int64_t date_length_us(const Zone *z, Date d) {
    return date_start(z, date_add_days(d, 1)).us - date_start(z, d).us;
}

/* ---- input by people ---- */

static const char *const format_names[DATE_FORMATS] = {
    [DATE_MDY] = "MM/DD/YYYY", [DATE_DMY] = "DD/MM/YYYY", [DATE_DMY_DOTS] = "DD.MM.YYYY", [DATE_ISO] = "YYYY-MM-DD",
    [DATE_DMONY] = "DD-MMM-YYYY",
};

bool date_format_find(const char *name, DateFormat *to) {
    for (int f = 0; name && f < DATE_FORMATS; f++)
        if (!strcmp(format_names[f], name)) return *to = (DateFormat)f, true;
    return false;
}

const char *date_format_name(DateFormat f) {
    assert(f < DATE_FORMATS);
    return format_names[f];
}

/* One or two digits. */
static int short_number(const char **s) {
    int value = digits(s, 1);
    if (value >= 0 && **s >= '0' && **s <= '9') value = value * 10 + digits(s, 1);
    return value;
}

static int month_by_name(const char **s, const char *const months[12]) {
    for (int m = 0; m < 12; m++) {
        size_t n = strlen(months[m]);
        if (n && !strncasecmp(*s, months[m], n)) return *s += n, m + 1;
    }
    return -1;
}

DateProblem date_parse(const char *s, DateFormat f, const char *const months[12], Date *to) {
    if (!s || !*s) return DATE_EMPTY;
    Ymd ymd = { 0, 0, 0 };
    const char *p = s;
    char between = f == DATE_DMY_DOTS ? '.' : f == DATE_DMONY ? '-' : '/';
    bool iso = strlen(s) == 10 && s[4] == '-';
    int first, second;
    if (iso || f == DATE_ISO) {
        if ((ymd.year = digits(&p, 4)) < 0 || !one(&p, '-')) return DATE_MALFORMED;
        if ((ymd.month = digits(&p, 2)) < 0 || !one(&p, '-')) return DATE_MALFORMED;
        if ((ymd.day = digits(&p, 2)) < 0 || *p) return DATE_MALFORMED;
    } else {
        if ((first = short_number(&p)) < 0 || !one(&p, between)) return DATE_MALFORMED;
        second = f == DATE_DMONY ? month_by_name(&p, months ? months : english_months) : short_number(&p);
        if (second < 0 || !one(&p, between)) return DATE_MALFORMED;
        if ((ymd.year = digits(&p, 4)) < 0 || *p) return DATE_MALFORMED;
        ymd.month = f == DATE_MDY ? first : second;
        ymd.day = f == DATE_MDY ? second : first;
    }
    if (!date_is_valid(ymd)) return DATE_NO_DAY;
    *to = date_of(ymd.year, ymd.month, ymd.day);
    return DATE_OK;
}

char *date_text(Arena *a, Date d, DateFormat f, const char *const months[12]) {
    if (!date_is_set(d)) return arena_copy(a, "");
    Ymd t = date_ymd(d);
    switch (f) {
    case DATE_MDY:      return arena_text(a, "%02d/%02d/%04d", t.month, t.day, t.year);
    case DATE_DMY:      return arena_text(a, "%02d/%02d/%04d", t.day, t.month, t.year);
    case DATE_DMY_DOTS: return arena_text(a, "%02d.%02d.%04d", t.day, t.month, t.year);
    case DATE_DMONY:    return arena_text(a, "%02d-%s-%04d", t.day, (months ? months : english_months)[t.month - 1],
                                          t.year);
    case DATE_ISO:
    case DATE_FORMATS:  break;
    }
    return date_iso(a, d);
}

bool clock_parse(const char *s, int *minutes) {
    if (!s) return false;
    int hour = short_number(&s), minute = 0;
    if (hour < 0 || hour > 23) return false;
    bool has_minutes = one(&s, ':');
    if (has_minutes && ((minute = digits(&s, 2)) < 0 || minute > 59)) return false;
    if (!*s && has_minutes) return *minutes = hour * 60 + minute, true;
    if (!strncmp(s, "\u00a0", 2) || !strncmp(s, "\u202f", 3)) s += s[0] == '\xc2' ? 2 : 3;
    else one(&s, ' ');
    bool am = !strcasecmp(s, "am"), pm = !strcasecmp(s, "pm");
    if (!(am || pm) || hour < 1 || hour > 12) return false;
    *minutes = (hour % 12 + (pm ? 12 : 0)) * 60 + minute;
    return true;
}

bool local_parse(const char *s, Local *to) {
    Date d;
    if (!s || !take_date(&s, &d) || !one(&s, 'T')) return false;
    int64_t us = take_clock(&s, false);
    if (us < 0 || *s) return false;
    *to = split(d.day * DAY_US + us);
    return true;
}
