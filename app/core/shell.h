/*
 * What the shell of the staff's pages shows alike to everybody who may do the same: side menu, the menu New, the bar of
 * the phone. Rendered once, and kept in the worker by place, rights, language and the entry that is current.
 */
#ifndef APP_CORE_SHELL_H
#define APP_CORE_SHELL_H

#include "lib/req.h"

/* Shows what is kept for this entry of the menu (NULL: none is current); false when nothing is, and then the menu has
   to be shown and kept. */
bool shell_show(Req *r, const char *here);
/* Renders `menu`, `create` and what else of the data set these pieces show, shows them and keeps them for others. */
void shell_keep(Req *r, const char *here);

#endif
