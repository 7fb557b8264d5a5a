/*
 * Fixture sets: known data for tests and the sample, never in production (docs/data.md, "Seeds and fixtures").
 */
#ifndef APP_CORE_FIXTURE_H
#define APP_CORE_FIXTURE_H

#include "app/core/installation.h"

/* Makes tenant swa when it is missing and loads sql/fixtures/<set>.sql into it. Refuses outside of sandbox
   installations. c is of COMMAND_ADMIN, in the platform's schema before and after. */
void fixture_load(Ctx *c, const char *set);
/* Runs a folder or file of sql/ ("seed/utility") in the caller's transaction; its variables (docs/data.md) are set
   before. Only inserts and updates. */
void seeds_run(Ctx *c, const char *name);
int  fixture_command(int argc, char **argv);

#endif
