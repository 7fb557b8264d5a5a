/*
 * What an account owes item by item, and what payments do to bills and charges (BX01US01, CIS01US09; I4, I7).
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

#define OPEN_ROW(F, T) F(T, const char *, type) F(T, Id, id) F(T, const char *, number) F(T, const char *, label) F(T, Date, due_on) F(T, Money, amount) F(T, Money, unpaid) \
    F(T, bool, in_dispute) F(T, bool, in_agreement) F(T, const char *, charge_type)
ROW(OpenRow, OPEN_ROW)

OpenItems open_items(Ctx *c, Id account) {
    OpenRows rows = db_all(c, OpenRow,
        "select 'bill' as type, b.id, b.bill_no as number, concat('Bill ', b.bill_no) as label, b.due_date as due_on, b.total_minor as amount, b.open_minor as unpaid, "
        "b.dispute_hold as in_dispute, exists (select 1 from payment_agreement_item i join payment_agreement g on g.id = i.agreement_id where i.item_type = 'bill' and i.item_id = b.id and g.state in ('active', 'at_risk')) as in_agreement, "
        "cast(null as char) as charge_type from bill b where b.account_id = ? and b.status = 'published' and b.open_minor > 0 "
        "union all select 'charge', h.id, cast(null as char), h.description, coalesce(h.due_on, h.charge_date), h.amount_minor + h.tax_minor, h.amount_minor + h.tax_minor - h.paid_minor, 0, 0, h.charge_type "
        "from charge h where h.account_id = ? and h.post_mode = 'immediate' and h.status <> 'voided' and h.amount_minor + h.tax_minor > h.paid_minor "
        "union all select 'instalment', n.id, cast(null as char), concat('Instalment ', n.seq), n.due_on, n.amount_minor, n.amount_minor - n.paid_minor, 0, 1, cast(null as char) "
        "from instalment n where n.account_id = ? and n.state in ('due', 'part_paid', 'missed') and n.became_due_at is not null and n.amount_minor > n.paid_minor "
        "union all select 'deposit', d.id, cast(null as char), 'Deposit', coalesce(d.due_on, d.demanded_on), d.amount_minor, d.amount_minor - d.paid_minor, 0, 0, 'DEPOSIT' "
        "from deposit d where d.account_id = ? and d.status = 'demanded' and d.amount_minor > d.paid_minor order by due_on, type, id", account, account, account, account);
    OpenItems all = { take_n(c, OpenItem, rows.n + 1), rows.n, { 0 } };
    for (size_t i = 0; i < rows.n; i++) {
        const OpenRow *r = &rows.v[i];
        all.v[i] = (OpenItem){ r->type, r->id, r->number, r->label, r->due_on, r->amount, r->unpaid, r->in_dispute, r->in_agreement, r->charge_type };
        all.total = money_add(all.total, r->unpaid);
    }
    return all;
}

#define PAID_BILL(F, T) F(T, const char *, bill_no) F(T, Money, total_minor) F(T, Money, paid_minor) F(T, Date, due_date) F(T, const char *, status)
ROW(PaidBill, PAID_BILL)

/* paid, overdue, partial or unpaid: derived, and written so that lists can filter by it. */
static void set_paid(Ctx *c, Id bill, const PaidBill *b, Money paid) {
    const char *status = paid.minor >= b->total_minor.minor ? "paid" : date_compare(b->due_date, utility_today(c)) < 0 ? "overdue" : paid.minor > 0 ? "partial" : "unpaid";
    db_must(c, 1, CONFLICT, "update bill set paid_minor=?, payment_status=? where id=?", paid, status, bill);
}

void bill_apply_payment(Ctx *c, Id bill, Money amount, Id payment) {
    (void)payment;
    PaidBill *b = db_one(c, PaidBill, "select bill_no, total_minor, paid_minor, due_date, status from bill where id=? and utility_id=? for update", bill, c->utility);
    Money paid = money_add(b->paid_minor, amount);
    if (strcmp(b->status, "published")) fail(c, CONFLICT, "Bill %s is %s.", b->bill_no, b->status);
    if (paid.minor > b->total_minor.minor) fail(c, CONFLICT, "Bill %s is paid already.", b->bill_no);
    set_paid(c, bill, b, paid);
}

void bill_unapply_payment(Ctx *c, Id bill, Money amount, Id payment) {
    (void)payment;
    PaidBill *b = db_one(c, PaidBill, "select bill_no, total_minor, paid_minor, due_date, status from bill where id=? and utility_id=? for update", bill, c->utility);
    if (b->paid_minor.minor < amount.minor) fail(c, CONFLICT, "Less was paid on bill %s.", b->bill_no);
    set_paid(c, bill, b, money_sub(b->paid_minor, amount));
}

void charge_apply_payment(Ctx *c, Id charge, Money amount) {
    db_must(c, 1, CONFLICT, "update charge set paid_minor=paid_minor+? where id=? and utility_id=? and paid_minor+? between 0 and amount_minor+tax_minor", amount, charge, c->utility, amount);
}
