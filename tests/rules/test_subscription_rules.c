/*
 * What a subscription costs and allows, and what an unpaid invoice leads to (ONB08US01).
 */
#include "app/platform/subscription_rules.h"
#include "tests/suite.h"

#define M(minor_) ((Money){ (minor_) })

static Date day(const char *iso) {
    Date d = DATE_NONE;
    date_parse_iso(iso, &d);
    return d;
}

/* A year is ten months; a plan that is sold by the year has its price for the year. */
static void prices(void) {
    SAME_INT(term_price(M(240000), false).minor, 240000);
    SAME_INT(term_price(M(240000), true).minor, 2400000);
    SAME_INT(plan_price(M(240000), false, true).minor, 2400000);
    SAME_INT(plan_price(M(900000), true, true).minor, 900000);
    SAME_INT(is_cheaper(M(60000), false, M(240000), false), 1);
    SAME_INT(is_cheaper(M(240000), false, M(240000), false), 0);
    SAME_INT(is_cheaper(M(900000), true, M(60000), false), 0);      /* 9,000 a year, twelve times 600 */
    SAME_INT(is_cheaper(M(700000), true, M(60000), false), 1);
    SAME_INT(is_cheaper(M(600000), true, M(2400000), true), 1);
}

/* Scenario 2: 20 of 30 days of 600.00 and of 2,400.00. */
static void proration(void) {
    SAME_INT(days_left(day("2026-04-16"), day("2026-05-05")), 20);
    SAME_INT(days_left(day("2026-05-05"), day("2026-05-05")), 1);
    SAME_INT(days_left(day("2026-05-06"), day("2026-05-05")), 0);
    SAME_INT(prorated(M(60000), 20, 30, ROUND_HALF_UP).minor, 40000);
    SAME_INT(prorated(M(240000), 20, 30, ROUND_HALF_UP).minor, 160000);
    SAME_INT(prorated(M(100), 1, 3, ROUND_HALF_UP).minor, 33);
    SAME_INT(prorated(M(-50), 1, 4, ROUND_HALF_UP).minor, -13);
}

typedef struct { const char *what; int64_t used, limit; LimitLevel level; int64_t room; } Limit;

static const Limit limits[] = {
    { "none",                       1000000, -1,    LIMIT_NONE, INT64_MAX },
    { "below 80 %",                 47999,   60000, LIMIT_OK,   18001 },
    { "80 %",                       48000,   60000, LIMIT_NEAR, 18000 },
    { "one below the limit",        59999,   60000, LIMIT_NEAR, 6001 },
    { "the limit",                  60000,   60000, LIMIT_FULL, 6000 },
    { "the last of the grace",      65999,   60000, LIMIT_FULL, 1 },
    { "all of the grace",           66000,   60000, LIMIT_OVER, 0 },
    { "beyond it",                  70000,   60000, LIMIT_OVER, 0 },
    { "165 of 150 seats",           165,     150,   LIMIT_OVER, 0 },
    { "a limit too small for one",  5,       5,     LIMIT_OVER, 0 },
    { "none allowed",               0,       0,     LIMIT_OVER, 0 },
};

static void levels(void) {
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const Limit *l = &limits[i];
        if (limit_level(l->used, l->limit) != l->level || limit_room(l->used, l->limit) != l->room)
            printf("%s\n", l->what);
        SAME_INT(limit_level(l->used, l->limit), l->level);
        SAME_INT(limit_room(l->used, l->limit), l->room);
    }
}

/* Due on 6 May: late from the 7th, suspended after 14 days, cancelled after 60 more. */
static void debts(void) {
    static const struct { const char *today; DebtStep step; } days[] = {
        { "2026-05-05", DEBT_NONE },      { "2026-05-06", DEBT_NONE },      { "2026-05-07", DEBT_PAST_DUE },
        { "2026-05-20", DEBT_PAST_DUE },  { "2026-05-21", DEBT_SUSPENDED }, { "2026-07-19", DEBT_SUSPENDED },
        { "2026-07-20", DEBT_CANCELLED }, { "2027-01-01", DEBT_CANCELLED },
    };
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        SAME_INT(debt_step(day("2026-05-06"), day(days[i].today)), days[i].step);
    SAME_INT(debt_step(DATE_NONE, day("2026-05-07")), DEBT_NONE);
}

static void discounts(void) {
    SAME_INT(discount_of(M(240000), 125000, DATE_NONE, day("2026-05-06")).minor, 30000);
    SAME_INT(discount_of(M(240000), 125000, day("2026-05-06"), day("2026-05-06")).minor, 30000);
    SAME_INT(discount_of(M(240000), 125000, day("2026-05-05"), day("2026-05-06")).minor, 0);
    SAME_INT(discount_of(M(240000), 0, DATE_NONE, day("2026-05-06")).minor, 0);
}

int main(void) {
    return suite_run("subscription_rules", (SuiteTest[]){ { "prices of a term", prices }, { "by days", proration },
                                                          { "limits and their grace", levels },
                                                          { "what is unpaid", debts }, { "discounts", discounts },
                                                          { 0 } });
}
