/*
 * What a payment pays: see payment_rules.h.
 */
#include "app/cis/payment_rules.h"

#include <string.h>

#include "lib/date.h"
#include "lib/money.h"

static int place_on_day(const Payable *p) {
    if (!strcmp(p->type, "deposit")) return 0;
    if (!strcmp(p->type, "charge"))
        return p->charge_type && (!strcmp(p->charge_type, "LATE_FEE") || !strcmp(p->charge_type, "INTEREST")) ? 4 : 1;
    if (!strcmp(p->type, "bill")) return 2;
    return 5;
}

static bool is_overdue_instalment(const Payable *p, Date today) {
    return !strcmp(p->type, "instalment") && date_compare(p->due_on, today) < 0;
}

/* Negative: a before b. */
static int compare(const Payable *a, const Payable *b, Date today) {
    if (a->in_dispute != b->in_dispute) return a->in_dispute ? 1 : -1;
    bool oa = is_overdue_instalment(a, today), ob = is_overdue_instalment(b, today);
    if (oa != ob) return oa ? -1 : 1;
    int by_date = date_compare(a->due_on, b->due_on);
    return by_date ? by_date : place_on_day(a) - place_on_day(b);
}

/* Insertion sort: lists are short, and equal items keep their order. */
static size_t *in_order(Arena *a, const Payable *items, size_t n, Date today) {
    size_t *order = take_n(a, size_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t k = i;
        for (; k && compare(&items[i], &items[order[k - 1]], today) < 0; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    return order;
}

Allocations payment_allocate(Arena *a, const Payable *items, size_t n, Money amount, Date today) {
    Allocations to = { take_n(a, Allocation, n + 1), 0, amount };
    size_t *order = in_order(a, items, n, today);
    for (size_t i = 0; i < n && to.rest.minor > 0; i++) {
        const Payable *p = &items[order[i]];
        Money part = { p->open.minor < to.rest.minor ? p->open.minor : to.rest.minor };
        if (part.minor <= 0) continue;
        to.v[to.n++] = (Allocation){ order[i], part };
        to.rest = money_sub(to.rest, part);
    }
    return to;
}

const char *payment_allocate_chosen(Arena *a, const Payable *items, const Money *wanted, size_t n, Money amount,
                                    Allocations *to) {
    *to = (Allocations){ take_n(a, Allocation, n + 1), 0, amount };
    for (size_t i = 0; i < n; i++) {
        Money part = wanted[i].minor ? wanted[i] : (Money){ items[i].open.minor < to->rest.minor ? items[i].open.minor
            : to->rest.minor };
        if (part.minor < 0 || part.minor > items[i].open.minor)
            return "More was chosen for an item than is open on it.";
        if (part.minor > to->rest.minor) return "The chosen items are more than the amount.";
        if (!part.minor) continue;
        to->v[to->n++] = (Allocation){ i, part };
        to->rest = money_sub(to->rest, part);
    }
    return NULL;
}
