/*
 * Text as people type it: UTF-8 checked, put into one form, and the few kinds that have rules of their own.
 *
 * Input is cleaned once, at the door (forms, files, callbacks): utf8_line or utf8_lines. What is stored is valid UTF-8
 * in normal form C without control characters, so that equal texts are equal bytes and nothing hidden reaches a page, a
 * mail header or a log. Lengths for limits are characters (code points), not bytes.
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>

#include "lib/arena.h"

/* Well-formed: no overlong forms, no surrogates, nothing above U+10FFFF. A NUL byte inside is malformed. */
bool   utf8_is_valid(const char *s, size_t n);
/* Bytes of the character at s (1 to 4), 0 when it is malformed; its number in *code when that is not NULL. */
int    utf8_next(const char *s, size_t n, uint32_t *code);
size_t utf8_length(const char *s);                                  /* characters of a valid text */
/* At most n characters of s, cut between characters. */
char  *utf8_cut(Arena *a, const char *s, size_t n);
/* As utf8_cut, with … in place of the last character when something was cut. */
char  *utf8_ellipsis(Arena *a, const char *s, size_t n);

/* One line of input: NFC, control and format characters away (but U+200D and U+200C, which scripts need), every kind of
   white space to a space, runs of them to one, none at the ends. NULL when the bytes are no UTF-8. */
char *utf8_line(Arena *a, const char *s);
/* Several lines: the same, but line ends stay as \n (CRLF, CR, U+2028, U+2029 become \n), spaces inside a line stay as
   they are, spaces at line ends and empty lines at both ends go. */
char *utf8_lines(Arena *a, const char *s);
/* "Dear {{name}}": each place takes what value(arg, name, length) says; NULL leaves it out. After a place that is not
   closed all stays as it is. A NULL text is "". */
char *places_filled(Arena *a, const char *s, const char *(*value)(void *arg, const char *name, size_t n), void *arg);
/* White space and controls at both ends away, nothing else. */
char *utf8_trim (Arena *a, const char *s);
/* Without a change but NFC, for passwords: NULL when no UTF-8 or with control characters. */
char *utf8_exact(Arena *a, const char *s);

/* For comparing without case: full case folding, NFC. */
char *utf8_fold(Arena *a, const char *s);
/* For search keys: folded, without marks and accents, ß as ss;
 * runs of anything but letters and digits become one space. */
char *utf8_search_key(Arena *a, const char *s);
/* "San José Water Co." -> "san-jose-water-co"; "" when nothing is left. At most 60 bytes. */
char *utf8_slug(Arena *a, const char *s);
/* "Asha Nair" -> "AN", "Consolidated Edison of New York" -> "CY", "Ana" -> "A": first and last word, upper case. */
char *utf8_initials(Arena *a, const char *name);
/* Characters of scripts written from right to left come first: for dir="auto" that must be known in C (PDF). */
bool  utf8_is_rtl(const char *s);

/* An address of the usual form (dot-atom@domain with a dot), at
 * most 254 bytes, ASCII, no quotes, no comments, no CR LF NUL. */
bool  email_is_valid(const char *s);
/* The form in which addresses are compared and stored: without
 * spaces around, domain in lower case. NULL when not valid. */
char *email_normal(Arena *a, const char *s);
/* E.164: "+1 (503) 555-7890" -> "+15035557890". A number without + gets `country` ("1"; its digits), one leading 0
   goes. NULL when there is no country code, other characters than digits and " -.()/", or not 8 to 15 digits. */
char *phone_e164  (Arena *a, const char *s, const char *country);
bool  phone_is_valid(const char *s);                                /* is already +digits, 8 to 15 */
/* As people read it: "+15035557890" -> "+1 503 555 7890", "+919876543210" -> "+91 98765 43210", with no-break spaces;
   anything but +digits as it is. */
char *phone_words (Arena *a, const char *e164);

/* Masks for pages without the right to see: "a***@sfwater.org", "+1 *** *** 7890" as "+1******7890", "****4242". */
char *mask_email(Arena *a, const char *email);
char *mask_phone(Arena *a, const char *e164);
/* all but the last `shown` characters; short ones wholly */
char *mask_end  (Arena *a, const char *s, size_t shown);

/* For SMS and other places that lack them: no-break spaces to
 * spaces, U+2212 to '-', … to "...", curly quotes to straight. */
char *utf8_plain_signs(Arena *a, const char *s);

/* Header fields and the like refuse CR, LF and NUL (S22): true when there is none of the control characters. */
bool  is_one_line(const char *s);

#endif
