/*
 * Handlers and jobs of app/hub, within the module.
 */
#ifndef APP_HUB_PAGES_H
#define APP_HUB_PAGES_H

#include "app/core/core.h"
#include "lib/req.h"

void    sandbox_page(Req *r);
void    sandbox_post(Req *r);
JobStep sandbox_deliver(Ctx *c, const JobRow *job);
JobStep sandbox_report(Ctx *c, const JobRow *job);
void    mailbox_page(Req *r);
void    mailbox_message(Req *r);
void    hook_post(Req *r);
JobStep hook_process(Ctx *c, const JobRow *job);
JobStep hook_message(Ctx *c, const JobRow *job);
JobStep intent_poll(Ctx *c, const JobRow *job);
JobStep intent_start_again(Ctx *c, const JobRow *job);
JobStep intent_check(Ctx *c, const JobRow *job);
void    event_list_page(Req *r);
void    event_page(Req *r);
void    event_replay(Req *r);
void    intent_list_page(Req *r);

#endif
