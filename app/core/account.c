/*
 * One's own account (spec/README section 3 `/account`; ONB-LOGIN): what the screen looks like, password, second factor
 * and trusted devices, open sessions, sign-ins. Nobody else's is reached from here; sessions and devices are named by a
 * part of their token's hash, which tells nothing about the token.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/hashing.h"
#include "app/core/pages.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

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

static const Choice date_formats[] = { { "MM/DD/YYYY", "04/30/2026" }, { "DD/MM/YYYY", "30/04/2026" },
                                       { "YYYY-MM-DD", "2026-04-30" }, { "DD-MMM-YYYY", "30-Apr-2026" }, { 0 } };

static const Form profile_form = { .name = "account", .fields = FIELDS {
    { "full_name", TEXT(2, 120), .flags = REQUIRED, .autocomplete = "name" },
    { "phone", PHONE, .autocomplete = "tel" },
    { "photo", FILE_FIELD },
    { "language", TEXT(0, 10) },
    { "time_zone", TEXT(0, 64) },
    { "date_format", CHOICE(date_formats) },
    { "theme", CHOICE(themes), .flags = REQUIRED },
    { "keys", BOOL },
    { "notes", BOOL },
    { 0 } } };

#define PROFILE(F, T) \
    F(T, const char *, full_name) F(T, const char *, phone) F(T, const char *, locale) F(T, const char *, time_zone) \
        F(T, const char *, date_format) F(T, const char *, theme) F(T, bool, keys_off) F(T, bool, mail_off) \
        F(T, Id, avatar_document_id) F(T, int64_t, row_version)
ROW(Profile, PROFILE)

static Profile *profile_of(Ctx *c, bool lock) {
    if (lock)
        return db_one(c, Profile, "select full_name, phone, locale, time_zone, date_format, theme, keys_off, mail_off, "
                                  "avatar_document_id, row_version from user where id = ? for update", c->user);
    return db_one(c, Profile, "select full_name, phone, locale, time_zone, date_format, theme, keys_off, mail_off, "
                              "avatar_document_id, row_version from user where id = ?", c->user);
}

/* Languages name themselves. */
static void language_options(Req *r, FormView *v) {
    form_set(v, "language", "kind", "select");
    form_set(v, "language", "blank", msg(r->c.language, "account.usual_language"));
    for (const char *const *l = messages_languages(); *l; l++)
        form_option(v, "language", *l, msg(*l, "lib.language_name"));
}

typedef struct Zones { Req *r; size_t n; const char *chosen; bool found; } Zones;

static void zone_option(void *arg, const char *iana) {
    Zones *z = arg;
    show_text(z->r, text(z->r, "form.fields.time_zone.options.%zu.value", z->n), iana);
    show_text(z->r, text(z->r, "form.fields.time_zone.options.%zu.text", z->n++), iana);
}

static void zone_look(void *arg, const char *iana) {
    Zones *z = arg;
    z->found |= !strcmp(iana, z->chosen);
}

static bool zone_is_listed(Ctx *c, const char *iana) {
    Zones z = { .chosen = iana };
    zones_each(&c->mem, zone_look, &z);
    return z.found;
}

static void show_photo(Req *r, const Profile *p) {
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.photo.accept", "image/jpeg,image/png");
    if (!p->avatar_document_id.id) return;
    show_text(r, "form.fields.photo.current.text", msg(r->c.language, "account.photo_now"));
    show_text(r, "form.fields.photo.current.url", "/account/photo");
}

void me_page(Req *r) {
    show_head(r, "profile");
    Profile *p = profile_of(&r->c, false);
    FormView *v = form_show(r, "form", &profile_form, "/account");
    language_options(r, v);
    form_set(v, "time_zone", "kind", "select");
    form_set(v, "time_zone", "blank", msg(r->c.language, "account.usual_zone"));
    zones_each(&r->c.mem, zone_option, &(Zones){ .r = r });
    form_set(v, "date_format", "blank", msg(r->c.language, "account.usual_dates"));
    show_photo(r, p);
    form_text(v, "full_name", p->full_name);
    form_text(v, "phone", p->phone);
    form_text(v, "language", p->locale);
    form_text(v, "time_zone", p->time_zone);
    form_text(v, "date_format", p->date_format);
    form_text(v, "theme", p->theme);
    form_bool(v, "keys", !p->keys_off);
    form_bool(v, "notes", !p->mail_off);
    form_version(v, p->row_version);
    show_text(r, "form.intro", msg_format(r, r->c.language, "account.preview",
        { "time", locale_time(&r->c.mem, r->c.locale, r->c.now) }));
    page(r, "layout/form");
}

static const char *profile_json(Ctx *c, const Profile *p) {
    return json_pairs(c, "full_name", p->full_name, "phone", p->phone, "locale", p->locale, "time_zone", p->time_zone,
                      "date_format", p->date_format, "theme", p->theme, "keys", p->keys_off ? "no" : "yes", "notes",
                      p->mail_off ? "no" : "yes", NULL);
}

/* The photo that came with the form; the stored one when none did. */
static Id photo_taken(Req *r, const Profile *p) {
    if (!r->uploads.n || !r->uploads.v[0].size) return p->avatar_document_id;
    return document_store(&r->c, &(NewDocument){ .file_name = r->uploads.v[0].filename, .fd = r->uploads.v[0].fd,
                                                 .kind = "user_photo", .entity = "user", .entity_id = r->c.user });
}

void me_save(Req *r) {
    Ctx *c = &r->c;
    Profile *p = profile_of(c, true);
    Input *in = form_read(r, &profile_form);
    Profile n = { .full_name = in_text(in, "full_name"), .phone = in_text(in, "phone"),
                  .locale = in_text(in, "language"), .time_zone = in_text(in, "time_zone"),
                  .date_format = in_text(in, "date_format"), .theme = in_text(in, "theme"),
                  .keys_off = !in_bool(in, "keys"), .mail_off = !in_bool(in, "notes") };
    if (n.locale && !messages_has_language(n.locale))
        problem(r, "language", "%s", msg(c->language, "account.no_language"));
    if (n.time_zone && !zone_is_listed(c, n.time_zone))
        problem(r, "time_zone", "%s", msg(c->language, "account.no_zone"));
    problems_end(r);
    n.avatar_document_id = photo_taken(r, p);
    db_must(c, 1, CONFLICT,
            "update user set full_name = ?, phone = ?, locale = ?, time_zone = ?, date_format = ?, theme = ?, "
            "keys_off = ?, mail_off = ?, avatar_document_id = ?, updated_at = ?, updated_by = ?, "
            "row_version = row_version + 1 where id = ? and row_version = ?",
            n.full_name, n.phone, n.locale, n.time_zone, n.date_format, n.theme, n.keys_off, n.mail_off,
            n.avatar_document_id, c->now, c->user, c->user, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "user", .id = c->user, .number = facts_of(c)->email,
                             .version = p->row_version + 1, .before = profile_json(c, p),
                             .after = profile_json(c, &n) });
    note(r, "%s", msg(n.locale ? n.locale : c->language, "ui.saved"));
    go_to(r, "/account");
}

void me_photo(Req *r) {
    Profile *p = profile_of(&r->c, false);
    if (!p->avatar_document_id.id) fail(r, NOT_FOUND, "There is no photo.");
    const Document *d = document_open(&r->c, p->avatar_document_id);
    answer_file(r, d->internal_path, d->mime, d->file_name, false);
}

/* The session goes on: asked for by the dialog before its idle end. */
void me_ping(Req *r) { answer(r, 204, "text/plain; charset=utf-8", "", 0); }

/* --- security: password, second factor, trusted devices ----------------------------------------------------------- */

static const Form password_form = { .name = "account_password", .fields = FIELDS {
    { "current", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
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

/* What can be done about the second factor: factor.c. */
static void show_factor(Req *r, const Person *p, const char *at_) {
    Ctx *c = &r->c;
    FactorRow *f = db_find(c, FactorRow, "select confirmed_at, used_at from mfa_factor where realm = 'staff' "
                                         "and user_id = ? and kind = 'totp' and confirmed_at is not null order by id "
                                         "limit 1", c->user);
    show_text(r, text(r, "%s.title", at_), msg(c->language, "account.factor"));
    const char *facts = text(r, "%s.facts", at_);
    fact(r, facts, "account.factor_state", msg(c->language, f ? "account.factor_on" : "account.factor_off"));
    fact(r, facts, "account.factor_role", msg(c->language, p->factor_required ? "ui.yes" : "ui.no"));
    if (f) {
        fact(r, facts, "account.factor_since", when(r, f->confirmed_at));
        fact(r, facts, "account.factor_used", when(r, f->used_at));
        fact(r, facts, "account.codes_left", locale_count(&c->mem, c->locale, recovery_left(c, REALM_STAFF, c->user)));
    }
    show_text(
        r, text(r, "%s.actions.0.text", at_), msg(c->language, f ? "account.factor_codes" : "account.factor_begin"));
    show_text(r, text(r, "%s.actions.0.url", at_), f ? "/account/factor/codes" : "/account/factor");
    if (f && !p->factor_required) {
        show_text(r, text(r, "%s.actions.1.text", at_), msg(c->language, "account.factor_end"));
        show_text(r, text(r, "%s.actions.1.url", at_), "/account/factor/removal");
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

/* --- another address: confirmed from the new one, told to the old one (S14) --------------------------------------- */

enum { EMAIL_MINUTES = 24 * 60 };

static const Form address_form = { .name = "account_email", .fields = FIELDS {
    { "email", EMAIL, .flags = REQUIRED, .autocomplete = "email" },
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { 0 } } };

static void show_address(Req *r, const char *at_) {
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, "account.email"));
    form_show(r, text(r, "%s.form", at_), &address_form, "/account/email");
    show_text(r, text(r, "%s.form.intro", at_), msg(r->c.language, "account.email_how"));
    show_text(r, text(r, "%s.span", at_), "half");
}

typedef struct NewAddress { Req *r; Person *person; const char *email; } NewAddress;

static void address_work(Ctx *c, void *arg) {
    NewAddress *x = arg;
    Id me = db_id(c, "select id from user where id = ? for update", c->user);
    if (!may_send_reset((int)db_int(c, "select count(*) from password_token where realm = 'staff' and user_id = ? "
                                       "and purpose = 'email' and created_at > ?", me,
                                    time_add_seconds(c->now, -RESET_WINDOW_S))))
        fail_busy(c, RESET_WINDOW_S, "%s", msg(c->language, "account.email_busy"));
    const char *token = password_token_new(c, c->user, "email", EMAIL_MINUTES, c->address);
    db_must(c, 1, BROKEN, "update password_token set new_email = ? where realm = 'staff' and user_id = ? "
                          "and purpose = 'email' and used_at is null", x->email, c->user);
    NotifyField sent[] = { { "email", x->email }, { "link", public_url(c, text(c, "/account/email/confirm?token=%s",
                                                                              token), false) }, { 0 } };
    notify(c, "email_change", &(Recipient){ .email = x->email, .lang = x->person->language }, sent,
           &(NotifyOptions){ .channels = "email", .entity = "user", .entity_id = c->user });
    NotifyField told[] = { { "old", x->person->email }, { "new", x->email },
                           { "at", locale_time_words(&c->mem, c->locale, c->now) }, { 0 } };
    notify(c, "email_changed", &(Recipient){ .user = c->user }, told,
           &(NotifyOptions){ .channels = "email", .entity = "user", .entity_id = c->user });
    audit_note(c, "email_asked", "user", c->user, facts_of(c)->email, NULL);
}

/* The person's password, counted when it is wrong; fails INVALID at `field`. */
void password_prove(Req *r, const Person *p, const char *password, const char *field) {
    Ctx *c = &r->c;
    const char *email = email_lower(&c->mem, p->email);
    attempt_check(r, email, p);
    hashing_enter(c);
    bool right = password_verify(p->password_hash, password);
    hashing_leave(c);
    attempt_judge(r, email, p, right ? NULL : "wrong_password");
    if (!right) fail_field(c, INVALID, field, "%s", msg(c->language, "account.wrong_password"));
}

void me_email(Req *r) {
    Ctx *c = &r->c;
    Person *p = person_by_id(c, c->user);
    Input *in = form_read(r, &address_form);
    const char *email = in_text(in, "email") ? email_lower(&c->mem, in_text(in, "email")) : NULL;
    if (email && !strcmp(email, p->email)) problem(r, "email", "%s", msg(c->language, "account.email_same"));
    problems_end(r);
    password_prove(r, p, in_text(in, "password"), "password");
    db_tx(c, DB_WRITE, address_work, &(NewAddress){ r, p, email }, NULL);
    note(r, "%s", msg_format(c, c->language, "account.email_sent", { "email", email }));
    go_to(r, "/account/security");
}

static const Form confirm_form = { .name = "account_email_confirm", .fields = FIELDS {
    { "token", HIDDEN(100) }, { 0 } } };

#define ASKED(F, T) F(T, Id, id) F(T, Id, user_id) F(T, const char *, new_email) F(T, const char *, email)
ROW(Asked, ASKED)

static Asked *asked_by(Ctx *c, const char *token) {
    if (!token || strlen(token) > 100) return NULL;
    uint8_t hash[TOKEN_HASH_SIZE];
    token_hash(token, hash);
    return db_find(c, Asked, "select t.id, t.user_id, t.new_email, u.email from password_token t join user u "
                             "on u.id = t.user_id and u.status = 'active' where t.token_hash = ? and t.realm = 'staff' "
                             "and t.purpose = 'email' and t.used_at is null and t.expires_at > ?",
                   ((Bytes){ hash, sizeof hash }), c->now);
}

static void plain(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.shell", "plain");
    page(r, "core/sign_in");
}

void me_email_confirm(Req *r) {
    Ctx *c = &r->c;
    const char *token = r->again ? field_text(r, "token") : query_text(r, "token");
    Asked *a = asked_by(c, token);
    if (!a) {
        r->status = CONFLICT;
        show_text(r, "texts.0", msg(c->language, "link.ended"));
        plain(r, msg(c->language, "link.ended_title"));
        return;
    }
    FormView *v = form_show(r, "form", &confirm_form, "/account/email/confirm");
    form_text(v, "token", token);
    show_text(r, "texts.0", msg_format(c, c->language, "account.email_confirm", { "email", a->new_email }));
    plain(r, msg(c->language, "account.email"));
}

void me_email_change(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &confirm_form);
    Asked *a = asked_by(c, in_text(in, "token"));
    if (!a) fail(c, CONFLICT, "%s", msg(c->language, "link.ended"));
    if (db_int(c, "select count(*) from user where email = ?", a->new_email))
        fail(c, CONFLICT, "%s", msg(c->language, "account.email_taken"));
    db_must(c, 1, CONFLICT, "update password_token set used_at = ? where id = ? and used_at is null", c->now, a->id);
    db_run(c, "update user set email = ? where id = ?", a->new_email, a->user_id);
    user_touched(c, a->user_id, &(UserChange){ .action = "email_changed",
                                               .before = json_pairs(c, "email", a->email, NULL),
                                               .after = json_pairs(c, "email", a->new_email, NULL) });
    password_links_end(c, a->user_id);          /* those sent to the old address */
    session_end_all(c, REALM_STAFF, a->user_id, (Id){ 0 }, "revoked");
    note(r, "%s", msg_format(c, c->language, "account.email_done", { "email", a->new_email }));
    go_to(r, "/login");
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
    show_address(r, "show.sections.3");
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
    attempt_judge(r, email, p, right ? NULL : "wrong_password");
    if (!right) fail_field(c, INVALID, "current", "%s", msg(c->language, "account.wrong_password"));
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

void me_activity(Req *r) {
    Person *p = show_head(r, "activity");
    activity_table(r, "show.sections.0", p->id, email_lower(&r->c.mem, p->email));
    page(r, "layout/show");
}
