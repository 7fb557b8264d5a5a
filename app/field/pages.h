/*
 * Pages and machines of app/field, within the module.
 */
#ifndef APP_FIELD_PAGES_H
#define APP_FIELD_PAGES_H

#include "app/core/core.h"
#include "lib/machine.h"
#include "lib/req.h"

extern const Machine service_order;

/* phone.c */
void phone_home        (Req *r);
void phone_pending     (Req *r);
void phone_worker      (Req *r);
void phone_reading     (Req *r);
void phone_reading_post(Req *r);

/* order.c */
void order_list_page  (Req *r);
void order_page       (Req *r);
void order_cancel_post(Req *r);

/* people.c */
extern const UserWork field_works[];

/* import.c: at start-up */
void field_imports(void);

/* purge.c: what goes when a utility goes live */
extern const SandboxPurge field_purges[];

#endif
