/*
 * Complaints (CIS01US05): what a module makes for a consumer, and what staff see of it; complaint_work.c moves
 * it on. A disputed bill has one open complaint; billing holds it back on the event
 * complaint.created.
 */
#include "app/cis/cis.h"

#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/pages.h"
#include "app/comms/comms.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { RESPONSE_HOURS = 16 }; /* business hours, until the service levels of CIS01US14 say it by type and priority */

/* Open: everything that has not ended. */
#define COMPLAINT_OPEN "status in ('pending', 'assigned', 'in_progress', 'on_hold', 'resolved')"

#define COMPLAINT_TYPE(F, T)                                                                                           \
    F(T, Id, id) F(T, const char *, name) F(T, const char *, default_priority) F(T, Id, team_id)
ROW(ComplaintType, COMPLAINT_TYPE)

static Money unpaid_of(Ctx *c, Id account, Id bill) {
    OpenItems items = open_items_lock(c, account);
    for (size_t i = 0; i < items.n; i++)
        if (!strcmp(items.v[i].type, "bill") && items.v[i].id.id == bill.id) return items.v[i].unpaid;
    return (Money){ 0 };
}

#define OPEN_DISPUTE(F, T)                                                                                             \
    F(T, Id, id) F(T, Id, bill_id) F(T, const char *, complaint_no) F(T, const char *, public_id) F(T, Money, disputed)
ROW(OpenDispute, OPEN_DISPUTE)

Disputes bill_disputes_open(Ctx *c, Id account) {
    OpenDisputes rows = db_all(
        c, OpenDispute,
        "select id, disputed_bill_id as bill_id, complaint_no, public_id, coalesce(disputed_amount_minor, 0) as "
        "disputed from complaint "
        "where account_id = ? and disputed_bill_id is not null and " COMPLAINT_OPEN " order by id",
        account);
    Disputes all = { take_n(c, Dispute, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++)
        all.v[i] = (Dispute){ rows.v[i].id, rows.v[i].bill_id, rows.v[i].complaint_no, rows.v[i].disputed };
    return all;
}

#define CASE_HEAD(F, T) F(T, const char *, complaint_no) F(T, const char *, status) F(T, Time, created_at)
ROW(CaseHeadRow, CASE_HEAD)

CaseHeads bill_complaints(Ctx *c, Id bill) {
    CaseHeadRows rows = db_all(c, CaseHeadRow, "select complaint_no, status, created_at from complaint where "
                                               "disputed_bill_id = ? and utility_id = ? order by id desc limit 20",
                               bill, c->utility);
    CaseHeads all = { take_n(c, CaseHead, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++)
        all.v[i] = (CaseHead){ rows.v[i].complaint_no, rows.v[i].status, rows.v[i].created_at };
    return all;
}

const char *payment_complaint_open(Ctx *c, Id account, const char *payment_no) {
    return db_text(c, "select complaint_no from complaint where account_id = ? "
                      "and json_value(extra, '$.payment_no') = ? and " COMPLAINT_OPEN " order by id limit 1",
                   account, payment_no);
}

static void check_dispute(Ctx *c, const NewComplaint *n) {
    account_lock(c, n->account);
    const char *no = db_text(
        c, "select complaint_no from complaint where disputed_bill_id = ? and " COMPLAINT_OPEN " limit 1", n->bill);
    if (no) fail(c, CONFLICT, "%s about this bill is open.", no);
    Money unpaid = unpaid_of(c, n->account, n->bill);
    if (n->disputed.minor > unpaid.minor)
        fail_field(c, INVALID, "amount", "At most %s can be disputed on this bill.",
                   locale_money(&c->mem, c->locale, unpaid));
}

static void tell(Ctx *c, const NewComplaint *n, const char *no) {
    Time until = cal_add_business_minutes(c, (Id){ 0 }, c->now, RESPONSE_HOURS * 60);
    NotifyField fields[] = {
        { "complaint.no", no },
        { "subject", n->subject },
        { "until", locale_date_words(&c->mem, c->locale, time_date(c->locale->zone, until)) },
        { "link", public_url(c, n->bill.id ? text(c, "/bills/%s", bill_by_id(c, n->bill)->bill_no) : "/home", true) },
        { 0 }
    };
    notify(c, "complaint_received", &(Recipient){ .account = n->account }, fields,
           &(NotifyOptions){ .channels = "email,sms,inapp", .dedup_key = text(c, "complaint:%s", no) });
}

Id complaint_create(Ctx *c, const NewComplaint *n) {
    ComplaintType *t = db_find(
        c, ComplaintType,
        "select id, name, default_priority, team_id from complaint_type where utility_id = ? and code = ? and "
        "active = 1",
        c->utility, n->type_code);
    if (!t) fail(c, INVALID, "There is no complaint type %s.", n->type_code);
    if (!n->account.id) fail(c, INVALID, "Give an account or a contact phone.");
    if (!n->description || strlen(n->description) < 10)
        fail_field(c, INVALID, "description", "Say in at least 10 characters what is wrong.");
    if (n->bill.id) check_dispute(c, n);
    const Account *a = account_get(c, n->account);
    const char *no = id_next(c, "complaint");
    Id id = db_insert(
        c,
        "insert into complaint (utility_id, complaint_no, consumer_id, account_id, premise_id, service_code, "
        "complaint_type_id, priority, channel, subject, description, disputed_bill_id, disputed_amount_minor, "
        "team_id, call_id, extra, created_at, created_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, no, n->consumer.id ? n->consumer : a->consumer, n->account, a->premise, n->service_code, t->id,
        t->default_priority, n->channel ? n->channel : "counter", n->subject, n->description, n->bill, n->disputed,
        t->team_id, n->call, n->extra, c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    audit_write(c, &(Audit){ .action = "create",
                             .entity = "complaint",
                             .id = id,
                             .number = no,
                             .version = 1,
                             .after = json_pairs(c, "type", n->type_code, "channel", n->channel, NULL) });
    const char *bill = n->bill.id ? text(c, "%lld", (long long)n->bill.id) : NULL;
    event_emit(c, &(Event){ .name = "complaint.created",
                            .entity = "complaint",
                            .id = id,
                            .number = no,
                            .account = n->account,
                            .consumer = a->consumer,
                            .payload = json_pairs(c, "complaint_no", no, "bill_id", bill, NULL) });
    tell(c, n, no);
    return id;
}

/* --- what staff see ----------------------------------------------------------------------------------------------- */

static const Choice complaint_states[] = {
    { "pending", NULL }, { "assigned", NULL }, { "in_progress", NULL }, { "on_hold", NULL },   { "resolved", NULL },
    { "closed", NULL },  { "rejected", NULL }, { "merged", NULL },      { "cancelled", NULL }, { 0 }
};

static const ListSpec complaints = {
    .name = "complaints",
    .path = "/cis/complaints",
    .feature = "cis.complaints",
    .id = "p.id",
    .area = "m.sub_area_id",
    .from =
        "complaint p join complaint_type t on t.id = p.complaint_type_id left join account a on a.id = p.account_id "
        "left join consumer n on n.id = p.consumer_id left join premise m on m.id = p.premise_id left join bill b "
        "on b.id = p.disputed_bill_id",
    .where = "p.utility_id = ?",
    .columns = COLUMNS{ { "complaint_no", NULL, "p.complaint_no", LIST | SORT | SEARCH_START,
                          .link = "/cis/complaints/{complaint_no}", .sub = "type" },
                        { "type", NULL, "t.name", 0 },
                        { "legacy_no", NULL, "p.legacy_no", SEARCH_START },
                        { "created_at", NULL, "p.created_at", LIST | SORT | FILTER },
                        { "account_no", NULL, "a.account_no", LIST | SEARCH_START,
                          .link = "/cis/accounts/{account_no}" },
                        { "consumer_name", NULL, "n.display_name", LIST, .place = "name" },
                        { "channel", NULL, "p.channel", LIST },
                        { "bill_no", NULL, "b.bill_no", LIST },
                        { "disputed_amount_minor", NULL, "p.disputed_amount_minor", LIST, .place = "amount" },
                        { "priority", NULL, "p.priority", LIST, .kind = "status" },
                        { "status", NULL, "p.status", LIST | FILTER, .choices = complaint_states, .many = 1 },
                        { 0 } },
    .order = "-created_at"
};

void complaint_list_page(Req *r) {
    show_text(r, "page.title", word(r, "cis.complaints"));
    list_show(r, &complaints, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define COMPLAINT(F, T)                                                                                                \
    F(T, Id, id)                                                                                                       \
    F(T, Id, area_id) F(T, const char *, type) F(T, const char *, priority) F(T, const char *, channel)                \
        F(T, const char *, subject) F(T, const char *, description) F(T, const char *, status)                         \
            F(T, const char *, account_no) F(T, const char *, consumer_name) F(T, const char *, bill_no)               \
                F(T, Money, disputed) F(T, const char *, lines) F(T, Time, created_at) \
                F(T, const char *, legacy_no) F(T, const char *, contact)
ROW(Complaint, COMPLAINT)

static void show_files(Req *r, const char *entity, Id id) {
    TableView *t = table_start(r, "show.sections.1.table", word(r, "cis.case.files"));
    show_text(r, "show.sections.1.title", word(r, "cis.case.files"));
    table_column(t, word(r, "cis.case.file"), "text", "id");
    table_column(t, word(r, "cis.case.kind"), "text", NULL);
    table_column(t, word(r, "cis.case.size"), "num", NULL);
    table_rows_of(
        t, NULL,
        "select file_name, mime, concat(ceil(size / 1024), ' KB') as bytes from document where utility_id = ? and "
        "entity = ? and entity_id = ? order by id",
        r->c.utility, entity, id);
    table_empty(t, word(r, "cis.case.no_files"), word(r, "cis.case.nothing"));
}

void complaint_page(Req *r) {
    Ctx *c = &r->c;
    const char *no = path_text(r, "no");
    Complaint *p = db_find(c, Complaint,
        "select p.id, m.sub_area_id as area_id, t.name as type, p.priority, p.channel, p.subject, p.description, "
        "p.status, a.account_no, n.display_name as consumer_name, b.bill_no, coalesce(p.disputed_amount_minor, "
        "0) as disputed, json_value(p.extra, '$.lines') as `lines`, p.created_at, p.legacy_no, "
        "nullif(concat_ws(', ', p.contact_name, p.contact_phone), '') as contact from complaint p "
        "join complaint_type t on t.id = p.complaint_type_id left join account a on a.id = p.account_id "
        "left join consumer n on n.id = p.consumer_id left join premise m on m.id = p.premise_id left join bill b "
        "on b.id = p.disputed_bill_id where p.utility_id = ? and p.complaint_no = ?",
        c->utility, no);
    if (!p) fail(c, NOT_FOUND, "There is no complaint %s.", no);
    if (p->area_id.id) scope_check_area(c, p->area_id);
    show_state(r, "show.status", p->status);
    show_text(r, "show.status.tone", state_tone(r, p->status));
    show_text(r, "show.status.text", state_label(r, p->status));
    show_fact(r, "show.facts", word(r, "cis.case.type"), p->type, NULL);
    show_fact(r, "show.facts", word(r, "cis.case.priority"), state_label(r, p->priority), NULL);
    show_fact(r, "show.facts", word(r, "cis.case.channel"),
              payment_channel_words(c->language, p->channel, p->channel), NULL);
    show_fact(r, "show.facts", word(r, "cis.case.created"), locale_time_words(&c->mem, c->locale, p->created_at), NULL);
    if (p->account_no) show_fact(r, "show.facts", word(r, "cis.account"), p->account_no, p->consumer_name);
    if (p->contact) show_fact(r, "show.facts", word(r, "cis.case.contact"), p->contact, NULL);
    if (p->legacy_no) show_fact(r, "show.facts", word(r, "cis.case.legacy"), p->legacy_no, NULL);
    show_text(r, "show.sections.0.title", p->subject);
    show_text(r, "show.sections.0.kind", "text");
    show_text(r, "show.sections.0.text.0", p->description);
    if (p->bill_no)
        show_text(r, "show.sections.0.text.1",
                  msg_format(r, c->language, p->lines ? "cis.complaint.disputed_lines" : "cis.complaint.disputed",
                             { "amount", locale_money(&c->mem, c->locale, p->disputed) }, { "bill", p->bill_no },
                             { "lines", p->lines }));
    show_files(r, "complaint", p->id);
    show_text(r, "page.title", msg_format(r, c->language, "cis.complaint.title", { "no", no }));
    show_text(r, "page.crumbs.0.text", word(r, "cis.complaints"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/complaints"));
    show_text(r, "page.crumbs.1.text", no);
    complaint_show_moves(r, p->id);
    history_aside(r, "complaint", p->id, NULL);
    page(r, "layout/show");
}
