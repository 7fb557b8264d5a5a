/*
 * Sessions and activity of a person, as an administrator sees them and as everybody sees the own (AU01US03). Sessions
 * are named by a part of their token's hash, which tells nothing about the token.
 */
#include <string.h>

#include "app/core/pages.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { ACTIVITY_SHOWN = 100 };

#define NAME_OF(hash) "lower(left(hex(" hash "), 22))"

#define OPEN(F, T) F(T, const char *, name) F(T, const char *, user_agent) F(T, const char *, ip) \
    F(T, Time, created_at) F(T, Time, last_seen_at)
ROW(Open, OPEN)

static Opens open_sessions(Ctx *c, Id user) {
    int64_t idle = db_int(c, "select idle_minutes from security_policy where one = 1");
    Time alive = time_add_seconds(c->now, -(idle ? idle : 30) * 60);
    return db_all(c, Open, "select " NAME_OF("token_hash") " as name, user_agent, inet6_ntoa(ip) as ip, created_at, "
                           "last_seen_at from session where realm = 'staff' and subject_id = ? and ended_at is null "
                           "and expires_at > ? and last_seen_at > ? order by last_seen_at desc, id desc limit 50",
                  user, c->now, alive);
}

static const Form end_form = { .name = "user_sessions", .fields = FIELDS {
    { "session", TEXT(0, 30), .flags = REQUIRED },
    { "reason", TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

static const char *when(Req *r, Time t) { return locale_time_words(&r->c.mem, r->c.locale, t); }

void user_sessions(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_here(r);
    user_head(r, u, "sessions");
    Opens all = open_sessions(c, u->id);
    show_text(r, "show.sections.0.title", msg(c->language, "account.open_sessions"));
    TableView *t = table_start(r, "show.sections.0.table", msg(c->language, "account.open_sessions"));
    table_column(t, msg(c->language, "account.device"), "text", "id");
    table_column(t, msg(c->language, "account.address"), "code", NULL);
    table_column(t, msg(c->language, "account.began"), "date", NULL);
    table_column(t, msg(c->language, "account.last_seen"), "date", NULL);
    for (size_t i = 0; i < all.n; i++) {
        table_row(t, NULL);
        table_cell(t, device_name(&c->mem, all.v[i].user_agent));
        table_cell(t, all.v[i].ip);
        table_cell(t, when(r, all.v[i].created_at));
        table_cell(t, when(r, all.v[i].last_seen_at));
    }
    table_empty(t, msg(c->language, "user.no_sessions"), msg(c->language, "user.no_sessions_how"));
    if (all.n && user_may_change(c, u->id)) {
        FormView *v = form_show(r, "show.sections.1.form", &end_form, text(r, "/users/%s/sessions", u->public_id));
        show_text(r, "show.sections.1.title", msg(c->language, "user.end_sessions"));
        form_set(v, "session", "kind", "select");
        form_option(v, "session", "all", msg(c->language, "user.all_sessions"));
        for (size_t i = 0; i < all.n; i++)
            form_option(v, "session", all.v[i].name,
                text(c, "%s, %s", device_name(&c->mem, all.v[i].user_agent), when(r, all.v[i].created_at)));
    }
    page(r, "layout/show");
}

void user_sessions_end(Req *r) {
    Ctx *c = &r->c;
    UserRow *u = user_to_change(r);
    Input *in = form_read(r, &end_form);
    problems_end(r);
    const char *which = in_text(in, "session");
    int64_t n = strcmp(which, "all")
        ? db_run(c, "update session set ended_at = ?, end_reason = 'revoked' where realm = 'staff' and subject_id = ? "
                    "and ended_at is null and " NAME_OF("token_hash") " = ?", c->now, u->id, which)
        : session_end_all(c, REALM_STAFF, u->id, (Id){ 0 }, "revoked");
    if (!n) fail_field(c, CONFLICT, "session", "%s", msg(c->language, "user.session_over"));
    audit_note(c, "sessions_ended", "user", u->id, u->email, in_text(in, "reason"));
    event_emit(c, &(Event){ .name = "session.revoked", .entity = "user", .id = u->id, .number = u->email,
                            .payload = json_pairs(c, "user_id", text(c, "%lld", (long long)u->id.id), NULL) });
    note(r, "%s", msg_plural(c, c->language, "user.sessions_ended", n, NULL, { "name", u->full_name }));
    go(r, "/users/%s/sessions", u->public_id);
}

/* --- sign-ins and events of security ------------------------------------------------------------------------------ */

#define DONE(F, T) F(T, Time, at) F(T, const char *, what) F(T, bool, is_try) F(T, const char *, user_agent) \
    F(T, const char *, ip) F(T, const char *, by_name)
ROW(Done, DONE)

void activity_table(Req *r, const char *at_, Id user, const char *email) {
    Ctx *c = &r->c;
    Dones all = db_all(c, Done, "select t.at, t.what, t.is_try, t.user_agent, t.ip, t.by_name from ("
                                "(select at, result as what, 1 as is_try, user_agent, inet6_ntoa(ip) as ip, "
                                "null as by_name from login_attempt where realm = 'staff' and email = ? "
                                "order by id desc limit 100) union all "
                                "(select at, action, 0, null, inet6_ntoa(ip), actor_name from audit_entry "
                                "where entity = 'user' and entity_id = ? and action not in ('sign_in', 'sign_out', "
                                "'edit', 'view') order by id desc limit 100)) t order by t.at desc limit 100", email,
                       user);
    show_text(r, text(r, "%s.title", at_), msg(c->language, "account.sign_ins"));
    TableView *t = table_start(r, text(r, "%s.table", at_), msg(c->language, "account.sign_ins"));
    table_column(t, msg(c->language, "account.when"), "date", "id");
    table_column(t, msg(c->language, "account.result"), "text", "status");
    table_column(t, msg(c->language, "account.device"), "text", NULL);
    table_column(t, msg(c->language, "account.address"), "code", NULL);
    for (size_t i = 0; i < all.n; i++) {
        const Done *d = &all.v[i];
        const char *key = text(c, "action.%s", d->what);
        table_row(t, NULL);
        table_cell(t, when(r, d->at));
        if (d->is_try) table_state(t, d->what);
        else table_cell(t, msg_exists(key) ? msg(c->language, key) : d->what);
        table_cell(t, d->is_try ? device_name(&c->mem, d->user_agent) : d->by_name);
        table_cell(t, d->ip);
    }
    table_empty(t, msg(c->language, "account.no_sign_ins"), "");
}

void user_activity(Req *r) {
    UserRow *u = user_here(r);
    user_head(r, u, "activity");
    activity_table(r, "show.sections.0", u->id, email_lower(&r->c.mem, u->email));
    page(r, "layout/show");
}
