/*
 * What makes a component of a tariff whole (ONB02US05 "Refuses"): tables of cases.
 */
#include "app/core/size_rules.h"
#include "app/setup/plan_rules.h"

#include "tests/suite.h"

enum { TIERS_MOST = 4, HOURS_MOST = 6, SEASONS_MOST = 4, PERCENTS_MOST = 4, NAMES_MOST = 3 };

/* In units: from and upto; -1 = none was typed, 0 as an end = no end. */
typedef struct { int from, upto; } Ends;

static void tiers(void) {
    static const struct { int n; Ends v[TIERS_MOST]; const char *says; } cases[] = {
        { 3, { { 0, 6 }, { 6, 12 }, { 12, 0 } },      NULL },
        { 3, { { -1, 6 }, { -1, 12 }, { -1, 0 } },    NULL },
        { 1, { { 0, 0 } },                            NULL },
        { 0, { { 0, 0 } },                            "Enter at least one tier." },
        { 3, { { 0, 6 }, { 7, 12 }, { 12, 0 } },      "Tier 2 must start at 6, where tier 1 ends." },     /* a gap */
        { 3, { { 0, 6 }, { 5, 12 }, { 12, 0 } },      "Tier 2 must start at 6, where tier 1 ends." },     /* twice */
        { 2, { { 1, 6 }, { 6, 0 } },                  "Tier 1 must start at 0." },
        { 2, { { 0, 6 }, { 6, 12 } },                 "The last tier must be unlimited." },
        { 2, { { 0, 0 }, { 6, 0 } },                  "Tier 1 must end: only the last is unlimited." },
        { 3, { { 0, 6 }, { 6, 6 }, { 6, 0 } },        "Tier 2 must end above 6." },
        { 3, { { -1, 6 }, { -1, 4 }, { -1, 0 } },     "Tier 2 must end above 6." },
    };
    Arena mem = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TierEnds v[TIERS_MOST];
        for (int k = 0; k < cases[i].n; k++) {
            Ends e = cases[i].v[k];
            v[k] = (TierEnds){ .from.micro = e.from * 1000000LL, .upto.micro = e.upto * 1000000LL,
                               .has_from = e.from >= 0, .unlimited = !e.upto };
        }
        SAME_TEXT(tiers_problem(&mem, v, cases[i].n), cases[i].says);
    }
    arena_end(&mem);
}

/* What an attribute ends cannot be compared with what follows. */
static void tiers_by_attribute(void) {
    Arena mem = { 0 };
    TierEnds v[] = { { .by_attribute = true }, { .from.micro = 9000000, .has_from = true, .unlimited = true } };
    SAME_TEXT(tiers_problem(&mem, v, 2), NULL);
    arena_end(&mem);
}

static void hours(void) {
    enum { H = 60, DAY = 24 * H };
    static const struct { int n; TouHours v[HOURS_MOST]; const char *says; } cases[] = {
        { 1, { { "off", DAYS_ANY, 0, DAY } }, NULL },
        { 4, { { "off", DAYS_WEEKDAY, 0, 7 * H }, { "peak", DAYS_WEEKDAY, 7 * H, 21 * H },
               { "off", DAYS_WEEKDAY, 21 * H, DAY }, { "off", DAYS_WEEKEND, 0, DAY } }, NULL },
        { 0, { { "", DAYS_ANY, 0, 0 } }, "Sunday 00:00-24:00 has no period." },
        { 2, { { "off", DAYS_WEEKDAY, 0, DAY }, { "off", DAYS_WEEKEND, 0, 22 * H } },
          "Sunday 22:00-24:00 has no period." },
        { 2, { { "off", DAYS_WEEKEND, 0, DAY }, { "off", DAYS_WEEKDAY, 30, DAY } },
          "Monday 00:00-00:30 has no period." },
        { 3, { { "peak", DAYS_WEEKDAY, 0, 10 * H }, { "mid", DAYS_WEEKDAY, 8 * H, DAY },
               { "off", DAYS_WEEKEND, 0, DAY } },
          "Monday 08:00-10:00 has two periods: peak and mid." },
        { 2, { { "off", DAYS_ANY, 0, DAY }, { "peak", DAYS_WEEKEND, 12 * H, 13 * H } },
          "Sunday 12:00-13:00 has two periods: off and peak." },
        /* the end is exclusive: 07:00 belongs to one of them */
        { 3, { { "off", DAYS_ANY, 0, 7 * H }, { "peak", DAYS_ANY, 7 * H, DAY }, { "off", DAYS_HOLIDAY, 0, DAY } },
          NULL },
        { 3, { { "off", DAYS_ANY, 0, DAY }, { "off", DAYS_HOLIDAY, 0, 9 * H }, { "peak", DAYS_HOLIDAY, 8 * H, DAY } },
          "Holidays 08:00 has two periods." },
    };
    Arena mem = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_TEXT(tou_problem(&mem, cases[i].v, cases[i].n), cases[i].says);
    arena_end(&mem);
}

static void seasons(void) {
    static const struct { int n; SeasonDays v[SEASONS_MOST]; const char *says; } cases[] = {
        { 0, { { "", "", "" } }, NULL },                                         /* a plan without seasons */
        { 2, { { "summer", "06-01", "09-30" }, { "winter", "10-01", "05-31" } }, NULL },
        { 1, { { "year", "01-01", "12-31" } }, NULL },
        { 2, { { "summer", "06-01", "09-30" }, { "winter", "01-01", "05-31" } }, "No season covers 10-01 to 12-31." },
        { 2, { { "summer", "06-01", "09-30" }, { "winter", "10-02", "05-31" } }, "No season covers 10-01 to 10-01." },
        { 3, { { "summer", "06-01", "09-30" }, { "peak", "06-01", "06-15" }, { "winter", "10-01", "05-31" } },
          "06-01 is in two seasons: summer and peak." },
        { 2, { { "a", "03-01", "02-28" }, { "b", "02-29", "02-29" } }, NULL },   /* the leap day is a day */
        { 2, { { "a", "03-01", "12-31" }, { "b", "01-01", "02-28" } }, "No season covers 02-29 to 02-29." },
    };
    Arena mem = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_TEXT(seasons_problem(&mem, cases[i].v, cases[i].n), cases[i].says);
    arena_end(&mem);
}

static void season_days(void) {
    static const struct { const char *s; bool good; } cases[] = {
        { "06-01", true }, { "02-29", true }, { "12-31", true }, { "02-30", false }, { "00-10", false },
        { "13-01", false }, { "04-31", false }, { "6-1", false }, { "06/01", false }, { "06-01 ", false },
        { "06-0a", false }, { "", false }, { NULL, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(season_day_parse(cases[i].s), cases[i].good);
}

typedef struct { const char *code, *type; bool percent; const char *of[NAMES_MOST]; } Rate;

static void loops(void) {
    static const struct { int n; Rate v[PERCENTS_MOST]; const char *says; } cases[] = {
        { 2, { { "USE", "USAGE", false, { 0 } }, { "SUR", "SURCHARGE", true, { "USE" } } }, NULL },
        { 2, { { "A", "SURCHARGE", true, { "B" } }, { "B", "SURCHARGE", true, { "A" } } },
          "A refers to B, which refers to A." },
        { 3, { { "A", "SURCHARGE", true, { "B" } }, { "B", "SURCHARGE", true, { "C" } },
               { "C", "SURCHARGE", true, { "B" } } }, "B refers to C, which refers to B." },
        { 1, { { "A", "SURCHARGE", true, { "A" } } }, "A refers to itself." },
        { 1, { { "A", "SURCHARGE", true, { "SURCHARGE" } } }, "A refers to itself." },          /* by its type */
        { 2, { { "A", "SURCHARGE", true, { "FUEL_ADJ" } }, { "B", "FUEL_ADJ", true, { "SURCHARGE" } } },
          "A refers to B, which refers to A." },
        /* two ways to the same line are no loop */
        { 4, { { "A", "SURCHARGE", true, { "B", "C" } }, { "B", "FUEL_ADJ", true, { "D" } },
               { "C", "DISCOUNT", true, { "D" } }, { "D", "USAGE", false, { 0 } } }, NULL },
        { 1, { { "A", "SURCHARGE", true, { "GONE" } } }, NULL },
    };
    Arena mem = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        PercentOf v[PERCENTS_MOST];
        for (int k = 0; k < cases[i].n; k++) {
            const Rate *x = &cases[i].v[k];
            int names = 0;
            while (names < NAMES_MOST && x->of[names]) names++;
            v[k] = (PercentOf){ x->code, x->type, x->percent, x->of, names };
        }
        SAME_TEXT(percent_loop(&mem, v, cases[i].n), cases[i].says);
    }
    arena_end(&mem);
}

/* Rising widths, inches and millimetres in one order; all else is no size. */
static void sizes(void) {
    static const char *const rising[] = { "none", "15", "5/8", "3/4", "20 mm", "1", "1-1/2", "40mm", "2", "3", "4", "6",
                                          "8", "10", "300" };
    for (size_t i = 1; i < sizeof rising / sizeof *rising; i++)
        CU_ASSERT_TRUE(meter_size_rank(rising[i - 1]) < meter_size_rank(rising[i]));
    static const char *const none[] = { "", "9", "5", "14", "301", "20 cm", "2000", "1/2", "-1", "5/8 ", "mm" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) CU_ASSERT_EQUAL(meter_size_rank(none[i]), -1);
    CU_ASSERT_TRUE(meter_size_within("1", "5/8", "2") && meter_size_within("2", "5/8", "2"));
    CU_ASSERT_TRUE(meter_size_within("3", "2", NULL) && meter_size_within("3", NULL, NULL));
    CU_ASSERT_TRUE(meter_size_within(NULL, "2", "3"));              /* no meter yet */
    CU_ASSERT_FALSE(meter_size_within("3", "5/8", "2") || meter_size_within("none", "5/8", NULL));
}

int main(void) {
    return suite_run("plan_rules", (SuiteTest[]){
        { "ONB02US05 refuses tiers with a gap, twice the same, without an open end", tiers },
        { "a tier that ends by an attribute", tiers_by_attribute },
        { "ONB02US05 refuses periods that leave a minute of the week out or have it twice", hours },
        { "seasons cover the year once", seasons }, { "days of a season", season_days },
        { "ONB02US05 refuses percentages that lead back to themselves", loops },
        { "meter sizes by width", sizes }, { 0 } });
}
