/*
 * The menu's entries as the launcher (menu.c) and the side menu (front.c) share them (ONB07).
 */
#ifndef APP_CORE_MENU_H
#define APP_CORE_MENU_H

#include "app/core/front.h"

/* An entry this person may open: key NULL when not. `path` without prefix, `url` with it. */
typedef struct MenuPage { bool is_entry, is_action; const char *key, *text, *path, *url; } MenuPage;
/* The i-th of all entries and actions; is_entry false behind the last. */
MenuPage menu_entry(Req *r, int i);
MenuPage menu_page_by_key(Req *r, const char *key);
/* Whether there is such a page in the utility and this person may open it. */
bool front_may_open(Req *r, const char *path);
/* The page of this entry was opened: it goes to the front of the last eight. In a transaction. */
void menu_visited(Ctx *c, const char *key);
/* Where this person wants to begin; NULL: at the role's home. */
const char *menu_landing_path(Ctx *c);

#endif
