/*
 * The PDF of a bill: see bill_paper.h. The first page says what is owed, how it came about and how to pay it, above a
 * slip to send back; the next ones show readings and how each line was worked out. Places in points; a Letter sheet is
 * 612 x 792.
 *
 * To add a section: its switch in PaperSections, a function that draws it from sheet.y downwards, its call in
 * bill_paper_pdf.
 */
#include "app/billing/bill_paper.h"

#include <string.h>

#include "lib/messages.h"
#include "lib/sheet.h"

enum { INK = 0x172230, MUTED = 0x55626f, RULE = 0xd5dce3, WHITE = 0xffffff };
static const double margin = 40, slip_height = 186, running_head = 66;

typedef struct Paper {
    Arena           *mem;
    Pdf             *pdf;
    const BillPaper *b;
    const Locale    *l;
    const char      *lang;
    double           left, right, height;
    uint32_t         accent, soft;
} Paper;

#define T(p, key, ...) msg_format((p)->mem, (p)->lang, "paper." key, __VA_ARGS__)

static const char *money_words(const Paper *p, Money m) { return locale_money(p->mem, p->l, m); }
static const char *day_words(const Paper *p, Date d) { return locale_date_words(p->mem, p->l, d); }
static const char *days_words(const Paper *p, int days) {
    return msg_plural(p->mem, p->lang, "paper.days", days, NULL);
}

static double put(const Paper *p, double x, double y, PdfStyle s, const char *text_) {
    if (!s.colour) s.colour = INK;
    return pdf_text(p->pdf, x, y, &s, text_);
}

/* --- head --------------------------------------------------------------------------------------------------------- */

static void draw_head(const Paper *p) {
    const BillPaper *b = p->b;
    const char *title = !strcmp(b->kind, "final") ? T(p, "title.final") : T(p, "title");
    paper_draw_head(p->pdf, p->mem, &b->issuer,
                    &(PaperTitle){ .title = title,
                                   .no = T(p, "no", { "no", b->bill_no }),
                                   .date = T(p, "issued", { "date", day_words(p, b->bill_date) }) });
}

/* Where a window envelope shows it: 22 mm from the left, 48 to 74 mm from the top. */
static void draw_address(const Paper *p) {
    double y = 138;
    for (int i = 0; i < p->b->address_n; i++)
        y += put(p, 63, y, (PdfStyle){ .size = 10, .width = 235, .lines = 1, .tag = "P" }, p->b->address[i]);
}

static void draw_due(const Paper *p) {
    const BillPaper *b = p->b;
    double x = 330, width = p->right - x, in = x + 16;
    pdf_fill(p->pdf, (PdfBox){ x, 102, width, 104 }, 8, p->soft);
    double y = 112;
    y += put(p, in, y, (PdfStyle){ .size = 9, .colour = MUTED, .tag = "P" }, T(p, "amount_due"));
    y += put(p, in, y - 2, (PdfStyle){ .size = 27, .bold = true, .colour = p->accent, .tag = "P" },
             money_words(p, b->due)) -
         2;
    const char *what = b->due.minor > 0 ? T(p, "due", { "date", day_words(p, b->due_date) }) : T(p, "nothing_due");
    y += put(p, in, y, (PdfStyle){ .size = 11, .bold = true, .tag = "P" }, what);
    const char *more = b->carried.minor > 0 ? T(p, "credit_carried", { "amount", money_words(p, b->carried) })
                       : b->forward.minor > 0 && b->due.minor > 0
                           ? T(p, "forward_due", { "amount", money_words(p, b->forward) })
                           : NULL;
    put(p, in, y + 1, (PdfStyle){ .size = 8, .colour = MUTED, .width = width - 32, .lines = 2, .tag = "P" }, more);
}

typedef struct Fact { const char *label, *value, *sub; double part; } Fact;

static double draw_facts(const Paper *p, double y) {
    const BillPaper *b = p->b;
    const Fact facts[] = {
        { T(p, "account"), b->account_no, b->consumer_no, 0.2 },
        { T(p, "period"), locale_period(p->mem, p->l, b->period_start, b->period_end), days_words(p, b->days), 0.26 },
        { T(p, "premise"), b->premise, NULL, 0.3 },
        { T(p, "code"), b->portal_code, b->portal_url, 0.24 } };
    pdf_line(p->pdf, p->left, y, p->right, y, 0.5, 0, RULE);
    double x = p->left, low = 0;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        double width = (p->right - p->left) * facts[i].part, at = y + 6;
        if (facts[i].value) {
            at += put(p, x, at, (PdfStyle){ .size = 7.5, .colour = MUTED, .width = width - 10, .lines = 1, .tag = "P" },
                      facts[i].label);
            at += put(p, x, at, (PdfStyle){ .size = 9, .bold = true, .width = width - 10, .lines = 2, .tag = "P" },
                      facts[i].value);
            at += put(p, x, at, (PdfStyle){ .size = 7, .colour = MUTED, .width = width - 6, .lines = 1, .tag = "P" },
                      facts[i].sub);
        }
        if (at > low) low = at;
        x += width;
    }
    pdf_line(p->pdf, p->left, low + 5, p->right, low + 5, 0.5, 0, RULE);
    return low + 5;
}

/* --- summary ------------------------------------------------------------------------------------------------------ */

static double summary_row(const Paper *p, double y, double width, const char *label, Money amount, bool strong) {
    if (strong) pdf_line(p->pdf, p->left, y + 0.5, p->left + width, y + 0.5, 0.5, 0, RULE);
    pdf_open(p->pdf, "TR");
    PdfStyle left = { .size = 9, .bold = strong, .width = width - 80, .lines = 1, .tag = "TD" };
    PdfStyle right = { .size = 9, .bold = strong, .align = PDF_RIGHT, .tag = "TD" };
    put(p, p->left, y + 3, left, label);
    put(p, p->left + width, y + 3, right, money_words(p, amount));
    pdf_close(p->pdf);
    return y + (strong ? 19 : 15.5);
}

static const char *sum_name(const Paper *p, const PaperSum *s) {
    if (s->service) return s->service;
    if (!s->charge_type) return T(p, "other");
    if (!strcmp(s->charge_type, "ROUNDING")) return T(p, "rounding");
    for (size_t i = 0; s->lines == 1 && i < p->b->line_n; i++)
        if (!strcmp(p->b->line[i].charge_type, "TAX")) return p->b->line[i].description;
    return T(p, "taxes");
}

static void draw_summary(const Paper *p, double y, double width) {
    const BillPaper *b = p->b;
    y += put(p, p->left, y, (PdfStyle){ .size = 11, .bold = true, .tag = "H2" }, T(p, "summary")) + 3;
    pdf_open(p->pdf, "Table");
    if (b->previous.minor || b->payments.minor || b->adjustments.minor || b->posted.minor || !b->forward.minor) {
        y = summary_row(p, y, width, T(p, "previous"), b->previous, false);
        y = summary_row(p, y, width, b->payments.minor ? T(p, "payments") : T(p, "payments_none"), b->payments, false);
        if (b->adjustments.minor) y = summary_row(p, y, width, T(p, "adjustments"), b->adjustments, false);
        if (b->posted.minor) y = summary_row(p, y, width, T(p, "posted"), b->posted, false);
    }
    y = summary_row(p, y, width, T(p, "forward"), b->forward, true);
    PaperSum sums[PAPER_SERVICES_MAX];
    int n = paper_sums(b, sums);
    Money current = paper_section_sum(b, "current");
    for (int i = 0; i < n; i++) y = summary_row(p, y, width, sum_name(p, &sums[i]), sums[i].amount, false);
    y = summary_row(p, y, width, T(p, "current"), current, true);
    Money instalment = paper_section_sum(b, "instalment"), deposit = paper_section_sum(b, "deposit");
    if (instalment.minor) y = summary_row(p, y, width, T(p, "instalment"), instalment, false);
    if (deposit.minor) y = summary_row(p, y, width, T(p, "deposit"), deposit, false);
    Money rest = money_sub(b->total, money_add(current, money_add(instalment, deposit)));
    if (rest.minor) y = summary_row(p, y, width, T(p, "other"), rest, false);
    pdf_fill(p->pdf, (PdfBox){ p->left - 6, y, width + 12, 21 }, 4, p->accent);
    pdf_open(p->pdf, "TR");
    const char *label = b->due.minor > 0 ? T(p, "amount_due_by", { "date", day_words(p, b->due_date) })
                                         : T(p, "amount_due");
    put(p, p->left, y + 3.5, (PdfStyle){ .size = 10, .bold = true, .colour = WHITE, .tag = "TD" }, label);
    put(p, p->left + width, y + 3.5,
        (PdfStyle){ .size = 10, .bold = true, .colour = WHITE, .align = PDF_RIGHT, .tag = "TD" },
        money_words(p, b->due));
    pdf_close(p->pdf);
    pdf_close(p->pdf);
    y += 25;
    if (b->on.agreement && b->deferred.minor > 0)
        put(p, p->left, y, (PdfStyle){ .size = 7.5, .colour = MUTED, .width = width, .lines = 2, .tag = "P" },
            T(p, "deferred", { "amount", money_words(p, b->deferred) }));
}

/* --- use of 13 months --------------------------------------------------------------------------------------------- */

static const char *use_words(const Paper *p, Quantity q) { return locale_quantity(p->mem, p->l, q, p->b->unit); }
static const char *daily_words(const Paper *p, const PaperMonth *m) {
    return locale_quantity_to(p->mem, p->l, (Quantity){ paper_daily_micro(m) }, 2, p->b->unit);
}

/* The top of the axis: a round figure above the highest bar, halved once for the line between. */
static int64_t axis_top(int64_t most) {
    int64_t top = 1000000;
    static const int steps[] = { 2, 3, 4, 5, 6, 8, 10 };
    for (int64_t ten = top; ten < INT64_MAX / 100; ten *= 10)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            top = ten / 10 * steps[i];
            if (top >= most) return top;
        }
    return most;
}

static void draw_bar(const Paper *p, const PaperMonth *m, PdfBox plot, double x, double width, int64_t top,
                     bool is_last) {
    double part = m->use.micro > 0 ? (double)m->use.micro / (double)top : 0,
           height = plot.height * (part > 1 ? 1 : part);
    if (height < 0.8 && m->use.micro > 0) height = 0.8;
    PdfBox bar = { x, plot.y + plot.height - height, width, height };
    uint32_t pale = sheet_tint(p->accent, WHITE, 38);
    pdf_fill(p->pdf, bar, 0, m->is_estimated ? p->soft : is_last ? p->accent : pale);
    if (m->is_estimated && height > 1)
        pdf_frame(p->pdf, (PdfBox){ bar.x + 0.4, bar.y + 0.4, bar.width - 0.8, bar.height - 0.4 }, 0, 0.8,
                  is_last ? p->accent : pale);
    put(p, x + width / 2, plot.y + plot.height + 2,
        (PdfStyle){ .size = 6, .colour = is_last ? INK : MUTED, .bold = is_last, .align = PDF_CENTRE },
        p->l->months[date_ymd(m->end).month - 1]);
    if (is_last)
        put(p, x + width / 2, bar.y - 10.5, (PdfStyle){ .size = 7, .bold = true, .align = PDF_CENTRE },
            locale_quantity(p->mem, p->l, m->use, NULL));
}

static void draw_chart(const Paper *p, PdfBox box) {
    const BillPaper *b = p->b;
    int64_t most = 1;
    for (int i = 0; i < b->month_n; i++)
        if (b->month[i].use.micro > most) most = b->month[i].use.micro;
    int64_t top = axis_top(most);
    PdfBox plot = { box.x + 24, box.y + 10, box.width - 24, box.height - 22 };
    for (int i = 0; i <= 2; i++) {
        double y = plot.y + plot.height * (2 - i) / 2;
        pdf_line(p->pdf, plot.x, y, plot.x + plot.width, y, 0.5, 0, RULE);
        put(p, plot.x - 4, y - 4.5, (PdfStyle){ .size = 6, .colour = MUTED, .align = PDF_RIGHT },
            locale_quantity(p->mem, p->l, (Quantity){ top * i / 2 }, NULL));
    }
    double slot = plot.width / PAPER_MONTHS, width = slot * 0.66;
    for (int i = 0; i < b->month_n; i++) {
        double x = plot.x + slot * (PAPER_MONTHS - b->month_n + i) + (slot - width) / 2;
        draw_bar(p, &b->month[i], plot, x, width, top, i == b->month_n - 1);
    }
}

static const char *compare_words(const Paper *p, const PaperMonth *now, const PaperMonth *then) {
    int64_t before = paper_daily_micro(then), daily = paper_daily_micro(now);
    if (before <= 0) return NULL;
    int64_t percent = (int64_t)wide_divide((Wide)(daily - before) * 100, before, ROUND_HALF_UP);
    if (!percent) return NULL;
    const char *words = locale_percent(p->mem, p->l, (percent < 0 ? -percent : percent) * 10000);
    return percent > 0 ? T(p, "use_more", { "percent", words }) : T(p, "use_less", { "percent", words });
}

static double draw_use(const Paper *p, double x, double y, double width) {
    const BillPaper *b = p->b;
    if (!b->on.usage_graph || !b->month_n || !b->unit) return y;
    y += put(p, x, y, (PdfStyle){ .size = 11, .bold = true, .tag = "H2" }, T(p, "use", { "unit", b->unit })) + 3;
    draw_chart(p, (PdfBox){ x, y, width, 106 });
    y += 110;
    const PaperMonth *now = &b->month[b->month_n - 1], *last = b->month_n > 1 ? now - 1 : NULL,
                     *then = paper_year_before(b);
    bool estimates = false;
    for (int i = 0; i < b->month_n; i++) estimates = estimates || b->month[i].is_estimated;
    const char *const lines[] = {
        T(p, "use_now", { "use", use_words(p, now->use) }, { "days", days_words(p, now->days) },
          { "daily", daily_words(p, now) }),
        last ? T(p, "use_last", { "use", use_words(p, last->use) }, { "daily", daily_words(p, last) }) : NULL,
        then && b->on.comparison
            ? T(p, "use_year", { "use", use_words(p, then->use) }, { "daily", daily_words(p, then) })
            : NULL,
        then && b->on.comparison ? compare_words(p, now, then) : NULL, estimates ? T(p, "use_estimated") : NULL
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        y += put(p, x, y, (PdfStyle){ .size = 8, .colour = i ? MUTED : INK, .width = width, .tag = "P" }, lines[i]);
    return y;
}

static void draw_messages(const Paper *p, double x, double y, double width, double bottom) {
    const BillPaper *b = p->b;
    if (!b->on.messages || !b->message_n || y + 34 > bottom) return;
    double began = y += 8;
    y += put(p, x + 9, y, (PdfStyle){ .size = 9, .bold = true, .tag = "H2" }, T(p, "messages")) + 1;
    for (int i = 0; i < b->message_n; i++) {
        PdfStyle style = { .size = 8, .colour = INK, .width = width - 9, .tag = "P" };
        if (y + pdf_text_height(p->pdf, &style, b->message[i]) > bottom) break;
        y += put(p, x + 9, y, style, b->message[i]) + 2;
    }
    pdf_line(p->pdf, x, began, x, y, 2, 0, p->accent);
}

/* --- slip --------------------------------------------------------------------------------------------------------- */

static double slip_fact(const Paper *p, double x, double y, double width, const char *label, const char *value,
                        bool large) {
    y += put(p, x, y, (PdfStyle){ .size = 7.5, .colour = MUTED, .width = width, .lines = 1, .tag = "P" }, label);
    return y +
           put(p, x, y, (PdfStyle){ .size = large ? 12 : 9, .bold = true, .width = width, .lines = 1, .tag = "P" },
               value) +
           3;
}

static void draw_slip(const Paper *p) {
    const BillPaper *b = p->b;
    double top = p->height - margin - slip_height, y = top;
    put(p, (p->left + p->right) / 2, y - 10, (PdfStyle){ .size = 6.5, .colour = MUTED, .align = PDF_CENTRE },
        T(p, "slip_cut"));
    pdf_line(p->pdf, 0, y, p->left + p->right, y, 0.7, 3, MUTED);
    y += 14;
    put(p, p->left, y, (PdfStyle){ .size = 12, .bold = true, .colour = p->accent, .tag = "H2" }, T(p, "slip"));
    y += 24;
    double at = y;
    at += put(p, p->left, at, (PdfStyle){ .size = 7.5, .colour = MUTED, .tag = "P" }, T(p, "slip_to"));
    at += put(p, p->left, at, (PdfStyle){ .size = 9, .bold = true, .width = 190, .lines = 2, .tag = "P" },
              b->issuer.name);
    at += put(p, p->left, at, (PdfStyle){ .size = 8.5, .width = 190, .lines = 3, .tag = "P" }, b->issuer.address);
    at += 8;
    put(p, p->left, at, (PdfStyle){ .size = 8.5, .colour = MUTED, .width = 190, .lines = 2, .tag = "P" },
        b->consumer_name);
    double x = p->left + 205;
    at = slip_fact(p, x, y, 120, T(p, "account"), b->account_no, false);
    at = slip_fact(p, x, at, 120, T(p, "bill"), b->bill_no, false);
    if (b->due.minor > 0) slip_fact(p, x, at, 120, T(p, "amount_due"), money_words(p, b->due), true);
    x += 125;
    if (b->due.minor > 0) {
        at = slip_fact(p, x, y, 90, T(p, "due", { "date", "" }), day_words(p, b->due_date), false);
        put(p, x, at + 7, (PdfStyle){ .size = 7.5, .colour = MUTED, .tag = "P" }, T(p, "slip_enclosed"));
        pdf_frame(p->pdf, (PdfBox){ x, at + 19, 96, 21 }, 3, 0.8, MUTED);
        double side = 86, low = top + 12 + side;
        if (b->pay_url && pdf_qr(p->pdf, p->right - side + 9, top + 12, side, b->pay_url)) {
            low += put(p, p->right, low, (PdfStyle){ .size = 8, .bold = true, .align = PDF_RIGHT, .tag = "P" },
                       T(p, "scan"));
            put(p, p->right, low,
                (PdfStyle){ .size = 7, .colour = p->accent, .align = PDF_RIGHT, .link = b->pay_url, .tag = "P" },
                b->pay_url);
        }
    } else {
        put(p, x, y, (PdfStyle){ .size = 9, .bold = true, .width = 190, .tag = "P" }, T(p, "slip_none"));
    }
    put(p, p->left, p->height - margin - 32, (PdfStyle){ .size = 11, .tag = "P" },
        paper_scan_line(p->mem, b->bill_no, b->due));
}

/* --- every page --------------------------------------------------------------------------------------------------- */

static const char *page_words(Arena *a, void *arg, int page, int pages) {
    const Paper *p = arg;
    return msg_format(a, p->lang, "paper.page", { "page", text(a, "%d", page) }, { "pages", text(a, "%d", pages) });
}

static void draw_foot(Paper *p) {
    double y = p->height - 30;
    PdfStyle right = { .size = 7, .colour = MUTED, .align = PDF_RIGHT };
    put(p, p->left, y, (PdfStyle){ .size = 7, .colour = MUTED },
        text(p->mem, "%s · %s", p->b->account_no, p->b->bill_no));
    pdf_text_paged(p->pdf, p->right, y, &right, page_words, p);
}

static void further_page(Sheet *s, void *arg) {
    Paper *p = arg;
    (void)s;
    put(p, p->left, 34, (PdfStyle){ .size = 9, .bold = true, .width = 300, .lines = 1 }, p->b->issuer.name);
    put(p, p->right, 34, (PdfStyle){ .size = 8, .colour = MUTED, .align = PDF_RIGHT },
        text(p->mem, "%s · %s", p->b->account_no, p->b->bill_no));
    pdf_line(p->pdf, p->left, 50, p->right, 50, 1, 0, p->accent);
    draw_foot(p);
}

/* --- readings, lines and how they came about ---------------------------------------------------------------------- */

static void draw_readings(Paper *p, Sheet *s) {
    const BillPaper *b = p->b;
    if (!b->on.readings || !b->reading_n) return;
    double w = s->right - s->left;
    SheetColumn columns[] = { { T(p, "meter"), w * 0.2, PDF_LEFT },    { T(p, "dates"), w * 0.28, PDF_LEFT },
                              { T(p, "before"), w * 0.13, PDF_RIGHT }, { T(p, "now"), w * 0.13, PDF_RIGHT },
                              { T(p, "used"), w * 0.14, PDF_RIGHT },   { T(p, "kind"), w * 0.12, PDF_RIGHT } };
    sheet_heading(s, T(p, "readings"));
    sheet_table(s, columns, 6);
    for (size_t i = 0; i < b->reading_n; i++) {
        const PaperReading *r = &b->reading[i];
        SheetCell cells[] = { { r->meter_no ? r->meter_no : "", NULL },
                              { locale_period(p->mem, p->l, r->from, r->to), NULL },
                              { locale_reading(p->mem, p->l, r->from_value), NULL },
                              { locale_reading(p->mem, p->l, r->to_value), NULL },
                              { text(p->mem, "%s %s", locale_reading(p->mem, p->l, r->use), r->unit ? r->unit : ""),
                                NULL },
                              { r->is_estimated ? T(p, "estimated") : T(p, "actual"), NULL } };
        sheet_row(s, cells, SHEET_PLAIN);
    }
    sheet_table_end(s);
    sheet_gap(s, 8);
}

/* What a line is made of: the engine's own words, else quantity and price. */
static const char *how_words(const Paper *p, const PaperLine *l) {
    if (l->how && p->b->on.trail) return paper_how(p->mem, l->how, p->l->number);
    const char *quantity = l->has_quantity ? locale_quantity(p->mem, p->l, l->quantity, l->unit) : NULL;
    if (quantity && l->price.micro)
        return T(p, "times", { "quantity", quantity },
                 { "price", locale_price_per(p->mem, p->l, l->price, l->unit ? l->unit : "") });
    if (quantity) return T(p, "for_quantity", { "quantity", quantity });
    return !strcmp(l->charge_type, "FIXED") || !strcmp(l->charge_type, "SEWER_FIXED") ? T(p, "fixed") : "";
}

static const char *line_dates(const Paper *p, const PaperLine *l) {
    bool whole = date_is_set(l->from) && date_is_set(l->to) &&
                 (l->from.day != p->b->period_start.day || l->to.day != p->b->period_end.day);
    return whole ? locale_period(p->mem, p->l, l->from, l->to) : NULL;
}

static void line_row(Paper *p, Sheet *s, const PaperLine *l) {
    SheetCell cells[] = { { l->description, line_dates(p, l) },
                          { how_words(p, l), NULL },
                          { money_words(p, l->amount), NULL } };
    sheet_row(s, cells, SHEET_PLAIN);
}

static void charges_table(Paper *p, Sheet *s, SheetColumn columns[static 3]) {
    double w = s->right - s->left;
    columns[0] = (SheetColumn){ T(p, "charge"), w * 0.33, PDF_LEFT };
    columns[1] = (SheetColumn){ T(p, "how"), w * 0.49, PDF_LEFT };
    columns[2] = (SheetColumn){ T(p, "amount"), w * 0.18, PDF_RIGHT };
    sheet_table(s, columns, 3);
}

static void draw_charges(Paper *p, Sheet *s) {
    const BillPaper *b = p->b;
    PaperSum sums[PAPER_SERVICES_MAX];
    int n = paper_sums(b, sums);
    SheetColumn columns[3];
    sheet_heading(s, T(p, "current"));
    charges_table(p, s, columns);
    for (int g = 0; g < n; g++) {
        for (size_t i = 0; i < b->line_n; i++)
            if (paper_sum_of(b, sums, n, &b->line[i]) == g) line_row(p, s, &b->line[i]);
        if (sums[g].lines > 1) {
            SheetCell sum[] = { { T(p, "service_sum", { "service", sum_name(p, &sums[g]) }), NULL },
                                { "", NULL },
                                { money_words(p, sums[g].amount), NULL } };
            sheet_row(s, sum, SHEET_STRONG);
        }
    }
    SheetCell total[] = { { T(p, "current"), NULL },
                          { "", NULL },
                          { money_words(p, paper_section_sum(b, "current")), NULL } };
    sheet_row(s, total, SHEET_TOTAL);
    sheet_table_end(s);
    if (b->plans) sheet_paragraph(s, T(p, "plans", { "plans", b->plans }), true);
    sheet_gap(s, 8);
}

static void draw_section(Paper *p, Sheet *s, const char *section, const char *heading) {
    const BillPaper *b = p->b;
    SheetColumn columns[3];
    bool open = false;
    for (size_t i = 0; i < b->line_n; i++) {
        if (strcmp(b->line[i].section, section)) continue;
        if (!open) {
            sheet_heading(s, heading);
            charges_table(p, s, columns);
            open = true;
        }
        line_row(p, s, &b->line[i]);
    }
    if (!open) return;
    sheet_table_end(s);
    sheet_gap(s, 8);
}

static const char *contact_words(const Paper *p) {
    const PaperIssuer *i = &p->b->issuer;
    Text t = text_start(p->mem);
    text_add(&t, p->b->contact ? p->b->contact : "");
    if (i->phone) text_addf(&t, "%s%s", t.n ? "\n" : "", T(p, "phone", { "phone", i->phone }));
    if (i->email) text_addf(&t, "\n%s", i->email);
    if (i->emergency_phone) text_addf(&t, "\n%s", T(p, "emergency", { "phone", i->emergency_phone }));
    text_addf(&t, "\n%s, %s", i->name, i->address);
    if (i->tax_no) text_addf(&t, "\n%s", T(p, "tax_no", { "no", i->tax_no }));
    if (i->registration_no) text_addf(&t, "\n%s", T(p, "registration_no", { "no", i->registration_no }));
    return t.s;
}

static const char *pay_words(const Paper *p) {
    if (!p->b->on.how_to_pay || p->b->due.minor <= 0) return NULL;
    const char *words = p->b->how_to_pay;
    if (!p->b->pay_url) return words;
    return words ? text(p->mem, "%s\n%s", words, p->b->pay_url) : p->b->pay_url;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void first_page(Paper *p) {
    draw_head(p);
    draw_address(p);
    draw_due(p);
    double y = draw_facts(p, 220) + 14, width = (p->right - p->left) * 0.53, x = p->left + width + 26;
    draw_summary(p, y, width);
    double bottom = p->height - margin - (p->b->on.payment_slip ? slip_height + 18 : 10);
    double below = draw_use(p, x, y, p->right - x);
    draw_messages(p, x, below, p->right - x, bottom);
    if (p->b->on.payment_slip) draw_slip(p);
    draw_foot(p);
}

Bytes bill_paper_pdf(Arena *a, const BillPaper *b, const Locale *l) {
    PdfHead head = { .paper = b->issuer.is_a4 ? PDF_A4 : PDF_LETTER,
                     .language = l->language,
                     .author = b->issuer.name,
                     .made_at = b->published_at };
    head.title = text(a, "%s %s", msg(l->language, "paper.bill"), b->bill_no);
    Paper *p = take(a, sizeof *p);
    *p = (Paper){ .mem = a,
                  .pdf = pdf_start(a, &head),
                  .b = b,
                  .l = l,
                  .lang = l->language,
                  .left = margin,
                  .accent = b->issuer.colour,
                  .soft = sheet_tint(b->issuer.colour, WHITE, 8) };
    p->right = pdf_width(p->pdf) - margin;
    p->height = pdf_height(p->pdf);
    first_page(p);
    pdf_page(p->pdf);
    Sheet s = { .pdf = p->pdf,
                .mem = a,
                .left = p->left,
                .right = p->right,
                .top = running_head,
                .bottom = p->height - 48,
                .y = running_head,
                .ink = INK,
                .muted = MUTED,
                .rule = RULE,
                .accent = p->accent,
                .soft = p->soft,
                .next = further_page,
                .arg = p };
    further_page(&s, p);
    s.y += put(p, s.left, s.y - 4, (PdfStyle){ .size = 14, .bold = true, .colour = p->accent, .tag = "H1" },
               T(p, "detail")) +
           6;
    draw_readings(p, &s);
    draw_charges(p, &s);
    draw_section(p, &s, "instalment", T(p, "instalment"));
    draw_section(p, &s, "deposit", T(p, "deposit"));
    draw_section(p, &s, "since_last_bill", T(p, "since"));
    draw_section(p, &s, "info", T(p, "info"));
    sheet_gap(&s, 4);
    sheet_blocks(&s, (SheetBlock[]){ { T(p, "how_to_pay"), pay_words(p) }, { T(p, "contact"), contact_words(p) } }, 2);
    if (b->on.terms && b->terms) sheet_blocks(&s, (SheetBlock[]){ { T(p, "terms"), b->terms } }, 1);
    return pdf_end(p->pdf);
}
