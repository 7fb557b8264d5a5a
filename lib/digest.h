/*
 * Digests, HMACs and encodings of bytes: pure functions, for signatures and seals (assurance I16, section 4;
 * ONB03US01). libsodium; OpenSSL for MD5 and SHA-1. Text and bytes come from the arena given.
 */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/rows.h"

static inline Bytes bytes_of(const char *s)                    { return (Bytes){ s, s ? strlen(s) : 0 }; }
static inline Bytes bytes_at(const void *p, size_t n)          { return (Bytes){ p, n }; }

/* True for equal length and equal bytes; the time depends on the length only. */
bool same_secret(Bytes a, Bytes b);
/* ---- Digests ---- */

typedef enum { MD5, SHA1, SHA256, SHA512 } Digest;
enum { DIGEST_MAX = 64 };
/* Both return the number of bytes written: 16, 20, 32, 64. A key may have any length. */
size_t digest (Digest d, Bytes message, uint8_t out[static DIGEST_MAX]);
size_t hmac   (Digest d, Bytes key, Bytes message, uint8_t out[static DIGEST_MAX]);
/* BLAKE2b-256; key of up to 64 bytes or empty. The seals of ledger and audit (I16) are of this. */
void   blake2b(Bytes key, Bytes message, uint8_t out[static 32]);

/* ---- Encodings. Readers are strict: no blanks, no foreign characters, the one canonical form; false otherwise. ----
 * */

char *hex_text       (Arena *a, Bytes b);                                   /* lower case */
/* either case; exactly 2 * bytes characters */
bool  hex_read       (const char *s, size_t n, void *out, size_t bytes);
char *base64_text    (Arena *a, Bytes b);                                   /* with padding */
bool  base64_read    (Arena *a, const char *s, size_t n, Bytes *out);
char *base64url_text (Arena *a, Bytes b);                                   /* RFC 7515: without padding */
bool  base64url_read (Arena *a, const char *s, size_t n, Bytes *out);
char *base32_text    (Arena *a, Bytes b);                                   /* RFC 4648 without padding: TOTP secrets */
bool  base32_read    (Arena *a, const char *s, Bytes *out);
/* either case; blanks, "-", final "=" skipped */

#endif
