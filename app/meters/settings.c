/*
 * What metering is set up with before the first meter (set-up step 13): formats of readings, makers, models, routes and
 * the read cycle. Formats and makers are resources; a model brings its register, a route and a cycle their lists, so
 * these are pages of their own. Validation, quality and the work on a cycle belong to the stories of metering.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/meters/pages.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

const PageTab meters_tabs[] = {
    { "metering", "meters.formats",       "/mx/settings/formats", "mx.config", NULL },
    { "metering", "meters.manufacturers", "/mx/settings/manufacturers", "mx.config", NULL },
    { "metering", "meters.models",        "/mx/settings/models", "mx.config", NULL },
    { "metering", "meters.routes",        "/mx/settings/routes", "mx.cycle", NULL },
    { 0 }
};

void meter_settings_root(Req *r) { go(r, "/mx/settings/formats"); }

static void touched(Req *r, const Input *in, Id id) {
    (void)in, (void)id;
    setup_step_touch(&r->c, "meter_settings");
}

const Resource meter_format = {
    .table = "reading_format", .path = "/mx/settings/formats", .feature = "mx.config", .order = "code",
    .tabs = "metering", .no_delete = true,
    .fields = FIELDS {
        { "code",         TEXT(2, 10), .chars = "A-Z0-9._", .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",         TEXT(2, 60), .flags = REQUIRED | LIST | SEARCH },
        { "service_code", TEXT(2, 4),  .chars = "A-Z", .flags = REQUIRED | LIST },
        { "digits",       INT(1, 12),  .flags = REQUIRED | LIST, .initial = "6" },
        { "decimals",     INT(0, 3),   .flags = REQUIRED | LIST, .initial = "0" },
        { "unit",         TEXT(1, 20), .flags = REQUIRED | LIST },
        { "active",       BOOL,        .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .after_save = touched,
};

const Resource manufacturer = {
    .table = "manufacturer", .path = "/mx/settings/manufacturers", .feature = "mx.config", .order = "name",
    .tabs = "metering", .no_delete = true,
    .fields = FIELDS {
        { "code",    TEXT(2, 20), .chars = "A-Z0-9-", .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",    TEXT(2, 80), .flags = REQUIRED | LIST | SEARCH },
        { "country", TEXT(0, 2),  .flags = LIST | UPPER },
        { 0 } },
    .after_save = touched,
};

static const Choice read_types[] = { { "manual", "meters.read_types.manual" }, { "photo", "meters.read_types.photo" },
                                     { "smart", "meters.read_types.smart" }, { 0 } };

/* A model has one register until the story of models gives it more: the first active format of its service. */
static void model_saved(Req *r, const Input *in, Id id) {
    db_run(r, "insert into meter_model_register (meter_model_id, register_code, reading_format_id, unit) "
              "select m.id, 'R1', f.id, f.unit from meter_model m join reading_format f on f.utility_id = m.utility_id "
              "and f.service_code = m.service_code and f.active = 1 where m.id = ? and not exists (select 1 "
              "from meter_model_register g where g.meter_model_id = m.id) order by f.id limit 1", id);
    touched(r, in, id);
}

static void model_check(Req *r, const Input *in, Id id) {
    (void)id;
    const char *service = in_text(in, "service_code");
    if (service && !db_int(r, "select count(*) from reading_format where utility_id = ? and service_code = ? "
                              "and active = 1", r->c.utility, service))
        problem(r, "service_code", "%s", msg_format(r, r->c.language, "meters.no_format", { "service", service }));
}

const Resource meter_model = {
    .table = "meter_model", .path = "/mx/settings/models", .feature = "mx.config", .key = "public_id",
    .order = "code", .tabs = "metering", .no_delete = true,
    .fields = FIELDS {
        { "code",            TEXT(2, 30), .chars = "A-Z0-9-", .flags = REQUIRED | LIST | SEARCH | FIXED },
        { "name",            TEXT(2, 80), .flags = REQUIRED | LIST | SEARCH },
        { "manufacturer_id", REF(manufacturer), .flags = REQUIRED | LIST },
        { "service_code",    TEXT(2, 4),  .chars = "A-Z", .flags = REQUIRED | LIST },
        { "size",            TEXT(1, 20), .flags = REQUIRED | LIST },
        { "read_type",       CHOICE(read_types), .flags = REQUIRED | LIST, .initial = "manual" },
        { "active",          BOOL,        .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check = model_check, .after_save = model_saved,
};

/* --- routes and the read cycle ------------------------------------------------------------------------------------ */

static const Form cycle_form = { .name = "read_cycle_new", .fields = FIELDS {
    { "name",     TEXT(3, 100), .flags = REQUIRED },
    { "start_on", DATE_FIELD,   .flags = REQUIRED },
    { "days",     INT(1, 90),   .flags = REQUIRED, .initial = "5" },
    { 0 } } };

#define ROUTED(F, T) F(T, const char *, area) F(T, const char *, code) F(T, const char *, routes) \
    F(T, const char *, cycles)
ROW(Routed, ROUTED)

void meter_routes_page(Req *r) {
    Ctx *c = &r->c;
    Routeds l = db_all(r, Routed, "select a.name as area, a.code, group_concat(distinct t.code order by t.code "
        "separator ', ') as routes, group_concat(distinct k.name order by k.name separator ', ') as cycles "
        "from service_area a left join route t on t.utility_id = a.utility_id and t.status = 'active' "
        "and json_contains(t.area_ids, cast(a.id as char)) left join read_cycle_route x on x.route_id = t.id "
        "left join read_cycle k on k.id = x.read_cycle_id and k.status <> 'cancelled' where a.utility_id = ? "
        "and a.level = 'sub_area' and a.status = 'active' group by a.id order by a.path", c->utility);
    show_text(r, "page.title", word(r, "meters.routes"));
    page_tabs(r, "metering", "/mx/settings/routes");
    TableView *t = table_start(r, "show.sections.0.table", word(r, "meters.routes"));
    table_column(t, word(r, "meters.sub_area"), "text", "id");
    table_column(t, word(r, "meters.route"), "text", NULL);
    table_column(t, word(r, "meters.cycle"), "text", NULL);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, text(r, "%s %s", l.v[i].code, l.v[i].area));
        table_cell(t, l.v[i].routes ? l.v[i].routes : "");
        table_cell(t, l.v[i].cycles ? l.v[i].cycles : "");
    }
    table_empty(t, word(r, "meters.no_areas"), NULL);
    if (perm_may(c, "mx.cycle", CREATE)) {
        show_text(r, "show.sections.1.title", word(r, "meters.new_cycle"));
        FormView *v = form_show(r, "show.sections.1.form", &cycle_form, "/mx/settings/routes");
        show_text(r, "show.sections.1.form.intro", word(r, "meters.new_cycle_how"));
        form_date(v, "start_on", date_add_months(date_month_start(utility_today(c)), 1));
    }
    page(r, "layout/show");
}

#define AREA(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name)
ROW(RouteArea, AREA)

/* A route for every sub-area that has none, and a cycle that reads all routes. */
void meter_routes_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &cycle_form);
    const char *name = in_text(in, "name");
    if (name && db_int(r, "select count(*) from read_cycle where utility_id = ? and name = ?", c->utility, name))
        problem(r, "name", "%s", msg_format(r, c->language, "meters.cycle_there", { "name", name }));
    problems_end(r);
    RouteAreas l = db_all(r, RouteArea, "select id, code, name from service_area a where utility_id = ? "
        "and level = 'sub_area' and status = 'active' and not exists (select 1 from route t "
        "where t.utility_id = a.utility_id and t.status = 'active' and json_contains(t.area_ids, "
        "cast(a.id as char))) order by path", c->utility);
    const char *services = db_text(c, "select json_arrayagg(code) from utility_service where utility_id = ? "
                                      "and active = 1 and metered = 1", c->utility);
    if (!services) fail(r, CONFLICT, "%s", word(r, "meters.no_service"));
    for (size_t i = 0; i < l.n; i++) {
        const char *code = id_next_with(c, "route", &(IdParts){ .area_code = l.v[i].code });
        Id id = db_insert(c, "insert into route (utility_id, code, name, service_codes, area_ids, created_by, "
                             "updated_by) values (?,?,?,?,json_array(?),?,?)", c->utility, code, l.v[i].name, services,
                          l.v[i].id, c->user, c->user);
        audit_note(c, "create", "route", id, code, NULL);
    }
    Date start = in_date(in, "start_on");
    const char *no = series_next(c, "RC-{YYYY}-{####}");
    Id cycle = db_insert(c, "insert into read_cycle (utility_id, cycle_no, name, service_codes, start_on, "
                            "duration_days, end_on, nominal_on, created_by, updated_by) values (?,?,?,?,?,?,?,?,?,?)",
                         c->utility, no, name, services, start, in_int(in, "days"),
                         date_add_days(start, (int)in_int(in, "days") - 1), start, c->user, c->user);
    db_run(c, "insert into read_cycle_route (read_cycle_id, route_id) select ?, id from route where utility_id = ? "
              "and status = 'active'", cycle, c->utility);
    audit_note(c, "create", "read_cycle", cycle, no, NULL);
    setup_step_touch(c, "meter_settings");
    note(r, "%s", msg_format(r, c->language, "meters.cycle_made", { "name", name }));
    go(r, "/mx/settings/routes");
}
