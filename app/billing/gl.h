/*
 * GL codes and their pages, within app/billing (BX05US01).
 */
#ifndef APP_BILLING_GL_H
#define APP_BILLING_GL_H

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/machine.h"
#include "lib/resource.h"

enum { GL_EXPORT_NOW = 20000 };     /* entries: bigger batches are written by a job */

extern const Resource gl_code;
extern const PageTab  gl_tabs[];
extern const Machine  gl_period, gl_journal, gl_export_batch;

/* gl_import.c */
void gl_import_new(Req *r);
void gl_import_upload(Req *r);
void gl_import_page(Req *r);
void gl_import_apply(Req *r);

/* gl_mapping.c */
void gl_mapping_page(Req *r);
void gl_mapping_new(Req *r);
void gl_mapping_save(Req *r);
/* The mapped code of a charge, 0 when none; *fits (may be NULL): 4 its
 * service was named, + 2 its category, + 1 its tax code (ledger.c). */
Id   gl_mapping_find(Ctx *c, const GlFacts *facts, int *fits);
int64_t gl_unmapped(Ctx *c);        /* charge types without a code for a service in use: they post to suspense */

/* gl_journal.c */
void gl_journal_page(Req *r);
void gl_journals_page(Req *r);
void gl_journal_new(Req *r);
void gl_journal_create(Req *r);
void gl_journal_show(Req *r);
void gl_journal_move(Req *r);

/* gl_export.c */
void gl_exports_page(Req *r);
void gl_export_new(Req *r);
void gl_export_create(Req *r);
void gl_export_show(Req *r);
void gl_export_file(Req *r);
void gl_export_transfer(Req *r);
void gl_export_reverse(Req *r);
JobStep gl_export_job(Ctx *c, const JobRow *job);

/* gl_period.c */
void gl_trial_balance(Req *r);
void gl_periods_page(Req *r);
void gl_period_show(Req *r);
void gl_period_move(Req *r);
/* Months that have begun, newest first, as options of a select: "2026-05". */
void gl_period_options(Req *r, FormView *v, const char *field);
Id   gl_period_find(Ctx *c, const char *label);     /* 0 when none */

#endif
