/*
 * Published and cancelled bills as other modules look at them (billing.h, "looking"): heads, lines, use by month.
 * CSS01US02.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

#define HEAD(F, T) F(T, Id, id) F(T, Id, account) F(T, const char *, bill_no) F(T, const char *, kind) \
    F(T, const char *, status) F(T, const char *, payment_status) F(T, const char *, currency) \
    F(T, Date, period_start) F(T, Date, period_end) F(T, Date, bill_date) F(T, Date, due_date) F(T, Money, total) \
        F(T, Money, amount_due) F(T, Money, paid) F(T, Money, open) F(T, Money, previous_balance) \
    F(T, Money, payments) F(T, Money, adjustments) F(T, Money, current_charges) F(T, Money, tax) \
        F(T, Quantity, usage_qty) F(T, const char *, usage_unit) F(T, bool, is_estimated) F(T, bool, dispute_hold) \
    F(T, const char *, pay_token) F(T, Id, document) F(T, Id, superseded_by) F(T, Time, published_at)
ROW(HeadRow, HEAD)

#define HEAD_SELECT "select id, account_id as account, bill_no, kind, status, payment_status, currency, " \
                    "period_start, period_end, bill_date, due_date, total_minor as total, amount_due_minor " \
                    "as amount_due, paid_minor as paid, " \
    "open_minor as open, previous_balance_minor as previous_balance, payments_minor as payments, adjustments_minor " \
    "as adjustments, current_charges_minor as current_charges, tax_minor as tax, " \
    "coalesce(usage_qty_micro, 0) as usage_qty, " \
    "usage_unit, is_estimated, dispute_hold, pay_token, pdf_document_id as document, superseded_by_bill_id " \
    "as superseded_by, published_at from bill "

static BillHead head_of(const HeadRow *r) {
    return (BillHead){ .id = r->id, .account = r->account, .bill_no = r->bill_no, .kind = r->kind, .status = r->status,
                       .payment_status = r->payment_status, .currency = r->currency,
        .period_start = r->period_start, .period_end = r->period_end, .bill_date = r->bill_date,
        .due_date = r->due_date, .total = r->total, .amount_due = r->amount_due, .paid = r->paid, .open = r->open,
        .previous_balance = r->previous_balance, .payments = r->payments, .adjustments = r->adjustments,
        .current_charges = r->current_charges, .tax = r->tax, .usage = r->usage_qty, .usage_unit = r->usage_unit,
        .is_estimated = r->is_estimated, .dispute_hold = r->dispute_hold, .pay_token = r->pay_token,
        .document = r->document, .superseded_by = r->superseded_by, .published_at = r->published_at };
}

static const BillHead *one_of(Ctx *c, const HeadRow *r) {
    if (!r) return NULL;
    BillHead *b = take(c, sizeof *b);
    *b = head_of(r);
    return b;
}

static bool fits(const BillFilter *f, const HeadRow *r) {
    if (f->status && strcmp(f->status, r->status)) return false;
    if (f->payment_status && strcmp(f->payment_status, r->payment_status)) return false;
    if (date_is_set(f->from) && date_compare(r->bill_date, f->from) < 0) return false;
    if (date_is_set(f->to) && date_compare(r->bill_date, f->to) > 0) return false;
    return !f->only_open || r->open.minor > 0;
}

BillHeads bill_list(Ctx *c, Id account, const BillFilter *filter) {
    static const BillFilter none = { .from = { INT32_MIN }, .to = { INT32_MIN } };
    const BillFilter *f = filter ? filter : &none;
    int limit = f->limit ? f->limit : 100;
    bool all_fit = !f->status && !f->payment_status && !date_is_set(f->from) && !date_is_set(f->to) && !f->only_open;
    /* forced: with a dozen bills an account the choice of an index took longer than reading them */
    HeadRows rows = db_all(c, HeadRow, HEAD_SELECT "force index (bill_account) where account_id = ? and utility_id = ? "
        "and status in ('published', 'cancelled') order by bill_date desc, id desc limit ?", account, c->utility,
                           all_fit ? limit : 2000);
    BillHeads all = { take_n(c, BillHead, rows.n + 1), 0 };
    for (size_t i = 0; i < rows.n && (int)all.n < limit; i++)
        if (fits(f, &rows.v[i])) all.v[all.n++] = head_of(&rows.v[i]);
    return all;
}

const BillHead *bill_get(Ctx *c, const char *bill_no) {
    return one_of(c, db_find(c, HeadRow, HEAD_SELECT "where utility_id = ? and bill_no = ? "
                                                     "and status in ('published', 'cancelled')", c->utility, bill_no));
}

const BillHead *bill_by_token(Ctx *c, const char *pay_token) {
    return one_of(c, db_find(c, HeadRow, HEAD_SELECT "where pay_token = ? and (utility_id = ? or ? is null) "
        "and status in ('published', 'cancelled')", pay_token, c->utility, c->utility));
}

Id bill_token_utility(Ctx *c, const char *pay_token) {
    return db_id(c, "select utility_id from bill where pay_token = ? and status in ('published', 'cancelled')",
                 pay_token);
}

const BillHead *bill_by_id(Ctx *c, Id bill) {
    return one_of(c, db_find(c, HeadRow, HEAD_SELECT "where id = ? and utility_id = ? "
                                                     "and status in ('published', 'cancelled')", bill, c->utility));
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

#define LINE(F, T) F(T, int, seq) F(T, const char *, section) F(T, const char *, charge_type) \
    F(T, const char *, service_code) F(T, const char *, description) F(T, const char *, unit) \
    F(T, const char *, detail) \
    F(T, Date, from_date) F(T, Date, to_date) F(T, bool, has_quantity) F(T, Quantity, quantity) F(T, Price, price) \
        F(T, int64_t, factor_num) F(T, int64_t, factor_den) F(T, Money, amount)
ROW(LineRow, LINE)

BillDetails bill_details(Ctx *c, Id bill) {
    LineRows rows = db_all(c, LineRow, "select seq, section, charge_type, service_code, description, unit, detail, "
                                       "from_date, to_date, qty_micro is not null as has_quantity, "
                                       "coalesce(qty_micro, 0) as quantity, "
                                       "coalesce(rate_micro, 0) as price, coalesce(factor_num, 0) as factor_num, "
                                       "coalesce(factor_den, 0) as factor_den, amount_minor as amount from bill_line "
                                       "where bill_id = ? order by seq", bill);
    BillDetails all = { take_n(c, BillDetail, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const LineRow *r = &rows.v[i];
        all.v[i] = (BillDetail){ .seq = r->seq, .section = r->section, .charge_type = r->charge_type,
                                 .service_code = r->service_code, .description = r->description, .unit = r->unit,
                                 .detail = r->detail,
                                 .from = r->from_date, .to = r->to_date, .has_quantity = r->has_quantity,
                                 .quantity = r->quantity, .price = r->price, .factor_num = r->factor_num,
                                 .factor_den = r->factor_den, .amount = r->amount };
    }
    return all;
}

#define USE(F, T) F(T, Date, from_on) F(T, Date, to_on) F(T, Reading, from_value) F(T, Reading, to_value) \
    F(T, Reading, quantity) F(T, const char *, unit) F(T, const char *, meter_no) F(T, bool, is_estimated)
ROW(UseRow, USE)

UsedReadings bill_readings(Ctx *c, Id bill) {
    UseRows rows = db_all(c, UseRow,
        "select u.from_on, u.to_on, coalesce(u.from_value_e3, 0) as from_value, coalesce(u.to_value_e3, "
        "0) as to_value, u.billing_quantity_e3 as quantity, u.billing_unit as unit, m.meter_no, u.is_estimated "
        "from usage_segment u left join meter m on m.id = u.meter_id where u.bill_id = ? "
        "order by u.from_on, u.id limit 50",
        bill);
    UsedReadings all = { take_n(c, UsedReading, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const UseRow *r = &rows.v[i];
        all.v[i] = (UsedReading){ r->from_on, r->to_on, r->from_value, r->to_value, r->quantity, r->unit, r->meter_no,
                                  r->is_estimated };
    }
    return all;
}

/* --- the account's ledger ----------------------------------------------------------------------------------------- */

#define MOVE(F, T) F(T, Date, date) F(T, const char *, type) F(T, const char *, number) F(T, Money, amount)
ROW(MoveRow, MOVE)

#define OF_ACCOUNT "from ledger_entry e join gl_role r on r.utility_id = e.utility_id " \
                   "and r.gl_code_id = e.gl_code_id and r.posting_key in ('AR', 'AR_AGREEMENT') "

Statement account_statement(Ctx *c, Id account, Date from, Date to) {
    Statement s = { .opening = db_money(c, "select coalesce(sum(e.debit_minor - e.credit_minor), 0) " OF_ACCOUNT
                                        "where e.account_id = ? and e.utility_id = ? and e.effective_date < ?", account,
                                        c->utility, from) };
    MoveRows rows = db_all(c, MoveRow, "select e.effective_date as date, e.txn_type as type, coalesce(max(b.bill_no), "
                                       "max(p.payment_no), max(n.credit_note_no)) as number, cast(sum(e.debit_minor - "
                                       "e.credit_minor) as signed) as amount " OF_ACCOUNT
                           "left join bill b on (e.source_type = 'bill' and b.id = e.source_id) "
                           "left join payment p on e.source_type = 'payment' and p.id = e.source_id "
                           "left join credit_note n on e.source_type = 'credit_note' and n.id = e.source_id "
                           "where e.account_id = ? and e.utility_id = ? and e.effective_date between ? and ? "
                           "group by e.txn_id, e.effective_date, e.txn_type having amount <> 0 "
                           "order by e.effective_date, e.txn_id limit 5000",
                           account, c->utility, from, to);
    s.v = take_n(c, StatementLine, rows.n + 1);
    s.n = rows.n;
    s.closing = s.opening;
    for (size_t i = 0; i < rows.n; i++) {
        s.closing = money_add(s.closing, rows.v[i].amount);
        s.v[i] = (StatementLine){ rows.v[i].date, rows.v[i].type, rows.v[i].number, rows.v[i].amount, s.closing };
    }
    return s;
}
