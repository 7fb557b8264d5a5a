/*
 * Compression of answers: see gzip.h.
 */
#include "lib/gzip.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

/* A page is small: the levels above cost more of the processor than they save of the line. */
enum { LEVEL = 1 };

const char *gzip_bytes(Arena *a, const char *bytes, size_t n, size_t *size) {
    static struct libdeflate_compressor *compressor;            /* of the process, as long as it lives */
    if (!compressor) compressor = libdeflate_alloc_compressor(LEVEL);
    if (!compressor) abort();
    char *to = take(a, n);
    *size = libdeflate_gzip_compress(compressor, bytes, n, to, n);
    return *size ? to : NULL;
}

/* "gzip;q=0" and the like: wanted by nobody. */
static bool is_refused(const char *parameters, size_t n) {
    const char *end = parameters + n, *q = memchr(parameters, 'q', n);
    if (!q || end - q < 3 || q[1] != '=' || q[2] != '0') return false;
    for (q += 3; q < end && strchr(".0 ", *q); q++) continue;
    return q == end;
}

bool gzip_accepted(const char *accept) {
    for (const char *s = accept; s && *s;) {
        s += strspn(s, " ,\t");
        size_t n = strcspn(s, ","), name = strcspn(s, ",; \t");
        bool is_it = (name == 4 && !strncasecmp(s, "gzip", 4)) || (name == 1 && *s == '*');
        if (is_it) return !is_refused(s + name, n - name);
        s += n;
    }
    return false;
}
