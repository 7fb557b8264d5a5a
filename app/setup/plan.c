/*
 * Plans & Tariffs (ONB02US05): the list with its cards and tabs, the page of a plan with its versions, and what the
 * other pages share. To add a tab: a row in setup_tabs (module.c).
 */
#include "app/setup/plan.h"

#include <string.h>

#include "app/core/core.h"
#include "app/setup/pages.h"
#include "lib/chart.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/money.h"

enum { EXPIRING_DAYS = 30, RECENT_DAYS = 30, VERSIONS_MOST = 50 };

static const Choice plan_states[] = { { "draft", NULL }, { "active", NULL }, { "inactive", NULL }, { "retired", NULL },
                                      { 0 } };
static const Choice kinds[] = { { "fixed", "Fixed" }, { "variable", "Variable" }, { 0 } };

/* The one in force by the utility's midnight (the job tariff.activate), not by the clock of the database. */
#define VERSION_AT "(select v.id from tariff_plan_version v where v.plan_id = p.id and v.state in ('active', " \
    "'superseded') order by v.state = 'active' desc, v.effective_from desc, v.version_no desc limit 1)"

static const ListBulk plan_acts[] = { { "clone", NULL, "core.tariffs", CREATE }, { 0 } };

static const ListSpec plans = {
    .name = "plans", .one = "plan", .many = "plans", .path = "/plans", .feature = "core.tariffs", .id = "p.id",
    .from = "tariff_plan p", .where = "p.utility_id = ?",
    .columns = COLUMNS {
        { "code",        NULL, "p.code", LIST | SORT | SEARCH, .link = "/plans/{code}" },
        { "name",        NULL, "p.name", LIST | SORT | SEARCH, .place = "name" },
        { "services",    NULL, "(select group_concat(j.code separator ', ') from json_table(p.service_codes, "
                               "'$[*]' columns (code varchar(4) path '$')) j)", LIST | FILTER, .many = 1,
          .options = "select code as value, name as label from utility_service where utility_id = ? order by sort",
          .among = "exists (select 1 from utility_service z where z.utility_id = p.utility_id and z.code in (?) "
                   "and json_contains(p.service_codes, json_quote(z.code)))" },
        { "categories",  NULL, "(select group_concat(k.code order by k.code separator ', ') from consumer_category k "
                               "where json_contains(p.category_ids, cast(k.id as char)))", LIST | FILTER, .many = 1,
          .options = "select code as value, name as label from consumer_category where utility_id = ? order by code",
          .among = "exists (select 1 from consumer_category z where z.utility_id = p.utility_id and z.code in (?) "
                   "and json_contains(p.category_ids, cast(z.id as char)))" },
        { "kind",        NULL, "p.kind", LIST | FILTER, .choices = kinds },
        { "version",     NULL, "(select v.version_no from tariff_plan_version v where v.id = " VERSION_AT ")", LIST },
        { "from_on",     NULL, "(select v.effective_from from tariff_plan_version v where v.id = " VERSION_AT ")",
          LIST | SORT },
        { "to_on",       NULL, "(select v.effective_to from tariff_plan_version v where v.id = " VERSION_AT ")",
          LIST | FILTER, .more = 1 },
        { "subscribers", NULL, "(select count(*) from service_connection s where s.tariff_plan_id = p.id "
                               "and s.status = 'active')", LIST | SORT },
        { "status",      NULL, "p.status", LIST | FILTER, .choices = plan_states },
        { "retire_on",   NULL, "p.retire_on", FILTER, .more = 1 },
        { "changed_at",  NULL, "greatest(p.updated_at, coalesce((select max(v.updated_at) from tariff_plan_version v "
                               "where v.plan_id = p.id), p.updated_at))", FILTER, .more = 1 },
        { 0 } },
    .order = "code", .bulk = plan_acts, .bulk_path = "/plans/clone", .key = "code",
    .actions = (const ListAction[]){ { "New plan", "/plans/new", "plus", "core.tariffs", CREATE, true },
                                     { "Calculator", "/plans/calculator", "gauge", "core.tariffs", VIEW, false },
                                     { "Compare versions", "/plans/comparison", NULL, "core.tariffs", VIEW, false },
                                     { "Import", "/plans/import", "upload", "core.tariffs", CREATE, false },
                                     { 0 } },
    .empty_title = "No plans yet", .empty_text = "A plan names its services, its consumers and its prices." };

/* --- shared ------------------------------------------------------------------------------------------------------- */

Plan *plan_by_id(Ctx *c, Id id) {
    return db_one(c, Plan, PLAN_SELECT "where id=? and utility_id=?", id, c->utility);
}

Plan *plan_of_path(Req *r) {
    Id id = tariff_plan_find(&r->c, path_text(r, "code"));
    if (!id.id) fail(r, NOT_FOUND, "There is no plan %s.", path_text(r, "code"));
    return plan_by_id(&r->c, id);
}

PlanVersion *plan_version_by_id(Ctx *c, Id id) {
    return db_one(c, PlanVersion, PLAN_VERSION_SELECT "where v.id=? and v.utility_id=?", id, c->utility);
}

PlanVersion *plan_version_of_path(Req *r, const Plan *p) {
    int64_t no = 0;
    if (count_parse(path_text(r, "no"), INT32_MAX, &no) != NUMBER_OK) no = 0;
    PlanVersion *v = db_find(r, PlanVersion, PLAN_VERSION_SELECT "where v.plan_id=? and v.version_no=?", p->id, no);
    if (!v) fail(r, NOT_FOUND, "There is no version %s of %s.", path_text(r, "no"), p->code);
    return v;
}

PlanVersion *plan_version_now(Ctx *c, Id plan, Date day) {
    Id id = tariff_version_at(c, plan, day);
    if (!id.id) id = db_id(c, "select id from tariff_plan_version where plan_id=? order by version_no desc limit 1",
                           plan);
    return id.id ? plan_version_by_id(c, id) : NULL;
}

PlanRates plan_rates(Ctx *c, Id version) {
    return db_all(c, PlanRate, PLAN_RATE_SELECT "where r.version_id=? order by r.sequence, r.id", version);
}

void plan_head(Req *r, const Plan *p, const PlanVersion *v, const char *here) {
    size_t n = 0;
    show_text(r, at(r, "page.crumbs", n, "text"), PLAN_SAY(r, "title"));
    show_text(r, at(r, "page.crumbs", n++, "url"), link_path(r, "/plans"));
    show_text(r, at(r, "page.crumbs", n, "text"), p->code);
    if (v || here) show_text(r, at(r, "page.crumbs", n, "url"), link_path(r, "/plans/%s", p->code));
    n++;
    const char *version = v ? text(r, "%s %d", PLAN_SAY(r, "version"), v->version_no) : NULL;
    if (v) {
        show_text(r, at(r, "page.crumbs", n, "text"), version);
        if (here)
            show_text(r, at(r, "page.crumbs", n, "url"), link_path(r, "/plans/%s/versions/%d", p->code, v->version_no));
        n++;
    }
    if (here) show_text(r, at(r, "page.crumbs", n, "text"), here);
    show_text(r, "page.title", here ? text(r, "%s, %s%s%s", here, p->code, v ? " " : "", v ? version : "")
              : v ? text(r, "%s, %s", p->code, version) : text(r, "%s %s", p->code, p->name));
}

int64_t plan_subscribers(Ctx *c, Id plan) {
    return db_int(c, "select count(*) from service_connection where tariff_plan_id=? "
                     "and status in ('active', 'disconnected', 'pending')", plan);
}

Date plan_billed_until(Ctx *c, Id plan) {
    const char *day = db_text(c, "select max(last_billed_on) from service_connection where tariff_plan_id=? "
                                 "and status in ('active', 'disconnected')", plan);
    Date d = DATE_NONE;
    if (day) date_parse_iso(day, &d);
    return d;
}

size_t plan_texts(Ctx *c, const char *json, const char **to, size_t most) {
    if (!json) return 0;
    Json list = json_read(&c->mem, json, strlen(json), 65536, NULL);
    size_t n = 0;
    for (size_t i = 0; i < json_size(list) && n < most; i++)
        if (json_text(json_item(list, i), "")) to[n++] = json_text(json_item(list, i), "");
    return n;
}

const char *plan_list_json(Ctx *c, const char *const *v, size_t n) {
    if (!n) return NULL;
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) json_add_text(&o, NULL, v[i]);
    json_close(&o);
    return t.s;
}

/* --- prices in words ---------------------------------------------------------------------------------------------- */

static const char *price(Req *r, Price p) { return locale_price(&r->c.mem, r->c.locale, p); }
static const char *money(Req *r, Money m) { return locale_money(&r->c.mem, r->c.locale, m); }

static const char *tiers_text(Req *r, const PlanRate *rate) {
    PlanTiers all = db_all(r, PlanTier, PLAN_TIER_SELECT, rate->id);
    bool flat = !strcmp(rate->calc, "flat_by_tier");
    Text t = text_start(r);
    text_add(&t, "");
    const char *season = NULL;
    for (size_t i = 0; i < all.n; i++) {
        const PlanTier *v = &all.v[i];
        if (v->season && (!season || strcmp(season, v->season))) {
            text_addf(&t, "%s%s: ", i ? "; " : "", v->season);
            season = v->season;
        } else if (i) text_add(&t, "; ");
        const char *cost = flat ? money(r, v->amount_minor) : price(r, v->rate_micro);
        if (v->unlimited) text_addf(&t, "%s %s", PLAN_SAY(r, "above_at"), cost);
        else
            text_addf(&t, "%s %s%s%s %s %s", PLAN_SAY(r, "to_limit"), v->upto_attribute ? v->upto_attribute : "",
                v->upto_attribute && v->upto_qty_micro.micro ? " + " : "",
                v->upto_attribute && !v->upto_qty_micro.micro
                    ? ""
                    : locale_quantity(&r->c.mem, r->c.locale, v->upto_qty_micro, NULL),
                PLAN_SAY(r, "at"), cost);
    }
    return t.s;
}

static const char *tou_text(Req *r, const PlanRate *rate) {
    PlanTous all = db_all(r, PlanTou, "select code, min(day_type) as day_type, 0 as from_minute, 0 as to_minute, "
                                      "min(rate_micro) as rate_micro, season_code from tariff_tou_period "
                                      "where rate_id=? group by code, season_code order by min(id)", rate->id);
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < all.n; i++)
        text_addf(&t, "%s%s%s%s %s", i ? "; " : "", all.v[i].season_code ? all.v[i].season_code : "",
                  all.v[i].season_code ? " " : "", all.v[i].code, price(r, all.v[i].rate_micro));
    return t.s;
}

static const char *sizes_text(Req *r, const PlanRate *rate) {
    PlanSizes all = db_all(r, PlanSize, PLAN_SIZE_SELECT, rate->id);
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < all.n; i++)
        text_addf(&t, "%s%s: %s", i ? "; " : "", all.v[i].size, money(r, all.v[i].amount_minor));
    return t.s;
}

/* "per_month" as " a month". */
static const char *basis_text(Req *r, const PlanRate *v) {
    return msg(r->c.language, text(r, "plan.%s", v->basis));
}

Price plan_ratchet(const PlanRate *v) {
    Price percent = { 0 };
    const char *s = strncmp(v->quantity, "ratchet(", 8) ? NULL : strrchr(v->quantity, ',');
    for (s = s ? s + 1 : ""; *s >= '0' && *s <= '9'; s++) percent.micro = percent.micro * 10 + (*s - '0') * 1000000;
    int64_t place = 100000;
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, place /= 10) percent.micro += (*s - '0') * place;
    return percent;
}

static const char *own_text(Req *r, const PlanRate *v) {
    Arena *a = &r->c.mem;
    if (!strcmp(v->type, "meter_size")) return sizes_text(r, v);
    if (!strcmp(v->type, "tax")) return v->tax_code ? v->tax_code : "";
    if (!strcmp(v->calc, "tiered") || !strcmp(v->calc, "flat_by_tier")) return tiers_text(r, v);
    if (!strcmp(v->calc, "tou")) return tou_text(r, v);
    if (!strcmp(v->calc, "percent")) {
        const char *of[20];
        size_t n = plan_texts(&r->c, v->refs, of, 20);
        Text t = text_start(r);
        text_addf(&t, "%s", locale_percent(a, r->c.locale, v->rate_ppm));
        for (size_t i = 0; i < n; i++) text_addf(&t, "%s%s", i ? ", " : text(r, " %s ", PLAN_SAY(r, "of")), of[i]);
        return t.s;
    }
    if (!strcmp(v->calc, "flat")) return text(r, "%s %s", money(r, v->amount_minor), basis_text(r, v));
    const char *share = v->qty_percent_ppm != 1000000 ? text(r, ", %s", msg_format(r, r->c.language, "plan.of_volume",
        { "percent", locale_percent(a, r->c.locale, v->qty_percent_ppm) })) : "";
    if (!strcmp(v->type, "fixed"))
        return text(r, "%s %s, %s", price(r, v->rate_micro), basis_text(r, v),
                    msg(r->c.language, text(r, "plan.each.%s", v->quantity)));
    Price back = plan_ratchet(v);
    const char *ratchet = !back.micro ? "" : text(r, ", %s", msg_format(r, r->c.language, "plan.ratchet_text",
        { "percent", locale_percent(a, r->c.locale, back.micro / 100) }));
    return text(r, "%s / %s%s%s", price(r, v->rate_micro), v->unit ? v->unit : v->quantity, share, ratchet);
}

/* The price, and what goes with it: a cap, what is free, the least, the season. */
const char *plan_price_text(Req *r, const PlanRate *v) {
    const char *language = r->c.language;
    Text t = text_start(r);
    text_add(&t, own_text(r, v));
    if (strstr(v->quantity, "winter_average") && strcmp(v->calc, "percent"))
        text_addf(&t, ", %s", PLAN_SAY(r, "capped"));
    if (v->included_qty_micro.micro)
        text_addf(&t, ", %s", msg_format(r, language, "plan.free_text",
            { "quantity", locale_quantity(&r->c.mem, r->c.locale, v->included_qty_micro, v->unit) }));
    if (v->has_minimum && strcmp(v->charge_type, "MIN_BILL"))
        text_addf(&t, ", %s", msg_format(r, language, "plan.least_text", { "amount", money(r, v->minimum_minor) }));
    if (v->has_cap)
        text_addf(&t, ", %s", msg_format(r, language, "plan.cap_text", { "price", price(r, v->cap_micro) }));
    if (v->has_above)
        text_addf(&t, ", %s", msg_format(r, language, "plan.above_text",
            { "quantity", locale_quantity(&r->c.mem, r->c.locale, v->above_qty_micro, v->unit) }));
    if (v->has_upto)
        text_addf(&t, ", %s", msg_format(r, language, "plan.upto_text",
            { "quantity", locale_quantity(&r->c.mem, r->c.locale, v->upto_qty_micro, v->unit) }));
    if (!strcmp(v->type, "rebate"))
        text_addf(&t, ", %s", msg(language, text(r, "plan.group.%s", v->rebate_group ? v->rebate_group : "any")));
    if (v->season_code) text_addf(&t, ", %s", msg_format(r, language, "plan.season_text", { "season",
                                                                                           v->season_code }));
    return t.s;
}

/* --- choosing a version ------------------------------------------------------------------------------------------- */

PlanChoice plan_choice(Req *r, const char *value) {
    char code[24];
    const char *slash = strchr(value, '/');
    size_t n = slash ? (size_t)(slash - value) : strlen(value);
    if (!n || n >= sizeof code) return (PlanChoice){ 0 };
    memcpy(code, value, n);
    code[n] = 0;
    Id id = tariff_plan_find(&r->c, code);
    if (!id.id) return (PlanChoice){ 0 };
    PlanChoice to = { .plan = plan_by_id(&r->c, id) };
    if (!slash) return to;
    int64_t no;
    if (count_parse(slash + 1, INT32_MAX, &no) == NUMBER_OK)
        to.version = db_find(r, PlanVersion, PLAN_VERSION_SELECT "where v.plan_id=? and v.version_no=?", id, no);
    return to.version ? to : (PlanChoice){ 0 };
}

#define OPTION_ROW(F, T) F(T, const char *, code) F(T, int, version_no) F(T, const char *, state) \
    F(T, Date, effective_from)
ROW(OptionRow, OPTION_ROW)

void plan_options(Req *r, FormView *v, const char *field) {
    OptionRows all = db_all(r, OptionRow, "select p.code, v.version_no, v.state, v.effective_from from tariff_plan p "
        "join tariff_plan_version v on v.plan_id=p.id where p.utility_id=? order by p.code, v.version_no limit 500",
                            r->c.utility);
    for (size_t i = 0; i < all.n; i++) {
        const OptionRow *o = &all.v[i];
        if (!i || strcmp(o->code, all.v[i - 1].code))
            form_option(v, field, o->code, text(r, "%s, %s", o->code, PLAN_SAY(r, "in_force")));
        form_option(v, field, text(r, "%s/%d", o->code, o->version_no),
                    text(r, "%s, %s %d, %s %s, %s", o->code, PLAN_SAY(r, "version"), o->version_no,
                         PLAN_SAY(r, "from"), locale_date(&r->c.mem, r->c.locale, o->effective_from),
                         state_label(r, o->state)));
    }
}

/* --- a bill and its arithmetic ------------------------------------------------------------------------------------ */

void plan_bill_table(Req *r, const char *section, const char *title, const TariffBill *bill) {
    Arena *a = &r->c.mem;
    show_text(r, text(r, "%s.title", section), title);
    if (bill->refusal) {
        show_text(r, text(r, "%s.note.tone", section), "warn");
        show_text(r, text(r, "%s.note.text", section), bill->refusal);
        return;
    }
    show_text(r, text(r, "%s.sub", section),
              msg_plural(r, r->c.language, "plan.days", bill->days, NULL));
    TableView *t = table_start(r, text(r, "%s.table", section), title);
    table_column(t, PLAN_SAY(r, "charge"), "text", "id");
    table_column(t, PLAN_SAY(r, "quantity"), "num", NULL);
    table_column(t, PLAN_SAY(r, "how"), "text", "name");
    table_column(t, PLAN_SAY(r, "amount"), "money", "amount");
    for (size_t i = 0; i < bill->n; i++) {
        const TariffBillLine *l = &bill->lines[i];
        table_row(t, NULL);
        table_cell(t, l->label ? l->label : l->charge_type);
        table_sub(t, date_is_set(l->from) && date_is_set(l->to)
                  ? text(r, "%s, %s – %s", l->code ? l->code : l->charge_type,
                         locale_date(a, r->c.locale, l->from), locale_date(a, r->c.locale, l->to))
                  : l->code ? l->code : l->charge_type);
        table_cell(t, l->has_quantity ? locale_quantity(a, r->c.locale, l->quantity, l->unit) : "");
        table_cell(t, l->explain);
        table_money(t, l->amount);
    }
    table_empty(t, PLAN_SAY(r, "no_lines"), NULL);
    table_foot(t, PLAN_SAY(r, "total"));
    table_foot(t, "");
    table_foot(t, "");
    table_foot(t, locale_money(a, r->c.locale, bill->total));
}

void plan_chart(Req *r, const char *section, const Chart *chart) {
    Chart narrow = *chart;
    show_text(r, text(r, "%s.chart.title", section), chart->title);
    show_text(r, text(r, "%s.chart.id", section), chart->id);
    show_text(r, text(r, "%s.chart.svg", section), chart_bars(&r->c.mem, chart));
    narrow.narrow = true;
    narrow.id = text(r, "%s-n", chart->id);
    show_text(r, text(r, "%s.chart.svg_narrow", section), chart_bars(&r->c.mem, &narrow));
    for (size_t i = 0; chart->series_n > 1 && i < chart->series_n; i++) {
        show_text(r, text(r, "%s.chart.legend.%zu.text", section, i), chart->series[i].name);
        show_int(r, text(r, "%s.chart.legend.%zu.series", section, i), (int64_t)i + 1);
    }
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

#define CARDS(F, T) F(T, int64_t, plans) F(T, int64_t, active) F(T, int64_t, rates) F(T, int64_t, rates_active) \
    F(T, int64_t, subscribers) F(T, int64_t, before) F(T, int64_t, expiring) F(T, int64_t, recent)
ROW(Cards, CARDS)

static void card(Req *r, size_t n, const char *key, const char *value, const char *sub, const char *url) {
    show_text(r, at(r, "before.0.kpis", n, "url"), url);
    show_text(r, at(r, "before.0.kpis", n, "label"), msg(r->c.language, text(r, "plan.card.%s", key)));
    show_text(r, at(r, "before.0.kpis", n, "value"), value);
    show_text(r, at(r, "before.0.kpis", n, "sub"), sub);
}

static void show_cards(Req *r) {
    Ctx *c = &r->c;
    Date today = utility_today(c), recent = date_add_days(today, -RECENT_DAYS), soon = date_add_days(today,
                                                                                                     EXPIRING_DAYS);
    Time since = date_start(c->locale->zone, recent);
    const Cards *k = db_one(c, Cards,
        "select (select count(*) from tariff_plan where utility_id=x.id) as plans, (select count(*) from "
        "tariff_plan where utility_id=x.id and status='active') as active, (select count(*) from tariff_rate r "
        "join tariff_plan_version v on v.id=r.version_id where r.utility_id=x.id and v.state not in "
        "('superseded', 'withdrawn')) as rates, (select count(*) from tariff_rate r join tariff_plan_version v "
        "on v.id=r.version_id where r.utility_id=x.id and v.state='active' and r.enabled=1) as rates_active, "
        "(select count(*) from tariff_plan p join service_connection s on s.tariff_plan_id=p.id and "
        "s.status='active' where p.utility_id=x.id) as subscribers, (select count(*) from "
        "service_connection_plan s where s.utility_id=x.id and s.valid_from<=? and (s.valid_to is null or "
        "s.valid_to>=?)) as `before`, (select count(distinct v.plan_id) from tariff_plan_version v where "
        "v.utility_id=x.id and v.state='active' and v.effective_to between ? and ?) as expiring, (select "
        "count(*) from tariff_plan p where p.utility_id=x.id and (p.updated_at>=? or exists (select 1 from "
        "tariff_plan_version v where v.plan_id=p.id and v.updated_at>=?))) as recent "
        "from utility x where x.id=?", date_add_days(today, -365), date_add_days(today, -365), today,
                            soon, since, since, c->utility);
    const Locale *l = c->locale;
    Arena *a = &c->mem;
    show_text(r, "before.0.kind", "kpis");
    card(r, 0, "plans", locale_count(a, l, k->plans), NULL, NULL);
    card(r, 1, "rates", locale_count(a, l, k->rates), NULL, link_path(r, "/plans/rates"));
    card(r, 2, "subscribers", locale_count(a, l, k->subscribers),
         k->before ? msg_format(r, c->language, "plan.card.growth",
                                { "percent", locale_percent(a, l, (k->subscribers - k->before) * 1000 / k->before
                                                            * 1000)
                                }) : PLAN_SAY(r, "card.no_year"), NULL);
    card(r, 3, "active", msg_format(r, c->language, "plan.card.active_of", { "n", locale_count(a, l, k->active) },
                                    { "rest", locale_count(a, l, k->plans - k->active) }),
         msg_format(r, c->language, "plan.card.rates_of", { "n", locale_count(a, l, k->rates_active) },
                    { "rest", locale_count(a, l, k->rates - k->rates_active) }), NULL);
    card(r, 4, "expiring", locale_count(a, l, k->expiring), NULL,
         link_path(r, "/plans?to_on_from=%s&to_on_to=%s", url_part(r, locale_date(a, l, today)),
                   url_part(r, locale_date(a, l, soon))));
    card(r, 5, "recent", locale_count(a, l, k->recent), NULL,
         link_path(r, "/plans?changed_at_from=%s", url_part(r, locale_date(a, l, recent))));
}

void plan_list_page(Req *r) {
    show_text(r, "page.title", PLAN_SAY(r, "title"));
    page_tabs(r, "plans", "/plans");
    list_show(r, &plans, r->c.utility);
    if (r->status) return;
    show_cards(r);
    page(r, "layout/list");
}

/* The plan that is ticked in the list, to its form. */
void plan_clone_post(Req *r) {
    const char *act = field_text(r, "bulk");
    const char *code = act && !strcmp(act, "clone") ? list_chosen_one(r, &plans, r->c.utility) : NULL;
    if (!code) problem(r, NULL, "%s", PLAN_SAY(r, "clone_one"));
    problems_end(r);
    go(r, "/plans/%s/copy", code);
}

#define CODE_ROW(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, state) \
    F(T, const char *, components)
ROW(CodeRow, CODE_ROW)

/* --- one plan ----------------------------------------------------------------------------------------------------- */

void plan_components(Req *r, const char *section, const PlanVersion *v, const char *edit) {
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "components"));
    TableView *t =
        table_start(r, text(r, "%s.table", section), text(r, "%s %d", PLAN_SAY(r, "components_of"), v->version_no));
    table_column(t, PLAN_SAY(r, "order"), "num", NULL);
    table_column(t, PLAN_SAY(r, "charge"), "text", "id");
    table_column(t, PLAN_SAY(r, "type"), "text", NULL);
    table_column(t, PLAN_SAY(r, "service"), "code", NULL);
    table_column(t, PLAN_SAY(r, "price"), "text", "name");
    table_column(t, PLAN_SAY(r, "taxes_of"), "text", NULL);
    table_column(t, PLAN_SAY(r, "gl_code"), "code", NULL);
    PlanRates all = plan_rates(&r->c, v->id);
    for (size_t i = 0; i < all.n; i++) {
        const PlanRate *x = &all.v[i];
        const char *taxes[20];
        size_t n = plan_texts(&r->c, x->tax_codes, taxes, 20);
        Text codes = text_start(r);
        text_add(&codes, "");
        for (size_t k = 0; k < n; k++) text_addf(&codes, "%s%s", k ? ", " : "", taxes[k]);
        table_row(t, edit ? text(r, "%s/%s", edit, x->code) : NULL);
        table_cell(t, text(r, "%d", x->sequence));
        table_cell(t, x->label);
        table_sub(t, text(r, "%s, %s%s%s", x->code, x->charge_type, x->enabled ? "" : ", ", x->enabled ? ""
                          : PLAN_SAY(r, "off")));
        table_cell(t, msg(r->c.language, text(r, "plan.type.%s", x->type)));
        table_cell(t, x->service_code);
        table_cell(t, plan_price_text(r, x));
        table_cell(t, codes.s);
        table_cell(t, *x->gl_code ? x->gl_code : PLAN_SAY(r, "missing"));
    }
    table_empty(t, PLAN_SAY(r, "no_components"), NULL);
}

static void action(Req *r, size_t *n, const char *key, const char *icon, const char *url) {
    show_text(r, at(r, "page.actions", *n, "text"), msg(r->c.language, text(r, "plan.%s", key)));
    show_text(r, at(r, "page.actions", *n, "icon"), icon);
    show_text(r, at(r, "page.actions", *n, "url"), url);
    ++*n;
}

static void show_actions(Req *r, const Plan *p) {
    size_t n = 0;
    const char *code = p->code;
    if (perm_may(&r->c, "core.tariffs", EDIT) && strcmp(p->status, "retired")) {
        action(r, &n, "new_version", "plus", link_path(r, "/plans/%s/versions/new", code));
        show_text(r, "page.actions.0.kind", "primary");
    }
    action(r, &n, "calculator", "gauge", link_path(r, "/plans/calculator?plan=%s", code));
    action(r, &n, "subscribers", "users", link_path(r, "/plans/%s/connections", code));
    action(r, &n, "compare", NULL, link_path(r, "/plans/comparison?a=%s", code));
    if (perm_may(&r->c, "core.tariffs", EDIT)) action(r, &n, "edit", "edit", link_path(r, "/plans/%s/edit", code));
    if (perm_may(&r->c, "core.tariffs", CREATE)) action(r, &n, "copy", "copy", link_path(r, "/plans/%s/copy", code));
    if (perm_may(&r->c, "core.tariffs", EDIT)) action(r, &n, "move", NULL, link_path(r, "/plans/%s/move", code));
    if (perm_may(&r->c, "core.tariffs", APPROVE) && (!strcmp(p->status, "active") || !strcmp(p->status, "inactive")))
        action(r, &n, "retire", NULL, link_path(r, "/plans/%s/retirement", code));
    if (perm_may(&r->c, "core.tariffs", DELETE))
        action(r, &n, "delete", "trash", link_path(r, "/plans/%s/deletion", code));
}

static const char *names_of(Req *r, const char *ids, char what) {
    const char *names = !ids ? NULL : what == 's'
        ? db_text(r, "select group_concat(name order by code separator ', ') from consumer_sub_category "
                     "where json_contains(?, cast(id as char)) and utility_id=?", ids, r->c.utility)
        : what == 'a' ? db_text(r, "select group_concat(code order by code separator ', ') from service_area "
                     "where json_contains(?, cast(id as char)) and utility_id=?", ids, r->c.utility)
        : db_text(r, "select group_concat(name order by code separator ', ') from consumer_category "
                     "where json_contains(?, cast(id as char)) and utility_id=?", ids, r->c.utility);
    return names ? names : PLAN_SAY(r, "all");
}

static void show_facts(Req *r, const Plan *p) {
    const char *services[8];
    size_t n = plan_texts(&r->c, p->service_codes, services, 8);
    Text codes = text_start(r);
    text_add(&codes, "");
    for (size_t i = 0; i < n; i++) text_addf(&codes, "%s%s", i ? ", " : "", services[i]);
    show_fact(r, "show.facts", PLAN_SAY(r, "services"), codes.s, NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "categories"), names_of(r, p->category_ids, 'c'),
              p->sub_category_ids ? names_of(r, p->sub_category_ids, 's') : NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "areas"), names_of(r, p->area_ids, 'a'), NULL);
    if (p->meter_size_min || p->meter_size_max)
        show_fact(r, "show.facts", PLAN_SAY(r, "sizes"),
                  text(r, "%s – %s", p->meter_size_min ? p->meter_size_min : "",
                       p->meter_size_max ? p->meter_size_max : ""), NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "subscribers"),
              locale_count(&r->c.mem, r->c.locale, plan_subscribers(&r->c, p->id)), NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "proration"),
              msg(r->c.language, text(r, "plan.%s", p->proration_method)),
              text(r, "%d ± %d", p->standard_days, p->tolerance_days));
}

/* Where the money of each component goes, and what is wrong with it: a code that is missing, unknown or not used. */
static void show_codes(Req *r, const char *section, Id version) {
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "codes"));
    TableView *t = table_start(r, text(r, "%s.table", section), PLAN_SAY(r, "codes"));
    table_column(t, PLAN_SAY(r, "gl_code"), "code", "id");
    table_column(t, PLAN_SAY(r, "account_name"), "text", "name");
    table_column(t, PLAN_SAY(r, "components"), "text", NULL);
    table_column(t, PLAN_SAY(r, "check"), "status", "status");
    CodeRows all = db_all(r, CodeRow, "select x.gl_code as code, g.name, case when x.gl_code='' then 'missing' "
        "when g.id is null then 'unknown' when g.active=0 then 'inactive' else 'active' end as state, "
        "group_concat(x.code order by x.sequence separator ', ') as components from tariff_rate x "
        "left join gl_code g on g.utility_id=x.utility_id and g.code=x.gl_code where x.version_id=? and x.enabled=1 "
        "group by x.gl_code, g.id order by x.gl_code", version);
    int wrong = 0;
    for (size_t i = 0; i < all.n; i++) {
        const CodeRow *x = &all.v[i];
        table_row(t, NULL);
        table_cell(t, *x->code ? x->code : "–");
        table_cell(t, x->name);
        table_cell(t, x->components);
        table_state(t, x->state);
        wrong += strcmp(x->state, "active") != 0;
    }
    table_empty(t, PLAN_SAY(r, "no_components"), NULL);
    if (!all.n) return;
    show_text(r, text(r, "%s.note.tone", section), wrong ? "warn" : "ok");
    show_text(r, text(r, "%s.note.text", section), wrong ? msg_plural(r, r->c.language, "plan.codes_wrong", wrong, NULL)
              : PLAN_SAY(r, "codes_good"));
}

void plan_page(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    plan_head(r, p, NULL, NULL);
    show_text(r, "page.sub", p->description);
    show_text(r, "show.status.text", state_label(r, p->status));
    show_text(r, "show.status.tone", state_tone(r, p->status));
    show_moves(r, "show.moves", &tariff_plan, p->id, text(r, "/plans/%s", p->code));
    show_facts(r, p);
    plan_show_retirement(r, p);
    show_actions(r, p);
    show_text(r, "show.sections.0.title", PLAN_SAY(r, "versions"));
    TableView *t = table_start(r, "show.sections.0.table", PLAN_SAY(r, "versions"));
    table_column(t, PLAN_SAY(r, "version"), "num", "id");
    table_column(t, PLAN_SAY(r, "from"), "date", "name");
    table_column(t, PLAN_SAY(r, "to"), "date", NULL);
    table_column(t, PLAN_SAY(r, "reason"), "text", NULL);
    table_column(t, PLAN_SAY(r, "approved_by"), "text", NULL);
    table_column(t, PLAN_SAY(r, "status"), "status", "status");
    PlanVersions all = db_all(c, PlanVersion,
        PLAN_VERSION_SELECT "where v.plan_id=? order by v.effective_from desc, "
                            "v.version_no desc limit ?",
        p->id, VERSIONS_MOST);
    for (size_t i = 0; i < all.n; i++) {
        const PlanVersion *v = &all.v[i];
        table_row(t, link_path(r, "/plans/%s/versions/%d", p->code, v->version_no));
        table_int(t, v->version_no);
        table_date(t, v->effective_from);
        table_date(t, v->effective_to);
        table_cell(t, v->change_reason);
        table_cell(t, v->approver);
        table_state(t, v->state);
    }
    table_empty(t, PLAN_SAY(r, "no_versions"), PLAN_SAY(r, "no_versions_how"));
    PlanVersion *now = plan_version_now(c, p->id, utility_today(c));
    if (now) plan_components(r, "show.sections.1", now, NULL);
    if (now) show_text(r, "show.sections.1.title", text(r, "%s %d", PLAN_SAY(r, "components_of"), now->version_no));
    if (now) show_codes(r, "show.sections.2", now->id);
    history_aside(r, "tariff_plan", p->id, NULL);
    page(r, "layout/show");
}
