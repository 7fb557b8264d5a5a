/*
 * Files of lists that are too long to be written at once (spec/README section 2 rule 4; ux "Job page"): asked for here,
 * made by a job in pieces, kept a week for the person who asked.
 *
 * A piece is the list's own page run once more as that person (web_replay), so that rights, areas and filters are those
 * of the page. A step commits the length of the file and the key of its last row together; a step that begins again
 * cuts the file back to that length, so that no row is missing and none stands twice. The right to export is asked when
 * the file is made and again when it is fetched.
 */
#include "app/core/export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/pages.h"
#include "app/core/rights.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { PIECE = 5000, MOST = 100000, KEEP_DAYS = 7, FORGET_DAYS = 90, AT_ONCE = 3, URI_MAX = 2000, EXPIRE_ROWS = 500 };

/* --- the list once more ------------------------------------------------------------------------------------------- */

typedef struct Replay { Req *r; const char *uri; ListExport *piece; } Replay;

static void replay_work(Ctx *c, void *arg) {
    Replay *p = arg;
    utility_enter(c, c->utility);
    p->r->exporting = p->piece;
    p->r->scope = SCOPE_UTILITY;
    p->r->prefix = text(c, "/u/%s", c->utility_code);
    web_replay(p->r, p->uri);
    if (!p->piece->name) fail(c, NOT_FOUND, "There is no such list.");
}

static void replay_end(void *req) { arena_end(&((Req *)req)->c.mem); }

/*
 * Runs the list as `user`, in memory of its own but in the running transaction. What the piece found lives as long as
 * c's memory. A refusal comes back with its status and *why; a transaction that has to begin again, and what is broken,
 * leave through c.
 */
static Status list_replay(Ctx *c, Id user, const char *uri, ListExport *piece, const char **why) {
    Req *r = take(c, sizeof *r);
    r->c = (Ctx){ .db = c->db, .schema = c->schema, .tenant = c->tenant, .tenant_slug = c->tenant_slug,
                  .utility = c->utility,
                  .realm = REALM_STAFF, .user = user, .now = c->now, .language = "en" };
    memcpy(r->c.request_no, c->request_no, sizeof r->c.request_no);
    later(c, replay_end, r);
    if (attempt(&r->c, replay_work, &(Replay){ r, uri, piece })) return 0;
    Failure f = r->c.failure;
    switch (f.status) {
    case DENIED: case INVALID: case NOT_FOUND: case CONFLICT: case TOO_LARGE:
        *why = text_copy(c, f.text);
        return f.status;
    default:
        fail(c, f.status, "%s", f.text ? f.text : "the list cannot be read");
    }
}

/* --- asking for a file -------------------------------------------------------------------------------------------- */

static const Form export_form = { .name = "export", .fields = FIELDS { { "from", HIDDEN(URI_MAX) }, { 0 } } };

void export_later(Req *r, const ListSpec *spec, const char *url, int64_t rows) {
    (void)spec, (void)rows;
    r->is_outside = true;               /* the job knows no frame; files are found outside of it */
    go(r, "/downloads/new?from=%s", url_part(r, url + strlen(r->frame)));
}

/* What stands behind the address: only a list of this utility, which this person may export. */
static ListExport *wanted(Req *r, const char *from) {
    Ctx *c = &r->c;
    ListExport *x = take(r, sizeof *x);
    const char *why = NULL;
    size_t n = strlen(r->prefix);
    if (!from || strncmp(from, r->prefix, n) || from[n] != '/') fail(r, NOT_FOUND, "There is no such list.");
    Status refused = list_replay(c, c->user, from, x, &why);
    if (refused) fail(r, refused, "%s", why);
    if (x->total > MOST) fail(r, INVALID, "Narrow the filter (%s rows).", locale_count(&c->mem, c->locale, x->total));
    return x;
}

static void crumbs(Req *r, const char *here) {
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "export.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/downloads"));
    show_text(r, "page.crumbs.1.text", here);
}

static const char *rows_of(Req *r, const ListExport *x) {
    return text(r, "%s %s", locale_count(&r->c.mem, r->c.locale, x->total), x->total == 1
                ? x->one : x->many);
}

void export_new(Req *r) {
    const char *language = r->c.language, *from = r->again ? field_text(r, "from") : query_text(r, "from");
    ListExport *x = wanted(r, from);
    const char *title = msg_format(r, language, "export.new", { "rows", rows_of(r, x) });
    FormView *v = form_show(r, "form", &export_form, "/downloads");
    form_text(v, "from", from);
    show_text(r, "form.intro", msg_format(r, language, "export.how", { "days", text(r, "%d", KEEP_DAYS) }));
    show_text(r, "form.submit", msg(language, "export.make"));
    show_text(r, "form.cancel_url", from);
    show_text(r, "page.title", title);
    show_text(r, "page.width", "narrow");
    crumbs(r, title);
    page(r, "layout/form");
}

void export_create(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &export_form);
    problems_end(r);
    const char *from = in_text(in, "from");
    ListExport *x = wanted(r, from);
    if (db_int(c, "select count(*) from export_file where user_id = ? and state in ('asked', 'making')",
               c->user) >= AT_ONCE)
        fail(r, CONFLICT, "%s", msg(c->language, "export.enough"));
    Id id = db_insert(c, "insert into export_file (utility_id, user_id, list, title, feature, uri, `rows`, created_at, "
                         "created_by) values (?,?,?,?,?,?,?,?,?)",
                      c->utility, c->user, x->name, rows_of(r, x), x->feature, from, x->total, c->now,
                          c->user);
    Id job = job_enqueue(c,
                         &(NewJob){ .kind = "export.make", .payload = text(c, "{\"export\":%lld}", (long long)id.id) });
    db_run(c, "update export_file set job_id = ? where id = ?", job, id);
    audit_write(c, &(Audit){ .action = "export", .entity = x->name, .id = id,
                             .after = json_pairs(c, "from", from, "rows", text(c, "%lld", (long long)x->total),
                                                 NULL) });
    note(r, "%s", msg(c->language, "export.begun"));
    go(r, "/downloads/%s", db_text(c, "select public_id from export_file where id = ?", id));
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

#define EXPORT_ROW(F, T) \
    F(T, Id, id) F(T, const char *, public_id) F(T, Id, user_id) F(T, const char *, list) F(T, const char *, title) \
    F(T, const char *, feature) F(T, const char *, uri) F(T, const char *, state) F(T, int64_t, rows) \
        F(T, int64_t, rows_done) \
    F(T, const char *, problem) F(T, Id, job_id) F(T, Id, document_id) F(T, Time, created_at) F(T, Time, ready_at) \
        F(T, Time, expires_at)
ROW(ExportRow, EXPORT_ROW)

#define EXPORT_SELECT \
    "select id, public_id, user_id, list, title, feature, uri, state, `rows`, rows_done, problem, job_id, " \
    "document_id, created_at, " \
    "ready_at, expires_at from export_file "

static bool is_under_way(const ExportRow *x) { return !strcmp(x->state, "asked") || !strcmp(x->state, "making"); }

static const char *part_file(Ctx *c, const ExportRow *x) {
    return text(c, "%s/%s/exports/%s.part", installation()->documents_dir, tenant_folder(c->schema), x->public_id);
}

static void unlink_part(Ctx *c, void *file) {
    (void)c;
    unlink(file);
}

static void close_file(void *file) { fclose(file); }

/* Open at the length that is known to be good. */
static FILE *part_open(Ctx *c, const char *path, int64_t length) {
    char *folder = text_copy(c, path);
    for (char *slash = folder + strlen(installation()->documents_dir) + 1; (slash = strchr(slash, '/')); *slash++ = '/')
        {
        *slash = 0;
        if (mkdir(folder, 0750) && errno != EEXIST)
            fail(c, DOWN, "the folder %s cannot be made: %s", folder, strerror(errno));
    }
    FILE *f = fopen(path, length ? "re+" : "we");
    if (f) later(c, close_file, f);
    if (!f || ftruncate(fileno(f), length) || fseek(f, (long)length, SEEK_SET))
        fail(c, DOWN, "the file %s cannot be written: %s", path, strerror(errno));
    return f;
}

static JobStep export_ended(Ctx *c, const ExportRow *x, const char *state, const char *problem) {
    db_run(c, "update export_file set state = ?, problem = left(?, 500) where id = ?", state, problem, x->id);
    db_after_commit(c, unlink_part, (void *)(uintptr_t)part_file(c, x));
    if (problem)
        inapp_post(c, &(InApp){ .recipient_kind = "user", .recipient = x->user_id, .topic = "export",
                                .severity = "warning",
                                .title = msg(c->language, "export.failed"),
                                .body = text(c, "%s: %s", x->title, problem),
                                .link = text(c, "/u/%s/downloads/%s", c->utility_code, x->public_id) });
    return STEP_DONE;
}

static JobStep export_ready(Ctx *c, const ExportRow *x, int64_t rows, const char *part) {
    const char *name = text(c, "%s-%s.csv", x->list, date_iso(&c->mem, utility_today(c)));
    Id document = document_store(c, &(NewDocument){ .file_name = name, .path = part, .kind = "generated",
                                                    .mime = "text/csv",
                                                    .entity = "export_file", .entity_id = x->id,
                                                    .uploaded_by_kind = "system" });
    db_run(c, "update export_file set state = 'ready', `rows` = ?, rows_done = ?, document_id = ?, ready_at = ?, "
              "expires_at = ? where id = ?",
           rows, rows, document, c->now, time_add_seconds(c->now, KEEP_DAYS * 86400), x->id);
    db_after_commit(c, unlink_part, (void *)(uintptr_t)part);
    inapp_post(c, &(InApp){ .recipient_kind = "user", .recipient = x->user_id, .topic = "export", .severity = "success",
                            .title = msg(c->language, "export.is_ready"), .body = x->title,
                            .link = text(c, "/u/%s/downloads/%s", c->utility_code, x->public_id) });
    return STEP_DONE;
}

/* Where the piece before ended: length of the file, rows in it, key of the last. */
typedef struct Cursor { int64_t length, rows; const char *after; } Cursor;

static Cursor cursor_read(Ctx *c, const char *json) {
    Cursor k = { 0 };
    Json j = json ? json_read(&c->mem, json, strlen(json), 8192, NULL) : (Json){ 0 };
    json_int(j, "length", &k.length);
    json_int(j, "rows", &k.rows);
    k.after = json_text(j, "after");
    return k;
}

static const char *cursor_text(Ctx *c, Cursor k) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "length", k.length);
    json_add_int(&o, "rows", k.rows);
    json_add_text(&o, "after", k.after);
    json_close(&o);
    return t.s;
}

JobStep export_make(Ctx *c, const JobRow *job) {
    int64_t id = 0;
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    if (!json_int(p, "export", &id)) job_give_up(c, "the payload names no export");
    ExportRow *x = db_find(c, ExportRow, EXPORT_SELECT "where id = ? for update", id);
    if (!x || !is_under_way(x)) {
        if (x) unlink_part(c, (void *)(uintptr_t)part_file(c, x));
        return STEP_DONE;
    }
    rights_begin();             /* nobody signed in here: what the person may do is read anew */
    if (!db_int(c, "select count(*) from user where id = ? and status = 'active'", x->user_id))
        return export_ended(c, x, "failed", msg(c->language, "export.nobody"));
    const char *part = part_file(c, x), *why = NULL;
    Cursor k = cursor_read(c, job->cursor);
    FILE *to = part_open(c, part, k.length);
    ListExport piece = { .to = to, .most = PIECE, .after = k.after };
    if (list_replay(c, x->user_id, x->uri, &piece, &why)) return export_ended(c, x, "failed", why);
    if (fflush(to) || fsync(fileno(to))) fail(c, DOWN, "the file %s cannot be written: %s", part, strerror(errno));
    k = (Cursor){ ftell(to), k.rows + piece.rows, piece.rows ? piece.last : k.after };
    if (piece.rows < PIECE || k.rows >= MOST) return export_ready(c, x, k.rows, part);
    int64_t total = piece.total ? piece.total : x->rows;
    db_run(c, "update export_file set state = 'making', `rows` = ?, rows_done = ? where id = ?", total, k.rows, x->id);
    job_progress(c, cursor_text(c, k), k.rows, total, 0);
    return STEP_AGAIN;
}

int64_t exports_expire(Ctx *c) {
    ExportRows old = db_all(c, ExportRow,
        EXPORT_SELECT "where state = 'ready' and expires_at <= ? "
                      "order by expires_at limit 500",
        c->now);
    for (size_t i = 0; i < old.n; i++) {
        document_erase(c, old.v[i].document_id);
        db_run(c, "update export_file set state = 'expired' where id = ?", old.v[i].id);
    }
    return (int64_t)old.n + db_run(c, "delete from export_file where created_at < ? - interval 90 day "
                                      "and state not in ('asked', 'making') limit 500", c->now);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static const Choice export_states[] = { { "asked", NULL }, { "making", NULL }, { "ready", NULL }, { "failed", NULL },
                                        { "cancelled", NULL }, { "expired", NULL }, { 0 } };

static const ListSpec downloads = {
    .name = "downloads", .one = "file", .many = "files", .path = "/downloads", .id = "x.id",
    .from = "export_file x", .where = "x.utility_id = ? and x.user_id = ?",
    .columns = COLUMNS {
        { "title",      NULL,      "x.title", LIST, .link = "/downloads/{public_id}" },
        { "created_at", NULL, "x.created_at", LIST | SORT },
        { "expires_at", NULL, "x.expires_at", LIST | SORT },
        { "state",      NULL,     "x.state", LIST | FILTER, .choices = export_states },
        { "public_id",  NULL,        "x.public_id" },
        { 0 } },
    .order = "-created_at", .empty_icon = "download",
    .empty_text = "Exports of more than 5,000 rows are made behind the pages; their files stand here." };

void export_list(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "export.title"));
    list_show(r, &downloads, r->c.utility, r->c.user);
    if (!r->status) page(r, "layout/list");
}

/* One's own; those of others are not found. */
static ExportRow *export_of(Req *r) {
    ExportRow *x = db_find(&r->c, ExportRow, EXPORT_SELECT "where public_id = ? and user_id = ? and utility_id = ?",
                           path_text(r, "id"), r->c.user, r->c.utility);
    if (!x) fail(r, NOT_FOUND, "There is no such file.");
    return x;
}

/* What is left, once there is something to judge by. */
static void show_left(Req *r, const ExportRow *x) {
    int64_t took = r->c.now.us - x->created_at.us;
    if (!x->rows_done || took < 10 * SECOND_US || x->rows <= x->rows_done) return;
    int64_t left = took / x->rows_done * (x->rows - x->rows_done);
    show_text(r, "job.left",
              msg_format(r, r->c.language, "export.left", { "time", locale_duration(&r->c.mem, r->c.locale, left) }));
}

void export_page(Req *r) {
    Ctx *c = &r->c;
    const char *language = c->language;
    ExportRow *x = export_of(r);
    if (is_under_way(x) && db_int(c, "select count(*) from smart360.job where id = ? "
                                     "and state in ('dead', 'cancelled')", x->job_id)) {
        x->state = "failed";
        x->problem = msg(language, "export.broken");
    }
    bool over = !strcmp(x->state, "ready") && x->expires_at.us <= c->now.us, under_way = is_under_way(x);
    const char *state = over ? "expired" : x->state;
    show_text(r, "page.title", x->title);
    crumbs(r, x->title);
    show_text(r, "job.state_text", state_label(r, state));
    show_text(r, "job.tone", state_tone(r, state));
    if (x->rows && under_way) {
        show_int(r, "job.value", x->rows_done);
        show_int(r, "job.max", x->rows);
        show_text(r, "job.percent_text",
                  msg_format(r, language, "export.progress", { "done", locale_count(&c->mem, c->locale, x->rows_done) },
                  { "rows", locale_count(&c->mem, c->locale, x->rows) }));
        show_left(r, x);
    }
    show_text(r, "job.started",
              msg_format(r, language, "export.asked",
                         { "time", locale_time_words(&c->mem, c->locale, x->created_at) }));
    if (under_way) {
        show_text(r, "job.poll_url", link_path(r, "/downloads/%s", x->public_id));
        show_text(r, "job.actions.0.text", msg(language, "export.cancel"));
        show_text(r, "job.actions.0.url", link_path(r, "/downloads/%s/cancellation", x->public_id));
        show_text(r, "job.actions.0.post", "1");
    }
    if (!strcmp(state, "ready")) {
        show_text(r, "job.result.text",
                  msg_format(r, language, "export.fetch", { "rows", locale_count(&c->mem, c->locale, x->rows) }));
        show_text(r, "job.result.url", link_path(r, "/downloads/%s/file", x->public_id));
        show_text(r, "job.note",
                  msg_format(r, language, "export.kept",
                             { "time", locale_time_words(&c->mem, c->locale, x->expires_at) }));
    }
    if (x->problem || over || !strcmp(state, "expired")) {
        show_text(r, "job.failed.text", x->problem ? x->problem : msg(language, "export.expired"));
        show_text(r, "job.failed.url", x->uri);
    }
    page(r, "layout/job");
}

/* The right is asked again: it may be gone since. Each fetch is audited (a writing GET). */
void export_file(Req *r) {
    Ctx *c = &r->c;
    ExportRow *x = export_of(r);
    if (strcmp(x->state, "ready") || x->expires_at.us <= c->now.us)
        fail(r, NOT_FOUND, "%s", msg(c->language, "export.expired"));
    perm_check(c, x->feature, EXPORT);
    const Document *d = document_open(c, x->document_id);
    db_run(c, "update export_file set fetched = fetched + 1, fetched_at = ? where id = ?", c->now, x->id);
    audit_note(c, "download", "export_file", x->id, NULL, x->title);
    answer_file(r, d->internal_path, "text/csv; charset=utf-8", d->file_name, true);
}

void export_cancel(Req *r) {
    ExportRow *x = export_of(r);
    if (db_run(r, "update export_file set state = 'cancelled' where id = ? and state in ('asked', 'making')",
               x->id) != 1)
        fail(r, CONFLICT, "%s", msg(r->c.language, "export.too_late"));
    audit_note(&r->c, "cancel", "export_file", x->id, NULL, x->title);
    note(r, "%s", msg(r->c.language, "export.cancelled"));
    go(r, "/downloads");
}
