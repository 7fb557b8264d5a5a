/*
 * Signing in and out of the staff's and the platform's realm (ONB-LOGIN): address and password, second factor, choice
 * of utility. Assurance S5 to S13. The routes are NO_TX: a hash takes a tenth of a second and may not hold a
 * transaction, and a wrong password is remembered although the answer is a refusal.
 */
#include "app/core/sign_in.h"

#include <stdlib.h>
#include <string.h>

#include "app/core/hashing.h"
#include "app/core/home.h"
#include "app/core/menu.h"
#include "app/core/pages.h"
#include "app/core/policy.h"
#include "lib/colour.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"
#include "lib/web.h"

static bool access_ended(Ctx *c) {
    const char *status = facts_of(c)->tenant_status;
    return c->tenant.id && status && !strcmp(status, "cancelled");
}

/* --- realms and people -------------------------------------------------------------------------------------------- */

Realm realm_here(const Ctx *c) { return c->tenant.id ? REALM_STAFF : REALM_PLATFORM; }

const char *realm_name(Realm realm) {
    return realm == REALM_PORTAL ? "portal" : realm == REALM_PLATFORM ? "platform" : "staff";
}

const char *realm_path(const Ctx *c, const char *path) {
    static const char *const pairs[][2] = { { "/login", "/platform/login" }, { "/login/mfa", "/platform/login/mfa" },
                                            { "/password/forgot", "/platform/password/forgot" },
                                            { "/password/reset", "/platform/password/reset" },
                                            { "/logout", "/platform/logout" } };
    for (size_t i = 0; c->tenant.id == 0 && i < sizeof pairs / sizeof *pairs; i++)
        if (!strcmp(pairs[i][0], path)) return pairs[i][1];
    return path;
}

#define STAFF_PERSON "select u.id, u.email, u.full_name, u.password_hash, u.status, u.must_change_password, " \
                     "u.password_changed_at, u.password_history, coalesce(u.locale, 'en') as language, " \
    "exists (select 1 from user_role ur join role ro on ro.id = ur.role_id where ur.user_id = u.id and ro.active = 1 " \
    "and ro.mfa_required = 1) as factor_required, " \
    "exists (select 1 from mfa_factor f where f.realm = 'staff' and f.user_id = u.id and f.kind = 'totp' " \
    "and f.confirmed_at is not null) as has_factor from user u "
#define PLATFORM_PERSON "select u.id, u.email, u.full_name, u.password_hash, u.status, u.must_change_password, " \
                        "u.password_changed_at, u.password_history, u.locale as language, " \
    "true as factor_required, exists (select 1 from smart360.mfa_factor f where f.user_id = u.id and f.kind = 'totp' " \
    "and f.confirmed_at is not null) as has_factor " \
    "from smart360.platform_user u "

Person *person_by_email(Ctx *c, const char *email) {
    if (realm_here(c) == REALM_PLATFORM) return db_find(c, Person, PLATFORM_PERSON "where u.email = ?", email);
    return db_find(c, Person, STAFF_PERSON "where u.email = ?", email);
}

Person *person_by_id(Ctx *c, Id id) {
    if (realm_here(c) == REALM_PLATFORM) return db_find(c, Person, PLATFORM_PERSON "where u.id = ?", id);
    return db_find(c, Person, STAFF_PERSON "where u.id = ?", id);
}

/* --- tries -------------------------------------------------------------------------------------------------------- */

#define POLICY(F, T) F(T, int, lock_failures) F(T, int, lock_minutes) F(T, int, password_age_days) \
    F(T, int, concurrent_sessions) F(T, int, idle_minutes)
ROW(Policy, POLICY)

static Policy policy_here(Ctx *c) {
    Policy *p = realm_here(c) == REALM_STAFF
        ? db_find(c, Policy, "select lock_failures, lock_minutes, coalesce(password_age_days, 0) as password_age_days, "
                             "concurrent_sessions, idle_minutes "
                             "from security_policy where one = 1") : NULL;
    return p ? *p : (Policy){ .lock_failures = 5, .lock_minutes = 15, .concurrent_sessions = 3, .idle_minutes = 30 };
}

#define ATTEMPT_AT(F, T) F(T, Time, at)
ROW(AttemptAt, ATTEMPT_AT)

Time attempt_locked_until(Ctx *c, const char *email, LockPolicy *policy) {
    Policy p = policy_here(c);
    *policy = (LockPolicy){ p.lock_failures, p.lock_minutes };
    const char *realm = realm_name(realm_here(c));
    Time since = time_add_seconds(c->now, -(FAILURE_WINDOW_S + policy->minutes * 60));
    AttemptAts all = db_all(c, AttemptAt, "select at from login_attempt where realm = ? and email = ? and at > ? "
                                          "and result in ('wrong_password', 'mfa_failed', 'inactive') and id > "
                            "coalesce((select max(a.id) from login_attempt a where a.realm = ? and a.email = ? "
                            "and a.result in ('success', 'reset', 'unlocked')), 0) order by at, id limit 400",
                            realm, email, since, realm, email);
    Time *at = take_n(c, Time, all.n + 1);
    for (size_t i = 0; i < all.n; i++) at[i] = all.v[i].at;
    return lock_until(at, all.n, *policy);
}

void attempt_add(Req *r, Realm realm, const char *login, Id subject, const char *result) {
    Ctx *c = &r->c;
    const char *agent = header_text(r, "User-Agent");
    db_run(c, "insert into login_attempt (realm, at, email, user_id, ip, user_agent, result) "
              "values (?,?,?,?,inet6_aton(?),?,?)",
           realm_name(realm), c->now, login, subject, c->address, agent ? utf8_cut(&c->mem, agent, 400) : NULL, result);
    audit_note(c, "sign_in", realm == REALM_PLATFORM ? "platform_user" : realm == REALM_PORTAL ? "portal_user" : "user",
               subject, utf8_cut(&c->mem, login, 60), result);
}

void attempt_write(Req *r, const char *email, const Person *person, const char *result) {
    attempt_add(r, realm_here(&r->c), email, person ? person->id : (Id){ 0 }, result);
}

typedef struct Remember { Req *r; const char *email, *result; const Person *person; } Remember;

static void remember_work(Ctx *c, void *arg) {
    (void)c;
    Remember *m = arg;
    attempt_write(m->r, m->email, m->person, m->result);
}

static void remember(Req *r, const char *email, const Person *person, const char *result) {
    db_tx(&r->c, DB_WRITE, remember_work, &(Remember){ r, email, result, person }, NULL);
}

static TryVerdict verdict_now(Ctx *c, const char *email, int *seconds) {
    LockPolicy policy;
    TryFacts f = { .now = c->now, .locked_until = attempt_locked_until(c, email, &policy) };
    f.address_failures = (int)db_int(c, "select count(*) from login_attempt where ip = inet6_aton(?) and at > ? "
                                        "and at <= ? and result in ('wrong_password', "
                                        "'mfa_failed', 'inactive', 'locked')",
                                     c->address, time_add_seconds(c->now, -ADDRESS_WINDOW_S), c->now);
    return try_verdict(&f, seconds);
}

static _Noreturn void say_locked(Ctx *c, TryVerdict verdict, int seconds) {
    if (verdict == TRY_ADDRESS) fail_busy(c, seconds, "%s", msg(c->language, "login.address_busy"));
    fail_busy(c, seconds, "%s", msg_plural(c, c->language, "login.locked", wait_minutes(seconds), NULL));
}

void attempt_check(Req *r, const char *email, const Person *person) {
    int seconds;
    TryVerdict verdict = verdict_now(&r->c, email, &seconds);
    if (verdict == TRY_ALLOWED) return;
    if (verdict == TRY_LOCKED) remember(r, email, person, "locked");
    say_locked(&r->c, verdict, seconds);
}

/* --- tries at once ------------------------------------------------------------------------------------------------ */

void person_lock(Ctx *c, const Person *p) {
    if (!p) return;                             /* nothing can be guessed or sent */
    if (realm_here(c) == REALM_PLATFORM)
        (void)db_int(c, "select id from smart360.platform_user where id = ? for update", p->id);
    else
        (void)db_int(c, "select id from user where id = ? for update", p->id);
}

bool attempt_turn(Req *r, Turn *t) {
    Ctx *c = &r->c;
    person_lock(c, t->person);
    t->verdict = verdict_now(c, t->email, &t->seconds);
    if (t->verdict == TRY_LOCKED) attempt_write(r, t->email, t->person, "locked");
    return t->verdict == TRY_ALLOWED;
}

void attempt_turn_end(Req *r, const Turn *t) {
    if (t->verdict != TRY_ALLOWED) say_locked(&r->c, t->verdict, t->seconds);
}

/* --- a failed try, remembered, with the lock and its mail --------------------------------------------------------- */

static void count_failure(Ctx *c, const Person *p, Time locked_until) {
    if (realm_here(c) == REALM_PLATFORM)
        db_run(c, "update smart360.platform_user set failed_count = failed_count + 1, failed_at = ?, locked_until = "
                  "coalesce(?, locked_until) where id = ?", c->now, locked_until, p->id);
    else
        db_run(c, "update user set failed_count = failed_count + 1, failed_at = ?, locked_until = coalesce(?, "
                  "locked_until) where id = ?", c->now, locked_until, p->id);
}

void attempt_wrong(Req *r, const char *email, const Person *person, const char *result) {
    Ctx *c = &r->c;
    attempt_write(r, email, person, result);
    if (!person) return;
    LockPolicy policy;
    Time until = attempt_locked_until(c, email, &policy);
    bool begins = time_is_set(until) && until.us > c->now.us;
    count_failure(c, person, begins ? until : TIME_NONE);
    if (!begins || strcmp(person->status, "active")) return;
    const char *pairs[] = { "email", person->email, "minutes", text(c, "%d", policy.minutes), "failures",
                            text(c, "%d", policy.failures),
                            "until", locale_clock(&c->mem, c->locale, until), "link",
                                public_url(c, realm_path(c, "/password/forgot"), false), NULL };
    person_mail(r, person, "account_locked", pairs);
}

typedef struct Judged { Req *r; Turn turn; const char *wrong; } Judged;

static void judge_work(Ctx *c, void *arg) {
    (void)c;
    Judged *j = arg;
    if (attempt_turn(j->r, &j->turn) && j->wrong) attempt_wrong(j->r, j->turn.email, j->turn.person, j->wrong);
}

void attempt_judge(Req *r, const char *email, const Person *person, const char *wrong) {
    Judged j = { r, { .email = email, .person = person }, wrong };
    db_tx(&r->c, DB_WRITE, judge_work, &j, NULL);
    attempt_turn_end(r, &j.turn);
}

/* --- from the right password to the session ----------------------------------------------------------------------- */

static const char *half_cookie(const Ctx *c)   { return realm_here(c) == REALM_PLATFORM ? "s360_phalf" : "s360_half"; }
static const char *device_cookie(const Ctx *c) {
    return realm_here(c) == REALM_PLATFORM ? "s360_pdevice" : "s360_device";
}

static const Key *half_key(void) {
    static Key key;
    static bool made;
    if (!made) key = key_for(installation_keys(), "cookie half"), made = true;
    return &key;
}

/* Between password and code there is no session: who passed the first step stands in a signed cookie of ten minutes,
   tied to the password of then. */
static const char *half_value(Ctx *c, const Person *p) {
    return text(c, "%lld-%.16s", (long long)p->id.id, keyed_token(&c->mem, half_key(), "half", p->password_hash));
}

static void half_set(Req *r, const Person *p) {
    cookie_set(r, half_cookie(&r->c), signed_value(&r->c.mem, half_key(), half_cookie(&r->c), half_value(&r->c, p),
                                                   time_unix(r->c.now)), SECOND_STEP_S);
}

/* Who is half signed in; NULL when nobody is, or not any more. */
static Person *half_person(Req *r) {
    Ctx *c = &r->c;
    const char *cookie = cookie_text(r, half_cookie(c));
    Signed half;
    if (!cookie || !signed_open(&c->mem, half_key(), half_cookie(c), cookie, time_unix(c->now), SECOND_STEP_S, &half))
        return NULL;
    Person *p = person_by_id(c, (Id){ strtoll(half.value, NULL, 10) });
    return p && !strcmp(p->status, "active") && p->password_hash && !strcmp(half.value, half_value(c, p)) ? p : NULL;
}

/* At most so many sessions at once (AU01US03): the oldest ends, and both sides are told. */
static void limit_sessions(Req *r, const Person *p) {
    Ctx *c = &r->c;
    Policy policy = policy_here(c);
    const char *realm = realm_name(realm_here(c));
    Time alive = time_add_seconds(c->now, -policy.idle_minutes * 60);
    int64_t ended = db_run(c, "update session set ended_at = ?, end_reason = 'replaced' where realm = ? "
                              "and subject_id = ? and ended_at is null and expires_at > ? "
                              "and last_seen_at > ? and id not in "
                              "(select id from (select s.id from session s where s.realm = ? and s.subject_id = ? "
                              "and s.ended_at is null and s.expires_at > ? and s.last_seen_at > ? "
                              "order by s.created_at desc, s.id desc limit ?) newest)",
                           c->now, realm, p->id, c->now, alive, realm, p->id, c->now, alive,
                               policy.concurrent_sessions);
    if (ended) note(r, "%s", msg_plural(c, c->language, "login.replaced_other", policy.concurrent_sessions, NULL));
}

typedef struct SignIn {
    Req        *r;
    Person     *person;
    const char *email, *password, *next, *code;
    const char *hash;               /* a better hash of the same password, or NULL */
    bool        trust;
    bool        factor_passed;
    const char *secret;             /* of a factor that is being set up */
    const char **recovery;          /* its codes, to be shown once */
    bool        accepted;
    Turn        turn;
    NextStep    step;
    int         headers;            /* of the answer before the transaction */
} SignIn;

/* A transaction that runs again begins with the answer as it was. */
static void answer_anew(SignIn *s) {
    Req *r = s->r;
    r->headers = s->headers;
    r->status = 0;
    r->location = r->note = NULL;
    r->c.user = r->c.session = (Id){ 0 };
    r->c.realm = REALM_NONE;
    r->c.user_name = NULL;
    s->accepted = false;
}

static void store_sign_in(Ctx *c, const SignIn *s) {
    if (realm_here(c) == REALM_PLATFORM)
        db_run(c, "update smart360.platform_user set failed_count = 0, locked_until = null, last_login_at = ?, "
                  "password_hash = coalesce(?, password_hash) where id = ?", c->now, s->hash, s->person->id);
    else
        db_run(c, "update user set failed_count = 0, locked_until = null, last_login_at = ?, password_hash = "
                  "coalesce(?, password_hash) where id = ?", c->now, s->hash, s->person->id);
}

/* The person is known for certain: session, or first a new password. Within a transaction. */
static void complete(SignIn *s) {
    Req *r = s->r;
    Ctx *c = &r->c;
    Person *p = s->person;
    cookie_set(r, half_cookie(c), "", -1);
    if (s->step == NEXT_PASSWORD) {
        const char *token = password_token_new(c, p->id, "reset", RESET_MINUTES, c->address);
        note(r, "%s", msg(c->language, "login.must_change"));
        go_to(r, text(r, "%s?token=%s", realm_path(c, "/password/reset"), token));
        return;
    }
    session_start(r, &(NewSession){ .realm = realm_here(c), .subject = p->id, .mfa = s->factor_passed });
    c->realm = realm_here(c);
    c->user = p->id;
    c->user_name = p->full_name;
    store_sign_in(c, s);
    attempt_write(r, s->email, p, "success");
    limit_sessions(r, p);
    go_to(r, after_sign_in(r, s->next));
}

static void step_now(SignIn *s) {
    Ctx *c = &s->r->c;
    Person *p = s->person;
    s->step = next_step(&(NextFacts){
        .now = c->now, .is_active = !strcmp(p->status, "active"), .has_factor = p->has_factor,
        .factor_required = p->factor_required, .factor_passed = s->factor_passed,
        .must_change = p->must_change_password, .password_changed_at = p->password_changed_at,
        .password_age_days = policy_here(c).password_age_days });
}

static void right_password(Ctx *c, void *arg) {
    SignIn *s = arg;
    (void)c;
    answer_anew(s);
    if (!attempt_turn(s->r, &s->turn)) return;
    s->factor_passed = s->person->has_factor && device_is_trusted(s->r, device_cookie(c), realm_here(c), s->person->id);
    step_now(s);
    if (s->step == NEXT_SESSION || s->step == NEXT_PASSWORD) complete(s);
    else if (s->step == NEXT_CODE || s->step == NEXT_ENROL) half_set(s->r, s->person);
}

/* --- /login ------------------------------------------------------------------------------------------------------- */

static const Form login_form = { .name = "login", .fields = FIELDS {
    { "email", EMAIL,    .flags = REQUIRED, .autocomplete = "username" },
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "next", HIDDEN(1000) },
    { 0 } } };

/* Pages before sign-in stand in the plain shell; their forms carry no one-time key: a second sign-in is no harm. */
static void plain_page(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.shell", "plain");
    page(r, "core/sign_in");
}

static bool is_signed_in(const Req *r) { return r->c.user.id != 0; }

static Id logo_here(Ctx *c) {
    return realm_here(c) == REALM_STAFF ? organization_logo(c) : (Id){ 0 };
}

/* The organization's own mark, for everybody who is about to sign in. */
void logo_file(Req *r) {
    Id logo = logo_here(&r->c);
    if (!logo.id) fail(r, NOT_FOUND, "There is no logo.");
    const Document *d = document_open(&r->c, logo);
    header_set(r, "Cache-Control", "public, max-age=300");
    answer_file(r, d->internal_path, d->mime, d->file_name, false);
}

/* The organization's colour as a style sheet. The address names the colour, so it may be kept for ever; nothing of the
   organization is told. */
void colour_file(Req *r) {
    uint32_t rgb;
    if (!colour_parse(text(r, "#%s", path_text(r, "colour")), &rgb)) fail(r, NOT_FOUND, "There is no such page.");
    const char *css = colour_brand_css(&r->c.mem, rgb);
    header_set(r, "Cache-Control", "private, max-age=31536000, immutable");
    answer(r, 200, "text/css; charset=utf-8", css, strlen(css));
}

static void show_maintenance(Req *r) {
    if (!r->c.tenant.id) return;
    const char *banner = db_text(&r->c, "select subject from alert where kind = 'maintenance' "
                                        "and resolved_at is null order by id desc limit 1");
    if (!banner) return;
    show_text(r, "page.notices.0.tone", "warn");
    show_text(r, "page.notices.0.text", banner);
}

/* A form older than two hours has lost its cookie: the words of ONB-LOGIN in place of the general ones. */
static void say_expired(Req *r) {
    if (r->again && r->refused == DENIED && r->problems == 1) r->problem[0].text = msg(r->c.language, "login.expired");
}

void login_page(Req *r) {
    if (is_signed_in(r)) {
        go_to(r, after_sign_in(r, query_text(r, "next")));
        return;
    }
    say_expired(r);
    show_maintenance(r);
    if (logo_here(&r->c).id) show_text(r, "brand.mark_url", "/org/logo");
    FormView *v = form_show(r, "form", &login_form, realm_path(&r->c, "/login"));
    form_text(v, "next", query_text(r, "next"));
    if (!form_again(v)) form_set(v, "email", "autofocus", "1");
    show_text(r, "links.0.text", msg(r->c.language, "login.forgot"));
    show_text(r, "links.0.url", realm_path(&r->c, "/password/forgot"));
    plain_page(r, msg(r->c.language, "login.title"));
}


/* Administrators of the organization, for as long as its data are kept (ONB08US01). */
static bool takes_data_away(Ctx *c, const char *email) {
    return db_int(c, "select exists (select 1 from user u join user_role ur on ur.user_id = u.id join role ro "
                     "on ro.id = ur.role_id and ro.code = 'tenant_admin' and ro.active = 1 where u.email = ? "
                     "and u.status = 'active')", email);
}

void login_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &login_form);
    problems_end(r);
    SignIn s = { .r = r, .email = email_lower(&c->mem, in_text(in, "email")), .password = in_text(in, "password"),
                 .next = in_text(in, "next"), .headers = r->headers };
    if (access_ended(c) && !takes_data_away(c, s.email)) {
        remember(r, s.email, NULL, "tenant_cancelled");
        fail(c, DENIED, "%s", msg(c->language, "login.ended"));
    }
    if (!networks_hold(c, networks_here(c), c->address)) {
        remember(r, s.email, NULL, "network");
        fail(c, DENIED, "%s", msg(c->language, "login.network"));
    }
    s.person = person_by_email(c, s.email);
    attempt_check(r, s.email, s.person);
    hashing_enter(c);
    attempt_check(r, s.email, s.person);        /* others may have tried while this one waited */
    bool active = s.person && !strcmp(s.person->status, "active");
    bool right = password_verify(s.person ? s.person->password_hash : NULL, s.password);
    if (!right || !active) attempt_judge(r, s.email, s.person, right ? "inactive" : "wrong_password");
    else if (password_needs_rehash(s.person->password_hash)) s.hash = password_hash(&c->mem, s.password);
    hashing_leave(c);
    if (!right || !active) fail(c, WRONG_PROOF, "%s", msg(c->language, "login.wrong"));
    s.turn = (Turn){ .email = s.email, .person = s.person };
    db_tx(c, DB_WRITE, right_password, &s, NULL);
    attempt_turn_end(r, &s.turn);
    if (s.step == NEXT_CODE || s.step == NEXT_ENROL) {
        const char *path = realm_path(c, "/login/mfa");
        go_to(r, s.next ? text(r, "%s?next=%s", path, url_part(r, s.next)) : path);
    }
}

/* --- /login/mfa --------------------------------------------------------------------------------------------------- */

static const Form code_form = { .name = "mfa", .fields = FIELDS {
    { "code", TEXT(6, 40), .flags = REQUIRED | SECRET,
      .autocomplete = "one-time-code", .width = "20" },
    { "trust", BOOL },
    { "next", HIDDEN(1000) },
    { 0 } } };

static const Form enrol_form = { .name = "enrol", .fields = FIELDS {
    { "code", CODE(6), .flags = REQUIRED | SECRET },
    { "trust", BOOL },
    { "next", HIDDEN(1000) },
    { "seed", HIDDEN(400) },
    { 0 } } };

static const char *seed_place(Ctx *c, const Person *p) {
    return text(c, "mfa enrolment %s %lld", realm_name(realm_here(c)), (long long)p->id.id);
}

static const char *organization_name(Ctx *c) {
    const char *name = realm_here(c) == REALM_STAFF ? facts_of(c)->tenant_name : NULL;
    return name ? name : "SMART360";
}

/* Sets up a second factor where the role demands one: the secret goes with the form, sealed, and is stored when a code
   proves that the app has it. */
static void enrol_page(Req *r, const Person *p) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "form", &enrol_form, realm_path(c, "/login/mfa"));
    factor_seed_show(r, v, seed_place(c, p), organization_name(c), p->email);
    form_text(v, "next", query_text(r, "next"));
    show_text(r, "texts.0", msg(c->language, "mfa.enrol_why"));
    show_text(r, "texts.1", msg(c->language, "mfa.enrol_how"));
    plain_page(r, msg(c->language, "mfa.enrol_title"));
}

void mfa_page(Req *r) {
    Ctx *c = &r->c;
    Person *p = half_person(r);
    if (!p) {
        go_to(r, realm_path(c, "/login"));
        return;
    }
    if (!p->has_factor) {
        enrol_page(r, p);
        return;
    }
    FormView *v = form_show(r, "form", &code_form, realm_path(c, "/login/mfa"));
    form_text(v, "next", query_text(r, "next"));
    form_set(v, "code", "autofocus", form_again(v) ? NULL : "1");
    show_text(r, "texts.0", msg_format(c, c->language, "mfa.how", { "name", organization_name(c) }));
    show_text(r, "links.0.text", msg(c->language, "mfa.other"));
    show_text(r, "links.0.url", realm_path(c, "/login"));
    plain_page(r, msg(c->language, "mfa.title"));
}

#define FACTOR(F, T) F(T, Id, id) F(T, Bytes, secret_enc) F(T, int64_t, last_step)
ROW(Factor, FACTOR)

/* Each step of the app's code once, each recovery code once: the row is locked while it is looked at. */
bool code_accept(Ctx *c, const Person *p, const char *code) {
    const char *realm = realm_name(realm_here(c));
    Factors all = db_all(c, Factor, "select id, secret_enc, coalesce(last_step, 0) as last_step from mfa_factor "
                                    "where realm = ? and user_id = ? and kind = 'totp' "
                                    "and confirmed_at is not null for update", realm, p->id);
    for (size_t i = 0; i < all.n; i++) {
        int64_t step = totp_accept(bytes_of(vault_open(c, "mfa_factor.secret", all.v[i].secret_enc)), code,
                                   time_unix(c->now), all.v[i].last_step);
        if (step < 0) continue;
        db_must(c, 1, BROKEN, "update mfa_factor set last_step = ?, used_at = ? where id = ?", step, c->now,
                all.v[i].id);
        return true;
    }
    return recovery_accept(c, realm_here(c), p->id, code);
}

static void enrol(Ctx *c, SignIn *s) {
    int64_t step = totp_accept(bytes_of(s->secret), s->code, time_unix(c->now), 0);
    if (step < 0) return;
    Person *p = s->person;
    db_run(c, "insert into mfa_factor (realm, user_id, kind, secret_enc, confirmed_at, used_at, last_step, created_at) "
              "values (?,?,'totp',?,?,?,?,?)",
           realm_name(realm_here(c)), p->id, vault_seal(c, "mfa_factor.secret", s->secret), c->now, c->now, step,
               c->now);
    s->recovery = recovery_make(c, realm_here(c), p->id, RECOVERY_CODES);
    audit_note(c, "mfa_set_up", realm_here(c) == REALM_PLATFORM ? "platform_user" : "user", p->id, p->email, NULL);
    p->has_factor = true;
    s->accepted = true;
}

static void code_given(Ctx *c, void *arg) {
    SignIn *s = arg;
    answer_anew(s);
    if (!attempt_turn(s->r, &s->turn)) return;
    if (s->secret) enrol(c, s);
    else s->accepted = code_accept(c, s->person, s->code);
    if (!s->accepted && !s->secret) attempt_wrong(s->r, s->email, s->person, "mfa_failed");
    if (!s->accepted) return;
    s->factor_passed = true;
    if (s->trust) device_trust(s->r, device_cookie(c), realm_here(c), s->person->id);
    step_now(s);
    complete(s);
}

/* The one POST that answers with a page: a page that could be fetched again would have to keep the codes. */
static void recovery_page(Req *r, const SignIn *s) {
    Ctx *c = &r->c;
    const char *to = r->location;
    r->location = NULL;
    r->status = 0;
    for (int i = 0; i < RECOVERY_CODES; i++) show_text(r, text(r, "codes.%d", i), s->recovery[i]);
    show_text(r, "texts.0", msg(c->language, "mfa.recovery_why"));
    show_text(r, "go_on.text", msg(c->language, "mfa.go_on"));
    show_text(r, "go_on.url", to);
    plain_page(r, msg(c->language, "mfa.recovery_title"));
}

void mfa_post(Req *r) {
    Ctx *c = &r->c;
    SignIn s = { .r = r, .person = half_person(r), .headers = r->headers };
    if (!s.person) {
        note(r, "%s", msg(c->language, "login.again"));
        go_to(r, realm_path(c, "/login"));
        return;
    }
    const Form *form = s.person->has_factor ? &code_form : &enrol_form;
    Input *in = form_read(r, form);
    problems_end(r);
    s.email = email_lower(&c->mem, s.person->email);
    s.code = in_text(in, "code"), s.next = in_text(in, "next"), s.trust = in_bool(in, "trust");
    attempt_check(r, s.email, s.person);
    if (form == &enrol_form) s.secret = factor_seed_read(r, in, seed_place(c, s.person));
    s.turn = (Turn){ .email = s.email, .person = s.person };
    db_tx(c, DB_WRITE, code_given, &s, NULL);
    attempt_turn_end(r, &s.turn);
    if (!s.accepted) fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "mfa.wrong"));
    if (s.recovery) recovery_page(r, &s);
}

/* --- after sign-in ------------------------------------------------------------------------------------------------ */

#define HELD(F, T) F(T, const char *, role_code) F(T, const char *, utility_code)
ROW(Held, HELD)

static Helds roles_held(Ctx *c) {
    Date today = utility_today(c);
    return db_all(c, Held, "select ro.code as role_code, u.code as utility_code from user_role ur "
                           "join role ro on ro.id = ur.role_id and ro.active = 1 "
                           "join utility u on (u.id = ur.utility_id or ur.utility_id is null) and u.status <> 'closed' "
                           "where ur.user_id = ? and ur.valid_from <= ? "
                           "and (ur.valid_to is null or ur.valid_to >= ?) order by ur.id, u.id", c->user, today, today);
}

static bool holds(Ctx *c, const char *role_code) {
    return db_int(c, "select count(*) from user_role ur join role ro on ro.id = ur.role_id and ro.active = 1 "
                     "where ur.user_id = ? and ro.code = ? and ro.utility_id is null", c->user, role_code) > 0;
}

const char *after_sign_in(Req *r, const char *next) {
    Ctx *c = &r->c;
    bool own = next && path_is_own(next) && strcmp(next, "/") && strncmp(next, "/login", 6)
        && strncmp(next, "/logout", 7);
    if (realm_here(c) == REALM_PLATFORM) return own && !strncmp(next, "/platform", 9) ? next : "/platform";
    if (access_ended(c)) return "/org/subscription";
    if (own) return next;
    const char *begin = holds(c, "tenant_admin") ? setup_home(c) : NULL;
    if (begin) return begin;
    if (holds(c, "tenant_admin")) return role_home(c, "tenant_admin", NULL);
    Helds all = roles_held(c);
    for (size_t i = 1; i < all.n; i++)
        if (strcmp(all.v[i].utility_code, all.v[0].utility_code)) return "/login/select";
    if (all.n && menu_landing_path(c)) return text(c, "/u/%s/", all.v[0].utility_code);
    return all.n ? role_home(c, all.v[0].role_code, all.v[0].utility_code) : "/login/select";
}

/* "/" leads to where one works, or to the sign-in page. */
void root_page(Req *r) { go_to(r, is_signed_in(r) ? after_sign_in(r, NULL) : "/login"); }

/* /u/<code>/: the home of the role held there. */
void utility_root(Req *r) {
    Ctx *c = &r->c;
    const char *role = role_here(c);
    if (!role) fail(c, DENIED, "%s", msg(c->language, "login.no_role"));
    const char *landing = menu_landing_path(c);
    if (landing && web_may_open(r, landing)) {
        go(r, "%s", landing);
        return;
    }
    if (landing) note(r, "%s", msg(c->language, "menu.landing_lost"));
    go_to(r, role_home(c, !strcmp(role, "tenant_admin") ? "utility_admin" : role, c->utility_code));
}

#define CARD(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, roles) F(T, Time, visited_at)
ROW(Card, CARD)

void select_page(Req *r) {
    Ctx *c = &r->c;
    Date today = utility_today(c);
    Cards all = db_all(c, Card, "select u.code, u.name, group_concat(distinct ro.name "
                                "order by ro.name separator ', ') as roles, "
                                "(select max(s.last_seen_at) from session s where s.realm = 'staff' "
                                "and s.subject_id = ur.user_id and s.utility_id = u.id) as visited_at "
                                "from user_role ur join role ro on ro.id = ur.role_id and ro.active = 1 "
                       "join utility u on (u.id = ur.utility_id or ur.utility_id is null) and u.status <> 'closed' "
                       "where ur.user_id = ? and ur.valid_from <= ? "
                       "and (ur.valid_to is null or ur.valid_to >= ?) "
                       "group by u.id order by visited_at is null, visited_at desc, u.name",
                       c->user, today, today);
    for (size_t i = 0; i < all.n; i++) {
        const Card *u = &all.v[i];
        show_text(r, at(r, "cards", i, "text"), u->name);
        show_text(r, at(r, "cards", i, "sub"), u->roles);
        show_text(r, at(r, "cards", i, "url"), text(r, "/u/%s/", u->code));
        show_text(r, at(r, "cards", i, "icon"), "building");
        if (time_is_set(u->visited_at))
            show_text(r, at(r, "cards", i, "right_sub"),
                      msg_format(r, c->language, "login.visited",
                                 { "date", locale_date_words(&c->mem, c->locale,
            time_date(c->locale->zone, u->visited_at)) }));
    }
    show_text(r, "texts.0", msg(c->language, all.n > 1 ? "login.select_how" : all.n ? "login.select_one"
                                                                                               : "login.no_utility"));
    if (!all.n) {
        show_text(r, "leave.text", msg(c->language, "layout.sign_out"));
        show_text(r, "leave.url", "/logout");
    }
    plain_page(r, msg(c->language, "login.select_title"));
}

void logout_post(Req *r) {
    Ctx *c = &r->c;
    session_end(c, c->session, "logout");
    audit_note(c, "sign_out", realm_here(c) == REALM_PLATFORM ? "platform_user" : "user", c->user, facts_of(c)->email,
               NULL);
    session_cookie_clear(r);
    note(r, "%s", msg(c->language, "login.out"));
    go_to(r, realm_path(c, "/login"));
}
