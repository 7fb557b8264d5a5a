/*
 * An invoice of the platform as PDF (ONB08US01), for the organization and for the platform: drawn from its row when it
 * is asked for, so that it says what is paid; there are a few a month, and none is kept.
 */
#include <string.h>

#include "app/platform/payment.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/sheet.h"

enum { INK = 0x172230, MUTED = 0x55626f, RULE = 0xd5dce3, WHITE = 0xffffff, ACCENT = 0x0f5fa6 };

#define PAPER(F, T) F(T, Id, id) F(T, const char *, number) F(T, const char *, lines) F(T, Money, total_minor) \
    F(T, const char *, currency) F(T, Date, issued_on) F(T, Date, due_on) F(T, const char *, status) \
    F(T, Time, created_at) F(T, Time, paid_at) F(T, const char *, payment_ref) F(T, const char *, buyer) \
    F(T, const char *, seller) F(T, const char *, seller_name) F(T, const char *, contract_no)
ROW(Paper, PAPER)

/* Addresses as they are now: an invoice says who is to pay it. */
static Paper *paper_of(Req *r, Id tenant) {
    Paper *p = db_find(r, Paper,
        "select i.id, i.number, i.`lines`, i.total_minor, i.currency, i.issued_on, i.due_on, i.status, i.created_at, "
        "i.paid_at, i.payment_ref, concat_ws('\\n', coalesce(s.billing_name, t.name), s.billing_address, "
        "s.billing_tax_no, s.billing_reference) as buyer, concat_ws('\\n', o.name, o.address, o.tax_no, o.email) "
        "as seller, o.name as seller_name, s.contract_no from smart360.subscription_invoice i "
        "join smart360.subscription s on s.id = i.subscription_id join smart360.tenant t on t.id = i.tenant_id "
        "join smart360.platform_seller o where i.tenant_id = ? and i.number = ?", tenant, path_text(r, "no"));
    if (!p) fail(r, NOT_FOUND, "There is no such invoice.");
    return p;
}

static const char *day_words(Ctx *c, Date d) {
    return c->locale ? locale_date(&c->mem, c->locale, d) : date_iso(&c->mem, d);
}

static void put(Sheet *s, double x, double y, PdfStyle style, const char *words) {
    if (!style.colour) style.colour = INK;
    pdf_text(s->pdf, x, y, &style, words);
}

static const char *page_words(Arena *a, void *arg, int page, int pages) {
    (void)arg;
    return text(a, "%d / %d", page, pages);
}

static void draw_foot(Sheet *s, void *arg) {
    const Paper *p = arg;
    double y = pdf_height(s->pdf) - 30;
    PdfStyle right = { .size = 7, .colour = MUTED, .align = PDF_RIGHT };
    put(s, s->left, y, (PdfStyle){ .size = 7, .colour = MUTED }, p->number);
    pdf_text_paged(s->pdf, s->right, y, &right, page_words, NULL);
}

static void draw_head(Req *r, Sheet *s, const Paper *p, const char *title) {
    put(s, s->left, 36, (PdfStyle){ .size = 15, .bold = true, .width = 300, .lines = 1, .tag = "P" }, p->seller_name);
    put(s, s->right, 34, (PdfStyle){ .size = 17, .bold = true, .colour = ACCENT, .align = PDF_RIGHT, .tag = "H1" },
        title);
    put(s, s->right, 56, (PdfStyle){ .size = 8.5, .colour = MUTED, .align = PDF_RIGHT, .tag = "P" },
        state_label(r, p->status));
    pdf_line(s->pdf, s->left, 76, s->right, 76, 2, 0, ACCENT);
    draw_foot(s, (void *)(uintptr_t)p);
}

static void draw_lines(Req *r, Sheet *s, const Paper *p) {
    Ctx *c = &r->c;
    double width = s->right - s->left;
    SheetColumn columns[] = { { word(r, "platform.line"), width * 0.72, PDF_LEFT },
                              { text(r, "%s, %s", word(r, "platform.amount"), p->currency), width * 0.28, PDF_RIGHT } };
    sheet_table(s, columns, 2);
    Json l = json_read(&c->mem, p->lines, strlen(p->lines), JSON_SIZE_MAX, NULL);
    for (size_t k = 0; k < json_size(l); k++) {
        int64_t n = 0;
        json_int(json_item(l, k), "amount_minor", &n);
        sheet_row(s, (SheetCell[]){ { json_text(json_item(l, k), "text"), NULL },
                                    { sub_number(c, (Money){ n }, p->currency), NULL } }, SHEET_PLAIN);
    }
    sheet_row(s, (SheetCell[]){ { word(r, "platform.total"), NULL },
                                { sub_amount(c, p->total_minor, p->currency), NULL } }, SHEET_TOTAL);
    sheet_table_end(s);
}

static void answer_paper(Req *r, const Paper *p) {
    Ctx *c = &r->c;
    const char *title = msg_format(r, c->language, "platform.invoice_no", { "no", p->number });
    Pdf *pdf = pdf_start(&c->mem, &(PdfHead){ .paper = PDF_LETTER, .language = c->language, .author = p->seller_name,
                                              .title = title, .made_at = p->created_at });
    Sheet s = { .pdf = pdf, .mem = &c->mem, .left = 40, .right = pdf_width(pdf) - 40, .top = 60, .y = 96,
                .bottom = pdf_height(pdf) - 48, .ink = INK, .muted = MUTED, .rule = RULE, .accent = ACCENT,
                .soft = sheet_tint(ACCENT, WHITE, 8), .size = 9.5, .next = draw_foot, .arg = (void *)(uintptr_t)p };
    draw_head(r, &s, p, title);
    Text facts = text_start(r);
    text_addf(&facts, "%s: %s\n%s: %s", word(r, "platform.issued"), day_words(c, p->issued_on),
              word(r, "platform.due"), day_words(c, p->due_on));
    if (p->contract_no) text_addf(&facts, "\n%s: %s", word(r, "platform.contract_no"), p->contract_no);
    sheet_blocks(&s, (SheetBlock[]){ { word(r, "platform.buyer"), p->buyer },
                                     { word(r, "platform.sold_by"), p->seller },
                                     { word(r, "platform.dates"), facts.s } }, 3);
    sheet_gap(&s, 14);
    draw_lines(r, &s, p);
    if (time_is_set(p->paid_at))
        sheet_paragraph(&s, text(r, "%s: %s%s%s", word(r, "platform.paid_at"),
                                 c->locale ? locale_time_words(&c->mem, c->locale, p->paid_at)
                                           : time_iso(&c->mem, p->paid_at),
                                 p->payment_ref ? ", " : "", p->payment_ref ? p->payment_ref : ""), false);
    const char *back = sub_refunds_words(c, p->id);
    if (back) sheet_paragraph(&s, text(r, "%s: %s", word(r, "platform.refunded"), back), false);
    Bytes file = pdf_end(pdf);
    if (!file.p) fail(r, BROKEN, "invoice %s could not be written", p->number);
    header_set(r, "Content-Disposition", text(r, "attachment; filename=\"%s.pdf\"", p->number));
    answer(r, 200, "application/pdf", file.p, file.n);
}

void my_invoice_pdf(Req *r) { answer_paper(r, paper_of(r, r->c.tenant)); }

void tenant_invoice_pdf(Req *r) { answer_paper(r, paper_of(r, tenant_of(r)->id)); }
