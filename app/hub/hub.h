/*
 * hub: payment gateways, message providers, webhooks, settlements. Implemented in app/hub (ONB03US01).
 *
 * The browser's return never moves money: payment_intent_result does, from a verified webhook or a status query, once.
 * Outside calls happen in jobs, with one idempotency key per effect for ever: row first, then the call, then its
 * result.
 */
#ifndef APP_HUB_HUB_H
#define APP_HUB_HUB_H

#include "lib/arena.h"
#include "lib/request.h"
#include "lib/rows.h"
#include "lib/types.h"

struct Ctx;

/* bill, instalment, down_payment, charge, deposit, advance */
typedef struct { Id account; const char *target_kind; Id target; Money amount; } IntentLine;
typedef struct {
    const IntentLine *lines; int n;
    const char *purpose;            /* bill, deposit, fee, agreement, advance, test; NULL: bill */
    const char *channel;            /* portal, link, autopay, counter */
    const char *method;             /* NULL: the consumer chooses */
    const char *key;                /* idempotency: the same key returns the first intent */
    const char *return_path;        /* own path */
    const char *guest_email;
    Id          portal_user, saved_method, autopay;
    int64_t     expires_s;          /* 0: 30 minutes, links 7 days */
} NewIntent;
typedef struct {
    Id          id, account, gateway, payment;
    const char *public_id, *intent_no, *state, *purpose, *channel, *method, *currency, *redirect_url, *failure_text,
        *failure_code, *exception;
    Money       amount, fee, received;
    Time        expires_at, succeeded_at;
    bool        is_starting;        /* the gateway was asked to open it, and nobody knows yet whether it did */
} Intent;
/* created; no outside call yet. INVALID "Enter 1.00 to 100,000.00." and the like. */
const Intent *payment_intent_create(struct Ctx *c, const NewIntent *n);
/* Opens it at the gateway (0: the first of the order that takes it), by the method (NULL: its page asks for it):
   requires_action with redirect_url, or failed_to_start; without an answer in 4 s it stays created and is_starting,
   and a job asks again with the same key. CONFLICT at once when the gateway has not answered for a while, does not take
   the method, or wants it because its fee is not for all. Commits on its own (outside call): its route is NO_TX. A
   second start of a running intent returns it as it is. */
const Intent *payment_intent_start (struct Ctx *c, Id intent, Id gateway, const char *method);
/* The stored state; when it is open and old enough the provider is asked by a job. NULL when unknown. */
const Intent *payment_intent_status(struct Ctx *c, const char *public_id);
/* The browser came back from the gateway's page with a POST: when its fields are signed the state is asked for at once.
   Nothing else follows from them. False when there is no such payment. */
bool payment_intent_returned(struct Ctx *c, const char *public_id, const Params *fields);
/* Whether it arrived in another currency: its gateway would give back what it does not say here. */
bool payment_intent_is_other(struct Ctx *c, Id intent);
/* What it pays, in order; the portal user or the guest's address it is for. */
typedef struct { IntentLine *v; size_t n; } IntentLines;
IntentLines intent_lines(struct Ctx *c, Id intent);
Id          intent_payer(struct Ctx *c, Id intent);
const char *intent_mail (struct Ctx *c, Id intent);
/* Payments of these accounts that did not come about or are not over, newest first: at the gateway, failed, cancelled;
   and whose they are. */
typedef struct { Id id, account, payer; const char *public_id, *state; Money amount, fee; Time created_at; } IntentSeen;
typedef struct { IntentSeen *v; size_t n; } IntentsSeen;
IntentsSeen intents_unpaid(struct Ctx *c, const Id *accounts, size_t n, Time since);
/* When one of the same amount for this account was begun that is at its gateway now; TIME_NONE: none is. */
Time payment_intent_like_at(struct Ctx *c, Id account, Money amount);

/* --- cards kept for later: only tokens, kept by the portal (CSS01US03) -------------------------------------------- */

/* Whether the gateways of this driver keep cards. */
bool gateway_can_save(const char *driver);
/* Opens the gateway's page where a person gives a card to be kept; nothing is charged. Calls outside: not in a
   transaction. key: 22 characters, the same for ever; the same key opens the same. */
typedef struct { const char *key, *return_url, *return_path, *email; } NewMethod;
typedef struct { bool is_open; const char *ref, *redirect_url; } MethodOpened;
MethodOpened payment_method_open(struct Ctx *c, Id gateway, const NewMethod *n);
/* What came of it; `ref` is of such a page, or of a payment that keeps its card (payment_intent_keep). Calls
   outside. */
typedef enum { METHOD_OPEN, METHOD_DONE, METHOD_FAILED } MethodState;
typedef struct { MethodState state; const char *token, *kind, *brand, *last4; int exp_month, exp_year; } SavedToken;
SavedToken payment_method_ask(struct Ctx *c, Id gateway, const char *ref);
/* The gateway forgets a card; false: ask again later. Calls outside. */
bool payment_method_drop(struct Ctx *c, Id gateway, const char *token);
/* An intent that is not started yet: the gateway shall keep the card it is paid with. */
void payment_intent_keep(struct Ctx *c, Id intent);
/* Charges a kept card for an intent, with or without a person. Commits on its own (outside call). processing: the
   answer was lost or is not final; it is asked for with the same key. An intent that was started comes back as it
   is. */
typedef struct { Id method, gateway; const char *token, *kind; } ChargeToken;         /* kind: card */
const Intent *payment_intent_charge(struct Ctx *c, Id intent, const ChargeToken *by);

typedef struct {
    Id          gateway;            /* gateway_account */
    const char *provider_ref;       /* of the order or session; or: */
    const char *intent_no;
    const char *provider_payment_id;
    Money       amount; const char *currency;
    const char *status;             /* processing, succeeded, failed, cancelled */
    const char *failure_code, *failure_text, *card_last4, *method;
    Time        occurred_at;
} IntentResult;
/* The one way from a verified result to payment_post: per line a payment, allocation as asked, ledger, event. Rank only
   rises; a stale result changes nothing. Returns the intent's id; 0 when it is unknown (the caller waits, then
   suspense). */
Id payment_intent_result(struct Ctx *c, const IntentResult *r);

typedef struct { Id id; const char *label, *driver, *methods; Money min, max; Money fee_fixed; int64_t fee_ppm;
                 bool is_sandbox; } Gateway;
typedef struct { Gateway *v; size_t n; } Gateways;
Gateways gateways_active(struct Ctx *c, Money amount);                   /* that take this amount, by priority */
/* The convenience fee of an amount; method NULL: left to the gateway's page, then a fee that is for all. */
Money    gateway_fee(struct Ctx *c, Id gateway, const char *method, Money amount);
/* The ways to pay an amount, by priority: a gateway, or each of its methods where the fee is not for all. name: of the
   way in a form; method NULL: the gateway's page asks; saves: the gateway can keep what is used. */
typedef struct { Id gateway; const char *name, *label, *method; Money fee; bool saves; } PayWay;
typedef struct { PayWay *v; size_t n; } PayWays;
PayWays  payment_ways(struct Ctx *c, Money amount);

/* For the platform's people, in the tenant's schema: where the calls of each account go; NULL: to the driver's own
   address. Setting it is in the tenant's audit. */
typedef struct { const char *public_id, *label, *mode, *status, *utility, *api_base; } GatewayBase;
typedef struct { GatewayBase *v; size_t n; } GatewayBases;
GatewayBases gateway_bases(struct Ctx *c);
void         gateway_base_set(struct Ctx *c, const char *public_id, const char *api_base);

/* JSON of the utility's gateways and message providers for the snapshot of a signature (ONB-GUIDED). */
const char *integrations_values(struct Ctx *c);

/* Provider's leg of an approved refund_request; a job calls the provider. */
Id refund_submit(struct Ctx *c, Id refund_request);

/* --- the platform's own account (ONB08US01): house.c -------------------------------------------------------------- */

/*
 * Tenants pay their subscription by the gateways' own drivers. The account and its payments are rows of the platform;
 * it opens the values of the account and hands them in. Nothing here reads or writes a table.
 */

/* What an account is set up with, by the names of the provider's own pages. is_shown: no secret. signs: webhooks are
   signed with it. test, live: how keys of each side begin; NULL: they do not tell. */
typedef struct { const char *name, *label, *test, *live; bool is_shown, signs; } Credential;

typedef struct {
    Id          id;
    const char *driver, *label, *mode, *endpoint_key, *api_base;
    const char *credentials;                                    /* JSON by name; NULL: none */
    const char *secret, *secret_before;                         /* of its webhooks; the old one until */
    Time        before_until;
} HouseAccount;
/* no: "PI-9000000001", the only name of the payment at the gateway. key: the same for ever. */
typedef struct { const char *no, *public_id, *key, *currency, *description, *email, *return_url; Money amount;
                 Time started_at, expires_at; int attempt_no; bool again; } HouseOrder;
typedef struct { bool is_open, is_refused; const char *ref, *url, *error; } HouseOpened;
typedef struct { const char *name, *label, *currencies; const Credential *credentials; const char *const *events; }
    HouseDriver;
/* The i-th that can take the platform's payments; name NULL behind the last. */
HouseDriver house_driver(size_t i);
/* Whether a driver takes payments in this currency. */
bool        house_takes(const char *driver, const char *currency);
/* A read-only call with these values; NULL: the gateway took them, "" nobody answered, else what it said. */
const char *house_check(struct Ctx *c, const HouseAccount *a);
/* Opens the payment; the same key opens the same. Neither open nor refused: nobody knows, ask again with the same key.
   Calls outside. The sandbox's page is /sandbox/subscription/<public id>, the platform's own. */
HouseOpened house_open(struct Ctx *c, const HouseAccount *a, const HouseOrder *o);
/* What became of it, without a status while its page is open; false: the gateway could not be asked. Calls outside. The
   sandbox has nothing to ask. */
bool        house_ask(struct Ctx *c, const HouseAccount *a, const HouseOrder *o, const char *ref, IntentResult *to);
/* A refund as an answer or an event tells of it; neither done nor failed: the gateway is still at it. payment_id or
   order_no names the payment. */
typedef struct { const char *provider_id, *payment_id, *order_no, *no, *currency, *failure_text; Money amount;
                 bool is_done, is_failed; } HouseRefund;
typedef struct { HouseRefund *v; size_t n; } HouseRefunds;
/* Whether a driver can be asked to give back; else a person does it in the gateway's own pages. */
bool        house_gives_back(const char *driver);
/* Gives back a part of a payment; no is the key, the same for ever. Neither taken nor refused: nobody knows, ask again
   with the same no. Calls outside, as the next does. */
typedef struct { const char *no, *order_no, *payment_id, *currency; Money amount; } HouseRefundCall;
typedef struct { bool is_taken, is_refused; HouseRefund news; const char *error; } HouseRefunded;
HouseRefunded house_refund(struct Ctx *c, const HouseAccount *a, const HouseRefundCall *call);
/* All refunds of a payment; false: the gateway could not be asked. The sandbox has none to tell of. */
bool        house_refunds_of(struct Ctx *c, const HouseAccount *a, const char *payment_id, HouseRefunds *to);
/* What a stored event says. Nothing is set: it is about something else, or of the other side (test, live).
   ask_refunds_of: the payment whose refunds changed, not listed in it. */
typedef struct { bool is_payment; IntentResult payment; HouseRefunds refunds; const char *ask_refunds_of; } HouseNews;
HouseNews   house_event(struct Ctx *c, const HouseAccount *a, Bytes body);
/* The sandbox: what one of its test cards does (status NULL: it is none of the five), and its signed webhook to our own
   endpoint, by HTTP: fails when it is not taken, but at its last try (after the attempts-th it waits
   house_sandbox_wait_s). */
enum { HOUSE_SANDBOX_TRIES = 6 };
typedef struct { const char *status, *code, *text, *last4; } HouseCard;
HouseCard   house_card(const char *typed);
void        house_sandbox_send(struct Ctx *c, const HouseAccount *a, const HouseOrder *o, const HouseCard *card,
                               const char *event, bool is_bad, int attempt);
int64_t     house_sandbox_wait_s(int attempts);
/* Registered by the platform at start: whose endpoint a key is (NULL: none of it), and keeping an event that was
   verified, in a transaction (false: it was there). A dead event could not be read. */
typedef struct { Id account; const char *driver, *key, *type; Bytes body; bool is_dead; } HouseEvent;
typedef struct { const HouseAccount *(*account)(struct Ctx *c, const char *driver, const char *endpoint_key);
                 bool (*keep)(struct Ctx *c, const HouseEvent *e); } House;
void        house_register(const House *house);

/* --- messages ----------------------------------------------------------------------------------------------------- */

typedef struct {
    Id          message;
    const char *channel, *to, *subject, *text, *html, *lang;
    const char *idempotency_key;    /* for ever, not per attempt */
    const char *message_no;         /* public id: envelope sender, client_ref */
    const char *list_unsubscribe;   /* URL or NULL */
    const char *attachment_path, *attachment_name;
} OutMessage;
typedef enum { SENT_OK, SENT_TEMPORARY, SENT_PERMANENT, SENT_UNKNOWN } SentKind;
typedef struct { SentKind kind; Id provider; const char *provider_message_id, *code, *meaning; int http_status;
                 int64_t latency_ms, retry_after_s; bool is_bad_address, is_opted_out; } SendResult;
/* Calls the provider (not inside a transaction). Nothing leaves
 * a sandbox by a real one but to its allowed addresses. */
SendResult provider_send(struct Ctx *c, const OutMessage *m, Id provider);
/* The provider that takes a message now: by priority, without those that do not answer (breaker), have reached their
   month or had `tries` tries of this message. While the utility is a sandbox that is its fake, but for the addresses
   that may be reached. has_none: there is no provider for the channel at all; wait_until: all that are left do not
   answer before; nothing set: all have tried. In a transaction. */
typedef struct { const char *channel, *to; Id message; int tries; } ProviderWish;
typedef struct { Id provider; bool has_none; Time wait_until; } ProviderChoice;
ProviderChoice provider_for(struct Ctx *c, const ProviderWish *w);
/* What the provider knows of a message now. can_tell: it can be asked at all; status NULL: it did not say. Calls
   outside. */
typedef struct { bool can_tell; const char *status, *code; } ProviderTold;
ProviderTold provider_ask(struct Ctx *c, Id provider, const char *provider_message_id);
/* How a call ended: for the breaker of the provider. In a transaction. */
void provider_answered(struct Ctx *c, const SendResult *r);

#endif
