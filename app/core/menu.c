/*
 * The launcher (ONB07): tiles of the modules a person may use, favourites, the pages used last, a search over pages and
 * actions. What appears follows rights and active modules, here and in the side menu (front.c); a page still asks for
 * its right itself.
 */
#include "app/core/menu.h"

#include <string.h>

#include "app/core/pages.h"
#include "app/core/rights.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"
#include "lib/web.h"

enum { FAVOURITES_MAX = 12, RECENTS_MAX = 8, FOUND_MAX = 12, LANDINGS_MAX = 60 };

/* --- tiles -------------------------------------------------------------------------------------------------------- */

/* Open longer than the utility allows (setting complaint_due_days), until clocks run by themselves. */
static int64_t overdue_complaints(Ctx *c) {
    Time since = time_add_seconds(c->now, -setting_int(c, "complaint_due_days", 10) * 86400);
    return db_int(c, "select count(*) from complaint where utility_id = ? and created_at < ? "
                     "and status in ('pending', 'assigned', 'in_progress', 'on_hold')", c->utility, since);
}

static int64_t jobs_dead(Ctx *c) {
    return db_int(c, "select count(*) from smart360.job where tenant_id = ? and state = 'dead'", c->tenant);
}

/* Whoever may see one of these finds a report. */
#define REPORT_KEYS "core.dashboard cis.dashboard cc.dashboard bx.dashboard bx.gl hub.settlements"

/*
 * To add one: a row. `keys`: view on one of them shows the tile (look-up keys, by which pages are reached from the
 * record they belong to, are left out; a trailing * is any key of the module); `module`: has to be active; `pages`:
 * where it leads, the first that may be opened. Texts: menu.tile.<key>.
 */
static const struct Tile {
    const char *key, *icon, *module, *keys, *pages, *step;
    int64_t   (*badge)(Ctx *c);
    const char *badge_key;          /* right asked for the badge's figure */
} tiles[] = {
    { "setup",    "settings",   NULL,     "core.settings core.id_formats core.utilities",
      "/settings /id-formats /setup", NULL, NULL, NULL },
    { "cis",      "users",      "cis",    "cis.*", "/cis/dashboard /cis/consumers /cis/payments /cis/complaints",
      "customer_settings", overdue_complaints, "cis.complaints" },
    { "cc",       "headset",    "cc",     "cc.console cc.dashboard cc.performance", "/cc/console /cc/dashboard", NULL,
      NULL, NULL },
    { "comm",     "broadcast",  "comm",   "comm.dashboard comm.campaign comm.list comm.workflow comm.template "
      "comm.history comm.notice comm.settings", "/comm", NULL, NULL, NULL },
    { "portal",   "language",   "portal", "portal.settings portal.users portal.content portal.usage_rules",
      "/cis/portal", NULL, NULL, NULL },
    { "mx",       "gauge",      "mx",     "mx.device mx.inventory mx.order mx.route mx.cycle mx.interval "
      "mx.validation mx.config", "/mx /mx/meters /mx/validation /mx/inventory", "meter_settings", NULL, NULL },
    { "bx",       "receipt",    "bx",     "bx.run bx.single bx.cycle bx.template bx.dashboard bx.gl bx.print",
      "/bx/dashboard /bx/runs /bx/generate-single", "billing_settings", NULL, NULL },
    { "wx",       "truck",      "wx",     "wx.master wx.force wx.dispatch wx.settings wx.field",
      "/wx/dispatcher /wx/orders /field", NULL, NULL, NULL },
    { "hub",      "plug",       "hub",    "hub.*", "/integrations/payments /integrations/events /integrations/sandbox",
      NULL, NULL, NULL },
    { "reports",  "chart-bar",  NULL,     REPORT_KEYS, "/reports", NULL, NULL, NULL },
    { "admin",    "shield",     NULL,     "core.users core.roles core.audit core.jobs", "/users /roles /jobs", NULL,
      jobs_dead, "core.jobs" },
    { "help",     "help",       NULL,     NULL, "/help", NULL, NULL, NULL },
};
enum { TILES = sizeof tiles / sizeof *tiles };

/* consumers seen only to find a payment are no module of their own */
static bool is_look_up(const char *key) {
    static const char *const keys[] = { "bx.bill", "mx.reads", "wx.order", "comm.message", "cis.pii" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(keys[i], key)) return true;
    return false;
}

static bool holds_any(Ctx *c, const char *keys) {
    const Rights *mine = rights_here(c);
    for (int i = 0; i < mine->key_n; i++) {
        const char *key = mine->key[i];
        if (!(mine->bits[i] & VIEW) || is_look_up(key)) continue;
        for (const char *s = keys; *s;) {
            size_t n = strcspn(s, " ");
            bool all = n > 1 && s[n - 1] == '*';
            if (all ? !strncmp(s, key, n - 1) : strlen(key) == n && !strncmp(s, key, n)) return true;
            s += n + (s[n] == ' ');
        }
    }
    return false;
}

bool menu_has_reports(Ctx *c) { return holds_any(c, REPORT_KEYS); }

static bool module_is_active(Ctx *c, const char *module) {
    return !module || rights_module_on(c, module);
}

/* The first page of the tile that this person may open. */
static const char *page_of(Req *r, const struct Tile *t) {
    for (const char *s = t->pages; *s;) {
        size_t n = strcspn(s, " ");
        const char *path = text_copy_n(r, s, n);
        if (web_may_open(r, path)) return path;
        s += n + (s[n] == ' ');
    }
    return NULL;
}

static bool administers(Ctx *c) { return perm_may(c, "core.settings", EDIT); }

/* Set-up that waits: the utility is not live yet and the step was not finished. */
static const char *waits_for(Req *r, const struct Tile *t) {
    Ctx *c = &r->c;
    const char *status = utility_here(c)->status;
    if (!t->step || (strcmp(status, "configuring") && strcmp(status, "ready"))) return NULL;
    bool open = db_int(c, "select count(*) from setup_step where utility_id = ? and step_key = ? "
                          "and state in ('complete', 'signed_off', 'skipped')", c->utility, t->step) == 0;
    return open ? msg(c->language, text(c, "menu.step.%s", t->step)) : NULL;
}

static void show_tile(Req *r, size_t n, const struct Tile *t, const char *path, bool active) {
    Ctx *c = &r->c;
    const char *to = at(r, "tiles", n, NULL), *lock = active ? waits_for(r, t) : NULL;
    show_text(r, text(r, "%s.key", to), t->key);
    const char *label = menu_look(c, text(c, "tile.%s", t->key), 0).label;
    show_text(r, text(r, "%s.text", to), label ? label : msg(c->language, text(c, "menu.tile.%s", t->key)));
    show_text(r, text(r, "%s.icon", to), t->icon);
    if (!active) {
        show_text(r, text(r, "%s.off", to), msg(c->language, "menu.not_active"));
        return;
    }
    show_text(r, text(r, "%s.url", to), link_path(r, "%s", path));
    if (lock) show_text(r, text(r, "%s.lock", to), msg_format(r, c->language, "menu.locked", { "step", lock }));
    int64_t badge = t->badge && (!t->badge_key || perm_may(c, t->badge_key, VIEW)) ? t->badge(c) : 0;
    if (!badge) return;
    show_text(r, text(r, "%s.count", to), locale_count(&c->mem, c->locale, badge));
    show_text(
        r, text(r, "%s.count_text", to), msg_plural(r, c->language, text(c, "menu.badge.%s", t->key), badge, NULL));
}

MenuName tile_name(Ctx *c, int i) {
    if (i >= TILES) return (MenuName){ 0 };
    return (MenuName){ text(c, "tile.%s", tiles[i].key), msg(c->language, text(c, "menu.tile.%s", tiles[i].key)),
                       (i + 1) * 10, true, false };
}

/* In the order administrators want, without what they hide. */
static int tiles_sorted(Ctx *c, const struct Tile **to) {
    int sort[TILES], n = 0;
    for (int i = 0; i < TILES; i++) {
        MenuLook look = menu_look(c, text(c, "tile.%s", tiles[i].key), (i + 1) * 10);
        if (look.hidden) continue;
        int k = n++;
        for (; k && sort[k - 1] > look.sort; k--) to[k] = to[k - 1], sort[k] = sort[k - 1];
        to[k] = &tiles[i];
        sort[k] = look.sort;
    }
    return n;
}

static void show_tiles(Req *r) {
    Ctx *c = &r->c;
    const struct Tile *sorted[TILES];
    size_t n = 0;
    int count = tiles_sorted(c, sorted);
    for (int i = 0; i < count; i++) {
        const struct Tile *t = sorted[i];
        bool active = module_is_active(c, t->module);
        if (!active) {
            if (administers(c)) show_tile(r, n++, t, NULL, false);
            continue;
        }
        if (t->keys && !holds_any(c, t->keys)) continue;
        const char *path = page_of(r, t);
        if (path) show_tile(r, n++, t, path, true);
    }
    menu_links(r, "tiles", n);
}

/* --- what a person keeps ------------------------------------------------------------------------------------------ */

#define KEPT(F, T) F(T, const char *, favourites) F(T, const char *, recents) F(T, const char *, landing_path)
ROW(Kept, KEPT)

static Kept *kept_of(Ctx *c) {
    return db_find(c, Kept, "select favourites, recents, landing_path from menu_preference where user_id = ?", c->user);
}

static Texts list_of(Ctx *c, const char *json) {
    Json list = json ? json_read(&c->mem, json, strlen(json), 8192, NULL) : (Json){ 0 };
    Texts to = { take_n(c, const char *, json_size(list) + 2), 0 };
    for (size_t i = 0; i < json_size(list); i++) {
        const char *s = json_text(json_item(list, i), "");
        if (s) to.v[to.n++] = s;
    }
    return to;
}

static const char *json_of(Ctx *c, const Texts *list) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < list->n; i++) json_add_text(&o, NULL, list->v[i]);
    json_close(&o);
    return t.s;
}

static int place_in(const Texts *list, const char *s) {
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->v[i], s)) return (int)i;
    return -1;
}

static void keep(Ctx *c, const char *favourites, const char *recents) {
    db_run(c, "insert into menu_preference (user_id, favourites, recents, updated_at) values (?,?,?,?) "
              "on duplicate key update favourites = coalesce(values(favourites), favourites), "
              "recents = coalesce(values(recents), recents), updated_at = values(updated_at)", c->user, favourites,
           recents, c->now);
}

void menu_visited(Ctx *c, const char *key) {
    Kept *k = kept_of(c);
    Texts was = list_of(c, k ? k->recents : NULL), is = { take_n(c, const char *, RECENTS_MAX + 1), 0 };
    if (was.n && !strcmp(was.v[0], key)) return;
    is.v[is.n++] = key;
    for (size_t i = 0; i < was.n && is.n < RECENTS_MAX; i++)
        if (strcmp(was.v[i], key)) is.v[is.n++] = was.v[i];
    keep(c, NULL, json_of(c, &is));
}

/* Pages of the side menu by their keys, as links; those this person may not open (any more) are left out. */
static void show_kept(Req *r, const char *list, const Texts *keys, bool may_move) {
    size_t n = 0;
    for (size_t i = 0; i < keys->n; i++) {
        MenuPage p = menu_page_by_key(r, keys->v[i]);
        if (!p.key) continue;
        const char *to = at(r, list, n++, NULL);
        show_text(r, text(r, "%s.key", to), p.key);
        show_text(r, text(r, "%s.text", to), p.text);
        show_text(r, text(r, "%s.url", to), p.url);
        if (may_move && i) show_text(r, text(r, "%s.up", to), "1");
        if (may_move && i + 1 < keys->n) show_text(r, text(r, "%s.down", to), "1");
    }
}

/* --- search over pages and actions -------------------------------------------------------------------------------- */

/* Every word that was typed begins a word of the entry: "new comp" finds "New complaint". */
static bool fits(Arena *a, const char *entry, const char *typed) {
    char *words = text_copy(a, typed);
    for (char *s = words, *word; (word = strsep(&s, " "));) {
        if (!*word) continue;
        size_t n = strlen(word);
        bool found = false;
        for (const char *e = entry; *e && !found; e++)
            found = (e == entry || e[-1] == ' ') && !strncasecmp(e, word, n);
        if (!found) return false;
    }
    return true;
}

static void show_found(Req *r, const char *typed) {
    Arena *a = &r->c.mem;
    size_t n = 0;
    MenuPage p;
    for (int i = 0; n < FOUND_MAX && (p = menu_entry(r, i)).is_entry; i++) {
        if (!p.key || !fits(a, p.text, typed)) continue;
        show_text(r, at(r, "found", n, "text"), p.text);
        show_text(r, at(r, "found", n, "icon"), p.is_action ? "plus" : "arrow-right");
        show_text(r, at(r, "found", n++, "url"), p.url);
    }
    if (!n) show_text(r, "none", msg_format(r, r->c.language, "menu.none", { "q", typed }));
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

void menu_page(Req *r) {
    Ctx *c = &r->c;
    Kept *k = kept_of(c);
    Texts favourites = list_of(c, k ? k->favourites : NULL), recents = list_of(c, k ? k->recents : NULL);
    const char *q = query_text(r, "q");
    show_text(r, "page.title", msg(c->language, "menu.title"));
    show_text(r, "q", q);
    show_text(r, "path", link_path(r, "/menu"));
    if (q && strlen(q) < 100) show_found(r, q);
    show_kept(r, "favourites", &favourites, true);
    show_kept(r, "recents", &recents, false);
    show_tiles(r);
    MenuPage p;
    for (int i = 0, n = 0; (p = menu_entry(r, i)).is_entry; i++) {
        if (!p.key || p.is_action) continue;
        const char *to = at(r, "pages", (size_t)n++, NULL);
        show_text(r, text(r, "%s.key", to), p.key);
        show_text(r, text(r, "%s.text", to), p.text);
        show_text(r, text(r, "%s.url", to), p.url);
        if (place_in(&favourites, p.key) >= 0) show_text(r, text(r, "%s.pinned", to), "1");
        if (k && k->landing_path && !strcmp(k->landing_path, p.path)) show_text(r, text(r, "%s.landing", to), "1");
    }
    show_text(r, "favourite_url", link_path(r, "/menu/favourites"));
    show_text(r, "landing_url", link_path(r, "/menu/landing"));
    if (administers(c)) {
        show_text(r, "page.actions.0.text", word(r, "menu.change.title"));
        show_text(r, "page.actions.0.url", link_path(r, "/menu/settings"));
    }
    if (r->is_part) page(r, "core/menu_part");
    else page(r, "core/menu");
}

static const Choice operations[] = { { "pin", NULL }, { "unpin", NULL }, { "up", NULL }, { "down", NULL },
                                     { "place", NULL }, { 0 } };

static const Form favourite_form = { .name = "menu_favourite", .fields = FIELDS {
    { "key", TEXT(1, 60), .flags = REQUIRED },
    { "do", CHOICE(operations), .flags = REQUIRED },
    { "before", HIDDEN(60) },
    { 0 } } };

static void swap(Texts *list, int a, int b) {
    if (a < 0 || b < 0 || (size_t)a >= list->n || (size_t)b >= list->n) return;
    const char *s = list->v[a];
    list->v[a] = list->v[b];
    list->v[b] = s;
}

static void take_out(Texts *list, int at_) {
    for (size_t i = (size_t)at_; i + 1 < list->n; i++) list->v[i] = list->v[i + 1];
    list->n--;
}

/* Dragged to before another one; none: to the end. */
static void place_before(Texts *list, int at_, const char *before) {
    const char *key = list->v[at_];
    if (before && !strcmp(before, key)) return;
    take_out(list, at_);
    int to = before ? place_in(list, before) : -1;
    size_t place = to < 0 ? list->n : (size_t)to;
    for (size_t i = list->n++; i > place; i--) list->v[i] = list->v[i - 1];
    list->v[place] = key;
}

void menu_favourite(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &favourite_form);
    problems_end(r);
    const char *key = in_text(in, "key"), *what = in_text(in, "do");
    Kept *k = kept_of(c);
    Texts list = list_of(c, k ? k->favourites : NULL);
    int here = place_in(&list, key);
    if (!strcmp(what, "pin") && here < 0) {
        if (!menu_page_by_key(r, key).key) fail(c, NOT_FOUND, "There is no such page.");
        if (list.n >= FAVOURITES_MAX) fail(c, INVALID, "%s", msg(c->language, "menu.remove_first"));
        list.v[list.n++] = key;
    } else if (!strcmp(what, "unpin") && here >= 0) {
        take_out(&list, here);
    } else if (!strcmp(what, "up")) {
        swap(&list, here, here - 1);
    } else if (!strcmp(what, "down")) {
        swap(&list, here, here + 1);
    } else if (!strcmp(what, "place") && here >= 0) {
        place_before(&list, here, in_text(in, "before"));
    }
    keep(c, json_of(c, &list), NULL);
    go(r, "/menu");
}

static const Form landing_form = { .name = "menu_landing", .fields = FIELDS {
    { "key", TEXT(0, 60) }, { 0 } } };

void menu_landing(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &landing_form);
    problems_end(r);
    const char *key = in_text(in, "key");
    MenuPage p = key ? menu_page_by_key(r, key) : (MenuPage){ 0 };
    if (key && !p.key) fail(c, NOT_FOUND, "There is no such page.");
    keep(c, NULL, NULL);
    db_run(c, "update menu_preference set landing_path = ? where user_id = ?", p.path, c->user);
    note(r, "%s", key ? msg_format(r, c->language, "menu.landing_set", { "page", p.text })
         : msg(c->language, "menu.landing_gone"));
    go(r, "/menu");
}

/* The side menu with icons only, and back; remembered for the person. */
void menu_narrow(Req *r) {
    Ctx *c = &r->c;
    const char *back = field_text(r, "back");
    keep(c, NULL, NULL);
    db_run(c, "update menu_preference set collapsed = 1 - collapsed where user_id = ?", c->user);
    go_to(r, back && path_is_own(back) ? back : link_path(r, "/"));
}

const char *menu_landing_path(Ctx *c) {
    Kept *k = kept_of(c);
    return k ? k->landing_path : NULL;
}

/* Without a utility in the address: that of the session, or the one to choose. */
void menu_root(Req *r) {
    Ctx *c = &r->c;
    Id here = facts_of(c)->session_utility;
    const char *code = here.id ? db_text(c, "select code from utility where id = ? and status <> 'closed'", here)
        : db_text(c, "select min(u.code) from user_role ur join utility u on (u.id = ur.utility_id "
                     "or ur.utility_id is null) and u.status <> 'closed' where ur.user_id = ? "
                     "having count(distinct u.id) = 1", c->user);
    go_to(r, code ? text(r, "/u/%s/menu", code) : "/login/select");
}

/* What tells how things stand: figures, statements, comparisons. To add one: its page here, its words reports.<name>
   and reports.<name>_how; it is shown to who may open it. */
static const struct { const char *name, *path; } reports[] = {
    { "utility",     "/dashboard" },           { "desk",       "/cis/dashboard" },
    { "calls",       "/cc/dashboard" },        { "billing",    "/bx/dashboard" },
    { "exceptions",  "/bx/dashboard/exceptions" }, { "simulations", "/bx/dashboard/simulations" },
    { "trial",       "/bx/gl-codes/trial-balance" }, { "settlements", "/integrations/settlements" },
    { "migration",   "/migration/reconcile" }, { "downloads",  "/downloads" },
};

void reports_page(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "page.title", word(r, "menu.tile.reports"));
    show_text(r, "page.sub", word(r, "reports.how"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "menu.tile.reports"));
    table_column(t, word(r, "reports.report"), "text", "id");
    table_column(t, word(r, "reports.shows"), "text", "name");
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        if (!web_may_open(r, reports[i].path)) continue;
        table_row(t, link_path(r, "%s", reports[i].path));
        table_cell(t, msg(c->language, text(r, "reports.%s", reports[i].name)));
        table_cell(t, msg(c->language, text(r, "reports.%s_how", reports[i].name)));
    }
    page(r, "layout/show");
}

void help_page(Req *r) {
    Ctx *c = &r->c;
    const Utility *u = utility_here(c);
    show_text(r, "page.title", msg(c->language, "help.title"));
    show_text(r, "show.sections.0.title", msg(c->language, "help.find"));
    show_text(r, "show.sections.0.kind", "text");
    show_text(r, "show.sections.0.text.0", msg(c->language, "help.search"));
    show_text(r, "show.sections.0.text.1", msg(c->language, "help.launcher"));
    show_text(r, "show.sections.0.text.2", msg(c->language, "help.keys"));
    show_text(r, "show.sections.1.title", msg(c->language, "help.who"));
    show_text(r, "show.sections.1.kind", "text");
    show_text(r, "show.sections.1.text.0", msg(c->language, "help.rights"));
    show_text(r, "show.sections.1.text.1", msg_format(r, c->language, "help.utility", { "name", u->name },
        { "email", u->email ? u->email : "-" }, { "phone", u->contact_phone ? u->contact_phone : "-" }));
    page(r, "layout/show");
}
