/*
 * Everything a tenant has, for the tenant (ONB08US01): every table as CSV and every document as a file, in one archive,
 * made by a job in one snapshot, and read again from beginning to end before it is offered. Secrets stay out: keys,
 * passwords, sessions and codes are of no use elsewhere. Files are kept for some days.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/core/proof.h"
#include "app/platform/subscription.h"
#include "lib/csv.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/tar.h"
#include "lib/worker.h"

enum { CHUNK = 5000, FLUSH_BYTES = 64 * 1024, KEPT_DAYS = 7, ENTRIES_MAX = 500000 };

typedef struct Entries { TarEntry *v; size_t n, room; } Entries;
typedef struct Export {
    Ctx        *c;
    Id          id;
    const char *public_id, *path, *part;
    Tar        *tar;
    Entries     made, seen;
    int64_t     rows, documents;
    const char *problem;
} Export;

static void keep(Ctx *c, Entries *to, const TarEntry *e) {
    to->v = take_room(c, TarEntry, to->v, to->n, &to->room);
    to->v[to->n] = *e;
    to->v[to->n++].name = text_copy(c, e->name);
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

/* Of the installation or of a moment: nothing a tenant could use. */
static bool is_left_out(const char *table) {
    static const char *const tables[] = { "schema_migration", "session", "trusted_device", "password_token",
                                          "mfa_factor", "form_post", "otp_challenge", "sandbox_outbox", "id_range",
                                          "event_handled", "user_invite_draft", NULL };
    for (const char *const *t = tables; *t; t++)
        if (!strcmp(*t, table)) return true;
    return false;
}

static bool is_secret(const char *column) {
    size_t n = strlen(column);
    return (n > 4 && !strcmp(column + n - 4, "_enc")) || strstr(column, "password") || strstr(column, "secret")
        || strstr(column, "token") || !strcmp(column, "salt");
}

#define TABLE(F, T) F(T, const char *, name) F(T, const char *, id_column)
ROW(Table, TABLE)
#define COLUMN(F, T) F(T, const char *, name) F(T, bool, is_binary)
ROW(Column, COLUMN)

typedef struct Piece { CsvText *csv; FILE *to; int64_t rows, last; bool good; } Piece;

static void piece_row(void *arg, const DbColumn *column, int n) {
    Piece *p = arg;
    p->last = column[0].n;
    for (int i = 1; i < n; i++) csv_text(p->csv, column[i].is_null ? NULL : column[i].text);
    csv_end(p->csv);
    p->rows++;
    if (!p->to || p->csv->text.n <= FLUSH_BYTES) return;
    p->good &= csv_flush(p->csv, p->to);
    worker_busy(true);
}

/* "select cast(`id` as signed), ..." of everything a tenant could use, and the head of the file. */
static const char *table_select(Ctx *c, const Table *t, CsvText *head) {
    Columns all = db_all(c, Column, "select column_name as name, data_type in ('binary', 'varbinary', 'blob', "
                                    "'mediumblob', 'longblob') as is_binary from information_schema.columns "
                                    "where table_schema = database() and table_name = ? order by ordinal_position",
                         t->name);
    Text sql = text_start(c);
    text_addf(&sql, "select cast(%s as signed)", t->id_column ? text(c, "`%s`", t->id_column) : "0");
    for (size_t i = 0; i < all.n; i++) {
        const char *name = all.v[i].name;
        if (is_secret(name)) continue;
        csv_text(head, name);
        text_addf(&sql, all.v[i].is_binary ? ", hex(`%s`)" : ", cast(`%s` as char character set utf8mb4)", name);
    }
    csv_end(head);
    text_addf(&sql, " from `%s`", t->name);
    return sql.s;
}

/* With a number as its key: by pieces, so that no answer of the server is long. */
static bool rows_by_id(Export *x, const Table *t, const char *select, FILE *f) {
    Ctx *c = x->c;
    const char *sql = text(c, "%s where `%s` > ? order by `%s` limit %d", select, t->id_column, t->id_column, CHUNK);
    Bind after = bind_int(INT64_MIN + 1);
    bool good = true;
    for (int64_t rows = CHUNK; good && rows == CHUNK;) {
        ArenaMark m = mark(c);
        Piece p = { .csv = csv_start(&c->mem) };
        p.csv->text.n = 0;                      /* the byte order mark stands before the header already */
        db_columns(c, sql, &after, 1, piece_row, &p, false);
        good = csv_flush(p.csv, f);
        rows = p.rows;
        x->rows += p.rows;
        after = bind_int(p.last);
        rewind_to(c, m);
        worker_busy(true);
    }
    return good;
}

/* With a key of several columns, or a text: one answer, taken row by row. Its lines stand in memory of their own. */
static bool rows_streamed(Export *x, const char *select, FILE *f) {
    static Arena lines;
    arena_reset(&lines);
    Piece p = { .csv = csv_start(&lines), .to = f, .good = true };
    p.csv->text.n = 0;
    x->rows += db_stream(x->c, select, NULL, 0, piece_row, &p);
    return csv_flush(p.csv, f) && p.good;
}

static bool table_write(Export *x, const Table *t, const char *file) {
    FILE *f = fopen(file, "we");
    if (!f) return false;
    CsvText *head = csv_start(&x->c->mem);
    const char *select = table_select(x->c, t, head);
    bool good = csv_flush(head, f) && (t->id_column ? rows_by_id(x, t, select, f) : rows_streamed(x, select, f));
    return !fclose(f) && good;
}

static void export_tables(Export *x) {
    Ctx *c = x->c;
    Tables all = db_all(c, Table, "select t.table_name as name, (select if(count(*) = 1 and max(k.data_type) in "
                                  "('bigint', 'int'), max(k.column_name), null) from information_schema.columns k "
                                  "where k.table_schema = t.table_schema and k.table_name = t.table_name "
                                  "and k.column_key = 'PRI') as id_column from information_schema.tables t "
                                  "where t.table_schema = database() and t.table_type = 'BASE TABLE' "
                                  "order by t.table_name");
    const char *file = text(c, "%s.csv", x->part);
    for (size_t i = 0; i < all.n && !x->problem; i++) {
        TarEntry e;
        if (is_left_out(all.v[i].name)) continue;
        if (!table_write(x, &all.v[i], file)) x->problem = text(c, "%s: %s", all.v[i].name, strerror(errno));
        else if (!tar_add_file(x->tar, text(c, "tables/%s.csv", all.v[i].name), file, &e))
            x->problem = tar_problem(x->tar);
        else keep(c, &x->made, &e);
    }
    unlink(file);
}

/* --- documents ---------------------------------------------------------------------------------------------------- */

static void close_tree(void *tree) { fts_close(tree); }

static void export_documents(Export *x) {
    Ctx *c = x->c;
    char *folder = text(c, "%s/%s", installation()->documents_dir, tenant_folder(c->schema));
    char *roots[] = { folder, NULL };
    if (access(folder, R_OK)) return;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!tree) {
        x->problem = strerror(errno);
        return;
    }
    later(c, close_tree, tree);
    for (FTSENT *e; !x->problem && (e = fts_read(tree));) {
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
            x->problem = text(c, "%s: %s", e->fts_path + strlen(folder), strerror(e->fts_errno));
        if (e->fts_info != FTS_F) continue;
        if (x->made.n >= ENTRIES_MAX) {             /* a whole one or none */
            x->problem = text(c, "more than %d documents", ENTRIES_MAX);
            return;
        }
        TarEntry made;
        if (!tar_add_file(x->tar, text(c, "documents%s", e->fts_path + strlen(folder)), e->fts_path, &made))
            x->problem = tar_problem(x->tar);
        else keep(c, &x->made, &made);
        x->documents++;
        worker_busy(true);
    }
}

/* --- what is in it, and whether it can be read -------------------------------------------------------------------- */

static void export_manifest(Export *x) {
    Ctx *c = x->c;
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_text(&o, "tenant", c->tenant_slug);
    json_add_text(&o, "made_at", time_iso(&c->mem, c->now));
    json_add_text(&o, "made_by", "smart360 " SMART360_VERSION);
    json_add_int(&o, "rows", x->rows);
    json_add_int(&o, "documents", x->documents);
    json_add_text(&o, "about",
        "tables/*.csv: all records, a table a file, UTF-8; binary columns in hex; keys, passwords "
        "and sessions left out. documents/: files; tables/document.csv says in storage_key which is which (without "
        "its first part).");
    json_open_list(&o, "files");
    for (size_t i = 0; i < x->made.n; i++) {
        json_open_object(&o, NULL);
        json_add_text(&o, "name", x->made.v[i].name);
        json_add_int(&o, "bytes", x->made.v[i].bytes);
        json_add_text(&o, "sha256", x->made.v[i].sha256);
        json_close(&o);
    }
    json_close(&o);
    json_close(&o);
    TarEntry e;
    if (!tar_add_bytes(x->tar, "manifest.json", t.s, t.n, &e)) x->problem = tar_problem(x->tar);
    else keep(c, &x->made, &e);
}

static void seen(void *arg, const TarEntry *e) {
    Export *x = arg;
    keep(x->c, &x->seen, e);
}

static void export_check(Export *x) {
    if (!tar_read(&x->c->mem, x->part, seen, x, &x->problem)) return;
    bool same = x->seen.n == x->made.n;
    for (size_t i = 0; same && i < x->made.n; i++)
        same = !strcmp(x->made.v[i].name, x->seen.v[i].name) && !strcmp(x->made.v[i].sha256, x->seen.v[i].sha256);
    if (!same) x->problem = "what was read again is not what was written";
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

static const char *export_path(Ctx *c, const char *public_id) {
    return text(c, "%s/platform/exports/%s.tar.gz", installation()->documents_dir, public_id);
}

static void export_read(Ctx *c, void *arg) {
    Export *x = arg;
    (void)c;
    export_tables(x);
}

static Bytes whole_hash(Ctx *c, const char *path) {
    uint8_t *hash = take(c, 32);
    return file_sha256(path, hash) ? bytes_at(hash, 32) : (Bytes){ 0 };
}

static void export_end(Ctx *c, void *arg) {
    Export *x = arg;
    struct stat s = { 0 };
    if (x->problem) {
        unlink(x->part);
        db_run(c, "update smart360.tenant_export set state = 'failed', problem = left(?, 500) where id = ?", x->problem,
               x->id);
        audit_note(c, "export_failed", "tenant_export", x->id, x->public_id, x->problem);
        return;
    }
    if (rename(x->part, x->path) || stat(x->path, &s)) fail(c, DOWN, "%s: %s", x->path, strerror(errno));
    db_run(c, "update smart360.tenant_export set state = 'ready', files = ?, `rows` = ?, bytes = ?, sha256 = ?, "
              "checked_at = ?, ready_at = ?, expires_at = ?, problem = null where id = ?", (int64_t)x->made.n, x->rows,
           (int64_t)s.st_size, whole_hash(c, x->path), c->now, c->now,
           time_add_seconds(c->now, (int64_t)KEPT_DAYS * 86400), x->id);
    /* its end comes by a job of its own: the recurring ones rest when the organization has left */
    job_enqueue(c, &(NewJob){ .kind = "tenant.export_end", .unique_key = text(c, "export:%s", x->public_id),
                              .run_at = time_add_seconds(c->now, (int64_t)KEPT_DAYS * 86400) });
    audit_write(c, &(Audit){ .action = "exported", .entity = "tenant_export", .id = x->id, .number = x->public_id,
                             .after = json_pairs(c, "rows", text(c, "%lld", (long long)x->rows), "documents",
                                                 text(c, "%lld", (long long)x->documents), NULL) });
}

static void folders(Ctx *c) {
    const char *platform = text(c, "%s/platform", installation()->documents_dir);
    mkdir(platform, 0750);
    mkdir(text(c, "%s/exports", platform), 0750);
}

JobStep takeaway_job(Ctx *c, const JobRow *job) {
    const char *public_id = json_text(json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL),
                                      "export");
    Export x = { .c = c, .public_id = public_id };
    x.id = db_id(c, "select id from smart360.tenant_export where public_id = ? and tenant_id = ? "
                    "and state in ('asked', 'making')", public_id, c->tenant);
    if (!x.id.id) return STEP_DONE;
    db_run(c, "update smart360.tenant_export set state = 'making' where id = ?", x.id);
    folders(c);
    x.path = export_path(c, public_id);
    x.part = text(c, "%s.part", x.path);
    x.tar = tar_create(&c->mem, x.part);
    db_tx(c, DB_READ, export_read, &x, NULL);           /* all tables as they are at one moment */
    if (!x.problem) export_documents(&x);
    if (!x.problem) export_manifest(&x);
    if (!x.problem && !tar_end(x.tar)) x.problem = tar_problem(x.tar);
    if (!x.problem) export_check(&x);
    job_step(c, export_end, &x);
    return STEP_DONE;
}

#define OLD(F, T) F(T, Id, id) F(T, const char *, public_id)
ROW(Old, OLD)

/* Its job ended without a word (killed three times, or called off): nobody makes it any more. */
#define GIVEN_UP "x.state in ('asked', 'making') and not exists (select 1 from smart360.job j " \
    "where j.tenant_id = x.tenant_id and j.kind = 'tenant.export' and j.state in ('ready', 'running') " \
    "and json_value(j.payload, '$.export') = x.public_id)"

/* What such jobs left goes, and another can be asked for. */
static void give_up_old(Ctx *c) {
    Olds l = db_all(c, Old, "select x.id, x.public_id from smart360.tenant_export x where x.tenant_id = ? "
                            "and " GIVEN_UP " limit 100", c->tenant);
    for (size_t i = 0; i < l.n; i++) {
        unlink(text(c, "%s.part", export_path(c, l.v[i].public_id)));
        unlink(text(c, "%s.part.csv", export_path(c, l.v[i].public_id)));
        db_run(c, "update smart360.tenant_export set state = 'failed', problem = ? where id = ?",
               msg(c->language, "platform.export_ended"), l.v[i].id);
        audit_note(c, "export_failed", "tenant_export", l.v[i].id, l.v[i].public_id, NULL);
    }
}

/* Files that were kept long enough. */
JobStep takeaway_expire_job(Ctx *c, const JobRow *job) {
    (void)job;
    give_up_old(c);
    Olds l = db_all(c, Old, "select id, public_id from smart360.tenant_export where tenant_id = ? and state = 'ready' "
                            "and expires_at <= ? limit 100", c->tenant, c->now);
    for (size_t i = 0; i < l.n; i++) {
        unlink(export_path(c, l.v[i].public_id));
        db_run(c, "update smart360.tenant_export set state = 'expired' where id = ?", l.v[i].id);
    }
    return STEP_DONE;
}

void takeaways_remove(Ctx *c, Id tenant) {
    Olds l = db_all(c, Old, "select id, public_id from smart360.tenant_export where tenant_id = ? limit 1000", tenant);
    for (size_t i = 0; i < l.n; i++) {
        unlink(export_path(c, l.v[i].public_id));
        unlink(text(c, "%s.part", export_path(c, l.v[i].public_id)));
        unlink(text(c, "%s.part.csv", export_path(c, l.v[i].public_id)));
    }
    db_run(c, "update smart360.tenant_export set state = 'expired' where tenant_id = ?", tenant);
}

/* --- the tenant's page -------------------------------------------------------------------------------------------- */

#define EXPORT_ROW(F, T) F(T, const char *, public_id) F(T, const char *, state) F(T, const char *, asked_by) \
    F(T, int64_t, rows) F(T, int64_t, bytes) F(T, const char *, sha256) F(T, const char *, problem) \
    F(T, Time, created_at) F(T, Time, expires_at) F(T, int, files)
ROW(ExportRow, EXPORT_ROW)

void takeaway_page(Req *r) {
    Ctx *c = &r->c;
    ExportRows l = db_all(r, ExportRow, "select x.public_id, if(" GIVEN_UP ", 'failed', if(x.state = 'ready' "
                                        "and x.expires_at <= ?, 'expired', x.state)) as state, x.asked_by, x.`rows`, "
                                        "x.bytes, lower(hex(x.sha256)) as sha256, if(" GIVEN_UP ", ?, x.problem) "
                                        "as problem, x.created_at, x.expires_at, x.files "
                                        "from smart360.tenant_export x where x.tenant_id = ? order by x.id desc "
                                        "limit 20",
                          c->now, word(r, "platform.export_ended"), c->tenant);
    show_text(r, "page.title", word(r, "platform.export"));
    show_text(r, "page.crumbs.0.text", word(r, "platform.subscription"));
    show_text(r, "page.crumbs.0.url", "/org/subscription");
    show_text(r, "page.crumbs.1.text", word(r, "platform.export"));
    show_text(r, "show.sections.0.kind", "text");
    show_text(r, "show.sections.0.text.0", msg_format(r, c->language, "platform.export_how",
                                                     { "days", text(r, "%d", KEPT_DAYS) }));
    show_text(r, "page.actions.0.text", word(r, "platform.export_ask"));
    show_text(r, "page.actions.0.url", "/org/subscription/export");
    show_text(r, "page.actions.0.post", "1");
    show_text(r, "page.actions.0.kind", "primary");
    proof_notice(r);
    show_text(r, "show.sections.1.title", word(r, "platform.exports"));
    TableView *t = table_start(r, "show.sections.1.table", word(r, "platform.exports"));
    table_column(t, word(r, "platform.asked"), "text", "id");
    table_column(t, word(r, "platform.status"), "status", "status");
    table_column(t, word(r, "platform.export_rows"), "num", NULL);
    table_column(t, word(r, "platform.export_size"), "num", "amount");
    table_column(t, word(r, "platform.change"), "act", NULL);
    for (size_t i = 0; i < l.n; i++) {
        const ExportRow *e = &l.v[i];
        table_row(t, NULL);
        table_cell(t, locale_time_words(&c->mem, c->locale, e->created_at));
        table_sub(t, e->asked_by);
        table_state(t, e->state);
        if (e->problem) table_sub(t, e->problem);
        table_int(t, e->rows);
        table_cell(t, e->bytes ? text(r, "%s kB", locale_count(&c->mem, c->locale, (e->bytes + 1023) / 1024)) : "");
        table_sub(t, e->sha256 ? text(r, "SHA-256 %.16s\xE2\x80\xA6", e->sha256) : NULL);
        table_cell(t, "");
        if (strcmp(e->state, "ready")) continue;
        const char *act = text(r, "show.sections.1.table.rows.%zu.cells.4.act", i);
        show_text(r, text(r, "%s.text", act), word(r, "platform.download"));
        show_text(r, text(r, "%s.url", act), text(r, "/org/subscription/export/%s", e->public_id));
        show_text(r, text(r, "%s.kind", act), "quiet");
    }
    table_empty(t, word(r, "platform.no_exports"), NULL);
    page(r, "layout/show");
}

void takeaway_ask(Req *r) {
    Ctx *c = &r->c;
    proof_check(c);
    /* two who ask at once get one */
    (void)db_id(c, "select id from smart360.tenant where id = ? for update", c->tenant);
    give_up_old(c);
    if (db_int(c, "select exists (select 1 from smart360.tenant_export where tenant_id = ? "
                  "and state in ('asked', 'making'))", c->tenant))
        fail(r, CONFLICT, "%s", word(r, "platform.export_waits"));
    Id id = db_insert(c, "insert into smart360.tenant_export (tenant_id, asked_by, created_at, created_by) "
                         "values (?,?,?,?)", c->tenant, c->user_name, c->now, c->user);
    const char *public_id = db_text(c, "select public_id from smart360.tenant_export where id = ?", id);
    job_enqueue(c, &(NewJob){ .kind = "tenant.export", .payload = json_pairs(c, "export", public_id, NULL),
                              .unique_key = text(c, "export:%s", public_id) });
    audit_note(c, "export", "tenant_export", id, public_id, NULL);
    note(r, "%s", word(r, "platform.export_asked"));
    go_to(r, "/org/subscription/export");
}

void takeaway_file(Req *r) {
    Ctx *c = &r->c;
    const char *public_id = path_text(r, "id");
    Id id = db_id(r, "select id from smart360.tenant_export where public_id = ? and tenant_id = ? and state = 'ready' "
                     "and expires_at > ?", public_id, c->tenant, c->now);
    if (!id.id) fail(r, NOT_FOUND, "There is no such export.");
    if (proof_first(r, "/org/subscription/export")) return;
    db_run(c, "update smart360.tenant_export set fetched = fetched + 1 where id = ?", id);
    audit_note(c, "download", "tenant_export", id, public_id, NULL);
    answer_file(r, text(r, "/_documents/platform/exports/%s.tar.gz", public_id), "application/gzip",
                text(r, "%s-%s.tar.gz", c->tenant_slug, date_iso(&c->mem, platform_today(c))), true);
}
