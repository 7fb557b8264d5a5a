/*
 * What became of a record: who changed what, when, with the old and the new values, from the application's audit (hook
 * `changes` of lib/resource.h). A resource has it as its page path/{key}/history; any other page puts it into a
 * section:
 *
 *   history_show(r, "show.sections.0", "role", role->id, role_form.fields);
 *
 * The caller has asked for the right to see the record. Newest first, 50 a page; ?before=<id of a change> goes on.
 */
#ifndef LIB_HISTORY_H
#define LIB_HISTORY_H

#include "lib/form.h"

/* One entry of the audit; texts may be NULL. before and after
 * are JSON objects of the changed fields, secrets as "***". */
typedef struct Change { Id id; Time at; const char *action, *who, *before, *after, *reason; } Change;
typedef struct Changes { Change *v; size_t n; bool more; } Changes;

/*
 * A section with the changes of a row of `table` as a timeline. Values are read as those of `fields` are shown; names
 * that are no field of it (and all of them when fields is NULL) are said by the message "field.<name>", else in plain
 * words. Returns how many entries.
 */
size_t history_show(Req *r, const char *at, const char *table, Id id, const Field *fields);

/* The same in the right column of a page of one record (layout/show). */
void history_aside(Req *r, const char *table, Id id, const Field *fields);

#endif
