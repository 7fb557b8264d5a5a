/*
 * Payments a consumer made (CSS01US05): the list of all channels with what is open or failed at a gateway, one payment
 * with what it paid, and the CSV. A payer sees his own alone; a failed payment has no receipt. What comes next stands
 * in scheduled.c, the year's summary and questions about a payment in payment_paper.c.
 */
#include "app/portal/history.h"

#include <string.h>

#include "app/core/installation.h"
#include "app/hub/hub.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

enum { PAGE_PAYMENTS = 25, READ_MOST = 1000, OPEN_DAYS = 90, RANGE_MONTHS = 24, MODES_MOST = 20 };

static const char *const states[] = { "succeeded", "pending", "failed", "cancelled", "partly", "refunded", "reversed",
                                      NULL };

static const char *money_words(Ctx *c, Money m) { return locale_money(&c->mem, c->locale, m); }

static const char *state_of_payment(const char *status) {
    static const char *const words[][2] = { { "pending_clearance", "pending" }, { "reversed", "reversed" },
                                            { "refunded", "refunded" },         { "partially_refunded", "partly" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(status, words[i][0])) return words[i][1];
    return "succeeded";
}

static const char *state_of_intent(const char *state) {
    if (!strcmp(state, "cancelled")) return "cancelled";
    return !strcmp(state, "failed") || !strcmp(state, "failed_to_start") ? "failed" : "pending";
}

static const char *tone_of(const char *state) {
    if (!strcmp(state, "succeeded")) return "ok";
    if (!strcmp(state, "pending")) return "hold";
    if (!strcmp(state, "partly")) return "info";
    return !strcmp(state, "failed") || !strcmp(state, "reversed") ? "bad" : "off";
}

/* --- what there is ------------------------------------------------------------------------------------------------ */

static void by_time(PaidRows *all) {
    for (size_t i = 1; i < all->n; i++)
        for (size_t k = i; k && all->v[k].at.us > all->v[k - 1].at.us; k--) {
            PaidRow x = all->v[k];
            all->v[k] = all->v[k - 1], all->v[k - 1] = x;
        }
}

PaidRows paid_rows(Ctx *c, Mines mines, int most) {
    Id *accounts = take_n(c, Id, mines.n + 1);
    for (size_t i = 0; i < mines.n; i++) accounts[i] = mines.v[i].id;
    PaymentsSeen paid = payments_seen(c, accounts, mines.n, most);
    IntentsSeen open = intents_unpaid(c, accounts, mines.n, time_add_seconds(c->now, -(int64_t)OPEN_DAYS * 86400));
    PaidRows all = { take_n(c, PaidRow, paid.n + open.n + 1), 0 };
    for (size_t i = 0; i < paid.n; i++)
        if (payment_may_see(c, paid.v[i].account, paid.v[i].intent))
            all.v[all.n++] = (PaidRow){ .seen = &paid.v[i],
                                    .at = paid.v[i].received_at,
                                    .amount = paid.v[i].amount,
                                    .fee = paid.v[i].fee,
                                    .state = state_of_payment(paid.v[i].status) };
    for (size_t i = 0; i < open.n; i++)
        if (open.v[i].payer.id == c->user.id)
            all.v[all.n++] = (PaidRow){ .intent = &open.v[i],
                                    .at = open.v[i].created_at,
                                    .amount = open.v[i].amount,
                                    .fee = open.v[i].fee,
                                    .state = state_of_intent(open.v[i].state) };
    by_time(&all);
    return all;
}

int paid_year(Ctx *c, Time at) { return date_ymd(time_date(c->locale->zone, at)).year; }

const char *paid_account(Ctx *c, const PaidRow *x) {
    const Mine *m = mine_by_id(c, x->seen ? x->seen->account : x->intent->account);
    return m ? m->account_no : "";
}

/* "Card online ···· 4242 · Portal" */
const char *paid_how(Ctx *c, const PaidRow *x) {
    if (!x->seen) return msg(c->language, "portal.payments.online");
    const PaymentSeen *p = x->seen;
    return text(c, "%s%s%s · %s", payment_mode_words(c->language, p->mode_code, p->mode),
                p->card_last4 ? " ···· " : "", p->card_last4 ? p->card_last4 : "",
                payment_channel_words(c->language, p->channel_code, p->channel));
}

/* --- /payments ---------------------------------------------------------------------------------------------------- */

static void show_row_of(Req *r, size_t i, const PaidRow *x) {
    Ctx *c = &r->c;
    show_text(r, at(r, "payments", i, "text"), locale_time_words(&c->mem, c->locale, x->at));
    show_text(r, at(r, "payments", i, "no"), x->seen && x->seen->receipt_no ? x->seen->receipt_no : NULL);
    show_text(r, at(r, "payments", i, "sub"),
              text(r, "%s%s%s", paid_how(c, x), x->seen && x->seen->paid_for ? " · " : "",
                   x->seen && x->seen->paid_for ? x->seen->paid_for : ""));
    show_text(r, at(r, "payments", i, "right"), money_words(c, x->amount));
    show_text(r, at(r, "payments", i, "right_sub"), mine_all(c).n > 1 ? paid_account(c, x) : NULL);
    show_text(r, at(r, "payments", i, "word"), msg(c->language, text(r, "portal.payments.%s", x->state)));
    show_text(r, at(r, "payments", i, "tone"), tone_of(x->state));
    show_text(r, at(r, "payments", i, "url"),
              x->seen ? link_path(r, "/payments/%s", x->seen->payment_no)
                      : link_path(r, "/pay/%s/return", x->intent->public_id));
}

void filters_show(Req *r, const char *what, const int *years, size_t years_n, int year, const char *const *words,
                  const char *state) {
    size_t n = 0;
    for (size_t i = 0; i < years_n; i++) {
        if (i && years[i] == years[i - 1]) continue;
        show_text(r, at(r, "years", n, "value"), text(r, "%d", years[i]));
        show_text(r, at(r, "years", n, "text"), text(r, "%d", years[i]));
        show_flag(r, at(r, "years", n++, "selected"), years[i] == year);
    }
    for (size_t i = 0; words[i]; i++) {
        show_text(r, at(r, "states", i, "value"), words[i]);
        show_text(r, at(r, "states", i, "text"), msg(r->c.language, text(r, "portal.%s.%s", what, words[i])));
        show_flag(r, at(r, "states", i, "selected"), state && !strcmp(state, words[i]));
    }
    show_text(r, "filter_url", link_path(r, "/%s", what));
}

/* --- filters ------------------------------------------------------------------------------------------------------ */

typedef struct {
    int64_t year;
    const char *state, *mode, *q;
    Date from, to;
    bool has_least, has_most;
    Money least, most;
} Wish;

static Date day_wished(Req *r, const char *name) {
    const char *s = query_text(r, name);
    Date d;
    if (!s) return DATE_NONE;
    if (date_parse_iso(s, &d) || !read_date(r->c.locale, s, &d)) return d;
    problem(r, name, "%s", msg(r->c.language, "portal.statement.date"));
    return DATE_NONE;
}

static bool amount_wished(Req *r, const char *name, Money *to) {
    const char *s = query_text(r, name);
    if (!s) return false;
    if (!read_money(r->c.locale, s, false, to)) return true;
    problem(r, name, "%s", msg(r->c.language, "portal.payments.amount_bad"));
    return false;
}

/* What is wrong with them is a problem of the request; such a filter is none. */
static Wish wish_of(Req *r) {
    Wish w = { .year = query_int(r, "year", 0), .state = query_text(r, "state"), .mode = query_text(r, "mode"),
               .q = query_text(r, "q"), .from = day_wished(r, "from"), .to = day_wished(r, "to") };
    w.has_least = amount_wished(r, "least", &w.least);
    w.has_most = amount_wished(r, "most", &w.most);
    if (!date_is_set(w.from)) return w;
    Date to = date_is_set(w.to) ? w.to : utility_today(&r->c);
    const char *wrong = date_compare(w.from, to) > 0                                      ? "portal.statement.order"
                        : date_compare(date_add_months(w.from, RANGE_MONTHS), to) <= 0 ? "portal.payments.range"
                                                                                          : NULL;
    if (!wrong) return w;
    problem(r, "from", "%s", msg(r->c.language, wrong));
    w.from = w.to = DATE_NONE;
    return w;
}

/* Numbers are found however they are typed: small letters, blanks, the end alone. */
static bool has_number(Ctx *c, const PaidRow *x, const char *q) {
    const char *wanted = typed_code(&c->mem, q);
    return x->seen && ((x->seen->receipt_no && strstr(x->seen->receipt_no, wanted))
                       || strstr(x->seen->payment_no, wanted));
}

static bool fits(Ctx *c, const PaidRow *x, const Wish *w) {
    Date on = time_date(c->locale->zone, x->at);
    if (w->year && paid_year(c, x->at) != (int)w->year) return false;
    if (w->state && strcmp(w->state, x->state)) return false;
    if (w->mode && (!x->seen || strcmp(w->mode, x->seen->mode_code))) return false;
    if (w->q && !has_number(c, x, w->q)) return false;
    if (date_is_set(w->from) && date_compare(on, w->from) < 0) return false;
    if (date_is_set(w->to) && date_compare(on, w->to) > 0) return false;
    if (w->has_least && money_compare(x->amount, w->least) < 0) return false;
    return !w->has_most || money_compare(x->amount, w->most) <= 0;
}

/* The same filters on other pages. */
static const char *query_of(Req *r) {
    static const char *const names[] = { "year", "state", "mode", "q", "from", "to", "least", "most" };
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (query_text(r, names[i])) text_addf(&t, "&%s=%s", names[i], url_part(r, query_text(r, names[i])));
    return t.s;
}

static bool is_mode_before(const PaidRows *all, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (all->v[k].seen && !strcmp(all->v[k].seen->mode_code, all->v[i].seen->mode_code)) return true;
    return false;
}

static void show_modes(Req *r, const PaidRows *all, const Wish *w) {
    size_t n = 0;
    for (size_t i = 0; i < all->n && n < MODES_MOST; i++) {
        const PaymentSeen *p = all->v[i].seen;
        if (!p || is_mode_before(all, i)) continue;
        show_text(r, at(r, "modes", n, "value"), p->mode_code);
        show_text(r, at(r, "modes", n, "text"), payment_mode_words(r->c.language, p->mode_code, p->mode));
        show_flag(r, at(r, "modes", n++, "selected"), w->mode && !strcmp(w->mode, p->mode_code));
    }
}

static void show_filters(Req *r, const PaidRows *all, const Wish *w) {
    Ctx *c = &r->c;
    int *years = take_n(r, int, all->n + 1);
    for (size_t i = 0; i < all->n; i++) years[i] = paid_year(c, all->v[i].at);
    filters_show(r, "payments", years, all->n, (int)w->year, states, w->state);
    show_modes(r, all, w);
    static const char *const typed[] = { "q", "from", "to", "least", "most" };
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        const char *s = query_text(r, typed[i]);
        if (!s) continue;
        show_text(r, text(r, "more.%s", typed[i]), s);
        show_flag(r, "more_open", true);
    }
    for (int i = 0; i < r->problems; i++) {
        show_text(r, text(r, "page.errors.%d.field", i), r->problem[i].field);
        show_text(r, text(r, "page.errors.%d.text", i), r->problem[i].text);
        show_text(r, text(r, "wrong.%s", r->problem[i].field), r->problem[i].text);
        r->status = INVALID;
    }
}

/* What was paid this year, less what was taken back, and the last payment. */
static void show_totals(Req *r, const PaidRows *all) {
    Ctx *c = &r->c;
    int year = date_ymd(utility_today(c)).year;
    Money sum = { 0 };
    const PaidRow *last = NULL;
    for (size_t i = 0; i < all->n; i++) {
        const PaymentSeen *p = all->v[i].seen;
        if (!p) continue;
        if (!last && strcmp(all->v[i].state, "reversed")) last = &all->v[i];
        if (paid_year(c, all->v[i].at) == year)
            sum = money_add(sum, money_sub(p->amount, money_add(p->refunded, p->reversed)));
    }
    show_fact(r, "totals", msg_format(c, c->language, "portal.payments.year", { "year", text(r, "%d", year) }),
              money_words(c, sum), NULL);
    if (last)
        show_fact(r, "totals", msg(c->language, "portal.payments.last"), money_words(c, last->amount),
                  locale_date_words(&c->mem, c->locale, time_date(c->locale->zone, last->at)));
}

void payments_tabs(Req *r, bool scheduled) {
    static const char *const tabs[][2] = { { "portal.payments.made", "/payments" },
                                           { "portal.payments.scheduled", "/payments/scheduled" } };
    for (size_t i = 0; i < 2; i++) {
        show_text(r, at(r, "tabs", i, "text"), msg(r->c.language, tabs[i][0]));
        show_text(r, at(r, "tabs", i, "url"), link_path(r, "%s", tabs[i][1]));
        if (scheduled == (i == 1)) show_text(r, at(r, "tabs", i, "current"), "page");
    }
}

void payments_page(Req *r) {
    Ctx *c = &r->c;
    int64_t page_no = query_int(r, "page", 1);
    if (page_no < 1 || page_no > 1000) page_no = 1;
    Wish w = wish_of(r);
    PaidRows all = paid_rows(c, mine_shown(r), READ_MOST);
    show_switcher(r);
    payments_tabs(r, false);
    show_totals(r, &all);
    show_filters(r, &all, &w);
    size_t n = 0, shown = 0, first = (size_t)(page_no - 1) * PAGE_PAYMENTS;
    for (size_t i = 0; i < all.n; i++) {
        if (!fits(c, &all.v[i], &w)) continue;
        if (n >= first && shown < PAGE_PAYMENTS) show_row_of(r, shown++, &all.v[i]);
        n++;
    }
    const char *filters = query_of(r);
    if (page_no > 1) show_text(r, "newer_url", link_path(r, "/payments?page=%lld%s", (long long)page_no - 1, filters));
    if (n > first + PAGE_PAYMENTS)
        show_text(r, "older_url", link_path(r, "/payments?page=%lld%s", (long long)page_no + 1, filters));
    if (!shown) {
        show_text(r, "none.title", msg(c->language, "portal.payments.none"));
        show_text(r, "none.text", msg(c->language, all.n ? "portal.payments.none_fit" : "portal.payments.none_yet"));
        show_text(r, "none.icon", "cash");
    } else {
        show_text(r, "csv_url", link_path(r, "/payments.csv%s%s", *filters ? "?" : "", *filters ? filters + 1 : ""));
        int year = w.year ? (int)w.year : date_ymd(utility_today(c)).year;
        show_text(r, "summary", msg_format(c, c->language, "portal.payments.summary", { "year", text(r, "%d", year) }));
        show_text(r, "summary_url", link_path(r, "/payments/summary.pdf?year=%d", year));
    }
    portal_page(r, "portal.payments.title", "portal/payments");
}

void payments_csv(Req *r) {
    Ctx *c = &r->c;
    Wish w = wish_of(r);
    problems_end(r);
    PaidRows all = paid_rows(c, mine_shown(r), READ_MOST);
    CsvText *out = csv_start(&c->mem);
    static const char *const head[] = { "date", "payment_no", "receipt_no", "account_no", "amount", "fee", "method",
                                        "status", "paid_for", "currency" };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) csv_text(out, head[i]);
    csv_end(out);
    for (size_t i = 0; i < all.n; i++) {
        const PaidRow *x = &all.v[i];
        if (!fits(c, x, &w)) continue;
        csv_text(out, date_iso(&c->mem, time_date(c->locale->zone, x->at)));
        csv_text(out, x->seen ? x->seen->payment_no : ""), csv_text(out, x->seen ? x->seen->receipt_no : "");
        csv_text(out, paid_account(c, x));
        csv_number(out, money_decimal(&c->mem, x->amount, c->locale->exponent));
        csv_number(out, money_decimal(&c->mem, x->fee, c->locale->exponent));
        csv_text(out, paid_how(c, x)), csv_text(out, msg(c->language, text(r, "portal.payments.%s", x->state)));
        csv_text(out, x->seen ? x->seen->paid_for : ""), csv_text(out, utility_here(c)->currency);
        csv_end(out);
    }
    audit_note(c, "export", "payment", (Id){ 0 }, NULL, "portal");
    header_set(r, "Content-Disposition", "attachment; filename=\"payments.csv\"");
    answer(r, 200, "text/csv; charset=utf-8", out->text.s, out->text.n);
}

/* --- one payment -------------------------------------------------------------------------------------------------- */

const PaymentSeen *payment_of_path(Req *r) {
    Ctx *c = &r->c;
    const PaymentSeen *p = payment_seen(c, path_text(r, "no"));
    if (!p || !payment_may_see(c, p->account, p->intent)) fail(c, NOT_FOUND, "There is no such page.");
    return p;
}

static void add_fact(Req *r, const char *key, const char *value) {
    if (value) show_fact(r, "facts", msg(r->c.language, key), value, NULL);
}

static void add_step(Req *r, size_t *n, const char *icon, const char *key, Time at_, const char *words) {
    Ctx *c = &r->c;
    const char *to = at(r, "history", (*n)++, NULL);
    show_text(r, text(r, "%s.icon", to), icon);
    show_text(r, text(r, "%s.title", to), msg(c->language, key));
    if (time_is_set(at_)) show_text(r, text(r, "%s.time", to), locale_time_words(&c->mem, c->locale, at_));
    show_text(r, text(r, "%s.text", to), words);
}

/* What happened to it, the last first. */
static void show_history_of(Req *r, const PaymentSeen *p) {
    Ctx *c = &r->c;
    size_t n = 0;
    if (p->reversed.minor) add_step(r, &n, "alert", "portal.payments.gone", TIME_NONE, money_words(c, p->reversed));
    if (p->refunded.minor) add_step(r, &n, "cash", "portal.payments.back", TIME_NONE, money_words(c, p->refunded));
    if (p->receipt_no) add_step(r, &n, "receipt", "portal.pay.receipt_label", TIME_NONE, p->receipt_no);
    add_step(r, &n, "check", !strcmp(p->status, "pending_clearance") ? "portal.payments.pending"
             : "portal.payments.received", p->received_at, payment_channel_words(c->language, p->channel_code,
        p->channel));
}

void payment_seen_page(Req *r) {
    Ctx *c = &r->c;
    const PaymentSeen *p = payment_of_path(r);
    PaidRow x = { .seen = p, .at = p->received_at, .amount = p->amount, .state = state_of_payment(p->status) };
    show_text(r, "amount", money_words(c, p->amount));
    show_text(r, "word", msg(c->language, text(r, "portal.payments.%s", x.state)));
    show_text(r, "tone", tone_of(x.state));
    add_fact(r, "portal.payments.when", locale_time_words(&c->mem, c->locale, p->received_at));
    add_fact(r, "portal.payments.how", paid_how(c, &x));
    add_fact(r, "portal.account", paid_account(c, &x));
    if (p->fee.minor) add_fact(r, "portal.pay.fee", money_words(c, p->fee));
    add_fact(r, "portal.payments.reference", p->reference);
    if (p->refunded.minor) add_fact(r, "portal.payments.back", money_words(c, p->refunded));
    if (p->reversed.minor) {
        const char *key = text(r, "cis.reversal.%s", p->reason ? p->reason : "other");
        add_fact(r, "portal.payments.gone", money_words(c, p->reversed));
        add_fact(r, "portal.payments.why", msg(c->language, msg_exists(key) ? key : "cis.reversal.other"));
    }
    PaidItems items = payment_items(c, p->id);
    for (size_t i = 0; i < items.n; i++) {
        const BillHead *b = !strcmp(items.v[i].type, "bill") ? bill_by_id(c, items.v[i].id) : NULL;
        show_text(r, at(r, "items", i, "text"),
                  b ? msg_format(c, c->language, "portal.pay.bill", { "bill", b->bill_no })
                    : msg(c->language, "portal.payments.charge"));
        show_text(r, at(r, "items", i, "right"), money_words(c, items.v[i].amount));
        show_text(r, at(r, "items", i, "url"), b ? link_path(r, "/bills/%s", b->bill_no) : NULL);
    }
    if (p->unallocated.minor > 0) {
        show_text(r, at(r, "items", items.n, "text"), msg(c->language, "portal.pay.as_credit"));
        show_text(r, at(r, "items", items.n, "right"), money_words(c, p->unallocated));
    }
    if (p->receipt_no) {
        show_text(r, "receipt_no", p->receipt_no);
        show_text(r, "receipt_url", link_path(r, "/receipts/%s", p->receipt_no));
        show_text(r, "pdf_url", link_path(r, "/receipts/%s/pdf", p->receipt_no));
        if (!portal_is_viewed(c)) show_text(r, "mail_url", link_path(r, "/payments/%s/mail", p->payment_no));
    }
    const Mine *m = mine_by_id(c, p->account);
    if (m && mine_may(m, ACCESS_PAYER)) show_text(r, "again_url", link_path(r, "/pay"));
    const char *asked = payment_complaint_open(c, p->account, p->payment_no);
    if (asked) {
        show_text(r, "page.notices.question.tone", "hold");
        show_text(r, "page.notices.question.text", msg_format(c, c->language, "portal.question.open", { "no", asked }));
    } else if (m && mine_may(m, ACCESS_PAYER) && !portal_is_viewed(c)) {
        show_text(r, "question_url", link_path(r, "/payments/%s/question", p->payment_no));
    }
    show_history_of(r, p);
    show_text(r, "page.title", msg_format(c, c->language, "portal.payments.single", { "no", p->payment_no }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "portal.payments.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/payments"));
    portal_page(r, NULL, "portal/payment");
}
