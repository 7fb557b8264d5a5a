/*
 * The invented utility of `smart360 sample`: who lives where, how much water they use, how their meters are read, how
 * they pay. Pure: everything follows from a seed and the number of the household, in any order, so that two runs give
 * the same.
 *
 * Names are made from syllables and belong to nobody; streets and areas are like Portland's. Quantities are thousandths
 * of a CCF.
 */
#ifndef APP_BILLING_SAMPLE_RULES_H
#define APP_BILLING_SAMPLE_RULES_H

#include "lib/date.h"

enum { SAMPLE_AREAS = 60, SAMPLE_CONSUMERS_MAX = 400000 };

/* A sub-area: the first seven are those of the configuration playbook. */
typedef struct { const char *code, *name, *parent, *postal_code, *city, *quadrant; int32_t lat_e6, lng_e6; } SampleArea;
extern const SampleArea sample_areas[SAMPLE_AREAS];

typedef enum { PAYS_AUTOMATICALLY, PAYS_EARLY, PAYS_ON_TIME, PAYS_LATE, PAYS_IN_PART, PAYS_EVERY_OTHER,
               PAYS_NEVER } SamplePayer;

typedef struct {
    bool        is_organization, is_commercial, is_large, is_multi_family;
    const char *first_name, *last_name, *organization;     /* as the kind has it, else NULL */
    const char *email;                  /* NULL: none */
    char        phone[16];              /* +1503555...: numbers nobody has */
    const char *language, *channel;     /* en, es; email, sms, letter */
    int         area;                   /* in sample_areas */
    const char *line1, *unit;           /* unit NULL: a house */
    const char *premise_type;
    int32_t     lat_e6, lng_e6;
    const char *category, *sub_category, *plan, *meter_model, *size;
    int         people, dwelling_units;
    char        portal_code[9];
    bool        paper;                  /* bills by mail */
    SamplePayer payer;
    int         joined_month;           /* month of the sample (0 the first) in which service began; -1: long before */
    int         joined_day;             /* 1 to 28 */
    int         years_here;             /* of those from before */
    int         leak_month, leak_months;        /* -1: none */
    int         vacant_month, vacant_months;    /* -1: none */
    int         exchange_month;         /* the meter is exchanged in its middle; -1: never */
    int64_t     opening_index;          /* whole CCF on the meter before the first month */
    int         read_offset;            /* days before the end of the month on which the reader comes */
} SampleHome;

/* Household number i (from 0) of a sample that covers `months` months. */
SampleHome sample_home(Arena *a, uint64_t seed, int64_t i, int months);

/* Use of `days` days of calendar month `month` (1 to 12), which is number m of the sample. */
int64_t sample_use_e3(const SampleHome *h, uint64_t seed, int64_t i, int m, int month, int days);

typedef enum { SAMPLE_READ, SAMPLE_NO_ACCESS, SAMPLE_SELF_READ } SampleReading;
/* How the reading of month m came about; no two months in a row without access, and none in the first and last. */
SampleReading sample_reading(const SampleHome *h, uint64_t seed, int64_t i, int m, int months);
/* Minutes after midnight at which the reader stood there. */
int           sample_read_minute(uint64_t seed, int64_t i, int m);

typedef struct { int days; Money amount; const char *channel, *mode; } SamplePayment;     /* days after the bill date */
/* What comes for the bill of month m of which `due` is to be paid `due_days` after its date; 0 to 2 payments. */
int sample_payments(const SampleHome *h, uint64_t seed, int64_t i, int m, Money due, int due_days, SamplePayment to[2]);

typedef struct { const char *type, *subject, *text, *channel, *answer; int day; bool is_open; } SampleComplaint;
/* Whether the household complains in month m; is_open only in the last ones. */
bool sample_complaint(const SampleHome *h, uint64_t seed, int64_t i, int m, int months, SampleComplaint *to);

#endif
