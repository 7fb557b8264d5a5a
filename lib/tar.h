/*
 * Archives of files, written and read as streams: POSIX tar (ustar) in gzip, so that any machine opens them, of any
 * size with little memory; and a whole file sealed with a key (XChaCha20-Poly1305 in pieces).
 *
 * Nothing here fail()s: false, and `problem` says why. Names have at most 100 characters, files at most 8 GiB.
 */
#ifndef LIB_TAR_H
#define LIB_TAR_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/crypt.h"

typedef struct TarEntry { const char *name; int64_t bytes; char sha256[65]; } TarEntry;
typedef struct Tar Tar;

/* Closed when the arena is rewound; tar_end first, or the file is not whole. */
Tar *tar_create(Arena *a, const char *path);
bool tar_add_bytes(Tar *t, const char *name, const void *bytes, size_t n, TarEntry *entry);
bool tar_add_file (Tar *t, const char *name, const char *from, TarEntry *entry);
bool tar_end(Tar *t);
const char *tar_problem(const Tar *t);

/* Reads all of an archive: each(arg, entry) with name, size and SHA-256 of what was read. False when it cannot be read
   to its end. */
bool tar_read(Arena *a, const char *path, void (*each)(void *arg, const TarEntry *entry), void *arg,
              const char **problem);

/* SHA-256 of a file of any size; false when it cannot be read. */
bool file_sha256(const char *path, uint8_t hash[static 32]);

/* Seals a file with a key of 32 bytes, or opens it again; `to` is made anew. */
bool file_seal(const uint8_t key[static KEY_SIZE], const char *from, const char *to, const char **problem);
bool file_open(const uint8_t key[static KEY_SIZE], const char *from, const char *to, const char **problem);

#endif
