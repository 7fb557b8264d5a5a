/*
 * Limits of codes, proofs and passwords of the portal (CSS01US01), without a database. Pure.
 */
#ifndef APP_PORTAL_CODE_RULES_H
#define APP_PORTAL_CODE_RULES_H

#include "lib/arena.h"
#include "lib/date.h"
#include "lib/types.h"

enum {
    CODE_MINUTES   = 5,
    CODE_TRIES     = 5,
    CODE_WAIT_S    = 60,                    /* between two codes */
    CODES_AN_HOUR  = 5,
    CODES_A_DAY    = 10,
    PROVED_S       = 30 * 60,               /* from the right code to the last step of registration */
    PROOFS_ACCOUNT = 5,                     /* wrong proofs an hour of one account number ... */
    PROOFS_ADDRESS = 20,                    /* ... or of one client address, then */
    PROOFS_PAUSE_S = 30 * 60,
    PROOFS_WINDOW_S = 3600,
    PASSWORDS_WRONG = 10,                   /* in a row, then a pause that doubles with each further one */
    PAUSE_FIRST_MINUTES = 15,
    PAUSE_MOST_MINUTES = 24 * 60,
    FRESH_S        = 15 * 60,               /* a check of the person counts so long for what wants it fresh */
};

/* When the next code may be sent, `sent` being the times of the last ones, newest first; TIME_NONE: now. */
Time code_wait(const Time *sent, size_t n, Time now, bool wait_between);
/* Until when proofs are refused: each time `most` wrong ones (oldest first) lie within an hour a pause begins at the
   last of them and counting starts anew. TIME_NONE: not at all. */
Time proof_pause(const Time *wrong, size_t n, int most);
/* Minutes that password sign-in pauses after so many wrong ones in a row; 0: not at all. */
int password_pause_minutes(int wrong);
/* Account numbers and codes as people type them: upper case, without blanks. */
char *typed_code(Arena *a, const char *s);

#endif
