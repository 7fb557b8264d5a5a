/*
 * The utility administrator's dashboard (ONB02US01): how far the configuration is, and the day's figures of the modules
 * that are on. Every figure leads to the list behind it. Charts, map and the longer periods wait.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/setup/pages.h"
#include "app/setup/step.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "dashboard." key)

static void card(Req *r, size_t *n, const char *label, const char *value, const char *sub, const char *path) {
    char *k = at(r, "show.kpis", (*n)++, NULL);
    show_text(r, text(r, "%s.label", k), label);
    show_text(r, text(r, "%s.value", k), value);
    show_text(r, text(r, "%s.sub", k), sub);
    show_text(r, text(r, "%s.url", k), link_path(r, "%s", path));
}

#define MONEY_NOW(F, T) F(T, Money, billed_month) F(T, Money, billed) F(T, Money, applied) F(T, Money, outstanding)
ROW(MoneyNow, MONEY_NOW)

/* Payments applied to bills for each 100 billed, of the last 30 days; one decimal, half up. "-" when nothing was. */
static const char *efficiency(Req *r, Money applied, Money billed) {
    if (billed.minor <= 0) return "-";
    int64_t tenths = (applied.minor * 2000 + billed.minor) / (billed.minor * 2);
    return locale_percent(&r->c.mem, r->c.locale, tenths * 1000);
}

static void show_figures(Req *r, size_t *n) {
    Ctx *c = &r->c;
    Date today = utility_today(c), month = date_month_start(today), since = date_add_days(today, -30);
    Time from = date_start(zone_find(utility_here(c)->time_zone), since);
    const MoneyNow *m = db_one(r, MoneyNow, "select (select coalesce(sum(total_minor), 0) from bill where utility_id=? "
        "and status='published' and kind<>'migration' and bill_date>=?) as billed_month, (select "
        "coalesce(sum(total_minor), 0) from bill where utility_id=? and status='published' and kind<>'migration' "
        "and bill_date>?) as billed, (select coalesce(sum(a.amount_minor), 0) from payment_allocation a "
        "join payment p on p.id=a.payment_id where a.utility_id=? and a.undone_at is null and p.received_at>=?) "
        "as applied, (select coalesce(sum(balance_minor), 0) from account where utility_id=? and balance_minor>0) "
        "as outstanding", c->utility, month, c->utility, since, c->utility, from, c->utility);
    const Locale *l = c->locale;
    card(r, n, SAY(r, "revenue"), locale_money_short(&c->mem, l, m->billed_month), NULL, "/bx/dashboard");
    card(r, n, SAY(r, "efficiency"), efficiency(r, m->applied, m->billed), SAY(r, "last_30"), "/cis/payments");
    card(r, n, SAY(r, "outstanding"), locale_money_short(&c->mem, l, m->outstanding), NULL, "/cis/consumers");
}

/* Unpaid parts of bills by days past due. */
#define AGE(F, T) F(T, const char *, label) F(T, Money, amount)
ROW(Age, AGE)

static void show_ageing(Req *r, const char *at_) {
    Date today = utility_today(&r->c);
    Ages l = db_all(r, Age, "select case when datediff(?, due_date) <= 30 then '0-30' when datediff(?, due_date) <= 60 "
        "then '31-60' when datediff(?, due_date) <= 90 then '61-90' else '90+' end as label, "
        "sum(total_minor - paid_minor) as amount from bill where utility_id=? and status='published' "
        "and total_minor > paid_minor and due_date<? group by 1 order by min(datediff(?, due_date))", today, today,
        today, r->c.utility, today, today);
    show_text(r, text(r, "%s.title", at_), SAY(r, "ageing"));
    show_text(r, text(r, "%s.span", at_), "half");
    int64_t most = 1;
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].amount.minor > most) most = l.v[i].amount.minor;
    for (size_t i = 0; i < l.n; i++) {
        char *bar = text(r, "%s.bars.%zu", at_, i);
        show_text(r, text(r, "%s.label", bar), msg_format(r, r->c.language, "dashboard.days", { "days",
                                                                                                l.v[i].label }));
        show_text(r, text(r, "%s.value", bar), locale_money(&r->c.mem, r->c.locale, l.v[i].amount));
        int64_t pct = l.v[i].amount.minor / (most / 100 ? most / 100 : 1);
        show_int(r, text(r, "%s.pct", bar), pct > 100 ? 100 : pct);
    }
    if (!l.n) show_text(r, text(r, "%s.text", at_), SAY(r, "nothing_due"));
}

static void show_work(Req *r, size_t *n) {
    Ctx *c = &r->c;
    const struct { const char *label, *path, *key; int64_t count; } cards[] = {
        { SAY(r, "exceptions"), "/bx/dashboard/exceptions", "bx.dashboard", db_int(r, "select count(*) "
          "from bill_exception where utility_id=? and state in ('open', 'assigned')", c->utility) },
        { SAY(r, "complaints"), "/cis/complaints", "cis.complaints", db_int(r, "select count(*) from complaint "
          "where utility_id=? and status in ('pending', 'assigned', 'in_progress', 'on_hold')", c->utility) },
        { SAY(r, "orders"), "/wx/orders", "wx.order", db_int(r, "select count(*) from service_order where utility_id=? "
          "and open_flag=1", c->utility) } };
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++)
        if (perm_may(c, cards[i].key, VIEW))
            card(r, n, cards[i].label, locale_count(&c->mem, c->locale, cards[i].count), NULL, cards[i].path);
}

/* Webhooks of the last hour: green from 95 % good, amber from 80 %, red below. */
#define HOOKS(F, T) F(T, int64_t, n) F(T, int64_t, good) F(T, int64_t, waiting)
ROW(Hooks, HOOKS)

static void show_hooks(Req *r, const char *at_) {
    const Hooks *h = db_one(r, Hooks, "select count(*) as n, coalesce(sum(state in ('processed', 'ignored')), 0) "
        "as good, coalesce(sum(state in ('received', 'processing')), 0) as waiting from webhook_event "
        "where utility_id=? and source='gateway' and received_at >= ? - interval 1 hour", r->c.utility, r->c.now);
    int64_t pct = h->n ? h->good * 100 / h->n : 100;
    const char *tone = !h->n ? "off" : pct >= 95 ? "ok" : pct >= 80 ? "warn" : "bad";
    show_text(r, text(r, "%s.title", at_), SAY(r, "integrations"));
    show_text(r, text(r, "%s.span", at_), "half");
    show_text(r, text(r, "%s.note.tone", at_), tone);
    show_text(r, text(r, "%s.note.strong", at_), msg(r->c.language, text(r, "dashboard.light_%s", tone)));
    show_text(r, text(r, "%s.note.text", at_), msg_format(r, r->c.language, "dashboard.hooks",
        { "n", locale_count(&r->c.mem, r->c.locale, h->n) }, { "good", locale_count(&r->c.mem, r->c.locale, h->good) },
        { "waiting", locale_count(&r->c.mem, r->c.locale, h->waiting) }));
    show_text(r, text(r, "%s.link.text", at_), SAY(r, "events"));
    show_text(r, text(r, "%s.link.url", at_), link_path(r, "/integrations/events"));
}

void dashboard_page(Req *r) {
    StepNows all = steps_now(&r->c);
    size_t n = 0;
    show_text(r, "page.title", SAY(r, "title"));
    show_text(r, "page.sub", utility_here(&r->c)->name);
    show_fact(r, "show.facts", SAY(r, "progress"), text(r, "%d\xC2\xA0%%", steps_percent(&all)), NULL);
    if (perm_may(&r->c, "bx.bill", VIEW)) show_figures(r, &n);
    show_work(r, &n);
    setup_steps_show(r, "show.sections", r->prefix);
    show_ageing(r, "show.sections.20");
    if (perm_may(&r->c, "hub.events", VIEW)) show_hooks(r, "show.sections.21");
    page(r, "layout/show");
}
