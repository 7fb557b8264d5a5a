/*
 * Rules of roles: see role_rules.h.
 */
#include "app/core/role_rules.h"

#include <string.h>

const char *const right_actions[RIGHT_ACTIONS + 1] = { "view", "create", "edit", "delete", "approve", "export", NULL };

unsigned row_after(unsigned stored, unsigned ticked, RowOutcome *outcome) {
    *outcome = ROW_AS_TICKED;
    if (ticked & RIGHT_VIEW || !ticked) return ticked;
    if (stored & RIGHT_VIEW) {
        *outcome = ROW_CLEARED;
        return 0;
    }
    *outcome = ROW_VIEW_ADDED;
    return ticked | RIGHT_VIEW;
}

unsigned row_bits(const RightRow *rows, size_t n, const char *key) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(rows[i].key, key)) return rows[i].bits;
    return 0;
}

RightRow grant_refused(const RightRow *stored, size_t stored_n, const RightRow *wanted, size_t wanted_n,
                       const RightRow *held, size_t held_n) {
    for (size_t i = 0; i < wanted_n; i++) {
        unsigned added = wanted[i].bits & ~row_bits(stored, stored_n, wanted[i].key),
            lacking = added & ~row_bits(held, held_n, wanted[i].key);
        if (lacking) return (RightRow){ wanted[i].key, lacking & -lacking };
    }
    return (RightRow){ 0 };
}

const DutyPair duty_pairs[] = {
    { { "cis.credits", RIGHT_CREATE }, { "cis.credits", RIGHT_APPROVE }, "adjustment" },
    { { "cis.refunds", RIGHT_CREATE }, { "cis.refunds", RIGHT_APPROVE }, "refund" },
    { { "core.tariffs", RIGHT_EDIT },  { "core.tariffs", RIGHT_APPROVE }, "tariff" },
    { { "core.users", RIGHT_CREATE },  { "core.roles", RIGHT_APPROVE },  "role" },
    { { 0 }, { 0 }, NULL }
};

bool duty_conflict(const DutyPair *pair, const RightRow *rows, size_t n) {
    return row_bits(rows, n, pair->make.key) & pair->make.bits
        && row_bits(rows, n, pair->approve.key) & pair->approve.bits;
}
