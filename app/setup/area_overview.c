/*
 * The territory at a glance (ONB02US08): figures with last month's, growth, income by region, the tree, the map; which
 * levels are in use; boundaries as GeoJSON.
 */
#include <string.h>

#include "app/setup/area.h"
#include "app/setup/pages.h"
#include "app/setup/totals.h"
#include "lib/chart.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/web.h"

enum { MONTHS = 6, AREAS_SHOWN = 2000, POINTS_SHOWN = 500 };

#define SAY(r, key) msg((r)->c.language, "area." key)

/* --- figures ------------------------------------------------------------------------------------------------------ */

/* Now, and at the end of last month. */
#define FIGURES(F, T) F(T, int64_t, premises) F(T, int64_t, premises_before) F(T, int64_t, consumers) \
    F(T, int64_t, consumers_before) F(T, int64_t, areas) F(T, int64_t, areas_before) F(T, Money, revenue) \
    F(T, Money, revenue_before) F(T, int64_t, meters) F(T, int64_t, meters_before) F(T, int64_t, orders) \
    F(T, int64_t, orders_before)
ROW(Figures, FIGURES)

static const Figures *figures(Req *r, Date month) {
    Ctx *c = &r->c;
    Time start = date_start(zone_find(utility_here(c)->time_zone), month);
    return db_one(r, Figures, "select (select count(*) from premise where utility_id=?) as premises, "
                              "(select count(*) from premise where utility_id=? and created_at<?) as premises_before, "
        "(select count(distinct consumer_id) from account where utility_id=? and status in ('active', "
        "'temporarily_disconnected', 'disconnected')) as consumers, "
        "(select count(distinct consumer_id) from account where utility_id=? and opened_on<? and (closed_on is null "
        "or closed_on>=?)) as consumers_before, "
        "(select count(*) from service_area where utility_id=? and status<>'merged') as areas, "
        "(select count(*) from service_area where utility_id=? and status<>'merged' and created_at<?) as areas_before, "
        "(select coalesce(sum(amount_minor), 0) from billing_daily_total where utility_id=? and total_date>=?) "
        "as revenue, (select coalesce(sum(amount_minor), 0) from billing_daily_total where utility_id=? "
        "and total_date>=? - interval 1 month and total_date<?) as revenue_before, "
        "(select count(*) from meter_installation where utility_id=? and removed_at is null) as meters, "
        "(select count(*) from meter_installation where utility_id=? and installed_at<? and (removed_at is null "
        "or removed_at>=?)) as meters_before, "
        "(select count(*) from service_order where utility_id=? and open_flag=1) as orders, "
        "(select count(*) from service_order where utility_id=? and created_at<? and (open_flag=1 "
        "or updated_at>=?)) as orders_before",
        c->utility, c->utility, start, c->utility, c->utility, month, month, c->utility, c->utility, start, c->utility,
        month, c->utility, month, month, c->utility, c->utility, start, start, c->utility, c->utility, start, start);
}

#define PREPARED(name) \
    "coalesce((select d.value from dashboard_counter d where d.utility_key=? and d.`key`='" name "' " \
                       "and d.period=? and d.area_id=0), 0)"

/* The same of many premises, as the job counted them. */
static const Figures *figures_prepared(Req *r, Month now) {
    Ctx *c = &r->c;
    Date month = month_first(now), none = TOTAL_NOW;
    int64_t u = c->utility.id;
    Time start = date_start(zone_find(utility_here(c)->time_zone), month);
    return db_one(r, Figures, "select " PREPARED("now.premises") " as premises, " PREPARED("month.premises") " as "
        "premises_before, " PREPARED("now.consumers_here") " as consumers, " PREPARED("now.consumers_before") " as "
        "consumers_before, (select count(*) from service_area where utility_id=? and status<>'merged') as areas, "
        "(select count(*) from service_area where utility_id=? and status<>'merged' and created_at<?) as areas_before, "
        "(select coalesce(sum(value), 0) from dashboard_counter where utility_key=? and `key`='month.billed' "
        "and period=?) as revenue, (select coalesce(sum(value), 0) from dashboard_counter where utility_key=? "
        "and `key`='month.billed' and period=?) as revenue_before, " PREPARED("now.meters") " as meters, "
        PREPARED("now.meters_before") " as meters_before, (select count(*) from service_order where utility_id=? "
        "and status in ('created', 'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold', 'completed')) "
        "as orders, " PREPARED("now.orders_before") " as orders_before", u, none, u,
                  month_first(month_add(now, -1)), u, none, u, none, c->utility, c->utility, start, u,
                  month, u, month_first(month_add(now, -1)), u, none, u, none, c->utility, u, none);
}

#define HERE "from service_area z join premise p on p.sub_area_id=z.id "
#define MINE "where z.utility_id=? and z.path regexp ? "

/* The same of the areas this person is limited to: fewer than all, so they are counted. */
static const Figures *figures_mine(Req *r, Date month, const char *mine) {
    Ctx *c = &r->c;
    Id u = c->utility;
    Time start = date_start(zone_find(utility_here(c)->time_zone), month);
    return db_one(r, Figures, "select (select count(*) " HERE MINE ") as premises, "
        "(select count(*) " HERE MINE "and p.created_at<?) as premises_before, "
        "(select count(distinct a.consumer_id) " HERE "join account a on a.premise_id=p.id " MINE "and a.status in "
        "('active', 'temporarily_disconnected', 'disconnected')) as consumers, "
        "(select count(distinct a.consumer_id) " HERE "join account a on a.premise_id=p.id " MINE
        "and a.opened_on<? and (a.closed_on is null or a.closed_on>=?)) as consumers_before, "
        "(select count(*) from service_area z " MINE "and z.status<>'merged') as areas, "
        "(select count(*) from service_area z " MINE "and z.status<>'merged' and z.created_at<?) as areas_before, "
        "(select coalesce(sum(t.amount_minor), 0) from service_area z join billing_daily_total t on t.sub_area_id=z.id "
        MINE "and t.utility_id=z.utility_id and t.total_date>=?) as revenue, (select coalesce(sum(t.amount_minor), 0) "
        "from service_area z join billing_daily_total t on t.sub_area_id=z.id " MINE "and t.utility_id=z.utility_id "
        "and t.total_date>=? - interval 1 month and t.total_date<?) as revenue_before, "
        "(select count(*) " HERE "join meter_installation i on i.premise_id=p.id " MINE "and i.removed_at is null) "
        "as meters, (select count(*) " HERE "join meter_installation i on i.premise_id=p.id " MINE
        "and i.installed_at<? and (i.removed_at is null or i.removed_at>=?)) as meters_before, "
        "(select count(*) " HERE "join service_order o on o.premise_id=p.id " MINE "and o.open_flag=1) as orders, "
        "(select count(*) " HERE "join service_order o on o.premise_id=p.id " MINE "and o.created_at<? "
        "and (o.open_flag=1 or o.updated_at>=?)) as orders_before",
        u, mine, u, mine, start, u, mine, u, mine, month, month, u, mine, u, mine, start, u, mine, month, u, mine,
        month, month, u, mine, u, mine, start, start, u, mine, u, mine, start, start);
}

/* good: +1 more is better, -1 less is, 0 neither. */
static void card(Req *r, size_t *n, const char *label, const char *value, const char *path, int64_t now, int64_t before,
                 int good) {
    char *k = at(r, "show.kpis", (*n)++, NULL);
    show_text(r, text(r, "%s.label", k), label);
    show_text(r, text(r, "%s.value", k), value);
    if (path) show_text(r, text(r, "%s.url", k), link_open(r, "%s", path));
    /* Nothing before: no percentage, all of it is the change. */
    int64_t tenths = before > 0 ? (now - before) * 1000 / before : now, size = tenths < 0 ? -tenths : tenths;
    show_text(r, text(r, "%s.trend.dir", k), !tenths ? "flat" : tenths > 0 ? "up" : "down");
    if (tenths && good) {
        bool better = (tenths > 0) == (good > 0);
        show_text(r, text(r, "%s.trend.good", k), better ? "1" : "0");
        show_text(r, text(r, "%s.trend.word", k), msg(r->c.language, better ? "area.better" : "area.worse"));
    }
    show_text(r, text(r, "%s.trend.figure", k),
              before > 0 || !tenths ? locale_percent(&r->c.mem, r->c.locale, size * 1000) : value);
    show_text(r, text(r, "%s.trend.text", k), SAY(r, "vs_last_month"));
}

static void show_cards(Req *r, const Figures *f) {
    Arena *a = &r->c.mem;
    const Locale *l = r->c.locale;
    size_t n = 0;
    card(r, &n, SAY(r, "premises_all"), locale_count(a, l, f->premises), "/areas/premises", f->premises,
         f->premises_before, 1);
    card(r, &n, SAY(r, "consumers_active"), locale_count(a, l, f->consumers), "/cis/consumers", f->consumers,
         f->consumers_before, 1);
    card(r, &n, SAY(r, "areas_all"), locale_count(a, l, f->areas), "/areas/levels/sub_area", f->areas, f->areas_before,
         0);
    card(r, &n, SAY(r, "revenue"), locale_money_short(a, l, f->revenue), "/bx/dashboard", f->revenue.minor,
         f->revenue_before.minor, 1);
    show_text(r, text(r, "show.kpis.%zu.trend.text", n - 1), SAY(r, "vs_month"));
    card(r, &n, SAY(r, "meters_active"), locale_count(a, l, f->meters), "/mx/meters", f->meters, f->meters_before, 1);
    card(r, &n, SAY(r, "orders"), locale_count(a, l, f->orders), "/wx/orders", f->orders, f->orders_before, -1);
}

/* --- charts ------------------------------------------------------------------------------------------------------- */

#define GROWTH(F, T) F(T, int64_t, n)
ROW(Growth, GROWTH)

/* How many premises there were at the end of a month. */
static int64_t premises_then(Req *r, Month m, bool prepared, const char *mine) {
    Id u = r->c.utility;
    Time end = date_start(zone_find(utility_here(&r->c)->time_zone), date_add_days(month_last(m), 1));
    if (mine) return db_int(r, "select count(*) " HERE MINE "and p.created_at<?", u, mine, end);
    if (!prepared) return db_int(r, "select count(*) from premise where utility_id=? and created_at<?", u, end);
    return db_int(r, "select coalesce(max(value), 0) from dashboard_counter where utility_key=? and `key`=? "
                     "and period=? and area_id=0", u.id, "month.premises", month_first(m));
}

static void show_growth(Req *r, Month last, bool prepared, const char *mine) {
    Ctx *c = &r->c;
    int64_t values[MONTHS];
    const char *labels[MONTHS], *texts[MONTHS];
    uint8_t marks[MONTHS] = { 0 };
    for (int i = 0; i < MONTHS; i++) {
        Month m = month_add(last, i - MONTHS + 1);
        values[i] = premises_then(r, m, prepared, mine);
        labels[i] = text_copy_n(r, month_name(c->locale, date_ymd(month_first(m)).month), 3);
        texts[i] = locale_count(&c->mem, c->locale, values[i]);
    }
    marks[MONTHS - 1] = CHART_UNFINISHED;
    Chart chart = { .id = "growth", .title = SAY(r, "growth"), .desc = SAY(r, "growth_desc"), .n = MONTHS,
                    .labels = labels, .series_n = 1, .so_far = SAY(r, "so_far"), .show_last = true,
                    .series = { { .name = SAY(r, "premises"), .values = values, .texts = texts, .marks = marks } } };
    show_text(r, "show.sections.0.title", SAY(r, "growth"));
    show_text(r, "show.sections.0.kind", "chart");
    show_text(r, "show.sections.0.span", "two");
    show_text(r, "show.sections.0.chart.title", SAY(r, "growth"));
    show_text(r, "show.sections.0.chart.id", "growth");
    show_text(r, "show.sections.0.chart.svg", chart_bars(&c->mem, &chart));
    chart.narrow = true;
    show_text(r, "show.sections.0.chart.svg_narrow", chart_bars(&c->mem, &chart));
}

#define REGION(F, T) F(T, const char *, code) F(T, const char *, name) F(T, Money, revenue) F(T, int64_t, consumers)
ROW(Region, REGION)

/* Billed of this month and the one before by the prepared sums. */
static Regions regions_prepared(Req *r, Date month) {
    return db_all(r, Region, "select g.code, g.name, coalesce((select sum(d.value) from service_area s "
        "join dashboard_counter d on d.utility_key=g.utility_id and d.`key`='month.billed' and d.area_id=s.id "
        "and d.period>=? - interval 1 month where s.utility_id=g.utility_id and (s.path=g.path "
        "or s.path like concat(g.path, '/%'))), 0) as revenue, coalesce((select d.value from dashboard_counter d "
        "where d.utility_key=g.utility_id and d.`key`='below.consumers' and d.period=? and d.area_id=g.id), 0) "
        "as consumers from service_area g where g.utility_id=? and g.level=if((select count(*) from service_area "
        "where utility_id=? and level='region' and status<>'merged') > 1, 'region', 'division') "
        "and g.status<>'merged' order by revenue desc, g.name limit 8", month, TOTAL_NOW, r->c.utility, r->c.utility);
}

/* Of a person limited to areas: the topmost levels of these with more than one area, else the lowest of them. */
static Regions regions_mine(Req *r, Date month, const char *mine) {
    return db_all(r, Region, "select g.code, g.name, coalesce((select sum(d.amount_minor) from service_area s "
        "join billing_daily_total d on d.sub_area_id=s.id and d.utility_id=s.utility_id "
        "and d.total_date>=? - interval 1 month where s.utility_id=g.utility_id and (s.path=g.path "
        "or s.path like concat(g.path, '/%'))), 0) as revenue, (select count(distinct a.consumer_id) "
        "from service_area s join premise p on p.sub_area_id=s.id join account a on a.premise_id=p.id and a.status in "
        "('active', 'temporarily_disconnected', 'disconnected') where s.utility_id=g.utility_id and (s.path=g.path "
        "or s.path like concat(g.path, '/%'))) as consumers from service_area g where g.utility_id=? "
        "and g.path regexp ? and g.status<>'merged' and g.level=(select z.level from service_area z " MINE
        "and z.status<>'merged' group by z.level order by count(*)=1, field(z.level, 'region', 'country', 'state', "
        "'city', 'zone', 'division', 'area', 'sub_area') limit 1) order by revenue desc, g.name limit 8", month,
                  r->c.utility, mine, r->c.utility, mine);
}

static void show_regions(Req *r, Date month, bool prepared, const char *mine) {
    Ctx *c = &r->c;
    Regions l = mine ? regions_mine(r, month, mine) : prepared ? regions_prepared(r, month) : db_all(r, Region,
        "select g.code, g.name, coalesce((select sum(d.amount_minor) from billing_daily_total d join service_area s "
        "on s.id=d.sub_area_id where d.utility_id=g.utility_id and d.total_date>=? - interval 1 month "
        "and (s.path=g.path or s.path like concat(g.path, '/%'))), 0) as revenue, (select "
        "count(distinct a.consumer_id) "
        "from account a join premise p on p.id=a.premise_id join service_area s on s.id=p.sub_area_id "
        "where a.utility_id=g.utility_id and a.status in ('active', 'temporarily_disconnected', 'disconnected') "
        "and (s.path=g.path or s.path like concat(g.path, '/%'))) as consumers from service_area g "
        "where g.utility_id=? and g.level=if((select count(*) from service_area where utility_id=? and level='region' "
        "and status<>'merged') > 1, 'region', 'division') and g.status<>'merged' order by revenue desc, g.name limit 8",
                       month, c->utility, c->utility);
    show_text(r, "show.sections.1.title", SAY(r, "by_region"));
    show_text(r, "show.sections.1.sub", mine ? SAY(r, "by_region_mine") : SAY(r, "by_region_sub"));
    show_text(r, "show.sections.1.span", "third");
    int64_t most = 1;
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].revenue.minor > most) most = l.v[i].revenue.minor;
    for (size_t i = 0; i < l.n; i++) {
        char *bar = at(r, "show.sections.1.bars", i, NULL);
        show_text(r, text(r, "%s.label", bar), l.v[i].name);
        show_text(r, text(r, "%s.value", bar),
            text(r, "%s, %s", locale_money_short(&c->mem, c->locale, l.v[i].revenue),
                msg_plural(r, c->language, "area.n_consumers", l.v[i].consumers,
                    locale_count(&c->mem, c->locale, l.v[i].consumers))));
        int64_t pct = l.v[i].revenue.minor > 0 ? l.v[i].revenue.minor / (most / 100 ? most / 100 : 1) : 0;
        show_int(r, text(r, "%s.pct", bar), pct > 100 ? 100 : pct);
        show_text(r, text(r, "%s.url", bar), link_path(r, "/areas/%s", l.v[i].code));
    }
    if (!l.n) show_text(r, "show.sections.1.text", SAY(r, "none"));
}

/* --- the tree ----------------------------------------------------------------------------------------------------- */

#define NODE(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, level) \
    F(T, const char *, path) \
    F(T, const char *, status) F(T, int64_t, premises)
ROW(Node, NODE)

/* How deep each stands in what is shown: who is limited to areas sees no areas above them. In order of paths. */
static size_t *depths_of(Req *r, const Nodes *l) {
    size_t *depth = take_n(r, size_t, l->n + 1), *above = take_n(r, size_t, l->n + 1), n = 0;
    for (size_t i = 0; i < l->n; i++) {
        while (n) {
            const char *p = l->v[above[n - 1]].path;
            size_t length = strlen(p);
            if (!strncmp(l->v[i].path, p, length) && l->v[i].path[length] == '/') break;
            n--;
        }
        depth[i] = n;
        above[n++] = i;
    }
    depth[l->n] = 0;
    return depth;
}

/* The template opens and closes a list where the depth changes ("open" and "shut" say how often). */
static void show_tree(Req *r, const char *mine) {
    Nodes l = db_all(r, Node, "select a.code, a.name, a.level, a.path, a.status, (select count(*) from premise p "
                              "where p.sub_area_id=a.id) as premises from service_area a where a.utility_id=? "
                              "and a.status<>'merged' and (? is null or a.path regexp ?) order by concat(a.path, '/') "
                              "limit ?", r->c.utility, mine, mine, (int)AREAS_SHOWN);
    const size_t *depths = depths_of(r, &l);
    for (size_t i = 0; i < l.n; i++) {
        const Node *k = &l.v[i];
        char *to = at(r, "tree", i, NULL);
        size_t depth = depths[i], next = depths[i + 1];
        show_text(r, text(r, "%s.code", to), k->code);
        show_text(r, text(r, "%s.name", to), k->name);
        show_text(r, text(r, "%s.url", to), link_path(r, "/areas/%s", k->code));
        show_text(r, text(r, "%s.level", to), area_word(&r->c, area_level(k->level), "name"));
        if (!strcmp(k->level, "sub_area"))
            show_text(r, text(r, "%s.count", to), msg_plural(r, r->c.language, "area.n_premises", k->premises,
                locale_count(&r->c.mem, r->c.locale, k->premises)));
        if (strcmp(k->status, "active")) {
            show_text(r, text(r, "%s.status", to), state_label(r, k->status));
            show_text(r, text(r, "%s.tone", to), state_tone(r, k->status));
        }
        int64_t children = 0;
        for (size_t m = i + 1; m < l.n && depths[m] > depth; m++) children += depths[m] == depth + 1;
        if (children) show_text(r, text(r, "%s.opens", to), msg_plural(r, r->c.language, "area.n_below", children,
            locale_count(&r->c.mem, r->c.locale, children)));
        if (depth < 2) show_text(r, text(r, "%s.open", to), "1");
        for (size_t d = next; d < depth; d++) show_text(r, text(r, "%s.shut.%zu", to, d - next), "1");
    }
}

void area_overview_page(Req *r) {
    Month now = month_of(utility_today(&r->c));
    show_text(r, "page.title", SAY(r, "title"));
    show_text(r, "page.sub", SAY(r, "how"));
    area_tabs(r, "overview");
    size_t n = 0;
    bool may = perm_may(&r->c, "core.areas", CREATE);
    const struct { const char *text_, *path; bool shown, primary; } actions[] = {
        { SAY(r, "add_any"), "/areas/new", may, true }, { SAY(r, "import"), "/areas/import", may, false },
        { SAY(r, "export"), "/areas/geojson", perm_may(&r->c, "core.areas", EXPORT), false },
        { SAY(r, "levels"), "/areas/levels", perm_may(&r->c, "core.areas", EDIT), false } };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (!actions[i].shown) continue;
        show_text(r, at(r, "page.actions", n, "text"), actions[i].text_);
        show_text(r, at(r, "page.actions", n, "url"), link_path(r, "%s", actions[i].path));
        show_text(r, at(r, "page.actions", n++, "kind"), actions[i].primary ? "primary" : NULL);
    }
    bool prepared = area_is_prepared(&r->c);
    const char *mine = area_scope_pattern(&r->c);
    show_cards(r, mine ? figures_mine(r, month_first(now), mine) : prepared ? figures_prepared(r, now)
               : figures(r, month_first(now)));
    show_growth(r, now, prepared, mine);
    show_regions(r, month_first(now), prepared, mine);
    show_tree(r, mine);
    show_text(r, "page.map", "1");
    show_text(r, "map_url", link_path(r, "/areas/map.json"));
    page(r, "setup/areas");
}

/* --- the map's data ----------------------------------------------------------------------------------------------- */

#define SHAPE(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, level) \
    F(T, const char *, status) F(T, const char *, geometry) F(T, int64_t, premises)
ROW(Shape, SHAPE)
#define CLUSTER(F, T) F(T, const char *, lat) F(T, const char *, lng) F(T, int64_t, n) F(T, const char *, name) \
    F(T, int64_t, areas) F(T, const char *, square)
ROW(Cluster, CLUSTER)

typedef struct Drawing { Req *r; JsonOut out; const Shape *shape; } Drawing;

static void add_ring(void *arg, const char *path) {
    Drawing *d = arg;
    Req *r = d->r;
    json_open_object(&d->out, NULL);
    json_add_json(&d->out, "path", path);
    json_add_text(&d->out, "title", text(r, "%s %s", d->shape->code, d->shape->name));
    json_add_text(&d->out, "text", msg_plural(r, r->c.language, "area.n_premises", d->shape->premises,
                                              locale_count(&r->c.mem, r->c.locale, d->shape->premises)));
    json_add_text(&d->out, "url", link_path(r, "/areas/%s", d->shape->code));
    if (strcmp(d->shape->status, "active")) json_add_text(&d->out, "tone", "off");
    json_close(&d->out);
}

/* Whole territory, or with ?area= what lies below it: boundaries, and premises by squares of about a kilometre. */
void area_map_json(Req *r) {
    Ctx *c = &r->c;
    const char *code = query_text(r, "area");
    const AreaRow *top = code ? area_row(c, code) : NULL;
    if (code && !top) fail(r, NOT_FOUND, "There is no such area.");
    const char *path = top ? top->path : NULL, *like = top ? text(r, "%s/%%", top->path) : NULL;
    const char *mine = area_scope_pattern(c);           /* of staff limited to areas: theirs alone */
    Shapes l = db_all(r, Shape, "select a.code, a.name, a.level, a.status, a.geometry, (select count(*) from premise p "
        "where p.sub_area_id=a.id) as premises from service_area a where a.utility_id=? and a.status<>'merged' "
        "and a.geometry is not null and (? is null or a.path=? or a.path like ?) order by length(a.path), a.code "
        "limit ?", c->utility, path, path, like, (int)AREAS_SHOWN);
    Clusters k = db_all(r, Cluster, "select format(avg(p.latitude), 6) as lat, format(avg(p.longitude), 6) as lng, "
        "count(*) as n, min(a.name) as name, count(distinct a.id) as areas, "
        "concat(round(p.latitude, 2), ',', round(p.longitude, 2)) as square from premise p join service_area a "
        "on a.id=p.sub_area_id where p.utility_id=? and p.latitude is not null and (? is null or a.path=? "
        "or a.path like ?) and (? is null or a.path regexp ?) group by round(p.latitude, 2), round(p.longitude, 2) "
        "order by count(*) desc limit ?", c->utility, path, path, like, mine, mine, (int)POINTS_SHOWN);
    Text t = text_start(r);
    Drawing d = { r, json_out(&t), NULL };
    json_open_object(&d.out, NULL);
    json_open_list(&d.out, "areas");
    for (size_t i = 0; i < l.n; i++) {
        d.shape = &l.v[i];
        if (scope_has_area(c, area_find(c, l.v[i].code))) area_rings(c, l.v[i].geometry, add_ring, &d);
    }
    json_close(&d.out);
    json_open_list(&d.out, "points");
    for (size_t i = 0; i < k.n; i++) {
        json_open_object(&d.out, NULL);
        json_add_number(&d.out, "lat", k.v[i].lat);
        json_add_number(&d.out, "lon", k.v[i].lng);
        json_add_text(&d.out, "title", msg_plural(r, c->language, "area.n_premises", k.v[i].n,
                                                  locale_count(&c->mem, c->locale, k.v[i].n)));
        json_add_text(&d.out, "text", k.v[i].areas == 1 ? k.v[i].name : msg_plural(r, c->language, "area.and_more",
            k.v[i].areas - 1, locale_count(&c->mem, c->locale, k.v[i].areas - 1), { "name", k.v[i].name }));
        json_add_text(&d.out, "url", link_path(r, "/areas/premises?square=%s%s%s", k.v[i].square, top ? "&area=" : "",
                                               top ? url_part(r, top->code) : ""));
        json_close(&d.out);
    }
    json_close(&d.out);
    json_close(&d.out);
    answer(r, 200, "application/json", t.s, t.n);
}

/* All boundaries as one FeatureCollection, to be kept or read by other programs; areas without one have null. */
void area_geojson(Req *r) {
    Shapes l = db_all(r, Shape, "select a.code, a.name, a.level, a.status, a.geometry, 0 as premises "
        "from service_area a where a.utility_id=? and a.status<>'merged' order by concat(a.path, '/') limit 20000",
                      r->c.utility);
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_text(&o, "type", "FeatureCollection");
    json_open_list(&o, "features");
    for (size_t i = 0; i < l.n; i++) {
        const AreaRow *a = area_row(&r->c, l.v[i].code);
        if (!scope_has_area(&r->c, a->id)) continue;
        json_open_object(&o, NULL);
        json_add_text(&o, "type", "Feature");
        json_open_object(&o, "properties");
        json_add_text(&o, "level", a->level);
        json_add_text(&o, "code", a->code);
        json_add_text(&o, "name", a->name);
        json_add_text(&o, "parent_code", a->parent_code);
        json_add_text(&o, "status", a->status);
        json_close(&o);
        if (a->geometry) json_add_json(&o, "geometry", a->geometry);
        else json_add_null(&o, "geometry");
        json_close(&o);
    }
    json_close(&o);
    json_close(&o);
    audit_note(&r->c, "export", "service_area", (Id){ 0 }, NULL, "GeoJSON");
    header_set(r, "Content-Disposition", "attachment; filename=\"service-areas.geojson\"");
    answer(r, 200, "application/geo+json", t.s, t.n);
}

/* --- which levels are in use -------------------------------------------------------------------------------------- */

static const Choice optional_levels[] = { { "country", "Country" }, { "state", "State" }, { "city", "City/County" },
                                          { "zone", "Zone" }, { 0 } };
static const Form levels_form = { .name = "area_levels", .fields = FIELDS {
    { "levels", "Further levels", CHOICES(optional_levels),
      .hint = "Region, division, area and sub-area are always in use." },
    { 0 } } };

void area_levels_page(Req *r) {
    form_show(r, "form", &levels_form, "/areas/levels");
    show_text(r, "page.title", SAY(r, "levels"));
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/areas"));
    show_text(r, "page.crumbs.1.text", SAY(r, "levels"));
    show_text(r, "form.intro", SAY(r, "levels_how"));
    show_text(r, "form.submit", SAY(r, "save"));
    show_text(r, "form.cancel_url", link_path(r, "/areas"));
    unsigned used = area_used(&r->c);
    for (int i = 0; optional_levels[i].value && !r->again; i++)
        if (used & AREA_BIT(area_level(optional_levels[i].value)))
            show_text(r, text(r, "form.fields.levels.options.%d.selected", i), "1");
    page(r, "layout/form");
}

/* A level may be switched while no area stands on it, nor under it without one between. */
void area_levels_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &levels_form);
    Texts chosen = in_texts(in, "levels");
    Text names = text_start(r);
    text_add(&names, "");
    for (size_t i = 0; i < chosen.n; i++) text_addf(&names, "%s%s", i ? "," : "", chosen.v[i]);
    unsigned used = area_used(c), next = area_levels_used(names.s);
    for (AreaLevel l = AREA_REGION; l < AREA_LEVELS; l++) {
        if (!((used ^ next) & AREA_BIT(l))) continue;
        AreaLevel under = area_child_level(used, l);
        int64_t n = db_int(r, "select count(*) from service_area where utility_id=? and status<>'merged' "
                              "and level in (?, ?)", c->utility, area_levels[l],
                           used & AREA_BIT(l) ? area_levels[l] : area_levels[under]);
        if (n) problem(r, "levels", "%s", msg_format(r, c->language, used & AREA_BIT(l) ? "area.level_used"
            : "area.level_late", { "level", area_word(c, l, "name") }, { "under", area_word(c, under, "names") }));
    }
    problems_end(r);
    setting_set(c, "area.levels", names.s);
    note(r, "%s", SAY(r, "levels_saved"));
    go(r, "/areas");
}
