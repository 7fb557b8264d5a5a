/*
 * Files that are kept: outside the web root, under random names, served by nginx after a worker's check (S19).
 *
 * A file is written and synced before its row is committed. When the transaction is rolled back it is removed at once;
 * what a killed process leaves behind has no row and is removed a day later (core.documents).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/core/core.h"
#include "app/core/document_rules.h"
#include "app/core/installation.h"
#include "app/core/job.h"
#include "lib/crypt.h"
#include "lib/date.h"

enum { HEAD = 256 * 1024 };

/* --- bytes in ----------------------------------------------------------------------------------------------------- */

/* The content of what is to be stored, mapped or given. */
typedef struct Content { const void *bytes; size_t size; bool mapped; } Content;

static void unmap(void *content) {
    Content *m = content;
    if (m->mapped && m->size) munmap((void *)(uintptr_t)m->bytes, m->size);
}

static const Content *content_of(Ctx *c, const NewDocument *d) {
    Content *m = take(c, sizeof *m);
    if (d->data) {
        *m = (Content){ d->data, d->size, false };
        return m;
    }
    int fd = d->fd > 0 ? d->fd : d->path ? open(d->path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat s;
    if (fd < 0 || fstat(fd, &s)) fail(c, BROKEN, "%s cannot be read: %s", d->path ? d->path : "the upload",
                                      strerror(errno));
    m->size = (size_t)s.st_size;
    void *at = m->size ? mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int error = errno;
    if (fd != d->fd) close(fd);
    if (at == MAP_FAILED) fail(c, BROKEN, "%s cannot be read: %s", d->path ? d->path : "the upload", strerror(error));
    m->bytes = at;
    m->mapped = true;
    later(c, unmap, m);
    return m;
}

static const char *magic_of(Ctx *c, const Content *m) {
    static magic_t magic;
    if (!magic) {
        magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS);
        if (!magic || magic_load(magic, NULL))
            fail(c, BROKEN, "libmagic: %s", magic ? magic_error(magic) : "no memory");
    }
    const char *type = magic_buffer(magic, m->bytes, m->size < HEAD ? m->size : HEAD);
    return text_copy(c, type ? type : "application/octet-stream");
}

/* --- into the store ----------------------------------------------------------------------------------------------- */

static const char *store_path(Ctx *c, const char *storage_key) {
    return text(c, "%s/%s", installation()->documents_dir, storage_key);
}

static bool write_all(int fd, const char *bytes, size_t n) {
    while (n) {
        ssize_t did = write(fd, bytes, n);
        if (did < 0 && errno == EINTR) continue;
        if (did <= 0) return false;
        bytes += did;
        n -= (size_t)did;
    }
    return true;
}

static void write_file(Ctx *c, const char *storage_key, const Content *m) {
    const char *path = store_path(c, storage_key);
    char *folder = text_copy(c, path);
    for (char *slash = folder + strlen(installation()->documents_dir) + 1; (slash = strchr(slash, '/')); *slash++ = '/')
        {
        *slash = 0;
        if (mkdir(folder, 0750) && errno != EEXIST)
            fail(c, DOWN, "the folder %s cannot be made: %s", folder, strerror(errno));
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    bool written = fd >= 0 && write_all(fd, m->bytes, m->size) && !fsync(fd);
    int error = errno;
    if (fd >= 0) close(fd);
    if (written) return;
    unlink(path);
    fail(c, DOWN, "the file %s cannot be written: %s", path, strerror(error));
}

typedef struct Stored { Ctx *c; const char *path; bool committed; } Stored;

static void stored_committed(Ctx *c, void *stored) {
    (void)c;
    ((Stored *)stored)->committed = true;
}

/* At rewind: the row was rolled back, so the file goes. After a lost connection nobody knows: the daily job decides. */
static void stored_end(void *stored) {
    const Stored *s = stored;
    if (!s->committed && !db_is_lost(s->c->db)) unlink(s->path);
}

#define TYPE_RULE(F, T) F(T, const char *, name) F(T, const char *, formats) F(T, int64_t, max_mb)
ROW(TypeRule, TYPE_RULE)

/* Why a file is not taken, and whether for its size; why NULL: it is, as `type`. */
typedef struct Judged { const char *why, *type; bool is_large; } Judged;

/* What the utility takes as a document of a type (ONB02US02): fewer formats and a smaller size than the kind. */
static Judged judge_type(Ctx *c, Id type, const char *mime, size_t size) {
    static const struct { const char *mime, *format; } formats[] = {
        { "application/pdf", "pdf" }, { "image/jpeg", "jpg" }, { "image/png", "png" }, { "image/heic", "heic" },
        { "image/webp", "webp" } };
    if (!type.id) return (Judged){ .type = mime };
    const TypeRule *t = db_one(c, TypeRule, "select name, formats, max_mb from document_type where id=?", type);
    if ((int64_t)size > t->max_mb * 1024 * 1024)
        return (Judged){ .why = text(c, "%s: a file has at most %d MB.", t->name, (int)t->max_mb), .is_large = true };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(formats[i].mime, mime) && strstr(t->formats, formats[i].format)) return (Judged){ .type = mime };
    return (Judged){ .why = text(c, "%s: choose a file of %s.", t->name, t->formats) };
}

static Judged judge(Ctx *c, const NewDocument *d, const Content *m) {
    const DocumentKind *kind = document_kind(d->kind);
    if (!kind) fail(c, BROKEN, "there is no kind of documents \"%s\"", d->kind);
    const char *name = document_name(&c->mem, d->file_name), *magic = m->size ? magic_of(c, m) : "";
    const char *refusal = document_refusal(&c->mem, kind, magic, name, (int64_t)m->size, m->bytes, m->size);
    if (refusal) return (Judged){ .why = refusal, .is_large = (int64_t)m->size > kind->bytes_max };
    const char *type = document_type(kind, magic, name);
    if (d->mime && strcmp(kind->types, "*") && strcmp(d->mime, type)) return (Judged){ .why = kind->says };
    Judged j = judge_type(c, d->type, type, m->size);
    if (d->mime && !strcmp(kind->types, "*")) j.type = d->mime;
    return j;
}

const char *document_refused(Ctx *c, const NewDocument *d) { return judge(c, d, content_of(c, d)).why; }

Id document_store(Ctx *c, const NewDocument *d) {
    if (!db_in_tx(c)) fail(c, BROKEN, "a document is stored within a transaction");
    const Content *m = content_of(c, d);
    Judged j = judge(c, d, m);
    if (j.why) fail(c, j.is_large ? TOO_LARGE : INVALID, "%s", j.why);
    const char *name = document_name(&c->mem, d->file_name);
    uint8_t hash[DIGEST_MAX];
    digest(SHA256, bytes_at(m->bytes, m->size), hash);
    const char *random = random_public_id(&c->mem),
        *key = text(c, "%s/%.2s/%s", c->tenant.id ? tenant_folder(c->schema) : "platform", random, random + 2);
    Stored *s = take(c, sizeof *s);
    *s = (Stored){ c, store_path(c, key), false };
    write_file(c, key, m);
    later(c, stored_end, s);
    db_after_commit(c, stored_committed, s);
    return db_insert(c, "insert into document (utility_id, type_id, entity, entity_id, file_name, mime, size, sha256, "
                        "storage_key, is_private, uploaded_by_kind, created_at, created_by) "
                        "values (?,?,?,?,?,?,?,?,?,?,?,?,?)", c->utility, d->type, d->entity, d->entity_id, name,
                     j.type, (int64_t)m->size,
                     bytes_at(hash, 32), key, !d->is_public, d->uploaded_by_kind ? d->uploaded_by_kind
                         : c->realm == REALM_PORTAL ? "portal_user" : c->user.id ? "user" : "system", c->now, c->user);
}

Id document_paper(Ctx *c, const NewPaper *p) {
    if (!p->pdf.p) fail(c, BROKEN, "the PDF %s could not be written", p->file_name);
    return document_store(c, &(NewDocument){ .file_name = p->file_name,
                                             .data = p->pdf.p,
                                             .size = p->pdf.n,
                                             .kind = "generated",
                                             .mime = "application/pdf",
                                             .entity = p->entity,
                                             .entity_id = p->entity_id,
                                             .uploaded_by_kind = "system" });
}

Id document_paper_find(Ctx *c, const PaperKey *k) {
    return db_id(c,
                 "select coalesce(max(id), 0) from document where entity = ? and entity_id = ? and utility_id = ? "
                 "and file_name = coalesce(?, file_name) and created_at >= ? and erased_at is null",
                 k->entity, k->entity_id, c->utility, k->file_name, k->since);
}

/* --- bytes out ---------------------------------------------------------------------------------------------------- */

#define DOCUMENT(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, file_name) \
    F(T, const char *, mime) F(T, const char *, storage_key) \
    F(T, const char *, status) F(T, int64_t, size) F(T, const char *, entity) F(T, Id, entity_id) F(T, Time, erased_at)
ROW(DocumentRow, DOCUMENT)

const Document *document_open(Ctx *c, Id id) {
    DocumentRow *r = db_find(c, DocumentRow, "select id, public_id, file_name, mime, storage_key, status, size, "
                                             "entity, entity_id, erased_at from document where id=?", id);
    if (!r || time_is_set(r->erased_at)) fail(c, NOT_FOUND, "There is no such document.");
    Document *d = take(c, sizeof *d);
    *d = (Document){ .id = r->id, .public_id = r->public_id, .file_name = r->file_name, .mime = r->mime,
                     .path = store_path(c, r->storage_key),
                     .internal_path = text(c, "/_documents/%s", r->storage_key), .status = r->status, .size = r->size,
                     .entity = r->entity, .entity_id = r->entity_id };
    return d;
}

const char *document_read(Ctx *c, Id id, size_t most, size_t *size) {
    const Document *d = document_open(c, id);
    if ((size_t)d->size > most) fail(c, TOO_LARGE, "%s is too large.", d->file_name);
    FILE *f = fopen(d->path, "re");
    if (!f) fail(c, BROKEN, "the file of document %lld cannot be read: %s", (long long)id.id, strerror(errno));
    char *bytes = take(c, (size_t)d->size + 1);
    *size = fread(bytes, 1, (size_t)d->size, f);
    fclose(f);
    if (*size != (size_t)d->size) fail(c, BROKEN, "the file of document %lld is cut off", (long long)id.id);
    return bytes;
}

void document_erase(Ctx *c, Id id) {
    DocumentRow *r = db_find(c, DocumentRow, "select id, public_id, file_name, mime, storage_key, status, size, "
                                             "entity, entity_id, erased_at from document where id=? for update", id);
    if (!r || time_is_set(r->erased_at)) return;
    db_run(c, "update document set erased_at=?, file_name='erased', storage_key=concat('erased/', public_id), "
              "updated_at=?, row_version=row_version+1 where id=?", c->now, c->now, id);
    int64_t version = db_int(c, "select row_version from document where id=?", id);
    /* the file has no row any more: the daily job removes it */
    audit_write(c, &(Audit){ .action = "erase", .entity = "document", .id = id, .version = version });
}

/* --- orphans ------------------------------------------------------------------------------------------------------ */

/* Files of this tenant older than a day that no row names. */
static void remove_orphans_in(Ctx *c, const char *folder, const char *sub) {
    const char *path = text(c, "%s/%s", folder, sub);
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat s;
        const char *file = text(c, "%s/%s", path, e->d_name);
        if (*e->d_name == '.' || stat(file, &s) || !S_ISREG(s.st_mode) || s.st_mtime > time_unix(time_now()) - 86400)
            continue;
        const char *key = text(c, "%s/%s/%s", tenant_folder(c->schema), sub, e->d_name);
        if (!db_int(c, "select count(*) from document where storage_key=?", key)) unlink(file);
    }
    closedir(dir);
}

JobStep documents_cleanup(Ctx *c, const JobRow *job) {
    (void)job;
    const char *folder = store_path(c, tenant_folder(c->schema));
    DIR *dir = opendir(folder);
    if (!dir) return STEP_DONE;
    char subs[4000][3];
    int n = 0;
    for (struct dirent *e; (e = readdir(dir)) && n < 4000;)
        if (strlen(e->d_name) == 2 && *e->d_name != '.') memcpy(subs[n++], e->d_name, 3);
    closedir(dir);
    for (int i = 0; i < n; i++) {
        ArenaMark m = mark(c);
        remove_orphans_in(c, folder, subs[i]);
        rewind_to(c, m);
    }
    return STEP_DONE;
}
