/*
 * What a settlement adds up to: see settlement_rules.h.
 */
#include "app/hub/settlement_rules.h"

#include <string.h>

#include "lib/money.h"

const char *settlement_sum(Arena *a, const SettledAmount *v, size_t n, Money paid_out, SettlementSum *to) {
    *to = (SettlementSum){ 0 };
    for (size_t i = 0; i < n; i++) {
        const SettledAmount *l = &v[i];
        if (money_sub(l->gross, l->fee).minor != l->net.minor)
            return text(a, "Line %zu: gross less fee is not net.", i + 1);
        to->fee = money_add(to->fee, l->fee);
        to->net = money_add(to->net, l->net);
        to->fee_posted = money_add(to->fee_posted, l->fee_posted);
        if (!strcmp(l->type, "charge")) to->gross = money_add(to->gross, l->gross);
        else if (!strcmp(l->type, "refund")) to->refund = money_sub(to->refund, l->gross);
        else if (!strcmp(l->type, "dispute")) to->dispute = money_sub(to->dispute, l->gross);
        else to->adjustment = money_add(to->adjustment, l->gross);
    }
    if (to->net.minor != paid_out.minor) return "The lines do not add up to what was paid out.";
    return NULL;
}

/* Fees of disputes were posted when they opened; adjustments are nobody's yet. */
SettlementPosting settlement_posting(const SettlementSum *s) {
    SettlementPosting p = { .bank = s->net,
                            .fees = money_sub(s->fee, s->fee_posted),
                            .suspense = money_neg(s->adjustment) };
    p.clearing = money_neg(money_add(p.bank, money_add(p.fees, p.suspense)));
    return p;
}

Money fee_by_contract(Money gross, Money fixed, int64_t rate_ppm) {
    return money_add(money_ppm(gross, rate_ppm, ROUND_HALF_UP), fixed);
}

bool fee_is_by_contract(const SettledAmount *l, Money fixed, int64_t rate_ppm) {
    int64_t more = money_sub(l->fee, fee_by_contract(l->gross, fixed, rate_ppm)).minor;
    return more >= -1 && more <= 1;
}

Money sandbox_fee(Money amount) { return money_add(money_ppm(amount, 29000, ROUND_HALF_UP), (Money){ 30 }); }
