/*
 * The utility administrator's dashboard (ONB02US01): how far the configuration is, and the figures of the modules that
 * are on, of a period, a service and an area with all below it. Money, ageing and use are prepared (figures.c), open
 * work is counted from its own lists, so that a figure and the list behind it are the same. What cannot be read shows
 * as missing.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/setup/area.h"
#include "app/setup/pages.h"
#include "app/setup/step.h"
#include "app/setup/totals.h"
#include "lib/chart.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "dashboard." key)
enum { MONTHS = 12, ALERTS_SHOWN = 6 };

/* --- what is asked for -------------------------------------------------------------------------------------------- */

typedef struct Asked {
    const char    *period;              /* today, week, month, custom */
    Date           from, to, today;
    const char    *service;             /* NULL: all */
    const AreaRow *area;                /* NULL: all */
    const char    *areas;               /* regular expression of the paths that count */
    const char    *query;               /* the same in an address */
} Asked;

static const char *const periods[] = { "today", "week", "month", "custom", NULL };

static Date date_asked(Req *r, const char *name) {
    const char *s = query_text(r, name);
    Date d;
    return s && read_date(r->c.locale, s, &d) == DATE_OK ? d : DATE_NONE;
}

static void custom_range(Req *r, Asked *a) {
    Date from = date_asked(r, "from"), to = date_asked(r, "to");
    if (!date_is_set(from) || !date_is_set(to) || to.day < from.day) {
        fail_field(r, INVALID, "from", "%s", SAY(r, "range"));
    }
    if (to.day > date_add_days(date_add_months(from, MONTHS), -1).day)
        fail_field(r, INVALID, "from", "%s", SAY(r, "range_long"));
    a->from = from, a->to = to;
}

/* The areas the person may see, narrowed to the one asked for. */
static const char *areas_of(Req *r, const AreaRow *area) {
    if (area) return text(r, "^%s(/|$)", area->path);
    AreaScope s = scope_area(&r->c);
    if (!s.n) return NULL;
    Text t = text_start(r);
    text_add(&t, "^(");
    for (size_t i = 0; i < s.n; i++) text_addf(&t, "%s%s", i ? "|" : "", s.path[i]);
    text_add(&t, ")(/|$)");
    return t.s;
}

static Asked asked(Req *r) {
    const char *period = query_text(r, "period"), *code = query_text(r, "area");
    Asked a = { .period = "month", .today = utility_today(&r->c), .service = query_text(r, "service") };
    for (int i = 0; period && periods[i]; i++)
        if (!strcmp(periods[i], period)) a.period = periods[i];
    a.to = a.today;
    a.from = !strcmp(a.period, "today") ? a.today : !strcmp(a.period, "week") ? date_add_days(a.today, -6)
        : date_month_start(a.today);
    if (!strcmp(a.period, "custom")) custom_range(r, &a);
    a.area = code ? area_row(&r->c, code) : NULL;
    if (code && (!a.area || !scope_has_area(&r->c, a.area->id))) fail(r, NOT_FOUND, "There is no such area.");
    a.areas = areas_of(r, a.area);
    Text t = text_start(r);
    text_addf(&t, "period=%s", a.period);
    if (!strcmp(a.period, "custom"))
        text_addf(&t, "&from=%s&to=%s", date_iso(&r->c.mem, a.from), date_iso(&r->c.mem, a.to));
    if (a.service) text_addf(&t, "&service=%s", url_part(r, a.service));
    if (a.area) text_addf(&t, "&area=%s", url_part(r, a.area->code));
    a.query = t.s;
    return a;
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

#define MONEY_NOW(F, T) F(T, Money, outstanding) F(T, Money, age0) F(T, Money, age30) F(T, Money, age60) \
    F(T, Money, age90) F(T, Time, as_of)
ROW(MoneyNow, MONEY_NOW)
#define MONEY_PAST(F, T) F(T, Money, billed) F(T, Money, billed_30)
ROW(MoneyPast, MONEY_PAST)
#define MONEY_IN(F, T) F(T, Money, collected) F(T, Money, applied_30)
ROW(MoneyIn, MONEY_IN)

typedef struct Figures {
    Asked      a;
    MoneyNow  *now;
    MoneyPast *past;
    MoneyIn   *in;
} Figures;

/* Each in an attempt of its own: what fails is shown as missing and takes nothing along. */
static void read_now(Ctx *c, void *arg) {
    Figures *f = arg;
    f->now = db_one(c, MoneyNow,
                    "select coalesce(sum(if(d.`key` = 'area.outstanding', d.value, 0)), 0) as outstanding, "
                                 "coalesce(sum(if(d.`key` = 'area.age0', d.value, 0)), 0) as age0, "
                                 "coalesce(sum(if(d.`key` = 'area.age30', d.value, 0)), 0) as age30, "
                                 "coalesce(sum(if(d.`key` = 'area.age60', d.value, 0)), 0) as age60, "
                                 "coalesce(sum(if(d.`key` = 'area.age90', d.value, 0)), 0) as age90, "
        "(select updated_at from dashboard_counter n where n.utility_key = ? and n.`key` = 'now.figures' "
        "and n.period = ? and n.area_id = 0) as as_of from dashboard_counter d "
        "left join service_area s on s.id = d.area_id where d.utility_key = ? and d.`key` in ('area.outstanding', "
        "'area.age0', 'area.age30', 'area.age60', 'area.age90') and d.period = ? and (? is null or s.path regexp ?)",
                    c->utility.id, TOTAL_NOW, c->utility.id, TOTAL_NOW, f->a.areas, f->a.areas);
}

static void read_past(Ctx *c, void *arg) {
    Figures *f = arg;
    Date since = date_add_days(f->a.today, -29), first = date_min(since, f->a.from);
    f->past = db_one(c, MoneyPast, "select coalesce(sum(if(t.total_date between ? and ?, t.amount_minor, 0)), 0) "
                                   "as billed, coalesce(sum(if(t.total_date >= ?, t.amount_minor, 0)), 0) as billed_30 "
        "from billing_daily_total t left join service_area s on s.id = t.sub_area_id where t.utility_id = ? "
        "and t.total_date >= ? and (? is null or t.service_code = ?) and (? is null or s.path regexp ?)", f->a.from,
                     f->a.to, since, c->utility, first, f->a.service, f->a.service, f->a.areas, f->a.areas);
}

static void read_in(Ctx *c, void *arg) {
    Figures *f = arg;
    Date since = date_add_days(f->a.today, -29), first = date_min(since, f->a.from);
    f->in = db_one(c, MoneyIn,
        "select coalesce(sum(if(d.`key` = 'day.collected' and d.period between ? "
        "and ?, d.value, 0)), 0) as collected, coalesce(sum(if(d.`key` = 'day.applied' "
        "and d.period >= ?, d.value, 0)), 0) as applied_30 from dashboard_counter d left join service_area s "
        "on s.id = d.area_id where d.utility_key = ? and d.`key` in ('day.collected', 'day.applied') "
        "and d.period >= ? and (? is null or s.path regexp ?)",
        f->a.from, f->a.to, since, c->utility.id, first, f->a.areas, f->a.areas);
}

static Figures figures(Req *r) {
    Figures f = { .a = asked(r) };
    static void (*const parts[])(Ctx *, void *) = { read_now, read_past, read_in };
    Figures *kept = take(r, sizeof *kept);
    *kept = f;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) attempt(&r->c, parts[i], kept);
    return *kept;
}

/* Payments applied to bills for each 100 billed, of the last 30 days; one decimal, half up. "-" when nothing was. */
static const char *efficiency(Req *r, Money applied, Money billed) {
    if (billed.minor <= 0) return "-";
    int64_t tenths = (applied.minor * 2000 + billed.minor) / (billed.minor * 2);
    return locale_percent(&r->c.mem, r->c.locale, tenths * 1000);
}

static void card(Req *r, size_t *n, const char *label, const char *value, const char *sub, const char *path) {
    char *k = at(r, "show.kpis", (*n)++, NULL);
    show_text(r, text(r, "%s.label", k), label);
    show_text(r, text(r, "%s.value", k), value ? value : "-");
    show_text(r, text(r, "%s.sub", k), value ? sub : SAY(r, "missing"));
    if (path) show_text(r, text(r, "%s.url", k), link_path(r, "%s", path));
}

static const char *short_money(Req *r, Money m) { return locale_money_short(&r->c.mem, r->c.locale, m); }

/* The area's part of an address of a list; "" without one. */
static const char *area_part(Req *r, const Asked *a, const char *between) {
    return a->area ? text(r, "%sarea=%s", between, url_part(r, a->area->code)) : "";
}

static void show_figures(Req *r, size_t *n, const Figures *f) {
    const Asked *a = &f->a;
    const char *bills = text(r, "/bx/bills?status=published&bill_date_from=%s&bill_date_to=%s%s",
                             date_iso(&r->c.mem, a->from), date_iso(&r->c.mem, a->to), area_part(r, a, "&"));
    const char *period = text(r, "%s \xE2\x80\x93 %s", locale_date(&r->c.mem, r->c.locale, a->from),
                              locale_date(&r->c.mem, r->c.locale, a->to));
    card(r, n, SAY(r, "revenue"), f->past ? short_money(r, f->past->billed) : NULL, period, bills);
    card(r, n, SAY(r, "collected"), f->in ? short_money(r, f->in->collected) : NULL, period, "/cis/payments");
    card(r, n, SAY(r, "efficiency"), f->in && f->past ? efficiency(r, f->in->applied_30, f->past->billed_30) : NULL,
         SAY(r, "last_30"), "/cis/payments");
    bool counted = f->now && time_is_set(f->now->as_of);
    card(r, n, SAY(r, "outstanding"), counted ? short_money(r, f->now->outstanding) : NULL,
         counted ? msg_format(r, r->c.language, "org.as_of",
                              { "time", locale_clock(&r->c.mem, r->c.locale, f->now->as_of) }) : NULL,
         text(r, "/cis/consumers%s", area_part(r, a, "?")));
}

/* --- open work, each as its list counts it ------------------------------------------------------------------------ */

typedef struct Work { const Asked *a; int64_t n[8]; bool good[8]; int at; } Work;

static void count_exceptions(Ctx *c, Work *w) {
    w->n[0] = db_int(c, "select count(*) from bill_exception e join account a on a.id = e.account_id "
                        "left join premise m on m.id = a.premise_id left join service_area s on s.id = m.sub_area_id "
        "where e.utility_id = ? and e.state in ('open', 'assigned') and (? is null or s.path regexp ?)", c->utility,
                     w->a->areas, w->a->areas);
}

static void count_complaints(Ctx *c, Work *w) {
    w->n[1] = db_int(c, "select count(*) from complaint p left join premise m on m.id = p.premise_id "
        "left join service_area s on s.id = m.sub_area_id where p.utility_id = ? and p.status in ('pending', "
        "'assigned', 'in_progress', 'on_hold') and (? is null or s.path regexp ?)", c->utility, w->a->areas,
                     w->a->areas);
}

static void count_requests(Ctx *c, Work *w) {
    w->n[2] = db_int(c, "select count(*) from service_request q left join account a on a.id = q.account_id "
                        "left join premise m on m.id = a.premise_id left join service_area s on s.id = m.sub_area_id "
        "where q.utility_id = ? and q.status in ('pending_approval', 'awaiting_payment', 'in_progress', 'on_hold', "
        "'estimate_sent') and (? is null or s.path regexp ?)", c->utility, w->a->areas, w->a->areas);
}

static void count_orders(Ctx *c, Work *w) {
    w->n[3] = db_int(c, "select count(*) from service_order o join premise m on m.id = o.premise_id "
                        "left join service_area s on s.id = m.sub_area_id where o.utility_id = ? and o.open_flag = 1 "
        "and o.status in ('created', 'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold', 'completed') "
        "and (? is null or s.path regexp ?)", c->utility, w->a->areas, w->a->areas);
}

static void count_late(Ctx *c, Work *w) {
    w->n[4] = db_int(c, "select count(*) from service_order o join premise m on m.id = o.premise_id "
                        "left join service_area s on s.id = m.sub_area_id where o.utility_id = ? and o.open_flag = 1 "
        "and o.status in ('created', 'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold') and o.due_at < ? "
        "and (? is null or s.path regexp ?)", c->utility, c->now, w->a->areas, w->a->areas);
}

static void count_resolved(Ctx *c, Work *w) {
    w->n[5] = db_int(c, "select coalesce(round(avg(timestampdiff(minute, p.created_at, p.resolved_at)) / 6), -1) "
                        "from complaint p left join premise m on m.id = p.premise_id left join service_area s "
        "on s.id = m.sub_area_id where p.utility_id = ? and p.status in ('resolved', 'closed') and p.resolved_at >= ? "
        "and (? is null or s.path regexp ?)", c->utility, date_start(c->locale->zone, w->a->from), w->a->areas,
                     w->a->areas);
}

static void (*const counts[])(Ctx *, Work *) = { count_exceptions, count_complaints, count_requests, count_orders,
                                                 count_late, count_resolved };

static void count_one(Ctx *c, void *arg) {
    Work *w = arg;
    counts[w->at](c, w);
    w->good[w->at] = true;
}

static void show_work(Req *r, size_t *n, const Asked *a) {
    Ctx *c = &r->c;
    const char *area = area_part(r, a, "&");
    const struct { const char *label, *key, *path;
    } cards[] = { { SAY(r, "exceptions"), "bx.dashboard", text(r, "/bx/dashboard/exceptions?%s", area_part(r, a, "")) },
        { SAY(r, "complaints"), "cis.complaints",
            text(r,
                "/cis/complaints?status=pending&status=assigned&status=in_progress&status=on_hold%s",
                area) },
        { SAY(r, "requests"), "cis.service_requests", text(r, "/cis/service-requests?%s", area_part(r, a, "")) },
        { SAY(r, "orders"), "wx.order", text(r, "/wx/orders?%s", area_part(r, a, "")) },
        { SAY(r, "orders_late"), "wx.order",
            text(r, "/wx/orders?due_at_to=%s%s", date_iso(&r->c.mem, a->today), area) },
        { SAY(r, "resolution"), "cis.complaints", text(r, "/cis/complaints?status=resolved&status=closed%s", area) } };
    Work *w = take(r, sizeof *w);
    *w = (Work){ .a = a };
    for (w->at = 0; w->at < (int)(sizeof cards / sizeof *cards); w->at++) {
        int i = w->at;
        if (!perm_may(c, cards[i].key, VIEW)) continue;
        attempt(c, count_one, w);
        w->at = i;
        bool hours = i == 5;
        if (hours && w->good[i] && w->n[i] < 0) continue;                       /* nothing was resolved */
        const char *tenths = text(r, "%lld.%lld", (long long)(w->n[i] / 10), (long long)(w->n[i] % 10));
        const char *value = !w->good[i] ? NULL
            : hours ? msg_format(r, c->language, "dashboard.hours", { "hours", tenths })
                    : locale_count(&c->mem, c->locale, w->n[i]);
        card(r, n, cards[i].label, value, NULL, cards[i].path);
    }
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

static const char *section(Req *r, size_t *n, const char *title, const char *span) {
    const char *at_ = at(r, "more.sections", (*n)++, NULL);
    show_text(r, text(r, "%s.title", at_), title);
    show_text(r, text(r, "%s.span", at_), span);
    return at_;
}

static void show_ageing(Req *r, size_t *n, const Figures *f) {
    const char *at_ = section(r, n, SAY(r, "ageing"), "third");
    if (!f->now || !time_is_set(f->now->as_of)) {
        show_text(r, text(r, "%s.error", at_), SAY(r, "missing"));
        return;
    }
    const struct { const char *days; Money m; } parts[] = { { "0-30", f->now->age0 }, { "31-60", f->now->age30 },
                                                            { "61-90", f->now->age60 }, { "90+", f->now->age90 } };
    int64_t most = 0;
    for (size_t i = 0; i < 4; i++)
        if (parts[i].m.minor > most) most = parts[i].m.minor;
    for (size_t i = 0; most && i < 4; i++) {
        char *bar = text(r, "%s.bars.%zu", at_, i);
        show_text(
            r, text(r, "%s.label", bar), msg_format(r, r->c.language, "dashboard.days", { "days", parts[i].days }));
        show_text(r, text(r, "%s.value", bar), locale_money(&r->c.mem, r->c.locale, parts[i].m));
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
    show_text(r, text(r, "%s.url", one), link_path(r, "%s", url));
}

#define HOOKS(F, T) F(T, int64_t, n) F(T, int64_t, good) F(T, int64_t, waiting)
ROW(Hooks, HOOKS)
#define SETTLED(F, T) F(T, Date, deposited_on) F(T, Money, net) F(T, const char *, state)
ROW(Settled, SETTLED)

/* Webhooks and messages of the last hour. */
static void show_integrations(Req *r, size_t *n) {
    Ctx *c = &r->c;
    const char *at_ = section(r, n, SAY(r, "integrations"), "third");
    const Hooks *h = db_one(r, Hooks, "select count(*) as n, coalesce(sum(state in ('processed', 'ignored')), 0) "
        "as good, coalesce(sum(state in ('received', 'processing')), 0) as waiting from (select state, received_at "
        "from webhook_event where utility_id=? and source='gateway' order by id desc limit 5000) e "
        "where received_at >= ? - interval 1 hour", c->utility, c->now);
    light(r, at_, 0, SAY(r, "gateway"), h->n, h->good, "/integrations/events");
    Totals now = totals_now(c);
    static const struct { const char *n, *good, *name; } lights[] = {
        { "now.sms_n", "now.sms_good", "dashboard.sms" }, { "now.email_n", "now.email_good", "dashboard.email" } };
    for (size_t i = 0; i < 2; i++) {
        const Total *all = total_find(&now, c->utility, lights[i].n),
                    *good = total_find(&now, c->utility, lights[i].good);
        light(r, at_, i + 1, msg(c->language, lights[i].name), all ? all->value : 0, good ? good->value : 0,
              "/integrations/providers");
    }
    Settled *s = db_find(r, Settled, "select deposited_on, net_minor as net, state from settlement where utility_id=? "
                                     "order by id desc limit 1", c->utility);
    show_text(r, text(r, "%s.after.strong", at_), msg_format(r, c->language, "dashboard.hooks",
        { "n", locale_count(&c->mem, c->locale, h->n) }, { "good", locale_count(&c->mem, c->locale, h->good) },
        { "waiting", locale_count(&c->mem, c->locale, h->waiting) }));
    show_text(r, text(r, "%s.after.text", at_), s ? msg_format(r, c->language, "dashboard.settled",
        { "amount", locale_money(&c->mem, c->locale, s->net) }, { "date", locale_date(&c->mem, c->locale,
                                                                                      s->deposited_on) },
        { "state", state_label(r, s->state) }) : SAY(r, "no_settlement"));
}

/* Cycles under way and the next one. */
#define RUNNING(F, T) F(T, const char *, cycle) F(T, const char *, label) F(T, Date, bill_date) \
    F(T, int64_t, accounts) \
    F(T, int64_t, read) F(T, int64_t, billed) F(T, const char *, run_no) F(T, const char *, mode)
ROW(Running, RUNNING)

static void show_cycles(Req *r, size_t *n, const Asked *a) {
    Ctx *c = &r->c;
    if (!perm_may(c, "bx.dashboard", VIEW)) return;
    const char *at_ = section(r, n, SAY(r, "cycles"), "third");
    Runnings l = db_all(r, Running, "select y.name as cycle, p.label, p.bill_date, coalesce(x.account_count, 0) "
        "as accounts, coalesce(x.billed_count + x.held_count, 0) as `read`, coalesce(x.billed_count, 0) as billed, "
        "x.run_no, x.mode from bill_cycle y join bill_cycle_period p on p.cycle_id=y.id left join bill_run x "
        "on x.id=(select max(z.id) from bill_run z where z.bill_cycle_period_id=p.id and z.simulate_only=0 "
        "and z.state not in ('cancelled', 'rolled_back')) where y.utility_id=? and y.state='active' and p.state "
        "in ('open', 'running', 'planned') and p.bill_date>=? order by p.bill_date limit 5", c->utility,
                        date_add_days(a->today, -31));
    for (size_t i = 0; i < l.n; i++) {
        const Running *k = &l.v[i];
        const char *one = text(r, "%s.links.%zu", at_, i);
        show_text(r, text(r, "%s.text", one), text(r, "%s, %s", k->cycle, k->label));
        show_text(r, text(r, "%s.sub", one), k->run_no ? msg_format(r, c->language, "dashboard.cycle_run",
            { "billed", locale_count(&c->mem, c->locale, k->billed) },
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

#define SUM_ROW(F, T) F(T, const char *, key) F(T, Date, period) F(T, const char *, service_code) F(T, int64_t, value)
ROW(SumRow, SUM_ROW)

static SumRows month_sums(Req *r, const Asked *a) {
    return db_all(r, SumRow, "select d.`key`, d.period, d.service_code, sum(d.value) as value "
        "from dashboard_counter d left join service_area s on s.id = d.area_id where d.utility_key = ? "
        "and d.`key` in ('month.billed', 'month.used', 'month.collected') and d.period >= ? "
        "and (? is null or s.path regexp ?) and (? is null or d.service_code in ('', ?)) "
        "group by d.`key`, d.period, d.service_code", r->c.utility.id,
                  month_first(month_add(month_of(a->today), 1 - MONTHS)), a->areas, a->areas, a->service, a->service);
}

typedef struct Series { int64_t v[MONTHS]; const char *texts[MONTHS]; } Series;

static int place_of(const Asked *a, Date period) {
    return MONTHS - 1 - (month_of(a->today).no - month_of(period).no);
}

static const char **month_labels(Req *r, const Asked *a) {
    const char **labels = take_n(r, const char *, MONTHS);
    for (int i = 0; i < MONTHS; i++)
        labels[i] = text_copy_n(r, month_name(r->c.locale, date_ymd(month_first(month_add(month_of(a->today),
            i - MONTHS + 1))).month), 3);
    return labels;
}

static void show_money_chart(Req *r, size_t *n, const Asked *a, const SumRows *l) {
    Series *billed = take(r, sizeof *billed), *in = take(r, sizeof *in);
    *billed = *in = (Series){ 0 };
    for (size_t i = 0; i < l->n; i++) {
        int k = place_of(a, l->v[i].period);
        if (k < 0 || k >= MONTHS) continue;
        if (!strcmp(l->v[i].key, "month.billed")) billed->v[k] += l->v[i].value;
        if (!strcmp(l->v[i].key, "month.collected")) in->v[k] += l->v[i].value;
    }
    uint8_t *marks = take_n(r, uint8_t, MONTHS);
    memset(marks, 0, MONTHS);
    marks[MONTHS - 1] = CHART_UNFINISHED;
    for (int i = 0; i < MONTHS; i++) {
        billed->texts[i] = locale_money(&r->c.mem, r->c.locale, (Money){ billed->v[i] });
        in->texts[i] = locale_money(&r->c.mem, r->c.locale, (Money){ in->v[i] });
    }
    show_chart(r, section(r, n, SAY(r, "money_chart"), "two"),
               (Chart){ .id = "money", .title = SAY(r, "money_chart"), .desc = SAY(r, "money_desc"), .n = MONTHS,
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
static void show_use_chart(Req *r, size_t *n, const Asked *a, const SumRows *l) {
    ServiceRows services = db_all(r, ServiceRow, "select code, name, coalesce(unit, '') as unit from utility_service "
        "where utility_id=? and active=1 and metered=1 and (? is null or code=?) order by sort, code limit 3",
                                  r->c.utility, a->service, a->service);
    if (!services.n) return;
    Chart chart = { .id = "use", .title = SAY(r, "use_chart"), .desc = SAY(r, "use_desc"), .n = MONTHS,
                    .labels = month_labels(r, a), .series_n = services.n };
    for (size_t s = 0; s < services.n; s++) {
        Series *one = take(r, sizeof *one);
        *one = (Series){ 0 };
        for (size_t i = 0; i < l->n; i++) {
            int k = place_of(a, l->v[i].period);
            bool own = !strcmp(l->v[i].service_code, services.v[s].code) || (!s && !*l->v[i].service_code);
            if (k >= 0 && k < MONTHS && own && !strcmp(l->v[i].key, "month.used"))
                one->v[k] += l->v[i].value / 1000000;
        }
        for (int i = 0; i < MONTHS; i++)
            one->texts[i] = text(r, "%s %s", locale_count(&r->c.mem, r->c.locale, one->v[i]), services.v[s].unit);
        chart.series[s] = (ChartSeries){ .name = text(r, "%s, %s", services.v[s].name, services.v[s].unit),
                                         .values = one->v, .texts = one->texts };
    }
    show_chart(r, section(r, n, SAY(r, "use_chart"), "two"), chart, chart_bars);
}

#define BY_STATE(F, T) F(T, const char *, state) F(T, int64_t, n)
ROW(ByState, BY_STATE)

/* At most four parts: the largest three and the others. */
static void show_requests_chart(Req *r, size_t *n, const Asked *a) {
    Ctx *c = &r->c;
    if (!perm_may(c, "cis.service_requests", VIEW)) return;
    ByStates l = db_all(r, ByState, "select q.status as state, count(*) as n from service_request q "
        "left join account a on a.id = q.account_id left join premise m on m.id = a.premise_id "
        "left join service_area s on s.id = m.sub_area_id where q.utility_id = ? and q.created_at >= ? "
        "and (? is null or s.path regexp ?) group by q.status order by n desc", c->utility,
                        date_start(c->locale->zone, date_add_days(a->today, -365)), a->areas, a->areas);
    const char *at_ = section(r, n, SAY(r, "requests_chart"), "third");
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

/* --- the map ------------------------------------------------------------------------------------------------------ */

#define OWES(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, path) \
    F(T, const char *, geometry) F(T, Money, outstanding) F(T, int64_t, accounts)
ROW(Owes, OWES)

/* Areas with what the accounts in them and below owe. */
static Owess areas_owing(Req *r, const Asked *a) {
    Owess l = db_all(r, Owes, "select s.code, s.name, s.path, s.geometry, coalesce(o.value, 0) as outstanding, "
        "coalesce(n.value, 0) as accounts from service_area s left join dashboard_counter o on o.utility_key = ? "
        "and o.`key` = 'area.outstanding' and o.period = ? and o.area_id = s.id left join dashboard_counter n "
        "on n.utility_key = ? and n.`key` = 'area.accounts' and n.period = ? and n.area_id = s.id "
        "where s.utility_id = ? and s.status <> 'merged' and (? is null or s.path regexp ?) "
        "order by length(s.path) desc, s.path limit 2000", r->c.utility.id, TOTAL_NOW, r->c.utility.id, TOTAL_NOW,
                     r->c.utility, a->areas, a->areas);
    /* longest paths come first: each adds what it has to the one above */
    for (size_t i = 0; i < l.n; i++) {
        const char *cut = strrchr(l.v[i].path, '/');
        size_t size = cut ? (size_t)(cut - l.v[i].path) : 0;
        for (size_t k = i + 1; size && k < l.n; k++)
            if (strlen(l.v[k].path) == size && !strncmp(l.v[k].path, l.v[i].path, size)) {
                l.v[k].outstanding = money_add(l.v[k].outstanding, l.v[i].outstanding);
                l.v[k].accounts += l.v[i].accounts;
                break;
            }
    }
    return l;
}

static Money per_account(const Owes *o) { return (Money){ o->accounts ? o->outstanding.minor / o->accounts : 0 }; }

/* Of all accounts: the colour of an area is by how far it is above. */
static int64_t usual(const Owess *l) {
    int64_t sum = 0, n = 0;
    for (size_t i = 0; i < l->n; i++)
        if (!strchr(l->v[i].path, '/')) sum += l->v[i].outstanding.minor, n += l->v[i].accounts;
    return n ? sum / n : 0;
}

typedef struct Drawing { Req *r; JsonOut out; const Owes *area; int64_t usual; } Drawing;

static void add_ring(void *arg, const char *path) {
    Drawing *d = arg;
    Req *r = d->r;
    int64_t own = per_account(d->area).minor;
    json_open_object(&d->out, NULL);
    json_add_json(&d->out, "path", path);
    json_add_text(&d->out, "title", d->area->name);
    json_add_text(&d->out, "text", msg_format(r, r->c.language, "dashboard.per_account",
        { "amount", locale_money(&r->c.mem, r->c.locale, per_account(d->area)) },
        { "n", locale_count(&r->c.mem, r->c.locale, d->area->accounts) }));
    json_add_text(&d->out, "url", link_path(r, "/dashboard?area=%s", d->area->code));
    json_add_text(&d->out, "tone", !d->area->accounts ? "off" : own > 2 * d->usual ? "bad" : own > d->usual ? "warn"
                  : "ok");
    json_close(&d->out);
}

void dashboard_map(Req *r) {
    Asked a = asked(r);
    Owess l = areas_owing(r, &a);
    Text t = text_start(r);
    Drawing d = { r, json_out(&t), NULL, usual(&l) };
    json_open_object(&d.out, NULL);
    json_open_list(&d.out, "areas");
    for (size_t i = l.n; i-- > 0;) {                    /* the smaller ones on top */
        d.area = &l.v[i];
        if (l.v[i].geometry) area_rings(&r->c, l.v[i].geometry, add_ring, &d);
    }
    json_close(&d.out);
    json_close(&d.out);
    answer(r, 200, "application/json", t.s, t.n);
}

/* The same in words: the areas that owe most for each account. */
static void show_map(Req *r, const Asked *a) {
    Owess l = areas_owing(r, a);
    show_text(r, "map.title", SAY(r, "map"));
    show_text(r, "map.sub", SAY(r, "map_how"));
    show_text(r, "map.map.url", text(r, "%s?%s", link_path(r, "/dashboard/map.json"), a->query));
    show_text(r, "map.map.label", SAY(r, "map"));
    show_text(r, "page.map", "1");
    TableView *t = table_start(r, "map.table", SAY(r, "map"));
    table_column(t, SAY(r, "area"), "text", "id");
    table_column(t, SAY(r, "accounts"), "num", NULL);
    table_column(t, SAY(r, "outstanding"), "money", NULL);
    table_column(t, SAY(r, "each"), "money", "amount");
    bool *done = take_n(r, bool, l.n + 1);
    for (size_t i = 0; i < l.n; i++) done[i] = !l.v[i].accounts || !l.v[i].outstanding.minor;
    for (int shown = 0; shown < 8; shown++) {
        size_t best = l.n;
        for (size_t i = 0; i < l.n; i++)
            if (!done[i] && (best == l.n || per_account(&l.v[i]).minor > per_account(&l.v[best]).minor)) best = i;
        if (best == l.n) break;
        done[best] = true;
        table_row(t, link_path(r, "/dashboard?area=%s", l.v[best].code));
        table_cell(t, l.v[best].name);
        table_int(t, l.v[best].accounts);
        table_money(t, l.v[best].outstanding);
        table_money(t, per_account(&l.v[best]));
    }
    table_empty(t, SAY(r, "nobody_owes"), NULL);
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

#define ALERT(F, T) F(T, Id, id) F(T, const char *, severity) F(T, const char *, subject) F(T, const char *, link) \
    F(T, Time, last_at)
ROW(Alert, ALERT)

static void show_alerts(Req *r, size_t *n) {
    Ctx *c = &r->c;
    Alerts l = db_all(r, Alert, "select id, severity, subject, link, last_at from alert where utility_id=? "
        "and resolved_at is null and acknowledged_by is null order by field(severity, 'critical', 'warning', 'info'), "
        "last_at desc limit ?", c->utility, (int)ALERTS_SHOWN);
    if (!l.n) return;
    const char *at_ = section(r, n, msg(c->language, "org.alerts"), NULL);
    bool may = perm_may(c, "core.dashboard", EDIT);
    TableView *t = table_start(r, text(r, "%s.table", at_), msg(c->language, "org.alerts"));
    table_column(t, msg(c->language, "org.alert"), "text", "id");
    table_column(t, msg(c->language, "org.last_seen"), "date", NULL);
    table_column(t, msg(c->language, "org.severity"), "status", "status");
    if (may) table_column(t, msg(c->language, "org.actions"), "act", NULL);
    for (size_t i = 0; i < l.n; i++) {
        const char *link = l.v[i].link;
        bool whole = link && (!strncmp(link, "/u/", 3) || !strncmp(link, "/org", 4) || !strncmp(link, "/setup", 6));
        table_row(t, !link || whole ? link : link_path(r, "%s", link));
        table_cell(t, l.v[i].subject);
        table_cell(t, locale_time_words(&c->mem, c->locale, l.v[i].last_at));
        table_state(t, l.v[i].severity);
        if (!may) continue;
        table_cell(t, "");
        const char *act = text(r, "%s.table.rows.%zu.cells.3.act", at_, i);
        show_text(r, text(r, "%s.text", act), msg(c->language, "org.acknowledge"));
        show_text(r, text(r, "%s.url", act), link_path(r, "/dashboard/alerts"));
        show_text(r, text(r, "%s.post", act), "1");
        show_text(r, text(r, "%s.kind", act), "quiet");
        show_text(r, text(r, "%s.name", act), "alert");
        show_text(r, text(r, "%s.value", act), text(r, "%lld", (long long)l.v[i].id.id));
    }
}

void dashboard_alert_post(Req *r) {
    Ctx *c = &r->c;
    const char *sent = field_text(r, "alert");
    Id alert = sent ? db_id(c, "select id from alert where id=? and utility_id=? and resolved_at is null", sent,
                            c->utility) : (Id){ 0 };
    if (!alert.id) fail(c, NOT_FOUND, "There is no such alert.");
    db_run(c, "update alert set acknowledged_by=?, acknowledged_at=? where id=?", c->user, c->now, alert);
    audit_note(c, "acknowledge", "alert", alert, NULL, NULL);
    note(r, "%s", msg(c->language, "org.acknowledged"));
    go(r, "/dashboard");
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

#define CHOSEN(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Chosen, CHOSEN)

static void option(Req *r, const char *select, size_t n, const char *value, const char *label, bool chosen) {
    const char *at_ = text(r, "%s.%zu", select, n);
    show_text(r, text(r, "%s.value", at_), value);
    show_text(r, text(r, "%s.text", at_), label);
    show_flag(r, text(r, "%s.selected", at_), chosen);
}

static void show_filters(Req *r, const Asked *a) {
    Ctx *c = &r->c;
    for (size_t i = 0; periods[i]; i++)
        option(r, "asked.periods", i, periods[i], msg(c->language, text(r, "dashboard.period.%s", periods[i])),
               !strcmp(periods[i], a->period));
    show_text(r, "asked.from", date_iso(&c->mem, a->from));
    show_text(r, "asked.to", date_iso(&c->mem, a->to));
    Chosens services = db_all(c, Chosen, "select code as value, name as label from utility_service where utility_id=? "
                                         "and active=1 order by sort, name limit 40", c->utility);
    for (size_t i = 0; i < services.n; i++)
        option(r, "asked.services", i, services.v[i].value, services.v[i].label,
               a->service && !strcmp(a->service, services.v[i].value));
    const char *scope = areas_of(r, NULL);
    Chosens areas = db_all(c, Chosen, "select code as value, concat(repeat('\xC2\xA0\xC2\xA0', length(path) - "
        "length(replace(path, '/', ''))), name) as label from service_area where utility_id=? and status='active' "
        "and (? is null or path regexp ?) order by path limit 1000", c->utility, scope, scope);
    for (size_t i = 0; i < areas.n; i++)
        option(r, "asked.areas", i, areas.v[i].value, areas.v[i].label,
               a->area && !strcmp(a->area->code, areas.v[i].value));
    show_text(r, "asked.url", link_path(r, "/dashboard"));
    show_text(r, "live_url", text(r, "%s?%s", link_path(r, "/dashboard"), a->query));
}

static void export_figures(Req *r, const Figures *f) {
    Ctx *c = &r->c;
    CsvText *csv = csv_start(&c->mem);
    static const char *const head[] = { "measure", "from", "to", "service", "area", "value", "currency" };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) csv_text(csv, head[i]);
    csv_end(csv);
    const struct { const char *name; bool known; int64_t minor; } rows[] = {
        { "billed", f->past, f->past ? f->past->billed.minor : 0 },
        { "collected", f->in, f->in ? f->in->collected.minor : 0 },
        { "billed_30_days", f->past, f->past ? f->past->billed_30.minor : 0 },
        { "applied_30_days", f->in, f->in ? f->in->applied_30.minor : 0 },
        { "outstanding", f->now, f->now ? f->now->outstanding.minor : 0 },
        { "past_due_0_30", f->now, f->now ? f->now->age0.minor : 0 },
        { "past_due_31_60", f->now, f->now ? f->now->age30.minor : 0 },
        { "past_due_61_90", f->now, f->now ? f->now->age60.minor : 0 },
        { "past_due_90", f->now, f->now ? f->now->age90.minor : 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        csv_text(csv, rows[i].name);
        csv_text(csv, date_iso(&c->mem, f->a.from));
        csv_text(csv, date_iso(&c->mem, f->a.to));
        csv_text(csv, f->a.service);
        csv_text(csv, f->a.area ? f->a.area->code : NULL);
        if (rows[i].known) csv_number(csv, money_decimal(&c->mem, (Money){ rows[i].minor }, utility_here(c)->exponent));
        else csv_text(csv, NULL);
        csv_text(csv, utility_here(c)->currency);
        csv_end(csv);
    }
    SumRows l = month_sums(r, &f->a);
    for (size_t i = 0; i < l.n; i++) {
        csv_text(csv, l.v[i].key);
        csv_text(csv, date_iso(&c->mem, l.v[i].period));
        csv_text(csv, date_iso(&c->mem, date_month_end(l.v[i].period)));
        csv_text(csv, l.v[i].service_code);
        csv_text(csv, f->a.area ? f->a.area->code : NULL);
        bool used = !strcmp(l.v[i].key, "month.used");
        csv_number(csv, used ? text(r, "%lld", (long long)(l.v[i].value / 1000000))
                   : money_decimal(&c->mem, (Money){ l.v[i].value }, utility_here(c)->exponent));
        csv_text(csv, used ? NULL : utility_here(c)->currency);
        csv_end(csv);
    }
    audit_note(c, "export", "dashboard", (Id){ 0 }, NULL, f->a.query);
    header_set(r, "Content-Disposition", "attachment; filename=\"dashboard.csv\"");
    answer(r, 200, "text/csv; charset=utf-8", csv->text.s, csv->text.n);
}

static bool all_signed(const StepNows *all) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].def->phase == PHASE_UTILITY && all->v[i].def->weight && strcmp(all->v[i].state, "signed_off"))
            return false;
    return all->n > 0;
}

void dashboard_page(Req *r) {
    Figures f = figures(r);
    if (query_text(r, "export")) {
        perm_check(&r->c, "core.dashboard", EXPORT);
        export_figures(r, &f);
        return;
    }
    StepNows all = steps_now(&r->c);
    size_t n = 0, m = 0;
    show_text(r, "page.title", SAY(r, "title"));
    show_text(r, "page.sub", utility_here(&r->c)->name);
    show_text(r, "page.actions.0.text", msg(r->c.language, "org.refresh"));
    show_text(r, "page.actions.0.url", text(r, "%s?%s", link_path(r, "/dashboard"), f.a.query));
    if (perm_may(&r->c, "core.dashboard", EXPORT)) {
        show_text(r, "page.actions.1.text", msg(r->c.language, "org.export"));
        show_text(r, "page.actions.1.url", text(r, "%s?%s&export=csv", link_path(r, "/dashboard"), f.a.query));
    }
    show_filters(r, &f.a);
    bool money = perm_may(&r->c, "bx.bill", VIEW);
    if (money) show_figures(r, &n, &f);
    show_work(r, &n, &f.a);
    show_int(r, "setup.percent", steps_percent(&all));
    show_text(r, "setup.text", msg_format(r, r->c.language, "utility.percent",
                                          { "percent", text(r, "%d", steps_percent(&all)) }));
    bool done = all_signed(&all);
    show_flag(r, "setup.done", done);
    if (done) show_text(r, "setup.url", text(r, "/utilities/%s/progress", r->c.utility_code));
    else setup_steps_show(r, "show.sections", r->prefix);       /* asks every check: not while nothing is to be done */
    show_alerts(r, &m);
    if (money) {
        SumRows sums = month_sums(r, &f.a);
        show_money_chart(r, &m, &f.a, &sums);
        show_ageing(r, &m, &f);
        show_use_chart(r, &m, &f.a, &sums);
    }
    show_requests_chart(r, &m, &f.a);
    show_cycles(r, &m, &f.a);
    if (perm_may(&r->c, "hub.events", VIEW)) show_integrations(r, &m);
    if (money) show_map(r, &f.a);
    page(r, "setup/dashboard");
}
