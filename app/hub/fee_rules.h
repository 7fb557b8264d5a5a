/*
 * The convenience fee of a payment (ONB03US01 "paying"): a fixed part and a share of the amount, charged for the
 * methods for which the utility allows it.
 */
#ifndef APP_HUB_FEE_RULES_H
#define APP_HUB_FEE_RULES_H

#include "lib/types.h"

/* methods: those the gateway takes; charged: those with the fee; NULL: all. Lists of words with anything but letters
   and _ between them: "card,wallet", ["card", "wallet"]. */
typedef struct { Money fixed; int64_t ppm; const char *methods, *charged; } FeeTerms;

bool words_have(const char *words, const char *word);
/* Some methods cost more than others: who pays says first how. */
bool fee_differs(const FeeTerms *t);
/* method NULL: left to the gateway's page; then it is charged where it is charged for all of them. */
Money fee_for(const FeeTerms *t, const char *method, Money amount);

#endif
