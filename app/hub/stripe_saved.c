/*
 * Stripe: cards kept for later, by Checkout in mode "setup" and payment intents off session (CSS01US03). A token of
 * ours is "<customer>|<payment method>".
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/saved.h"
#include "app/hub/stripe.h"
#include "lib/date.h"
#include "lib/money.h"

enum { ANSWER_MAX = 1 << 20 };

static FetchAnswer send_form(Ctx *c, const GatewayAccount *a, const char *path, const FetchHeader *form,
                             const char *key) {
    FetchRequest r = stripe_request(c, a, "POST", path);
    r.body = fetch_form(&c->mem, form);
    r.content_type = "application/x-www-form-urlencoded";
    r.idempotency_key = key;
    return fetch(&c->mem, &r);
}

static const char *said(Ctx *c, const FetchAnswer *answer, Json j) {
    const char *words = json_text(j, "error.message");
    return words ? words : answer->problem ? answer->problem : text(c, "Stripe answered %d.", answer->status);
}

Opened stripe_save(Ctx *c, const GatewayAccount *a, const NewMethod *n) {
    FetchHeader person[] = { { "email", n->email }, { "metadata[setup]", n->key }, { 0 } };
    FetchAnswer answer = send_form(c, a, "/v1/customers", person, text(c, "%s-customer", n->key));
    Json j = json_read(&c->mem, answer.body, answer.body_n, ANSWER_MAX, NULL);
    const char *customer = json_text(j, "id");
    if (answer.class != OUT_ACCEPTED || !customer)
        return (Opened){ .class = answer.class == OUT_ACCEPTED ? OUT_UNKNOWN : answer.class,
                         .http_status = answer.status,
                         .error = said(c, &answer, j) };
    FetchHeader form[] = { { "mode", "setup" },
                           { "customer", customer },
                           { "payment_method_types[0]", "card" },
                           { "client_reference_id", n->key },
                           { "success_url", n->return_url },
                           { "cancel_url", text(c, "%s?cancelled=1", n->return_url) },
                           { 0 } };
    answer = send_form(c, a, "/v1/checkout/sessions", form, n->key);
    j = json_read(&c->mem, answer.body, answer.body_n, ANSWER_MAX, NULL);
    Opened to = { .class = answer.class, .http_status = answer.status };
    if (answer.class == OUT_ACCEPTED) {
        to.ref = json_text(j, "id");
        to.redirect_url = json_text(j, "url");
        if (!to.ref || !to.redirect_url) to.class = OUT_UNKNOWN, to.error = "Stripe's answer has no session.";
    } else {
        to.error = said(c, &answer, j);
    }
    return to;
}

/* Of a session in mode setup, or of one that paid and keeps its card. */
SavedToken stripe_saved(Ctx *c, const GatewayAccount *a, const char *ref) {
    SavedToken t = { .state = METHOD_OPEN };
    const char *wanted = "expand[]=setup_intent.payment_method&expand[]=payment_intent.payment_method";
    FetchRequest r = stripe_request(c, a, "GET",
                                    text(c, "/v1/checkout/sessions/%s?%s", fetch_escape(&c->mem, ref), wanted));
    FetchAnswer answer = fetch(&c->mem, &r);
    if (answer.class != OUT_ACCEPTED) return t;
    Json s = json_read(&c->mem, answer.body, answer.body_n, ANSWER_MAX, NULL);
    const char *status = json_text(s, "status"), *customer = json_text(s, "customer");
    if (status && !strcmp(status, "expired")) t.state = METHOD_FAILED;
    if (!status || strcmp(status, "complete") || !customer) return t;
    Json m = json_at(s, "setup_intent.payment_method");
    if (!json_text(m, "id")) m = json_at(s, "payment_intent.payment_method");
    const char *method = json_text(m, "id");
    if (!method) return t;
    int64_t month = 0, year = 0;
    json_int(m, "card.exp_month", &month);
    json_int(m, "card.exp_year", &year);
    return (SavedToken){ .state = METHOD_DONE,
                         .token = text(c, "%s|%s", customer, method),
                         .kind = "card",
                         .brand = json_text(m, "card.brand"),
                         .last4 = json_text(m, "card.last4"),
                         .exp_month = (int)month,
                         .exp_year = (int)year };
}

static const char *method_of(const char *token) {
    const char *bar = strchr(token, '|');
    return bar ? bar + 1 : token;
}

bool stripe_drop(Ctx *c, const GatewayAccount *a, const char *token) {
    const char *path = text(c, "/v1/payment_methods/%s/detach", fetch_escape(&c->mem, method_of(token)));
    FetchHeader nothing[] = { { 0 } };
    FetchAnswer answer = send_form(c, a, path, nothing, text(c, "%s-detach", method_of(token)));
    return answer.class == OUT_ACCEPTED || answer.class == OUT_REFUSED;      /* refused: it is gone already */
}

/* A payment intent of Stripe, in its answer or in its error. */
static void read_payment(Ctx *c, const GatewayAccount *a, const Intent *i, Json p, Charged *to) {
    const char *status = json_text(p, "status");
    int64_t amount = 0;
    if (!amount_told(p, "amount_received", &amount) || !amount) amount_told(p, "amount", &amount);
    to->result = (IntentResult){ .gateway = a->id, .intent_no = i->intent_no, .provider_payment_id = json_text(p, "id"),
                                 .amount = { amount }, .currency = stripe_iso(c, json_text(p, "currency")),
                                 .occurred_at = c->now, .method = "card" };
    Json error = json_at(p, "last_payment_error");
    const char *decline = json_text(error, "decline_code");
    to->result.failure_code = decline ? decline : json_text(error, "code");
    to->result.failure_text = json_text(error, "message");
    if (!status) return;
    if (!strcmp(status, "succeeded")) to->result.status = "succeeded";
    else if (!strcmp(status, "processing")) to->result.status = "processing";
    else to->result.status = "failed";      /* requires_payment_method, requires_action, canceled: a person is needed */
}

Charged stripe_charge(Ctx *c, const GatewayAccount *a, const ChargeOrder *o) {
    const char *bar = strchr(o->token, '|');
    if (!bar) return (Charged){ .class = OUT_REFUSED, .error = "The saved card is not one of Stripe's." };
    FetchHeader form[] = { { "amount", text(c, "%lld", (long long)o->total.minor) },
                           { "currency", stripe_currency(c, o->intent->currency) },
                           { "customer", text_copy_n(c, o->token, (size_t)(bar - o->token)) },
                           { "payment_method", bar + 1 },
                           { "off_session", "true" },
                           { "confirm", "true" },
                           { "description", o->description },
                           { "metadata[intent]", o->intent->intent_no },
                           { 0 } };
    FetchAnswer answer = send_form(c, a, "/v1/payment_intents", form, o->idempotency_key);
    Json j = json_read(&c->mem, answer.body, answer.body_n, ANSWER_MAX, NULL);
    Charged to = { .class = answer.class, .http_status = answer.status };
    if (answer.class == OUT_ACCEPTED) {
        read_payment(c, a, o->intent, j, &to);
        if (!to.result.status) to.class = OUT_UNKNOWN, to.error = "Stripe's answer has no payment.";
        return to;
    }
    to.error = said(c, &answer, j);
    bool is_ours = answer.status == 401 || answer.status == 403; /* a wrong key of ours is no refusal of the card */
    if (is_ours) to.class = OUT_UNKNOWN;
    if (to.class != OUT_REFUSED) return to;
    read_payment(c, a, o->intent, json_at(j, "error.payment_intent"), &to);
    const char *decline = json_text(j, "error.decline_code");
    to.result.gateway = a->id, to.result.intent_no = o->intent->intent_no, to.result.occurred_at = c->now;
    to.result.amount = o->total, to.result.currency = o->intent->currency;
    to.result.failure_code = decline ? decline : json_text(j, "error.code");
    to.result.failure_text = to.error;
    to.result.status = "failed";
    return to;
}

Charged stripe_charged(Ctx *c, const GatewayAccount *a, const Intent *i, const char *payment_id) {
    FetchRequest r = stripe_request(c, a, "GET", text(c, "/v1/payment_intents/%s", fetch_escape(&c->mem, payment_id)));
    FetchAnswer answer = fetch(&c->mem, &r);
    Charged to = { .class = answer.class == OUT_ACCEPTED ? OUT_ACCEPTED : OUT_UNKNOWN, .http_status = answer.status };
    if (answer.class == OUT_ACCEPTED)
        read_payment(c, a, i, json_read(&c->mem, answer.body, answer.body_n, ANSWER_MAX, NULL), &to);
    return to;
}
