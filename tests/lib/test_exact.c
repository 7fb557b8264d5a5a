/* lib/exact: fractions against those of any size (exact.case), 256-bit paths included; texts. */
#include "lib/exact.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;

/* A whole number of up to 127 bits; *s moves behind it. */
static Wide wide_read(const char **s) {
    bool negative = **s == '-';
    *s += negative;
    unsigned __int128 value = 0;
    for (; **s >= '0' && **s <= '9'; (*s)++) value = value * 10 + (unsigned)(**s - '0');
    return negative ? -(Wide)value : (Wide)value;
}

static Exact fraction(const char *s) {
    Wide num = wide_read(&s), den = *s++ == '/' ? wide_read(&s) : 0;
    return (Exact){ num, den };
}

static const char *shown(Exact x) {
    return exact_held(x) ? text(&mem, "%s/%s", wide_text(&mem, x.num, 0), wide_text(&mem, x.den, 0)) : "not held";
}

static const char *computed(const char *op, Exact a, const char *second) {
    Exact b = fraction(second);
    if (!strcmp(op, "add")) return shown(exact_add(a, b));
    if (!strcmp(op, "sub")) return shown(exact_sub(a, b));
    if (!strcmp(op, "mul")) return shown(exact_mul(a, b));
    if (!strcmp(op, "div")) return shown(exact_div(a, b));
    if (!strcmp(op, "min")) return shown(exact_min(a, b));
    if (!strcmp(op, "max")) return shown(exact_max(a, b));
    if (!strcmp(op, "ceil")) return shown(exact_ceil(a));
    if (!strcmp(op, "compare")) return shown(exact_whole(exact_compare(a, b)));
    Wide value;
    bool fits = exact_round(a, atoi(second), strstr(second, "even") ? ROUND_HALF_EVEN : ROUND_HALF_UP, &value);
    return fits ? wide_text(&mem, value, 0) : "not held";
}

static void case_table(void) {
    Cases c = { .in = source_open("tests/lib/exact.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(c.in);
    int n = 0;
    for (; cases_next(&c); n++) {
        const char *got = computed(c.fields[0], fraction(c.fields[1]), c.fields[2]);
        if (strcmp(got, c.fields[3])) fprintf(stderr, "\nexact.case:%d", c.line);
        SAME_TEXT(got, c.fields[3]);
        arena_reset(&mem);
    }
    CU_ASSERT(n > 400);
    fclose(c.in);
}

/* What is not held stays so. */
static void spreads(void) {
    Exact x = exact_div(EXACT_ONE, EXACT_ZERO), one = EXACT_ONE;
    Exact results[] = { exact_add(x, one), exact_add(one, x), exact_sub(x, one), exact_mul(x, one), exact_mul(one, x),
                        exact_mul(x, EXACT_ZERO),
                        exact_div(x, one), exact_div(one, x), exact_min(x, one), exact_min(one, x), exact_max(x, one),
                            exact_max(one, x),
                        exact_ceil(x), exact_neg(x), exact_rounded(x, 2), exact_ratio(1, 0) };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) CU_ASSERT_FALSE(exact_held(results[i]));
    Wide value;
    Quantity q;
    CU_ASSERT_FALSE(exact_round(x, 2, ROUND_HALF_UP, &value));
    CU_ASSERT_FALSE(exact_to_quantity(x, &q));
    CU_ASSERT_FALSE(exact_is_zero(x));
    SAME_INT(exact_compare(x, one), 0);
    SAME_TEXT(exact_text(&mem, x, 0, 6), "?");
    SAME_TEXT(exact_decimal(&mem, x, 6), "?");
    Exact huge = { (Wide)1 << 126, 1 };
    CU_ASSERT_FALSE(exact_to_quantity(huge, &q));
    CU_ASSERT_FALSE(exact_to_quantity(exact_whole(INT64_MAX), &q));
    SAME_TEXT(exact_text(&mem, huge, 0, 6), "?");
    SAME_TEXT(exact_decimal(&mem, huge, 6), "?");
    CU_ASSERT_FALSE(exact_held(exact_rounded(huge, 6)));
}

static void makes(void) {
    SAME_TEXT(shown(exact_ratio(6, -4)), "-3/2");
    SAME_TEXT(shown(exact_ratio(-6, -4)), "3/2");
    SAME_TEXT(shown(exact_ratio(0, 9)), "0/1");
    SAME_TEXT(shown(exact_ratio(-((Wide)1 << 126) * 2, 2)), "-85070591730234615865843651857942052864/1");
    SAME_TEXT(shown(exact_micro(-1500000)), "-3/2");
    SAME_TEXT(shown(exact_minor((Money){ 1925 }, 3)), "77/40");
    SAME_TEXT(shown(exact_rounded(exact_ratio(-1, 8), 2)), "-13/100");
    Quantity q = { 0 };
    CU_ASSERT(exact_to_quantity(exact_ratio(2, 3), &q));
    SAME_INT(q.micro, 666667);
}

static void shows(void) {
    static const struct { Wide num, den; int least, places; const char *text, *decimal; } cases[] = {
        { 54, 5, 0, 6, "10.8", "10.8" },            { 12, 1, 0, 6, "12", "12" },
            { 12, 1, 2, 6, "12.00", "12" },
        { 9, 2, 2, 6, "4.50", "4.5" },              { -2, 3, 0, 6, "-0.666666...", "-0.666667" },
            { 1, 3, 2, 2, "0.33...", "0.33" },
        { 0, 1, 2, 6, "0.00", "0" },                { 1, 10000000, 0, 6, "0.000000...", "0" },
            { -1, 10000000, 0, 6, "0.000000...", "0" },
        { 5, 2, 0, 0, "2...", "3" },                { 7, 1, 0, 0, "7", "7" },
            { 1234567, 1, 0, 6, "1234567", "1234567" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Exact x = exact_ratio(cases[i].num, cases[i].den);
        SAME_TEXT(exact_text(&mem, x, cases[i].least, cases[i].places), cases[i].text);
        SAME_TEXT(exact_decimal(&mem, x, cases[i].places), cases[i].decimal);
    }
    SAME_TEXT(wide_text(&mem, -5, 2), "-0.05");
    SAME_TEXT(wide_text(&mem, 0, 3), "0.000");
    SAME_TEXT(wide_text(&mem, -12345, 0), "-12345");
    SAME_TEXT(wide_text(&mem, (Wide)1 << 126, 2), "850705917302346158658436518579420528.64");
    arena_reset(&mem);
}

int main(void) {
    int failed = suite_run("exact", (SuiteTest[]){
        { "agrees with fractions of any size", case_table },
        { "what is not held spreads", spreads },
        { "makes fractions in lowest terms", makes },
        { "shows decimals", shows },
        { 0 } });
    arena_end(&mem);
    return failed;
}
