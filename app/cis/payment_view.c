/*
 * Payments as the portal looks at them: what paid a bill, what came of one payment by a gateway, what is on one receipt
 * (cis.h).
 */
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/db.h"

#define PART(F, T) F(T, const char *, payment_no) F(T, const char *, receipt_no) F(T, Date, value_date) \
    F(T, Money, amount) F(T, Time, received_at)
ROW(PartRow, PART)

PaidParts item_payments(Ctx *c, const char *type, Id id) {
    PartRows rows = db_all(c, PartRow, "select p.payment_no, coalesce(p.receipt_no, (select r.receipt_no "
                                       "from receipt r where r.payment_group = p.payment_group "
                                       "limit 1)) as receipt_no, p.value_date, "
                                       "cast(sum(x.amount_minor) as signed) as amount, p.received_at "
                           "from payment_allocation x join payment p on p.id = x.payment_id where x.target_type = ? "
                           "and x.target_id = ? and x.utility_id = ? and x.undone_at is null "
                           "group by p.id order by p.id", type, id, c->utility);
    PaidParts all = { take_n(c, PaidPart, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++)
        all.v[i] = (PaidPart){ rows.v[i].payment_no, rows.v[i].receipt_no, rows.v[i].value_date, rows.v[i].amount,
                                rows.v[i].received_at };
    return all;
}

#define CREDIT_PART(F, T) F(T, const char *, number) F(T, Date, on_date) F(T, Money, amount)
ROW(CreditPartRow, CREDIT_PART)

CreditParts item_credits(Ctx *c, const char *type, Id id) {
    CreditPartRows rows = db_all(c, CreditPartRow,
                                 "select coalesce(n.credit_note_no, '') as number, date(x.created_at) as on_date, "
                                 "x.amount_minor as amount from credit_application x join credit_note n "
                                 "on n.id = x.source_id where x.source_type = 'credit_note' and x.target_type = ? "
                                 "and x.target_id = ? and x.utility_id = ? and x.undone_at is null order by x.id",
                                 type, id, c->utility);
    CreditParts all = { take_n(c, CreditPart, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++)
        all.v[i] = (CreditPart){ rows.v[i].number, rows.v[i].on_date, rows.v[i].amount };
    return all;
}

#define GROUP_PAYMENT(F, T) F(T, Id, id) F(T, Id, account) F(T, const char *, payment_no) \
    F(T, const char *, receipt_no) F(T, const char *, mode) F(T, const char *, mode_code) F(T, const char *, status) \
        F(T, const char *, card_last4) \
    F(T, const char *, currency) \
    F(T, Money, amount) F(T, Money, unallocated) F(T, Time, received_at) F(T, Date, value_date) \
        F(T, const char *, account_no) F(T, Id, intent)
ROW(GroupPayment, GROUP_PAYMENT)

static ReceiptPayments payments_from(Ctx *c, GroupPayments rows) {
    ReceiptPayments all = { take_n(c, ReceiptPayment, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const GroupPayment *r = &rows.v[i];
        all.v[i] = (ReceiptPayment){ r->id, r->account, r->payment_no, r->receipt_no, r->account_no, r->mode, r->status,
                                     r->card_last4, r->amount, r->unallocated, r->received_at, r->value_date,
                                     r->mode_code, r->intent };
    }
    return all;
}

#define GROUP_SELECT "select p.id, p.account_id as account, p.payment_no, coalesce(p.receipt_no, (select " \
                     "r.receipt_no from receipt r where r.payment_group = p.payment_group " \
                     "limit 1)) as receipt_no, m.name as mode, m.code as mode_code, p.status, p.card_last4, " \
    "p.currency, p.amount_minor as amount, p.unallocated_minor as unallocated, p.received_at, p.value_date, " \
    "a.account_no, p.payment_intent_id as intent from payment p join payment_mode m on m.id = p.mode_id " \
    "left join account a on a.id = p.account_id "

ReceiptPayments payments_of_intent(Ctx *c, Id intent) {
    return payments_from(c, db_all(c, GroupPayment, GROUP_SELECT "where p.payment_intent_id = ? "
        "and p.utility_id = ? order by p.id", intent, c->utility));
}

ReceiptPayments payments_of_receipt(Ctx *c, const char *receipt_no) {
    return payments_from(c, db_all(c, GroupPayment, GROUP_SELECT "where p.utility_id = ? and (p.receipt_no = ? "
        "or p.payment_group in (select r.payment_group from receipt r where r.receipt_no = ? "
        "and r.payment_group is not null)) order by p.id",
                                   c->utility, receipt_no, receipt_no));
}

/* When money of this account came in last of the same amount, within some minutes; TIME_NONE: not. */
Time payment_like_at(Ctx *c, Id account, Money amount, int minutes) {
    int64_t us = db_int(c, "select timestampdiff(microsecond, '1970-01-01', max(received_at)) from payment "
                           "where account_id = ? and utility_id = ? and amount_minor = ? "
                           "and status in ('posted', 'pending_clearance') and received_at > ?",
                        account, c->utility, amount, (Time){ c->now.us - (int64_t)minutes * 60 * 1000000 });
    return us ? (Time){ us } : TIME_NONE;
}

/* --- the consumer's history --------------------------------------------------------------------------------------- */

#define SEEN(F, T)                                                                                                     \
    F(T, Id, id)                                                                                                       \
    F(T, Id, account) F(T, Id, intent) F(T, const char *, payment_no) F(T, const char *, receipt_no)                   \
        F(T, const char *, status) F(T, const char *, mode_code) F(T, const char *, mode)                              \
            F(T, const char *, channel_code) F(T, const char *, channel) F(T, const char *, card_last4)                \
                F(T, const char *, reference) F(T, const char *, reason) F(T, const char *, paid_for)                  \
                    F(T, Money, amount) F(T, Money, fee) F(T, Money, unallocated) F(T, Money, refunded)                \
                        F(T, Money, reversed) F(T, Time, received_at)
ROW(Seen, SEEN)

#define SEEN_SELECT                                                                                                    \
    "select p.id, p.account_id as account, p.payment_intent_id as intent, p.payment_no, coalesce(p.receipt_no, "       \
    "(select r.receipt_no from receipt r where r.payment_group = p.payment_group limit 1)) as receipt_no, p.status, "  \
    "m.code as mode_code, m.name as mode, ch.code as channel_code, ch.name as channel, p.card_last4, p.reference, "    \
    "(select v.reason from payment_reversal v where v.payment_id = p.id and v.undone_at is null order by v.id desc "   \
    "limit 1) as reason, (select group_concat(distinct b.bill_no order by b.bill_no separator ', ') from "             \
    "payment_allocation x join bill b on b.id = x.target_id where x.payment_id = p.id and x.target_type = 'bill' "     \
    "and x.undone_at is null) as paid_for, p.amount_minor as amount, coalesce((select r.fee_minor from receipt r "     \
    "where r.payment_id = p.id limit 1), 0) as fee, p.unallocated_minor as unallocated, p.refunded_minor as "          \
    "refunded, p.reversed_minor as reversed, p.received_at from payment p "                                            \
    "join payment_mode m on m.id = p.mode_id join payment_channel ch on ch.id = p.channel_id "

static PaymentSeen seen_of(const Seen *s) {
    return (PaymentSeen){ s->id,           s->account,   s->intent,   s->payment_no, s->receipt_no, s->status,
                          s->mode_code,    s->mode,      s->channel_code, s->channel, s->card_last4, s->reference,
                          s->reason,       s->paid_for,  s->amount,   s->fee,        s->unallocated, s->refunded,
                          s->reversed,     s->received_at };
}

PaymentsSeen payments_seen(Ctx *c, const Id *accounts, size_t n, int limit) {
    if (!n) return (PaymentsSeen){ take_n(c, PaymentSeen, 1), 0 };
    Seens rows = db_all(c, Seen,
                        SEEN_SELECT "where p.utility_id = ? and p.account_id in (select j.id from json_table(?, "
                                    "'$[*]' columns (id bigint path '$')) j) order by p.received_at desc, p.id desc "
                                    "limit ?",
                        c->utility, json_ids(c, accounts, n), limit);
    PaymentsSeen all = { take_n(c, PaymentSeen, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) all.v[i] = seen_of(&rows.v[i]);
    return all;
}

const PaymentSeen *payment_seen(Ctx *c, const char *payment_no) {
    Seen *s = db_find(c, Seen, SEEN_SELECT "where p.utility_id = ? and p.payment_no = ? and p.account_id is not null",
                      c->utility, payment_no);
    if (!s) return NULL;
    PaymentSeen *p = take(c, sizeof *p);
    *p = seen_of(s);
    return p;
}

#define ITEM_ROW(F, T) F(T, const char *, type) F(T, Id, id) F(T, Money, amount)
ROW(ItemRow, ITEM_ROW)

PaidItems payment_items(Ctx *c, Id payment) {
    ItemRows rows = db_all(c, ItemRow,
                           "select target_type as type, target_id as id, cast(sum(amount_minor) as signed) as amount "
                           "from payment_allocation where payment_id = ? and undone_at is null "
                           "group by target_type, target_id order by min(id)",
                           payment);
    PaidItems all = { take_n(c, PaidItem, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) all.v[i] = (PaidItem){ rows.v[i].type, rows.v[i].id, rows.v[i].amount };
    return all;
}
