/*
 * What a payment pays (CIS01US09), pure.
 */
#ifndef APP_CIS_PAYMENT_RULES_H
#define APP_CIS_PAYMENT_RULES_H

#include "lib/arena.h"
#include "lib/types.h"

typedef struct {
    const char *type;           /* bill, charge, instalment, deposit */
    Id          id;
    Date        due_on;
    Money       open;           /* above 0 */
    bool        in_dispute;
    const char *charge_type;    /* of a charge; may be NULL */
} Payable;

typedef struct { size_t item; Money amount; } Allocation;       /* item: place in the list given */
typedef struct { Allocation *v; size_t n; Money rest; } Allocations;

/*
 * The items in the order in which money is used: overdue instalments first; then by due date; on one day deposit, fees,
 * consumption (bills), tax, late fee, other; disputed ones last; equal ones in the order given. The rest is credit.
 */
Allocations payment_allocate(Arena *a, const Payable *items, size_t n, Money amount, Date today);
/* Chosen items: `wanted` 0 means as much as is open. NULL when it fits, else what is wrong. */
const char *payment_allocate_chosen(Arena *a, const Payable *items, const Money *wanted, size_t n, Money amount,
                                    Allocations *to);

#endif
