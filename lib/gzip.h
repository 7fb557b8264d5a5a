/*
 * Compression of an answer that is whole in memory (libdeflate: three times as fast as zlib, which nginx would do it
 * with, and what goes from worker to nginx is a fifth).
 */
#ifndef LIB_GZIP_H
#define LIB_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

/* The gzip form of n bytes, or NULL when it would not be smaller. */
const char *gzip_bytes(Arena *a, const char *bytes, size_t n, size_t *size);

/* Whether a client with this header (Accept-Encoding; NULL: none) takes it: "gzip" or "*", not with "q=0". */
bool gzip_accepted(const char *accept);

#endif
