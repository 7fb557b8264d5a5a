/*
 * The billing engine, what is charged for the days of one connection: plans and rate versions inside the period (step
 * 4), fixed, usage and derived charges (6 to 8), minimum (9), discounts (10). BX01US01 to BX01US04; see bill_rules.h.
 *
 * Days with one plan are a run and become a segment. Within a run the rates of one code stand in pieces of days, one
 * for each version; pieces with the same definition are joined, so that only what changed is cut.
 */
#include <string.h>

#include "app/billing/bill_work_rules.h"

/* The days of a run on which one definition of a component holds. */
typedef struct { Date from, to; const TariffRate *rate; } Piece;

typedef struct { const char *key; int sequence; Piece *pieces; int n, room; } Component;

typedef struct {
    BillWork         *w;
    const ChargeSpan *s;
    Date              from, to;
    const BillPlanSpan *last;           /* the version at the end */
    TariffPeriod      period;
    Component        *components;
    int               n, room;
    int               segment;          /* index; -1: rated again */
    int               first;            /* of its lines */
    ChargeLines      *lines;
} Run;

/* ---- Plans ---- */

static Date last_day(const BillPlanSpan *p) {
    return date_is_set(p->valid_to) ? p->valid_to : (Date){ INT32_MAX };
}

const BillPlanSpan *bill_span_at(const BillConnection *c, Date day) {
    for (int i = 0; i < c->span_n; i++)
        if (c->spans[i].valid_from.day <= day.day && day.day <= last_day(&c->spans[i]).day) return &c->spans[i];
    return NULL;
}

bool bill_is_metered(const BillConnection *c, Date from, Date to) {
    for (int i = 0; i < c->span_n; i++) {
        const BillPlanSpan *p = &c->spans[i];
        if (p->valid_from.day > to.day || last_day(p).day < from.day) continue;
        for (int r = 0; r < p->rate_n; r++)
            if (tariff_is_metered(&p->rates[r])) return true;
    }
    return false;
}

/* ---- Definitions alike ---- */

static bool text_same(const char *a, const char *b) {
    return a && b ? !strcmp(a, b) : a == b;
}

static bool names_same(const char *const *a, int an, const char *const *b, int bn) {
    if (an != bn) return false;
    for (int i = 0; i < an; i++)
        if (strcmp(a[i], b[i])) return false;
    return true;
}

static bool prices_same(const TariffPrices *a, const TariffPrices *b) {
    if (a->price.micro != b->price.micro || a->tier_n != b->tier_n || a->tou_n != b->tou_n) return false;
    for (int i = 0; i < a->tier_n; i++) {
        const TariffTier *x = &a->tiers[i], *y = &b->tiers[i];
        if (x->unlimited != y->unlimited || x->upto.micro != y->upto.micro || x->price.micro != y->price.micro ||
            !text_same(x->attribute, y->attribute)) return false;
    }
    for (int i = 0; i < a->tou_n; i++)
        if (strcmp(a->tou[i].period, b->tou[i].period) || a->tou[i].price.micro != b->tou[i].price.micro) return false;
    return true;
}

static bool rates_same(const TariffRate *a, const TariffRate *b) {
    return a == b ||
           (!strcmp(a->charge_type, b->charge_type) && text_same(a->service, b->service) && a->calc == b->calc &&
            prices_same(&a->prices, &b->prices) && a->basis == b->basis && a->prorate == b->prorate &&
            a->year_days == b->year_days && a->normal_days_micro == b->normal_days_micro &&
            a->tier_mode == b->tier_mode && a->tier_period == b->tier_period && text_same(a->tiers_per, b->tiers_per) &&
            a->quantity.kind == b->quantity.kind && text_same(a->quantity.a, b->quantity.a) &&
            text_same(a->quantity.b, b->quantity.b) && a->quantity.n.micro == b->quantity.n.micro &&
            a->round_qty == b->round_qty && a->qty_percent_e6 == b->qty_percent_e6 &&
            a->included_qty.micro == b->included_qty.micro && a->has_minimum == b->has_minimum &&
            a->is_maximum == b->is_maximum && a->minimum.micro == b->minimum.micro && a->percent_e6 == b->percent_e6 &&
            names_same(a->of, a->of_n, b->of, b->of_n) && a->has_cap == b->has_cap &&
            a->cap_per_unit.micro == b->cap_per_unit.micro && a->season == b->season && a->has_above == b->has_above &&
            a->has_upto == b->has_upto && text_same(a->group, b->group) && text_same(a->once, b->once) &&
            a->above.micro == b->above.micro && a->upto.micro == b->upto.micro &&
            names_same(a->tax_codes, a->tax_n, b->tax_codes, b->tax_n));
}

/* ---- Pieces ---- */

static const char *key_of(const TariffRate *r) {
    return r->code ? r->code : r->charge_type;
}

static Component *component_of(Run *run, const TariffRate *r) {
    for (int i = 0; i < run->n; i++)
        if (!strcmp(run->components[i].key, key_of(r))) return &run->components[i];
    run->components = bill_grow(run->w->a, run->components, run->n, &run->room, sizeof(Component));
    int at = run->n++;
    for (; at && run->components[at - 1].sequence > r->sequence; at--) run->components[at] = run->components[at - 1];
    run->components[at] = (Component){ .key = key_of(r), .sequence = r->sequence };
    return &run->components[at];
}

static bool joins(const Piece *before, const Piece *after) {
    return before->to.day + 1 == after->from.day && rates_same(before->rate, after->rate);
}

/* Adds days to a component in order of date, joined with those beside them when nothing changed between. */
static void piece_add(Run *run, Component *c, Date from, Date to, const TariffRate *r) {
    c->pieces = bill_grow(run->w->a, c->pieces, c->n, &c->room, sizeof(Piece));
    int at = c->n++;
    for (; at && c->pieces[at - 1].from.day > from.day; at--) c->pieces[at] = c->pieces[at - 1];
    c->pieces[at] = (Piece){ from, to, r };
    for (int i = at; i >= at - 1; i--) {            /* the one after it, then the one before */
        if (i < 0 || i + 1 >= c->n || !joins(&c->pieces[i], &c->pieces[i + 1])) continue;
        c->pieces[i].to = c->pieces[i + 1].to;
        memmove(&c->pieces[i + 1], &c->pieces[i + 2], (size_t)(c->n - i - 2) * sizeof(Piece));
        c->n--;
    }
}

/* The days of a rate: one piece, or one for each stretch of months that its season names. */
static void rate_add(Run *run, const TariffRate *r, Date from, Date to) {
    if (date_is_set(r->valid_from)) from = date_max(from, r->valid_from);
    if (date_is_set(r->valid_to)) to = date_min(to, r->valid_to);
    if (from.day > to.day) return;
    Component *c = component_of(run, r);
    if (!r->season) { piece_add(run, c, from, to, r); return; }
    for (Date day = from; day.day <= to.day; day = date_add_days(date_month_end(day), 1))
        if (r->season >> date_ymd(day).month & 1) piece_add(run, c, day, date_min(date_month_end(day), to), r);
}

bool bill_is_enrolled(const BillConnection *c, const char *group, Date day) {
    for (int i = 0; i < c->enrolment_n; i++) {
        const BillEnrolment *e = &c->enrolments[i];
        if (e->group && strcmp(group, "any") && strcmp(e->group, group)) continue;
        if ((!date_is_set(e->from) || e->from.day <= day.day) && (!date_is_set(e->to) || day.day <= e->to.day))
            return true;
    }
    return false;
}

/* A rebate of the plan: only on the days on which the account is enrolled. */
static void rebate_add(Run *run, const TariffRate *r, Date from, Date to) {
    for (Date day = from; day.day <= to.day; day.day++) {
        if (!bill_is_enrolled(run->s->connection, r->group, day)) continue;
        Date end = day;
        while (end.day < to.day && bill_is_enrolled(run->s->connection, r->group, date_add_days(end, 1))) end.day++;
        rate_add(run, r, day, end);
        day = end;
    }
}

/* Rates of one code with days of their own must cover the version's days: a hole is a mistake of the plan (BX-E03). */
static bool has_no_hole(Run *run, const BillPlanSpan *p, const TariffRate *r, Date from, Date to) {
    if (!date_is_set(r->valid_from) && !date_is_set(r->valid_to)) return true;
    for (Date day = from; day.day <= to.day;) {
        Date covered = { INT32_MIN };
        for (int i = 0; i < p->rate_n; i++) {
            const TariffRate *x = &p->rates[i];
            Date begins = date_is_set(x->valid_from) ? x->valid_from : from,
                 ends = date_is_set(x->valid_to) ? x->valid_to : to;
            if (!strcmp(key_of(x), key_of(r)) && begins.day <= day.day && day.day <= ends.day)
                covered = date_max(covered, ends);
        }
        if (!date_is_set(covered)) {
            bill_problem(run->w, run->s->connection, "BX-E03", "Plan has no rate for %s on %s", r->charge_type,
                         bill_days_text(run->w->a, day, day));
            return false;
        }
        day = date_add_days(date_min(covered, to), 1);
    }
    return true;
}

/* The rates of one version of the plan for days of the run. */
static bool version_add(Run *run, const BillPlanSpan *p, Date from, Date to) {
    if (!p->rate_n) {
        bill_problem(run->w, run->s->connection, "BX-E03", "Plan has no rate for any charge on %s",
                     bill_days_text(run->w->a, from, from));
        return false;
    }
    for (int i = 0; i < p->rate_n; i++) {
        if (!tariff_is_deduction(p->rates[i].charge_type) && !has_no_hole(run, p, &p->rates[i], from, to)) return false;
        if (p->rates[i].group) rebate_add(run, &p->rates[i], from, to);
        else rate_add(run, &p->rates[i], from, to);
    }
    return true;
}

/* ---- One line ---- */

static int days_of(Date from, Date to) {
    return to.day - from.day + 1;
}

/* Use of days inside the span by its measured blocks, each by days within. NULL when one block covers all. */
static const TariffUsage *usage_of(Run *run, Date from, Date to) {
    const ChargeSpan *s = run->s;
    if (s->block_n < 2) return NULL;
    TariffUsage *u = take_n(run->w->a, TariffUsage, 1);
    TouUsage *tou = take_n(run->w->a, TouUsage, (size_t)s->usage.tou_n);
    *u = (TariffUsage){ .quantity = EXACT_ZERO, .tou = tou, .tou_n = s->usage.tou_n };
    for (int t = 0; t < u->tou_n; t++) tou[t] = (TouUsage){ s->usage.tou[t].period, EXACT_ZERO };
    for (int i = 0; i < s->block_n; i++) {
        const UseBlock *b = &s->blocks[i];
        int days = days_of(date_max(from, b->from), date_min(to, b->to));
        if (days <= 0) continue;
        Exact share = exact_ratio(days, days_of(b->from, b->to));
        u->quantity = exact_add(u->quantity, exact_mul(b->usage.quantity, share));
        for (int t = 0; t < u->tou_n; t++)
            tou[t].quantity = exact_add(tou[t].quantity, exact_mul(b->usage.tou[t].quantity, share));
    }
    return u;
}

static bool refuse(Run *run, const TariffRate *r, TariffProblem problem, Date on) {
    BillWork *w = run->w;
    const char *day = bill_days_text(w->a, on, on);
    switch (problem) {
    case TARIFF_NO_PRICE:
        bill_problem(w, run->s->connection, "BX-E03", "Plan has no rate for %s on %s", r->charge_type, day);
        break;
    case TARIFF_NO_ATTRIBUTE:
        bill_problem(w, run->s->connection, "BX-E11", "Value missing for %s on %s",
                     r->label ? r->label : r->charge_type, day);
        break;
    default:
        bill_problem(w, run->s->connection, "BX-E99", "%s cannot be computed: %s", r->charge_type,
                     problem == TARIFF_TOO_LARGE ? "too large" : "too precise");
    }
    return false;
}

/* What the ratchet of later bills looks back at: never what a ratchet made of it. */
static const char *measured_of(const Run *run, const TariffRate *r) {
    if (r->quantity.kind != QUANTITY_RATCHET) return NULL;
    for (int i = 0; i < run->period.attribute_n; i++)
        if (!strcmp(run->period.attributes[i].name, r->quantity.a))
            return exact_decimal(run->w->a, run->period.attributes[i].value, 6);
    return NULL;
}

static void line_add(Run *run, const TariffRate *r, const TariffLine *l, Date from, Date to) {
    int64_t num = 1, den = 1;
    if (!wide_fits(l->factor.num, &num) || !wide_fits(l->factor.den, &den)) num = den = 1;
    BillLine line = {
        .segment = run->segment, .section = SECTION_CURRENT, .charge_type = r->charge_type, .service = r->service,
        .description = r->label ? r->label : r->charge_type, .rate = r->id, .has_quantity = l->has_quantity,
        .unit = l->has_quantity ? (r->unit ? r->unit : run->s->connection->unit) : NULL,
        .price = r->prices.price, .factor_num = num, .factor_den = den, .amount = l->amount, .is_added = true,
        .tax_codes = r->tax_codes, .tax_n = r->tax_n, .explain = l->explain,
        .measured = measured_of(run, r),
    };
    if (l->has_quantity && !exact_to_quantity(l->quantity, &line.quantity)) line.has_quantity = false;
    charge_line_add(run->w->a, run->lines, (ChargeLine){ .line = line, .rate = r, .from = from, .to = to });
}

static bool is_volume(const char *name) {
    return !name || !strcmp(name, "winter_average");
}

/* A copy only where the bill knows better than the row: seasons are cut already, leap years are the utility's setting,
   and a volume is that of the days billed: basis and `prorate`, which rows have by default, are for what stands for a
   month. A line's own minimum is shared out by days among its pieces. */
static const TariffRate *effective(const Run *run, const TariffRate *r, int part_days) {
    bool leap = run->w->f->leap_years && r->basis == BASIS_PER_YEAR && year_is_leap(date_ymd(run->s->to).year);
    bool volume = r->calc == CALC_PER_UNIT &&
                  (is_volume(r->quantity.a) || (r->quantity.kind == QUANTITY_MIN && is_volume(r->quantity.b)));
    volume = volume && (r->prorate || r->basis != BASIS_PER_BILL);
    bool minimum = r->has_minimum && part_days != run->period.days;
    if (!r->season && !leap && !volume && !minimum) return r;
    TariffRate *copy = take_n(run->w->a, TariffRate, 1);
    *copy = *r;
    copy->season = 0;
    if (volume) copy->prorate = false, copy->basis = BASIS_PER_BILL;
    if (leap) copy->year_days = 366;
    if (minimum)
        copy->minimum.micro = (int64_t)wide_divide((Wide)r->minimum.micro * part_days, run->period.days, ROUND_HALF_UP);
    return copy;
}

static bool charge_piece(Run *run, const Piece *p) {
    const TariffRate *r = effective(run, p->rate, days_of(p->from, p->to));
    TariffPart part = { .days = days_of(p->from, p->to), .usage = usage_of(run, p->from, p->to) };
    TariffLine line;
    TariffProblem problem = tariff_line(run->w->a, &run->period, r, &r->prices, &part, &line);
    if (problem == TARIFF_NOT_NOW) return true;
    if (problem) return refuse(run, r, problem, p->to);
    line_add(run, p->rate, &line, p->from, p->to);
    return true;
}

/* ---- Percent, minimum, discount: of lines of the run ---- */

static bool is_named(const ChargeLine *l, const char *const *of, int of_n) {
    for (int i = 0; i < of_n; i++)
        if (!strcmp(l->line.charge_type, of[i]) ||
            (l->rate && (text_same(l->rate->label, of[i]) || text_same(l->rate->code, of[i]))))
            return true;
    return false;
}

/* Sum of the named lines of the run (all when nothing is named), as far as their days lie in from..to. */
static Exact named_sum(const Run *run, const char *const *of, int of_n, Date from, Date to) {
    Exact sum = EXACT_ZERO;
    for (int i = run->first; i < run->lines->n; i++) {
        const ChargeLine *l = &run->lines->v[i];
        if ((of_n && !is_named(l, of, of_n)) || !l->line.is_added) continue;
        int days = days_of(date_max(from, l->from), date_min(to, l->to));
        if (days <= 0) continue;
        sum = exact_add(
            sum, exact_mul(exact_minor(l->line.amount, run->w->exponent), exact_ratio(days, days_of(l->from, l->to))));
    }
    return sum;
}

static bool charge_percent(Run *run, const Component *c) {
    for (int i = 0; i < c->n; i++) {
        const Piece *p = &c->pieces[i];
        TariffLine line;
        Exact base = named_sum(run, p->rate->of, p->rate->of_n, p->from, p->to);
        TariffProblem problem =
            tariff_percent_line(run->w->a, &run->period, effective(run, p->rate, days_of(p->from, p->to)), base, &line);
        if (problem == TARIFF_NOT_NOW) continue;
        if (problem) return refuse(run, p->rate, problem, p->to);
        line_add(run, p->rate, &line, p->from, p->to);
    }
    return true;
}

/* MIN_BILL: what the named lines lack of minimum x the fixed-charge factor, over all pieces together; of a maximum:
   minus what they have above it. */
static bool charge_minimum(Run *run, const Component *c) {
    static const char *const usual[] = { "FIXED", "USAGE", "DEMAND", "FUEL_ADJ", "SURCHARGE" };
    const TariffRate *r = c->pieces[c->n - 1].rate;
    Exact least = EXACT_ZERO;
    for (int i = 0; i < c->n; i++) {
        const Piece *p = &c->pieces[i];
        Exact part =
            exact_mul(tariff_factor(&run->period, p->rate), exact_ratio(days_of(p->from, p->to), run->period.days));
        least = exact_add(least, exact_mul(exact_micro(p->rate->prices.price.micro), part));
    }
    Money floor_amount;
    TariffProblem problem = tariff_round(least, &run->period, &floor_amount);
    if (problem) return refuse(run, r, problem, run->to);
    Exact sum =
        r->of_n ? named_sum(run, r->of, r->of_n, run->from, run->to) : named_sum(run, usual, 5, run->from, run->to);
    Exact missing = exact_sub(exact_minor(floor_amount, run->w->exponent), sum);
    TariffLine line = { .factor = EXACT_ONE };
    if (!exact_held(missing) || tariff_round(missing, &run->period, &line.amount))
        return refuse(run, r, TARIFF_TOO_PRECISE, run->to);
    if (r->is_maximum ? line.amount.minor >= 0 : line.amount.minor <= 0) return true;
    if (run->period.explain)
        line.explain = text(run->w->a, "%s less %s = %s", wide_text(run->w->a, floor_amount.minor, run->w->exponent),
                            exact_text(run->w->a, sum, run->w->exponent, 6),
                            wide_text(run->w->a, line.amount.minor, run->w->exponent));
    line_add(run, r, &line, run->from, run->to);
    return true;
}

static bool is_deduction_line(const ChargeLine *l) {
    return tariff_is_deduction(l->line.charge_type);
}

/* Whether an earlier discount was given on lines that this one names too. */
static bool reduces(const Run *run, const ChargeLine *earlier, const TariffRate *r) {
    for (int i = run->first; i < run->lines->n; i++) {
        const ChargeLine *l = &run->lines->v[i];
        if (is_deduction_line(l)) continue;
        if ((!r->of_n || is_named(l, r->of, r->of_n)) &&
            (!earlier->rate->of_n || is_named(l, earlier->rate->of, earlier->rate->of_n)))
            return true;
    }
    return false;
}

/* What is left of the named lines after the discounts before (step 10), as far as it lies in these days. */
static Exact remaining(const Run *run, const TariffRate *r, Date from, Date to) {
    Exact sum = EXACT_ZERO;
    for (int i = run->first; i < run->lines->n; i++) {
        const ChargeLine *l = &run->lines->v[i];
        bool counts = is_deduction_line(l) ? reduces(run, l, r) : !r->of_n || is_named(l, r->of, r->of_n);
        int days = days_of(date_max(from, l->from), date_min(to, l->to));
        if (!counts || days <= 0) continue;
        sum = exact_add(
            sum, exact_mul(exact_minor(l->line.amount, run->w->exponent), exact_ratio(days, days_of(l->from, l->to))));
    }
    return sum;
}

/* Of a deduction that the account has once: what connections before took of it on these days, and their use. */
static OnceTaken taken_before(const Run *run, const char *key, Date from, Date to) {
    OnceTaken all = { .key = key, .from = from, .to = to, .amount = EXACT_ZERO, .units = EXACT_ZERO };
    for (int i = 0; i < run->w->once_n; i++) {
        const OnceTaken *t = &run->w->once[i];
        int days = days_of(date_max(from, t->from), date_min(to, t->to));
        if (days <= 0 || strcmp(t->key, key)) continue;
        Exact share = exact_ratio(days, days_of(t->from, t->to));
        all.amount = exact_add(all.amount, exact_mul(t->amount, share));
        all.units = exact_add(all.units, exact_mul(t->units, share));
    }
    return all;
}

/* Of an estimated bill that is rated again: whether this connection had the deduction, not another of the account. */
static bool had_on_bill(const ChargeSpan *s, const TariffRate *r) {
    if (!s->is_rated_again) return true;
    for (int i = 0; i < s->billed_n; i++)
        if (tariff_is_deduction(s->billed[i].charge_type) && s->billed[i].name &&
            (text_same(s->billed[i].name, r->code) || text_same(s->billed[i].name, r->label)))
            return true;
    return false;
}

/* The line less what connections before took; their use counts before its own where the use is not the same. */
static TariffProblem once_line(Run *run, const TariffRate *r, const Piece *p, OnceTaken *mine, TariffLine *line) {
    OnceTaken before = taken_before(run, r->once, p->from, p->to);
    const TariffUsage *measured = usage_of(run, p->from, p->to);
    int days = days_of(p->from, p->to);
    Exact own = measured ? measured->quantity
                         : exact_mul(run->period.usage.quantity, exact_ratio(days, run->period.days));
    *mine = (OnceTaken){ .key = r->once, .from = p->from, .to = p->to, .amount = EXACT_ZERO,
                         .units = run->s->connection->is_derived ? EXACT_ZERO : own };
    bool adds = !run->s->connection->is_derived && !exact_is_zero(before.units);
    TariffUsage all = { .quantity = exact_add(own, before.units) };
    TariffPart part = { .days = days, .usage = adds ? &all : measured };
    Money taken;
    TariffProblem problem = tariff_line(run->w->a, &run->period, r, &r->prices, &part, line);
    if (!problem) problem = tariff_round(before.amount, &run->period, &taken);
    if (problem || !taken.minor) return problem;
    line->amount.minor -= taken.minor;
    if (run->period.explain)
        line->explain = text(run->w->a, "%s, less %s of the account's other connections", line->explain,
                             wide_text(run->w->a, taken.minor, run->w->exponent));
    return TARIFF_OK;
}

static bool charge_discount(Run *run, const Piece *p) {
    BillWork *w = run->w;
    const TariffRate *r = effective(run, p->rate, days_of(p->from, p->to));
    bool is_once = r->once && r->calc != CALC_PERCENT && r->calc != CALC_TOU;
    if (is_once && (run->s->connection->once_elsewhere || !had_on_bill(run->s, r))) return true;
    TariffPart part = { .days = days_of(p->from, p->to), .usage = usage_of(run, p->from, p->to) };
    TariffLine line;
    OnceTaken mine;
    Exact base = remaining(run, r, p->from, p->to);
    Exact whole = remaining(run, r, run->from, run->to);
    Money limit;
    TariffProblem problem = tariff_round(whole, &run->period, &limit);
    if (!problem) problem = r->calc == CALC_PERCENT ? tariff_percent_line(w->a, &run->period, r, base, &line)
                          : is_once                 ? once_line(run, r, p, &mine, &line)
                                                    : tariff_line(w->a, &run->period, r, &r->prices, &part, &line);
    if (problem == TARIFF_NOT_NOW) return true;
    if (!problem) problem = tariff_deduct(w->a, &run->period, limit, &line);
    if (problem) return refuse(run, r, problem, p->to);
    if (line.amount.minor) line_add(run, p->rate, &line, p->from, p->to);
    if (!is_once || limit.minor <= 0) return true;          /* nothing here that it is for: another connection's */
    mine.amount = exact_minor((Money){ -line.amount.minor }, w->exponent);
    w->once = bill_grow(w->a, w->once, w->once_n, &w->once_room, sizeof(OnceTaken));
    w->once[w->once_n++] = mine;
    return true;
}

/* ---- A run ---- */

typedef enum { STEP_CHARGES, STEP_MINIMUM, STEP_DISCOUNTS, STEP_TAXES, STEPS } Step;

static Step step_of(const TariffRate *r) {
    if (tariff_is_deduction(r->charge_type)) return STEP_DISCOUNTS;
    if (r->is_maximum || !strcmp(r->charge_type, "MIN_BILL")) return STEP_MINIMUM;
    return strcmp(r->charge_type, "TAX") ? STEP_CHARGES : STEP_TAXES;
}

static bool charge_component(Run *run, const Component *c, Step step) {
    if (step == STEP_MINIMUM) return charge_minimum(run, c);
    if (step != STEP_DISCOUNTS && c->pieces[0].rate->calc == CALC_PERCENT) return charge_percent(run, c);
    for (int i = 0; i < c->n; i++)
        if (!(step == STEP_DISCOUNTS ? charge_discount(run, &c->pieces[i]) : charge_piece(run, &c->pieces[i])))
            return false;
    return true;
}

/* The bill covers the full period (step 6): its days are within the tolerance of the standard ones (30 a month); of a
   first or final bill, all days of the period, too. */
static bool is_full(const Run *run) {
    const ChargeSpan *s = run->s;
    const BillFacts *f = run->w->f;
    if (s->is_rated_again) return s->was_full;
    if (run->last->proration == PRORATE_NONE) return true;
    if (run->last->proration == PRORATE_DAILY) return false;
    int days = days_of(s->from, s->to), standard = 30 * s->months, cycle = days_of(f->period_start, f->period_end);
    if (days == standard) return true;
    if (days < standard - run->last->tolerance_days || days > standard + run->last->tolerance_days) return false;
    return !s->is_first_or_final || days == cycle;
}

/* Attributes of the connection, with its ERU where none is given and the winter average of the whole period: without
   one nothing is capped by it. */
static void attributes_set(Run *run) {
    const BillConnection *c = run->s->connection;
    TariffAttribute *v = take_n(run->w->a, TariffAttribute, (size_t)c->attribute_n + 2);
    if (c->attribute_n) memcpy(v, c->attributes, (size_t)c->attribute_n * sizeof *v);
    int n = c->attribute_n;
    bool has_eru = false;
    for (int i = 0; i < n; i++) has_eru = has_eru || !strcmp(v[i].name, "eru");
    Exact eru;
    if (!has_eru && tariff_eru(c->impervious_sqft, run->last->eru_sqft, c->is_single_family, &eru))
        v[n++] = (TariffAttribute){ "eru", eru };
    bool known = c->has_winter_average || run->last->has_winter_default;
    Exact month = exact_micro(c->has_winter_average ? c->winter_average.micro : run->last->winter_default.micro);
    Exact factor = run->period.full ? exact_whole(run->period.months) : exact_ratio(run->period.days, 30);
    v[n] =
        (TariffAttribute){ "winter_average", known ? exact_mul(month, factor) : run->period.usage.quantity };
    run->period.attributes = v;
    run->period.attribute_n = n + 1;
}

/* The quantity `winter_average` alone needs one; as a cap it may be missing. */
static bool has_winter_average(const Run *run) {
    if (run->s->connection->has_winter_average || run->last->has_winter_default) return true;
    for (int i = 0; i < run->n; i++) {
        if (!run->components[i].n) continue;
        const TariffQuantity *q = &run->components[i].pieces[0].rate->quantity;
        if (q->kind != QUANTITY_PLAIN || !text_same(q->a, "winter_average")) continue;
        bill_problem(run->w, run->s->connection, "BX-E11", "Winter average missing for %s",
                     bill_days_text(run->w->a, run->to, run->to));
        return false;
    }
    return true;
}

static void segment_add(Run *run) {
    BillWork *w = run->w;
    const BillConnection *c = run->s->connection;
    Exact quantity = exact_mul(run->s->usage.quantity, exact_ratio(days_of(run->from, run->to), run->period.days));
    const TariffUsage *measured = usage_of(run, run->from, run->to);
    if (measured) quantity = measured->quantity;
    w->segments = bill_grow(w->a, w->segments, w->segment_n, &w->segment_room, sizeof(BillSegment));
    BillSegment segment = { .connection = c,
                            .plan = run->last->plan,
                            .version = run->last->version,
                            .plan_code = run->last->plan_code,
                            .version_no = run->last->version_no,
                            .start = run->from,
                            .end = run->to,
                            .days = days_of(run->from, run->to),
                            .unit = c->unit,
                            .last_year = c->last_year_per_day };
    exact_to_quantity(quantity, &segment.quantity);
    exact_to_quantity(exact_div(quantity, exact_whole(segment.days)), &segment.avg_daily);
    run->segment = w->segment_n;
    w->segments[w->segment_n++] = segment;
}

static bool charge_run(Run *run) {
    const ChargeSpan *s = run->s;
    const BillFacts *f = run->w->f;
    run->period = (TariffPeriod){ .days = days_of(s->from, s->to),
                                  .end_month = date_ymd(s->to).month,
                                  .months = s->months,
                                  .factor_decimals = f->factor_decimals,
                                  .exponent = run->w->exponent,
                                  .rounding = f->rounding,
                                  .usage = s->usage,
                                  .explain = f->trace };
    run->period.full = is_full(run);
    attributes_set(run);
    for (int i = 0; i < s->connection->rebate_n; i++) rate_add(run, &s->connection->rebates[i], run->from, run->to);
    if (!has_winter_average(run)) return false;
    if (!s->is_rated_again) segment_add(run);
    run->first = run->lines->n;
    for (Step step = STEP_CHARGES; step < STEPS; step++)
        for (int i = 0; i < run->n; i++)
            if (run->components[i].n && step_of(run->components[i].pieces[0].rate) == step &&
                !charge_component(run, &run->components[i], step))
                return false;
    return true;
}

/* The version whose rates count on a day of a run from first to last: by the plan's rate_change_method. */
static const BillPlanSpan *version_for(const BillPlanSpan *here, const BillPlanSpan *first, const BillPlanSpan *last) {
    switch (last->rate_change) {
    case RATES_AT_END:   return last;
    case RATES_AT_START: return first;
    case RATES_BY_DAYS:  break;
    }
    return here;
}

/* The days from `from` on one plan, and the plan's versions first and last met. NULL when `from` has no plan. */
static const BillPlanSpan *run_find(const BillConnection *c, Date from, Date to, Date *end, const BillPlanSpan **last) {
    const BillPlanSpan *first = bill_span_at(c, from), *next = first;
    *last = first;
    while (next && next->plan.id == first->plan.id) {
        *last = next;
        *end = date_min(to, last_day(next));
        next = end->day < to.day ? bill_span_at(c, date_add_days(*end, 1)) : NULL;
    }
    return first;
}

static bool no_plan(BillWork *w, const ChargeSpan *s, Date from) {
    Date end = from;
    while (end.day < s->to.day && !bill_span_at(s->connection, date_add_days(end, 1))) end.day++;
    bill_problem(w, s->connection, "BX-E02", "Connection has no tariff plan for %s", bill_days_text(w->a, from, end));
    return false;
}

bool bill_charge(BillWork *w, const ChargeSpan *s, ChargeLines *to) {
    for (Date from = s->from; from.day <= s->to.day;) {
        Date end = from;
        const BillPlanSpan *last, *first = run_find(s->connection, from, s->to, &end, &last);
        if (!first) return no_plan(w, s, from);
        Run run = { .w = w, .s = s, .from = from, .to = end, .last = last, .segment = -1, .lines = to };
        for (Date day = from; day.day <= end.day;) {
            const BillPlanSpan *here = bill_span_at(s->connection, day);
            Date until = date_min(end, last_day(here));
            if (!version_add(&run, version_for(here, first, last), day, until)) return false;
            day = date_add_days(until, 1);
        }
        if (!charge_run(&run)) return false;
        from = date_add_days(end, 1);
    }
    return true;
}
