/*
 * The end of a tenant (ONB08US01): 90 days after the cancellation, when two people of the platform have approved it, a
 * job makes a sealed dump, reads it again, and removes schema, documents, exports, routes, jobs and the tenant's keys.
 * Left are the tenant's row, the platform's audit, and the dump until somebody destroys it.
 *
 *   cancelled -> (two approvals) -> archiving: dump, drop, forget -> archived -> dump destroyed
 *
 * Each stage can run again after a kill: the dump is made anew unless its hash is stored, what is gone stays gone. Who
 * comes back before the data are being removed (stage REMOVING) is asked for anew when it ends again.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/platform/subscription.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/tar.h"
#include "lib/worker.h"

#define REMOVING "archive: removing"
#define ENDED(F, T) F(T, Id, id) F(T, const char *, slug) F(T, const char *, name) F(T, const char *, status) \
    F(T, const char *, schema_name) F(T, Time, cancelled_at) F(T, Id, archive_approved_by) \
    F(T, Id, archive_approved2_by) F(T, const char *, archive_file) F(T, bool, is_dumped) \
    F(T, const char *, archive_key) F(T, Time, archive_destroyed_at) F(T, bool, is_removing)
ROW(Ended, ENDED)

#define ENDED_SELECT "select id, slug, name, status, schema_name, cancelled_at, archive_approved_by, " \
                     "archive_approved2_by, archive_file, archive_sha256 is not null as is_dumped, archive_key, " \
                     "archive_destroyed_at, coalesce(provisioning_stage = '" REMOVING "', 0) as is_removing " \
                     "from smart360.tenant "

static const char *archive_folder(Ctx *c) {
    const char *platform = text(c, "%s/platform", installation()->documents_dir);
    const char *folder = text(c, "%s/archive", platform);
    mkdir(platform, 0750);
    mkdir(folder, 0700);
    return folder;
}

static void unlink_dump(Ctx *c, void *path) {
    (void)c;
    unlink(path);
}

/* Without its key, which goes in the same transaction, it cannot be read any more. */
static void dump_remove_later(Ctx *c, const char *file) {
    if (file) db_after_commit(c, unlink_dump, text(c, "%s/%s", archive_folder(c), file));
}

#define VERSION_OF(c, id) db_int(c, "select row_version from smart360.tenant where id = ?", id)

/* --- approvals ---------------------------------------------------------------------------------------------------- */

static const Form archive_form = { .name = "tenant_archive", .fields = FIELDS {
    { "confirm", TEXT(1, 31), .flags = REQUIRED },
    { "reason", LONG_TEXT(3, 300), .flags = REQUIRED }, { 0 } } };

static Ended *ended_here(Req *r) {
    Ended *t = db_find(r, Ended, ENDED_SELECT "where slug = ? for update", path_text(r, "slug"));
    if (!t) fail(r, NOT_FOUND, "There is no such tenant.");
    return t;
}

static Date kept_until(const Ended *t) {
    return date_add_days(time_date(zone_utc(), t->cancelled_at), KEEP_DAYS);
}

void archive_approve(Req *r) {
    Ctx *c = &r->c;
    Ended *t = ended_here(r);
    Input *in = form_read(r, &archive_form);
    if (in_given(in, "confirm") && strcmp(in_text(in, "confirm"), t->slug))
        problem(r, "confirm", "%s", msg_format(r, c->language, "import.type_no", { "no", t->slug }));
    problems_end(r);
    if (strcmp(t->status, "cancelled")) fail(r, CONFLICT, "%s", word(r, "platform.archive_not_cancelled"));
    if (date_compare(platform_today(c), kept_until(t)) < 0)
        fail(r, CONFLICT, "%s", msg_format(r, c->language, "platform.archive_kept",
                                           { "date", locale_date(&c->mem, c->locale, kept_until(t)) }));
    if (t->archive_approved2_by.id) fail(r, CONFLICT, "%s", word(r, "platform.archive_waits"));
    if (t->archive_approved_by.id == c->user.id) fail(r, DENIED, "%s", word(r, "platform.archive_second"));
    if (in->row_version != VERSION_OF(c, t->id)) fail(r, CONFLICT, "%s", word(r, "ui.conflict_short"));
    bool second = t->archive_approved_by.id != 0;
    db_run(c, "update smart360.tenant set archive_approved2_by = if(archive_approved_by is null, null, ?), "
              "archive_approved_by = coalesce(archive_approved_by, ?), updated_at = ?, row_version = row_version + 1 "
              "where id = ?", c->user, c->user, c->now, t->id);
    audit_write(c, &(Audit){ .action = "approve", .entity = "tenant", .id = t->id, .number = t->slug,
                             .version = VERSION_OF(c, t->id), .reason = in_text(in, "reason") });
    if (second)
        job_enqueue(c,
                    &(NewJob){ .kind = "tenant.archive", .payload = text(c, "{\"tenant\":%lld}", (long long)t->id.id),
                                  .unique_key = text(c, "archive:%s", t->slug) });
    note(r, "%s", word(r, second ? "platform.archive_begins" : "platform.archive_one"));
    go(r, "/platform/tenants/%s", t->slug);
}

bool archive_withdraw(Ctx *c, Id tenant) {
    Ended *t = db_one(c, Ended, ENDED_SELECT "where id = ? for update", tenant);
    if (t->is_removing) return false;
    if (!t->archive_approved_by.id && !t->is_dumped) return true;
    db_run(c, "update smart360.tenant set archive_approved_by = null, archive_approved2_by = null, "
              "archive_file = null, archive_sha256 = null, archive_key = null, provisioning_stage = null, "
              "updated_at = ?, row_version = row_version + 1 where id = ?", c->now, t->id);
    dump_remove_later(c, t->archive_file);
    audit_write(c, &(Audit){ .action = "archive_withdrawn", .entity = "tenant", .id = t->id, .number = t->slug,
                             .version = VERSION_OF(c, t->id) });
    return true;
}

void archive_page(Req *r) {
    Ctx *c = &r->c;
    Ended *t = db_find(r, Ended, ENDED_SELECT "where slug = ?", path_text(r, "slug"));
    if (!t) fail(r, NOT_FOUND, "There is no such tenant.");
    platform_menu(r, "tenants");
    show_text(r, "page.title", msg_format(r, c->language, "platform.archive_title", { "name", t->name }));
    show_text(r, "page.crumbs.0.text", word(r, "platform.tenants"));
    show_text(r, "page.crumbs.0.url", "/platform/tenants");
    show_text(r, "page.crumbs.1.text", t->name);
    show_text(r, "page.crumbs.1.url", text(r, "/platform/tenants/%s", t->slug));
    FormView *v = form_show(r, "confirm", &archive_form, text(r, "/platform/tenants/%s/archive", t->slug));
    form_row(v, "select row_version, updated_at from smart360.tenant where id = ?", t->id);
    form_set(v, "confirm", "hint", msg_format(r, c->language, "import.type_no", { "no", t->slug }));
    show_text(r, "confirm.text.0", msg_format(r, c->language, "platform.archive_how",
              { "days", text(r, "%d", KEEP_DAYS) }));
    if (time_is_set(t->cancelled_at))
        show_fact(r, "confirm.facts", word(r, "platform.archive_from"),
                  locale_date(&c->mem, c->locale, kept_until(t)), NULL);
    if (t->archive_approved_by.id)
        show_fact(r, "confirm.facts", word(r, "platform.archive_first"),
                  db_text(c, "select full_name from smart360.platform_user where id = ?", t->archive_approved_by),
                      NULL);
    show_text(r, "confirm.submit", word(r, "platform.archive_approve"));
    show_text(r, "confirm.back_url", text(r, "/platform/tenants/%s", t->slug));
    page(r, "layout/confirm");
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void tree_remove(Ctx *c, const char *folder) {
    char *roots[] = { text_copy(c, folder), NULL };
    FTS *tree = access(folder, F_OK) ? NULL : fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!tree) return;
    for (FTSENT *e; (e = fts_read(tree));) {
        if (e->fts_info == FTS_DP) rmdir(e->fts_path);
        else if (e->fts_info != FTS_D) unlink(e->fts_path);
    }
    fts_close(tree);
}

static const char *pack(Ctx *c, const char *folder, const char *tar) {
    char *roots[] = { text_copy(c, folder), NULL };
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!tree) return strerror(errno);
    Tar *t = tar_create(&c->mem, tar);
    bool good = !tar_problem(t);
    int unread = 0;
    for (FTSENT *e; good && !unread && (e = fts_read(tree));) {
        TarEntry made;
        if (e->fts_info == FTS_F) good = tar_add_file(t, e->fts_path + strlen(folder) + 1, e->fts_path, &made);
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) unread = e->fts_errno;
        worker_busy(true);
    }
    fts_close(tree);
    if (unread) return strerror(unread);            /* nothing is left out and then removed */
    return good && tar_end(t) ? NULL : tar_problem(t) ? tar_problem(t) : "the archive cannot be written";
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

typedef struct Dump { Ended *t; const char *file; uint8_t hash[32]; const char *sealed_key; } Dump;

static void dumped(Ctx *c, void *arg) {
    Dump *d = arg;
    db_run(c, "update smart360.tenant set archive_file = ?, archive_sha256 = ?, archive_key = ?, "
              "provisioning_stage = 'archive: dumped', updated_at = ?, row_version = row_version + 1 where id = ?",
           d->file, bytes_at(d->hash, 32), bytes_of(d->sealed_key), c->now, d->t->id);
    audit_write(c, &(Audit){ .action = "archive_dumped", .entity = "tenant", .id = d->t->id, .number = d->t->slug,
                             .version = VERSION_OF(c, d->t->id) });
}

/* Sealed with a key of its own, opened again and compared before anything is removed. */
static void dump(Ctx *c, Ended *t) {
    const char *folder = archive_folder(c), *work = text(c, "%s/%s.work", folder, t->slug), *problem = NULL;
    Dump d = { .t = t, .file = text(c, "%s-%s.tar.gz.sealed", t->slug, date_iso(&c->mem, platform_today(c))) };
    const char *plain = text(c, "%s.tar.gz", work), *again = text(c, "%s.again", work),
        *sealed = text(c, "%s/%s", folder, d.file);
    Key key = { .id = 1 };
    uint8_t before[32], after[32];
    tree_remove(c, work);
    if (!command_child(c, (const char *const[]){ "backup", "--tenant", t->slug, work, NULL }))
        job_give_up(c, "tenant %s could not be dumped: see the log", t->slug);
    random_fill(key.bytes, sizeof key.bytes);
    problem = pack(c, work, plain);
    tree_remove(c, work);
    bool good = !problem && file_sha256(plain, before) && file_seal(key.bytes, plain, sealed, &problem)
        && file_open(key.bytes, sealed, again, &problem) && file_sha256(again, after)
        && !memcmp(before, after, sizeof before) && file_sha256(sealed, d.hash);
    unlink(plain);
    unlink(again);
    d.sealed_key = secret_seal(&c->mem, installation_keys(), text(c, "archive %s", t->slug),
                               bytes_at(key.bytes, sizeof key.bytes));
    explicit_bzero(&key, sizeof key);
    if (!good) unlink(sealed);
    if (!good) fail(c, DOWN, "the archive of %s: %s", t->slug, problem ? problem : "cannot be read again");
    job_step(c, dumped, &d);
}

static void forgotten(Ctx *c, void *arg) {
    Ended *t = arg;
    db_run(c, "delete from smart360.webhook_route where tenant_id = ?", t->id);
    db_run(c, "delete from smart360.portal_host where tenant_id = ?", t->id);
    db_run(c, "delete from smart360.schedule_run where tenant_key = ?", t->id);
    db_run(c, "delete from smart360.job where tenant_id = ? and state <> 'running'", t->id);
    db_run(c, "delete from smart360.subscription_usage where tenant_id = ?", t->id);
    db_run(c, "delete from smart360.platform_setting where name in (concat('quiet.', ?), concat('backup.', ?))", t->id,
           t->slug);
    db_run(c, "update smart360.tenant set status = 'archived', data_key = '', admin_email = '', admin_name = null, "
              "archived_at = ?, provisioning_stage = null, updated_at = ?, row_version = row_version + 1 where id = ?",
           c->now, c->now, t->id);
    audit_write(c, &(Audit){ .action = "archived", .entity = "tenant", .id = t->id, .number = t->slug,
                             .version = VERSION_OF(c, t->id),
                             .before = json_pairs(c, "status", "cancelled", NULL),
                             .after = json_pairs(c, "status", "archived", NULL) });
}

/* From here on nothing leads back: who resumes it in the same moment waits for this row, and is refused. */
static void removing(Ctx *c, void *arg) {
    const Ended *t = arg;
    if (t->is_removing) return;
    db_must(c, 1, CONFLICT, "update smart360.tenant set provisioning_stage = '" REMOVING "', updated_at = ?, "
                            "row_version = row_version + 1 where id = ? and status = 'cancelled' "
                            "and archive_approved_by is not null and archive_approved2_by is not null "
                            "and archive_sha256 is not null", c->now, t->id);
    audit_write(c, &(Audit){ .action = "archive_removing", .entity = "tenant", .id = t->id, .number = t->slug,
                             .version = VERSION_OF(c, t->id) });
}

JobStep archive_job(Ctx *c, const JobRow *job) {
    int64_t id = 0;
    json_int(json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL), "tenant", &id);
    Ended *t = db_one(c, Ended, ENDED_SELECT "where id = ?", (Id){ id });
    if (strcmp(t->status, "cancelled") || !t->archive_approved_by.id || !t->archive_approved2_by.id) return STEP_DONE;
    if (!t->is_dumped) dump(c, t);
    job_step(c, removing, t);
    if (!command_child(c, (const char *const[]){ "tenant", "drop", t->slug, NULL }))
        job_give_up(c, "the schema of %s could not be dropped: see the log", t->slug);
    const char *schema = db_text(c, "select schema_name from smart360.tenant where id = ?", t->id);
    tree_remove(c, text(c, "%s/%s", installation()->documents_dir, tenant_folder(schema)));
    takeaways_remove(c, t->id);
    job_step(c, forgotten, t);
    return STEP_DONE;
}

/* --- the dump destroyed ------------------------------------------------------------------------------------------- */

void archive_destroy_page(Req *r) {
    Ctx *c = &r->c;
    Ended *t = db_find(r, Ended, ENDED_SELECT "where slug = ?", path_text(r, "slug"));
    if (!t) fail(r, NOT_FOUND, "There is no such tenant.");
    if (strcmp(t->status, "archived") || !t->archive_file) fail(r, CONFLICT, "%s", word(r, "platform.archive_none"));
    platform_menu(r, "tenants");
    show_text(r, "page.title", word(r, "platform.archive_destroy"));
    show_text(r, "page.crumbs.0.text", word(r, "platform.tenants"));
    show_text(r, "page.crumbs.0.url", "/platform/tenants");
    show_text(r, "page.crumbs.1.text", t->name);
    show_text(r, "page.crumbs.1.url", text(r, "/platform/tenants/%s", t->slug));
    FormView *v = form_show(r, "confirm", &archive_form, text(r, "/platform/tenants/%s/archive/destruction", t->slug));
    form_set(v, "confirm", "hint", msg_format(r, c->language, "import.type_no", { "no", t->slug }));
    show_text(r, "confirm.text.0", word(r, "platform.archive_destroy_how"));
    show_fact(r, "confirm.facts", word(r, "platform.tenant"), t->name, t->slug);
    show_fact(r, "confirm.facts", word(r, "platform.archive_dump"), t->archive_file, NULL);
    show_text(r, "confirm.submit", word(r, "platform.archive_destroy"));
    show_text(r, "confirm.back_url", text(r, "/platform/tenants/%s", t->slug));
    page(r, "layout/confirm");
}

void archive_destroy(Req *r) {
    Ctx *c = &r->c;
    Ended *t = ended_here(r);
    Input *in = form_read(r, &archive_form);
    if (in_given(in, "confirm") && strcmp(in_text(in, "confirm"), t->slug))
        problem(r, "confirm", "%s", msg_format(r, c->language, "import.type_no", { "no", t->slug }));
    problems_end(r);
    if (strcmp(t->status, "archived") || !t->archive_file) fail(r, CONFLICT, "%s", word(r, "platform.archive_none"));
    db_run(c, "update smart360.tenant set archive_key = null, archive_file = null, archive_destroyed_at = ?, "
              "updated_at = ?, row_version = row_version + 1 where id = ?", c->now, c->now, t->id);
    dump_remove_later(c, t->archive_file);
    audit_write(c, &(Audit){ .action = "archive_destroyed", .entity = "tenant", .id = t->id, .number = t->slug,
                             .version = VERSION_OF(c, t->id), .reason = in_text(in, "reason") });
    note(r, "%s", word(r, "platform.archive_destroyed"));
    go(r, "/platform/tenants/%s", t->slug);
}
