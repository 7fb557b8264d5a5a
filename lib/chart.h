/*
 * Charts as SVG text: bars, lines, doughnuts and sparklines, drawn by the server without script (ux.md section 5).
 *
 * Values are integers of any unit (minor money, e3 readings, counts); `scale` says how many decimal places they have,
 * the words shown to people are given as text. No colours, no style attributes: classes s1..s3, l1..l3, d1..d4 are
 * coloured by the style sheet, so one drawing serves light, dark and print. All texts are escaped here.
 * A bar or point carries its own <title>; the whole is role="img" with title and description.
 * Limits: CHART_POINTS points (the last ones are drawn), CHART_SERIES series, CHART_PARTS parts of a doughnut; interval
 * data of a year goes to uPlot instead.
 */
#ifndef LIB_CHART_H
#define LIB_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

enum { CHART_POINTS = 400, CHART_SERIES = 3, CHART_PARTS = 4 };
#define CHART_NONE INT64_MIN                    /* no value here: a gap */

typedef enum { CHART_PLAIN = 0, CHART_ESTIMATED = 1, CHART_UNFINISHED = 2 } ChartMark;

typedef struct ChartSeries {
    const char        *name;                    /* "This year" */
    const int64_t     *values;                  /* n of them */
    const char *const *texts;
    /* n of them, as people read them ("236 units"); NULL: the plain figure */
    const uint8_t     *marks;                   /* n ChartMark or NULL */
    int                style;                   /* 1 main, 2 compared, 3 target; 0 = its place in the list */
} ChartSeries;

typedef struct Chart {
    const char        *id;                      /* unique in the page: a-z 0-9 - */
    const char        *title, *desc;            /* read aloud; desc is the message ("March was 24 units less ...") */
    size_t             n;                       /* points of each series */
    const char *const *labels;                  /* n words under the axis */
    ChartSeries        series[CHART_SERIES];
    size_t             series_n;
    /* decimal places of the values: 842 with 2 is 8.42; with 9, minor units shown in crore */
    int                scale;
    const char      *(*axis)(Arena *a, int64_t value);     /* words of the axis; NULL: plain figures */
    const char        *so_far;                  /* word under an unfinished period ("so far") */
    const char        *estimated;               /* word added to the title of an estimated value ("estimated") */
    const char        *middle;                  /* doughnut: text in its middle */
    bool               narrow;                  /* 290 wide for phones, else 720 */
    bool               stacked;                 /* bars of one point stand on each other; none negative */
    bool               from_zero;               /* lines: the axis begins at 0 (bars always do) */
    bool               show_last;               /* the last value of the main series is written over it */
    int                height;                  /* 0: 250, narrow 170 */
} Chart;

/* One text each, complete from <svg to </svg>, in the arena. A chart without a value draws its axes only. */
char *chart_bars    (Arena *a, const Chart *c);
char *chart_line    (Arena *a, const Chart *c);
char *chart_doughnut(Arena *a, const Chart *c);             /* series[0], at most CHART_PARTS parts, none negative */
char *chart_spark   (Arena *a, const int64_t *values, size_t n);    /* decoration: the figure stands beside it */

/* Steps of an axis from low to high (low <= high) in about `lines` intervals of 1, 2, 2.5 or 5 times a power of ten. */
typedef struct { int64_t low, high, step; } ChartAxis;
ChartAxis chart_axis(int64_t low, int64_t high, int lines);

/*
 * Prices that people move (the designer of tariffs): bars on one axis, each with the stored value behind it and a grip
 * at its end. Drawn complete by the server; designer.js makes each bar a slider of the field it names. Values in
 * millionths. One text from <svg to </svg> of its own size in px: at most as wide as a phone.
 */
typedef struct ChartHandle {
    const char *field;                          /* id of the field whose value it is */
    const char *label, *name;                   /* under the bar; read aloud */
    int64_t     value, stored;
    bool        may_be_negative;
} ChartHandle;
typedef struct ChartHandles {
    const char        *id, *title, *desc, *after;       /* after: "%" behind each value, or NULL */
    size_t             n;
    const ChartHandle *v;
    ChartAxis          axis;
    int64_t            step, drag;              /* of the keys; of the pointer */
    int64_t            most;                    /* no value is above */
} ChartHandles;
char  *chart_handles(Arena *a, const ChartHandles *c);
/* How many bars with such labels one drawing holds, at least 1. */
size_t chart_handles_room(const ChartHandle *v, size_t n);

#endif
