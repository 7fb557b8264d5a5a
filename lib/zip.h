/*
 * ZIP archives of files in memory, stored as they are (PDFs and pictures are compressed already). At most 60 MiB in
 * all.
 */
#ifndef LIB_ZIP_H
#define LIB_ZIP_H

#include "lib/arena.h"
#include "lib/rows.h"
#include "lib/types.h"

enum { ZIP_FILES_MAX = 1000 };

typedef struct ZipFile { const char *name; Bytes content; Date date; } ZipFile;     /* name: UTF-8, without folders */

/* The archive, in the arena; the same files give the same bytes. p NULL above the limits. */
Bytes zip_of(Arena *a, const ZipFile *files, size_t n);

#endif
