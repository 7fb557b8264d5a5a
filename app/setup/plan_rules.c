/*
 * Rules of components: see plan_rules.h.
 */
#include "app/setup/plan_rules.h"

#include <string.h>

#include "lib/date.h"

enum { MINUTES = 24 * 60, YEAR_DAYS = 366, LEAP = 2024, LOOP_MOST = 60 };

const char *tiers_problem(Arena *a, const TierEnds *v, int n) {
    if (!n) return "Enter at least one tier.";
    for (int i = 0; i < n; i++) {
        bool is_last = i == n - 1;
        if (is_last != v[i].unlimited)
            return is_last ? "The last tier must be unlimited."
                           : text(a, "Tier %d must end: only the last is unlimited.", i + 1);
        if (i && v[i - 1].by_attribute) continue;
        Quantity start = i ? v[i - 1].upto : (Quantity){ 0 };
        if (v[i].has_from && v[i].from.micro != start.micro)
            return i ? text(a, "Tier %d must start at %s, where tier %d ends.", i + 1, quantity_decimal(a, start), i)
                : "Tier 1 must start at 0.";
        if (!v[i].unlimited && !v[i].by_attribute && v[i].upto.micro <= start.micro)
            return text(a, "Tier %d must end above %s.", i + 1, quantity_decimal(a, start));
    }
    return NULL;
}

/* --- time of use -------------------------------------------------------------------------------------------------- */

static const char *const week[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };

static bool covers(const TouHours *h, int day, int minute) {
    bool weekend = day == 0 || day == 6;
    return minute >= h->from && minute < h->to
        && (h->days == DAYS_ANY || h->days == (weekend ? DAYS_WEEKEND : DAYS_WEEKDAY));
}

/* Which one covers a minute, how many do. */
static int period_at(const TouHours *v, int n, int day, int minute, int *second) {
    int found = -1;
    *second = -1;
    for (int i = 0; i < n; i++) {
        if (!covers(&v[i], day, minute)) continue;
        if (found < 0) found = i;
        else *second = i;
    }
    return found;
}

static const char *span_text(Arena *a, int day, int from, int to) {
    return text(a, "%s %02d:%02d-%02d:%02d", week[day], from / 60, from % 60, to / 60, to % 60);
}

const char *tou_problem(Arena *a, const TouHours *v, int n) {
    for (int day = 0; day < 7; day++)
        for (int minute = 0; minute < MINUTES; minute++) {
            int second, one = period_at(v, n, day, minute, &second), until = minute, next;
            if (one >= 0 && second < 0) continue;
            while (until < MINUTES && period_at(v, n, day, until, &next) == one && next == second) until++;
            if (one < 0) return text(a, "%s has no period.", span_text(a, day, minute, until));
            return text(a, "%s has two periods: %s and %s.", span_text(a, day, minute, until), v[one].code,
                        v[second].code);
        }
    for (int minute = 0; minute < MINUTES; minute++) {
        int times = 0;
        for (int i = 0; i < n; i++) times += v[i].days == DAYS_HOLIDAY && minute >= v[i].from && minute < v[i].to;
        if (times > 1) return text(a, "Holidays %02d:%02d has two periods.", minute / 60, minute % 60);
    }
    return NULL;
}

/* --- seasons ------------------------------------------------------------------------------------------------------ */

static int day_of(const char *md) {
    int month = (md[0] - '0') * 10 + md[1] - '0', day = (md[3] - '0') * 10 + md[4] - '0';
    return date_of(LEAP, month, day).day - date_of(LEAP, 1, 1).day;
}

bool season_day_parse(const char *s) {
    if (!s || strlen(s) != 5 || s[2] != '-') return false;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (s[i] < '0' || s[i] > '9')) return false;
    int month = (s[0] - '0') * 10 + s[1] - '0', day = (s[3] - '0') * 10 + s[4] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= month_days(LEAP, month);
}

static const char *md_text(Arena *a, int day) {
    Ymd d = date_ymd((Date){ date_of(LEAP, 1, 1).day + day });
    return text(a, "%02d-%02d", d.month, d.day);
}

static int season_at(const SeasonDays *v, int n, int day, int *second) {
    int found = -1;
    *second = -1;
    for (int i = 0; i < n; i++) {
        int from = day_of(v[i].from_md), to = day_of(v[i].to_md);
        if (from <= to ? day < from || day > to : day < from && day > to) continue;
        if (found < 0) found = i;
        else *second = i;
    }
    return found;
}

const char *seasons_problem(Arena *a, const SeasonDays *v, int n) {
    for (int day = 0; n && day < YEAR_DAYS; day++) {
        int second, one = season_at(v, n, day, &second), until = day, next;
        if (one >= 0 && second >= 0)
            return text(a, "%s is in two seasons: %s and %s.", md_text(a, day), v[one].code, v[second].code);
        if (one >= 0) continue;
        while (until + 1 < YEAR_DAYS && season_at(v, n, until + 1, &next) < 0) until++;
        return text(a, "No season covers %s to %s.", md_text(a, day), md_text(a, until));
    }
    return NULL;
}

/* --- percentages -------------------------------------------------------------------------------------------------- */

static bool refers(const PercentOf *from, const PercentOf *to) {
    for (int k = 0; k < from->of_n; k++)
        if (!strcmp(from->of[k], to->code) || !strcmp(from->of[k], to->charge_type)) return true;
    return false;
}

/* Follows references among percentages; `path` is the way so far, `done` are those that lead nowhere. */
static const char *walk(Arena *a, const PercentOf *v, int n, int *path, int depth, bool *done) {
    for (int next = 0; next < n; next++) {
        if (!v[next].is_percent || done[next] || !refers(&v[path[depth]], &v[next])) continue;
        for (int i = 0; i <= depth; i++) {
            if (path[i] != next) continue;
            if (depth == i) return text(a, "%s refers to itself.", v[next].code);
            Text t = text_start(a);
            text_addf(&t, "%s", v[path[i]].code);
            for (int k = i + 1; k <= depth; k++)
                text_addf(&t, "%s refers to %s", k == i + 1 ? "" : ", which", v[path[k]].code);
            text_addf(&t, ", which refers to %s.", v[next].code);
            return t.s;
        }
        if (depth + 1 >= LOOP_MOST) return NULL;
        path[depth + 1] = next;
        const char *loop = walk(a, v, n, path, depth + 1, done);
        if (loop) return loop;
    }
    done[path[depth]] = true;
    return NULL;
}

const char *percent_loop(Arena *a, const PercentOf *v, int n) {
    bool *done = take_n(a, bool, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        int path[LOOP_MOST] = { i };
        const char *loop = v[i].is_percent && !done[i] ? walk(a, v, n, path, 0, done) : NULL;
        if (loop) return loop;
    }
    return NULL;
}
