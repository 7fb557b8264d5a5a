/*
 * Percentages and states of the guided set-up: see guide_rules.h.
 */
#include "app/setup/guide_rules.h"

#include <string.h>

int phase_percent(const StepShare *v, size_t n) {
    int weighted = 0, weights = 0, sum = 0, counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i].is_gate) continue;
        weights += v[i].weight, weighted += v[i].weight * v[i].percent;
        sum += v[i].percent, counted++;
    }
    if (weights) return weighted / weights;
    return counted ? sum / counted : 100;
}

int overall_percent(const int *phase, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) sum += phase[i];
    return n ? sum / (int)n : 0;
}

const char *state_now(const char *state, bool saved, bool opens, int percent) {
    if (!strcmp(state, "skipped")) return state;
    if (!strcmp(state, "locked") && !opens) return state;
    if (!strcmp(state, "signed_off") || !strcmp(state, "changed_after_signoff"))
        return percent < 100 ? "in_progress" : state;
    if (saved) return percent == 100 ? "complete" : "in_progress";
    if (!strcmp(state, "locked")) return "open";
    return percent == 100 && !strcmp(state, "complete") ? "complete" : "open";
}
