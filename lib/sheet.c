/*
 * Running documents: see sheet.h.
 */
#include "lib/sheet.h"

#include <assert.h>
#include <string.h>

static const double pad = 3.5, gap = 6;

static double size_of(const Sheet *s) { return s->size > 0 ? s->size : 8.5; }

uint32_t sheet_tint(uint32_t of, uint32_t ground, int part) {
    uint32_t v = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        int a = (int)(of >> shift & 255), b = (int)(ground >> shift & 255);
        v |= (uint32_t)((a * part + b * (100 - part)) / 100) << shift;
    }
    return v;
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static void table_head(Sheet *s) {
    pdf_open(s->pdf, "TR");
    double x = s->left, height = 0;
    for (int i = 0; i < s->columns; i++) {
        PdfStyle style = { .size = size_of(s) - 1, .bold = true, .colour = s->muted, .align = s->column[i].align,
                           .width = s->column[i].width - gap, .tag = "TH" };
        double h = pdf_text(s->pdf, x + (s->column[i].align == PDF_RIGHT ? gap : 0), s->y, &style, s->column[i].head);
        if (h > height) height = h;
        x += s->column[i].width;
    }
    pdf_close(s->pdf);
    s->y += height + pad;
    pdf_line(s->pdf, s->left, s->y, s->right, s->y, 0.8, 0, s->accent);
    s->y += pad;
}

void sheet_need(Sheet *s, double height) {
    if (s->y + height <= s->bottom) return;
    pdf_page(s->pdf);
    s->y = s->top;
    if (s->next) s->next(s, s->arg);
    if (s->column) table_head(s);
}

void sheet_gap(Sheet *s, double height) {
    if (s->y > s->top) s->y += height;
}

/* --- running text ------------------------------------------------------------------------------------------------- */

void sheet_heading(Sheet *s, const char *text_) {
    sheet_need(s, 60);                                  /* not alone at the foot of a page */
    s->y += pdf_text(s->pdf, s->left, s->y, &(PdfStyle){ .size = 11, .bold = true, .colour = s->ink, .tag = "H2",
                                                         .width = s->right - s->left }, text_) + 4;
}

static PdfStyle running(const Sheet *s, double width, bool muted) {
    return (PdfStyle){ .size = size_of(s), .colour = muted ? s->muted : s->ink, .width = width, .tag = "P" };
}

void sheet_paragraph(Sheet *s, const char *text_, bool muted) {
    PdfStyle style = running(s, s->right - s->left, muted);
    sheet_need(s, pdf_text_height(s->pdf, &style, text_));
    s->y += pdf_text(s->pdf, s->left, s->y, &style, text_) + pad;
}

void sheet_blocks(Sheet *s, const SheetBlock *blocks, int n) {
    int shown = 0;
    for (int i = 0; i < n; i++) shown += blocks[i].text != NULL;
    if (!shown) return;
    double between = 18, width = (s->right - s->left - between * (shown - 1)) / shown, height = 0, x = s->left;
    PdfStyle heading = { .size = size_of(s) + 1, .bold = true, .colour = s->ink, .width = width, .tag = "H2" };
    PdfStyle style = running(s, width, false);
    for (int i = 0; i < n; i++) {
        if (!blocks[i].text) continue;
        double h = pdf_text_height(s->pdf, &heading, blocks[i].heading) +
                   pdf_text_height(s->pdf, &style, blocks[i].text) + 2;
        if (h > height) height = h;
    }
    sheet_need(s, height);
    for (int i = 0; i < n; i++) {
        if (!blocks[i].text) continue;
        double h = pdf_text(s->pdf, x, s->y, &heading, blocks[i].heading);
        pdf_text(s->pdf, x, s->y + h + 2, &style, blocks[i].text);
        x += width + between;
    }
    s->y += height + pad;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

void sheet_table(Sheet *s, const SheetColumn *columns, int n) {
    assert(n <= SHEET_COLUMNS_MAX && !s->column);
    sheet_need(s, 48);
    pdf_open(s->pdf, "Table");
    s->column = columns;
    s->columns = n;
    s->rows = 0;
    table_head(s);
}

static PdfStyle cell_style(const Sheet *s, int i, SheetRow kind) {
    return (PdfStyle){ .size = size_of(s), .bold = kind != SHEET_PLAIN, .colour = s->ink, .align = s->column[i].align,
                       .width = s->column[i].width - gap, .tag = "TD" };
}

static PdfStyle sub_style(const Sheet *s, int i) {
    return (PdfStyle){ .size = size_of(s) - 1,
                       .colour = s->muted,
                       .align = s->column[i].align,
                       .width = s->column[i].width - gap,
                       .tag = "P" };
}

static double row_height(Sheet *s, const SheetCell *cells, SheetRow kind) {
    double most = 0;
    for (int i = 0; i < s->columns; i++) {
        PdfStyle style = cell_style(s, i, kind), sub = sub_style(s, i);
        double h = pdf_text_height(s->pdf, &style, cells[i].text) + pdf_text_height(s->pdf, &sub, cells[i].sub);
        if (h > most) most = h;
    }
    return most;
}

void sheet_row(Sheet *s, const SheetCell *cells, SheetRow kind) {
    assert(s->column);
    double height = row_height(s, cells, kind);
    sheet_need(s, height + 2 * pad);
    if (s->rows++ && kind == SHEET_PLAIN) pdf_line(s->pdf, s->left, s->y - pad, s->right, s->y - pad, 0.5, 0, s->rule);
    if (kind == SHEET_TOTAL)
        pdf_fill(s->pdf, (PdfBox){ s->left - 4, s->y - pad + 0.5, s->right - s->left + 8, height + 2 * pad - 1 }, 3,
                 s->soft);
    pdf_open(s->pdf, "TR");
    double x = s->left;
    for (int i = 0; i < s->columns; i++) {
        PdfStyle style = cell_style(s, i, kind), sub = sub_style(s, i);
        double at = x + (s->column[i].align == PDF_RIGHT ? gap : 0);
        double h = pdf_text(s->pdf, at, s->y, &style, cells[i].text);
        pdf_text(s->pdf, at, s->y + h, &sub, cells[i].sub);
        x += s->column[i].width;
    }
    pdf_close(s->pdf);
    s->y += height + 2 * pad;
}

void sheet_table_end(Sheet *s) {
    s->column = NULL;
    pdf_close(s->pdf);
    s->y += 4;
}
