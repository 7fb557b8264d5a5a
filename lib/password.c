/*
 * Passwords, TOTP and recovery codes: see crypt.h. The rules for passwords are those of ONB-LOGIN and CSS01US01; the
 * list of common ones is read once into memory of the process, sorted, and shared by the workers that are forked
 * afterwards.
 */
#include "lib/crypt.h"
#include "lib/messages.h"
#include "lib/utf8.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <wchar.h>

/* ---- Hashes ---- */

static const unsigned long long OPS = crypto_pwhash_OPSLIMIT_INTERACTIVE;
static const size_t MEMORY = crypto_pwhash_MEMLIMIT_INTERACTIVE;

/* Of a random text nobody knows, with the limits of today (a test compares them); as long as libsodium reads. */
static const char DUMMY[crypto_pwhash_STRBYTES] =
    "$argon2id$v=19$m=65536,t=2,p=1$03xk3GCfmo6X/WdX/22wHA$4MXKjxCc5IsTdJj7XGXdTFL8gWN+ecJ8sgHMoOW/ih8";

char *password_hash(Arena *a, const char *password) {
    char *hash = take(a, crypto_pwhash_STRBYTES);
    return crypto_pwhash_str(hash, password, strlen(password), OPS, MEMORY) ? NULL : hash;
}

bool password_verify(const char *hash, const char *password) {
    bool same = !crypto_pwhash_str_verify(hash ? hash : DUMMY, password, strlen(password));
    return hash && same;
}

bool password_needs_rehash(const char *hash) {
    return crypto_pwhash_str_needs_rehash(hash ? hash : DUMMY, OPS, MEMORY) != 0;
}

bool password_was_used(const char *password, const char *const *hashes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (password_verify(hashes[i], password)) return true;
    return false;
}

/* ---- Common ones ---- */

enum { WORD_MAX = 64 };                 /* longer than any in the list; a longer password is not in it */

static struct { char (*v)[WORD_MAX]; size_t n; } common;

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80; }

/* Lower case, without trailing digits and signs. False when it does not fit. */
static bool base_of(char base[static WORD_MAX], const char *word, size_t n) {
    while (n && !is_letter(word[n - 1])) n--;
    if (n >= WORD_MAX) return false;
    for (size_t i = 0; i < n; i++) base[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + 32) : word[i];
    memset(base + n, 0, WORD_MAX - n);
    return true;
}

static int word_order(const void *a, const void *b) {
    return strcmp(a, b);
}

int64_t common_passwords_read(const char *path) {
    FILE *f = fopen(path, "re");
    if (!f) return -1;
    free(common.v);
    common.v = NULL;
    common.n = 0;
    size_t room = 0;
    char line[256];
    while (fgets(line, sizeof line, f)) {
        if (!strncmp(line, "#!comment", 9)) continue;
        if (common.n == room) {
            room = room ? room * 2 : 4096;
            common.v = reallocarray(common.v, room, sizeof *common.v);
            if (!common.v) abort();
        }
        if (base_of(common.v[common.n], line, strcspn(line, "\r\n"))) common.n++;
    }
    int64_t n = ferror(f) ? -1 : (int64_t)common.n;
    fclose(f);
    if (n > 0) qsort(common.v, common.n, sizeof *common.v, word_order);
    return n;
}

static bool in_list(const char *word, size_t n) {
    char base[WORD_MAX];
    return common.n && base_of(base, word, n) && bsearch(base, common.v, common.n, sizeof *common.v, word_order);
}

/* 9 goes on with 0, and the other way. */
static bool follows(char before, char c, int step) {
    return c == before + step || (step == 1 && before == '9' && c == '0') || (step == -1 && before == '0' && c == '9');
}

/* "abcdefghijkl", "987654321098", "aaaaaaaaaaaa": each character is the one before plus the same step of -1, 0 or 1. */
static bool is_run(const char *s, size_t n) {
    for (int step = -1; step <= 1; step++) {
        size_t i = 1;
        while (i < n && follows(s[i - 1], s[i], step)) i++;
        if (i >= n) return true;
    }
    return false;
}

/* A piece of up to 4 characters, or a common word, again and again. */
static bool is_repetition(const char *s, size_t n) {
    for (size_t piece = 1; piece <= n / 2; piece++) {
        if (n % piece || memcmp(s, s + piece, n - piece)) continue;
        return piece <= 4 || in_list(s, piece);
    }
    return false;
}

bool password_is_common(const char *password) {
    size_t n = strlen(password);
    char low[4 * PASSWORD_MOST + 1];
    if (n >= sizeof low) return false;
    for (size_t i = 0; i <= n; i++) low[i] = password[i] >= 'A' && password[i] <= 'Z' ? (char)(password[i] + 32)
        : password[i];
    bool is = in_list(low, n) || is_run(low, n) || is_repetition(low, n);
    sodium_memzero(low, sizeof low);
    return is;
}

/* ---- Rules ---- */

/* Letters and digits only, case folded. */
static wchar_t *squeezed(Arena *a, const char *s, size_t n) {
    wchar_t *to = take_n(a, wchar_t, n + 1), *end = to;
    uint32_t c;
    for (int took; (took = utf8_next(s, n, &c)); s += took, n -= (size_t)took)
        if (u_isalnum((UChar32)c)) *end++ = u_foldCase((UChar32)c, U_FOLD_CASE_DEFAULT);
    return to;
}

static void wipe_wide(void *s) {
    sodium_memzero(s, wcslen(s) * sizeof(wchar_t));
}

static bool contains(Arena *a, const wchar_t *hay, const char *part, size_t n, size_t least) {
    const wchar_t *needle = squeezed(a, part, n);
    return wcslen(needle) >= least && wcsstr(hay, needle);
}

static bool contains_word(Arena *a, const wchar_t *hay, const char *words, size_t least) {
    for (const char *s = words; *s;) {
        size_t n = strcspn(s, " ");
        if (contains(a, hay, s, n, least)) return true;
        s += n + (s[n] == ' ');
    }
    return false;
}

/* The words of a rule in the visitor's language; English without messages (programs that load none). */
static const char *said(const PasswordFacts *f, const char *key, const char *english) {
    return f->language && msg_exists(key) ? msg(f->language, key) : english;
}

static const char *name_refusal(Arena *a, const PasswordFacts *f, const wchar_t *hay) {
    if (f->email && contains(a, hay, f->email, strcspn(f->email, "@"), 3))
        return said(f, "password.email", "Do not use the name in your e-mail address.");
    if (f->full_name && contains_word(a, hay, f->full_name, 4))
        return said(f, "password.name", "Do not use your name.");
    if (f->organization && contains(a, hay, f->organization, strlen(f->organization), 4))
        return said(f, "password.organization", "Do not use the name of the organization.");
    if (f->utility && contains(a, hay, f->utility, strlen(f->utility), 4))
        return said(f, "password.utility", "Do not use the name of the utility.");
    for (const char *const *no = f->account_nos; no && *no; no++)
        if (contains(a, hay, *no, strlen(*no), 4))
            return said(f, "password.account", "Do not use your account number.");
    return NULL;
}

static const char *msg_or(Arena *a, const PasswordFacts *f, const char *key, const char *english, int n) {
    const char *words = said(f, key, english), *place = strstr(words, "{n}");
    return place ? text(a, "%.*s%d%s", (int)(place - words), words, n, place + 3) : words;
}

const char *password_refusal(Arena *a, const PasswordFacts *f) {
    size_t characters = utf8_length(f->password);
    if (characters < (size_t)f->least) return msg_or(a, f, "password.short", "Use at least {n} characters.", f->least);
    if (characters > PASSWORD_MOST) return msg_or(a, f, "password.long", "Use at most {n} characters.", PASSWORD_MOST);
    if (password_is_common(f->password)) return said(f, "password.common", "This password is too common.");
    wchar_t *hay = squeezed(a, f->password, strlen(f->password));
    later(a, wipe_wide, hay);
    return name_refusal(a, f, hay);
}

/* ---- TOTP ---- */

void totp_code(Bytes secret, int64_t step, char code[static 7]) {
    uint8_t counter[8], mac[DIGEST_MAX];
    for (int i = 0; i < 8; i++) counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    size_t n = hmac(SHA1, secret, bytes_at(counter, 8), mac);
    const uint8_t *at = mac + (mac[n - 1] & 15);            /* RFC 4226, section 5.3 */
    uint32_t number = ((uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) % 1000000;
    snprintf(code, 7, "%06u", (unsigned)number);
}

int64_t totp_accept(Bytes secret, const char *typed, int64_t now_s, int64_t last_step) {
    char code[7], right[7];
    size_t n = 0;
    for (; *typed; typed++) {
        if (*typed == ' ') continue;
        if (*typed < '0' || *typed > '9' || n == 6) return -1;
        code[n++] = *typed;
    }
    if (n != 6) return -1;
    int64_t now = now_s / TOTP_STEP_S, accepted = -1;
    for (int64_t step = now - 1; step <= now + 1; step++) {
        totp_code(secret, step, right);
        if (step > last_step && accepted < 0 && same_secret(bytes_at(code, 6), bytes_at(right, 6))) accepted = step;
    }
    return accepted;
}

static void add_encoded(Text *t, const char *s) {
    for (; *s; s++) {
        bool plain = (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z')
            || (*s && strchr("-._~@", *s));
        if (plain) text_add_n(t, s, 1);
        else text_addf(t, "%%%02X", (unsigned char)*s);
    }
}

char *totp_uri(Arena *a, const char *issuer, const char *account, Bytes secret) {
    Text t = text_start(a);
    text_add(&t, "otpauth://totp/");
    add_encoded(&t, issuer);
    text_add(&t, ":");
    add_encoded(&t, account);
    text_addf(&t, "?secret=%s&issuer=", base32_text(a, secret));
    add_encoded(&t, issuer);
    return t.s;
}

/* ---- Recovery codes ---- */

static const char clear_letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";       /* Crockford's: no I, L, O, U */

char *recovery_code(Arena *a) {
    char *code = take(a, 20);
    for (int i = 0; i < 19; i++) code[i] = i % 5 == 4 ? '-' : clear_letters[randombytes_uniform(32)];
    return code;
}

bool recovery_hash(const char *typed, uint8_t hash[static TOKEN_HASH_SIZE]) {
    char code[17];
    size_t n = 0;
    for (; *typed; typed++) {
        char c = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 32) : *typed;
        if (c == ' ' || c == '-') continue;
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (n == 16 || !memchr(clear_letters, c, 32)) return false;
        code[n++] = c;
    }
    code[n] = 0;
    if (n == 16) token_hash(code, hash);
    sodium_memzero(code, sizeof code);
    return n == 16;
}
