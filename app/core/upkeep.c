/*
 * Recurring work of the ground itself: what is old is removed, blocks are sealed. Core's jobs and their schedules.
 */
#include "app/core/export.h"
#include "app/core/job.h"
#include "app/core/platform_mail.h"
#include "app/core/user.h"
#include "lib/date.h"

enum { ROWS = 2000, SESSION_DAYS = 90, ATTEMPT_DAYS = 400, TOKEN_DAYS = 30, MAIL_DAYS = 400 };

/*
 * Retention of what sign-in leaves behind (S29): sessions 90 days after they ended, tries 400 days, tokens of links and
 * trusted devices 30 days after they ran out. The audit keeps who signed in; these rows hold addresses and browsers.
 */
static int64_t forget_sign_ins(Ctx *c) {
    Time session = time_add_seconds(c->now, -SESSION_DAYS * 86400),
        attempt_ = time_add_seconds(c->now, -ATTEMPT_DAYS * 86400),
         token = time_add_seconds(c->now, -TOKEN_DAYS * 86400);
    int64_t n = db_run(c, "delete from session where expires_at < ? or ended_at < ? limit 2000", session, session);
    n += db_run(c, "delete from login_attempt where at < ? limit 2000", attempt_);
    n += db_run(c, "delete from password_token where expires_at < ? limit 2000", token);
    n += db_run(c, "delete from trusted_device where expires_at < ? or revoked_at < ? limit 2000", token, token);
    n += db_run(c, "delete from smart360.session where expires_at < ? or ended_at < ? limit 2000", session, session);
    n += db_run(c, "delete from smart360.login_attempt where at < ? limit 2000", attempt_);
    n += db_run(c, "delete from smart360.password_token where expires_at < ? limit 2000", token);
    n += db_run(c, "delete from smart360.trusted_device where expires_at < ? or revoked_at < ? limit 2000", token,
                token);
    return n;
}

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
    n += db_run(c, "delete from bulk_result where created_at < ? - interval 30 day limit 2000", c->now);
    n += db_run(c, "delete from form_post where created_at < ? - interval 30 day limit 2000", c->now);
    n += db_run(c, "delete from event_handled where handled_at < utc_timestamp(6) - interval 60 day limit 2000");
    n += db_run(c, "delete from outbox_event where dispatched_at < ? - interval 60 day limit 2000", c->now);
    n += forget_sign_ins(c);
    n += db_run(c, "delete from smart360.platform_mail where ended_at < ? limit 2000",
                time_add_seconds(c->now, -MAIL_DAYS * 86400));
    n += exports_expire(c);
    return n >= ROWS ? STEP_AGAIN : STEP_DONE;
}

const JobHandler core_jobs[] = {
    { "event.handle", "general", event_handle, 0, false },
    { "core.cleanup", "general", cleanup, 0, false },
    { "core.seal",    "general", seal_job, 0, false },
    { "people.watch", "general", people_watch, 0, false },
    { "platform.mail", "messages", platform_mail_send, 5, true },      /* calls the mail server */
    { "core.documents", "general", documents_cleanup, 0, false },
    { "export.make",  "imports", export_make, 0, false },
    { "certificate.watch", "general", certificates_watch, 0, false },
    { 0 } };

const JobSchedule core_schedules[] = {
    { "core.cleanup", "core.cleanup", "Remove what is old", "daily 03:20", .skip_missed = true },
    { "people.watch", "people.watch", "Invitations that ran out, people who do not come", "every 1h",
      .skip_missed = true },
    { "core.documents", "core.documents", "Remove files that belong to nothing", "daily 04:10", .skip_missed = true },
    { "certificate.watch", "certificate.watch", "Certificates of the web server", "daily 05:40", .skip_missed = true },
    { "core.seal",    "core.seal",    "Seal ledger and audit", "every 10m", .skip_missed = false },
    { 0 } };
