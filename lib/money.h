/*
 * Exact numbers: money, quantities, prices, register readings and percentages (spec: "Numbers in the database").
 *
 * Arithmetic that does not fit into 64 bits ends the process (a wrong bill is worse than a dead worker); where numbers
 * come from outside in combinations nobody has bounded, the *_fits functions answer false instead.
 * Parsing is strict (assurance S18): ASCII digits, group separators only where they belong, no exponent, no plus sign,
 * no spaces around, nothing after the number. Limits: one number typed has at most 9 digits before the point for
 * quantities and prices, 11 for money, 12 for readings, so that sums of a million of them still fit.
 * No floating point anywhere.
 */
#ifndef LIB_MONEY_H
#define LIB_MONEY_H

#include "lib/arena.h"
#include "lib/types.h"

typedef __int128 Wide;

/* Half up means half away from zero: 1.925 -> 1.93, -1.925 -> -1.93. */
typedef enum { ROUND_HALF_UP, ROUND_HALF_EVEN } Rounding;

/* numerator / denominator, rounded to a whole number. The denominator is above zero. */
Wide wide_divide(Wide numerator, Wide denominator, Rounding rounding);
bool wide_fits(Wide value, int64_t *to);

/* Digits after the point of an ISO 4217 currency: 0, 2 or 3; -1 for what is not three capitals, and for CLF and UYW. */
int currency_exponent(const char *currency);
/* 10 to the power of places, 0 to 18. */
int64_t power_of_ten(int places);

Money money_add(Money a, Money b);
Money money_sub(Money a, Money b);
Money money_neg(Money a);
Money money_abs(Money a);
Money money_sum(const Money *v, size_t n);
bool  money_add_fits(Money a, Money b, Money *to);
int   money_compare(Money a, Money b);                                  /* -1, 0, 1 */
/* amount x numerator / denominator; the denominator is above zero. */
Money money_ratio(Money amount, int64_t numerator, int64_t denominator, Rounding rounding);
/* amount x parts per million: 8.25 % is 82,500. */
Money money_ppm(Money amount, int64_t ppm, Rounding rounding);
/* Share number i (from 0) of n equal shares; the first ones
 * take the odd minor units, so that the shares sum to total. */
Money money_share(Money total, int i, int n);
static inline bool money_is_zero(Money a) { return a.minor == 0; }

/* Unit price x quantity in minor units of a currency with that exponent, rounded once. */
Money price_times(Price price, Quantity quantity, int exponent, Rounding rounding);
bool  price_times_fits(Price price, Quantity quantity, int exponent, Rounding rounding, Money *to);

Quantity quantity_add(Quantity a, Quantity b);
Quantity quantity_sub(Quantity a, Quantity b);
Quantity quantity_of(int64_t whole);                                    /* 12 -> 12.000000 */
Quantity quantity_of_reading(Reading r);                                /* thousandths to millionths: exact */
Reading  reading_sub(Reading a, Reading b);
Reading  reading_add(Reading a, Reading b);

/* How an organization writes numbers: the four formats of the regional settings. */
typedef struct {
    char decimal;           /* '.' or ',' */
    char group;             /* ',', '.', ' ' (a no-break space when written, any space when read) or 0 = none */
    bool indian;            /* groups of two above the first three digits: 1,23,456.78 */
} NumberFormat;

#define NUMBER_PLAIN ((NumberFormat){ .decimal = '.' })
/* "1,234.56", "1.234,56", "1 234,56" or "1,23,456.78" (the texts of organization_setting.number_format). */
bool number_format_find(const char *name, NumberFormat *to);

typedef enum {
    NUMBER_OK,
    NUMBER_EMPTY,           /* nothing there */
    NUMBER_MALFORMED,       /* not a number in this format */
    NUMBER_NEGATIVE,        /* a minus where none is allowed */
    NUMBER_PLACES,          /* more digits after the point than the kind has */
    NUMBER_TOO_LARGE,
} NumberProblem;

typedef struct { int places, digits_max; bool negative; } NumberRule;

/* The one parser: text into a whole number of 10^-places. digits_max counts digits before the point, leading zeros too.
   `to` is set only on NUMBER_OK. A minus is '-' or U+2212. NULL is empty. */
NumberProblem number_parse  (const char *s, NumberFormat f, NumberRule rule, int64_t *to);
NumberProblem money_parse   (const char *s, NumberFormat f, int exponent, bool negative, Money *to);
NumberProblem quantity_parse(const char *s, NumberFormat f, bool negative, Quantity *to);
NumberProblem price_parse   (const char *s, NumberFormat f, bool negative, Price *to);
/* never negative; leading zeros are usual */
NumberProblem reading_parse (const char *s, NumberFormat f, Reading *to);
NumberProblem percent_parse (const char *s, NumberFormat f, bool negative, int64_t *ppm);   /* "8.25" -> 82,500 */
/* A plain count: digits only, no groups, at most 18 of them, at most `max`. */
NumberProblem count_parse   (const char *s, int64_t max, int64_t *to);

/* Plain decimal text for files, JSON and databases: "-1234.50". All places of the kind for money; for the others
   zeros at the end are left out ("4.5", "12"). */
char *money_decimal   (Arena *a, Money m, int exponent);
char *quantity_decimal(Arena *a, Quantity q);
char *price_decimal   (Arena *a, Price p);
char *reading_decimal (Arena *a, Reading r);
char *percent_decimal (Arena *a, int64_t ppm);

typedef struct { int places; int places_min; const char *minus; } NumberStyle;
/* The number value x 10^-places with groups, `places_min` to `places` digits after the point. minus NULL is "-". */
char *number_text(Arena *a, int64_t value, NumberFormat f, NumberStyle style);

#endif
