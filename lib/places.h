/*
 * Countries, their states and currencies by the codes of ISO 3166 and 4217, with their names (ONB01US01, ONB02US06).
 *
 * Names of countries and currencies come from ICU, in the reader's language; states from the package iso-codes
 * (/usr/share/iso-codes), in English, read once by each worker. Where that file is missing no country has states.
 */
#ifndef LIB_PLACES_H
#define LIB_PLACES_H

#include <stdbool.h>

#include "lib/arena.h"

/* A code with its name. */
typedef struct Place { const char *code, *name; } Place;
typedef struct PlaceList { Place *v; size_t n; } PlaceList;

/* By name; "US" "United States". */
PlaceList countries_list(Arena *a, const char *language);
bool        country_exists(const char *code);                       /* two capitals that ISO 3166-1 knows */
const char *country_name(Arena *a, const char *language, const char *code);     /* the code when there is no name */

/* "US-OR" "Oregon", by name; empty where a country has none. */
PlaceList   states_list(Arena *a, const char *country);
/* The code of what was typed, a name or a code with or without the country ("Oregon", "or", "US-OR"); NULL when the
   country has no such state. */
const char *state_find(const char *country, const char *typed);
const char *state_name(const char *code);                           /* the code when it is not known; NULL for NULL */

/* "USD" "US Dollar", by code: those in use, with a number of digits that amounts here can have. */
PlaceList   currencies_list(Arena *a, const char *language);
/* Whether the code is one of that list. */
bool        currency_exists(Arena *a, const char *code);

#endif
