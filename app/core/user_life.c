/*
 * The life of a person of the staff after the invitation (ONB02US03): profile, deactivation with the work handed on,
 * back again, a link for a new password, the second factor taken away, another utility. Nobody is ever deleted, and
 * administrators never see or set a password.
 */
#include <string.h>

#include "app/core/pages.h"
#include "app/core/proof.h"
#include "app/core/registry.h"
#include "app/core/rights.h"
#include "app/core/role.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

/* --- profile ------------------------------------------------------------------------------------------------------ */

static const Form profile_form = { .name = "user_profile", .fields = FIELDS {
    { "full_name", TEXT(2, 120), .flags = REQUIRED },
    { "phone", PHONE },
    { "department", TEXT(0, 80), .flags = REQUIRED },
    { "job_title", TEXT(0, 80) },
    { "employee_no", TEXT(1, 20) },
    { "manager", TEXT(0, 30) },
    { 0 } } };

#define DATA(F, T) F(T, const char *, employee_no) F(T, const char *, manager) F(T, Time, deactivated_at) \
    F(T, const char *, deactivation_reason)
ROW(Data, DATA)

static Data *data_of(Ctx *c, Id user) {
    return db_one(c, Data, "select u.employee_no, (select m.public_id from user m where m.id = u.manager_user_id) "
                           "as manager, u.deactivated_at, u.deactivation_reason from user u where u.id = ?", user);
}

void user_profile(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_here(r);
    Data *more = data_of(c, u->id);
    user_head(r, u, "profile");
    if (more->deactivation_reason) {
        show_text(r, "show.notices.0.tone", "off");
        show_text(r, "show.notices.0.text", msg_format(c, c->language, "user.was_deactivated",
            { "reason", more->deactivation_reason },
            { "time", time_is_set(more->deactivated_at) ? locale_time(&c->mem, c->locale, more->deactivated_at)
              : "" }));
    }
    FormView *v = form_show(r, "show.sections.0.form", &profile_form, text(r, "/users/%s/profile", u->public_id));
    Twos departments = db_all(c, Two, "select name as value, name as label from department where utility_id = ? "
                                      "and active = 1 order by name", c->utility);
    Twos managers = db_all(c, Two, "select u.public_id as value, u.full_name as label from user u "
                                   "where u.status = 'active' and u.id <> ? and exists (select 1 from user_role ur "
                                   "where ur.user_id = u.id and (ur.utility_id = ? or ur.utility_id is null)) "
                                   "order by u.full_name limit 500", u->id, c->utility);
    form_set(v, "department", "blank", msg(c->language, "ui.choose"));
    form_set(v, "manager", "blank", "\xE2\x80\x93");
    two_options(v, "department", &departments);
    two_options(v, "manager", &managers);
    form_text(v, "full_name", u->full_name);
    form_text(v, "phone", u->phone);
    form_text(v, "department", u->department);
    form_text(v, "job_title", u->job_title);
    form_text(v, "employee_no", more->employee_no);
    form_text(v, "manager", more->manager);
    form_version(v, u->row_version);
    if (!user_may_change(c, u->id)) show_text(r, "show.sections.0.form.why", msg(c->language, "user.only_view"));
    history_aside(r, "user", u->id, NULL);
    page(r, "layout/show");
}

void user_profile_save(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Data *more = data_of(c, u->id);
    Input *in = form_read(r, &profile_form);
    const char *no = in_text(in, "employee_no"), *department = in_text(in, "department"),
        *boss = in_text(in, "manager");
    Id department_id = department ? db_id(c, "select id from department where utility_id = ? and name = ?", c->utility,
                                          department) : (Id){ 0 };
    if (department && !department_id.id) problem(r, "department", "%s", msg(c->language, "invite.no_department"));
    if (no && db_int(c, "select count(*) from user where employee_no = ? and id <> ?", no, u->id))
        problem(r, "employee_no", "%s", msg_format(c, c->language, "user.employee_taken", { "no", no }));
    problems_end(r);
    db_must(c, 1, CONFLICT, "update user set full_name = ?, phone = ?, department_id = ?, job_title = ?, "
                            "employee_no = ?, manager_user_id = (select id from (select id from user "
                            "where public_id = ?) m) where id = ? and row_version = ?",
            in_text(in, "full_name"), in_text(in, "phone"), department_id, in_text(in, "job_title"), no, boss, u->id,
            in->row_version);
    user_touched(c, u->id, &(UserChange){ .action = "edit",
        .before = json_pairs(c, "full_name", u->full_name, "phone", u->phone, "department", u->department, "job_title",
                             u->job_title, "employee_no", more->employee_no, NULL),
        .after = json_pairs(c, "full_name", in_text(in, "full_name"), "phone", in_text(in, "phone"), "department",
                            department, "job_title", in_text(in, "job_title"), "employee_no", no, NULL) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/users/%s/profile", u->public_id);
}

/* --- deactivation: work is handed on ------------------------------------------------------------------------------ */

static const Form leave_form = { .name = "user_leave", .fields = FIELDS {
    { "reason", TEXT(3, 500), .flags = REQUIRED },
    { "to", TEXT(0, 30) },
    { 0 } } };

/* Calls each work of the utility; the sum of what is open. */
static int64_t open_work(Req *r, const UserRow *u, const char *facts) {
    int64_t sum = 0;
    const UserWork *w;
    for (int i = 0; (w = registered_works(i)); i++)
        for (; w->what; w++) {
            int64_t n = w->count ? w->count(&r->c, u->id) : 0;
            sum += n;
            if (n && facts) show_fact(r, facts, msg(r->c.language, text(r, "work.%s", w->what)),
                                      locale_count(&r->c.mem, r->c.locale, n), NULL);
        }
    return sum;
}

static void leave_check(Req *r, const UserRow *u) {
    Ctx *c = &r->c;
    if (strcmp(u->status, "active")) fail(c, CONFLICT, "%s", msg_format(c, c->language, "user.not_active",
                                                                        { "name", u->full_name }));
    if (u->id.id == c->user.id) fail(c, INVALID, "%s", msg(c->language, "user.not_yourself"));
    const UserWork *w;
    for (int i = 0; (w = registered_works(i)); i++)
        for (; w->what; w++) {
            const char *why = w->refusal ? w->refusal(c, u->id) : NULL;
            if (why) fail(c, CONFLICT, "%s", why);
        }
}

void user_leave_page(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    if (!r->again) leave_check(r, u);
    show_text(r, "page.title", msg_format(c, c->language, "user.leave_title", { "name", u->full_name }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "user.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/users"));
    show_text(r, "page.crumbs.1.text", u->full_name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/users/%s", u->public_id));
    show_text(r, "confirm.text.0", msg(c->language, "user.leave_how"));
    int64_t open = open_work(r, u, "confirm.facts");
    if (!open) show_text(r, "confirm.text.1", msg(c->language, "user.no_work"));
    const char *path = text(r, "/users/%s/deactivation", u->public_id);
    FormView *v = form_show(r, "confirm", &leave_form, path);
    Twos others = db_all(c, Two, "select u.public_id as value, concat(u.full_name, ' (', coalesce(d.name, '-'), ')') "
                                 "as label from user u left join department d on d.id = u.department_id "
                                 "where u.status = 'active' and u.id <> ? and exists (select 1 from user_role ur "
                                 "where ur.user_id = u.id and (ur.utility_id = ? or ur.utility_id is null)) "
                                 "order by d.id <=> (select department_id from user where id = ?) desc, u.full_name "
                                 "limit 500", u->id, c->utility, u->id);
    form_set(v, "to", "blank", msg(c->language, "user.to_team"));
    two_options(v, "to", &others);
    show_text(r, "confirm.submit", msg_format(c, c->language, "user.leave_it", { "name", u->full_name }));
    show_text(r, "confirm.undo", msg(c->language, "user.leave_undo"));
    show_text(r, "confirm.back_url", link_path(r, "/users/%s", u->public_id));
    page(r, "layout/confirm");
}

#define PLACE(F, T) F(T, Id, id)
ROW(Place, PLACE)

/* What is open here goes to the chosen person, what is open in other utilities to their teams. */
static void hand_on(Ctx *c, Id from, Id to) {
    Id here = c->utility;
    Places all = db_all(c, Place, "select id from utility where status <> 'closed' order by id");
    for (size_t p = 0; p < all.n; p++) {
        utility_enter(c, all.v[p].id);
        const UserWork *w;
        for (int i = 0; (w = registered_works(i)); i++)
            for (; w->what; w++)
                if (w->give) w->give(c, from, all.v[p].id.id == here.id ? to : (Id){ 0 });
    }
    utility_enter(c, here);
}

static void user_tell(Ctx *c, Id user, const char *event) {
    event_emit(c, &(Event){ .name = event, .entity = "user", .id = user,
                            .number = db_text(c, "select left(email, 60) from user where id = ?", user),
                            .payload = json_pairs(c, "user_id", text(c, "%lld", (long long)user.id), NULL) });
}

void user_deactivate(Req *r, Id user, Id heir, const char *reason) {
    Ctx *c = &r->c;
    hand_on(c, user, heir);
    db_must(c, 1, CONFLICT, "update user set status = 'inactive', deactivated_at = ?, deactivation_reason = ? "
                            "where id = ? and status = 'active'", c->now, reason, user);
    session_end_all(c, REALM_STAFF, user, (Id){ 0 }, "deactivated");
    user_changed(r, user, &(UserChange){ .action = "deactivate", .reason = reason,
                                         .before = json_pairs(c, "status", "active", NULL),
                                         .after = json_pairs(c, "status", "inactive", NULL) });
    user_tell(c, user, "user.deactivated");
}

void user_reactivate(Req *r, Id user, const char *full_name) {
    Ctx *c = &r->c;
    seat_check(c);
    if (!db_run(c, "update user set status = 'active', deactivated_at = null, deactivation_reason = null "
                   "where id = ? and status = 'inactive' and password_hash is not null", user))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "user.not_inactive", { "name", full_name }));
    user_touched(c, user, &(UserChange){ .action = "reactivate" });
    user_tell(c, user, "user.activated");
}

void user_leave(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Input *in = form_read(r, &leave_form);
    leave_check(r, u);
    const char *to = in_text(in, "to"), *reason = in_text(in, "reason");
    Id heir = to ? db_id(c, "select u.id from user u where u.public_id = ? and u.status = 'active' and u.id <> ? "
                            "and exists (select 1 from user_role ur where ur.user_id = u.id "
                            "and (ur.utility_id = ? or ur.utility_id is null))", to, u->id, c->utility) : (Id){ 0 };
    if (to && !heir.id) problem(r, "to", "%s", msg(c->language, "user.no_heir"));
    problems_end(r);
    user_deactivate(r, u->id, heir, reason);
    note(r, "%s", msg_format(c, c->language, "user.left", { "name", u->full_name }));
    go(r, "/users/%s", u->public_id);
}

void user_return(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    user_reactivate(r, u->id, u->full_name);
    note(r, "%s", msg_format(c, c->language, "user.returned", { "name", u->full_name }));
    go(r, "/users/%s", u->public_id);
}

/* --- personal data forgotten -------------------------------------------------------------------------------------- */

enum { FORGET_MONTHS = 24 };

#define LEFT(F, T) F(T, Time, deactivated_at) F(T, Time, anonymized_at) F(T, Id, avatar_document_id)
ROW(Left, LEFT)

static Left *left_of(Ctx *c, Id user) {
    return db_one(c, Left, "select deactivated_at, anonymized_at, avatar_document_id from user where id = ?", user);
}

static Date forget_from(Ctx *c, const Left *l) {
    return date_add_months(time_date(zone_find(utility_here(c)->time_zone), l->deactivated_at), FORGET_MONTHS);
}

bool user_may_be_forgotten(Ctx *c, Id user) {
    Left *l = left_of(c, user);
    return time_is_set(l->deactivated_at) && !time_is_set(l->anonymized_at)
        && forget_from(c, l).day <= utility_today(c).day && perm_may(c, "core.users", DELETE);
}

static Left *forget_check(Req *r, const UserRow *u) {
    Ctx *c = &r->c;
    Left *l = left_of(c, u->id);
    if (time_is_set(l->anonymized_at)) fail(c, CONFLICT, "%s", msg(c->language, "user.forgotten_already"));
    if (strcmp(u->status, "inactive") || !time_is_set(l->deactivated_at))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "user.forget_active", { "name", u->full_name }));
    Date from = forget_from(c, l);
    if (from.day > utility_today(c).day)
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "user.forget_early", { "name", u->full_name },
                                           { "date", locale_date_words(&c->mem, c->locale, from) }));
    return l;
}

static const Form forget_form = { .name = "user_forget", .fields = FIELDS {
    { "reason", TEXT(3, 500), .flags = REQUIRED }, { 0 } } };

void user_forget_page(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    if (!r->again) forget_check(r, u);
    form_show(r, "confirm", &forget_form, text(r, "/users/%s/anonymization", u->public_id));
    show_text(r, "page.title", msg_format(c, c->language, "user.forget_title", { "name", u->full_name }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "user.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/users"));
    show_text(r, "page.crumbs.1.text", u->full_name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/users/%s", u->public_id));
    show_text(r, "confirm.text.0", msg(c->language, "user.forget_how"));
    show_text(r, "confirm.submit", msg_format(c, c->language, "user.forget_it", { "name", u->full_name }));
    show_text(r, "confirm.undo", msg(c->language, "user.forget_undo"));
    show_text(r, "confirm.back_url", link_path(r, "/users/%s", u->public_id));
    page(r, "layout/confirm");
}

/* What others keep of the person by name: invitations, sign-ins, sessions, values in the log of changes. */
static void forget_traces(Ctx *c, Id user, const char *email, const char *name, const char *address) {
    db_run(c, "update invitation set email = ?, full_name = ?, phone = null where user_id = ? or email = ?", address,
           name, user, email);
    db_run(c, "update login_attempt set email = ?, ip = null, user_agent = null where realm = 'staff' "
              "and (user_id = ? or email = ?)", address, user, email);
    db_run(c, "update session set ip = null, user_agent = null where realm = 'staff' and subject_id = ?", user);
    db_run(c, "delete from password_token where realm = 'staff' and user_id = ?", user);
    db_run(c, "delete from mfa_factor where realm = 'staff' and user_id = ?", user);
    recovery_forget(c, REALM_STAFF, user);
    device_forget(c, REALM_STAFF, user, (Id){ 0 });
    db_run(c, "update audit_value v join audit_entry e on e.id = v.audit_id set v.before_value = null, "
              "v.after_value = null, v.blanked_at = ? where e.entity = 'user' and e.entity_id = ?", c->now, user);
}

/* The row stays, for what the person did names it; who it was does not. */
void user_forget(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Input *in = form_read(r, &forget_form);
    Left *l = forget_check(r, u);
    problems_end(r);
    const char *name = msg_format(c, c->language, "user.forgotten", { "no", text(c, "%lld", (long long)u->id.id) }),
        *address = text(c, "former-%lld@invalid", (long long)u->id.id);
    db_must(c, 1, CONFLICT, "update user set email = ?, full_name = ?, phone = null, password_hash = null, "
                            "password_history = null, job_title = null, employee_no = null, manager_user_id = null, "
                            "avatar_document_id = null, deactivation_reason = null, anonymized_at = ? where id = ? "
                            "and status = 'inactive' and anonymized_at is null", address, name, c->now, u->id);
    forget_traces(c, u->id, u->email, name, address);
    if (l->avatar_document_id.id) document_erase(c, l->avatar_document_id);
    user_touched(c, u->id, &(UserChange){ .action = "anonymize", .reason = in_text(in, "reason") });
    note(r, "%s", msg_format(c, c->language, "user.was_forgotten", { "name", name }));
    go(r, "/users/%s", u->public_id);
}

/* --- password and second factor ----------------------------------------------------------------------------------- */

void user_reset_password(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Person *p = person_by_id(c, u->id);
    if (strcmp(u->status, "active"))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "user.not_active", { "name", u->full_name }));
    const char *token = password_token_new(c, p->id, "reset", RESET_MINUTES, NULL);
    const char *pairs[] = { "email", p->email, "minutes", text(c, "%d", RESET_MINUTES), "link",
                            public_url(c, text(c, "/password/reset?token=%s", token), false), NULL };
    person_mail(r, p, "password_reset", pairs);
    audit_note(c, "password_link", "user", u->id, u->email, NULL);
    note(r, "%s", msg_format(c, c->language, "user.link_sent", { "email", u->email }));
    go(r, "/users/%s", u->public_id);
}

/* Lost phone: the factor and its codes are forgotten, sessions end; a role that demands one sets it up anew. */
void user_reset_factor(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    db_must(c, 1, CONFLICT, "delete from mfa_factor where realm = 'staff' and user_id = ? and kind = 'totp'", u->id);
    recovery_forget(c, REALM_STAFF, u->id);
    device_forget(c, REALM_STAFF, u->id, (Id){ 0 });
    session_end_all(c, REALM_STAFF, u->id, c->session, "revoked");
    user_touched(c, u->id, &(UserChange){ .action = "mfa_reset" });
    Person *p = person_by_id(c, u->id);
    const char *pairs[] = { "email", p->email, "at", locale_time_words(&c->mem, c->locale, c->now), NULL };
    person_mail(r, p, "mfa_changed", pairs);
    note(r, "%s", msg_format(c, c->language, "user.factor_gone", { "name", u->full_name }));
    go(r, "/users/%s", u->public_id);
}

/* --- another utility ---------------------------------------------------------------------------------------------- */

static const Form transfer_form = { .name = "user_transfer", .fields = FIELDS {
    { "role", TEXT(0, 60), .flags = REQUIRED },
    { "keep", BOOL },
    { "reason", TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

/* Roles of the utilities where this administrator may edit people too: "<utility>~<role>". */
static Twos roles_elsewhere(Ctx *c) {
    return db_all(c, Two, "select concat(u.code, '~', ro.code) as value, concat(u.name, ': ', ro.name) as label "
                          "from utility u join role ro on ro.utility_id = u.id and ro.active = 1 "
                          "and ro.code <> 'consumer' where u.id <> ? and u.status <> 'closed' and exists (select 1 "
                          "from user_role ur join role mine on mine.id = ur.role_id and mine.active = 1 "
                          "join role_permission rp on rp.role_id = mine.id "
                          "join permission p on p.id = rp.permission_id "
                          "and p.`key` = 'core.users:edit' where ur.user_id = ? and (ur.utility_id = u.id "
                          "or ur.utility_id is null)) order by u.name, ro.name limit 500", c->utility, c->user);
}

void user_transfer_page(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Twos all = roles_elsewhere(c);
    show_text(r, "page.title", msg_format(c, c->language, "user.transfer_title", { "name", u->full_name }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "user.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/users"));
    show_text(r, "page.crumbs.1.text", u->full_name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/users/%s", u->public_id));
    FormView *v = form_show(r, "form", &transfer_form, text(r, "/users/%s/transfer", u->public_id));
    proof_notice(r);
    form_set(v, "role", "blank", msg(c->language, "ui.choose"));
    two_options(v, "role", &all);
    show_text(r, "form.intro", msg(c->language, all.n ? "user.transfer_how" : "user.transfer_none"));
    show_text(r, "form.cancel_url", link_path(r, "/users/%s", u->public_id));
    page(r, "layout/form");
}

#define THERE(F, T) F(T, Id, role_id) F(T, Id, utility_id) F(T, const char *, name)
ROW(There, THERE)

void user_transfer(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Input *in = form_read(r, &transfer_form);
    const char *which = in_text(in, "role");
    Twos all = roles_elsewhere(c);
    bool offered = false;
    for (size_t i = 0; which && i < all.n; i++) offered |= !strcmp(all.v[i].value, which);
    if (which && !offered) problem(r, "role", "%s", msg(c->language, "user.other_utility"));
    if (u->id.id == c->user.id) problem(r, NULL, "%s", msg(c->language, "user.transfer_yourself"));
    problems_end(r);
    proof_check(c);
    There *to = db_one(c, There, "select ro.id as role_id, u.id as utility_id, u.name from role ro "
                                 "join utility u on u.id = ro.utility_id where concat(u.code, '~', ro.code) = ?",
                       which);
    grant_check(c, (RightSet){ 0 }, role_rights(c, to->role_id));
    db_add(c, "insert into user_role (user_id, role_id, utility_id, valid_from, created_at, created_by) "
              "values (?,?,?,?,?,?)", u->id, to->role_id, to->utility_id, role_begin(c), c->now, c->user);
    bool leaves = !in_bool(in, "keep");
    if (leaves) {
        hand_on(c, u->id, (Id){ 0 });
        db_run(c, "delete from user_role where user_id = ? and utility_id = ?", u->id, c->utility);
        db_run(c, "update user set department_id = null where id = ?", u->id);
        session_end_all(c, REALM_STAFF, u->id, c->session, "revoked");
    }
    user_changed(r, u->id, &(UserChange){ .action = "transfer", .reason = in_text(in, "reason"),
                                          .after = json_pairs(c, "to", which, "roles_here", leaves ? "no" : "yes",
                                                              NULL) });
    note(r, "%s", msg_format(c, c->language, "user.transferred", { "name", u->full_name }, { "utility", to->name }));
    go(r, leaves ? "/users" : "/users/%s", u->public_id);
}
