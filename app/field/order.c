/*
 * Service orders: how they begin, the list of them, one order, and calling one off (WX03US03). Dispatching, work on
 * the phone
 * and results come with their stories.
 */
#include "app/field/field.h"

#include <string.h>

#include "app/core/core.h"
#include "app/field/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/machine.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

enum { DUE_DAYS = 3 };

/* --- making ------------------------------------------------------------------------------------------------------- */

Id service_order_create(Ctx *c, const NewOrder *n) {
    Id source = n->source.id ? n->source : n->connection;
    Id open = db_id(c, "select id from service_order where source_type=? and source_id=? and order_type=? and "
                       "open_flag=1 "
                       "for update", n->source_type, source, n->type);
    if (open.id) return open;
    const char *no = id_next(c, "service_order");
    Time due = time_add_seconds(c->now, (n->due_days ? n->due_days : DUE_DAYS) * (int64_t)86400);
    Id order = db_insert(c,
        "insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, "
        "account_id, service_connection_id, meter_id, title, description, priority, due_at, created_by, "
        "updated_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, no, n->type, n->source_type, source, n->premise, n->account, n->connection, n->meter, n->title,
        n->description, n->priority ? n->priority : "medium", due, c->user, c->user);
    db_run(c, "insert into service_order_event (service_order_id, at, by_user_id, to_status) values (?,?,?,'created')",
           order, c->now, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "service_order", .id = order, .number = no, .version = 1,
                             .after = json_pairs(c, "type", n->type, "source", n->source_type, NULL) });
    event_emit(c, &(Event){ .name = "service_order.created", .entity = "service_order", .id = order, .number = no,
                            .account = n->account, .payload = json_pairs(c, "source_type", n->source_type, "type",
                                                                         n->type, NULL) });
    return order;
}

const char *service_order_no(Ctx *c, Id order) { return db_text(c, "select order_no from service_order where id=?",
                                                                order); }

/* --- states ------------------------------------------------------------------------------------------------------- */

static void called_off(Ctx *c, Id id, void *reason) {
    db_run(c, "insert into service_order_event (service_order_id, at, by_user_id, to_status, reason) values "
              "(?,?,?,'cancelled',?)",
           id, c->now, c->user, (const char *)reason);
}

static const Move order_moves[] = {
    { "created",  "cancel", "cancelled", EDIT, NULL, called_off, .text = NULL, .asks_reason = true },
    { "assigned", "cancel", "cancelled", EDIT, NULL, called_off, .text = NULL, .asks_reason = true },
    { 0 }
};
const Machine service_order = { .name = "service_order", .table = "service_order", .column = "status",
                                .number = "order_no",
                                .feature = "wx.order", .moves = order_moves };

/* --- pages -------------------------------------------------------------------------------------------------------- */

static const Choice order_states[] = { { "created", NULL }, { "assigned", NULL }, { "accepted", NULL }, { "en_route",
                                                                                                          NULL },
                                       { "in_progress", NULL }, { "on_hold", NULL }, { "completed", NULL },
                                       { "approved", NULL }, { "incomplete", NULL }, { "cancelled", NULL }, { 0 } };
static const Choice priorities[] = { { "low", "Low" }, { "medium", "Medium" }, { "high", "High" }, { "critical",
                                                                                                     "Critical" },
                                                                                                      { 0 } };

static const ListSpec orders = {
    .name = "service_orders", .one = "order", .many = "orders", .path = "/wx/orders", .feature = "wx.order",
     .id = "o.id",
    .search_label = "Order, account or meter",
    .from = "service_order o join premise p on p.id = o.premise_id left join account a on a.id = o.account_id "
            "left join meter m on m.id = o.meter_id",
    .where = "o.utility_id = ?",
    .columns = COLUMNS {
        { "order_no",   "Order",   "o.order_no",   LIST | SORT | SEARCH_START, .kind = "code", .place = "id",
          .link = "/wx/orders/{order_no}" },
        { "legacy_no",  "Old number", "o.legacy_no", SEARCH_START },
        { "order_type", "Type",    "o.order_type", LIST, .kind = "code" },
        { "title",      "Work",    "o.title",      LIST, .place = "name" },
        { "address",    "Address", "concat_ws(', ', p.line1, p.unit, p.city)", LIST },
        { "account_no", "Account", "a.account_no", LIST | SEARCH_START, .kind = "code",
          .link = "/cis/accounts/{account_no}" },
        { "meter_no",   "Meter",   "m.meter_no",   LIST | SEARCH_START, .kind = "code" },
        { "due_at",     "Due",     "o.due_at",     LIST | SORT | FILTER },
        { "priority",   "Priority", "o.priority",  LIST | FILTER, .choices = priorities },
        { "status",     "Status",  "o.status",     LIST | FILTER, .choices = order_states, .many = 1,
          .place = "status" },
        { 0 } },
    .order = "-due_at", .area = "p.sub_area_id", .empty_title = "No order yet",
    .empty_text = "Orders begin where work is wanted: a bill run, a case, an alarm." };

void order_list_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "field.orders"));
    list_show(r, &orders, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define ORDER_ROW(F, T) F(T, Id, id) F(T, const char *, legacy_no) F(T, const char *, order_no) \
    F(T, const char *, order_type) \
    F(T, const char *, title) \
    F(T, const char *, description) F(T, const char *, address) F(T, const char *, account_no) \
    F(T, const char *, meter_no) \
    F(T, const char *, status) F(T, Time, due_at) F(T, Id, sub_area_id) F(T, const char *, dispatcher)
ROW(Order, ORDER_ROW)

static Order *order_of_path(Req *r) {
    Order *o = db_find(r, Order,
        "select o.id, o.legacy_no, o.order_no, o.order_type, o.title, o.description, concat_ws(', ', p.line1, p.unit, "
        "p.city) as address, a.account_no, m.meter_no, o.status, o.due_at, p.sub_area_id, (select u.full_name "
        "from user u where u.id = o.dispatcher_user_id) as dispatcher from service_order o join premise p "
        "on p.id = o.premise_id left join account a on a.id = o.account_id left join meter m "
        "on m.id = o.meter_id where o.utility_id=? and o.order_no=?",
        r->c.utility, path_text(r, "no"));
    if (!o) fail(r, NOT_FOUND, "There is no order %s.", path_text(r, "no"));
    scope_check_area(&r->c, o->sub_area_id);
    return o;
}

static const Form cancel_form = { .name = "service_order_cancel", .submit = "Call the order off", .fields = FIELDS {
    { "reason", "Why?", LONG_TEXT(5, 500), .flags = REQUIRED }, { 0 } } };

void order_page(Req *r) {
    Order *o = order_of_path(r);
    const char *l = r->c.language;
    show_text(r, "page.title", text(r, "%s, %s", o->order_no, o->title));
    show_text(r, "page.crumbs.0.text", msg(l, "field.orders"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/wx/orders"));
    show_text(r, "page.crumbs.1.text", o->order_no);
    show_text(r, "show.status.text", state_label(r, o->status));
    show_text(r, "show.status.tone", state_tone(r, o->status));
    show_fact(r, "show.facts", msg(l, "field.type"), o->order_type, NULL);
    show_fact(r, "show.facts", msg(l, "field.address"), o->address, NULL);
    if (o->account_no) show_fact(r, "show.facts", msg(l, "field.account"), o->account_no, NULL);
    if (o->meter_no) show_fact(r, "show.facts", msg(l, "field.meter"), o->meter_no, NULL);
    if (o->dispatcher) show_fact(r, "show.facts", msg(l, "field.dispatcher"), o->dispatcher, NULL);
    if (o->legacy_no) show_fact(r, "show.facts", msg(l, "field.legacy"), o->legacy_no, NULL);
    show_fact(r, "show.facts", msg(l, "field.due"), locale_time_words(&r->c.mem, r->c.locale, o->due_at), NULL);
    show_text(r, "show.sections.0.title", msg(l, "field.work"));
    show_text(r, "show.sections.0.text", o->description ? o->description : o->title);
    page(r, "layout/show");
    history_aside(r, "service_order", o->id, NULL);
    if (!perm_may(&r->c, "wx.order", EDIT) || (strcmp(o->status, "created") && strcmp(o->status, "assigned"))) return;
    show_text(r, "show.sections.1.title", msg(l, "field.cancel"));
    form_show(r, "show.sections.1.form", &cancel_form, text(r, "/wx/orders/%s/cancellation", url_part(r, o->order_no)));
}

void order_cancel_post(Req *r) {
    Input *in = form_read(r, &cancel_form);
    problems_end(r);
    Order *o = order_of_path(r);
    const char *reason = in_text(in, "reason");
    machine_move(&r->c, &service_order, o->id, "cancel", reason, (void *)reason);
    note(r, "%s", msg_format(r, r->c.language, "field.cancelled", { "no", o->order_no }));
    go(r, "/wx/orders/%s", url_part(r, o->order_no));
}
