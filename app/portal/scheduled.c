/*
 * Payments to come (CSS01US05, "Scheduled"): what autopay will take, and instalments of agreements.
 */
#include "app/portal/history.h"

#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { PLANS_MOST = 50, AHEAD_MONTHS = 36 };

static void add_row(Req *r, size_t *n, const Mine *m, const char *what, Date on, Money amount, const char *how) {
    Ctx *c = &r->c;
    const char *base = at(r, "rows", (*n)++, NULL);
    show_text(r, text(r, "%s.text", base), locale_date_words(&c->mem, c->locale, on));
    show_text(r, text(r, "%s.no", base), what);
    show_text(r, text(r, "%s.sub", base), text(r, "%s · %s", how, mine_name(c, m)));
    show_text(r, text(r, "%s.right", base), locale_money(&c->mem, c->locale, amount));
}

static void show_autopay(Req *r, size_t *n, const Mine *m) {
    Ctx *c = &r->c;
    AutopayPlan plan[PLANS_MOST];
    size_t all = autopay_plans(c, m, plan, PLANS_MOST);
    for (size_t i = 0; i < all; i++) {
        size_t row = *n;
        add_row(r, n, m, plan[i].bill_no, plan[i].on, plan[i].amount, plan[i].card);
        show_text(r, at(r, "rows", row, "url"), link_path(r, "/pay/autopay/%s", m->account_no));
        show_text(r, at(r, "rows", row, "tone"), plan[i].by_hand ? "warn" : "info");
        show_text(r, at(r, "rows", row, "word"),
                  msg(c->language, plan[i].by_hand ? "portal.scheduled.by_hand" : "portal.autopay.title"));
    }
}

/* Those that are not on a bill: what is on one is paid with it. */
static void show_instalments(Req *r, size_t *n, const Mine *m) {
    Ctx *c = &r->c;
    Date today = utility_today(c);
    Instalments all = instalments_due(c, m->id, date_add_months(today, AHEAD_MONTHS));
    for (size_t i = 0; i < all.n; i++) {
        const Instalment *x = &all.v[i];
        size_t row = *n;
        const char *how = msg_format(c, c->language, "portal.scheduled.instalment", { "n", text(r, "%d", x->seq) },
                                     { "of", text(r, "%d", x->count) });
        add_row(r, n, m, x->agreement_no, x->due_on, x->unpaid, how);
        show_text(r, at(r, "rows", row, "url"), link_path(r, "/pay"));
        if (date_compare(x->due_on, today) >= 0) continue;
        show_text(r, at(r, "rows", row, "tone"), "bad");
        show_text(r, at(r, "rows", row, "word"), msg(c->language, "portal.bills.overdue"));
    }
}

void payments_scheduled_page(Req *r) {
    Ctx *c = &r->c;
    Mines mines = mine_shown(r);
    size_t n = 0;
    show_switcher(r);
    payments_tabs(r, true);
    for (size_t i = 0; i < mines.n; i++) {
        if (!mine_may(&mines.v[i], ACCESS_PAYER)) continue;
        show_autopay(r, &n, &mines.v[i]);
        show_instalments(r, &n, &mines.v[i]);
    }
    if (!n) {
        show_text(r, "none.title", msg(c->language, "portal.scheduled.none"));
        show_text(r, "none.text", msg(c->language, "portal.scheduled.none_how"));
        show_text(r, "none.icon", "calendar");
        show_text(r, "none.action.text", msg(c->language, "portal.autopay.title"));
        show_text(r, "none.action.url", link_path(r, "/pay/autopay"));
    }
    portal_page(r, "portal.payments.title", "portal/scheduled");
}
