/*
 * Within app/portal: the handlers for its table of contents, and what its files share.
 */
#ifndef APP_PORTAL_PAGES_H
#define APP_PORTAL_PAGES_H

#include "app/cis/cis.h"
#include "app/core/core.h"
#include "app/portal/code_rules.h"
#include "app/portal/portal.h"
#include "lib/db.h"
#include "lib/req.h"

/* --- settings, shell ---------------------------------------------------------------------------------------------- */

/* Whether a setting that is a JSON list holds a word. */
bool portal_setting_has(Ctx *c, const char *key, const char *word);
/* A page in the portal's shell; title_key NULL: the caller has set the title. */
void portal_page(Req *r, const char *title_key, const char *template_);

/* --- accounts of the visitor (access.c) --------------------------------------------------------------------------- */

#define MINE(F, T) F(T, Id, link_id) F(T, Id, id) F(T, const char *, account_no) F(T, const char *, nickname) \
    F(T, const char *, access) F(T, const char *, status) F(T, const char *, currency) \
    F(T, Money, balance_minor) F(T, const char *, address) F(T, int, row_version)
ROW(Mine, MINE)
/* Open links in order; read once a request. */
Mines       mine_all  (Ctx *c);
const Mine *mine_by_no(Ctx *c, const char *account_no);     /* NULL when it is not linked */
const Mine *mine_by_id(Ctx *c, Id account);
const Mine *mine_here (Req *r);                             /* the chosen one; NULL: all accounts */
Mines       mine_shown(Req *r);                             /* the chosen one, or all */
bool        mine_may  (const Mine *m, Access least);
const char *mine_name (Ctx *c, const Mine *m);
void        show_switcher(Req *r);

/* --- one-time codes (code.c) -------------------------------------------------------------------------------------- */

typedef struct {
    const char *purpose;            /* register, signin, stepup, guest */
    const char *subject;            /* what the limits are counted by: account number, address */
    Id          subject_id;         /* 0: nobody; such a code never fits and is never sent */
    const char *channel;            /* email, sms: wished; the other one when that is missing */
    const char *email, *phone, *lang;
    const char *data;               /* JSON or NULL */
} NewChallenge;
typedef struct Challenge Challenge;
/* Stores and sends a code, remembers it in a signed cookie. Fails BUSY above the limits. In a transaction. */
void challenge_new(Req *r, const NewChallenge *n);
/* The one of this browser's cookie and this purpose; NULL when there is none. */
Challenge *challenge_here(Req *r, const char *purpose);
/* A new code in place of the last one, after 60 s. */
void challenge_again(Req *r, const Challenge *old);
/* Counts the try, in a transaction of its own; fails WRONG_PROOF
 * or CONFLICT with the words of CSS01US01. NO_TX routes. */
void challenge_prove(Req *r, Challenge *ch, const char *code);
/* A proved one within 30 minutes and not used up. */
bool challenge_is_proved(const Ctx *c, const Challenge *ch);
void challenge_use_up(Req *r, const Challenge *ch);
Id          challenge_subject(const Challenge *ch);
const char *challenge_channel(const Challenge *ch);
const char *challenge_address(const Challenge *ch);
const char *challenge_data   (const Challenge *ch);

/* --- people (sign_in.c) ------------------------------------------------------------------------------------------- */

#define PORTAL_USER(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, email) \
    F(T, const char *, mobile) F(T, const char *, password_hash) F(T, const char *, status) F(T, const char *, lang) \
    F(T, const char *, mfa) F(T, Id, consumer_id) F(T, int, row_version)
ROW(PortalUser, PORTAL_USER)
PortalUser *portal_user_by_login(Ctx *c, const char *login);    /* e-mail or mobile; NULL when there is none */
PortalUser *portal_user_by_id   (Ctx *c, Id id);
/* Checked and hashed under the limit of hashing; fails INVALID at `field`. Outside of transactions. */
const char *portal_password_hash(Req *r, const char *field, const char *password, const char *email,
                                 const char *account_no);
/* Session, attempts, notice of a new device, accounts waiting
 * to be added; answers with where to go. In a transaction. */
void portal_enter(Req *r, PortalUser *u, bool keep, const char *next, bool is_new);
/* Links the account proved by a code of this browser, if there is one that waits; its number or NULL. */
const char *register_claim(Req *r, Id portal_user);
/* A link; CONFLICT "This account is already in your list." */
typedef struct { const char *access, *relation, *proof; Date until; } NewLink;
void account_link(Req *r, Id portal_user, const Account *a, const NewLink *n);
/* The hash of a link's token, as it is stored. */
Bytes token_bytes(Ctx *c, const char *token);

/* Notes wrong passwords and fails BUSY while password sign-in pauses; a wrong one is remembered. Outside of
   transactions. */
void portal_check_pause(Req *r, const char *login);
void portal_wrong_try  (Req *r, PortalUser *u);
void portal_send_reset (Req *r, const PortalUser *u);

/* --- is it still you? (step.c) ------------------------------------------------------------------------------------ */

/* Before a sensitive change: true when password or code were given within 15 minutes. Else it has answered with the
   way to /confirm, and the handler returns. DENIED when staff look. */
bool stepped_up(Req *r);
/* Staff see the portal as this consumer, read only. */
bool portal_is_viewed(Ctx *c);

/* --- cards and autopay -------------------------------------------------------------------------------------------- */

/* What autopay.c does for others: an enrolment whose card is over, or whose owner lost access. */
void autopay_suspend(Ctx *c, Id method);
void autopay_end_of (Ctx *c, Id portal_user, Id account);
/* What autopay takes next of these accounts, in words; NULL: nothing. */
const char *autopay_note(Ctx *c, Mines mines);
void cards_look     (Ctx *c);           /* method.c: cards that end soon */
void method_of_payment(Ctx *c, Id intent);

/* --- handlers ----------------------------------------------------------------------------------------------------- */

void root_redirect(Req *r);
void language_page(Req *r);     void language_post(Req *r);
void register_page(Req *r);     void register_post(Req *r);
void register_code_page(Req *r); void register_code_post(Req *r); void register_code_again(Req *r);
void register_finish_page(Req *r); void register_finish_post(Req *r);
void signin_page(Req *r);       void signin_post(Req *r);
void signin_send_post(Req *r);
void signin_code_page(Req *r);  void signin_code_post(Req *r);  void signin_code_again(Req *r);
void signout_post(Req *r);
void forgot_page_portal(Req *r); void forgot_post_portal(Req *r);
void reset_page_portal(Req *r);  void reset_post_portal(Req *r);
void not_me_page(Req *r);       void not_me_post(Req *r);
void security_page(Req *r);
void security_password_page(Req *r); void security_password_post(Req *r);
void security_session_end(Req *r);
void accounts_page(Req *r);     void switch_post(Req *r);
void account_name_post(Req *r); void account_unlink_page(Req *r); void account_unlink_post(Req *r);
void people_page(Req *r);       void people_post(Req *r);   void people_end(Req *r);
void invited_page(Req *r);      void invited_post(Req *r);
void paperless_post(Req *r);
void second_page(Req *r);       void second_post(Req *r);       void second_again(Req *r);
void terms_page(Req *r);        void terms_post(Req *r);
void confirm_page(Req *r);      void confirm_post(Req *r);      void confirm_send(Req *r);
void confirm_code_page(Req *r); void confirm_code_post(Req *r);
void two_step_page(Req *r);     void two_step_set(Req *r);
void two_step_app_page(Req *r); void two_step_app_post(Req *r);
void device_forget_post(Req *r); void session_stay_page(Req *r);
void methods_page(Req *r);      void methods_post(Req *r);      void method_return_page(Req *r);
void method_name_post(Req *r);  void method_default_post(Req *r);
void method_remove_page(Req *r); void method_remove_post(Req *r);
void autopay_page(Req *r);      void autopay_account_page(Req *r); void autopay_save(Req *r);
void autopay_move(Req *r);      void autopay_cancel_page(Req *r); void autopay_cancel_post(Req *r);
void dispute_page(Req *r);      void dispute_post(Req *r);
void paper_page(Req *r);        void paper_post(Req *r);
void access_page(Req *r);       void access_post(Req *r);
void staff_users_page(Req *r);  void staff_user_page(Req *r);
void staff_act_page(Req *r);    void staff_act_post(Req *r);
void staff_asks_page(Req *r);
void staff_ask_page(Req *r);
void staff_ask_post(Req *r);
void staff_ask_file(Req *r);
extern const PageTab portal_tabs[];
void home_page_portal(Req *r);  void more_page(Req *r);
void bills_page(Req *r);        void bills_csv(Req *r);
void bill_page(Req *r);         void bill_download(Req *r);     void bill_print(Req *r);
void bill_mail_post(Req *r);
void statement_page(Req *r);
void reading_page(Req *r);      void reading_post(Req *r);
/* file.c */
void bills_zip(Req *r);         void statement_pdf_get(Req *r);  void statement_csv_get(Req *r);
void receipt_download(Req *r);
void pay_page(Req *r);          void pay_post(Req *r);
void pay_intent_page(Req *r);   void pay_start_post(Req *r);    void pay_return_page(Req *r);
void pay_return_post(Req *r);
void guest_post(Req *r);
void bill_link(Req *r);
void receipt_page(Req *r);
void payments_scheduled_page(Req *r);  void year_pdf_get(Req *r);
void payment_mail_post(Req *r); void question_page(Req *r);     void question_post(Req *r);
void payments_page(Req *r);     void payments_csv(Req *r);      void payment_seen_page(Req *r);

/* Of the outbox: receipts to holders and guests; what autopay's charges became; a card that was given. */
void payment_succeeded(Ctx *c, const EventRow *e);
void autopay_paid  (Ctx *c, const EventRow *e);
void autopay_failed(Ctx *c, const EventRow *e);
void method_ready  (Ctx *c, const EventRow *e);

JobStep year_job       (Ctx *c, const JobRow *job);        /* payment_paper.c: payments of a year as a PDF */
JobStep autopay_day    (Ctx *c, const JobRow *job);
JobStep autopay_charge (Ctx *c, const JobRow *job);
JobStep method_job     (Ctx *c, const JobRow *job);
JobStep method_drop_job(Ctx *c, const JobRow *job);

/* announce.c: above a page; POST that closes one */
void announcements_show(Req *r);
void announcement_close(Req *r);
void staff_announcements_page(Req *r);  void staff_announcement_new(Req *r);
void staff_announcement_page(Req *r);   void staff_announcement_post(Req *r);
void staff_announcement_save(Req *r);
/* note.c: of bill.posted */
void bill_noted(Ctx *c, const EventRow *e);

/* purge.c: what goes when a utility goes live */
extern const SandboxPurge portal_purges[];

/* history.c: above a list of the portal ("bills", "payments", newest first): the years that occur, and its states in
 * the words portal.<what>.<state>. */
void filters_show(Req *r, const char *what, const int *years, size_t years_n, int year, const char *const *words,
                  const char *state);

#endif
