/*
 * Several documents as one, to be printed in one go: see pdf_join in pdf.h. The pages of each file hang, as they are,
 * below a new root; objects get new numbers, what no page needs (structure trees, heads) stays behind.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/pdf.h"
#include "lib/pdf_file.h"

enum { FIRST_FREE = 3 };            /* 1: the catalog, 2: the root of all pages */

typedef struct Part {
    PdfFile     f;
    size_t     *end;                /* where each object ends */
    long       *now;                /* its number in the new file; 0: left behind */
    long        pages, count;       /* number of its page root, pages below it */
} Part;

typedef struct Join { Arena *mem; Text out; size_t *at; size_t room; long next; } Join;

/* --- one file ----------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* An object ends where the next one begins: its stream may hold any bytes. */
static void find_ends(Arena *mem, Part *p) {
    size_t n = (size_t)p->f.objects, used = 0, *sorted = take_n(mem, size_t, n + 1);
    for (size_t i = 0; i < n; i++)
        if (p->f.at[i]) sorted[used++] = p->f.at[i];
    sorted[used++] = p->f.table;
    qsort(sorted, used, sizeof *sorted, by_place);
    p->end = take_n(mem, size_t, n);
    for (size_t i = 0; i < n; i++) {
        const size_t *here = p->f.at[i] ? bsearch(&p->f.at[i], sorted, used, sizeof *sorted, by_place) : NULL;
        p->end[i] = here && here + 1 < sorted + used ? here[1] : 0;
    }
}

/* What stands behind "obj" of an object; n 0 when there is none. */
static Bytes body_of(const Part *p, long object) {
    if (object <= 0 || object >= p->f.objects || !p->f.at[object]) return (Bytes){ NULL, 0 };
    size_t from = p->f.at[object], to = p->end[object];
    if (to > p->f.table || to < from + 8) return (Bytes){ NULL, 0 };
    const char *s = p->f.s + from, *begin = memmem(s, to - from < 24 ? to - from : 24, "obj", 3);
    return begin ? (Bytes){ begin + 3, to - (size_t)(begin + 3 - p->f.s) } : (Bytes){ NULL, 0 };
}

/* The part of an object in which others are named: all but the bytes of its stream. */
static size_t words_of(Bytes body) {
    const char *stream = memmem(body.p, body.n, "stream\n", 7);
    return stream ? (size_t)(stream - (const char *)body.p) : body.n;
}

typedef void Named(void *arg, const char *s, size_t n, long object);

/* Calls back for every piece of an object's words: text as it is (object 0), and each "12 0 R". */
static void each_named(const char *s, size_t n, Named *tell, void *arg) {
    size_t from = 0, i = 0;
    for (int depth = 0; i < n; i++) {
        if (s[i] == '\\' && depth) { i++; continue; }
        if (s[i] == '(') depth++;
        if (s[i] == ')' && depth) depth--;
        if (depth || s[i] < '0' || s[i] > '9' || (i && !strchr(" \n[<", s[i - 1]))) continue;
        size_t k = i;
        long object = 0;
        while (k < n && k - i < 8 && s[k] >= '0' && s[k] <= '9') object = object * 10 + (s[k++] - '0');
        if (k + 4 > n || memcmp(s + k, " 0 R", 4)) { i = k - 1; continue; }
        tell(arg, s + from, i - from, 0);
        tell(arg, s + i, k + 4 - i, object);
        from = k + 4, i = k + 3;
    }
    tell(arg, s + from, n - from, 0);
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

typedef struct Walk { Join *j; Part *p; long *waits; size_t n; } Walk;

static void want(void *arg, const char *s, size_t n, long object) {
    Walk *w = arg;
    (void)s, (void)n;
    if (object <= 0 || object >= w->p->f.objects || w->p->now[object]) return;
    w->p->now[object] = w->j->next++;
    w->waits[w->n++] = object;
}

static bool number_part(Join *j, Part *p) {
    Walk w = { j, p, take_n(j->mem, long, (size_t)p->f.objects + 1), 0 };
    p->now = take_n(j->mem, long, (size_t)p->f.objects);
    want(&w, NULL, 0, p->pages);
    while (w.n) {
        Bytes body = body_of(p, w.waits[--w.n]);
        if (!body.n) return false;
        each_named(body.p, words_of(body), want, &w);
    }
    return true;
}

static bool read_part(Join *j, Part *p, Bytes pdf) {
    if (!pdf_file_read(j->mem, pdf, &p->f)) return false;
    find_ends(j->mem, p);
    Bytes catalog = body_of(p, pdf_file_trailer(j->mem, &p->f, "/Root "));
    p->pages = catalog.n ? pdf_reference(text_copy_n(j->mem, catalog.p, catalog.n), "/Pages ") : 0;
    Bytes pages = body_of(p, p->pages);
    const char *count = pages.n ? strstr(text_copy_n(j->mem, pages.p, pages.n), "/Count ") : NULL;
    p->count = count ? strtol(count + 7, NULL, 10) : 0;
    return p->count > 0 && number_part(j, p);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

typedef struct Out { Join *j; const Part *p; } Out;

static void add_piece(void *arg, const char *s, size_t n, long object) {
    Out *o = arg;
    if (object > 0 && object < o->p->f.objects) text_addf(&o->j->out, "%ld 0 R", o->p->now[object]);
    else if (n) text_add_n(&o->j->out, s, n);
}

static void begin(Join *j, long object) {
    j->at[object] = j->out.n;
    text_addf(&j->out, "%ld 0 obj", object);
}

static void add_part(Join *j, const Part *p) {
    for (long i = 1; i < p->f.objects; i++) {
        if (!p->now[i]) continue;
        Bytes body = body_of(p, i);
        const char *s = body.p;
        size_t words = words_of(body), from = 0;
        begin(j, p->now[i]);
        if (i == p->pages) {                        /* hangs below the new root */
            const char *open = memmem(s, words, "<<", 2);
            from = open ? (size_t)(open + 2 - s) : 0;
            text_add(&j->out, "\n<< /Parent 2 0 R");
        }
        each_named(s + from, words - from, add_piece, &(Out){ j, p });
        text_add_n(&j->out, s + words, body.n - words);
    }
}

static void add_roots(Join *j, const Part *parts, size_t n) {
    long count = 0;
    begin(j, 1);
    text_add(&j->out, "\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    begin(j, 2);
    text_add(&j->out, "\n<< /Type /Pages /Kids [");
    for (size_t i = 0; i < n; i++) {
        text_addf(&j->out, " %ld 0 R", parts[i].now[parts[i].pages]);
        count += parts[i].count;
    }
    text_addf(&j->out, " ] /Count %ld >>\nendobj\n", count);
}

static void add_table(Join *j) {
    size_t table = j->out.n;
    text_addf(&j->out, "xref\n0 %ld\n0000000000 65535 f \n", j->next);
    for (long i = 1; i < j->next; i++) text_addf(&j->out, "%010zu 00000 n \n", j->at[i]);
    text_addf(&j->out, "trailer\n<< /Size %ld\n   /Root 1 0 R\n>>\nstartxref\n%zu\n%%%%EOF\n", j->next, table);
}

Bytes pdf_join(Arena *a, const Bytes *files, size_t n) {
    Join j = { .mem = a, .next = FIRST_FREE };
    Part *parts = take_n(a, Part, n + 1);
    size_t all = 4096;
    for (size_t i = 0; i < n; i++) all += files[i].n;
    if (!n || n > PDF_JOIN_MAX || all > PDF_JOIN_BYTES) return (Bytes){ NULL, 0 };
    for (size_t i = 0; i < n; i++)
        if (!read_part(&j, &parts[i], files[i])) return (Bytes){ NULL, 0 };
    j.at = take_n(a, size_t, (size_t)j.next);
    all += all / 8;                 /* numbers become longer */
    j.out = (Text){ .arena = a, .s = take(a, all), .room = all };
    text_add(&j.out, "%PDF-1.4\n%\xb5\xed\xae\xfb\n");
    add_roots(&j, parts, n);
    for (size_t i = 0; i < n; i++) add_part(&j, &parts[i]);
    add_table(&j);
    return (Bytes){ j.out.s, j.out.n };
}
