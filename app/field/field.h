/*
 * field (wx): field work. Implemented in app/field.
 *
 * service_order_create is the only way field work starts; it runs in the transaction of the state change that wants it.
 */
#ifndef APP_FIELD_FIELD_H
#define APP_FIELD_FIELD_H

#include "lib/arena.h"
#include "lib/types.h"

struct Ctx;

typedef struct {
    const char *type;               /* RE_READ, INSPECT ... */
    const char *source_type;        /* manual, alarm, service_request ... */
    Id          source;             /* with source_type: one open order of a type for each; 0: the connection */
    Id          premise, account, connection, meter;
    const char *title, *description, *priority;     /* priority NULL: medium */
    int         due_days;           /* 0: 3 */
} NewOrder;
/* service_order.id; the open one when the source has one of this type already (then nothing changes). */
Id service_order_create(struct Ctx *c, const NewOrder *n);
/* What people call it; NULL when there is none. */
const char *service_order_no(struct Ctx *c, Id order);

#endif
