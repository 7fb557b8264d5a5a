/*
 * Papers of the utility other than bills (statements, receipts): its head above, pages counted below; see billing.h.
 * What bills share with them, the mark and the head, is drawn here too.
 */
#include <string.h>

#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "lib/messages.h"
#include "lib/sheet.h"
#include "lib/utf8.h"

enum { INK = 0x172230, MUTED = 0x55626f, RULE = 0xd5dce3, WHITE = 0xffffff };

static double put(Pdf *p, double x, double y, PdfStyle s, const char *text_) {
    if (!s.colour) s.colour = INK;
    return pdf_text(p, x, y, &s, text_);
}

static double draw_mark(Pdf *p, Arena *a, const PaperIssuer *i, double x, double y, double side) {
    double width = i->logo ? pdf_picture(p, (PdfBox){ x, y, side * 3, side }, (Bytes){ i->logo, i->logo_n }) : 0;
    if (width > 0) return width;
    pdf_fill(p, (PdfBox){ x, y, side, side }, side / 5, i->colour);
    put(p, x + side / 2, y + side * 0.24,
        (PdfStyle){ .size = side * 0.38, .bold = true, .colour = WHITE, .align = PDF_CENTRE },
        utf8_initials(a, i->name));
    return side;
}

void paper_draw_head(Pdf *p, Arena *a, const PaperIssuer *i, const PaperTitle *t) {
    double left = 40, right = pdf_width(p) - 40, x = left + draw_mark(p, a, i, left, 34, 38) + 11, width = 380 - x;
    double y = 33 +
               put(p, x, 33, (PdfStyle){ .size = 13, .bold = true, .width = width, .lines = 1, .tag = "P" }, i->name);
    y += put(p, x, y, (PdfStyle){ .size = 7.5, .colour = MUTED, .width = width, .lines = 1, .tag = "P" }, i->address);
    const char *contact = i->website && i->phone ? text(a, "%s · %s", i->phone, i->website) : i->phone;
    put(p, x, y, (PdfStyle){ .size = 7.5, .colour = MUTED, .width = width, .lines = 1, .tag = "P" }, contact);
    PdfStyle large = { .size = 17, .bold = true, .colour = i->colour, .align = PDF_RIGHT, .tag = "H1" };
    y = 30 + put(p, right, 30, large, t->title);
    y += put(p, right, y, (PdfStyle){ .size = 8, .align = PDF_RIGHT, .tag = "P" }, t->no);
    put(p, right, y, (PdfStyle){ .size = 8, .colour = MUTED, .align = PDF_RIGHT, .tag = "P" }, t->date);
    pdf_line(p, left, 86, right, 86, 2, 0, i->colour);
}

/* --- running papers ----------------------------------------------------------------------------------------------- */

typedef struct Running { Sheet sheet; PaperIssuer issuer; PaperTitle title; const char *lang; } Running;

static const char *page_words(Arena *a, void *arg, int page, int pages) {
    const Running *r = arg;
    return msg_format(a, r->lang, "paper.page", { "page", text(a, "%d", page) }, { "pages", text(a, "%d", pages) });
}

static void draw_foot(Running *r) {
    Sheet *s = &r->sheet;
    double y = pdf_height(s->pdf) - 30;
    PdfStyle right = { .size = 7, .colour = MUTED, .align = PDF_RIGHT };
    put(s->pdf, s->left, y, (PdfStyle){ .size = 7, .colour = MUTED }, r->title.no);
    pdf_text_paged(s->pdf, s->right, y, &right, page_words, r);
}

static void further_page(Sheet *s, void *arg) {
    Running *r = arg;
    put(s->pdf, s->left, 34, (PdfStyle){ .size = 9, .bold = true, .width = 300, .lines = 1 }, r->issuer.name);
    put(s->pdf, s->right, 34, (PdfStyle){ .size = 8, .colour = MUTED, .align = PDF_RIGHT }, r->title.no);
    pdf_line(s->pdf, s->left, 50, s->right, 50, 1, 0, r->issuer.colour);
    draw_foot(r);
}

Sheet *paper_sheet(Ctx *c, const PaperTitle *title, const char *language) {
    Running *r = take(c, sizeof *r);
    *r = (Running){ .issuer = paper_issuer(c, (Id){ 0 }), .title = *title, .lang = language };
    Pdf *p = pdf_start(&c->mem, &(PdfHead){ .paper = r->issuer.is_a4 ? PDF_A4 : PDF_LETTER,
                                            .language = language,
                                            .author = r->issuer.name,
                                            .title = text(c, "%s %s", title->title, title->no ? title->no : ""),
                                            .made_at = title->made_at });
    r->sheet = (Sheet){ .pdf = p,
                        .mem = &c->mem,
                        .left = 40,
                        .right = pdf_width(p) - 40,
                        .top = 66,
                        .y = 104,
                        .bottom = pdf_height(p) - 48,
                        .ink = INK,
                        .muted = MUTED,
                        .rule = RULE,
                        .accent = r->issuer.colour,
                        .soft = sheet_tint(r->issuer.colour, WHITE, 8),
                        .next = further_page,
                        .arg = r };
    paper_draw_head(p, &c->mem, &r->issuer, title);
    draw_foot(r);
    return &r->sheet;
}
