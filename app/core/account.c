/*
 * One's own account (spec/README section 3 `/account`; ONB-LOGIN): what the screen looks like, password, second factor
 * and trusted devices, open sessions, sign-ins. Nobody else's is reached from here; sessions and devices are named by a
 * part of their token's hash, which tells nothing about the token.
 */
#include <string.h>

#include "app/core/hashing.h"
#include "app/core/pages.h"
#include "app/core/sign_in.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { ACTIVITY_SHOWN = 100 };

/* --- head of the four pages --------------------------------------------------------------------------------------- */

static const struct { const char *word, *path; } tabs[] = { { "profile", "/account" },
    { "security", "/account/security" },
                                                            { "sessions", "/account/sessions" },
                                                            { "activity", "/account/activity" } };

static Person *show_head(Req *r, const char *here) {
    Ctx *c = &r->c;
    Person *p = person_by_id(c, c->user);
    if (!p) fail(r, NOT_FOUND, "There is no such user.");
    show_text(r, "page.title", msg(c->language, "account.title"));
    show_text(r, "page.sub", p->email);
    for (size_t i = 0; i < sizeof tabs / sizeof *tabs; i++) {
        show_text(r, at(r, "page.tabs", i, "text"), msg(c->language, text(r, "account.%s", tabs[i].word)));
        show_text(r, at(r, "page.tabs", i, "url"), tabs[i].path);
        if (!strcmp(here, tabs[i].word)) show_text(r, at(r, "page.tabs", i, "current"), "1");
    }
    return p;
}

/* --- profile: what the screen looks like -------------------------------------------------------------------------- */

static const Choice themes[] = { { "system", "As the device has it" }, { "light", "Light" }, { "dark", "Dark" },
                                 { 0 } };

static const Form profile_form = { .name = "account", .fields = FIELDS {
    { "full_name", "Name",     TEXT(2, 120), .flags = REQUIRED, .autocomplete = "name" },
    { "language",  "Language", TEXT(0, 10) },
    { "theme",     "Colours",  CHOICE(themes), .flags = REQUIRED },
    { "keys",      "Keys of one letter", BOOL },
    { 0 } } };

#define PROFILE(F, T) \
    F(T, const char *, full_name) F(T, const char *, locale) F(T, const char *, theme) F(T, bool, keys_off) \
        F(T, int64_t, row_version)
ROW(Profile, PROFILE)

static Profile *profile_of(Ctx *c, bool lock) {
    if (lock)
        return db_one(c, Profile, "select full_name, locale, theme, keys_off, row_version "
                                  "from user where id = ? for update", c->user);
    return db_one(c, Profile, "select full_name, locale, theme, keys_off, row_version from user where id = ?", c->user);
}

/* Languages name themselves. */
static void language_options(Req *r, FormView *v) {
    form_set(v, "language", "kind", "select");
    form_set(v, "language", "blank", msg(r->c.language, "account.usual_language"));
    for (const char *const *l = messages_languages(); *l; l++)
        form_option(v, "language", *l, msg(*l, "lib.language_name"));
}

void me_page(Req *r) {
    show_head(r, "profile");
    Profile *p = profile_of(&r->c, false);
    FormView *v = form_show(r, "form", &profile_form, "/account");
    language_options(r, v);
    form_text(v, "full_name", p->full_name);
    form_text(v, "language", p->locale);
    form_text(v, "theme", p->theme);
    form_bool(v, "keys", !p->keys_off);
    form_version(v, p->row_version);
    page(r, "layout/form");
}

static const char *profile_json(Ctx *c, const char *name, const char *language, const char *theme, bool keys) {
    return json_pairs(c, "full_name", name, "locale", language, "theme", theme, "keys", keys ? "yes" : "no", NULL);
}

void me_save(Req *r) {
    Ctx *c = &r->c;
    Profile *p = profile_of(c, true);
    Input *in = form_read(r, &profile_form);
    const char *name = in_text(in, "full_name"), *language = in_text(in, "language"), *theme = in_text(in, "theme");
    bool keys = in_bool(in, "keys");
    if (language && !messages_has_language(language))
        problem(r, "language", "%s", msg(c->language, "account.no_language"));
    problems_end(r);
    db_must(c, 1, CONFLICT,
            "update user set full_name = ?, locale = ?, theme = ?, keys_off = ?, updated_at = ?, updated_by = ?, "
            "row_version = row_version + 1 where id = ? and row_version = ?",
            name, language, theme, !keys, c->now, c->user, c->user, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "user", .id = c->user, .number = facts_of(c)->email,
                             .version = p->row_version + 1,
                             .before = profile_json(c, p->full_name, p->locale, p->theme, !p->keys_off),
                             .after = profile_json(c, name, language, theme, keys) });
    note(r, "%s", msg(language ? language : c->language, "ui.saved"));
    go_to(r, "/account");
}

/* --- security: password, second factor, trusted devices ----------------------------------------------------------- */

static const Form password_form = { .name = "account_password", .fields = FIELDS {
    { "current",  "Current password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "password", "New password",     PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
    { 0 } } };

/* The part of a token's hash by which a session or a device is named in an address. */
#define NAME_OF(hash) "lower(left(hex(" hash "), 22))"

static void fact(Req *r, const char *at_, const char *key, const char *words) {
    show_fact(r, at_, msg(r->c.language, key), words, NULL);
}

static const char *when(Req *r, Time t) {
    return time_is_set(t) ? locale_time_words(&r->c.mem, r->c.locale, t) : "\xE2\x80\x93";
}

#define FACTOR_ROW(F, T) F(T, Time, confirmed_at) F(T, Time, used_at)
ROW(FactorRow, FACTOR_ROW)

/* Set up at sign-in where a role demands it. */
static void show_factor(Req *r, const Person *p, const char *at_) {
    Ctx *c = &r->c;
    FactorRow *f = db_find(c, FactorRow, "select confirmed_at, used_at from mfa_factor where realm = 'staff' "
                                         "and user_id = ? and kind = 'totp' and confirmed_at is not null order by id "
                                         "limit 1", c->user);
    int64_t codes = db_int(c, "select count(*) from mfa_factor where realm = 'staff' and user_id = ? "
                              "and kind = 'recovery' and used_at is null", c->user);
    show_text(r, text(r, "%s.title", at_), msg(c->language, "account.factor"));
    const char *facts = text(r, "%s.facts", at_);
    fact(r, facts, "account.factor_state", msg(c->language, f ? "account.factor_on" : "account.factor_off"));
    fact(r, facts, "account.factor_role", msg(c->language, p->factor_required ? "ui.yes" : "ui.no"));
    if (f) {
        fact(r, facts, "account.factor_since", when(r, f->confirmed_at));
        fact(r, facts, "account.factor_used", when(r, f->used_at));
        fact(r, facts, "account.codes_left", locale_count(&c->mem, c->locale, codes));
    }
    show_text(r, text(r, "%s.after.text", at_), msg(c->language, f ? "account.factor_lost" : p->factor_required
                                                    ? "account.factor_next" : "account.factor_how"));
}

#define DEVICE(F, T) F(T, const char *, name) F(T, const char *, label) F(T, Time, created_at) \
    F(T, Time, last_used_at) F(T, Time, expires_at)
ROW(Device, DEVICE)

static void button(Req *r, const char *cell, const char *words, const char *url) {
    show_text(r, text(r, "%s.act.text", cell), words);
    show_text(r, text(r, "%s.act.url", cell), url);
    show_text(r, text(r, "%s.act.post", cell), "1");
    show_text(r, text(r, "%s.act.kind", cell), "quiet");
}

static void show_devices(Req *r, const char *at_) {
    Ctx *c = &r->c;
    Devices all = db_all(c, Device, "select " NAME_OF("token_hash") " as name, label, created_at, last_used_at, "
        "expires_at from trusted_device where realm = 'staff' and subject_id = ? "
        "and revoked_at is null and expires_at > ? order by created_at desc limit 50", c->user,
                         c->now);
    show_text(r, text(r, "%s.title", at_), msg(c->language, "account.devices"));
    TableView *t = table_start(r, text(r, "%s.table", at_), msg(c->language, "account.devices"));
    table_column(t, msg(c->language, "account.device"), "text", "id");
    table_column(t, msg(c->language, "account.trusted_since"), "date", NULL);
    table_column(t, msg(c->language, "account.trusted_until"), "date", NULL);
    table_column(t, msg(c->language, "account.change"), "act", NULL);
    for (size_t i = 0; i < all.n; i++) {
        table_row(t, NULL);
        table_cell(t, all.v[i].label);
        table_cell(t, when(r, all.v[i].created_at));
        table_cell(t, when(r, all.v[i].expires_at));
        table_cell(t, "");
        button(r, text(r, "%s.table.rows.%zu.cells.3", at_, i), msg(c->language, "account.forget"),
               text(r, "/account/devices/%s/removal", all.v[i].name));
    }
    table_empty(t, msg(c->language, "account.no_devices"), msg(c->language, "account.no_devices_how"));
    if (!all.n) show_text(r, text(r, "%s.table.empty.icon", at_), "shield");
}

void me_security(Req *r) {
    Ctx *c = &r->c;
    Person *p = show_head(r, "security");
    show_text(r, "show.sections.0.title", msg(c->language, "account.password"));
    form_show(r, "show.sections.0.form", &password_form, "/account/password");
    show_text(r, "show.sections.0.form.submit", msg(c->language, "account.change_password"));
    show_text(r, "show.sections.0.form.intro", msg_format(r, c->language, "account.password_since",
        { "time", when(r, p->password_changed_at) }));
    show_text(r, "show.sections.0.span", "half");
    show_factor(r, p, "show.sections.1");
    show_text(r, "show.sections.1.span", "half");
    show_devices(r, "show.sections.2");
    page(r, "layout/show");
}

typedef struct Change { Req *r; Person *person; const char *hash; Id session; int headers; } Change;

/* Others end, this session goes on under a new token. */
static void change_work(Ctx *c, void *arg) {
    Change *x = arg;
    x->r->headers = x->headers;
    c->session = x->session;
    password_store(x->r, x->person, x->hash, c->session);
    attempt_write(x->r, email_lower(&c->mem, x->person->email), x->person, "reset");
    password_tell(x->r, x->person);
    Facts *f = facts_of(c);
    session_start(x->r, &(NewSession){ .realm = REALM_STAFF, .subject = x->person->id, .utility = f->session_utility,
                                       .mfa = time_is_set(f->mfa_at) });
}

void me_password(Req *r) {
    Ctx *c = &r->c;
    Person *p = person_by_id(c, c->user);
    Input *in = form_read(r, &password_form);
    problems_end(r);
    const char *email = email_lower(&c->mem, p->email), *next = in_text(in, "password");
    attempt_check(r, email, p);
    hashing_enter(c);
    bool right = password_verify(p->password_hash, in_text(in, "current"));
    const char *refusal = right ? new_password_refusal(r, p, next) : NULL;
    const char *hash = right && !refusal ? password_hash(&c->mem, next) : NULL;
    hashing_leave(c);
    if (!right) {
        attempt_failed(r, email, p, "wrong_password");
        fail_field(c, INVALID, "current", "%s", msg(c->language, "account.wrong_password"));
    }
    if (refusal) fail_field(c, INVALID, "password", "%s", refusal);
    if (!hash) fail(c, DOWN, "no memory for a password hash");
    db_tx(c, DB_WRITE, change_work, &(Change){ r, p, hash, c->session, r->headers }, NULL);
    note(r, "%s", msg(c->language, "account.password_changed"));
    go_to(r, "/account/security");
}

void me_device_forget(Req *r) {
    Ctx *c = &r->c;
    if (db_run(c, "update trusted_device set revoked_at = ? where realm = 'staff' and subject_id = ? "
                  "and revoked_at is null and " NAME_OF("token_hash") " = ?", c->now, c->user, path_text(r, "id")) != 1)
        fail(r, NOT_FOUND, "There is no such device.");
    audit_note(c, "device_forgotten", "user", c->user, facts_of(c)->email, NULL);
    note(r, "%s", msg(c->language, "account.forgotten"));
    go_to(r, "/account/security");
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

#define OPEN_SESSION(F, T) \
    F(T, Id, id) F(T, const char *, name) F(T, const char *, user_agent) F(T, const char *, ip) F(T, Time, created_at) \
        F(T, Time, last_seen_at)
ROW(OpenSession, OPEN_SESSION)

static OpenSessions sessions_of(Ctx *c) {
    Time alive = time_add_seconds(c->now, -(int64_t)facts_of(c)->idle_minutes * 60);
    return db_all(c, OpenSession, "select id, " NAME_OF("token_hash") " as name, user_agent, inet6_ntoa(ip) as ip, "
        "created_at, last_seen_at from session where realm = 'staff' and subject_id = ? "
        "and ended_at is null and expires_at > ? and last_seen_at > ? "
        "order by last_seen_at desc, id desc limit 50", c->user, c->now, alive);
}

void me_sessions(Req *r) {
    Ctx *c = &r->c;
    show_head(r, "sessions");
    OpenSessions all = sessions_of(c);
    show_text(r, "show.sections.0.title", msg(c->language, "account.open_sessions"));
    TableView *t = table_start(r, "show.sections.0.table", msg(c->language, "account.open_sessions"));
    table_column(t, msg(c->language, "account.device"), "text", "id");
    table_column(t, msg(c->language, "account.address"), "code", NULL);
    table_column(t, msg(c->language, "account.began"), "date", NULL);
    table_column(t, msg(c->language, "account.last_seen"), "date", NULL);
    table_column(t, msg(c->language, "account.change"), "act", "status");
    for (size_t i = 0; i < all.n; i++) {
        const OpenSession *s = &all.v[i];
        char *cell = text(r, "show.sections.0.table.rows.%zu.cells.4", i);
        bool here = s->id.id == c->session.id;
        table_row(t, NULL);
        table_cell(t, device_name(&c->mem, s->user_agent));
        table_cell(t, s->ip);
        table_cell(t, when(r, s->created_at));
        table_cell(t, when(r, s->last_seen_at));
        table_cell(t, here ? msg(c->language, "account.this_session") : "");
        if (here) show_text(r, text(r, "%s.tone", cell), "ok");
        else button(r, cell, msg(c->language, "layout.sign_out"), text(r, "/account/sessions/%s/removal", s->name));
    }
    if (all.n > 1) {
        show_text(r, "show.sections.0.actions.0.text", msg(c->language, "account.end_others"));
        show_text(r, "show.sections.0.actions.0.url", "/account/sessions/others");
        show_text(r, "show.sections.0.actions.0.post", "1");
    }
    page(r, "layout/show");
}

void me_session_end(Req *r) {
    Ctx *c = &r->c;
    Id session = db_id(c, "select id from session where realm = 'staff' and subject_id = ? "
                          "and ended_at is null and id <> ? and " NAME_OF("token_hash") " = ?", c->user, c->session,
                       path_text(r, "id"));
    if (!session.id) fail(r, NOT_FOUND, "There is no such session.");
    session_end(c, session, "revoked");
    audit_note(c, "session_ended", "user", c->user, facts_of(c)->email, NULL);
    note(r, "%s", msg(c->language, "account.session_ended"));
    go_to(r, "/account/sessions");
}

void me_others_end(Req *r) {
    Ctx *c = &r->c;
    int64_t n = session_end_all(c, REALM_STAFF, c->user, c->session, "revoked");
    if (n) audit_note(c, "sessions_ended", "user", c->user, facts_of(c)->email, NULL);
    note(r, "%s", msg_plural(c, c->language, "account.others_ended", n, NULL));
    go_to(r, "/account/sessions");
}

/* --- activity ----------------------------------------------------------------------------------------------------- */

#define TRY_ROW(F, T) F(T, Time, at) F(T, const char *, result) F(T, const char *, user_agent) F(T, const char *, ip)
ROW(TryRow, TRY_ROW)

void me_activity(Req *r) {
    Ctx *c = &r->c;
    Person *p = show_head(r, "activity");
    TryRows all = db_all(c, TryRow, "select at, result, user_agent, inet6_ntoa(ip) as ip from login_attempt "
                                    "where realm = 'staff' and email = ? order by id desc limit 100",
                         email_lower(&c->mem, p->email));
    show_text(r, "show.sections.0.title", msg(c->language, "account.sign_ins"));
    TableView *t = table_start(r, "show.sections.0.table", msg(c->language, "account.sign_ins"));
    table_column(t, msg(c->language, "account.when"), "date", "id");
    table_column(t, msg(c->language, "account.device"), "text", NULL);
    table_column(t, msg(c->language, "account.address"), "code", NULL);
    table_column(t, msg(c->language, "account.result"), "status", "status");
    for (size_t i = 0; i < all.n; i++) {
        table_row(t, NULL);
        table_cell(t, when(r, all.v[i].at));
        table_cell(t, device_name(&c->mem, all.v[i].user_agent));
        table_cell(t, all.v[i].ip);
        table_state(t, all.v[i].result);
    }
    table_empty(t, msg(c->language, "account.no_sign_ins"), "");
    page(r, "layout/show");
}
