/*
 * Figures of service areas in a utility with many premises (ONB02US08): counted by the job dashboard.figures, for each
 * area with all below it, because a page cannot count fifty thousand. A small utility counts on the page.
 */
#include "app/setup/area.h"
#include "app/setup/totals.h"
#include "lib/date.h"
#include "lib/locale.h"

enum { PREPARED_FROM = 5000, MONTHS = 6 };

static int64_t prepared_from(Ctx *c) { return setting_int(c, "area.prepared_from", PREPARED_FROM); }

bool area_is_prepared(Ctx *c) {
    return db_int(c, "select coalesce(max(value), 0) from dashboard_counter where utility_key=? and `key`=? "
                     "and period=? and area_id=0", c->utility.id, "now.premises", TOTAL_NOW) >= prepared_from(c);
}

#define BELOW "from service_area s join service_area z on z.utility_id=s.utility_id and (z.path=s.path " \
              "or z.path like concat(s.path, '/%')) join premise p on p.sub_area_id=z.id "
#define INTO "insert into dashboard_counter (utility_id, `key`, period, area_id, value, updated_at) "

static void count_below(Ctx *c) {
    db_run(c, INTO "select s.utility_id, 'below.premises', ?, s.id, count(*), ? " BELOW "where s.utility_id=? "
           "and s.status<>'merged' group by s.id", TOTAL_NOW, c->now, c->utility);
    db_run(c, INTO "select s.utility_id, 'below.consumers', ?, s.id, count(distinct a.consumer_id), ? " BELOW
           "join account a on a.premise_id=p.id and a.status in ('active', 'temporarily_disconnected', "
           "'disconnected') where s.utility_id=? and s.status<>'merged' group by s.id", TOTAL_NOW, c->now, c->utility);
    db_run(c, INTO "select s.utility_id, 'below.owed', ?, s.id, sum(greatest(a.balance_minor, 0)), ? " BELOW
           "join account a on a.premise_id=p.id where s.utility_id=? and s.status<>'merged' group by s.id", TOTAL_NOW,
           c->now, c->utility);
    db_run(c, INTO "select s.utility_id, 'below.meters', ?, s.id, count(*), ? " BELOW "join meter_installation m "
           "on m.premise_id=p.id and m.removed_at is null where s.utility_id=? and s.status<>'merged' group by s.id",
           TOTAL_NOW, c->now, c->utility);
}

static void count_all(Ctx *c, Month now) {
    Date month = month_first(now);
    Time start = date_start(c->locale->zone, month);
    Id u = c->utility;
    total_set(c, u, "now.consumers_here", TOTAL_NOW, db_int(c, "select count(distinct consumer_id) from account "
              "where utility_id=? and status in ('active', 'temporarily_disconnected', 'disconnected')", u));
    total_set(c, u, "now.consumers_before", TOTAL_NOW, db_int(c, "select count(distinct consumer_id) from account "
              "where utility_id=? and opened_on<? and (closed_on is null or closed_on>=?)", u, month, month));
    total_set(c, u, "now.meters", TOTAL_NOW, db_int(c, "select count(*) from meter_installation where utility_id=? "
              "and removed_at is null", u));
    total_set(c, u, "now.meters_before", TOTAL_NOW, db_int(c, "select count(*) from meter_installation "
              "where utility_id=? and installed_at<? and (removed_at is null or removed_at>=?)", u, start, start));
    total_set(c, u, "now.orders_before", TOTAL_NOW, db_int(c, "select count(*) from service_order where utility_id=? "
              "and created_at<? and (open_flag=1 or updated_at>=?)", u, start, start));
    for (int i = 0; i < MONTHS; i++) {
        Month m = month_add(now, -i);
        Time end = date_start(c->locale->zone, date_add_days(month_last(m), 1));
        total_set(c, u, "month.premises", month_first(m),
                  db_int(c, "select count(*) from premise where utility_id=? and created_at<?", u, end));
    }
}

void area_figures_count(Ctx *c, Date today) {
    int64_t n = db_int(c, "select count(*) from premise where utility_id=?", c->utility);
    db_run(c, "delete from dashboard_counter where utility_id=? and period=? and `key` like 'below.%'", c->utility,
           TOTAL_NOW);
    total_set(c, c->utility, "now.premises", TOTAL_NOW, n);
    if (n < prepared_from(c)) return;
    count_below(c);
    count_all(c, month_of(today));
}
