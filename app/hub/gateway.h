/*
 * Gateways from inside the hub (ONB03US01): accounts with their opened secrets, and the driver of each kind. To add
 * one: a file with a GatewayDriver, its row in gateway.c.
 */
#ifndef APP_HUB_GATEWAY_H
#define APP_HUB_GATEWAY_H

#include "app/cis/cis.h"
#include "app/hub/hub.h"
#include "app/hub/signature_rules.h"
#include "lib/db.h"
#include "lib/fetch.h"
#include "lib/json.h"

typedef struct {
    Id          id;
    const char *driver, *label, *mode, *endpoint_key, *api_base;
    const char *secret_key, *client_id;                         /* of the credentials; NULL when the driver has none */
    Json        credentials;                                    /* all of them, by name */
    SignatureKeys keys;                                         /* of its webhooks */
} GatewayAccount;
/* NOT_FOUND when there is none. Secrets are wiped when the memory is rewound. */
const GatewayAccount *gateway_account(Ctx *c, Id id);
/* An unpaid intent whose time is over becomes expired, with audit and event; false: it is not one. */
bool intent_expire(Ctx *c, Id intent);
/* Those of the utility: at once, or by a last question to their gateway. */
void intents_expire(Ctx *c);

/* again: the answer to an earlier call with this key was lost. email: of who pays, else of the utility. started_at: of
   the first call with this key, the same for ever. */
typedef struct { const Intent *intent; const char *idempotency_key, *return_url, *description, *email; Money total;
                 Time started_at; int attempt_no; bool keeps_method, again; } Opening;
typedef struct { OutClass class; int http_status; const char *ref, *redirect_url, *error; } Opened;
enum { OPEN_MS = 4000 };        /* somebody waits for the page */

/* A refund at the provider: ours when refund_no says so, else it was made in the provider's own pages. */
typedef enum { MONEY_OPEN, MONEY_DONE, MONEY_FAILED } MoneyState;
typedef struct {
    const char *provider_refund_id, *provider_payment_id, *intent_no, *refund_no, *currency, *failure_text;
    Money       amount;
    MoneyState  state;
} RefundNews;
typedef struct { RefundNews *v; size_t n; } RefundNewsList;
/* Ours among them, by its number: a try whose answer was lost was taken. NULL: it was not. */
const RefundNews *refund_among(const RefundNewsList *list, const char *refund_no);
typedef struct {
    const char *refund_no, *intent_no, *idempotency_key, *provider_payment_id, *currency;
    Money       amount;
} RefundCall;
typedef struct { OutClass class; int http_status; RefundNews news; const char *error; } Refunded;

/* A chargeback. fee: all of it so far, less what was given back. */
typedef struct {
    const char *provider_dispute_id, *provider_payment_id, *intent_no, *currency, *reason;
    const char *state;                                          /* open, won, lost */
    Money       amount, fee;
    Time        at, due_at;
} DisputeNews;

/* What a payout to the bank is made of: charge, refund, dispute, fee, adjustment; net = gross - fee, below zero what
   left. */
typedef struct {
    const char *type, *provider_payment_id, *reference, *last4;
    Money       gross, fee, net;
    Time        at;
} SettledLine;
typedef struct {
    const char  *provider_settlement_id, *currency;
    Money        net;
    Time         arrives_at;
    SettledLine *v; size_t n;
    bool         is_open;           /* the provider still gathers its lines: nothing else is set */
} SettlementNews;

/* A charge of a kept card. result.status NULL: not known; ask with the same key, or by provider_payment_id. */
typedef struct { const Intent *intent; const char *token, *idempotency_key, *description; Money total; } ChargeOrder;
typedef struct { OutClass class; int http_status; const char *error; IntentResult result; } Charged;

typedef struct { const char **v; size_t n; } PayoutIds;

/* An amount that a gateway tells: a whole number, so that many of them can be added up. False, and *minor as it was: it
   is none. */
#define AMOUNT_MOST INT64_C(100000000000000)
bool amount_told(Json j, const char *path, int64_t *minor);

/* What a verified event or an answer says. intent_no or provider_ref names the payment. */
typedef enum {
    EVENT_IGNORED, EVENT_PAYMENT, EVENT_REFUNDS, EVENT_DISPUTE, EVENT_PAYOUT, EVENT_PAYOUT_FAILED,
    EVENT_METHOD        /* a page on which a card is kept has ended; result.provider_ref names it */
} EventKind;
typedef struct {
    EventKind      kind;
    const char    *type;
    bool           has_mode, is_live;       /* whether it says so, and then which side of the account it is of */
    IntentResult   result;
    RefundNewsList refunds;
    const char    *ask_refunds_of;          /* provider's payment: the event does not list them */
    bool           asks;                    /* the payment's state wants to be asked for at once */
    DisputeNews    dispute;
    const char    *settlement;              /* the payout's id */
} GatewayEvent;

/* A read-only call that shows whether the credentials are good. */
typedef struct { OutClass class; int http_status; const char *error; } Checked;

typedef struct GatewayDriver {
    const char *name, *label;
    const Credential *credentials;                              /* ended by {0} */
    const char *methods;                                        /* comma-separated, the first is the usual one */
    const char *held;                                           /* those its page offers alone when one was chosen;
                                                                   NULL: any of them */
    const char *currencies;                                     /* the same; NULL: any */
    const char *const *events;                                  /* to be switched on at the provider, ended by NULL */
    int64_t least_minor;                                        /* of a test payment */
    const char *pages;                                          /* origin of its payment page, for form_action */
    Checked (*check)(Ctx *c, const GatewayAccount *account);    /* 10 s at most */
    /* Opens the payment at the gateway; a repeat with the same key gives the same. Calls outside. */
    Opened (*open)(Ctx *c, const GatewayAccount *account, const Opening *o);
    /* Asks for a payment's state; false when the gateway could not be asked. Calls outside. */
    bool   (*ask)(Ctx *c, const GatewayAccount *account, const Intent *intent, const char *provider_ref,
                  IntentResult *to);
    /* An event's key for being taken once, and its type; NULL: not parseable. */
    const char *(*event_key)(Ctx *c, const Params *headers, Json body, const char **type);
    GatewayEvent (*parse)(Ctx *c, Json body);
    /* Submits a refund; a repeat with the same key gives the same. Calls outside, as the two below. NULL: a person
       makes it in the gateway's own pages and says so. */
    Refunded (*refund)(Ctx *c, const GatewayAccount *account, const RefundCall *call);
    /* All refunds of a payment; false when the gateway could not be asked. */
    bool (*refunds_of)(Ctx *c, const GatewayAccount *account, const char *provider_payment_id, RefundNewsList *to);
    /* What a payout is made of; false when the gateway could not be asked. */
    bool (*settlement)(Ctx *c, const GatewayAccount *account, const char *payout, SettlementNews *to);
    /* Payouts since a day, for gateways that send no event about them or lose one; NULL: they come as files. */
    bool (*payouts)(Ctx *c, const GatewayAccount *account, Time from, PayoutIds *to);
    /* The browser's return with fields of a POST: whether they are of this payment and signed; NULL: there are none. */
    bool (*returned)(Ctx *c, const GatewayAccount *account, const char *ref, const Params *fields);
    /* A signed event that comes too late to be taken; NULL: the signature has a time of its own. */
    bool (*too_old)(Ctx *c, Json body);
    /* Cards kept for later; NULL: the gateway has none. All of them call outside. */
    Opened     (*save)   (Ctx *c, const GatewayAccount *account, const NewMethod *n);
    SavedToken (*saved)  (Ctx *c, const GatewayAccount *account, const char *ref);
    bool       (*drop)   (Ctx *c, const GatewayAccount *account, const char *token);
    Charged    (*charge) (Ctx *c, const GatewayAccount *account, const ChargeOrder *o);
    Charged    (*charged)(Ctx *c, const GatewayAccount *account, const Intent *intent, const char *payment_id);
} GatewayDriver;

extern const GatewayDriver stripe_driver, razorpay_driver, paystack_driver, doku_driver, sandbox_driver;
const GatewayDriver *gateway_driver(const char *name);          /* NULL when there is none */
extern const GatewayDriver *const gateway_drivers[];            /* ended by NULL */
enum { METHODS_MOST = 7 };
extern const char *const gateway_methods[METHODS_MOST + 1];     /* that there are; ended by NULL */
/* Whether it can be opened by this method; NULL: without one, its page asks. */
bool gateway_takes(Ctx *c, Id gateway, const char *method);
const char *gateway_credential(const GatewayAccount *a, const char *name);      /* NULL when it has none of it */

/* A payment of the smallest amount at this gateway that posts
 * nothing (account.c); calls outside, commits on its own. */
const Intent *payment_intent_test(Ctx *c, Id gateway);
/* A signed webhook said that a payment succeeded: of a test payment the account is told. */
void gateway_tested(Ctx *c, Id gateway, Id intent);

/* A payment that waits for review is taken as this amount of our currency, and posted. */
void payment_intent_accept(Ctx *c, Id intent, Money amount);
/* Or goes back as it came: a job submits it; its result ends the payment, or gives it back to be decided. */
void refund_other(Ctx *c, Id intent);
/* "12.50 EUR" */
const char *money_other(Ctx *c, Money m, const char *currency);

/* The webhook keys of the platform's own account (house.c). */
SignatureKeys house_keys(Ctx *c, const HouseAccount *a);

/* Where the gateway's page sends the browser. */
const char   *return_url_of_intent(Ctx *c, const Intent *i);
const Intent *intent_get(Ctx *c, Id id);
const Intent *intent_find(Ctx *c, const char *public_id);       /* NULL when none */

/* The breaker: when a call may be made (now: it may, and a probe is noted), and how one ended. In a transaction. */
Time gateway_admits_at(Ctx *c, Id gateway);
void gateway_answered (Ctx *c, Id gateway, bool answered);

/* --- money that goes back: refund.c, dispute.c; to the bank: settlement.c ---------------------------------------- */

/* Whether the payment of an event is ours and posted: NEWS_WAIT, its state is asked for and the event comes again;
   NEWS_UNKNOWN, it is none of ours. Locks the intent. */
typedef enum { NEWS_READY, NEWS_WAIT, NEWS_UNKNOWN } NewsState;
typedef struct { NewsState state; Id intent; Money fee; HeldParts parts; } NewsPayment;
NewsPayment news_payment(Ctx *c, Id gateway, const char *provider_payment_id, const char *intent_no);

typedef struct { NewsState state; Id intent; } News;

/* Books what is known of a refund, once; NEWS_WAIT and NEWS_UNKNOWN change nothing. *changed: whether it was news. */
News refund_heard (Ctx *c, Id gateway, const RefundNews *n, bool *changed);
News dispute_heard(Ctx *c, Id gateway, const DisputeNews *n, bool *changed);
/* What no refund and no dispute has taken yet of the fee that was paid with a payment. */
Money paid_fee_left(Ctx *c, Id intent, Money fee);
/* A refund that failed gave `amount` back to its payment, though a dispute took more than the payment held: it is the
   dispute's. */
void dispute_takes(Ctx *c, Id intent, Id payment, Id account, Money amount);
/* Jobs that ask the gateway: for the refunds of a payment, for a payout. */
void refunds_ask(Ctx *c, Id gateway, const char *provider_payment_id);
void settlement_ask(Ctx *c, Id gateway, const char *payout);
/* Keeps a payout and matches it; its public id, NULL: it is known already. */
const char *settlement_keep(Ctx *c, Id gateway, const SettlementNews *news);
/* The bank sent a payout back: what it posted is mirrored. */
void settlement_failed(Ctx *c, Id gateway, const char *payout);

/* A payment whose intent is unknown for good: Dr GATEWAY_CLEARING, Cr SUSPENSE, with an alert (I9). */
void payment_to_suspense(Ctx *c, const IntentResult *r);

#endif
