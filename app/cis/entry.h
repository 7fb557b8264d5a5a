/*
 * What entering consumers, premises, accounts and connections has in common, within the module.
 */
#ifndef APP_CIS_ENTRY_H
#define APP_CIS_ENTRY_H

#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/db.h"

/* A row of the set that a stored record answers to. */
#define HIT(F, T) F(T, int, row_no) F(T, const char *, value)
ROW(Hit, HIT)

/* The numbers of the rows to be stored: those given, and as many
 * new ones of the entity as are missing. NULL for the others. */
const char **entry_numbers(Ctx *c, const char *entity, const char *const *given, const bool *stored, size_t n);

/* Words by which a consumer is found (consumer_search). `account` may be 0. A NULL text is left out. */
typedef struct SearchWords SearchWords;
SearchWords *search_words(Ctx *c);
void search_text  (SearchWords *w, const char *kind, Id consumer, Id account, const char *text);    /* word by word */
/* with and without dashes */
void search_number(SearchWords *w, const char *kind, Id consumer, Id account, const char *no);
void search_phone (SearchWords *w, Id consumer, const char *e164);
void search_end   (SearchWords *w);

/* Lower case, no accents, no signs: "4 canyon rd". */
const char *address_key(Ctx *c, const char *line1, const char *unit, const char *postal_code);

#endif
