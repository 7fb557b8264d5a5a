/*
 * Utilities of the organization (ONB02US06): the list, making one with its seeds, changing it, how far it is
 * configured, suspension and what ends it. Codes never change; the currency is the organization's.
 */
#include <string.h>

#include "app/core/fixture.h"
#include "app/setup/live.h"
#include "app/setup/pages.h"
#include "app/setup/step.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

#define SAY(r, key) msg((r)->c.language, "utility." key)

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const Choice states[] = { { "draft", NULL }, { "configuring", NULL }, { "ready", NULL }, { "live", NULL },
                                 { "suspended", NULL }, { "closed", NULL }, { 0 } };
static const ListAction actions[] = { { "Add utility", "/utilities/new", "plus", "core.utilities", CREATE, true },
                                      { 0 } };

static const ListSpec utilities = {
    .name = "utilities", .one = "utility", .many = "utilities", .path = "/utilities", .from = "utility u",
    .id = "u.id",
    .columns = COLUMNS {
        { "name",        "Utility",     "u.name", LIST | SEARCH | SORT, .link = "/utilities/{code}/progress",
          .sub = "code", .place = "id" },
        { "code",        NULL,          "u.code", SEARCH },
        { "services",    "Services",    "(select group_concat(s.name order by s.sort separator ', ') "
                                        "from utility_service s where s.utility_id = u.id and s.active = 1)", LIST },
        { "city",        "City",        "u.city", LIST | SEARCH, .place = "name" },
        { "consumers",   "Consumers",   "(select count(*) from consumer c where c.utility_id = u.id "
                                        "and c.status = 'active')", LIST },
        { "percent",     "Configured",  "concat(coalesce((select floor(sum(t.percent * case t.step_key "
                                        "when 'core_settings' then 25 when 'staff_access' then 15 when 'calendar' "
                                        "then 10 when 'service_areas' then 20 when 'pricing_billing' then 20 "
                                        "when 'id_formats' then 10 else 0 end) / 100) from setup_step t "
                                        "where t.utility_id = u.id), 0), ' %')", LIST },
        { "environment", "Environment", "u.environment", LIST },
        { "status",      "Status",      "u.status", LIST | FILTER, .choices = states, .place = "status" },
        { "service",     NULL,          "(select min(s.code) from utility_service s where s.utility_id = u.id "
                                        "and s.active = 1 and s.code = u.primary_service_code)", 0 },
        { 0 } },
    .order = "name", .feature = "core.utilities", .actions = actions, .search_label = "Name, code or city",
    .empty_title = "No utility yet", .empty_text = "Add the first one; its seeds come with it.",
};

void utility_list_page(Req *r) {
    show_text(r, "page.title", SAY(r, "title"));
    list_show(r, &utilities);
    if (!r->status) page(r, "layout/list");
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

#define COMMON \
    { "name",            "Name",            TEXT(3, 120), .flags = REQUIRED }, \
    { "email",           "E-mail",          TEXT(0, 254), .flags = REQUIRED, .autocomplete = "email" }, \
    { "contact_phone",   "Contact number",  TEXT(0, 30),  .flags = REQUIRED, .hint = "With country code." }, \
    { "city",            "City",            TEXT(1, 80),  .flags = REQUIRED }, \
    { "address",         "Address",         TEXT(3, 300), .flags = REQUIRED, .width = "full" }, \
    { "website",         "Website",         TEXT(0, 300) }, \
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
    COMMON };
static const Field edit_fields[] = { COMMON };
static const Form new_form  = { .name = "utility", .fields = new_fields };
static const Form edit_form = { .name = "utility", .fields = edit_fields };

#define ROWS(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, email) \
    F(T, const char *, contact_phone) F(T, const char *, city) F(T, const char *, address) F(T, const char *, website) \
    F(T, const char *, emergency_phone) F(T, const char *, support_hours_text) F(T, const char *, time_zone) \
    F(T, const char *, regulator_name) F(T, const char *, licence_no) F(T, const char *, bill_sender_name) \
    F(T, const char *, map_center_lat) F(T, const char *, map_center_lng) F(T, const char *, status) \
    F(T, const char *, environment) F(T, const char *, suspended_reason) F(T, bool, is_live) F(T, int64_t, row_version)
ROW(UtilityRow, ROWS)

static const UtilityRow *utility_row(Req *r) {
    UtilityRow *u = db_find(r, UtilityRow, "select id, code, name, email, contact_phone, city, address, website, "
        "emergency_phone, support_hours_text, time_zone, regulator_name, licence_no, bill_sender_name, "
        "cast(map_center_lat as char) as map_center_lat, cast(map_center_lng as char) as map_center_lng, status, "
        "environment, suspended_reason, go_live_at is not null as is_live, row_version from utility where code=?",
        path_text(r, "code"));
    if (!u) fail(r, NOT_FOUND, "There is no such utility.");
    return u;
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

static void check(Req *r, const Input *in, Id id) {
    const char *name = in_text(in, "name"), *website = in_text(in, "website"), *zone = in_text(in, "time_zone");
    if (in_text(in, "email") && !email_is_valid(in_text(in, "email"))) problem(r, "email", "%s", SAY(r, "email"));
    if (name && db_int(r, "select count(*) from utility where name=? and id<>?", name, id.id))
        problem(r, "name", "%s", SAY(r, "name_taken"));
    if (website && strncmp(website, "https://", 8) && strncmp(website, "http://", 7))
        problem(r, "website", "%s", SAY(r, "website"));
    if (zone && !zone_find(zone)) problem(r, "time_zone", "%s", msg_format(r, r->c.language, "area.no_zone",
                                                                            { "zone", zone }));
}

static void form_head(Req *r, const char *title, const char *back) {
    show_text(r, "page.title", title);
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", "/utilities");
    show_text(r, "page.crumbs.1.text", title);
    show_text(r, "form.submit", SAY(r, "save"));
    show_text(r, "form.cancel_url", back);
}

void utility_new_page(Req *r) {
    form_show(r, "form", &new_form, "/utilities");
    form_head(r, SAY(r, "add"), "/utilities");
    page(r, "layout/form");
}

/* The plan's limit of utilities; -1: none. */
static int64_t utilities_most(Ctx *c, const char **plan) {
    *plan = db_text(c, "select p.name from smart360.subscription s join smart360.subscription_plan p on p.id=s.plan_id "
                       "where s.tenant_id=? and s.status in ('trial', 'active', 'past_due', 'grace') "
                       "order by s.id desc "
                       "limit 1", c->tenant);
    return db_int(c, "select coalesce(json_value(p.limits, '$.utilities'), -1) from smart360.subscription s "
                     "join smart360.subscription_plan p on p.id=s.plan_id where s.tenant_id=? "
                     "and s.status in ('trial', "
                     "'active', 'past_due', 'grace') order by s.id desc limit 1", c->tenant);
}

static void check_limit(Req *r) {
    const char *plan = NULL;
    int64_t most = utilities_most(&r->c, &plan),
        there = db_int(r, "select count(*) from utility where status<>'closed'");
    if (plan && most >= 0 && there >= most)
        problem(r, NULL, "%s", msg_plural(r, r->c.language, "utility.limit", most, NULL, { "plan", plan }));
}

static void seed(Ctx *c, Id id) {
    db_run(c, "set @utility_id = ?, @today = ?, @user_id = ?, @tenant_id = ?", id, time_date(zone_utc(), c->now),
           c->user, c->tenant);
    seeds_run(c, "seed/utility");
    db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
}

/* Steps of a new utility: its own is done, the next ones open. */
static void steps_begin(Ctx *c, Id id) {
    utility_enter(c, id);
    setup_step_touch(c, "utility");
    utility_enter(c, (Id){ 0 });
}

void utility_create_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &new_form);
    const char *code = in_text(in, "code");
    if (code && !code_is_good(code)) problem(r, "code", "%s", SAY(r, "code_chars"));
    else if (code && db_int(r, "select count(*) from utility where code=?", code))
        problem(r, "code", "%s", SAY(r, "code_taken"));
    const char *phone = phone_sent(r, in, "contact_phone"), *emergency = phone_sent(r, in, "emergency_phone");
    check(r, in, (Id){ 0 });
    check_limit(r);
    problems_end(r);
    Id id = db_insert(c, "insert into utility (code, name, email, contact_phone, city, address, "
                         "website, country, state, "
        "time_zone, currency, status, environment, regulator_name, licence_no, support_hours_text, emergency_phone, "
        "map_center_lat, map_center_lng, bill_sender_name, created_at, created_by, updated_at, updated_by) "
        "select ?,?,?,?,?,?,?, o.country, o.state, ?, coalesce(o.currency, 'USD'), "
        "'configuring', 'sandbox', ?,?,?,?,?,?,"
        "?,?,?,?,? from organization_setting o", code, in_text(in, "name"), in_text(in, "email"), phone,
        in_text(in, "city"), in_text(in, "address"), in_text(in, "website"), in_text(in, "time_zone"),
        in_text(in, "regulator_name"), in_text(in, "licence_no"), in_text(in, "support_hours_text"), emergency,
        in_text(in, "map_center_lat"), in_text(in, "map_center_lng"), in_text(in, "bill_sender_name"), c->now, c->user,
        c->now, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "utility", .id = id, .number = code, .version = 1,
                             .after = json_pairs(c, "code", code, "name", in_text(in, "name"), NULL) });
    seed(c, id);
    facts_forget(c);
    steps_begin(c, id);
    event_emit(c, &(Event){ .name = "utility.created", .entity = "utility", .id = id, .number = code });
    note(r, "%s", msg_format(r, c->language, "utility.created", { "name", in_text(in, "name") }));
    go(r, "/utilities/%s/progress", code);
}

void utility_edit_page(Req *r) {
    const UtilityRow *u = utility_row(r);
    FormView *v = form_show(r, "form", &edit_form, text(r, "/utilities/%s", u->code));
    const struct { const char *name, *value; } values[] = { { "name", u->name }, { "email", u->email },
        { "contact_phone", u->contact_phone }, { "city", u->city }, { "address", u->address },
        { "website", u->website },
        { "emergency_phone", u->emergency_phone }, { "support_hours_text", u->support_hours_text },
        { "time_zone", u->time_zone }, { "regulator_name", u->regulator_name }, { "licence_no", u->licence_no },
        { "bill_sender_name", u->bill_sender_name }, { "map_center_lat", u->map_center_lat },
        { "map_center_lng", u->map_center_lng } };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) form_text(v, values[i].name, values[i].value);
    form_version(v, u->row_version);
    form_head(r, u->name, text(r, "/utilities/%s/progress", u->code));
    page(r, "layout/form");
}

void utility_save_post(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = utility_row(r);
    Input *in = form_read(r, &edit_form);
    const char *phone = phone_sent(r, in, "contact_phone"), *emergency = phone_sent(r, in, "emergency_phone");
    check(r, in, u->id);
    problems_end(r);
    db_must(c, 1, CONFLICT, "update utility set name=?, email=?, contact_phone=?, city=?, address=?, website=?, "
        "time_zone=?, regulator_name=?, licence_no=?, support_hours_text=?, emergency_phone=?, map_center_lat=?, "
        "map_center_lng=?, bill_sender_name=?, updated_at=?, updated_by=?, row_version=row_version+1 where id=? "
        "and row_version=?", in_text(in, "name"), in_text(in, "email"), phone, in_text(in, "city"),
        in_text(in, "address"), in_text(in, "website"), in_text(in, "time_zone"), in_text(in, "regulator_name"),
        in_text(in, "licence_no"), in_text(in, "support_hours_text"), emergency, in_text(in, "map_center_lat"),
        in_text(in, "map_center_lng"), in_text(in, "bill_sender_name"), c->now, c->user, u->id, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "utility", .id = u->id, .number = u->code,
        .version = in->row_version + 1, .before = json_pairs(c, "name", u->name, "email", u->email, "contact_phone",
        u->contact_phone, "city", u->city, "address", u->address, NULL), .after = json_pairs(c, "name",
        in_text(in, "name"), "email", in_text(in, "email"), "contact_phone", phone, "city", in_text(in, "city"),
        "address", in_text(in, "address"), NULL) });
    note(r, "%s", SAY(r, "saved"));
    go(r, "/utilities/%s/progress", u->code);
}

/* --- how far it is ------------------------------------------------------------------------------------------------ */

typedef struct Missing { Req *r; const char *at; int n; } Missing;

static void show_missing(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Missing *m = arg;
    (void)row;
    show_text(m->r, text(m->r, "%s.text.%d", m->at, m->n++), k->text);
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
        show_text(r, text(r, "%s.title", at_), msg(c->language, text(r, "setup.step.%s", s->def->key)));
        show_text(r, text(r, "%s.sub", at_), msg_format(r, c->language, "setup.percent", { "n", text(r, "%d",
            s->percent) }, { "state", state_label(r, s->state) }));
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

void utility_progress_page(Req *r) {
    Ctx *c = &r->c;
    const UtilityRow *u = utility_row(r);
    size_t n = 0;
    form_head(r, u->name, NULL);
    show_text(r, "show.status.text", state_label(r, u->status));
    show_text(r, "show.status.tone", state_tone(r, u->status));
    button(r, &n, SAY(r, "open"), text(r, "/u/%s/", u->code), true);
    if (perm_may(c, "core.utilities", EDIT)) {
        button(r, &n, SAY(r, "edit"), text(r, "/utilities/%s/edit", u->code), false);
        if (!strcmp(u->status, "suspended"))
            button(r, &n, SAY(r, "reactivate"), text(r, "/utilities/%s/reactivation", u->code), false);
        else if (strcmp(u->status, "closed"))
            button(r, &n, SAY(r, "suspend"), text(r, "/utilities/%s/suspension", u->code), false);
    }
    if (perm_may(c, "core.utilities", DELETE) && strcmp(u->status, "closed"))
        button(r, &n, SAY(r, "close"), text(r, "/utilities/%s/closing", u->code), false);
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
    setup_steps_show(r, "show.sections", text(r, "/u/%s", u->code));
    utility_enter(c, here);
    page(r, "layout/show");
}

/* --- suspension and the end --------------------------------------------------------------------------------------- */

static const Form reason_form = { .name = "utility_reason", .fields = FIELDS {
    { "reason", "Reason", LONG_TEXT(3, 500), .flags = REQUIRED }, { 0 } } };

static void ask(Req *r, const char *what, const char *title, const char *how, bool danger) {
    const UtilityRow *u = utility_row(r);
    form_show(r, "confirm", &reason_form, text(r, "/utilities/%s/%s", u->code, what));
    form_head(r, title, NULL);
    show_text(r, "confirm.text.0", how);
    show_fact(r, "confirm.facts", SAY(r, "utility"), u->name, u->code);
    show_text(r, "confirm.submit", title);
    if (!danger) show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.back_url", text(r, "/utilities/%s/progress", u->code));
    page(r, "layout/confirm");
}

void utility_suspend_page(Req *r) { ask(r, "suspension", SAY(r, "suspend"), SAY(r, "suspend_how"), true); }
void utility_reactivate_page(Req *r) { ask(r, "reactivation", SAY(r, "reactivate"), SAY(r, "reactivate_how"), false); }
void utility_close_page(Req *r) { ask(r, "closing", SAY(r, "close"), SAY(r, "close_how"), true); }

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
    const UtilityRow *u = utility_row(r);
    if (strcmp(u->status, "live") && strcmp(u->status, "ready"))
        fail(r, CONFLICT, "%s", SAY(r, "not_running"));
    status_set(r, u, "suspended", reason_sent(r), "suspend");
}

void utility_reactivate_post(Req *r) {
    const UtilityRow *u = utility_row(r);
    if (strcmp(u->status, "suspended")) fail(r, CONFLICT, "%s", SAY(r, "not_suspended"));
    if (live_is_under_way(&r->c, u->id)) fail(r, CONFLICT, "%s", msg(r->c.language, "setup.live.under_way"));
    status_set(r, u, u->is_live ? "live" : "ready", reason_sent(r), "reactivate");
}

/* A utility that never ran and holds no business rows is taken away, one that ran is closed when nobody owes. */
void utility_close_post(Req *r) {
    const UtilityRow *u = utility_row(r);
    const char *reason = reason_sent(r);
    bool ran = !strcmp(u->status, "live") || !strcmp(u->status, "suspended");
    int64_t areas = db_int(r, "select count(*) from service_area where utility_id=?", u->id),
        accounts = db_int(r, "select count(*) from account where utility_id=? and closed_on is null", u->id),
        owed = db_int(r, "select count(*) from account where utility_id=? and balance_minor<>0", u->id);
    if (!ran && areas) fail(r, CONFLICT, "%s", msg_plural(r, r->c.language, "utility.has_areas", areas, NULL));
    if (accounts || owed) fail(r, CONFLICT, "%s", msg_plural(r, r->c.language, "utility.has_accounts",
        accounts > owed ? accounts : owed, locale_count(&r->c.mem, r->c.locale, accounts > owed ? accounts : owed)));
    status_set(r, u, "closed", reason, "close");
}
