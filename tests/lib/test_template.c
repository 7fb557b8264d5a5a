/*
 * Templates with shared macros and shells write what ClearSilver writes when it parses the page file alone, byte by
 * byte, for every sample page; and cost a fraction of its memory. Errors are found when loading.
 */
#include "tests/suite.h"

#include <dirent.h>
#include <ftw.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ClearSilver.h>

#include "lib/template.h"

static Arena arena;

static NEOERR *add(void *to, char *s) {
    text_add(to, s);
    return STATUS_OK;
}

static HDF *common_data(void) {
    static HDF *h;
    if (h) return h;
    hdf_init(&h);
    hdf_set_value(h, "t.ui.problem", "There is a problem");
    hdf_set_value(h, "t.ui.optional", "(optional) <b>");
    hdf_set_value(h, "t.layout.skip", "Skip & go");
    hdf_set_value(h, "t.layout.error_404", "Not found");
    hdf_set_value(h, "asset.icons", "/s/icons.svg");
    return h;
}

/* Blank lines round a page are no part of it. */
static char *trimmed(char *s) {
    if (!s) return "";
    s += strspn(s, " \r\n\t");
    for (size_t n = strlen(s); n && strchr(" \r\n\t", s[n - 1]);) s[--n] = 0;
    return s;
}

static char *alone(HDF *data, const char *file) {
    CSPARSE *p;
    Text out = text_start(&arena);
    hdf_set_value(data, "Config.VarEscapeMode", "html");
    hdf_set_value(data, "hdf.loadpaths.0", VIEWS_DIR);
    NEOERR *e = cs_init(&p, data);
    if (e == STATUS_OK) e = cgi_register_strfuncs(p);
    template_links(p);
    if (e == STATUS_OK) e = cs_parse_file(p, file);
    p->global_hdf = common_data();
    if (e == STATUS_OK) e = cs_render(p, &out, add);
    CU_ASSERT(e == STATUS_OK);
    cs_destroy(&p);
    return trimmed(out.s);
}

static char *shared(HDF *data, const char *name) {
    Text out = text_start(&arena);
    const char *said = NULL;
    SAME_INT(template_render(name, data, common_data(), &out, &said), TEMPLATE_DONE);
    if (said) fprintf(stderr, "%s: %s\n", name, said);
    return trimmed(out.s);
}

static HDF *sample(const char *file) {
    HDF *h;
    hdf_init(&h);
    if (file) hdf_read_file(h, text(&arena, "%s/%s", SAMPLES_DIR, file));
    return h;
}

static void same_as_alone(void) {
    SAME_TEXT(templates_load(&arena, VIEWS_DIR), NULL);
    int seen = 0;
    DIR *d = opendir(SAMPLES_DIR);
    for (struct dirent *f; d && (f = readdir(d));) {
        if (!strstr(f->d_name, ".hdf")) continue;
        HDF *one = sample(f->d_name), *two = sample(f->d_name);
        const char *template = hdf_get_value(one, "template", "");
        if (!strncmp(template, "layout/", 7)) {
            char *name = text_copy_n(&arena, template, strlen(template) - 3);
            char *expected = alone(one, template), *got = shared(two, name);
            CU_ASSERT(strlen(expected) > 500);
            if (strcmp(expected, got)) fprintf(stderr, "%s differs\n", f->d_name);
            CU_ASSERT_STRING_EQUAL(expected, got);
            seen++;
        }
        hdf_destroy(&one);
        hdf_destroy(&two);
    }
    if (d) closedir(d);
    CU_ASSERT(seen > 10);
}

static void again_and_again(void) {
    SAME_TEXT(templates_load(&arena, VIEWS_DIR), NULL);
    HDF *list = sample("staff-list.hdf"), *form = sample("form-errors.hdf"), *other = sample("staff-list.hdf");
    char *first = text_copy(&arena, shared(list, "layout/list"));
    shared(form, "layout/wizard");
    CU_ASSERT_STRING_EQUAL(shared(other, "layout/list"), first);        /* no trace of the page between */
    SAME_TEXT(templates_load(&arena, VIEWS_DIR), NULL);                 /* and loaded anew */
    CU_ASSERT_STRING_EQUAL(shared(other, "layout/list"), first);
    hdf_destroy(&list);
    hdf_destroy(&form);
    hdf_destroy(&other);
}

static void missing(void) {
    Text out = text_start(&arena);
    const char *said = NULL;
    HDF *h = sample(NULL);
    SAME_INT(template_render("layout/nothing", h, common_data(), &out, &said), TEMPLATE_MISSING);
    /* a shell is no page */
    SAME_INT(template_render("layout/staff", h, common_data(), &out, &said), TEMPLATE_MISSING);
    hdf_destroy(&h);
}

static char folder[] = "/tmp/test-template-XXXXXX";

static void put(const char *name, const char *content) {
    FILE *f = fopen(text(&arena, "%s/%s", folder, name), "we");
    if (!f) return;
    fputs(content, f);
    fclose(f);
}

/* A tree of its own: macros, shells that only call content(), and pages with one fault each. */
static void faults(void) {
    if (!mkdtemp(folder)) return;
    mkdir(text(&arena, "%s/lib", folder), 0700);
    mkdir(text(&arena, "%s/layout", folder), 0700);
    put("lib/ui.cs", "<?cs def:b(x) ?><b><?cs var:x ?></b><?cs /def ?>");
    static const char *const shells[] = { "any", "field", "mail", "plain", "platform", "portal", "print", "staff" };
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        put(text(&arena, "layout/%s.cs", shells[i]), text(&arena, "[%s <?cs call:content() ?>]", shells[i]));
    put("good.cs", "<?cs include!\"lib/ui.cs\" ?><?cs def:content() ?><?cs call:b(name) ?><?cs /def ?><?cs "
                   "include!\"layout/plain.cs\" ?>");
    put("bare.cs", "just <?cs var:name ?>");
    SAME_TEXT(templates_load(&arena, folder), NULL);
    HDF *h = sample(NULL);
    hdf_set_value(h, "name", "<x>");
    SAME_TEXT(shared(h, "good"), "[plain <b>&lt;x&gt;</b>]");
    SAME_TEXT(shared(h, "bare"), "just &lt;x&gt;");
    SAME_TEXT(shared(h, "good"), "[plain <b>&lt;x&gt;</b>]");
    static const char *const wrong[][2] = {
        { "<?cs include!\"layout/staff.cs\" ?>", "defines no content()" },
        { "<?cs call:nothing() ?>", "nothing" },
        { "<?cs include!\"nowhere.cs\" ?>", "nowhere.cs" },
        { "<?cs if:x ?>", "bad.cs" },
        { "<?cs def:b(x) ?><?cs /def ?>", "b" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put("bad.cs", wrong[i][0]);
        const char *said = templates_load(&arena, folder);
        CU_ASSERT_PTR_NOT_NULL_FATAL(said);
        if (!strstr(said, wrong[i][1])) fprintf(stderr, "\n%s\n  said %s\n", wrong[i][0], said);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, wrong[i][1]));
    }
    hdf_destroy(&h);
    unlink(text(&arena, "%s/bad.cs", folder));
    SAME_TEXT(templates_load(&arena, folder), NULL);
}

static void links(void) {
    put("link.cs", "<a href=\"<?cs var:url_validate(url) ?>\">");
    SAME_TEXT(templates_load(&arena, folder), NULL);
    static const char *const cases[][2] = {
        { "tel:+15035550100", "tel:+15035550100" }, { "tel:(503)555-01.00", "tel:(503)555-01.00" },
        { "mailto:help@swa.test", "mailto:help@swa.test" }, { "/u/swa-w/cis?a=1&b=2", "/u/swa-w/cis?a=1&amp;b=2" },
        { "https://swa.test/x", "https://swa.test/x" }, { "tel:", "#" }, { "tel:+1 503", "#" },
        { "tel:+1\"onclick=x", "#" }, { "TEL:+1", "#" }, { "javascript:alert(1)", "#" }, { "data:text/html,x", "#" },
    };
    HDF *h = sample(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hdf_set_value(h, "url", cases[i][0]);
        SAME_TEXT(shared(h, "link"), text(&arena, "<a href=\"%s\">", cases[i][1]));
    }
    hdf_destroy(&h);
    unlink(text(&arena, "%s/link.cs", folder));
    SAME_TEXT(templates_load(&arena, folder), NULL);
}

static void memory(void) {
#ifndef __SANITIZE_ADDRESS__
    SAME_TEXT(templates_load(&arena, VIEWS_DIR), NULL);
    size_t one = mallinfo2().uordblks;
    HDF *h = sample(NULL);
    hdf_set_value(h, "hdf.loadpaths.0", VIEWS_DIR);
    CSPARSE *p;
    cs_init(&p, h);
    cgi_register_strfuncs(p);
    CU_ASSERT(cs_parse_file(p, "layout/list.cs") == STATUS_OK);
    size_t page = mallinfo2().uordblks - one;
    cs_destroy(&p);
    hdf_destroy(&h);
    SAME_TEXT(templates_load(&arena, folder), NULL);
    size_t all = one - mallinfo2().uordblks;
    fprintf(stderr, "one page alone %zu KB, all of views shared %zu KB ", page / 1024, all / 1024);
    CU_ASSERT(all < 8 * page);
#endif
}

static int drop(const char *path, const struct stat *s, int type, struct FTW *at) {
    (void)s, (void)type, (void)at;
    return remove(path);
}

int main(void) {
    int failed = suite_run("template", (SuiteTest[]){
        { "pages read as if parsed alone", same_as_alone }, { "no page leaves a trace in the next", again_and_again },
        { "missing pages and shells", missing },
        { "faults are found when loading", faults },
        { "links to pages, mail and telephones, and to nothing else", links }, { "memory is shared", memory }, {0} });
    nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
    arena_end(&arena);
    return failed;
}
