/*
 * Sections and charts of the utility's dashboard (ONB02US01): ageing, integrations, bill cycles; billed and collected,
 * use and requests of the last twelve months.
 */
#include <string.h>

#include "app/setup/dashboard.h"
#include "app/setup/totals.h"
#include "lib/chart.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

const char *dashboard_section(Req *r, size_t *n, const char *title, const char *span) {
    const char *at_ = at(r, "more.sections", (*n)++, NULL);
    show_text(r, text(r, "%s.title", at_), title);
    show_text(r, text(r, "%s.span", at_), span);
    return at_;
}

void dashboard_ageing_show(Req *r, size_t *n, DashboardFigures *f) {
    const char *at_ = dashboard_section(r, n, SAY(r, "ageing"), "third");
    if (!f->now || !time_is_set(f->now->as_of)) {
        show_text(r, text(r, "%s.error", at_), SAY(r, "missing"));
        return;
    }
    const struct { const char *days; Money m; int64_t bills; int from, to; } parts[] = {
        { "0-30",  f->now->age0,  f->now->bills0,  1,  30 }, { "31-60", f->now->age30, f->now->bills30, 31, 60 },
        { "61-90", f->now->age60, f->now->bills60, 61, 90 }, { "90+",   f->now->age90, f->now->bills90, 91, 0 } };
    Arena *mem = &r->c.mem;
    int64_t most = 0;
    for (size_t i = 0; i < 4; i++)
        if (parts[i].m.minor > most) most = parts[i].m.minor;
    for (size_t i = 0; most && i < 4; i++) {
        char *bar = text(r, "%s.bars.%zu", at_, i);
        show_text(
            r, text(r, "%s.label", bar), msg_format(r, r->c.language, "dashboard.days", { "days", parts[i].days }));
        show_text(r, text(r, "%s.value", bar), msg_plural(r, r->c.language, "dashboard.unpaid", parts[i].bills,
                  locale_count(mem, r->c.locale, parts[i].bills),
                  { "amount", locale_money(mem, r->c.locale, parts[i].m) }));
        show_text(r, text(r, "%s.url", bar), link_open(r, "/bx/bills?status=published&is_open=1&due_date_to=%s%s%s",
                  date_iso(mem, date_add_days(f->a.today, -parts[i].from)),
                  parts[i].to ? text(r, "&due_date_from=%s", date_iso(mem, date_add_days(f->a.today, -parts[i].to)))
                              : "", dashboard_area_part(r, &f->a, "&")));
        show_int(r, text(r, "%s.pct", bar), (int64_t)((__int128)parts[i].m.minor * 100 / most));
    }
    if (!most) show_text(r, text(r, "%s.text", at_), SAY(r, "nothing_due"));
}

/* Green from 95 % good, amber from 80 %, red below; without traffic there is nothing to say. */
static void light(Req *r, const char *at_, size_t i, const char *name, int64_t n, int64_t good, const char *url) {
    int64_t pct = n ? good * 100 / n : 100;
    const char *tone = !n ? "off" : pct >= 95 ? "ok" : pct >= 80 ? "warn" : "bad";
    const char *one = text(r, "%s.links.%zu", at_, i);
    show_text(r, text(r, "%s.text", one), name);
    show_text(r, text(r, "%s.sub", one), n ? msg_format(r, r->c.language, "dashboard.light_n",
        { "n", locale_count(&r->c.mem, r->c.locale, n) }, { "good", locale_count(&r->c.mem, r->c.locale, good) })
        : NULL);
    show_text(r, text(r, "%s.tone", one), tone);
    show_text(r, text(r, "%s.word", one), msg(r->c.language, text(r, "dashboard.light_%s", tone)));
    show_text(r, text(r, "%s.url", one), link_open(r, "%s", url));
}

#define HOOKS(F, T) F(T, int64_t, n) F(T, int64_t, good)
ROW(Hooks, HOOKS)
#define SETTLED(F, T) F(T, Date, deposited_on) F(T, Money, net) F(T, const char *, state) \
    F(T, const char *, public_id)
ROW(Settled, SETTLED)

/* What stands behind a sentence: how many, or which, as a link to it. */
static void link_row(Req *r, const char *at_, size_t i, const char *name, const char *value, const char *url) {
    const char *one = text(r, "%s.links.%zu", at_, i);
    show_text(r, text(r, "%s.text", one), name);
    show_text(r, text(r, "%s.right", one), value);
    show_text(r, text(r, "%s.url", one), url);
}

/* Webhooks and messages of the last hour; what waits to be handled is neither good nor bad yet. */
void dashboard_integrations_show(Req *r, size_t *n, DashboardFigures *f) {
    (void)f;
    Ctx *c = &r->c;
    const char *at_ = dashboard_section(r, n, SAY(r, "integrations"), "third");
    const Hooks *h = db_one(r, Hooks, "select count(*) as n, coalesce(sum(state in ('processed', 'ignored')), 0) "
        "as good from (select state, received_at from webhook_event where utility_id=? and source='gateway' "
        "order by id desc limit 5000) e where received_at >= ? - interval 1 hour "
        "and state not in ('received', 'processing')", c->utility, c->now);
    int64_t waiting = db_int(r, "select count(*) from webhook_event where utility_id=? and state='received'",
                             c->utility);
    light(r, at_, 0, SAY(r, "gateway"), h->n, h->good, "/integrations/events");
    Totals now = totals_now(c);
    static const struct { const char *n, *good, *name; } lights[] = {
        { "now.sms_n", "now.sms_good", "dashboard.sms" }, { "now.email_n", "now.email_good", "dashboard.email" } };
    for (size_t i = 0; i < 2; i++) {
        const Total *all = total_find(&now, c->utility, lights[i].n),
                    *good = total_find(&now, c->utility, lights[i].good);
        light(r, at_, i + 1, msg(c->language, lights[i].name), all ? all->value : 0, good ? good->value : 0,
              "/integrations/messaging");
    }
    Settled *s = db_find(r, Settled, "select deposited_on, net_minor as net, state, public_id from settlement "
                                     "where utility_id=? order by id desc limit 1", c->utility);
    show_text(r, text(r, "%s.after.strong", at_), msg_format(r, c->language, "dashboard.hooks",
        { "n", locale_count(&c->mem, c->locale, h->n) }, { "good", locale_count(&c->mem, c->locale, h->good) },
        { "waiting", locale_count(&c->mem, c->locale, waiting) }));
    link_row(r, at_, 3, SAY(r, "backlog"), locale_count(&c->mem, c->locale, waiting),
             link_open(r, "/integrations/events?state=received"));
    if (s) link_row(r, at_, 4, msg_format(r, c->language, "dashboard.settled",
        { "date", locale_date(&c->mem, c->locale, s->deposited_on) }, { "state", state_label(r, s->state) }),
                    locale_money(&c->mem, c->locale, s->net), link_open(r, "/integrations/settlements/%s",
                                                                        s->public_id));
    else show_text(r, text(r, "%s.after.text", at_), SAY(r, "no_settlement"));
}

/* Cycles under way and the next one. */
#define RUNNING(F, T) F(T, const char *, cycle) F(T, const char *, label) F(T, Date, bill_date) \
    F(T, int64_t, accounts) F(T, int64_t, read) F(T, int64_t, billed) F(T, const char *, run_no) \
    F(T, const char *, mode) F(T, int64_t, delivered) F(T, int64_t, paid)
ROW(Running, RUNNING)

void dashboard_cycles_show(Req *r, size_t *n, DashboardFigures *f) {
    const DashboardAsked *a = &f->a;
    Ctx *c = &r->c;
    if (!perm_may(c, "bx.dashboard", VIEW)) return;
    const char *at_ = dashboard_section(r, n, SAY(r, "cycles"), "third");
    Runnings l = db_all(r, Running, "select y.name as cycle, p.label, p.bill_date, coalesce(x.account_count, 0) "
        "as accounts, coalesce(x.billed_count + x.held_count, 0) as `read`, coalesce(x.billed_count, 0) as billed, "
        "x.run_no, x.mode, coalesce(d.value, 0) as delivered, coalesce(q.value, 0) as paid from bill_cycle y "
        "join bill_cycle_period p on p.cycle_id=y.id left join bill_run x "
        "on x.id=(select max(z.id) from bill_run z where z.bill_cycle_period_id=p.id and z.simulate_only=0 "
        "and z.state not in ('cancelled', 'rolled_back')) left join dashboard_counter d on d.utility_key=y.utility_id "
        "and d.`key`=concat('cycle.delivered:', p.id) and d.period=? left join dashboard_counter q "
        "on q.utility_key=y.utility_id and q.`key`=concat('cycle.paid:', p.id) and q.period=? "
        "where y.utility_id=? and y.state='active' and (p.state in ('open', 'running', 'planned') "
        "or (p.state='billed' and x.id is not null)) and p.bill_date>=? order by p.bill_date limit 5", TOTAL_NOW,
                        TOTAL_NOW, c->utility, date_add_days(a->today, -31));
    for (size_t i = 0; i < l.n; i++) {
        const Running *k = &l.v[i];
        const char *one = text(r, "%s.links.%zu", at_, i);
        show_text(r, text(r, "%s.text", one), text(r, "%s, %s", k->cycle, k->label));
        show_text(r, text(r, "%s.sub", one), k->run_no && k->accounts
                  ? msg_format(r, c->language, "dashboard.cycle_run",
            { "read", locale_count(&c->mem, c->locale, k->read) },
            { "billed", locale_count(&c->mem, c->locale, k->billed) },
            { "delivered", locale_count(&c->mem, c->locale, k->delivered) },
            { "paid", locale_count(&c->mem, c->locale, k->paid) },
            { "accounts", locale_count(&c->mem, c->locale, k->accounts) }) : SAY(r, "cycle_next"));
        show_text(r, text(r, "%s.right", one), locale_date(&c->mem, c->locale, k->bill_date));
        show_text(r, text(r, "%s.url", one),
            k->run_no ? link_path(r, "/bx/%s/%s", !strcmp(k->mode, "v1") ? "generate" : "runs", k->run_no)
                      : link_path(r, "/bx/dashboard/cycles"));
    }
    if (!l.n) show_text(r, text(r, "%s.text", at_), SAY(r, "no_cycles"));
}

/* --- charts ------------------------------------------------------------------------------------------------------- */

static void show_chart(Req *r, const char *at_, Chart chart, char *(*draw)(Arena *, const Chart *)) {
    show_text(r, text(r, "%s.chart.title", at_), chart.title);
    show_text(r, text(r, "%s.chart.id", at_), chart.id);
    show_text(r, text(r, "%s.chart.svg", at_), draw(&r->c.mem, &chart));
    for (size_t i = 0; chart.series_n > 1 && i < chart.series_n; i++) {
        show_text(r, text(r, "%s.chart.legend.%zu.text", at_, i), chart.series[i].name);
        show_textf(r, text(r, "%s.chart.legend.%zu.series", at_, i), "%zu", i + 1);
    }
    TableView *t = table_start(r, text(r, "%s.chart.table", at_), chart.title);
    table_column(t, SAY(r, "what"), "text", "id");
    for (size_t i = 0; i < chart.series_n; i++) table_column(t, chart.series[i].name, "num", i ? NULL : "amount");
    for (size_t k = 0; k < chart.n; k++) {
        table_row(t, NULL);
        table_cell(t, chart.labels[k]);
        for (size_t i = 0; i < chart.series_n; i++) table_cell(t, chart.series[i].texts[k]);
    }
    if (draw == chart_doughnut) return;
    chart.narrow = true;
    show_text(r, text(r, "%s.chart.svg_narrow", at_), draw(&r->c.mem, &chart));
}

const SumRows *dashboard_month_sums(Req *r, DashboardFigures *f) {
    const DashboardAsked *a = &f->a;
    if (f->sums) return f->sums;
    SumRows *l = take(r, sizeof *l);
    *l = db_all(r, SumRow, "select d.`key`, d.period, d.service_code, sum(d.value) as value "
        "from dashboard_counter d left join service_area s on s.id = d.area_id where d.utility_key = ? "
        "and d.`key` in ('month.billed', 'month.used', if(? is null, 'month.collected', 'month.collected_by')) "
        "and d.period >= ? and (? is null or s.path regexp ?) and (? is null or d.service_code = ?) "
        "group by d.`key`, d.period, d.service_code", r->c.utility.id, a->service,
                  month_first(month_add(month_of(a->today), 1 - DASHBOARD_MONTHS)), a->areas, a->areas, a->service,
                      a->service);
    return f->sums = l;
}

typedef struct Series { int64_t v[DASHBOARD_MONTHS]; const char *texts[DASHBOARD_MONTHS]; } Series;

static int place_of(const DashboardAsked *a, Date period) {
    return DASHBOARD_MONTHS - 1 - (month_of(a->today).no - month_of(period).no);
}

static const char **month_labels(Req *r, const DashboardAsked *a) {
    const char **labels = take_n(r, const char *, DASHBOARD_MONTHS);
    for (int i = 0; i < DASHBOARD_MONTHS; i++)
        labels[i] = text_copy_n(r, month_name(r->c.locale, date_ymd(month_first(month_add(month_of(a->today),
            i - DASHBOARD_MONTHS + 1))).month), 3);
    return labels;
}

void dashboard_money_show(Req *r, size_t *n, DashboardFigures *f) {
    const DashboardAsked *a = &f->a;
    const SumRows *l = dashboard_month_sums(r, f);
    Series *billed = take(r, sizeof *billed), *in = take(r, sizeof *in);
    *billed = *in = (Series){ 0 };
    for (size_t i = 0; i < l->n; i++) {
        int k = place_of(a, l->v[i].period);
        if (k < 0 || k >= DASHBOARD_MONTHS) continue;
        if (!strcmp(l->v[i].key, "month.billed")) billed->v[k] += l->v[i].value;
        if (!strncmp(l->v[i].key, "month.collected", 15)) in->v[k] += l->v[i].value;
    }
    uint8_t *marks = take_n(r, uint8_t, DASHBOARD_MONTHS);
    memset(marks, 0, DASHBOARD_MONTHS);
    marks[DASHBOARD_MONTHS - 1] = CHART_UNFINISHED;
    for (int i = 0; i < DASHBOARD_MONTHS; i++) {
        billed->texts[i] = locale_money(&r->c.mem, r->c.locale, (Money){ billed->v[i] });
        in->texts[i] = locale_money(&r->c.mem, r->c.locale, (Money){ in->v[i] });
    }
    show_chart(r, dashboard_section(r, n, SAY(r, "money_chart"), "two"),
               (Chart){ .id = "money", .title = SAY(r, "money_chart"),
                        .desc = a->service ? SAY(r, "money_desc_service") : SAY(r, "money_desc"),
                        .n = DASHBOARD_MONTHS,
                        .labels = month_labels(r, a), .scale = r->c.locale->exponent, .series_n = 2,
                        .so_far = SAY(r, "so_far"),
                        .series = { { .name = SAY(r, "billed"), .values = billed->v, .texts = billed->texts,
                                      .marks = marks },
                                    { .name = SAY(r, "collected"), .values = in->v, .texts = in->texts,
                                      .marks = marks } } }, chart_bars);
}

#define SERVICE_ROW(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, unit)
ROW(ServiceRow, SERVICE_ROW)

/* Up to three services, those with a meter first. */
void dashboard_use_show(Req *r, size_t *n, DashboardFigures *f) {
    const DashboardAsked *a = &f->a;
    const SumRows *l = dashboard_month_sums(r, f);
    ServiceRows services = db_all(r, ServiceRow, "select code, name, coalesce(unit, '') as unit from utility_service "
        "where utility_id=? and active=1 and metered=1 and (? is null or code=?) order by sort, code limit 3",
                                  r->c.utility, a->service, a->service);
    if (!services.n) return;
    Chart chart = { .id = "use", .title = SAY(r, "use_chart"), .desc = SAY(r, "use_desc"), .n = DASHBOARD_MONTHS,
                    .labels = month_labels(r, a), .series_n = services.n };
    for (size_t s = 0; s < services.n; s++) {
        Series *one = take(r, sizeof *one);
        *one = (Series){ 0 };
        for (size_t i = 0; i < l->n; i++) {
            int k = place_of(a, l->v[i].period);
            bool own = !strcmp(l->v[i].service_code, services.v[s].code) || (!s && !*l->v[i].service_code);
            if (k >= 0 && k < DASHBOARD_MONTHS && own && !strcmp(l->v[i].key, "month.used"))
                one->v[k] += l->v[i].value / 1000000;
        }
        for (int i = 0; i < DASHBOARD_MONTHS; i++)
            one->texts[i] = text(r, "%s %s", locale_count(&r->c.mem, r->c.locale, one->v[i]), services.v[s].unit);
        chart.series[s] = (ChartSeries){ .name = text(r, "%s, %s", services.v[s].name, services.v[s].unit),
                                         .values = one->v, .texts = one->texts };
    }
    show_chart(r, dashboard_section(r, n, SAY(r, "use_chart"), "two"), chart, chart_bars);
}

#define BY_STATE(F, T) F(T, const char *, state) F(T, int64_t, n)
ROW(ByState, BY_STATE)

/* At most four parts: the largest three and the others. */
void dashboard_requests_show(Req *r, size_t *n, DashboardFigures *f) {
    const DashboardAsked *a = &f->a;
    Ctx *c = &r->c;
    if (!perm_may(c, "cis.service_requests", VIEW)) return;
    ByStates l = db_all(r, ByState, "select q.status as state, count(*) as n from service_request q "
        "left join account a on a.id = q.account_id left join premise m on m.id = a.premise_id "
        "left join service_area s on s.id = m.sub_area_id where q.utility_id = ? and q.created_at >= ? "
        "and (? is null or s.path regexp ?) group by q.status order by n desc", c->utility,
                        date_start(c->locale->zone, date_add_days(a->today, -365)), a->areas, a->areas);
    const char *at_ = dashboard_section(r, n, SAY(r, "requests_chart"), "third");
    if (!l.n) {
        show_text(r, text(r, "%s.text", at_), SAY(r, "no_requests"));
        return;
    }
    size_t parts = l.n > CHART_PARTS ? CHART_PARTS : l.n;
    int64_t *v = take_n(r, int64_t, parts), all = 0;
    const char **labels = take_n(r, const char *, parts), **texts = take_n(r, const char *, parts);
    for (size_t i = 0; i < parts; i++) v[i] = 0, labels[i] = state_label(r, l.v[i].state);
    if (l.n > CHART_PARTS) labels[parts - 1] = SAY(r, "others");
    for (size_t i = 0; i < l.n; i++) v[i < parts ? i : parts - 1] += l.v[i].n, all += l.v[i].n;
    for (size_t i = 0; i < parts; i++) texts[i] = locale_count(&c->mem, c->locale, v[i]);
    show_chart(r, at_, (Chart){ .id = "requests", .title = SAY(r, "requests_chart"), .desc = SAY(r, "requests_desc"),
                                .n = parts, .labels = labels, .series_n = 1,
                                .middle = locale_count(&c->mem, c->locale, all),
                                .series = { { .name = SAY(r, "requests"), .values = v, .texts = texts } } },
               chart_doughnut);
}
