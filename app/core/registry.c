/*
 * What modules register at start: handlers of jobs, recurring jobs, checks of set-up, work of people,
 * what goes when a utility goes live. Tables stay where they are declared.
 */
#include "app/core/registry.h"

#include <string.h>

#include "app/core/configuration.h"

enum { TABLES_MAX = 20 };

static const JobHandler *jobs[TABLES_MAX];
static const JobSchedule *schedules[TABLES_MAX];
static const SetupCheckRow *checks[TABLES_MAX];
static const UserWork *works[TABLES_MAX];
static const SandboxPurge *purges[TABLES_MAX];
static const ConfigKind *kinds[TABLES_MAX];
static int kinds_n, jobs_n, schedules_n, checks_n, works_n, purges_n;

void job_handlers(const JobHandler *table)          { if (jobs_n < TABLES_MAX) jobs[jobs_n++] = table; }
void job_schedules(const JobSchedule *table)        { if (schedules_n < TABLES_MAX) schedules[schedules_n++] = table; }
void setup_check_register(const SetupCheckRow *table) { if (checks_n < TABLES_MAX) checks[checks_n++] = table; }
void user_work_register(const UserWork *table)      { if (works_n < TABLES_MAX) works[works_n++] = table; }
void sandbox_purge_register(const SandboxPurge *table) { if (purges_n < TABLES_MAX) purges[purges_n++] = table; }

const JobHandler *registered_jobs(int i)          { return i < jobs_n ? jobs[i] : 0; }
const JobSchedule *registered_schedules(int i)    { return i < schedules_n ? schedules[i] : 0; }
const SetupCheckRow *registered_checks(int i)     { return i < checks_n ? checks[i] : 0; }
const UserWork *registered_works(int i)           { return i < works_n ? works[i] : 0; }
const SandboxPurge *registered_purges(int i)      { return i < purges_n ? purges[i] : 0; }

void config_kinds(const ConfigKind *table) { if (kinds_n < TABLES_MAX) kinds[kinds_n++] = table; }

const ConfigKind *config_kind(size_t i) {
    for (int t = 0; t < kinds_n; t++)
        for (const ConfigKind *k = kinds[t]; k->kind; k++)
            if (!i--) return k;
    return 0;
}

const ConfigKind *config_kind_named(const char *kind) {
    const ConfigKind *k;
    for (size_t i = 0; (k = config_kind(i)); i++)
        if (!strcmp(k->kind, kind)) return k;
    return 0;
}

const char *config_value(const ConfigRow *row, const char *column) {
    for (size_t i = 0; i < row->n; i++)
        if (!strcmp(row->column[i], column)) return row->value[i];
    return 0;
}
