/*
 * What outgoing HTTP and SMTP have in common: where they may go (assurance S21) and how an attempt ends (assurance
 * section 3, "outside effects").
 *
 * Every connection is checked at the moment its socket is made, with the very address it will be connected to: a name
 * that changes its answer, a number written strangely or a redirect cannot lead inside. Proxies from the environment
 * are ignored.
 */
#ifndef LIB_OUTGOING_H
#define LIB_OUTGOING_H

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "lib/arena.h"

/* How an attempt ended, as far as we can know. Only OUT_NOT_ACCEPTED may be repeated blindly. */
typedef enum {
    OUT_ACCEPTED,               /* the other side took it: a whole 2xx answer */
    OUT_REFUSED,                /* the other side, or we before sending, decided against it; repeating cannot help */
    OUT_NOT_ACCEPTED,           /* certainly not taken: no connection, or "later" (429, SMTP 4xx); may be repeated */
    OUT_UNKNOWN,                /* sent, but no whole answer: ask by the idempotency key, never guess */
} OutClass;

const char *out_class_name(OutClass c);                     /* "accepted", "refused", "not_accepted", "unknown" */

/* Of the process, from the configuration; the default is the strictest. `allowed`: addresses that may be reached
   although they are not public, "127.0.0.1:9001", "[::1]:25", "10.0.0.8" (any port); NULL at the end. */
typedef struct {
    bool production;            /* only encrypted connections, but to allowed addresses */
    const char *const *allowed;
} OutgoingRules;
void outgoing_rules(OutgoingRules rules);

/* Is the address in a range that the public internet routes, and none of this machine? */
bool address_is_public(const struct sockaddr *address);
bool address_is_allowed(const struct sockaddr *address);

/* Puts the guard and the limits that all have on a handle: 5 s to connect, 20 s in all, no signals, no proxy,
   certificates checked. `refused` becomes true when the guard kept a connection from being made. `encrypted`: TLS is
   certain (https, smtps or STARTTLS required). */
typedef struct { bool encrypted, refused; } OutgoingGuard;
void outgoing_guard(CURL *curl, OutgoingGuard *guard);

/* A URL typed by an administrator (logo, webhook target, gateway base): NULL, or what is wrong with it. Without looking
   the name up: that is done when the call is made. */
const char *outgoing_url_problem(Arena *a, const char *url);

#endif
