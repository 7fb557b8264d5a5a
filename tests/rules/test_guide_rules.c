/*
 * Percentages and states of the guided set-up (ONB-GUIDED).
 */
#include "app/setup/guide_rules.h"

#include <stdint.h>

#include "tests/suite.h"

static void weights(void) {
    /* ONB-GUIDED.3: a gate, then 25, 15, 10, 20, 20, 10 per cent */
    StepShare utility[] = { { 0, 0, true }, { 25, 100, false }, { 15, 100, false }, { 10, 50, false },
                            { 20, 0, false }, { 20, 0, false }, { 10, 0, false } };
    SAME_INT(phase_percent(utility, 7), 45);
    utility[3].percent = 49;
    SAME_INT(phase_percent(utility, 7), 44);          /* rounded down */
    for (int i = 0; i < 7; i++) utility[i].percent = 100;
    SAME_INT(phase_percent(utility, 7), 100);
}

static void means(void) {
    StepShare operations[] = { { 0, 100, false }, { 0, 50, false }, { 0, 0, false }, { 0, 49, false } };
    SAME_INT(phase_percent(operations, 4), 49);
    SAME_INT(phase_percent(&(StepShare){ 0, 0, true }, 1), 100);
    SAME_INT(phase_percent(NULL, 0), 100);
    SAME_INT(overall_percent((int[]){ 100, 45, 0, 0 }, 4), 36);
    SAME_INT(overall_percent(NULL, 0), 0);
}

static void states(void) {
    static const struct { const char *is; bool saved, opens; int percent; const char *becomes; } cases[] = {
        { "locked",                false, false, 0,   "locked" },
        { "locked",                false, true,  0,   "open" },
        { "locked",                false, true,  100, "open" },         /* what the seeds satisfy does not count yet */
        { "open",                  false, false, 0,   "open" },         /* once open, it stays open */
        { "locked",                true,  false, 100, "locked" },       /* saved by a template, before its turn */
        { "locked",                true,  true,  100, "complete" },
        { "open",                  true,  true,  50,  "in_progress" },
        { "in_progress",           true,  true,  100, "complete" },
        { "complete",              true,  true,  99,  "in_progress" },
        { "complete",              true,  false, 100, "complete" },
        { "signed_off",            true,  true,  100, "signed_off" },
        { "signed_off",            true,  true,  80,  "in_progress" },
        { "changed_after_signoff", true,  true,  100, "changed_after_signoff" },
        { "changed_after_signoff", true,  true,  99,  "in_progress" },
        { "skipped",               false, true,  0,   "skipped" },
        { "skipped",               true,  true,  100, "skipped" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_TEXT(state_now(cases[i].is, cases[i].saved, cases[i].opens, cases[i].percent),
                  cases[i].becomes);
}

int main(void) {
    return suite_run("guide_rules", (SuiteTest[]){
        { "ONB-GUIDED.3 steps count by their weights, rounded down", weights },
        { "without weights they count alike; gates count for nothing", means },
        { "a step's state after its checks were counted", states }, { 0 } });
}
