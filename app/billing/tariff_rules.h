/*
 * The tariff engine: one component of a tariff and one usage in, one line of a bill out (BX engine steps 6 to 10,
 * ONB02US05).
 *
 * Pure. A line is computed as an exact fraction over all its tiers or time-of-use periods and rounded once (I4); what
 * cannot be held exactly is refused, never computed wrongly. `smart360 quote`, the calculator, simulations and bill
 * runs call these very functions: tariff_compute for a whole tariff, tariff_line for one component (bill_rules).
 */
#ifndef APP_BILLING_TARIFF_RULES_H
#define APP_BILLING_TARIFF_RULES_H

#include "lib/arena.h"
#include "lib/exact.h"
#include "lib/money.h"
#include "lib/types.h"

typedef enum { CALC_FLAT, CALC_PER_UNIT, CALC_TIERED, CALC_FLAT_BY_TIER, CALC_TOU, CALC_PERCENT } TariffCalc;
typedef enum { BASIS_PER_BILL, BASIS_PER_MONTH, BASIS_PER_DAY, BASIS_PER_YEAR } TariffBasis;
typedef enum { TIERS_MARGINAL, TIERS_WHOLE } TierMode;
typedef enum { TIERS_BY_BILL, TIERS_BY_MONTH, TIERS_BY_DAY } TierPeriod;
typedef enum { QUANTITY_EXACT, QUANTITY_UP_TO_UNIT } RoundQuantity;

/* A named value: eru, winter_average, connected_load, demand ... Names: [a-z][a-z0-9_]{0,39}. */
typedef struct { const char *name; Exact value; } TariffAttribute;

/* The limit of a tier, inclusive: a number, an attribute plus a number, or none (the last tier). */
typedef struct {
    bool        unlimited;
    const char *attribute;          /* NULL: the number alone */
    Quantity    upto;
    Price       price;              /* per unit (tiered) or the amount (flat_by_tier) in major units */
} TariffTier;

typedef struct { const char *period; Price price; } TouPrice;

/* What a component charges; the part of it that a rate version replaces. */
typedef struct {
    Price             price;        /* flat: the amount; per_unit: the rate; in millionths of a major unit */
    const TariffTier *tiers;        /* ascending, the last one unlimited */
    int               tier_n;
    const TouPrice   *tou;          /* exactly the periods of the usage */
    int               tou_n;
} TariffPrices;

/* Of what a component charges: usage, an attribute, min(a,b),
 * ceil(a/n), a/n, ratchet(a,b,n): a, or n % of b when that is more and b is known. NULL names are the usage. All zero:
 * usage. */
typedef enum { QUANTITY_PLAIN, QUANTITY_MIN, QUANTITY_CEIL, QUANTITY_SHARE, QUANTITY_RATCHET } QuantityKind;
typedef struct { QuantityKind kind; const char *a, *b; Quantity n; } TariffQuantity;

/* One row of tariff_rate as the engine needs it. Fill with TARIFF_RATE_DEFAULT first: `r = TARIFF_RATE_DEFAULT`. */
typedef struct TariffRate {
    Id                 id;
    const char        *code;            /* the component's name within its plan: the same in all versions of the plan */
    /* FIXED, USAGE ...; charge types DISCOUNT and SUBSIDY are given positive and deducted */
    const char        *charge_type;
    const char        *service;         /* NULL: none */
    const char        *label;           /* as printed; `of` may name it too */
    const char        *unit;            /* bills only */
    TariffCalc         calc;
    TariffPrices       prices;
    TariffBasis        basis;           /* flat, per_unit, flat_by_tier */
    /* in bills basis and prorate do not touch volumes (per_unit of usage): those are of the days billed */
    bool               prorate;
    int                year_days;       /* 365 or 366 */
    int64_t            normal_days_micro;   /* 30000000, or 30416667 */
    TierMode           tier_mode;
    TierPeriod         tier_period;
    /* an attribute that multiplies the limits (dwelling_units); NULL: none. Bills only */
    const char        *tiers_per;
    /* a fixed charge for each dwelling is per_unit of dwelling_units, per month, prorated */
    TariffQuantity     quantity;
    /* bills only: the quantity is taken up to the next whole unit before anything else */
    RoundQuantity      round_qty;
    int64_t            qty_percent_e6;  /* millionths of a percent: 90 % is 90000000 */
    Quantity           included_qty;
    /* bills only: the named lines are at most the amount x its factor; MIN_BILL: at least */
    bool               is_maximum;
    bool               has_minimum;
    Price              minimum;
    int64_t            percent_e6;      /* millionths of a percent; parts per million x 100 */
    const char *const *of;              /* charge types or labels */
    int                of_n;
    bool               has_cap;
    Price              cap_per_unit;
    uint16_t           season;          /* bit m is month m, 1 to 12; 0: all year */
    const char        *season_code;     /* bills only: of the plan's season that these prices are of; NULL: none */
    bool               has_above, has_upto;
    Quantity           above, upto;     /* usage_range */
    Date               valid_from, valid_to;    /* bills only; DATE_NONE: as its plan version */
    /* bills only: a rebate counts for who is enrolled in this group, "any": in one of them; NULL: for everybody */
    const char        *group;
    /* bills only: a deduction that an account has once a bill, however many connections it has, is known by this on
       all of them; NULL: each connection has it */
    const char        *once;
    const char *const *tax_codes;       /* bills only */
    int                tax_n;
    int                sequence;        /* bills only: order of calculation */
} TariffRate;

#define TARIFF_RATE_DEFAULT ((TariffRate){ .year_days = 365, .normal_days_micro = 30000000, \
                                           .qty_percent_e6 = 100000000, \
                                           .valid_from = DATE_NONE, .valid_to = DATE_NONE })

typedef struct { const char *period; Exact quantity; } TouUsage;
/* tou_n > 0: quantity is their sum */
typedef struct { Exact quantity; const TouUsage *tou; int tou_n; } TariffUsage;

/* All that is the same for every line of one period. */
typedef struct {
    int      days;                  /* of the whole period, 1 to 3660 */
    int      end_month;             /* 1 to 12 */
    bool     full;                  /* it is the full period: nothing is prorated */
    int      months;                /* that the full period stands for */
    int      factor_decimals;       /* 0 to 6; -1: exact factors */
    int      exponent;              /* of the currency */
    Rounding rounding;
    TariffUsage usage;              /* of the whole period */
    const TariffAttribute *attributes;
    int      attribute_n;
    bool     explain;               /* fill TariffLine.explain */
} TariffPeriod;

/* A part of the period with prices of its own: a rate version, a tariff version, the days on one plan. */
typedef struct {
    int  days;                      /* flat amounts, limits and free quantity get days / period days */
    const TariffUsage *usage;       /* measured for this part; NULL: the period's, by days */
} TariffPart;

typedef struct {
    int         rate;               /* index of the component; -1: MIN_BILL of tariff_compute */
    const char *charge_type, *service, *label;
    bool        has_quantity;       /* not for flat and percent */
    Exact       quantity;           /* billed: after qty_percent, included_qty and share */
    Exact       factor;             /* what a flat amount was multiplied with; 1 otherwise */
    Money       amount;
    const char *explain;            /* the sum, to be checked by hand; NULL when not asked for */
} TariffLine;

typedef enum {
    TARIFF_OK,
    TARIFF_NOT_NOW,                 /* outside its season or usage_range: no line */
    TARIFF_TOO_PRECISE,             /* the exact value cannot be held */
    TARIFF_TOO_LARGE,               /* 10^12 or more */
    TARIFF_NO_ATTRIBUTE,            /* an attribute that it names is not there */
    TARIFF_NO_PRICE,                /* a time-of-use period without price */
} TariffProblem;

/* The line of a component that is no percent. `prices`: those of the rate version, usually &r->prices. Discounts come
   out positive: tariff_deduct makes the deduction of them. */
TariffProblem tariff_line(Arena *a, const TariffPeriod *p, const TariffRate *r, const TariffPrices *prices,
                          const TariffPart *part, TariffLine *to);
/* The line of a percent component over `base`: the sum of the rounded lines that it names, in major units. */
TariffProblem tariff_percent_line(Arena *a, const TariffPeriod *p, const TariffRate *r, Exact base, TariffLine *to);
/* Turns a discount's line into its deduction: minus the amount, at most `limit` (0 when that is below 0). */
TariffProblem tariff_deduct(Arena *a, const TariffPeriod *p, Money limit, TariffLine *line);
/* amount x the factor of basis and prorate: the fixed-charge factor of steps 6 and 9. */
Exact         tariff_factor(const TariffPeriod *p, const TariffRate *r);
/* x in major units into minor units, rounded once. Of what is 10^12 or more, `to` is 10^12. */
TariffProblem tariff_round(Exact x, const TariffPeriod *p, Money *to);
bool          tariff_is_too_large(Money amount, int exponent);
bool          tariff_is_deduction(const char *charge_type);
/* Whether the component charges for metered use (so that its connection needs readings). */
bool          tariff_is_metered(const TariffRate *r);
bool          tariff_names(const TariffRate *r, const char *name);     /* its charge type or its label is `name` */

/* Rates that changed inside the period, in place of the component's own. */
typedef struct { int days; TariffPrices prices; } TariffVersion;

typedef struct { TariffRate rate; const TariffVersion *versions; int version_n; } TariffComponent;

typedef struct {                    /* all zero: none */
    bool               is_set;
    Price              amount;
    const char *const *of;
    int                of_n;
    bool               prorate;
    int64_t            normal_days_micro;
} TariffMinimum;

typedef struct {
    TariffPeriod           period;
    const TariffComponent *components;
    int                    component_n;
    TariffMinimum          minimum;
} Tariff;

typedef struct {
    TariffProblem problem;          /* TARIFF_OK, or the first one met; then there are no lines */
    int           component;        /* where; -1: the minimum bill; component_n: the total */
    TariffLine   *lines;
    int           n;
    Money         total;
} TariffResult;

/* A whole tariff in the order of its components, with minimum bill (quote-format, "Meaning"). */
TariffResult tariff_compute(Arena *a, const Tariff *t);

/* ---- What usage is made of, shared by quotes and bills ---- */

typedef enum { USE_OK, USE_ROLLED_OVER, USE_NEGATIVE } UseKind;
/* (end - start) x multiplier; a rollover when end < start and
 * start is above 90 % of 10^digits (digits 0: unknown, none). */
UseKind use_between(Exact start, Exact end, int digits, Exact multiplier, Exact *use);
/* kWh of a volume: x 2.83 if imperial x correction x calorific value / 3.6. */
Exact   gas_energy(Exact volume, bool imperial, Exact correction, Exact calorific_value);

/* ---- Words of documents and columns ---- */

/* Equivalent residential units of an impervious area, to one decimal, half up, at least 1.0; of a single family always
   1.0. False: the area is not known (0 or less), or one unit has no size. */
bool tariff_eru(int64_t impervious_sqft, int eru_sqft, bool is_single_family, Exact *to);
/* "usage", "eru", "min(usage,winter_average)", "ceil(impervious_area/1000)", "usage/1000",
   "ratchet(demand,demand_peak,80)" (plans only, no quote document): false when it is none of these. Names and text are
   copied into the arena. NULL or "" is the usage. */
bool tariff_quantity_parse(Arena *a, const char *s, TariffQuantity *to);
bool tariff_name_is_valid(const char *s);           /* [a-z][a-z0-9_]{0,39} */
bool charge_type_is_valid(const char *s);           /* [A-Z][A-Z0-9_]{0,39} */
/* Words as they stand in columns and documents; -1 when unknown. */
int  tariff_calc_find(const char *word);
int  tariff_basis_find(const char *word);
int  tier_mode_find(const char *word);
int  tier_period_find(const char *word);
/* An optional minus, 1 to 9 digits, optionally a point and 1 to 6 digits, nothing else. */
bool tariff_decimal_parse(const char *s, int64_t *micro);

#endif
