/*
 * Randomness, sealed secrets, signed values, passwords and second factors; digests and encodings come with digest.h.
 *
 * libsodium for all of it; OpenSSL only for MD5 and SHA-1, which some providers' signatures and TOTP still want.
 * No cryptography of our own. Whatever decides on access is compared in constant time.
 * Assurance S6, S9, S12, S13, S23; stories ONB-LOGIN, AU01US03, CSS01US01, ONB03US01. The library starts itself.
 * Functions that return text or bytes take them from the arena they are given.
 */
#ifndef LIB_CRYPT_H
#define LIB_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/digest.h"

/* For later(): wipes the secret `text` before its memory is used again. */
void wipe_text(void *text);

/* ---- Randomness, from the system's generator ---- */

char *random_public_id (Arena *a);              /* 22 characters of 0-9A-Za-z, 130 bits: column public_id */
char *random_token     (Arena *a);              /* 43 characters base64url, 256 bits: sessions, links, API keys */
/* A token as it stands in a page: other letters in every answer, so that the size of what is compressed tells nothing
   of it (BREACH). token_unmasked: the token again, or NULL when it is none. */
char *token_masked     (Arena *a, const char *token);
char *token_unmasked   (Arena *a, const char *masked);
char *random_hex       (Arena *a, size_t bytes);        /* 16 bytes give an endpoint_key of 32 characters */
char *random_digits    (Arena *a, size_t digits);       /* one-time codes by SMS and mail; leading zeros occur */
void  random_fill      (void *to, size_t n);

enum { TOKEN_HASH_SIZE = 32 };
/* BLAKE2b-256, for tokens of at least 128 random bits only:
 * what tables keep instead of the token (column token_hash). */
void token_hash(const char *token, uint8_t hash[static TOKEN_HASH_SIZE]);

/* ---- Secrets at rest (S23): XChaCha20-Poly1305 with a ring of keys ---- */

enum { KEYS_MAX = 16, KEY_SIZE = 32 };
typedef struct { int id; uint8_t bytes[KEY_SIZE]; } Key;                    /* id 1..9999 */
/* The last key seals, all of them open: to rotate, a key is
 * added and the old sealed texts are sealed again at leisure. */
typedef struct { Key v[KEYS_MAX]; size_t n; } Keys;

/* Reads a key file: lines `<id> <64 hex digits>`, "#" begins a comment. The file must belong to the user running this
 * and be readable by nobody else, or belong to root, who may let a group read it (services of several users). NULL when
 * good, otherwise what is wrong with it. */
const char *keys_read(Keys *keys, const char *path);
/* Adds a fresh key to the file, with the next id. Absent, it is made with mode 0600; by root in a folder that is root's
 * and a group's alone, for that group with 0640. NULL or what went wrong. */
const char *keys_add (const char *path);
/* Takes a key out of the file, which is replaced at once by one of the same owner, group and mode. NULL or what went
 * wrong (then it is as it was); the last key cannot go. */
const char *keys_drop(const char *path, int id);
void        keys_wipe(void *keys);              /* for later() */

/* Sealed text `x<key id>.<base64url>`, about 60 characters and 4 for each 3 bytes of the secret. `context` names the
 * place
 * ("swa gateway_account 12 secret_key"): a sealed text copied to another place does not open there. */
char *secret_seal(Arena *a, const Keys *keys, const char *context, Bytes secret);
/* False when the key is not in the ring, the context is another one, or a bit was changed. The secret ends with 0 and
 * is wiped at rewind. */
bool  secret_open(Arena *a, const Keys *keys, const char *context, const char *sealed, Bytes *secret);
/* True when it was sealed by another key than the one that seals now. */
bool  secret_is_old(const Keys *keys, const char *sealed);

/* A tenant's own data key, itself sealed by the master keys, to
 * be stored with the tenant; and its way back into a ring. */
char *data_key_new (Arena *a, const Keys *master, const char *tenant);
bool  data_key_open(Arena *a, const Keys *master, const char *tenant, const char *sealed, Keys *out);
/* The same key for a tenant of another name (a restored copy), or with new master keys. */
char *data_key_seal(Arena *a, const Keys *master, const char *tenant, const Keys *data);
/* A key for one purpose ("cookie pre"), made of the ring's first key, so that it stays when keys are added. */
Key   key_for(const Keys *keys, const char *purpose);

/* ---- Signed values: cookies without a row, csrf tokens ---- */

/* `<value>.<unix seconds>.<mac>`; the value is of 0-9 A-Z a-z "-" "_". `name` (of the cookie) is signed too. */
char *signed_value(Arena *a, const Key *key, const char *name, const char *value, int64_t now_s);
typedef struct { const char *value; int64_t signed_s; } Signed;
/* False when changed, of another name or key, from the future, or older than age_max_s. */
bool  signed_open(Arena *a, const Key *key, const char *name, const char *signed_text, int64_t now_s, int64_t age_max_s,
                  Signed *out);
/* 43 characters that only the holder of the key can make for this (purpose, subject): the csrf token of a session. */
char *keyed_token(Arena *a, const Key *key, const char *purpose, const char *subject);

/* ---- Signed documents: who holds the seed signs, everybody who knows the public key checks (Ed25519) ---- */

enum { PUBLIC_KEY_CHARS = 43, SIGNATURE_CHARS = 86 };
char *document_key (Arena *a, const Key *seed);                             /* the public key, base64url */
char *document_sign(Arena *a, const Key *seed, Bytes document);             /* the signature, base64url */
/* False for any other document, key or signature, and for what is no key or signature at all. */
bool  document_good(Arena *a, const char *public_key, const char *signature, Bytes document);

/* ---- Passwords (S9, ONB-LOGIN, CSS01US01) ---- */

enum { PASSWORD_LEAST_STAFF = 12, PASSWORD_LEAST_PORTAL = 10, PASSWORD_MOST = 128, PASSWORDS_REMEMBERED = 5 };

/* argon2id, 64 MiB, about 0.1 s: callers limit how many run at once (S10). NULL when the memory is not to be had. */
char *password_hash(Arena *a, const char *password);
/* `hash` NULL (no such user) costs the same time and is false. */
bool  password_verify(const char *hash, const char *password);
/* True when the hash was made with lower limits than today's. */
bool  password_needs_rehash(const char *hash);
/* Costs a verification for each hash. */
bool  password_was_used(const char *password, const char *const *hashes, size_t n);

/* Reads the list of common passwords (Debian's john-data) once;
 * to be called before fork. Words read, or -1 with errno. */
#define COMMON_PASSWORDS "/usr/share/john/password.lst"
int64_t common_passwords_read(const char *path);
/* Compared without case and without trailing digits and signs, so digits alone are common; runs ("abcdefghijkl") and
 * repetitions of common words are too. */
bool    password_is_common(const char *password);

typedef struct {
    const char        *password;        /* valid UTF-8 */
    int                least;           /* characters; PASSWORD_LEAST_* or the tenant's higher one */
    const char        *language;        /* of the answer; NULL: English */
    const char        *email;           /* its part before "@", if it has at least 3 letters or digits */
    const char        *full_name;       /* its words of at least 4 */
    const char        *organization;    /* the whole name, without blanks */
    const char        *utility;         /* the same */
    const char *const *account_nos;     /* NULL, or ended by NULL */
} PasswordFacts;                        /* NULL facts are not checked */
/* The rule that is broken, in the words for the user; NULL when it is a good password. Names are compared without case,
 * blanks and signs. */
const char *password_refusal(Arena *a, const PasswordFacts *f);
#define PASSWORD_USED_BEFORE "Do not use one of your last 5 passwords."

/* ---- Second factor (S12, RFC 6238: SHA-1, 30 s, 6 digits) ---- */

enum { TOTP_SECRET_SIZE = 20, TOTP_STEP_S = 30 };
/* The code of a step (unix time / 30). */
void    totp_code  (Bytes secret, int64_t step, char code[static 7]);
/* The step whose code this is: the present one, the one before or the one after, and later than last_step (the one
 * accepted last, 0 at first). -1 when it is none. Blanks in the
 * code are skipped. Store the step in the same transaction. */
int64_t totp_accept(Bytes secret, const char *code, int64_t now_s, int64_t last_step);
/* otpauth://totp/... for the QR code. */
char   *totp_uri   (Arena *a, const char *issuer, const char *account, Bytes secret);
/* "ABCD-EFGH-JKMN-PQRS", 80 bits, without letters that look alike. */
char   *recovery_code(Arena *a);
/* Hash of a recovery code however it was typed (case, blanks,
 * dashes, O for 0, I and L for 1). False when it is none. */
bool    recovery_hash(const char *typed, uint8_t hash[static TOKEN_HASH_SIZE]);

#endif
