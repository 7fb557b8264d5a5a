/*
 * The tariff engine: see tariff_rules.h. One component at a time: quantity, price, factor, minimum, one rounding (I4).
 * Values that cannot be held exactly come out of lib/exact as "not held" and end in TARIFF_TOO_PRECISE.
 */
#include "app/billing/tariff_rules.h"

#include <string.h>

static const int64_t TOO_LARGE_MAJOR = 1000000000000;       /* 10^12: a line or a total from here on is refused */

/* A line while it is computed. */
typedef struct {
    Arena              *a;
    const TariffPeriod *p;
    const TariffRate   *r;
    const TariffPrices *prices;
    Exact               share;          /* days of the part / days of the period */
    int                 part_days;
    const TariffUsage  *measured;       /* of the part, or NULL */
    Exact               quantity, factor, value;
    Text                why;
} Work;

/* ---- Words ---- */

static int word_find(const char *const *words, const char *word) {
    for (int i = 0; word && words[i]; i++)
        if (!strcmp(words[i], word)) return i;
    return -1;
}

int tariff_calc_find(const char *word) {
    static const char *const words[] = { "flat", "per_unit", "tiered", "flat_by_tier", "tou", "percent", NULL };
    return word_find(words, word);
}

int tariff_basis_find(const char *word) {
    static const char *const words[] = { "per_bill", "per_month", "per_day", "per_year", NULL };
    return word_find(words, word);
}

int tier_mode_find(const char *word) {
    static const char *const words[] = { "marginal", "whole", NULL };
    return word_find(words, word);
}

int tier_period_find(const char *word) {
    static const char *const words[] = { "bill", "month", "day", NULL };
    return word_find(words, word);
}

/* How many bytes of s a name takes: [a-z][a-z0-9_]{0,39}; 0 when it is none. */
static size_t name_length(const char *s) {
    if (*s < 'a' || *s > 'z') return 0;
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n <= 40 ? n : 0;
}

bool tariff_name_is_valid(const char *s) {
    size_t n = name_length(s);
    return n && !s[n];
}

bool charge_type_is_valid(const char *s) {
    if (*s < 'A' || *s > 'Z') return false;
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return n <= 40 && !s[n];
}

static size_t digits_length(const char *s) {
    return strspn(s, "0123456789");
}

/* Reads a decimal from the head of s and answers its length; 0 when there is none. */
static size_t decimal_read(const char *s, int64_t *micro) {
    const char *at = s + (*s == '-');
    size_t whole = digits_length(at), places = 0;
    if (whole < 1 || whole > 9) return 0;
    int64_t value = 0;
    for (; whole; whole--) value = value * 10 + (*at++ - '0');
    if (*at == '.') {
        places = digits_length(++at);
        if (places < 1 || places > 6) return 0;
    }
    for (size_t i = 0; i < 6; i++) value = value * 10 + (i < places ? *at++ - '0' : 0);
    *micro = *s == '-' ? -value : value;
    return (size_t)(at - s);
}

bool tariff_decimal_parse(const char *s, int64_t *micro) {
    size_t n = decimal_read(s, micro);
    return n && !s[n];
}

/* A name from the head of *s, which moves behind it; the usage is NULL. */
static bool name_read(Arena *a, const char **s, const char **to) {
    size_t n = name_length(*s);
    if (!n) return false;
    *to = n == 5 && !memcmp(*s, "usage", 5) ? NULL : text_copy_n(a, *s, n);
    *s += n;
    return true;
}

static bool divisor_read(const char **s, Quantity *to) {
    if (**s != '/') return false;
    size_t n = decimal_read(*s + 1, &to->micro);
    if (!n || to->micro <= 0) return false;
    *s += n + 1;
    return true;
}

bool tariff_quantity_parse(Arena *a, const char *s, TariffQuantity *to) {
    *to = (TariffQuantity){ 0 };
    if (!s || !*s) return true;
    if (!strncmp(s, "min(", 4)) {
        to->kind = QUANTITY_MIN;
        s += 4;
        if (!name_read(a, &s, &to->a) || *s++ != ',') return false;
        if (*s == ' ') s++;
        return name_read(a, &s, &to->b) && !strcmp(s, ")");
    }
    if (!strncmp(s, "ceil(", 5)) {
        to->kind = QUANTITY_CEIL;
        s += 5;
        return name_read(a, &s, &to->a) && divisor_read(&s, &to->n) && !strcmp(s, ")");
    }
    if (!strncmp(s, "ratchet(", 8)) {
        to->kind = QUANTITY_RATCHET;
        s += 8;
        if (!name_read(a, &s, &to->a) || !to->a || *s++ != ',' || !name_read(a, &s, &to->b) || !to->b || *s++ != ',')
            return false;
        size_t n = decimal_read(s, &to->n.micro);
        return n && to->n.micro > 0 && to->n.micro <= 100 * 1000000 && !strcmp(s + n, ")");
    }
    if (!name_read(a, &s, &to->a)) return false;
    if (!*s) return true;
    to->kind = QUANTITY_SHARE;
    return divisor_read(&s, &to->n) && !*s;
}

bool tariff_is_deduction(const char *charge_type) {
    return !strcmp(charge_type, "DISCOUNT") || !strcmp(charge_type, "SUBSIDY");
}

static bool quantity_has_usage(const TariffQuantity *q) {
    return !q->a || (q->kind == QUANTITY_MIN && !q->b);
}

bool tariff_is_metered(const TariffRate *r) {
    if (r->calc == CALC_TOU) return true;
    return r->calc != CALC_FLAT && r->calc != CALC_PERCENT && quantity_has_usage(&r->quantity);
}

bool tariff_names(const TariffRate *r, const char *name) {
    return !strcmp(r->charge_type, name) || (r->label && !strcmp(r->label, name));
}

/* ---- Use ---- */

UseKind use_between(Exact start, Exact end, int digits, Exact multiplier, Exact *use) {
    Exact difference = exact_sub(end, start);
    UseKind kind = USE_OK;
    if (exact_is_negative(difference)) {
        Exact full = digits > 0 ? exact_whole(power_of_ten(digits)) : EXACT_ZERO;
        bool rolled = digits > 0 && exact_compare(start, exact_mul(full, exact_ratio(9, 10))) > 0;
        kind = rolled ? USE_ROLLED_OVER : USE_NEGATIVE;
        if (rolled) difference = exact_add(difference, full);
    }
    *use = exact_mul(difference, multiplier);
    return kind;
}

Exact gas_energy(Exact volume, bool imperial, Exact correction, Exact calorific_value) {
    Exact metric = imperial ? exact_mul(volume, exact_ratio(283, 100)) : volume;
    return exact_mul(exact_mul(exact_mul(metric, correction), calorific_value), exact_ratio(10, 36));
}

/* ---- Factors ---- */

/* days / (normal_days x months), rounded when the period says so. */
static Exact normal_factor(const TariffPeriod *p, int64_t normal_days_micro, int months) {
    Exact f = exact_ratio((Wide)p->days * 1000000, (Wide)normal_days_micro * months);
    return p->factor_decimals < 0 ? f : exact_rounded(f, p->factor_decimals);
}

static Exact proration(const TariffPeriod *p, bool prorate, int64_t normal_days_micro) {
    return prorate && !p->full ? normal_factor(p, normal_days_micro, p->months) : EXACT_ONE;
}

Exact tariff_factor(const TariffPeriod *p, const TariffRate *r) {
    switch (r->basis) {
    case BASIS_PER_BILL:  return proration(p, r->prorate, r->normal_days_micro);
    case BASIS_PER_MONTH:
        return r->prorate && !p->full ? normal_factor(p, r->normal_days_micro, 1) : exact_whole(p->months);
    case BASIS_PER_DAY:   return exact_whole(p->days);
    case BASIS_PER_YEAR:  return exact_ratio(p->days, r->year_days);
    }
    return EXACT_ONE;
}

/* What limits and free quantity are multiplied with. */
static Exact tier_factor(const Work *w) {
    const TariffPeriod *p = w->p;
    switch (w->r->tier_period) {
    case TIERS_BY_BILL:  return EXACT_ONE;
    case TIERS_BY_MONTH: return p->full ? exact_whole(p->months) : normal_factor(p, w->r->normal_days_micro, 1);
    case TIERS_BY_DAY:   return exact_whole(p->days);
    }
    return EXACT_ONE;
}

/* ---- Texts: only when asked for ---- */

enum { PLACES_SHOWN = 6 };

static const char *number(const Work *w, Exact x) {
    return exact_text(w->a, x, 0, PLACES_SHOWN);
}

static const char *money(const Work *w, Exact x) {
    return exact_text(w->a, x, w->p->exponent, PLACES_SHOWN);
}

static const char *price(const Work *w, Price x) {
    return money(w, exact_micro(x.micro));
}

static const char *days_ratio(const Work *w, int days, int64_t normal_days_micro, int months) {
    const char *normal = number(w, exact_mul(exact_micro(normal_days_micro), exact_whole(months)));
    return text(w->a, "%d / %s days", days, normal);
}

/* " x 15 / 30 days": the factor of the amount, and the share of a part. */
static void tell_factor(Work *w) {
    const TariffRate *r = w->r;
    const TariffPeriod *p = w->p;
    bool prorated = r->prorate && !p->full;
    if (prorated && r->basis <= BASIS_PER_MONTH) {
        const char *ratio = days_ratio(w, p->days, r->normal_days_micro, r->basis == BASIS_PER_BILL ? p->months : 1);
        if (p->factor_decimals < 0) text_addf(&w->why, " x %s", ratio);
        else text_addf(&w->why, " x %s (%s)", number(w, tariff_factor(p, r)), ratio);
    }
    else if (r->basis == BASIS_PER_MONTH && p->months > 1) text_addf(&w->why, " x %d months", p->months);
    else if (r->basis == BASIS_PER_DAY) text_addf(&w->why, " x %d days", p->days);
    else if (r->basis == BASIS_PER_YEAR) text_addf(&w->why, " x %d / %d days", p->days, r->year_days);
}

static void tell_share(Work *w) {
    if (w->part_days != w->p->days) text_addf(&w->why, " x %d / %d days", w->part_days, w->p->days);
}

static void tell_step(Work *w, const char *step) {
    if (w->why.n) text_add(&w->why, "; ");
    text_add(&w->why, step);
}

/* ---- Quantity ---- */

static bool attribute_find(const TariffPeriod *p, const char *name, Exact *to) {
    for (int i = 0; i < p->attribute_n; i++)
        if (!strcmp(p->attributes[i].name, name)) return *to = p->attributes[i].value, true;
    return false;
}

static bool operand(const Work *w, const char *name, Exact usage, Exact scale, Exact *to) {
    if (!name) return *to = usage, true;
    if (!attribute_find(w->p, name, to)) return false;
    *to = exact_mul(*to, scale);
    return true;
}

/* The quantity that the component names, for the part; its share of days unless it was measured for the part. */
static TariffProblem quantity_named(Work *w) {
    const TariffQuantity *q = &w->r->quantity;
    bool measured = w->measured && quantity_has_usage(q), tell = w->p->explain;
    Exact usage = measured ? w->measured->quantity : w->p->usage.quantity, x, y,
          scale = measured ? w->share : EXACT_ONE;
    if (!operand(w, q->a, usage, scale, &x)) return TARIFF_NO_ATTRIBUTE;
    Exact n = exact_micro(q->n.micro), result = x;
    switch (q->kind) {
    case QUANTITY_PLAIN:
        break;
    case QUANTITY_MIN:
        if (!operand(w, q->b, usage, scale, &y)) return TARIFF_NO_ATTRIBUTE;
        result = exact_min(x, y);
        if (tell) tell_step(w, text(w->a, "lesser of %s and %s = %s", number(w, x), number(w, y), number(w, result)));
        break;
    case QUANTITY_RATCHET:
        if (!operand(w, q->b, usage, scale, &y)) break;                 /* no month before this one */
        result = exact_max(x, exact_mul(y, exact_div(n, exact_whole(100))));
        if (tell)
            tell_step(w, text(w->a, "greater of %s and %s %% of %s = %s", number(w, x), number(w, n), number(w, y),
                              number(w, result)));
        break;
    case QUANTITY_CEIL:
        result = exact_ceil(exact_div(x, n));
        if (tell)
            tell_step(w,
                      text(w->a, "%s / %s, up to the next whole = %s", number(w, x), number(w, n), number(w, result)));
        break;
    case QUANTITY_SHARE:
        result = exact_div(x, n);
        if (tell) tell_step(w, text(w->a, "%s / %s = %s", number(w, x), number(w, n), number(w, result)));
        break;
    }
    if (w->r->round_qty == QUANTITY_UP_TO_UNIT) {
        Exact up = exact_ceil(result);
        if (tell && exact_compare(up, result))
            tell_step(w, text(w->a, "%s, up to the next whole = %s", number(w, result), number(w, up)));
        result = up;
    }
    if (!measured && w->part_days != w->p->days) {
        Exact part = exact_mul(result, w->share);
        if (tell)
            tell_step(
                w, text(w->a, "%s x %d / %d days = %s", number(w, result), w->part_days, w->p->days, number(w, part)));
        result = part;
    }
    w->quantity = result;
    return TARIFF_OK;
}

static TariffProblem quantity_billed(Work *w) {
    const TariffRate *r = w->r;
    TariffProblem problem = quantity_named(w);
    if (problem) return problem;
    if (r->qty_percent_e6 != 100000000) {
        Exact all = w->quantity;
        w->quantity = exact_mul(all, exact_ratio(r->qty_percent_e6, 100000000));
        if (w->p->explain)
            tell_step(w, text(w->a, "%s %% of %s = %s", number(w, exact_micro(r->qty_percent_e6)), number(w, all),
                              number(w, w->quantity)));
    }
    if (r->included_qty.micro) {
        Exact all = w->quantity,
              included = exact_mul(exact_mul(exact_micro(r->included_qty.micro), tier_factor(w)), w->share);
        w->quantity = exact_max(EXACT_ZERO, exact_sub(all, included));
        if (w->p->explain)
            tell_step(w,
                      text(w->a, "%s less %s free = %s", number(w, all), number(w, included), number(w, w->quantity)));
    }
    return exact_held(w->quantity) ? TARIFF_OK : TARIFF_TOO_PRECISE;
}

/* ---- Calculations ---- */

/* The whole sum is told with its result when rounding changed it, or when it is not told yet. */
static void tell_quantity(Work *w) {
    if (!w->why.n) text_add(&w->why, number(w, w->quantity));
}

static TariffProblem flat(Work *w) {
    w->factor = exact_mul(tariff_factor(w->p, w->r), w->share);
    w->value = exact_mul(exact_micro(w->prices->price.micro), w->factor);
    if (!w->p->explain) return TARIFF_OK;
    text_add(&w->why, price(w, w->prices->price));
    size_t before = w->why.n;
    tell_factor(w);
    tell_share(w);
    if (w->why.n > before) text_addf(&w->why, " = %s", money(w, w->value));
    return TARIFF_OK;
}

static TariffProblem per_unit(Work *w) {
    TariffProblem problem = quantity_billed(w);
    if (problem) return problem;
    w->value = exact_mul(exact_mul(w->quantity, exact_micro(w->prices->price.micro)), tariff_factor(w->p, w->r));
    if (!w->p->explain) return TARIFF_OK;
    tell_quantity(w);
    text_addf(&w->why, " x %s", price(w, w->prices->price));
    tell_factor(w);
    text_addf(&w->why, " = %s", money(w, w->value));
    return TARIFF_OK;
}

/* The limit of a tier; never below that of the tier before. */
static TariffProblem tier_limit(const Work *w, const TariffTier *t, Exact scale, Exact before, Exact *to) {
    Exact x = exact_micro(t->upto.micro), attribute;
    if (t->attribute) {
        if (!attribute_find(w->p, t->attribute, &attribute)) return TARIFF_NO_ATTRIBUTE;
        x = exact_add(x, attribute);
    }
    *to = exact_max(before, exact_mul(x, scale));
    return exact_held(*to) ? TARIFF_OK : TARIFF_TOO_PRECISE;
}

static TariffProblem limit_scale(const Work *w, Exact *to) {
    Exact count;
    *to = exact_mul(tier_factor(w), w->share);
    if (!w->r->tiers_per) return TARIFF_OK;
    if (!attribute_find(w->p, w->r->tiers_per, &count)) return TARIFF_NO_ATTRIBUTE;
    *to = exact_mul(*to, count);
    return TARIFF_OK;
}

static TariffProblem marginal(Work *w) {
    Exact scale, from = EXACT_ZERO, limit = EXACT_ZERO;
    TariffProblem problem = limit_scale(w, &scale);
    int told = 0;
    for (int i = 0; i < w->prices->tier_n && !problem; i++) {
        const TariffTier *t = &w->prices->tiers[i];
        if (t->unlimited) limit = w->quantity;
        else if ((problem = tier_limit(w, t, scale, from, &limit))) break;
        Exact part = exact_sub(exact_min(w->quantity, limit), from);
        if (!exact_held(part)) return TARIFF_TOO_PRECISE;
        if (part.num > 0) {
            Exact cost = exact_mul(part, exact_micro(t->price.micro));
            w->value = exact_add(w->value, cost);
            if (w->p->explain)
                tell_step(w, text(w->a, "%s x %s = %s", number(w, part), price(w, t->price), money(w, cost)));
            told++;
        }
        if (exact_compare(w->quantity, limit) <= 0) break;
        from = limit;
    }
    if (problem || !w->p->explain) return problem;
    if (!told)
        tell_step(w, text(w->a, "%s x %s = %s", number(w, w->quantity), price(w, w->prices->tiers[0].price),
                          money(w, w->value)));
    return TARIFF_OK;
}

/* The tier that the quantity reaches: on a limit the lower one, 0 the first. */
static TariffProblem tier_reached(Work *w, const TariffTier **to, Exact *above) {
    Exact scale, limit = EXACT_ZERO;
    TariffProblem problem = limit_scale(w, &scale);
    for (int i = 0; i < w->prices->tier_n && !problem; i++) {
        *to = &w->prices->tiers[i];
        *above = limit;
        if ((*to)->unlimited) break;
        problem = tier_limit(w, *to, scale, limit, &limit);
        if (!problem && exact_compare(w->quantity, limit) <= 0) break;
    }
    return problem;
}

static TariffProblem tiered(Work *w) {
    TariffProblem problem = quantity_billed(w);
    if (problem) return problem;
    w->value = EXACT_ZERO;
    if (w->r->tier_mode == TIERS_MARGINAL) return marginal(w);
    const TariffTier *t = NULL;
    Exact above;
    if ((problem = tier_reached(w, &t, &above))) return problem;
    w->value = exact_mul(w->quantity, exact_micro(t->price.micro));
    if (!w->p->explain) return TARIFF_OK;
    tell_quantity(w);
    text_addf(&w->why, " x %s = %s", price(w, t->price), money(w, w->value));
    return TARIFF_OK;
}

static TariffProblem flat_by_tier(Work *w) {
    TariffProblem problem = quantity_billed(w);
    if (problem) return problem;
    const TariffTier *t = NULL;
    Exact above;
    if ((problem = tier_reached(w, &t, &above))) return problem;
    w->factor = exact_mul(tariff_factor(w->p, w->r), w->share);
    w->value = exact_mul(exact_micro(t->price.micro), w->factor);
    if (!w->p->explain) return TARIFF_OK;
    tell_quantity(w);
    text_addf(&w->why, ", in the tier above %s: %s", number(w, above), price(w, t->price));
    size_t before = w->why.n;
    tell_factor(w);
    tell_share(w);
    if (w->why.n > before) text_addf(&w->why, " = %s", money(w, w->value));
    return TARIFF_OK;
}

static const TouPrice *tou_price(const TariffPrices *prices, const char *period) {
    for (int i = 0; i < prices->tou_n; i++)
        if (!strcmp(prices->tou[i].period, period)) return &prices->tou[i];
    return NULL;
}

static TariffProblem tou(Work *w) {
    const TariffUsage *u = w->measured ? w->measured : &w->p->usage;
    bool by_days = !w->measured && w->part_days != w->p->days;
    w->value = w->quantity = EXACT_ZERO;
    for (int i = 0; i < u->tou_n; i++) {
        const TouPrice *t = tou_price(w->prices, u->tou[i].period);
        if (!t) return TARIFF_NO_PRICE;
        Exact q = u->tou[i].quantity;
        if (by_days) q = exact_mul(q, w->share);
        Exact cost = exact_mul(q, exact_micro(t->price.micro));
        w->quantity = exact_add(w->quantity, q);
        w->value = exact_add(w->value, cost);
        if (w->p->explain)
            tell_step(w, text(w->a, "%s %s x %s = %s", t->period, number(w, q), price(w, t->price), money(w, cost)));
    }
    if (w->p->explain && by_days && u->tou_n) text_addf(&w->why, " (%d of %d days)", w->part_days, w->p->days);
    return TARIFF_OK;
}

/* ---- Lines ---- */

bool tariff_is_too_large(Money amount, int exponent) {
    int64_t limit = TOO_LARGE_MAJOR * power_of_ten(exponent);
    return amount.minor >= limit || amount.minor <= -limit;
}

TariffProblem tariff_round(Exact x, const TariffPeriod *p, Money *to) {
    Wide value;
    *to = (Money){ 0 };
    if (!exact_held(x)) return TARIFF_TOO_PRECISE;
    Wide limit = (Wide)TOO_LARGE_MAJOR * power_of_ten(p->exponent);
    if (!exact_round(x, p->exponent, p->rounding, &value)) value = x.num < 0 ? -limit : limit;
    if (value > -limit && value < limit) return to->minor = (int64_t)value, TARIFF_OK;
    to->minor = (int64_t)(value < 0 ? -limit : limit);
    return TARIFF_TOO_LARGE;
}

bool tariff_eru(int64_t impervious_sqft, int eru_sqft, bool is_single_family, Exact *to) {
    if (is_single_family) return *to = EXACT_ONE, true;
    if (impervious_sqft <= 0 || eru_sqft <= 0) return false;
    Wide tenths = wide_divide((Wide)impervious_sqft * 10, eru_sqft, ROUND_HALF_UP);
    *to = exact_ratio(tenths < 10 ? 10 : (int64_t)tenths, 10);
    return true;
}

/* TARIFF_OK, or why there is no line. */
static TariffProblem applies(const TariffPeriod *p, const TariffRate *r) {
    Exact usage = p->usage.quantity;
    if (r->season && !(r->season >> p->end_month & 1)) return TARIFF_NOT_NOW;
    if ((r->has_above || r->has_upto) && !exact_held(usage)) return TARIFF_TOO_PRECISE;
    if (r->has_above && exact_compare(usage, exact_micro(r->above.micro)) <= 0) return TARIFF_NOT_NOW;
    return r->has_upto && exact_compare(usage, exact_micro(r->upto.micro)) > 0 ? TARIFF_NOT_NOW : TARIFF_OK;
}

/* Minimum and rounding; a deduction may be too large here, it is limited later. */
static TariffProblem finish(Work *w, TariffLine *to) {
    const TariffRate *r = w->r;
    Exact computed = w->value;
    if (r->has_minimum) w->value = exact_max(computed, exact_micro(r->minimum.micro));
    TariffProblem problem = tariff_round(w->value, w->p, &to->amount);
    if (problem == TARIFF_TOO_LARGE && tariff_is_deduction(r->charge_type)) problem = TARIFF_OK;
    if (problem) return problem;
    *to = (TariffLine){ .charge_type = r->charge_type, .service = r->service, .label = r->label, .amount = to->amount,
                        .has_quantity = r->calc != CALC_FLAT && r->calc != CALC_PERCENT, .quantity = w->quantity,
                        .factor = w->factor };
    if (!w->p->explain) return TARIFF_OK;
    bool rounded = exact_compare(w->value, exact_minor(to->amount, w->p->exponent)) != 0;
    if (exact_compare(w->value, computed)) text_addf(&w->why, "; at least %s", price(w, r->minimum));
    else if (rounded && (r->calc == CALC_TOU || (r->calc == CALC_TIERED && strchr(w->why.s, ';'))))
        text_addf(&w->why, "; together %s", money(w, w->value));
    if (rounded) text_addf(&w->why, ", rounded %s", wide_text(w->a, to->amount.minor, w->p->exponent));
    to->explain = w->why.s;
    return TARIFF_OK;
}

TariffProblem tariff_line(Arena *a, const TariffPeriod *p, const TariffRate *r, const TariffPrices *prices,
                          const TariffPart *part, TariffLine *to) {
    TariffProblem problem = applies(p, r);
    if (problem) return problem;
    Work w = { .a = a,
               .p = p,
               .r = r,
               .prices = prices,
               .part_days = part->days,
               .measured = part->usage,
               .share = exact_ratio(part->days, p->days),
               .quantity = EXACT_ZERO,
               .factor = EXACT_ONE,
               .value = EXACT_ZERO,
               .why = text_start(a) };
    switch (r->calc) {
    case CALC_FLAT:         problem = flat(&w); break;
    case CALC_PER_UNIT:     problem = per_unit(&w); break;
    case CALC_TIERED:       problem = tiered(&w); break;
    case CALC_FLAT_BY_TIER: problem = flat_by_tier(&w); break;
    case CALC_TOU:          problem = tou(&w); break;
    case CALC_PERCENT:      return TARIFF_NO_PRICE;     /* tariff_percent_line knows its base */
    }
    return problem ? problem : finish(&w, to);
}

TariffProblem tariff_percent_line(Arena *a, const TariffPeriod *p, const TariffRate *r, Exact base, TariffLine *to) {
    TariffProblem problem = applies(p, r);
    if (problem) return problem;
    Work w = {
        .a = a, .p = p, .r = r, .part_days = p->days, .quantity = EXACT_ZERO, .factor = EXACT_ONE, .why = text_start(a)
    };
    w.value = exact_mul(base, exact_ratio(r->percent_e6, 100000000));
    if (p->explain)
        text_addf(&w.why, "%s %% of %s = %s", number(&w, exact_micro(r->percent_e6)), money(&w, base),
                  money(&w, w.value));
    if (r->has_cap) {
        Exact cap = exact_mul(exact_micro(r->cap_per_unit.micro), p->usage.quantity), computed = w.value;
        w.value = exact_min(computed, cap);
        if (p->explain && exact_compare(w.value, computed))
            text_addf(&w.why, "; at most %s x %s = %s", number(&w, p->usage.quantity), price(&w, r->cap_per_unit),
                      money(&w, cap));
    }
    return finish(&w, to);
}

TariffProblem tariff_deduct(Arena *a, const TariffPeriod *p, Money limit, TariffLine *line) {
    int64_t most = limit.minor > 0 ? limit.minor : 0, amount = line->amount.minor > 0 ? line->amount.minor : 0;
    bool limited = amount > most;
    line->amount.minor = limited ? -most : -amount;
    if (tariff_is_too_large(line->amount, p->exponent)) return TARIFF_TOO_LARGE;
    if (p->explain && limited)
        line->explain = text(a, "%s; at most %s", line->explain, wide_text(a, most, p->exponent));
    if (p->explain) line->explain = text(a, "%s; deducted", line->explain);
    return TARIFF_OK;
}

/* ---- A whole tariff ---- */

typedef struct {
    Arena        *a;
    const Tariff *t;
    TariffResult *result;
    int64_t       sum;              /* of the lines so far: below 2,401 x 10^15 */
} Tally;

static bool line_is_named(const TariffLine *l, const char *const *of, int of_n) {
    for (int i = 0; i < of_n; i++)
        if (!strcmp(l->charge_type, of[i]) || (l->label && !strcmp(l->label, of[i]))) return true;
    return false;
}

static Money named_sum(const TariffResult *result, const char *const *of, int of_n) {
    Money sum = { 0 };
    for (int i = 0; i < result->n; i++)
        if (line_is_named(&result->lines[i], of, of_n)) sum.minor += result->lines[i].amount.minor;
    return sum;
}

static TariffProblem add_line(Tally *y, int component, TariffLine line) {
    if (tariff_is_deduction(line.charge_type)) {
        TariffProblem problem = tariff_deduct(y->a, &y->t->period, (Money){ y->sum }, &line);
        if (problem) return problem;
    }
    line.rate = component;
    y->sum += line.amount.minor;
    y->result->lines[y->result->n++] = line;
    return TARIFF_OK;
}

static TariffProblem add_component(Tally *y, int i) {
    const TariffComponent *c = &y->t->components[i];
    const TariffPeriod *p = &y->t->period;
    TariffProblem problem = TARIFF_OK;
    TariffLine line;
    if (c->rate.calc == CALC_PERCENT) {
        Exact base = exact_minor(named_sum(y->result, c->rate.of, c->rate.of_n), p->exponent);
        problem = tariff_percent_line(y->a, p, &c->rate, base, &line);
        return problem ? problem : add_line(y, i, line);
    }
    if (!c->version_n) {
        problem = tariff_line(y->a, p, &c->rate, &c->rate.prices, &(TariffPart){ .days = p->days }, &line);
        return problem ? problem : add_line(y, i, line);
    }
    for (int v = 0; v < c->version_n && !problem; v++) {
        problem =
            tariff_line(y->a, p, &c->rate, &c->versions[v].prices, &(TariffPart){ .days = c->versions[v].days }, &line);
        if (!problem) problem = add_line(y, i, line);
    }
    return problem;
}

/* After this component stands the line of the minimum bill; -1: there is none. */
static int minimum_place(const Tariff *t) {
    if (!t->minimum.is_set) return -1;
    int place = -1;
    for (int i = 0; i < t->component_n; i++)
        for (int n = 0; n < t->minimum.of_n; n++)
            if (tariff_names(&t->components[i].rate, t->minimum.of[n])) place = i;
    return place;
}

static TariffProblem add_minimum(Tally *y) {
    const TariffMinimum *m = &y->t->minimum;
    const TariffPeriod *p = &y->t->period;
    Money least, sum = named_sum(y->result, m->of, m->of_n);
    TariffProblem problem = tariff_round(
        exact_mul(exact_micro(m->amount.micro), proration(p, m->prorate, m->normal_days_micro)), p, &least);
    if (problem) return problem;
    if (least.minor <= sum.minor) return TARIFF_OK;
    TariffLine line = {
        .charge_type = "MIN_BILL", .factor = EXACT_ONE, .quantity = EXACT_ZERO, .amount = { least.minor - sum.minor }
    };
    if (tariff_is_too_large(line.amount, p->exponent)) return TARIFF_TOO_LARGE;
    if (p->explain)
        line.explain = text(y->a, "%s less %s = %s", wide_text(y->a, least.minor, p->exponent),
                            wide_text(y->a, sum.minor, p->exponent), wide_text(y->a, line.amount.minor, p->exponent));
    return add_line(y, -1, line);
}

TariffResult tariff_compute(Arena *a, const Tariff *t) {
    int most = 1, place = minimum_place(t);
    for (int i = 0; i < t->component_n; i++) most += t->components[i].version_n ? t->components[i].version_n : 1;
    TariffResult result = { .lines = take_n(a, TariffLine, (size_t)most) };
    Tally y = { .a = a, .t = t, .result = &result };
    for (int i = 0; i < t->component_n; i++) {
        TariffProblem problem = add_component(&y, i);
        if (problem && problem != TARIFF_NOT_NOW) return (TariffResult){ .problem = problem, .component = i };
        if (i == place && (problem = add_minimum(&y))) return (TariffResult){ .problem = problem, .component = -1 };
    }
    result.total.minor = y.sum;
    if (tariff_is_too_large(result.total, t->period.exponent))
        return (TariffResult){ .problem = TARIFF_TOO_LARGE, .component = t->component_n };
    return result;
}
