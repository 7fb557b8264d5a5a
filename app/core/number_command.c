/*
 * `smart360 number`: issues numbers from the shell, to try a format (ONB02US07); sandbox installations only, for a
 * number that is issued is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/core/number.h"
#include "app/core/installation.h"
#include "lib/date.h"

typedef struct NumberOrder { const char *entity, *utility; Date date; bool undo; } NumberOrder;

static void issue(Ctx *c, void *arg) {
    const NumberOrder *o = arg;
    puts(id_next_with(c, o->entity, &(IdParts){ .date = o->date }));
    if (o->undo) fail(c, CONFLICT, "rolled back");
}

static void work(Ctx *c, void *arg) {
    NumberOrder *o = arg;
    if (!installation()->sandbox)
        fail(c, DENIED, "This is for sandbox installations only (key `sandbox` of the configuration).");
    TenantRow *t = installation()->default_tenant ? tenant_by_slug(c, installation()->default_tenant) : NULL;
    if (!t) fail(c, NOT_FOUND, "There is no default tenant.");
    tenant_enter(c, t);
    Id utility = o->utility ? db_id(c, "select id from utility where code = ?", o->utility)
        : db_id(c, "select id from utility order by id limit 1");
    if (!utility.id) fail(c, NOT_FOUND, "There is no such utility.");
    utility_enter(c, utility);
    db_tx(c, DB_WRITE, issue, o, NULL);
}

int number_command(int argc, char **argv) {
    if (argc < 2) return command_misuse(argv[0], "wants the kind of number: account, bill ...");
    NumberOrder o = { .entity = argv[1], .date = DATE_NONE };
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "--undo")) o.undo = true;
        else if (!strcmp(argv[i], "--utility") && i + 1 < argc) o.utility = argv[++i];
        else if (!strcmp(argv[i], "--date") && i + 1 < argc && date_parse_iso(argv[i + 1], &o.date)) i++;
        else return command_misuse(argv[0], "does not know %s, or its value is not right", argv[i]);
    }
    return command_run(COMMAND_APP, work, &o);
}
