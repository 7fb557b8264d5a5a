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
/* The page of this entry was opened: it goes to the front of the last eight. In a transaction. */
void menu_visited(Ctx *c, const char *key);
/* What administrators made of an entry ("users") or a tile ("tile.cis") for this person: label NULL: its own. */
typedef struct MenuLook { const char *label; int sort; bool hidden; } MenuLook;
MenuLook menu_look(Ctx *c, const char *key, int place);
/* Links elsewhere, put behind the n entries of a list; how many there are then. */
size_t menu_links(Req *r, const char *list, size_t n);
/* The i-th of all entries and tiles with its own name and place; key NULL behind the last. */
typedef struct MenuName { const char *key, *text; int place; bool is_tile, is_sub; } MenuName;
MenuName menu_name(Ctx *c, int i);
/* The same of the launcher's tiles (menu.c). */
MenuName tile_name(Ctx *c, int i);
/* Whether there is a report for this person, and so the entry and the tile of reports. */
bool menu_has_reports(Ctx *c);
/* Where this person wants to begin; NULL: at the role's home. */
const char *menu_landing_path(Ctx *c);

#endif
