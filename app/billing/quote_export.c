/*
 * The quote document written from a tariff: see quote.h. What stands at its default is left out.
 */
#include <string.h>

#include "app/billing/quote.h"
#include "app/billing/quote_work.h"
#include "lib/date.h"

void quote_string(Text *t, const char *s) {
    if (!s) { text_add(t, "null"); return; }
    text_add(t, "\"");
    for (size_t n; *s; s += n) {
        n = strcspn(s, "\"\\");
        text_add_n(t, s, n);
        if (!s[n]) continue;
        text_add(t, s[n] == '"' ? "\\\"" : "\\\\");
        n++;
    }
    text_add(t, "\"");
}

/* ", " before all members but the first of an object or list. */
static void comma(Text *t) {
    char last = t->n ? t->s[t->n - 1] : '{';
    if (last != '{' && last != '[') text_add(t, ", ");
}

static void add_key(Text *t, const char *key) {
    comma(t);
    quote_string(t, key);
    text_add(t, ": ");
}

static void add_text(Text *t, const char *key, const char *s) {
    if (!s) return;
    add_key(t, key);
    quote_string(t, s);
}

static void add_decimal(Text *t, const char *key, int64_t micro) {
    add_text(t, key, price_decimal(t->arena, (Price){ micro }));
}

static void add_count(Text *t, const char *key, int n) {
    add_key(t, key);
    text_addf(t, "%d", n);
}

static void add_true(Text *t, const char *key, bool is_true) {
    if (!is_true) return;
    add_key(t, key);
    text_add(t, "true");
}

static void add_names(Text *t, const char *const *names, int n) {
    add_key(t, "of");
    text_add(t, "[");
    for (int i = 0; i < n; i++) {
        comma(t);
        quote_string(t, names[i]);
    }
    text_add(t, "]");
}

static void add_tiers(Text *t, const TariffPrices *p, const char *price_key) {
    add_key(t, "tiers");
    text_add(t, "[");
    for (int i = 0; i < p->tier_n; i++) {
        const TariffTier *x = &p->tiers[i];
        comma(t);
        text_add(t, "{");
        if (x->unlimited) { add_key(t, "upto"); text_add(t, "null"); }
        else if (!x->attribute) add_decimal(t, "upto", x->upto.micro);
        else if (!x->upto.micro) add_text(t, "upto", x->attribute);
        else
            add_text(t, "upto",
                     text(t->arena, "%s+%s", x->attribute, price_decimal(t->arena, (Price){ x->upto.micro })));
        add_decimal(t, price_key, x->price.micro);
        text_add(t, "}");
    }
    text_add(t, "]");
}

static void add_prices(Text *t, TariffCalc calc, const TariffPrices *p) {
    switch (calc) {
    case CALC_FLAT:         add_decimal(t, "amount", p->price.micro); break;
    case CALC_PER_UNIT:     add_decimal(t, "rate", p->price.micro); break;
    case CALC_TIERED:       add_tiers(t, p, "rate"); break;
    case CALC_FLAT_BY_TIER: add_tiers(t, p, "amount"); break;
    case CALC_TOU:
        add_key(t, "rates");
        text_add(t, "{");
        for (int i = 0; i < p->tou_n; i++) add_decimal(t, p->tou[i].period, p->tou[i].price.micro);
        text_add(t, "}");
        break;
    case CALC_PERCENT:      break;
    }
}

static const char *operand_text(const char *name) {
    return name ? name : "usage";
}

static void add_quantity(Text *t, const TariffQuantity *q) {
    const char *a = operand_text(q->a), *n = price_decimal(t->arena, (Price){ q->n.micro });
    switch (q->kind) {
    case QUANTITY_PLAIN: if (q->a) add_text(t, "quantity", q->a); break;
    case QUANTITY_MIN:   add_text(t, "quantity", text(t->arena, "min(%s,%s)", a, operand_text(q->b))); break;
    case QUANTITY_CEIL:  add_text(t, "quantity", text(t->arena, "ceil(%s/%s)", a, n)); break;
    case QUANTITY_SHARE: add_text(t, "quantity", text(t->arena, "%s/%s", a, n)); break;
    case QUANTITY_RATCHET: break;                       /* of no document: see tariff_desk */
    }
}

/* basis, prorate, year_days and normal_days: of what has a price for a time. */
static void add_basis(Text *t, const TariffRate *r) {
    static const char *const words[] = { "per_bill", "per_month", "per_day", "per_year" };
    if (r->calc != CALC_TIERED) {
        if (r->basis != BASIS_PER_BILL) add_text(t, "basis", words[r->basis]);
        if (r->year_days == 366) add_count(t, "year_days", 366);
        add_true(t, "prorate", r->prorate);
    }
    if (r->normal_days_micro != 30000000) add_decimal(t, "normal_days", r->normal_days_micro);
}

static void add_volume(Text *t, const TariffRate *r) {
    static const char *const periods[] = { "bill", "month", "day" };
    add_quantity(t, &r->quantity);
    if (r->qty_percent_e6 != 100000000) add_decimal(t, "qty_percent", r->qty_percent_e6);
    if (r->included_qty.micro) add_decimal(t, "included_qty", r->included_qty.micro);
    if (r->tier_period != TIERS_BY_BILL) add_text(t, "tier_period", periods[r->tier_period]);
    if (r->calc == CALC_TIERED && r->tier_mode == TIERS_WHOLE) add_text(t, "tier_mode", "whole");
}

static void add_versions(Text *t, const TariffComponent *c) {
    add_key(t, "rate_versions");
    text_add(t, "[");
    for (int i = 0; i < c->version_n; i++) {
        comma(t);
        text_add(t, "{");
        add_count(t, "days", c->versions[i].days);
        add_prices(t, c->rate.calc, &c->versions[i].prices);
        text_add(t, "}");
    }
    text_add(t, "]");
}

static void add_conditions(Text *t, const TariffRate *r) {
    if (r->has_minimum) add_decimal(t, "minimum", r->minimum.micro);
    if (r->season) {
        add_key(t, "season");
        text_add(t, "[");
        for (int month = 1; month <= 12; month++)
            if (r->season >> month & 1) { comma(t); text_addf(t, "%d", month); }
        text_add(t, "]");
    }
    if (!r->has_above && !r->has_upto) return;
    add_key(t, "usage_range");
    text_add(t, "{");
    if (r->has_above) add_decimal(t, "above", r->above.micro);
    if (r->has_upto) add_decimal(t, "upto", r->upto.micro);
    text_add(t, "}");
}

static void add_component(Text *t, const TariffComponent *c) {
    static const char *const words[] = { "flat", "per_unit", "tiered", "flat_by_tier", "tou", "percent" };
    const TariffRate *r = &c->rate;
    text_add(t, "    {");
    add_text(t, "charge_type", r->charge_type);
    add_text(t, "service", r->service);
    add_text(t, "label", r->label);
    add_text(t, "calc", words[r->calc]);
    if (c->version_n) add_versions(t, c);
    else add_prices(t, r->calc, &r->prices);
    if (r->calc == CALC_PERCENT) {
        add_decimal(t, "percent", r->percent_e6);
        add_names(t, r->of, r->of_n);
        if (r->has_cap) add_decimal(t, "cap_per_unit", r->cap_per_unit.micro);
    } else if (r->calc != CALC_TOU) add_basis(t, r);
    if (r->calc == CALC_PER_UNIT || r->calc == CALC_TIERED || r->calc == CALC_FLAT_BY_TIER) add_volume(t, r);
    add_conditions(t, r);
    text_add(t, "}");
}

static void add_usage(Text *t, const QuoteDocument *d) {
    const TariffUsage *u = &d->tariff.period.usage;
    add_key(t, "usage");
    if (d->usage) { text_add(t, d->usage); return; }
    text_add(t, "{");
    if (!u->tou_n) add_text(t, "quantity", exact_decimal(t->arena, u->quantity, 6));
    else {
        add_key(t, "tou");
        text_add(t, "{");
        for (int i = 0; i < u->tou_n; i++)
            add_text(t, u->tou[i].period, exact_decimal(t->arena, u->tou[i].quantity, 6));
        text_add(t, "}");
    }
    text_add(t, "}");
}

static void add_period(Text *t, const QuoteDocument *d) {
    const TariffPeriod *p = &d->tariff.period;
    add_key(t, "period");
    text_add(t, "{");
    if (date_is_set(d->start) && date_is_set(d->end)) {
        add_text(t, "start", date_iso(t->arena, d->start));
        add_text(t, "end", date_iso(t->arena, d->end));
    } else add_count(t, "days", p->days);
    text_add(t, "}");
    if (!p->full) { add_key(t, "full_period"); text_add(t, "false"); }
    if (p->months != 1) add_count(t, "months", p->months);
    if (p->factor_decimals >= 0) add_count(t, "factor_decimals", p->factor_decimals);
}

static void add_minimum(Text *t, const TariffMinimum *m) {
    text_add(t, ",\n  \"minimum_bill\": {");
    add_decimal(t, "amount", m->amount.micro);
    add_names(t, m->of, m->of_n);
    add_true(t, "prorate", m->prorate);
    if (m->normal_days_micro != 30000000) add_decimal(t, "normal_days", m->normal_days_micro);
    text_add(t, "}");
}

char *quote_export(Arena *a, const QuoteDocument *d) {
    const TariffPeriod *p = &d->tariff.period;
    Text t = text_start(a);
    text_add(&t, "{");
    add_text(&t, "format", "smart360-quote/1");
    add_text(&t, "currency", d->currency);
    if (p->rounding == ROUND_HALF_EVEN) add_text(&t, "rounding", "half_even");
    add_period(&t, d);
    add_usage(&t, d);
    if (p->attribute_n) {
        add_key(&t, "attributes");
        text_add(&t, "{");
        for (int i = 0; i < p->attribute_n; i++)
            add_text(&t, p->attributes[i].name, exact_decimal(a, p->attributes[i].value, 6));
        text_add(&t, "}");
    }
    text_add(&t, ",\n  \"components\": [\n");
    for (int i = 0; i < d->tariff.component_n; i++) {
        if (i) text_add(&t, ",\n");
        add_component(&t, &d->tariff.components[i]);
    }
    text_add(&t, " ]");
    if (d->tariff.minimum.is_set) add_minimum(&t, &d->tariff.minimum);
    text_add(&t, " }\n");
    return t.s;
}
