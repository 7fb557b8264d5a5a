/*
 * What holds between the rights of a role (AU01US02): any action implies view, without view there is nothing; who may
 * grant what; which two rights one role should not have together. Pure. Bits are those of lib/req.h, in the order of
 * right_actions.
 */
#ifndef APP_CORE_ROLE_RULES_H
#define APP_CORE_ROLE_RULES_H

#include "lib/arena.h"
#include "lib/types.h"

enum { RIGHT_VIEW = 1, RIGHT_CREATE = 2, RIGHT_EDIT = 4, RIGHT_DELETE = 8, RIGHT_APPROVE = 16, RIGHT_EXPORT = 32,
       RIGHT_ACTIONS = 6 };
extern const char *const right_actions[RIGHT_ACTIONS + 1];      /* view, create ... NULL */

/* A row of the matrix. */
typedef struct RightRow { const char *key; unsigned bits; } RightRow;

typedef enum { ROW_AS_TICKED, ROW_VIEW_ADDED, ROW_CLEARED } RowOutcome;
/*
 * What a row becomes when `ticked` is sent and `stored` is what the form showed: an action brings view along; view
 * unticked takes all of the row with it, and the page says so.
 */
unsigned row_after(unsigned stored, unsigned ticked, RowOutcome *outcome);

/* The first right of `wanted` that is not in `stored` and that
 * the grantor lacks, as a row with one bit; key NULL: none. */
RightRow grant_refused(const RightRow *stored, size_t stored_n, const RightRow *wanted, size_t wanted_n,
                       const RightRow *held, size_t held_n);

/* Segregation of duties: pairs that one role better does not have together. A warning, never a refusal. */
typedef struct DutyPair { RightRow make, approve; const char *what; } DutyPair;     /* message duty.<what> */
extern const DutyPair duty_pairs[];                             /* ended by {0} */
bool duty_conflict(const DutyPair *pair, const RightRow *rows, size_t n);

unsigned row_bits(const RightRow *rows, size_t n, const char *key);

#endif
