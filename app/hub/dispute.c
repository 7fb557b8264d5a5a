/*
 * Disputes (chargebacks): the bank takes the money back first and asks then (ONB03US01 "disputes"; README section 8;
 * I7).
 *
 * Opened: Dr the receivables of what was paid, Cr GATEWAY_CLEARING; its fee Dr GATEWAY_FEES, Cr GATEWAY_CLEARING. Won:
 * the mirror of the first, and of the fee when the provider gave it back. Lost: kept. Inquiries take no money and are
 * not stored.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/money.h"

#define KNOWN_DISPUTE(F, T)                                                                                            \
    F(T, Id, id)                                                                                                       \
    F(T, Id, payment_id) F(T, Id, intent_id) F(T, const char *, provider_dispute_id) F(T, const char *, state)         \
        F(T, Money, amount_minor) F(T, Money, fee_minor) F(T, Money, unheld_minor) F(T, int, takes)
ROW(KnownDispute, KNOWN_DISPUTE)
#define DISPUTE_SELECT                                                                                                 \
    "select id, payment_id, intent_id, provider_dispute_id, state, amount_minor, fee_minor, unheld_minor, takes from " \
    "dispute "

static KnownDispute *dispute_lock(Ctx *c, Id gateway, const char *provider_id) {
    return db_find(
        c, KnownDispute,
        DISPUTE_SELECT "where gateway_account_id = ? and provider_dispute_id = ? for update",
        gateway, provider_id);
}

static const char *key_of(Ctx *c, Id dispute, const char *what) {
    return text(c, "dispute:%lld:%s", (long long)dispute.id, what);
}

static void tell(Ctx *c, const KnownDispute *d, const char *name, const char *outcome) {
    event_emit(c, &(Event){ .name = name,
                            .entity = "dispute",
                            .id = d->id,
                            .number = d->provider_dispute_id,
                            .payload = text(c, "{\"payment_id\":%lld,\"outcome\":\"%s\"}", (long long)d->payment_id.id,
                                            outcome) });
}

/* --- opened ------------------------------------------------------------------------------------------------------- */

enum { PARTS_MAX = 50 };

Money paid_fee_left(Ctx *c, Id intent, Money fee) {
    if (fee.minor <= 0 || !intent.id) return (Money){ 0 };
    Money refunded = db_money(
        c,
        "select cast(coalesce(sum(amount_minor - unheld_minor), 0) as signed) from refund where intent_id = ? and "
        "payment_id is null and state = 'succeeded' for update",
        intent);
    Money disputed = db_money(
        c,
        "select cast(coalesce(sum(fee_part_minor), 0) as signed) from dispute where intent_id = ? and state <> 'won' "
        "for update",
        intent);
    Money left = money_sub(fee, money_add(refunded, disputed));
    return left.minor > 0 ? left : (Money){ 0 };
}

/* Receivables of the accounts that paid, then the fee that was paid with it, then suspense: a refund was there first,
   and a person looks at it. */
static void post_opened(Ctx *c, Id dispute, const NewsPayment *p, const DisputeNews *n) {
    LedgerLine lines[PARTS_MAX + 3] = { 0 };
    Money left = n->amount;
    int k = 0;
    for (size_t i = 0; i < p->parts.n && k < PARTS_MAX && left.minor > 0; i++) {
        const HeldPart *h = &p->parts.v[i];
        Money part = payment_charge_back(
            c, &(Chargeback){ .payment = h->payment, .dispute = dispute, .amount = left, .text = n->reason });
        if (!part.minor) continue;
        lines[k++] = (LedgerLine){ .posting_key = h->account.id ? "AR" : "SUSPENSE",
                                   .account = h->account,
                                   .debit = part };
        left = money_sub(left, part);
    }
    Money fee = paid_fee_left(c, p->intent, p->fee);
    if (fee.minor > left.minor) fee = left;
    Money unheld = money_sub(left, fee);
    db_run(c, "update dispute set fee_part_minor = ?, unheld_minor = ? where id = ?", fee, unheld, dispute);
    if (unheld.minor)
        alert_raise(c, "dispute.unmatched", "critical", key_of(c, dispute, "unheld"),
                    text(c, "Dispute %s takes %s more than its payment holds.", n->provider_dispute_id,
                         locale_money(&c->mem, c->locale, unheld)),
                    "/integrations/disputes");
    lines[k++] = (LedgerLine){ .posting_key = "CONVENIENCE_FEE", .debit = fee };
    lines[k++] = (LedgerLine){ .posting_key = "SUSPENSE", .debit = unheld };
    lines[k++] = (LedgerLine){ .posting_key = "GATEWAY_CLEARING", .credit = n->amount };
    ledger_post(c, &(LedgerSet){ .set_key = key_of(c, dispute, "opened"),
                                 .txn_type = "dispute",
                                 .source_type = "dispute",
                                 .source = dispute,
                                 .memo = n->provider_dispute_id,
                                 .lines = lines,
                                 .n = k });
}

static const char *take_key(Ctx *c, Id dispute, const char *what, int no) {
    return key_of(c, dispute, text(c, "%s:%d", what, no));
}

static Money take_more(Ctx *c, const KnownDispute *d, Id payment, Id account, Money amount) {
    Money most = { amount.minor < d->unheld_minor.minor ? amount.minor : d->unheld_minor.minor };
    Money part = payment_charge_back(c, &(Chargeback){ .payment = payment, .dispute = d->id, .amount = most });
    if (!part.minor) return part;
    LedgerLine lines[2] = { { .posting_key = account.id ? "AR" : "SUSPENSE", .account = account, .debit = part },
                            { .posting_key = "SUSPENSE", .credit = part } };
    ledger_post(c, &(LedgerSet){ .set_key = take_key(c, d->id, "more", d->takes + 1),
                                 .txn_type = "dispute",
                                 .source_type = "dispute",
                                 .source = d->id,
                                 .source_no = d->takes + 1,
                                 .memo = d->provider_dispute_id,
                                 .lines = lines,
                                 .n = 2 });
    Money rest = money_sub(d->unheld_minor, part);
    db_run(c, "update dispute set unheld_minor = ?, takes = takes + 1, updated_at = ? where id = ?", rest, c->now,
           d->id);
    if (!rest.minor) alert_clear(c, key_of(c, d->id, "unheld"));
    return part;
}

void dispute_takes(Ctx *c, Id intent, Id payment, Id account, Money amount) {
    KnownDisputes all = db_all(c, KnownDispute,
                               DISPUTE_SELECT "where (intent_id = ? or (intent_id is null and payment_id = ?)) and "
                                              "state <> 'won' and unheld_minor > 0 order by id for update",
                               intent, payment);
    for (size_t i = 0; i < all.n && amount.minor > 0; i++)
        amount = money_sub(amount, take_more(c, &all.v[i], payment, account, amount));
}

/* The fee may be told with the opening or later: once. */
static void post_fee(Ctx *c, const KnownDispute *d, Money fee) {
    if (fee.minor <= 0 || d->fee_minor.minor) return;
    LedgerLine lines[2] = { { .posting_key = "GATEWAY_FEES", .debit = fee },
                            { .posting_key = "GATEWAY_CLEARING", .credit = fee } };
    ledger_post(c, &(LedgerSet){ .set_key = key_of(c, d->id, "fee"),
                                 .txn_type = "dispute_fee",
                                 .source_type = "dispute",
                                 .source = d->id,
                                 .memo = d->provider_dispute_id,
                                 .lines = lines,
                                 .n = 2 });
    db_run(c, "update dispute set fee_minor = ? where id = ?", fee, d->id);
}

static KnownDispute *open_dispute(Ctx *c, Id gateway, const DisputeNews *n, const NewsPayment *p) {
    Id first = p->parts.n ? p->parts.v[0].payment : (Id){ 0 };
    Id id = db_insert(
        c,
        "insert into dispute (utility_id, gateway_account_id, provider_dispute_id, payment_id, intent_id, "
        "amount_minor, currency, reason, evidence_due_at, opened_at, created_at) values (?,?,?,?,?,?,?,left(?, "
        "120),?,?,?)",
        c->utility, gateway, n->provider_dispute_id, first, p->intent, n->amount, utility_here(c)->currency, n->reason,
        n->due_at, n->at, c->now);
    post_opened(c, id, p, n);
    if (p->intent.id)
        db_run(c, "update payment_intent set dispute_flag = 'open', updated_at = ? where id = ?", c->now, p->intent);
    const char *due = time_is_set(n->due_at)
                          ? text(c, ", evidence until %s",
                                 locale_date(&c->mem, c->locale, time_date(c->locale->zone, n->due_at)))
                          : "";
    alert_raise(
        c, "dispute.open", "critical", key_of(c, id, "open"),
        text(c, "Dispute %s over %s%s.", n->provider_dispute_id, locale_money(&c->mem, c->locale, n->amount), due),
        "/integrations/disputes");
    audit_note(c, "open", "dispute", id, n->provider_dispute_id, n->reason);
    KnownDispute *d = dispute_lock(c, gateway, n->provider_dispute_id);
    tell(c, d, "dispute.opened", "open");
    return d;
}

/* --- closed ------------------------------------------------------------------------------------------------------- */

/* Won, and the provider gave its fee back: with the end, or later. */
static void give_fee_back(Ctx *c, const KnownDispute *d, const DisputeNews *n) {
    Id fee = n->fee.minor <= 0 ? ledger_find(c, key_of(c, d->id, "fee")) : (Id){ 0 };
    if (fee.id)
        ledger_reverse(c, fee, key_of(c, d->id, "fee_back"), "dispute_fee_back", DATE_NONE, d->provider_dispute_id);
}

static void close_dispute(Ctx *c, const KnownDispute *d, const DisputeNews *n) {
    bool won = !strcmp(n->state, "won");
    payment_charge_back_end(c, d->id, won);
    if (won) {
        ledger_reverse(c, ledger_find(c, key_of(c, d->id, "opened")), key_of(c, d->id, "won"), "dispute_won", DATE_NONE,
                       d->provider_dispute_id);
        for (int no = 1; no <= d->takes; no++)
            ledger_reverse(c, ledger_find(c, take_key(c, d->id, "more", no)), take_key(c, d->id, "won", no),
                           "dispute_won", DATE_NONE, d->provider_dispute_id);
        alert_clear(c, key_of(c, d->id, "unheld"));
    }
    db_must(c, 1, CONFLICT,
            "update dispute set state = ?, closed_at = ?, updated_at = ? where id = ? and state = 'open'", n->state,
            c->now, c->now, d->id);
    if (d->intent_id.id)
        db_run(c, "update payment_intent set dispute_flag = ?, updated_at = ? where id = ?", n->state, c->now,
               d->intent_id);
    alert_clear(c, key_of(c, d->id, "open"));
    audit_note(c, n->state, "dispute", d->id, d->provider_dispute_id, NULL);
    tell(c, d, "dispute.closed", n->state);
}

News dispute_heard(Ctx *c, Id gateway, const DisputeNews *n, bool *changed) {
    *changed = false;
    NewsPayment p = news_payment(c, gateway, n->provider_payment_id, n->intent_no);
    KnownDispute *d = dispute_lock(c, gateway, n->provider_dispute_id);
    if (!d && p.state != NEWS_READY) return (News){ p.state, p.intent };
    if (!d && n->currency && strcmp(n->currency, utility_here(c)->currency)) {
        alert_raise(c, "dispute.currency", "critical", text(c, "dispute.currency:%s", n->provider_dispute_id),
                    text(c, "Dispute %s is in %s.", n->provider_dispute_id, n->currency), "/integrations/disputes");
        return (News){ NEWS_READY, p.intent };
    }
    if (!d && n->amount.minor <= 0) fail(c, INVALID, "dispute %s names no amount above 0", n->provider_dispute_id);
    if (!d) d = open_dispute(c, gateway, n, &p), *changed = true;
    bool is_open = !strcmp(d->state, "open");
    if (is_open) post_fee(c, d, n->fee);
    if (is_open && strcmp(n->state, "open")) close_dispute(c, d, n), *changed = true;
    if (!strcmp(n->state, "won")) give_fee_back(c, d, n);
    return (News){ NEWS_READY, p.intent };
}
