/*
 * Razorpay: orders paid on its hosted checkout, captured payments, refunds, disputes, settlements by its reconciliation
 * list (ONB03US01). No card number reaches us: the customer types it on Razorpay's page.
 *
 * Hosted checkout is opened by a form of the browser: a page of ours hands over. The return carries a signature over
 * order and payment; even a good one only makes us ask.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"

#define RAZORPAY_BASE     "https://api.razorpay.com"
#define RAZORPAY_CHECKOUT "https://api.razorpay.com/v1/checkout/embedded"
enum { PAGE = 100, RECON_PAGE = 1000, PAGES_MAX = 50, ANSWER_MAX = 8 << 20, INDIA_S = 19800 };

/* --- calling ------------------------------------------------------------------------------------------------------ */

static FetchAnswer call(Ctx *c, const GatewayAccount *a, const char *method, const char *path, const char *body) {
    FetchRequest r = { .method = method, .url = text(c, "%s%s", a->api_base ? a->api_base : RAZORPAY_BASE, path),
                       .body = body, .user = gateway_credential(a, "key_id"),
                       .password = gateway_credential(a, "key_secret"), .total_ms = 10000, .answer_max = ANSWER_MAX };
    return fetch(&c->mem, &r);
}

static Json answer_of(Ctx *c, const FetchAnswer *answer) {
    return json_read(&c->mem, answer->body, answer->body_n, ANSWER_MAX, NULL);
}

static const char *problem_of(Ctx *c, const FetchAnswer *answer) {
    const char *said = json_text(answer_of(c, answer), "error.description");
    return said ? said : answer->problem ? answer->problem : text(c, "Razorpay answered %d.", answer->status);
}

static Checked razorpay_check(Ctx *c, const GatewayAccount *a) {
    FetchAnswer answer = call(c, a, "GET", "/v1/payments?count=1", NULL);
    return (Checked){ answer.class, answer.status, answer.class == OUT_ACCEPTED ? NULL : problem_of(c, &answer) };
}

/* --- opening: an order, and the page that hands over -------------------------------------------------------------- */

static Opened opened(Ctx *c, const Opening *o, const char *order) {
    return (Opened){ .class = OUT_ACCEPTED, .http_status = 200, .ref = order,
                     .redirect_url = text(c, "/razorpay/pay/%s", o->intent->public_id) };
}

/* The receipt is ours and said once for each attempt: an order whose answer was lost is found by it. */
static const char *order_known(Ctx *c, const GatewayAccount *a, const char *receipt) {
    FetchAnswer answer = call(c, a, "GET", text(c, "/v1/orders?receipt=%s", fetch_escape(&c->mem, receipt)), NULL);
    return answer.class == OUT_ACCEPTED ? json_text(answer_of(c, &answer), "items[0].id") : NULL;
}

static Opened razorpay_open(Ctx *c, const GatewayAccount *a, const Opening *o) {
    const char *receipt = o->attempt_no > 1 ? text(c, "%s-%d", o->intent->intent_no, o->attempt_no)
                                            : o->intent->intent_no;
    const char *known = o->again ? order_known(c, a, receipt) : NULL;
    if (known) return opened(c, o, known);
    Text t = text_start(c);
    JsonOut j = json_out(&t);
    json_open_object(&j, NULL);
    json_add_int(&j, "amount", o->total.minor);
    json_add_text(&j, "currency", o->intent->currency);
    json_add_text(&j, "receipt", receipt);
    json_open_object(&j, "notes");
    json_add_text(&j, "intent", o->intent->intent_no);
    json_close(&j);
    json_close(&j);
    FetchRequest r = { .method = "POST", .url = text(c, "%s/v1/orders", a->api_base ? a->api_base : RAZORPAY_BASE),
                       .body = t.s, .user = gateway_credential(a, "key_id"),
                       .password = gateway_credential(a, "key_secret"), .total_ms = OPEN_MS };
    FetchAnswer answer = fetch(&c->mem, &r);
    const char *order = answer.class == OUT_ACCEPTED ? json_text(answer_of(c, &answer), "id") : NULL;
    if (order) return opened(c, o, order);
    return (Opened){ .class = answer.class == OUT_ACCEPTED ? OUT_UNKNOWN : answer.class, .http_status = answer.status,
                     .error = answer.class == OUT_ACCEPTED ? "Razorpay's answer has no order."
                                                           : problem_of(c, &answer) };
}

static void hidden(Req *r, size_t n, const char *name, const char *value) {
    show_text(r, at(r, "handover.fields", n, "name"), name);
    show_text(r, at(r, "handover.fields", n, "value"), value);
}

void razorpay_page(Req *r) {
    Ctx *c = &r->c;
    const char *public_id = path_text(r, "intent");
    Id utility = db_id(c, "select utility_id from payment_intent where public_id = ?", public_id);
    if (utility.id) utility_enter(c, utility);
    const Intent *i = utility.id ? intent_find(c, public_id) : NULL;
    const GatewayAccount *a = i && i->gateway.id ? gateway_account(c, i->gateway) : NULL;
    const char *order = i ? db_text(c, "select provider_ref from payment_intent where id = ?", i->id) : NULL;
    if (!a || strcmp(a->driver, "razorpay") || strcmp(i->state, "requires_action") || !order)
        fail(r, NOT_FOUND, "There is no such payment.");
    const char *back = return_url_of_intent(c, i);
    show_text(r, "page.title", msg(c->language, "hub.handover.title"));
    show_text(r, "page.shell", "plain");
    show_text(r, "page.sub", msg_format(c, c->language, "hub.handover.how",
                                        { "amount", locale_money(&c->mem, c->locale, money_add(i->amount, i->fee)) },
                                        { "name", "Razorpay" }));
    show_text(r, "handover.url", RAZORPAY_CHECKOUT);
    show_text(r, "handover.submit", msg_format(c, c->language, "hub.handover.go", { "name", "Razorpay" }));
    size_t n = 0;
    hidden(r, n++, "key_id", gateway_credential(a, "key_id"));
    hidden(r, n++, "order_id", order);
    hidden(r, n++, "amount", text(r, "%lld", (long long)money_add(i->amount, i->fee).minor));
    hidden(r, n++, "name", utility_here(c)->name);
    hidden(r, n++, "description", i->intent_no);
    const char *method = i->method && !strcmp(i->method, "bank_transfer") ? "netbanking" : i->method;
    if (method) hidden(r, n++, "prefill[method]", method);
    hidden(r, n++, "callback_url", back);
    hidden(r, n++, "cancel_url", text(r, "%s?cancelled=1", back));
    page(r, "hub/handover");
}

/* The browser's return: a good signature says that the order's payment is worth asking for. */
static bool razorpay_returned(Ctx *c, const GatewayAccount *a, const char *ref, const Params *fields) {
    const char *order = param_find(fields, "razorpay_order_id"), *payment = param_find(fields, "razorpay_payment_id");
    if (!order || !ref || strcmp(order, ref)) return false;
    return razorpay_return_verify(&c->mem, order, payment, param_find(fields, "razorpay_signature"),
                                  gateway_credential(a, "key_secret")) == SIGNATURE_OK;
}

/* --- payments ----------------------------------------------------------------------------------------------------- */

static const char *method_of(const char *m) {
    if (!m) return NULL;
    return !strcmp(m, "netbanking") ? "bank_transfer" : !strcmp(m, "card") || !strcmp(m, "wallet") || !strcmp(m, "upi")
        ? m : NULL;
}

static void read_payment(Json p, IntentResult *to) {
    const char *status = json_text(p, "status");
    int64_t amount = 0, at = 0;
    amount_told(p, "amount", &amount);
    json_int(p, "created_at", &at);
    to->provider_ref = json_text(p, "order_id");
    to->intent_no = json_text(p, "notes.intent");
    to->provider_payment_id = json_text(p, "id");
    to->amount = (Money){ amount };
    to->currency = json_text(p, "currency");
    to->method = method_of(json_text(p, "method"));
    to->card_last4 = json_text(p, "card.last4");
    to->failure_code = json_text(p, "error_code");
    to->failure_text = json_text(p, "error_description");
    to->occurred_at = time_told(at, to->occurred_at);
    if (!status) return;
    to->status = !strcmp(status, "captured") || !strcmp(status, "refunded") ? "succeeded"
               : !strcmp(status, "authorized") ? "processing" : !strcmp(status, "failed") ? "failed" : NULL;
}

/* Authorized money is not ours before it is captured; captured already is good too. */
static bool captured(Ctx *c, const GatewayAccount *a, Json p, IntentResult *to) {
    const char *id = json_text(p, "id");
    int64_t amount = 0;
    if (!id || !amount_told(p, "amount", &amount)) return false;
    Text t = text_start(c);
    JsonOut j = json_out(&t);
    json_open_object(&j, NULL);
    json_add_int(&j, "amount", amount);
    json_add_text(&j, "currency", json_text(p, "currency"));
    json_close(&j);
    FetchAnswer answer = call(c, a, "POST", text(c, "/v1/payments/%s/capture", fetch_escape(&c->mem, id)), t.s);
    if (answer.class != OUT_ACCEPTED) return false;
    read_payment(answer_of(c, &answer), to);
    return to->status && !strcmp(to->status, "succeeded");
}

/* Of the order's payments the captured one, else one to capture; failed tries leave the order open. */
static bool razorpay_ask(Ctx *c, const GatewayAccount *a, const Intent *intent, const char *ref, IntentResult *to) {
    if (!ref) return false;
    FetchAnswer answer = call(c, a, "GET", text(c, "/v1/orders/%s/payments", fetch_escape(&c->mem, ref)), NULL);
    if (answer.class != OUT_ACCEPTED) return false;
    Json items = json_at(answer_of(c, &answer), "items");
    *to = (IntentResult){ .gateway = a->id, .occurred_at = c->now };
    for (int wanted = 0; wanted < 2; wanted++)
        for (size_t i = 0; i < json_size(items); i++) {
            IntentResult one = { .gateway = a->id, .occurred_at = c->now };
            read_payment(json_item(items, i), &one);
            if (!one.status || strcmp(one.status, wanted ? "processing" : "succeeded")) continue;
            if (wanted && !captured(c, a, json_item(items, i), &one)) return false;
            one.provider_ref = ref;
            one.intent_no = intent->intent_no;
            *to = one;
            return true;
        }
    return true;
}

/* --- refunds ------------------------------------------------------------------------------------------------------ */

static RefundNews read_refund(Json o) {
    int64_t amount = 0;
    amount_told(o, "amount", &amount);
    const char *status = json_text(o, "status");
    return (RefundNews){ .provider_refund_id = json_text(o, "id"), .provider_payment_id = json_text(o, "payment_id"),
                         .refund_no = json_text(o, "notes.refund"), .intent_no = json_text(o, "notes.intent"),
                         .currency = json_text(o, "currency"), .amount = { amount },
                         .failure_text = status && !strcmp(status, "failed") ? "Razorpay could not refund it." : NULL,
                         .state = !status ? MONEY_OPEN : !strcmp(status, "processed") ? MONEY_DONE
                                : !strcmp(status, "failed") ? MONEY_FAILED : MONEY_OPEN };
}

static bool razorpay_refunds_of(Ctx *c, const GatewayAccount *a, const char *payment, RefundNewsList *to) {
    FetchAnswer answer = call(c, a, "GET", text(c, "/v1/payments/%s/refunds?count=%d",
                                                fetch_escape(&c->mem, payment), PAGE), NULL);
    if (answer.class != OUT_ACCEPTED) return false;
    Json items = json_at(answer_of(c, &answer), "items");
    *to = (RefundNewsList){ take_n(c, RefundNews, json_size(items) + 1), json_size(items) };
    for (size_t i = 0; i < to->n; i++) to->v[i] = read_refund(json_item(items, i));
    return true;
}

/* Looked for before it is made: a try whose answer was lost is found by our number in its notes. */
static Refunded razorpay_refund(Ctx *c, const GatewayAccount *a, const RefundCall *k) {
    RefundNewsList before = { 0 };
    if (!razorpay_refunds_of(c, a, k->provider_payment_id, &before))
        return (Refunded){ .class = OUT_NOT_ACCEPTED, .error = "Razorpay could not be asked for earlier refunds." };
    const RefundNews *made = refund_among(&before, k->refund_no);
    if (made) return (Refunded){ .class = OUT_ACCEPTED, .http_status = 200, .news = *made };
    Text t = text_start(c);
    JsonOut j = json_out(&t);
    json_open_object(&j, NULL);
    json_add_int(&j, "amount", k->amount.minor);
    json_add_text(&j, "receipt", k->idempotency_key);
    json_open_object(&j, "notes");
    json_add_text(&j, "refund", k->refund_no);
    json_add_text(&j, "intent", k->intent_no);
    json_close(&j);
    json_close(&j);
    FetchAnswer answer = call(c, a, "POST", text(c, "/v1/payments/%s/refund",
                                                 fetch_escape(&c->mem, k->provider_payment_id)), t.s);
    Refunded to = { .class = answer.class, .http_status = answer.status };
    if (answer.class == OUT_ACCEPTED) to.news = read_refund(answer_of(c, &answer));
    else to.error = problem_of(c, &answer);
    if (answer.class == OUT_ACCEPTED && !to.news.provider_refund_id)
        to.class = OUT_UNKNOWN, to.error = "Razorpay's answer has no refund.";
    return to;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static const char *razorpay_key(Ctx *c, const Params *headers, Json body, const char **type) {
    (void)c;
    *type = json_text(body, "event");
    return *type ? param_find(headers, "x-razorpay-event-id") : NULL;
}

/* The scheme has no time of its own: what is older than a day
 * and an hour comes too late, unless we still wait for it. */
static bool razorpay_too_old(Ctx *c, Json body) {
    int64_t at = 0;
    if (!json_int(body, "created_at", &at) || at >= time_unix(c->now) - RAZORPAY_AGE_MAX_S) return false;
    const char *order = json_text(body, "payload.payment.entity.order_id");
    return !order || !db_int(c, "select count(*) from payment_intent where provider_ref = ? and utility_id = ? and "
                                "state in ('created', 'requires_action', 'processing')", order, c->utility);
}

static void parse_dispute(Ctx *c, Json body, const char *what, GatewayEvent *e) {
    Json d = json_at(body, "payload.dispute.entity");
    int64_t amount = 0, due = 0, at = 0;
    amount_told(d, "amount", &amount);
    json_int(d, "respond_by", &due);
    json_int(body, "created_at", &at);
    e->kind = EVENT_DISPUTE;
    e->dispute = (DisputeNews){ .provider_dispute_id = json_text(d, "id"),
                                .provider_payment_id = json_text(d, "payment_id"),
                                .currency = json_text(d, "currency"), .reason = json_text(d, "reason_code"),
                                .state = !strcmp(what, "won") ? "won" : !strcmp(what, "lost") ? "lost" : "open",
                                .amount = { amount }, .at = time_told(at, c->now),
                                .due_at = time_told(due, TIME_NONE) };
    if (!e->dispute.provider_dispute_id) e->kind = EVENT_IGNORED;
}

static GatewayEvent razorpay_parse(Ctx *c, Json body) {
    GatewayEvent e = { .type = json_text(body, "event"), .result = { .occurred_at = c->now } };
    Json payment = json_at(body, "payload.payment.entity");
    if (!strncmp(e.type, "payment.dispute.", 16)) {
        parse_dispute(c, body, e.type + 16, &e);
    } else if (!strcmp(e.type, "refund.processed") || !strcmp(e.type, "refund.failed") ||
               !strcmp(e.type, "refund.created")) {
        e.refunds = (RefundNewsList){ take_n(c, RefundNews, 1), 1 };
        e.refunds.v[0] = read_refund(json_at(body, "payload.refund.entity"));
        if (!strcmp(e.type, "refund.failed")) e.refunds.v[0].state = MONEY_FAILED;
        e.kind = e.refunds.v[0].provider_refund_id ? EVENT_REFUNDS : EVENT_IGNORED;
    } else if (!strcmp(e.type, "settlement.processed")) {
        e.settlement = json_text(body, "payload.settlement.entity.id");
        e.kind = e.settlement ? EVENT_PAYOUT : EVENT_IGNORED;
    } else if (!strcmp(e.type, "payment.authorized") || !strcmp(e.type, "payment.captured") ||
               !strcmp(e.type, "payment.failed") || !strcmp(e.type, "order.paid")) {
        read_payment(payment, &e.result);
        if (!e.result.intent_no) e.result.intent_no = json_text(body, "payload.order.entity.notes.intent");
        if (!strcmp(e.type, "payment.authorized")) e.result.status = "processing", e.asks = true;
        e.kind = e.result.status && e.result.provider_payment_id ? EVENT_PAYMENT : EVENT_IGNORED;
    }
    return e;
}

/* --- settlements -------------------------------------------------------------------------------------------------- */

/* Fee with its tax is what is missing between amount and credit. */
static bool read_line(Json t, const char *settlement, SettledLine *to) {
    const char *of = json_text(t, "settlement_id"), *type = json_text(t, "type"), *id = json_text(t, "entity_id"),
               *payment = json_text(t, "payment_id");
    int64_t amount = 0, credit = 0, debit = 0, at = 0;
    if (!of || strcmp(of, settlement) || !type || !id || !amount_told(t, "amount", &amount)) return false;
    amount_told(t, "credit", &credit);
    amount_told(t, "debit", &debit);
    json_int(t, "created_at", &at);
    bool is_payment = !strcmp(type, "payment"), is_refund = !strcmp(type, "refund");
    Money net = { credit - debit }, gross = { is_payment ? amount : is_refund ? -amount : net.minor };
    *to = (SettledLine){ .type = is_payment ? "charge" : is_refund ? "refund" : json_text(t, "dispute_id")
                                 ? "dispute" : "adjustment",
                         .provider_payment_id = is_payment ? id : payment,
                         .reference = json_text(t, "dispute_id") ? json_text(t, "dispute_id") : id,
                         .gross = gross, .fee = money_sub(gross, net), .net = net,
                         .at = time_told(at, TIME_NONE) };
    return true;
}

static bool razorpay_settlement(Ctx *c, const GatewayAccount *a, const char *id, SettlementNews *to) {
    FetchAnswer answer = call(c, a, "GET", text(c, "/v1/settlements/%s", fetch_escape(&c->mem, id)), NULL);
    int64_t amount = 0, at = 0;
    Json s = answer_of(c, &answer);
    if (answer.class != OUT_ACCEPTED || !amount_told(s, "amount", &amount) || !json_int(s, "created_at", &at)
        || !time_is_set(time_told(at, TIME_NONE))) return false;
    *to = (SettlementNews){ .provider_settlement_id = id, .net = { amount }, .arrives_at = time_of_unix(at) };
    Ymd day = date_ymd(time_date(zone_utc(), time_of_unix(at + INDIA_S)));      /* its list is by Indian days */
    for (int page_no = 0; page_no < PAGES_MAX; page_no++) {
        answer = call(c, a, "GET", text(c, "/v1/settlements/recon/combined?year=%04d&month=%02d&day=%02d&count=%d"
                                           "&skip=%d", day.year, day.month, day.day, RECON_PAGE,
                                        page_no * RECON_PAGE), NULL);
        if (answer.class != OUT_ACCEPTED) return false;
        Json items = json_at(answer_of(c, &answer), "items");
        SettledLine *v = take_n(c, SettledLine, to->n + json_size(items) + 1);
        if (to->n) memcpy(v, to->v, to->n * sizeof *v);
        to->v = v;
        for (size_t i = 0; i < json_size(items); i++) {
            if (!read_line(json_item(items, i), id, &to->v[to->n])) continue;
            to->currency = json_text(json_item(items, i), "currency");
            to->n++;
        }
        if (json_size(items) < RECON_PAGE) return true;
    }
    return false;
}

static bool razorpay_payouts(Ctx *c, const GatewayAccount *a, Time from, PayoutIds *to) {
    FetchAnswer answer = call(c, a, "GET", text(c, "/v1/settlements?from=%lld&count=%d", (long long)time_unix(from),
                                                PAGE), NULL);
    if (answer.class != OUT_ACCEPTED) return false;
    Json items = json_at(answer_of(c, &answer), "items");
    to->v = take_n(c, const char *, json_size(items) + 1);
    for (size_t i = 0; i < json_size(items); i++) {
        const char *status = json_text(json_item(items, i), "status"), *id = json_text(json_item(items, i), "id");
        if (id && status && !strcmp(status, "processed")) to->v[to->n++] = id;
    }
    return true;
}

static const Credential credentials[] = { { "key_id", "Key id", "rzp_test_", "rzp_live_", .is_shown = true },
                                          { "key_secret", "Key secret", NULL, NULL },
                                          { "webhook_secret", "Webhook secret", .signs = true },
                                          { 0 } };
static const char *const events[] = { "payment.authorized", "payment.captured", "payment.failed", "order.paid",
                                      "refund.processed", "refund.failed", "payment.dispute.created",
                                      "payment.dispute.won", "payment.dispute.lost", "settlement.processed", NULL };

const GatewayDriver razorpay_driver = { .name = "razorpay", .label = "Razorpay", .credentials = credentials,
                                        .methods = "card,upi,wallet,bank_transfer", .held = "", .events = events,
                                        .least_minor = 100, .pages = RAZORPAY_BASE, .check = razorpay_check,
                                        .open = razorpay_open, .returned = razorpay_returned, .ask = razorpay_ask,
                                        .event_key = razorpay_key, .too_old = razorpay_too_old,
                                        .parse = razorpay_parse, .refund = razorpay_refund,
                                        .refunds_of = razorpay_refunds_of, .settlement = razorpay_settlement,
                                        .payouts = razorpay_payouts };
