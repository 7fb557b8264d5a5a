/*
 * Memory of one piece of work (a request, a job step, a test).
 *
 * An arena only grows; what is taken from it lives until the arena is rewound and is never freed one by one.
 * Foreign resources (files, statements, secrets to wipe) are tied to it by later(): their hooks run in reverse
 * order when the arena is rewound past them, on success and on failure alike.
 * Running out of memory ends the process (abort): a worker that cannot allocate is replaced by its master.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ArenaBlock ArenaBlock;
typedef struct ArenaHook  ArenaHook;

/* All zero is an empty arena, ready for use. */
typedef struct Arena {
    ArenaBlock *block;          /* the block being filled; older ones hang behind it */
    ArenaHook  *hooks;          /* newest first */
    size_t      total;          /* bytes held in blocks, for limits and /metrics */
    size_t      limit;          /* 0 = the default of 256 MiB; taking more aborts */
} Arena;

typedef struct { ArenaBlock *block; size_t used; ArenaHook *hooks; } ArenaMark;

/* Ctx and Req begin with their Arena, so that one name serves for all three owners. */
struct Ctx;
struct Req;
#define arena_of(owner) _Generic((owner), Arena *: (Arena *)(void *)(owner), \
                                 struct Ctx *: (Arena *)(void *)(owner), struct Req *: (Arena *)(void *)(owner))

/* `size` zeroed bytes, aligned for any type. Never NULL. A size above 64 MiB aborts: it is a mistake. */
#define take(owner, size)            arena_take(arena_of(owner), (size))
/* An array of n elements of `type`, zeroed; the product is checked. */
#define take_n(owner, type, n)       ((type *)arena_take_n(arena_of(owner), (n), sizeof(type)))
/* The array with room for one element more: v itself, or a copy twice as long when its n fill all of *room. */
#define take_room(owner, type, v, n, room) ((type *)arena_room(arena_of(owner), (v), (n), (room), sizeof(type)))
/* Formatted text in the arena. */
#define text(owner, ...)             arena_text(arena_of(owner), __VA_ARGS__)
#define text_copy(owner, s)          arena_copy(arena_of(owner), (s))
#define text_copy_n(owner, s, n)     arena_copy_n(arena_of(owner), (s), (n))
/* Calls hook(arg) when the arena is rewound past this point. A hook may not fail() and may not take memory. */
#define later(owner, hook, arg)      arena_later(arena_of(owner), (hook), (arg))
#define mark(owner)                  arena_mark(arena_of(owner))
#define rewind_to(owner, m)          arena_rewind(arena_of(owner), (m))

void *arena_take   (Arena *a, size_t size) __attribute__((returns_nonnull, malloc));
void *arena_take_n (Arena *a, size_t n, size_t size) __attribute__((returns_nonnull, malloc));
void *arena_room   (Arena *a, void *v, size_t n, size_t *room, size_t size) __attribute__((returns_nonnull));
char *arena_text   (Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vtext  (Arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0), returns_nonnull));
char *arena_copy   (Arena *a, const char *s);                       /* NULL stays NULL */
char *arena_copy_n (Arena *a, const char *s, size_t n) __attribute__((returns_nonnull));   /* n bytes and a 0 */
void  arena_later  (Arena *a, void (*hook)(void *), void *arg);
ArenaMark arena_mark (Arena *a);
void  arena_rewind (Arena *a, ArenaMark m);     /* runs newer hooks, keeps one spare block for the next round */
void  arena_reset  (Arena *a);                  /* rewinds to empty; keeps the first block */
void  arena_end    (Arena *a);                  /* rewinds and gives everything back to the system */

/* A text that grows inside an arena; `s` always ends with 0 and may be NULL only while length is 0. */
typedef struct { Arena *arena; char *s; size_t n, room; } Text;
void text_add   (Text *t, const char *s);
void text_add_n (Text *t, const char *s, size_t n);
void text_addf  (Text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define text_start(owner) ((Text){ .arena = arena_of(owner) })

#endif
