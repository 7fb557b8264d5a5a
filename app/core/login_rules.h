/*
 * What sign-in decides, without a database: when an address is locked, who has tried too often, what follows a right
 * password (ONB-LOGIN; assurance S11, S12, S13). Pure.
 */
#ifndef APP_CORE_LOGIN_RULES_H
#define APP_CORE_LOGIN_RULES_H

#include "lib/arena.h"
#include "lib/date.h"
#include "lib/types.h"

enum {
    FAILURE_WINDOW_S  = 15 * 60,    /* failures further apart than this are not consecutive */
    ADDRESS_FAILURES  = 20,         /* of one client address ... */
    ADDRESS_WINDOW_S  = 5 * 60,     /* ... within this time; then it waits as long */
    RESETS_PER_EMAIL  = 3,          /* links an hour for one e-mail address */
    RESETS_PER_ADDRESS = 10,        /* requests an hour of one client address */
    RESET_WINDOW_S    = 3600,
    RESET_MINUTES     = 30,         /* a reset link is valid so long */
    ALIKE_MS          = 80,         /* answers about an address take so long at least, known or not */
    INVITE_WINDOW_S   = 3600,       /* of three invitations to one address */
    INVITE_HOURS      = 72,
    DEVICE_DAYS       = 30,         /* "trust this device" */
    SECOND_STEP_S     = 10 * 60,    /* from the right password to the code */
    RECOVERY_CODES    = 10,
};

/* Of the tenant: 3 to 10 failures, 5 to 60 minutes. */
typedef struct LockPolicy { int failures, minutes; } LockPolicy;

/*
 * Until when an e-mail address is locked; TIME_NONE when it never was. `failed` are its failures since the last
 * success, reset or unlocking, oldest first: each time `policy.failures` of them lie within 15 minutes a lock begins at
 * the last of them, and counting starts anew. Failures cannot happen while it is locked, so a stranger cannot lock
 * somebody for good.
 */
Time lock_until(const Time *failed, size_t n, LockPolicy policy);

/* May this try be looked at? `seconds` is how long to wait, 0: yes. */
typedef enum { TRY_ALLOWED, TRY_LOCKED, TRY_ADDRESS } TryVerdict;
typedef struct TryFacts { Time now, locked_until; int address_failures; } TryFacts;
TryVerdict try_verdict(const TryFacts *f, int *seconds);
/* Minutes as a person is told them: rounded up, at least 1. */
int wait_minutes(int seconds);

/* What a right password leads to. */
typedef enum { NEXT_SESSION, NEXT_CODE, NEXT_ENROL, NEXT_PASSWORD, NEXT_REFUSED } NextStep;
typedef struct NextFacts {
    Time        now;
    bool        is_active;          /* the person may sign in at all */
    bool        has_factor;         /* a confirmed second factor */
    bool        factor_required;    /* by the role */
    bool        factor_passed;      /* the code was given just now, or the device is trusted */
    bool        must_change;        /* password */
    Time        password_changed_at;
    int         password_age_days;  /* 0: no limit */
} NextFacts;
/* The code comes before a password that must be changed, so that who knows only the password cannot change it. */
NextStep next_step(const NextFacts *f);

/* Whether another link may be sent for this e-mail address, so many having been asked for within the hour; the answer
   shown is the same. */
bool may_send_reset(int asked_for_email);
bool too_many_resets(int asked_by_address);

/* E-mail as it is compared and stored: trimmed by the form, lower case. */
char *email_lower(Arena *a, const char *email);

/* "Firefox on Windows", "Chrome on Android", for lists of devices. Never NULL; made of our own words only. */
const char *device_name(Arena *a, const char *user_agent);

#endif
