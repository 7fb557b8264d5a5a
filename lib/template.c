/* Templates parsed once, macros and shells shared; see template.h. */
#include "lib/template.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ClearSilver.h>
#include <util/neo_files.h>

enum { PAGES_MAX = 600, PAGE_NAME_MAX = 120 };

/* Shells call content(), which only the page that includes them defines: they are not pages themselves. */
static const char *const shell_names[] = { "any", "field", "mail", "plain", "platform", "portal", "print", "staff",
                                           NULL };
enum { SHELLS = sizeof shell_names / sizeof *shell_names - 1 };

typedef struct Page {
    char      name[PAGE_NAME_MAX];
    CSPARSE  *parse;
    CSTREE   *content;                  /* of its content(); NULL when it needs no shell */
    int       shell;                    /* index, -1: none */
} Page;

static Page      pages[PAGES_MAX];
static int       pages_n;
static HDF      *parse_data;            /* load path and escape mode */
static CSPARSE  *macros;                /* views/lib/ui.cs */
static CS_MACRO *place;                 /* the content() that shells call; each rendering puts the page's tree there */
static CSTREE   *place_tree;            /* its own, empty */
static CSPARSE  *shells[SHELLS];

static char *said_of(Arena *a, NEOERR *e) {
    STRING s;
    string_init(&s);
    nerr_error_traceback(e, &s);
    char *t = text_copy(a, s.buf ? s.buf : "?");
    string_clear(&s);
    nerr_ignore(&e);
    return t;
}

static int shell_of(const char *file) {
    for (int i = 0; i < SHELLS; i++) {
        size_t n = strlen(shell_names[i]);
        if (!strncmp(file, "layout/", 7) && !strncmp(file + 7, shell_names[i], n) && !strcmp(file + 7 + n, ".cs"))
            return i;
    }
    return -1;
}

/* What pages include: macros are there already, a shell is noted for rendering, the rest is read. */
static NEOERR *load_file(void *ctx, HDF *hdf, const char *name, char **contents) {
    Page *page = ctx;
    int shell = shell_of(name);
    bool macro = !strncmp(name, "lib/", 4) && macros;
    if (page && shell >= 0) page->shell = shell;
    if (macro || (page && shell >= 0)) {
        *contents = strdup("\n");
        return *contents ? STATUS_OK : nerr_raise(NERR_NOMEM, "%s", name);
    }
    char path[PATH_MAX];
    NEOERR *e = hdf_search_path(hdf, name, path);
    if (e == STATUS_OK) e = ne_load_file(path, contents);
    return nerr_pass(e);
}

/* Numbers to call may be links too; everything else as ClearSilver has it: http, https, ftp, mailto, own paths. */
static NEOERR *link_validate(const char *in, char **out) {
    bool is_number = in && !strncmp(in, "tel:", 4) && in[4] && strspn(in + 4, "+0123456789-.()") == strlen(in + 4);
    return nerr_pass(is_number ? cgi_html_escape_strfunc(in, out) : cgi_url_validate(in, out));
}

void template_links(CSPARSE *parse) {
    for (CS_FUNCTION *f = parse->functions; f; f = f->next)
        if (!strcmp(f->name, "url_validate")) f->str_func = link_validate;
}

/* A new parse that knows the shared macros from `known` on. */
static NEOERR *start(CSPARSE **parse, CS_MACRO *known, Page *page) {
    NEOERR *e = cs_init(parse, parse_data);
    if (e == STATUS_OK) e = cgi_register_strfuncs(*parse);
    if (e != STATUS_OK) return e;
    template_links(*parse);
    (*parse)->macros = known;
    cs_register_fileload(*parse, page, load_file);
    return STATUS_OK;
}

/* Ends a parse, but not the macros it shares. */
static void end(CSPARSE **parse, const CS_MACRO *known) {
    if (!*parse) return;
    CS_MACRO **m = &(*parse)->macros;
    while (*m && *m != known) m = &(*m)->next;
    if (known) *m = NULL;
    cs_destroy(parse);
}

static CS_MACRO *macro_named(const CSPARSE *parse, const char *name) {
    for (CS_MACRO *m = parse->macros; m; m = m->next)
        if (!strcmp(m->name, name)) return m;
    return NULL;
}

static const char *load_page(Arena *a, const char *name) {
    if (pages_n == PAGES_MAX) return "too many templates";
    if (strlen(name) >= PAGE_NAME_MAX) return text(a, "%s: name too long", name);
    Page *p = &pages[pages_n];
    *p = (Page){ .shell = -1 };
    snprintf(p->name, sizeof p->name, "%.*s", (int)strlen(name) - 3, name);
    NEOERR *e = start(&p->parse, place->next, p);       /* without the place: a page defines its own content() */
    if (e == STATUS_OK) e = cs_parse_file(p->parse, name);
    const char *wrong = e == STATUS_OK ? NULL : text(a, "%s: %s", name, said_of(a, e));
    CS_MACRO *content = wrong ? NULL : macro_named(p->parse, "content");
    if (!wrong && p->shell >= 0 && !content) wrong = text(a, "%s: defines no content()", name);
    if (wrong) {
        end(&p->parse, place->next);
        return wrong;
    }
    p->content = content ? content->tree : NULL;
    pages_n++;
    return NULL;
}

/* Pages are all *.cs but macros (views/lib), shells, and what begins with "_" (parts that are only included). */
static const char *load_folder(Arena *a, const char *views, const char *folder) {
    DIR *d = opendir(text(a, "%s/%s", views, folder));
    if (!d) return NULL;
    const char *wrong = NULL;
    for (struct dirent *f; !wrong && (f = readdir(d));) {
        if (f->d_name[0] == '.' || f->d_name[0] == '_') continue;
        const char *name = *folder ? text(a, "%s/%s", folder, f->d_name) : f->d_name;
        struct stat s;
        if (shell_of(name) >= 0 || stat(text(a, "%s/%s", views, name), &s)) continue;
        size_t n = strlen(name);
        if (S_ISDIR(s.st_mode)) {
            if (strcmp(name, "lib") && strcmp(name, "static") && strcmp(name, "messages"))
                wrong = load_folder(a, views, name);
        } else if (n > 3 && !strcmp(name + n - 3, ".cs")) {
            wrong = load_page(a, name);
        }
    }
    closedir(d);
    return wrong;
}

static void forget_all(void) {
    for (int i = 0; i < pages_n; i++) end(&pages[i].parse, place->next);
    for (int i = 0; i < SHELLS; i++) end(&shells[i], place);
    end(&macros, NULL);
    pages_n = 0;
    place = NULL;
    if (parse_data) hdf_destroy(&parse_data);
}

static NEOERR *load_shared(const char *views) {
    NEOERR *e = hdf_init(&parse_data);
    if (e == STATUS_OK) e = hdf_set_value(parse_data, "hdf.loadpaths.0", views);
    if (e == STATUS_OK) e = hdf_set_value(parse_data, "Config.VarEscapeMode", "html");
    CSPARSE *first = NULL;
    if (e == STATUS_OK) e = start(&first, NULL, NULL);
    if (e == STATUS_OK) e = cs_parse_file(first, "lib/ui.cs");
    char *placeholder = e == STATUS_OK ? strdup("<?cs def:content() ?><?cs /def ?>") : NULL;
    if (placeholder) e = cs_parse_string(first, placeholder, strlen(placeholder));
    macros = first;
    if (e != STATUS_OK) return e;
    place = macro_named(macros, "content");
    place_tree = place->tree;
    for (int i = 0; e == STATUS_OK && i < SHELLS; i++) {
        char file[40];
        snprintf(file, sizeof file, "layout/%s.cs", shell_names[i]);
        e = start(&shells[i], place, NULL);
        if (e == STATUS_OK) e = cs_parse_file(shells[i], file);
    }
    return e;
}

const char *templates_load(Arena *a, const char *views) {
    forget_all();
    NEOERR *e = load_shared(views);
    if (e != STATUS_OK) return said_of(a, e);
    if (place != macros->macros) return "ClearSilver orders macros otherwise than expected";      /* the newest first */
    return load_folder(a, views, "");
}

/* Lines of macro files before the page's first character are left out. */
static NEOERR *add_output(void *ctx, char *s) {
    Text *out = ctx;
    if (!out->n) s += strspn(s, " \r\n\t");
    text_add(out, s);
    return STATUS_OK;
}

static NEOERR *render(CSPARSE *parse, HDF *data, HDF *common, Text *out) {
    HDF *kept = parse->hdf;
    parse->hdf = data;
    parse->global_hdf = common;
    NEOERR *e = cs_render(parse, out, add_output);
    parse->hdf = kept;
    parse->global_hdf = NULL;
    return e;
}

TemplateResult template_render(const char *name, HDF *data, HDF *common, Text *out, const char **said) {
    Page *p = NULL;
    for (int i = 0; !p && i < pages_n; i++)
        if (!strcmp(pages[i].name, name)) p = &pages[i];
    if (!p) return TEMPLATE_MISSING;
    /* what stands outside content(): set, or a page without shell */
    NEOERR *e = render(p->parse, data, common, out);
    if (e == STATUS_OK && p->shell >= 0) {
        place->tree = p->content;
        e = render(shells[p->shell], data, common, out);
        place->tree = place_tree;
    }
    if (e == STATUS_OK) return TEMPLATE_DONE;
    *said = said_of(out->arena, e);
    return TEMPLATE_BROKEN;
}
