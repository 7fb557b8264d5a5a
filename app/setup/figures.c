/*
 * Prepared figures of a utility by sub-area (ONB02US01): what accounts owe and how old it is, what was collected and
 * applied on each day, what was billed and used in each month, and how far bill cycles are; and until when requests are
 * promised. Read by the utility's dashboard; see totals.h.
 */
#include "app/cis/cis.h"
#include "app/setup/totals.h"
#include "lib/date.h"
#include "lib/locale.h"

enum { MONTHS_KEPT = 13, CYCLE_DAYS = 60 };

/* What accounts owe, how many of them, how many there are, and unpaid bills by days past due with their number. */
static void owed(Ctx *c, Date today) {
    db_run(c, "delete from dashboard_counter where utility_id = ? and period = ? and `key` like 'area.%'", c->utility,
           TOTAL_NOW);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "
              "select a.utility_id, 'area.outstanding', ?, p.sub_area_id, sum(greatest(a.balance_minor, 0)), ? "
              "from account a join premise p on p.id = a.premise_id where a.utility_id = ? group by p.sub_area_id",
           TOTAL_NOW, c->now, c->utility);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "
              "select a.utility_id, 'area.owing', ?, p.sub_area_id, count(*), ? from account a "
              "join premise p on p.id = a.premise_id where a.utility_id = ? and a.balance_minor > 0 "
              "group by p.sub_area_id", TOTAL_NOW, c->now, c->utility);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "
              "select a.utility_id, 'area.accounts', ?, p.sub_area_id, count(*), ? from account a "
              "join premise p on p.id = a.premise_id where a.utility_id = ? and a.status in ('active', "
              "'temporarily_disconnected', 'disconnected') group by p.sub_area_id", TOTAL_NOW, c->now, c->utility);
    /* of the area in which their premises lie today, as the list of bills counts them; then how many they are */
    for (int counts = 0; counts < 2; counts++)
        db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "
                  "select b.utility_id, concat(case when datediff(?, b.due_date) <= 30 then 'area.age0' "
                  "when datediff(?, b.due_date) <= 60 then 'area.age30' when datediff(?, b.due_date) <= 90 "
                  "then 'area.age60' else 'area.age90' end, if(?, '_bills', '')) as name, ?, "
                  "coalesce(m.sub_area_id, 0) as area, if(?, count(*), sum(b.open_minor)), ? from bill b "
                  "join account a on a.id = b.account_id left join premise m on m.id = a.premise_id "
                  "where b.utility_id = ? and b.status = 'published' and b.due_date < ? and b.open_minor > 0 "
                  "group by name, area", today, today, today, counts, TOTAL_NOW, counts, c->now, c->utility, today);
    total_set(c, c->utility, "now.figures", TOTAL_NOW, 1);
}

/* What came in on a day, and what of it was put on bills. */
static void collected(Ctx *c, Date day) {
    const Zone *zone = c->locale->zone;
    Time from = date_start(zone, day), to = date_start(zone, date_add_days(day, 1));
    db_run(c, "delete from dashboard_counter where utility_id = ? and `key` in ('day.collected', 'day.applied') "
              "and period = ?", c->utility, day);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "
              "select p.utility_id, 'day.collected', ?, coalesce(m.sub_area_id, 0), "
              "sum(p.amount_minor - p.reversed_minor), ? from payment p left join account a on a.id = p.account_id "
              "left join premise m on m.id = a.premise_id where p.utility_id = ? and p.received_at >= ? "
              "and p.received_at < ? group by m.sub_area_id", day, c->now, c->utility, from, to);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "
              "select p.utility_id, 'day.applied', ?, coalesce(m.sub_area_id, 0), sum(l.amount_minor), ? "
              "from payment p join payment_allocation l on l.payment_id = p.id and l.undone_at is null "
              "left join account a on a.id = p.account_id left join premise m on m.id = a.premise_id "
              "where p.utility_id = ? and p.received_at >= ? and p.received_at < ? group by m.sub_area_id", day, c->now,
           c->utility, from, to);
}

/* What of it was put on bills, by the services on them: each in proportion to its lines, rounded so that the parts are
   the whole. */
static void collected_by(Ctx *c, Date day) {
    const Zone *zone = c->locale->zone;
    Time from = date_start(zone, day), to = date_start(zone, date_add_days(day, 1));
    db_run(c, "delete from dashboard_counter where utility_id = ? and `key` = 'day.collected_by' and period = ?",
           c->utility, day);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, service_code, value, updated_at) "
              "select ?, 'day.collected_by', ?, x.area_id, x.service_code, sum(x.upto - x.before_it), ? from "
              "(select s.area_id, s.service_code, round(s.amount_minor * sum(s.part) over (partition by s.allocation "
              "order by s.service_code) / sum(s.part) over (partition by s.allocation)) as upto, "
              "round(s.amount_minor * (sum(s.part) over (partition by s.allocation order by s.service_code) - s.part) "
              "/ sum(s.part) over (partition by s.allocation)) as before_it from "
              "(select l.id as allocation, l.amount_minor, coalesce(m.sub_area_id, 0) as area_id, n.service_code, "
              "sum(n.amount_minor) as part from payment p join payment_allocation l on l.payment_id = p.id "
              "and l.undone_at is null and l.target_type = 'bill' join bill_line n on n.bill_id = l.target_id "
              "and n.posts = 1 and n.service_code is not null and n.charge_type <> 'TAX' left join account a "
              "on a.id = p.account_id left join premise m on m.id = a.premise_id where p.utility_id = ? "
              "and p.received_at >= ? and p.received_at < ? group by l.id, n.service_code having part > 0) s) x "
              "group by x.area_id, x.service_code", c->utility, day, c->now, c->utility, from, to);
}

/* Billed and used by area and service, of the daily totals of billing; collected of the days above. */
static void month(Ctx *c, Month m) {
    Date first = month_first(m), last = month_last(m);
    db_run(c, "delete from dashboard_counter where utility_id = ? and `key` in ('month.billed', 'month.used', "
              "'month.collected', 'month.collected_by') and period = ?", c->utility, first);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, service_code, value, updated_at) "
              "select utility_id, 'month.billed', ?, sub_area_id, service_code, sum(amount_minor), ? "
              "from billing_daily_total where utility_id = ? and total_date between ? and ? "
              "group by sub_area_id, service_code", first, c->now, c->utility, first, last);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, service_code, value, updated_at) "
              "select utility_id, 'month.used', ?, sub_area_id, service_code, sum(usage_qty_micro), ? "
              "from billing_daily_total where utility_id = ? and total_date between ? and ? "
              "group by sub_area_id, service_code", first, c->now, c->utility, first, last);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "
              "select utility_id, 'month.collected', ?, area_id, sum(value), ? from dashboard_counter "
              "where utility_id = ? and `key` = 'day.collected' and period between ? and ? group by area_id", first,
           c->now, c->utility, first, last);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, area_id, service_code, value, updated_at) "
              "select utility_id, 'month.collected_by', ?, area_id, service_code, sum(value), ? from dashboard_counter "
              "where utility_id = ? and `key` = 'day.collected_by' and period between ? and ? "
              "group by area_id, service_code", first, c->now, c->utility, first, last);
}

/* Of the periods of the last weeks: how many of their bills have arrived, how many are paid. */
static void cycles(Ctx *c, Date today) {
    Date since = date_add_days(today, -CYCLE_DAYS);
    db_run(c, "delete from dashboard_counter where utility_id = ? and period = ? and `key` like 'cycle.%'", c->utility,
           TOTAL_NOW);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, value, updated_at) "
              "select p.utility_id, concat('cycle.paid:', p.id), ?, count(*), ? from bill_cycle_period p "
              "join bill b on b.bill_cycle_period_id = p.id and b.status = 'published' and b.payment_status = 'paid' "
              "where p.utility_id = ? and p.bill_date >= ? and p.state <> 'planned' group by p.id", TOTAL_NOW, c->now,
           c->utility, since);
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, value, updated_at) "
              "select p.utility_id, concat('cycle.delivered:', p.id), ?, count(distinct b.id), ? "
              "from bill_cycle_period p join bill b on b.bill_cycle_period_id = p.id and b.status = 'published' "
              "join bill_delivery d on d.bill_id = b.id and d.state in ('sent', 'delivered', 'opened', 'handed_over') "
              "where p.utility_id = ? and p.bill_date >= ? and p.state <> 'planned' group by p.id", TOTAL_NOW, c->now,
           c->utility, since);
}

JobStep figures_job(Ctx *c, const JobRow *job) {
    (void)job;
    Date today = utility_today(c);
    owed(c, today);
    service_requests_reckon(c);
    cycles(c, today);
    area_figures_count(c, today);
    for (int i = 1; i >= 0; i--) collected(c, date_add_days(today, -i)), collected_by(c, date_add_days(today, -i));
    month(c, month_add(month_of(today), -1));
    month(c, month_of(today));
    return STEP_DONE;
}

/* Working hours have changed: what they promise is reckoned anew at once. */
void figures_calendar_changed(Ctx *c, const EventRow *e) {
    (void)e;
    job_enqueue(c, &(NewJob){ .kind = "dashboard.figures",
                              .unique_key = text(c, "figures:%lld", (long long)c->utility.id) });
}

/* Payments are reversed and bills cancelled later: 13 months are made anew, one a step. */
JobStep figures_night_job(Ctx *c, const JobRow *job) {
    int done = job->cursor ? (int)db_int(c, "select json_value(?, '$.done')", job->cursor) : 0;
    Month m = month_add(month_of(utility_today(c)), -done);
    for (Date d = month_first(m); date_compare(d, month_last(m)) <= 0; d = date_add_days(d, 1))
        collected(c, d), collected_by(c, d);
    month(c, m);
    done++;
    job_progress(c, text(c, "{\"done\":%d}", done), done, MONTHS_KEPT, 0);
    return done < MONTHS_KEPT ? STEP_AGAIN : STEP_DONE;
}
