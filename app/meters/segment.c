/*
 * Use between readings as billing takes it: free, reserved for a draft, billed (spec 4 "To billing"; I6). Figures of a
 * reserved or billed segment never change. Sets of ids go as one JSON list, so that a chunk of a bill run costs one
 * statement each.
 */
#include <stdlib.h>
#include <string.h>

#include "app/core/core.h"
#include "app/meters/meters.h"
#include "lib/date.h"
#include "lib/db.h"

#define SEGMENT_ROW(F, T) F(T, Id, id) F(T, Id, connection) F(T, Id, account) F(T, Id, meter) F(T, Id, register_id) \
    F(T, Id, from_reading) F(T, Id, to_reading) \
    F(T, const char *, meter_no) F(T, const char *, register_code) F(T, const char *, register_kind) \
        F(T, const char *, tou_code) F(T, const char *, unit) \
    F(T, const char *, billing_unit) F(T, const char *, estimate_method) F(T, Date, from_date) F(T, Date, to_date) \
        F(T, Reading, from_value) F(T, Reading, to_value) \
    F(T, Reading, quantity) F(T, Reading, billing_quantity) F(T, int64_t, multiplier_e6) F(T, int, dials) \
        F(T, int, days) F(T, bool, is_estimated)
ROW(SegmentRow, SEGMENT_ROW)

#define SEGMENT_COLUMNS "u.id, u.service_connection_id as connection, u.account_id as account, u.meter_id as meter, " \
                        "u.register_id, u.from_reading_id as from_reading, " \
    "u.to_reading_id as to_reading, m.meter_no, g.register_code, g.kind as register_kind, if(g.kind = 'tou', " \
    "g.tou_code, null) as tou_code, u.unit, u.billing_unit, u.estimate_method, " \
    "u.from_on as from_date, u.to_on as to_date, coalesce(u.from_value_e3, 0) as from_value, coalesce(u.to_value_e3, " \
    "0) as to_value, u.quantity_e3 as quantity, u.billing_quantity_e3 as billing_quantity, " \
    "u.multiplier_e6, g.digits as dials, u.days, u.is_estimated "
#define SEGMENT_JOINS "join meter_register g on g.id = u.register_id join meter m on m.id = u.meter_id "

static Segments segments_of(Ctx *c, SegmentRows rows) {
    Segments all = { take_n(c, Segment, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const SegmentRow *r = &rows.v[i];
        all.v[i] = (Segment){
            .id = r->id, .connection = r->connection, .account = r->account, .meter = r->meter,
            .register_id = r->register_id, .from_reading = r->from_reading, .to_reading = r->to_reading,
            .meter_no = r->meter_no, .register_code = r->register_code, .register_kind = r->register_kind,
            .tou_code = r->tou_code, .unit = r->unit, .billing_unit = r->billing_unit,
            .estimate_method = r->estimate_method, .from = r->from_date, .to = r->to_date, .from_value = r->from_value,
            .to_value = r->to_value, .quantity = r->quantity,
            .billing_quantity = r->billing_quantity, .multiplier_e6 = r->multiplier_e6, .dials = r->dials,
            .days = r->days, .is_estimated = r->is_estimated };
    }
    return all;
}

Segments mx_open_segments_of(Ctx *c, const Id *connections, size_t n, Date until) {
    return segments_of(c, db_all(c, SegmentRow,
        "select " SEGMENT_COLUMNS "from json_table(?, '$[*]' columns (id bigint path '$')) j "
        "straight_join usage_segment u on u.service_connection_id = j.id and u.billing_status = 'unbilled' "
        "and u.status = 'active' and u.to_on <= ? " SEGMENT_JOINS
        "where g.is_billed = 1 order by u.service_connection_id, u.to_on, u.from_on, u.id", json_ids(c, connections, n),
                                 until));
}

Segments mx_open_segments(Ctx *c, Id connection, Date until) { return mx_open_segments_of(c, &connection, 1, until); }

Segments mx_bill_segments_of(Ctx *c, Id bill) {
    return segments_of(c, db_all(c, SegmentRow, "select " SEGMENT_COLUMNS "from usage_segment u " SEGMENT_JOINS
                                 "where u.bill_id = ? order by u.service_connection_id, u.to_on, u.id", bill));
}

Segments mx_bills_segments_of(Ctx *c, const Id *bills, size_t n) {
    return segments_of(c, db_all(c, SegmentRow,
        "select " SEGMENT_COLUMNS "from json_table(?, '$[*]' columns (id bigint path '$')) j "
        "straight_join usage_segment u on u.bill_id = j.id " SEGMENT_JOINS
        "where g.is_billed = 1 order by u.service_connection_id, u.to_on, u.from_on, u.id", json_ids(c, bills, n)));
}

/* --- reserving and billing ---------------------------------------------------------------------------------------- */

/* [[segment,bill,line], ...] */
static const char *triples(Ctx *c, const SegmentOfBill *v, size_t n) {
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0; i < n; i++) text_addf(&t, "%s[%lld,%lld,%lld]", i ? "," : "", (long long)v[i].segment.id,
                                             (long long)v[i].bill.id, (long long)v[i].line.id);
    text_add(&t, "]");
    return t.s;
}

void mx_reserve_segments_many(Ctx *c, const SegmentOfBill *v, size_t n) {
    if (!n) return;
    int64_t rows = db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', bill bigint path '$[1]')) j "
                             "straight_join usage_segment u force index (primary) on u.id = j.id "
                             "set u.billing_status = 'reserved', u.bill_id = j.bill "
                             "where u.billing_status = 'unbilled' and u.status = 'active'", triples(c, v, n));
    if (rows != (int64_t)n) fail(c, CONFLICT, "Use was billed or corrected meanwhile.");
}

void mx_bill_segments_many(Ctx *c, const SegmentOfBill *v, size_t n) {
    if (!n) return;
    int64_t rows = db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', bill bigint path '$[1]', "
                             "line bigint path '$[2]')) j straight_join usage_segment u force index "
                             "(primary) on u.id = j.id "
                             "set u.billing_status = 'billed', u.bill_id = j.bill, u.bill_line_id = nullif(j.line, 0) "
                             "where u.status = 'active' and (u.billing_status = 'unbilled' "
                             "or (u.billing_status = 'reserved' and u.bill_id = j.bill))", triples(c, v, n));
    if (rows != (int64_t)n) fail(c, CONFLICT, "Use was billed or corrected meanwhile.");
}

void mx_bill_reserved(Ctx *c, const SegmentOfBill *v, size_t n) {
    if (!n) return;
    db_run(c, "update json_table(?, '$[*]' columns (bill bigint path '$[1]', line bigint path '$[2]')) j straight_join "
              "usage_segment u on u.bill_id = j.bill "
              "set u.billing_status = 'billed', u.bill_line_id = nullif(j.line, 0) where u.status = 'active' "
              "and u.billing_status = 'reserved'", triples(c, v, n));
}

static SegmentOfBill *for_one(Ctx *c, const Id *segments, size_t n, Id bill, const Id *lines) {
    SegmentOfBill *v = take_n(c, SegmentOfBill, n + 1);
    for (size_t i = 0; i < n; i++) v[i] = (SegmentOfBill){ segments[i], bill, lines ? lines[i] : (Id){ 0 } };
    return v;
}

void mx_reserve_segments(Ctx *c, const Id *segments, size_t n, Id bill) {
    mx_reserve_segments_many(c, for_one(c, segments, n, bill, NULL), n);
}
void mx_bill_segments(Ctx *c, const Id *segments, size_t n, Id bill, const Id *lines) {
    mx_bill_segments_many(c, for_one(c, segments, n, bill, lines), n);
}

void mx_release_segments_many(Ctx *c, const Id *bills, size_t n) {
    if (!n) return;
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join "
              "usage_segment u on u.bill_id = j.id "
              "set u.billing_status = 'unbilled', u.bill_id = null, u.bill_line_id = null "
              "where u.billing_status <> 'unbilled'", json_ids(c, bills, n));
}

void mx_release_segments(Ctx *c, Id bill) { mx_release_segments_many(c, &bill, 1); }

/* --- what was used before ----------------------------------------------------------------------------------------- */

#define PAST_ROW(F, T) F(T, Id, connection) F(T, Date, from_on) F(T, Date, to_on) F(T, int, days) \
    F(T, Reading, quantity) F(T, bool, is_estimated)
ROW(PastRow, PAST_ROW)

/* History goes back HISTORY_DAYS. The periods of the last NEAR_DAYS and those around the same weeks a year ago say it
   all of nearly every connection; the others are read whole. */
enum { HISTORY_DAYS = 430, NEAR_DAYS = 100, USUAL_PERIODS = 3, YEAR_BEFORE = 20, YEAR_AFTER = 40, HALF_A_PERIOD = 75 };

typedef struct Past { UseHistory history; int periods; bool counting; } Past;

/* Newest first, one connection: v[0..n). */
static Past past_of(const PastRow *v, size_t n, Date before) {
    Past p = { .history.connection = v[0].connection, .counting = true };
    UseHistory *h = &p.history;
    Date year_ago = date_add_months(before, -12);
    int64_t use_e3 = 0, last_e3 = 0;
    int days = 0, last_days = 0;
    for (size_t i = 0; i < n; i++) {
        const PastRow *r = &v[i];
        int middle = (r->from_on.day + r->to_on.day) / 2;
        if (middle >= year_ago.day - YEAR_BEFORE && middle <= year_ago.day + YEAR_AFTER)
            last_e3 += r->quantity.e3, last_days += r->days;
        if (r->is_estimated) { p.counting = false; continue; }
        if (p.counting && !r->quantity.e3) h->zero_periods++;
        else p.counting = false;
        if (p.periods < USUAL_PERIODS) use_e3 += r->quantity.e3, days += r->days, p.periods++;
    }
    h->usual.micro = use_e3 * 1000, h->usual_days = days;
    if (last_days > 0) h->has_last_year = true, h->last_year_per_day.micro = last_e3 * 1000 / last_days;
    return p;
}

static int newest_first(const void *a, const void *b) {
    const PastRow *x = a, *y = b;
    if (x->connection.id != y->connection.id) return x->connection.id < y->connection.id ? -1 : 1;
    return x->to_on.day != y->to_on.day ? y->to_on.day - x->to_on.day : x->from_on.day - y->from_on.day;
}

/* Registers of one meter that were read on one day are one period. */
static void periods_join(PastRows *rows) {
    qsort(rows->v, rows->n, sizeof *rows->v, newest_first);
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        PastRow *r = &rows->v[i], *last = n ? &rows->v[n - 1] : NULL;
        if (!last || last->connection.id != r->connection.id || last->to_on.day != r->to_on.day) {
            rows->v[n++] = *r;
            continue;
        }
        last->quantity.e3 += r->quantity.e3;
        last->days = last->days > r->days ? last->days : r->days;
        last->is_estimated = last->is_estimated || r->is_estimated;
    }
    rows->n = n;
}

#define PAST_SELECT "select u.service_connection_id as connection, u.from_on, u.to_on, u.days, " \
    "u.billing_quantity_e3 as quantity, u.is_estimated " \
    "from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join usage_segment u " \
    "force index (usage_open) on u.service_connection_id = j.id and u.billing_status = 'billed' " \
    "and u.status = 'active' "

/* Connections whose near periods do not say it all go to `rest`, when it is given. */
static void histories_add(UseHistories *all, PastRows rows, Date before, Id *rest, size_t *rest_n) {
    periods_join(&rows);
    for (size_t i = 0, end; i < rows.n; i = end) {
        for (end = i + 1; end < rows.n && rows.v[end].connection.id == rows.v[i].connection.id; end++) ;
        size_t near = end;
        while (rest && near > i && rows.v[near - 1].to_on.day <= before.day - NEAR_DAYS) near--;
        Past part = near > i ? past_of(&rows.v[i], near - i, before) : (Past){ .counting = true };
        if (rest && (part.periods < USUAL_PERIODS || part.counting)) rest[(*rest_n)++] = rows.v[i].connection;
        else all->v[all->n++] = past_of(&rows.v[i], end - i, before).history;
    }
}

static int by_connection(const void *a, const void *b) {
    const UseHistory *x = a, *y = b;
    return x->connection.id < y->connection.id ? -1 : x->connection.id > y->connection.id;
}

static bool has_history(const UseHistories *all, Id connection) {
    return bsearch(&(UseHistory){ .connection = connection }, all->v, all->n, sizeof *all->v, by_connection) != NULL;
}

UseHistories mx_use_history_of(Ctx *c, const Id *connections, size_t n, Date before) {
    UseHistories all = { take_n(c, UseHistory, n + 1), 0 };
    Id *rest = take_n(c, Id, n * 2 + 1);
    size_t rest_n = 0;
    Date year_ago = date_add_months(before, -12);
    histories_add(&all, db_all(c, PastRow, PAST_SELECT "and u.to_on < ? and (u.to_on > ? or u.to_on between ? and ?)",
                               json_ids(c, connections, n), before, date_add_days(before, -NEAR_DAYS),
                               date_add_days(year_ago, -YEAR_BEFORE),
                               date_add_days(year_ago, YEAR_AFTER + HALF_A_PERIOD)), before, rest, &rest_n);
    size_t said = rest_n;
    for (size_t i = 0, k = 0; i < n; i++) {         /* nothing near: it may lie between */
        while (k < said && rest[k].id < connections[i].id) k++;
        if (!(k < said && rest[k].id == connections[i].id) && !has_history(&all, connections[i]))
            rest[rest_n++] = connections[i];
    }
    if (rest_n)
        histories_add(&all, db_all(c, PastRow, PAST_SELECT "and u.to_on < ? and u.to_on > ?", json_ids(c, rest, rest_n),
                                   before, date_add_days(before, -HISTORY_DAYS)), before, NULL, NULL);
    qsort(all.v, all.n, sizeof *all.v, by_connection);
    return all;
}

const char *mx_reading_gap(Ctx *c, Id connection, Date date, int window_days) {
    Date from = date_add_days(date, -window_days), to = date_add_days(date, window_days);
    if (db_int(c, "select exists (select 1 from meter_reading where service_connection_id=? and read_on "
                  "between ? and ? and status='passed' and type not in ('initial', 'check'))", connection, from, to))
        return NULL;
    return db_int(c, "select exists (select 1 from meter_reading where service_connection_id=? and read_on "
                     "between ? and ? and status in ('captured', 'pending', 'exempted'))", connection, from, to)
        ? "waiting" : "missing";
}
