/*
 * Jobs as people see them (assurance "dead": visible with its error and history; retry and discard with audit): those
 * of the utility and of the tenant, the ones that need somebody first.
 */
#include <string.h>

#include "app/core/job.h"
#include "app/core/pages.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

static const Choice job_states[] = { { "dead", NULL }, { "ready", NULL }, { "running", NULL }, { "done", NULL },
                                     { "cancelled", NULL }, { 0 } };
static const Choice classes[] = { { "payments", "Payments" }, { "messages", "Messages" }, { "bills", "Bills" },
                                  { "imports", "Imports and exports" },
                                  { "documents", "Documents" }, { "general", "Others" }, { 0 } };

static const Choice ages[] = { { "24h", "job.age.24h" }, { "older", "job.age.older" }, { 0 } };
static const Choice owners[] = { { "utility", "job.of.utility" }, { "organization", "job.of.organization" }, { 0 } };

static const ListSpec jobs = {
    .name = "jobs", .one = "job", .many = "jobs", .path = "/jobs", .feature = "core.jobs", .id = "j.id",
    .from = "(select cast(? as datetime(6)) as at) n join smart360.job j",
    .where = "j.tenant_key = ? and (j.utility_id is null or j.utility_id = ?)",
    .columns = COLUMNS {
        { "kind",       NULL,      "j.kind",       LIST | SORT | SEARCH_START, .link = "/jobs/{public_id}",
          .sub = "error" },
        { "public_id",  NULL,       "j.public_id",  0 },
        { "error",      NULL,    "left(j.error, 120)", 0 },
        { "class",      NULL,    "j.class",      LIST | FILTER, .choices = classes },
        { "attempts",   NULL,    "j.attempts",   LIST },
        { "run_at",     NULL,      "j.run_at",     LIST | SORT },
        { "ended_at",   NULL,    "j.ended_at",   LIST | SORT },
        { "ended",      NULL,    "if(j.ended_at >= n.at - interval 1 day, '24h', 'older')", FILTER, .choices = ages,
          .more = 1 },
        { "of",         NULL,    "if(j.utility_id is null, 'organization', 'utility')", FILTER, .choices = owners,
          .more = 1 },
        { "created_at", NULL,     "j.created_at", LIST | SORT | FILTER },
        { "state",      NULL,    "j.state",      LIST | FILTER, .choices = job_states },
        { 0 } },
    .order = "-created_at", .empty_title = "No jobs",
    .empty_text = "Work that is done behind the pages stands here for a week." };

void job_list_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "job.title"));
    list_show(r, &jobs, r->c.now, r->c.tenant.id, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define JOB_SEEN(F, T) F(T, Id, id) F(T, const char *, kind) F(T, const char *, state) F(T, const char *, error) \
    F(T, int, attempts) F(T, int, max_attempts) \
    F(T, Time, run_at) F(T, Time, created_at) F(T, Time, ended_at) F(T, int64_t, progress_done) \
        F(T, int64_t, progress_total) F(T, int64_t, progress_errors)
ROW(JobSeen, JOB_SEEN)

static JobSeen *job_of(Req *r) {
    JobSeen *j = db_find(r, JobSeen, "select id, kind, state, error, attempts, max_attempts, run_at, created_at, "
                                     "ended_at, progress_done, progress_total, progress_errors from smart360.job "
                                     "where public_id=? and tenant_key=? and (utility_id is null or utility_id=?)",
                         path_text(r, "id"), r->c.tenant.id, r->c.utility);
    if (!j) fail(r, NOT_FOUND, "There is no such job.");
    return j;
}

static void button(Req *r, size_t i, const char *word, const char *kind) {
    show_text(r, at(r, "show.moves", i, "text"), msg(r->c.language, text(r, "job.%s", word)));
    show_text(r, at(r, "show.moves", i, "url"), link_path(r, "/jobs/%s/%s", path_text(r, "id"), word));
    show_text(r, at(r, "show.moves", i, "post"), "1");
    show_text(r, at(r, "show.moves", i, "kind"), kind);
}

void job_page(Req *r) {
    const char *language = r->c.language;
    JobSeen *j = job_of(r);
    bool dead = !strcmp(j->state, "dead"), edits = perm_may(&r->c, "core.jobs", EDIT);
    show_text(r, "page.title", j->kind);
    show_text(r, "page.crumbs.0.text", msg(language, "job.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/jobs"));
    show_text(r, "page.crumbs.1.text", j->kind);
    show_text(r, "show.status.text", state_label(r, j->state));
    show_text(r, "show.status.tone", state_tone(r, j->state));
    if (edits && dead) button(r, 0, "retry", "primary");
    if (edits && (dead || !strcmp(j->state, "ready"))) button(r, 1, "discard", "danger");
    const struct { const char *label; Time at; } times[] = { { "job.made", j->created_at }, { "job.due", j->run_at },
        { "job.ended", j->ended_at } };
    for (size_t i = 0; i < 3; i++)
        if (time_is_set(times[i].at))
            show_fact(r, "show.facts", msg(language, times[i].label),
                      locale_time_words(&r->c.mem, r->c.locale, times[i].at), NULL);
    show_fact(r, "show.facts", msg(language, "job.tries"), text(r, "%d / %d", j->attempts, j->max_attempts), NULL);
    if (j->progress_total)
        show_fact(r, "show.facts", msg(language, "job.progress"),
                  msg_format(r, language, "job.progress_of",
                             { "done", locale_count(&r->c.mem, r->c.locale, j->progress_done) },
                  { "total", locale_count(&r->c.mem, r->c.locale, j->progress_total) },
                  { "errors", locale_count(&r->c.mem, r->c.locale, j->progress_errors) }), NULL);
    size_t section = 0;
    if (j->error) {
        show_text(r, at(r, "show.sections", section, "title"), msg(language, "job.error"));
        show_text(r, at(r, "show.sections", section++, "text"), j->error);
    }
    show_text(r, at(r, "show.sections", section, "title"), msg(language, "job.history"));
    TableView *t = table_start(r, at(r, "show.sections", section, "table"), msg(language, "job.history"));
    table_column(t, msg(language, "job.began"), "date", "id");
    table_column(t, msg(language, "job.ended"), "date", NULL);
    table_column(t, msg(language, "job.outcome"), "status", "status");
    table_column(t, msg(language, "job.error"), "text", "name");
    table_rows_of(t, NULL, "select a.started_at, a.ended_at, a.outcome as state, a.error from smart360.job_attempt a "
                           "where a.job_id=? order by a.token desc limit 50", j->id);
    table_empty(t, msg(language, "job.no_history"), "");
    page(r, "layout/show");
}

void job_retry_post(Req *r) {
    job_retry(&r->c, job_of(r)->id);
    note(r, "%s", msg(r->c.language, "job.retried"));
    go(r, "/jobs/%s", path_text(r, "id"));
}

void job_discard_post(Req *r) {
    job_discard(&r->c, job_of(r)->id, NULL);
    note(r, "%s", msg(r->c.language, "job.discarded"));
    go(r, "/jobs/%s", path_text(r, "id"));
}
