/*
 * Whether an SVG is only a drawing (spec/README section 2 rule 11): nothing in it runs, and nothing is fetched. Pure.
 */
#ifndef APP_CORE_SVG_RULES_H
#define APP_CORE_SVG_RULES_H

#include "lib/arena.h"

/* NULL when it is; else the refusal. Scripts, handlers, animation, foreign content, links, entities and addresses
   outside of the file are active content; what is not well-formed XML with an svg at its top is damaged. */
const char *svg_refusal(const void *bytes, size_t n);

#endif
