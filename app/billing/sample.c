/*
 * `smart360 sample`: San Francisco Water Authority as the configuration playbook has it, with consumers, readings,
 * bills and payments up to today. Deterministic by seed but for random ids and tokens.
 *
 * Months end with the last whole month before today: it has readings and waits for its bill run; the months before it
 * are billed and paid. The clock goes through them in order, so that balances, numbers and dates are those of their
 * time.
 */
#include "app/billing/ledger_sum.h"
#include "app/billing/pages.h"
#include "app/billing/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/core/core.h"
#include "app/core/fixture.h"
#include "app/core/installation.h"
#include "lib/clock.h"
#include "lib/db.h"
#include "lib/locale.h"

/* --- clock, chunks, progress -------------------------------------------------------------------------------------- */

void sample_clock(Sample *s, Date day, int minute) {
    s->c->now = time_of_local(s->zone, (Local){ .date = day, .hour = minute / 60, .minute = minute % 60 });
    if (time_compare(s->c->now, s->today_at) > 0) s->c->now = s->today_at;
    db_run(s->c, "set timestamp = ?", time_unix(s->c->now));
}

typedef struct { Sample *s; void (*work)(Sample *s, int64_t from, int64_t to); int64_t from, to; int tries; } Piece;

/* A piece moves the sample's own counters: it cannot be run twice. */
static void piece_tx(Ctx *c, void *arg) {
    Piece *p = arg;
    if (p->tries++)
        fail(c, BROKEN, "something else wrote into the tenant while the sample was made: start with an empty one");
    p->work(p->s, p->from, p->to);
}

void sample_tx(Sample *s, void (*work)(Sample *s, int64_t from, int64_t to), int64_t from, int64_t to) {
    ArenaMark m = mark(s->c);
    db_tx(s->c, DB_WRITE, piece_tx, &(Piece){ s, work, from, to, 0 }, NULL);
    rewind_to(s->c, m);
}

void sample_chunks(Sample *s, void (*work)(Sample *s, int64_t from, int64_t to)) {
    for (int64_t from = 0; from < s->consumers; from += SAMPLE_CHUNK)
        sample_tx(s, work, from, from + SAMPLE_CHUNK < s->consumers ? from + SAMPLE_CHUNK : s->consumers);
}

void sample_said(Sample *s, const char *what, int64_t n) {
    int64_t now = time_ticking_us();
    printf("%-40s %10lld  %6.1f s\n", what, (long long)n, (double)(now - s->step_us) / 1e6);
    fflush(stdout);
    s->step_us = now;
}

/* --- the utility around them -------------------------------------------------------------------------------------- */

static void areas_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    Ctx *c = s->c;
    for (int i = 0; i < SAMPLE_AREAS; i++) {
        const SampleArea *a = &sample_areas[i];
        if (!area_find(c, a->code).id) {
            const char *box = text(c, "{\"type\":\"Polygon\",\"coordinates\":[[[%d.%06d,%d.%06d],"
                                      "[%d.%06d,%d.%06d],[%d.%06d,%d.%06d],[%d.%06d,%d.%06d],[%d.%06d,%d.%06d]]]}",
                (a->lng_e6 - 3000) / 1000000, -(a->lng_e6 - 3000) % 1000000, (a->lat_e6 - 2000) / 1000000,
                    (a->lat_e6 - 2000) % 1000000,
                (a->lng_e6 + 3000) / 1000000, -(a->lng_e6 + 3000) % 1000000, (a->lat_e6 - 2000) / 1000000,
                    (a->lat_e6 - 2000) % 1000000,
                (a->lng_e6 + 3000) / 1000000, -(a->lng_e6 + 3000) % 1000000, (a->lat_e6 + 2000) / 1000000,
                    (a->lat_e6 + 2000) % 1000000,
                (a->lng_e6 - 3000) / 1000000, -(a->lng_e6 - 3000) % 1000000, (a->lat_e6 + 2000) / 1000000,
                    (a->lat_e6 + 2000) % 1000000,
                (a->lng_e6 - 3000) / 1000000, -(a->lng_e6 - 3000) % 1000000, (a->lat_e6 - 2000) / 1000000,
                    (a->lat_e6 - 2000) % 1000000);
            db_insert(c, "insert into service_area (utility_id, level, code, name, parent_id, path, "
                         "centroid_lat, centroid_lng, geometry) "
                         "select ?, 'sub_area', ?, ?, p.id, concat(p.path, '/', ?), ? / 1000000, ? / 1000000, ? "
                         "from service_area p where p.utility_id=? and p.code=?",
                      c->utility, a->code, a->name, a->code, a->lat_e6, a->lng_e6, box, c->utility, a->parent);
        }
        s->areas[i] = db_id(c, "select id from service_area where utility_id=? and code=?", c->utility, a->code);
    }
}

/* Prices of the playbook begin on 1 January 2026: the first versions reach back to the first month of the sample. */
static void prices_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    db_run(s->c, "update tariff_plan_version set effective_from=? where utility_id=? "
                 "and version_no=1 and effective_from>?", month_first(s->first), s->c->utility, month_first(s->first));
}

static void cycle_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    Ctx *c = s->c;
    s->cycle = db_insert(c, "insert into bill_cycle (utility_id, code, name, service_code, category_ids, area_ids, "
                            "frequency, period_days, anchor_date, bill_after_days, due_days, "
                            "grace_days, template_id, state) "
                            "values (?, 'MONTHLY', 'Monthly', 'WA', (select json_arrayagg(id) from consumer_category "
        "where utility_id=?), (select json_arrayagg(id) from service_area where utility_id=? and code='POR'), "
        "'monthly', 30, ?, 2, 21, 10, (select id from bill_template where utility_id=? and is_default=1 "
        "and utility_type='water'), 'active')",
                         c->utility, c->utility, c->utility, month_first(s->first), c->utility);
    for (int m = 0; m < s->months + 3; m++) {
        Month month = sample_month(s, m);
        Date last = month_last(month), bill = date_add_days(last, 2),
            due = cal_adjust_date(c, (Id){ 0 }, date_add_days(bill, 21), DATE_NEXT_WORKING);
        s->periods[m] = db_insert(c, "insert into bill_cycle_period (utility_id, cycle_id, period_no, label, "
                                     "from_date, to_date, window_start, window_end, estimate_after, bill_date, "
                                     "due_date, accounting_date, state) values (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            c->utility, s->cycle, m + 1, month_text(&c->mem, month), month_first(month), last, date_add_days(last, -5),
                date_add_days(last, 5), date_add_days(last, 1), bill, due, bill, m <= s->months ? "open" : "planned");
    }
}

static void made_before(Sample *s) {
    Ctx *c = s->c;
    s->manager = db_id(c, "select id from user where email='billing_manager@swa.test'");
    if (db_int(c, "select count(*) from consumer where utility_id=?", c->utility))
        fail(c, CONFLICT, "There are consumers already: the sample goes into an empty utility.");
}

/* --- the command -------------------------------------------------------------------------------------------------- */

typedef struct { int64_t consumers, months, seed; } Options;

static void months_all(Sample *s) {
    for (int m = 0; m < s->months; m++) {
        sample_readings(s, m);
        sample_pay_until(s, date_add_days(month_last(sample_month(s, m)), 2));
        sample_bills(s, m);
        sample_cases(s, m);
        sample_said(s, text(s->c, "%s: bills", month_text(&s->c->mem, sample_month(s, m))), s->bills);
    }
    sample_readings(s, s->months);
    sample_pay_until(s, s->today);
    sample_said(s, "payments", s->payments);
}

static void overdue_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    db_run(s->c, "update bill set payment_status='overdue' where utility_id=? and listed=1 and status='published' "
                 "and open_minor>0 and due_date<? and payment_status in ('unpaid', 'partial')",
           s->c->utility, s->today);
    db_run(s->c, "update bill_cycle_period set state=? where cycle_id=? and to_date<? and state='billed'", "closed",
           s->cycle, date_add_months(s->today, -3));
}

/* What the nightly job would have made. */
static void totals_tx(Sample *s, int64_t from, int64_t to) {
    (void)to;
    daily_total_make(s->c, month_add(s->first, (int)from));
}

static void ledger_sums_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    ledger_sum_more(s->c, -3600);
}

/* Figures of dashboards, which jobs make by the clock: made as soon as somebody works. */
static void figures_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    job_enqueue(s->c, &(NewJob){ .kind = "dashboard.figures" });
    job_enqueue(s->c, &(NewJob){ .kind = "dashboard.figures_night" });
    Id here = s->c->utility;
    s->c->utility = (Id){ 0 };                          /* these are of the organization */
    job_enqueue(s->c, &(NewJob){ .kind = "dashboard.totals" });
    job_enqueue(s->c, &(NewJob){ .kind = "subscription.usage" });
    s->c->utility = here;
}

static void fill(Ctx *c, const Options *o) {
    Sample s = { .c = c, .consumers = o->consumers, .months = (int)o->months, .seed = (uint64_t)o->seed,
                 .today_at = c->now };
    s.began_us = s.step_us = time_ticking_us();
    utility_enter(c, db_id(c, "select id from utility where code='swa-w'"));
    s.zone = c->locale->zone;
    s.today = utility_today(c);
    s.first = month_add(month_of(s.today), -(s.months + 1));
    made_before(&s);
    sample_clock(&s, date_add_days(month_first(s.first), -30), 9 * 60);
    sample_tx(&s, areas_tx, 0, 0);
    sample_tx(&s, prices_tx, 0, 0);
    sample_tx(&s, cycle_tx, 0, 0);
    sample_said(&s, "service areas, prices, bill cycle", SAMPLE_AREAS);
    sample_people(&s);
    months_all(&s);
    c->now = s.today_at;
    db_run(c, "set timestamp = default");
    sample_tx(&s, overdue_tx, 0, 0);
    for (int i = 0; i <= s.months + 1; i++) sample_tx(&s, totals_tx, i, i);
    int64_t entries = db_int(c, "select count(*) from ledger_entry");
    for (int64_t i = 0; i <= entries; i += LEDGER_SUM_ROWS) sample_tx(&s, ledger_sums_tx, i, i);
    sample_tx(&s, figures_tx, 0, 0);
    printf("sample: %lld consumers, %d months, %lld bills, %lld payments in %.1f s\n", (long long)s.consumers, s.months,
           (long long)s.bills, (long long)s.payments, (double)(time_ticking_us() - s.began_us) / 1e6);
}

static void work(Ctx *c, void *arg) {
    const Options *o = arg;
    c->mem.limit = (size_t)2 << 30;
    int64_t began = time_ticking_us();
    if (!tenant_by_slug(c, "swa")) {
        fixture_load(c, "BASE");
        printf("%-40s %10s  %6.1f s\n", "tenant swa, utility swa-w (set BASE)", "",
               (double)(time_ticking_us() - began) / 1e6);
        fflush(stdout);
    }
    if (!o->consumers) return;
    tenant_enter(c, tenant_by_slug(c, "swa"));
    fill(c, o);
}

static bool number_option(const char *s, int64_t most, int64_t *to) { return count_parse(s, most, to) == NUMBER_OK; }

int sample_command(int argc, char **argv) {
    Options o = { .consumers = 2000, .months = 13, .seed = 1 };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--consumers") && number_option(value, SAMPLE_CONSUMERS_MAX, &o.consumers)) i++;
        else if (!strcmp(argv[i], "--months") && number_option(value, SAMPLE_MONTHS_MAX, &o.months)) i++;
        else if (!strcmp(argv[i], "--seed") && number_option(value, INT32_MAX, &o.seed)) i++;
        else return command_misuse(argv[0], "takes --consumers N (0 to %d), --months M (0 to %d) and --seed S",
                                   SAMPLE_CONSUMERS_MAX, SAMPLE_MONTHS_MAX);
    }
    if (program_start()) return 1;
    return command_run(COMMAND_ADMIN, work, &o);
}
