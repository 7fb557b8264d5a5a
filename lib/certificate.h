/*
 * Certificates of the web server, as files: until when one is good, and for which hosts. For alerts; nothing here
 * decides whether a connection is trusted.
 */
#ifndef LIB_CERTIFICATE_H
#define LIB_CERTIFICATE_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/types.h"

typedef struct Certificate Certificate;

/* The first certificate of a PEM file (that of the server; its chain follows); NULL and *problem when there is none. */
Certificate *certificate_read (Arena *a, const char *file, const char **problem);
/* The moment from which it is no longer good. */
Time         certificate_until(const Certificate *c);
/* Whether it is of this host, by its alternative names; "*.example.org" stands for one part. */
bool         certificate_is_of(const Certificate *c, const char *host);

#endif
