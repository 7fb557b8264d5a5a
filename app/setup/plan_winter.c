/*
 * Winter averages (ONB02US05 "wastewater"): water for the garden never reaches the sewer, so wastewater may be capped
 * by the use of winter. Once a year, on the day after the winter ends (settings plan.winter_from and plan.winter_to,
 * December 1 to April 30), each connection gets the mean of its billed use for 30 days over the bills that end in the
 * winter, when at least three of them were read. Who has no winter of his own is capped by the mean of all on his plan.
 * A utility that is new to this job (its averages may have been brought along) begins with the winter that has just
 * ended, and only where no average is known; an older one is taken as done.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "app/setup/plan_rules.h"
#include "lib/json.h"

enum { STEP_ROWS = 1000, READS_LEAST = 3, FIRST_DAYS = 31 };

#define WINTER_ROW(F, T) F(T, Id, id) F(T, Quantity, average)
ROW(WinterRow, WINTER_ROW)

/* "12-01" of a year; a day that the month does not have is its last. */
static Date day_in(int year, const char *md) {
    int month = (md[0] - '0') * 10 + md[1] - '0', day = (md[3] - '0') * 10 + md[4] - '0';
    int last = month_days(year, month);
    return date_of(year, month, day > last ? last : day);
}

static const char *setting_day(Ctx *c, const char *key, const char *otherwise) {
    const char *md = setting_text(c, key, otherwise);
    return season_day_parse(md) ? md : otherwise;
}

typedef struct Winter { Date from, to; } Winter;

/* The last one that is over. */
static Winter winter_before(Ctx *c, Date today) {
    const char *from = setting_day(c, "plan.winter_from", "12-01"), *to = setting_day(c, "plan.winter_to", "04-30");
    int year = date_ymd(today).year;
    if (day_in(year, to).day >= today.day) year--;
    return (Winter){ day_in(strcmp(from, to) > 0 ? year - 1 : year, from), day_in(year, to) };
}

static void ended(Ctx *c, const Winter *w) {
    db_run(c, "update tariff_plan p set winter_default_qty_micro=(select cast(round(avg(v.winter_average_qty_micro)) "
              "as signed) from service_connection v where v.tariff_plan_id=p.id and v.status='active' "
              "and v.winter_average_qty_micro is not null) where p.utility_id=?", c->utility);
    setting_set(c, "plan.winter_computed", date_iso(&c->mem, w->to));
}

JobStep plan_winter_job(Ctx *c, const JobRow *job) {
    Winter w = winter_before(c, utility_today(c));
    int64_t after = 0, done = 0;
    if (job->cursor) {
        Json j = json_read(&c->mem, job->cursor, strlen(job->cursor), 4096, NULL);
        json_int(j, "after", &after);
        json_int(j, "done", &done);
    }
    const char *computed = setting_text(c, "plan.winter_computed", NULL);
    if (computed && strcmp(computed, date_iso(&c->mem, w.to)) >= 0) return STEP_DONE;
    if (!computed && utility_today(c).day - w.to.day > FIRST_DAYS) {
        setting_set(c, "plan.winter_computed", date_iso(&c->mem, w.to));
        return STEP_DONE;
    }
    WinterRows all = db_all(c, WinterRow, "select v.id, "
        "cast(round(sum(g.usage_qty_micro) * 30 / sum(g.days)) as signed) as average "
        "from service_connection v join bill_segment g on g.service_connection_id=v.id "
        "and g.segment_end between ? and ? and g.usage_source in ('actual', 'mixed') join bill b on b.id=g.bill_id "
        "and b.status='published' where v.utility_id=? and v.id>? and v.status<>'closed' "
        "and (? or v.winter_average_qty_micro is null) group by v.id "
        "having count(*)>=? order by v.id limit ?", w.from, w.to, c->utility, after, computed != NULL,
                            (int)READS_LEAST, (int)STEP_ROWS);
    ConnectionWinter *v = take_n(c, ConnectionWinter, all.n + 1);
    for (size_t i = 0; i < all.n; i++) v[i] = (ConnectionWinter){ all.v[i].id, all.v[i].average };
    connections_winter_set(c, v, all.n);
    if (all.n < STEP_ROWS) return ended(c, &w), STEP_DONE;
    done += (int64_t)all.n;
    job_progress(c, text(c, "{\"after\": %lld, \"done\": %lld}", (long long)all.v[all.n - 1].id.id, (long long)done),
                 done, 0, 0);
    return STEP_AGAIN;
}
