/* A utility's own colour; see colour.h. The grounds are the tokens of views/static/app.css. */
#include "lib/colour.h"

#include <math.h>
#include <string.h>

enum { WHITE = 0xFFFFFF, LIGHT_SURFACE = 0xFFFFFF,
       DARK_SURFACE = 0x1D2530, TEXT_LEAST = COLOUR_READABLE, LINE_LEAST = 300 };

bool colour_parse(const char *text, uint32_t *rgb) {
    if (!text || text[0] != '#' || strlen(text) != 7) return false;
    uint32_t v = 0;
    for (const char *c = text + 1; *c; c++) {
        int digit = *c >= '0' && *c <= '9' ? *c - '0' : *c >= 'a' && *c <= 'f' ? *c - 'a' + 10 : *c >= 'A' && *c <= 'F'
            ? *c - 'A' + 10 : -1;
        if (digit < 0) return false;
        v = v << 4 | (uint32_t)digit;
    }
    *rgb = v;
    return true;
}

static double channel(uint32_t v) {
    double c = (double)(v & 0xFF) / 255;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb) {
    return 0.2126 * channel(rgb >> 16) + 0.7152 * channel(rgb >> 8) + 0.0722 * channel(rgb);
}

int colour_contrast(uint32_t a, uint32_t b) {
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return (int)(100 * (x > y ? x / y : y / x));
}

/* `part` of 100 of b in a. */
static uint32_t mixed(uint32_t a, uint32_t b, uint32_t part) {
    uint32_t out = 0;
    for (int shift = 16; shift >= 0; shift -= 8)
        out |= (((a >> shift & 0xFF) * (100 - part) + (b >> shift & 0xFF) * part + 50) / 100) << shift;
    return out;
}

/* The colour, moved towards `to` in small steps until it stands out from both grounds. */
static uint32_t moved(uint32_t rgb, uint32_t to, uint32_t ground, uint32_t other, int least) {
    for (uint32_t part = 0; part <= 100; part += 4) {
        uint32_t c = mixed(rgb, to, part);
        if (colour_contrast(c, ground) >= least && colour_contrast(c, other) >= least) return c;
    }
    return to;
}

uint32_t colour_readable(uint32_t rgb) { return moved(rgb, 0, WHITE, WHITE, COLOUR_READABLE); }

/* The custom properties of one theme. */
static char *properties(Arena *a, uint32_t primary, uint32_t hover, uint32_t soft, uint32_t link, uint32_t focus,
                        uint32_t line) {
    return text(a, "--primary:#%06x;--primary-hover:#%06x;--primary-soft:#%06x;--link:#%06x;--focus:#%06x;--c1:#%06x",
                primary, hover, soft, link, focus, line);
}

char *colour_brand_css(Arena *a, uint32_t wanted) {
    uint32_t rgb = colour_readable(wanted);
    uint32_t hover = mixed(rgb, 0, 22);
    uint32_t soft = mixed(rgb, WHITE, 91), link = moved(mixed(rgb, 0, 12), 0, soft, LIGHT_SURFACE, TEXT_LEAST);
    uint32_t line = moved(rgb, 0, LIGHT_SURFACE, 0xEEF1F4, LINE_LEAST);
    uint32_t dark_soft = mixed(rgb, DARK_SURFACE, 70);
    uint32_t dark_link = moved(mixed(rgb, WHITE, 45), WHITE, dark_soft, DARK_SURFACE, TEXT_LEAST);
    uint32_t dark_line = moved(mixed(rgb, WHITE, 30), WHITE, DARK_SURFACE, 0x242E3A, LINE_LEAST);
    char *light = properties(a, rgb, hover, soft, link, line, line);
    char *dark = properties(a, rgb, hover, dark_soft, dark_link, dark_link, dark_line);
    return text(a, ":root{%s}:root[data-theme=dark]{%s}@media (prefers-color-scheme:dark){:root[data-theme=auto]{%s}}",
                light, dark, dark);
}
