/*
 * A plan itself (ONB02US05): made, changed, copied, taken from a quote document, deleted when nothing hangs on it; its
 * status and its seasons. How it bills stays as it is once a version was submitted: that is what was approved.
 */
#include <stdlib.h>
#include <string.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "app/setup/plan_rules.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"

enum { FIELDS_MOST = 24, CHOICES_MOST = 60, SEASONS_MOST = 6, SEASONS_SHOWN = 4, CODE_MAX = 20 };

static const Choice kinds[] = { { "fixed", "Fixed" }, { "variable", "Variable" }, { 0 } };
static const Choice payments[] = { { "postpaid", "Postpaid" }, { "prepaid", "Prepaid" }, { 0 } };
static const Choice day_counts[] = { { "30", "30, monthly" }, { "60", "60, bi-monthly" }, { "90", "90, quarterly" },
                                     { "365", "365, yearly" }, { 0 } };
static const Choice prorations[] = { { "partial_only", "Only for partial periods" }, { "daily", "Always by days" },
                                     { "none", "Never" }, { 0 } };
static const Choice rate_changes[] = { { "prorate", "By days" }, { "version_at_end", "The prices at the end" },
                                       { "version_at_start", "The prices at the start" }, { 0 } };

#define CODE_FIELD { "code", "Code", TEXT(2, CODE_MAX), .chars = "A-Z0-9-", \
                     .chars_text = "Use capital letters, digits and dashes.", .flags = REQUIRED | UPPER }
/* bills: how it bills, fixed once a version was submitted */
static const struct PlanField { Field f; bool bills, once; } plan_fields[] = {
    { CODE_FIELD, false, true },
    { { "name",         "Name",         TEXT(3, 80), .flags = REQUIRED }, false, false },
    { { "description",  "Description",  LONG_TEXT(0, 1000) }, false, false },
    { { "kind",         "Type",         CHOICE(kinds), .flags = REQUIRED, .initial = "variable" }, false, false },
    { { "payment_mode", "Payment",      CHOICE(payments), .flags = REQUIRED, .initial = "postpaid" }, false, false },
    { { "services",     "Services",     CHOICES(NULL), .flags = REQUIRED }, true, false },
    { { "categories",   "Categories",   CHOICES(NULL), .flags = REQUIRED }, false, false },
    { { "sub_categories", "Sub-categories", CHOICES(NULL), .hint = "None ticked: all of the categories" },
      false, false },
    { { "areas",        "Areas",        CHOICES(NULL), .hint = "None ticked: all areas" }, false, false },
    { { "meter_size_min", "Smallest meter", TEXT(1, 10), .hint = "As 5/8, 3/4, 1-1/2 or 20 mm; empty: any" }, false,
      false },
    { { "meter_size_max", "Largest meter",  TEXT(1, 10), .hint = "Empty: any" }, false, false },
    { { "standard_days", "Days of a period", CHOICE(day_counts), .flags = REQUIRED, .initial = "30" }, true, false },
    { { "tolerance_days", "Tolerance", INT(0, 15), .flags = REQUIRED, .initial = "5", .suffix = "days",
        .hint = "5 for 30 days, 8 for 60, 10 for 90" }, true, false },
    { { "proration_method", "Charges for a time", CHOICE(prorations), .flags = REQUIRED, .initial = "partial_only" },
      true, false },
    { { "rate_change_method", "When prices change", CHOICE(rate_changes), .flags = REQUIRED, .initial = "prorate" },
      true, false },
    { { "eru_sqft", "Square feet of an ERU", INT(1, 1000000), .flags = REQUIRED, .initial = "2500" }, true, false },
    { { "fallback_tou", "Period without interval data", TEXT(1, 20), .hint = "Code of a time-of-use period" }, true,
      false },
};
enum { PLAN_FIELDS = sizeof plan_fields / sizeof *plan_fields };

typedef struct PlanForm { Form form; Field fields[FIELDS_MOST]; Choice services[CHOICES_MOST + 1],
                          categories[CHOICES_MOST + 1], subs[CHOICES_MOST + 1], areas[CHOICES_MOST + 1]; } PlanForm;

static void choices_of(Choice *to, PlanNameds v) {
    for (size_t i = 0; i < v.n && i < CHOICES_MOST; i++) to[i] = (Choice){ v.v[i].code, v.v[i].name };
}

static bool is_locked(Ctx *c, const Plan *p) {
    return p && db_int(c, "select count(*) from tariff_plan_version where plan_id=? and state not in ('draft', "
                          "'rejected')", p->id) > 0;
}

static PlanForm *plan_form(Req *r, const Plan *p) {
    PlanForm *f = take(r, sizeof *f);
    bool locked = is_locked(&r->c, p);
    choices_of(f->services, db_all(r, PlanNamed, "select id, code, name from utility_service where utility_id=? "
                                                 "and active=1 order by sort, code", r->c.utility));
    choices_of(f->categories, db_all(r, PlanNamed, "select id, code, name from consumer_category where utility_id=? "
                                                   "and parent_id is null order by code", r->c.utility));
    choices_of(f->subs, db_all(r, PlanNamed, "select z.id, z.code, concat(k.code, ', ', z.name) as name "
        "from consumer_sub_category z join consumer_category k on k.id=z.category_id where z.utility_id=? "
        "order by k.code, z.code limit 60", r->c.utility));
    choices_of(f->areas, db_all(r, PlanNamed, "select id, code, concat(code, ' ', name) as name from service_area "
        "where utility_id=? and level in ('region', 'division', 'area') order by path limit 60", r->c.utility));
    size_t n = 0;
    for (int i = 0; i < PLAN_FIELDS; i++) {
        if ((p && plan_fields[i].once) || (locked && plan_fields[i].bills)) continue;
        Field *x = &f->fields[n++];
        *x = plan_fields[i].f;
        if (!strcmp(x->name, "services")) x->choices = f->services;
        if (!strcmp(x->name, "categories")) x->choices = f->categories;
        if (!strcmp(x->name, "sub_categories")) x->choices = f->subs;
        if (!strcmp(x->name, "areas")) x->choices = f->areas;
    }
    f->form = (Form){ .name = "plan", .fields = f->fields };
    return f;
}

static bool has(const PlanForm *f, const char *name) {
    for (const Field *x = f->fields; x->name; x++)
        if (!strcmp(x->name, name)) return true;
    return false;
}

typedef enum { CATEGORIES, SUB_CATEGORIES, AREAS } Listed;

/* [1,2] of the rows whose codes are ticked; NULL: none. */
static const char *ids_of(Req *r, const char *codes, Listed what) {
    if (!codes) return NULL;
    return what == CATEGORIES
        ? db_text(r, "select json_arrayagg(k.id order by k.code) from consumer_category k where k.utility_id=? "
                     "and json_contains(?, json_quote(k.code))", r->c.utility, codes)
        : what == SUB_CATEGORIES
        ? db_text(r, "select json_arrayagg(k.id order by k.code) from consumer_sub_category k where k.utility_id=? "
                     "and json_contains(?, json_quote(k.code))", r->c.utility, codes)
        : db_text(r, "select json_arrayagg(k.id order by k.code) from service_area k where k.utility_id=? "
                     "and json_contains(?, json_quote(k.code))", r->c.utility, codes);
}

static const char *ticked(Req *r, Input *in, const char *name) {
    Texts t = in_texts(in, name);
    return plan_list_json(&r->c, t.v, t.n);
}

static void names_check(Req *r, const char *code, const char *name, Id but) {
    if (code && db_int(r, "select count(*) from tariff_plan where utility_id=? and code=?", r->c.utility, code))
        problem(r, "code", "%s is taken.", code);
    if (name && db_int(r, "select count(*) from tariff_plan where utility_id=? and name=? and not id<=>?", r->c.utility,
                       name, but))
        problem(r, "name", "%s is taken.", name);
}

/* Sizes are known ones, the least is not above the most; sub-categories are of the categories ticked. */
static void eligible_check(Req *r, Input *in) {
    static const char *const names[] = { "meter_size_min", "meter_size_max" };
    int64_t rank[2] = { -1, -1 };
    for (int i = 0; i < 2; i++) {
        const char *size = in_text(in, names[i]);
        if (size && (rank[i] = meter_size_rank(size)) < 0)
            problem(r, names[i], "%s", msg_format(r, r->c.language, "plan.no_size", { "size", size }));
    }
    if (rank[0] >= 0 && rank[1] >= 0 && rank[0] > rank[1]) problem(r, names[1], "%s", PLAN_SAY(r, "sizes_wrong"));
    const char *subs = ticked(r, in, "sub_categories"), *categories = ticked(r, in, "categories");
    const char *stray = subs && categories ? db_text(r, "select z.name from consumer_sub_category z "
        "join consumer_category k on k.id=z.category_id where z.utility_id=? and json_contains(?, json_quote(z.code)) "
        "and not json_contains(?, json_quote(k.code)) order by z.code limit 1", r->c.utility, subs, categories) : NULL;
    if (stray)
        problem(r, "sub_categories", "%s", msg_format(r, r->c.language, "plan.stray_sub", { "name", stray }));
}

static void title(Req *r, const char *key) {
    show_text(r, "page.title", msg(r->c.language, key));
    show_text(r, "page.crumbs.0.text", PLAN_SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/plans"));
    show_text(r, "page.crumbs.1.text", msg(r->c.language, key));
}

void plan_new_page(Req *r) {
    PlanForm *f = plan_form(r, NULL);
    form_show(r, "form", &f->form, "/plans");
    title(r, "plan.new");
    show_text(r, "form.cancel_url", link_path(r, "/plans"));
    page(r, "layout/form");
}

static Id plan_insert(Req *r, PlanForm *f, Input *in) {
    (void)f;
    Ctx *c = &r->c;
    return db_insert(c, "insert into tariff_plan (utility_id, code, plan_no, name, description, kind, payment_mode, "
        "service_codes, category_ids, sub_category_ids, area_ids, meter_size_min, meter_size_max, standard_days, "
        "tolerance_days, proration_method, rate_change_method, eru_sqft, fallback_tou, currency, status, created_at, "
        "created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,'draft',?,?,?,?)",
        c->utility, in_text(in, "code"), id_next(c, "tariff_plan"), in_text(in, "name"), in_text(in, "description"),
        in_text(in, "kind"), in_text(in, "payment_mode"), ticked(r, in, "services"),
        ids_of(r, ticked(r, in, "categories"), CATEGORIES),
        ids_of(r, ticked(r, in, "sub_categories"), SUB_CATEGORIES), ids_of(r, ticked(r, in, "areas"), AREAS),
        in_text(in, "meter_size_min"),
        in_text(in, "meter_size_max"), in_text(in, "standard_days"), in_int(in, "tolerance_days"),
        in_text(in, "proration_method"), in_text(in, "rate_change_method"), in_int(in, "eru_sqft"),
        in_text(in, "fallback_tou"), utility_here(c)->currency, c->now, c->user, c->now, c->user);
}

void plan_create(Req *r) {
    Ctx *c = &r->c;
    PlanForm *f = plan_form(r, NULL);
    Input *in = form_read(r, &f->form);
    names_check(r, in_text(in, "code"), in_text(in, "name"), (Id){ 0 });
    eligible_check(r, in);
    problems_end(r);
    const char *code = in_text(in, "code");
    Id id = plan_insert(r, f, in);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "create", .entity = "tariff_plan", .id = id, .number = code, .version = 1,
                             .after = json_pairs(c, "code", code, "name", in_text(in, "name"), NULL) });
    note(r, "%s", msg_format(r, c->language, "plan.made", { "code", code }));
    go(r, "/plans/%s/versions/new", code);
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

static const char *codes_of(Req *r, const char *ids, Listed what) {
    if (!ids) return "[]";
    const char *json = what == CATEGORIES
        ? db_text(r, "select json_arrayagg(code) from consumer_category where utility_id=? "
                     "and json_contains(?, cast(id as char))", r->c.utility, ids)
        : what == SUB_CATEGORIES
        ? db_text(r, "select json_arrayagg(code) from consumer_sub_category where utility_id=? "
                     "and json_contains(?, cast(id as char))", r->c.utility, ids)
        : db_text(r, "select json_arrayagg(code) from service_area where utility_id=? "
                     "and json_contains(?, cast(id as char))", r->c.utility, ids);
    return json ? json : "[]";
}

static void tick(Req *r, FormView *v, const char *field, const Choice *choices, const char *json) {
    const char *on[CHOICES_MOST];
    size_t n = plan_texts(&r->c, json, on, CHOICES_MOST);
    for (int i = 0; choices[i].value && !form_again(v); i++)
        for (size_t k = 0; k < n; k++)
            if (!strcmp(choices[i].value, on[k]))
                show_text(r, text(r, "form.fields.%s.options.%d.selected", field, i), "1");
}

void plan_edit_page(Req *r) {
    Plan *p = plan_of_path(r);
    PlanForm *f = plan_form(r, p);
    FormView *v = form_show(r, "form", &f->form, text(r, "/plans/%s/edit", p->code));
    form_text(v, "name", p->name);
    form_text(v, "description", p->description);
    form_text(v, "kind", p->kind);
    form_text(v, "payment_mode", p->payment_mode);
    form_text(v, "meter_size_min", p->meter_size_min);
    form_text(v, "meter_size_max", p->meter_size_max);
    tick(r, v, "categories", f->categories, codes_of(r, p->category_ids, CATEGORIES));
    tick(r, v, "sub_categories", f->subs, codes_of(r, p->sub_category_ids, SUB_CATEGORIES));
    tick(r, v, "areas", f->areas, codes_of(r, p->area_ids, AREAS));
    if (has(f, "services")) {
        tick(r, v, "services", f->services, p->service_codes);
        form_text(v, "standard_days", text(r, "%d", p->standard_days));
        form_int(v, "tolerance_days", p->tolerance_days);
        form_text(v, "proration_method", p->proration_method);
        form_text(v, "rate_change_method", p->rate_change_method);
        form_int(v, "eru_sqft", p->eru_sqft);
        form_text(v, "fallback_tou", p->fallback_tou);
    } else show_text(r, "form.intro", PLAN_SAY(r, "locked"));
    form_version(v, p->row_version);
    plan_head(r, p, NULL, PLAN_SAY(r, "edit"));
    show_text(r, "form.cancel_url", link_path(r, "/plans/%s", p->code));
    page(r, "layout/form");
}

void plan_update(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    PlanForm *f = plan_form(r, p);
    Input *in = form_read(r, &f->form);
    names_check(r, NULL, in_text(in, "name"), p->id);
    eligible_check(r, in);
    problems_end(r);
    db_must(c, 1, CONFLICT, "update tariff_plan set name=?, description=?, kind=?, payment_mode=?, category_ids=?, "
        "sub_category_ids=?, area_ids=?, meter_size_min=?, meter_size_max=?, updated_at=?, updated_by=?, "
        "row_version=row_version+1 where id=? and row_version=?",
        in_text(in, "name"), in_text(in, "description"), in_text(in, "kind"), in_text(in, "payment_mode"),
        ids_of(r, ticked(r, in, "categories"), CATEGORIES),
        ids_of(r, ticked(r, in, "sub_categories"), SUB_CATEGORIES), ids_of(r, ticked(r, in, "areas"), AREAS),
        in_text(in, "meter_size_min"),
        in_text(in, "meter_size_max"), c->now, c->user, p->id, in->row_version);
    if (has(f, "services"))
        db_run(c, "update tariff_plan set service_codes=?, standard_days=?, tolerance_days=?, proration_method=?, "
                  "rate_change_method=?, eru_sqft=?, fallback_tou=? where id=?",
               ticked(r, in, "services"), in_text(in, "standard_days"), in_int(in, "tolerance_days"),
               in_text(in, "proration_method"), in_text(in, "rate_change_method"), in_int(in, "eru_sqft"),
               in_text(in, "fallback_tou"), p->id);
    const Plan *n = plan_by_id(c, p->id);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan", .id = p->id, .number = p->code,
                             .version = n->row_version,
                             .before = json_pairs(c, "name", p->name, "kind", p->kind, "categories", p->category_ids,
                                                  "sub_categories", p->sub_category_ids, "areas", p->area_ids,
                                                  "proration", p->proration_method, NULL),
                             .after = json_pairs(c, "name", n->name, "kind", n->kind, "categories", n->category_ids,
                                                 "sub_categories", n->sub_category_ids, "areas", n->area_ids,
                                                 "proration", n->proration_method, NULL) });
    note(r, "%s", PLAN_SAY(r, "saved"));
    go(r, "/plans/%s", p->code);
}

/* --- copying ------------------------------------------------------------------------------------------------------ */

static const Form copy_form = { .name = "plan_copy", .fields = FIELDS {
    CODE_FIELD,
    { "name",           "Name",           TEXT(3, 80), .flags = REQUIRED },
    { "effective_from", "Effective from", DATE_FIELD,  .flags = REQUIRED },
    { 0 } } };

void plan_copy_page(Req *r) {
    Plan *p = plan_of_path(r);
    FormView *v = form_show(r, "form", &copy_form, text(r, "/plans/%s/copy", p->code));
    form_date(v, "effective_from", month_first(month_add(month_of(utility_today(&r->c)), 1)));
    plan_head(r, p, NULL, PLAN_SAY(r, "copy"));
    show_text(r, "form.cancel_url", link_path(r, "/plans/%s", p->code));
    page(r, "layout/form");
}

void plan_copy(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    Input *in = form_read(r, &copy_form);
    const char *code = in_text(in, "code");
    names_check(r, code, in_text(in, "name"), (Id){ 0 });
    problems_end(r);
    Id plan = db_insert(c, "insert into tariff_plan (utility_id, code, plan_no, name, description, kind, payment_mode, "
        "service_codes, category_ids, sub_category_ids, area_ids, meter_size_min, meter_size_max, standard_days, "
        "tolerance_days, proration_method, rate_change_method, eru_sqft, fallback_tou, default_daily_qty_micro, "
        "deemed_daily_qty_micro, currency, status, created_at, created_by, updated_at, updated_by) "
        "select utility_id, ?, ?, ?, description, kind, payment_mode, service_codes, category_ids, sub_category_ids, "
        "area_ids, meter_size_min, meter_size_max, standard_days, tolerance_days, proration_method, "
        "rate_change_method, eru_sqft, fallback_tou, default_daily_qty_micro, deemed_daily_qty_micro, currency, "
        "'draft', ?, ?, ?, ? from tariff_plan where id=?", code, id_next(c, "tariff_plan"), in_text(in, "name"),
                        c->now, c->user, c->now, c->user, p->id);
    db_run(c, "insert into tariff_season (plan_id, code, from_md, to_md) select ?, code, from_md, to_md "
              "from tariff_season where plan_id=?", plan, p->id);
    Id version;
    plan_version_add(c, plan, in_date(in, "effective_from"),
                     msg_format(c, c->language, "plan.copied_of", { "code", p->code }), &version);
    PlanVersion *from = plan_version_now(c, p->id, utility_today(c));
    if (from) plan_rates_copy(c, from, version, plan);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "create", .entity = "tariff_plan", .id = plan, .number = code, .version = 1,
                             .after = json_pairs(c, "code", code, "copied from", p->code, NULL) });
    note(r, "%s", msg_format(r, c->language, "plan.made", { "code", code }));
    go(r, "/plans/%s/versions/1", code);
}

/* --- from a quote document ---------------------------------------------------------------------------------------- */

typedef struct Import { Req *r; Plan *plan; Id version; TariffDocumentRates doc; const char **codes;
                        const char *service; const char *seasons[SEASONS_MOST];
                        uint16_t season_months[SEASONS_MOST]; int season_n; }
    Import;

/* "Water, base charge" as "WATER-BASE-CHARGE"; without letters the charge type. Unique in the version. */
static const char *code_for(Import *m, int at) {
    const TariffDocumentRate *d = &m->doc.v[at];
    const char *s = d->label ? d->label : d->charge_type;
    char code[31];
    size_t n = 0;
    for (; *s && n < 24; s++) {
        char ch = *s >= 'a' && *s <= 'z' ? (char)(*s - 32) : *s;
        bool good = (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
        if (good) code[n++] = ch;
        else if (n && code[n - 1] != '-') code[n++] = '-';
    }
    while (n && code[n - 1] == '-') n--;
    code[n] = 0;
    for (int i = 0; i < at; i++)
        if (!strcmp(m->codes[i], code)) return text(m->r, "%s-%d", code, at + 1);
    return n ? text_copy(m->r, code) : text(m->r, "C-%d", at + 1);
}

static const char *type_for(const TariffDocumentRate *d) {
    bool deducts = !strcmp(d->charge_type, "DISCOUNT") || !strcmp(d->charge_type, "SUBSIDY"),
         per_unit = !strcmp(d->calc, "per_unit");
    if (!strcmp(d->charge_type, "TAX")) return "tax";
    if (!strcmp(d->charge_type, "MIN_BILL")) return "minimum";
    if (deducts) return "rebate";
    if (!strcmp(d->charge_type, "SEWER_USAGE") && (per_unit ? strncmp(d->quantity, "eru", 3) : !strcmp(d->calc,
                                                                                                   "percent")))
        return "wastewater";
    if (!strcmp(d->calc, "percent")) return !strcmp(d->charge_type, "FUEL_ADJ") ? "adjustment_factor" : "surcharge";
    if (per_unit && !strcmp(d->charge_type, "STORMWATER") && !strcmp(d->quantity, "eru")) return "stormwater";
    if (per_unit && !strcmp(d->charge_type, "DEMAND") && !strcmp(d->quantity, "demand")) return "demand";
    if (!strcmp(d->calc, "flat")) return "fixed";
    return per_unit ? "flat" : d->calc;
}

static const char *refs_for(Import *m, int at) {
    const TariffDocumentRate *d = &m->doc.v[at];
    const char **of = take_n(m->r, const char *, (size_t)d->of_n + 1);
    for (int k = 0; k < d->of_n; k++) {
        of[k] = d->of[k];
        for (int i = 0; i < at; i++)
            if (m->doc.v[i].label && !strcmp(m->doc.v[i].label, d->of[k])) of[k] = m->codes[i];
    }
    return plan_list_json(&m->r->c, of, (size_t)d->of_n);
}

static const char *service_for(Import *m, const char *service) {
    const char *code = service ? db_text(m->r, "select code from utility_service where utility_id=? and active=1 "
        "and (code=? or kind=? or name=?) order by sort limit 1", m->r->c.utility, service, service, service) : NULL;
    return code ? code : m->service;
}

static const char *const month_words[] = { "", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT",
                                          "NOV", "DEC" };

static bool month_of_rate(const Import *m, int i, int month) {
    return !m->doc.v[i].months || m->doc.v[i].months >> month & 1;
}

/* The seasons of the plan are the stretches of months in which the same components apply. */
static void seasons_insert(Import *m) {
    Ctx *c = &m->r->c;
    int first = 0;                                          /* a month that begins one; 0: there is none */
    for (int month = 1; month <= 12 && !first; month++)
        for (int i = 0; i < m->doc.n && !first; i++)
            if (month_of_rate(m, i, month) != month_of_rate(m, i, month == 1 ? 12 : month - 1)) first = month;
    if (!first) return;
    for (int k = 0, begun = first; k < 12; k++) {
        int month = (first + k - 1) % 12 + 1, next = month % 12 + 1;
        bool ends = k == 11;
        for (int i = 0; i < m->doc.n && !ends; i++) ends = month_of_rate(m, i, month) != month_of_rate(m, i, next);
        if (!ends) continue;
        if (m->season_n == SEASONS_MOST)
            fail_field(m->r, INVALID, "document", "components: their seasons make more than %d stretches of the year.",
                       SEASONS_MOST);
        char *code = text(m->r, "%s-%s", month_words[begun], month_words[month]);
        if (begun == month) code = text(m->r, "%s", month_words[month]);
        for (int x = begun;; x = x % 12 + 1) {
            m->season_months[m->season_n] |= (uint16_t)(1U << x);
            if (x == month) break;
        }
        m->seasons[m->season_n++] = code;
        db_run(c, "insert into tariff_season (plan_id, code, from_md, to_md) values (?,?,?,?)", m->plan->id, code,
               text(m->r, "%02d-01", begun), text(m->r, "%02d-%02d", month, month == 2 ? 29 : month_days(2025, month)));
        begun = next;
    }
}

/* The season of a component, which is one of the plan's; NULL: all year. */
static const char *season_for(Import *m, int i) {
    uint16_t months = m->doc.v[i].months;
    if (!months) return NULL;
    for (int k = 0; k < m->season_n; k++)
        if (m->season_months[k] == months) return m->seasons[k];
    fail_field(m->r, INVALID, "document", "components[%d].season: a component of a plan has one season. Its months do "
               "not follow each other, or another component's season begins within them: give it once for each.", i);
}

static void rate_insert(Import *m, int i) {
    Ctx *c = &m->r->c;
    const TariffDocumentRate *d = &m->doc.v[i];
    const char *type = type_for(d), *tax = NULL, *service = service_for(m, d->service);
    int64_t unit = power_of_ten(6 - utility_here(c)->exponent);
    if (d->lost) fail_field(m->r, INVALID, "document", "components[%d].%s.", i, d->lost);
    if (!db_int(c, "select exists (select 1 from charge_type where utility_id=? and code=?)", c->utility,
                d->charge_type))
        fail_field(m->r, INVALID, "document", "components[%d].charge_type: this utility has no charge type %s.", i,
                   d->charge_type);
    const char *season = season_for(m, i);
    if (!strcmp(type, "tax"))
        tax = db_text(c, "select code from tax_code where utility_id=? and active=1 and rate_ppm=? "
                         "order by effective_from desc limit 1", c->utility, d->percent_ppm);
    if (!strcmp(type, "tax") && !tax)
        fail_field(m->r, INVALID, "document", "components[%d]: there is no tax of %s %%. Add it under Taxes first.", i,
                   percent_decimal(&c->mem, d->percent_ppm));
    bool flat = !strcmp(d->calc, "flat"), per_unit = !strcmp(d->calc, "per_unit");
    if (flat && d->price.micro % unit)
        fail_field(m->r, INVALID, "document", "components[%d].amount: more decimals than the currency has.", i);
    if (d->has_minimum && d->minimum.micro % unit)
        fail_field(m->r, INVALID, "document", "components[%d].minimum: more decimals than the currency has.", i);
    for (int k = 0; k < d->tier_n && !strcmp(d->calc, "flat_by_tier"); k++)
        if (d->tiers[k].price.micro % unit)
            fail_field(m->r, INVALID, "document", "components[%d].tiers[%d].amount: more decimals than the currency "
                       "has.", i, k);
    int step = m->doc.n > 99 ? 1 : 10;
    Id rate = db_insert(c, "insert into tariff_rate (utility_id, version_id, sequence, code, label, type, charge_type, "
        "calc, basis, prorate, service_code, unit, rate_micro, amount_minor, rate_ppm, quantity, qty_percent_ppm, "
        "tier_mode, tier_period, included_qty_micro, above_qty_micro, upto_qty_micro, cap_micro, minimum_minor, refs, "
        "tax_code, season_code, gl_code, created_at, created_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,(select unit from utility_service where utility_id=? and code=?),if(?,?,null),"
        "if(?,?,null),if(?,?,null),?,?,?,?,?,if(?,?,null),if(?,?,null),if(?,?,null),if(?,?,null),?,?,?,'',?,?)",
        c->utility, m->version, (i + 1) * step, m->codes[i], d->label ? d->label
        : d->charge_type, type, d->charge_type, d->calc, d->basis, d->prorate, service, c->utility, service,
        per_unit, d->price, flat, d->price.micro / unit, !strcmp(d->calc, "percent"), d->percent_ppm,
        d->quantity, d->qty_percent_ppm, d->tier_mode, d->tier_period, d->included, d->has_above, d->above,
        d->has_upto, d->upto, d->has_cap, d->cap, d->has_minimum, d->minimum.micro / unit, refs_for(m, i), tax, season,
        c->now, c->user);
    for (int k = 0; k < d->tier_n; k++) {
        const TariffDocumentTier *t = &d->tiers[k];
        bool amount = !strcmp(d->calc, "flat_by_tier");
        db_run(c, "insert into tariff_tier (rate_id, seq, upto_qty_micro, upto_attribute, rate_micro, amount_minor) "
                  "values (?,?,if(?,null,?),?,if(?,null,?),if(?,?,null))", rate, k + 1, t->unlimited, t->upto,
               t->upto_attribute, amount, t->price, amount, t->price.micro / unit);
    }
    for (int k = 0; k < d->tou_n; k++)
        db_run(c, "insert into tariff_tou_period (rate_id, code, day_type, from_time, to_time, rate_micro) "
                  "values (?,?,'any','00:00','24:00',?)", rate, d->tou[k].name, d->tou[k].value.micro);
}

static const Field import_fields[] = {
    { "effective_from", "Effective from", DATE_FIELD, .flags = REQUIRED },
    { "file",     "File",     FILE_FIELD, .hint = "A quote document (JSON), at most 256 KiB" },
    { "document", "Document", LONG_TEXT(0, 262144), .flags = AS_IS, .hint = "Or its text" },
};

static PlanForm *import_form(Req *r) {
    PlanForm *f = plan_form(r, NULL);
    size_t n = 0;
    while (f->fields[n].name) n++;
    for (size_t i = 0; i < 3; i++) f->fields[n++] = import_fields[i];
    return f;
}

void plan_import_page(Req *r) {
    PlanForm *f = import_form(r);
    FormView *v = form_show(r, "form", &f->form, "/plans/import");
    form_date(v, "effective_from", month_first(month_add(month_of(utility_today(&r->c)), 1)));
    title(r, "plan.import");
    show_text(r, "form.intro", PLAN_SAY(r, "import_how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.cancel_url", link_path(r, "/plans"));
    page(r, "layout/form");
}

void plan_import(Req *r) {
    Ctx *c = &r->c;
    PlanForm *f = import_form(r);
    Input *in = form_read(r, &f->form);
    names_check(r, in_text(in, "code"), in_text(in, "name"), (Id){ 0 });
    eligible_check(r, in);
    problems_end(r);
    size_t n;
    const char *bytes = plan_document_read(r, "document", &n);
    Import m = { .r = r, .doc = tariff_document_rates(c, bytes, n) };
    if (m.doc.problem) fail_field(r, INVALID, "document", "%s", m.doc.problem);
    if (strcmp(m.doc.currency, utility_here(c)->currency))
        fail_field(r, INVALID, "document", "currency: this utility bills in %s.", utility_here(c)->currency);
    int days = m.doc.months == 12 ? 365 : 30 * m.doc.months;
    if (days != atoi(in_text(in, "standard_days")))
        fail_field(r, INVALID, "standard_days", "%s", msg_plural(r, c->language, "plan.document_months", m.doc.months,
                                                                NULL));
    const char *code = in_text(in, "code");
    m.plan = plan_by_id(c, plan_insert(r, f, in));
    const char *services[8];
    m.service = plan_texts(c, m.plan->service_codes, services, 8) ? services[0] : "";
    plan_version_add(c, m.plan->id, in_date(in, "effective_from"), PLAN_SAY(r, "imported"), &m.version);
    seasons_insert(&m);
    m.codes = take_n(r, const char *, (size_t)m.doc.n + 1);
    for (int i = 0; i < m.doc.n; i++) {
        m.codes[i] = code_for(&m, i);
        rate_insert(&m, i);
    }
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "create", .entity = "tariff_plan", .id = m.plan->id, .number = code,
                             .version = 1, .after = json_pairs(c, "code", code, "from", "quote document", NULL) });
    note(r, "%s", msg_format(r, c->language, "plan.made", { "code", code }));
    go(r, "/plans/%s/versions/1", code);
}

/* --- deleting ----------------------------------------------------------------------------------------------------- */

static const char *delete_refusal(Req *r, const Plan *p) {
    int64_t n = db_int(r, "select count(*) from service_connection where tariff_plan_id=?", p->id);
    if (n) return text(r, "%s %s %s. Retire it instead.", locale_count(&r->c.mem, r->c.locale, n),
                       n == 1 ? "connection uses" : "connections use", p->code);
    if (is_locked(&r->c, p)) return text(r, "%s has a version that was submitted. Retire it instead.", p->code);
    return NULL;
}

void plan_delete_page(Req *r) {
    Plan *p = plan_of_path(r);
    const char *no = delete_refusal(r, p);
    if (no) fail(r, CONFLICT, "%s", no);
    plan_head(r, p, NULL, PLAN_SAY(r, "delete"));
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "plan.delete_how", { "code", p->code }));
    show_text(r, "confirm.back_url", link_path(r, "/plans/%s", p->code));
    show_text(r, "confirm.action", link_path(r, "/plans/%s/deletion", p->code));
    show_text(r, "confirm.submit", text(r, "%s %s", PLAN_SAY(r, "delete"), p->code));
    page(r, "layout/confirm");
}

void plan_delete(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    const char *no = delete_refusal(r, p);
    if (no) fail(r, CONFLICT, "%s", no);
    db_run(c, "delete x from tariff_rate x join tariff_plan_version v on v.id=x.version_id where v.plan_id=?", p->id);
    db_run(c, "delete from tariff_plan_version where plan_id=?", p->id);
    db_run(c, "delete from tariff_plan where id=?", p->id);
    audit_note(c, "delete", "tariff_plan", p->id, p->code, NULL);
    note(r, "%s", msg_format(r, c->language, "plan.deleted", { "code", p->code }));
    go(r, "/plans");
}

/* --- status ------------------------------------------------------------------------------------------------------- */

static void plan_moved(Ctx *c, Id id, const char *from, const char *to, const char *event) {
    (void)from, (void)event;
    if (!strcmp(to, "retired"))
        event_emit(c, &(Event){ .name = "tariff_plan.retired", .entity = "tariff_plan", .id = id });
}

static const Move plan_moves[] = {
    { "draft",    "start",      "active",   EDIT, NULL, NULL },             /* with its first version in force */
    { "active",   "deactivate", "inactive", EDIT, NULL, NULL,   .text = "Deactivate", .plain = true },
    { "inactive", "activate",   "active",   EDIT, NULL, NULL,   .text = "Activate" },
    { "active",   "retire",     "retired",  APPROVE, plan_retire_refusal, plan_retired },      /* plan_retire.c */
    { "inactive", "retire",     "retired",  APPROVE, plan_retire_refusal, plan_retired },
    { 0 } };

const Machine tariff_plan = { .name = "tariff_plan", .table = "tariff_plan", .column = "status", .number = "code",
                              .feature = "core.tariffs", .moves = plan_moves, .moved = plan_moved };

void plan_event(Req *r) {
    Plan *p = plan_of_path(r);
    const char *event = path_text(r, "event");
    if (!strcmp(event, "start")) fail(r, NOT_FOUND, "There is no such move.");
    machine_move(&r->c, &tariff_plan, p->id, event, NULL, NULL);
    note(r, "%s", text(r, "%s: %s.", p->code, state_label(r, plan_by_id(&r->c, p->id)->status)));
    go(r, "/plans/%s", p->code);
}

/* --- seasons ------------------------------------------------------------------------------------------------------ */

static const ListSpec seasons = {
    .name = "plan_seasons", .one = "season", .many = "seasons", .path = "/plans/seasons", .feature = "core.tariffs",
    .from = "tariff_season s join tariff_plan p on p.id = s.plan_id", .where = "p.utility_id = ?", .id = "s.id",
    .columns = COLUMNS {
        { "code",    NULL, "p.code",    LIST | SORT | SEARCH, .link = "/plans/{code}/seasons" },
        { "season",  NULL, "s.code",    LIST | SEARCH, .place = "name" },
        { "from_md", NULL, "s.from_md", LIST },
        { "to_md",   NULL, "s.to_md",   LIST },
        { "periods", NULL, "(select group_concat(distinct t.code order by t.code separator ', ') "
                           "from tariff_tou_period t join tariff_rate x on x.id = t.rate_id "
                           "join tariff_plan_version v on v.id = x.version_id where v.plan_id = p.id)", LIST },
        { 0 } },
    .order = "code", .empty_title = "No seasons",
    .empty_text = "Seasons belong to a plan: open it and choose Seasons." };

void plan_seasons_page(Req *r) {
    show_text(r, "page.title", PLAN_SAY(r, "seasons"));
    page_tabs(r, "plans", "/plans/seasons");
    list_show(r, &seasons, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static const Form season_form = { .name = "plan_seasons", .fields = FIELDS { { 0 } } };

#define SEASON_ROW(F, T) F(T, const char *, code) F(T, const char *, from_md) F(T, const char *, to_md)
ROW(SeasonRow, SEASON_ROW)

void plan_seasons_edit(Req *r) {
    Plan *p = plan_of_path(r);
    FormView *v = form_show(r, "form", &season_form, text(r, "/plans/%s/seasons", p->code));
    SeasonRows all = db_all(r, SeasonRow, "select code, from_md, to_md from tariff_season where plan_id=? "
                                          "order by from_md", p->id);
    static const char *const names[] = { "season", "from_md", "to_md" };
    const char *field = "form.fields.season";
    show_text(r, text(r, "%s.name", field), "season");
    show_text(r, text(r, "%s.kind", field), "lines");
    show_text(r, text(r, "%s.label", field), PLAN_SAY(r, "seasons"));
    show_text(r, text(r, "%s.hint", field), PLAN_SAY(r, "seasons_how"));
    for (int i = 0; i < r->problems && form_again(v); i++) show_text(r, text(r, "%s.error", field), r->problem[i].text);
    for (size_t k = 0; k < 3; k++) {
        show_text(r, text(r, "%s.cols.%s.label", field, names[k]), msg(r->c.language, text(r, "plan.%s", names[k])));
        Texts typed = param_all(&r->c.mem, &r->fields, names[k]);
        for (size_t i = 0; i < SEASONS_SHOWN || (form_again(v) ? i < typed.n : i < all.n); i++) {
            const char *s = form_again(v) ? i < typed.n ? typed.v[i] : "" : i >= all.n ? "" : k == 0 ? all.v[i].code
                : k == 1 ? all.v[i].from_md : all.v[i].to_md;
            show_text(r, text(r, "%s.lines.%zu.%s.value", field, i, names[k]), s);
        }
    }
    plan_head(r, p, NULL, PLAN_SAY(r, "seasons"));
    show_text(r, "form.cancel_url", link_path(r, "/plans/%s", p->code));
    page(r, "layout/form");
}

void plan_seasons_save(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    Texts code = param_all(&c->mem, &r->fields, "season"), from = param_all(&c->mem, &r->fields, "from_md"),
        to = param_all(&c->mem, &r->fields, "to_md");
    if (code.n != from.n || code.n != to.n) fail_field(r, INVALID, "season", "%s", PLAN_SAY(r, "lines_wrong"));
    SeasonDays v[SEASONS_MOST];
    int n = 0;
    for (size_t i = 0; i < code.n; i++) {
        if (!*code.v[i] && !*from.v[i] && !*to.v[i]) continue;
        if (n == SEASONS_MOST) fail_field(r, INVALID, "season", "A plan has at most %d seasons.", SEASONS_MOST);
        if (!*code.v[i] || strlen(code.v[i]) > 20 || !season_day_parse(from.v[i]) || !season_day_parse(to.v[i]))
            fail_field(r, INVALID, "season", "Line %zu: give a code and two days as MM-DD.", i + 1);
        v[n++] = (SeasonDays){ code.v[i], from.v[i], to.v[i] };
    }
    const char *wrong = seasons_problem(&c->mem, v, n);
    if (wrong) fail_field(r, INVALID, "season", "%s", wrong);
    if (db_int(c, "select count(*) from tariff_tier t join tariff_season s on s.id=t.season_id "
                  "join tariff_rate x on x.id=t.rate_id join tariff_plan_version w on w.id=x.version_id "
                  "where s.plan_id=? and w.state not in ('draft', 'rejected')", p->id))
        fail(r, CONFLICT, "%s", PLAN_SAY(r, "seasons_used"));
    for (int i = 0; i < n; i++)
        db_run(c, "insert into tariff_season (plan_id, code, from_md, to_md) values (?,?,?,?) on duplicate key update "
                  "from_md=values(from_md), to_md=values(to_md)", p->id, v[i].code, v[i].from_md, v[i].to_md);
    const char *codes[SEASONS_MOST];
    for (int i = 0; i < n; i++) codes[i] = v[i].code;
    const char *kept = n ? plan_list_json(c, codes, (size_t)n) : "[]";
    if (db_int(c, "select count(*) from tariff_tier t join tariff_season s on s.id=t.season_id where s.plan_id=? "
                  "and not json_contains(?, json_quote(s.code))", p->id, kept))
        fail(r, CONFLICT, "%s", PLAN_SAY(r, "seasons_priced"));
    db_run(c, "delete from tariff_season where plan_id=? and not json_contains(?, json_quote(code))", p->id, kept);
    db_must(c, 1, CONFLICT, "update tariff_plan set updated_at=?, updated_by=?, row_version=row_version+1 where id=? "
                            "and row_version=?", c->now, c->user, p->id, p->row_version);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan", .id = p->id, .number = p->code,
                             .version = p->row_version + 1, .after = json_pairs(c, "seasons", kept, NULL) });
    note(r, "%s", PLAN_SAY(r, "saved"));
    go(r, "/plans/%s", p->code);
}
