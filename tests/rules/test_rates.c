/* Published water prices: 498 schedules, 3,584 expected bills, computed by a program that shares nothing with the
 * product
   (shared data, rates/). Each bill is fixed charge + use, exact, rounded half up once: the engine's two lines must give
   it when the fixed charge has whole cents, else their exact sum must. */
#include <jansson.h>

#include "app/billing/tariff_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;

static int64_t micro_of(const char *s) {
    int64_t micro = 0;
    CU_ASSERT(s && tariff_decimal_parse(s, &micro));
    return micro;
}

static TariffRate commodity(json_t *schedule) {
    TariffRate r = TARIFF_RATE_DEFAULT;
    json_t *blocks = json_object_get(schedule, "blocks"), *block;
    TariffTier *tiers = take_n(&mem, TariffTier, json_array_size(blocks));
    size_t i;
    json_array_foreach(blocks, i, block) {
        json_t *end = json_array_get(block, 0);
        tiers[i] = (TariffTier){ .unlimited = json_is_null(end),
                                 .price = { micro_of(json_string_value(json_array_get(block, 1))) } };
        if (!tiers[i].unlimited) tiers[i].upto.micro = micro_of(json_string_value(end));
    }
    r.charge_type = "USAGE";
    r.calc = CALC_TIERED;
    r.prices = (TariffPrices){ .tiers = tiers, .tier_n = (int)json_array_size(blocks) };
    return r;
}

static const char *bill(json_t *schedule, const char *fixed_text, const char *usage) {
    TariffRate fixed = TARIFF_RATE_DEFAULT;
    fixed.charge_type = "FIXED";
    fixed.prices.price.micro = micro_of(fixed_text);
    TariffComponent components[] = { { .rate = fixed }, { .rate = commodity(schedule) } };
    Tariff t = { .components = components, .component_n = 2,
                 .period = { .days = 30, .full = true, .months = 1, .factor_decimals = -1, .exponent = 2,
                             .usage = { .quantity = exact_micro(micro_of(usage)) } } };
    TariffResult result = tariff_compute(&mem, &t);
    SAME_INT(result.problem, TARIFF_OK);
    bool cents = components[0].rate.prices.price.micro % 10000 == 0;
    if (cents) return wide_text(&mem, result.total.minor, 2);
    /* a fixed charge in tenths of a cent: both lines exact, rounded together */
    t.period.exponent = 3;
    result = tariff_compute(&mem, &t);
    Wide minor = 0;
    CU_ASSERT(exact_round(exact_minor(result.total, 3), 2, ROUND_HALF_UP, &minor));
    return wide_text(&mem, minor, 2);
}

/* Fields of a CSV row with quotes doubled inside quotes. */
static int csv_split(char *row, char *fields[], int most) {
    int n = 0;
    for (char *at = row; n < most; n++) {
        char *to = fields[n] = at;
        bool quoted = *at == '"';
        if (quoted) at++;
        while (*at && (quoted || (*at != ',' && *at != '\n' && *at != '\r'))) {
            if (quoted && *at == '"') {
                if (at[1] != '"') { at++; break; }
                at++;
            }
            *to++ = *at++;
        }
        char end = *at;
        *to = 0;
        if (end != ',') return n + 1;
        at++;
    }
    return n;
}

static json_t *schedules_load(FILE *in) {
    json_t *all = json_object();
    char *row = NULL;
    size_t room = 0;
    while (getline(&row, &room, in) > 0) {
        json_t *one = json_loads(row, 0, NULL);
        if (one) json_object_set_new(all, json_string_value(json_object_get(one, "id")), one);
    }
    free(row);
    return all;
}

static void published_bills(void) {
    FILE *schedules_in = shared_open("data/rates/california-water-rates.jsonl");
    FILE *bills = shared_open("data/rates/california-water-expected-bills.csv");
    if (!schedules_in || !bills) { printf("skipped: no shared data (set SMART360_SHARED) "); return; }
    json_t *schedules = schedules_load(schedules_in);
    SAME_INT(json_object_size(schedules), 498);
    char *row = NULL, *fields[8];
    size_t room = 0;
    int n = 0, wrong = 0;
    CU_ASSERT(getline(&row, &room, bills) > 0);         /* the header */
    for (; getline(&row, &room, bills) > 0; n++) {
        SAME_INT(csv_split(row, fields, 8), 6);
        json_t *schedule = json_object_get(schedules, fields[0]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(schedule);
        const char *got = bill(schedule, fields[3], fields[2]);
        if (strcmp(got, fields[5]) && ++wrong < 10)
            fprintf(stderr, "\n%s %s: got %s, expected %s", fields[0], fields[2], got, fields[5]);
        arena_reset(&mem);
    }
    SAME_INT(n, 3584);
    SAME_INT(wrong, 0);
    free(row);
    json_decref(schedules);
    fclose(schedules_in);
    fclose(bills);
}

/* A demand ratchet: the month's demand, or a share of the highest of the months before. */
static void ratchet(void) {
    static const struct { const char *quantity, *demand, *peak, *amount; } cases[] = {
        { "ratchet(demand,demand_peak,80)", "60", "100", "400.00" }, { "ratchet(demand,demand_peak,80)", "90", "100",
                                                                       "450.00" },
        { "ratchet(demand,demand_peak,80)", "80", "100", "400.00" }, { "ratchet(demand,demand_peak,80)", "60", NULL,
                                                                       "300.00" },
        { "ratchet(demand,demand_peak,62.5)", "10", "33.2", "103.75" }, { "demand", "60", "100", "300.00" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TariffRate r = TARIFF_RATE_DEFAULT;
        r.charge_type = "DEMAND", r.calc = CALC_PER_UNIT, r.prices.price.micro = 5000000;
        CU_ASSERT_TRUE(tariff_quantity_parse(&mem, cases[i].quantity, &r.quantity));
        CU_ASSERT_FALSE(tariff_is_metered(&r));
        TariffAttribute facts[2] = { { "demand", exact_micro(micro_of(cases[i].demand)) } };
        if (cases[i].peak) facts[1] = (TariffAttribute){ "demand_peak", exact_micro(micro_of(cases[i].peak)) };
        TariffPeriod p = { .days = 30, .full = true, .months = 1, .factor_decimals = -1, .exponent = 2,
                           .attributes = facts, .attribute_n = cases[i].peak ? 2 : 1 };
        TariffLine line;
        SAME_INT(tariff_line(&mem, &p, &r, &r.prices, &(TariffPart){ .days = 30 }, &line), TARIFF_OK);
        SAME_TEXT(wide_text(&mem, line.amount.minor, 2), cases[i].amount);
    }
    TariffQuantity q;
    static const char *const wrong[] = { "ratchet(demand,demand_peak)", "ratchet(usage,demand_peak,80)",
        "ratchet(demand,usage,80)", "ratchet(demand,demand_peak,0)", "ratchet(demand,demand_peak,101)",
        "ratchet(demand,demand_peak,-1)", "ratchet(demand,demand_peak,80", "ratchet(demand,demand_peak,80)x" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CU_ASSERT_FALSE(tariff_quantity_parse(&mem, wrong[i], &q));
}

int main(void) {
    int failed = suite_run("rates", (SuiteTest[]){ { "ONB02US05 demand ratchet", ratchet },
                                                   { "BX published bills of 498 schedules", published_bills }, { 0 } });
    arena_end(&mem);
    return failed;
}
