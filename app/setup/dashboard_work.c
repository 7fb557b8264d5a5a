/*
 * Open work on the utility's dashboard (ONB02US01): each figure is counted as the list behind it counts, so that both
 * are the same.
 */
#include "app/setup/dashboard.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

typedef struct Work { const DashboardAsked *a; int64_t n[8]; bool good[8]; int at; } Work;

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

void dashboard_work_show(Req *r, size_t *n, const DashboardAsked *a) {
    Ctx *c = &r->c;
    const char *area = dashboard_area_part(r, a, "&");
    const struct { const char *label, *key, *path; } cards[] = {
        { SAY(r, "exceptions"), "bx.dashboard",
          text(r, "/bx/dashboard/exceptions?%s", dashboard_area_part(r, a, "")) },
        { SAY(r, "complaints"), "cis.complaints",
          text(r, "/cis/complaints?status=pending&status=assigned&status=in_progress&status=on_hold%s", area) },
        { SAY(r, "requests"), "cis.service_requests",
          text(r, "/cis/service-requests?%s", dashboard_area_part(r, a, "")) },
        { SAY(r, "orders"), "wx.order", text(r, "/wx/orders?%s", dashboard_area_part(r, a, "")) },
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
        dashboard_tile(r, n, cards[i].label, value, NULL, cards[i].path);
    }
}
