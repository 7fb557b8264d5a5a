/*
 * A utility's own colour: is it readable, and what follows from it (ux.md section 3). Pure.
 */
#ifndef LIB_COLOUR_H
#define LIB_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"

/* "#0f5fa6" or "#0F5FA6" into 0x0f5fa6; false for anything else. */
bool colour_parse(const char *text, uint32_t *rgb);

/* WCAG contrast of two colours in hundredths: 100 (the same) to 2100 (black on white). */
int colour_contrast(uint32_t a, uint32_t b);

/* The colour itself when white words can be read on it (at least COLOUR_READABLE), else the next darker shade of it on
   which they can. */
enum { COLOUR_READABLE = 450 };
uint32_t colour_readable(uint32_t rgb);

/* A style sheet that replaces the product's main colour in light and dark: fill, hover, soft ground, links, focus,
   charts; each derived so that the contrasts of the product's own colours hold. Where white words could not be read on
   the colour its readable shade is the fill. */
char *colour_brand_css(Arena *a, uint32_t rgb);

#endif
