/*
 * Payments and receipts, to look at (CIS01US09; what takes money at the counter comes with the story).
 */
#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/list.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

static const Choice payment_states[] = { { "posted", NULL }, { "pending_clearance", NULL }, { "reversed", NULL },
                                         { "partially_refunded", NULL }, { "refunded", NULL }, { 0 } };

#define OF_ACCOUNT(where) \
    "select x.id from account y join payment x on x.account_id = y.id where y.utility_id = ? and " where

static const ListAction payment_actions[] = { { NULL, "/integrations/links/new", "plus", "cis.payments", CREATE,
                                                false },
                                              { 0 } };

static const ListSpec payments = {
    .name = "payments", .path = "/cis/payments", .feature = "cis.payments", .id = "p.id", .from = "payment p",
    .joins = FRAGMENTS { "left join account a on a.id = p.account_id", "left join consumer n on n.id = p.consumer_id",
                         "left join premise m on m.id = a.premise_id",
                         "join payment_channel ch on ch.id = p.channel_id", "join payment_mode o on o.id = p.mode_id",
                         NULL },
    .found = FRAGMENTS { "select x.id from payment x where x.utility_id = ? and x.payment_no like ?",
                         "select x.id from payment x where x.utility_id = ? and x.receipt_no like ?",
                         "select x.id from payment x where x.utility_id = ? and x.reference like ?",
                         OF_ACCOUNT("y.account_no like ?"), NULL },
    .index = "payment_list",
    .where = "p.utility_id = ?",
    .columns = COLUMNS {
        { "payment_no",    NULL,  "p.payment_no",  LIST | SORT | SEARCH_START, .sub = "receipt_no",
          .link = "/cis/payments/{payment_no}" },
        { "receipt_no",    NULL,  "p.receipt_no",  SEARCH_START },
        { "received_at",   NULL, "p.received_at", LIST | SORT | FILTER },
        { "account_no",    NULL,  "a.account_no",  LIST | SEARCH_START, .link = "/cis/accounts/{account_no}" },
        { "consumer_name", NULL, "n.display_name", LIST, .place = "name" },
        { "channel",       NULL,  "ch.name",       LIST },
        { "mode",          NULL,     "o.name",        LIST },
        { "by_mode",       NULL,     "o.code",        FILTER, .options = "select code as value, name as label "
            "from payment_mode where utility_id = ? order by sort" },
        { "service",       NULL, "p.currency", FILTER, .many = 1, .more = 1, .among =
          "exists (select 1 from payment_allocation l join bill_line n on n.bill_id = l.target_id and n.posts = 1 "
          "where l.payment_id = p.id and l.target_type = 'bill' and l.undone_at is null and n.service_code in (?))",
          .options = "select code as value, name as label from utility_service where utility_id = ? order by name" },
        { "reference",     NULL, "p.reference",  SEARCH_START },
        { "amount_minor",  NULL,   "p.amount_minor", LIST | SORT, .place = "amount" },
        { "unallocated_minor", NULL, "p.unallocated_minor", LIST },
        { "status",        NULL,   "p.status",      LIST | FILTER, .choices = payment_states,
          .index = "payment_list_status" },
        { 0 } },
    .order = "-received_at", .area = "m.sub_area_id", .actions = payment_actions };

const PageTab payment_tabs[] = {
    { "payments", "cis.payments", "/cis/payments", "cis.payments", NULL },
    { "payments", "cis.refunds",  "/cis/refunds",  "cis.refunds",  refunds_waiting },
    { 0 }
};

void payment_list_page(Req *r) {
    show_text(r, "page.title", word(r, "cis.payments"));
    page_tabs(r, "payments", "/cis/payments");
    list_show(r, &payments, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static void show_allocated(Req *r, Id payment) {
    show_text(r, "allocated.title", word(r, "cis.payment.paid"));
    TableView *t = table_start(r, "allocated.table", word(r, "cis.payment.paid"));
    table_column(t, word(r, "cis.item"), "text", "id");
    table_column(t, word(r, "cis.amount"), "money", "amount");
    table_column(t, word(r, "cis.state"), "status", "status");
    table_rows_of(t, NULL,
        "select coalesce((select concat('Bill ', b.bill_no) from bill b where g.target_type='bill' "
        "and b.id=g.target_id), concat(upper(left(g.target_type,1)), substring(g.target_type,2), ' ', "
        "g.target_id)) as item, g.amount_minor, if(g.undone_at is null, 'posted', 'reversed') as state "
        "from payment_allocation g where g.payment_id=? order by g.id",
        payment);
    table_empty(t, word(r, "cis.payment.paid_nothing"), word(r, "cis.payment.all_credit"));
}

static void show_refunds(Req *r, Id payment) {
    if (!perm_may(&r->c, "cis.refunds", VIEW) ||
        !db_int(r, "select count(*) from refund_request where payment_id=?", payment))
        return;
    show_text(r, "refunded.title", word(r, "cis.payment.refunds"));
    TableView *t = table_start(r, "refunded.table", word(r, "cis.payment.refunds"));
    table_column(t, word(r, "cis.payment.refund"), "code", "id");
    table_column(t, word(r, "cis.amount"), "money", "amount");
    table_column(t, word(r, "cis.reason"), "text", "name");
    table_column(t, word(r, "cis.status"), "status", "status");
    table_rows_of(t, "/cis/refunds/", "select refund_no, amount_minor, reason, status from refund_request "
                                      "where payment_id=? order by id", payment);
}

#define SOURCE_ROW(F, T) F(T, const char *, type) F(T, Id, id)
ROW(SourceRow, SOURCE_ROW)

/* Those of its refunds and of its chargebacks too. */
static void show_ledger(Req *r, Id payment) {
    SourceRows rows = db_all(r, SourceRow, "select 'payment' as type, cast(? as unsigned) as id union all select "
                                           "'refund_request', f.id from refund_request f where f.payment_id=? union "
                                           "all select 'dispute', v.dispute_id from payment_reversal v where "
                                           "v.payment_id=? and v.dispute_id is not null", payment, payment, payment);
    LedgerSource *all = take_n(r, LedgerSource, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) all[i] = (LedgerSource){ rows.v[i].type, rows.v[i].id };
    ledger_entries_show(r, "ledger", all, rows.n, word(r, "cis.payment.posts_later"));
}

void payment_page(Req *r) {
    const char *no = path_text(r, "payment_no");
    Id id = db_id(r, "select id from payment where utility_id=? and payment_no=?", r->c.utility, no);
    if (!id.id) fail(r, NOT_FOUND, "There is no payment %s.", no);
    Id area = db_id(r, "select m.sub_area_id from payment p join account a on a.id = p.account_id "
                       "join premise m on m.id = a.premise_id where p.id=?", id);
    if (area.id) scope_check_area(&r->c, area);
    show_text(r, "page.title", msg_format(r, r->c.language, "cis.payment.title", { "no", no }));
    show_text(r, "page.crumbs.0.text", word(r, "cis.payments"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/payments"));
    show_text(r, "page.crumbs.1.text", no);
    show_row(r, "payment", "select p.amount_minor, p.unallocated_minor, p.received_at, p.value_date, p.status, "
                           "p.reference, p.card_last4, p.payer_name, p.receipt_no, a.account_no, n.display_name, "
                           "ch.name as channel, o.name as mode "
             "from payment p left join account a on a.id=p.account_id left join consumer n on n.id=p.consumer_id "
             "join payment_channel ch on ch.id=p.channel_id join payment_mode o on o.id=p.mode_id where p.id=?", id);
    const char *account = db_text(r, "select a.account_no from payment p join account a on a.id=p.account_id "
                                     "where p.id=?", id);
    if (account) show_text(r, "account_url", link_path(r, "/cis/accounts/%s", account));
    if (perm_may(&r->c, "cis.refunds", CREATE) && payment_refund_left(r, id).minor > 0) {
        show_text(r, "page.actions.0.text", word(r, "cis.refund.do"));
        show_text(r, "page.actions.0.url", link_path(r, "/cis/payments/%s/refund", no));
    }
    show_allocated(r, id);
    show_refunds(r, id);
    show_ledger(r, id);
    page(r, "cis/payment");
}
