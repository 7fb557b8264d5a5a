/*
 * What the second step of signing in shares between the realms: trusted devices and recovery codes (ONB-LOGIN,
 * CSS01US01; assurance S12). Of both only hashes are stored.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/core/sign_in.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/qr.h"
#include "lib/utf8.h"

static Bytes cookie_hash(Req *r, const char *cookie) {
    uint8_t *hash = take(r, TOKEN_HASH_SIZE);
    token_hash(cookie, hash);
    return (Bytes){ hash, TOKEN_HASH_SIZE };
}

bool device_is_trusted(Req *r, const char *cookie_name, Realm realm, Id subject) {
    Ctx *c = &r->c;
    const char *cookie = cookie_text(r, cookie_name);
    if (!cookie || !*cookie || strlen(cookie) > 100) return false;
    return db_int(c, "select count(*) from trusted_device where realm = ? and subject_id = ? and token_hash = ? "
                     "and revoked_at is null and expires_at > ?",
                  realm_name(realm), subject, cookie_hash(r, cookie), c->now) == 1;
}

void device_trust(Req *r, const char *cookie_name, Realm realm, Id subject) {
    Ctx *c = &r->c;
    const char *token = random_token(&c->mem);
    db_run(c,
           "insert into trusted_device (realm, subject_id, token_hash, label, created_at, last_used_at, expires_at) "
           "values (?,?,?,?,?,?,?)",
           realm_name(realm), subject, cookie_hash(r, token), device_name(&c->mem, header_text(r, "User-Agent")),
           c->now, c->now, time_add_seconds(c->now, DEVICE_DAYS * 86400));
    cookie_set(r, cookie_name, token, DEVICE_DAYS * 86400);
}

#define TRUSTED(F, T) F(T, Id, id) F(T, const char *, label) F(T, Time, created_at) F(T, Time, last_used_at) \
    F(T, Time, expires_at)
ROW(Trusted, TRUSTED)

TrustedDevices devices_of(Ctx *c, Realm realm, Id subject) {
    Trusteds rows = db_all(c, Trusted, "select id, label, created_at, last_used_at, expires_at from trusted_device "
                                       "where realm = ? and subject_id = ? and revoked_at is null and expires_at > ? "
                                       "order by id desc limit 50", realm_name(realm), subject, c->now);
    TrustedDevices all = { take_n(c, TrustedDevice, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const Trusted *t = &rows.v[i];
        all.v[i] = (TrustedDevice){ t->id, t->label, t->created_at, t->last_used_at, t->expires_at };
    }
    return all;
}

void device_forget(Ctx *c, Realm realm, Id subject, Id device) {
    db_run(c, "update trusted_device set revoked_at = ? where realm = ? and subject_id = ? and (? is null or id = ?) "
              "and revoked_at is null", c->now, realm_name(realm), subject, device, device);
}

const char **recovery_make(Ctx *c, Realm realm, Id subject, int n) {
    const char **codes = take_n(c, const char *, (size_t)n);
    recovery_forget(c, realm, subject);
    for (int i = 0; i < n; i++) {
        uint8_t hash[TOKEN_HASH_SIZE];
        codes[i] = recovery_code(&c->mem);
        recovery_hash(codes[i], hash);
        db_run(c, "insert into mfa_factor (realm, user_id, kind, secret_enc, confirmed_at, created_at) "
                  "values (?,?,'recovery',?,?,?)",
               realm_name(realm), subject, ((Bytes){ hash, sizeof hash }), c->now, c->now);
    }
    return codes;
}

bool recovery_accept(Ctx *c, Realm realm, Id subject, const char *code) {
    uint8_t hash[TOKEN_HASH_SIZE];
    if (!recovery_hash(code, hash)) return false;
    return db_run(c, "update mfa_factor set used_at = ? where realm = ? and user_id = ? and kind = 'recovery' "
                     "and secret_enc = ? and used_at is null limit 1",
                  c->now, realm_name(realm), subject, ((Bytes){ hash, sizeof hash })) == 1;
}

int recovery_left(Ctx *c, Realm realm, Id subject) {
    return (int)db_int(c, "select count(*) from mfa_factor where realm = ? and user_id = ? and kind = 'recovery' "
                          "and used_at is null", realm_name(realm), subject);
}

void recovery_forget(Ctx *c, Realm realm, Id subject) {
    db_run(c, "delete from mfa_factor where realm = ? and user_id = ? and kind = 'recovery'", realm_name(realm),
           subject);
}

void attempt_told(Ctx *c, Realm realm, const char *login, Id subject, const char *result, const char *words) {
    db_run(c, "insert into login_attempt (realm, at, email, user_id, ip, user_agent, result) "
              "values (?,?,?,?,inet6_aton(?),?,?)",
           realm_name(realm), c->now, login, subject, c->address, utf8_cut(&c->mem, words, 400), result);
}

void factor_seed_show(Req *r, FormView *form, const char *place, const char *issuer, const char *account) {
    Ctx *c = &r->c;
    const char *sealed = form_again(form) ? field_text(r, "seed") : NULL;
    Bytes secret;
    if (!sealed || !secret_open(&c->mem, installation_keys(), place, sealed, &secret)) {
        secret = bytes_of(random_public_id(&c->mem));
        sealed = secret_seal(&c->mem, installation_keys(), place, secret);
    }
    form_set(form, "seed", "value", sealed);
    qr_show(r, "qr", totp_uri(&c->mem, issuer, account, secret));
    show_text(r, "secret", base32_text(&c->mem, secret));
    show_text(r, "secret_label", msg(c->language, "mfa.secret"));
}

const char *factor_seed_read(Req *r, const Input *in, const char *place) {
    Ctx *c = &r->c;
    Bytes secret;
    const char *sealed = in_text(in, "seed");
    if (!sealed || !secret_open(&c->mem, installation_keys(), place, sealed, &secret))
        fail(c, INVALID, "%s", msg(c->language, "mfa.seed_lost"));
    return text_copy_n(c, secret.p, secret.n);
}
