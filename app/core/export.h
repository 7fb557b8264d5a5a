/*
 * Files of lists made by a job (spec/README section 2 rule 4): 5,001 to 100,000 rows.
 */
#ifndef APP_CORE_EXPORT_H
#define APP_CORE_EXPORT_H

#include "app/core/job.h"
#include "lib/list.h"

/* Leads to the page that asks whether the file shall be made. */
void export_later(Req *r, const ListSpec *spec, const char *url, int64_t rows);
/* The job: a piece of the file a step. */
JobStep export_make(Ctx *c, const JobRow *job);
/* Files that had their days; a bounded number. Returns how many. */
int64_t exports_expire(Ctx *c);

#endif
