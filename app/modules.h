/*
 * The modules of the program. A module's <module>.c is its table of contents: one `const Module <name>_module` that
 * lists what it has; app/modules.c lists the modules. What a module has not is NULL.
 */
#ifndef APP_MODULES_H
#define APP_MODULES_H

#include "app/core/configuration.h"
#include "app/core/core.h"
#include "lib/machine.h"
#include "lib/req.h"
#include "lib/resource.h"

typedef struct Module {
    const char            *name;        /* folder */
    const Route           *routes;      /* ended by {0}; RESOURCE(x) rows stand for a resource's routes */
    const JobHandler      *jobs;
    const JobSchedule     *schedules;
    const EventHandler    *events;
    const SetupCheckRow   *checks;
    const ConfigKind      *configuration;   /* what goes along when a utility is promoted */
    const UserWork        *works;       /* what people of the staff have open */
    const SandboxPurge    *purges;      /* what goes when a utility goes live, in this order */
    const PageTab         *tabs;
    const Machine *const  *machines;    /* ended by NULL: for `make states` and the linter */
    void                 (*start)(void);        /* once, before workers are forked: imports and the like */
} Module;

extern const Module *const modules[];   /* ended by NULL */

/* Registers everything of all modules (routes, jobs, events, checks) and starts them. Once a process. */
void modules_start(void);

#endif
