/*
 * The handlers of the set-up pages, for the table of contents (module.c).
 */
#ifndef APP_SETUP_PAGES_H
#define APP_SETUP_PAGES_H

#include "app/core/core.h"
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

/* area_premise.c */
void premise_new_page   (Req *r);
void premise_create_post(Req *r);
void premise_page       (Req *r);

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

/* calendar.c, calendar_import.c, calendar_hours.c, calendar_list.c */
void calendar_page        (Req *r);
void calendar_hours_page  (Req *r);
void calendar_hours_check (Req *r);
void calendar_hours_post  (Req *r);
void special_day_check    (Req *r);
void special_day_post     (Req *r);
void special_day_delete   (Req *r);
void holiday_new          (Req *r);
void holiday_check        (Req *r);
void holiday_create       (Req *r);
void holiday_page         (Req *r);
void holiday_delete       (Req *r);
void calendar_import_page (Req *r);
void calendar_import_check(Req *r);
void calendar_import_post (Req *r);
void calendar_copy_page   (Req *r);
void calendar_copy_check  (Req *r);
void calendar_copy_post   (Req *r);
void calendar_list_page   (Req *r);
void calendar_new_page    (Req *r);
void calendar_create      (Req *r);
void org_mailbox_page(Req *r);
void org_mailbox_send(Req *r);
void org_mailbox_confirm_page(Req *r);
void org_mailbox_confirm(Req *r);
void calendar_default_page(Req *r);
void calendar_default_post(Req *r);
void calendar_delete_page (Req *r);
void calendar_delete_post (Req *r);
void calendar_jobs_page   (Req *r);
void calendar_job_page    (Req *r);
void calendar_job_save    (Req *r);
void calendar_job_run     (Req *r);
void calendar_job_pause   (Req *r);
void calendar_job_resume  (Req *r);
void calendar_test_page   (Req *r);

/* utility.c */
void utility_list_page      (Req *r);
void utility_logo           (Req *r);
void utility_admin_post     (Req *r);
void utility_admin_remove   (Req *r);
void utility_new_page       (Req *r);
void utility_create_post    (Req *r);
void utility_edit_page      (Req *r);
void utility_save_post      (Req *r);
void utility_progress_page  (Req *r);
void utility_suspend_page   (Req *r);
void utility_suspend_post   (Req *r);
void utility_reactivate_page(Req *r);
void utility_reactivate_post(Req *r);
void utility_close_page     (Req *r);
void utility_close_post     (Req *r);
void utility_delete_page(Req *r);
void utility_delete_post(Req *r);
void setup_steps_show(Req *r, const char *sections, const char *base);

/* core_settings.c */
extern const struct Resource utility_service, department, consumer_category, consumer_sub_category, document_type_res,
    contract_type;
void settings_root           (Req *r);
/* Beside the tabs: how many are active, and whether the tab is complete (settings_tabs.c). */
int64_t settings_services_n  (Ctx *c);
int64_t settings_access_n    (Ctx *c);
int64_t settings_roles_n     (Ctx *c);
int64_t settings_categories_n(Ctx *c);
int64_t settings_documents_n (Ctx *c);
int64_t settings_contracts_n (Ctx *c);
bool settings_services_done  (Ctx *c);
bool settings_access_done    (Ctx *c);
bool settings_roles_done     (Ctx *c);
bool settings_categories_done(Ctx *c);
bool settings_documents_done (Ctx *c);
bool settings_contracts_done (Ctx *c);
bool settings_no_contracts   (Ctx *c);      /* it was said that none are needed */
void settings_access_page    (Req *r);
void settings_module_on      (Req *r);
void settings_module_off_page(Req *r);
void settings_module_off     (Req *r);
void settings_no_contracts_page(Req *r);
void settings_no_contracts_post(Req *r);

/* category_merge.c, document_type.c, contract.c */
void category_merge_page   (Req *r);
void category_merge_post   (Req *r);
void document_required_page(Req *r);
void document_required_post(Req *r);
/* The applications for which mandatory_for of a type names the category: "New connection, Reconnection". */
const char *document_applications(Req *r, const char *mandatory_for, const char *category);
void contract_files_page   (Req *r);
void contract_file_add     (Req *r);
void contract_file         (Req *r);
void contract_file_remove  (Req *r);
void contract_preview_page (Req *r);
void contract_preview_pdf  (Req *r);
JobStep category_merge_job (Ctx *c, const JobRow *job);
JobStep document_expiry_job(Ctx *c, const JobRow *job);

/* dashboard.c; dashboard_map.c: the map's areas as JSON */
void dashboard_page      (Req *r);
void dashboard_map       (Req *r);
void dashboard_alert_post(Req *r);

/* organization.c: the organization's setup; org_admin.c: its administrators */
void org_setup_page      (Req *r);
void org_details_page    (Req *r);
void org_details_save    (Req *r);
void org_regional_page   (Req *r);
void org_regional_save   (Req *r);
void org_look_page       (Req *r);
void org_look_save       (Req *r);
void org_invite_page     (Req *r);
void org_invite_post     (Req *r);
void org_invite_many_page(Req *r);
void org_invite_many_post(Req *r);
void org_admin_resend    (Req *r);
void org_admin_revoke    (Req *r);
void org_admin_leave_page(Req *r);
void org_admin_leave     (Req *r);
void org_admin_return    (Req *r);
void org_dashboard_page  (Req *r);      /* org_dashboard.c */
void org_figure_page     (Req *r);
void org_alert_post      (Req *r);
void org_people_page     (Req *r);
void org_sign_ins_page   (Req *r);

/* id_format.c */
void id_format_list   (Req *r);
void id_format_page   (Req *r);
void id_format_draft  (Req *r);
void id_format_save   (Req *r);
void id_format_history(Req *r);

/* plan.c */
void plan_list_page(Req *r);
void plan_page     (Req *r);

/* guide_page.c */
void guide_root         (Req *r);
void guide_page         (Req *r);
void guide_signoff      (Req *r);
void guide_take         (Req *r);
void guide_skip         (Req *r);
void guide_live         (Req *r);       /* live.c */
void guide_start_page   (Req *r);       /* start.c */
void guide_start_post   (Req *r);
void guide_start_file   (Req *r);
void guide_checklist    (Req *r);
void guide_checklist_pdf(Req *r);

/* plan_edit.c: the plan itself; plan_move.c: its connections */
void plan_new_page    (Req *r);
void plan_create      (Req *r);
void plan_edit_page   (Req *r);
void plan_update      (Req *r);
void plan_copy_page   (Req *r);
void plan_copy        (Req *r);
void plan_delete_page (Req *r);
void plan_delete      (Req *r);
void plan_import_page (Req *r);
void plan_import      (Req *r);
void plan_event       (Req *r);
void plan_seasons_page(Req *r);
void plan_seasons_edit(Req *r);
void plan_seasons_save(Req *r);
void plan_move_page   (Req *r);
void plan_move_post   (Req *r);

/* plan_assign.c */
void plan_connections_page(Req *r);
void plan_connection_page (Req *r);
void plan_connection_post (Req *r);

/* plan_version.c */
void plan_version_new   (Req *r);
void plan_version_create(Req *r);
void plan_version_page  (Req *r);
void plan_version_edit  (Req *r);
void plan_version_update(Req *r);
void plan_version_event (Req *r);
void plan_version_reject(Req *r);
void plan_reject_page   (Req *r);

/* plan_rate.c */
void plan_rate_new        (Req *r);
void plan_rate_create     (Req *r);
void plan_rate_take       (Req *r);
void plan_rate_edit       (Req *r);
void plan_rate_update     (Req *r);
void plan_rate_delete_page(Req *r);
void plan_rate_delete     (Req *r);

/* plan_calculator.c, plan_compare.c, plan_designer.c, plan_impact.c */
void plan_calculator_page    (Req *r);
void plan_calculator_document(Req *r);
void plan_calculator_import  (Req *r);
void plan_compare_page       (Req *r);
void plan_designer_page      (Req *r);
void plan_designer_apply     (Req *r);
void plan_impact_page        (Req *r);
void plan_impact_start       (Req *r);
void plan_impact_accounts    (Req *r);

JobStep plan_activate_job(Ctx *c, const JobRow *job);
JobStep plan_notice_job  (Ctx *c, const JobRow *job);
JobStep plan_notify_job  (Ctx *c, const JobRow *job);
JobStep plan_impact_job  (Ctx *c, const JobRow *job);
JobStep plan_move_job    (Ctx *c, const JobRow *job);
void    plan_clone_post(Req *r);
void    plan_retire_page(Req *r);
void    plan_retire_post(Req *r);
void    plan_retire_withdraw(Req *r);
JobStep plan_winter_job  (Ctx *c, const JobRow *job);

/* promotion_page.c */
void configuration_page        (Req *r);
void configuration_file        (Req *r);
void configuration_upload      (Req *r);
void configuration_preview     (Req *r);
void configuration_application (Req *r);
void configuration_keys        (Req *r);
void configuration_key_add     (Req *r);
void configuration_key_withdraw(Req *r);

/* plan_catalogue.c */
extern const struct Resource plan_fee, plan_rebate;
/* plan_fee.c: amounts of a fee by meter size and category */
void plan_fee_amounts_show(Req *r, Id fee);
void plan_fee_amounts_page(Req *r);
void plan_fee_amounts_post(Req *r);
void plan_library_page(Req *r);

/* The bytes of an uploaded quote document, else of the field's text; INVALID when there are none. */
const char *plan_document_read(Req *r, const char *field, size_t *n);

#endif
