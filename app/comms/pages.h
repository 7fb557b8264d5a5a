/*
 * Pages of app/comms, within the module.
 */
#ifndef APP_COMMS_PAGES_H
#define APP_COMMS_PAGES_H

#include "app/core/core.h"
#include "lib/req.h"

void notes_page    (Req *r);
void note_open     (Req *r);
void note_read     (Req *r);
void notes_read_all(Req *r);
void note_archive  (Req *r);
void notes_count   (Req *r);

/* Nightly: expired notes go, those read 30 days ago are archived. */
JobStep notes_upkeep(Ctx *c, const JobRow *job);
JobStep notes_mail(Ctx *c, const JobRow *job);

#endif
