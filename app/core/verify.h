/*
 * The checker of the invariants I1 to I18 (assurance section 1): read-only, while the product serves, in one consistent
 * snapshot for each tenant; one line for each invariant: `I4 ok 0` or `I4 BAD 3 first=...`.
 */
#ifndef APP_CORE_VERIFY_H
#define APP_CORE_VERIFY_H

#include "app/core/core.h"

enum { INVARIANTS = 18 };

/* How many breaches of invariant `no` (1 to 18) c's tenant has,
 * and what the first is. Within the caller's transaction. */
typedef struct { int64_t n; const char *first; } Breach;
Breach invariant_check(struct Ctx *c, int no);
const char *invariant_text(int no);         /* what it says, in a few words */

int verify_command(int argc, char **argv);

#endif
