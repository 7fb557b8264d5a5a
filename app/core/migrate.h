/*
 * Migrations: numbered files of SQL, applied in order of their names to the platform's schema and to each tenant's
 * (docs/data.md). Every file can run twice, so a migration that was cut off is simply run again; one at a time works.
 * After each the application's database user gets its rights table by table: never DDL, on append-only tables select
 * and insert alone (I3).
 */
#ifndef APP_CORE_MIGRATE_H
#define APP_CORE_MIGRATE_H

#include "app/core/installation.h"

/* Makes the platform's schema when it is missing and applies what
 * is not there; returns how many files. c is of COMMAND_ADMIN. */
int migrate_platform(Ctx *c);
/* The same for one tenant; c is in the platform's schema before and after. */
int migrate_tenant(Ctx *c, const TenantRow *tenant);
/* Fails CONFLICT when another migration works and does not end in time; held until c's memory is rewound. */
void migrate_lock(Ctx *c);

/* Runs the files of sql/seed/<folder> in c's schema. Session variables (@utility_id ...) are set by the caller. */
void seed_run(Ctx *c, const char *folder);
/* The seeds of a utility (roles, number formats, calendar ...): each runs once or again without harm. */
void utility_seed(Ctx *c, Id utility);

/* The next statement of a script at *at, without its semicolon; false at the end. Semicolons in texts, names and
   comments end nothing. */
bool script_next(const char **at, const char **statement, size_t *length);

/* Makes the tenant: row, schema, migrations, seeds, organization. Goes on where an earlier try stopped. `stage`: what
   stays to be done by the caller, NULL: nothing. */
typedef struct { const char *slug, *name, *admin_email, *country, *stage; } NewTenant;
Id   tenant_create(Ctx *c, const NewTenant *tenant);

int  migrate_command(int argc, char **argv);
int  tenant_command (int argc, char **argv);

#endif
