/*
 * The installation, its tenants and the Ctx of a command: see installation.h.
 */
#include "app/core/installation.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/command.h"
#include "app/core/core.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/log.h"
#include "lib/outgoing.h"

/* --- configuration and keys --------------------------------------------------------------------------------------- */

static LogLevel level_of(const char *word) {
    switch (*word) {
    case 'd': return LOG_DEBUG;
    case 'w': return LOG_WARN;
    case 'e': return LOG_ERROR;
    default:  return LOG_INFO;
    }
}

const Config *installation(void) {
    static const Config *config;
    if (config) return config;
    config = config_use();
    log_level(level_of(config->log_level));
    if (config->log_file && !log_open(config->log_file)) {
        fprintf(stderr, "smart360: the log file %s cannot be opened\n", config->log_file);
        exit(2);
    }
    clock_use_file(config->sandbox ? config->clock_file : NULL);
    outgoing_rules((OutgoingRules){ .production = !config->sandbox, .allowed = config->outgoing_allowed });
    return config;
}

const Keys *installation_keys(void) {
    static Keys keys;
    if (keys.n) return &keys;
    const char *file = installation()->key_file;
    const char *problem = access(file, F_OK) ? keys_add(file) : NULL;
    if (!problem) problem = keys_read(&keys, file);
    if (!problem) return &keys;
    fprintf(stderr, "smart360: key file %s: %s\n", file, problem);
    exit(2);
}

DbConfig installation_db(CommandUser user) {
    const Config *config = installation();
    DbConfig db = { .socket = config->db_socket, .user = config->db_user, .password = config->db_password,
                    .platform = config->db_platform, .statement_time_s = user == COMMAND_APP ? 10 : 0 };
    if (user == COMMAND_ADMIN) {
        db.user = config->db_admin_user;
        db.password = config->db_admin_password;
    }
    return db;
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

int command_misuse(const char *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "smart360 %s: ", command);
    vfprintf(stderr, format, args);
    fprintf(stderr, " (smart360 help %s)\n", command);
    va_end(args);
    return 2;
}

Ctx *command_ctx(CommandUser user) {
    static Ctx c;
    DbConfig db = installation_db(user);
    if (c.db) db_close(c.db);
    arena_reset(&c.mem);
    c = (Ctx){ .mem = c.mem, .db = db_open(&db), .now = clock_now(), .language = "en" };
    c.locale = locale_new(&c.mem, (LocaleSettings){ 0 });
    snprintf(c.request_no, sizeof c.request_no, "%s", "command");
    db_use(&c, db.platform);
    return &c;
}

void command_failed(const Ctx *c, const char *command) {
    const Failure *f = &c->failure;
    bool ours = f->status == BROKEN || f->status == RETRY || f->status == UNKNOWN;
    fprintf(stderr, "smart360%s%s: %s", command ? " " : "", command ? command : "", f->text ? f->text : "failed");
    if (ours) fprintf(stderr, " (%s:%d)", f->file, f->line);
    fputc('\n', stderr);
}

int command_run(CommandUser user, void (*work)(Ctx *c, void *arg), void *arg) {
    Ctx *c = command_ctx(user);
    bool done = attempt(c, work, arg);
    if (!done) command_failed(c, NULL);
    fflush(stdout);
    db_close(c->db);
    c->db = NULL;
    arena_end(&c->mem);
    return done ? 0 : 1;
}

bool command_child(Ctx *c, const char *const *words) {
    const char *args[16] = { "smart360", "--config", installation()->file };
    size_t n = 3;
    for (; *words && n < 15; words++) args[n++] = *words;
    pid_t pid = fork();
    if (pid < 0) fail(c, DOWN, "no process: %s", strerror(errno));
    if (!pid) {
        execv("/proc/self/exe", (char *const *)(uintptr_t)args);
        _exit(127);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* --- tenants ------------------------------------------------------------------------------------------------------ */

TenantRow *tenant_by_slug(Ctx *c, const char *slug) {
    return db_find(c, TenantRow, "select id, slug, name, status, schema_name, admin_email, provisioning_stage "
                                 "from smart360.tenant where slug=?", slug);
}

TenantRow *tenant_by_id(Ctx *c, Id id) {
    return db_find(c, TenantRow, "select id, slug, name, status, schema_name, admin_email, provisioning_stage "
                                 "from smart360.tenant where id=?", id);
}

const char *tenant_folder(const char *schema_name) {
    static const char prefix[] = "smart360_t_";
    return strncmp(schema_name, prefix, sizeof prefix - 1) ? schema_name : schema_name + sizeof prefix - 1;
}

TenantRows tenants_all(Ctx *c) {
    return db_all(c, TenantRow, "select id, slug, name, status, schema_name, admin_email, provisioning_stage "
                                "from smart360.tenant "
                                "where status not in ('provisioning', 'failed', 'archived') order by slug");
}

TenantRows tenants_served(Ctx *c) {
    return db_all(c, TenantRow, "select id, slug, name, status, schema_name, admin_email, provisioning_stage "
                                "from smart360.tenant "
                                "where status not in ('provisioning', 'failed', 'archived', 'cancelled') "
                                "and not exists (select 1 from smart360.platform_setting p "
                                "where p.name=concat('quiet.', tenant.id)) order by slug");
}

TenantRows tenants_heard(Ctx *c, Id one) {
    return db_all(c, TenantRow, "select id, slug, name, status, schema_name, admin_email, provisioning_stage "
                                "from smart360.tenant "
                                "where status not in ('provisioning', 'failed', 'archived') and (? is null or id=?) "
                                "and not exists (select 1 from smart360.platform_setting p "
                                "where p.name=concat('quiet.', tenant.id)) order by slug", one, one);
}

void tenant_enter(Ctx *c, const TenantRow *tenant) {
    facts_forget(c);
    db_use(c, tenant->schema_name);
    c->tenant = tenant->id;
    c->tenant_slug = tenant->slug;
    utility_enter(c, (Id){ 0 });
}

void tenant_leave(Ctx *c) {
    facts_forget(c);
    db_use(c, installation()->db_platform);
    c->tenant = (Id){ 0 };
    c->tenant_slug = NULL;
    c->utility = (Id){ 0 };
    c->utility_code = NULL;
    c->language = "en";
    c->locale = locale_new(&c->mem, (LocaleSettings){ 0 });
}

/* --- facts -------------------------------------------------------------------------------------------------------- */

typedef struct Fact { struct Fact *next; Ctx *c; const char *kind; int64_t id, tenant; void *value; } Fact;

/* Facts stand newest first, as their memory does: what is rewound is at the head. */
static void forget(void *fact) {
    Fact *f = fact;
    for (Fact *at = f->c->cache; at; at = at->next)
        if (at == f) f->c->cache = f->next;
}

void facts_forget(Ctx *c) { c->cache = NULL; }

void *fact_get(Ctx *c, const char *kind, int64_t id) {
    for (Fact *f = c->cache; f; f = f->next)
        if (f->id == id && f->tenant == c->tenant.id && !strcmp(f->kind, kind)) return f->value;
    return NULL;
}

/* Whatever is kept dies with the memory it stands in: the hook
 * takes it from the list when the arena is rewound past here. */
void *fact_keep(Ctx *c, const char *kind, int64_t id, void *value) {
    Fact *f = take(c, sizeof *f);
    *f = (Fact){ c->cache, c, kind, id, c->tenant.id, value };
    c->cache = f;
    later(c, forget, f);
    return value;
}
