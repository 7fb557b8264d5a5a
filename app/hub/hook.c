/*
 * Webhooks of every kind: /hooks/<driver>/<endpoint key> (assurance section 4, ONB03US01 "webhooks").
 *
 * Order of work: size, endpoint, raw bytes, signature in constant time, minimal parse for the event's key, ONE
 * transaction that stores event and job, answer. No outside call before the answer. Processing is a job and does not
 * depend on order.
 */
#include <string.h>

#include <fcgiapp.h>

#include "app/comms/comms.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "app/hub/report_rules.h"
#include "lib/date.h"
#include "lib/log.h"
#include "lib/utf8.h"

enum { DEAD_BODY = 4096, UNKNOWN_TRIES = 6 };

#define HOOK_ROUTE(F, T) F(T, const char *, slug) F(T, Id, utility_id) F(T, const char *, source) F(T, Id, account_ref)
ROW(HookRoute, HOOK_ROUTE)

static void reply(Req *r, int status, const char *json) {
    answer(r, status, "application/json; charset=utf-8", json, strlen(json));
}

/* All headers, names in lower case, values as they came. */
static Params headers_of(Req *r) {
    Params p = params_start(r);
    for (char **e = r->fcgi ? ((FCGX_Request *)r->fcgi)->envp : NULL; e && *e; e++) {
        if (strncmp(*e, "HTTP_", 5)) continue;
        const char *eq = strchr(*e, '=');
        if (!eq) continue;
        char *name = text_copy_n(r, *e + 5, (size_t)(eq - *e - 5));
        for (char *s = name; *s; s++) *s = (char)(*s == '_' ? '-' : *s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
        param_add(&p, name, text_copy(r, eq + 1), strlen(eq + 1));
    }
    return p;
}

typedef struct Arrival { Req *r; const char *driver, *key; HookRoute *route; const HouseAccount *house; Params headers;
                         const char *event_key, *type; Bytes body; bool dead, was_there; } Arrival;

/* What is kept of the headers; values that sign, or let somebody in, are left out. To add one: a row. */
static const struct { const char *name; bool is_secret; } kept_headers[] = {
    { "user-agent", false },       { "x-razorpay-event-id", false }, { "client-id", false },
    { "request-id", false },       { "request-timestamp", false },   { "i-twilio-idempotency-token", false },
    { "stripe-signature", true },  { "x-razorpay-signature", true }, { "x-paystack-signature", true },
    { "signature", true },         { "smart360-signature", true },   { "x-twilio-signature", true },
    { "authorization", true },
};
enum { HEADER_KEPT = 200 };

static const char *headers_kept(const Arrival *a) {
    Req *r = a->r;
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_text(&o, "method", r->method);
    if (r->content_type) json_add_text(&o, "content-type", utf8_cut(&r->c.mem, r->content_type, HEADER_KEPT));
    for (size_t i = 0; i < sizeof kept_headers / sizeof *kept_headers; i++) {
        const char *value = param_find(&a->headers, kept_headers[i].name);
        if (value)
            json_add_text(&o, kept_headers[i].name,
                          kept_headers[i].is_secret ? "***" : utf8_cut(&r->c.mem, value, HEADER_KEPT));
    }
    json_close(&o);
    return t.s;
}

static void count_refusal(Ctx *c, void *arg) {
    Arrival *a = arg;
    db_run(c, "insert into webhook_refusal (source, account_ref, day, reason, count, last_at) values (?,?,?,?,1,?) "
              "on duplicate key update count=count+1, last_at=values(last_at)",
           a->route->source, a->route->account_ref, utility_today(c), a->type, c->now);
}

static void refuse(Arrival *a, int status, const char *reason) {
    static LogSample sample;
    int64_t skipped;
    if (log_sample(&sample, 10, &skipped))
        log_warn("hook.refused", LOG_TEXT("driver", a->driver), LOG_TEXT("reason", reason),
                 LOG_INT("skipped", skipped));
    a->type = reason;
    if (a->route) db_tx(&a->r->c, DB_WRITE, count_refusal, a, NULL);
    reply(a->r, status, text(a->r, "{\"error\":\"%s\"}", reason));
}

#define PROVIDER_KEYS(F, T) F(T, Bytes, current) F(T, Bytes, previous) F(T, Time, until) F(T, const char *, config)
ROW(ProviderKeys, PROVIDER_KEYS)

static SignatureKeys keys_of(Ctx *c, const HookRoute *route) {
    if (!strcmp(route->source, "gateway")) return gateway_account(c, route->account_ref)->keys;
    ProviderKeys *k = db_one(c, ProviderKeys,
                             "select webhook_secret_current_enc as current, webhook_secret_previous_enc as previous, "
                             "previous_valid_until as until, coalesce(config, '{}') as config from message_provider "
                             "where id=?", route->account_ref);
    Json config = json_read(&c->mem, k->config, strlen(k->config), 8192, NULL);
    const char *method = json_text(config, "signature_method");
    return (SignatureKeys){ .api_key = json_text(config, "api_key"),
                            .vonage_method = method && !strcmp(method, "sha512") ? VONAGE_SHA512
                                : method && !strcmp(method, "sha1") ? VONAGE_SHA1 : VONAGE_SHA256,
                            .current = vault_open(c, "message_provider.webhook_secret", k->current),
                            .previous = vault_open(c, "message_provider.webhook_secret", k->previous),
                            .previous_until_s = time_is_set(k->until) ? time_unix(k->until) : 0 };
}

/* Of the body's form; the old interface of Vonage signs its query as well, and nobody else does. */
static const char *said(const Arrival *a, const char *name) {
    const char *value = field_text(a->r, name);
    return value || strcmp(a->driver, "vonage_sms") ? value : param_find(&a->r->query, name);
}

/* "<message>:<state>", "<message>:inbound"; NULL: no such thing. */
static const char *message_key(const Arrival *a, Json body, const char **type) {
    const char *sid = said(a, "MessageSid"), *status = said(a, "MessageStatus");
    if (!sid) sid = said(a, "messageId"), status = said(a, "status");                       /* the old one of Vonage */
    if (!sid) sid = json_text(body, "message_id"), status = json_text(body, "status");
    if (!sid) sid = json_text(body, "message_uuid"), status = json_text(body, "status");
    MailReport report;                                                                      /* RFC 3464, as it came */
    if (!sid && !strcmp(a->driver, "email") && mail_report_read(&a->r->c.mem, a->body.p, a->body.n, &report))
        sid = report.message, status = report.status;
    bool comes_in = sid && !status && (said(a, "Body") || said(a, "text") || json_text(body, "text"));
    if (comes_in) {
        *type = "message.inbound";
        return text(a->r, "%s:inbound", sid);
    }
    if (!sid || !status) return NULL;
    *type = "message.status";
    return text(a->r, "%s:%s", sid, status);
}

static void store(Ctx *c, void *arg) {
    Arrival *a = arg;
    Bytes body = a->dead && a->body.n > DEAD_BODY ? bytes_at(a->body.p, DEAD_BODY) : a->body;
    const char *state = a->dead ? "dead" : "received";
    Id event = db_add_id(c, "insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, "
                              "type, received_at, http_headers, body, state, reason, last_delivery_at, "
                              "next_attempt_at) values (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, a->route->source, a->route->account_ref, a->driver, a->event_key, a->type, c->now, headers_kept(a),
            body, state,
            a->dead ? "malformed" : NULL, c->now, a->dead ? TIME_NONE : c->now);
    a->was_there = !event.id;
    if (a->was_there) {
        db_run(c, "update webhook_event set delivery_count=delivery_count+1, last_delivery_at=? where source=? "
                  "and account_ref=? and provider_event_id=?", c->now, a->route->source, a->route->account_ref,
               a->event_key);
        return;
    }
    if (a->dead) {
        alert_raise(c, "webhook.dead", "warning",
                    text(c, "webhook.dead:%s:%lld", a->driver, (long long)a->route->account_ref.id),
                    text(c, "A signed %s event could not be read.", a->driver), "/integrations/events");
        return;
    }
    bool gateway = !strcmp(a->route->source, "gateway");
    job_enqueue(c, &(NewJob){ .kind = gateway ? "webhook.gateway" : "webhook.message",
                              .payload = text(c, "{\"event\":%lld}", (long long)event.id),
                              .unique_key = text(c, "%lld", (long long)event.id),
                              .max_attempts = HOOK_TRIES });
}

/* --- the platform's own account ----------------------------------------------------------------------------------- */

static const House *house;

void house_register(const House *h) { house = h; }

static void house_store(Ctx *c, void *arg) {
    Arrival *a = arg;
    (void)c;
    a->was_there = !house->keep(&a->r->c, &(HouseEvent){ .account = a->house->id, .driver = a->driver,
                                                         .key = a->event_key, .type = a->type, .body = a->body,
                                                         .is_dead = a->dead });
}

/* --- taking one in ------------------------------------------------------------------------------------------------ */

void hook_post(Req *r) {
    Ctx *c = &r->c;
    Arrival a = { .r = r, .driver = path_text(r, "driver"), .key = path_text(r, "key") };
    if (r->body.n > WEBHOOK_BODY_MAX) {
        reply(r, 413, "{\"error\":\"too_large\"}");
        return;
    }
    a.route = db_find(c, HookRoute, "select t.slug, w.utility_id, w.source, w.account_ref "
                                    "from smart360.webhook_route w join smart360.tenant t on t.id = w.tenant_id "
                                    "where w.endpoint_key=? and w.driver=? and w.active=1", a.key, a.driver);
    if (!a.route && house) a.house = house->account(c, a.driver, a.key);
    if (!a.route && !a.house) {
        reply(r, 404, "{\"error\":\"unknown_endpoint\"}");
        return;
    }
    const char *query = strchr(r->uri, '?');
    bool is_post = !strcmp(r->method, "POST");
    if (!is_post && strcmp(a.driver, "vonage_sms")) {
        header_set(r, "Allow", "POST");
        reply(r, 405, "{\"error\":\"method_not_allowed\"}");
        return;
    }
    a.body = is_post ? r->body : bytes_of(query ? query + 1 : "");
    if (a.route && !place_enter(c, a.route->slug)) {
        reply(r, 404, "{\"error\":\"unknown_endpoint\"}");
        return;
    }
    if (a.route && a.route->utility_id.id) utility_enter(c, a.route->utility_id);
    a.headers = headers_of(r);
    SignatureKeys keys = a.house ? house_keys(c, a.house) : keys_of(c, a.route);
    Callback call = { .headers = &a.headers, .body = r->body, .content_type = r->content_type ? r->content_type : "",
                      .path = text(r, "/hooks/%s/%s", a.driver, a.key), .query = &r->query, .now_s = time_unix(c->now),
                      .url = text(r, "%s/hooks/%s/%s%s", installation()->public_url, a.driver, a.key,
                                  query ? query : "") };
    const char *once = NULL, *scheme = !strcmp(a.driver, "email") ? "sandbox" : a.driver;
    Verdict v = signature_verify(&c->mem, scheme, &call, &keys, &once);
    if (v == SIGNATURE_OUT_OF_TOLERANCE) {
        refuse(&a, 401, "timestamp_out_of_tolerance");
        return;
    }
    if (v != SIGNATURE_OK) {
        /* sent unsigned in trouble, and again signed */
        bool vonage = !strcmp(a.driver, "vonage") && v == SIGNATURE_MISSING;
        refuse(&a, vonage ? 503 : 401, "invalid_signature");
        return;
    }
    const char *trouble = NULL;
    Json body = json_read(&c->mem, r->body.p ? r->body.p : "", r->body.n, WEBHOOK_BODY_MAX, &trouble);
    const GatewayDriver *driver = gateway_driver(a.driver);
    if (driver && driver->too_old && !trouble && driver->too_old(c, body)) {
        refuse(&a, 401, "timestamp_out_of_tolerance");
        return;
    }
    a.event_key = a.house || !strcmp(a.route->source, "gateway")
        ? (driver && !trouble ? driver->event_key(c, &a.headers, body, &a.type) : NULL) : message_key(&a, body,
            &a.type);
    if (!a.event_key || strlen(a.event_key) > 160) {
        uint8_t hash[32];
        blake2b((Bytes){ 0 }, a.body, hash);
        a.dead = true;
        a.event_key = text(r, "malformed-%s", hex_text(&c->mem, bytes_at(hash, 16)));
        a.type = "malformed";
    }
    if (strlen(a.type) > 80) a.type = text_copy_n(r, a.type, 80);
    db_tx(c, DB_WRITE, a.house ? house_store : store, &a, NULL);
    reply(r, 200, a.was_there ? "{\"status\":\"duplicate\"}" : "{\"status\":\"accepted\"}");
}

/* --- processing --------------------------------------------------------------------------------------------------- */

#define STORED_EVENT(F, T) F(T, Id, id) F(T, const char *, driver) F(T, Id, account_ref) F(T, const char *, state) \
    F(T, Bytes, body)
ROW(StoredEvent, STORED_EVENT)

#define MESSAGE_EVENT(F, T) F(T, Id, id) F(T, Id, account_ref) F(T, const char *, provider_event_id) \
    F(T, const char *, state)
ROW(MessageEvent, MESSAGE_EVENT)

static void finish(Ctx *c, Id event, const char *state, const char *reason, Id intent) {
    db_run(c, "update webhook_event set state=?, reason=?, processed_at=?, next_attempt_at=null, attempts=attempts+1, "
              "error=null, intent_id=? where id=?", state, reason, c->now, intent, event);
}

#define HOW_IT_STANDS "select concat_ws(':', state, received_minor is not null, exception) from payment_intent " \
                      "where intent_no=? and utility_id=? for update"

static Id ask_intent(Ctx *c, const char *no) {
    return db_id(c, "select id from payment_intent where intent_no=? and utility_id=?", no, c->utility);
}

static const char *ask_payload(Ctx *c, const char *no) {
    return text(c, "{\"intent\":%lld}", (long long)ask_intent(c, no).id);
}

/* Locked before anything else is read: two events of one payment at once see each other's work. */
static void payment_event(Ctx *c, const StoredEvent *e, GatewayEvent *event, int attempt) {
    if (!strcmp(event->result.status, "succeeded") && event->result.amount.minor <= 0)
        fail(c, INVALID, "the event says paid, but no amount above 0");
    if (event->asks && event->result.intent_no)
        job_enqueue(c, &(NewJob){ .kind = "payment.check", .unique_key = event->result.intent_no,
                                  .payload = ask_payload(c, event->result.intent_no) });
    const char *no = event->result.intent_no, *before = no ? db_text(c, HOW_IT_STANDS, no, c->utility) : NULL;
    /* waited for its commit: what this transaction reads is from before it */
    if (before && !ask_intent(c, no).id) fail(c, RETRY, "payment %s was committed just now", no);
    event->result.gateway = e->account_ref;
    Id intent = payment_intent_result(c, &event->result);
    if (!intent.id && strcmp(event->result.status, "succeeded")) {
        finish(c, e->id, "ignored", "unknown_intent", (Id){ 0 });
        return;
    }
    if (!intent.id && attempt < UNKNOWN_TRIES)              /* it may be earlier than our own commit */
        fail(c, CONFLICT, "the payment of this event is not known yet");
    if (!intent.id) payment_to_suspense(c, &event->result);
    else if (!strcmp(event->result.status, "succeeded")) gateway_tested(c, e->account_ref, intent);
    const char *after = no ? db_text(c, HOW_IT_STANDS, no, c->utility) : NULL;
    bool stale = before && after && !strcmp(before, after);
    finish(c, e->id, stale ? "ignored" : "processed", stale ? "stale" : NULL, intent);
}

/* A refund or dispute before its success: the payment's state is asked for, then the event comes again. */
static bool comes_again(Ctx *c, const StoredEvent *e, Id intent) {
    int tries = (int)db_int(c, "select attempts from webhook_event where id=?", e->id);
    if (tries >= UNKNOWN_TRIES) return false;
    Time next = time_add_seconds(c->now, 10 << tries);
    db_run(c, "update webhook_event set attempts=attempts+1, next_attempt_at=? where id=?", next, e->id);
    const char *no = db_text(c, "select intent_no from payment_intent where id=?", intent);
    if (no)
        job_enqueue(c, &(NewJob){ .kind = "payment.check", .unique_key = no,
                                  .payload = text(c, "{\"intent\":%lld}", (long long)intent.id) });
    job_enqueue(c, &(NewJob){ .kind = "webhook.gateway", .payload = text(c, "{\"event\":%lld}", (long long)e->id.id),
                              .run_at = next, .unique_key = text(c, "%lld:%d", (long long)e->id.id, tries + 1) });
    return true;
}

static void news_end(Ctx *c, const StoredEvent *e, News news, bool changed) {
    if (news.state != NEWS_READY && comes_again(c, e, news.intent)) return;
    if (news.state != NEWS_READY)
        alert_raise(c, "payment.unknown", "critical", text(c, "payment.unknown:%lld", (long long)e->id.id),
                    "An event about money of an unknown payment came.",
                    event_path(c, e->id));
    const char *why = news.state != NEWS_READY ? "unknown_payment" : changed ? NULL : "stale";
    finish(c, e->id, why ? "ignored" : "processed", why, news.intent);
}

static void refund_event(Ctx *c, const StoredEvent *e, const GatewayEvent *event) {
    if (event->ask_refunds_of) refunds_ask(c, e->account_ref, event->ask_refunds_of);
    News worst = { NEWS_READY, { 0 } };
    bool changed = event->ask_refunds_of != NULL;
    for (size_t i = 0; i < event->refunds.n; i++) {
        bool one;
        News news = refund_heard(c, e->account_ref, &event->refunds.v[i], &one);
        changed |= one;
        if (news.state != NEWS_READY || worst.state == NEWS_READY) worst = news;
    }
    news_end(c, e, worst, changed);
}

static void dispute_event(Ctx *c, const StoredEvent *e, const GatewayEvent *event) {
    bool changed;
    News news = dispute_heard(c, e->account_ref, &event->dispute, &changed);
    news_end(c, e, news, changed);
}

static void payout_event(Ctx *c, const StoredEvent *e, const GatewayEvent *event) {
    if (event->kind == EVENT_PAYOUT) settlement_ask(c, e->account_ref, event->settlement);
    else settlement_failed(c, e->account_ref, event->settlement);
    finish(c, e->id, "processed", NULL, (Id){ 0 });
}

/*
 * A try that fails leaves its reason with the event; the last one, and what no further try can help, makes it dead with
 * an alert. The state guards what another worker has done meanwhile.
 */
typedef struct Try { const JobRow *job; Id event; void (*work)(Ctx *, Id event, int attempt); const char *error;
                     bool is_over; } Try;

static void try_step(Ctx *c, void *arg) {
    Try *t = arg;
    t->work(c, t->event, t->job->attempt);
}

static void try_run(Ctx *c, void *arg) { job_step(c, try_step, arg); }

static void try_failed(Ctx *c, void *arg) {
    Try *t = arg;
    int wait_s = t->job->attempt < 12 ? 10 << t->job->attempt : 21600;
    if (!db_run(c, "update webhook_event set state=?, attempts=attempts+1, error=left(?, 2000), next_attempt_at=? "
                   "where id=? and state in ('received', 'processing', 'failed')", t->is_over ? "dead" : "failed",
                t->error, t->is_over ? TIME_NONE : time_add_seconds(c->now, wait_s), t->event))
        return;
    if (t->is_over) event_dead(c, t->event, t->error);
    else event_step_note(c, t->event, "failed", t->error);
}

static JobStep tried(Ctx *c, const JobRow *job, void (*work)(Ctx *, Id, int)) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "event", &id)) job_give_up(c, "the payload names no event");
    Try t = { .job = job, .event = { id }, .work = work };
    if (attempt(c, try_run, &t)) return STEP_DONE;
    Failure f = c->failure;
    t.error = f.text;
    t.is_over = job->attempt >= HOOK_TRIES || f.status == INVALID || f.status == TOO_LARGE;
    if (f.status != DOWN && f.status != UNKNOWN && f.status != RETRY) db_tx(c, DB_WRITE, try_failed, &t, NULL);
    c->failure = f;
    fail_again(c);
}

static void process_gateway(Ctx *c, Id id, int attempt) {
    StoredEvent *e = db_one(c, StoredEvent, "select id, driver, account_ref, state, body "
                                            "from webhook_event where id=? for update", id);
    if (!strcmp(e->state, "processed") || !strcmp(e->state, "ignored")) return;
    const GatewayDriver *driver = gateway_driver(e->driver);
    if (!driver) fail(c, INVALID, "there is no driver %s", e->driver);
    GatewayEvent event = driver->parse(c, json_read(&c->mem, e->body.p, e->body.n, WEBHOOK_BODY_MAX, NULL));
    const char *mode = db_text(c, "select mode from gateway_account where id=?", e->account_ref);
    if (event.has_mode && event.is_live != !strcmp(mode ? mode : "test", "live")) {
        finish(c, e->id, "ignored", "other_mode", (Id){ 0 });
        return;
    }
    switch (event.kind) {
    case EVENT_IGNORED: finish(c, e->id, "ignored", "unknown_type", (Id){ 0 }); break;
    case EVENT_PAYMENT: payment_event(c, e, &event, attempt); break;
    case EVENT_REFUNDS: refund_event(c, e, &event); break;
    case EVENT_DISPUTE: dispute_event(c, e, &event); break;
    case EVENT_PAYOUT:
    case EVENT_PAYOUT_FAILED: payout_event(c, e, &event); break;
    case EVENT_METHOD:
        event_emit(c, &(Event){ .name = "payment_method.ready", .entity = "gateway_account", .id = e->account_ref,
                                .number = event.result.provider_ref });
        finish(c, e->id, "processed", NULL, (Id){ 0 });
        break;
    }
    if (event.kind != EVENT_IGNORED)
        db_run(c, "update gateway_account set last_event_at=? where id=?", c->now, e->account_ref);
}

JobStep hook_process(Ctx *c, const JobRow *job) { return tried(c, job, process_gateway); }

/* --- messages ----------------------------------------------------------------------------------------------------- */

/* A form of Twilio's and of Vonage's old interface, JSON, or a mail. */
typedef struct Said { Json json; Params form; MailReport report; } Said;

static Said said_of(Ctx *c, Id event) {
    StoredEvent *s = db_one(c, StoredEvent, "select id, driver, account_ref, state, body from webhook_event "
                                            "where id=?", event);
    Said to = { json_read(&c->mem, s->body.p, s->body.n, WEBHOOK_BODY_MAX, NULL), params_start(c), { 0 } };
    if (json_kind(to.json) != JSON_KIND_NONE) return to;
    bool is_mail = !strcmp(s->driver, "email") && mail_report_read(&c->mem, s->body.p, s->body.n, &to.report);
    if (!is_mail) urlencoded_parse(&to.form, s->body.p, s->body.n);
    return to;
}

static const char *one_of(const Said *s, const char *json, const char *form, const char *old) {
    const char *value = json_text(s->json, json);
    if (!value && form) value = param_find(&s->form, form);
    return !value && old ? param_find(&s->form, old) : value;
}

/* What a person answered: handed on as news. */
static void inbound(Ctx *c, const MessageEvent *e, const char *no) {
    Said s = said_of(c, e->id);
    event_emit(c, &(Event){ .name = "message.inbound", .entity = "message_provider", .id = e->account_ref,
                            .payload = json_pairs(c, "from", one_of(&s, "from", "From", "msisdn"), "to",
                                                  one_of(&s, "to", "To", "to"), "body",
                                                  one_of(&s, "text", "Body", "text"), "provider_message_id", no,
                                                  NULL) });
    finish(c, e->id, "processed", NULL, (Id){ 0 });
    db_run(c, "update message_provider set last_event_at=? where id=?", c->now, e->account_ref);
}

enum { MESSAGE_TRIES = 4 };

/* A provider's report of a message: its key is "<provider's message id>:<state>". */
static void process_message(Ctx *c, Id id, int attempt) {
    MessageEvent *e = db_one(c, MessageEvent, "select id, account_ref, provider_event_id, state "
                                              "from webhook_event where id=? for update", id);
    if (!strcmp(e->state, "processed") || !strcmp(e->state, "ignored")) return;
    const char *cut = strrchr(e->provider_event_id, ':');
    if (!cut) fail(c, INVALID, "the event names no state");
    const char *no = text_copy_n(c, e->provider_event_id, (size_t)(cut - e->provider_event_id));
    if (!strcmp(cut, ":inbound")) {
        inbound(c, e, no);
        return;
    }
    Said s = said_of(c, e->id);
    MessageReport m = message_reported(c, &(MessageStatus){ .provider = e->account_ref, .provider_message_id = no,
                                                            .status = cut + 1,
                                                            .code = s.report.code ? s.report.code
                                                                : one_of(&s, "code", "ErrorCode", "err-code") });
    if (m.kind == REPORT_UNKNOWN && attempt < MESSAGE_TRIES)
        fail(c, CONFLICT, "the message of this report is not known yet");
    const char *reason = m.kind == REPORT_MOVED ? NULL : m.kind == REPORT_STALE ? "stale" : "unknown_message";
    db_run(c, "update webhook_event set state=?, reason=?, processed_at=?, next_attempt_at=null, error=null, "
              "attempts=attempts+1, message_id=? where id=?",
           reason ? "ignored" : "processed", reason, c->now, m.message, e->id);
    db_run(c, "update message_provider set last_event_at=? where id=?", c->now, e->account_ref);
}

JobStep hook_message(Ctx *c, const JobRow *job) { return tried(c, job, process_message); }
