/*
 * Levels and paths of service areas (ONB02US08), standard holidays (ONB02US04).
 */
#include "app/setup/area_rules.h"
#include "app/setup/holiday_rules.h"
#include "tests/suite.h"

static void levels(void) {
    for (AreaLevel l = AREA_REGION; l < AREA_LEVELS; l++) SAME_INT(area_level(area_levels[l]), l);
    SAME_INT(area_level("Region"), AREA_LEVELS);
    SAME_INT(area_level(""), AREA_LEVELS);
    SAME_INT(area_level(NULL), AREA_LEVELS);
    SAME_INT(area_levels_used(NULL), AREA_ALWAYS);
    SAME_INT(area_levels_used("city,zone"), AREA_ALWAYS | AREA_BIT(AREA_CITY) | AREA_BIT(AREA_ZONE));
    SAME_INT(area_levels_used("cit,zone,,nothing"), AREA_ALWAYS | AREA_BIT(AREA_ZONE));
}

static void neighbours(void) {
    static const struct { const char *used; AreaLevel level, parent, child; } cases[] = {
        { "",              AREA_REGION,   AREA_LEVELS,   AREA_DIVISION },
        { "",              AREA_DIVISION, AREA_REGION,   AREA_AREA },
        { "",              AREA_SUB_AREA, AREA_AREA,     AREA_LEVELS },
        { "city",          AREA_DIVISION, AREA_CITY,     AREA_AREA },
        { "city",          AREA_CITY,     AREA_REGION,   AREA_DIVISION },
        { "country,state", AREA_STATE,    AREA_COUNTRY,  AREA_DIVISION },
        { "country,state", AREA_ZONE,     AREA_STATE,    AREA_DIVISION },       /* a level out of use */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned used = area_levels_used(cases[i].used);
        SAME_INT(area_parent_level(used, cases[i].level), cases[i].parent);
        SAME_INT(area_child_level(used, cases[i].level), cases[i].child);
    }
}

static void paths(void) {
    CU_ASSERT_TRUE(area_is_below("PDX/EAST/01", "PDX"));
    CU_ASSERT_TRUE(area_is_below("PDX/EAST/01", "PDX/EAST/01"));
    CU_ASSERT_FALSE(area_is_below("PDX/EAST", "PDX/EAST/01"));
    CU_ASSERT_FALSE(area_is_below("PDX2/EAST", "PDX"));                         /* names that begin alike */
}

/* The days of two years as the Office of Personnel Management publishes them. */
static void holidays(void) {
    static const struct { int year, n; struct { int month, day; const char *name; } v[HOLIDAYS_MAX]; } cases[] = {
        { 2021, 12, { { 1, 1, "New Year's Day" }, { 1, 18, "Birthday of Martin Luther King, Jr." },
            { 2, 15, "Washington's Birthday" }, { 5, 31, "Memorial Day" }, { 6, 18, "Juneteenth" },
            { 7, 5, "Independence Day" }, { 9, 6, "Labor Day" }, { 10, 11, "Columbus Day" }, { 11, 11, "Veterans Day" },
            { 11, 25, "Thanksgiving Day" }, { 12, 24, "Christmas Day" }, { 12, 31, "New Year's Day" } } },
        { 2026, 11, { { 1, 1, "New Year's Day" }, { 1, 19, "Birthday of Martin Luther King, Jr." },
            { 2, 16, "Washington's Birthday" }, { 5, 25, "Memorial Day" }, { 6, 19, "Juneteenth" },
            { 7, 3, "Independence Day" }, { 9, 7, "Labor Day" }, { 10, 12, "Columbus Day" }, { 11, 11, "Veterans Day" },
            { 11, 26, "Thanksgiving Day" }, { 12, 25, "Christmas Day" } } },
        { 2022, 10, { { 1, 17, "Birthday of Martin Luther King, Jr." }, { 2, 21, "Washington's Birthday" },
            { 5, 30, "Memorial Day" }, { 6, 20, "Juneteenth" }, { 7, 4, "Independence Day" }, { 9, 5, "Labor Day" },
            { 10, 10, "Columbus Day" }, { 11, 11, "Veterans Day" }, { 11, 24, "Thanksgiving Day" },
            { 12, 26, "Christmas Day" } } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Holiday to[HOLIDAYS_MAX];
        SAME_INT(us_holidays(cases[i].year, to), cases[i].n);
        for (int k = 0; k < cases[i].n; k++) {
            SAME_INT(to[k].date.day, date_of(cases[i].year, cases[i].v[k].month, cases[i].v[k].day).day);
            SAME_TEXT(to[k].name, cases[i].v[k].name);
        }
    }
}

static void observed(void) {
    Holiday to[HOLIDAYS_MAX];
    us_holidays(2026, to);
    SAME_INT(to[5].observes.day, date_of(2026, 7, 4).day);          /* the third of July stands for the fourth */
    CU_ASSERT_FALSE(date_is_set(to[4].observes));                   /* Juneteenth on its own day */
    us_holidays(2021, to);
    SAME_INT(to[11].observes.day, date_of(2022, 1, 1).day);         /* of the year after */
}

static void states(void) {
    static const struct { int year, month, day; } sundays[] = { { 2024, 3, 31 }, { 2025, 4, 20 }, { 2026, 4, 5 },
                                                                { 2029, 4, 1 }, { 2038, 4, 25 } };
    for (size_t i = 0; i < sizeof sundays / sizeof *sundays; i++)
        SAME_INT(easter(sundays[i].year).day, date_of(sundays[i].year, sundays[i].month, sundays[i].day).day);
    Holiday to[HOLIDAYS_MAX];
    SAME_INT(us_state_holidays(2029, NULL, to), 11);
    SAME_INT(us_state_holidays(2029, "OR", to), 11);                /* keeps none besides */
    SAME_INT(us_state_holidays(2029, "LA", to), 13);
    SAME_TEXT(to[2].name, "Mardi Gras");
    SAME_INT(to[2].date.day, date_of(2029, 2, 13).day);
    CU_ASSERT_TRUE(to[2].of_state);
    SAME_INT(us_state_holidays(2032, "TX", to), 14);                /* the 24th is Christmas observed already */
    for (const HolidayState *s = us_holiday_states(); s->code; s++) {
        for (int year = 1971; year < 2150; year++) {
            int n = us_state_holidays(year, s->code, to);
            CU_ASSERT_TRUE(n >= 10 && n <= HOLIDAYS_MAX);
            for (int i = 1; i < n; i++) CU_ASSERT_TRUE(to[i - 1].date.day < to[i].date.day);
        }
        CU_ASSERT_TRUE(us_state_holidays(2029, s->code, to) > 11);
    }
}

int main(void) {
    return suite_run("area_rules", (SuiteTest[]){
        { "levels by name and those in use", levels }, { "who stands above and below", neighbours },
        { "paths", paths }, { "ONB02US04 holidays of a year", holidays }, { "the day a holiday stands for", observed },
        { "ONB02US04 holidays of states", states },
        { 0 } });
}
