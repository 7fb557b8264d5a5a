/* The billing engine (5-billing, "Calculation order"): the fixture accounts of BX-FIX to the cent and every step of the
   order. A bill is compared as one text: its lines, then its figures; a refusal as code and message. */
#include "app/billing/bill_rules.h"
#include "lib/date.h"
#include "tests/suite.h"

static Arena mem;

#define LIST(type, ...) ((type[]){ __VA_ARGS__ }), (int)(sizeof((type[]){ __VA_ARGS__ }) / sizeof(type))

static Date on(int year, int month, int day) { return date_of(year, month, day); }
static Reading index_of(int n) { return (Reading){ (int64_t)n * 1000 }; }

/* ---- Plans of BX-FIX ---- */

static const char *const cut[] = { "CUT" };

static TariffRate rate(const char *code, const char *charge_type, const char *service, TariffCalc calc,
                       int64_t price_micro) {
    TariffRate r = TARIFF_RATE_DEFAULT;
    r.code = code;
    r.charge_type = charge_type;
    r.service = service;
    r.calc = calc;
    r.prices.price.micro = price_micro;
    r.prorate = true;
    r.basis = calc == CALC_FLAT ? BASIS_PER_MONTH : BASIS_PER_BILL;
    if (!strcmp(service, "water")) r.tax_codes = cut, r.tax_n = 1;
    return r;
}

static TariffRate sewer(int64_t price_micro, int64_t percent) {
    TariffRate r = rate("SEWER", "SEWER_USAGE", "wastewater", CALC_PER_UNIT, price_micro);
    r.qty_percent_e6 = percent * 1000000;
    return r;
}

static const TariffTier res_tiers[] = { { .upto = { 5000000 }, .price = { 4500000 } },
                                        { .upto = { 10000000 }, .price = { 6750000 } },
                                        { .unlimited = true, .price = { 9100000 } } };

static TariffRate tiered(const TariffTier *tiers, int n) {
    TariffRate r = rate("USE", "USAGE", "water", CALC_TIERED, 0);
    r.prices.tiers = tiers;
    r.prices.tier_n = n;
    r.tier_period = TIERS_BY_MONTH;
    return r;
}

typedef struct { TariffRate v[12]; int n; } Rates;

static void add(Rates *r, TariffRate one) {
    one.sequence = r->n + 1;
    r->v[r->n++] = one;
}

static Rates res_fix(void) {
    Rates r = { .n = 0 };
    add(&r, rate("BASE", "FIXED", "water", CALC_FLAT, 38500000));
    add(&r, rate("SEWER", "SEWER_FIXED", "wastewater", CALC_FLAT, 31500000));
    return r;
}

static Rates res_var(void) {
    Rates r = { .n = 0 };
    add(&r, rate("BASE", "FIXED", "water", CALC_FLAT, 18200000));
    add(&r, tiered(res_tiers, 3));
    add(&r, sewer(8400000, 90));
    return r;
}

static Rates com_fix(void) {
    Rates r = { .n = 0 };
    add(&r, rate("BASE", "FIXED", "water", CALC_FLAT, 120000000));
    add(&r, rate("SEWER", "SEWER_FIXED", "wastewater", CALC_FLAT, 80000000));
    return r;
}

static Rates com_var(int64_t price_micro) {
    Rates r = { .n = 0 };
    add(&r, rate("BASE", "FIXED", "water", CALC_FLAT, 45000000));
    add(&r, rate("USE", "USAGE", "water", CALC_PER_UNIT, price_micro));
    add(&r, sewer(9100000, 95));
    TariffRate least = rate("LEAST", "MIN_BILL", "water", CALC_FLAT, 60000000);
    add(&r, least);
    return r;
}

/* ---- Facts ---- */

static const TaxRate cut_rates[] = { { { INT32_MIN }, { INT32_MIN }, 50000 } };
static const BillTax taxes[] = { { .code = "CUT", .name = "City utility tax", .rates = cut_rates, .rate_n = 1 } };

static BillPlanSpan span(int plan, int version, Date from, Date to, const Rates *r) {
    return (BillPlanSpan){ .plan = { plan }, .version = { version }, .plan_code = "PLAN", .version_no = version,
                           .valid_from = from, .valid_to = to,
                           .rates = r->v, .rate_n = r->n, .tolerance_days = 5 };
}

static BillUse use(Date from, Date to, int start, int end) {
    BillUse u = BILL_USE_DEFAULT;
    u.from = from;
    u.to = to;
    u.from_value = index_of(start);
    u.to_value = index_of(end);
    u.billing_quantity = index_of(end - start);
    return u;
}

static BillConnection connection(const BillPlanSpan *spans, int span_n, const BillUse *uses, int use_n) {
    BillConnection c = BILL_CONNECTION_DEFAULT;
    c.id.id = 7;
    c.unit = "CCF";
    c.spans = spans;
    c.span_n = span_n;
    c.uses = uses;
    c.use_n = use_n;
    return c;
}

static BillFacts facts(const BillConnection *c, int n) {
    BillFacts f = BILL_FACTS_DEFAULT;
    f.currency = "USD";
    f.period_start = on(2026, 4, 1);
    f.period_end = on(2026, 4, 30);
    f.bill_date = f.today = on(2026, 5, 2);
    f.due_date = on(2026, 5, 23);
    f.connections = c;
    f.connection_n = n;
    f.taxes = taxes;
    f.tax_n = 1;
    f.hold_above.minor = 500000;
    f.trace = true;
    return f;
}

/* ---- Bills as text ---- */

static const char *amount(Money m) { return wide_text(&mem, m.minor, 2); }

static const char *lines_of(const BillDraft *d) {
    Text t = text_start(&mem);
    text_add(&t, "");
    for (int i = 0; i < d->line_n; i++) {
        const BillLine *l = &d->lines[i];
        text_addf(&t, "%s%s%s%s %s", i ? ", " : "", l->is_added ? "" : "(", l->true_up_of.id && l->tax_n
                  ? "TRUE_UP of " : "", l->charge_type, amount(l->amount));
        if (l->trued_up) text_addf(&t, " of %s", l->trued_up);
        if (l->has_quantity) text_addf(&t, " @%s", exact_text(&mem, exact_micro(l->quantity.micro), 0, 6));
        if (!l->is_added) text_add(&t, ")");
    }
    return t.s;
}

static const char *problems_of(const BillDraft *d) {
    Text t = text_start(&mem);
    text_add(&t, "");
    for (int i = 0; i < d->problem_n; i++)
        text_addf(&t, "%s%s %s", i ? "; " : "", d->problems[i].code, d->problems[i].message);
    return t.s;
}

static const char *bill(const BillFacts *f, BillDraft *to) {
    *to = bill_compute(&mem, f);
    if (to->outcome == BILL_REFUSED) return text(&mem, "refused: %s", problems_of(to));
    if (to->outcome == BILL_SKIPPED) return "skipped";
    if (to->outcome == BILL_EMPTY) return "empty";
    CU_ASSERT(bill_adds_up(to));
    return text(&mem, "%s%s = %s", to->outcome == BILL_HELD ? text(&mem, "held: %s: ", problems_of(to)) : "",
                lines_of(to), amount(to->total));
}

static const char *bill_of(const BillFacts *f) {
    BillDraft d;
    return bill(f, &d);
}

/* One connection with one plan and one use. */
static BillFacts simple(const Rates *r, const BillUse *uses, int use_n) {
    BillPlanSpan *s = take_n(&mem, BillPlanSpan, 1);
    *s = span(1, 1, on(2020, 1, 1), DATE_NONE, r);
    BillConnection *c = take_n(&mem, BillConnection, 1);
    *c = connection(s, 1, uses, use_n);
    return facts(c, 1);
}

static const char *simple_bill(const Rates *r, const BillUse *uses, int use_n) {
    BillFacts f = simple(r, uses, use_n);
    return bill_of(&f);
}

#define APRIL(start, end) use(on(2026, 3, 31), on(2026, 4, 30), (start), (end))

/* ---- BX-FIX ---- */

static void sf_1001(void) {
    Rates r = res_var();
    BillUse u[] = { APRIL(1250, 1262) };
    BillFacts f = simple(&r, u, 1);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 4.63 = 188.00");
    SAME_INT(d.current.minor, 18800);
    SAME_INT(d.tax.minor, 463);
    SAME_INT(d.amount_due.minor, 18800);
    SAME_INT(d.days, 30);
    SAME_INT(d.segment_n, 1);
    SAME_INT(d.segments[0].source, USAGE_ACTUAL);
    SAME_INT(d.segments[0].avg_daily.micro, 400000);
    /* BX04US01.3 */
    SAME_TEXT(text(&mem, "%s; %s; %s; %s", d.segments[0].explain, d.lines[1].explain, d.lines[2].explain,
                   d.lines[3].explain),
              "1,262 - 1,250 = 12 CCF; 5 x 4.50 = 22.50; 5 x 6.75 = 33.75; 2 x 9.10 = 18.20; 90 % of "
              "12 = 10.8 x 8.40 = 90.72; "
              "5 % of 92.65 = 4.6325, rounded 4.63");
    f.trace = false;
    SAME_TEXT(bill(&f, &d), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 4.63 = 188.00");
    CU_ASSERT_PTR_NULL(d.lines[1].explain);
    u[0] = APRIL(1250, 1260);
    SAME_TEXT(bill_of(&f), "FIXED 18.20, USAGE 56.25 @10, SEWER_USAGE 75.60 @9, TAX 3.72 = 153.77");
    /* the same facts, the same bill */
    SAME_TEXT(bill_of(&f), "FIXED 18.20, USAGE 56.25 @10, SEWER_USAGE 75.60 @9, TAX 3.72 = 153.77");
}

static void sf_1002(void) {
    Rates r = res_fix();
    BillFacts f = simple(&r, NULL, 0);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93");
    CU_ASSERT_FALSE(d.segments[0].is_metered);
    f.rounding = ROUND_HALF_EVEN;
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.92 = 71.92");
}

static void sf_1003(void) {
    Rates r = res_var();
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    f.connections = &c;
    SAME_TEXT(bill_of(&f), "refused: BX-E05 No passed reading and estimation not allowed (no basis)");
    c.estimate = (BillEstimate){ true, { 10000000 }, "average of the last 3 actual periods" };
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.20, USAGE 56.25 @10, SEWER_USAGE 75.60 @9, TAX 3.72 = 153.77");
    SAME_INT(d.segments[0].source, USAGE_ESTIMATED);
    SAME_TEXT(d.segments[0].estimate_method, "average of the last 3 actual periods");
    CU_ASSERT(d.is_estimated);
    SAME_TEXT(d.segments[0].explain, "estimated 10 CCF");
}

static void sf_1004(void) {
    Rates r = res_var();
    BillUse u[] = { use(on(2026, 4, 15), on(2026, 4, 30), 100, 106) };
    BillFacts f = simple(&r, u, 1);
    f.account_from = on(2026, 4, 16);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 9.10, USAGE 37.23 @6, SEWER_USAGE 45.36 @5.4, TAX 2.32 = 94.01");
    SAME_INT(d.days, 15);
    SAME_INT(d.start.day, on(2026, 4, 16).day);
    SAME_INT(d.lines[0].factor_num, 1);
    SAME_INT(d.lines[0].factor_den, 2);
}

static void sf_1005(void) {
    Rates r = res_var();
    BillUse u[] = { use(on(2026, 3, 31), on(2026, 4, 15), 1250, 1257), use(on(2026, 4, 15), on(2026, 4, 30), 0, 5) };
    BillFacts f = simple(&r, u, 2);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 4.63 = 188.00");
    SAME_INT(d.segments[0].use_n, 2);
    SAME_TEXT(d.segments[0].explain, "1,257 - 1,250 = 7 CCF; 5 - 0 = 5 CCF; together 12 CCF");
}

static void sf_1006(void) {
    Rates r = res_var();
    BillUse u[] = { APRIL(1250, 1340) };
    BillFacts f = simple(&r, u, 1);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.usual.micro = 30000000;
    c.usual_days = 90;
    SAME_TEXT(bill_of(&f), "held: BX-H01 Use 90 is more than 3 times the average 10 (and over 10 units): "
                           "FIXED 18.20, USAGE 784.25 @90, SEWER_USAGE 680.40 @81, TAX 40.12 = 1522.97");
}

static void sf_1007(void) {
    BillConnection c = connection(NULL, 0, NULL, 0);
    BillFacts f = facts(&c, 1);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "refused: BX-E02 Connection has no tariff plan for 1 to 30 April 2026");
    SAME_INT(d.line_n, 0);
    SAME_INT(d.problems[0].connection.id, 7);
    CU_ASSERT_FALSE(d.problems[0].is_hold);
}

static BillFacts commercial(int ccf) {
    static Rates before, after;
    static BillPlanSpan s[2];
    static BillUse u[1];
    static BillConnection c;
    before = com_var(6200000);
    after = com_var(6510000);
    s[0] = span(2, 1, on(2020, 1, 1), on(2026, 4, 10), &before);
    s[1] = span(2, 2, on(2026, 4, 11), DATE_NONE, &after);
    u[0] = APRIL(0, ccf);
    c = connection(s, 2, u, 1);
    return facts(&c, 1);
}

static void sf_2001(void) {
    BillFacts f = commercial(87);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 45.00, USAGE 179.80 @29, USAGE 377.58 @58, SEWER_USAGE 752.12 "
                            "@82.65, TAX 30.12 = 1384.62");
    SAME_INT(d.segment_n, 1);
    SAME_INT(d.segments[0].version_no, 2);
    SAME_INT(d.lines[1].to.day, on(2026, 4, 10).day);
    SAME_INT(d.lines[2].from.day, on(2026, 4, 11).day);
    SAME_INT(d.lines[3].from.day, on(2026, 4, 1).day);
}

static void sf_2002(void) {
    BillFacts f = commercial(1);
    SAME_TEXT(bill_of(&f), "FIXED 45.00, USAGE 2.07 @0.333333, USAGE 4.34 @0.666667, SEWER_USAGE 8.65 @0.95, "
                           "MIN_BILL 8.59, TAX 3.00 = 71.65");
}

static void sf_2003(void) {
    Rates r = com_fix();
    SAME_TEXT(simple_bill(&r, NULL, 0), "FIXED 120.00, SEWER_FIXED 80.00, TAX 6.00 = 206.00");
}

/* Step 5: first period estimated at 10 CCF, then 17 CCF actual over both. */
static BillFacts true_up(int actual_end, BillConnection *c) {
    static Rates r;
    static BillUse u[1];
    static const BilledLine billed[] = { { "FIXED", "water", NULL, { 1820 } }, { "USAGE", "water", NULL, { 5625 } },
                                         { "SEWER_USAGE", "wastewater", NULL, { 7560 } },
                                         { "TAX", NULL, "CUT", { 372 } } };
    static BillEstimated e[1];
    r = res_var();
    u[0] = APRIL(1260, actual_end);
    e[0] = (BillEstimated){ .bill = { 31 }, .bill_no = "WA-BILL-202604-000003", .from = on(2026, 3, 2),
                            .to = on(2026, 3, 31), .was_full = true,
                            .months = 1, .quantity = { 10000000 }, .lines = billed, .line_n = 4 };
    BillFacts f = simple(&r, u, 1);
    *c = f.connections[0];
    c->estimated = e;
    c->estimated_n = 1;
    c->estimates_in_row = 1;
    c->billed_until = on(2026, 3, 31);
    f.connections = c;
    return f;
}

static void true_up_rerate(void) {
    BillConnection c;
    BillFacts f = true_up(1267, &c);
    f.true_up = TRUE_UP_RERATE;
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.20, USAGE 46.13 @8.5, SEWER_USAGE 64.26 @7.65, TRUE_UP -10.12 of USAGE, "
                            "TRUE_UP -11.34 of SEWER_USAGE, "
                            "TRUE_UP of TAX -0.50, TAX 3.22 = 109.85");
    SAME_INT(d.lines[3].true_up_of.id, 31);
    SAME_TEXT(d.lines[3].description, "True-up of USAGE, bill WA-BILL-202604-000003");
    SAME_INT(d.tax.minor, 272);
}

/* A deduction that the account has once is rated again only where its line stood: else another connection had it. */
static void true_up_once(void) {
    BillConnection c;
    BillFacts f = true_up(1267, &c);
    f.true_up = TRUE_UP_RERATE;
    TariffRate a = rate("R", "SUBSIDY", "water", CALC_FLAT, 10000000);
    a.once = "R", a.tax_n = 0;
    c.rebates = &a, c.rebate_n = 1;
    const char *elsewhere = "FIXED 18.20, USAGE 46.13 @8.5, SEWER_USAGE 64.26 @7.65, SUBSIDY -10.00, TRUE_UP -10.12 "
                            "of USAGE, TRUE_UP -11.34 of SEWER_USAGE, TRUE_UP of TAX -0.50, TAX 3.22 = 99.85";
    SAME_TEXT(bill_of(&f), elsewhere);
    BillEstimated e = c.estimated[0];
    BilledLine lines[8];
    for (int i = 0; i < e.line_n; i++) lines[i] = e.lines[i];
    lines[e.line_n++] = (BilledLine){ "SUBSIDY", "water", NULL, { -1000 }, "R" };
    e.lines = lines;
    c.estimated = &e;
    SAME_TEXT(bill_of(&f), elsewhere);                      /* it stood there: rated again the same, no difference */
    lines[e.line_n - 1].name = "another";
    SAME_TEXT(bill_of(&f), "FIXED 18.20, USAGE 46.13 @8.5, SEWER_USAGE 64.26 @7.65, SUBSIDY -10.00, TRUE_UP -10.12 "
                           "of USAGE, TRUE_UP -11.34 of SEWER_USAGE, TRUE_UP of TAX -0.50, TRUE_UP 10.00 of SUBSIDY, "
                           "TAX 3.22 = 109.85");
}

static void true_up_index(void) {
    BillConnection c;
    BillFacts f = true_up(1267, &c);
    SAME_TEXT(bill_of(&f), "FIXED 18.20, USAGE 36.00 @7, SEWER_USAGE 52.92 @6.3, TAX 2.71 = 109.83");
}

static void true_up_below(void) {
    BillConnection c;
    BillFacts f = true_up(1257, &c);             /* 3 below the estimate: 7 CCF over both, whatever the setting */
    SAME_TEXT(bill_of(&f), "held: BX-H03 Current charges negative: FIXED 18.20, USAGE 15.75 @3.5, SEWER_USAGE 26.46 "
                           "@3.15, TRUE_UP -40.50 of USAGE, TRUE_UP -49.14 of SEWER_USAGE, "
                           "TRUE_UP of TAX -2.02, TAX 1.70 = -29.55");
    f = true_up(1249, &c);                       /* below the last actual index */
    SAME_TEXT(bill_of(&f), "refused: BX-E07 Reading 1,249 is below the start index 1,260");
}

/* BX01US02.5 */
static void final_bill(void) {
    Rates r = res_var();
    BillUse u[] = { use(on(2026, 4, 30), on(2026, 5, 10), 1262, 1265) };
    BillFacts f = simple(&r, u, 1);
    BillConnection c = f.connections[0];
    c.billed_until = on(2026, 4, 30);
    BillDeposit deposits[] = { { .id = { 9 }, .is_held = true, .amount = { 7500 }, .interest_ppm = 20000,
                                 .since = on(2025, 5, 10) } };
    BillInstalment later[] = { { .id = { 1 }, .due = on(2026, 9, 1), .amount = { 1000 } } };
    f.connections = &c;
    f.kind = BILL_FINAL;
    f.period_start = on(2026, 5, 1);
    f.period_end = f.account_to = on(2026, 5, 10);
    f.bill_date = on(2026, 5, 11);
    f.deposits = deposits;
    f.deposit_n = 1;
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 6.07, USAGE 16.50 @3, SEWER_USAGE 22.68 @2.7, TAX 1.13, DEPOSIT_APPLIED -75.00, "
                            "DEPOSIT_INTEREST -1.50 = -30.12");
    SAME_INT(d.current.minor, 4638);
    SAME_INT(d.deposits.minor, -7650);
    SAME_INT(d.amount_due.minor, 0);
    SAME_INT(d.credit_carried.minor, 3012);
    SAME_TEXT(d.lines[1].explain, "1.666666... x 4.50 = 7.50; 1.333333... x 6.75 = 9.00");
    f.instalments = later;
    f.instalment_n = 1;
    SAME_INT(bill_compute(&mem, &f).instalments.minor, 1000);      /* a final bill asks for all that is left */
    f.kind = BILL_CYCLE;
    SAME_TEXT(bill_of(&f), "FIXED 6.07, USAGE 16.50 @3, SEWER_USAGE 22.68 @2.7, TAX 1.13 = 46.38");
}

/* ---- Test plans of ONB02US05 ---- */

static const TariffTier ext_tiers[] = { { .upto = { 6000000 }, .price = { 3850000 } },
                                        { .upto = { 12000000 }, .price = { 5200000 } },
                                        { .unlimited = true, .price = { 7900000 } } };
static const TariffTier ext_tiers_2027[] = { { .upto = { 6000000 }, .price = { 4100000 } },
                                             { .upto = { 12000000 }, .price = { 5550000 } },
                                             { .unlimited = true, .price = { 8400000 } } };
static const char *const water_lines[] = { "BASE", "USE" };

static Rates res_ext(void) {
    Rates r = { .n = 0 };
    add(&r, rate("BASE", "FIXED", "water", CALC_FLAT, 18500000));
    add(&r, tiered(ext_tiers, 3));
    TariffRate waste = sewer(6400000, 90);
    waste.quantity = (TariffQuantity){ .kind = QUANTITY_MIN, .b = "winter_average" };
    add(&r, waste);
    TariffRate storm = rate("STORM", "STORMWATER", "stormwater", CALC_PER_UNIT, 12750000);
    storm.quantity.a = "eru";
    storm.basis = BASIS_PER_MONTH;
    add(&r, storm);
    TariffRate surcharge = rate("REG", "SURCHARGE", "water", CALC_PERCENT, 0);
    surcharge.percent_e6 = 1500000;
    surcharge.of = water_lines;
    surcharge.of_n = 2;
    add(&r, surcharge);
    return r;
}

static TariffRate lifeline(void) {
    TariffRate r = rate("LIFE", "DISCOUNT", "water", CALC_PERCENT, 0);
    r.percent_e6 = 30000000;
    r.of = water_lines;
    r.of_n = 2;
    r.sequence = 90;
    return r;
}

static const TouPrice tou_prices[] = { { "peak", { 285000 } }, { "mid", { 165000 } }, { "off", { 92500 } } };
static const TariffAttribute one_eru[] = { { "eru", { 1, 1 } } };

/* RES-EXT of April: one ERU, no winter average unless one is given. */
static BillFacts ext_facts(const Rates *r, BillUse *u, BillConnection *c) {
    BillFacts f = simple(r, u, 1);
    *c = f.connections[0];
    c->attributes = one_eru;
    c->attribute_n = 1;
    f.connections = c;
    return f;
}

static void ext_1(void) {
    Rates r = res_ext();
    BillUse u[] = { APRIL(0, 14) };
    BillConnection c;
    BillFacts f = ext_facts(&r, u, &c);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.50, USAGE 70.10 @14, SEWER_USAGE 80.64 @12.6, STORMWATER 12.75 @1, SURCHARGE "
                            "1.33, TAX 4.50 = 187.82");
    SAME_TEXT(d.lines[1].explain, "6 x 3.85 = 23.10; 6 x 5.20 = 31.20; 2 x 7.90 = 15.80");
}

static void ext_2(void) {
    Rates r = res_ext();
    BillUse u[] = { APRIL(0, 14) };
    BillConnection c;
    BillFacts f = ext_facts(&r, u, &c);
    c.has_winter_average = true;
    c.winter_average.micro = 8000000;
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.50, USAGE 70.10 @14, SEWER_USAGE 46.08 @7.2, STORMWATER 12.75 @1, SURCHARGE "
                            "1.33, TAX 4.50 = 153.26");
    SAME_TEXT(d.lines[2].explain, "lesser of 14 and 8 = 8; 90 % of 8 = 7.2 x 6.40 = 46.08");
}

static void ext_3(void) {
    Rates r = res_ext();
    BillUse u[] = { APRIL(0, 8) };
    BillConnection c;
    BillFacts f = ext_facts(&r, u, &c);
    SAME_INT(bill_compute(&mem, &f).total.minor, 11425);
    TariffRate rebates[] = { lifeline() };
    c.rebates = rebates;
    c.rebate_n = 1;
    SAME_TEXT(bill_of(&f), "FIXED 18.50, USAGE 33.50 @8, SEWER_USAGE 46.08 @7.2, STORMWATER 12.75 @1, SURCHARGE "
                           "0.78, DISCOUNT -15.60, TAX 1.86 = 97.87");
}

static void ext_4(void) {
    Rates r = res_ext();
    BillUse u[] = { use(on(2026, 4, 18), on(2026, 4, 30), 0, 4) };
    BillConnection c;
    BillFacts f = ext_facts(&r, u, &c);
    f.kind = BILL_FINAL;
    c.billed_until = on(2026, 4, 18);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 7.40, USAGE 17.56 @4, SEWER_USAGE 23.04 @3.6, STORMWATER 5.10 @1, SURCHARGE 0.37, "
                            "TAX 1.27 = 54.74");
    SAME_TEXT(d.lines[1].explain, "2.4 x 3.85 = 9.24; 1.6 x 5.20 = 8.32");
}

/* COM-EXT of the specification: 2 inch, 7.5 ERU. */
static void ext_6(void) {
    static const TariffAttribute eru[] = { { "eru", { 15, 2 } } };
    Rates all = res_ext(), r = { .n = 0 };
    add(&r, rate("BASE", "FIXED", "water", CALC_FLAT, 104000000));
    add(&r, rate("USE", "USAGE", "water", CALC_PER_UNIT, 5100000));
    add(&r, sewer(7050000, 95));
    add(&r, all.v[3]);
    add(&r, all.v[4]);
    BillUse u[] = { APRIL(0, 42) };
    BillConnection c;
    BillFacts f = ext_facts(&r, u, &c);
    c.attributes = eru;
    SAME_TEXT(bill_of(&f), "FIXED 104.00, USAGE 214.20 @42, SEWER_USAGE 281.30 @39.9, STORMWATER 95.63 @7.5, "
                           "SURCHARGE 4.77, TAX 16.15 = 716.05");
}

/* Electricity: slabs, time of use, and a base by days. */
static void ext_7(void) {
    static const TariffTier slabs[] = { { .upto = { 300000000 }, .price = { 80000 } },
                                        { .upto = { 600000000 }, .price = { 120000 } },
                                        { .unlimited = true, .price = { 160000 } } };
    Rates r = { .n = 0 }, tou = { .n = 0 }, base = { .n = 0 };
    TariffRate slab = tiered(slabs, 3), periods = rate("TOU", "USAGE", "electricity", CALC_TOU, 0);
    slab.tax_n = 0;
    add(&r, slab);
    BillUse u[] = { APRIL(0, 850) };
    BillFacts f = simple(&r, u, 1);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "USAGE 100.00 @850 = 100.00");
    SAME_TEXT(d.lines[0].explain, "300 x 0.08 = 24.00; 300 x 0.12 = 36.00; 250 x 0.16 = 40.00");
    periods.prices.tou = tou_prices;
    periods.prices.tou_n = 3;
    add(&tou, periods);
    BillUse by_time[] = { APRIL(0, 120), APRIL(0, 100), APRIL(0, 200) };
    for (int i = 0; i < 3; i++) by_time[i].register_kind = tou_prices[i].period;
    f = simple(&tou, by_time, 3);
    SAME_TEXT(bill(&f, &d), "USAGE 69.20 @420 = 69.20");
    SAME_TEXT(d.lines[0].explain, "peak 120 x 0.285 = 34.20; mid 100 x 0.165 = 16.50; off 200 x 0.0925 = 18.50");
    add(&base, rate("BASE", "FIXED", "electricity", CALC_FLAT, 54710000));
    f = simple(&base, NULL, 0);
    BillConnection c = f.connections[0];
    BillPlanSpan s = c.spans[0];
    f.connections = &c;
    c.spans = &s;
    s.proration = PRORATE_DAILY;
    f.period_end = on(2026, 5, 3);                          /* 33 days */
    SAME_TEXT(bill_of(&f), "FIXED 60.18 = 60.18");
}

static void ext_8(void) {
    Rates all = res_ext(), r = { .n = 0 };
    TariffRate least = rate("LEAST", "MIN_BILL", "water", CALC_FLAT, 25000000);
    least.of = water_lines;
    least.of_n = 2;
    add(&r, all.v[0]);
    add(&r, all.v[1]);
    add(&r, least);
    BillUse u[] = { APRIL(0, 1) };
    SAME_TEXT(simple_bill(&r, u, 1), "FIXED 18.50, USAGE 3.85 @1, MIN_BILL 2.65, TAX 1.25 = 26.25");
    Rates round = { .n = 0 };
    TariffRate water = rate("USE", "USAGE", "gas", CALC_PER_UNIT, 3850000);
    add(&round, water);
    u[0].to_value.e3 = u[0].billing_quantity.e3 = 4125;
    SAME_TEXT(simple_bill(&round, u, 1), "USAGE 15.88 @4.125 = 15.88");
    /* 7.5 x 12.75 = 95.625 -> 95.63 stands in ONB02US05.6, the late fee among the late fees */
}

/* ONB02US05.5: a price change inside, 31 days by tolerance a full period, limits by days of 31. */
static void ext_price_change(void) {
    Rates before = res_ext(), after = res_ext();
    after.v[0].prices.price.micro = 19750000;
    after.v[1].prices.tiers = ext_tiers_2027;
    BillPlanSpan s[] = { span(1, 1, on(2020, 1, 1), on(2027, 6, 30), &before),
                         span(1, 2, on(2027, 7, 1), DATE_NONE, &after) };
    BillUse u[] = { use(on(2027, 6, 19), on(2027, 7, 20), 0, 10) };
    BillConnection c = connection(s, 2, u, 1);
    BillFacts f = facts(&c, 1);
    c.attributes = one_eru;
    c.attribute_n = 1;
    c.billed_until = on(2027, 6, 19);
    f.period_start = on(2027, 6, 20);
    f.period_end = on(2027, 7, 20);
    BillDraft d;
    bill(&f, &d);
    SAME_TEXT(text(&mem, "%s %s %s %s", amount(d.lines[0].amount), amount(d.lines[1].amount), amount(d.lines[2].amount),
                   amount(d.lines[3].amount)),
              "6.56 12.74 15.58 30.19");
    SAME_INT(d.lines[0].amount.minor + d.lines[1].amount.minor + d.lines[2].amount.minor + d.lines[3].amount.minor,
             6507);
    SAME_TEXT(d.lines[4].charge_type, "SEWER_USAGE");           /* defined alike in both: one line */
    SAME_TEXT(d.lines[5].charge_type, "STORMWATER");
    SAME_TEXT(d.lines[6].charge_type, "SURCHARGE");
    SAME_INT(d.lines[6].amount.minor, 98);
}

/* ---- Step 1: days ---- */

static void days(void) {
    Rates r = res_fix();
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.billed_until = on(2026, 4, 30);
    SAME_TEXT(bill_of(&f), "skipped");
    c.billed_until = on(2026, 4, 20);
    SAME_TEXT(bill_of(&f), "FIXED 12.83, SEWER_FIXED 10.50, TAX 0.64 = 23.97");         /* 10 days */
    /* a gap: 60 days in one segment */
    c.billed_until = on(2026, 3, 1);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 77.00, SEWER_FIXED 63.00, TAX 3.85 = 143.85");
    SAME_INT(d.segment_n, 1);
    SAME_INT(d.days, 60);
    c.billed_until = on(2025, 12, 31);
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_MADE);                               /* 120 days */
    c.billed_until = on(2025, 12, 30);
    CU_ASSERT(!strncmp(bill_of(&f), "held: BX-H04 Period longer than 120 days: ", 42));
    c = BILL_CONNECTION_DEFAULT;
    c.active_to = on(2026, 3, 15);
    SAME_TEXT(bill_of(&f), "refused: BX-E01 Account has no active service connection in the period");
    f.connection_n = 0;
    SAME_TEXT(bill_of(&f), "refused: BX-E01 Account has no active service connection in the period");
    f.has_address = false;
    SAME_TEXT(bill_of(&f), "refused: BX-E09 Billing address or currency missing");
}

static void days_asked(void) {
    Rates r = res_fix();
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    BilledDays billed[] = { { .plan = { 1 }, .bill_no = "WA-BILL-202605-000008", .from = on(2026, 4, 1),
                              .to = on(2026, 4, 30) } };
    f.connections = &c;
    f.kind = BILL_SINGLE;
    f.period_is_asked = true;
    c.billed_until = on(2026, 4, 30);
    c.billed = billed;
    c.billed_n = 1;
    SAME_TEXT(bill_of(&f), "refused: BX-E04 Days 1 to 30 April 2026 are already billed on WA-BILL-202605-000008");
    f.period_start = on(2026, 4, 25);
    f.period_end = on(2026, 5, 24);
    SAME_TEXT(bill_of(&f), "refused: BX-E04 Days 25 to 30 April 2026 are already billed on WA-BILL-202605-000008");
    billed[0].plan.id = 5;                                              /* another plan's days */
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93");
    f.period_start = on(2026, 5, 1);
    billed[0].plan.id = 1;
    /* 24 days: below the tolerance */
    SAME_TEXT(bill_of(&f), "FIXED 30.80, SEWER_FIXED 25.20, TAX 1.54 = 57.54");
    f.kind = BILL_ONE_OFF;
    SAME_TEXT(bill_of(&f), "empty");
}

/* Tolerance: 30 - 5 to 30 + 5 days are the full period, but not of a first or final bill that lacks days. */
static void proration(void) {
    Rates r = res_fix();
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    BillPlanSpan s = c.spans[0];
    f.connections = &c;
    c.spans = &s;
    static const struct { int billed_day; const char *is; } cases[] = {
        { 5, "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93" },      /* 25 days */
        { 6, "FIXED 30.80, SEWER_FIXED 25.20, TAX 1.54 = 57.54" },      /* 24 */
    };
    for (int i = 0; i < 2; i++) {
        c.billed_until = on(2026, 4, cases[i].billed_day);
        SAME_TEXT(bill_of(&f), cases[i].is);
    }
    c.billed_until = on(2026, 4, 5);
    f.account_to = on(2026, 4, 30);                                     /* final: 25 days are 25 days */
    SAME_TEXT(bill_of(&f), "FIXED 32.08, SEWER_FIXED 26.25, TAX 1.60 = 59.93");
    c.billed_until = on(2026, 3, 31);                                   /* final with all days */
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93");
    f.account_to = DATE_NONE;
    c.billed_until = DATE_NONE;
    f.account_from = on(2026, 4, 6);                                    /* first: 25 days */
    SAME_TEXT(bill_of(&f), "FIXED 32.08, SEWER_FIXED 26.25, TAX 1.60 = 59.93");
    s.proration = PRORATE_NONE;
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93");
    f.account_from = DATE_NONE;
    s.proration = PRORATE_DAILY;
    f.period_end = on(2026, 5, 3);                                      /* 33 days: 54.71 x 33 / 30 = 60.18 */
    r.v[0].prices.price.micro = 54710000;
    CU_ASSERT(!strncmp(bill_of(&f), "FIXED 60.18, ", 13));
    f.factor_decimals = 1;
    CU_ASSERT(!strncmp(bill_of(&f), "FIXED 60.18, ", 13));              /* 1.1 */
    f.period_end = on(2026, 4, 30);
    f.months = 2;                                                       /* bimonthly: 30 days are half of it */
    s.proration = PRORATE_PARTIAL_ONLY;
    f.factor_decimals = -1;
    r.v[0].prices.price.micro = 38500000;
    f.period_end = on(2026, 5, 31);
    SAME_TEXT(bill_of(&f), "FIXED 77.00, SEWER_FIXED 63.00, TAX 3.85 = 143.85");
}

static void per_day_and_year(void) {
    Rates r = { .n = 0 };
    TariffRate day = rate("D", "FIXED", "x", CALC_FLAT, 451200),
        year = rate("Y", "METER_RENT", "x", CALC_FLAT, 100000000);
    day.basis = BASIS_PER_DAY;
    year.basis = BASIS_PER_YEAR;
    add(&r, day);
    add(&r, year);
    BillFacts f = simple(&r, NULL, 0);
    SAME_TEXT(bill_of(&f), "FIXED 13.54, METER_RENT 8.22 = 21.76");
    f.period_start = on(2028, 4, 1);
    f.period_end = on(2028, 4, 30);
    f.leap_years = true;
    SAME_TEXT(bill_of(&f), "FIXED 13.54, METER_RENT 8.20 = 21.74");
}

/* ---- Step 2: use ---- */

static void readings(void) {
    Exact x;
    SAME_INT(use_of_readings(index_of(9995), index_of(5), 4, 1000000, &x), USE_ROLLED_OVER);
    SAME_TEXT(exact_text(&mem, x, 0, 6), "10");
    /* 90 % is not above 90 % */
    SAME_INT(use_of_readings(index_of(9000), index_of(5), 4, 1000000, &x), USE_NEGATIVE);
    SAME_INT(use_of_readings(index_of(9001), index_of(5), 4, 1000000, &x), USE_ROLLED_OVER);
    SAME_INT(use_of_readings(index_of(9995), index_of(5), 0, 1000000, &x), USE_NEGATIVE);
    SAME_INT(use_of_readings((Reading){ 1250125 }, (Reading){ 1262625 }, 5, 10000000, &x), USE_OK);
    SAME_TEXT(exact_text(&mem, x, 0, 6), "125");
    Rates r = res_var();
    BillUse u[] = { APRIL(9995, 7) };
    u[0].dials = 4;
    u[0].billing_quantity = index_of(12);
    SAME_TEXT(simple_bill(&r, u, 1), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 4.63 = 188.00");
    u[0] = APRIL(1250, 1240);
    SAME_TEXT(simple_bill(&r, u, 1), "refused: BX-E07 Reading 1,240 is below the start index 1,250");
    u[0] = APRIL(1250, 1262);
    u[0].billing_quantity = index_of(13);
    SAME_TEXT(simple_bill(&r, u, 1), "refused: BX-E99 Use 13 does not follow from the readings 1,250 and 1,262");
    u[0].is_converted = true;
    SAME_TEXT(simple_bill(&r, u, 1), "FIXED 18.20, USAGE 83.55 @13, SEWER_USAGE 98.28 @11.7, TAX 5.09 = 205.12");
    u[0].billing_quantity.e3 = -1000;
    SAME_TEXT(simple_bill(&r, u, 1), "refused: BX-E07 Reading 1,262 is below the start index 1,250");
    u[0] = APRIL(100, 106);
    u[0].multiplier_e6 = 2000000;
    u[0].billing_quantity = index_of(12);
    BillFacts f = simple(&r, u, 1);
    BillDraft d;
    bill(&f, &d);
    SAME_INT(d.total.minor, 18800);
    SAME_TEXT(d.segments[0].explain, "106 - 100 (x 2) = 12 CCF");
}

/* The end reading: within 5 days of the period end, the nearest, at equal distance the later. */
static void end_readings(void) {
    Rates r = res_var();
    BillUse u[] = { use(on(2026, 3, 31), on(2026, 4, 28), 0, 10), use(on(2026, 4, 28), on(2026, 5, 2), 10, 12) };
    BillFacts f = simple(&r, u, 2);
    BillDraft d;
    bill(&f, &d);
    SAME_INT(d.segments[0].quantity.micro, 12000000);
    u[1].to = on(2026, 5, 3);
    bill(&f, &d);
    SAME_INT(d.segments[0].quantity.micro, 10000000);
    SAME_INT(d.segments[0].use_n, 1);
    u[0].to = u[1].from = on(2026, 4, 24);                  /* 6 days before */
    u[1].to = on(2026, 5, 5);                               /* 5 after */
    bill(&f, &d);
    SAME_INT(d.segments[0].quantity.micro, 12000000);
    u[1].to = on(2026, 5, 6);
    SAME_TEXT(bill(&f, &d), "refused: BX-E05 No passed reading and estimation not allowed (no basis)");
    u[1].to = on(2026, 5, 5);
    f.window_days = 2;
    SAME_TEXT(bill(&f, &d), "refused: BX-E05 No passed reading and estimation not allowed (no basis)");
}

/* 35 days of use 14, 30 of them billed: 12, and 2 wait; then 2 + 10 of 28 days to the 2nd... */
static void interpolates(void) {
    Rates r = res_var();
    BillUse u[] = { use(on(2026, 3, 31), on(2026, 5, 5), 0, 14) };
    BillFacts f = simple(&r, u, 1);
    f.interpolate = true;
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 4.63 = 188.00");
    SAME_INT(d.segments[0].rest.micro, 2000000);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.carried.micro = 2000000;
    c.billed_until = on(2026, 4, 30);
    u[0] = use(on(2026, 5, 5), on(2026, 5, 31), 14, 24);
    f.period_start = on(2026, 5, 1);
    f.period_end = on(2026, 5, 31);
    bill(&f, &d);
    SAME_INT(d.segments[0].quantity.micro, 12000000);
    SAME_INT(d.segments[0].rest.micro, 0);
    u[0] = use(on(2026, 5, 5), on(2026, 5, 29), 14, 26);    /* 14 in 29 days: 14.965517 to the 31st */
    bill(&f, &d);
    SAME_INT(d.segments[0].quantity.micro, 14965517);
    SAME_INT(d.segments[0].rest.micro, -965517);
}

static void estimates(void) {
    Rates r = res_var();
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.estimate = (BillEstimate){ true, { 10000000 }, "plan default" };
    c.reading_waits = true;
    SAME_TEXT(bill_of(&f), "refused: BX-E06 Reading waits for validation");
    c.reading_waits = false;
    f.estimate_allowed = false;
    SAME_TEXT(bill_of(&f), "refused: BX-E05 No passed reading and estimation not allowed (category)");
    f.estimate_allowed = true;
    c.estimates_in_row = 2;
    SAME_TEXT(bill_of(&f), "refused: BX-E05 No passed reading and estimation not allowed (limit 2 reached)");
    f.max_estimates = 3;
    CU_ASSERT(!strncmp(bill_of(&f), "held: BX-H05 Third estimate in a row: FIXED 18.20, ", 50));
    c.estimates_in_row = 1;
    f.estimate_after = on(2026, 5, 3);
    SAME_TEXT(bill_of(&f), "refused: BX-E05 No passed reading and estimation not allowed (before 3 May 2026)");
    f.estimate_after = on(2026, 5, 2);
    SAME_INT(bill_compute(&mem, &f).total.minor, 15377);
    BillUse old[] = { use(on(2026, 3, 31), on(2026, 4, 15), 1250, 1257) };       /* old meter out, new one not read */
    c.uses = old;
    c.use_n = 1;
    c.estimate.quantity.micro = 3000000;
    BillDraft d;
    bill(&f, &d);
    SAME_INT(d.total.minor, 15377);
    SAME_INT(d.segments[0].source, USAGE_MIXED);
    SAME_TEXT(d.segments[0].explain, "1,257 - 1,250 = 7 CCF; together 10 CCF");
    CU_ASSERT(d.is_estimated);
}

static void without_meter(void) {
    Rates r = res_var();
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    BillPlanSpan s = c.spans[0];
    f.connections = &c;
    c.spans = &s;
    c.has_meter = false;
    SAME_TEXT(bill_of(&f), "refused: BX-E08 No meter installed but plan is metered");
    s.has_deemed = true;
    s.deemed_per_day.micro = 400000;
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 4.63 = 188.00");
    SAME_INT(d.segments[0].source, USAGE_DEEMED);
    CU_ASSERT_FALSE(d.is_estimated);
    /* taken out on the 15th: no estimate */
    BillUse removed[] = { use(on(2026, 3, 31), on(2026, 4, 15), 1250, 1262) };
    c.uses = removed;
    c.use_n = 1;
    bill(&f, &d);
    SAME_INT(d.total.minor, 18800);
    SAME_INT(d.segments[0].source, USAGE_ACTUAL);
    c.use_n = 0;
    Rates fixed = res_fix();
    s = span(1, 1, on(2020, 1, 1), DATE_NONE, &fixed);
    c.is_unmetered = true;
    bill(&f, &d);
    SAME_INT(d.segments[0].source, USAGE_UNMETERED);
    SAME_INT(d.total.minor, 7193);
}

static void gas(void) {
    Rates r = { .n = 0 };
    add(&r, rate("USE", "USAGE", "gas", CALC_PER_UNIT, 42300));
    BillUse u[] = { APRIL(0, 123) };
    BillFacts f = simple(&r, u, 1);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.gas = c.gas_imperial = true;
    SAME_TEXT(bill_of(&f), "refused: BX-E11 Calorific value missing for 30 April 2026");
    c.calorific_e6 = 39300000;
    SAME_TEXT(bill_of(&f), "USAGE 164.38 @3886.014104 = 164.38");
    c.usage_decimals = 0;
    SAME_TEXT(bill_of(&f), "USAGE 164.38 @3886 = 164.38");
}


static void time_of_use(void) {
    Rates r = { .n = 0 };
    TariffRate t = rate("TOU", "USAGE", "electricity", CALC_TOU, 0);
    t.prices.tou = tou_prices;
    t.prices.tou_n = 3;
    add(&r, t);
    BillUse u[] = { APRIL(0, 120), APRIL(0, 100), APRIL(0, 200) };
    u[0].register_kind = "peak";
    u[1].register_kind = "mid";
    u[2].register_kind = "off";
    BillFacts f = simple(&r, u, 3);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "USAGE 69.20 @420 = 69.20");
    SAME_TEXT(d.lines[0].explain, "peak 120 x 0.285 = 34.20; mid 100 x 0.165 = 16.50; off 200 x 0.0925 = 18.50");
    u[2].register_kind = "night";                           /* no price: to the fallback, the first period */
    SAME_TEXT(bill(&f, &d), "USAGE 107.70 @420 = 107.70");
    BillConnection c = f.connections[0];
    BillPlanSpan s = c.spans[0];
    f.connections = &c;
    c.spans = &s;
    s.tou_fallback = "off";
    SAME_TEXT(bill(&f, &d), "USAGE 69.20 @420 = 69.20");
}

/* ---- Step 4: versions ---- */

/* A reading on the last day before the change, or a day beside it, divides the use; else the days do. */
static void reading_at_change(void) {
    static const int at[] = { 10, 11, 9 };
    for (int i = 0; i < 3; i++) {
        BillFacts f = commercial(87);
        BillUse u[] = { use(on(2026, 3, 31), on(2026, 4, at[i]), 0, 50),
                        use(on(2026, 4, at[i]), on(2026, 4, 30), 50, 87) };
        BillConnection c = f.connections[0];
        f.connections = &c;
        c.uses = u;
        c.use_n = 2;
        SAME_TEXT(bill_of(&f), "FIXED 45.00, USAGE 310.00 @50, USAGE 240.87 @37, SEWER_USAGE 752.12 "
                               "@82.65, TAX 29.79 = 1377.78");
        u[0].to = u[1].from = on(2026, 4, 12);
        SAME_TEXT(bill_of(&f), "FIXED 45.00, USAGE 179.80 @29, USAGE 377.58 @58, SEWER_USAGE 752.12 "
                               "@82.65, TAX 30.12 = 1384.62");
    }
}

/* Daily readings: the one of the very day divides. */
static void daily_readings(void) {
    BillFacts f = commercial(0);
    BillUse u[30];
    for (int i = 0; i < 30; i++) u[i] = use(on(2026, 3, 31 + 0), on(2026, 4, i + 1), i ? i * i : 0, (i + 1) * (i + 1)),
        u[i].from = date_add_days(on(2026, 3, 31), i);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.uses = u;
    c.use_n = 30;
    f.trace = false;
    BillDraft d;
    bill(&f, &d);
    SAME_INT(d.lines[1].quantity.micro, 100000000);         /* 10 x 10 */
    SAME_INT(d.lines[2].quantity.micro, 800000000);         /* 30 x 30 - 100 */
}

static void rate_change_methods(void) {
    BillFacts f = commercial(87);
    BillConnection c = f.connections[0];
    BillPlanSpan s[] = { c.spans[0], c.spans[1] };
    f.connections = &c;
    c.spans = s;
    s[1].rate_change = RATES_AT_END;
    CU_ASSERT_PTR_NOT_NULL(strstr(bill_of(&f), "USAGE 566.37 @87, "));
    s[1].rate_change = RATES_AT_START;
    CU_ASSERT_PTR_NOT_NULL(strstr(bill_of(&f), "USAGE 539.40 @87, "));
}

/* A plan change inside the period: two segments, each with its own fixed charge by days. */
static void plan_change(void) {
    Rates var = res_var(), fix = res_fix();
    BillPlanSpan s[] = { span(1, 1, on(2020, 1, 1), on(2026, 4, 20), &fix),
                         span(2, 1, on(2026, 4, 21), DATE_NONE, &var) };
    BillUse u[] = { APRIL(0, 12) };
    BillConnection c = connection(s, 2, u, 1);
    BillFacts f = facts(&c, 1);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 25.67, SEWER_FIXED 21.00, FIXED 6.07, USAGE 24.82 @4, SEWER_USAGE "
                            "30.24 @3.6, TAX 2.83 = 110.63");
    SAME_INT(d.segment_n, 2);
    SAME_INT(d.segments[0].days, 20);
    SAME_INT(d.segments[1].quantity.micro, 4000000);
    SAME_INT(d.segments[1].use_n, 1);
    SAME_INT(d.segments[0].use_n, 0);
    s[1].valid_from = on(2026, 4, 24);
    SAME_TEXT(bill(&f, &d), "refused: BX-E02 Connection has no tariff plan for 21 to 23 April 2026");
}

static void missing_rate(void) {
    Rates r = res_fix();
    r.v[0].valid_from = on(2026, 4, 11);
    r.v[0].valid_to = DATE_NONE;
    SAME_TEXT(simple_bill(&r, NULL, 0), "refused: BX-E03 Plan has no rate for FIXED on 1 April 2026");
    TariffRate before = rate("BASE", "FIXED", "water", CALC_FLAT, 30000000);
    before.valid_to = on(2026, 4, 9);
    add(&r, before);
    SAME_TEXT(simple_bill(&r, NULL, 0), "refused: BX-E03 Plan has no rate for FIXED on 10 April 2026");
    r.v[2].valid_to = on(2026, 4, 10);
    SAME_TEXT(simple_bill(&r, NULL, 0), "FIXED 10.00, FIXED 25.67, SEWER_FIXED 31.50, TAX 1.78 = 68.95");
    Rates none = { .n = 0 };
    SAME_TEXT(simple_bill(&none, NULL, 0), "refused: BX-E03 Plan has no rate for any charge on 1 April 2026");
}

/* Seasons divide by days as rate versions do. */
static void seasons(void) {
    Rates r = { .n = 0 };
    TariffRate dry = rate("DRY", "SURCHARGE", "x", CALC_FLAT, 30000000);
    dry.season = 1 << 4 | 1 << 5;
    add(&r, dry);
    BillFacts f = simple(&r, NULL, 0);
    f.period_start = on(2026, 3, 17);
    f.period_end = on(2026, 4, 15);
    SAME_TEXT(bill_of(&f), "SURCHARGE 15.00 = 15.00");
    f.period_end = on(2026, 3, 31);
    SAME_TEXT(bill_of(&f), "empty");
}

/* ---- Steps 8 to 10 ---- */

static void winter_average(void) {
    Rates r = res_ext();
    r.v[2].quantity = (TariffQuantity){ .a = "winter_average" };
    BillUse u[] = { APRIL(0, 14) };
    BillFacts f = simple(&r, u, 1);
    BillConnection c = f.connections[0];
    BillPlanSpan s = c.spans[0];
    f.connections = &c;
    c.spans = &s;
    SAME_TEXT(bill_of(&f), "refused: BX-E11 Winter average missing for 30 April 2026");
    s.has_winter_default = true;
    s.winter_default.micro = 5000000;
    SAME_TEXT(bill_of(&f), "refused: BX-E11 Value missing for STORMWATER on 30 April 2026");
    c.attributes = one_eru;
    c.attribute_n = 1;
    CU_ASSERT_PTR_NOT_NULL(strstr(bill_of(&f), "SEWER_USAGE 28.80 @4.5, "));
    c.has_winter_average = true;
    c.winter_average.micro = 8000000;
    CU_ASSERT_PTR_NOT_NULL(strstr(bill_of(&f), "SEWER_USAGE 46.08 @7.2, "));
    f.account_from = on(2026, 4, 16);                       /* 15 days: half of it */
    CU_ASSERT_PTR_NOT_NULL(strstr(bill_of(&f), "SEWER_USAGE 23.04 @3.6, "));
}

static void rounds_quantities_up(void) {
    Rates r = { .n = 0 };
    TariffRate storm = rate("STORM", "STORMWATER", "x", CALC_PER_UNIT, 12750000);
    storm.quantity.a = "eru";
    storm.round_qty = QUANTITY_UP_TO_UNIT;
    add(&r, storm);
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    TariffAttribute eru[] = { { "eru", exact_ratio(3, 2) } };
    f.connections = &c;
    c.attributes = eru;
    c.attribute_n = 1;
    SAME_TEXT(bill_of(&f), "STORMWATER 25.50 @2 = 25.50");
    Rates dwellings = { .n = 0 };
    TariffRate t = tiered(res_tiers, 3);
    t.tiers_per = "eru";
    add(&dwellings, t);
    BillUse u[] = { APRIL(0, 12) };
    BillFacts g = simple(&dwellings, u, 1);
    c.spans = g.connections[0].spans;
    c.uses = u;
    c.use_n = 1;
    SAME_TEXT(bill_of(&f), "USAGE 64.13 @12, TAX 3.21 = 67.34");        /* 7.5 x 4.50 + 4.5 x 6.75 */
}

/* Each discount on what is left, never below zero, in the order of their sequence; its tax codes lessen the base. */
static void discounts(void) {
    Rates r = res_fix();
    static const char *const fixed[] = { "FIXED" };
    TariffRate ten = rate("TEN", "DISCOUNT", "water", CALC_PERCENT, 0),
        five = rate("FIVE", "SUBSIDY", "water", CALC_FLAT, 5000000);
    ten.percent_e6 = 10000000;
    ten.of = five.of = fixed;
    ten.of_n = five.of_n = 1;
    ten.sequence = 51;
    five.sequence = 50;
    five.basis = BASIS_PER_BILL;
    TariffRate rebates[] = { ten, five };
    BillFacts f = simple(&r, NULL, 0);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.rebates = rebates;
    c.rebate_n = 2;
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, SUBSIDY -5.00, DISCOUNT -3.35, TAX 1.51 = 63.16");
    rebates[1].prices.price.micro = 500000000;
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, SUBSIDY -38.50, TAX 0.00 = 31.50");
    rebates[1].prices.price.micro = 5000000;
    rebates[0].valid_from = on(2026, 4, 16);                /* enrolled for 15 days: 10 % of half of 33.50 */
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, SUBSIDY -5.00, DISCOUNT -1.68, TAX 1.59 = 64.91");
}

/* ERU of an area, by the plan's size of a unit; a single family is one, whatever its area; what is given counts. */
static void eru_of_area(void) {
    const struct { int64_t sqft; int unit; bool family; const char *eru; } cases[] = {
        { 0, 2500, false, NULL },      { -5, 2500, false, NULL },     { 4000, 0, false, NULL },
        { 1, 2500, false, "1" },       { 2500, 2500, false, "1" },    { 2624, 2500, false, "1" },
        { 2625, 2500, false, "1.1" },  { 4000, 2500, false, "1.6" },  { 18750, 2500, false, "7.5" },
        { 18874, 2500, false, "7.5" }, { 18875, 2500, false, "7.6" }, { 4000, 1000, false, "4" },
        { 100000000, 1, false, "100000000" },
        { 0, 2500, true, "1" },        { 9000, 2500, true, "1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Exact eru;
        bool known = tariff_eru(cases[i].sqft, cases[i].unit, cases[i].family, &eru);
        SAME_TEXT(known ? exact_decimal(&mem, eru, 6) : "-", cases[i].eru ? cases[i].eru : "-");
    }
    static const TariffAttribute given[] = { { "eru", { 3, 1 } } };
    const struct { int64_t sqft; bool family; int given_n; const char *bill; } bills[] = {
        { 4000, false, 0, "FIXED 38.50, SEWER_FIXED 31.50, STORMWATER 20.40 @1.6, TAX 1.93 = 92.33" },
        { 4000, true,  0, "FIXED 38.50, SEWER_FIXED 31.50, STORMWATER 12.75 @1, TAX 1.93 = 84.68" },
        { 4000, false, 1, "FIXED 38.50, SEWER_FIXED 31.50, STORMWATER 38.25 @3, TAX 1.93 = 110.18" },
        { 4000, true,  1, "FIXED 38.50, SEWER_FIXED 31.50, STORMWATER 38.25 @3, TAX 1.93 = 110.18" },
        { 0,    false, 0, "BX-E11" },
    };
    for (size_t i = 0; i < sizeof bills / sizeof *bills; i++) {
        Rates r = res_fix();
        TariffRate storm = rate("STORM", "STORMWATER", "wastewater", CALC_PER_UNIT, 12750000);
        storm.quantity.a = "eru", storm.basis = BASIS_PER_MONTH;
        add(&r, storm);
        BillFacts f = simple(&r, NULL, 0);
        BillConnection c = f.connections[0];
        BillPlanSpan s = c.spans[0];
        s.eru_sqft = 2500, c.spans = &s;
        f.connections = &c;
        c.impervious_sqft = bills[i].sqft, c.is_single_family = bills[i].family;
        c.attributes = given, c.attribute_n = bills[i].given_n;
        if (*bills[i].bill == 'F') SAME_TEXT(bill_of(&f), bills[i].bill);
        else {
            BillDraft d = bill_compute(&mem, &f);
            CU_ASSERT(d.problem_n > 0);
            SAME_TEXT(d.problem_n ? d.problems[0].code : "-", bills[i].bill);
        }
    }
}

/* A rebate of the plan: only for who is enrolled in its group, on those days, each day once. */
static void plan_rebates(void) {
    static const char *const fixed[] = { "FIXED" };
    const Date all = DATE_NONE;
    const struct { const char *group; BillEnrolment v[2]; int n; const char *bill; } cases[] = {
        { "senior", { { 0 } }, 0, "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93" },
        { "any",    { { 0 } }, 0, "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93" },
        { "senior", { { "low_income", all, all } }, 1, "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93" },
        { "senior", { { "senior", all, all } }, 1, "FIXED 38.50, SEWER_FIXED 31.50, DISCOUNT -3.85, TAX 1.73 = 67.88" },
        { "any",    { { "low_income", all, all } }, 1,
          "FIXED 38.50, SEWER_FIXED 31.50, DISCOUNT -3.85, TAX 1.73 = 67.88" },
        { "senior", { { NULL, all, all } }, 1, "FIXED 38.50, SEWER_FIXED 31.50, DISCOUNT -3.85, TAX 1.73 = 67.88" },
        { "senior", { { "senior", on(2026, 4, 16), all } }, 1,
          "FIXED 38.50, SEWER_FIXED 31.50, DISCOUNT -1.93, TAX 1.83 = 69.90" },
        { "senior", { { "senior", all, on(2026, 3, 31) } }, 1, "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93 = 71.93" },
        { "senior", { { "senior", all, on(2026, 4, 10) }, { "senior", on(2026, 4, 21), all } }, 2,
          "FIXED 38.50, SEWER_FIXED 31.50, DISCOUNT -1.28, DISCOUNT -1.28, TAX 1.80 = 69.24" },
        { "any", { { "senior", all, on(2026, 4, 20) }, { "low_income", on(2026, 4, 11), all } }, 2,
          "FIXED 38.50, SEWER_FIXED 31.50, DISCOUNT -3.85, TAX 1.73 = 67.88" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Rates r = res_fix();
        TariffRate ten = rate("TEN", "DISCOUNT", "water", CALC_PERCENT, 0);
        ten.percent_e6 = 10000000, ten.of = fixed, ten.of_n = 1, ten.group = cases[i].group;
        add(&r, ten);
        BillFacts f = simple(&r, NULL, 0);
        BillConnection c = f.connections[0];
        f.connections = &c;
        c.enrolments = cases[i].v, c.enrolment_n = cases[i].n;
        SAME_TEXT(bill_of(&f), cases[i].bill);
    }
}

static const char *subsidies_of(const BillDraft *d) {
    Text t = text_start(&mem);
    for (int k = 0; k < d->line_n; k++)
        if (!strcmp(d->lines[k].charge_type, "SUBSIDY"))
            text_addf(&t, "%sSUBSIDY %s", t.n ? ", " : "", wide_text(&mem, d->lines[k].amount.minor, 2));
    return t.s;
}

/* A deduction that an account has once: on the first connection, the rest on the next; days and units count once. */
static void once(void) {
    const Date all = DATE_NONE;
    static const char *const fixed[] = { "FIXED" }, *const sewer[] = { "SEWER_FIXED" };
    const struct {
        const char *once; int64_t amount; const char *const *of; Date from1, to1, from2, to2; const char *bill;
    } cases[] = {
        { NULL, 10, NULL,  all, all, all, all, "SUBSIDY -10.00, SUBSIDY -10.00" },      /* each connection has it */
        { "R",  10, NULL,  all, all, all, all, "SUBSIDY -10.00" },
        { "R",  90, NULL,  all, all, all, all, "SUBSIDY -70.00, SUBSIDY -20.00" },
        { "R",  10, fixed, all, all, all, all, "SUBSIDY -10.00" },
        { "R",  45, fixed, all, all, all, all, "SUBSIDY -38.50, SUBSIDY -6.50" },
        { "R",  45, sewer, all, all, all, all, "SUBSIDY -31.50, SUBSIDY -13.50" },
        { "R", 500, NULL,  all, all, all, all, "SUBSIDY -70.00, SUBSIDY -70.00" },
        /* enrolled for half of the days: half, once */
        { "R",  10, NULL,  on(2026, 4, 16), all, on(2026, 4, 16), all, "SUBSIDY -5.00" },
        /* days of the one and of the other: each day once */
        { "R",  10, NULL,  all, on(2026, 4, 15), on(2026, 4, 16), all, "SUBSIDY -5.00, SUBSIDY -5.00" },
        { "R",  10, NULL,  all, on(2026, 4, 15), all, all, "SUBSIDY -5.00, SUBSIDY -5.00" },
        { "R",  10, NULL,  all, all, all, on(2026, 4, 15), "SUBSIDY -10.00" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Rates r = res_fix();
        TariffRate a = rate("R", "SUBSIDY", "water", CALC_FLAT, cases[i].amount * 1000000);
        a.once = cases[i].once, a.of = cases[i].of, a.of_n = a.of ? 1 : 0, a.prorate = true;
        a.valid_from = cases[i].from1, a.valid_to = cases[i].to1;
        TariffRate b = a;
        b.valid_from = cases[i].from2, b.valid_to = cases[i].to2;
        BillFacts f = simple(&r, NULL, 0);
        BillConnection c[2] = { f.connections[0], f.connections[0] };
        c[1].id = (Id){ c[0].id.id + 1 };
        c[0].rebates = &a, c[1].rebates = &b, c[0].rebate_n = c[1].rebate_n = 1;
        f.connections = c, f.connection_n = 2;
        BillDraft d = bill_compute(&mem, &f);
        SAME_TEXT(subsidies_of(&d), cases[i].bill);
        CU_ASSERT(bill_adds_up(&d));
    }
}

/* 0.50 on the first 5 units of an account: two meters together, wastewater of the same water not again. */
static void once_units(void) {
    const struct { int first, second; bool derived; int64_t limit; const char *bill; } cases[] = {
        { 3, 4,  false, 5, "SUBSIDY -1.50, SUBSIDY -1.00" },
        { 8, 4,  false, 5, "SUBSIDY -2.50" },
        { 3, 4,  false, 0, "SUBSIDY -1.50, SUBSIDY -2.00" },            /* without a limit: every unit, once */
        { 3, 3,  true,  5, "SUBSIDY -1.50" },
        { 8, 8,  true,  0, "SUBSIDY -4.00" },
        { 0, 4,  false, 5, "SUBSIDY -2.00" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Rates r = res_var();
        TariffTier tiers[] = { { .upto = { cases[i].limit * 1000000 }, .price = { 500000 } }, { .unlimited = true } };
        TariffRate a = rate("R", "SUBSIDY", "water", cases[i].limit ? CALC_TIERED : CALC_PER_UNIT, 500000);
        a.once = "R", a.prices.tiers = tiers, a.prices.tier_n = 2, a.tier_period = TIERS_BY_MONTH;
        BillUse u[] = { APRIL(0, cases[i].first) }, v[] = { APRIL(0, cases[i].second) };
        BillFacts f = simple(&r, u, 1);
        BillConnection c[2] = { f.connections[0], f.connections[0] };
        c[1].id = (Id){ c[0].id.id + 1 };
        c[1].uses = v, c[1].is_derived = cases[i].derived;
        c[0].rebates = c[1].rebates = &a, c[0].rebate_n = c[1].rebate_n = 1;
        f.connections = c, f.connection_n = 2;
        BillDraft d = bill_compute(&mem, &f);
        SAME_TEXT(subsidies_of(&d), cases[i].bill);
    }
}

static void minimum(void) {
    BillFacts f = commercial(1);
    f.account_from = on(2026, 4, 16);                       /* 15 days of the new rates: 22.50 + 6.51, at least 30.00 */
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 22.50, USAGE 6.51 @1, SEWER_USAGE 8.65 @0.95, MIN_BILL 0.99, TAX 1.50 = 40.15");
    SAME_TEXT(d.lines[3].explain, "30.00 less 29.01 = 0.99");
}

static void maximum(void) {
    Rates r = res_var();
    static const char *const water[] = { "FIXED", "USAGE" };
    TariffRate most = rate("MOST", "DISCOUNT_MAX", "water", CALC_FLAT, 80000000);
    most.is_maximum = true;
    most.of = water;
    most.of_n = 2;
    add(&r, most);
    BillUse u[] = { APRIL(1250, 1262) };
    SAME_TEXT(simple_bill(&r, u, 1), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, DISCOUNT_MAX "
                                     "-12.65, TAX 4.00 = 174.72");
    r.v[3].prices.price.micro = 92650000;
    SAME_TEXT(simple_bill(&r, u, 1), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 4.63 = 188.00");
}

/* Rows have basis per_month and prorate by default; a volume is billed once, whatever the cycle. */
static void volumes(void) {
    Rates r = com_var(6200000);
    r.n = 3;
    for (int i = 0; i < 3; i++) r.v[i].basis = BASIS_PER_MONTH;
    BillUse u[] = { use(on(2026, 3, 31), on(2026, 5, 31), 0, 20) };
    BillFacts f = simple(&r, u, 1);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.billed_until = on(2026, 3, 31);
    f.period_end = on(2026, 5, 31);
    f.months = 2;
    SAME_TEXT(bill_of(&f), "FIXED 90.00, USAGE 124.00 @20, SEWER_USAGE 172.90 @19, TAX 10.70 = 397.60");
    f.period_end = on(2026, 4, 30);
    u[0].to = on(2026, 4, 30);
    SAME_TEXT(bill_of(&f), "FIXED 45.00, USAGE 124.00 @20, SEWER_USAGE 172.90 @19, TAX 8.45 = 350.35");
}

static void words(void) {
    SAME_INT(proration_method_find("partial_only"), PRORATE_PARTIAL_ONLY);
    SAME_INT(proration_method_find("none"), PRORATE_NONE);
    SAME_INT(rate_change_method_find("version_at_end"), RATES_AT_END);
    SAME_INT(rate_change_method_find("version_at_start"), RATES_AT_START);
    SAME_INT(true_up_find("rerate"), TRUE_UP_RERATE);
    SAME_INT(bill_kind_find("one_off"), BILL_ONE_OFF);
    SAME_INT(late_fee_kind_find("percent_per_month"), LATE_FEE_PERCENT_PER_MONTH);
    SAME_INT(late_fee_kind_find("fixed"), -1);
    SAME_INT(true_up_find(NULL), -1);
    SAME_TEXT(bill_section_words[SECTION_INFO], "info");
    SAME_TEXT(usage_source_words[USAGE_DEEMED], "deemed");
}

/* ---- Step 11: taxes ---- */

static void tax_kinds(void) {
    Rates r = res_fix();
    BillFacts f = simple(&r, NULL, 0);
    BillTax t[2] = { taxes[0], { .code = "VAT", .name = "VAT", .sequence = 2 } };
    TaxRate rates[] = { { on(2020, 1, 1), on(2026, 4, 10), 50000 }, { on(2026, 4, 11), DATE_NONE, 80000 } };
    f.taxes = t;
    t[0].rates = rates;
    t[0].rate_n = 2;
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, TAX 3.08 = 73.08");          /* the rate at the end */
    t[0].splits_by_days = true;
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 38.50, SEWER_FIXED 31.50, TAX 2.70 = 72.70");         /* 7 % in the mean */
    SAME_TEXT(d.lines[2].explain, "7 % of 38.50 = 2.695, rounded 2.70");
    rates[1].valid_from = on(2026, 4, 12);
    SAME_TEXT(bill_of(&f), "refused: BX-E11 Tax rate CUT missing for 11 April 2026");
    t[0] = taxes[0];
    t[0].is_inclusive = true;
    SAME_TEXT(bill(&f, &d), "FIXED 38.50, SEWER_FIXED 31.50, (TAX 1.83) = 70.00");       /* 38.50 x 5 / 105 */
    SAME_INT(d.tax.minor, 183);
    SAME_TEXT(d.lines[2].explain, "5 % included in 38.50 = 1.833333..., rounded 1.83");
    t[0].is_inclusive = false;
    static const char *const both[] = { "VAT", "CUT" };
    r.v[0].tax_codes = both;
    r.v[0].tax_n = 2;
    static const TaxRate vat[] = { { { INT32_MIN }, { INT32_MIN }, 100000 } };
    t[1].rates = vat;
    t[1].rate_n = 1;
    f.tax_n = 2;
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93, TAX 3.85 = 75.78");
    t[1].is_compound = true;
    SAME_TEXT(bill_of(&f), "FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93, TAX 4.04 = 75.97");       /* 10 % of 40.43 */
    TaxExemption e[] = { { .tax_code = "CUT", .certificate = "EX-17", .valid_from = DATE_NONE,
                           .valid_until = on(2026, 4, 30) } };
    f.exemptions = e;
    f.exemption_n = 1;
    SAME_TEXT(bill(&f, &d), "FIXED 38.50, SEWER_FIXED 31.50, TAX 0.00, TAX 3.85 = 73.85");
    SAME_TEXT(d.lines[2].description, "City utility tax: exempt, certificate EX-17");
    e[0].valid_until = on(2026, 4, 29);
    SAME_INT(bill_compute(&mem, &f).total.minor, 7597);
    e[0] = (TaxExemption){ .certificate = "EX-18", .valid_from = DATE_NONE, .valid_until = DATE_NONE };
    SAME_INT(bill_compute(&mem, &f).total.minor, 7000);
}

static void tax_cap(void) {
    Rates r = res_var();
    BillUse u[] = { APRIL(1250, 1262) };
    BillFacts f = simple(&r, u, 1);
    BillTax t[1] = { taxes[0] };
    f.taxes = t;
    t[0].has_cap = true;
    t[0].cap_per_unit.micro = 250000;
    SAME_TEXT(bill_of(&f), "FIXED 18.20, USAGE 74.45 @12, SEWER_USAGE 90.72 @10.8, TAX 3.00 = 186.37");
    t[0].cap_per_unit.micro = 500000;
    SAME_INT(bill_compute(&mem, &f).total.minor, 18800);
}

/* ---- Steps 12 to 15 ---- */

static void one_off_charges(void) {
    BillCharge charges[] = {
        { .id = { 1 }, .charge_type = "CONNECTION_FEE", .amount = { 15000 }, .charge_date = on(2026, 5, 2) },
        { .id = { 2 }, .charge_type = "SERVICE_FEE", .description = "Meter test", .amount = { 6000 }, .tax_codes = cut,
          .tax_n = 1, .charge_date = on(2026, 4, 20) },
        /* after the bill date */
        { .id = { 3 }, .charge_type = "SERVICE_FEE", .amount = { 100 }, .charge_date = on(2026, 5, 3) },
        { .id = { 4 }, .charge_type = "LATE_FEE", .amount = { 500 }, .charge_date = on(2026, 4, 8), .is_posted = true },
    };
    BillAdjustment adjustments[] = { { .id = { 5 }, .description = "Goodwill", .amount = { -2000 } } };
    BillFacts f = facts(NULL, 0);
    f.kind = BILL_ONE_OFF;
    f.charges = charges;
    f.charge_n = 1;
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "CONNECTION_FEE 150.00 = 150.00");              /* BX01US02.6 */
    CU_ASSERT_FALSE(date_is_set(d.lines[0].from));
    SAME_INT(d.start.day, on(2026, 5, 2).day);
    SAME_INT(d.days, 1);
    f.charge_n = 4;
    f.adjustments = adjustments;
    f.adjustment_n = 1;
    f.balance.minor = 700;
    SAME_TEXT(bill(&f, &d), "CONNECTION_FEE 150.00, SERVICE_FEE 60.00, TAX 3.00, (LATE_FEE 5.00), "
                            "ADJUSTMENT -20.00 = 193.00");
    SAME_INT(d.lines[2].charge.id, 2);
    SAME_INT(d.lines[3].section, SECTION_SINCE_LAST_BILL);
    SAME_INT(d.posted_charges.minor, 500);
    SAME_INT(d.amount_due.minor, 20000);
    SAME_TEXT(d.lines[1].description, "Meter test");
}

/* The agreement example: arrears 300.00 in 3 x 100.00, current charges 188.00. */
static void instalments(void) {
    Rates r = res_var();
    BillUse u[] = { APRIL(1250, 1262) };
    BillFacts f = simple(&r, u, 1);
    BillInstalment v[] = { { { 1 }, "1 of 3", on(2026, 5, 23), { 10000 } },
                           { { 2 }, "2 of 3", on(2026, 6, 23), { 10000 } },
                           { { 3 }, "3 of 3", on(2026, 7, 23), { 10000 } } };
    BillDeposit asked[] = { { .id = { 4 }, .amount = { 2500 } }, { .id = { 5 }, .is_held = true, .amount = { 900 },
        .since = on(2026, 1, 1) } };
    f.instalments = v;
    f.instalment_n = 3;
    f.deferred.minor = 30000;
    BillDraft d;
    bill(&f, &d);
    SAME_INT(d.amount_due.minor, 28800);
    SAME_INT(d.instalments.minor, 10000);
    SAME_INT(d.current.minor, 18800);
    f.deposits = asked;
    f.deposit_n = 2;
    bill(&f, &d);
    SAME_INT(d.deposits.minor, 2500);
    SAME_INT(d.amount_due.minor, 31300);
}

/* BX01US03.5: a payment before publishing. */
static void balance(void) {
    Rates r = res_var();
    BillUse u[] = { APRIL(1250, 1262) };
    BillFacts f = simple(&r, u, 1);
    f.payments.minor = f.balance.minor = -2000;
    BillDraft d;
    bill(&f, &d);
    SAME_INT(d.amount_due.minor, 16800);
    SAME_INT(d.payments.minor, -2000);
    f.balance.minor = -20000;
    bill(&f, &d);
    SAME_INT(d.amount_due.minor, 0);
    SAME_INT(d.credit_carried.minor, 1200);
}

static void cash_rounding(void) {
    static const struct { int64_t step, balance; const char *line; int64_t due; } cases[] = {
        { 100, 0, ", ROUNDING 0.07 = 72.00", 7200 },        /* 71.93 */
        { 5, 0, ", ROUNDING 0.02 = 71.95", 7195 },
        { 100, -7143, ", ROUNDING 0.50 = 72.43", 100 },     /* 0.50 due: half goes up */
        { 100, -7144, ", ROUNDING -0.49 = 71.44", 0 },
        { 100, -8000, " = 71.93", 0 },                      /* nothing due: nothing rounded */
        { 1, 0, " = 71.93", 7193 },
    };
    Rates r = res_fix();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BillFacts f = simple(&r, NULL, 0);
        f.cash_step.minor = cases[i].step;
        f.balance.minor = cases[i].balance;
        BillDraft d;
        const char *got = bill(&f, &d);
        SAME_TEXT(got + strlen("FIXED 38.50, SEWER_FIXED 31.50, TAX 1.93"), cases[i].line);
        SAME_INT(d.amount_due.minor, cases[i].due);
        SAME_INT(d.current.minor, 7193);
    }
}

/* ---- Holds ---- */

static void holds(void) {
    Rates r = res_var();
    BillUse u[] = { APRIL(1250, 1250) };
    BillFacts f = simple(&r, u, 1);
    BillConnection c = f.connections[0];
    f.connections = &c;
    c.zero_periods = 1;
    CU_ASSERT(!strncmp(bill_of(&f), "held: BX-H02 No use for 2 periods on an active connection: ", 59));
    c.zero_periods = 0;
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_MADE);
    u[0] = APRIL(1250, 1262);
    c.usual.micro = 4000000;                                /* 4 a month: 12 is not more than 3 times */
    c.usual_days = 30;
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_MADE);
    c.usual.micro = 3999999;
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_HELD);
    c.usual.micro = 3000000;
    u[0] = APRIL(1250, 1260);                               /* 10 is not over 10 */
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_MADE);
    f.hold_above.minor = 15376;
    CU_ASSERT(!strncmp(bill_of(&f), "held: BX-H03 Bill total above 153.76: ", 38));
    f.hold_above.minor = 15377;
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_MADE);
    f.differs_pct = 20;
    f.has_compared = true;
    f.compared.minor = 12814;                               /* 20 % more is 153.768 */
    CU_ASSERT(!strncmp(bill_of(&f), "held: BX-H06 Bill differs more than 20 % from the simulation or the last bill: ",
                       79));
    f.compared.minor = 12815;
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_MADE);
    BillAdjustment credit[] = { { .amount = { -20000 } } };
    f.differs_pct = 0;
    f.adjustments = credit;
    f.adjustment_n = 1;
    SAME_INT(bill_compute(&mem, &f).outcome, BILL_MADE);    /* credit lines do not count */
    BillConnection again;
    f = true_up(1250, &again);                              /* nothing used at all: the first bill goes back */
    CU_ASSERT_PTR_NOT_NULL(strstr(bill_of(&f), "BX-H03 Current charges negative"));
}

static void several_connections(void) {
    Rates water = res_fix(), gas_rates = { .n = 0 };
    add(&gas_rates, rate("USE", "USAGE", "gas", CALC_PER_UNIT, 95100));
    add(&gas_rates, rate("BASE", "FIXED", "gas", CALC_FLAT, 18480000));
    BillPlanSpan s[] = { span(1, 1, on(2020, 1, 1), DATE_NONE, &water),
                         span(2, 1, on(2020, 1, 1), DATE_NONE, &gas_rates) };
    BillUse u[] = { APRIL(8865, 9975) };
    BillConnection c[] = { connection(&s[0], 1, NULL, 0), connection(&s[1], 1, u, 1) };
    BillFacts f = facts(c, 2);
    BillDraft d;
    SAME_TEXT(bill(&f, &d), "FIXED 38.50, SEWER_FIXED 31.50, USAGE 105.56 @1110, FIXED 18.48, TAX 1.93 = 195.97");
    SAME_INT(d.segment_n, 2);
    SAME_INT(d.lines[3].segment, 1);
    c[0].billed_until = on(2026, 4, 30);                    /* one is billed already: the other is not held up */
    SAME_TEXT(bill(&f, &d), "USAGE 105.56 @1110, FIXED 18.48 = 124.04");
    c[1].reading_waits = true;
    c[1].use_n = 0;
    SAME_TEXT(bill(&f, &d), "refused: BX-E06 Reading waits for validation");
}

/* ---- Late fees ---- */

static void late_fees(void) {
    LateFeeRule rule = { .kind = LATE_FEE_PERCENT, .rate_ppm = 15000, .has_minimum = true, .minimum = { 500 },
                         .grace_days = 10 };
    LateFeeFacts f = { .unpaid = { 18800 }, .days = 11 };
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 500);         /* BX04US01.7: 2.82 */
    f.unpaid.minor = 41237;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 619);         /* ONB02US05.8 */
    f.days = 10;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 0);
    f.days = 11;
    f.in_dispute = true;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 0);
    f.in_dispute = false;
    f.in_agreement = true;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 0);
    f.in_agreement = false;
    f.unpaid_late_fees.minor = 1237;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 600);
    rule.is_compound = true;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 619);
    rule.has_maximum = true;
    rule.maximum.minor = 550;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 550);
    rule.threshold.minor = 41237;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 0);
    rule = (LateFeeRule){ .kind = LATE_FEE_FLAT, .flat = { 700 } };
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 700);
    rule = (LateFeeRule){ .kind = LATE_FEE_GREATER, .flat = { 100 }, .rate_ppm = 15000, .is_compound = true };
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 619);
    rule.flat.minor = 700;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 700);
    rule = (LateFeeRule){ .kind = LATE_FEE_PERCENT_PER_MONTH, .rate_ppm = 15000, .is_compound = true };
    f.days = 45;
    SAME_INT(late_fee_amount(&rule, &f, ROUND_HALF_UP).minor, 928);         /* 9.278325 */
}

/* The eight clean bills of the fixture, as the run of BX01US01.2 sums them. */
static void eight_bills(void) {
    static const int64_t totals[] = { 18800, 7193, 15377, 9401, 18800, 138462, 7165, 20600 };
    int64_t sum = 0;
    for (int i = 0; i < 8; i++) sum += totals[i];
    SAME_INT(sum, 235798);
}

/* ---- Any facts: what must hold of every bill (I4, I5) ---- */

static uint64_t dice_state;

static int dice(int n) {
    dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
    return (int)((dice_state >> 33) % (uint64_t)n);
}

static Rates any_rates(void) {
    Rates r = dice(2) ? res_ext() : dice(2) ? com_var(6000000 + dice(3) * 100000) : res_var();
    r.v[0].prices.price.micro = 10000000 + dice(3) * 123456;
    if (dice(3)) r.v[0].basis = (TariffBasis)dice(4);
    if (!dice(4)) r.v[1].valid_from = on(2026, 4, 1 + dice(28));
    if (!dice(4)) r.v[1].tier_period = (TierPeriod)dice(3);
    if (!dice(4)) r.v[1].season = (uint16_t)(2 + dice(8000));
    if (!dice(5)) r.v[2].included_qty.micro = dice(9000000);
    if (!dice(6)) r.v[1].has_minimum = true, r.v[1].minimum.micro = dice(50000000);
    return r;
}

static void any_spans(Rates *rates, BillPlanSpan *spans, int *n) {
    Date from = on(2020, 1, 1);
    for (*n = 0; *n < 3; (*n)++) {
        rates[*n] = any_rates();
        spans[*n] = span(1 + dice(2), *n + 1, from, DATE_NONE, &rates[*n]);
        spans[*n].proration = (ProrationMethod)dice(3);
        spans[*n].rate_change = (RateChangeMethod)dice(3);
        if (dice(3)) { (*n)++; break; }
        Date cut_on = on(2026, 3 + dice(2), 1 + dice(28));
        if (cut_on.day <= from.day) { (*n)++; break; }
        spans[*n].valid_to = cut_on;
        from = date_add_days(cut_on, 1);
    }
    if (*n > 3) *n = 3;
    spans[*n - 1].valid_to = DATE_NONE;
}

static int any_uses(BillUse *uses) {
    int n = 1 + dice(5), index = dice(2000);
    Date day = on(2026, 3, 31);
    for (int i = 0; i < n; i++) {
        Date next = date_add_days(day, 1 + dice(2 * 30 / n));
        int end = dice(20) ? index + dice(40) : index - dice(40);
        if (end < 0) end = 0;
        uses[i] = use(day, next, index, end);
        uses[i].is_estimated = !dice(10);
        index = end;
        day = next;
    }
    return n;
}

typedef struct {
    Rates rates[3];
    BillPlanSpan spans[3];
    BillUse uses[6];
    TariffRate rebates[2];
    BillEstimated estimated[1];
    BilledLine billed[2];
    BillCharge charges[2];
    BillDeposit deposits[2];
    BillTax taxes[1];
    BillConnection c;
} Any;

static BillFacts any_facts(Any *x) {
    int n, used = any_uses(x->uses);
    any_spans(x->rates, x->spans, &n);
    x->c = connection(x->spans, n, x->uses, used);
    if (dice(4)) x->c.attributes = one_eru, x->c.attribute_n = 1;
    if (dice(2)) x->c.billed_until = date_add_days(on(2026, 3, 1), dice(70));
    x->c.estimate = (BillEstimate){ dice(2) != 0, { dice(40000000) }, "policy" };
    x->c.estimates_in_row = dice(3);
    x->rebates[0] = lifeline();
    x->rebates[1] = lifeline();
    x->rebates[1].valid_from = on(2026, 4, 1 + dice(30));
    x->c.rebates = x->rebates;
    x->c.rebate_n = dice(3);
    x->billed[0] = (BilledLine){ "USAGE", "water", NULL, { dice(9000) } };
    x->billed[1] = (BilledLine){ "TAX", NULL, "CUT", { dice(900) } };
    x->estimated[0] = (BillEstimated){ .bill = { 3 }, .bill_no = "B-3", .from = on(2026, 2, 1), .to = on(2026, 2, 28),
                                       .was_full = dice(2) != 0, .months = 1,
                                       .quantity = { dice(20000000) }, .lines = x->billed, .line_n = 2 };
    x->c.estimated = x->estimated;
    x->c.estimated_n = dice(2);
    if (!dice(6)) x->c.gas = true, x->c.calorific_e6 = 39300000;
    BillFacts f = facts(&x->c, 1);
    f.rounding = (Rounding)dice(2);
    f.factor_decimals = dice(4) ? -1 : dice(7);
    f.kind = (BillKind)dice(5);
    f.true_up = (TrueUp)dice(2);
    f.interpolate = !dice(3);
    f.months = 1 + dice(2);
    f.leap_years = dice(2) != 0;
    if (!dice(4)) f.account_from = on(2026, 4, 1 + dice(30));
    if (!dice(4)) f.account_to = on(2026, 4, 1 + dice(30));
    x->taxes[0] = taxes[0];
    x->taxes[0].is_inclusive = !dice(3);
    x->taxes[0].splits_by_days = dice(2) != 0;
    f.taxes = x->taxes;
    x->charges[0] = (BillCharge){ .id = { 1 }, .charge_type = "SERVICE_FEE", .amount = { dice(9000) - 3000 },
                                  .tax_codes = cut, .tax_n = dice(2), .charge_date = on(2026, 4, 9) };
    x->charges[1] = (BillCharge){ .id = { 2 }, .charge_type = "LATE_FEE", .amount = { 500 }, .is_posted = true,
                                  .charge_date = DATE_NONE };
    f.charges = x->charges;
    f.charge_n = dice(3);
    x->deposits[0] = (BillDeposit){ .id = { 1 }, .is_held = true, .amount = { dice(9000) }, .interest_ppm = dice(50000),
                                    .since = on(2024, 1, 1) };
    x->deposits[1] = (BillDeposit){ .id = { 2 }, .amount = { dice(9000) } };
    f.deposits = x->deposits;
    f.deposit_n = dice(3);
    f.balance.minor = dice(40000) - 20000;
    f.cash_step.minor = dice(3) ? 0 : 5 * (1 + dice(20));
    return f;
}

static const char *all_of(const BillDraft *d) {
    return text(&mem, "%d %s | %s = %s, due %s", d->outcome, problems_of(d), lines_of(d), amount(d->total),
                amount(d->amount_due));
}

static bool segments_hold(const BillDraft *d) {
    for (int i = 0; i < d->segment_n; i++) {
        const BillSegment *s = &d->segments[i];
        Date expected = i ? date_add_days(d->segments[i - 1].end, 1) : d->start;
        if (s->start.day != expected.day || s->days != s->end.day - s->start.day + 1 || s->days < 1) return false;
    }
    return !d->segment_n || d->segments[d->segment_n - 1].end.day == d->end.day;
}

static void any_bills(void) {
    static Any x;
    int outcomes[5] = { 0 }, wrong = 0;
    for (int i = 0; i < 20000; i++) {
        dice_state = (uint64_t)i * 7919 + 1;
        BillFacts f = any_facts(&x);
        BillDraft d = bill_compute(&mem, &f);
        f.trace = false;
        BillDraft again = bill_compute(&mem, &f);
        bool refused = d.outcome == BILL_REFUSED, held = false, errors = false;
        for (int p = 0; p < d.problem_n; p++) *(d.problems[p].is_hold ? &held : &errors) = true;
        bool good = !strcmp(all_of(&d), all_of(&again)) && refused == errors &&
                    (refused ? !d.line_n && !d.segment_n : segments_hold(&d)) && (d.outcome != BILL_HELD || held)
                        && d.amount_due.minor >= 0;
        if (!refused && d.outcome != BILL_SKIPPED && d.outcome != BILL_EMPTY) good = good && bill_adds_up(&d);
        if (!good && ++wrong < 4) fprintf(stderr, "\nround %d: %s\n and then %s\n", i, all_of(&d), all_of(&again));
        outcomes[d.outcome]++;
        arena_reset(&mem);
    }
    SAME_INT(wrong, 0);
    for (int i = 0; i < 4; i++) CU_ASSERT(outcomes[i] > 100);
}

static SuiteTest tests[] = {
    { "BX-FIX SF-1001", sf_1001 },
    { "BX-FIX SF-1002, half up and half even", sf_1002 },
    { "BX-FIX SF-1003 estimated", sf_1003 },
    { "BX-FIX SF-1004 started on the 16th", sf_1004 },
    { "BX-FIX SF-1005 meter exchanged", sf_1005 },
    { "BX-FIX SF-1006 held BX-H01", sf_1006 },
    { "BX-FIX SF-1007 BX-E02", sf_1007 },
    { "BX-FIX SF-2001 rates changed inside", sf_2001 },
    { "BX-FIX SF-2002 minimum", sf_2002 },
    { "BX-FIX SF-2003", sf_2003 },
    { "BX-FIX eight clean bills", eight_bills },
    { "BX engine 5: true-up by rerate", true_up_rerate },
    { "ONB02US05 what an account has once, rated again", true_up_once },
    { "BX engine 5: true-up by index", true_up_index },
    { "BX engine 5: actual index below the estimate", true_up_below },
    { "BX01US02.5 final bill with deposit", final_bill },
    { "ONB02US05.1 RES-EXT, 14 CCF", ext_1 },
    { "ONB02US05.2 RES-EXT with winter average", ext_2 },
    { "ONB02US05.3 RES-EXT, 8 CCF, and with lifeline", ext_3 },
    { "ONB02US05.4 RES-EXT, final bill of 12 days", ext_4 },
    { "ONB02US05.6 COM-EXT", ext_6 },
    { "ONB02US05.7 slabs, time of use, by days", ext_7 },
    { "ONB02US05.8 minimum, rounding", ext_8 },
    { "ONB02US05.5 price change inside", ext_price_change },
    { "BX engine 1: days, gap, 120 days", days },
    { "BX engine 1: days asked for", days_asked },
    { "BX engine 6: full period, tolerance, methods", proration },
    { "BX engine 6: per day, per year", per_day_and_year },
    { "BX engine 2: readings, rollover, multiplier", readings },
    { "BX engine 2: the end reading", end_readings },
    { "BX engine 2: interpolation", interpolates },
    { "BX engine 3: estimates", estimates },
    { "BX engine 2: no meter, deemed use", without_meter },
    { "BX engine 2: gas", gas },
    { "BX engine 7: time of use", time_of_use },
    { "BX engine 4: reading on the change", reading_at_change },
    { "BX engine 4: daily readings", daily_readings },
    { "BX engine 4: methods of rate change", rate_change_methods },
    { "BX engine 4: plan change", plan_change },
    { "BX engine 4: BX-E03", missing_rate },
    { "BX engine 7: seasons", seasons },
    { "BX engine 8: winter average", winter_average },
    { "BX engine 8: rounded up, per dwelling", rounds_quantities_up },
    { "BX engine 9: minimum in a part", minimum },
    { "BX engine 9: maximum", maximum },
    { "BX engine 7: a volume has no months", volumes },
    { "BX words of columns", words },
    { "BX engine 10: discounts in order", discounts },
    { "ONB02US05 a rebate of the plan is for who is enrolled", plan_rebates },
    { "ONB02US05 an amount that an account has once", once },
    { "ONB02US05 units that an account has once", once_units },
    { "ONB02US05 ERU of an impervious area", eru_of_area },
    { "BX engine 11: kinds of taxes, exemption", tax_kinds },
    { "BX engine 11: cap", tax_cap },
    { "BX engine 12: one-off charges", one_off_charges },
    { "BX engine 13: instalments, deposits", instalments },
    { "BX engine 14: balance", balance },
    { "BX engine 15: cash rounding", cash_rounding },
    { "BX engine: holds", holds },
    { "BX engine: several connections", several_connections },
    { "BX late fees", late_fees },
    { "BX engine: what holds of every bill (I4, I5)", any_bills },
    { 0 } };

int main(void) {
    int failed = suite_run("bill", tests);
    arena_end(&mem);
    return failed;
}
