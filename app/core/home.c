/*
 * Homes of the roles, and one page that stands in for those that are not built yet: it says what will stand there and
 * leads to what works already. When a module builds its home, its route takes the place of the row in core.c.
 */
#include "app/core/home.h"

#include <string.h>

#include "app/core/pages.h"
#include "lib/messages.h"
#include "lib/page.h"

const RoleHome role_homes[] = {
    /* role              path              right             what */
    { "tenant_admin",      "/org/dashboard", "core.organization", "organization" },
    { "utility_admin",     "/dashboard",     "core.dashboard",  "utility" },
    { "cso_supervisor",    "/cis/dashboard", "cis.dashboard",   "cis" },
    { "cso",               "/cis/dashboard", "cis.dashboard",   "cis" },
    { "cashier",           "/cis/payments",  "cis.payments",    "payments" },
    { "cc_agent",          "/cc/console",    "cc.console",      "console" },
    { "cc_supervisor",     "/cc/dashboard",  "cc.dashboard",    "calls" },
    { "comms_manager",     "/comm",          "comm.dashboard",  "comm" },
    { "meter_manager",     "/mx",            "mx.device",       "meters" },
    { "reading_validator", "/mx/validation", "mx.validation",   "validation" },
    { "storekeeper",       "/mx/inventory",  "mx.inventory",    "inventory" },
    { "billing_manager",   "/bx/dashboard",  "bx.dashboard",    "billing" },
    { "billing_clerk",     "/bx/dashboard",  "bx.dashboard",    "billing" },
    { "dispatcher",        "/wx/dispatcher", "wx.dispatch",     "dispatch" },
    { "field_executive",   "/field",         "wx.field",        "field" },
    { "platform_admin",    "/platform",      "platform.tenants", "platform" },
    { 0 }
};

static const RoleHome *home_of(const char *role) {
    for (const RoleHome *h = role_homes; h->role; h++)
        if (!strcmp(h->role, role)) return h;
    return NULL;
}

/* A custom role begins at the first home it may see; one that may see none, at the list of what it may. */
static const RoleHome *home_by_rights(Ctx *c, const char *utility_code) {
    bool here = c->utility_code && !strcmp(c->utility_code, utility_code);
    for (const RoleHome *h = role_homes; h->role; h++)
        if (strncmp(h->path, "/org", 4) && strncmp(h->path, "/platform", 9) && (here ? perm_may(c, h->key, VIEW) :
            db_int(c, "select count(*) from user_role ur join role ro on ro.id = ur.role_id and ro.active = 1 "
                      "join utility u on u.code = ? and (u.id = ur.utility_id or ur.utility_id is null) "
                      "join role_permission rp on rp.role_id = ro.id join permission p on p.id = rp.permission_id "
                      "where ur.user_id = ? and p.resource = ?", utility_code, c->user, h->key) > 0))
            return h;
    return NULL;
}

const char *role_home(Ctx *c, const char *role_code, const char *utility_code) {
    const RoleHome *h = home_of(role_code);
    if (!h && utility_code) h = home_by_rights(c, utility_code);
    if (h && (!strncmp(h->path, "/org", 4) || !strncmp(h->path, "/platform", 9))) return h->path;
    return h ? text(c, "/u/%s%s", utility_code, h->path) : "/login/select";
}

/* The home whose path the request has. */
static const RoleHome *home_here(const Req *r) {
    size_t cut = strlen(r->prefix);
    for (const RoleHome *h = role_homes; h->role; h++)
        if (!strcmp(r->path.text + cut, h->path)) return h;
    return NULL;
}

void home_page(Req *r) {
    Ctx *c = &r->c;
    const RoleHome *h = home_here(r);
    if (!h) fail(r, BROKEN, "no role has its home here");
    show_text(r, "page.title", msg(c->language, text(r, "home.%s.title", h->what)));
    show_text(r, "show.notices.0.tone", "info");
    show_text(r, "show.notices.0.text", msg(c->language, text(r, "home.%s.will", h->what)));
    show_text(r, "show.sections.0.title", msg(c->language, "home.works"));
    show_text(r, "show.sections.0.kind", "links");
    if (!front_links(r, "show.sections.0.links")) {
        show_text(r, "show.sections.0.kind", "text");
        show_text(r, "show.sections.0.text.0", msg(c->language, "home.nothing"));
    }
    page(r, "layout/show");
}

void call_center_root(Req *r) { go(r, "/cc/console"); }
