/*
 * Payments: posted once, allocated, receipted, reversed (CIS01US09, CIS01US13; I7 to I10).
 *
 * A payment, its allocations, its ledger set, its receipt and its event are one transaction. The rows of its accounts
 * are locked first, in order of id. The same intent line, provider's id or external id again finds the first payment.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/cis/payment_rules.h"
#include "app/cis/payment_work.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"

/* --- channel and mode --------------------------------------------------------------------------------------------- */

/* What has arrived from a gateway is posted, though its way was switched off meanwhile (I9). */
static Way *way_of_old(Ctx *c, const NewPayment *p) {
    return db_find(c, Way, "select cm.id, ch.id as channel_id, m.id as mode_id, m.name as mode_name, ch.name "
                           "as channel_name, coalesce(cm.posting_key, m.posting_key) as posting_key, cm.min_minor, "
                           "cm.max_minor, cm.partial_allowed, cm.advance_allowed, cm.till_needed, "
                           "cm.balance_effect = 'on_clearance' as on_clearance, cm.clearing_days, cm.types, "
                           "m.cash_like from channel_mode cm join payment_channel ch on ch.id = cm.channel_id "
                           "join payment_mode m on m.id = cm.mode_id where cm.utility_id = ? and ch.code = ? "
                           "and m.code = ? order by cm.state = 'active' desc, cm.valid_from desc limit 1",
                   c->utility, p->channel, p->mode);
}

Way *payment_way(Ctx *c, const NewPayment *p, Date day) {
    Way *w = db_find(c, Way,
        "select cm.id, ch.id as channel_id, m.id as mode_id, m.name as mode_name, ch.name as channel_name, "
        "coalesce(cm.posting_key, m.posting_key) as posting_key, cm.min_minor, cm.max_minor, cm.partial_allowed, "
        "cm.advance_allowed, cm.till_needed, cm.balance_effect = 'on_clearance' as on_clearance, cm.clearing_days, "
        "cm.types, m.cash_like from channel_mode cm join payment_channel ch on ch.id = cm.channel_id "
        "join payment_mode m on m.id = cm.mode_id where cm.utility_id = ? and ch.code = ? and m.code = ? "
        "and cm.state = 'active' and cm.enabled = 1 and ch.active = 1 and m.active = 1 and cm.valid_from <= ? "
        "and (cm.valid_to is null or cm.valid_to >= ?) order by cm.valid_from desc limit 1",
        c->utility, p->channel, p->mode, day, day);
    if (!w && p->gateway.id) w = way_of_old(c, p);
    if (!w) fail(c, INVALID, "This way of paying is switched off.");
    return w;
}

void payment_check(Ctx *c, const NewPayment *p, const Way *w) {
    if (p->amount.minor <= 0) fail_field(c, INVALID, "amount", "Enter an amount above 0.");
    if (p->intent.id || p->gateway.id) return;              /* what arrived is posted */
    if (p->amount.minor < w->min_minor.minor)
        fail_field(c, INVALID, "amount", "%s at %s: at least %s", w->mode_name, w->channel_name,
                   locale_money(&c->mem, c->locale, w->min_minor));
    if (p->amount.minor > w->max_minor.minor)
        fail_field(c, INVALID, "amount", "%s at %s: at most %s", w->mode_name, w->channel_name,
                   locale_money(&c->mem, c->locale, w->max_minor));
    if (w->till_needed && !p->till_session.id) fail(c, CONFLICT, "Open your till first");
}

/* --- allocation --------------------------------------------------------------------------------------------------- */

static Payable *payables(Ctx *c, const OpenItems *open) {
    Payable *v = take_n(c, Payable, open->n + 1);
    for (size_t i = 0; i < open->n; i++)
        v[i] = (Payable){ open->v[i].type, open->v[i].id, open->v[i].due_on, open->v[i].unpaid, open->v[i].in_dispute,
                          open->v[i].charge_type };
    return v;
}

static const OpenItem *open_named(const OpenItems *open, const char *type, Id id) {
    for (size_t i = 0; i < open->n; i++)
        if (open->v[i].id.id == id.id && !strcmp(open->v[i].type, type)) return &open->v[i];
    return NULL;
}

/* Money for a chosen item that was paid meanwhile becomes credit; *open is narrowed to the chosen ones. */
Allocations payment_allocate_open(Ctx *c, OpenItems *open, Money amount, const PayItem *items, int n) {
    if (!n) return payment_allocate(&c->mem, payables(c, open), open->n, amount, utility_today(c));
    OpenItems chosen = { take_n(c, OpenItem, (size_t)n + 1), 0, { 0 } };
    Money *wanted = take_n(c, Money, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        const OpenItem *item = open_named(open, items[i].type, items[i].id);
        if (!item) continue;
        wanted[chosen.n] = items[i].amount.minor > item->unpaid.minor ? item->unpaid : items[i].amount;
        chosen.v[chosen.n++] = *item;
    }
    *open = chosen;
    Allocations to;
    const char *wrong = payment_allocate_chosen(&c->mem, payables(c, &chosen), wanted, chosen.n, amount, &to);
    if (wrong) fail_field(c, INVALID, "amount", "%s", wrong);
    return to;
}

Preview payment_allocate_preview(Ctx *c, Id account, Money amount, const PayItem *items, int n) {
    OpenItems open = open_items(c, account);
    Allocations to = payment_allocate_open(c, &open, amount, items, n);
    Preview p = { take_n(c, PreviewItem, to.n + 1), to.n, to.rest };
    for (size_t i = 0; i < to.n; i++) {
        const OpenItem *item = &open.v[to.v[i].item];
        p.v[i] = (PreviewItem){ item->type, item->id, item->label, item->due_on, item->unpaid, to.v[i].amount };
    }
    return p;
}

/* One way for paying and (with a minus) for undoing. */
void payment_move_item(Ctx *c, const char *type, Id id, Money amount, Id payment) {
    bool back = amount.minor < 0;
    if (!strcmp(type, "bill")) {
        if (back) bill_unapply_payment(c, id, money_neg(amount), payment);
        else bill_apply_payment(c, id, amount, payment);
    } else if (!strcmp(type, "charge")) {
        charge_apply_payment(c, id, amount);
    } else if (!strcmp(type, "instalment")) {
        db_must(c, 1, CONFLICT, "update instalment set paid_minor=paid_minor+?, state=if(paid_minor>=amount_minor, "
                                "'paid', if(paid_minor>0, 'part_paid', 'due')) "
                                "where id=? and paid_minor+? between 0 and amount_minor", amount, id, amount);
    } else {
        db_must(c, 1, CONFLICT, "update deposit set paid_minor=paid_minor+?, held_minor=held_minor+?, "
                                "status=if(paid_minor>=amount_minor, 'held', 'demanded'), "
                                "interest_from=if(paid_minor>=amount_minor, coalesce(interest_from, ?), null) "
                                "where id=? and paid_minor+? between 0 and amount_minor and held_minor+? >= 0",
                amount, amount, utility_today(c), id, amount, amount);
    }
}

/* --- posting ------------------------------------------------------------------------------------------------------ */

#define FOUND_PAYMENT(F, T) F(T, Id, id) F(T, const char *, payment_no) F(T, const char *, receipt_no) \
    F(T, const char *, status) F(T, Money, allocated_minor) F(T, Money, unallocated_minor)
ROW(FoundPayment, FOUND_PAYMENT)

static FoundPayment *found_before(Ctx *c, const NewPayment *p) {
    FoundPayment *f = NULL;
    if (p->intent.id)
        f = db_find(c, FoundPayment, "select id, payment_no, coalesce(receipt_no, (select r.receipt_no from receipt r "
                                     "where r.payment_group = payment.payment_group limit 1)) as receipt_no, status, "
                                     "allocated_minor, unallocated_minor from payment "
                                     "where payment_intent_id=? and account_id<=>?", p->intent, p->account);
    if (!f && p->provider_payment_id)
        f = db_find(c, FoundPayment, "select id, payment_no, receipt_no, status, allocated_minor, unallocated_minor "
                                     "from payment where gateway_account_id=? "
                                     "and provider_payment_id=? and account_id<=>?",
                    p->gateway, p->provider_payment_id, p->account);
    if (!f && p->external_id)
        f = db_find(c, FoundPayment, "select p.id, p.payment_no, p.receipt_no, p.status, p.allocated_minor, "
                                     "p.unallocated_minor from payment p "
                                     "join payment_channel ch on ch.id = p.channel_id "
                    "where ch.utility_id=? and ch.code=? and p.external_id=? and p.account_id<=>?", c->utility,
                    p->channel, p->external_id, p->account);
    return f;
}

int payment_ledger_lines(const NewPayment *p, const Way *w, LedgerLine lines[4]) {
    int n = 0;
    lines[n++] = (LedgerLine){ .posting_key = w->posting_key, .debit = p->amount };
    lines[n++] = p->account.id ? (LedgerLine){ .posting_key = "AR", .account = p->account, .credit = p->amount }
        : (LedgerLine){ .posting_key = "SUSPENSE", .credit = p->amount };
    if (p->fee.minor) {
        lines[n++] = (LedgerLine){ .posting_key = "GATEWAY_CLEARING", .debit = p->fee };
        lines[n++] = (LedgerLine){ .posting_key = "CONVENIENCE_FEE", .credit = p->fee };
    }
    return n;
}

bool payment_found(Ctx *c, const NewPayment *p, Posted *to) {
    FoundPayment *f = found_before(c, p);
    if (f) *to = (Posted){ f->id, f->payment_no, f->receipt_no, f->status, f->allocated_minor, f->unallocated_minor,
                           true };
    return f != NULL;
}

static void post_ledger(Ctx *c, const NewPayment *p, const Way *w, Id payment, Date day) {
    LedgerLine lines[4];
    int n = payment_ledger_lines(p, w, lines);
    ledger_post(c, &(LedgerSet){ .set_key = text(c, "payment:%lld", (long long)payment.id), .txn_type = "payment",
                                 .source_type = "payment", .source = payment, .date = day, .lines = lines, .n = n });
}

static Paid post_one(Ctx *c, const NewPayment *p, Posted *posted, const char *payment_no) {
    Date day = p->value_date.day && date_is_set(p->value_date) ? p->value_date : utility_today(c);
    Paid done = { .way = payment_way(c, p, day), .account = p->account.id ? account_get(c, p->account) : NULL };
    payment_check(c, p, done.way);
    Time at = p->received_at.us && time_is_set(p->received_at) ? p->received_at : c->now;
    bool waits = done.way->on_clearance && !p->intent.id && !p->gateway.id;
    done.open = waits || !p->account.id ? (OpenItems){ 0 } : open_items_lock(c, p->account);
    done.to = waits || !p->account.id ? (Allocations){ .rest = p->amount } : payment_allocate_open(c, &done.open,
        p->amount, p->items, p->item_n);
    Money allocated = money_sub(p->amount, done.to.rest);
    Money change = p->tendered.minor > p->amount.minor ? money_sub(p->tendered, p->amount) : (Money){ 0 };
    done.payment = db_ids(c, "payment", 1);
    db_insert(c, "insert into payment (id, utility_id, payment_no, payment_group, account_id, consumer_id, channel_id, "
                 "mode_id, channel_mode_id, type, amount_minor, currency, allocated_minor, unallocated_minor, "
        "tendered_minor, change_minor, received_at, value_date, status, cleared_at, clears_on, reference, cheque_no, "
        "cheque_bank, cheque_date, card_last4, auth_code, payer_name, payment_intent_id, gateway_account_id, "
        "provider_payment_id, external_id, till_session_id, cashier_id, note, form_key, created_at, created_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        done.payment, c->utility, payment_no, p->group, p->account, done.account ? done.account->consumer : (Id){ 0 },
            done.way->channel_id, done.way->mode_id, done.way->id, p->type ? p->type : "bill", p->amount,
        utility_here(c)->currency, allocated, done.to.rest, p->tendered.minor ? bind_money(p->tendered) : (Bind){ 0 },
            p->tendered.minor ? bind_money(change) : (Bind){ 0 }, at, day,
        waits ? "pending_clearance" : "posted", done.way->clearing_days ? TIME_NONE : c->now,
        done.way->clearing_days ? cal_adjust_date(c, (Id){ 0 }, date_add_days(day, done.way->clearing_days),
                                                  DATE_NEXT_WORKING) : DATE_NONE, p->reference, p->cheque_no,
            p->cheque_bank,
        p->cheque_date.day ? p->cheque_date : DATE_NONE, p->card_last4, p->auth_code, p->payer_name, p->intent,
            p->gateway, p->provider_payment_id, p->external_id, p->till_session,
        c->realm == REALM_STAFF ? c->user : (Id){ 0 }, p->note, p->form_key, c->now, c->realm == REALM_STAFF
            ? c->user : (Id){ 0 });
    if (!waits) post_ledger(c, p, done.way, done.payment, day);
    for (size_t i = 0; i < done.to.n; i++) {
        const OpenItem *item = &done.open.v[done.to.v[i].item];
        db_run(c, "insert into payment_allocation (utility_id, payment_id, target_type, target_id, amount_minor, "
                  "created_at) values (?,?,?,?,?,?)", c->utility, done.payment, item->type, item->id,
               done.to.v[i].amount, c->now);
        payment_move_item(c, item->type, item->id, done.to.v[i].amount, done.payment);
    }
    if (p->account.id)
        db_run(c, "update account set last_payment_on=? where id=? and (last_payment_on is null or last_payment_on<?)",
               day, p->account, day);
    *posted = (Posted){ .id = done.payment, .payment_no = payment_no, .status = waits ? "pending_clearance" : "posted",
                        .allocated = allocated, .unallocated = done.to.rest };
    return done;
}

/* --- receipt ------------------------------------------------------------------------------------------------------ */

static void add_items(Ctx *c, JsonOut *o, const Paid *d) {
    for (size_t i = 0; i < d->to.n; i++) {
        const OpenItem *item = &d->open.v[d->to.v[i].item];
        json_open_object(o, NULL);
        json_add_text(o, "type", item->type);
        json_add_text(o, "number", item->number ? item->number : item->label);
        json_add_text(o, "due_on", date_iso(&c->mem, item->due_on));
        json_add_int(o, "amount_minor", d->to.v[i].amount.minor);
        json_close(o);
    }
    if (!d->to.rest.minor) return;
    json_open_object(o, NULL);
    json_add_text(o, "type", "credit");
    json_add_text(o, "number", "Credit on account");
    json_add_int(o, "amount_minor", d->to.rest.minor);
    json_close(o);
}

const char *payment_items_json(Ctx *c, const Paid *done, size_t n) {
    Text items = text_start(c);
    JsonOut o = json_out(&items);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) add_items(c, &o, &done[i]);
    json_close(&o);
    return items.s;
}

/* One for all payments of a group; its number is taken here, late in the transaction, so that none is lost (I10). */
static const char *write_receipt(Ctx *c, const NewPayment *p, size_t n, const Paid *done) {
    Money amount = { 0 }, fee = { 0 };
    for (size_t i = 0; i < n; i++) {
        amount = money_add(amount, p[i].amount);
        fee = money_add(fee, p[i].fee);
    }
    const Account *a = done[0].account;
    const char *no = id_next(c, "receipt");
    db_insert(c, "insert into receipt (utility_id, receipt_no, payment_id, payment_group, account_id, consumer_id, "
                 "issued_at, issued_on, amount_minor, fee_minor, currency, payer_name, address, "
                 "items, mode_name, reference, "
        "balance_after_minor, cashier_name, language, created_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
              c->utility, no, done[0].payment, p->group, a ? a->id : (Id){ 0 }, a ? a->consumer : (Id){ 0 }, c->now,
        utility_today(c), amount, fee, utility_here(c)->currency, p->payer_name ? p->payer_name : a ? a->consumer_name
            : NULL, a ? a->address : NULL, payment_items_json(c, done, n), done[0].way->mode_name, p->reference,
        a ? bind_money(account_balance(c, a->id)) : (Bind){ 0 }, c->realm == REALM_STAFF ? c->user_name : NULL,
            a && a->consumer_language ? a->consumer_language : "en", c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    db_must(c, 1, CONFLICT, "update payment set receipt_no=? where id=?", no, done[0].payment);
    return no;
}

void payment_tell(Ctx *c, const NewPayment *p, const Paid *d, const Posted *posted) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "payment_id", posted->id.id);
    json_add_int(&o, "amount_minor", p->amount.minor);
    json_add_text(&o, "receipt_no", posted->receipt_no);
    json_open_list(&o, "allocations");
    add_items(c, &o, d);
    json_close(&o);
    json_close(&o);
    event_emit(c, &(Event){ .name = "payment.posted", .entity = "payment", .id = posted->id,
                            .number = posted->payment_no, .account = p->account, .consumer = d->account
                            ? d->account->consumer : (Id){ 0 }, .payload = t.s });
    audit_write(c, &(Audit){ .action = "create", .entity = "payment", .id = posted->id, .number = posted->payment_no,
                             .version = 1, .after = json_pairs(c, "amount_minor",
        text(c, "%lld", (long long)p->amount.minor),
        "mode", p->mode, "channel", p->channel, "receipt_no", posted->receipt_no, NULL) });
}

/* Accounts in order of id, so that two payments never wait for each other. */
static void lock_accounts(Ctx *c, const NewPayment *p, size_t n) {
    for (int64_t last = 0;;) {
        int64_t next = INT64_MAX;
        for (size_t i = 0; i < n; i++)
            if (p[i].account.id > last && p[i].account.id < next) next = p[i].account.id;
        if (next == INT64_MAX) return;
        account_lock(c, (Id){ next });
        last = next;
    }
}

void payment_post_group(Ctx *c, const NewPayment *p, size_t n, Posted *posted) {
    if (!n) fail(c, BROKEN, "a payment of nothing");
    lock_accounts(c, p, n);
    FoundPayment *before = found_before(c, p);
    if (before) {
        for (size_t i = 0; i < n; i++) {
            FoundPayment *f = found_before(c, &p[i]);
            if (!f) fail(c, CONFLICT, "A part of this payment was posted before.");
            posted[i] = (Posted){ f->id, f->payment_no, f->receipt_no, f->status, f->allocated_minor,
                                  f->unallocated_minor, true };
        }
        return;
    }
    Paid *done = take_n(c, Paid, n);
    for (size_t i = 0; i < n; i++) done[i] = post_one(c, &p[i], &posted[i], id_next(c, "payment"));
    const char *receipt = write_receipt(c, p, n, done);
    for (size_t i = 0; i < n; i++) {
        posted[i].receipt_no = receipt;
        payment_tell(c, &p[i], &done[i], &posted[i]);
    }
}

Posted payment_post(Ctx *c, const NewPayment *p) {
    Posted posted;
    payment_post_group(c, p, 1, &posted);
    return posted;
}

/* --- reversal ----------------------------------------------------------------------------------------------------- */

#define TO_REVERSE(F, T)                                                                                               \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, payment_no) F(T, const char *, status) F(T, Id, account_id) F(T, Money, amount_minor)           \
        F(T, Money, refunded_minor) F(T, Money, reversed_minor) F(T, Date, value_date) F(T, int64_t, row_version)
ROW(ToReverse, TO_REVERSE)
#define ALLOCATED(F, T) F(T, Id, id) F(T, const char *, target_type) F(T, Id, target_id) F(T, Money, amount_minor)
ROW(Allocated, ALLOCATED)

static void undo_allocations(Ctx *c, Id payment, const char *reason) {
    Allocateds all = db_all(c, Allocated, "select id, target_type, target_id, amount_minor from payment_allocation "
                                          "where payment_id=? and undone_at is null order by id", payment);
    for (size_t i = 0; i < all.n; i++) {
        payment_move_item(c, all.v[i].target_type, all.v[i].target_id, money_neg(all.v[i].amount_minor), payment);
        db_must(c, 1, CONFLICT, "update payment_allocation set undone_at=?, undone_reason=? "
                                "where id=? and undone_at is null", c->now, reason, all.v[i].id);
    }
}

void payment_reverse(Ctx *c, const Reversal *r) {
    Id account = db_id(c, "select account_id from payment where id=? and utility_id=?", r->payment, c->utility);
    if (account.id) account_lock(c, account);
    ToReverse *p = db_one(c, ToReverse, "select id, payment_no, status, account_id, amount_minor, refunded_minor, "
                                        "reversed_minor, value_date, row_version from payment "
                                        "where id=? and utility_id=? for update",
                          r->payment, c->utility);
    if (!strcmp(p->status, "reversed")) fail(c, CONFLICT, "Payment %s is reversed already.", p->payment_no);
    if (p->refunded_minor.minor) fail(c, CONFLICT, "A part of payment %s was refunded.", p->payment_no);
    if (p->reversed_minor.minor) fail(c, CONFLICT, "A part of payment %s was charged back.", p->payment_no);
    undo_allocations(c, p->id, r->reason);
    Id txn = ledger_find(c, text(c, "payment:%lld", (long long)p->id.id));
    if (txn.id) ledger_reverse(c, txn, text(c, "payment_reversal:%lld", (long long)p->id.id), "payment_reversal",
                               DATE_NONE, r->text);
    db_run(c, "insert into payment_reversal (utility_id, payment_id, reason, text, at, by_id, approved_by, dispute_id, "
              "amount_minor) values (?,?,?,?,?,?,?,?,?)",
           c->utility, p->id, r->reason, r->text, c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 },
           r->approved_by, r->dispute, p->amount_minor);
    db_must(c, 1, CONFLICT, "update payment set status='reversed', allocated_minor=0, unallocated_minor=0, "
                            "reversed_minor=amount_minor, updated_at=?, row_version=row_version+1 "
                            "where id=? and row_version=?",
            c->now, p->id, p->row_version);
    audit_write(c, &(Audit){ .action = "reverse", .entity = "payment", .id = p->id, .number = p->payment_no,
                             .version = p->row_version + 1, .before = json_pairs(c, "status", p->status, NULL),
                             .after = json_pairs(c, "status", "reversed", NULL), .reason = r->text
                             ? r->text : r->reason });
    event_emit(c, &(Event){ .name = "payment.reversed", .entity = "payment", .id = p->id, .number = p->payment_no,
                            .account = p->account_id, .payload = json_pairs(c, "reason", r->reason, NULL) });
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

#define PAYMENT_ROW(F, T) F(T, Id, id) F(T, Id, account) F(T, const char *, payment_no) F(T, const char *, receipt_no) \
    F(T, const char *, channel) F(T, const char *, mode) F(T, const char *, status) F(T, const char *, reference) \
    F(T, const char *, card_last4) F(T, const char *, currency) F(T, const char *, payer_name) F(T, Money, amount) \
    F(T, Money, unallocated) F(T, Money, refunded) F(T, Time, received_at) F(T, Date, value_date)
ROW(PaymentRow, PAYMENT_ROW)

#define PAYMENT_SELECT "select p.id, p.account_id as account, p.payment_no, coalesce(p.receipt_no, (select " \
                       "r.receipt_no from receipt r where r.payment_group = p.payment_group " \
                       "limit 1)) as receipt_no, ch.name as channel, m.name as mode, p.status, " \
                       "p.reference, p.card_last4, p.currency, p.payer_name, p.amount_minor as amount, " \
    "p.unallocated_minor as unallocated, p.refunded_minor as refunded, p.received_at, p.value_date " \
    "from payment p join payment_channel ch on ch.id = p.channel_id join payment_mode m on m.id = p.mode_id "

static PaymentHead head_of(const PaymentRow *r) {
    return (PaymentHead){ r->id, r->account, r->payment_no, r->receipt_no, r->channel, r->mode, r->status, r->reference,
                          r->card_last4, r->currency, r->payer_name, r->amount, r->unallocated, r->refunded,
                          r->received_at, r->value_date };
}

PaymentHeads payment_list(Ctx *c, Id account, Date from, Date to, int limit) {
    Date first = from.day && date_is_set(from) ? from : date_of(1970, 1, 1), last = to.day && date_is_set(to)
        ? to : date_of(9999, 12, 31);
    PaymentRows rows = db_all(c, PaymentRow, PAYMENT_SELECT "where p.account_id=? and p.value_date between ? and ? "
        "order by p.value_date desc, p.id desc limit ?", account, first, last, limit ? limit : 100);
    PaymentHeads all = { take_n(c, PaymentHead, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) all.v[i] = head_of(&rows.v[i]);
    return all;
}

const PaymentHead *payment_get(Ctx *c, const char *receipt_no) {
    PaymentRow *r = db_find(c, PaymentRow, PAYMENT_SELECT "where p.utility_id=? and p.receipt_no=?", c->utility,
                            receipt_no);
    if (!r) return NULL;
    PaymentHead *h = take(c, sizeof *h);
    *h = head_of(r);
    return h;
}
