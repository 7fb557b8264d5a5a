/*
 * Core system settings (ONB02US02): six tabs in their order. Services, departments, categories, document types and
 * contracts are resources with their rules; which modules are on is a page of its own (below).
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "settings." key)

void settings_root(Req *r) { go(r, "/settings/services"); }

static void touched(Req *r, const Input *in, Id id) {
    (void)in, (void)id;
    setup_step_touch(&r->c, "core_settings");
}

/* --- 1 services --------------------------------------------------------------------------------------------------- */

/* Units a kind of service is measured in; the first is the usual one in US customary measures. */
static const struct { const char *kind, *units; } units[] = {
    { "water", "CCF gal kgal ft3 m3 L" }, { "wastewater", "CCF gal kgal ft3 m3 L" },
    { "hot_water", "CCF gal kgal ft3 m3 L" }, { "electricity", "kWh MWh kW kVA" }, { "micro_grid", "kWh MWh kW kVA" },
    { "ev", "kWh MWh kW kVA" }, { "gas", "therm CCF MCF m3 kWh" }, { "heat", "kWh GJ MMBtu" },
};

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *s = words; (s = strstr(s, word)); s += n)
        if ((s == words || s[-1] == ' ') && (!s[n] || s[n] == ' ')) return true;
    return false;
}

#define SERVICE_NOW(F, T) F(T, const char *, name) F(T, const char *, kind) F(T, const char *, unit) \
    F(T, bool, metered) \
    F(T, int64_t, connections) F(T, int64_t, active)
ROW(ServiceNow, SERVICE_NOW)

static void service_check(Req *r, const Input *in, Id id) {
    Ctx *c = &r->c;
    const ServiceNow *now = id.id ? db_find(c, ServiceNow, "select s.name, s.kind, s.unit, s.metered, "
        "(select count(*) from service_connection k where k.utility_id=s.utility_id and k.service_code=s.code) "
        "as connections, (select count(*) from service_connection k where k.utility_id=s.utility_id "
        "and k.service_code=s.code and k.status='active') as active from utility_service s where s.id=?", id) : NULL;
    const char *name = in_text(in, "name"), *unit = in_text(in, "unit");
    bool active = in_bool(in, "active"), metered = in_bool(in, "metered");
    if (!name) return;
    if (active && metered && !unit) problem(r, "unit", "%s", msg_format(r, c->language, "settings.select_unit",
                                                                        { "name", name }));
    if (active && !metered && !in_text(in, "billing_basis"))
        problem(r, "billing_basis", "%s", msg_format(r, c->language, "settings.select_basis", { "name", name }));
    const char *gl = in_text(in, "gl_revenue_code");
    if (gl && !db_int(r, "select count(*) from gl_code where utility_id=? and code=? and active=1", c->utility, gl))
        problem(r, "gl_revenue_code", "%s", msg_format(r, c->language, "settings.no_gl", { "code", gl }));
    for (size_t i = 0; unit && now && i < sizeof units / sizeof *units; i++)
        if (!strcmp(units[i].kind, now->kind) && !has_word(units[i].units, unit))
            problem(r, "unit", "%s", msg_format(r, c->language, "settings.units_of", { "name", name },
                                                { "units", units[i].units }));
    if (!now || !now->connections) return;
    const char *n = locale_count(&c->mem, c->locale, now->connections);
    if (strcmp(now->unit ? now->unit : "", unit ? unit : ""))
        problem(r, "unit", "%s", msg_plural(r, c->language, "settings.unit_fixed", now->connections, n,
                                            { "name", now->name }));
    if (now->metered != metered)
        problem(r, "metered", "%s", msg_plural(r, c->language, "settings.metered_fixed", now->connections, n,
                                               { "name", now->name }));
    if (!active && now->active)
        problem(r, "active", "%s", msg_plural(r, c->language, "settings.service_used", now->active,
            locale_count(&c->mem, c->locale, now->active), { "name", now->name }));
}

static const Choice bases[] = { { "per account", "settings.basis.account" },
                                { "per unit count", "settings.basis.units" },
    { "per area", "settings.basis.area" }, { "per ERU", "settings.basis.eru" },
    { "derived from water", "settings.basis.water" }, { 0 } };

const Resource utility_service = {
    .table = "utility_service", .path = "/settings/services", .feature = "core.settings", .one = "service",
    .many = "services", .order = "sort", .tabs = "settings", .no_delete = true,
    .fields = FIELDS {
        { "code",          "Service code", TEXT(2, 4), .chars = "A-Z", .chars_text = "Use 2 to 4 capital letters.",
          .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",          "Name",         TEXT(2, 60), .flags = REQUIRED | LIST | SEARCH },
        { "metered",       "This is a metered service", BOOL, .flags = LIST },
        { "unit",          "Measurement unit", TEXT(0, 20), .flags = LIST, .hint = "Water: CCF, gal, kgal, ft3, m3, L. "
          "Electricity: kWh, MWh. Gas: therm, CCF, MCF, m3, kWh. Heat: kWh, GJ, MMBtu." },
        { "decimals",      "Decimals",     INT(0, 3), .flags = REQUIRED | LIST, .initial = "0" },
        { "billing_basis", "Billing basis", CHOICE(bases), .flags = LIST, .hint = "Of a service without meter." },
        { "gl_revenue_code", "GL revenue code", TEXT(0, 12) },
        { "sort",          "Place",        INT(0, 999), .flags = SORT, .initial = "20" },
        { "active",        "Active",       BOOL, .flags = LIST | FILTER },
        { 0 } },
    .check = service_check, .after_save = touched,
};

/* --- 3 departments ------------------------------------------------------------------------------------------------ */

#define ROLE_OF(F, T) F(T, const char *, code) F(T, const char *, name) F(T, int64_t, people)
ROW(RoleOf, ROLE_OF)

/* The roles it recommends first, each with its rights a press away. */
static void department_show(Req *r, Id id) {
    RoleOfs l = db_all(r, RoleOf, "select o.code, o.name, (select count(distinct ur.user_id) from user_role ur "
                       "where ur.role_id = o.id) as people from role o where o.department_id = ? and o.active = 1 "
                       "order by o.name", id);
    bool may = perm_may(&r->c, "core.roles", VIEW);
    show_text(r, "show.sections.1.title", SAY(r, "roles_of"));
    TableView *t = table_start(r, "show.sections.1.table", SAY(r, "roles_of"));
    table_column(t, SAY(r, "role"), "text", "id");
    table_column(t, SAY(r, "people"), "num", NULL);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, may ? link_path(r, "/roles/%s", l.v[i].code) : NULL);
        table_cell(t, l.v[i].name);
        table_int(t, l.v[i].people);
    }
    table_empty(t, SAY(r, "no_roles"), may ? SAY(r, "no_roles_how") : NULL);
}

static const Resource head_choice = { .table = "user", .one = "user", .key = "email", .whole_tenant = true,
                                      .where = "x.status = 'active'",
    .fields = FIELDS { { "email", NULL, TEXT(3, 254) }, { "full_name", NULL, TEXT(1, 120) }, { 0 } } };

const Resource department = {
    .table = "department", .path = "/settings/roles", .feature = "core.settings", .one = "department",
    .many = "departments", .key = "public_id", .order = "name", .tabs = "settings",
    .links = (const ListAction[]){ { "settings.to_roles", "/roles", "users", "core.roles", VIEW, false }, { 0 } },
    .show = department_show,
    .fields = FIELDS {
        { "name",  "Department", TEXT(2, 60), .flags = REQUIRED | UNIQUE | LIST | SEARCH },
        { "head_user_id", "Head of the department", REF(head_choice), .flags = LIST },
        { "roles", "Roles", TEXT(0, 0), .flags = LIST | DERIVED,
          .column = "(select group_concat(o.name order by o.name "
                    "separator ', ') from role o where o.department_id = x.id and o.active = 1)" },
        { 0 } },
    .used_by = "select count(*) from user where department_id = ?", .used_text = "people", .after_save = touched,
};

/* --- 4 categories ------------------------------------------------------------------------------------------------- */

/* True in SQL when some application of category k must bring document d: its code is a value in mandatory_for. */
#define ASKS_FOR(d, k) "json_search(" d ".mandatory_for, 'one', replace(" k ".code, '_', '\\\\_')) is not null"

/* What categories point to; both have pages of their own. */
static const Resource plan_choice = { .table = "tariff_plan", .one = "plan", .fields = FIELDS {
    { "code", NULL, TEXT(2, 20) }, { "name", NULL, TEXT(3, 80) }, { 0 } } };
static const Resource deposit_choice = { .table = "fee", .one = "deposit",
                                         .where = "x.kind = 'deposit' and x.active = 1",
    .fields = FIELDS { { "code", NULL, TEXT(2, 30) }, { "name", NULL, TEXT(3, 80) }, { 0 } } };

/* A default is a plan that may be given to somebody: active, and for this category. */
static void default_plan_check(Req *r, const Input *in, Id category) {
    Id plan = in_ref(in, "default_tariff_plan_id");
    if (!plan.id) return;
    const char *code = in_text(in, "default_tariff_plan_id");
    if (!db_int(r, "select count(*) from tariff_plan where id=? and status='active'", plan))
        problem(r, "default_tariff_plan_id", "%s", msg_format(r, r->c.language, "settings.plan_inactive",
                { "plan", code }));
    else if (category.id && !db_int(r, "select json_length(category_ids)=0 or json_contains(category_ids, "
                                       "cast(? as char)) from tariff_plan where id=?", category, plan))
        problem(r, "default_tariff_plan_id", "%s", msg_format(r, r->c.language, "settings.plan_elsewhere",
                { "plan", code }));
}

static void category_check(Req *r, const Input *in, Id id) {
    default_plan_check(r, in, id);
    bool last = id.id && !in_bool(in, "active") && !db_int(r, "select count(*) from consumer_category "
        "where utility_id=? and active=1 and id<>?", r->c.utility, id);
    if (last) problem(r, "active", "%s", SAY(r, "one_category"));
}

#define SUB_OF(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, plan) \
    F(T, const char *, deposit) F(T, int, credit_days) F(T, bool, has_days) F(T, bool, active)
ROW(SubOf, SUB_OF)

/* The tree below a category: what a sub-category leaves empty is the category's. */
static void show_subs(Req *r, Id id) {
    SubOfs l = db_all(r, SubOf, "select s.code, s.name, p.code as plan, f.code as deposit, "
                      "coalesce(s.credit_days, 0) as credit_days, s.credit_days is not null as has_days, s.active "
                      "from consumer_sub_category s left join tariff_plan p on p.id = s.default_tariff_plan_id "
                      "left join fee f on f.id = s.deposit_fee_id where s.category_id = ? order by s.sort, s.code "
                      "limit 200", id);
    show_text(r, "show.sections.1.title", SAY(r, "sub_categories"));
    if (perm_may(&r->c, "core.settings", CREATE)) {
        show_text(r, "show.sections.1.link.text", SAY(r, "add_sub"));
        show_text(r, "show.sections.1.link.url", link_path(r, "/settings/sub-categories/new"));
    }
    TableView *t = table_start(r, "show.sections.1.table", SAY(r, "sub_categories"));
    table_column(t, SAY(r, "code"), "code", "id");
    table_column(t, SAY(r, "name"), "text", "name");
    table_column(t, SAY(r, "default_plan"), "text", NULL);
    table_column(t, SAY(r, "deposit"), "text", NULL);
    table_column(t, SAY(r, "credit_days"), "num", NULL);
    table_column(t, SAY(r, "status"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        const SubOf *s = &l.v[i];
        table_row(t, link_path(r, "/settings/sub-categories/%s", s->code));
        table_cell(t, s->code);
        table_cell(t, s->name);
        table_cell(t, s->plan ? s->plan : SAY(r, "of_category"));
        table_cell(t, s->deposit ? s->deposit : SAY(r, "of_category"));
        table_cell(t, s->has_days ? text(r, "%d", s->credit_days) : SAY(r, "of_category"));
        table_state(t, s->active ? "active" : "inactive");
    }
    table_empty(t, SAY(r, "no_subs"), NULL);
}

#define NEEDED(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, mandatory_for)
ROW(Needed, NEEDED)

/* Documents that an application of this category must bring, and which applications. */
static void show_needed(Req *r, Id id) {
    Needed *row;
    Neededs l = db_all(r, Needed, "select d.code, d.name, d.mandatory_for from document_type d "
                       "join consumer_category k on k.id = ? where d.utility_id = k.utility_id and d.active = 1 "
                       "and " ASKS_FOR("d", "k") " order by d.name limit 100", id);
    show_text(r, "show.sections.2.title", SAY(r, "needed"));
    TableView *t = table_start(r, "show.sections.2.table", SAY(r, "needed"));
    table_column(t, SAY(r, "document"), "text", "id");
    table_column(t, SAY(r, "applications"), "text", NULL);
    for (size_t i = 0; i < l.n; i++) {
        row = &l.v[i];
        table_row(t, link_path(r, "/settings/documents/%s", row->code));
        table_cell(t, row->name);
        table_cell(t, document_applications(r, row->mandatory_for, path_text(r, "key")));
    }
    table_empty(t, SAY(r, "needed_none"), NULL);
}

/* Where its accounts went, or the way to let them go. */
static void category_show(Req *r, Id id) {
    show_subs(r, id);
    show_needed(r, id);
    const char *into = db_text(r, "select y.name from consumer_category x join consumer_category y "
                                  "on y.id=x.merged_into_id where x.id=?", id);
    int64_t waiting = into ? db_int(r, "select count(*) from account where category_id=?", id) : 0;
    if (into) show_text(r, "page.notices.0.text", msg_plural(r, r->c.language, "settings.merged_into", waiting,
        locale_count(&r->c.mem, r->c.locale, waiting), { "to", into }));
    else if (perm_may(&r->c, "core.settings", EDIT)) {
        show_text(r, "page.actions.2.text", SAY(r, "merge"));
        show_text(r, "page.actions.2.icon", "swap");
        show_text(r, "page.actions.2.url", link_path(r, "/settings/categories/%s/merge", path_text(r, "key")));
    }
}

static void sub_category_check(Req *r, const Input *in, Id id) {
    (void)id;
    default_plan_check(r, in, in_ref(in, "category_id"));
}

const Resource consumer_category = {
    .table = "consumer_category", .path = "/settings/categories", .feature = "core.settings", .one = "category",
    .many = "categories", .order = "sort", .tabs = "settings",
    .links = (const ListAction[]){
        { "settings.sub_categories", "/settings/sub-categories", NULL, "core.settings", VIEW, false }, { 0 } },
    .fields = FIELDS {
        { "code",        "Code",  TEXT(2, 10), .chars = "A-Z0-9_", .chars_text = "Use capital letters, digits and _.",
          .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",        "Name",  TEXT(2, 60), .flags = REQUIRED | UNIQUE | LIST | SEARCH },
        { "subs",        "Sub-categories", TEXT(0, 0), .flags = LIST | DERIVED, .column = "(select group_concat(concat("
          "s.code, ' ', s.name) order by s.sort separator ', ') from consumer_sub_category s "
          "where s.category_id = x.id "
          "and s.active = 1)" },
        { "default_tariff_plan_id", "Default plan", REF(plan_choice), .flags = LIST },
        { "deposit_fee_id", "Deposit", REF(deposit_choice), .flags = LIST },
        { "documents", "Required documents", TEXT(0, 0), .flags = LIST | DERIVED,
          .column = "(select group_concat(d.name "
          "order by d.name separator ', ') from document_type d where d.utility_id = x.utility_id and d.active = 1 "
          "and " ASKS_FOR("d", "x") ")" },
        { "credit_days", "Credit days", INT(0, 90), .flags = REQUIRED | LIST, .initial = "21" },
        { "tax_exempt",  "Tax exempt", BOOL, .flags = LIST },
        { "sort",        "Place",      INT(0, 999), .flags = SORT, .initial = "10" },
        { "active",      "Active",     BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check = category_check, .after_save = touched, .show = category_show,
    .delete_refusal = "select concat(format(count(*), 0), if(count(*) = 1, ' account uses ', ' accounts use '), "
                      "max(g.name), '. Deactivate or merge it.') from account a join consumer_category g "
                      "on g.id = a.category_id where g.id = ? having count(*) > 0",
};

static const Choice exempt[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };

const Resource consumer_sub_category = {
    .table = "consumer_sub_category", .path = "/settings/sub-categories", .feature = "core.settings",
    .one = "sub-category", .many = "sub-categories", .order = "sort", .tabs = "settings",
    .fields = FIELDS {
        { "code",        "Code",     TEXT(2, 10), .chars = "A-Z0-9_",
          .chars_text = "Use capital letters, digits and _.",
          .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",        "Name",     TEXT(2, 60), .flags = REQUIRED | LIST | SEARCH },
        { "category_id", "Category", REF(consumer_category), .flags = REQUIRED | LIST },
        { "default_tariff_plan_id", "Default plan", REF(plan_choice), .flags = LIST,
          .hint = "Empty: that of the category." },
        { "deposit_fee_id", "Deposit", REF(deposit_choice), .flags = LIST, .hint = "Empty: that of the category." },
        { "credit_days", "Credit days", INT(0, 90), .flags = LIST, .hint = "Empty: those of the category." },
        { "tax_exempt",  "Tax exempt", CHOICE(exempt), .hint = "Empty: as the category." },
        { "sort",        "Place",    INT(0, 999), .flags = SORT, .initial = "10" },
        { "active",      "Active",   BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .links = (const ListAction[]){
        { "settings.categories", "/settings/categories", NULL, "core.settings", VIEW, false }, { 0 } },
    .used_by = "select count(*) from account where sub_category_id = ?", .used_text = "accounts",
    .check = sub_category_check, .after_save = touched,
};

/* --- 2 system access ---------------------------------------------------------------------------------------------- */

/* needs: modules that must be on first. */
static const struct { const char *code, *needs; } modules_[] = {
    { "cis", "" }, { "cc", "cis" }, { "comm", "" }, { "portal", "comm" }, { "mx", "" }, { "bx", "mx" }, { "wx", "" } };
enum { MODULES_N = sizeof modules_ / sizeof *modules_ };

static const char *module_name(Req *r, const char *code) {
    return msg(r->c.language, text(r, "settings.module.%s", code));
}

static bool is_on(Req *r, const char *code) {
    return db_int(r, "select coalesce(max(active), 0) from module_activation where utility_id=? and module=?",
                  r->c.utility, code) > 0;
}

/* Without a subscription everything is there: an installation of its own. */
static bool in_plan(Req *r, const char *code) {
    return db_int(r,
               "select coalesce(max(json_contains(p.modules, json_quote(?))), 1) from smart360.subscription s "
               "join smart360.subscription_plan p on p.id=s.plan_id where s.tenant_id=? and s.live=1",
                  code, r->c.tenant)
        > 0;
}

/* Billing needs metering for services by meter only. */
static bool measures(Req *r) {
    return db_int(r, "select count(*) from utility_service where utility_id=? and active=1 and metered=1",
                  r->c.utility) > 0;
}

/* The module that stands in the way: one it needs that is off, or one that needs it and is on. NULL: none. What the
   organization did not buy keeps nothing off that it did buy: Starter has self-service without the Communication Hub,
   whose messages of sign-in and payment are sent anyway. */
static const char *in_the_way(Req *r, const char *code, bool on) {
    for (int i = 0; i < MODULES_N; i++) {
        if (!strcmp(modules_[i].code, "bx") && !measures(r)) continue;
        bool needs = on ? !strcmp(modules_[i].code, code) && *modules_[i].needs && !is_on(r, modules_[i].needs)
            && in_plan(r, modules_[i].needs)
                        : !strcmp(modules_[i].needs, code) && is_on(r, modules_[i].code);
        if (needs) return on ? modules_[i].needs : modules_[i].code;
    }
    return NULL;
}

void settings_access_page(Req *r) {
    show_text(r, "page.title", SAY(r, "title"));
    page_tabs(r, "settings", "/settings/access");
    TableView *t = table_start(r, "show.sections.0.table", SAY(r, "access"));
    table_column(t, SAY(r, "module"), "text", "id");
    table_column(t, SAY(r, "needs"), "text", NULL);
    table_column(t, SAY(r, "status"), "status", "status");
    table_column(t, SAY(r, "change"), "act", NULL);
    bool may = perm_may(&r->c, "core.settings", EDIT);
    for (size_t i = 0; i < MODULES_N; i++) {
        const char *code = modules_[i].code;
        bool on = is_on(r, code), plan = in_plan(r, code);
        table_row(t, NULL);
        table_cell(t, module_name(r, code));
        table_cell(t, *modules_[i].needs ? module_name(r, modules_[i].needs)
                   : !strcmp(code, "cis") ? SAY(r, "needs_field") : "");
        if (!strcmp(code, "bx")) table_sub(t, SAY(r, "needs_metered"));
        if (*modules_[i].needs && plan && !in_plan(r, modules_[i].needs)) table_sub(t, SAY(r, "goes_without"));
        table_state(t, on ? "active" : "inactive");
        table_cell(t, plan ? "" : SAY(r, "not_in_plan"));
        if (!may || !plan) continue;
        char *act = text(r, "show.sections.0.table.rows.%zu.cells.3.act", i);
        show_text(r, text(r, "%s.text", act), on ? SAY(r, "switch_off") : SAY(r, "switch_on"));
        show_text(r, text(r, "%s.url", act), link_path(r, "/settings/access/%s/%s", code, on ? "off" : "on"));
        show_text(r, text(r, "%s.kind", act), "quiet");
        if (!on) show_text(r, text(r, "%s.post", act), "1");
    }
    page(r, "layout/show");
}

static const char *module_here(Req *r) {
    for (int i = 0; i < MODULES_N; i++)
        if (!strcmp(modules_[i].code, path_text(r, "module"))) return modules_[i].code;
    fail(r, NOT_FOUND, "There is no such module.");
}

static void module_set(Req *r, const char *code, bool on) {
    Ctx *c = &r->c;
    if (on && !in_plan(r, code)) fail(r, DENIED, "%s", SAY(r, "not_in_plan"));
    const char *other = in_the_way(r, code, on);
    if (other) fail(r, CONFLICT, "%s", msg_format(r, c->language, on ? "settings.needs_first" : "settings.needed_by",
        { "module", module_name(r, code) }, { "other", module_name(r, other) }));
    db_run(c, "insert into module_activation (utility_id, module, active, activated_at, created_by, updated_by) "
              "values (?,?,?,?,?,?) on duplicate key update active=values(active), "
              "activated_at=if(values(active), values(activated_at), activated_at), updated_at=?, "
              "updated_by=values(updated_by), row_version=row_version+1",
           c->utility, code, on, c->now, c->user, c->user, c->now);
    Id id = db_id(r, "select id from module_activation where utility_id=? and module=?", c->utility, code);
    audit_write(c, &(Audit){ .action = "edit", .entity = "module_activation", .id = id, .number = code,
        .version = db_int(r, "select row_version from module_activation where id=?", id),
        .before = json_pairs(c, "active", on ? "0" : "1", NULL), .after = json_pairs(c, "active", on ? "1" : "0",
            NULL) });
    setup_step_touch(c, "core_settings");
    note(r, "%s",
        msg_format(r, c->language, on ? "settings.is_on" : "settings.is_off", { "module", module_name(r, code) }));
    go(r, "/settings/access");
}

void settings_module_on(Req *r) { module_set(r, module_here(r), true); }

static const Form off_form = { .name = "module_off", .fields = FIELDS { { "confirm", "Type the module's code",
                                                                          TEXT(0, 10) }, { 0 } } };

/* Open work that switching a module off leaves lying; to add some: a row, its query below, settings.open.<what>. */
enum { WORK_BILLS, WORK_RUNS, WORK_COMPLAINTS, WORK_REQUESTS, WORK_ORDERS, WORK_READS, WORK_MESSAGES, WORK_N };
static const struct { const char *module, *what; } work_[WORK_N] = {
    [WORK_BILLS]      = { "bx",   "bills" },
    [WORK_RUNS]       = { "bx",   "runs" },
    [WORK_COMPLAINTS] = { "cis",  "complaints" },
    [WORK_REQUESTS]   = { "cis",  "requests" },
    [WORK_ORDERS]     = { "wx",   "orders" },
    [WORK_READS]      = { "mx",   "reads" },
    [WORK_MESSAGES]   = { "comm", "messages" } };

static int64_t open_work(Req *r, int kind) {
    Id u = r->c.utility;
    switch (kind) {
    case WORK_BILLS:
        return db_int(r, "select count(*) from bill where utility_id=? and listed=1 and status='published' "
                         "and payment_status in ('unpaid', 'partial', 'overdue')", u);
    case WORK_RUNS:
        return db_int(r, "select count(*) from bill_run where utility_id=? and state not in ('completed', "
                         "'completed_with_errors', 'cancelled', 'published', 'closed', 'rolled_back')", u);
    case WORK_COMPLAINTS:
        return db_int(r, "select count(*) from complaint where utility_id=? and " COMPLAINT_WAITS, u);
    case WORK_REQUESTS:
        return db_int(r, "select count(*) from service_request where utility_id=? "
                         "and status not in ('draft', 'completed', 'rejected', 'cancelled')", u);
    case WORK_ORDERS:
        return db_int(r, "select count(*) from service_order where utility_id=? and open_flag=1", u);
    case WORK_READS:
        return db_int(r, "select count(*) from read_task where utility_id=? and state in ('open', 'revisit')", u);
    case WORK_MESSAGES:
        return db_int(r, "select count(*) from message where utility_id=? and status in ('held', 'queued', 'retry')",
                      u);
    default:
        return 0;
    }
}

/* How many kinds of open work the module has; each is said at `at_` when that is given. */
static int show_open_work(Req *r, const char *code, const char *at_) {
    int kinds = 0;
    for (int i = 0; i < WORK_N; i++) {
        int64_t n = strcmp(work_[i].module, code) ? 0 : open_work(r, i);
        if (!n) continue;
        kinds++;
        if (at_) show_text(r, text(r, "%s.%d", at_, kinds), msg_plural(r, r->c.language, text(r, "settings.open.%s",
                           work_[i].what), n, locale_count(&r->c.mem, r->c.locale, n)));
    }
    return kinds;
}

static const char *type_code(Req *r, const char *code) {
    return msg_format(r, r->c.language, "settings.type_code", { "code", code }, { "module", module_name(r, code) });
}

void settings_module_off_page(Req *r) {
    const char *code = module_here(r);
    form_show(r, "confirm", &off_form, text(r, "/settings/access/%s/off", code));
    show_text(r, "page.title", msg_format(r, r->c.language, "settings.off_title", { "module", module_name(r, code) }));
    show_text(r, "confirm.text.0", SAY(r, "off_how"));
    int open = show_open_work(r, code, "confirm.text");
    if (open) show_text(r, text(r, "confirm.text.%d", open + 1), type_code(r, code));
    else show_text(r, "confirm.fields.confirm.kind", "hidden");
    show_text(r, "confirm.submit", SAY(r, "switch_off"));
    show_text(r, "confirm.back_url", link_path(r, "/settings/access"));
    page(r, "layout/confirm");
}

void settings_module_off(Req *r) {
    const char *code = module_here(r), *typed = field_text(r, "confirm");
    if (show_open_work(r, code, NULL) && (!typed || strcmp(typed, code)))
        fail_field(r, INVALID, "confirm", "%s", type_code(r, code));
    module_set(r, code, false);
}

/* --- 6 contracts: none needed ------------------------------------------------------------------------------------- */

static const Form none_form = { .name = "no_contracts", .fields = FIELDS { { "none", NULL, BOOL }, { 0 } } };

void settings_no_contracts_page(Req *r) {
    FormView *v = form_show(r, "form", &none_form, "/settings/contracts/none");
    form_bool(v, "none", settings_no_contracts(&r->c));
    show_text(r, "page.title", SAY(r, "none_title"));
    show_text(r, "page.width", "narrow");
    show_text(r, "page.crumbs.0.text", SAY(r, "contracts"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/settings/contracts"));
    show_text(r, "page.crumbs.1.text", SAY(r, "none_title"));
    show_text(r, "form.cancel_url", link_path(r, "/settings/contracts"));
    page(r, "layout/form");
}

void settings_no_contracts_post(Req *r) {
    bool none = in_bool(form_read(r, &none_form), "none");
    problems_end(r);
    int64_t active = settings_contracts_n(&r->c);
    if (none && active)
        fail_field(r, CONFLICT, "none", "%s", msg_plural(r, r->c.language, "settings.contracts_there", active,
                   locale_count(&r->c.mem, r->c.locale, active)));
    if (none != settings_no_contracts(&r->c)) setting_set(&r->c, "core.no_contracts", none ? "1" : "0");
    setup_step_touch(&r->c, "core_settings");
    note(r, "%s", none ? SAY(r, "none_saved") : SAY(r, "none_gone"));
    go(r, "/settings/contracts");
}
