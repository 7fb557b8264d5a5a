/*
 * Estimates: see estimate_rules.h.
 */
#include "app/meters/estimate_rules.h"

#include <string.h>

const char *const estimate_method_words[] = { "last_year", "recent", "area", "default", NULL };

int estimate_method_find(const char *word) {
    for (int i = 0; word && estimate_method_words[i]; i++)
        if (!strcmp(estimate_method_words[i], word)) return i;
    return -1;
}

static EstimateResult by_method(Arena *a, const EstimateInput *f, EstimateMethod m) {
    const EstimateBasis *b = &f->basis[m];
    if (b->days <= 0 || b->use.micro < 0 || f->days <= 0) return (EstimateResult){ 0 };
    Exact use = exact_mul(exact_micro(b->use.micro), exact_ratio(f->days, b->days));
    Exact rounded = exact_rounded(use, f->decimals);
    Wide thousandths;
    int64_t e3;
    if (!exact_round(rounded, 3, ROUND_HALF_UP, &thousandths) || !wide_fits(thousandths, &e3))
        return (EstimateResult){ 0 };
    const char *explain = text(a, "%s: %s in %d days x %d days = %s", estimate_method_words[m],
                               exact_text(a, exact_micro(b->use.micro), 0, 3), b->days, f->days,
                               exact_text(a, rounded, 0, 3));
    return (EstimateResult){ true, m, { e3 }, explain };
}

EstimateResult estimate(Arena *a, const EstimateInput *f) {
    static const EstimateMethod usual[] = { ESTIMATE_LAST_YEAR, ESTIMATE_RECENT, ESTIMATE_AREA, ESTIMATE_DEFAULT };
    const EstimateMethod *order = f->order_n ? f->order : usual;
    int n = f->order_n ? f->order_n : ESTIMATE_METHODS;
    for (int i = 0; i < n; i++) {
        EstimateResult r = by_method(a, f, order[i]);
        if (r.is_known) return r;
    }
    return (EstimateResult){ 0 };
}
