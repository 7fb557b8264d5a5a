/*
 * `smart360 lint`, `routes` and `states`: what the program declares, proved against a migrated schema.
 */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/core/front.h"
#include "app/modules.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/record.h"

static int wrong_n;

static void wrong(const char *file, int line, const char *what, const char *why) {
    wrong_n++;
    printf("%s:%d: %s: %s\n", file, line, what, why);
}

/* Statements of the platform name its schema; all others run in a tenant's. */
static void check_statements(Ctx *c) {
    int n = 0;
    for (const DbSite *const *s = __start_s360_sql; s < __stop_s360_sql; s++, n++) {
        ArenaMark m = mark(c);
        const char *why = db_prepare_check(c, *s);
        if (why) wrong((*s)->file, (*s)->line, (*s)->sql, why);
        rewind_to(c, m);
    }
    printf("%d statements\n", n);
}

static void check_resources(Ctx *c) {
    int n = 0;
    for (const Module *const *m = modules; *m; m++)
        for (const Route *r = (*m)->routes; r && r->method; r++) {
            if (!r->resource) continue;
            const char *why = resource_check(c, r->resource);
            if (why) wrong(r->file, r->line, r->resource->table, why);
            n++;
        }
    printf("%d resources\n", n);
}

static bool key_exists(Ctx *c, const char *key) {
    return !strncmp(key, "platform.", 9) || db_int(c, "select count(*) from permission where resource = ?", key);
}

static void check_route(void *ctx, const Route *r) {
    Ctx *c = ctx;
    if (r->key && !key_exists(c, r->key))
        wrong(r->file, r->line, r->path, text(c, "there is no permission key %s", r->key));
}

static void check_machines(Ctx *c) {
    for (const Module *const *m = modules; *m; m++)
        for (const Machine *const *one = (*m)->machines; one && *one; one++)
            if (!key_exists(c, (*one)->feature))
                wrong((*one)->name, 0, "machine", text(c, "there is no permission key %s", (*one)->feature));
}

/* A column that looks like an id, a hash or a secret is named as a reference or stays behind. */
static bool looks_kept_back(const char *column) {
    static const char *const ends[] = { "_id", "_ids", "_by", "_enc", "_hash", "sha256", NULL };
    size_t n = strlen(column);
    for (const char *const *e = ends; *e; e++)
        if (n > strlen(*e) && !strcmp(column + n - strlen(*e), *e)) return true;
    return strstr(column, "secret") || strstr(column, "password");
}

static bool names(const char *words, const char *column, const char *behind) {
    size_t n = strlen(column);
    for (const char *s = words; s && (s = strstr(s, column)); s += n)
        if ((s == words || s[-1] == ' ') && (s[n] == 0 || strchr(behind, s[n]))) return true;
    return false;
}

/* What is said to be configuration: its table is there, every key and reference is a column, no id goes along. */
static void check_configuration(Ctx *c) {
    const ConfigKind *k;
    int n = 0;
    for (size_t i = 0; (k = config_kind(i)); i++, n++) {
        ArenaMark m = mark(c);
        const RecordTable *t = record_table(c, k->table);
        for (size_t x = 0; x < t->n && !k->is_fixed; x++) {
            const char *name = t->column[x].name;
            if (looks_kept_back(name) && !names(k->refs, name, ">") && !names(k->without, name, " "))
                wrong(k->kind, 0, "configuration", text(c, "%s is neither a reference nor left behind", name));
        }
        if (!t->has_utility && !k->owner && !k->is_fixed)
            wrong(k->kind, 0, "configuration", "a table without utility_id names its owner");
        if (!msg_exists(text(c, "config.%s", k->kind)))
            wrong(k->kind, 0, "configuration", text(c, "the messages have no config.%s", k->kind));
        rewind_to(c, m);
    }
    printf("%d kinds of configuration\n", n);
}

static void check_all(Ctx *c, void *arg) {
    (void)arg;
    TenantRows tenants = tenants_all(c);
    if (!tenants.n) fail(c, NOT_FOUND, "lint wants a tenant with a migrated schema (smart360 fixture BASE).");
    tenant_enter(c, &tenants.v[0]);
    Id utility = db_id(c, "select min(id) from utility");
    if (utility.id) utility_enter(c, utility);
    check_statements(c);
    check_resources(c);
    web_list_routes(check_route, c);
    check_machines(c);
    check_configuration(c);
    const char *why = pages_load(&c->mem, installation()->views_dir);
    if (why) wrong("views", 0, "templates", why);
    if (wrong_n) fail(c, INVALID, "%d wrong", wrong_n);
    puts("nothing wrong");
}

int lint_command(int argc, char **argv) {
    if (argc > 1) return command_misuse(argv[0], "takes no arguments");
    int status = program_start();
    return status ? status : command_run(COMMAND_ADMIN, check_all, NULL);
}

static const char *scope_word(Scope s) {
    static const char *const words[] = { "/u/*", "/p/*", "tenant", "platform", "any" };
    return words[s];
}

static void print_route(void *arg, const Route *r) {
    (void)arg;
    unsigned a = r->action;
    const char *right = a & OPEN ? "open" : a & SIGNED_IN ? "signed in" : r->key;
    printf("%-5s %-9s %-60s %s%s%s%s%s%s%s\n", r->method, scope_word(r->scope), r->path, right, a & VIEW ? ":view" : "",
           a & CREATE ? ":create" : "", a & EDIT ? ":edit" : "",
           a & DELETE ? ":delete" : "", a & APPROVE ? ":approve" : "", a & EXPORT ? ":export" : "");
}

int routes_command(int argc, char **argv) {
    if (argc > 1) return command_misuse(argv[0], "takes no arguments");
    int status = program_start();
    if (!status) web_list_routes(print_route, NULL);
    return status;
}

static void print_line(void *arg, const char *line) {
    (void)arg;
    puts(line);
}

int states_command(int argc, char **argv) {
    if (argc > 1) return command_misuse(argv[0], "takes no arguments");
    for (const Module *const *m = modules; *m; m++)
        for (const Machine *const *one = (*m)->machines; one && *one; one++) machine_draw(*one, print_line, NULL);
    return 0;
}
