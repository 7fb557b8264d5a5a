/*
 * Where the calls of a tenant's gateway accounts go (ONB03US01 "api_base": only the platform may change it): a tab of
 * the tenant, and a form for one account. Of the tenant's schema only that is read; its own audit has the change too.
 */
#include <string.h>

#include "app/hub/hub.h"
#include "app/platform/subscription.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/outgoing.h"
#include "lib/page.h"
#include "lib/table.h"

static const Form base_form = { .name = "gateway_base", .fields = FIELDS {
    { "api_base", TEXT(8, 200) },
    { 0 } } };

void gateway_bases_tab(Req *r, const char *at_) {
    GatewayBases all = gateway_bases(&r->c);
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.tab.gateways"));
    table_column(t, word(r, "platform.gateway"), "text", "id");
    table_column(t, word(r, "platform.utility"), "text", "name");
    table_column(t, word(r, "platform.api_base"), "text", NULL);
    table_column(t, word(r, "platform.status"), "status", "status");
    for (size_t i = 0; i < all.n; i++) {
        const GatewayBase *g = &all.v[i];
        table_row(t, text(r, "/platform/tenants/%s/gateways/%s", path_text(r, "slug"), g->public_id));
        table_cell(t, g->label);
        table_sub(t, g->mode);
        table_cell(t, g->utility);
        table_cell(t, g->api_base ? g->api_base : word(r, "platform.api_base_usual"));
        table_state(t, g->status);
    }
    table_empty(t, word(r, "platform.no_gateways"), NULL);
}

/* In the tenant's schema, with the language and formats of who looks. */
static void enter(Req *r, const Tenant *t) {
    if (!strcmp(t->status, "archived") || !strcmp(t->status, "provisioning") || !strcmp(t->status, "failed"))
        fail(r, NOT_FOUND, "There is no such gateway.");
    const Locale *locale = r->c.locale;
    const char *language = r->c.language;
    tenant_enter(&r->c, tenant_by_id(&r->c, t->id));
    r->c.locale = (Locale *)(uintptr_t)locale;
    r->c.language = language;
}

static GatewayBase account_of_path(Req *r, const Tenant *t) {
    enter(r, t);
    GatewayBases all = gateway_bases(&r->c);
    tenant_leave(&r->c);
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].public_id, path_text(r, "id"))) return all.v[i];
    fail(r, NOT_FOUND, "There is no such gateway.");
}

void gateway_base_page(Req *r) {
    Tenant *t = tenant_of(r);
    GatewayBase g = account_of_path(r, t);
    platform_menu(r, "tenants");
    show_text(r, "page.title", msg_format(r, r->c.language, "platform.api_base_of", { "name", g.label }));
    show_text(r, "page.crumbs.0.text", word(r, "platform.tenants"));
    show_text(r, "page.crumbs.0.url", "/platform/tenants");
    show_text(r, "page.crumbs.1.text", t->name);
    show_text(r, "page.crumbs.1.url", text(r, "/platform/tenants/%s/tab/gateways", t->slug));
    show_text(r, "page.crumbs.2.text", g.label);
    FormView *v = form_show(r, "form", &base_form, text(r, "/platform/tenants/%s/gateways/%s", t->slug, g.public_id));
    form_text(v, "api_base", g.api_base);
    show_text(r, "form.intro", word(r, "platform.api_base_how"));
    show_text(r, "form.cancel_url", text(r, "/platform/tenants/%s/tab/gateways", t->slug));
    page(r, "layout/form");
}

void gateway_base_post(Req *r) {
    Tenant *t = tenant_of(r);
    Input *in = form_read(r, &base_form);
    const char *url = in_given(in, "api_base") ? in_text(in, "api_base") : NULL,
               *wrong = url ? outgoing_url_problem(&r->c.mem, url) : NULL;
    if (wrong) problem(r, "api_base", "%s", wrong);
    else if (url && (strpbrk(url, "?#") || url[strlen(url) - 1] == '/'))
        problem(r, "api_base", "%s", word(r, "platform.api_base_end"));
    problems_end(r);
    GatewayBase g = account_of_path(r, t);
    enter(r, t);
    gateway_base_set(&r->c, g.public_id, url);
    tenant_leave(&r->c);
    audit_write(&r->c, &(Audit){ .action = "gateway_base", .entity = "tenant", .id = t->id, .number = t->slug,
                                 .before = json_pairs(&r->c, "api_base", g.api_base, NULL),
                                 .after = json_pairs(&r->c, "api_base", url, NULL), .reason = g.label });
    note(r, "%s", word(r, "platform.api_base_saved"));
    go_to(r, text(r, "/platform/tenants/%s/tab/gateways", t->slug));
}
