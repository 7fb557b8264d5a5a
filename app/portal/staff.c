/*
 * What staff do for portal users (/cis/portal: CSS01US01 "Staff", CIS01US15 tabs Users and Access requests): look,
 * unlock, end sessions, disable, send a reset link, see the portal as the consumer (read only, with a reason), and
 * decide who gets access. Staff never set or see a password.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/sign_in.h"
#include "app/portal/pages.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

const PageTab portal_tabs[] = {
    { "portal", "portal.staff.users",    "/cis/portal",          "portal.users", NULL },
    { "portal", "portal.staff.requests", "/cis/portal/requests", "portal.users", NULL },
    { "portal", "portal.staff.announcements", "/cis/portal/announcements", "portal.content", NULL },
    { 0 }
};

static const Choice user_states[] = {
    { "pending", NULL }, { "active", NULL }, { "disabled", NULL }, { "closed", NULL }, { 0 }
};

static const ListSpec users = {
    .name = "portal_users",
    .path = "/cis/portal",
    .feature = "portal.users", .is_personal = true,
    .id = "u.id",
    .from = "portal_user u left join consumer n on n.id = u.consumer_id",
    .where = "u.utility_id = ?",
    .columns =
        COLUMNS{
            { "email", NULL, "u.email", LIST | SORT | SEARCH, .link = "/cis/portal/users/{public_id}" },
            { "public_id", NULL, "u.public_id", 0 },
            { "mobile", NULL, "u.mobile", LIST | SEARCH_START },
            { "consumer_name", NULL, "n.display_name", LIST, .place = "name" },
            { "accounts", NULL,
              "(select group_concat(a.account_no order by a.account_no separator ', ') from portal_account_link l "
              "join account a on a.id = l.account_id where l.portal_user_id = u.id and l.ended_at is null)",
              LIST },
            { "last_signin_at", NULL, "u.last_signin_at", LIST | SORT },
            { "status", NULL, "if(u.locked_until > utc_timestamp(6) and u.status = 'active', 'locked', u.status)",
              LIST },
            { "state", NULL, "u.status", FILTER, .choices = user_states },
            { 0 } },
    .order = "email"
};

void staff_users_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "portal.staff.title"));
    page_tabs(r, "portal", "/cis/portal");
    list_show(r, &users, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- one user ----------------------------------------------------------------------------------------------------- */

static PortalUser *user_of_path(Req *r) {
    Ctx *c = &r->c;
    Id id = db_id(c, "select id from portal_user where public_id = ? and utility_id = ?", path_text(r, "id"),
                  c->utility);
    PortalUser *u = id.id ? portal_user_by_id(c, id) : NULL;
    if (!u) fail(c, NOT_FOUND, "There is no such portal user.");
    return u;
}

static void show_button(Req *r, size_t i, const PortalUser *u, const char *what) {
    const char *base = at(r, "show.moves", i, NULL);
    show_text(r, text(r, "%s.text", base), msg(r->c.language, text(r, "portal.staff.%s", what)));
    show_text(r, text(r, "%s.url", base), link_path(r, "/cis/portal/users/%s/%s", u->public_id, what));
}

void staff_user_page(Req *r) {
    Ctx *c = &r->c;
    PortalUser *u = user_of_path(r);
    Time locked = { db_int(
        c, "select coalesce(timestampdiff(microsecond, '1970-01-01', locked_until), 0) from portal_user where id = ?",
        u->id) };
    const char *state = locked.us > c->now.us && !strcmp(u->status, "active") ? "locked" : u->status;
    show_text(r, "show.status.tone", state_tone(r, state));
    show_text(r, "show.status.text", state_label(r, state));
    show_fact(r, "show.facts", msg(c->language, "portal.staff.email"), u->email, NULL);
    show_fact(r, "show.facts", msg(c->language, "portal.staff.mobile"), u->mobile ? u->mobile : "\xE2\x80\x93", NULL);
    show_fact(r, "show.facts", msg(c->language, "portal.two_step.title"),
              msg(c->language, text(r, "portal.two_step.%s", u->mfa)), NULL);
    size_t n = 0;
    if (perm_may(c, "portal.users", EDIT)) {
        show_button(r, n++, u, "reset");
        show_button(r, n++, u, "sessions");
        if (locked.us > c->now.us) show_button(r, n++, u, "unlock");
        show_button(r, n++, u, strcmp(u->status, "disabled") ? "disable" : "enable");
    }
    if (perm_may(c, "portal.users", APPROVE) && !strcmp(u->status, "active")) show_button(r, n++, u, "view");
    TableView *t = table_start(r, "show.sections.0.table", msg(c->language, "portal.staff.linked"));
    show_text(r, "show.sections.0.title", msg(c->language, "portal.staff.linked"));
    table_column(t, msg(c->language, "portal.account"), "code", "id");
    table_column(t, msg(c->language, "portal.staff.access"), "text", NULL);
    table_column(t, msg(c->language, "portal.staff.since"), "date", NULL);
    table_rows_of(
        t, "/cis/accounts/",
        "select a.account_no, concat(l.access, ', ', l.relation) as access, l.linked_at from portal_account_link l "
        "join account a on a.id = l.account_id where l.portal_user_id = ? and l.ended_at is null order by a.account_no",
        u->id);
    table_empty(t, msg(c->language, "portal.staff.none"), msg(c->language, "portal.staff.no_link"));
    TableView *h = table_start(r, "show.sections.1.table", msg(c->language, "portal.staff.sign_ins"));
    show_text(r, "show.sections.1.title", msg(c->language, "portal.security.tries"));
    table_column(h, msg(c->language, "portal.security.when"), "date", "id");
    table_column(h, msg(c->language, "portal.staff.from"), "text", NULL);
    table_column(h, msg(c->language, "portal.security.result"), "status", "status");
    table_rows_of(
        h, NULL,
        "select at as tried_at, if(result = 'viewed', user_agent, inet6_ntoa(ip)) as place, result as state from "
        "login_attempt where realm = 'portal' and user_id = ? and at > ? order by id desc limit 50",
        u->id, time_add_seconds(c->now, -90 * 86400));
    table_empty(h, msg(c->language, "portal.staff.none"), msg(c->language, "portal.staff.no_sign_in"));
    show_text(r, "page.title", u->email);
    show_text(r, "page.crumbs.0.text", msg(c->language, "portal.staff.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/portal"));
    show_text(r, "page.crumbs.1.text", u->email);
    page(r, "layout/show");
}

/* --- acts, each with a reason ------------------------------------------------------------------------------------- */

static const Form reason_form = { .name = "portal.staff_act",
                                  .fields = FIELDS{ { "reason", NULL, TEXT(3, 300), .flags = REQUIRED },
                                                    { 0 } } };

static const char *const acts[] = { "reset", "sessions", "unlock", "disable", "enable", "view", NULL };

static const char *act_of_path(Req *r) {
    const char *act = path_text(r, "act");
    for (int i = 0; acts[i]; i++)
        if (!strcmp(acts[i], act)) {
            perm_check(&r->c, "portal.users", strcmp(act, "view") ? EDIT : APPROVE);
            return acts[i];
        }
    fail(r, NOT_FOUND, "There is no such page.");
}

void staff_act_page(Req *r) {
    Ctx *c = &r->c;
    PortalUser *u = user_of_path(r);
    const char *act = act_of_path(r);
    form_show(r, "form", &reason_form, text(r, "/cis/portal/users/%s/%s", u->public_id, act));
    show_text(r, "form.intro", msg_format(c, c->language, text(r, "portal.staff.%s_what", act), { "user", u->email }));
    show_text(r, "form.submit", msg(c->language, text(r, "portal.staff.%s", act)));
    show_text(r, "form.cancel_url", link_path(r, "/cis/portal/users/%s", u->public_id));
    show_text(r, "page.title", msg(c->language, text(r, "portal.staff.%s", act)));
    show_text(r, "page.sub", u->email);
    page(r, "layout/form");
}

static void audit_act(Ctx *c, const PortalUser *u, const char *action, const char *status, const char *reason) {
    audit_write(c, &(Audit){ .action = action,
                             .entity = "portal_user",
                             .id = u->id,
                             .number = u->email,
                             .version = u->row_version + 1,
                             .before = json_pairs(c, "status", u->status, NULL),
                             .after = json_pairs(c, "status", status, NULL),
                             .reason = reason });
}

void portal_user_admin(Ctx *c, Id portal_user, const char *action, const char *reason) {
    PortalUser *u = portal_user_by_id(c, portal_user);
    if (!u) fail(c, NOT_FOUND, "There is no such portal user.");
    if (!strcmp(action, "sessions")) {
        session_end_all(c, REALM_PORTAL, u->id, (Id){ 0 }, "revoked");
        audit_note(c, "sessions_ended", "portal_user", u->id, u->email, reason);
    } else if (!strcmp(action, "unlock")) {
        db_run(c, "update portal_user set failed_count = 0, locked_until = null where id = ?", u->id);
        attempt_told(c, REALM_PORTAL, u->email, u->id, "unlocked", "staff");
        audit_note(c, "unlock", "portal_user", u->id, u->email, reason);
    } else if (!strcmp(action, "disable")) {
        db_must(
            c, 1, CONFLICT,
            "update portal_user set status = 'disabled', disabled_reason = ?, row_version = row_version + 1 where "
            "id = ? and status = 'active'",
            reason, u->id);
        session_end_all(c, REALM_PORTAL, u->id, (Id){ 0 }, "deactivated");
        audit_act(c, u, "disable", "disabled", reason);
    } else if (!strcmp(action, "enable")) {
        db_must(
            c, 1, CONFLICT,
            "update portal_user set status = 'active', disabled_reason = null, row_version = row_version + 1 where "
            "id = ? and status = 'disabled'",
            u->id);
        audit_act(c, u, "enable", "active", reason);
    } else {
        fail(c, BROKEN, "portal_user_admin: no action %s", action);
    }
}

/* The consumer sees in the own history who looked, and why; nothing can be changed with such a session. */
static void view_as(Req *r, PortalUser *u, const char *reason) {
    Ctx *c = &r->c;
    audit_note(c, "view_as", "portal_user", u->id, u->email, reason);
    attempt_told(c, REALM_PORTAL, u->email, u->id, "viewed",
                 utf8_cut(&c->mem, text(c, "%s: %s", c->user_name, reason), 400));
    session_view_as(r, u->id, c->user);
    go_to(r, text(r, "/p/%s/home", c->utility_code));
}

void staff_act_post(Req *r) {
    Ctx *c = &r->c;
    PortalUser *u = user_of_path(r);
    const char *act = act_of_path(r);
    Input *in = form_read(r, &reason_form);
    problems_end(r);
    const char *reason = in_text(in, "reason");
    if (!strcmp(act, "view")) {
        if (strcmp(u->status, "active")) fail(c, CONFLICT, "%s", msg(c->language, "portal.staff.not_active"));
        view_as(r, u, reason);
        return;
    }
    if (!strcmp(act, "reset")) {
        portal_send_reset(r, u);
        audit_note(c, "reset_sent", "portal_user", u->id, u->email, reason);
    } else {
        portal_user_admin(c, u->id, act, reason);
    }
    note(r, "%s", msg(c->language, text(r, "portal.staff.%s_done", act)));
    go(r, "/cis/portal/users/%s", u->public_id);
}

/* --- access requests ---------------------------------------------------------------------------------------------- */

static const Choice ask_states[] = { { "pending_approval", NULL }, { "completed", NULL }, { "rejected", NULL }, { 0 } };

static const ListSpec asks = {
    .name = "access_requests",
    .path = "/cis/portal/requests",
    .feature = "portal.users",
    .id = "q.id",
    .from =
        "service_request q join service_type t on t.id = q.service_type_id left join account a on a.id = q.account_id",
    .where = "q.utility_id = ? and t.code = 'PT-ACCS-001'",
    .columns = COLUMNS{ { "request_no", NULL, "q.request_no", LIST | SORT | SEARCH_START,
                          .link = "/cis/portal/requests/{request_no}" },
                        { "created_at", NULL, "q.created_at", LIST | SORT },
                        { "name", NULL, "q.contact_name", LIST, .place = "name" },
                        { "account_no", NULL, "coalesce(a.account_no, json_value(q.answers, '$.account_no'))",
                          LIST | SEARCH_START },
                        { "relation", NULL, "json_value(q.answers, '$.relation')", LIST },
                        { "status", NULL, "q.status", LIST | FILTER, .choices = ask_states },
                        { 0 } },
    .order = "-created_at"
};

void staff_asks_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "portal.staff.title"));
    page_tabs(r, "portal", "/cis/portal/requests");
    list_show(r, &asks, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define ASK(F, T)                                                                                                      \
    F(T, Id, id)                                                                                                       \
    F(T, Id, account_id) F(T, const char *, account_no) F(T, const char *, holder) F(T, const char *, contact_name)    \
        F(T, const char *, email) F(T, const char *, relation) F(T, const char *, instructions)                        \
            F(T, const char *, status) F(T, const char *, reject_reason) F(T, Time, created_at)
ROW(Ask, ASK)

static Ask *ask_of_path(Req *r) {
    Ctx *c = &r->c;
    Ask *a = db_find(
        c, Ask,
        "select q.id, q.account_id, coalesce(a.account_no, json_value(q.answers, '$.account_no')) as account_no, "
        "n.display_name as holder, q.contact_name, json_value(q.answers, '$.email') as email, "
        "json_value(q.answers, '$.relation') as relation, q.instructions, q.status, q.reject_reason, q.created_at "
        "from service_request q join service_type t on t.id = q.service_type_id "
        "left join account a on a.id = q.account_id left join consumer n on n.id = a.consumer_id where q.utility_id "
        "= ? and q.request_no = ? and t.code = 'PT-ACCS-001'",
        c->utility, path_text(r, "no"));
    if (!a) fail(c, NOT_FOUND, "There is no such request.");
    return a;
}

static const Choice accesses[] = {
    { "owner", "portal.access.owner" },
    { "manager", "portal.access.manager" },
    { "payer", "portal.access.payer" },
    { "viewer", "portal.access.viewer" }, { 0 }
};

static const Form decide_form = { .name = "portal.decide", .fields = FIELDS {
    { "access", NULL, CHOICE(accesses), .flags = REQUIRED, .initial = "viewer" },
    { "reason", NULL, TEXT(0, 300) },
    { "decision", NULL, HIDDEN(10) }, { 0 } } };

void staff_ask_page(Req *r) {
    Ctx *c = &r->c;
    Ask *a = ask_of_path(r);
    const char *no = path_text(r, "no");
    show_text(r, "show.status.tone", state_tone(r, a->status));
    show_text(r, "show.status.text", state_label(r, a->status));
    show_fact(r, "show.facts", msg(c->language, "portal.staff.from"), a->contact_name, a->email);
    show_fact(r, "show.facts", msg(c->language, "portal.account"), a->account_no, a->account_id.id
              ? a->holder : msg(c->language, "portal.staff.unknown"));
    show_fact(r, "show.facts", msg(c->language, "portal.staff.relation"), a->relation, NULL);
    show_fact(r, "show.facts", msg(c->language, "portal.staff.received"),
              locale_time_words(&c->mem, c->locale, a->created_at), NULL);
    show_text(r, "show.sections.0.title", msg(c->language, "portal.staff.says"));
    show_text(r, "show.sections.0.kind", "text");
    show_text(r, "show.sections.0.text.0", a->instructions ? a->instructions
              : msg(c->language, "portal.staff.nothing"));
    if (a->reject_reason)
        show_text(r, "show.sections.0.text.1", msg_format(c, c->language, "portal.staff.rejected_why",
        { "reason", a->reject_reason }));
    show_text(r, "show.sections.1.title", msg(c->language, "portal.ask.files"));
    show_rows(
        r, "show.sections.1.links",
        "select file_name as text, mime as sub, concat('/u/', ?, '/cis/portal/requests/', ?, '/files/', public_id) "
        "as url from document where utility_id = ? and entity = 'service_request' and entity_id = ? order by id",
        c->utility_code, no, c->utility, a->id);
    if (!strcmp(a->status, "pending_approval") && perm_may(c, "portal.users", APPROVE)) {
        FormView *v = form_show(r, "show.sections.2.form", &decide_form, text(r, "/cis/portal/requests/%s", no));
        form_set(v, "decision", "kind", "hidden");
        show_text(r, "show.sections.2.title", msg(c->language, "portal.staff.decision"));
        show_text(r, "show.sections.2.kind", "form");
        show_text(r, "show.sections.2.form.submit", msg(c->language, "portal.staff.approve"));
        show_text(r, "show.sections.2.form.submits.0.text", msg(c->language, "portal.staff.reject"));
        show_text(r, "show.sections.2.form.submits.0.name", "decision");
        show_text(r, "show.sections.2.form.submits.0.value", "reject");
    }
    show_text(r, "page.title", msg_format(c, c->language, "portal.staff.request", { "no", no }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "portal.staff.requests"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/portal/requests"));
    show_text(r, "page.crumbs.1.text", no);
    page(r, "layout/show");
}

void staff_ask_file(Req *r) {
    Ctx *c = &r->c;
    Ask *a = ask_of_path(r);
    Id file = db_id(
        c,
        "select id from document where public_id = ? and utility_id = ? and entity = 'service_request' and "
        "entity_id = ?",
        path_text(r, "file"), c->utility, a->id);
    if (!file.id) fail(c, NOT_FOUND, "There is no such file.");
    const Document *d = document_open(c, file);
    audit_note(c, "view", "document", file, d->file_name, path_text(r, "no"));
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}

static void tell_holder(Ctx *c, const Ask *a, const char *access) {
    NotifyField fields[] = { { "account_no", a->account_no },
                             { "email", a->email },
                             { "access", msg(c->language, text(c, "portal.access.%s", access)) },
                             { 0 } };
    notify(c, "portal_access_given", &(Recipient){ .account = a->account_id }, fields,
           &(NotifyOptions){ .channels = "email,inapp" });
}

/* Approving invites to the account by a link of 72 hours, and its holder is told. */
void staff_ask_post(Req *r) {
    Ctx *c = &r->c;
    Ask *a = ask_of_path(r);
    Input *in = form_read(r, &decide_form);
    problems_end(r);
    const char *decision = in_text(in, "decision");
    bool approve = !decision || strcmp(decision, "reject");
    if (approve && !a->account_id.id) fail(c, CONFLICT, "%s", msg(c->language, "portal.staff.no_account"));
    if (!approve && (!in_given(in, "reason") || strlen(in_text(in, "reason")) < 3))
        fail_field(c, INVALID, "reason", "%s", msg(c->language, "portal.staff.reason"));
    service_request_decide(c, a->id, approve, in_text(in, "reason"));
    if (approve) {
        portal_invite(c, a->account_id, &(PortalGuest){ a->email, in_text(in, "access"), a->relation });
        tell_holder(c, a, in_text(in, "access"));
    } else {
        NotifyField fields[] = { { "request.no", path_text(r, "no") }, { "reason", in_text(in, "reason") }, { 0 } };
        notify(c, "portal_access_refused", &(Recipient){ .email = a->email }, fields,
               &(NotifyOptions){ .channels = "email" });
    }
    note(r, "%s", msg(c->language, approve ? "portal.staff.approved" : "portal.staff.rejected"));
    go(r, "/cis/portal/requests/%s", path_text(r, "no"));
}
