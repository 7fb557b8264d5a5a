/*
 * /org/security: idle and absolute end, sessions at once, lock, age of passwords, networks, which roles need a second
 * factor (AU01US03, ONB-LOGIN, S7, S11, S12). A change counts from the next request.
 */
#include "app/core/policy.h"

#include <stdlib.h>
#include <string.h>

#include "app/core/front.h"
#include "app/core/pages.h"
#include "app/core/proof.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { NETWORKS_MAX = 50 };

/* --- networks ----------------------------------------------------------------------------------------------------- */

bool networks_hold(Ctx *c, const char *networks_json, const char *address) {
    Address here;
    if (!networks_json || !address || !address_parse(address, &here)) return true;
    Json list = json_read(&c->mem, networks_json, strlen(networks_json), 8192, NULL);
    size_t n = json_size(list);
    for (size_t i = 0; i < n; i++) {
        Network network;
        const char *words = json_text(json_item(list, i), "");
        if (words && network_parse(words, &network) && network_has(&network, &here)) return true;
    }
    return n == 0;
}

const char *networks_here(Ctx *c) {
    return c->tenant.id ? db_text(c, "select ip_allow_list from security_policy where one = 1") : NULL;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static const Choice ages[] = { { "never", NULL }, { "90", NULL }, { "180", NULL }, { "365", NULL }, { 0 } };

static const Form policy_form = { .name = "policy", .fields = FIELDS {
    { "idle_minutes", INT(-99999, 99999), .flags = REQUIRED, .suffix = "min" },
    { "absolute_hours", INT(-99999, 99999), .flags = REQUIRED, .suffix = "h" },
    { "concurrent_sessions", INT(-99999, 99999), .flags = REQUIRED },
    { "lock_failures", INT(-99999, 99999), .flags = REQUIRED },
    { "lock_minutes", INT(-99999, 99999), .flags = REQUIRED, .suffix = "min" },
    { "password_age", CHOICE(ages), .flags = REQUIRED },
    { "inactive_days", INT(-99999, 99999), .flags = REQUIRED, .suffix = "days" },
    { "auto_deactivate", BOOL },
    { "networks", LONG_TEXT(0, 2000) },
    { "mfa_roles", TEXT(0, 40) },
    { 0 } } };

/* To add one: a row. Message policy.<name>_range says the limits. */
static const struct { const char *name; int least, most; } ranges[] = {
    { "idle_minutes", 5, 480 }, { "absolute_hours", 1, 24 }, { "concurrent_sessions", 1, 10 },
    { "lock_failures", 3, 10 }, { "lock_minutes", 5, 60 }, { "inactive_days", 30, 400 } };

#define POLICY(F, T) F(T, int, idle_minutes) F(T, int, absolute_hours) F(T, int, concurrent_sessions) \
    F(T, int, lock_failures) F(T, int, lock_minutes) F(T, int, password_age) F(T, int, inactive_days) \
        F(T, bool, auto_deactivate) F(T, const char *, networks) F(T, int64_t, row_version)
ROW(Policy, POLICY)

static Policy *policy_of(Ctx *c, bool lock) {
    if (lock)
        return db_one(c, Policy, "select idle_minutes, absolute_hours, concurrent_sessions, lock_failures, "
                                 "lock_minutes, coalesce(password_age_days, 0) as password_age, inactive_days, "
                                 "auto_deactivate, ip_allow_list as networks, row_version from security_policy "
                                 "where one = 1 for update");
    return db_one(c, Policy, "select idle_minutes, absolute_hours, concurrent_sessions, lock_failures, lock_minutes, "
                             "coalesce(password_age_days, 0) as password_age, inactive_days, auto_deactivate, "
                             "ip_allow_list as networks, row_version from security_policy where one = 1");
}

#define MFA_ROLE(F, T) F(T, const char *, code) F(T, const char *, name) F(T, bool, required)
ROW(MfaRole, MFA_ROLE)

static MfaRoles roles_of(Ctx *c) {
    return db_all(c, MfaRole, "select code, min(name) as name, max(mfa_required) as required from role "
                              "where active = 1 and code <> 'consumer' group by code order by min(name) limit 200");
}

static bool always_required(const char *code) { return !strcmp(code, "tenant_admin"); }

static const char *lines_of(Ctx *c, const char *networks) {
    Json list = networks ? json_read(&c->mem, networks, strlen(networks), 8192, NULL) : (Json){ 0 };
    Text t = text_start(c);
    text_add(&t, "");
    for (size_t i = 0; i < json_size(list); i++) {
        const char *words = json_text(json_item(list, i), "");
        if (words) text_addf(&t, "%s%s", t.n ? "\n" : "", words);
    }
    return t.s;
}

static void show_roles(Req *r, FormView *v) {
    MfaRoles roles = roles_of(&r->c);
    form_set(v, "mfa_roles", "kind", "checks");
    for (size_t i = 0; i < roles.n; i++) {
        bool on = roles.v[i].required;
        form_option(v, "mfa_roles", roles.v[i].code, roles.v[i].name);
        Texts sent = param_all(&r->c.mem, &r->fields, "mfa_roles");
        if (form_again(v)) {
            on = false;
            for (size_t k = 0; k < sent.n; k++) on |= !strcmp(sent.v[k], roles.v[i].code);
        }
        if (always_required(roles.v[i].code)) {
            on = true;
            show_text(r, text(r, "form.fields.mfa_roles.options.%zu.disabled", i), "1");
        }
        if (on) show_text(r, text(r, "form.fields.mfa_roles.options.%zu.selected", i), "1");
    }
}

/* Whoever may only look finds no form that cannot be saved. */
static void policy_facts(Req *r, const Policy *p) {
    Ctx *c = &r->c;
    const char *facts = "show.sections.0.facts", *networks = lines_of(c, p->networks);
    const int values[] = { p->idle_minutes, p->absolute_hours, p->concurrent_sessions, p->lock_failures,
                           p->lock_minutes, p->inactive_days };
    show_text(r, "show.sections.0.title", msg(c->language, "policy.title"));
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const char *unit = msg_format(r, c->language, text(c, "policy.%s_is", ranges[i].name),
                                      { "n", text(c, "%d", values[i]) });
        show_fact(r, facts, msg(c->language, text(c, "policy.%s", ranges[i].name)), unit, NULL);
    }
    show_fact(r, facts, msg(c->language, "policy.password_age"),
              msg(c->language, p->password_age ? text(c, "policy.password_age.%d", p->password_age)
                                               : "policy.password_age.never"), NULL);
    show_fact(r, facts, msg(c->language, "policy.auto_deactivate"),
              msg(c->language, p->auto_deactivate ? "ui.yes" : "ui.no"), NULL);
    show_fact(r, facts, msg(c->language, "policy.networks"), *networks ? networks
              : msg(c->language, "policy.networks_all"), NULL);
    Text t = text_start(c);
    text_add(&t, "");
    MfaRoles roles = roles_of(c);
    for (size_t i = 0; i < roles.n; i++)
        if (roles.v[i].required || always_required(roles.v[i].code))
            text_addf(&t, "%s%s", t.n ? ", " : "", roles.v[i].name);
    show_fact(r, facts, msg(c->language, "policy.mfa_roles"), t.s, NULL);
    page(r, "layout/show");
}

void policy_page(Req *r) {
    Ctx *c = &r->c;
    Policy *p = policy_of(c, false);
    show_text(r, "page.title", msg(c->language, "policy.title"));
    if (!perm_may(c, "core.organization", EDIT)) {
        policy_facts(r, p);
        return;
    }
    proof_notice(r);
    FormView *v = form_show(r, "form", &policy_form, "/org/security");
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        form_set(v, ranges[i].name, "hint", msg(c->language, text(c, "policy.%s_range", ranges[i].name)));
    form_int(v, "idle_minutes", p->idle_minutes);
    form_int(v, "absolute_hours", p->absolute_hours);
    form_int(v, "concurrent_sessions", p->concurrent_sessions);
    form_int(v, "lock_failures", p->lock_failures);
    form_int(v, "lock_minutes", p->lock_minutes);
    form_text(v, "password_age", p->password_age ? text(c, "%d", p->password_age) : "never");
    form_int(v, "inactive_days", p->inactive_days);
    form_bool(v, "auto_deactivate", p->auto_deactivate);
    form_text(v, "networks", lines_of(c, p->networks));
    form_set(v, "networks", "hint", msg_format(r, c->language, "policy.networks_how",
        { "address", c->address ? c->address : "-" }));
    show_roles(r, v);
    form_version(v, p->row_version);
    page(r, "layout/form");
}

/* The lines as a JSON list; problems are collected. NULL: no limit. */
static const char *networks_read(Req *r, const char *lines) {
    Ctx *c = &r->c;
    if (!lines) return NULL;
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    int n = 0;
    bool good = true;
    json_open_list(&o, NULL);
    for (char *s = text_copy(c, lines), *line; (line = strsep(&s, "\r\n,"));) {
        while (*line == ' ') line++;
        for (size_t k = strlen(line); k && line[k - 1] == ' '; k--) line[k - 1] = 0;
        if (!*line) continue;
        Network network;
        if (!network_parse(line, &network)) {
            problem(r, "networks", "%s", msg_format(r, c->language, "policy.no_network", { "network", line }));
            good = false;
        }
        if (++n > NETWORKS_MAX) problem(r, "networks", "%s", msg(c->language, "policy.networks_many")), good = false;
        json_add_text(&o, NULL, line);
    }
    json_close(&o);
    if (good && n && !networks_hold(c, t.s, c->address))
        problem(r, "networks", "%s", msg_format(r, c->language, "policy.locks_out", { "address", c->address }));
    return n ? t.s : NULL;
}

static void store_roles(Req *r) {
    Ctx *c = &r->c;
    Texts sent = param_all(&c->mem, &r->fields, "mfa_roles");
    MfaRoles roles = roles_of(c);
    for (size_t i = 0; i < roles.n; i++) {
        bool on = always_required(roles.v[i].code);
        for (size_t k = 0; k < sent.n; k++) on |= !strcmp(sent.v[k], roles.v[i].code);
        if (on == roles.v[i].required) continue;
        db_run(c, "update role set mfa_required = ?, updated_at = ?, updated_by = ?, row_version = row_version + 1 "
                  "where code = ? and mfa_required <> ?", on, c->now, c->user, roles.v[i].code, on);
#define CHANGED_ROLE(F, T) F(T, Id, id) F(T, int64_t, row_version)
        ROW(ChangedRole, CHANGED_ROLE)
        ChangedRoles all = db_all(c, ChangedRole, "select id, row_version from role where code = ? "
                                                  "and updated_at = ?", roles.v[i].code, c->now);
        for (size_t k = 0; k < all.n; k++)
            audit_write(c, &(Audit){ .action = "edit", .entity = "role", .id = all.v[k].id,
                                     .number = roles.v[i].code, .version = all.v[k].row_version,
                                     .after = json_pairs(c, "mfa_required", on ? "yes" : "no", NULL) });
    }
}

static const char *policy_json(Ctx *c, const Policy *p) {
    return json_pairs(c, "idle_minutes", text(c, "%d", p->idle_minutes), "absolute_hours",
                      text(c, "%d", p->absolute_hours), "concurrent_sessions", text(c, "%d", p->concurrent_sessions),
                      "lock_failures", text(c, "%d", p->lock_failures), "lock_minutes", text(c, "%d", p->lock_minutes),
                      "password_age_days", text(c, "%d", p->password_age), "inactive_days",
                      text(c, "%d", p->inactive_days), "auto_deactivate", p->auto_deactivate ? "yes" : "no",
                      "ip_allow_list", p->networks, NULL);
}

void policy_save(Req *r) {
    Ctx *c = &r->c;
    Policy *was = policy_of(c, true);
    Input *in = form_read(r, &policy_form);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        int64_t n = in_int(in, ranges[i].name);
        if (in_given(in, ranges[i].name) && (n < ranges[i].least || n > ranges[i].most))
            problem(r, ranges[i].name, "%s", msg(c->language, text(c, "policy.%s_range", ranges[i].name)));
    }
    Policy is = { .idle_minutes = (int)in_int(in, "idle_minutes"), .absolute_hours = (int)in_int(in, "absolute_hours"),
                  .concurrent_sessions = (int)in_int(in, "concurrent_sessions"),
                  .lock_failures = (int)in_int(in, "lock_failures"), .lock_minutes = (int)in_int(in, "lock_minutes"),
                  .inactive_days = (int)in_int(in, "inactive_days"),
                  .auto_deactivate = in_bool(in, "auto_deactivate"),
                  .password_age = in_text(in, "password_age") ? atoi(in_text(in, "password_age")) : 0,
                  .networks = networks_read(r, in_text(in, "networks")) };
    problems_end(r);
    proof_check(c);
    Bind age = is.password_age ? bind_int(is.password_age) : (Bind){ 0 };
    db_must(c, 1, CONFLICT, "update security_policy set idle_minutes = ?, absolute_hours = ?, concurrent_sessions = ?, "
                            "lock_failures = ?, lock_minutes = ?, password_age_days = ?, inactive_days = ?, "
                            "auto_deactivate = ?, ip_allow_list = ?, updated_at = ?, updated_by = ?, "
                            "row_version = row_version + 1 where one = 1 and row_version = ?",
            is.idle_minutes, is.absolute_hours, is.concurrent_sessions, is.lock_failures, is.lock_minutes, age,
            is.inactive_days, is.auto_deactivate, is.networks, c->now, c->user, in->row_version);
    store_roles(r);
    audit_write(c, &(Audit){ .action = "edit", .entity = "security_policy",
                             .id = db_id(c, "select id from security_policy where one = 1"), .number = "policy",
                             .version = was->row_version + 1, .before = policy_json(c, was),
                             .after = policy_json(c, &is) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go_to(r, "/org/security");
}
