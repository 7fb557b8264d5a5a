/*
 * Payments and receipts, to look at (CIS01US09; what takes money at the counter comes with the story).
 */
#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/list.h"
#include "lib/page.h"
#include "lib/table.h"

static const Choice payment_states[] = { { "posted", NULL }, { "pending_clearance", NULL }, { "reversed", NULL },
                                         { "partially_refunded", NULL }, { "refunded", NULL }, { 0 } };

static const ListSpec payments = {
    .name = "payments", .one = "payment", .many = "payments", .path = "/cis/payments", .feature = "cis.payments",
    .search_label = "Receipt, payment, account or reference", .id = "p.id",
    .from = "payment p left join account a on a.id = p.account_id left join consumer n on n.id = p.consumer_id "
            "left join premise m on m.id = a.premise_id join payment_channel ch on ch.id = p.channel_id "
            "join payment_mode o on o.id = p.mode_id",
    .where = "p.utility_id = ?",
    .columns = COLUMNS {
        { "payment_no",    "Payment",  "p.payment_no",  LIST | SORT | SEARCH_START, .sub = "receipt_no",
          .link = "/cis/payments/{payment_no}" },
        { "receipt_no",    "Receipt",  "p.receipt_no",  SEARCH_START },
        { "received_at",   "Received", "p.received_at", LIST | SORT | FILTER },
        { "account_no",    "Account",  "a.account_no",  LIST | SEARCH_START, .link = "/cis/accounts/{account_no}" },
        { "consumer_name", "Consumer", "n.display_name", LIST, .place = "name" },
        { "channel",       "Channel",  "ch.name",       LIST },
        { "mode",          "Mode",     "o.name",        LIST },
        { "mode_id",       "Mode",     "p.mode_id",     FILTER, .options = "select id as value, name as label "
            "from payment_mode where utility_id = ? order by sort" },
        { "reference",     "Reference", "p.reference",  SEARCH_START },
        { "amount_minor",  "Amount",   "p.amount_minor", LIST | SORT, .place = "amount" },
        { "unallocated_minor", "Credit", "p.unallocated_minor", LIST },
        { "status",        "Status",   "p.status",      LIST | FILTER, .choices = payment_states },
        { 0 } },
    .order = "-received_at" };

void payment_list_page(Req *r) {
    show_text(r, "page.title", "Payments");
    list_show(r, &payments, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

void payment_page(Req *r) {
    const char *no = path_text(r, "payment_no");
    Id id = db_id(r, "select id from payment where utility_id=? and payment_no=?", r->c.utility, no);
    if (!id.id) fail(r, NOT_FOUND, "There is no payment %s.", no);
    Id area = db_id(r, "select m.sub_area_id from payment p join account a on a.id = p.account_id "
                       "join premise m on m.id = a.premise_id where p.id=?", id);
    if (area.id) scope_check_area(&r->c, area);
    show_text(r, "page.title", text(r, "Payment %s", no));
    show_text(r, "page.crumbs.0.text", "Payments");
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/payments"));
    show_text(r, "page.crumbs.1.text", no);
    show_row(r, "payment", "select p.amount_minor, p.unallocated_minor, p.received_at, p.value_date, p.status, "
                           "p.reference, p.card_last4, p.payer_name, p.receipt_no, a.account_no, n.display_name, "
                           "ch.name as channel, o.name as mode "
             "from payment p left join account a on a.id=p.account_id left join consumer n on n.id=p.consumer_id "
             "join payment_channel ch on ch.id=p.channel_id join payment_mode o on o.id=p.mode_id where p.id=?", id);
    page(r, "cis/payment");
    show_text(r, "allocated.title", "What it paid");
    TableView *t = table_start(r, "allocated.table", "What the payment paid");
    table_column(t, "Item", "text", "id");
    table_column(t, "Amount", "money", "amount");
    table_column(t, "State", "status", "status");
    table_rows_of(t, NULL, "select coalesce((select concat('Bill ', b.bill_no) from bill b where g.target_type='bill' "
                           "and b.id=g.target_id), concat(upper(left(g.target_type,1)), substring(g.target_type,2), ' "
                           "', g.target_id)) as item, "
                  "g.amount_minor, if(g.undone_at is null, 'posted', 'reversed') as state from payment_allocation g "
                  "where g.payment_id=? order by g.id", id);
    table_empty(t, "Nothing yet", "The whole amount is credit of the account.");
    show_text(r, "ledger.title", "Ledger entries");
    TableView *l = table_start(r, "ledger.table", "Ledger entries of the payment");
    table_column(l, "Code", "code", "id");
    table_column(l, "Name", "text", "name");
    table_column(l, "Debit", "money", NULL);
    table_column(l, "Credit", "money", "amount");
    table_column(l, "Date", "date", NULL);
    table_rows_of(l, NULL, "select c.code, c.name, e.debit_minor, e.credit_minor, e.effective_date from ledger_entry e "
                           "join gl_code c on c.id=e.gl_code_id where e.source_type='payment' "
                           "and e.source_id=? order by e.id", id);
    table_empty(l, "No entries", "A payment that waits for clearance posts when it is cleared.");
}
