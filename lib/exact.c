/*
 * Exact fractions: see exact.h.
 *
 * Common factors are taken out before a product is made, so a product overflows only when its lowest terms do. Sums and
 * comparisons go through 256 bits when 128 are not enough, so they too fail only when the result itself does not fit.
 */
#include "lib/exact.h"

#include <string.h>

typedef unsigned __int128 Bits;
typedef struct { Bits high, low; } Bits256;

#define WIDE_MAX ((Wide)(~(Bits)0 >> 1))
static const Exact NOT_HELD = { 0, 0 };

static Bits magnitude(Wide v) {
    return v < 0 ? -(Bits)v : (Bits)v;
}

static int zeros_at_end(Bits v) {               /* v is not 0 */
    uint64_t low = (uint64_t)v;
    return low ? __builtin_ctzll(low) : 64 + __builtin_ctzll((uint64_t)(v >> 64));
}

static uint64_t gcd64(uint64_t a, uint64_t b) {
    while (b) { uint64_t r = a % b; a = b; b = r; }
    return a;
}

/* The greatest common divisor; gcd(0, b) = b. */
static Bits gcd(Bits a, Bits b) {
    if (!a) return b;
    if (!b) return a;
    int shift = zeros_at_end(a | b);
    a >>= zeros_at_end(a);
    b >>= zeros_at_end(b);
    while ((a | b) >> 64) {
        if (a == b) return a << shift;
        if (a > b) { a -= b; a >>= zeros_at_end(a); }
        else       { b -= a; b >>= zeros_at_end(b); }
    }
    return (Bits)gcd64((uint64_t)a, (uint64_t)b) << shift;
}

static Bits256 multiply(Bits a, Bits b) {
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    Bits low = (Bits)a0 * b0, cross1 = (Bits)a1 * b0, cross2 = (Bits)a0 * b1, high = (Bits)a1 * b1;
    Bits middle = (low >> 64) + (uint64_t)cross1 + (uint64_t)cross2;
    return (Bits256){ high + (cross1 >> 64) + (cross2 >> 64) + (middle >> 64), middle << 64 | (uint64_t)low };
}

static int compare256(Bits256 a, Bits256 b) {
    if (a.high != b.high) return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

static Bits256 add256(Bits256 a, Bits256 b) {   /* both below 2^255 */
    Bits low = a.low + b.low;
    return (Bits256){ a.high + b.high + (low < a.low), low };
}

static Bits256 sub256(Bits256 a, Bits256 b) {   /* a is not below b */
    return (Bits256){ a.high - b.high - (a.low < b.low), a.low - b.low };
}

/* Quotient by schoolbook shifting, the remainder in *rest. b is not 0 and below 2^127. */
static Bits256 divide256(Bits256 a, Bits b, Bits *rest) {
    if (!a.high) {
        *rest = a.low % b;
        return (Bits256){ 0, a.low / b };
    }
    Bits256 q = { 0, 0 };
    Bits r = 0;
    for (int i = 255; i >= 0; i--) {
        Bits bit = (i >= 128 ? a.high >> (i - 128) : a.low >> i) & 1;
        r = r << 1 | bit;
        q.high = q.high << 1 | q.low >> 127;
        q.low <<= 1;
        if (r >= b) { r -= b; q.low |= 1; }
    }
    *rest = r;
    return q;
}

Exact exact_ratio(Wide num, Wide den) {
    if (!den) return NOT_HELD;
    bool negative = (num < 0) != (den < 0);
    Bits n = magnitude(num), d = magnitude(den), g = gcd(n, d);
    n /= g;
    d /= g;
    if (n > (Bits)WIDE_MAX || d > (Bits)WIDE_MAX) return NOT_HELD;
    return (Exact){ negative ? -(Wide)n : (Wide)n, (Wide)d };
}

Exact exact_whole(int64_t n)     { return (Exact){ n, 1 }; }
Exact exact_micro(int64_t micro) { return exact_ratio(micro, 1000000); }

Exact exact_minor(Money amount, int exponent) {
    return exact_ratio(amount.minor, power_of_ten(exponent));
}

Exact exact_neg(Exact a) {
    return (Exact){ -a.num, a.den };
}

/* a.num/a.den + b.num/b.den = (a.num * b.den/g + b.num * a.den/g) / (a.den * b.den/g), and only g can still be common.
 */
static Exact add_wide(Exact a, Exact b, Bits g) {
    Bits bd = (Bits)b.den / g, ad = (Bits)a.den / g;
    Bits256 left = multiply(magnitude(a.num), bd), right = multiply(magnitude(b.num), ad), sum;
    bool negative = a.num < 0;
    if ((a.num < 0) == (b.num < 0)) sum = add256(left, right);
    else if (compare256(left, right) >= 0) sum = sub256(left, right);
    else { sum = sub256(right, left); negative = b.num < 0; }
    Bits rest;
    divide256(sum, g, &rest);
    Bits common = gcd(rest, g);
    sum = divide256(sum, common, &rest);
    Bits256 den = multiply((Bits)a.den / common, bd);
    if (sum.high || sum.low > (Bits)WIDE_MAX || den.high || den.low > (Bits)WIDE_MAX) return NOT_HELD;
    return (Exact){ negative ? -(Wide)sum.low : (Wide)sum.low, (Wide)den.low };
}

Exact exact_add(Exact a, Exact b) {
    if (!a.den || !b.den) return NOT_HELD;
    if (!a.num) return b;
    if (!b.num) return a;
    Bits g = gcd((Bits)a.den, (Bits)b.den);
    Wide bd = b.den / (Wide)g, ad = a.den / (Wide)g, left, right, sum, den;
    if (__builtin_mul_overflow(a.num, bd, &left) || __builtin_mul_overflow(b.num, ad, &right) ||
        __builtin_add_overflow(left, right, &sum) || sum < -WIDE_MAX) return add_wide(a, b, g);
    Bits common = gcd(magnitude(sum), g);
    if (common > 1) sum /= (Wide)common;
    if (__builtin_mul_overflow(a.den / (Wide)common, bd, &den)) return NOT_HELD;
    return (Exact){ sum, den };
}

Exact exact_sub(Exact a, Exact b) {
    return exact_add(a, exact_neg(b));
}

Exact exact_mul(Exact a, Exact b) {
    if (!a.den || !b.den) return NOT_HELD;
    if (!a.num || !b.num) return EXACT_ZERO;
    Wide g1 = (Wide)gcd(magnitude(a.num), (Bits)b.den), g2 = (Wide)gcd(magnitude(b.num), (Bits)a.den), num, den;
    if (__builtin_mul_overflow(a.num / g1, b.num / g2, &num) || num < -WIDE_MAX ||
        __builtin_mul_overflow(a.den / g2, b.den / g1, &den)) return NOT_HELD;
    return (Exact){ num, den };
}

Exact exact_div(Exact a, Exact b) {
    if (!b.den || !b.num) return NOT_HELD;
    return exact_mul(a, b.num < 0 ? (Exact){ -b.den, -b.num } : (Exact){ b.den, b.num });
}

int exact_compare(Exact a, Exact b) {
    if (!a.den || !b.den) return 0;
    int sa = (a.num > 0) - (a.num < 0), sb = (b.num > 0) - (b.num < 0);
    if (sa != sb) return sa < sb ? -1 : 1;
    if (a.den == b.den) return (a.num > b.num) - (a.num < b.num);
    return sa * compare256(multiply(magnitude(a.num), (Bits)b.den), multiply(magnitude(b.num), (Bits)a.den));
}

Exact exact_min(Exact a, Exact b) {
    if (!a.den || !b.den) return NOT_HELD;
    return exact_compare(a, b) <= 0 ? a : b;
}

Exact exact_max(Exact a, Exact b) {
    if (!a.den || !b.den) return NOT_HELD;
    return exact_compare(a, b) >= 0 ? a : b;
}

Exact exact_ceil(Exact a) {
    if (!a.den) return NOT_HELD;
    Wide whole = a.num / a.den;
    if (a.num % a.den > 0) whole++;
    return (Exact){ whole, 1 };
}

bool exact_round(Exact x, int places, Rounding rounding, Wide *to) {
    if (!x.den) return false;
    Bits256 scaled = multiply(magnitude(x.num), (Bits)power_of_ten(places));
    Bits rest;
    Bits256 q = divide256(scaled, (Bits)x.den, &rest);
    if (q.high || q.low >= (Bits)WIDE_MAX) return false;
    Bits other = (Bits)x.den - rest;            /* the distance to the next one: no doubling, so no overflow */
    bool up = rest > other || (rest == other && (rounding == ROUND_HALF_UP || (q.low & 1)));
    Wide value = (Wide)q.low + up;
    *to = x.num < 0 ? -value : value;
    return true;
}

Exact exact_rounded(Exact x, int places) {
    Wide value;
    return exact_round(x, places, ROUND_HALF_UP, &value) ? exact_ratio(value, power_of_ten(places)) : NOT_HELD;
}

bool exact_to_quantity(Exact x, Quantity *to) {
    Wide value;
    return exact_round(x, 6, ROUND_HALF_UP, &value) && wide_fits(value, &to->micro);
}

char *wide_text(Arena *a, Wide value, int places) {
    char digits[64];
    int at = (int)sizeof digits;
    digits[--at] = 0;
    Bits v = magnitude(value);
    for (int i = 0; v || i <= places; i++) {
        if (i == places && places) digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(v % 10));
        v /= 10;
    }
    if (value < 0) digits[--at] = '-';
    return text_copy_n(a, digits + at, sizeof digits - 1 - (size_t)at);
}

static char *without_zeros(char *s, int places_min) {
    char *point = strchr(s, '.');
    if (!point) return s;
    char *end = s + strlen(s);
    while (end - point - 1 > places_min && end[-1] == '0') end--;
    if (end - point == 1) end--;
    *end = 0;
    return s;
}

char *exact_text(Arena *a, Exact x, int places_min, int places) {
    if (!x.den) return text_copy(a, "?");
    Bits rest;
    Bits256 q = divide256(multiply(magnitude(x.num), (Bits)power_of_ten(places)), (Bits)x.den, &rest);
    if (q.high || q.low > (Bits)WIDE_MAX) return text_copy(a, "?");
    char *s = wide_text(a, x.num < 0 ? -(Wide)q.low : (Wide)q.low, places);
    return rest ? text(a, "%s...", s) : without_zeros(s, places_min);
}

char *exact_decimal(Arena *a, Exact x, int places) {
    Wide value;
    if (!exact_round(x, places, ROUND_HALF_UP, &value)) return text_copy(a, "?");
    return without_zeros(wide_text(a, value, places), 0);
}
