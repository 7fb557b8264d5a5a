/*
 * The bill viewer (BX04US01), what stands beside a published bill: payments put on it, every attempt to deliver it,
 * notes that
 * nobody edits, and whether it is disputed (no late fee and no dunning then).
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/billing/run_page.h"
#include "app/core/core.h"
#include "lib/locale.h"
#include "lib/resource.h"

/* --- payments ----------------------------------------------------------------------------------------------------- */

static void show_payments(Req *r, Id bill) {
    show_text(r, "show.sections.0.title", word(r, "billing.bill.tab_payments"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "billing.bill.tab_payments"));
    table_column(t, word(r, "billing.bill.payment"), "code", "id");
    table_column(t, word(r, "billing.bill.received"), "date", NULL);
    table_column(t, word(r, "billing.run.channel"), "text", "name");
    table_column(t, word(r, "billing.run.amount"), "money", "amount");
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_rows_of(t, "/cis/payments/",
        "select p.payment_no, p.received_at, h.name as channel, l.amount_minor, if(l.undone_at is null, p.status, "
        "'reversed') as state from payment_allocation l join payment p on p.id = l.payment_id "
        "left join payment_channel h on h.id = p.channel_id where l.target_type = 'bill' "
        "and l.target_id = ? order by l.id",
        bill);
    table_empty(t, word(r, "billing.bill.payments_none"), NULL);
}

/* --- delivery ----------------------------------------------------------------------------------------------------- */

static void show_deliveries(Req *r, Id bill) {
    show_text(r, "show.sections.0.title", word(r, "billing.bill.tab_delivery"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "billing.bill.tab_delivery"));
    table_column(t, word(r, "billing.run.channel"), "text", "id");
    table_column(t, word(r, "billing.bill.address"), "text", "name");
    table_column(t, word(r, "billing.bill.sent"), "date", NULL);
    table_column(t, word(r, "billing.bill.tries"), "num", NULL);
    table_column(t, word(r, "billing.run.message"), "text", NULL);
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_rows_of(t, NULL, "select channel, address, sent_at, attempts, reason, state from bill_delivery where "
                           "bill_id = ? "
                           "order by id desc", bill);
    table_empty(t, word(r, "billing.bill.delivery_none"), NULL);
}

/* --- notes -------------------------------------------------------------------------------------------------------- */

static const Form note_form = { .name = "bill_note", .fields = FIELDS {
    { "text", LONG_TEXT(1, 1000), .flags = REQUIRED },
      { 0 } } };

static void show_notes(Req *r, Id bill) {
    show_text(r, "show.sections.0.title", word(r, "billing.bill.tab_notes"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "billing.bill.tab_notes"));
    table_column(t, word(r, "billing.bill.written"), "date", "id");
    table_column(t, word(r, "billing.bill.author"), "text", NULL);
    table_column(t, word(r, "billing.run.note"), "text", "name");
    table_rows_of(t, NULL, "select n.at as written_at, u.full_name, n.text from bill_note n left join user u on "
                           "u.id = n.author_id "
                           "where n.bill_id = ? order by n.id desc limit 200", bill);
    table_empty(t, word(r, "billing.bill.notes_none"), NULL);
    if (!perm_may(&r->c, "bx.bill", CREATE)) return;
    show_text(r, "show.sections.1.title", word(r, "billing.bill.note_add"));
    form_show(r, "show.sections.1.form", &note_form, text(r, "/bx/bills/%s/notes", url_part(r, path_text(r, "no"))));
}

static void show_documents(Req *r, Id bill) {
    show_text(r, "show.sections.2.title", word(r, "billing.bill.documents"));
    TableView *t = table_start(r, "show.sections.2.table", word(r, "billing.bill.documents"));
    table_column(t, word(r, "billing.bill.file"), "text", "id");
    table_column(t, word(r, "billing.bill.made"), "date", NULL);
    table_column(t, word(r, "billing.bill.sha256"), "code", "name");
    table_rows_of(t, NULL, "select d.file_name, d.created_at as made_at, lower(hex(b.pdf_sha256)) as sha256 "
                           "from bill b "
                           "join document d on d.id = b.pdf_document_id where b.id = ?", bill);
    table_empty(t, word(r, "billing.bill.documents_none"), NULL);
}

void bill_note_post(Req *r) {
    Input *in = form_read(r, &note_form);
    problems_end(r);
    Id bill = bill_head(r, "notes");
    Id made = db_insert(r, "insert into bill_note (utility_id, bill_id, text, author_id, at) values (?,?,?,?,?)",
                        r->c.utility,
                        bill, in_text(in, "text"), r->c.user, r->c.now);
    audit_note(&r->c, "note", "bill", bill, path_text(r, "no"), NULL);
    (void)made;
    note(r, "%s", word(r, "billing.run.noted"));
    go(r, "/bx/bills/%s/notes", url_part(r, path_text(r, "no")));
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

bool bill_tab_show(Req *r, const char *tab, Id bill) {
    bool payments = !strcmp(tab, "payments"), delivery = !strcmp(tab, "delivery"), notes = !strcmp(tab, "notes");
    if (payments) show_payments(r, bill);
    if (delivery) show_deliveries(r, bill);
    if (notes) show_notes(r, bill), show_documents(r, bill);
    return payments || delivery || notes;
}

static const Form dispute_form = { .name = "bill_dispute", .fields = FIELDS {
    { "reason", LONG_TEXT(5, 500), .flags = REQUIRED }, { 0 } } };

static bool is_disputed(Req *r, Id bill) { return db_int(r, "select dispute_hold from bill where id = ?", bill) != 0; }

void bill_dispute_page(Req *r) {
    Id bill = bill_head(r, "");
    bool disputed = is_disputed(r, bill);
    const char *path = text(r, "/bx/bills/%s", url_part(r, path_text(r, "no")));
    show_text(r, "page.title", word(r, disputed ? "billing.bill.dispute_clear" : "billing.bill.dispute"));
    form_show(r, "confirm", &dispute_form, text(r, "%s/dispute", path));
    show_text(r, "confirm.text.0", word(r, disputed ? "billing.bill.dispute_clear_how" : "billing.bill.dispute_how"));
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.back_url", link_path(r, "%s", path));
    page(r, "layout/confirm");
}

void bill_dispute_post(Req *r) {
    Input *in = form_read(r, &dispute_form);
    problems_end(r);
    Id bill = bill_head(r, "");
    if (!db_int(r, "select count(*) from bill where id = ? and status = 'published'", bill))
        fail(r, CONFLICT, "Only a published bill is disputed.");
    bool disputed = is_disputed(r, bill);
    bill_dispute(&r->c, bill, !disputed, in_text(in, "reason"));
    note(r, "%s", word(r, disputed ? "billing.bill.dispute_is_cleared" : "billing.bill.is_disputed"));
    go(r, "/bx/bills/%s", url_part(r, path_text(r, "no")));
}
