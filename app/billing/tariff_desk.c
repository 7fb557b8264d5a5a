/*
 * Tariffs without an account (ONB02US05): the calculator, the designer and the impact of a version ask here. The very
 * bill_compute of bill runs works over one connection that has nothing but its plan and its use.
 *
 * A desk reads plans, rebates and taxes once; each bill then costs arithmetic only.
 */
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/billing.h"
#include "app/billing/quote.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"

enum { SPANS_MAX = 60, NORMAL_DAYS = 30000000, REBATE_SEQUENCE = 900, DAYS_BEFORE = 40, TOU_MAX = 24 };

#define PLAN_HEAD(F, T) F(T, const char *, code) F(T, int, standard_days) F(T, const char *, service) \
    F(T, const char *, unit)
ROW(PlanHead, PLAN_HEAD)
#define REBATE_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, group_word) \
    F(T, const char *, kind) F(T, Money, amount_minor) F(T, Price, rate_micro) F(T, int64_t, rate_ppm) \
    F(T, bool, has_limit) F(T, Quantity, upto_qty_micro) F(T, const char *, refs) F(T, Date, effective_from) \
    F(T, Date, effective_to)
ROW(RebateRow, REBATE_ROW)

struct TariffDesk {
    Ctx           *c;
    PlanBook      *book;
    Id             plan;
    PlanHead       head;
    Date           from, to;
    BillFacts      facts;               /* the same for all: settings, taxes, currency */
    RebateRows     rules;
    TariffRate    *rebates;             /* of rules.v */
};

TariffDesk *tariff_desk(Ctx *c, Id plan, Id version, Date from, Date to) {
    TariffDesk *d = take(c, sizeof *d);
    const Utility *u = utility_here(c);
    d->c = c, d->plan = plan, d->from = date_add_days(from, -DAYS_BEFORE), d->to = to;
    BillScope s = { .from = from, .to = to, .normal_days_micro = NORMAL_DAYS,
                    .versions = version.id ? text(c, "[%lld]", (long long)version.id) : NULL };
    d->book = plan_book_of(c, &s);
    d->head = *db_one(c, PlanHead, "select p.code, p.standard_days, s.code as service, s.unit from tariff_plan p "
                                   "left join utility_service s on s.utility_id=p.utility_id "
                                   "and s.code=json_value(p.service_codes, '$[0]') where p.id=? and p.utility_id=?",
                      plan, c->utility);
    d->rules = db_all(c, RebateRow, "select id, code, name, `group` as group_word, kind, coalesce(amount_minor, 0) "
        "as amount_minor, coalesce(rate_micro, 0) as rate_micro, coalesce(rate_ppm, 0) as rate_ppm, "
        "upto_qty_micro is not null as has_limit, coalesce(upto_qty_micro, 0) as upto_qty_micro, refs, effective_from, "
        "effective_to from rebate_rule where utility_id=? order by id", c->utility);
    d->rebates = take_n(c, TariffRate, d->rules.n + 1);
    for (size_t i = 0; i < d->rules.n; i++) {
        const RebateRow *r = &d->rules.v[i];
        d->rebates[i] = rebate_rate(c, &(RebateTerms){
            .code = r->code, .name = r->name, .group = r->group_word, .kind = r->kind, .service = d->head.service,
            .refs = r->refs, .amount = r->amount_minor, .rate = r->rate_micro, .rate_ppm = r->rate_ppm,
            .has_limit = r->has_limit, .upto = r->upto_qty_micro, .from = r->effective_from, .to = r->effective_to,
            .normal_days_micro = NORMAL_DAYS, .sequence = REBATE_SEQUENCE + (int)i });
    }
    BillFacts *f = &d->facts;
    *f = BILL_FACTS_DEFAULT;
    f->account_no = "", f->currency = u->currency;
    f->months = d->head.standard_days >= 360 ? 12 : d->head.standard_days / 30;
    f->rounding = u->half_even ? ROUND_HALF_EVEN : ROUND_HALF_UP;
    f->leap_years = setting_int(c, "bx.leap_years", 0) != 0;
    f->taxes = plan_taxes(c, &f->tax_n);
    f->days_max = 400;
    return d;
}

/* --- facts of one use --------------------------------------------------------------------------------------------- */

static Reading thousandths(Quantity q) {
    return (Reading){ (q.micro + (q.micro < 0 ? -500 : 500)) / 1000 };
}

static void uses_of(Ctx *c, const TariffUse *use, BillConnection *k) {
    int n = use->tou_n ? use->tou_n : 1;
    BillUse *v = take_n(c, BillUse, (size_t)n);
    for (int i = 0; i < n; i++) {
        v[i] = BILL_USE_DEFAULT;
        v[i].from = date_add_days(use->from, -1), v[i].to = use->to, v[i].is_converted = true;
        v[i].billing_quantity = thousandths(use->tou_n ? use->tou[i].value : use->quantity);
        v[i].register_kind = use->tou_n ? use->tou[i].name : NULL;
    }
    k->uses = use->is_unmetered ? NULL : v;
    k->use_n = use->is_unmetered ? 0 : n;
    k->is_unmetered = use->is_unmetered;
}

static void attributes_of(Ctx *c, const TariffUse *use, BillConnection *k) {
    TariffAttribute *v = take_n(c, TariffAttribute, (size_t)use->attribute_n + 1);
    for (int i = 0; i < use->attribute_n; i++)
        v[i] = (TariffAttribute){ use->attributes[i].name, exact_micro(use->attributes[i].value.micro) };
    k->attributes = v;
    k->attribute_n = use->attribute_n;
}

static void rebates_of(TariffDesk *d, const TariffUse *use, BillConnection *k) {
    TariffRate *v = take_n(d->c, TariffRate, (size_t)use->rebate_n + 1);
    BillEnrolment *e = take_n(d->c, BillEnrolment, (size_t)use->rebate_n + 1);
    for (int i = 0; i < use->rebate_n; i++)
        for (size_t x = 0; x < d->rules.n; x++) {
            const RebateRow *r = &d->rules.v[x];
            if (r->id.id != use->rebates[i].id) continue;
            v[k->rebate_n++] = d->rebates[x];
            e[k->enrolment_n++] = (BillEnrolment){ r->group_word, r->effective_from, r->effective_to };
        }
    if (use->is_enrolled) e[k->enrolment_n++] = (BillEnrolment){ NULL, DATE_NONE, DATE_NONE };
    k->enrolments = e;
    for (int i = 0; i < k->rebate_n && k->span_n; i++)
        rebate_taxes(d->c, &v[i], k->spans[k->span_n - 1].rates, k->spans[k->span_n - 1].rate_n);
    k->rebates = v;
}

static bool is_tried(const TariffRate *r, const TariffTry *x, const char *size) {
    return r->id.id == x->rate.id && (!x->season || (r->season_code && !strcmp(r->season_code, x->season)))
        && (!x->size || (size && !strcmp(x->size, size)));
}

static void try_tier(Ctx *c, TariffRate *r, const TariffTry *x) {
    if (x->tier >= r->prices.tier_n) return;
    TariffTier *tiers = take_n(c, TariffTier, (size_t)r->prices.tier_n);
    memcpy(tiers, r->prices.tiers, (size_t)r->prices.tier_n * sizeof *tiers);
    tiers[x->tier].price = x->price;
    r->prices.tiers = tiers;
}

static void try_period(Ctx *c, TariffRate *r, const TariffTry *x) {
    TouPrice *tou = take_n(c, TouPrice, (size_t)r->prices.tou_n + 1);
    for (int i = 0; i < r->prices.tou_n; i++) {
        tou[i] = r->prices.tou[i];
        if (!strcmp(tou[i].period, x->period)) tou[i].price = x->price;
    }
    r->prices.tou = tou;
}

/* The components with the prices tried, in a copy: those of the book are shared. */
static void tries_apply(Ctx *c, const TariffUse *use, BillPlanSpan *s) {
    TariffRate *rates = take_n(c, TariffRate, (size_t)s->rate_n + 1);
    memcpy(rates, s->rates, (size_t)s->rate_n * sizeof *rates);
    for (int t = 0; t < use->try_n; t++)
        for (int i = 0; i < s->rate_n; i++) {
            const TariffTry *x = &use->tries[t];
            TariffRate *r = &rates[i];
            if (!is_tried(r, x, use->size)) continue;
            switch (x->kind) {
            case TRY_PRICE:   r->prices.price = x->price; break;
            case TRY_TIER:    try_tier(c, r, x); break;
            case TRY_PERIOD:  try_period(c, r, x); break;
            case TRY_PERCENT: r->percent_e6 = x->price.micro; break;
            case TRY_SHARE:   r->qty_percent_e6 = x->price.micro; break;
            }
        }
    s->rates = rates;
}

static int spans_of(TariffDesk *d, const TariffUse *use, BillPlanSpan *to) {
    int n = plan_spans(d->book, d->plan, d->from, DATE_NONE, use->size, to, SPANS_MAX);
    for (int i = 0; use->try_n && i < n; i++) tries_apply(d->c, use, &to[i]);
    return n;
}

static BillFacts facts_of(TariffDesk *d, const TariffUse *use, BillConnection *k) {
    Ctx *c = d->c;
    BillFacts f = d->facts;
    BillPlanSpan *spans = take_n(c, BillPlanSpan, SPANS_MAX);
    *k = BILL_CONNECTION_DEFAULT;
    k->id = (Id){ 1 }, k->connection_no = d->head.code, k->service = d->head.service, k->unit = d->head.unit;
    k->spans = spans, k->span_n = spans_of(d, use, spans);
    k->has_winter_average = use->has_winter_average, k->winter_average = use->winter_average;
    k->impervious_sqft = use->impervious_sqft, k->is_single_family = use->is_single_family;
    k->billed_until = date_add_days(use->from, -1), k->once_elsewhere = use->once_elsewhere;
    uses_of(c, use, k);
    attributes_of(c, use, k);
    rebates_of(d, use, k);
    f.kind = use->is_part ? BILL_FINAL : BILL_CYCLE;
    f.period_start = use->from, f.period_end = use->to;
    f.bill_date = f.due_date = f.today = use->to;
    f.connections = k, f.connection_n = 1;
    f.trace = use->explains;
    if (use->is_tax_exempt) {
        TaxExemption *e = take(c, sizeof *e);
        *e = (TaxExemption){ NULL, "on file", DATE_NONE, DATE_NONE };
        f.exemptions = e, f.exemption_n = 1;
    }
    return f;
}

static const char *code_of(const BillConnection *k, Id rate) {
    for (int s = 0; rate.id && s < k->span_n; s++)
        for (int i = 0; i < k->spans[s].rate_n; i++)
            if (k->spans[s].rates[i].id.id == rate.id) return k->spans[s].rates[i].code;
    return NULL;
}

TariffBill tariff_bill(TariffDesk *d, const TariffUse *use) {
    BillConnection k;
    BillFacts f = facts_of(d, use, &k);
    BillDraft draft = bill_compute(&d->c->mem, &f);
    TariffBill to = { .total = draft.current, .tax = draft.tax, .days = draft.days };
    if (draft.outcome != BILL_MADE && draft.outcome != BILL_HELD) {
        to.refusal = draft.problem_n ? draft.problems[0].message : "There is nothing to bill on these days.";
        return to;
    }
    to.lines = take_n(d->c, TariffBillLine, (size_t)draft.line_n + 1);
    for (int i = 0; i < draft.line_n; i++) {
        const BillLine *l = &draft.lines[i];
        if (l->section != SECTION_CURRENT) continue;
        to.lines[to.n++] = (TariffBillLine){
            .code = code_of(&k, l->rate), .charge_type = l->charge_type, .service = l->service,
            .label = l->description, .unit = l->unit, .explain = l->explain, .from = l->from, .to = l->to,
            .has_quantity = l->has_quantity, .quantity = l->quantity, .factor_num = l->factor_num,
            .factor_den = l->factor_den, .amount = l->amount, .is_added = l->is_added };
    }
    return to;
}

/* --- as a quote document ------------------------------------------------------------------------------------------ */

typedef struct { TariffComponent *v; int n; TariffMinimum minimum; const char *problem; } Written;

static bool names_rate(const TariffRate *r, const char *name) {
    return !strcmp(r->code, name) || !strcmp(r->charge_type, name);
}

/* The labels of the components above that a list names; the document's labels are the codes. */
static void of_labels(Ctx *c, const Written *d, const char *const *of, int of_n, TariffRate *to) {
    const char **v = take_n(c, const char *, (size_t)d->n + 1);
    to->of_n = 0;
    for (int i = 0; i < d->n; i++) {
        bool named = !of_n && strcmp(d->v[i].rate.charge_type, "TAX");
        for (int k = 0; k < of_n; k++) named = named || names_rate(&d->v[i].rate, of[k]);
        if (named) v[to->of_n++] = d->v[i].rate.code;
    }
    to->of = v;
}

static const char *lost_of(const TariffRate *r) {
    if (r->is_maximum) return "a maximum";
    if (r->round_qty != QUANTITY_EXACT) return "quantities rounded up to the unit";
    if (r->tiers_per) return "limits by an attribute";
    if (r->quantity.kind == QUANTITY_RATCHET) return "demand of earlier months";
    return NULL;
}

static void component_add(Ctx *c, Written *d, const TariffRate *r, bool has_winter) {
    const char *lost = lost_of(r);
    if (lost && !d->problem) d->problem = text(c, "%s: the quote format has no %s.", r->code, lost);
    TariffComponent *to = &d->v[d->n];
    *to = (TariffComponent){ .rate = *r };
    to->rate.label = r->code;
    if (r->calc == CALC_PERCENT) {
        of_labels(c, d, r->of, r->of_n, &to->rate);
        if (!to->rate.of_n) return;
    }
    bool of_usage = !r->quantity.a || r->quantity.kind != QUANTITY_PLAIN;
    if (r->calc == CALC_PER_UNIT && of_usage) to->rate.basis = BASIS_PER_BILL, to->rate.prorate = false;
    if (r->quantity.kind == QUANTITY_MIN && !has_winter) to->rate.quantity = (TariffQuantity){ 0 };
    d->n++;
}

static void minimum_set(Written *d, const TariffRate *r) {
    d->minimum = (TariffMinimum){ .is_set = true, .amount = r->has_minimum ? r->minimum : r->prices.price, .of = r->of,
                                  .of_n = r->of_n, .prorate = r->prorate, .normal_days_micro = r->normal_days_micro };
    static const char *const usual[] = { "FIXED", "USAGE", "DEMAND", "FUEL_ADJ", "SURCHARGE" };
    const char **known = (const char **)d->minimum.of;
    if (!r->of_n) known = (const char **)usual, d->minimum.of_n = 5;
    d->minimum.of = (const char *const *)known;
}

/* A name of the minimum that stands nowhere above is refused by the format. */
static void minimum_names(Ctx *c, Written *d) {
    const char **v = take_n(c, const char *, (size_t)d->minimum.of_n + 1);
    int n = 0;
    for (int i = 0; i < d->minimum.of_n; i++)
        for (int k = 0; k < d->n; k++)
            if (names_rate(&d->v[k].rate, d->minimum.of[i])) {
                v[n++] = d->minimum.of[i];
                break;
            }
    d->minimum.of = v, d->minimum.of_n = n, d->minimum.is_set = n > 0;
}

static void tax_add(Ctx *c, Written *d, const BillTax *t, Date to) {
    TariffRate r = TARIFF_RATE_DEFAULT;
    r.code = t->code, r.label = t->code, r.charge_type = "TAX", r.calc = CALC_PERCENT;
    for (int i = 0; i < t->rate_n; i++)
        if (t->rates[i].valid_from.day <= to.day && (!date_is_set(t->rates[i].valid_to)
                                                    || t->rates[i].valid_to.day >= to.day))
            r.percent_e6 = t->rates[i].rate_ppm * 100;
    const char **of = take_n(c, const char *, (size_t)d->n + 2);
    for (int i = 0; i < d->n; i++) {
        const TariffRate *x = &d->v[i].rate;
        bool named = t->is_compound && !strcmp(x->charge_type, "TAX");
        for (int k = 0; k < x->tax_n; k++) named = named || !strcmp(x->tax_codes[k], t->code);
        if (named) of[r.of_n++] = x->code;
    }
    bool any = false;
    for (int i = 0; i < d->n && !any; i++)
        for (int k = 0; k < d->v[i].rate.tax_n; k++) any = any || !strcmp(d->v[i].rate.tax_codes[k], t->code);
    if (!any) return;
    if (d->minimum.is_set) of[r.of_n++] = "MIN_BILL";
    if ((t->is_inclusive || t->has_cap) && !d->problem)
        d->problem = text(c, "%s: the quote format has no tax of this kind.", t->code);
    r.of = of;
    d->v[d->n++] = (TariffComponent){ .rate = r };
}

static Written document_of(TariffDesk *d, const TariffUse *use, const BillConnection *k, const BillPlanSpan *s) {
    Ctx *c = d->c;
    Written doc = { .v = take_n(c, TariffComponent, (size_t)(s->rate_n + k->rebate_n + d->facts.tax_n) + 1) };
    for (int pass = 0; pass < 3; pass++)                /* charges, percentages of them, the plan's own rebates */
        for (int i = 0; i < s->rate_n; i++) {
            const TariffRate *r = &s->rates[i];
            bool is_minimum = !strcmp(r->charge_type, "MIN_BILL");
            if ((r->group ? 2 : r->calc == CALC_PERCENT) != pass) continue;
            if (r->group && !bill_is_enrolled(k, r->group, use->to)) continue;
            if ((date_is_set(r->valid_from) && r->valid_from.day > use->to.day)
                || (date_is_set(r->valid_to) && r->valid_to.day < use->to.day)) continue;
            if (is_minimum && !r->is_maximum) minimum_set(&doc, r);
            else component_add(c, &doc, r, use->has_winter_average);
        }
    if (doc.minimum.is_set) minimum_names(c, &doc);
    for (int i = 0; i < k->rebate_n; i++) component_add(c, &doc, &k->rebates[i], true);
    for (int i = 0; !use->is_tax_exempt && i < d->facts.tax_n; i++) tax_add(c, &doc, &d->facts.taxes[i], use->to);
    return doc;
}

/* The version at the end stands for the whole period: the format has one tariff. */
static const BillPlanSpan *last_span(const BillConnection *k, Date to) {
    const BillPlanSpan *last = NULL;
    for (int i = 0; i < k->span_n; i++)
        if (k->spans[i].valid_from.day <= to.day) last = &k->spans[i];
    return last;
}

const char *tariff_document(TariffDesk *d, const TariffUse *use, const char **problem) {
    Ctx *c = d->c;
    BillConnection k;
    BillFacts f = facts_of(d, use, &k);
    const BillPlanSpan *s = last_span(&k, use->to);
    if (!s) return *problem = "The plan has no version on these days.", NULL;
    Written doc = document_of(d, use, &k, s);
    if ((*problem = doc.problem)) return NULL;
    int days = use->to.day - use->from.day + 1, whole = 30 * f.months;
    bool near = days >= whole - s->tolerance_days && days <= whole + s->tolerance_days;
    TariffPeriod p = { .days = days, .end_month = date_ymd(use->to).month, .months = f.months, .factor_decimals = -1,
                       .full = s->proration == PRORATE_NONE || days == whole
                           || (s->proration == PRORATE_PARTIAL_ONLY && near && !use->is_part),
                       .exponent = utility_here(c)->exponent, .rounding = f.rounding };
    TariffAttribute *attributes = take_n(c, TariffAttribute, (size_t)k.attribute_n + 1);
    memcpy(attributes, k.attributes, (size_t)k.attribute_n * sizeof *attributes);
    p.attributes = attributes, p.attribute_n = k.attribute_n;
    if (use->has_winter_average)
        attributes[p.attribute_n++] = (TariffAttribute){ "winter_average", exact_micro(use->winter_average.micro) };
    TouUsage *tou = take_n(c, TouUsage, (size_t)use->tou_n + 1);
    p.usage.quantity = exact_micro(use->quantity.micro);
    for (int i = 0; i < use->tou_n; i++) tou[i] = (TouUsage){ use->tou[i].name, exact_micro(use->tou[i].value.micro) };
    if (use->tou_n) p.usage.tou = tou, p.usage.tou_n = use->tou_n;
    QuoteDocument q = { .currency = f.currency, .start = use->from, .end = use->to,
                        .tariff = { .period = p, .components = doc.v, .component_n = doc.n, .minimum = doc.minimum } };
    return quote_export(&c->mem, &q);
}

TariffBill tariff_document_bill(Ctx *c, const char *bytes, size_t n, const char **currency) {
    QuoteDocument q = quote_read(&c->mem, bytes, n);
    TariffBill to = { .refusal = q.problem };
    if (q.problem) return to;
    TariffResult result = tariff_compute(&c->mem, &q.tariff);
    if ((to.refusal = quote_refusal(&c->mem, &q.tariff, &result))) return to;
    *currency = q.currency;
    to.total = result.total, to.days = q.tariff.period.days;
    to.lines = take_n(c, TariffBillLine, (size_t)result.n + 1);
    for (int i = 0; i < result.n; i++) {
        const TariffLine *l = &result.lines[i];
        TariffBillLine *x = &to.lines[to.n++];
        *x = (TariffBillLine){ .charge_type = l->charge_type, .service = l->service, .label = l->label,
                               .explain = l->explain, .from = DATE_NONE, .to = DATE_NONE, .factor_num = 1,
                               .factor_den = 1, .amount = l->amount, .is_added = true };
        x->has_quantity = l->has_quantity && exact_to_quantity(l->quantity, &x->quantity);
    }
    return to;
}

bool tariff_quantity_known(Ctx *c, const char *quantity) {
    TariffQuantity q;
    return tariff_quantity_parse(&c->mem, quantity, &q);
}

/* --- components of a document as Plans stores them ---------------------------------------------------------------- */

static const char *quantity_text(Ctx *c, const TariffQuantity *q) {
    const char *a = q->a ? q->a : "usage", *b = q->b ? q->b : "usage",
        *n = price_decimal(&c->mem, (Price){ q->n.micro });
    return q->kind == QUANTITY_MIN ? text(c, "min(%s,%s)", a, b) : q->kind == QUANTITY_CEIL
        ? text(c, "ceil(%s/%s)", a, n)
        : q->kind == QUANTITY_SHARE ? text(c, "%s/%s", a, n) : a;
}

/* What a plan has no place for, with the key that says it and what to do instead; NULL: nothing. */
static const char *lost_in_plan(const TariffComponent *x) {
    const TariffRate *r = &x->rate;
    bool of_time = r->calc == CALC_FLAT || r->calc == CALC_PER_UNIT || r->calc == CALC_FLAT_BY_TIER;
    bool of_use = !r->quantity.a || r->quantity.kind == QUANTITY_MIN || !strcmp(r->quantity.a, "winter_average");
    bool is_tax = !strcmp(r->charge_type, "TAX");
    if (x->version_n)
        return "rate_versions: prices that change are versions of a plan. Import it with the first prices, then make a "
               "version with the next";
    if (r->percent_e6 % 100) return "percent: a plan keeps at most 4 decimals";
    if (r->qty_percent_e6 % 100) return "qty_percent: a plan keeps at most 4 decimals";
    if (of_time && r->year_days != 365) return "year_days: leap years are a setting of the utility";
    if (r->calc != CALC_TOU && r->calc != CALC_PERCENT && r->normal_days_micro != NORMAL_DAYS)
        return "normal_days: the days of a month are a setting of the utility";
    if (r->calc == CALC_PER_UNIT && of_use && (r->basis != BASIS_PER_BILL || r->prorate))
        return "basis: a plan charges a volume as it was used, never for a time";
    if (is_tax && r->calc != CALC_PERCENT) return "calc: a tax is a percentage";
    if (is_tax && (r->season || r->has_above || r->has_upto || r->has_cap || r->has_minimum))
        return "charge_type: a tax has no season, range, cap or minimum";
    for (int i = 0; !is_tax && i < r->of_n; i++)
        if (!strcmp(r->of[i], "MIN_BILL"))
            return "of: percentages of a plan are taken before its minimum";
        else if (tariff_is_deduction(r->of[i]))
            return "of: percentages of a plan are taken before its rebates";
    return NULL;
}

static TariffDocumentRate document_rate(Ctx *c, const TariffComponent *x) {
    static const char *const calcs[] = { "flat", "per_unit", "tiered", "flat_by_tier", "tou", "percent" };
    static const char *const bases[] = { "per_bill", "per_month", "per_day", "per_year" };
    static const char *const periods[] = { "bill", "month", "day" };
    const TariffRate *r = &x->rate;
    TariffDocumentTier *tiers = take_n(c, TariffDocumentTier, (size_t)r->prices.tier_n + 1);
    for (int i = 0; i < r->prices.tier_n; i++)
        tiers[i] = (TariffDocumentTier){ r->prices.tiers[i].attribute, r->prices.tiers[i].unlimited,
                                         r->prices.tiers[i].upto, r->prices.tiers[i].price };
    TariffFact *tou = take_n(c, TariffFact, (size_t)r->prices.tou_n + 1);
    for (int i = 0; i < r->prices.tou_n; i++)
        tou[i] = (TariffFact){ r->prices.tou[i].period, { r->prices.tou[i].price.micro } };
    return (TariffDocumentRate){
        .charge_type = r->charge_type, .service = r->service, .label = r->label, .calc = calcs[r->calc],
        .basis = bases[r->basis], .prorate = r->prorate, .tier_mode = r->tier_mode == TIERS_WHOLE
        ? "whole" : "marginal",
        .tier_period = periods[r->tier_period], .quantity = quantity_text(c, &r->quantity), .of = r->of,
        .of_n = r->of_n, .price = r->prices.price, .percent_ppm = r->percent_e6 / 100,
        .qty_percent_ppm = r->qty_percent_e6 / 100, .included = r->included_qty, .has_minimum = r->has_minimum,
        .minimum = r->minimum, .tiers = tiers, .tier_n = r->prices.tier_n, .tou = tou, .tou_n = r->prices.tou_n,
        .months = r->season, .has_above = r->has_above, .above = r->above, .has_upto = r->has_upto, .upto = r->upto,
        .has_cap = r->has_cap, .cap = r->cap_per_unit, .lost = lost_in_plan(x) };
}

TariffDocumentRates tariff_document_rates(Ctx *c, const char *bytes, size_t n) {
    QuoteDocument q = quote_read(&c->mem, bytes, n);
    TariffDocumentRates to = { .problem = q.problem, .currency = q.currency };
    if (q.problem) return to;
    to.v = take_n(c, TariffDocumentRate, (size_t)q.tariff.component_n + 1);
    for (int i = 0; i < q.tariff.component_n; i++)
        to.v[to.n++] = document_rate(c, &q.tariff.components[i]);
    to.months = q.tariff.period.months;
    const TariffMinimum *m = &q.tariff.minimum;
    if (m->is_set && m->prorate && m->normal_days_micro != NORMAL_DAYS) {
        to.problem = "minimum_bill.normal_days: the days of a month are a setting of the utility";
        return to;
    }
    if (m->is_set)
        to.v[to.n++] = (TariffDocumentRate){ .charge_type = "MIN_BILL", .calc = "flat", .basis = "per_bill",
            .tier_mode = "marginal", .tier_period = "month", .quantity = "usage", .of = m->of, .of_n = m->of_n,
            .prorate = m->prorate, .price = m->amount, .qty_percent_ppm = 1000000, .has_minimum = true,
            .minimum = m->amount };
    return to;
}
