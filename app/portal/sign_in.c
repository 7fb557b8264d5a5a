/*
 * Signing in to the portal by password or one-time code, reset, "this wasn't me", signing out (CSS01US01; assurance S5
 * to S13). Answers tell nothing about who is registered. Routes that hash a password or must remember a refused try are
 * NO_TX.
 */
#include "app/core/sign_in.h"

#include <string.h>

#include "app/comms/comms.h"
#include "app/core/hashing.h"
#include "app/portal/pages.h"
#include "app/portal/step.h"
#include "lib/crypt.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"

enum { DEVICE_S = 400 * 24 * 3600 };
static const char device_cookie[] = "s360_pseen";

#define USER_SELECT "select id, public_id, email, mobile, password_hash, status, lang, mfa, consumer_id, row_version " \
                    "from portal_user "

PortalUser *portal_user_by_id(Ctx *c, Id id) {
    return db_find(c, PortalUser, USER_SELECT "where id = ? and utility_id = ?", id, c->utility);
}

/* An e-mail address in lower case, or a mobile number as E.164; a number without country gets the utility's. */
static const char *login_normal(Ctx *c, const char *typed) {
    if (strchr(typed, '@')) return email_lower(&c->mem, typed);
    const char *e164 = phone_e164(&c->mem, typed, portal_setting_get(c, "calling_code"));
    return e164 ? e164 : email_lower(&c->mem, typed);
}

PortalUser *portal_user_by_login(Ctx *c, const char *login) {
    if (strchr(login, '@')) return db_find(c, PortalUser, USER_SELECT "where utility_id = ? and email_key = ?",
                                           c->utility, login);
    return db_find(c, PortalUser, USER_SELECT "where utility_id = ? and mobile = ? and status <> 'closed'", c->utility,
                   login);
}

Bytes token_bytes(Ctx *c, const char *token) {
    uint8_t *hash = take(c, TOKEN_HASH_SIZE);
    token_hash(token, hash);
    return (Bytes){ hash, TOKEN_HASH_SIZE };
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

#define FAILED(F, T) F(T, int64_t, wrong) F(T, Time, last_at)
ROW(Failed, FAILED)

/* Wrong passwords in a row: since the last success, reset or a day without any. */
static Failed *failures_of(Ctx *c, const char *login) {
    return db_one(c, Failed, "select count(*) as wrong, max(at) as last_at from login_attempt where realm = 'portal' "
                             "and email = ? and result = 'wrong_password' and at > ? and id > "
                             "coalesce((select max(a.id) from login_attempt a where a.realm = 'portal' and a.email = ? "
                             "and a.result in ('success', 'reset', 'unlocked')), 0)",
                  login, time_add_seconds(c->now, -2 * 86400), login);
}

static Time paused_until(const Failed *f) {
    int minutes = password_pause_minutes((int)f->wrong);
    return minutes ? time_add_seconds(f->last_at, minutes * 60) : TIME_NONE;
}

void portal_check_pause(Req *r, const char *login) {
    Ctx *c = &r->c;
    TryFacts t = { .now = c->now, .locked_until = paused_until(failures_of(c, login)) };
    t.address_failures = (int)db_int(c, "select count(*) from login_attempt where ip = inet6_aton(?) and at > ? "
                                        "and at <= ? and result in ('wrong_password', "
                                        "'mfa_failed', 'inactive', 'locked')",
                                     c->address, time_add_seconds(c->now, -ADDRESS_WINDOW_S), c->now);
    int seconds;
    TryVerdict v = try_verdict(&t, &seconds);
    if (v == TRY_ADDRESS) fail_busy(c, seconds, "%s", msg(c->language, "login.address_busy"));
    if (v == TRY_LOCKED)
        fail_busy(c, seconds, "%s", msg_format(c, c->language, "portal.signin.paused",
                                               { "time", locale_clock(&c->mem, c->locale, t.locked_until) }));
}

typedef struct Wrong { Req *r; const char *login, *result; PortalUser *u; } Wrong;

static void wrong_work(Ctx *c, void *arg) {
    Wrong *w = arg;
    attempt_add(w->r, REALM_PORTAL, w->login, w->u ? w->u->id : (Id){ 0 }, w->result);
    if (!w->u) return;
    const Failed *f = failures_of(c, w->login);
    Time until = paused_until(f);
    db_run(c, "update portal_user set failed_count = ?, failed_at = ?, locked_until = ? where id = ?", f->wrong, c->now,
           until, w->u->id);
    if (!time_is_set(until) || strcmp(w->u->status, "active")) return;
    event_emit(c, &(Event){ .name = "portal_user.locked", .entity = "portal_user", .id = w->u->id,
                            .number = w->u->public_id, .consumer = w->u->consumer_id });
    NotifyField fields[] = { { "email", w->u->email }, { "failures", text(c, "%lld", (long long)f->wrong) },
                             { "minutes", text(c, "%d", password_pause_minutes((int)f->wrong)) },
                             { "until", locale_clock(&c->mem, c->locale, until) },
                             { "link", public_url(c, "/forgot", true) }, { 0 } };
    notify(c, "account_locked", &(Recipient){ .portal_user = w->u->id }, fields,
           &(NotifyOptions){ .channels = "email" });
}

static void wrong_try(Req *r, const char *login, PortalUser *u, const char *result) {
    db_tx(&r->c, DB_WRITE, wrong_work, &(Wrong){ r, login, result, u }, NULL);
}

void portal_wrong_try(Req *r, PortalUser *u) { wrong_try(r, u->email, u, "wrong_password"); }

/* --- into the portal ---------------------------------------------------------------------------------------------- */

static const Key *device_key(void) {
    static Key key;
    static bool made;
    if (!made) key = key_for(installation_keys(), "cookie portal device"), made = true;
    return &key;
}

static bool device_is_known(Req *r, const PortalUser *u) {
    Ctx *c = &r->c;
    const char *cookie = cookie_text(r, device_cookie);
    Signed s;
    return cookie && signed_open(&c->mem, device_key(), device_cookie, cookie, time_unix(c->now), DEVICE_S, &s)
        && !strcmp(s.value, u->public_id);
}

static const char *link_new(Req *r, const PortalUser *u, const char *kind, int minutes);

static void tell_new_device(Req *r, const PortalUser *u) {
    Ctx *c = &r->c;
    NotifyField fields[] = { { "at", locale_time_words(&c->mem, c->locale, c->now) },
                             { "device", device_name(&c->mem, header_text(r, "User-Agent")) },
                             { "link", public_url(c, text(c, "/not-me/%s", link_new(r, u, "not_me", 72 * 60)), true) },
                             { 0 } };
    notify(c, "new_device", &(Recipient){ .portal_user = u->id }, fields,
           &(NotifyOptions){ .channels = "email,inapp" });
    event_emit(c, &(Event){ .name = "portal_user.signed_in_new_device", .entity = "portal_user", .id = u->id,
                            .number = u->public_id, .consumer = u->consumer_id });
}

static const char *after_enter(Req *r, const char *next) {
    const char *base = r->prefix;
    bool own = next && path_is_own(next) && !strncmp(next, base, strlen(base)) && next[strlen(base)] == '/'
        && strncmp(next + strlen(base), "/sign", 5);
    return own ? next : link_path(r, "/home");
}

void portal_enter(Req *r, PortalUser *u, bool keep, const char *next, bool is_new) {
    Ctx *c = &r->c;
    bool known = is_new || device_is_known(r, u);
    c->user = (Id){ 0 };
    session_start(r, &(NewSession){ .realm = REALM_PORTAL, .subject = u->id, .utility = c->utility, .keep = keep });
    c->realm = REALM_PORTAL;
    db_run(c, "update portal_user set last_signin_at = ?, failed_count = 0, locked_until = null where id = ?", c->now,
           u->id);
    attempt_add(r, REALM_PORTAL, u->email, u->id, "success");
    if (!known) tell_new_device(r, u);
    cookie_set(r, device_cookie, signed_value(&c->mem, device_key(), device_cookie, u->public_id, time_unix(c->now)),
               DEVICE_S);
    const char *added = register_claim(r, u->id);
    if (added) note(r, "%s", msg_format(c, c->language, "portal.accounts.added", { "account", added }));
    c->user = u->id;
    c->user_name = u->email;
    go_to(r, added ? link_path(r, "/accounts") : after_enter(r, next));
}

/* --- /signin: password -------------------------------------------------------------------------------------------- */

static const Form signin_form = { .name = "portal.signin", .fields = FIELDS {
    { "login",    NULL, TEXT(3, 254), .flags = REQUIRED, .autocomplete = "username" },
    { "password", NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "keep",     NULL, BOOL },
    { "next",     NULL, HIDDEN(1000) },
    { 0 } } };

static const Form send_form = { .name = "portal.send", .fields = FIELDS {
    { "login",    NULL, TEXT(3, 254), .flags = REQUIRED, .autocomplete = "username" },
    { "keep",     NULL, BOOL },
    { "next",     NULL, HIDDEN(1000) },
    { 0 } } };

static void show_tabs(Req *r, bool by_code) {
    Ctx *c = &r->c;
    const char *next = query_text(r, "next"), *more = next ? text(r, "next=%s", url_part(r, next)) : "";
    show_text(r, "tabs.0.text", msg(c->language, "portal.signin.by_password"));
    show_text(r, "tabs.0.url", link_path(r, "/signin?%s", more));
    show_text(r, "tabs.1.text", msg(c->language, "portal.signin.by_code"));
    show_text(r, "tabs.1.url", link_path(r, "/signin?with=code%s%s", *more ? "&" : "", more));
    show_text(r, by_code ? "tabs.1.current" : "tabs.0.current", "page");
}

static void show_signin_links(Req *r) {
    static const struct { const char *key, *path; } links[] = { { "portal.signin.forgot", "/forgot" },
        { "portal.signin.register", "/register" }, { "portal.signin.guest", "/pay" } };
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i == 2 && !portal_setting_is(&r->c, "guest_pay")) continue;
        show_text(r, at(r, "links", n, "text"), msg(r->c.language, links[i].key));
        show_text(r, at(r, "links", n++, "url"), link_path(r, "%s", links[i].path));
    }
}

static bool by_code_wished(Req *r) {
    const char *with = query_text(r, "with");
    return (with && !strcmp(with, "code")) || (r->again && strstr(r->path.text, "/send"));
}

void signin_page(Req *r) {
    Ctx *c = &r->c;
    if (c->user.id) {
        go_to(r, after_enter(r, query_text(r, "next")));
        return;
    }
    bool by_code = by_code_wished(r);
    FormView *v = form_show(r, "form", by_code ? &send_form : &signin_form, by_code ? "/signin/send" : "/signin");
    form_text(v, "next", query_text(r, "next"));
    show_text(r, "form.submit", msg(c->language, by_code ? "portal.signin.send" : "portal.signin.submit"));
    show_tabs(r, by_code);
    show_signin_links(r);
    portal_page(r, "portal.signin.title", "portal/sign_in");
}

typedef struct Enter { Req *r; PortalUser *u; const char *next, *hash, *proved; bool keep; int headers; } Enter;

static void enter_work(Ctx *c, void *arg) {
    Enter *e = arg;
    e->r->headers = e->headers;
    if (e->hash) db_run(c, "update portal_user set password_hash = ? where id = ?", e->hash, e->u->id);
    if (e->proved && !strcmp(e->proved, "email"))
        db_run(c, "update portal_user set email_verified_at = coalesce(email_verified_at, ?) where id = ?", c->now,
               e->u->id);
    if (e->proved && !strcmp(e->proved, "sms"))
        db_run(c, "update portal_user set mobile_verified_at = coalesce(mobile_verified_at, ?) where id = ?", c->now,
               e->u->id);
    portal_go_on(e->r, e->u, &(Passed){ .by = e->proved ? "code" : "password", .keep = e->keep, .next = e->next });
}

void signin_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &signin_form);
    problems_end(r);
    const char *typed = login_normal(c, in_text(in, "login")), *password = in_text(in, "password");
    PortalUser *u = portal_user_by_login(c, typed);
    const char *login = u ? u->email : typed;
    portal_check_pause(r, login);
    hashing_enter(c);
    portal_check_pause(r, login);
    bool active = u && !strcmp(u->status, "active"), right = password_verify(u ? u->password_hash : NULL, password);
    Enter e = { .r = r, .u = u, .next = in_text(in, "next"), .keep = in_bool(in, "keep"), .headers = r->headers };
    if (right && active && password_needs_rehash(u->password_hash)) e.hash = password_hash(&c->mem, password);
    hashing_leave(c);
    if (!right || !active) {
        wrong_try(r, login, u, right ? "inactive" : "wrong_password");
        fail(c, WRONG_PROOF, "%s", msg(c->language, "portal.signin.wrong"));
    }
    db_tx(c, DB_WRITE, enter_work, &e, NULL);
}

/* --- /signin: one-time code --------------------------------------------------------------------------------------- */

void signin_send_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &send_form);
    problems_end(r);
    const char *login = login_normal(c, in_text(in, "login")), *channel = strchr(login, '@') ? "email" : "sms";
    if (!strcmp(channel, "sms") && comm_can_send(c, &(SendFacts){ .channel = "sms", .class = "otp", .address = login }))
        fail_field(c, INVALID, "login", "%s", msg(c->language, "portal.signin.stopped"));
    PortalUser *u = portal_user_by_login(c, login);
    bool active = u && !strcmp(u->status, "active");
    const char *next = in_text(in, "next");
    challenge_new(r, &(NewChallenge){ .purpose = "signin", .subject = login, .subject_id = active ? u->id : (Id){ 0 },
                                      .channel = channel, .email = active && strchr(login, '@') ? u->email : NULL,
                                      .phone = active && !strchr(login, '@') ? u->mobile : NULL, .lang = active
                                      ? u->lang : NULL, .data = json_pairs(c, "keep", in_bool(in, "keep") ? "1" : "0",
                                          "next", next, NULL) });
    answer_not_before(r, ALIKE_MS);
    go(r, "/signin/code");
}

static const Form code_form = { .name = "portal.code",
                                .fields = FIELDS { { "code", NULL, CODE(6), .flags = REQUIRED | SECRET,
    .autocomplete = "one-time-code" }, { 0 } } };

void signin_code_page(Req *r) {
    Ctx *c = &r->c;
    if (!challenge_here(r, "signin")) {
        go(r, "/signin?with=code");
        return;
    }
    form_show(r, "form", &code_form, "/signin/code");
    show_text(r, "form.submit", msg(c->language, "portal.signin.submit"));
    show_text(r, "texts.0", msg(c->language, "portal.signin.code_sent"));
    show_text(r, "texts.1", msg_format(c, c->language, "portal.code.how", { "minutes", text(c, "%d", CODE_MINUTES) }));
    show_text(r, "again.url", link_path(r, "/signin/code/again"));
    show_text(r, "again.text", msg(c->language, "portal.code.again"));
    show_text(r, "links.0.text", msg(c->language, "portal.signin.back"));
    show_text(r, "links.0.url", link_path(r, "/signin"));
    portal_page(r, "portal.code.title", "portal/sign_in");
}

void signin_code_again(Req *r) {
    Challenge *ch = challenge_here(r, "signin");
    if (ch) challenge_again(r, ch);
    note(r, "%s", msg(r->c.language, "portal.signin.code_sent"));
    go(r, ch ? "/signin/code" : "/signin?with=code");
}

void signin_code_post(Req *r) {
    Ctx *c = &r->c;
    Challenge *ch = challenge_here(r, "signin");
    Input *in = form_read(r, &code_form);
    problems_end(r);
    if (!ch) fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "portal.code.expired"));
    challenge_prove(r, ch, in_text(in, "code"));
    Json data = json_read(&c->mem, challenge_data(ch), strlen(challenge_data(ch)), 4000, NULL);
    Enter e = { .r = r, .u = portal_user_by_id(c, challenge_subject(ch)), .next = json_text(data, "next"),
                .proved = challenge_channel(ch), .keep = json_text(data, "keep") && !strcmp(json_text(data, "keep"),
        "1"), .headers = r->headers };
    if (!e.u || strcmp(e.u->status, "active")) fail(c, WRONG_PROOF, "%s", msg(c->language, "portal.signin.wrong"));
    db_tx(c, DB_WRITE, enter_work, &e, NULL);
}

void signout_post(Req *r) {
    Ctx *c = &r->c;
    session_end(c, c->session, "logout");
    audit_note(c, portal_is_viewed(c) ? "view_as_ended" : "sign_out", "portal_user", c->user, c->user_name, NULL);
    session_cookie_clear(r);
    if (portal_is_viewed(c)) {
        go_to(r, text(r, "/u/%s/cis/portal", c->utility_code));
        return;
    }
    note(r, "%s", msg(c->language, "portal.signin.out"));
    go(r, "/signin");
}

/* --- links by mail: reset, "this wasn't me" ----------------------------------------------------------------------- */

/* Kept as a challenge whose "code" is the link's token; the newest of its kind alone is valid, once. */
static Bytes link_subject(Ctx *c, const PortalUser *u, const char *kind) {
    return lookup_hash(c, text(c, "%s %s", kind, u->public_id));
}

static void links_end(Ctx *c, const PortalUser *u, const char *kind) {
    db_run(c, "update otp_challenge set used_at = ? where subject_hash = ? and purpose = 'reset' and used_at is null",
           c->now, link_subject(c, u, kind));
}

static const char *link_new(Req *r, const PortalUser *u, const char *kind, int minutes) {
    Ctx *c = &r->c;
    const char *token = random_token(&c->mem);
    Bytes subject = link_subject(c, u, kind);
    links_end(c, u, kind);
    db_run(c, "insert into otp_challenge (utility_id, purpose, subject_hash, subject_id, channel, code_hash, data, "
              "expires_at, max_tries, ip, created_at) values (?,'reset',?,?,'email',?,?,?,1,inet6_aton(?),?)",
           c->utility, subject, u->id, token_bytes(c, token), json_pairs(c, "kind", kind, NULL),
               time_add_seconds(c->now, minutes * 60), c->address, c->now);
    return token;
}

#define MAIL_LINK(F, T) F(T, Id, id) F(T, Id, subject_id)
ROW(MailLink, MAIL_LINK)

static MailLink *link_find(Ctx *c, const char *token, const char *kind) {
    if (strlen(token) > 100) return NULL;
    return db_find(c, MailLink, "select id, subject_id from otp_challenge where code_hash = ? and purpose = 'reset' "
                                "and utility_id = ? and used_at is null and expires_at > ? "
                                "and json_value(data, '$.kind') = ?",
                   token_bytes(c, token), c->utility, c->now, kind);
}

static void link_ended(Req *r) {
    Ctx *c = &r->c;
    r->status = CONFLICT;
    show_text(r, "texts.0", msg(c->language, "portal.link.ended"));
    show_text(r, "links.0.text", msg(c->language, "portal.signin.forgot"));
    show_text(r, "links.0.url", link_path(r, "/forgot"));
    portal_page(r, "portal.link.ended_title", "portal/sign_in");
}

static const Form forgot_form = { .name = "portal.forgot", .fields = FIELDS {
    { "login", NULL, TEXT(3, 254), .flags = REQUIRED, .autocomplete = "username" }, { 0 } } };

void forgot_page_portal(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "links.0.text", msg(c->language, "portal.signin.back"));
    show_text(r, "links.0.url", link_path(r, "/signin"));
    if (query_text(r, "sent")) {
        show_text(r, "texts.0", msg(c->language, "portal.forgot.sent"));
        portal_page(r, "portal.forgot.sent_title", "portal/sign_in");
        return;
    }
    form_show(r, "form", &forgot_form, "/forgot");
    show_text(r, "form.submit", msg(c->language, "portal.forgot.submit"));
    show_text(r, "texts.0", msg(c->language, "portal.forgot.how"));
    portal_page(r, "portal.forgot.title", "portal/sign_in");
}

void portal_send_reset(Req *r, const PortalUser *u) {
    Ctx *c = &r->c;
    NotifyField fields[] = { { "email", u->email }, { "minutes", text(c, "%d", RESET_MINUTES) },
                             { "link", public_url(c, text(c, "/reset/%s", link_new(r, u, "reset", RESET_MINUTES)),
                                                  true) }, { 0 } };
    notify(c, "password_reset", &(Recipient){ .portal_user = u->id }, fields, &(NotifyOptions){ .channels = "email" });
}

void forgot_post_portal(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &forgot_form);
    problems_end(r);
    const char *typed = login_normal(c, in_text(in, "login"));
    PortalUser *u = portal_user_by_login(c, typed);
    const char *login = u ? u->email : typed;
    Time since = time_add_seconds(c->now, -RESET_WINDOW_S);
    int64_t by_address = db_int(c, "select count(*) from login_attempt where ip = inet6_aton(?) and at > ? "
                                   "and result = 'reset_asked'", c->address, since);
    if (too_many_resets((int)by_address)) fail_busy(c, RESET_WINDOW_S, "%s", msg(c->language, "forgot.busy"));
    int64_t asked = db_int(c, "select count(*) from login_attempt where realm = 'portal' and email = ? and at > ? "
                              "and result = 'reset_asked'", login, since);
    attempt_add(r, REALM_PORTAL, login, u ? u->id : (Id){ 0 }, "reset_asked");
    if (u && !strcmp(u->status, "active") && may_send_reset((int)asked)) portal_send_reset(r, u);
    answer_not_before(r, ALIKE_MS);
    go(r, "/forgot?sent=1");
}

static const Form reset_form = { .name = "portal.reset", .fields = FIELDS {
    { "password", NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
    { 0 } } };

void reset_page_portal(Req *r) {
    Ctx *c = &r->c;
    const char *token = path_text(r, "token");
    if (!link_find(c, token, "reset")) {
        link_ended(r);
        return;
    }
    form_show(r, "form", &reset_form, text(r, "/reset/%s", token));
    show_text(r, "form.submit", msg(c->language, "portal.reset.submit"));
    portal_page(r, "portal.reset.title", "portal/sign_in");
}

static const char *first_account(Ctx *c, Id portal_user) {
    return db_text(c, "select a.account_no from portal_account_link l join account a on a.id = l.account_id "
                      "where l.portal_user_id = ? and l.ended_at is null order by l.id limit 1", portal_user);
}

const char *portal_password_hash(Req *r, const char *field, const char *password, const char *email,
                                 const char *account_no) {
    Ctx *c = &r->c;
    const char *numbers[] = { account_no, account_no ? strrchr(account_no, '-') ? strrchr(account_no, '-') + 1 : NULL
                              : NULL, NULL };
    PasswordFacts f = { .password = password, .language = c->language, .least = PASSWORD_LEAST_PORTAL, .email = email,
                        .organization = facts_of(c)->tenant_name, .utility = utility_here(c)->name,
                        .account_nos = account_no ? numbers : NULL };
    hashing_enter(c);
    const char *refusal = password_refusal(&c->mem, &f), *hash = refusal ? NULL : password_hash(&c->mem, password);
    hashing_leave(c);
    if (refusal) fail_field(c, INVALID, field, "%s", refusal);
    if (!hash) fail(c, DOWN, "no memory for a password hash");
    return hash;
}

static void tell_changed(Ctx *c, const PortalUser *u) {
    NotifyField fields[] = { { "email", u->email }, { "at", locale_time_words(&c->mem, c->locale, c->now) },
                             { "link", public_url(c, "/forgot", true) }, { 0 } };
    notify(c, "password_changed", &(Recipient){ .portal_user = u->id }, fields,
           &(NotifyOptions){ .channels = "email,inapp" });
    if (u->mobile) notify(c, "portal_sign_in_data", &(Recipient){ .phone = u->mobile, .lang = u->lang },
                          (NotifyField[]){ { "at", locale_time_words(&c->mem, c->locale, c->now) },
                                           { "what", msg(u->lang, "portal.password") },
                                           { "link", public_url(c, "/forgot", true) }, { 0 } },
                          &(NotifyOptions){ .channels = "sms" });
}

typedef struct Change { Req *r; PortalUser *u; const char *hash; Id link, but; } Change;

static void change_work(Ctx *c, void *arg) {
    Change *x = arg;
    if (x->link.id) db_must(c, 1, CONFLICT, "update otp_challenge set used_at = ? where id = ? and used_at is null",
                            c->now, x->link);
    db_must(c, 1, CONFLICT, "update portal_user set password_hash = ?, password_changed_at = ?, failed_count = 0, "
                            "locked_until = null where id = ?", x->hash, c->now, x->u->id);
    links_end(c, x->u, "reset");
    session_end_all(c, REALM_PORTAL, x->u->id, x->but, "password_changed");
    if (!x->but.id) device_forget(c, REALM_PORTAL, x->u->id, (Id){ 0 });
    audit_note(c, "password_changed", "portal_user", x->u->id, x->u->email, NULL);
    if (x->link.id) attempt_add(x->r, REALM_PORTAL, x->u->email, x->u->id, "reset");
    tell_changed(c, x->u);
}

void reset_post_portal(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &reset_form);
    MailLink *l = link_find(c, path_text(r, "token"), "reset");
    PortalUser *u = l ? portal_user_by_id(c, l->subject_id) : NULL;
    if (!u) {
        link_ended(r);
        return;
    }
    problems_end(r);
    Change x = { .r = r, .u = u, .link = l->id, .hash = portal_password_hash(r, "password", in_text(in, "password"),
        u->email, first_account(c, u->id)) };
    db_tx(c, DB_WRITE, change_work, &x, NULL);
    note(r, "%s", msg(c->language, "portal.reset.done"));
    go(r, "/signin");
}

/* "This wasn't me": all sessions and trusted devices end, and the password must be
 * chosen anew. The link shows a button: looking changes nothing. */
void not_me_page(Req *r) {
    Ctx *c = &r->c;
    if (!link_find(c, path_text(r, "token"), "not_me")) {
        link_ended(r);
        return;
    }
    show_text(r, "texts.0", msg(c->language, "portal.not_me.what"));
    show_text(r, "act.url", link_path(r, "/not-me/%s", path_text(r, "token")));
    show_text(r, "act.text", msg(c->language, "portal.not_me.submit"));
    portal_page(r, "portal.not_me.title", "portal/sign_in");
}

void not_me_post(Req *r) {
    Ctx *c = &r->c;
    MailLink *l = link_find(c, path_text(r, "token"), "not_me");
    PortalUser *u = l ? portal_user_by_id(c, l->subject_id) : NULL;
    if (!u) fail(c, CONFLICT, "%s", msg(c->language, "portal.link.ended"));
    db_must(c, 1, CONFLICT, "update otp_challenge set used_at = ? where id = ? and used_at is null", c->now, l->id);
    session_end_all(c, REALM_PORTAL, u->id, (Id){ 0 }, "revoked");
    device_forget(c, REALM_PORTAL, u->id, (Id){ 0 });
    db_run(c, "update portal_user set password_hash = null where id = ?", u->id);
    audit_note(c, "not_me", "portal_user", u->id, u->email, NULL);
    portal_send_reset(r, u);
    note(r, "%s", msg(c->language, "portal.not_me.done"));
    go(r, "/signin");
}

/* --- /profile/security: password ---------------------------------------------------------------------------------- */

static const Form password_form = { .name = "portal.change", .fields = FIELDS {
    { "current",  NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "password", NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
    { 0 } } };

void security_password_page(Req *r) {
    Ctx *c = &r->c;
    form_show(r, "form", &password_form, "/profile/security/password");
    show_text(r, "form.submit", msg(c->language, "portal.reset.submit"));
    show_text(r, "form.cancel_url", link_path(r, "/profile/security"));
    portal_page(r, "portal.reset.title", "layout/form");
}

static void renew_session(Ctx *c, void *arg) {
    Change *x = arg;
    change_work(c, arg);
    bool keep = db_int(c, "select keep from session where id = ?", c->session) != 0;
    session_start(x->r, &(NewSession){ .realm = REALM_PORTAL, .subject = x->u->id, .utility = c->utility,
                                       .keep = keep });
}

void security_password_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &password_form);
    problems_end(r);
    PortalUser *u = portal_user_by_id(c, c->user);
    portal_check_pause(r, u->email);
    hashing_enter(c);
    bool right = password_verify(u->password_hash, in_text(in, "current"));
    hashing_leave(c);
    if (!right) {
        wrong_try(r, u->email, u, "wrong_password");
        fail_field(c, WRONG_PROOF, "current", "%s", msg(c->language, "portal.change.wrong"));
    }
    Change x = { .r = r, .u = u, .but = c->session, .hash = portal_password_hash(r, "password", in_text(in, "password"),
        u->email, first_account(c, u->id)) };
    db_tx(c, DB_WRITE, renew_session, &x, NULL);
    note(r, "%s", msg(c->language, "portal.change.done"));
    go(r, "/profile/security");
}
