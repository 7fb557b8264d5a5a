/*
 * Who is on a plan, and which plan a connection is on (ONB02US05 "Assign"): the connections of a plan as a list, and
 * the page of one connection with the plans of its days, what other plans say to it, and the form that puts it on
 * another: from the next period on, or from a day that is not billed yet (the days before keep the plan they had).
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/list.h"

enum { PLANS_MOST = 200, HISTORY_MOST = 50 };

static const Choice states[] = { { "pending", NULL }, { "active", NULL }, { "disconnected", NULL }, { "closed", NULL },
                                 { 0 } };

void plan_connections_page(Req *r) {
    Plan *p = plan_of_path(r);
    ListSpec spec = {
        .name = "plan_connections", .one = "connection", .many = "connections", .feature = "core.tariffs",
        .path = text(r, "/plans/%s/connections", p->code), .area = "m.sub_area_id",
        .from = "service_connection s", .joins = FRAGMENTS { "join account a on a.id = s.account_id",
            "join premise m on m.id = s.premise_id", "join consumer_category k on k.id = a.category_id", NULL },
        .where = "s.utility_id = ? and s.tariff_plan_id = ?", .id = "s.id",
        .columns = COLUMNS {
            { "connection_no", NULL, "s.connection_no", LIST | SORT | SEARCH, .kind = "code",
              .link = "/plans/connections/{connection_no}" },
            { "account_no",    NULL, "a.account_no", LIST | SEARCH, .kind = "code",
              .link = "/cis/accounts/{account_no}" },
            { "service",       NULL, "s.service_code", LIST },
            { "category",      NULL, "k.code", LIST | FILTER, .options = "select code as value, name as label "
              "from consumer_category where utility_id = ? order by code" },
            { "size",          NULL, "s.size", LIST },
            { "valid_from_on", NULL, "s.plan_valid_from", LIST | SORT },
            { "billed_on",     NULL, "s.last_billed_on", LIST },
            { "status",        NULL, "s.status", LIST | FILTER, .choices = states, .many = 1 },
            { 0 } },
        .order = "connection_no", .index = "connection_plan", .empty_title = "No connections",
        .empty_text = "Nobody is on this plan." };
    plan_head(r, p, NULL, PLAN_SAY(r, "subscribers"));
    list_show(r, &spec, r->c.utility, p->id);
    if (!r->status) page(r, "layout/list");
}

/* --- one connection ----------------------------------------------------------------------------------------------- */

#define ON_PLAN(F, T) F(T, Id, id) F(T, const char *, connection_no) F(T, const char *, account_no) \
    F(T, const char *, service_code) F(T, const char *, size) F(T, const char *, status) F(T, Id, account) \
    F(T, Id, category) F(T, Id, sub_category) F(T, Id, sub_area) F(T, const char *, category_name) \
    F(T, const char *, sub_category_name) F(T, const char *, plan) F(T, Date, valid_from) F(T, Date, billed_on) \
    F(T, bool, has_winter) F(T, Quantity, winter) F(T, const char *, unit)
ROW(OnPlan, ON_PLAN)

static OnPlan *connection_of_path(Req *r) {
    OnPlan *x = db_find(r, OnPlan, "select s.id, s.connection_no, a.account_no, s.service_code, s.size, s.status, "
        "a.id as account, a.category_id as category, a.sub_category_id as sub_category, m.sub_area_id as sub_area, "
        "k.name as category_name, z.name as sub_category_name, p.code as plan, s.plan_valid_from as valid_from, "
        "s.last_billed_on as billed_on, s.winter_average_qty_micro is not null as has_winter, "
        "coalesce(s.winter_average_qty_micro, 0) as winter, u.unit from service_connection s "
        "join account a on a.id=s.account_id "
        "join premise m on m.id=s.premise_id join consumer_category k on k.id=a.category_id "
        "left join consumer_sub_category z on z.id=a.sub_category_id left join tariff_plan p on p.id=s.tariff_plan_id "
        "left join utility_service u on u.utility_id=s.utility_id and u.code=s.service_code "
        "where s.utility_id=? and s.connection_no=?", r->c.utility, path_text(r, "no"));
    if (!x || !scope_has_area(&r->c, x->sub_area))
        fail(r, NOT_FOUND, "There is no connection %s.", path_text(r, "no"));
    return x;
}

/* The first day of the period after today's, of its bill cycle; without one of the next month. Never a billed day. */
static Date next_period(Ctx *c, const OnPlan *x) {
    Date today = utility_today(c), day = month_first(month_add(month_of(today), 1));
    const char *first = db_text(c, "select min(y.from_date) from account_cycle k join bill_cycle_period y "
        "on y.cycle_id=k.cycle_id where k.account_id=? and k.to_period is null and y.from_date>?", x->account, today);
    if (first) date_parse_iso(first, &day);
    return date_is_set(x->billed_on) && day.day <= x->billed_on.day ? date_add_days(x->billed_on, 1) : day;
}

static const Form plan_form = { .name = "connection_plan", .fields = FIELDS {
    { "plan",   "To plan", TEXT(2, 20),    .flags = REQUIRED },
    { "from",   "From",    DATE_FIELD,     .flags = REQUIRED,
      .hint = "The next period, or a day that is not billed yet: then the days before keep the plan they had." },
    { "reason", "Reason",  LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

static PlanTaker taker_of(const OnPlan *x) {
    return (PlanTaker){ x->service_code, x->size, x->category, x->sub_category, x->sub_area };
}

/* Every active plan of the service: whether it may be chosen, or why not; the form when there is a choice. */
static void show_plans(Req *r, const OnPlan *x, bool may) {
    Date from = next_period(&r->c, x);
    PlanTaker t = taker_of(x);
    PlanNameds all = db_all(r, PlanNamed, "select id, code, name from tariff_plan where utility_id=? "
        "and status='active' and json_contains(service_codes, json_quote(?)) order by code limit ?", r->c.utility,
                            x->service_code, PLANS_MOST);
    FormView *v = may ? form_show(r, "show.sections.0.form", &plan_form,
                                  text(r, "/plans/connections/%s", x->connection_no)) : NULL;
    if (v) {
        show_text(r, "show.sections.0.title", PLAN_SAY(r, "change_plan"));
        show_text(r, "show.sections.0.form.submit", PLAN_SAY(r, "change_plan"));
        form_set(v, "plan", "kind", "select");
        form_set(v, "plan", "blank", msg(r->c.language, "ui.choose"));
        form_date(v, "from", from);
    }
    show_text(r, "show.sections.2.title", PLAN_SAY(r, "plans_of_service"));
    TableView *table = table_start(r, "show.sections.2.table", PLAN_SAY(r, "plans_of_service"));
    table_column(table, PLAN_SAY(r, "plan"), "code", "id");
    table_column(table, PLAN_SAY(r, "name"), "text", "name");
    table_column(table, PLAN_SAY(r, "eligible"), "text", NULL);
    for (size_t i = 0; i < all.n; i++) {
        bool is_now = x->plan && !strcmp(x->plan, all.v[i].code);
        const char *no = tariff_plan_refusal(&r->c, all.v[i].id, &t, from);
        table_row(table, link_path(r, "/plans/%s", all.v[i].code));
        table_cell(table, all.v[i].code);
        table_cell(table, all.v[i].name);
        table_cell(table, is_now ? PLAN_SAY(r, "is_on_it") : no ? msg(r->c.language, no)
                   : msg(r->c.language, "ui.yes"));
        if (v && !no && !is_now)
            form_option(v, "plan", all.v[i].code, text(r, "%s %s", all.v[i].code, all.v[i].name));
    }
    table_empty(table, PLAN_SAY(r, "no_plans"), NULL);
}

void plan_connection_page(Req *r) {
    OnPlan *x = connection_of_path(r);
    Arena *a = &r->c.mem;
    const Locale *l = r->c.locale;
    show_text(r, "page.title", text(r, "%s, %s", PLAN_SAY(r, "connection"), x->connection_no));
    show_text(r, "page.crumbs.0.text", PLAN_SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/plans"));
    if (x->plan) {
        show_text(r, "page.crumbs.1.text", x->plan);
        show_text(r, "page.crumbs.1.url", link_path(r, "/plans/%s/connections", x->plan));
    }
    show_text(r, at(r, "page.crumbs", x->plan ? 2 : 1, "text"), x->connection_no);
    show_text(r, "show.status.text", state_label(r, x->status));
    show_text(r, "show.status.tone", state_tone(r, x->status));
    show_fact(r, "show.facts", PLAN_SAY(r, "account"), x->account_no, NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "plan"), x->plan ? x->plan : "–", date_is_set(x->valid_from)
              ? text(r, "%s %s", PLAN_SAY(r, "from"), locale_date(a, l, x->valid_from)) : NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "service"), x->service_code, x->size);
    show_fact(r, "show.facts", PLAN_SAY(r, "category"), x->category_name, x->sub_category_name);
    show_fact(r, "show.facts", PLAN_SAY(r, "area"), area_label(&r->c, x->sub_area), NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "billed_until"), date_is_set(x->billed_on)
              ? locale_date(a, l, x->billed_on) : "–", NULL);
    if (x->has_winter)
        show_fact(r, "show.facts", PLAN_SAY(r, "winter_average"), locale_quantity(a, l, x->winter, x->unit),
                  PLAN_SAY(r, "in_30_days"));
    show_plans(r, x, perm_may(&r->c, "core.tariffs", EDIT) && strcmp(x->status, "closed"));
    show_text(r, "show.sections.1.title", PLAN_SAY(r, "plans_of_connection"));
    TableView *t = table_start(r, "show.sections.1.table", PLAN_SAY(r, "plans_of_connection"));
    table_column(t, PLAN_SAY(r, "plan"), "code", "id");
    table_column(t, PLAN_SAY(r, "from"), "date", "name");
    table_column(t, PLAN_SAY(r, "to"), "date", NULL);
    table_rows_of(t, "/plans", "select p.code, h.valid_from as from_on, h.valid_to as to_on "
        "from service_connection_plan h join tariff_plan p on p.id=h.tariff_plan_id where h.service_connection_id=? "
        "order by h.valid_from desc limit ?", x->id, HISTORY_MOST);
    table_empty(t, PLAN_SAY(r, "no_plans"), NULL);
    page(r, "layout/show");
}

void plan_connection_post(Req *r) {
    OnPlan *x = connection_of_path(r);
    Input *in = form_read(r, &plan_form);
    Id plan = in_given(in, "plan") ? tariff_plan_find(&r->c, in_text(in, "plan")) : (Id){ 0 };
    if (in_given(in, "plan") && !plan.id) problem(r, "plan", "%s", PLAN_SAY(r, "choose_plan"));
    if (plan.id && x->plan && !strcmp(x->plan, in_text(in, "plan")))
        problem(r, "plan", "%s", PLAN_SAY(r, "is_on_it"));
    if (!strcmp(x->status, "closed")) fail(r, CONFLICT, "%s", PLAN_SAY(r, "connection_closed"));
    problems_end(r);
    connection_plan_set(&r->c, x->id, plan, in_date(in, "from"), in_text(in, "reason"));
    note(r, "%s", msg_format(r, r->c.language, "plan.plan_changed", { "no", x->connection_no },
                             { "plan", in_text(in, "plan") },
                             { "date", locale_date_words(&r->c.mem, r->c.locale, in_date(in, "from")) }));
    go(r, "/plans/connections/%s", x->connection_no);
}
