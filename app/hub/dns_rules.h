/*
 * What a domain says about mail sent in its name: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489). Pure.
 */
#ifndef APP_HUB_DNS_RULES_H
#define APP_HUB_DNS_RULES_H

#include <stdbool.h>

#include "lib/arena.h"

typedef enum { DNS_GOOD, DNS_WEAK, DNS_MISSING, DNS_BROKEN } DnsVerdict;
/* found: the record itself; why: a message's key below hub.dns, NULL when it is good. */
typedef struct { DnsVerdict verdict; const char *found, *why; } DnsFinding;

DnsFinding spf_finding  (const char *const *texts, size_t n);
DnsFinding dkim_finding (const char *const *texts, size_t n);
DnsFinding dmarc_finding(const char *const *texts, size_t n);
const char *dns_verdict_name(DnsVerdict v);         /* good, weak, missing, broken */

#endif
