/*
 * Prepared totals of the dashboards: see totals.h.
 */
#include "app/setup/totals.h"

#include <string.h>

#include "app/setup/organization.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"

void total_set(Ctx *c, Id utility, const char *key, Date period, int64_t value) {
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, value, updated_at) values (?,?,?,?,?) "
              "on duplicate key update value=values(value), updated_at=values(updated_at)", utility, key, period, value,
           c->now);
}

Totals totals_now(Ctx *c) {
    return db_all(c, Total, "select utility_key as utility, `key`, period, value, updated_at from dashboard_counter "
                            "where period = ? and `key` like 'now.%' and area_id = 0", TOTAL_NOW);
}

const Total *total_find(const Totals *all, Id utility, const char *key) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].utility.id == utility.id && !strcmp(all->v[i].key, key)) return &all->v[i];
    return NULL;
}

/* --- people ------------------------------------------------------------------------------------------------------- */

#define PEOPLE(F, T) F(T, int64_t, active) F(T, int64_t, invited) F(T, int64_t, locked)
ROW(People, PEOPLE)

void totals_people(Ctx *c) {
    Id org = { 0 };
    const People *p = db_one(c, People, "select coalesce(sum(status = 'active'), 0) as active, "
                                        "coalesce(sum(status in ('invited', 'pending')), 0) as invited, "
        "coalesce(sum(status = 'active' and locked_until > ?), 0) as locked from user", c->now);
    total_set(c, org, "now.users_active", TOTAL_NOW, p->active);
    total_set(c, org, "now.users_invited", TOTAL_NOW, p->invited);
    total_set(c, org, "now.users_locked", TOTAL_NOW, p->locked);
    total_set(c, org, "now.sign_ins_failed", TOTAL_NOW, db_int(c, "select count(*) from login_attempt where at >= ? "
        "and realm = 'staff' and result in (" SIGN_IN_FAILED ")", time_add_seconds(c->now, -86400)));
}

void totals_people_event(Ctx *c, const EventRow *e) {
    (void)e;
    totals_people(c);
}

void totals_begin_event(Ctx *c, const EventRow *e) {
    bool is_utility = !strcmp(e->entity, "utility");
    bool is_begun = db_int(c, "select exists (select 1 from dashboard_counter where `key` = 'day.sign_ins')") > 0;
    if (!is_utility && is_begun) return;
    Id here = c->utility;
    if (is_utility) {
        c->utility = e->id;
        job_enqueue(c, &(NewJob){ .kind = "dashboard.figures",
                                  .unique_key = text(c, "figures:%lld", (long long)e->id.id) });
    }
    c->utility = (Id){ 0 };                             /* these are of the organization */
    job_enqueue(c, &(NewJob){ .kind = "dashboard.totals", .unique_key = "totals.begin" });
    c->utility = here;
}

/* --- what runs ---------------------------------------------------------------------------------------------------- */

#define LIGHT(F, T) F(T, int64_t, n) F(T, int64_t, good)
ROW(Light, LIGHT)

/* Red wants somebody: below 80 % of the last hour. */
static void say_light(Ctx *c, Id u, const Light *hooks) {
    Id here = c->utility;
    const char *key = text(c, "gateway.red:%lld", (long long)u.id);
    utility_enter(c, u);
    if (!hooks->n || hooks->good * 100 >= hooks->n * 80) alert_clear(c, key);
    else alert_raise(c, "gateway.red", "critical", key, msg_format(c, c->language, "dashboard.alert_red",
        { "good", locale_count(&c->mem, c->locale, hooks->good) },
        { "n", locale_count(&c->mem, c->locale, hooks->n) }), "/integrations/events");
    utility_enter(c, here);
}

/* Events and messages of the last hour, and how many of them went well. */
static void count_lights(Ctx *c, Id u) {
    Time hour = time_add_seconds(c->now, -3600);
    const Light *hooks = db_one(c, Light, "select count(*) as n, coalesce(sum(state in ('processed', 'ignored')), 0) "
        "as good from (select state, received_at from webhook_event where utility_id = ? and source = 'gateway' "
        "order by id desc limit 5000) e where e.received_at >= ? and e.state not in ('received', 'processing')",
                                u, hour);
    const Light *sent = db_one(c, Light, "select count(*) as n, coalesce(sum(status in ('sent_to_provider', 'sent', "
        "'delivered', 'opened', 'clicked')), 0) as good from message where utility_id = ? and created_at >= ? "
        "and channel = 'sms' and status not in ('held', 'queued', 'suppressed', 'cancelled')", u, hour);
    const Light *mails = db_one(c, Light, "select count(*) as n, coalesce(sum(status in ('sent_to_provider', 'sent', "
        "'delivered', 'opened', 'clicked')), 0) as good from message where utility_id = ? and created_at >= ? "
        "and channel = 'email' and status not in ('held', 'queued', 'suppressed', 'cancelled')", u, hour);
    say_light(c, u, hooks);
    total_set(c, u, "now.gateway_n", TOTAL_NOW, hooks->n);
    total_set(c, u, "now.gateway_good", TOTAL_NOW, hooks->good);
    total_set(c, u, "now.sms_n", TOTAL_NOW, sent->n);
    total_set(c, u, "now.sms_good", TOTAL_NOW, sent->good);
    total_set(c, u, "now.email_n", TOTAL_NOW, mails->n);
    total_set(c, u, "now.email_good", TOTAL_NOW, mails->good);
}

static void count_jobs(Ctx *c, Id u) {
    Time day = time_add_seconds(c->now, -86400);
    total_set(c, u, "now.jobs_failed", TOTAL_NOW, db_int(c, "select count(*) from smart360.job where tenant_id = ? "
        "and state = 'dead' and utility_id = ? and ended_at >= ?", c->tenant, u, day));
    total_set(c, u, "now.hooks_dead", TOTAL_NOW,
        db_int(c,
            "select count(*) from webhook_event where utility_id = ? "
            "and state = 'dead' and received_at >= ?",
               u, day));
}

static void count_work(Ctx *c, Id u) {
    total_set(c, u, "now.imports_open", TOTAL_NOW, db_int(c, "select count(*) from import_batch where utility_id = ? "
        "and state not in ('completed', 'completed_with_errors', 'cancelled', 'rolled_back')", u));
    count_jobs(c, u);
    total_set(c, u, "now.consumers", TOTAL_NOW,
        db_int(c,
            "select count(*) from consumer where utility_id = ? "
            "and status = 'active'",
               u));
}

void totals_work_event(Ctx *c, const EventRow *e) {
    bool is_job = e->name && !strcmp(e->name, "job.failed");         /* by the thousand: consumers are not counted */
    if (e->utility.id && is_job) count_jobs(c, e->utility);
    else if (e->utility.id) count_work(c, e->utility);
    else total_set(c, (Id){ 0 }, "now.jobs_failed", TOTAL_NOW, db_int(c, "select count(*) from smart360.job "
        "where tenant_id = ? and state = 'dead' and utility_id is null and ended_at >= ?", c->tenant,
        time_add_seconds(c->now, -86400)));
}

/* --- days --------------------------------------------------------------------------------------------------------- */

static void count_day(Ctx *c, Date day, const UtilityList *all) {
    const Zone *zone = c->locale->zone;
    Time from = date_start(zone, day), to = date_start(zone, date_add_days(day, 1));
    total_set(c, (Id){ 0 }, "day.sign_ins", day, db_int(c, "select count(*) from login_attempt where at >= ? "
        "and at < ? and realm = 'staff' and result = 'success'", from, to));
    for (size_t i = 0; i < all->n; i++) {
        Id u = all->v[i]->id;
        total_set(c, u, "day.messages", day, db_int(c, "select count(*) from message where utility_id = ? "
                                                       "and created_at >= ? and created_at < ?", u, from, to));
        total_set(c, u, "day.payments", day, db_int(c, "select count(*) from payment where utility_id = ? "
                                                       "and received_at >= ? and received_at < ?", u, from, to));
    }
}

JobStep totals_job(Ctx *c, const JobRow *job) {
    (void)job;
    Date today = utility_today(c);
    const UtilityList *all = utilities_here(c);
    totals_people(c);
    totals_work_event(c, &(EventRow){ 0 });
    for (size_t i = 0; i < all->n; i++) {
        if (!strcmp(all->v[i]->status, "closed")) continue;
        count_work(c, all->v[i]->id);
        count_lights(c, all->v[i]->id);
    }
    count_day(c, today, all);
    count_day(c, date_add_days(today, -1), all);
    return STEP_DONE;
}

/* Days that were counted while something was under way are put right. */
JobStep totals_night_job(Ctx *c, const JobRow *job) {
    (void)job;
    Date today = utility_today(c);
    const UtilityList *all = utilities_here(c);
    for (int i = 0; i < DAYS_KEPT; i++) count_day(c, date_add_days(today, -i), all);
    return STEP_DONE;
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

enum { TARIFF_ENDS_DAYS = 30, HOLIDAYS_FROM_MONTH = 10 };

#define ENDING(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, plan) F(T, Date, ends)
ROW(Ending, ENDING)

/* Plans whose price ends within 30 days with none after it; a plan that has a version again is told of no more. */
static void watch_tariffs(Ctx *c, const Utility *u, Date today) {
    Endings all = db_all(c, Ending, "select p.id, p.code, p.name as plan, max(v.effective_to) as ends "
        "from tariff_plan p join tariff_plan_version v on v.plan_id = p.id and v.state in ('approved', 'active') "
        "where p.utility_id = ? and p.status = 'active' group by p.id having sum(v.effective_to is null) = 0 "
        "and max(v.effective_to) <= ? limit 200", u->id, date_add_days(today, TARIFF_ENDS_DAYS));
    for (size_t i = 0; i < all.n; i++)
        alert_raise(c, "tariff.ends", "warning", text(c, "tariff.ends:%lld", (long long)all.v[i].id.id),
                    msg_format(c, c->language, "org.alert.tariff", { "plan", all.v[i].plan },
                               { "date", locale_date_words(&c->mem, c->locale, all.v[i].ends) }),
                    text(c, "/u/%s/plans/%s", u->code, all.v[i].code));
    db_run(c, "update alert set resolved_at = ? where utility_id = ? and kind = 'tariff.ends' and resolved_at is null "
              "and last_at < ?", c->now, u->id, c->now);
}

/* From October on the next year's holidays are missed, until they are there or that year is over. */
static void watch_holidays(Ctx *c, const Utility *u, Date today) {
    int now = date_ymd(today).year;
    for (int year = now - 1; year <= now + 1; year++) {
        const char *key = text(c, "holidays:%lld:%d", (long long)u->id.id, year);
        bool missing = year >= now && !db_int(c, "select exists (select 1 from holiday h join calendar k "
            "on k.id = h.calendar_id and k.is_default = 1 where k.utility_id = ? and h.holiday_date between ? and ?)",
                                              u->id, date_of(year, 1, 1), date_of(year, 12, 31));
        if (!missing) alert_clear(c, key);
        else if (year > now && date_ymd(today).month >= HOLIDAYS_FROM_MONTH)
            alert_raise(c, "holidays.missing", "warning", key, msg_format(c, c->language, "org.alert.holidays",
                { "year", text(c, "%d", year) }), text(c, "/u/%s/calendar", u->code));
    }
}

JobStep alerts_job(Ctx *c, const JobRow *job) {
    (void)job;
    Date today = utility_today(c);
    const UtilityList *all = utilities_here(c);
    for (size_t i = 0; i < all->n; i++) {
        if (!strcmp(all->v[i]->status, "closed")) continue;
        utility_enter(c, all->v[i]->id);
        watch_tariffs(c, all->v[i], today);
        watch_holidays(c, all->v[i], today);
    }
    utility_enter(c, (Id){ 0 });
    return STEP_DONE;
}
