/*
 * Another role in place of one that a person holds (ONB02US03): what the person may do more and less is shown before
 * it is done; area and days of the role stay.
 */
#include <string.h>

#include "app/core/pages.h"
#include "app/core/proof.h"
#include "app/core/role.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "lib/form.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { ROLES_MOST = 50 };

#define HELD(F, T) F(T, Id, role_id) F(T, Id, area) F(T, const char *, code) F(T, const char *, value) \
    F(T, const char *, label)
ROW(Held, HELD)
#define RESOURCE_NAME(F, T) F(T, const char *, resource) F(T, const char *, label)
ROW(ResourceName, RESOURCE_NAME)

static const Form choose_form = { .name = "user_role_change", .fields = FIELDS {
    { "from", TEXT(1, 70), .flags = REQUIRED }, { "to", TEXT(1, 40), .flags = REQUIRED }, { 0 } } };
static const Form sure_form = { .name = "user_role_change", .fields = FIELDS {
    { "from", HIDDEN(70), .flags = REQUIRED }, { "to", HIDDEN(40), .flags = REQUIRED },
    { "reason", TEXT(3, 300), .flags = REQUIRED }, { 0 } } };

/* The roles of this utility that the person holds; "cashier~EST-GRE" where one is for an area. */
static Helds held(Ctx *c, Id user) {
    return db_all(c, Held, "select ur.role_id, ur.service_area_id as area, ro.code, concat(ro.code, '~', "
                           "coalesce(a.code, '')) as value, concat(ro.name, if(a.id is null, '', concat(', ', "
                           "a.name))) as label from user_role ur join role ro on ro.id = ur.role_id "
                           "left join service_area a on a.id = ur.service_area_id where ur.user_id = ? "
                           "and ur.utility_id = ? order by ro.name, a.name limit ?", user, c->utility,
                  (int)ROLES_MOST);
}

/* What is asked for; NULL: nothing yet. Fails when it cannot be. */
typedef struct Asked { const Held *from; RoleRow *to; Helds all; } Asked;

static void judge(Req *r, const UserRow *u, Asked *a, const char *from, const char *to) {
    Ctx *c = &r->c;
    for (size_t i = 0; i < a->all.n; i++)
        if (!strcmp(a->all.v[i].value, from)) a->from = &a->all.v[i];
    if (!a->from) problem(r, "from", "%s", msg(c->language, "user.role_not_held"));
    RoleRow *role = role_find(c, to);
    if (!role || role->utility_id.id != c->utility.id || !role_is_given(role))
        problem(r, "to", "%s", msg_format(c, c->language, "invite.no_role", { "role", to }));
    for (size_t i = 0; role && a->from && i < a->all.n; i++)
        if (a->all.v[i].role_id.id == role->id.id && a->all.v[i].area.id == a->from->area.id)
            problem(r, "to", "%s", msg_format(c, c->language, "user.has_role", { "name", u->full_name },
                                              { "role", role->name }));
    a->to = role;
}

/* Bits of a resource by the other roles, with `role` beside them. */
static unsigned bits_with(const Asked *a, const RightSet *of, RightSet role, const char *resource) {
    unsigned bits = row_bits(role.v, role.n, resource);
    for (size_t i = 0; i < a->all.n; i++)
        if (&a->all.v[i] != a->from) bits |= row_bits(of[i].v, of[i].n, resource);
    return bits;
}

/* Shows what is gained and lost; whether something is lost. t NULL: shows nothing. */
static bool differences(Req *r, const Asked *a, TableView *t) {
    Ctx *c = &r->c;
    RightSet *of = take_n(c, RightSet, a->all.n + 1), was = role_rights(c, a->from->role_id),
        will = role_rights(c, a->to->id);
    for (size_t i = 0; i < a->all.n; i++) of[i] = role_rights(c, a->all.v[i].role_id);
    ResourceNames all = db_all(c, ResourceName, "select resource, concat(upper(substr(label, 6, 1)), "
                               "substr(label, 7)) as label from permission where action = 'view' order by sort");
    bool loses = false;
    for (size_t i = 0; i < all.n; i++) {
        const char *resource = all.v[i].resource;
        unsigned before = bits_with(a, of, was, resource), after = bits_with(a, of, will, resource);
        if (before == after) continue;
        loses = loses || (before & ~after);
        if (!t) continue;
        table_row(t, NULL);
        table_cell(t, all.v[i].label);
        table_sub(t, resource);
        table_cell(t, role_actions_text(r, after & ~before));
        table_cell(t, role_actions_text(r, before & ~after));
    }
    return loses;
}

static void title(Req *r, const UserRow *u) {
    const char *language = r->c.language;
    show_text(r, "page.title", msg_format(r, language, "user.role_change_title", { "name", u->full_name }));
    show_text(r, "page.crumbs.0.text", msg(language, "user.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/users"));
    show_text(r, "page.crumbs.1.text", u->full_name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/users/%s", u->public_id));
}

static void show_choice(Req *r, const UserRow *u, const Asked *a) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "form", &choose_form, text(r, "/users/%s/role", u->public_id));
    form_set(v, "from", "kind", "select");
    for (size_t i = 0; i < a->all.n; i++) form_option(v, "from", a->all.v[i].value, a->all.v[i].label);
    Twos roles = db_all(c, Two, "select code as value, name as label from role where utility_id = ? and active = 1 "
                                "and code <> 'consumer' order by name", c->utility);
    form_set(v, "to", "blank", msg(c->language, "ui.choose"));
    two_options(v, "to", &roles);
    for (int i = 0; i < r->problems && !r->again; i++) {
        show_text(r, at(r, "page.errors", (size_t)i, "field"), r->problem[i].field);
        show_text(r, at(r, "page.errors", (size_t)i, "text"), r->problem[i].text);
    }
    show_text(r, "form.get", "1");
    show_text(r, "form.intro", msg(c->language, a->all.n ? "user.role_change_how" : "user.role_change_none"));
    show_text(r, "form.submit", msg(c->language, "user.role_change_show"));
    show_text(r, "form.cancel_url", link_path(r, "/users/%s", u->public_id));
    page(r, "layout/form");
}

void user_role_change_page(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Asked a = { .all = held(c, u->id) };
    const char *from = r->again ? field_text(r, "from") : query_text(r, "from"),
        *to = r->again ? field_text(r, "to") : query_text(r, "to");
    title(r, u);
    int said = r->problems;                                 /* of a form that is shown again */
    if (from && to && *to) judge(r, u, &a, from, to);
    if (r->again) r->problems = said;
    else if (r->problems) r->status = 422, a.to = NULL;
    if (!a.from || !a.to) {
        show_choice(r, u, &a);
        return;
    }
    show_text(r, "show.sections.0.title", msg_format(r, c->language, "user.role_change_from", { "from", a.from->label },
                                                     { "to", a.to->name }));
    TableView *t = table_start(r, "show.sections.0.table", msg(c->language, "role.differences"));
    table_column(t, msg(c->language, "role.resource"), "text", "id");
    table_column(t, msg(c->language, "user.gains"), "text", "name");
    table_column(t, msg(c->language, "user.loses"), "text", NULL);
    differences(r, &a, t);
    table_empty(t, msg(c->language, "role.no_differences"), NULL);
    FormView *v = form_show(r, "show.sections.1.form", &sure_form, text(r, "/users/%s/role", u->public_id));
    form_text(v, "from", from);
    form_text(v, "to", to);
    show_text(r, "show.sections.1.title", msg(c->language, "user.change_role"));
    show_text(r, "show.sections.1.form.submit", msg(c->language, "user.change_role"));
    proof_notice(r);
    page(r, "layout/show");
}

void user_role_change(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Input *in = form_read(r, &sure_form);
    Asked a = { .all = held(c, u->id) };
    if (in_given(in, "from") && in_given(in, "to")) judge(r, u, &a, in_text(in, "from"), in_text(in, "to"));
    problems_end(r);
    proof_check(c);
    grant_check(c, (RightSet){ 0 }, role_rights(c, a.from->role_id));
    grant_check(c, (RightSet){ 0 }, role_rights(c, a.to->id));
    bool loses = differences(r, &a, NULL);
    db_must(c, 1, CONFLICT, "update user_role set role_id = ? where user_id = ? and role_id = ? and utility_key = ? "
                            "and area_key = ?", a.to->id, u->id, a.from->role_id, c->utility.id, a.from->area.id);
    user_changed(r, u->id, &(UserChange){ .action = "role_changed", .reason = in_text(in, "reason"),
                                          .before = json_pairs(c, "role", a.from->code, NULL),
                                          .after = json_pairs(c, "role", a.to->code, NULL) });
    if (loses) session_end_all(c, REALM_STAFF, u->id, c->session, "revoked");
    note(r, "%s", msg_format(c, c->language, "user.role_was_changed", { "name", u->full_name },
                             { "from", a.from->label }, { "to", a.to->name }));
    go(r, "/users/%s", u->public_id);
}
