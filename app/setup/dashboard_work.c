/*
 * Open work on the utility's dashboard (ONB02US01): each figure is counted as the list behind it counts, so that both
 * are the same. Figures of a module that is off are not shown. To add one: a row in tiles with its function.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/dashboard.h"
#include "app/setup/totals.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

#define ORDERS_OPEN "status=created&status=assigned&status=accepted&status=en_route&status=in_progress&status=on_hold"

typedef enum Days { ANY_DAY, ON_TODAY, UP_TO_TODAY, BEFORE_TODAY } Days;

typedef struct Work { const DashboardAsked *a; const struct WorkTile *tile; int64_t n, of; bool good; } Work;

static void count_exceptions(Ctx *c, Work *w) {
    w->n = db_int(c, "select count(*) from bill_exception e join account a on a.id = e.account_id "
                     "left join premise m on m.id = a.premise_id left join service_area s on s.id = m.sub_area_id "
        "where e.utility_id = ? and e.state in ('open', 'assigned') and (? is null or s.path regexp ?)", c->utility,
                  w->a->areas, w->a->areas);
}

static void count_complaints(Ctx *c, Work *w) {
    w->n = db_int(c, "select count(*) from complaint p left join premise m on m.id = p.premise_id "
        "left join service_area s on s.id = m.sub_area_id where p.utility_id = ? and p." COMPLAINT_WAITS
        " and (? is null or s.path regexp ?)", c->utility, w->a->areas,
                  w->a->areas);
}

static void count_requests(Ctx *c, Work *w) {
    w->n = db_int(c, "select count(*) from service_request q left join account a on a.id = q.account_id "
                     "left join premise m on m.id = a.premise_id left join service_area s on s.id = m.sub_area_id "
        "where q.utility_id = ? and q." REQUEST_PROMISED
        " and (? is null or s.path regexp ?)", c->utility, w->a->areas, w->a->areas);
}

/* In tenths of an hour; -1: nothing was resolved. */
static void count_resolved(Ctx *c, Work *w) {
    w->n = db_int(c, "select coalesce(round(avg(timestampdiff(minute, p.created_at, p.resolved_at)) / 6), -1) "
                     "from complaint p left join premise m on m.id = p.premise_id left join service_area s "
        "on s.id = m.sub_area_id where p.utility_id = ? and p.status in ('resolved', 'closed') and p.resolved_at >= ? "
        "and p.resolved_at < ? and (? is null or s.path regexp ?)", c->utility, date_start(c->locale->zone, w->a->from),
                  date_start(c->locale->zone, date_add_days(w->a->to, 1)), w->a->areas, w->a->areas);
}

static void count_orders(Ctx *c, Work *w) {
    w->n = db_int(c, "select count(*) from service_order o join premise m on m.id = o.premise_id "
                     "left join service_area s on s.id = m.sub_area_id where o.utility_id = ? and o.status in "
        "('created', 'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold', 'completed') "
        "and (? is null or s.path regexp ?)", c->utility, w->a->areas, w->a->areas);
}

static void count_assigned(Ctx *c, Work *w) {
    w->n = db_int(c, "select count(*) from service_order o join premise m on m.id = o.premise_id "
                     "left join service_area s on s.id = m.sub_area_id where o.utility_id = ? and o.status in "
        "('assigned', 'accepted', 'en_route', 'in_progress') and (? is null or s.path regexp ?)", c->utility,
                  w->a->areas, w->a->areas);
}

static void count_late(Ctx *c, Work *w) {
    w->n = db_int(c, "select count(*) from service_order o join premise m on m.id = o.premise_id "
                     "left join service_area s on s.id = m.sub_area_id where o.utility_id = ? and o.status in "
        "('created', 'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold') and o.due_at < ? "
        "and (? is null or s.path regexp ?)", c->utility, date_start(c->locale->zone, w->a->today), w->a->areas,
                  w->a->areas);
}

/* Of those who work in the field here, how many are signed in; who left is out within the time a session may rest. */
static void count_executives(Ctx *c, Work *w) {
    w->of = db_int(c, "select count(distinct x.user_id) from role o join user_role x on x.role_id = o.id "
        "and (x.utility_id is null or x.utility_id = ?) join user u on u.id = x.user_id and u.status = 'active' "
        "where o.code = 'field_executive' and (o.utility_id is null or o.utility_id = ?)", c->utility, c->utility);
    w->n = db_int(c, "select count(distinct x.user_id) from role o join user_role x on x.role_id = o.id "
        "and (x.utility_id is null or x.utility_id = ?) join user u on u.id = x.user_id and u.status = 'active' "
        "join session s on s.realm = 'staff' and s.subject_id = x.user_id and s.ended_at is null "
        "where o.code = 'field_executive' and (o.utility_id is null or o.utility_id = ?)", c->utility, c->utility);
}

/* Without an area the index alone is read: there may be a task for each meter. */
static void count_past_time(Ctx *c, Work *w) {
    w->n = w->a->areas
        ? db_int(c, "select count(*) from service_request q left join account a on a.id = q.account_id "
                    "left join premise m on m.id = a.premise_id left join service_area s on s.id = m.sub_area_id "
            "where q.utility_id = ? and q." REQUEST_PROMISED " and q.due_at < ? and s.path regexp ?",
                 c->utility, c->now, w->a->areas)
        : db_int(c, "select count(*) from service_request where utility_id = ? and " REQUEST_PROMISED " and due_at < ?",
                 c->utility, c->now);
}

static void count_readings(Ctx *c, Work *w) {
    w->n = w->a->areas
        ? db_int(c, "select count(*) from meter_reading x join service_connection n on n.id = x.service_connection_id "
                    "join premise p on p.id = n.premise_id join service_area s on s.id = p.sub_area_id "
            "where x.utility_id = ? and x.read_on = ? and x.status in ('captured', 'passed', 'pending', 'exempted', "
            "'revisit') and x.source in ('manual', 'csv', 'photo', 'smart', 'consumer', 'order') and s.path regexp ?",
                 c->utility, w->a->today, w->a->areas)
        : db_int(c, "select count(*) from meter_reading where utility_id = ? and read_on = ? and status in "
            "('captured', 'passed', 'pending', 'exempted', 'revisit') "
            "and source in ('manual', 'csv', 'photo', 'smart', 'consumer', 'order')", c->utility, w->a->today);
}

static void count_tasks(Ctx *c, Work *w) {
    w->n = w->a->areas
        ? db_int(c, "select count(*) from read_task x join service_connection n on n.id = x.service_connection_id "
                    "join premise p on p.id = n.premise_id join service_area s on s.id = p.sub_area_id "
            "where x.utility_id = ? and x.state in ('open', 'revisit') and x.due_on <= ? and s.path regexp ?",
                 c->utility, w->a->today, w->a->areas)
        : db_int(c, "select count(*) from read_task where utility_id = ? and state in ('open', 'revisit') "
            "and due_on <= ?", c->utility, w->a->today);
}

/* path: of the list; the area is appended, where it has one, and the days that count, by the list's column `day`.
   `name` is that of the figure in the file, `of` that of what stands behind it. */
static const struct WorkTile {
    const char *label, *module, *right, *path;
    void      (*count)(Ctx *, Work *);
    const char *name, *of;
    Days        days;
    const char *day;
} tiles[] = {
    { "dashboard.exceptions", "bx", "bx.dashboard", "/bx/dashboard/exceptions", count_exceptions,
      "exceptions" },
    { "dashboard.requests", "cis", "cis.service_requests", "/cis/service-requests?status=pending_approval"
      "&status=awaiting_payment&status=in_progress&status=on_hold&status=estimate_sent", count_requests,
      "requests_open" },
    { "dashboard.past_time", "cis", "cis.service_requests", "/cis/service-requests?past_time=1", count_past_time,
      "requests_past_time" },
    { "dashboard.complaints", "cis", "cis.complaints",
      "/cis/complaints?status=pending&status=assigned&status=in_progress&status=on_hold", count_complaints,
      "complaints_open" },
    { "dashboard.resolution", "cis", "cis.complaints", "/cis/complaints?status=resolved&status=closed",
      count_resolved, "hours_until_resolved" },
    { "dashboard.orders", "wx", "wx.order", "/wx/orders?" ORDERS_OPEN "&status=completed", count_orders,
      "orders_open" },
    { "dashboard.orders_assigned", "wx", "wx.order",
      "/wx/orders?status=assigned&status=accepted&status=en_route&status=in_progress", count_assigned,
      "orders_assigned" },
    { "dashboard.orders_late", "wx", "wx.order", "/wx/orders?" ORDERS_OPEN, count_late, "orders_late",
      .days = BEFORE_TODAY, .day = "due_at" },
    { "dashboard.executives", "wx", "wx.order", "/users?with_role=field_executive&status=active&signed_in=1",
      count_executives, "field_staff_signed_in", "field_staff" },
    { "dashboard.reads", "mx", "mx.reads", "/mx/reads?status=captured&status=passed&status=pending&status=exempted"
      "&status=revisit&source=manual&source=csv&source=photo&source=smart&source=consumer"
      "&source=order", count_readings, "readings_today", .days = ON_TODAY, .day = "read_on" },
    { "dashboard.reads_due", "mx", "mx.reads", "/mx/reads/due", count_tasks, "readings_due",
      .days = UP_TO_TODAY, .day = "due_on" },
};

static void count_one(Ctx *c, void *arg) {
    Work *w = arg;
    w->tile->count(c, w);
    w->good = true;
}

/* The list's address with the days of the tile and the area asked for. */
static const char *path_of(Req *r, const Work *w) {
    const struct WorkTile *t = w->tile;
    const char *today = date_iso(&r->c.mem, w->a->today);
    const char *last = t->days == BEFORE_TODAY ? date_iso(&r->c.mem, date_add_days(w->a->today, -1)) : today;
    Text p = text_start(r);
    text_add(&p, t->path);
    if (t->days == ON_TODAY) text_addf(&p, "&%s_from=%s", t->day, today);
    if (t->days) text_addf(&p, "%s%s_to=%s", strchr(p.s, '?') ? "&" : "?", t->day, last);
    if (t->count != count_executives) text_add(&p, dashboard_area_part(r, w->a, strchr(p.s, '?') ? "&" : "?"));
    return p.s;
}

static void show_tile(Req *r, size_t *n, const Work *w) {
    Ctx *c = &r->c;
    const struct WorkTile *t = w->tile;
    bool hours = t->count == count_resolved;
    if (hours && w->good && w->n < 0) return;                                   /* nothing was resolved */
    const char *tenths = text(r, "%lld.%lld", (long long)(w->n / 10), (long long)(w->n % 10));
    const char *value = !w->good ? NULL : hours ? msg_format(r, c->language, "dashboard.hours", { "hours", tenths })
        : locale_count(&c->mem, c->locale, w->n);
    const char *of = locale_count(&c->mem, c->locale, w->of);
    const char *sub = t->count == count_past_time ? SAY(r, "past_time_how")
        : t->count == count_executives && w->a->area ? SAY(r, "executives_all") : NULL;
    dashboard_tile(r, n, msg(c->language, t->label), value, sub, path_of(r, w));
    if (w->good && t->count == count_executives)
        dashboard_unit(r, *n - 1, msg_format(r, c->language, "dashboard.of", { "n", of }));
}

/* Counts tile `i`; NULL when this person may not see it or its module is off. */
static const Work *counted(Req *r, const DashboardAsked *a, size_t i) {
    if (!perm_may(&r->c, tiles[i].right, VIEW) || !dashboard_has(a, tiles[i].module)) return NULL;
    Work *w = take(r, sizeof *w);
    *w = (Work){ .a = a, .tile = &tiles[i] };
    attempt(&r->c, count_one, w);
    return w;
}

void dashboard_work_show(Req *r, size_t *n, const DashboardAsked *a) {
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        const Work *w = counted(r, a, i);
        if (w) show_tile(r, n, w);
    }
}

void dashboard_work_each(Req *r, const DashboardAsked *a,
                         void (*each)(void *arg, const char *name, const char *value), void *arg) {
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        const Work *w = counted(r, a, i);
        if (!w) continue;
        bool hours = w->tile->count == count_resolved, known = w->good && w->n >= 0;
        const char *value = !known ? NULL : hours ? text(r, "%lld.%lld", (long long)(w->n / 10), (long long)(w->n % 10))
            : text(r, "%lld", (long long)w->n);
        each(arg, w->tile->name, value);
        if (w->tile->of) each(arg, w->tile->of, known ? text(r, "%lld", (long long)w->of) : NULL);
    }
}
