/*
 * Module portal: table of contents. Paths are below /p/<utility code>.
 */
#include "app/modules.h"
#include "app/portal/pages.h"

static const Route portal_routes[] = {
    PORTAL_GET ("/",                    OPEN,      root_redirect),
    PORTAL_GET ("/language",            OPEN,      language_page),
    PORTAL_POST("/language/{code}",     OPEN,      language_post, .form = language_page),

    /* register.c, sign_in.c: NO_TX where a password is hashed, or
     * where a refused try is counted in a transaction of its own */
    PORTAL_GET ("/register",            OPEN,      register_page),
    PORTAL_POST("/register",            OPEN,      register_post),
    PORTAL_GET ("/register/code",       OPEN,      register_code_page),
    PORTAL_POST("/register/code",       OPEN,      register_code_post, .flags = NO_TX),
    PORTAL_POST("/register/code/again", OPEN,      register_code_again, .form = register_code_page),
    PORTAL_GET ("/register/finish",     OPEN,      register_finish_page),
    PORTAL_POST("/register/finish",     OPEN,      register_finish_post, .flags = NO_TX),
    PORTAL_GET ("/signin",              OPEN,      signin_page),
    PORTAL_POST("/signin",              OPEN,      signin_post, .flags = NO_TX),
    PORTAL_POST("/signin/send",         OPEN,      signin_send_post, .form = signin_page),
    PORTAL_GET ("/signin/code",         OPEN,      signin_code_page),
    PORTAL_POST("/signin/code",         OPEN,      signin_code_post, .flags = NO_TX),
    PORTAL_POST("/signin/code/again",   OPEN,      signin_code_again, .form = signin_code_page),
    PORTAL_POST("/signout",             SIGNED_IN, signout_post),
    PORTAL_GET ("/forgot",              OPEN,      forgot_page_portal),
    PORTAL_POST("/forgot",              OPEN,      forgot_post_portal),
    PORTAL_GET ("/reset/{token}",       OPEN,      reset_page_portal),
    PORTAL_POST("/reset/{token}",       OPEN,      reset_post_portal, .flags = NO_TX),
    PORTAL_GET ("/not-me/{token}",      OPEN,      not_me_page),
    PORTAL_POST("/not-me/{token}",      OPEN,      not_me_post),

    /* account.c */
    PORTAL_GET ("/accounts",               SIGNED_IN, accounts_page),
    PORTAL_POST("/accounts/current",       SIGNED_IN, switch_post, .form = accounts_page),
    PORTAL_POST("/accounts/{no}/nickname", SIGNED_IN, account_name_post, .form = accounts_page),
    PORTAL_GET ("/accounts/{no}/unlink",   SIGNED_IN, account_unlink_page),
    PORTAL_POST("/accounts/{no}/unlink",   SIGNED_IN, account_unlink_post),
    /* people.c: NO_TX where a password may be hashed */
    PORTAL_GET ("/accounts/{no}/people",           SIGNED_IN, people_page),
    PORTAL_POST("/accounts/{no}/people",           SIGNED_IN, people_post),
    PORTAL_POST("/accounts/{no}/people/{who}/end", SIGNED_IN, people_end, .form = people_page),
    PORTAL_POST("/accounts/{no}/delivery",         SIGNED_IN, paperless_post, .form = accounts_page),
    PORTAL_GET ("/invite/{token}",                 OPEN,      invited_page),
    PORTAL_POST("/invite/{token}",                 OPEN,      invited_post, .flags = NO_TX),
    PORTAL_GET ("/profile/security",                     SIGNED_IN, security_page),
    PORTAL_GET ("/profile/security/password",            SIGNED_IN, security_password_page),
    PORTAL_POST("/profile/security/password",            SIGNED_IN, security_password_post, .flags = NO_TX),
    PORTAL_POST("/profile/security/sessions/{word}/end", SIGNED_IN, security_session_end, .form = security_page),
    PORTAL_GET ("/more",                SIGNED_IN, more_page),

    PORTAL_GET ("/home",                SIGNED_IN, home_page_portal),

    /* bill.c */
    PORTAL_GET ("/bills",               SIGNED_IN, bills_page),
    PORTAL_GET ("/bills.csv",           SIGNED_IN, bills_csv, .flags = WRITES),            /* the export is audited */
    /* first and last view of an e-bill */
    PORTAL_GET ("/bills/{no}",          SIGNED_IN, bill_page, .flags = WRITES),
    /* file.c: NO_TX waits for the job that makes a document, between two transactions */
    PORTAL_GET ("/bills/{no}/pdf",      SIGNED_IN, bill_download, .flags = NO_TX),
    PORTAL_GET ("/bills.zip",           SIGNED_IN, bills_zip, .flags = NO_TX),
    PORTAL_GET ("/statement.pdf",       SIGNED_IN, statement_pdf_get, .flags = NO_TX),
    PORTAL_GET ("/statement.csv",       SIGNED_IN, statement_csv_get, .flags = WRITES),
    PORTAL_GET ("/receipts/{no}/pdf",   SIGNED_IN, receipt_download, .flags = NO_TX),
    PORTAL_GET ("/bills/{no}/print",    SIGNED_IN, bill_print),
    PORTAL_GET ("/statement",           SIGNED_IN, statement_page),

    /* pay.c: looking at an open payment may ask its gateway, by a job (WRITES); NO_TX where a look-up is counted
       although refused, and where the gateway is called between two transactions */
    PORTAL_GET ("/pay",                 OPEN,      pay_page),
    PORTAL_POST("/pay",                 OPEN,      pay_post),
    PORTAL_POST("/pay/guest",           OPEN,      guest_post, .flags = NO_TX, .form = pay_page),
    PORTAL_GET ("/pay/{intent}",        OPEN,      pay_intent_page, .flags = WRITES),
    PORTAL_POST("/pay/{intent}/start",  OPEN,      pay_start_post, .flags = NO_TX, .form = pay_intent_page),
    PORTAL_GET ("/pay/{intent}/return", OPEN,      pay_return_page, .flags = WRITES),
    PORTAL_GET ("/receipts/{no}",       SIGNED_IN, receipt_page),
    TENANT_GET ("/b/{token}",           NULL, OPEN, bill_link),
    { 0 }
};

static const EventHandler portal_events[] = {
    { "payment_intent.succeeded", "portal.receipt", payment_succeeded },
    { 0 }
};

extern const Module portal_module;
const Module portal_module = { .name = "portal", .routes = portal_routes, .events = portal_events };
