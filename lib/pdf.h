/*
 * PDF documents: text in any script, boxes, lines, pictures and QR codes on pages of one size, by cairo and pango.
 *
 * What is drawn is kept as a list of steps and written by pdf_end, so that "page 2 of 3" can be drawn on page 2. The
 * same steps give the same bytes, whenever and in whichever process: there is no clock, no random number and no name of
 * the machine in a document (the time of its head is the caller's). Fonts are those of fonts-noto-core, embedded as
 * subsets; text can be selected and searched. Structure tags (H1, P, Table, TR, TH, TD ...) are written as far as cairo
 * does it.
 *
 * Places are points of 1/72 inch from the page's upper left corner; colours are 0xRRGGBB. Texts are UTF-8; what is not
 * is shown as U+FFFD. About 3 ms of processor time for a full page, 25 ms more for the first of a process; some 12 MiB
 * stay with the process: made by job workers, not by web workers.
 */
#ifndef LIB_PDF_H
#define LIB_PDF_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/rows.h"
#include "lib/types.h"

enum { PDF_PAGES_MAX = 2000, PDF_STEPS_MAX = 2000000, PDF_JOIN_MAX = 2500, PDF_JOIN_BYTES = 48 * 1024 * 1024 };

typedef struct Pdf Pdf;
typedef enum { PDF_LETTER, PDF_A4 } PdfPaper;
typedef enum { PDF_LEFT, PDF_RIGHT, PDF_CENTRE } PdfAlign;

typedef struct PdfHead {
    PdfPaper    paper;
    const char *title, *author, *subject, *language;        /* language: "en", "es-MX" */
    Time        made_at;                                    /* what the document says of its time */
} PdfHead;

/* A document with its first page. Its foreign parts are given back when the arena is rewound. */
Pdf   *pdf_start(Arena *a, const PdfHead *head);
void   pdf_page (Pdf *p);                                   /* the next page */
int    pdf_pages(const Pdf *p);
double pdf_width(const Pdf *p);
double pdf_height(const Pdf *p);
/* The file, in the arena. p NULL when it could not be made. */
Bytes  pdf_end  (Pdf *p);

typedef struct PdfStyle {
    double      size;               /* points */
    bool        bold;
    uint32_t    colour;
    PdfAlign    align;              /* in `width`; without one: where x is the left, right or middle */
    double      width;              /* 0: one line, as long as it is */
    int         lines;              /* most lines, the last one with an ellipsis; 0: all */
    double      leading;            /* of the line height; 0: 1.0 */
    const char *tag;                /* structure tag of this text; NULL: none of its own */
    const char *link;               /* address that the text leads to; NULL */
} PdfStyle;

/* Draws from y downwards and returns the height. Empty and NULL texts draw nothing and are 0 high. */
double pdf_text(Pdf *p, double x, double y, const PdfStyle *s, const char *text);
double pdf_text_height(Pdf *p, const PdfStyle *s, const char *text);
double pdf_text_width (Pdf *p, const PdfStyle *s, const char *text);
/* Words that need the number of pages: asked for when the document is written. */
void pdf_text_paged(Pdf *p, double x, double y, const PdfStyle *s,
                    const char *(*words)(Arena *a, void *arg, int page, int pages), void *arg);

/* Structure around what follows; each opened one is closed, in reverse order. `tag` is a literal. */
void pdf_open (Pdf *p, const char *tag);
void pdf_close(Pdf *p);

typedef struct PdfBox { double x, y, width, height; } PdfBox;
void pdf_fill  (Pdf *p, PdfBox box, double radius, uint32_t colour);
void pdf_frame (Pdf *p, PdfBox box, double radius, double line, uint32_t colour);
void pdf_line(Pdf *p, double x1, double y1, double x2, double y2, double line, double dash,
              uint32_t colour); /* dash 0: through */
/* A QR code of error correction M with its quiet zone; false when the text is too long for one. */
bool pdf_qr    (Pdf *p, double x, double y, double side, const char *text);
/* A PNG within the box, its proportions kept, at the box's left and middle; the width it takes, 0 when it is no picture
   of at most 4 megapixels. */
double pdf_picture(Pdf *p, PdfBox box, Bytes png);

/* The same document with a word across every page (lib/pdf_stamp.c): the original bytes stay the beginning of the file.
   p NULL when the file was not written by pdf_end. Latin letters only. */
Bytes pdf_stamp(Arena *a, Bytes pdf, const char *word);
/* The pages of several documents one behind the other, as they are (lib/pdf_join.c), to be printed in one go. p NULL
   above PDF_JOIN_MAX files or PDF_JOIN_BYTES, and when one was not written by pdf_end. */
Bytes pdf_join(Arena *a, const Bytes *files, size_t n);

#endif
