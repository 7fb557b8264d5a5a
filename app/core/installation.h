/*
 * The installation this process belongs to: its configuration, its keys, its tenants, and a Ctx for a command.
 *
 *   int seal_command(int argc, char **argv) { return command_run(COMMAND_APP, work, &options); }
 *   static void work(Ctx *c, void *arg) { TenantRows l = tenants_all(c); for (...) { tenant_enter(c, &l.v[i]); ... } }
 *
 * A tenant's data lie in its schema (I14); tenant_enter is the only way there outside of a request.
 */
#ifndef APP_CORE_INSTALLATION_H
#define APP_CORE_INSTALLATION_H

#include "lib/config.h"
#include "lib/crypt.h"
#include "lib/ctx.h"
#include "lib/db.h"

/* The configuration of this process; log, clock and numbers are set up by it at the first call. Ends the process with a
   clear text when it cannot be used. */
const Config *installation(void);
/* The ring of master keys; the key file is made when it is absent. Ends the process when it cannot be read. */
const Keys   *installation_keys(void);
/* How to connect: as the application (no DDL), the same without a time limit on statements, or as the administrator of
   the database (no limit either). */
typedef enum { COMMAND_APP, COMMAND_LONG, COMMAND_ADMIN } CommandUser;
DbConfig      installation_db(CommandUser user);

/* A Ctx for a command: memory, database session in the platform's schema, the clock. One at a time in a process. */
Ctx *command_ctx(CommandUser user);
/* Runs work with such a Ctx; a failure is printed to standard error. The exit status: 0, or 1 when it failed. */
int  command_run(CommandUser user, void (*work)(Ctx *c, void *arg), void *arg);
/* Runs a command of the program as a process of its own and waits for it; `words` are the command and what follows it,
   ended by NULL. For what the database's administrator alone may do. True when it ended well. */
bool command_child(Ctx *c, const char *const *words);
/* Prints what c->failure says, as commands do. */
void command_failed(const Ctx *c, const char *command);

/* --- tenants ------------------------------------------------------------------------------------------------------ */

#define TENANT_ROW(F, T) F(T, Id, id) F(T, const char *, slug) F(T, const char *, name) F(T, const char *, status) \
    F(T, const char *, schema_name) F(T, const char *, admin_email) F(T, const char *, provisioning_stage)
ROW(TenantRow, TENANT_ROW)

/* NULL when there is none. */
TenantRow *tenant_by_slug(Ctx *c, const char *slug);
TenantRow *tenant_by_id  (Ctx *c, Id id);
/* Its folder below documents_dir, that of its schema: it stays when the name in addresses is corrected. */
const char *tenant_folder(const char *schema_name);
/* Those that have a schema (not archived, not half made), by slug. */
TenantRows tenants_all(Ctx *c);
/* Those whose recurring jobs are run: not cancelled ones and not copies that were brought back (quiet). */
TenantRows tenants_served(Ctx *c);
/* Those whose events are delivered, or `one` of them: cancelled ones too, whose books must stand whole as long as they
   are kept (a payment that was under way is put on its bill by an event); not copies. */
TenantRows tenants_heard (Ctx *c, Id one);
/* c works in this tenant from now on: schema, slug, locale; at tenant level. The row must outlive the use of c. */
void tenant_enter(Ctx *c, const TenantRow *tenant);
/* Like tenant_by_slug and tenant_enter, and utilities and organization are known after it: one small statement, for
   requests (one at a time in a process: what it knows is of the last). NULL when there is no such tenant or it is not
   served. */
const TenantRow *place_enter(Ctx *c, const char *slug);
/* The same by a statement of the caller's, who wants more by it: `ask` fills in the tenant's row and the version of
   what workers keep (security_policy.rights_version, 0: none); false when there is no such tenant. It runs in the
   tenant's schema, is not called where that is not known yet, and its rows may turn out to be another tenant's. */
typedef struct PlaceFound { TenantRow tenant; int64_t version; } PlaceFound;
typedef bool (*PlaceAsk)(Ctx *c, const char *slug, PlaceFound *to, void *arg);
const TenantRow *place_enter_by(Ctx *c, const char *slug, PlaceAsk ask, void *arg);
/* Back to the platform. */
void tenant_leave(Ctx *c);

/* --- facts of one piece of work ----------------------------------------------------------------------------------- */

/* What was read once for this Ctx (rights, settings, utilities): kept until its memory is rewound past the moment of
   keeping. `kind` is a literal of ours. NULL when it was not kept. */
void *fact_get(Ctx *c, const char *kind, int64_t id);
void *fact_keep(Ctx *c, const char *kind, int64_t id, void *value);     /* value */
void  facts_forget(Ctx *c);

#endif
