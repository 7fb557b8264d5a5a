/*
 * The sandbox gateway: a hosted page of our own, marked TEST, that behaves like a provider (ONB03US01, "sandbox
 * gateway"). It takes its five test numbers only and stores none of them. It calls our public webhook endpoint by HTTP,
 * with the switches of its page: twice, out of order, late, never, bad signature. Not there when the utility is live.
 *
 * What "the provider" knows of a payment stands in sandbox_outcome: one row an intent.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/pages.h"
#include "app/hub/sandbox.h"
#include "app/hub/sandbox_rules.h"
#include "app/hub/saved.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/log.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/web.h"

/* --- the driver --------------------------------------------------------------------------------------------------- */

static Opened sandbox_open(Ctx *c, const GatewayAccount *a, const Opening *o) {
    (void)a;
    if (strcmp(utility_here(c)->environment, "sandbox"))
        return (Opened){ .class = OUT_REFUSED, .error = "The sandbox gateway is not there when the utility is live." };
    return (Opened){ .class = OUT_ACCEPTED, .http_status = 200, .ref = text(c, "sbx_%s", o->intent->public_id),
                     .redirect_url = text(c, "/sandbox/pay/%s", o->intent->public_id) };
}

#define OUTCOME(F, T) F(T, const char *, outcome) F(T, const char *, params)
ROW(Outcome, OUTCOME)

/* What became of the payment: decided once, by the card. What its next refund shall do is another switch. */
static Outcome *outcome_of(Ctx *c, Id intent) {
    return db_find(c, Outcome, "select outcome, params from sandbox_outcome where intent_id=? "
                               "and outcome<>'refund_fails' order by id limit 1", intent);
}

static void read_outcome(Ctx *c, const Intent *i, const Outcome *o, IntentResult *to) {
    *to = (IntentResult){ .gateway = i->gateway, .provider_ref = text(c, "sbx_%s", i->public_id),
                          .intent_no = i->intent_no, .provider_payment_id = text(c, "sbx_pay_%s", i->public_id),
                          .amount = money_add(i->amount, i->fee), .currency = i->currency, .occurred_at = c->now,
                          .method = i->method ? i->method : "card" };
    Json params = json_read(&c->mem, o->params ? o->params : "{}", o->params ? strlen(o->params) : 2, 4096, NULL);
    to->card_last4 = json_text(params, "last4");
    to->failure_code = json_text(params, "code");
    to->failure_text = json_text(params, "text");
    to->status = !strcmp(o->outcome, "paid") ? "succeeded" : !strcmp(o->outcome, "declined")
        ? "failed" : !strcmp(o->outcome, "cancelled") ? "cancelled" : NULL;
}

static bool sandbox_ask(Ctx *c, const GatewayAccount *a, const Intent *i, const char *ref, IntentResult *to) {
    (void)a, (void)ref;
    Outcome *o = outcome_of(c, i->id);
    if (!o) return false;
    read_outcome(c, i, o, to);
    return to->status != NULL;
}

static const char *sandbox_key(Ctx *c, const Params *headers, Json body, const char **type) {
    (void)c, (void)headers;
    *type = json_text(body, "type");
    return *type ? json_text(body, "id") : NULL;
}

static GatewayEvent sandbox_parse(Ctx *c, Json body) {
    GatewayEvent e = { .type = json_text(body, "type") };
    if (sandbox_parse_money(c, body, &e)) return e;
    const char *what = strncmp(e.type, "payment.", 8) ? "" : e.type + 8;
    int64_t amount = 0, at = 0;
    amount_told(body, "amount_minor", &amount);
    json_int(body, "created", &at);
    e.result = (IntentResult){ .provider_ref = json_text(body, "ref"), .intent_no = json_text(body, "intent_no"),
                               .provider_payment_id = json_text(body, "payment_id"), .amount = { amount },
        .currency = json_text(body, "currency"), .card_last4 = json_text(body, "last4"),
        .failure_code = json_text(body, "code"), .failure_text = json_text(body, "text"),
        .occurred_at = time_told(at, c->now), .method = json_text(body, "method") };
    if (!e.result.method) e.result.method = "card";
    e.result.status = !strcmp(what, "succeeded") ? "succeeded" : !strcmp(what, "failed")
        ? "failed" : !strcmp(what, "cancelled") ? "cancelled" : !strcmp(what, "processing") ? "processing" : NULL;
    e.kind = e.result.status ? EVENT_PAYMENT : EVENT_IGNORED;
    return e;
}

static Checked sandbox_check(Ctx *c, const GatewayAccount *a) {
    (void)a;
    if (strcmp(utility_here(c)->environment, "sandbox"))
        return (Checked){ OUT_REFUSED, 403, "The sandbox gateway is not there when the utility is live." };
    return (Checked){ OUT_ACCEPTED, 200, NULL };
}

/* Its webhook secret is made by us. */
static const Credential credentials[] = { { 0 } };
static const char *const events[] = { "payment.succeeded", "payment.failed", "payment.processing", "refund.succeeded",
                                      "refund.failed", "dispute.opened", "dispute.won", "dispute.lost",
                                      "payout.paid", NULL };

const GatewayDriver sandbox_driver = { .name = "sandbox", .label = "Sandbox", .credentials = credentials,
                                       .methods = "card,bank_transfer,wallet", .events = events, .least_minor = 100,
                                       .check = sandbox_check, .open = sandbox_open, .ask = sandbox_ask,
                                       .event_key = sandbox_key, .parse = sandbox_parse, .refund = sandbox_refund,
                                       .refunds_of = sandbox_refunds_of, .settlement = sandbox_settlement,
                                       .save = sandbox_save, .saved = sandbox_saved, .drop = sandbox_drop,
                                       .charge = sandbox_charge, .charged = sandbox_charge_look };

/* --- the page ----------------------------------------------------------------------------------------------------- */

static const Choice deliveries[] = { { "once", NULL }, { "twice", NULL }, { "disordered", NULL }, { "late", NULL },
                                     { "never", NULL }, { "badsig", NULL }, { 0 } };

static const Form card_form = { .name = "sandbox_card", .fields = FIELDS {
    { "card",     TEXT(12, 23), .flags = REQUIRED | SECRET, .chars = "0-9 ", .autocomplete = "off" },
    { "expiry",   TEXT(4, 7),   .flags = REQUIRED | SECRET, .width = "5", .autocomplete = "off" },
    { "cvc",      TEXT(3, 4),   .flags = REQUIRED | SECRET, .chars = "0-9", .width = "4", .autocomplete = "off" },
    { "delivery", CHOICE(deliveries), .flags = REQUIRED, .initial = "once" },
    { "seconds",  INT(0, 3600), .initial = "5" },
    { 0 } } };

/* The intent of this page: open, and at the sandbox gateway. */
static const Intent *intent_of(Req *r) {
    Ctx *c = &r->c;
    const char *public_id = path_text(r, "intent");
    Id utility = db_id(c, "select utility_id from payment_intent where public_id=?", public_id);
    if (!utility.id) fail(c, NOT_FOUND, "There is no such payment.");
    utility_enter(c, utility);
    const Intent *i = intent_find(c, public_id);
    const char *driver = i->gateway.id ? db_text(c, "select driver from gateway_account where id=?", i->gateway) : NULL;
    if (!driver || strcmp(driver, "sandbox") || strcmp(utility_here(c)->environment, "sandbox"))
        fail(c, NOT_FOUND, "There is no such payment.");
    return i;
}

static char *return_path(Ctx *c, const Intent *i) {
    if (!strcmp(i->purpose, "test"))
        return text(c, "/u/%s/integrations/gateways/%s", c->utility_code,
                    db_text(c, "select public_id from gateway_account where id=?", i->gateway));
    return text(c, "/p/%s/pay/%s/return", c->utility_code, i->public_id);
}

void sandbox_page(Req *r) {
    const Intent *i = intent_of(r);
    show_text(r, "page.title", msg(r->c.language, "hub.sandbox.test"));
    show_text(r, "page.shell", "plain");
    show_text(r, "page.sub", msg_format(r, r->c.language, "hub.sandbox.amount",
        { "amount", locale_money(&r->c.mem, r->c.locale, money_add(i->amount, i->fee)) },
        { "name", utility_here(&r->c)->name }));
    form_show(r, "form", &card_form, text(r, "/sandbox/pay/%s", i->public_id));
    show_text(r, "form.intro", msg(r->c.language, "hub.sandbox.cards"));
    show_text(r, "form.cancel_url", text(r, "%s?cancelled=1", return_path(&r->c, i)));
    page(r, "layout/form");
}

/* What a test card does; NULL: not one of the five. */
static const TestCard cards[] = {
    { "4242424242424242", "paid",     NULL, NULL },
    { "4000000000000002", "declined", "card_declined", "The card was declined." },
    { "4000000000009995", "declined", "insufficient_funds", "The card has insufficient funds." },
    { "4000002760003184", "paid",     NULL, NULL },
    { "4000000000000259", "paid",     NULL, NULL },
};

const TestCard *sandbox_card(const char *typed) {
    char digits[24] = "";
    size_t n = 0;
    for (const char *s = typed; *s && n < sizeof digits - 1; s++)
        if (*s != ' ') digits[n++] = *s;
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++)
        if (!strcmp(cards[i].number, digits)) return &cards[i];
    return NULL;
}

static void deliver(Ctx *c, const Intent *i, const char *type, const char *event, bool bad, int64_t delay_s) {
    job_enqueue(c, &(NewJob){ .kind = "sandbox.deliver", .run_at = time_add_seconds(c->now, delay_s), .payload =
        json_pairs(c, "intent", text(c, "%lld", (long long)i->id.id), "type", type, "event", event, "bad",
                   bad ? "1" : "0", NULL) });
}

void sandbox_send_later(Ctx *c, const Intent *i, const char *type, const char *event, int64_t delay_s) {
    deliver(c, i, type, event, false, delay_s);
}

void sandbox_post(Req *r) {
    Ctx *c = &r->c;
    const Intent *i = intent_of(r);
    Input *in = form_read(r, &card_form);
    const TestCard *card = in_given(in, "card") ? sandbox_card(in_text(in, "card")) : NULL;
    if (in_given(in, "card") && !card) problem(r, "card", "%s", msg(r->c.language, "hub.sandbox.not_a_test_card"));
    problems_end(r);
    (void)db_id(c, "select id from payment_intent where id=? for update", i->id);     /* two tabs: one charge */
    if (!outcome_of(c, i->id)) {
        const char *number = card->number;
        db_run(c, "insert into sandbox_outcome (utility_id, intent_id, outcome, params) values (?,?,?,?)", c->utility,
               i->id, card->outcome,
               json_pairs(c, "last4", number + strlen(number) - 4, "code", card->code, "text", card->text, NULL));
        if (!strcmp(card->outcome, "paid")) sandbox_charged(c, i, !strcmp(number, "4000000000000259"));
        if (!strcmp(card->outcome, "paid"))
            sandbox_card_kept(c, text(c, "sbx_%s", i->public_id), card, in_text(in, "expiry"));
        const char *how = in_text(in, "delivery"), *event = text(c, "sbx_evt_%s", i->public_id),
            *type = !strcmp(card->outcome, "paid") ? "payment.succeeded" : "payment.failed";
        int64_t late = !strcmp(how, "late") ? in_int(in, "seconds") : 0;
        if (!strcmp(how, "disordered")) deliver(c, i, "payment.processing", text(c, "%s_p", event), false, 2);
        if (strcmp(how, "never")) deliver(c, i, type, event, !strcmp(how, "badsig"), late);
        if (!strcmp(how, "twice")) deliver(c, i, type, event, false, 1);
    }
    go_to(r, return_path(c, i));
}

/* --- its webhook -------------------------------------------------------------------------------------------------- */

typedef struct GivenUp { const GatewayAccount *gateway; const char *why; } GivenUp;

static void note_given_up(Ctx *c, void *arg) {
    const GivenUp *g = arg;
    audit_note(c, "webhook_given_up", "gateway_account", g->gateway->id, g->gateway->label, g->why);
}

void sandbox_send(Ctx *c, const GatewayAccount *a, const SandboxCall *call) {
    const Config *config = installation();
    const char *secret = call->is_bad ? "not the secret" : a->keys.current;
    FetchRequest r = { .method = "POST", .body = (const char *)call->body.p, .body_n = call->body.n,
                       .url = text(c, "%s/hooks/sandbox/%s", config->hook_url ? config->hook_url : config->public_url,
                                   a->endpoint_key),
                       .headers = { { "Smart360-Signature",
                                      signature_timed(&c->mem, secret, time_unix(c->now), call->body) } } };
    FetchAnswer answer = fetch(&c->mem, &r);
    if (answer.class == OUT_ACCEPTED) return;
    const char *why = text(c, "our webhook answered %d %s", answer.status, answer.problem ? answer.problem : "");
    if (call->attempt < SANDBOX_TRIES) fail(c, BROKEN, "%s", why);
    log_warn("sandbox.given_up", LOG_TEXT("endpoint", a->endpoint_key), LOG_TEXT("error", why));
    if (!call->about) return;
    db_tx(c, DB_WRITE, note_given_up, &(GivenUp){ a, text(c, "%s: %s", call->about, why) }, NULL);
}

JobStep sandbox_deliver(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *id = json_text(p, "intent"), *type = json_text(p, "type"), *event = json_text(p, "event"),
        *bad = json_text(p, "bad");
    int64_t n = 0;
    if (!id || !type || !event || count_parse(id, INT64_MAX / 2, &n) != NUMBER_OK)
        job_give_up(c, "the payload names no intent");
    const Intent *i = intent_get(c, (Id){ n });
    const GatewayAccount *a = gateway_account(c, i->gateway);
    Outcome *o = outcome_of(c, i->id);
    IntentResult result = { 0 };
    if (o) read_outcome(c, i, o, &result);
    Text body = text_start(c);
    JsonOut out = json_out(&body);
    json_open_object(&out, NULL);
    json_add_text(&out, "id", event);
    json_add_text(&out, "type", type);
    json_add_int(&out, "created", time_unix(c->now));
    json_add_text(&out, "intent_no", i->intent_no);
    json_add_text(&out, "ref", result.provider_ref);
    json_add_text(&out, "payment_id", result.provider_payment_id);
    json_add_int(&out, "amount_minor", money_add(i->amount, i->fee).minor);
    json_add_text(&out, "currency", i->currency);
    json_add_text(&out, "method", result.method);
    json_add_text(&out, "last4", result.card_last4);
    json_add_text(&out, "code", result.failure_code);
    json_add_text(&out, "text", result.failure_text);
    json_close(&out);
    sandbox_send(c, a, &(SandboxCall){ bytes_at(body.s, body.n), bad && !strcmp(bad, "1"), job->attempt,
                                       i->intent_no });
    return STEP_DONE;
}
