/*
 * Notes in the application (CSS01US09): the bell and its page, for staff at /me/notifications and for consumers at
 * /notifications of their portal. A note belongs to one person; what is posted to a role is one note for each of its
 * people. Opening one marks it read and leads to its page.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/comms/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/req.h"

enum { SHOWN = 100 };

static const char *kind_of(const Ctx *c) { return c->realm == REALM_PORTAL ? "portal_user" : "user"; }

/* Where the page stands for this person. */
static const char *here(Req *r) {
    return r->c.realm == REALM_PORTAL ? link_path(r, "/notifications") : "/me/notifications";
}

int64_t inapp_unread(Ctx *c) {
    return db_int(c, "select count(*) from notification where recipient_kind=? and recipient_id=? and read_at is null",
                  kind_of(c), c->user);
}

void notes_bell(Req *r) {
    int64_t n = inapp_unread(&r->c);
    show_text(r, "bell.url", here(r));
    if (!n) return;
    show_text(r, "bell.count", n > 99 ? "99+" : text(r, "%lld", (long long)n));
    show_text(r, "bell.count_text", msg_plural(r, r->c.language, "note.unread", n, NULL));
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

#define NOTE(F, T) F(T, const char *, public_id) F(T, const char *, severity) F(T, const char *, title) \
    F(T, const char *, body) F(T, const char *, link) F(T, int, count) F(T, Time, created_at) F(T, Time, read_at)
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
    show_text(r, text(r, "%s.who", at_), time_is_set(n->read_at) ? word
              : text(r, "%s, %s", word, msg(r->c.language, "note.new")));
    if (time_is_set(n->read_at)) return;
    show_text(r, text(r, "%s.action.text", at_), msg(r->c.language, "note.read"));
    show_text(r, text(r, "%s.action.url", at_), text(r, "%s/%s/read", here(r), n->public_id));
    show_text(r, text(r, "%s.action.kind", at_), "quiet");
    show_text(r, text(r, "%s.action.post", at_), "1");
}

void notes_page(Req *r) {
    Ctx *c = &r->c;
    bool unread = query_text(r, "unread") != NULL;
    Notes all = db_all(c, Note, "select public_id, severity, title, body, link, count, created_at, read_at "
                                "from notification where recipient_kind=? and recipient_id=? and archived_at is null "
                                "and expires_at>? and (?=0 or read_at is null) order by created_at desc, id desc "
                                "limit ?", kind_of(c), c->user, c->now, (int)unread, (int)SHOWN);
    show_text(r, "page.title", msg(c->language, "note.title"));
    const char *const tabs[] = { "note.all", "note.only_unread" };
    for (size_t i = 0; i < 2; i++) {
        show_text(r, at(r, "show.tabs", i, "text"), msg(c->language, tabs[i]));
        show_text(r, at(r, "show.tabs", i, "url"), text(r, "%s%s", here(r), i ? "?unread=1" : ""));
        if (unread == (i == 1)) show_text(r, at(r, "show.tabs", i, "current"), "1");
    }
    if (inapp_unread(c)) {
        show_text(r, "page.actions.0.text", msg(c->language, "note.read_all"));
        show_text(r, "page.actions.0.url", text(r, "%s/read", here(r)));
        show_text(r, "page.actions.0.post", "1");
    }
    show_text(r, "show.sections.0.title", msg(c->language, tabs[unread]));
    show_text(r, "show.sections.0.kind", all.n ? "timeline" : "empty");
    if (!all.n) {
        show_text(r, "show.sections.0.empty.title", msg(c->language, "note.none"));
        show_text(r, "show.sections.0.empty.icon", "bell");
    }
    const char *day = "";
    for (size_t i = 0; i < all.n; i++) {
        const char *at_ = text(r, "show.sections.0.timeline.%zu", i);
        const char *its = locale_date_words(&c->mem, c->locale, time_date(c->locale->zone, all.v[i].created_at));
        if (strcmp(its, day)) show_text(r, text(r, "%s.day", at_), its);
        day = its;
        show_note(r, at_, &all.v[i]);
    }
    page(r, "layout/show");
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
}

void note_open(Req *r) {
    const Mine *n = mine(r);
    mark_read(&r->c, n->id);
    go_to(r, n->link ? n->link : here(r));
}

void note_read(Req *r) {
    mark_read(&r->c, mine(r)->id);
    go_to(r, here(r));
}

void notes_read_all(Req *r) {
    db_run(&r->c, "update notification set read_at=? where recipient_kind=? and recipient_id=? and read_at is null",
           r->c.now, kind_of(&r->c), r->c.user);
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
