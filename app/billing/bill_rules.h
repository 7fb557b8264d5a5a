/*
 * The billing engine: the facts of one account in, a draft bill or a list of exceptions out (5-billing "Calculation
 * order"; BX01US01 to BX01US04, simulations, true-up; I4..I6). Preview, V1, V2 and single bills call bill_compute: the
 * same facts give the same bytes.
 *
 * Pure: it reads nothing but the facts and writes nothing but its result, all of it in the arena.
 *
 * How to fill the facts (the shell's work, in a few statements for a chunk of accounts):
 *   - texts and arrays may point into rows of a db_all result; nothing is changed or kept;
 *   - everything optional is all zero, dates DATE_NONE (use BILL_FACTS_DEFAULT, BILL_CONNECTION_DEFAULT,
 * BILL_USE_DEFAULT);
 *   - one BillConnection for each service_connection of the account that is active on any day of the period, with its
 * plan
 *     spans: (plan assignment x plan version) pieces in order of date, also those of earlier estimated bills when the
 *     true-up may need them; the rates of a version are shared by all accounts of a chunk: read them once;
 *   - rates: `prorate` for what is charged by the month (fixed charges, per ERU), not for what was measured otherwise
 * (demand);
 *   - one BillUse for each usage_segment (active, unbilled) up to period end + window, in order of date;
 *   - seasons that begin inside a month become several rates of one code, each with its valid_from and valid_to;
 *   - facts are for one bill: what is not to be on it (charges after the bill date, instalments due later) is left out
 * by
 *     the shell's SQL or here (dates are compared again here).
 * The calculator and bill_estimate fill one connection with one BillUse and take lines and totals.
 */
#ifndef APP_BILLING_BILL_RULES_H
#define APP_BILLING_BILL_RULES_H

#include "app/billing/tariff_rules.h"

/* ---- Facts ---------------------------------------------------------------------------------------------------- */

typedef enum { BILL_CYCLE, BILL_SINGLE, BILL_FINAL, BILL_CORRECTION, BILL_ONE_OFF } BillKind;
typedef enum { TRUE_UP_INDEX, TRUE_UP_RERATE } TrueUp;
typedef enum { PRORATE_PARTIAL_ONLY, PRORATE_DAILY, PRORATE_NONE } ProrationMethod;
typedef enum { RATES_BY_DAYS, RATES_AT_END, RATES_AT_START } RateChangeMethod;

/* A version of a plan for the days in which the connection is on it: tariff_plan x tariff_plan_version. */
typedef struct {
    Id                plan, version;
    const char       *plan_code;
    int               version_no;
    Date              valid_from, valid_to;     /* inclusive; valid_to DATE_NONE: open */
    const TariffRate *rates;                    /* in any order; calculated by `sequence` */
    int               rate_n;
    ProrationMethod   proration;
    RateChangeMethod  rate_change;              /* of the plan (that of the last version met counts) */
    int               tolerance_days;           /* 5 for 30, 8 for 60, 10 for 90 */
    bool              has_deemed;
    Quantity          deemed_per_day;           /* unmetered connection or no meter: use a day */
    /* period of use that has none (estimates, missing intervals); NULL: the first */
    const char       *tou_fallback;
    int               eru_sqft;                 /* of one ERU; 0: none */
    bool              has_winter_default;
    Quantity          winter_default;           /* a month, without history */
} BillPlanSpan;

/* One usage_segment of metering (or the reading entered on a single bill). */
typedef struct {
    Id          id;
    Id          meter, register_id, from_reading, to_reading;
    const char *meter_no;
    const char *register_kind;
    /* time-of-use period; NULL or "": the only register; kinds of one name are summed */
    Date        from, to;           /* readings at the end of these days: the days billed are from + 1 to to */
    Reading     from_value, to_value;
    int64_t     multiplier_e6;
    int         dials;              /* 0: unknown, no rollover */
    Reading     billing_quantity;   /* usage_segment.billing_quantity_e3, in the billing unit */
    /* the billing unit is not the register's: the arithmetic is metering's, not checked */
    bool        is_converted;
    bool        is_estimated;
    const char *estimate_method;
} BillUse;

/* What metering says it would take as the use up to the period
 * end (mx_estimate); asked for when readings are missing. */
typedef struct {
    bool        is_known;
    Quantity    quantity;           /* of the days not covered by uses */
    const char *method;
} BillEstimate;

/* A line of an earlier estimated bill, as billed (bill_line summed or not; taxes with their code). */
typedef struct {
    const char *charge_type, *service, *tax_code;
    Money       amount;
    const char *name;               /* code of its rate; of a rebate's rule what is printed */
} BilledLine;

/* Bills of this connection that were estimated since its last actual reading, oldest first (true-up). */
typedef struct {
    Id                bill;
    const char       *bill_no;
    Date              from, to;     /* billed days, inclusive */
    bool              was_full;     /* billed as a full period */
    int               months;
    Quantity          quantity;     /* billed by estimate */
    const BilledLine *lines;        /* of this connection; TRUE_UP lines and their taxes left out */
    int               line_n;
} BillEstimated;

/* Days on which the account has an approved enrolment of a group; a NULL group is each of them. DATE_NONE: open. */
typedef struct { const char *group; Date from, to; } BillEnrolment;

/* Days of this connection on published bills (for BX-E04); as many as may touch the period. */
typedef struct { Id plan; const char *bill_no; Date from, to; } BilledDays;

typedef struct {
    Id          id;
    const char *connection_no, *service, *unit;
    /* days of this account: holder and connection together; DATE_NONE: open */
    Date        active_from, active_to;
    Date        billed_until;                   /* last billed day;
    DATE_NONE: never, then the bill begins with the period or the
                                                   service, whichever is later (give the day before, to bill earlier
                                                   days too) */
    bool        is_unmetered;
    bool        is_derived;                     /* its use is another connection's (wastewater of water) */
    bool        has_meter;                      /* a meter stands there at the end of the days billed */
    const BillPlanSpan  *spans;     int span_n;
    const BillUse       *uses;      int use_n;
    bool        reading_waits;                  /* captured, not yet passed: BX-E06 */
    BillEstimate estimate;
    int         estimates_in_row;               /* estimated bills since the last actual one */
    const BillEstimated *estimated; int estimated_n;
    const BilledDays    *billed;    int billed_n;
    const TariffAttribute *attributes; int attribute_n;     /* eru, connected_load, dwelling_units, demand ... */
    /* where no attribute "eru" is given: of the area, by the plan's size of a unit */
    int64_t     impervious_sqft;                /* 0: not known */
    bool        is_single_family;
    bool        has_winter_average;
    Quantity    winter_average;                 /* of a month */
    Quantity    carried;                        /* interpolation: use of earlier days that the last bill left */
    bool        once_elsewhere;                 /* what the account has once is on another connection's bill */
    /* DISCOUNT and SUBSIDY of approved enrolments, valid_from/to their days */
    const TariffRate    *rebates;   int rebate_n;
    const BillEnrolment *enrolments; int enrolment_n;       /* for rebates that a plan gives to a group */
    Quantity    usual;                          /* use of the earlier bills that count as usual (BX-H01) ... */
    int         usual_days;                     /* ... and their days; 0: none yet */
    int         zero_periods;                   /* bills in a row without use before this one (BX-H02) */
    Quantity    last_year_per_day;              /* printed only */
    /* use is a volume: x 2.83 if imperial x correction x calorific value / 3.6 */
    bool        gas;
    bool        gas_imperial;
    int64_t     gas_correction_e6;              /* 1022640 */
    int64_t     calorific_e6;                   /* average of the period; 0: missing (BX-E11) */
    int         usage_decimals;                 /* converted use is rounded half up to so many; -1: exact */
} BillConnection;
/* Whether a rebate of this group ("any": of any) counts on a day. */
bool bill_is_enrolled(const BillConnection *c, const char *group, Date day);

#define BILL_USE_DEFAULT        ((BillUse){ .from = DATE_NONE, .to = DATE_NONE, .multiplier_e6 = 1000000 })
#define BILL_CONNECTION_DEFAULT ((BillConnection){ .active_from = DATE_NONE, .active_to = DATE_NONE, \
    .billed_until = DATE_NONE, \
                                                   .has_meter = true, .gas_correction_e6 = 1022640, \
                                                   .usage_decimals = -1 })

/* A rate of a tax code; the code's rates in order of date. */
typedef struct { Date valid_from, valid_to; int64_t rate_ppm; } TaxRate;
typedef struct {
    const char    *code, *name;
    const TaxRate *rates;           int rate_n;
    bool           is_inclusive;    /* shown, not added */
    bool           splits_by_days;  /* a change inside the period counts by days; else the rate at its end */
    bool           is_compound;     /* the base holds the taxes above it */
    bool           has_cap;
    Price          cap_per_unit;    /* the lesser of the tax and this x use */
    int            sequence;
} BillTax;

/* A certificate; tax_code NULL: all codes. */
typedef struct { const char *tax_code, *certificate; Date valid_from, valid_until; } TaxExemption;

/* charge rows: pending ones with post_mode on_bill; those already posted since the last bill with is_posted. */
typedef struct {
    Id                 id;
    const char        *charge_type, *description;
    Money              amount;
    const char *const *tax_codes;   int tax_n;
    Date               charge_date;
    bool               is_posted;   /* section since_last_bill: shown, not added (it is in the balance) */
} BillCharge;

/* Adjustments entered while making the bill (created by the CIS); credits negative. */
typedef struct { Id id; const char *description; Money amount; bool is_posted; } BillAdjustment;

typedef struct { Id id; const char *description; Date due; Money amount; } BillInstalment;

/* A deposit asked (is_held false) or held and to be applied on a final bill. */
typedef struct {
    Id      id;
    bool    is_held;
    Money   amount;
    int64_t interest_ppm;           /* simple, a year */
    Date    since;
} BillDeposit;

typedef struct {
    /* account */
    Id          account;
    const char *account_no, *currency;
    bool        has_address;
    Date        account_from, account_to;       /* service start and end of the account; DATE_NONE: open */
    Money       hold_above;                     /* limit of the category for BX-H03; 0: none */
    /* bill */
    BillKind    kind;
    Date        period_start, period_end;       /* of the cycle period, or as asked for; inclusive */
    bool        period_is_asked;                /* by a person, start included: overlaps are refused (BX-E04) */
    int         months;                         /* of the cycle: 1, 2, 3 ... */
    Date        bill_date, due_date;
    Date        today;                          /* business date: estimates wait for estimate_after */
    /* settings of utility and cycle */
    Rounding    rounding;
    int         factor_decimals;                /* -1: exact */
    bool        leap_years;                     /* per_year: 366 when the period's end year is a leap year */
    int         window_days;                    /* reading may lie so many days from the period end: 5 */
    bool        interpolate;                    /* interpolate_to_period_end */
    bool        estimate_allowed;               /* cycle, category and the form's option together */
    Date        estimate_after;                 /* DATE_NONE: at once */
    int         max_estimates;
    TrueUp      true_up;
    int         days_max;                       /* BX-H04: 120 */
    int         high_use_times;                 /* BX-H01: 3; 0: off */
    Quantity    high_use_above;                 /* BX-H01: over 10 units */
    int         differs_pct;                    /* BX-H06; 0: off */
    bool        has_compared;
    Money       compared;                       /* current charges of the simulation or the last bill (BX-H06) */
    Money       cash_step;                      /* cash rounding: 1.00 is 100; 0: none */
    bool        trace;                          /* fill BillLine.explain (costs about as much again) */
    /* content */
    const BillConnection *connections;  int connection_n;
    const BillTax        *taxes;        int tax_n;
    const TaxExemption   *exemptions;   int exemption_n;
    const BillCharge     *charges;      int charge_n;
    const BillAdjustment *adjustments;  int adjustment_n;
    const BillInstalment *instalments;  int instalment_n;
    const BillDeposit    *deposits;     int deposit_n;
    Money       previous_balance;               /* amount due of the last bill */
    Money       payments, adjusted;             /* since then; payments negative */
    Money       balance;                        /* receivable of 1200 before this bill: what counts for amount due */
    Money       deferred;                       /* rest in payment agreements: information */
} BillFacts;

#define BILL_FACTS_DEFAULT ((BillFacts){ .has_address = true, .account_from = DATE_NONE, .account_to = DATE_NONE, \
                                         .months = 1, \
    .today = DATE_NONE, .factor_decimals = -1, .window_days = 5, .estimate_allowed = true, \
    .estimate_after = DATE_NONE, \
    .max_estimates = 2, .days_max = 120, .high_use_times = 3, .high_use_above = { 10000000 } })

/* ---- Result --------------------------------------------------------------------------------------------------- */

typedef enum { SECTION_SINCE_LAST_BILL, SECTION_CURRENT, SECTION_INSTALMENT, SECTION_DEPOSIT,
               SECTION_INFO } BillSection;
typedef enum { USAGE_ACTUAL, USAGE_ESTIMATED, USAGE_MIXED, USAGE_UNMETERED, USAGE_DEEMED } UsageSource;

extern const char *const bill_section_words[];      /* "since_last_bill" ... by BillSection */
extern const char *const usage_source_words[];      /* "actual" ... by UsageSource */

typedef struct {
    const BillConnection *connection;
    Id             plan, version;               /* the version at the segment's end */
    const char    *plan_code;
    int            version_no;
    Date           start, end;
    int            days;
    bool           is_metered;
    Quantity       quantity;                    /* half up to millionths */
    const char    *unit;
    UsageSource    source;
    const char    *estimate_method;             /* NULL: not estimated */
    const char    *explain;                     /* "1,262 - 1,250 = 12 CCF"; NULL without `trace` */
    const BillUse *uses;        int use_n;      /* readings printed; their segments are to be reserved */
    Quantity       avg_daily;
    Quantity       last_year;                   /* of a day */
    Quantity       rest;                        /* interpolation: use left for the next bill (its `carried`) */
} BillSegment;

typedef struct {
    int         segment;                        /* index; -1: bill level */
    int         seq;                            /* from 1 */
    BillSection section;
    Date        from, to;                       /* days that it is for; DATE_NONE: none (one-off charges, deposits) */
    const char *charge_type, *service;
    const char *description;                    /* label of the rate, name of the tax, text of the charge */
    Id          rate;
    bool        has_quantity;
    Quantity    quantity;
    const char *unit;
    Price       price;                          /* rate_micro; 0 for tiers and time of use */
    int64_t     factor_num, factor_den;         /* proration of a flat amount; 1/1 otherwise */
    Money       amount;
    /* counts in the bill's total (not: since_last_bill, info, inclusive tax) */
    bool        is_added;
    const char *const *tax_codes; int tax_n;    /* codes whose base it is in; of a TAX line: its own code */
    Id          charge, instalment, adjustment, deposit, true_up_of;
    const char *trued_up;                       /* of a TRUE_UP line: the charge type that it corrects */
    const char *measured;                       /* of a demand ratchet: the measured value; else NULL */
    const char *explain;                        /* "5 x 4.50 = 22.50; 5 x 6.75 = 33.75"; NULL without `trace` */
} BillLine;

typedef struct {
    const char *code;                           /* "BX-E02" */
    bool        is_hold;                        /* BX-H..: a draft exists, held; else no bill is made */
    const char *message;
    Id          connection;                     /* 0: the account */
} BillProblem;

typedef enum { BILL_MADE, BILL_HELD, BILL_REFUSED, BILL_SKIPPED /* already billed */,
               BILL_EMPTY /* nothing to bill */ } BillOutcome;

typedef struct {
    BillOutcome   outcome;
    BillProblem  *problems;     int problem_n;
    BillSegment  *segments;     int segment_n;
    BillLine     *lines;        int line_n;
    Date          start, end;   int days;
    bool          is_estimated;
    Money         previous_balance, payments, adjustments, posted_charges, balance_forward;
    Money         current;                      /* lines of section current that are added, taxes included */
    Money         tax;                          /* of which taxes; inclusive ones are counted here too */
    Money         instalments, deposits;        /* deposits: asked less applied */
    Money         rounding;
    Money         total;                        /* sum of all lines that are added: what the ledger posts (I4) */
    Money         deferred;
    Money         amount_due, credit_carried;
} BillDraft;

/* Costs some ten microseconds. Never fails: what cannot be billed comes back as problems. */
BillDraft bill_compute(Arena *a, const BillFacts *f);

/* BX-E99: whether the draft equals the sum of its lines; the shell asks before it stores one. */
bool bill_adds_up(const BillDraft *d);

/* Words of columns; -1 when unknown. */
int proration_method_find  (const char *word);      /* partial_only, daily, none */
int rate_change_method_find(const char *word);      /* prorate, version_at_end, version_at_start */
int true_up_find           (const char *word);      /* index, rerate */
int bill_kind_find         (const char *word);      /* cycle, single, final, correction, one_off */
int late_fee_kind_find     (const char *word);      /* flat, percent, greater, percent_per_month */

/* ---- Arithmetic of readings, shared with single bills and the viewer -------------------------------------------- */

/* use_between for columns: thousandths of the register's unit, millionths of a multiplier. */
UseKind use_of_readings(Reading from, Reading to, int dials, int64_t multiplier_e6, Exact *use);

/* ---- Late fees -------------------------------------------------------------------------------------------------- */

typedef enum { LATE_FEE_FLAT, LATE_FEE_PERCENT, LATE_FEE_GREATER, LATE_FEE_PERCENT_PER_MONTH } LateFeeKind;
typedef struct {
    LateFeeKind kind;
    Money       flat;
    int64_t     rate_ppm;
    bool        has_minimum, has_maximum;
    Money       minimum, maximum;
    Money       threshold;                      /* only an unpaid amount above it is charged */
    int         grace_days;
    bool        is_compound;                    /* earlier late fees are part of the base */
} LateFeeRule;
typedef struct {
    Money unpaid;                               /* of the bill, late fees included */
    Money unpaid_late_fees;                     /* of which earlier late fees */
    int   days;                                 /* since the due date, or since the last fee (percent per month) */
    bool  in_dispute, in_agreement;             /* agreement that is kept */
} LateFeeFacts;
/* The fee, 0 when none is due: within grace, at or below the threshold, in dispute, in an agreement. */
Money late_fee_amount(const LateFeeRule *rule, const LateFeeFacts *f, Rounding rounding);

#endif
