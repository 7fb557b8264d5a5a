/*
 * `smart360 fixture`: see fixture.h.
 */
#include "app/core/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/core/core.h"
#include "app/core/migrate.h"

#define DEMO_PASSWORD "Correct-Horse-7788"
#define DEMO_TOTP     "12345678901234567890"

static char *read_file(Ctx *c, const char *path) {
    FILE *f = fopen(path, "re");
    if (!f) fail(c, NOT_FOUND, "%s cannot be read.", path);
    Text t = text_start(c);
    char buffer[65536];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) text_add_n(&t, buffer, n);
    fclose(f);
    text_add(&t, "");
    return t.s;
}

static void run_statements(Ctx *c, const char *sql) {
    const char *statement;
    for (size_t n; script_next(&sql, &statement, &n);) db_script(c, statement, n);
}

/* "-- run: seed/utility" stands for the files of a folder below sql, or for one file. */
void seeds_run(Ctx *c, const char *name) {
    const char *path = text(c, "%s/%s", installation()->sql_dir, name);
    struct dirent **files;
    int n = scandir(path, &files, NULL, alphasort);
    if (n < 0) {
        run_statements(c, read_file(c, path));
        return;
    }
    char **names = take_n(c, char *, (size_t)n);
    for (int i = 0; i < n; i++) {
        names[i] = text_copy(c, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    for (int i = 0; i < n; i++)
        if (strstr(names[i], ".sql")) run_statements(c, read_file(c, text(c, "%s/%s", path, names[i])));
}

static void run_fixture(Ctx *c, const char *sql) {
    for (const char *at = sql; *at;) {
        const char *mark_ = strstr(at, "\n-- run: ");
        run_statements(c, mark_ ? text_copy_n(c, at, (size_t)(mark_ - at) + 1) : at);
        if (!mark_) break;
        at = mark_ + strlen("\n-- run: ");
        size_t n = strcspn(at, "\n");
        seeds_run(c, text_copy_n(c, at, n));
        at += n;
    }
}

static void set_variables(Ctx *c) {
    Bytes totp = vault_seal(c, "mfa_factor.secret", DEMO_TOTP),
        gateway = vault_seal(c, "gateway_account.webhook_secret", "sandbox-webhook-secret"),
          provider = vault_seal(c, "message_provider.webhook_secret", "sandbox-provider-secret");
    Bytes stripe = vault_seal(c, "gateway_account.credentials",
                              "{\"secret_key\":\"sk_test_double\",\"publishable_key\":\"pk_test_double\"}"),
          stripe_hook = vault_seal(c, "gateway_account.webhook_secret", "whsec_test_double");
    Id tenant = c->tenant;
    const char *slug = c->tenant_slug;
    c->tenant = (Id){ 0 };
    facts_forget(c);
    Bytes platform = vault_seal(c, "mfa_factor.secret", DEMO_TOTP);
    c->tenant = tenant;
    c->tenant_slug = slug;
    facts_forget(c);
    db_run(c, "set @tenant_id = ?, @password_hash = ?, @totp_secret_enc = ?, @platform_totp_secret_enc = ?, "
              "@gateway_secret_enc = ?, @provider_secret_enc = ?, @stripe_credentials_enc = ?, @stripe_secret_enc = ?",
           tenant, password_hash(&c->mem, DEMO_PASSWORD), totp, platform, gateway, provider, stripe, stripe_hook);
}

void fixture_load(Ctx *c, const char *set) {
    if (!installation()->sandbox) fail(c, DENIED, "Fixtures are for sandbox installations only.");
    if (strspn(set, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(set))
        fail(c, INVALID, "\"%s\" is no fixture set.", set);
    migrate_platform(c);
    if (!tenant_by_slug(c, "swa"))
        tenant_create(c, &(NewTenant){ .slug = "swa", .name = "San Francisco Water Authority",
                                       .admin_email = "admin@sfwater.org", .country = "US" });
    TenantRow *t = tenant_by_slug(c, "swa");
    tenant_enter(c, t);
    set_variables(c);
    if (!strcmp(set, "BASE")) db_run(c, "delete from organization_setting");     /* BASE brings its own */
    run_fixture(c, read_file(c, text(c, "%s/fixtures/%s.sql", installation()->sql_dir, set)));
    db_script(c, "set timestamp = default", strlen("set timestamp = default"));
    /* the script is not watched */
    db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
    tenant_leave(c);
}

static void work(Ctx *c, void *arg) {
    fixture_load(c, arg);
    printf("%s: loaded\n", (const char *)arg);
}

int fixture_command(int argc, char **argv) {
    if (argc != 2) return command_misuse(argv[0], "is followed by the name of one set, as BASE");
    return command_run(COMMAND_ADMIN, work, argv[1]);
}
