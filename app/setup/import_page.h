/*
 * Handlers, jobs and events of data migration, for the table of contents (module.c).
 */
#ifndef APP_SETUP_IMPORT_PAGE_H
#define APP_SETUP_IMPORT_PAGE_H

#include "app/core/core.h"
#include "lib/req.h"

/* import_page.c */
void import_home    (Req *r);
void import_template(Req *r);
void import_guide   (Req *r);
void import_new     (Req *r);
void import_create  (Req *r);
void import_show    (Req *r);
void import_move    (Req *r);
void import_errors  (Req *r);
void import_rows    (Req *r);
/* import_map.c */
void import_map_page(Req *r);
void import_map_post(Req *r);
/* import_back.c */
void import_back_page(Req *r);
void import_back_post(Req *r);
/* import_reconcile.c */
void import_reconcile(Req *r);
void import_totals_page(Req *r);
void import_totals_post(Req *r);
/* import_twin.c */
void import_twin_page(Req *r);
void import_twin_post(Req *r);
JobStep import_twin_job(Ctx *c, const JobRow *job);

/* import_job.c */
JobStep import_validate_job(Ctx *c, const JobRow *job);
JobStep import_run_job     (Ctx *c, const JobRow *job);
JobStep import_rollback_job(Ctx *c, const JobRow *job);
void    import_job_failed  (Ctx *c, const EventRow *e);

/* import_area.c, import_history.c */
void setup_imports(void);

#endif
