/*
 * The platform's own account at a gateway (ONB08US01): the same drivers, with values that are handed in. No table of
 * ours is read or written; what the platform keeps of accounts, payments and events is its own.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/gateway.h"
#include "app/hub/sandbox.h"
#include "app/hub/sandbox_rules.h"
#include "app/hub/saved.h"
#include "lib/date.h"
#include "lib/json.h"

/* Those whose payment page is the gateway's own. Razorpay's is opened by a page of a utility's. */
static const GatewayDriver *const drivers[] = { &stripe_driver, &paystack_driver, &doku_driver, &sandbox_driver };

static const GatewayDriver *driver_of(Ctx *c, const HouseAccount *a) {
    const GatewayDriver *d = gateway_driver(a->driver);
    if (!d) fail(c, BROKEN, "there is no gateway %s", a->driver);
    return d;
}

HouseDriver house_driver(size_t i) {
    if (i >= sizeof drivers / sizeof *drivers) return (HouseDriver){ 0 };
    const GatewayDriver *d = drivers[i];
    return (HouseDriver){ d->name, d->label, d->currencies, d->credentials, d->events };
}

bool house_takes(const char *driver, const char *currency) {
    const GatewayDriver *d = gateway_driver(driver);
    if (!d) return false;
    if (!d->currencies) return true;
    for (const char *s = d->currencies; (s = strstr(s, currency)); s += 3)
        if ((s == d->currencies || s[-1] == ',') && (!s[3] || s[3] == ',')) return true;
    return false;
}

static const GatewayAccount *account_of(Ctx *c, const HouseAccount *h) {
    GatewayAccount *a = take(c, sizeof *a);
    *a = (GatewayAccount){ .id = h->id, .driver = h->driver, .label = h->label, .mode = h->mode,
                           .endpoint_key = h->endpoint_key, .api_base = h->api_base };
    if (h->credentials) {
        a->credentials = json_read(&c->mem, h->credentials, strlen(h->credentials), 8192, NULL);
        a->secret_key = gateway_credential(a, "secret_key");
        a->client_id = gateway_credential(a, "client_id");
    }
    a->keys = (SignatureKeys){ .current = h->secret, .previous = h->secret_before, .client_id = a->client_id,
                               .previous_until_s = time_is_set(h->before_until) ? time_unix(h->before_until) : 0 };
    return a;
}

SignatureKeys house_keys(Ctx *c, const HouseAccount *a) { return account_of(c, a)->keys; }

static bool is_sandbox(const HouseAccount *a) { return !strcmp(a->driver, "sandbox"); }

static const Intent *intent_of(Ctx *c, const HouseOrder *o) {
    Intent *i = take(c, sizeof *i);
    *i = (Intent){ .public_id = o->public_id, .intent_no = o->no, .state = "created", .purpose = "subscription",
                   .channel = "portal", .currency = o->currency, .amount = o->amount, .expires_at = o->expires_at };
    return i;
}

const char *house_check(Ctx *c, const HouseAccount *a) {
    if (is_sandbox(a)) return NULL;
    Checked said = driver_of(c, a)->check(c, account_of(c, a));
    if (said.class == OUT_ACCEPTED) return NULL;
    return said.class == OUT_REFUSED ? said.error ? said.error : text(c, "%d", said.http_status) : "";
}

HouseOpened house_open(Ctx *c, const HouseAccount *a, const HouseOrder *o) {
    if (is_sandbox(a))
        return (HouseOpened){ .is_open = true, .ref = text(c, "sbx_%s", o->public_id),
                              .url = text(c, "/sandbox/subscription/%s", o->public_id) };
    Opening opening = { .intent = intent_of(c, o), .idempotency_key = o->key, .return_url = o->return_url,
                        .description = o->description, .email = o->email, .total = o->amount,
                        .started_at = o->started_at, .attempt_no = o->attempt_no, .again = o->again };
    Opened to = driver_of(c, a)->open(c, account_of(c, a), &opening);
    return (HouseOpened){ .is_open = to.class == OUT_ACCEPTED && to.ref && to.redirect_url,
                          .is_refused = to.class == OUT_REFUSED, .ref = to.ref, .url = to.redirect_url,
                          .error = to.error };
}

bool house_ask(Ctx *c, const HouseAccount *a, const HouseOrder *o, const char *ref, IntentResult *to) {
    *to = (IntentResult){ 0 };
    return is_sandbox(a) || driver_of(c, a)->ask(c, account_of(c, a), intent_of(c, o), ref, to);
}

/* --- giving back -------------------------------------------------------------------------------------------------- */

static HouseRefund refund_of(const RefundNews *n) {
    return (HouseRefund){ .provider_id = n->provider_refund_id, .payment_id = n->provider_payment_id,
                          .order_no = n->intent_no, .no = n->refund_no, .currency = n->currency,
                          .failure_text = n->failure_text, .amount = n->amount, .is_done = n->state == MONEY_DONE,
                          .is_failed = n->state == MONEY_FAILED };
}

static HouseRefunds refunds_list(Ctx *c, const RefundNewsList *l) {
    HouseRefunds to = { take_n(c, HouseRefund, l->n + 1), l->n };
    for (size_t i = 0; i < l->n; i++) to.v[i] = refund_of(&l->v[i]);
    return to;
}

bool house_gives_back(const char *driver) {
    const GatewayDriver *d = gateway_driver(driver);
    return d && d->refund;
}

HouseRefunded house_refund(Ctx *c, const HouseAccount *a, const HouseRefundCall *call) {
    if (is_sandbox(a))
        return (HouseRefunded){ .is_taken = true, .news = { .provider_id = text(c, "sbx_re_%s", call->no),
                                .payment_id = call->payment_id, .no = call->no, .amount = call->amount,
                                .currency = call->currency, .is_done = true } };
    RefundCall out = { .refund_no = call->no, .intent_no = call->order_no, .idempotency_key = call->no,
                       .provider_payment_id = call->payment_id, .currency = call->currency, .amount = call->amount };
    Refunded said = driver_of(c, a)->refund(c, account_of(c, a), &out);
    HouseRefunded to = { .is_taken = said.class == OUT_ACCEPTED, .is_refused = said.class == OUT_REFUSED,
                         .news = refund_of(&said.news), .error = said.error };
    to.news.no = call->no, to.news.payment_id = call->payment_id;
    return to;
}

bool house_refunds_of(Ctx *c, const HouseAccount *a, const char *payment_id, HouseRefunds *to) {
    RefundNewsList all = { 0 };
    *to = (HouseRefunds){ 0 };
    const GatewayDriver *d = driver_of(c, a);
    if (is_sandbox(a) || !d->refunds_of) return is_sandbox(a);
    if (!d->refunds_of(c, account_of(c, a), payment_id, &all)) return false;
    *to = refunds_list(c, &all);
    return true;
}

/* --- what an event says ------------------------------------------------------------------------------------------- */

HouseNews house_event(Ctx *c, const HouseAccount *a, Bytes body) {
    GatewayEvent e = driver_of(c, a)->parse(c, json_read(&c->mem, body.p, body.n, WEBHOOK_BODY_MAX, NULL));
    HouseNews to = { .is_payment = false };
    if (e.has_mode && e.is_live != !strcmp(a->mode, "live")) return to;
    if (e.kind == EVENT_PAYMENT) {
        to.is_payment = true, to.payment = e.result;
        to.payment.gateway = a->id;
    } else if (e.kind == EVENT_REFUNDS) {
        to.refunds = refunds_list(c, &e.refunds);
        to.ask_refunds_of = e.ask_refunds_of;
    }
    return to;
}

/* --- the sandbox -------------------------------------------------------------------------------------------------- */

HouseCard house_card(const char *typed) {
    const TestCard *t = sandbox_card(typed);
    if (!t) return (HouseCard){ 0 };
    return (HouseCard){ .status = !strcmp(t->outcome, "paid") ? "succeeded" : "failed", .code = t->code,
                        .text = t->text, .last4 = t->number + strlen(t->number) - 4 };
}

void house_sandbox_send(Ctx *c, const HouseAccount *a, const HouseOrder *o, const HouseCard *card, const char *event,
                        bool is_bad, int attempt) {
    Text body = text_start(c);
    JsonOut out = json_out(&body);
    json_open_object(&out, NULL);
    json_add_text(&out, "id", event);
    json_add_text(&out, "type", text(c, "payment.%s", card->status));
    json_add_int(&out, "created", time_unix(c->now));
    json_add_text(&out, "intent_no", o->no);
    json_add_text(&out, "ref", text(c, "sbx_%s", o->public_id));
    json_add_text(&out, "payment_id", text(c, "sbx_pay_%s", o->public_id));
    json_add_int(&out, "amount_minor", o->amount.minor);
    json_add_text(&out, "currency", o->currency);
    json_add_text(&out, "last4", card->last4);
    json_add_text(&out, "code", card->code);
    json_add_text(&out, "text", card->text);
    json_close(&out);
    sandbox_send(c, account_of(c, a),
                 &(SandboxCall){ .body = bytes_at(body.s, body.n), .is_bad = is_bad, .attempt = attempt });
}

_Static_assert((int)HOUSE_SANDBOX_TRIES == (int)SANDBOX_TRIES, "the same times for both");
int64_t house_sandbox_wait_s(int attempts) { return sandbox_wait_s(attempts); }
