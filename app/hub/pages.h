/*
 * Handlers and jobs of app/hub, within the module.
 */
#ifndef APP_HUB_PAGES_H
#define APP_HUB_PAGES_H

#include "app/core/core.h"
#include "lib/csv.h"
#include "lib/req.h"

void    razorpay_page(Req *r);
void    sandbox_page(Req *r);
void    sandbox_post(Req *r);
void    sandbox_save_page(Req *r);
void    sandbox_save_post(Req *r);
JobStep sandbox_deliver(Ctx *c, const JobRow *job);
JobStep sandbox_report(Ctx *c, const JobRow *job);
void    mailbox_page(Req *r);
void    mailbox_message(Req *r);
void    hook_post(Req *r);
JobStep hook_process(Ctx *c, const JobRow *job);
JobStep hook_message(Ctx *c, const JobRow *job);
JobStep intent_poll(Ctx *c, const JobRow *job);
JobStep intent_start_again(Ctx *c, const JobRow *job);
JobStep intent_check(Ctx *c, const JobRow *job);
void    intent_list_page(Req *r);
void    intent_page(Req *r);
void    intent_ask_post(Req *r);
void    refund_leg_list_page(Req *r);
void    dispute_list_page(Req *r);
void    settlement_list_page(Req *r);
void    settlement_page(Req *r);
void    settlement_line_page(Req *r);
void    settlement_line_post(Req *r);
void    settlement_confirm_post(Req *r);
void    settlement_assign_post(Req *r);
void    settlement_export(Req *r);
void    settlement_close_post(Req *r);
void    sandbox_switch_page(Req *r);
void    sandbox_switch_post(Req *r);
JobStep sandbox_money_send(Ctx *c, const JobRow *job);
JobStep sandbox_settle(Ctx *c, const JobRow *job);
void    refund_approved(Ctx *c, const EventRow *e);         /* of refund_request.approved */
JobStep refund_send(Ctx *c, const JobRow *job);
JobStep refund_ask(Ctx *c, const JobRow *job);
JobStep settlement_fetch(Ctx *c, const JobRow *job);
/* What a person decides about a line that does not match; closing needs all lines settled. */
void    settlement_resolve(Ctx *c, Id settlement, int64_t line_no, const char *comment);
void    settlement_close(Ctx *c, Id settlement);
/* A payment that was suggested is it; a line is for somebody to look at. */
void    settlement_confirm(Ctx *c, Id settlement, int64_t line_no);
void    settlement_assign (Ctx *c, Id settlement, int64_t line_no, Id user);
/* link_page.c */
void    link_new_page(Req *r);
void    link_new_post(Req *r);
void    link_page(Req *r);
void    link_withdraw_post(Req *r);
void    link_send_page(Req *r);
void    link_send_post(Req *r);

/* event_page.c */
enum { HOOK_TRIES = 25 };       /* of an event; then it is dead */
void    event_list_page(Req *r);
void    event_page(Req *r);
void    event_replay(Req *r);
/* What became of an event beside its state: failed, dead, replayed. */
void    event_step_note(Ctx *c, Id event, const char *what, const char *text_);
const char *event_path(Ctx *c, Id event);
/* An event is given up: said on its page, and to the administrators. */
void    event_dead(Ctx *c, Id event, const char *error);
void    hook_job_failed(Ctx *c, const EventRow *e);
JobStep events_upkeep(Ctx *c, const JobRow *job);
/* account_page.c; the job: account.c. hub_card_mark: the letters of card `n` in place of a picture: providers' own are
   theirs, and no package of them may be used for this. */
void    hub_card_mark(Req *r, size_t n, const char *label);
void    gateway_cards_page(Req *r);
void    gateway_connect_post(Req *r);
void    gateway_page(Req *r);
void    gateway_credentials_page(Req *r);
void    gateway_credentials_post(Req *r);
void    gateway_check_post(Req *r);
void    gateway_test_post(Req *r);
void    gateway_settings_page(Req *r);
void    gateway_settings_post(Req *r);
void    gateway_move_post(Req *r);
void    gateway_deactivate_page(Req *r);
void    gateway_deactivate_post(Req *r);
JobStep gateways_check(Ctx *c, const JobRow *job);
/* provider_page.c */
void    provider_cards_page(Req *r);
void    provider_page(Req *r);
void    provider_new_page(Req *r);
void    provider_new_post(Req *r);
void    provider_settings_page(Req *r);
void    provider_settings_post(Req *r);
void    provider_move_post(Req *r);
void    provider_test_page(Req *r);
void    provider_test_post(Req *r);
void    provider_outcome_page(Req *r);
void    provider_outcome_post(Req *r);
void    provider_check_post(Req *r);
void    provider_dns_post(Req *r);
void    reach_page(Req *r);
void    reach_post(Req *r);
/* provider_check.c */
JobStep providers_check(Ctx *c, const JobRow *job);
/* bank.c */
void    bank_list_page(Req *r);
void    bank_file_page(Req *r);
void    bank_file_post(Req *r);
void    bank_line_page(Req *r);
void    bank_match_post(Req *r);
void    bank_aside_post(Req *r);
void    bank_reopen_post(Req *r);
/* A new payout: the line of the bank that is it may be there already. */
void    bank_look(Ctx *c, Id settlement);
/* clearing.c */
JobStep clearing_job(Ctx *c, const JobRow *job);
void    clearing_post(Req *r);
/* review.c: a payment's exception, on its page; what one person proposes and another approves */
void    review_show(Req *r, const char *intent_no);
void    review_accept_post(Req *r);
void    review_refund_post(Req *r);
void    review_approve_post(Req *r);
void    review_drop_post(Req *r);
/* reconcile.c */
JobStep settlements_nightly(Ctx *c, const JobRow *job);
void    settlement_file_page(Req *r);
void    settlement_file_post(Req *r);
void    refund_hand_page(Req *r);
void    refund_hand_post(Req *r);
void    health_page(Req *r);
extern const PageTab hub_tabs[];
extern const UserWork hub_works[];         /* money_page.c */

/* setup_check.c */
extern const SetupCheckRow hub_setup_checks[];
/* purge.c: what goes when a utility goes live */
extern const SandboxPurge hub_purges[];

/* reconcile.c: every row of an uploaded file goes to `each`, which keeps it or says false of one it cannot read. What
 * cannot be read is told with its line, an empty file too: all rows or none. */
void csv_all_rows(Req *r, CsvReader *file, bool (*each)(Req *r, const CsvRow *row, void *arg), void *arg);

#endif
