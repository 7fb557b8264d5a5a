/*
 * Beginning with a template, with another utility of the tenant or with a configuration file (ONB-GUIDED): what it
 * would bring is compared row by row with what is here, ticked row by row, and only what is ticked is written
 * (promotion.h).
 *
 *   a template: its statements (sql/seed/template) in a utility made for a moment: what differs from the seeds there
 *   a utility:  its configuration; of each plan the version in force, as a draft from the first of this month
 *   a file:     as a promotion brings it
 *
 * New rows are ticked beforehand, and changed ones that stand as the seeds left them; what somebody entered is
 * overwritten by his own tick only. Versions of plans come as drafts and are approved by a second person like any
 * others.
 */
#include "app/setup/start.h"

#include <string.h>

#include "app/core/fixture.h"
#include "app/core/front.h"
#include "app/core/proof.h"
#include "app/setup/guide.h"
#include "app/setup/pages.h"
#include "app/setup/promotion.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/page.h"

/* To add one: its file in sql/seed/template, its row, its words setup.template.<name> and .<name>.how. */
static const char *const templates[] = { "water_us", "electricity_slab", "gas", NULL };

static bool is_template(const char *with) {
    for (const char *const *t = templates; *t; t++)
        if (!strcmp(*t, with)) return true;
    return false;
}

/* Which step a kind of row belongs to; what is named nowhere goes with the whole only. */
static const struct { const char *step, *kinds; } step_kinds[] = {
    { "core_settings", "department utility_service module_activation consumer_category consumer_sub_category "
                       "document_type contract_type" },
    { "staff_access",  "role" },
    { "calendar",      "calendar working_hours holiday special_day" },
    { "service_areas", "service_area" },
    { "pricing_billing", "tax_code fee rebate_rule rate_library late_fee_rule tariff_plan tariff_season "
                         "tariff_plan_version tariff_rate tariff_tier tariff_tou_period tariff_meter_size_price" },
    { "id_formats",    "id_format" },
    { "customer_settings", "payment_channel payment_mode channel_mode reason_code case_category complaint_type "
                           "service_type agreement_policy portal_setting" },
    { "meter_settings", "reading_format manufacturer meter_model meter_model_register reading_status_code "
                        "reading_reason_code vee_group vee_rule estimation_policy store" },
    { "billing_settings", "gl_code gl_role charge_type gl_mapping" },
};
enum { STEP_KINDS = sizeof step_kinds / sizeof *step_kinds };

bool config_kind_is_in(const char *kinds, const ConfigKind *kind) {
    size_t n = strlen(kind->kind);
    for (const char *s = kinds; (s = strstr(s, kind->kind)); s += n)
        if ((s == kinds || s[-1] == ' ') && (!s[n] || s[n] == ' ')) return true;
    return false;
}

const char *start_kinds(const char *step) {
    for (size_t i = 0; step && i < STEP_KINDS; i++)
        if (!strcmp(step_kinds[i].step, step)) return step_kinds[i].kinds;
    return NULL;
}

/* What is another utility's is shown to whoever may see its settings there. */
static bool may_read(Ctx *c, Id of) {
    Id here = c->utility;
    c->utility = of;
    bool may = perm_may(c, "core.settings", VIEW);
    c->utility = here;
    return may;
}

void start_options(Req *r, FormView *v, const char *field, Id but) {
    form_set(v, field, "kind", "select");
    form_set(v, field, "blank", word(r, "setup.start.nothing"));
    for (const char *const *t = templates; *t; t++)
        form_option(v, field, *t, word(r, text(r, "setup.template.%s", *t)));
    const UtilityList *all = utilities_here(&r->c);
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i]->id.id != but.id && strcmp(all->v[i]->status, "closed") && may_read(&r->c, all->v[i]->id))
            form_option(v, field, all->v[i]->code, msg_format(r, r->c.language, "setup.start.like",
                                                              { "name", all->v[i]->name }));
}

/* --- what it brings ----------------------------------------------------------------------------------------------- */

typedef struct Brought {
    const char   *with, *step;          /* step: its kinds alone; NULL: everything */
    const char   *refusal;              /* of a file; NULL */
    Configuration seeds, rows, here;
    Differences   all;
} Brought;

static const char *value_of(const ConfigRow *row, const char *column) {
    const char *value = config_value(row, column);
    return value == config_absent ? NULL : value;
}

static bool is_same_row(const ConfigRow *a, const ConfigRow *b) {
    for (size_t i = 0; i < a->n; i++)
        if (a->value[i] && b->value[i] ? strcmp(a->value[i], b->value[i]) : a->value[i] != b->value[i]) return false;
    return true;
}

/* Keeps the rows that pass. */
static void sift(Ctx *c, Configuration *all, bool (*passes)(Ctx *, const ConfigSet *, const ConfigRow *, void *),
                 void *arg) {
    Configuration kept = configuration_empty(c);
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < all->set[i].rows; k++)
            if (passes(c, &all->set[i], all->set[i].row[k], arg)) set_add(c, &kept.set[i], all->set[i].row[k]);
    *all = kept;
}

static bool is_no_seed(Ctx *c, const ConfigSet *s, const ConfigRow *row, void *arg) {
    (void)c;
    Brought *b = arg;
    const ConfigRow *seed = set_find(configuration_set(&b->seeds, s->kind), row->key);
    return !s->kind->is_fixed && (!seed || !is_same_row(seed, row));
}

/* Texts that name the utility name the one it is for. */
static void give_name(Ctx *c, Configuration *all, const char *from, const char *to) {
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < all->set[i].rows; k++)
            for (size_t v = 0; v < all->set[i].n; v++) {
                const char **value = (const char **)(uintptr_t)&all->set[i].row[k]->value[v];
                const char *at_ = *value ? strstr(*value, from) : NULL;
                if (at_) *value = text(c, "%.*s%s%s", (int)(at_ - *value), *value, to, at_ + strlen(from));
            }
}

/* A utility as the seeds make it, and as the template makes it of that; taken back by the caller. */
static void make_for_a_moment(Ctx *c, void *arg) {
    Brought *b = arg;
    Id here = c->utility;
    const char *code = text(c, "zz-%.12s", hex_text(&c->mem, bytes_of(random_public_id(&c->mem))));
    Id id = db_insert(c, "insert into utility (code, name, email, contact_phone, city, address, country, state, "
                         "time_zone, currency, status) select ?, ?, email, contact_phone, city, address, country, "
                         "state, time_zone, currency, 'configuring' from utility where id = ?", code, code, here);
    db_run(c, "set @utility_id = ?, @today = ?, @user_id = ?, @tenant_id = ?", id, utility_today(c), c->user,
           c->tenant);
    seeds_run(c, "seed/utility");
    c->utility = id;
    b->seeds = configuration_here(c);
    if (is_template(b->with)) {
        seeds_run(c, "seed/template/common.sql");
        seeds_run(c, text(c, "seed/template/%s.sql", b->with));
        b->rows = configuration_here(c);
    }
    c->utility = here;
    const char *name = utility_here(c)->name;
    give_name(c, &b->seeds, code, name);
    give_name(c, &b->rows, code, name);
}

/* "RES-VAR|2" of a key that begins so; NULL when it names no version. */
static const char *version_of(Ctx *c, const char *key) {
    const char *first = strchr(key, '|'), *second = first ? strchr(first + 1, '|') : NULL;
    return !first ? NULL : second ? text_copy_n(c, key, (size_t)(second - key)) : key;
}

typedef struct InForce { const char *plans, *versions; const char *today; } InForce;

/* Of plans what is in force, of calendars what is to come. */
static bool is_in_force(Ctx *c, const ConfigSet *s, const ConfigRow *row, void *arg) {
    const InForce *f = arg;
    const char *kind = s->kind->kind;
    if (!strcmp(kind, "holiday")) {
        const char *on = value_of(row, "holiday_date"), *again = value_of(row, "recurring");
        return (again && strcmp(again, "none")) || (on && strcmp(on, f->today) >= 0);
    }
    if (!strcmp(kind, "special_day"))
        return value_of(row, "special_date") && strcmp(value_of(row, "special_date"), f->today) >= 0;
    if (strncmp(kind, "tariff_", 7)) return !s->kind->is_fixed;
    size_t end = strcspn(row->key, "|");
    bool is_of_plan = !strcmp(kind, "tariff_plan") || !strcmp(kind, "tariff_season");
    const char *name = is_of_plan ? text_copy_n(c, row->key, end) : version_of(c, row->key);
    return name && strstr(is_of_plan ? f->plans : f->versions, text(c, "\n%s\n", name)) != NULL;
}

static void read_utility(Ctx *c, Brought *b, Id from) {
    Id here = c->utility;
    const char *month = text(c, "%.8s01", date_iso(&c->mem, utility_today(c)));
    c->utility = from;
    b->rows = configuration_here(c);
    InForce f = { .today = date_iso(&c->mem, utility_today(c)) };
    f.plans = db_text(c, "select concat('\n', group_concat(code separator '\n'), '\n') from tariff_plan "
                         "where utility_id = ? and status = 'active'", from);
    f.versions = db_text(c, "select concat('\n', group_concat(n.name separator '\n'), '\n') "
                            "from (select concat(p.code, "
                            "'|', max(v.version_no)) as name from tariff_plan p join tariff_plan_version v "
                            "on v.plan_id = p.id and v.state in ('approved', 'active') where p.utility_id = ? "
                            "and p.status = 'active' group by p.id) n", from);
    if (!f.plans) f.plans = "";
    if (!f.versions) f.versions = "";
    c->utility = here;
    sift(c, &b->rows, is_in_force, &f);
    ConfigSet *versions = configuration_set(&b->rows, config_kind_named("tariff_plan_version"));
    for (size_t i = 0; i < versions->rows; i++)
        for (size_t k = 0; k < versions->n; k++)
            if (!strcmp(versions->name[k], "effective_from"))
                ((const char **)(uintptr_t)versions->row[i]->value)[k] = month;
}

static Id file_of(Ctx *c, const char *with, Id *document) {
    Id id = db_id(c, "select id from config_file where utility_id = ? and public_id = ?", c->utility, with);
    if (id.id) *document = db_id(c, "select document_id from config_file where id = ?", id);
    return id;
}

static void read_file(Ctx *c, Brought *b, Id document) {
    size_t n;
    const char *bytes = document_read(c, document, PROMOTION_BYTES_MAX, &n);
    PromotionFile f = promotion_read(c, bytes, n);
    b->refusal = f.refusal;
    b->rows = f.refusal ? configuration_empty(c) : f.rows;
}

/* --- compared with what is here ----------------------------------------------------------------------------------- */

static bool is_of_step(Ctx *c, const ConfigSet *s, const ConfigRow *row, void *arg) {
    (void)c, (void)row;
    return config_kind_is_in(arg, s->kind);
}

/* As the seeds left it: nobody has entered anything there. */
static bool is_untouched(Brought *b, const Difference *d) {
    const ConfigRow *seed = set_find(configuration_set(&b->seeds, d->set->kind), d->was->key);
    return seed && is_same_row(seed, d->was);
}

static bool comes(const Differences *all, const ConfigKind *kind, const char *key) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].what == DIFFERENCE_NEW && all->v[i].set->kind == kind && !all->v[i].is_left
            && !all->v[i].refusal && !strcmp(all->v[i].is->key, key)) return true;
    return false;
}

/* What may be empty and leads to a row that neither is here nor comes stays empty: a category does without the plan
   that is not taken. */
static void loosen(Brought *b) {
    for (size_t i = 0; i < b->all.n; i++) {
        Difference *d = &b->all.v[i];
        if (!d->is || d->is_left) continue;
        const char **value = (const char **)(uintptr_t)d->is->value;
        for (size_t k = 0; k < d->is->n; k++) {
            const SetColumn *column = &d->set->column[k];
            if (!column->ref || column->is_list || column->is_key || column->is_required || !value[k] || !*value[k])
                continue;
            bool there = set_find(configuration_set(&b->here, column->ref), value[k])
                || comes(&b->all, column->ref, value[k]);
            if (!there) value[k] = config_absent;
        }
    }
}

static void settle(Ctx *c, Brought *b) {
    loosen(b);
    differences_settle(c, &b->here, &b->all);
}

static void compare(Ctx *c, Brought *b) {
    const char *kinds = start_kinds(b->step);
    if (kinds) sift(c, &b->rows, is_of_step, (void *)(uintptr_t)kinds);
    b->here = configuration_here(c);
    b->all = configuration_compare(c, &b->here, &b->rows);
    for (size_t i = 0; i < b->all.n; i++) {
        Difference *d = &b->all.v[i];
        d->is_left = d->what == DIFFERENCE_GONE || (d->what == DIFFERENCE_CHANGED && !is_untouched(b, d));
        if (d->refusal && (!d->set->kind->refusal || !d->set->kind->refusal(c, d->was, d->is))) d->refusal = NULL;
    }
    settle(c, b);
}

static Brought bring(Ctx *c, const char *with, const char *step) {
    Brought b = { .with = with, .step = step };
    Id document = { 0 }, from = { 0 };
    if (!is_template(with)) {
        from = utility_by_code(c, with);
        if (from.id && !may_read(c, from)) from = (Id){ 0 };
        if (from.id == c->utility.id || (!from.id && !file_of(c, with, &document).id))
            fail(c, NOT_FOUND, "There is no such template.");
    }
    db_trial(c, make_for_a_moment, &b);
    if (is_template(with)) sift(c, &b.rows, is_no_seed, &b);
    else if (from.id) read_utility(c, &b, from);
    else read_file(c, &b, document);
    if (!b.refusal) compare(c, &b);
    return b;
}

/* --- the deed ----------------------------------------------------------------------------------------------------- */

static bool writes_to(const Brought *b, const char *kinds) {
    for (size_t i = 0; i < b->all.n; i++) {
        const Difference *d = &b->all.v[i];
        if (d->what != DIFFERENCE_ONLY_HERE && !d->is_left && !d->refusal && config_kind_is_in(kinds, d->set->kind))
            return true;
    }
    return false;
}

static Applied apply(Ctx *c, Brought *b) {
    bool touched[STEP_KINDS];
    for (size_t i = 0; i < STEP_KINDS; i++) touched[i] = writes_to(b, step_kinds[i].kinds);
    Applied a = configuration_apply(c, &b->here, &b->all);
    db_run(c, "update utility u set primary_service_code = (select min(s.code) from utility_service s "
              "where s.utility_id = u.id and s.active = 1 and s.metered = 1) where u.id = ? "
              "and u.primary_service_code is null", c->utility);
    facts_forget(c);
    db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
    audit_write(c, &(Audit){ .action = "start_from", .entity = "utility", .id = c->utility, .number = c->utility_code,
                             .after = json_pairs(c, "from", b->with, "step", b->step ? b->step : "all", "made",
                                                 text(c, "%zu", a.made), "changed", text(c, "%zu", a.changed), NULL) });
    for (size_t i = 0; i < STEP_KINDS; i++)
        if (touched[i]) setup_step_touch(c, step_kinds[i].step);
    return a;
}

void start_apply(Ctx *c, const char *with) {
    if (!with) return;
    Brought b = bring(c, with, NULL);
    apply(c, &b);
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

static const Form start_form = { .name = "setup_start", .fields = FIELDS {
    { "with", NULL, TEXT(1, 30), .flags = REQUIRED }, { 0 } } };
static const Form file_form = { .name = "promotion_file", .fields = FIELDS {
    { "file", FILE_FIELD, .flags = REQUIRED }, { 0 } } };

static const Utility *entered(Req *r) {
    guide_enter(r);
    if (!r->c.utility.id) fail(r, NOT_FOUND, "There is no such page.");
    perm_check(&r->c, "core.settings", EDIT);
    return utility_here(&r->c);
}

static const char *step_asked(Req *r) {
    const char *step = query_text(r, "step");
    return step && start_kinds(step) ? step : NULL;
}

static const char *start_url(Req *r, const char *what, const char *with) {
    const char *step = step_asked(r);
    Text t = text_start(r);
    text_add(&t, guide_url(&r->c, what));
    if (step) text_addf(&t, "&step=%s", step);
    if (with) text_addf(&t, "&with=%s", url_part(r, with));
    return t.s;
}

static void show_choice(Req *r, const Utility *u) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "show.sections.0.form", &start_form, "/setup/start");
    start_options(r, v, "with", c->utility);
    show_text(r, "show.sections.0.form.intro", word(r, "setup.start.how"));
    show_text(r, "show.sections.0.form.submit", word(r, "setup.start.look"));
    show_text(r, "show.sections.0.form.get", "1");
    show_text(r, "show.sections.0.form.hidden.utility", u->code);
    show_text(r, "show.sections.0.form.hidden.step", step_asked(r));
    if (!perm_may(c, "core.settings", APPROVE)) return;
    show_text(r, "show.sections.1.title", word(r, "setup.start.file"));
    form_show(r, "show.sections.1.form", &file_form, start_url(r, "start/file", NULL));
    show_text(r, "show.sections.1.form.intro", word(r, "setup.start.file_how"));
    show_text(r, "show.sections.1.form.submit", word(r, "setup.start.look"));
    show_text(r, "show.sections.1.form.multipart", "1");
}

static void show_brought(Req *r, const char *with) {
    Ctx *c = &r->c;
    Brought b = bring(c, with, step_asked(r));
    size_t offered = 0;
    for (size_t i = 0; i < b.all.n; i++) offered += b.all.v[i].what != DIFFERENCE_ONLY_HERE;
    if (b.refusal) {
        show_text(r, "page.notices.1.tone", "bad");
        show_text(r, "page.notices.1.text", b.refusal);
    } else if (offered) {
        show_text(r, "page.notices.1.tone", "info");
        show_text(r, "page.notices.1.text", word(r, "setup.start.ticks"));
    }
    if (is_template(with)) show_text(r, "intro", word(r, text(r, "setup.template.%s.how", with)));
    differences_show(r, &b.here, &b.all, false);
    show_text(r, "seal", b.all.seal);
    show_flag(r, "may", offered > 0);
    show_flag(r, "only_ticked", true);
    show_text(r, "nothing_text", offered ? NULL : word(r, "setup.start.all_there"));
    show_text(r, "action", start_url(r, "start", with));
    show_text(r, "back_url", start_url(r, "start", NULL));
    Id document;
    if (offered && !is_template(with) && file_of(c, with, &document).id) proof_notice(r);
    page(r, "setup/promotion");
}

void guide_start_page(Req *r) {
    Ctx *c = &r->c;
    const Utility *u = entered(r);
    const char *with = query_text(r, "with"), *step = step_asked(r);
    show_text(r, "page.title", word(r, "setup.start.title"));
    show_text(r, "page.sub", step ? text(r, "%s: %s", u->name, guide_title(c, step_def(step))) : u->name);
    show_text(r, "page.crumbs.0.text", word(r, "setup.guide.title"));
    show_text(r, "page.crumbs.0.url", step ? guide_url(c, step) : guide_url(c, ""));
    show_text(r, "page.crumbs.1.text", word(r, "setup.start.title"));
    if (with && !r->again) {            /* what it brings is found out by writing, which a refusal's page may not */
        show_brought(r, with);
        return;
    }
    show_choice(r, u);
    page(r, "layout/show");
}

void guide_start_file(Req *r) {
    entered(r);
    perm_check(&r->c, "core.settings", APPROVE);
    go_to(r, start_url(r, "start", configuration_file_take(r)));
}

void guide_start_post(Req *r) {
    Ctx *c = &r->c;
    entered(r);
    const char *with = query_text(r, "with"), *seen = field_text(r, "seen");
    if (!with) fail(r, NOT_FOUND, "There is no such template.");
    Id document = { 0 }, file = is_template(with) ? (Id){ 0 } : file_of(c, with, &document);
    if (file.id) {
        perm_check(c, "core.settings", APPROVE);
        proof_check(c);
    }
    Brought b = bring(c, with, step_asked(r));
    if (b.refusal) fail(c, INVALID, "%s", b.refusal);
    if (!seen || strcmp(seen, b.all.seal)) fail(c, CONFLICT, "%s", word(r, "promotion.changed_since"));
    for (size_t i = 0; i < b.all.n; i++) {
        Difference *d = &b.all.v[i];
        d->is_left = d->what != DIFFERENCE_ONLY_HERE && !difference_is_ticked(r, d);
    }
    settle(c, &b);
    if (!b.all.to_apply) fail(c, INVALID, "%s", word(r, "promotion.tick_one"));
    Applied a = apply(c, &b);
    if (file.id) {
        db_run(c, "update config_file set state = 'applied', applied_at = ?, applied_by = ?, updated_at = ?, "
                  "updated_by = ?, row_version = row_version + 1 where id = ?", c->now, c->user, c->now, c->user, file);
        audit_write(c, &(Audit){ .action = "apply", .entity = "config_file", .id = file, .number = c->utility_code,
                                 .version = db_int(c, "select row_version from config_file where id = ?", file) });
    }
    note(r, "%s", msg_format(r, c->language, "promotion.applied", { "made", text(r, "%zu", a.made) },
                             { "changed", text(r, "%zu", a.changed) }, { "removed", text(r, "%zu", a.removed) },
                             { "refused", text(r, "%zu", a.refused) }));
    go_to(r, guide_url(c, step_asked(r) ? step_asked(r) : ""));
}
