/*
 * The portal's first page: what is owed and by when, paying, use, last bills (as far as CSS01US01 to CSS01US03 have
 * pages for it; the dashboard with its cards is CSS01US15). Words and tones of bills as consumers see them.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/installation.h"
#include "app/portal/bills.h"
#include "app/portal/pages.h"
#include "lib/chart.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

enum { BILLS_SHOWN = 3, CHART_BILLS = 13 };

/* --- words of a bill ---------------------------------------------------------------------------------------------- */

bool agreement_covers(Ctx *c, const BillHead *b) {
    AgreedBills *kept = fact_get(c, "portal_agreed", b->account.id);
    if (!kept) {
        kept = take(c, sizeof *kept);
        *kept = bills_in_agreement(c, b->account);
        fact_keep(c, "portal_agreed", b->account.id, kept);
    }
    for (size_t i = 0; i < kept->n; i++)
        if (kept->v[i].id == b->id.id) return true;
    return false;
}

const char *bill_words(Ctx *c, const BillHead *b, const char **tone) {
    Date today = utility_today(c);
    if (!strcmp(b->status, "cancelled")) return *tone = "off", msg(c->language, "portal.bill.cancelled");
    if (b->open.minor <= 0) return *tone = "ok", msg(c->language, "portal.bill.paid");
    if (b->dispute_hold || dispute_of(c, b)) return *tone = "hold", msg(c->language, "portal.bill.disputed");
    if (agreement_covers(c, b)) return *tone = "hold", msg(c->language, "portal.bill.agreement");
    if (date_compare(b->due_date, today) < 0) return *tone = "bad", msg(c->language, "portal.bill.overdue");
    if (b->paid.minor > 0) return *tone = "info", msg(c->language, "portal.bill.partly");
    return *tone = "warn", msg(c->language, "portal.bill.due");
}

/* "Due in 20 days", "Due today", "Overdue since 31 Jan 2026". */
const char *due_words(Ctx *c, Date due, const char **tone) {
    int days = date_days_between(utility_today(c), due);
    if (days < 0)
        return *tone = "bad", msg_format(c, c->language, "portal.due.overdue",
                                         { "date", locale_date_words(&c->mem, c->locale, due) });
    *tone = "warn";
    if (!days) return msg(c->language, "portal.due.today");
    return msg_plural(c, c->language, "portal.due.in", days, NULL);
}

/* --- what is owed ------------------------------------------------------------------------------------------------- */

Owed owed_of(Ctx *c, Mines mines) {
    Owed o = { .due = DATE_NONE };
    Date today = utility_today(c);
    for (size_t i = 0; i < mines.n; i++) {
        o.balance = money_add(o.balance, mines.v[i].balance_minor);
        OpenItems items = open_items(c, mines.v[i].id);
        for (size_t k = 0; k < items.n; k++) {
            o.open = money_add(o.open, items.v[k].unpaid);
            /* Its instalments are what is due. */
            if (items.v[k].in_agreement && !strcmp(items.v[k].type, "bill")) continue;
            if (date_is_set(items.v[k].due_on) && date_compare(items.v[k].due_on, today) < 0)
                o.overdue = money_add(o.overdue, items.v[k].unpaid);
            if (date_is_set(items.v[k].due_on) && (!date_is_set(o.due) || date_compare(items.v[k].due_on, o.due) < 0))
                o.due = items.v[k].due_on, o.bill_no = !strcmp(items.v[k].type, "bill") ? items.v[k].number : NULL;
        }
    }
    return o;
}

static bool may_pay(Mines mines) {
    for (size_t i = 0; i < mines.n; i++)
        if (mine_may(&mines.v[i], ACCESS_PAYER)) return true;
    return false;
}

void show_owed(Req *r, Mines mines, bool with_pdf) {
    Ctx *c = &r->c;
    Owed o = owed_of(c, mines);
    if (o.open.minor <= 0) {
        bool credit = o.balance.minor < 0;
        show_text(r, "due.label", msg(c->language, credit ? "portal.home.credit" : "portal.home.nothing"));
        show_text(r, "due.text", locale_money(&c->mem, c->locale, credit ? (Money){ -o.balance.minor } : (Money){ 0 }));
        show_text(r, "due.tone", "ok");
        show_text(r, "due.word", msg(c->language, credit ? "portal.home.in_credit" : "portal.home.all_paid"));
        show_text(r, "due.other", may_pay(mines) ? msg(c->language, "portal.pay.ahead") : NULL);
        show_text(r, "due.other_url", may_pay(mines) ? link_path(r, "/pay") : NULL);
        return;
    }
    const char *tone = "warn", *word = date_is_set(o.due) ? due_words(c, o.due, &tone) : NULL;
    show_text(r, "due.label", msg(c->language, "portal.home.to_pay"));
    show_text(r, "due.text", locale_money(&c->mem, c->locale, o.open));
    show_text(r, "due.word", word);
    show_text(r, "due.tone", tone);
    const BillHead *oldest = o.bill_no ? bill_get(c, o.bill_no) : NULL;
    /* all of it is one bill's: the badge says since when */
    if (oldest && !money_compare(o.open, o.overdue) && !money_compare(oldest->open, o.open))
        show_text(r, "due.line", msg_format(c, c->language, "portal.bill.title", { "month", bill_title(c, oldest) }));
    else if (o.overdue.minor > 0)
        show_text(r, "due.line", msg_format(c, c->language, "portal.home.overdue",
                                            { "amount", locale_money(&c->mem, c->locale, o.overdue) }));
    else if (date_is_set(o.due))
        show_text(r, "due.line",
                  msg_format(c, c->language, "portal.home.by", { "date", locale_date_full(&c->mem, c->locale, o.due) },
                             { "short", locale_date(&c->mem, c->locale, o.due) }));
    show_text(r, "due.note", autopay_note(c, mines));
    if (date_is_set(o.due) && o.bill_no) {
        show_text(r, "due.bill", msg(c->language, "portal.home.see_bill"));
        show_text(r, "due.bill_url", link_path(r, "/bills/%s", o.bill_no));
        if (with_pdf) show_text(r, "due.pdf_url", link_path(r, "/bills/%s/pdf", o.bill_no));
    }
    if (!may_pay(mines) || !web_has_page(SCOPE_PORTAL, "/pay")) return;
    show_text(r, "due.pay",
              msg_format(c, c->language, "portal.home.pay", { "amount", locale_money(&c->mem, c->locale, o.open) }));
    show_text(r, "due.pay_url", link_path(r, "/pay"));
    show_text(r, "due.other", msg(c->language, "portal.home.other_amount"));
    show_text(r, "due.other_url", link_path(r, "/pay?other=1"));
}

/* --- bills -------------------------------------------------------------------------------------------------------- */

const char *bill_title(Ctx *c, const BillHead *b) { return locale_month(&c->mem, c->locale, month_of(b->period_end)); }

static const char *right_words(Ctx *c, const BillHead *b) {
    if (!strcmp(b->status, "cancelled")) return msg(c->language, "portal.bill.cancelled");
    if (b->open.minor <= 0) return msg(c->language, "portal.bill.paid");
    if (agreement_covers(c, b)) return msg(c->language, "portal.bill.agreement");
    const char *day = locale_day_month(&c->mem, c->locale, b->due_date);
    return msg_format(c, c->language, date_compare(b->due_date, utility_today(c)) < 0 ? "portal.bill.was_due"
                      : "portal.bill.due_on", { "date", day });
}

void show_bill_row(Req *r, const char *list, size_t i, const BillHead *b) {
    Ctx *c = &r->c;
    show_text(r, at(r, list, i, "text"), bill_title(c, b));
    show_text(r, at(r, list, i, "sub"), b->usage_unit ? locale_quantity(&c->mem, c->locale, b->usage, b->usage_unit)
              : b->bill_no);
    show_text(r, at(r, list, i, "right"), locale_money(&c->mem, c->locale, b->total));
    show_text(r, at(r, list, i, "right_sub"), right_words(c, b));
    show_text(r, at(r, list, i, "url"), link_path(r, "/bills/%s", b->bill_no));
}

BillHeads bills_of(Ctx *c, Mines mines, const BillFilter *filter) {
    BillHeads all = { 0 };
    for (size_t i = 0; i < mines.n; i++) {
        BillHeads some = bill_list(c, mines.v[i].id, filter);
        BillHead *v = take_n(c, BillHead, all.n + some.n + 1);
        size_t a = 0, b = 0, n = 0;
        while (a < all.n || b < some.n)
            v[n++] = b >= some.n || (a < all.n && all.v[a].bill_date.day >= some.v[b].bill_date.day)
            ? all.v[a++] : some.v[b++];
        all = (BillHeads){ v, n };
    }
    return all;
}

/* Use by bill, oldest first, of the first unit met; nothing when there are not at least two. */
void show_use(Req *r, BillHeads bills) {
    Ctx *c = &r->c;
    int64_t values[CHART_BILLS];
    const char *labels[CHART_BILLS], *texts[CHART_BILLS], *unit = NULL;
    size_t n = 0;
    TableView *t = table_start(r, "chart.table", msg(c->language, "portal.home.use_table"));
    table_column(t, msg(c->language, "portal.bill.period"), "text", NULL);
    table_column(t, msg(c->language, "portal.home.use"), "num", NULL);
    for (size_t i = bills.n; i-- > 0 && n < CHART_BILLS;) {
        const BillHead *b = &bills.v[i];
        if (!b->usage_unit || strcmp(b->status, "published") || (unit && strcmp(unit, b->usage_unit))) continue;
        unit = b->usage_unit;
        values[n] = b->usage.micro / 1000;
        labels[n] = locale_month_short(&c->mem, c->locale, month_of(b->period_end));
        texts[n] = locale_quantity(&c->mem, c->locale, b->usage, unit);
        table_row(t, NULL);
        table_cell(t, labels[n]);
        table_cell(t, texts[n++]);
    }
    if (n < 2) return;
    const char *title = msg_format(c, c->language, "portal.home.use_title", { "unit", unit });
    Chart chart = { .id = "use", .title = title, .desc = texts[n - 1], .n = n, .labels = labels, .series_n = 1,
                    .scale = 3, .narrow = true, .show_last = true,
                    .series = { { .name = title, .values = values, .texts = texts, .style = 1 } } };
    show_text(r, "chart.title", title);
    show_text(r, "chart.id", "use");
    show_text(r, "chart.svg_narrow", chart_bars(&c->mem, &chart));
    chart.id = "use-wide", chart.narrow = false;
    show_text(r, "chart.svg", chart_bars(&c->mem, &chart));
}

/* The newest bill's use beside the same month of the year before, else beside the bill before it. */
static void show_use_words(Req *r, BillHeads bills) {
    Ctx *c = &r->c;
    const BillHead *now = NULL, *then = NULL, *last = NULL;
    for (size_t i = 0; i < bills.n && !then; i++) {
        const BillHead *b = &bills.v[i];
        if (!b->usage_unit || strcmp(b->status, "published")) continue;
        if (!now) now = b;
        else if (b->account.id != now->account.id || strcmp(b->usage_unit, now->usage_unit)) continue;
        else if (month_of(b->period_end).no == month_add(month_of(now->period_end), -12).no) then = b;
        else if (!last) last = b;
    }
    const BillHead *with = then ? then : last;
    if (!now || !with) return;
    int64_t more = now->usage.micro - with->usage.micro;
    show_text(r, "use.tone", more < 0 ? "ok" : "info");
    show_text(r, "use.icon", more < 0 ? "trend-down" : more > 0 ? "trend-up" : "info");
    show_text(r, "use.text",
              msg_format(c, c->language, more < 0 ? "portal.home.use_less" : more > 0 ? "portal.home.use_more"
                         : "portal.home.use_same", { "month", bill_title(c, now) },
                         { "use", locale_quantity(&c->mem, c->locale, now->usage, now->usage_unit) },
                         { "difference", locale_quantity(&c->mem, c->locale, (Quantity){ more < 0 ? -more : more },
                                                         now->usage_unit) },
                         { "then", bill_title(c, with) }));
}

static void show_task(Req *r, size_t *n, const char *key, const char *icon, const char *path) {
    if (!path) return;
    show_text(r, at(r, "tasks", *n, "text"), msg(r->c.language, key));
    show_text(r, at(r, "tasks", *n, "icon"), icon);
    show_text(r, at(r, "tasks", (*n)++, "url"), path);
}

/* What people come for besides the bill. */
static void show_tasks(Req *r, Mines mines) {
    Ctx *c = &r->c;
    size_t n = 0;
    for (size_t i = 0; i < mines.n && !n; i++) {
        const char *meter = db_text(c, "select m.meter_no from service_connection s join meter m on m.id = s.meter_id "
                                       "where s.account_id = ? and s.status = 'active' order by s.id limit 1",
                                    mines.v[i].id);
        if (meter) show_task(r, &n, "portal.reading.title", "gauge", reading_path(r, mines.v[i].id, meter));
    }
    if (!mines.n) return;
    show_task(r, &n, "portal.payments.title", "history", link_path(r, "/payments"));
    show_task(r, &n, "portal.statement.title", "file", link_path(r, "/statement"));
    if (may_pay(mines)) show_task(r, &n, "portal.autopay.title", "refresh", link_path(r, "/pay/autopay"));
}

void home_page_portal(Req *r) {
    Ctx *c = &r->c;
    Mines mines = mine_shown(r);
    const char *first = db_text(c, "select coalesce(n.first_name, n.display_name) from portal_user u "
                                   "join consumer n on n.id = u.consumer_id where u.id = ?", c->user);
    show_text(r, "page.title", first ? msg_format(c, c->language, "portal.home.hello", { "name", first })
              : msg(c->language, "portal.menu.home"));
    const Mine *here = mine_here(r);
    show_text(r, "page.sub", here ? text(r, "%s · %s", here->address, here->account_no) : mines.n
              ? msg(c->language, "portal.all_accounts") : NULL);
    show_switcher(r);
    if (!mines.n) {
        show_text(r, "none.title", msg(c->language, "portal.home.none"));
        show_text(r, "none.text", msg(c->language, "portal.home.none_how"));
        show_text(r, "none.action.text", msg(c->language, "portal.accounts.add"));
        show_text(r, "none.action.url", link_path(r, "/register"));
    } else {
        show_owed(r, mines, false);
    }
    BillHeads bills = bills_of(c, mines, NULL);
    show_use(r, bills);
    show_use_words(r, bills);
    show_tasks(r, mines);
    size_t shown = 0;
    for (size_t i = 0; i < bills.n && shown < BILLS_SHOWN; i++)
        if (strcmp(bills.v[i].status, "cancelled")) show_bill_row(r, "bills", shown++, &bills.v[i]);
    show_text(r, "bills_url", link_path(r, "/bills"));
    portal_page(r, NULL, "portal/home");
}
