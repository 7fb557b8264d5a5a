/*
 * Module portal: table of contents. Paths are below /p/<utility code>.
 */
#include "app/modules.h"
#include "app/portal/pages.h"

static const Route portal_routes[] = {
    PORTAL_GET("/", OPEN, root_redirect),
    PORTAL_GET("/language", OPEN, language_page),
    PORTAL_POST("/language/{code}", OPEN, language_post, .form = language_page),

    /* register.c, sign_in.c: NO_TX where a password is hashed, or
     * where a refused try is counted in a transaction of its own */
    PORTAL_GET("/register", OPEN, register_page),
    PORTAL_POST("/register", OPEN, register_post),
    PORTAL_GET("/register/code", OPEN, register_code_page),
    PORTAL_POST("/register/code", OPEN, register_code_post, .flags = NO_TX),
    PORTAL_POST("/register/code/again", OPEN, register_code_again, .form = register_code_page),
    PORTAL_GET("/register/finish", OPEN, register_finish_page),
    PORTAL_POST("/register/finish", OPEN, register_finish_post, .flags = NO_TX),
    PORTAL_GET("/signin", OPEN, signin_page),
    PORTAL_POST("/signin", OPEN, signin_post, .flags = NO_TX),
    PORTAL_POST("/signin/send", OPEN, signin_send_post, .form = signin_page),
    PORTAL_GET("/signin/code", OPEN, signin_code_page),
    PORTAL_POST("/signin/code", OPEN, signin_code_post, .flags = NO_TX),
    PORTAL_POST("/signin/code/again", OPEN, signin_code_again, .form = signin_code_page),
    /* step.c: NO_TX where a password is hashed, or where a refused try is counted */
    PORTAL_GET("/signin/second", OPEN, second_page),
    PORTAL_POST("/signin/second", OPEN, second_post, .flags = NO_TX),
    PORTAL_POST("/signin/second/again", OPEN, second_again, .form = second_page),
    PORTAL_GET("/signin/terms", OPEN, terms_page),
    PORTAL_POST("/signin/terms", OPEN, terms_post),
    PORTAL_GET("/confirm", SIGNED_IN, confirm_page),
    PORTAL_POST("/confirm", SIGNED_IN, confirm_post, .flags = NO_TX),
    PORTAL_POST("/confirm/send", SIGNED_IN, confirm_send, .form = confirm_code_page),
    PORTAL_GET("/confirm/code", SIGNED_IN, confirm_code_page),
    PORTAL_POST("/confirm/code", SIGNED_IN, confirm_code_post, .flags = NO_TX),
    PORTAL_GET("/stay", SIGNED_IN, session_stay_page),
    PORTAL_GET("/access", OPEN, access_page),
    PORTAL_POST("/access", OPEN, access_post, .flags = UPLOADS),
    PORTAL_POST("/signout", SIGNED_IN, signout_post),
    PORTAL_GET("/forgot", OPEN, forgot_page_portal),
    PORTAL_POST("/forgot", OPEN, forgot_post_portal),
    PORTAL_GET("/reset/{token}", OPEN, reset_page_portal),
    PORTAL_POST("/reset/{token}", OPEN, reset_post_portal, .flags = NO_TX),
    PORTAL_GET("/not-me/{token}", OPEN, not_me_page),
    PORTAL_POST("/not-me/{token}", OPEN, not_me_post),

    /* account.c */
    PORTAL_GET("/accounts", SIGNED_IN, accounts_page),
    PORTAL_POST("/accounts/current", SIGNED_IN, switch_post, .form = accounts_page),
    PORTAL_POST("/accounts/{no}/nickname", SIGNED_IN, account_name_post, .form = accounts_page),
    PORTAL_GET("/accounts/{no}/unlink", SIGNED_IN, account_unlink_page),
    PORTAL_POST("/accounts/{no}/unlink", SIGNED_IN, account_unlink_post),
    /* people.c: NO_TX where a password may be hashed */
    PORTAL_GET("/accounts/{no}/people", SIGNED_IN, people_page),
    PORTAL_POST("/accounts/{no}/people", SIGNED_IN, people_post),
    PORTAL_POST("/accounts/{no}/people/{who}/end", SIGNED_IN, people_end, .form = people_page),
    PORTAL_POST("/accounts/{no}/delivery", SIGNED_IN, paperless_post, .form = accounts_page),
    PORTAL_GET("/invite/{token}", OPEN, invited_page),
    PORTAL_POST("/invite/{token}", OPEN, invited_post, .flags = NO_TX),
    PORTAL_GET("/profile/security", SIGNED_IN, security_page),
    PORTAL_GET("/profile/security/password", SIGNED_IN, security_password_page),
    PORTAL_POST("/profile/security/password", SIGNED_IN, security_password_post, .flags = NO_TX),
    PORTAL_POST("/profile/security/sessions/{word}/end", SIGNED_IN, security_session_end, .form = security_page),
    PORTAL_GET("/profile/security/two-step", SIGNED_IN, two_step_page),
    PORTAL_GET("/profile/security/two-step/app", SIGNED_IN, two_step_app_page),
    PORTAL_POST("/profile/security/two-step/app", SIGNED_IN, two_step_app_post,
                .flags = NO_TX), /* answers with the codes */
    PORTAL_POST("/profile/security/two-step/{kind}", SIGNED_IN, two_step_set, .form = two_step_page),
    PORTAL_POST("/profile/security/devices/forget", SIGNED_IN, device_forget_post, .form = security_page),
    PORTAL_GET("/more", SIGNED_IN, more_page),

    PORTAL_GET("/home", SIGNED_IN, home_page_portal),
    PORTAL_POST("/announcements/{id}/close", OPEN, announcement_close, .form = root_redirect),

    /* bill.c */
    PORTAL_GET("/bills", SIGNED_IN, bills_page),
    PORTAL_GET("/bills.csv", SIGNED_IN, bills_csv, .flags = WRITES), /* the export is audited */
    /* first and last view of an e-bill */
    PORTAL_GET ("/bills/{no}",          SIGNED_IN, bill_page, .flags = WRITES),
    /* file.c: NO_TX waits for the job that makes a document, between two transactions */
    PORTAL_GET ("/bills/{no}/pdf",      SIGNED_IN, bill_download, .flags = NO_TX),
    PORTAL_GET ("/bills.zip",           SIGNED_IN, bills_zip, .flags = NO_TX),
    PORTAL_GET ("/statement.pdf",       SIGNED_IN, statement_pdf_get, .flags = NO_TX),
    PORTAL_GET ("/statement.csv",       SIGNED_IN, statement_csv_get, .flags = WRITES),
    PORTAL_GET ("/receipts/{no}/pdf",   SIGNED_IN, receipt_download, .flags = NO_TX),
    PORTAL_GET ("/bills/{no}/print",    SIGNED_IN, bill_print),
    PORTAL_POST("/bills/{no}/mail",     SIGNED_IN, bill_mail_post, .form = bill_page),
    PORTAL_GET ("/bills/{no}/dispute",  SIGNED_IN, dispute_page),
    PORTAL_POST("/bills/{no}/dispute",  SIGNED_IN, dispute_post, .flags = UPLOADS),
    PORTAL_GET ("/bills/{no}/paper",    SIGNED_IN, paper_page),
    PORTAL_POST("/bills/{no}/paper",    SIGNED_IN, paper_post),
    PORTAL_GET ("/statement",           SIGNED_IN, statement_page),
    /* reading.c */
    PORTAL_GET ("/usage/reading/{meter}", SIGNED_IN, reading_page),
    PORTAL_POST("/usage/reading/{meter}", SIGNED_IN, reading_post, .flags = UPLOADS),

    /* pay.c: looking at an open payment may ask its gateway, by a job (WRITES); NO_TX where a look-up is counted
       although refused, and where the gateway is called between two transactions */
    PORTAL_GET("/pay", OPEN, pay_page),
    PORTAL_POST("/pay", OPEN, pay_post),
    PORTAL_POST("/pay/guest", OPEN, guest_post, .flags = NO_TX, .form = pay_page),
    /* method.c, autopay.c: NO_TX where the gateway is called */
    PORTAL_GET("/pay/methods", SIGNED_IN, methods_page),
    PORTAL_POST("/pay/methods", SIGNED_IN, methods_post, .flags = NO_TX),
    PORTAL_GET("/pay/methods/return/{setup}", SIGNED_IN, method_return_page, .flags = NO_TX),
    PORTAL_POST("/pay/methods/{method}/nickname", SIGNED_IN, method_name_post, .form = methods_page),
    PORTAL_POST("/pay/methods/{method}/default", SIGNED_IN, method_default_post, .form = methods_page),
    PORTAL_GET("/pay/methods/{method}/removal", SIGNED_IN, method_remove_page),
    PORTAL_POST("/pay/methods/{method}/removal", SIGNED_IN, method_remove_post),
    PORTAL_GET("/pay/autopay", SIGNED_IN, autopay_page),
    PORTAL_GET("/pay/autopay/{no}", SIGNED_IN, autopay_account_page),
    PORTAL_POST("/pay/autopay/{no}", SIGNED_IN, autopay_save),
    PORTAL_GET("/pay/autopay/{no}/cancellation", SIGNED_IN, autopay_cancel_page),
    PORTAL_POST("/pay/autopay/{no}/cancellation", SIGNED_IN, autopay_cancel_post),
    PORTAL_POST("/pay/autopay/{no}/{move}", SIGNED_IN, autopay_move, .form = autopay_account_page),
    PORTAL_GET("/pay/{intent}", OPEN, pay_intent_page, .flags = WRITES),
    PORTAL_POST("/pay/{intent}/start", OPEN, pay_start_post, .flags = NO_TX, .form = pay_intent_page),
    PORTAL_GET("/pay/{intent}/return", OPEN, pay_return_page, .flags = WRITES),
    /* a gateway's page posts; what it says is signed or nothing follows from it */
    PORTAL_POST("/pay/{intent}/return", OPEN, pay_return_post, .flags = OWN_PROOF),
    PORTAL_GET("/receipts/{no}", SIGNED_IN, receipt_page),
    /* history.c */
    PORTAL_GET("/payments", SIGNED_IN, payments_page),
    PORTAL_GET("/payments.csv", SIGNED_IN, payments_csv, .flags = WRITES), /* the export is audited */
    PORTAL_GET("/payments/scheduled", SIGNED_IN, payments_scheduled_page),
    /* payment_paper.c: NO_TX waits for the job that makes the paper, between two transactions */
    PORTAL_GET("/payments/summary.pdf", SIGNED_IN, year_pdf_get, .flags = NO_TX),
    PORTAL_GET("/payments/{no}", SIGNED_IN, payment_seen_page),
    PORTAL_POST("/payments/{no}/mail", SIGNED_IN, payment_mail_post, .form = payment_seen_page),
    PORTAL_GET("/payments/{no}/question", SIGNED_IN, question_page),
    PORTAL_POST("/payments/{no}/question", SIGNED_IN, question_post, .flags = UPLOADS),
    /* staff.c */
    GET("/cis/portal", "portal.users", VIEW, staff_users_page),
    GET("/cis/portal/users/{id}", "portal.users", VIEW, staff_user_page),
    GET("/cis/portal/users/{id}/{act}", "portal.users", VIEW, staff_act_page), /* each act states its own right */
    POST("/cis/portal/users/{id}/{act}", "portal.users", VIEW, staff_act_post),
    GET("/cis/portal/requests", "portal.users", VIEW, staff_asks_page),
    GET("/cis/portal/requests/{no}", "portal.users", VIEW, staff_ask_page),
    POST("/cis/portal/requests/{no}", "portal.users", APPROVE, staff_ask_post),
    GET("/cis/portal/requests/{no}/files/{file}", "portal.users", VIEW, staff_ask_file,
        .flags = WRITES), /* who looked is audited */
    GET("/cis/portal/announcements", "portal.content", VIEW, staff_announcements_page),
    GET("/cis/portal/announcements/new", "portal.content", CREATE, staff_announcement_new),
    POST("/cis/portal/announcements", "portal.content", CREATE, staff_announcement_post,
         .form = staff_announcement_new),
    GET("/cis/portal/announcements/{id}", "portal.content", EDIT, staff_announcement_page),
    POST("/cis/portal/announcements/{id}", "portal.content", EDIT, staff_announcement_save),
    TENANT_GET("/b/{token}", NULL, OPEN, bill_link),
    { 0 }
};

static const EventHandler portal_events[] = {
    { "bill.posted", "portal.bill_note", bill_noted },
    { "payment_intent.succeeded", "portal.receipt", payment_succeeded },
    { "payment_intent.succeeded", "portal.autopay", autopay_paid },
    { "payment_intent.failed",    "portal.autopay_failed", autopay_failed },
    { "payment_method.ready",     "portal.method",  method_ready },
    { 0 }
};

static const JobHandler portal_jobs[] = {
    { .kind = "portal.year", .class = "documents", .run = year_job },
    { .kind = "autopay.day", .class = "payments", .run = autopay_day },
    { .kind = "autopay.charge", .class = "payments", .run = autopay_charge, .no_tx = true }, /* calls the gateway */
    { .kind = "portal.method", .class = "payments", .run = method_job, .no_tx = true },
    { .kind = "portal.method_drop", .class = "payments", .run = method_drop_job, .no_tx = true },
    { 0 }
};

static const JobSchedule portal_schedules[] = { { .code = "autopay",
                                                  .kind = "autopay.day",
                                                  .name = "Autopay: notices and charges",
                                                  .rule = "daily 09:00",
                                                  .per_utility = true },
                                                { 0 } };

extern const ConfigKind portal_configuration[];
extern const Module portal_module;
const Module portal_module = { .name = "portal", .routes = portal_routes, .events = portal_events,
                              .configuration = portal_configuration,
                              .jobs = portal_jobs, .schedules = portal_schedules, .tabs = portal_tabs,
                              .purges = portal_purges };
