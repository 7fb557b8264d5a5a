/*
 * Values the compiler keeps apart (spec: "Numbers in the database").
 * One struct each, so that money plus quantity does not compile. Arithmetic: lib/money.h; dates: lib/date.h.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct { int64_t minor; } Money;       /* minor units of a currency: columns *_minor */
/* days since 1970-01-01, local calendar date: *_on, *_date; DATE_NONE = NULL */
typedef struct { int32_t day;   } Date;
typedef struct { int64_t us;    } Time;        /* microseconds since 1970-01-01 UTC: *_at; TIME_NONE = NULL */
typedef struct { int64_t micro; } Quantity;    /* millionths of a unit: *_qty_micro, *_e6 */
typedef struct { int64_t micro; } Price;       /* millionths of a major currency unit per unit: rate_micro, *_micro */
typedef struct { int64_t e3;    } Reading;     /* thousandths of a register unit: *_e3 */
typedef struct { int64_t id;    } Id;          /* row id; 0 = none = NULL */

#define DATE_NONE ((Date){ INT32_MIN })
#define TIME_NONE ((Time){ INT64_MIN })

static inline bool date_is_set(Date d) { return d.day != INT32_MIN; }
static inline bool time_is_set(Time t) { return t.us != INT64_MIN; }

#endif
