/*
 * gallery VIEWS STATIC SAMPLES OUT: every macro with its example set on one page, and whole sample pages.
 *
 * views/lib/<macro>.hdf: data of the examples and under `show` the template text that calls the macro with them.
 * SAMPLES/<page>.hdf: data of a page and under `template` the page file (below VIEWS or SAMPLES).
 * Writes OUT/gallery.html and OUT/<page>.html. Texts are the English messages, charts are drawn here under `drawn.*`.
 * Every name a macro reads from t.* must exist: a missing text ends the program with status 1.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ClearSilver.h>

#include "lib/chart.h"
#include "lib/template.h"

enum { FILES_MAX = 200, FILE_MAX = 200000 };

static Arena arena;
static HDF *common;                             /* t.*, asset.* */

static void check(NEOERR *e, const char *what) {
    if (e == STATUS_OK) return;
    STRING s;
    string_init(&s);
    nerr_error_traceback(e, &s);
    fprintf(stderr, "gallery: %s: %s\n", what, s.buf);
    exit(1);
}

static char *read_all(const char *path) {
    FILE *f = fopen(path, "re");
    if (!f) { fprintf(stderr, "gallery: %s: %s\n", path, strerror(errno)); exit(1); }
    char *buffer = take(&arena, FILE_MAX);
    buffer[fread(buffer, 1, FILE_MAX - 1, f)] = 0;
    fclose(f);
    return buffer;
}

/* "name<separator>value" lines into a set below prefix; '#' begins a comment. */
static void read_pairs(const char *path, const char *separator, const char *prefix) {
    for (char *save = NULL, *line = strtok_r(read_all(path), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *at = *line == '#' ? NULL : strstr(line, separator);
        if (!at) continue;
        *at = 0;
        check(hdf_set_value(common, text(&arena, "%s.%s", prefix, line), at + strlen(separator)), path);
    }
}

/* --- charts ------------------------------------------------------------------------------------------------------- */

static const char *const year[] = { "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
                                    "Mar" };
static const int64_t billed[] = { 710, 760, 800, 740, 720, 730, 750, 740, 760, 790, 810, 842 };
static const int64_t collected[] = { 650, 690, 700, 680, 670, 670, 700, 680, 710, 720, 750, 697 };
static const int64_t last_year[] = { 190, 176, 166, 168, 182, 204 }, this_year[] = { 182, 164, 158, 171, 190, 180 },
    high_march[] = { 182, 164, 158, 171, 190, 236 };
static const uint8_t some_estimated[] = { 0, CHART_ESTIMATED, 0, 0, 0, CHART_UNFINISHED };
static const char *const parts[] = { "Online", "Counter", "Bank", "Agent" };
static const int64_t shares[] = { 5210, 2140, 1330, 640 };

static void draw(HDF *to, const char *name, const char *svg) {
    check(hdf_set_value(to, text(&arena, "drawn.%s", name), svg), name);
}

static void draw_charts(HDF *to) {
    Chart money = { .id = "billed", .title = "Billed and collected, ₹ crore, April to March",
                    .desc = "March: billed 8.42, collected 6.97.", .n = 12, .labels = year, .scale = 2,
                    .series = { { .name = "Billed", .values = billed }, { .name = "Collected", .values = collected } },
                    .series_n = 2, .height = 272 };
    draw(to, "billed", chart_bars(&arena, &money));
    Chart use = { .id = "use", .title = "Electricity use, units, October to March",
                  .desc = "March: 236 units, 32 more than last March.", .n = 6, .labels = year + 6, .series_n = 2,
                  .show_last = true,
                  .series = { { .name = "Last year", .values = last_year, .style = 2 },
                              { .name = "This year", .values = high_march, .style = 1 } }, .height = 175 };
    draw(to, "use", chart_bars(&arena, &use));
    use.series[1].values = this_year;
    use.narrow = true;
    use.height = 140;
    use.desc = "March: 180 units, 24 less than last March.";
    draw(to, "use_narrow", chart_bars(&arena, &use));
    use.narrow = false;
    use.id = "marks";
    use.height = 200;
    use.series[1].marks = some_estimated;
    use.so_far = "so far";
    use.estimated = "estimated";
    draw(to, "marks", chart_bars(&arena, &use));
    use.narrow = true;
    draw(to, "marks_narrow", chart_bars(&arena, &use));
    Chart line = { .id = "collect", .title = "Collected of billed, percent", .desc = "Between 83 and 93 percent.",
                   .n = 12, .labels = year, .series_n = 1, .series = { { .name = "Collected", .values = collected } },
                   .scale = 1, .height = 200 };
    draw(to, "line", chart_line(&arena, &line));
    Chart ring = { .id = "channels", .title = "Payments by channel", .desc = "Online 56 percent.", .n = 4,
                   .labels = parts, .series_n = 1, .series = { { .name = "Payments", .values = shares } },
                   .middle = "9,320" };
    draw(to, "ring", chart_doughnut(&arena, &ring));
    static const int64_t sparks[][7] = { { 2, 4, 5, 8, 6, 9, 12 }, { 1, 6, 4, 3, 7, 9, 12 }, { 1, 7, 4, 3, 8, 9, 12 },
                                         { 12, 9, 11, 6, 5, 2, 1 }, { 1, 2, 2, 4, 7, 8, 12 },
                                         { 12, 10, 9, 7, 6, 3, 2 } };
    for (size_t i = 0; i < 6; i++) draw(to, text(&arena, "spark%zu", i), chart_spark(&arena, sparks[i], 7));
}

/* --- rendering ---------------------------------------------------------------------------------------------------- */

static NEOERR *add(void *to, char *s) {
    text_add(to, s);
    return STATUS_OK;
}

static HDF *data_of(const char *file, const char *views, const char *samples) {
    HDF *h;
    check(hdf_init(&h), file);
    check(hdf_set_value(h, "hdf.loadpaths.0", views), file);
    check(hdf_set_value(h, "hdf.loadpaths.1", samples), file);
    check(hdf_set_value(h, "hdf.loadpaths.2", "."), file);
    draw_charts(h);
    check(hdf_read_file(h, file), file);
    check(hdf_set_value(h, "Config.VarEscapeMode", "html"), file);
    return h;
}

static char *render(HDF *h, const char *template, const char *what, bool is_file) {
    CSPARSE *p;
    Text out = text_start(&arena);
    check(cs_init(&p, h), what);
    check(cgi_register_strfuncs(p), what);
    template_links(p);
    p->global_hdf = common;
    check(is_file ? cs_parse_file(p, template) : cs_parse_string(p, strdup(template), strlen(template)), what);
    check(cs_render(p, &out, add), what);
    cs_destroy(&p);
    return out.s ? out.s : "";
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static char **example_files(const char *folder, size_t *n) {
    char **files = take_n(&arena, char *, FILES_MAX);
    DIR *d = opendir(folder);
    *n = 0;
    for (struct dirent *f; d && (f = readdir(d));) {
        size_t length = strlen(f->d_name);
        if (length > 4 && !strcmp(f->d_name + length - 4, ".hdf") && *n < FILES_MAX)
            files[(*n)++] = text_copy_n(&arena, f->d_name, length - 4);
    }
    if (d) closedir(d);
    qsort(files, *n, sizeof *files, by_name);
    return files;
}

static void write_all(const char *path, const char *text_) {
    FILE *f = fopen(path, "we");
    if (!f || fputs(text_, f) < 0 || fclose(f)) {
        fprintf(stderr, "gallery: %s: %s\n", path, strerror(errno));
        exit(1);
    }
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: gallery VIEWS STATIC SAMPLES OUT\n"); return 2; }
    const char *views = argv[1], *samples = argv[3], *out = argv[4];
    arena.limit = (size_t)1 << 30;
    check(hdf_init(&common), "texts");
    read_pairs(text(&arena, "%s/messages/en/ui.msg", views), " = ", "t");
    read_pairs(text(&arena, "%s/assets.txt", argv[2]), " ", "asset");

    size_t n;
    char **macros = example_files(text(&arena, "%s/lib", views), &n);
    Text page = text_start(&arena);
    HDF *head;
    check(hdf_init(&head), "head");
    check(hdf_set_value(head, "page.lang", "en"), "head");
    check(hdf_set_value(head, "page.title", "Gallery"), "head");
    check(hdf_set_value(head, "hdf.loadpaths.0", views), "head");
    check(hdf_set_value(head, "Config.VarEscapeMode", "html"), "head");
    text_add(&page, render(head, "layout/_head.cs", "head", true));
    text_add(&page, "</head><body class=\"s\"><div class=\"s-page\"><main class=\"s-main\" "
                    "id=\"main\"><h1>Gallery</h1>\n");
    for (size_t i = 0; i < n; i++) {
        HDF *h = data_of(text(&arena, "%s/lib/%s.hdf", views, macros[i]), views, samples);
        const char *show = hdf_get_value(h, "show", "");
        text_addf(&page, "<section data-macro=\"%s\"><p class=\"sub\">%s</p>\n", macros[i], macros[i]);
        text_add(&page, render(h, text(&arena, "<?cs include!\"lib/ui.cs\" ?>%s", show), macros[i], false));
        text_add(&page, "\n</section>\n");
        hdf_destroy(&h);
    }
    text_add(&page, "</main></div></body></html>\n");
    write_all(text(&arena, "%s/gallery.html", out), page.s);

    char **pages = example_files(samples, &n);
    for (size_t i = 0; i < n; i++) {
        HDF *h = data_of(text(&arena, "%s/%s.hdf", samples, pages[i]), views, samples);
        const char *template = hdf_get_value(h, "template", NULL);
        if (!template) { hdf_destroy(&h); continue; }       /* a part other samples include */
        write_all(text(&arena, "%s/%s.html", out, pages[i]), render(h, template, pages[i], true));
        hdf_destroy(&h);
    }
    hdf_destroy(&common);
    arena_end(&arena);
    return 0;
}
