/*
 * A bill as a fragment of HTML for mails and for the staff's bill page: see bill_paper.h. Headings and tables that a
 * mail program shows as they are; the caller puts it into a frame. Everything is escaped here.
 */
#include <string.h>

#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "lib/messages.h"

typedef struct Html { Text t; const BillPaper *b; const Locale *l; const char *lang; } Html;

static void raw(Html *h, const char *s) { text_add(&h->t, s); }

static void words(Html *h, const char *s) {
    while (s && *s) {
        size_t plain = strcspn(s, "&<>\"'\n");
        text_add_n(&h->t, s, plain);
        s += plain;
        if (*s == '&') raw(h, "&amp;");
        else if (*s == '<') raw(h, "&lt;");
        else if (*s == '>') raw(h, "&gt;");
        else if (*s == '"') raw(h, "&quot;");
        else if (*s == '\'') raw(h, "&#39;");
        else if (*s == '\n') raw(h, "<br>");
        if (*s) s++;
    }
}

static const char *key(const Html *h, const char *name) { return msg(h->lang, name); }
static const char *money(const Html *h, Money m) { return locale_money(h->t.arena, h->l, m); }

static void heading(Html *h, const char *text_) {
    raw(h, "<h2>");
    words(h, text_);
    raw(h, "</h2>");
}

/* A row of two: label and amount; strong ones are sums. */
static void row(Html *h, const char *label, const char *sub, const char *amount, bool strong) {
    raw(h, strong ? "<tr><th align=\"left\" scope=\"row\">" : "<tr><td align=\"left\">");
    words(h, label);
    if (sub && *sub) {
        raw(h, "<br><small>");
        words(h, sub);
        raw(h, "</small>");
    }
    raw(h, strong ? "</th><th align=\"right\">" : "</td><td align=\"right\">");
    words(h, amount);
    raw(h, strong ? "</th></tr>" : "</td></tr>");
}

static void sums_table(Html *h) {
    const BillPaper *b = h->b;
    raw(h, "<table width=\"100%\" cellpadding=\"4\">");
    row(h, key(h, "paper.previous"), NULL, money(h, b->previous), false);
    row(h, key(h, "paper.payments_none"), NULL, money(h, b->payments), false);
    if (b->adjustments.minor) row(h, key(h, "paper.adjustments"), NULL, money(h, b->adjustments), false);
    if (b->posted.minor) row(h, key(h, "paper.posted"), NULL, money(h, b->posted), false);
    row(h, key(h, "paper.forward"), NULL, money(h, b->forward), true);
    row(h, key(h, "paper.current"), NULL, money(h, paper_section_sum(b, "current")), false);
    Money instalment = paper_section_sum(b, "instalment"), deposit = paper_section_sum(b, "deposit");
    if (instalment.minor) row(h, key(h, "paper.instalment"), NULL, money(h, instalment), false);
    if (deposit.minor) row(h, key(h, "paper.deposit"), NULL, money(h, deposit), false);
    row(h, key(h, "paper.amount_due"), NULL, money(h, b->due), true);
    if (b->carried.minor)
        row(h, msg_format(h->t.arena, h->lang, "paper.credit_carried", { "amount", money(h, b->carried) }), NULL, "",
            false);
    raw(h, "</table>");
}

static void lines_table(Html *h) {
    const BillPaper *b = h->b;
    heading(h, key(h, "paper.current"));
    raw(h, "<table width=\"100%\" cellpadding=\"4\">");
    for (size_t i = 0; i < b->line_n; i++) {
        const PaperLine *l = &b->line[i];
        if (strcmp(l->section, "current")) continue;
        row(h, l->description, l->how ? paper_how(h->t.arena, l->how, h->l->number) : NULL, money(h, l->amount), false);
    }
    row(h, key(h, "paper.current"), NULL, money(h, paper_section_sum(b, "current")), true);
    raw(h, "</table>");
}

static void readings_table(Html *h) {
    const BillPaper *b = h->b;
    if (!b->on.readings || !b->reading_n) return;
    heading(h, key(h, "paper.readings"));
    raw(h, "<table width=\"100%\" cellpadding=\"4\">");
    for (size_t i = 0; i < b->reading_n; i++) {
        const PaperReading *r = &b->reading[i];
        Arena *a = h->t.arena;
        const char *values = text(a, "%s → %s", locale_reading(a, h->l, r->from_value),
                                  locale_reading(a, h->l, r->to_value));
        row(h, text(a, "%s · %s", r->meter_no ? r->meter_no : "", locale_period(a, h->l, r->from, r->to)), values,
            text(a, "%s %s%s%s", locale_reading(a, h->l, r->use), r->unit ? r->unit : "", r->is_estimated ? " · " : "",
                 r->is_estimated ? key(h, "paper.estimated") : ""),
            false);
    }
    raw(h, "</table>");
}

const char *bill_paper_html(Arena *a, const BillPaper *b, const Locale *l) {
    Html h = { text_start(a), b, l, l->language };
    raw(&h, "<p><strong>");
    words(&h, key(&h, "paper.amount_due"));
    raw(&h, ": ");
    words(&h, money(&h, b->due));
    raw(&h, "</strong><br>");
    words(&h, b->due.minor > 0 ? msg_format(a, h.lang, "paper.due", { "date", locale_date_words(a, l, b->due_date) })
                               : key(&h, "paper.nothing_due"));
    raw(&h, "</p><p>");
    words(&h, text(a, "%s %s · %s %s · %s", key(&h, "paper.bill"), b->bill_no, key(&h, "paper.account"), b->account_no,
                   locale_period(a, l, b->period_start, b->period_end)));
    raw(&h, "<br>");
    words(&h, b->premise);
    raw(&h, "</p>");
    sums_table(&h);
    lines_table(&h);
    readings_table(&h);
    for (int i = 0; b->on.messages && i < b->message_n; i++) {
        raw(&h, "<p>");
        words(&h, b->message[i]);
        raw(&h, "</p>");
    }
    if (b->pay_url) {
        raw(&h, "<p><a href=\"");
        words(&h, b->pay_url);
        raw(&h, "\">");
        words(&h, key(&h, "paper.see_bill"));
        raw(&h, "</a></p>");
    }
    return h.t.s;
}

const char *bill_paper_mail(Arena *a, const BillPaper *b, const Locale *l) {
    Html h = { text_start(a), b, l, l->language };
    raw(&h, "<!doctype html><html lang=\"");
    words(&h, l->language);
    raw(&h, "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>");
    words(&h, text(a, "%s %s", key(&h, "paper.bill"), b->bill_no));
    raw(&h,
        "</title></head><body style=\"margin:0;background:#f5f7f9;color:#172230;font:16px/1.5 'Segoe "
        "UI',Roboto,Helvetica,Arial,sans-serif\"><div style=\"max-width:560px;margin:24px auto;padding:20px "
        "24px;background:#ffffff;border:1px solid #e1e6eb;border-radius:10px\"><p><strong>");
    words(&h, b->issuer.name);
    raw(&h, "</strong></p>");
    raw(&h, bill_paper_html(a, b, l));
    raw(&h, "</div></body></html>");
    return h.t.s;
}
