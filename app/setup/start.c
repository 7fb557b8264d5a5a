/*
 * Beginning with a template or with another utility (ONB-GUIDED): first what it would add, then the deed. Statements
 * stand in sql/seed/template; each adds what is missing, so that nothing that is there is changed. Plans come as drafts
 * and are approved by a second person like any others.
 */
#include "app/setup/start.h"

#include <stdio.h>
#include <string.h>

#include "app/core/fixture.h"
#include "app/setup/guide.h"
#include "app/setup/pages.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

/* To add one: its file in sql/seed/template, its row, its words setup.template.<name> and .<name>.how. */
static const char *const templates[] = { "water_us", "electricity_slab", "gas", NULL };

static bool is_template(const char *with) {
    for (const char *const *t = templates; *t; t++)
        if (!strcmp(*t, with)) return true;
    return false;
}

void start_options(Req *r, FormView *v, const char *field, Id but) {
    form_set(v, field, "kind", "select");
    form_set(v, field, "blank", word(r, "setup.start.nothing"));
    for (const char *const *t = templates; *t; t++)
        form_option(v, field, *t, word(r, text(r, "setup.template.%s", *t)));
    const UtilityList *all = utilities_here(&r->c);
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i]->id.id != but.id && strcmp(all->v[i]->status, "closed"))
            form_option(v, field, all->v[i]->code, msg_format(r, r->c.language, "setup.start.like",
                                                              { "name", all->v[i]->name }));
}

/* --- the deed ----------------------------------------------------------------------------------------------------- */

#define UNNUMBERED(F, T) F(T, Id, id)
ROW(Unnumbered, UNNUMBERED)

static void run(Ctx *c, const char *with) {
    bool own = is_template(with);
    Id from = own ? (Id){ 0 } : utility_by_code(c, with);
    if (!own && (!from.id || from.id == c->utility.id)) fail(c, NOT_FOUND, "There is no such template.");
    db_run(c, "set @utility_id = ?, @from_utility = ?, @today = ?, @user_id = ?", c->utility, from, utility_today(c),
           c->user);
    if (own) seeds_run(c, "seed/template/common.sql");
    seeds_run(c, own ? text(c, "seed/template/%s.sql", with) : "seed/template/copy.sql");
    Unnumbereds l = db_all(c, Unnumbered, "select id from tariff_plan where utility_id = ? and plan_no is null "
                                          "order by id", c->utility);
    for (size_t i = 0; i < l.n; i++)
        db_run(c, "update tariff_plan set plan_no = ? where id = ?", id_next(c, "tariff_plan"), l.v[i].id);
}

void start_apply(Ctx *c, const char *with) {
    static const char *const steps[] = { "core_settings", "calendar", "service_areas", "pricing_billing",
                                         "meter_settings" };
    if (!with) return;
    run(c, with);
    facts_forget(c);
    db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
    audit_write(c, &(Audit){ .action = "start_from", .entity = "utility", .id = c->utility, .number = c->utility_code,
                             .after = json_pairs(c, "template", with, NULL) });
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) setup_step_touch(c, steps[i]);
}

/* --- what it would add -------------------------------------------------------------------------------------------- */

enum { NAMES = 400 };
typedef struct Part { int64_t above, n; char names[NAMES]; } Part;      /* outside of the arena: outlives the trial */

/* A kind of row: those above an id, how many and what they are called. */
#define PART(name, table, called)                                                                                      \
    static void name(Ctx *c, Part *p) {                                                                                \
        p->n = db_int(c, "select count(*) from " table " where utility_id = ? and id > ?", c->utility, p->above);      \
        const char *names = db_text(c, "select group_concat(" called " order by id separator ', ') from " table        \
                                       " where utility_id = ? and id > ?", c->utility, p->above);                      \
        snprintf(p->names, NAMES, "%s", names ? names : "");                                                           \
        p->above = db_int(c, "select coalesce(max(id), 0) from " table);                                               \
    }
PART(departments, "department", "name")
PART(categories, "consumer_category", "name")
PART(sub_categories, "consumer_sub_category", "name")
PART(documents, "document_type", "name")
PART(contracts, "contract_type", "name")
PART(calendars, "calendar", "name")
PART(areas, "service_area", "name")
PART(taxes, "tax_code", "name")
PART(fees, "fee", "code")
PART(late_fees, "late_fee_rule", "name")
PART(plans, "tariff_plan", "name")
PART(models, "meter_model", "name")

static const struct { const char *what; void (*look)(Ctx *c, Part *p); } parts[] = {
    { "departments", departments }, { "categories", categories }, { "sub_categories", sub_categories },
    { "documents", documents }, { "contracts", contracts }, { "calendars", calendars }, { "areas", areas },
    { "taxes", taxes }, { "fees", fees }, { "late_fees", late_fees }, { "plans", plans }, { "models", models },
};
enum { PARTS = sizeof parts / sizeof *parts };

typedef struct Trial { const char *with; Part part[PARTS]; } Trial;

static void look(Ctx *c, Trial *t) {
    for (size_t i = 0; i < PARTS; i++) parts[i].look(c, &t->part[i]);
}

/* Everything is done, looked at, and taken back. */
static void try_it(Ctx *c, void *arg) {
    Trial *t = arg;
    look(c, t);
    run(c, t->with);
    look(c, t);
    fail(c, CONFLICT, "%s", "");
}

static void show_trial(Req *r, const Trial *t) {
    show_text(r, "show.sections.1.title", word(r, "setup.start.brings"));
    TableView *v = table_start(r, "show.sections.1.table", word(r, "setup.start.brings"));
    table_column(v, word(r, "setup.start.what"), "text", "id");
    table_column(v, word(r, "setup.start.new"), "num", NULL);
    table_column(v, word(r, "setup.start.which"), "text", NULL);
    for (size_t i = 0; i < PARTS; i++) {
        if (!t->part[i].n) continue;
        table_row(v, NULL);
        table_cell(v, word(r, text(r, "setup.start.%s", parts[i].what)));
        table_int(v, t->part[i].n);
        table_cell(v, text_copy(r, t->part[i].names));
    }
    table_empty(v, word(r, "setup.start.all_there"), NULL);
}

static const Form start_form = { .name = "setup_start", .fields = FIELDS {
    { "with", NULL, TEXT(1, 30), .flags = REQUIRED }, { 0 } } };

static const Utility *entered(Req *r) {
    guide_enter(r);
    if (!r->c.utility.id) fail(r, NOT_FOUND, "There is no such page.");
    perm_check(&r->c, "core.settings", EDIT);
    return utility_here(&r->c);
}

void guide_start_page(Req *r) {
    Ctx *c = &r->c;
    const Utility *u = entered(r);
    const char *with = r->again ? field_text(r, "with") : query_text(r, "with");
    show_text(r, "page.title", word(r, "setup.start.title"));
    show_text(r, "page.sub", u->name);
    show_text(r, "page.crumbs.0.text", word(r, "setup.guide.title"));
    show_text(r, "page.crumbs.0.url", guide_url(c, ""));
    show_text(r, "page.crumbs.1.text", word(r, "setup.start.title"));
    FormView *v = form_show(r, "show.sections.0.form", &start_form, with ? guide_url(c, "start") : "/setup/start");
    start_options(r, v, "with", c->utility);
    form_text(v, "with", with);
    show_text(r, "show.sections.0.form.intro", with && is_template(with)
              ? word(r, text(r, "setup.template.%s.how", with)) : word(r, "setup.start.how"));
    show_text(r, "show.sections.0.form.submit", word(r, with ? "setup.start.apply" : "setup.start.look"));
    if (!with) {
        show_text(r, "show.sections.0.form.get", "1");
        show_text(r, "show.sections.0.form.hidden.utility", u->code);
    } else {
        Trial t = { .with = with };
        db_savepoint(c, try_it, &t);
        if (c->failure.status == NOT_FOUND) fail_again(c);
        show_trial(r, &t);
    }
    page(r, "layout/show");
}

void guide_start_post(Req *r) {
    Ctx *c = &r->c;
    entered(r);
    Input *in = form_read(r, &start_form);
    problems_end(r);
    start_apply(c, in_text(in, "with"));
    note(r, "%s", word(r, "setup.start.done"));
    go_to(r, guide_url(c, ""));
}
