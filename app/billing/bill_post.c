/*
 * Publishing, cancelling and making again (5-billing "Cancel and rebill", V1's publish; BX01US01, BX01US03, BX04US01;
 * I1 to I6, I10). A set of bills is published in one transaction: all of it or none.
 */
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "app/billing/owed.h"
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/money.h"

/* --- the set ------------------------------------------------------------------------------------------------------ */

#define POST_BILL(F, T) F(T, Id, id) F(T, Id, account_id) F(T, Id, consumer_id) F(T, Id, run) \
    F(T, const char *, status) F(T, const char *, kind) F(T, const char *, currency) F(T, Date, period_start) \
    F(T, Date, period_end) \
    F(T, Date, bill_date) F(T, Date, due_date) F(T, Date, accounting_date) F(T, Money, total_minor) \
        F(T, Id, supersedes) F(T, int64_t, stale) F(T, Money, balance_minor) F(T, Money, deferred_minor) \
        F(T, Time, last_published_at)
ROW(PostBill, POST_BILL)
#define POST_LINE(F, T) F(T, Id, id) F(T, Id, bill_id) F(T, int, seq) F(T, const char *, charge_type) \
    F(T, Money, amount_minor) F(T, Id, gl_code_id) F(T, bool, has_quantity) F(T, Id, instalment_id) \
    F(T, Id, deposit_id)
ROW(PostLine, POST_LINE)
#define POST_DAY(F, T) F(T, Id, connection) F(T, Date, last_day)
ROW(PostDay, POST_DAY)
#define LOCKED_ACCOUNT(F, T) F(T, Id, id)
ROW(LockedAccount, LOCKED_ACCOUNT)

#define IDS "json_table(?, '$[*]' columns (id bigint path '$')) j straight_join "

typedef struct { Money previous, payments, adjustments, posted, forward, due, carried, deferred;
                 const char *payment_status; } Figures;

/* Accounts first and in order of id, then the bills: the order of every writer of money. */
static PostBills lock_bills(Ctx *c, const char *ids) {
    db_all(c, LockedAccount, "select a.id from " IDS "bill b force index (primary) on b.id = j.id straight_join "
        "account a force index (primary) on a.id = b.account_id where a.utility_id = ? order by a.id for update", ids,
           c->utility);
    return db_all(c, PostBill,
        "select b.id, b.account_id, b.consumer_id, b.bill_run_id as run, b.status, b.kind, b.currency, b.period_start, "
        "b.period_end, b.bill_date, b.due_date, coalesce(b.accounting_date, b.bill_date) "
        "as accounting_date, b.total_minor, "
        "b.supersedes_bill_id as supersedes, b.stale, a.balance_minor, a.deferred_minor, " LAST_PUBLISHED
        "as last_published_at "
        "from " IDS "bill b force index (primary) on b.id = j.id and b.utility_id = ? straight_join account a force "
        "index (primary) on a.id = b.account_id order by b.account_id, b.id for update",
        ids, c->utility);
}

/* The amount due is final only now: with payments and credits that came since the draft. */
static Figures figures_of(const PostBill *b, const SinceFacts *since) {
    Figures f = { .deferred = b->deferred_minor, .forward = money_sub(b->balance_minor, b->deferred_minor) };
    for (size_t i = 0; i < since->n; i++) {
        const SinceFact *s = &since->v[i];
        if (s->account.id == b->account_id.id) f.payments = s->payments, f.adjustments = s->others,
            f.posted = s->charges;
    }
    f.previous = money_sub(f.forward, money_add(f.payments, money_add(f.adjustments, f.posted)));
    Money sum = money_add(f.forward, b->total_minor);
    if (sum.minor > 0) f.due = sum;
    else f.carried = money_neg(sum);
    f.payment_status = b->total_minor.minor <= 0 ? "paid" : !f.due.minor ? "credit" : "unpaid";
    return f;
}

/* --- the ledger --------------------------------------------------------------------------------------------------- */

/* What a final bill gives as interest on a deposit: its line takes off, so it is below zero there. */
static Money interest_of(const PostLines *lines, Id bill) {
    Money sum = { 0 };
    for (size_t k = 0; k < lines->n; k++)
        if (lines->v[k].bill_id.id == bill.id && !strcmp(lines->v[k].charge_type, "DEPOSIT_INTEREST"))
            sum = money_sub(sum, lines->v[k].amount_minor);
    return sum;
}

/* The expense, against what the bill's line then takes from what is payable. */
static LedgerSet interest_set(Ctx *c, const PostBill *b, Money interest) {
    LedgerLine *l = take_n(c, LedgerLine, 2);
    l[0] = (LedgerLine){ .posting_key = "DEPOSIT_INTEREST", .bill = b->id, .debit = interest };
    l[1] = (LedgerLine){ .posting_key = "DEPOSIT_INTEREST_PAYABLE", .bill = b->id, .credit = interest };
    return (LedgerSet){ .set_key = text(c, "bill:%lld:interest", (long long)b->id.id), .txn_type = "deposit_interest",
                        .source_type = "bill", .source = b->id, .date = b->accounting_date, .lines = l, .n = 2 };
}

/* Dr receivable of the sum, Cr the code of each line; what lowers the bill the other way round. Liabilities and
   deferred receivables are kept by account. */
static void post_ledger(Ctx *c, const PostBills *bills, const PostLines *lines) {
    LedgerSet *sets = take_n(c, LedgerSet, bills->n * 2);
    LedgerLine *all = take_n(c, LedgerLine, lines->n + bills->n);
    Id agreement = gl_by_key(c, "AR_AGREEMENT"), deposit = gl_by_key(c, "DEPOSIT_LIABILITY"), ar = gl_by_key(c, "AR");
    size_t at = 0, set_n = 0;
    for (size_t i = 0; i < bills->n; i++) {
        const PostBill *b = &bills->v[i];
        LedgerLine *first = &all[at];
        Money total = { 0 };
        at++;
        int amounts = 0;
        for (size_t k = 0; k < lines->n; k++) {
            const PostLine *l = &lines->v[k];
            if (l->bill_id.id != b->id.id || !l->amount_minor.minor) continue;
            bool keeps_account = l->gl_code_id.id == agreement.id || l->gl_code_id.id == deposit.id
                || l->gl_code_id.id == ar.id;
            all[at++] = (LedgerLine){ .gl_code_id = l->gl_code_id, .account = keeps_account ? b->account_id : (Id){ 0 },
                                      .bill = b->id, .charge_type = l->charge_type,
                                      .credit = l->amount_minor.minor > 0 ? l->amount_minor : (Money){ 0 },
                                      .debit = l->amount_minor.minor < 0 ? money_neg(l->amount_minor) : (Money){ 0 } };
            total = money_add(total, l->amount_minor);
            amounts++;
        }
        if (total.minor != b->total_minor.minor)
            fail(c, BROKEN, "bill %lld is not the sum of its lines", (long long)b->id.id);
        *first = (LedgerLine){ .gl_code_id = ar, .account = b->account_id, .bill = b->id, .debit = total.minor > 0
                               ? total : (Money){ 0 }, .credit = total.minor < 0 ? money_neg(total) : (Money){ 0 } };
        if (!amounts) continue;                     /* nothing but lines of 0.00 */
        sets[set_n++] = (LedgerSet){ .set_key = text(c, "bill:%lld:publish", (long long)b->id.id), .txn_type = "bill",
                                     .source_type = "bill", .source = b->id, .date = b->accounting_date,
                                     .lines = first, .n = (int)(&all[at] - first) };
        Money interest = interest_of(lines, b->id);
        if (interest.minor) sets[set_n++] = interest_set(c, b, interest);
    }
    ledger_post_many(c, sets, set_n, NULL);
}

/* --- readings, connections, charges, instalments ------------------------------------------------------------------ */

static void mark_used(Ctx *c, const char *ids, const PostBills *bills, const PostLines *lines) {
    SegmentOfBill *uses = take_n(c, SegmentOfBill, bills->n + 1);
    for (size_t i = 0; i < bills->n; i++) {
        uses[i].bill = bills->v[i].id;
        for (size_t k = 0; k < lines->n && !uses[i].line.id; k++)
            if (lines->v[k].bill_id.id == bills->v[i].id.id && lines->v[k].has_quantity) uses[i].line = lines->v[k].id;
    }
    mx_bill_reserved(c, uses, bills->n);
    PostDays days = db_all(c, PostDay, "select g.service_connection_id as connection, max(g.segment_end) as last_day "
                                       "from " IDS "bill_segment g on g.bill_id = j.id "
        "group by g.service_connection_id order by g.service_connection_id", ids);
    ConnectionBilled *billed = take_n(c, ConnectionBilled, days.n + 1);
    for (size_t i = 0; i < days.n; i++) billed[i] = (ConnectionBilled){ days.v[i].connection, days.v[i].last_day };
    connections_billed(c, billed, days.n);
    db_run(c, "update " IDS "charge h on h.bill_id = j.id set h.status = 'billed', h.updated_at = ? "
                            "where h.status = 'pending'", ids, c->now);
    for (size_t k = 0; k < lines->n; k++) {
        if (lines->v[k].instalment_id.id)
            instalment_billed(c, lines->v[k].instalment_id, lines->v[k].bill_id);
        if (lines->v[k].deposit_id.id && lines->v[k].amount_minor.minor < 0
            && !strcmp(lines->v[k].charge_type, "DEPOSIT_APPLIED"))
            deposit_applied(c, lines->v[k].deposit_id, money_neg(lines->v[k].amount_minor), lines->v[k].bill_id);
    }
}

#define WANTED_ROW(F, T) F(T, Id, bill) F(T, const char *, email) F(T, const char *, mode)
ROW(WantedRow, WANTED_ROW)

/* Everybody has the bill in the portal; by mail whoever wants it so and has an address, else on paper. */
static void queue_deliveries(Ctx *c, const char *ids, bool is_history) {
    WantedRows rows = db_all(c, WantedRow, "select b.id as bill, n.email, coalesce(f.mode, 'paper') as mode from " IDS
                                           "bill b on b.id = j.id straight_join consumer n on n.id = b.consumer_id "
                                           "left join bill_delivery_pref f on f.account_id = b.account_id", ids);
    DbBulk *to = db_bulk(c, "insert into bill_delivery (utility_id, bill_id, channel, address, state, sent_at, "
                            "ended_at) values (?,?,?,?,?,?,?)");
    Time done = is_history ? c->now : TIME_NONE;
    Bind none = { 0 };
    for (size_t i = 0; i < rows.n; i++) {
        const WantedRow *w = &rows.v[i];
        bool both = !strcmp(w->mode, "both"), by_mail = w->email && (both || !strcmp(w->mode, "email")),
            on_paper = both || !strcmp(w->mode, "paper") || !w->email;
        db_bulk_add(to, c->utility, w->bill, "portal", none, "delivered", c->now, c->now);
        if (by_mail)
            db_bulk_add(to, c->utility, w->bill, "email", w->email, is_history ? "delivered" : "queued", done, done);
        if (on_paper)
            db_bulk_add(to, c->utility, w->bill, "paper", none, is_history ? "handed_over" : "queued", done, done);
    }
    db_bulk_end(to);
}

/* --- numbers last: their row is locked until the transaction ends ------------------------------------------------- */

static void number_and_close(Ctx *c, const PostBills *bills, const Figures *f, const char *const *numbers, Id by) {
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0; i < bills->n; i++)
        text_addf(&t, "%s[%lld,\"%s\",%lld,%lld,%lld,%lld,%lld,%lld,%lld,%lld,\"%s\"]", i ? "," : "",
                  (long long)bills->v[i].id.id, numbers[i], (long long)f[i].previous.minor,
                  (long long)f[i].payments.minor,
                  (long long)f[i].adjustments.minor, (long long)f[i].posted.minor, (long long)f[i].forward.minor,
                      (long long)f[i].due.minor, (long long)f[i].carried.minor, (long long)f[i].deferred.minor,
                      f[i].payment_status);
    text_add(&t, "]");
    int64_t rows = db_run(c,
        "update json_table(?, '$[*]' columns (id bigint path '$[0]', no varchar(30) path '$[1]', previous bigint path "
        "'$[2]', payments bigint path '$[3]', adjustments bigint path '$[4]', posted bigint path '$[5]', "
        "forward bigint path '$[6]', due bigint path '$[7]', carried bigint path '$[8]', deferred bigint path '$[9]', "
        "paid varchar(10) path '$[10]')) j straight_join bill b force index (primary) on b.id = j.id "
        "set b.status = 'published', b.bill_no = j.no, b.previous_balance_minor = j.previous, b.payments_minor = "
        "j.payments, b.adjustments_minor = j.adjustments, b.posted_charges_minor = j.posted, "
        "b.balance_forward_minor = j.forward, b.amount_due_minor = j.due, b.credit_carried_minor = j.carried, "
        "b.deferred_minor = j.deferred, b.payment_status = j.paid, b.published_at = ?, b.published_by = ?, "
        "b.updated_at = ? where b.status in ('draft', 'approved')", t.s, c->now, by, c->now);
    if (rows != (int64_t)bills->n) fail(c, CONFLICT, "A bill of this set was changed meanwhile.");
    OwedMove *more = take_n(c, OwedMove, bills->n);
    for (size_t i = 0; i < bills->n; i++)
        more[i] = (OwedMove){ bills->v[i].due_date, owed_part(bills->v[i].total_minor, (Money){ 0 }) };
    owed_move(c, more, bills->n);
}

static void tell(Ctx *c, const PostBills *bills, const Figures *f, const char *const *numbers) {
    int exponent = currency_exponent(bills->v[0].currency);
    Event *events = take_n(c, Event, bills->n);
    for (size_t i = 0; i < bills->n; i++) {
        const PostBill *b = &bills->v[i];
        Text t = text_start(c);
        JsonOut o = json_out(&t);
        json_open_object(&o, NULL);
        json_add_int(&o, "bill_id", b->id.id);
        json_add_text(&o, "bill_no", numbers[i]);
        json_add_text(&o, "kind", b->kind);
        json_add_int(&o, "amount_due_minor", f[i].due.minor);
        json_add_text(&o, "amount_due", money_decimal(&c->mem, f[i].due, exponent));
        json_add_text(&o, "due_date", date_iso(&c->mem, b->due_date));
        json_add_text(&o, "period", text(c, "%s/%s", date_iso(&c->mem, b->period_start),
                                         date_iso(&c->mem, b->period_end)));
        json_close(&o);
        events[i] = (Event){ .name = "bill.posted", .entity = "bill", .id = b->id, .number = numbers[i],
                             .account = b->account_id, .consumer = b->consumer_id, .payload = t.s };
    }
    events_emit(c, events, bills->n);
}

/* Credit that pays nothing yet pays the new bill, also beside older items that are in dispute. */
static void use_credit(Ctx *c, const PostBills *bills, const Id *accounts) {
    const Money *credit = credits_free(c, accounts, bills->n);
    for (size_t i = 0; i < bills->n; i++) {
        const PostBill *b = &bills->v[i];
        if (credit[i].minor <= 0 || b->total_minor.minor <= 0) continue;
        Money used = credit_apply(c, b->account_id, b->id);
        if (used.minor) db_run(c, "update bill set credit_applied_minor=? where id=?", used, b->id);
    }
}

/* --- publish ------------------------------------------------------------------------------------------------------ */

static void number_sets(Ctx *c, const PostBills *bills, const char **to) {
    for (size_t i = 0; i < bills->n;) {             /* of one bill date each: a run has one */
        size_t end = i + 1;
        while (end < bills->n && bills->v[end].bill_date.day == bills->v[i].bill_date.day) end++;
        const char *const *some = id_next_many(c, "bill", bills->v[i].bill_date, end - i);
        for (size_t k = i; k < end; k++) to[k] = some[k - i];
        i = end;
    }
}

void bill_publish(Ctx *c, const Id *ids, size_t n, const Publishing *p) {
    if (!n) return;
    const char *list = json_ids(c, ids, n);
    PostBills bills = lock_bills(c, list);
    for (size_t i = 0; i < bills.n; i++) {
        const PostBill *b = &bills.v[i];
        if (strcmp(b->status, "draft") && strcmp(b->status, "approved"))
            fail(c, CONFLICT, "This bill is %s.", b->status);
        if (b->stale) fail(c, CONFLICT, "This bill must be recalculated.");
    }
    if (bills.n != n) fail(c, CONFLICT, "A bill of this set is not there any more.");
    Text accounts_since = text_start(c);
    for (size_t i = 0; i < n; i++) since_add(c, &accounts_since, bills.v[i].account_id, bills.v[i].last_published_at);
    SinceFacts since = since_read(c, &accounts_since);
    PostLines lines = db_all(c, PostLine, "select l.id, l.bill_id, l.seq, l.charge_type, l.amount_minor, l.gl_code_id, "
                                          "l.qty_micro is not null as has_quantity, l.instalment_id, l.deposit_id "
                                          "from " IDS "bill_line l on l.bill_id = j.id "
                                                      "where l.posts = 1 order by l.bill_id, l.seq", list);
    Figures *f = take_n(c, Figures, bills.n);
    Id *accounts = take_n(c, Id, bills.n);
    for (size_t i = 0; i < bills.n; i++) f[i] = figures_of(&bills.v[i], &since), accounts[i] = bills.v[i].account_id;
    post_ledger(c, &bills, &lines);
    mark_used(c, list, &bills, &lines);
    accounts_billed(c, accounts, bills.n, bills.v[0].bill_date);
    queue_deliveries(c, list, p->is_history);
    const char **numbers = take_n(c, const char *, bills.n);
    number_sets(c, &bills, numbers);
    number_and_close(c, &bills, f, numbers, p->by);
    for (size_t i = 0; i < bills.n; i++)
        if (bills.v[i].supersedes.id) db_run(c, "update bill set superseded_by_bill_id=? where id=?", bills.v[i].id,
                                             bills.v[i].supersedes);
    db_run(c, "update " IDS "bill b on b.id = j.id join bill_run_item i on i.run_id = b.bill_run_id "
                            "and i.account_id = b.account_id set i.state = 'published', i.done_at = ?, i.claimed_by = "
                            "null, i.lease_until = null", list, c->now);
    use_credit(c, &bills, accounts);
    if (!p->is_history) tell(c, &bills, f, numbers), bill_papers_wish(c, ids, n);
}

/* --- cancel ------------------------------------------------------------------------------------------------------- */

#define CANCEL_ROW(F, T) F(T, Id, id) F(T, Id, account_id) F(T, Id, consumer_id) F(T, const char *, bill_no) \
    F(T, const char *, status) F(T, Date, due_date) F(T, Money, total_minor) F(T, Money, tax_minor) \
    F(T, Money, paid_minor) F(T, int64_t, row_version)
ROW(CancelRow, CANCEL_ROW)
#define CANCEL_DAYS(F, T) F(T, Id, connection) F(T, Date, first_day) F(T, Date, begins)
ROW(CancelDay, CANCEL_DAYS)
#define FREED_ROW(F, T) F(T, Id, instalment_id)
ROW(FreedRow, FREED_ROW)
#define APPLIED_DEPOSIT(F, T) F(T, Id, deposit_id) F(T, Money, amount)
ROW(AppliedDeposit, APPLIED_DEPOSIT)

static void refuse_followed(Ctx *c, const CancelRow *b) {
    const char *later = db_text(c, "select group_concat(distinct x.bill_no "
                                   "order by x.bill_date desc, x.id desc separator ', ') from bill_segment s "
                                   "join bill_segment t on t.service_connection_id = s.service_connection_id "
                                   "and t.segment_start > s.segment_end "
                                   "join bill x on x.id = t.bill_id and x.status = 'published' where s.bill_id = ?",
                                b->id);
    if (later) fail(c, CONFLICT, "%s follows on this reading. Cancel from the newest back, or correct only the price.",
                    later);
}

void bill_cancel(Ctx *c, Id bill, const char *reason_code, const char *note) {
    Id account = db_id(c, "select account_id from bill where id=? and utility_id=?", bill, c->utility);
    if (!account.id) fail(c, NOT_FOUND, "There is no such bill.");
    account_lock(c, account);
    CancelRow *b = db_one(c, CancelRow, "select id, account_id, consumer_id, bill_no, status, due_date, total_minor, "
                                        "tax_minor, paid_minor, row_version from bill where id=? for update", bill);
    if (strcmp(b->status, "published")) fail(c, CONFLICT, "Bill %s is %s.", b->bill_no ? b->bill_no : "", b->status);
    refuse_followed(c, b);
    Id txn = ledger_find(c, text(c, "bill:%lld:publish", (long long)bill.id));
    if (txn.id) ledger_reverse(c, txn, text(c, "bill:%lld:cancel", (long long)bill.id), "bill_cancel", utility_today(c),
                               text(c, "Bill %s cancelled: %s", b->bill_no, reason_code));
    Id interest = ledger_find(c, text(c, "bill:%lld:interest", (long long)bill.id));
    if (interest.id) ledger_reverse(c, interest, text(c, "bill:%lld:interest_back", (long long)bill.id),
                                    "deposit_interest_back", utility_today(c), NULL);
    CancelDays days = db_all(c, CancelDay, "select s.service_connection_id as connection, min(s.segment_start) "
                                           "as first_day, max(greatest(h.from_on, coalesce(v.connected_on, "
                                           "h.from_on))) as begins from bill_segment s "
                                           "join service_connection v on v.id = s.service_connection_id "
        "join service_connection_holder h on h.service_connection_id = s.service_connection_id and h.account_id = ? "
        "where s.bill_id = ? group by s.service_connection_id", b->account_id, bill);
    for (size_t i = 0; i < days.n; i++)
        connection_billed(c, days.v[i].connection, days.v[i].first_day.day <= days.v[i].begins.day
                          ? DATE_NONE : date_add_days(days.v[i].first_day, -1));
    mx_release_segments(c, bill);
    db_run(c, "update charge set status='pending', bill_id=null, updated_at=? where bill_id=? and status='billed'",
           c->now, bill);
    AppliedDeposits applied = db_all(c, AppliedDeposit, "select deposit_id, sum(amount_minor) as amount from bill_line "
        "where bill_id=? and charge_type='DEPOSIT_APPLIED' and deposit_id is not null group by deposit_id", bill);
    for (size_t i = 0; i < applied.n; i++)          /* a line of the bill takes off: below zero */
        deposit_applied(c, applied.v[i].deposit_id, applied.v[i].amount, (Id){ 0 });
    FreedRows freed = db_all(c, FreedRow, "select instalment_id from bill_line where bill_id=? "
                                          "and instalment_id is not null", bill);
    for (size_t i = 0; i < freed.n; i++) instalment_billed(c, freed.v[i].instalment_id, (Id){ 0 });
    db_must(c, 1, CONFLICT, "update bill set status='cancelled', cancelled_at=?, cancelled_by=?, cancel_reason=?, "
                            "updated_at=?, row_version=row_version+1 where id=? and status='published'",
            c->now, c->user, text(c, "%s: %s", reason_code, note ? note : ""), c->now, bill);
    owed_move(c, &(OwedMove){ b->due_date, money_neg(owed_part(b->total_minor, b->paid_minor)) }, 1);
    db_run(c, "update bill_delivery set state='cancelled' where bill_id=? and state='queued'", bill);
    credit_note_create(c, &(NewCredit){ .account = b->account_id, .bill = bill, .kind = "cancellation",
                                        .reason_code = "bill_cancelled", .reason_text = note, .amount = b->total_minor,
                                        .tax = b->tax_minor, .source_type = "bill", .source = bill });
    audit_write(c, &(Audit){ .action = "cancel", .entity = "bill", .id = bill, .number = b->bill_no,
                             .version = b->row_version + 1, .before = json_pairs(c, "status", "published", NULL),
                             .after = json_pairs(c, "status", "cancelled", NULL),
                             .reason = text(c, "%s: %s", reason_code, note ? note : "") });
    account_unbilled(c, b->account_id);
    event_emit(c, &(Event){ .name = "bill.cancelled", .entity = "bill", .id = bill, .number = b->bill_no,
                            .account = b->account_id, .consumer = b->consumer_id,
                            .payload = json_pairs(c, "bill_id", text(c, "%lld", (long long)bill.id), "reason",
                                                  reason_code, NULL) });
}

Id bill_again(Ctx *c, Id bill) {
    Id account = db_id(c, "select account_id from bill where id=? and utility_id=?", bill, c->utility);
    if (!account.id) fail(c, NOT_FOUND, "There is no such bill.");
    account_lock(c, account);               /* two who press at one moment get the same draft */
    Id there = db_id(c, "select id from bill where account_id=? and supersedes_bill_id=? and live_flag=1 for update",
                     account, bill);
    if (there.id) return there;
    if (!db_int(c, "select count(*) from bill where id=? and status='cancelled'", bill))
        fail(c, CONFLICT, "Only a cancelled bill is made again.");
    BillScope s = bill_scope_again(c, bill);
    size_t n;
    BillCase *one = bill_cases(c, &s, &account, 1, &n);
    bill_cases_store(c, &s, one, n);
    if (n && one->bill.id) return one->bill;
    const char *why = n && one->draft.problem_n ? text(c, "%s: %s", one->draft.problems[0].code,
        one->draft.problems[0].message) : "There is nothing to bill.";
    fail(c, INVALID, "%s", why);
}

const char *bill_draft_name(Ctx *c, Id bill) {
    return db_text(c, "select coalesce(b.bill_no, " DRAFT_NAME ") from bill b join account a on a.id=b.account_id "
                      "where b.id=?", bill);
}

/* By the bills of its account: references have no index of their own, a run would pay for it with every bill. */
Id bill_draft_find(Ctx *c, const char *name) {
    size_t n = strlen(name), before = strlen("draft-");
    if (strncmp(name, "draft-", before) || n < before + DRAFT_REF + 2) return (Id){ 0 };
    if (name[n - DRAFT_REF - 1] != '-') return (Id){ 0 };
    const char *account = text_copy_n(c, name + before, n - before - DRAFT_REF - 1), *ref = name + n - DRAFT_REF;
    return db_id(c, "select b.id from account a join bill b on b.account_id=a.id where a.utility_id=? "
                    "and a.account_no=? and b.draft_ref=?", c->utility, account, ref);
}
