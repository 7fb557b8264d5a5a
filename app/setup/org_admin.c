/*
 * Administrators of the organization and of its utilities (ONB01US01, ONB0502): inviting one, or several at once,
 * sending again, taking back, deactivating. A link is valid 72 hours; whoever accepts chooses a password and a second
 * factor and goes on with the guided set-up.
 */
#include <string.h>

#include "app/core/registry.h"
#include "app/core/role.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "app/setup/organization.h"
#include "app/setup/pages.h"
#include "app/setup/totals.h"
#include "lib/form.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

enum { ADDRESSES_MOST = 50, ADMINS_SHOWN = 200 };
#define SAY(r, key) msg((r)->c.language, "org." key)

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define ADMIN(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, full_name) F(T, const char *, email) \
    F(T, const char *, roles) F(T, const char *, status) F(T, Time, invited_at) F(T, Time, expires_at) \
    F(T, Time, last_login_at)
ROW(Admin, ADMIN)
#define PERSON_COLUMNS "select u.id, u.public_id, u.full_name, u.email, group_concat(distinct ro.name, " \
    "if(ut.code is null, '', concat(' (', ut.code, ')')) order by ro.name, ut.code separator ', ') as roles, " \
    "u.status, (select max(i.sent_at) from invitation i where i.user_id = u.id) as invited_at, " \
    "(select max(i.expires_at) from invitation i where i.user_id = u.id and i.status in ('sent', 'expired')) " \
    "as expires_at, u.last_login_at " \
    "from user u "
#define ADMIN_COLUMNS PERSON_COLUMNS "join user_role ur on ur.user_id = u.id join role ro on ro.id = ur.role_id " \
    "and ro.code in ('tenant_admin', 'utility_admin') left join utility ut on ut.id = ur.utility_id "
#define ANYBODY_COLUMNS PERSON_COLUMNS "left join user_role ur on ur.user_id = u.id " \
    "left join role ro on ro.id = ur.role_id left join utility ut on ut.id = ur.utility_id "

static const Admin *admin_here(Req *r) {
    Admin *a = db_find(r, Admin, ADMIN_COLUMNS "where u.public_id = ? group by u.id", path_text(r, "id"));
    if (!a) fail(r, NOT_FOUND, "There is no such user.");
    return a;
}

/* Whoever is invited, whatever the roles: the organization's administrators send again and take back for all. */
static const Admin *invitee_here(Req *r) {
    Admin *a = db_find(r, Admin, ANYBODY_COLUMNS "where u.public_id = ? group by u.id", path_text(r, "id"));
    if (!a) fail(r, NOT_FOUND, "There is no such user.");
    return a;
}

/* A link that ran out is told at once; the job that marks it comes later. */
static const char *status_of(const Ctx *c, const Admin *a) {
    bool waits = !strcmp(a->status, "invited") || !strcmp(a->status, "pending");
    return waits && time_is_set(a->expires_at) && a->expires_at.us <= c->now.us ? "invitation_expired" : a->status;
}

static bool is_open(const Admin *a) { return strcmp(a->status, "active") && strcmp(a->status, "inactive"); }

static void menu_item(Req *r, const char *cell, size_t n, const char *text_, const char *url, bool posts) {
    const char *at_ = text(r, "%s.act.menu.%zu", cell, n);
    show_text(r, text(r, "%s.text", at_), text_);
    show_text(r, text(r, "%s.url", at_), url);
    show_flag(r, text(r, "%s.post", at_), posts);
}

static void show_acts(Req *r, const char *cell, const Admin *a) {
    size_t n = 0;
    if (is_open(a)) menu_item(r, cell, n++, SAY(r, "resend"), link_path(r, "/org/admins/%s/invitation", a->public_id),
                              true);
    if (is_open(a) && strcmp(a->status, "revoked"))
        menu_item(r, cell, n++, SAY(r, "revoke"), link_path(r, "/org/admins/%s/revocation", a->public_id), true);
    if (!strcmp(a->status, "active") && a->id.id != r->c.user.id)
        menu_item(r, cell, n++, SAY(r, "deactivate"), link_path(r, "/org/admins/%s/deactivation", a->public_id), false);
    if (!strcmp(a->status, "inactive"))
        menu_item(r, cell, n++, SAY(r, "reactivate"), link_path(r, "/org/admins/%s/reactivation", a->public_id), true);
    if (!n) return;
    show_text(r, text(r, "%s.act.text", cell), SAY(r, "manage"));
    show_text(r, text(r, "%s.act.kind", cell), "quiet");
}

static const char *when(Req *r, Time t) {
    return time_is_set(t) ? locale_time_words(&r->c.mem, r->c.locale, t) : "\xE2\x80\x93";
}

static void show_people(Req *r, const char *at_, const char *title, const Admins *all, bool signs_in);

void org_admins_show(Req *r, const char *at_) {
    Admins all = db_all(r, Admin, ADMIN_COLUMNS "group by u.id order by field(u.status, 'active', 'pending', "
                                  "'invited', 'invitation_expired', 'revoked', 'inactive'), u.full_name limit ?",
                        (int)ADMINS_SHOWN);
    show_people(r, at_, SAY(r, "admins"), &all, true);
}

void org_pending_show(Req *r, const char *at_) {
    Admins all = db_all(r, Admin, ANYBODY_COLUMNS "where u.status in ('invited', 'pending', 'invitation_expired') "
                                  "group by u.id order by u.status = 'invitation_expired', u.full_name limit ?",
                        (int)ADMINS_SHOWN);
    show_people(r, at_, SAY(r, "pending"), &all, false);
}

static void show_people(Req *r, const char *at_, const char *title, const Admins *all, bool signs_in) {
    Ctx *c = &r->c;
    bool may = perm_may(c, "core.organization", EDIT);
    TableView *t = table_start(r, at_, title);
    table_column(t, SAY(r, "person"), "text", "id");
    table_column(t, SAY(r, "role"), "text", "name");
    table_column(t, SAY(r, "invited_on"), "date", NULL);
    if (signs_in) table_column(t, SAY(r, "last_sign_in"), "date", NULL);
    table_column(t, msg(c->language, "field.status"), "status", "status");
    if (may) table_column(t, SAY(r, "actions"), "act", NULL);
    for (size_t i = 0; i < all->n; i++) {
        const Admin *a = &all->v[i];
        table_row(t, NULL);
        table_cell(t, a->full_name);
        table_sub(t, a->email);
        table_cell(t, a->roles);
        table_cell(t, when(r, a->invited_at));
        if (signs_in) table_cell(t, when(r, a->last_login_at));
        table_state(t, status_of(c, a));
        if (!may) continue;
        table_cell(t, "");
        show_acts(r, text(r, "%s.rows.%zu.cells.%d", at_, i, signs_in ? 5 : 4), a);
    }
    table_empty(t, SAY(r, "no_pending"), NULL);
}

/* --- inviting one ------------------------------------------------------------------------------------------------- */

static const Choice admin_roles[] = { { "tenant_admin", "org.role.tenant_admin" },
                                      { "utility_admin", "org.role.utility_admin" }, { 0 } };

static const Form invite_form = { .name = "org_invite", .fields = FIELDS {
    { "full_name", TEXT(2, 120), .flags = REQUIRED, .autocomplete = "off" },
    { "email",     EMAIL,        .flags = REQUIRED, .autocomplete = "off" },
    { "phone",     PHONE,        .autocomplete = "off", .width = "20" },
    { "role",      CHOICE(admin_roles), .flags = REQUIRED },
    { "utilities", CHOICES(NULL) },
    { "message",   LONG_TEXT(0, 1000) },
    { 0 } } };

static bool was_sent(const Texts *sent, const char *code) {
    for (size_t i = 0; i < sent->n; i++)
        if (!strcmp(sent->v[i], code)) return true;
    return false;
}

/* The utilities as boxes to tick. */
static void utility_boxes(Req *r, FormView *v, const char *at_) {
    const UtilityList *all = utilities_here(&r->c);
    Texts sent = form_again(v) ? param_all(&r->c.mem, &r->fields, "utilities") : (Texts){ 0 };
    form_set(v, "utilities", "kind", "checks");
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (!strcmp(all->v[i]->status, "closed")) continue;
        form_option(v, "utilities", all->v[i]->code, all->v[i]->name);
        if (was_sent(&sent, all->v[i]->code))
            show_text(r, text(r, "%s.fields.utilities.options.%zu.selected", at_, n), "1");
        n++;
    }
    if (!n) form_set(v, "utilities", "kind", "hidden");
}

static void head(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/org/setup"));
    show_text(r, "page.crumbs.1.text", title);
    show_text(r, "form.cancel_url", link_path(r, "/org/setup"));
}

/* Somebody with this address whose invitation is open. */
static const Admin *invited_already(Req *r, const char *email) {
    Ctx *c = &r->c;
    if (!email) return NULL;
    Admin *a = db_find(c, Admin, ANYBODY_COLUMNS "where u.email = ? group by u.id", email_lower(&c->mem, email));
    return a && is_open(a) ? a : NULL;
}

void org_invite_page(Req *r) {
    FormView *v = form_show(r, "form", &invite_form, "/org/admins/invite");
    form_set(v, "role", "kind", "radio");
    form_text(v, "role", "tenant_admin");
    utility_boxes(r, v, "form");
    head(r, SAY(r, "invite"));
    show_text(r, "page.actions.0.text", SAY(r, "invite_several"));
    show_text(r, "page.actions.0.url", link_path(r, "/org/admins/invitations"));
    const Admin *open = form_again(v) ? invited_already(r, field_text(r, "email")) : NULL;
    if (open) {                                     /* not a second invitation: the first one once more */
        show_text(r, "page.notices.0.tone", "info");
        show_text(r, "page.notices.0.text", msg_format(r, r->c.language, "org.resend_how", { "name", open->full_name },
                                                       { "email", open->email }));
        show_text(r, "page.notices.0.action.text", SAY(r, "resend"));
        show_text(r, "page.notices.0.action.url", link_path(r, "/org/admins/%s/invitation", open->public_id));
        show_text(r, "page.notices.0.action.post", "1");
    }
    page(r, "layout/form");
}

/* Why nobody is invited at this address: NULL, or what is said of it. */
static const char *address_refusal(Req *r, const char *email) {
    Ctx *c = &r->c;
    const char *status = db_text(c, "select status from user where email = ?", email_lower(&c->mem, email));
    if (!status) return NULL;
    if (!strcmp(status, "active")) return SAY(r, "has_access");
    if (!strcmp(status, "inactive")) return invite_refusal(c, email);
    return SAY(r, "is_invited");
}

/* The roles an administrator gets: that of the whole tenant, or one in each of the utilities. */
typedef struct Roles { Id role[50], utility[50]; size_t n; } Roles;

static void roles_wanted(Req *r, const char *role, const Texts *utilities, Roles *to) {
    Ctx *c = &r->c;
    to->n = 0;
    if (role && !strcmp(role, "tenant_admin")) {
        to->role[0] = db_id(c, "select id from role where code = 'tenant_admin' and utility_id is null");
        to->utility[0] = (Id){ 0 };
        to->n = to->role[0].id ? 1 : 0;
    } else for (size_t i = 0; role && i < utilities->n && to->n < 50; i++) {
        if (!*utilities->v[i]) continue;
        Id utility = utility_by_code(c, utilities->v[i]);
        Id one = db_id(c, "select id from role where code = 'utility_admin' and utility_id = ?", utility);
        if (!one.id) problem(r, "utilities", "%s", SAY(r, "no_utility"));
        else to->role[to->n] = one, to->utility[to->n++] = utility;
    }
    if (role && !to->n && !r->problems) problem(r, "utilities", "%s", SAY(r, "need.utility"));
}

typedef struct Invitee { const char *full_name, *email, *phone, *message; } Invitee;

static void invite(Ctx *c, const Invitee *who, const Roles *roles) {
    Invited u = user_invite(c, &(NewUser){ .full_name = who->full_name, .email = who->email, .phone = who->phone,
        .message = who->message, .role = roles->role[0], .role_utility = roles->utility[0],
        .from = DATE_NONE, .to = DATE_NONE });
    for (size_t i = 1; i < roles->n; i++)
        db_add(c, "insert into user_role (user_id, role_id, utility_id, valid_from, created_at, created_by) "
                  "values (?,?,?,?,?,?)", u.id, roles->role[i], roles->utility[i], role_begin(c), c->now, c->user);
    setup_step_touch(c, "admins");
}

void org_invite_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &invite_form);
    const char *email = in_text(in, "email"), *why = email ? address_refusal(r, email) : NULL;
    if (why) problem(r, "email", "%s", why);
    Texts utilities = param_all(&c->mem, &r->fields, "utilities");
    Roles roles;
    roles_wanted(r, in_text(in, "role"), &utilities, &roles);
    problems_end(r);
    invite(c, &(Invitee){ in_text(in, "full_name"), email, in_text(in, "phone"), in_text(in, "message") }, &roles);
    note(r, "%s", msg_format(c, c->language, "invite.sent", { "email", email }));
    go(r, "/org/setup");
}

/* --- several at once (ONB0502) ------------------------------------------------------------------------------------ */

static const Form several_form = { .name = "org_invite_many", .fields = FIELDS {
    { "addresses", LONG_TEXT(3, 13000), .flags = REQUIRED },
    { "role",      CHOICE(admin_roles), .flags = REQUIRED },
    { "utilities", CHOICES(NULL) },
    { "message",   LONG_TEXT(0, 1000) },
    { 0 } } };

void org_invite_many_page(Req *r) {
    FormView *v = form_show(r, "form", &several_form, "/org/admins/invitations");
    form_set(v, "role", "kind", "radio");
    form_text(v, "role", "utility_admin");
    utility_boxes(r, v, "form");
    head(r, SAY(r, "invite_several"));
    page(r, "layout/form");
}

/* "jane.doe@x.org" is called jane doe until the person says otherwise. */
static const char *name_of(Ctx *c, const char *email) {
    char *name = text_copy_n(c, email, strcspn(email, "@"));
    for (char *s = name; *s; s++)
        if (strchr("._-+", *s)) *s = ' ';
    return strlen(name) >= 2 ? name : email;
}

/* One line each; what cannot be invited is said with its reason, the others are. */
void org_invite_many_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &several_form);
    Texts utilities = param_all(&c->mem, &r->fields, "utilities");
    Roles roles;
    roles_wanted(r, in_text(in, "role"), &utilities, &roles);
    Text refused = text_start(c);
    text_add(&refused, "");
    const char *email[ADDRESSES_MOST];
    size_t n = 0, lines = 0;
    for (char *s = text_copy(c, in_text(in, "addresses") ? in_text(in, "addresses") : ""), *line;
         (line = strsep(&s, "\r\n,;"));) {
        while (*line == ' ') line++;
        for (size_t k = strlen(line); k && line[k - 1] == ' '; k--) line[k - 1] = 0;
        if (!*line) continue;
        if (++lines > ADDRESSES_MOST) continue;
        const char *why = email_is_valid(line) ? address_refusal(r, line) : msg(c->language, "utility.email_wrong");
        for (size_t i = 0; !why && i < n; i++)
            if (!strcmp(email[i], email_lower(&c->mem, line))) why = SAY(r, "twice");
        if (why) text_addf(&refused, "%s%s: %s", refused.n ? " " : "", line, why);
        else email[n++] = email_lower(&c->mem, line);
    }
    if (lines > ADDRESSES_MOST) problem(r, "addresses", "%s", SAY(r, "addresses_many"));
    if (lines && !n) problem(r, "addresses", "%s", refused.s);
    problems_end(r);
    for (size_t i = 0; i < n; i++)
        invite(c, &(Invitee){ name_of(c, email[i]), email[i], NULL, in_text(in, "message") }, &roles);
    note(r, "%s %s", msg_plural(c, c->language, "org.invited_n", (int64_t)n, NULL), refused.s);
    go(r, "/org/setup");
}

/* --- again, back, away -------------------------------------------------------------------------------------------- */

static void version_up(Ctx *c, const Admin *a, const char *action_) {
    user_touched(c, a->id, &(UserChange){ .action = action_ });
    setup_step_touch(c, "admins");
    totals_people(c);
}

void org_admin_resend(Req *r) {
    Ctx *c = &r->c;
    const Admin *a = invitee_here(r);
    if (!is_open(a)) fail(c, CONFLICT, "%s", msg_format(c, c->language, "invite.over", { "name", a->full_name }));
    if (!strcmp(a->status, "revoked") || !strcmp(a->status, "invitation_expired")) seat_check(c);
    db_run(c, "update user set status = 'invited' where id = ?", a->id);
    version_up(c, a, "invitation_sent");
    invitation_send(c, a->id, db_text(c, "select message from invitation where user_id = ? order by id desc limit 1",
                                      a->id));
    note(r, "%s", msg_format(c, c->language, "invite.sent", { "email", a->email }));
    go(r, "/org/setup");
}

void org_admin_revoke(Req *r) {
    Ctx *c = &r->c;
    const Admin *a = invitee_here(r);
    if (!is_open(a) || !strcmp(a->status, "revoked"))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "invite.over", { "name", a->full_name }));
    invitation_revoke(c, a->id);
    db_run(c, "update user set status = 'revoked' where id = ?", a->id);
    version_up(c, a, "invitation_revoked");
    note(r, "%s", msg_format(c, c->language, "invite.revoked", { "name", a->full_name }));
    go(r, "/org/setup");
}

static const Form leave_form = { .name = "org_leave", .fields = FIELDS {
    { "reason", LONG_TEXT(3, 500), .flags = REQUIRED }, { 0 } } };

static void leave_check(Req *r, const Admin *a) {
    Ctx *c = &r->c;
    if (strcmp(a->status, "active"))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "user.not_active", { "name", a->full_name }));
    if (a->id.id == c->user.id) fail(c, INVALID, "%s", msg(c->language, "user.not_yourself"));
}

void org_admin_leave_page(Req *r) {
    Ctx *c = &r->c;
    const Admin *a = admin_here(r);
    if (!r->again) leave_check(r, a);
    head(r, msg_format(c, c->language, "user.leave_title", { "name", a->full_name }));
    form_show(r, "confirm", &leave_form, text(r, "/org/admins/%s/deactivation", a->public_id));
    show_text(r, "confirm.text.0", msg(c->language, "user.leave_how"));
    show_fact(r, "confirm.facts", SAY(r, "person"), a->full_name, a->email);
    show_fact(r, "confirm.facts", SAY(r, "role"), a->roles, NULL);
    show_text(r, "confirm.submit", msg_format(c, c->language, "user.leave_it", { "name", a->full_name }));
    show_text(r, "confirm.undo", SAY(r, "leave_undo"));
    show_text(r, "confirm.back_url", link_path(r, "/org/setup"));
    page(r, "layout/confirm");
}

/* Open work goes back to the teams of each utility. */
void org_admin_leave(Req *r) {
    Ctx *c = &r->c;
    const Admin *a = admin_here(r);
    Input *in = form_read(r, &leave_form);
    leave_check(r, a);
    problems_end(r);
    user_deactivate(r, a->id, (Id){ 0 }, in_text(in, "reason"));
    setup_step_touch(c, "admins");
    note(r, "%s", msg_format(c, c->language, "user.left", { "name", a->full_name }));
    go(r, "/org/setup");
}

void org_admin_return(Req *r) {
    Ctx *c = &r->c;
    const Admin *a = admin_here(r);
    user_reactivate(r, a->id, a->full_name);
    setup_step_touch(c, "admins");
    note(r, "%s", msg_format(c, c->language, "user.returned", { "name", a->full_name }));
    go(r, "/org/setup");
}

/* --- everybody, and who tried to sign in -------------------------------------------------------------------------- */

static const Choice user_states[] = { { "active", NULL }, { "invited", NULL }, { "pending", NULL },
                                      { "inactive", NULL }, { "invitation_expired", NULL }, { "revoked", NULL },
                                      { 0 } };
static const Choice locks[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };

static const ListSpec people = {
    .name = "org_people", .one = "person", .many = "people", .path = "/org/people", .id = "u.id",
    .from = "(select cast(? as datetime(6)) as at) n join user u",
    .columns = COLUMNS {
        { "full_name", NULL, "u.full_name", LIST | SEARCH | SORT, .sub = "email", .place = "id" },
        { "email",     NULL, "u.email", SEARCH },
        { "roles",     NULL, "(select group_concat(distinct ro.name, if(ut.code is null, '', concat(' (', ut.code, "
                             "')')) order by ro.name separator ', ') from user_role ur join role ro "
                             "on ro.id = ur.role_id left join utility ut on ut.id = ur.utility_id "
                             "where ur.user_id = u.id)", LIST },
        { "last_login_at", NULL, "u.last_login_at", LIST | SORT },
        { "is_locked", NULL, "u.locked_until is not null and u.locked_until > n.at", LIST | FILTER,
          .choices = locks, .kind = "yesno" },
        { "status",    NULL, "u.status", LIST | FILTER | SORT, .choices = user_states, .many = 1, .place = "status" },
        { 0 } },
    .order = "full_name", .feature = "core.organization", .is_personal = true };

void org_people_page(Req *r) {
    show_text(r, "page.title", SAY(r, "people"));
    show_text(r, "page.crumbs.0.text", SAY(r, "dashboard"));
    show_text(r, "page.crumbs.0.url", "/org/dashboard");
    show_text(r, "page.crumbs.1.text", SAY(r, "people"));
    list_show(r, &people, r->c.now);
    if (!r->status) page(r, "layout/list");
}

static const Choice outcomes[] = { { "failed", "org.outcome.failed" }, { "success", "org.outcome.success" }, { 0 } };

static const Choice ages[] = { { "24h", "org.age.24h" }, { "older", "org.age.older" }, { 0 } };

static const ListSpec sign_ins = {
    .name = "org_sign_ins", .one = "attempt", .many = "attempts", .path = "/org/sign-ins",
    .from = "(select cast(? as datetime(6)) as at) n join login_attempt l", .where = "l.realm = 'staff'", .id = "l.id",
    .columns = COLUMNS {
        { "at",      NULL, "l.at", LIST | SORT, .place = "id" },
        { "email",   NULL, "l.email", LIST | SEARCH_START, .place = "name" },
        { "address", NULL, "inet6_ntoa(l.ip)", LIST },
        { "result",  NULL, "l.result", LIST, .kind = "status", .place = "status" },
        { "outcome", NULL, "if(l.result in (" SIGN_IN_FAILED "), 'failed', 'success')", FILTER, .choices = outcomes },
        { "tried_at", NULL, "l.at", FILTER },
        { "age",      NULL, "if(l.at >= n.at - interval 1 day, '24h', 'older')", FILTER, .choices = ages },
        { 0 } },
    .order = "-at", .feature = "core.organization", .is_personal = true };

void org_sign_ins_page(Req *r) {
    show_text(r, "page.title", SAY(r, "sign_ins"));
    show_text(r, "page.crumbs.0.text", SAY(r, "dashboard"));
    show_text(r, "page.crumbs.0.url", "/org/dashboard");
    show_text(r, "page.crumbs.1.text", SAY(r, "sign_ins"));
    list_show(r, &sign_ins, r->c.now);
    if (!r->status) page(r, "layout/list");
}
