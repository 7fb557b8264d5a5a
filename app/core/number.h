/*
 * Formats of numbers for the page that edits them (ONB02US07); issuing is id_next in core.h.
 */
#ifndef APP_CORE_NUMBER_H
#define APP_CORE_NUMBER_H

#include "app/core/core.h"
#include "app/core/number_rules.h"

/* The stored parts (id_format.parts), a JSON list; false when they cannot be read. */
bool  id_parts_read (Arena *a, const char *json, IdFormat *to);
char *id_parts_json (Arena *a, const IdFormat *f);
/* The next `n` numbers if they were taken now, without taking them. */
const char *const *id_preview(struct Ctx *c, const char *entity_type, size_t n);
/* The same for a format that is being edited, from its own start or the sequence in use, whichever is higher. */
const char *const *id_preview_of(struct Ctx *c, const char *entity_type, const IdFormat *f, size_t n);
/* A number of a format that is being edited, with a sequence value and parts of choice: takes nothing. */
const char *id_try(struct Ctx *c, const char *entity_type, const IdFormat *f, const IdParts *parts, int64_t sequence);
/* Numbers issued so far and the highest next value of any period: "Next number must be above 001234." */
int64_t id_issued  (struct Ctx *c, const char *entity_type);
int64_t id_next_max(struct Ctx *c, const char *entity_type);
/* Imports: the sequence goes on above `value` at least. */
void    id_start_above(struct Ctx *c, const char *entity_type, Date date, int64_t value);

#endif
