/*
 * Documents written by pdf_end, read again: where their objects stand. One table of places, no compressed objects; a
 * file that looks otherwise is not ours. For lib/pdf_stamp.c and lib/pdf_join.c.
 */
#ifndef LIB_PDF_FILE_H
#define LIB_PDF_FILE_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/rows.h"

typedef struct PdfFile {
    const char *s;
    size_t      n, table;           /* place of the table of places */
    long        objects;
    size_t     *at;                 /* places by number; 0: free */
} PdfFile;

bool pdf_file_read(Arena *a, Bytes pdf, PdfFile *f);
/* The number behind a name: "/Contents 6 0 R" gives 6; 0 when it stands otherwise. `object` ends with a 0. */
long pdf_reference(const char *object, const char *name);
/* The object that the file's trailer names ("/Root "); 0 when there is none. */
long pdf_file_trailer(Arena *a, const PdfFile *f, const char *name);

#endif
