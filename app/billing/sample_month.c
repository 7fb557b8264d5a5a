/*
 * The sample month by month: readings with the use they show, estimates and exchanges of meters, complaints (sample.h).
 */
#include "app/billing/sample.h"

#include <string.h>

#include "app/core/core.h"
#include "lib/db.h"

/* --- readings and use --------------------------------------------------------------------------------------------- */

typedef struct Book {
    Sample *s;
    DbBulk *reading, *use;
    int     m;
} Book;

static Book book_open(Sample *s, int m) {
    Ctx *c = s->c;
    return (Book){ .s = s, .m = m,
        .reading = db_bulk(c, "insert into meter_reading (id, utility_id, meter_id, register_id, installation_id, "
                              "service_connection_id, read_at, read_on, value_e3, type, source, status_code, "
                              "reason_code, prev_reading_id, raw_difference_e3, "
            "consumption_e3, days, adu_e6, is_first_read, status, validated_at, decision, estimate_method) "
            "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,'passed',?,?,?)"),
        .use = db_bulk(c, "insert into usage_segment (utility_id, service_connection_id, account_id, meter_id, "
                          "register_id, from_reading_id, to_reading_id, from_at, to_at, from_on, to_on, days, "
                          "from_value_e3, to_value_e3, quantity_e3, unit, "
                          "billing_quantity_e3, billing_unit, is_estimated, estimate_method) "
                          "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,'CCF',?,'CCF',?,?)"),
    };
}

static void book_close(Book *b) {
    db_bulk_end(b->reading);
    db_bulk_end(b->use);
}

typedef struct { const char *type, *source, *status, *reason, *estimate; Date on; int minute; int64_t value_e3; } Entry;

/* The reading follows on the last one of the meter; use is what lies between. */
static void book_add(Book *b, int64_t i, const Entry *e) {
    Sample *s = b->s;
    SampleMeter *k = &s->meters[i];
    Id id = { s->next_reading++ }, connection = { s->first_connection.id + i };
    Time at = time_of_local(s->zone, (Local){ .date = e->on, .hour = e->minute / 60, .minute = e->minute % 60 });
    bool first = !k->reading.id;
    int64_t use = e->value_e3 - k->value_e3;
    int days = first ? 0 : date_days_between(k->read_on, e->on);
    Bind none = { 0 };
    db_bulk_add(b->reading, id, s->c->utility, k->meter, k->register_id, k->installation, connection, at, e->on,
                e->value_e3, e->type, e->source, e->status, e->reason, k->reading,
                first ? none : bind_int(use), first ? none : bind_int(use), first ? none : bind_int(days),
                    first || !days ? none : bind_int(use * 1000 / days), first, time_add_seconds(at, 4 * 3600),
                "passed", e->estimate);
    if (!first)
        db_bulk_add(b->use, s->c->utility, connection, (Id){ s->first_account.id + i }, k->meter, k->register_id,
                    k->reading, id, k->read_at, at, k->read_on, e->on, days, k->value_e3, e->value_e3, use, use,
                    e->estimate != NULL, e->estimate);
    k->reading = id;
    k->value_e3 = e->value_e3;
    k->read_at = at;
    k->read_on = e->on;
}

static int64_t index_shown(int64_t true_e3) { return true_e3 / 1000 * 1000 % 1000000000; }

/* Index of the day before the first month, or before service began. */
static void opening(Book *b, int64_t i) {
    Sample *s = b->s;
    const SampleHome *h = &s->homes[i];
    bool is_new = h->joined_month == b->m;
    Date on = is_new ? date_add_days(month_first(sample_month(s, b->m)), h->joined_day - 2)
        : date_add_days(month_first(s->first), -1 - h->read_offset);
    book_add(b, i, &(Entry){ .type = is_new ? "initial" : "regular", .source = is_new ? "order" : "import",
                             .status = "NORMAL", .on = on, .minute = 11 * 60, .value_e3 = s->meters[i].value_e3 });
}

static void use_until(Sample *s, int64_t i, int m, Date on) {
    SampleMeter *k = &s->meters[i];
    k->true_e3 += sample_use_e3(&s->homes[i], s->seed, i, m, date_ymd(on).month, date_days_between(k->read_on, on));
}

static void exchange(Book *b, int64_t i) {
    Sample *s = b->s;
    SampleMeter *k = &s->meters[i];
    Date on = date_add_days(month_first(sample_month(s, b->m)), 14);
    use_until(s, i, b->m, on);
    book_add(b, i, &(Entry){ .type = "final", .source = "order", .status = "NORMAL", .reason = "METER_CHANGED",
                             .on = on, .minute = 11 * 60, .value_e3 = index_shown(k->true_e3) });
    *k = (SampleMeter){ .meter = { k->meter.id + 1 }, .register_id = { k->register_id.id + 1 },
                        .installation = { k->installation.id + 1 } };
    book_add(b, i, &(Entry){ .type = "initial", .source = "order", .status = "NORMAL", .on = on, .minute = 11 * 60 + 10,
                             .value_e3 = 0 });
}

static void regular(Book *b, int64_t i) {
    Sample *s = b->s;
    const SampleHome *h = &s->homes[i];
    SampleMeter *k = &s->meters[i];
    Date on = date_add_days(month_last(sample_month(s, b->m)), -h->read_offset);
    /* joined in the last days of the month */
    if (date_compare(on, k->read_on) <= 0) on = month_last(sample_month(s, b->m));
    int64_t before = k->true_e3;
    use_until(s, i, b->m, on);
    SampleReading how = sample_reading(h, s->seed, i, b->m, s->months + 1);
    Entry e = { .type = "regular", .source = "manual", .status = "NORMAL", .on = on,
                .minute = sample_read_minute(s->seed, i, b->m), .value_e3 = index_shown(k->true_e3) };
    if (how == SAMPLE_SELF_READ) e.source = "consumer", e.status = "SELF_READ";
    /* estimated a little low, so that the next index is never below */
    if (how == SAMPLE_NO_ACCESS) {
        e.type = "estimated", e.source = "estimate", e.status = "NO_ACCESS", e.reason = i % 2
            ? "GATE_LOCKED" : "NOBODY_HOME", e.estimate = "E1";
        e.value_e3 = index_shown(before + (k->true_e3 - before) * 85 / 100);
        if (e.value_e3 < k->value_e3) e.value_e3 = k->value_e3;
    }
    book_add(b, i, &e);
}

static int reading_month;           /* of the chunk under way: sample_chunks hands on only from and to */

static void readings_tx(Sample *s, int64_t from, int64_t to) {
    int m = reading_month;
    Book b = book_open(s, m);
    for (int64_t i = from; i < to; i++) {
        const SampleHome *h = &s->homes[i];
        if (!sample_is_there(h, m)) continue;
        if (!s->meters[i].reading.id) opening(&b, i);
        if (h->exchange_month == m) exchange(&b, i);
        regular(&b, i);
    }
    book_close(&b);
}

#define STORED_ROW(F, T) F(T, Id, id) F(T, Id, service_connection_id) F(T, Id, register_id) F(T, int64_t, value_e3) \
    F(T, Time, read_at) F(T, Date, read_on)
ROW(StoredRow, STORED_ROW)

/* Estimates that the engine stored while it billed: the next reading follows on them. */
static void adopt_estimates(Sample *s) {
    StoredRows rows = db_all(s->c, StoredRow, "select id, service_connection_id, register_id, value_e3, read_at, "
                                              "read_on from meter_reading where id>=? order by id", s->next_reading);
    for (size_t i = 0; i < rows.n; i++) {
        const StoredRow *r = &rows.v[i];
        SampleMeter *k = &s->meters[r->service_connection_id.id - s->first_connection.id];
        if (k->register_id.id == r->register_id.id) k->reading = r->id, k->value_e3 = r->value_e3,
            k->read_at = r->read_at, k->read_on = r->read_on;
        s->next_reading = r->id.id + 1;
    }
}

void sample_readings(Sample *s, int m) {
    reading_month = m;
    adopt_estimates(s);
    sample_clock(s, date_add_days(month_last(sample_month(s, m)), 1), 3 * 60);
    sample_chunks(s, readings_tx);
}

/* --- complaints --------------------------------------------------------------------------------------------------- */

#define TYPE_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, default_priority)
ROW(TypeRow, TYPE_ROW)

static const TypeRow *type_of(const TypeRows *all, const char *code) {
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].code, code)) return &all->v[i];
    return &all->v[0];
}

static void cases_tx(Sample *s, int64_t from, int64_t to) {
    Ctx *c = s->c;
    int m = reading_month;
    SampleComplaint *said = take_n(c, SampleComplaint, (size_t)(to - from) + 1);
    size_t n = 0;
    for (int64_t i = from; i < to; i++)
        n += sample_complaint(&s->homes[i], s->seed, i, m, s->months + 1, &said[i - from]);
    if (!n) return;
    TypeRows types = db_all(c, TypeRow, "select id, code, default_priority from complaint_type "
                                        "where utility_id=? and active=1", c->utility);
    const char *const *numbers = id_next_many(c, "complaint", month_last(sample_month(s, m)), n);
    Id agent = db_id(c, "select id from user where email='cso@swa.test'");
    DbBulk *rows = db_bulk(c, "insert into complaint (utility_id, complaint_no, consumer_id, account_id, premise_id, "
                              "service_code, complaint_type_id, priority, channel, subject, description, status, "
                              "assigned_to, resolution_text, upheld, assigned_at, resolved_at, "
                              "closed_at, created_at, updated_at) values (?,?,?,?,?,'WA',?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (int64_t i = from, k = 0; i < to; i++) {
        const SampleComplaint *x = &said[i - from];
        if (!x->type) continue;
        const TypeRow *type = type_of(&types, x->type);
        Time at = time_of_local(s->zone, (Local){ .date = date_add_days(month_first(sample_month(s, m)), x->day - 1),
                                                  .hour = 9 + (int)(i % 8), .minute = (int)(i % 60) }),
            done = time_add_seconds(at, (20 + i % 60) * 3600);
        bool is_new = x->is_open && i % 2;
        db_bulk_add(rows, c->utility, numbers[k++], (Id){ s->first_consumer.id + i }, (Id){ s->first_account.id + i },
                    (Id){ s->first_premise.id + i }, type->id, type->default_priority, x->channel, x->subject, x->text,
                    is_new ? "pending" : x->is_open ? "in_progress" : "closed", is_new ? (Id){ 0 } : agent, x->is_open
                        ? NULL : x->answer, x->is_open ? (Bind){ 0 } : bind_bool(i % 3 == 0),
                        is_new ? TIME_NONE : time_add_seconds(at, 3600),
                    x->is_open ? TIME_NONE : done, x->is_open ? TIME_NONE : time_add_seconds(done, 86400), at,
                        x->is_open ? at : done);
    }
    db_bulk_end(rows);
}

void sample_cases(Sample *s, int m) {
    reading_month = m;
    sample_chunks(s, cases_tx);
}
