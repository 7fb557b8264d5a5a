/*
 * Inviting staff (ONB02US03): a wizard of five steps and a review; the invitation itself, sent again and taken back.
 * A link is valid 72 hours and only the newest works; of its token only the hash is stored (S13).
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/pages.h"
#include "app/core/role.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "app/platform/platform.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/wizard.h"

enum { EXCEPTIONS = 3 };

/* --- the invitation ----------------------------------------------------------------------------------------------- */

const char *invite_refusal(Ctx *c, const char *email) {
    const char *status = db_text(c, "select status from user where email = ?", email_lower(&c->mem, email));
    if (!status) return NULL;
    const char *key = !strcmp(status, "inactive") ? "invite.exists_inactive" : "invite.exists";
    return msg_format(c, c->language, key,
                      { "status", msg(c->language, text(c, "state.%s", status)) });
}

/* Seats of the plan and its add-ons; a tenth more is granted. */
void seat_check(Ctx *c) {
    const char *why = subscription_refusal(c, "seats");
    if (why) fail(c, INVALID, "%s", why);
}

static Bytes token_bytes(Ctx *c, const char *token) {
    uint8_t *hash = take(c, TOKEN_HASH_SIZE);
    token_hash(token, hash);
    return (Bytes){ hash, TOKEN_HASH_SIZE };
}

#define INVITED_ROW(F, T) F(T, const char *, email) F(T, const char *, full_name) F(T, const char *, role)
ROW(InvitedRow, INVITED_ROW)

static void invitation_mail(Ctx *c, Id user, const char *token, const char *message) {
    InvitedRow *u = db_one(c, InvitedRow, "select u.email, u.full_name, coalesce((select group_concat(ro.name order by "
                                          "ur.id separator ', ') from user_role ur join role ro on ro.id = ur.role_id "
                                          "where ur.user_id = u.id), '') as role from user u where u.id = ?", user);
    const char *name = facts_of(c)->tenant_name;
    if (!name) name = db_text(c, "select name from organization_setting where one = 1");    /* by a job */
    if (!name) name = c->tenant_slug;
    NotifyField fields[] = {
        { "name", u->full_name }, { "inviter", c->user_name ? c->user_name : name }, { "organization", name },
        { "role", u->role }, { "message", message ? message : "" }, { "hours", text(c, "%d", INVITE_HOURS) },
        { "link", public_url(c, text(c, "/invite/accept?token=%s", token), false) }, { 0 } };
    notify(c, "staff_invitation", &(Recipient){ .user = user }, fields,
           &(NotifyOptions){ .channels = "email", .entity = "user", .entity_id = user,
                             .expires_at = time_add_seconds(c->now, INVITE_HOURS * 3600) });
}

/* I15: what happened to the newest invitation of a person, with its version. */
static void invitation_audit(Ctx *c, Id invitation, const char *action) {
    audit_write(c, &(Audit){ .action = action, .entity = "invitation", .id = invitation,
                             .number = db_text(c, "select left(email, 60) from invitation where id = ?", invitation),
                             .version = db_int(c, "select row_version from invitation where id = ?", invitation) });
}

#define SENT(F, T) F(T, Id, id) F(T, const char *, email) F(T, Time, sent_earlier_at)
ROW(Sent, SENT)

/* The newest of a person, locked: whoever presses at the same moment is counted too. */
static Id invitation_open(Ctx *c, Id user) {
    Sent *s = db_find(c, Sent, "select id, email, sent_earlier_at from invitation where user_id = ? "
                               "and status <> 'accepted' order by id desc limit 1 for update", user);
    if (!s) fail(c, CONFLICT, "This record was changed by another user.");
    int64_t left = time_is_set(s->sent_earlier_at)
        ? (time_add_seconds(s->sent_earlier_at, INVITE_WINDOW_S).us - c->now.us + SECOND_US - 1) / SECOND_US : 0;
    if (left > 0)
        fail_busy(c, (int)left, "%s", msg_plural(c, c->language, "invite.busy", wait_minutes((int)left), NULL,
                                                 { "email", s->email }));
    return s->id;
}

void invitation_send(Ctx *c, Id user, const char *message) {
    const char *token = random_token(&c->mem);
    Time expires = time_add_seconds(c->now, INVITE_HOURS * 3600);
    Id id = invitation_open(c, user);
    db_must(c, 1, CONFLICT, "update invitation set token_hash = ?, status = 'sent', expires_at = ?, opened_at = null, "
                            "revoked_at = null, sent_count = sent_count + 1, sent_earlier_at = sent_before_at, "
                            "sent_before_at = sent_at, sent_at = ?, updated_at = ?, "
                            "updated_by = ?, row_version = row_version + 1 where id = ?",
            token_bytes(c, token), expires, c->now, c->now, c->user, id);
    invitation_audit(c, id, "send");
    invitation_mail(c, user, token, message);
}

void invitation_revoke(Ctx *c, Id user) {
    Id last = db_id(c, "select max(id) from invitation where user_id = ? and status in ('sent', 'expired')", user);
    db_must(c, 1, CONFLICT, "update invitation set status = 'revoked', revoked_at = ?, updated_at = ?, updated_by = ?, "
                            "row_version = row_version + 1 where id = ?", c->now, c->now, c->user, last);
    invitation_audit(c, last, "revoke");
}

Invited user_invite(Ctx *c, const NewUser *n) {
    seat_check(c);
    const char *email = email_lower(&c->mem, n->email), *token = random_token(&c->mem);
    Id id = db_insert(c, "insert into user (email, full_name, phone, employee_no, department_id, status, created_at, "
                         "created_by, updated_at, updated_by) values (?,?,?,?,?,'invited',?,?,?,?)",
                      email, n->full_name, n->phone, n->employee_no, n->department, c->now, c->user, c->now, c->user);
    db_run(c, "insert into user_role (user_id, role_id, utility_id, service_area_id, valid_from, valid_to, created_at, "
              "created_by) values (?,?,?,?,?,?,?,?)", id, n->role, n->role_utility, n->area,
           date_is_set(n->from) ? n->from : role_begin(c), n->to, c->now, c->user);
    db_run(c, "insert into invitation (utility_id, user_id, email, full_name, phone, role_id, message, token_hash, "
              "expires_at, sent_at, created_at, created_by, updated_at, updated_by) "
              "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
           c->utility, id, email, n->full_name, n->phone, n->role, n->message, token_bytes(c, token),
           time_add_seconds(c->now, INVITE_HOURS * 3600), c->now, c->now, c->user, c->now, c->user);
    invitation_mail(c, id, token, n->message);
    audit_write(c, &(Audit){ .action = "invite", .entity = "user", .id = id, .number = email, .version = 1,
                             .after = json_pairs(c, "full_name", n->full_name, "role",
                                                 db_text(c, "select code from role where id = ?", n->role), NULL) });
    event_emit(c, &(Event){ .name = "user.invited", .entity = "user", .id = id, .number = email,
                            .payload = json_pairs(c, "user_id", text(c, "%lld", (long long)id.id), NULL) });
    return (Invited){ id, db_text(c, "select public_id from user where id = ?", id) };
}

/* --- steps of the wizard ------------------------------------------------------------------------------------------ */

static const Form person_form = { .name = "invite_person", .fields = FIELDS {
    { "full_name", TEXT(2, 120), .flags = REQUIRED, .autocomplete = "off" },
    { "email", EMAIL, .flags = REQUIRED, .autocomplete = "off" },
    { "phone", PHONE, .autocomplete = "off" },
    { "employee_no", TEXT(1, 20) },
    { 0 } } };

static const Form department_form = { .name = "invite_department", .fields = FIELDS {
    { "department", TEXT(0, 80), .flags = REQUIRED },
    { 0 } } };

static const Form role_form = { .name = "invite_role", .fields = FIELDS {
    { "role", TEXT(0, 40), .flags = REQUIRED },
    { 0 } } };

static const Choice effects[] = { { "grant", NULL }, { "deny", NULL }, { 0 } };

static const Form adjust_form = { .name = "invite_adjust", .fields = FIELDS {
    { "resource1", TEXT(0, 40) }, { "action1", TEXT(0, 10) },
    { "effect1", CHOICE(effects) },
    { "resource2", TEXT(0, 40) }, { "action2", TEXT(0, 10) },
    { "effect2", CHOICE(effects) },
    { "resource3", TEXT(0, 40) }, { "action3", TEXT(0, 10) },
    { "effect3", CHOICE(effects) },
    { "reason", TEXT(3, 300) },
    { 0 } } };

static const Form scope_form = { .name = "invite_scope", .fields = FIELDS {
    { "area", TEXT(0, 20) },
    { "valid_from", DATE_FIELD },
    { "valid_to", DATE_FIELD },
    { 0 } } };

static const Form agree_form = { .name = "invite_send", .fields = FIELDS {
    { "message", LONG_TEXT(0, 1000) },
    { 0 } } };

static void person_check(Req *r, const Input *in, const Draft *d) {
    (void)d;
    const char *why = invite_refusal(&r->c, in_text(in, "email")), *no = in_text(in, "employee_no");
    if (why) problem(r, "email", "%s", why);
    if (no && db_int(r, "select count(*) from user where employee_no = ?", no))
        problem(r, "employee_no", "%s", msg_format(r, r->c.language, "user.employee_taken", { "no", no }));
}

static void department_show(Req *r, FormView *v, const Draft *d) {
    (void)d;
    form_set(v, "department", "blank", msg(r->c.language, "ui.choose"));
    Twos all = db_all(r, Two, "select name as value, name as label from department where utility_id = ? "
                              "and active = 1 order by name", r->c.utility);
    two_options(v, "department", &all);
}

static Id department_named(Ctx *c, const char *name) {
    return db_id(c, "select id from department where utility_id = ? and name = ? and active = 1", c->utility, name);
}

static void department_check(Req *r, const Input *in, const Draft *d) {
    (void)d;
    if (!department_named(&r->c, in_text(in, "department")).id)
        problem(r, "department", "%s", msg(r->c.language, "invite.no_department"));
}

#define ROLE_SUM(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, description) \
    F(T, const char *, modules) F(T, int, rights) F(T, bool, recommended)
ROW(RoleSum, ROLE_SUM)

static RoleSums roles_for(Ctx *c, Id department) {
    return db_all(c, RoleSum, "select ro.code, ro.name, coalesce(ro.description, '') as description, "
                              "coalesce(group_concat(distinct p.module order by p.module), '') as modules, "
                              "count(p.id) as rights, ro.department_id <=> ? and ro.department_id is not null "
                              "as recommended from role ro left join role_permission rp on rp.role_id = ro.id "
                              "left join permission p on p.id = rp.permission_id where (ro.utility_id = ? "
                              "or ro.utility_id is null) and ro.active = 1 and ro.code <> 'consumer' group by ro.id "
                              "order by recommended desc, ro.name limit 100", department, c->utility);
}

static const char *modules_words(Ctx *c, const char *modules) {
    Text t = text_start(c);
    text_add(&t, "");
    for (const char *s = modules; *s;) {
        size_t n = strcspn(s, ",");
        text_addf(&t, "%s%s", t.n ? ", " : "", msg(c->language, text(c, "module.%.*s", (int)n, s)));
        s += n + (s[n] == ',');
    }
    return t.s;
}

/* The department's roles stand first; below, what each may do. */
static void role_show(Req *r, FormView *v, const Draft *d) {
    Ctx *c = &r->c;
    const char *department = draft_text(d, "department", "department");
    RoleSums all = roles_for(c, department ? department_named(c, department) : (Id){ 0 });
    form_set(v, "role", "kind", "select");
    form_set(v, "role", "blank", msg(c->language, "ui.choose"));
    show_text(r, "form.sections.0.title", msg(c->language, "invite.roles"));
    TableView *t = table_start(r, "form.sections.0.table", msg(c->language, "invite.roles"));
    table_column(t, msg(c->language, "user.role"), "text", "id");
    table_column(t, msg(c->language, "invite.modules"), "text", NULL);
    table_column(t, msg(c->language, "invite.rights"), "num", NULL);
    for (size_t i = 0; i < all.n; i++) {
        const RoleSum *s = &all.v[i];
        form_option(v, "role", s->code, s->recommended ? msg_format(r, c->language, "invite.recommended",
            { "role", s->name }) : s->name);
        table_row(t, link_path(r, "/roles/%s", s->code));
        table_cell(t, s->name);
        if (s->description && *s->description) table_sub(t, s->description);
        table_cell(t, modules_words(c, s->modules));
        table_int(t, s->rights);
    }
}

static void role_check(Req *r, const Input *in, const Draft *d) {
    Ctx *c = &r->c;
    (void)d;
    const char *code = in_text(in, "role");
    RoleRow *role = role_find(c, code);
    if (!role || !role_is_given(role)) {
        problem(r, "role", "%s", msg_format(r, c->language, "invite.no_role", { "role", code }));
        return;
    }
    RightSet wanted = role_rights(c, role->id), held = rights_held(c);
    if (grant_refused(NULL, 0, wanted.v, wanted.n, held.v, held.n).key)
        problem(r, "role", "%s", msg(c->language, "role.grant_own"));
}

static const char *role_words(Req *r, const Draft *d, const char *field, const char *value) {
    (void)d;
    (void)field;
    RoleRow *role = role_find(&r->c, value);
    return role ? role->name : NULL;
}

static void adjust_show(Req *r, FormView *v, const Draft *d) {
    Ctx *c = &r->c;
    (void)d;
    Twos all = db_all(c, Two, "select resource as value, concat(upper(substr(label, 6, 1)), substr(label, 7), ' (', "
                              "resource, ')') as label from permission where action = 'view' order by sort");
    for (int i = 1; i <= EXCEPTIONS; i++) {
        const char *resource = text(c, "resource%d", i), *action = text(c, "action%d", i);
        form_set(v, resource, "blank", msg(c->language, "invite.no_exception"));
        two_options(v, resource, &all);
        form_set(v, action, "kind", "select");
        form_set(v, action, "blank", msg(c->language, "ui.choose"));
        for (int a = 0; right_actions[a]; a++)
            form_option(v, action, right_actions[a], msg(c->language, text(c, "right.%s", right_actions[a])));
    }
    show_text(r, "form.intro", msg(c->language, "invite.adjust_how"));
}

typedef struct Exception { const char *key, *resource, *action, *effect; Id permission; } Exception;

/* The i-th one; key NULL when the line is empty or not whole. */
static Exception exception_at(Ctx *c, const Input *in, int i) {
    Exception e = { .resource = in_text(in, text(c, "resource%d", i)), .action = in_text(in, text(c, "action%d", i)),
                    .effect = in_text(in, text(c, "effect%d", i)) };
    if (!e.resource || !e.action || !e.effect) return e;
    e.key = text(c, "%s:%s", e.resource, e.action);
    e.permission = db_id(c, "select id from permission where `key` = ?", e.key);
    return e;
}

static void adjust_check(Req *r, const Input *in, const Draft *d) {
    Ctx *c = &r->c;
    (void)d;
    bool any = false;
    RightSet held = rights_held(c);
    for (int i = 1; i <= EXCEPTIONS; i++) {
        Exception e = exception_at(c, in, i);
        const char *field = text(c, "resource%d", i);
        if (!e.resource && !e.action && !e.effect) continue;
        any = true;
        RightRow wanted = { e.resource, e.action ? action_bit(e.action) : 0 };
        if (!e.key || !e.permission.id) problem(r, field, "%s", msg(c->language, "invite.exception_whole"));
        else if (!strcmp(e.effect, "grant") && grant_refused(NULL, 0, &wanted, 1, held.v, held.n).key)
            problem(r, field, "%s", msg(c->language, "role.grant_own"));
    }
    if (any && !in_text(in, "reason")) problem(r, "reason", "%s", msg(c->language, "invite.reason"));
}

static const char *adjust_words(Req *r, const Draft *d, const char *field, const char *value) {
    (void)d;
    if (!strncmp(field, "action", 6)) return msg(r->c.language, text(r, "right.%s", value));
    return NULL;
}

static void scope_show(Req *r, FormView *v, const Draft *d) {
    (void)d;
    area_options(r, v, "area");
}

static Id area_coded(Ctx *c, const char *code) {
    return code ? db_id(c, "select id from service_area where utility_id = ? and code = ?", c->utility, code)
        : (Id){ 0 };
}

static void scope_check(Req *r, const Input *in, const Draft *d) {
    (void)d;
    const char *area = in_text(in, "area");
    Date from = in_date(in, "valid_from"), to = in_date(in, "valid_to");
    if (area && !area_coded(&r->c, area).id)
        problem(r, "area", "%s", msg_format(r, r->c.language, "invite.no_area", { "area", area }));
    if (date_is_set(from) && date_is_set(to) && to.day < from.day)
        problem(r, "valid_to", "%s", msg(r->c.language, "user.ends_early"));
}

static const char *scope_words(Req *r, const Draft *d, const char *field, const char *value) {
    (void)d;
    if (strcmp(field, "area")) return NULL;
    return db_text(r, "select name from service_area where utility_id = ? and code = ?", r->c.utility, value);
}

/* Somebody with a role of the whole tenant has no area. */
static bool scope_left_out(Req *r, const Draft *d) {
    const char *code = draft_text(d, "role", "role");
    RoleRow *role = code ? role_find(&r->c, code) : NULL;
    return role && role_is_fixed(role);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void store_exceptions(Ctx *c, Id user, const Input *in) {
    for (int i = 1; i <= EXCEPTIONS; i++) {
        Exception e = exception_at(c, in, i);
        if (!e.permission.id) continue;
        db_add(c, "insert into user_permission_override (utility_id, user_id, permission_id, effect, reason, "
                  "created_at, created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?)", c->utility, user,
               e.permission, e.effect, in_text(in, "reason"), c->now, c->user, c->now, c->user);
        audit_write(c, &(Audit){ .action = "permission_set", .entity = "user", .id = user,
                                 .after = json_pairs(c, "permission", e.key, "effect", e.effect, NULL),
                                 .reason = in_text(in, "reason") });
    }
}

static void invite_finish(Req *r, const Draft *d, const Input *agreed) {
    Ctx *c = &r->c;
    Input *person = draft_input(r, d, "person"), *scope = draft_input(r, d, "scope");
    RoleRow *role = role_find(c, draft_text(d, "role", "role"));
    if (!role || !role_is_given(role)) fail(c, CONFLICT, "%s", msg(c->language, "ui.wizard.elsewhere"));
    bool fixed = role_is_fixed(role);
    Invited u = user_invite(c, &(NewUser){
        .full_name = in_text(person, "full_name"), .email = in_text(person, "email"),
        .phone = in_text(person, "phone"), .employee_no = in_text(person, "employee_no"),
        .message = in_text(agreed, "message"), .role = role->id, .role_utility = role->utility_id,
        .department = department_named(c, draft_text(d, "department", "department")),
        .area = fixed ? (Id){ 0 } : area_coded(c, in_text(scope, "area")),
        .from = fixed ? DATE_NONE : in_date(scope, "valid_from"),
        .to = fixed ? DATE_NONE : in_date(scope, "valid_to") });
    store_exceptions(c, u.id, draft_input(r, d, "adjust"));
    note(r, "%s", msg_format(r, c->language, "invite.sent", { "email", in_text(person, "email") }));
    go(r, "/users/%s", u.public_id);
}

static const WizardStep invite_steps[] = {
    { .key = "person",     .form = &person_form,     .check = person_check },
    { .key = "department", .form = &department_form, .check = department_check, .show = department_show },
    { .key = "role",       .form = &role_form,       .check = role_check,   .show = role_show,   .words = role_words },
    { .key = "adjust",     .form = &adjust_form,     .check = adjust_check, .show = adjust_show,
      .words = adjust_words },
    { .key = "scope",      .form = &scope_form,      .check = scope_check,  .show = scope_show,  .words = scope_words,
      .left_out = scope_left_out },
    { 0 } };

const Wizard invite_wizard = { .name = "invite_staff", .path = "/invitations", .table = "user_invite_draft",
                               .steps = invite_steps, .agree = &agree_form, .finish = invite_finish };
WIZARD(invite)

/* --- again, and back ---------------------------------------------------------------------------------------------- */

static void open_check(Ctx *c, const UserRow *u) {
    if (!strcmp(u->status, "active") || !strcmp(u->status, "inactive"))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "invite.over", { "name", u->full_name }));
}

void user_resend(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    open_check(c, u);
    if (!strcmp(u->status, "revoked") || !strcmp(u->status, "invitation_expired")) seat_check(c);
    db_run(c, "update user set status = 'invited' where id = ?", u->id);
    user_touched(c, u->id, &(UserChange){ .action = "invitation_sent" });
    invitation_send(c, u->id, db_text(c, "select message from invitation where user_id = ? order by id desc limit 1",
                                      u->id));
    note(r, "%s", msg_format(r, c->language, "invite.sent", { "email", u->email }));
    go(r, "/users/%s", u->public_id);
}

void user_revoke(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    open_check(c, u);
    invitation_revoke(c, u->id);
    db_run(c, "update user set status = 'revoked' where id = ?", u->id);
    user_touched(c, u->id, &(UserChange){ .action = "invitation_revoked" });
    note(r, "%s", msg_format(r, c->language, "invite.revoked", { "name", u->full_name }));
    go(r, "/users/%s", u->public_id);
}

/* --- what time does ----------------------------------------------------------------------------------------------- */

#define OVERDUE(F, T) F(T, Id, id) F(T, Id, user_id)
ROW(Overdue, OVERDUE)
#define ABSENT(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, full_name) \
    F(T, const char *, email) \
    F(T, const char *, utility_code)
ROW(Absent, ABSENT)

static void expire_invitations(Ctx *c) {
    Overdues all = db_all(c, Overdue, "select id, coalesce(user_id, 0) as user_id from invitation "
                                      "where status = 'sent' and expires_at <= ? limit 500", c->now);
    for (size_t i = 0; i < all.n; i++) {
        db_run(c, "update invitation set status = 'expired', updated_at = ?, row_version = row_version + 1 "
                  "where id = ?", c->now, all.v[i].id);
        invitation_audit(c, all.v[i].id, "expire");
        if (db_run(c, "update user set status = 'invitation_expired' where id = ? "
                      "and status in ('invited', 'pending')", all.v[i].user_id))
            user_touched(c, all.v[i].user_id, &(UserChange){ .action = "invitation_expired" });
    }
}

/* Nobody signed in for so many days: an alert; where the policy says so, the sign-in ends too. */
static void watch_absent(Ctx *c) {
    int64_t days = db_int(c, "select inactive_days from security_policy where one = 1");
    bool ends = db_int(c, "select auto_deactivate from security_policy where one = 1") != 0;
    Time since = time_add_seconds(c->now, -(days ? days : 90) * 86400);
    Absents all = db_all(c, Absent, "select u.id, u.public_id, u.full_name, u.email, (select ut.code from user_role ur "
                                    "join utility ut on ut.id = ur.utility_id where ur.user_id = u.id limit 1) "
                                    "as utility_code from user u where u.status = 'active' "
                                    "and coalesce(u.last_login_at, u.updated_at, u.created_at) < ? "
                                    "and not exists (select 1 from user_role ur join role ro on ro.id = ur.role_id "
                                    "and ro.code = 'tenant_admin' where ur.user_id = u.id) limit 500", since);
    for (size_t i = 0; i < all.n; i++) {
        const Absent *a = &all.v[i];
        alert_raise(c, "user_absent", "info", text(c, "user_absent:%lld", (long long)a->id.id),
                    msg_format(c, c->language, ends ? "user.absent_ended" : "user.absent", { "name", a->full_name },
                        { "days", text(c, "%lld", (long long)(days ? days : 90)) }),
                    a->utility_code ? text(c, "/u/%s/users/%s", a->utility_code, a->public_id) : NULL);
        if (!ends) continue;
        db_run(c, "update user set status = 'inactive', deactivated_at = ?, deactivation_reason = 'absent' "
                  "where id = ?", c->now, a->id);
        session_end_all(c, REALM_STAFF, a->id, (Id){ 0 }, "deactivated");
        user_touched(c, a->id, &(UserChange){ .action = "deactivate", .reason = "absent" });
        event_emit(c, &(Event){ .name = "user.deactivated", .entity = "user", .id = a->id, .number = a->email,
                                .payload = json_pairs(c, "user_id", text(c, "%lld", (long long)a->id.id), NULL) });
    }
}

/* What nobody will use again gets its reason: the page that would have said so was never asked for. */
static void end_sessions(Ctx *c) {
    int64_t idle = db_int(c, "select idle_minutes from security_policy where one = 1");
    db_run(c, "update session set ended_at = expires_at, end_reason = 'absolute' where ended_at is null "
              "and expires_at <= ? limit 2000", c->now);
    db_run(c, "update session set ended_at = ?, end_reason = 'idle' where ended_at is null and realm = 'staff' "
              "and last_seen_at < ? limit 2000", c->now, time_add_seconds(c->now, -(idle ? idle : 30) * 60 - 3600));
}

JobStep people_watch(Ctx *c, const JobRow *job) {
    (void)job;
    expire_invitations(c);
    watch_absent(c);
    end_sessions(c);
    wizard_expire(c, &invite_wizard);
    return STEP_DONE;
}
