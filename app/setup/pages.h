/*
 * The handlers of the set-up pages, for the table of contents (module.c).
 */
#ifndef APP_SETUP_PAGES_H
#define APP_SETUP_PAGES_H

#include "lib/req.h"

/* id_format.c */
void id_format_list   (Req *r);
void id_format_page   (Req *r);
void id_format_draft  (Req *r);
void id_format_save   (Req *r);
void id_format_history(Req *r);

/* plan.c */
void plan_list_page(Req *r);
void plan_page     (Req *r);

#endif
