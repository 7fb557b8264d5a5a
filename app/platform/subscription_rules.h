/*
 * What a subscription costs and allows (ONB08US01). Pure.
 */
#ifndef APP_PLATFORM_SUBSCRIPTION_RULES_H
#define APP_PLATFORM_SUBSCRIPTION_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/date.h"
#include "lib/money.h"
#include "lib/types.h"

enum { LIMIT_NEAR_PCT = 80, LIMIT_GRACE_PCT = 10, INVOICE_AHEAD_DAYS = 14, SUSPEND_AFTER_DAYS = 14,
       CANCEL_AFTER_DAYS = 60,
       KEEP_DAYS = 90, YEAR_MONTHS = 10 };

/* What a period of the term costs: a year is ten months. */
Money term_price(Money monthly, bool is_year);
/* The same of a plan: one that is sold by the year has its price for the year, and no other term. */
Money plan_price(Money price, bool is_sold_by_year, bool is_year);
/* Whether what costs `price` a term costs less than what costs `than`, both reckoned to a year as they are paid. */
bool  is_cheaper(Money price, bool is_year, Money than, bool than_is_year);
/* Days of a period that are left, its last day and today included; 0 when it is over. */
int   days_left(Date today, Date period_end);
/* price x days left / days in the period, rounded once. */
Money prorated(Money price, int left, int days, Rounding rounding);
/* A price less its discount, rounded once; until DATE_NONE: for ever, else for periods that begin by that day. */
Money discount_of(Money price, int64_t ppm, Date until, Date begins);
/* The last day of a period that begins on a day: a month or a year later, less one day. */
Date  period_last(Date start, bool is_year);

typedef enum { LIMIT_NONE, LIMIT_OK, LIMIT_NEAR, LIMIT_FULL, LIMIT_OVER } LimitLevel;
/* limit < 0: none. NEAR from 80 %, FULL from 100 %, OVER where not even one more fits into the grace of 10 %. */
LimitLevel limit_level(int64_t used, int64_t limit);
/* How many more may be made, the grace included; INT64_MAX without a limit. */
int64_t    limit_room (int64_t used, int64_t limit);

/* What an unpaid invoice has led to: nothing, past_due, suspended, cancelled. */
typedef enum { DEBT_NONE, DEBT_PAST_DUE, DEBT_SUSPENDED, DEBT_CANCELLED } DebtStep;
DebtStep debt_step(Date oldest_due, Date today);

#endif
