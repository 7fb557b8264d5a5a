/*
 * Rights: see rights.h.
 */
#include "app/core/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/core/front.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/digest.h"
#include "lib/locale.h"
#include "lib/req.h"

/* --- words -------------------------------------------------------------------------------------------------------- */

static const struct { const char *word; unsigned bit; } actions[] = {
    { "view", VIEW }, { "create", CREATE }, { "edit", EDIT }, { "delete", DELETE }, { "approve", APPROVE },
    { "export", EXPORT } };

unsigned action_bit(const char *word) {
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(actions[i].word, word)) return actions[i].bit;
    return 0;
}

const char *action_word(unsigned action) {
    for (size_t i = 1; i < sizeof actions / sizeof *actions; i++)
        if (action & actions[i].bit) return actions[i].word;
    return "view";
}

/* --- what rights are made of, and the version of it all --------------------------------------------------------- */

/* Rights, and what a worker keeps of the place with them (utility.c, kept_fact): all change a few times a day. To add
   one: a row here and in tests/support/instance.js. */
static const char *const made_of[] = { "user_role", "role", "role_permission", "user_permission_override",
                                       "module_activation", "service_area", "utility", "organization_setting",
                                       "menu_override", "menu_item", "bill_template", "bill_template_version",
                                       "bill_message", "utility_service", "consumer_category", "tariff_plan",
                                       "subscription", NULL };

/* A number no server gives twice, so that a restored or copied schema is never taken for what a worker knows. */
static void new_version(Ctx *c) {
    if (c->tenant.id) db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
}

void rights_watch(void) { db_watch(made_of, new_version); }

void rights_renew(Ctx *c) { new_version(c); }

/* --- what is kept in the worker ----------------------------------------------------------------------------------- */

enum { KEPT = 64, SCHEMA_MAX = 80, STAMP_MAX = 200 };

typedef struct Kept {
    Arena    mem;
    char     schema[SCHEMA_MAX], stamp[STAMP_MAX];
    int64_t  user, utility, work;       /* work: the last piece that uses it */
    Date     day;                       /* roles begin and end with local days */
    Time     until;                     /* the first override that runs out */
    Rights   rights;
} Kept;

static Kept kept[KEPT];
static int64_t work;

void rights_begin(void) { work++; }

static size_t place_of(const Ctx *c) {
    uint64_t h = (uint64_t)c->user.id * 0x9E3779B97F4A7C15u ^ (uint64_t)c->utility.id * 0xC2B2AE3D27D4EB4Fu;
    for (const char *s = c->schema; *s; s++) h = h * 31 + (unsigned char)*s;
    return (size_t)(h >> 32) % KEPT;
}

static bool is_of(const Kept *k, const Ctx *c) {
    return k->user == c->user.id && k->utility == c->utility.id && !strcmp(k->schema, c->schema);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static unsigned *bits_of(Ctx *c, Arena *a, Rights *r, const char *key) {
    for (int i = 0; i < r->key_n; i++)
        if (!strcmp(r->key[i], key)) return &r->bits[i];
    if (r->key_n == RIGHT_KEYS_MAX) fail(c, BROKEN, "more than %d permission keys", RIGHT_KEYS_MAX);
    r->key[r->key_n] = text_copy(a, key);
    return &r->bits[r->key_n++];
}

#define GRANTED(F, T) F(T, const char *, resource) F(T, const char *, action)
ROW(Granted, GRANTED)
#define OVERRIDE(F, T) F(T, const char *, resource) F(T, const char *, action) F(T, const char *, effect) \
    F(T, Time, expires_at)
ROW(Override, OVERRIDE)
#define ROLE_HELD(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, bool, is_limited) \
    F(T, const char *, path)
ROW(RoleHeld, ROLE_HELD)
#define ACTIVE(F, T) F(T, const char *, module)
ROW(Active, ACTIVE)
#define HELD_IN(F, T) F(T, Id, utility)
ROW(HeldIn, HELD_IN)

static void read_roles(Ctx *c, Arena *a, Rights *to, Date today) {
    RoleHelds roles = db_all(c, RoleHeld,
                             "select ro.id, ro.code, ro.name, ur.service_area_id is not null as is_limited, "
                                          "sa.path from user_role ur "
                                          "join role ro on ro.id = ur.role_id and ro.active = 1 "
                             "left join service_area sa on sa.id = ur.service_area_id where ur.user_id = ? "
                             "and (ur.utility_id is null or ur.utility_id = ? or ? = 0) "
                             "and ur.valid_from <= ? and (ur.valid_to is null "
                             "or ur.valid_to >= ?) order by ur.id", c->user, c->utility, c->utility.id, today, today);
    bool everywhere = false;
    const char **paths = take_n(a, const char *, roles.n + 1);
    for (size_t i = 0; i < roles.n; i++) {
        if (!i) to->role_id = roles.v[i].id;
        if (!i) to->role_code = text_copy(a, roles.v[i].code), to->role_name = text_copy(a, roles.v[i].name);
        if (!roles.v[i].is_limited) everywhere = true;
        paths[i] = text_copy(a, roles.v[i].path ? roles.v[i].path : "-");       /* an area that is gone shows nothing */
    }
    if (!everywhere && roles.n) to->areas = (AreaScope){ paths, roles.n };
}

static void read_granted(Ctx *c, Arena *a, Rights *to, Date today, Time *until) {
    Granteds held = db_all(c, Granted, "select distinct p.resource, p.action from user_role ur "
                                       "join role ro on ro.id = ur.role_id and ro.active = 1 "
                                       "join role_permission rp on rp.role_id = ro.id "
                                       "join permission p on p.id = rp.permission_id where ur.user_id = ? "
                                       "and (ur.utility_id is null or ur.utility_id = ? or ? = 0) "
                                       "and ur.valid_from <= ? "
                           "and (ur.valid_to is null or ur.valid_to >= ?)", c->user, c->utility, c->utility.id, today,
                           today);
    for (size_t i = 0; i < held.n; i++) *bits_of(c, a, to, held.v[i].resource) |= action_bit(held.v[i].action);
    Overrides own = db_all(c, Override, "select p.resource, p.action, o.effect, o.expires_at "
                                        "from user_permission_override o join permission p on p.id = o.permission_id "
                                        "where o.user_id = ? and (o.utility_id is null or o.utility_id = ? or ? = 0) "
                                        "and (o.expires_at is null or o.expires_at > ?) order by o.effect desc",
                           c->user, c->utility, c->utility.id, c->now);
    for (size_t i = 0; i < own.n; i++) {                /* grants come first: a denial wins */
        unsigned bit = action_bit(own.v[i].action), *bits = bits_of(c, a, to, own.v[i].resource);
        if (!strcmp(own.v[i].effect, "grant")) *bits |= bit | VIEW;
        else *bits &= bit == VIEW ? 0u : ~bit;
        if (time_is_set(own.v[i].expires_at) && own.v[i].expires_at.us < until->us) *until = own.v[i].expires_at;
    }
}

/* Switched on here, and in the plan that the organization has; without a subscription everything is. The hub is in
   every plan: whoever sells a portal lets people pay. */
static void read_modules(Ctx *c, Arena *a, Rights *to) {
    Actives all = db_all(c, Active, "select m.module from module_activation m where m.utility_id = ? "
                                    "and m.active = 1 and (m.module = 'hub' or not exists (select 1 "
                                    "from smart360.subscription s join smart360.subscription_plan p "
                                    "on p.id = s.plan_id where s.tenant_id = ? and s.live = 1 "
                                    "and not json_contains(p.modules, json_quote(m.module)))) "
                                    "order by m.module limit 20", c->utility, c->tenant);
    to->module = take_n(a, const char *, MODULES_ACTIVE_MAX);
    for (size_t i = 0; i < all.n; i++) to->module[to->module_n++] = text_copy(a, all.v[i].module);
}

#define CHANGED(F, T) F(T, const char *, menu_key) F(T, const char *, label) F(T, int, sort) F(T, bool, hidden)
ROW(Changed, CHANGED)
#define LINKED(F, T) F(T, const char *, key) F(T, const char *, label) F(T, const char *, path)
ROW(Linked, LINKED)

static void read_menu(Ctx *c, Arena *a, Rights *to) {
    Changeds all = db_all(c, Changed, "select menu_key, label, coalesce(sort, 0) as sort, hidden from menu_override "
                                      "where utility_id = ? and role_key in (0, ?) order by role_key limit 500",
                          c->utility, to->role_id.id);
    MenuChange *v = take_n(a, MenuChange, all.n + 1);
    for (size_t i = 0; i < all.n; i++)
        v[i] = (MenuChange){ text_copy(a, all.v[i].menu_key), text_copy(a, all.v[i].label), all.v[i].sort,
                             all.v[i].hidden };
    to->menu = v;
    to->menu_n = all.n;
    Linkeds links = db_all(c, Linked, "select `key`, label, path from menu_item where utility_id = ? "
                                      "and kind = 'external' and (role_id is null or role_id = ?) "
                                      "order by role_id, sort, id limit 20", c->utility, to->role_id);
    MenuLink *l = take_n(a, MenuLink, links.n + 1);
    for (size_t i = 0; i < links.n; i++)
        l[i] = (MenuLink){ text_copy(a, links.v[i].key), text_copy(a, links.v[i].label),
                           text_copy(a, links.v[i].path) };
    to->link = l;
    to->link_n = links.n;
}

static void read_utilities(Ctx *c, Arena *a, Rights *to) {
    HeldIns all = db_all(c, HeldIn, "select distinct coalesce(utility_id, 0) as utility from user_role "
                                    "where user_id = ? limit 1000", c->user);
    Id *v = take_n(a, Id, all.n + 1);
    for (size_t i = 0; i < all.n; i++) v[i] = all.v[i].utility;
    to->utility = v;
    to->utility_n = all.n;
}

#define RESOURCE_KEY(F, T) F(T, const char *, resource)
ROW(ResourceKey, RESOURCE_KEY)

/* Support sees every page there is, and neither unmasked identities nor anything to change. */
static void read_support(Ctx *c, Arena *a, Rights *to) {
    ResourceKeys all = db_all(c, ResourceKey, "select distinct resource from permission where action = 'view' "
                                              "and resource <> 'cis.pii'");
    for (size_t i = 0; i < all.n; i++) *bits_of(c, a, to, all.v[i].resource) = VIEW;
    read_modules(c, a, to);
    to->role_code = "support";
    to->role_name = "Support";
}

static void read_rights(Ctx *c, Arena *a, Rights *to, Time *until) {
    *to = (Rights){ .key = take_n(a, const char *, RIGHT_KEYS_MAX), .bits = take_n(a, unsigned, RIGHT_KEYS_MAX) };
    if (c->realm == REALM_PLATFORM) {
        static const char *const keys[] = { "platform.tenants", "platform.plans", "platform.health",
                                            "platform.support" };
        for (size_t i = 0; i < 4; i++) *bits_of(c, a, to, keys[i]) = VIEW | CREATE | EDIT | DELETE | APPROVE | EXPORT;
        return;
    }
    if (c->realm != REALM_STAFF || !c->user.id) return;
    if (facts_of(c)->support.id) {
        read_support(c, a, to);
        return;
    }
    Date today = utility_today(c);
    read_granted(c, a, to, today, until);
    read_roles(c, a, to, today);
    read_modules(c, a, to);
    read_menu(c, a, to);
    read_utilities(c, a, to);
}

static const Rights *uncached(Ctx *c) {
    Rights *r = take(c, sizeof *r);
    Time until = TIME_NONE;
    read_rights(c, &c->mem, r, &until);
    return r;
}

static const char *stamp_now(Ctx *c) {
    const char *stamp = fact_get(c, "rights stamp", c->utility.id);
    return stamp ? stamp : db_text(c, "select cast(rights_version as char) from security_policy where one = 1");
}

void rights_stamped(Ctx *c, const char *stamp) {
    if (stamp) fact_keep(c, "rights stamp", c->utility.id, (void *)(uintptr_t)stamp);
}

static int by_words(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Rights in no order, what was changed of the menu in its own. */
static void set_print(Ctx *c, Rights *r) {
    const char **held = take_n(c, const char *, (size_t)r->key_n + 1);
    for (int i = 0; i < r->key_n; i++) held[i] = text(c, "%s %u;", r->key[i], r->bits[i]);
    qsort(held, (size_t)r->key_n, sizeof *held, by_words);
    Text t = text_start(c);
    text_addf(&t, "%s;", r->role_code ? r->role_code : "");
    for (int i = 0; i < r->key_n; i++) text_add(&t, held[i]);
    for (int i = 0; i < r->module_n; i++) text_addf(&t, "%s;", r->module[i]);
    for (size_t i = 0; i < r->menu_n; i++)
        text_addf(&t, "%s %d %d %s\n", r->menu[i].key, r->menu[i].sort, r->menu[i].hidden,
                  r->menu[i].label ? r->menu[i].label : "");
    for (size_t i = 0; i < r->link_n; i++)
        text_addf(&t, "%s %s\n%s\n", r->link[i].key, r->link[i].label, r->link[i].url);
    uint8_t hash[DIGEST_MAX];
    digest(SHA256, (Bytes){ t.s, t.n }, hash);
    for (int i = 0; i < 16; i++) snprintf(r->print + 2 * i, 3, "%02x", hash[i]);
}

static const Rights *cached(Ctx *c) {
    const char *stamp = stamp_now(c);
    Kept *k = &kept[place_of(c)];
    Date today = utility_today(c);
    if (!stamp || strlen(stamp) >= STAMP_MAX || strlen(c->schema) >= SCHEMA_MAX) return uncached(c);
    bool good = is_of(k, c) && !strcmp(k->stamp, stamp) && k->day.day == today.day && c->now.us < k->until.us;
    if (!good && k->work == work) return uncached(c);           /* its place is in use by this very piece of work */
    k->work = work;
    if (good) return &k->rights;
    k->stamp[0] = 0, k->user = 0;                               /* reading may fail half way */
    arena_reset(&k->mem);
    Time until = (Time){ INT64_MAX };
    read_rights(c, &k->mem, &k->rights, &until);
    set_print(c, &k->rights);
    k->rights.stamp = k->stamp;
    snprintf(k->schema, sizeof k->schema, "%s", c->schema);
    snprintf(k->stamp, sizeof k->stamp, "%s", stamp);
    k->user = c->user.id, k->utility = c->utility.id, k->day = today, k->until = until;
    return &k->rights;
}

const Rights *rights_here(Ctx *c) {
    Rights *r = fact_get(c, "rights", c->utility.id);
    if (r) return r;
    bool is_kept = c->realm == REALM_STAFF && c->user.id && !facts_of(c)->support.id;
    const Rights *found = is_kept ? cached(c) : uncached(c);
    return fact_keep(c, "rights", c->utility.id, (void *)(uintptr_t)found);
}

/* Who is at work, while somebody else's rights are read; put back even when that fails. */
typedef struct AtWork { Ctx *c; Id user; Realm realm; } AtWork;
static void at_work_again(void *was) {
    AtWork *w = was;
    if (w->c) w->c->user = w->user, w->c->realm = w->realm;
    w->c = NULL;
}

const Rights *rights_of(Ctx *c, Id user) {
    AtWork *w = take(c, sizeof *w);
    *w = (AtWork){ c, c->user, c->realm };
    later(c, at_work_again, w);
    c->user = user, c->realm = REALM_STAFF;
    const Rights *r = uncached(c);
    at_work_again(w);
    return r;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

bool rights_has(const Rights *r, const char *key, unsigned action) {
    for (int i = 0; i < r->key_n; i++)
        if (!strcmp(r->key[i], key)) return action == VIEW ? r->bits[i] != 0 : (r->bits[i] & action) == action;
    return false;
}

bool rights_hold_role_in(const Rights *r, Id utility) {
    for (size_t i = 0; i < r->utility_n; i++)
        if (!r->utility[i].id || r->utility[i].id == utility.id) return true;
    return false;
}

static bool is_listed(const Rights *r, const char *module, size_t n) {
    for (int i = 0; i < r->module_n; i++)
        if (strlen(r->module[i]) == n && !strncmp(r->module[i], module, n)) return true;
    return false;
}

bool rights_module_on(Ctx *c, const char *module) { return is_listed(rights_here(c), module, strlen(module)); }

/* Whether the key's module gives anything in this utility; core, hub, platform and the tenant's level always do. */
bool rights_key_on(Ctx *c, const char *key) {
    if (!c->utility.id || !strncmp(key, "core.", 5) || !strncmp(key, "platform.", 9) || !strncmp(key, "hub.", 4))
        return true;
    return is_listed(rights_here(c), key, strcspn(key, "."));
}

/* Jobs and commands have no realm and no address of a client; a visitor who is not signed in has an address. */
static bool is_system(const Ctx *c) { return c->realm == REALM_NONE && !c->address; }

bool perm_may(Ctx *c, const char *key, unsigned action) {
    if (is_system(c)) return true;
    return rights_key_on(c, key) && rights_has(rights_here(c), key, action);
}

void perm_check(Ctx *c, const char *key, unsigned action) {
    if (perm_may(c, key, action)) return;
    const char *right = text(c, "%s:%s", key, action_word(action));
    if (!rights_key_on(c, key)) fail_field(c, DENIED, right, "Module not active");
    const char *label = c->tenant.id ? db_text(c, "select label from permission where `key` = ?", right) : NULL;
    if (label) fail_field(c, DENIED, right, "You do not have permission to %c%s.", label[0] | 32, label + 1);
    fail_field(c, DENIED, right, "You do not have permission to use this page.");
}

/* --- areas -------------------------------------------------------------------------------------------------------- */

AreaScope scope_area(Ctx *c) { return c->realm == REALM_STAFF ? rights_here(c)->areas : (AreaScope){ 0 }; }

/* The subtree of POR/WST is POR/WST and all that begins with POR/WST/. */
static bool is_below(const char *path, const char *top) {
    size_t n = strlen(top);
    return !strncmp(path, top, n) && (path[n] == 0 || path[n] == '/');
}

bool scope_has_area(Ctx *c, Id area) {
    AreaScope s = scope_area(c);
    if (!s.n) return true;
    const char *path = area.id ? db_text(c, "select path from service_area where id = ?", area) : NULL;
    for (size_t i = 0; path && i < s.n; i++)
        if (is_below(path, s.path[i])) return true;
    return false;
}

void scope_check_area(Ctx *c, Id area) {
    if (!scope_has_area(c, area)) fail(c, NOT_FOUND, "not found");
}

/* Codes are of A-Z 0-9 and "-": nothing in a path means anything else to a regular expression. */
const char *rights_area_filter(Ctx *c, Bind *bind) {
    AreaScope s = scope_area(c);
    if (!s.n) return NULL;
    Text any = text_start(c);
    text_add(&any, "^(");
    for (size_t i = 0; i < s.n; i++) text_addf(&any, "%s%s", i ? "|" : "", s.path[i]);
    text_add(&any, ")(/|$)");
    *bind = bind_text(any.s);
    return "in (select scope_area.id from service_area scope_area where scope_area.path regexp ?)";
}

#define BELOW(F, T) F(T, const char *, path) F(T, const char *, name)
ROW(Below, BELOW)

const char *rights_area_below(Ctx *c, const char *code, Bind *bind, const char **name) {
    Below *b = db_find(c, Below, "select path, name from service_area where utility_id = ? and code = ?", c->utility,
                       code);
    if (!b) return NULL;
    *name = b->name;
    *bind = bind_text(text(c, "^%s(/|$)", b->path));
    return "in (select below.id from service_area below where below.path regexp ?)";
}
