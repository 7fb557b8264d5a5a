/*
 * The parts of `smart360 sample` (sample.c): people and meters first, then month by month readings, bills and payments.
 * All of it writes in bulk, in the rows that the modules themselves write; bills and payments go through the engine,
 * the publishing and the posting of every day, with the clock of their time.
 */
#ifndef APP_BILLING_SAMPLE_H
#define APP_BILLING_SAMPLE_H

#include "app/billing/sample_rules.h"
#include "lib/ctx.h"

enum { SAMPLE_CHUNK = 500, SAMPLE_MONTHS_MAX = 60 };

/* Where a meter stands: what the next reading follows on. */
typedef struct SampleMeter {
    Id      meter, register_id, installation;
    Id      reading;                    /* the last one; 0: none yet */
    int64_t value_e3, true_e3;          /* as read; as it really is */
    Time    read_at;
    Date    read_on;
} SampleMeter;

typedef struct SamplePending { int32_t next, home; SamplePayment payment; } SamplePending;

typedef struct Sample {
    Ctx         *c;
    int64_t      consumers;
    int          months;                /* billed ones; one more has readings */
    uint64_t     seed;
    Time         today_at;              /* the moment of the command */
    Date         today;
    Month        first;                 /* of the billed months */
    const Zone  *zone;
    SampleHome  *homes;
    SampleMeter *meters;
    Id           first_consumer, first_premise, first_account, first_connection;
    /* ids: nobody else writes to this utility yet */
    int64_t      next_meter, next_register, next_installation, next_reading;
    Id           areas[SAMPLE_AREAS];
    Id           cycle, manager;
    Id           periods[SAMPLE_MONTHS_MAX + 3];
    SamplePending *pending; int32_t pending_n, pending_room, pending_free;
    int32_t     *days; int day_n; Date day_first;      /* heads of the lists of payments by day; -1: none */
    int64_t      bills, payments, held, refused;
    int64_t      began_us, step_us;
} Sample;

/* Moves the clock of the work and of the database session (created_at) to a moment of the past. */
void sample_clock(Sample *s, Date day, int minute);
/* Runs work for homes from..to in transactions of SAMPLE_CHUNK homes; memory is given back after each. */
void sample_chunks(Sample *s, void (*work)(Sample *s, int64_t from, int64_t to));
void sample_tx(Sample *s, void (*work)(Sample *s, int64_t from, int64_t to), int64_t from, int64_t to);
/* A line of progress: what was done, how much of it, how long it took. */
void sample_said(Sample *s, const char *what, int64_t n);
static inline Month sample_month(const Sample *s, int m) { return month_add(s->first, m); }
static inline bool sample_is_there(const SampleHome *h, int m) { return m >= h->joined_month; }

void sample_people(Sample *s);          /* sample_people.c: consumers to meters */
void sample_readings(Sample *s, int m); /* sample_month.c: readings and use of month m */
void sample_bills(Sample *s, int m);    /* sample_bills.c: a published bill of month m for everybody */
void sample_pay_until(Sample *s, Date day);     /* sample_bills.c: payments that arrive before this day */
void sample_cases(Sample *s, int m);    /* sample_month.c: complaints of month m */

#endif
