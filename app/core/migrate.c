/*
 * Migrations and the making of tenants: see migrate.h.
 */
#include "app/core/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/command.h"
#include "app/core/core.h"
#include "lib/crypt.h"
#include "lib/date.h"

enum { FILES_MAX = 500, FILE_MAX = 16 * 1024 * 1024, LOCK_S = 30, LOCK_WAIT_S = 300 };

#define CHARSET "default character set utf8mb4 collate utf8mb4_unicode_520_ci"

/* --- scripts ------------------------------------------------------------------------------------------------------ */

/* Behind the text, name or comment that begins at s; NULL when none begins there. */
static const char *skip_quoted(const char *s) {
    if (*s == '\'' || *s == '"' || *s == '`') {
        for (const char *p = s + 1; *p; p++) {
            if (*p == '\\' && *s != '`' && p[1]) p++;
            else if (*p == *s && p[1] == *s) p++;
            else if (*p == *s) return p + 1;
        }
        return s + strlen(s);
    }
    if (*s == '#' || (s[0] == '-' && s[1] == '-' && (s[2] == ' ' || s[2] == '\n' || !s[2])))
        return s + strcspn(s, "\n");
    if (s[0] == '/' && s[1] == '*') {
        const char *end = strstr(s + 2, "*/");
        return end ? end + 2 : s + strlen(s);
    }
    return NULL;
}

static bool is_comment(const char *s) { return *s == '#' || *s == '-' || *s == '/'; }

bool script_next(const char **at, const char **statement, size_t *length) {
    const char *s = *at;
    for (;;) {                              /* blanks, comments and empty statements before it */
        s += strspn(s, " \t\r\n;");
        const char *behind = *s && is_comment(s) ? skip_quoted(s) : NULL;
        if (!behind) break;
        s = behind;
    }
    *statement = s;
    while (*s && *s != ';') {
        const char *behind = skip_quoted(s);
        s = behind ? behind : s + 1;
    }
    *length = (size_t)(s - *statement);
    *at = *s ? s + 1 : s;
    return *length > 0;
}

static char *file_read(Ctx *c, const char *path, size_t *size) {
    FILE *f = fopen(path, "re");
    struct stat s;
    if (!f || fstat(fileno(f), &s)) fail(c, BROKEN, "%s cannot be read: %s", path, strerror(errno));
    if (s.st_size > FILE_MAX) {
        fclose(f);
        fail(c, BROKEN, "%s is larger than %d MiB", path, FILE_MAX >> 20);
    }
    char *bytes = take(c, (size_t)s.st_size + 1);
    *size = fread(bytes, 1, (size_t)s.st_size, f);
    fclose(f);
    return bytes;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Names of the folder's .sql files without their ending, in order; *n = 0 when there is no such folder. */
static char **files_of(Ctx *c, const char *folder, size_t *n) {
    char **name = take_n(c, char *, FILES_MAX);
    *n = 0;
    DIR *d = opendir(folder);
    if (!d) return name;
    for (struct dirent *e; (e = readdir(d)) && *n < FILES_MAX;)
        if (!fnmatch("[0-9]*.sql", e->d_name, 0)) name[(*n)++] = text_copy_n(c, e->d_name, strlen(e->d_name) - 4);
    closedir(d);
    qsort(name, *n, sizeof *name, by_name);
    return name;
}

static void run_script(Ctx *c, const char *script) {
    const char *statement;
    size_t length;
    for (const char *at = script; script_next(&at, &statement, &length);)
        db_script(c, text_copy_n(c, statement, length), length);
}

/* --- one at a time ------------------------------------------------------------------------------------------------ */

/*
 * A lease in a row, renewed every few seconds by a child process: a guarded update holds on every kind of cluster, and
 * a migration that was killed leaves a lease that runs out. Long statements do not matter, because the child renews.
 */
static char lock_holder[120];

static bool lock_take(Ctx *c) {
    return db_run(c, "update smart360.migration_lock set holder=?, until_at=timestampadd(second, ?, utc_timestamp(6)) "
                     "where one=1 and (until_at < utc_timestamp(6) or holder=?)", lock_holder, LOCK_S,
                  lock_holder) == 1;
}

static void lock_renew(Ctx *c, void *arg) {
    const bool *end = arg;
    db_run(c, "update smart360.migration_lock set until_at=if(?, '2000-01-01', timestampadd(second, ?, "
              "utc_timestamp(6))) where one=1 and holder=?",
           *end, LOCK_S, lock_holder);
}

/* How often this process holds the lease: what makes a tenant migrates within a migration. */
static int lock_depth;

static void lock_leave(void *unused) {
    (void)unused;
    lock_depth--;
}

static void lock_end(void *keeper) {
    lock_depth--;
    pid_t pid = (pid_t)(intptr_t)keeper;
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

/* Renews until it is told to end, and then gives the lease back.
 * It has its own connection; the parent's stays untouched. */
static pid_t lock_keep(void) {
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid) {
        sigprocmask(SIG_UNBLOCK, &end, NULL);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    DbConfig db = installation_db(COMMAND_ADMIN);
    Ctx keeper = { .db = db_open(&db), .now = time_now() };
    db_use(&keeper, db.platform);
    for (bool ended = false; !ended;) {
        ended = sigtimedwait(&end, NULL, &(struct timespec){ .tv_sec = LOCK_S / 4 }) == SIGTERM;
        attempt(&keeper, lock_renew, &ended);
    }
    _exit(0);
}

#define LOCK_ROW(F, T) F(T, const char *, holder) F(T, Time, until_at)
ROW(LockRow, LOCK_ROW)

void migrate_lock(Ctx *c) {
    if (lock_depth) {
        lock_depth++;
        later(c, lock_leave, NULL);
        return;
    }
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    snprintf(lock_holder, sizeof lock_holder, "%s pid %d %s", host, (int)getpid(), random_hex(&c->mem, 4));
    for (int waited = 0; !lock_take(c); waited++) {
        LockRow *now = db_one(c, LockRow, "select holder, until_at from smart360.migration_lock where one=1");
        if (waited == LOCK_WAIT_S) fail(c, CONFLICT, "Another migration works: %s. Try again when it has ended.",
                                        now->holder);
        if (waited == 1) fprintf(stderr, "waiting for another migration: %s\n", now->holder);
        sleep(1);
    }
    lock_depth = 1;
    later(c, lock_end, (void *)(intptr_t)lock_keep());
}

/* --- rights of the application's user ----------------------------------------------------------------------------- */

/* select alone, or select and insert */
typedef struct Rule { bool platform; const char *table; bool insert; } Rule;
typedef struct Rules { Rule v[200]; size_t n; } Rules;

static void rule_add(Ctx *c, Rules *r, bool platform, const char *table, size_t n, bool insert) {
    if (r->n == sizeof r->v / sizeof *r->v) fail(c, BROKEN, "too many rules in grants.txt");
    r->v[r->n++] = (Rule){ platform, text_copy_n(c, table, n), insert };
}

/* The file's lines `schema table rights`, and the lines "-- append-only: a, b" of the migrations. */
static const Rules *grant_rules(Ctx *c) {
    Rules *r = take(c, sizeof *r);
    size_t n;
    char *line = file_read(c, text(c, "%s/grants.txt", installation()->sql_dir), &n);
    for (char *next = line; line && *line; line = next) {
        char schema[20], table[80], rights[80];
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        if (*line == '#' || sscanf(line, "%19s %79s %79[^\n]", schema, table, rights) != 3) continue;
        rule_add(c, r, !strcmp(schema, "platform"), table, strlen(table), strstr(rights, "insert") != NULL);
    }
    for (int platform = 0; platform <= 1; platform++) {
        const char *folder = text(c, "%s/%s", installation()->sql_dir, platform ? "platform" : "tenant");
        size_t files;
        char **file = files_of(c, folder, &files);
        for (size_t i = 0; i < files; i++) {
            const char *at = strstr(file_read(c, text(c, "%s/%s.sql", folder, file[i]), &n), "-- append-only:");
            if (!at) continue;
            for (at += 15, at += strspn(at, " "); *at && *at != '\n'; at += strspn(at, " ,")) {
                size_t word = strcspn(at, " ,\n");
                rule_add(c, r, platform, at, word, true);
                at += word;
            }
        }
    }
    return r;
}

static bool identifier_is_plain(const char *s) {
    return *s && strlen(s) <= 64
        && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(s);
}

#define GRANTED(F, T) F(T, const char *, table_name) F(T, const char *, rights)
ROW(GrantedRow, GRANTED)

static void grant_schema(Ctx *c, const char *schema, bool platform) {
    const Config *config = installation();
    const char *user = config->db_user;
    if (!strcmp(user, config->db_admin_user)) return;       /* a private instance: one user for all */
    if (!identifier_is_plain(user))
        fail(c, BROKEN, "db_user \"%s\" is not a plain name: grant its rights by hand (sql/grants.txt)", user);
    const char *account = text(c, "'%s'@'localhost'", user);
    GrantedRows l = db_all(c, GrantedRow, "select t.table_name, group_concat(lower(p.privilege_type) "
                                          "order by p.privilege_type separator ', ') rights "
        "from information_schema.tables t left join information_schema.table_privileges p on "
        "p.table_schema=t.table_schema and p.table_name=t.table_name and p.grantee=? "
        "where t.table_schema=? group by t.table_name", account, schema);
    const Rules *rules = grant_rules(c);
    for (size_t i = 0; i < l.n; i++) {
        const char *want = "delete, insert, select, update";
        for (size_t k = 0; k < rules->n; k++)
            if (rules->v[k].platform == platform && !strcmp(rules->v[k].table, l.v[i].table_name))
                want = rules->v[k].insert ? "insert, select" : "select";
        if (l.v[i].rights && !strcmp(l.v[i].rights, want)) continue;
        const char *sql;
        if (l.v[i].rights) {
            sql = text(c, "revoke all privileges on `%s`.`%s` from %s", schema, l.v[i].table_name, account);
            db_script(c, sql, strlen(sql));
        }
        sql = text(c, "grant %s on `%s`.`%s` to %s", want, schema, l.v[i].table_name, account);
        db_script(c, sql, strlen(sql));
    }
}

/* The application's user, when it is not there yet: by its password, or by the system user of the same name. */
static void user_create(Ctx *c) {
    const Config *config = installation();
    if (!strcmp(config->db_user, config->db_admin_user) || !identifier_is_plain(config->db_user)) return;
    const char *password = config->db_password;
    if (password && strpbrk(password, "'\\"))
        fail(c, BROKEN, "db_password holds a quote or a backslash: make the user %s by hand", config->db_user);
    const char *sql = password && *password
        ? text(c, "create user if not exists '%s'@'localhost' identified by '%s'", config->db_user, password)
        : text(c, "create user if not exists '%s'@'localhost' identified via unix_socket", config->db_user);
    db_script(c, sql, strlen(sql));
}

/* --- migrating ---------------------------------------------------------------------------------------------------- */

#define APPLIED(F, T) F(T, const char *, name) F(T, Bytes, sha256)
ROW(AppliedRow, APPLIED)

/* Applies what is missing in c's schema; returns how many files. */
static int migrate_schema(Ctx *c, const char *folder, const char *called) {
    const char *path = text(c, "%s/%s", installation()->sql_dir, folder);
    size_t n, size;
    char **name = files_of(c, path, &n);
    if (!n) fail(c, BROKEN, "there are no migrations in %s", path);
    static const char record[] = "create table if not exists schema_migration (name varchar(120) collate "
                                 "utf8mb4_bin not null primary key, "
                                 "sha256 binary(32) not null, applied_at datetime(6) not null "
                                 "default (utc_timestamp(6)))";
    db_script(c, record, sizeof record - 1);
    AppliedRows applied = db_all(c, AppliedRow, "select name, sha256 from schema_migration");
    int done = 0;
    for (size_t i = 0; i < n; i++) {
        char *script = file_read(c, text(c, "%s/%s.sql", path, name[i]), &size);
        uint8_t hash[DIGEST_MAX];
        digest(SHA256, bytes_at(script, size), hash);
        const AppliedRow *was = NULL;
        for (size_t k = 0; k < applied.n; k++)
            if (!strcmp(applied.v[k].name, name[i])) was = &applied.v[k];
        if (was && (was->sha256.n != 32 || memcmp(was->sha256.p, hash, 32)))
            fail(c, BROKEN, "%s: %s.sql was changed after it had been applied. Write a new migration instead.", called,
                 name[i]);
        if (was) continue;
        run_script(c, script);
        db_run(c, "insert into schema_migration (name, sha256) values (?,?) "
                  "on duplicate key update sha256=values(sha256)", name[i], bytes_at(hash, 32));
        done++;
    }
    return done;
}

int migrate_platform(Ctx *c) {
    static const char schema[] = "create database if not exists smart360 " CHARSET;
    static const char lock[] = "create table if not exists smart360.migration_lock (one tinyint not null "
                               "primary key check (one = 1), "
                               "holder varchar(120) not null, until_at datetime(6) not null)";
    db_use(c, "information_schema");
    db_script(c, schema, sizeof schema - 1);
    db_script(c, lock, sizeof lock - 1);
    db_use(c, "smart360");
    db_add(c, "insert into smart360.migration_lock (one, holder, until_at) values (1, '', '2000-01-01')");
    migrate_lock(c);
    user_create(c);
    int done = migrate_schema(c, "platform", "platform");
    seed_run(c, "platform");
    grant_schema(c, "smart360", true);
    return done;
}

int migrate_tenant(Ctx *c, const TenantRow *tenant) {
    if (!identifier_is_plain(tenant->schema_name))
        fail(c, BROKEN, "tenant %s has the schema name \"%s\"", tenant->slug, tenant->schema_name);
    const char *sql = text(c, "create database if not exists `%s` " CHARSET, tenant->schema_name);
    db_use(c, "smart360");
    db_script(c, sql, strlen(sql));
    db_use(c, tenant->schema_name);
    int done = migrate_schema(c, "tenant", tenant->slug);
    grant_schema(c, tenant->schema_name, false);
    db_use(c, "smart360");
    return done;
}

typedef struct MigrateOptions { const char *only; } MigrateOptions;

static void migrate_work(Ctx *c, void *arg) {
    const MigrateOptions *o = arg;
    int done = migrate_platform(c);
    printf("platform: %d applied\n", done);
    if (!o->only || strcmp(o->only, "platform")) {
        TenantRows l = tenants_all(c);
        size_t met = 0;
        for (size_t i = 0; i < l.n; i++) {
            if (o->only && strcmp(o->only, l.v[i].slug)) continue;
            met++;
            ArenaMark m = mark(c);
            printf("%s: %d applied\n", l.v[i].slug, migrate_tenant(c, &l.v[i]));
            fflush(stdout);
            rewind_to(c, m);
            c->schema = NULL;               /* stood in what was rewound */
        }
        if (o->only && !met) fail(c, NOT_FOUND, "There is no tenant %s.", o->only);
    }
}

int migrate_command(int argc, char **argv) {
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return command_misuse(argv[0], "takes nothing, \"platform\" or a tenant's name");
    MigrateOptions o = { argc == 2 ? argv[1] : NULL };
    installation_keys();                    /* made when absent */
    return command_run(COMMAND_ADMIN, migrate_work, &o);
}

/* --- seeds -------------------------------------------------------------------------------------------------------- */

void seed_run(Ctx *c, const char *folder) {
    const char *path = text(c, "%s/seed/%s", installation()->sql_dir, folder);
    size_t n, size;
    char **name = files_of(c, path, &n);
    for (size_t i = 0; i < n; i++) run_script(c, file_read(c, text(c, "%s/%s.sql", path, name[i]), &size));
}

void utility_seed(Ctx *c, Id utility) {
    const Utility *u = utility_get(c, utility);
    db_run(c, "set @utility_id = ?, @today = ?, @user_id = ?", u->id, time_date(zone_find(u->time_zone), c->now),
           c->user);
    seed_run(c, "utility");
}

/* --- tenants ------------------------------------------------------------------------------------------------------ */

static void stage(Ctx *c, Id tenant, const char *name) {
    db_run(c, "update smart360.tenant set provisioning_stage=? where id=?", name, tenant);
}

static bool slug_is_good(const char *s) {
    size_t n = strlen(s);
    return n >= 2 && n <= 31 && *s >= 'a' && *s <= 'z' && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

Id tenant_create(Ctx *c, const NewTenant *t) {
    if (!slug_is_good(t->slug))
        fail(c, INVALID, "\"%s\" cannot be a tenant's name: 2 to 31 of a-z, 0-9 and -, a letter first.", t->slug);
    if (!t->name || !*t->name || strlen(t->name) > 150)
        fail(c, INVALID, "The name of the organization has 1 to 150 characters.");
    if (!t->admin_email || !strchr(t->admin_email, '@'))
        fail(c, INVALID, "\"%s\" is no mail address.", t->admin_email ? t->admin_email : "");
    TenantRow *row = tenant_by_slug(c, t->slug);
    if (row && strcmp(row->status, "provisioning") && strcmp(row->status, "failed"))
        fail(c, CONFLICT, "There is a tenant %s already: %s.", row->slug, row->name);
    if (!row) {
        const char *key = data_key_new(&c->mem, installation_keys(), t->slug);
        if (!db_add(c, "insert into smart360.tenant (slug, name, schema_name, data_key, admin_email, country, "
                       "provisioning_stage) values (?,?,?,?,?,?,'row')",
                    t->slug, t->name, text(c, "smart360_t_%s", t->slug), bytes_of(key), t->admin_email, t->country))
            fail(c, CONFLICT, "There is a tenant with the name %s already.", t->name);
        row = tenant_by_slug(c, t->slug);
    }
    stage(c, row->id, "schema");
    migrate_tenant(c, row);
    stage(c, row->id, "seed");
    tenant_enter(c, row);
    db_add(c, "insert into organization_setting (name, admin_email, country) values (?,?,?)", t->name, t->admin_email,
           t->country);
    seed_run(c, "tenant");
    db_run(c, "update smart360.tenant set status='active', provisioning_stage=?, activated_at=?, updated_at=?, "
              "row_version=row_version+1 where id=?", t->stage, c->now, c->now, row->id);
    tenant_leave(c);
    return row->id;
}

static void tenant_create_work(Ctx *c, void *arg) {
    const NewTenant *t = arg;
    migrate_platform(c);
    tenant_create(c, t);
    printf("%s: made (%s)\n", t->slug, t->name);
}

/* For the job that archives: only what was cancelled, approved by two people, dumped and marked, so that nobody takes
   it back meanwhile (app/platform/archive.c). */
static void tenant_drop_work(Ctx *c, void *slug) {
    TenantRow *t = tenant_by_slug(c, slug);
    if (!t) fail(c, NOT_FOUND, "There is no tenant %s.", (const char *)slug);
    if (!identifier_is_plain(t->schema_name)) fail(c, BROKEN, "the schema name \"%s\"", t->schema_name);
    if (!db_int(c, "select status = 'cancelled' and archive_approved_by is not null "
                   "and archive_approved2_by is not null "
                   "and archive_approved_by <> archive_approved2_by and archive_sha256 is not null "
                   "and coalesce(provisioning_stage = 'archive: removing', 0) "
                   "from smart360.tenant where id = ?", t->id))
        fail(c, CONFLICT, "%s is not cancelled, approved by two people and dumped.", t->slug);
    const char *sql = text(c, "drop database if exists `%s`", t->schema_name);
    db_script(c, sql, strlen(sql));
    printf("%s: gone\n", t->slug);
}

static void tenant_wake_work(Ctx *c, void *slug) {
    TenantRow *t = tenant_by_slug(c, slug);
    if (!t) fail(c, NOT_FOUND, "There is no tenant %s.", (const char *)slug);
    db_run(c, "delete from smart360.platform_setting where name=concat('quiet.', ?)", t->id.id);
    db_run(c, "update smart360.tenant set status='active', suspended_at=null, updated_at=?, row_version=row_version+1 "
              "where id=? and status='suspended'", c->now, t->id);
    printf("%s: active\n", t->slug);
}

static void tenant_list_work(Ctx *c, void *arg) {
    (void)arg;
    TenantRows l = db_all(c, TenantRow, "select id, slug, name, status, schema_name, admin_email, provisioning_stage "
                                        "from smart360.tenant order by slug");
    for (size_t i = 0; i < l.n; i++)
        printf("%-20s %-12s %s%s%s\n", l.v[i].slug, l.v[i].status, l.v[i].name, l.v[i].provisioning_stage
               ? ", at " : "", l.v[i].provisioning_stage ? l.v[i].provisioning_stage : "");
}

int tenant_command(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "list")) return command_run(COMMAND_APP, tenant_list_work, NULL);
    if (argc == 3 && !strcmp(argv[1], "drop")) return command_run(COMMAND_ADMIN, tenant_drop_work, argv[2]);
    if (argc == 3 && !strcmp(argv[1], "wake")) return command_run(COMMAND_APP, tenant_wake_work, argv[2]);
    if (argc < 3 || strcmp(argv[1], "create"))
        return command_misuse(argv[0], "is followed by \"list\", \"wake SLUG\", \"drop SLUG\" "
                                       "or \"create SLUG --name NAME --admin-email MAIL\"");
    NewTenant t = { .slug = argv[2] };
    for (int i = 3; i < argc; i += 2) {
        const char **to = !strcmp(argv[i], "--name") ? &t.name : !strcmp(argv[i], "--admin-email") ? &t.admin_email
            : !strcmp(argv[i], "--country") ? &t.country : !strcmp(argv[i], "--stage") ? &t.stage : NULL;
        if (!to) return command_misuse(argv[0], "there is no option \"%s\"", argv[i]);
        if (i + 1 == argc) return command_misuse(argv[0], "%s wants a value", argv[i]);
        *to = argv[i + 1];
    }
    if (!t.name || !t.admin_email) return command_misuse(argv[0], "--name and --admin-email are wanted");
    return command_run(COMMAND_ADMIN, tenant_create_work, &t);
}
