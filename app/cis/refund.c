/*
 * Refund requests: money that goes back to who paid it (CIS01US09 "Refund", ONB03US01 "refunds"; I7, I8).
 *
 *   requested -> approved -> paid | failed;  requested -> rejected | cancelled;  failed -> approved | cancelled
 *
 * Another person approves; that posts Dr AR, Cr REFUND_PAYABLE and takes the money out of the payment, newest
 * allocation first. A refund by the gateway is then submitted by the hub (refund_request.approved), whose answer pays
 * or fails it; one by bank or cheque is noted as paid by hand. A failure is the mirror of the approval, and each
 * further try posts under its own number.
 */
#include "app/cis/refund.h"

#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/credit.h"
#include "app/comms/comms.h"
#include "app/hub/hub.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/money.h"

enum { ORIGINAL_DAYS = 180 };

static RefundRow *refund_row(Ctx *c, Id id) {
    return db_one(
        c, RefundRow,
        "select id, refund_no, account_id, payment_id, credit_note_id, amount_minor, payout_kind, reason, status, "
        "requested_by, approved_by, requested_via, attempt_no, failure_text, created_at, approved_at, paid_at "
        "from refund_request where id = ? and utility_id = ?",
        id, c->utility);
}

/* For what follows from its state: as it is now. */
static const RefundRow *refund_lock(Ctx *c, Id id) {
    return db_one(c, RefundRow,
        "select id, refund_no, account_id, payment_id, credit_note_id, amount_minor, payout_kind, reason, status, "
        "requested_by, approved_by, requested_via, attempt_no, failure_text, created_at, approved_at, paid_at "
        "from refund_request where id = ? and utility_id = ? for update", id, c->utility);
}

const RefundRow *refund_get(Ctx *c, Id id) { return refund_row(c, id); }

/* --- asking ------------------------------------------------------------------------------------------------------- */

#define PAID_BY(F, T) F(T, Id, account_id) F(T, Id, gateway) F(T, bool, by_gateway) F(T, Date, value_date)
ROW(PaidBy, PAID_BY)

static void check_payment(Ctx *c, const NewRefund *n) {
    PaidBy *p = db_find(
        c, PaidBy,
        "select account_id, gateway_account_id as gateway, gateway_account_id is not null and provider_payment_id is "
        "not null as by_gateway, value_date from payment where id = ? and utility_id = ?",
        n->payment, c->utility);
    if (!p || p->account_id.id != n->account.id) fail(c, NOT_FOUND, "There is no such payment.");
    bool original = !strcmp(n->payout_kind, "original");
    if (original && !p->by_gateway)
        fail_field(c, INVALID, "payout_kind",
                   "This payment did not come by a gateway: choose bank transfer or cheque.");
    if (original && payment_intent_is_other(c, n->intent))
        fail_field(c, INVALID, "payout_kind",
                   "This payment arrived in another currency: choose bank transfer or cheque.");
    if (original && date_days_between(p->value_date, utility_today(c)) > ORIGINAL_DAYS)
        fail_field(c, INVALID, "payout_kind", "The gateway takes refunds for %d days: choose bank transfer or cheque.",
                   ORIGINAL_DAYS);
    Money left = payment_refundable(c, n->payment);
    if (n->amount.minor > left.minor)
        fail_field(c, INVALID, "amount", "At most %s can be refunded.", locale_money_plain(&c->mem, c->locale, left));
}

#define NOTE_LEFT(F, T) F(T, Id, account_id) F(T, Money, left_minor)
ROW(NoteLeft, NOTE_LEFT)

static void check_note(Ctx *c, const NewRefund *n) {
    NoteLeft *k = db_find(
        c, NoteLeft,
        "select account_id, left_minor from credit_note where id = ? and utility_id = ? and status in ('issued', "
        "'partially_applied', 'applied', 'refunded') for update",
        n->credit_note, c->utility);
    if (!k || k->account_id.id != n->account.id) fail(c, NOT_FOUND, "There is no such credit note.");
    if (!strcmp(n->payout_kind, "original"))
        fail_field(c, INVALID, "payout_kind", "A credit note is paid out by bank transfer or cheque.");
    const char *open = db_text(
        c,
        "select refund_no from refund_request where credit_note_id = ? and status in ('requested', 'approved') limit 1 "
        "for update",
        n->credit_note);
    if (open) fail(c, CONFLICT, "%s is already open for this credit.", open);
    if (n->amount.minor > k->left_minor.minor)
        fail_field(c, INVALID, "amount", "%s is left.", locale_money(&c->mem, c->locale, k->left_minor));
    credit_note_reserve(c, n->credit_note, n->amount);
}

static Id store(Ctx *c, const NewRefund *n, const char *status, const char **no) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    *no = id_next(c, "refund");
    Id id = db_insert(
        c,
        "insert into refund_request (utility_id, refund_no, account_id, payment_id, credit_note_id, intent_id, "
        "amount_minor, currency, payout_kind, reason, status, requested_by, requested_via, created_at, created_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, *no, n->account, n->payment, n->credit_note, n->intent, n->amount, utility_here(c)->currency,
        n->payout_kind, n->reason, status, by, n->via ? n->via : "staff", c->now, by);
    audit_write(c, &(Audit){ .action = "create",
                             .entity = "refund_request",
                             .id = id,
                             .number = *no,
                             .version = 1,
                             .reason = n->reason,
                             .after = json_pairs(c, "amount_minor", text(c, "%lld", (long long)n->amount.minor),
                                                 "payout_kind", n->payout_kind, NULL) });
    return id;
}

Id refund_request_create(Ctx *c, const NewRefund *n) {
    if (n->amount.minor <= 0) fail_field(c, INVALID, "amount", "Enter an amount above 0.");
    if (!n->reason || !*n->reason) fail_field(c, INVALID, "reason", "Enter a reason.");
    if (n->account.id) account_lock(c, n->account);
    if (n->payment.id) check_payment(c, n);
    else if (n->credit_note.id) check_note(c, n);
    else fail(c, BROKEN, "a refund of neither a payment nor a credit note");
    const char *no;
    return store(c, n, "requested", &no);
}

/* --- posting ------------------------------------------------------------------------------------------------------ */

static LedgerSet set_of(Ctx *c, const RefundRow *r, const char *step, const char *txn_type, LedgerLine *lines) {
    return (LedgerSet){ .set_key = text(c, "refund:%lld:%s:%d", (long long)r->id.id, step, r->attempt_no),
                        .txn_type = txn_type,
                        .source_type = "refund_request",
                        .source = r->id,
                        .source_no = r->attempt_no - 1,
                        .memo = r->refund_no,
                        .lines = lines,
                        .n = 2 };
}

/* Unmatched money is refunded from suspense. */
static void post_approval(Ctx *c, const RefundRow *r) {
    if (r->account_id.id) account_lock(c, r->account_id);
    if (r->payment_id.id) payment_refund_out(c, r->payment_id, r->amount_minor);
    else credit_note_pay_out(c, r->credit_note_id, r->amount_minor);
    LedgerLine lines[2] = {
        { .posting_key = r->account_id.id ? "AR" : "SUSPENSE", .account = r->account_id, .debit = r->amount_minor },
        { .posting_key = "REFUND_PAYABLE", .credit = r->amount_minor }
    };
    LedgerSet set = set_of(c, r, "approval", "refund", lines);
    ledger_post(c, &set);
}

static void approved(Ctx *c, Id id, void *arg) {
    (void)arg;
    db_run(c, "update refund_request set approved_by = ?, approved_at = ? where id = ?",
           c->realm == REALM_STAFF ? c->user : (Id){ 0 }, c->now, id);
    post_approval(c, refund_lock(c, id));
}

/* The failed try gave the money back to where it was, of a credit note to its reserved part. */
static void approved_again(Ctx *c, Id id, void *arg) {
    db_run(c, "update refund_request set attempt_no = attempt_no + 1, failure_text = null where id = ?", id);
    approved(c, id, arg);
}

static void tell_paid(Ctx *c, const RefundRow *r) {
    if (!r->account_id.id) return;
    const Account *a = account_get(c, r->account_id);
    const Locale *l = locale_in(&c->mem, c->locale, a->consumer_language);
    const NotifyField fields[] = { { "refund.no", r->refund_no },
                                   { "amount", locale_money(&c->mem, l, r->amount_minor) },
                                   { "account_no", a->account_no },
                                   { "at", locale_date_words(&c->mem, l, utility_today(c)) },
                                   { 0 } };
    if (a->email || a->phone)
        notify(c, "refund_paid",
               &(Recipient){ .consumer = a->consumer,
                             .account = a->id,
                             .email = a->email,
                             .phone = a->phone,
                             .lang = a->consumer_language },
               fields,
               &(NotifyOptions){ .dedup_key = text(c, "refund:%lld", (long long)r->id.id),
                                 .entity = "refund_request",
                                 .entity_id = r->id });
}

static void paid(Ctx *c, Id id, void *arg) {
    (void)arg;
    const RefundRow *r = refund_lock(c, id);
    const char *from = strcmp(r->payout_kind, "original") ? "BANK" : "GATEWAY_CLEARING";
    LedgerLine lines[2] = { { .posting_key = "REFUND_PAYABLE", .debit = r->amount_minor },
                            { .posting_key = from, .credit = r->amount_minor } };
    LedgerSet set = set_of(c, r, "paid", "refund_paid", lines);
    ledger_post(c, &set);
    db_run(c, "update refund_request set paid_at = ? where id = ?", c->now, id);
    if (r->payment_id.id)
        event_emit(c, &(Event){ .name = "payment.refunded",
                                .entity = "payment",
                                .id = r->payment_id,
                                .account = r->account_id,
                                .payload = text(c, "{\"amount_minor\":%lld}", (long long)r->amount_minor.minor) });
    tell_paid(c, r);
}

/* `why`: what the provider said. */
static void failed(Ctx *c, Id id, void *why) {
    const RefundRow *r = refund_lock(c, id);
    Id txn = ledger_find(c, text(c, "refund:%lld:approval:%d", (long long)id.id, r->attempt_no));
    if (r->account_id.id) account_lock(c, r->account_id);
    ledger_reverse(c, txn, text(c, "refund:%lld:failed:%d", (long long)id.id, r->attempt_no), "refund_failed",
                   DATE_NONE, r->refund_no);
    if (r->payment_id.id) payment_refund_back(c, r->payment_id, r->amount_minor);
    else credit_note_pay_out(c, r->credit_note_id, money_neg(r->amount_minor));
    db_run(c, "update refund_request set failure_text = ? where id = ?", (const char *)why, id);
    alert_raise(c, "refund.failed", "warning", text(c, "refund.failed:%s", r->refund_no),
                text(c, "Refund %s failed: %s", r->refund_no, why ? (const char *)why : "no reason given"),
                text(c, "/cis/refunds/%s", r->refund_no));
}

static void given_up(Ctx *c, Id id, void *arg) {
    (void)arg;
    const RefundRow *r = refund_lock(c, id);
    if (r->credit_note_id.id) credit_note_reserve(c, r->credit_note_id, money_neg(r->amount_minor));
}

/* --- the machine -------------------------------------------------------------------------------------------------- */

static Refusal approval_refusal(Ctx *c, Id id) {
    const RefundRow *r = refund_row(c, id);
    if (r->requested_by.id && r->requested_by.id == c->user.id)
        return REFUSE(c, CONFLICT, "A second person must approve.");
    return NO_REFUSAL;
}

static Refusal payout_refusal(Ctx *c, Id id) {
    const RefundRow *r = refund_row(c, id);
    if (!strcmp(r->payout_kind, "original")) return REFUSE(c, CONFLICT, "The gateway says when this refund is paid.");
    return NO_REFUSAL;
}

/* refund_request.status_changed for all, and the four that others wait for by their own names. */
static void moved(Ctx *c, Id id, const char *from, const char *to, const char *event) {
    (void)event;
    const RefundRow *r = refund_row(c, id);
    Event e = { .name = "refund_request.status_changed",
                .entity = "refund_request",
                .id = id,
                .number = r->refund_no,
                .account = r->account_id,
                .payload = json_pairs(c, "from", from, "to", to, NULL) };
    event_emit(c, &e);
    if (!strcmp(to, "cancelled")) return;
    e.name = text(c, "refund_request.%s", to);
    e.payload = text(c, "{\"amount_minor\":%lld}", (long long)r->amount_minor.minor);
    event_emit(c, &e);
}

/* "settle" and "fail" are what a gateway says; rejecting asks for a reason on its own page. */
static const Move refund_moves[] = {
    { "requested", "approve", "approved", APPROVE, approval_refusal, approved, .text = "cis.refund.approve" },
    { "requested", "reject", "rejected", APPROVE, NULL, given_up, .danger = true, .asks_reason = true },
    { "requested", "cancel", "cancelled", CREATE, NULL, given_up, .text = "cis.refund.withdraw" },
    { "approved", "pay", "paid", EDIT, payout_refusal, paid, .text = "cis.refund.paid_out" },
    { "approved", "settle", "paid", APPROVE, NULL, paid },
    { "approved", "fail", "failed", APPROVE, NULL, failed },
    { "failed", "retry", "approved", APPROVE, approval_refusal, approved_again, .text = "cis.refund.again" },
    { "failed", "cancel", "cancelled", APPROVE, NULL, given_up, .text = "cis.refund.give_up" },
    { 0 }
};

const Machine refund_request = { .name = "refund_request",
                                 .table = "refund_request",
                                 .column = "status",
                                 .number = "refund_no",
                                 .feature = "cis.refunds",
                                 .moves = refund_moves,
                                 .moved = moved };

/* --- what the gateway says ---------------------------------------------------------------------------------------- */

RefundOrder refund_order(Ctx *c, Id id) {
    const RefundRow *r = refund_lock(c, id);
    return (RefundOrder){ r->id,          r->payment_id, r->account_id,   r->refund_no, r->status,
                          r->payout_kind, r->reason,     r->amount_minor, r->attempt_no };
}

void refund_result(Ctx *c, Id id, const char *state, const char *why) {
    const RefundRow *r = refund_lock(c, id);
    if (!strcmp(state, "paid") && !strcmp(r->status, "approved"))
        machine_move_system(c, &refund_request, id, "settle", NULL, NULL);
    else if (!strcmp(state, "failed") && !strcmp(r->status, "approved"))
        machine_move_system(c, &refund_request, id, "fail", NULL, (void *)(uintptr_t)why);
}

Id refund_outside(Ctx *c, const NewRefund *n) {
    const char *no;
    if (n->account.id) account_lock(c, n->account);
    Id id = store(c, n, "requested", &no);
    machine_move_system(c, &refund_request, id, "approve", n->reason, NULL);
    return id;
}
