/*
 * JSON from outside is read strictly and looked at by path; JSON of ours is written straight into a Text.
 *
 * Reading: RFC 8259 in UTF-8, an object or a list at the top, at most JSON_DEPTH_MAX levels and the size the caller
 * allows
 * (assurance S28); a name given twice in one object, \u0000 and whatever follows the end are refused. Integers are
 * exact 64-bit or they are none; decimals come back as the decimal that was sent. What is read lives until the arena
 * rewinds.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

enum { JSON_DEPTH_MAX = 32, JSON_SIZE_MAX = 64 * 1024 * 1024 };

typedef enum {
    JSON_KIND_NONE, JSON_KIND_OBJECT, JSON_KIND_LIST, JSON_KIND_TEXT, JSON_KIND_INT, JSON_KIND_DECIMAL, JSON_KIND_BOOL,
        JSON_KIND_NULL
} JsonKind;

/* A value, or nothing (all zero): every function takes nothing
 * and then gives nothing, so paths need no checks between. */
typedef struct { const void *node; } Json;

/* Nothing, and *problem says why, when it is not good JSON; *problem is NULL when it is. `problem` may be NULL. */
Json json_read(Arena *a, const char *bytes, size_t n, size_t size_max, const char **problem);

/* "data.object.items[0].id": members and list places. Names with
 * "." or "[" are reached by json_member. "" is the value itself. */
Json        json_at      (Json j, const char *path);
Json        json_member  (Json j, const char *name);
JsonKind    json_kind    (Json j);
size_t      json_size    (Json j);                      /* places of a list, members of an object; else 0 */
Json        json_item    (Json j, size_t i);            /* of a list */
typedef struct { const char *name; Json value; } JsonMember;
JsonMember *json_members (Arena *a, Json j);            /* json_size of them, in the order sent */

/* The value at a path when it has this kind; else NULL or false, and *out keeps what it had. */
const char *json_text    (Json j, const char *path);
bool        json_int     (Json j, const char *path, int64_t *out);
bool        json_bool    (Json j, const char *path, bool *out);
/* An integer or decimal as plain text ("12.5", "-3"), for the strict readers of lib/exact and lib/money. NULL when it
 * is no number, or has more than 15 significant digits (a double would not keep them) or 15 places. */
const char *json_number  (Arena *a, Json j, const char *path);
/* The same rounded to so many places (at most 15), however many digits were sent: degrees of a map. NULL: no number, or
 * one of 15 digits before its point and more. */
const char *json_rounded (Arena *a, Json j, const char *path, int places);

/* The value written as JSON again, without blanks; "null" for nothing. */
const char *json_source  (Arena *a, Json j);

/* ---- Writing ---- */

/* Adds to a Text. Members need a name; within lists and at the top the name is NULL. The characters & < > and the line
 * separators of JavaScript are written as \u, so that the result is
 * safe inside HTML as well; bytes that are not UTF-8 become U+FFFD. */
typedef struct { Text *to; int depth; char close[JSON_DEPTH_MAX]; bool filled; } JsonOut;

static inline JsonOut json_out(Text *to) { return (JsonOut){ .to = to }; }
void json_open_object (JsonOut *o, const char *name);
void json_open_list   (JsonOut *o, const char *name);
void json_close       (JsonOut *o);                                             /* whatever was opened last */
void json_add_text    (JsonOut *o, const char *name, const char *value);        /* NULL is null */
void json_add_int     (JsonOut *o, const char *name, int64_t value);
void json_add_bool    (JsonOut *o, const char *name, bool value);
void json_add_null    (JsonOut *o, const char *name);
void json_add_number  (JsonOut *o, const char *name, const char *decimal);      /* plain digits of ours, "12.50" */
void json_add_json    (JsonOut *o, const char *name, const char *json);         /* good JSON of ours, as it is */

#endif
