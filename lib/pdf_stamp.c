/*
 * A word across the pages of a finished document: see pdf_stamp in pdf.h. What is new is appended (an incremental
 * update of PDF 1.4): the original bytes are the beginning of the result, so that a stored bill stays provably what it
 * was.
 *
 * Only files of pdf_end are read here (lib/pdf_file.h), a page's contents and resources named by number. Everything is
 * looked for within the object it belongs to; what is not found ends in "not ours".
 */
#include "lib/pdf.h"

#include <stdlib.h>
#include <string.h>

#include "lib/pdf_file.h"

typedef struct File {
    Arena      *mem;
    const char *s;
    size_t      n, table;           /* place of the table of places */
    long        objects;            /* of the file and those added */
    size_t     *at;                 /* places; 0: free */
    Text        out;                /* what is appended */
    size_t     *added_at;           /* by number; 0: not written anew */
} File;

/* The text between object n's "obj" and "endobj"; NULL when it is not there. */
static const char *object_of(const File *f, long n) {
    if (n <= 0 || n >= f->objects || !f->at[n] || f->at[n] >= f->table) return NULL;
    const char *s = f->s + f->at[n], *limit = f->s + f->table, *end = memmem(s, (size_t)(limit - s), "endobj", 6);
    const char *begin = end ? memmem(s, (size_t)(end - s), "obj", 3) : NULL;
    return begin ? text_copy_n(f->mem, begin + 3, (size_t)(end - begin - 3)) : NULL;
}

static void begin_object(File *f, long n) {
    f->added_at[n] = f->n + f->out.n;
    text_addf(&f->out, "%ld 0 obj\n", n);
}

static void add_stream(File *f, long n, const char *content) {
    begin_object(f, n);
    text_addf(&f->out, "<< /Length %zu >>\nstream\n%s\nendstream\nendobj\n", strlen(content), content);
}

/* The object's text with something put in behind a name, which may be missing in it: then before its end. */
static void add_with(File *f, long n, const char *object, const char *name, const char *entry) {
    const char *s = strstr(object, name), *end = strrchr(object, '>');
    begin_object(f, n);
    if (s) text_addf(&f->out, "%.*s %s%s\nendobj\n", (int)(s + strlen(name) - object), object, entry, s + strlen(name));
    else text_addf(&f->out, "%.*s%s %s >>\n>>\nendobj\n", (int)(end - 1 - object), object, name, entry);
}

/* --- the word ----------------------------------------------------------------------------------------------------- */

/* Of Helvetica Bold an average letter is 0.58 of its size wide. */
static const char *mark_of(File *f, const char *box, const char *word) {
    double width = 612, height = 792;
    const char *s = box;
    char *end;
    strtod(s, &end);
    strtod(end, &end);
    width = strtod(end, &end);
    height = strtod(end, &end);
    if (width < 10 || height < 10) return NULL;
    double size = 0.95 * width / (0.58 * (double)strlen(word));
    if (size > 110) size = 110;
    double half = 0.29 * size * (double)strlen(word);
    Text t = text_start(f->mem);
    text_addf(&t, "Q q /gStamp gs 0.69 0.15 0.12 rg BT /fStamp %.1f Tf 0.819 0.574 -0.574 0.819 %.1f %.1f Tm (", size,
              width / 2 - half * 0.819 + size * 0.18, height / 2 - half * 0.574 - size * 0.25);
    for (; *word; word++) {
        if (strchr("()\\", *word)) text_add(&t, "\\");
        text_add_n(&t, word, 1);
    }
    text_add(&t, ") Tj ET Q");
    return t.s;
}

static bool stamp_page(File *f, long n, const char *word, long font, long before, long *next) {
    const char *object = object_of(f, n), *box = strstr(object, "/MediaBox ["),
               *contents = strstr(object, "/Contents ");
    long resources = pdf_reference(object, "/Resources "), content = pdf_reference(object, "/Contents ");
    const char *old = resources ? object_of(f, resources) : NULL, *mark = box ? mark_of(f, box + 11, word) : NULL;
    if (!content || !old || !mark || !strrchr(old, '>')) return false;
    long after = (*next)++;
    add_stream(f, after, mark);
    const char *tail = strstr(contents, " 0 R") + 4;
    begin_object(f, n);
    text_addf(&f->out, "%.*s/Contents [ %ld 0 R %ld 0 R %ld 0 R ]%s\nendobj\n", (int)(contents - object), object,
              before, content, after, tail);
    if (f->added_at[resources]) return true;                        /* shared by several pages */
    const char *entry = "/gStamp << /ca 0.22 /CA 0.22 >>";
    const char *state = strstr(old, "/ExtGState <<");
    const char *with_state = state ? text(f->mem, "%.*s %s%s", (int)(state + 13 - old), old, entry, state + 13)
                                   : text(f->mem, "%.*s/ExtGState << %s >>\n>>\n", (int)(strrchr(old, '>') - 1 - old),
                                          old, entry);
    add_with(f, resources, with_state, "/Font <<", text(f->mem, "/fStamp %ld 0 R", font));
    return true;
}

/* --- the end of the file ------------------------------------------------------------------------------------------ */

static bool add_table(File *f, long objects) {
    const PdfFile in = { f->s, f->n, f->table, f->objects, f->at };
    long root = pdf_file_trailer(f->mem, &in, "/Root "), info = pdf_file_trailer(f->mem, &in, "/Info ");
    if (!root) return false;
    size_t table = f->n + f->out.n;
    text_add(&f->out, "xref\n");
    for (long i = 0; i < objects; i++)
        if (f->added_at[i]) text_addf(&f->out, "%ld 1\n%010zu 00000 n \n", i, f->added_at[i]);
    text_addf(&f->out, "trailer\n<< /Size %ld\n   /Root %ld 0 R\n", objects, root);
    if (info) text_addf(&f->out, "   /Info %ld 0 R\n", info);
    text_addf(&f->out, "   /Prev %zu\n>>\nstartxref\n%zu\n%%%%EOF\n", f->table, table);
    return true;
}

Bytes pdf_stamp(Arena *a, Bytes pdf, const char *word) {
    const Bytes not_ours = { NULL, 0 };
    PdfFile in;
    for (const char *s = word; *s; s++)
        if (*s < ' ' || *s > '~') return not_ours;
    if (!*word || !pdf_file_read(a, pdf, &in)) return not_ours;
    File f = { .mem = a, .s = in.s, .n = in.n, .table = in.table, .objects = in.objects, .at = in.at,
               .out = text_start(a) };
    long old = f.objects, next = old + 2, pages = 0, font = old, before = old + 1;
    f.added_at = take_n(a, size_t, (size_t)old * 2 + 4);
    text_add(&f.out, "\n");
    for (long i = 1; i < old; i++) {
        const char *object = object_of(&f, i);
        const char *type = object ? strstr(object, "/Type /Page") : NULL;
        if (!type || type[11] == 's' || strncmp(object, "\n<< /Type /Page", 15)) continue;
        if (!stamp_page(&f, i, word, font, before, &next)) return not_ours;
        pages++;
    }
    if (!pages) return not_ours;
    begin_object(&f, font);
    text_add(&f.out,
             "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>\nendobj\n");
    add_stream(&f, before, "q");
    if (!add_table(&f, next)) return not_ours;
    Text whole = text_start(a);
    text_add_n(&whole, pdf.p, pdf.n);
    text_add_n(&whole, f.out.s, f.out.n);
    return (Bytes){ whole.s, whole.n };
}
