/*
 * Credit of an account: used for the next bill, freed when a bill is cancelled, taken out by refunds and chargebacks
 * (CIS01US09 "Refund", 5-billing "Cancel and rebill", ONB03US01; I7, I8).
 *
 * None of it posts by itself: receivables are one sum per account, so what a payment pays is a matter of allocations
 * alone. Of refunds and disputes the caller posts the set. The caller, or the first statement here, holds the lock of
 * the account's row.
 */
#include "app/cis/credit.h"

#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/payment_work.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/money.h"

/* --- what is free ------------------------------------------------------------------------------------------------- */

#define FREE_ROW(F, T) F(T, Id, account) F(T, Money, credit)
ROW(FreeRow, FREE_ROW)

static void add_free(Money *all, const Id *accounts, size_t n, const FreeRows *rows) {
    for (size_t i = 0; i < rows->n; i++)
        for (size_t k = 0; k < n; k++)
            if (accounts[k].id == rows->v[i].account.id) all[k] = money_add(all[k], rows->v[i].credit);
}

/* Locked: read as it is now, not as of the transaction's start. */
Money *credits_free(Ctx *c, const Id *accounts, size_t n) {
    Money *all = take_n(c, Money, n + 1);
    memset(all, 0, (n + 1) * sizeof *all);
    if (!n) return all;
    const char *ids = json_ids(c, accounts, n);
    FreeRows payments = db_all(c, FreeRow,
        "select p.account_id as account, p.unallocated_minor as credit "
        "from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join payment p on p.account_id = j.id "
        "where p.unallocated_minor > 0 and p.status in ('posted', 'partially_refunded') for update", ids);
    FreeRows notes = db_all(c, FreeRow,
        "select n.account_id as account, n.left_minor as credit "
        "from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join credit_note n on n.account_id = j.id "
        "where n.left_minor > 0 and n.status in ('issued', 'partially_applied') for update", ids);
    add_free(all, accounts, n, &payments);
    add_free(all, accounts, n, &notes);
    return all;
}

/* A payment or a credit note with money that pays nothing yet. */
#define SOURCE(F, T) F(T, bool, is_note) F(T, Id, id) F(T, Money, left_over)
ROW(Source, SOURCE)

/* Payments first, then credit notes, oldest first; locked. */
static Sources credit_sources(Ctx *c, Id account) {
    return db_all(c, Source,
        "(select 0 as is_note, p.id, p.unallocated_minor as left_over from payment p "
        "where p.account_id = ? and p.unallocated_minor > 0 and p.status in ('posted', 'partially_refunded') "
        "order by p.value_date, p.id limit 500 for update) union all "
        "(select 1, n.id, n.left_minor from credit_note n "
        "where n.account_id = ? and n.left_minor > 0 and n.status in ('issued', 'partially_applied') "
        "order by n.issue_date, n.id limit 500 for update)", account, account);
}

/* --- using it ----------------------------------------------------------------------------------------------------- */

typedef struct Target { const char *type; Id id; } Target;

static void note_state(Ctx *c, Id note) {
    db_must(c, 1, CONFLICT,
        "update credit_note set status = if(left_minor + reserved_minor > 0, if(applied_minor + refunded_minor > 0, "
        "'partially_applied', 'issued'), if(refunded_minor > 0, 'refunded', 'applied')), updated_at = ? where id = ?",
        c->now, note);
}

static void use_source(Ctx *c, Id account, const Source *s, Target to, Money part) {
    if (s->is_note) {
        db_run(
            c,
            "insert into credit_application (utility_id, account_id, source_type, source_id, target_type, target_id, "
            "amount_minor, created_at) "
            "values (?,?,'credit_note',?,?,?,?,?)",
            c->utility, account, s->id, to.type, to.id, part, c->now);
        db_must(c, 1, CONFLICT, "update credit_note set applied_minor = applied_minor + ? where id = ?", part, s->id);
        note_state(c, s->id);
    } else {
        db_run(
            c,
            "insert into payment_allocation (utility_id, payment_id, target_type, target_id, amount_minor, "
            "created_at) values (?,?,?,?,?,?)",
            c->utility, s->id, to.type, to.id, part, c->now);
        db_must(
            c, 1, CONFLICT,
            "update payment set allocated_minor = allocated_minor + ?, unallocated_minor = unallocated_minor - ? "
            "where id = ?",
            part, part, s->id);
    }
    payment_move_item(c, to.type, to.id, part, s->is_note ? (Id){ 0 } : s->id);
}

/* Uses the sources in order for one item, at most `most`; returns how much. */
static Money use_for(Ctx *c, Id account, Sources *all, Target to, Money most) {
    Money used = { 0 };
    for (size_t i = 0; i < all->n && used.minor < most.minor; i++) {
        Source *s = &all->v[i];
        Money part = { s->left_over.minor < most.minor - used.minor ? s->left_over.minor : most.minor - used.minor };
        if (part.minor <= 0) continue;
        use_source(c, account, s, to, part);
        s->left_over = money_sub(s->left_over, part);
        used = money_add(used, part);
    }
    return used;
}

Money credit_apply(Ctx *c, Id account, Id bill) {
    Money open = db_money(c, "select open_minor from bill where id = ? and account_id = ? for update", bill, account);
    if (open.minor <= 0) return (Money){ 0 };
    Sources all = credit_sources(c, account);
    return use_for(c, account, &all, (Target){ "bill", bill }, open);
}

/* What these payments hold pays the open items by the rule of all payments; the rest stays credit. */
static void spread(Ctx *c, Id account, Sources *all) {
    Money sum = { 0 };
    for (size_t i = 0; i < all->n; i++) sum = money_add(sum, all->v[i].left_over);
    if (sum.minor <= 0) return;
    OpenItems open = open_items_lock(c, account);
    Allocations to = payment_allocate_open(c, &open, sum, NULL, 0);
    for (size_t i = 0; i < to.n; i++) {
        const OpenItem *item = &open.v[to.v[i].item];
        use_for(c, account, all, (Target){ item->type, item->id }, to.v[i].amount);
    }
}

/* --- a bill is cancelled ------------------------------------------------------------------------------------------ */

#define PAID_PART(F, T) F(T, Id, id) F(T, Id, source) F(T, const char *, number) F(T, Money, amount)
ROW(PaidByRow, PAID_PART)

static void free_payments(Ctx *c, Id account, Id bill) {
    PaidByRows parts = db_all(
        c, PaidByRow,
        "select x.id, x.payment_id as source, p.payment_no as number, x.amount_minor as amount from "
        "payment_allocation x join payment p on p.id = x.payment_id "
        "where x.target_type = 'bill' and x.target_id = ? and x.undone_at is null order by x.id for update",
        bill);
    Sources freed = { take_n(c, Source, parts.n + 1), 0 };
    for (size_t i = 0; i < parts.n; i++) {
        const PaidByRow *x = &parts.v[i];
        payment_move_item(c, "bill", bill, money_neg(x->amount), x->source);
        db_must(
            c, 1, CONFLICT,
            "update payment_allocation set undone_at = ?, undone_reason = 'bill_cancelled' where id = ? and "
            "undone_at is null",
            c->now, x->id);
        db_must(
            c, 1, CONFLICT,
            "update payment set allocated_minor = allocated_minor - ?, unallocated_minor = unallocated_minor + ? "
            "where id = ?",
            x->amount, x->amount, x->source);
        audit_note(c, "reallocate", "payment", x->source, x->number, "The bill it paid was cancelled");
        freed.v[freed.n++] = (Source){ .id = x->source, .left_over = x->amount };
    }
    spread(c, account, &freed);
}

static void free_notes(Ctx *c, Id bill) {
    PaidByRows parts = db_all(
        c, PaidByRow,
        "select x.id, x.source_id as source, n.credit_note_no as number, x.amount_minor as amount from "
        "credit_application x join credit_note n on n.id = x.source_id "
        "where x.source_type = 'credit_note' and x.target_type = 'bill' and x.target_id = ? and x.undone_at is null "
        "order by x.id for update",
        bill);
    for (size_t i = 0; i < parts.n; i++) {
        const PaidByRow *x = &parts.v[i];
        payment_move_item(c, "bill", bill, money_neg(x->amount), (Id){ 0 });
        db_must(
            c, 1, CONFLICT,
            "update credit_application set undone_at = ?, undone_reason = 'bill_cancelled' where id = ? and "
            "undone_at is null",
            c->now, x->id);
        db_must(c, 1, CONFLICT, "update credit_note set applied_minor = applied_minor - ? where id = ?", x->amount,
                x->source);
        note_state(c, x->source);
        audit_note(c, "reallocate", "credit_note", x->source, x->number, "The bill it was used for was cancelled");
    }
}

void free_cancelled_bill(Ctx *c, const EventRow *e) {
    account_lock(c, e->account);
    free_payments(c, e->account, e->id);
    free_notes(c, e->id);
}

/* --- money leaves a payment --------------------------------------------------------------------------------------- */

#define HELD(F, T)                                                                                                     \
    F(T, Id, id)                                                                                                       \
    F(T, Id, account_id) F(T, const char *, payment_no) F(T, const char *, status) F(T, Money, amount_minor)           \
        F(T, Money, allocated_minor) F(T, Money, unallocated_minor) F(T, Money, refunded_minor)                        \
            F(T, Money, reversed_minor) F(T, int64_t, row_version)
ROW(Held, HELD)

static Held *held_lock(Ctx *c, Id payment) {
    return db_one(
        c, Held,
        "select id, account_id, payment_no, status, amount_minor, allocated_minor, unallocated_minor, "
        "refunded_minor, reversed_minor, row_version "
        "from payment where id = ? and utility_id = ? for update",
        payment, c->utility);
}

#define LAST_PAID(F, T) F(T, Id, id) F(T, const char *, target_type) F(T, Id, target_id) F(T, Money, amount_minor)
ROW(LastPaid, LAST_PAID)

/* Newest first. A row of which only a part goes is undone, and a row of the rest stands in its place. */
static void undo_newest(Ctx *c, const Held *h, Money amount, const char *reason) {
    LastPaids rows = db_all(
        c, LastPaid,
        "select id, target_type, target_id, amount_minor from payment_allocation where payment_id = ? and undone_at "
        "is null "
        "order by id desc for update",
        h->id);
    for (size_t i = 0; i < rows.n && amount.minor > 0; i++) {
        const LastPaid *x = &rows.v[i];
        Money part = { x->amount_minor.minor < amount.minor ? x->amount_minor.minor : amount.minor },
              rest = money_sub(x->amount_minor, part);
        payment_move_item(c, x->target_type, x->target_id, money_neg(part), h->id);
        db_must(c, 1, CONFLICT,
                "update payment_allocation set undone_at = ?, undone_reason = ? where id = ? and undone_at is null",
                c->now, reason, x->id);
        if (rest.minor)
            db_run(
                c,
                "insert into payment_allocation (utility_id, payment_id, target_type, target_id, amount_minor, "
                "created_at) values (?,?,?,?,?,?)",
                c->utility, h->id, x->target_type, x->target_id, rest, c->now);
        amount = money_sub(amount, part);
    }
    if (amount.minor) fail(c, BROKEN, "payment %s has less allocated than it says", h->payment_no);
}

/* `amount` of the payment becomes credit, as far as it is not. The row's figures are those after it. */
static void make_free(Ctx *c, Held *h, Money amount, const char *reason) {
    Money more = money_sub(amount, h->unallocated_minor);
    if (more.minor <= 0) return;
    undo_newest(c, h, more, reason);
    db_must(
        c, 1, CONFLICT,
        "update payment set allocated_minor = allocated_minor - ?, unallocated_minor = unallocated_minor + ? where "
        "id = ?",
        more, more, h->id);
    h->allocated_minor = money_sub(h->allocated_minor, more);
    h->unallocated_minor = money_add(h->unallocated_minor, more);
}

static const char *state_of(Money amount, Money refunded, Money reversed) {
    if (reversed.minor && money_add(reversed, refunded).minor >= amount.minor) return "reversed";
    return !refunded.minor ? "posted" : refunded.minor >= amount.minor ? "refunded" : "partially_refunded";
}

/* Free money of the payment moves to its refunded and reversed parts; below zero: back. */
static void move_out(Ctx *c, const Held *h, Money refunded, Money reversed, const char *word, const char *reason) {
    Money out = money_add(refunded, reversed), refunds = money_add(h->refunded_minor, refunded),
          reversals = money_add(h->reversed_minor, reversed);
    const char *state = state_of(h->amount_minor, refunds, reversals);
    db_must(c, 1, CONFLICT,
        "update payment set unallocated_minor = unallocated_minor - ?, refunded_minor = ?, reversed_minor = ?, "
        "status = ?, updated_at = ?, row_version = row_version + 1 where id = ? and row_version = ?",
        out, refunds, reversals, state, c->now, h->id, h->row_version);
    audit_write(c, &(Audit){ .action = word,
                             .entity = "payment",
                             .id = h->id,
                             .number = h->payment_no,
                             .version = h->row_version + 1,
                             .before = json_pairs(c, "status", h->status, NULL),
                             .after = json_pairs(c, "status", state, "amount_minor",
                                                 text(c, "%lld", (long long)out.minor), NULL),
                             .reason = reason });
}

static void spread_one(Ctx *c, const Held *h, Money amount) {
    if (!h->account_id.id) return;
    Sources one = { take_n(c, Source, 1), 1 };
    one.v[0] = (Source){ .id = h->id, .left_over = amount };
    spread(c, h->account_id, &one);
}

Money payment_refundable(Ctx *c, Id payment) {
    Held *h = held_lock(c, payment);
    Money asked = db_money(
        c,
        "select cast(coalesce(sum(amount_minor), 0) as signed) from refund_request where payment_id = ? and status = "
        "'requested' for update",
        payment);
    bool is_held = strcmp(h->status, "pending_clearance") && strcmp(h->status, "reversed");
    Money left = is_held ? money_sub(money_add(h->allocated_minor, h->unallocated_minor), asked) : (Money){ 0 };
    return left.minor > 0 ? left : (Money){ 0 };
}

void payment_refund_out(Ctx *c, Id payment, Money amount) {
    Held *h = held_lock(c, payment);
    Money left = money_add(h->allocated_minor, h->unallocated_minor);
    if (!strcmp(h->status, "pending_clearance") || left.minor < amount.minor)
        fail(c, CONFLICT, "At most %s can be refunded.", locale_money_plain(&c->mem, c->locale, left));
    make_free(c, h, amount, "refund");
    move_out(c, h, amount, (Money){ 0 }, "refund", NULL);
}

void payment_refund_back(Ctx *c, Id payment, Money amount) {
    Held *h = held_lock(c, payment);
    move_out(c, h, money_neg(amount), (Money){ 0 }, "refund_failed", NULL);
    spread_one(c, h, amount);
}

/* --- chargebacks -------------------------------------------------------------------------------------------------- */

Money payment_charge_back(Ctx *c, const Chargeback *k) {
    Id account = db_id(c, "select account_id from payment where id = ? and utility_id = ?", k->payment, c->utility);
    if (account.id) account_lock(c, account);
    Held *h = held_lock(c, k->payment);
    Money held = money_add(h->allocated_minor, h->unallocated_minor),
          part = { held.minor < k->amount.minor ? held.minor : k->amount.minor };
    if (!strcmp(h->status, "pending_clearance") || part.minor <= 0) return (Money){ 0 };
    make_free(c, h, part, "chargeback");
    move_out(c, h, (Money){ 0 }, part, "reverse", "chargeback");
    db_run(
        c,
        "insert into payment_reversal (utility_id, payment_id, reason, text, at, by_id, dispute_id, amount_minor) "
        "values (?,?,'chargeback',?,?,null,?,?) "
        "on duplicate key update text = values(text), at = values(at), amount_minor = if(undone_at is null, "
        "amount_minor, 0) + values(amount_minor), undone_at = null",
        c->utility, h->id, k->text, c->now, k->dispute, part);
    if (account.id) db_run(c, "update account set dispute_flag = 1 where id = ?", account);
    event_emit(c, &(Event){ .name = "payment.reversed",
                            .entity = "payment",
                            .id = h->id,
                            .number = h->payment_no,
                            .account = h->account_id,
                            .payload = json_pairs(c, "reason", "chargeback", "amount_minor",
                                                  text(c, "%lld", (long long)part.minor), NULL) });
    return part;
}

#define UNDO_ROW(F, T) F(T, Id, id) F(T, Id, payment_id) F(T, Id, account_id) F(T, Money, amount_minor)
ROW(UndoRow, UNDO_ROW)

/* The flag of an account says that a card dispute is open: it goes with the last of them. */
static void clear_flag(Ctx *c, Id account, Id ended) {
    db_run(c,
           "update account a set a.dispute_flag = exists (select 1 from payment p join payment_reversal v on "
           "v.payment_id = p.id and v.reason = 'chargeback' and v.undone_at is null join dispute d on d.id = "
           "v.dispute_id and d.state = 'open' where p.account_id = a.id and d.id <> ?) where a.id = ?",
           ended, account);
}

void payment_charge_back_end(Ctx *c, Id dispute, bool is_won) {
    UndoRows rows = db_all(
        c, UndoRow,
        "select v.id, v.payment_id, p.account_id, v.amount_minor from payment_reversal v join payment p on p.id = "
        "v.payment_id "
        "where v.dispute_id = ? and v.utility_id = ? and v.undone_at is null order by p.account_id, v.id for update",
        dispute, c->utility);
    for (size_t i = 0; i < rows.n; i++) {
        const UndoRow *v = &rows.v[i];
        if (v->account_id.id) account_lock(c, v->account_id);
        if (is_won) {
            Held *h = held_lock(c, v->payment_id);
            db_must(c, 1, CONFLICT, "update payment_reversal set undone_at = ? where id = ? and undone_at is null",
                    c->now, v->id);
            move_out(c, h, (Money){ 0 }, money_neg(v->amount_minor), "reverse_undone", "dispute won");
            spread_one(c, h, v->amount_minor);
        }
        if (v->account_id.id) clear_flag(c, v->account_id, dispute);
    }
}

/* --- credit notes in a refund request ----------------------------------------------------------------------------- */

void credit_note_reserve(Ctx *c, Id note, Money amount) {
    db_must(
        c, 1, CONFLICT,
        "update credit_note set reserved_minor = reserved_minor + ? where id = ? and reserved_minor + ? >= 0 and "
        "left_minor >= ?",
        amount, note, amount, amount);
    note_state(c, note);
}

void credit_note_pay_out(Ctx *c, Id note, Money amount) {
    db_must(
        c, 1, CONFLICT,
        "update credit_note set refunded_minor = refunded_minor + ?, reserved_minor = reserved_minor - ? where id = ?",
        amount, amount, note);
    note_state(c, note);
}

/* --- for the hub -------------------------------------------------------------------------------------------------- */

#define HELD_PART(F, T) F(T, Id, payment) F(T, Id, account) F(T, Money, held)
ROW(HeldPartRow, HELD_PART)
#define ACCOUNT_OF(F, T) F(T, Id, account)
ROW(AccountOf, ACCOUNT_OF)

HeldParts payments_of_provider(Ctx *c, Id gateway, const char *provider_payment_id) {
    AccountOfs accounts = db_all(c, AccountOf, "select distinct account_id as account from payment where "
        "gateway_account_id = ? and provider_payment_id = ? and account_id is not null order by account_id", gateway,
                                 provider_payment_id);
    for (size_t i = 0; i < accounts.n; i++) account_lock(c, accounts.v[i].account);
    HeldPartRows rows = db_all(c, HeldPartRow,
        "select id as payment, account_id as account, if(status = 'pending_clearance', 0, "
        "allocated_minor + unallocated_minor) as held from payment where gateway_account_id = ? "
        "and provider_payment_id = ? and utility_id = ? order by id for update",
        gateway, provider_payment_id, c->utility);
    HeldParts all = { take_n(c, HeldPart, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) all.v[i] = (HeldPart){ rows.v[i].payment, rows.v[i].account, rows.v[i].held };
    return all;
}
