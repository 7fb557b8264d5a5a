/*
 * Percentages of the guided set-up (ONB-GUIDED): pure.
 */
#ifndef APP_SETUP_GUIDE_RULES_H
#define APP_SETUP_GUIDE_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* A step in its phase. weight: per cent of the phase, 0: none
 * of its own; gate: it must be done but counts for nothing. */
typedef struct StepShare { int weight, percent; bool is_gate; } StepShare;

/* Of a phase: the weighted sum where steps have weights, else the mean of those that count; rounded down. 100 for a
   phase of gates only. */
int phase_percent(const StepShare *v, size_t n);

/* The mean of the phases, rounded down; 0 for none. */
int overall_percent(const int *phase, size_t n);

/* The state of a step after its checks were counted anew. `state` is the stored one, `saved`: something of it was saved
   once, `opens`: all it needs is done. A step that was opened stays open, whatever becomes of what it needed. */
const char *state_now(const char *state, bool saved, bool opens, int percent);

#endif
