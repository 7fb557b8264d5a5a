/*
 * Backup and restore by mariadb-dump and mariadb: see backup.h.
 */
#include "app/core/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "app/command.h"
#include "app/core/core.h"
#include "app/core/migrate.h"
#include "lib/clock.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/json.h"

enum { ARGS_MAX = 1100, MANIFEST_MAX = 4 * 1024 * 1024 };

/* --- programs of the database ------------------------------------------------------------------------------------- */

typedef struct Program { pid_t pid; int fd; } Program;      /* fd: what it writes, or what it reads */

static void program_end(void *program) {
    Program *p = program;
    if (p->fd >= 0) close(p->fd);
    p->fd = -1;
    if (p->pid > 0) {
        kill(p->pid, SIGTERM);
        waitpid(p->pid, NULL, 0);
    }
    p->pid = 0;
}

/* Starts a program with a pipe to its output or its input. The
 * password goes by the environment, not by the command line. */
static Program *launch(Ctx *c, const char *const *args, bool reads_it) {
    int ends[2];
    Program *p = take(c, sizeof *p);
    if (pipe2(ends, O_CLOEXEC)) fail(c, BROKEN, "no pipe: %s", strerror(errno));
    fflush(NULL);
    p->pid = fork();
    if (p->pid < 0) fail(c, BROKEN, "no process: %s", strerror(errno));
    if (!p->pid) {
        const char *password = installation()->db_admin_password;
        if (password && *password) setenv("MYSQL_PWD", password, 1);
        dup2(reads_it ? ends[1] : ends[0], reads_it ? STDOUT_FILENO : STDIN_FILENO);
        execvp(args[0], (char *const *)(uintptr_t)args);
        fprintf(stderr, "%s: %s\n", args[0], strerror(errno));
        _exit(127);
    }
    close(reads_it ? ends[1] : ends[0]);
    p->fd = reads_it ? ends[0] : ends[1];
    later(c, program_end, p);
    return p;
}

static void program_finish(Ctx *c, Program *p, const char *name) {
    int status = 0;
    if (p->fd >= 0) close(p->fd);
    p->fd = -1;
    pid_t pid = p->pid;
    p->pid = 0;
    if (waitpid(pid, &status, 0) != pid || status)
        fail(c, BROKEN, "%s ended with status %d", name, WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

static size_t connect_args(Ctx *c, const char **args, size_t n, const char *program) {
    const Config *config = installation();
    args[n++] = program;
    args[n++] = "--no-defaults";
    args[n++] = text(c, "--socket=%s", config->db_socket);
    args[n++] = text(c, "--user=%s", config->db_admin_user);
    args[n++] = "--default-character-set=utf8mb4";
    return n;
}

/* --- dumping ------------------------------------------------------------------------------------------------------ */

static void close_gz(void *gz) {
    gzFile *f = gz;
    if (*f) gzclose(*f);
    *f = NULL;
}

static void gz_write(Ctx *c, gzFile f, const char *bytes, size_t n) {
    if (n && gzwrite(f, bytes, (unsigned)n) != (int)n)
        fail(c, DOWN, "the backup cannot be written: %s", strerror(errno));
}

static void gz_finish(Ctx *c, gzFile *f) {
    gzFile was = *f;
    *f = NULL;
    if (was && gzclose(was) != Z_OK) fail(c, DOWN, "the backup cannot be written: %s", strerror(errno));
}

/* Which file a schema goes to. */
typedef struct Part { const char *schema, *file, *slug; } Part;

/*
 * One dump of all schemas, so that all stand in one snapshot, parted into a file each. mariadb-dump writes line ends
 * within values as \n, so a line that begins with "-- Current Database:" is its own. What stands before the first one
 * sets the session up and goes to the head of every file.
 */
static void part_dump(Ctx *c, Program *dump, const char *folder, const Part *parts, size_t n) {
    FILE *in = fdopen(dup(dump->fd), "r");
    if (!in) fail(c, BROKEN, "no stream: %s", strerror(errno));
    char *line = NULL;
    size_t room = 0;
    Text head = text_start(c);
    text_add(&head, "");
    gzFile *out = take(c, sizeof *out);
    later(c, close_gz, out);
    const Part *part = NULL;
    for (ssize_t length; (length = getline(&line, &room, in)) > 0;) {
        if (!strncmp(line, "-- Current Database: `", 22)) {
            gz_finish(c, out);
            part = NULL;
            size_t name = strcspn(line + 22, "`");
            for (size_t i = 0; i < n; i++)
                if (strlen(parts[i].schema) == name && !strncmp(parts[i].schema, line + 22, name)) part = &parts[i];
            if (!part) break;
            *out = gzopen(text(c, "%s/%s", folder, part->file), "wb6");
            if (!*out) break;
            gz_write(c, *out, head.s, head.n);
        } else if (!part) {
            text_add_n(&head, line, (size_t)length);
        } else if (strncmp(line, "CREATE DATABASE ", 16) && strncmp(line, "USE `", 5)) {
            gz_write(c, *out, line, (size_t)length);
        }
    }
    bool broken = !part;
    free(line);
    fclose(in);
    if (broken) fail(c, BROKEN, "mariadb-dump wrote nothing of use");
    gz_finish(c, out);
}

static void dump(Ctx *c, const char *folder, const Part *parts, size_t n) {
    const char **args = take_n(c, const char *, ARGS_MAX + 20);
    if (n > ARGS_MAX) fail(c, BROKEN, "%zu schemas at once", n);
    size_t k = connect_args(c, args, 0, "mariadb-dump");
    args[k++] = "--single-transaction";
    args[k++] = "--skip-lock-tables";
    args[k++] = "--quick";
    args[k++] = "--hex-blob";
    args[k++] = "--skip-triggers";
    args[k++] = "--skip-dump-date";
    args[k++] = "--no-tablespaces";
    args[k++] = "--databases";
    for (size_t i = 0; i < n; i++) args[k++] = parts[i].schema;
    Program *p = launch(c, args, true);
    part_dump(c, p, folder, parts, n);
    program_finish(c, p, "mariadb-dump");
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static char *whole_file(Ctx *c, const char *path, size_t most, size_t *size) {
    FILE *f = fopen(path, "re");
    struct stat s;
    if (!f || fstat(fileno(f), &s) || (size_t)s.st_size > most) {
        if (f) fclose(f);
        fail(c, NOT_FOUND, "%s cannot be read.", path);
    }
    char *bytes = take(c, (size_t)s.st_size + 1);
    *size = fread(bytes, 1, (size_t)s.st_size, f);
    fclose(f);
    return bytes;
}

/* SHA-256 of a file of any size, in lower case hex. */
static char *file_hash(Ctx *c, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat s;
    if (fd < 0 || fstat(fd, &s)) fail(c, NOT_FOUND, "%s cannot be read.", path);
    void *at = s.st_size ? mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (at == MAP_FAILED) fail(c, DOWN, "%s cannot be read: %s", path, strerror(errno));
    uint8_t hash[DIGEST_MAX];
    digest(SHA256, bytes_at(at, (size_t)s.st_size), hash);
    if (at) munmap(at, (size_t)s.st_size);
    return hex_text(&c->mem, bytes_at(hash, 32));
}

static void make_folders(Ctx *c, const char *path) {
    char *p = text_copy(c, path);
    for (char *slash = p + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        mkdir(p, 0700);
    }
    if (mkdir(p, 0700) && errno != EEXIST) fail(c, DOWN, "%s cannot be made: %s", p, strerror(errno));
}

static void copy_file(Ctx *c, const char *from, const char *to) {
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    static char buffer[1 << 16];
    ssize_t n = -1;
    while (in >= 0 && out >= 0 && (n = read(in, buffer, sizeof buffer)) > 0)
        if (write(out, buffer, (size_t)n) != n) { n = -1; break; }
    bool good = !n && !fsync(out);
    int error = errno;
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    if (!good) fail(c, DOWN, "%s cannot be copied to %s: %s", from, to, strerror(error));
}

/* Copies a tree of plain files; returns how many. Missing: none. */
static int64_t copy_tree(Ctx *c, const char *from, const char *to) {
    if (access(from, R_OK)) return 0;
    char *roots[] = { text_copy(c, from), NULL };
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!tree) fail(c, DOWN, "%s cannot be read: %s", from, strerror(errno));
    int64_t files = 0;
    for (FTSENT *e; (e = fts_read(tree));) {
        ArenaMark m = mark(c);
        const char *target = text(c, "%s%s", to, e->fts_path + strlen(from));
        if (e->fts_info == FTS_D) make_folders(c, target);
        if (e->fts_info == FTS_F) copy_file(c, e->fts_path, target), files++;
        rewind_to(c, m);
    }
    fts_close(tree);
    return files;
}

static bool is_empty(const char *folder) { return rmdir(folder) == 0 || errno == ENOENT; }

/* --- backup ------------------------------------------------------------------------------------------------------- */

#define BACKUP_TENANT(F, T) F(T, Id, id) F(T, const char *, slug) F(T, const char *, name) F(T, const char *, status) \
    F(T, const char *, schema_name) \
    F(T, const char *, admin_email) F(T, const char *, country) F(T, Bytes, data_key)
ROW(BackupTenant, BACKUP_TENANT)

static void list_keys(JsonOut *o) {
    const Keys *keys = installation_keys();
    json_open_list(o, "keys");
    for (size_t i = 0; i < keys->n; i++) json_add_int(o, NULL, keys->v[i].id);
    json_close(o);
}

static void write_manifest(Ctx *c, const char *folder, const Text *manifest) {
    const char *path = text(c, "%s/manifest.json", folder);
    FILE *f = fopen(path, "we");
    bool good = f && fwrite(manifest->s, 1, manifest->n, f) == manifest->n && fputc('\n', f) != EOF && !fflush(f)
        && !fsync(fileno(f));
    if (f) fclose(f);
    if (!good) fail(c, DOWN, "%s cannot be written: %s", path, strerror(errno));
}

void backup_make(Ctx *c, const char *folder, const char *tenant, bool with_keys) {
    if (!is_empty(folder)) fail(c, CONFLICT, "%s is not empty.", folder);
    make_folders(c, folder);
    BackupTenants l = db_all(c, BackupTenant, "select id, slug, name, status, schema_name, admin_email, country, "
                                              "data_key from smart360.tenant "
                             "where status not in ('provisioning', 'failed') and (? is null or slug=?) order by slug",
                             tenant, tenant);
    if (tenant && !l.n) fail(c, NOT_FOUND, "There is no tenant %s.", tenant);
    Part *parts = take_n(c, Part, l.n + 1);
    size_t n = 0;
    if (!tenant) parts[n++] = (Part){ "smart360", "platform.sql.gz", NULL };
    for (size_t i = 0; i < l.n; i++) parts[n++] = (Part){ l.v[i].schema_name, text(c, "%s.sql.gz", l.v[i].slug),
        l.v[i].slug };
    const char *began = time_iso(&c->mem, time_now());
    dump(c, folder, parts, n);

    Text manifest = text_start(c);
    JsonOut o = json_out(&manifest);
    json_open_object(&o, NULL);
    json_add_text(&o, "made_by", "smart360 " SMART360_VERSION);
    json_add_text(&o, "made_at", began);
    json_add_bool(&o, "platform", !tenant);
    if (!tenant) json_add_text(&o, "platform_sha256", file_hash(c, text(c, "%s/platform.sql.gz", folder)));
    list_keys(&o);
    json_open_list(&o, "tenants");
    for (size_t i = 0; i < l.n; i++) {
        const BackupTenant *t = &l.v[i];
        int64_t files = copy_tree(c, text(c, "%s/%s", installation()->documents_dir,
                                                tenant_folder(t->schema_name)),
                                  text(c, "%s/documents/%s", folder, t->slug));
        json_open_object(&o, NULL);
        json_add_text(&o, "slug", t->slug);
        json_add_text(&o, "schema", t->schema_name);
        json_add_text(&o, "name", t->name);
        json_add_text(&o, "status", t->status);
        json_add_text(&o, "admin_email", t->admin_email);
        json_add_text(&o, "country", t->country);
        json_add_text(&o, "data_key", text_copy_n(c, t->data_key.p, t->data_key.n));
        json_add_text(&o, "file", text(c, "%s.sql.gz", t->slug));
        json_add_text(&o, "sha256", file_hash(c, text(c, "%s/%s.sql.gz", folder, t->slug)));
        json_add_int(&o, "documents", files);
        json_close(&o);
        printf("%s: schema and %lld documents\n", t->slug, (long long)files);
    }
    json_close(&o);
    json_close(&o);
    if (!tenant)
        copy_tree(c, text(c, "%s/platform", installation()->documents_dir), text(c, "%s/documents/platform", folder));
    if (with_keys) copy_file(c, installation()->key_file, text(c, "%s/master.key", folder));
    write_manifest(c, folder, &manifest);       /* last: a folder without one is no backup */
    for (size_t i = 0; i < l.n; i++)            /* the guided set-up asks when the last one was */
        db_run(c, "insert into smart360.platform_setting (name, value) values (concat('backup.', ?), ?) "
                  "on duplicate key update value = values(value), updated_at = ?", l.v[i].slug, began, c->now);
}

/* --- restore ------------------------------------------------------------------------------------------------------ */

static Json manifest_of(Ctx *c, const char *folder) {
    size_t n;
    const char *problem, *path = text(c, "%s/manifest.json", folder), *bytes = whole_file(c, path, MANIFEST_MAX, &n);
    Json manifest = json_read(&c->mem, bytes, n, MANIFEST_MAX, &problem);
    if (problem) fail(c, INVALID, "%s: %s", path, problem);
    return manifest;
}

/* Every key that sealed something must be in this installation's ring. */
static void need_keys(Ctx *c, Json manifest) {
    const Keys *ring = installation_keys();
    Json list = json_at(manifest, "keys");
    for (size_t i = 0; i < json_size(list); i++) {
        int64_t id = 0;
        json_int(json_item(list, i), "", &id);
        bool found = false;
        for (size_t k = 0; k < ring->n; k++) found |= ring->v[k].id == id;
        if (!found) fail(c, CONFLICT, "Master key %lld of the backup is not in %s. Put it there first.", (long long)id,
                         installation()->key_file);
    }
}

static void feed(Ctx *c, const char *path, const char *schema) {
    const char **args = take_n(c, const char *, 20);
    size_t k = connect_args(c, args, 0, "mariadb");
    args[k++] = "--max-allowed-packet=1G";
    args[k++] = text(c, "--database=%s", schema);
    gzFile *in = take(c, sizeof *in);
    *in = gzopen(path, "rb");
    if (!*in) fail(c, NOT_FOUND, "%s cannot be read.", path);
    later(c, close_gz, in);
    Program *p = launch(c, args, false);
    signal(SIGPIPE, SIG_IGN);
    static char buffer[1 << 16];
    int n;
    bool written = true;
    while (written && (n = gzread(*in, buffer, sizeof buffer)) > 0)
        for (int at = 0; written && at < n;) {
            ssize_t did = write(p->fd, buffer + at, (size_t)(n - at));
            written = did > 0;
            at += (int)did;
        }
    if (written && n < 0) fail(c, BROKEN, "%s is damaged.", path);
    program_finish(c, p, "mariadb");
}

static void check_hash(Ctx *c, const char *folder, const char *file, const char *want) {
    const char *path = text(c, "%s/%s", folder, file);
    if (!want || strcmp(file_hash(c, path), want))
        fail(c, INVALID, "%s is damaged: its SHA-256 is not the manifest's.", path);
}

static void schema_create(Ctx *c, const char *schema) {
    if (db_int(c, "select count(*) from information_schema.schemata where schema_name=?", schema))
        fail(c, CONFLICT, "There is a schema %s already.", schema);
    const char *sql = text(c, "create database `%s` default character set utf8mb4 collate utf8mb4_unicode_520_ci",
                           schema);
    db_script(c, sql, strlen(sql));
}

/* Where a tenant's schema and files were: called by its first name, which a correction of it does not change. */
static const char *schema_of(Ctx *c, Json t) {
    const char *schema = json_text(t, "schema");
    return schema ? schema : text(c, "smart360_t_%s", json_text(t, "slug"));
}

static void restore_schema(Ctx *c, const char *folder, Json t, const char *slug, const char *schema) {
    const char *file = json_text(t, "file");
    if (!file || strchr(file, '/')) fail(c, INVALID, "the manifest names no file of tenant %s", slug);
    check_hash(c, folder, file, json_text(t, "sha256"));
    schema_create(c, schema);
    feed(c, text(c, "%s/%s", folder, file), schema);
    int64_t files = copy_tree(c, text(c, "%s/documents/%s", folder, json_text(t, "slug")),
                              text(c, "%s/%s", installation()->documents_dir, tenant_folder(schema)));
    printf("%s: schema and %lld documents\n", slug, (long long)files);
}

/* A copy beside the living tenant: its secrets open by its own
 * data key, sealed for the new name; nothing goes out from it. */
static void restore_one(Ctx *c, const char *folder, Json t, const char *as) {
    const char *slug = json_text(t, "slug"), *name = json_text(t, "name"), *sealed = json_text(t, "data_key");
    bool copy = strcmp(slug, as) != 0;
    if (tenant_by_slug(c, as)) fail(c, CONFLICT, "There is a tenant %s already. Name the copy with --as.", as);
    Keys *data = take(c, sizeof *data);
    later(c, keys_wipe, data);
    if (!sealed || !data_key_open(&c->mem, installation_keys(), slug, sealed, data))
        fail(c, CONFLICT, "The data key of tenant %s does not open with the keys in %s.", slug,
             installation()->key_file);
    const char *schema = copy ? text(c, "smart360_t_%s", as) : schema_of(c, t), *was = tenant_folder(schema_of(c, t));
    restore_schema(c, folder, t, as, schema);
    if (copy && db_int(c, "select count(*) from smart360.tenant where name=?", name))
        name = text(c, "%.120s (%s)", name, as);
    db_insert(c, "insert into smart360.tenant (slug, name, status, schema_name, data_key, admin_email, country, "
                 "activated_at, suspended_at) values (?,?,?,?,?,?,?,?,?)",
              as, name, copy ? "suspended" : json_text(t, "status"), schema,
                  bytes_of(data_key_seal(&c->mem, installation_keys(), as, data)),
              json_text(t, "admin_email"), json_text(t, "country"), c->now, copy ? c->now : TIME_NONE);
    if (copy) {
        TenantRow *row = tenant_by_slug(c, as);
        tenant_enter(c, row);
        db_run(c, "update document set storage_key=concat(?, substring(storage_key, ?)) "
                  "where storage_key like concat(?, '/%')", as, (int)strlen(was) + 1, was);
        db_run(c, "update session set ended_at=?, end_reason='revoked' where ended_at is null", c->now);
        tenant_leave(c);
        db_add(c, "insert into smart360.platform_setting (name, value) "
                  "values (concat('quiet.', ?), 'a copy brought back from a backup')", row->id.id);
    }
    migrate_tenant(c, tenant_by_slug(c, as));
}

/* Jobs that ran at that moment are nobody's now; their leases end, so that they are taken over. */
static void restore_all(Ctx *c, const char *folder, Json manifest) {
    if (db_int(c, "select count(*) from information_schema.tables "
                  "where table_schema='smart360' and table_name='tenant'") && db_int(c,
        "select count(*) from smart360.tenant"))
        fail(c, CONFLICT, "This installation has tenants already: restore one of them with --tenant, "
                          "or begin with an empty database.");
    check_hash(c, folder, "platform.sql.gz", json_text(manifest, "platform_sha256"));
    if (!db_int(c, "select count(*) from information_schema.schemata where schema_name='smart360'"))
        schema_create(c, "smart360");
    feed(c, text(c, "%s/platform.sql.gz", folder), "smart360");
    Json list = json_at(manifest, "tenants");
    for (size_t i = 0; i < json_size(list); i++)
        restore_schema(c, folder, json_item(list, i), json_text(json_item(list, i), "slug"),
                       schema_of(c, json_item(list, i)));
    copy_tree(c, text(c, "%s/documents/platform", folder), text(c, "%s/platform", installation()->documents_dir));
    db_use(c, "smart360");
    db_run(c, "update smart360.job set lease_until=utc_timestamp(6) where state='running'");
    db_run(c, "delete from smart360.worker");
    db_run(c, "update smart360.migration_lock set until_at='2000-01-01'");
    migrate_platform(c);
    TenantRows l = tenants_all(c);
    for (size_t i = 0; i < l.n; i++) migrate_tenant(c, &l.v[i]);
}

void backup_restore(Ctx *c, const char *folder, const char *tenant, const char *as) {
    Json manifest = manifest_of(c, folder), list = json_at(manifest, "tenants");
    need_keys(c, manifest);
    db_use(c, "information_schema");
    if (!tenant) {
        bool whole = false;
        json_bool(manifest, "platform", &whole);
        if (!whole) fail(c, INVALID, "%s holds one tenant: name it with --tenant.", folder);
        restore_all(c, folder, manifest);
        return;
    }
    for (size_t i = 0; i < json_size(list); i++)
        if (!strcmp(json_text(json_item(list, i), "slug"), tenant)) {
            migrate_platform(c);
            restore_one(c, folder, json_item(list, i), as ? as : tenant);
            return;
        }
    fail(c, NOT_FOUND, "%s holds no tenant %s.", folder, tenant);
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

typedef struct Options { const char *folder, *tenant, *as; bool keys; } Options;

static void backup_work(Ctx *c, void *arg) {
    const Options *o = arg;
    backup_make(c, o->folder, o->tenant, o->keys);
}

static void restore_work(Ctx *c, void *arg) {
    const Options *o = arg;
    backup_restore(c, o->folder, o->tenant, o->as);
}

int backup_command(int argc, char **argv) {
    Options o = { 0 };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--keys")) o.keys = true;
        else if (!strcmp(argv[i], "--tenant") && i + 1 < argc) o.tenant = argv[++i];
        else if (*argv[i] != '-' && !o.folder) o.folder = argv[i];
        else return command_misuse(argv[0], "\"%s\" is not understood", argv[i]);
    }
    if (!o.folder) return command_misuse(argv[0], "wants the folder to make");
    return command_run(COMMAND_ADMIN, backup_work, &o);
}

int restore_command(int argc, char **argv) {
    Options o = { 0 };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--tenant") && i + 1 < argc) o.tenant = argv[++i];
        else if (!strcmp(argv[i], "--as") && i + 1 < argc) o.as = argv[++i];
        else if (*argv[i] != '-' && !o.folder) o.folder = argv[i];
        else return command_misuse(argv[0], "\"%s\" is not understood", argv[i]);
    }
    if (!o.folder) return command_misuse(argv[0], "wants the folder of a backup");
    if (o.as && !o.tenant) return command_misuse(argv[0], "--as goes with --tenant");
    return command_run(COMMAND_ADMIN, restore_work, &o);
}
