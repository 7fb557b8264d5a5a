/*
 * Pages and machines of app/field, within the module.
 */
#ifndef APP_FIELD_PAGES_H
#define APP_FIELD_PAGES_H

#include "lib/machine.h"
#include "lib/req.h"

extern const Machine service_order;

void order_list_page  (Req *r);
void order_page       (Req *r);
void order_cancel_post(Req *r);

#endif
