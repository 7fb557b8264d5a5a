/*
 * The handlers of core's pages, for its table of contents (core.c).
 */
#ifndef APP_CORE_PAGES_H
#define APP_CORE_PAGES_H

#include "lib/req.h"

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

/* job_page.c */
void job_list_page   (Req *r);
void job_page        (Req *r);
void job_retry_post  (Req *r);
void job_discard_post(Req *r);

#endif
