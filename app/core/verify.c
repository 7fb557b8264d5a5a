/*
 * `smart360 verify`: the invariants as statements that find what breaks them. See verify.h.
 *
 * To add a check: a CHECK with a statement that gives one text for each breach, and its name in the row of its
 * invariant.
 */
#include "app/core/verify.h"

#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/core/installation.h"
#include "app/core/seal.h"
#include "lib/crypt.h"

#define FOUND(F, T) F(T, int64_t, n) F(T, const char *, first)
ROW(Found, FOUND)

typedef Breach (*Check)(Ctx *c);

static Breach breach(const Found *f) { return (Breach){ f->n, f->first }; }

#define CHECK(name, sql, ...)                                                                                       \
    static Breach name(Ctx *c) {                                                                                    \
        return breach(db_one(c, Found, "select count(*) n, min(what) first from (" sql ") breaches" __VA_OPT__(,) \
                             __VA_ARGS__)); \
    }

/* --- I1 to I3: the ledger ----------------------------------------------------------------------------------------- */

CHECK(sets_balance, "select concat('ledger_txn ', t.id) what from ledger_txn t "
                    "left join (select txn_id, count(*) n, sum(debit_minor) d, sum(credit_minor) k from ledger_entry "
                    "group by txn_id) e on e.txn_id=t.id "
                    "where coalesce(e.n, 0) < 2 or e.d <> e.k or e.d <> t.total_minor or e.n <> t.line_count")
CHECK(entries_belong, "select concat('ledger_entry ', e.id) what from ledger_entry e "
                      "left join ledger_txn t on t.id=e.txn_id where t.id is null or t.utility_id <> e.utility_id")

CHECK(ledger_is_zero, "select concat('utility ', t.utility_id, ' ', t.currency) what from ledger_entry e "
                      "join ledger_txn t on t.id=e.txn_id "
                      "group by t.utility_id, t.currency having sum(e.debit_minor) <> sum(e.credit_minor)")
CHECK(balances_are_sums, "select concat('account ', a.account_no) what from account a left join ("
    "select e.account_id, sum(if(r.posting_key in ('AR', 'AR_AGREEMENT'), e.debit_minor - e.credit_minor, 0)) balance, "
    "sum(if(r.posting_key = 'AR_AGREEMENT', e.debit_minor - e.credit_minor, 0)) deferred, sum(if(r.posting_key = "
    "'DEPOSIT_LIABILITY', e.credit_minor - e.debit_minor, 0)) deposit "
    "from ledger_entry e join gl_role r on r.utility_id=e.utility_id and r.gl_code_id=e.gl_code_id "
    "and r.posting_key in ('AR', 'AR_AGREEMENT', 'DEPOSIT_LIABILITY') "
    "where e.account_id is not null group by e.account_id) s on s.account_id=a.id "
    "where a.balance_minor <> coalesce(s.balance, 0) or a.deferred_minor <> coalesce(s.deferred, 0) "
    "or a.deposit_balance_minor <> coalesce(s.deposit, 0)")
CHECK(owed_is_a_sum, "select concat('utility ', x.utility_id, ' due ', x.due_date) what from ("
                     "select utility_id, due_date, amount_minor as amount from bill_owed "
                     "union all select utility_id, due_date, -open_minor from bill where open_minor > 0) x "
                     "group by x.utility_id, x.due_date having sum(x.amount) <> 0")
CHECK(ledger_sums_are_sums, "select concat('gl_period ', x.gl_period_id, ' gl_code ', x.gl_code_id, ' summed') what "
                            "from (select gl_period_id, gl_code_id, debit_minor, credit_minor from ledger_sum union "
                            "all select gl_period_id, gl_code_id, -debit_minor, -credit_minor from ledger_entry "
                            "where id <= (select m.entry_id from ledger_sum_mark m)) x group by x.gl_period_id, "
                            "x.gl_code_id having sum(x.debit_minor) <> 0 or sum(x.credit_minor) <> 0")
CHECK(period_balances_are_sums, "select concat('gl_period ', b.gl_period_id, ' gl_code ', b.gl_code_id) what "
                                "from gl_period_balance b "
    "left join (select gl_period_id, gl_code_id, sum(debit_minor) d, sum(credit_minor) k from ledger_entry "
    "group by gl_period_id, gl_code_id) e "
    "on e.gl_period_id=b.gl_period_id and e.gl_code_id=b.gl_code_id where b.debit_minor <> coalesce(e.d, 0) "
    "or b.credit_minor <> coalesce(e.k, 0)")

CHECK(reversed_once, "select concat('ledger_txn ', reversal_of_txn_id) what from ledger_txn "
                     "where reversal_of_txn_id is not null group by reversal_of_txn_id having count(*) > 1")
CHECK(reversals_mirror, "select concat('ledger_txn ', pair) what from (select r.id pair, e.gl_code_id, e.account_id, "
                        "sum(e.debit_minor - e.credit_minor) rest "
                        "from ledger_txn r join ledger_entry e on e.txn_id in (r.id, r.reversal_of_txn_id) "
    "where r.reversal_of_txn_id is not null group by r.id, e.gl_code_id, e.account_id) s where rest <> 0")
CHECK(append_only_rights, "select concat(table_name, ': ', lower(privilege_type)) what "
                          "from information_schema.table_privileges where table_schema=database() "
                          "and table_name in ('ledger_txn', 'ledger_entry', 'audit_entry', 'receipt') "
                          "and privilege_type in ('UPDATE', 'DELETE') "
                          "and grantee=concat('''', replace(current_user(), '@', '''@'''), '''') "
    "union all select concat(table_schema, ': ', lower(privilege_type)) from information_schema.schema_privileges "
    "where database() like table_schema and privilege_type in ('UPDATE', 'DELETE') "
    "and grantee=concat('''', replace(current_user(), '@', '''@'''), '''')")

/* --- I4 to I6: bills ---------------------------------------------------------------------------------------------- */

CHECK(bills_are_sums, "select concat('bill ', coalesce(b.bill_no, b.id)) what from bill b "
                      "left join (select bill_id, sum(if(posts, amount_minor, 0)) total from bill_line "
                      "group by bill_id) l on l.bill_id=b.id "
    "where b.status in ('published', 'cancelled') and b.kind <> 'migration' and b.total_minor <> coalesce(l.total, 0)")
CHECK(bills_are_posted, "select concat('bill ', b.bill_no) what from bill b left join ("
                        "select e.source_id, sum(e.debit_minor - e.credit_minor) ar from ledger_entry e "
    "join gl_role r on r.utility_id=e.utility_id and r.gl_code_id=e.gl_code_id and r.posting_key='AR' "
    "where e.source_type='bill' and e.txn_type='bill' and e.reversal_of_txn_id is null "
    "group by e.source_id) s on s.source_id=b.id "
    "where b.status in ('published', 'cancelled') and b.kind <> 'migration' and b.total_minor <> coalesce(s.ar, 0)")
CHECK(cancelled_bills_are_reversed, "select concat('bill ', b.bill_no) what from bill b "
                                    "join ledger_txn t on t.source_type='bill' and t.source_id=b.id "
                                    "and t.txn_type='bill' and t.reversal_of_txn_id is null "
    "where b.status='cancelled' and not exists (select 1 from ledger_txn r where r.reversal_of_txn_id=t.id)")
CHECK(live_bills_are_not_reversed, "select concat('bill ', b.bill_no) what from bill b "
                                   "join ledger_txn t on t.source_type='bill' and t.source_id=b.id "
                                   "and t.txn_type='bill' and t.reversal_of_txn_id is null "
                                   "join ledger_txn r on r.reversal_of_txn_id=t.id where b.status='published'")

CHECK(one_live_bill, "select concat('account ', account_id, ' period ', bill_cycle_period_id) what from bill "
                     "where status in ('draft', 'held', 'approved', 'published') and bill_cycle_period_id is not null "
                     "group by account_id, bill_cycle_period_id having count(*) > 1")
CHECK(segments_do_not_overlap, "select concat('bill ', bill_no, ' segment ', segment_start) what "
                               "from (select b.bill_no, s.segment_start, "
                               "lag(s.segment_end) over (partition by b.account_id, s.service_connection_id "
                               "order by s.segment_start, s.segment_end) before_end "
                               "from bill_segment s join bill b on b.id=s.bill_id where b.status='published' "
                               "and b.kind in ('cycle', 'single', 'final')) x where segment_start <= before_end")
CHECK(usage_is_a_chain, "select concat('usage_segment ', id) what "
                        "from (select u.id, u.from_on, u.from_reading_id, u.from_value_e3, "
    "lag(u.to_on) over w before_on, lag(u.to_reading_id) over w before_reading, lag(u.to_value_e3) over w before_value "
    "from usage_segment u where u.status='active' and u.billing_status='billed' window w as (partition "
    "by u.register_id, u.account_id order by u.from_on, u.to_on)) x "
    "where from_on < before_on or (from_reading_id <> before_reading "
    "and from_value_e3 <> before_value) or from_on > before_on")

CHECK(reading_once, "select concat('meter_reading ', to_reading_id) what from usage_segment where status='active' "
                    "and billing_status='billed' and to_reading_id is not null "
                    "group by register_id, to_reading_id having count(*) > 1")
CHECK(billed_usage_has_its_bill, "select concat('usage_segment ', u.id) what from usage_segment u "
                                 "left join bill b on b.id=u.bill_id "
    "where (u.billing_status='billed' and u.status='active' and u.bill_id is not null and (b.id is null "
    "or b.status <> 'published')) "
    "or (u.billing_status='reserved' and (b.id is null or b.status not in ('draft', 'held', 'approved', 'published'))) "
    "or (u.billing_status='unbilled' and u.bill_id is not null)")

/* --- I7 to I10, I18: money that comes and goes, numbers ----------------------------------------------------------- */

CHECK(provider_payment_once, "select concat('provider payment ', provider_payment_id) what from payment "
                             "where provider_payment_id is not null group by gateway_account_id, provider_payment_id, "
                             "account_id having count(*) > 1")
CHECK(payment_posted_once, "select concat('payment ', p.payment_no) what from payment p "
                           "left join (select source_id, count(*) n from ledger_txn where source_type='payment' "
                           "and txn_type='payment' and reversal_of_txn_id is null group by source_id) t "
                           "on t.source_id=p.id where coalesce(t.n, 0) <> 1")
CHECK(payment_adds_up, "select concat('payment ', payment_no) what from payment "
                       "where allocated_minor + unallocated_minor + refunded_minor + reversed_minor <> amount_minor")
CHECK(allocations_add_up, "select concat('payment ', p.payment_no) what from payment p "
                          "left join (select payment_id, sum(amount_minor) s from payment_allocation "
                          "where undone_at is null group by payment_id) a on a.payment_id=p.id "
                          "where p.allocated_minor <> coalesce(a.s, 0)")

CHECK(refunds_within, "select concat('payment ', p.payment_no) what from payment p "
                      "join (select payment_id, sum(amount_minor) s from refund "
                      "where state in ('submitted', 'succeeded') group by payment_id) r on r.payment_id=p.id "
                      "where r.s > p.amount_minor")
CHECK(refunded_was_asked, "select concat('payment ', p.payment_no) what from payment p left join (select payment_id, "
    "sum(amount_minor) s from refund_request where status in ('approved', 'paid') and payment_id is not null "
    "group by payment_id) f on f.payment_id=p.id where p.refunded_minor <> coalesce(f.s, 0)")
CHECK(credits_add_up, "select concat('credit_note ', coalesce(n.credit_note_no, n.id)) what from credit_note n "
    "left join (select source_id, sum(amount_minor) s from credit_application where source_type='credit_note' "
    "and undone_at is null group by source_id) x on x.source_id=n.id "
    "where n.kind='credit' and n.applied_minor <> coalesce(x.s, 0)")
CHECK(
    bills_paid_by_parts,
    "select concat('bill ', b.bill_no) what from bill b left join (select target_id, sum(s) s from ("
    "select target_id, amount_minor s from payment_allocation where target_type='bill' and undone_at is null "
    "union all select target_id, amount_minor from credit_application where target_type='bill' and undone_at is "
    "null) z "
    "group by target_id) x on x.target_id=b.id "
    "where b.status in ('published', 'cancelled') and b.kind <> 'migration' and b.paid_minor <> coalesce(x.s, 0)")
CHECK(refunds_within_intent, "select concat('payment_intent ', i.intent_no) what from payment_intent i "
                             "join (select intent_id, currency, sum(amount_minor - unheld_minor) s from refund "
                             "where state in ('submitted', 'succeeded') group by intent_id, currency) r "
                             "on r.intent_id=i.id where r.s > coalesce(if(r.currency=i.currency, i.received_minor, "
                             "i.other_minor), 0)")

CHECK(unheld_is_in_suspense, "select concat('refund ', f.refund_no) what from refund f left join ("
                             "select e.source_id, sum(e.debit_minor - e.credit_minor) s from ledger_entry e "
    "join gl_role r on r.utility_id=e.utility_id and r.gl_code_id=e.gl_code_id and r.posting_key='SUSPENSE' "
    "where e.source_type='refund' and e.txn_type='refund_paid' group by e.source_id) x on x.source_id=f.id "
    "where f.unheld_minor <> 0 and f.unheld_minor <> coalesce(x.s, 0)")

CHECK(unmatched_is_in_suspense, "select concat('payment ', p.payment_no) what from payment p left join ("
                                "select e.source_id, sum(e.credit_minor - e.debit_minor) s from ledger_entry e "
    "join gl_role r on r.utility_id=e.utility_id and r.gl_code_id=e.gl_code_id and r.posting_key='SUSPENSE' "
    "where e.source_type='payment' and e.txn_type='payment' group by e.source_id) x on x.source_id=p.id "
    "where p.account_id is null and p.status <> 'reversed' and coalesce(x.s, 0) <> p.amount_minor")
CHECK(received_is_booked, "select concat('payment_intent ', i.intent_no) what from payment_intent i "
                          "where i.state in ('succeeded', 'partially_refunded', 'refunded') and i.purpose <> 'test' "
                          "and i.succeeded_at < ? - interval 5 minute and not exists (select 1 from payment p "
                          "where p.payment_intent_id=i.id)", c->now)

CHECK(bill_numbers, "select concat('bill numbers of utility ', f.utility_id, ': ', coalesce(s.issued, 0), ' issued, ', "
                    "coalesce(d.n, 0), ' bills') what from id_format f "
                    "left join (select id_format_id, sum(issued) issued from id_sequence "
                    "group by id_format_id) s on s.id_format_id=f.id "
    "left join (select utility_id, count(*) n from bill where bill_no is not null and kind <> 'migration' "
    "group by utility_id) d on d.utility_id=f.utility_id "
    "where f.entity_type='bill' and f.gapless=1 and coalesce(s.issued, 0) <> coalesce(d.n, 0)")
CHECK(receipt_numbers, "select concat('receipt numbers of utility ', f.utility_id, ': ', coalesce(s.issued, 0), ' "
                       "issued, ', coalesce(d.n, 0), ' receipts') what from id_format f "
                       "left join (select id_format_id, sum(issued) issued from id_sequence "
                       "group by id_format_id) s on s.id_format_id=f.id "
    "left join (select utility_id, count(*) n from receipt group by utility_id) d on d.utility_id=f.utility_id "
    "where f.entity_type='receipt' and f.gapless=1 and coalesce(s.issued, 0) <> coalesce(d.n, 0)")
CHECK(credit_note_numbers, "select concat('credit note numbers of utility ', f.utility_id, ': ', coalesce(s.issued, "
                           "0), ' issued, ', coalesce(d.n, 0), ' notes') what from id_format f "
                           "left join (select id_format_id, sum(issued) issued from id_sequence "
                           "group by id_format_id) s on s.id_format_id=f.id "
                           "left join (select utility_id, count(*) n from credit_note where credit_note_no is not null "
    "group by utility_id) d on d.utility_id=f.utility_id where f.entity_type='credit_note' and f.gapless=1 "
    "and coalesce(s.issued, 0) <> coalesce(d.n, 0)")
CHECK(number_gaps, "select concat(series, '...') what "
                   "from (select f.utility_id, f.entity_type, regexp_replace(d.no, '[0-9]+$', '') series, "
                   "count(*) n, count(distinct d.no) numbers, max(cast(regexp_substr(d.no, '[0-9]+$') as unsigned)) - "
                   "min(cast(regexp_substr(d.no, '[0-9]+$') as unsigned)) + 1 span from ("
    "select utility_id, 'bill' entity, bill_no no from bill where bill_no is not null and kind <> 'migration' "
    "union all select utility_id, 'receipt', receipt_no from receipt "
    "union all select utility_id, 'credit_note', credit_note_no from credit_note where credit_note_no is not null) d "
    "join id_format f on f.utility_id=d.utility_id and f.entity_type=d.entity and f.gapless=1 and f.check_digit='none' "
    "and f.seq_increment=1 and json_value(f.parts, '$[-1].part')='sequence' "
    "group by f.utility_id, f.entity_type, series) s where n <> span or n <> numbers")

/* One receipt for all payments of a group, of which the first has its number. */
CHECK(receipts_add_up, "select concat('receipt ', r.receipt_no) what from receipt r "
                       "left join (select utility_id, coalesce(payment_group, receipt_no) paper, sum(amount_minor) s "
                       "from payment where receipt_no is not null or payment_group is not null "
                       "group by utility_id, paper) p on p.utility_id=r.utility_id "
                       "and p.paper=coalesce(r.payment_group, r.receipt_no) where r.amount_minor <> coalesce(p.s, 0)")
CHECK(settlements_add_up, "select concat('settlement ', s.provider_settlement_id) what from settlement s "
                          "left join (select settlement_id, sum(net_minor) net from settlement_line "
                          "group by settlement_id) l on l.settlement_id=s.id "
    "where s.gross_minor - s.fee_minor - s.refund_minor - s.dispute_minor + s.adjustment_minor <> s.net_minor "
    "or (l.net is not null and l.net <> s.net_minor)")
CHECK(tills_add_up, "select concat('till_session ', t.id) what from till_session t where t.state <> 'open' "
                    "and t.counted_minor is not null and t.counted_minor - t.expected_minor <> "
                    "coalesce(t.difference_minor, 0)")
CHECK(deposits_add_up, "select concat('bank_deposit ', d.deposit_no) what from bank_deposit d "
                       "join (select bank_deposit_id, sum(counted_minor - float_minor) s from till_session "
                       "where bank_deposit_id is not null group by bank_deposit_id) t "
                       "on t.bank_deposit_id=d.id where t.s <> d.amount_minor")

/* --- I11 to I13: work under way ----------------------------------------------------------------------------------- */

CHECK(jobs_are_held, "select concat('job ', id) what from smart360.job where tenant_key=? and state='running' "
                     "and (lease_until is null or lease_until < utc_timestamp(6) - interval 2 minute)", c->tenant.id)
CHECK(jobs_have_a_time, "select concat('job ', id) what from smart360.job where tenant_key=? and ((state='ready' "
                        "and run_at is null) or (state in ('done', 'dead', 'cancelled') and ended_at is null))",
      c->tenant.id)

CHECK(webhooks_have_a_next_time, "select concat('webhook_event ', id) what from webhook_event "
                                 "where (state in ('received', 'processing', 'failed') and next_attempt_at is null "
                                 "and received_at < ? - interval 5 minute) "
    "or (state='ignored' and reason is null) or (state='processed' and processed_at is null)", c->now)

CHECK(messages_have_a_key, "select concat('message ', public_id) what from message where channel <> 'inapp' "
                           "and status in ('sent_to_provider', 'sent', 'delivered', 'unknown', 'undelivered', "
                           "'bounced') and idempotency_key is null")
CHECK(messages_come_to_an_end, "select concat('message ', public_id) what from message where (status='unknown' "
                               "and status_check_at is null) or (status='retry' and next_attempt_at is null) "
    "or (status in ('queued', 'retry') and channel <> 'inapp' and expires_at < ? - interval 1 hour)", c->now)
CHECK(calls_come_to_an_end, "select concat('payment_attempt ', a.idempotency_key) what from payment_attempt a "
                            "join payment_intent i on i.id=a.intent_id "
                            "where a.state in ('about_to_call', 'unknown') and a.started_at < ? - interval 15 minute "
    "and i.state in ('created', 'requires_action', 'processing') and i.next_check_at is null", c->now)

/* --- I14: nothing of others --------------------------------------------------------------------------------------- */

CHECK(routes_are_ours, "select concat('webhook_route ', w.endpoint_key) what from smart360.webhook_route w "
                       "where w.tenant_id=? and w.active=1 and ("
                       "(w.source='gateway' and not exists (select 1 from gateway_account g where g.id=w.account_ref "
                       "and g.endpoint_key=w.endpoint_key)) "
    "or (w.source='message' and not exists (select 1 from message_provider m where m.id=w.account_ref "
    "and m.endpoint_key=w.endpoint_key)))", c->tenant)
CHECK(hosts_are_ours, "select concat('portal_host ', h.host) what from smart360.portal_host h where h.tenant_id=? "
                      "and not exists (select 1 from utility u where u.code=h.utility_code)", c->tenant)
CHECK(jobs_are_ours, "select concat('job ', j.id) what from smart360.job j where j.tenant_key=? "
                     "and j.utility_id is not null and not exists (select 1 from utility u where u.id=j.utility_id)",
      c->tenant.id)
CHECK(utilities_agree, "select concat('account ', a.account_no) what from account a "
                       "join consumer k on k.id=a.consumer_id join premise p on p.id=a.premise_id "
                       "where a.utility_id <> k.utility_id or a.utility_id <> p.utility_id "
    "union all select concat('bill ', coalesce(b.bill_no, b.id)) from bill b join account a on a.id=b.account_id "
    "where a.utility_id <> b.utility_id "
    "union all select concat('payment ', p.payment_no) from payment p join account a on a.id=p.account_id "
    "where a.utility_id <> p.utility_id "
    "union all select concat('ledger_entry ', e.id) from ledger_entry e join account a on a.id=e.account_id "
    "where a.utility_id <> e.utility_id")

/* --- I17 ---------------------------------------------------------------------------------------------------------- */

CHECK(closed_stays_closed, "select concat('ledger_entry ', e.id, ' in ', p.label) what from ledger_entry e "
                           "join gl_period p on p.id=e.gl_period_id where p.state='closed' "
                           "and e.posted_at > p.closed_at")
CHECK(entries_are_in_their_period, "select concat('ledger_entry ', e.id, ' of ', e.effective_date) what "
                                   "from ledger_entry e join gl_period p on p.id=e.gl_period_id "
                                   "where e.effective_date not between p.from_date and p.to_date")

/* --- I14, I15: every table that has the column -------------------------------------------------------------------- */

#define TABLE_NAME(F, T) F(T, const char *, table_name)
ROW(TableName, TABLE_NAME)

static TableNames tables_with(Ctx *c, const char *column) {
    return db_all(c, TableName, "select c.table_name from information_schema.columns c "
                                "join information_schema.tables t on t.table_schema=c.table_schema "
                                "and t.table_name=c.table_name "
                                "where c.table_schema=database() and c.column_name=? "
                                "and t.table_type='BASE TABLE' order by c.table_name", column);
}

typedef struct Tally { Breach b; Ctx *c; const char *table; } Tally;

static void tally(void *arg, const DbColumn *column, int n) {
    Tally *t = arg;
    if (n != 2 || column[0].is_null || !column[0].n) return;
    if (!t->b.n)
        t->b.first = text(t->c, "%s %.*s", t->table, (int)column[1].size, column[1].text ? column[1].text : "");
    t->b.n += column[0].n;
}

/* Names come from the schema itself and hold plain letters only. */
static Breach over_tables(Ctx *c, const char *column, const char *(*sql)(Ctx *c, const char *table)) {
    TableNames l = tables_with(c, column);
    Tally t = { .c = c };
    for (size_t i = 0; i < l.n; i++) {
        t.table = l.v[i].table_name;
        if (strspn(t.table, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(t.table)) continue;
        db_columns(c, sql(c, t.table), NULL, 0, tally, &t, false);
    }
    return t.b;
}

static const char *foreign_utilities(Ctx *c, const char *table) {
    return text(c, "select count(*), cast(min(x.utility_id) as char) from (select distinct utility_id from `%s` "
                   "where utility_id is not null) x left join utility u on u.id=x.utility_id where u.id is null",
                table);
}

/* Versions 2 to n of a record each have their audit row. */
static const char *unaudited(Ctx *c, const char *table) {
    return text(c, "select count(*), cast(min(x.id) as char) from (select r.id, r.row_version, count(distinct "
                   "a.version) n from `%s` r left join audit_entry a on a.entity='%s' and a.entity_id=r.id "
                   "and a.version between 2 and r.row_version where r.row_version > 1 group by r.id, r.row_version) x "
                   "where x.n <> x.row_version - 1", table, table);
}

static Breach utilities_exist(Ctx *c)  { return over_tables(c, "utility_id", foreign_utilities); }
static Breach changes_are_audited(Ctx *c) { return over_tables(c, "row_version", unaudited); }
CHECK(versions_once, "select concat(entity, ' ', entity_id, ' version ', version) what from audit_entry "
                     "where version is not null and entity_id is not null "
                     "group by entity, entity_id, version having count(*) > 1")

/* --- I16 ---------------------------------------------------------------------------------------------------------- */

static Breach seals_hold(Ctx *c) {
    Breach b = { 0 };
    b.n = seals_broken(c, &b.first);
    return b;
}

#define HASHED(F, T) F(T, Id, id) F(T, Bytes, value_hash) F(T, Bytes, salt) F(T, const char *, before_value) \
    F(T, const char *, after_value)
ROW(Hashed, HASHED)

static void hash_check(Ctx *c, void *row, void *arg) {
    const Hashed *h = row;
    Breach *b = arg;
    uint8_t hash[32];
    ArenaMark m = mark(c);
    audit_hash(c, h->salt, h->before_value, h->after_value, hash);
    rewind_to(c, m);
    if (h->value_hash.n == 32 && !memcmp(hash, h->value_hash.p, 32)) return;
    if (!b->n++) b->first = text(c, "audit_entry %lld", (long long)h->id.id);
}

static Breach values_match(Ctx *c) {
    Breach b = { 0 };
    Id after = { 0 }, last = { db_int(c, "select max(id) from audit_entry") };
    for (; after.id < last.id; after.id += 5000) {
        ArenaMark m = mark(c);
        Breach some = { 0 };
        db_each(c, Hashed, hash_check, &some, "select e.id, e.value_hash, v.salt, v.before_value, v.after_value "
                                              "from audit_entry e join audit_value v on v.audit_id=e.id "
                                              "where e.id > ? and e.id <= ? + 5000 and v.blanked_at is null", after,
                after);
        char first[80] = "";
        if (some.n) snprintf(first, sizeof first, "%s", some.first);
        rewind_to(c, m);
        if (some.n && !b.n) b.first = text_copy(c, first);
        b.n += some.n;
    }
    return b;
}
CHECK(values_are_there, "select concat('audit_entry ', e.id) what from audit_entry e "
                        "left join audit_value v on v.audit_id=e.id "
                        "where e.value_hash is not null and v.audit_id is null")

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct { const char *text; Check check[6]; } invariants[INVARIANTS] = {
    { "sets of the ledger balance",                    { sets_balance, entries_belong } },
    { "the ledger sums to 0; balances are sums",
      { ledger_is_zero, balances_are_sums, owed_is_a_sum, ledger_sums_are_sums,
        period_balances_are_sums } },
    { "nothing posted is changed; reversed once",      { reversed_once, reversals_mirror, append_only_rights } },
    { "bill = its lines = what was posted",            { bills_are_sums, bills_are_posted, cancelled_bills_are_reversed,
        live_bills_are_not_reversed } },
    { "one live bill a period, no overlap, no hole",   { one_live_bill, segments_do_not_overlap, usage_is_a_chain } },
    { "a reading is billed once",                      { reading_once, billed_usage_has_its_bill } },
    { "a payment is posted once and adds up",          { provider_payment_once, payment_posted_once, payment_adds_up,
        allocations_add_up, bills_paid_by_parts, credits_add_up } },
    { "refunds within what was received",              { refunds_within, refunds_within_intent, refunded_was_asked,
                                                        unheld_is_in_suspense } },
    { "unmatched money stands in suspense",            { unmatched_is_in_suspense, received_is_booked } },
    { "legal numbers without gap or double",           { bill_numbers, receipt_numbers, credit_note_numbers,
        number_gaps } },
    { "jobs are ready, held or ended",                 { jobs_are_held, jobs_have_a_time } },
    { "webhooks are done or have a next time",         { webhooks_have_a_next_time } },
    { "messages and calls have a key and an end",      { messages_have_a_key, messages_come_to_an_end,
        calls_come_to_an_end } },
    { "nothing refers to others",                      { routes_are_ours, hosts_are_ours, jobs_are_ours,
        utilities_agree, utilities_exist } },
    { "every change has its version and audit row",    { changes_are_audited, versions_once } },
    { "seals hold",                                    { seals_hold, values_match, values_are_there } },
    { "closed periods stay closed",                    { closed_stays_closed, entries_are_in_their_period } },
    { "files, drawers and deposits add up",            { receipts_add_up, settlements_add_up, tills_add_up,
        deposits_add_up } },
};

const char *invariant_text(int no) { return invariants[no - 1].text; }

Breach invariant_check(Ctx *c, int no) {
    Breach all = { 0 };
    const Check *check = invariants[no - 1].check;
    for (int i = 0; i < 6 && check[i]; i++) {
        Breach b = check[i](c);
        if (b.n && !all.n) all.first = b.first;
        all.n += b.n;
    }
    return all;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

typedef struct Options { const char *tenant; int bad; } Options;

static void verify_tenant(Ctx *c, void *options) {
    Options *o = options;
    printf("tenant %s\n", c->tenant_slug);
    for (int no = 1; no <= INVARIANTS; no++) {
        Breach b = invariant_check(c, no);
        if (b.n) printf("I%d BAD %lld first=%s  (%s)\n", no, (long long)b.n, b.first ? b.first : "?",
                        invariant_text(no));
        else printf("I%d ok 0\n", no);
        o->bad += b.n > 0;
    }
}

static void verify_work(Ctx *c, void *options) {
    Options *o = options;
    TenantRows l = tenants_all(c);
    int seen = 0;
    for (size_t i = 0; i < l.n; i++) {
        if (o->tenant && strcmp(o->tenant, l.v[i].slug)) continue;
        ArenaMark m = mark(c);
        tenant_enter(c, &l.v[i]);
        db_tx(c, DB_READ, verify_tenant, o, NULL);
        tenant_leave(c);
        rewind_to(c, m);
        tenant_leave(c);
        seen++;
    }
    if (o->tenant && !seen) fail(c, NOT_FOUND, "There is no tenant %s.", o->tenant);
}

int verify_command(int argc, char **argv) {
    Options o = { 0 };
    if (argc == 3 && !strcmp(argv[1], "--tenant")) o.tenant = argv[2];
    else if (argc != 1) return command_misuse(argv[0], "takes nothing or --tenant SLUG");
    int status = command_run(COMMAND_LONG, verify_work, &o);
    return status ? status : o.bad > 0;
}
