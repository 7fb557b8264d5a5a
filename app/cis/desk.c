/*
 * The first page of consumer service: what waits, each figure leading to its list, the oldest complaints and the newest
 * payments. Its figures are counted by indexes of their tables (utility, status): dozens of rows, not the whole.
 * Applications, visits and service levels join with their stories.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/cis/pages.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

enum { ROWS_SHOWN = 5 };

/* Who is limited to areas sees less in the lists than the utility has: then no figure is shown. */
static bool sees_all(Req *r) { return !scope_area(&r->c).n; }

static void show_figure(Req *r, size_t *n, const char *key, const char *value, const char *sub, const char *url) {
    show_text(r, at(r, "show.kpis", *n, "label"), msg(r->c.language, text(r, "cis.desk.%s", key)));
    show_text(r, at(r, "show.kpis", *n, "value"), value);
    show_text(r, at(r, "show.kpis", *n, "sub"), sub);
    show_text(r, at(r, "show.kpis", (*n)++, "url"), url);
}

static const char *count_of(Req *r, int64_t n) { return locale_count(&r->c.mem, r->c.locale, n); }

#define DAY_SUM(F, T) F(T, int64_t, n) F(T, Money, amount)
ROW(DaySum, DAY_SUM)

/* How many there are. */
static size_t show_figures(Req *r) {
    Ctx *c = &r->c;
    Id u = c->utility;
    size_t n = 0;
    if (perm_may(c, "cis.complaints", VIEW)) {
        int64_t mine = db_int(c, "select count(*) from complaint where assigned_to = ? and utility_id = ? and "
                                 COMPLAINT_WAITS, c->user, u);
        show_figure(r, &n, "complaints", count_of(r, db_int(c, "select count(*) from complaint where utility_id = ? "
                                                               "and " COMPLAINT_WAITS, u)),
                    msg_plural(r, c->language, "cis.desk.mine", mine, NULL),
                    link_path(r, "/cis/complaints?status=pending&status=assigned&status=in_progress&status=on_hold"));
    }
    if (perm_may(c, "cis.service_requests", VIEW))
        show_figure(r, &n, "requests", count_of(r, db_int(c, "select count(*) from service_request where "
                                                             "utility_id = ? and " REQUEST_PROMISED, u)), NULL,
                    link_path(r, "/cis/service-requests?status=pending_approval&status=awaiting_payment"
                                 "&status=in_progress&status=on_hold&status=estimate_sent"));
    if (perm_may(c, "cis.refunds", VIEW))
        show_figure(r, &n, "refunds", count_of(r, db_int(c, "select count(*) from refund_request where utility_id = ? "
                                                            "and status = 'requested'", u)), NULL,
                    link_path(r, "/cis/refunds?status=requested"));
    if (!perm_may(c, "cis.payments", VIEW)) return n;
    Date today = utility_today(c);
    DaySum *day = db_one(c, DaySum, "select count(*) as n, coalesce(sum(amount_minor), 0) as amount from payment "
                                    "where utility_id = ? and received_at >= ? and received_at < ? "
                                    "and status <> 'reversed'", u, date_start(c->locale->zone, today),
                         date_start(c->locale->zone, date_add_days(today, 1)));
    show_figure(r, &n, "payments", locale_money(&c->mem, c->locale, day->amount),
                msg_plural(r, c->language, "cis.desk.payments_n", day->n, NULL),
                link_path(r, "/cis/payments?received_at_from=%s&received_at_to=%s", date_iso(&c->mem, today),
                          date_iso(&c->mem, today)));
    return n;
}

static void section(Req *r, size_t n, const char *key, const char *list) {
    show_text(r, at(r, "show.sections", n, "title"), msg(r->c.language, text(r, "cis.desk.%s", key)));
    show_text(r, at(r, "show.sections", n, "span"), "half");
    show_text(r, at(r, "show.sections", n, "link.text"), msg(r->c.language, "cis.desk.all"));
    show_text(r, at(r, "show.sections", n, "link.url"), link_path(r, "%s", list));
}

static void show_complaints(Req *r, size_t n) {
    section(r, n, "oldest", "/cis/complaints");
    TableView *t = table_start(r, at(r, "show.sections", n, "table"), msg(r->c.language, "cis.desk.oldest_of"));
    table_column(t, msg(r->c.language, "cis.desk.complaint"), "code", "id");
    table_column(t, msg(r->c.language, "cis.desk.since"), "date", NULL);
    table_column(t, msg(r->c.language, "cis.desk.consumer"), "text", "name");
    table_column(t, msg(r->c.language, "cis.consumer.col_status"), "status", "status");
    table_rows_of(t, "/cis/complaints/",
                  "select p.complaint_no, p.created_at, n.display_name, p.status from complaint p "
                  "left join consumer n on n.id = p.consumer_id where p.utility_id = ? and p." COMPLAINT_WAITS
                  " order by p.id limit ?", r->c.utility, (int)ROWS_SHOWN);
    table_empty(t, msg(r->c.language, "cis.desk.no_complaints"), msg(r->c.language, "cis.desk.no_complaints_text"));
}

static void show_payments(Req *r, size_t n) {
    section(r, n, "newest", "/cis/payments");
    TableView *t = table_start(r, at(r, "show.sections", n, "table"), msg(r->c.language, "cis.desk.newest_of"));
    table_column(t, msg(r->c.language, "cis.desk.payment"), "code", "id");
    table_column(t, msg(r->c.language, "cis.desk.consumer"), "text", "name");
    table_column(t, msg(r->c.language, "cis.consumer.col_amount"), "money", "amount");
    table_column(t, msg(r->c.language, "cis.consumer.col_status"), "status", "status");
    table_rows_of(t, "/cis/payments/",
                  "select p.payment_no, n.display_name, p.amount_minor, p.status from payment p "
                  "left join consumer n on n.id = p.consumer_id where p.utility_id = ? "
                  "order by p.received_at desc, p.id desc limit ?", r->c.utility, (int)ROWS_SHOWN);
    table_empty(t, msg(r->c.language, "cis.desk.no_payments"), NULL);
}

/* Where there is nothing to count for a person: the pages that are open. */
static void show_pages(Req *r) {
    show_text(r, "show.sections.0.title", msg(r->c.language, "home.works"));
    show_text(r, "show.sections.0.kind", "links");
    if (front_links(r, "show.sections.0.links")) return;
    show_text(r, "show.sections.0.kind", "text");
    show_text(r, "show.sections.0.text.0", msg(r->c.language, "home.nothing"));
}

void desk_page(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "page.title", msg(c->language, "home.cis.title"));
    show_text(r, "page.sub", locale_date_full(&c->mem, c->locale, utility_today(c)));
    size_t n = 0, figures = sees_all(r) ? show_figures(r) : 0;
    if (figures && perm_may(c, "cis.complaints", VIEW)) show_complaints(r, n++);
    if (figures && perm_may(c, "cis.payments", VIEW)) show_payments(r, n++);
    if (!figures) show_pages(r);
    page(r, "layout/show");
}
