/*
 * Meters and their readings, to look at (MX01US02, MX02US04; what enters and decides readings comes with the stories).
 */
#include "app/meters/pages.h"

#include <string.h>

#include "app/core/core.h"
#include "app/meters/meters.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "meters.page." key)

static const Choice meter_states[] = { { "in_store", NULL }, { "installed", NULL }, { "faulty_installed", NULL },
                                       { "removed", NULL }, { 0 } };

static const ListSpec meters = {
    .name = "meters", .one = "meter", .many = "meters", .path = "/mx/meters", .feature = "mx.device", .id = "m.id",
    .from = "meter m",
    .joins = FRAGMENTS { "join meter_model o on o.id = m.meter_model_id",
                         "left join meter_installation i on i.meter_id = m.id and i.open_flag = 1",
                         "left join service_connection s on s.id = i.service_connection_id",
                         "left join account a on a.id = s.account_id", "left join premise p on p.id = i.premise_id",
                         NULL },
    .found = FRAGMENTS { "select x.id from meter x where x.utility_id = ? and x.meter_no like ?",
                         "select x.id from meter x where x.utility_id = ? and x.serial_no like ?",
                         "select i.meter_id from account y join service_connection z on z.account_id = y.id "
                         "join meter_installation i on i.service_connection_id = z.id and i.open_flag = 1 "
                         "where y.utility_id = ? and y.account_no like ?", NULL },
    .index = "meter_list",
    .where = "m.utility_id = ?",
    .columns = COLUMNS {
        { "meter_no",        NULL, "m.meter_no",  LIST | SORT | SEARCH_START, .link = "/mx/meters/{meter_no}" },
        { "serial_no",       NULL, "m.serial_no", LIST | SEARCH_START },
        { "model",           NULL, "o.name",      LIST, .place = "name" },
        { "size",            NULL, "o.size",      LIST },
        { "account_no",      NULL, "a.account_no", LIST | SEARCH_START, .link = "/cis/accounts/{account_no}" },
        { "address",         NULL, "concat_ws(', ', p.line1, p.unit, p.city)", LIST },
        { "status",          NULL, "m.status",    LIST | FILTER, .choices = meter_states },
        { 0 } },
    .order = "meter_no", .area = "p.sub_area_id" };

void meter_list_page(Req *r) {
    show_text(r, "page.title", SAY(r, "title"));
    list_show(r, &meters, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static void show_readings(Req *r, const Meter *m) {
    show_text(r, "show.sections.1.title", SAY(r, "readings"));
    show_text(r, "show.sections.1.kind", "table");
    TableView *t = table_start(r, "show.sections.1.table", SAY(r, "readings_of"));
    table_column(t, SAY(r, "col_date"), "date", "id");
    table_column(t, SAY(r, "col_reading"), "num", "amount");
    table_column(t, SAY(r, "col_use"), "num", NULL);
    table_column(t, SAY(r, "col_days"), "num", NULL);
    table_column(t, SAY(r, "col_type"), "text", "name");
    table_column(t, SAY(r, "col_source"), "text", NULL);
    table_column(t, SAY(r, "col_status"), "status", "status");
    table_rows_of(t, NULL, "select read_on, value_e3, consumption_e3, days, type, source, status "
                           "from meter_reading where meter_id=? "
                           "order by read_on desc, id desc limit 60", m->id);
    table_empty(t, SAY(r, "no_readings"), NULL);
}

static void show_installations(Req *r, const Meter *m) {
    show_text(r, "show.sections.2.title", SAY(r, "places"));
    show_text(r, "show.sections.2.kind", "table");
    TableView *t = table_start(r, "show.sections.2.table", SAY(r, "places_of"));
    table_column(t, SAY(r, "col_connection"), "code", "id");
    table_column(t, SAY(r, "col_address"), "text", "name");
    table_column(t, SAY(r, "col_from"), "date", NULL);
    table_column(t, SAY(r, "col_to"), "date", NULL);
    table_rows_of(t, NULL, "select s.connection_no, concat_ws(', ', p.line1, p.unit, p.city) as address, "
                           "i.installed_on, i.removed_on from meter_installation i "
                           "join service_connection s on s.id=i.service_connection_id "
                           "join premise p on p.id=i.premise_id where i.meter_id=? order by i.installed_on desc",
                  m->id);
    table_empty(t, SAY(r, "no_places"), NULL);
}

void meter_page(Req *r) {
    const char *no = path_text(r, "meter_no");
    const Meter *m = meter_find(&r->c, no);
    if (!m) fail(r, NOT_FOUND, "There is no meter %s.", no);
    if (m->premise.id) scope_check_area(&r->c, db_id(r, "select sub_area_id from premise where id=?", m->premise));
    show_text(r, "page.title", msg_format(r, r->c.language, "meters.page.meter", { "no", no }));
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/mx/meters"));
    show_text(r, "page.crumbs.1.text", no);
    show_text(r, "show.status.text", state_label(r, m->status));
    show_text(r, "show.status.tone", state_tone(r, m->status));
    show_fact(r, "show.facts", SAY(r, "serial_no"), m->serial_no, NULL);
    show_fact(r, "show.facts", SAY(r, "model"), m->model, m->size);
    show_fact(r, "show.facts", SAY(r, "unit"), m->unit, NULL);
    show_fact(r, "show.facts", SAY(r, "read"), state_label(r, m->read_type), NULL);
    show_fact(r, "show.facts", SAY(r, "installed"), locale_date(&r->c.mem, r->c.locale, m->installed_on), NULL);
    show_readings(r, m);
    show_installations(r, m);
    page(r, "layout/show");
}
