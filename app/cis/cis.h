/*
 * cis: consumers, premises, accounts, connections; payments, receipts, credits, agreements; cases. Implemented in
 * app/cis.
 *
 * Writers are idempotent by their source key and run in the caller's transaction. Each module reads another's rows
 * through these functions. Accounts outside the user's areas are NOT_FOUND for staff; the portal checks its links
 * first.
 */
#ifndef APP_CIS_CIS_H
#define APP_CIS_CIS_H

#include "app/cis/entry_rules.h"
#include "lib/arena.h"
#include "lib/rows.h"
#include "lib/types.h"

struct Ctx;

/* --- looking up --------------------------------------------------------------------------------------------------- */

typedef struct {
    Id          id, consumer, premise, category, sub_category, sub_area;
    const char *account_no, *portal_code, *status, *currency;
    /* of the holder; email, phone may be NULL */
    const char *consumer_no, *consumer_name, *consumer_language, *email, *phone;
    const char *address;            /* of the premise, one line */
    const char *postal_code, *area_path;
    Money       balance, deferred, deposit_balance;     /* balance: positive = owes */
    Date        opened_on, closed_on;
    bool        is_tax_exempt, is_cash_only;
    Date        tax_exempt_until;
    int         due_days;           /* 0: the category's */
} Account;
const Account *account_find(struct Ctx *c, const char *account_no);     /* NULL when none */
const Account *account_get (struct Ctx *c, Id account);                 /* NOT_FOUND when none */
/* Locks the row for the rest of the transaction (select ... for update). Lock accounts in order of id. */
const Account *account_lock(struct Ctx *c, Id account);
/* The same for many at once, in one statement: in order of id, each once. They must all be there. */
typedef struct { const Account *v; size_t n; } Accounts;
Accounts       accounts_lock(struct Ctx *c, const Id *accounts, size_t n);
Money          account_balance(struct Ctx *c, Id account);
/* What the ledger posted to these accounts: balance moves by ar + agreement, deferred by agreement, deposit_balance by
   deposit (owed more = positive; deposits: held more = positive). Called by ledger_post alone (I2). */
typedef struct { Id account; Money ar, agreement, deposit; } BalanceMove;
void account_balances_move(struct Ctx *c, const BalanceMove *moves, size_t n);

typedef struct {
    Money not_due, days_0_30, days_31_60, days_61_90, days_over_90;     /* unpaid parts by days past due */
    Money in_dispute, under_agreement, unallocated, collectable;
} Ageing;
Ageing account_ageing(struct Ctx *c, Id account, Date as_of);

/* Whether the account may be billed on a date: a refusal text, or NULL when it may. */
const char *account_can_bill(struct Ctx *c, Id account, Date date);
/* Account that held the connection on a date; 0 when nobody did. */
Id connection_holder_at(struct Ctx *c, Id service_connection, Date date);
Id consumer_by_phone(struct Ctx *c, const char *e164);                  /* 0 when none or several */
Id consumer_find(struct Ctx *c, const char *consumer_no);               /* 0 when none */

typedef struct {
    Id          id, account, premise, plan, meter;
    const char *connection_no, *service_code, *status, *supply_state, *size;
    bool        is_metered;
    Date        plan_valid_from, connected_on, disconnected_on, last_billed_on;
    Id          derived_from;
    bool        has_winter_average;
    Quantity    winter_average;
    int         eru_e3, dwelling_units;
} Connection;
typedef struct { Connection *v; size_t n; } Connections;
Connections       connections_of(struct Ctx *c, Id account);            /* not closed ones first, then by id */
const Connection *connection_get(struct Ctx *c, Id service_connection); /* NOT_FOUND when none */
/* The bill published last moves last_billed_on; cancelling moves it back. Called by billing alone. */
void connection_billed(struct Ctx *c, Id service_connection, Date last_day);
/* The same for a bill run: last_billed_on of many connections only moves on, last_bill_on of the accounts; theirs were
   published now. account_unbilled: one of its bills was cancelled, so nobody knows when the last one was. */
typedef struct { Id connection; Date last_day; } ConnectionBilled;
void connections_billed(struct Ctx *c, const ConnectionBilled *v, size_t n);
void accounts_billed(struct Ctx *c, const Id *accounts, size_t n, Date bill_date);
void account_unbilled(struct Ctx *c, Id account);
/* The main meters of connections now (0: none), each connection once;
 * they are found by these numbers. Called by metering alone. */
typedef struct { Id connection, meter; const char *meter_no; } ConnectionMeter;
void connections_meter(struct Ctx *c, const ConnectionMeter *v, size_t n);

/* --- changing ----------------------------------------------------------------------------------------------------- */

/*
 * New rows: the structs and their rules stand in entry_rules.h. Three forms of one thing:
 *   x_check   says what is wrong with each of n rows, those among each other too, and stores nothing;
 *   xs_create stores the rows without a fault (a possible duplicate is none) and returns the faults of the others,
 * whose id
 *             is 0: files, some hundreds of rows at a time;
 *   x_create  stores one, or fails with the first fault at its field; a possible duplicate wants its reason first.
 * Numbers left out are taken from id_next. Each writes audit, words of the search and its event.
 */
Faults consumers_check  (struct Ctx *c, const NewConsumer *v, size_t n);
Faults consumers_create (struct Ctx *c, const NewConsumer *v, size_t n, Id *ids);
Id     consumer_create  (struct Ctx *c, const NewConsumer *n);
/* CONFLICT when the normalised address is there already, naming its number. */
Faults premises_check   (struct Ctx *c, const NewPremise *v, size_t n);
Faults premises_create  (struct Ctx *c, const NewPremise *v, size_t n, Id *ids);
Id     premise_create   (struct Ctx *c, const NewPremise *n);
/* Premises stand in another sub-area from now on, each with its audit; those that do already are left alone. Returns
   how many moved. The second takes all of one sub-area. Called by the pages of service areas. */
int64_t premises_area_set (struct Ctx *c, const Id *premises, size_t n, Id sub_area, const char *reason);
int64_t premises_area_move(struct Ctx *c, Id from, Id to, const char *reason);
/* At most so many accounts of a category belong to another one from now on, each with its audit. A sub-category stays
   where it belongs to the new one. Returns how many; fewer than `most`: none are left (ONB02US02). */
int64_t accounts_category_move(struct Ctx *c, Id from, Id to, int most, const char *reason);
/* CONFLICT when a single-unit premise has an open account, naming it. */
Faults accounts_check   (struct Ctx *c, const NewAccount *v, size_t n);
Faults accounts_create  (struct Ctx *c, const NewAccount *v, size_t n, Id *ids);
Id     account_create   (struct Ctx *c, const NewAccount *n);
/* A connection, with its first holder and plan rows unless it is pending. */
Faults connections_check (struct Ctx *c, const NewConnection *v, size_t n);
Faults connections_create(struct Ctx *c, const NewConnection *v, size_t n, Id *ids);
Id     connection_create (struct Ctx *c, const NewConnection *n);
/* What a file of connections may change of those that are there, where they have this version; returns how many had it.
   The caller writes the audit. Called by metering. */
typedef struct {
    Id       connection;
    int      row_version, dwelling_units, eru_e3;
    bool     has_winter_average;
    Quantity winter_average;
} ConnectionKeeps;
int64_t connections_facts_set(struct Ctx *c, const ConnectionKeeps *v, size_t n);
/* Connections of an import are taken away again with holder and plan: why[i] says what stays. Called by metering. */
void   connections_revert(struct Ctx *c, const Id *ids, size_t n, const char **why);
/* Pending -> active from a day on, which is not in the future: its account holds it from then on (or from its own
   opening, when that is later); emits service_connection.activated. Nothing happens to an active one. CONFLICT when its
   plan has no prices. */
void connection_open(struct Ctx *c, Id service_connection, Date on);
/* A plan from a date on (the open plan row ends the day before); emits service_connection.plan_changed. INVALID for
   days that are billed, CONFLICT when a later change is there or the plan does not fit. */
void connection_plan_set(struct Ctx *c, Id service_connection, Id plan, Date from, const char *reason);
/* The mean use of winter for 30 days, by which wastewater may be capped: computed once a year, not typed. */
typedef struct { Id connection; Quantity average; } ConnectionWinter;
void connections_winter_set(struct Ctx *c, const ConnectionWinter *v, size_t n);
/* Moves the account's status as account_may_become allows, with history and events; CONFLICT otherwise, and when it
   would close with money owed or a meter measuring. Nothing happens when it is there already. */
void account_status_set(struct Ctx *c, Id account, const char *status, const char *reason);
/* Pending -> active from a day on, which is not in the future: the day its use and its bills begin. */
void account_open(struct Ctx *c, Id account, Date on, const char *reason);
/* Adds or changes a contact point and the copy in consumer when it
 * is primary; emits contact.changed. kind: email, mobile, phone. */
Id   contact_set(struct Ctx *c, Id consumer, const char *kind, const char *value, bool is_verified);
/* Marks an address bad after a hard bounce; hash as of lookup_hash. */
void contact_invalid(struct Ctx *c, const char *kind, const char *value, const char *reason);
void consumer_erase(struct Ctx *c, Id consumer);
/* connected, disconnected, vacant: after field work or a remote command. */
void cis_set_supply_state(struct Ctx *c, Id service_connection, const char *state, Time at, Id service_order);

/* --- payments (CIS01US09, CIS01US13) ------------------------------------------------------------------------------ */

/* bill, charge, instalment, deposit; amount 0: as much as is open */
typedef struct { const char *type; Id id; Money amount; } PayItem;

typedef struct {
    Id             account;         /* 0: SUSPENSE */
    const char    *channel, *mode;  /* codes: walk_in, portal ...; cash, cheque, card_online ... */
    const char    *type;            /* bill, service, instalment, deposit, advance, other; NULL: bill */
    Money          amount;
    Money          fee;             /* convenience fee paid with it: its own ledger lines, not part of amount */
    const PayItem *items; int item_n;       /* chosen items; none: oldest first by the allocation rule */
    Time           received_at;     /* all zero: now */
    Date           value_date;      /* DATE_NONE: today */
    const char    *payer_name, *reference, *note;
    const char    *cheque_no, *cheque_bank; Date cheque_date;
    const char    *card_last4, *auth_code;
    Money          tendered;        /* cash */
    Id             intent;          /* payment_intent: unique with the account */
    Id             gateway;         /* gateway_account */
    const char    *provider_payment_id;     /* unique per gateway and account */
    const char    *external_id;     /* unique per channel and account */
    const char    *group;           /* common to a basket or an intent with several lines: one receipt */
    Id             till_session;
    const char    *form_key;
} NewPayment;

typedef struct { Id id; const char *payment_no, *receipt_no, *status; Money allocated, unallocated; bool was_there;
                 } Posted;
/* Payment, allocations, ledger (Dr the mode's key, Cr AR or SUSPENSE), receipt number, payment.posted: all or nothing.
   The same intent line or external id again returns the first payment (was_there) and changes nothing. INVALID when the
   channel or mode does not take it, with the rule's text. */
Posted payment_post(struct Ctx *c, const NewPayment *p);

/* Several accounts or modes by one payer: all payments and one receipt, or none. posted gets n results. */
void   payment_post_group(struct Ctx *c, const NewPayment *p, size_t n, Posted *posted);

/* Payments of n different accounts (0 is not taken), each with its own receipt: the rows of payment_post in some twenty
   statements whatever n is (files of banks, samples); 500 at a time are best. is_history: without events and audit
   entries, for what happened before this installation began. */
void   payment_post_many(struct Ctx *c, const NewPayment *p, size_t n, bool is_history, Posted *posted);

typedef struct { const char *type; Id id; const char *label; Date due_on; Money open, amount; } PreviewItem;
typedef struct { PreviewItem *v; size_t n; Money credit; } Preview;
/* What payment_post would pay with this amount; stores nothing. */
Preview payment_allocate_preview(struct Ctx *c, Id account, Money amount, const PayItem *items, int item_n);

/* reason: wrong_account, wrong_amount, duplicate, returned_cheque, chargeback, void, other */
typedef struct { Id payment; const char *reason, *text; Id approved_by, dispute; } Reversal;
/* The mirror of the payment's sets, allocations undone, payment.reversed. CONFLICT when it is reversed already. */
void payment_reverse(struct Ctx *c, const Reversal *r);

typedef struct {
    Id          id, account;
    const char *payment_no, *receipt_no, *channel, *mode, *status, *reference, *card_last4, *currency, *payer_name;
    Money       amount, unallocated, refunded;
    Time        received_at;
    Date        value_date;
} PaymentHead;
typedef struct { PaymentHead *v; size_t n; } PaymentHeads;
/* newest first; limit 0: 100 */
PaymentHeads       payment_list(struct Ctx *c, Id account, Date from, Date to, int limit);
const PaymentHead *payment_get (struct Ctx *c, const char *receipt_no);     /* NULL when none */
/* What paid a bill, charge, instalment or deposit; undone parts are left out. */
typedef struct { const char *payment_no, *receipt_no; Date value_date; Money amount; Time received_at; } PaidPart;
typedef struct { PaidPart *v; size_t n; } PaidParts;
PaidParts item_payments(struct Ctx *c, const char *type, Id id);
/* Credit notes used for it, with the day. */
typedef struct { const char *number; Date on; Money amount; } CreditPart;
typedef struct { CreditPart *v; size_t n; } CreditParts;
CreditParts item_credits(struct Ctx *c, const char *type, Id id);
/* The payments of one intent, or on one receipt, with their accounts. */
typedef struct { Id id, account; const char *payment_no, *receipt_no, *account_no, *mode, *status, *card_last4;
                 Money amount, unallocated; Time received_at; Date value_date; const char *mode_code;
                 Id intent; } ReceiptPayment;
typedef struct { ReceiptPayment *v; size_t n; } ReceiptPayments;
ReceiptPayments payments_of_intent (struct Ctx *c, Id intent);
ReceiptPayments payments_of_receipt(struct Ctx *c, const char *receipt_no);
/* Payments as the consumer sees them, newest first; by number; NULL when there is none. paid_for: bills' numbers. */
typedef struct {
    Id          id, account, intent;
    const char *payment_no, *receipt_no, *status, *mode_code, *mode, *channel_code, *channel, *card_last4, *reference,
        *reason, *paid_for;
    Money       amount, fee, unallocated, refunded, reversed;
    Time        received_at;
} PaymentSeen;
typedef struct { PaymentSeen *v; size_t n; } PaymentsSeen;
PaymentsSeen       payments_seen(struct Ctx *c, const Id *accounts, size_t n, int limit);
const PaymentSeen *payment_seen (struct Ctx *c, const char *payment_no);
typedef struct { const char *type; Id id; Money amount; } PaidItem;
typedef struct { PaidItem *v; size_t n; } PaidItems;
PaidItems          payment_items(struct Ctx *c, Id payment);
/* When a payment of the same amount came in for the account within so many minutes; TIME_NONE: none did. */
Time payment_like_at(struct Ctx *c, Id account, Money amount, int minutes);
/* The receipt as a PDF document, made when it is not there yet: in job workers. */
Id receipt_pdf(struct Ctx *c, const char *receipt_no);
/* Its document, or 0 and a job that makes it before others. In a writing transaction. */
Id receipt_pdf_wish(struct Ctx *c, const char *receipt_no);
/* How somebody paid and where, in words for people: the name the utility gives, in other languages than English the
   delivered one's; `code` and `name` of payment_mode, payment_channel. */
const char *payment_mode_words   (const char *language, const char *code, const char *name);
const char *payment_channel_words(const char *language, const char *code, const char *name);
/* Counts a copy given out: print, pdf, email, sms; how many were given out before. */
int receipt_printed(struct Ctx *c, const char *receipt_no, const char *kind);
/* The stored document with the word "Duplicate" on it: for whoever wants it once more. */
Bytes receipt_duplicate(struct Ctx *c, const char *receipt_no);

/* --- credits, refunds, deposits ----------------------------------------------------------------------------------- */

/* kind: credit, cancellation; lines: JSON */
typedef struct { Id account, bill; const char *kind, *reason_code, *reason_text, *lines; Money amount, tax;
                 const char *source_type; Id source; } NewCredit;
/* Issued at once within the user's limit, else pending_approval; a
 * cancellation documents the mirror of the bill and posts nothing. */
Id   credit_note_create(struct Ctx *c, const NewCredit *n);
/* kind: debit, credit */
typedef struct { Id account, bill; const char *kind, *charge_type, *reason_code, *note; Money amount;
                 const char *source_type; Id source; } NewAdjustment;
Id   adjustment_create(struct Ctx *c, const NewAdjustment *n);
/* Uses the account's credit (unallocated payments, then credit notes,
 * oldest first) for a bill just published; returns how much. */
Money credit_apply(struct Ctx *c, Id account, Id bill);
/* Credit of each account that pays nothing yet, in one statement. */
Money *credits_free(struct Ctx *c, const Id *accounts, size_t n);
void credit_move(struct Ctx *c, Id credit_note, Id account, Money amount);
/* payout_kind: original, bank, cheque */
typedef struct { Id account, payment, credit_note, intent; Money amount; const char *payout_kind, *reason, *via;
                 } NewRefund;
/* refund_request, waiting for another person. "At most 64.25 can be refunded." is INVALID. */
Id   refund_request_create(struct Ctx *c, const NewRefund *n);
/* An approved request as the hub submits it. */
typedef struct { Id id, payment, account; const char *refund_no, *status, *payout_kind, *reason; Money amount;
                 int attempt; } RefundOrder;
RefundOrder refund_order(struct Ctx *c, Id refund_request);
/* Result of the provider's leg: paid, failed (with what it said). A second one changes nothing. */
void refund_result(struct Ctx *c, Id refund_request, const char *state, const char *text);
/* A refund that was made in the provider's own pages: requested and approved at once, without a person. */
Id   refund_outside(struct Ctx *c, const NewRefund *n);

/* What one payment at a gateway became: payments in order, with what is neither refunded nor reversed of each. Locks
   their accounts, then them. */
typedef struct { Id payment, account; Money held; } HeldPart;
typedef struct { HeldPart *v; size_t n; } HeldParts;
HeldParts payments_of_provider(struct Ctx *c, Id gateway, const char *provider_payment_id);
/* A chargeback takes up to `amount` out of a payment (what it paid last first), marks the account, emits
   payment.reversed;
   returns how much. The hub posts the dispute's set. */
typedef struct { Id payment, dispute; Money amount; const char *text; } Chargeback;
Money payment_charge_back(struct Ctx *c, const Chargeback *k);
/* The dispute is over: won, the money is back in its payments and pays what is open; lost, it stays away. */
void  payment_charge_back_end(struct Ctx *c, Id dispute, bool is_won);
/* What the account holds as paid deposit with interest to a date: for the final bill. */
typedef struct { Id deposit; Money held, interest; int64_t rate_ppm; Date since; } DepositHeld;
typedef struct { DepositHeld *v; size_t n; } DepositsHeld;
DepositsHeld deposits_held(struct Ctx *c, Id account, Date as_of);
void deposit_applied(struct Ctx *c, Id deposit, Money amount, Id bill);

/* --- agreements --------------------------------------------------------------------------------------------------- */

/* `seq` of `count` instalments of the agreement with that number. */
typedef struct { Id id; const char *agreement_no; int seq, count; Date due_on; Money amount, unpaid; } Instalment;
typedef struct { Instalment *v; size_t n; } Instalments;
/* Unpaid instalments of an agreement that is kept, due on or before a date, that are not on a bill yet; by due date. */
Instalments instalments_due(struct Ctx *c, Id account, Date until);
/* An instalment stands on a bill, with which it moves to the receivables; 0: it is free again (the bill was cancelled).
   CONFLICT when it is on a bill already or is paid. */
void instalment_billed(struct Ctx *c, Id instalment, Id bill);

/* --- cases -------------------------------------------------------------------------------------------------------- */

typedef struct { Id consumer, account, bill; const char *type_code, *subject, *description, *channel, *service_code;
                 Money disputed; Id call; const char *extra; } NewComplaint;      /* extra: JSON or NULL */
/* With its number, notice and event; billing holds the disputed bill. CONFLICT "<no> about this bill is open." for
   a bill that is in dispute, INVALID "At most $62.25 can be disputed on this bill." above what is unpaid. */
Id complaint_create(struct Ctx *c, const NewComplaint *n);
/* All complaints about a bill, newest first. */
typedef struct { const char *complaint_no, *status; Time created_at; } CaseHead;
typedef struct { CaseHead *v; size_t n; } CaseHeads;
CaseHeads bill_complaints(struct Ctx *c, Id bill);
/* The number of the open complaint that names this payment of the account; NULL: there is none. */
const char *payment_complaint_open(struct Ctx *c, Id account, const char *payment_no);
/* Open complaints about bills of an account. */
typedef struct { Id complaint, bill; const char *complaint_no; Money amount; } Dispute;
typedef struct { Dispute *v; size_t n; } Disputes;
Disputes bill_disputes_open(struct Ctx *c, Id account);
/* Bills of an account that a payment agreement covers while it is kept (active, at risk). */
typedef struct { Id *v; size_t n; } AgreedBills;
AgreedBills bills_in_agreement(struct Ctx *c, Id account);
/* Complaints and service requests that wait for work, as parts of statements, alone or after an alias:
   "p." COMPLAINT_WAITS. The working hours of their types run for such requests. */
#define COMPLAINT_WAITS  "status in ('pending', 'assigned', 'in_progress', 'on_hold')"
#define REQUEST_PROMISED "status in ('pending_approval', 'awaiting_payment', 'in_progress', 'on_hold', 'estimate_sent')"
typedef struct {
    Id consumer, account;
    const char *type_code, *answers, *instructions, *channel;
    Date preferred;
    Id call;
    const char *contact_name, *contact_phone, *email;
    bool may_repeat;
} NewRequest;
/* With its number, notice (to `email` when it is given) and event. CONFLICT "<no> is open." for a second open one
   of the type and account, unless may_repeat. */
Id service_request_create(struct Ctx *c, const NewRequest *n);
/* Until when each open one is promised, by the working hours of its type as the calendar stands now. */
void service_requests_reckon(struct Ctx *c);
/* Decided by another person than the one who made it: completed or, with a reason, rejected. */
void service_request_decide(struct Ctx *c, Id request, bool approve, const char *reason);
/* The open one of a type for an account; NULL when there is none. Its fee today. */
const char *service_request_open(struct Ctx *c, Id account, const char *type_code);
Money       service_request_fee (struct Ctx *c, const char *type_code);
typedef struct { const char *entity; Id id; const char *author_kind; Id author; const char *body, *via;
                 const char *document_ids; bool is_internal; } NewCaseMessage;
Id case_message_add(struct Ctx *c, const NewCaseMessage *n);
typedef struct { const char *kind, *number, *type, *status, *stage, *subject; Time created_at, changed_at; Id id;
                 } Request;
typedef struct { Request *v; size_t n; } Requests;
Requests request_list(struct Ctx *c, Id consumer, Id account);          /* either may be 0 */

#endif
