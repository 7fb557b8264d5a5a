/*
 * The tables modules registered, for those who walk over them: the i-th, NULL behind the last.
 */
#ifndef APP_CORE_REGISTRY_H
#define APP_CORE_REGISTRY_H

#include "app/core/core.h"

const JobHandler    *registered_jobs(int i);
const JobSchedule   *registered_schedules(int i);
const SetupCheckRow *registered_checks(int i);
const UserWork      *registered_works(int i);
const SandboxPurge  *registered_purges(int i);

#endif
