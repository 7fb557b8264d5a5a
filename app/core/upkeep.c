/*
 * Recurring work of the ground itself: what is old is removed, blocks are sealed. Core's jobs and their schedules.
 */
#include "app/core/job.h"

enum { ROWS = 2000 };

/*
 * Rows that only served their time: ended jobs of this tenant after 7 days (dead ones stay for a person), forms and
 * events after 30 days. A step removes a bounded number of each, so that no transaction is long.
 */
static JobStep cleanup(Ctx *c, const JobRow *job) {
    (void)job;
    int64_t n = db_run(c, "delete from smart360.job where tenant_key=? and state in ('done', 'cancelled') "
                          "and ended_at < utc_timestamp(6) - interval 7 day limit 2000", c->tenant.id);
    n += db_run(c, "delete from smart360.schedule_run where tenant_key=? and due_at < ? - interval 400 day limit 2000",
                c->tenant.id, c->now);
    n += db_run(c, "delete from form_post where created_at < ? - interval 30 day limit 2000", c->now);
    n += db_run(c, "delete from event_handled where handled_at < utc_timestamp(6) - interval 60 day limit 2000");
    n += db_run(c, "delete from outbox_event where dispatched_at < ? - interval 60 day limit 2000", c->now);
    return n >= ROWS ? STEP_AGAIN : STEP_DONE;
}

const JobHandler core_jobs[] = {
    { "event.handle", "general", event_handle, 0, false },
    { "core.cleanup", "general", cleanup, 0, false },
    { "core.seal",    "general", seal_job, 0, false },
    { "core.documents", "general", documents_cleanup, 0, false },
    { 0 } };

const JobSchedule core_schedules[] = {
    { "core.cleanup", "core.cleanup", "Remove what is old", "daily 03:20", .skip_missed = true },
    { "core.documents", "core.documents", "Remove files that belong to nothing", "daily 04:10", .skip_missed = true },
    { "core.seal",    "core.seal",    "Seal ledger and audit", "every 10m", .skip_missed = false },
    { 0 } };
