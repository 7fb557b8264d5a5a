/*
 * What a subscription costs and allows: see subscription_rules.h.
 */
#include "app/platform/subscription_rules.h"

Money term_price(Money monthly, bool is_year) {
    return (Money){ is_year ? monthly.minor * YEAR_MONTHS : monthly.minor };
}

Money plan_price(Money price, bool is_sold_by_year, bool is_year) {
    return is_sold_by_year ? price : term_price(price, is_year);
}

bool is_cheaper(Money price, bool is_year, Money than, bool than_is_year) {
    return price.minor * (is_year ? 1 : 12) < than.minor * (than_is_year ? 1 : 12);
}

int days_left(Date today, Date period_end) {
    int n = date_days_between(today, period_end) + 1;
    return n > 0 ? n : 0;
}

Money prorated(Money price, int left, int days, Rounding rounding) { return money_ratio(price, left, days, rounding); }

Money discount_of(Money price, int64_t ppm, Date until, Date begins) {
    if (ppm <= 0 || (date_is_set(until) && date_compare(begins, until) > 0)) return (Money){ 0 };
    return money_ppm(price, ppm, ROUND_HALF_UP);
}

Date period_last(Date start, bool is_year) { return date_add_days(date_add_months(start, is_year ? 12 : 1), -1); }

int64_t limit_room(int64_t used, int64_t limit) {
    if (limit < 0) return INT64_MAX;
    int64_t most = limit + limit * LIMIT_GRACE_PCT / 100;
    return most > used ? most - used : 0;
}

LimitLevel limit_level(int64_t used, int64_t limit) {
    if (limit < 0) return LIMIT_NONE;
    if (!limit_room(used, limit)) return LIMIT_OVER;
    return used >= limit ? LIMIT_FULL : used * 100 >= limit * LIMIT_NEAR_PCT ? LIMIT_NEAR : LIMIT_OK;
}

DebtStep debt_step(Date oldest_due, Date today) {
    if (!date_is_set(oldest_due)) return DEBT_NONE;
    int late = date_days_between(oldest_due, today);
    if (late <= 0) return DEBT_NONE;
    return late > SUSPEND_AFTER_DAYS + CANCEL_AFTER_DAYS ? DEBT_CANCELLED : late > SUSPEND_AFTER_DAYS ? DEBT_SUSPENDED
        : DEBT_PAST_DUE;
}
