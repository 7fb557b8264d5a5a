/*
 * What an answer by text message means (UX05US05 "inbound keywords"; ONB03US01). Pure.
 */
#ifndef APP_COMMS_KEYWORD_RULES_H
#define APP_COMMS_KEYWORD_RULES_H

#include "lib/arena.h"

typedef enum {
    KEYWORD_NONE,           /* an answer for people */
    KEYWORD_STOP, KEYWORD_START, KEYWORD_HELP,
    KEYWORD_YES,            /* START, but only of somebody who stopped */
    KEYWORD_REFUSAL,        /* "please stop texting me": no keyword, a person decides */
} Keyword;

/* The whole message counts, without case, spaces at its ends and punctuation. *word: the keyword as it is stored,
   "STOP"; NULL when it is none. */
Keyword keyword_of(Arena *a, const char *body, const char **word);

#endif
