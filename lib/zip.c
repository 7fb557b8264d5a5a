/*
 * ZIP archives: see zip.h. Local heads and contents, then the directory (APPNOTE 4.3), names in UTF-8 (flag bit 11).
 */
#include "lib/zip.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/date.h"

enum { NEEDS = 20, NAMES_UTF8 = 1 << 11, LIMIT = 60 * 1024 * 1024 };

static void add_number(Text *t, uint32_t v, int bytes) {
    for (; bytes-- > 0; v >>= 8) text_add_n(t, (char[]){ (char)(v & 255) }, 1);
}

static uint32_t dos_date(Date d) {
    if (!date_is_set(d)) return 33;                     /* 1 January 1980, the first day it has */
    Ymd y = date_ymd(d);
    return y.year < 1980 ? 33 : (uint32_t)(y.year - 1980) << 9 | (uint32_t)y.month << 5 | (uint32_t)y.day;
}

/* What local head and directory have in common. */
static void add_head(Text *t, const ZipFile *f, uint32_t sum) {
    add_number(t, NEEDS, 2);
    add_number(t, NAMES_UTF8, 2);
    add_number(t, 0, 2);                                /* stored */
    add_number(t, 0, 2);                                /* midnight */
    add_number(t, dos_date(f->date), 2);
    add_number(t, sum, 4);
    add_number(t, (uint32_t)f->content.n, 4);
    add_number(t, (uint32_t)f->content.n, 4);
    add_number(t, (uint32_t)strlen(f->name), 2);
    add_number(t, 0, 2);
}

Bytes zip_of(Arena *a, const ZipFile *files, size_t n) {
    size_t all = 0;
    if (n > ZIP_FILES_MAX) return (Bytes){ NULL, 0 };
    for (size_t i = 0; i < n; i++) all += files[i].content.n + 2 * strlen(files[i].name) + 100;
    if (all > LIMIT) return (Bytes){ NULL, 0 };
    Text t = { .arena = a, .s = take(a, all + 1000), .room = all + 1000 }, directory = text_start(a);
    for (size_t i = 0; i < n; i++) {
        const ZipFile *f = &files[i];
        uint32_t sum = (uint32_t)crc32(0, f->content.p, (uInt)f->content.n), at = (uint32_t)t.n;
        text_add_n(&t, "PK\3\4", 4);
        add_head(&t, f, sum);
        text_add(&t, f->name);
        text_add_n(&t, f->content.p, f->content.n);
        text_add_n(&directory, "PK\1\2", 4);
        add_number(&directory, NEEDS, 2);
        add_head(&directory, f, sum);
        add_number(&directory, 0, 2);                   /* no comment, first disk, no attributes */
        add_number(&directory, 0, 2);
        add_number(&directory, 0, 2);
        add_number(&directory, 0, 4);
        add_number(&directory, at, 4);
        text_add(&directory, f->name);
    }
    uint32_t at = (uint32_t)t.n;
    text_add_n(&t, directory.s, directory.n);
    text_add_n(&t, "PK\5\6", 4);
    add_number(&t, 0, 4);
    add_number(&t, (uint32_t)n, 2);
    add_number(&t, (uint32_t)n, 2);
    add_number(&t, (uint32_t)directory.n, 4);
    add_number(&t, at, 4);
    add_number(&t, 0, 2);
    return (Bytes){ t.s, t.n };
}

/* --- of others ---------------------------------------------------------------------------------------------------- */

enum { TAIL = 22, COMMENT_MAX = 66000, HEAD = 46, LOCAL = 30, PIECE = 64 * 1024 };

static uint32_t le(const uint8_t *p, int n) {
    uint32_t v = 0;
    for (int i = n; i--;) v = v << 8 | p[i];
    return v;
}

bool zip_is(Bytes b) { return b.n > 4 && !memcmp(b.p, "PK\3\4", 4); }

static const uint8_t *tail_of(Bytes b) {
    const uint8_t *s = b.p, *end = s + b.n;
    if (b.n < TAIL) return NULL;
    for (const uint8_t *at = end - TAIL; at >= s && end - at < COMMENT_MAX; at--)
        if (!memcmp(at, "PK\5\6", 4)) return at;
    return NULL;
}

/* One head of the directory at `at`; false: damaged. *next: where the one after it begins. */
static bool entry_read(Arena *a, Bytes b, size_t at, ZipEntry *e, size_t *next, const char **problem) {
    const uint8_t *s = b.p, *p = s + at;
    *problem = "damaged";
    if (at + HEAD > b.n || memcmp(p, "PK\1\2", 4)) return false;
    size_t name_n = le(p + 28, 2), local = le(p + 42, 4);
    *next = at + HEAD + name_n + le(p + 30, 2) + le(p + 32, 2);
    if (*next > b.n || local + LOCAL > b.n) return false;
    size_t data = local + LOCAL + le(s + local + 26, 2) + le(s + local + 28, 2);
    *e = (ZipEntry){ .name = text_copy_n(a, (const char *)p + HEAD, name_n), .packed = le(p + 20, 4),
                     .size = le(p + 24, 4), .data = s + data };
    if (data + e->packed > b.n) return false;
    uint32_t method = le(p + 10, 2);
    e->is_packed = method == 8;
    if (le(p + 8, 2) & 1) return *problem = "encrypted", false;
    if (method != 0 && method != 8) return *problem = "method", false;
    return e->is_packed || e->packed == e->size;
}

Zip zip_read(Arena *a, Bytes b) {
    Zip z = { 0 };
    const uint8_t *tail = tail_of(b);
    if (!tail) return (Zip){ .problem = "damaged" };
    size_t count = le(tail + 10, 2), at = le(tail + 16, 4);
    z.v = take_n(a, ZipEntry, count + 1);
    for (size_t i = 0; i < count; i++) {
        ZipEntry e;
        const char *problem;
        if (!entry_read(a, b, at, &e, &at, &problem)) return (Zip){ .problem = problem };
        size_t n = strlen(e.name);
        if (n && e.name[n - 1] != '/') z.v[z.n++] = e;
    }
    return z;
}

static bool put(int fd, const uint8_t *s, size_t n) {
    while (n) {
        ssize_t did = write(fd, s, n);
        if (did < 0 && errno == EINTR) continue;
        if (did <= 0) return false;
        s += did, n -= (size_t)did;
    }
    return true;
}

static ZipAnswer inflate_to(z_stream *z, int64_t most, int fd) {
    uint8_t piece[PIECE];
    for (int64_t total = 0;;) {
        z->next_out = piece, z->avail_out = PIECE;
        int answer = inflate(z, Z_NO_FLUSH);
        size_t n = PIECE - z->avail_out;
        if (answer != Z_OK && answer != Z_STREAM_END) return ZIP_DAMAGED;
        total += (int64_t)n;
        if (total > most) return ZIP_LARGE;
        if (!put(fd, piece, n)) return ZIP_NO_ROOM;
        if (answer == Z_STREAM_END) return ZIP_DONE;
        if (!z->avail_in && z->avail_out) return ZIP_DAMAGED;       /* cut off */
    }
}

ZipAnswer zip_unpack(const ZipEntry *e, int64_t most, int fd) {
    if (!e->is_packed)
        return (int64_t)e->packed > most ? ZIP_LARGE : put(fd, e->data, e->packed) ? ZIP_DONE : ZIP_NO_ROOM;
    z_stream z = { .next_in = (Bytef *)(uintptr_t)e->data, .avail_in = e->packed };
    if (inflateInit2(&z, -15) != Z_OK) return ZIP_NO_ROOM;
    ZipAnswer answer = inflate_to(&z, most, fd);
    inflateEnd(&z);
    return answer;
}
