/*
 * What billing takes away when a utility goes live (ONB-GUIDED.6): bills, runs, charges and the ledger of the trial.
 * The opening balances of the old system stay, as if nothing had been paid or billed of them; cycles and periods stay
 * and are open again. Order: lines before what they hang on.
 */
#include "app/billing/ledger_sum.h"
#include "app/billing/pages.h"
#include "app/core/core.h"
#include "lib/db.h"

static int64_t bills(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from bill where utility_id = ? "
                                 "and kind <> 'migration' order by id limit 500) b", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "print_batch_item x on x.bill_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "bill_delivery x on x.bill_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "bill_note x on x.bill_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "bill_line x on x.bill_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "bill_segment x on x.bill_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "bill x on x.id = j.id", ids);
}

/* Bills that were taken together, with their files. */
static int64_t sets(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from bill_set where utility_id = ? "
                                 "order by id limit 20) s", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "bill_set_item x on x.set_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "bill_set x on x.id = j.id", ids);
}

static int64_t set_files(Ctx *c)        { return documents_purge(c, "bill_set"); }
static int64_t bill_files(Ctx *c)       { return documents_purge(c, "bill"); }
static int64_t statement_files(Ctx *c)  { return documents_purge(c, "statement"); }
static int64_t export_files(Ctx *c)     { return documents_purge(c, "gl_export_batch"); }

static int64_t runs(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from bill_run where utility_id = ? "
                                 "order by id limit 5) r", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "bill_run_place x on x.run_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "bill_run_reading x on x.run_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "bill_run_item x on x.run_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "bill_run x on x.id = j.id", ids);
}

static int64_t simulations(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from bill_simulation where utility_id = ? "
                                 "order by id limit 500) s", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "bill_simulation_result x on x.simulation_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "bill_simulation x on x.id = j.id", ids);
}

static int64_t gl_exports(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from gl_export_batch where utility_id = ? "
                                 "order by id limit 5) b", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "gl_export_entry x on x.batch_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "gl_export_batch x on x.id = j.id", ids);
}

/* What stays are balances taken over, and such as were taken back. */
static int64_t ledger(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from ledger_txn where utility_id = ? "
                                 "and source_type <> 'import_batch' order by id limit 500) t", c->utility);
    if (!ids) return 0;
    ledger_sum_without(c, ids);
    db_run(c, "delete x " OF_CHUNK "ledger_entry x on x.txn_id = j.id", ids);
    db_run(c, "update ledger_txn t join json_table(?, '$[*]' columns (id bigint unsigned path '$')) j "
              "on t.reversal_of_txn_id = j.id set t.reversal_of_txn_id = null", ids);
    return db_run(c, "delete x " OF_CHUNK "ledger_txn x on x.id = j.id", ids);
}

SANDBOX_PURGE(exceptions, "delete from bill_exception where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(approvals, "delete from bill_approval where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(drafts, "delete from single_bill_draft where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(groups, "delete from bill_group where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(print_batches, "delete from print_batch where utility_id = ? limit 500", c->utility)
SANDBOX_PURGE(rounds, "delete from paper_round where utility_id = ? limit 500", c->utility)
SANDBOX_PURGE(journals, "delete from gl_journal where utility_id = ? limit 500", c->utility)
SANDBOX_PURGE(charges, "delete from charge where utility_id = ? and source_type <> 'import_batch' limit 2000",
              c->utility)
/* Of balances taken over, what an agreement taken over is about is closed by it. */
SANDBOX_PURGE(charges_open, "update charge h join (select k.id, coalesce(sum(if(g.import_batch_id is null, 0, "
              "i.amount_minor)), 0) as covered from charge k left join payment_agreement_item i on i.item_type = "
              "'charge' and i.item_id = k.id left join payment_agreement g on g.id = i.agreement_id where k.utility_id "
              "= ? and k.source_type = 'import_batch' and k.status <> 'voided' group by k.id having max(k.paid_minor) "
              "<> covered or max(k.bill_id) is not null or max(k.status) <> 'pending' order by k.id limit 2000) x "
              "on x.id = h.id set h.paid_minor = x.covered, h.bill_id = null, h.status = 'pending'", c->utility)
SANDBOX_PURGE(owed, "delete from bill_owed where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(days, "delete from billing_daily_total where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(months, "delete from billing_month_figure where utility_id = ? limit 500", c->utility)
SANDBOX_PURGE(sums, "delete from ledger_sum where utility_id = ? and debit_minor = 0 and credit_minor = 0 limit 2000",
              c->utility)
SANDBOX_PURGE(period_sums, "delete b from gl_period_balance b join gl_period p on p.id = b.gl_period_id "
              "where p.utility_id = ?", c->utility)
SANDBOX_PURGE(gl_periods, "update gl_period set state = 'open', checklist = null, closed_at = null, closed_by = null "
              "where utility_id = ? and state <> 'open'", c->utility)
SANDBOX_PURGE(periods, "update bill_cycle_period set state = 'open' where utility_id = ? "
              "and state in ('running', 'billed', 'closed') limit 2000", c->utility)

/* To add one: its row before the rows of what it hangs on, its words setup.purge.<what> in guide.msg. */
const SandboxPurge billing_purges[] = {
    { "bills",      sets },
    { "bills",      set_files },
    { "bills",      bills },
    { "bills",      bill_files },
    { "bills",      statement_files },
    { "bills",      exceptions },
    { "bills",      approvals },
    { "bills",      drafts },
    { "bills",      groups },
    { "bills",      print_batches },
    { "bills",      rounds },
    { "runs",       runs },
    { "runs",       simulations },
    { "runs",       periods },
    { "ledger",     gl_exports },
    { "ledger",     export_files },
    { "ledger",     journals },
    { "ledger",     ledger },
    { "ledger",     sums },
    { "ledger",     period_sums },
    { "ledger",     gl_periods },
    { "charges",    charges },
    { "charges",    charges_open },
    { "figures",    owed },
    { "figures",    days },
    { "figures",    months },
    { 0 }
};
