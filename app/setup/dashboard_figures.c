/*
 * The money on top of the utility's dashboard (ONB02US01), of prepared sums (figures.c): billed, collected, how much of
 * it was put on bills, and what accounts owe.
 */
#include "app/setup/dashboard.h"
#include "app/setup/totals.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/web.h"

/* Each in an attempt of its own: what fails is shown as missing and takes nothing along. */
static void read_now(Ctx *c, void *arg) {
    DashboardFigures *f = arg;
#define NOW(key) "coalesce(sum(if(d.`key` = 'area." key "', d.value, 0)), 0) as "
    f->now = db_one(c, MoneyNow, "select " NOW("outstanding") "outstanding, " NOW("owing") "owing, "
                    NOW("age0") "age0, " NOW("age30") "age30, " NOW("age60") "age60, " NOW("age90") "age90, "
                    NOW("age0_bills") "bills0, " NOW("age30_bills") "bills30, " NOW("age60_bills") "bills60, "
                    NOW("age90_bills") "bills90, "
                    "(select updated_at from dashboard_counter n where n.utility_key = ? and n.`key` = 'now.figures' "
                    "and n.period = ? and n.area_id = 0) as as_of from dashboard_counter d "
        "left join service_area s on s.id = d.area_id where d.utility_key = ? and d.`key` in ('area.outstanding', "
        "'area.owing', 'area.age0', 'area.age30', 'area.age60', 'area.age90', 'area.age0_bills', 'area.age30_bills', "
        "'area.age60_bills', 'area.age90_bills') and d.period = ? and (? is null or s.path regexp ?)",
                    c->utility.id, TOTAL_NOW, c->utility.id, TOTAL_NOW, f->a.areas, f->a.areas);
}

static void read_past(Ctx *c, void *arg) {
    DashboardFigures *f = arg;
    Date since = date_add_days(f->a.today, -29), first = date_min(since, f->a.from);
    f->past = db_one(c, MoneyPast, "select coalesce(sum(if(t.total_date between ? and ?, t.amount_minor, 0)), 0) "
                                   "as billed, coalesce(sum(if(t.total_date >= ?, t.amount_minor, 0)), 0) as billed_30 "
        "from billing_daily_total t left join service_area s on s.id = t.sub_area_id where t.utility_id = ? "
        "and t.total_date >= ? and (? is null or t.service_code = ?) and (? is null or s.path regexp ?)", f->a.from,
                     f->a.to, since, c->utility, first, f->a.service, f->a.service, f->a.areas, f->a.areas);
}

static void read_in(Ctx *c, void *arg) {
    DashboardFigures *f = arg;
    Date since = date_add_days(f->a.today, -29), first = date_min(since, f->a.from);
    f->in = db_one(c, MoneyIn,
        "select coalesce(sum(if(d.`key` <> 'day.applied' and d.period between ? and ?, d.value, 0)), 0) as collected, "
        "coalesce(sum(if(d.`key` <> 'day.collected' and d.period >= ?, d.value, 0)), 0) as applied_30 "
        "from dashboard_counter d left join service_area s on s.id = d.area_id where d.utility_key = ? "
        "and ((? is null and d.`key` in ('day.collected', 'day.applied')) or (d.`key` = 'day.collected_by' "
        "and d.service_code = ?)) and d.period >= ? and (? is null or s.path regexp ?)",
        f->a.from, f->a.to, since, c->utility.id, f->a.service, f->a.service, first, f->a.areas, f->a.areas);
}

DashboardFigures *dashboard_figures(Req *r) {
    static void (*const parts[])(Ctx *, void *) = { read_now, read_past, read_in };
    DashboardFigures *f = take(r, sizeof *f);
    *f = (DashboardFigures){ .a = dashboard_asked(r) };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) attempt(&r->c, parts[i], f);
    return f;
}

/* Payments applied to bills for each 100 billed, of the last 30 days; one decimal, half up. "-" when nothing was. */
static const char *efficiency(Req *r, Money applied, Money billed) {
    if (billed.minor <= 0) return "-";
    int64_t tenths = (applied.minor * 2000 + billed.minor) / (billed.minor * 2);
    return locale_percent(&r->c.mem, r->c.locale, tenths * 1000);
}

void dashboard_unit(Req *r, size_t n, const char *unit) { show_text(r, at(r, "show.kpis", n, "unit"), unit); }

void dashboard_tile(Req *r, size_t *n, const char *label, const char *value, const char *sub, const char *path) {
    char *k = at(r, "show.kpis", (*n)++, NULL);
    show_text(r, text(r, "%s.label", k), label);
    show_text(r, text(r, "%s.value", k), value ? value : "-");
    show_text(r, text(r, "%s.sub", k), value ? sub : SAY(r, "missing"));
    if (path) show_text(r, text(r, "%s.url", k), link_open(r, "%s", path));
}

static const char *short_money(Req *r, Money m) { return locale_money_short(&r->c.mem, r->c.locale, m); }

const char *dashboard_area_part(Req *r, const DashboardAsked *a, const char *between) {
    return a->area ? text(r, "%sarea=%s", between, url_part(r, a->area->code)) : "";
}

const char *dashboard_service_part(Req *r, const DashboardAsked *a, const char *between) {
    return a->service ? text(r, "%sservice=%s", between, url_part(r, a->service)) : "";
}

/* "/cis/payments" of these days, with the service and the area asked for. */
static const char *list_of(Req *r, const DashboardAsked *a, const char *path, const char *column, Date from, Date to) {
    return text(r, "%s%s_from=%s&%s_to=%s%s%s", path, column, date_iso(&r->c.mem, from), column,
                date_iso(&r->c.mem, to), dashboard_service_part(r, a, "&"), dashboard_area_part(r, a, "&"));
}

void dashboard_figures_show(Req *r, size_t *n, const DashboardFigures *f) {
    const DashboardAsked *a = &f->a;
    const char *period = text(r, "%s \xE2\x80\x93 %s", locale_date(&r->c.mem, r->c.locale, a->from),
                              locale_date(&r->c.mem, r->c.locale, a->to));
    dashboard_tile(r, n, SAY(r, "revenue"), f->past ? short_money(r, f->past->billed) : NULL, period,
                   list_of(r, a, "/bx/bills?status=published&", "bill_date", a->from, a->to));
    dashboard_tile(r, n, SAY(r, "collected"), f->in ? short_money(r, f->in->collected) : NULL, period,
                   list_of(r, a, "/cis/payments?", "received_at", a->from, a->to));
    dashboard_tile(r, n, SAY(r, "efficiency"),
                   f->in && f->past ? efficiency(r, f->in->applied_30, f->past->billed_30) : NULL, SAY(r, "last_30"),
                   list_of(r, a, "/cis/payments?", "received_at", date_add_days(a->today, -29), a->today));
    bool counted = f->now && time_is_set(f->now->as_of);
    const char *as_of = counted ? msg_format(r, r->c.language, "org.as_of",
        { "time", locale_clock(&r->c.mem, r->c.locale, f->now->as_of) }) : NULL;
    dashboard_tile(r, n, SAY(r, "outstanding"), counted ? short_money(r, f->now->outstanding) : NULL,
                   counted ? msg_plural(r, r->c.language, "dashboard.owing", f->now->owing,
                                        locale_count(&r->c.mem, r->c.locale, f->now->owing), { "as_of", as_of }) : NULL,
                   text(r, "/cis/consumers?owes=1%s", dashboard_area_part(r, a, "&")));
}
