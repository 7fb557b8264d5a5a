/*
 * What wants attention: one open alert per key; and prepared totals of dashboards.
 */
#include "app/core/core.h"
#include "lib/db.h"

void alert_raise(Ctx *c, const char *kind, const char *severity, const char *dedup_key, const char *subject,
                 const char *link) {
    db_run(c, "insert into alert (utility_id, kind, severity, subject, link, dedup_key, first_at, last_at) "
              "values (?,?,?,?,?,?,?,?) "
              "on duplicate key update last_at=values(last_at), times=times+1, subject=values(subject)", c->utility,
           kind, severity, subject, link, dedup_key, c->now, c->now);
}

void alert_clear(Ctx *c, const char *dedup_key) {
    db_run(c, "update alert set resolved_at=? where dedup_key=? and resolved_at is null", c->now, dedup_key);
}

void day_count_add(Ctx *c, const char *key, Date period, int64_t n) {
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, value) values (?,?,?,?) "
              "on duplicate key update value=value+values(value), updated_at=utc_timestamp(6)", c->utility, key, period,
           n);
}
