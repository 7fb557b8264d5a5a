/*
 * Templates: all of views/, parsed once before the workers are forked.
 *
 * A page file reads as if it included all macros and its shell; that would cost a megabyte and two milliseconds each.
 * So the macros (views/lib) are parsed once for all pages, and each shell (views/layout) once with a place for the
 * content: rendering puts the page's content() there. What the author sees does not change; docs/templates.md tells it.
 */
#ifndef LIB_TEMPLATE_H
#define LIB_TEMPLATE_H

#include <stdbool.h>

#include "lib/arena.h"

struct _hdf;
struct _parse;

/* Parses all of views. NULL, or what is wrong (file and message). Loading again replaces all. */
const char *templates_load(Arena *a, const char *views);

/* In a parse with ClearSilver's own functions: url_validate lets numbers to call (tel:) pass. For those who parse a
   page alone. */
void template_links(struct _parse *parse);

typedef enum { TEMPLATE_DONE, TEMPLATE_MISSING, TEMPLATE_BROKEN } TemplateResult;
/* Renders `name` ("billing/bill_run") with `data` and below it `common` (texts, paths of static files) to the end of
   *out. said: what ClearSilver said of a broken one, in out's arena. */
TemplateResult template_render(const char *name, struct _hdf *data, struct _hdf *common, Text *out, const char **said);

#endif
