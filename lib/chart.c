/* SVG charts; see chart.h. Positions are integers in tenths of
 * a unit, so that equal data gives equal text everywhere. */
#include "lib/chart.h"

#include <assert.h>
#include <string.h>

typedef __int128 Wide;

/* Where the plot lies, in tenths. */
typedef struct Plot { int left, right, top, bottom, width, height; ChartAxis axis; } Plot;

/* --- text --------------------------------------------------------------------------------------------------------- */

static void add_escaped(Text *t, const char *s) {
    for (; s && *s; s++) {
        switch (*s) {
        case '&':  text_add(t, "&amp;"); break;
        case '<':  text_add(t, "&lt;"); break;
        case '>':  text_add(t, "&gt;"); break;
        case '"':  text_add(t, "&quot;"); break;
        case '\'': text_add(t, "&#39;"); break;
        /* XML knows no other controls */
        default:   if ((unsigned char)*s >= 0x20 || *s == '\t' || *s == '\n') text_add_n(t, s, 1);
        }
    }
}

static void add_tenths(Text *t, int64_t v) {
    if (v < 0) text_add(t, "-");
    uint64_t n = v < 0 ? (uint64_t)-v : (uint64_t)v;
    if (n % 10) text_addf(t, "%llu.%llu", (unsigned long long)(n / 10), (unsigned long long)(n % 10));
    else text_addf(t, "%llu", (unsigned long long)(n / 10));
}

static void add_attr(Text *t, const char *name, int64_t tenths) {
    text_addf(t, " %s=\"", name);
    add_tenths(t, tenths);
    text_add(t, "\"");
}

/* 842 with scale 2 is "8.42", 800 is "8"; thousands are set off. */
static const char *figure(Arena *a, int64_t value, int scale) {
    uint64_t n = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[64], whole[64];
    uint64_t power = 1;
    for (int i = 0; i < scale; i++) power *= 10;
    uint64_t major = n / power, minor = n % power;
    const char *fraction = "";
    if (minor) {
        char *f = text(a, ".%0*llu", scale, (unsigned long long)minor);
        size_t end = strlen(f);
        while (end && f[end - 1] == '0') f[--end] = 0;
        fraction = f;
    }
    size_t m = 0, o = 0;
    do digits[m++] = (char)('0' + major % 10); while (major /= 10);
    while (m) {
        whole[o++] = digits[--m];
        if (m && m % 3 == 0) whole[o++] = ',';
    }
    whole[o] = 0;
    return text(a, "%s%s%s", value < 0 ? "\u2212" : "", whole, fraction);
}

static const char *value_text(Arena *a, const Chart *c, const ChartSeries *s, size_t i) {
    return s->texts && s->texts[i] ? s->texts[i] : figure(a, s->values[i], c->scale);
}

/* Width of a text in tenths: Inter at 11.5 px is about 6.4 a letter. */
static int text_width(const char *s) {
    int letters = 0;
    for (; s && *s; s++)
        if (((unsigned char)*s & 0xC0) != 0x80) letters++;
    return letters * 64;
}

/* --- axis --------------------------------------------------------------------------------------------------------- */

static int64_t floor_to(int64_t v, int64_t step) {
    int64_t rest = v % step;
    return rest == 0 ? v : rest > 0 ? v - rest : v - rest - step;
}

ChartAxis chart_axis(int64_t low, int64_t high, int lines) {
    assert(low <= high && lines > 0);
    const int64_t most = INT64_MAX / 8;                     /* room for a step on either side */
    if (high > most) high = most;
    if (low < -most) low = -most;
    uint64_t span = (uint64_t)high - (uint64_t)low;
    if (!span) span = 1;
    int64_t power = 1, step = 0;
    while (!step) {
        const int64_t steps[] = { power, 2 * power, power >= 10 ? power / 10 * 25 : 0, 5 * power };
        for (size_t i = 0; !step && i < 4; i++)
            if (steps[i] && (uint64_t)steps[i] * (uint64_t)lines >= span) step = steps[i];
        if (!step) power *= 10;
    }
    int64_t bottom = floor_to(low, step), top = floor_to(high, step);
    if (top < high) top += step;
    if (top == bottom) top += step;
    return (ChartAxis){ bottom, top, step };
}

static int y_of(const Plot *p, int64_t value) {
    return p->bottom - (int)((Wide)((Wide)value - p->axis.low) * (p->bottom - p->top)
                             / ((Wide)p->axis.high - p->axis.low));
}

static const char *axis_text(Arena *a, const Chart *c, int64_t value) {
    return c->axis ? c->axis(a, value) : figure(a, value, c->scale);
}

/* --- frame -------------------------------------------------------------------------------------------------------- */

/* The last CHART_POINTS points only. */
static Chart shortened(const Chart *c) {
    Chart s = *c;
    assert(c->series_n <= CHART_SERIES);
    if (c->n <= CHART_POINTS) return s;
    size_t skip = c->n - CHART_POINTS;
    s.n = CHART_POINTS;
    s.labels += skip;
    for (size_t i = 0; i < s.series_n; i++) {
        s.series[i].values += skip;
        if (s.series[i].texts) s.series[i].texts += skip;
        if (s.series[i].marks) s.series[i].marks += skip;
    }
    return s;
}

static void begin(Text *t, const Chart *c, const char *class, int width, int height) {
    text_addf(t, "<svg class=\"%s\" role=\"img\" viewBox=\"0 0 ", class);
    add_tenths(t, width);
    text_add(t, " ");
    add_tenths(t, height);
    text_addf(t, "\" aria-labelledby=\"%s-t%s %s-d%s\"><title id=\"%s-t%s\">", c->id, c->narrow ? "n" : "", c->id,
              c->narrow ? "n" : "", c->id, c->narrow ? "n" : "");
    add_escaped(t, c->title);
    text_addf(t, "</title><desc id=\"%s-d%s\">", c->id, c->narrow ? "n" : "");
    add_escaped(t, c->desc);
    text_add(t, "</desc>");
}

static bool has_mark(const Chart *c, ChartMark mark) {
    for (size_t s = 0; s < c->series_n; s++)
        for (size_t i = 0; c->series[s].marks && i < c->n; i++)
            if (c->series[s].marks[i] & mark) return true;
    return false;
}

static int64_t highest_of(const Chart *c) {
    int64_t high = INT64_MIN;
    for (size_t s = 0; s < c->series_n; s++)
        for (size_t i = 0; i < c->n; i++)
            if (c->series[s].values[i] > high) high = c->series[s].values[i];       /* CHART_NONE is the least */
    return high;
}

/* Up to where the series from the first to this one reach, on each other. */
static int64_t stack_top(const Chart *c, size_t s, size_t i) {
    int64_t sum = 0;
    for (size_t k = 0; k <= s; k++)
        if (c->series[k].values[i] != CHART_NONE) sum += c->series[k].values[i];
    return sum;
}

static ChartAxis axis_of(const Chart *c, bool from_zero) {
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (size_t s = 0; s < c->series_n; s++)
        for (size_t i = 0; i < c->n; i++) {
            int64_t v = c->stacked ? stack_top(c, s, i) : c->series[s].values[i];
            if (v == CHART_NONE) continue;
            if (v < low) low = v;
            if (v > high) high = v;
        }
    if (low > high) low = high = 0;
    if (from_zero && low > 0) low = 0;
    if (from_zero && high < 0) high = 0;
    return chart_axis(low, high, c->narrow ? 3 : 4);
}

static Plot frame(Text *t, const Chart *c, bool from_zero) {
    Plot p = { .width = c->narrow ? 2900 : 7200, .height = 10 * (c->height ? c->height : c->narrow ? 170 : 250),
               .axis = axis_of(c, from_zero) };
    int widest = 0;
    for (int64_t v = p.axis.low; v <= p.axis.high; v += p.axis.step) {
        int w = text_width(axis_text(t->arena, c, v));
        if (w > widest) widest = w;
    }
    p.left = widest + 100;
    p.right = p.width - 20;
    p.top = c->show_last ? 240 : 100;
    /* the value stands over its bar: the axis may end at the last line below it */
    if (c->show_last && p.axis.high - p.axis.step > 0) {
        int64_t highest = highest_of(c);
        if (highest < p.axis.high) p.axis.high = highest;
    }
    p.bottom = p.height - (c->so_far && has_mark(c, CHART_UNFINISHED) ? 380 : 240);
    begin(t, c, "ch", p.width, p.height);
    for (int64_t v = p.axis.low; v <= p.axis.high; v += p.axis.step) {
        int y = y_of(&p, v);
        text_add(t, "<path class=\"g\" d=\"M");
        add_tenths(t, p.left);
        text_add(t, " ");
        add_tenths(t, y);
        text_add(t, "H");
        add_tenths(t, p.right);
        text_add(t, "\"/><text text-anchor=\"end\"");
        add_attr(t, "x", p.left - 80);
        add_attr(t, "y", y + 40);
        text_add(t, ">");
        add_escaped(t, axis_text(t->arena, c, v));
        text_add(t, "</text>");
    }
    return p;
}

static int centre_of(const Chart *c, const Plot *p, size_t i) {
    return p->left + (int)((int64_t)(p->right - p->left) * (int64_t)(2 * i + 1) / (int64_t)(2 * c->n));
}

static bool unfinished(const Chart *c, size_t i) {
    for (size_t s = 0; s < c->series_n; s++)
        if (c->series[s].marks && c->series[s].marks[i] & CHART_UNFINISHED) return true;
    return false;
}

/* The middle of a text that would begin at x's left half, moved so that the drawing holds all of it: fonts differ, so
   with a tenth to spare. */
static int within(const Plot *p, int x, int wide) {
    int half = wide * 11 / 20;
    return x + half > p->width ? p->width - half : x;
}

/* As many labels as find room; counted from the last, which is the one people look for. */
static void add_labels(Text *t, const Chart *c, const Plot *p) {
    int widest = 1;
    for (size_t i = 0; i < c->n; i++)
        if (text_width(c->labels[i]) > widest) widest = text_width(c->labels[i]);
    int room = c->n ? (p->right - p->left) / (int)c->n : 1;
    size_t every = room > 0 ? (size_t)((widest + 60 + room - 1) / room) : c->n;
    if (!every) every = 1;
    int last = 0;                                           /* where the last one begins: it may have been moved */
    if (c->n) {
        int wide = text_width(c->labels[c->n - 1]);
        last = within(p, centre_of(c, p, c->n - 1), wide) - wide / 2;
    }
    while (every < c->n) {                                  /* so far apart that the one before it has room too */
        size_t before = c->n - 1 - every;
        int wide = text_width(c->labels[before]);
        if (within(p, centre_of(c, p, before), wide) + wide / 2 + 40 <= last) break;
        every++;
    }
    for (size_t i = 0; i < c->n; i++) {
        if ((c->n - 1 - i) % every) continue;
        int wide = text_width(c->labels[i]), x = within(p, centre_of(c, p, i), wide);
        if (i + 1 < c->n && x + wide / 2 + 40 > last) continue;
        for (int line = 0; line < (c->so_far && unfinished(c, i) ? 2 : 1); line++) {
            text_add(t, "<text text-anchor=\"middle\"");
            add_attr(t, "x", x);
            add_attr(t, "y", p->bottom + 180 + 140 * line);
            text_add(t, ">");
            add_escaped(t, line ? c->so_far : c->labels[i]);
            text_add(t, "</text>");
        }
    }
}

static void add_title(Text *t, const Chart *c, const ChartSeries *s, size_t i) {
    text_add(t, "<title>");
    add_escaped(t, c->labels[i]);
    if (c->series_n > 1 && s->name) {
        text_add(t, ", ");
        add_escaped(t, s->name);
    }
    text_add(t, ": ");
    add_escaped(t, value_text(t->arena, c, s, i));
    unsigned mark = s->marks ? s->marks[i] : 0;
    if (mark & CHART_ESTIMATED && c->estimated) {
        text_add(t, ", ");
        add_escaped(t, c->estimated);
    }
    if (mark & CHART_UNFINISHED && c->so_far) {
        text_add(t, ", ");
        add_escaped(t, c->so_far);
    }
    text_add(t, "</title>");
}

static int style_of(const Chart *c, size_t s) { return c->series[s].style ? c->series[s].style : (int)s + 1; }

/* The last point that has a value. */
static bool last_point(const Chart *c, const ChartSeries *s, size_t *i) {
    for (*i = c->n; (*i)-- > 0;)
        if (s->values[*i] != CHART_NONE) return true;
    return false;
}

static void add_value(Text *t, const Chart *c, const ChartSeries *s, size_t i, const Plot *p, int x, int y) {
    const char *words = value_text(t->arena, c, s, i);
    text_add(t, "<text class=\"val\" text-anchor=\"middle\"");
    add_attr(t, "x", within(p, x, text_width(words)));
    add_attr(t, "y", y - 60);
    text_add(t, ">");
    add_escaped(t, words);
    text_add(t, "</text>");
}

/* --- bars --------------------------------------------------------------------------------------------------------- */

typedef struct Bars { int width, gap; } Bars;

static int bar_x(const Chart *c, const Plot *p, Bars b, size_t s, size_t i) {
    int all = (int)c->series_n * b.width + (int)(c->series_n - 1) * b.gap;
    return centre_of(c, p, i) - all / 2 + (int)s * (b.width + b.gap);
}

/* A bar with its far end rounded. */
static void add_bar_path(Text *t, int x, int width, int from, int to) {
    int r = width / 4 < 25 ? width / 4 : 25, long_ = to < from ? from - to : to - from;
    if (r > long_) r = long_;
    int in = to < from ? to + r : to - r;
    text_add(t, " d=\"M");   add_tenths(t, x);
    text_add(t, " ");        add_tenths(t, from);
    text_add(t, "V");        add_tenths(t, in);
    text_add(t, "Q");        add_tenths(t, x);
    text_add(t, " ");        add_tenths(t, to);
    text_add(t, " ");        add_tenths(t, x + r);
    text_add(t, " ");        add_tenths(t, to);
    text_add(t, "H");        add_tenths(t, x + width - r);
    text_add(t, "Q");        add_tenths(t, x + width);
    text_add(t, " ");        add_tenths(t, to);
    text_add(t, " ");        add_tenths(t, x + width);
    text_add(t, " ");        add_tenths(t, in);
    text_add(t, "V");        add_tenths(t, from);
    text_add(t, "Z\"");
}

static void add_bar(Text *t, const Chart *c, const Plot *p, Bars b, size_t s, size_t i) {
    const ChartSeries *series = &c->series[s];
    int64_t v = series->values[i];
    if (v == CHART_NONE) return;
    int x = bar_x(c, p, b, s, i), zero = y_of(p, 0), y = y_of(p, v);
    if (c->stacked) {
        if (!v) return;
        x = centre_of(c, p, i) - b.width / 2;
        zero = s ? y_of(p, stack_top(c, s - 1, i)) : zero;
        y = y_of(p, stack_top(c, s, i));
    }
    bool estimated = series->marks && series->marks[i] & CHART_ESTIMATED;
    if (v != 0 && y == zero) y = zero - 10;                 /* something is more than nothing */
    text_addf(t, "<g><path class=\"%s\"", estimated ? "est" : style_of(c, s) == 1 ? "s1" : style_of(c, s) == 2
              ? "s2" : "s3");
    add_bar_path(t, x, b.width, zero, y);
    text_add(t, "/>");
    if (estimated) {
        text_addf(t, "<path fill=\"url(#%s-h%s)\"", c->id, c->narrow ? "n" : "");
        add_bar_path(t, x, b.width, zero, y);
        text_add(t, "/>");
    }
    add_title(t, c, series, i);
    text_add(t, "</g>");
}

char *chart_bars(Arena *a, const Chart *given) {
    Chart c = shortened(given);
    Text t = text_start(a);
    Plot p = frame(&t, &c, true);
    if (has_mark(&c, CHART_ESTIMATED))
        text_addf(&t,
            "<defs><pattern id=\"%s-h%s\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
            "patternTransform=\"rotate(45)\"><path class=\"hat\" d=\"M2.5 0V5\"/></pattern></defs>",
            c.id, c.narrow ? "n" : "");
    int k = c.series_n && !c.stacked ? (int)c.series_n : 1, room = c.n ? (p.right - p.left) / (int)c.n : 0;
    Bars b = { .width = room * 62 / 100 / k, .gap = k > 1 ? 16 : 0 };
    if (b.width > (c.narrow ? 180 : 220)) b.width = c.narrow ? 180 : 220;
    if (b.width < 10) b = (Bars){ 10, 0 };
    for (size_t i = 0; i < c.n; i++)
        for (size_t s = 0; s < c.series_n; s++) add_bar(&t, &c, &p, b, s, i);
    add_labels(&t, &c, &p);
    for (size_t s = 0; c.show_last && s < c.series_n; s++) {
        size_t i;
        if (style_of(&c, s) != 1 || !last_point(&c, &c.series[s], &i)) continue;
        int top = p.bottom, x = bar_x(&c, &p, b, s, i) + b.width / 2,
            half = text_width(value_text(a, &c, &c.series[s], i)) / 2;
        int left = (x + half > p.width ? p.width - half : x) - half;
        /* clear of the taller neighbours */
        for (size_t q = i + 1; q-- > 0 && centre_of(&c, &p, q) + room / 2 > left;)
            for (size_t o = 0; o < c.series_n; o++)
                if (c.series[o].values[q] != CHART_NONE && y_of(&p, c.series[o].values[q]) < top)
                    top = y_of(&p, c.series[o].values[q]);
        add_value(&t, &c, &c.series[s], i, &p, x, top);
    }
    text_add(&t, "</svg>");
    return t.s;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

char *chart_line(Arena *a, const Chart *given) {
    Chart c = shortened(given);
    Text t = text_start(a);
    Plot p = frame(&t, &c, c.from_zero);
    for (size_t s = c.series_n; s-- > 0;) {
        const ChartSeries *series = &c.series[s];
        text_addf(&t, "<path class=\"l%d\" d=\"", style_of(&c, s));
        bool pen = false;
        for (size_t i = 0; i < c.n; i++) {
            if (series->values[i] == CHART_NONE) { pen = false; continue; }
            text_add(&t, pen ? "L" : "M");
            add_tenths(&t, centre_of(&c, &p, i));
            text_add(&t, " ");
            add_tenths(&t, y_of(&p, series->values[i]));
            pen = true;
        }
        text_add(&t, "\"/>");
        for (size_t i = 0; c.n <= 60 && i < c.n; i++) {
            if (series->values[i] == CHART_NONE) continue;
            text_addf(&t, "<circle class=\"%s\"", style_of(&c, s) == 1 ? "p1" : style_of(&c, s) == 2 ? "p2" : "s3");
            add_attr(&t, "cx", centre_of(&c, &p, i));
            add_attr(&t, "cy", y_of(&p, series->values[i]));
            text_add(&t, " r=\"3\">");
            add_title(&t, &c, series, i);
            text_add(&t, "</circle>");
        }
        size_t i;
        if (c.show_last && style_of(&c, s) == 1 && last_point(&c, series, &i))
            add_value(&t, &c, series, i, &p, centre_of(&c, &p, i), y_of(&p, series->values[i]) - 20);
    }
    add_labels(&t, &c, &p);
    text_add(&t, "</svg>");
    return t.s;
}

/* --- doughnut ----------------------------------------------------------------------------------------------------- */

char *chart_doughnut(Arena *a, const Chart *c) {
    assert(c->series_n == 1 && c->n <= CHART_PARTS);
    Text t = text_start(a);
    begin(&t, c, "ch ring", 1600, 1600);
    const ChartSeries *s = &c->series[0];
    Wide sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (s->values[i] == CHART_NONE) continue;
        assert(s->values[i] >= 0);
        sum += s->values[i];
    }
    Wide before = 0;
    for (size_t i = 0; sum > 0 && i < c->n; i++) {
        if (s->values[i] == CHART_NONE || !s->values[i]) continue;
        int from = (int)(before * 10000 / sum), to = (int)((before + s->values[i]) * 10000 / sum), length = to - from;
        before += s->values[i];
        /* a slit between parts, so that colour alone does not part them */
        int gap = length < 10000 && length > 60 ? 40 : 0;
        text_addf(&t, "<circle class=\"dn d%zu\" cx=\"80\" cy=\"80\" r=\"62\" pathLength=\"1000\" "
                      "transform=\"rotate(-90 80 80)\" stroke-dasharray=\"", i + 1);
        add_tenths(&t, length - gap);
        text_add(&t, " 1000\" stroke-dashoffset=\"");
        add_tenths(&t, -from);
        text_add(&t, "\">");
        add_title(&t, c, s, i);
        text_add(&t, "</circle>");
    }
    if (c->middle) {
        text_add(&t, "<text class=\"mid\" x=\"80\" y=\"87\" text-anchor=\"middle\">");
        add_escaped(&t, c->middle);
        text_add(&t, "</text>");
    }
    text_add(&t, "</svg>");
    return t.s;
}

/* --- bars to be moved --------------------------------------------------------------------------------------------- */

enum { HANDLE_TOP = 300, HANDLE_BOTTOM = 1700, HANDLE_HEIGHT = 1950, HANDLE_PITCH = 560, HANDLE_WIDTH = 3300,
       HANDLE_BAR = 300, HANDLE_AXIS = 460, HANDLE_LINES = 4 };

static int handle_pitch(const ChartHandle *v, size_t n) {
    int pitch = HANDLE_PITCH;
    for (size_t i = 0; i < n; i++)
        if (text_width(v[i].label) + 100 > pitch) pitch = text_width(v[i].label) + 100;
    return pitch;
}

size_t chart_handles_room(const ChartHandle *v, size_t n) {
    int room = (HANDLE_WIDTH - HANDLE_AXIS) / handle_pitch(v, n);
    return room < 1 ? 1 : (size_t)room;
}

/* A decimal as fields hold it: "4.5", "-0.25". */
static void add_micro(Text *t, const char *name, int64_t micro) {
    uint64_t v = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    char *s = text(t->arena, "%s%llu.%06llu", micro < 0 ? "-" : "", (unsigned long long)(v / 1000000),
                   (unsigned long long)(v % 1000000));
    size_t n = strlen(s);
    while (s[n - 1] == '0') s[--n] = 0;
    if (s[n - 1] == '.') s[--n] = 0;
    text_addf(t, " %s=\"%s\"", name, s);
}

static void add_rect(Text *t, const char *class, int x, int width, int from, int to) {
    text_addf(t, "<rect class=\"%s\"", class);
    add_attr(t, "x", x);
    add_attr(t, "y", from < to ? from : to);
    add_attr(t, "width", width);
    add_attr(t, "height", from < to ? to - from : from - to);
    text_add(t, "/>");
}

static void add_handle(Text *t, const ChartHandles *c, const Plot *p, const ChartHandle *h, int middle) {
    int zero = y_of(p, 0), end = y_of(p, h->value), x = middle - HANDLE_BAR / 2;
    text_add(t, "<g class=\"knob\" data-field=\"");
    add_escaped(t, h->field);
    text_add(t, "\" data-name=\"");
    add_escaped(t, h->name);
    text_add(t, "\"");
    add_micro(t, "data-stored", h->stored);
    if (h->may_be_negative) text_add(t, " data-negative=\"1\"");
    text_add(t, "><title>");
    add_escaped(t, h->name);
    text_add(t, "</title>");
    add_rect(t, "s2 was", x - 60, HANDLE_BAR + 120, zero, y_of(p, h->stored));
    add_rect(t, "s1", x, HANDLE_BAR, zero, end);
    add_rect(t, "hit", x - 100, HANDLE_BAR + 200, end - 220, end + 220);
    add_rect(t, "grip", x - 30, HANDLE_BAR + 60, end - 25, end + 25);
    text_add(t, "<text class=\"val\" text-anchor=\"middle\"");
    add_attr(t, "x", middle);
    add_attr(t, "y", end - 90);
    text_add(t, ">");
    add_escaped(t, figure(t->arena, h->value, 6));
    if (c->after) add_escaped(t, c->after);
    text_add(t, "</text></g><text text-anchor=\"middle\"");
    add_attr(t, "x", middle);
    add_attr(t, "y", HANDLE_BOTTOM + 180);
    text_add(t, ">");
    add_escaped(t, h->label);
    text_add(t, "</text>");
}

char *chart_handles(Arena *a, const ChartHandles *c) {
    Text t = text_start(a);
    int pitch = handle_pitch(c->v, c->n);
    Plot p = { .left = HANDLE_AXIS, .width = HANDLE_AXIS + pitch * (int)c->n, .top = HANDLE_TOP,
               .bottom = HANDLE_BOTTOM, .height = HANDLE_HEIGHT, .axis = c->axis };
    text_add(&t, "<svg class=\"ch knobs\" role=\"img\" viewBox=\"0 0 ");
    add_tenths(&t, p.width);
    text_add(&t, " ");
    add_tenths(&t, p.height);
    text_add(&t, "\"");
    add_attr(&t, "width", p.width);
    add_attr(&t, "height", p.height);
    add_attr(&t, "data-top", p.top);
    add_attr(&t, "data-bottom", p.bottom);
    add_micro(&t, "data-low", c->axis.low);
    add_micro(&t, "data-high", c->axis.high);
    add_micro(&t, "data-step", c->step);
    add_micro(&t, "data-drag", c->drag);
    add_micro(&t, "data-most", c->most);
    if (c->after) text_addf(&t, " data-after=\"%s\"", c->after);
    text_addf(&t, " aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">", c->id, c->id, c->id);
    add_escaped(&t, c->title);
    text_addf(&t, "</title><desc id=\"%s-d\">", c->id);
    add_escaped(&t, c->desc);
    text_add(&t, "</desc>");
    for (int i = 0; i <= HANDLE_LINES; i++) {
        int64_t v = c->axis.low + (int64_t)((Wide)(c->axis.high - c->axis.low) * i / HANDLE_LINES);
        int y = y_of(&p, v);
        text_add(&t, "<path class=\"g\" d=\"M");
        add_tenths(&t, p.left);
        text_add(&t, " ");
        add_tenths(&t, y);
        text_add(&t, "H");
        add_tenths(&t, p.width);
        text_addf(&t, "\"/><text class=\"ax\" data-part=\"%d\" text-anchor=\"end\"", i);
        add_attr(&t, "x", p.left - 60);
        add_attr(&t, "y", y + 40);
        text_add(&t, ">");
        add_escaped(&t, figure(a, v, 6));
        text_add(&t, "</text>");
    }
    for (size_t i = 0; i < c->n; i++) add_handle(&t, c, &p, &c->v[i], p.left + pitch * (int)i + pitch / 2);
    text_add(&t, "</svg>");
    return t.s;
}

/* --- sparkline ---------------------------------------------------------------------------------------------------- */

char *chart_spark(Arena *a, const int64_t *values, size_t n) {
    Text t = text_start(a);
    if (n > CHART_POINTS) { values += n - CHART_POINTS; n = CHART_POINTS; }
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        if (values[i] == CHART_NONE) continue;
        if (values[i] < low) low = values[i];
        if (values[i] > high) high = values[i];
    }
    text_add(&t, "<svg class=\"s-spark\" viewBox=\"0 0 100 24\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    if (low <= high && n > 1) {
        Text line = text_start(a);
        int first = -1, last = 0;
        for (size_t i = 0; i < n; i++) {
            if (values[i] == CHART_NONE) continue;
            int x = (int)(i * 1000 / (n - 1));
            int y = high == low ? 120 : 220 - (int)(((Wide)values[i] - low) * 200 / ((Wide)high - low));
            text_add(&line, first < 0 ? "M" : "L");
            add_tenths(&line, x);
            text_add(&line, " ");
            add_tenths(&line, y);
            if (first < 0) first = x;
            last = x;
        }
        text_add(&t, "<path class=\"ar\" d=\"");
        text_add(&t, line.s);
        text_add(&t, "L");
        add_tenths(&t, last);
        text_add(&t, " 24L");
        add_tenths(&t, first);
        text_addf(&t, " 24Z\"/><path class=\"l1\" d=\"%s\"/>", line.s);
    }
    text_add(&t, "</svg>");
    return t.s;
}
