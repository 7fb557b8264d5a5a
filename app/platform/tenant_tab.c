/*
 * Tabs of a tenant on the platform's pages (ONB08US01): utilities, people of the staff, gateways, support access, the
 * platform's audit. Never a consumer's data: of the tenant's schema only its utilities, its staff and where its
 * gateways are called are read.
 */
#include <string.h>

#include "app/platform/subscription.h"
#include "lib/history.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

static const char *const tabs[] = { "overview", "subscription", "usage", "invoices", "utilities", "users", "gateways",
                                    "support", "audit" };
enum { TABS = sizeof tabs / sizeof *tabs };

void tenant_tabs(Req *r, const char *slug, const char *now) {
    for (size_t i = 0; i < TABS; i++) {
        show_text(r, at(r, "show.tabs", i, "text"), word(r, text(r, "platform.tab.%s", tabs[i])));
        show_text(r, at(r, "show.tabs", i, "url"), i ? text(r, "/platform/tenants/%s/tab/%s", slug, tabs[i])
                  : text(r, "/platform/tenants/%s", slug));
        if (!strcmp(tabs[i], now)) show_text(r, at(r, "show.tabs", i, "current"), "page");
    }
}

#define PLACE(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, environment) \
    F(T, const char *, status) F(T, const char *, city) F(T, int, percent)
ROW(Place, PLACE)

/* Configured as the organization's own pages say it: the six parts by their weights (app/setup/step.c). */
static void show_utilities(Req *r, const char *at_) {
    Places l = db_all(r, Place, "select u.code, u.name, u.environment, u.status, u.city, "
                                "coalesce((select floor(sum(s.percent * case s.step_key when 'core_settings' then 25 "
                                "when 'staff_access' then 15 when 'calendar' then 10 when 'service_areas' then 20 "
                                "when 'pricing_billing' then 20 when 'id_formats' then 10 else 0 end) / 100) "
                                "from setup_step s where s.utility_id = u.id), 0) as percent "
                                "from utility u where u.deleted_at is null order by u.name limit 100");
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.tab.utilities"));
    table_column(t, word(r, "platform.utility"), "text", "id");
    table_column(t, word(r, "platform.environment"), "text", NULL);
    table_column(t, word(r, "platform.set_up"), "num", "amount");
    table_column(t, word(r, "platform.status"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, l.v[i].name);
        table_sub(t, text(r, "%s, %s", l.v[i].code, l.v[i].city));
        table_cell(t, l.v[i].environment);
        table_cell(t, text(r, "%d %%", l.v[i].percent));
        table_state(t, l.v[i].status);
    }
    table_empty(t, word(r, "platform.no_utilities"), NULL);
}

#define STAFF(F, T) F(T, const char *, full_name) F(T, const char *, email) F(T, const char *, roles) \
    F(T, const char *, status) F(T, Time, last_login_at)
ROW(Staff, STAFF)

static void show_users(Req *r, const char *at_) {
    Ctx *c = &r->c;
    Staffs l = db_all(r, Staff, "select u.full_name, u.email, coalesce((select group_concat(distinct ro.name separator "
                                "', ') from user_role ur join role ro on ro.id = ur.role_id where ur.user_id = u.id), "
                                "'') as roles, u.status, u.last_login_at from user u order by u.status, u.full_name "
                                "limit 500");
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.tab.users"));
    table_column(t, word(r, "platform.person"), "text", "id");
    table_column(t, word(r, "platform.roles"), "text", "name");
    table_column(t, word(r, "platform.last_sign_in"), "text", NULL);
    table_column(t, word(r, "platform.status"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, l.v[i].full_name);
        table_sub(t, l.v[i].email);
        table_cell(t, l.v[i].roles);
        table_cell(t, time_is_set(l.v[i].last_login_at) ? locale_time_words(&c->mem, c->locale, l.v[i].last_login_at)
                   : "");
        table_state(t, l.v[i].status);
    }
    table_empty(t, word(r, "platform.no_users"), NULL);
}

/* What stands in the tenant's own schema; NULL data when it has none any more. */
static void in_schema(Req *r, Id tenant, const char *status, void (*show)(Req *, const char *), const char *at_) {
    if (!strcmp(status, "archived") || !strcmp(status, "provisioning") || !strcmp(status, "failed")) {
        show_text(r, text(r, "%s.kind", at_), "text");
        show_text(r, text(r, "%s.text.0", at_), word(r, "platform.no_schema"));
        return;
    }
    const Locale *locale = r->c.locale;
    const char *language = r->c.language;
    tenant_enter(&r->c, tenant_by_id(&r->c, tenant));
    r->c.locale = (Locale *)(uintptr_t)locale;
    r->c.language = language;
    show(r, at_);
    tenant_leave(&r->c);
}

void tenant_tab_page(Req *r) {
    Ctx *c = &r->c;
    const char *tab = path_text(r, "tab");
    Tenant *t = tenant_of(r);
    bool known = false;
    for (size_t i = 1; i < TABS; i++) known |= !strcmp(tabs[i], tab);
    if (!known) fail(r, NOT_FOUND, "There is no such page.");
    tenant_head(r, t, tab);
    const char *at_ = "show.sections.0";
    if (!strcmp(tab, "utilities")) in_schema(r, t->id, t->status, show_utilities, at_);
    else if (!strcmp(tab, "users")) in_schema(r, t->id, t->status, show_users, at_);
    else if (!strcmp(tab, "gateways")) in_schema(r, t->id, t->status, gateway_bases_tab, at_);
    else if (!strcmp(tab, "support")) support_tab(r, t->id, t->slug, at_);
    else if (!strcmp(tab, "audit")) history_show(r, at_, "tenant", t->id, NULL);
    else tenant_section(r, t, tab, at_);
    (void)c;
    page(r, "layout/show");
}
