/*
 * Between the first proof and the session, and proving again later (CSS01US01; assurance S6, S12, S14): the second
 * step of those who switched it on, new terms, and "is it still you?" before sensitive changes (/confirm).
 *
 * Between the steps there is no session: who passed what stands in a signed cookie of ten minutes, tied to the
 * password of then.
 */
#include <stdlib.h>
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/hashing.h"
#include "app/core/sign_in.h"
#include "app/portal/pages.h"
#include "app/portal/step.h"
#include "lib/crypt.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { RECOVERY_PORTAL = 8, WRONG_MOST = 5, WRONG_WINDOW_S = 15 * 60 };
static const char half_cookie[] = "s360_portal_half", trust_cookie[] = "s360_portal_trust";

static const Key *half_key(void) {
    static Key key;
    static bool made;
    if (!made) key = key_for(installation_keys(), "cookie portal half"), made = true;
    return &key;
}

/* --- what stands between the steps -------------------------------------------------------------------------------- */

static const char *password_mark(Ctx *c, const PortalUser *u) {
    return text(c, "%.16s", keyed_token(&c->mem, half_key(), "half", u->password_hash ? u->password_hash : "none"));
}

static void half_set(Req *r, const PortalUser *u, const Passed *p) {
    Ctx *c = &r->c;
    const char *json = json_pairs(c, "user", u->public_id, "mark", password_mark(c, u), "by", p->by, "second",
                                  p->second ? "1" : "0", "keep", p->keep ? "1" : "0", "next", p->next, NULL);
    const char *packed = base64url_text(&c->mem, bytes_of(json));
    cookie_set(r, half_cookie, signed_value(&c->mem, half_key(), half_cookie, packed, time_unix(c->now)),
               SECOND_STEP_S);
}

/* Who is on the way in, and what was passed; NULL when nobody is, or not any more. */
static PortalUser *half_user(Req *r, Passed *p) {
    Ctx *c = &r->c;
    const char *cookie = cookie_text(r, half_cookie);
    Signed s;
    Bytes json;
    if (!cookie || !signed_open(&c->mem, half_key(), half_cookie, cookie, time_unix(c->now), SECOND_STEP_S, &s))
        return NULL;
    if (!base64url_read(&c->mem, s.value, strlen(s.value), &json)) return NULL;
    Json j = json_read(&c->mem, json.p, json.n, 4000, NULL);
    const char *user = json_text(j, "user"), *mark = json_text(j, "mark"), *second = json_text(j, "second"),
               *keep = json_text(j, "keep");
    Id id = user ? db_id(c, "select id from portal_user where public_id = ? and utility_id = ?", user, c->utility)
                 : (Id){ 0 };
    PortalUser *u = id.id ? portal_user_by_id(c, id) : NULL;
    if (!u || strcmp(u->status, "active") || !mark || strcmp(mark, password_mark(c, u))) return NULL;
    *p = (Passed){ .by = json_text(j, "by"),
                   .second = second && *second == '1',
                   .keep = keep && *keep == '1',
                   .next = json_text(j, "next") };
    return u;
}

/* --- what comes next ---------------------------------------------------------------------------------------------- */

/* The utility may demand a second step of everybody: then a code by mail, for those who chose nothing. */
static const char *factor_of(Ctx *c, const PortalUser *u) {
    const char *rule = portal_setting_get(c, "two_step");
    return !strcmp(u->mfa, "off") && rule && !strcmp(rule, "required") ? "code" : u->mfa;
}

static bool terms_are_old(Ctx *c, const PortalUser *u) {
    const char *live = portal_setting_get(c, "terms_version"),
               *own = db_text(c, "select terms_version from portal_user where id = ?", u->id);
    return live && (!own || strcmp(own, live));
}

static void send_second(Req *r, const PortalUser *u) {
    bool by_sms = u->mobile && !u->email;
    challenge_new(r, &(NewChallenge){ .purpose = "stepup",
                                      .subject = text(r, "second %s", u->public_id),
                                      .subject_id = u->id,
                                      .channel = by_sms ? "sms" : "email",
                                      .email = u->email,
                                      .phone = u->mobile,
                                      .lang = u->lang });
}

void portal_go_on(Req *r, PortalUser *u, const Passed *p) {
    Ctx *c = &r->c;
    const char *factor = factor_of(c, u);
    bool only_codes = !strcmp(factor, "code") && !strcmp(p->by, "code") && !u->password_hash; /* nothing else to ask */
    bool needs = strcmp(factor, "off") && !only_codes && !p->second &&
                 !device_is_trusted(r, trust_cookie, REALM_PORTAL, u->id);
    if (needs || terms_are_old(c, u)) {
        half_set(r, u, p);
        if (needs && !strcmp(factor, "code") && !strcmp(p->by, "password")) send_second(r, u);
        go(r, needs ? "/signin/second" : "/signin/terms");
        return;
    }
    cookie_set(r, half_cookie, "", -1);
    portal_enter(r, u, p->keep, p->next, false);
}

/* --- /signin/second ----------------------------------------------------------------------------------------------- */

static const Form app_form = { .name = "portal.second",
                               .fields = FIELDS{ { "code", NULL, TEXT(6, 40),
                                                   .flags = REQUIRED | SECRET, .autocomplete = "one-time-code",
                                                   .width = "20" },
                                                 { "trust", NULL, BOOL },
                                                 { 0 } } };
static const Form sent_form = { .name = "portal.second_code", .fields = FIELDS {
    { "code",  NULL, CODE(6), .flags = REQUIRED | SECRET, .autocomplete = "one-time-code" },
    { "trust", NULL, BOOL }, { 0 } } };
static const Form word_form = { .name = "portal.second_word", .fields = FIELDS {
    { "password", NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "trust",    NULL, BOOL }, { 0 } } };

/* totp: the app. code: what was not given yet, the code by mail or the password. */
static const Form *form_of(Ctx *c, const PortalUser *u, const Passed *p) {
    if (!strcmp(factor_of(c, u), "totp")) return &app_form;
    return !strcmp(p->by, "code") && u->password_hash ? &word_form : &sent_form;
}

void second_page(Req *r) {
    Ctx *c = &r->c;
    Passed p;
    PortalUser *u = half_user(r, &p);
    if (!u) {
        go(r, "/signin");
        return;
    }
    const Form *form = form_of(c, u, &p);
    form_show(r, "form", form, "/signin/second");
    show_text(r, "form.submit", msg(c->language, "portal.signin.submit"));
    show_text(r, "texts.0",
              msg(c->language, form == &app_form    ? "portal.second.app_how"
                               : form == &sent_form ? "portal.second.code_how"
                                                    : "portal.second.word_how"));
    if (form == &sent_form) {
        show_text(r, "texts.1",
                  msg_format(c, c->language, "portal.code.how", { "minutes", text(c, "%d", CODE_MINUTES) }));
        show_text(r, "again.url", link_path(r, "/signin/second/again"));
        show_text(r, "again.text", msg(c->language, "portal.code.again"));
    }
    show_text(r, "links.0.text", msg(c->language, "portal.signin.back"));
    show_text(r, "links.0.url", link_path(r, "/signin"));
    portal_page(r, "portal.second.title", "portal/sign_in");
}

void second_again(Req *r) {
    Passed p;
    PortalUser *u = half_user(r, &p);
    Challenge *ch = challenge_here(r, "stepup");
    if (u && ch && challenge_subject(ch).id == u->id.id) challenge_again(r, ch);
    else if (u) send_second(r, u);
    note(r, "%s", msg(r->c.language, "portal.signin.code_sent"));
    go(r, u ? "/signin/second" : "/signin");
}

/* word: the password fitted, which was looked at outside. code: of the app, or one to recover with. */
typedef struct Try { Req *r; PortalUser *u; const char *code; bool word, fits, waits; } Try;

#define APP(F, T) F(T, Bytes, totp_secret_enc) F(T, int64_t, totp_last_step)
ROW(App, APP)

static bool too_many_wrong(Ctx *c, const PortalUser *u) {
    return db_int(
        c,
        "select count(*) from login_attempt where realm = 'portal' and user_id = ? and result = 'mfa_failed' and at "
        "> ? and id > "
        "coalesce((select max(a.id) from login_attempt a where a.realm = 'portal' and a.user_id = ? and a.result = "
        "'success'), 0)",
        u->id, time_add_seconds(c->now, -WRONG_WINDOW_S), u->id) >= WRONG_MOST;
}

/* Tries that were sent at once are judged one after another: the row is locked from the first look until COMMIT. Each
   step of the app once. */
static void judge(Ctx *c, void *arg) {
    Try *t = arg;
    App *a = db_one(
        c, App,
        "select totp_secret_enc, coalesce(totp_last_step, 0) as totp_last_step from portal_user where id = ? for "
        "update",
        t->u->id);
    t->fits = false;
    if ((t->waits = too_many_wrong(c, t->u))) return;
    if (t->code) {
        const char *secret = vault_open(c, "portal_user.totp_secret", a->totp_secret_enc);
        int64_t step = secret ? totp_accept(bytes_of(secret), t->code, time_unix(c->now), a->totp_last_step) : -1;
        if (step >= 0) db_run(c, "update portal_user set totp_last_step = ? where id = ?", step, t->u->id);
        t->fits = step >= 0 || recovery_accept(c, REALM_PORTAL, t->u->id, t->code);
    } else t->fits = t->word;
    if (!t->fits) attempt_add(t->r, REALM_PORTAL, t->u->email, t->u->id, "mfa_failed");
}

static _Noreturn void say_many(Ctx *c) {
    fail_busy(c, WRONG_WINDOW_S, "%s",
              msg_format(c, c->language, "portal.code.many",
                         { "time", locale_clock(&c->mem, c->locale, time_add_seconds(c->now, WRONG_WINDOW_S)) }));
}

typedef struct GoOn { Req *r; PortalUser *u; Passed *p; bool trust; int headers; } GoOn;

static void go_on_in_tx(Ctx *c, void *arg) {
    GoOn *g = arg;
    (void)c;
    g->r->headers = g->headers;
    if (g->trust) device_trust(g->r, trust_cookie, REALM_PORTAL, g->u->id);
    portal_go_on(g->r, g->u, g->p);
}

static bool word_fits(Ctx *c, const PortalUser *u, const char *password) {
    hashing_enter(c);
    bool right = password_verify(u->password_hash, password);
    hashing_leave(c);
    return right;
}

void second_post(Req *r) {
    Ctx *c = &r->c;
    Passed p;
    PortalUser *u = half_user(r, &p);
    if (!u) {
        note(r, "%s", msg(c->language, "portal.register.again"));
        go(r, "/signin");
        return;
    }
    const Form *form = form_of(c, u, &p);
    Input *in = form_read(r, form);
    problems_end(r);
    if (too_many_wrong(c, u)) say_many(c);
    Try t = { .r = r, .u = u, .code = form == &word_form ? NULL : in_text(in, "code") };
    if (form == &sent_form) {
        Challenge *ch = challenge_here(r, "stepup");
        if (!ch || challenge_subject(ch).id != u->id.id)
            fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "portal.code.expired"));
        challenge_prove(r, ch, t.code);
        t.fits = true;
    } else {
        t.word = form == &word_form && word_fits(c, u, in_text(in, "password"));
        db_tx(c, DB_WRITE, judge, &t, NULL);
        if (t.waits) say_many(c);
    }
    if (!t.fits)
        fail_field(c, WRONG_PROOF, form == &word_form ? "password" : "code", "%s",
                   msg(c->language, form == &word_form ? "portal.change.wrong" : "portal.second.wrong"));
    p.second = true;
    db_tx(c, DB_WRITE, go_on_in_tx, &(GoOn){ r, u, &p, in_bool(in, "trust"), r->headers }, NULL);
}

/* --- /signin/terms ------------------------------------------------------------------------------------------------ */

static const Form terms_form = { .name = "portal.terms",
                                 .fields = FIELDS{
                                     { "terms", NULL, BOOL }, { 0 } } };

void terms_page(Req *r) {
    Ctx *c = &r->c;
    Passed p;
    if (!half_user(r, &p)) {
        go(r, "/signin");
        return;
    }
    form_show(r, "form", &terms_form, "/signin/terms");
    show_text(r, "form.submit", msg(c->language, "portal.continue"));
    show_text(r, "texts.0", msg(c->language, "portal.terms.new"));
    const char *words = portal_setting_get(c, "terms_text");
    if (words) show_text(r, "texts.1", words);
    portal_page(r, "portal.terms.title", "portal/sign_in");
}

void terms_post(Req *r) {
    Ctx *c = &r->c;
    Passed p;
    PortalUser *u = half_user(r, &p);
    if (!u) {
        go(r, "/signin");
        return;
    }
    Input *in = form_read(r, &terms_form);
    if (!in_bool(in, "terms")) problem(r, "terms", "%s", msg(c->language, "portal.register.terms"));
    problems_end(r);
    const char *live = portal_setting_get(c, "terms_version");
    db_run(c, "update portal_user set terms_version = ?, terms_at = ? where id = ?", live, c->now, u->id);
    audit_note(c, "terms_accepted", "portal_user", u->id, u->email, live);
    portal_go_on(r, u, &p);
}

/* --- /confirm: is it still you? ----------------------------------------------------------------------------------- */

bool portal_is_viewed(Ctx *c) { return facts_of(c)->viewer.id != 0; }

static const char *own_next(Req *r, const char *next) {
    size_t n = strlen(r->prefix);
    return next && path_is_own(next) && !strncmp(next, r->prefix, n) && next[n] == '/' ? next : link_path(r, "/home");
}

bool stepped_up(Req *r) {
    Ctx *c = &r->c;
    if (portal_is_viewed(c)) fail(c, DENIED, "%s", msg(c->language, "portal.view.read_only"));
    if (session_is_fresh(c, FRESH_S)) return true;
    bool is_post = !strcmp(r->method, "POST");
    const char *next = is_post ? header_text(r, "Referer") : r->uri;
    if (next && strstr(next, "://")) next = strchr(strstr(next, "://") + 3, '/');
    if (is_post) note(r, "%s", msg(c->language, "portal.confirm.then"));
    go_to(r, link_path(r, "/confirm?next=%s", url_part(r, own_next(r, next))));
    return false;
}

static const Form confirm_form = { .name = "portal.confirm", .fields = FIELDS {
    { "password", NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "next",     NULL, HIDDEN(1000) }, { 0 } } };
static const Form confirm_code_form = { .name = "portal.confirm_code", .fields = FIELDS {
    { "code", NULL, CODE(6), .flags = REQUIRED | SECRET, .autocomplete = "one-time-code" },
    { "next", NULL, HIDDEN(1000) }, { 0 } } };

static const char *next_here(Req *r) {
    return own_next(r, strcmp(r->method, "POST") ? query_text(r, "next") : field_text(r, "next"));
}

void confirm_page(Req *r) {
    Ctx *c = &r->c;
    const char *next = next_here(r);
    PortalUser *u = portal_user_by_id(c, c->user);
    if (!u->password_hash) {
        go(r, "/confirm/code?next=%s", url_part(r, next));
        return;
    }
    FormView *v = form_show(r, "form", &confirm_form, "/confirm");
    form_text(v, "next", next);
    show_text(r, "form.submit", msg(c->language, "portal.continue"));
    show_text(r, "texts.0", msg(c->language, "portal.confirm.how"));
    show_text(r, "links.0.text", msg(c->language, "portal.confirm.by_code"));
    show_text(r, "links.0.url", link_path(r, "/confirm/code?next=%s", url_part(r, next)));
    portal_page(r, "portal.confirm.title", "portal/sign_in");
}

static void step_up_in_tx(Ctx *c, void *arg) {
    Req *r = arg;
    audit_note(c, "step_up", "portal_user", c->user, c->user_name, NULL);
    session_step_up(r);
}

void confirm_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &confirm_form);
    problems_end(r);
    PortalUser *u = portal_user_by_id(c, c->user);
    portal_check_pause(r, u->email);
    if (!u->password_hash || !word_fits(c, u, in_text(in, "password"))) {
        portal_wrong_try(r, u);
        fail_field(c, WRONG_PROOF, "password", "%s", msg(c->language, "portal.change.wrong"));
    }
    db_tx(c, DB_WRITE, step_up_in_tx, r, NULL);
    go_to(r, own_next(r, in_text(in, "next")));
}

void confirm_code_page(Req *r) {
    Ctx *c = &r->c;
    const char *next = next_here(r);
    Challenge *ch = challenge_here(r, "stepup");
    bool sent = ch && challenge_subject(ch).id == c->user.id;
    if (sent) {
        FormView *v = form_show(r, "form", &confirm_code_form, "/confirm/code");
        form_text(v, "next", next);
        show_text(r, "form.submit", msg(c->language, "portal.continue"));
        show_text(r, "texts.0", msg(c->language, "portal.confirm.sent"));
        show_text(r, "texts.1",
                  msg_format(c, c->language, "portal.code.how", { "minutes", text(c, "%d", CODE_MINUTES) }));
    } else {
        show_text(r, "texts.0", msg(c->language, "portal.confirm.code_how"));
    }
    show_text(r, "again.url", link_path(r, "/confirm/send?next=%s", url_part(r, next)));
    show_text(r, "again.text", msg(c->language, sent ? "portal.code.again" : "portal.signin.send"));
    portal_page(r, "portal.confirm.title", "portal/sign_in");
}

void confirm_send(Req *r) {
    Ctx *c = &r->c;
    PortalUser *u = portal_user_by_id(c, c->user);
    send_second(r, u);
    note(r, "%s", msg(c->language, "portal.confirm.sent"));
    go(r, "/confirm/code?next=%s", url_part(r, own_next(r, query_text(r, "next"))));
}

void confirm_code_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &confirm_code_form);
    problems_end(r);
    Challenge *ch = challenge_here(r, "stepup");
    if (!ch || challenge_subject(ch).id != c->user.id)
        fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "portal.code.expired"));
    challenge_prove(r, ch, in_text(in, "code"));
    db_tx(c, DB_WRITE, step_up_in_tx, r, NULL);
    go_to(r, own_next(r, in_text(in, "next")));
}

/* --- /profile/security/two-step ----------------------------------------------------------------------------------- */

static const Form enrol_form = { .name = "portal.enrol", .fields = FIELDS {
    { "code", NULL, CODE(6), .flags = REQUIRED | SECRET },
    { "seed", NULL, HIDDEN(400) }, { 0 } } };

static const char *seed_place(Ctx *c) { return text(c, "portal totp %lld", (long long)c->user.id); }

void two_step_page(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    PortalUser *u = portal_user_by_id(c, c->user);
    bool on = strcmp(u->mfa, "off") != 0;
    const char *rule = portal_setting_get(c, "two_step");
    show_text(r, "now.word", msg(c->language, text(r, "portal.two_step.%s", u->mfa)));
    show_text(r, "now.tone", on ? "ok" : "off");
    if (!strcmp(u->mfa, "totp"))
        show_text(r, "now.left",
                  msg_plural(c, c->language, "portal.two_step.left", recovery_left(c, REALM_PORTAL, u->id), NULL));
    if (rule && !strcmp(rule, "required")) show_text(r, "now.rule", msg(c->language, "portal.two_step.required"));
    if (on) show_text(r, "off_url", link_path(r, "/profile/security/two-step/off"));
    if (strcmp(u->mfa, "code") && u->password_hash)
        show_text(r, "code_url", link_path(r, "/profile/security/two-step/code"));
    if (strcmp(u->mfa, "totp")) show_text(r, "app_url", link_path(r, "/profile/security/two-step/app"));
    portal_page(r, "portal.two_step.title", "portal/two_step");
}

static void tell_changed(Ctx *c, const PortalUser *u) {
    NotifyField fields[] = { { "at", locale_time_words(&c->mem, c->locale, c->now) },
                             { "what", msg(u->lang, "portal.two_step.what") },
                             { "link", public_url(c, "/forgot", true) },
                             { 0 } };
    notify(c, "portal_sign_in_data", &(Recipient){ .portal_user = u->id }, fields,
           &(NotifyOptions){ .channels = "email,inapp" });
    if (u->mobile)
        notify(c, "portal_sign_in_data", &(Recipient){ .phone = u->mobile, .lang = u->lang }, fields,
               &(NotifyOptions){ .channels = "sms" });
}

static void factor_set(Ctx *c, const PortalUser *u, const char *mfa) {
    db_run(
        c,
        "update portal_user set mfa = ?, totp_secret_enc = if(? = 'totp', totp_secret_enc, null), row_version = "
        "row_version + 1 where id = ?",
        mfa, mfa, u->id);
    if (strcmp(mfa, "totp")) recovery_forget(c, REALM_PORTAL, u->id);
    device_forget(c, REALM_PORTAL, u->id, (Id){ 0 });
    audit_write(c, &(Audit){ .action = "edit",
                             .entity = "portal_user",
                             .id = u->id,
                             .number = u->email,
                             .version = u->row_version + 1,
                             .before = json_pairs(c, "mfa", u->mfa, NULL),
                             .after = json_pairs(c, "mfa", mfa, NULL) });
    tell_changed(c, u);
}

/* off, code */
void two_step_set(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    const char *to = path_text(r, "kind");
    PortalUser *u = portal_user_by_id(c, c->user);
    if (strcmp(to, "off") && strcmp(to, "code")) fail(c, NOT_FOUND, "There is no such page.");
    if (!strcmp(to, "code") && !u->password_hash)
        fail(c, CONFLICT, "%s", msg(c->language, "portal.two_step.no_password"));
    if (strcmp(u->mfa, to)) factor_set(c, u, to);
    note(r, "%s", msg(c->language, !strcmp(to, "off") ? "portal.two_step.off_done" : "portal.two_step.on_done"));
    go(r, "/profile/security/two-step");
}

void two_step_app_page(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    FormView *v = form_show(r, "form", &enrol_form, "/profile/security/two-step/app");
    factor_seed_show(r, v, seed_place(c), utility_here(c)->name, c->user_name);
    show_text(r, "form.submit", msg(c->language, "portal.two_step.confirm"));
    show_text(r, "texts.0", msg(c->language, "mfa.enrol_how"));
    portal_page(r, "portal.two_step.app_title", "portal/two_step_app");
}

typedef struct Enrol { PortalUser *u; const char *secret; int64_t step; const char **codes; } Enrol;

static void enrol_store(Ctx *c, void *arg) {
    Enrol *e = arg;
    factor_set(c, e->u, "totp");
    db_run(c, "update portal_user set totp_secret_enc = ?, totp_last_step = ? where id = ?",
           vault_seal(c, "portal_user.totp_secret", e->secret), e->step, e->u->id);
    e->codes = recovery_make(c, REALM_PORTAL, e->u->id, RECOVERY_PORTAL);
}

/* Answers with a page: the codes are shown this once. */
void two_step_app_post(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    Input *in = form_read(r, &enrol_form);
    problems_end(r);
    Enrol e = { .u = portal_user_by_id(c, c->user), .secret = factor_seed_read(r, in, seed_place(c)) };
    e.step = totp_accept(bytes_of(e.secret), in_text(in, "code"), time_unix(c->now), 0);
    if (e.step < 0) fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "portal.second.wrong"));
    db_tx(c, DB_WRITE, enrol_store, &e, NULL);
    for (int i = 0; i < RECOVERY_PORTAL; i++) show_text(r, text(r, "codes.%d", i), e.codes[i]);
    show_text(r, "texts.0", msg(c->language, "mfa.recovery_why"));
    show_text(r, "go_on_url", link_path(r, "/profile/security"));
    portal_page(r, "mfa.recovery_title", "portal/two_step_app");
}

void device_forget_post(Req *r) {
    device_forget(&r->c, REALM_PORTAL, r->c.user, (Id){ 0 });
    audit_note(&r->c, "devices_forgotten", "portal_user", r->c.user, r->c.user_name, NULL);
    note(r, "%s", msg(r->c.language, "portal.security.forgotten"));
    go(r, "/profile/security");
}

/* The page is open and the session near its end: looking keeps it alive. */
void session_stay_page(Req *r) { answer_text(r, 200, "ok\n"); }
