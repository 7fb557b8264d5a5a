/*
 * Acts on many rows at once: one that is refused takes nothing along, and the person is shown each with its reason
 * (spec: "result page: done, refused with reason per row").
 *
 *   Bulk *b = bulk_start(r, msg(r->c.language, "area.bulk.deactivate"), "/areas/levels/sub_area");
 *   for each row: bulk_one(b, code, move_one, &arg);
 *   bulk_end(b);            back to the list with a note, or to the page of what was refused
 */
#ifndef APP_CORE_BULK_H
#define APP_CORE_BULK_H

#include "lib/req.h"

enum { BULK_MOST = 2000 };

typedef struct Bulk Bulk;
/* title: what is done, as the result's page says it; back: the list's path in this scope. */
Bulk *bulk_start(Req *r, const char *title, const char *back);
/* work(c, arg) with a savepoint; false when it was refused, which is kept under the row's name. */
bool  bulk_one  (Bulk *b, const char *name, void (*work)(Ctx *, void *), void *arg);
/* Leaves the handler's answer: a redirect. */
void  bulk_end  (Bulk *b);

#endif
