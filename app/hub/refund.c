/*
 * The provider's leg of refunds (ONB03US01 "refunds"; assurance sections 3 and 4; I7, I8, I13).
 *
 * Row first, then the call with one key for ever, then its result: a job repeats the call with the same key until an
 * answer is whole. The answer and the webhooks say the same through refund_heard, which acts once. Refunds made in the
 * provider's own pages arrive by webhook and are booked without approval, marked external.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"

/* --- the payment of an event -------------------------------------------------------------------------------------- */

#define PAID_INTENT(F, T)                                                                                              \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, intent_no) F(T, int, rank) F(T, Money, fee_minor) F(T, const char *, provider_payment_id)
ROW(PaidIntent, PAID_INTENT)

static PaidIntent *intent_lock(Ctx *c, Id gateway, const char *provider_payment_id, const char *intent_no) {
    PaidIntent *i = NULL;
    if (provider_payment_id)
        i = db_find(
            c, PaidIntent,
            "select id, intent_no, `rank` as `rank`, fee_minor, provider_payment_id from payment_intent where "
            "gateway_account_id = ? and provider_payment_id = ? for update",
            gateway, provider_payment_id);
    if (!i && intent_no)
        i = db_find(
            c, PaidIntent,
            "select id, intent_no, `rank` as `rank`, fee_minor, provider_payment_id from payment_intent where "
            "gateway_account_id = ? and intent_no = ? for update",
            gateway, intent_no);
    return i;
}

NewsPayment news_payment(Ctx *c, Id gateway, const char *provider_payment_id, const char *intent_no) {
    PaidIntent *i = intent_lock(c, gateway, provider_payment_id, intent_no);
    const char *known = i && i->provider_payment_id ? i->provider_payment_id : provider_payment_id;
    NewsPayment p = { .intent = i ? i->id : (Id){ 0 }, .fee = i ? i->fee_minor : (Money){ 0 } };
    if (known) p.parts = payments_of_provider(c, gateway, known);
    if (p.parts.n) p.state = NEWS_READY;
    else p.state = i && i->rank < 4 ? NEWS_WAIT : NEWS_UNKNOWN;         /* earlier than the success it follows */
    return p;
}

/* --- submitting --------------------------------------------------------------------------------------------------- */

static void enqueue(Ctx *c, Id refund, const char *no) {
    job_enqueue(c, &(NewJob){ .kind = "refund.send",
                              .payload = text(c, "{\"refund\":%lld}", (long long)refund.id),
                              .unique_key = no });
}

#define OF_PAYMENT(F, T) F(T, Id, gateway) F(T, Id, intent)
ROW(OfPayment, OF_PAYMENT)

Id refund_submit(Ctx *c, Id request) {
    RefundOrder o = refund_order(c, request);
    if (strcmp(o.status, "approved") || strcmp(o.payout_kind, "original")) return (Id){ 0 };
    Id refund = db_id(c, "select id from refund where refund_request_id = ? for update", request);
    if (!refund.id) {
        OfPayment *p = db_one(
            c, OfPayment,
            "select gateway_account_id as gateway, payment_intent_id as intent from payment where id = ? and "
            "gateway_account_id is not null",
            o.payment);
        refund = db_insert(
            c,
            "insert into refund (utility_id, refund_request_id, refund_no, payment_id, intent_id, "
            "gateway_account_id, amount_minor, currency, attempt_no, submitted_at, created_at) values "
            "(?,?,?,?,?,?,?,?,?,?,?)",
            c->utility, request, o.refund_no, o.payment, p->intent, p->gateway, o.amount, utility_here(c)->currency,
            o.attempt, c->now, c->now);
    } else {
        db_run(
            c,
            "update refund set state = 'submitted', attempt_no = ?, provider_refund_id = null, failure_text = null, "
            "submitted_at = ?, finished_at = null, updated_at = ? where id = ? and state = 'failed'",
            o.attempt, c->now, c->now, refund);
    }
    enqueue(c, refund, o.refund_no);
    return refund;
}

void refund_approved(Ctx *c, const EventRow *e) { refund_submit(c, e->id); }

#define TO_SEND(F, T)                                                                                                  \
    F(T, Id, id)                                                                                                       \
    F(T, Id, gateway) F(T, Id, payment_id) F(T, const char *, refund_no) F(T, const char *, state)                     \
        F(T, const char *, currency) F(T, Money, amount_minor) F(T, int, attempt_no)                                   \
            F(T, const char *, provider_refund_id) F(T, const char *, provider_payment_id)                             \
                F(T, const char *, intent_no)
ROW(ToSend, TO_SEND)

typedef struct Sending { ToSend *r; Refunded said; } Sending;

/* The key is the refund's number, and what the provider keeps of it. A try that a person asks for after a certain
   failure has a key of its own: with the first one the provider would repeat its refusal, and a late word about the
   first try would be taken for one about the second. */
static const char *key_of(Ctx *c, const ToSend *r) {
    return r->attempt_no > 1 ? text(c, "%s-%d", r->refund_no, r->attempt_no) : r->refund_no;
}

static void send_end(Ctx *c, void *arg) {
    Sending *s = arg;
    if (s->said.class == OUT_REFUSED) s->said.news.state = MONEY_FAILED, s->said.news.failure_text = s->said.error;
    s->said.news.refund_no = key_of(c, s->r);
    s->said.news.provider_payment_id = s->r->provider_payment_id;
    s->said.news.intent_no = s->r->intent_no;
    bool changed;
    refund_heard(c, s->r->gateway, &s->said.news, &changed);
}

/* The gateway has no call for it: a person makes it in the gateway's own pages and records what came of it. */
static void by_hand(Ctx *c, void *arg) {
    ToSend *r = arg;
    alert_raise(c, "refund.by_hand", "warning", text(c, "refund.by_hand:%s", r->refund_no),
                text(c, "Refund %s is to be made in the gateway's own pages.", r->refund_no),
                text(c, "/integrations/refunds/%s", r->refund_no));
}

JobStep refund_send(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "refund", &id)) job_give_up(c, "the payload names no refund");
    Sending s = {
        .r = db_one(
            c, ToSend,
            "select r.id, r.gateway_account_id as gateway, r.payment_id, r.refund_no, r.state, r.currency, "
            "r.amount_minor, r.attempt_no, r.provider_refund_id, "
            "coalesce(p.provider_payment_id, i.provider_payment_id) as provider_payment_id, i.intent_no "
            "from refund r left join payment p on p.id = r.payment_id "
            "left join payment_intent i on i.id = r.intent_id "
            "where r.id = ?",
            (Id){ id })
    };
    if (strcmp(s.r->state, "submitted") || s.r->provider_refund_id) return STEP_DONE;
    const GatewayAccount *account = gateway_account(c, s.r->gateway);
    const GatewayDriver *driver = gateway_driver(account->driver);
    if (!driver->refund) {
        db_tx(c, DB_WRITE, by_hand, s.r, NULL);
        return STEP_DONE;
    }
    RefundCall call = { .refund_no = key_of(c, s.r), .intent_no = s.r->intent_no, .idempotency_key = key_of(c, s.r),
                        .provider_payment_id = s.r->provider_payment_id, .currency = s.r->currency,
                        .amount = s.r->amount_minor };
    s.said = driver->refund(c, account, &call);
    if (s.said.class == OUT_UNKNOWN || s.said.class == OUT_NOT_ACCEPTED)
        fail(c, BROKEN, "refund %s: %s", s.r->refund_no,
             s.said.error ? s.said.error : "no whole answer"); /* again, with the same key */
    db_tx(c, DB_WRITE, send_end, &s, NULL);
    return STEP_DONE;
}

/* --- what is heard ------------------------------------------------------------------------------------------------ */

#define KNOWN_REFUND(F, T)                                                                                             \
    F(T, Id, id)                                                                                                       \
    F(T, Id, request) F(T, Id, intent_id) F(T, Id, payment_id) F(T, const char *, refund_no) F(T, const char *, state) \
        F(T, Money, amount_minor)
ROW(KnownRefund, KNOWN_REFUND)

static void tell(Ctx *c, const KnownRefund *r, const char *what) {
    event_emit(c, &(Event){ .name = text(c, "refund.%s", what),
                            .entity = "refund",
                            .id = r->id,
                            .number = r->refund_no,
                            .payload = text(c, "{\"refund_id\":%lld,\"refund_request_id\":%lld}", (long long)r->id.id,
                                            (long long)r->request.id) });
}

/* What was given back of an intent moves its state: partly, or all but the fee that was paid with it. */
static void intent_refunded(Ctx *c, Id intent, Money amount) {
    db_run(c,
        "update payment_intent set refunded_minor = refunded_minor + ?, state = if(refunded_minor >= received_minor "
        "- fee_minor, 'refunded', 'partially_refunded'), `rank` = if(refunded_minor >= received_minor - fee_minor, "
        "6, 5), updated_at = ? where id = ? and `rank` >= 4",
        amount, c->now, intent);
}

static void done(Ctx *c, const KnownRefund *r) {
    db_must(
        c, 1, CONFLICT,
        "update refund set state = 'succeeded', finished_at = ?, updated_at = ? where id = ? and state = 'submitted'",
        c->now, c->now, r->id);
    if (r->request.id) refund_result(c, r->request, "paid", NULL);
    if (r->intent_id.id && r->amount_minor.minor) intent_refunded(c, r->intent_id, r->amount_minor);
    tell(c, r, "succeeded");
}

static void not_done(Ctx *c, const KnownRefund *r, const char *why) {
    db_must(
        c, 1, CONFLICT,
        "update refund set state = 'failed', failure_text = left(?, 500), finished_at = ?, updated_at = ? where id = "
        "? and state = 'submitted'",
        why, c->now, c->now, r->id);
    if (r->request.id) {
        refund_result(c, r->request, "failed", why);
        dispute_takes(c, r->intent_id, r->payment_id, refund_order(c, r->request).account, r->amount_minor);
    }
    tell(c, r, "failed");
}

/* A refund that succeeded and then failed has money on its way back to the gateway: a person looks at it. */
static void failed_late(Ctx *c, const KnownRefund *r) {
    alert_raise(c, "refund.failed", "critical", text(c, "refund.late:%s", r->refund_no),
                text(c, "Refund %s was paid and failed later.", r->refund_no), "/integrations/refunds");
}

static bool move(Ctx *c, const KnownRefund *r, const RefundNews *n) {
    if (n->provider_refund_id)
        db_run(c, "update refund set provider_refund_id = ? where id = ? and provider_refund_id is null",
               n->provider_refund_id, r->id);
    if (strcmp(r->state, "submitted")) {
        if (!strcmp(r->state, "succeeded") && n->state == MONEY_FAILED) failed_late(c, r);
        return false;
    }
    if (n->state == MONEY_DONE) done(c, r);
    if (n->state == MONEY_FAILED) not_done(c, r, n->failure_text ? n->failure_text : "The gateway says no.");
    return n->state != MONEY_OPEN;
}

/* --- made in the provider's own pages ----------------------------------------------------------------------------- */

static Id store_external(Ctx *c, const NewsPayment *p, Id gateway, const RefundNews *n, Id request, const char *no,
                         Id payment, Money amount) {
    return db_insert(
        c,
        "insert into refund (utility_id, refund_request_id, refund_no, payment_id, intent_id, gateway_account_id, "
        "amount_minor, currency, external, provider_refund_id, submitted_at, created_at) "
        "values (?,?,?,?,?,?,?,?,1,?,?,?)",
        c->utility, request, no, payment, p->intent, gateway, amount, utility_here(c)->currency, n->provider_refund_id,
        c->now, c->now);
}

/* More than was ever received for it: that is no refund of this payment (I8). It left, so it is posted; a person finds
   out what it was. */
static void tell_unheld(Ctx *c, const NewsPayment *p, const RefundNews *n, Money beyond) {
    const char *no = p->intent.id ? db_text(c, "select intent_no from payment_intent where id = ?", p->intent) : NULL,
               *amount = locale_money(&c->mem, c->locale, beyond);
    if (!no) {
        alert_raise(c, "refund.unmatched", "critical", text(c, "refund.unmatched:%s", n->provider_refund_id),
                    text(c, "Refund %s is %s more than is left of its payment.", n->provider_refund_id, amount),
                    "/integrations/refunds");
        return;
    }
    db_run(c, "update payment_intent set exception = 'over_refunded', updated_at = ? where id = ?", c->now, p->intent);
    alert_raise(c, "payment.exception", "critical", text(c, "payment.over_refunded:%s", no),
                text(c, "Refund %s is %s more than is left of payment %s.", n->provider_refund_id, amount, no),
                text(c, "/integrations/payments/%s", no));
}

/* What no payment holds: first the fee that was paid with them, then suspense, for a person. */
static void rest_external(Ctx *c, const NewsPayment *p, Id gateway, const RefundNews *n, Money rest) {
    Money fee = paid_fee_left(c, p->intent, p->fee);
    if (fee.minor > rest.minor) fee = rest;
    Money beyond = money_sub(rest, fee);
    const char *no = id_next(c, "refund");
    Id refund = store_external(c, p, gateway, n, (Id){ 0 }, no, (Id){ 0 }, rest);
    db_run(c, "update refund set unheld_minor = ? where id = ?", beyond, refund);
    LedgerLine lines[3] = { { .posting_key = "CONVENIENCE_FEE", .debit = fee },
                            { .posting_key = "SUSPENSE", .debit = beyond },
                            { .posting_key = "GATEWAY_CLEARING", .credit = rest } };
    ledger_post(c, &(LedgerSet){ .set_key = text(c, "refund_rest:%lld", (long long)refund.id),
                                 .txn_type = "refund_paid",
                                 .source_type = "refund",
                                 .source = refund,
                                 .memo = n->provider_refund_id,
                                 .lines = lines,
                                 .n = 3 });
    if (beyond.minor) tell_unheld(c, p, n, beyond);
    done(c, &(KnownRefund){ .id = refund, .intent_id = p->intent, .refund_no = no, .amount_minor = fee });
}

static void book_external(Ctx *c, const NewsPayment *p, Id gateway, const RefundNews *n) {
    Money left = n->amount;
    for (size_t i = 0; i < p->parts.n && left.minor > 0; i++) {
        const HeldPart *h = &p->parts.v[i];
        Money part = { h->held.minor < left.minor ? h->held.minor : left.minor };
        if (part.minor <= 0) continue;
        Id request = refund_outside(c,
                                    &(NewRefund){ .account = h->account,
                                                  .payment = h->payment,
                                                  .intent = p->intent,
                                                  .amount = part,
                                                  .payout_kind = "original",
                                                  .reason = text(c, "Made at the gateway: %s", n->provider_refund_id),
                                                  .via = "gateway" });
        RefundOrder o = refund_order(c, request);
        Id refund = store_external(c, p, gateway, n, request, o.refund_no, h->payment, part);
        done(c, &(KnownRefund){ .id = refund,
                                .request = request,
                                .intent_id = p->intent,
                                .payment_id = h->payment,
                                .refund_no = o.refund_no,
                                .amount_minor = part });
        left = money_sub(left, part);
    }
    if (left.minor > 0) rest_external(c, p, gateway, n, left);
}

/* --- of a payment in another currency, of which nothing is posted (review.c) -------------------------------------- */

void refund_other(Ctx *c, Id intent) {
    const char *no = id_next(c, "refund");
    Id refund = db_insert(c, "insert into refund (utility_id, refund_no, intent_id, gateway_account_id, amount_minor, "
                             "currency, submitted_at, created_at, created_by) select utility_id, ?, id, "
                             "gateway_account_id, other_minor, other_currency, ?, ?, ? from payment_intent where "
                             "id = ?", no, c->now, c->now, c->user, intent);
    db_must(c, 1, CONFLICT, "update payment_intent set review_kind = 'refunding', updated_at = ? where id = ? and "
                            "state = 'needs_review' and review_kind = 'refund'", c->now, intent);
    enqueue(c, refund, no);
}

#define OTHER_REFUND(F, T) F(T, Id, id) F(T, Id, intent) F(T, const char *, refund_no) F(T, const char *, state)
ROW(OtherRefund, OTHER_REFUND)

/* Ours, or one that was made in the gateway's own pages. NULL: it is of a payment that is posted. */
static OtherRefund *other_find(Ctx *c, Id gateway, const RefundNews *n) {
    OtherRefund *f = db_find(c, OtherRefund,
        "select f.id, f.intent_id as intent, f.refund_no, f.state from refund f join payment_intent i on i.id = "
        "f.intent_id and i.other_currency = f.currency where f.gateway_account_id = ? and f.payment_id is null and "
        "(f.provider_refund_id = ? or (f.provider_refund_id is null and f.refund_no = ?)) for update",
        gateway, n->provider_refund_id, n->refund_no);
    if (f || n->state != MONEY_DONE || !n->provider_refund_id) return f;
    Id intent = db_id(c, "select id from payment_intent where gateway_account_id = ? and provider_payment_id = ? and "
                         "state = 'needs_review' and other_currency = ? for update", gateway, n->provider_payment_id,
                      n->currency);
    if (!intent.id) return NULL;
    const char *no = text_copy_n(c, n->provider_refund_id, strnlen(n->provider_refund_id, 30));
    f = take(c, sizeof *f);
    *f = (OtherRefund){ .intent = intent, .refund_no = no, .state = "submitted" };
    f->id = db_insert(c, "insert into refund (utility_id, refund_no, intent_id, gateway_account_id, amount_minor, "
                         "currency, external, submitted_at, created_at) values (?,?,?,?,?,?,1,?,?)", c->utility, no,
                      intent, gateway, n->amount, n->currency, c->now, c->now);
    return f;
}

/* All of it is back: the payment is over. Refused: somebody decides again. */
static void other_end(Ctx *c, const OtherRefund *f, const RefundNews *n) {
    bool is_done = n->state == MONEY_DONE;
    db_must(c, 1, CONFLICT, "update refund set state = ?, failure_text = left(?, 500), "
                            "finished_at = ?, updated_at = ?, "
                            "provider_refund_id = coalesce(provider_refund_id, ?) where id = ? and "
                            "state = 'submitted'",
            is_done ? "succeeded" : "failed", is_done ? NULL : n->failure_text ? n->failure_text
                                                                             : "The gateway says no.",
            c->now, c->now, n->provider_refund_id, f->id);
    if (is_done)
        db_run(c, "update payment_intent i set state = 'refunded', `rank` = 6, exception = null, updated_at = ? where "
                  "id = ? and state = 'needs_review' and other_minor <= (select sum(f.amount_minor) from refund f "
                  "where "
                  "f.intent_id = i.id and f.state = 'succeeded' and f.currency = i.other_currency)", c->now, f->intent);
    else {
        db_run(c, "update payment_intent set review_kind = null where id = ? and review_kind = 'refunding'", f->intent);
        alert_raise(c, "refund.failed", "critical", text(c, "refund.failed:%s", f->refund_no),
                    text(c, "Refund %s failed: %s", f->refund_no, n->failure_text ? n->failure_text
                         : "no reason given"),
                    "/integrations/refunds");
    }
    tell(c, &(KnownRefund){ .id = f->id, .refund_no = f->refund_no }, is_done ? "succeeded" : "failed");
}

static bool other_heard(Ctx *c, const OtherRefund *f, const RefundNews *n) {
    if (n->provider_refund_id)
        db_run(c, "update refund set provider_refund_id = ? where id = ? and provider_refund_id is null",
               n->provider_refund_id, f->id);
    if (strcmp(f->state, "submitted") || n->state == MONEY_OPEN) return false;
    other_end(c, f, n);
    return true;
}

News refund_heard(Ctx *c, Id gateway, const RefundNews *n, bool *changed) {
    *changed = false;
    OtherRefund *other = other_find(c, gateway, n);
    if (other) {
        *changed = other_heard(c, other, n);
        return (News){ NEWS_READY, other->intent };
    }
    NewsPayment p = news_payment(c, gateway, n->provider_payment_id, n->intent_no);
    if (p.state != NEWS_READY) return (News){ p.state, p.intent };
    KnownRefunds known = db_all(
        c, KnownRefund,
        "select id, refund_request_id as request, intent_id, payment_id, refund_no, state, amount_minor from refund "
        "where gateway_account_id = ? and (provider_refund_id = ? or (provider_refund_id is null "
        "and if(attempt_no > 1, concat(refund_no, '-', attempt_no), refund_no) = ?)) order by id for update",
        gateway, n->provider_refund_id, n->refund_no);
    for (size_t i = 0; i < known.n; i++) *changed |= move(c, &known.v[i], n);
    if (known.n || n->state != MONEY_DONE || !n->provider_refund_id) return (News){ NEWS_READY, p.intent };
    if (n->currency && strcmp(n->currency, utility_here(c)->currency)) {
        alert_raise(c, "refund.currency", "critical", text(c, "refund.currency:%s", n->provider_refund_id),
                    text(c, "Refund %s is in %s.", n->provider_refund_id, n->currency), "/integrations/refunds");
        return (News){ NEWS_READY, p.intent };
    }
    if (n->amount.minor <= 0) fail(c, INVALID, "refund %s names no amount above 0", n->provider_refund_id);
    book_external(c, &p, gateway, n);
    *changed = true;
    return (News){ NEWS_READY, p.intent };
}

/* --- asking for them ---------------------------------------------------------------------------------------------- */

void refunds_ask(Ctx *c, Id gateway, const char *provider_payment_id) {
    job_enqueue(c, &(NewJob){ .kind = "refund.ask",
                              .unique_key = text(c, "%lld:%s", (long long)gateway.id, provider_payment_id),
                              .payload = json_pairs(c, "gateway", text(c, "%lld", (long long)gateway.id), "payment",
                                                    provider_payment_id, NULL) });
}

typedef struct Heard { Id gateway; RefundNewsList all; NewsState worst; } Heard;

static void hear_all(Ctx *c, void *arg) {
    Heard *h = arg;
    h->worst = NEWS_READY;
    for (size_t i = 0; i < h->all.n; i++) {
        bool changed;
        News news = refund_heard(c, h->gateway, &h->all.v[i], &changed);
        if (news.state == NEWS_WAIT) h->worst = NEWS_WAIT;
    }
}

JobStep refund_ask(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *gateway = json_text(p, "gateway"), *payment = json_text(p, "payment");
    Heard h = { .gateway = gateway ? db_id(c, "select id from gateway_account where id = ? and utility_id = ?", gateway,
                                           c->utility)
                                   : (Id){ 0 } };
    if (!payment || !h.gateway.id) job_give_up(c, "the payload names no payment of a gateway");
    const GatewayAccount *account = gateway_account(c, h.gateway);
    if (!gateway_driver(account->driver)->refunds_of) job_give_up(c, "the gateway cannot be asked for refunds");
    if (!gateway_driver(account->driver)->refunds_of(c, account, payment, &h.all))
        fail(c, BROKEN, "the gateway could not be asked for the refunds of %s", payment);
    db_tx(c, DB_WRITE, hear_all, &h, NULL);
    if (h.worst == NEWS_WAIT) fail(c, CONFLICT, "the payment of these refunds is not posted yet");
    return STEP_DONE;
}
