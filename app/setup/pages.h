/*
 * The handlers of the set-up pages, for the table of contents (module.c).
 */
#ifndef APP_SETUP_PAGES_H
#define APP_SETUP_PAGES_H

#include "lib/req.h"

/* area_overview.c */
void area_overview_page(Req *r);
void area_map_json     (Req *r);
void area_geojson      (Req *r);
void area_levels_page  (Req *r);
void area_levels_post  (Req *r);

/* area_page.c */
void area_level_page     (Req *r);
void area_premises_page  (Req *r);
void area_status_post    (Req *r);
void area_new_page       (Req *r);
void area_create_post    (Req *r);
void area_edit_page      (Req *r);
void area_save_post      (Req *r);
void area_page           (Req *r);
void area_deactivate_page(Req *r);
void area_deactivate_post(Req *r);
void area_activate_post  (Req *r);
void area_delete_page    (Req *r);
void area_delete_post    (Req *r);

/* area_change.c */
void area_move_page  (Req *r);
void area_move_post  (Req *r);
void area_merge_page (Req *r);
void area_merge_post (Req *r);
void area_split_page (Req *r);
void area_split_post (Req *r);
void area_assign_page(Req *r);
void area_assign_post(Req *r);

/* area_import.c */
void area_import_new   (Req *r);
void area_import_upload(Req *r);
void area_import_page  (Req *r);
void area_import_apply (Req *r);
void area_import_errors(Req *r);
void area_import_file  (Req *r);

/* id_format.c */
void id_format_list   (Req *r);
void id_format_page   (Req *r);
void id_format_draft  (Req *r);
void id_format_save   (Req *r);
void id_format_history(Req *r);

/* plan.c */
void plan_list_page(Req *r);
void plan_page     (Req *r);

#endif
