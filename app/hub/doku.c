/*
 * DOKU Checkout: whole rupiah, requests and notifications signed by its header scheme (ONB03US01). Orders are named by
 * our intent's number, which is also how a notification and a settlement file name them. Refunds are made in DOKU's own
 * pages and recorded by hand; settlements come as a file.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/money.h"

#define DOKU_TEST "https://api-sandbox.doku.com"
#define DOKU_LIVE "https://api.doku.com"
enum { ANSWER_MAX = 1 << 20, NUMBER = 13, DUE_MINUTES = 30, LINK_DUE_MINUTES = 7 * 24 * 60 };

static FetchAnswer call(Ctx *c, const GatewayAccount *a, const char *method, const char *path, const char *body,
                        const char *request_id, int ms) {
    DokuRequest d = { .client_id = a->client_id ? a->client_id : "", .request_id = request_id,
                      .timestamp = time_iso(&c->mem, time_of_unix(time_unix(c->now))), .path = path,
                      .body = body ? bytes_of(body) : (Bytes){ 0 }, .has_body = body != NULL };
    const char *base = a->api_base ? a->api_base : !strcmp(a->mode, "live") ? DOKU_LIVE : DOKU_TEST;
    FetchRequest r = { .method = method, .url = text(c, "%s%s", base, path), .body = body, .total_ms = ms,
                       .headers = { { "Client-Id", d.client_id },
                                    { "Request-Id", request_id },
                                    { "Request-Timestamp", d.timestamp },
                                    { "Signature", signature_doku(&c->mem, a->secret_key ? a->secret_key : "",
                                        &d) } } };
    return fetch(&c->mem, &r);
}

static Json answer_of(Ctx *c, const FetchAnswer *answer) {
    return json_read(&c->mem, answer->body, answer->body_n, ANSWER_MAX, NULL);
}

static const char *problem_of(Ctx *c, const FetchAnswer *answer) {
    Json j = answer_of(c, answer);
    const char *said = json_text(j, "error.message");
    if (!said) said = json_text(j, "error_messages[0]");
    if (!said) said = json_text(j, "message[0]");
    return said ? said : answer->problem ? answer->problem : text(c, "DOKU answered %d.", answer->status);
}

/* Rupiah have two digits in our books and none at DOKU. */
static int64_t unit_of(const char *currency) {
    int64_t unit = 1;
    for (int i = currency_exponent(currency); i > 0; i--) unit *= 10;
    return unit;
}

/* An order that is none: any answer but one about who we are is a good one. */
static Checked doku_check(Ctx *c, const GatewayAccount *a) {
    FetchAnswer answer = call(c, a, "GET", "/orders/v1/status/SMART360-CHECK", NULL, random_hex(&c->mem, 16), 10000);
    const char *why = problem_of(c, &answer);
    bool who = answer.status == 401 || answer.status == 403 || strcasestr(why, "signature")
        || strcasestr(why, "client");
    if (answer.class == OUT_REFUSED && !who) return (Checked){ OUT_ACCEPTED, answer.status, NULL };
    if (answer.class == OUT_REFUSED) return (Checked){ OUT_REFUSED, answer.status == 400 ? 401 : answer.status, why };
    return (Checked){ answer.class, answer.status, answer.class == OUT_ACCEPTED ? NULL : why };
}

/* --- payments ----------------------------------------------------------------------------------------------------- */

/* The chosen method where DOKU has one word for it; NULL: its page offers what is switched on there. */
static const char *page_method(const char *method) {
    return !strcmp(method, "card") ? "CREDIT_CARD"
         : !strcmp(method, "convenience_store") ? "ONLINE_TO_OFFLINE_ALFA" : NULL;
}

static Opened doku_open(Ctx *c, const GatewayAccount *a, const Opening *o) {
    const char *no = o->intent->intent_no, *invoice = o->attempt_no > 1 ? text(c, "%s-%d", no, o->attempt_no) : no;
    int64_t unit = unit_of(o->intent->currency);
    if (o->total.minor % unit)
        return (Opened){ .class = OUT_REFUSED, .error = "DOKU takes whole amounts only." };
    Text t = text_start(c);
    JsonOut j = json_out(&t);
    json_open_object(&j, NULL);
    json_open_object(&j, "order");
    json_add_int(&j, "amount", o->total.minor / unit);
    json_add_text(&j, "invoice_number", invoice);
    json_add_text(&j, "currency", o->intent->currency);
    json_add_text(&j, "callback_url", o->return_url);
    json_add_text(&j, "callback_url_cancel", text(c, "%s?cancelled=1", o->return_url));
    json_add_bool(&j, "auto_redirect", true);
    json_close(&j);
    json_open_object(&j, "payment");
    json_add_int(&j, "payment_due_date", !strcmp(o->intent->channel, "link") ? LINK_DUE_MINUTES : DUE_MINUTES);
    const char *kind = o->intent->method ? page_method(o->intent->method) : NULL;
    if (kind) {
        json_open_list(&j, "payment_method_types");
        json_add_text(&j, NULL, kind);
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    FetchAnswer answer = call(c, a, "POST", "/checkout/v1/payment", t.s, o->idempotency_key, OPEN_MS);
    Opened to = { .class = answer.class, .http_status = answer.status, .ref = invoice };
    if (answer.class == OUT_ACCEPTED) to.redirect_url = json_text(answer_of(c, &answer), "response.payment.url");
    else to.error = problem_of(c, &answer);
    if (answer.class == OUT_ACCEPTED && !to.redirect_url)
        to.class = OUT_UNKNOWN, to.error = "DOKU's answer has no page.";
    return to;
}

static const char *method_of(const char *service) {
    if (!service) return NULL;
    return !strcmp(service, "CREDIT_CARD") ? "card" : !strcmp(service, "VIRTUAL_ACCOUNT") ? "virtual_account"
         : !strcmp(service, "ONLINE_TO_OFFLINE") ? "convenience_store"
         : !strcmp(service, "EMONEY") || !strcmp(service, "E_MONEY") ? "wallet" : NULL;
}

/* A notification and the answer to a question look alike. The amount may be a text. */
static void read_order(Ctx *c, Json body, IntentResult *to) {
    const char *status = json_text(body, "transaction.status"), *invoice = json_text(body, "order.invoice_number"),
               *digits = json_text(body, "order.amount"), *date = json_text(body, "transaction.date");
    int64_t whole = 0;
    if (!amount_told(body, "order.amount", &whole) && digits)
        for (const char *s = digits; *s >= '0' && *s <= '9' && whole <= AMOUNT_MOST; s++)
            whole = whole * 10 + (*s - '0');
    if (whole > AMOUNT_MOST) whole = 0;
    Time at;
    to->provider_ref = invoice;
    to->provider_payment_id = invoice;
    to->intent_no = invoice && strlen(invoice) >= NUMBER && !strncmp(invoice, "PI-", 3)
        ? text_copy_n(c, invoice, NUMBER) : NULL;
    to->currency = "IDR";
    to->amount = (Money){ whole * unit_of("IDR") };
    to->method = method_of(json_text(body, "service.id"));
    if (date && time_parse_iso(date, &at)) to->occurred_at = at;
    if (!status) return;
    to->status = !strcmp(status, "SUCCESS") || !strcmp(status, "REFUNDED") ? "succeeded"
               : !strcmp(status, "FAILED") ? "failed" : !strcmp(status, "EXPIRED") ? "cancelled" : NULL;
}

static bool doku_ask(Ctx *c, const GatewayAccount *a, const Intent *intent, const char *ref, IntentResult *to) {
    (void)intent;
    if (!ref) return false;
    const char *path = text(c, "/orders/v1/status/%s", fetch_escape(&c->mem, ref));
    FetchAnswer answer = call(c, a, "GET", path, NULL, random_hex(&c->mem, 16), 10000);
    if (answer.class != OUT_ACCEPTED) return false;
    *to = (IntentResult){ .gateway = a->id, .occurred_at = c->now };
    read_order(c, answer_of(c, &answer), to);
    to->provider_ref = ref;
    return true;
}

static const char *doku_key(Ctx *c, const Params *headers, Json body, const char **type) {
    const char *invoice = json_text(body, "order.invoice_number"), *status = json_text(body, "transaction.status"),
               *request = param_find(headers, "request-id");
    if (!invoice || !status || !request) return NULL;
    *type = text(c, "transaction.%s", status);
    return text(c, "%s:%s:%s", request, invoice, status);
}

static GatewayEvent doku_parse(Ctx *c, Json body) {
    const char *status = json_text(body, "transaction.status");
    GatewayEvent e = { .type = status ? status : "", .result = { .occurred_at = c->now } };
    read_order(c, body, &e.result);
    e.kind = e.result.status ? EVENT_PAYMENT : EVENT_IGNORED;
    return e;
}

static const Credential credentials[] = { { "client_id", "Client id", .is_shown = true },
                                          { "secret_key", "Secret key", .signs = true },
                                          { 0 } };
static const char *const events[] = { "SUCCESS", "FAILED", "EXPIRED", NULL };

const GatewayDriver doku_driver = { .name = "doku", .label = "DOKU", .credentials = credentials,
                                    .methods = "virtual_account,card,wallet,convenience_store,bank_transfer",
                                    .held = "card,convenience_store",
                                    .currencies = "IDR", .events = events, .least_minor = 1000000,
                                    .pages = "https://sandbox.doku.com", .check = doku_check, .open = doku_open,
                                    .ask = doku_ask, .event_key = doku_key, .parse = doku_parse };
