/*
 * Paystack: transactions on its page, asked for by our reference, refunds, disputes, settlements (ONB03US01). Amounts
 * are minor units. Its webhooks are signed with the API's secret key.
 *
 * The reference is the intent's number (with "-2" for a second attempt) and unique at Paystack: what opens twice is
 * refused there, so an attempt whose answer was lost ends and the next one has a reference of its own.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "lib/date.h"
#include "lib/money.h"

#define PAYSTACK_BASE "https://api.paystack.co"
enum { PAGE = 100, PAGES_MAX = 50, ANSWER_MAX = 8 << 20, NUMBER = 13 };

static FetchAnswer call(Ctx *c, const GatewayAccount *a, const char *method, const char *path, const char *body,
                        int ms) {
    FetchRequest r = { .method = method, .url = text(c, "%s%s", a->api_base ? a->api_base : PAYSTACK_BASE, path),
                       .body = body, .bearer = a->secret_key, .total_ms = ms, .answer_max = ANSWER_MAX };
    return fetch(&c->mem, &r);
}

static Json answer_of(Ctx *c, const FetchAnswer *answer) {
    return json_read(&c->mem, answer->body, answer->body_n, ANSWER_MAX, NULL);
}

static const char *problem_of(Ctx *c, const FetchAnswer *answer) {
    const char *said = json_text(answer_of(c, answer), "message");
    return said ? said : answer->problem ? answer->problem : text(c, "Paystack answered %d.", answer->status);
}

/* Ids of Paystack are numbers; in some events they are texts. */
static const char *id_text(Ctx *c, Json j, const char *path) {
    int64_t n = 0;
    return json_int(j, path, &n) ? text(c, "%lld", (long long)n) : json_text(j, path);
}

static int64_t amount_of(Json j, const char *path) {
    int64_t n = 0;
    const char *digits = json_text(j, path);
    if (amount_told(j, path, &n) || !digits) return n;
    for (const char *s = digits; *s >= '0' && *s <= '9' && n <= AMOUNT_MOST; s++) n = n * 10 + (*s - '0');
    return n <= AMOUNT_MOST ? n : 0;
}

static Checked paystack_check(Ctx *c, const GatewayAccount *a) {
    FetchAnswer answer = call(c, a, "GET", "/bank?perPage=1", NULL, 10000);
    return (Checked){ answer.class, answer.status, answer.class == OUT_ACCEPTED ? NULL : problem_of(c, &answer) };
}

/* --- payments ----------------------------------------------------------------------------------------------------- */

/* What its page offers: the method that was chosen, in its words. */
static void add_channels(JsonOut *j, const char *method) {
    static const char *const words[][3] = { { "card", "card", NULL },
                                            { "bank_transfer", "bank", "bank_transfer" },
                                            { "ussd", "ussd", NULL },
                                            { "wallet", "mobile_money", NULL } };
    for (size_t i = 0; method && i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i][0], method)) continue;
        json_open_list(j, "channels");
        json_add_text(j, NULL, words[i][1]);
        if (words[i][2]) json_add_text(j, NULL, words[i][2]);
        json_close(j);
    }
}

static Opened paystack_open(Ctx *c, const GatewayAccount *a, const Opening *o) {
    const char *no = o->intent->intent_no,
               *reference = o->attempt_no > 1 ? text(c, "%s-%d", no, o->attempt_no) : no;
    Text t = text_start(c);
    JsonOut j = json_out(&t);
    json_open_object(&j, NULL);
    json_add_text(&j, "email", o->email);
    json_add_text(&j, "amount", text(c, "%lld", (long long)o->total.minor));
    json_add_text(&j, "currency", o->intent->currency);
    json_add_text(&j, "reference", reference);
    json_add_text(&j, "callback_url", o->return_url);
    add_channels(&j, o->intent->method);
    json_open_object(&j, "metadata");
    json_add_text(&j, "intent", no);
    json_add_text(&j, "cancel_action", text(c, "%s?cancelled=1", o->return_url));
    json_close(&j);
    json_close(&j);
    FetchAnswer answer = call(c, a, "POST", "/transaction/initialize", t.s, OPEN_MS);
    Json said = answer_of(c, &answer);
    Opened to = { .class = answer.class, .http_status = answer.status };
    to.redirect_url = answer.class == OUT_ACCEPTED ? json_text(said, "data.authorization_url") : NULL;
    to.ref = reference;
    if (answer.class != OUT_ACCEPTED) to.error = problem_of(c, &answer);
    else if (!to.redirect_url) to.class = OUT_UNKNOWN, to.error = "Paystack's answer has no page.";
    return to;
}

static const char *method_of(const char *channel) {
    if (!channel) return NULL;
    return !strcmp(channel, "card") ? "card" : !strcmp(channel, "bank") || !strcmp(channel, "bank_transfer")
        ? "bank_transfer" : !strcmp(channel, "ussd") ? "ussd" : !strcmp(channel, "mobile_money") ? "wallet" : NULL;
}

static void read_transaction(Ctx *c, Json t, IntentResult *to) {
    const char *status = json_text(t, "status"), *reference = json_text(t, "reference");
    to->provider_ref = reference;
    to->intent_no = json_text(t, "metadata.intent");
    if (!to->intent_no && reference && !strncmp(reference, "PI-", 3))
        to->intent_no = text_copy_n(c, reference, strlen(reference) < NUMBER ? strlen(reference) : NUMBER);
    to->provider_payment_id = id_text(c, t, "id");
    to->amount = (Money){ amount_of(t, "amount") };
    to->currency = json_text(t, "currency");
    to->method = method_of(json_text(t, "channel"));
    to->card_last4 = json_text(t, "authorization.last4");
    const char *paid = json_text(t, "paid_at");
    Time at;
    if (paid && time_parse_iso(paid, &at)) to->occurred_at = at;
    if (!status) return;
    to->status = !strcmp(status, "success") || !strcmp(status, "reversed") ? "succeeded"
               : !strcmp(status, "failed") ? "failed"
               : !strcmp(status, "processing") || !strcmp(status, "pending") || !strcmp(status, "queued")
                   ? "processing" : NULL;                       /* abandoned and ongoing: the page is still open */
    if (to->status && !strcmp(to->status, "failed")) to->failure_text = json_text(t, "gateway_response");
}

static bool paystack_ask(Ctx *c, const GatewayAccount *a, const Intent *intent, const char *ref, IntentResult *to) {
    (void)intent;
    if (!ref) return false;
    FetchAnswer answer = call(c, a, "GET", text(c, "/transaction/verify/%s", fetch_escape(&c->mem, ref)), NULL, 10000);
    if (answer.class != OUT_ACCEPTED) return false;
    *to = (IntentResult){ .gateway = a->id, .occurred_at = c->now };
    read_transaction(c, json_at(answer_of(c, &answer), "data"), to);
    to->provider_ref = ref;
    return true;
}

/* --- refunds ------------------------------------------------------------------------------------------------------ */

static MoneyState refund_state(const char *status) {
    if (!status) return MONEY_OPEN;
    return !strcmp(status, "processed") ? MONEY_DONE : !strcmp(status, "failed") ? MONEY_FAILED : MONEY_OPEN;
}

static RefundNews read_refund(Ctx *c, Json o) {
    const char *payment = id_text(c, o, "transaction"), *reference = json_text(o, "transaction_reference"),
               *id = id_text(c, o, "id");
    if (!payment) payment = id_text(c, o, "transaction.id");
    if (!reference) reference = json_text(o, "transaction.reference");
    return (RefundNews){ .provider_refund_id = id ? id : id_text(c, o, "refund_reference"),
                         .provider_payment_id = payment,
                         .intent_no = reference && strlen(reference) >= NUMBER && !strncmp(reference, "PI-", 3)
                             ? text_copy_n(c, reference, NUMBER) : NULL,
                         .refund_no = json_text(o, "merchant_note"), .currency = json_text(o, "currency"),
                         .amount = { amount_of(o, "amount") }, .state = refund_state(json_text(o, "status")) };
}

static bool paystack_refunds_of(Ctx *c, const GatewayAccount *a, const char *payment, RefundNewsList *to) {
    FetchAnswer answer = call(c, a, "GET", text(c, "/refund?transaction=%s&perPage=%d",
                                                fetch_escape(&c->mem, payment), PAGE), NULL, 10000);
    if (answer.class != OUT_ACCEPTED) return false;
    Json items = json_at(answer_of(c, &answer), "data");
    *to = (RefundNewsList){ take_n(c, RefundNews, json_size(items) + 1), json_size(items) };
    for (size_t i = 0; i < to->n; i++) {
        to->v[i] = read_refund(c, json_item(items, i));
        to->v[i].provider_payment_id = payment;
    }
    return true;
}

/* Looked for before it is made: our number stands in its note. */
static Refunded paystack_refund(Ctx *c, const GatewayAccount *a, const RefundCall *k) {
    RefundNewsList before = { 0 };
    if (!paystack_refunds_of(c, a, k->provider_payment_id, &before))
        return (Refunded){ .class = OUT_NOT_ACCEPTED, .error = "Paystack could not be asked for earlier refunds." };
    const RefundNews *made = refund_among(&before, k->refund_no);
    if (made) return (Refunded){ .class = OUT_ACCEPTED, .http_status = 200, .news = *made };
    Text t = text_start(c);
    JsonOut j = json_out(&t);
    json_open_object(&j, NULL);
    json_add_text(&j, "transaction", k->provider_payment_id);
    json_add_int(&j, "amount", k->amount.minor);
    json_add_text(&j, "currency", k->currency);
    json_add_text(&j, "merchant_note", k->refund_no);
    json_close(&j);
    FetchAnswer answer = call(c, a, "POST", "/refund", t.s, 20000);
    Refunded to = { .class = answer.class, .http_status = answer.status };
    if (answer.class == OUT_ACCEPTED) to.news = read_refund(c, json_at(answer_of(c, &answer), "data"));
    else to.error = problem_of(c, &answer);
    to.news.provider_payment_id = k->provider_payment_id;
    to.news.refund_no = k->refund_no;
    if (answer.class == OUT_ACCEPTED && !to.news.provider_refund_id)
        to.class = OUT_UNKNOWN, to.error = "Paystack's answer has no refund.";
    return to;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* Events have no id: what they are about makes their key, for refunds with its state. */
static const char *paystack_key(Ctx *c, const Params *headers, Json body, const char **type) {
    (void)headers;
    *type = json_text(body, "event");
    const char *id = id_text(c, body, "data.id");
    if (!id) id = id_text(c, body, "data.refund_reference");
    if (!id) id = json_text(body, "data.transaction_reference");
    if (!*type || !id) return NULL;
    const char *status = !strncmp(*type, "refund.", 7) ? json_text(body, "data.status") : NULL;
    return text(c, "%s:%s%s%s", *type, id, status ? ":" : "", status ? status : "");
}

static void parse_dispute(Ctx *c, Json d, const char *type, GatewayEvent *e) {
    const char *resolution = json_text(d, "resolution"), *due = json_text(d, "dueAt"), *state = "open";
    if (!strcmp(type, "charge.dispute.resolve"))
        state = resolution && !strcmp(resolution, "declined") ? "won" : "lost";
    int64_t amount = amount_of(d, "refund_amount");
    Time at;
    e->kind = EVENT_DISPUTE;
    e->dispute = (DisputeNews){ .provider_dispute_id = id_text(c, d, "id"),
                                .provider_payment_id = id_text(c, d, "transaction.id"),
                                .currency = json_text(d, "currency"), .reason = json_text(d, "category"),
                                .state = state, .amount = { amount ? amount : amount_of(d, "transaction.amount") },
                                .at = c->now, .due_at = due && time_parse_iso(due, &at) ? at : TIME_NONE };
    if (!e->dispute.currency) e->dispute.currency = json_text(d, "transaction.currency");
    if (!e->dispute.provider_dispute_id || !e->dispute.provider_payment_id) e->kind = EVENT_IGNORED;
}

static GatewayEvent paystack_parse(Ctx *c, Json body) {
    GatewayEvent e = { .type = json_text(body, "event"), .result = { .occurred_at = c->now } };
    Json d = json_at(body, "data");
    const char *domain = json_text(d, "domain");
    e.has_mode = domain != NULL;
    e.is_live = domain && !strcmp(domain, "live");
    if (!strcmp(e.type, "charge.success")) {
        read_transaction(c, d, &e.result);
        e.kind = e.result.status && e.result.provider_payment_id ? EVENT_PAYMENT : EVENT_IGNORED;
    } else if (!strncmp(e.type, "refund.", 7)) {
        e.refunds = (RefundNewsList){ take_n(c, RefundNews, 1), 1 };
        e.refunds.v[0] = read_refund(c, d);
        if (!strcmp(e.type, "refund.processed")) e.refunds.v[0].state = MONEY_DONE;
        if (!strcmp(e.type, "refund.failed"))
            e.refunds.v[0].state = MONEY_FAILED, e.refunds.v[0].failure_text = "Paystack could not refund it.";
        e.kind = e.refunds.v[0].provider_refund_id ? EVENT_REFUNDS : EVENT_IGNORED;
    } else if (!strncmp(e.type, "charge.dispute.", 15)) {
        parse_dispute(c, d, e.type, &e);
    }
    return e;
}

/* --- settlements: found by asking, there is no event -------------------------------------------------------------- */

static Json settlements_of(Ctx *c, const GatewayAccount *a, Time from, bool *asked) {
    FetchAnswer answer = call(c, a, "GET", text(c, "/settlement?perPage=%d&status=success&from=%s", PAGE,
                                                date_iso(&c->mem, time_date(zone_utc(), from))), NULL, 20000);
    *asked = answer.class == OUT_ACCEPTED;
    return json_at(answer_of(c, &answer), "data");
}

static bool paystack_payouts(Ctx *c, const GatewayAccount *a, Time from, PayoutIds *to) {
    bool asked;
    Json all = settlements_of(c, a, from, &asked);
    to->v = take_n(c, const char *, json_size(all) + 1);
    for (size_t i = 0; i < json_size(all); i++) {
        const char *id = id_text(c, json_item(all, i), "id");
        if (id) to->v[to->n++] = id;
    }
    return asked;
}

static bool paystack_settlement(Ctx *c, const GatewayAccount *a, const char *id, SettlementNews *to) {
    bool asked;
    Json all = settlements_of(c, a, time_add_seconds(c->now, -30 * 86400), &asked), s = { 0 };
    for (size_t i = 0; i < json_size(all); i++) {
        const char *one = id_text(c, json_item(all, i), "id");
        if (one && !strcmp(one, id)) s = json_item(all, i);
    }
    const char *day = json_text(s, "settlement_date");
    Time at = c->now;
    if (!asked || json_kind(s) != JSON_KIND_OBJECT) return false;
    if (day) time_parse_iso(day, &at);
    *to = (SettlementNews){ .provider_settlement_id = id, .currency = json_text(s, "currency"),
                            .net = { amount_of(s, "effective_amount") }, .arrives_at = at };
    for (int page_no = 1; page_no <= PAGES_MAX; page_no++) {
        FetchAnswer answer = call(c, a, "GET", text(c, "/settlement/%s/transactions?perPage=%d&page=%d",
                                                    fetch_escape(&c->mem, id), PAGE, page_no), NULL, 20000);
        if (answer.class != OUT_ACCEPTED) return false;
        Json items = json_at(answer_of(c, &answer), "data");
        SettledLine *v = take_n(c, SettledLine, to->n + json_size(items) + 1);
        if (to->n) memcpy(v, to->v, to->n * sizeof *v);
        to->v = v;
        for (size_t i = 0; i < json_size(items); i++) {
            Json t = json_item(items, i);
            Money gross = { amount_of(t, "amount") }, fee = { amount_of(t, "fees") };
            to->v[to->n++] = (SettledLine){ .type = "charge", .provider_payment_id = id_text(c, t, "id"),
                                            .reference = json_text(t, "reference"), .gross = gross, .fee = fee,
                                            .net = money_sub(gross, fee),
                                            .last4 = json_text(t, "authorization.last4"), .at = at };
        }
        if (json_size(items) < PAGE) return true;
    }
    return false;
}

static const Credential credentials[] = { { "secret_key", "Secret key", "sk_test_", "sk_live_", .signs = true },
                                          { "public_key", "Public key", "pk_test_", "pk_live_", .is_shown = true },
                                          { 0 } };
static const char *const events[] = { "charge.success", "refund.pending", "refund.processing", "refund.processed",
                                      "refund.failed", "charge.dispute.create", "charge.dispute.remind",
                                      "charge.dispute.resolve", NULL };

const GatewayDriver paystack_driver = { .name = "paystack", .label = "Paystack", .credentials = credentials,
                                        .methods = "card,bank_transfer,ussd,wallet",
                                        .currencies = "NGN,GHS,ZAR,KES,USD,XOF", .events = events,
                                        .least_minor = 200, .pages = "https://checkout.paystack.com",
                                        .check = paystack_check, .open = paystack_open, .ask = paystack_ask,
                                        .event_key = paystack_key, .parse = paystack_parse, .refund = paystack_refund,
                                        .refunds_of = paystack_refunds_of, .settlement = paystack_settlement,
                                        .payouts = paystack_payouts };
