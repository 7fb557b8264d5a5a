/*
 * The checker finds each invariant's breach: one row is damaged (past keys and checks, as a careless hand would), the
 * checker must say BAD for that invariant, and after the rollback ok again.
 */
#include "app/billing/ledger_sum.h"
#include "app/core/verify.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "tests/database.h"

typedef struct Damage { int no; const char *what; const char *sql[6]; } Damage;

static const Damage damages[] = {
    { 1,  "a set without lines",
      { "insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, currency, effective_date, "
        "gl_period_id, total_minor, line_count, posted_at) "
        "values (1, 1, 'x', 't', 's', 1, 'USD', '2026-04-01', 1, 5, 2, '2026-04-01')" } },
    { 1,  "a set that does not balance", {
        "insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, currency, effective_date, "
        "gl_period_id, total_minor, line_count, posted_at) "
        "values (1, 1, 'x', 't', 's', 1, 'USD', '2026-04-01', 1, 5, 2, '2026-04-01')",
        "insert into ledger_entry (txn_id, line_no, txn_type, utility_id, gl_code_id, debit_minor, credit_minor, "
        "effective_date, gl_period_id, posted_at, source_type, source_id) values (1, 1, 't', 1, 1, 5, 0, '2026-04-01', "
        "1, '2026-04-01', 's', 1), (1, 2, 't', 1, 1, 0, 4, '2026-04-01', 1, '2026-04-01', 's', 1)" } },
    { 2,  "a balance without lines",
      { "insert into account (id, utility_id, account_no, portal_code, consumer_id, premise_id, category_id, currency, "
        "balance_minor) values (1, 1, 'A1', 'x', 1, 1, 1, 'USD', 5)" } },
    { 2, "a total of what is owed that is nobody's bill",
      { "insert into bill_owed (utility_id, due_date, amount_minor) values (1, '2026-05-22', 5)" } },
    { 2, "a sum of the ledger that has no entries",
      { "insert into ledger_sum (gl_period_id, gl_code_id, utility_id, debit_minor) values (1, 1, 1, 5)" } },
    { 3,  "a reversal that is no mirror", {
        "insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, currency, effective_date, "
        "gl_period_id, total_minor, line_count, posted_at, reversal_of_txn_id) values "
        "(1, 1, 'x', 't', 's', 1, 'USD', '2026-04-01', 1, 5, 2, '2026-04-01', null), (2, 1, 'y', 'r', 's', 1, 'USD', "
        "'2026-04-01', 1, 4, 2, '2026-04-01', 1)",
        "insert into ledger_entry (txn_id, line_no, txn_type, utility_id, gl_code_id, debit_minor, credit_minor, "
        "effective_date, gl_period_id, posted_at, source_type, source_id) values "
        "(1, 1, 't', 1, 1, 5, 0, '2026-04-01', 1, '2026-04-01', 's', 1), (1, 2, 't', 1, 2, 0, 5, '2026-04-01', "
        "1, '2026-04-01', 's', 1), "
        "(2, 1, 'r', 1, 2, 4, 0, '2026-04-01', 1, '2026-04-01', 's', 1), (2, 2, 'r', 1, 1, 0, 4, "
        "'2026-04-01', 1, '2026-04-01', 's', 1)" } },
    { 4,  "a bill that is not its lines",
      { "insert into bill (id, utility_id, account_id, consumer_id, bill_no, period_start, period_end, days, "
        "bill_date, due_date, currency, status, total_minor) values (1, 1, 1, 1, 'B1', '2026-04-01', '2026-04-30', 30, "
        "'2026-05-01', '2026-05-22', 'USD', 'published', 100)" } },
    { 5,  "two bills for the same days", {
        "insert into bill (id, utility_id, account_id, consumer_id, bill_no, period_start, period_end, days, "
        "bill_date, due_date, currency, status) values "
        "(1, 1, 1, 1, 'B1', '2026-04-01', '2026-04-30', 30, '2026-05-01', '2026-05-22', 'USD', 'published'), (2, 1, 1, "
        "1, 'B2', '2026-04-30', '2026-05-31', 32, '2026-06-01', '2026-06-22', 'USD', 'published')",
        "insert into bill_segment (bill_id, seq, service_connection_id, tariff_plan_id, segment_start, segment_end, "
        "days) values (1, 1, 1, 1, '2026-04-01', '2026-04-30', 30), (2, 1, 1, 1, '2026-04-30', '2026-05-31', 32)" } },
    { 5,  "a hole between two billed uses", {
        "insert into usage_segment (utility_id, service_connection_id, account_id, meter_id, register_id, "
        "from_reading_id, to_reading_id, from_at, to_at, from_on, to_on, days, quantity_e3, unit, billing_quantity_e3, "
        "billing_unit, billing_status, bill_id) values "
        "(1, 1, 1, 1, 1, 1, 2, '2026-03-31', '2026-04-30', '2026-03-31', '2026-04-30', 30, 1, 'CCF', 1, 'CCF', "
        "'billed', 1), (1, 1, 1, 1, 1, 3, 4, '2026-05-02', '2026-05-31', '2026-05-02', '2026-05-31', 29, 1, "
        "'CCF', 1, 'CCF', 'billed', 1)" } },
    { 6,  "use that is billed by no bill", {
        "insert into usage_segment (utility_id, service_connection_id, account_id, meter_id, register_id, "
        "to_reading_id, from_at, to_at, from_on, to_on, days, quantity_e3, unit, billing_quantity_e3, billing_unit, "
        "billing_status, bill_id) values "
        "(1, 1, 1, 1, 1, 2, '2026-03-31', '2026-04-30', '2026-03-31', '2026-04-30', 30, 1, "
        "'CCF', 1, 'CCF', 'billed', 77)" } },
    { 7,  "a payment that is not posted",
      { "insert into payment (id, utility_id, payment_no, account_id, channel_id, mode_id, amount_minor, currency, "
        "unallocated_minor, received_at, value_date) values (1, 1, 'P1', 1, 1, 1, 100, 'USD', 100, "
        "'2026-04-01', '2026-04-01')" } },
    { 7,  "parts that are not the whole",
      { "insert into payment (id, utility_id, payment_no, account_id, channel_id, mode_id, amount_minor, currency, "
        "unallocated_minor, received_at, value_date) values (1, 1, 'P1', 1, 1, 1, 100, 'USD', 90, "
        "'2026-04-01', '2026-04-01')" } },
    { 8,  "refunds above the payment", {
        "insert into payment (id, utility_id, payment_no, account_id, channel_id, mode_id, amount_minor, currency, "
        "unallocated_minor, received_at, value_date) values (1, 1, 'P1', 1, 1, 1, 100, 'USD', 100, "
        "'2026-04-01', '2026-04-01')",
        "insert into refund (utility_id, refund_no, payment_id, gateway_account_id, amount_minor, currency) "
        "values (1, 'R1', 1, 1, 60, 'USD'), (1, 'R2', 1, 1, 60, 'USD')" } },
    { 7,  "a bill that nobody paid", {
        "insert into bill (id, utility_id, account_id, consumer_id, bill_no, period_start, period_end, days, "
        "bill_date, due_date, currency, status, paid_minor) values (1, 1, 1, 1, 'B1', '2026-04-01', '2026-04-30', 30, "
        "'2026-05-01', '2026-05-22', 'USD', 'published', 5)" } },
    { 7,  "a credit that paid nothing", {
        "insert into credit_note (utility_id, account_id, reason_code, amount_minor, currency, status, applied_minor) "
        "values (1, 1, 'goodwill', 100, 'USD', 'applied', 100)" } },
    { 8,  "a refund that nobody asked for", {
        "insert into payment (id, utility_id, payment_no, account_id, channel_id, mode_id, amount_minor, currency, "
        "refunded_minor, received_at, value_date) values (1, 1, 'P1', 1, 1, 1, 100, 'USD', 100, '2026-04-01', "
        "'2026-04-01')" } },
    { 8,  "a refund above its payment that stands nowhere", {
        "insert into refund (utility_id, refund_no, gateway_account_id, amount_minor, unheld_minor, currency) "
        "values (1, 'R1', 1, 60, 60, 'USD')" } },
    { 9,  "unmatched money that is nowhere",
      { "insert into payment (id, utility_id, payment_no, account_id, channel_id, mode_id, amount_minor, currency, "
        "unallocated_minor, received_at, value_date) values (1, 1, 'P1', null, 1, 1, 100, 'USD', 100, "
        "'2026-04-01', '2026-04-01')" } },
    { 9,  "a success without a payment",
      { "insert into payment_intent (utility_id, intent_no, amount_minor, currency, state, expires_at, "
        "idempotency_key, succeeded_at) "
        "values (1, 'PI-1', 100, 'USD', 'succeeded', '2026-04-01', 'k', '2020-01-01')" } },
    { 10, "a gap in the bill numbers", {
        "insert into bill (utility_id, account_id, consumer_id, bill_no, period_start, period_end, days, bill_date, "
        "due_date, currency, status) values "
        "(1, 1, 1, 'WA-BILL-202604-000001', '2026-04-01', '2026-04-30', 30, '2026-05-01', '2026-05-22', 'USD', "
        "'published'), (1, 1, 1, 'WA-BILL-202604-000003', '2026-05-01', '2026-05-31', 31, '2026-06-01', "
        "'2026-06-22', 'USD', 'published')",
        "insert into id_sequence (id_format_id, period_key, next_value, issued) select id, 'test', 3, 2 from id_format "
        "where utility_id=1 and entity_type='bill'" } },
    { 10, "a receipt number that nobody issued",
      { "insert into receipt (utility_id, receipt_no, payment_id, issued_at, issued_on, amount_minor, currency, items, "
        "mode_name) values (1, 'X1', 1, '2026-04-01', '2026-04-01', 5, 'USD', '[]', 'Cash')" } },
    { 11, "a job nobody holds", { "insert into smart360.job (tenant_id, kind, class, state, run_at, lease_until) "
                                  "select id, 'x', 'general', 'running', utc_timestamp(6), utc_timestamp(6) - interval "
                                  "3 minute from smart360.tenant where slug='swa'" } },
    { 12, "a webhook that waits for nothing",
      { "insert into webhook_event (source, account_ref, driver, provider_event_id, type, received_at) "
        "values ('gateway', 1, 'stripe', 'e', 't', '2020-01-01')" } },
    { 13, "an unknown message nobody asks for",
      { "insert into message (utility_id, channel, class, topic, to_address, to_hash, lang, expires_at, status, "
        "idempotency_key) values (1, 'sms', 'service', 't', '+1', '', 'en', '2030-01-01', 'unknown', 'k')" } },
    { 14, "a row of another utility", { "insert into department (utility_id, name) values (999, 'x')" } },
    { 15, "a change without its audit row", { "insert into setting (utility_id, `key`, value, row_version) "
                                              "values (1, 'damaged', '1', 3)" } },
    { 16, "a value that was changed", { "insert into audit_entry (id, at, actor_kind, action, entity, value_hash) "
                                        "values (900000, '2026-04-01', 'system', 'edit', 'x', repeat('a', 32))",
                                        "insert into audit_value (audit_id, salt, after_value) "
                                        "values (900000, repeat('b', 16), '{}')" } },
    { 16, "a sealed row that was changed",
      { "insert into seal_block (chain, chain_utility_id, block_no, first_id, last_id, row_count, previous_hash, hash) "
        "values ('audit', 0, 1, 1, 5, 5, repeat('\\0', 32), repeat('x', 32))" } },
    { 17, "a posting into a closed period", {
        "insert into gl_period (id, utility_id, label, from_date, to_date, state, closed_at) "
        "values (900, 1, '2020-01', '2020-01-01', '2020-01-31', 'closed', '2020-02-05')",
        "insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, currency, effective_date, "
        "gl_period_id, total_minor, line_count, posted_at) "
        "values (1, 1, 'x', 't', 's', 1, 'USD', '2020-01-15', 900, 5, 2, '2020-02-06')",
        "insert into ledger_entry (txn_id, line_no, txn_type, utility_id, gl_code_id, debit_minor, credit_minor, "
        "effective_date, gl_period_id, posted_at, source_type, source_id) values (1, 1, 't', 1, 1, 5, 0, '2020-01-15', "
        "900, '2020-02-06', 's', 1)" } },
    { 18, "a receipt that is not its payments",
      { "insert into receipt (utility_id, receipt_no, payment_id, issued_at, issued_on, amount_minor, currency, items, "
        "mode_name) values (1, 'X1', 1, '2026-04-01', '2026-04-01', 5, 'USD', '[]', 'Cash')" } },
    { 0 } };

static Breach seen;

static void damage_and_look(Ctx *c, void *arg) {
    const Damage *d = arg;
    static const char past_checks[] = "set session foreign_key_checks=0, unique_checks=0, "
                                      "check_constraint_checks=0, sql_mode=''";
    db_script(c, past_checks, sizeof past_checks - 1);
    for (int i = 0; i < 6 && d->sql[i]; i++) db_script(c, d->sql[i], strlen(d->sql[i]));
    seen = invariant_check(c, d->no);
    fail(c, CONFLICT, "%s", seen.first ? seen.first : "nothing found");     /* rolled back */
}

static void each_damage(void) {
    for (const Damage *d = damages; d->no; d++) {
        Ctx *c = test_ctx();
        seen = (Breach){ 0 };
        CU_ASSERT_FALSE(in_tx(c, damage_and_look, (void *)(uintptr_t)d));
        if (c->failure.status != CONFLICT || !seen.n)
            fprintf(stderr, "\nI%d, %s: %s\n", d->no, d->what, c->failure.text);
        CU_ASSERT_TRUE(c->failure.status == CONFLICT && seen.n > 0);
    }
}

static void look(Ctx *c, void *arg) {
    (void)arg;
    for (int no = 1; no <= INVARIANTS; no++) {
        Breach b = invariant_check(c, no);
        if (b.n) fprintf(stderr, "\nI%d %s: %s\n", no, invariant_text(no), b.first);
        SAME_INT(b.n, 0);
    }
}

static void clean(void) { CU_ASSERT_TRUE(in_tx(test_ctx(), look, NULL)); }

/* --- the sums of the ledger --------------------------------------------------------------------------------------- */

static void post(Ctx *c, int id, const char *posted_at, int64_t minor) {
    static const char past_keys[] = "set session foreign_key_checks=0";
    db_script(c, past_keys, sizeof past_keys - 1);
    const char *sql = text(c, "insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, "
        "currency, effective_date, gl_period_id, total_minor, line_count, posted_at) values (%d, 1, 'x%d', 't', 's', "
        "%d, 'USD', '2026-04-01', 1, %lld, 2, '%s')", id, id, id, (long long)minor, posted_at);
    db_script(c, sql, strlen(sql));
    sql = text(c, "insert into ledger_entry (txn_id, line_no, txn_type, utility_id, gl_code_id, debit_minor, "
        "credit_minor, effective_date, gl_period_id, posted_at, source_type, source_id) values (%d, 1, 't', 1, 1, "
        "%lld, 0, '2026-04-01', 1, '%s', 's', 1), (%d, 2, 't', 1, 2, 0, %lld, '2026-04-01', 1, '%s', 's', 1)", id,
        (long long)minor, posted_at, id, (long long)minor, posted_at);
    db_script(c, sql, strlen(sql));
}

static int64_t summed(Ctx *c, int64_t code) {
    return db_int(c, "select coalesce(sum(debit_minor - credit_minor), 0) from ledger_sum where gl_code_id=?", code);
}

/* Old entries are in the sums, young ones behind them; what balances say is the same before and after, and what a
 * purge deletes has left the sums. */
static void sum_up(Ctx *c, void *arg) {
    (void)arg;
    Id code = { 1 };
    int64_t before = ledger_rest(c, code).minor;
    post(c, 9001, "2020-04-01", 500);
    post(c, 9002, "2020-04-02", 70);
    post(c, 9003, "2999-01-01", 3);
    SAME_INT(ledger_rest(c, code).minor, before + 573);
    while (ledger_sum_more(c, 60)) continue;
    SAME_INT(summed(c, 1), before + 570);
    SAME_INT(summed(c, 2), (before + 500) * -1);            /* its newest line is left for the next time */
    SAME_INT(ledger_rest(c, code).minor, before + 573);
    SAME_INT(ledger_rest(c, (Id){ 0 }).minor, 0);
    SAME_INT(invariant_check(c, 2).n, 0);
    CU_ASSERT_FALSE(ledger_sum_more(c, 60));
    SAME_INT(summed(c, 1), before + 570);
    ledger_sum_without(c, "[9002, 9003]");
    db_run(c, "delete from ledger_entry where txn_id in (9002, 9003)");
    SAME_INT(summed(c, 1), before + 500);
    SAME_INT(invariant_check(c, 2).n, 0);
    SAME_INT(ledger_rest(c, code).minor, before + 500);
    fail(c, CONFLICT, "rolled back");
}

static void sums(void) {
    Ctx *c = test_ctx();
    CU_ASSERT_FALSE(in_tx(c, sum_up, NULL));
    SAME_TEXT(c->failure.text, "rolled back");
}

static void every_one_is_damaged(void) {
    bool tried[INVARIANTS + 1] = { 0 };
    for (const Damage *d = damages; d->no; d++) tried[d->no] = true;
    for (int no = 1; no <= INVARIANTS; no++) CU_ASSERT_TRUE(tried[no]);
}

int main(int argc, char **argv) {
    beside_database(argc, argv, "BASE");
    return suite_run("verify",
                     (SuiteTest[]){ { "BASE is clean", clean }, { "one damaged row for each invariant is found",
        each_damage }, { "it is clean again", clean },
                                              { "every invariant is tried", every_one_is_damaged },
                                              { "the ledger is summed up to an entry", sums }, { 0 } });
}
