/*
 * The billing engine, what stands on the whole bill: taxes (step 11), one-off charges (12), deposits and instalments
 * (13), balance (14), cash rounding (15) and the holds. BX01US01 to BX01US04, late fees; see bill_rules.h (I4).
 */
#include <string.h>

#include "app/billing/bill_work_rules.h"

/* ---- Taxes ---- */

static bool carries(const BillLine *l, const char *code) {
    for (int i = 0; i < l->tax_n; i++)
        if (!strcmp(l->tax_codes[i], code)) return true;
    return false;
}

/* In the base of a code: what is added and named so. TRUE_UP lines bring their own tax, TAX lines carry a code as
   theirs. */
static bool is_taxed(const BillLine *l, const char *code) {
    return l->is_added && strcmp(l->charge_type, "TRUE_UP") && strcmp(l->charge_type, "TAX") && carries(l, code);
}

static const TaxExemption *exemption_of(const BillFacts *f, const char *code, Date on) {
    for (int i = 0; i < f->exemption_n; i++) {
        const TaxExemption *e = &f->exemptions[i];
        bool valid = (!date_is_set(e->valid_from) || e->valid_from.day <= on.day) &&
                     (!date_is_set(e->valid_until) || e->valid_until.day >= on.day);
        if (valid && (!e->tax_code || !strcmp(e->tax_code, code))) return e;
    }
    return NULL;
}

static bool rate_on(const BillTax *t, Date on, int64_t *ppm) {
    for (int i = 0; i < t->rate_n; i++) {
        const TaxRate *r = &t->rates[i];
        if ((date_is_set(r->valid_from) && r->valid_from.day > on.day) ||
            (date_is_set(r->valid_to) && r->valid_to.day < on.day))
            continue;
        return *ppm = r->rate_ppm, true;
    }
    return false;
}

/* The rate as a fraction: that of the last day, or the mean over the days when the code splits. False: missing on a
   day. */
static bool rate_of(const BillTax *t, Date from, Date to, Exact *rate, Date *missing) {
    int64_t ppm;
    if (!t->splits_by_days) from = to;
    Exact sum = EXACT_ZERO;
    for (Date day = from; day.day <= to.day; day.day++) {
        if (!rate_on(t, day, &ppm)) return *missing = day, false;
        sum = exact_add(sum, exact_whole(ppm));
    }
    *rate = exact_div(sum, exact_mul(exact_whole(to.day - from.day + 1), exact_whole(1000000)));
    return true;
}

/* Use of the segments that have a line in the base. */
static Exact taxed_use(const BillWork *w, const ChargeLines *lines, int first, const char *code) {
    Exact sum = EXACT_ZERO;
    for (int s = 0; s < w->segment_n; s++)
        for (int i = first; i < lines->n; i++) {
            if (lines->v[i].line.segment != s || !is_taxed(&lines->v[i].line, code)) continue;
            sum = exact_add(sum, exact_micro(w->segments[s].quantity.micro));
            break;
        }
    return sum;
}

static const char *const *own_code(const BillTax *t) {
    return &t->code;
}

static BillLine tax_line(const BillTax *t) {
    return (BillLine){ .segment = -1,
                       .section = SECTION_CURRENT,
                       .charge_type = "TAX",
                       .description = t->name ? t->name : t->code,
                       .factor_num = 1,
                       .factor_den = 1,
                       .tax_codes = own_code(t),
                       .tax_n = 1,
                       .is_added = !t->is_inclusive };
}

static void tell_tax(BillWork *w, const BillTax *t, BillLine *l, Exact base, Exact rate, Exact value) {
    const char *percent = exact_text(w->a, exact_mul(rate, exact_whole(100)), 0, 6),
               *of = exact_text(w->a, base, w->exponent, 6);
    const char *exact = exact_text(w->a, value, w->exponent, 6),
               *rounded = wide_text(w->a, l->amount.minor, w->exponent);
    const char *kind = t->is_inclusive ? " included in " : " of ";
    l->explain = strcmp(exact, rounded) ? text(w->a, "%s %%%s%s = %s, rounded %s", percent, kind, of, exact, rounded)
                                        : text(w->a, "%s %%%s%s = %s", percent, kind, of, exact);
}

/* The tax of one code on a base; false when a rate is missing. */
static bool tax_add(BillWork *w, ChargeLines *lines, const BillTax *t, Exact base, Exact use, Date from, Date to,
                    BillLine line) {
    const TaxExemption *exempt = exemption_of(w->f, t->code, to);
    Exact rate;
    Date missing;
    if (exempt) {
        line.description = text(w->a, "%s: exempt, certificate %s", line.description, exempt->certificate);
        line.is_added = true;
    } else if (!rate_of(t, from, to, &rate, &missing)) {
        bill_problem(w, NULL, "BX-E11", "Tax rate %s missing for %s", t->code, bill_days_text(w->a, missing, missing));
        return false;
    } else {
        Exact value = exact_mul(base, t->is_inclusive ? exact_div(rate, exact_add(EXACT_ONE, rate)) : rate);
        if (t->has_cap) value = exact_min(value, exact_mul(exact_micro(t->cap_per_unit.micro), use));
        TariffPeriod p = { .exponent = w->exponent, .rounding = w->f->rounding };
        if (tariff_round(value, &p, &line.amount)) {
            bill_problem(w, NULL, "BX-E99", "Tax %s cannot be computed", t->code);
            return false;
        }
        if (w->f->trace) tell_tax(w, t, &line, base, rate, value);
    }
    charge_line_add(w->a, lines, (ChargeLine){ .line = line, .from = from, .to = to });
    return true;
}

/* Codes in order of their sequence: index of the next one after `before`, -1 at the end. */
static int next_tax(const BillFacts *f, int before) {
    int next = -1;
    for (int i = 0; i < f->tax_n; i++) {
        bool after = before < 0 || f->taxes[i].sequence > f->taxes[before].sequence ||
                     (f->taxes[i].sequence == f->taxes[before].sequence && i > before);
        if (after && (next < 0 || f->taxes[i].sequence < f->taxes[next].sequence)) next = i;
    }
    return next;
}

void bill_tax(BillWork *w, ChargeLines *lines, int first, Date from, Date to, const Exact *use) {
    int end = lines->n;                                 /* the lines before the taxes */
    Exact taxes = EXACT_ZERO;
    for (int i = next_tax(w->f, -1); i >= 0; i = next_tax(w->f, i)) {
        const BillTax *t = &w->f->taxes[i];
        Exact base = EXACT_ZERO;
        bool any = false;
        for (int l = first; l < end; l++) {
            if (!is_taxed(&lines->v[l].line, t->code)) continue;
            base = exact_add(base, exact_minor(lines->v[l].line.amount, w->exponent));
            any = true;
        }
        if (!any) continue;
        if (t->is_compound) base = exact_add(base, taxes);
        Exact capped = use ? *use : t->has_cap ? taxed_use(w, lines, first, t->code) : EXACT_ZERO;
        if (!tax_add(w, lines, t, base, capped, from, to, tax_line(t))) return;
        const BillLine *line = &lines->v[lines->n - 1].line;
        if (line->is_added) taxes = exact_add(taxes, exact_minor(line->amount, w->exponent));
    }
}

/* The taxes of a single line (a one-off charge), as lines of their own behind it. */
void bill_charge_tax(BillWork *w, ChargeLines *lines, int line, Date on) {
    Exact taxes = EXACT_ZERO;
    for (int i = next_tax(w->f, -1); i >= 0; i = next_tax(w->f, i)) {
        const BillTax *t = &w->f->taxes[i];
        if (!is_taxed(&lines->v[line].line, t->code)) continue;
        Exact base = exact_minor(lines->v[line].line.amount, w->exponent);
        if (t->is_compound) base = exact_add(base, taxes);
        BillLine own = tax_line(t);
        own.charge = lines->v[line].line.charge;
        BillTax uncapped = *t;
        uncapped.has_cap = false;                       /* a cap is by use; a fee has none */
        if (!tax_add(w, lines, &uncapped, base, EXACT_ZERO, on, on, own)) return;
        const BillLine *added = &lines->v[lines->n - 1].line;
        if (added->is_added) taxes = exact_add(taxes, exact_minor(added->amount, w->exponent));
    }
}

/* ---- One-off charges, adjustments, deposits, instalments ---- */

static BillLine whole_line(BillSection section, const char *charge_type, const char *description, Money amount,
                           bool is_added) {
    return (BillLine){ .segment = -1,
                       .section = section,
                       .charge_type = charge_type,
                       .description = description ? description : charge_type,
                       .factor_num = 1,
                       .factor_den = 1,
                       .amount = amount,
                       .is_added = is_added };
}

static void undated_add(BillWork *w, BillLine line) {
    charge_line_add(w->a, &w->lines, (ChargeLine){ .line = line, .from = DATE_NONE, .to = DATE_NONE });
}

static void charges_add(BillWork *w) {
    const BillFacts *f = w->f;
    for (int i = 0; i < f->charge_n; i++) {
        const BillCharge *c = &f->charges[i];
        if (!c->is_posted && date_is_set(c->charge_date) && c->charge_date.day > f->bill_date.day) continue;
        BillLine line = whole_line(c->is_posted ? SECTION_SINCE_LAST_BILL : SECTION_CURRENT, c->charge_type,
                                   c->description, c->amount, !c->is_posted);
        line.charge = c->id;
        line.tax_codes = c->tax_codes;
        line.tax_n = c->tax_n;
        undated_add(w, line);
        if (!c->is_posted)
            bill_charge_tax(w, &w->lines, w->lines.n - 1, date_is_set(c->charge_date) ? c->charge_date : f->bill_date);
    }
}

static void adjustments_add(BillWork *w) {
    for (int i = 0; i < w->f->adjustment_n; i++) {
        const BillAdjustment *x = &w->f->adjustments[i];
        BillLine line = whole_line(x->is_posted ? SECTION_SINCE_LAST_BILL : SECTION_CURRENT, "ADJUSTMENT",
                                   x->description, x->amount, !x->is_posted);
        line.adjustment = x->id;
        undated_add(w, line);
    }
}

/* Due with this bill; a final bill asks for all that is left. */
static void instalments_add(BillWork *w) {
    for (int i = 0; i < w->f->instalment_n; i++) {
        const BillInstalment *x = &w->f->instalments[i];
        if (w->f->kind != BILL_FINAL && x->due.day > w->f->due_date.day) continue;
        BillLine line = whole_line(SECTION_INSTALMENT, "INSTALMENT", x->description, x->amount, true);
        line.instalment = x->id;
        undated_add(w, line);
    }
}

void bill_one_offs(BillWork *w) {
    charges_add(w);
    adjustments_add(w);
    instalments_add(w);
}

static void deposit_line(BillWork *w, const BillDeposit *x, const char *charge_type, const char *description,
                         Money amount, const char *explain) {
    BillLine line = whole_line(SECTION_DEPOSIT, charge_type, description, amount, true);
    line.deposit = x->id;
    line.explain = explain;
    undated_add(w, line);
}

/* Simple interest to the end of service, a year of 365 days, half up whatever the utility's rounding. */
static void deposit_apply(BillWork *w, const BillDeposit *x, Date end) {
    int days = end.day - x->since.day;
    Money interest = { 0 };
    if (days > 0) {
        TariffPeriod p = { .exponent = w->exponent, .rounding = ROUND_HALF_UP };
        Exact year = exact_mul(exact_minor(x->amount, w->exponent), exact_ratio(x->interest_ppm, 1000000));
        if (tariff_round(exact_mul(year, exact_ratio(days, 365)), &p, &interest)) {
            bill_problem(w, NULL, "BX-E99", "Interest of the deposit cannot be computed");
            return;
        }
    }
    deposit_line(w, x, "DEPOSIT_APPLIED", "Deposit applied", money_neg(x->amount), NULL);
    if (!interest.minor) return;
    const char *explain = !w->f->trace
                              ? NULL
                              : text(w->a, "%s x %s %% x %d / 365 days", wide_text(w->a, x->amount.minor, w->exponent),
                                     exact_text(w->a, exact_ratio(x->interest_ppm, 10000), 0, 6), days);
    deposit_line(w, x, "DEPOSIT_INTEREST", "Interest on the deposit", money_neg(interest), explain);
}

void bill_deposits(BillWork *w, Date end) {
    for (int i = 0; i < w->f->deposit_n; i++) {
        const BillDeposit *x = &w->f->deposits[i];
        if (!x->is_held) deposit_line(w, x, "DEPOSIT", "Deposit", x->amount, NULL);
        else if (w->f->kind == BILL_FINAL) deposit_apply(w, x, end);
    }
}

/* ---- Sums ---- */

static void tally(BillWork *w, BillDraft *d) {
    Wide current = 0, tax = 0, instalments = 0, deposits = 0, posted = 0, total = 0;
    for (int i = 0; i < w->lines.n; i++) {
        const BillLine *l = &w->lines.v[i].line;
        Wide amount = l->amount.minor;
        if (!strcmp(l->charge_type, "TAX")) tax += amount;
        if (l->section == SECTION_SINCE_LAST_BILL && strcmp(l->charge_type, "ADJUSTMENT")) posted += amount;
        if (!l->is_added) continue;
        total += amount;
        if (l->section == SECTION_CURRENT) current += amount;
        if (l->section == SECTION_INSTALMENT) instalments += amount;
        if (l->section == SECTION_DEPOSIT) deposits += amount;
    }
    bool fits = wide_fits(current, &d->current.minor) && wide_fits(tax, &d->tax.minor) &&
                wide_fits(instalments, &d->instalments.minor) && wide_fits(deposits, &d->deposits.minor) &&
                wide_fits(posted, &d->posted_charges.minor) && wide_fits(total, &d->total.minor);
    if (!fits || tariff_is_too_large(d->total, w->exponent)) bill_problem(w, NULL, "BX-E99", "The bill is too large");
}

/* Step 15: the line that brings the amount due to a multiple of the step; never more than half of it. */
static void cash_rounding(BillWork *w, BillDraft *d) {
    int64_t step = w->f->cash_step.minor, due = d->amount_due.minor;
    if (step < 2 || due <= 0) return;
    int64_t rest = due % step, change = rest * 2 >= step ? step - rest : -rest;
    if (!change) return;
    undated_add(w, whole_line(SECTION_CURRENT, "ROUNDING", "Rounding", (Money){ change }, true));
    d->rounding.minor = change;
    d->amount_due.minor += change;
    d->total.minor += change;
}

/* ---- Holds ---- */

static bool is_credit_line(const BillLine *l) {
    return l->amount.minor < 0 && (!strcmp(l->charge_type, "ADJUSTMENT") || !strcmp(l->charge_type, "CREDIT_NOTE"));
}

static void hold_amounts(BillWork *w, const BillDraft *d) {
    const BillFacts *f = w->f;
    Wide charges = d->current.minor;
    for (int i = 0; i < w->lines.n; i++)
        if (w->lines.v[i].line.is_added && is_credit_line(&w->lines.v[i].line))
            charges -= w->lines.v[i].line.amount.minor;
    if (f->hold_above.minor > 0 && d->total.minor > f->hold_above.minor)
        bill_problem(w, NULL, "BX-H03", "Bill total above %s", bill_money_text(w, f->hold_above));
    else if (charges < 0) bill_problem(w, NULL, "BX-H03", "Current charges negative");
    if (!f->differs_pct || !f->has_compared) return;
    Wide difference = (Wide)d->current.minor - f->compared.minor, base = f->compared.minor;
    if ((difference < 0 ? -difference : difference) * 100 > (base < 0 ? -base : base) * f->differs_pct)
        bill_problem(w, NULL, "BX-H06", "Bill differs more than %d %% from the simulation or the last bill",
                     f->differs_pct);
}

void bill_total(BillWork *w, BillDraft *d) {
    const BillFacts *f = w->f;
    tally(w, d);
    if (w->is_refused) return;
    hold_amounts(w, d);
    d->previous_balance = f->previous_balance;
    d->payments = f->payments;
    d->adjustments = f->adjusted;
    d->balance_forward = f->balance;
    d->deferred = f->deferred;
    Wide sum = (Wide)f->balance.minor + d->total.minor;
    int64_t due = 0;
    if (!wide_fits(sum, &due)) { bill_problem(w, NULL, "BX-E99", "The bill is too large"); return; }
    d->amount_due.minor = due > 0 ? due : 0;
    d->credit_carried.minor = due < 0 ? -due : 0;
    cash_rounding(w, d);
}

/* ---- Late fees ---- */

Money late_fee_amount(const LateFeeRule *rule, const LateFeeFacts *f, Rounding rounding) {
    Wide base = (Wide)f->unpaid.minor - (rule->is_compound ? 0 : f->unpaid_late_fees.minor);
    if (f->in_dispute || f->in_agreement || f->days <= rule->grace_days || base <= 0 || base <= rule->threshold.minor)
        return (Money){ 0 };
    Wide percent = wide_divide(base * rule->rate_ppm, 1000000, rounding), fee = 0;
    switch (rule->kind) {
    case LATE_FEE_FLAT:              fee = rule->flat.minor; break;
    case LATE_FEE_PERCENT:           fee = percent; break;
    case LATE_FEE_GREATER:           fee = percent > rule->flat.minor ? percent : rule->flat.minor; break;
    case LATE_FEE_PERCENT_PER_MONTH:
        fee = wide_divide(base * rule->rate_ppm * f->days, (Wide)1000000 * 30, rounding);
        break;
    }
    if (rule->has_minimum && fee < rule->minimum.minor) fee = rule->minimum.minor;
    if (rule->has_maximum && fee > rule->maximum.minor) fee = rule->maximum.minor;
    Money amount = { 0 };
    return wide_fits(fee, &amount.minor) ? amount : rule->maximum;
}
