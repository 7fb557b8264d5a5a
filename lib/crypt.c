/*
 * Randomness, sealed secrets, signed values: see crypt.h. Passwords and second factors: password.c.
 */
#include "lib/crypt.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((constructor)) static void start(void) {
    if (sodium_init() < 0) abort();
}

void wipe_text(void *secret) {
    if (secret) sodium_memzero(secret, strlen(secret));
}

/* ---- Randomness ---- */

void random_fill(void *to, size_t n) {
    randombytes_buf(to, n);
}

char *random_public_id(Arena *a) {
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char *id = take(a, 23);
    uint8_t bytes[32];                              /* the kernel is asked once for most ids, not once a letter */
    for (size_t n = 0, at = sizeof bytes; n < 22; at++) {
        if (at >= sizeof bytes) randombytes_buf(bytes, sizeof bytes), at = 0;
        if (bytes[at] < 4 * 62) id[n++] = letters[bytes[at] % 62];      /* the rest would favour the first letters */
    }
    return id;
}

char *random_token(Arena *a) {
    uint8_t bytes[32];
    randombytes_buf(bytes, sizeof bytes);
    char *token = base64url_text(a, bytes_at(bytes, sizeof bytes));
    sodium_memzero(bytes, sizeof bytes);
    return token;
}

char *random_hex(Arena *a, size_t bytes) {
    uint8_t *raw = take(a, bytes);
    randombytes_buf(raw, bytes);
    return hex_text(a, bytes_at(raw, bytes));
}

char *random_digits(Arena *a, size_t digits) {
    char *s = take(a, digits + 1);
    for (size_t i = 0; i < digits; i++) s[i] = (char)('0' + randombytes_uniform(10));
    return s;
}

void token_hash(const char *token, uint8_t hash[static TOKEN_HASH_SIZE]) {
    crypto_generichash(hash, TOKEN_HASH_SIZE, (const uint8_t *)token, strlen(token), NULL, 0);
}

/* ---- Keys ---- */

void keys_wipe(void *keys) {
    sodium_memzero(keys, sizeof(Keys));
}

static const char *key_line(Keys *keys, const char *line) {
    char hex[65];
    int id, end = 0;
    line += strspn(line, " \t");
    if (!*line || *line == '#' || *line == '\n') return NULL;
    if (sscanf(line, "%4d %64[0-9a-fA-F] %n", &id, hex, &end) != 2 || !end || line[end] || id < 1)
        return "has a line that is not \"<id> <64 hex digits>\"";
    if (keys->n == KEYS_MAX) return "has too many keys";
    for (size_t i = 0; i < keys->n; i++)
        if (keys->v[i].id == id) return "has two keys with the same id";
    Key *k = &keys->v[keys->n];
    k->id = id;
    bool good = hex_read(hex, strlen(hex), k->bytes, sizeof k->bytes);
    sodium_memzero(hex, sizeof hex);
    if (!good) return "has a key that is not of 64 hex digits";
    keys->n++;
    return NULL;
}

const char *keys_read(Keys *keys, const char *path) {
    *keys = (Keys){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return strerror(errno);
    struct stat st;
    const char *wrong = fstat(fd, &st) || !S_ISREG(st.st_mode) ? "is not a file"
                      : st.st_uid != geteuid() && st.st_uid != 0 ? "belongs to another user"
                      : st.st_mode & (st.st_uid ? 077 : 037)
                          ? "may be read by others (chmod 600, or 640 for a group that root gives it)" : NULL;
    FILE *f = wrong ? NULL : fdopen(fd, "r");
    if (!f) return close(fd), wrong ? wrong : strerror(errno);
    char line[256], buffer[1024];
    setvbuf(f, buffer, _IOFBF, sizeof buffer);              /* a buffer of ours can be wiped */
    while (!wrong && fgets(line, sizeof line, f)) wrong = key_line(keys, line);
    if (!wrong && !keys->n) wrong = "has no key";
    fclose(f);
    sodium_memzero(line, sizeof line);
    sodium_memzero(buffer, sizeof buffer);
    if (wrong) keys_wipe(keys);
    return wrong;
}

/* A new file made by root in a folder of another group, which nobody else may enter, is for that group to read: the
   services have users of their own, and the folder's group in common. */
static bool give_to_group(int fd, const char *path) {
    char folder[PATH_MAX];
    struct stat st, in;
    if (geteuid() || fstat(fd, &st) || st.st_size) return true;
    const char *slash = strrchr(path, '/');
    if (!slash || snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path) >= (int)sizeof folder
        || stat(folder, &in) || !in.st_gid || in.st_uid || in.st_mode & 07) return true;
    return !fchown(fd, 0, in.st_gid) && !fchmod(fd, 0640);
}

const char *keys_add(const char *path) {
    Keys keys = { 0 };
    int id = 1;
    if (!access(path, F_OK)) {
        const char *wrong = keys_read(&keys, path);
        if (!wrong && keys.n == KEYS_MAX) wrong = "has too many keys";
        for (size_t i = 0; i < keys.n; i++)
            if (keys.v[i].id >= id) id = keys.v[i].id + 1;
        keys_wipe(&keys);
        if (wrong) return wrong;
        if (id > 9999) return "has no key id left";
    }
    char line[80], hex[65];
    uint8_t bytes[KEY_SIZE];
    randombytes_buf(bytes, sizeof bytes);
    int n = snprintf(line, sizeof line, "%d %s\n", id, sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes));
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool done = fd >= 0 && give_to_group(fd, path) && write(fd, line, (size_t)n) == n && !fsync(fd);
    int why = errno;
    if (fd >= 0) close(fd);
    sodium_memzero(line, sizeof line);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(bytes, sizeof bytes);
    return done ? NULL : strerror(why);
}

/* Who could read the file that is replaced can read the new one, and nobody else. */
static bool own_as(int fd, const struct stat *was) {
    struct stat is;
    if (fstat(fd, &is)) return false;
    bool same = is.st_uid == was->st_uid && is.st_gid == was->st_gid;
    return (same || !fchown(fd, was->st_uid, was->st_gid)) && !fchmod(fd, was->st_mode & 0777);
}

/* Comments stay. */
static bool copy_without(FILE *from, FILE *to, int id) {
    char line[256], room[1024], more[1024];
    setvbuf(from, room, _IOFBF, sizeof room);
    setvbuf(to, more, _IOFBF, sizeof more);
    while (fgets(line, sizeof line, from)) {
        Keys one = { 0 };
        bool is_it = !key_line(&one, line) && one.n && one.v[0].id == id;
        keys_wipe(&one);
        if (!is_it) fputs(line, to);
    }
    bool good = !ferror(from) && !fflush(to) && !fsync(fileno(to));
    sodium_memzero(line, sizeof line);
    sodium_memzero(room, sizeof room);
    sodium_memzero(more, sizeof more);
    return good;
}

const char *keys_drop(const char *path, int id) {
    Keys keys;
    const char *wrong = keys_read(&keys, path);
    if (wrong) return wrong;
    bool is_last = keys.v[keys.n - 1].id == id;
    keys_wipe(&keys);
    if (is_last) return "has no newer key";
    char next[PATH_MAX];
    if (snprintf(next, sizeof next, "%s.next", path) >= (int)sizeof next) return strerror(ENAMETOOLONG);
    unlink(next);
    int fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *from = fopen(path, "re"), *to = fd < 0 ? NULL : fdopen(fd, "w");
    struct stat was;
    bool good = from && to && !fstat(fileno(from), &was) && own_as(fd, &was) && copy_without(from, to, id);
    int why = errno;
    if (from) fclose(from);
    if (to) good = !fclose(to) && good;
    else if (fd >= 0) close(fd);
    if (good && !rename(next, path)) return NULL;
    if (good) why = errno;
    unlink(next);
    return strerror(why);
}

/* ---- Sealed secrets ---- */

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES };

static char *seal_with(Arena *a, const Key *key, const char *context, Bytes secret) {
    static const char none[1];
    uint8_t *box = take(a, NONCE + secret.n + TAG);
    unsigned long long n;
    randombytes_buf(box, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE, &n, secret.n ? secret.p : none, secret.n,
                                               (const uint8_t *)context, strlen(context), NULL, box, key->bytes);
    return text(a, "x%d.%s", key->id, base64url_text(a, bytes_at(box, NONCE + (size_t)n)));
}

char *secret_seal(Arena *a, const Keys *keys, const char *context, Bytes secret) {
    assert(keys->n);
    return seal_with(a, &keys->v[keys->n - 1], context, secret);
}

/* The key a sealed text names; *box goes to what is sealed. NULL when the form is wrong or the key is not there. */
static const Key *sealing_key(const Keys *keys, const char *sealed, const char **box) {
    if (!sealed || sealed[0] != 'x') return NULL;
    const char *s = sealed + 1;
    int id = 0;
    for (; *s >= '0' && *s <= '9' && s - sealed <= 4; s++) id = id * 10 + (*s - '0');
    if (*s != '.' || sealed[1] == '0') return NULL;
    *box = s + 1;
    for (size_t i = 0; i < keys->n; i++)
        if (keys->v[i].id == id) return &keys->v[i];
    return NULL;
}

typedef struct { uint8_t *p; size_t n; } Secret;

static void wipe_secret(void *arg) {
    Secret *s = arg;
    sodium_memzero(s->p, s->n);
}

bool secret_open(Arena *a, const Keys *keys, const char *context, const char *sealed, Bytes *secret) {
    *secret = (Bytes){ 0 };
    const char *box;
    const Key *key = sealing_key(keys, sealed, &box);
    Bytes raw;
    if (!key || !base64url_read(a, box, strlen(box), &raw) || raw.n < NONCE + TAG) return false;
    Secret *opened = take(a, sizeof *opened);
    *opened = (Secret){ take(a, raw.n), raw.n };            /* more than is needed: a 0 stands behind the secret */
    later(a, wipe_secret, opened);
    unsigned long long n;
    const uint8_t *bytes = raw.p;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened->p, &n, NULL, bytes + NONCE, raw.n - NONCE,
                                                   (const uint8_t *)context, strlen(context), bytes,
                                                       key->bytes)) return false;
    *secret = (Bytes){ opened->p, (size_t)n };
    return true;
}

bool secret_is_old(const Keys *keys, const char *sealed) {
    const char *box;
    const Key *key = sealing_key(keys, sealed, &box);
    return !key || key != &keys->v[keys->n - 1];
}

static const char *data_key_context(Arena *a, const char *tenant) {
    return text(a, "data key of %s", tenant);
}

char *data_key_new(Arena *a, const Keys *master, const char *tenant) {
    uint8_t bytes[KEY_SIZE];
    randombytes_buf(bytes, sizeof bytes);
    char *sealed = secret_seal(a, master, data_key_context(a, tenant), bytes_at(bytes, sizeof bytes));
    sodium_memzero(bytes, sizeof bytes);
    return sealed;
}

bool data_key_open(Arena *a, const Keys *master, const char *tenant, const char *sealed, Keys *out) {
    *out = (Keys){ 0 };
    Bytes secret;
    if (!secret_open(a, master, data_key_context(a, tenant), sealed, &secret) || secret.n != KEY_SIZE) return false;
    out->v[0].id = 1;
    memcpy(out->v[0].bytes, secret.p, KEY_SIZE);
    out->n = 1;
    return true;
}

char *data_key_seal(Arena *a, const Keys *master, const char *tenant, const Keys *data) {
    return secret_seal(a, master, data_key_context(a, tenant), bytes_at(data->v[0].bytes, KEY_SIZE));
}

Key key_for(const Keys *keys, const char *purpose) {
    assert(keys->n);
    Key key = { .id = keys->v[0].id };
    blake2b(bytes_at(keys->v[0].bytes, KEY_SIZE), bytes_of(purpose), key.bytes);
    return key;
}

/* ---- Signed values ---- */

char *keyed_token(Arena *a, const Key *key, const char *purpose, const char *subject) {
    /* the length keeps the two apart */
    const char *message = text(a, "%zu:%s:%s", strlen(purpose), purpose, subject);
    uint8_t mac[DIGEST_MAX];
    size_t n = hmac(SHA256, bytes_at(key->bytes, KEY_SIZE), bytes_of(message), mac);
    return base64url_text(a, bytes_at(mac, n));
}

enum { MASKED_MOST = 400 };

/* As many random bytes as it has letters, and the letters by them. */
char *token_masked(Arena *a, const char *token) {
    size_t n = strlen(token);
    uint8_t *both = take_n(a, uint8_t, 2 * n + 1);
    randombytes_buf(both, n);
    for (size_t i = 0; i < n; i++) both[n + i] = (uint8_t)(both[i] ^ (uint8_t)token[i]);
    return base64url_text(a, bytes_at(both, 2 * n));
}

char *token_unmasked(Arena *a, const char *masked) {
    Bytes both;
    size_t length = strlen(masked);
    if (!length || length > MASKED_MOST || !base64url_read(a, masked, length, &both) || both.n % 2) return NULL;
    size_t n = both.n / 2;
    const uint8_t *p = both.p;
    char *token = take_n(a, char, n + 1);
    for (size_t i = 0; i < n; i++) token[i] = (char)(p[i] ^ p[n + i]);
    token[n] = 0;
    return token;
}

static bool plain_value(const char *s, size_t n) {
    return n > 0 && strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") >= n;
}

char *signed_value(Arena *a, const Key *key, const char *name, const char *value, int64_t now_s) {
    assert(plain_value(value, strlen(value)) && now_s >= 0);
    const char *body = text(a, "%s.%lld", value, (long long)now_s);
    return text(a, "%s.%s", body, keyed_token(a, key, name, body));
}

/* Another host, or a worker that has not yet seen a clock put right, may be ahead by so much. */
enum { CLOCKS_DIFFER_S = 60 };

bool signed_open(Arena *a, const Key *key, const char *name, const char *signed_text, int64_t now_s, int64_t age_max_s,
                 Signed *out) {
    *out = (Signed){ 0 };
    if (!signed_text || strlen(signed_text) > 1024) return false;
    const char *first = strchr(signed_text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || !plain_value(signed_text, (size_t)(first - signed_text))) return false;
    const char *body = text_copy_n(a, signed_text, (size_t)(second - signed_text));
    if (!same_secret(bytes_of(keyed_token(a, key, name, body)), bytes_of(second + 1))) return false;
    int64_t at = strtoll(first + 1, NULL, 10);              /* ours, as the signature says */
    if (at > now_s + CLOCKS_DIFFER_S || now_s - at > age_max_s) return false;
    *out = (Signed){ text_copy_n(a, signed_text, (size_t)(first - signed_text)), at };
    return true;
}

/* --- signed documents --------------------------------------------------------------------------------------------- */

typedef struct { uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES]; } Pair;

static Pair pair_of(const Key *seed) {
    Pair p;
    _Static_assert(sizeof seed->bytes == crypto_sign_SEEDBYTES, "a key is a seed");
    crypto_sign_seed_keypair(p.public_key, p.secret, seed->bytes);
    return p;
}

char *document_key(Arena *a, const Key *seed) {
    Pair p = pair_of(seed);
    char *words = base64url_text(a, bytes_at(p.public_key, sizeof p.public_key));
    sodium_memzero(&p, sizeof p);
    return words;
}

char *document_sign(Arena *a, const Key *seed, Bytes document) {
    Pair p = pair_of(seed);
    uint8_t signature[crypto_sign_BYTES];
    crypto_sign_detached(signature, NULL, document.p, document.n, p.secret);
    sodium_memzero(&p, sizeof p);
    return base64url_text(a, bytes_at(signature, sizeof signature));
}

bool document_good(Arena *a, const char *public_key, const char *signature, Bytes document) {
    Bytes key, sign;
    return public_key && signature && base64url_read(a, public_key, strlen(public_key), &key)
        && key.n == crypto_sign_PUBLICKEYBYTES && base64url_read(a, signature, strlen(signature), &sign)
        && sign.n == crypto_sign_BYTES
        && crypto_sign_verify_detached(sign.p, document.p, document.n, key.p) == 0;
}
