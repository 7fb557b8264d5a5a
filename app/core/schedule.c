/*
 * Recurring jobs (assurance "schedule"; ONB02US04): each due time is one row (task, due) under a unique key, so that
 * however many schedulers run, one job is enqueued. Rules in local time; holidays and missed times as the task says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/core/job.h"
#include "app/core/registry.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/log.h"

enum { MISSED_S = 15 * 60, TRIES = 400 };

/* One recurring task at one place. */
typedef struct Task { const char *code, *kind, *rule, *holiday_policy; bool skip_missed; Id utility, row;
                      const Zone *zone; } Task;

/* --- due times ---------------------------------------------------------------------------------------------------- */

/* The due time after `after`, moved past holidays as the task says. TIME_NONE when the rule cannot be read. */
static Time task_next(Ctx *c, const Task *t, Time after) {
    ScheduleRule rule;
    if (!schedule_parse(t->rule, &rule)) return TIME_NONE;
    const char *policy = t->holiday_policy ? t->holiday_policy : "run";
    Time due = schedule_next(&rule, t->zone, after);
    if (!strcmp(policy, "run") || !t->utility.id) return due;
    for (int i = 0; i < TRIES && time_is_set(due); i++) {
        Date day = time_date(t->zone, due);
        if (cal_is_working_day(c, (Id){ 0 }, day)) return due;
        if (!strcmp(policy, "shift")) {
            Local l = time_local(t->zone, due);
            l.date = cal_adjust_date(c, (Id){ 0 }, day, DATE_NEXT_WORKING);
            return time_of_local(t->zone, l);
        }
        due = schedule_next(&rule, t->zone, due);
    }
    return due;
}

/*
 * What to do about a task whose `due` has come: the time to run for (the latest one that is due), or TIME_NONE when it
 * was missed and is to be skipped; *next is the first one ahead.
 */
static Time task_catch_up(Ctx *c, const Task *t, Time due, Time *next) {
    Time last = due;
    *next = task_next(c, t, due);
    for (int i = 0; i < 100000 && time_is_set(*next) && next->us <= c->now.us; i++) {
        last = *next;
        *next = task_next(c, t, last);
    }
    bool missed = c->now.us - last.us > MISSED_S * SECOND_US;
    return missed && t->skip_missed ? TIME_NONE : last;
}

/* One job for this due time: false when another scheduler was first. */
static Id task_enqueue(Ctx *c, const Task *t, Time due) {
    const char *task = t->utility.id ? text(c, "%lld:%s", (long long)t->utility.id, t->code) : t->code;
    if (!db_add(c, "insert into smart360.schedule_run (tenant_key, task, due_at) values (?,?,?)", c->tenant.id, task,
                due)) return (Id){ 0 };
    const char *payload = json_pairs(c, "due_at", time_iso(&c->mem, due), "code", t->code, NULL);
    Id job = job_enqueue(c,
                         &(NewJob){ .kind = t->kind, .payload = payload, .unique_key = text(c, "schedule:%s", task),
                                    .joins = true });
    db_run(c, "update smart360.schedule_run set job_id=? where tenant_key=? and task=? and due_at=?", job, c->tenant.id,
           task, due);
    return job;
}

/* --- tasks of utilities: rows of scheduled_job -------------------------------------------------------------------- */

#define SCHEDULED(F, T) F(T, Id, id) F(T, Id, utility_id) F(T, const char *, code) F(T, const char *, handler) \
    F(T, const char *, rule) \
    F(T, const char *, time_zone) F(T, const char *, holiday_policy) F(T, const char *, catch_up) \
        F(T, Time, next_run_at)
ROW(Scheduled, SCHEDULED)

static Task task_of(Ctx *c, const Scheduled *s) {
    const Zone *zone = s->time_zone ? zone_find(s->time_zone) : NULL;
    return (Task){ .code = s->code, .kind = s->handler, .rule = s->rule, .holiday_policy = s->holiday_policy,
                   .skip_missed = !strcmp(s->catch_up, "skip"),
                   .utility = s->utility_id, .row = s->id, .zone = zone ? zone : c->locale->zone };
}

static void scheduled_tx(Ctx *c, void *arg) {
    Scheduled *s = db_find(c, Scheduled, "select id, utility_id, code, handler, rule, time_zone, holiday_policy, "
                                         "catch_up, next_run_at from scheduled_job "
                                         "where id=? and enabled=1 and (next_run_at is null "
                                         "or next_run_at <= ?) for update", *(Id *)arg, c->now);
    if (!s) return;
    utility_enter(c, s->utility_id);
    Task t = task_of(c, s);
    Time next, due = TIME_NONE;
    if (time_is_set(s->next_run_at)) due = task_catch_up(c, &t, s->next_run_at, &next);
    else next = task_next(c, &t, c->now);           /* new, or its rule was changed */
    if (!time_is_set(next)) {
        db_run(c, "update scheduled_job set enabled=0, last_error='The rule cannot be read.' where id=?", s->id);
        return;
    }
    if (!time_is_set(due)) {
        db_run(c, "update scheduled_job set next_run_at=? where id=?", next, s->id);
        return;
    }
    Id job = job_handler(t.kind) ? task_enqueue(c, &t, due) : (Id){ 0 };
    db_run(c, "update scheduled_job set next_run_at=?, last_run_at=?, last_status='queued', "
              "last_job_id=coalesce(?, last_job_id) where id=?", next, due, job, s->id);
}

#define UTILITY_ID(F, T) F(T, Id, id)
ROW(UtilityId, UTILITY_ID)

/* What modules declare for each utility becomes a row that people may change. */
static void scheduled_make(Ctx *c) {
    UtilityIds l = db_all(c, UtilityId, "select id from utility where status <> 'closed'");
    const JobSchedule *table;
    for (int i = 0; (table = registered_schedules(i)); i++)
        for (; table->code; table++)
            for (size_t u = 0; table->per_utility && u < l.n; u++)
                if (!db_int(c, "select count(*) from scheduled_job where utility_id=? and code=?", l.v[u].id,
                            table->code))
                    db_add(c, "insert into scheduled_job (utility_id, code, handler, name, rule, holiday_policy, "
                              "catch_up) values (?,?,?,?,?,?,?)", l.v[u].id, table->code,
                           table->kind, table->name, table->rule, table->holiday_policy ? table->holiday_policy : "run",
                               table->skip_missed ? "skip" : "run_once");
}

/* --- tasks of a tenant -------------------------------------------------------------------------------------------- */

/* When to look again, so that a tick costs nothing as long as nothing is due. */
enum { KNOWN_MAX = 2000 };
/* zone: the one `next` was reckoned in; another one makes it worth nothing */
typedef struct Known { int64_t tenant; const JobSchedule *schedule; Time next; const Zone *zone; } Known;
static Known known[KNOWN_MAX];
static int known_n;

static Known *known_of(Ctx *c, const JobSchedule *s) {
    const Zone *zone = c->locale ? c->locale->zone : NULL;
    Known *k = NULL;
    for (int i = 0; i < known_n && !k; i++)
        if (known[i].tenant == c->tenant.id && known[i].schedule == s) k = &known[i];
    if (k && k->zone == zone) return k;
    if (!k) k = &known[known_n < KNOWN_MAX ? known_n++ : 0];
    *k = (Known){ c->tenant.id, s, TIME_NONE, zone };
    return k;
}

static void tenant_task_tx(Ctx *c, void *arg) {
    const JobSchedule *s = arg;
    known_of(c, s)->next = TIME_NONE;
    Task t = { .code = s->code, .kind = s->kind, .rule = s->rule, .skip_missed = s->skip_missed, .zone = c->locale
               && c->locale->zone ? c->locale->zone : zone_utc() };
    char *last = db_text(c, "select cast(max(due_at) as char) from smart360.schedule_run where tenant_key=? and task=?",
                         c->tenant.id, s->code);
    Time was;
    if (!last || !time_parse_mysql(last, &was)) {   /* seen for the first time: it counts from now */
        db_add(c, "insert into smart360.schedule_run (tenant_key, task, due_at) values (?,?,?)", c->tenant.id, s->code,
               c->now);
        return;
    }
    Time due = task_next(c, &t, was), next;
    if (!time_is_set(due) || due.us > c->now.us) {
        known_of(c, s)->next = due;
        return;
    }
    due = task_catch_up(c, &t, due, &next);
    if (time_is_set(due)) task_enqueue(c, &t, due);
    else db_add(c, "insert into smart360.schedule_run (tenant_key, task, due_at) values (?,?,?)", c->tenant.id, s->code,
                c->now);
}

/* --- the tick ----------------------------------------------------------------------------------------------------- */

static void tenant_tick(Ctx *c, bool look_for_new) {
    if (look_for_new) scheduled_make(c);
    Scheduleds due = db_all(c, Scheduled, "select id, utility_id, code, handler, rule, time_zone, holiday_policy, "
                                          "catch_up, next_run_at from scheduled_job "
                                          "where enabled=1 and (next_run_at is null or next_run_at <= ?) limit 500",
                            c->now);
    for (size_t i = 0; i < due.n; i++) db_tx(c, DB_WRITE, scheduled_tx, &due.v[i].id, NULL);
    const JobSchedule *table;
    for (int i = 0; (table = registered_schedules(i)); i++)
        for (; table->code; table++)
            if (!table->per_utility && known_of(c, table)->next.us <= c->now.us)
                db_tx(c, DB_WRITE, tenant_task_tx, (void *)(uintptr_t)table, NULL);
}

typedef struct Turn { const TenantRow *tenant; bool look_for_new; } Turn;

static void turn_work(Ctx *c, void *arg) {
    const Turn *t = arg;
    tenant_enter(c, t->tenant);
    tenant_tick(c, t->look_for_new);
}

/* Every call looks for what is due; each twentieth also for new utilities. */
void schedule_tick(Ctx *c) {
    static int calls;
    if (clock_is_held()) return;
    bool look_for_new = calls++ % 20 == 0;
    c->now = clock_now();
    TenantRows l = tenants_served(c);
    for (size_t i = 0; i < l.n; i++) {
        ArenaMark m = mark(c);
        Turn turn = { &l.v[i], look_for_new };
        if (!attempt(c, turn_work, &turn))
            log_warn("schedule.failed", LOG_TEXT("tenant", l.v[i].slug), LOG_TEXT("error", c->failure.text));
        rewind_to(c, m);
        tenant_leave(c);
    }
}
