/*
 * A document that runs over its pages from top to bottom: headings, paragraphs and tables whose head is repeated on
 * each page. What the first page carries above that, and what stands at fixed places, is drawn with lib/pdf.h.
 *
 *   Sheet s = { .pdf = p, .mem = a, .left = 40, .right = 572, .top = 70, .bottom = 740, .y = 70, ... };
 *   sheet_heading(&s, "Meter readings");
 *   sheet_table(&s, columns, 3);
 *   sheet_row(&s, (SheetCell[]){ { "M1" }, { "1 Apr", "30 days" }, { "12" } }, SHEET_PLAIN);
 *   sheet_table_end(&s);
 */
#ifndef LIB_SHEET_H
#define LIB_SHEET_H

#include "lib/pdf.h"

enum { SHEET_COLUMNS_MAX = 8 };

typedef struct SheetColumn { const char *head; double width; PdfAlign align; } SheetColumn;     /* points */
typedef struct SheetCell   { const char *text, *sub; } SheetCell;       /* sub: a second, muted text below */
typedef enum { SHEET_PLAIN, SHEET_STRONG, SHEET_TOTAL } SheetRow; /* STRONG: bold; TOTAL: bold on the soft ground */

typedef struct Sheet Sheet;
struct Sheet {
    Pdf        *pdf;
    Arena      *mem;
    double      left, right, top, bottom;       /* top: where a further page begins */
    double      y;                              /* where the next thing is drawn */
    uint32_t    ink, muted, rule, accent, soft;
    double      size;                           /* of running text; 0: 8.5 */
    void      (*next)(Sheet *s, void *arg);     /* draws the head of a further page; may be NULL */
    void       *arg;
    const SheetColumn *column; int columns;     /* of the open table */
    int         rows;
};

/* A next page when less than `height` is left. */
void   sheet_need(Sheet *s, double height);
void   sheet_gap(Sheet *s, double height);
void   sheet_heading(Sheet *s, const char *text);
void   sheet_paragraph(Sheet *s, const char *text, bool muted);
/* Several paragraphs beside each other, each under its heading, with equal widths. NULL texts are left out. */
typedef struct SheetBlock { const char *heading, *text; } SheetBlock;
void   sheet_blocks(Sheet *s, const SheetBlock *blocks, int n);

/* The columns outlive the table; their widths sum to right - left. */
void   sheet_table(Sheet *s, const SheetColumn *columns, int n);
void   sheet_row(Sheet *s, const SheetCell *cells, SheetRow kind);
void   sheet_table_end(Sheet *s);

/* Colours between the two, `part` of 0 to 100 of the first: sheet_tint(0x0f5fa6, 0xffffff, 8). */
uint32_t sheet_tint(uint32_t of, uint32_t ground, int part);

#endif
