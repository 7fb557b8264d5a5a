/*
 * The sample's bills, by the engine and the publishing of every day, and its payments, by the posting of every day
 * (sample.h).
 */
#include "app/billing/sample.h"

#include <stdlib.h>
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/run.h"
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/db.h"

/* --- payments that will come -------------------------------------------------------------------------------------- */

static void pending_start(Sample *s) {
    s->day_first = month_first(s->first);
    s->day_n = date_days_between(s->day_first, s->today) + 1;
    s->days = take_n(s->c, int32_t, (size_t)s->day_n);
    for (int i = 0; i < s->day_n; i++) s->days[i] = -1;
    s->pending_room = (int32_t)(s->consumers * 3 + 1000);
    s->pending = take_n(s->c, SamplePending, (size_t)s->pending_room);
    s->pending_free = -1;
}

static void pending_add(Sample *s, int64_t home, Date day, SamplePayment p) {
    int at = date_days_between(s->day_first, day);
    if (at < 0 || at >= s->day_n) return;                   /* after today */
    int32_t k = s->pending_free;
    if (k >= 0) s->pending_free = s->pending[k].next;
    else if (s->pending_n < s->pending_room) k = s->pending_n++;
    else return;
    s->pending[k] = (SamplePending){ s->days[at], (int32_t)home, p };
    s->days[at] = k;
}

/* --- bills of a month --------------------------------------------------------------------------------------------- */

static struct { int month; BillScope scope; Id run; int due_days; } making;

static void run_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    Ctx *c = s->c;
    c->user = s->manager;
    Date bill = date_add_days(month_last(sample_month(s, making.month)), 2);
    Date due = cal_adjust_date(c, (Id){ 0 }, date_add_days(bill, 21), DATE_NEXT_WORKING);
    making.due_days = date_days_between(bill, due);
    making.run = run_create(c, &(NewRun){ .period = s->periods[making.month], .mode = "v1", .bill_date = bill,
                                          .due_date = due, .estimate = true, .release_held = true });
    c->user = (Id){ 0 };
}

#define RELEASED_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, int64_t, row_version)
ROW(ReleasedRow, RELEASED_ROW)

/* What is held was looked at and released. */
static void release(Ctx *c, const BillCase *v, size_t n) {
    Id *bills = take_n(c, Id, n + 1);
    size_t held = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i].bill.id && v[i].draft.outcome == BILL_HELD) bills[held++] = v[i].bill;
    if (!held) return;
    const char *ids = json_ids(c, bills, held);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill b on b.id = j.id "
              "set b.status='draft', b.hold_code=null where b.status='held'", ids);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_exception e on e.bill_id "
              "= j.id set e.state='resolved', e.resolution='released', e.note='Reading checked', e.resolved_at=?, "
              "e.row_version=e.row_version+1 where e.state in ('open', 'assigned')", ids, c->now);
    ReleasedRows rows = db_all(c, ReleasedRow, "select e.id, e.code, e.row_version "
                                               "from json_table(?, '$[*]' columns (id bigint path '$')) j "
                                               "straight_join bill_exception e on e.bill_id = j.id "
                                               "where e.resolution='released'", ids);
    for (size_t i = 0; i < rows.n; i++)
        audit_write(c, &(Audit){ .action = "release", .entity = "bill_exception", .id = rows.v[i].id,
                                 .number = rows.v[i].code, .version = rows.v[i].row_version,
                                 .reason = "Reading checked" });
}

static void expect_payments(Sample *s, const BillCase *v) {
    int64_t i = v->account.id - s->first_account.id;
    SamplePayment to[2];
    if (!i && making.month == s->months - 1) return;        /* consumer1 has a bill to pay */
    int n = sample_payments(&s->homes[i], s->seed, i, making.month, v->draft.amount_due, making.due_days, to);
    for (int k = 0; k < n; k++) pending_add(s, i, date_add_days(making.scope.bill_date, to[k].days), to[k]);
}

static void bills_tx(Sample *s, int64_t from, int64_t to) {
    Ctx *c = s->c;
    Id *accounts = take_n(c, Id, (size_t)(to - from) + 1), *publish = take_n(c, Id, (size_t)(to - from) + 1);
    size_t n = 0, made, publish_n = 0;
    for (int64_t i = from; i < to; i++)
        if (sample_is_there(&s->homes[i], making.month)) accounts[n++] = (Id){ s->first_account.id + i };
    BillCase *v = bill_cases(c, &making.scope, accounts, n, &made);
    bill_cases_store(c, &making.scope, v, made);
    release(c, v, made);
    for (size_t i = 0; i < made; i++) {
        s->held += v[i].draft.outcome == BILL_HELD;
        if (!v[i].bill.id) {
            s->refused += v[i].draft.outcome == BILL_REFUSED;
            continue;
        }
        publish[publish_n++] = v[i].bill;
        expect_payments(s, &v[i]);
    }
    bill_publish(c, publish, publish_n, &(Publishing){ .by = s->manager, .is_history = true });
    s->bills += (int64_t)publish_n;
}

static void run_end_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    Ctx *c = s->c;
    db_run(c, "update bill_run set state=if((select count(*) from bill_run_item where run_id=? "
              "and state='error') > 0, 'completed_with_errors', 'completed'), finished_at=?, finished_by=? where id=?",
           making.run, time_add_seconds(c->now, 600), s->manager, making.run);
    run_totals(c, making.run);
    db_run(c, "update bill_cycle_period set state='billed' where id=?", s->periods[making.month]);
}

void sample_bills(Sample *s, int m) {
    Ctx *c = s->c;
    if (!s->days) pending_start(s);
    making.month = m;
    sample_clock(s, date_add_days(month_last(sample_month(s, m)), 2), 5 * 60);
    sample_tx(s, run_tx, 0, 0);
    ArenaMark start = mark(c);
    making.scope = bill_scope_of_run(c, making.run);
    plan_book(c, date_add_days(making.scope.from, -400), making.scope.to, making.scope.normal_days_micro);
    sample_chunks(s, bills_tx);
    sample_tx(s, run_end_tx, 0, 0);
    rewind_to(c, start);
}

/* --- payments of a day -------------------------------------------------------------------------------------------- */

static struct { NewPayment *v; size_t n; } batch;

static void payments_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    payment_post_many(s->c, batch.v, batch.n, true, take_n(s->c, Posted, batch.n + 1));
    s->payments += (int64_t)batch.n;
}

static int by_account(const void *a, const void *b) {
    int64_t x = ((const NewPayment *)a)->account.id, y = ((const NewPayment *)b)->account.id;
    return x < y ? -1 : x > y;
}

static Time minute_of(Sample *s, Date day, int64_t account) {
    int minute = 6 * 60 + (int)((account * 7919) % (15 * 60));
    return time_of_local(s->zone, (Local){ .date = day, .hour = minute / 60, .minute = minute % 60,
                                           .second = (int)(account % 60) });
}

static NewPayment payment_of(Sample *s, const SamplePending *k, Date day) {
    Id account = { s->first_account.id + k->home };
    bool by_bank = !strcmp(k->payment.channel, "bank");
    return (NewPayment){ .account = account, .channel = k->payment.channel, .mode = k->payment.mode,
                         .amount = k->payment.amount, .value_date = day, .received_at = minute_of(s, day, account.id),
                         .reference = by_bank
                         ? text(s->c, "TRF %06lld", (long long)(account.id * 31 + day.day) % 1000000) : NULL,
                         .card_last4 = !strcmp(k->payment.mode, "card_online")
                         ? text(s->c, "%04lld", (long long)(1000 + account.id * 37 % 9000)) : NULL };
}

/* Each account once in a batch: what it pays twice on one day counts as one payment. */
static bool batch_take(Sample *s, int at, Date day) {
    int32_t *from = &s->days[at];
    batch.n = 0;
    batch.v = take_n(s->c, NewPayment, SAMPLE_CHUNK + 1);
    if (*from < 0) return false;
    while (*from >= 0 && batch.n < SAMPLE_CHUNK) {
        SamplePending *k = &s->pending[*from];
        int32_t next = k->next;
        batch.v[batch.n++] = payment_of(s, k, day);
        k->next = s->pending_free;
        s->pending_free = *from;
        *from = next;
    }
    qsort(batch.v, batch.n, sizeof *batch.v, by_account);
    size_t n = 0;
    for (size_t i = 0; i < batch.n; i++) {
        if (n && batch.v[n - 1].account.id == batch.v[i].account.id)
            batch.v[n - 1].amount.minor += batch.v[i].amount.minor;
        else batch.v[n++] = batch.v[i];
    }
    batch.n = n;
    return true;
}

void sample_pay_until(Sample *s, Date day) {
    if (!s->days) pending_start(s);
    static int at;
    for (; at < s->day_n && date_add_days(s->day_first, at).day < day.day; at++) {
        Date today = date_add_days(s->day_first, at);
        if (s->days[at] < 0) continue;
        sample_clock(s, today, 21 * 60);
        for (;;) {
            ArenaMark m = mark(s->c);
            if (!batch_take(s, at, today)) break;
            sample_tx(s, payments_tx, 0, 0);
            rewind_to(s->c, m);
        }
    }
}
