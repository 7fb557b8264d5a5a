/*
 * Stripe, money that goes back or to the bank: refunds by its API, events about refunds, disputes and payouts, and what
 * a payout is made of (ONB03US01 "refunds, disputes, settlement"; assurance section 4).
 *
 * A refund goes out with one Idempotency-Key for ever: the same key asks again when an answer was lost. Amounts of
 * balance transactions are as Stripe has them: net = amount - fee, below zero what left the balance.
 */
#include <string.h>

#include "app/hub/stripe.h"
#include "lib/date.h"
#include "lib/money.h"

enum { PAGE = 100, PAGES_MAX = 100, ANSWER_MAX = 8 << 20 };

/* --- refunds ------------------------------------------------------------------------------------------------------ */

static MoneyState refund_state(const char *status) {
    if (!status) return MONEY_OPEN;
    if (!strcmp(status, "succeeded")) return MONEY_DONE;
    return !strcmp(status, "failed") || !strcmp(status, "canceled") ? MONEY_FAILED : MONEY_OPEN;
}

/* An object that may be sent whole or as its id. */
static const char *id_of(Json o, const char *path, const char *inner) {
    const char *whole = json_text(o, inner);
    return whole ? whole : json_text(o, path);
}

static RefundNews read_refund(Ctx *c, Json o) {
    int64_t amount = 0;
    amount_told(o, "amount", &amount);
    return (RefundNews){ .provider_refund_id = json_text(o, "id"),
                         .provider_payment_id = id_of(o, "payment_intent", "payment_intent.id"),
                         .refund_no = json_text(o, "metadata.refund"),
                         .intent_no = json_text(o, "metadata.intent"),
                         .currency = stripe_iso(c, json_text(o, "currency")),
                         .failure_text = json_text(o, "failure_reason"),
                         .amount = { amount },
                         .state = refund_state(json_text(o, "status")) };
}

Refunded stripe_refund(Ctx *c, const GatewayAccount *a, const RefundCall *call) {
    FetchHeader form[] = {
        { "payment_intent", call->provider_payment_id }, { "amount", text(c, "%lld", (long long)call->amount.minor) },
        { "reason", "requested_by_customer" },           { "metadata[refund]", call->refund_no },
        { "metadata[intent]", call->intent_no },         { 0 }
    };
    FetchRequest r = stripe_request(c, a, "POST", "/v1/refunds");
    r.body = fetch_form(&c->mem, form);
    r.content_type = "application/x-www-form-urlencoded";
    r.idempotency_key = call->idempotency_key;
    FetchAnswer answer = fetch(&c->mem, &r);
    Refunded to = { .class = answer.class, .http_status = answer.status };
    if (answer.class == OUT_ACCEPTED) {
        to.news = read_refund(c, json_read(&c->mem, answer.body, answer.body_n, 1 << 20, NULL));
        if (!to.news.provider_refund_id) to.class = OUT_UNKNOWN, to.error = "Stripe's answer has no refund.";
    } else {
        to.error = stripe_problem(c, &answer);
    }
    return to;
}

static RefundNewsList read_refunds(Ctx *c, Json list) {
    RefundNewsList all = { take_n(c, RefundNews, json_size(list) + 1), json_size(list) };
    for (size_t i = 0; i < all.n; i++) all.v[i] = read_refund(c, json_item(list, i));
    return all;
}

bool stripe_refunds_of(Ctx *c, const GatewayAccount *a, const char *provider_payment_id, RefundNewsList *to) {
    FetchRequest r = stripe_request(
        c, a, "GET",
        text(c, "/v1/refunds?payment_intent=%s&limit=%d", fetch_escape(&c->mem, provider_payment_id), PAGE));
    FetchAnswer answer = fetch(&c->mem, &r);
    if (answer.class != OUT_ACCEPTED) return false;
    *to = read_refunds(c, json_at(json_read(&c->mem, answer.body, answer.body_n, 1 << 20, NULL), "data"));
    return true;
}

/* --- disputes ----------------------------------------------------------------------------------------------------- */

/* Inquiries ("warning_...") take no money: state NULL. */
static const char *dispute_state(const char *status) {
    if (!status || !strncmp(status, "warning", 7)) return NULL;
    return !strcmp(status, "won") ? "won" : !strcmp(status, "lost") ? "lost" : "open";
}

/* Fees of the dispute so far: charged when it opened, given back (or not) when it was won. */
static Money dispute_fees(Json o) {
    Json list = json_at(o, "balance_transactions");
    Money sum = { 0 };
    for (size_t i = 0; i < json_size(list); i++) {
        int64_t fee = 0;
        amount_told(json_item(list, i), "fee", &fee);
        sum = money_add(sum, (Money){ fee });
    }
    return sum;
}

static DisputeNews read_dispute(Ctx *c, Json o, Time at) {
    int64_t amount = 0, due = 0;
    amount_told(o, "amount", &amount);
    json_int(o, "evidence_details.due_by", &due);
    return (DisputeNews){ .provider_dispute_id = json_text(o, "id"),
                          .provider_payment_id = id_of(o, "payment_intent", "payment_intent.id"),
                          .currency = stripe_iso(c, json_text(o, "currency")),
                          .reason = json_text(o, "reason"),
                          .state = dispute_state(json_text(o, "status")),
                          .amount = { amount },
                          .fee = dispute_fees(o),
                          .at = at,
                          .due_at = time_told(due, TIME_NONE) };
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static bool is(const char *type, const char *const *names) {
    for (; *names; names++)
        if (!strcmp(type, *names)) return true;
    return false;
}

/* Newer versions of the API leave the list of a charge's refunds out: then it is asked for. */
static void parse_charge(Ctx *c, Json o, GatewayEvent *to) {
    to->kind = EVENT_REFUNDS;
    to->refunds = read_refunds(c, json_at(o, "refunds.data"));
    for (size_t i = 0; i < to->refunds.n; i++)
        if (!to->refunds.v[i].provider_payment_id)
            to->refunds.v[i].provider_payment_id = id_of(o, "payment_intent", "payment_intent.id");
    to->ask_refunds_of = to->refunds.n ? NULL : id_of(o, "payment_intent", "payment_intent.id");
    if (!to->refunds.n && !to->ask_refunds_of)
        to->kind = EVENT_IGNORED; /* a charge without payment intent is none of ours */
}

bool stripe_parse_money(Ctx *c, Json body, GatewayEvent *to) {
    static const char *const refunds[] = { "refund.created", "refund.updated", "refund.failed", "charge.refund.updated",
                                           NULL };
    static const char *const disputes[] = { "charge.dispute.created",          "charge.dispute.updated",
                                            "charge.dispute.closed",           "charge.dispute.funds_withdrawn",
                                            "charge.dispute.funds_reinstated", NULL };
    Json o = json_at(body, "data.object");
    int64_t created = 0;
    json_int(body, "created", &created);
    if (is(to->type, refunds)) {
        to->kind = EVENT_REFUNDS;
        to->refunds = (RefundNewsList){ take_n(c, RefundNews, 1), 1 };
        to->refunds.v[0] = read_refund(c, o);
        if (!to->refunds.v[0].provider_refund_id) to->kind = EVENT_IGNORED;
    } else if (!strcmp(to->type, "charge.refunded")) {
        parse_charge(c, o, to);
    } else if (is(to->type, disputes)) {
        to->kind = EVENT_DISPUTE;
        to->dispute = read_dispute(c, o, time_told(created, c->now));
        if (!to->dispute.state || !to->dispute.provider_dispute_id) to->kind = EVENT_IGNORED;
    } else if (!strcmp(to->type, "payout.paid") || !strcmp(to->type, "payout.reconciliation_completed") ||
               !strcmp(to->type, "payout.failed")) {
        to->kind = strcmp(to->type, "payout.failed") ? EVENT_PAYOUT : EVENT_PAYOUT_FAILED;
        to->settlement = json_text(o, "id");
        if (!to->settlement) to->kind = EVENT_IGNORED;
    } else {
        return false;
    }
    return true;
}

/* --- payouts ------------------------------------------------------------------------------------------------------ */

static const char *line_type(const char *type, const char *category) {
    if (!strcmp(type, "charge") || !strcmp(type, "payment")) return "charge";
    if (!strcmp(type, "refund") || !strcmp(type, "payment_refund") || !strcmp(type, "refund_failure") ||
        !strcmp(type, "payment_failure_refund"))
        return "refund";
    if (category && !strncmp(category, "dispute", 7)) return "dispute";
    return !strcmp(type, "stripe_fee") || !strcmp(type, "application_fee") ? "fee" : "adjustment";
}

/* A fee of its own is a fee, not an amount: gross 0. The payout's own transaction is left out. */
static bool read_line(Json t, SettledLine *to) {
    const char *type = json_text(t, "type");
    int64_t amount = 0, fee = 0, net = 0, created = 0;
    if (!type || !strncmp(type, "payout", 6) || !amount_told(t, "amount", &amount) || !amount_told(t, "net", &net))
        return false;
    amount_told(t, "fee", &fee);
    json_int(t, "created", &created);
    *to = (SettledLine){ .type = line_type(type, json_text(t, "reporting_category")),
                         .provider_payment_id = id_of(t, "source.payment_intent", "source.payment_intent.id"),
                         .reference = id_of(t, "source", "source.id"),
                         .last4 = json_text(t, "source.payment_method_details.card.last4"),
                         .gross = { amount },
                         .fee = { fee },
                         .net = { net },
                         .at = time_told(created, TIME_NONE) };
    if (!strcmp(to->type, "fee")) to->fee = money_sub(to->fee, to->gross), to->gross = (Money){ 0 };
    return true;
}

/* Every page or none: half a payout would not add up. */
static bool read_pages(Ctx *c, const GatewayAccount *a, const char *payout, SettlementNews *to) {
    const char *after = NULL;
    size_t room = 0;
    for (int page = 0; page < PAGES_MAX; page++) {
        FetchRequest r = stripe_request(c, a, "GET",
                                        text(c, "/v1/balance_transactions?payout=%s&limit=%d&expand[]=data.source%s%s",
                                             fetch_escape(&c->mem, payout), PAGE, after ? "&starting_after=" : "",
                                             after ? fetch_escape(&c->mem, after) : ""));
        r.answer_max = ANSWER_MAX;
        FetchAnswer answer = fetch(&c->mem, &r);
        if (answer.class != OUT_ACCEPTED) return false;
        Json j = json_read(&c->mem, answer.body, answer.body_n, ANSWER_MAX, NULL), list = json_at(j, "data");
        if (json_kind(list) != JSON_KIND_LIST) return false;
        room += json_size(list);
        SettledLine *v = take_n(c, SettledLine, room + 1);
        if (to->n) memcpy(v, to->v, to->n * sizeof *v);
        to->v = v;
        for (size_t i = 0; i < json_size(list); i++) {
            if (!to->currency) to->currency = stripe_iso(c, json_text(json_item(list, i), "currency"));
            to->n += read_line(json_item(list, i), &to->v[to->n]);
        }
        bool more = false;
        json_bool(j, "has_more", &more);
        if (!more || !json_size(list)) return true;
        after = json_text(json_item(list, json_size(list) - 1), "id");
        if (!after) return false;
    }
    return false;
}

bool stripe_settlement(Ctx *c, const GatewayAccount *a, const char *payout, SettlementNews *to) {
    FetchRequest r = stripe_request(c, a, "GET", text(c, "/v1/payouts/%s", fetch_escape(&c->mem, payout)));
    FetchAnswer answer = fetch(&c->mem, &r);
    if (answer.class != OUT_ACCEPTED) return false;
    Json j = json_read(&c->mem, answer.body, answer.body_n, 1 << 20, NULL);
    int64_t amount = 0, arrives = 0;
    if (!amount_told(j, "amount", &amount)) return false;
    json_int(j, "arrival_date", &arrives);
    const char *reconciled = json_text(j, "reconciliation_status");
    if (reconciled && !strcmp(reconciled, "in_progress")) {
        *to = (SettlementNews){ .provider_settlement_id = payout, .is_open = true };
        return true;
    }
    *to = (SettlementNews){ .provider_settlement_id = payout,
                            .net = { amount },
                            .arrives_at = time_told(arrives, TIME_NONE) };
    return read_pages(c, a, payout, to);
}

/* Manual payouts name no transactions: their money is not known by payment. */
static bool is_automatic(Json payout) {
    bool automatic = true;
    json_bool(payout, "automatic", &automatic);
    return automatic;
}

bool stripe_payouts(Ctx *c, const GatewayAccount *a, Time from, PayoutIds *to) {
    const char *after = NULL;
    size_t room = 0;
    for (int page = 0; page < PAGES_MAX; page++) {
        FetchRequest r = stripe_request(c, a, "GET",
                                        text(c, "/v1/payouts?status=paid&arrival_date[gte]=%lld&limit=%d%s%s",
                                             (long long)time_unix(from), PAGE, after ? "&starting_after=" : "",
                                             after ? fetch_escape(&c->mem, after) : ""));
        r.answer_max = ANSWER_MAX;
        FetchAnswer answer = fetch(&c->mem, &r);
        if (answer.class != OUT_ACCEPTED) return false;
        Json j = json_read(&c->mem, answer.body, answer.body_n, ANSWER_MAX, NULL), list = json_at(j, "data");
        if (json_kind(list) != JSON_KIND_LIST) return false;
        for (size_t i = 0; i < json_size(list); i++) {
            const char *id = json_text(json_item(list, i), "id");
            if (!id) return false;
            after = id;
            if (!is_automatic(json_item(list, i))) continue;
            to->v = take_room(c, const char *, to->v, to->n, &room);
            to->v[to->n++] = id;
        }
        bool more = false;
        json_bool(j, "has_more", &more);
        if (!more || !json_size(list)) return true;
    }
    return false;
}
