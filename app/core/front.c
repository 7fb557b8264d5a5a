/*
 * The front door: see front.h. spec/README sections 2 to 4, ONB-LOGIN, AU01US02; assurance S5 to S8, S15, S16.
 */
#include "app/core/front.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/menu.h"
#include "app/core/policy.h"
#include "app/core/rights.h"
#include "app/core/session.h"
#include "app/core/shell.h"
#include "app/portal/portal.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/log.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"

static Key note_key;

enum { TOUCH_S = 60, FORM_KEY_MAX = 64 };

void front_start(void) {
    session_keys();
    note_key = key_for(installation_keys(), "cookie note");
}

Facts *facts_of(Ctx *c) {
    Facts *f = fact_get(c, "front", 0);
    return f ? f : fact_keep(c, "front", 0, take(c, sizeof(Facts)));
}

int64_t notes_version(Ctx *c) { return facts_of(c)->notes; }

/* "swa" of "swa.smart360.test"; NULL when the host is not below the base domain. */
static const char *slug_of(Req *r) {
    const char *base = installation()->base_domain;
    size_t n = strlen(r->host), m = strlen(base);
    if (n <= m + 1 || strcmp(r->host + n - m, base) || r->host[n - m - 1] != '.') return NULL;
    const char *slug = text_copy_n(r, r->host, n - m - 1);
    return strchr(slug, '.') ? NULL : slug;
}

static bool is_bare_host(const Req *r) {
    if (!strcmp(r->host, installation()->base_domain) || !strcmp(r->host, "localhost")) return true;
    struct in_addr v4;
    return inet_pton(AF_INET, r->host, &v4) == 1 || r->host[0] == '[';
}

static void to_platform(Req *r) {
    r->scope = SCOPE_PLATFORM;
    r->prefix = "";
    tenant_leave(&r->c);
}

static bool first_is(const Req *r, const char *part) {
    return r->path.n > r->frame_parts && !strcmp(r->path.segment[r->frame_parts], part);
}

/* /setup/<step> before another address: that page within the guided set-up (guide_frame.c). */
static void find_frame(Req *r) {
    static const char *const inside[] = { "u", "org", "utilities", NULL };
    r->frame = "";
    r->frame_parts = 0;
    if (r->path.n < 3 || !first_is(r, "setup") || !setup_has_step(r->path.segment[1])) return;
    for (const char *const *s = inside; *s; s++)
        if (!strcmp(r->path.segment[2], *s)) r->frame_parts = 2;
    if (r->frame_parts) r->prefix = r->frame = text(r, "/setup/%s", r->path.segment[1]);
}


#define PORTAL_HOST(F, T) F(T, const char *, slug) F(T, const char *, utility_code)
ROW(PortalHost, PORTAL_HOST)

/* Nothing of an archived organization is there any more but the word that it has left. */
static bool has_left(Ctx *c, const char *slug) {
    return db_int(c, "select exists (select 1 from smart360.tenant where slug = ? and status = 'archived')", slug);
}

static void front_host(Req *r) {
    Ctx *c = &r->c;
    const char *slug = slug_of(r);
    r->prefix = "";
    /* the endpoint's key names the tenant */
    if (first_is(r, "hooks") || first_is(r, "health") || first_is(r, "metrics")) {
        r->scope = SCOPE_ANY;
        to_platform(r);
        r->scope = SCOPE_ANY;
        return;
    }
    bool platform_host = slug && !strcmp(slug, "platform");
    if (platform_host || (is_bare_host(r) && first_is(r, "platform"))) {
        to_platform(r);
        if (platform_host && !r->path.n) go_to(r, "/platform");
        return;
    }
    if (is_bare_host(r)) slug = installation()->default_tenant;
    PortalHost *host = NULL;
    if (!slug) {
        host = db_find(c, PortalHost, "select t.slug, h.utility_code from smart360.portal_host h "
                                      "join smart360.tenant t on t.id = h.tenant_id where h.host = ?", r->host);
        slug = host ? host->slug : NULL;
    }
    if (!slug) fail(r, NOT_FOUND, "There is no such page.");
    const TenantRow *t = session_enter_tenant(r, slug, first_is(r, "p"));
    if (!t && first_is(r, "login") && has_left(c, slug)) fail(r, DENIED, "%s", word(r, "login.ended"));
    if (!t) fail(r, NOT_FOUND, "There is no such page.");
    facts_of(c)->tenant_name = t->name;
    facts_of(c)->tenant_status = t->status;
    find_frame(r);
    bool staff = first_is(r, "u"), portal = first_is(r, "p");
    size_t parts = r->path.n - r->frame_parts;
    if (host && !r->path.n) {
        go_to(r, text(r, "/p/%s/", host->utility_code));
        return;
    }
    if ((staff || portal) && parts >= 2) {
        Id utility = utility_by_code(c, r->path.segment[r->frame_parts + 1]);
        if (!utility.id) fail(r, NOT_FOUND, "There is no such page.");
        utility_enter(c, utility);
        r->scope = portal ? SCOPE_PORTAL : SCOPE_UTILITY;
        r->prefix = text(r, "%s/%s/%s", r->frame, portal ? "p" : "u", c->utility_code);
        return;
    }
    r->scope = SCOPE_TENANT;
    if ((staff || portal) && parts == 1) {
        const char *only = db_text(c, "select if(count(*) = 1, max(code), null) from utility where status <> 'closed'");
        if (only) go_to(r, text(r, "/%s/%s/", portal ? "p" : "u", only));
    }
}


/* Before currency, date format and time zone are set only what sets them is used, and a person's own pages. What the
   organization bought comes before it in the set-up. */
static bool is_too_early(Req *r) {
    static const char *const open[] = { "/setup", "/org/setup", "/org/dashboard", "/org/logo", "/org/colour",
                                        "/org/subscription", "/sandbox/subscription", "/account", "/log",
                                        "/password", "/invite", NULL };
    bool staff = r->scope == SCOPE_UTILITY || r->scope == SCOPE_TENANT;
    if (!staff || r->c.realm != REALM_STAFF || !r->c.user.id || !r->route->path[1]) return false;
    for (const char *const *o = open; *o && r->scope == SCOPE_TENANT; o++)
        if (!strncmp(r->route->path, *o, strlen(*o))) return false;
    return !organization_is_set(&r->c);
}

static void support_seen(Ctx *c, void *arg) {
    const Req *r = arg;
    audit_note(c, "support", "route", facts_of(c)->support, r->uri, facts_of(c)->support_reason);
}

/* Reads only, nothing of a person's own, and not a single page without its entry: no entry, no page. */
static void allow_support(Req *r) {
    const char *path = r->route->path;
    bool leaving = !strcmp(path, "/logout");
    db_tx(&r->c, DB_WRITE, support_seen, r, NULL);
    if (leaving) return;
    if (strcmp(r->method, "GET") && strcmp(r->method, "HEAD")) fail(r, DENIED, "%s", word(r, "support.read_only"));
    if (!strncmp(path, "/account", 8) || !strncmp(path, "/me/", 4)) fail(r, DENIED, "%s", word(r, "support.not_yours"));
}

/* Of an organization whose subscription ended only its administrators come in, to take their data away. */
static void allow_ended(Req *r) {
    const char *path = r->route->path;
    if (!strncmp(path, "/log", 4) || !strncmp(path, "/org/subscription", 17) || !strncmp(path, "/account", 8)
        || !strncmp(path, "/password", 9) || !strcmp(path, "/org/logo")
        || !strncmp(path, "/org/colour", 11)) return;
    if (r->scope == SCOPE_TENANT && !strcmp(path, "/")) {
        go_to(r, "/org/subscription");
        return;
    }
    fail(r, DENIED, "%s", word(r, "login.ended"));
}

/* Staff work from the networks the organization names; signing out is allowed from everywhere. Staff who see the portal
   as a consumer change nothing there. */
static void front_allow(Req *r) {
    const char *networks = facts_of(&r->c)->networks;
    if (facts_of(&r->c)->support.id) allow_support(r);
    if (r->c.realm == REALM_STAFF && networks && strcmp(r->route->path, "/logout")
        && !networks_hold(&r->c, networks, r->c.address))
        fail(r, DENIED, "%s", msg(r->c.language, "login.network"));
    if (is_too_early(r)) {
        note(r, "%s", msg(r->c.language, "org.first"));
        go_to(r, "/org/setup");
        return;
    }
    if (facts_of(&r->c)->viewer.id && !strcmp(r->method, "POST") && strcmp(r->route->path, "/signout"))
        fail(r, DENIED, "%s", msg(r->c.language, "portal.view.read_only"));
    /* Of a suspended utility staff only read; what consumers pay is still taken. */
    if (r->scope == SCOPE_UTILITY && !strcmp(r->method, "POST") && !strcmp(utility_here(&r->c)->status, "suspended")
        && strncmp(r->route->path, "/cis/payments", 13))
        fail(r, CONFLICT, "%s", msg(r->c.language, "utility.read_only"));
    /* a suspended organization's staff look, its consumers go on paying (ONB08US01) */
    const char *status = facts_of(&r->c)->tenant_status;
    bool staff = r->scope == SCOPE_UTILITY || r->scope == SCOPE_TENANT;
    bool own = !strncmp(r->route->path, "/log", 4) || !strncmp(r->route->path, "/account", 8)
        || !strncmp(r->route->path, "/org/subscription", 17) || !strncmp(r->route->path, "/sandbox/subscription", 21)
        || !strncmp(r->route->path, "/password", 9);
    if (staff && r->c.user.id && status && !strcmp(status, "cancelled")) allow_ended(r);
    if (staff && r->c.user.id && status && !strcmp(status, "suspended") && !strcmp(r->method, "POST") && !own)
        fail(r, DENIED, "%s", msg(r->c.language, "platform.read_only"));
}

/* On every page somebody of the platform sees of this organization. */
static void show_support(Req *r) {
    const Facts *f = facts_of(&r->c);
    if (!f->support.id) return;
    show_text(r, "page.notices.8.tone", "warn");
    show_text(r, "page.notices.8.strong", word(r, "support.banner"));
    show_text(r, "page.notices.8.text", msg_format(r, r->c.language, "support.banner_text",
              { "name", f->tenant_name }, { "until", locale_time_words(&r->c.mem, r->c.locale, f->support_until) },
              { "reason", f->support_reason }));
}

/* Above every page of the staff: what is unpaid, and what it has led to. */
static void show_tenant_state(Req *r) {
    show_support(r);
    const char *status = facts_of(&r->c)->tenant_status;
    if (!status || (strcmp(status, "past_due") && strcmp(status, "suspended"))) return;
    show_text(r, "page.notices.9.tone", !strcmp(status, "suspended") ? "bad" : "warn");
    show_text(r, "page.notices.9.text", msg(r->c.language, text(r, "platform.banner.%s", status)));
}

static void front_sign_in(Req *r) {
    const char *path = r->scope == SCOPE_PORTAL ? link_path(r, "/signin") : r->scope == SCOPE_PLATFORM
        ? "/platform/login" : "/login";
    const char *next = strcmp(r->method, "POST") ? r->uri : header_text(r, "Referer");
    if (next && strstr(next, "://")) next = strchr(strstr(next, "://") + 3, '/');
    bool plain = !next || !strcmp(next, "/") || !path_is_own(next);
    go_to(r, plain ? path : text(r, "%s?next=%s", path, url_part(r, next)));
}

static bool front_may(Req *r, const char *key, Action action) {
    perm_check(&r->c, key, action);
    setup_gate(r);
    return true;
}

const char *role_here(Ctx *c) { return rights_here(c)->role_code; }

/* --- the same form twice ------------------------------------------------------------------------------------------ */

static bool front_once_begin(Req *r, const char *form_key) {
    if (!form_key[0]) return true;
    if (strlen(form_key) > FORM_KEY_MAX) fail(r, INVALID, "This form cannot be read. Load the page again.");
    const char *location = form_once(&r->c, form_key, r->path.text);
    if (!location) return true;
    go_to(r, location);
    return false;
}

static void front_once_end(Req *r, const char *form_key) {
    if (r->frame_parts && r->location) setup_frame_next(r);
    if (form_key[0])
        form_done(&r->c, form_key, r->location ? r->location : r->path.text, r->status);
}

static bool front_known(Req *r) {
    const char *form_key = field_text(r, "form_key");
    if (!form_key || !form_key[0]) return false;
    const char *location = db_text(&r->c, "select location from form_post where realm = ? and subject_id = ? "
                                          "and form_key = ? and status is not null",
                                   realm_word(r->c.realm), r->c.user.id, form_key);
    if (!location) return false;
    go_to(r, location);
    return true;
}

/* --- the shell ---------------------------------------------------------------------------------------------------- */

typedef struct Item { const char *key, *path, *icon, *right, *under; } Item;      /* text: menu.<key> */

/* The staff's menu. To add a page: a row after its module's, `under` the module's key; `right` decides who sees it. */
static const Item staff_menu[] = {
#include "app/core/menu.inc"
};

/* The address as if it stood in no frame: the menu knows no other. */
static const char *own_path(const Req *r) { return r->path.text + strlen(r->frame); }
static const char *own_prefix(const Req *r) { return r->prefix + strlen(r->frame); }

static bool current_path(const Req *r, const char *url) {
    size_t n = strlen(url);
    const char *here = own_path(r);
    return !strncmp(here, url, n) && (here[n] == 0 || here[n] == '/');
}

/* Home is that of the role. */
static const char *item_url(Req *r, const Item *i) {
    const char *role = role_here(&r->c);
    return strcmp(i->path, "/") || !role ? link_path(r, "%s", i->path) : role_home(&r->c, role, r->c.utility_code);
}

/* Whether the page is this entry's or below it; paths of entries are compared as they are written, without links. */
static bool is_at(const Req *r, const char *path) {
    size_t n = strlen(own_prefix(r)), m = strlen(path);
    const char *here = own_path(r) + n;
    return !strncmp(own_path(r), own_prefix(r), n) && !strncmp(here, path, m) && (here[m] == 0 || here[m] == '/');
}

/* Pages that belong to an entry of another path. */
static const struct { const char *path, *key; } beside[] = { { "/bx/journals", "gl_codes" }, { 0 } };

static const Item *item_beside(const Req *r) {
    for (int n = 0; beside[n].path; n++)
        for (const Item *i = staff_menu; i->key; i++)
            if (!strcmp(i->key, beside[n].key) && is_at(r, beside[n].path)) return i;
    return NULL;
}

/* The longest entry that the present path begins with is the current page; of two, the one of the module. */
static const Item *current_item(Req *r) {
    const Item *best = item_beside(r);
    if (best) return best;
    size_t most = 0;
    for (const Item *i = staff_menu; i->key; i++) {
        const char *home = strcmp(i->path, "/") ? NULL : item_url(r, i);
        size_t n = home ? strlen(home) : strlen(own_prefix(r)) + strlen(i->path);
        if (n >= most && (home ? current_path(r, home) : is_at(r, i->path))) best = i, most = n;
    }
    return best;
}

/* Its name as administrators have it. */
static const char *item_text(Req *r, const Item *i) {
    const char *label = menu_look(&r->c, i->key, 0).label;
    return label ? label : msg(r->c.language, text(r, "menu.%s", i->key));
}

static void show_entry(Req *r, const char *at_, const Item *i, bool is_current, bool is_open) {
    show_text(r, text(r, "%s.key", at_), i->key);
    show_text(r, text(r, "%s.text", at_), item_text(r, i));
    show_text(r, text(r, "%s.url", at_), item_url(r, i));
    show_text(r, text(r, "%s.icon", at_), i->icon);
    if (is_current) show_text(r, text(r, "%s.current", at_), "page");
    else if (is_open) show_text(r, text(r, "%s.current", at_), "open");
}

/* Routes stay as they are while the program runs: each entry is looked for once. */
static bool has_page(const Item *i) {
    static enum { UNKNOWN_YET, IS_THERE, IS_NOT } known[sizeof staff_menu / sizeof *staff_menu];
    size_t n = (size_t)(i - staff_menu);
    if (!known[n]) known[n] = web_has_page(SCOPE_UTILITY, i->path) ? IS_THERE : IS_NOT;
    return known[n] == IS_THERE;
}

/* A page behind it, and the right to open it. */
static bool may_open(Req *r, const Item *i) {
    if (!strcmp(i->key, "reports") && !menu_has_reports(&r->c)) return false;
    return has_page(i) && (!i->right || perm_may(&r->c, i->right, VIEW));
}

/* What is begun from anywhere: the menu New, and the launcher's search. `find`: how the search calls it. */
static const struct { const char *text, *path, *right, *find; } begun[] = {
    { "menu.new_run",     "/bx/runs/new",        "bx.run",     "menu.find_run" },
    { "menu.new_journal", "/bx/journals/new",    "bx.gl",      "menu.find_journal" },
    { "menu.new_complaint", "/cis/complaints/new", "cis.complaints", "menu.find_complaint" },
    { "menu.new_user",    "/invitations/new",    "core.users", "menu.find_user" },
    { "menu.new_role",    "/roles/new",          "core.roles", "menu.find_role" },
};
enum { BEGUN = sizeof begun / sizeof *begun };

static MenuPage page_of_item(Req *r, const Item *i) {
    MenuPage p = { .is_entry = true };
    if (!strcmp(i->path, "/") || !may_open(r, i) || menu_look(&r->c, i->key, 0).hidden) return p;
    p.key = i->key, p.path = i->path;
    p.text = item_text(r, i);
    p.url = link_path(r, "%s", i->path);
    return p;
}

MenuPage menu_entry(Req *r, int i) {
    int n = 0;
    while (staff_menu[n].key) n++;
    if (i < n) return page_of_item(r, &staff_menu[i]);
    i -= n;
    if (i >= BEGUN) return (MenuPage){ 0 };
    MenuPage p = { .is_entry = true, .is_action = true };
    if (!web_has_page(SCOPE_UTILITY, begun[i].path) || !perm_may(&r->c, begun[i].right, CREATE)) return p;
    return (MenuPage){ true, true, begun[i].text, msg(r->c.language, begun[i].find), begun[i].path,
                       link_path(r, "%s", begun[i].path) };
}

MenuPage menu_page_by_key(Req *r, const char *key) {
    for (const Item *i = staff_menu; i->key; i++)
        if (!strcmp(i->key, key)) return page_of_item(r, i);
    return (MenuPage){ 0 };
}

/* Looked for once, as has_page. */
static bool begun_has_page(size_t i) {
    static enum { UNKNOWN_YET, IS_THERE, IS_NOT } known[BEGUN];
    if (!known[i]) known[i] = web_has_page(SCOPE_UTILITY, begun[i].path) ? IS_THERE : IS_NOT;
    return known[i] == IS_THERE;
}

static void show_new(Req *r) {
    for (size_t i = 0, n = 0; i < sizeof begun / sizeof *begun; i++) {
        if (!perm_may(&r->c, begun[i].right, CREATE) || !begun_has_page(i)) continue;
        show_text(r, at(r, "create", n, "text"), msg(r->c.language, begun[i].text));
        show_text(r, at(r, "create", n++, "url"), link_path(r, "%s", begun[i].path));
    }
}

enum { ITEMS = sizeof staff_menu / sizeof *staff_menu };

/* Entries `under` one (NULL: the first level) in the order administrators want; what they hide is left out. */
static size_t items_under(Ctx *c, const char *under, const Item **to) {
    int sort[ITEMS], place = 0;
    size_t n = 0;
    for (const Item *i = staff_menu; i->key; i++) {
        if (under ? !i->under || strcmp(i->under, under) : i->under != NULL) continue;
        MenuLook look = menu_look(c, i->key, place += 10);
        if (look.hidden) continue;
        size_t k = n++;
        for (; k && sort[k - 1] > look.sort; k--) to[k] = to[k - 1], sort[k] = sort[k - 1];
        to[k] = i;
        sort[k] = look.sort;
    }
    return n;
}

MenuName menu_name(Ctx *c, int i) {
    for (const Item *k = staff_menu; k->key; k++) {
        if (i--) continue;
        int here = 0;                       /* its place among its own */
        for (const Item *s = staff_menu; s <= k; s++)
            if (k->under ? s->under && !strcmp(s->under, k->under) : !s->under) here += 10;
        return (MenuName){ k->key, msg(c->language, text(c, "menu.%s", k->key)), here, false, k->under != NULL };
    }
    return tile_name(c, i);
}

static void show_staff_menu(Req *r, const Item *here) {
    const Item *top[ITEMS], *sub[ITEMS];
    size_t n = 0, tops = items_under(&r->c, NULL, top);
    for (size_t t = 0; t < tops; t++) {
        const Item *i = top[t], *first = NULL;
        bool may = may_open(r, i);
        size_t subs = items_under(&r->c, i->key, sub);
        for (size_t s = 0; s < subs && !first; s++)
            if (may_open(r, sub[s])) first = sub[s];
        if (!may && !first) continue;
        bool open = here && (here == i || (here->under && !strcmp(here->under, i->key)));
        char *at_ = at(r, "menu", n++, NULL);
        bool has_subs = first != NULL;
        show_entry(r, at_, i, here == i && !has_subs, open);
        if (!may || has_subs) show_text(r, text(r, "%s.url", at_), link_path(r, "%s", may ? i->path : first->path));
        size_t m = 0;
        for (size_t s = 0; open && s < subs; s++)
            if (may_open(r, sub[s])) show_entry(r, text(r, "%s.sub.%zu", at_, m++), sub[s], here == sub[s], false);
        if (open && here == i && has_subs) show_text(r, text(r, "%s.current", at_), "page");
    }
    menu_links(r, "menu", n);
}

/* Where g and a letter lead (app.js knows the letters), of that what this person may open: the page of the entry, or
   the first one below it. */
static void show_keyed(Req *r) {
    static const struct { const char *letter, *key; } keyed[] = {
        { "h", "home" }, { "c", "consumers" }, { "b", "billing" }, { "p", "payments" }, { "m", "metering" },
        { "w", "work_orders" }, { "x", "complaints" }, { "r", "reports" } };
    size_t n = 0;
    for (size_t k = 0; k < sizeof keyed / sizeof *keyed; k++) {
        const Item *of = NULL, *to = NULL, *sub[ITEMS];
        for (const Item *i = staff_menu; i->key && !of; i++)
            if (!strcmp(i->key, keyed[k].key)) of = i;
        if (!of || menu_look(&r->c, of->key, 0).hidden) continue;
        if (may_open(r, of)) to = of;
        size_t subs = items_under(&r->c, of->key, sub);
        for (size_t s = 0; s < subs && !to; s++)
            if (may_open(r, sub[s])) to = sub[s];
        if (!to) continue;
        const char *at_ = at(r, "keyed", n++, NULL);
        show_text(r, text(r, "%s.letter", at_), keyed[k].letter);
        show_text(r, text(r, "%s.key", at_), of->key);
        show_text(r, text(r, "%s.text", at_), item_text(r, of));
        show_text(r, text(r, "%s.url", at_), item_url(r, to));
    }
}

/* Its own, or that of the entry it stands under. */
static const char *icon_of(const Item *i) {
    for (const Item *k = staff_menu; k->key && !i->icon; k++)
        if (i->under && !strcmp(k->key, i->under)) i = k;
    return i->icon;
}

size_t front_links(Req *r, const char *list) {
    size_t n = 0;
    for (const Item *i = staff_menu; i->key && r->scope == SCOPE_UTILITY; i++) {
        if (!strcmp(i->path, "/") || current_path(r, item_url(r, i)) || !may_open(r, i)) continue;
        if (menu_look(&r->c, i->key, 0).hidden) continue;
        show_text(r, at(r, list, n, "text"), item_text(r, i));
        show_text(r, at(r, list, n, "icon"), icon_of(i));
        show_text(r, at(r, list, n++, "url"), item_url(r, i));
    }
    return n;
}

/* Where else this person has a role. */
static void show_utilities(Req *r) {
    Ctx *c = &r->c;
    const UtilityList *all = utilities_here(c);
    const Rights *rights = rights_here(c);
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const Utility *u = all->v[i];
        if (!strcmp(u->status, "closed")) continue;
        if (!facts_of(c)->support.id && !rights_hold_role_in(rights, u->id)) continue;
        show_text(r, at(r, "utilities", n, "name"), u->name);
        show_text(r, at(r, "utilities", n, "url"), text(r, "/u/%s/", u->code));
        if (u->id.id == c->utility.id) show_text(r, at(r, "utilities", n, "current"), "1");
        n++;
    }
}

/* The last pages of the launcher: written once when somebody
 * moves on to another entry of the menu, after the answer. */
static void remember_page(Req *r, const Item *here) {
    if (strcmp(r->method, "GET") || r->status >= 400 || r->is_part || !here || !strcmp(here->path, "/")) return;
    const char *last = cookie_text(r, "s360_at");
    if (last && !strcmp(last, here->key)) return;
    cookie_set(r, "s360_at", here->key, 0);
    facts_of(&r->c)->visited = here->key;
}

/* Pages of the organization; right: whoever may edit sees the entry, NULL: everybody. */
static const struct { const char *key, *path, *icon, *right; } tenant_menu[] = {
    { "home",         "/",                 "home",     NULL },
    { "organization", "/org/dashboard",    "gauge",    "core.organization" },
    { "guide",        "/setup",            "clipboard", "core.organization" },
    { "org_setup",    "/org/setup",        "settings", "core.organization" },
    { "utilities",    "/utilities",        "building", "core.utilities" },
    { "people",       "/org/people",       "users",    "core.organization" },
    { "subscription", "/org/subscription", "receipt",  "core.subscription" },
    { "security",     "/org/security",     "shield",   "core.organization" },
};

static void show_tenant_menu(Req *r) {
    size_t n = 0, best = 0, most = 0;
    for (size_t i = 0; i < sizeof tenant_menu / sizeof *tenant_menu; i++) {
        const char *path = tenant_menu[i].path;
        if (tenant_menu[i].right && !perm_may(&r->c, tenant_menu[i].right, EDIT)) continue;
        char *at_ = at(r, "menu", n, NULL);
        show_text(r, text(r, "%s.key", at_), tenant_menu[i].key);
        show_text(r, text(r, "%s.text", at_), msg(r->c.language, text(r, "menu.%s", tenant_menu[i].key)));
        show_text(r, text(r, "%s.url", at_), path);
        show_text(r, text(r, "%s.icon", at_), tenant_menu[i].icon);
        if (path[1] && current_path(r, path) && strlen(path) > most) best = n, most = strlen(path);
        n++;
    }
    if (most) show_text(r, at(r, "menu", best, "current"), "page");
}

/* Shells print none of this round a part of a page (page.part), but for what was searched. */
static void show_staff(Req *r) {
    Ctx *c = &r->c;
    if (r->scope == SCOPE_UTILITY) show_text(r, "search.q", query_text(r, "q"));
    if (r->is_part) return;
    show_text(r, "user.name", c->user_name);
    show_text(r, "user.initials", utf8_initials(&c->mem, c->user_name));
    if (!facts_of(c)->support.id) show_text(r, "user.url", "/account");
    show_text(r, "user.logout_url", "/logout");
    show_text(r, "user.role", rights_here(c)->role_name);
    if (!facts_of(c)->support.id) notes_bell(r);
    show_utilities(r);
    show_flag(r, "page.keys_off", facts_of(c)->keys_off);
    show_flag(r, "page.slim", facts_of(c)->is_slim);
    show_int(r, "page.idle_s", (int64_t)facts_of(c)->idle_minutes * 60);
    show_text(r, "page.idle_url", text(r, "/login?next=%s", url_part(r, r->uri)));
    show_text(r, "bento.url", r->scope == SCOPE_UTILITY ? link_path(r, "/menu") : "/menu");
    if (r->scope != SCOPE_UTILITY) {                /* pages of the tenant: the way back to the work */
        show_tenant_menu(r);
        return;
    }
    show_text(r, "user.menu.0.text", msg(c->language, "export.title"));
    show_text(r, "user.menu.0.url", link_path(r, "/downloads"));
    show_text(r, "user.menu.1.text", msg(c->language, "view.title"));
    show_text(r, "user.menu.1.url", link_path(r, "/views"));
    show_text(r, "slim.url", link_path(r, "/menu/narrow"));
    show_text(r, "slim.back", strcmp(r->method, "POST") ? r->uri : link_path(r, "/"));
    show_text(r, "search.url", link_path(r, "/search"));
    show_text(r, "search.suggest_url", link_path(r, "/search"));
    const Item *here = current_item(r);
    const char *key = here ? here->key : NULL;
    if (!shell_show(r, key)) {
        show_new(r);
        show_staff_menu(r, here);
        show_keyed(r);
        shell_keep(r, key);
    }
    if (!facts_of(c)->support.id) remember_page(r, here);
}

/* The phone pages: whose they are, for what is kept on the phone. */
static void show_field(Req *r) {
    const char *home = link_path(r, "/field");
    if (!current_path(r, home)) return;
    show_text(r, "field.home_url", home);
    show_text(r, "field.pending_url", text(r, "%s/pending", home));
    show_text(r, "field.who", facts_of(&r->c)->email);
    if (r->status >= 400) show_text(r, "page.shell", "field");
}

static void show_portal(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "portal.name", utility_here(c)->name);
    if (utility_here(c)->logo.id) show_text(r, "portal.mark_url", link_path(r, "/logo"));
    if (!strcmp(utility_here(c)->status, "suspended")) {
        show_text(r, "page.notices.suspended.tone", "warn");
        show_text(r, "page.notices.suspended.text", msg(c->language, "portal.utility_suspended"));
    }
    show_text(r, "portal.home_url", link_path(r, c->user.id ? "/home" : "/"));
    static const struct { const char *key, *path, *icon; } items[] = {
        { "home", "/home", "home" }, { "bills", "/bills", "receipt" }, { "usage", "/usage", "chart-bar" },
        { "help", "/help", "messages" }, { "more", "/more", "dots" } };
    for (size_t i = 0, n = 0; c->user.id && i < 5; i++) {
        if (!web_has_page(SCOPE_PORTAL, items[i].path)) continue;
        show_text(r, at(r, "menu", n, "key"), items[i].key);
        show_text(r, at(r, "menu", n, "text"), msg(c->language, text(r, "portal.menu.%s", items[i].key)));
        show_text(r, at(r, "menu", n, "url"), link_path(r, "%s", items[i].path));
        show_text(r, at(r, "menu", n, "icon"), items[i].icon);
        if (current_path(r, link_path(r, "%s", items[i].path))) show_text(r, at(r, "menu", n, "current"), "page");
        n++;
    }
    if (c->user.id) {
        show_text(r, "user.name", c->user_name);
        show_text(r, "user.logout_url", link_path(r, "/signout"));
        if (!r->is_part) notes_bell(r);
    }
    portal_shell(r);
}

static void show_note(Req *r) {
    const char *cookie = cookie_text(r, "s360_note");
    if (r->note) show_text(r, "page.note", r->note);
    if (!cookie || !*cookie) return;
    Signed kept;
    Bytes words;
    if (signed_open(&r->c.mem, &note_key, "s360_note", cookie, time_unix(time_now()), 600, &kept)
        && base64url_read(&r->c.mem, kept.value, strlen(kept.value), &words))
        show_text(r, "page.note", text_copy_n(r, words.p, words.n));
    cookie_set(r, "s360_note", "", -1);
}

/* The note of a page that follows a redirect goes along in a cookie, signed, for ten minutes. */
static void front_redirect(Req *r) {
    if (!r->note) return;
    Bytes words = { r->note, strlen(r->note) };
    cookie_set(r, "s360_note", signed_value(&r->c.mem, &note_key, "s360_note", base64url_text(&r->c.mem, words),
                                            time_unix(time_now())), 600);
}

static void front_layout(Req *r) {
    Ctx *c = &r->c;
    if (r->frame_parts && r->template && strcmp(r->template, "layout/error")) setup_frame(r);
    r->is_outside = true;
    show_text(r, "page.lang", c->language);
    show_text(r, "page.dir", "ltr");
    show_text(r, "page.theme", r->theme);
    show_flag(r, "page.part", r->is_part);
    show_text(r, "request_no", c->request_no);
    if (r->csrf) show_text(r, "csrf", token_masked(&c->mem, r->csrf));
    show_text(r, "form_key", random_public_id(&c->mem));
    if (r->status < 400) show_note(r);
    if (c->utility.id) {
        show_text(r, "utility.name", utility_here(c)->name);
        show_text(r, "utility.code", utility_here(c)->code);
    }
    show_text(r, "utility.base", own_prefix(r));
    if (facts_of(c)->tenant_name) show_text(r, "brand.name", facts_of(c)->tenant_name);
    const char *colour = c->tenant.id ? organization_colour(c) : NULL;
    if (colour && *colour == '#') show_text(r, "page.brand_css", text(r, "/org/colour/%s", colour + 1));
    if (r->scope == SCOPE_PORTAL) show_portal(r);
    else if (c->realm == REALM_STAFF) show_staff(r), show_tenant_state(r);
    else if (c->realm == REALM_PLATFORM) show_text(r, "user.name", c->user_name),
        show_text(r, "user.initials", utf8_initials(&c->mem, c->user_name)),
        show_text(r, "user.logout_url", "/platform/logout");
    if (c->realm == REALM_STAFF && c->user.id && r->template && !strcmp(r->template, "layout/error")) {
        /* refused or lost, but at home: menu and search stay */
        show_text(r, "page.shell", "staff");
        if (c->utility.id && r->status == 404) show_text(r, "error.search_url", link_path(r, "/search"));
    }
    if (r->scope == SCOPE_PORTAL) show_text(r, "page.shell", "portal");
    if (r->scope == SCOPE_PLATFORM) show_text(r, "page.shell", "platform");
    if (c->realm == REALM_STAFF && r->scope == SCOPE_UTILITY) show_field(r);
}

/* --- after -------------------------------------------------------------------------------------------------------- */

static void write_refusal(Ctx *c, void *what) {
    const char *entity = facts_of(c)->refused;
    if (entity) audit_note(c, "refused", entity, (Id){ 0 }, c->utility_code, what);
    else audit_note(c, "denied", "route", (Id){ 0 }, NULL, what);
}

static void refusal_in_tx(Ctx *c, void *arg) { db_tx(c, DB_WRITE, write_refusal, arg, NULL); }

void audit_refused(Ctx *c, const char *entity) { facts_of(c)->refused = entity; }

/* S25: denials are kept although their transaction was rolled back, and what a handler wanted to be kept. */
static void front_refused(Req *r) {
    Ctx *c = &r->c;
    Failure f = c->failure;
    if ((f.status != DENIED && !facts_of(c)->refused) || !c->user.id || !c->schema) return;
    char *what = text_copy(c, f.field && strchr(f.field, ':') ? f.field : f.text);
    if (!attempt(c, refusal_in_tx, what)) log_warn("refusal.lost", LOG_TEXT("text", c->failure.text));
    c->failure = f;
}

static void touch(Ctx *c, void *arg) {
    (void)arg;
    if (c->realm == REALM_PLATFORM)
        db_run(c, "update smart360.session set last_seen_at = ? where id = ? and ended_at is null", c->now, c->session);
    else db_run(c, "update session set last_seen_at = ?, utility_id = coalesce(?, utility_id) "
                   "where id = ? and ended_at is null", c->now, c->utility, c->session);
}

static void touch_in_tx(Ctx *c, void *arg) { db_tx(c, DB_WRITE, touch, arg, NULL); }

static void visited(Ctx *c, void *arg) {
    (void)arg;
    menu_visited(c, facts_of(c)->visited);
}

static void visited_in_tx(Ctx *c, void *arg) { db_tx(c, DB_WRITE, visited, arg, NULL); }

static void front_idle(Ctx *c, bool is_last) { view_notes_write(c, is_last); }

static void front_after(Req *r) {
    Ctx *c = &r->c;
    if (!c->session.id || !c->user.id || !c->schema) return;
    if (r->route && (r->route->flags & BY_ITSELF)) return;
    Facts *f = facts_of(c);
    if (f->visited) attempt(c, visited_in_tx, r);
    bool moved = c->realm == REALM_STAFF && c->utility.id && c->utility.id != f->session_utility.id;
    if (!f->token || (!moved && c->now.us - f->last_seen.us < (int64_t)TOUCH_S * 1000000)) return;
    attempt(c, touch_in_tx, r);
}

const WebHooks front_hooks = {
    .host = front_host, .identify = session_identify, .allow = front_allow, .may = front_may, .sign_in = front_sign_in,
    .once_begin = front_once_begin, .once_end = front_once_end,
    .layout = front_layout, .refused = front_refused, .after = front_after, .known = front_known, .idle = front_idle,
    .redirect = front_redirect,
};
