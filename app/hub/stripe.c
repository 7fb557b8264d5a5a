/*
 * Stripe: Checkout by its public API, events by its signature scheme (ONB03US01). No card number reaches us: the
 * customer types it on Stripe's page.
 */
#include <string.h>

#include "app/hub/saved.h"
#include "app/hub/stripe.h"
#include "lib/date.h"

#define STRIPE_BASE    "https://api.stripe.com"
#define STRIPE_VERSION "2024-06-20"

FetchRequest stripe_request(Ctx *c, const GatewayAccount *a, const char *method, const char *path) {
    return (FetchRequest){ .method = method, .url = text(c, "%s%s", a->api_base ? a->api_base : STRIPE_BASE, path),
                           .bearer = a->secret_key,
                           .headers = { { "Stripe-Version", STRIPE_VERSION } }, .total_ms = 10000 };
}

const char *stripe_currency(Ctx *c, const char *s) {
    char *t = text_copy(c, s);
    for (char *p = t; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
    return t;
}

const char *stripe_iso(Ctx *c, const char *s) {
    char *t = text_copy(c, s ? s : "");
    for (char *p = t; *p; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
    return t;
}

const char *stripe_problem(Ctx *c, const FetchAnswer *answer) {
    Json j = json_read(&c->mem, answer->body, answer->body_n, 1 << 20, NULL);
    const char *said = json_text(j, "error.message");
    return said ? said : answer->problem ? answer->problem : text(c, "Stripe answered %d.", answer->status);
}

/* Stripe's page is open for 30 minutes at least and a day at most, from the call that it takes: a link of a week is
   opened anew, and a payment begun shortly before its end is asked about once more when it is over. */
enum { PAGE_LEAST_S = 35 * 60, PAGE_MOST_S = 23 * 3600 };

static Time page_until(const Opening *o) {
    Time least = time_add_seconds(o->started_at, PAGE_LEAST_S), most = time_add_seconds(o->started_at, PAGE_MOST_S),
         wanted = o->intent->expires_at;
    return wanted.us < least.us ? least : wanted.us > most.us ? most : wanted;
}

/* The method that was chosen, where Stripe has one word for it; NULL: its page offers what is switched on there. Its
   wallets are of the card. */
static const char *page_method(const Intent *i) {
    if (!i->method) return NULL;
    if (!strcmp(i->method, "card")) return "card";
    if (strcmp(i->method, "bank_transfer")) return NULL;
    return !strcmp(i->currency, "USD") ? "us_bank_account" : !strcmp(i->currency, "EUR") ? "sepa_debit"
         : !strcmp(i->currency, "GBP") ? "bacs_debit" : NULL;
}

static Opened stripe_open(Ctx *c, const GatewayAccount *a, const Opening *o) {
    const char *method = page_method(o->intent);
    FetchHeader form[] = { { "mode", "payment" },
                           { "client_reference_id", o->intent->intent_no },
                           { "metadata[intent]", o->intent->intent_no },
                           { "payment_intent_data[metadata][intent]", o->intent->intent_no },
                           { "line_items[0][quantity]", "1" },
                           { "line_items[0][price_data][currency]", stripe_currency(c, o->intent->currency) },
                           { "line_items[0][price_data][unit_amount]", text(c, "%lld", (long long)o->total.minor) },
                           { "line_items[0][price_data][product_data][name]", o->description },
                           { "success_url", o->return_url },
                           { "cancel_url", text(c, "%s?cancelled=1", o->return_url) },
                           { "expires_at", text(c, "%lld", (long long)time_unix(page_until(o))) },
                           { "payment_method_types[0]", method },
                           { o->keeps_method ? "customer_creation" : NULL, "always" },
                           { "payment_intent_data[setup_future_usage]", "off_session" },
                           { 0 } };
    FetchRequest r = stripe_request(c, a, "POST", "/v1/checkout/sessions");
    r.body = fetch_form(&c->mem, form);
    r.content_type = "application/x-www-form-urlencoded";
    r.idempotency_key = o->idempotency_key;
    r.total_ms = OPEN_MS;
    FetchAnswer answer = fetch(&c->mem, &r);
    Opened to = { .class = answer.class, .http_status = answer.status };
    Json j = json_read(&c->mem, answer.body, answer.body_n, 1 << 20, NULL);
    if (answer.class == OUT_ACCEPTED) {
        to.ref = json_text(j, "id");
        to.redirect_url = json_text(j, "url");
        if (!to.ref || !to.redirect_url) to.class = OUT_UNKNOWN, to.error = "Stripe's answer has no session.";
    } else {
        to.error = stripe_problem(c, &answer);
    }
    return to;
}

/* A checkout session, expanded by its payment intent. */
static void read_session(Ctx *c, Json s, IntentResult *to) {
    int64_t amount = 0;
    const char *paid = json_text(s, "payment_status"), *status = json_text(s, "status");
    amount_told(s, "amount_total", &amount);
    const char *payment = json_text(s, "payment_intent.id");
    to->provider_ref = json_text(s, "id");
    to->intent_no = json_text(s, "client_reference_id");
    to->provider_payment_id = payment ? payment : json_text(s, "payment_intent");
    to->amount = (Money){ amount };
    to->currency = stripe_iso(c, json_text(s, "currency"));
    to->status = paid && !strcmp(paid, "paid") ? "succeeded" : status && !strcmp(status, "expired")
        ? "cancelled" : status && !strcmp(status, "complete") ? "processing" : NULL;
}

static bool stripe_ask(Ctx *c, const GatewayAccount *a, const Intent *intent, const char *ref, IntentResult *to) {
    (void)intent;
    if (!ref) return false;
    FetchRequest r = stripe_request(c, a, "GET", text(c, "/v1/checkout/sessions/%s?expand[]=payment_intent",
                                                  fetch_escape(&c->mem, ref)));
    FetchAnswer answer = fetch(&c->mem, &r);
    if (answer.class != OUT_ACCEPTED) return false;
    *to = (IntentResult){ .gateway = a->id, .occurred_at = c->now };
    read_session(c, json_read(&c->mem, answer.body, answer.body_n, 1 << 20, NULL), to);
    return true;
}

static const char *stripe_key(Ctx *c, const Params *headers, Json body, const char **type) {
    (void)c, (void)headers;
    *type = json_text(body, "type");
    return *type ? json_text(body, "id") : NULL;
}

static GatewayEvent stripe_parse(Ctx *c, Json body) {
    GatewayEvent e = { .type = json_text(body, "type") };
    Json o = json_at(body, "data.object");
    int64_t created = 0, amount = 0;
    e.has_mode = json_bool(body, "livemode", &e.is_live);
    if (stripe_parse_money(c, body, &e)) return e;
    json_int(body, "created", &created);
    e.result.occurred_at = time_told(created, c->now);
    const char *mode = json_text(o, "mode");
    if (!strncmp(e.type, "checkout.session.", 17) && mode && !strcmp(mode, "setup")) {
        e.kind = EVENT_METHOD;
        e.result.provider_ref = json_text(o, "id");
    } else if (!strncmp(e.type, "checkout.session.", 17)) {
        e.kind = EVENT_PAYMENT;
        read_session(c, o, &e.result);
        if (!strcmp(e.type, "checkout.session.async_payment_succeeded")) e.result.status = "succeeded";
        else if (!strcmp(e.type, "checkout.session.async_payment_failed")) e.result.status = "failed";
        else if (!strcmp(e.type, "checkout.session.expired")) e.result.status = "cancelled";
        else if (strcmp(e.type, "checkout.session.completed")) e.kind = EVENT_IGNORED;
    } else if (!strncmp(e.type, "payment_intent.", 15)) {
        const char *what = e.type + 15;
        e.result.status = !strcmp(what, "succeeded") ? "succeeded" : !strcmp(what, "processing")
            ? "processing" : !strcmp(what, "payment_failed") ? "failed" : !strcmp(what, "canceled")
            ? "cancelled" : NULL;
        e.kind = e.result.status ? EVENT_PAYMENT : EVENT_IGNORED;
        e.result.provider_payment_id = json_text(o, "id");
        e.result.intent_no = json_text(o, "metadata.intent");
        if (!amount_told(o, "amount_received", &amount) || !amount) amount_told(o, "amount", &amount);
        e.result.amount = (Money){ amount };
        e.result.currency = stripe_iso(c, json_text(o, "currency"));
        const char *decline = json_text(o, "last_payment_error.decline_code");
        e.result.failure_code = decline ? decline : json_text(o, "last_payment_error.code");
        e.result.failure_text = json_text(o, "last_payment_error.message");
    }
    if (e.kind == EVENT_PAYMENT && !e.result.status) e.kind = EVENT_IGNORED;
    return e;
}

static Checked stripe_check(Ctx *c, const GatewayAccount *a) {
    FetchRequest r = stripe_request(c, a, "GET", "/v1/balance");
    FetchAnswer answer = fetch(&c->mem, &r);
    return (Checked){ answer.class, answer.status, answer.class == OUT_ACCEPTED ? NULL : stripe_problem(c, &answer) };
}

static const Credential credentials[] = { { "secret_key", "Secret key", "sk_test_", "sk_live_", .is_shown = false },
                                          { "publishable_key", "Publishable key", "pk_test_", "pk_live_",
                                            .is_shown = true },
                                          { "webhook_secret", "Webhook signing secret", .signs = true },
                                          { 0 } };
static const char *const events[] = { "checkout.session.completed", "checkout.session.async_payment_succeeded",
                                      "checkout.session.async_payment_failed", "payment_intent.processing",
                                      "payment_intent.succeeded", "payment_intent.payment_failed",
                                      "payment_intent.canceled", "charge.refunded", "refund.updated",
                                      "refund.failed", "charge.dispute.created", "charge.dispute.updated",
                                      "charge.dispute.closed", "payout.paid", "payout.failed",
                                      "payout.reconciliation_completed", NULL };

const GatewayDriver stripe_driver = { .name = "stripe", .label = "Stripe", .credentials = credentials,
                                      .methods = "card,wallet,bank_transfer", .held = "card,bank_transfer",
                                      .events = events, .least_minor = 100,
                                      .pages = "https://checkout.stripe.com", .check = stripe_check,
                                      .open = stripe_open, .ask = stripe_ask, .event_key = stripe_key,
                                      .parse = stripe_parse, .refund = stripe_refund,
                                      .refunds_of = stripe_refunds_of, .settlement = stripe_settlement,
                                      .payouts = stripe_payouts,
                                      .save = stripe_save, .saved = stripe_saved, .drop = stripe_drop,
                                      .charge = stripe_charge, .charged = stripe_charged };
