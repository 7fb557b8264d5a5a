/*
 * Prepared totals of bills by day, cycle, category and area (BX02US01): what the overview reads. Made anew month by
 * month every night and after a publication; an hour later compared with what the ledger posted for the same bills.
 */
#include <string.h>

#include "app/billing/pages.h"
#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

enum { LARGEST = 10 };

/* Upper ends of the bands of use, in whole units; the last one is open. */
static const int bands[] = { 0, 5, 10, 20, 50, 100, 500 };
enum { BANDS = sizeof bands / sizeof *bands };

static void make_days(Ctx *c, Date from, Date to) {
    db_run(c, "delete from billing_daily_total where utility_id=? and total_date between ? and ?", c->utility, from,
           to);
    db_run(c, "insert into billing_daily_total (utility_id, total_date, cycle_id, category_id, sub_area_id, "
              "service_code, bills, amount_minor, tax_minor, usage_qty_micro, estimated, payments_minor, reading_days, "
              "rebuilt_at) "
              "select b.utility_id, b.bill_date, coalesce(p.cycle_id, 0), coalesce(b.category_id, 0), "
              "coalesce(b.sub_area_id, 0), coalesce(y.service_code, ''), count(*), sum(b.total_minor), "
              "sum(b.tax_minor), sum(coalesce(b.usage_qty_micro, 0)), sum(b.is_estimated), "
              "sum(b.paid_minor - b.credit_applied_minor), sum(greatest(datediff(b.bill_date, coalesce("
              "(select max(g.segment_end) from bill_segment g where g.bill_id=b.id), b.period_end)), 0)), ? "
              "from bill b left join bill_cycle_period p on p.id=b.bill_cycle_period_id "
              "left join bill_cycle y on y.id=p.cycle_id "
              "where b.utility_id=? and b.status='published' and b.kind<>'migration' and b.bill_date between ? and ? "
              "group by b.bill_date, p.cycle_id, b.category_id, b.sub_area_id, y.service_code",
           c->now, c->utility, from, to);
}

#define BAND(F, T) F(T, int, upto) F(T, int64_t, n)
ROW(Band, BAND)

/* [12, 340, ...]: bills by band of use. */
static const char *use_bands(Ctx *c, Date from, Date to) {
    Text ends = text_start(c);
    for (int i = 0; i < BANDS; i++) text_addf(&ends, "%s%d", i ? "," : "[", bands[i]);
    text_add(&ends, "]");
    Bands l = db_all(c, Band, "select coalesce((select min(j.upto) from json_table(?, '$[*]' columns (upto int path "
                              "'$')) j where j.upto * 1000000 >= b.usage_qty_micro), -1) as upto, count(*) as n "
                              "from bill b where b.utility_id=? and b.status='published' and b.kind<>'migration' "
                              "and b.bill_date between ? and ? and b.usage_qty_micro is not null group by upto",
                     ends.s, c->utility, from, to);
    Text out = text_start(c);
    for (int i = 0; i <= BANDS; i++) {
        int64_t n = 0;
        for (size_t k = 0; k < l.n; k++)
            if (l.v[k].upto == (i < BANDS ? bands[i] : -1)) n = l.v[k].n;
        text_addf(&out, "%s%lld", i ? "," : "[", (long long)n);
    }
    text_add(&out, "]");
    return out.s;
}

static void make_figures(Ctx *c, Month month, Date from, Date to) {
    const char *largest = db_text(c,
        "select coalesce(json_arrayagg(json_object('bill', x.bill_no, 'account', x.account_no, 'name', x.display_name, "
        "'qty', x.qty, 'unit', x.unit)), '[]') from (select b.bill_no, a.account_no, n.display_name, "
        "b.usage_qty_micro as qty, b.usage_unit as unit from bill b join account a on a.id=b.account_id "
        "join consumer n on n.id=b.consumer_id where b.utility_id=? and b.status='published' and b.kind<>'migration' "
        "and b.bill_date between ? and ? and b.usage_qty_micro > 0 "
        "order by b.usage_qty_micro desc, b.id limit ?) x", c->utility, from, to, (int)LARGEST);
    db_run(c, "replace into billing_month_figure (utility_id, month, late_fees_minor, adjustments_minor, "
              "credit_notes_minor, use_bands, largest, rebuilt_at) "
              "select ?, ?, coalesce(sum(if(txn_type='late_fee', total_minor, 0)), 0), "
              "coalesce(sum(if(txn_type='adjustment', total_minor, 0)), 0), "
              "coalesce(sum(if(txn_type='credit_note', total_minor, 0)), 0), ?, ?, ? "
              "from ledger_txn where utility_id=? and effective_date between ? and ?",
           c->utility, month_text(&c->mem, month), use_bands(c, from, to), largest, c->now, c->utility, from, to);
}

void daily_total_make(Ctx *c, Month month) {
    Date from = month_first(month), to = month_last(month);
    make_days(c, from, to);
    make_figures(c, month, from, to);
}

/* --- after publications ------------------------------------------------------------------------------------------- */

static void make_soon(Ctx *c, const char *day) {
    Date d;
    if (!day || !date_parse_iso(day, &d)) return;
    const char *month = month_text(&c->mem, month_of(d));
    job_enqueue(c, &(NewJob){ .kind = "billing_total.rebuild", .payload = json_pairs(c, "month", month, NULL),
                              .unique_key = text(c, "billing_total:%lld:%s", (long long)c->utility.id, month) });
}

void daily_total_after_run(Ctx *c, const EventRow *e) {
    make_soon(c, db_text(c, "select bill_date from bill_run where id=? and simulate_only=0 "
                            "and state in ('completed', 'completed_with_errors', 'published')", e->id));
}

void daily_total_after_cancel(Ctx *c, const EventRow *e) {
    make_soon(c, db_text(c, "select bill_date from bill where id=?", e->id));
}

/* --- the jobs ----------------------------------------------------------------------------------------------------- */

#define ENDS(F, T) F(T, Date, first) F(T, Date, last)
ROW(Ends, ENDS)

/* The month this step is about: the cursor's, the payload's, or the first that has bills. False: there is none. */
static bool step_month(Ctx *c, const JobRow *job, Month *month, Month *last, int64_t *seen) {
    Json payload = json_read(&c->mem, job->payload, job->payload ? strlen(job->payload) : 0, 200, NULL);
    if (json_text(payload, "month") && month_parse(json_text(payload, "month"), month)) {
        *last = *month;
        return true;
    }
    const Ends *ends = db_one(c, Ends, "select min(bill_date) as first, max(bill_date) as last from bill "
                                       "where utility_id=? and status='published'", c->utility);
    if (!date_is_set(ends->first)) return false;
    *month = month_of(ends->first), *last = month_of(ends->last);
    if (!job->cursor) return true;
    Json at = json_read(&c->mem, job->cursor, strlen(job->cursor), 200, NULL);
    json_int(at, "difference", seen);
    return month_parse(json_text(at, "month"), month) && month->no <= last->no;
}

static JobStep step_next(Ctx *c, Month month, Month last, int64_t seen) {
    if (month.no >= last.no) return STEP_DONE;
    job_progress(c, text(c, "{\"month\":\"%s\",\"difference\":%lld}", month_text(&c->mem, month_add(month, 1)),
                         (long long)seen), 1, 0, 0);
    return STEP_AGAIN;
}

JobStep daily_total_job(Ctx *c, const JobRow *job) {
    Month month, last;
    int64_t none = 0;
    if (!step_month(c, job, &month, &last, &none)) return STEP_DONE;
    daily_total_make(c, month);
    return step_next(c, month, last, 0);
}

#define MADE(F, T) F(T, Money, amount) F(T, Time, at)
ROW(Made, MADE)

/* Totals of a month against what the ledger posted to receivables for the bills that were published when the totals
   were made. */
static int64_t difference(Ctx *c, Month month) {
    Date from = month_first(month), to = month_last(month);
    const Made *made = db_one(c, Made, "select coalesce(sum(amount_minor), 0) as amount, max(rebuilt_at) as at "
                                       "from billing_daily_total where utility_id=? and total_date between ? and ?",
                              c->utility, from, to);
    if (!time_is_set(made->at)) return 0;
    int64_t posted = db_int(c,
        "select coalesce(sum(e.debit_minor - e.credit_minor), 0) from bill b "
        "join ledger_txn t on t.utility_id=b.utility_id and t.txn_type='bill' and t.source_type='bill' "
        "and t.source_id=b.id join ledger_entry e on e.txn_id=t.id and e.gl_code_id=? "
        "where b.utility_id=? and b.status in ('published', 'cancelled') and b.kind<>'migration' "
        "and b.bill_date between ? and ? and b.published_at<=? and (b.cancelled_at is null or b.cancelled_at>?)",
                            gl_by_key(c, "AR"), c->utility, from, to, made->at, made->at);
    return made->amount.minor - posted;
}

JobStep daily_total_check_job(Ctx *c, const JobRow *job) {
    Month month, last;
    int64_t seen = 0;
    const char *key = text(c, TOTAL_ALERT, (long long)c->utility.id);
    if (!step_month(c, job, &month, &last, &seen)) return STEP_DONE;
    int64_t off = difference(c, month);
    seen += off < 0 ? -off : off;
    JobStep step = step_next(c, month, last, seen);
    if (step == STEP_AGAIN) return step;
    if (!seen) alert_clear(c, key);
    else alert_raise(c, "billing_total", "warning", key,
                     msg_format(c, c->language, "billing.overview.totals_differ",
                                { "amount", locale_money_plain(&c->mem, c->locale, (Money){ seen }) }),
                                "/bx/dashboard");
    return STEP_DONE;
}
