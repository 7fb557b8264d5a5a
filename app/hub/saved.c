/*
 * Cards kept for later (CSS01US03): saved on the gateway's own page, charged without a person. Only tokens come here,
 * and they are kept sealed.
 *
 * A charge is: row and key committed, then the call, then its result, exactly as a payment that a person starts. A lost
 * answer leaves the intent "processing"; it is asked for with the very same key, so that it is charged at most once
 * (I7).
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/gateway.h"
#include "app/hub/saved.h"
#include "lib/date.h"
#include "lib/money.h"

enum { CHECK_AFTER_S = 60 };
static const char token_place[] = "payment_intent.method_token";

/* --- saving ------------------------------------------------------------------------------------------------------- */

static const GatewayDriver *saving_driver(Ctx *c, const GatewayAccount *a) {
    const GatewayDriver *d = gateway_driver(a->driver);
    if (!d || !d->save) fail(c, CONFLICT, "This way of paying keeps no cards.");
    return d;
}

bool gateway_can_save(const char *driver) {
    const GatewayDriver *d = gateway_driver(driver);
    return d && d->save;
}

MethodOpened payment_method_open(Ctx *c, Id gateway, const NewMethod *n) {
    const GatewayAccount *a = gateway_account(c, gateway);
    const GatewayDriver *d = saving_driver(c, a);
    Opened o = d->save(c, a, n);
    if (o.class == OUT_NOT_ACCEPTED || o.class == OUT_UNKNOWN) o = d->save(c, a, n); /* the same key: the same page */
    return (MethodOpened){ .is_open = o.class == OUT_ACCEPTED, .ref = o.ref, .redirect_url = o.redirect_url };
}

SavedToken payment_method_ask(Ctx *c, Id gateway, const char *ref) {
    const GatewayAccount *a = gateway_account(c, gateway);
    SavedToken t = saving_driver(c, a)->saved(c, a, ref);
    return t;
}

bool payment_method_drop(Ctx *c, Id gateway, const char *token) {
    const GatewayAccount *a = gateway_account(c, gateway);
    return saving_driver(c, a)->drop(c, a, token);
}

void payment_intent_keep(Ctx *c, Id intent) {
    db_run(c, "update payment_intent set keeps_method = 1 where id = ? and state in ('created', 'failed_to_start')",
           intent);
}

/* --- charging ----------------------------------------------------------------------------------------------------- */

typedef struct Charge {
    Id            intent;
    const ChargeToken *by;
    const Intent *now;
    const char   *key, *token;
    Id            attempt;
    bool          go;
    Charged       charged;
} Charge;

#define LAST_TRY(F, T) F(T, Id, id) F(T, const char *, idempotency_key)
ROW(LastTry, LAST_TRY)

static void charge_begin(Ctx *c, void *arg) {
    Charge *s = arg;
    s->go = false;
    db_one(c, LastTry, "select id, idempotency_key from payment_intent where id = ? and utility_id = ? for update",
           s->intent, c->utility);
    s->now = intent_get(c, s->intent);
    if (s->now->is_starting || (strcmp(s->now->state, "created") && strcmp(s->now->state, "failed_to_start"))) return;
    if (intent_expire(c, s->intent)) {
        s->now = intent_get(c, s->intent);
        return;
    }
    Money fee = gateway_fee(c, s->by->gateway, s->by->kind, s->now->amount);
    int no = (int)db_int(c, "select coalesce(max(no), 0) + 1 from payment_attempt where intent_id = ?", s->intent);
    s->key = text(c, "%s-%d", s->now->public_id, no);
    s->attempt = db_insert(
        c,
        "insert into payment_attempt (intent_id, no, gateway_account_id, idempotency_key, started_at) "
        "values (?,?,?,?,?)",
        s->intent, no, s->by->gateway, s->key, c->now);
    db_must(
        c, 1, CONFLICT,
        "update payment_intent set gateway_account_id = ?, method = ?, fee_minor = ?, saved_method_id = ?, "
        "method_token_enc = ?, "
        "state = 'processing', `rank` = 2, next_check_at = ?, updated_at = ? where id = ?",
        s->by->gateway, s->by->kind, fee, s->by->method, vault_seal(c, token_place, s->by->token),
        time_add_seconds(c->now, CHECK_AFTER_S), c->now, s->intent);
    s->now = intent_get(c, s->intent);
    s->token = s->by->token;
    s->go = true;
}

static const char *attempt_state(OutClass class) {
    return class == OUT_ACCEPTED                            ? "accepted"
        : class == OUT_UNKNOWN || class == OUT_NOT_ACCEPTED ? "unknown"
                                                            : "refused";
}

/* A final result goes the one way of all results; anything else is asked for again. */
static void charge_end(Ctx *c, void *arg) {
    Charge *s = arg;
    const Charged *r = &s->charged;
    db_run(c, "update payment_attempt set state = ?, http_status = ?, finished_at = ?, error = ? where id = ?",
           attempt_state(r->class), r->http_status, c->now, r->error, s->attempt);
    if (r->result.status && strcmp(r->result.status, "processing")) payment_intent_result(c, &r->result);
    else if (r->result.provider_payment_id)
        db_run(c, "update payment_intent set provider_payment_id = coalesce(provider_payment_id, ?) where id = ?",
               r->result.provider_payment_id, s->intent);
    db_run(c, "update payment_intent set method_token_enc = null where id = ? and state <> 'processing'", s->intent);
    s->now = intent_get(c, s->intent);
}

static Charged charge_call(Ctx *c, const Intent *i, Id gateway, const char *token, const char *key) {
    const GatewayAccount *a = gateway_account(c, gateway);
    const GatewayDriver *d = gateway_driver(a->driver);
    if (!d || !d->charge) return (Charged){ .class = OUT_REFUSED, .error = "The gateway keeps no cards." };
    ChargeOrder o = { .intent = i, .token = token, .idempotency_key = key, .total = money_add(i->amount, i->fee) };
    o.description = text(c, "%s, payment %s", utility_here(c)->name, i->intent_no);
    return d->charge(c, a, &o);
}

const Intent *payment_intent_charge(Ctx *c, Id intent, const ChargeToken *by) {
    Charge *s = take(c, sizeof *s);
    *s = (Charge){ .intent = intent, .by = by };
    db_tx(c, DB_WRITE, charge_begin, s, NULL);
    if (!s->go) return s->now;
    s->charged = charge_call(c, s->now, by->gateway, s->token, s->key);
    db_tx(c, DB_WRITE, charge_end, s, NULL);
    return s->now;
}

#define CHARGE_OPEN(F, T)                                                                                              \
    F(T, Id, gateway_account_id)                                                                                       \
    F(T, Id, attempt_id) F(T, const char *, idempotency_key) F(T, const char *, provider_payment_id)                   \
        F(T, Bytes, method_token_enc)
ROW(ChargeOpen, CHARGE_OPEN)

bool saved_charge_ask(Ctx *c, const Intent *i) {
    ChargeOpen *o = db_find(
        c, ChargeOpen,
        "select i.gateway_account_id, a.id as attempt_id, a.idempotency_key, i.provider_payment_id, i.method_token_enc "
        "from payment_intent i join payment_attempt a on a.intent_id = i.id "
        "where i.id = ? and i.method_token_enc is not null order by a.no desc limit 1",
        i->id);
    if (!o) return false;
    Charge *s = take(c, sizeof *s);
    *s = (Charge){ .intent = i->id, .now = i, .attempt = o->attempt_id, .key = o->idempotency_key };
    const char *token = vault_open(c, token_place, o->method_token_enc);
    const GatewayAccount *a = gateway_account(c, o->gateway_account_id);
    const GatewayDriver *d = gateway_driver(a->driver);
    if (o->provider_payment_id && d && d->charged) s->charged = d->charged(c, a, i, o->provider_payment_id);
    else s->charged = charge_call(c, i, o->gateway_account_id, token, s->key);
    db_tx(c, DB_WRITE, charge_end, s, NULL);
    return true;
}
