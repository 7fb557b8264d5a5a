/* lib/money: arithmetic, rounding, strict parsing (S18), plain and grouped output. */
#include "lib/money.h"
#include "tests/suite.h"

static Arena mem;

static const NumberFormat us = { .decimal = '.', .group = ',' }, german = { .decimal = ',', .group = '.' },
                          french = { .decimal = ',', .group = ' ' }, indian = { .decimal = '.', .group = ',',
                              .indian = true };

static void rounds(void) {
    static const struct { int64_t n, d; Rounding r; int64_t is; } cases[] = {
        { 1925, 10, ROUND_HALF_UP, 193 },   { 1925, 10, ROUND_HALF_EVEN, 192 }, { 1935, 10, ROUND_HALF_EVEN, 194 },
        { -1925, 10, ROUND_HALF_UP, -193 }, { -1925, 10, ROUND_HALF_EVEN, -192 }, { 1924, 10, ROUND_HALF_UP, 192 },
        { -1926, 10, ROUND_HALF_UP, -193 }, { 1, 3, ROUND_HALF_UP, 0 },         { 2, 3, ROUND_HALF_UP, 1 },
        { -1, 2, ROUND_HALF_UP, -1 },       { -1, 2, ROUND_HALF_EVEN, 0 },      { 0, 7, ROUND_HALF_UP, 0 },
        { 3, 2, ROUND_HALF_EVEN, 2 },       { 1, 1, ROUND_HALF_EVEN, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_INT(wide_divide(cases[i].n, cases[i].d, cases[i].r), cases[i].is);
}

static void multiplies(void) {
    Quantity twelve = quantity_of(12);
    SAME_INT(price_times((Price){ 3208333 }, twelve, 2, ROUND_HALF_UP).minor, 3850);
    SAME_INT(price_times((Price){ 3208333 }, twelve, 3, ROUND_HALF_UP).minor, 38500);
    SAME_INT(price_times((Price){ 3208333 }, twelve, 0, ROUND_HALF_UP).minor, 38);       /* 38.499996 */
    SAME_INT(price_times((Price){ -5000 }, quantity_of(1), 2, ROUND_HALF_UP).minor, -1);
    SAME_INT(price_times((Price){ -5000 }, quantity_of(1), 2, ROUND_HALF_EVEN).minor, 0);
    Money m = { 7 };
    CU_ASSERT_FALSE(price_times_fits((Price){ 999999999999999 }, (Quantity){ 999999999999999 }, 3, ROUND_HALF_UP, &m));
    SAME_INT(m.minor, 7);
    SAME_INT(money_ppm((Money){ 7000 }, 27500, ROUND_HALF_UP).minor, 193);                /* 192.5 */
    SAME_INT(money_ppm((Money){ 7000 }, 27500, ROUND_HALF_EVEN).minor, 192);
    SAME_INT(money_ratio((Money){ 10000 }, 11, 30, ROUND_HALF_UP).minor, 3667);
    SAME_INT(quantity_of_reading((Reading){ 1262125 }).micro, 1262125000);
}

static void adds(void) {
    SAME_INT(money_add((Money){ 5 }, (Money){ -7 }).minor, -2);
    SAME_INT(money_sub((Money){ 5 }, (Money){ -7 }).minor, 12);
    SAME_INT(money_sum((Money[]){ { INT64_MAX }, { 5 }, { -5 } }, 3).minor, INT64_MAX);
    SAME_INT(money_sum(NULL, 0).minor, 0);
    Money m;
    CU_ASSERT_FALSE(money_add_fits((Money){ INT64_MAX }, (Money){ 1 }, &m));
    CU_ASSERT_FALSE(money_add_fits((Money){ -INT64_MAX }, (Money){ -1 }, &m));
    int64_t sum = 0;
    for (int i = 0; i < 7; i++) sum += money_share((Money){ -100 }, i, 7).minor;
    SAME_INT(sum, -100);
    SAME_INT(money_share((Money){ 100 }, 0, 3).minor, 34);
    SAME_INT(money_share((Money){ 100 }, 2, 3).minor, 33);
}

static void knows_currencies(void) {
    SAME_INT(currency_exponent("USD"), 2);
    SAME_INT(currency_exponent("JPY"), 0);
    SAME_INT(currency_exponent("KWD"), 3);
    SAME_INT(currency_exponent("XPF"), 0);
    static const char *const bad[] = { "usd", "US", "USDX", "", "U D", "CLF", "UYW", "PY ", NULL };
    for (int i = 0; bad[i]; i++) SAME_INT(currency_exponent(bad[i]), -1);
    SAME_INT(currency_exponent(NULL), -1);
}

typedef struct { const char *s; const NumberFormat *f; NumberProblem problem; int64_t minor; } ParseCase;

static void parses_money(void) {
    static const ParseCase cases[] = {
        { "1234.50", &us, NUMBER_OK, 123450 },     { "1,234.50", &us, NUMBER_OK, 123450 },   { "0", &us, NUMBER_OK, 0 },
        { "0.5", &us, NUMBER_OK, 50 },             { "-12", &us, NUMBER_OK, -1200 },
        { "\u221212.05", &us, NUMBER_OK, -1205 },
        { "1,234,567", &us, NUMBER_OK, 123456700 },{ "007", &us, NUMBER_OK, 700 },
        { "99999999999.99", &us, NUMBER_OK, 9999999999999 },
        { "1.234,50", &german, NUMBER_OK, 123450 },{ "1 234,50", &french, NUMBER_OK, 123450 },
        { "1\u00a0234,50", &french, NUMBER_OK, 123450 }, { "1\u202f234,50", &french, NUMBER_OK, 123450 },
        { "1,12,604.00", &indian, NUMBER_OK, 11260400 }, { "112604", &indian, NUMBER_OK, 11260400 },
        { "", &us, NUMBER_EMPTY, 0 },              { NULL, &us, NUMBER_EMPTY, 0 },
        { "1.505", &us, NUMBER_PLACES, 0 },        { "1.500", &us, NUMBER_PLACES, 0 },
        { "100000000000", &us, NUMBER_TOO_LARGE, 0 },
        { "99999999999999999999999999", &us, NUMBER_TOO_LARGE, 0 },
    };
    static const char *const malformed[] = { "1e3", "1E3", "NaN", "nan", "inf", "Infinity", "0x10", "+5", "--5", "-",
                                             "5-", " 5", "5 ",
        "\t5", "5\n", ".5", "5.", ".", "1.2.3", "1,23", "1,2345", "12,34.5", ",123", "1,,234", "1,234,", "1234,567",
            "$5", "5 USD",
        "٣", "５", "1_000", "1'000", "1 234.50", "- 5", "(5)", "5%", "1,234.5,0", "\u22125\u2212", "1/2", "5;", "5\x01",
            "1,12,604.00",
        "true", "null", "''", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Money m = { 0 };
        SAME_INT(money_parse(cases[i].s, *cases[i].f, 2, true, &m), cases[i].problem);
        SAME_INT(m.minor, cases[i].minor);
    }
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        Money m = { 42 };
        NumberProblem p = money_parse(malformed[i], us, 2, true, &m);
        if (p != NUMBER_MALFORMED) fprintf(stderr, "\naccepted or misnamed: \"%s\" %d", malformed[i], p);
        SAME_INT(p, NUMBER_MALFORMED);
        SAME_INT(m.minor, 42);
    }
    Money m;
    SAME_INT(money_parse("-5", us, 2, false, &m), NUMBER_NEGATIVE);
    SAME_INT(money_parse("-0.00", us, 2, false, &m), NUMBER_NEGATIVE);
    SAME_INT(money_parse("1.234,5", indian, 2, false, &m), NUMBER_MALFORMED);
    SAME_INT(money_parse("123,456.00", indian, 2, false, &m), NUMBER_MALFORMED);
    SAME_INT(money_parse("5.5", us, 0, false, &m), NUMBER_PLACES);
    SAME_INT(money_parse("5.123", us, 3, false, &m), NUMBER_OK);
    SAME_INT(m.minor, 5123);
}

static void parses_others(void) {
    Quantity q;
    Reading r;
    Price p;
    int64_t n;
    SAME_INT(quantity_parse("12.000001", us, false, &q), NUMBER_OK);
    SAME_INT(q.micro, 12000001);
    SAME_INT(quantity_parse("12.0000001", us, false, &q), NUMBER_PLACES);
    SAME_INT(quantity_parse("1000000000", us, false, &q), NUMBER_TOO_LARGE);
    SAME_INT(price_parse("0.000125", us, false, &p), NUMBER_OK);
    SAME_INT(p.micro, 125);
    SAME_INT(reading_parse("00048127.5", us, &r), NUMBER_OK);
    SAME_INT(r.e3, 48127500);
    SAME_INT(reading_parse("-1", us, &r), NUMBER_NEGATIVE);
    SAME_INT(percent_parse("8.25", us, false, &n), NUMBER_OK);
    SAME_INT(n, 82500);
    SAME_INT(count_parse("214", 1000, &n), NUMBER_OK);
    SAME_INT(n, 214);
    SAME_INT(count_parse("1001", 1000, &n), NUMBER_TOO_LARGE);
    SAME_INT(count_parse("9999999999999999999", INT64_MAX, &n), NUMBER_TOO_LARGE);
    SAME_INT(count_parse("1.0", 1000, &n), NUMBER_MALFORMED);
    SAME_INT(count_parse("-1", 1000, &n), NUMBER_NEGATIVE);
    SAME_INT(count_parse("1,000", 10000, &n), NUMBER_MALFORMED);
}

static void writes(void) {
    SAME_TEXT(money_decimal(&mem, (Money){ 123450 }, 2), "1234.50");
    SAME_TEXT(money_decimal(&mem, (Money){ -5 }, 2), "-0.05");
    SAME_TEXT(money_decimal(&mem, (Money){ 0 }, 3), "0.000");
    SAME_TEXT(money_decimal(&mem, (Money){ 188 }, 0), "188");
    SAME_TEXT(money_decimal(&mem, (Money){ INT64_MIN }, 2), "-92233720368547758.08");
    SAME_TEXT(quantity_decimal(&mem, (Quantity){ 12500000 }), "12.5");
    SAME_TEXT(quantity_decimal(&mem, quantity_of(12)), "12");
    SAME_TEXT(percent_decimal(&mem, 82500), "8.25");
    SAME_TEXT(reading_decimal(&mem, (Reading){ 10 }), "0.01");
    SAME_TEXT(number_text(&mem, 284750, us, (NumberStyle){ 2, 2, NULL }), "2,847.50");
    SAME_TEXT(number_text(&mem, 11260400, indian, (NumberStyle){ 2, 2, NULL }), "1,12,604.00");
    SAME_TEXT(number_text(&mem, 123456789, indian, (NumberStyle){ 0, 0, NULL }), "12,34,56,789");
    SAME_TEXT(number_text(&mem, -123456789, french, (NumberStyle){ 2, 2, "\u2212" }), "\u22121\u00a0234\u00a0567,89");
    SAME_TEXT(number_text(&mem, 100000, german, (NumberStyle){ 2, 0, NULL }), "1.000");
    SAME_TEXT(number_text(&mem, 999, us, (NumberStyle){ 0, 0, NULL }), "999");
}

static void reads_what_it_writes(void) {
    const NumberFormat all[] = { us, german, french, indian };
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        Money m = { (int64_t)((seed >> 11) % 20000000000000) - 10000000000000 + 1 }, back = { 0 };
        if (m.minor > 9999999999999) continue;
        NumberFormat f = all[i % 4];
        ArenaMark here = mark(&mem);
        CU_ASSERT_EQUAL_FATAL(money_parse(number_text(&mem, m.minor, f, (NumberStyle){ 2, 2, "\u2212" }), f, 2, true,
                                          &back), NUMBER_OK);
        CU_ASSERT_EQUAL_FATAL(back.minor, m.minor);
        rewind_to(&mem, here);
    }
}

int main(void) {
    int status = suite_run("money", (SuiteTest[]){
        { "rounds", rounds }, { "multiplies", multiplies }, { "adds and shares", adds },
        { "knows currencies", knows_currencies },
        { "parses money strictly", parses_money }, { "parses quantities, prices, readings, percent, counts",
                                                     parses_others },
        { "writes", writes }, { "reads what it writes", reads_what_it_writes }, { 0 } });
    arena_end(&mem);
    return status;
}
