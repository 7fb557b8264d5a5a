/*
 * Counters and histograms of all workers, for /health and /metrics.
 *
 * A program declares its counters in a table and opens them before it forks; each worker then writes its own slot of
 * the shared memory without locks, and whoever answers /metrics adds the slots up. With a file, programs (web, jobs)
 * can read each other's. What a dead worker counted stays; the gauges of its slot are set to 0 when a new worker takes
 * it.
 */
#ifndef LIB_COUNTER_H
#define LIB_COUNTER_H

#include <stdbool.h>

#include "lib/arena.h"

typedef enum { COUNTER_SUM, COUNTER_GAUGE, COUNTER_TIME } CounterKind;      /* TIME: a histogram of durations */

/* One row of the table, which ends with a row without name. `name` is [a-z_]+ with the program's prefix and unit
   ("smart360_requests_total"); rows of one name with different labels stand side by side and repeat kind and help. */
typedef struct {
    const char *name;
    const char *labels;         /* NULL or class="page",status="2xx" */
    CounterKind kind;
    const char *help;
} CounterRow;

enum { COUNTER_SLOTS_MAX = 512, COUNTER_BUCKETS = 14 };

typedef struct Counters Counters;

/* Shared memory for `slots` workers and the master (slot 0). `file` NULL: for this program and its children only; else
   made anew, mode 0640. NULL with errno when it cannot be made. The table must outlive all use. */
Counters *counters_open(const CounterRow *table, int slots, const char *file);
void      counters_slot(Counters *c, int slot);             /* this process writes that slot (0 to slots) from now on */
void      counters_close(Counters *c);

/* `row` is the place in the table. Counting before counters_open, on NULL, does nothing. */
void counter_add    (Counters *c, int row, int64_t n);      /* sums: n >= 0 */
void counter_set    (Counters *c, int row, int64_t value);  /* gauges */
void counter_observe(Counters *c, int row, int64_t us);     /* times */

int64_t counter_total(const Counters *c, int row);          /* over all slots; times: how many were observed */
int64_t counter_time_us(const Counters *c, int row);        /* times: their sum */
/* The duration that `ppm` of the observed ones did not exceed
 * (950000: p95), as the upper edge of its bucket; 0 without any. */
int64_t counter_quantile_us(const Counters *c, int row, int64_t ppm);

/* The text exposition format, version 0.0.4. */
char *counters_text(Arena *a, const Counters *c);
/* The same of another program's file, with its table (files of another layout or version give NULL). */
char *counters_text_of(Arena *a, const CounterRow *table, const char *file);

#endif
