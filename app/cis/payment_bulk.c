/*
 * Many payments at once (CIS01US09; I7 to I10): the rows of payment_post, in statements for all of them. Files of banks
 * and history come this way. Accounts are locked first in order of id, receipt numbers are taken last.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/cis/payment_work.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

typedef struct { const char *channel, *mode; Date day; Way *way; } KnownWay;

typedef struct Batch {
    Ctx              *c;
    const NewPayment *p;            /* those that are new */
    size_t            n;
    Posted           *posted;
    Paid             *done;
    Date              today;
    KnownWay          ways[16]; int way_n;
    Id                by;
} Batch;

static Date day_of(const Batch *b, const NewPayment *p) {
    return p->value_date.day && date_is_set(p->value_date) ? p->value_date : b->today;
}

static Way *way_known(Batch *b, const NewPayment *p) {
    Date day = day_of(b, p);
    for (int i = 0; i < b->way_n; i++)
        if (b->ways[i].day.day == day.day && !strcmp(b->ways[i].channel, p->channel)
            && !strcmp(b->ways[i].mode, p->mode)) return b->ways[i].way;
    Way *w = payment_way(b->c, p, day);
    if (b->way_n < 16) b->ways[b->way_n++] = (KnownWay){ p->channel, p->mode, day, w };
    return w;
}

static bool waits(const NewPayment *p, const Way *w) { return w->on_clearance && !p->intent.id; }

/* Account of each, by search in the sorted list. */
static const Account *account_in(const Accounts *all, Id id) {
    size_t low = 0, high = all->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (all->v[middle].id.id < id.id) low = middle + 1;
        else high = middle;
    }
    return low < all->n && all->v[low].id.id == id.id ? &all->v[low] : NULL;
}

static void decide(Batch *b) {
    Ctx *c = b->c;
    Id *ids = take_n(c, Id, b->n + 1);
    for (size_t i = 0; i < b->n; i++) ids[i] = b->p[i].account;
    Accounts accounts = accounts_lock(c, ids, b->n);
    OpenItems *open = open_items_lock_many(c, ids, b->n);
    Id first = db_ids(c, "payment", (int64_t)b->n);
    const char *const *numbers = id_next_many(c, "payment", b->today, b->n);
    for (size_t i = 0; i < b->n; i++) {
        const NewPayment *p = &b->p[i];
        Paid *d = &b->done[i];
        *d = (Paid){ .payment = { first.id + (int64_t)i }, .way = way_known(b, p),
                     .account = account_in(&accounts, p->account), .open = open[i] };
        payment_check(c, p, d->way);
        if (waits(p, d->way)) d->open = (OpenItems){ 0 }, d->to = (Allocations){ .rest = p->amount };
        else d->to = payment_allocate_open(c, &d->open, p->amount, p->items, p->item_n);
        b->posted[i] = (Posted){ .id = d->payment, .payment_no = numbers[i], .status = waits(p, d->way)
                                 ? "pending_clearance" : "posted", .allocated = money_sub(p->amount, d->to.rest),
                                 .unallocated = d->to.rest };
    }
}

static void insert_payments(Batch *b, const char *const *receipts) {
    Ctx *c = b->c;
    DbBulk *rows = db_bulk(c,
        "insert into payment (id, utility_id, payment_no, receipt_no, payment_group, account_id, consumer_id, "
        "channel_id, mode_id, channel_mode_id, type, amount_minor, currency, allocated_minor, unallocated_minor, "
        "tendered_minor, change_minor, received_at, value_date, status, cleared_at, clears_on, reference, cheque_no, "
        "cheque_bank, cheque_date, card_last4, auth_code, payer_name, payment_intent_id, gateway_account_id, "
        "provider_payment_id, external_id, till_session_id, cashier_id, note, form_key, created_at, "
        "created_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    Text paid_on = text_start(c);
    text_add(&paid_on, "[");
    Bind none = { 0 };
    for (size_t i = 0; i < b->n; i++) {
        const NewPayment *p = &b->p[i];
        const Paid *d = &b->done[i];
        Date day = day_of(b, p);
        Money change = p->tendered.minor > p->amount.minor ? money_sub(p->tendered, p->amount) : (Money){ 0 };
        Date clears = d->way->clearing_days ? cal_adjust_date(c, (Id){ 0 }, date_add_days(day, d->way->clearing_days),
            DATE_NEXT_WORKING) : DATE_NONE;
        db_bulk_add(rows, d->payment, c->utility, b->posted[i].payment_no, receipts[i], p->group, p->account,
                    d->account->consumer, d->way->channel_id, d->way->mode_id, d->way->id, p->type ? p->type : "bill",
                    p->amount,
            utility_here(c)->currency, b->posted[i].allocated, d->to.rest, p->tendered.minor ? bind_money(p->tendered)
                : none, p->tendered.minor ? bind_money(change) : none,
            p->received_at.us && time_is_set(p->received_at) ? p->received_at : c->now, day, b->posted[i].status,
                d->way->clearing_days ? TIME_NONE : c->now, clears, p->reference, p->cheque_no, p->cheque_bank,
            p->cheque_date.day ? p->cheque_date : DATE_NONE, p->card_last4, p->auth_code, p->payer_name, p->intent,
                p->gateway, p->provider_payment_id, p->external_id, p->till_session, b->by, p->note, p->form_key,
                c->now, b->by);
        text_addf(&paid_on, "%s[%lld,\"%s\"]", i ? "," : "", (long long)p->account.id, date_iso(&c->mem, day));
    }
    db_bulk_end(rows);
    text_add(&paid_on, "]");
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', day date path '$[1]')) j straight_join "
              "account a on a.id = j.id set a.last_payment_on = j.day where a.last_payment_on is null "
              "or a.last_payment_on < j.day", paid_on.s);
}

/* Bills, charges, instalments and deposits move before the numbers
 * are taken; the rows that name the payments come after. */
static void pay_items(Batch *b) {
    Ctx *c = b->c;
    size_t n = 0, bills = 0;
    for (size_t i = 0; i < b->n; i++) n += b->done[i].to.n;
    BillPaid *paid = take_n(c, BillPaid, n + 1);
    for (size_t i = 0; i < b->n; i++) {
        const Paid *d = &b->done[i];
        for (size_t k = 0; k < d->to.n; k++) {
            const OpenItem *item = &d->open.v[d->to.v[k].item];
            if (!strcmp(item->type, "bill")) paid[bills++] = (BillPaid){ item->id, d->to.v[k].amount };
            else payment_move_item(c, item->type, item->id, d->to.v[k].amount, d->payment);
        }
    }
    bills_apply_payments(c, paid, bills);
}

static void insert_allocations(Batch *b) {
    Ctx *c = b->c;
    DbBulk *rows = db_bulk(c, "insert into payment_allocation (utility_id, payment_id, target_type, target_id, "
                              "amount_minor, created_at) values (?,?,?,?,?,?)");
    for (size_t i = 0; i < b->n; i++) {
        const Paid *d = &b->done[i];
        for (size_t k = 0; k < d->to.n; k++) {
            const OpenItem *item = &d->open.v[d->to.v[k].item];
            db_bulk_add(rows, c->utility, d->payment, item->type, item->id, d->to.v[k].amount, c->now);
        }
    }
    db_bulk_end(rows);
}

static void post_ledger(Batch *b) {
    Ctx *c = b->c;
    LedgerSet *sets = take_n(c, LedgerSet, b->n + 1);
    LedgerLine *lines = take_n(c, LedgerLine, 4 * b->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (waits(&b->p[i], b->done[i].way)) continue;
        LedgerLine *of = &lines[4 * i];
        int line_n = payment_ledger_lines(&b->p[i], b->done[i].way, of);
        sets[n++] = (LedgerSet){ .set_key = text(c, "payment:%lld", (long long)b->done[i].payment.id),
                                 .txn_type = "payment", .source_type = "payment", .source = b->done[i].payment,
                                 .date = day_of(b, &b->p[i]), .lines = of, .n = line_n };
    }
    ledger_post_many(c, sets, n, NULL);
}

static void insert_receipts(Batch *b, const char *const *receipts) {
    Ctx *c = b->c;
    DbBulk *rows = db_bulk(c,
        "insert into receipt (utility_id, receipt_no, payment_id, payment_group, account_id, consumer_id, issued_at, "
        "issued_on, amount_minor, fee_minor, currency, payer_name, address, items, mode_name, reference, "
        "balance_after_minor, cashier_name, language, created_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < b->n; i++) {
        const NewPayment *p = &b->p[i];
        const Paid *d = &b->done[i];
        const Account *a = d->account;
        Money after = waits(p, d->way) ? a->balance : money_sub(a->balance, p->amount);
        db_bulk_add(rows, c->utility, receipts[i], d->payment, p->group, a->id, a->consumer, c->now, b->today,
                    p->amount, p->fee, utility_here(c)->currency, p->payer_name ? p->payer_name : a->consumer_name,
                    a->address,
            payment_items_json(c, d, 1), d->way->mode_name, p->reference, after, c->realm == REALM_STAFF
                ? c->user_name : NULL, a->consumer_language ? a->consumer_language : "en", b->by);
        b->posted[i].receipt_no = receipts[i];
    }
    db_bulk_end(rows);
}

static void post_new(Batch *b, bool is_history) {
    Ctx *c = b->c;
    decide(b);
    post_ledger(b);
    pay_items(b);
    const char *const *receipts = id_next_many(c, "receipt", b->today, b->n);
    insert_payments(b, receipts);
    insert_allocations(b);
    insert_receipts(b, receipts);
    for (size_t i = 0; !is_history && i < b->n; i++) payment_tell(c, &b->p[i], &b->done[i], &b->posted[i]);
}

void payment_post_many(Ctx *c, const NewPayment *p, size_t n, bool is_history, Posted *posted) {
    NewPayment *fresh = take_n(c, NewPayment, n + 1);
    size_t *place = take_n(c, size_t, n + 1), count = 0;
    for (size_t i = 0; i < n; i++) {
        bool has_key = p[i].intent.id || p[i].provider_payment_id || p[i].external_id;
        if (has_key && payment_found(c, &p[i], &posted[i])) continue;
        place[count] = i;
        fresh[count++] = p[i];
    }
    if (!count) return;
    Batch b = { .c = c, .p = fresh, .n = count, .posted = take_n(c, Posted, count), .done = take_n(c, Paid, count),
                .today = utility_today(c), .by = c->realm == REALM_STAFF ? c->user : (Id){ 0 } };
    post_new(&b, is_history);
    for (size_t i = 0; i < count; i++) posted[place[i]] = b.posted[i];
}
