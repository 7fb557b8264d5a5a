/*
 * Signatures of callbacks, exact to the byte (assurance section 4, ONB03US01 "Exact schemes").
 *
 * Pure: raw bytes, headers, secrets and the time in; a verdict out. The signature is looked at first, the time only
 * when it is right, so OUT_OF_TOLERANCE says that the sender is who he says. Compared in constant time; both secrets
 * are tried. The makers beside the checks sign what we send ourselves: requests to DOKU, callbacks of the sandbox and
 * of the doubles.
 */
#ifndef APP_HUB_SIGNATURE_RULES_H
#define APP_HUB_SIGNATURE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/digest.h"
#include "lib/request.h"

enum {
    SIGNATURE_TOLERANCE_S = 300,                    /* both ways */
    RAZORPAY_AGE_MAX_S    = 25 * 3600,              /* created_at of an event, unless its intent is open */
    WEBHOOK_BODY_MAX      = 256 * 1024,             /* 413 above */
};

typedef enum { SIGNATURE_OK, SIGNATURE_MISSING, SIGNATURE_INVALID, SIGNATURE_OUT_OF_TOLERANCE } Verdict;

/* How an account at Vonage signs the old SMS callbacks. */
typedef enum { VONAGE_SHA256, VONAGE_SHA512, VONAGE_SHA1, VONAGE_MD5, VONAGE_MD5_HASH } VonageMethod;

typedef struct {
    const char  *current, *previous;                /* previous may be NULL */
    int64_t      previous_until_s;                  /* unix time at which the previous one ends */
    const char  *client_id;                         /* doku: ours */
    const char  *api_key;                           /* vonage: ours */
    VonageMethod vonage_method;
    bool         md5_allowed;                       /* a tenant turned the MD5 forms of vonage_sms on */
} SignatureKeys;

typedef struct {
    const Params *headers;                          /* names in lower case */
    Bytes         body;                             /* as it came */
    const char   *content_type;                     /* lower case, without parameters; "" when absent */
    /* twilio: the configured public address of this endpoint, with the query as it came */
    const char   *url;
    const char   *path;                             /* doku: Request-Target, "/hooks/doku/<endpoint key>" */
    const Params *query;                            /* vonage_sms by GET; NULL or empty otherwise */
    int64_t       now_s;
} Callback;

/* By the driver's name: stripe, razorpay, paystack, doku, sandbox, twilio, vonage, vonage_sms. INVALID for any other
 * name.
 * *once, when not NULL, becomes what may be accepted a single time
 * for the endpoint within the window (vonage: jti), else NULL. */
Verdict signature_verify(Arena *a, const char *driver, const Callback *callback, const SignatureKeys *keys,
                         const char **once);

/* The browser's return from Razorpay: order id and payment id; of
 * a payment link its id, reference id, status and payment id. */
Verdict razorpay_return_verify(Arena *a, const char *order_id, const char *payment_id, const char *signature,
                               const char *key_secret);
typedef struct { const char *link_id, *reference_id, *status, *payment_id; } RazorpayLink;
Verdict razorpay_link_verify  (Arena *a, const RazorpayLink *link, const char *signature, const char *key_secret);

/* Addresses Paystack says it sends from; a tenant may insist on them. */
bool paystack_address_is_known(const Address *address);

/* ---- Makers ---- */

char *signature_timed   (Arena *a, const char *secret, int64_t at_s, Bytes body);
/* stripe, sandbox: "t=...,v1=..." */
/* fields NULL: the address alone */
char *signature_twilio  (Arena *a, const char *token, const char *url, const Params *fields);
/* lower-case hex */
char *signature_vonage_sms(Arena *a, const char *secret, VonageMethod method, const Params *parameters);
typedef struct { const char *client_id, *request_id, *timestamp, *path; Bytes body; bool has_body; } DokuRequest;
char *signature_doku    (Arena *a, const char *secret, const DokuRequest *request);
/* "HMACSHA256=..."; GET goes without Digest */
typedef struct { const char *api_key, *jti; int64_t at_s; Bytes body; } VonageCallback;
char *signature_vonage  (Arena *a, const char *secret, const VonageCallback *callback); /* the JWT, without "Bearer " */

#endif
