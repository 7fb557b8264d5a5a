/*
 * Bill runs, what blocks which move (BX01US03 "Does", "Refuses"). Pure.
 */
#ifndef APP_BILLING_RUN_RULES_H
#define APP_BILLING_RUN_RULES_H

#include "lib/arena.h"
#include "lib/types.h"

typedef struct {
    bool        has_four_eyes;
    bool        is_same_person;         /* who moves now generated or released last */
    bool        is_simulation, is_sample;
    int64_t     errors, held, stale, published, unfinished;
    int64_t     undecided_readings;     /* missing or waiting, neither estimated nor left out */
    const char *checklist_open;         /* the first item that is not ticked; NULL: complete */
    bool     is_checking;               /* accounts are being checked still */
} RunFacts;

/* text NULL: it may go on. is_denied: 403, is_input: 422, else 409. */
typedef struct { const char *text; bool is_denied, is_input; } RunRefusal;

RunRefusal run_continue_refusal (Arena *a, const RunFacts *f);      /* consumers -> readings */
RunRefusal run_generate_refusal (Arena *a, const RunFacts *f);      /* readings -> drafts */
RunRefusal run_ask_refusal      (Arena *a, const RunFacts *f);      /* review -> approval */
RunRefusal run_approve_refusal  (Arena *a, const RunFacts *f);
RunRefusal run_publish_refusal  (Arena *a, const RunFacts *f);
RunRefusal run_roll_back_refusal(Arena *a, const RunFacts *f);
RunRefusal run_close_refusal    (Arena *a, const RunFacts *f);

/* The checklist of stage 5, in order; its words are messages billing.check.<key> and <key>_how. */
typedef struct { const char *key; bool is_automatic; } CheckItem;
extern const CheckItem run_checks[];                                /* ended by {0} */

/* A change of revenue of more than so many percent, up or down, needs a note. */
enum { RUN_REVENUE_NOTE_PCT = 10 };
bool run_revenue_needs_note(int64_t percent, int64_t limit);

/* How far v is above or below base, in whole percent, half up; 0 when base is 0. */
int64_t percent_change(int64_t v, int64_t base);

#endif
