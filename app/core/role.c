/*
 * Roles as permission sets that people edit (AU01US02): list, matrix, comparison, clone, reset, deletion with
 * reassignment. A change counts from the next request of whoever holds the role: writing one of these tables gives
 * rights a new version (rights.h).
 */
#include "app/core/role.h"

#include <stdlib.h>
#include <string.h>

#include "app/core/pages.h"
#include "app/core/proof.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/utf8.h"

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The whole tenant's role and the utility's own, by the code in the path. */
RoleRow *role_find(Ctx *c, const char *code) {
    return db_find(c, RoleRow, "select id, utility_id, code, name, description, kind, mfa_required, "
                               "active, row_version, department_id from role "
                               "where code = ? and (utility_id = ? or utility_id is null) "
                               "order by utility_id is null limit 1", code, c->utility);
}

static RoleRow *role_of(Req *r) {
    RoleRow *role = role_find(&r->c, path_text(r, "code"));
    if (!role) fail(r, NOT_FOUND, "There is no such role.");
    return role;
}

bool role_is_given(const RoleRow *role) { return role->active && strcmp(role->code, "consumer") != 0; }

bool role_is_fixed(const RoleRow *role) {
    return !strcmp(role->code, "tenant_admin") || !strcmp(role->code, "platform_admin");
}

#define GRANT(F, T) F(T, const char *, resource) F(T, const char *, action)
ROW(Grant, GRANT)

static void add_right(RightSet *set, const char *key, unsigned bit) {
    for (size_t i = 0; i < set->n; i++)
        if (!strcmp(set->v[i].key, key)) {
            set->v[i].bits |= bit;
            return;
        }
    if (set->n < RIGHT_ROWS_MAX) set->v[set->n++] = (RightRow){ key, bit };
}

static RightSet set_of(Ctx *c, Grants all) {
    RightSet set = { take_n(c, RightRow, RIGHT_ROWS_MAX), 0 };
    for (size_t i = 0; i < all.n; i++) add_right(&set, all.v[i].resource, action_bit(all.v[i].action));
    return set;
}

RightSet role_rights(Ctx *c, Id role) {
    return set_of(c, db_all(c, Grant, "select p.resource, p.action from role_permission rp "
                                      "join permission p on p.id = rp.permission_id "
                                      "where rp.role_id = ? order by p.sort", role));
}

static RightSet default_rights(Ctx *c, const char *code) {
    return set_of(c, db_all(c, Grant, "select p.resource, p.action from role_template_right t "
                                      "join permission p on p.resource = t.resource "
                                      "and locate(if(p.action = 'export', 'X', upper(left(p.action, 1))), t.letters) > "
                                      "0 where t.role_code = ? order by p.sort", code));
}

static RightSet as_set(Ctx *c, const Rights *r) {
    RightSet set = { take_n(c, RightRow, RIGHT_ROWS_MAX), 0 };
    for (int i = 0; i < r->key_n; i++) add_right(&set, r->key[i], r->bits[i]);
    return set;
}

RightSet rights_held(Ctx *c)              { return as_set(c, rights_here(c)); }
RightSet rights_held_by(Ctx *c, Id user)  { return as_set(c, rights_of(c, user)); }

void grant_check(Ctx *c, RightSet stored, RightSet wanted) {
    RightSet held = rights_held(c);
    RightRow lacking = grant_refused(stored.v, stored.n, wanted.v, wanted.n, held.v, held.n);
    if (lacking.key) fail_field(c, DENIED, text(c, "%s:%s", lacking.key, action_word(lacking.bits)), "%s",
                                msg(c->language, "role.grant_own"));
}

/* --- who administers ---------------------------------------------------------------------------------------------- */

/* Active people who may edit roles here today: by a role, and not denied it; or granted it for themselves. */
void administrators_check(Ctx *c) {
    Date today = utility_today(c);
    int64_t n = db_int(c, "select count(distinct u.id) from user u where u.status = 'active' and not exists (select 1 "
                          "from user_permission_override o join permission p on p.id = o.permission_id "
        "where o.user_id = u.id and o.effect = 'deny' and p.`key` in ('core.roles:edit', 'core.roles:view') "
        "and (o.utility_id is null or o.utility_id = ?) and (o.expires_at is null or o.expires_at > ?)) and ("
        "exists (select 1 from user_role ur join role ro on ro.id = ur.role_id and ro.active = 1 "
        "join role_permission rp on rp.role_id = ro.id join permission p on p.id = rp.permission_id "
        "where ur.user_id = u.id and p.`key` = 'core.roles:edit' and (ur.utility_id is null or ur.utility_id = ?) "
        "and ur.valid_from <= ? and (ur.valid_to is null or ur.valid_to >= ?)) "
        "or exists (select 1 from user_permission_override o join permission p on p.id = o.permission_id "
        "where o.user_id = u.id and o.effect = 'grant' and p.`key` = 'core.roles:edit' "
        "and (o.utility_id is null or o.utility_id = ?) and o.expires_at is null))", c->utility, c->now, c->utility,
                       today, today, c->utility);
    if (!n) fail(c, INVALID, "%s", msg(c->language, "role.last_administrator"));
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const Choice kinds[] = { { "system", NULL }, { "custom", NULL }, { 0 } };
static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };

static const ListBulk role_acts[] = { { "clone", NULL, "core.roles", CREATE }, { 0 } };

static const ListSpec role_spec = {
    .name = "roles", .one = "role", .many = "roles", .path = "/roles",
    .from = "role r left join department d on d.id = r.department_id",
    .where = "(r.utility_id = ? or r.utility_id is null)", .id = "r.id",
    .columns = COLUMNS {
        { "name",       NULL,        "r.name", LIST | SEARCH | SORT, .link = "/roles/{code}", .sub = "description" },
        { "department", NULL,  "coalesce(d.name, '')", .flags = LIST | SORT },
        { "in_department", NULL, "d.public_id", FILTER, .options = "select public_id, name from department "
            "where utility_id = ? order by name" },
        { "users",      NULL,       "(select count(distinct ur.user_id) from user_role ur "
                                    "join user u on u.id = ur.user_id "
                                    "and u.status <> 'revoked' where ur.role_id = r.id)", .flags = LIST | SORT },
        { "kind",       NULL,        "r.kind", LIST | FILTER | SORT, .choices = kinds },
        { "updated_at", NULL, "r.updated_at", .flags = LIST | SORT },
        { "active",     NULL, "r.active", LIST | FILTER, .choices = yes_no, .kind = "yesno" },
        { "code",       NULL,        "r.code", .flags = SEARCH },
        { "description", NULL, "r.description", .flags = SEARCH },
        { 0 } },
    .order = "name", .feature = "core.roles", .bulk = role_acts, .bulk_path = "/roles/clone", .key = "code",
    .actions = (const ListAction[]){ { "New role", "/roles/new", "plus", "core.roles", CREATE, true },
                                     { "Compare", "/roles/compare", "swap", "core.roles", VIEW, false }, { 0 } },
};

void role_list(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "role.title"));
    list_show(r, &role_spec, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* The role that is ticked in the list, to the form of a new one with its rights. */
void role_clone_post(Req *r) {
    const char *act = field_text(r, "bulk");
    const char *code = act && !strcmp(act, "clone") ? list_chosen_one(r, &role_spec, r->c.utility) : NULL;
    if (!code) problem(r, NULL, "%s", msg(r->c.language, "role.clone_one"));
    problems_end(r);
    go(r, "/roles/new?from=%s", code);
}

static void crumbs(Req *r, const RoleRow *role, const char *here) {
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "role.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/roles"));
    if (role) {
        show_text(r, "page.crumbs.1.text", role->name);
        if (here) show_text(r, "page.crumbs.1.url", link_path(r, "/roles/%s", role->code));
    }
    if (here) show_text(r, text(r, "page.crumbs.%d.text", role ? 2 : 1), here);
}

/* --- name, description, department -------------------------------------------------------------------------------- */

/* Departments are edited elsewhere; here one is chosen. */
static const Resource department_choice = { .table = "department", .path = "/departments", .feature = "core.users",
                                            .one = "department", .many = "departments", .key = "public_id",
                                            .fields = FIELDS { { "name", "Name", TEXT(1, 80) }, { 0 } } };

#define ROLE_FIELDS \
    { "name", TEXT(3, 60),       .flags = REQUIRED }, \
    { "description", LONG_TEXT(0, 300) }, \
    { "department", REF(department_choice) }, \
    { "mfa", BOOL }

static const Form role_form     = { .name = "role", .fields = FIELDS { ROLE_FIELDS, { "active", BOOL }, { 0 } } };
static const Form role_new_form = { .name = "role", .fields = FIELDS { ROLE_FIELDS, { "from", HIDDEN(40) }, { 0 } } };

#define OPTION(F, T) F(T, const char *, public_id) F(T, const char *, name)
ROW(Option, OPTION)

static void department_options(Req *r, FormView *v) {
    Options all = db_all(&r->c, Option, "select public_id, name from department where utility_id = ? "
                                        "and active = 1 order by name", r->c.utility);
    for (size_t i = 0; i < all.n; i++) form_option(v, "department", all.v[i].public_id, all.v[i].name);
}

void role_new(Req *r) {
    Ctx *c = &r->c;
    const char *code = r->again ? field_text(r, "from") : query_text(r, "from");
    RoleRow *from = code && *code ? role_find(c, code) : NULL;
    FormView *v = form_show(r, "form", &role_new_form, "/roles");
    department_options(r, v);
    if (from) {
        form_text(v, "from", from->code);
        form_text(v, "name", text(r, "%s (copy)", from->name));
        form_text(v, "description", from->description);
        show_text(r, "form.intro", msg_format(r, c->language, "role.clone_how", { "role", from->name }));
    } else {
        show_text(r, "form.intro", msg(c->language, "role.new_how"));
    }
    show_text(r, "form.submit", msg(c->language, "role.make"));
    show_text(r, "form.cancel_url", link_path(r, "/roles"));
    show_text(r, "page.title", msg(c->language, from ? "role.clone" : "role.new"));
    show_text(r, "page.width", "narrow");
    crumbs(r, NULL, msg(c->language, from ? "role.clone" : "role.new"));
    page(r, "layout/form");
}

static void name_check(Req *r, const char *name, Id but) {
    if (!name) return;
    if (db_int(&r->c, "select count(*) from role where name = ? and (utility_id = ? or utility_id is null) and id <> ?",
               name, r->c.utility, but.id))
        problem(r, "name", "%s", msg(r->c.language, "role.name_taken"));
}

/* "senior-cashier" becomes senior_cashier, with a number when it is taken. */
static const char *code_for(Ctx *c, const char *name) {
    char *base = text_copy(c, utf8_cut(&c->mem, utf8_slug(&c->mem, name), 34));
    for (char *s = base; *s; s++)
        if (*s == '-') *s = '_';
    if (!*base) base = text_copy(c, "role");
    const char *code = base;
    for (int n = 2; !strcmp(code, "new") || !strcmp(code, "compare") || role_find(c, code); n++)
        code = text(c, "%s_%d", base, n);
    return code;
}

static void store_rights(Ctx *c, Id role, RightSet set) {
    db_run(c, "delete from role_permission where role_id = ?", role);
    for (size_t i = 0; i < set.n; i++)
        for (int a = 0; a < RIGHT_ACTIONS; a++)
            if (set.v[i].bits & 1u << a)
                db_must(c, 1, BROKEN, "insert into role_permission (role_id, permission_id) select ?, id "
                                      "from permission where `key` = ?", role,
                        text(c, "%s:%s", set.v[i].key, right_actions[a]));
}

static const char *rights_json(Ctx *c, const char *const *names, const char *const *values, RightSet set) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (int i = 0; names && names[i]; i++) json_add_text(&o, names[i], values[i]);
    for (size_t i = 0; i < set.n; i++) {
        char letters[RIGHT_ACTIONS + 1];
        int n = 0;
        for (int a = 0; a < RIGHT_ACTIONS; a++)
            if (set.v[i].bits & 1u << a) letters[n++] = "VCEDAX"[a];
        letters[n] = 0;
        if (n) json_add_text(&o, set.v[i].key, letters);
    }
    json_close(&o);
    return t.s;
}

static void changed_event(Ctx *c, const RoleRow *role) {
    event_emit(c, &(Event){ .name = "role.changed", .entity = "role", .id = role->id, .number = role->code,
                            .payload = json_pairs(c, "role_id", text(c, "%lld", (long long)role->id.id), NULL) });
}

void role_create(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &role_new_form);
    name_check(r, in_text(in, "name"), (Id){ 0 });
    const char *from = in_text(in, "from");
    RoleRow *model = from ? role_find(c, from) : NULL;
    if (from && !model) problem(r, NULL, "There is no role %s.", from);
    problems_end(r);
    proof_check(&r->c);
    RightSet rights = model ? role_rights(c, model->id) : (RightSet){ 0 };
    grant_check(c, (RightSet){ 0 }, rights);
    RoleRow role = { .code = code_for(c, in_text(in, "name")), .name = in_text(in, "name") };
    role.id = db_insert(c, "insert into role (utility_id, code, name, description, department_id, kind, mfa_required, "
                           "created_at, created_by, updated_at, updated_by) values (?,?,?,?,?,'custom',?,?,?,?,?)",
                        c->utility, role.code, role.name, in_text(in, "description"), in_ref(in, "department"),
                            in_bool(in, "mfa"), c->now, c->user, c->now, c->user);
    store_rights(c, role.id, rights);
    const char *names[] = { "name", "from", NULL }, *values[] = { role.name, from, NULL };
    audit_write(c, &(Audit){ .action = "create", .entity = "role", .id = role.id, .number = role.code, .version = 1,
                             .after = rights_json(c, names, values, rights) });
    changed_event(c, &role);
    note(r, "%s", msg_format(r, c->language, "role.made", { "role", role.name }));
    go(r, "/roles/%s", role.code);
}

/* --- the matrix --------------------------------------------------------------------------------------------------- */

#define PERMISSION(F, T) F(T, const char *, resource) F(T, const char *, module) F(T, const char *, label) \
    F(T, bool, sensitive)
ROW(Permission, PERMISSION)

Permissions permissions_all(Ctx *c);

/* One row a resource; the label of "view" without its verb names it. */
Permissions permissions_all(Ctx *c) {
    return db_all(c, Permission, "select resource, module, substr(label, 6) as label, `sensitive` from permission "
                                 "where action = 'view' order by sort");
}

static char *capital(Req *r, const char *s) {
    char *t = text_copy(r, s);
    if (*t >= 'a' && *t <= 'z') *t = (char)(*t - 32);
    return t;
}

static void show_cells(Req *r, const char *at_, const Permission *p, unsigned bits, unsigned usual) {
    for (int a = 0; a < RIGHT_ACTIONS; a++) {
        char *cell = text(r, "%s.cells.%d", at_, a);
        show_text(r, cell, text(r, "%s:%s", p->resource, right_actions[a]));
        show_text(r, text(r, "%s.says", cell),
                  text(r, "%s: %s", msg(r->c.language, text(r, "right.%s", right_actions[a])), p->label));
        if (bits & 1u << a) show_text(r, text(r, "%s.on", cell), "1");
        if ((bits ^ usual) & 1u << a) show_text(r, text(r, "%s.changed", cell), "1");
    }
}

static void show_matrix(Req *r, RightSet set, RightSet usual, bool compares) {
    Permissions all = permissions_all(&r->c);
    const char *module = "";
    int group = -1;
    size_t row = 0;
    for (int a = 0; a < RIGHT_ACTIONS; a++) {
        show_text(r, text(r, "matrix.actions.%d", a), msg(r->c.language, text(r, "right.%s", right_actions[a])));
        show_text(r, text(r, "matrix.actions.%d.key", a), text(r, "*:%s", right_actions[a]));
    }
    for (size_t i = 0; i < all.n; i++) {
        const Permission *p = &all.v[i];
        if (strcmp(p->module, module)) {
            module = p->module, row = 0, group++;
            show_text(r, text(r, "matrix.groups.%d.title", group), msg(r->c.language, text(r, "module.%s", module)));
            show_text(r, text(r, "matrix.groups.%d.key", group), module);
            for (int a = 0; a < RIGHT_ACTIONS; a++) {
                show_text(r, text(r, "matrix.groups.%d.all.%d", group, a), text(r, "%s:%s", module, right_actions[a]));
                show_text(r, text(r, "matrix.groups.%d.all.%d.says", group, a),
                          text(r, "%s: %s", msg(r->c.language, text(r, "right.%s", right_actions[a])),
                               msg(r->c.language, text(r, "module.%s", module))));
            }
        }
        char *at_ = text(r, "matrix.groups.%d.rows.%zu", group, row++);
        show_text(r, text(r, "%s.label", at_), capital(r, p->label));
        show_text(r, text(r, "%s.key", at_), p->resource);
        if (p->sensitive) show_text(r, text(r, "%s.sensitive", at_), "1");
        unsigned bits = row_bits(set.v, set.n, p->resource);
        show_cells(r, at_, p, bits, compares ? row_bits(usual.v, usual.n, p->resource) : bits);
    }
}

/* The rights as the form sent them: single ticks, and the ticks
 * of a whole column ("*:view") or of a module's ("cis:view"). */
static RightSet ticked(Req *r) {
    Permissions all = permissions_all(&r->c);
    Texts single = param_all(&r->c.mem, &r->fields, "p"), whole = param_all(&r->c.mem, &r->fields, "all");
    RightSet set = { take_n(r, RightRow, RIGHT_ROWS_MAX), 0 };
    for (size_t i = 0; i < all.n && set.n < RIGHT_ROWS_MAX; i++) {
        RightRow row = { all.v[i].resource, 0 };
        for (int a = 0; a < RIGHT_ACTIONS; a++) {
            const char *own = text(r, "%s:%s", row.key, right_actions[a]),
                *group = text(r, "%s:%s", all.v[i].module, right_actions[a]),
                *column = text(r, "*:%s", right_actions[a]);
            for (size_t k = 0; k < single.n; k++) if (!strcmp(single.v[k], own)) row.bits |= 1u << a;
            for (size_t k = 0; k < whole.n; k++)
                if (!strcmp(whole.v[k], group) || !strcmp(whole.v[k], column)) row.bits |= 1u << a;
        }
        set.v[set.n++] = row;
    }
    return set;
}

/* What the rules make of it; rows that lost everything are named in the note. */
static RightSet settled(Req *r, RightSet stored, RightSet sent) {
    Text cleared = text_start(r);
    RightSet set = { take_n(r, RightRow, RIGHT_ROWS_MAX), 0 };
    for (size_t i = 0; i < sent.n; i++) {
        RowOutcome outcome;
        unsigned bits = row_after(row_bits(stored.v, stored.n, sent.v[i].key), sent.v[i].bits, &outcome);
        if (bits) set.v[set.n++] = (RightRow){ sent.v[i].key, bits };
        if (outcome != ROW_CLEARED) continue;
        const char *label = db_text(&r->c, "select substr(label, 6) from permission where `key` = ?",
                                    text(r, "%s:view", sent.v[i].key));
        text_addf(&cleared, "%s%s", cleared.n ? ", " : "", label ? label : sent.v[i].key);
    }
    note(r, "%s", cleared.n ? msg_format(r, r->c.language, "role.cleared", { "rows", cleared.s }) : msg(r->c.language,
        "ui.saved"));
    return set;
}

/* --- the page of one role ----------------------------------------------------------------------------------------- */

static void action(Req *r, size_t n, const char *key, const char *url, const char *icon, const char *kind, bool post) {
    char *at_ = at(r, "page.actions", n, NULL);
    show_text(r, text(r, "%s.text", at_), msg(r->c.language, key));
    show_text(r, text(r, "%s.url", at_), url);
    show_text(r, text(r, "%s.icon", at_), icon);
    show_text(r, text(r, "%s.kind", at_), kind);
    if (post) show_text(r, text(r, "%s.post", at_), "1");
}

static void show_actions(Req *r, const RoleRow *role) {
    size_t n = 0;
    if (perm_may(&r->c, "core.roles", CREATE))
        action(r, n++, "role.clone", link_path(r, "/roles/new?from=%s", role->code), "copy", "plain", false);
    action(r, n++, "role.compare", link_path(r, "/roles/compare?a=%s", role->code), "swap", "plain", false);
    if (!strcmp(role->kind, "system") && !role_is_fixed(role) && perm_may(&r->c, "core.roles", EDIT))
        action(r, n++, "role.reset", link_path(r, "/roles/%s/reset", role->code), "refresh", "plain", true);
    if (!strcmp(role->kind, "custom") && perm_may(&r->c, "core.roles", DELETE))
        action(r, n++, "role.delete", link_path(r, "/roles/%s/deletion", role->code), "trash", "plain", false);
}

enum { HOLDERS_SHOWN = 100 };
#define HOLDER(F, T) F(T, const char *, public_id) F(T, const char *, full_name) F(T, const char *, email) \
    F(T, const char *, status)
ROW(Holder, HOLDER)

static void show_holders(Req *r, const RoleRow *role) {
    Holders all = db_all(&r->c, Holder, "select distinct u.public_id, u.full_name, u.email, u.status from user_role ur "
                                        "join user u on u.id = ur.user_id where ur.role_id = ? "
                                        "and u.status <> 'revoked' "
                                        "order by u.full_name, u.id limit ?", role->id, (int)HOLDERS_SHOWN);
    bool may = perm_may(&r->c, "core.users", VIEW);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, at(r, "holders", i, "text"), all.v[i].full_name);
        show_text(r, at(r, "holders", i, "sub"), all.v[i].email);
        show_text(r, at(r, "holders", i, "url"), link_path(r, may ? "/users/%s" : "/roles", all.v[i].public_id));
        if (strcmp(all.v[i].status, "active")) {
            show_text(r, at(r, "holders", i, "word"), state_label(r, all.v[i].status));
            show_text(r, at(r, "holders", i, "tone"), state_tone(r, all.v[i].status));
        }
    }
    int64_t n = all.n < HOLDERS_SHOWN ? (int64_t)all.n : db_int(r, "select count(distinct ur.user_id) "
        "from user_role ur join user u on u.id = ur.user_id where ur.role_id = ? and u.status <> 'revoked'", role->id);
    show_text(r, "holders_count", msg_plural(r, r->c.language, "role.users", n, locale_count(&r->c.mem, r->c.locale,
                                                                                             n)));
}

typedef struct Effective { Req *r; RightSet set; size_t n; } Effective;

/* Pages of the utility without a record in their path: what opens with these rights, of modules that are on. */
static void effective_page(void *arg, const Route *route) {
    Effective *e = arg;
    if (strcmp(route->method, "GET") || route->scope != SCOPE_UTILITY || !route->key || strchr(route->path, '{')
        || !rights_key_on(&e->r->c, route->key) || e->n >= 60) return;
    unsigned bits = row_bits(e->set.v, e->set.n, route->key);
    if (route->action == VIEW ? bits : (bits & route->action) == route->action)
        show_text(e->r, at(e->r, "pages", e->n++, NULL), route->path);
}

static void show_notices(Req *r, const RoleRow *role, RightSet set) {
    size_t n = 0;
    if (!role->active) {
        show_text(r, at(r, "page.notices", n, "tone"), "warn");
        show_text(r, at(r, "page.notices", n++, "text"), msg(r->c.language, "role.not_active"));
    }
    for (const DutyPair *p = duty_pairs; p->what; p++) {
        if (!duty_conflict(p, set.v, set.n)) continue;
        show_text(r, at(r, "page.notices", n, "tone"), "warn");
        show_text(r, at(r, "page.notices", n, "strong"), msg(r->c.language, "duty.title"));
        show_text(r, at(r, "page.notices", n++, "text"), msg(r->c.language, text(r, "duty.%s", p->what)));
    }
}

void role_page(Req *r) {
    Ctx *c = &r->c;
    RoleRow *role = role_of(r);
    RightSet stored = role_rights(c, role->id), shown = r->again ? ticked(r) : stored;
    bool editable = !role_is_fixed(role) && perm_may(c, "core.roles", EDIT);
    if (editable) {
        proof_notice(r);
        FormView *v = form_show(r, "form", &role_form, text(r, "/roles/%s", role->code));
        department_options(r, v);
        form_text(v, "name", role->name);
        form_text(v, "description", role->description);
        form_set(v, "description", "rows", "2");
        form_bool(v, "mfa", role->mfa_required);
        form_bool(v, "active", role->active);
        form_text(v, "department", role->department_id.id ? db_text(c, "select public_id from department where id = ?",
            role->department_id) : NULL);
        form_version(v, role->row_version);
    } else {
        show_text(r, "fixed", role_is_fixed(role) ? msg(c->language, "role.fixed") : msg(c->language,
            "role.only_view"));
        show_text(r, "description", role->description);
    }
    bool system = !strcmp(role->kind, "system");
    show_matrix(r, shown, system ? default_rights(c, role->code) : stored, system);
    show_notices(r, role, stored);
    show_holders(r, role);
    web_list_routes(effective_page, &(Effective){ r, stored, 0 });
    show_actions(r, role);
    show_text(r, "page.title", role->name);
    show_text(r, "page.sub", text(r, "%s, %s", state_label(r, role->kind), role->code));
    if (system && !role_is_fixed(role)) show_text(r, "legend", msg(c->language, "role.legend"));
    crumbs(r, role, NULL);
    page(r, "core/role");
}

static void fixed_check(Ctx *c, const RoleRow *role) {
    if (role_is_fixed(role)) fail(c, CONFLICT, "%s", msg(c->language, "role.fixed"));
}

static const char *role_json(Ctx *c, const RoleRow *role, RightSet rights) {
    static const char *const names[] = { "name", "description", "department", "mfa_required", "active", NULL };
    const char *values[] = { role->name, role->description, role->department_id.id
        ? db_text(c, "select name from department where id = ?", role->department_id) : NULL,
        role->mfa_required ? "yes" : "no", role->active ? "yes" : "no", NULL };
    return rights_json(c, names, values, rights);
}

/* Everything a change of a role is followed by; as it stood, and as it is stored now. */
static void rights_changed(Ctx *c, const RoleRow *role, RightSet before, RightSet after, const char *action_) {
    administrators_check(c);
    audit_write(c, &(Audit){ .action = action_, .entity = "role", .id = role->id, .number = role->code,
                             .version = role->row_version + 1, .before = role_json(c, role, before),
                             .after = role_json(c, role_find(c, role->code), after) });
    changed_event(c, role);
}

void role_save(Req *r) {
    Ctx *c = &r->c;
    RoleRow *role = role_of(r);
    fixed_check(c, role);
    Input *in = form_read(r, &role_form);
    name_check(r, in_text(in, "name"), role->id);
    problems_end(r);
    proof_check(&r->c);
    RightSet stored = role_rights(c, role->id), wanted = settled(r, stored, ticked(r));
    grant_check(c, stored, wanted);
    db_must(c, 1, CONFLICT, "update role set name = ?, description = ?, department_id = ?, mfa_required = ?, "
                            "active = ?, updated_at = ?, updated_by = ?, row_version = row_version + 1 "
                            "where id = ? and row_version = ?",
            in_text(in, "name"), in_text(in, "description"), in_ref(in, "department"), in_bool(in, "mfa"),
            in_bool(in, "active"), c->now, c->user, role->id, in->row_version);
    store_rights(c, role->id, wanted);
    rights_changed(c, role, stored, wanted, "edit");
    go(r, "/roles/%s", role->code);
}

void role_reset(Req *r) {
    Ctx *c = &r->c;
    RoleRow *role = role_of(r);
    proof_check(&r->c);
    fixed_check(c, role);
    if (strcmp(role->kind, "system")) fail(c, CONFLICT, "%s", msg(c->language, "role.no_default"));
    RightSet stored = role_rights(c, role->id), usual = default_rights(c, role->code);
    grant_check(c, stored, usual);
    db_run(c,
        "update role r join role_template t on t.code = r.code set r.name = t.name, r.description = t.description, "
        "r.mfa_required = t.mfa_required, r.active = 1, r.updated_at = ?, r.updated_by = ?, "
        "r.row_version = r.row_version + 1 where r.id = ?",
        c->now, c->user, role->id);
    store_rights(c, role->id, usual);
    rights_changed(c, role, stored, usual, "reset");
    note(r, "%s", msg(c->language, "role.was_reset"));
    go(r, "/roles/%s", role->code);
}

/* --- deletion ----------------------------------------------------------------------------------------------------- */

static const Form delete_form = { .name = "role_delete", .fields = FIELDS {
    { "to", TEXT(0, 40) },
    { 0 } } };

static int64_t users_of(Ctx *c, Id role) {
    return db_int(c, "select count(distinct user_id) from user_role where role_id = ?", role);
}

static void deletable_check(Ctx *c, const RoleRow *role) {
    fixed_check(c, role);
    if (!strcmp(role->kind, "system")) fail(c, CONFLICT, "%s", msg(c->language, "role.system_stays"));
}

#define OTHER(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(Other, OTHER)

void role_delete_page(Req *r) {
    Ctx *c = &r->c;
    RoleRow *role = role_of(r);
    deletable_check(c, role);
    int64_t users = users_of(c, role->id);
    FormView *v = form_show(r, "form", &delete_form, text(r, "/roles/%s/deletion", role->code));
    if (users) {
        Others all = db_all(c, Other, "select code, name from role where utility_id = ? and id <> ? and active = 1 "
                                      "and code <> 'consumer' order by name", c->utility, role->id);
        form_set(v, "to", "kind", "select");
        form_set(v, "to", "blank", msg(c->language, "ui.choose"));
        form_set(v, "to", "optional", "");
        for (size_t i = 0; i < all.n; i++) form_option(v, "to", all.v[i].code, all.v[i].name);
        show_text(r, "form.intro", msg_plural(c, c->language, "role.has_users", users, NULL));
    } else {
        form_set(v, "to", "kind", "hidden");
        show_text(r, "form.intro", msg(c->language, "role.delete_how"));
    }
    show_text(r, "form.submit", msg_format(r, c->language, "role.delete_it", { "role", role->name }));
    show_text(r, "form.tone", "danger");
    show_text(r, "form.cancel_url", link_path(r, "/roles/%s", role->code));
    show_text(r, "page.title", msg_format(r, c->language, "role.delete_title", { "role", role->name }));
    show_text(r, "page.width", "narrow");
    crumbs(r, role, msg(c->language, "role.delete"));
    page(r, "layout/form");
}

void role_delete(Req *r) {
    Ctx *c = &r->c;
    RoleRow *role = role_of(r);
    proof_check(&r->c);
    deletable_check(c, role);
    Input *in = form_read(r, &delete_form);
    int64_t users = users_of(c, role->id);
    const char *to = in_text(in, "to");
    RoleRow *other = to ? role_find(c, to) : NULL;
    if (to && (!other || other->id.id == role->id.id || role_is_fixed(other) || !role_is_given(other)))
        fail_field(c, INVALID, "to", "There is no role %s.", to);
    if (users && !other) fail_field(c, CONFLICT, "to", "%s", msg_plural(c, c->language, "role.has_users", users, NULL));
    if (other) {
        grant_check(c, (RightSet){ 0 }, role_rights(c, other->id));
        db_run(c, "insert ignore into user_role (user_id, role_id, utility_id, service_area_id, valid_from, "
                  "valid_to, created_at, created_by) "
                  "select user_id, ?, utility_id, service_area_id, valid_from, valid_to, ?, ? "
                  "from user_role where role_id = ?", other->id, c->now, c->user, role->id);
    }
    db_run(c, "delete from user_role where role_id = ?", role->id);
    db_run(c, "delete from role where id = ?", role->id);
    administrators_check(c);
    audit_write(c, &(Audit){ .action = "delete", .entity = "role", .id = role->id, .number = role->code,
                             .before = json_pairs(c, "name", role->name, NULL),
                             .after = json_pairs(c, "users_given", other ? other->code : NULL, NULL) });
    changed_event(c, role);
    note(r, "%s", msg_format(r, c->language, "role.deleted", { "role", role->name }));
    go(r, "/roles");
}

/* --- comparison --------------------------------------------------------------------------------------------------- */

static void compare_options(Req *r, FormView *v, const char *field, Others all, const char *chosen) {
    form_set(v, field, "kind", "select");
    for (size_t i = 0; i < all.n; i++) {
        form_option(v, field, all.v[i].code, all.v[i].name);
        if (chosen && !strcmp(chosen, all.v[i].code))
            show_text(r, text(r, "form.fields.%s.options.%zu.selected", field, i), "1");
    }
}

static const Form compare_form = { .name = "role_compare", .fields = FIELDS { { "a", TEXT(0, 40) },
    { "b", TEXT(0, 40) }, { 0 } } };

const char *role_actions_text(Req *r, unsigned bits) {
    Text t = text_start(r);
    text_add(&t, "");
    for (int a = 0; a < RIGHT_ACTIONS; a++)
        if (bits & 1u << a)
            text_addf(&t, "%s%s", t.n ? ", " : "", msg(r->c.language, text(r, "right.%s", right_actions[a])));
    return t.n ? t.s : "\xE2\x80\x93";
}

static void show_differences(Req *r, const RoleRow *a, const RoleRow *b) {
    RightSet of_a = role_rights(&r->c, a->id), of_b = role_rights(&r->c, b->id);
    Permissions all = permissions_all(&r->c);
    show_text(r, "after.0.title", msg(r->c.language, "role.differences"));
    show_text(r, "after.0.table.label", msg(r->c.language, "role.differences"));
    const char *heads[] = { msg(r->c.language, "role.resource"), a->name, b->name };
    for (int i = 0; i < 3; i++) {
        show_text(r, text(r, "after.0.table.cols.%d.label", i), heads[i]);
        show_text(r, text(r, "after.0.table.cols.%d.kind", i), "text");
        show_text(r, text(r, "after.0.table.cols.%d.place", i), i ? NULL : "id");
    }
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++) {
        unsigned x = row_bits(of_a.v, of_a.n, all.v[i].resource), y = row_bits(of_b.v, of_b.n, all.v[i].resource);
        if (x == y) continue;
        char *at_ = at(r, "after.0.table.rows", n++, NULL);
        show_text(r, text(r, "%s.cells.0", at_), capital(r, all.v[i].label));
        show_text(r, text(r, "%s.cells.0.sub", at_), all.v[i].resource);
        show_text(r, text(r, "%s.cells.1", at_), role_actions_text(r, x));
        show_text(r, text(r, "%s.cells.2", at_), role_actions_text(r, y));
    }
    if (!n) {
        show_text(r, "after.0.table.empty.title", msg(r->c.language, "role.no_differences"));
        show_text(r, "after.0.table.empty.icon", "done");
    }
}

void role_compare(Req *r) {
    Ctx *c = &r->c;
    const char *a = query_text(r, "a"), *b = query_text(r, "b");
    RoleRow *first = a ? role_find(c, a) : NULL, *second = b ? role_find(c, b) : NULL;
    if ((a && !first) || (b && !second)) fail(c, NOT_FOUND, "There is no such role.");
    Others all = db_all(c, Other, "select code, name from role where utility_id = ? "
                                  "or utility_id is null order by name", c->utility);
    FormView *v = form_show(r, "form", &compare_form, "/roles/compare");
    compare_options(r, v, "a", all, a);
    compare_options(r, v, "b", all, b);
    show_text(r, "form.get", "1");
    show_text(r, "form.submit", msg(c->language, "role.compare"));
    form_set(v, "a", "optional", "");
    form_set(v, "b", "optional", "");
    if (first && second) show_differences(r, first, second);
    show_text(r, "page.title", msg(c->language, "role.compare_title"));
    crumbs(r, NULL, msg(c->language, "role.compare"));
    page(r, "core/role_compare");
}
