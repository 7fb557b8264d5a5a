/*
 * Saved filters of lists: what lib/list.c calls (saved_view.c has the pages).
 */
#ifndef APP_CORE_SAVED_VIEW_H
#define APP_CORE_SAVED_VIEW_H

#include "lib/list.h"

/* The tabs above a list (list.views); true: answered with a redirect to the one this person begins with. */
bool saved_views_show(Req *r, const ListView *view);

#endif
