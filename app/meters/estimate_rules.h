/*
 * Estimates: which method of the policy has data, and what it gives (MX03US01, 5-billing step 3). Pure.
 *
 * Every method is an average a day from some use over some days; the estimate is that average times the days asked for,
 * rounded half up to the whole unit of the register.
 */
#ifndef APP_METERS_ESTIMATE_RULES_H
#define APP_METERS_ESTIMATE_RULES_H

#include "lib/arena.h"
#include "lib/exact.h"
#include "lib/types.h"

typedef enum { ESTIMATE_LAST_YEAR, ESTIMATE_RECENT, ESTIMATE_AREA, ESTIMATE_DEFAULT, ESTIMATE_METHODS } EstimateMethod;

/* Words of estimation_policy.methods and usage_segment.estimate_method, by EstimateMethod. */
extern const char *const estimate_method_words[];
int estimate_method_find(const char *word);             /* -1: unknown */

/* Use over days; days 0: nothing is known. */
typedef struct { Quantity use; int days; } EstimateBasis;
typedef struct {
    EstimateBasis         basis[ESTIMATE_METHODS];
    const EstimateMethod *order; int order_n;           /* of the policy; order_n 0: all in their own order */
    int                   days;                         /* to be estimated */
    int                   decimals;                     /* of the register, 0 to 3 */
} EstimateInput;
typedef struct { bool is_known; EstimateMethod method; Reading quantity; const char *explain; } EstimateResult;
EstimateResult estimate(Arena *a, const EstimateInput *f);

#endif
