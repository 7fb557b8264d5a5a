/*
 * notify: one message by its template, stored in the caller's transaction (UX06US06, UX02US02). See comms.h.
 *
 * The channel is the first of those wanted whose address is known, whose text the template has and which the person has
 * not stopped (UX-FIX: a code for a stopped number goes by mail); a note in the application goes beside it. The
 * template of the utility stands before the tenant's; the recipient's language before English. A place {{name}} that no
 * field fills is left out of the text; {{utility.name}}, .short, .phone and .email fill themselves.
 */
#include "app/comms/comms.h"
#include "app/comms/module.h"

#include <string.h>

#include "app/core/core.h"
#include "app/portal/portal.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/request.h"
#include "lib/utf8.h"

/* a message that could not be sent by then says nothing new */
enum { KEEP_DAYS = 3, NOTE_DAYS = 180, CRITICAL_DAYS = 365, CHANNELS = 4 };

/* --- to whom ------------------------------------------------------------------------------------------------------ */

#define REACH(F, T) F(T, const char *, email) F(T, const char *, phone) F(T, const char *, lang) F(T, Id, consumer_id)
ROW(Reach, REACH)

static Reach *reach_of(Ctx *c, const Recipient *to) {
    Reach *r = NULL;
    if (to->consumer.id)
        r = db_one(c, Reach, "select email, primary_phone as phone, preferred_language as lang, id as consumer_id "
                             "from consumer where id = ?", to->consumer);
    else if (to->account.id)
        r = db_one(c, Reach, "select n.email, n.primary_phone as phone, n.preferred_language as lang, n.id "
                             "as consumer_id from account a join consumer n on n.id = a.consumer_id where a.id = ?",
                   to->account);
    else if (to->user.id)
        r = db_one(c, Reach, "select email, phone, coalesce(locale, 'en') as lang, 0 as consumer_id from user "
                             "where id = ?", to->user);
    else if (to->portal_user.id)
        r = db_one(c, Reach, "select email, mobile as phone, lang, consumer_id from portal_user where id = ?",
                   to->portal_user);
    else if (!to->email && !to->phone) fail(c, BROKEN, "notify: nobody to write to");
    if (!r) {
        r = take(c, sizeof *r);
        *r = (Reach){ .lang = c->language };
    }
    if (to->email || to->phone) r->email = to->email, r->phone = to->phone;
    if (to->lang) r->lang = to->lang;
    return r;
}

static const char *address_at(const Reach *r, const char *channel) {
    return !strcmp(channel, "email") ? r->email : !strcmp(channel, "sms") ? r->phone : NULL;
}

static bool is_stopped(Ctx *c, const char *channel, const char *address) {
    return db_int(c, "select count(*) from suppression where utility_id = ? and channel = ? and address_hash = ? "
                     "and lifted_at is null and (until is null or until > ?)",
                  c->utility, channel, lookup_hash(c, address), c->now) > 0;
}

const char *comm_can_send(Ctx *c, const SendFacts *f) {
    if (!f->address) return "no_address";
    return is_stopped(c, f->channel, f->address) ? "suppressed" : NULL;
}

/* --- the text ----------------------------------------------------------------------------------------------------- */

#define CHOSEN(F, T) F(T, Id, id) F(T, const char *, class) F(T, const char *, topic) F(T, bool, legal) \
    F(T, const char *, channels)
ROW(Chosen, CHOSEN)
#define TEXT_VERSION(F, T) F(T, Id, id) F(T, const char *, lang) F(T, const char *, subject) \
    F(T, const char *, body_text)
ROW(TextVersion, TEXT_VERSION)

static const char *field_value(Ctx *c, const NotifyField *fields, const char *name, size_t n) {
    for (const NotifyField *f = fields; f && f->name; f++)
        if (strlen(f->name) == n && !strncmp(f->name, name, n)) return f->value;
    if (!c->utility.id || n < 8 || strncmp(name, "utility.", 8)) return NULL;
    const Utility *u = utility_here(c);
    const char *what = text_copy_n(c, name + 8, n - 8);
    if (!strcmp(what, "phone")) return u->contact_phone;
    if (!strcmp(what, "email")) return u->email;
    const char *brief = !strcmp(what, "short") ? portal_setting_get(c, "short_name") : NULL;
    return brief ? brief : !strcmp(what, "name") || !strcmp(what, "short") ? u->name : NULL;
}

typedef struct Filling { Ctx *c; const NotifyField *fields; } Filling;

static const char *place_value(void *arg, const char *name, size_t n) {
    const Filling *f = arg;
    return field_value(f->c, f->fields, name, n);
}

static const char *fill(Ctx *c, const char *template_, const NotifyField *fields) {
    return places_filled(&c->mem, template_, place_value, &(Filling){ c, fields });
}

static TextVersion *version_of(Ctx *c, Id template_, const char *channel, const char *lang) {
    return db_find(c, TextVersion, "select id, lang, subject, body_text from template_version where template_id = ? "
                                   "and channel = ? and state = 'active' and lang in (?, 'en') "
                                   "order by lang = 'en', no desc limit 1", template_, channel, lang);
}

/* --- the channel -------------------------------------------------------------------------------------------------- */

typedef struct Wanted { const char *v[CHANNELS]; int n; } Wanted;

static void want(Wanted *w, const char *channel) {
    if (w->n < CHANNELS && *channel) w->v[w->n++] = channel;
}

/* As the caller says, "email,sms,inapp"; else the template's. */
static Wanted channels_wanted(Ctx *c, const char *given, const Chosen *t) {
    Wanted w = { 0 };
    for (const char *s = given; s && *s;) {
        size_t n = strcspn(s, ",");
        want(&w, text_copy_n(c, s, n));
        s += n + (s[n] == ',');
    }
    if (w.n) return w;
    Json list = json_read(&c->mem, t->channels, strlen(t->channels), 200, NULL);
    for (size_t i = 0; i < json_size(list); i++)
        want(&w, json_text(json_item(list, i), "") ? json_text(json_item(list, i), "") : "");
    return w;
}

typedef struct Way { const char *channel, *address, *reason; TextVersion *version; } Way;

static Way way_to(Ctx *c, const Chosen *t, const Wanted *w, const Reach *reach) {
    Way way = { .reason = "no_address" };
    for (int i = 0; i < w->n; i++) {
        const char *address = address_at(reach, w->v[i]);
        TextVersion *v = address ? version_of(c, t->id, w->v[i], reach->lang) : NULL;
        if (!v) continue;
        Way one = { w->v[i], address, is_stopped(c, w->v[i], address) ? "suppressed" : NULL, v };
        if (!one.reason) return one;
        if (!way.channel) way = one;
    }
    return way;
}

/* --- in the application ------------------------------------------------------------------------------------------- */

#define READER(F, T) F(T, Id, id)
ROW(Reader, READER)

/* What is unread and has the same key is counted; a new one of an event that was told already is none. */
static Id note_post(Ctx *c, const InApp *n, const char *kind, Id recipient) {
    const char *severity = n->severity ? n->severity : "info", *link = n->link;
    int days = strcmp(severity, "critical") ? NOTE_DAYS : CRITICAL_DAYS;
    Time expires = n->expires_at.us ? n->expires_at : time_add_seconds(c->now, (int64_t)days * 86400);
    if (link && !path_is_own(link)) {
        log_error("inapp.link", LOG_TEXT("link", link), LOG_TEXT("topic", n->topic));
        link = NULL;
    }
    Id told = n->event_id ? db_id(c, "select id from notification where recipient_kind = ? and recipient_id = ? "
                                     "and event_id = ? limit 1", kind, recipient, n->event_id) : (Id){ 0 };
    if (told.id) return told;
    db_run(c, "insert into notification (utility_id, recipient_kind, recipient_id, account_id, topic, severity, title, "
              "body, link, event_id, dedup_key, created_at, expires_at) values (?,?,?,?,?,?,?,?,?,?,?,?,?) "
              "on duplicate key update count = if(read_at is null, count + 1, 1), title = values(title), body = "
              "values(body), link = values(link), event_id = values(event_id), read_at = null, "
              "created_at = values(created_at), expires_at = values(expires_at)",
           c->utility, kind, recipient, n->account, n->topic, severity, utf8_cut(&c->mem, n->title, 120),
           utf8_cut(&c->mem, n->body, 500), link, n->event_id, n->dedup_key, c->now, expires);
    notes_changed(c, kind, recipient);
    return db_id(c, "select max(id) from notification where recipient_kind = ? and recipient_id = ?", kind, recipient);
}

Id inapp_post(Ctx *c, const InApp *n) {
    if (!n->title || !*n->title) fail(c, BROKEN, "a note of topic %s has no title", n->topic);
    if (strcmp(n->recipient_kind, "role")) return note_post(c, n, n->recipient_kind, n->recipient);
    Readers all = db_all(c, Reader, "select distinct u.id from user_role ur join user u on u.id = ur.user_id "
                                    "where ur.role_id = ? and (ur.utility_id = ? or ur.utility_id is null) "
                                    "and u.status = 'active' order by u.id", n->recipient, c->utility);
    Id last = { 0 };
    for (size_t i = 0; i < all.n; i++) last = note_post(c, n, "user", all.v[i].id);
    return last;
}

/* The users of the portal who see this account, by what they may see of it: payers bills and payments, and who has
   access to it is for owners and managers. Of a consumer without an account: who owns or manages one of his. */
static Readers readers_of(Ctx *c, const Recipient *to, const char *topic) {
    if (to->portal_user.id) return db_all(c, Reader, "select id from portal_user where id = ?", to->portal_user);
    bool for_payers = !strcmp(topic, "billing") || !strcmp(topic, "payments");
    bool for_viewers = strcmp(topic, "account_security") != 0;
    Date today = utility_today(c);
    if (to->account.id)
        return db_all(c, Reader, "select l.portal_user_id as id from portal_account_link l "
                                 "join portal_user u on u.id = l.portal_user_id and u.status = 'active' "
                                 "where l.account_id = ? and l.ended_at is null and (l.until is null or l.until >= ?) "
                                 "and (l.access in ('owner', 'manager') or (l.access = 'payer' and ?) "
                                 "or (l.access = 'viewer' and ?)) order by id",
                      to->account, today, for_payers, for_viewers);
    return db_all(c, Reader, "select distinct l.portal_user_id as id from portal_account_link l "
                             "join portal_user u on u.id = l.portal_user_id and u.status = 'active' "
                             "join account a on a.id = l.account_id where a.consumer_id = ? and l.ended_at is null "
                             "and (l.until is null or l.until >= ?) and l.access in ('owner', 'manager') order by id",
                  to->consumer, today);
}

/* The text without the lines that only hold the way to its page: a note is that way itself. */
static const char *without_link(Ctx *c, const char *template_) {
    Text t = text_start(c);
    text_add(&t, "");
    for (const char *s = template_; *s;) {
        size_t n = strcspn(s, "\n");
        const char *line = text_copy_n(c, s, n);
        if (!strstr(line, "{{link}}") && (n || t.n)) text_addf(&t, "%s\n", line);
        s += n + (s[n] == '\n');
    }
    while (t.n && t.s[t.n - 1] == '\n') t.s[--t.n] = 0;
    return t.n ? t.s : template_;
}

static void post_notes(Ctx *c, const Chosen *t, const Recipient *to, const Reach *reach, const NotifyField *fields,
                       const NotifyOptions *o) {
    TextVersion *v = version_of(c, t->id, "inapp", reach->lang);
    if (!v || to->user.id) return;
    const char *topic = o->topic ? o->topic : t->topic;
    const char *severity = o->severity ? o->severity : !strcmp(t->class, "critical") ? "critical" : "info";
    Readers all = readers_of(c, to, topic);
    for (size_t i = 0; i < all.n; i++)
        inapp_post(c, &(InApp){ .recipient_kind = "portal_user",
                                .recipient = all.v[i].id,
                                .topic = topic,
                                .severity = severity,
                                .title = utf8_line(&c->mem, fill(c, v->subject, fields)),
                                .body = fill(c, o->link ? without_link(c, v->body_text) : v->body_text, fields),
                                .link = o->link,
                                .event_id = o->event_id,
                                .dedup_key = o->dedup_key,
                                .expires_at = strcmp(severity, "critical") ? (Time){ 0 } : o->expires_at,
                                .account = to->account });
}

/* --- what is never stored readable (S13) -------------------------------------------------------------------------- */

/* To add one: a row. Codes and links that open something: whoever reads the history may not use them. */
static const struct { const char *template_, *field;
} secrets[] = {
    { "otp_code", "code" },          { "password_reset", "link" }, { "staff_invitation", "link" },
    { "portal_invitation", "link" }, { "email_change", "link" },   { "new_device", "link" },
    { "mailbox_test", "link" },      { "payment_link", "link" },
};

/* The fields with dots in place of a secret; the same ones when the template has none. */
static const NotifyField *masked(Ctx *c, const char *key, const NotifyField *fields) {
    const char *secret = NULL;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (!strcmp(secrets[i].template_, key)) secret = secrets[i].field;
    size_t n = 0;
    while (fields && fields[n].name) n++;
    if (!secret) return fields;
    NotifyField *to = take_n(c, NotifyField, n + 1);
    for (size_t i = 0; i < n; i++)
        to[i] = (NotifyField){ fields[i].name, strcmp(fields[i].name, secret) ? fields[i].value : "••••••" };
    return to;
}

/* --- the message -------------------------------------------------------------------------------------------------- */

#define STORED(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, reason_code)
ROW(Stored, STORED)

static Notified stored(Ctx *c, Id id) {
    Stored *s = db_one(c, Stored, "select id, public_id, reason_code from message where id = ?", id);
    return (Notified){ .message = s->id, .public_id = s->public_id, .suppressed = s->reason_code };
}

Notified notify(Ctx *c, const char *key, const Recipient *to, const NotifyField *fields, const NotifyOptions *options) {
    Chosen *t = db_find(c, Chosen, "select id, class, topic, legal, channels from template where `key` = ? "
                                   "and status = 'active' and (utility_id = ? or utility_id is null) "
                                   "order by utility_id is null limit 1", key, c->utility);
    if (!t) fail(c, BROKEN, "there is no template %s", key);
    const Reach *reach = reach_of(c, to);
    const NotifyOptions none = { 0 }, *o = options ? options : &none;
    if (o->dedup_key) {
        Id first = db_id(c, "select id from message where utility_key = ? and dedup_key = ?", c->utility.id,
                         o->dedup_key);
        if (first.id) return stored(c, first);
    }
    Wanted wanted = channels_wanted(c, o->channels, t);
    for (int i = 0; i < wanted.n; i++)
        if (!strcmp(wanted.v[i], "inapp")) post_notes(c, t, to, reach, fields, o);
    Way way = way_to(c, t, &wanted, reach);
    if (!way.version) return (Notified){ .suppressed = way.reason };
    bool is_sms = !strcmp(way.channel, "sms"), gsm7 = true;
    const char *body = fill(c, way.version->body_text, fields),
               *shown = fill(c, way.version->body_text, masked(c, key, fields));
    Bytes sealed = strcmp(body, shown) ? vault_seal(c, "message.body", body) : (Bytes){ 0 };
    /* S22: one line */
    const char *subject = is_sms ? NULL : utf8_cut(&c->mem, utf8_line(&c->mem, fill(c, way.version->subject, fields)),
                                                   200);
    int segments = is_sms ? sms_segments(body, &gsm7) : 1;
    Time expires = o->expires_at.us ? o->expires_at : time_add_seconds(c->now, KEEP_DAYS * 86400);
    Id id = db_insert(c,
                      "insert into message (utility_id, channel, class, topic, template_version_id, template_key, "
                      "consumer_id, account_id, user_id, portal_user_id, to_address, to_hash, lang, subject, "
                      "body_text, body_enc, encoding, segments, "
                      "status, reason_code, not_before, expires_at, next_attempt_at, dedup_key, legal, created_at, "
                      "created_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                      c->utility, way.channel, t->class, o->topic ? o->topic : t->topic, way.version->id, key,
                      reach->consumer_id, to->account, to->user, to->portal_user, way.address,
                      lookup_hash(c, way.address), way.version->lang, subject, shown, sealed,
                      is_sms ? (gsm7 ? "gsm7" : "ucs2") : NULL, segments, way.reason ? "suppressed" : "queued",
                      way.reason, o->not_before.us ? o->not_before : TIME_NONE, expires, c->now, o->dedup_key, t->legal,
                      c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    if (!is_sms && (o->html || o->document.id))
        db_run(c, "update message set body_html = ?, attachments = ? where id = ?", o->html,
               o->document.id ? json_ids(c, &o->document, 1) : NULL, id);
    if (!way.reason) message_enqueue(c, id, o->not_before);
    return stored(c, id);
}

/* --- segments ----------------------------------------------------------------------------------------------------- */

/* Characters of GSM 03.38 beyond ASCII, and those that cost two places. */
static const char *const gsm_more = "£¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¡ÄÖÑÜ§¿äöñüà", *const gsm_two = "^{}\\[~]|€";

static size_t rune_bytes(unsigned char b) { return b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4; }

static bool has_rune(const char *set, const char *rune, size_t n) {
    for (const char *s = set; *s; s += rune_bytes((unsigned char)*s))
        if (rune_bytes((unsigned char)*s) == n && !memcmp(s, rune, n)) return true;
    return false;
}

int sms_segments(const char *text_, bool *is_gsm7) {
    int gsm = 0, ucs = 0;
    bool all = true;
    for (const char *s = text_; *s;) {
        size_t n = rune_bytes((unsigned char)*s);
        bool two = has_rune(gsm_two, s, n), one = (n == 1 && *s != '`' && (*s >= ' ' || *s == '\n' || *s == '\r'))
            || has_rune(gsm_more, s, n);
        all = all && (one || two);
        gsm += two ? 2 : 1;
        ucs += n == 4 ? 2 : 1;
        s += n;
    }
    *is_gsm7 = all;
    int length = all ? gsm : ucs, whole = all ? 160 : 70, part = all ? 153 : 67;
    return length <= whole ? 1 : (length + part - 1) / part;
}
