/*
 * A utility that does not begin with nothing (ONB-GUIDED): a template, or another utility of the tenant.
 */
#ifndef APP_SETUP_START_H
#define APP_SETUP_START_H

#include "app/core/configuration.h"
#include "app/core/core.h"
#include "lib/form.h"

/* What a utility can begin with, as options of a field: nothing, the templates, the tenant's utilities but this. */
void start_options(struct Req *r, FormView *v, const char *field, Id but);
/* Adds what the chosen one brings to the context's utility and counts its steps anew; NULL: nothing. NOT_FOUND for what
   is not offered. What is there stays as it is. */
void start_apply(struct Ctx *c, const char *with);

/* The kinds of configuration a step holds, separated by blanks; NULL: none of its own. */
const char *start_kinds(const char *step);
bool        config_kind_is_in(const char *kinds, const ConfigKind *kind);

#endif
