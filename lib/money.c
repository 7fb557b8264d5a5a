/*
 * Exact numbers: see money.h. Everything is a 64-bit integer of a named unit; products and quotients go through 128
 * bits and are rounded once.
 */
#include "lib/money.h"

#include <assert.h>
#include <string.h>

enum { MONEY_DIGITS = 11, QUANTITY_DIGITS = 9, PRICE_DIGITS = 9, READING_DIGITS = 12, PERCENT_DIGITS = 6 };

Wide wide_divide(Wide numerator, Wide denominator, Rounding rounding) {
    assert(denominator > 0);
    Wide quotient = numerator / denominator, rest = numerator % denominator;
    if (rest < 0) rest = -rest;
    Wide missing = denominator - rest;                  /* rest against half, without doubling */
    bool away = rest > missing || (rest == missing && (rounding == ROUND_HALF_UP || quotient % 2 != 0));
    if (!away) return quotient;
    return numerator < 0 ? quotient - 1 : quotient + 1;
}

bool wide_fits(Wide value, int64_t *to) {
    if (value > INT64_MAX || value < -INT64_MAX) return false;
    *to = (int64_t)value;
    return true;
}

static int64_t narrow(Wide value) {
    int64_t n = 0;
    bool fits = wide_fits(value, &n);
    assert(fits && "a number beyond 64 bits");
    return n;
}

int64_t power_of_ten(int places) {
    assert(places >= 0 && places <= 18);
    int64_t n = 1;
    while (places-- > 0) n *= 10;
    return n;
}

/* ISO 4217; all others have two digits. To add one: three letters and a space in the right list. */
static const char NO_DIGITS[]    = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ";
static const char THREE_DIGITS[] = "BHD IQD JOD KWD LYD OMR TND ";
static const char REFUSED[]      = "CLF UYW ";          /* four digits: units of account, never paid in */

int currency_exponent(const char *currency) {
    if (!currency || strlen(currency) != 3) return -1;
    for (int i = 0; i < 3; i++)
        if (currency[i] < 'A' || currency[i] > 'Z') return -1;
    if (strstr(REFUSED, currency)) return -1;
    if (strstr(NO_DIGITS, currency)) return 0;
    return strstr(THREE_DIGITS, currency) ? 3 : 2;
}

Money money_add(Money a, Money b) { return (Money){ narrow((Wide)a.minor + b.minor) }; }
Money money_sub(Money a, Money b) { return (Money){ narrow((Wide)a.minor - b.minor) }; }
Money money_neg(Money a)          { return (Money){ narrow(-(Wide)a.minor) }; }
Money money_abs(Money a)          { return a.minor < 0 ? money_neg(a) : a; }

Money money_sum(const Money *v, size_t n) {
    Wide sum = 0;
    for (size_t i = 0; i < n; i++) sum += v[i].minor;
    return (Money){ narrow(sum) };
}

bool money_add_fits(Money a, Money b, Money *to) {
    return wide_fits((Wide)a.minor + b.minor, &to->minor);
}

int money_compare(Money a, Money b) {
    return (a.minor > b.minor) - (a.minor < b.minor);
}

Money money_ratio(Money amount, int64_t numerator, int64_t denominator, Rounding rounding) {
    return (Money){ narrow(wide_divide((Wide)amount.minor * numerator, denominator, rounding)) };
}

Money money_ppm(Money amount, int64_t ppm, Rounding rounding) {
    return money_ratio(amount, ppm, 1000000, rounding);
}

Money money_share(Money total, int i, int n) {
    assert(n > 0 && i >= 0 && i < n);
    int64_t share = total.minor / n, odd = total.minor % n;
    if (odd > 0 && i < odd) share++;
    if (odd < 0 && i < -odd) share--;
    return (Money){ share };
}

bool price_times_fits(Price price, Quantity quantity, int exponent, Rounding rounding, Money *to) {
    return wide_fits(wide_divide((Wide)price.micro * quantity.micro, power_of_ten(12 - exponent), rounding),
                     &to->minor);
}

Money price_times(Price price, Quantity quantity, int exponent, Rounding rounding) {
    Money m = { 0 };
    bool fits = price_times_fits(price, quantity, exponent, rounding, &m);
    assert(fits && "price times quantity beyond 64 bits");
    return m;
}

Quantity quantity_add(Quantity a, Quantity b) { return (Quantity){ narrow((Wide)a.micro + b.micro) }; }
Quantity quantity_sub(Quantity a, Quantity b) { return (Quantity){ narrow((Wide)a.micro - b.micro) }; }
Quantity quantity_of(int64_t whole)           { return (Quantity){ narrow((Wide)whole * 1000000) }; }
Quantity quantity_of_reading(Reading r)       { return (Quantity){ narrow((Wide)r.e3 * 1000) }; }
Reading  reading_sub(Reading a, Reading b)    { return (Reading){ narrow((Wide)a.e3 - b.e3) }; }
Reading  reading_add(Reading a, Reading b)    { return (Reading){ narrow((Wide)a.e3 + b.e3) }; }

/* To add one: the text as the setting stores it. */
static const struct { const char *name; NumberFormat format; } formats[] = {
    { "1,234.56",    { .decimal = '.', .group = ',' } },
    { "1.234,56",    { .decimal = ',', .group = '.' } },
    { "1 234,56",    { .decimal = ',', .group = ' ' } },
    { "1,23,456.78", { .decimal = '.', .group = ',', .indian = true } },
};

bool number_format_find(const char *name, NumberFormat *to) {
    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(formats[i].name, name)) return *to = formats[i].format, true;
    return false;
}

/* Bytes of the group separator at s: 0 when there is none. A space is a space, U+00A0 or U+202F. */
static size_t group_length(const char *s, NumberFormat f) {
    if (!f.group) return 0;
    if (*s == f.group) return 1;
    if (f.group != ' ') return 0;
    if (!strncmp(s, "\u00a0", 2)) return 2;
    return !strncmp(s, "\u202f", 3) ? 3 : 0;
}

/* May the digits group here? `sizes` are the lengths of the groups from the left, `n` of them, all closed. */
static bool groups_are_right(const int *sizes, int n, bool indian) {
    if (n == 1) return true;
    int inner = indian ? 2 : 3;
    if (sizes[0] < 1 || sizes[0] > inner || sizes[n - 1] != 3) return false;
    for (int i = 1; i < n - 1; i++)
        if (sizes[i] != inner) return false;
    return true;
}

/* The whole part: digits with groups or without. Answers the place after it, or NULL. */
static const char *parse_whole(const char *s, NumberFormat f, int64_t *value, int *digits) {
    int sizes[20] = { 0 }, n = 1;
    for (;;) {
        if (*s >= '0' && *s <= '9') {
            if (++*digits <= 18) *value = *value * 10 + (*s - '0');
            sizes[n - 1]++, s++;
            continue;
        }
        size_t group = group_length(s, f);
        if (!group) break;
        if (n == sizeof sizes / sizeof *sizes) return NULL;
        n++, s += group;
    }
    return *digits > 0 && groups_are_right(sizes, n, f.indian) ? s : NULL;
}

static const char *skip_minus(const char *s) {
    if (*s == '-') return s + 1;
    return !strncmp(s, "\u2212", 3) ? s + 3 : s;
}

NumberProblem number_parse(const char *s, NumberFormat f, NumberRule rule, int64_t *to) {
    assert(rule.places >= 0 && rule.digits_max > 0 && rule.places + rule.digits_max <= 18);
    if (!s || !*s) return NUMBER_EMPTY;
    const char *start = skip_minus(s);
    int64_t value = 0;
    int digits = 0, places = 0;
    const char *p = parse_whole(start, f, &value, &digits);
    if (!p) return NUMBER_MALFORMED;
    const char *fraction = NULL;
    if (*p == f.decimal) {
        fraction = ++p;
        while (*p >= '0' && *p <= '9') p++, places++;
        if (!places) return NUMBER_MALFORMED;
    }
    if (*p) return NUMBER_MALFORMED;
    if (places > rule.places) return NUMBER_PLACES;
    if (digits > rule.digits_max) return NUMBER_TOO_LARGE;
    if (start != s && !rule.negative) return NUMBER_NEGATIVE;
    for (int i = 0; i < rule.places; i++) value = value * 10 + (i < places ? fraction[i] - '0' : 0);
    *to = start != s ? -value : value;
    return NUMBER_OK;
}

NumberProblem money_parse(const char *s, NumberFormat f, int exponent, bool negative, Money *to) {
    return number_parse(s, f, (NumberRule){ exponent, MONEY_DIGITS, negative }, &to->minor);
}

NumberProblem quantity_parse(const char *s, NumberFormat f, bool negative, Quantity *to) {
    return number_parse(s, f, (NumberRule){ 6, QUANTITY_DIGITS, negative }, &to->micro);
}

NumberProblem price_parse(const char *s, NumberFormat f, bool negative, Price *to) {
    return number_parse(s, f, (NumberRule){ 6, PRICE_DIGITS, negative }, &to->micro);
}

NumberProblem reading_parse(const char *s, NumberFormat f, Reading *to) {
    return number_parse(s, f, (NumberRule){ 3, READING_DIGITS, false }, &to->e3);
}

NumberProblem percent_parse(const char *s, NumberFormat f, bool negative, int64_t *ppm) {
    return number_parse(s, f, (NumberRule){ 4, PERCENT_DIGITS, negative }, ppm);
}

NumberProblem count_parse(const char *s, int64_t max, int64_t *to) {
    int64_t n = 0;
    NumberProblem problem = number_parse(s, NUMBER_PLAIN, (NumberRule){ 0, 18, false }, &n);
    if (problem == NUMBER_PLACES) return NUMBER_MALFORMED;
    if (problem) return problem;
    if (n > max) return NUMBER_TOO_LARGE;
    *to = n;
    return NUMBER_OK;
}

/* Written from the right into `end`, which has room before it; the start is answered. */
static char *write_digits(char *end, uint64_t value, NumberFormat f, int places, int places_min) {
    bool skipping = true;
    char *p = end;
    for (int i = places; i > 0; i--, value /= 10) {
        char digit = (char)('0' + value % 10);
        if (skipping && digit == '0' && i > places_min) continue;
        skipping = false;
        *--p = digit;
    }
    if (p != end) *--p = f.decimal;
    int in_group = 0, group = 3;
    do {
        if (f.group && in_group == group) {
            if (f.group == ' ') *--p = '\xa0', *--p = '\xc2';
            else *--p = f.group;
            in_group = 0;
            group = f.indian ? 2 : 3;
        }
        *--p = (char)('0' + value % 10);
        in_group++, value /= 10;
    } while (value);
    return p;
}

char *number_text(Arena *a, int64_t value, NumberFormat f, NumberStyle style) {
    assert(style.places >= 0 && style.places <= 18 && style.places_min <= style.places);
    char room[80];
    char *end = room + sizeof room;
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char *p = write_digits(end, size, f, style.places, style.places_min);
    size_t n = (size_t)(end - p);
    if (value >= 0) return arena_copy_n(a, p, n);
    const char *minus = style.minus ? style.minus : "-";
    size_t m = strlen(minus);
    char *s = arena_take(a, m + n + 1);
    memcpy(s, minus, m);
    memcpy(s + m, p, n);
    return s;
}

char *money_decimal(Arena *a, Money m, int exponent) {
    return number_text(a, m.minor, NUMBER_PLAIN, (NumberStyle){ exponent, exponent, NULL });
}

char *quantity_decimal(Arena *a, Quantity q) {
    return number_text(a, q.micro, NUMBER_PLAIN, (NumberStyle){ 6, 0, NULL });
}
char *price_decimal(Arena *a, Price p)       { return number_text(a, p.micro, NUMBER_PLAIN,
    (NumberStyle){ 6, 0, NULL }); }
char *reading_decimal(Arena *a, Reading r)   { return number_text(a, r.e3, NUMBER_PLAIN, (NumberStyle){ 3, 0, NULL }); }
char *percent_decimal(Arena *a, int64_t ppm) { return number_text(a, ppm, NUMBER_PLAIN, (NumberStyle){ 4, 0, NULL }); }
