/*
 * Sums of the ledger by period and code (BX05US01, BX01US03 stage 5): the entries of a large utility are millions, and
 * the chart of accounts, the trial balance and the checks of a run want to know their sums now. A job adds what is some
 * minutes old to ledger_sum; who reads adds the entries behind it. Nobody who posts waits for a row that others change.
 */
#include "app/billing/ledger_sum.h"

#include "app/billing/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

enum { SUM_MARGIN_S = 5 * 60 };

#define STRETCH(F, T) F(T, Id, newest_id) F(T, int64_t, entries)
ROW(Stretch, STRETCH)

/* The newest of the stretch is left for the next time: the statement locks up to the entry behind its last one, and
   that has to be an old one. Behind the newest stands who posts now, and would have to wait, or be waited for. */
bool ledger_sum_more(Ctx *c, int64_t margin_s) {
    int64_t after = db_int(c, "select entry_id from ledger_sum_mark for update");
    const Stretch *s = db_one(c, Stretch, "select coalesce(max(id), 0) as newest_id, count(*) as entries from (select "
                                          "id from ledger_entry where id > ? and posted_at < ? order by id limit ?) e",
                              after, time_add_seconds(c->now, -margin_s), (int)LEDGER_SUM_ROWS);
    if (s->entries < 2) return false;
    db_run(c, "insert into ledger_sum (gl_period_id, gl_code_id, utility_id, debit_minor, credit_minor) "
              "select e.gl_period_id, e.gl_code_id, e.utility_id, sum(e.debit_minor), sum(e.credit_minor) "
              "from ledger_entry e where e.id > ? and e.id < ? group by e.gl_period_id, e.gl_code_id, e.utility_id "
              "on duplicate key update debit_minor = ledger_sum.debit_minor + values(debit_minor), "
              "credit_minor = ledger_sum.credit_minor + values(credit_minor)", after, s->newest_id);
    db_must(c, 1, CONFLICT, "update ledger_sum_mark set entry_id = ? where entry_id = ?", s->newest_id.id - 1, after);
    return s->entries == LEDGER_SUM_ROWS;
}

JobStep ledger_sum_job(Ctx *c, const JobRow *job) {
    (void)job;
    return ledger_sum_more(c, SUM_MARGIN_S) ? STEP_AGAIN : STEP_DONE;
}

void ledger_sum_without(Ctx *c, const char *txns) {
    int64_t summed = db_int(c, "select entry_id from ledger_sum_mark for update");
    db_run(c, "update ledger_sum s join (select e.gl_period_id, e.gl_code_id, sum(e.debit_minor) as debit, "
              "sum(e.credit_minor) as credit from json_table(?, '$[*]' columns (id bigint unsigned path '$')) j "
              "straight_join ledger_entry e on e.txn_id = j.id and e.id <= ? group by e.gl_period_id, e.gl_code_id) x "
              "on x.gl_period_id = s.gl_period_id and x.gl_code_id = s.gl_code_id "
              "set s.debit_minor = s.debit_minor - x.debit, s.credit_minor = s.credit_minor - x.credit", txns, summed);
}

Money ledger_rest(Ctx *c, Id gl_code) {
    Money before = db_money(c, "select cast(coalesce(sum(debit_minor - credit_minor), 0) as signed) from ledger_sum "
                               "where utility_id = ? and (? = 0 or gl_code_id = ?)", c->utility, gl_code.id,
                            gl_code.id);
    return money_add(before, db_money(c, "select cast(coalesce(sum(debit_minor - credit_minor), 0) as signed) "
                                         "from ledger_entry where id > " LEDGER_SUMMED " and utility_id = ? "
                                         "and (? = 0 or gl_code_id = ?)", c->utility, gl_code.id, gl_code.id));
}
