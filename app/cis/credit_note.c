/*
 * Credit notes and deposits, as billing asks for them (5-billing "Cancel and rebill", CIS01US09; I2, I8, I10).
 *
 * A note of kind cancellation documents the mirror of a bill and posts nothing; one of kind credit posts when it is
 * issued, at once within the limit of whoever makes it. Numbers have no gaps: taken when a note is issued, late in the
 * transaction.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/credit.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* How much of an action the user may do alone; jobs are not limited. */
static bool within_limit(Ctx *c, const char *action, Money amount) {
    if (c->realm != REALM_STAFF) return true;
    Date today = utility_today(c);
    Money most = db_money(
        c,
        "select coalesce(max(l.max_amount_minor), 0) from approval_limit l join user_role u on u.role_id = l.role_id "
        "where l.utility_id = ? and l.action = ? and u.user_id = ? and (u.utility_id is null or u.utility_id = "
        "l.utility_id) "
        "and u.valid_from <= ? and (u.valid_to is null or u.valid_to >= ?)",
        c->utility, action, c->user, today, today);
    return amount.minor <= most.minor;
}

/* --- posting ------------------------------------------------------------------------------------------------------ */

enum { NOTE_LINES_MAX = 50 };

/* Dr the codes of the lines where they are named and add up, else BILLING_CORRECTION; its tax; Cr the account. */
static void post_note(Ctx *c, Id note, const NewCredit *n) {
    LedgerLine lines[NOTE_LINES_MAX + 3] = { 0 };
    Json list = n->lines ? json_read(&c->mem, n->lines, strlen(n->lines), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    Money net = money_sub(n->amount, n->tax), sum = { 0 };
    int k = 0;
    for (size_t i = 0; i < json_size(list) && k < NOTE_LINES_MAX; i++) {
        const char *code = json_text(json_item(list, i), "gl_code");
        int64_t minor = 0;
        if (!code || !json_int(json_item(list, i), "amount_minor", &minor) || minor <= 0) continue;
        lines[k++] = (LedgerLine){ .gl_code = code, .debit = { minor }, .bill = n->bill };
        sum = money_add(sum, (Money){ minor });
    }
    if (sum.minor != net.minor) {
        k = 0;
        lines[k++] = (LedgerLine){ .posting_key = "BILLING_CORRECTION", .debit = net, .bill = n->bill };
    }
    lines[k++] = (LedgerLine){ .posting_key = "TAX_PAYABLE", .debit = n->tax, .bill = n->bill };
    lines[k++] = (LedgerLine){ .posting_key = "AR", .account = n->account, .credit = n->amount, .bill = n->bill };
    ledger_post(c, &(LedgerSet){ .set_key = text(c, "credit_note:%lld", (long long)note.id),
                                 .txn_type = "credit_note",
                                 .source_type = "credit_note",
                                 .source = note,
                                 .lines = lines,
                                 .n = k });
}

static void tell_issued(Ctx *c, Id note, const char *no, const NewCredit *n) {
    event_emit(c, &(Event){ .name = "credit_note.issued",
                            .entity = "credit_note",
                            .id = note,
                            .number = no,
                            .account = n->account,
                            .payload = text(c, "{\"amount_minor\":%lld}", (long long)n->amount.minor) });
}

/* --- making ------------------------------------------------------------------------------------------------------- */

/* Of the bill itself: earlier notes lower what a further one may take. */
static void check_rest(Ctx *c, const NewCredit *n) {
    if (n->amount.minor <= 0) fail_field(c, INVALID, "amount", "Enter an amount above 0.");
    if (!n->bill.id) return;
    Money rest = money_sub(
        db_money(c, "select total_minor from bill where id = ? and account_id = ? and status = 'published' for update",
                 n->bill, n->account),
        db_money(c,
                 "select cast(coalesce(sum(amount_minor), 0) as signed) from credit_note where bill_id = ? and kind = "
                 "'credit' and status <> 'void' for update",
                 n->bill));
    if (n->amount.minor > rest.minor)
        fail_field(c, INVALID, "amount", "At most %s is left of the bill.",
                   locale_money_plain(&c->mem, c->locale, rest.minor > 0 ? rest : (Money){ 0 }));
}

Id credit_note_create(Ctx *c, const NewCredit *n) {
    bool documents = !strcmp(n->kind, "cancellation");
    if (documents && n->amount.minor <= 0) return (Id){ 0 }; /* a bill of nothing or below has nothing to give back */
    Id before = n->source.id ? db_id(c, "select id from credit_note where source_type = ? and source_id = ?",
                                     n->source_type, n->source)
                             : (Id){ 0 };
    if (before.id) return before;
    account_lock(c, n->account);
    if (!documents) check_rest(c, n);
    bool issued = documents || within_limit(c, "credit_note", n->amount);
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    const char *no = issued ? id_next(c, "credit_note") : NULL;
    Id id = db_insert(
        c,
        "insert into credit_note (utility_id, credit_note_no, account_id, bill_id, issue_date, kind, reason_code, "
        "reason_text, amount_minor, tax_minor, currency, applied_minor, status, `lines`, "
        "requested_by, approved_by, approved_at, source_type, source_id, created_at, created_by) values "
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, no, n->account, n->bill, issued ? utility_today(c) : DATE_NONE, n->kind, n->reason_code,
        n->reason_text, n->amount, n->tax, utility_here(c)->currency, documents ? n->amount : (Money){ 0 },
        documents ? "applied"
        : issued  ? "issued"
                  : "pending_approval",
        n->lines, by, issued ? by : (Id){ 0 }, issued ? c->now : TIME_NONE, n->source_type, n->source, c->now, by);
    audit_write(c, &(Audit){ .action = "create",
                             .entity = "credit_note",
                             .id = id,
                             .number = no,
                             .version = 1,
                             .reason = n->reason_text,
                             .after = json_pairs(c, "kind", n->kind, "amount_minor",
                                                 text(c, "%lld", (long long)n->amount.minor), "reason_code",
                                                 n->reason_code, NULL) });
    if (!issued) return id;
    if (!documents) {
        post_note(c, id, n);
        if (n->bill.id) credit_apply(c, n->account, n->bill);
    }
    tell_issued(c, id, no, n);
    return id;
}

/* --- deposits ----------------------------------------------------------------------------------------------------- */

#define DEPOSIT_ROW(F, T) F(T, Id, id) F(T, Money, held_minor) F(T, int64_t, rate_ppm) F(T, Date, interest_from)
ROW(DepositRow, DEPOSIT_ROW)

/* Simple interest by the day, a year has 365. */
static Money interest_of(const DepositRow *d, Date as_of) {
    int days = date_is_set(d->interest_from) ? date_days_between(d->interest_from, as_of) : 0;
    return days > 0 ? money_ratio(d->held_minor, d->rate_ppm * days, INT64_C(365) * 1000000, ROUND_HALF_UP)
                    : (Money){ 0 };
}

DepositsHeld deposits_held(Ctx *c, Id account, Date as_of) {
    DepositRows rows = db_all(
        c, DepositRow,
        "select id, held_minor, interest_rate_ppm as rate_ppm, interest_from from deposit where account_id = ? and "
        "utility_id = ? and held_minor > 0 order by id",
        account, c->utility);
    DepositsHeld all = { take_n(c, DepositHeld, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++)
        all.v[i] = (DepositHeld){ rows.v[i].id, rows.v[i].held_minor, interest_of(&rows.v[i], as_of),
                                   rows.v[i].rate_ppm, rows.v[i].interest_from };
    return all;
}

#define APPLIED_ROW(F, T) F(T, Id, account_id) F(T, Money, held_minor)
ROW(AppliedRow, APPLIED_ROW)

void deposit_applied(Ctx *c, Id deposit, Money amount, Id bill) {
    AppliedRow *d = db_one(c, AppliedRow,
                           "select account_id, held_minor from deposit where id = ? and utility_id = ? for update",
                           deposit, c->utility);
    if (amount.minor > d->held_minor.minor)
        fail(c, CONFLICT, "Only %s of the deposit is held.", locale_money(&c->mem, c->locale, d->held_minor));
    db_must(
        c, 1, CONFLICT,
        "update deposit set held_minor = held_minor - ?, applied_minor = applied_minor + ?, status = if(held_minor > "
        "0, 'held', 'applied'), bill_id = ?, updated_at = ? where id = ?",
        amount, amount, bill, c->now, deposit);
    audit_note(c, amount.minor < 0 ? "given_back" : "applied", "deposit", deposit, NULL, NULL);
    if (amount.minor > 0)
        event_emit(c, &(Event){ .name = "deposit.applied",
                                .entity = "deposit",
                                .id = deposit,
                                .account = d->account_id,
                                .payload = text(c, "{\"amount_minor\":%lld}", (long long)amount.minor) });
}
