/*
 * Settlements: what the gateway paid out to the bank, matched line by line with what we posted (ONB03US01 "settlement";
 * README section 8; I18).
 *
 *   imported -> matching -> matched | exceptions -> closed
 *
 * Asked for on the gateway's payout event and kept once per payout. Matched lines post Dr BANK net, Dr GATEWAY_FEES, Cr
 * GATEWAY_CLEARING; what does not match is an exception that a person resolves, and posts when the last one is.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "app/hub/settlement_rules.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"

/* --- asking ------------------------------------------------------------------------------------------------------- */

void settlement_ask(Ctx *c, Id gateway, const char *payout) {
    job_enqueue(c, &(NewJob){ .kind = "settlement.fetch",
                              .unique_key = text(c, "%lld:%s", (long long)gateway.id, payout),
                              .payload = json_pairs(c, "gateway", text(c, "%lld", (long long)gateway.id), "payout",
                                                    payout, NULL) });
}

/* --- matching ----------------------------------------------------------------------------------------------------- */

#define LINE(F, T)                                                                                                     \
    F(T, Id, id)                                                                                                       \
    F(T, int, line_no) F(T, const char *, type) F(T, const char *, provider_payment_id) F(T, const char *, reference)  \
        F(T, Money, gross_minor) F(T, Money, fee_minor) F(T, Money, net_minor) F(T, const char *, match_state) \
            F(T, Time, occurred_at) F(T, const char *, last4) F(T, Id, matched_payment_id)
ROW(SettlementLine, LINE)

static SettlementLines lines_of(Ctx *c, Id settlement) {
    return db_all(
        c, SettlementLine,
        "select id, line_no, type, provider_payment_id, reference, gross_minor, fee_minor, net_minor, match_state, "
        "occurred_at, last4, matched_payment_id from settlement_line where settlement_id = ? "
        "order by line_no for update",
        settlement);
}

typedef struct Match { const char *state; Id payment; Money ours; } Match;     /* ours: with the sign of the line */

#define OURS(F, T) F(T, Id, payment) F(T, Money, amount)
ROW(Ours, OURS)

static Match compared(const SettlementLine *l, Id payment, Money ours) {
    return (Match){ ours.minor == l->gross_minor.minor ? "matched" : "amount_differs", payment, ours };
}

enum { NEAR_S = 2 * 86400 };

/* A payment under another number: that of our order, or the only one of this amount within two days (with these last
   four digits, when they are told) that no payout has. A person says whether it is. */
static Match suggested(Ctx *c, Id gateway, const SettlementLine *l) {
    Match none = { .state = "missing_here" };
    if (!time_is_set(l->occurred_at) || l->gross_minor.minor <= 0) return none;
    Ourss all = db_all(
        c, Ours,
        "select min(p.id) as payment, cast(sum(p.amount_minor) + coalesce(max(i.fee_minor), 0) as signed) as amount "
        "from "
        "payment p left join payment_intent i on i.id = p.payment_intent_id "
        "where p.gateway_account_id = ? and p.received_at "
        "between ? and ? and (? is null or p.card_last4 is null or p.card_last4 = ?) and not exists (select 1 from "
        "settlement_line x join settlement s on s.id = x.settlement_id "
        "where s.gateway_account_id = p.gateway_account_id and "
        "x.type = 'charge' and (x.provider_payment_id = p.provider_payment_id "
        "or x.matched_payment_id = p.id) and x.id <> ?) "
        "group by p.provider_payment_id having amount = ? "
        "order by max(coalesce(i.intent_no, '') = coalesce(?, '-')) desc, "
        "payment limit 2",
        gateway, time_add_seconds(l->occurred_at, -NEAR_S), time_add_seconds(l->occurred_at, NEAR_S), l->last4,
            l->last4,
        l->id, l->gross_minor, l->reference);
    if (!all.n) return none;
    const char *of = l->reference ? db_text(c, "select i.intent_no from payment p join payment_intent i on i.id = "
                                               "p.payment_intent_id where p.id = ?", all.v[0].payment) : NULL;
    bool by_reference = of && !strcmp(of, l->reference);
    if (all.n > 1 && !by_reference) return none;
    return (Match){ "suggested", all.v[0].payment, all.v[0].amount };
}

/* What we posted of a payment, fee included. */
static Match match_charge(Ctx *c, Id gateway, Id settlement, const SettlementLine *l) {
    Ours *o = db_find(
        c, Ours,
        "select min(p.id) as payment, cast(sum(p.amount_minor) + coalesce(max(i.fee_minor), 0) as signed) as amount "
        "from payment p left join payment_intent i on i.id = p.payment_intent_id "
        "where p.gateway_account_id = ? and p.provider_payment_id = ? having count(*) > 0",
        gateway, l->provider_payment_id);
    if (!o) return suggested(c, gateway, l);
    if (db_int(
            c,
            "select count(*) from settlement_line x join settlement s on s.id = x.settlement_id where "
            "s.gateway_account_id = ? and x.type = 'charge' and x.provider_payment_id = ? "
            "and (x.settlement_id <> ? or x.line_no < ?)",
            gateway, l->provider_payment_id, settlement, l->line_no))
        return (Match){ .state = "duplicate", .payment = o->payment };
    return compared(l, o->payment, o->amount);
}

/* A refund may be several of ours, of accounts that were paid together. */
static Match match_refund(Ctx *c, Id gateway, const SettlementLine *l) {
    Ours *o = db_find(
        c, Ours,
        "select coalesce(max(payment_id), 0) as payment, cast(sum(amount_minor) as signed) as amount from refund "
        "where gateway_account_id = ? and provider_refund_id = ? and state = 'succeeded' having count(*) > 0",
        gateway, l->reference);
    if (!o) return (Match){ .state = "missing_here" };
    return compared(l, o->payment, money_neg(o->amount));
}

static Match match_dispute(Ctx *c, Id gateway, const SettlementLine *l) {
    Ours *o = db_find(
        c, Ours,
        "select coalesce(payment_id, 0) as payment, amount_minor as amount from dispute where gateway_account_id = ? "
        "and provider_dispute_id = ?",
        gateway, l->reference);
    if (!o) return (Match){ .state = "missing_here" };
    return compared(l, o->payment, l->gross_minor.minor < 0 ? money_neg(o->amount) : o->amount);
}

#define CONTRACT(F, T) F(T, Money, fixed) F(T, int64_t, rate)
ROW(Contract, CONTRACT)

/* Only where the contract is known. */
static bool fee_differs(Ctx *c, Id gateway, const SettlementLine *l) {
    Contract *k = db_find(c, Contract,
                          "select coalesce(cost_fixed_minor, 0) as fixed, coalesce(cost_rate_ppm, 0) as rate "
                                       "from gateway_account where id = ? "
                                       "and coalesce(cost_fixed_minor, cost_rate_ppm) "
                                       "is not null", gateway);
    SettledAmount charge = { .gross = l->gross_minor, .fee = l->fee_minor };
    return k && !fee_is_by_contract(&charge, k->fixed, k->rate);
}

static Match match_line(Ctx *c, Id gateway, Id settlement, const SettlementLine *l) {
    if (!strcmp(l->type, "charge")) {
        Match m = match_charge(c, gateway, settlement, l);
        if (!strcmp(m.state, "matched") && fee_differs(c, gateway, l)) m.state = "fee_differs";
        return m;
    }
    if (!strcmp(l->type, "refund")) return match_refund(c, gateway, l);
    if (!strcmp(l->type, "dispute")) return match_dispute(c, gateway, l);
    return (Match){ .state = !strcmp(l->type, "fee") ? "matched" : "unmatched" }; /* an adjustment is for a person */
}

/* What is open is matched; a person's decisions stay. How many lines are exceptions. */
static int64_t match_all(Ctx *c, Id gateway, Id settlement) {
    SettlementLines lines = lines_of(c, settlement);
    for (size_t i = 0; i < lines.n; i++) {
        const SettlementLine *l = &lines.v[i];
        if (!strcmp(l->match_state, "resolved") || !strcmp(l->match_state, "matched")) continue;
        Match m = match_line(c, gateway, settlement, l);
        db_run(c, "update settlement_line set match_state = ?, matched_payment_id = ? where id = ?", m.state, m.payment,
               l->id);
    }
    return db_int(
        c,
        "select count(*) from settlement_line where settlement_id = ? and match_state not in ('matched', 'resolved') "
        "for update",
        settlement);
}

/* --- posting ------------------------------------------------------------------------------------------------------ */

#define HEAD(F, T)                                                                                                     \
    F(T, Id, id)                                                                                                       \
    F(T, Id, gateway) F(T, const char *, provider_settlement_id) F(T, const char *, state) F(T, Date, deposited_on)    \
        F(T, Money, net_minor)
ROW(SettlementHead, HEAD)

static SettlementHead *head_lock(Ctx *c, Id settlement) {
    return db_one(
        c, SettlementHead,
        "select id, gateway_account_id as gateway, provider_settlement_id, state, deposited_on, net_minor from "
        "settlement where id = ? and utility_id = ? for update",
        settlement, c->utility);
}

/* The part of a dispute's fee (or of one given back) that the ledger has since the dispute. */
static Money fee_posted(Ctx *c, Id gateway, const SettlementLine *l) {
    if (strcmp(l->type, "dispute") || !l->fee_minor.minor) return (Money){ 0 };
    Id dispute = db_id(c, "select id from dispute where gateway_account_id = ? and provider_dispute_id = ?", gateway,
                       l->reference);
    const char *key = text(c, "dispute:%lld:%s", (long long)dispute.id, l->fee_minor.minor > 0 ? "fee" : "fee_back");
    return ledger_find(c, key).id ? l->fee_minor : (Money){ 0 };
}

static SettledAmount *amounts_of(Ctx *c, Id gateway, const SettlementLines *lines) {
    SettledAmount *v = take_n(c, SettledAmount, lines->n + 1);
    for (size_t i = 0; i < lines->n; i++) {
        const SettlementLine *l = &lines->v[i];
        v[i] = (SettledAmount){ l->type, l->gross_minor, l->fee_minor, l->net_minor, fee_posted(c, gateway, l) };
    }
    return v;
}

static LedgerLine line_of(const char *key, Money amount) {
    return amount.minor < 0 ? (LedgerLine){ .posting_key = key, .credit = money_neg(amount) }
                            : (LedgerLine){ .posting_key = key, .debit = amount };
}

static void post(Ctx *c, const SettlementHead *s, const SettlementLines *lines) {
    SettlementSum sum;
    const char *wrong = settlement_sum(&c->mem, amounts_of(c, s->gateway, lines), lines->n, s->net_minor, &sum);
    if (wrong) fail(c, CONFLICT, "%s", wrong);
    SettlementPosting p = settlement_posting(&sum);
    LedgerLine all[4] = { line_of("BANK", p.bank), line_of("GATEWAY_FEES", p.fees), line_of("SUSPENSE", p.suspense),
                          line_of("GATEWAY_CLEARING", p.clearing) };
    if (!p.bank.minor && !p.fees.minor && !p.suspense.minor && !p.clearing.minor) return;
    ledger_post(c, &(LedgerSet){ .set_key = text(c, "settlement:%lld", (long long)s->id.id),
                                 .txn_type = "settlement",
                                 .source_type = "settlement",
                                 .source = s->id,
                                 .date = s->deposited_on,
                                 .memo = s->provider_settlement_id,
                                 .lines = all,
                                 .n = 4 });
}

static const char *alert_key(Ctx *c, const SettlementHead *s) {
    return text(c, "settlement:%lld:%s", (long long)s->gateway.id, s->provider_settlement_id);
}

static void settlement_match(Ctx *c, Id settlement) {
    SettlementHead *s = head_lock(c, settlement);
    if (!strcmp(s->state, "matched") || !strcmp(s->state, "closed")) return;
    int64_t open = match_all(c, s->gateway, settlement);
    SettlementLines lines = lines_of(c, settlement);
    if (!open) post(c, s, &lines);
    db_must(c, 1, CONFLICT, "update settlement set state = ?, updated_at = ? where id = ?",
            open ? "exceptions" : "matched", c->now, settlement);
    if (!open) bank_look(c, settlement);
    if (open)
        alert_raise(c, "settlement.exception", "warning", alert_key(c, s),
                    text(c, "Settlement %s has %lld exceptions.", s->provider_settlement_id, (long long)open),
                    "/integrations/settlements");
    else alert_clear(c, alert_key(c, s));
    event_emit(c, &(Event){ .name = open ? "settlement.exception" : "settlement.matched",
                            .entity = "settlement",
                            .id = settlement,
                            .number = s->provider_settlement_id });
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

typedef struct Fetched { Id gateway; SettlementNews news; } Fetched;

static void store_lines(Ctx *c, Id settlement, const SettlementNews *n) {
    DbBulk *b = db_bulk(
        c,
        "insert into settlement_line (settlement_id, line_no, provider_payment_id, reference, type, gross_minor, "
        "fee_minor, net_minor, occurred_at, last4) values (?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < n->n; i++) {
        const SettledLine *l = &n->v[i];
        db_bulk_add(b, settlement, (int)i + 1, l->provider_payment_id, l->reference, l->type, l->gross, l->fee, l->net,
                    l->at, l->last4);
    }
    db_bulk_end(b);
}

static Date day_of(Ctx *c, Time at) { return time_is_set(at) ? time_date(c->locale->zone, at) : utility_today(c); }

/* What does not add up to the minor unit is kept as an exception of its own: an adjustment line of the difference. */
static void store(Ctx *c, void *arg) {
    Fetched *f = arg;
    SettlementNews *n = &f->news;
    if (db_id(c, "select id from settlement where gateway_account_id = ? and provider_settlement_id = ?", f->gateway,
              n->provider_settlement_id)
            .id)
        return;
    SettledAmount *v = take_n(c, SettledAmount, n->n + 1);
    Money all = { 0 };
    for (size_t i = 0; i < n->n; i++) all = money_add(all, n->v[i].net);
    if (all.minor != n->net.minor) {
        SettledLine *more = take_n(c, SettledLine, n->n + 1);
        memcpy(more, n->v, n->n * sizeof *more);
        Money difference = money_sub(n->net, all);
        more[n->n++] = (SettledLine){
            .type = "adjustment", .reference = "difference", .gross = difference, .net = difference, .at = c->now
        };
        n->v = more;
        v = take_n(c, SettledAmount, n->n);
    }
    for (size_t i = 0; i < n->n; i++)
        v[i] = (SettledAmount){ .type = n->v[i].type, .gross = n->v[i].gross, .fee = n->v[i].fee, .net = n->v[i].net };
    SettlementSum sum;
    const char *wrong = settlement_sum(&c->mem, v, n->n, n->net, &sum);
    if (wrong) job_give_up(c, "payout %s: %s", n->provider_settlement_id, wrong);
    Date day = day_of(c, n->arrives_at);
    Id id = db_insert(
        c,
        "insert into settlement (utility_id, gateway_account_id, provider_settlement_id, period_from, period_to, "
        "currency, gross_minor, fee_minor, refund_minor, dispute_minor, adjustment_minor, net_minor, deposited_on, "
        "state, created_at) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,'matching',?)",
        c->utility, f->gateway, n->provider_settlement_id, n->n ? day_of(c, n->v[n->n - 1].at) : day,
        n->n ? day_of(c, n->v[0].at) : day, utility_here(c)->currency, sum.gross, sum.fee, sum.refund, sum.dispute,
        sum.adjustment, sum.net, day, c->now);
    store_lines(c, id, n);
    settlement_match(c, id);
}

const char *settlement_keep(Ctx *c, Id gateway, const SettlementNews *news) {
    if (db_id(c, "select id from settlement where gateway_account_id = ? and provider_settlement_id = ?", gateway,
              news->provider_settlement_id)
            .id)
        return NULL;
    Fetched f = { .gateway = gateway, .news = *news };
    store(c, &f);
    return db_text(c, "select public_id from settlement where gateway_account_id = ? and provider_settlement_id = ?",
                   gateway, news->provider_settlement_id);
}

JobStep settlement_fetch(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *gateway = json_text(p, "gateway"), *payout = json_text(p, "payout");
    Fetched f = { .gateway = gateway ? db_id(c, "select id from gateway_account where id = ? and utility_id = ?",
                                             gateway, c->utility)
                                     : (Id){ 0 } };
    if (!payout || !f.gateway.id) job_give_up(c, "the payload names no payout of a gateway");
    const GatewayAccount *account = gateway_account(c, f.gateway);
    if (!gateway_driver(account->driver)->settlement) job_give_up(c, "settlements of this gateway come as files");
    if (!gateway_driver(account->driver)->settlement(c, account, payout, &f.news))
        fail(c, BROKEN, "the gateway could not be asked for payout %s", payout);
    /* its event comes when they are (meanwhile too: it makes this job run again), and every night asks */
    if (f.news.is_open) return STEP_DONE;
    if (f.news.currency && strcmp(f.news.currency, utility_here(c)->currency))
        job_give_up(c, "payout %s is in %s", payout, f.news.currency);
    db_tx(c, DB_WRITE, store, &f, NULL);
    return STEP_DONE;
}

void settlement_failed(Ctx *c, Id gateway, const char *payout) {
    Id id = db_id(c, "select id from settlement where gateway_account_id = ? and provider_settlement_id = ?", gateway,
                  payout);
    if (!id.id) return;
    SettlementHead *s = head_lock(c, id);
    Id txn = ledger_find(c, text(c, "settlement:%lld", (long long)id.id));
    if (txn.id)
        ledger_reverse(c, txn, text(c, "settlement:%lld:failed", (long long)id.id), "settlement_failed", DATE_NONE,
                       payout);
    db_run(c, "update settlement set failed_at = coalesce(failed_at, ?), updated_at = ? where id = ?", c->now, c->now,
           id);
    alert_raise(
        c, "settlement.failed", "critical", text(c, "settlement.failed:%s", payout),
        text(c, "The bank sent payout %s over %s back.", payout, locale_money(&c->mem, c->locale, s->net_minor)),
        "/integrations/settlements");
}

/* --- a person's decisions ----------------------------------------------------------------------------------------- */

/* What the gateway has and we have not (or the other way round) stands in suspense: nothing is dropped, nothing is
   guessed. */
static void post_difference(Ctx *c, const SettlementLine *l, Money ours) {
    Money more = money_sub(l->gross_minor, ours);
    if (!more.minor) return;
    LedgerLine lines[2] = { line_of("GATEWAY_CLEARING", more), line_of("SUSPENSE", money_neg(more)) };
    ledger_post(c, &(LedgerSet){ .set_key = text(c, "settlement_line:%lld", (long long)l->id.id),
                                 .txn_type = "settlement_difference",
                                 .source_type = "settlement_line",
                                 .source = l->id,
                                 .memo = l->reference,
                                 .lines = lines,
                                 .n = 2 });
}

/* A payment that is missing here is posted to suspense under the provider's id; of all else the difference is. */
static void settle_line(Ctx *c, const SettlementHead *s, const SettlementLine *l) {
    if (!strcmp(l->type, "adjustment") || !strcmp(l->type, "fee")) return;      /* posted with the settlement */
    Match m = match_line(c, s->gateway, s->id, l);
    bool is_not_here = !strcmp(m.state, "missing_here") || !strcmp(m.state, "suggested");
    if (is_not_here && !strcmp(l->type, "charge") && l->provider_payment_id && l->gross_minor.minor > 0)
        payment_to_suspense(c, &(IntentResult){ .gateway = s->gateway,
                                                .provider_payment_id = l->provider_payment_id,
                                                .amount = l->gross_minor,
                                                .occurred_at = c->now });
    else if (strcmp(m.state, "matched")) post_difference(c, l, is_not_here ? (Money){ 0 } : m.ours);
}

static SettlementLine *line_lock(Ctx *c, const SettlementHead *s, int64_t line_no) {
    if (strcmp(s->state, "exceptions")) fail(c, CONFLICT, "This settlement is %s.", s->state);
    SettlementLine *l = db_find(
        c, SettlementLine,
        "select id, line_no, type, provider_payment_id, reference, gross_minor, fee_minor, net_minor, match_state, "
        "occurred_at, last4, matched_payment_id from settlement_line where settlement_id = ? "
        "and line_no = ? for update",
        s->id, line_no);
    if (!l) fail(c, NOT_FOUND, "There is no such line.");
    if (!strcmp(l->match_state, "matched") || !strcmp(l->match_state, "resolved"))
        fail(c, CONFLICT, "This line is not open.");
    return l;
}

void settlement_resolve(Ctx *c, Id settlement, int64_t line_no, const char *comment) {
    SettlementHead *s = head_lock(c, settlement);
    SettlementLine *l = line_lock(c, s, line_no);
    settle_line(c, s, l);
    db_run(
        c,
        "update settlement_line set match_state = 'resolved', matched_payment_id = if(match_state = 'suggested', null, "
        "matched_payment_id), comment = ?, resolved_by = ?, resolved_at = ? where id = ?",
        comment, c->user, c->now, l->id);
    audit_note(c, "resolve", "settlement", settlement, s->provider_settlement_id, comment);
    settlement_match(c, settlement);
}

/* The gateway's number is kept with the payment, so that later words about it find it. */
void settlement_confirm(Ctx *c, Id settlement, int64_t line_no) {
    SettlementHead *s = head_lock(c, settlement);
    SettlementLine *l = line_lock(c, s, line_no);
    if (strcmp(l->match_state, "suggested") || !l->matched_payment_id.id)
        fail(c, CONFLICT, "No payment is suggested for this line.");
    db_run(c, "update settlement_line set match_state = 'matched', resolved_by = ?, resolved_at = ? where id = ?",
           c->user,
           c->now, l->id);
    audit_note(c, "confirm", "settlement", settlement, s->provider_settlement_id,
               db_text(c, "select payment_no from payment where id = ?", l->matched_payment_id));
    settlement_match(c, settlement);
}

void settlement_assign(Ctx *c, Id settlement, int64_t line_no, Id user) {
    SettlementHead *s = head_lock(c, settlement);
    SettlementLine *l = line_lock(c, s, line_no);
    db_run(c, "update settlement_line set assigned_to = ? where id = ?", user, l->id);
    audit_note(c, "assign", "settlement", settlement, s->provider_settlement_id,
               db_text(c, "select full_name from user where id = ?", user));
}

void settlement_close(Ctx *c, Id settlement) {
    SettlementHead *s = head_lock(c, settlement);
    if (strcmp(s->state, "matched")) fail(c, CONFLICT, "This settlement has exceptions or is closed.");
    db_must(c, 1, CONFLICT, "update settlement set state = 'closed', updated_at = ? where id = ?", c->now, settlement);
    audit_note(c, "close", "settlement", settlement, s->provider_settlement_id, NULL);
}
