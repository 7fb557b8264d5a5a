/*
 * The billing overview (BX02US01): what a month billed and collected, what is stuck, what is owed. Bills and payments
 * of the chosen month are counted as they are now, over one index; other months, use, areas and categories come from
 * the daily totals (daily_total.c). Every figure leads to the list behind it. Simulations stand in simulation.c.
 */
#include <stdio.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/owed.h"
#include "app/billing/pages.h"
#include "lib/chart.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

enum { MONTHS = 13, MONTHS_BACK = 24 };         /* of charts: a year and the month before; to choose from */

#define SAY(r, key) msg((r)->c.language, "billing.overview." key)

/* --- what is asked for -------------------------------------------------------------------------------------------- */

/* The month of bill dates and the cycle; cycle_code NULL: all cycles. */
typedef struct Asked { Month month; Id cycle; const char *cycle_code; } Asked;

/* Without a month: the last one that has bills. */
static Asked asked(Req *r) {
    const char *month = query_text(r, "month"), *code = query_text(r, "cycle");
    Asked a = { .cycle_code = code };
    if (month) {
        if (!month_parse(month, &a.month)) fail(r, NOT_FOUND, "There is no month %s.", month);
    } else {
        /* not max(): over an index that goes down the server reads all of it for that */
        const char *last = db_text(r, "select bill_date from bill force index (bill_list_state) where utility_id=? "
                                      "and status='published' order by bill_date desc, id desc limit 1",
                                   r->c.utility);
        Date day = utility_today(&r->c);
        if (last) date_parse_iso(last, &day);
        a.month = month_of(day);
    }
    if (code) a.cycle = db_id(r, "select id from bill_cycle where utility_id=? and code=?", r->c.utility, code);
    if (code && !a.cycle.id) fail(r, NOT_FOUND, "There is no bill cycle %s.", code);
    return a;
}

static const char *overview_link(Req *r, Month month, const char *cycle) {
    return link_path(r, "/bx/dashboard?month=%s%s%s", month_text(&r->c.mem, month), cycle ? "&cycle=" : "",
                     cycle ? url_part(r, cycle) : "");
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

/* A month. Of the chosen one bills, billed, estimated and collected are those of now. */
#define SUMS(F, T) F(T, int, month) F(T, int64_t, bills) F(T, Money, billed) F(T, int64_t, estimated) \
    F(T, Money, collected) F(T, int64_t, days) F(T, Quantity, used) F(T, Time, made)
ROW(Sum, SUMS)

#define NOW(F, T) F(T, int64_t, bills) F(T, Money, billed) F(T, int64_t, estimated) F(T, Money, collected)
ROW(Now, NOW)

typedef struct Figures {
    Asked asked;
    Sum   months[2 * MONTHS - 1];               /* from two years before the chosen one, which is the last */
    int64_t due, due_before;                    /* accounts the runs had to bill */
} Figures;

enum { CHOSEN = 2 * MONTHS - 2, FIRST_SHOWN = MONTHS - 1 };

/* Accounts of the month's runs but those left out. */
static int64_t accounts_due(Req *r, Month month, Id cycle) {
    return db_int(r, "select coalesce(sum(x.account_count - x.skipped_count), 0) from bill_run x "
                     "join bill_cycle_period p on p.id=x.bill_cycle_period_id "
                     "where x.utility_id=? and x.bill_date between ? and ? and x.simulate_only=0 "
                     "and x.state in ('completed', 'completed_with_errors', 'published', 'closed', 'publishing') "
                     "and (? is null or p.cycle_id=?)",
                  r->c.utility, month_first(month), month_last(month), cycle, cycle);
}

static const Now *month_read(Req *r, Asked a) {
    return db_one(r, Now,
        "select count(*) as bills, coalesce(sum(b.total_minor), 0) as billed, coalesce(sum(b.is_estimated), 0) "
        "as estimated, coalesce(sum(b.paid_minor - b.credit_applied_minor), 0) as collected "
        "from bill b force index (bill_month) where b.utility_id=? and b.status='published' "
        "and b.bill_date between ? and ? and b.kind<>'migration' "
        "and (? is null or b.bill_cycle_period_id in (select id from bill_cycle_period where cycle_id=?))",
                            r->c.utility, month_first(a.month), month_last(a.month), a.cycle, a.cycle);
}

/* A month of so many bills is summed once a minute in a worker: 50,000 bills take 40 ms of the database each time.
   What is shown of it is as old as that at most; the totals beside it are of the night or of the last run. */
enum { MONTHS_KEPT = 16, MONTH_LONG = 20000, MONTH_KEPT_S = 60, SCHEMA_MAX = 64 };

static struct { char schema[SCHEMA_MAX + 1]; Id utility, cycle; Month month; int64_t at_us; Now now; }
    kept[MONTHS_KEPT];

static const Now *month_now(Req *r, Asked a) {
    Ctx *c = &r->c;
    size_t i = ((size_t)c->utility.id * 31 + (size_t)a.cycle.id * 7 + (size_t)a.month.no) % MONTHS_KEPT;
    int64_t now_us = time_ticking_us();
    bool is_known = kept[i].at_us && now_us - kept[i].at_us < MONTH_KEPT_S * SECOND_US
        && kept[i].utility.id == c->utility.id && kept[i].cycle.id == a.cycle.id && kept[i].month.no == a.month.no
        && !strcmp(kept[i].schema, c->schema);
    if (is_known) return memcpy(take(r, sizeof(Now)), &kept[i].now, sizeof(Now));
    const Now *n = month_read(r, a);
    if (n->bills < MONTH_LONG || strlen(c->schema) > SCHEMA_MAX) return n;
    snprintf(kept[i].schema, sizeof kept[i].schema, "%s", c->schema);
    kept[i].utility = c->utility, kept[i].cycle = a.cycle, kept[i].month = a.month;
    kept[i].at_us = now_us, kept[i].now = *n;
    return n;
}

static Figures *figures(Req *r, Asked a) {
    Figures *f = take(r, sizeof *f);
    f->asked = a;
    Month first = month_add(a.month, -CHOSEN);
    Sums l = db_all(r, Sum,
        "select year(total_date) * 12 + month(total_date) - 1 as month, sum(bills) as bills, sum(amount_minor) "
        "as billed, sum(estimated) as estimated, sum(payments_minor) as collected, sum(reading_days) as days, "
        "sum(usage_qty_micro) as used, min(rebuilt_at) as made from billing_daily_total "
        "where utility_id=? and total_date between ? and ? and (? is null or cycle_id=?) group by 1",
                    r->c.utility, month_first(first), month_last(a.month), a.cycle, a.cycle);
    for (size_t i = 0; i < l.n; i++) f->months[l.v[i].month - first.no] = l.v[i];
    const Now *now = month_now(r, a);
    Sum *chosen = &f->months[CHOSEN];
    chosen->bills = now->bills, chosen->billed = now->billed;
    chosen->estimated = now->estimated, chosen->collected = now->collected;
    f->due = accounts_due(r, a.month, a.cycle);
    f->due_before = accounts_due(r, month_add(a.month, -1), a.cycle);
    return f;
}

/* part of whole in ppm; -1: there is no whole. */
static int64_t share(int64_t part, int64_t whole) { return whole > 0 ? part * 1000000 / whole : -1; }

static const char *share_text(Req *r, int64_t ppm) {
    if (ppm < 0) return "-";
    return locale_percent(&r->c.mem, r->c.locale, (ppm + 500) / 1000 * 1000);
}

static const char *month_label(Req *r, Month m) {
    return text_copy_n(r, month_name(r->c.locale, date_ymd(month_first(m)).month), 3);
}

/* --- cards -------------------------------------------------------------------------------------------------------- */

/* How a figure moved: `good` +1 when more is better, -1 when less is. Within 1 % it is flat. */
static void show_trend(Req *r, const Figures *f, size_t n, int64_t now, int64_t before, int good) {
    if (before <= 0 || now < 0) return;
    int64_t tenths = (now - before) * 1000 / before;
    bool flat = tenths >= -10 && tenths <= 10;
    show_text(r, at(r, "show.kpis", n, "trend.dir"), flat ? "flat" : tenths > 0 ? "up" : "down");
    if (!flat) {
        bool better = (tenths > 0) == (good > 0);
        show_text(r, at(r, "show.kpis", n, "trend.good"), better ? "1" : "0");
        show_text(r, at(r, "show.kpis", n, "trend.word"), better ? SAY(r, "better") : SAY(r, "worse"));
    }
    int64_t size = tenths < 0 ? -tenths : tenths;
    show_text(r, at(r, "show.kpis", n, "trend.figure"), locale_percent(&r->c.mem, r->c.locale, size * 1000));
    show_text(r, at(r, "show.kpis", n, "trend.text"), msg_format(r, r->c.language, "billing.overview.vs",
                                                              { "month",
                                                                month_label(r, month_add(f->asked.month, -1)) }));
}

static void card(Req *r, size_t n, const char *label, const char *value, const char *url) {
    show_text(r, at(r, "show.kpis", n, "label"), label);
    show_text(r, at(r, "show.kpis", n, "value"), value);
    show_text(r, at(r, "show.kpis", n, "url"), url);
}

/* The last thirteen months as a line; nothing when there is no past. */
static void show_spark(Req *r, size_t n, const Figures *f, int64_t (*value)(const Sum *)) {
    int64_t v[MONTHS];
    size_t past = 0;
    for (size_t i = 0; i < MONTHS; i++) {
        v[i] = value(&f->months[FIRST_SHOWN + i]);
        if (f->months[FIRST_SHOWN + i].bills) past++;
    }
    if (past > 2) show_text(r, at(r, "show.kpis", n, "spark"), chart_spark(&r->c.mem, v, MONTHS));
}

static int64_t bills_of(const Sum *s) { return s->bills; }
static int64_t billed_of(const Sum *s) { return s->billed.minor; }
static int64_t average_of(const Sum *s) {
    return s->bills ? money_ratio(s->billed, 1, s->bills, ROUND_HALF_UP).minor : 0;
}
static int64_t estimated_of(const Sum *s) { return s->bills ? share(s->estimated, s->bills) : 0; }

static void show_cards(Req *r, const Figures *f) {
    const Sum *now = &f->months[CHOSEN], *before = &f->months[CHOSEN - 1];
    Arena *a = &r->c.mem;
    const Locale *l = r->c.locale;
    const char *from = date_iso(a, month_first(f->asked.month)), *to = date_iso(a, month_last(f->asked.month));
    const char *list = link_path(r, "/bx/bills?status=published&bill_date_from=%s&bill_date_to=%s", from, to);
    size_t n = 0;
    card(r, n, SAY(r, "bills"), locale_count(a, l, now->bills), list);
    show_spark(r, n, f, bills_of);
    show_trend(r, f, n++, now->bills, before->bills, 1);
    int64_t rate = share(now->bills, f->due), rate_before = share(before->bills, f->due_before);
    card(r, n, SAY(r, "success"), share_text(r, rate > 1000000 ? 1000000 : rate), link_path(r, "/bx/runs"));
    show_trend(r, f, n++, rate, rate_before, 1);
    card(r, n, SAY(r, "billed"), locale_money_short(a, l, now->billed), list);
    show_spark(r, n, f, billed_of);
    show_trend(r, f, n++, now->billed.minor, before->billed.minor, 1);
    card(r, n, SAY(r, "average"), now->bills ? locale_money(a, l, (Money){ average_of(now) }) : "-", list);
    show_spark(r, n, f, average_of);
    show_trend(r, f, n++, average_of(now), average_of(before), 1);
    card(r, n, SAY(r, "estimated"), share_text(r, share(now->estimated, now->bills)),
         text(r, "%s&is_estimated=1", list));
    show_spark(r, n, f, estimated_of);
    show_trend(r, f, n++, estimated_of(now), estimated_of(before), -1);
    bool known = time_is_set(now->made) && now->bills;
    card(r, n, SAY(r, "days"), known ? locale_count(a, l, (now->days + now->bills / 2) / now->bills) : "-", list);
    show_text(r, at(r, "show.kpis", n, "unit"), known ? SAY(r, "days_unit") : NULL);
    if (known && before->bills) show_trend(r, f, n, now->days * 100 / now->bills, before->days * 100 / before->bills,
                                           -1);
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

/* A section's beginning; its name in the data set ("show.sections.3"). */
static const char *section(Req *r, size_t *n, const char *title, const char *kind, const char *span) {
    const char *at_ = text(r, "show.sections.%zu", (*n)++);
    show_text(r, text(r, "%s.title", at_), title);
    show_text(r, text(r, "%s.kind", at_), kind);
    show_text(r, text(r, "%s.span", at_), span);
    return at_;
}

static void show_chart(Req *r, const char *at_, const Chart *chart) {
    show_text(r, text(r, "%s.chart.title", at_), chart->title);
    show_text(r, text(r, "%s.chart.id", at_), chart->id);
    show_text(r, text(r, "%s.chart.svg", at_), chart_bars(&r->c.mem, chart));
    Chart narrow = *chart;
    narrow.narrow = true, narrow.id = text(r, "%s-narrow", chart->id);
    show_text(r, text(r, "%s.chart.svg_narrow", at_), chart_bars(&r->c.mem, &narrow));
    for (size_t i = 0; chart->series_n > 1 && i < chart->series_n; i++) {
        show_text(r, text(r, "%s.chart.legend.%zu.text", at_, i), chart->series[i].name);
        show_textf(r, text(r, "%s.chart.legend.%zu.series", at_, i), "%zu", i + 1);
    }
    TableView *t = table_start(r, text(r, "%s.chart.table", at_), chart->title);
    table_column(t, SAY(r, "month"), "text", "id");
    for (size_t i = 0; i < chart->series_n; i++) table_column(t, chart->series[i].name, "num", i ? NULL : "amount");
    for (size_t k = 0; k < chart->n; k++) {
        table_row(t, NULL);
        table_cell(t, chart->labels[k]);
        for (size_t i = 0; i < chart->series_n; i++) table_cell(t, chart->series[i].texts[k]);
    }
}

/* Billed and collected by month of the bills. */
static void show_money_chart(Req *r, size_t *n, const Figures *f) {
    int64_t *billed = take_n(r, int64_t, MONTHS), *collected = take_n(r, int64_t, MONTHS);
    const char **labels = take_n(r, const char *, MONTHS), **one = take_n(r, const char *, MONTHS),
        **two = take_n(r, const char *, MONTHS);
    for (int i = 0; i < MONTHS; i++) {
        const Sum *s = &f->months[FIRST_SHOWN + i];
        billed[i] = s->billed.minor, collected[i] = s->collected.minor;
        labels[i] = month_label(r, month_add(f->asked.month, i - MONTHS + 1));
        one[i] = locale_money(&r->c.mem, r->c.locale, s->billed);
        two[i] = locale_money(&r->c.mem, r->c.locale, s->collected);
    }
    show_chart(r, section(r, n, SAY(r, "money"), "chart", "two"),
               &(Chart){ .id = "money", .title = SAY(r, "money"), .desc = SAY(r, "money_how"), .n = MONTHS,
                         .labels = labels, .scale = r->c.locale->exponent, .series_n = 2,
                         .series = { { .name = SAY(r, "billed"), .values = billed, .texts = one },
                                     { .name = SAY(r, "collected"), .values = collected, .texts = two } } });
}

/* Use by month, beside that of the year before. */
static void show_use_chart(Req *r, size_t *n, const Figures *f, const char *unit) {
    int64_t *now = take_n(r, int64_t, MONTHS), *then = take_n(r, int64_t, MONTHS);
    const char **labels = take_n(r, const char *, MONTHS), **one = take_n(r, const char *, MONTHS),
        **two = take_n(r, const char *, MONTHS);
    int months_before = 0;
    for (int i = 0; i < MONTHS; i++) {
        int year_before = FIRST_SHOWN + i - 12;
        Quantity a = f->months[FIRST_SHOWN + i].used, b = f->months[year_before].used;
        now[i] = a.micro / 1000000, then[i] = b.micro / 1000000;
        months_before += b.micro != 0;
        labels[i] = month_label(r, month_add(f->asked.month, i - MONTHS + 1));
        one[i] = locale_quantity_to(&r->c.mem, r->c.locale, a, 0, unit);
        two[i] = locale_quantity_to(&r->c.mem, r->c.locale, b, 0, unit);
    }
    const char *title = text(r, "%s, %s", SAY(r, "use"), unit);
    show_chart(r, section(r, n, title, "chart", "two"),
               &(Chart){ .id = "use", .title = title, .desc = SAY(r, "use_how"), .n = MONTHS, .labels = labels,
                         .series_n = months_before > MONTHS / 2 ? 2 : 1,
                         .series = { { .name = SAY(r, "this_year"), .values = now, .texts = one },
                                     { .name = SAY(r, "last_year"), .values = then, .texts = two } } });
}

/* A list of bars: each a share of the largest. */
static void bar(Req *r, const char *at_, size_t i, const char *label, const char *value, int64_t n, int64_t most,
                const char *url) {
    const char *b = text(r, "%s.bars.%zu", at_, i);
    show_text(r, text(r, "%s.label", b), label);
    show_text(r, text(r, "%s.value", b), value);
    show_textf(r, text(r, "%s.pct", b), "%lld", (long long)(most > 0 ? n * 100 / most : 0));
    show_text(r, text(r, "%s.url", b), url);
}

#define KIND_ROW(F, T) F(T, const char *, code) F(T, int64_t, n)
ROW(KindRow, KIND_ROW)

/* "BX-H01" is billing.exception.bx_h01. */
static const char *kind_name(Req *r, const char *code) {
    char *key = text(r, "billing.exception.%s", code);
    for (char *p = key; *p; p++) *p = *p == '-' ? '_' : *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    return msg_exists(key) ? msg(r->c.language, key) : code;
}

static void show_exceptions(Req *r, size_t *n) {
    KindRows l = db_all(r, KindRow, "select code, count(*) as n from bill_exception where utility_id=? "
                                    "and state in ('open', 'assigned') group by code order by n desc, code limit 6",
                        r->c.utility);
    const char *at_ = section(r, n, SAY(r, "open_exceptions"), l.n ? "bars" : "empty", "third");
    if (!l.n) {
        show_text(r, text(r, "%s.empty.title", at_), SAY(r, "no_exceptions"));
        show_text(r, text(r, "%s.empty.icon", at_), "check");
        return;
    }
    show_text(r, text(r, "%s.link.text", at_), SAY(r, "see_all"));
    show_text(r, text(r, "%s.link.url", at_), link_path(r, "/bx/dashboard/exceptions"));
    for (size_t i = 0; i < l.n; i++) {
        bar(r, at_, i, kind_name(r, l.v[i].code),
            locale_count(&r->c.mem, r->c.locale, l.v[i].n), l.v[i].n, l.v[0].n,
            link_path(r, "/bx/dashboard/exceptions?code=%s", url_part(r, l.v[i].code)));
    }
}

#define POSTED(F, T) F(T, Money, late_fees) F(T, Money, adjustments) F(T, Money, credit_notes) \
    F(T, const char *, use_bands) F(T, const char *, largest)
ROW(Posted, POSTED)

/* What is unpaid of all published bills, by days after the due date. */
static void show_owed(Req *r, size_t *n) {
    Date today = utility_today(&r->c);
    OwedMoves l = owed_by_date(&r->c);
    struct { const char *label; int upto; Money m; } parts[] = { { SAY(r, "not_due"), 0, { 0 } },
        { SAY(r, "age_30"), 30, { 0 } }, { SAY(r, "age_60"), 60, { 0 } }, { SAY(r, "age_90"), 90, { 0 } },
        { SAY(r, "age_over"), INT32_MAX, { 0 } } };
    Money open = { 0 };
    for (size_t i = 0; i < l.n; i++) {
        size_t k = 0;
        while (date_days_between(l.v[i].due, today) > parts[k].upto) k++;
        parts[k].m = money_add(parts[k].m, l.v[i].amount);
        open = money_add(open, l.v[i].amount);
    }
    const char *at_ = section(r, n, SAY(r, "outstanding"), "bars", "third");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        bar(r, at_, i, parts[i].label, locale_money(&r->c.mem, r->c.locale, parts[i].m), parts[i].m.minor, open.minor,
            NULL);
    show_text(r, text(r, "%s.after.strong", at_), locale_money(&r->c.mem, r->c.locale, open));
    show_text(r, text(r, "%s.after.text", at_), SAY(r, "outstanding_all"));
}

static void show_summary(Req *r, size_t *n, const Figures *f, const Posted *p) {
    const Sum *now = &f->months[CHOSEN];
    const char *at_ = text(r, "%s.facts", section(r, n, SAY(r, "summary"), "facts", "third"));
    const struct { const char *label; Money m; } parts[] = { { SAY(r, "billed"), now->billed },
        { SAY(r, "collected"), now->collected }, { SAY(r, "late_fees"), p ? p->late_fees : (Money){ 0 } },
        { SAY(r, "adjustments"), p ? p->adjustments : (Money){ 0 } },
        { SAY(r, "credit_notes"), p ? p->credit_notes : (Money){ 0 } } };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        show_fact(r, at_, parts[i].label, locale_money(&r->c.mem, r->c.locale, parts[i].m), NULL);
    show_fact(r, at_, SAY(r, "collection_rate"), share_text(r, share(now->collected.minor, now->billed.minor)), NULL);
}

#define USED(F, T) F(T, const char *, name) F(T, Quantity, used) F(T, int64_t, bills)
ROW(UsedBy, USED)

static void show_categories(Req *r, size_t *n, Asked a, const char *unit) {
    UsedBys l = db_all(r, UsedBy,
        "select coalesce(k.name, '-') as name, sum(t.usage_qty_micro) as used, sum(t.bills) as bills "
        "from billing_daily_total t left join consumer_category k on k.id=t.category_id "
        "where t.utility_id=? and t.total_date between ? and ? and (? is null or t.cycle_id=?) "
        "group by k.name order by used desc limit 8",
                       r->c.utility, month_first(a.month), month_last(a.month), a.cycle, a.cycle);
    if (!l.n) return;
    const char *at_ = section(r, n, SAY(r, "use_by_category"), "bars", "third");
    for (size_t i = 0; i < l.n; i++)
        bar(r, at_, i, l.v[i].name, locale_quantity_to(&r->c.mem, r->c.locale, l.v[i].used, 0, unit),
            l.v[i].used.micro, l.v[0].used.micro, NULL);
}

#define STEP_ROW(F, T) F(T, const char *, run_no) F(T, const char *, mode) F(T, const char *, state) \
    F(T, const char *, cycle) F(T, const char *, label)
ROW(StepRow, STEP_ROW)

static void link_row(Req *r, const char *at_, size_t i, const char *title, const char *sub, const char *url) {
    show_text(r, text(r, "%s.links.%zu.text", at_, i), title);
    show_text(r, text(r, "%s.links.%zu.sub", at_, i), sub);
    show_text(r, text(r, "%s.links.%zu.url", at_, i), url);
}

/* Runs that wait for somebody, then what a month ends with. */
static void show_steps(Req *r, size_t *n) {
    const char *at_ = section(r, n, SAY(r, "next"), "links", "third");
    StepRows l = db_all(r, StepRow,
        "select x.run_no, x.mode, x.state, y.name as cycle, p.label from bill_run x "
        "join bill_cycle_period p on p.id=x.bill_cycle_period_id join bill_cycle y on y.id=p.cycle_id "
        "where x.utility_id=? and x.state in ('completed_with_errors', 'paused', 'checking', 'ready', 'review', "
        "'awaiting_approval', 'approved') order by x.id desc limit 3", r->c.utility);
    size_t i = 0;
    for (; i < l.n; i++)
        link_row(r, at_, i, text(r, "%s: %s", l.v[i].run_no, state_label(r, l.v[i].state)),
                 text(r, "%s, %s", l.v[i].cycle, l.v[i].label),
                 link_path(r, "/bx/%s/%s", !strcmp(l.v[i].mode, "v1") ? "generate" : "runs", l.v[i].run_no));
    if (perm_may(&r->c, "bx.run", CREATE))
        link_row(r, at_, i++, SAY(r, "generate"), SAY(r, "generate_how"), link_path(r, "/bx/generate"));
    if (perm_may(&r->c, "bx.run", VIEW))
        link_row(r, at_, i++, SAY(r, "runs"), SAY(r, "runs_how"), link_path(r, "/bx/runs"));
    if (perm_may(&r->c, "bx.gl", VIEW))
        link_row(r, at_, i++, SAY(r, "periods"), SAY(r, "periods_how"), link_path(r, "/bx/gl-codes/periods"));
}

/* Bills by use (the bands of daily_total.c), and the accounts that used most. */
static void show_shape(Req *r, size_t *n, const Posted *p, const char *unit) {
    static const char *const ends[] = { "0", "1 - 5", "6 - 10", "11 - 20", "21 - 50", "51 - 100", "101 - 500",
                                        "> 500" };
    enum { BANDS = sizeof ends / sizeof *ends };
    Json list = json_read(&r->c.mem, p->use_bands, strlen(p->use_bands), 1000, NULL);
    int64_t v[BANDS] = { 0 }, most = 0;
    for (size_t i = 0; i < BANDS; i++) {
        json_int(json_item(list, i), "", &v[i]);
        if (v[i] > most) most = v[i];
    }
    const char *at_ = section(r, n, SAY(r, "bills_by_use"), "bars", "half");
    for (size_t i = 0; i < BANDS; i++)
        bar(r, at_, i, text(r, "%s %s", ends[i], unit), locale_count(&r->c.mem, r->c.locale, v[i]), v[i], most, NULL);
    TableView *t = table_start(r, text(r, "%s.table", section(r, n, SAY(r, "largest"), "table", "half")),
                               SAY(r, "largest"));
    table_column(t, SAY(r, "account"), "code", "id");
    table_column(t, SAY(r, "consumer"), "text", "name");
    table_column(t, SAY(r, "use"), "num", "amount");
    Json largest = json_read(&r->c.mem, p->largest, strlen(p->largest), 1 << 16, NULL);
    for (size_t i = 0; i < json_size(largest); i++) {
        Json one = json_item(largest, i);
        int64_t qty = 0;
        json_int(one, "qty", &qty);
        table_row(t, link_path(r, "/bx/bills/%s", url_part(r, json_text(one, "bill"))));
        table_cell(t, json_text(one, "account"));
        table_cell(t, json_text(one, "name"));
        table_cell(t, locale_quantity_to(&r->c.mem, r->c.locale, (Quantity){ qty }, 0, json_text(one, "unit")));
    }
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

#define CODE_ROW(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(Code, CODE_ROW)

/* Month and cycle to choose, and what one does next. */
static void show_actions(Req *r, const Figures *f) {
    size_t n = 0;
    const Asked *a = &f->asked;
    show_text(r, at(r, "page.actions", n, "text"), locale_month(&r->c.mem, r->c.locale, a->month));
    show_text(r, at(r, "page.actions", n, "icon"), "calendar");
    Month newest = month_of(utility_today(&r->c));
    if (newest.no < a->month.no) newest = a->month;
    for (int i = 0; i < MONTHS_BACK; i++) {
        Month m = month_add(newest, -i);
        show_text(r, text(r, "page.actions.%zu.menu.%d.text", n, i), locale_month(&r->c.mem, r->c.locale, m));
        show_text(r, text(r, "page.actions.%zu.menu.%d.url", n, i), overview_link(r, m, a->cycle_code));
    }
    n++;
    Codes cycles = db_all(r, Code, "select code, name from bill_cycle where utility_id=? and state='active' "
                                   "order by name limit 60", r->c.utility);
    if (cycles.n > 1) {
        const char *shown = SAY(r, "all_cycles");
        show_text(r, text(r, "page.actions.%zu.menu.0.text", n), shown);
        show_text(r, text(r, "page.actions.%zu.menu.0.url", n), overview_link(r, a->month, NULL));
        for (size_t i = 0; i < cycles.n; i++) {
            show_text(r, text(r, "page.actions.%zu.menu.%zu.text", n, i + 1), cycles.v[i].name);
            show_text(r, text(r, "page.actions.%zu.menu.%zu.url", n, i + 1),
                      overview_link(r, a->month, cycles.v[i].code));
            if (a->cycle_code && !strcmp(a->cycle_code, cycles.v[i].code)) shown = cycles.v[i].name;
        }
        show_text(r, at(r, "page.actions", n++, "text"), shown);
    }
    show_text(r, at(r, "page.actions", n, "text"), SAY(r, "refresh"));
    show_text(r, at(r, "page.actions", n, "icon"), "refresh");
    show_text(r, at(r, "page.actions", n, "post"), "1");
    show_text(r, at(r, "page.actions", n++, "url"),
              link_path(r, "/bx/dashboard/totals?month=%s", month_text(&r->c.mem, a->month)));
    if (perm_may(&r->c, "bx.run", CREATE)) {
        show_text(r, at(r, "page.actions", n, "text"), SAY(r, "start_run"));
        show_text(r, at(r, "page.actions", n, "url"), link_path(r, "/bx/runs/new"));
        show_text(r, at(r, "page.actions", n, "icon"), "play");
        show_text(r, at(r, "page.actions", n, "kind"), "primary");
    }
}

static void show_tabs(Req *r, int current) {
    const struct { const char *text, *path; } tabs[] = { { SAY(r, "title"), "" }, { SAY(r, "cycles"), "/cycles" },
        { SAY(r, "exceptions"), "/exceptions" }, { word(r, "billing.simulation.list"), "/simulations" } };
    for (int i = 0; i < 4; i++) {
        show_text(r, at(r, "page.tabs", (size_t)i, "text"), tabs[i].text);
        show_text(r, at(r, "page.tabs", (size_t)i, "url"), link_path(r, "/bx/dashboard%s", tabs[i].path));
        if (i == current) show_text(r, at(r, "page.tabs", (size_t)i, "current"), "1");
    }
}

void overview_head(Req *r, int tab) {
    show_text(r, "page.title", SAY(r, "heading"));
    show_tabs(r, tab);
}

/* What the nightly comparison with the ledger found. */
static void show_difference(Req *r) {
    const char *found = db_text(r, "select subject from alert where dedup_key=? and resolved_at is null",
                                text(r, TOTAL_ALERT, (long long)r->c.utility.id));
    if (!found) return;
    show_text(r, "show.notices.0.tone", "bad");
    show_text(r, "show.notices.0.text", found);
}

void overview_page(Req *r) {
    const Figures *f = figures(r, asked(r));
    const Sum *now = &f->months[CHOSEN];
    const char *label = month_text(&r->c.mem, f->asked.month);
    show_text(r, "page.title", SAY(r, "heading"));
    show_text(r, "page.sub", now->bills || now->used.micro
              ? time_is_set(now->made) ? msg_format(r, r->c.language, "billing.overview.as_of",
                    { "time", locale_time_words(&r->c.mem, r->c.locale, now->made) }) : SAY(r, "not_made")
              : SAY(r, "no_bills"));
    show_actions(r, f);
    show_tabs(r, 0);
    show_difference(r);
    show_cards(r, f);
    size_t n = 0;
    const char *unit = db_text(r, "select unit from utility_service where utility_id=? and metered=1 "
                                  "order by id limit 1", r->c.utility);
    if (!unit) unit = "";
    const Posted *p = db_find(r, Posted, "select late_fees_minor as late_fees, adjustments_minor as adjustments, "
                                         "credit_notes_minor as credit_notes, use_bands, largest "
                                         "from billing_month_figure where utility_id=? and month=?",
                              r->c.utility, label);
    show_money_chart(r, &n, f);
    show_exceptions(r, &n);
    show_use_chart(r, &n, f, unit);
    show_categories(r, &n, f->asked, unit);
    show_summary(r, &n, f, p);
    show_owed(r, &n);
    show_steps(r, &n);
    if (p && !f->asked.cycle.id) show_shape(r, &n, p, unit);
    page(r, "layout/show");
}

void overview_refresh(Req *r) {
    Asked a = asked(r);
    daily_total_make(&r->c, a.month);
    note(r, "%s", SAY(r, "refreshed"));
    go(r, "/bx/dashboard?month=%s", month_text(&r->c.mem, a.month));
}

/* --- tab cycles --------------------------------------------------------------------------------------------------- */

#define CYCLE_ROW(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, label) \
    F(T, const char *, state) F(T, Date, bill_date) F(T, Date, due_date) F(T, int64_t, accounts) \
    F(T, int64_t, billed) F(T, Money, amount) F(T, const char *, run_no) F(T, const char *, mode) \
    F(T, const char *, run_state) F(T, int, stage)
ROW(CycleRow, CYCLE_ROW)

/* The periods under way, those to come within 60 days, and the last billed one of each cycle. */
void overview_cycles(Req *r) {
    Date today = utility_today(&r->c);
    show_text(r, "page.title", SAY(r, "heading"));
    show_tabs(r, 1);
    show_difference(r);
    size_t n = 0;
    TableView *t = table_start(r, text(r, "%s.table", section(r, &n, SAY(r, "cycles"), "table", NULL)),
                               SAY(r, "cycles"));
    table_column(t, SAY(r, "cycle"), "text", "id");
    table_column(t, SAY(r, "period"), "text", "name");
    table_column(t, SAY(r, "accounts"), "num", NULL);
    table_column(t, SAY(r, "billed_share"), "num", NULL);
    table_column(t, SAY(r, "bill_date"), "date", NULL);
    table_column(t, SAY(r, "run"), "code", NULL);
    table_column(t, SAY(r, "amount"), "money", "amount");
    table_column(t, SAY(r, "state"), "status", "status");
    CycleRows l = db_all(r, CycleRow,
        "select y.code, y.name, p.label, p.state, p.bill_date, p.due_date, coalesce(x.account_count - x.skipped_count, "
        "0) as accounts, coalesce(x.billed_count, 0) as billed, coalesce(x.amount_minor, 0) as amount, x.run_no, "
        "x.mode, x.state as run_state, coalesce(x.stage, 0) as stage from bill_cycle y "
        "join bill_cycle_period p on p.cycle_id=y.id left join bill_run x on x.id=(select max(z.id) from bill_run z "
        "where z.bill_cycle_period_id=p.id and z.simulate_only=0 and z.state not in ('cancelled', 'rolled_back')) "
        "where y.utility_id=? and y.state='active' and (p.state in ('open', 'running') "
        "or p.state='planned' and p.bill_date<=date_add(?, interval 60 day) or p.id=(select max(q.id) "
        "from bill_cycle_period q where q.cycle_id=y.id and q.state in ('billed', 'closed'))) "
        "order by p.bill_date, y.name limit 200", r->c.utility, today);
    for (size_t i = 0; i < l.n; i++) {
        const CycleRow *k = &l.v[i];
        bool is_billed = !strcmp(k->state, "billed") || !strcmp(k->state, "closed");
        int days = date_days_between(today, k->bill_date);
        table_row(t, NULL);
        table_cell(t, k->name);
        table_sub(t, k->code);
        table_cell(t, k->label);
        table_cell(t, k->run_no ? locale_count(&r->c.mem, r->c.locale, k->accounts) : "-");
        table_cell(t, k->run_no ? share_text(r, share(k->billed, k->accounts)) : "-");
        table_date(t, k->bill_date);
        if (!is_billed)
            table_sub(t, days < 0 ? msg_plural(r, r->c.language, "billing.overview.late", -days, NULL)
                      : msg_plural(r, r->c.language, "billing.overview.in_days", days, NULL));
        table_cell(t, k->run_no);
        if (k->run_no) {
            table_link(t, link_path(r, "/bx/%s/%s", !strcmp(k->mode, "v1") ? "generate" : "runs", k->run_no));
            table_sub(t, state_label(r, k->run_state));
        }
        table_money(t, k->amount);
        table_state(t, !is_billed && days < 0 ? "delayed" : k->state);
    }
    table_empty(t, SAY(r, "no_cycles"), NULL);
    page(r, "layout/show");
}

/* --- tab exceptions ----------------------------------------------------------------------------------------------- */

static const Choice severities[] = { { "error", NULL }, { "hold", NULL }, { "warning", NULL }, { 0 } };

static const ListSpec open_exceptions = {
    .name = "open_exceptions", .path = "/bx/dashboard/exceptions",
    .feature = "bx.dashboard", .id = "e.id",
    .from = "bill_exception e join account a on a.id = e.account_id join consumer n on n.id = a.consumer_id "
            "left join premise m on m.id = a.premise_id left join bill_run x on x.id = e.run_id "
            "left join user u on u.id = e.assignee_id",
    .where = "e.utility_id = ? and e.state in ('open', 'assigned')", .area = "m.sub_area_id",
    .columns = COLUMNS {
        { "account_no",    NULL, "a.account_no",   LIST | SEARCH_START, .link = "/cis/accounts/{account_no}",
          .place = "id" },
        { "consumer_name", NULL, "n.display_name", LIST, .place = "name" },
        { "code",          NULL, "e.code",         LIST | SORT | SEARCH_START | FILTER,
          .options = "select distinct code as value, code as label from bill_exception where utility_id = ? "
                     "order by code" },
        { "message",       NULL, "e.message",      LIST },
        { "amount_minor",  NULL, "e.amount_minor", LIST, .place = "amount" },
        { "run_no",        NULL, "x.run_no",       LIST },
        { "opened_at",     NULL, "e.opened_at",    LIST | SORT },
        { "assignee",      NULL, "u.full_name",    LIST },
        { "severity",      NULL, "e.severity",     LIST | FILTER, .choices = severities },
        { "state",         NULL, "e.state",        LIST, .place = "status" },
        { 0 } },
    .order = "-opened_at" };

void overview_exceptions(Req *r) {
    show_text(r, "page.title", SAY(r, "heading"));
    show_tabs(r, 2);
    list_show(r, &open_exceptions, r->c.utility);
    if (!r->status) page(r, "layout/list");
}
