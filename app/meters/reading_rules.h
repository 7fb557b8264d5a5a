/*
 * What a reading must be to be taken, and what the rules V01 to V16 say to it (MX02US04, MX03US01). Pure.
 *
 * Everything is in thousandths of the register's unit (_e3) and days; multipliers and averages in millionths (_e6).
 * A reading that cannot be one is a fault and is not stored; a doubtful one is stored and held for a person. V17, V18
 * and the photo rules come with the pages that send place and picture.
 */
#ifndef APP_METERS_READING_RULES_H
#define APP_METERS_READING_RULES_H

#include "lib/arena.h"
#include "lib/fault.h"
#include "lib/types.h"

enum { RULE_FORMAT = 1, RULE_DUPLICATE, RULE_OUT_OF_CYCLE, RULE_DATE, RULE_METER, RULE_NEGATIVE, RULE_ROLLOVER,
       RULE_ZERO,
       RULE_STUCK, RULE_HIGH, RULE_LOW, RULE_NO_ACCOUNT, RULE_CAPACITY, RULE_FIRST, RULE_PROLONGED, RULE_SUM,
           READING_RULES };

typedef enum { SEVERITY_OFF, SEVERITY_INFO, SEVERITY_HOLD } Severity;

/* A rule group as it holds for one category (vee_group, vee_rule). */
typedef struct {
    Severity severity[READING_RULES];
    bool     auto_pass;
    int      tolerance_days;                    /* V03 */
    int      rollover_from_pct, rollover_to_pct;        /* V07 */
    int64_t  zero_minimum_e3;                   /* V08: usual use a day above which no use is strange */
    bool     zero_first_is_info;
    int      stuck_times;                       /* V09 */
    int      high_pct; int64_t high_absolute_e3;        /* V10 */
    int      low_pct;  int64_t low_absolute_e3;         /* V11 */
    int64_t  vacant_tolerance_e3;               /* V12 */
    int      estimates_max, estimate_days_max;  /* V15 */
    int      sum_difference_ppm;                /* V16 */
} ReadingPolicy;
/* The seeded rules of Residential. */
ReadingPolicy reading_policy_seed(void);

/* Use between two readings that passed. */
typedef struct { Date from, to; int64_t quantity_e3; int days; bool is_estimated; } PastUse;
/* What is usual, as a use over days; days 0: nobody knows. */
typedef struct { int64_t use_e3; int days; } UseBase;
/* For a use from one day to another: the same season last year (the middle within 45 days of a year before, 15 days
   long at least), else the last three of 400 days. Estimated use does not count. `past` newest first. */
UseBase use_base(const PastUse *past, size_t n, Date from, Date to);

typedef struct {
    const char *kind;               /* regular, initial, final, special, check, estimated */
    const char *source;
    bool        has_value;
    Reading     value;
    Time        at, now;
    Date        on;
    /* the register and where it stands */
    const char *meter_no, *register_code;       /* register_code NULL: the meter has none of this code */
    int         digits, decimals;
    int64_t     multiplier_e6, place_multiplier_e6;
    bool        is_demand;          /* the reading is a peak, not a difference */
    bool        is_installed, serial_differs;
    Date        installed_on;
    int64_t     q_max_e3;           /* an hour; 0: not known */
    bool        is_account_active;  /* somebody holds the connection and it is supplied */
    /* readings of the register before and after */
    bool        has_before, before_is_estimated, has_after, is_before_billed;
    Reading     before;
    Date        before_on;
    int         zeros_before;       /* regular ones without use, in a row, right before */
    int         estimates_before, days_since_actual;
    const char *same_value;         /* V02: another value of the same time, as text; NULL: none */
    UseBase     base;
    bool        has_task;           /* V03 */
    Date        nominal_on;
    bool        has_siblings_sum, sibling_missing;      /* V16 */
    int64_t     siblings_use_e3;
    /* what the reader reported: his code's effect */
    bool        has_status, knows_status, needs_value, has_reason, knows_reason, reason_fits, needs_note, has_note;
    const char *effect;             /* accept, pend, exempt ...; NULL: accept */
} ReadingFacts;

/* Faults of what no reading can be; `field` is "value", "read_at", "meter" ... */
void reading_faults(Faults *to, size_t row, const ReadingFacts *f);
/* A value of a register of so many digits and decimals; the key of the refusal, or NULL. */
const char *reading_format(Reading value, int digits, int decimals);

typedef struct { int rule; Severity severity; const char *code; } ReadingFinding;
typedef struct {
    const char    *status;          /* passed, pending, exempted */
    bool           has_use;         /* a reading before to which it is a difference (or a peak) */
    int64_t        raw_e3, use_e3;
    int            days;
    int64_t        adu_e6, base_adu_e6, expected_e3;
    bool           is_rollover, is_first;
    ReadingFinding found[READING_RULES];
    int            n;
} ReadingVerdict;
ReadingVerdict reading_judge(const ReadingPolicy *p, const ReadingFacts *f);

/* raw x register's x installation's multiplier, rounded half up to thousandths; false when it does not fit. */
bool reading_use(int64_t raw_e3, int64_t multiplier_e6, int64_t place_multiplier_e6, int64_t *use_e3);

/* A quantity in another unit of volume or energy, by exact fractions, rounded half up to thousandths: CCF, HCF, ft3,
   gal, kgal, Mgal, m3, L, kL, kWh, MWh, therm, GJ. False when the units do not measure the same. */
bool unit_convert(int64_t quantity_e3, const char *from, const char *to, int64_t *result_e3);

#endif
