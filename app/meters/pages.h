/*
 * Pages of app/meters, within the module.
 */
#ifndef APP_METERS_PAGES_H
#define APP_METERS_PAGES_H

#include "lib/req.h"

void meter_list_page(Req *r);
void meter_page(Req *r);

#endif
