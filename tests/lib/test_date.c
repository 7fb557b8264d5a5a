/* lib/date: calendar, texts, zones with both changes of the clock, input by people (S18, F19). */
#include "lib/date.h"
#include "tests/suite.h"

static Arena mem;

static Time at(const char *iso) {
    Time t = TIME_NONE;
    CU_ASSERT_FATAL(time_parse_iso(iso, &t));
    return t;
}

#define SAME_DATE(d, iso) SAME_TEXT(date_iso(&mem, (d)), (iso))
#define SAME_TIME(t, iso) SAME_TEXT(time_iso(&mem, (t)), (iso))

static void counts_days(void) {
    SAME_INT(date_of(1970, 1, 1).day, 0);
    SAME_INT(date_of(2000, 3, 1).day, 11017);
    SAME_INT(date_of(2026, 2, 29).day, DATE_NONE.day);
    SAME_INT(date_of(2028, 2, 29).day - date_of(2028, 2, 28).day, 1);
    SAME_INT(date_of(1900, 2, 29).day, DATE_NONE.day);
    CU_ASSERT(date_is_set(date_of(2000, 2, 29)));
    SAME_DATE(date_of(1, 1, 1), "0001-01-01");
    SAME_DATE(date_of(9999, 12, 31), "9999-12-31");
    for (int32_t day = date_of(1, 1, 1).day; day <= date_of(9999, 12, 31).day; day += 17) {
        Ymd t = date_ymd((Date){ day });
        CU_ASSERT_EQUAL_FATAL(date_of(t.year, t.month, t.day).day, day);
    }
    SAME_INT(date_weekday(date_of(2026, 3, 20)), 5);
    SAME_INT(date_weekday(date_of(1969, 12, 28)), 0);
    SAME_INT(date_days_between(date_of(2026, 3, 31), date_of(2026, 4, 30)), 30);
    SAME_INT(date_days_inclusive(date_of(2026, 4, 1), date_of(2026, 4, 30)), 30);
}

static void adds_months(void) {
    SAME_DATE(date_add_months(date_of(2026, 1, 31), 1), "2026-02-28");
    SAME_DATE(date_add_months(date_of(2028, 1, 31), 1), "2028-02-29");
    SAME_DATE(date_add_months(date_of(2026, 3, 31), -1), "2026-02-28");
    SAME_DATE(date_add_months(date_of(2026, 1, 15), -13), "2024-12-15");
    SAME_DATE(date_month_end(date_of(2026, 12, 5)), "2026-12-31");
    SAME_DATE(date_month_start(date_of(2026, 12, 5)), "2026-12-01");
    Month m;
    CU_ASSERT(month_parse("2026-04", &m));
    SAME_TEXT(month_text(&mem, month_add(m, -4)), "2025-12");
    SAME_DATE(month_last(m), "2026-04-30");
    static const char *const bad[] = { "2026-13", "2026-00", "2026-4", "26-04", "2026-04-", "0000-01", "", NULL };
    for (int i = 0; bad[i]; i++) CU_ASSERT_FALSE(month_parse(bad[i], &m));
    Ymd july = { 0, 7, 1 }, leap = { 0, 2, 29 };
    SAME_DATE(fiscal_year_start(date_of(2026, 6, 30), july), "2025-07-01");
    SAME_DATE(fiscal_year_end(date_of(2026, 6, 30), july), "2026-06-30");
    SAME_DATE(fiscal_year_start(date_of(2026, 7, 1), july), "2026-07-01");
    SAME_DATE(fiscal_year_end(date_of(2027, 3, 1), leap), "2028-02-28");
}

static void reads_and_writes_text(void) {
    Date d = DATE_NONE;
    CU_ASSERT(date_parse_iso("2026-03-20", &d));
    SAME_DATE(d, "2026-03-20");
    static const char *const bad_dates[] = { "2026-02-30", "2026-3-20", "26-03-20", "2026-03-20 ", " 2026-03-20",
                                             "2026/03/20", "2026-03-200",
        "", "2026-03", "20260320", "0000-01-01", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32", "-026-01-01",
            "+026-01-01", "2O26-01-01" };
    for (size_t i = 0; i < sizeof bad_dates / sizeof *bad_dates; i++) CU_ASSERT_FALSE(date_parse_iso(bad_dates[i], &d));
    CU_ASSERT_FALSE(date_parse_iso(NULL, &d));
    SAME_DATE(d, "2026-03-20");
    SAME_DATE(DATE_NONE, "");
    SAME_TIME(TIME_NONE, "");
    SAME_TIME(at("2026-03-20T18:25:00Z"), "2026-03-20T18:25:00Z");
    SAME_TIME(at("2026-03-20T18:25:00.5+05:30"), "2026-03-20T12:55:00.500000Z");
    SAME_TIME(at("2026-01-01T00:30:00.1234567-08:00"), "2026-01-01T08:30:00.123456Z");
    SAME_TIME(at("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
    SAME_INT(time_unix(at("1969-12-31T23:59:59.5Z")), -1);
    SAME_INT(time_unix(time_of_unix(1700000000)), 1700000000);
    Time t;
    static const char *const bad_times[] = { "2026-03-20T18:25:00", "2026-03-20 18:25:00Z", "2026-03-20T24:00:00Z",
                                             "2026-03-20T18:60:00Z",
        "2026-03-20T18:25:60Z", "2026-03-20T18:25Z", "2026-03-20T18:25:00.Z", "2026-03-20T18:25:00+5",
            "2026-03-20T18:25:00+19:00",
        "2026-03-20T18:25:00ZZ", "2026-03-20T18:25:00z", "2026-02-30T00:00:00Z", "", "T" };
    for (size_t i = 0; i < sizeof bad_times / sizeof *bad_times; i++) CU_ASSERT_FALSE(time_parse_iso(bad_times[i], &t));
    CU_ASSERT(time_parse_mysql("2026-03-20 18:25:00.12", &t));
    SAME_TEXT(time_mysql(&mem, t), "2026-03-20 18:25:00.120000");
    CU_ASSERT(time_parse_mysql("2026-03-20 18:25:00", &t));
    CU_ASSERT_FALSE(time_parse_mysql("0000-00-00 00:00:00", &t));
    CU_ASSERT_FALSE(time_parse_mysql("2026-03-20", &t));
}

static void converts_zones(void) {
    const Zone *la = zone_find("America/Los_Angeles");
    CU_ASSERT_PTR_NOT_NULL_FATAL(la);
    CU_ASSERT_PTR_EQUAL(la, zone_find("America/Los_Angeles"));
    static const char *const bad[] = { "America/Nowhere", "PST", "", "GMT+5", "../etc/passwd", "America/Los_Angeles ",
                                       "Custom/Zone", NULL };
    for (int i = 0; bad[i]; i++) CU_ASSERT_PTR_NULL(zone_find(bad[i]));
    CU_ASSERT_PTR_NULL(zone_find(NULL));
    SAME_DATE(time_date(la, at("2026-03-21T06:59:59Z")), "2026-03-20");
    SAME_DATE(time_date(la, at("2026-03-21T07:00:00Z")), "2026-03-21");
    SAME_INT(zone_offset_s(la, at("2026-01-15T00:00:00Z")), -8 * 3600);
    SAME_INT(zone_offset_s(la, at("2100-07-15T00:00:00Z")), -7 * 3600);
    SAME_INT(zone_offset_s(zone_find("Asia/Kolkata"), at("2026-07-15T00:00:00Z")), 19800);
    SAME_INT(zone_offset_s(zone_utc(), at("2026-07-15T00:00:00Z")), 0);
    SAME_TIME(date_start(la, date_of(2026, 3, 8)), "2026-03-08T08:00:00Z");
    SAME_TIME(date_start(la, date_of(2026, 3, 9)), "2026-03-09T07:00:00Z");
    SAME_INT(date_length_us(la, date_of(2026, 3, 8)) / HOUR_US, 23);
    SAME_INT(date_length_us(la, date_of(2026, 11, 1)) / HOUR_US, 25);
    SAME_INT(date_length_us(la, date_of(2026, 12, 31)) / HOUR_US, 24);
    /* skipped: 02:30 on 8 March; twice: 01:30 on 1 November */
    SAME_TIME(time_of_local(la, (Local){ date_of(2026, 3, 8), 2, 30, 0, 0 }), "2026-03-08T10:30:00Z");
    SAME_TIME(time_of_local(la, (Local){ date_of(2026, 3, 8), 3, 0, 0, 0 }), "2026-03-08T10:00:00Z");
    SAME_TIME(time_of_local(la, (Local){ date_of(2026, 3, 8), 1, 59, 59, 0 }), "2026-03-08T09:59:59Z");
    SAME_TIME(time_of_local(la, (Local){ date_of(2026, 11, 1), 1, 30, 0, 0 }), "2026-11-01T08:30:00Z");
    SAME_TIME(time_of_local(la, (Local){ date_of(2026, 11, 1), 2, 0, 0, 0 }), "2026-11-01T10:00:00Z");
    /* summer time that begins at midnight: the day has no 00:00 */
    const Zone *beirut = zone_find("Asia/Beirut");
    CU_ASSERT_PTR_NOT_NULL_FATAL(beirut);
    SAME_TIME(date_start(beirut, date_of(2022, 3, 27)), "2022-03-26T22:00:00Z");
    SAME_DATE(time_date(beirut, date_start(beirut, date_of(2022, 3, 27))), "2022-03-27");
    SAME_INT(date_length_us(beirut, date_of(2022, 3, 27)) / HOUR_US, 23);
    /* Samoa left out 30 December 2011: the day is empty and begins where the next one does */
    const Zone *apia = zone_find("Pacific/Apia");
    CU_ASSERT_PTR_NOT_NULL_FATAL(apia);
    SAME_TIME(date_start(apia, date_of(2011, 12, 31)), "2011-12-30T10:00:00Z");
    SAME_INT(date_length_us(apia, date_of(2011, 12, 30)), 0);
}

static void every_instant_comes_back(void) {
    static const char *const names[] = { "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin",
                                         "America/Sao_Paulo",
                                         "Africa/Casablanca", "Asia/Beirut", "UTC" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const Zone *z = zone_find(names[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(z);
        for (int64_t us = at("2017-01-01T00:00:00Z").us; us < at("2028-01-01T00:00:00Z").us; us += 37 * MINUTE_US) {
            Time back = time_of_local(z, time_local(z, (Time){ us }));
            /* the hour that comes twice */
            CU_ASSERT_FATAL(back.us == us || (back.us < us && us - back.us <= HOUR_US));
        }
        for (Date d = date_of(2017, 1, 1); d.day < date_of(2028, 1, 1).day; d = date_add_days(d, 1)) {
            Time start = date_start(z, d);
            CU_ASSERT_EQUAL_FATAL(time_date(z, start).day, d.day);
            CU_ASSERT_EQUAL_FATAL(time_date(z, (Time){ start.us - 1 }).day, d.day - 1);
        }
    }
}

static void reads_people(void) {
    static const struct { const char *s; DateFormat f; DateProblem p; const char *iso; } cases[] = {
        { "03/20/2026", DATE_MDY, DATE_OK, "2026-03-20" },   { "3/5/2026", DATE_MDY, DATE_OK, "2026-03-05" },
        { "20/03/2026", DATE_DMY, DATE_OK, "2026-03-20" },   { "20.3.2026", DATE_DMY_DOTS, DATE_OK, "2026-03-20" },
        { "2026-03-20", DATE_MDY, DATE_OK, "2026-03-20" },   { "2026-03-20", DATE_ISO, DATE_OK, "2026-03-20" },
        { "20-Mar-2026", DATE_DMONY, DATE_OK, "2026-03-20" },{ "5-mar-2026", DATE_DMONY, DATE_OK, "2026-03-05" },
        { "2026-03-20", DATE_DMONY, DATE_OK, "2026-03-20" },
        { "", DATE_MDY, DATE_EMPTY, "" },                    { "02/30/2026", DATE_MDY, DATE_NO_DAY, "" },
        { "20/03/2026", DATE_MDY, DATE_NO_DAY, "" },         { "2026-02-30", DATE_MDY, DATE_NO_DAY, "" },
        { "03/20/26", DATE_MDY, DATE_MALFORMED, "" },        { "03-20-2026", DATE_MDY, DATE_MALFORMED, "" },
        { "3/20/2026x", DATE_MDY, DATE_MALFORMED, "" },      { "+3/20/2026", DATE_MDY, DATE_MALFORMED, "" },
        { "003/20/2026", DATE_MDY, DATE_MALFORMED, "" },     { "03/20/02026", DATE_MDY, DATE_MALFORMED, "" },
        { "0/1/2026", DATE_MDY, DATE_NO_DAY, "" },           { "1/1/0000", DATE_MDY, DATE_NO_DAY, "" },
        { "2026-3-20", DATE_ISO, DATE_MALFORMED, "" },       { "20-Mrz-2026", DATE_DMONY, DATE_MALFORMED, "" },
        { "tomorrow", DATE_MDY, DATE_MALFORMED, "" },        { " 3/5/2026", DATE_MDY, DATE_MALFORMED, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Date d = DATE_NONE;
        SAME_INT(date_parse(cases[i].s, cases[i].f, NULL, &d), cases[i].p);
        SAME_DATE(d, cases[i].iso);
    }
    SAME_TEXT(date_text(&mem, date_of(2027, 1, 31), DATE_MDY, NULL), "01/31/2027");
    SAME_TEXT(date_text(&mem, date_of(2027, 1, 31), DATE_DMONY, NULL), "31-Jan-2027");
    SAME_TEXT(date_text(&mem, DATE_NONE, DATE_MDY, NULL), "");
    DateFormat f;
    CU_ASSERT(date_format_find("DD-MMM-YYYY", &f) && f == DATE_DMONY);
    CU_ASSERT_FALSE(date_format_find("YYYY", &f));
}

static void reads_clocks(void) {
    static const struct { const char *s; int minutes; } cases[] = {
        { "18:25", 1105 }, { "6:25 PM", 1105 }, { "6:25pm", 1105 }, { "6 pm", 1080 }, { "12 AM", 0 },
        { "12:30 pm", 750 }, { "00:00", 0 },
        { "6:25\u00a0PM", 1105 }, { "6:25\u202fPM", 1105 }, { "24:00", -1 }, { "18:60", -1 }, { "18:25 PM", -1 },
        { "6", -1 }, { "0 am", -1 },
        { "6:5", -1 }, { "", -1 }, { "6:25 PMx", -1 }, { "-6:25", -1 }, { "6:25  PM", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int m = -1;
        CU_ASSERT_EQUAL(clock_parse(cases[i].s, &m), cases[i].minutes >= 0);
        SAME_INT(m, cases[i].minutes);
    }
    Local l;
    CU_ASSERT(local_parse("2026-03-20T18:25", &l) && l.hour == 18 && l.minute == 25);
    CU_ASSERT_FALSE(local_parse("2026-03-20 18:25", &l));
    CU_ASSERT_FALSE(local_parse("2026-03-20T18:25Z", &l));
}

int main(void) {
    int status = suite_run("date", (SuiteTest[]){
        { "counts days", counts_days }, { "adds months", adds_months },
        { "reads and writes text", reads_and_writes_text },
        { "converts zones", converts_zones }, { "every instant comes back", every_instant_comes_back },
        { "reads people's dates", reads_people }, { "reads clocks", reads_clocks }, { 0 } });
    arena_end(&mem);
    return status;
}
