/*
 * The trial balance of a large ledger (BX01US03, checklist; I2): the ledger of a utility with 50,000 accounts has
 * millions of entries, and no page reads them all. A job adds up entries that are old enough to be complete; who asks
 * adds what came since.
 */
#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"

enum { SUM_AT_ONCE = 100000, COMPLETE_AFTER_S = 15 * 60 };

#define SUM_ROW(F, T) F(T, Id, through) F(T, int64_t, difference)
ROW(SumRow, SUM_ROW)
#define MORE_ROW(F, T) F(T, Money, debit) F(T, Money, credit)
ROW(MoreRow, MORE_ROW)

bool ledger_is_balanced(Ctx *c) {
    SumRow *s = db_find(c, SumRow, "select through_id as through, debit_minor - credit_minor as difference "
                                   "from ledger_sum where utility_id=?", c->utility);
    if (!s)                             /* nothing is added up yet: by the index of codes alone */
        return !db_int(c, "select coalesce(sum(e.debit_minor), 0) - coalesce(sum(e.credit_minor), 0) "
                          "from gl_code g straight_join ledger_entry e force index (ledger_code) on e.gl_code_id=g.id "
                          "where g.utility_id=?", c->utility);
    return !(s->difference + db_int(c, "select coalesce(sum(debit_minor), 0) - coalesce(sum(credit_minor), 0) "
                                       "from ledger_entry force index (primary) where id>? and utility_id=?",
                                    s->through, c->utility));
}

/* Locking reads wait for whoever still writes entries of the range: what is added up is complete. */
JobStep ledger_sum_job(Ctx *c, const JobRow *job) {
    (void)job;
    db_run(c, "insert ignore into ledger_sum (utility_id) values (?)", c->utility);
    Id through = db_id(c, "select through_id from ledger_sum where utility_id=? for update", c->utility);
    Id last = db_id(c, "select coalesce(max(id), 0) from (select id from ledger_entry force index (primary) where id>? "
                       "and utility_id=? and posted_at<? order by id limit ?) x", through, c->utility,
                    time_add_seconds(c->now, -COMPLETE_AFTER_S), (int)SUM_AT_ONCE);
    if (!last.id) return STEP_DONE;
    MoreRow *more = db_one(c, MoreRow, "select coalesce(sum(debit_minor), 0) as debit, coalesce(sum(credit_minor), 0) "
                                       "as credit from ledger_entry force index (primary) where id>? and id<=? "
                                       "and utility_id=? lock in share mode", through, last, c->utility);
    db_must(c, 1, CONFLICT, "update ledger_sum set through_id=?, debit_minor=debit_minor+?, "
                            "credit_minor=credit_minor+?, summed_at=? where utility_id=?", last, more->debit,
            more->credit, c->now, c->utility);
    return STEP_AGAIN;
}
