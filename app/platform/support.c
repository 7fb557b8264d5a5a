/*
 * Support access (AU01US03): the tenant's administrator lets the platform's people look for 1 to 72 hours. They go in
 * by a link that works once; each of their pages says so, nothing can be written, every request is in the tenant's
 * audit as "support", and what is withdrawn ends with the next request.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/core/proof.h"
#include "app/platform/subscription.h"
#include "lib/crypt.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

enum { LINK_S = 120, HOURS_MAX = 72, LISTED = 50 };

#define GRANT(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, reason) \
    F(T, const char *, granted_by_name) F(T, Time, starts_at) F(T, Time, ends_at) F(T, Time, ended_at) \
    F(T, const char *, ended_by) F(T, int, entries) F(T, const char *, people)
ROW(Grant, GRANT)

static Grants grants_of(Ctx *c, Id tenant) {
    return db_all(c, Grant, "select a.id, a.public_id, a.reason, a.granted_by_name, a.starts_at, a.ends_at, "
                            "a.ended_at, a.ended_by, count(e.id) as entries, group_concat(distinct p.full_name "
                            "separator ', ') as people from smart360.support_access a left join "
                            "smart360.support_entry e on e.support_access_id = a.id and e.used_at is not null "
                            "left join smart360.platform_user p on p.id = e.platform_user_id where a.tenant_id = ? "
                            "group by a.id order by a.id desc limit 50", tenant);
}

static bool is_open(const Ctx *c, const Grant *g) { return !time_is_set(g->ended_at) && g->ends_at.us > c->now.us; }

static const char *grant_state(const Ctx *c, const Grant *g) {
    return is_open(c, g) ? "active" : time_is_set(g->ended_at) ? "revoked" : "expired";
}

/* Column 5 is for what may be done about it. */
static TableView *show_grants(Req *r, const char *at_, const Grants *l) {
    Ctx *c = &r->c;
    show_text(r, text(r, "%s.title", at_), word(r, "support.granted"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "support.granted"));
    table_column(t, word(r, "support.reason"), "text", "id");
    table_column(t, word(r, "support.by"), "text", "name");
    table_column(t, word(r, "support.until"), "text", NULL);
    table_column(t, word(r, "support.who"), "text", NULL);
    table_column(t, word(r, "platform.status"), "status", "status");
    table_column(t, word(r, "platform.change"), "act", NULL);
    for (size_t i = 0; i < l->n; i++) {
        const Grant *g = &l->v[i];
        table_row(t, NULL);
        table_cell(t, g->reason);
        table_cell(t, g->granted_by_name);
        table_cell(t, locale_time_words(&c->mem, c->locale, g->ends_at));
        if (time_is_set(g->ended_at))
            table_sub(t, msg_format(r, c->language, "support.ended_by", { "who", g->ended_by ? g->ended_by : "" },
                                    { "when", locale_time_words(&c->mem, c->locale, g->ended_at) }));
        table_cell(t, g->people ? g->people : word(r, "support.nobody"));
        table_state(t, grant_state(c, g));
        table_cell(t, "");
    }
    table_empty(t, word(r, "support.none"), NULL);
    return t;
}

static void act(Req *r, const char *at_, size_t row, const char *words, const char *url) {
    const char *to = text(r, "%s.table.rows.%zu.cells.5.act", at_, row);
    show_text(r, text(r, "%s.text", to), words);
    show_text(r, text(r, "%s.url", to), url);
    show_text(r, text(r, "%s.post", to), "1");
    show_text(r, text(r, "%s.kind", to), "quiet");
}

/* --- the tenant's page -------------------------------------------------------------------------------------------- */

static const Form grant_form = { .name = "support", .fields = FIELDS {
    { "hours", INT(1, HOURS_MAX), .flags = REQUIRED, .initial = "4", .width = "3" },
    { "reason", TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

#define SEEN(F, T) F(T, Time, at) F(T, const char *, who) F(T, const char *, path)
ROW(Seen, SEEN)

static void show_requests(Req *r, const char *at_) {
    Ctx *c = &r->c;
    Seens l = db_all(r, Seen, "select at, actor_name as who, number as path from audit_entry where action = 'support' "
                              "and entity = 'route' order by id desc limit 50");
    show_text(r, text(r, "%s.title", at_), word(r, "support.requests"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "support.requests"));
    table_column(t, word(r, "support.when"), "text", "id");
    table_column(t, word(r, "support.who"), "text", "name");
    table_column(t, word(r, "support.page"), "code", NULL);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, locale_time_words(&c->mem, c->locale, l.v[i].at));
        table_cell(t, l.v[i].who);
        table_cell(t, l.v[i].path);
    }
    table_empty(t, word(r, "support.no_requests"), NULL);
}

void support_page(Req *r) {
    Ctx *c = &r->c;
    Grants l = grants_of(c, c->tenant);
    show_text(r, "page.title", word(r, "support.title"));
    show_text(r, "page.sub", word(r, "support.sub"));
    if (perm_may(c, "core.organization", EDIT)) {
        show_text(r, "show.sections.0.title", word(r, "support.grant"));
        form_show(r, "show.sections.0.form", &grant_form, "/org/support");
        show_text(r, "show.sections.0.form.intro", word(r, "support.how"));
    }
    show_grants(r, "show.sections.1", &l);
    for (size_t i = 0; i < l.n; i++)
        if (is_open(c, &l.v[i]) && perm_may(c, "core.organization", EDIT))
            act(r, "show.sections.1", i, word(r, "support.withdraw"),
                text(r, "/org/support/%s/withdrawal", l.v[i].public_id));
    show_requests(r, "show.sections.2");
    proof_notice(r);
    page(r, "layout/show");
}

void support_grant(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &grant_form);
    problems_end(r);
    proof_check(c);
    (void)db_id(c, "select id from smart360.tenant where id = ? for update", c->tenant);      /* one at a time */
    if (db_int(c, "select exists (select 1 from smart360.support_access where tenant_id = ? and ended_at is null "
                  "and ends_at > ?)", c->tenant, c->now))
        fail(r, CONFLICT, "%s", word(r, "support.is_open"));
    Time ends = time_add_seconds(c->now, in_int(in, "hours") * 3600);
    Id id = db_insert(c, "insert into smart360.support_access (tenant_id, granted_by, granted_by_name, reason, "
                         "starts_at, ends_at, created_at, created_by) values (?,?,?,?,?,?,?,?)", c->tenant, c->user,
                      c->user_name, in_text(in, "reason"), c->now, ends, c->now, c->user);
    audit_write(c, &(Audit){ .action = "grant", .entity = "support_access", .id = id, .reason = in_text(in, "reason"),
                             .after = json_pairs(c, "ends_at", time_iso(&c->mem, ends), NULL) });
    note(r, "%s", msg_format(r, c->language, "support.is_granted",
                             { "until", locale_time_words(&c->mem, c->locale, ends) }));
    go_to(r, "/org/support");
}

void support_withdraw(Req *r) {
    Ctx *c = &r->c;
    Id id = db_id(r, "select id from smart360.support_access where tenant_id = ? and public_id = ? "
                     "and ended_at is null for update", c->tenant, path_text(r, "id"));
    if (!id.id) fail(r, NOT_FOUND, "There is no such access.");
    db_run(c, "update smart360.support_access set ended_at = ?, ended_by = ? where id = ?", c->now, c->user_name, id);
    session_support_end(c, id);
    audit_note(c, "withdraw", "support_access", id, NULL, NULL);
    note(r, "%s", word(r, "support.is_withdrawn"));
    go_to(r, "/org/support");
}

/* --- the platform's side ------------------------------------------------------------------------------------------ */

void support_tab(Req *r, Id tenant, const char *slug, const char *at_) {
    Ctx *c = &r->c;
    Grants l = grants_of(c, tenant);
    show_grants(r, at_, &l);
    for (size_t i = 0; i < l.n; i++)
        if (is_open(c, &l.v[i]) && perm_may(c, "platform.support", CREATE))
            act(r, at_, i, word(r, "support.enter"),
                text(r, "/platform/tenants/%s/support/%s/entry", slug, l.v[i].public_id));
}

#define OPEN_GRANT(F, T) F(T, Id, id) F(T, Id, tenant_id) F(T, const char *, reason) F(T, Time, ends_at) \
    F(T, const char *, name)
ROW(OpenGrant, OPEN_GRANT)

/* A page with the link: the browser goes to the tenant's own host, where its cookie will be. */
void support_enter(Req *r) {
    Ctx *c = &r->c;
    const char *slug = path_text(r, "slug");
    OpenGrant *g = db_find(r, OpenGrant, "select a.id, a.tenant_id, a.reason, a.ends_at, t.name from "
                                         "smart360.support_access a join smart360.tenant t on t.id = a.tenant_id "
                                         "where t.slug = ? and a.public_id = ? and a.ended_at is null "
                                         "and a.ends_at > ?", slug, path_text(r, "id"), c->now);
    if (!g) fail(r, CONFLICT, "%s", word(r, "support.over"));
    const char *token = random_token(&c->mem);
    uint8_t hash[TOKEN_HASH_SIZE];
    token_hash(token, hash);
    db_run(c, "insert into smart360.support_entry (support_access_id, platform_user_id, token_hash, made_at) "
              "values (?,?,?,?)", g->id, c->user, bytes_at(hash, sizeof hash), c->now);
    audit_note(c, "support", "tenant", g->tenant_id, slug, g->reason);
    TenantRow *t = tenant_by_id(c, g->tenant_id);
    tenant_enter(c, t);
    const char *url = public_url(c, text(c, "/login/support?token=%s", token), false);
    tenant_leave(c);
    platform_menu(r, "tenants");
    show_text(r, "page.title", msg_format(r, c->language, "support.go_title", { "name", g->name }));
    show_text(r, "show.sections.0.kind", "text");
    show_text(r, "show.sections.0.text.0", msg_format(r, c->language, "support.go_how",
              { "until", locale_time_words(&c->mem, c->locale, g->ends_at) }, { "reason", g->reason }));
    show_text(r, "page.actions.0.text", word(r, "support.go"));
    show_text(r, "page.actions.0.url", url);
    show_text(r, "page.actions.0.kind", "primary");
    page(r, "layout/show");
}

/* --- the door at the tenant's host -------------------------------------------------------------------------------- */

static const Form door_form = { .name = "support_door", .fields = FIELDS { { "token", HIDDEN(100) }, { 0 } } };

#define ENTRY_ROW(F, T) F(T, Id, id) F(T, Id, access_id) F(T, Id, platform_user_id) F(T, const char *, name) \
    F(T, Time, ends_at) F(T, const char *, reason)
ROW(EntryRow, ENTRY_ROW)

static EntryRow *entry_of(Req *r, const char *token) {
    uint8_t hash[TOKEN_HASH_SIZE];
    if (!token || strlen(token) > 100) return NULL;
    token_hash(token, hash);
    return db_find(r, EntryRow, "select e.id, a.id as access_id, e.platform_user_id, p.full_name as name, a.ends_at, "
                                "a.reason from smart360.support_entry e join smart360.support_access a "
                                "on a.id = e.support_access_id join smart360.platform_user p "
                                "on p.id = e.platform_user_id and p.status = 'active' where e.token_hash = ? "
                                "and e.used_at is null and e.made_at > ? and a.tenant_id = ? and a.ended_at is null "
                                "and a.ends_at > ?", bytes_at(hash, sizeof hash),
                   time_add_seconds(r->c.now, -LINK_S), r->c.tenant, r->c.now);
}

/* A link alone signs nobody in: pressing the button does (a mail scanner or a prefetch opens nothing). */
void support_door(Req *r) {
    Ctx *c = &r->c;
    EntryRow *e = entry_of(r, query_text(r, "token"));
    show_text(r, "page.shell", "plain");
    show_text(r, "page.title", word(r, "support.door"));
    if (!e && !r->again) {
        show_text(r, "texts.0", word(r, "support.link_over"));
        page(r, "core/sign_in");
        return;
    }
    FormView *v = form_show(r, "form", &door_form, "/login/support");
    form_text(v, "token", query_text(r, "token"));
    if (e) show_text(r, "texts.0", msg_format(r, c->language, "support.door_how", { "name", e->name },
                     { "until", locale_time_words(&c->mem, c->locale, e->ends_at) }));
    show_text(r, "form.submit", word(r, "support.enter"));
    page(r, "core/sign_in");
}

void support_door_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &door_form);
    problems_end(r);
    EntryRow *e = entry_of(r, in_text(in, "token"));
    if (!e) fail(r, CONFLICT, "%s", word(r, "support.link_over"));
    db_must(c, 1, CONFLICT, "update smart360.support_entry set used_at = ? where id = ? and used_at is null", c->now,
            e->id);
    session_support(r, e->platform_user_id, e->access_id, e->ends_at);
    audit_write(c, &(Audit){ .action = "support", .entity = "support_access", .id = e->access_id, .number = e->name,
                             .reason = e->reason });
    const UtilityList *all = utilities_here(c);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->v[i]->status, "closed")) {
            go_to(r, text(r, "/u/%s/menu", all->v[i]->code));
            return;
        }
    go_to(r, "/org/subscription");
}
