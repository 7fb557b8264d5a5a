/*
 * Arena: see arena.h. Blocks double from 64 KiB to 4 MiB; a request that stays below the first block
 * never calls malloc.
 */
#include "lib/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer memory that was not taken, or was given back, may not be touched, and takes lie apart. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ARENA_WATCHED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ARENA_WATCHED)
#include <sanitizer/asan_interface.h>
enum { APART = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
enum { APART = 0 };
#endif

enum { FIRST_BLOCK = 64 * 1024, BLOCK_MAX = 4 * 1024 * 1024, TAKE_MAX = 64 * 1024 * 1024 };
static const size_t ARENA_LIMIT = (size_t)256 * 1024 * 1024;

struct ArenaBlock {
    ArenaBlock *before;
    size_t      size, used;
    alignas(max_align_t) char bytes[];
};

struct ArenaHook {
    ArenaHook *before;
    void     (*hook)(void *);
    void      *arg;
};

static _Noreturn void out_of_memory(size_t size) {
    fprintf(stderr, "arena: cannot take %zu bytes\n", size);
    abort();
}

static void add_block(Arena *a, size_t need) {
    size_t size = a->block ? a->block->size * 2 : FIRST_BLOCK;
    if (size > BLOCK_MAX) size = BLOCK_MAX;
    if (size < need) size = need;
    if (a->total + size > (a->limit ? a->limit : ARENA_LIMIT)) out_of_memory(size);
    ArenaBlock *b = malloc(sizeof *b + size);
    if (!b) out_of_memory(size);
    *b = (ArenaBlock){ .before = a->block, .size = size };
    ASAN_POISON_MEMORY_REGION(b->bytes, size);
    a->block = b;
    a->total += size;
}

static size_t step_of(size_t size) {
    return ((size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1)) + APART;
}

void *arena_take(Arena *a, size_t size) {
    if (size > TAKE_MAX) out_of_memory(size);
    size_t step = step_of(size);
    if (!a->block || a->block->size - a->block->used < step) add_block(a, step);
    void *p = a->block->bytes + a->block->used;
    a->block->used += step;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    return memset(p, 0, size);
}

void *arena_take_n(Arena *a, size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) out_of_memory(SIZE_MAX);
    return arena_take(a, bytes);
}

void *arena_room(Arena *a, void *v, size_t n, size_t *room, size_t size) {
    if (n < *room) return v;
    *room = *room ? *room * 2 : 64;
    void *more = arena_take_n(a, *room, size);
    if (n) memcpy(more, v, n * size);
    return more;
}

/* A number's digits, at the end of 24 bytes. */
static const char *digits(char room[24], uint64_t n, bool is_negative) {
    char *s = room + 23;
    *s = 0;
    do *--s = (char)('0' + n % 10); while (n /= 10);
    if (is_negative) *--s = '-';
    return s;
}

/* What most texts are made of (names in a data set, paths): %s, %d, %zu, %lld without width or precision. The length,
   or -1 where there is something else in the format, or no room: vsnprintf does that. */
static int print_simply(char *to, size_t room, const char *format, va_list args) {
    char number[24];
    size_t n = 0;
    for (const char *f = format; *f;) {
        const char *part = f;
        size_t length = strcspn(f, "%");
        if (length) {
            f += length;
        } else if (f[1] == 's') {
            part = va_arg(args, const char *);
            if (!part) return -1;
            length = strlen(part), f += 2;
        } else {
            uint64_t v;
            bool is_signed = true;
            if (f[1] == 'd') v = (uint64_t)(int64_t)va_arg(args, int), f += 2;
            else if (f[1] == 'l' && f[2] == 'l' && f[3] == 'd') v = (uint64_t)va_arg(args, long long), f += 4;
            else if (f[1] == 'z' && f[2] == 'u') v = va_arg(args, size_t), is_signed = false, f += 3;
            else return -1;
            bool is_negative = is_signed && v >> 63;
            part = digits(number, is_negative ? 0 - v : v, is_negative);
            length = strlen(part);
        }
        if (length >= room - n) return -1;
        memcpy(to + n, part, length);
        n += length;
    }
    to[n] = 0;
    return (int)n;
}

/* Printed into what is left of the block; only a text that does not fit there is printed twice. */
char *arena_vtext(Arena *a, const char *format, va_list args) {
    va_list again, simple;
    va_copy(again, args);
    va_copy(simple, args);
    size_t room = a->block ? a->block->size - a->block->used : 0;
    char *at = room ? a->block->bytes + a->block->used : NULL;
    ASAN_UNPOISON_MEMORY_REGION(at, room);
    int n = room ? print_simply(at, room, format, simple) : -1;
    if (n < 0) n = vsnprintf(at, room, format, args);
    ASAN_POISON_MEMORY_REGION(at, room);
    if (n < 0) abort();
    size_t step = step_of((size_t)n + 1);
    if (step <= room) {
        a->block->used += step;
        ASAN_UNPOISON_MEMORY_REGION(at, (size_t)n + 1);
    } else {
        at = arena_take(a, (size_t)n + 1);
        vsnprintf(at, (size_t)n + 1, format, again);
    }
    va_end(simple);
    va_end(again);
    return at;
}

char *arena_text(Arena *a, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *s = arena_vtext(a, format, args);
    va_end(args);
    return s;
}

char *arena_copy_n(Arena *a, const char *s, size_t n) {
    char *copy = arena_take(a, n + 1);
    if (n) memcpy(copy, s, n);
    return copy;
}

char *arena_copy(Arena *a, const char *s) {
    return s ? arena_copy_n(a, s, strlen(s)) : NULL;
}

void arena_later(Arena *a, void (*hook)(void *), void *arg) {
    ArenaHook *h = arena_take(a, sizeof *h);
    *h = (ArenaHook){ .before = a->hooks, .hook = hook, .arg = arg };
    a->hooks = h;
}

ArenaMark arena_mark(Arena *a) {
    return (ArenaMark){ a->block, a->block ? a->block->used : 0, a->hooks };
}

void arena_rewind(Arena *a, ArenaMark m) {
    while (a->hooks != m.hooks) {
        ArenaHook *h = a->hooks;
        a->hooks = h->before;
        h->hook(h->arg);
    }
    while (a->block && a->block != m.block) {
        ArenaBlock *b = a->block;
        if (!b->before) break;                      /* the first block stays for the next round */
        a->block = b->before;
        a->total -= b->size;
        free(b);
    }
    if (!a->block) return;
    a->block->used = m.block ? m.used : 0;
    ASAN_POISON_MEMORY_REGION(a->block->bytes + a->block->used, a->block->size - a->block->used);
}

void arena_reset(Arena *a) {
    arena_rewind(a, (ArenaMark){ 0 });
}

void arena_end(Arena *a) {
    arena_reset(a);
    free(a->block);
    *a = (Arena){ .limit = a->limit };
}

void text_add_n(Text *t, const char *s, size_t n) {
    if (t->n + n + 1 > t->room) {
        size_t room = t->room ? t->room * 2 : 256;
        while (room < t->n + n + 1) room *= 2;
        char *grown = arena_take(t->arena, room);
        if (t->n) memcpy(grown, t->s, t->n);
        t->s = grown;
        t->room = room;
    }
    if (n) memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

void text_add(Text *t, const char *s) {
    if (s) text_add_n(t, s, strlen(s));
}

void text_addf(Text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *s = arena_vtext(t->arena, format, args);
    va_end(args);
    text_add(t, s);
}
