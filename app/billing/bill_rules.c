/*
 * The billing engine: see bill_rules.h. This file has the days (step 1), the use (2), estimates (3) and true-up (5) of
 * each connection and puts the bill together; bill_charge_rules charges for the days, bill_total_rules for the whole
 * bill.
 */
#include "app/billing/bill_rules.h"

#include <stdarg.h>
#include <string.h>

#include "app/billing/bill_work_rules.h"

const char *const bill_section_words[] = { "since_last_bill", "current", "instalment", "deposit", "info", NULL };
const char *const usage_source_words[] = { "actual", "estimated", "mixed", "unmetered", "deemed", NULL };

static int word_find(const char *const *words, const char *word) {
    for (int i = 0; word && words[i]; i++)
        if (!strcmp(words[i], word)) return i;
    return -1;
}

int proration_method_find(const char *word) {
    return word_find((const char *const[]){ "partial_only", "daily", "none", NULL }, word);
}

int rate_change_method_find(const char *word) {
    return word_find((const char *const[]){ "prorate", "version_at_end", "version_at_start", NULL }, word);
}

int true_up_find(const char *word) {
    return word_find((const char *const[]){ "index", "rerate", NULL }, word);
}

int bill_kind_find(const char *word) {
    return word_find((const char *const[]){ "cycle", "single", "final", "correction", "one_off", NULL }, word);
}

int late_fee_kind_find(const char *word) {
    return word_find((const char *const[]){ "flat", "percent", "greater", "percent_per_month", NULL }, word);
}

/* One connection while its use is found out. */
typedef struct {
    const BillConnection *c;
    Date        from, to;
    ChargeSpan  span;
    bool        is_metered;             /* a plan of these days charges for use */
    int         use_first, use_n;       /* of c->uses: those on this bill */
    UsageSource source;
    const char *method;
    bool        is_negative;            /* below the last estimate: to be rated again */
    Exact       rest;
} Reach;

/* ---- Small things shared by the files ---- */

void *bill_grow(Arena *a, void *v, int n, int *room, size_t size) {
    if (n < *room) return v;
    *room = *room ? *room * 2 : 8;
    void *grown = arena_take_n(a, (size_t)*room, size);
    return n ? memcpy(grown, v, (size_t)n * size) : grown;
}

ChargeLine *charge_line_add(Arena *a, ChargeLines *lines, ChargeLine line) {
    lines->v = bill_grow(a, lines->v, lines->n, &lines->room, sizeof(ChargeLine));
    lines->v[lines->n] = line;
    return &lines->v[lines->n++];
}

void bill_problem(BillWork *w, const BillConnection *c, const char *code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *message = arena_vtext(w->a, format, args);
    va_end(args);
    bool is_hold = code[3] == 'H';
    if (!is_hold) w->is_refused = true;
    w->problems = bill_grow(w->a, w->problems, w->problem_n, &w->problem_room, sizeof(BillProblem));
    w->problems[w->problem_n++] = (BillProblem){ code, is_hold, message, c ? c->id : (Id){ 0 } };
}

const char *bill_days_text(Arena *a, Date from, Date to) {
    static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December" };
    Ymd x = date_ymd(from), y = date_ymd(to);
    const char *end = text(a, "%d %s %d", y.day, months[y.month - 1], y.year);
    if (from.day == to.day) return end;
    if (x.year != y.year) return text(a, "%d %s %d to %s", x.day, months[x.month - 1], x.year, end);
    if (x.month != y.month) return text(a, "%d %s to %s", x.day, months[x.month - 1], end);
    return text(a, "%d to %s", x.day, end);
}

static const NumberFormat GROUPED = { .decimal = '.', .group = ',' };

const char *bill_money_text(const BillWork *w, Money m) {
    return number_text(w->a, m.minor, GROUPED, (NumberStyle){ .places = w->exponent, .places_min = w->exponent });
}

const char *bill_number_text(Arena *a, Exact x) {
    Quantity q;
    if (!exact_to_quantity(x, &q)) return "?";
    return number_text(a, q.micro, GROUPED, (NumberStyle){ .places = 6 });
}

static int days_of(Date from, Date to) {
    return to.day - from.day + 1;
}

/* ---- Step 1: days ---- */

static Date later_of(Date a, Date b) {
    return date_is_set(a) && (!date_is_set(b) || a.day > b.day) ? a : b;
}

static Date earlier_of(Date a, Date b) {
    return date_is_set(a) && (!date_is_set(b) || a.day < b.day) ? a : b;
}

typedef enum { DAYS_FOUND, DAYS_NONE, DAYS_BILLED } DaysFound;

/* The days to bill of a connection. DAYS_NONE: not active in the period; DAYS_BILLED: nothing left. */
static DaysFound days_find(const BillFacts *f, const BillConnection *c, Reach *x) {
    Date begins = later_of(f->account_from, c->active_from), ends = earlier_of(f->account_to, c->active_to);
    x->from = later_of(f->period_start, begins);
    x->to = earlier_of(f->period_end, ends);
    if (x->from.day > x->to.day) return DAYS_NONE;
    if (!f->period_is_asked && date_is_set(c->billed_until))
        x->from = later_of(date_add_days(c->billed_until, 1), begins);         /* a gap is billed, no day twice */
    bool was_new = !date_is_set(c->billed_until) && date_is_set(begins) && begins.day >= f->period_start.day;
    bool restarted = date_is_set(c->billed_until) && date_is_set(begins) && begins.day > c->billed_until.day + 1;
    bool ended = date_is_set(ends) && ends.day <= f->period_end.day;
    x->span.is_first_or_final = was_new || restarted || ended || f->kind == BILL_FINAL;
    return x->from.day > x->to.day ? DAYS_BILLED : DAYS_FOUND;
}

/* No day is billed twice: days that a published bill has on the same plan (BX-E04). */
static bool is_free(BillWork *w, const Reach *x) {
    for (int i = 0; i < x->c->billed_n; i++) {
        const BilledDays *b = &x->c->billed[i];
        Date from = date_max(x->from, b->from), to = date_min(x->to, b->to);
        bool same_plan = !b->plan.id;
        for (int s = 0; s < x->c->span_n && !same_plan; s++) {
            const BillPlanSpan *p = &x->c->spans[s];
            same_plan = p->plan.id == b->plan.id && p->valid_from.day <= to.day &&
                        (!date_is_set(p->valid_to) || p->valid_to.day >= from.day);
        }
        if (from.day > to.day || !same_plan) continue;
        bill_problem(w, x->c, "BX-E04", "Days %s are already billed on %s", bill_days_text(w->a, from, to), b->bill_no);
        return false;
    }
    return true;
}

/* ---- Step 2: use ---- */

UseKind use_of_readings(Reading from, Reading to, int dials, int64_t multiplier_e6, Exact *use) {
    return use_between(exact_ratio(from.e3, 1000), exact_ratio(to.e3, 1000), dials, exact_micro(multiplier_e6), use);
}

/* The last reading counted: nearest to the period end within the window, at equal distance the later one.
   DATE_NONE: none. */
static Date end_reading(const BillFacts *f, const Reach *x) {
    Date best = DATE_NONE;
    int distance = f->window_days + 1;
    for (int i = 0; i < x->c->use_n; i++) {
        Date to = x->c->uses[i].to;
        int away = to.day > x->to.day ? to.day - x->to.day : x->to.day - to.day;
        if (away < distance || (away == distance && away <= f->window_days && to.day > best.day))
            best = to, distance = away;
    }
    return best;
}

/* What a usage_segment says, checked against its readings. Negative only below an estimate. */
static bool use_read(BillWork *w, Reach *x, const BillUse *u, Exact *use) {
    *use = exact_ratio(u->billing_quantity.e3, 1000);
    if (u->is_converted) return true;
    Exact computed;
    UseKind kind = use_of_readings(u->from_value, u->to_value, u->dials, u->multiplier_e6, &computed);
    if (kind == USE_NEGATIVE && !x->c->estimated_n) {
        bill_problem(w, x->c, "BX-E07", "Reading %s is below the start index %s",
                     bill_number_text(w->a, exact_ratio(u->to_value.e3, 1000)),
                     bill_number_text(w->a, exact_ratio(u->from_value.e3, 1000)));
        return false;
    }
    if (kind == USE_NEGATIVE) x->is_negative = true;
    Exact difference = exact_sub(computed, *use);
    if (exact_is_negative(difference)) difference = exact_neg(difference);
    if (exact_compare(difference, exact_ratio(1, 1000)) >= 0) {         /* metering keeps thousandths */
        bill_problem(w, x->c, "BX-E99", "Use %s does not follow from the readings %s and %s",
                     bill_number_text(w->a, *use), bill_number_text(w->a, exact_ratio(u->from_value.e3, 1000)),
                     bill_number_text(w->a, exact_ratio(u->to_value.e3, 1000)));
        return false;
    }
    *use = computed;
    return true;
}

/* The time-of-use periods of the plan at the end of the days; NULL: it has none. */
static const TariffPrices *tou_of(const Reach *x) {
    const BillPlanSpan *p = bill_span_at(x->c, x->to);
    for (int i = 0; p && i < p->rate_n; i++)
        if (p->rates[i].calc == CALC_TOU) return &p->rates[i].prices;
    return NULL;
}

/* Puts use into the period of its register; use of no period goes to the plan's fallback. */
static void usage_add(TariffUsage *u, TouUsage *tou, const char *kind, const char *fallback, Exact use) {
    u->quantity = exact_add(u->quantity, use);
    int at = -1;
    for (int i = 0; i < u->tou_n; i++)
        if (kind && *kind && !strcmp(tou[i].period, kind)) at = i;
    for (int i = 0; i < u->tou_n && at < 0; i++)
        if (!fallback || !strcmp(tou[i].period, fallback)) at = i;
    if (at >= 0) tou[at].quantity = exact_add(tou[at].quantity, use);
}

static TouUsage *tou_start(BillWork *w, const TariffPrices *prices, TariffUsage *u) {
    *u = (TariffUsage){ .quantity = EXACT_ZERO };
    if (!prices) return NULL;
    TouUsage *tou = take_n(w->a, TouUsage, (size_t)prices->tou_n);
    for (int i = 0; i < prices->tou_n; i++) tou[i] = (TouUsage){ prices->tou[i].period, EXACT_ZERO };
    u->tou = tou;
    u->tou_n = prices->tou_n;
    return tou;
}

static void usage_scale(TariffUsage *u, Exact by) {
    TouUsage *tou = (TouUsage *)u->tou;         /* ours: made by tou_start */
    u->quantity = exact_mul(u->quantity, by);
    for (int i = 0; i < u->tou_n; i++) tou[i].quantity = exact_mul(tou[i].quantity, by);
}

/* A version of the plan, another plan or a rate begins on the day after. */
static bool is_change(const Reach *x, Date day) {
    for (int i = 0; i < x->c->span_n; i++) {
        const BillPlanSpan *p = &x->c->spans[i];
        if (p->valid_from.day - 1 == day.day) return true;
        for (int r = 0; r < p->rate_n; r++)
            if (date_is_set(p->rates[r].valid_from) && p->rates[r].valid_from.day - 1 == day.day) return true;
    }
    return false;
}

/* A reading of that day on which every register stood: no use goes across it. */
static bool is_read_on(const Reach *x, int day) {
    bool read = false;
    for (int i = 0; i < x->use_n; i++) {
        const BillUse *u = &x->c->uses[x->use_first + i];
        if (u->from.day < day && u->to.day > day) return false;
        read = read || u->to.day == day;
    }
    return read;
}

/* Step 4: a reading on the last day before a change, or a day beside it, divides the use there. */
static void blocks_find(BillWork *w, Reach *x, const TariffPrices *prices, const char *fallback, const Exact *uses) {
    if (x->use_n < 2) return;
    UseBlock *blocks = take_n(w->a, UseBlock, (size_t)x->use_n + 1);
    int n = 0, next = 0;
    Date from = x->from;
    for (Date day = x->from; day.day < x->to.day && n < x->use_n; day.day++) {
        if (!is_change(x, day)) continue;
        int reading = is_read_on(x, day.day) ? day.day : is_read_on(x, day.day + 1) ? day.day + 1 : day.day - 1;
        if (!is_read_on(x, reading)) continue;
        UseBlock *b = &blocks[n++];
        *b = (UseBlock){ .from = from, .to = day };
        TouUsage *tou = tou_start(w, prices, &b->usage);
        for (; next < x->use_n && x->c->uses[x->use_first + next].to.day <= reading; next++)
            usage_add(&b->usage, tou, x->c->uses[x->use_first + next].register_kind, fallback, uses[next]);
        from = date_add_days(day, 1);
    }
    if (!n) return;
    UseBlock *last = &blocks[n++];
    *last = (UseBlock){ .from = from, .to = x->to };
    TouUsage *tou = tou_start(w, prices, &last->usage);
    for (; next < x->use_n; next++)
        usage_add(&last->usage, tou, x->c->uses[x->use_first + next].register_kind, fallback, uses[next]);
    x->span.blocks = blocks;
    x->span.block_n = n;
}

static const char *readings_text(BillWork *w, const Reach *x) {
    Text t = text_start(w->a);
    const BillConnection *c = x->c;
    for (int i = 0; i < x->use_n; i++) {
        const BillUse *u = &c->uses[x->use_first + i];
        text_addf(&t, "%s%s - %s", i ? "; " : "", bill_number_text(w->a, exact_ratio(u->to_value.e3, 1000)),
                  bill_number_text(w->a, exact_ratio(u->from_value.e3, 1000)));
        if (u->multiplier_e6 != 1000000)
            text_addf(&t, " (x %s)", bill_number_text(w->a, exact_micro(u->multiplier_e6)));
        text_addf(&t, " = %s", bill_number_text(w->a, exact_ratio(u->billing_quantity.e3, 1000)));
        if (c->unit) text_addf(&t, " %s", c->unit);
        if (u->is_estimated) text_add(&t, " (estimated)");
    }
    if (x->source == USAGE_ESTIMATED || x->source == USAGE_MIXED || x->source == USAGE_DEEMED || x->use_n > 1)
        text_addf(&t, "%s%s%s %s", t.n ? "; " : "",
            x->source == USAGE_ESTIMATED && !x->use_n ? "estimated "
                : x->source == USAGE_DEEMED           ? "deemed "
                                                      : "together ",
            bill_number_text(w->a, x->span.usage.quantity), c->unit ? c->unit : "");
    return t.s;
}

/* ---- Step 3: estimates ---- */

static bool may_estimate(BillWork *w, const Reach *x) {
    const BillFacts *f = w->f;
    const BillConnection *c = x->c;
    const char *why = NULL;
    if (c->reading_waits) {
        bill_problem(w, c, "BX-E06", "Reading waits for validation");
        return false;
    }
    if (!f->estimate_allowed) why = "category";
    else if (c->estimates_in_row >= f->max_estimates) why = text(w->a, "limit %d reached", f->max_estimates);
    else if (date_is_set(f->estimate_after) && date_is_set(f->today) && f->today.day < f->estimate_after.day)
        why = text(w->a, "before %s", bill_days_text(w->a, f->estimate_after, f->estimate_after));
    else if (!c->estimate.is_known) why = "no basis";
    if (why) bill_problem(w, c, "BX-E05", "No passed reading and estimation not allowed (%s)", why);
    return !why;
}

/* Use without readings: deemed by the plan, or estimated for the days that the readings leave open. */
static bool use_without_reading(BillWork *w, Reach *x, const BillPlanSpan *p, TouUsage *tou) {
    const BillConnection *c = x->c;
    if (c->is_unmetered || (!c->has_meter && !x->use_n)) {
        if (p && p->has_deemed) {
            x->source = USAGE_DEEMED;
            usage_add(&x->span.usage, tou, NULL, p->tou_fallback,
                      exact_mul(exact_micro(p->deemed_per_day.micro), exact_whole(days_of(x->from, x->to))));
            return true;
        }
        x->source = USAGE_UNMETERED;
        if (!x->is_metered) return true;
        bill_problem(w, c, "BX-E08", "No meter installed but plan is metered");
        return false;
    }
    if (!c->has_meter) return true;                 /* removed inside the period: its last reading was the end */
    if (!x->is_metered) { x->source = x->use_n ? USAGE_ACTUAL : USAGE_UNMETERED; return true; }
    if (!may_estimate(w, x)) return false;
    x->source = x->use_n ? USAGE_MIXED : USAGE_ESTIMATED;
    x->method = c->estimate.method;
    usage_add(&x->span.usage, tou, NULL, p ? p->tou_fallback : NULL, exact_micro(c->estimate.quantity.micro));
    return true;
}

/* Whether uses were estimated by metering already: all, some or none. */
static UsageSource source_of(const Reach *x) {
    int estimated = 0;
    for (int i = 0; i < x->use_n; i++) estimated += x->c->uses[x->use_first + i].is_estimated;
    return !estimated ? USAGE_ACTUAL : estimated == x->use_n ? USAGE_ESTIMATED : USAGE_MIXED;
}

/* Setting interpolate_to_period_end: use by days to the period end, the rest waits for the next bill. */
static void interpolate(Reach *x, Date reading) {
    Exact all = x->span.usage.quantity;
    usage_scale(&x->span.usage, exact_ratio(days_of(x->from, x->to), days_of(x->from, reading)));
    x->rest = exact_sub(all, x->span.usage.quantity);
    x->span.block_n = 0;
}

static bool gas_convert(BillWork *w, Reach *x) {
    const BillConnection *c = x->c;
    if (!c->gas) return true;
    if (c->calorific_e6 <= 0) {
        bill_problem(w, c, "BX-E11", "Calorific value missing for %s", bill_days_text(w->a, x->to, x->to));
        return false;
    }
    Exact kwh = gas_energy(EXACT_ONE, c->gas_imperial, exact_micro(c->gas_correction_e6), exact_micro(c->calorific_e6));
    usage_scale(&x->span.usage, kwh);
    for (int i = 0; i < x->span.block_n; i++) usage_scale((TariffUsage *)&x->span.blocks[i].usage, kwh);
    return true;
}

static void usage_round(Reach *x) {
    if (x->c->usage_decimals < 0 || x->span.usage.tou_n || x->span.block_n) return;
    x->span.usage.quantity = exact_rounded(x->span.usage.quantity, x->c->usage_decimals);
}

static bool use_find(BillWork *w, Reach *x) {
    const BillConnection *c = x->c;
    const BillPlanSpan *p = bill_span_at(c, x->to);
    const TariffPrices *prices = tou_of(x);
    const char *fallback = p ? p->tou_fallback : NULL;
    TouUsage *tou = tou_start(w, prices, &x->span.usage);
    Date reading = end_reading(w->f, x);
    x->rest = EXACT_ZERO;
    for (int i = 0; i < c->use_n; i++) {
        bool counts = date_is_set(reading) ? c->uses[i].to.day <= reading.day : c->uses[i].to.day <= x->to.day;
        if (counts && !x->use_n) x->use_first = i;
        x->use_n += counts;
    }
    Exact *uses = take_n(w->a, Exact, (size_t)x->use_n);
    for (int i = 0; i < x->use_n; i++) {
        const BillUse *u = &c->uses[x->use_first + i];
        if (!use_read(w, x, u, &uses[i])) return false;
        if (u->is_estimated) x->method = u->estimate_method;
        usage_add(&x->span.usage, tou, u->register_kind, fallback, uses[i]);
    }
    x->source = source_of(x);
    if (!date_is_set(reading) && !use_without_reading(w, x, p, tou)) return false;
    if (date_is_set(reading)) blocks_find(w, x, prices, fallback, uses);
    if (c->carried.micro) usage_add(&x->span.usage, tou, NULL, fallback, exact_micro(c->carried.micro));
    if (date_is_set(reading) && w->f->interpolate && reading.day != x->to.day && reading.day >= x->from.day)
        interpolate(x, reading);
    if (!gas_convert(w, x)) return false;
    usage_round(x);
    return true;
}

static bool is_estimated(UsageSource s) {
    return s == USAGE_ESTIMATED || s == USAGE_MIXED;
}

static void hold_use(BillWork *w, const Reach *x) {
    const BillFacts *f = w->f;
    const BillConnection *c = x->c;
    int days = days_of(x->from, x->to);
    Exact use = x->span.usage.quantity,
          average = exact_mul(exact_micro(c->usual.micro), exact_ratio(days, c->usual_days));
    if (days > f->days_max) bill_problem(w, c, "BX-H04", "Period longer than %d days", f->days_max);
    if (is_estimated(x->source) && c->estimates_in_row >= 2) bill_problem(w, c, "BX-H05", "Third estimate in a row");
    if (!x->is_metered) return;
    if (f->high_use_times && c->usual_days > 0 &&
        exact_compare(use, exact_mul(average, exact_whole(f->high_use_times))) > 0 &&
        exact_compare(use, exact_micro(f->high_use_above.micro)) > 0)
        bill_problem(w, c, "BX-H01", "Use %s is more than %d times the average %s (and over %s units)",
                     bill_number_text(w->a, use), f->high_use_times, bill_number_text(w->a, exact_rounded(average, 3)),
                     bill_number_text(w->a, exact_micro(f->high_use_above.micro)));
    if (exact_is_zero(use) && c->zero_periods >= 1 && x->source == USAGE_ACTUAL)
        bill_problem(w, c, "BX-H02", "No use for %d periods on an active connection", c->zero_periods + 1);
}

/* ---- Step 5: true-up ---- */

typedef struct { const char *charge_type, *service, *tax_code; Wide amount; } Difference;
typedef struct { Difference *v; int n, room; } Differences;

static bool same(const char *a, const char *b) {
    return a && b ? !strcmp(a, b) : a == b;
}

static void difference_add(BillWork *w, Differences *d, const char *charge_type, const char *service,
                           const char *tax_code, Wide amount) {
    for (int i = 0; i < d->n; i++)
        if (same(d->v[i].charge_type, charge_type) && same(d->v[i].service, service) &&
            same(d->v[i].tax_code, tax_code)) {
            d->v[i].amount += amount;
            return;
        }
    d->v = bill_grow(w->a, d->v, d->n, &d->room, sizeof(Difference));
    d->v[d->n++] = (Difference){ charge_type, service, tax_code, amount };
}

static void true_up_line(BillWork *w, const BillEstimated *e, const Difference *d, int segment) {
    if (!d->amount) return;
    const char **code = take_n(w->a, const char *, 1);
    *code = d->tax_code;
    BillLine line = { .segment = segment,
                      .section = SECTION_CURRENT,
                      .charge_type = d->tax_code ? "TAX" : "TRUE_UP",
                      .service = d->service,
                      .factor_num = 1,
                      .factor_den = 1,
                      .amount = { (int64_t)d->amount },
                      .is_added = true,
                      .true_up_of = e->bill,
                      .trued_up = d->tax_code ? NULL : d->charge_type,
                      .description = text(w->a, "True-up of %s, bill %s", d->tax_code ? d->tax_code : d->charge_type,
                                          e->bill_no) };
    if (d->tax_code) line.tax_codes = code, line.tax_n = 1;
    charge_line_add(w->a, &w->lines, (ChargeLine){ .line = line, .from = e->from, .to = e->to });
}

/* Computes an estimated bill again with its share of the actual use and puts down the difference by charge type. */
static bool rate_again(BillWork *w, const Reach *x, const BillEstimated *e, Exact use, int segment) {
    TariffUsage usage;
    TouUsage *tou = tou_start(w, tou_of(x), &usage);
    const BillPlanSpan *p = bill_span_at(x->c, e->to);
    usage_add(&usage, tou, NULL, p ? p->tou_fallback : NULL, use);
    ChargeSpan s = { .connection = x->c, .from = e->from, .to = e->to, .is_rated_again = true, .was_full = e->was_full,
                     .billed = e->lines, .billed_n = e->line_n, .months = e->months ? e->months : 1, .usage = usage };
    ChargeLines lines = { 0 };
    if (!bill_charge(w, &s, &lines)) return false;
    bill_tax(w, &lines, 0, e->from, e->to, &use);
    if (w->is_refused) return false;
    Differences d = { 0 };
    for (int i = 0; i < lines.n; i++) {
        const BillLine *l = &lines.v[i].line;
        bool is_tax = !strcmp(l->charge_type, "TAX") && l->tax_n;
        if (l->is_added)
            difference_add(w, &d, l->charge_type, is_tax ? NULL : l->service, is_tax ? l->tax_codes[0] : NULL,
                           l->amount.minor);
    }
    for (int i = 0; i < e->line_n; i++) {
        const BilledLine *l = &e->lines[i];
        difference_add(w, &d, l->charge_type, l->tax_code ? NULL : l->service, l->tax_code, -(Wide)l->amount.minor);
    }
    for (int i = 0; i < d.n; i++) true_up_line(w, e, &d.v[i], segment);
    return true;
}

static bool below_start(BillWork *w, const Reach *x) {
    const BillUse *u = x->use_n ? &x->c->uses[x->use_first + x->use_n - 1] : NULL;
    if (!u) bill_problem(w, x->c, "BX-E07", "Use %s is below 0", bill_number_text(w->a, x->span.usage.quantity));
    else
        bill_problem(w, x->c, "BX-E07", "Reading %s is below the start index %s",
                     bill_number_text(w->a, exact_ratio(u->to_value.e3, 1000)),
                     bill_number_text(w->a, exact_ratio(u->from_value.e3, 1000)));
    return false;
}

/* The actual use since the last actual reading, spread over the estimated bills and this one by days. */
static bool true_up_spread(BillWork *w, Reach *x, Exact *per_day) {
    Exact all = x->span.usage.quantity;
    int days = days_of(x->from, x->to);
    for (int i = 0; i < x->c->estimated_n; i++) {
        all = exact_add(all, exact_micro(x->c->estimated[i].quantity.micro));
        days += days_of(x->c->estimated[i].from, x->c->estimated[i].to);
    }
    if (exact_is_negative(all)) return below_start(w, x);
    *per_day = exact_div(all, exact_whole(days));
    TariffUsage *usage = &x->span.usage;
    const BillPlanSpan *p = bill_span_at(x->c, x->to);
    TouUsage *tou = tou_start(w, tou_of(x), usage);
    usage_add(usage, tou, NULL, p ? p->tou_fallback : NULL, exact_mul(*per_day, exact_whole(days_of(x->from, x->to))));
    x->span.block_n = 0;
    return true;
}

/* ---- A connection ---- */

static void segments_finish(BillWork *w, const Reach *x, int first) {
    for (int i = first; i < w->segment_n; i++) {
        BillSegment *s = &w->segments[i];
        s->is_metered = x->is_metered;
        s->source = x->source;
        s->estimate_method = is_estimated(x->source) ? x->method : NULL;
        if (i == w->segment_n - 1) {            /* the readings stand once, at the segment that ends with them */
            s->uses = x->use_n ? &x->c->uses[x->use_first] : NULL;
            s->use_n = x->use_n;
            exact_to_quantity(x->rest, &s->rest);
            if (w->f->trace) s->explain = readings_text(w, x);
        }
    }
}

static void bill_connection(BillWork *w, Reach *x) {
    const BillConnection *c = x->c;
    if (!is_free(w, x)) return;
    x->is_metered = bill_is_metered(c, x->from, x->to);
    if (!use_find(w, x)) return;
    bool is_below = x->is_negative || exact_is_negative(x->span.usage.quantity);
    bool rated_again =
        c->estimated_n && x->source == USAGE_ACTUAL && x->use_n && (w->f->true_up == TRUE_UP_RERATE || is_below);
    Exact per_day = EXACT_ZERO;
    if (rated_again && !true_up_spread(w, x, &per_day)) return;
    if (exact_is_negative(x->span.usage.quantity)) { below_start(w, x); return; }
    x->span.connection = c;
    x->span.from = x->from;
    x->span.to = x->to;
    x->span.months = w->f->months;
    hold_use(w, x);
    int first = w->segment_n;
    if (!bill_charge(w, &x->span, &w->lines)) return;
    segments_finish(w, x, first);
    for (int i = 0; rated_again && i < c->estimated_n; i++) {
        const BillEstimated *e = &c->estimated[i];
        if (!rate_again(w, x, e, exact_mul(per_day, exact_whole(days_of(e->from, e->to))), w->segment_n - 1)) return;
    }
}

/* ---- The bill ---- */

static BillOutcome connections_bill(BillWork *w, BillDraft *d) {
    const BillFacts *f = w->f;
    int active = 0, found = 0;
    d->start = f->period_start;
    d->end = earlier_of(f->period_end, f->account_to);
    if (f->kind == BILL_ONE_OFF) { d->start = d->end = f->bill_date; return BILL_MADE; }
    for (int i = 0; i < f->connection_n; i++) {
        Reach x = { .c = &f->connections[i] };
        DaysFound days = days_find(f, x.c, &x);
        active += days != DAYS_NONE;
        if (days != DAYS_FOUND) continue;
        d->start = found ? date_min(d->start, x.from) : x.from;
        d->end = found ? date_max(d->end, x.to) : x.to;
        found++;
        bill_connection(w, &x);
    }
    if (!active && f->kind != BILL_FINAL)
        bill_problem(w, NULL, "BX-E01", "Account has no active service connection in the period");
    return active && !found && (f->kind == BILL_CYCLE || f->kind == BILL_CORRECTION) ? BILL_SKIPPED : BILL_MADE;
}

static void lines_take(BillWork *w, BillDraft *d) {
    d->lines = take_n(w->a, BillLine, (size_t)w->lines.n);
    d->line_n = w->lines.n;
    for (int i = 0; i < w->lines.n; i++) {
        d->lines[i] = w->lines.v[i].line;
        d->lines[i].from = w->lines.v[i].from;
        d->lines[i].to = w->lines.v[i].to;
        d->lines[i].seq = i + 1;
    }
    d->segments = w->segments;
    d->segment_n = w->segment_n;
    d->days = days_of(d->start, d->end);
    for (int i = 0; i < w->segment_n; i++) d->is_estimated = d->is_estimated || is_estimated(w->segments[i].source);
}

BillDraft bill_compute(Arena *a, const BillFacts *f) {
    BillDraft d = { .outcome = BILL_MADE };
    BillWork w = { .a = a, .f = f, .exponent = currency_exponent(f->currency) };
    if (w.exponent < 0 || !f->has_address) bill_problem(&w, NULL, "BX-E09", "Billing address or currency missing");
    else d.outcome = connections_bill(&w, &d);
    if (d.outcome != BILL_SKIPPED && !w.is_refused) {
        bill_tax(&w, &w.lines, 0, d.start, d.end, NULL);
        bill_one_offs(&w);
        bill_deposits(&w, d.end);
        bill_total(&w, &d);
    }
    if (w.is_refused) d = (BillDraft){ .outcome = BILL_REFUSED };
    else if (d.outcome != BILL_SKIPPED) {
        lines_take(&w, &d);
        if (w.problem_n) d.outcome = BILL_HELD;
        if (!d.line_n) d.outcome = BILL_EMPTY;
    }
    d.problems = w.problems;
    d.problem_n = w.problem_n;
    return d;
}

bool bill_adds_up(const BillDraft *d) {
    Wide total = 0, current = 0;
    for (int i = 0; i < d->line_n; i++) {
        const BillLine *l = &d->lines[i];
        if (!l->is_added) continue;
        total += l->amount.minor;
        if (l->section == SECTION_CURRENT && strcmp(l->charge_type, "ROUNDING")) current += l->amount.minor;
    }
    Wide sum = (Wide)d->balance_forward.minor + d->total.minor;
    bool balanced = d->amount_due.minor >= 0 && d->credit_carried.minor >= 0 &&
                    sum == (Wide)d->amount_due.minor - d->credit_carried.minor;
    return total == d->total.minor && current == d->current.minor && balanced;
}
