/*
 * Instalments of payment agreements, as bills and the portal ask for them (CIS01US08, CSS01US04, CSS01US05). They are
 * made with the agreements' own story; one stands on a bill once, or becomes due by itself, never both.
 */
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/ctx.h"
#include "lib/db.h"

#define TO_COME(F, T)                                                                                                  \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, number) F(T, int, seq) F(T, int, count) F(T, Date, due_on) F(T, Money, amount)                  \
        F(T, Money, unpaid)
ROW(ToCome, TO_COME)

Instalments instalments_due(Ctx *c, Id account, Date until) {
    ToComes l = db_all(c, ToCome,
                       "select n.id, g.number, n.seq, g.count, n.due_on, n.amount_minor as amount, "
                       "n.amount_minor - n.paid_minor as unpaid from instalment n join payment_agreement g "
                       "on g.id = n.agreement_id and g.state in ('active', 'at_risk') "
                       "where n.account_id = ? and n.utility_id = ? and n.state in ('due', 'part_paid', 'missed') "
                       "and n.due_on <= ? and n.bill_id is null and n.amount_minor > n.paid_minor "
                       "order by n.due_on, n.id",
                       account, c->utility, until);
    Instalments all = { take_n(c, Instalment, l.n + 1), l.n };
    for (size_t i = 0; i < l.n; i++)
        all.v[i] = (Instalment){ l.v[i].id,     l.v[i].number, l.v[i].seq,   l.v[i].count,
                                 l.v[i].due_on, l.v[i].amount, l.v[i].unpaid };
    return all;
}

/* Its states stay as they are: what pays the bill pays it. */
void instalment_billed(Ctx *c, Id instalment, Id bill) {
    if (bill.id)
        db_must(c, 1, CONFLICT,
                "update instalment set bill_id = ? where id = ? and utility_id = ? and bill_id is null "
                "and became_due_at is null and state in ('due', 'part_paid')",
                bill, instalment, c->utility);
    else
        db_run(c, "update instalment set bill_id = null where id = ? and utility_id = ?", instalment, c->utility);
}
