/*
 * What the pages of sign-in share (login.c, password_link.c, user.c): people of a realm, tries, sessions, links.
 * A realm is the staff of the context's tenant, or the platform's own people when there is no tenant: their tables have
 * the same names and columns, only `user` and smart360.platform_user differ. ONB-LOGIN.
 */
#ifndef APP_CORE_SIGN_IN_H
#define APP_CORE_SIGN_IN_H

#include "app/core/front.h"
#include "app/core/login_rules.h"
#include "lib/form.h"

#define PERSON(F, T) F(T, Id, id) F(T, const char *, email) F(T, const char *, full_name) \
    F(T, const char *, password_hash) F(T, const char *, status) \
    F(T, bool, must_change_password) F(T, Time, password_changed_at) F(T, const char *, password_history) \
        F(T, const char *, language) F(T, bool, factor_required) F(T, bool, has_factor)
ROW(Person, PERSON)

/* Of the context's realm; NULL when there is none. */
Person *person_by_email(Ctx *c, const char *email);
Person *person_by_id   (Ctx *c, Id id);
Realm   realm_here     (const Ctx *c);
/* "staff", "platform", "portal". */
const char *realm_name(Realm realm);

/* A link in a mail is made of the configured address (S13). */
const char *realm_path(const Ctx *c, const char *path);
/* "/login" -> "/platform/login" in the platform's realm */

/* One try and its audit entry (S25); `person` may be NULL. result: success, wrong_password, locked, mfa_failed,
   inactive, tenant_cancelled; also reset, unlocked, reset_asked. */
void attempt_write(Req *r, const char *email, const Person *person, const char *result);
/* The same of any realm; subject 0: nobody known. */
void attempt_add(Req *r, Realm realm, const char *login, Id subject, const char *result);
/* Until when this e-mail address is locked; TIME_NONE when it is not. */
Time attempt_locked_until(Ctx *c, const char *email, LockPolicy *policy);
/* Fails BUSY when the address or the e-mail address has to wait. A locked try is written down. */
void attempt_check(Req *r, const char *email, const Person *person);
/* Locks the person's row until COMMIT; NULL: nothing. What is counted of a person is read after it. */
void person_lock(Ctx *c, const Person *p);
/* One try among others that were sent at the same moment: they are judged one after another, by the person's row, so
   that not one more than the policy allows learns whether it was right. In a transaction, before the answer is looked
   at: false when it has to wait (the locked try is written down); after COMMIT attempt_turn_end fails BUSY then. */
typedef struct Turn { const char *email; const Person *person; TryVerdict verdict; int seconds; } Turn;
bool attempt_turn    (Req *r, Turn *t);
void attempt_turn_end(Req *r, const Turn *t);
/* In such a transaction: the try was wrong; with the lock it may lead to and the mail about that. */
void attempt_wrong(Req *r, const char *email, const Person *person, const char *result);
/* Both in a transaction of its own, for a try that was looked at outside (a password's hash takes a tenth of a second).
   `wrong` NULL: it was right, and is told so only when it was its turn. */
void attempt_judge(Req *r, const char *email, const Person *person, const char *wrong);

/* A row of the sign-in history that is no try: what staff did with a consumer's sign-in (view as). */
void attempt_told(Ctx *c, Realm realm, const char *login, Id subject, const char *result, const char *words);

/* --- second step (second_step.c), of any realm -------------------------------------------------------------------- */

/* The browser holds the token of a device that the person trusts; `cookie` names it. */
bool device_is_trusted(Req *r, const char *cookie, Realm realm, Id subject);
void device_trust     (Req *r, const char *cookie, Realm realm, Id subject);
/* n new codes in place of the old ones, of which only hashes are kept: to be shown once, by the answer to this POST. */
const char **recovery_make(Ctx *c, Realm realm, Id subject, int n);
/* Each of them once. */
bool recovery_accept(Ctx *c, Realm realm, Id subject, const char *code);
int  recovery_left  (Ctx *c, Realm realm, Id subject);
void recovery_forget(Ctx *c, Realm realm, Id subject);
/* A second factor being set up: its secret goes with the form, sealed for `place`, and is stored when a code proves
   that the app has it. Shows field seed, the picture to scan and the secret to type; the app will name issuer and
   account. */
void factor_seed_show(Req *r, FormView *form, const char *place, const char *issuer, const char *account);
/* The secret of the form's field seed; INVALID, asking to begin again, when it was not sealed for `place`. */
const char *factor_seed_read(Req *r, const Input *in, const char *place);
typedef struct { Id id; const char *label; Time created_at, last_used_at, expires_at; } TrustedDevice;
typedef struct { TrustedDevice *v; size_t n; } TrustedDevices;
TrustedDevices devices_of   (Ctx *c, Realm realm, Id subject);
void    device_forget(Ctx *c, Realm realm, Id subject, Id device);      /* 0: all */

/* Makes a link's token for a person, valid so many minutes; earlier ones of the purpose end. Returns the token. */
const char *password_token_new(Ctx *c, Id person, const char *purpose, int minutes, const char *address);
/* Checks a new password by every rule of ONB-LOGIN; NULL or the refusal. Hashes: call between hashing_enter and _leave,
   outside of transactions. */
const char *new_password_refusal(Req *r, const Person *p, const char *password);
/* The own password, outside of transactions; a wrong one counts as a failed try and fails INVALID at `field`. */
void password_prove(Req *r, const Person *p, const char *password, const char *field);
/* A code of the app or a recovery code, each once. In a transaction. */
bool code_accept(Ctx *c, const Person *p, const char *code);
/* Stores the hash and ends other sessions than `but`; by a link (no `but`) the trusted devices are forgotten too. In a
   transaction. */
void password_store(Req *r, const Person *p, const char *hash, Id but);
/* Links that were mailed before are worth nothing any more: for another password, and for another address. */
void password_links_end(Ctx *c, Id person);
/* The mail that tells a person of the change. */
void password_tell(Req *r, const Person *p);

/* Mail to a person of the realm by a template of the Communication Hub; to the platform's own people by the platform's
   mail server, with the text mail.<template_key> of the messages (platform_mail.h). */
void person_mail(Req *r, const Person *p, const char *template_key, const char *const *pairs);

/* Where a signed-in person of the staff goes: next when it is an
 * own path, else the role's home, a choice of utilities ... */
const char *after_sign_in(Req *r, const char *next);


#endif
