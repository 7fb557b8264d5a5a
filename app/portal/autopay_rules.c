/*
 * The days and limits of autopay: see autopay_rules.h.
 */
#include "app/portal/autopay_rules.h"

#include <string.h>

Date autopay_charge_on(Date due_on, int offset_days) { return date_add_days(due_on, -offset_days); }

Date autopay_again_on(Date first_try_on, int tries) {
    return tries < 1 || tries >= AUTOPAY_TRIES ? DATE_NONE : date_add_days(first_try_on, tries * AUTOPAY_AGAIN_DAYS);
}

static ByHand by_hand(const AutopayFacts *f) {
    if (f->is_cash_only) return BY_HAND_CASH;
    if (f->in_dispute) return BY_HAND_DISPUTE;
    if (f->in_agreement) return BY_HAND_AGREEMENT;
    return f->has_cap && f->open.minor > f->cap.minor ? BY_HAND_CAP : BY_HAND_NOT;
}

AutopayStep autopay_step(const AutopayFacts *f) {
    AutopayStep s = { .act = AUTOPAY_WAIT,
                      .charge_on = autopay_charge_on(f->due_on, f->offset_days),
                      .try_no = f->tries + 1 };
    if (f->tries) s.charge_on = autopay_again_on(f->first_try_on, f->tries);
    if (f->open.minor <= 0 || f->is_skipped || f->tries >= AUTOPAY_TRIES) {
        s.act = AUTOPAY_OVER;
        return s;
    }
    bool is_day = date_compare(f->today, s.charge_on) >= 0;
    bool is_near = date_days_between(f->today, s.charge_on) <= AUTOPAY_NOTICE_DAYS;
    if (f->is_charging || (!is_day && (f->tries || !is_near))) return s;
    s.why = by_hand(f);
    s.act = s.why ? AUTOPAY_BY_HAND : is_day ? AUTOPAY_CHARGE : AUTOPAY_NOTICE;
    return s;
}

bool decline_is_hard(const char *code) {
    /* To add one: a row. Codes of Stripe and of the sandbox. */
    static const char *const hard[] = {
        "stolen_card",
        "lost_card",
        "pickup_card",
        "restricted_card",
        "expired_card",
        "invalid_account",
        "account_closed",
        "card_not_supported",
        "currency_not_supported",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "stop_payment_order",
        "authentication_required",
        NULL,
    };
    for (int i = 0; code && hard[i]; i++)
        if (!strcmp(hard[i], code)) return true;
    return false;
}

int card_days_left(int month, int year, Date today) {
    Date first = date_of(year, month, 1);
    return date_days_between(today, date_add_days(date_add_months(first, 1), -1));
}
