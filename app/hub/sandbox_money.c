/*
 * The sandbox gateway's money: refunds, disputes and daily payouts, as a provider would have them (ONB03US01 "sandbox
 * gateway", "settlement"). It keeps its own books in sandbox_money and tells us by signed webhooks only.
 *
 * The switches of a payment stand on a page for administrators: a refund made at the provider, a dispute and its end,
 * the next refund to fail, a payout now.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/hub/pages.h"
#include "app/hub/sandbox.h"
#include "app/hub/settlement_rules.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

enum { DISPUTE_FEE = 1500, DISPUTE_DAYS = 14, DISPUTE_AFTER_S = 5 };

#define MONEY_ROW(F, T)                                                                                                \
    F(T, Id, id)                                                                                                       \
    F(T, Id, intent_id) F(T, const char *, kind) F(T, const char *, provider_id) F(T, const char *, refund_no)         \
        F(T, const char *, state) F(T, const char *, text) F(T, Money, amount_minor) F(T, Money, fee_minor)            \
            F(T, Time, created_at)
ROW(MoneyRow, MONEY_ROW)

/* --- telling us --------------------------------------------------------------------------------------------------- */

static void tell(Ctx *c, Id money, const char *type, int64_t delay_s) {
    job_enqueue(
        c, &(NewJob){ .kind = "sandbox.money",
                      .run_at = time_add_seconds(c->now, delay_s),
                      .payload = json_pairs(c, "money", text(c, "%lld", (long long)money.id), "type", type, NULL) });
}

static Id keep(Ctx *c, const Intent *i, const char *kind, const char *provider_id, Money amount, Money fee) {
    return db_insert(
        c,
        "insert into sandbox_money (utility_id, gateway_account_id, intent_id, kind, provider_id, amount_minor, "
        "fee_minor, created_at) values (?,?,?,?,?,?,?,?)",
        c->utility, i->gateway, i->id, kind, provider_id, amount, fee, c->now);
}

static const char *payment_of(Ctx *c, const Intent *i) { return text(c, "sbx_pay_%s", i->public_id); }

void sandbox_charged(Ctx *c, const Intent *i, bool is_disputed) {
    Money amount = money_add(i->amount, i->fee);
    keep(c, i, "charge", payment_of(c, i), amount, sandbox_fee(amount));
    if (is_disputed)
        tell(c, keep(c, i, "dispute", text(c, "sbx_dp_%s", i->public_id), amount, (Money){ DISPUTE_FEE }),
             "dispute.opened", DISPUTE_AFTER_S);
}

#define SANDBOX_EVENT(F, T)                                                                                            \
    F(T, Id, intent_id)                                                                                                \
    F(T, Id, gateway) F(T, const char *, provider_id) F(T, const char *, refund_no) F(T, const char *, text)           \
        F(T, Money, amount_minor) F(T, Money, fee_minor)
ROW(SandboxEvent, SANDBOX_EVENT)

static const char *body_of(Ctx *c, const char *event, const char *type, const SandboxEvent *m) {
    const Intent *i = intent_get(c, m->intent_id);
    Text body = text_start(c);
    JsonOut o = json_out(&body);
    json_open_object(&o, NULL);
    json_add_text(&o, "id", event);
    json_add_text(&o, "type", type);
    json_add_int(&o, "created", time_unix(c->now));
    json_add_text(&o, "intent_no", i->intent_no);
    json_add_text(&o, "payment_id", payment_of(c, i));
    json_add_text(&o, "ref", m->provider_id);
    json_add_text(&o, "refund_no", m->refund_no);
    json_add_int(&o, "amount_minor", m->amount_minor.minor);
    json_add_int(&o, "fee_minor", !strcmp(type, "dispute.won") ? 0 : m->fee_minor.minor);
    json_add_text(&o, "currency", i->currency);
    json_add_text(&o, "text", m->text);
    json_add_int(&o, "due", time_unix(c->now) + DISPUTE_DAYS * 86400);
    json_close(&o);
    return body.s;
}

JobStep sandbox_money_send(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *id = json_text(p, "money"), *type = json_text(p, "type"), *payout = json_text(p, "payout"),
               *gateway = json_text(p, "gateway");
    if (payout && gateway) {
        const GatewayAccount *a = gateway_account(
            c, db_id(c, "select id from gateway_account where id = ? and utility_id = ?", gateway, c->utility));
        const char *body = json_pairs(c, "id", text(c, "sbx_evt_%s", payout), "type", "payout.paid", "ref", payout,
                                      NULL);
        sandbox_send(c, a, &(SandboxCall){ bytes_of(body), false, job->attempt, payout });
        return STEP_DONE;
    }
    if (!id || !type) job_give_up(c, "the payload names no money of the sandbox");
    SandboxEvent *m = db_one(
        c, SandboxEvent,
        "select intent_id, gateway_account_id as gateway, provider_id, refund_no, text, amount_minor, fee_minor from "
        "sandbox_money where id = ? and utility_id = ?",
        id, c->utility);
    const char *body = body_of(c, text(c, "sbx_evt_%s_%s", m->provider_id, type), type, m);
    sandbox_send(c, gateway_account(c, m->gateway),
                 &(SandboxCall){ bytes_of(body), false, job->attempt, intent_get(c, m->intent_id)->intent_no });
    return STEP_DONE;
}

bool sandbox_parse_money(Ctx *c, Json body, GatewayEvent *to) {
    const char *type = to->type;
    int64_t amount = 0, fee = 0, due = 0;
    amount_told(body, "amount_minor", &amount);
    amount_told(body, "fee_minor", &fee);
    json_int(body, "due", &due);
    const char *ref = json_text(body, "ref"), *payment = json_text(body, "payment_id"),
               *intent = json_text(body, "intent_no"), *currency = json_text(body, "currency");
    if (!ref) return false;
    if (!strncmp(type, "refund.", 7)) {
        to->kind = EVENT_REFUNDS;
        to->refunds = (RefundNewsList){ take_n(c, RefundNews, 1), 1 };
        to->refunds.v[0] = (RefundNews){ .provider_refund_id = ref,
                                         .provider_payment_id = payment,
                                         .intent_no = intent,
                                         .refund_no = json_text(body, "refund_no"),
                                         .currency = currency,
                                         .failure_text = json_text(body, "text"),
                                         .amount = { amount },
                                         .state = !strcmp(type, "refund.succeeded") ? MONEY_DONE
                                                  : !strcmp(type, "refund.failed")  ? MONEY_FAILED
                                                                                    : MONEY_OPEN };
    } else if (!strncmp(type, "dispute.", 8)) {
        const char *state = !strcmp(type, "dispute.won") ? "won" : !strcmp(type, "dispute.lost") ? "lost" : "open";
        to->kind = EVENT_DISPUTE;
        to->dispute = (DisputeNews){ .provider_dispute_id = ref,
                                     .provider_payment_id = payment,
                                     .intent_no = intent,
                                     .currency = currency,
                                     .reason = "sandbox",
                                     .state = state,
                                     .amount = { amount },
                                     .fee = { fee },
                                     .at = c->now,
                                     .due_at = time_told(due, TIME_NONE) };
    } else if (!strcmp(type, "payout.paid")) {
        to->kind = EVENT_PAYOUT;
        to->settlement = ref;
    } else {
        return false;
    }
    return true;
}

/* --- refunds ------------------------------------------------------------------------------------------------------ */

typedef struct Asked { const GatewayAccount *a; const RefundCall *call; Refunded to; } Asked;

/* The next refund of this payment fails, when its switch says so. */
static bool takes_switch(Ctx *c, Id intent, const char *outcome) {
    Id one = db_id(
        c, "select id from sandbox_outcome where intent_id = ? and outcome = ? and times > 0 limit 1 for update",
        intent, outcome);
    if (one.id) db_run(c, "update sandbox_outcome set times = times - 1 where id = ?", one);
    return one.id != 0;
}

static RefundNews news_of(const MoneyRow *m, const char *payment) {
    return (RefundNews){ .provider_refund_id = m->provider_id,
                         .provider_payment_id = payment,
                         .refund_no = m->refund_no,
                         .amount = m->amount_minor,
                         .failure_text = m->text,
                         .state = !strcmp(m->state, "done")     ? MONEY_DONE
                                  : !strcmp(m->state, "failed") ? MONEY_FAILED
                                                                : MONEY_OPEN };
}

/* The same key gives the same refund, whatever became of the first answer. */
static void take_refund(Ctx *c, void *arg) {
    Asked *x = arg;
    const RefundCall *k = x->call;
    MoneyRow *before = db_find(
        c, MoneyRow,
        "select id, intent_id, kind, provider_id, refund_no, state, text, amount_minor, fee_minor, created_at from "
        "sandbox_money where gateway_account_id = ? and idempotency_key = ?",
        x->a->id, k->idempotency_key);
    if (before) {
        x->to = (Refunded){ .class = OUT_ACCEPTED,
                            .http_status = 200,
                            .news = news_of(before, k->provider_payment_id) };
        return;
    }
    MoneyRow *charge = db_find(
        c, MoneyRow,
        "select id, intent_id, kind, provider_id, refund_no, state, text, amount_minor, fee_minor, created_at from "
        "sandbox_money where gateway_account_id = ? and provider_id = ? and kind = 'charge' for update",
        x->a->id, k->provider_payment_id);
    Money left =
        charge
            ? money_sub(
                  charge->amount_minor,
                  db_money(
                      c,
                      "select cast(coalesce(sum(amount_minor), 0) as signed) from sandbox_money where intent_id = ? "
                      "and kind = 'refund' and state <> 'failed'",
                      charge->intent_id))
            : (Money){ 0 };
    if (!charge || k->amount.minor > left.minor) {
        x->to = (Refunded){ .class = OUT_REFUSED,
                            .http_status = 400,
                            .error = charge ? "The refund is more than what is left of the payment."
                                            : "The sandbox knows no such payment." };
        return;
    }
    bool fails = takes_switch(c, charge->intent_id, "refund_fails");
    Id id = db_insert(
        c,
        "insert into sandbox_money (utility_id, gateway_account_id, intent_id, kind, provider_id, idempotency_key, "
        "refund_no, amount_minor, state, text, created_at) values (?,?,?,'refund',?,?,?,?,?,?,?)",
        c->utility, x->a->id, charge->intent_id, text(c, "sbx_re_%s", public_id_new(c)), k->idempotency_key,
        k->refund_no, k->amount, fails ? "failed" : "done", fails ? "The card is closed." : NULL, c->now);
    tell(c, id, fails ? "refund.failed" : "refund.succeeded", 0);
    const char *provider_id = db_text(c, "select provider_id from sandbox_money where id = ?", id);
    x->to = (Refunded){ .class = OUT_ACCEPTED,
                        .http_status = 200,
                        .news = { .provider_refund_id = provider_id,
                                  .refund_no = k->refund_no,
                                  .amount = k->amount,
                                  .state = MONEY_OPEN } };
}

Refunded sandbox_refund(Ctx *c, const GatewayAccount *a, const RefundCall *call) {
    Asked *x = take(c, sizeof *x);
    *x = (Asked){ .a = a, .call = call };
    db_tx(c, DB_WRITE, take_refund, x, NULL);
    return x->to;
}

bool sandbox_refunds_of(Ctx *c, const GatewayAccount *a, const char *provider_payment_id, RefundNewsList *to) {
    MoneyRows rows = db_all(
        c, MoneyRow,
        "select r.id, r.intent_id, r.kind, r.provider_id, r.refund_no, r.state, r.text, r.amount_minor, r.fee_minor, "
        "r.created_at from sandbox_money h join sandbox_money r on r.intent_id = h.intent_id and r.kind = 'refund' "
        "where h.gateway_account_id = ? and h.provider_id = ? order by r.id",
        a->id, provider_payment_id);
    *to = (RefundNewsList){ take_n(c, RefundNews, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) to->v[i] = news_of(&rows.v[i], provider_payment_id);
    return true;
}

/* --- payouts ------------------------------------------------------------------------------------------------------ */

/* Everything that no payout has yet; 0 rows: no payout. */
static void pay_out(Ctx *c, Id gateway) {
    const char *payout = text(c, "sbx_po_%s", public_id_new(c));
    if (!db_run(
            c, "update sandbox_money set payout = ? where gateway_account_id = ? and payout is null and state = 'done'",
            payout, gateway))
        return;
    job_enqueue(c, &(NewJob){ .kind = "sandbox.money",
                              .payload = json_pairs(c, "payout", payout, "gateway",
                                                    text(c, "%lld", (long long)gateway.id), NULL) });
}

#define SANDBOX_ACCOUNT(F, T) F(T, Id, id)
ROW(SandboxAccount, SANDBOX_ACCOUNT)

/* Every evening. */
JobStep sandbox_settle(Ctx *c, const JobRow *job) {
    (void)job;
    SandboxAccounts all = db_all(
        c, SandboxAccount,
        "select id from gateway_account where utility_id = ? and driver = 'sandbox' and status = 'active'", c->utility);
    for (size_t i = 0; i < all.n; i++) pay_out(c, all.v[i].id);
    return STEP_DONE;
}

#define PAID_ROW(F, T)                                                                                                 \
    F(T, const char *, kind)                                                                                           \
    F(T, const char *, provider_id) F(T, const char *, public_id) F(T, Money, amount_minor) F(T, Money, fee_minor)     \
        F(T, Time, created_at)
ROW(PaidRow, PAID_ROW)

bool sandbox_settlement(Ctx *c, const GatewayAccount *a, const char *payout, SettlementNews *to) {
    PaidRows rows = db_all(
        c, PaidRow,
        "select m.kind, m.provider_id, i.public_id, m.amount_minor, m.fee_minor, m.created_at from sandbox_money m "
        "join payment_intent i on i.id = m.intent_id where m.gateway_account_id = ? and m.payout = ? order by m.id "
        "desc",
        a->id, payout);
    *to = (SettlementNews){ .provider_settlement_id = payout,
                            .currency = utility_here(c)->currency,
                            .arrives_at = c->now,
                            .v = take_n(c, SettledLine, rows.n + 1),
                            .n = rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const PaidRow *m = &rows.v[i];
        bool in = !strcmp(m->kind, "charge") || !strcmp(m->kind, "dispute_back");
        Money gross = in ? m->amount_minor : money_neg(m->amount_minor),
              fee = !strcmp(m->kind, "dispute_back") ? money_neg(m->fee_minor) : m->fee_minor;
        const char *dispute = text(c, "sbx_dp_%s", m->public_id);
        to->v[i] = (SettledLine){ .type = !strncmp(m->kind, "dispute", 7) ? "dispute" : m->kind,
                                  .provider_payment_id = text(c, "sbx_pay_%s", m->public_id),
                                  .reference = !strncmp(m->kind, "dispute", 7) ? dispute : m->provider_id,
                                  .gross = gross,
                                  .fee = fee,
                                  .net = money_sub(gross, fee),
                                  .at = m->created_at };
        to->net = money_add(to->net, to->v[i].net);
    }
    return rows.n > 0;
}

/* --- its switches ------------------------------------------------------------------------------------------------- */

static const Choice switches[] = { { "refund", NULL },      { "refund_fails", NULL }, { "dispute", NULL },
                                   { "dispute_won", NULL }, { "dispute_lost", NULL }, { "payout", NULL },
                                   { 0 } };

static const Form switch_form = { .name = "sandbox_switch",
                                  .fields = FIELDS{
                                      { "what", CHOICE(switches), .flags = REQUIRED },
                                      { "amount", MONEY(1, 99999999999) },
                                      { 0 } } };

static const Intent *intent_of(Req *r) {
    Id id = db_id(
        r,
        "select i.id from payment_intent i join gateway_account g on g.id = i.gateway_account_id where i.utility_id "
        "= ? and i.intent_no = ? and g.driver = 'sandbox'",
        r->c.utility, path_text(r, "no"));
    if (!id.id || strcmp(utility_here(&r->c)->environment, "sandbox"))
        fail(r, NOT_FOUND, "There is no such payment at the sandbox gateway.");
    return intent_get(&r->c, id);
}

void sandbox_switch_page(Req *r) {
    const Intent *i = intent_of(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.sandbox.switches", { "no", i->intent_no }));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "hub.payments"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/payments"));
    show_text(r, "page.crumbs.1.text", i->intent_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/integrations/payments/%s", i->intent_no));
    FormView *v = form_show(r, "form", &switch_form, text(r, "/integrations/payments/%s/sandbox", i->intent_no));
    form_money(v, "amount", money_add(i->amount, i->fee));
    show_text(r, "form.intro", msg(r->c.language, "hub.sandbox.switches_how"));
    show_text(r, "form.submit", msg(r->c.language, "hub.sandbox.do"));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/payments/%s", i->intent_no));
    page(r, "layout/form");
}

static MoneyRow *money_of(Req *r, Id intent, const char *kind) {
    return db_find(
        r, MoneyRow,
        "select id, intent_id, kind, provider_id, refund_no, state, text, amount_minor, fee_minor, created_at from "
        "sandbox_money where intent_id = ? and kind = ? order by id desc limit 1 for update",
        intent, kind);
}

static void refund_here(Req *r, const Intent *i, Money amount) {
    Ctx *c = &r->c;
    if (amount.minor <= 0) fail_field(r, INVALID, "amount", "Enter an amount above 0.");
    tell(c, keep(c, i, "refund", text(c, "sbx_re_%s", public_id_new(c)), amount, (Money){ 0 }), "refund.succeeded", 0);
}

static void dispute_here(Req *r, const Intent *i, const MoneyRow *charge) {
    if (money_of(r, i->id, "dispute")) fail(r, CONFLICT, "This payment is disputed already.");
    tell(&r->c,
         keep(&r->c, i, "dispute", text(r, "sbx_dp_%s", i->public_id), charge->amount_minor, (Money){ DISPUTE_FEE }),
         "dispute.opened", 0);
}

static void end_dispute(Req *r, const Intent *i, bool won) {
    const MoneyRow *d = money_of(r, i->id, "dispute");
    if (!d || money_of(r, i->id, "dispute_back") || strcmp(d->state, "done")) fail(r, CONFLICT, "No dispute is open.");
    if (won) keep(&r->c, i, "dispute_back", text(r, "sbx_dpb_%s", i->public_id), d->amount_minor, d->fee_minor);
    tell(&r->c, d->id, won ? "dispute.won" : "dispute.lost", 0);
}

void sandbox_switch_post(Req *r) {
    const Intent *i = intent_of(r);
    Input *in = form_read(r, &switch_form);
    problems_end(r);
    const char *what = in_text(in, "what");
    const MoneyRow *charge = money_of(r, i->id, "charge");
    if (!charge) fail(r, CONFLICT, "The sandbox has no money of this payment.");
    if (!strcmp(what, "refund")) refund_here(r, i, in_money(in, "amount"));
    else if (!strcmp(what, "refund_fails"))
        db_run(r, "insert into sandbox_outcome (utility_id, intent_id, outcome) values (?,?,'refund_fails')",
               r->c.utility, i->id);
    else if (!strcmp(what, "dispute")) dispute_here(r, i, charge);
    else if (!strcmp(what, "payout")) pay_out(&r->c, i->gateway);
    else end_dispute(r, i, !strcmp(what, "dispute_won"));
    audit_note(&r->c, "sandbox_switch", "payment_intent", i->id, i->intent_no, what);
    note(r, "%s", msg(r->c.language, "hub.sandbox.done"));
    go(r, "/integrations/payments/%s", i->intent_no);
}
