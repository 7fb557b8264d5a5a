/*
 * What the CIS takes away when a utility goes live (ONB-GUIDED.6): payments with their receipts, credit, deposits,
 * agreements, complaints and requests, but for those of another system. People, premises, accounts and connections
 * stay; balances are those of the ledger that stays.
 */
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/db.h"

static int64_t payments(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from payment where utility_id = ? "
                                 "order by id limit 500) p", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "payment_allocation x on x.payment_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "payment_reversal x on x.payment_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "refund_request x on x.payment_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "receipt r on r.payment_id = j.id straight_join receipt_print x "
              "on x.receipt_id = r.id", ids);
    db_run(c, "delete x " OF_CHUNK "receipt x on x.payment_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "payment x on x.id = j.id", ids);
}

static int64_t agreements(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from payment_agreement where utility_id = ? "
                                 "and import_batch_id is null order by id limit 500) a", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "instalment x on x.agreement_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "payment_agreement_item x on x.agreement_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "payment_agreement x on x.id = j.id", ids);
}

static int64_t tills(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from till_session where utility_id = ? "
                                 "order by id limit 500) t", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "till_movement x on x.till_session_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "till_session x on x.id = j.id", ids);
}

static int64_t receipt_files(Ctx *c)    { return documents_purge(c, "receipt"); }
static int64_t complaint_files(Ctx *c)  { return documents_purge(c, "complaint"); }
static int64_t request_files(Ctx *c)    { return documents_purge(c, "service_request"); }

SANDBOX_PURGE(applied, "delete from credit_application where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(refunds, "delete from refund_request where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(credit_notes, "delete from credit_note where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(adjustments, "delete from adjustment where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(deposits, "delete from deposit where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(banked, "delete from bank_deposit where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(talk, "delete from case_message where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(complaints, "delete from complaint where utility_id = ? and import_batch_id is null "
              "limit 2000", c->utility)
SANDBOX_PURGE(requests, "delete from service_request where utility_id = ? and import_batch_id is null "
              "limit 2000", c->utility)
SANDBOX_PURGE(figures, "delete from cis_daily_stat where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(billed_days, "update service_connection set last_billed_on = null where utility_id = ? "
              "and last_billed_on is not null limit 2000", c->utility)

/* Of agreements taken over: on no bill any more. */
SANDBOX_PURGE(instalments, "update instalment set bill_id = null where utility_id = ? and bill_id is not null "
              "limit 2000", c->utility)

/* What the entries that stay add up to: balances and agreements taken over. */
SANDBOX_PURGE(balances, "update account a join (select k.id, coalesce(s.balance, 0) as balance, coalesce(s.deferred, "
    "0) as deferred from account k "
    "left join (select e.account_id, sum(e.debit_minor - e.credit_minor) as balance, sum(if(r.posting_key = "
    "'AR_AGREEMENT', e.debit_minor - e.credit_minor, 0)) as deferred from ledger_entry e "
    "join gl_role r on r.utility_id = e.utility_id and r.gl_code_id = e.gl_code_id "
    "and r.posting_key in ('AR', 'AR_AGREEMENT') "
    "where e.utility_id = ? and e.account_id is not null group by e.account_id) s on s.account_id = k.id "
    "where k.utility_id = ? and (k.balance_minor <> coalesce(s.balance, 0) or k.deferred_minor <> coalesce(s.deferred, "
    "0) "
    "or k.deposit_balance_minor <> 0 or k.last_bill_on is not null or k.last_payment_on is not null "
    "or k.dispute_flag <> 0) order by k.id limit 2000) x on x.id = a.id set a.balance_minor = x.balance, "
    "a.deferred_minor = x.deferred, a.deposit_balance_minor = 0, a.last_bill_on = null, a.last_payment_on = null, "
    "a.dispute_flag = 0", c->utility, c->utility)

const SandboxPurge cis_purges[] = {
    { "payments",   applied },
    { "payments",   payments },
    { "payments",   refunds },
    { "payments",   receipt_files },
    { "payments",   tills },
    { "payments",   banked },
    { "credit",     credit_notes },
    { "credit",     adjustments },
    { "credit",     deposits },
    { "credit",     agreements },
    { "credit",     instalments },
    { "requests",   talk },
    { "requests",   complaint_files },
    { "requests",   complaints },
    { "requests",   request_files },
    { "requests",   requests },
    { "figures",    figures },
    { "balances",   billed_days },
    { "balances",   balances },
    { 0 }
};
