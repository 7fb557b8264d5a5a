/*
 * smart360: one program, a command table.
 */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/core/migrate.h"
#include "lib/config.h"

static int config_command(int argc, char **argv);
static int version_command(int argc, char **argv);
static int help_command(int argc, char **argv);

/* To add one: see app/command.h. Alphabetical, help and version last. */
static const Command commands[] = {
    { "backup",  backup_command,  "Copies all tenants, or one, into a folder while the product serves",
      "smart360 backup FOLDER [--tenant SLUG] [--keys]\n\n"
      "One consistent snapshot of all schemas, documents, and a manifest with checksums. --keys copies the "
      "master keys too: keep such a\n"
      "folder as safe as the keys themselves.\n\nExample: smart360 backup /backup/2026-04-15" },
    { "bench",   bench_command,   "Measures bills on a loaded sample, each beside its limit (rolled back)",
      "smart360 bench\n\nMakes and publishes the bills of the open period in sets of 500, each set rolled back, "
      "and copies the very same rows inside the\n"
      "server. The ratio of the two counts: figures of one machine do not.\n\nExample: smart360 sample "
      "--consumers 50000 && smart360 bench" },
    { "config",  config_command,  "Checks or explains the configuration file",
      "smart360 [--config FILE] config          checks the file and says where it was found\n"
      "smart360 config keys                     every key with its default\n\nExample: smart360 "
      "--config var/smart360.conf config" },
    { "fixture", fixture_command, "Loads a set of known data into tenant swa (sandbox installations only)",
      "smart360 fixture SET\n\nSets are files in sql/fixtures; BASE comes first, each other one goes on a fresh "
      "BASE.\n\nExample: smart360 fixture BASE" },
    { "help",    help_command,    "Explains a command",  "smart360 help COMMAND\n\nExample: smart360 help version" },
    { "quote",   quote_command,   "Computes a bill from a tariff and a usage in JSON",
      "smart360 quote FILE.json      (- reads standard input)\n\n"
      "Prints the bill with the sum of every line, or says what is wrong with the document and ends with status 2.\n\n"
      "Example: smart360 quote tests/rules/residential.json" },
    { "migrate", migrate_command, "Brings the schemas of the platform and the tenants up to date",
      "smart360 migrate                         the platform, then every tenant\n"
      "smart360 migrate platform                the platform alone\n"
      "smart360 migrate TENANT                  the platform and one tenant\n\n"
      "Makes the platform's schema and the key file when they are missing. May be called again at any time: "
      "what has been applied is\n"
      "left alone, what was cut off goes on. Works with the database's administrator "
      "(db_admin_user).\n\nExample: smart360 migrate swa" },
    { "tenant",  tenant_command,  "Makes and lists tenants",
      "smart360 tenant list\n"
      "smart360 tenant create SLUG --name NAME --admin-email MAIL [--country US]\n"
      "smart360 tenant wake SLUG                ends the rest of a copy that was brought back from a backup\n\n"
      "A second call of create goes on where the first was cut off.\n\n"
      "Example: smart360 tenant create swa --name \"San Francisco Water Authority\" "
      "--admin-email tenant_admin@swa.test" },
    { "jobs",    jobs_command,    "Runs jobs, delivers events and keeps the schedule until SIGTERM",
      "smart360 jobs                            a master with workers for each class of jobs "
      "(jobs_workers in the configuration)\n"
      "smart360 jobs drain                      runs everything that is due in this process and ends\n\n"
      "SIGTERM: nothing new is begun, steps under way are finished within 30 s, the rest is given "
      "back. SIGHUP starts a new\n"
      "generation of workers.\n\nExample: smart360 jobs drain" },
    { "keys",    keys_command,    "Master keys: which seals, a new one, sealing again, the end of an old one",
      "smart360 keys                  lists them, and how much each has sealed\n"
      "smart360 keys add              adds a key to the file; it seals when web and jobs are started again\n"
      "smart360 keys reseal           seals again what older keys have sealed\n"
      "smart360 keys drop NUMBER      takes a key out of the file that seals nothing any more\n\n"
      "In this order, with a restart of web and jobs on every host after the first and the last.\n\n"
      "Example: smart360 keys add" },
    { "lint",    lint_command,    "Proves statements, resources, rights and templates against a migrated tenant",
      "smart360 lint\n\nPrints file and line of whatever is wrong; exit status 1 then." },
    { "live",    live_command,    "Goes on with a utility's switch to live work",
      "smart360 live UTILITY --tenant SLUG\n\n"
      "What the job does that the last page of the set-up orders: takes the rows of the trial away as the database's "
      "administrator,\nthen sets the environment. May be called again; refuses what nobody ordered.\n\n"
      "Example: smart360 live swa-w --tenant swa" },
    { "restore", restore_command, "Brings a backup back: everything into an empty database, "
                                  "or one tenant beside the others",
      "smart360 restore FOLDER\n"
      "smart360 restore FOLDER --tenant SLUG [--as NAME]\n\n"
      "With --as the tenant comes back as a copy under another name: suspended, sessions ended, sending nothing.\n\n"
      "Example: smart360 restore /backup/2026-04-15 --tenant swa --as swa-yesterday" },
    { "number",  number_command,  "Issues a number, to try its format (sandbox installations only)",
      "smart360 number KIND [--utility CODE] [--date YYYY-MM-DD] [--undo]\n\n"
      "--undo rolls the transaction back, as when a document fails.\n\nExample: smart360 number account" },
    { "routes",  routes_command,  "Lists every route with its right",          "smart360 routes" },
    { "run",     run_command,     "Bills a cycle from the shell",
      "smart360 run --cycle CODE --period YYYY-MM [--publish] [--tenant SLUG]\n\n"
      "Without --publish the drafts are made for review on the pages of bill runs; nothing is posted.\n\n"
      "Example: smart360 run --cycle MONTHLY-WESTERN --period 2026-04 --publish" },
    { "sample",  sample_command,  "Fills tenant swa with an invented utility (sandbox installations only)",
      "smart360 sample [--consumers N] [--months M] [--seed S]\n\n"
      "Loads set BASE when tenant swa is missing, then N consumers (default 2000) with premises, meters and readings, "
      "and M months (default 13) of\n"
      "bills and payments up to today; the last whole month has readings "
      "and waits for its bill run. The same seed (default 1) gives the same\n"
      "people, use and payments. --consumers 0 loads the configuration alone.\n\nExample: smart360 sample "
      "--consumers 50000 --months 13" },
    { "states",  states_command,  "Draws the state machines as text",          "smart360 states" },
    { "web",     web_command,     "Serves pages and webhooks until SIGTERM",
      "smart360 web\n\nA master and its workers behind nginx; the configuration names the sockets. SIGHUP starts a "
      "new generation of workers." },
    { "user",    user_command,    "People who sign in: the first administrator, a lost password",
      "smart360 user create EMAIL --name NAME [--role CODE] [--utility CODE]     of the tenant (role tenant_admin "
      "when none is named)\n"
      "smart360 user create EMAIL --name NAME --platform                        of the platform\n"
      "smart360 user invite EMAIL --name NAME [--role CODE] [--utility CODE]     the same by an invitation mail\n"
      "smart360 user password EMAIL             prints a link, valid 30 minutes, by which the "
      "person chooses a new password\n"
      "smart360 user code EMAIL                 the present code of the second factor; sandbox installations only\n"
      "smart360 user session EMAIL              opens a session and prints its cookie; sandbox installations only\n\n"
      "--tenant SLUG when it is not the default one; --platform for people of the platform.\n\n"
      "Example: smart360 user create asha@example.org --name \"Asha Nair\" --role utility_admin --utility swa-w" },
    { "verify",  verify_command,  "Proves the invariants of every tenant, or of one",
      "smart360 verify [--tenant SLUG]\n\n"
      "Reads one consistent snapshot while the product serves; a line for each of I1 to I18 "
      "(docs/architecture.md). Exit status 1\n"
      "when one does not hold.\n\nExample: smart360 verify --tenant swa" },
    { "version", version_command, "Prints the version",  "smart360 version" },
    { 0 }
};

static const Command *command_find(const char *name) {
    for (const Command *c = commands; c->name; c++)
        if (!strcmp(c->name, name)) return c;
    return NULL;
}

static int config_command(int argc, char **argv) {
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "keys"))) return command_misuse(argv[0], "takes nothing or \"keys\"");
    Arena mem = { 0 };
    if (argc == 2) fputs(config_describe(&mem), stdout);
    else printf("%s: good\n", config_use()->file);
    arena_end(&mem);
    return 0;
}

static int version_command(int argc, char **argv) {
    if (argc > 1) return command_misuse(argv[0], "takes no arguments");
    puts("smart360 " SMART360_VERSION);
    return 0;
}

static int help_command(int argc, char **argv) {
    if (argc > 2) return command_misuse(argv[0], "explains one command at a time");
    if (argc == 2) {
        const Command *c = command_find(argv[1]);
        if (!c) return command_misuse("help", "there is no command \"%s\"", argv[1]);
        printf("%s: %s\n\n%s\n", c->name, c->summary, c->help);
        return 0;
    }
    puts("Usage: smart360 [--config FILE] COMMAND [OPTIONS]\n");
    for (const Command *c = commands; c->name; c++) printf("  %-10s %s\n", c->name, c->summary);
    puts("\nsmart360 help COMMAND explains one of them with an example.");
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "--config")) {
        config_file(argv[2]);
        argc -= 2, argv += 2;
    }
    if (argc < 2) return help_command(1, (char *[]){ "help", NULL }), 2;
    const Command *c = command_find(argv[1]);
    if (c) return c->run(argc - 1, argv + 1);
    fprintf(stderr, "smart360: there is no command \"%s\" (smart360 help lists them)\n", argv[1]);
    return 2;
}
