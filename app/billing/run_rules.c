/*
 * Bill runs, what blocks which move: see run_rules.h.
 */
#include "app/billing/run_rules.h"

#include "lib/money.h"

const CheckItem run_checks[] = {
    { "use", false }, { "revenue", false }, { "estimates", false }, { "exceptions", false }, { "sample", true },
    { "template", false }, { "ledger", true }, { 0 }
};

static RunRefusal allowed(void) { return (RunRefusal){ 0 }; }

static const char *count(Arena *a, int64_t n, const char *one, const char *many) {
    return text(a, "%lld %s", (long long)n, n == 1 ? one : many);
}

RunRefusal run_continue_refusal(Arena *a, const RunFacts *f) {
    if (f->is_checking) return (RunRefusal){ .text = "The accounts are being checked still." };
    if (!f->errors) return allowed();
    return (RunRefusal){ .text = text(a, "%s blocked. Mend or leave out first.",
                                      count(a, f->errors, "account is", "accounts are")) };
}

RunRefusal run_generate_refusal(Arena *a, const RunFacts *f) {
    if (f->errors || f->is_checking) return run_continue_refusal(a, f);
    if (!f->undecided_readings) return allowed();
    return (RunRefusal){ .text = text(a, "%s undecided. Estimate, enter a reading, or leave out.",
                                      count(a, f->undecided_readings, "reading is", "readings are")) };
}

RunRefusal run_ask_refusal(Arena *a, const RunFacts *f) {
    if (f->is_simulation) return (RunRefusal){ .text = "This run is a simulation. It ends here." };
    if (f->unfinished)
        return (RunRefusal){ .text = text(a, "%s not calculated yet.",
                                          count(a, f->unfinished, "account is", "accounts are")) };
    if (f->checklist_open)
        return (RunRefusal){ .text = text(a, "The checklist is not complete: %s.", f->checklist_open) };
    return allowed();
}

static const char *undecided(Arena *a, const RunFacts *f) {
    const char *errors = f->errors ? count(a, f->errors, "error", "errors") : NULL, *held = f->held
        ? count(a, f->held, "held bill", "held bills") : NULL;
    if (errors && held) return text(a, "%s and %s are undecided.", errors, held);
    return text(a, "%s %s undecided.", errors ? errors : held, f->errors + f->held == 1 ? "is" : "are");
}

RunRefusal run_approve_refusal(Arena *a, const RunFacts *f) {
    if (f->has_four_eyes && f->is_same_person)
        return (RunRefusal){ .text = "A second person must approve.", .is_denied = true };
    if (f->stale) return (RunRefusal){ .text = text(a, "%s must be recalculated.", count(a, f->stale, "bill", "bills")),
                                       .is_input = true };
    if (f->errors + f->held) return (RunRefusal){ .text = undecided(a, f), .is_input = true };
    return allowed();
}

RunRefusal run_publish_refusal(Arena *a, const RunFacts *f) {
    if (f->stale) return (RunRefusal){ .text = text(a, "%s must be recalculated.", count(a, f->stale, "bill", "bills")),
                                       .is_input = true };
    return allowed();
}

RunRefusal run_roll_back_refusal(Arena *a, const RunFacts *f) {
    if (!f->published) return allowed();
    return (RunRefusal){ .text = text(a, "%s published. Cancel them one by one with a reason.",
                                      count(a, f->published, "bill is", "bills are")) };
}

RunRefusal run_close_refusal(Arena *a, const RunFacts *f) {
    if (f->errors + f->held) return (RunRefusal){ .text = undecided(a, f) };
    return allowed();
}

bool run_revenue_needs_note(int64_t percent, int64_t limit) { return percent > limit || percent < -limit; }

int64_t percent_change(int64_t v, int64_t base) {
    if (!base) return 0;
    Wide difference = ((Wide)v - base) * 100;
    return (int64_t)wide_divide(difference, base < 0 ? -(Wide)base : base, ROUND_HALF_UP);
}
