/*
 * The handlers of core's pages, for its table of contents (core.c).
 */
#ifndef APP_CORE_PAGES_H
#define APP_CORE_PAGES_H

#include "lib/req.h"
#include "lib/wizard.h"

/* login.c: staff and platform alike */
void root_page   (Req *r);      /* / */
void utility_root(Req *r);      /* /u/<code>/ */
void login_page  (Req *r);
void login_post  (Req *r);
void mfa_page    (Req *r);
void mfa_post    (Req *r);
void select_page (Req *r);
void logout_post (Req *r);
void logo_file   (Req *r);      /* /org/logo */
void colour_file (Req *r);      /* /org/colour/0f5fa6 */

/* password_link.c */
void forgot_page(Req *r);
void forgot_post(Req *r);
void reset_page (Req *r);
void reset_post (Req *r);
void invite_page(Req *r);
void invite_post(Req *r);

/* home.c: what stands at a role's home until the page of that home is built */
void home_page(Req *r);
/* /cc: to the console, where the module begins */
void call_center_root(Req *r);

/* role.c */
void role_list       (Req *r);
void role_new        (Req *r);
void role_create     (Req *r);
void role_clone_post (Req *r);
void role_page       (Req *r);
void role_save       (Req *r);
void role_reset      (Req *r);
void role_delete_page(Req *r);
void role_delete     (Req *r);
void role_compare    (Req *r);

/* user.c */
void user_list           (Req *r);
void user_page           (Req *r);
void user_permissions    (Req *r);
void user_role_add       (Req *r);
void user_role_remove    (Req *r);
void user_override_add   (Req *r);
void user_override_remove(Req *r);
void user_unlock         (Req *r);

/* invite.c */
WIZARD_PAGES(invite);
void user_resend(Req *r);
void user_revoke(Req *r);

/* user_life.c */
void user_profile       (Req *r);
void user_profile_save  (Req *r);
void user_leave_page    (Req *r);
void user_leave         (Req *r);
void user_return        (Req *r);
void user_forget_page   (Req *r);
void user_forget        (Req *r);
void user_reset_password(Req *r);
void user_reset_factor  (Req *r);
void user_role_change_page(Req *r);
void user_role_change   (Req *r);
void user_transfer_page (Req *r);
void user_transfer      (Req *r);

/* user_session.c */
void user_sessions    (Req *r);
void user_sessions_end(Req *r);
void user_activity    (Req *r);

/* user_entry.c */
void core_imports(void);
/* user_import.c */
void user_import_new   (Req *r);
void user_import_upload(Req *r);
void user_import_page  (Req *r);
void user_import_do    (Req *r);

/* saved_view.c */
void view_list  (Req *r);
void view_new   (Req *r);
void view_create(Req *r);
void view_page  (Req *r);
void view_save  (Req *r);
void view_delete(Req *r);

/* export.c */
void export_list  (Req *r);
void export_new   (Req *r);
void export_create(Req *r);
void export_page  (Req *r);
void export_file  (Req *r);
void export_cancel(Req *r);

/* account.c */
void me_page         (Req *r);
void me_save         (Req *r);
void me_security     (Req *r);
void me_password     (Req *r);
void me_device_forget(Req *r);
void me_sessions     (Req *r);
void me_session_end  (Req *r);
void me_others_end   (Req *r);
void me_activity     (Req *r);
void me_photo        (Req *r);
void me_ping         (Req *r);
void me_email        (Req *r);
void me_email_confirm(Req *r);
void me_email_change (Req *r);

/* factor.c */
void factor_page      (Req *r);
void factor_begin     (Req *r);
void factor_codes_page(Req *r);
void factor_codes     (Req *r);
void factor_end_page  (Req *r);
void factor_end       (Req *r);
void proof_page       (Req *r);
void proof_give       (Req *r);

/* menu.c */
void menu_root     (Req *r);
void menu_page     (Req *r);
void menu_favourite(Req *r);
void menu_landing  (Req *r);
void menu_narrow   (Req *r);
void help_page     (Req *r);
void reports_page  (Req *r);

/* menu_change.c */
void menu_change_page(Req *r);
void menu_change_save(Req *r);
void menu_link_add   (Req *r);
void menu_link_remove(Req *r);

/* policy.c */
void policy_page(Req *r);
void policy_save(Req *r);

/* job_page.c */
void job_list_page   (Req *r);
void job_page        (Req *r);
/* bulk.c */
void bulk_result_page(Req *r);
void job_retry_post  (Req *r);
void job_discard_post(Req *r);

#endif
