/*
 * Notes in the application (CSS01US09): the bell and its page, for staff at /me/notifications and for consumers at
 * /notifications of their portal. A note belongs to one person; what is posted to a role is one note for each of its
 * people. Opening one marks it read and leads to its page. Critical ones stand above every page until they are closed
 * or end.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/comms/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/req.h"

enum { SHOWN = 100, ALARMS_MOST = 3, TOPICS_MOST = 20 };
static const char told_cookie[] = "s360_told";

static const char *kind_of(const Ctx *c) { return c->realm == REALM_PORTAL ? "portal_user" : "user"; }

/* Where the page stands for this person. */
static const char *here(Req *r) {
    return r->c.realm == REALM_PORTAL ? link_path(r, "/notifications") : "/me/notifications";
}

/* Unread notes that have not ended, the newest critical one of them, and when the next of them ends. */
#define UNREAD(F, T) F(T, int64_t, n) F(T, Id, critical) F(T, Time, ends_at)
ROW(Unread, UNREAD)

/*
 * Each page shows how many are unread, and they change a few times a day: counted once by a worker for each version of
 * a person's notes, which the statement that finds the session brings.
 */
enum { KEPT = 512, SCHEMA_MAX = 80 };

static struct Kept { char schema[SCHEMA_MAX]; Realm realm; int64_t user, version; Unread unread; } kept[KEPT];

static struct Kept *kept_of(const Ctx *c) {
    uint64_t h = (uint64_t)c->user.id * 0x9E3779B97F4A7C15u ^ (uint64_t)c->realm;
    for (const char *s = c->schema; *s; s++) h = h * 31 + (unsigned char)*s;
    return &kept[(size_t)(h >> 32) % KEPT];
}

static bool is_good(const struct Kept *k, const Ctx *c, int64_t version) {
    return k->version == version && k->user == c->user.id && k->realm == c->realm && !strcmp(k->schema, c->schema)
        && (!k->unread.n || c->now.us < k->unread.ends_at.us);
}

static Unread unread_of(Ctx *c) {
    int64_t version = notes_version(c);
    if (!version) return (Unread){ 0 };
    struct Kept *k = kept_of(c);
    if (is_good(k, c, version)) return k->unread;
    Unread u = *db_one(c, Unread, "select count(*) as n, coalesce(max(if(severity = 'critical', id, 0)), 0) "
                                  "as critical, min(expires_at) as ends_at from notification "
                                  "where recipient_kind = ? and recipient_id = ? and read_at is null "
                                  "and archived_at is null and expires_at > ?", kind_of(c), c->user, c->now);
    if (db_is_writing(c) || strlen(c->schema) >= SCHEMA_MAX) return u;      /* what is written may be taken back */
    *k = (struct Kept){ .realm = c->realm, .user = c->user.id, .version = version, .unread = u };
    memcpy(k->schema, c->schema, strlen(c->schema));
    return u;
}

void notes_changed(Ctx *c, const char *kind, Id person) {
    db_run(c, "insert into note_version (recipient_kind, recipient_id, version) values (?, ?, uuid_short()) "
              "on duplicate key update version = uuid_short()", kind, person);
}

static const char *count_words(Ctx *c, int64_t n) { return n > 99 ? "99+" : text(c, "%lld", (long long)n); }

#define ALARM(F, T) F(T, const char *, public_id) F(T, const char *, title) F(T, const char *, body) \
    F(T, const char *, link)
ROW(Alarm, ALARM)

/* Read aloud when it is new to this browser, not on every page again. */
static void show_alarms(Req *r) {
    Ctx *c = &r->c;
    Alarms all = db_all(c, Alarm, "select public_id, title, body, link from notification where recipient_kind = ? "
                                  "and recipient_id = ? and read_at is null and archived_at is null "
                                  "and expires_at > ? and severity = 'critical' order by id desc limit ?", kind_of(c),
                        c->user, c->now, (int)ALARMS_MOST);
    const char *told = cookie_text(r, told_cookie);
    for (size_t i = 0; i < all.n; i++) {
        const char *at_ = text(r, "page.notices.alarm%zu", i);
        bool is_new = !i && (!told || strcmp(told, all.v[i].public_id));
        show_text(r, text(r, "%s.tone", at_), "bad");
        if (is_new) show_text(r, text(r, "%s.role", at_), "alert");
        show_text(r, text(r, "%s.strong", at_), all.v[i].title);
        show_text(r, text(r, "%s.text", at_), all.v[i].body);
        if (all.v[i].link) show_text(r, text(r, "%s.url", at_), text(r, "%s/%s", here(r), all.v[i].public_id));
        show_text(r, text(r, "%s.action.text", at_), msg(c->language, "note.close"));
        show_text(r, text(r, "%s.action.url", at_), text(r, "%s/%s/read", here(r), all.v[i].public_id));
        show_text(r, text(r, "%s.action.post", at_), "1");
        show_text(r, text(r, "%s.action.name", at_), "back");
        show_text(r, text(r, "%s.action.value", at_), strcmp(r->method, "POST") ? r->uri : here(r));
        if (is_new) cookie_set(r, told_cookie, all.v[i].public_id, 0);
    }
}

void notes_bell(Req *r) {
    Unread u = unread_of(&r->c);
    show_text(r, "bell.url", here(r));
    show_text(r, "bell.count_url", text(r, "%s/count", here(r)));
    if (u.critical.id) show_alarms(r);
    if (!u.n) return;
    show_text(r, "bell.count", count_words(&r->c, u.n));
    show_text(r, "bell.count_text", msg_plural(r, r->c.language, "note.unread", u.n, NULL));
}

/* Asked for by open pages once a minute: how many are not read. An answer that is known already is not sent again. */
void notes_count(Req *r) {
    Ctx *c = &r->c;
    Unread u = unread_of(c);
    const char *tag = text(r, "\"%lld-%lld\"", (long long)u.n, (long long)u.critical.id);
    const char *known = header_text(r, "If-None-Match");
    header_set(r, "ETag", tag);
    if (known && !strcmp(known, tag)) {
        answer(r, 304, "application/json", "", 0);
        return;
    }
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_text(&o, "count", u.n ? count_words(c, u.n) : "");
    json_add_text(&o, "text",
                  u.n ? msg_plural(c, c->language, "note.unread", u.n, NULL) : msg(c->language, "note.title"));
    json_close(&o);
    answer(r, 200, "application/json", t.s, t.n);
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

#define NOTE(F, T) F(T, const char *, public_id) F(T, const char *, severity) F(T, const char *, topic) \
    F(T, const char *, account_no) F(T, const char *, title) F(T, const char *, body) F(T, const char *, link) \
    F(T, int, count) F(T, Time, created_at) F(T, Time, read_at)
ROW(Note, NOTE)

static const char *tone_of(const char *severity) {
    return !strcmp(severity, "critical") ? "bad" : !strcmp(severity, "warning") ? "warn"
        : !strcmp(severity, "success") ? "ok" : NULL;
}

static void show_note(Req *r, const char *at_, const Note *n) {
    const char *word = msg(r->c.language, text(r, "note.%s", n->severity));
    show_text(r, text(r, "%s.icon", at_), !strcmp(n->severity, "info") ? "bell"
              : !strcmp(n->severity, "success") ? "check" : "alert");
    show_text(r, text(r, "%s.tone", at_), tone_of(n->severity));
    show_text(r, text(r, "%s.title", at_), n->count > 1 ? text(r, "%s (%d)", n->title, n->count) : n->title);
    if (n->link) show_text(r, text(r, "%s.url", at_), text(r, "%s/%s", here(r), n->public_id));
    show_text(r, text(r, "%s.time", at_), locale_clock(&r->c.mem, r->c.locale, n->created_at));
    show_text(r, text(r, "%s.text", at_), n->body);
    Text who = text_start(r);
    text_add(&who, word);
    if (!time_is_set(n->read_at)) text_addf(&who, ", %s", msg(r->c.language, "note.new"));
    if (n->account_no) text_addf(&who, " · %s", n->account_no);
    show_text(r, text(r, "%s.who", at_), who.s);
    bool is_read = time_is_set(n->read_at);
    show_text(r, text(r, "%s.action.text", at_), msg(r->c.language, is_read ? "note.archive" : "note.read"));
    show_text(r, text(r, "%s.action.url", at_),
              text(r, "%s/%s/%s", here(r), n->public_id, is_read ? "archive" : "read"));
    show_text(r, text(r, "%s.action.kind", at_), "quiet");
    show_text(r, text(r, "%s.action.post", at_), "1");
    show_text(r, text(r, "%s.action.name", at_), "back");
    show_text(r, text(r, "%s.action.value", at_), r->uri);
}

/* --- its filters -------------------------------------------------------------------------------------------------- */

typedef struct { bool unread; const char *topic, *account; } Wish;

static Wish wish_of(Req *r) {
    return (Wish){ query_text(r, "unread") != NULL, query_text(r, "topic"), query_text(r, "account") };
}

static const char *address_of(Req *r, bool unread, const Wish *w) {
    Text t = text_start(r);
    text_add(&t, here(r));
    char mark = '?';
    if (unread) text_addf(&t, "%cunread=1", mark), mark = '&';
    if (w->topic) text_addf(&t, "%ctopic=%s", mark, url_part(r, w->topic)), mark = '&';
    if (w->account) text_addf(&t, "%caccount=%s", mark, url_part(r, w->account));
    return t.s;
}

#define TOPIC(F, T) F(T, const char *, topic)
ROW(Topic, TOPIC)
#define OF_ACCOUNT(F, T) F(T, const char *, account_no)
ROW(OfAccount, OF_ACCOUNT)

static void add_choice(Req *r, const char *list, size_t i, const char *value, const char *words, const char *wanted) {
    show_text(r, at(r, list, i, "value"), value);
    show_text(r, at(r, list, i, "text"), words);
    show_flag(r, at(r, list, i, "selected"), wanted && !strcmp(wanted, value));
}

/* The topics and accounts that occur; a choice of one is none. */
static void show_choices(Req *r, const Wish *w) {
    Ctx *c = &r->c;
    Topics topics = db_all(c, Topic, "select distinct topic from notification where recipient_kind = ? "
                                     "and recipient_id = ? and archived_at is null and expires_at > ? "
                                     "order by topic limit ?", kind_of(c), c->user, c->now, (int)TOPICS_MOST);
    OfAccounts accounts = db_all(c, OfAccount, "select distinct a.account_no from notification n join account a "
                                               "on a.id = n.account_id where n.recipient_kind = ? "
                                               "and n.recipient_id = ? and n.archived_at is null and n.expires_at > ? "
                                               "order by a.account_no limit ?", kind_of(c), c->user, c->now,
                                 (int)TOPICS_MOST);
    show_text(r, "filter.url", here(r));
    if (w->unread) show_text(r, "filter.unread", "1");
    for (size_t i = 0; i < topics.n && (topics.n > 1 || w->topic); i++) {
        const char *key = text(r, "note.topic.%s", topics.v[i].topic);
        add_choice(r, "filter.topics", i, topics.v[i].topic,
                   msg(c->language, msg_exists(key) ? key : "note.topic.other"), w->topic);
    }
    for (size_t i = 0; i < accounts.n && (accounts.n > 1 || w->account); i++)
        add_choice(r, "filter.accounts", i, accounts.v[i].account_no, accounts.v[i].account_no, w->account);
}

void notes_page(Req *r) {
    Ctx *c = &r->c;
    Wish w = wish_of(r);
    Notes all = db_all(c, Note, "select n.public_id, n.severity, n.topic, a.account_no, n.title, n.body, n.link, "
                                "n.count, n.created_at, n.read_at from notification n "
                                "left join account a on a.id = n.account_id "
                                "where n.recipient_kind=? and n.recipient_id=? and n.archived_at is null "
                                "and n.expires_at>? and (?=0 or n.read_at is null) and (? is null or n.topic = ?) "
                                "and (? is null or a.account_no = ?) order by n.created_at desc, n.id desc limit ?",
                       kind_of(c), c->user, c->now, (int)w.unread, w.topic, w.topic, w.account, w.account, (int)SHOWN);
    show_text(r, "page.title", msg(c->language, "note.title"));
    const char *const tabs[] = { "note.all", "note.only_unread" };
    for (size_t i = 0; i < 2; i++) {
        show_text(r, at(r, "show.tabs", i, "text"), msg(c->language, tabs[i]));
        show_text(r, at(r, "show.tabs", i, "url"), address_of(r, i == 1, &w));
        if (w.unread == (i == 1)) show_text(r, at(r, "show.tabs", i, "current"), "1");
    }
    show_text(r, "notes_title", msg(c->language, tabs[w.unread]));
    if (unread_of(c).n) {
        show_text(r, "page.actions.0.text", msg(c->language, "note.read_all"));
        show_text(r, "page.actions.0.url", text(r, "%s/read", here(r)));
        show_text(r, "page.actions.0.post", "1");
    }
    show_choices(r, &w);
    if (!all.n) {
        show_text(r, "none.title", msg(c->language, "note.none"));
        show_text(r, "none.text", w.topic || w.account ? msg(c->language, "note.none_fit") : NULL);
        show_text(r, "none.icon", "bell");
    }
    const char *day = "";
    for (size_t i = 0; i < all.n; i++) {
        const char *at_ = text(r, "notes.%zu", i);
        const char *its = locale_date_words(&c->mem, c->locale, time_date(c->locale->zone, all.v[i].created_at));
        if (strcmp(its, day)) show_text(r, text(r, "%s.day", at_), its);
        day = its;
        show_note(r, at_, &all.v[i]);
    }
    page(r, "layout/notes");
}

/* --- read and opened ---------------------------------------------------------------------------------------------- */

#define MINE(F, T) F(T, Id, id) F(T, const char *, link)
ROW(Mine, MINE)

static const Mine *mine(Req *r) {
    const Mine *n = db_find(r, Mine, "select id, link from notification where public_id=? and recipient_kind=? "
                                     "and recipient_id=?", path_text(r, "note"), kind_of(&r->c), r->c.user);
    if (!n) fail(r, NOT_FOUND, "There is no such note.");
    return n;
}

static void mark_read(Ctx *c, Id note) {
    db_run(c, "update notification set read_at=coalesce(read_at, ?) where id=?", c->now, note);
    notes_changed(c, kind_of(c), c->user);
}

void note_open(Req *r) {
    const Mine *n = mine(r);
    mark_read(&r->c, n->id);
    go_to(r, n->link ? n->link : here(r));
}

static void go_back(Req *r) {
    const char *back = field_text(r, "back");
    go_to(r, back && path_is_own(back) ? back : here(r));
}

void note_read(Req *r) {
    mark_read(&r->c, mine(r)->id);
    go_back(r);
}

/* Out of the list, and read. */
void note_archive(Req *r) {
    db_run(r, "update notification set archived_at = coalesce(archived_at, ?), read_at = coalesce(read_at, ?) "
              "where id = ?", r->c.now, r->c.now, mine(r)->id);
    notes_changed(&r->c, kind_of(&r->c), r->c.user);
    note(r, "%s", msg(r->c.language, "note.archived"));
    go_back(r);
}

void notes_read_all(Req *r) {
    db_run(&r->c, "update notification set read_at=? where recipient_kind=? and recipient_id=? and read_at is null",
           r->c.now, kind_of(&r->c), r->c.user);
    notes_changed(&r->c, kind_of(&r->c), r->c.user);
    go_to(r, here(r));
}

/* --- upkeep ------------------------------------------------------------------------------------------------------- */

JobStep notes_upkeep(Ctx *c, const JobRow *job) {
    (void)job;
    enum { AT_ONCE = 2000, READ_DAYS = 30 };
    int64_t gone = db_run(c, "delete from notification where expires_at<? limit ?", c->now, (int)AT_ONCE);
    db_run(c, "update notification set archived_at=? where archived_at is null and read_at<?", c->now,
           time_add_seconds(c->now, -(int64_t)READ_DAYS * 86400));
    return gone == AT_ONCE ? STEP_AGAIN : STEP_DONE;
}

/* --- by mail ------------------------------------------------------------------------------------------------------ */

enum { TOLD_AT_ONCE = 100, TITLES_MOST = 10 };

#define WAITING(F, T) F(T, Id, id) F(T, const char *, full_name) F(T, int64_t, n) F(T, const char *, titles)
ROW(Waiting, WAITING)

/* Who wants it is told once a day what came and was not read; read or told of, it is not told again. */
JobStep notes_mail(Ctx *c, const JobRow *job) {
    (void)job;
    Waitings l = db_all(c, Waiting, "select u.id, u.full_name, count(*) as n, group_concat(concat('- ', o.title) "
                                    "order by o.id desc separator '\n' limit ?) as titles from user u "
                                    "join note_version v on v.recipient_kind = 'user' and v.recipient_id = u.id "
                                    "join notification o on o.recipient_kind = 'user' and o.recipient_id = u.id "
                                    "and o.read_at is null and o.archived_at is null and o.expires_at > ? "
                                    "and o.created_at > coalesce(v.told_at, u.created_at) "
                                    "where u.status = 'active' and u.mail_off = 0 group by u.id order by u.id limit ?",
                        (int)TITLES_MOST, c->now, (int)TOLD_AT_ONCE);
    for (size_t i = 0; i < l.n; i++) {
        const Waiting *w = &l.v[i];
        const NotifyField fields[] = { { "name", w->full_name }, { "count", text(c, "%lld", (long long)w->n) },
                                       { "list", w->titles }, { "link", public_url(c, "/me/notifications", false) },
                                       { 0 } };
        notify(c, "notes_waiting", &(Recipient){ .user = w->id }, fields, &(NotifyOptions){ .channels = "email" });
        db_run(c, "update note_version set told_at = ? where recipient_kind = 'user' and recipient_id = ?", c->now,
               w->id);
    }
    return l.n == TOLD_AT_ONCE ? STEP_AGAIN : STEP_DONE;
}
