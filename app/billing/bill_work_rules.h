/*
 * Inside of the billing engine (bill_rules, bill_charge_rules, bill_total_rules): what the three files share. Pure.
 */
#ifndef APP_BILLING_BILL_WORK_RULES_H
#define APP_BILLING_BILL_WORK_RULES_H

#include "app/billing/bill_rules.h"
#include "lib/date.h"

/* A line with what later steps need to know of it. */
typedef struct {
    BillLine          line;
    const TariffRate *rate;             /* NULL: no component of a plan */
    Date              from, to;
} ChargeLine;

typedef struct { ChargeLine *v; int n, room; } ChargeLines;

/* What a connection took of a deduction that the account has once, and the use that counted for it. */
typedef struct { const char *key; Date from, to; Exact amount, units; } OnceTaken;

typedef struct BillWork {
    Arena           *a;
    const BillFacts *f;
    int              exponent;
    BillProblem     *problems;  int problem_n, problem_room;
    BillSegment     *segments;  int segment_n, segment_room;
    ChargeLines      lines;
    OnceTaken       *once;      int once_n, once_room;
    bool             is_refused;        /* a problem BX-E.. was noted */
} BillWork;

/* Use measured between two readings, for parts of the period that begin and end with a reading. */
typedef struct { Date from, to; TariffUsage usage; } UseBlock;

/* The days of one connection that are charged together. */
typedef struct {
    const BillConnection *connection;
    Date            from, to;
    bool            is_first_or_final;
    bool            is_rated_again;     /* true-up of an earlier bill: was_full decides, no segments are made */
    bool            was_full;
    const BilledLine *billed;   int billed_n;   /* rated again: as it was billed */
    int             months;
    TariffUsage     usage;
    const UseBlock *blocks;     int block_n;    /* one: all by days */
} ChargeSpan;

/* Room for one more at the end of an array in the arena. */
void *bill_grow(Arena *a, void *v, int n, int *room, size_t size);
ChargeLine *charge_line_add(Arena *a, ChargeLines *lines, ChargeLine line);
void bill_problem(BillWork *w, const BillConnection *c, const char *code, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* "1 to 30 April 2026", "25 April to 3 May 2026", "30 April 2026". */
const char *bill_days_text(Arena *a, Date from, Date to);
const char *bill_money_text(const BillWork *w, Money m);           /* "1,522.97" */
const char *bill_number_text(Arena *a, Exact x);                   /* "1,262", "10.8" */

/* bill_charge_rules: steps 4 and 6 to 10 for one span; its
 * segments (unless rated again) and lines. False when refused. */
bool bill_charge(BillWork *w, const ChargeSpan *s, ChargeLines *to);
/* Whether any plan of these days charges for metered use. */
bool bill_is_metered(const BillConnection *c, Date from, Date to);
const BillPlanSpan *bill_span_at(const BillConnection *c, Date day);       /* NULL: no plan on that day */

/* bill_total_rules: step 11 over the lines from `first` on, 12 to 15 and the holds. `use` is what caps of taxes count;
   NULL: that of the segments taxed. */
void bill_tax(BillWork *w, ChargeLines *lines, int first, Date from, Date to, const Exact *use);
void bill_charge_tax(BillWork *w, ChargeLines *lines, int line, Date on);
void bill_one_offs(BillWork *w);
void bill_deposits(BillWork *w, Date end);
void bill_total(BillWork *w, BillDraft *d);

#endif
