/*
 * Passwords by link: forgotten, reset, and the first one of an invitation (ONB-LOGIN; assurance S9, S13, S14). A link's
 * token is 32 random bytes of which only the hash is stored; the newest alone is valid, once. It never skips the second
 * factor: whoever has chosen a password signs in with it.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/hashing.h"
#include "app/core/pages.h"
#include "app/core/platform_mail.h"
#include "app/core/sign_in.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/page.h"

static void plain_page(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.shell", "plain");
    page(r, "core/sign_in");
}

static Bytes hash_of(Ctx *c, const char *token) {
    uint8_t *hash = take(c, TOKEN_HASH_SIZE);
    token_hash(token, hash);
    return (Bytes){ hash, TOKEN_HASH_SIZE };
}

static void login_link(Req *r, int at_, const char *key, const char *path) {
    show_text(r, text(r, "links.%d.text", at_), msg(r->c.language, key));
    show_text(r, text(r, "links.%d.url", at_), realm_path(&r->c, path));
}

/* "This link is no longer valid": of a used, an old and an unknown one alike. */
static void link_ended(Req *r) {
    r->status = CONFLICT;
    show_text(r, "texts.0", msg(r->c.language, "link.ended"));
    login_link(r, 0, "link.another", "/password/forgot");
    login_link(r, 1, "link.sign_in", "/login");
    plain_page(r, msg(r->c.language, "link.ended_title"));
}

/* --- mails -------------------------------------------------------------------------------------------------------- */

void person_mail(Req *r, const Person *p, const char *template_key, const char *const *pairs) {
    Ctx *c = &r->c;
    if (realm_here(c) == REALM_PLATFORM) {
        MsgPair words[16] = { 0 };
        for (int i = 0; i < 15 && pairs[2 * i]; i++) words[i] = (MsgPair){ pairs[2 * i], pairs[2 * i + 1] };
        platform_mail(c, p->email, p->language, template_key, words, !strcmp(template_key, "password_reset") ? "link"
                      : NULL);
        return;
    }
    NotifyField fields[16] = { 0 };
    for (int i = 0; i < 15 && pairs[2 * i]; i++) fields[i] = (NotifyField){ pairs[2 * i], pairs[2 * i + 1] };
    notify(c, template_key, &(Recipient){ .user = p->id }, fields,
           &(NotifyOptions){ .channels = "email", .entity = "user", .entity_id = p->id });
}

/* --- rules of a new password -------------------------------------------------------------------------------------- */

typedef struct Hashes { const char *v[PASSWORDS_REMEMBERED + 1]; size_t n; } Hashes;

/* The present one and those before it, newest first. */
static Hashes hashes_of(Ctx *c, const Person *p) {
    Hashes h = { 0 };
    if (p->password_hash) h.v[h.n++] = p->password_hash;
    if (!p->password_history) return h;
    Json list = json_read(&c->mem, p->password_history, strlen(p->password_history), 4096, NULL);
    for (size_t i = 0; i < json_size(list) && h.n < PASSWORDS_REMEMBERED; i++) {
        const char *hash = json_text(json_item(list, i), "");
        if (hash && (!p->password_hash || strcmp(hash, p->password_hash))) h.v[h.n++] = hash;
    }
    return h;
}

static const char *history_json(Ctx *c, const Person *p, const char *hash) {
    Hashes old = hashes_of(c, p);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    json_add_text(&o, NULL, hash);
    for (size_t i = 0; i < old.n && i < PASSWORDS_REMEMBERED - 1; i++) json_add_text(&o, NULL, old.v[i]);
    json_close(&o);
    return t.s;
}

const char *new_password_refusal(Req *r, const Person *p, const char *password) {
    Ctx *c = &r->c;
    const char *organization = realm_here(c) == REALM_STAFF ? facts_of(c)->tenant_name : NULL;
    PasswordFacts f = { .password = password, .least = PASSWORD_LEAST_STAFF, .email = p->email,
                        .full_name = p->full_name, .organization = organization };
    const char *refusal = password_refusal(&c->mem, &f);
    if (refusal) return refusal;
    Hashes old = hashes_of(c, p);
    return password_was_used(password, old.v, old.n) ? PASSWORD_USED_BEFORE : NULL;
}

void password_links_end(Ctx *c, Id person) {
    db_run(c, "update password_token set used_at = ? where realm = ? and user_id = ? and used_at is null", c->now,
           realm_name(realm_here(c)), person);
}

void password_store(Req *r, const Person *p, const char *hash, Id but) {
    Ctx *c = &r->c;
    bool platform = realm_here(c) == REALM_PLATFORM;
    const char *history = history_json(c, p, hash);
    if (platform)
        db_must(c, 1, BROKEN, "update smart360.platform_user set password_hash = ?, password_history = ?, "
                              "password_changed_at = ?, must_change_password = 0, failed_count = 0, "
                              "locked_until = null where id = ?",
                hash, history, c->now, p->id);
    else
        db_must(c, 1, BROKEN, "update user set password_hash = ?, password_history = ?, password_changed_at = ?, "
                              "must_change_password = 0, failed_count = 0, locked_until = null where id = ?",
                hash, history, c->now, p->id);
    password_links_end(c, p->id);
    session_end_all(c, realm_here(c), p->id, but, "password_changed");
    if (!but.id) device_forget(c, realm_here(c), p->id, (Id){ 0 });
    audit_note(c, "password_changed", platform ? "platform_user" : "user", p->id, p->email, NULL);
}

void password_tell(Req *r, const Person *p) {
    Ctx *c = &r->c;
    const char *pairs[] = { "email", p->email, "at", locale_time_words(&c->mem, c->locale, c->now), "link",
                            public_url(c, realm_path(c, "/password/forgot"), false), NULL };
    person_mail(r, p, "password_changed", pairs);
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

const char *password_token_new(Ctx *c, Id person, const char *purpose, int minutes, const char *address) {
    const char *realm = realm_name(realm_here(c)), *token = random_token(&c->mem);
    db_run(c, "update password_token set used_at = ? where realm = ? and user_id = ? "
              "and purpose = ? and used_at is null", c->now, realm, person, purpose);
    db_run(c, "insert into password_token (realm, user_id, token_hash, purpose, expires_at, created_at, ip) "
              "values (?,?,?,?,?,?,inet6_aton(?))",
           realm, person, hash_of(c, token), purpose, time_add_seconds(c->now, minutes * 60), c->now, address);
    return token;
}

#define LINK(F, T) F(T, Id, id) F(T, Id, user_id) F(T, Time, expires_at) F(T, Time, used_at)
ROW(Link, LINK)

/* NULL when the link is not, or no longer, valid. */
static Link *link_find(Ctx *c, const char *token, const char *purpose) {
    if (!token || strlen(token) > 100) return NULL;
    Link *l = db_find(c, Link, "select id, user_id, expires_at, used_at from password_token where token_hash = ? "
                               "and realm = ? and purpose = ?", hash_of(c, token), realm_name(realm_here(c)), purpose);
    return l && !time_is_set(l->used_at) && c->now.us < l->expires_at.us ? l : NULL;
}

static Person *link_person(Ctx *c, const Link *l) {
    Person *p = l ? person_by_id(c, l->user_id) : NULL;
    return p && !strcmp(p->status, "active") ? p : NULL;
}

/* --- /password/forgot --------------------------------------------------------------------------------------------- */

static const Form forgot_form = { .name = "forgot", .fields = FIELDS {
    { "email", EMAIL, .flags = REQUIRED, .autocomplete = "username" },
    { 0 } } };

void forgot_page(Req *r) {
    login_link(r, 0, "link.sign_in", "/login");
    if (query_text(r, "sent")) {
        show_text(r, "texts.0", msg(r->c.language, "forgot.sent"));
        show_text(r, "texts.1", msg_format(r, r->c.language, "forgot.sent_how",
                                           { "minutes", text(r, "%d", RESET_MINUTES) }));
        plain_page(r, msg(r->c.language, "forgot.sent_title"));
        return;
    }
    /* without a mail server an operator makes the link */
    if (realm_here(&r->c) == REALM_PLATFORM && !platform_mail_ready()) {
        show_text(r, "texts.0", msg(r->c.language, "forgot.platform"));
        plain_page(r, msg(r->c.language, "forgot.title"));
        return;
    }
    show_text(r, "texts.0", msg(r->c.language, "forgot.how"));
    form_show(r, "form", &forgot_form, realm_path(&r->c, "/password/forgot"));
    plain_page(r, msg(r->c.language, "forgot.title"));
}

/* As it is now, whoever asked at the same moment: the person's row is locked. */
static int asked_by(Ctx *c, const char *email) {
    return (int)db_int(c, "select count(*) from (select id from login_attempt where realm = ? and email = ? "
                          "and at > ? and result = 'reset_asked' lock in share mode) asked", realm_name(realm_here(c)),
                       email, time_add_seconds(c->now, -RESET_WINDOW_S));
}

/* The answer never tells whether there is such an account. */
void forgot_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &forgot_form);
    problems_end(r);
    const char *email = email_lower(&c->mem, in_text(in, "email"));
    int64_t by_address = db_int(c, "select count(*) from login_attempt where ip = inet6_aton(?) and at > ? "
                                   "and result = 'reset_asked'", c->address, time_add_seconds(c->now, -RESET_WINDOW_S));
    if (too_many_resets((int)by_address)) fail_busy(c, RESET_WINDOW_S, "%s", msg(c->language, "forgot.busy"));
    Person *p = person_by_email(c, email);
    person_lock(c, p);
    bool more = p && may_send_reset(asked_by(c, email));
    attempt_write(r, email, p, "reset_asked");
    if (more && !strcmp(p->status, "active")) {
        const char *token = password_token_new(c, p->id, "reset", RESET_MINUTES, c->address);
        const char *pairs[] = { "email", p->email, "minutes", text(c, "%d", RESET_MINUTES), "link",
                                public_url(c, text(c, "%s?token=%s", realm_path(c, "/password/reset"), token), false),
                                NULL };
        person_mail(r, p, "password_reset", pairs);
    }
    answer_not_before(r, ALIKE_MS);
    go_to(r, text(r, "%s?sent=1", realm_path(c, "/password/forgot")));
}

/* --- /password/reset ---------------------------------------------------------------------------------------------- */

static const Form reset_form = { .name = "reset", .fields = FIELDS {
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
    { "token", HIDDEN(100) },
    { 0 } } };

static const char *token_sent(Req *r) {
    return r->again || !strcmp(r->method, "POST") ? field_text(r, "token") : query_text(r, "token");
}

void reset_page(Req *r) {
    Ctx *c = &r->c;
    const char *token = token_sent(r);
    Person *p = link_person(c, link_find(c, token, "reset"));
    if (!p) {
        link_ended(r);
        return;
    }
    FormView *v = form_show(r, "form", &reset_form, realm_path(c, "/password/reset"));
    form_text(v, "token", token);
    show_text(r, "texts.0", msg_format(r, c->language, "reset.who", { "email", p->email }));
    plain_page(r, msg(c->language, "reset.title"));
}

typedef struct Change { Req *r; const char *token, *hash, *purpose; Person *person; bool done; } Change;

static void reset_work(Ctx *c, void *arg) {
    Change *x = arg;
    Link *l = link_find(c, x->token, "reset");
    x->done = l && db_run(c, "update password_token set used_at = ? where id = ? and used_at is null", c->now,
                          l->id) == 1;
    if (!x->done) return;
    password_store(x->r, x->person, x->hash, (Id){ 0 });
    attempt_write(x->r, email_lower(&c->mem, x->person->email), x->person, "reset");
    password_tell(x->r, x->person);
}

/* Checks and hashes under the limit of hashing. */
static const char *hash_new(Req *r, const Person *p, const char *password) {
    Ctx *c = &r->c;
    hashing_enter(c);
    const char *refusal = new_password_refusal(r, p, password);
    const char *hash = refusal ? NULL : password_hash(&c->mem, password);
    hashing_leave(c);
    if (refusal) fail_field(c, INVALID, "password", "%s", refusal);
    if (!hash) fail(c, DOWN, "no memory for a password hash");
    return hash;
}

void reset_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &reset_form);
    Change x = { .r = r, .token = in_text(in, "token") };
    x.person = link_person(c, link_find(c, x.token, "reset"));
    if (!x.person) fail(c, CONFLICT, "%s", msg(c->language, "link.ended"));
    problems_end(r);
    x.hash = hash_new(r, x.person, in_text(in, "password"));
    db_tx(c, DB_WRITE, reset_work, &x, NULL);
    if (!x.done) fail(c, CONFLICT, "%s", msg(c->language, "link.ended"));
    note(r, "%s", msg(c->language, "reset.done"));
    go_to(r, realm_path(c, "/login"));
}

/* --- /invite/accept ----------------------------------------------------------------------------------------------- */

static const Form invite_form = { .name = "invite", .fields = FIELDS {
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
    { "terms", BOOL },
    { "token", HIDDEN(100) },
    { 0 } } };

#define INVITATION(F, T) F(T, Id, id) F(T, Id, user_id) F(T, Id, utility_id) F(T, const char *, email) \
    F(T, const char *, full_name) F(T, const char *, phone) F(T, Id, role_id) \
    F(T, const char *, role_code) F(T, const char *, utility_ids) F(T, const char *, status) F(T, Time, expires_at) \
        F(T, Time, opened_at) F(T, Id, created_by)
ROW(Invitation, INVITATION)

static Invitation *invitation_find(Ctx *c, const char *token) {
    if (!token || strlen(token) > 100) return NULL;
    Invitation *i = db_find(c, Invitation, "select id, user_id, utility_id, email, full_name, phone, role_id, "
                                           "role_code, utility_ids, status, expires_at, opened_at, created_by "
                                           "from invitation where token_hash = ?", hash_of(c, token));
    return i && !strcmp(i->status, "sent") && c->now.us < i->expires_at.us ? i : NULL;
}

/* A person as far as the rules of passwords ask. */
static Person *invited_person(Ctx *c, const Invitation *i) {
    Person *p = i->user_id.id ? person_by_id(c, i->user_id) : person_by_email(c, email_lower(&c->mem, i->email));
    if (p) return p;
    p = take(c, sizeof *p);
    *p = (Person){ .email = email_lower(&c->mem, i->email), .full_name = i->full_name, .status = "invited",
                   .password_changed_at = TIME_NONE };
    return p;
}

/* The version a person has got just now, audited (I15). */
static void user_versioned(Ctx *c, Id user, const char *email, const char *action) {
    audit_write(c, &(Audit){ .action = action, .entity = "user", .id = user, .number = email,
                             .version = db_int(c, "select row_version from user where id = ?", user) });
}

/* Opening the link is remembered: the person is no longer only invited, but pending (a writing GET). */
void invite_page(Req *r) {
    Ctx *c = &r->c;
    const char *token = token_sent(r);
    Invitation *i = invitation_find(c, token);
    if (!i) {
        r->status = CONFLICT;
        show_text(r, "texts.0", msg(c->language, "invite.ended"));
        login_link(r, 0, "link.sign_in", "/login");
        plain_page(r, msg(c->language, "link.ended_title"));
        return;
    }
    if (!r->again && !time_is_set(i->opened_at)) {
        db_run(c, "update invitation set opened_at = ? where id = ? and opened_at is null", c->now, i->id);
        if (db_run(c, "update user set status = 'pending', updated_at = ?, row_version = row_version + 1 "
                      "where id = ? and status = 'invited'", c->now, i->user_id))
            user_versioned(c, i->user_id, i->email, "invitation_opened");
    }
    FormView *v = form_show(r, "form", &invite_form, "/invite/accept");
    form_text(v, "token", token);
    show_text(r, "texts.0", msg_format(r, c->language, "invite.who", { "name", i->full_name }, { "email", i->email },
                                       { "organization", facts_of(c)->tenant_name }));
    plain_page(r, msg(c->language, "invite.title"));
}

static Id role_invited(Ctx *c, const Invitation *i, Id utility) {
    if (i->role_id.id) return i->role_id;
    if (!i->role_code) return (Id){ 0 };
    return db_id(c, "select id from role where code = ? and (utility_id = ? or utility_id is null) "
                    "order by utility_id is null limit 1", i->role_code, utility);
}

/* The first administrators of a tenant are invited before they have a row. */
static Id user_make(Ctx *c, const Invitation *i, const Person *p) {
    Id user = db_insert(c, "insert into user (email, full_name, phone, status, created_by, updated_by) "
                           "values (?,?,?,'pending',?,?)", p->email, p->full_name, i->phone, i->created_by,
                        i->created_by);
    Json list = i->utility_ids ? json_read(&c->mem, i->utility_ids, strlen(i->utility_ids), 4096, NULL) : (Json){ 0 };
    size_t n = json_size(list);
    for (size_t k = 0; k < n || !k; k++) {
        int64_t id = 0;
        json_int(json_item(list, k), "", &id);
        Id utility = n ? (Id){ id } : i->utility_id, role = role_invited(c, i, utility);
        if (role.id) db_run(c, "insert into user_role (user_id, role_id, utility_id, valid_from, created_by) "
                               "values (?,?,?,?,?)", user, role, utility, role_begin(c), i->created_by);
    }
    return user;
}

static void accept_work(Ctx *c, void *arg) {
    Change *x = arg;
    Invitation *i = invitation_find(c, x->token);
    x->done = i && db_run(c, "update invitation set status = 'accepted', accepted_at = ?, row_version = row_version + "
                             "1 where id = ? and status = 'sent'", c->now, i->id) == 1;
    if (!x->done) return;
    if (!x->person->id.id) x->person->id = user_make(c, i, x->person);
    password_store(x->r, x->person, x->hash, (Id){ 0 });
    db_must(c, 1, CONFLICT, "update user set status = 'active', updated_at = ?, row_version = row_version + 1 "
                            "where id = ? and status in ('invited', 'pending')", c->now, x->person->id);
    user_versioned(c, x->person->id, x->person->email, "invitation_accepted");
    audit_write(c, &(Audit){ .action = "accepted", .entity = "invitation", .id = i->id, .number = i->email,
                             .version = db_int(c, "select row_version from invitation where id = ?", i->id) });
    event_emit(c, &(Event){ .name = "user.activated", .entity = "user", .id = x->person->id,
                            .payload = json_pairs(c, "user_id", text(c, "%lld", (long long)x->person->id.id), NULL) });
    setup_step_touch(c, "admins");
}

void invite_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &invite_form);
    Change x = { .r = r, .token = in_text(in, "token") };
    Invitation *i = invitation_find(c, x.token);
    if (!i) fail(c, CONFLICT, "%s", msg(c->language, "invite.ended"));
    if (!in_bool(in, "terms")) problem(r, "terms", "%s", msg(c->language, "invite.terms_wanted"));
    problems_end(r);
    x.person = invited_person(c, i);
    x.hash = hash_new(r, x.person, in_text(in, "password"));
    db_tx(c, DB_WRITE, accept_work, &x, NULL);
    if (!x.done) fail(c, CONFLICT, "%s", msg(c->language, "invite.ended"));
    note(r, "%s", msg(c->language, "invite.done"));
    go_to(r, "/login");
}
