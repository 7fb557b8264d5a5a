/*
 * Inside of the quote document: what its reader (quote.c) and its writer (quote_export.c) share.
 */
#ifndef APP_BILLING_QUOTE_WORK_H
#define APP_BILLING_QUOTE_WORK_H

#include "lib/arena.h"

/* A JSON string, or null for NULL. Texts of a document have no
 * control characters: only two characters need an escape. */
void quote_string(Text *t, const char *s);

#endif
