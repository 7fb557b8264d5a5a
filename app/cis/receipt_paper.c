/*
 * Receipts as PDF (CIS01US09, CSS01US05): made once of the receipt's own row, which never changes (I3), by a job;
 * stored with the receipt as its entity. How often it was printed or downloaded stands in receipt_print.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/pdf.h"
#include "lib/sheet.h"

enum { RECEIPT_MAX = 5 * 1024 * 1024 };

#define RECEIPT_ROW(F, T)                                                                                              \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, receipt_no) F(T, Time, issued_at) F(T, Date, issued_on) F(T, Money, amount) F(T, Money, fee)    \
        F(T, const char *, payer_name) F(T, const char *, address) F(T, const char *, items)                           \
            F(T, const char *, mode_name) F(T, const char *, reference) F(T, bool, has_balance) F(T, Money, balance)   \
                F(T, const char *, cashier_name) F(T, const char *, till_code) F(T, const char *, language)            \
                    F(T, const char *, account_no) F(T, const char *, mode_code)
ROW(ReceiptRow, RECEIPT_ROW)

static ReceiptRow *receipt_row(Ctx *c, const char *no) {
    ReceiptRow *r = db_find(
        c, ReceiptRow,
        "select r.id, r.receipt_no, r.issued_at, r.issued_on, r.amount_minor as amount, r.fee_minor as fee, "
        "r.payer_name, r.address, r.items, r.mode_name, r.reference, r.balance_after_minor is not null as has_balance, "
        "coalesce(r.balance_after_minor, 0) as balance, r.cashier_name, r.till_code, r.language, a.account_no, "
        "m.code as mode_code from receipt r join payment p on p.id = r.payment_id "
        "join payment_mode m on m.id = p.mode_id "
        "left join account a on a.id = r.account_id where r.utility_id = ? and r.receipt_no = ?",
        c->utility, no);
    if (!r) fail(c, NOT_FOUND, "There is no such receipt.");
    return r;
}

static Id document_of(Ctx *c, Id receipt) {
    return document_paper_find(c, &(PaperKey){ .entity = "receipt", .entity_id = receipt });
}

/* --- the paper ---------------------------------------------------------------------------------------------------- */

typedef struct Shown { Ctx *c; const Locale *l; const char *lang; Sheet *s; } Shown;

static void fact(Shown *w, const char *key, const char *value) {
    if (!value || !*value) return;
    sheet_row(w->s, (SheetCell[]){ { msg(w->lang, key), NULL }, { value, NULL } }, SHEET_PLAIN);
}

static const char *item_words(Shown *w, Json item) {
    const char *type = json_text(item, "type"), *number = json_text(item, "number"),
               *key = text(w->c, "paper.item.%s", type ? type : "other");
    return msg_format(w->c, w->lang, msg_exists(key) ? key : "paper.item.other", { "number", number ? number : "" });
}

static void items_table(Shown *w, const ReceiptRow *r, const SheetColumn *columns) {
    Json items = json_read(&w->c->mem, r->items, strlen(r->items), 1 << 20, NULL);
    int64_t sum = 0;
    sheet_heading(w->s, msg(w->lang, "paper.receipt_for"));
    sheet_table(w->s, columns, 2);
    for (size_t i = 0; i < json_size(items); i++) {
        int64_t minor = 0;
        json_int(json_item(items, i), "amount_minor", &minor);
        sum += minor;
        sheet_row(w->s,
                  (SheetCell[]){ { item_words(w, json_item(items, i)), NULL },
                                 { locale_money(&w->c->mem, w->l, (Money){ minor }), NULL } },
                  SHEET_PLAIN);
    }
    Money rest = money_sub(r->amount, (Money){ sum });
    if (rest.minor)
        sheet_row(w->s,
                  (SheetCell[]){ { msg(w->lang, "paper.receipt_credit"), NULL },
                                 { locale_money(&w->c->mem, w->l, rest), NULL } },
                  SHEET_PLAIN);
    if (r->fee.minor)
        sheet_row(w->s,
                  (SheetCell[]){ { msg(w->lang, "paper.receipt_fee"), NULL },
                                 { locale_money(&w->c->mem, w->l, r->fee), NULL } },
                  SHEET_PLAIN);
    sheet_row(w->s,
              (SheetCell[]){ { msg(w->lang, "paper.receipt_amount"), NULL },
                             { locale_money(&w->c->mem, w->l, money_add(r->amount, r->fee)), NULL } },
              SHEET_TOTAL);
    sheet_table_end(w->s);
}

static Bytes receipt_paper(Ctx *c, const ReceiptRow *r) {
    const char *lang = messages_has_language(r->language) ? r->language : c->language;
    Shown w = { c, locale_in(&c->mem, c->locale, lang), lang, NULL };
    const char *on = locale_date_words(&c->mem, w.l, r->issued_on);
    w.s = paper_sheet(c,
                      &(PaperTitle){ .title = msg(lang, "paper.receipt"),
                                     .no = r->receipt_no,
                                     .date = msg_format(c, lang, "paper.receipt_on", { "date", on }),
                                     .made_at = r->issued_at },
                      lang);
    double width = w.s->right - w.s->left;
    SheetColumn facts[] = { { "", width * 0.35, PDF_LEFT }, { "", width * 0.65, PDF_LEFT } };
    SheetColumn items[] = { { msg(lang, "paper.what"), width * 0.7, PDF_LEFT },
                            { msg(lang, "paper.amount"), width * 0.3, PDF_RIGHT } };
    w.s->size = 9.5;
    sheet_paragraph(w.s, msg(lang, "paper.receipt_thanks"), false);
    sheet_gap(w.s, 6);
    sheet_table(w.s, facts, 2);
    fact(&w, "paper.receipt_payer", r->payer_name);
    fact(&w, "paper.account", r->account_no);
    fact(&w, "paper.premise", r->address);
    fact(&w, "paper.receipt_mode", payment_mode_words(lang, r->mode_code, r->mode_name));
    fact(&w, "paper.receipt_reference", r->reference);
    sheet_table_end(w.s);
    sheet_gap(w.s, 10);
    items_table(&w, r, items);
    if (r->has_balance)
        sheet_paragraph(w.s,
                        text(c, "%s: %s", msg(lang, "paper.receipt_balance"), locale_balance(&c->mem, w.l, r->balance)),
                        false);
    if (r->cashier_name)
        sheet_paragraph(w.s, msg_format(c, lang, "paper.receipt_cashier", { "name", r->cashier_name }), true);
    if (r->till_code) sheet_paragraph(w.s, msg_format(c, lang, "paper.receipt_till", { "code", r->till_code }), true);
    return pdf_end(w.s->pdf);
}

/* --- stored ------------------------------------------------------------------------------------------------------- */

static void lock_payment(Ctx *c, const char *receipt_no) {
    db_int(c, "select id from payment where receipt_no = ? and utility_id = ? order by id limit 1 for update",
           receipt_no, c->utility);
}

Id receipt_pdf(Ctx *c, const char *receipt_no) {
    const ReceiptRow *r = receipt_row(c, receipt_no);
    lock_payment(c, receipt_no);                    /* one maker at a time */
    Id there = document_of(c, r->id);
    if (there.id) return there;
    return document_paper(c, &(NewPaper){ "receipt", r->id, text(c, "%s.pdf", receipt_no), receipt_paper(c, r) });
}

Id receipt_pdf_wish(Ctx *c, const char *receipt_no) {
    const ReceiptRow *r = receipt_row(c, receipt_no);
    Id there = document_of(c, r->id);
    if (!there.id)
        job_enqueue(c, &(NewJob){ .kind = "receipt.pdf",
                                  .priority = 20,
                                  .payload = json_pairs(c, "receipt_no", receipt_no, NULL),
                                  .unique_key = text(c, "%lld:%s", (long long)c->utility.id, receipt_no) });
    return there;
}

int receipt_printed(Ctx *c, const char *receipt_no, const char *kind) {
    const ReceiptRow *r = receipt_row(c, receipt_no);
    lock_payment(c, receipt_no);                    /* of two at once one is the first */
    int before = (int)db_int(c, "select count(*) from receipt_print where receipt_id = ? lock in share mode", r->id);
    db_insert(c, "insert into receipt_print (receipt_id, at, by_id, kind) values (?,?,?,?)", r->id, c->now,
              c->realm == REALM_STAFF ? c->user : (Id){ 0 }, kind);
    return before;
}

Bytes receipt_duplicate(Ctx *c, const char *receipt_no) {
    const ReceiptRow *r = receipt_row(c, receipt_no);
    size_t n;
    const char *stored = document_read(c, document_of(c, r->id), RECEIPT_MAX, &n);
    const char *lang = messages_has_language(r->language) ? r->language : c->language;
    Bytes stamped = pdf_stamp(&c->mem, (Bytes){ stored, n }, msg(lang, "paper.stamp_duplicate"));
    if (!stamped.p) fail(c, BROKEN, "the document of receipt %s is not one of ours", receipt_no);
    return stamped;
}

JobStep receipt_pdf_job(Ctx *c, const JobRow *job) {
    const char *no = json_text(json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL), "receipt_no");
    if (!no) job_give_up(c, "the payload names no receipt");
    receipt_pdf(c, no);
    return STEP_DONE;
}
