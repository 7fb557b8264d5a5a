/*
 * TXT records of a domain, for the check of SPF, DKIM and DMARC (ONB03US01). Within app/hub; what they mean:
 * dns_rules.h.
 */
#ifndef APP_HUB_DNS_H
#define APP_HUB_DNS_H

#include "lib/ctx.h"

enum { DNS_TEXTS_MAX = 20 };
/* is_known: the servers answered, also that there is nothing. Calls outside, 5 s at most for each server. */
typedef struct { bool is_known; const char *v[DNS_TEXTS_MAX]; size_t n; } DnsTexts;
DnsTexts dns_texts(Ctx *c, const char *name);

#endif
