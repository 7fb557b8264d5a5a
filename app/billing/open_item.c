/*
 * What an account owes item by item, and what payments do to bills and charges (BX01US01, CIS01US09; I4, I7).
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/owed.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/money.h"

#define OPEN_ROW(F, T) F(T, const char *, type) F(T, Id, id) F(T, const char *, number) F(T, int, seq) \
    F(T, const char *, label) \
    F(T, Date, due_on) F(T, Money, amount) F(T, Money, unpaid) \
    F(T, bool, in_dispute) F(T, bool, in_agreement) F(T, const char *, charge_type)
ROW(OpenRow, OPEN_ROW)

#define OF_ROW(F, T) F(T, Id, account) OPEN_ROW(F, T)
ROW(OfRow, OF_ROW)

#define BILL_ITEM "'bill' as type, b.id, b.bill_no as number, 0 as seq, null as label, b.due_date " \
                  "as due_on, b.total_minor as amount, b.open_minor as unpaid, " \
                  "b.dispute_hold as in_dispute, exists (select 1 from payment_agreement_item i " \
                  "join payment_agreement g on g.id = i.agreement_id where i.item_type = 'bill' and i.item_id = b.id " \
                  "and g.state in ('active', 'at_risk')) as in_agreement, " \
                  "cast(null as char) as charge_type "
#define BILL_WHERE "b.status = 'published' and b.open_minor > 0 "
#define CHARGE_ITEM "'charge', h.id, cast(null as char), 0, h.description, coalesce(h.due_on, h.charge_date), " \
                    "h.amount_minor + h.tax_minor, h.amount_minor + h.tax_minor - h.paid_minor, 0, 0, h.charge_type "
#define CHARGE_WHERE "h.post_mode = 'immediate' and h.status <> 'voided' " \
                     "and h.amount_minor + h.tax_minor > h.paid_minor "
#define INSTALMENT_ITEM "'instalment', n.id, cast(null as char), n.seq, null, n.due_on, " \
                        "n.amount_minor, n.amount_minor - n.paid_minor, 0, 1, cast(null as char) "
#define INSTALMENT_WHERE "n.state in ('due', 'part_paid', 'missed') and n.became_due_at is not null " \
                         "and n.amount_minor > n.paid_minor "
#define DEPOSIT_ITEM "'deposit', d.id, cast(null as char), 0, null, coalesce(d.due_on, d.demanded_on), " \
                     "d.amount_minor, d.amount_minor - d.paid_minor, 0, 0, 'DEPOSIT' "
#define DEPOSIT_WHERE "d.status = 'demanded' and d.amount_minor > d.paid_minor "

/* A charge is called as whoever made it called it, all else in the language of who reads it. */
static OpenItem item_of(Ctx *c, const OpenRow *r) {
    const char *number = r->seq ? text(c, "%d", r->seq) : r->number, *key = text(c, "paper.item.%s", r->type),
        *label = r->label ? r->label : msg_format(c, c->language, key, { "number", number ? number : "" });
    return (OpenItem){ r->type, r->id, number, label, r->due_on, r->amount, r->unpaid, r->in_dispute, r->in_agreement,
                       r->charge_type };
}

static OpenItems listed(Ctx *c, OpenRows rows) {
    OpenItems all = { take_n(c, OpenItem, rows.n + 1), rows.n, { 0 } };
    for (size_t i = 0; i < rows.n; i++) {
        all.v[i] = item_of(c, &rows.v[i]);
        all.total = money_add(all.total, all.v[i].unpaid);
    }
    return all;
}

#define OPEN_OF_ACCOUNT(lock) \
    "(select " BILL_ITEM "from bill b where b.account_id = ? and " BILL_WHERE lock ") union all (select " CHARGE_ITEM \
        "from charge h where h.account_id = ? and " CHARGE_WHERE lock \
    ") union all (select " INSTALMENT_ITEM \
        "from instalment n where n.account_id = ? and " INSTALMENT_WHERE lock ") union all (select " DEPOSIT_ITEM \
        "from deposit d where d.account_id = ? and " DEPOSIT_WHERE lock \
    ") order by due_on, type, id"

OpenItems open_items(Ctx *c, Id account) {
    return listed(c, db_all(c, OpenRow, OPEN_OF_ACCOUNT(""), account, account, account, account));
}

#define DUE_ROW(F, T) F(T, Date, due_on)
ROW(DueRow, DUE_ROW)

Date open_items_due(Ctx *c, Id account) {
    DueRows rows = db_all(c, DueRow,
        "(select b.due_date as due_on from bill b where b.account_id = ? and " BILL_WHERE ") union all "
        "(select coalesce(h.due_on, h.charge_date) from charge h where h.account_id = ? and " CHARGE_WHERE
        ") union all (select n.due_on from instalment n where n.account_id = ? and " INSTALMENT_WHERE ") union all "
        "(select coalesce(d.due_on, d.demanded_on) from deposit d where d.account_id = ? and " DEPOSIT_WHERE ")",
                          account, account, account, account);
    Date oldest = DATE_NONE;
    for (size_t i = 0; i < rows.n; i++)
        if (!date_is_set(oldest) || date_compare(rows.v[i].due_on, oldest) < 0) oldest = rows.v[i].due_on;
    return oldest;
}

OpenItems open_items_lock(Ctx *c, Id account) {
    return listed(c, db_all(c, OpenRow, OPEN_OF_ACCOUNT("for update"), account, account, account, account));
}

#define IDS "json_table(?, '$[*]' columns (id bigint path '$')) j straight_join "

OpenItems *open_items_lock_many(Ctx *c, const Id *accounts, size_t n) {
    const char *ids = json_ids(c, accounts, n);
    OfRows rows = db_all(c, OfRow,
        "(select b.account_id as account, " BILL_ITEM "from " IDS "bill b on b.account_id = j.id where " BILL_WHERE
            "for update) union all (select h.account_id, " CHARGE_ITEM "from " IDS
            "charge h on h.account_id = j.id where " CHARGE_WHERE
        "for update) union all (select n.account_id, " INSTALMENT_ITEM "from " IDS
            "instalment n on n.account_id = j.id where " INSTALMENT_WHERE
        "for update) union all (select d.account_id, " DEPOSIT_ITEM "from " IDS
            "deposit d on d.account_id = j.id where " DEPOSIT_WHERE "for update) order by account, due_on, type, id",
                         ids, ids, ids, ids);
    OpenItems *all = take_n(c, OpenItems, n + 1);
    OpenItem *items = take_n(c, OpenItem, rows.n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = rows.n;              /* the first row of the account */
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (rows.v[middle].account.id < accounts[i].id) low = middle + 1;
            else high = middle;
        }
        all[i].v = items + low;
        for (size_t k = low; k < rows.n && rows.v[k].account.id == accounts[i].id; k++) {
            const OfRow *r = &rows.v[k];
            items[k] = item_of(c, &(OpenRow){ r->type, r->id, r->number, r->seq, r->label, r->due_on, r->amount,
                                              r->unpaid, r->in_dispute, r->in_agreement, r->charge_type });
            all[i].total = money_add(all[i].total, r->unpaid);
            all[i].n++;
        }
    }
    return all;
}

#define PAID_BILL(F, T) F(T, const char *, bill_no) F(T, Money, total_minor) F(T, Money, paid_minor) \
    F(T, Date, due_date) F(T, const char *, status)
ROW(PaidBill, PAID_BILL)

/* paid, overdue, partial or unpaid: derived, and written so that lists can filter by it. */
static const char *status_of(Money total, Money paid, Date due, Date today) {
    return paid.minor >= total.minor ? "paid" : date_compare(due, today) < 0 ? "overdue" : paid.minor > 0
        ? "partial" : "unpaid";
}

/* Of a published bill, when so much is paid of it now. */
static Money owed_change(const PaidBill *b, Money paid) {
    return money_sub(owed_part(b->total_minor, paid), owed_part(b->total_minor, b->paid_minor));
}

static void set_paid(Ctx *c, Id bill, const PaidBill *b, Money paid) {
    db_must(c, 1, CONFLICT, "update bill set paid_minor=?, payment_status=? where id=?", paid,
            status_of(b->total_minor, paid, b->due_date, utility_today(c)), bill);
    owed_move(c, &(OwedMove){ b->due_date, owed_change(b, paid) }, 1);
}

void bill_apply_payment(Ctx *c, Id bill, Money amount, Id payment) {
    (void)payment;
    PaidBill *b = db_one(c, PaidBill, "select bill_no, total_minor, paid_minor, due_date, status from bill where id=? "
                                      "and utility_id=? for update", bill, c->utility);
    Money paid = money_add(b->paid_minor, amount);
    if (strcmp(b->status, "published")) fail(c, CONFLICT, "Bill %s is %s.", b->bill_no, b->status);
    if (paid.minor > b->total_minor.minor) fail(c, CONFLICT, "Bill %s is paid already.", b->bill_no);
    set_paid(c, bill, b, paid);
}

void bill_unapply_payment(Ctx *c, Id bill, Money amount, Id payment) {
    (void)payment;
    PaidBill *b = db_one(c, PaidBill, "select bill_no, total_minor, paid_minor, due_date, status from bill where id=? "
                                      "and utility_id=? for update", bill, c->utility);
    if (b->paid_minor.minor < amount.minor) fail(c, CONFLICT, "Less was paid on bill %s.", b->bill_no);
    if (!strcmp(b->status, "cancelled")) {          /* nobody is reminded of it any more */
        db_must(c, 1, CONFLICT, "update bill set paid_minor=paid_minor-?, payment_status='unpaid' where id=?", amount,
                bill);
        return;
    }
    set_paid(c, bill, b, money_sub(b->paid_minor, amount));
}

void charge_apply_payment(Ctx *c, Id charge, Money amount) {
    db_must(c, 1, CONFLICT, "update charge set paid_minor=paid_minor+? where id=? and utility_id=? and paid_minor+? "
                            "between 0 and amount_minor+tax_minor", amount, charge, c->utility, amount);
}

#define MANY_BILL(F, T) F(T, Id, id) PAID_BILL(F, T)
ROW(ManyBill, MANY_BILL)

void bills_apply_payments(Ctx *c, const BillPaid *v, size_t n) {
    if (!n) return;
    Id *ids = take_n(c, Id, n);
    for (size_t i = 0; i < n; i++) ids[i] = v[i].bill;
    ManyBills rows = db_all(c, ManyBill, "select b.id, b.bill_no, b.total_minor, b.paid_minor, b.due_date, b.status "
                                         "from (select distinct j.id from json_table(?, '$[*]' columns (id bigint path "
                                         "'$')) j) k straight_join bill b on b.id = k.id "
                                         "where b.utility_id = ? order by b.id for update", json_ids(c, ids, n),
                            c->utility);
    Text t = text_start(c);
    text_add(&t, "[");
    Date today = utility_today(c);
    OwedMove *less = take_n(c, OwedMove, rows.n + 1);
    size_t found = 0;
    for (size_t i = 0; i < rows.n; i++) {
        const ManyBill *b = &rows.v[i];
        Money paid = b->paid_minor;
        for (size_t k = 0; k < n; k++)
            if (v[k].bill.id == b->id.id) paid = money_add(paid, v[k].amount), found++;
        if (strcmp(b->status, "published")) fail(c, CONFLICT, "Bill %s is %s.", b->bill_no, b->status);
        if (paid.minor > b->total_minor.minor) fail(c, CONFLICT, "Bill %s is paid already.", b->bill_no);
        less[i] = (OwedMove){ b->due_date, money_sub(owed_part(b->total_minor, paid),
                                                     owed_part(b->total_minor, b->paid_minor)) };
        text_addf(&t, "%s[%lld,%lld,\"%s\"]", i ? "," : "", (long long)b->id.id, (long long)paid.minor,
                  status_of(b->total_minor, paid, b->due_date, today));
    }
    if (found != n) fail(c, NOT_FOUND, "There is no such bill.");
    text_add(&t, "]");
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', paid bigint path '$[1]', status varchar(10) "
              "path '$[2]')) j straight_join bill b on b.id = j.id "
              "set b.paid_minor = j.paid, b.payment_status = j.status", t.s);
    owed_move(c, less, rows.n);
}
