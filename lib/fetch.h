/*
 * Outgoing HTTP for job workers (payment gateways, SMS providers, webhooks we send, OCR services).
 *
 * A request is values in, an answer is values out; nothing here fail()s. The call goes out at once: the caller has
 * committed its "about to call" row with the idempotency key before (assurance section 3).
 * 5 s to connect, 20 s in all, no redirects, http and https only, the guard of lib/outgoing.h on every connection,
 * answers above the size limit are cut and count as unknown.
 */
#ifndef LIB_FETCH_H
#define LIB_FETCH_H

#include "lib/outgoing.h"
#include "lib/types.h"

enum { FETCH_HEADERS_MAX = 24, FETCH_ANSWER_DEFAULT = 1024 * 1024, FETCH_AT_ONCE_MAX = 32 };

typedef struct { const char *name, *value; } FetchHeader;

typedef struct {
    const char *method;             /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *url;
    const char *body;               /* NULL: none */
    size_t      body_n;             /* 0 with a body: its strlen */
    const char *content_type;       /* of the body; NULL: application/json */
    const char *idempotency_key;    /* header Idempotency-Key; with one, connections may be kept */
    const char *user, *password;    /* Basic; NULL: none */
    const char *bearer;             /* Authorization: Bearer; NULL: none */
    FetchHeader headers[FETCH_HEADERS_MAX];     /* others, up to the first without name */
    size_t      answer_max;         /* bytes; 0: 1 MiB */
    int         total_ms;           /* 0: 20,000; at most 60,000 */
} FetchRequest;

typedef struct {
    OutClass    class;
    int         status;             /* 0: there was no whole status line */
    const char *body;               /* never NULL, ends with 0 */
    size_t      body_n;
    const char *content_type;       /* never NULL */
    const char *headers;            /* lines "name: value\r\n" as they came */
    const char *problem;            /* for log and screen, without secrets; NULL for whole answers */
    int64_t     retry_after_s;      /* -1: not said; never above a day */
    int64_t     took_us;
} FetchAnswer;

/* One call; waits for its end. */
FetchAnswer fetch(Arena *a, const FetchRequest *request);
/* n calls, at most `at_once` (1 to 32) side by side; answers[i] belongs to requests[i]. */
void fetch_all(Arena *a, const FetchRequest *requests, FetchAnswer *answers, size_t n, int at_once);

/* The first header of that name (without case) in an answer; NULL when there is none. */
const char *fetch_header(Arena *a, const FetchAnswer *answer, const char *name);

/* For building URLs and form bodies: percent-encoded, everything but letters, digits and -._~ */
char *fetch_escape(Arena *a, const char *s);
/* "a=1&b=x%20y" from pairs up to the first without name; NULL values are left out. */
char *fetch_form(Arena *a, const FetchHeader *pairs);

/* Pure: what a whole HTTP answer with that status means. 2xx accepted; 429 not accepted; 408, 409, 425 and 5xx unknown;
   all other statuses refused. A driver that knows its provider better decides by the status itself. */
OutClass fetch_class(int status);

#endif
