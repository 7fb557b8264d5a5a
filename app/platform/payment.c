/*
 * Payments of subscription invoices: see payment.h. Row first, then the call with a key for ever, then its result; what
 * was lost on the way is asked for with the same key (assurance section 3). Money is taken once: the payment's row is
 * locked, its rank only rises.
 */
#include "app/platform/payment.h"

#include <string.h>

#include "app/core/platform_mail.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

/* Stripe takes 30 minutes at least, also from a call that is repeated. */
enum { EXPIRES_S = 35 * 60, ASK_AFTER_S = 20, LEFT_ALONE_S = 20, CALLS_MAX = 4, POLL_AFTER_S = 600, GIVE_UP_DAYS = 7 };
enum { RANK_NEW, RANK_ACTION, RANK_PROCESSING, RANK_ENDED, RANK_DONE };

#define PAYMENT_SELECT "select p.id, p.public_id, p.payment_no, p.tenant_id, p.invoice_id, p.gateway_account_id, " \
    "p.amount_minor, p.currency, p.state, p.`rank`, p.provider_ref, p.redirect_url, p.provider_payment_id, " \
    "p.failure_text, p.card_last4, coalesce(p.received_minor, 0) as received_minor, " \
    "coalesce(p.received_currency, p.currency) as received_currency, p.surplus, p.surplus_note, " \
    "p.receipt_no, p.calls, p.asked_at, p.expires_at, p.succeeded_at, p.created_at, p.sandbox_card, p.started_by, " \
    "p.payer_email, i.number as invoice_no, p.row_version from smart360.subscription_payment p " \
    "join smart360.subscription_invoice i on i.id = p.invoice_id "

SubPayment *sub_payment_find(Ctx *c, const char *public_id) {
    return db_find(c, SubPayment, PAYMENT_SELECT "where p.public_id = ?", public_id);
}

SubPayment *sub_payment_no(Ctx *c, const char *no) {
    return db_find(c, SubPayment, PAYMENT_SELECT "where p.payment_no = ?", no);
}

static SubPayment *payment_get(Ctx *c, Id id) {
    return db_one(c, SubPayment, PAYMENT_SELECT "where p.id = ?", id);
}

bool sub_payment_is_open(const SubPayment *p) { return p->rank < RANK_ENDED; }

static const char *tenant_name(Ctx *c, Id tenant) {
    return db_text(c, "select name from smart360.tenant where id = ?", tenant);
}

HouseOrder sub_payment_order(Ctx *c, const SubPayment *p) {
    return (HouseOrder){ .no = p->payment_no, .public_id = p->public_id, .key = p->public_id, .currency = p->currency,
        .description = text(c, "SMART360 %s, %s", p->invoice_no, tenant_name(c, p->tenant_id)),
        .email = p->payer_email, .amount = p->amount_minor, .started_at = p->created_at, .expires_at = p->expires_at,
        .attempt_no = 1,
        .again = p->calls > 1,
        .return_url = public_url(c, text(c, "/org/subscription/payments/%s", p->public_id), false) };
}

/* --- beginning ---------------------------------------------------------------------------------------------------- */

typedef struct Begin {
    Id          invoice;
    const HouseAccount *account;
    SubPayment *p;
    bool        calls;              /* the gateway is to be called */
    HouseOpened opened;
} Begin;

static void later_look(Ctx *c, const SubPayment *p, int64_t after_s) {
    job_enqueue(c, &(NewJob){ .kind = "subscription.payment", .run_at = time_add_seconds(c->now, after_s),
                              .payload = text(c, "{\"payment\":%lld}", (long long)p->id.id),
                              .unique_key = text(c, "%lld:%d:%lld", (long long)p->id.id, p->calls,
                                                 (long long)(c->now.us / 1000000 + after_s)) });
}

#define TO_PAY(F, T) F(T, Id, id) F(T, const char *, number) F(T, const char *, status) F(T, Money, total_minor) \
    F(T, const char *, currency) F(T, const char *, billing_email)
ROW(ToPay, TO_PAY)

static const char *mail_of_payer(Ctx *c, const ToPay *i) {
    if (i->billing_email) return i->billing_email;
    const char *own = db_text(c, "select email from user where id = ?", c->user);
    return own ? own : db_text(c, "select admin_email from smart360.tenant where id = ?", c->tenant);
}

/* One that is under way is gone on with: two people, or two presses, pay once. */
static void begin(Ctx *c, void *arg) {
    Begin *b = arg;
    ToPay *i = db_one(c, ToPay, "select i.id, i.number, i.status, i.total_minor, i.currency, s.billing_email "
                                "from smart360.subscription_invoice i join smart360.subscription s "
                                "on s.id = i.subscription_id where i.id = ? and i.tenant_id = ? for update", b->invoice,
                      c->tenant);
    if (strcmp(i->status, "open"))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "platform.invoice_is", { "no", i->number },
                                           { "state", msg(c->language, text(c, "state.%s", i->status)) }));
    if (!house_takes(b->account->driver, i->currency))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "platform.pay_currency", { "currency", i->currency },
                                           { "name", b->account->label }));
    Id under_way = db_id(c, "select id from smart360.subscription_payment where invoice_id = ? "
                            "and (state = 'processing' or (`rank` < ? and expires_at > ? and gateway_account_id = ?)) "
                            "order by state = 'processing' desc, id desc limit 1", i->id, RANK_ENDED, c->now,
                         b->account->id);
    b->calls = false;
    if (under_way.id) {
        b->p = payment_get(c, under_way);
        return;
    }
    Id id = db_insert(c, "insert into smart360.subscription_payment (payment_no, tenant_id, invoice_id, "
                         "gateway_account_id, amount_minor, currency, expires_at, started_by, payer_email, calls, "
                         "created_at, created_by, updated_at) values (?,?,?,?,?,?,?,?,?,1,?,?,?)", public_id_new(c),
                      c->tenant, i->id, b->account->id, i->total_minor, i->currency,
                      time_add_seconds(c->now, EXPIRES_S), c->user_name, mail_of_payer(c, i), c->now, c->user, c->now);
    db_run(c, "update smart360.subscription_payment set payment_no = ? where id = ?",
           text(c, "PI-9%09lld", (long long)id.id), id);
    b->p = payment_get(c, id);
    b->calls = true;
    audit_write(c, &(Audit){ .action = "create", .entity = "subscription_payment", .id = id, .version = 1,
                             .number = b->p->payment_no, .after = json_pairs(c, "invoice", i->number, NULL) });
    later_look(c, b->p, LEFT_ALONE_S);                  /* should this process end before the answer */
}

static void opened(Ctx *c, void *arg) {
    Begin *b = arg;
    const HouseOpened *o = &b->opened;
    if (o->is_open)
        db_run(c, "update smart360.subscription_payment set state = 'requires_action', `rank` = ?, provider_ref = ?, "
                  "redirect_url = ?, failure_text = null, updated_at = ?, row_version = row_version + 1 where id = ? "
                  "and `rank` = ?", RANK_ACTION, o->ref, o->url, c->now, b->p->id, RANK_NEW);
    else if (o->is_refused || b->p->calls >= CALLS_MAX)
        db_run(c, "update smart360.subscription_payment set state = 'failed_to_start', `rank` = ?, "
                  "failure_text = left(?, 500), updated_at = ?, row_version = row_version + 1 where id = ? "
                  "and `rank` = ?", RANK_ENDED, o->error, c->now, b->p->id, RANK_NEW);
    else later_look(c, b->p, 1 << (2 * b->p->calls));
    b->p = payment_get(c, b->p->id);
}

const SubPayment *sub_payment_begin(Ctx *c, Id invoice) {
    Begin *b = take(c, sizeof *b);
    *b = (Begin){ .invoice = invoice, .account = platform_account_active(c) };
    if (!b->account) fail(c, CONFLICT, "%s", msg(c->language, "platform.pay_closed"));
    db_tx(c, DB_WRITE, begin, b, NULL);
    if (!b->calls) return b->p;
    HouseOrder o = sub_payment_order(c, b->p);
    b->opened = house_open(c, b->account, &o);
    c->now = clock_now();
    db_tx(c, DB_WRITE, opened, b, NULL);
    return b->p;
}

/* --- results ------------------------------------------------------------------------------------------------------ */

static const char *receipt_next(Ctx *c) {
    int64_t n = db_int(c, "select next_no from smart360.subscription_series where name = 'receipt' for update");
    db_must(c, 1, BROKEN, "update smart360.subscription_series set next_no = next_no + 1 where name = 'receipt'");
    return text(c, "SUB-RCP-%06lld", (long long)n);
}

static void mail_receipt(Ctx *c, const SubPayment *p, const char *receipt, const IntentResult *to) {
    const char *mail = p->payer_email;
    if (!mail || !platform_mail_ready()) return;
    platform_mail(c, mail, c->language, "subscription_receipt", (const MsgPair[]){
        { "receipt", receipt }, { "invoice", p->invoice_no },
        { "amount", sub_amount(c, to->amount, p->currency) },
        { "card", to->card_last4 ? to->card_last4 : "-" }, { "date", date_iso(&c->mem, platform_today(c)) },
        { "link", public_url(c, text(c, "/org/subscription/invoices/%s", p->invoice_no), false) }, { 0 } }, NULL);
}

static void succeed(Ctx *c, const SubPayment *p, const IntentResult *to) {
    const char *status = db_text(c, "select status from smart360.subscription_invoice where id = ?", p->invoice_id);
    const char *surplus = to->currency && strcmp(to->currency, p->currency) ? "currency"
        : to->amount.minor != p->amount_minor.minor ? "amount" : strcmp(status, "open") ? "paid_already" : NULL;
    const char *receipt = surplus ? NULL : receipt_next(c);
    db_must(c, 1, RETRY,
            "update smart360.subscription_payment set state = 'succeeded', `rank` = ?, provider_payment_id = ?, "
            "card_last4 = left(?, 4), received_minor = ?, received_currency = ?, surplus = ?, "
            "receipt_no = ?, succeeded_at = ?, "
            "failure_text = null, updated_at = ?, row_version = row_version + 1 where id = ? and `rank` < ?",
            RANK_DONE, to->provider_payment_id, to->card_last4, to->amount, to->currency ? to->currency : p->currency,
            surplus, receipt, c->now, c->now, p->id, RANK_DONE);
    audit_write(c, &(Audit){ .action = surplus ? "surplus" : "paid", .entity = "subscription_payment", .id = p->id,
                             .number = p->payment_no, .version = p->row_version + 1, .reason = surplus,
                             .after = json_pairs(c, "receipt_no", receipt, NULL) });
    if (surplus) return;
    invoice_paid(c, p->invoice_id, text(c, "%s, %s", p->payment_no, receipt));
    mail_receipt(c, p, receipt, to);
}

/* In the payer's tenant, in a transaction. False: it was known, or is older than what is known. */
static bool take_result(Ctx *c, Id payment, const IntentResult *to) {
    Id invoice = db_id(c, "select invoice_id from smart360.subscription_payment where id = ?", payment);
    db_int(c, "select id from smart360.subscription_invoice where id = ? for update", invoice);
    db_int(c, "select id from smart360.subscription_payment where id = ? for update", payment);
    SubPayment *p = payment_get(c, payment);
    int rank = !strcmp(to->status, "succeeded") ? RANK_DONE : !strcmp(to->status, "processing") ? RANK_PROCESSING
        : RANK_ENDED;
    if (rank <= p->rank) return false;
    /* one card was refused on the gateway's page, which is still open: another may follow */
    if (rank == RANK_ENDED && p->rank == RANK_ACTION && !to->provider_ref && !strcmp(to->status, "failed")) {
        db_run(c, "update smart360.subscription_payment set failure_text = left(?, 500), updated_at = ?, "
                  "row_version = row_version + 1 where id = ?", to->failure_text, c->now, p->id);
        return true;
    }
    if (rank == RANK_DONE) {
        succeed(c, p, to);
        return true;
    }
    db_run(c, "update smart360.subscription_payment set state = ?, `rank` = ?, failure_text = left(?, 500), "
              "updated_at = ?, row_version = row_version + 1 where id = ?", to->status, rank, to->failure_text, c->now,
           p->id);
    return true;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

void sub_payment_look(Ctx *c, const SubPayment *p) {
    if (p->rank != RANK_ACTION && p->rank != RANK_PROCESSING) return;
    Time last = time_is_set(p->asked_at) ? p->asked_at : p->created_at;
    if (last.us > time_add_seconds(c->now, -ASK_AFTER_S).us) return;
    job_enqueue(c, &(NewJob){ .kind = "subscription.payment", .unique_key = p->payment_no,
                              .payload = text(c, "{\"payment\":%lld}", (long long)p->id.id) });
}

typedef struct Asked { Begin b; IntentResult result; bool is_known; } Asked;

static void asking(Ctx *c, void *arg) {
    Asked *a = arg;
    db_int(c, "select id from smart360.subscription_payment where id = ? for update", a->b.p->id);
    a->b.p = payment_get(c, a->b.p->id);
    if (a->b.p->rank == RANK_NEW) {
        a->b.p->calls++;
        db_run(c, "update smart360.subscription_payment set calls = calls + 1, updated_at = ? where id = ?", c->now,
               a->b.p->id);
    }
    db_run(c, "update smart360.subscription_payment set asked_at = ? where id = ?", c->now, a->b.p->id);
}

/* Its page at the gateway is closed and nothing came of it. */
static void expire(Ctx *c, const SubPayment *p) {
    if (p->rank != RANK_ACTION || c->now.us < time_add_seconds(p->expires_at, POLL_AFTER_S).us) return;
    db_run(c, "update smart360.subscription_payment set state = 'expired', `rank` = ?, updated_at = ?, "
              "row_version = row_version + 1 where id = ? and `rank` = ?", RANK_ENDED, c->now, p->id, RANK_ACTION);
}

static void answered(Ctx *c, void *arg) {
    Asked *a = arg;
    if (a->b.p->rank == RANK_NEW) {
        opened(c, &a->b);
        return;
    }
    /* nobody answered: it may be paid, and is asked about again; after a day it is over for us */
    if (!a->is_known && c->now.us < time_add_seconds(a->b.p->created_at, 86400).us) return;
    if (a->is_known && a->result.status) take_result(c, a->b.p->id, &a->result);
    expire(c, payment_get(c, a->b.p->id));
}

static int64_t id_in(Ctx *c, const JobRow *job, const char *name) {
    int64_t id = 0;
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    if (!json_int(p, name, &id)) job_give_up(c, "the payload names no %s", name);
    return id;
}

JobStep sub_payment_job(Ctx *c, const JobRow *job) {
    Asked *a = take(c, sizeof *a);
    *a = (Asked){ .b = { .p = payment_get(c, (Id){ id_in(c, job, "payment") }) } };
    if (!sub_payment_is_open(a->b.p)) return STEP_DONE;
    a->b.account = platform_account(c, a->b.p->gateway_account_id);
    job_step(c, asking, a);
    if (!sub_payment_is_open(a->b.p)) return STEP_DONE;
    HouseOrder o = sub_payment_order(c, a->b.p);
    if (a->b.p->rank == RANK_NEW) a->b.opened = house_open(c, a->b.account, &o);
    else a->is_known = house_ask(c, a->b.account, &o, a->b.p->provider_ref, &a->result);
    c->now = clock_now();
    job_step(c, answered, a);
    return STEP_DONE;
}

#define OPEN_ONE(F, T) F(T, Id, id) F(T, const char *, payment_no)
ROW(OpenOne, OPEN_ONE)

JobStep sub_poll_job(Ctx *c, const JobRow *job) {
    (void)job;
    OpenOnes all = db_all(c, OpenOne, "select id, payment_no from smart360.subscription_payment where tenant_id = ? "
                                      "and state in ('requires_action', 'processing') and created_at > ? "
                                      "and coalesce(asked_at, created_at) < ? limit 100", c->tenant,
                          time_add_seconds(c->now, -86400 * GIVE_UP_DAYS), time_add_seconds(c->now, -POLL_AFTER_S));
    for (size_t i = 0; i < all.n; i++)
        job_enqueue(c, &(NewJob){ .kind = "subscription.payment", .unique_key = all.v[i].payment_no,
                                  .payload = text(c, "{\"payment\":%lld}", (long long)all.v[i].id.id) });
    sub_refunds_look(c, c->tenant, time_add_seconds(c->now, -POLL_AFTER_S));
    return STEP_DONE;
}

/* --- webhooks ----------------------------------------------------------------------------------------------------- */

static bool event_keep(Ctx *c, const HouseEvent *e) {
    if (!db_add(c, "insert into smart360.subscription_event (gateway_account_id, provider_event_id, type, body, state, "
                   "reason, received_at) values (?,?,?,?,?,?,?)", e->account, e->key, e->type, e->body,
                e->is_dead ? "dead" : "received", e->is_dead ? "malformed" : NULL, c->now)) {
        db_run(c, "update smart360.subscription_event set delivery_count = delivery_count + 1 "
                  "where gateway_account_id = ? and provider_event_id = ?", e->account, e->key);
        return false;
    }
    Id id = db_id(c, "select id from smart360.subscription_event where gateway_account_id = ? "
                     "and provider_event_id = ?", e->account, e->key);
    if (!e->is_dead)
        job_enqueue(c, &(NewJob){ .kind = "subscription.event", .unique_key = text(c, "%lld", (long long)id.id),
                                  .payload = text(c, "{\"event\":%lld}", (long long)id.id) });
    db_run(c, "update smart360.gateway_account set last_event_at = ? where id = ?", c->now, e->account);
    return true;
}

static const HouseAccount *account_of_key(Ctx *c, const char *driver, const char *key) {
    Id id = db_id(c, "select id from smart360.gateway_account where endpoint_key = ? and driver = ?", key, driver);
    return id.id ? platform_account(c, id) : NULL;
}

void platform_gateway_start(void) {
    static const House house = { account_of_key, event_keep };
    house_register(&house);
}

#define HOUSE_EVENT_ROW(F, T) F(T, Id, id) F(T, Id, gateway_account_id) F(T, Bytes, body) F(T, const char *, state)
ROW(HouseEventRow, HOUSE_EVENT_ROW)

typedef struct Heard { HouseEventRow *e; HouseNews news; Id payment, tenant; } Heard;

static void event_end(Ctx *c, const Heard *h, const char *state, const char *reason) {
    db_run(c, "update smart360.subscription_event set state = ?, reason = ?, payment_id = ?, processed_at = ?, "
              "tries = tries + 1 where id = ?", state, reason, h->payment, c->now, h->e->id);
}

static void hear(Ctx *c, void *arg) {
    Heard *h = arg;
    bool waits = db_int(c, "select state = 'received' from smart360.subscription_event where id = ? for update",
                        h->e->id) != 0;
    if (!waits) return;
    if (!h->news.is_payment && !h->news.refunds.n) event_end(c, h, "ignored", "no_payment");
    else if (!h->payment.id) event_end(c, h, "ignored", "unknown_payment");
    else if (h->news.is_payment ? take_result(c, h->payment, &h->news.payment)
             : sub_refunds_heard(c, h->payment, &h->news.refunds)) event_end(c, h, "processed", NULL);
    else event_end(c, h, "ignored", "stale");
}

/* By our own number, else by what the gateway calls it, and of this account alone: another installation may have given
   the same number at the same provider, so the provider's name for it must not be another one either. */
static Id payment_of(Ctx *c, const IntentResult *to) {
    Id id = to->intent_no ? db_id(c, "select id from smart360.subscription_payment where payment_no = ? "
                                     "and gateway_account_id = ? and (provider_ref = coalesce(?, provider_ref) "
                                     "or provider_ref is null)", to->intent_no, to->gateway, to->provider_ref)
        : (Id){ 0 };
    if (id.id || !to->provider_ref) return id;
    return db_id(c, "select id from smart360.subscription_payment where gateway_account_id = ? and provider_ref = ?",
                 to->gateway, to->provider_ref);
}

/* The refunds of an event are of one payment. */
static Id payment_of_refunds(Ctx *c, Id account, const HouseRefunds *l) {
    Id id = { 0 };
    for (size_t i = 0; !id.id && i < l->n; i++)
        id = db_id(c, "select id from smart360.subscription_payment where gateway_account_id = ? "
                      "and (provider_payment_id = ? or payment_no = ?)", account, l->v[i].payment_id,
                   l->v[i].order_no);
    return id;
}

JobStep sub_event_job(Ctx *c, const JobRow *job) {
    Heard *h = take(c, sizeof *h);
    *h = (Heard){ .e = db_one(c, HouseEventRow, "select id, gateway_account_id, body, state "
                                                "from smart360.subscription_event where id = ?",
                              (Id){ id_in(c, job, "event") }) };
    if (strcmp(h->e->state, "received")) return STEP_DONE;
    const HouseAccount *a = platform_account(c, h->e->gateway_account_id);
    if (a) h->news = house_event(c, a, h->e->body);
    const char *ask = h->news.ask_refunds_of;
    if (ask && !house_refunds_of(c, a, ask, &h->news.refunds))
        fail(c, BROKEN, "the gateway could not be asked for the refunds of %s", ask);
    h->payment = h->news.is_payment ? payment_of(c, &h->news.payment)
        : h->news.refunds.n ? payment_of_refunds(c, h->e->gateway_account_id, &h->news.refunds) : (Id){ 0 };
    if (h->payment.id)
        h->tenant = db_id(c, "select tenant_id from smart360.subscription_payment where id = ?", h->payment);
    const TenantRow *t = h->tenant.id ? tenant_by_id(c, h->tenant) : NULL;
    if (t) tenant_enter(c, t);
    job_step(c, hear, h);
    if (t) tenant_leave(c);
    return STEP_DONE;
}
