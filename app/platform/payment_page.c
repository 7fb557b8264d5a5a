/*
 * Invoices and their payments on pages: the organization's own (pay, receipt, who gets the bills) and the platform's
 * (all payments, money that pays no invoice). What happens is in payment.c.
 */
#include <string.h>

#include "app/platform/payment.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

static const char *day_words(Ctx *c, Date d) {
    return c->locale ? locale_date(&c->mem, c->locale, d) : date_iso(&c->mem, d);
}

static const char *time_words(Ctx *c, Time t) {
    return !time_is_set(t) ? NULL : c->locale ? locale_time_words(&c->mem, c->locale, t) : time_iso(&c->mem, t);
}

/* --- an invoice --------------------------------------------------------------------------------------------------- */

#define INVOICE_FULL(F, T) F(T, Id, id) F(T, const char *, number) F(T, const char *, lines) F(T, Money, total_minor) \
    F(T, const char *, currency) F(T, Date, issued_on) F(T, Date, due_on) F(T, const char *, status) \
    F(T, Time, paid_at) F(T, const char *, payment_ref) F(T, const char *, buyer) F(T, const char *, address) \
    F(T, const char *, tax_no) F(T, const char *, reference) F(T, const char *, contract_no)
ROW(InvoiceFull, INVOICE_FULL)

static InvoiceFull *invoice_here(Req *r, Id tenant) {
    InvoiceFull *i = db_find(
        r, InvoiceFull,
        "select i.id, i.number, i.`lines`, i.total_minor, i.currency, i.issued_on, i.due_on, i.status, i.paid_at, "
        "i.payment_ref, coalesce(s.billing_name, t.name) as buyer, s.billing_address as address, "
        "s.billing_tax_no as tax_no, s.billing_reference as reference, s.contract_no "
        "from smart360.subscription_invoice i join smart360.subscription s on s.id = i.subscription_id "
        "join smart360.tenant t on t.id = i.tenant_id where i.tenant_id = ? and i.number = ?", tenant,
        path_text(r, "no"));
    if (!i) fail(r, NOT_FOUND, "There is no such invoice.");
    return i;
}

static void show_lines(Req *r, const char *at_, const InvoiceFull *i) {
    Ctx *c = &r->c;
    show_text(r, text(r, "%s.title", at_), word(r, "platform.lines"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.lines"));
    table_column(t, word(r, "platform.line"), "text", "id");
    table_column(t, text(r, "%s, %s", word(r, "platform.amount"), i->currency), "money", "amount");
    Json l = json_read(&c->mem, i->lines, strlen(i->lines), JSON_SIZE_MAX, NULL);
    for (size_t k = 0; k < json_size(l); k++) {
        int64_t n = 0;
        json_int(json_item(l, k), "amount_minor", &n);
        table_row(t, NULL);
        table_cell(t, json_text(json_item(l, k), "text"));
        table_cell(t, money_decimal(&c->mem, (Money){ n }, currency_exponent(i->currency)));
    }
    table_foot(t, word(r, "platform.total"));
    table_foot(t, money_decimal(&c->mem, i->total_minor, currency_exponent(i->currency)));
}

#define TRY_ROW(F, T) F(T, const char *, public_id) F(T, const char *, payment_no) F(T, const char *, state) \
    F(T, Money, amount_minor) F(T, const char *, currency) F(T, Time, created_at) F(T, const char *, started_by) \
    F(T, const char *, card_last4) F(T, const char *, receipt_no) F(T, const char *, surplus) \
    F(T, const char *, failure_text)
ROW(TryRow, TRY_ROW)

static void show_tries(Req *r, const char *at_, const InvoiceFull *i, const char *path) {
    Ctx *c = &r->c;
    TryRows l = db_all(c, TryRow, "select public_id, payment_no, state, amount_minor, currency, created_at, "
                                  "started_by, card_last4, receipt_no, surplus, failure_text "
                                  "from smart360.subscription_payment where invoice_id = ? order by id desc limit 20",
                       i->id);
    if (!l.n) return;
    show_text(r, text(r, "%s.title", at_), word(r, "platform.payments"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.payments"));
    table_column(t, word(r, "platform.payment"), "code", "id");
    table_column(t, word(r, "platform.begun"), "text", NULL);
    table_column(t, word(r, "platform.receipt"), "code", "name");
    table_column(t, word(r, "platform.status"), "status", "status");
    for (size_t k = 0; k < l.n; k++) {
        const TryRow *p = &l.v[k];
        table_row(t, text(r, "%s/%s", path, strncmp(path, "/org", 4) ? p->payment_no : p->public_id));
        table_cell(t, p->payment_no);
        if (p->card_last4) table_sub(t, text(r, "•••• %s", p->card_last4));
        table_cell(t, time_words(c, p->created_at));
        table_sub(t, p->started_by);
        table_cell(t, p->receipt_no ? p->receipt_no : "");
        if (p->failure_text) table_sub(t, p->failure_text);
        table_state(t, p->state);
    }
}

static void show_invoice(Req *r, const InvoiceFull *i, const char *payments) {
    Ctx *c = &r->c;
    show_text(r, "page.title", i->number);
    show_text(r, "show.status.text", state_label(r, i->status));
    show_text(r, "show.status.tone", state_tone(r, i->status));
    show_fact(r, "show.facts", word(r, "platform.total"), sub_amount(c, i->total_minor, i->currency), NULL);
    show_fact(r, "show.facts", word(r, "platform.issued"), day_words(c, i->issued_on), NULL);
    show_fact(r, "show.facts", word(r, "platform.due"), day_words(c, i->due_on), NULL);
    if (time_is_set(i->paid_at))
        show_fact(r, "show.facts", word(r, "platform.paid_at"), time_words(c, i->paid_at), i->payment_ref);
    show_fact(r, "show.facts", word(r, "platform.buyer"), i->buyer, i->reference);
    show_lines(r, "show.sections.0", i);
    show_tries(r, "show.sections.1", i, payments);
    sub_refunds_show(r, "show.sections.2", (Id){ 0 }, i->id);
}

void my_invoice_page(Req *r) {
    Ctx *c = &r->c;
    InvoiceFull *i = invoice_here(r, c->tenant);
    show_invoice(r, i, "/org/subscription/payments");
    show_text(r, "page.crumbs.0.text", word(r, "platform.subscription"));
    show_text(r, "page.crumbs.0.url", "/org/subscription");
    show_text(r, "page.crumbs.1.text", i->number);
    show_text(r, "page.actions.0.text", word(r, "platform.print"));
    show_text(r, "page.actions.0.url", text(r, "/org/subscription/invoices/%s/print", i->number));
    show_text(r, "page.actions.1.text", word(r, "platform.pdf"));
    show_text(r, "page.actions.1.url", text(r, "/org/subscription/invoices/%s/pdf", i->number));
    const HouseAccount *a = strcmp(i->status, "open") ? NULL : platform_account_active(c);
    if (!strcmp(i->status, "open") && !a) show_text(r, "show.notices.0.text", word(r, "platform.pay_closed"));
    bool takes = a && house_takes(a->driver, i->currency);
    if (a && !takes)
        show_text(r, "show.notices.0.text", msg_format(r, c->language, "platform.pay_currency",
                                                       { "currency", i->currency }, { "name", a->label }));
    if (takes && perm_may(c, "core.subscription", EDIT)) {
        show_text(r, "show.moves.0.text", msg_format(r, c->language, "platform.pay",
                                                     { "amount", sub_amount(c, i->total_minor, i->currency) }));
        show_text(r, "show.moves.0.url", text(r, "/org/subscription/invoices/%s/payment", i->number));
        show_text(r, "show.moves.0.post", "1");
        show_text(r, "show.moves.0.kind", "primary");
        if (strcmp(a->mode, "live")) {
            show_text(r, "show.badges.0.text", word(r, "hub.mode.test"));
            show_text(r, "show.badges.0.tone", "info");
        }
    }
    page(r, "layout/show");
}

void tenant_invoice_page(Req *r) {
    Tenant *t = tenant_of(r);
    InvoiceFull *i = invoice_here(r, t->id);
    platform_menu(r, "tenants");
    show_invoice(r, i, "/platform/payments");
    show_text(r, "page.crumbs.0.text", t->name);
    show_text(r, "page.crumbs.0.url", text(r, "/platform/tenants/%s", t->slug));
    show_text(r, "page.crumbs.1.text", i->number);
    show_text(r, "page.actions.0.text", word(r, "platform.pdf"));
    show_text(r, "page.actions.0.url", text(r, "/platform/tenants/%s/invoices/%s/pdf", t->slug, i->number));
    history_aside(r, "subscription_invoice", i->id, NULL);
    page(r, "layout/show");
}

#define SOLD_BY(F, T) F(T, const char *, name) F(T, const char *, address) F(T, const char *, tax_no) \
    F(T, const char *, email)
ROW(SoldBy, SOLD_BY)

/* For paper: an invoice, and when it is paid its receipt. */
void my_invoice_print(Req *r) {
    Ctx *c = &r->c;
    InvoiceFull *i = invoice_here(r, c->tenant);
    SoldBy *s = db_one(c, SoldBy, "select name, address, tax_no, email from smart360.platform_seller");
    show_text(r, "page.title", msg_format(r, c->language, "platform.invoice_no", { "no", i->number }));
    show_text(r, "page.shell", "print");
    const char *const who[][2] = { { s->name, i->buyer }, { s->address, i->address }, { s->tax_no, i->tax_no },
                                   { s->email, i->reference } };
    for (size_t k = 0, n = 0, m = 0; k < 4; k++) {
        if (who[k][0]) show_text(r, at(r, "seller", n++, NULL), who[k][0]);
        if (who[k][1]) show_text(r, at(r, "buyer", m++, NULL), who[k][1]);
    }
    show_text(r, "issued", day_words(c, i->issued_on));
    show_text(r, "due", day_words(c, i->due_on));
    show_text(r, "contract", i->contract_no);
    show_text(r, "paid", time_words(c, i->paid_at));
    show_text(r, "paid_by", i->payment_ref);
    show_text(r, "state", state_label(r, i->status));
    Json l = json_read(&c->mem, i->lines, strlen(i->lines), JSON_SIZE_MAX, NULL);
    for (size_t k = 0; k < json_size(l); k++) {
        int64_t n = 0;
        json_int(json_item(l, k), "amount_minor", &n);
        show_text(r, at(r, "rows", k, "text"), json_text(json_item(l, k), "text"));
        show_text(r, at(r, "rows", k, "amount"), money_decimal(&c->mem, (Money){ n }, currency_exponent(i->currency)));
    }
    show_text(r, "total", sub_amount(c, i->total_minor, i->currency));
    show_text(r, "refunded", sub_refunds_words(c, i->id));
    page(r, "platform/invoice");
}

/* --- paying ------------------------------------------------------------------------------------------------------- */

void my_invoice_pay(Req *r) {
    Ctx *c = &r->c;
    Id id = db_id(c, "select id from smart360.subscription_invoice where tenant_id = ? and number = ?", c->tenant,
                  path_text(r, "no"));
    if (!id.id) fail(r, NOT_FOUND, "There is no such invoice.");
    const SubPayment *p = sub_payment_begin(c, id);
    if (!strcmp(p->state, "requires_action") && p->redirect_url) go_to(r, p->redirect_url);
    else go_to(r, text(r, "/org/subscription/payments/%s", p->public_id));
}

static const char *outcome_of(const SubPayment *p) {
    return sub_payment_is_open(p) ? "pending" : !strcmp(p->state, "succeeded") ? p->surplus ? "surplus" : "done"
        : "failed";
}

/* Where the gateway's page sends the browser: what the database says, not what the address says. */
void my_payment_page(Req *r) {
    Ctx *c = &r->c;
    SubPayment *p = sub_payment_find(c, path_text(r, "id"));
    if (!p || p->tenant_id.id != c->tenant.id) fail(r, NOT_FOUND, "There is no such payment.");
    sub_payment_look(c, p);
    const char *outcome = outcome_of(p), *invoice = text(r, "/org/subscription/invoices/%s", p->invoice_no);
    show_text(r, "page.title", msg_format(r, c->language, "platform.payment_of", { "no", p->invoice_no }));
    show_text(r, "page.crumbs.0.text", word(r, "platform.subscription"));
    show_text(r, "page.crumbs.0.url", "/org/subscription");
    show_text(r, "page.crumbs.1.text", p->invoice_no);
    show_text(r, "page.crumbs.1.url", invoice);
    show_text(r, "page.crumbs.2.text", p->payment_no);
    show_text(r, "job.state_text", state_label(r, p->state));
    show_text(r, "job.tone", !strcmp(outcome, "done") ? "ok" : !strcmp(outcome, "pending") ? "hold" : "bad");
    show_text(r, "job.note", word(r, text(r, "platform.pay_%s", outcome)));
    if (!strcmp(outcome, "pending")) {
        int64_t asked = query_int(r, "n", 0);
        if (asked < 60)
            show_text(r, "job.poll_url", text(r, "/org/subscription/payments/%s?n=%lld", p->public_id,
                                              (long long)asked + 1));
        if (p->redirect_url && !strcmp(p->state, "requires_action")) {
            show_text(r, "job.actions.0.text", word(r, "platform.pay_on"));
            show_text(r, "job.actions.0.url", text(r, "%s/payment", invoice));
            show_text(r, "job.actions.0.post", "1");
        }
    } else {
        show_text(r, "job.actions.0.text", word(r, "platform.to_invoice"));
        show_text(r, "job.actions.0.url", invoice);
    }
    static const char facts[] = "job.sections.0.facts";
    show_text(r, "job.sections.0.title", p->payment_no);
    show_fact(r, facts, word(r, "platform.amount"),
              p->received_minor.minor ? sub_amount(c, p->received_minor, p->received_currency)
                                      : sub_amount(c, p->amount_minor, p->currency), NULL);
    if (p->receipt_no) show_fact(r, facts, word(r, "platform.receipt"), p->receipt_no, NULL);
    if (p->card_last4) show_fact(r, facts, word(r, "platform.card"), text(r, "•••• %s", p->card_last4), NULL);
    if (p->failure_text) show_fact(r, facts, word(r, "platform.why"), p->failure_text, NULL);
    page(r, "layout/job");
}

/* --- who gets the bills ------------------------------------------------------------------------------------------- */

static const Form contact_form = { .name = "billing_contact", .fields = FIELDS {
    { "billing_name",      TEXT(2, 150) },
    { "billing_email",     EMAIL },
    { "billing_address",   LONG_TEXT(0, 400) },
    { "billing_tax_no",    TEXT(0, 40) },
    { "billing_reference", TEXT(0, 60) },
    { 0 } } };

#define CONTACT(F, T) F(T, Id, id) F(T, const char *, billing_name) F(T, const char *, billing_email) \
    F(T, const char *, billing_address) F(T, const char *, billing_tax_no) F(T, const char *, billing_reference) \
    F(T, int, row_version)
ROW(Contact, CONTACT)

static Contact *contact_of(Ctx *c) {
    Contact *s = db_find(c, Contact, "select id, billing_name, billing_email, billing_address, billing_tax_no, "
                                     "billing_reference, row_version from smart360.subscription where tenant_id = ? "
                                     "and live = 1", c->tenant);
    if (!s) fail(c, CONFLICT, "%s", msg(c->language, "platform.no_subscription"));
    return s;
}

void my_contact_page(Req *r) {
    Contact *s = contact_of(&r->c);
    FormView *v = form_show(r, "form", &contact_form, "/org/subscription/contact");
    form_text(v, "billing_name", s->billing_name);
    form_text(v, "billing_email", s->billing_email);
    form_text(v, "billing_address", s->billing_address);
    form_text(v, "billing_tax_no", s->billing_tax_no);
    form_text(v, "billing_reference", s->billing_reference);
    form_version(v, s->row_version);
    show_text(r, "form.intro", word(r, "platform.contact_how"));
    show_text(r, "form.cancel_url", "/org/subscription");
    show_text(r, "page.title", word(r, "platform.contact"));
    show_text(r, "page.crumbs.0.text", word(r, "platform.subscription"));
    show_text(r, "page.crumbs.0.url", "/org/subscription");
    show_text(r, "page.crumbs.1.text", word(r, "platform.contact"));
    page(r, "layout/form");
}

static const char *contact_json(Ctx *c, const Contact *s) {
    return json_pairs(c, "billing_name", s->billing_name, "billing_email", s->billing_email, "billing_address",
                      s->billing_address, "billing_tax_no", s->billing_tax_no, "billing_reference",
                      s->billing_reference, NULL);
}

void my_contact_save(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &contact_form);
    problems_end(r);
    Contact *s = contact_of(c), n = *s;
    n.billing_name = in_text(in, "billing_name"), n.billing_email = in_text(in, "billing_email");
    n.billing_address = in_text(in, "billing_address"), n.billing_tax_no = in_text(in, "billing_tax_no");
    n.billing_reference = in_text(in, "billing_reference");
    db_must(c, 1, CONFLICT,
            "update smart360.subscription set billing_name = ?, billing_email = ?, billing_address = ?, "
            "billing_tax_no = ?, billing_reference = ?, updated_at = ?, row_version = row_version + 1 where id = ? "
            "and row_version = ?", n.billing_name, n.billing_email, n.billing_address, n.billing_tax_no,
            n.billing_reference, c->now, s->id, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "subscription", .id = s->id, .version = s->row_version + 1,
                             .before = contact_json(c, s), .after = contact_json(c, &n) });
    note(r, "%s", word(r, "ui.saved"));
    go_to(r, "/org/subscription");
}

/* --- the platform's list ------------------------------------------------------------------------------------------ */

static const Choice payment_states[] = { { "created", NULL }, { "requires_action", NULL }, { "processing", NULL },
    { "succeeded", NULL }, { "failed", NULL }, { "failed_to_start", NULL }, { "cancelled", NULL }, { "expired", NULL },
    { 0 } };
static const Choice surpluses[] = { { "paid_already", "platform.surplus.paid_already" },
    { "amount", "platform.surplus.amount" }, { "currency", "platform.surplus.currency" }, { 0 } };

static const ListSpec payments = {
    .name = "subscription_payments", .one = "payment", .many = "payments", .path = "/platform/payments",
    .feature = "platform.tenants",
    .from = "smart360.subscription_payment p join smart360.subscription_invoice i on i.id = p.invoice_id "
            "join smart360.tenant t on t.id = p.tenant_id", .id = "p.id",
    .columns = COLUMNS {
        { "payment_no",   NULL, "p.payment_no", LIST | SEARCH, .kind = "code",
          .link = "/platform/payments/{payment_no}", .place = "id" },
        { "tenant",       NULL, "t.name", LIST | SEARCH, .place = "name" },
        { "invoice_no",   NULL, "i.number", LIST | SEARCH, .kind = "code" },
        { "receipt_no",   NULL, "p.receipt_no", LIST | SEARCH, .kind = "code" },
        { "amount_minor", NULL, "p.amount_minor", LIST, .place = "amount", .currency = "currency" },
        { "currency",     NULL, "p.currency", 0 },
        { "refunded",     NULL, "(select group_concat(f.refund_no order by f.id separator ', ') "
                                "from smart360.subscription_refund f where f.payment_id = p.id "
                                "and f.state = 'succeeded')", LIST, .kind = "code" },
        { "created_at",   NULL, "p.created_at", LIST | SORT },
        { "surplus",      NULL, "p.surplus", LIST | FILTER, .choices = surpluses },
        { "state",        NULL, "p.state", LIST | FILTER, .choices = payment_states },
        { 0 } },
    .order = "-created_at", .empty_title = "No payments yet",
};

void sub_payments_page(Req *r) {
    platform_menu(r, "payments");
    show_text(r, "page.title", word(r, "platform.payments"));
    list_show_(r, &payments, NULL, 0);
    if (!r->status) page(r, "layout/list");
}

static const Form settle_form = { .name = "surplus", .fields = FIELDS {
    { "surplus_note", LONG_TEXT(3, 300), .flags = REQUIRED }, { 0 } } };

static SubPayment *payment_here(Req *r) {
    SubPayment *p = sub_payment_no(&r->c, path_text(r, "no"));
    if (!p) fail(r, NOT_FOUND, "There is no such payment.");
    return p;
}

static bool refunds_wait(Ctx *c, const SubPayment *p) {
    return db_int(c, "select exists (select 1 from smart360.subscription_refund where payment_id = ? "
                     "and state = 'submitted')", p->id) != 0;
}

void sub_payment_show(Req *r) {
    Ctx *c = &r->c;
    SubPayment *p = payment_here(r);
    const char *slug = db_text(c, "select slug from smart360.tenant where id = ?", p->tenant_id);
    platform_menu(r, "payments");
    show_text(r, "page.title", p->payment_no);
    show_text(r, "page.crumbs.0.text", word(r, "platform.payments"));
    show_text(r, "page.crumbs.0.url", "/platform/payments");
    show_text(r, "page.crumbs.1.text", p->payment_no);
    show_text(r, "show.status.text", state_label(r, p->state));
    show_text(r, "show.status.tone", state_tone(r, p->state));
    show_fact(r, "show.facts", word(r, "platform.tenant"), slug, NULL);
    show_fact(r, "show.facts", word(r, "platform.invoice"), p->invoice_no, NULL);
    show_fact(r, "show.facts", word(r, "platform.amount"), sub_amount(c, p->amount_minor, p->currency), NULL);
    if (p->received_minor.minor)
        show_fact(r, "show.facts", word(r, "platform.received_amount"),
                  sub_amount(c, p->received_minor, p->received_currency), NULL);
    if (p->receipt_no) show_fact(r, "show.facts", word(r, "platform.receipt"), p->receipt_no, NULL);
    show_fact(r, "show.facts", word(r, "platform.begun"), time_words(c, p->created_at), p->started_by);
    if (p->provider_payment_id)
        show_fact(r, "show.facts", word(r, "platform.at_gateway"), p->provider_payment_id, NULL);
    if (p->failure_text) show_fact(r, "show.facts", word(r, "platform.why"), p->failure_text, NULL);
    bool may = perm_may(c, "platform.tenants", EDIT);
    Money left = sub_payment_left(c, p);
    if (may && (sub_payment_is_open(p) || refunds_wait(c, p))) {
        show_text(r, "page.actions.0.text", word(r, "platform.ask"));
        show_text(r, "page.actions.0.url", text(r, "/platform/payments/%s/check", p->payment_no));
        show_text(r, "page.actions.0.post", "1");
    }
    if (p->surplus) {
        show_text(r, "show.notices.0.tone", p->surplus_note ? "info" : "warn");
        show_text(r, "show.notices.0.strong", word(r, text(r, "platform.surplus.%s", p->surplus)));
        show_text(r, "show.notices.0.text", p->surplus_note ? p->surplus_note : word(r, "platform.surplus_how"));
    }
    if (p->surplus && !p->surplus_note && may) {
        show_text(r, "show.sections.0.title", word(r, "platform.surplus_done"));
        form_show(r, "show.sections.0.form", &settle_form, text(r, "/platform/payments/%s/surplus", p->payment_no));
    }
    sub_refunds_show(r, "show.sections.1", p->id, (Id){ 0 });
    if (left.minor > 0 && !p->surplus_note && perm_may(c, "platform.tenants", APPROVE))
        sub_refund_form(r, "show.sections.2", p, left);
    history_aside(r, "subscription_payment", p->id, NULL);
    page(r, "layout/show");
}

/* The job runs in the payer's tenant: its invoice is paid there. */
void sub_payment_check(Req *r) {
    Ctx *c = &r->c;
    SubPayment *p = payment_here(r);
    if (!sub_payment_is_open(p) && !refunds_wait(c, p))
        fail(r, CONFLICT, "This payment is %s.", state_label(r, p->state));
    TenantRow *t = tenant_by_id(c, p->tenant_id);
    const char *language = c->language;
    const Locale *locale = c->locale;
    tenant_enter(c, t);
    if (sub_payment_is_open(p))
        job_enqueue(c, &(NewJob){ .kind = "subscription.payment", .unique_key = p->payment_no,
                                  .payload = text(c, "{\"payment\":%lld}", (long long)p->id.id) });
    else sub_refunds_look(c, p->tenant_id, c->now);
    tenant_leave(c);
    c->language = language;
    c->locale = (Locale *)(uintptr_t)locale;
    note(r, "%s", word(r, "platform.asking"));
    go(r, "/platform/payments/%s", p->payment_no);
}

void sub_payment_settle(Req *r) {
    Ctx *c = &r->c;
    SubPayment *p = payment_here(r);
    Input *in = form_read(r, &settle_form);
    problems_end(r);
    if (!p->surplus || p->surplus_note) fail(r, CONFLICT, "%s", word(r, "platform.surplus_none"));
    if (refunds_wait(c, p)) fail(r, CONFLICT, "%s", word(r, "platform.surplus_waits"));
    db_must(c, 1, CONFLICT, "update smart360.subscription_payment set surplus_note = ?, updated_at = ?, "
                            "updated_by = ?, row_version = row_version + 1 where id = ? and surplus_note is null",
            in_text(in, "surplus_note"), c->now, c->user, p->id);
    audit_write(c, &(Audit){ .action = "settle", .entity = "subscription_payment", .id = p->id,
                             .number = p->payment_no, .version = p->row_version + 1,
                             .reason = in_text(in, "surplus_note") });
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/platform/payments/%s", p->payment_no);
}
