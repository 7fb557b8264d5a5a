/*
 * The organization's dashboard (ONB0502): how far it and each utility are configured, what wants attention, what was
 * bought. Figures are prepared totals (totals.h) with the time they were counted; one that is not there is said to be
 * missing and the page stands all the same.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/core/rights.h"
#include "app/platform/platform.h"
#include "app/setup/organization.h"
#include "app/setup/pages.h"
#include "app/setup/step.h"
#include "app/setup/totals.h"
#include "app/setup/utility_card.h"
#include "lib/chart.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "org." key)
enum { ALERTS_SHOWN = 50, AUDIT_SHOWN = 10 };

typedef struct Board {
    Totals       now;
    UtilityCards utilities;
    CardSteps    steps;
    int          days;                  /* of the charts */
    Date         today;
} Board;

static Board read_board(Req *r) {
    Ctx *c = &r->c;
    int64_t days = query_int(r, "days", 30);
    return (Board){ .now = totals_now(c), .utilities = utility_cards(c, &(CardQuery){ 0 }), .steps = card_steps(c),
                    .days = days == 7 || days == 90 ? (int)days : 30, .today = utility_today(c) };
}

/* --- tiles -------------------------------------------------------------------------------------------------------- */

/* What a tile counts. Of the organization, or (`per_utility`) the sum over utilities and of what belongs to none: the
   link goes to the list of the one that has some, or to the sum's parts. path: of the organization, or of the utility;
   of_utility, of_none: added where the list holds both. */
typedef struct Tile { const char *name, *key, *label; bool per_utility; const char *path, *of_utility, *of_none; } Tile;
static const Tile tiles[] = {
    { "active",   "now.users_active",    "org.tile.active",   false, "/org/people?status=active" },
    { "invited",  "now.users_invited",   "org.tile.invited",  false, "/org/people?status=invited&status=pending" },
    { "locked",   "now.users_locked",    "org.tile.locked",   false, "/org/people?is_locked=1&status=active" },
    { "sign-ins", "now.sign_ins_failed", "org.tile.sign_ins", false, "/org/sign-ins?outcome=failed&age=24h" },
    { "imports",  "now.imports_open",    "org.tile.imports",  true,  "/migration?is_open=1" },
    { "jobs",     "now.jobs_failed",     "org.tile.jobs",     true,  "/jobs?state=dead&ended=24h", "&of=utility",
      "&of=organization" },
    { "gateways", "now.gateway_n",       "org.tile.gateway",  true,  "/integrations/events" },
    { "webhooks", "now.hooks_dead",      "org.tile.hooks",    true,  "/integrations/events?state=dead&age=24h" },
};
enum { TILES = sizeof tiles / sizeof *tiles };

/* value -1: could not be calculated; code: the utility whose list it is, NULL: none or several */
typedef struct Figure { int64_t value; Time as_of; const char *code; } Figure;

static void figure_add(Figure *f, const Total *one) {
    f->value = (f->value < 0 ? 0 : f->value) + one->value;
    if (!time_is_set(f->as_of) || one->updated_at.us < f->as_of.us) f->as_of = one->updated_at;
}

static Figure figure_of(const Board *b, const Tile *t) {
    Figure f = { -1, TIME_NONE, NULL };
    const Total *own = total_find(&b->now, (Id){ 0 }, t->key);
    if (own) figure_add(&f, own);
    size_t with_some = 0;
    for (size_t i = 0; t->per_utility && i < b->utilities.n; i++) {
        const UtilityCard *u = &b->utilities.v[i];
        const Total *one = total_find(&b->now, u->id, t->key);
        if (!one) continue;
        figure_add(&f, one);
        if (one->value) f.code = u->code, with_some++;
    }
    bool of_one = b->utilities.n == 1 || (with_some == 1 && !(own && own->value));
    if (b->utilities.n && (of_one || !f.value) && !f.code) f.code = b->utilities.v[0].code;
    if (f.value > 0 && !of_one) f.code = NULL;
    return f;
}

/* Green from 95 % good, amber from 80 %; without traffic there is nothing to say. */
static const char *light_of(const Board *b) {
    static const char *const worst[] = { "off", "ok", "warn", "bad" };
    int at_ = 0;
    for (size_t i = 0; i < b->utilities.n; i++) {
        const Total *n = total_find(&b->now, b->utilities.v[i].id, "now.gateway_n"),
            *good = total_find(&b->now, b->utilities.v[i].id, "now.gateway_good");
        if (!n || !good || !n->value) continue;
        int64_t pct = good->value * 100 / n->value;
        int level = pct >= 95 ? 1 : pct >= 80 ? 2 : 3;
        if (level > at_) at_ = level;
    }
    return worst[at_];
}

/* Nothing of all that is prepared is there: it was not counted yet, which is done within minutes. */
static const char *not_counted(const Board *b, Req *r) { return b->now.n ? SAY(r, "not_counted") : SAY(r, "counting"); }

static const char *tile_value(Req *r, const Board *b, const Tile *t, const Figure *f) {
    if (f->value < 0) return "-";
    if (!strcmp(t->key, "now.gateway_n")) return msg(r->c.language, text(r, "dashboard.light_%s", light_of(b)));
    return locale_count(&r->c.mem, r->c.locale, f->value);
}

static void show_tiles(Req *r, const Board *b) {
    for (size_t i = 0; i < TILES; i++) {
        const Tile *t = &tiles[i];
        Figure f = figure_of(b, t);
        char *k = at(r, "show.kpis", i, NULL);
        show_text(r, text(r, "%s.label", k), msg(r->c.language, t->label));
        show_text(r, text(r, "%s.value", k), tile_value(r, b, t, &f));
        show_text(r, text(r, "%s.sub", k), f.value < 0 ? not_counted(b, r)
                  : msg_format(r, r->c.language, "org.as_of",
                               { "time", locale_clock(&r->c.mem, r->c.locale, f.as_of) }));
        show_text(r, text(r, "%s.url", k), !t->per_utility ? t->path : f.code ? text(r, "/u/%s%s", f.code, t->path)
                  : text(r, "/org/dashboard/%s", t->name));
    }
}

/* The parts of a sum over utilities, each with its list. */
void org_figure_page(Req *r) {
    Board b = read_board(r);
    const Tile *t = NULL;
    for (size_t i = 0; i < TILES; i++)
        if (tiles[i].per_utility && !strcmp(tiles[i].name, path_text(r, "figure"))) t = &tiles[i];
    if (!t) fail(r, NOT_FOUND, "There is no such figure.");
    show_text(r, "page.title", msg(r->c.language, t->label));
    show_text(r, "page.crumbs.0.text", SAY(r, "dashboard"));
    show_text(r, "page.crumbs.0.url", "/org/dashboard");
    show_text(r, "page.crumbs.1.text", msg(r->c.language, t->label));
    TableView *v = table_start(r, "show.sections.0.table", msg(r->c.language, t->label));
    table_column(v, SAY(r, "utility"), "text", "id");
    table_column(v, msg(r->c.language, t->label), "num", "amount");
    const Total *own = total_find(&b.now, (Id){ 0 }, t->key);
    for (size_t i = 0; i < b.utilities.n; i++) {
        const UtilityCard *u = &b.utilities.v[i];
        const Total *one = total_find(&b.now, u->id, t->key);
        table_row(v, text(r, "/u/%s%s%s", u->code, t->path, t->of_utility ? t->of_utility : ""));
        table_cell(v, u->name);
        table_sub(v, u->code);
        table_cell(v, one ? locale_count(&r->c.mem, r->c.locale, one->value) : "-");
    }
    if (own && t->of_none && b.utilities.n) {
        table_row(v, text(r, "/u/%s%s%s", b.utilities.v[0].code, t->path, t->of_none));
        table_cell(v, SAY(r, "of_none"));
        table_cell(v, locale_count(&r->c.mem, r->c.locale, own->value));
    }
    table_empty(v, SAY(r, "no_utility_yet"), NULL);
    page(r, "layout/show");
}

/* --- cards -------------------------------------------------------------------------------------------------------- */

static const char *section_in(Req *r, const char *list, size_t *n, const char *title, const char *span) {
    const char *at_ = at(r, list, (*n)++, NULL);
    show_text(r, text(r, "%s.title", at_), title);
    show_text(r, text(r, "%s.span", at_), span);
    return at_;
}

static const char *section(Req *r, size_t *n, const char *title, const char *span) {
    return section_in(r, "show.sections", n, title, span);
}

static void bar(Req *r, const char *at_, size_t i, const char *label, const char *value, int64_t pct,
                const char *tone) {
    const char *one = text(r, "%s.bars.%zu", at_, i);
    show_text(r, text(r, "%s.label", one), label);
    show_text(r, text(r, "%s.value", one), value);
    show_int(r, text(r, "%s.pct", one), pct > 100 ? 100 : pct);
    show_text(r, text(r, "%s.tone", one), tone);
}

static void show_organization(Req *r, size_t *n, const Board *b) {
    const OrganizationRow *o = organization_row(&r->c, false);
    int percent = organization_percent(o);
    const char *at_ = section_in(r, "top", n, SAY(r, "title"), "third");
    show_text(
        r, text(r, "%s.sub", at_), msg_format(r, r->c.language, "org.percent", { "percent", text(r, "%d", percent) }));
    bar(r, at_, 0, SAY(r, "progress"), text(r, "%d\xC2\xA0%%", percent), percent, NULL);
    for (int i = 0; i < ORG_PARTS; i++) {
        bool done = org_part(o, i) != NULL;
        bar(r, at_, (size_t)i + 1, msg(r->c.language, text(r, "org.%s", org_parts[i].name)),
            text(r, "%d\xC2\xA0%%", done ? org_parts[i].weight : 0), done ? 100 : 0, NULL);
    }
    const Total *invited = total_find(&b->now, (Id){ 0 }, "now.users_invited");
    show_text(r, text(r, "%s.after.strong", at_), SAY(r, "invitations"));
    show_text(r, text(r, "%s.after.text", at_),
        invited ? msg_plural(r, r->c.language, "org.n_pending", invited->value, NULL) : not_counted(b, r));
    const Facts *facts = facts_of(&r->c);
    bool is_read_only = facts->support.id || (facts->tenant_status && !strcmp(facts->tenant_status, "suspended"));
    show_text(r, text(r, "%s.actions.0.text", at_), percent == 100 ? SAY(r, "view_details") : percent
              ? SAY(r, "continue_setup") : SAY(r, "complete_setup"));
    show_text(r, text(r, "%s.actions.0.url", at_), percent == 100 ? "/org/setup" : "/setup");
    show_text(r, text(r, "%s.actions.0.kind", at_), percent == 100 ? NULL : "primary");
    if (is_read_only && percent < 100) show_text(r, text(r, "%s.actions.0.why", at_), SAY(r, "cannot_edit"));
}

#define BOUGHT(F, T) F(T, const char *, plan) F(T, const char *, status) F(T, Date, until)
ROW(Bought, BOUGHT)

static void show_subscription(Req *r, size_t *n) {
    Ctx *c = &r->c;
    Bought *b = db_find(r, Bought, "select p.name as plan, s.status, s.current_period_end as until "
                                   "from smart360.subscription s join smart360.subscription_plan p on p.id = s.plan_id "
                                   "where s.tenant_id = ? and s.live = 1", c->tenant);
    const char *at_ = section_in(r, "top", n, SAY(r, "subscription"), "third");
    show_text(r, text(r, "%s.actions.0.text", at_), SAY(r, "view"));
    show_text(r, text(r, "%s.actions.0.url", at_), "/org/subscription");
    if (!b) {
        show_text(r, text(r, "%s.text", at_), SAY(r, "no_subscription"));
        return;
    }
    show_text(r, text(r, "%s.sub", at_), msg_format(r, c->language, "org.bought", { "plan", b->plan },
              { "status", state_label(r, b->status) }, { "date", locale_date(&c->mem, c->locale, b->until) }));
    Usages used = subscription_usage_kept(c);
    for (size_t i = 0; i < used.n; i++) {
        const Usage *u = &used.v[i];
        const char *value = u->limit < 0 ? locale_count(&c->mem, c->locale, u->used)
            : msg_format(r, c->language, "org.used", { "used", locale_count(&c->mem, c->locale, u->used) },
                         { "limit", locale_count(&c->mem, c->locale, u->limit) },
                         { "percent", text(r, "%lld", (long long)(u->limit ? u->used * 100 / u->limit : 100)) });
        bar(r, at_, i, msg(c->language, text(r, "org.metric.%s", u->metric)), value,
            u->limit > 0 ? u->used * 100 / u->limit : 0,
            u->level >= LIMIT_FULL ? "bad" : u->level >= LIMIT_NEAR ? "warn" : NULL);
    }
    if (!used.n) show_text(r, text(r, "%s.text", at_), SAY(r, "counting"));
}

/* --- charts ------------------------------------------------------------------------------------------------------- */

#define DAY_SUM(F, T) F(T, const char *, key) F(T, Date, period) F(T, int64_t, value)
ROW(DaySum, DAY_SUM)

typedef struct Days { int64_t *sign_ins, *messages, *payments; const char **labels; int n; } Days;

/* Sums of days over the utilities one has a role in, and the organization's own. */
static Days read_days(Req *r, const Board *b) {
    Ctx *c = &r->c;
    Days d = { take_n(r, int64_t, b->days), take_n(r, int64_t, b->days), take_n(r, int64_t, b->days),
               take_n(r, const char *, b->days), b->days };
    Id ids[51] = { { 0 } };
    for (size_t i = 0; i < b->utilities.n && i < 50; i++) ids[i + 1] = b->utilities.v[i].id;
    Date first = date_add_days(b->today, 1 - b->days);
    DaySums l = db_all(c, DaySum, "select d.`key`, d.period, sum(d.value) as value from json_table(?, '$[*]' columns "
        "(id bigint path '$')) j join dashboard_counter d on d.utility_key = j.id and d.`key` in ('day.sign_ins', "
        "'day.messages', 'day.payments') and d.period >= ? where d.area_id = 0 group by d.`key`, d.period",
                       json_ids(c, ids, b->utilities.n + 1), first);
    for (int i = 0; i < b->days; i++) {
        d.sign_ins[i] = d.messages[i] = d.payments[i] = 0;
        Ymd y = date_ymd(date_add_days(first, i));
        d.labels[i] = text(r, "%d %.3s", y.day, month_name(c->locale, y.month));
    }
    for (size_t i = 0; i < l.n; i++) {
        int k = date_days_between(first, l.v[i].period);
        if (k < 0 || k >= b->days) continue;
        int64_t *to = !strcmp(l.v[i].key, "day.sign_ins") ? d.sign_ins : !strcmp(l.v[i].key, "day.messages")
            ? d.messages : d.payments;
        to[k] = l.v[i].value;
    }
    return d;
}

static void show_table(Req *r, const char *at_, const Chart *chart) {
    TableView *t = table_start(r, text(r, "%s.chart.table", at_), chart->title);
    table_column(t, SAY(r, "day_or_utility"), "text", "id");
    for (size_t i = 0; i < chart->series_n; i++) table_column(t, chart->series[i].name, "num", i ? NULL : "amount");
    for (size_t k = 0; k < chart->n; k++) {
        table_row(t, NULL);
        table_cell(t, chart->labels[k]);
        for (size_t i = 0; i < chart->series_n; i++) table_int(t, chart->series[i].values[k]);
    }
}

static void show_chart(Req *r, const char *at_, Chart chart, char *(*draw)(Arena *, const Chart *)) {
    show_text(r, text(r, "%s.chart.title", at_), chart.title);
    show_text(r, text(r, "%s.chart.id", at_), chart.id);
    show_text(r, text(r, "%s.chart.svg", at_), draw(&r->c.mem, &chart));
    for (size_t i = 0; chart.series_n > 1 && i < chart.series_n; i++) {
        show_text(r, text(r, "%s.chart.legend.%zu.text", at_, i), chart.series[i].name);
        show_textf(r, text(r, "%s.chart.legend.%zu.series", at_, i), "%zu", i + 1);
    }
    show_table(r, at_, &chart);
    chart.narrow = true;
    show_text(r, text(r, "%s.chart.svg_narrow", at_), draw(&r->c.mem, &chart));
}

/* Where one goes from here. */
static void show_links(Req *r, size_t *n) {
    const struct {
        const char *text_, *url, *icon;
    } links[] = { { SAY(r, "people"), "/org/people", "users" }, { SAY(r, "sign_ins"), "/org/sign-ins", "history" },
        { msg(r->c.language, "policy.title"), "/org/security", "shield" },
        { SAY(r, "utilities"), "/utilities", "building" }, { SAY(r, "title"), "/org/setup", "settings" } };
    const char *at_ = section(r, n, SAY(r, "go_on"), "third");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        const char *one = text(r, "%s.links.%zu", at_, i);
        show_text(r, text(r, "%s.text", one), links[i].text_);
        show_text(r, text(r, "%s.url", one), links[i].url);
        show_text(r, text(r, "%s.icon", one), links[i].icon);
    }
}

static void show_utility_chart(Req *r, size_t *n, const Board *b) {
    if (!b->utilities.n) return;
    int64_t *percent = take_n(r, int64_t, b->utilities.n);
    const char **codes = take_n(r, const char *, b->utilities.n);
    for (size_t i = 0; i < b->utilities.n; i++)
        percent[i] = card_percent(&b->steps, b->utilities.v[i].id), codes[i] = b->utilities.v[i].code;
    show_chart(r, section(r, n, SAY(r, "by_utility"), "third"),
               (Chart){ .id = "by-utility", .title = SAY(r, "by_utility"), .desc = SAY(r, "by_utility_desc"),
                        .n = b->utilities.n, .labels = codes, .series_n = 1,
                        .series = { { .name = SAY(r, "configured"), .values = percent } } }, chart_bars);
}

static void show_charts(Req *r, size_t *n, const Board *b) {
    Days d = read_days(r, b);
    const char *of_days = msg_format(r, r->c.language, "org.of_days", { "days", text(r, "%d", b->days) });
    show_chart(r, section(r, n, text(r, "%s, %s", SAY(r, "sign_ins_day"), of_days), "two"),
               (Chart){ .id = "sign-ins", .title = SAY(r, "sign_ins_day"), .desc = SAY(r, "sign_ins_desc"),
                        .n = (size_t)d.n, .labels = d.labels, .series_n = 1, .from_zero = true,
                        .series = { { .name = SAY(r, "sign_ins"), .values = d.sign_ins } } }, chart_line);
    show_utility_chart(r, n, b);
    show_chart(r, section(r, n, text(r, "%s, %s", SAY(r, "traffic"), of_days), "two"),
               (Chart){ .id = "traffic", .title = SAY(r, "traffic"), .desc = SAY(r, "traffic_desc"),
                        .n = (size_t)d.n, .labels = d.labels, .series_n = 2, .stacked = true,
                        .series = { { .name = SAY(r, "messages"), .values = d.messages },
                                    { .name = SAY(r, "payments"), .values = d.payments } } }, chart_bars);
    show_links(r, n);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

#define ALERT(F, T) F(T, Id, id) F(T, Id, utility_id) F(T, const char *, severity) F(T, const char *, subject) \
    F(T, const char *, link) F(T, Time, last_at) F(T, const char *, acknowledged_by) F(T, const char *, code)
ROW(Alert, ALERT)

/* An alert's link is a path of the utility or a whole one. */
static const char *alert_url(Req *r, const Alert *a) {
    if (!a->link) return NULL;
    bool whole = !a->code || !strncmp(a->link, "/u/", 3) || !strncmp(a->link, "/org", 4)
        || !strncmp(a->link, "/utilities", 10) || !strncmp(a->link, "/setup", 6);
    return whole ? a->link : text(r, "/u/%s%s", a->code, a->link);
}

static void show_alerts(Req *r, size_t *n) {
    Ctx *c = &r->c;
    const char *at_ = section(r, n, SAY(r, "alerts"), "two");
    show_text(r, text(r, "%s.id", at_), "alerts");
    TableView *t = table_start(r, text(r, "%s.table", at_), SAY(r, "alerts"));
    table_column(t, SAY(r, "alert"), "text", "id");
    table_column(t, SAY(r, "last_seen"), "date", NULL);
    table_column(t, SAY(r, "severity"), "status", "status");
    table_column(t, SAY(r, "actions"), "act", NULL);
    Alerts l = db_all(c, Alert, "select a.id, coalesce(a.utility_id, 0) as utility_id, a.severity, a.subject, a.link, "
        "a.last_at, w.full_name as acknowledged_by, u.code from alert a left join utility u on u.id = a.utility_id "
        "left join user w on w.id = a.acknowledged_by where a.resolved_at is null "
        "order by a.acknowledged_by is not null, field(a.severity, 'critical', 'warning', 'info'), a.last_at desc "
        "limit ?", (int)ALERTS_SHOWN);
    size_t k = 0;
    for (size_t i = 0; i < l.n; i++) {
        const Alert *a = &l.v[i];
        if (a->utility_id.id && !rights_hold_role_in(rights_here(c), a->utility_id)) continue;
        table_row(t, alert_url(r, a));
        table_cell(t, a->subject);
        if (a->code || a->acknowledged_by)
            table_sub(t, a->acknowledged_by ? msg_format(r, c->language, "org.acknowledged_by",
                                                         { "who", a->acknowledged_by }) : a->code);
        table_cell(t, locale_time_words(&c->mem, c->locale, a->last_at));
        table_state(t, a->severity);
        table_cell(t, "");
        const char *cell = text(r, "%s.table.rows.%zu.cells.3.act", at_, k++);
        if (a->acknowledged_by) continue;
        show_text(r, text(r, "%s.text", cell), SAY(r, "acknowledge"));
        show_text(r, text(r, "%s.url", cell), "/org/alerts");
        show_text(r, text(r, "%s.post", cell), "1");
        show_text(r, text(r, "%s.kind", cell), "quiet");
        show_text(r, text(r, "%s.name", cell), "alert");
        show_text(r, text(r, "%s.value", cell), text(r, "%lld", (long long)a->id.id));
    }
    table_empty(t, SAY(r, "no_alerts"), NULL);
}

#define ENTRY(F, T) F(T, Time, at) F(T, const char *, actor) F(T, const char *, action) F(T, const char *, entity) \
    F(T, const char *, number)
ROW(Entry, ENTRY)

/* "bill_run" is "bill run" where there is no better word. */
static const char *plain_words(Req *r, const char *set, const char *name) {
    const char *key = text(r, "%s.%s", set, name);
    if (msg_exists(key)) return msg(r->c.language, key);
    char *words = text_copy(r, name);
    for (char *s = words; *s; s++)
        if (*s == '_' || *s == '.') *s = ' ';
    return words;
}

static void show_audit(Req *r, size_t *n) {
    Ctx *c = &r->c;
    const char *at_ = section(r, n, SAY(r, "audit"), "third");
    Entrys l = db_all(c, Entry, "select at, coalesce(actor_name, '-') as actor, action, entity, number "
                                "from audit_entry where action not in ('view', 'denied') "
                                "order by id desc limit ?", (int)AUDIT_SHOWN);
    for (size_t i = 0; i < l.n; i++) {
        const char *one = text(r, "%s.timeline.%zu", at_, i);
        show_text(r, text(r, "%s.title", one), text(r, "%s: %s", plain_words(r, "entity", l.v[i].entity),
                                                    plain_words(r, "action", l.v[i].action)));
        show_text(r, text(r, "%s.icon", one), "edit");
        show_text(r, text(r, "%s.text", one), l.v[i].number);
        show_text(r, text(r, "%s.time", one), locale_time_words(&c->mem, c->locale, l.v[i].at));
        show_text(r, text(r, "%s.who", one), l.v[i].actor);
    }
    if (!l.n) show_text(r, text(r, "%s.text", at_), SAY(r, "no_audit"));
}

static void show_pending(Req *r, size_t *n) {
    const char *at_ = section(r, n, SAY(r, "pending"), NULL);
    show_text(r, text(r, "%s.actions.0.text", at_), SAY(r, "invite_several"));
    show_text(r, text(r, "%s.actions.0.url", at_), "/org/admins/invitations");
    org_pending_show(r, text(r, "%s.table", at_));
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

/* One line: measure, of what, day, value, counted at. */
static void csv_figure(Ctx *c, CsvText *csv, const char *measure, const char *of, const char *day, int64_t value,
                       const char *as_of) {
    csv_text(csv, measure);
    csv_text(csv, of);
    csv_text(csv, day);
    csv_number(csv, text(c, "%lld", (long long)value));
    csv_text(csv, as_of);
    csv_end(csv);
}

/* The page's figures as a file. */
static void export_board(Req *r, const Board *b) {
    Ctx *c = &r->c;
    CsvText *csv = csv_start(&c->mem);
    static const char *const head[] = { "measure", "utility", "period", "value", "as_of" };
    for (size_t i = 0; i < 5; i++) csv_text(csv, head[i]);
    csv_end(csv);
    for (size_t i = 0; i < b->now.n; i++) {
        const Total *t = &b->now.v[i];
        const char *code = NULL;
        for (size_t k = 0; k < b->utilities.n; k++)
            if (b->utilities.v[k].id.id == t->utility.id) code = b->utilities.v[k].code;
        if (t->utility.id && !code) continue;
        csv_figure(c, csv, t->key + strlen("now."), code, NULL, t->value, time_iso(&c->mem, t->updated_at));
    }
    const char *now = time_iso(&c->mem, c->now);
    csv_figure(c, csv, "organization_percent", NULL, NULL, organization_percent(organization_row(c, false)), now);
    for (size_t i = 0; i < b->utilities.n; i++)
        csv_figure(c, csv, "configured_percent", b->utilities.v[i].code, NULL,
                   card_percent(&b->steps, b->utilities.v[i].id), now);
    Usages used = subscription_usage_kept(c);
    for (size_t i = 0; i < used.n; i++) {
        csv_figure(c, csv, text(c, "used_%s", used.v[i].metric), NULL, NULL, used.v[i].used, NULL);
        if (used.v[i].limit >= 0)
            csv_figure(c, csv, text(c, "limit_%s", used.v[i].metric), NULL, NULL, used.v[i].limit, NULL);
    }
    Days d = read_days(r, b);
    const struct { const char *name; const int64_t *v; } series[] = { { "sign_ins", d.sign_ins },
        { "messages", d.messages }, { "payments", d.payments } };
    for (size_t s = 0; s < 3; s++)
        for (int i = 0; i < d.n; i++)
            csv_figure(c, csv, series[s].name, NULL, date_iso(&c->mem, date_add_days(b->today, i + 1 - d.n)),
                       series[s].v[i], NULL);
    audit_note(c, "export", "org_dashboard", (Id){ 0 }, NULL, NULL);
    header_set(r, "Content-Disposition", "attachment; filename=\"organization.csv\"");
    answer(r, 200, "text/csv; charset=utf-8", csv->text.s, csv->text.n);
}

void org_dashboard_page(Req *r) {
    Board b = read_board(r);
    if (query_text(r, "export")) {
        export_board(r, &b);
        return;
    }
    size_t n = 0, top = 0;
    show_text(r, "page.title", SAY(r, "dashboard"));
    show_text(r, "page.sub", organization_row(&r->c, false)->name);
    const struct { const char *text_, *url; } actions[] = {
        { SAY(r, "refresh"), text(r, "/org/dashboard?days=%d", b.days) },
        { SAY(r, "export"), text(r, "/org/dashboard?days=%d&export=csv", b.days) },
        { SAY(r, "utilities"), "/utilities" }, { SAY(r, "invite_several"), "/org/admins/invitations" } };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        show_text(r, at(r, "page.actions", i, "text"), actions[i].text_);
        show_text(r, at(r, "page.actions", i, "url"), actions[i].url);
    }
    static const int periods[] = { 7, 30, 90 };
    for (size_t i = 0; i < 3; i++) {
        show_text(r, at(r, "periods", i, "text"),
            msg_format(r, r->c.language, "org.n_days", { "days", text(r, "%d", periods[i]) }));
        show_text(r, at(r, "periods", i, "url"), text(r, "/org/dashboard?days=%d", periods[i]));
        show_flag(r, at(r, "periods", i, "current"), periods[i] == b.days);
    }
    show_text(r, "live_url", text(r, "/org/dashboard?days=%d", b.days));
    show_tiles(r, &b);
    for (size_t i = 0; i < b.utilities.n; i++)
        utility_card_show(r, at(r, "utility_cards", i, NULL), &b.utilities.v[i], &b.steps, &b.now);
    show_organization(r, &top, &b);
    show_subscription(r, &top);
    show_charts(r, &n, &b);
    show_alerts(r, &n);
    show_audit(r, &n);
    show_pending(r, &n);
    page(r, "setup/org_dashboard");
}

void org_alert_post(Req *r) {
    Ctx *c = &r->c;
    const char *sent = field_text(r, "alert");
    Id alert = sent ? db_id(c, "select id from alert where id = ? and resolved_at is null", sent) : (Id){ 0 };
    if (!alert.id) fail(c, NOT_FOUND, "There is no such alert.");
    db_run(c, "update alert set acknowledged_by = ?, acknowledged_at = ? where id = ?", c->user, c->now, alert);
    audit_note(c, "acknowledge", "alert", alert, NULL, NULL);
    note(r, "%s", SAY(r, "acknowledged"));
    go_to(r, "/org/dashboard");
}
