/* Encodings, sealed and signed texts, one-time and recovery codes,
 * passwords: read strictly, and never accepted when not ours. */
#include "lib/card.h"
#include "lib/crypt.h"
#include "tests/fuzz/fuzz.h"

static const Keys keys = { .v = { { 1, "0123456789abcdef0123456789abcde" } }, .n = 1 };

/* What is read is written the same: there is one form only. */
static void encodings(const char *s) {
    Bytes b;
    size_t n = strlen(s);
    if (base64_read(&mem, s, n, &b)) MUST(!strcmp(s, base64_text(&mem, b)));
    if (base64url_read(&mem, s, n, &b)) MUST(!strcmp(s, base64url_text(&mem, b)));
    if (base32_read(&mem, s, &b)) {
        Bytes again;
        MUST(base32_read(&mem, base32_text(&mem, b), &again) && same_secret(b, again));
    }
    char raw[8];
    if (hex_read(s, n, raw, sizeof raw)) MUST(!strcasecmp(s, hex_text(&mem, bytes_at(raw, sizeof raw))));
}

FUZZ(bytes, n) {
    char *s = as_text(bytes, n);
    encodings(s);
    Bytes all = bytes_at(bytes, n), back;
    MUST(base64_read(&mem, base64_text(&mem, all), strlen(base64_text(&mem, all)), &back) && same_secret(all, back));
    MUST(base64url_read(&mem, base64url_text(&mem, all), strlen(base64url_text(&mem, all)), &back)
         && same_secret(all, back));
    MUST(base32_read(&mem, base32_text(&mem, all), &back) && same_secret(all, back));
    char *sealed = secret_seal(&mem, &keys, s, all);
    MUST(secret_open(&mem, &keys, s, sealed, &back) && same_secret(all, back));
    MUST(!secret_open(&mem, &keys, "another place of it", sealed, &back) || !strcmp(s, "another place of it"));
    MUST(!secret_open(&mem, &keys, "c", s, &back));
    secret_is_old(&keys, s);
    Signed opened;
    MUST(!signed_open(&mem, &keys.v[0], "pre", s, 1764000000, INT64_MAX, &opened));
    uint8_t hash[TOKEN_HASH_SIZE];
    recovery_hash(s, hash);
    int64_t step = totp_accept(bytes_of("12345678901234567890"), s, 1764000000, 0);
    MUST(step < 0 || (step >= 58799999 && step <= 58800001));
    password_is_common(s);
    size_t start, length;
    if (card_number_find(s, &start, &length)) MUST(start + length <= strlen(s) && length >= 13);
    MUST(strlen(card_numbers_masked(&mem, s)) == strlen(s));
}
