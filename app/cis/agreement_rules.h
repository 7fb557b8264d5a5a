/*
 * Instalments of payment agreements (CSS01US04 "Formulas"): amounts, dates, a schedule as a file names it, and what a
 * sum that was paid settles. Pure.
 */
#ifndef APP_CIS_AGREEMENT_RULES_H
#define APP_CIS_AGREEMENT_RULES_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/date.h"
#include "lib/types.h"

enum { INSTALMENTS_MAX = 120 };

typedef struct ScheduleItem { Date due; Money amount, paid; } ScheduleItem;
typedef struct Schedule { ScheduleItem v[INSTALMENTS_MAX]; int n; } Schedule;

/* F = T - P in n parts: b = F div n each, what is left over with the first. n is 1 or more. */
void  agreement_amounts(Schedule *s, Money financed, int n);
/* "monthly", "weekly", "fortnightly" from the first date on: monthly ones keep its day, or the last day of a shorter
   month. Working days are the caller's business. */
void  agreement_dates(Schedule *s, Date first, const char *frequency);
/* "2026-04-20=49.20; 2026-05-20=49.20" in rising order; false when it is not that, or more than INSTALMENTS_MAX. */
bool  agreement_schedule_read(const char *text, int exponent, Schedule *to);
Money agreement_sum(const Schedule *s);
/* Oldest first; what is above the sum of all is given back. */
Money agreement_settle(Schedule *s, Money paid);
/* due, part_paid, paid */
const char *instalment_state(const ScheduleItem *item);

#endif
