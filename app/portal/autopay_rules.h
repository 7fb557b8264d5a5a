/*
 * When autopay says what it will take, when it takes it and when it gives up (CSS01US03, "Autopay"). Pure.
 */
#ifndef APP_PORTAL_AUTOPAY_RULES_H
#define APP_PORTAL_AUTOPAY_RULES_H

#include "lib/date.h"
#include "lib/money.h"
#include "lib/types.h"

enum {
    AUTOPAY_NOTICE_DAYS = 3,        /* before the charge */
    AUTOPAY_OFFSET_MOST = 10,       /* days before the due date */
    AUTOPAY_TRIES = 3,              /* of one bill: on its day, 3 and 6 days later */
    AUTOPAY_AGAIN_DAYS = 3,
    AUTOPAY_FAILED_MOST = 3,        /* bills in a row whose tries all failed, then it ends */
};

/* One bill of an account that is paid by autopay, as it stands today. */
typedef struct {
    Date  today, due_on;
    int   offset_days;
    Money open;
    bool  has_cap;
    Money cap;
    bool  is_skipped;               /* the consumer left this bill out */
    bool  in_dispute, in_agreement, is_cash_only;
    bool  is_charging;              /* a charge is under way, its result not known */
    int   tries;                    /* charges so far; all of them failed */
    Date  first_try_on;
} AutopayFacts;

typedef enum { AUTOPAY_WAIT, AUTOPAY_NOTICE, AUTOPAY_CHARGE, AUTOPAY_BY_HAND, AUTOPAY_OVER } AutopayAct;
typedef enum { BY_HAND_NOT, BY_HAND_CAP, BY_HAND_DISPUTE, BY_HAND_AGREEMENT, BY_HAND_CASH } ByHand;
/* charge_on: the day of the next charge. try_no: 1 to 3. BY_HAND: nothing is taken and the consumer is told why.
   OVER: no more will be tried. */
typedef struct { AutopayAct act; ByHand why; Date charge_on; int try_no; } AutopayStep;
AutopayStep autopay_step(const AutopayFacts *f);

/* The day on which the first charge of a bill falls. */
Date autopay_charge_on(Date due_on, int offset_days);
/* The day of the next try after one that failed today; DATE_NONE: that was the last. */
Date autopay_again_on(Date first_try_on, int tries);
/* A refusal that no later try can help: a stolen, lost or expired card, a closed account, a consent that was taken
   back. */
bool decline_is_hard(const char *code);
/* Days until the last day of a month a card is good for; below zero: it is over. */
int  card_days_left(int month, int year, Date today);

#endif
