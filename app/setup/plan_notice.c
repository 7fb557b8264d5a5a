/*
 * Consumers are told of new prices before they apply (ONB02US05): so many days before an approved version begins
 * (setting plan.notice_days, 30), everybody on the plan once. A utility that archives the template "rate_change" tells
 * nobody.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/json.h"
#include "lib/locale.h"

enum { NOTICE_DAYS = 30, STEP_ACCOUNTS = 200 };

#define DUE(F, T) F(T, Id, id)
ROW(DueNotice, DUE)

/* Daily: versions whose notice is due, each with a job of its own. The first version of a plan changes nothing. */
JobStep plan_notice_job(Ctx *c, const JobRow *job) {
    (void)job;
    if (!db_int(c, "select count(*) from template where `key`='rate_change' and status='active' and utility_id=?",
                c->utility)) return STEP_DONE;
    Date until = date_add_days(utility_today(c), (int)setting_int(c, "plan.notice_days", NOTICE_DAYS));
    DueNotices due = db_all(c, DueNotice,
        "select v.id from tariff_plan_version v where v.utility_id=? and v.state='approved' and v.effective_from<=? "
        "and v.noticed_at is null and exists (select 1 from tariff_plan_version o where o.plan_id=v.plan_id "
        "and o.state='active') order by v.id for update", c->utility, until);
    for (size_t i = 0; i < due.n; i++) {
        db_run(c, "update tariff_plan_version set noticed_at=? where id=?", c->now, due.v[i].id);
        job_enqueue(c, &(NewJob){ .kind = "tariff.notify",
                                  .payload = text(c, "{\"version\": %lld}", (long long)due.v[i].id.id) });
    }
    return STEP_DONE;
}

#define NOTICED(F, T) F(T, Id, id) F(T, const char *, account_no) F(T, const char *, consumer) \
    F(T, const char *, language)
ROW(Noticed, NOTICED)

static void tell(Ctx *c, const Noticed *a, const Plan *p, const PlanVersion *v) {
    const Locale *l = a->language ? locale_in(&c->mem, c->locale, a->language) : c->locale;
    const NotifyField fields[] = { { "consumer.name", a->consumer }, { "account_no", a->account_no },
                                   { "plan.name", p->name },
                                   { "date", locale_date_words(&c->mem, l, v->effective_from) }, { 0 } };
    notify(c, "rate_change", &(Recipient){ .account = a->id }, fields,
           &(NotifyOptions){ .dedup_key = text(c, "rates:%lld:%lld", (long long)v->id.id, (long long)a->id.id),
                             .entity = "tariff_plan_version", .entity_id = v->id });
}

/* The accounts on the plan in the order of their ids; a version that was withdrawn meanwhile is not spoken of. */
JobStep plan_notify_job(Ctx *c, const JobRow *job) {
    int64_t version = 0, after = 0, done = 0;
    json_int(json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL), "version", &version);
    Json at_ = job->cursor ? json_read(&c->mem, job->cursor, strlen(job->cursor), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    json_int(at_, "after", &after);
    json_int(at_, "done", &done);
    const PlanVersion *v = plan_version_by_id(c, (Id){ version });
    const Plan *p = plan_by_id(c, v->plan_id);
    if (strcmp(v->state, "approved") && strcmp(v->state, "active")) return STEP_DONE;
    Noticeds l = db_all(c, Noticed,
        "select a.id, a.account_no, coalesce(n.organization_name, concat_ws(' ', n.first_name, n.last_name)) "
        "as consumer, n.preferred_language as language from account a join consumer n on n.id=a.consumer_id "
        "where a.utility_id=? and a.id>? "
        "and exists (select 1 from service_connection s where s.account_id=a.id and s.tariff_plan_id=? "
        "and s.status in ('active', 'disconnected')) order by a.id limit ?", c->utility, after, p->id,
        (int)STEP_ACCOUNTS);
    for (size_t i = 0; i < l.n; i++) tell(c, &l.v[i], p, v);
    if (l.n < STEP_ACCOUNTS) return STEP_DONE;
    done += (int64_t)l.n;
    job_progress(c, text(c, "{\"after\": %lld, \"done\": %lld}", (long long)l.v[l.n - 1].id.id, (long long)done), done,
                 plan_subscribers(c, p->id), 0);
    return STEP_AGAIN;
}
