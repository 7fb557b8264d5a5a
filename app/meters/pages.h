/*
 * Pages of app/meters, within the module.
 */
#ifndef APP_METERS_PAGES_H
#define APP_METERS_PAGES_H

#include "app/core/core.h"
#include "lib/req.h"

void meter_list_page(Req *r);
void meter_page(Req *r);
/* reading_list.c */
void reading_list_page(Req *r);
void reading_due_page (Req *r);

/* route_area.c: of service_area.merged */
void route_area_merged(Ctx *c, const EventRow *e);
/* setup_check.c */
extern const SetupCheckRow meters_setup_checks[];
/* settings.c */
extern const PageTab meters_tabs[];
extern const struct Resource meter_format, manufacturer, meter_model;
void meter_settings_root(Req *r);
void meter_routes_page  (Req *r);
void meter_routes_post  (Req *r);

/* purge.c: what goes when a utility goes live */
extern const SandboxPurge meters_purges[];

/* import.c: what files of data migration bring in; at start-up */
void meters_imports(void);

#endif
