/*
 * People of a utility and what they may do (AU01US02): the list, one person with roles, areas and single permissions,
 * and where each effective permission comes from. Inviting and deactivating people (ONB02US03): invite.c, user_life.c.
 */
#include <string.h>

#include "app/core/pages.h"
#include "app/core/proof.h"
#include "app/core/role.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "lib/form.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const Choice user_states[] = { { "active", NULL }, { "invited", NULL }, { "pending", NULL },
                                      { "inactive", NULL }, { "invitation_expired", NULL }, { "revoked", NULL },
                                      { 0 } };

static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };
/* A session that nobody left for too long is ended by a job. */
#define SIGNED_IN_NOW "exists (select 1 from session s where s.realm = 'staff' and s.subject_id = u.id " \
                      "and s.ended_at is null)"
#define HERE "(ur.utility_id = u2.id or ur.utility_id is null)"
static const ListSpec user_spec = {
    .name = "users", .one = "user", .many = "users", .path = "/users",
    .from = "utility u2 join user u on exists (select 1 from user_role ur where ur.user_id = u.id and " HERE
    ") left join department d on d.id = u.department_id", .where = "u2.id = ?", .id = "u.id",
    .columns = COLUMNS {
        { "full_name",  NULL,       "u.full_name", LIST | SEARCH | SORT, .link = "/users/{public_id}",
          .sub = "email" },
        { "email",      NULL,     "u.email", .flags = SEARCH },
        { "department", NULL, "coalesce(d.name, '')", .flags = LIST | SORT },
        { "in_department", NULL, "d.public_id", FILTER, .many = 1, .options = "select public_id, name from department "
            "where utility_id = ? order by name" },
        { "roles",      NULL,      "(select group_concat(distinct ro.name order by ro.name separator ', ') "
                                   "from user_role ur join role ro on ro.id = ur.role_id "
                                   "where ur.user_id = u.id and " HERE ")", .flags = LIST },
        { "area",       NULL,       "(select group_concat(distinct a.name order by a.name separator ', ') "
                                    "from user_role ur join service_area a on a.id = ur.service_area_id "
                                    "where ur.user_id = u.id and " HERE ")", .flags = LIST },
        { "status",     NULL,     "u.status", LIST | FILTER | SORT, .choices = user_states, .many = 1 },
        { "last_login_at", NULL, "u.last_login_at", .flags = LIST | SORT },
        { "mfa",        NULL, "exists (select 1 from mfa_factor f where f.realm = 'staff' "
                              "and f.user_id = u.id and f.kind = 'totp' and f.confirmed_at is not null)",
          LIST, .kind = "yesno" },
        { "public_id",  NULL,         "u.public_id", .flags = SEARCH },
        { "employee_no", NULL,        "coalesce(u.employee_no, '')", .flags = SEARCH },
        { "signed_in",  NULL,         SIGNED_IN_NOW, FILTER, .choices = yes_no },
        { "with_role",  NULL,         "u.status", FILTER, .many = 1, .among = "exists (select 1 from user_role ur "
            "join role ro on ro.id = ur.role_id where ur.user_id = u.id and " HERE " and ro.code in (?))",
          .options = "select code, name from role where (utility_id = ? or utility_id is null) "
                     "and code <> 'consumer' order by name" },
        { 0 } },
    .order = "full_name", .feature = "core.users", .is_personal = true, .import_path = "/invitations/import",
    .actions = (const ListAction[]){ { "Invite user", "/invitations/new", "plus", "core.users", CREATE, true }, { 0 } },
};

#define STATE_COUNT(F, T) F(T, const char *, status) F(T, int64_t, n)
ROW(StateCount, STATE_COUNT)

/* How many there are of each state, none too, each a link to those. */
static void show_counts(Req *r) {
    StateCounts all = db_all(r, StateCount, "select u.status, count(*) as n from user u where exists (select 1 "
                                            "from user_role ur where ur.user_id = u.id and (ur.utility_id = ? "
                                            "or ur.utility_id is null)) group by u.status", r->c.utility);
    show_text(r, "before.0.kind", "kpis");
    size_t shown = 0;
    for (const Choice *s = user_states; s->value; s++) {
        int64_t n = 0;
        for (size_t i = 0; i < all.n; i++)
            if (!strcmp(all.v[i].status, s->value)) n = all.v[i].n;
        if (!n && !strcmp(s->value, "revoked")) continue;       /* an end, not a step of somebody's way */
        char *at_ = at(r, "before.0.kpis", shown++, NULL);
        show_text(r, text(r, "%s.label", at_), state_label(r, s->value));
        show_text(r, text(r, "%s.value", at_), locale_count(&r->c.mem, r->c.locale, n));
        show_text(r, text(r, "%s.url", at_), text(r, "%s?status=%s", link_path(r, "/users"), s->value));
    }
}

void user_list(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "user.title"));
    if (!query_text(r, "export")) show_counts(r);
    list_show(r, &user_spec, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- one person --------------------------------------------------------------------------------------------------- */

/* Only people with a role here, or in the whole tenant, are of this utility. */
UserRow *user_here(Req *r) {
    UserRow *u = db_find(&r->c, UserRow, "select u.id, u.public_id, u.email, u.full_name, u.status, (select d.name "
                                         "from department d where d.id = u.department_id) "
                                         "as department, u.phone, u.job_title, "
                         "u.last_login_at, u.locked_until, exists (select 1 from mfa_factor f where f.realm = 'staff' "
                         "and f.user_id = u.id and f.kind = 'totp' and f.confirmed_at is not null) as has_factor, "
                         "u.row_version from user u where u.public_id = ? and exists (select 1 from user_role ur "
                         "where ur.user_id = u.id and (ur.utility_id = ? or ur.utility_id is null))",
                         path_text(r, "id"), r->c.utility);
    if (!u) fail(r, NOT_FOUND, "There is no such user.");
    return u;
}

bool user_may_change(Ctx *c, Id user) {
    if (!perm_may(c, "core.users", EDIT)) return false;
    return perm_may(c, "core.organization", EDIT)
        || !db_int(c, "select exists (select 1 from user_role where user_id = ? and utility_id is null)", user);
}

UserRow *user_to_change(Req *r) {
    UserRow *u = user_here(r);
    if (!user_may_change(&r->c, u->id))
        fail(r, DENIED, "%s", msg_format(&r->c, r->c.language, "user.of_organization", { "name", u->full_name }));
    return u;
}

static const Form role_add_form = { .name = "user_role", .fields = FIELDS {
    { "role", TEXT(0, 40), .flags = REQUIRED },
    { "area", TEXT(0, 20) },
    { "valid_from", DATE_FIELD },
    { "valid_to", DATE_FIELD },
    { 0 } } };

static const Choice effects[] = { { "grant", NULL }, { "deny", NULL }, { 0 } };

static const Form override_form = { .name = "user_override", .fields = FIELDS {
    { "resource", TEXT(0, 40), .flags = REQUIRED },
    { "action", TEXT(0, 10), .flags = REQUIRED },
    { "effect", CHOICE(effects), .flags = REQUIRED },
    { "reason", TEXT(3, 300), .flags = REQUIRED },
    { "until", DATE_FIELD },
    { 0 } } };

void two_options(FormView *v, const char *field, const Twos *all) {
    form_set(v, field, "kind", "select");
    for (size_t i = 0; i < all->n; i++) form_option(v, field, all->v[i].value, all->v[i].label);
}

void area_options(Req *r, FormView *v, const char *field) {
    Twos all = db_all(r, Two, "select code as value, concat(repeat('\xC2\xA0\xC2\xA0', length(path) - "
                              "length(replace(path, '/', ''))), name) as label from service_area "
                              "where utility_id = ? and status = 'active' order by path limit 1000", r->c.utility);
    form_set(v, field, "blank", msg(r->c.language, "user.everywhere"));
    two_options(v, field, &all);
}

static void show_role_form(Req *r, const UserRow *u) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "show.sections.2.form", &role_add_form, text(r, "/users/%s/roles", u->public_id));
    show_text(r, "show.sections.2.title", msg(c->language, "user.give_role"));
    show_text(r, "show.sections.2.span", "half");
    form_set(v, "role", "blank", msg(c->language, "ui.choose"));
    Twos roles = db_all(c, Two, "select code as value, name as label from role where (utility_id = ? "
                                "or utility_id is null) and active = 1 and code <> 'consumer' order by name",
                        c->utility);
    two_options(v, "role", &roles);
    area_options(r, v, "area");
}

static void show_override_form(Req *r, const UserRow *u) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "show.sections.4.form", &override_form, text(r, "/users/%s/overrides", u->public_id));
    show_text(r, "show.sections.4.title", msg(c->language, "user.make_exception"));
    show_text(r, "show.sections.4.span", "half");
    form_set(v, "resource", "blank", msg(c->language, "ui.choose"));
    Twos resources = db_all(c, Two, "select resource as value, concat(upper(substr(label, 6, 1)), substr(label, 7), "
                                    "' (', resource, ')') as label from permission where action = 'view' "
                                    "order by sort");
    two_options(v, "resource", &resources);
    form_set(v, "action", "kind", "select");
    form_set(v, "action", "blank", msg(c->language, "ui.choose"));
    for (int a = 0; right_actions[a]; a++)
        form_option(v, "action", right_actions[a], msg(c->language, text(c, "right.%s", right_actions[a])));
    form_set(v, "effect", "kind", "radio");
}

static void head(Req *r, const char *at_, const char *const *labels) {
    for (int i = 0; labels[i]; i++) {
        show_text(r, text(r, "%s.cols.%d.label", at_, i), msg(r->c.language, labels[i]));
        show_text(r, text(r, "%s.cols.%d.kind", at_, i), "text");
        if (!i) show_text(r, text(r, "%s.cols.%d.place", at_, i), "id");
    }
}

static void remove_button(Req *r, const char *cell, const char *url, const char *name, const char *value) {
    show_text(r, text(r, "%s.act.text", cell), msg(r->c.language, "user.remove"));
    show_text(r, text(r, "%s.act.url", cell), url);
    show_text(r, text(r, "%s.act.post", cell), "1");
    show_text(r, text(r, "%s.act.kind", cell), "quiet");
    show_text(r, text(r, "%s.act.name", cell), name);
    show_text(r, text(r, "%s.act.value", cell), value);
}

#define HOLDS(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, area_code) \
    F(T, const char *, area) F(T, Date, valid_from) F(T, Date, valid_to) F(T, bool, active)
ROW(Holds, HOLDS)

static const char *period(Req *r, const Holds *h) {
    const Locale *l = r->c.locale;
    return text(r, "%s \xE2\x80\x93 %s", date_is_set(h->valid_from) ? locale_date(&r->c.mem, l, h->valid_from) : "",
                date_is_set(h->valid_to) ? locale_date(&r->c.mem, l, h->valid_to) : "");
}

static void show_roles(Req *r, const UserRow *u, bool may) {
    Ctx *c = &r->c;
    Holdss all = db_all(c, Holds, "select ro.code, ro.name, a.code as area_code, a.name as area, ur.valid_from, "
                                  "ur.valid_to, ro.active from user_role ur join role ro on ro.id = ur.role_id "
                                  "left join service_area a on a.id = ur.service_area_id where ur.user_id = ? "
                                  "and (ur.utility_id = ? or ur.utility_id is null) order by ur.id", u->id, c->utility);
    show_text(r, "show.sections.1.title", msg(c->language, "user.roles"));
    show_text(r, "show.sections.1.table.label", msg(c->language, "user.roles"));
    static const char *const labels[] = { "user.role", "user.area", "user.period", "user.change", NULL };
    head(r, "show.sections.1.table", labels);
    for (size_t i = 0; i < all.n; i++) {
        const Holds *h = &all.v[i];
        char *row = at(r, "show.sections.1.table.rows", i, NULL);
        show_text(r, text(r, "%s.url", row), link_path(r, "/roles/%s", h->code));
        show_text(r, text(r, "%s.cells.0", row), h->name);
        show_text(r, text(r, "%s.cells.1", row), h->area ? h->area : msg(c->language, "user.everywhere"));
        show_text(r, text(r, "%s.cells.2", row), period(r, h));
        show_text(r, text(r, "%s.cells.3", row), "");
        if (may) remove_button(r, text(r, "%s.cells.3", row), link_path(r, "/users/%s/roles/removal", u->public_id),
                               "role", text(r, "%s~%s", h->code, h->area_code ? h->area_code : ""));
    }
}

#define EXCEPTION(F, T) F(T, const char *, key) F(T, const char *, label) F(T, const char *, effect) \
    F(T, const char *, reason) F(T, Time, expires_at)
ROW(Exception, EXCEPTION)

static Exceptions exceptions_of(Ctx *c, Id user) {
    return db_all(c, Exception, "select p.`key`, p.label, o.effect, o.reason, o.expires_at "
                                "from user_permission_override o join permission p on p.id = o.permission_id "
                                "where o.user_id = ? and (o.utility_id = ? or o.utility_id is null) order by p.sort",
                  user, c->utility);
}

static void show_exceptions(Req *r, const UserRow *u, bool may) {
    Ctx *c = &r->c;
    Exceptions all = exceptions_of(c, u->id);
    show_text(r, "show.sections.3.title", msg(c->language, "user.exceptions"));
    show_text(r, "show.sections.3.table.label", msg(c->language, "user.exceptions"));
    static const char *const labels[] = { "user.permission", "user.effect", "user.reason", "user.until", "user.change",
                                          NULL };
    head(r, "show.sections.3.table", labels);
    for (size_t i = 0; i < all.n; i++) {
        const Exception *e = &all.v[i];
        char *row = at(r, "show.sections.3.table.rows", i, NULL);
        bool over = time_is_set(e->expires_at) && e->expires_at.us <= c->now.us;
        show_text(r, text(r, "%s.cells.0", row), e->label);
        show_text(r, text(r, "%s.cells.0.sub", row), e->key);
        show_text(r, text(r, "%s.cells.1", row), state_label(r, over ? "ended" : e->effect));
        show_text(r, text(r, "%s.cells.1.tone", row), state_tone(r, over ? "ended" : e->effect));
        show_text(r, text(r, "%s.cells.2", row), e->reason);
        show_text(r, text(r, "%s.cells.3", row), time_is_set(e->expires_at)
                  ? locale_time(&c->mem, c->locale, e->expires_at) : msg(c->language, "user.always"));
        show_text(r, text(r, "%s.cells.4", row), "");
        if (may) remove_button(r, text(r, "%s.cells.4", row), link_path(r, "/users/%s/overrides/removal", u->public_id),
                               "permission", e->key);
    }
    if (!all.n) {
        show_text(r, "show.sections.3.table.empty.title", msg(c->language, "user.no_exceptions"));
        show_text(r, "show.sections.3.table.empty.text", msg(c->language, "user.exceptions_how"));
        show_text(r, "show.sections.3.table.empty.icon", "shield");
    }
}

static void fact(Req *r, int n, const char *key, const char *value) {
    show_text(r, text(r, "show.facts.%d.label", n), msg(r->c.language, key));
    show_text(r, text(r, "show.facts.%d.text", n), value ? value : "\xE2\x80\x93");
}

static bool is_locked(Ctx *c, const UserRow *u) {
    LockPolicy policy;
    Time until = attempt_locked_until(c, email_lower(&c->mem, u->email), &policy);
    return time_is_set(until) && until.us > c->now.us;
}

/* --- what may be done with a person, by state -------------------------------------------------------------------- */

/* To add one: a row. `states` names those in which it is offered; asks: a page first. */
static const struct { const char *text, *path, *states; bool asks; } acts[] = {
    { "user.resend",     "/users/%s/invitation",    "invited pending invitation_expired revoked", false },
    { "user.revoke",     "/users/%s/revocation",    "invited pending invitation_expired", false },
    { "user.deactivate", "/users/%s/deactivation",  "active", true },
    { "user.reactivate", "/users/%s/reactivation",  "inactive", false },
    { "user.forget",     "/users/%s/anonymization", "inactive", true },
    { "user.reset_password", "/users/%s/password",  "active", false },
    { "user.reset_mfa",  "/users/%s/factor",        "active", false },
    { "user.change_role", "/users/%s/role",         "active invited pending", true },
    { "user.transfer",   "/users/%s/transfer",      "active", true },
};

static bool word_in(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *s = words; (s = strstr(s, word)); s++)
        if ((s == words || s[-1] == ' ') && (s[n] == ' ' || !s[n])) return true;
    return false;
}

static void show_acts(Req *r, const UserRow *u, bool locked) {
    size_t n = 0;
    if (locked) {
        show_text(r, at(r, "page.actions", n, "text"), msg(r->c.language, "user.unlock"));
        show_text(r, at(r, "page.actions", n, "url"), link_path(r, "/users/%s/unlock", u->public_id));
        show_text(r, at(r, "page.actions", n, "icon"), "key");
        show_text(r, at(r, "page.actions", n++, "post"), "1");
    }
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (!word_in(acts[i].states, u->status)) continue;
        if (!strcmp(acts[i].text, "user.reset_mfa") && !u->has_factor) continue;
        if (!strcmp(acts[i].text, "user.reactivate")
            && db_int(r, "select anonymized_at is not null from user where id = ?", u->id)) continue;
        if (!strcmp(acts[i].text, "user.forget") && !user_may_be_forgotten(&r->c, u->id)) continue;
        char *path = text(r, "%s/users/%s%s", r->prefix, u->public_id, strrchr(acts[i].path, '/'));
        show_text(r, at(r, "page.actions", n, "text"), msg(r->c.language, acts[i].text));
        show_text(r, at(r, "page.actions", n, "url"), path);
        if (!acts[i].asks) show_text(r, at(r, "page.actions", n, "post"), "1");
        n++;
    }
}

static const struct { const char *word, *path; } tabs[] = {
    { "profile", "/profile" }, { "roles", "" }, { "permissions", "/permissions" }, { "sessions", "/sessions" },
    { "activity", "/activity" } };

void user_head(Req *r, const UserRow *u, const char *tab) {
    Ctx *c = &r->c;
    bool locked = is_locked(c, u);
    show_text(r, "page.title", u->full_name);
    show_text(r, "page.sub", u->email);
    show_text(r, "page.crumbs.0.text", msg(c->language, "user.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/users"));
    show_text(r, "page.crumbs.1.text", u->full_name);
    for (size_t i = 0; i < sizeof tabs / sizeof *tabs; i++) {
        show_text(r, at(r, "page.tabs", i, "text"), msg(c->language, text(c, "user.tab.%s", tabs[i].word)));
        show_text(
            r, at(r, "page.tabs", i, "url"), text(r, "%s%s", link_path(r, "/users/%s", u->public_id), tabs[i].path));
        if (!strcmp(tab, tabs[i].word)) show_text(r, at(r, "page.tabs", i, "current"), "1");
    }
    if (user_may_change(c, u->id)) show_acts(r, u, locked);
    show_text(r, "show.status.text", state_label(r, u->status));
    show_text(r, "show.status.tone", state_tone(r, u->status));
    if (locked) {
        show_text(r, "show.badges.0.text", msg(c->language, "user.locked"));
        show_text(r, "show.badges.0.tone", "bad");
    }
    fact(r, 0, "user.department", u->department);
    fact(r, 1, "user.phone", u->phone);
    fact(r, 2, "user.job", u->job_title);
    fact(r, 3, "user.last_login", time_is_set(u->last_login_at) ? locale_time(&c->mem, c->locale, u->last_login_at)
         : NULL);
    fact(r, 4, "user.factor", msg(c->language, u->has_factor ? "ui.yes" : "ui.no"));
}

void user_page(Req *r) {
    UserRow *u = user_here(r);
    bool may = user_may_change(&r->c, u->id);
    user_head(r, u, "roles");
    show_roles(r, u, may);
    show_exceptions(r, u, may);
    if (may) {
        proof_notice(r);
        show_role_form(r, u);
        show_override_form(r, u);
    }
    page(r, "layout/show");
}

/* --- roles of a person -------------------------------------------------------------------------------------------- */

void user_touched(Ctx *c, Id user, const UserChange *x) {
    db_run(c, "update user set updated_at = ?, updated_by = ?, row_version = row_version + 1 where id = ?", c->now,
           c->user, user);
    audit_write(c, &(Audit){ .action = x->action, .entity = "user", .id = user,
                             .number = db_text(c, "select left(email, 60) from user where id = ?", user),
                             .version = db_int(c, "select row_version from user where id = ?", user),
                             .before = x->before, .after = x->after, .reason = x->reason });
}

void user_changed(Req *r, Id user, const UserChange *x) {
    Ctx *c = &r->c;
    administrators_check(c);
    if (!db_int(c, "select count(*) from user u join user_role ur on ur.user_id = u.id and ur.utility_id is null "
                   "join role ro on ro.id = ur.role_id and ro.code = 'tenant_admin' where u.status = 'active' "
                   "for update"))               /* two who send each other away at once: one stays */
        fail(c, INVALID, "%s", msg(c->language, "role.last_administrator"));
    user_touched(c, user, x);
    event_emit(c, &(Event){ .name = "role.changed", .entity = "user", .id = user,
                            .number = db_text(c, "select left(email, 60) from user where id = ?", user),
                            .payload = json_pairs(c, "user_id", text(c, "%lld", (long long)user.id), NULL) });
}

void user_role_add(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Input *in = form_read(r, &role_add_form);
    const char *code = in_text(in, "role"), *area_code = in_text(in, "area");
    RoleRow *role = code ? role_find(c, code) : NULL;
    if (code && (!role || !role_is_given(role)))
        problem(r, "role", "%s", msg_format(r, c->language, "invite.no_role", { "role", code }));
    Id area = area_code ? db_id(c, "select id from service_area where utility_id = ? and code = ? "
                                "and status = 'active'", c->utility, area_code) : (Id){ 0 };
    if (area_code && !area.id)
        problem(r, "area", "%s", msg_format(r, c->language, "invite.no_area", { "area", area_code }));
    Date from = in_date(in, "valid_from"), to = in_date(in, "valid_to");
    if (date_is_set(from) && date_is_set(to) && to.day < from.day)
        problem(r, "valid_to", "%s", msg(c->language, "user.ends_early"));
    problems_end(r);
    proof_check(c);
    grant_check(c, (RightSet){ 0 }, role_rights(c, role->id));
    if (role_is_fixed(role)) area = (Id){ 0 };
    if (!db_add(c, "insert into user_role (user_id, role_id, utility_id, service_area_id, valid_from, valid_to, "
                   "created_at, created_by) values (?,?,?,?,?,?,?,?)",
                u->id, role->id, role->utility_id, area, date_is_set(from) ? from : role_begin(c), to, c->now,
                c->user))
        fail_field(c, CONFLICT, "role", "%s", msg_format(c, c->language, "user.has_role", { "name", u->full_name },
            { "role", role->name }));
    user_changed(r, u->id, &(UserChange){ .action = "role_given",
                                          .after = json_pairs(c, "role", role->code, "area", area_code, NULL) });
    note(r, "%s", msg_format(c, c->language, "user.role_given", { "name", u->full_name }, { "role", role->name }));
    go(r, "/users/%s", u->public_id);
}

/* Whoever loses a role signs in again (AU01US03); the session that does it goes on. */
void user_role_remove(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    const char *which = field_text(r, "role"), *cut = which ? strchr(which, '~') : NULL;
    if (!cut) fail(c, NOT_FOUND, "There is no such role.");
    RoleRow *role = role_find(c, text_copy_n(c, which, (size_t)(cut - which)));
    if (!role) fail(c, NOT_FOUND, "There is no such role.");
    Id area = cut[1] ? db_id(c, "select id from service_area where utility_id = ? and code = ?", c->utility, cut + 1)
        : (Id){ 0 };
    if (cut[1] && !area.id) fail(c, NOT_FOUND, "There is no such area.");
    proof_check(c);
    grant_check(c, (RightSet){ 0 }, role_rights(c, role->id));
    db_must(c, 1, NOT_FOUND, "delete from user_role where user_id = ? and role_id = ? "
                             "and utility_key = ? and area_key = ?", u->id, role->id, role->utility_id.id, area.id);
    user_changed(r, u->id, &(UserChange){ .action = "role_taken",
                                          .before = json_pairs(c, "role", role->code, "area", cut[1] ? cut + 1 : NULL,
                                                               NULL) });
    session_end_all(c, REALM_STAFF, u->id, c->session, "revoked");
    note(r, "%s", msg_format(c, c->language, "user.role_taken", { "name", u->full_name }, { "role", role->name }));
    bool here = db_int(c, "select count(*) from user_role where user_id = ? and (utility_id = ? or utility_id is null)",
                       u->id, c->utility) > 0;
    go(r, here ? "/users/%s" : "/users", u->public_id);
}

/* --- single permissions ------------------------------------------------------------------------------------------- */

void user_override_add(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Input *in = form_read(r, &override_form);
    const char *resource = in_text(in, "resource"), *action = in_text(in, "action"), *effect = in_text(in, "effect");
    const char *key = resource && action ? text(c, "%s:%s", resource, action) : NULL;
    Id permission = key ? db_id(c, "select id from permission where `key` = ?", key) : (Id){ 0 };
    if (key && !permission.id)
        problem(r, "resource", "%s", msg_format(r, c->language, "user.no_permission", { "permission", key }));
    Date until = in_date(in, "until");
    if (date_is_set(until) && until.day < utility_today(c).day)
        problem(r, "until", "%s", msg(c->language, "user.until_past"));
    problems_end(r);
    proof_check(c);
    if (!strcmp(effect, "grant")) {
        RightRow wanted = { resource, action_bit(action) };
        grant_check(c, (RightSet){ 0 }, (RightSet){ &wanted, 1 });
    }
    Time expires = date_is_set(until) ? date_start(c->locale->zone, date_add_days(until, 1)) : TIME_NONE;
    db_run(c, "delete from user_permission_override where user_id = ? and permission_id = ? and utility_id = ?", u->id,
           permission, c->utility);
    db_run(c, "insert into user_permission_override (utility_id, user_id, permission_id, effect, reason, expires_at, "
              "created_at, created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?)",
           c->utility, u->id, permission, effect, in_text(in, "reason"), expires, c->now, c->user, c->now, c->user);
    user_changed(r, u->id, &(UserChange){ .action = "permission_set", .reason = in_text(in, "reason"),
                                          .after = json_pairs(c, "permission", key, "effect", effect, NULL) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/users/%s", u->public_id);
}

void user_override_remove(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    const char *key = field_text(r, "permission");
    char *effect = db_text(c, "select o.effect from user_permission_override o "
                              "join permission p on p.id = o.permission_id where o.user_id = ? "
                              "and o.utility_id = ? and p.`key` = ?", u->id, c->utility, key);
    if (!effect) fail(c, NOT_FOUND, "There is no such permission.");
    proof_check(c);
    if (!strcmp(effect, "deny")) {              /* taking a denial away gives the right back */
        const char *cut = strchr(key, ':');
        RightRow wanted = { text_copy_n(c, key, (size_t)(cut - key)), action_bit(cut + 1) };
        grant_check(c, (RightSet){ 0 }, (RightSet){ &wanted, 1 });
    }
    db_must(c, 1, NOT_FOUND, "delete o from user_permission_override o join permission p on p.id = o.permission_id "
                             "where o.user_id = ? and o.utility_id = ? and p.`key` = ?", u->id, c->utility, key);
    user_changed(r, u->id, &(UserChange){ .action = "permission_unset",
                                          .before = json_pairs(c, "permission", key, "effect", effect, NULL) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/users/%s", u->public_id);
}

/* --- unlocking (ONB-LOGIN) ---------------------------------------------------------------------------------------- */

void user_unlock(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Person *p = person_by_id(c, u->id);
    db_run(c, "update user set failed_count = 0, locked_until = null where id = ?", u->id);
    attempt_write(r, email_lower(&c->mem, u->email), p, "unlocked");
    note(r, "%s", msg_format(c, c->language, "user.unlocked", { "name", u->full_name }));
    go(r, "/users/%s", u->public_id);
}

/* --- effective permissions with their source ---------------------------------------------------------------------- */

#define SOURCE(F, T) F(T, const char *, key) F(T, const char *, roles)
ROW(Source, SOURCE)

static const char *source_of(Sources all, const char *key) {
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].key, key)) return all.v[i].roles;
    return NULL;
}

static const Exception *exception_for(Exceptions all, const char *key, Time now) {
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].key, key) && (!time_is_set(all.v[i].expires_at) || all.v[i].expires_at.us > now.us))
            return &all.v[i];
    return NULL;
}

static void show_exception(Req *r, const char *cell, const Exception *e) {
    show_text(r, cell, state_label(r, e->effect));
    show_text(r, text(r, "%s.tone", cell), state_tone(r, e->effect));
    show_text(r, text(r, "%s.sub", cell), e->reason);
}

#define RESOURCE_ROW(F, T) F(T, const char *, resource) F(T, const char *, label)
ROW(ResourceRow, RESOURCE_ROW)

typedef struct Effect { const char *from; const Exception *exception; } Effect;

/* Where each of a resource's rights comes from: an exception stands before the roles, a denied view takes all, a
   granted action brings view along. False when there is nothing. */
static bool effects_of(Ctx *c, const ResourceRow *p, Sources roles, Exceptions own, Effect to[RIGHT_ACTIONS]) {
    bool any = false;
    for (int a = 0; a < RIGHT_ACTIONS; a++) {
        const char *key = text(c, "%s:%s", p->resource, right_actions[a]);
        to[a] = (Effect){ source_of(roles, key), exception_for(own, key, c->now) };
        any |= to[a].from || to[a].exception;
    }
    const Exception *view = to[0].exception;
    for (int a = 1; a < RIGHT_ACTIONS; a++) {
        if (view && !strcmp(view->effect, "deny")) to[a].exception = view;
        else if (!view && !to[0].from && to[a].exception && !strcmp(to[a].exception->effect, "grant"))
            to[0].exception = to[a].exception;
    }
    return any;
}

static bool show_effective(Req *r, const char *row, const ResourceRow *p, Sources roles, Exceptions own) {
    Effect rights[RIGHT_ACTIONS];
    if (!effects_of(&r->c, p, roles, own, rights)) return false;
    show_text(r, text(r, "%s.cells.0", row), p->label);
    bool is_on = rights_key_on(&r->c, p->resource);
    show_text(r, text(r, "%s.cells.0.sub", row), is_on ? p->resource : msg(r->c.language, "user.module_off"));
    if (!is_on) show_text(r, text(r, "%s.tone", row), "muted");
    for (int a = 0; a < RIGHT_ACTIONS; a++) {
        char *cell = text(r, "%s.cells.%d", row, a + 1);
        if (rights[a].exception) {
            show_exception(r, cell, rights[a].exception);
            continue;
        }
        show_text(r, cell, rights[a].from ? rights[a].from : "\xE2\x80\x93");
        if (!rights[a].from) show_text(r, text(r, "%s.muted", cell), "1");
    }
    return true;
}

void user_permissions(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_here(r);
    Date today = utility_today(c);
    Sources roles = db_all(c, Source, "select p.`key`, group_concat(distinct ro.name "
                                      "order by ro.name separator ', ') as roles from user_role ur "
                                      "join role ro on ro.id = ur.role_id and ro.active = 1 "
                           "join role_permission rp on rp.role_id = ro.id join permission p on p.id = rp.permission_id "
                           "where ur.user_id = ? and (ur.utility_id = ? or ur.utility_id is null) "
                           "and ur.valid_from <= ? and (ur.valid_to is null "
                           "or ur.valid_to >= ?) group by p.id", u->id, c->utility, today, today);
    Exceptions own = exceptions_of(c, u->id);
    ResourceRows all = db_all(c, ResourceRow,
        "select p.resource, concat(upper(substr(p.label, 6, 1)), substr(p.label, 7)) as label from permission p "
        "where p.action = 'view' order by p.sort");
    show_text(r, "show.sections.0.table.label", msg(c->language, "user.permissions"));
    show_text(r, "show.sections.0.table.cols.0.label", msg(c->language, "role.resource"));
    show_text(r, "show.sections.0.table.cols.0.place", "id");
    for (int a = 0; a < RIGHT_ACTIONS; a++)
        show_text(r, text(r, "show.sections.0.table.cols.%d.label", a + 1),
                  msg(c->language, text(c, "right.%s", right_actions[a])));
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++)
        if (show_effective(r, text(r, "show.sections.0.table.rows.%zu", n), &all.v[i], roles, own)) n++;
    if (!n) {
        show_text(r, "show.sections.0.table.empty.title", msg(c->language, "user.no_permissions"));
        show_text(r, "show.sections.0.table.empty.icon", "shield");
    }
    user_head(r, u, "permissions");
    show_text(r, "show.sections.0.title", msg_format(c, c->language, "user.permissions_of", { "name", u->full_name }));
    show_text(r, "show.sections.0.note.text", msg(c->language, "user.permissions_how"));
    show_text(r, "show.sections.0.note.tone", "info");
    page(r, "layout/show");
}
