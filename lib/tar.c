/*
 * Archives as streams: see tar.h.
 */
#include "lib/tar.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BLOCK = 512, PIECE = 64 * 1024 };

struct Tar { gzFile to; const char *problem; };

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void tar_close(void *tar) {
    Tar *t = tar;
    if (t->to) gzclose(t->to);
    t->to = NULL;
}

Tar *tar_create(Arena *a, const char *path) {
    Tar *t = take(a, sizeof *t);
    t->to = gzopen(path, "wb6");
    if (!t->to) t->problem = strerror(errno);
    later(a, tar_close, t);
    return t;
}

const char *tar_problem(const Tar *t) { return t->problem; }

static bool put(Tar *t, const void *bytes, size_t n) {
    if (t->problem || !t->to) return false;
    if (n && gzwrite(t->to, bytes, (unsigned)n) != (int)n) t->problem = "the archive cannot be written";
    return !t->problem;
}

static void octal(char *to, size_t width, uint64_t n) {
    for (size_t i = width - 1; i-- > 0; n >>= 3) to[i] = (char)('0' + (n & 7));
}

static bool head(Tar *t, const char *name, int64_t bytes) {
    char h[BLOCK] = { 0 };
    if (strlen(name) > 100) t->problem = "a name is too long";
    if (t->problem) return false;
    memcpy(h, name, strlen(name));
    octal(h + 100, 8, 0600);
    octal(h + 108, 8, 0);
    octal(h + 116, 8, 0);
    octal(h + 124, 12, (uint64_t)bytes);
    octal(h + 136, 12, 0);
    memset(h + 148, ' ', 8);
    h[156] = '0';
    memcpy(h + 257, "ustar", 6);
    memcpy(h + 263, "00", 2);
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++) sum += (unsigned char)h[i];
    octal(h + 148, 7, sum);
    return put(t, h, BLOCK);
}

static bool fill(Tar *t, int64_t bytes) {
    static const char nothing[BLOCK];
    return put(t, nothing, (size_t)((BLOCK - bytes % BLOCK) % BLOCK));
}

static void hash_end(crypto_hash_sha256_state *state, char hex[static 65]) {
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state, hash);
    sodium_bin2hex(hex, 65, hash, sizeof hash);
}

bool tar_add_bytes(Tar *t, const char *name, const void *bytes, size_t n, TarEntry *entry) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, bytes, n);
    *entry = (TarEntry){ name, (int64_t)n, "" };
    hash_end(&state, entry->sha256);
    return head(t, name, (int64_t)n) && put(t, bytes, n) && fill(t, (int64_t)n);
}

bool tar_add_file(Tar *t, const char *name, const char *from, TarEntry *entry) {
    FILE *f = fopen(from, "re");
    struct stat s;
    if (!f || fstat(fileno(f), &s)) {
        t->problem = strerror(errno);
        if (f) fclose(f);
        return false;
    }
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    *entry = (TarEntry){ name, s.st_size, "" };
    bool good = head(t, name, s.st_size);
    static unsigned char piece[PIECE];
    int64_t left = s.st_size;
    while (good && left > 0) {
        size_t n = fread(piece, 1, (int64_t)sizeof piece < left ? sizeof piece : (size_t)left, f);
        if (!n) {
            t->problem = "a file was cut off while it was read";
            break;
        }
        crypto_hash_sha256_update(&state, piece, n);
        good = put(t, piece, n);
        left -= (int64_t)n;
    }
    fclose(f);
    hash_end(&state, entry->sha256);
    return good && !t->problem && fill(t, s.st_size);
}

bool tar_end(Tar *t) {
    static const char nothing[2 * BLOCK];
    put(t, nothing, sizeof nothing);
    gzFile to = t->to;
    t->to = NULL;
    if (to && gzclose(to) != Z_OK && !t->problem) t->problem = "the archive cannot be written";
    return !t->problem;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int64_t octal_read(const char *s, size_t width) {
    int64_t n = 0;
    for (size_t i = 0; i < width && s[i] >= '0' && s[i] <= '7'; i++) n = n * 8 + (s[i] - '0');
    return n;
}

static bool get(gzFile f, void *to, size_t n) { return gzread(f, to, (unsigned)n) == (int)n; }

static bool entry_read(gzFile f, TarEntry *entry) {
    static unsigned char piece[PIECE];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (int64_t left = entry->bytes; left > 0;) {
        size_t n = left < PIECE ? (size_t)left : PIECE;
        if (!get(f, piece, n)) return false;
        crypto_hash_sha256_update(&state, piece, n);
        left -= (int64_t)n;
    }
    hash_end(&state, entry->sha256);
    size_t pad = (size_t)((BLOCK - entry->bytes % BLOCK) % BLOCK);
    return !pad || get(f, piece, pad);
}

bool tar_read(Arena *a, const char *path, void (*each)(void *, const TarEntry *), void *arg, const char **problem) {
    gzFile f = gzopen(path, "rb");
    *problem = f ? NULL : strerror(errno);
    for (char h[BLOCK]; f && !*problem;) {
        if (!get(f, h, BLOCK)) *problem = "the archive is cut off";
        else if (!h[0]) break;
        else if (memcmp(h + 257, "ustar", 5)) *problem = "the archive is damaged";
        else {
            TarEntry e = { .name = text_copy_n(a, h, strnlen(h, 100)), .bytes = octal_read(h + 124, 11) };
            if (!entry_read(f, &e)) *problem = "the archive is cut off";
            else each(arg, &e);
        }
    }
    if (f) gzclose(f);
    return !*problem;
}

bool file_sha256(const char *path, uint8_t hash[static 32]) {
    FILE *f = fopen(path, "re");
    static unsigned char piece[PIECE];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t n; f && (n = fread(piece, 1, sizeof piece, f)) > 0;) crypto_hash_sha256_update(&state, piece, n);
    bool good = f && !ferror(f);
    if (f) fclose(f);
    crypto_hash_sha256_final(&state, hash);
    return good;
}

/* --- sealing ------------------------------------------------------------------------------------------------------ */

typedef crypto_secretstream_xchacha20poly1305_state Stream;
enum { SEALED_MORE = crypto_secretstream_xchacha20poly1305_ABYTES,
       STREAM_HEAD = crypto_secretstream_xchacha20poly1305_HEADERBYTES };

static bool both(const char *from, const char *to, FILE **in, FILE **out, const char **problem) {
    *in = fopen(from, "re");
    *out = *in ? fopen(to, "we") : NULL;
    *problem = *in && *out ? NULL : strerror(errno);
    if (!*problem) return true;
    if (*in) fclose(*in);
    return false;
}

static bool close_both(FILE *in, FILE *out, const char **problem) {
    if (fflush(out) || fsync(fileno(out))) *problem = *problem ? *problem : strerror(errno);
    fclose(in);
    if (fclose(out) && !*problem) *problem = strerror(errno);
    return !*problem;
}

bool file_seal(const uint8_t key[static KEY_SIZE], const char *from, const char *to, const char **problem) {
    FILE *in, *out;
    static unsigned char plain[PIECE], sealed[PIECE + SEALED_MORE];
    unsigned char start[STREAM_HEAD];
    Stream state;
    if (!both(from, to, &in, &out, problem)) return false;
    crypto_secretstream_xchacha20poly1305_init_push(&state, start, key);
    if (fwrite(start, 1, sizeof start, out) != sizeof start) *problem = strerror(errno);
    for (bool last = false; !last && !*problem;) {
        size_t n = fread(plain, 1, sizeof plain, in);
        if (ferror(in)) *problem = strerror(errno);
        last = feof(in) != 0;
        unsigned long long m;
        crypto_secretstream_xchacha20poly1305_push(&state, sealed, &m, plain, n, NULL, 0, last
            ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
        if (fwrite(sealed, 1, (size_t)m, out) != m) *problem = strerror(errno);
    }
    return close_both(in, out, problem);
}

bool file_open(const uint8_t key[static KEY_SIZE], const char *from, const char *to, const char **problem) {
    FILE *in, *out;
    static unsigned char plain[PIECE], sealed[PIECE + SEALED_MORE];
    unsigned char start[STREAM_HEAD], tag = 0;
    Stream state;
    if (!both(from, to, &in, &out, problem)) return false;
    if (fread(start, 1, sizeof start, in) != sizeof start
        || crypto_secretstream_xchacha20poly1305_init_pull(&state, start, key)) *problem = "the file is damaged";
    while (!*problem && tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        size_t n = fread(sealed, 1, sizeof sealed, in);
        unsigned long long m;
        if (!n || crypto_secretstream_xchacha20poly1305_pull(&state, plain, &m, &tag, sealed, n, NULL, 0))
            *problem = "the file is damaged, or the key is another one";
        else if (fwrite(plain, 1, (size_t)m, out) != m) *problem = strerror(errno);
    }
    return close_both(in, out, problem);
}
