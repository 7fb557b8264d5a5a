/*
 * The utility administrator's dashboard (ONB02US01): how far the configuration is, and the figures of the modules that
 * are on, of a period, a service and an area with all below it. Money, ageing and use are prepared (figures.c), open
 * work is counted from its own lists, so that a figure and the list behind it are the same. What cannot be read shows
 * as missing.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/setup/dashboard.h"
#include "app/setup/guide.h"
#include "app/setup/pages.h"
#include "app/setup/step.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

enum { ALERTS_SHOWN = 6 };

/* --- what is asked for -------------------------------------------------------------------------------------------- */

static const char *const periods[] = { "today", "week", "month", "custom", NULL };

static Date date_asked(Req *r, const char *name) {
    const char *s = query_text(r, name);
    Date d;
    return s && read_date(r->c.locale, s, &d) == DATE_OK ? d : DATE_NONE;
}

static void custom_range(Req *r, DashboardAsked *a) {
    Date from = date_asked(r, "from"), to = date_asked(r, "to");
    if (!date_is_set(from) || !date_is_set(to) || to.day < from.day) {
        fail_field(r, INVALID, "from", "%s", SAY(r, "range"));
    }
    if (to.day > date_add_days(date_add_months(from, DASHBOARD_MONTHS), -1).day)
        fail_field(r, INVALID, "from", "%s", SAY(r, "range_long"));
    a->from = from, a->to = to;
}

/* The areas the person may see, narrowed to the one asked for. */
static const char *areas_of(Req *r, const AreaRow *area) {
    return area ? text(r, "^%s(/|$)", area->path) : area_scope_pattern(&r->c);
}

DashboardAsked dashboard_asked(Req *r) {
    const char *period = query_text(r, "period"), *code = query_text(r, "area");
    DashboardAsked a = { .period = "month", .today = utility_today(&r->c), .service = query_text(r, "service") };
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
    const char *on = db_text(r, "select group_concat(module separator ' ') from module_activation where utility_id=? "
                                "and active=1", r->c.utility);
    a.modules = text(r, " %s ", on ? on : "");
    return a;
}

bool dashboard_has(const DashboardAsked *a, const char *module) {
    size_t n = strlen(module);
    for (const char *s = a->modules; (s = strstr(s, module)); s += n)
        if (s[-1] == ' ' && s[n] == ' ') return true;
    return false;
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

#define ALERT(F, T) F(T, Id, id) F(T, const char *, severity) F(T, const char *, subject) F(T, const char *, link) \
    F(T, Time, last_at)
ROW(Alert, ALERT)

static void show_alerts(Req *r, size_t *n, DashboardFigures *f) {
    (void)f;
    Ctx *c = &r->c;
    Alerts l = db_all(r, Alert, "select id, severity, subject, link, last_at from alert where utility_id=? "
        "and resolved_at is null and acknowledged_by is null order by field(severity, 'critical', 'warning', 'info'), "
        "last_at desc limit ?", c->utility, (int)ALERTS_SHOWN);
    if (!l.n) return;
    const char *at_ = dashboard_section(r, n, msg(c->language, "org.alerts"), NULL);
    bool may = perm_may(c, "core.dashboard", EDIT);
    TableView *t = table_start(r, text(r, "%s.table", at_), msg(c->language, "org.alerts"));
    table_column(t, msg(c->language, "org.alert"), "text", "id");
    table_column(t, msg(c->language, "org.last_seen"), "date", NULL);
    table_column(t, msg(c->language, "org.severity"), "status", "status");
    if (may) table_column(t, msg(c->language, "org.actions"), "act", NULL);
    for (size_t i = 0; i < l.n; i++) {
        const char *link = l.v[i].link;
        bool whole = link && (!strncmp(link, "/u/", 3) || !strncmp(link, "/org", 4) || !strncmp(link, "/setup", 6));
        table_row(t, !link || whole ? link : link_open(r, "%s", link));
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

static void show_filters(Req *r, const DashboardAsked *a) {
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

static bool all_signed(const StepNows *all) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].def->phase == PHASE_UTILITY && all->v[i].def->weight && strcmp(all->v[i].state, "signed_off"))
            return false;
    return all->n > 0;
}

static void show_setup(Req *r) {
    StepNows all = steps_now(&r->c);
    guide_banner(r);
    show_int(r, "setup.percent", steps_percent(&all));
    show_text(r, "setup.text", msg_format(r, r->c.language, "utility.percent",
                                          { "percent", text(r, "%d", steps_percent(&all)) }));
    bool done = all_signed(&all);
    show_flag(r, "setup.done", done);
    if (done) show_text(r, "setup.url", text(r, "/utilities/%s/progress", r->c.utility_code));
    else setup_steps_show(r, "show.sections", r->prefix);       /* asks every check: not while nothing is to be done */
}

/* A section in an attempt of its own: one that cannot be read says so and takes nothing along. */
typedef struct Part { Req *r; DashboardFigures *f; size_t *n; void (*show)(Req *, size_t *, DashboardFigures *); } Part;

static void part_show(Ctx *c, void *arg) {
    const Part *p = arg;
    (void)c;
    p->show(p->r, p->n, p->f);
}

static void part(Req *r, DashboardFigures *f, size_t *n, void (*show)(Req *, size_t *, DashboardFigures *)) {
    Part *p = take(r, sizeof *p);
    size_t before = n ? *n : 0;
    *p = (Part){ r, f, n, show };
    if (attempt(&r->c, part_show, p)) return;
    if (!n) return;
    *n = before;
    show_text(r, text(r, "%s.error", dashboard_section(r, n, SAY(r, "part"), NULL)), SAY(r, "unavailable"));
}

void dashboard_page(Req *r) {
    DashboardFigures *f = dashboard_figures(r);
    if (query_text(r, "export")) {
        perm_check(&r->c, "core.dashboard", EXPORT);
        perm_check(&r->c, "bx.bill", VIEW);
        dashboard_file(r, f);
        return;
    }
    size_t n = 0, m = 0;
    show_text(r, "page.title", SAY(r, "title"));
    show_text(r, "page.sub", utility_here(&r->c)->name);
    show_text(r, "page.actions.0.text", msg(r->c.language, "org.refresh"));
    show_text(r, "page.actions.0.url", text(r, "%s?%s", link_path(r, "/dashboard"), f->a.query));
    if (perm_may(&r->c, "core.dashboard", EXPORT)) {
        show_text(r, "page.actions.1.text", msg(r->c.language, "org.export"));
        show_text(r, "page.actions.1.url", text(r, "%s?%s&export=csv", link_path(r, "/dashboard"), f->a.query));
    }
    show_filters(r, &f->a);
    bool money = perm_may(&r->c, "bx.bill", VIEW) && dashboard_has(&f->a, "bx");
    if (money) dashboard_figures_show(r, &n, f);
    dashboard_work_show(r, &n, &f->a);
    show_setup(r);
    part(r, f, &m, show_alerts);
    if (money) {
        part(r, f, &m, dashboard_money_show);
        part(r, f, &m, dashboard_ageing_show);
        part(r, f, &m, dashboard_use_show);
    }
    if (dashboard_has(&f->a, "cis")) part(r, f, &m, dashboard_requests_show);
    if (money) part(r, f, &m, dashboard_cycles_show);
    if (perm_may(&r->c, "hub.events", VIEW)) part(r, f, &m, dashboard_integrations_show);
    if (money) part(r, f, NULL, dashboard_map_show);
    page(r, "setup/dashboard");
}
