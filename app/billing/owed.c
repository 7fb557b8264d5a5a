/*
 * What is unpaid of published bills, by due date (BX02US01; I2). Every change of it, by publishing, cancelling, paying
 * and taking a payment back, is a row of its own in the transaction of the change: nobody waits for a total that others
 * change, and who reads adds up a few hundred rows in place of some ten thousand bills. A job adds rows up.
 */
#include "app/billing/billing.h"
#include "app/billing/owed.h"
#include "app/billing/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

enum { FOLD_FROM = 500, FOLD_AT_ONCE = 10000 };         /* rows: fewer are left as they are */

Money owed_part(Money total, Money paid) {
    Money open = money_sub(total, paid);
    return open.minor > 0 ? open : (Money){ 0 };
}

void owed_move(Ctx *c, const OwedMove *v, size_t n) {
    OwedMove *sum = take_n(c, OwedMove, n + 1);
    size_t dates = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < dates && sum[k].due.day != v[i].due.day) k++;
        if (k == dates) sum[dates++].due = v[i].due;
        sum[k].amount = money_add(sum[k].amount, v[i].amount);
    }
    for (size_t k = 0; k < dates; k++)
        if (sum[k].amount.minor)
            db_run(c, "insert into bill_owed (utility_id, due_date, amount_minor) values (?,?,?)", c->utility,
                   sum[k].due, sum[k].amount);
}

#define OWED(F, T) F(T, Date, due) F(T, Money, amount)
ROW(Owed, OWED)

OwedMoves owed_by_date(Ctx *c) {
    Oweds l = db_all(c, Owed, "select due_date as due, sum(amount_minor) as amount from bill_owed where utility_id=? "
                              "group by due_date having amount<>0", c->utility);
    OwedMoves all = { take_n(c, OwedMove, l.n + 1), l.n };
    for (size_t i = 0; i < l.n; i++) all.v[i] = (OwedMove){ l.v[i].due, l.v[i].amount };
    return all;
}

#define OLD(F, T) F(T, Id, id) F(T, Date, due) F(T, Money, amount)
ROW(Old, OLD)

/* What goes comes back as its sums. The newest row is left, so that new ones never wait for this. */
JobStep owed_fold_job(Ctx *c, const JobRow *job) {
    (void)job;
    int64_t rows = db_int(c, "select count(*) from bill_owed where utility_id=?", c->utility);
    if (rows < FOLD_FROM) return STEP_DONE;
    Id newest = db_id(c, "select id from bill_owed where utility_id=? order by id desc limit 1", c->utility);
    Olds l = db_all(c, Old, "select id, due_date as due, amount_minor as amount from bill_owed where utility_id=? "
                            "and id<? order by id limit ? for update", c->utility, newest, (int)FOLD_AT_ONCE);
    OwedMove *v = take_n(c, OwedMove, l.n + 1);
    for (size_t i = 0; i < l.n; i++) v[i] = (OwedMove){ l.v[i].due, l.v[i].amount };
    db_must(c, (int64_t)l.n, CONFLICT, "delete from bill_owed where utility_id=? and id between ? and ?", c->utility,
            l.v[0].id, l.v[l.n - 1].id);
    owed_move(c, v, l.n);
    return l.n == FOLD_AT_ONCE ? STEP_AGAIN : STEP_DONE;
}
