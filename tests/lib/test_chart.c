/*
 * Charts: axes, escaping, marks, limits; and the contrast of the colours they are drawn with (ux.md section 11, pitfall
 * 7): lines, bars, outlines, borders of inputs and texts of the style sheet's tokens against their grounds, in light
 * and dark.
 */
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>

#include "lib/chart.h"

static Arena arena;

static void axis_steps(void) {
    static const struct { int64_t low, high; int lines; ChartAxis want; } rows[] = {
        { 0, 0, 4, { 0, 1, 1 } },           { 0, 1, 4, { 0, 1, 1 } },         { 0, 842, 4, { 0, 1000, 250 } },
            { 0, 236, 3, { 0, 300, 100 } },
        { 0, 10, 4, { 0, 10, 5 } },         { 0, 100, 4, { 0, 100, 25 } },    { -30, 100, 4, { -50, 100, 50 } },
            { 95, 105, 4, { 95, 105, 5 } },
        { 0, 1000000000000, 4, { 0, 1000000000000, 250000000000 } },          { -7, -7, 4, { -7, -6, 1 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ChartAxis got = chart_axis(rows[i].low, rows[i].high, rows[i].lines);
        SAME_INT(got.low, rows[i].want.low);
        SAME_INT(got.high, rows[i].want.high);
        SAME_INT(got.step, rows[i].want.step);
    }
    ChartAxis wide = chart_axis(INT64_MIN + 1, INT64_MAX, 4);
    CU_ASSERT(wide.step > 0 && wide.low < 0 && wide.high > 0);
}

static const char *const months[] = { "Jan", "Feb", "Mar <x>" };

static Chart two_series(void) {
    static const int64_t now[] = { 182, CHART_NONE, 236 }, before[] = { 190, 176, 204 };
    static const char *const words[] = { "182 units", "", "236 \"units\" & more" };
    static const uint8_t marks[] = { CHART_ESTIMATED, 0, CHART_UNFINISHED };
    return (Chart){ .id = "use", .title = "Use <b>", .desc = "March & February", .n = 3, .labels = months,
                    .series_n = 2, .so_far = "so far",
                    .estimated = "estimated", .show_last = true,
                    .series = { { .name = "Last year", .values = before, .style = 2 },
                                { .name = "This year", .values = now, .texts = words, .marks = marks, .style = 1 } } };
}

static int count(const char *in, const char *what) {
    int n = 0;
    for (const char *s = in; (s = strstr(s, what)); s += strlen(what)) n++;
    return n;
}

static void bars(void) {
    Chart c = two_series();
    char *svg = chart_bars(&arena, &c);
    CU_ASSERT_PTR_NULL(strstr(svg, "<b>"));
    CU_ASSERT_PTR_NULL(strstr(svg, "<x>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, "<title id=\"use-t\">Use &lt;b&gt;</title>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg,
                                  "<title>Mar &lt;x&gt;, This year: 236 &quot;units&quot; &amp; more, so far</title>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, "<title>Jan, This year: 182 units, estimated</title>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, "<title>Feb, Last year: 176</title>"));
    SAME_INT(count(svg, "class=\"s1\""), 1);                /* one estimated, one missing */
    SAME_INT(count(svg, "class=\"est\""), 1);
    SAME_INT(count(svg, "class=\"s2\""), 3);
    SAME_INT(count(svg, "class=\"val\""), 1);
    SAME_INT(count(svg, "style="), 0);
    SAME_INT(count(svg, "href"), 0);
    CU_ASSERT_STRING_EQUAL(svg + strlen(svg) - 6, "</svg>");
    c.narrow = true;
    CU_ASSERT_PTR_NOT_NULL(strstr(chart_bars(&arena, &c), "viewBox=\"0 0 290 "));
}

static void no_values(void) {
    Chart c = { .id = "e", .title = "Empty", .n = 0, .labels = months };
    CU_ASSERT_PTR_NOT_NULL(strstr(chart_bars(&arena, &c), "</svg>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(chart_line(&arena, &c), "</svg>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(chart_spark(&arena, NULL, 0), "</svg>"));
    static const int64_t one[] = { 5 };
    CU_ASSERT_PTR_NOT_NULL(strstr(chart_spark(&arena, one, 1), "</svg>"));
}

static void lines(void) {
    static const int64_t v[] = { 100, CHART_NONE, -50 };
    Chart c = { .id = "l", .title = "T", .desc = "D", .n = 3, .labels = months, .series_n = 1,
                .series = { { .name = "A", .values = v } } };
    char *svg = chart_line(&arena, &c);
    SAME_INT(count(svg, "<circle"), 2);
    SAME_INT(count(svg, "\u2212"), 2);                      /* a true minus, on the axis and in the title */
    CU_ASSERT_PTR_NULL(strstr(svg, "L0"));
}

static void doughnut(void) {
    static const int64_t v[] = { 1, 1, 2 };
    Chart c = { .id = "d", .title = "T", .desc = "D", .n = 3, .labels = months, .series_n = 1,
                .series = { { .values = v } }, .middle = "4" };
    char *svg = chart_doughnut(&arena, &c);
    SAME_INT(count(svg, "<circle"), 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, "stroke-dashoffset=\"-500\""));
}

static void many_points(void) {
    static int64_t v[1000];
    static const char *labels[1000];
    for (int i = 0; i < 1000; i++) { v[i] = i; labels[i] = "x"; }
    Chart c = { .id = "m", .title = "T", .desc = "D", .n = 1000, .labels = labels, .series_n = 1,
                .series = { { .values = v } } };
    SAME_INT(count(chart_bars(&arena, &c), "class=\"s1\""), CHART_POINTS);
}

static void scaled(void) {
    static const int64_t v[] = { 842, 700 };
    Chart c = { .id = "s", .title = "T", .desc = "D", .n = 2, .labels = months, .series_n = 1,
                .series = { { .values = v } }, .scale = 2 };
    char *svg = chart_bars(&arena, &c);
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, ">7.5<"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, ">10<"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, "Jan: 8.42<"));
}

/* --- colours ------------------------------------------------------------------------------------------------------ */

static char css[65536];

/* A token's colour in a block of the style sheet; -1 when it has none there. */
static long token(const char *block, const char *name) {
    const char *start = strstr(css, block);
    const char *end = start ? strchr(start, '}') : NULL;
    char want[64];
    snprintf(want, sizeof want, "--%s:#", name);
    const char *at = start ? strstr(start, want) : NULL;
    if (!at || at > end) return -1;
    char *stop;
    long v = strtol(at + strlen(want), &stop, 16);
    if (stop - at - (long)strlen(want) == 3) v = ((v & 0xF00) * 0x1100) | ((v & 0xF0) * 0x110) | ((v & 0xF) * 0x11);
    return v;
}

static double channel(long v) {
    double c = (double)v / 255;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(long rgb) {
    return 0.2126 * channel(rgb >> 16 & 255) + 0.7152 * channel(rgb >> 8 & 255) + 0.0722 * channel(rgb & 255);
}

static double contrast(long a, long b) {
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static void contrasts(void) {
    static const struct { const char *front, *ground; double least; } pairs[] = {
        { "ink", "surface", 7 },        { "ink", "canvas", 7 },         { "muted", "surface", 4.5 },
        { "muted", "canvas", 4.5 },      { "muted", "sunken", 4.5 },
        { "muted", "thead", 4.5 },      { "link", "surface", 4.5 },     { "link", "canvas", 4.5 },
        { "link", "primary-soft", 4.5 }, { "link", "row", 4.5 },
        { "ok", "ok-soft", 4.5 },       { "warn", "warn-soft", 4.5 },   { "bad", "bad-soft", 4.5 },
        { "hold", "hold-soft", 4.5 },    { "off", "off-soft", 4.5 },
        { "bad", "surface", 4.5 },      { "ok", "surface", 4.5 },       { "ink", "warn-soft", 4.5 },
        { "ink", "row", 7 },             { "warn", "surface", 3 },
        { "control", "surface", 3 },    { "control", "canvas", 3 },     { "focus", "surface", 3 },
        { "focus", "canvas", 3 },
        { "c1", "surface", 3 },         { "c1", "canvas", 3 },          { "c1", "sunken", 3 },
        { "c1", "c2", 3 },               { "c2-line", "surface", 3 },
        { "c3", "surface", 3 },         { "off", "surface", 3 },
    };
    static const char *const themes[] = { ":root{", ":root[data-theme=dark]{", ":root[data-theme=auto]{" };
    for (size_t t = 0; t < 3; t++) {
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
            long front = token(themes[t], pairs[i].front), ground = token(themes[t], pairs[i].ground);
            double got = front < 0 || ground < 0 ? 0 : contrast(front, ground);
            if (got < pairs[i].least) fprintf(stderr, "\n%s %s on %s: %.2f, wants %.1f\n", themes[t], pairs[i].front,
                                              pairs[i].ground, got, pairs[i].least);
            CU_ASSERT(got >= pairs[i].least);
        }
        CU_ASSERT(contrast(0xFFFFFF, token(themes[t], "primary")) >= 4.5);          /* white words on buttons */
        CU_ASSERT(contrast(0xFFFFFF, token(themes[t], "primary-hover")) >= 4.5);
        CU_ASSERT(contrast(0xFFFFFF, token(themes[t], "bad-fill")) >= 4.5);
        CU_ASSERT(contrast(0xFFFFFF, token(themes[t], "bad-fill-hover")) >= 4.5);
    }
}

int main(void) {
    FILE *f = fopen(VIEWS_DIR "/static/app.css", "re");
    if (f) { css[fread(css, 1, sizeof css - 1, f)] = 0; fclose(f); }
    int failed = suite_run("chart", (SuiteTest[]){
        { "axes take nice steps", axis_steps }, { "bars escape, mark and name their values", bars },
        { "no values draw an empty frame", no_values },
        { "lines break at gaps", lines }, { "a doughnut's parts follow each other", doughnut },
        { "many points are cut", many_points },
        { "decimal places", scaled }, { "colours keep their contrast in both themes", contrasts }, {0} });
    arena_end(&arena);
    return failed;
}
