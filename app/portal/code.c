/*
 * One-time codes (CSS01US01): 6 digits, valid 5 minutes, 5 tries, a new one after a minute, 5 an hour and 10 a day.
 * Only a keyed hash is stored. Who cannot get a code (unknown address, wrong proof) gets a row that no code fits, so
 * that all answers look alike. Which code a browser is about stands in a signed cookie.
 */
#include <stdlib.h>
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/installation.h"
#include "app/portal/pages.h"
#include "lib/crypt.h"
#include "lib/locale.h"
#include "lib/messages.h"

enum { COOKIE_S = 3600, SENT_MOST = 20 };
static const char cookie_name[] = "s360_code";

struct Challenge {
    Id id, subject;
    const char *public_id, *purpose, *channel, *address, *data;
    Bytes code_hash, subject_hash;
    Time expires_at, used_at, created_at;
    int tries;
};

static const Key *cookie_key(void) {
    static Key key;
    static bool made;
    if (!made) key = key_for(installation_keys(), "cookie portal code"), made = true;
    return &key;
}

static Bytes hash_of(Ctx *c, const char *public_id, const char *code) {
    return lookup_hash(c, text(c, "code %s %s", public_id, code));
}

static Bytes subject_of(Ctx *c, const char *subject) { return lookup_hash(c, text(c, "%s", subject)); }

/* --- a new one ---------------------------------------------------------------------------------------------------- */

#define SENT_AT(F, T) F(T, Time, created_at)
ROW(SentAt, SENT_AT)

/* A wrong proof of a registration is no code: it has its own limit (register.c). Who waited for his turn is older than
 * the code that was sent meanwhile; what is later by more than a minute was sent by another clock. */
static void check_limits(Ctx *c, Bytes subject, const char *purpose, bool wait_between) {
    SentAts all = db_all(c, SentAt, "select created_at from otp_challenge where subject_hash = ? and purpose = ? "
                                    "and (address is not null or purpose <> 'register' or data is not null) "
                                    "and created_at > ? and created_at <= ? order by id desc limit 20 for update",
                         subject, purpose, time_add_seconds(c->now, -86400), time_add_seconds(c->now, 60));
    Time sent[SENT_MOST] = { 0 };
    for (size_t i = 0; i < all.n && i < SENT_MOST; i++)
        sent[i].us = all.v[i].created_at.us < c->now.us ? all.v[i].created_at.us : c->now.us;
    Time until = code_wait(sent, all.n, c->now, wait_between);
    if (!time_is_set(until)) return;
    int seconds = (int)((until.us - c->now.us) / SECOND_US) + 1;
    if (seconds <= CODE_WAIT_S)
        fail_busy(c, seconds, "%s", msg_plural(c, c->language, "portal.code.wait", seconds, NULL));
    fail_busy(c, seconds, "%s",
              msg_format(c, c->language, "portal.code.many", { "time", locale_clock(&c->mem, c->locale, until) }));
}

/* The wished channel, or the other one when that has no address. */
static const char *channel_for(const NewChallenge *n) {
    bool sms = n->channel && !strcmp(n->channel, "sms");
    if (sms && !n->phone && n->email) return "email";
    if (!sms && !n->email && n->phone) return "sms";
    return sms ? "sms" : "email";
}

static const char *portal_host(Ctx *c) {
    const char *url = public_url(c, "/", true), *at_ = strstr(url, "://");
    at_ = at_ ? at_ + 3 : url;
    return text_copy_n(c, at_, strcspn(at_, ":/"));
}

static void send_code(Ctx *c, const NewChallenge *n, const char *channel, const char *code, const char *public_id) {
    NotifyField fields[] = { { "code", code }, { "minutes", text(c, "%d", CODE_MINUTES) },
                             { "portal.host", portal_host(c) }, { 0 } };
    bool sms = !strcmp(channel, "sms");
    Recipient to = { .email = n->email, .phone = n->phone, .lang = n->lang };
    notify(c, "otp_code", &to, fields, &(NotifyOptions){ .channels = sms ? "sms,email" : "email",
        .dedup_key = text(c, "otp:%s", public_id),
                                                          .expires_at = time_add_seconds(c->now, CODE_MINUTES * 60),
                                                          .entity = "otp_challenge" });
}

static void cookie_write(Req *r, const char *public_id) {
    cookie_set(r, cookie_name, signed_value(&r->c.mem, cookie_key(), cookie_name, public_id, time_unix(r->c.now)),
               COOKIE_S);
}

/* One code at a time for one person or account: many presses at once get one. */
static void one_at_a_time(Ctx *c, const NewChallenge *n) {
    if (!n->subject_id.id) return;
    if (!strcmp(n->purpose, "register")) account_lock(c, n->subject_id);
    else (void)db_id(c, "select id from portal_user where id = ? for update", n->subject_id);
}

static void create(Req *r, const NewChallenge *n, bool wait_between) {
    Ctx *c = &r->c;
    one_at_a_time(c, n);
    Bytes subject = subject_of(c, n->subject);
    check_limits(c, subject, n->purpose, wait_between);
    const char *public_id = random_public_id(&c->mem), *code = random_digits(&c->mem, 6), *channel = channel_for(n);
    const char *address = !n->subject_id.id ? NULL : !strcmp(channel, "sms") ? n->phone : n->email;
    db_run(c, "update otp_challenge set used_at = ?, expires_at = ? where subject_hash = ? "
              "and purpose = ? and used_at is null", c->now, c->now, subject, n->purpose);
    db_run(c, "insert into otp_challenge (utility_id, public_id, purpose, subject_hash, subject_id, channel, address, "
              "code_hash, data, expires_at, max_tries, ip, created_at) values (?,?,?,?,?,?,?,?,?,?,?,inet6_aton(?),?)",
           c->utility, public_id, n->purpose, subject, n->subject_id, channel, address,
               hash_of(c, public_id, n->subject_id.id ? code : random_digits(&c->mem, 12)), n->data,
           time_add_seconds(c->now, CODE_MINUTES * 60), CODE_TRIES, c->address, c->now);
    if (address) send_code(c, n, channel, code, public_id);
    cookie_write(r, public_id);
}

void challenge_new(Req *r, const NewChallenge *n) { create(r, n, strcmp(n->purpose, "register") != 0); }

/* --- the one at hand ---------------------------------------------------------------------------------------------- */

#define CHALLENGE(F, T) F(T, Id, id) F(T, Id, subject_id) F(T, const char *, public_id) F(T, const char *, purpose) \
    F(T, const char *, channel) F(T, const char *, address) F(T, const char *, data) \
    F(T, Bytes, code_hash) F(T, Bytes, subject_hash) F(T, Time, expires_at) F(T, Time, used_at) F(T, Time, created_at) \
        F(T, int, tries)
ROW(ChallengeRow, CHALLENGE)
#define CHALLENGE_SELECT "select id, subject_id, public_id, purpose, channel, address, data, code_hash, " \
                         "subject_hash, expires_at, used_at, created_at, tries from otp_challenge "

Challenge *challenge_here(Req *r, const char *purpose) {
    Ctx *c = &r->c;
    const char *cookie = cookie_text(r, cookie_name);
    Signed s;
    if (!cookie || !signed_open(&c->mem, cookie_key(), cookie_name, cookie, time_unix(c->now), COOKIE_S, &s))
        return NULL;
    ChallengeRow *row = db_find(c, ChallengeRow, CHALLENGE_SELECT
                                "where public_id = ? and utility_id = ? and purpose = ?", s.value, c->utility, purpose);
    if (!row) return NULL;
    Challenge *ch = take(c, sizeof *ch);
    *ch = (Challenge){ .id = row->id, .subject = row->subject_id, .public_id = row->public_id, .purpose = row->purpose,
                       .channel = row->channel, .address = row->address, .data = row->data,
                       .code_hash = row->code_hash, .subject_hash = row->subject_hash, .expires_at = row->expires_at,
                       .used_at = row->used_at, .created_at = row->created_at, .tries = row->tries };
    return ch;
}

/* The row is written anew with another code; its address and purpose stay. */
void challenge_again(Req *r, const Challenge *old) {
    Ctx *c = &r->c;
    check_limits(c, old->subject_hash, old->purpose, true);
    const char *public_id = random_public_id(&c->mem), *code = random_digits(&c->mem, 6);
    bool real = old->subject.id && old->address;
    db_run(c, "update otp_challenge set used_at = ?, expires_at = ? where id = ? and used_at is null", c->now, c->now,
           old->id);
    db_run(c, "insert into otp_challenge (utility_id, public_id, purpose, subject_hash, subject_id, channel, address, "
              "code_hash, data, expires_at, max_tries, ip, created_at) values (?,?,?,?,?,?,?,?,?,?,?,inet6_aton(?),?)",
           c->utility, public_id, old->purpose, old->subject_hash, old->subject, old->channel, old->address,
               hash_of(c, public_id, real ? code : random_digits(&c->mem, 12)),
           old->data ? old->data : "{\"again\":true}", time_add_seconds(c->now, CODE_MINUTES * 60), CODE_TRIES,
               c->address, c->now);
    bool sms = !strcmp(old->channel, "sms");
    if (real) send_code(c, &(NewChallenge){ .email = sms ? NULL : old->address, .phone = sms ? old->address : NULL },
                        old->channel, code, public_id);
    cookie_write(r, public_id);
}

/* --- proving ------------------------------------------------------------------------------------------------------ */

typedef struct Proof { Challenge *ch; const char *code; bool fits; int tries; bool over; } Proof;

static void prove(Ctx *c, void *arg) {
    Proof *p = arg;
    ChallengeRow *now = db_one(c, ChallengeRow, CHALLENGE_SELECT "where id = ? for update", p->ch->id);
    p->over = time_is_set(now->used_at) || c->now.us >= now->expires_at.us || now->tries >= CODE_TRIES;
    if (p->over) return;
    Bytes given = hash_of(c, now->public_id, p->code);
    p->fits = now->subject_id.id && same_secret(given, now->code_hash);
    p->tries = now->tries + 1;
    if (p->fits) db_run(c, "update otp_challenge set tries = ?, used_at = ?, expires_at = ? where id = ?", p->tries,
                        c->now, time_add_seconds(c->now, PROVED_S), now->id);
    else db_run(c, "update otp_challenge set tries = ? where id = ?", p->tries, now->id);
    if (p->fits) p->ch->used_at = c->now, p->ch->expires_at = time_add_seconds(c->now, PROVED_S);
}

void challenge_prove(Req *r, Challenge *ch, const char *code) {
    Ctx *c = &r->c;
    Proof p = { .ch = ch, .code = code };
    db_tx(c, DB_WRITE, prove, &p, NULL);
    if (p.fits) return;
    if (p.over) fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "portal.code.expired"));
    int left = CODE_TRIES - p.tries;
    if (!left) fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "portal.code.none_left"));
    fail_field(c, WRONG_PROOF, "code", "%s", msg_plural(c, c->language, "portal.code.wrong", left, NULL));
}

bool challenge_is_proved(const Ctx *c, const Challenge *ch) {
    return ch->subject.id && time_is_set(ch->used_at) && c->now.us < ch->expires_at.us && ch->tries >= 0
        && ch->used_at.us + PROVED_S * SECOND_US == ch->expires_at.us;
}

void challenge_use_up(Req *r, const Challenge *ch) {
    db_must(&r->c, 1, CONFLICT, "update otp_challenge set expires_at = used_at where id = ? and expires_at > used_at",
            ch->id);
    cookie_set(r, cookie_name, "", -1);
}

Id          challenge_subject(const Challenge *ch) { return ch->subject; }
const char *challenge_channel(const Challenge *ch) { return ch->channel; }
const char *challenge_address(const Challenge *ch) { return ch->address; }
const char *challenge_data   (const Challenge *ch) { return ch->data; }
