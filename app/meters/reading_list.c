/*
 * Readings and what is still to be read, as lists: behind the figures of the utility's dashboard (ONB02US01), and to
 * find a reading (MX02US04). What enters and decides readings comes with the stories.
 */
#include "app/meters/pages.h"
#include "lib/list.h"
#include "lib/messages.h"
#include "lib/page.h"

#define SAY(r, key) msg((r)->c.language, "meters.page." key)

static const Choice reading_states[] = {
    { "captured", NULL }, { "passed", NULL }, { "pending", NULL }, { "exempted", NULL }, { "revisit", NULL },
    { "rejected", NULL }, { "superseded", NULL }, { 0 } };
static const Choice reading_sources[] = {
    { "manual", "meters.source.manual" }, { "csv", "meters.source.csv" }, { "photo", "meters.source.photo" },
    { "smart", "meters.source.smart" }, { "consumer", "meters.source.consumer" }, { "order", "meters.source.order" },
    { "estimate", "meters.source.estimate" }, { "import", "meters.source.import" }, { "edit", "meters.source.edit" },
    { 0 } };
static const Choice reading_types[] = {
    { "regular", "meters.type.regular" }, { "initial", "meters.type.initial" }, { "final", "meters.type.final" },
    { "special", "meters.type.special" }, { "check", "meters.type.check" }, { "estimated", "meters.type.estimated" },
    { 0 } };

static const ListSpec readings = {
    .name = "readings", .path = "/mx/reads", .feature = "mx.reads", .id = "x.id",
    .from = "meter_reading x",
    .joins = FRAGMENTS { "join meter m on m.id = x.meter_id", "join meter_register g on g.id = x.register_id",
                         "join service_connection s on s.id = x.service_connection_id",
                         "join premise p on p.id = s.premise_id", "left join account a on a.id = s.account_id", NULL },
    .found = FRAGMENTS { "select y.id from meter z join meter_reading y on y.meter_id = z.id where z.utility_id = ? "
                         "and z.meter_no like ?",
                         "select y.id from account z join service_connection n on n.account_id = z.id "
                         "join meter_reading y on y.service_connection_id = n.id where z.utility_id = ? "
                         "and z.account_no like ?", NULL },
    .index = "meter_reading_day",
    .where = "x.utility_id = ?",
    .columns = COLUMNS {
        { "meter_no",    NULL, "m.meter_no",      LIST | SEARCH_START, .link = "/mx/meters/{meter_no}" },
        { "read_on",     NULL, "x.read_on",       LIST | SORT | FILTER },
        { "register",    NULL, "g.register_code", LIST },
        { "value_e3",    NULL, "x.value_e3",      LIST, .place = "amount" },
        { "consumption_e3", NULL, "x.consumption_e3", LIST },
        { "account_no",  NULL, "a.account_no",    LIST | SEARCH_START, .link = "/cis/accounts/{account_no}" },
        { "address",     NULL, "concat_ws(', ', p.line1, p.unit, p.city)", LIST, .place = "name" },
        { "type",        NULL, "x.type",          LIST | FILTER, .choices = reading_types, .more = 1 },
        { "source",      NULL, "x.source",        LIST | FILTER, .choices = reading_sources, .many = 1 },
        { "status",      NULL, "x.status",        LIST | FILTER, .choices = reading_states, .many = 1 },
        { 0 } },
    .order = "-read_on", .area = "p.sub_area_id" };

void reading_list_page(Req *r) {
    show_text(r, "page.title", SAY(r, "all_readings"));
    show_text(r, "page.actions.0.text", SAY(r, "due"));
    show_text(r, "page.actions.0.url", link_path(r, "/mx/reads/due"));
    list_show(r, &readings, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static const Choice task_states[] = { { "open", NULL }, { "revisit", NULL }, { 0 } };

static const ListSpec due = {
    .name = "readings_due", .path = "/mx/reads/due", .feature = "mx.reads", .id = "t.id",
    .from = "read_task t",
    .joins = FRAGMENTS { "join meter m on m.id = t.meter_id", "join read_cycle y on y.id = t.read_cycle_id",
                         "left join route o on o.id = t.route_id",
                         "left join service_connection s on s.id = t.service_connection_id",
                         "left join premise p on p.id = s.premise_id", "left join account a on a.id = s.account_id",
                         NULL },
    .where = "t.utility_id = ? and t.state in ('open', 'revisit')",
    .columns = COLUMNS {
        { "meter_no",    NULL, "m.meter_no",   LIST | SEARCH_START, .link = "/mx/meters/{meter_no}" },
        { "due_on",      NULL, "t.due_on",     LIST | SORT | FILTER },
        { "cycle",       NULL, "y.name",       LIST },
        { "route",       NULL, "o.code",       LIST },
        { "account_no",  NULL, "a.account_no", LIST | SEARCH_START, .link = "/cis/accounts/{account_no}" },
        { "address",     NULL, "concat_ws(', ', p.line1, p.unit, p.city)", LIST, .place = "name" },
        { "visits",      NULL, "t.visits",     LIST, .kind = "num" },
        { "status",      NULL, "t.state",      LIST | FILTER, .choices = task_states },
        { 0 } },
    .order = "due_on", .area = "p.sub_area_id" };

void reading_due_page(Req *r) {
    show_text(r, "page.title", SAY(r, "due"));
    show_text(r, "page.crumbs.0.text", SAY(r, "all_readings"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/mx/reads"));
    show_text(r, "page.crumbs.1.text", SAY(r, "due"));
    list_show(r, &due, r->c.utility);
    if (!r->status) page(r, "layout/list");
}
