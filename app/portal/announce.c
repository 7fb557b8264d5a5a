/*
 * Announcements of the utility (CSS01US09, portal_announcement): above every page of the portal from their first to
 * their last moment. One that may be closed stays away from the browser that closed it. One for a category of consumers
 * or for an area (with all below it) is seen by those who have an account there, after they signed in. Staff write them
 * at /cis/portal/announcements; an earlier end takes one away.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/portal/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { SHOWN_MOST = 3, READ_MOST = 50, CLOSED_MOST = 20, ID_CHARS = 22, CLOSED_DAYS = 90 };
static const char closed_cookie[] = "s360_closed";

#define ANNOUNCEMENT(F, T) F(T, const char *, public_id) F(T, const char *, title) F(T, const char *, body) \
    F(T, const char *, kind) F(T, bool, dismissible) F(T, const char *, category) F(T, const char *, area)
ROW(Announcement, ANNOUNCEMENT)

#define BELONGS(F, T) F(T, const char *, category) F(T, const char *, path)
ROW(Belong, BELONGS)
#define AUDIENCE "json_value(audience, '$.category') as category, json_value(audience, '$.area') as area"

static const char *tone_of(const char *kind) {
    return !strcmp(kind, "critical") ? "bad" : !strcmp(kind, "warning") ? "warn" : "info";
}

static bool is_closed(Req *r, const Announcement *a) {
    const char *closed = a->dismissible ? cookie_text(r, closed_cookie) : NULL;
    return closed && strstr(closed, a->public_id);
}

/* Where the visitor's accounts belong; read once a request, and only when an announcement is not for all. */
static const Belongs *belongs_of(Ctx *c) {
    Belongs *kept = fact_get(c, "portal_belongs", c->user.id);
    if (kept) return kept;
    Mines mines = mine_all(c);
    Id *ids = take_n(c, Id, mines.n + 1);
    for (size_t i = 0; i < mines.n; i++) ids[i] = mines.v[i].id;
    kept = take(c, sizeof *kept);
    *kept = db_all(c, Belong,
                   "select k.code as category, s.path from json_table(?, '$[*]' columns (id bigint path '$')) j "
                   "straight_join account a on a.id = j.id left join consumer_category k on k.id = a.category_id "
                   "join premise p on p.id = a.premise_id left join service_area s on s.id = p.sub_area_id",
                   json_ids(c, ids, mines.n));
    fact_keep(c, "portal_belongs", c->user.id, kept);
    return kept;
}

static bool is_for_visitor(Ctx *c, const Announcement *a) {
    if (!a->category && !a->area) return true;
    if (c->realm != REALM_PORTAL || !c->user.id) return false;
    const Belongs *all = belongs_of(c);
    for (size_t i = 0; i < all->n; i++) {
        const Belong *b = &all->v[i];
        bool category = !a->category || (b->category && !strcmp(a->category, b->category));
        if (category && (!a->area || (b->path && strstr(text(c, "/%s/", b->path), text(c, "/%s/", a->area)))))
            return true;
    }
    return false;
}

void announcements_show(Req *r) {
    Ctx *c = &r->c;
    Announcements all = db_all(c, Announcement, "select public_id, title, body, kind, dismissible, " AUDIENCE " "
                                                "from portal_announcement where utility_id = ? and state = 'published' "
                                                "and from_at <= ? and (to_at is null or to_at > ?) "
                                                "order by kind = 'critical' desc, from_at desc limit ?", c->utility,
                               c->now, c->now, (int)READ_MOST);
    for (size_t i = 0, shown = 0; i < all.n && shown < SHOWN_MOST; i++) {
        const Announcement *a = &all.v[i];
        const char *at_ = text(r, "page.notices.announced%zu", i);
        if (is_closed(r, a) || !is_for_visitor(c, a)) continue;
        shown++;
        show_text(r, text(r, "%s.tone", at_), tone_of(a->kind));
        show_text(r, text(r, "%s.strong", at_), a->title);
        show_text(r, text(r, "%s.text", at_), a->body);
        if (!a->dismissible) continue;
        show_text(r, text(r, "%s.action.text", at_), msg(c->language, "note.close"));
        show_text(r, text(r, "%s.action.url", at_), link_path(r, "/announcements/%s/close", a->public_id));
        show_text(r, text(r, "%s.action.post", at_), "1");
        show_text(r, text(r, "%s.action.name", at_), "back");
        show_text(r, text(r, "%s.action.value", at_), strcmp(r->method, "POST") ? r->uri : link_path(r, "/"));
    }
}

/* The newest first; what was closed long ago has ended. */
void announcement_close(Req *r) {
    Ctx *c = &r->c;
    const char *id = path_text(r, "id"), *back = field_text(r, "back"), *before = cookie_text(r, closed_cookie);
    if (!db_int(c, "select count(*) from portal_announcement where public_id = ? and utility_id = ? "
                   "and dismissible = 1", id, c->utility)) fail(c, NOT_FOUND, "There is no such page.");
    Text t = text_start(r);
    text_add(&t, id);
    for (int i = 1; before && i < CLOSED_MOST && strlen(before) >= ID_CHARS; i++) {
        text_addf(&t, ".%.*s", (int)ID_CHARS, before);
        before += before[ID_CHARS] ? ID_CHARS + 1 : ID_CHARS;
    }
    cookie_set(r, closed_cookie, t.s, CLOSED_DAYS * 86400);
    go_to(r, back && path_is_own(back) ? back : link_path(r, "/"));
}

/* --- staff -------------------------------------------------------------------------------------------------------- */

static const Choice kinds[] = { { "info", NULL }, { "warning", NULL }, { "critical", NULL }, { 0 } };

static const ListSpec announcements = {
    .name = "announcements",
    .path = "/cis/portal/announcements",
    .feature = "portal.content",
    .id = "a.id",
    .from = "portal_announcement a",
    .where = "a.utility_id = ?",
    .columns = COLUMNS{ { "title", NULL, "a.title", LIST | SORT | SEARCH,
                          .link = "/cis/portal/announcements/{public_id}" },
                        { "public_id", NULL, "a.public_id", 0 },
                        { "kind", NULL, "a.kind", LIST | FILTER, .choices = kinds },
                        { "from_at", NULL, "a.from_at", LIST | SORT },
                        { "to_at", NULL, "a.to_at", LIST },
                        { "audience", NULL,
                          "concat_ws(', ', json_value(a.audience, '$.category'), json_value(a.audience, '$.area'))",
                          LIST },
                        { 0 } },
    .order = "-from_at"
};

void staff_announcements_page(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "page.title", msg(c->language, "portal.staff.title"));
    page_tabs(r, "portal", "/cis/portal/announcements");
    if (perm_may(c, "portal.content", CREATE)) {
        show_text(r, "page.actions.0.text", msg(c->language, "portal.announce.new"));
        show_text(r, "page.actions.0.url", link_path(r, "/cis/portal/announcements/new"));
        show_text(r, "page.actions.0.kind", "primary");
    }
    list_show(r, &announcements, c->utility);
    if (!r->status) page(r, "layout/list");
}

static const Form announce_form = { .name = "portal.announce",
                                    .fields = FIELDS{ { "title", NULL, TEXT(3, 120), .flags = REQUIRED },
                                                      { "body", NULL, LONG_TEXT(3, 2000), .flags = REQUIRED },
                                                      { "kind", NULL, CHOICE(kinds), .flags = REQUIRED,
                                                        .initial = "info" },
                                                      { "from_on", NULL, DATE_FIELD, .flags = REQUIRED },
                                                      { "from_time", NULL, .type = FIELD_CLOCK },
                                                      { "to_on", NULL, DATE_FIELD },
                                                      { "to_time", NULL, .type = FIELD_CLOCK },
                                                      { "category", NULL, TEXT(1, 20) },
                                                      { "area", NULL, TEXT(1, 20) },
                                                      { "dismissible", NULL, BOOL, .initial = "1" },
                                                      { 0 } } };

#define STORED(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, title) F(T, const char *, body) \
    F(T, const char *, kind) F(T, Time, from_at) F(T, Time, to_at) F(T, bool, dismissible) F(T, int, row_version) \
    F(T, const char *, category) F(T, const char *, area)
ROW(Stored, STORED)

static Stored *stored_of_path(Req *r) {
    Stored *a = db_find(r, Stored, "select id, public_id, title, body, kind, from_at, to_at, dismissible, "
                                   "row_version, " AUDIENCE " from portal_announcement where public_id = ? "
                                   "and utility_id = ?",
                        path_text(r, "id"), r->c.utility);
    if (!a) fail(r, NOT_FOUND, "There is no such announcement.");
    return a;
}

static void form_moment(FormView *v, Ctx *c, const char *day, const char *clock, Time t) {
    if (!time_is_set(t)) return;
    Local l = time_local(c->locale->zone, t);
    form_date(v, day, l.date);
    form_text(v, clock, text(c, "%02d:%02d", l.hour, l.minute));
}

#define NAMED(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(Named, NAMED)

static void show_choice(FormView *v, const char *field, Nameds l, const char *all) {
    form_set(v, field, "kind", "select");
    form_set(v, field, "blank", all);
    for (size_t i = 0; i < l.n; i++) form_option(v, field, l.v[i].code, l.v[i].name);
}

static FormView *show_form(Req *r, const char *path, const char *title) {
    FormView *v = form_show(r, "form", &announce_form, path);
    const char *all = msg(r->c.language, "portal.announce.all");
    show_choice(v, "category", db_all(r, Named, "select code, name from consumer_category where utility_id = ? "
                                                "and parent_id is null and active = 1 order by name", r->c.utility),
                all);
    show_choice(v, "area", db_all(r, Named, "select code, concat(repeat('– ', length(path) - length(replace(path, '/', "
                                            "''))), name) as name from service_area where utility_id = ? "
                                            "and status <> 'merged' order by concat(path, '/') limit 2000",
                                  r->c.utility), all);
    show_text(r, "form.cancel_url", link_path(r, "/cis/portal/announcements"));
    show_text(r, "page.title", msg(r->c.language, title));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "portal.staff.announcements"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/portal/announcements"));
    return v;
}

void staff_announcement_new(Req *r) {
    FormView *v = show_form(r, "/cis/portal/announcements", "portal.announce.new");
    form_date(v, "from_on", utility_today(&r->c));
    page(r, "layout/form");
}

void staff_announcement_page(Req *r) {
    Ctx *c = &r->c;
    Stored *a = stored_of_path(r);
    FormView *v = show_form(r, text(r, "/cis/portal/announcements/%s", a->public_id), "portal.announce.edit");
    form_text(v, "title", a->title);
    form_text(v, "body", a->body);
    form_text(v, "kind", a->kind);
    form_moment(v, c, "from_on", "from_time", a->from_at);
    form_moment(v, c, "to_on", "to_time", a->to_at);
    form_text(v, "category", a->category);
    form_text(v, "area", a->area);
    form_bool(v, "dismissible", a->dismissible);
    form_version(v, a->row_version);
    page(r, "layout/form");
}

/* A day without a clock: its beginning, or as an end its last moment. */
static Time moment_of(Ctx *c, const Input *in, const char *day, const char *clock, bool is_end) {
    if (!in_given(in, day)) return TIME_NONE;
    Date on = in_date(in, day);
    if (!in_given(in, clock)) return date_start(c->locale->zone, is_end ? date_add_days(on, 1) : on);
    int minutes = (int)in_int(in, clock);
    return time_of_local(c->locale->zone, (Local){ .date = on, .hour = minutes / 60, .minute = minutes % 60 });
}

static Stored read_announcement(Req *r, const Input *in) {
    Ctx *c = &r->c;
    Stored a = { .title = in_text(in, "title"), .body = in_text(in, "body"), .kind = in_text(in, "kind"),
                 .from_at = moment_of(c, in, "from_on", "from_time", false),
                 .to_at = moment_of(c, in, "to_on", "to_time", true), .dismissible = in_bool(in, "dismissible"),
                 .category = in_text(in, "category"), .area = in_text(in, "area") };
    if (a.category && !db_int(c, "select count(*) from consumer_category where utility_id = ? and code = ? "
                                 "and parent_id is null", c->utility, a.category))
        problem(r, "category", "%s", msg(c->language, "portal.announce.unknown"));
    if (a.area && !area_find(c, a.area).id) problem(r, "area", "%s", msg(c->language, "portal.announce.unknown"));
    if (time_is_set(a.from_at) && time_is_set(a.to_at) && a.to_at.us <= a.from_at.us)
        problem(r, "to_on", "%s", msg(c->language, "portal.announce.order"));
    problems_end(r);
    return a;
}

static const char *audience_of(Ctx *c, const Stored *a) {
    return a->category || a->area ? json_pairs(c, "category", a->category, "area", a->area, NULL) : NULL;
}

static const char *json_of(Ctx *c, const Stored *a) {
    return json_pairs(c, "category", a->category, "area", a->area, "title", a->title, "body", a->body, "kind", a->kind,
                      "from_at",
                      locale_time(&c->mem, c->locale, a->from_at), "to_at",
                      time_is_set(a->to_at) ? locale_time(&c->mem, c->locale, a->to_at) : NULL, NULL);
}

void staff_announcement_post(Req *r) {
    Ctx *c = &r->c;
    Stored a = read_announcement(r, form_read(r, &announce_form));
    a.id = db_insert(c, "insert into portal_announcement (utility_id, title, body, kind, from_at, to_at, dismissible, "
                        "audience, state, created_at, created_by, updated_at, updated_by) "
                        "values (?,?,?,?,?,?,?,?,'published',?,?,?,?)",
                     c->utility, a.title, a.body, a.kind, a.from_at, a.to_at, a.dismissible,
                     audience_of(c, &a), c->now, c->user, c->now, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "portal_announcement", .id = a.id, .version = 1,
                             .after = json_of(c, &a) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/cis/portal/announcements");
}

void staff_announcement_save(Req *r) {
    Ctx *c = &r->c;
    Stored *old = stored_of_path(r);
    Input *in = form_read(r, &announce_form);
    Stored a = read_announcement(r, in);
    db_must(c, 1, CONFLICT, "update portal_announcement set title = ?, body = ?, kind = ?, from_at = ?, to_at = ?, "
                            "dismissible = ?, audience = ?, updated_at = ?, updated_by = ?, "
                            "row_version = row_version + 1 "
                            "where id = ? and row_version = ?", a.title, a.body, a.kind, a.from_at, a.to_at,
            a.dismissible, audience_of(c, &a), c->now, c->user, old->id, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "portal_announcement", .id = old->id,
                             .version = old->row_version + 1, .before = json_of(c, old), .after = json_of(c, &a) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/cis/portal/announcements");
}
