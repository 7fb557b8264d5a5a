/*
 * Tries of jobs and due times of recurring ones: see job_rules.h.
 */
#include "app/core/job_rules.h"

#include <string.h>

/* --- tries -------------------------------------------------------------------------------------------------------- */

int64_t job_wait_us(int attempts, int dice, int64_t retry_after_s) {
    int64_t wait = 6 * HOUR_US;
    if (attempts < 1) attempts = 1;
    if (attempts <= 12 && (10 * SECOND_US << (attempts - 1)) < wait) wait = 10 * SECOND_US << (attempts - 1);
    wait = wait / 1000000 * (800000 + (int64_t)dice * 2 / 5);
    return wait > retry_after_s * SECOND_US ? wait : retry_after_s * SECOND_US;
}

JobFate job_fate(JobTry t) {
    if (t.is_permanent) return JOB_DEAD;
    if (t.is_crash && t.crashes >= JOB_CRASHES_MAX) return JOB_DEAD;
    return t.attempts >= t.max_attempts ? JOB_DEAD : JOB_RETRY;
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

/* A whole number of 0 to most; *s moves behind it. */
static bool number(const char **s, int most, int *to) {
    int n = 0, digits = 0;
    for (; **s >= '0' && **s <= '9' && digits < 4; (*s)++, digits++) n = n * 10 + (**s - '0');
    *to = n;
    return digits && n <= most;
}

static bool clock_of(const char **s, int *minute) {
    int hour, min;
    if (!number(s, 23, &hour) || *(*s)++ != ':' || !number(s, 59, &min)) return false;
    *minute = hour * 60 + min;
    return true;
}

static bool word(const char **s, const char *w) {
    size_t n = strlen(w);
    if (strncmp(*s, w, n)) return false;
    *s += n;
    return true;
}

bool schedule_parse(const char *s, ScheduleRule *to) {
    ScheduleRule r = { 0 };
    bool good = false;
    if (word(&s, "daily ")) {
        r.kind = RULE_DAILY;
        good = clock_of(&s, &r.minute);
    } else if (word(&s, "hourly ")) {
        r.kind = RULE_HOURLY;
        good = number(&s, 59, &r.minute);
    } else if (word(&s, "weekly ")) {
        r.kind = RULE_WEEKLY;
        good = number(&s, 6, &r.day) && *s++ == ' ' && clock_of(&s, &r.minute);
    } else if (word(&s, "monthly ")) {
        r.kind = RULE_MONTHLY;
        good = number(&s, 31, &r.day) && r.day >= 1 && *s++ == ' ' && clock_of(&s, &r.minute);
    } else if (word(&s, "every ")) {
        r.kind = RULE_EVERY;
        int n;
        good = number(&s, 1440, &n) && n >= 1 && (*s == 'm' || (*s == 'h' && n <= 24));
        r.every_s = n * (*s == 'h' ? 3600 : 60);
        if (good) s++;
        good = good && 86400 % r.every_s == 0;
    }
    if (!good || *s) return false;
    *to = r;
    return true;
}

/* The instant of a local clock time; in an hour that is skipped, the change itself. */
static Time local_due(const Zone *zone, Date d, int minute) {
    Local l = { d, minute / 60, minute % 60, 0, 0 };
    Time t = time_of_local(zone, l);
    Local got = time_local(zone, t);
    if (got.date.day == d.day && got.hour == l.hour && got.minute == l.minute) return t;
    Time before = time_add_us(t, -3 * HOUR_US);         /* the change lies between: halve until the second */
    int32_t after_offset = zone_offset_s(zone, t);
    while (t.us - before.us > SECOND_US) {
        Time middle = { before.us + (t.us - before.us) / 2 / SECOND_US * SECOND_US };
        if (zone_offset_s(zone, middle) == after_offset) t = middle;
        else before = middle;
    }
    return t;
}

static Date rule_day(const ScheduleRule *r, Date d) {
    if (r->kind == RULE_WEEKLY) return date_add_days(d, (r->day - date_weekday(d) + 7) % 7);
    if (r->kind == RULE_MONTHLY) return date_min(date_add_days(date_month_start(d), r->day - 1), date_month_end(d));
    return d;
}

Time schedule_next(const ScheduleRule *r, const Zone *zone, Time after) {
    if (r->kind == RULE_EVERY) {
        int64_t step = r->every_s * SECOND_US;
        return (Time){ (after.us / step + 1) * step };
    }
    if (r->kind == RULE_HOURLY) {
        Local l = time_local(zone, after);
        int64_t ahead_s = ((r->minute - l.minute + 60) % 60) * 60 - l.second;
        Time t = time_add_us(after, ahead_s * SECOND_US - l.micro);
        return t.us > after.us ? t : time_add_us(t, HOUR_US);
    }
    Date d = date_add_days(time_date(zone, after), -1);
    for (int i = 0; i < 70; i++, d = date_add_days(d, 1)) {
        if (rule_day(r, d).day != d.day) continue;
        Time t = local_due(zone, d, r->minute);
        if (t.us > after.us) return t;
    }
    return TIME_NONE;                       /* no zone is that odd */
}
