/*
 * Service requests (CIS01US06): what a module makes for a consumer, the decision about those that want one, and what
 * staff see. Payment in advance, field work and the effects of most types come with their story.
 */
#include "app/cis/cis.h"

#include <string.h>

#include "app/cis/pages.h"
#include "app/comms/comms.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define REQUEST_OPEN                                                                                                   \
    "status in ('draft', 'pending_approval', 'awaiting_payment', 'in_progress', 'on_hold', 'estimate_sent')"

#define SERVICE_TYPE(F, T)                                                                                             \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, name) F(T, const char *, fee_code) F(T, const char *, priority) F(T, const char *, approval)    \
        F(T, const char *, payment_mode) F(T, int, resolution_hours)
ROW(ServiceType, SERVICE_TYPE)

static ServiceType *type_of(Ctx *c, const char *code) {
    return db_find(
        c, ServiceType,
        "select id, name, fee_code, priority, approval, payment_mode, resolution_hours from service_type where "
        "utility_id = ? and code = ? and active = 1",
        c->utility, code);
}

Money service_request_fee(Ctx *c, const char *type_code) {
    ServiceType *t = type_of(c, type_code);
    if (!t || !t->fee_code) return (Money){ 0 };
    bool there = db_int(c, "select count(*) from fee where utility_id = ? and code = ?", c->utility, t->fee_code) > 0;
    return there ? fee_amount(c, t->fee_code, utility_today(c), NULL)->amount : (Money){ 0 };
}

const char *service_request_open(Ctx *c, Id account, const char *type_code) {
    return db_text(
        c,
        "select q.request_no from service_request q join service_type t on t.id = q.service_type_id where "
        "q.account_id = ? and t.code = ? and q." REQUEST_OPEN
        " order by q.id limit 1",
        account, type_code);
}

/* The first state: who must decide or pay comes before the work. */
static const char *first_state(const ServiceType *t, Money fee) {
    if (strcmp(t->approval, "none")) return "pending_approval";
    return !strcmp(t->payment_mode, "before") && fee.minor > 0 ? "awaiting_payment" : "in_progress";
}

static void tell_received(Ctx *c, const NewRequest *n, const ServiceType *t, const char *no, Time until) {
    NotifyField fields[] = { { "request.no", no },
                             { "type", t->name },
                             { "until", locale_date_words(&c->mem, c->locale, time_date(c->locale->zone, until)) },
                             { "link", public_url(c, "/home", true) },
                             { 0 } };
    Recipient to = { .account = n->account, .email = n->email };
    if (!n->account.id && !n->email) return;
    notify(c, "service_request_received", n->email ? &(Recipient){ .email = n->email } : &to, fields,
           &(NotifyOptions){ .channels = "email,inapp", .dedup_key = text(c, "request:%s", no) });
}

Id service_request_create(Ctx *c, const NewRequest *n) {
    ServiceType *t = type_of(c, n->type_code);
    if (!t) fail(c, CONFLICT, "%s", msg(c->language, "request.no_type"));
    if (n->account.id) account_lock(c, n->account);
    const char *open = n->account.id && !n->may_repeat ? service_request_open(c, n->account, n->type_code) : NULL;
    if (open) fail(c, CONFLICT, "%s", msg_format(c, c->language, "request.is_open", { "no", open }));
    Money fee = service_request_fee(c, n->type_code);
    Time due = cal_add_business_minutes(c, (Id){ 0 }, c->now, (int64_t)t->resolution_hours * 60);
    const char *no = id_next(c, "service_request"), *state = first_state(t, fee);
    Id consumer = n->consumer.id || !n->account.id ? n->consumer : account_get(c, n->account)->consumer;
    Id id = db_insert(
        c,
        "insert into service_request (utility_id, request_no, consumer_id, account_id, contact_name, contact_phone, "
        "service_type_id, status, priority, channel, preferred_date, answers, instructions, fee_amount_minor, "
        "payment_state, call_id, due_at, created_at, created_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, no, consumer, n->account, n->contact_name, n->contact_phone, t->id, state, t->priority,
        n->channel ? n->channel : "counter", n->preferred, n->answers, n->instructions, fee,
        fee.minor && !strcmp(t->payment_mode, "on_bill") ? "on_bill" : "unpaid", n->call, due, c->now,
        c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    audit_write(c, &(Audit){ .action = "create",
                             .entity = "service_request",
                             .id = id,
                             .number = no,
                             .version = 1,
                             .after = json_pairs(c, "type", n->type_code, "channel", n->channel, NULL) });
    event_emit(c, &(Event){ .name = "service_request.created",
                            .entity = "service_request",
                            .id = id,
                            .number = no,
                            .account = n->account,
                            .consumer = consumer,
                            .payload = json_pairs(c, "request_no", no, "type", n->type_code, NULL) });
    tell_received(c, n, t, no, due);
    return id;
}

#define REQUEST_ROW(F, T)                                                                                              \
    F(T, Id, id)                                                                                                       \
    F(T, Id, account_id) F(T, Id, consumer_id) F(T, Id, created_by) F(T, const char *, request_no)                     \
        F(T, const char *, status) F(T, const char *, approval) F(T, int, row_version)
ROW(RequestRow, REQUEST_ROW)

void service_request_decide(Ctx *c, Id request, bool approve, const char *reason) {
    RequestRow *q = db_one(
        c, RequestRow,
        "select q.id, q.account_id, q.consumer_id, q.created_by, q.request_no, q.status, t.approval, q.row_version "
        "from service_request q join service_type t on t.id = q.service_type_id where q.id = ? and q.utility_id = ? "
        "for update",
        request, c->utility);
    if (strcmp(q->status, "pending_approval")) fail(c, CONFLICT, "%s was decided already.", q->request_no);
    if (q->created_by.id && q->created_by.id == c->user.id) fail(c, CONFLICT, "Nobody approves the own request.");
    if (!approve && (!reason || strlen(reason) < 3)) fail_field(c, INVALID, "reason", "Give the reason.");
    const char *to = approve ? "completed" : "rejected";
    db_must(
        c, 1, CONFLICT,
        "update service_request set status = ?, approval_by = ?, approval_at = ?, reject_reason = ?, completed_at = "
        "if(? = 'completed', ?, null), updated_at = ?, updated_by = ?, row_version = row_version + 1 where id = ?",
        to, c->user, c->now, approve ? NULL : reason, to, c->now, c->now, c->user, q->id);
    audit_write(c, &(Audit){ .action = approve ? "approve" : "reject",
                             .entity = "service_request",
                             .id = q->id,
                             .number = q->request_no,
                             .version = q->row_version + 1,
                             .before = json_pairs(c, "status", q->status, NULL),
                             .after = json_pairs(c, "status", to, NULL),
                             .reason = reason });
    event_emit(c, &(Event){ .name = approve ? "service_request.approved" : "service_request.rejected",
                            .entity = "service_request",
                            .id = q->id,
                            .number = q->request_no,
                            .account = q->account_id,
                            .consumer = q->consumer_id });
    event_emit(c, &(Event){ .name = "service_request.status_changed",
                            .entity = "service_request",
                            .id = q->id,
                            .number = q->request_no,
                            .account = q->account_id,
                            .payload = json_pairs(c, "from", q->status, "to", to, NULL) });
}

/* --- until when --------------------------------------------------------------------------------------------------- */

enum { RECKON_AT_ONCE = 500 };

#define OPEN_REQUEST(F, T) F(T, Id, id) F(T, Time, created_at) F(T, Time, due_at) F(T, int, resolution_hours)
ROW(OpenRequest, OPEN_REQUEST)

/* Only those that a changed calendar or type promises otherwise are written: no version of theirs, nobody edited. */
static int64_t reckon_some(Ctx *c, int64_t after) {
    OpenRequests l = db_all(
        c, OpenRequest,
        "select q.id, q.created_at, q.due_at, t.resolution_hours from service_request q join service_type t on t.id = "
        "q.service_type_id where q.utility_id = ? and q.id > ? and q." REQUEST_OPEN " order by q.id limit ?",
        c->utility, after, (int)RECKON_AT_ONCE);
    for (size_t i = 0; i < l.n; i++) {
        const OpenRequest *q = &l.v[i];
        Time due = cal_add_business_minutes(c, (Id){ 0 }, q->created_at, (int64_t)q->resolution_hours * 60);
        if (!time_is_set(q->due_at) || time_compare(due, q->due_at))
            db_run(c, "update service_request set due_at = ? where id = ?", due, q->id);
    }
    return l.n < RECKON_AT_ONCE ? 0 : l.v[l.n - 1].id.id;
}

void service_requests_reckon(Ctx *c) {
    int64_t after = 0;
    do {
        ArenaMark here = mark(c);
        after = reckon_some(c, after);
        rewind_to(c, here);
    } while (after);
}

/* --- what staff see ----------------------------------------------------------------------------------------------- */

static const Choice request_states[] = {
    { "pending_approval", NULL }, { "awaiting_payment", NULL }, { "in_progress", NULL },
    { "on_hold", NULL },          { "estimate_sent", NULL },    { "completed", NULL },
    { "rejected", NULL },         { "cancelled", NULL },        { 0 }
};

static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };

/* Its parameters: the present moment, the utility. */
static const ListSpec requests = {
    .name = "service_requests",
    .path = "/cis/service-requests",
    .feature = "cis.service_requests",
    .id = "q.id",
    .from =
        "(select cast(? as datetime(6)) as at) moment join service_request q join service_type t on t.id = "
        "q.service_type_id left join account a on a.id = "
        "q.account_id left join consumer n on n.id = q.consumer_id left join premise m on m.id = a.premise_id",
    .where = "q.utility_id = ?",
    .columns =
        COLUMNS{ { "request_no", NULL, "q.request_no", LIST | SORT | SEARCH_START,
                   .link = "/cis/service-requests/{request_no}", .sub = "service" },
                 { "service", NULL, "t.name", 0 },
                 { "legacy_no", NULL, "q.legacy_no", SEARCH_START },
                 { "created_at", NULL, "q.created_at", LIST | SORT | FILTER },
                 { "account_no", NULL, "a.account_no", LIST | SEARCH_START, .link = "/cis/accounts/{account_no}" },
                 { "consumer_name", NULL, "coalesce(n.display_name, q.contact_name)", LIST, .place = "name" },
                 { "channel", NULL, "q.channel", LIST },
                 { "due_at", NULL, "if(q." REQUEST_PROMISED ", q.due_at, null)", LIST },
                 { "past_time", NULL, "(q." REQUEST_PROMISED " and q.due_at < moment.at)", FILTER, .choices = yes_no,
                   .more = 1 },
                 { "fee_amount_minor", NULL, "q.fee_amount_minor", LIST, .place = "amount" },
                 { "status", NULL, "q.status", LIST | FILTER, .choices = request_states, .many = 1 },
                 { 0 } },
    .order = "-created_at",
    .area = "m.sub_area_id"
};

void request_list_page(Req *r) {
    show_text(r, "page.title", word(r, "cis.requests"));
    list_show(r, &requests, r->c.now, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define REQUEST_SEEN(F, T)                                                                                             \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, service) F(T, const char *, status) F(T, const char *, channel) F(T, const char *, account_no)  \
        F(T, const char *, consumer_name) F(T, const char *, instructions) F(T, const char *, answers)                 \
            F(T, const char *, reject_reason) F(T, Money, fee) F(T, Time, created_at) F(T, const char *, legacy_no) \
                F(T, Time, due_at)
ROW(RequestSeen, REQUEST_SEEN)

static void show_answers(Req *r, const char *answers) {
    Json j = answers ? json_read(&r->c.mem, answers, strlen(answers), 64 * 1024, NULL) : (Json){ 0 };
    JsonMember *all = json_members(&r->c.mem, j);
    for (size_t i = 0; i < json_size(j); i++) {
        const char *value = json_text(all[i].value, "");
        if (value) show_text(r, text(r, "show.sections.0.text.%zu", i + 1), text(r, "%s: %s", all[i].name, value));
    }
}

void request_page(Req *r) {
    Ctx *c = &r->c;
    const char *no = path_text(r, "no");
    RequestSeen *q = db_find(
        c, RequestSeen,
        "select q.id, t.name as service, q.status, q.channel, a.account_no, coalesce(n.display_name, "
        "q.contact_name) as consumer_name, q.instructions, q.answers, q.reject_reason, q.fee_amount_minor as fee, "
        "q.created_at, q.legacy_no, if(q." REQUEST_PROMISED ", q.due_at, null) as due_at "
        "from service_request q join service_type t on t.id = q.service_type_id left join account a on a.id = "
        "q.account_id left join consumer n on n.id = q.consumer_id where q.utility_id = ? and q.request_no = ?",
        c->utility, no);
    if (!q) fail(c, NOT_FOUND, "There is no service request %s.", no);
    show_text(r, "show.status.tone", state_tone(r, q->status));
    show_text(r, "show.status.text", state_label(r, q->status));
    show_fact(r, "show.facts", word(r, "cis.case.service"), q->service, NULL);
    show_fact(r, "show.facts", word(r, "cis.case.channel"),
              payment_channel_words(c->language, q->channel, q->channel), NULL);
    show_fact(r, "show.facts", word(r, "cis.case.created"), locale_time_words(&c->mem, c->locale, q->created_at), NULL);
    if (time_is_set(q->due_at))
        show_fact(r, "show.facts", word(r, "cis.case.until"), locale_time_words(&c->mem, c->locale, q->due_at),
                  time_compare(q->due_at, c->now) < 0 ? word(r, "cis.case.past_time") : NULL);
    if (q->account_no) show_fact(r, "show.facts", word(r, "cis.account"), q->account_no, q->consumer_name);
    else if (q->consumer_name) show_fact(r, "show.facts", word(r, "cis.case.contact"), q->consumer_name, NULL);
    if (q->fee.minor) show_fact(r, "show.facts", word(r, "cis.case.fee"), locale_money(&c->mem, c->locale, q->fee),
                                NULL);
    if (q->legacy_no) show_fact(r, "show.facts", word(r, "cis.case.legacy"), q->legacy_no, NULL);
    show_text(r, "show.sections.0.title", word(r, "cis.case.asked"));
    show_text(r, "show.sections.0.kind", "text");
    show_text(r, "show.sections.0.text.0", q->instructions ? q->instructions : q->service);
    show_answers(r, q->answers);
    if (q->reject_reason)
        show_text(r, "show.sections.0.text.99", msg_format(r, c->language, "cis.case.rejected",
        { "reason", q->reject_reason }));
    TableView *t = table_start(r, "show.sections.1.table", word(r, "cis.case.files"));
    show_text(r, "show.sections.1.title", word(r, "cis.case.files"));
    table_column(t, word(r, "cis.case.file"), "text", "id");
    table_column(t, word(r, "cis.case.kind"), "text", NULL);
    table_rows_of(
        t, NULL,
        "select file_name, mime from document where utility_id = ? and entity = 'service_request' and entity_id = ? "
        "order by id",
        c->utility, q->id);
    table_empty(t, word(r, "cis.case.no_files"), word(r, "cis.case.nothing"));
    show_text(r, "page.title", msg_format(r, c->language, "cis.request.title", { "no", no }));
    show_text(r, "page.crumbs.0.text", word(r, "cis.requests"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/service-requests"));
    show_text(r, "page.crumbs.1.text", no);
    page(r, "layout/show");
}
