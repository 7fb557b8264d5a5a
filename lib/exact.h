/*
 * Exact fractions: what a bill's line is computed in before it is rounded once (the billing engine, I4).
 *
 * A value is numerator / denominator in 128-bit integers, always in lowest terms. A value that needs more than that is
 * not approximated: it becomes "not held", which spreads through every later step, so that the caller asks once at the
 * end (exact_held) and refuses ("too precise"). Nothing here fails, allocates (but the texts) or uses floating point.
 */
#ifndef LIB_EXACT_H
#define LIB_EXACT_H

#include "lib/arena.h"
#include "lib/money.h"
#include "lib/types.h"

typedef struct { Wide num, den; } Exact;        /* den > 0 and gcd(num, den) = 1; den 0: not held */

#define EXACT_ZERO ((Exact){ 0, 1 })
#define EXACT_ONE  ((Exact){ 1, 1 })

static inline bool exact_held(Exact x) { return x.den != 0; }

Exact exact_whole(int64_t n);
Exact exact_ratio(Wide num, Wide den);          /* any signs; den 0 is not held */
Exact exact_micro(int64_t micro);               /* millionths: quantities, prices, rates */
Exact exact_minor(Money amount, int exponent);  /* an amount in major units */

Exact exact_add(Exact a, Exact b);
Exact exact_sub(Exact a, Exact b);
Exact exact_mul(Exact a, Exact b);
Exact exact_div(Exact a, Exact b);              /* by zero: not held */
Exact exact_neg(Exact a);
Exact exact_min(Exact a, Exact b);              /* not held when either is not */
Exact exact_max(Exact a, Exact b);
Exact exact_ceil(Exact a);                      /* the next whole number that is not below */
int   exact_compare(Exact a, Exact b);          /* -1, 0, 1: always right for held values; 0 when either is not held */
static inline bool exact_is_zero(Exact a)     { return a.num == 0 && a.den != 0; }
static inline bool exact_is_negative(Exact a) { return a.num < 0; }

/* x times 10^places (0 to 9), rounded to a whole number. False when x is not held or the result does not fit. */
bool  exact_round(Exact x, int places, Rounding rounding, Wide *to);
/* x rounded half away from zero to so many places, still a fraction. */
Exact exact_rounded(Exact x, int places);
/* Into a field of the database: rounded half up to millionths. False when it does not fit. */
bool  exact_to_quantity(Exact x, Quantity *to);

/* "10.8", "-3": at most `places` digits after the point, at
 * least `places_min`; "..." follows when digits were cut off. */
char *exact_text(Arena *a, Exact x, int places_min, int places);
/* The same rounded half up and without "...", for results: "0.666667". */
char *exact_decimal(Arena *a, Exact x, int places);
/* A whole number of 10^-places as plain text: wide_text(a, -12345, 2) is "-123.45", never "-0.00". */
char *wide_text(Arena *a, Wide value, int places);

#endif
