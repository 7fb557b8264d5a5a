/*
 * Backup and restore of all tenants or of one (faults F27, F28).
 *
 * A backup is a folder: manifest.json, platform.sql.gz, and for each tenant <slug>.sql.gz with its documents under
 * documents/<slug>. All schemas are dumped in one consistent snapshot while the product serves. The master keys are
 * listed by number, not copied, unless --keys asks for it: whoever holds both can read every secret.
 */
#ifndef APP_CORE_BACKUP_H
#define APP_CORE_BACKUP_H

#include "app/core/installation.h"

/* Into `folder`, which must be missing or empty; tenant NULL: the platform and all tenants. c is of COMMAND_ADMIN. */
void backup_make(Ctx *c, const char *folder, const char *tenant, bool with_keys);

/*
 * tenant NULL: everything, into an installation that has no tenants yet. Else this tenant alone, under the name `as`
 * (NULL: its own), which must not be there: beside a living one it comes back suspended, with its sessions ended and
 * without its webhook routes and hosts, so that it sends nothing. Jobs under way at the moment of a backup of one
 * tenant are not brought back.
 */
void backup_restore(Ctx *c, const char *folder, const char *tenant, const char *as);

int backup_command (int argc, char **argv);
int restore_command(int argc, char **argv);

#endif
