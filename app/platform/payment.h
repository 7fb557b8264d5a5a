/*
 * Within the module: how tenants pay their invoices through the platform's own gateway account (ONB08US01 "uses the
 * same gateway code with the platform's own gateway_account").
 *
 *   invoice (open) -> payment created -> the gateway's page -> signed webhook, or asking -> invoice paid, receipt
 *
 * The browser's return moves nothing. A payment succeeds once; money that pays no invoice (paid already, another
 * amount) is kept as surplus for a person to give back.
 */
#ifndef APP_PLATFORM_PAYMENT_H
#define APP_PLATFORM_PAYMENT_H

#include "app/hub/hub.h"
#include "app/platform/subscription.h"

/* --- the account (gateway.c) -------------------------------------------------------------------------------------- */

/* With its secrets opened, wiped when the memory is rewound; NULL when there is none. */
const HouseAccount *platform_account(Ctx *c, Id id);
/* The one that takes payments now; NULL: none. */
const HouseAccount *platform_account_active(Ctx *c);
/* A sandbox takes payments by test accounts, production by live ones: nothing else can be switched on. */
const char *platform_mode(void);
void platform_gateway_start(void);

/* --- payments (payment.c) ----------------------------------------------------------------------------------------- */

#define SUB_PAYMENT(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, payment_no) \
    F(T, Id, tenant_id) F(T, Id, invoice_id) F(T, Id, gateway_account_id) F(T, Money, amount_minor) \
    F(T, const char *, currency) F(T, const char *, state) F(T, int, rank) F(T, const char *, provider_ref) \
    F(T, const char *, redirect_url) \
    F(T, const char *, provider_payment_id) F(T, const char *, failure_text) F(T, const char *, card_last4) \
    F(T, Money, received_minor) F(T, const char *, received_currency) F(T, const char *, surplus) \
        F(T, const char *, surplus_note) \
    F(T, const char *, receipt_no) F(T, int, calls) F(T, Time, asked_at) F(T, Time, expires_at) \
    F(T, Time, succeeded_at) F(T, Time, created_at) F(T, const char *, sandbox_card) F(T, const char *, started_by) \
    F(T, const char *, payer_email) F(T, const char *, invoice_no) F(T, int, row_version)
ROW(SubPayment, SUB_PAYMENT)

/* NULL when there is none. */
SubPayment *sub_payment_find(Ctx *c, const char *public_id);
SubPayment *sub_payment_no  (Ctx *c, const char *payment_no);
/* As the gateway knows it. */
HouseOrder  sub_payment_order(Ctx *c, const SubPayment *p);
/* Begins to pay an open invoice of the context's tenant, or goes on with a payment of it that is under way. Calls
   outside: not in a transaction. */
const SubPayment *sub_payment_begin(Ctx *c, Id invoice);
/* Somebody looks: the gateway is asked by a job, every 20 s at most. */
void sub_payment_look(Ctx *c, const SubPayment *p);
bool sub_payment_is_open(const SubPayment *p);

JobStep sub_payment_job(Ctx *c, const JobRow *job);         /* opens again, or asks */
JobStep sub_event_job  (Ctx *c, const JobRow *job);         /* a verified webhook */
JobStep sub_poll_job   (Ctx *c, const JobRow *job);         /* what has been open for a while is asked for */
JobStep sub_sandbox_job(Ctx *c, const JobRow *job);         /* the sandbox calls our webhook */

/* --- money that goes back (refund.c) ------------------------------------------------------------------------------ */

/* What of a payment that succeeded at a gateway is not given back, nor on its way back. */
Money sub_payment_left(Ctx *c, const SubPayment *p);
/* Books what is known of refunds of a payment, each once; one made in the gateway's own pages is kept as such. In the
   payer's tenant, in a transaction. False: all of it was known. Fails CONFLICT while the payment itself is not known to
   have succeeded. */
bool sub_refunds_heard(Ctx *c, Id payment, const HouseRefunds *all);
/* Those of a tenant that were asked for by then and have no result are sent again, or asked for, by jobs. */
void sub_refunds_look(Ctx *c, Id tenant, Time asked_before);
JobStep sub_refund_job(Ctx *c, const JobRow *job);
/* Refunds of a payment, or (payment 0) of an invoice, as a table; false: there are none. */
bool sub_refunds_show(Req *r, const char *at_, Id payment, Id invoice);
/* "SUB-RF-000001, 400.00 USD" of those of an invoice that succeeded, for paper; NULL: none. */
const char *sub_refunds_words(Ctx *c, Id invoice);
/* The form that asks for one, of at most what is left. */
void sub_refund_form(Req *r, const char *at_, const SubPayment *p, Money left);
/* Money fields of the pages of this request are in that currency. */
void money_fields_in(Req *r, const char *currency);

/* --- pages -------------------------------------------------------------------------------------------------------- */

void house_list_page        (Req *r);
void house_make_post        (Req *r);
void house_page             (Req *r);
void house_credentials_page (Req *r);
void house_credentials_post (Req *r);
void house_check_post       (Req *r);
void house_move_post        (Req *r);
void seller_page            (Req *r);
void seller_save            (Req *r);
void sub_payments_page      (Req *r);
void sub_payment_show       (Req *r);
void sub_payment_check      (Req *r);
void sub_payment_settle     (Req *r);
void sub_refund_post        (Req *r);
void tenant_invoice_page    (Req *r);
void my_invoice_page        (Req *r);
void my_invoice_print       (Req *r);
void my_invoice_pdf         (Req *r);
void tenant_invoice_pdf     (Req *r);
void my_invoice_pay         (Req *r);
void my_payment_page        (Req *r);
void my_contact_page        (Req *r);
void my_contact_save        (Req *r);
void sub_sandbox_page       (Req *r);
void sub_sandbox_post       (Req *r);
void agreement_page             (Req *r);
void agreement_save             (Req *r);
void correction_page        (Req *r);
void correction_save        (Req *r);

#endif
