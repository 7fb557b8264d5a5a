/*
 * notify: one message by its template, stored in the caller's transaction (UX06US06, UX02US02). See comms.h.
 *
 * So far for people of the staff, users of the portal and plain addresses, by mail: what sign-in needs. The template of the
 * utility stands before the tenant's; the recipient's language before English. A place {{name}} that no field fills is left
 * out of the text.
 */
#include "app/comms/comms.h"
#include "app/comms/module.h"

#include <string.h>

#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/utf8.h"

enum { KEEP_DAYS = 3 };                 /* a mail that could not be sent by then says nothing new */

/* --- to whom ------------------------------------------------------------------------------------------------------------------- */

#define REACH(F, T) F(T, const char *, email) F(T, const char *, lang)
ROW(Reach, REACH)

static Reach *reach_of(Ctx *c, const Recipient *to) {
    Reach *r = NULL;
    if (to->user.id) r = db_one(c, Reach, "select email, coalesce(locale, 'en') as lang from user where id = ?", to->user);
    else if (to->portal_user.id) r = db_one(c, Reach, "select email, lang from portal_user where id = ?", to->portal_user);
    else if (!to->email) fail(c, BROKEN, "notify: this kind of recipient has no address yet");
    if (!r) {
        r = take(c, sizeof *r);
        r->lang = c->language;
    }
    if (to->email) r->email = to->email;
    if (to->lang) r->lang = to->lang;
    return r;
}

/* --- the text ---------------------------------------------------------------------------------------------------------------------- */

#define CHOSEN(F, T) F(T, Id, id) F(T, const char *, class) F(T, const char *, topic) F(T, bool, legal)
ROW(Chosen, CHOSEN)
#define TEXT_VERSION(F, T) F(T, Id, id) F(T, const char *, lang) F(T, const char *, subject) F(T, const char *, body_text)
ROW(TextVersion, TEXT_VERSION)

static const char *field_value(const NotifyField *fields, const char *name, size_t n) {
    for (const NotifyField *f = fields; f && f->name; f++)
        if (strlen(f->name) == n && !strncmp(f->name, name, n)) return f->value;
    return NULL;
}

static const char *fill(Ctx *c, const char *template_, const NotifyField *fields) {
    Text t = text_start(c);
    text_add(&t, "");
    for (const char *s = template_ ? template_ : ""; *s;) {
        const char *open = strstr(s, "{{"), *close = open ? strstr(open, "}}") : NULL;
        if (!close) {
            text_add(&t, s);
            break;
        }
        text_add_n(&t, s, (size_t)(open - s));
        const char *value = field_value(fields, open + 2, (size_t)(close - open - 2));
        if (value) text_add(&t, value);
        s = close + 2;
    }
    return t.s;
}

static TextVersion *version_of(Ctx *c, Id template_, const char *lang) {
    return db_find(c, TextVersion, "select id, lang, subject, body_text from template_version where template_id = ? and channel = 'email' and state = 'active' and lang in (?, 'en') "
                               "order by lang = 'en', no desc limit 1", template_, lang);
}

/* --- the message -------------------------------------------------------------------------------------------------------------------- */

#define STORED(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, reason_code)
ROW(Stored, STORED)

static Notified stored(Ctx *c, Id id) {
    Stored *s = db_one(c, Stored, "select id, public_id, reason_code from message where id = ?", id);
    return (Notified){ .message = s->id, .public_id = s->public_id, .suppressed = s->reason_code };
}

Notified notify(Ctx *c, const char *key, const Recipient *to, const NotifyField *fields, const NotifyOptions *options) {
    Chosen *t = db_find(c, Chosen, "select id, class, topic, legal from template where `key` = ? and status = 'active' and (utility_id = ? or utility_id is null) order by utility_id is null limit 1", key, c->utility);
    if (!t) fail(c, BROKEN, "there is no template %s", key);
    const Reach *reach = reach_of(c, to);
    TextVersion *v = version_of(c, t->id, reach->lang);
    if (!v) fail(c, BROKEN, "template %s has no active text for mail", key);
    const NotifyOptions none = { 0 }, *o = options ? options : &none;
    if (o->dedup_key) {
        Id first = db_id(c, "select id from message where utility_key = ? and dedup_key = ?", c->utility.id, o->dedup_key);
        if (first.id) return stored(c, first);
    }
    const char *subject = utf8_cut(&c->mem, utf8_line(&c->mem, fill(c, v->subject, fields)), 200);      /* S22: one line */
    Time expires = o->expires_at.us ? o->expires_at : time_add_seconds(c->now, KEEP_DAYS * 86400);
    Id id = db_insert(c, "insert into message (utility_id, channel, class, topic, template_version_id, template_key, user_id, portal_user_id, to_address, to_hash, lang, subject, body_text, status, "
                         "not_before, expires_at, next_attempt_at, dedup_key, legal, created_at, created_by) values (?,'email',?,?,?,?,?,?,?,?,?,?,?,'queued',?,?,?,?,?,?,?)",
                      c->utility, t->class, o->topic ? o->topic : t->topic, v->id, key, to->user, to->portal_user, reach->email, lookup_hash(c, reach->email), v->lang, subject,
                      fill(c, v->body_text, fields), o->not_before.us ? o->not_before : TIME_NONE, expires, c->now, o->dedup_key, t->legal, c->now, c->user);
    message_enqueue(c, id, o->not_before);
    return stored(c, id);
}
