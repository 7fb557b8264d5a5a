/*
 * Saved filters of lists (spec/README section 2 rule 3; ux "List"): a name for what a list's address asks for. Own ones
 * are seen by their owner, shared ones by everybody of the utility who may open the list; each person may choose one to
 * begin with.
 *
 * Only the owner changes or deletes one. The address is kept as the list itself writes it, never as it was sent.
 */
#include "app/core/saved_view.h"

#include <string.h>

#include "app/core/core.h"
#include "app/core/front.h"
#include "app/core/pages.h"
#include "lib/form.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/web.h"

enum { VIEWS_OWN = 100, QUERY_MAX = 2000 };

/* What the list itself writes into an address. */
#define QUERY_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%=&"

/* --- above a list ------------------------------------------------------------------------------------------------- */

#define VIEW_ROW(F, T) \
    F(T, Id, id) F(T, const char *, public_id) F(T, const char *, name) F(T, const char *, query) F(T, bool, shared) \
        F(T, bool, is_own) \
    F(T, bool, is_default)
ROW(ViewRow, VIEW_ROW)

static ViewRows views_of(Ctx *c, const char *list) {
    return db_all(c, ViewRow,
                  "select v.id, v.public_id, v.name, v.query, v.shared, v.user_id = ? as is_own, d.saved_view_id "
                  "is not null as is_default from saved_view v "
                  "left join saved_view_default d on d.saved_view_id = v.id and d.user_id = ? "
                  "and d.utility_id = v.utility_id "
                  "where v.utility_id = ? and v.list = ? and (v.user_id = ? or v.shared = 1) "
                  "order by v.user_id <> ?, v.name limit 30",
                  c->user, c->user, c->utility, list, c->user, c->user);
}

static void tab(Req *r, size_t n, const char *words, const char *url, bool is_current) {
    show_text(r, at(r, "list.views", n, "text"), words);
    show_text(r, at(r, "list.views", n, "url"), url);
    if (is_current) show_text(r, at(r, "list.views", n, "current"), "1");
}

/* The list's path with a saved query; its id says which one stands above the table. */
static const char *view_url(Req *r, const char *path, const ViewRow *v) {
    return text(r, "%s?view=%s%s%s", path, v->public_id, *v->query ? "&" : "", v->query);
}

bool saved_views_show(Req *r, const ListView *l) {
    Ctx *c = &r->c;
    if (c->realm != REALM_STAFF || !c->utility.id) return false;
    ViewRows all = views_of(c, l->list);
    const char *path = link_path(r, "%s", l->path), *chosen = query_text(r, "view");
    for (size_t i = 0; i < all.n && !r->query.n; i++)
        if (all.v[i].is_default)
            {              /* nothing is asked for: as the person likes it; "All" leads out of it */
            go_to(r, view_url(r, path, &all.v[i]));
            return true;
        }
    size_t n = 0;
    if (all.n)
        tab(r, n++, msg(c->language, "view.all"), text(r, "%s?view=all", path),
            !*l->query && (!chosen || !strcmp(chosen, "all")));
    bool own = false;
    for (size_t i = 0; i < all.n; i++) {
        const ViewRow *v = &all.v[i];
        own |= v->is_own;
        tab(r, n++, v->name, view_url(r, path, v), chosen && !strcmp(chosen, v->public_id)
            && !strcmp(l->query, v->query));
    }
    if (*l->query && strlen(l->query) <= QUERY_MAX)
        show_text(r, "list.save_view_url", link_path(r, "/views/new?list=%s&path=%s&query=%s", url_part(r, l->list),
                                                     url_part(r, l->path), url_part(r, l->query)));
    if (own) show_text(r, "list.views_url", link_path(r, "/views?list=%s", url_part(r, l->list)));
    return false;
}

/* --- saving one --------------------------------------------------------------------------------------------------- */

static const Form view_form = { .name = "view", .fields = FIELDS {
    { "name", TEXT(1, 80), .flags = REQUIRED },
    { "shared", BOOL },
    { "default", BOOL },
    { "list", HIDDEN(60) },
    { "path", HIDDEN(300) },
    { "query", HIDDEN(QUERY_MAX) },
    { 0 } } };

static const char *sent(Req *r, const char *name) {
    const char *value = r->again ? field_text(r, name) : query_text(r, name);
    return value ? value : "";
}

/* A page of this utility that this person may open: the path comes from the browser. */
static void path_check(Req *r, const char *path) {
    const Route *to = *path == '/' ? web_find_page(r, path) : NULL;
    if (!to) fail(r, NOT_FOUND, "There is no such list.");
    if (to->key) perm_check(&r->c, to->key, to->action);
}

static void narrow(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.width", "narrow");
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "view.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/views"));
    show_text(r, "page.crumbs.1.text", title);
}

void view_new(Req *r) {
    const char *path = sent(r, "path"), *query = sent(r, "query");
    path_check(r, path);
    FormView *v = form_show(r, "form", &view_form, "/views");
    form_text(v, "list", sent(r, "list"));
    form_text(v, "path", path);
    form_text(v, "query", query);
    show_text(r, "form.intro", msg(r->c.language, "view.how"));
    show_text(r, "form.cancel_url", link_path(r, "%s?%s", path, query));
    narrow(r, msg(r->c.language, "view.new"));
    page(r, "layout/form");
}

static void name_check(Req *r, const Input *in, const char *list, Id but) {
    const char *name = in_text(in, "name");
    if (name && db_int(r, "select count(*) from saved_view where user_id = ? and utility_id = ? "
                          "and list = ? and name = ? and id <> ?", r->c.user, r->c.utility, list, name, but.id))
        problem(r, "name", "%s", msg(r->c.language, "view.taken"));
}

static void default_set(Ctx *c, const char *list, Id view, bool wanted) {
    if (wanted)
        db_run(c, "insert into saved_view_default (user_id, utility_id, list, saved_view_id) values (?,?,?,?) "
                  "on duplicate key update saved_view_id = values(saved_view_id)",
               c->user, c->utility, list, view);
    else
        db_run(c, "delete from saved_view_default where user_id = ? and utility_id = ? "
                  "and list = ? and saved_view_id = ?", c->user, c->utility, list, view);
}

static const char *view_json(Ctx *c, const char *name, const char *query, bool shared) {
    return json_pairs(c, "name", name, "query", query, "shared", shared ? "yes" : "no", NULL);
}

void view_create(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &view_form);
    const char *list = in_text(in, "list"), *path = in_text(in, "path"), *query = in_text(in, "query");
    if (!list || !path) fail(r, INVALID, "%s", msg(c->language, "view.lost"));
    path_check(r, path);
    name_check(r, in, list, (Id){ 0 });
    if (!query) problem(r, NULL, "%s", msg(c->language, "view.nothing"));
    else if (query[strspn(query, QUERY_CHARS)]) fail(r, INVALID, "%s", msg(c->language, "view.lost"));
    if (db_int(c, "select count(*) from saved_view where user_id = ? and utility_id = ? and list = ?", c->user,
               c->utility, list) >= VIEWS_OWN) problem(r, NULL, "%s", msg(c->language, "view.enough"));
    problems_end(r);
    bool shared = in_bool(in, "shared");
    Id id = db_insert(c, "insert into saved_view (utility_id, user_id, list, path, name, query, shared, created_at, "
                         "created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?,?)",
                      c->utility, c->user, list, path, in_text(in, "name"), query, shared, c->now, c->user, c->now,
                          c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "saved_view", .id = id,
                             .number = in_text(in, "name"),
                             .after = view_json(c, in_text(in, "name"), query, shared) });
    default_set(c, list, id, in_bool(in, "default"));
    note(r, "%s", msg_format(r, c->language, "view.saved", { "name", in_text(in, "name") }));
    go(r, "%s?view=%s&%s", path, db_text(c, "select public_id from saved_view where id = ?", id), query);
}

/* --- looking after them ------------------------------------------------------------------------------------------- */

static const ListSpec own_views = {
    .name = "saved_views", .one = "saved filter", .many = "saved filters", .path = "/views", .id = "v.id",
    .from = "saved_view v left join saved_view_default d on d.saved_view_id = v.id and d.user_id = v.user_id "
            "and d.utility_id = v.utility_id",
    .where = "v.utility_id = ? and v.user_id = ?",
    .columns = COLUMNS {
        { "name",       NULL,        "v.name", LIST | SEARCH | SORT, .link = "/views/{public_id}" },
        { "list",       NULL,        "v.list", LIST | SORT | FILTER },
        { "shared",     NULL,      "v.shared", LIST, .kind = "yesno" },
        { "is_default", NULL, "d.saved_view_id is not null", LIST, .kind = "yesno" },
        { "updated_at", NULL, "v.updated_at", LIST | SORT },
        { "public_id",  NULL,          "v.public_id" },
        { 0 } },
    .order = "name", .empty_text = "Filter a list, then save the filter: it stands above the list from then on." };

void view_list(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "view.title"));
    list_show(r, &own_views, r->c.utility, r->c.user);
    if (!r->status) page(r, "layout/list");
}

#define OWN_VIEW(F, T) \
    F(T, Id, id) F(T, const char *, public_id) F(T, const char *, list) F(T, const char *, path) \
        F(T, const char *, name) F(T, const char *, query) \
    F(T, bool, shared) F(T, bool, is_default) F(T, int64_t, row_version)
ROW(OwnView, OWN_VIEW)

/* One's own; those of others are not found, also when they are shared. */
static OwnView *own_view(Req *r) {
    Ctx *c = &r->c;
    OwnView *v = db_find(c, OwnView,
                         "select v.id, v.public_id, v.list, v.path, v.name, v.query, v.shared, exists (select 1 "
                         "from saved_view_default d where d.saved_view_id = v.id "
                         "and d.user_id = v.user_id and d.utility_id = v.utility_id) as is_default, v.row_version "
                         "from saved_view v where v.public_id = ? and v.user_id = ? and v.utility_id = ?",
                         path_text(r, "id"), c->user, c->utility);
    if (!v) fail(r, NOT_FOUND, "There is no such saved filter.");
    return v;
}

void view_page(Req *r) {
    OwnView *own = own_view(r);
    FormView *v = form_show(r, "form", &view_form, text(r, "/views/%s", own->public_id));
    form_text(v, "name", own->name);
    form_bool(v, "shared", own->shared);
    form_bool(v, "default", own->is_default);
    form_version(v, own->row_version);
    show_text(r, "form.cancel_url", link_path(r, "/views"));
    show_text(r, "page.actions.0.text", msg(r->c.language, "view.open"));
    show_text(r, "page.actions.0.url", link_path(r, "%s?view=%s&%s", own->path, own->public_id, own->query));
    show_text(r, "page.actions.0.icon", "filter");
    show_text(r, "page.actions.1.text", msg(r->c.language, "ui.delete"));
    show_text(r, "page.actions.1.url", link_path(r, "/views/%s/deletion", own->public_id));
    show_text(r, "page.actions.1.icon", "trash");
    show_text(r, "page.actions.1.post", "1");
    narrow(r, own->name);
    page(r, "layout/form");
}

void view_save(Req *r) {
    Ctx *c = &r->c;
    OwnView *v = own_view(r);
    Input *in = form_read(r, &view_form);
    name_check(r, in, v->list, v->id);
    problems_end(r);
    const char *name = in_text(in, "name");
    bool shared = in_bool(in, "shared");
    db_must(c, 1, CONFLICT, "update saved_view set name = ?, shared = ?, updated_at = ?, updated_by = ?, row_version = "
                            "row_version + 1 where id = ? and row_version = ?",
            name, shared, c->now, c->user, v->id, in->row_version);
    if (!shared) db_run(c, "delete from saved_view_default where saved_view_id = ? and user_id <> ?", v->id, c->user);
    default_set(c, v->list, v->id, in_bool(in, "default"));
    audit_write(c, &(Audit){ .action = "edit", .entity = "saved_view", .id = v->id,
                             .number = name, .version = v->row_version + 1,
                             .before = view_json(c, v->name, v->query, v->shared),
                             .after = view_json(c, name, v->query, shared) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/views");
}

void view_delete(Req *r) {
    Ctx *c = &r->c;
    OwnView *v = own_view(r);
    db_run(c, "delete from saved_view where id = ?", v->id);
    audit_write(c, &(Audit){ .action = "delete", .entity = "saved_view", .id = v->id,
                             .number = v->name,
                             .before = view_json(c, v->name, v->query, v->shared) });
    note(r, "%s", msg_format(r, c->language, "view.deleted", { "name", v->name }));
    go(r, "/views");
}
