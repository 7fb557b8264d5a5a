/*
 * Digests and encodings: see digest.h.
 */
#include "lib/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>

bool same_secret(Bytes a, Bytes b) {
    return a.n == b.n && (!a.n || !sodium_memcmp(a.p, b.p, a.n));
}

/* ---- Digests ---- */

static const EVP_MD *openssl_digest(Digest d) {
    return d == MD5 ? EVP_md5() : EVP_sha1();
}

size_t digest(Digest d, Bytes message, uint8_t out[static DIGEST_MAX]) {
    static const char none[1];
    const uint8_t *m = message.p ? message.p : none;
    unsigned n = 0;
    switch (d) {
    case SHA256: crypto_hash_sha256(out, m, message.n); return 32;
    case SHA512: crypto_hash_sha512(out, m, message.n); return 64;
    case MD5:
    case SHA1:   if (!EVP_Digest(m, message.n, out, &n, openssl_digest(d), NULL)) abort();
    }
    return n;
}

static size_t hmac_sha256(Bytes key, Bytes message, uint8_t *out) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.p, key.n);
    crypto_auth_hmacsha256_update(&state, message.p, message.n);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
    return 32;
}

static size_t hmac_sha512(Bytes key, Bytes message, uint8_t *out) {
    crypto_auth_hmacsha512_state state;
    crypto_auth_hmacsha512_init(&state, key.p, key.n);
    crypto_auth_hmacsha512_update(&state, message.p, message.n);
    crypto_auth_hmacsha512_final(&state, out);
    sodium_memzero(&state, sizeof state);
    return 64;
}

size_t hmac(Digest d, Bytes key, Bytes message, uint8_t out[static DIGEST_MAX]) {
    static const char none[1];
    if (!key.p) key = bytes_at(none, 0);
    if (!message.p) message = bytes_at(none, 0);
    if (d == SHA256) return hmac_sha256(key, message, out);
    if (d == SHA512) return hmac_sha512(key, message, out);
    unsigned n = 0;
    assert(key.n <= INT32_MAX);
    if (!HMAC(openssl_digest(d), key.p, (int)key.n, message.p, message.n, out, &n)) abort();
    return n;
}

void blake2b(Bytes key, Bytes message, uint8_t out[static 32]) {
    static const char none[1];
    if (crypto_generichash(out, 32, message.p ? message.p : none, message.n, key.n ? key.p : NULL, key.n)) abort();
}

/* ---- Encodings ---- */

char *hex_text(Arena *a, Bytes b) {
    char *s = take(a, b.n * 2 + 1);
    return sodium_bin2hex(s, b.n * 2 + 1, b.p, b.n);
}

bool hex_read(const char *s, size_t n, void *out, size_t bytes) {
    size_t length;
    return n == bytes * 2 && !sodium_hex2bin(out, bytes, s, n, NULL, &length, NULL) && length == bytes;
}

static char *encoded(Arena *a, Bytes b, int variant) {
    size_t room = sodium_base64_encoded_len(b.n, variant);
    return sodium_bin2base64(take(a, room), room, b.p, b.n, variant);
}

static bool decoded(Arena *a, const char *s, size_t n, int variant, Bytes *out) {
    size_t room = n / 4 * 3 + 3, length = 0;
    uint8_t *to = take(a, room + 1);
    *out = (Bytes){ to, 0 };
    for (size_t i = 0; i < n; i++)
        if (s[i] & 0x80) return false;                      /* libsodium 1.0.18 reads some of them as letters */
    if (sodium_base642bin(to, room, s, n, NULL, &length, NULL, variant)) return false;
    out->n = length;
    return true;
}

enum { STANDARD = sodium_base64_VARIANT_ORIGINAL, URL = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

char *base64_text    (Arena *a, Bytes b)                                { return encoded(a, b, STANDARD); }
bool  base64_read    (Arena *a, const char *s, size_t n, Bytes *out)    { return decoded(a, s, n, STANDARD, out); }
char *base64url_text (Arena *a, Bytes b)                                { return encoded(a, b, URL); }
bool  base64url_read (Arena *a, const char *s, size_t n, Bytes *out)    { return decoded(a, s, n, URL, out); }

static const char base32_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

char *base32_text(Arena *a, Bytes b) {
    const uint8_t *bytes = b.p;
    char *s = take(a, (b.n * 8 + 4) / 5 + 1), *to = s;
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < b.n; i++) {
        held = (held << 8 | bytes[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5) *to++ = base32_letters[held >> (bits - 5) & 31];
    }
    if (bits) *to++ = base32_letters[held << (5 - bits) & 31];
    return s;
}

bool base32_read(Arena *a, const char *s, Bytes *out) {
    uint8_t *to = take(a, strlen(s) * 5 / 8 + 1);
    *out = (Bytes){ to, 0 };
    unsigned bits = 0, held = 0;
    size_t end = strlen(s);
    while (end && s[end - 1] == '=') end--;
    for (size_t i = 0; i < end; i++) {
        if (s[i] == ' ' || s[i] == '-') continue;
        char c = s[i] >= 'a' && s[i] <= 'z' ? (char)(s[i] - 32) : s[i];
        const char *letter = memchr(base32_letters, c, 32);
        if (!letter) return false;
        held = (held << 5 | (unsigned)(letter - base32_letters)) & 0xfff;
        bits += 5;
        if (bits >= 8) to[out->n++] = (uint8_t)(held >> (bits -= 8));
    }
    return bits < 5 && !(held & ((1u << bits) - 1));        /* a whole number of bytes, nothing hidden behind them */
}
