/*
 * Files that consumers send along, within app/portal (files.c): at most five of 10 MB, checked by content.
 */
#ifndef APP_PORTAL_FILES_H
#define APP_PORTAL_FILES_H

#include "app/portal/pages.h"

/* Adds a problem when there are too many. */
void files_check(Req *r, const char *field);
/* Stores them with the record; INVALID or TOO_LARGE when one is not taken. How many. */
int  files_keep (Req *r, const char *field, const char *entity, Id entity_id);

#endif
