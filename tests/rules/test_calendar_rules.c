/*
 * Business time by a table of cases: calendar_rules.case.
 */
#include "app/core/calendar_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static const Zone *zone;
static DayException days[5];

static BusinessCalendar calendar_named(const char *name) {
    BusinessCalendar c = { .zone = zone, .always_open = !strcmp(name, "24") };
    for (int i = 1; i <= 5; i++) c.week[i] = (DayHours){ true, 480, 1020, 0, 0 };
    c.week[3].break_from = 720, c.week[3].break_to = 780;
    days[0] = (DayException){ date_of(2027, 1, 18), DAY_CLOSED, false, 0, 0 };
    days[1] = (DayException){ date_of(2027, 6, 18), DAY_CLOSED, false, 0, 0 };
    days[2] = (DayException){ date_of(2027, 12, 24), DAY_HALF, false, 0, 720 };
    days[3] = (DayException){ date_of(2027, 5, 1), DAY_SPECIAL, false, 540, 720 };
    days[4] = (DayException){ date_of(2020, 7, 4), DAY_CLOSED, true, 0, 0 };
    if (*name == 'h') c.exception = days, c.exceptions = 5;
    return c;
}

static Time moment(const char *s) {
    Local l;
    CU_ASSERT_TRUE_FATAL(local_parse(s, &l));
    return time_of_local(zone, l);
}

static Date day(const char *s) {
    Date d;
    CU_ASSERT_TRUE_FATAL(date_parse_iso(s, &d));
    return d;
}

static void cases(void) {
    static Cases k;
    Arena mem = { 0 };
    k = (Cases){ .in = source_open("tests/rules/calendar_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(k.in);
    int n = 0;
    for (; cases_next(&k); n++) {
        BusinessCalendar c = calendar_named(k.fields[1]);
        const char *what = k.fields[0], *got, *want = k.fields[k.n - 1];
        Time t = { 0 };
        if (!strcmp(what, "add")) t = calendar_add_minutes(&c, moment(k.fields[2]), atoll(k.fields[3]));
        if (!strcmp(what, "next")) t = calendar_next_working(&c, moment(k.fields[2]));
        if (t.us) {
            Local l = time_local(zone, t);
            got = text(&mem, "%sT%02d:%02d", date_iso(&mem, l.date), l.hour, l.minute);
        } else if (!strcmp(what, "minutes")) {
            got = text(&mem, "%lld", (long long)calendar_minutes(&c, moment(k.fields[2]), moment(k.fields[3])));
        } else if (!strcmp(what, "working")) {
            got = calendar_is_working(&c, moment(k.fields[2])) ? "yes" : "no";
        } else {
            got = date_iso(&mem, calendar_working_day(&c, day(k.fields[2]), atoi(k.fields[3])));
        }
        if (strcmp(got, want)) fprintf(stderr, "\ncalendar_rules.case:%d: got %s, expected %s\n", k.line, got, want);
        CU_ASSERT_STRING_EQUAL(got, want);
    }
    CU_ASSERT_TRUE(n > 25);
    fclose(k.in);
    arena_end(&mem);
}

static void hours(void) {
    DayHours week[7] = { [1] = { true, 480, 1020, 0, 0 } };
    CU_ASSERT_PTR_NULL(calendar_hours_refusal(week));
    week[1].to = 420;
    SAME_TEXT(calendar_hours_refusal(week), "End time must be after start time.");
    week[1] = (DayHours){ true, 480, 1020, 400, 500 };
    SAME_TEXT(calendar_hours_refusal(week), "The break must lie within the working hours.");
    week[1].working = false;
    SAME_TEXT(calendar_hours_refusal(week), "At least one working day is required.");
}

static void never_open(void) {
    BusinessCalendar c = { .zone = zone };
    CU_ASSERT_FALSE(time_is_set(calendar_next_working(&c, moment("2027-01-01T00:00"))));
    SAME_INT(calendar_working_day(&c, day("2027-01-01"), 1).day, day("2027-01-01").day);
}

int main(void) {
    zone = zone_find("America/Los_Angeles");
    return suite_run("calendar_rules", (SuiteTest[]){ { "ONB02US04.1 ONB02US04.3 cases", cases },
        { "hours that are refused", hours }, { "a calendar that never opens", never_open }, { 0 } });
}
