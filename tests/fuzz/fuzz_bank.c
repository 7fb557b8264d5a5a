/* Statements of banks: lines of MT940 are in bounds and read the same with other line ends, and what a line
 * is matched with is one of the payouts. */
#include "app/hub/bank_rules.h"
#include "tests/fuzz/fuzz.h"

static void same(const BankLines *one, const BankLines *two) {
    MUST(one->n == two->n);
    for (size_t i = 0; i < one->n; i++)
        MUST(one->v[i].on.day == two->v[i].on.day && one->v[i].amount.minor == two->v[i].amount.minor &&
             one->v[i].line_no == two->v[i].line_no);
}

static void matched(const BankLines *all) {
    BankPayout v[3] = { { { 1 }, all->v[0].amount, all->v[0].on, "PO-1" },
                        { { 2 }, all->v[all->n - 1].amount, { all->v[0].on.day + BANK_NEAR_DAYS }, "PO-2" },
                        { { 3 }, { 5 }, all->v[0].on, "" } };
    for (size_t i = 0; i < all->n; i++) {
        BankMatch m = bank_match(&all->v[i], v, 3);
        MUST(m.settlement.id >= 0 && m.settlement.id <= 3);
        MUST(!m.settlement.id || v[m.settlement.id - 1].net.minor == all->v[i].amount.minor);
        MUST(m.settlement.id || !m.is_certain);
    }
}

FUZZ(bytes, n) {
    if (!n) return;
    int exponent = bytes[0] & 3;
    char *exact = arena_copy_n(&mem, (const char *)bytes + 1, n - 1);
    BankLines all, again;
    const char *wrong = mt940_read(&mem, exact, n - 1, exponent, &all);
    if (wrong) return;
    MUST(all.n && all.n <= BANK_LINES_MAX);
    for (size_t i = 0; i < all.n; i++) {
        const BankLine *l = &all.v[i];
        MUST(l->line_no > (i ? all.v[i - 1].line_no : 0));
        MUST(!l->reference || strlen(l->reference) <= BANK_REFERENCE_MAX);
    }
    Text other = text_start(&mem);
    for (const char *s = exact, *end = exact + n - 1; s < end; s++) {
        if (*s == '\n' && (s == exact || s[-1] != '\r')) text_add(&other, "\r");
        text_add_n(&other, s, 1);
    }
    MUST(!mt940_read(&mem, other.s, other.n, exponent, &again));
    same(&all, &again);
    matched(&all);
    mt940_is(exact, n - 1);
}
