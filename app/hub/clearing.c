/*
 * What each gateway owes us, counted twice (ONB03US01 "settlement": the Health tab shows both numbers and the
 * difference): what the ledger has in GATEWAY_CLEARING from this gateway's payments, refunds, disputes and payouts; and
 * what was captured and stands in no payout yet, by the hub's own tables. Reckoned every night, or when somebody asks.
 */
#include "app/hub/clearing.h"

#include "app/core/core.h"
#include "app/hub/pages.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

/* Of what lies outside the tables of a gateway (a journal by
 * hand) the ledger knows no gateway: it shows in the total. */
static Money by_ledger(Ctx *c, Id gateway) {
    return db_money(c,
        "select cast(coalesce(sum(e.debit_minor - e.credit_minor), 0) as signed) from "
        "(select 'payment' as source_type, id as source_id from payment where gateway_account_id = ? "
        "union all select 'refund', id from refund where gateway_account_id = ? union all "
        "select 'refund_request', refund_request_id from refund where gateway_account_id = ? "
        "and refund_request_id is not null union all select 'dispute', id from dispute "
        "where gateway_account_id = ? union all select 'settlement', id from settlement "
        "where gateway_account_id = ? union all select 'settlement_line', l.id from settlement_line l "
        "join settlement s on s.id = l.settlement_id where s.gateway_account_id = ?) x join ledger_entry e "
        "on e.source_type = x.source_type and e.source_id = x.source_id join gl_role g on g.utility_id = ? "
        "and g.posting_key = 'GATEWAY_CLEARING' and g.gl_code_id = e.gl_code_id",
        gateway, gateway, gateway, gateway, gateway, gateway, c->utility);
}

/* A line of a payout that was posted and not sent back by the bank. */
#define PAID_OUT "settlement_line l join settlement s on s.id = l.settlement_id where s.gateway_account_id = ? and " \
                 "s.state in ('matched', 'closed') and s.failed_at is null "

static Money captured(Ctx *c, Id gateway) {
    Money paid = db_money(
        c,
        "select cast(coalesce(sum(i.received_minor), 0) as signed) from payment_intent i "
        "where i.gateway_account_id = ? "
        "and i.purpose <> 'test' and i.state in ('succeeded', 'partially_refunded', 'refunded') "
        "and not exists (select 1 "
        "from " PAID_OUT "and l.type = 'charge' and l.provider_payment_id = i.provider_payment_id) "
                         "and not exists (select 1 "
        "from " PAID_OUT "and l.type = 'charge' and l.match_state = 'matched' and l.matched_payment_id = i.payment_id)",
        gateway, gateway, gateway);
    /* what fits no order, or was paid twice */
    Money others = db_money(
        c,
        "select cast(coalesce(sum(p.amount_minor), 0) as signed) from payment p where p.gateway_account_id = ? and "
        "p.payment_intent_id is null and not exists (select 1 from " PAID_OUT "and l.type = 'charge' and "
        "l.provider_payment_id = p.provider_payment_id)", gateway, gateway);
    return money_add(paid, others);
}

static Money given_back(Ctx *c, Id gateway) {
    Money refunds = db_money(c,
        "select cast(coalesce(sum(f.amount_minor), 0) as signed) from refund f "
        "where f.gateway_account_id = ? and f.state "
        "= 'succeeded' and not exists (select 1 from " PAID_OUT "and l.type = 'refund' and l.reference = "
        "f.provider_refund_id)",
        gateway, gateway);
    /* a dispute takes its amount and fee and may give both back; each way stands in payouts for itself */
    Money disputes = db_money(
        c,
        "select cast(coalesce(sum(if(d.state = 'won', 0, d.amount_minor) + if(exists (select 1 from ledger_txn t where "
        "t.utility_id = d.utility_id and t.set_key = concat('dispute:', d.id, ':fee_back')), "
        "0, d.fee_minor) + coalesce("
        "(select sum(l.net_minor) from " PAID_OUT "and l.type = 'dispute' "
                                                  "and l.reference = d.provider_dispute_id), 0)), "
        "0) as signed) from dispute d where d.gateway_account_id = ?", gateway, gateway);
    return money_add(refunds, disputes);
}

#define CLEARING_ACCOUNT(F, T) F(T, Id, id) F(T, const char *, label)
ROW(ClearingAccount, CLEARING_ACCOUNT)

typedef struct Reckoned { const ClearingAccount *a; } Reckoned;

static void reckon(Ctx *c, void *arg) {
    const ClearingAccount *a = ((Reckoned *)arg)->a;
    Money ledger = by_ledger(c, a->id), unsettled = money_sub(captured(c, a->id), given_back(c, a->id));
    db_run(c,
        "insert into gateway_clearing (gateway_account_id, reckoned_at, ledger_minor, unsettled_minor) "
        "values (?,?,?,?) on duplicate key update reckoned_at = values(reckoned_at), "
        "ledger_minor = values(ledger_minor), unsettled_minor = values(unsettled_minor)",
        a->id, c->now, ledger, unsettled);
    const char *key = text(c, "gateway.clearing:%lld", (long long)a->id.id);
    Money difference = money_sub(ledger, unsettled);
    if (!difference.minor) {
        alert_clear(c, key);
        return;
    }
    alert_raise(c, "gateway.clearing", "critical", key,
                text(c, "Clearing of %s and what is in no payout differ by %s.", a->label,
                     locale_money(&c->mem, c->locale, difference)), "/integrations/health");
}

void clearing_reckon(Ctx *c) {
    ClearingAccounts all = db_all(c, ClearingAccount, "select id, label from gateway_account where utility_id = ? and "
                                                      "status <> 'not_configured' order by id", c->utility);
    for (size_t i = 0; i < all.n; i++) {
        Reckoned k = { &all.v[i] };
        db_tx(c, DB_WRITE, reckon, &k, NULL);
    }
}

JobStep clearing_job(Ctx *c, const JobRow *job) {
    (void)job;
    clearing_reckon(c);
    return STEP_DONE;
}

/* --- on the page of health ---------------------------------------------------------------------------------------- */

#define CLEARING_ROW(F, T) F(T, const char *, label) F(T, Time, reckoned_at) F(T, Money, ledger_minor) \
    F(T, Money, unsettled_minor)
ROW(ClearingRow, CLEARING_ROW)

void clearing_show(Req *r, const char *at_) {
    show_text(r, text(r, "%s.title", at_), word(r, "hub.clearing"));
    show_text(r, text(r, "%s.sub", at_), word(r, "hub.clearing_how"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "hub.clearing"));
    table_column(t, word(r, "hub.gateway"), "text", "id");
    table_column(t, word(r, "hub.clearing_ledger"), "money", NULL);
    table_column(t, word(r, "hub.clearing_unsettled"), "money", NULL);
    table_column(t, word(r, "hub.difference"), "money", "amount");
    table_column(t, word(r, "hub.reckoned"), "date", NULL);
    table_column(t, word(r, "hub.state"), "status", "status");
    ClearingRows all = db_all(r, ClearingRow, "select g.label, k.reckoned_at, k.ledger_minor, k.unsettled_minor from "
                                              "gateway_clearing k join gateway_account g on "
                                              "g.id = k.gateway_account_id "
                                              "where g.utility_id = ? order by g.priority, g.id", r->c.utility);
    for (size_t i = 0; i < all.n; i++) {
        const ClearingRow *k = &all.v[i];
        Money difference = money_sub(k->ledger_minor, k->unsettled_minor);
        table_row(t, NULL);
        table_cell(t, k->label);
        table_money(t, k->ledger_minor);
        table_money(t, k->unsettled_minor);
        table_money(t, difference);
        table_cell(t, locale_time(&r->c.mem, r->c.locale, k->reckoned_at));
        table_state(t, difference.minor ? "differs" : "agrees");
    }
    table_empty(t, word(r, "hub.clearing_not_yet"), word(r, "hub.clearing_nightly"));
    if (!perm_may(&r->c, "hub.settlements", EDIT)) return;
    show_text(r, text(r, "%s.actions.0.text", at_), word(r, "hub.reckon"));
    show_text(r, text(r, "%s.actions.0.post", at_), "1");
    show_text(r, text(r, "%s.actions.0.url", at_), link_path(r, "/integrations/health/clearing"));
}

void clearing_post(Req *r) {
    job_enqueue(&r->c, &(NewJob){ .kind = "gateway.clearing",
                                  .unique_key = text(r, "%lld", (long long)r->c.utility.id) });
    note(r, "%s", word(r, "hub.reckoning"));
    go(r, "/integrations/health");
}
