/*
 * One consumer category taken into another (ONB02US02 "Merge category"): first what it touches, then a job that moves
 * the accounts in steps. From the moment it is decided the category takes no new account. Accounts keep their bill
 * cycle and their plans; late fees and taxes follow the new category from their next bill.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

enum { STEP_ACCOUNTS = 500 };

#define SAY(r, key) msg((r)->c.language, "settings." key)
#define COUNT(r, n) locale_count(&(r)->c.mem, (r)->c.locale, (n))

#define MERGED(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, bool, active) \
    F(T, Id, merged_into_id) F(T, int64_t, accounts) F(T, int64_t, subs) F(T, int64_t, row_version)
ROW(Merged, MERGED)

static const Merged *category_of(Ctx *c, const char *code) {
    return db_find(c, Merged,
        "select x.id, x.code, x.name, x.active, x.merged_into_id, "
        "(select count(*) from account a where a.utility_id=x.utility_id and a.category_id=x.id) as accounts, "
        "(select count(*) from consumer_sub_category s where s.category_id=x.id) as subs, x.row_version "
        "from consumer_category x where x.utility_id=? and x.code=?", c->utility, code);
}

static const Merged *category_here(Req *r) {
    const Merged *a = category_of(&r->c, path_text(r, "key"));
    if (!a) fail(r, NOT_FOUND, "There is no category %s.", path_text(r, "key"));
    if (a->merged_into_id.id) fail(r, CONFLICT, "%s", msg_format(r, r->c.language, "settings.merged_already",
        { "name", a->name }));
    return a;
}

static const Form merge_form = { .name = "category_merge", .fields = FIELDS {
    { "to", "Into", TEXT(2, 10), .flags = REQUIRED }, { "reason", "Reason", LONG_TEXT(0, 500) }, { 0 } } };

/* --- what it touches ---------------------------------------------------------------------------------------------- */

#define PLAN_LEFT(F, T) F(T, const char *, code) F(T, int64_t, connections)
ROW(PlanLeft, PLAN_LEFT)

/* Plans of the moved accounts that are not for the new category: they stay until they are moved (Plans, "Move"). */
static void show_plans(Req *r, const Merged *a, const Merged *b) {
    PlanLefts l = db_all(r, PlanLeft,
        "select p.code, count(*) as connections from account a join service_connection s on s.account_id=a.id "
        "join tariff_plan p on p.id=s.tariff_plan_id where a.utility_id=? and a.category_id=? and s.status<>'closed' "
        "and json_length(p.category_ids)>0 and not json_contains(p.category_ids, cast(? as char)) "
        "group by p.id order by p.code", r->c.utility, a->id, b->id);
    for (size_t i = 0; i < l.n; i++)
        show_text(r, text(r, "confirm.text.%zu", i + 1), msg_plural(r, r->c.language, "settings.merge_plan",
                  l.v[i].connections, COUNT(r, l.v[i].connections), { "plan", l.v[i].code }, { "name", b->name }));
}

#define CATEGORY_NAME(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(CategoryName, CATEGORY_NAME)

static void show_choice(Req *r, const Merged *a, const char *path) {
    FormView *v = form_show(r, "form", &merge_form, path);
    form_set(v, "to", "kind", "select");
    form_set(v, "to", "blank", msg(r->c.language, "ui.choose"));
    form_set(v, "reason", "kind", "hidden");
    CategoryNames l = db_all(r, CategoryName, "select code, name from consumer_category where utility_id=? "
                             "and active=1 and id<>? order by sort, code", r->c.utility, a->id);
    for (size_t i = 0; i < l.n; i++) form_option(v, "to", l.v[i].code, text(r, "%s %s", l.v[i].code, l.v[i].name));
    show_text(r, "form.get", "1");
    show_text(r, "form.intro", msg_format(r, r->c.language, "settings.merge_how", { "name", a->name }));
    show_text(r, "form.submit", SAY(r, "merge_preview"));
    show_text(r, "form.cancel_url", link_path(r, "/settings/categories/%s", a->code));
    page(r, "layout/form");
}

void category_merge_page(Req *r) {
    const Merged *a = category_here(r);
    const char *path = text(r, "/settings/categories/%s/merge", a->code),
               *to = r->again ? field_text(r, "to") : query_text(r, "to");
    const Merged *b = to ? category_of(&r->c, to) : NULL;
    show_text(r, "page.title", msg_format(r, r->c.language, "settings.merge_title", { "name", a->name }));
    show_text(r, "page.crumbs.0.text", SAY(r, "categories"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/settings/categories"));
    show_text(r, "page.crumbs.1.text", a->name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/settings/categories/%s", a->code));
    if (!b || b->id.id == a->id.id) {
        show_choice(r, a, path);
        return;
    }
    FormView *v = form_show(r, "confirm", &merge_form, path);
    form_set(v, "to", "kind", "hidden");
    form_text(v, "to", b->code);
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "settings.merge_sure", { "name", a->name },
              { "to", b->name }));
    show_plans(r, a, b);
    show_text(r, "confirm.undo", SAY(r, "merge_undo"));
    show_fact(r, "confirm.facts", SAY(r, "merge_accounts"), COUNT(r, a->accounts), NULL);
    show_fact(r, "confirm.facts", SAY(r, "merge_subs"), COUNT(r, a->subs), NULL);
    show_text(r, "confirm.submit", msg_format(r, r->c.language, "settings.merge_it", { "name", a->name },
              { "to", b->name }));
    show_text(r, "confirm.back_url", link_path(r, "%s", path));
    page(r, "layout/confirm");
}

/* --- doing it ----------------------------------------------------------------------------------------------------- */

#define OF_CATEGORY(F, T) F(T, Id, id) F(T, const char *, code) F(T, int64_t, row_version)
ROW(OfCategory, OF_CATEGORY)

static void note_each(Ctx *c, const char *entity, OfCategorys l, const char *reason) {
    Audit *notes = take_n(c, Audit, l.n + 1);
    for (size_t i = 0; i < l.n; i++)
        notes[i] = (Audit){ .action = "edit", .entity = entity, .id = l.v[i].id, .number = l.v[i].code,
                            .version = l.v[i].row_version, .reason = reason };
    audits_note(c, notes, l.n);
}

/* Sub-categories and contracts of the category belong to the other one. */
static void carry_over(Ctx *c, const Merged *a, const Merged *b, const char *reason) {
    note_each(c, "consumer_sub_category", db_all(c, OfCategory, "select id, code, row_version + 1 as row_version "
              "from consumer_sub_category where category_id=? for update", a->id), reason);
    db_run(c, "update consumer_sub_category set category_id=?, updated_at=?, updated_by=?, row_version=row_version+1 "
              "where category_id=?", b->id, c->now, c->user, a->id);
    note_each(c, "contract_type", db_all(c, OfCategory, "select id, code, row_version + 1 as row_version "
              "from contract_type where category_id=? for update", a->id), reason);
    db_run(c, "update contract_type set category_id=?, updated_at=?, updated_by=?, row_version=row_version+1 "
              "where category_id=?", b->id, c->now, c->user, a->id);
}

void category_merge_post(Req *r) {
    Ctx *c = &r->c;
    const Merged *a = category_here(r);
    Input *in = form_read(r, &merge_form);
    const Merged *b = in_given(in, "to") ? category_of(c, in_text(in, "to")) : NULL;
    if (in_given(in, "to") && (!b || b->id.id == a->id.id || !b->active))
        problem(r, "to", "%s", SAY(r, "merge_target"));
    problems_end(r);
    db_must(c, 1, CONFLICT, "update consumer_category set active=0, merged_into_id=?, updated_at=?, updated_by=?, "
            "row_version=row_version+1 where id=? and merged_into_id is null", b->id, c->now, c->user, a->id);
    carry_over(c, a, b, in_text(in, "reason"));
    audit_write(c, &(Audit){ .action = "merge", .entity = "consumer_category", .id = a->id, .number = a->code,
                             .version = a->row_version + 1, .before = json_pairs(c, "active", "1", NULL),
                             .after = json_pairs(c, "active", "0", "merged_into", b->code, NULL),
                             .reason = in_text(in, "reason") });
    job_enqueue(c, &(NewJob){ .kind = "category.merge",
                              .payload = text(c, "{\"from\":%lld,\"into\":%lld,\"total\":%lld}", (long long)a->id.id,
                                              (long long)b->id.id, (long long)a->accounts) });
    setup_step_touch(c, "core_settings");
    note(r, "%s", msg_plural(r, c->language, "settings.merging", a->accounts, COUNT(r, a->accounts),
                             { "name", a->name }, { "to", b->name }));
    go(r, "/settings/categories/%s", b->code);
}

JobStep category_merge_job(Ctx *c, const JobRow *job) {
    int64_t from = 0, into = 0, total = 0, done = 0;
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL);
    json_int(p, "from", &from);
    json_int(p, "into", &into);
    json_int(p, "total", &total);
    if (job->cursor) count_parse(job->cursor, INT64_MAX, &done);
    const char *name = db_text(c, "select name from consumer_category where id=? and utility_id=?", from, c->utility);
    if (!name) return STEP_DONE;
    int64_t n = accounts_category_move(c, (Id){ from }, (Id){ into }, STEP_ACCOUNTS,
                                       msg_format(c, c->language, "settings.merge_why", { "name", name }));
    if (n < STEP_ACCOUNTS) return STEP_DONE;
    job_progress(c, text(c, "%lld", (long long)(done + n)), done + n, total, 0);
    return STEP_AGAIN;
}
