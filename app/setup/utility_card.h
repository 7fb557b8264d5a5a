/*
 * A utility as a card, on the list of utilities and on the organization's dashboard (ONB02US06, ONB0502).
 */
#ifndef APP_SETUP_UTILITY_CARD_H
#define APP_SETUP_UTILITY_CARD_H

#include "app/core/core.h"
#include "app/setup/totals.h"
#include "lib/db.h"
#include "lib/req.h"

#define UTILITY_CARD(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, city) \
    F(T, const char *, status) F(T, const char *, environment) F(T, const char *, services) F(T, Id, logo)
ROW(UtilityCard, UTILITY_CARD)

/* Those of the tenant in which the user has a role, by name; at most 50. q: part of name, code or city; status, service
   (a code): that alone. NULL: any. */
typedef struct CardQuery { const char *q, *status, *service; } CardQuery;
UtilityCards utility_cards(Ctx *c, const CardQuery *asked);

/* The weighted percentage of the six steps of each; `of` gives that of one. */
#define CARD_STEP(F, T) F(T, Id, utility_id) F(T, const char *, step_key) F(T, int, percent) F(T, const char *, state)
ROW(CardStep, CARD_STEP)
CardSteps card_steps(Ctx *c);
int card_percent(const CardSteps *all, Id utility);

/* Into the data set at `at` for the macro utility_card. totals: gauges, for the number of consumers. */
void utility_card_show(Req *r, const char *at, const UtilityCard *u, const CardSteps *steps, const Totals *totals);

#endif
