/*
 * Texts by key and language (ux.md section 6: all text comes from message files).
 *
 * views/messages/<language>/<file>.msg, UTF-8, one text a line:
 *     # a comment
 *     bill.due          = Due {date}
 *     bill.count.one    = {count} bill            plural: the ending is the ICU plural category of {count}
 *     bill.count.other  = {count} bills           (zero one two few many other; "other" is required)
 *     mail.footer       = You get this mail because \
 *                         you are a customer.     a backslash at the end continues the text, joined by one space
 * "\n" in a text is a line break, "\\" a backslash, "\s" a space at either end. Keys: a-z 0-9 _ and dots, at most 100
 * bytes; they say where the text stands (bill.page.title). The language is the folder's name; "en" must be complete.
 *
 * Texts are plain: templates escape them. Placeholders that a caller does not give stay visible as {name}.
 * Loading happens once at start, before workers are forked; after that all calls are reads.
 */
#ifndef LIB_MESSAGES_H
#define LIB_MESSAGES_H

#include <stdbool.h>

#include "lib/arena.h"

enum { LANGUAGES_MAX = 16, MESSAGES_MAX = 20000, MESSAGE_FILE_MAX = 1024 * 1024 };

/* Loads every file below `folder` into `a` (which must outlive all use). NULL when all is well; else the problems as
   text, one a line with file and line: unreadable file, malformed line, key given twice, a placeholder that is not in
   the English text, a text in another language without an English one, a plural without "other". Loading again replaces
   all. */
const char *messages_load(Arena *a, const char *folder);

/* Also in use: the set of languages found, "en" first, NULL at the end. */
const char *const *messages_languages(void);
bool messages_has_language(const char *language);

/* The text of a key in a language ("es", also "es-MX": its first part); else in English; else "[key]", which nobody
   overlooks on a page. Never NULL. */
const char *msg(const char *language, const char *key);
bool        msg_exists(const char *key);
/* What a declaration says: the text of that key, else the words themselves; NULL for NULL. */
const char *msg_said(const char *language, const char *key_or_words);
/* For checks at start: NULL for a key that stands in the English files (itself or as a plural); else a line that names
   it and where it was declared. */
const char *messages_missing(Arena *a, const char *key, const char *declared_in);

/* A value for a placeholder. */
typedef struct { const char *name; const char *value; } MsgPair;
/* msg_format(a, "es", "bill.due", { "date", "20 mar 2026" }): placeholders filled in. */
#define msg_format(owner, language, key, ...) \
    msg_fill(arena_of(owner), (language), (key), (const MsgPair[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } })
/* The plural form for n of `key` (its .one, .other ...), {count} filled with `shown`, or with n when shown is NULL. */
#define msg_plural(owner, language, key, n, shown, ...) \
    msg_count(arena_of(owner), (language), (key), (n), (shown), (const MsgPair[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } })
char *msg_fill (Arena *a, const char *language, const char *key, const MsgPair *pairs);
char *msg_count(Arena *a, const char *language, const char *key, int64_t n, const char *shown, const MsgPair *pairs);

/* Calls each(arg, key without the prefix and its dot, text) for every key below `prefix` ("bill.page": bill.page.title
   gives "title"; "" means all), in order of keys, English where the language has none. */
void messages_each(const char *language, const char *prefix, void (*each)(void *arg, const char *key, const char *text),
                   void *arg);

/* Texts a language lacks, for the translator: their number; the keys go to each(). */
int messages_untranslated(const char *language, void (*each)(void *arg, const char *key), void *arg);

#endif
