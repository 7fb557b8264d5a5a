/*
 * Utilities of the organization (ONB02US06): the list, making one with its seeds, changing it, how far it is
 * configured, suspension and what ends it. Codes never change; the currency is the organization's.
 */
#include <stdlib.h>
#include <string.h>

#include "app/core/fixture.h"
#include "app/core/rights.h"
#include "app/core/role.h"
#include "app/core/user.h"
#include "app/platform/platform.h"
#include "app/setup/live.h"
#include "app/setup/organization.h"
#include "app/setup/pages.h"
#include "app/setup/start.h"
#include "app/setup/step.h"
#include "app/setup/totals.h"
#include "app/setup/utility_card.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/places.h"
#include "lib/table.h"
#include "lib/utf8.h"

#define SAY(r, key) msg((r)->c.language, "utility." key)

/* None has this id: a role there is one in all of them. */
#define EVERY_UTILITY ((Id){ -1 })

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const char *const states[] = { "draft", "configuring", "ready", "live", "suspended", "closed", NULL };

#define CHOSEN(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Chosen, CHOSEN)

static void option(Req *r, const char *select, size_t n, const Chosen *o, const char *asked) {
    const char *at_ = text(r, "%s.%zu", select, n);
    show_text(r, text(r, "%s.value", at_), o->value);
    show_text(r, text(r, "%s.text", at_), o->label);
    show_flag(r, text(r, "%s.selected", at_), asked && !strcmp(asked, o->value));
}

/* Cards: search, status and service in the address. A tenant has at most 50 utilities, so all that fit stand there. */
void utility_list_page(Req *r) {
    Ctx *c = &r->c;
    CardQuery asked = { query_text(r, "q"), query_text(r, "status"), query_text(r, "service") };
    UtilityCards all = utility_cards(c, &asked);
    CardSteps steps = card_steps(c);
    Totals totals = totals_now(c);
    show_text(r, "page.title", SAY(r, "title"));
    if (perm_may(c, "core.utilities", CREATE) && rights_hold_role_in(rights_here(c), EVERY_UTILITY)) {
        show_text(r, "page.actions.0.text", SAY(r, "add"));
        show_text(r, "page.actions.0.url", link_path(r, "/utilities/new"));
        show_text(r, "page.actions.0.icon", "plus");
        show_text(r, "page.actions.0.kind", "primary");
    }
    show_text(r, "asked.q", asked.q);
    for (size_t i = 0; states[i]; i++)
        option(r, "asked.states", i, &(Chosen){ states[i], state_label(r, states[i]) }, asked.status);
    Chosens services = db_all(c, Chosen, "select code as value, min(name) as label from utility_service "
                                         "where active = 1 group by code order by code limit 40");
    for (size_t i = 0; i < services.n; i++) option(r, "asked.services", i, &services.v[i], asked.service);
    for (size_t i = 0; i < all.n; i++)
        utility_card_show(r, at(r, "utility_cards", i, NULL), &all.v[i], &steps, &totals);
    show_text(r, "count_text", msg_plural(r, c->language, "utility.n", (int64_t)all.n, NULL));
    bool filtered = asked.q || asked.status || asked.service;
    if (!all.n) {
        show_text(r, "empty.icon", "building");
        show_text(r, "empty.title", filtered ? SAY(r, "none_found") : SAY(r, "none"));
        show_text(r, "empty.text", filtered ? SAY(r, "none_found_how") : SAY(r, "none_how"));
    }
    page(r, "setup/utilities");
}

/* The mark of the utility, for everybody who sees its pages; the organization's where it has none. */
void utility_logo(Req *r) {
    Ctx *c = &r->c;
    Id logo = utility_here(c)->logo.id ? utility_here(c)->logo : organization_logo(c);
    if (!logo.id) fail(r, NOT_FOUND, "There is no logo.");
    const Document *d = document_open(c, logo);
    header_set(r, "Cache-Control", "public, max-age=300");
    answer_file(r, d->internal_path, d->mime, d->file_name, false);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

#define COMMON \
    { "name",            "Name",            TEXT(3, 120), .flags = REQUIRED }, \
    { "email",           "E-mail",          TEXT(0, 254), .flags = REQUIRED, .autocomplete = "email" }, \
    { "contact_phone",   "Contact number",  TEXT(0, 30),  .flags = REQUIRED, .hint = "With country code." }, \
    { "country",         "Country",         TEXT(0, 2) }, \
    { "state",           "State",           TEXT(0, 80), .width = "20" }, \
    { "city",            "City",            TEXT(1, 80),  .flags = REQUIRED, .width = "20" }, \
    { "address",         "Address",         TEXT(3, 300), .flags = REQUIRED, .width = "full" }, \
    { "website",         "Website",         TEXT(0, 300) }, \
    { "logo",            "Logo",            FILE_FIELD }, \
    { "primary_service_code", "Main service", TEXT(0, 4), .width = "20" }, \
    { "parent",          "Belongs to",      TEXT(0, 16), .hint = "For services that utilities share." }, \
    { "emergency_phone", "Emergency phone", TEXT(0, 30) }, \
    { "support_hours_text", "Support hours", TEXT(0, 300) }, \
    { "time_zone",       "Time zone",       TEXT(0, 64),  .hint = "Empty: the organization's." }, \
    { "regulator_name",  "Regulator",       TEXT(0, 120) }, \
    { "licence_no",      "Licence number",  TEXT(0, 60) }, \
    { "bill_sender_name", "Sender on bills", TEXT(0, 120) }, \
    { "map_center_lat",  "Map centre, latitude",  TEXT(0, 12), .chars = "0-9.-" }, \
    { "map_center_lng",  "Map centre, longitude", TEXT(0, 12), .chars = "0-9.-" }, \
    { 0 }

static const Field new_fields[] = {
    { "code", "Code", TEXT(2, 16), .flags = REQUIRED, .hint = "Small letters, digits and dashes. It stays as it is.",
      .width = "10" },
    { "start", "Start with", TEXT(0, 30), .hint = "What it brings is shown under Set-up; all of it can be changed." },
    COMMON };
static const Field edit_fields[] = { COMMON };
static const Form new_form  = { .name = "utility", .fields = new_fields };
static const Form edit_form = { .name = "utility", .fields = edit_fields };

#define ROWS(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, email) \
    F(T, const char *, contact_phone) F(T, const char *, city) F(T, const char *, address) F(T, const char *, website) \
    F(T, const char *, emergency_phone) F(T, const char *, support_hours_text) F(T, const char *, time_zone) \
    F(T, const char *, regulator_name) F(T, const char *, licence_no) F(T, const char *, bill_sender_name) \
    F(T, const char *, map_center_lat) F(T, const char *, map_center_lng) F(T, const char *, status) \
    F(T, const char *, environment) F(T, const char *, suspended_reason) F(T, bool, is_live) \
        F(T, int64_t, row_version) \
    F(T, const char *, country) F(T, const char *, state) F(T, const char *, primary_service_code) \
    F(T, const char *, parent) F(T, Id, logo)
ROW(UtilityRow, ROWS)

/* Whether the person may do that with this utility: by a role held there, not by one held elsewhere. */
static bool may_here(Req *r, Id utility, Action action) {
    Ctx *c = &r->c;
    Id here = c->utility;
    const char *language = c->language;
    const struct Locale *locale = c->locale;
    utility_enter(c, utility);
    bool may = perm_may(c, "core.utilities", action);
    utility_enter(c, here);
    c->language = language, c->locale = locale;
    return may;
}

/* The one of the path; a utility in which the person has no role is not there. */
static const UtilityRow *utility_row(Req *r, Action action) {
    UtilityRow *u = db_find(r, UtilityRow, "select id, code, name, email, contact_phone, city, address, website, "
        "emergency_phone, support_hours_text, time_zone, regulator_name, licence_no, bill_sender_name, "
        "cast(map_center_lat as char) as map_center_lat, cast(map_center_lng as char) as map_center_lng, status, "
        "environment, suspended_reason, go_live_at is not null as is_live, row_version, country, state, "
        "primary_service_code, (select p.code from utility p where p.id=utility.parent_utility_id) as parent, "
        "logo_document_id as logo from utility where code=? and deleted_at is null", path_text(r, "code"));
    if (!u || !rights_hold_role_in(rights_here(&r->c), u->id)) fail(r, NOT_FOUND, "There is no such utility.");
    if (!may_here(r, u->id, action)) fail(r, DENIED, "%s", SAY(r, "not_yours"));
    return u;
}

/* Utilities are made by who has a role in all of them. */
static void may_create(Req *r) {
    if (!rights_hold_role_in(rights_here(&r->c), EVERY_UTILITY)) fail(r, DENIED, "%s", SAY(r, "not_yours_to_make"));
}

/* E.164 of what was typed; says so when it is none. */
static const char *phone_sent(Req *r, const Input *in, const char *field) {
    const char *typed = in_text(in, field);
    char *e164 = typed ? phone_e164(&r->c.mem, typed, NULL) : NULL;
    if (typed && !e164) problem(r, field, "%s", SAY(r, "phone"));
    return e164;
}

static bool code_is_good(const char *s) {
    size_t n = strlen(s);
    return n >= 2 && n <= 16 && *s >= 'a' && *s <= 'z' && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* The utility this one belongs to; no circle. */
static Id parent_sent(Req *r, const Input *in, Id id) {
    Ctx *c = &r->c;
    const char *code = in_text(in, "parent");
    Id parent = code ? utility_by_code(c, code) : (Id){ 0 };
    if (code && (!parent.id || !rights_hold_role_in(rights_here(c), parent)))
        problem(r, "parent", "%s", SAY(r, "no_parent"));
    for (Id up = parent; up.id && id.id; up = db_id(c, "select parent_utility_id from utility where id=?", up))
        if (up.id == id.id) {
            problem(r, "parent", "%s", SAY(r, "circle"));
            break;
        }
    return parent;
}

static const char *service_sent(Req *r, const Input *in, Id id) {
    const char *code = in_text(in, "primary_service_code");
    if (code && !db_int(r, "select exists (select 1 from utility_service where utility_id=? and code=?)", id, code))
        problem(r, "primary_service_code", "%s", SAY(r, "no_service"));
    return code;
}

/* "https://sfwater.org/pay": a scheme and a host with a dot. */
static bool is_web_address(const char *s) {
    size_t scheme = !strncmp(s, "https://", 8) ? 8 : !strncmp(s, "http://", 7) ? 7 : 0;
    size_t host = strcspn(s + scheme, "/?#:");
    const char *dot = memchr(s + scheme, '.', host);
    return scheme && dot && dot > s + scheme && dot + 1 < s + scheme + host && !strpbrk(s, " \t\"<>");
}

/* "45.5155" between -most and most, at most six decimals. */
static bool is_degrees(const char *s, int most) {
    const char *digits = s + (*s == '-'), *dot = strchr(digits, '.');
    size_t whole = strspn(digits, "0123456789"), part = dot ? strspn(dot + 1, "0123456789") : 0;
    bool ends = dot ? digits + whole == dot && part >= 1 && part <= 6 && !dot[1 + part] : !digits[whole];
    bool is_number = whole >= 1 && whole <= 3 && ends;
    double value = is_number ? strtod(digits, NULL) : most + 1.0;
    return value <= most;
}

static void check_place(Req *r, const Input *in) {
    const char *lat = in_text(in, "map_center_lat"), *lng = in_text(in, "map_center_lng");
    if (lat && !is_degrees(lat, 90)) problem(r, "map_center_lat", "%s", SAY(r, "latitude"));
    if (lng && !is_degrees(lng, 180)) problem(r, "map_center_lng", "%s", SAY(r, "longitude"));
    if (!lat != !lng && !r->problems)
        problem(r, lat ? "map_center_lng" : "map_center_lat", "%s", SAY(r, "both_degrees"));
}

static void check(Req *r, const Input *in, Id id) {
    const char *name = in_text(in, "name"), *website = in_text(in, "website"), *zone = in_text(in, "time_zone");
    if (in_text(in, "email") && !email_is_valid(in_text(in, "email"))) problem(r, "email", "%s", SAY(r, "email_wrong"));
    if (name && db_int(r, "select count(*) from utility where name=? and id<>?", name, id.id))
        problem(r, "name", "%s", SAY(r, "name_taken"));
    if (website && !is_web_address(website))
        problem(r, "website", "%s", SAY(r, "website_wrong"));
    check_place(r, in);
    if (zone && !zone_find(zone)) problem(r, "time_zone", "%s", msg_format(r, r->c.language, "area.no_zone",
                                                                            { "zone", zone }));
}

static void form_head(Req *r, const char *title, const char *back) {
    show_text(r, "page.title", title);
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/utilities"));
    show_text(r, "page.crumbs.1.text", title);
    show_text(r, "form.submit", SAY(r, "save"));
    show_text(r, "form.cancel_url", back);
}

static void zone_option(void *arg, const char *iana) { form_option(arg, "time_zone", iana, iana); }

/* What is chosen from: country and state, known cities, zones, services, other utilities. */
static void options(Req *r, FormView *v, const UtilityRow *u) {
    Ctx *c = &r->c;
    const char *typed = form_again(v) ? field_text(r, "country") : NULL;
    const char *country = typed ? typed : u ? u->country : db_text(c, "select country from organization_setting");
    country_options(r, v);
    state_options(r, v, country);
    form_text(v, "country", country);
    form_text(v, "state", state_name(u ? u->state : db_text(c, "select state from organization_setting")));
    form_set(v, "country", "optional", "");
    form_set(v, "city", "kind", "lookup");
    Chosens cities = db_all(c, Chosen, "select city as value, '' as label from utility union select city, '' "
                                       "from organization_setting where city is not null order by 1 limit 100");
    for (size_t i = 0; i < cities.n; i++) form_option(v, "city", cities.v[i].value, NULL);
    form_set(v, "time_zone", "kind", "select");
    form_set(v, "time_zone", "blank", SAY(r, "zone_of_organization"));
    zones_each(&c->mem, zone_option, v);
    form_set(v, "primary_service_code", "kind", "select");
    form_set(v, "primary_service_code", "blank", SAY(r, "no_main_service"));
    Chosens services = db_all(c, Chosen, "select code as value, name as label from utility_service where utility_id=? "
                                         "order by sort, name limit 40", u ? u->id : (Id){ 0 });
    for (size_t i = 0; i < services.n; i++)
        form_option(v, "primary_service_code", services.v[i].value, services.v[i].label);
    form_set(v, "parent", "kind", "select");
    form_set(v, "parent", "blank", SAY(r, "no_other"));
    const UtilityList *all = utilities_here(c);
    for (size_t i = 0; i < all->n; i++)
        if ((!u || all->v[i]->id.id != u->id.id) && strcmp(all->v[i]->status, "closed")
            && rights_hold_role_in(rights_here(c), all->v[i]->id))
            form_option(v, "parent", all->v[i]->code, all->v[i]->name);
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.logo.accept", "image/png,image/svg+xml");
    form_set(v, "logo", "hint", SAY(r, "logo_how"));
    if (!u || !u->logo.id) return;
    show_text(r, "form.fields.logo.current.text", SAY(r, "logo_now"));
    show_text(r, "form.fields.logo.current.url", text(r, "/u/%s/logo", u->code));
}

/* "The plan Growth has 3 utilities. ...": why one more cannot be made; NULL: it can. */
static const char *limit_refusal(Req *r) {
    Ctx *c = &r->c;
    Usages all = subscription_usage(c);
    for (size_t i = 0; i < all.n; i++) {
        const Usage *u = &all.v[i];
        if (strcmp(u->metric, "utilities") || u->limit < 0 || u->used < u->limit) continue;
        return msg_plural(r, c->language, "utility.limit", u->limit, NULL, { "plan", db_text(c, "select p.name "
            "from smart360.subscription s join smart360.subscription_plan p on p.id=s.plan_id where s.tenant_id=? "
            "and s.live=1", c->tenant) });
    }
    return NULL;
}

/* What the plan allows is said before the form is filled, with the way to another plan. */
static void show_limit(Req *r) {
    const char *why = limit_refusal(r);
    if (!why) return;
    show_text(r, "page.notices.0.tone", "warn");
    show_text(r, "page.notices.0.text", why);
    show_text(r, "page.notices.0.action.text", SAY(r, "to_subscription"));
    show_text(r, "page.notices.0.action.url", "/org/subscription");
}

void utility_new_page(Req *r) {
    may_create(r);
    FormView *v = form_show(r, "form", &new_form, "/utilities");
    options(r, v, NULL);
    start_options(r, v, "start", (Id){ 0 });
    show_limit(r);
    form_head(r, SAY(r, "add"), link_path(r, "/utilities"));
    page(r, "layout/form");
}

static void seed(Ctx *c, Id id) {
    db_run(c, "set @utility_id = ?, @today = ?, @user_id = ?, @tenant_id = ?", id, time_date(zone_utc(), c->now),
           c->user, c->tenant);
    seeds_run(c, "seed/utility");
    db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
}

/* Steps of a new utility: its own is done, the next ones open. */
static void steps_begin(Ctx *c, Id id, const char *with) {
    utility_enter(c, id);
    setup_step_touch(c, "utility");
    start_apply(c, with);
    utility_enter(c, (Id){ 0 });
}

void utility_create_post(Req *r) {
    Ctx *c = &r->c;
    may_create(r);
    Input *in = form_read(r, &new_form);
    const char *code = in_text(in, "code");
    if (code && !code_is_good(code)) problem(r, "code", "%s", SAY(r, "code_chars"));
    else if (code && db_int(r, "select count(*) from utility where code=?", code))
        problem(r, "code", "%s", SAY(r, "code_taken"));
    const char *phone = phone_sent(r, in, "contact_phone"), *emergency = phone_sent(r, in, "emergency_phone");
    check(r, in, (Id){ 0 });
    Whereabouts w = country_check(r, in, false);
    Id parent = parent_sent(r, in, (Id){ 0 });
    const char *limit = limit_refusal(r);
    if (limit) problem(r, NULL, "%s", limit);
    problems_end(r);
    Id id = db_insert(c,
        "insert into utility (code, name, email, contact_phone, city, address, website, country, state, time_zone, "
        "currency, status, environment, regulator_name, licence_no, support_hours_text, emergency_phone, "
        "map_center_lat, map_center_lng, bill_sender_name, created_at, created_by, updated_at, updated_by) "
        "select ?,?,?,?,?,?,?, coalesce(?, o.country), if(? is null, o.state, ?), ?, coalesce(o.currency, 'USD'), "
        "'configuring', 'sandbox', ?,?,?,?,?,?,?,?,?,?,? from organization_setting o",
        code, in_text(in, "name"), in_text(in, "email"), phone, in_text(in, "city"), in_text(in, "address"),
        in_text(in, "website"), w.country, w.country, w.state, in_text(in, "time_zone"), in_text(in, "regulator_name"),
        in_text(in, "licence_no"), in_text(in, "support_hours_text"), emergency, in_text(in, "map_center_lat"),
        in_text(in, "map_center_lng"), in_text(in, "bill_sender_name"), c->now, c->user, c->now, c->user);
    db_run(c, "update utility set parent_utility_id=?, logo_document_id=? where id=?", parent,
           logo_taken(r, "logo", (Id){ 0 }, "utility", id), id);
    audit_write(c, &(Audit){ .action = "create", .entity = "utility", .id = id, .number = code, .version = 1,
                             .after = json_pairs(c, "code", code, "name", in_text(in, "name"), NULL) });
    seed(c, id);
    facts_forget(c);
    steps_begin(c, id, in_text(in, "start"));
    event_emit(c, &(Event){ .name = "utility.created", .entity = "utility", .id = id, .number = code });
    note(r, "%s", msg_format(r, c->language, "utility.created", { "name", in_text(in, "name") }));
    go(r, "/utilities/%s/progress", code);
}

void utility_edit_page(Req *r) {
    const UtilityRow *u = utility_row(r, EDIT);
    FormView *v = form_show(r, "form", &edit_form, text(r, "/utilities/%s", u->code));
    options(r, v, u);
    const struct { const char *name, *value; } values[] = { { "name", u->name }, { "email", u->email },
        { "contact_phone", u->contact_phone }, { "city", u->city }, { "address", u->address },
        { "website", u->website },
        { "emergency_phone", u->emergency_phone }, { "support_hours_text", u->support_hours_text },
        { "time_zone", u->time_zone }, { "regulator_name", u->regulator_name }, { "licence_no", u->licence_no },
        { "bill_sender_name", u->bill_sender_name }, { "map_center_lat", u->map_center_lat },
        { "map_center_lng", u->map_center_lng }, { "primary_service_code", u->primary_service_code },
        { "parent", u->parent } };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) form_text(v, values[i].name, values[i].value);
    form_version(v, u->row_version);
    form_head(r, u->name, link_path(r, "/utilities/%s/progress", u->code));
    page(r, "layout/form");
}

static const char *utility_json(Ctx *c, const UtilityRow *u) {
    return json_pairs(c, "name", u->name, "email", u->email, "contact_phone", u->contact_phone, "country", u->country,
        "state", u->state, "city", u->city, "address", u->address, "website", u->website, "logo", u->logo.id ? text(c,
        "%lld", (long long)u->logo.id) : NULL, "primary_service_code", u->primary_service_code, "parent", u->parent,
        "time_zone", u->time_zone, "regulator_name", u->regulator_name, "licence_no", u->licence_no,
        "support_hours_text", u->support_hours_text, "emergency_phone", u->emergency_phone, "map_center_lat",
        u->map_center_lat, "map_center_lng", u->map_center_lng, "bill_sender_name", u->bill_sender_name, NULL);
}

void utility_save_post(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = utility_row(r, EDIT);
    Input *in = form_read(r, &edit_form);
    const char *phone = phone_sent(r, in, "contact_phone"), *emergency = phone_sent(r, in, "emergency_phone");
    check(r, in, u->id);
    Whereabouts w = country_check(r, in, false);
    Id parent = parent_sent(r, in, u->id);
    const char *service = service_sent(r, in, u->id);
    problems_end(r);
    Id logo = logo_taken(r, "logo", u->logo, "utility", u->id);
    db_must(c, 1, CONFLICT, "update utility set name=?, email=?, contact_phone=?, country=?, state=?, city=?, "
        "address=?, website=?, logo_document_id=?, primary_service_code=?, parent_utility_id=?, time_zone=?, "
        "regulator_name=?, licence_no=?, support_hours_text=?, emergency_phone=?, map_center_lat=?, "
        "map_center_lng=?, bill_sender_name=?, updated_at=?, updated_by=?, row_version=row_version+1 where id=? "
        "and row_version=?", in_text(in, "name"), in_text(in, "email"), phone, w.country ? w.country : u->country,
            w.country ? w.state : u->state, in_text(in, "city"), in_text(in, "address"), in_text(in, "website"), logo,
        service, parent, in_text(in, "time_zone"), in_text(in, "regulator_name"),
        in_text(in, "licence_no"), in_text(in, "support_hours_text"), emergency, in_text(in, "map_center_lat"),
        in_text(in, "map_center_lng"), in_text(in, "bill_sender_name"), c->now, c->user, u->id, in->row_version);
    UtilityRow n = *u;
    n.name = in_text(in, "name"), n.email = in_text(in, "email"), n.contact_phone = phone;
    n.country = w.country ? w.country : u->country, n.state = w.country ? w.state : u->state;
    n.city = in_text(in, "city"), n.address = in_text(in, "address"), n.website = in_text(in, "website");
    n.logo = logo, n.primary_service_code = service, n.parent = in_text(in, "parent");
    n.time_zone = in_text(in, "time_zone"), n.regulator_name = in_text(in, "regulator_name");
    n.licence_no = in_text(in, "licence_no"), n.support_hours_text = in_text(in, "support_hours_text");
    n.emergency_phone = emergency, n.map_center_lat = in_text(in, "map_center_lat");
    n.map_center_lng = in_text(in, "map_center_lng"), n.bill_sender_name = in_text(in, "bill_sender_name");
    audit_write(c, &(Audit){ .action = "edit", .entity = "utility", .id = u->id, .number = u->code,
                             .version = in->row_version + 1, .before = utility_json(c, u),
                             .after = utility_json(c, &n) });
    note(r, "%s", SAY(r, "saved"));
    go(r, "/utilities/%s/progress", u->code);
}

/* --- how far it is ------------------------------------------------------------------------------------------------ */

typedef struct Missing { Req *r; const char *at; int n; } Missing;

static void show_missing(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Missing *m = arg;
    show_text(m->r, text(m->r, "%s.text.%d", m->at, m->n++), row->optional ? msg_format(m->r, m->r->c.language,
        "setup.optional_check", { "what", k->text }) : k->text);
}

/* Weighted steps as cards: state, per cent, what is missing, what they wait for. Shared with the dashboard. */
void setup_steps_show(Req *r, const char *sections, const char *base) {
    Ctx *c = &r->c;
    StepNows all = steps_now(c);
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++) {
        const StepNow *s = &all.v[i];
        if (s->def->phase != PHASE_UTILITY || !s->def->weight) continue;
        const char *at_ = at(r, sections, n++, NULL);
        show_text(r, text(r, "%s.title", at_), text(r, "%zu. %s", n, msg(c->language, text(r, "setup.step.%s",
                                                                                           s->def->key))));
        show_text(r, text(r, "%s.sub", at_), msg_format(r, c->language, "setup.percent", { "n", text(r, "%d",
            s->percent) }, { "state", state_label(r, s->state) }, { "mark", msg(c->language, s->def->is_optional
            ? "setup.mark.optional" : "setup.mark.required") }));
        show_text(r, text(r, "%s.span", at_), "third");
        Missing m = { r, at_, 0 };
        step_missing(c, s->def->key, show_missing, &m);
        const char *wait = NULL, *go_to_ = s->def->path;
        for (const char *k = s->def->needs; *k; k += strspn(k, " ")) {
            size_t len = strcspn(k, " ");
            const char *key = text_copy_n(r, k, len);
            bool waits = !step_is_done(step_now(&all, key));
            if (waits && !wait && step_def(key)->path) go_to_ = step_def(key)->path;
            if (waits)
                wait = text(r, "%s%s%s", wait ? wait : "", wait ? ", " : "",
                            msg(c->language, text(r, "setup.step.%s", key)));
            k += len;
        }
        if (wait) show_text(r, text(r, "%s.text.%d", at_, m.n++), msg_format(r, c->language, "setup.needs",
                                                                             { "steps", wait }));
        if (!m.n) show_text(r, text(r, "%s.text.0", at_), msg(c->language, "setup.nothing_missing"));
        show_text(r, text(r, "%s.link.text", at_), msg(c->language, "setup.configure"));
        show_text(r, text(r, "%s.link.url", at_), text(r, "%s%s", base, go_to_));
    }
}

static void button(Req *r, size_t *n, const char *text_, const char *url, bool primary) {
    show_text(r, at(r, "page.actions", *n, "text"), text_);
    show_text(r, at(r, "page.actions", *n, "url"), url);
    show_text(r, at(r, "page.actions", (*n)++, "kind"), primary ? "primary" : NULL);
}

/* --- its administrators ------------------------------------------------------------------------------------------- */

static const Form admin_form = { .name = "utility_admin", .fields = FIELDS {
    { "user", "Person", TEXT(0, 30), .flags = REQUIRED }, { 0 } } };

#define HELD_BY(F, T) F(T, const char *, public_id) F(T, const char *, name) F(T, const char *, email) \
    F(T, const char *, status)
ROW(HeldBy, HELD_BY)

static void show_administrators(Req *r, const UtilityRow *u, const char *list, const char *form) {
    Ctx *c = &r->c;
    bool may = may_here(r, u->id, EDIT) && strcmp(u->status, "closed");
    HeldBys all = db_all(c, HeldBy, "select p.public_id, p.full_name as name, p.email, p.status from user p "
        "join user_role ur on ur.user_id=p.id join role ro on ro.id=ur.role_id and ro.code='utility_admin' "
        "where ur.utility_id=? group by p.id order by p.full_name limit 100", u->id);
    show_text(r, text(r, "%s.title", list), SAY(r, "admins"));
    show_text(r, text(r, "%s.span", list), may ? "two" : NULL);
    TableView *t = table_start(r, text(r, "%s.table", list), SAY(r, "admins"));
    table_column(t, SAY(r, "person"), "text", "id");
    table_column(t, msg(c->language, "field.status"), "status", "status");
    if (may) table_column(t, msg(c->language, "user.change"), "act", NULL);
    for (size_t i = 0; i < all.n; i++) {
        table_row(t, NULL);
        table_cell(t, all.v[i].name);
        table_sub(t, all.v[i].email);
        table_state(t, all.v[i].status);
        if (!may) continue;
        table_cell(t, "");
        const char *act = text(r, "%s.table.rows.%zu.cells.2.act", list, i);
        show_text(r, text(r, "%s.text", act), msg(c->language, "user.remove"));
        show_text(r, text(r, "%s.url", act), link_path(r, "/utilities/%s/administrators/removal", u->code));
        show_text(r, text(r, "%s.post", act), "1");
        show_text(r, text(r, "%s.kind", act), "quiet");
        show_text(r, text(r, "%s.name", act), "user");
        show_text(r, text(r, "%s.value", act), all.v[i].public_id);
    }
    table_empty(t, SAY(r, "no_admins"), NULL);
    if (!may) return;
    show_text(r, text(r, "%s.title", form), SAY(r, "assign"));
    show_text(r, text(r, "%s.span", form), "third");
    FormView *v = form_show(r, text(r, "%s.form", form), &admin_form, text(r, "/utilities/%s/administrators", u->code));
    form_set(v, "user", "kind", "select");
    form_set(v, "user", "blank", msg(c->language, "ui.choose"));
    show_text(r, text(r, "%s.form.submit", form), SAY(r, "assign"));
    HeldBys others = db_all(c, HeldBy, "select p.public_id, p.full_name as name, p.email, p.status from user p "
        "where p.status='active' and not exists (select 1 from user_role ur join role ro on ro.id=ur.role_id "
        "and ro.code='utility_admin' where ur.user_id=p.id and ur.utility_id=?) order by p.full_name limit 500", u->id);
    for (size_t i = 0; i < others.n; i++)
        form_option(v, "user", others.v[i].public_id, text(r, "%s (%s)", others.v[i].name, others.v[i].email));
}

static Id admin_sent(Req *r, const char *public_id) {
    Id user = public_id ? db_id(r, "select id from user where public_id=? and status='active'", public_id)
        : (Id){ 0 };
    return user;
}

static Id admin_role(Req *r, const UtilityRow *u) {
    Id role = db_id(r, "select id from role where code='utility_admin' and utility_id=?", u->id);
    if (!role.id) fail(r, CONFLICT, "%s", SAY(r, "no_admin_role"));
    return role;
}

void utility_admin_post(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = utility_row(r, EDIT);
    Input *in = form_read(r, &admin_form);
    Id user = admin_sent(r, in_text(in, "user")), role = admin_role(r, u);
    if (in_text(in, "user") && !user.id) problem(r, "user", "%s", SAY(r, "no_person"));
    problems_end(r);
    grant_check(c, (RightSet){ 0 }, role_rights(c, role));
    db_add(c, "insert into user_role (user_id, role_id, utility_id, valid_from, created_at, created_by) "
              "values (?,?,?,?,?,?)", user, role, u->id, role_begin(c), c->now, c->user);
    user_changed(r, user, &(UserChange){ .action = "role_given",
                                         .after = json_pairs(c, "role", "utility_admin", "utility", u->code, NULL) });
    note(r, "%s", SAY(r, "assigned"));
    go(r, "/utilities/%s/progress", u->code);
}

void utility_admin_remove(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = utility_row(r, EDIT);
    const char *sent = field_text(r, "user");
    Id user = sent ? db_id(r, "select id from user where public_id=?", sent) : (Id){ 0 };
    db_must(c, 1, NOT_FOUND, "delete from user_role where user_id=? and role_id=? and utility_id=?", user,
            admin_role(r, u), u->id);
    user_changed(r, user, &(UserChange){ .action = "role_taken",
                                         .before = json_pairs(c, "role", "utility_admin", "utility", u->code, NULL) });
    note(r, "%s", SAY(r, "unassigned"));
    go(r, "/utilities/%s/progress", u->code);
}

/* Went live, or was stopped: its records are kept. */
static bool has_run(const UtilityRow *u) { return !strcmp(u->status, "live") || !strcmp(u->status, "suspended"); }

/* What States allow to be suspended: one that works. */
static bool may_be_suspended(const UtilityRow *u) { return !strcmp(u->status, "live") || !strcmp(u->status, "ready"); }

void utility_progress_page(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = utility_row(r, VIEW);
    size_t n = 0;
    form_head(r, u->name, NULL);
    show_text(r, "show.status.text", state_label(r, u->status));
    show_text(r, "show.status.tone", state_tone(r, u->status));
    button(r, &n, SAY(r, "open"), text(r, "/u/%s/", u->code), true);
    if (may_here(r, u->id, EDIT)) {
        button(r, &n, SAY(r, "edit"), link_path(r, "/utilities/%s/edit", u->code), false);
        if (!strcmp(u->status, "suspended"))
            button(r, &n, SAY(r, "reactivate"), link_path(r, "/utilities/%s/reactivation", u->code), false);
        else if (may_be_suspended(u))
            button(r, &n, SAY(r, "suspend"), link_path(r, "/utilities/%s/suspension", u->code), false);
    }
    if (may_here(r, u->id, DELETE) && strcmp(u->status, "closed")) {
        if (has_run(u)) button(r, &n, SAY(r, "close"), link_path(r, "/utilities/%s/closing", u->code), false);
        else button(r, &n, SAY(r, "delete"), link_path(r, "/utilities/%s/deletion", u->code), false);
    }
    if (u->suspended_reason && !strcmp(u->status, "suspended")) {
        show_text(r, "show.notices.0.tone", "warn");
        show_text(r, "show.notices.0.text", msg_format(r, c->language, "utility.suspended_why",
                                                       { "reason", u->suspended_reason }));
    }
    Id here = c->utility;
    utility_enter(c, u->id);
    StepNows all = steps_now(c);
    show_fact(r, "show.facts", SAY(r, "configured"), text(r, "%d\xC2\xA0%%", steps_percent(&all)), NULL);
    show_fact(r, "show.facts", SAY(r, "environment"), state_label(r, u->environment), NULL);
    show_fact(r, "show.facts", SAY(r, "city"), u->city, u->address);
    show_fact(r, "show.facts", SAY(r, "contact"), u->email, u->contact_phone);
    if (u->parent) show_fact(r, "show.facts", SAY(r, "parent"), u->parent, NULL);
    setup_steps_show(r, "show.sections", text(r, "/u/%s", u->code));
    show_administrators(r, u, "show.sections.30", "show.sections.31");
    utility_enter(c, here);
    page(r, "layout/show");
}

/* --- suspension and the end --------------------------------------------------------------------------------------- */

static const Form reason_form = { .name = "utility_reason", .fields = FIELDS {
    { "reason", "Reason", LONG_TEXT(3, 500), .flags = REQUIRED }, { 0 } } };

static void ask(Req *r, Action action, const char *what, const char *title, const char *how, bool danger) {
    const UtilityRow *u = utility_row(r, action);
    form_show(r, "confirm", &reason_form, text(r, "/utilities/%s/%s", u->code, what));
    form_head(r, text(r, "%s %s", title, u->name), NULL);
    show_text(r, "confirm.text.0", how);
    show_fact(r, "confirm.facts", SAY(r, "utility"), u->name, u->code);
    show_text(r, "confirm.submit", text(r, "%s %s", title, u->name));
    if (!danger) show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.back_url", link_path(r, "/utilities/%s/progress", u->code));
    page(r, "layout/confirm");
}

static const UtilityRow *row_to_suspend(Req *r) {
    const UtilityRow *u = utility_row(r, EDIT);
    if (!may_be_suspended(u)) fail(r, CONFLICT, "%s", SAY(r, "not_running"));
    return u;
}

void utility_suspend_page(Req *r) {
    row_to_suspend(r);
    ask(r, EDIT, "suspension", SAY(r, "suspend"), SAY(r, "suspend_how"), true);
}

static const UtilityRow *row_to_reactivate(Req *r) {
    const UtilityRow *u = utility_row(r, EDIT);
    if (strcmp(u->status, "suspended")) fail(r, CONFLICT, "%s", SAY(r, "not_suspended"));
    if (live_is_under_way(&r->c, u->id)) fail(r, CONFLICT, "%s", msg(r->c.language, "setup.live.under_way"));
    return u;
}

void utility_reactivate_page(Req *r) {
    row_to_reactivate(r);
    ask(r, EDIT, "reactivation", SAY(r, "reactivate"), SAY(r, "reactivate_how"), false);
}


static void status_set(Req *r, const UtilityRow *u, const char *to, const char *reason, const char *event) {
    Ctx *c = &r->c;
    db_must(c, 1, CONFLICT, "update utility set status=?, suspended_reason=?, updated_at=?, updated_by=?, "
        "row_version=row_version+1 where id=? and row_version=?", to, !strcmp(to, "suspended") ? reason : NULL, c->now,
            c->user, u->id, u->row_version);
    audit_write(c, &(Audit){ .action = event, .entity = "utility", .id = u->id, .number = u->code,
        .version = u->row_version + 1, .before = json_pairs(c, "status", u->status, NULL),
        .after = json_pairs(c, "status", to, NULL), .reason = reason });
    if (!strcmp(to, "suspended"))
        event_emit(c, &(Event){ .name = "utility.suspended", .entity = "utility", .id = u->id, .number = u->code });
    note(r, "%s", msg_format(r, c->language, text(r, "utility.done_%s", event), { "name", u->name }));
    go(r, "/utilities/%s/progress", u->code);
}

static const char *reason_sent(Req *r) {
    Input *in = form_read(r, &reason_form);
    problems_end(r);
    return in_text(in, "reason");
}

void utility_suspend_post(Req *r) {
    const UtilityRow *u = row_to_suspend(r);
    status_set(r, u, "suspended", reason_sent(r), "suspend");
}

void utility_reactivate_post(Req *r) {
    const UtilityRow *u = row_to_reactivate(r);
    status_set(r, u, u->is_live ? "live" : "ready", reason_sent(r), "reactivate");
}

typedef struct { const char *what; int64_t n; } HeldRows;

/* It stays: suspended, where that can be done; `otherwise` says what else. */
static _Noreturn void refuse_held(Req *r, const UtilityRow *u, HeldRows held, const char *otherwise) {
    const char *then = may_be_suspended(u) ? SAY(r, "suspend_instead") : otherwise;
    fail(r, CONFLICT, "%s%s%s", msg_plural(r, r->c.language, held.what, held.n,
         locale_count(&r->c.mem, r->c.locale, held.n)), *then ? " " : "", then);
}

/* What is closed ran once, and nobody owes or is owed: accounts that went to another holder have neither. Who may not
   is told so before a reason is asked for. */
static const UtilityRow *row_to_close(Req *r) {
    const UtilityRow *u = utility_row(r, DELETE);
    if (!strcmp(u->status, "closed")) fail(r, CONFLICT, "%s", SAY(r, "is_closed"));
    if (!has_run(u)) fail(r, CONFLICT, "%s", SAY(r, "never_ran"));
    int64_t accounts = db_int(r, "select count(*) from account where utility_id=? and (closed_on is null "
                                 "or balance_minor<>0)", u->id);
    if (accounts) refuse_held(r, u, (HeldRows){ "utility.has_accounts", accounts }, "");
    return u;
}

void utility_close_page(Req *r) {
    row_to_close(r);
    ask(r, DELETE, "closing", SAY(r, "close"), SAY(r, "close_how"), true);
}

void utility_close_post(Req *r) {
    const UtilityRow *u = row_to_close(r);
    status_set(r, u, "closed", reason_sent(r), "close");
}

#define HELD(table) db_int(c, "select count(*) from " table " where utility_id=?", id)

/* Business rows it holds, by the message that counts them; the first kind there is, else n 0. */
static HeldRows held_rows(Ctx *c, Id id) {
    HeldRows h = { "utility.has_areas", HELD("service_area") };
    if (!h.n) h = (HeldRows){ "utility.has_premises",  HELD("premise") };
    if (!h.n) h = (HeldRows){ "utility.has_consumers", HELD("consumer") };
    if (!h.n) h = (HeldRows){ "utility.has_meters",    HELD("meter") };
    if (!h.n) h = (HeldRows){ "utility.has_bills",     HELD("bill") };
    if (!h.n) h = (HeldRows){ "utility.has_payments",  HELD("payment") };
    if (!h.n) h = (HeldRows){ "utility.has_entries",   HELD("ledger_entry") };
    return h;
}

/* One that never ran and holds no business rows. */
static const UtilityRow *row_to_delete(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = utility_row(r, DELETE);
    if (has_run(u) || !strcmp(u->status, "closed")) fail(r, CONFLICT, "%s", SAY(r, "has_run"));
    if (live_is_under_way(c, u->id)) fail(r, CONFLICT, "%s", msg(c->language, "setup.live.under_way"));
    HeldRows held = held_rows(c, u->id);
    if (held.n) refuse_held(r, u, held, SAY(r, "only_empty"));
    if (db_int(c, "select exists (select 1 from utility where parent_utility_id=? and deleted_at is null)", u->id))
        fail(r, CONFLICT, "%s", SAY(r, "has_children"));
    return u;
}

void utility_delete_page(Req *r) {
    row_to_delete(r);
    ask(r, DELETE, "deletion", SAY(r, "delete"), SAY(r, "delete_how"), true);
}

/* It is shown nowhere any more, its code and its name are free, and nobody has a role in it. Its seeds and its audit
   stay where they are. */
void utility_delete_post(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = row_to_delete(r);
    const char *reason = reason_sent(r);
    db_must(c, 1, CONFLICT, "update utility set status='closed', deleted_at=?, code=concat('deleted-', id), "
        "name=concat(left(name, 90), ' (deleted ', id, ')'), updated_at=?, updated_by=?, row_version=row_version+1 "
        "where id=? and row_version=?", c->now, c->now, c->user, u->id, u->row_version);
    db_run(c, "delete from user_role where utility_id=?", u->id);
    db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
    audit_write(c, &(Audit){ .action = "delete", .entity = "utility", .id = u->id, .number = u->code,
        .version = u->row_version + 1, .before = json_pairs(c, "code", u->code, "name", u->name, "status", u->status,
                                                            NULL), .reason = reason });
    facts_forget(c);
    note(r, "%s", msg_format(r, c->language, "utility.done_delete", { "name", u->name }));
    go_to(r, link_path(r, "/utilities"));
}
