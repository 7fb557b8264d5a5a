/*
 * Utilities of a tenant and their settings: where a piece of work is, what "today" is there, how numbers are shown
 * (ONB01US01, ONB02US06, ONB02US02). Read once for each piece of work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/money.h"

/* --- the organization and its utilities --------------------------------------------------------------------------- */

#define ORGANIZATION(F, T) F(T, const char *, name) F(T, const char *, currency) F(T, const char *, date_format) \
    F(T, const char *, time_format) F(T, const char *, time_zone) F(T, const char *, number_format) \
        F(T, int, first_day_of_week) \
    F(T, const char *, default_language) F(T, Id, logo) F(T, const char *, brand_colour)
ROW(Organization, ORGANIZATION)

static const Organization *organization(Ctx *c) {
    Organization *o = fact_get(c, "organization", 0);
    if (o) return o;
    o = db_find(c, Organization, "select name, currency, date_format, time_format, time_zone, number_format, "
                                 "first_day_of_week, default_language, logo_document_id as logo, brand_colour "
                                 "from organization_setting");
    if (!o) {
        o = take(c, sizeof *o);
        o->name = c->tenant_slug;
        o->default_language = "en";
    }
    return fact_keep(c, "organization", 0, o);
}

/* What a worker kept may be older than the row: "not yet" is asked once more. */
bool organization_is_set(Ctx *c) {
    const Organization *o = organization(c);
    if (o->currency && o->date_format && o->time_zone) return true;
    return db_int(c, "select exists (select 1 from organization_setting where currency is not null "
                     "and date_format is not null and time_zone is not null)") > 0;
}

Id organization_logo(Ctx *c) { return organization(c)->logo; }

/* Asked for every page, those of failures too: nothing is read for it. */
const char *organization_colour(Ctx *c) {
    const Organization *o = fact_get(c, "organization", 0);
    return o ? o->brand_colour : NULL;
}

#define UTILITY_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, status) \
    F(T, const char *, environment) F(T, const char *, currency) F(T, const char *, time_zone) \
        F(T, const char *, rounding_mode) \
    F(T, Money, cash_rounding_minor) F(T, const char *, email) F(T, const char *, contact_phone) \
        F(T, const char *, bill_sender_name) F(T, Id, logo)
ROW(UtilityRow, UTILITY_ROW)

static const Utility *utility_keep(Ctx *c, const Organization *o, const UtilityRow *row) {
    Utility *u = take(c, sizeof *u);
    *u = (Utility){ .id = row->id, .code = row->code, .name = row->name, .status = row->status,
                    .environment = row->environment,
        .currency = row->currency, .exponent = currency_exponent(row->currency), .language = o->default_language,
        .time_zone = row->time_zone ? row->time_zone : o->time_zone ? o->time_zone : "UTC",
        .half_even = !strcmp(row->rounding_mode, "half_even"), .cash_step = row->cash_rounding_minor,
        .email = row->email, .contact_phone = row->contact_phone, .bill_sender_name = row->bill_sender_name,
        .logo = row->logo };
    return fact_keep(c, "utility", row->id.id, u);
}

const Utility *utility_get(Ctx *c, Id id) {
    Utility *u = fact_get(c, "utility", id.id);
    if (u) return u;
    UtilityRow *row = db_find(c, UtilityRow, "select id, code, name, status, environment, currency, time_zone, "
                                             "rounding_mode, cash_rounding_minor, email, "
                                             "contact_phone, bill_sender_name, logo_document_id as logo "
                                             "from utility where id=?", id);
    if (!row) fail(c, NOT_FOUND, "There is no such utility.");
    return utility_keep(c, organization(c), row);
}

const Utility *utility_here(Ctx *c) {
    if (!c->utility.id) fail(c, BROKEN, "this piece of work has no utility");
    return utility_get(c, c->utility);
}

void utility_enter(Ctx *c, Id id) {
    const Organization *o = organization(c);
    const Utility *u = id.id ? utility_get(c, id) : NULL;
    c->utility = id;
    c->utility_code = u ? u->code : NULL;
    c->language = o->default_language ? o->default_language : "en";
    c->locale = locale_new(&c->mem,
                           (LocaleSettings){ .language = c->language, .currency = u ? u->currency : o->currency,
        .number_format = o->number_format, .date_format = o->date_format, .time_format = o->time_format,
        .time_zone = u ? u->time_zone : o->time_zone, .first_weekday = o->first_day_of_week });
}

/* --- a request's place -------------------------------------------------------------------------------------------- */

/*
 * What each request asks first: whose host it is, the organization, its utilities. A worker keeps them by the host's
 * slug; one small statement a request reads the tenant's row, which other tenants' people change, and the version of
 * what is kept (rights.c gives a new one when it is written). A join of all of it cost a page 200 us of the database,
 * the two tables cost 50. The schema has to be known before a statement can name its tables; it never changes.
 */
enum { PLACES_KEPT = 64, SLUG_MAX = 64, UTILITIES_LISTED = 50 };

typedef struct KeptPlace {
    Ctx          own;               /* its memory, and what kept_fact reads into it */
    char         slug[SLUG_MAX + 1], schema[SLUG_MAX + 20];
    int64_t      version;           /* 0: what follows is to be read */
    Organization organization;
    UtilityList  utilities;
} KeptPlace;

static KeptPlace kept_places[PLACES_KEPT];

static KeptPlace *place_kept(const char *slug) {
    size_t h = 5381;
    for (const char *s = slug; *s; s++) h = h * 33 + (unsigned char)*s;
    return &kept_places[h % PLACES_KEPT];
}

static void place_remember(const char *slug, const char *schema) {
    KeptPlace *k = place_kept(slug);
    if (strlen(slug) > SLUG_MAX || strlen(schema) >= sizeof k->schema) return;
    snprintf(k->slug, sizeof k->slug, "%s", slug);
    snprintf(k->schema, sizeof k->schema, "%s", schema);
    k->version = 0;
}

#define PLACE(F, T) TENANT_ROW(F, T) F(T, int64_t, version)
ROW(Place, PLACE)

static bool ask_place(Ctx *c, const char *slug, PlaceFound *to, void *arg) {
    (void)arg;
    Place *p = db_find(c, Place, "select t.id, t.slug, t.name, t.status, t.schema_name, t.admin_email, "
                                 "t.provisioning_stage, coalesce(p.rights_version, 0) as version "
                                 "from smart360.tenant t left join security_policy p on p.one = 1 where t.slug = ?",
                       slug);
    if (!p) return false;
    to->tenant = (TenantRow){ p->id, p->slug, p->name, p->status, p->schema_name, p->admin_email,
                              p->provisioning_stage };
    to->version = p->version;
    return true;
}

typedef struct Asked { const char *slug, *schema; PlaceAsk ask; void *arg; bool is_there; PlaceFound found; } Asked;

static void read_place(Ctx *c, void *arg) {
    Asked *a = arg;
    db_use(c, a->schema);
    a->is_there = a->ask(c, a->slug, &a->found, a->arg);
}

static void organization_copy(Arena *a, Organization *to, const Organization *o) {
    *to = *o;
    const char **texts[] = { &to->name, &to->currency, &to->date_format, &to->time_format, &to->time_zone,
                             &to->number_format, &to->default_language, &to->brand_colour };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = text_copy(a, *texts[i]);
}

static const Utility *utility_copy(Arena *a, const Utility *from) {
    Utility *u = take(a, sizeof *u);
    *u = *from;
    const char **texts[] = { &u->code, &u->name, &u->status, &u->environment, &u->currency, &u->language,
                             &u->time_zone, &u->email, &u->contact_phone, &u->bill_sender_name };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = text_copy(a, *texts[i]);
    return u;
}

/* Organization and utilities of the tenant that was entered, as facts; read anew when their version is another. What
   is handed out is gone with the next request that finds another version, not before. */
static void place_facts(Ctx *c, KeptPlace *k, int64_t version) {
    if (!version || k->version != version) {
        k->version = 0;                                 /* reading may fail half way */
        const Organization *o = organization(c);
        const UtilityList *all = utilities_here(c);
        if (!version || all->n == UTILITIES_LISTED) return;         /* these may not be all */
        Arena *mem = &k->own.mem;
        arena_reset(mem);
        k->own.cache = NULL;
        organization_copy(mem, &k->organization, o);
        k->utilities = (UtilityList){ take_n(mem, const Utility *, all->n + 1), all->n };
        for (size_t i = 0; i < all->n; i++) k->utilities.v[i] = utility_copy(mem, all->v[i]);
        k->version = version;
    }
    fact_keep(c, "place", 0, k);
    fact_keep(c, "organization", 0, &k->organization);
    fact_keep(c, "utilities", 0, &k->utilities);
    for (size_t i = 0; i < k->utilities.n; i++)
        fact_keep(c, "utility", k->utilities.v[i]->id.id, (void *)(uintptr_t)k->utilities.v[i]);
}

typedef struct ToKeep { const void *(*read)(Ctx *, int64_t); int64_t id; const void *value; } ToKeep;

static void read_to_keep(Ctx *c, void *arg) {
    ToKeep *k = arg;
    k->value = k->read(c, k->id);
}

/* Read by a Ctx that stands in the place's memory; what it failed by is the caller's failure. */
static const void *place_fact(Ctx *c, KeptPlace *place, const char *kind, int64_t key, ToKeep *k) {
    Ctx *own = &place->own;
    own->tenant = c->tenant;
    const void *kept = fact_get(own, kind, key);
    if (kept) return kept;
    Arena mem = own->mem;
    void *cache = own->cache;
    *own = *c;
    own->mem = mem, own->cache = cache, own->attempt = NULL;
    ArenaMark start = mark(own);
    bool is_read = attempt(own, read_to_keep, k);
    own->db = NULL;
    if (is_read && !k->value) rewind_to(own, start);        /* nothing is kept, and this is asked again */
    if (is_read) return k->value ? fact_keep(own, kind, key, (void *)(uintptr_t)k->value) : NULL;
    c->failure = own->failure;
    fail_again(c);
}

const void *kept_fact(Ctx *c, const char *kind, int64_t id, const void *(*read)(Ctx *c, int64_t id)) {
    int64_t key = (int64_t)((uint64_t)c->utility.id << 40 ^ (uint64_t)id);
    KeptPlace *place = db_is_writing(c) ? NULL : fact_get(c, "place", 0);
    ToKeep k = { read, id, NULL };
    if (place) return place_fact(c, place, kind, key, &k);
    const void *found = fact_get(c, kind, key);
    if (found) return found;
    read_to_keep(c, &k);
    return k.value ? fact_keep(c, kind, key, (void *)(uintptr_t)k.value) : NULL;
}

static bool is_served(const TenantRow *t) {
    return t && strcmp(t->status, "provisioning") && strcmp(t->status, "failed") && strcmp(t->status, "archived");
}

const TenantRow *place_enter(Ctx *c, const char *slug) { return place_enter_by(c, slug, ask_place, NULL); }

const TenantRow *place_enter_by(Ctx *c, const char *slug, PlaceAsk ask, void *arg) {
    KeptPlace *k = place_kept(slug);
    Asked a = { .slug = slug, .schema = *slug && !strcmp(k->slug, slug) ? k->schema : NULL, .ask = ask, .arg = arg };
    if (a.schema && attempt(c, read_place, &a) && a.is_there && !strcmp(a.found.tenant.schema_name, a.schema)) {
        TenantRow *t = take(c, sizeof *t);
        *t = a.found.tenant;
        if (!is_served(t)) return NULL;
        facts_forget(c);
        c->tenant = t->id;
        c->tenant_slug = t->slug;
        db_use(c, t->schema_name);
        place_facts(c, k, a.found.version);
        utility_enter(c, (Id){ 0 });
        return t;
    }
    if (a.schema && c->failure.status == DOWN) fail_again(c);
    if (a.schema) k->slug[0] = 0;
    const TenantRow *t = tenant_by_slug(c, slug);
    if (!is_served(t)) return NULL;
    tenant_enter(c, t);
    place_remember(slug, t->schema_name);
    return t;
}

const UtilityList *utilities_here(Ctx *c) {
    const UtilityList *kept = fact_get(c, "utilities", 0);
    if (kept) return kept;
    UtilityRows rows = db_all(c, UtilityRow, "select id, code, name, status, environment, currency, time_zone, "
                                             "rounding_mode, cash_rounding_minor, email, contact_phone, "
                                             "bill_sender_name, logo_document_id as logo from utility "
                                             "where deleted_at is null order by name limit 50");
    UtilityList *all = take(c, sizeof *all);
    *all = (UtilityList){ take_n(c, const Utility *, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) all->v[i] = utility_keep(c, organization(c), &rows.v[i]);
    return fact_keep(c, "utilities", 0, all);
}

Id utility_by_code(Ctx *c, const char *code) {
    const UtilityList *all = fact_get(c, "utilities", 0);
    if (!all || all->n == UTILITIES_LISTED)
        return db_id(c, "select id from utility where code = ? and deleted_at is null", code);
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i]->code, code)) return all->v[i]->id;
    return (Id){ 0 };
}

Date utility_today(Ctx *c) {
    const Zone *zone = c->utility.id ? zone_find(utility_here(c)->time_zone) : c->locale ? c->locale->zone : NULL;
    return time_date(zone ? zone : zone_utc(), c->now);
}

#define ZONE_NAME(F, T) F(T, const char *, name)
ROW(ZoneName, ZONE_NAME)
enum { LAST_ON_EARTH = 12 * 3600 };             /* UTC-12: where a day begins last */

Date role_begin(Ctx *c) {
    ZoneNames l = db_all(c, ZoneName, "select time_zone as name from organization_setting where time_zone is not null "
        "union select time_zone from utility where time_zone is not null and exists (select 1 "
        "from organization_setting where time_zone is not null)");
    Date first = DATE_NONE;
    for (size_t i = 0; i < l.n; i++) {
        const Zone *zone = zone_find(l.v[i].name);
        Date there = zone ? time_date(zone, c->now) : DATE_NONE;
        if (zone && (!date_is_set(first) || there.day < first.day)) first = there;
    }
    return date_is_set(first) ? first : time_date(zone_utc(), time_add_seconds(c->now, -LAST_ON_EARTH));
}

/* --- addresses in messages (never built from a Host header) ------------------------------------------------------- */

/* The default tenant, and the platform, stand at the bare address. */
static const char *url_at(Ctx *c, const char *slug, const char *path) {
    const Config *config = installation();
    const char *base = config->public_url, *host = strstr(base, "://") + 3, *tail = host + strcspn(host, ":");
    if (!slug || (config->default_tenant && !strcmp(config->default_tenant, slug))) return text(c, "%s%s", base, path);
    return text(c, "%.*s%s.%s%s%s", (int)(host - base), base, slug, config->base_domain, tail, path);
}

const char *public_url(Ctx *c, const char *path, bool portal) {
    const char *base = installation()->public_url, *at = strstr(base, "://");
    const char *host = at + 3, *tail = host + strcspn(host, ":");
    int scheme = (int)(host - base);
    if (portal && c->utility.id) {
        char *own = db_text(c, "select host from smart360.portal_host where tenant_id=? and utility_code=?", c->tenant,
                            c->utility_code);
        if (own) return text(c, "%.*s%s%s/p/%s%s", scheme, base, own, tail, c->utility_code, path);
    }
    const char *prefix = portal && c->utility.id ? text(c, "/p/%s", c->utility_code) : "";
    return url_at(c, c->tenant.id ? c->tenant_slug : NULL, text(c, "%s%s", prefix, path));
}

const char *public_url_of(Ctx *c, const char *slug, const char *path) { return url_at(c, slug, path); }

/* --- settings ----------------------------------------------------------------------------------------------------- */

#define SETTING(F, T) F(T, const char *, key) F(T, const char *, value)
ROW(Setting, SETTING)

static const char *setting_find(Ctx *c, const char *key) {
    Settings *all = fact_get(c, "settings", c->utility.id);
    if (!all) {
        all = take(c, sizeof *all);
        *all = db_all(c, Setting, "select `key`, value from setting where utility_id=?", c->utility);
        fact_keep(c, "settings", c->utility.id, all);
    }
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].key, key)) return all->v[i].value;
    return NULL;
}

const char *setting_text(Ctx *c, const char *key, const char *otherwise) {
    const char *value = setting_find(c, key);
    return value ? value : otherwise;
}

int64_t setting_int(Ctx *c, const char *key, int64_t otherwise) {
    const char *value = setting_find(c, key);
    if (!value) return otherwise;
    char *end;
    int64_t n = strtoll(value, &end, 10);
    if (end == value || *end) fail(c, BROKEN, "setting %s holds \"%s\", which is no number", key, value);
    return n;
}

#define SETTING_NOW(F, T) F(T, Id, id) F(T, const char *, value) F(T, int64_t, row_version)
ROW(SettingNow, SETTING_NOW)

void setting_set(Ctx *c, const char *key, const char *value) {
    SettingNow *now = db_find(c, SettingNow, "select id, value, row_version from setting "
                                             "where utility_id=? and `key`=? for update", c->utility, key);
    if (now && !strcmp(now->value, value)) return;
    Id id = now
        ? now->id : db_insert(c, "insert into setting (utility_id, `key`, value, created_by, updated_by) "
                                 "values (?,?,?,?,?)", c->utility, key, value, c->user, c->user);
    if (now)
        db_must(c, 1, CONFLICT, "update setting set value=?, version=version+1, updated_at=?, updated_by=?, "
                                "row_version=row_version+1 where id=? and row_version=?",
                value, c->now, c->user, id, now->row_version);
    audit_write(c, &(Audit){ .action = now ? "edit" : "create", .entity = "setting", .id = id, .number = key,
                             .version = now ? now->row_version + 1 : 1,
                             .before = now ? json_pairs(c, key, now->value, NULL) : NULL,
                             .after = json_pairs(c, key, value, NULL) });
    facts_forget(c);
}
