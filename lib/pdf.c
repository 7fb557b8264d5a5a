/*
 * PDF documents: see pdf.h. Steps are kept in blocks; the texts among them as pango layouts, which pdf_end only draws.
 */
#include "lib/pdf.h"

#include <assert.h>
#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <string.h>

#include "lib/date.h"
#include "lib/utf8.h"

enum { BLOCK = 128, DEPTH = 12, PIXELS_MAX = 4000000, QUIET = 4, LAID_MAX = 1024, LAID_TEXT = 64 };

typedef enum {
    STEP_PAGE,
    STEP_TEXT,
    STEP_PAGED,
    STEP_OPEN,
    STEP_CLOSE,
    STEP_FILL,
    STEP_FRAME,
    STEP_LINE,
    STEP_QR,
    STEP_PICTURE
} StepKind;

typedef struct Step {
    StepKind       kind;
    double         x, y, width, height, radius, line;
    uint32_t       colour;
    const char    *tag, *link;
    PangoLayout   *layout;
    const PdfStyle *style;
    const char  *(*words)(Arena *a, void *arg, int page, int pages);
    void          *foreign;                     /* arg of words, QRcode, cairo_surface_t */
} Step;

typedef struct Block { Step step[BLOCK]; int n; struct Block *next; } Block;

struct Pdf {
    Arena      *mem;
    PdfHead     head;
    double      width, height;
    Block      *first, *last;
    int         steps, pages;
    const char *open[DEPTH];
    int         depth;
};

/* --- fonts: one context for the process; without hints, so that nothing depends on a screen ----------------------- */

static PangoContext *fonts(void) {
    static PangoContext *context;
    if (context) return context;
    context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    pango_cairo_context_set_resolution(context, 72);
    cairo_font_options_t *o = cairo_font_options_create();
    cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, o);
    cairo_font_options_destroy(o);
    pango_context_set_round_glyph_positions(context, FALSE);
    return context;
}

static PangoFontDescription *font_of(double size, bool bold) {
    static struct { PangoFontDescription *font; double size; bool bold; } kept[24];
    size_t i = 0;
    for (; i < sizeof kept / sizeof *kept && kept[i].font; i++)
        if (kept[i].size == size && kept[i].bold == bold) return kept[i].font;
    if (i == sizeof kept / sizeof *kept) pango_font_description_free(kept[--i].font);
    kept[i].size = size;
    kept[i].bold = bold;
    kept[i].font = pango_font_description_from_string(bold ? "Noto Sans Bold" : "Noto Sans");
    pango_font_description_set_absolute_size(kept[i].font, size * PANGO_SCALE);
    return kept[i].font;
}

static const char *words_of(Pdf *p, const char *s) {
    if (utf8_is_valid(s, strlen(s))) return s;
    Text t = text_start(p->mem);
    for (size_t n = strlen(s); n;) {
        int size = utf8_next(s, n, NULL);
        if (size) text_add_n(&t, s, (size_t)size);
        else text_add(&t, "\xEF\xBF\xBD");
        s += size ? size : 1;
        n -= (size_t)(size ? size : 1);
    }
    return t.s;
}

static PangoLayout *layout_new(Pdf *p, const PdfStyle *s, const char *text_) {
    static const PangoAlignment aligns[] = { PANGO_ALIGN_LEFT, PANGO_ALIGN_RIGHT, PANGO_ALIGN_CENTER };
    PangoLayout *l = pango_layout_new(fonts());
    pango_layout_set_font_description(l, font_of(s->size, s->bold));
    if (s->width > 0) {
        pango_layout_set_width(l, (int)(s->width * PANGO_SCALE));
        pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
        pango_layout_set_alignment(l, aligns[s->align]);
    }
    if (s->lines) {
        pango_layout_set_height(l, -s->lines);
        pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
    }
    if (s->leading > 0) pango_layout_set_line_spacing(l, (float)s->leading);
    pango_layout_set_text(l, words_of(p, text_), -1);
    return l;
}

/* Short texts are kept laid out: most of a paper's words are those of the one before, and what was measured is drawn
   next. */
typedef struct Laid { PangoLayout *layout; PdfStyle style; char text[LAID_TEXT]; } Laid;

static bool is_same_style(const PdfStyle *a, const PdfStyle *b) {
    return a->size == b->size && a->bold == b->bold && a->width == b->width && a->lines == b->lines &&
           a->leading == b->leading && (a->width <= 0 || a->align == b->align);
}

static size_t slot_of(const PdfStyle *s, const char *text_) {
    uint64_t h = 1469598103934665603ULL ^ (uint64_t)(s->size * 8) ^ (uint64_t)(s->width * 64) << 16 ^
                 (uint64_t)s->bold << 12;
    for (; *text_; text_++) h = (h ^ (unsigned char)*text_) * 1099511628211ULL;
    return (size_t)(h >> 20) % LAID_MAX;
}

/* A reference of the caller's own. */
static PangoLayout *layout_of(Pdf *p, const PdfStyle *s, const char *text_) {
    static Laid laid[LAID_MAX];
    size_t n = strlen(text_);
    if (n >= LAID_TEXT) return layout_new(p, s, text_);
    Laid *k = &laid[slot_of(s, text_)];
    if (!k->layout || !is_same_style(&k->style, s) || strcmp(k->text, text_)) {
        if (k->layout) g_object_unref(k->layout);
        k->layout = layout_new(p, s, text_);
        k->style = *s;
        memcpy(k->text, text_, n + 1);
    }
    return g_object_ref(k->layout);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static void give_back(void *pdf) {
    for (Block *b = ((Pdf *)pdf)->first; b; b = b->next)
        for (int i = 0; i < b->n; i++) {
            Step *s = &b->step[i];
            if (s->layout) g_object_unref(s->layout);
            if (s->kind == STEP_QR) QRcode_free(s->foreign);
            if (s->kind == STEP_PICTURE) cairo_surface_destroy(s->foreign);
        }
}

static Step *add(Pdf *p, StepKind kind) {
    assert(p->steps++ < PDF_STEPS_MAX);
    if (!p->last || p->last->n == BLOCK) {
        Block *b = take(p->mem, sizeof *b);
        if (p->last) p->last->next = b;
        else p->first = b;
        p->last = b;
    }
    Step *s = &p->last->step[p->last->n++];
    s->kind = kind;
    return s;
}

Pdf *pdf_start(Arena *a, const PdfHead *head) {
    Pdf *p = take(a, sizeof *p);
    *p = (Pdf){ .mem = a,
                .head = *head,
                .width = head->paper == PDF_A4 ? 595 : 612,
                .height = head->paper == PDF_A4 ? 842 : 792,
                .pages = 1 };
    later(a, give_back, p);
    return p;
}

void pdf_page(Pdf *p) {
    assert(p->pages++ < PDF_PAGES_MAX);
    add(p, STEP_PAGE);
}

int    pdf_pages (const Pdf *p) { return p->pages; }
double pdf_width (const Pdf *p) { return p->width; }
double pdf_height(const Pdf *p) { return p->height; }

static double layout_height(PangoLayout *l) {
    int height;
    pango_layout_get_size(l, NULL, &height);
    return (double)height / PANGO_SCALE;
}

static double layout_width(PangoLayout *l) {
    PangoRectangle r;
    pango_layout_get_extents(l, NULL, &r);
    return (double)r.width / PANGO_SCALE;
}

/* Without a width the text hangs on x by its left, right or middle. */
static double left_of(double x, const PdfStyle *s, PangoLayout *l) {
    if (s->width > 0 || s->align == PDF_LEFT) return x;
    return x - layout_width(l) * (s->align == PDF_RIGHT ? 1 : 0.5);
}

double pdf_text(Pdf *p, double x, double y, const PdfStyle *style, const char *text_) {
    if (!text_ || !*text_) return 0;
    PangoLayout *l = layout_of(p, style, text_);
    Step *s = add(p, STEP_TEXT);
    *s = (Step){ .kind = STEP_TEXT,
                 .x = left_of(x, style, l),
                 .y = y,
                 .colour = style->colour,
                 .tag = style->tag,
                 .link = text_copy(p->mem, style->link),
                 .layout = l };
    return layout_height(l);
}

double pdf_text_height(Pdf *p, const PdfStyle *style, const char *text_) {
    if (!text_ || !*text_) return 0;
    PangoLayout *l = layout_of(p, style, text_);
    double height = layout_height(l);
    g_object_unref(l);
    return height;
}

double pdf_text_width(Pdf *p, const PdfStyle *style, const char *text_) {
    if (!text_ || !*text_) return 0;
    PangoLayout *l = layout_of(p, style, text_);
    double width = layout_width(l);
    g_object_unref(l);
    return width;
}

void pdf_text_paged(Pdf *p, double x, double y, const PdfStyle *style,
                    const char *(*words)(Arena *a, void *arg, int page, int pages), void *arg) {
    PdfStyle *kept = take(p->mem, sizeof *kept);
    *kept = *style;
    Step *s = add(p, STEP_PAGED);
    *s = (Step){ .kind = STEP_PAGED,
                 .x = x,
                 .y = y,
                 .colour = style->colour,
                 .tag = style->tag,
                 .style = kept,
                 .words = words,
                 .foreign = arg };
}

void pdf_open(Pdf *p, const char *tag) {
    assert(p->depth < DEPTH);
    p->open[p->depth++] = tag;
    add(p, STEP_OPEN)->tag = tag;
}

void pdf_close(Pdf *p) {
    assert(p->depth);
    add(p, STEP_CLOSE)->tag = p->open[--p->depth];
}

static Step *add_box(Pdf *p, StepKind kind, PdfBox box) {
    Step *s = add(p, kind);
    *s = (Step){ .kind = kind, .x = box.x, .y = box.y, .width = box.width, .height = box.height };
    return s;
}

void pdf_fill(Pdf *p, PdfBox box, double radius, uint32_t colour) {
    Step *s = add_box(p, STEP_FILL, box);
    s->radius = radius;
    s->colour = colour;
}

void pdf_frame(Pdf *p, PdfBox box, double radius, double line, uint32_t colour) {
    Step *s = add_box(p, STEP_FRAME, box);
    s->radius = radius;
    s->line = line;
    s->colour = colour;
}

void pdf_line(Pdf *p, double x1, double y1, double x2, double y2, double line, double dash, uint32_t colour) {
    Step *s = add_box(p, STEP_LINE, (PdfBox){ x1, y1, x2 - x1, y2 - y1 });
    s->radius = dash;
    s->line = line;
    s->colour = colour;
}

bool pdf_qr(Pdf *p, double x, double y, double side, const char *text_) {
    QRcode *code = QRcode_encodeString(text_, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!code) return false;
    add_box(p, STEP_QR, (PdfBox){ x, y, side, side })->foreign = code;
    return true;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

typedef struct Source { Bytes rest; } Source;

static cairo_status_t read_some(void *source, unsigned char *to, unsigned n) {
    Source *s = source;
    if (s->rest.n < n) return CAIRO_STATUS_READ_ERROR;
    memcpy(to, s->rest.p, n);
    s->rest = (Bytes){ (const char *)s->rest.p + n, s->rest.n - n };
    return CAIRO_STATUS_SUCCESS;
}

static uint32_t big_endian(const unsigned char *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* What its head says is looked at before anything is unpacked. */
static bool is_small_png(Bytes png) {
    const unsigned char *b = png.p;
    if (png.n < 33 || memcmp(b, "\x89PNG\r\n\x1a\n", 8)) return false;
    uint64_t width = big_endian(b + 16), height = big_endian(b + 20);
    return width && height && width <= PIXELS_MAX && height <= PIXELS_MAX && width * height <= PIXELS_MAX;
}

double pdf_picture(Pdf *p, PdfBox box, Bytes png) {
    if (!is_small_png(png)) return 0;
    Source source = { png };
    cairo_surface_t *s = cairo_image_surface_create_from_png_stream(read_some, &source);
    if (cairo_surface_status(s) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(s);
        return 0;
    }
    double width = cairo_image_surface_get_width(s), height = cairo_image_surface_get_height(s);
    double scale = box.width / width < box.height / height ? box.width / width : box.height / height;
    box.y += (box.height - height * scale) / 2;
    box.width = width * scale;
    box.height = height * scale;
    add_box(p, STEP_PICTURE, box)->foreign = s;
    return box.width;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void colour_of(cairo_t *c, uint32_t v) {
    cairo_set_source_rgb(c, (v >> 16 & 255) / 255.0, (v >> 8 & 255) / 255.0, (v & 255) / 255.0);
}

static void path_of(cairo_t *c, const Step *s) {
    double r = s->radius, x = s->x, y = s->y, w = s->width, h = s->height;
    if (r <= 0) {
        cairo_rectangle(c, x, y, w, h);
        return;
    }
    cairo_new_sub_path(c);
    cairo_arc(c, x + w - r, y + r, r, -G_PI / 2, 0);
    cairo_arc(c, x + w - r, y + h - r, r, 0, G_PI / 2);
    cairo_arc(c, x + r, y + h - r, r, G_PI / 2, G_PI);
    cairo_arc(c, x + r, y + r, r, G_PI, 3 * G_PI / 2);
    cairo_close_path(c);
}

static void draw_qr(cairo_t *c, const Step *s) {
    const QRcode *code = s->foreign;
    double one = s->width / (code->width + 2 * QUIET);
    colour_of(c, 0xffffff);
    cairo_rectangle(c, s->x, s->y, s->width, s->height);
    cairo_fill(c);
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width;) {
            int from = x;
            while (x < code->width && code->data[y * code->width + x] & 1) x++;
            if (x > from)
                cairo_rectangle(c, s->x + (from + QUIET) * one, s->y + (y + QUIET) * one, (x - from) * one, one);
            else x++;
        }
    colour_of(c, 0);
    cairo_fill(c);
}

static void draw_picture(cairo_t *c, const Step *s) {
    cairo_save(c);
    cairo_translate(c, s->x, s->y);
    cairo_scale(c, s->width / cairo_image_surface_get_width(s->foreign),
                s->height / cairo_image_surface_get_height(s->foreign));
    cairo_set_source_surface(c, s->foreign, 0, 0);
    cairo_paint(c);
    cairo_restore(c);
}

/* As cairo reads attributes: in quotes, with a backslash before quotes and backslashes. */
static const char *link_attributes(Arena *a, const char *uri) {
    Text t = text_start(a);
    text_add(&t, "uri='");
    for (; *uri; uri++) {
        if (*uri == '\'' || *uri == '\\') text_add(&t, "\\");
        text_add_n(&t, uri, 1);
    }
    text_add(&t, "'");
    return t.s;
}

static void draw_text(Pdf *p, cairo_t *c, const Step *s, PangoLayout *l, double x) {
    if (s->tag) cairo_tag_begin(c, s->tag, NULL);
    if (s->link) cairo_tag_begin(c, CAIRO_TAG_LINK, link_attributes(p->mem, s->link));
    colour_of(c, s->colour);
    cairo_move_to(c, x, s->y);
    pango_cairo_show_layout(c, l);
    if (s->link) cairo_tag_end(c, CAIRO_TAG_LINK);
    if (s->tag) cairo_tag_end(c, s->tag);
}

static void draw_paged(Pdf *p, cairo_t *c, const Step *s, int page) {
    PangoLayout *l = layout_of(p, s->style, s->words(p->mem, s->foreign, page, p->pages));
    draw_text(p, c, s, l, left_of(s->x, s->style, l));
    g_object_unref(l);
}

static void draw(Pdf *p, cairo_t *c, const Step *s, int *page) {
    switch (s->kind) {
    case STEP_PAGE:    cairo_show_page(c); (*page)++; break;
    case STEP_TEXT:    draw_text(p, c, s, s->layout, s->x); break;
    case STEP_PAGED:   draw_paged(p, c, s, *page); break;
    case STEP_OPEN:    cairo_tag_begin(c, s->tag, NULL); break;
    case STEP_CLOSE:   cairo_tag_end(c, s->tag); break;
    case STEP_FILL:    colour_of(c, s->colour); path_of(c, s); cairo_fill(c); break;
    case STEP_FRAME:   colour_of(c, s->colour); cairo_set_line_width(c, s->line); path_of(c, s); cairo_stroke(c); break;
    case STEP_QR:      draw_qr(c, s); break;
    case STEP_PICTURE: draw_picture(c, s); break;
    case STEP_LINE:
        colour_of(c, s->colour);
        cairo_set_line_width(c, s->line);
        cairo_set_dash(c, &s->radius, s->radius > 0 ? 1 : 0, 0);
        cairo_move_to(c, s->x, s->y);
        cairo_line_to(c, s->x + s->width, s->y + s->height);
        cairo_stroke(c);
        cairo_set_dash(c, NULL, 0, 0);
        break;
    }
}

static cairo_status_t write_some(void *out, const unsigned char *bytes, unsigned n) {
    text_add_n(out, (const char *)bytes, n);
    return CAIRO_STATUS_SUCCESS;
}

static void write_head(Pdf *p, cairo_surface_t *s) {
    const PdfHead *h = &p->head;
    cairo_pdf_surface_restrict_to_version(s, CAIRO_PDF_VERSION_1_4);
    if (h->title) cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, words_of(p, h->title));
    if (h->author) cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_AUTHOR, words_of(p, h->author));
    if (h->subject) cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_SUBJECT, words_of(p, h->subject));
    const char *at = time_iso(p->mem, (Time){ h->made_at.us / SECOND_US * SECOND_US });
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, at);
}

static const char *last_of(Text file, const char *word) {
    size_t n = strlen(word);
    for (size_t at = file.n; at-- > 0;)
        if (at + n <= file.n && !memcmp(file.s + at, word, n)) return file.s + at;
    return NULL;
}

/* cairo does not write the document's language. The catalog is its last object before the table of places, so that only
   the table's own place moves; a file that looks otherwise stays as it is. */
static Bytes with_language(Pdf *p, Text file) {
    const char *catalog = last_of(file, "/Type /Catalog"), *table = catalog ? strstr(catalog, "\nxref\n") : NULL;
    const char *start = table ? strstr(table, "startxref\n") : NULL;
    if (!start || !p->head.language ||
        strspn(p->head.language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") !=
            strlen(p->head.language))
        return (Bytes){ file.s, file.n };
    const char *words = text(p->mem, " /Lang (%s) /ViewerPreferences << /DisplayDocTitle true >>", p->head.language);
    size_t at = (size_t)(catalog + 14 - file.s), table_at = (size_t)(table + 1 - file.s);
    Text out = text_start(p->mem);
    text_add_n(&out, file.s, at);
    text_add(&out, words);
    text_add_n(&out, file.s + at, (size_t)(start - file.s) - at);
    text_addf(&out, "startxref\n%zu\n%%%%EOF\n", table_at + strlen(words));
    return (Bytes){ out.s, out.n };
}

Bytes pdf_end(Pdf *p) {
    assert(!p->depth);
    Text file = text_start(p->mem);
    cairo_surface_t *s = cairo_pdf_surface_create_for_stream(write_some, &file, p->width, p->height);
    write_head(p, s);
    cairo_t *c = cairo_create(s);
    int page = 1;
    cairo_tag_begin(c, "Document", NULL);
    for (Block *b = p->first; b; b = b->next)
        for (int i = 0; i < b->n; i++) draw(p, c, &b->step[i], &page);
    cairo_tag_end(c, "Document");
    cairo_show_page(c);
    bool good = cairo_status(c) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(c);
    cairo_surface_finish(s);
    good = good && cairo_surface_status(s) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(s);
    return good ? with_language(p, file) : (Bytes){ NULL, 0 };
}
