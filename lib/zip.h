/*
 * ZIP archives: of files in memory, stored as they are (PDFs and pictures are compressed already), at most 60 MiB in
 * all; and those of others, read entry by entry.
 */
#ifndef LIB_ZIP_H
#define LIB_ZIP_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/rows.h"
#include "lib/types.h"

enum { ZIP_FILES_MAX = 1000 };

typedef struct ZipFile { const char *name; Bytes content; Date date; } ZipFile;     /* name: UTF-8, without folders */

/* The archive, in the arena; the same files give the same bytes. p NULL above the limits. */
Bytes zip_of(Arena *a, const ZipFile *files, size_t n);

/* --- of others ---------------------------------------------------------------------------------------------------- */

/* A file of an archive, folders left out. name: as the archive has it, UTF-8 or not, with the folders before it. */
typedef struct ZipEntry { const char *name; bool is_packed; uint32_t packed, size; const uint8_t *data; } ZipEntry;
typedef struct Zip { const char *problem; ZipEntry *v; size_t n; } Zip;
/* The directory of an archive whose bytes stay while entries are used. `problem` (one word: damaged, encrypted, method)
   says why nothing can be read of it; no entry then. Zip64 and archives of several parts are damaged ones here. */
Zip zip_read(Arena *a, Bytes archive);
bool zip_is(Bytes archive);         /* by its first bytes */

typedef enum { ZIP_DONE, ZIP_DAMAGED, ZIP_LARGE, ZIP_NO_ROOM } ZipAnswer;
/* Writes the content of an entry to `fd`; stops as ZIP_LARGE above `most` bytes, whatever the directory says of it, and
   as ZIP_NO_ROOM when `fd` takes no more (errno). */
ZipAnswer zip_unpack(const ZipEntry *entry, int64_t most, int fd);

#endif
