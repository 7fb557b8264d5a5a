/*
 * Payments a consumer made (CSS01US05): the list of all channels with what is open or failed at a gateway, one payment
 * with what it paid, and the CSV. A payer sees his own alone; a failed payment has no receipt.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/hub/hub.h"
#include "app/portal/bills.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

enum { PAGE_PAYMENTS = 25, READ_MOST = 1000, OPEN_DAYS = 90 };

/* A payment, or one that did not come about (seen is NULL). */
typedef struct {
    const PaymentSeen *seen;
    const IntentSeen *intent;
    Time at;
    Money amount, fee;
    const char *state;              /* pending, succeeded, failed, cancelled, refunded, partly, reversed */
} Row;
typedef struct { Row *v; size_t n; } Rows;

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

static void by_time(Rows *all) {
    for (size_t i = 1; i < all->n; i++)
        for (size_t k = i; k && all->v[k].at.us > all->v[k - 1].at.us; k--) {
            Row x = all->v[k];
            all->v[k] = all->v[k - 1], all->v[k - 1] = x;
        }
}

static Rows rows_of(Ctx *c, Mines mines) {
    Id *accounts = take_n(c, Id, mines.n + 1);
    for (size_t i = 0; i < mines.n; i++) accounts[i] = mines.v[i].id;
    PaymentsSeen paid = payments_seen(c, accounts, mines.n, READ_MOST);
    IntentsSeen open = intents_unpaid(c, accounts, mines.n, time_add_seconds(c->now, -(int64_t)OPEN_DAYS * 86400));
    Rows all = { take_n(c, Row, paid.n + open.n + 1), 0 };
    for (size_t i = 0; i < paid.n; i++)
        if (payment_may_see(c, paid.v[i].account, paid.v[i].intent))
            all.v[all.n++] = (Row){ .seen = &paid.v[i],
                                    .at = paid.v[i].received_at,
                                    .amount = paid.v[i].amount,
                                    .fee = paid.v[i].fee,
                                    .state = state_of_payment(paid.v[i].status) };
    for (size_t i = 0; i < open.n; i++)
        if (open.v[i].payer.id == c->user.id)
            all.v[all.n++] = (Row){ .intent = &open.v[i],
                                    .at = open.v[i].created_at,
                                    .amount = open.v[i].amount,
                                    .fee = open.v[i].fee,
                                    .state = state_of_intent(open.v[i].state) };
    by_time(&all);
    return all;
}

static int year_of(Ctx *c, Time at) { return date_ymd(time_date(c->locale->zone, at)).year; }

static bool fits(Ctx *c, const Row *x, int64_t year, const char *state) {
    return (!year || year_of(c, x->at) == (int)year) && (!state || !*state || !strcmp(state, x->state));
}

static const char *account_no_of(Ctx *c, const Row *x) {
    const Mine *m = mine_by_id(c, x->seen ? x->seen->account : x->intent->account);
    return m ? m->account_no : "";
}

/* "Card online ···· 4242 · Portal" */
static const char *how_of(Ctx *c, const Row *x) {
    if (!x->seen) return msg(c->language, "portal.payments.online");
    const PaymentSeen *p = x->seen;
    return text(c, "%s%s%s · %s", payment_mode_words(c->language, p->mode_code, p->mode),
                p->card_last4 ? " ···· " : "", p->card_last4 ? p->card_last4 : "",
                payment_channel_words(c->language, p->channel_code, p->channel));
}

/* --- /payments ---------------------------------------------------------------------------------------------------- */

static void show_row_of(Req *r, size_t i, const Row *x) {
    Ctx *c = &r->c;
    show_text(r, at(r, "payments", i, "text"), locale_time_words(&c->mem, c->locale, x->at));
    show_text(r, at(r, "payments", i, "no"), x->seen && x->seen->receipt_no ? x->seen->receipt_no : NULL);
    show_text(r, at(r, "payments", i, "sub"),
              text(r, "%s%s%s", how_of(c, x), x->seen && x->seen->paid_for ? " · " : "",
                   x->seen && x->seen->paid_for ? x->seen->paid_for : ""));
    show_text(r, at(r, "payments", i, "right"), money_words(c, x->amount));
    show_text(r, at(r, "payments", i, "right_sub"), mine_all(c).n > 1 ? account_no_of(c, x) : NULL);
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

static void show_filters(Req *r, const Rows *all, int64_t year, const char *state) {
    int *years = take_n(r, int, all->n + 1);
    for (size_t i = 0; i < all->n; i++) years[i] = year_of(&r->c, all->v[i].at);
    filters_show(r, "payments", years, all->n, (int)year, states, state);
}

/* What was paid this year, less what was taken back, and the last payment. */
static void show_totals(Req *r, const Rows *all) {
    Ctx *c = &r->c;
    int year = date_ymd(utility_today(c)).year;
    Money sum = { 0 };
    const Row *last = NULL;
    for (size_t i = 0; i < all->n; i++) {
        const PaymentSeen *p = all->v[i].seen;
        if (!p) continue;
        if (!last && strcmp(all->v[i].state, "reversed")) last = &all->v[i];
        if (year_of(c, all->v[i].at) == year)
            sum = money_add(sum, money_sub(p->amount, money_add(p->refunded, p->reversed)));
    }
    show_fact(r, "totals", msg_format(c, c->language, "portal.payments.year", { "year", text(r, "%d", year) }),
              money_words(c, sum), NULL);
    if (last)
        show_fact(r, "totals", msg(c->language, "portal.payments.last"), money_words(c, last->amount),
                  locale_date_words(&c->mem, c->locale, time_date(c->locale->zone, last->at)));
}

static const char *query_of(Req *r, int64_t year, const char *state) {
    return text(r, "%s%s%s", year ? text(r, "&year=%lld", (long long)year) : "", state && *state ? "&state=" : "",
                state && *state ? url_part(r, state) : "");
}

void payments_page(Req *r) {
    Ctx *c = &r->c;
    int64_t year = query_int(r, "year", 0), page_no = query_int(r, "page", 1);
    if (page_no < 1 || page_no > 1000) page_no = 1;
    const char *state = query_text(r, "state");
    Rows all = rows_of(c, mine_shown(r));
    show_switcher(r);
    show_totals(r, &all);
    show_filters(r, &all, year, state);
    size_t n = 0, shown = 0, first = (size_t)(page_no - 1) * PAGE_PAYMENTS;
    for (size_t i = 0; i < all.n; i++) {
        if (!fits(c, &all.v[i], year, state)) continue;
        if (n >= first && shown < PAGE_PAYMENTS) show_row_of(r, shown++, &all.v[i]);
        n++;
    }
    const char *filters = query_of(r, year, state);
    if (page_no > 1) show_text(r, "newer_url", link_path(r, "/payments?page=%lld%s", (long long)page_no - 1, filters));
    if (n > first + PAGE_PAYMENTS)
        show_text(r, "older_url", link_path(r, "/payments?page=%lld%s", (long long)page_no + 1, filters));
    if (!shown) {
        show_text(r, "none.title", msg(c->language, "portal.payments.none"));
        show_text(r, "none.text", msg(c->language, all.n ? "portal.payments.none_fit" : "portal.payments.none_yet"));
        show_text(r, "none.icon", "cash");
    } else {
        show_text(r, "csv_url", link_path(r, "/payments.csv%s%s", *filters ? "?" : "", *filters ? filters + 1 : ""));
    }
    portal_page(r, "portal.payments.title", "portal/payments");
}

void payments_csv(Req *r) {
    Ctx *c = &r->c;
    int64_t year = query_int(r, "year", 0);
    const char *state = query_text(r, "state");
    Rows all = rows_of(c, mine_shown(r));
    CsvText *w = csv_start(&c->mem);
    static const char *const head[] = { "date", "payment_no", "receipt_no", "account_no", "amount", "fee", "method",
                                        "status", "paid_for", "currency" };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) csv_text(w, head[i]);
    csv_end(w);
    for (size_t i = 0; i < all.n; i++) {
        const Row *x = &all.v[i];
        if (!fits(c, x, year, state)) continue;
        csv_text(w, date_iso(&c->mem, time_date(c->locale->zone, x->at)));
        csv_text(w, x->seen ? x->seen->payment_no : ""), csv_text(w, x->seen ? x->seen->receipt_no : "");
        csv_text(w, account_no_of(c, x));
        csv_number(w, money_decimal(&c->mem, x->amount, c->locale->exponent));
        csv_number(w, money_decimal(&c->mem, x->fee, c->locale->exponent));
        csv_text(w, how_of(c, x)), csv_text(w, msg(c->language, text(r, "portal.payments.%s", x->state)));
        csv_text(w, x->seen ? x->seen->paid_for : ""), csv_text(w, utility_here(c)->currency);
        csv_end(w);
    }
    audit_note(c, "export", "payment", (Id){ 0 }, NULL, "portal");
    header_set(r, "Content-Disposition", "attachment; filename=\"payments.csv\"");
    answer(r, 200, "text/csv; charset=utf-8", w->text.s, w->text.n);
}

/* --- one payment -------------------------------------------------------------------------------------------------- */

static const PaymentSeen *payment_of_path(Req *r) {
    Ctx *c = &r->c;
    const PaymentSeen *p = payment_seen(c, path_text(r, "no"));
    if (!p || !payment_may_see(c, p->account, p->intent)) fail(c, NOT_FOUND, "There is no such page.");
    return p;
}

static void add_fact(Req *r, const char *key, const char *value) {
    if (value) show_fact(r, "facts", msg(r->c.language, key), value, NULL);
}

void payment_seen_page(Req *r) {
    Ctx *c = &r->c;
    const PaymentSeen *p = payment_of_path(r);
    Row x = { .seen = p, .at = p->received_at, .amount = p->amount, .state = state_of_payment(p->status) };
    show_text(r, "amount", money_words(c, p->amount));
    show_text(r, "word", msg(c->language, text(r, "portal.payments.%s", x.state)));
    show_text(r, "tone", tone_of(x.state));
    add_fact(r, "portal.payments.when", locale_time_words(&c->mem, c->locale, p->received_at));
    add_fact(r, "portal.payments.how", how_of(c, &x));
    add_fact(r, "portal.account", account_no_of(c, &x));
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
    }
    show_text(r, "page.title", msg_format(c, c->language, "portal.payments.single", { "no", p->payment_no }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "portal.payments.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/payments"));
    portal_page(r, NULL, "portal/payment");
}
