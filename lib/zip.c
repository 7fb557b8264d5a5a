/*
 * ZIP archives: see zip.h. Local heads and contents, then the directory (APPNOTE 4.3), names in UTF-8 (flag bit 11).
 */
#include "lib/zip.h"

#include <string.h>
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
