/*
 * Documents written by pdf_end, read again: see pdf_file.h.
 */
#include "lib/pdf_file.h"

#include <stdlib.h>
#include <string.h>

enum { OBJECTS_MAX = 100000 };

bool pdf_file_read(Arena *a, Bytes pdf, PdfFile *f) {
    *f = (PdfFile){ .s = pdf.p, .n = pdf.n };
    if (f->n < 64 || memcmp(f->s, "%PDF-1.", 7)) return false;
    const char *tail = text_copy_n(a, f->s + (f->n < 400 ? 0 : f->n - 400), f->n < 400 ? f->n : 400), *start = NULL;
    for (const char *s = tail; (s = strstr(s, "startxref\n")); s++) start = s;
    f->table = start ? strtoul(start + 10, NULL, 10) : 0;
    if (!f->table || f->table + 10 >= f->n || memcmp(f->s + f->table, "xref\n0 ", 7)) return false;
    const char *rest = text_copy_n(a, f->s + f->table + 7, f->n - f->table - 7);
    char *s;
    f->objects = strtol(rest, &s, 10);
    if (f->objects < 2 || f->objects > OBJECTS_MAX || *s != '\n' || strlen(++s) < (size_t)f->objects * 20) return false;
    f->at = take_n(a, size_t, (size_t)f->objects);
    for (long i = 0; i < f->objects; i++, s += 20)
        if (s[17] == 'n') f->at[i] = strtoul(s, NULL, 10);
    return true;
}

long pdf_reference(const char *object, const char *name) {
    const char *s = strstr(object, name);
    char *end;
    long n = s ? strtol(s + strlen(name), &end, 10) : 0;
    return n > 0 && !strncmp(end, " 0 R", 4) ? n : 0;
}

long pdf_file_trailer(Arena *a, const PdfFile *f, const char *name) {
    const char *rest = text_copy_n(a, f->s + f->table, f->n - f->table), *trailer = strstr(rest, "trailer");
    return trailer ? pdf_reference(trailer, name) : 0;
}
