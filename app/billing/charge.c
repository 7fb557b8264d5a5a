/*
 * One-off charges and late fees (5-billing "charge", "Arrears and late fees"; decision 6). A source has a charge of one
 * kind once; a late fee is unique by bill, rule and occurrence. What is demanded at once posts at once (I1 to I4).
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/money.h"

/* --- taxes of a charge -------------------------------------------------------------------------------------------- */

typedef struct { const char *code; Money amount; } ChargeTax;

static int taxes_of(Ctx *c, const char *tax_codes, Money amount, Date on, ChargeTax *to, int most) {
    if (!tax_codes) return 0;
    int all, n = 0;
    const BillTax *taxes = plan_taxes(c, &all);
    Json list = json_read(&c->mem, tax_codes, strlen(tax_codes), 4096, NULL);
    for (size_t i = 0; i < json_size(list); i++)
        for (int t = 0; t < all && n < most; t++) {
            const char *code = json_text(json_item(list, i), "");
            if (!code || strcmp(taxes[t].code, code) || taxes[t].is_inclusive) continue;
            for (int k = 0; k < taxes[t].rate_n; k++) {
                const TaxRate *r = &taxes[t].rates[k];
                if ((date_is_set(r->valid_from) && r->valid_from.day > on.day)
                    || (date_is_set(r->valid_to) && r->valid_to.day < on.day)) continue;
                to[n++] = (ChargeTax){ code, money_ppm(amount, r->rate_ppm, utility_here(c)->half_even ? ROUND_HALF_EVEN
                                                       : ROUND_HALF_UP) };
                break;
            }
        }
    return n;
}

/* --- posting ------------------------------------------------------------------------------------------------------ */

typedef struct { Id id, account; const char *charge_type, *gl_code, *txn_type, *memo; Money amount;
                 const ChargeTax *taxes; int tax_n; Date date; Id bill; } Demand;

static Id post(Ctx *c, const Demand *d) {
    LedgerLine lines[12] = { 0 };
    Money total = d->amount;
    int n = 1;
    lines[n++] = (LedgerLine){ .gl_code = d->gl_code, .gl_code_id = d->gl_code
                               ? (Id){ 0 } : gl_by_charge(c, &(GlFacts){ .charge_type = d->charge_type,
        .date = d->date }), .credit = d->amount, .charge_type = d->charge_type, .bill = d->bill };
    for (int i = 0; i < d->tax_n; i++) {
        if (!d->taxes[i].amount.minor) continue;
        lines[n++] =
            (LedgerLine){ .gl_code_id = gl_by_charge(c, &(GlFacts){ .charge_type = "TAX", .tax_code = d->taxes[i].code,
            .date = d->date }), .credit = d->taxes[i].amount, .charge_type = "TAX" };
        total = money_add(total, d->taxes[i].amount);
    }
    lines[0] = (LedgerLine){ .posting_key = "AR", .account = d->account, .debit = total, .charge_type = d->charge_type,
                             .bill = d->bill };
    return ledger_post(c, &(LedgerSet){ .set_key = text(c, "charge:%lld", (long long)d->id.id), .txn_type = d->txn_type,
                                        .source_type = "charge", .source = d->id, .date = d->date, .memo = d->memo,
                                        .lines = lines, .n = n });
}

/* --- charges ------------------------------------------------------------------------------------------------------ */

Id charge_create(Ctx *c, const NewCharge *n) {
    Date today = utility_today(c);
    Date on = n->date.day && date_is_set(n->date) ? n->date : today, due = n->due_on.day && date_is_set(n->due_on)
        ? n->due_on : on;
    const Fee *fee = NULL;
    if (n->fee_code) fee = fee_amount(c, n->fee_code, on, NULL);
    const char *type = n->charge_type ? n->charge_type : fee ? fee->charge_type : NULL;
    if (!type) fail(c, BROKEN, "a charge without type");
    Id there = db_id(c, "select id from charge where source_type=? and source_id=? and charge_type=? and source_no=?",
                     n->source_type, n->source, type, n->source_no);
    if (there.id) return there;
    const Account *a = account_lock(c, n->account);
    Money amount = n->amount.minor ? n->amount : fee ? fee->amount : (Money){ 0 };
    if (amount.minor <= 0) fail(c, INVALID, "A charge needs an amount.");
    const char *mode = n->post_mode ? n->post_mode : fee ? fee->post_mode : "on_bill", *codes = n->tax_codes
        ? n->tax_codes : fee ? fee->tax_codes : NULL, *gl = n->gl_code ? n->gl_code : fee ? fee->gl_code : NULL;
    const char *words = n->description ? n->description : fee ? fee->name : type;
    bool immediate = !strcmp(mode, "immediate");
    ChargeTax taxes[8];
    int tax_n = immediate ? taxes_of(c, codes, amount, on, taxes, 8) : 0;
    Money tax = { 0 };
    for (int i = 0; i < tax_n; i++) tax = money_add(tax, taxes[i].amount);
    if (!db_add(c, "insert into charge (utility_id, account_id, charge_type, fee_code, description, amount_minor, "
                   "tax_minor, tax_codes, gl_code, currency, charge_date, due_on, post_mode, source_type, source_id, "
                   "source_no, created_by, updated_by) "
                   "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", c->utility, n->account, type, n->fee_code, words,
                amount, tax, codes, gl, a->currency, on, due, mode, n->source_type, n->source, n->source_no,
                       c->user, c->user))
        return db_id(c, "select id from charge where source_type=? and source_id=? and charge_type=? and source_no=?",
                     n->source_type, n->source, type, n->source_no);
    Id id = db_id(c, "select id from charge where source_type=? and source_id=? and charge_type=? and source_no=?",
                  n->source_type, n->source, type, n->source_no);
    if (immediate) {
        Id txn = post(c, &(Demand){ .id = id, .account = n->account, .charge_type = type, .gl_code = gl,
                                    .txn_type = "charge", .memo = words, .amount = amount, .taxes = taxes,
                                    .tax_n = tax_n, .date = on });
        db_run(c, "update charge set posted_txn_id=? where id=?", txn, id);
    } else {                                            /* a draft made before it lacks it */
        db_run(c, "update bill set stale=1 where account_id=? and status in ('draft', 'held', 'approved') "
                  "and kind='cycle' and bill_date>=?", n->account, on);
    }
    audit_write(c, &(Audit){ .action = "create", .entity = "charge", .id = id, .number = a->account_no, .version = 1,
                             .after = json_pairs(c, "charge_type", type, "amount_minor",
                                                 text(c, "%lld", (long long)amount.minor), "post_mode", mode, NULL) });
    return id;
}

#define CHARGE_ROW(F, T) F(T, Id, id) F(T, Id, account_id) F(T, const char *, description) F(T, const char *, status) \
    F(T, const char *, post_mode) F(T, const char *, bill_no) F(T, Money, paid_minor) F(T, Id, posted_txn_id) \
    F(T, int64_t, row_version)
ROW(ChargeRow, CHARGE_ROW)

void charge_cancel(Ctx *c, const char *source_type, Id source, const char *reason) {
    ChargeRows rows = db_all(c, ChargeRow, "select h.id, h.account_id, h.description, h.status, h.post_mode, "
                                           "b.bill_no, h.paid_minor, h.posted_txn_id, h.row_version from charge h "
                                           "left join bill b on b.id=h.bill_id and b.status='published' "
                                           "where h.utility_id=? and h.source_type=? and h.source_id=? "
                                           "and h.status<>'voided' order by h.id for update", c->utility, source_type,
                             source);
    for (size_t i = 0; i < rows.n; i++) {
        const ChargeRow *h = &rows.v[i];
        if (!strcmp(h->status, "billed")) fail(c, CONFLICT, "%s is on bill %s: use a credit note.", h->description,
                                               h->bill_no ? h->bill_no : "");
        if (h->paid_minor.minor) fail(c, CONFLICT, "%s is paid: use a credit note.", h->description);
        /* a draft has it on its lines: it must be made again before it is published */
        db_run(c, "update bill b join charge x on x.bill_id = b.id set b.stale = 1 where x.id = ? "
                  "and b.status in ('draft', 'held', 'approved')", h->id);
        if (h->posted_txn_id.id) ledger_reverse(c, h->posted_txn_id, text(c, "charge:%lld:void", (long long)h->id.id),
                                                "charge_void", utility_today(c), reason);
        db_must(c, 1, CONFLICT,
            "update charge set status='voided', bill_id=null, voided_at=?, void_reason=?, updated_at=?, "
            "updated_by=?, row_version=row_version+1 where id=? and status='pending'",
            c->now, reason, c->now, c->user, h->id);
        audit_write(c, &(Audit){ .action = "void", .entity = "charge", .id = h->id, .version = h->row_version + 1,
                                 .before = json_pairs(c, "status", "pending", NULL),
                                 .after = json_pairs(c, "status", "voided", NULL), .reason = reason });
    }
}

/* --- late fees ---------------------------------------------------------------------------------------------------- */

#define RULE_ROW(F, T) F(T, Id, id) F(T, const char *, name) F(T, const char *, kind) F(T, Money, amount_minor) \
    F(T, int64_t, rate_ppm) F(T, Money, minimum_minor) F(T, bool, has_maximum) F(T, Money, maximum_minor) \
    F(T, Money, threshold_minor) \
    F(T, int, grace_days) F(T, bool, is_monthly) F(T, bool, compound) F(T, bool, spares_disputes) \
        F(T, bool, spares_agreements) F(T, const char *, category_ids) F(T, const char *, exempt)
ROW(RuleRow, RULE_ROW)
#define LATE_ROW(F, T) F(T, Id, id) F(T, Id, account_id) F(T, Id, consumer_id) F(T, const char *, bill_no) \
    F(T, const char *, currency) F(T, Date, due_date) F(T, Money, open_minor) F(T, bool, dispute_hold) \
    F(T, bool, in_agreement) \
    F(T, int64_t, fees) F(T, Money, open_fees)
ROW(LateRow, LATE_ROW)

static RuleRow *rule_get(Ctx *c, Id rule) {
    return db_one(c, RuleRow, "select id, name, kind, amount_minor, rate_ppm, minimum_minor, maximum_minor is not null "
                              "as has_maximum, coalesce(maximum_minor, 0) as maximum_minor, threshold_minor, "
                              "grace_days, repeat_mode='monthly' as is_monthly, "
                              "compound, coalesce(json_contains(exempt, '\"dispute\"'), 0) as spares_disputes, "
        "coalesce(json_contains(exempt, '\"agreement\"'), 0) as spares_agreements, category_ids, exempt "
        "from late_fee_rule "
        "where id=? and utility_id=?", rule, c->utility);
}

static LateFeeRule rule_of(const RuleRow *r) {
    return (LateFeeRule){ .kind = (LateFeeKind)late_fee_kind_find(r->kind), .flat = r->amount_minor,
                          .rate_ppm = r->rate_ppm, .has_minimum = r->minimum_minor.minor > 0,
                          .minimum = r->minimum_minor, .has_maximum = r->has_maximum, .maximum = r->maximum_minor,
                          .threshold = r->threshold_minor, .grace_days = r->grace_days, .is_compound = r->compound };
}

LateFeeTry late_fee_try(Ctx *c, Id id, Money unpaid, int days) {
    const RuleRow *r = rule_get(c, id);
    LateFeeRule rule = rule_of(r);
    LateFeeFacts f = { .unpaid = unpaid, .days = days };
    Money fee = late_fee_amount(&rule, &f, utility_here(c)->half_even ? ROUND_HALF_EVEN : ROUND_HALF_UP);
    const char *why = days <= r->grace_days ? "billing.late_fee_why.grace"
        : unpaid.minor <= r->threshold_minor.minor ? "billing.late_fee_why.threshold"
        : rule.has_minimum && fee.minor == rule.minimum.minor ? "billing.late_fee_why.minimum"
        : rule.has_maximum && fee.minor == rule.maximum.minor ? "billing.late_fee_why.maximum"
        : "billing.late_fee_why.rule";
    return (LateFeeTry){ fee, why };
}

static bool fee_of_bill(Ctx *c, const RuleRow *r, const LateRow *b, Date date) {
    int days = date_days_between(b->due_date, date);
    int occurrence = r->is_monthly && days > r->grace_days ? 1 + (days - r->grace_days - 1) / 30 : 1;
    if (b->fees >= occurrence) return false;
    LateFeeRule rule = rule_of(r);
    LateFeeFacts f = { .unpaid = money_add(b->open_minor, b->open_fees), .unpaid_late_fees = b->open_fees, .days = days,
                       .in_dispute = b->dispute_hold && r->spares_disputes, .in_agreement = b->in_agreement
                       && r->spares_agreements };
    Money fee = late_fee_amount(&rule, &f, utility_here(c)->half_even ? ROUND_HALF_EVEN : ROUND_HALF_UP);
    if (fee.minor <= 0) return false;
    const char *words = text(c, "%s, bill %s", r->name, b->bill_no);
    if (!db_add(c, "insert into charge (utility_id, account_id, charge_type, description, amount_minor, currency, "
                   "charge_date, due_on, post_mode, source_type, source_id, source_no, late_fee_bill_id, "
                   "late_fee_rule_id, occurrence, created_by, updated_by) "
                   "values (?,?,'LATE_FEE',?,?,?,?,?,'immediate','late_fee',?,?,?,?,?,?,?)", c->utility, b->account_id,
                words, fee, b->currency, date, date, b->id, (int)(r->id.id * 1000 + occurrence), b->id, r->id,
                       occurrence, c->user, c->user))
        return false;
    Id charge = db_id(c, "select id from charge where late_fee_bill_id=? and late_fee_rule_id=? and occurrence=?",
                      b->id, r->id, occurrence);
    Id txn = post(c, &(Demand){ .id = charge, .account = b->account_id, .charge_type = "LATE_FEE",
                                .txn_type = "late_fee", .memo = words, .amount = fee, .date = date });
    db_run(c, "update charge set posted_txn_id=? where id=?", txn, charge);
    event_emit(c, &(Event){ .name = "late_fee.assessed", .entity = "charge", .id = charge, .number = b->bill_no,
                            .account = b->account_id, .consumer = b->consumer_id,
                            .payload = json_pairs(c, "charge_id", text(c, "%lld", (long long)charge.id), "amount_minor",
                                                  text(c, "%lld", (long long)fee.minor), NULL) });
    return true;
}

int late_fee_assess(Ctx *c, Id account, Id rule, Date date) {
    const RuleRow *r = rule_get(c, rule);
    account_lock(c, account);
    if (r->exempt && db_int(c, "select exists (select 1 from rebate_enrolment e join rebate_rule g "
            "on g.id=e.rebate_rule_id where e.account_id=? and e.status='approved' and e.from_on<=? "
            "and (e.to_on is null or e.to_on>=?) and json_contains(?, json_quote(g.`group`)))", account, date, date,
                            r->exempt)) return 0;
    LateRows bills = db_all(c, LateRow,
        "select b.id, b.account_id, b.consumer_id, b.bill_no, b.currency, b.due_date, b.open_minor, b.dispute_hold, "
        "exists (select 1 from payment_agreement_item i join payment_agreement g on g.id=i.agreement_id "
        "where i.item_type='bill' and i.item_id=b.id and g.state='active') as in_agreement, "
        "(select count(*) from charge h where h.late_fee_bill_id=b.id and h.late_fee_rule_id=?) as fees, (select "
        "coalesce(sum(h.amount_minor - h.paid_minor), 0) from charge h where h.late_fee_bill_id=b.id "
        "and h.status<>'voided') as open_fees "
        "from bill b where b.account_id=? and b.status='published' and b.open_minor>0 and b.due_date<? "
        "order by b.due_date, b.id for update", r->id, account, date_add_days(date, -r->grace_days));
    int made = 0;
    for (size_t i = 0; i < bills.n; i++) made += fee_of_bill(c, r, &bills.v[i], date);
    return made;
}

#define DUE_ROW(F, T) F(T, Id, account_id) F(T, Id, rule)
ROW(DueRow, DUE_ROW)
#define OVERDUE_ROW(F, T) F(T, Id, id) F(T, Id, account_id) F(T, Id, consumer_id) F(T, const char *, bill_no) \
    F(T, Money, open_minor)
ROW(OverdueRow, OVERDUE_ROW)

/* Every night: bills become overdue, rules of the kind `grace` make their fees; 200 accounts a step, in order. */
JobStep late_fee_job(Ctx *c, const JobRow *job) {
    Date today = utility_today(c);
    OverdueRows late = db_all(c, OverdueRow, "select id, account_id, consumer_id, bill_no, open_minor from bill "
                                             "where utility_id=? and listed=1 "
                                             "and payment_status in ('unpaid', 'partial') "
                                             "and due_date<? and status='published' and open_minor>0 "
                                             "order by due_date limit 500 for update", c->utility, today);
    for (size_t i = 0; i < late.n; i++) {
        const OverdueRow *b = &late.v[i];
        db_run(c, "update bill set payment_status='overdue' where id=?", b->id);
        event_emit(c, &(Event){ .name = "bill.overdue", .entity = "bill", .id = b->id, .number = b->bill_no,
                                .account = b->account_id, .consumer = b->consumer_id,
                                .payload = json_pairs(c, "bill_id", text(c, "%lld", (long long)b->id.id),
                                                      "unpaid_minor", text(c, "%lld", (long long)b->open_minor.minor),
                                                      NULL) });
    }
    if (late.n == 500) return STEP_AGAIN;
    int64_t after = 0;
    if (job->cursor) {
        Json p = json_read(&c->mem, job->cursor, strlen(job->cursor), 200, NULL);
        json_int(p, "after", &after);
    }
    DueRows due = db_all(c, DueRow,
        "select b.account_id, r.id as rule from bill b join late_fee_rule r on r.utility_id=b.utility_id "
        "and r.active=1 and r.`trigger`='grace' and r.effective_from<=? "
        "and (r.effective_to is null or r.effective_to>=?) "
        "and (r.category_ids is null or json_length(r.category_ids)=0 "
        "or json_contains(r.category_ids, cast(b.category_id as char))) "
        "where b.utility_id=? and b.listed=1 and b.payment_status='overdue' and b.status='published' "
        "and b.open_minor>r.threshold_minor and b.due_date<date_sub(?, interval r.grace_days day) and b.account_id>? "
        "and (r.repeat_mode='monthly' or not exists (select 1 from charge h where h.late_fee_bill_id=b.id "
        "and h.late_fee_rule_id=r.id)) group by b.account_id, r.id order by b.account_id, r.id limit 200", today, today,
                         c->utility, today, after);
    for (size_t i = 0; i < due.n; i++) late_fee_assess(c, due.v[i].account_id, due.v[i].rule, today);
    if (due.n < 200) return STEP_DONE;
    job_progress(c, text(c, "{\"after\":%lld}", (long long)due.v[due.n - 1].account_id.id), (int64_t)due.n, 0, 0);
    return STEP_AGAIN;
}

void charge_unapply_payment(Ctx *c, Id charge, Money amount) { charge_apply_payment(c, charge, money_neg(amount)); }

/* --- disputes ----------------------------------------------------------------------------------------------------- */

#define DISPUTE_ROW(F, T) F(T, const char *, bill_no) F(T, bool, dispute_hold) F(T, int64_t, row_version)
ROW(DisputeRow, DISPUTE_ROW)

void bill_dispute(Ctx *c, Id bill, bool hold, const char *reason) {
    DisputeRow *b = db_one(c, DisputeRow, "select bill_no, dispute_hold, row_version from bill where id=? "
                                          "and utility_id=? for update", bill, c->utility);
    if (b->dispute_hold == hold) return;
    db_run(c, "update bill set dispute_hold=?, updated_at=?, updated_by=?, row_version=row_version+1 where id=?", hold,
           c->now, c->user, bill);
    audit_write(c, &(Audit){ .action = hold ? "dispute" : "dispute_cleared", .entity = "bill", .id = bill,
                             .number = b->bill_no, .version = b->row_version + 1,
                             .before = json_pairs(c, "dispute_hold", hold ? "0" : "1", NULL),
                             .after = json_pairs(c, "dispute_hold", hold ? "1" : "0", NULL), .reason = reason });
}

/* The bill of a complaint's event; 0: it is about none. */
static Id disputed_bill(Ctx *c, const EventRow *e) {
    Json p = e->payload ? json_read(&c->mem, e->payload, strlen(e->payload), 65536, NULL) : (Json){ 0 };
    const char *bill = json_text(p, "bill_id");
    return bill ? (Id){ strtoll(bill, NULL, 10) }
                : db_id(c, "select disputed_bill_id from complaint where id = ?", e->id);
}

/* Late fees and disconnection leave a disputed bill alone, unless the utility wants it otherwise. */
void dispute_opened(Ctx *c, const EventRow *e) {
    Id bill = disputed_bill(c, e);
    if (bill.id && setting_int(c, "dispute_hold", 1)) bill_dispute(c, bill, true, e->number);
}

void dispute_ended(Ctx *c, const EventRow *e) {
    Id bill = disputed_bill(c, e);
    if (bill.id) bill_dispute(c, bill, false, e->number);
}
