/* lib/crypt: published vectors (RFC 1321, 2202, 4231, 4648, 6238,
 * 7693, FIPS 180), sealed secrets, signed values, passwords, codes. */
#include "lib/card.h"
#include "lib/crypt.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static Arena mem;

#define COUNT(table) (sizeof (table) / sizeof *(table))

static const char *digest_hex(Digest d, Bytes message) {
    uint8_t out[DIGEST_MAX];
    return hex_text(&mem, bytes_at(out, digest(d, message, out)));
}

static const char *hmac_hex(Digest d, Bytes key, Bytes message) {
    uint8_t out[DIGEST_MAX];
    return hex_text(&mem, bytes_at(out, hmac(d, key, message, out)));
}

static void digests(void) {
    static const struct { Digest d; const char *message, *is; } cases[] = {
        { MD5, "", "d41d8cd98f00b204e9800998ecf8427e" }, { MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
        { SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
            { SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
        { SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { SHA512, "abc",
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        SAME_TEXT(digest_hex(cases[i].d, bytes_of(cases[i].message)), cases[i].is);
    SAME_TEXT(digest_hex(SHA1, (Bytes){ 0 }), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    uint8_t out[32];
    blake2b((Bytes){ 0 }, bytes_of("abc"), out);            /* BLAKE2b with 32 bytes of output */
    SAME_TEXT(hex_text(&mem, bytes_at(out, 32)), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    arena_reset(&mem);
}

static void hmacs(void) {
    static const struct { Digest d; const char *key, *message, *is; } cases[] = {
        { MD5, "Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738" },
        { SHA1, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
        { SHA256, "Jefe", "what do ya want for nothing?",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { SHA512, "Jefe", "what do ya want for nothing?",
          "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        SAME_TEXT(hmac_hex(cases[i].d, bytes_of(cases[i].key), bytes_of(cases[i].message)), cases[i].is);
    char key[131];
    memset(key, 0xaa, sizeof key);                          /* RFC 4231, case 6: a key longer than a block */
    SAME_TEXT(hmac_hex(SHA256, bytes_at(key, 131), bytes_of("Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    SAME_TEXT(hmac_hex(SHA1, bytes_at(key, 80), bytes_of("Test Using Larger Than Block-Size Key - Hash Key First")),
              "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    SAME_TEXT(hmac_hex(SHA256, (Bytes){ 0 }, (Bytes){ 0 }),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    SAME_TEXT(hmac_hex(SHA1, (Bytes){ 0 }, (Bytes){ 0 }), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
    arena_reset(&mem);
}

static void encodings(void) {
    static const struct { const char *plain, *base64, *base32, *hex; } cases[] = {
        { "", "", "", "" }, { "f", "Zg==", "MY", "66" }, { "fo", "Zm8=", "MZXQ", "666f" },
        { "foo", "Zm9v", "MZXW6", "666f6f" }, { "foob", "Zm9vYg==", "MZXW6YQ", "666f6f62" },
        { "fooba", "Zm9vYmE=", "MZXW6YTB", "666f6f6261" }, { "foobar", "Zm9vYmFy", "MZXW6YTBOI", "666f6f626172" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Bytes plain = bytes_of(cases[i].plain), back;
        SAME_TEXT(base64_text(&mem, plain), cases[i].base64);
        CU_ASSERT_TRUE(base64_read(&mem, cases[i].base64, strlen(cases[i].base64), &back) && same_secret(back, plain));
        SAME_TEXT(base32_text(&mem, plain), cases[i].base32);
        CU_ASSERT_TRUE(base32_read(&mem, cases[i].base32, &back) && same_secret(back, plain));
        SAME_TEXT(hex_text(&mem, plain), cases[i].hex);
        char raw[8];
        CU_ASSERT_TRUE(hex_read(cases[i].hex, strlen(cases[i].hex), raw, plain.n) && !memcmp(raw, plain.p, plain.n));
    }
    SAME_TEXT(base64url_text(&mem, bytes_at("\xfb\xff\xfe", 3)), "-__-");
    Bytes back;
    static const char *const bad64[] = { "Zg", "Zg=", "Zg===", "Zh==", "Z", " Zg==", "Zg==\n", "Zm9v-", "Zg==Zg==",
                                         "mE9\xb8YmE=" };
    for (size_t i = 0; i < COUNT(bad64); i++) CU_ASSERT_FALSE(base64_read(&mem, bad64[i], strlen(bad64[i]), &back));
    static const char *const bad_url[] = { "Zg==", "Zh", "Z", "Zm9+", "Zm 9v" };
    for (size_t i = 0; i < COUNT(bad_url); i++)
        CU_ASSERT_FALSE(base64url_read(&mem, bad_url[i], strlen(bad_url[i]), &back));
    static const char *const bad32[] = { "M", "MZ1", "MZX", "MY=A", "MZ", "MY!" };
    for (size_t i = 0; i < COUNT(bad32); i++) CU_ASSERT_FALSE(base32_read(&mem, bad32[i], &back));
    CU_ASSERT_TRUE(base32_read(&mem, "mzxw-6ytb oi==", &back) && same_secret(back, bytes_of("foobar")));
    char raw[2];
    CU_ASSERT_TRUE(hex_read("aBCd", 4, raw, 2));
    CU_ASSERT_FALSE(hex_read("abc", 3, raw, 2));
    CU_ASSERT_FALSE(hex_read("abcde0", 6, raw, 2));
    CU_ASSERT_FALSE(hex_read("abxx", 4, raw, 2));
    CU_ASSERT_TRUE(same_secret(bytes_of("ab"), bytes_of("ab")));
    CU_ASSERT_FALSE(same_secret(bytes_of("ab"), bytes_of("ac")));
    CU_ASSERT_FALSE(same_secret(bytes_of("ab"), bytes_of("abc")));
    CU_ASSERT_TRUE(same_secret((Bytes){ 0 }, bytes_of("")));
    arena_reset(&mem);
}

static void random_texts(void) {
    for (int i = 0; i < 100; i++) {
        const char *id = random_public_id(&mem), *token = random_token(&mem);
        SAME_INT(strlen(id), 22);
        SAME_INT(strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), 22);
        SAME_INT(strlen(token), 43);
        Bytes raw;
        CU_ASSERT_TRUE(base64url_read(&mem, token, 43, &raw) && raw.n == 32);
        SAME_INT(strspn(random_hex(&mem, 16), "0123456789abcdef"), 32);
        SAME_INT(strspn(random_digits(&mem, 6), "0123456789"), 6);
    }
    CU_ASSERT_TRUE(strcmp(random_token(&mem), random_token(&mem)) != 0);
    uint8_t hash[32];
    token_hash("abc", hash);
    SAME_TEXT(hex_text(&mem, bytes_at(hash, 32)), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    arena_reset(&mem);
}

/* What root gives a group to read stays so when a key is dropped; nobody else's file may be read by a group. */
static void key_files_of_root(const char *path, const char *folder) {
    Keys keys;
    struct stat is;
    if (geteuid()) return;
    enum { GROUP = 65534, OTHER = 65533 };
    chmod(path, 0600);
    if (chown(path, OTHER, GROUP)) return;                  /* a root of few users */
    CU_ASSERT_TRUE(!chown(path, 0, 0));
    SAME_TEXT(keys_add(path), NULL);
    CU_ASSERT_TRUE(!chown(path, 0, GROUP) && !chmod(path, 0640));
    SAME_TEXT(keys_read(&keys, path), NULL);
    int dropped = keys.v[0].id;
    SAME_TEXT(keys_drop(path, dropped), NULL);
    CU_ASSERT_TRUE(!stat(path, &is) && is.st_uid == 0 && is.st_gid == GROUP && (is.st_mode & 0777) == 0640);
    SAME_TEXT(keys_read(&keys, path), NULL);
    CU_ASSERT_TRUE(keys.v[0].id != dropped);
    CU_ASSERT_TRUE(!chown(path, OTHER, GROUP) && !chmod(path, 0640));
    SAME_TEXT(keys_read(&keys, path), "belongs to another user");
    CU_ASSERT_TRUE(!chown(path, 0, 0) && !unlink(path));
    /* a new one is for the group of a folder that is root's and that group's alone */
    CU_ASSERT_TRUE(!chown(folder, 0, GROUP) && !chmod(folder, 0750));
    SAME_TEXT(keys_add(path), NULL);
    CU_ASSERT_TRUE(!stat(path, &is) && is.st_gid == GROUP && (is.st_mode & 0777) == 0640);
    SAME_TEXT(keys_add(path), NULL);
    CU_ASSERT_TRUE(!stat(path, &is) && is.st_gid == GROUP && (is.st_mode & 0777) == 0640);
    unlink(path);
    chmod(folder, 0755);
    SAME_TEXT(keys_add(path), NULL);
    CU_ASSERT_TRUE(!stat(path, &is) && is.st_gid == 0 && (is.st_mode & 0777) == 0600);
    chmod(folder, 0700);
}

static void keys_and_secrets(void) {
    char folder[] = "/tmp/smart360-keys-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL(mkdtemp(folder));
    const char *path = text(&mem, "%s/keys", folder);
    Keys one, two;
    SAME_TEXT(keys_read(&one, path), "No such file or directory");
    SAME_TEXT(keys_add(path), NULL);
    SAME_TEXT(keys_read(&one, path), NULL);
    SAME_INT(one.n, 1);
    char *sealed = secret_seal(&mem, &one, "swa gateway_account 1", bytes_of("whsec_canary"));
    CU_ASSERT_TRUE(!strncmp(sealed, "x1.", 3) && !strstr(sealed, "canary"));
    Bytes secret;
    CU_ASSERT_TRUE(secret_open(&mem, &one, "swa gateway_account 1", sealed, &secret));
    SAME_TEXT(secret.p, "whsec_canary");
    SAME_INT(secret.n, 12);
    CU_ASSERT_FALSE(secret_open(&mem, &one, "swa gateway_account 2", sealed, &secret));
    for (char *c = sealed; *c; c++) {                       /* any changed character */
        char was = *c;
        *c = was == 'A' ? 'B' : 'A';
        CU_ASSERT_FALSE(secret_open(&mem, &one, "swa gateway_account 1", sealed, &secret));
        *c = was;
    }
    static const char *const bad[] = { NULL, "", "x", "x1", "x1.", "x1.AAAA", "x.AAAA", "x01.AAAA", "x99999.AAAA",
                                       "y1.AAAA", "x1.!" };
    for (size_t i = 0; i < COUNT(bad); i++) CU_ASSERT_FALSE(secret_open(&mem, &one, "c", bad[i], &secret));
    char *empty = secret_seal(&mem, &one, "c", bytes_of(""));
    CU_ASSERT_TRUE(secret_open(&mem, &one, "c", empty, &secret) && secret.n == 0);

    SAME_TEXT(keys_add(path), NULL);                        /* rotation */
    SAME_TEXT(keys_read(&two, path), NULL);
    SAME_INT(two.n, 2);
    CU_ASSERT_TRUE(secret_open(&mem, &two, "swa gateway_account 1", sealed, &secret));
    CU_ASSERT_TRUE(secret_is_old(&two, sealed));
    CU_ASSERT_FALSE(secret_is_old(&one, sealed));
    const char *newer = secret_seal(&mem, &two, "c", bytes_of("x"));
    CU_ASSERT_TRUE(!strncmp(newer, "x2.", 3));
    CU_ASSERT_FALSE(secret_is_old(&two, newer));
    CU_ASSERT_FALSE(secret_open(&mem, &one, "c", newer, &secret));
    Key before = key_for(&one, "cookie"), after = key_for(&two, "cookie"), other = key_for(&one, "csrf");
    CU_ASSERT_FALSE(memcmp(before.bytes, after.bytes, KEY_SIZE));
    CU_ASSERT_TRUE(memcmp(before.bytes, other.bytes, KEY_SIZE) != 0);

    Keys tenant, wrong;
    const char *data_key = data_key_new(&mem, &two, "swa");
    CU_ASSERT_TRUE(data_key_open(&mem, &two, "swa", data_key, &tenant));
    CU_ASSERT_FALSE(data_key_open(&mem, &two, "other", data_key, &wrong));
    CU_ASSERT_TRUE(secret_open(&mem, &tenant, "c", secret_seal(&mem, &tenant, "c", bytes_of("x")), &secret));

    SAME_TEXT(keys_drop(path, 2), "has no newer key");
    FILE *notes = fopen(path, "ae");
    CU_ASSERT_TRUE(notes && fputs("# 1 is of last year\n", notes) >= 0);
    if (notes) fclose(notes);
    SAME_TEXT(keys_drop(path, 1), NULL);
    SAME_TEXT(keys_read(&wrong, path), NULL);
    SAME_INT(wrong.n, 1);
    SAME_INT(wrong.v[0].id, 2);
    CU_ASSERT_FALSE(secret_open(&mem, &wrong, "swa gateway_account 1", sealed, &secret));
    CU_ASSERT_TRUE(secret_open(&mem, &wrong, "c", newer, &secret));
    const char *moved = data_key_seal(&mem, &wrong, "swa", &tenant);
    CU_ASSERT_TRUE(!strncmp(moved, "x2.", 3) && data_key_open(&mem, &wrong, "swa", moved, &tenant));
    SAME_TEXT(keys_drop(path, 2), "has no newer key");      /* the last one stays */
    SAME_TEXT(keys_drop(path, 9), NULL);                    /* one that is not there: nothing is lost */
    SAME_TEXT(keys_read(&wrong, path), NULL);
    SAME_INT(wrong.n, 1);
    CU_ASSERT_PTR_NOT_NULL(keys_drop("/nowhere/keys", 1));
    struct stat kept;
    CU_ASSERT_TRUE(!stat(path, &kept) && (kept.st_mode & 0777) == 0600);

    for (size_t i = 0; i < 4; i++) {
        chmod(path, (mode_t[]){ 0644, 0660, 0601, 0606 }[i]);
        SAME_TEXT(keys_read(&one, path), "may be read by others (chmod 600, or 640 for a group that root gives it)");
        SAME_INT(one.n, 0);
    }
    key_files_of_root(path, folder);
    chmod(path, 0600);
    SAME_TEXT(keys_read(&one, folder), "is not a file");
    unlink(path);
    for (int i = 0; i < KEYS_MAX; i++) SAME_TEXT(keys_add(path), NULL);
    SAME_TEXT(keys_add(path), "has too many keys");
    CU_ASSERT_PTR_NOT_NULL(keys_add("/nowhere/keys"));
    CU_ASSERT_PTR_NOT_NULL(keys_add(folder));
    SAME_INT(data_key_open(&mem, &two, "swa", secret_seal(&mem, &two, "data key of swa", bytes_of("short")), &wrong),
             false);
    static const struct { const char *content, *is; } files[] = {
        { "", "has no key" }, { "# only a comment\n\n", "has no key" },
        { "1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", NULL },
        { "9999 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n\n# the last id\n", NULL },
        { "  7 00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff", NULL },
        { "1 0011\n", "has a key that is not of 64 hex digits" },
        { "1 zz\n", "has a line that is not \"<id> <64 hex digits>\"" },
        { "0 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
          "has a line that is not \"<id> <64 hex digits>\"" },
        { "1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00\n",
          "has a line that is not \"<id> <64 hex digits>\"" },
        { "1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n1 "
          "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", "has two keys with the same id" },
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        unlink(path);
        FILE *f = fopen(path, "w");
        fputs(files[i].content, f);
        fclose(f);
        chmod(path, 0600);
        SAME_TEXT(keys_read(&one, path), files[i].is);
        if (strstr(files[i].content, "last id")) SAME_TEXT(keys_add(path), "has no key id left");
    }
    unlink(path);
    rmdir(folder);
    arena_reset(&mem);
}

static void signed_values(void) {
    Key key = { 1, "0123456789abcdef0123456789abcde" }, other = { 1, "1123456789abcdef0123456789abcde" };
    char *cookie = signed_value(&mem, &key, "pre", "abc_-9", 1000);
    Signed s;
    CU_ASSERT_TRUE(signed_open(&mem, &key, "pre", cookie, 1000, 7200, &s));
    SAME_TEXT(s.value, "abc_-9");
    SAME_INT(s.signed_s, 1000);
    CU_ASSERT_TRUE(signed_open(&mem, &key, "pre", cookie, 8200, 7200, &s));
    CU_ASSERT_FALSE(signed_open(&mem, &key, "pre", cookie, 8201, 7200, &s));
    CU_ASSERT_TRUE(signed_open(&mem, &key, "pre", cookie, 940, 7200, &s));     /* clocks differ a little */
    CU_ASSERT_FALSE(signed_open(&mem, &key, "pre", cookie, 939, 7200, &s));
    CU_ASSERT_FALSE(signed_open(&mem, &other, "pre", cookie, 1000, 7200, &s));
    CU_ASSERT_FALSE(signed_open(&mem, &key, "pr", cookie, 1000, 7200, &s));
    for (char *c = cookie; *c; c++) {
        char was = *c;
        *c = was == '1' ? '2' : '1';
        CU_ASSERT_FALSE(signed_open(&mem, &key, "pre", cookie, 1000, 7200, &s));
        *c = was;
    }
    static const char *const bad[] = { NULL, "", ".", "..", "...", "a", "a.1", "a.1.", ".1.x", "a b.1.x" };
    for (size_t i = 0; i < COUNT(bad); i++) CU_ASSERT_FALSE(signed_open(&mem, &key, "pre", bad[i], 1000, 7200, &s));
    SAME_INT(strlen(keyed_token(&mem, &key, "csrf", "session")), 43);
    CU_ASSERT_TRUE(strcmp(keyed_token(&mem, &key, "csrf", "a"), keyed_token(&mem, &key, "csrf", "b")) != 0);
    CU_ASSERT_TRUE(strcmp(keyed_token(&mem, &key, "a", "b:c"), keyed_token(&mem, &key, "a:b", "c")) != 0);
    arena_reset(&mem);
}

static void password_hashes(void) {
    char *hash = password_hash(&mem, "Correct-Horse-7788");
    CU_ASSERT_TRUE(!strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31));
    CU_ASSERT_TRUE(password_verify(hash, "Correct-Horse-7788"));
    CU_ASSERT_FALSE(password_verify(hash, "Correct-Horse-7789"));
    CU_ASSERT_FALSE(password_verify(NULL, "Correct-Horse-7788"));
    CU_ASSERT_FALSE(password_verify("rubbish", "x"));
    CU_ASSERT_FALSE(password_needs_rehash(hash));
    CU_ASSERT_FALSE(password_needs_rehash(NULL));           /* the dummy has today's limits */
    CU_ASSERT_TRUE(password_needs_rehash("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    CU_ASSERT_TRUE(password_was_used("Correct-Horse-7788", (const char *const[]){ "rubbish", hash }, 2));
    CU_ASSERT_FALSE(password_was_used("Correct-Horse-7789", (const char *const[]){ hash }, 1));
    arena_reset(&mem);
}

static void password_rules(void) {
    SAME_INT(common_passwords_read("/nowhere"), -1);
    CU_ASSERT_TRUE(common_passwords_read(COMMON_PASSWORDS) > 3000);
    static const char *const accounts[] = { "WA-ACC-100001", NULL };
    static const struct { const char *password, *is; } cases[] = {
        { "Correct-Horse-7788", NULL }, { "correct horse", NULL },
        { "\xc3\xa9\xc3\xa9zo\xc3\xb1\xf0\x9f\x92\xa7 water!", NULL },
        { "Correct-Hor", "Use at least 12 characters." }, { "", "Use at least 12 characters." },
        { "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9x", "Use at least 12 characters." },
        { "password1234", "This password is too common." }, { "PassWord!!!2026", "This password is too common." },
        { "winniethepooh", "This password is too common." },
        { "Basketball99!", "This password is too common." }, { "847362910473", "This password is too common." },
        { "abcdefghijklm", "This password is too common." },
        { "zyxwvutsrqponm", "This password is too common." }, { "aaaaaaaaaaaaa", "This password is too common." },
        { "abcabcabcabc", "This password is too common." },
        { "letmeinletmein", "This password is too common." }, { "a1b2a1b2a1b2", "This password is too common." },
        { "Correct-CSO.One-1", "Do not use the name in your e-mail address." },
        { "xx cs Oone xx yy", "Do not use the name in your e-mail address." },
        { "Horse-\xc3\x85ngstr\xc3\xb6m-77", "Do not use your name." },
        { "horse \xc3\xa5ngstr\xc3\xb6m 77", "Do not use your name." }, { "Horse-Ann-7788", NULL },
        { "My-SanFranciscoWaterAuthority", "Do not use the name of the organization." }, { "San Francisco 7788", NULL },
        { "swa water works!", "Do not use the name of the utility." },
        { "horse WAACC100001 x", "Do not use your account number." },
        { "wa-acc-100001-x", "Do not use your account number." },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        PasswordFacts f = { .password = cases[i].password, .least = PASSWORD_LEAST_STAFF, .email = "cso.one@swa.test",
                            .full_name = "Ann \xc3\x85ngstr\xc3\xb6m",
                            .organization = "San Francisco Water Authority", .utility = "SWA Water Works",
                            .account_nos = accounts };
        SAME_TEXT(password_refusal(&mem, &f), cases[i].is);
    }
    SAME_TEXT(password_refusal(&mem, &(PasswordFacts){ .password = "Correct-Ho", .least = PASSWORD_LEAST_PORTAL }),
              NULL);
    SAME_TEXT(password_refusal(&mem, &(PasswordFacts){ .password = "Correct-H", .least = PASSWORD_LEAST_PORTAL }),
              "Use at least 10 characters.");
    /* two letters are no name */
    SAME_TEXT(password_refusal(&mem, &(PasswordFacts){ .password = "my-ab-Correct-Horse", .least = 12,
        .email = "ab@x.test" }), NULL);
    Text longest = text_start(&mem);
    for (int i = 0; i < 64; i++) text_addf(&longest, "%c%c", 'a' + i * 7 % 26, 'k' + i * 5 % 11);
    SAME_TEXT(password_refusal(&mem, &(PasswordFacts){ .password = longest.s, .least = 12 }), NULL);
    text_add(&longest, "x");
    SAME_TEXT(password_refusal(&mem, &(PasswordFacts){ .password = longest.s, .least = 12 }),
              "Use at most 128 characters.");
    arena_reset(&mem);
}

static void totp(void) {
    Bytes secret = bytes_of("12345678901234567890");
    static const struct { int64_t at; const char *code; } rfc[] = {       /* RFC 6238 appendix B, its last six digits */
        { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" }, { 1234567890, "005924" },
            { 2000000000, "279037" }, { 20000000000, "353130" },
    };
    for (size_t i = 0; i < COUNT(rfc); i++) {
        char code[7];
        totp_code(secret, rfc[i].at / 30, code);
        SAME_TEXT(code, rfc[i].code);
        SAME_INT(totp_accept(secret, rfc[i].code, rfc[i].at, 0), rfc[i].at / 30);
    }
    SAME_INT(totp_accept(secret, "287082", 59, 1), -1);     /* ONB-LOGIN.5: the same code again */
    SAME_INT(totp_accept(secret, "287 082", 59 + 30, 0), 1);
    SAME_INT(totp_accept(secret, "287082", 59 - 30, 0), 1);
    SAME_INT(totp_accept(secret, "287082", 59 + 60, 0), -1);
    static const char *const bad[] = { "", "28708", "2870821", "28708a", "-28708", "287083" };
    for (size_t i = 0; i < COUNT(bad); i++) SAME_INT(totp_accept(secret, bad[i], 59, 0), -1);
    SAME_TEXT(totp_uri(&mem, "SWA & Co", "cso1@swa.test", secret),
              "otpauth://totp/SWA%20%26%20Co:cso1@swa.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=SWA%20%26%20Co");
    arena_reset(&mem);
}

static void recovery(void) {
    const char *code = recovery_code(&mem);
    SAME_INT(strlen(code), 19);
    uint8_t hash[32], again[32];
    CU_ASSERT_TRUE(recovery_hash("0123-4567-89AB-CDEF", hash));
    CU_ASSERT_TRUE(recovery_hash(" oi23 4567 89abcdef ", again));
    CU_ASSERT_FALSE(memcmp(hash, again, 32));
    CU_ASSERT_TRUE(recovery_hash(code, again));
    CU_ASSERT_FALSE(recovery_hash("0123-4567-89AB-CDE", hash));
    CU_ASSERT_FALSE(recovery_hash("0123-4567-89AB-CDEF0", hash));
    CU_ASSERT_FALSE(recovery_hash("0123-4567-89AB-CDEU", hash));
    CU_ASSERT_FALSE(recovery_hash("", hash));
    arena_reset(&mem);
}

static void luhn(void) {
    SAME_INT(luhn_digit("001234", 6), '4');                 /* ONB02US07.3 */
    SAME_INT(luhn_digit("7992739871", 10), '3');
    SAME_INT(luhn_digit("", 0), '0');
    CU_ASSERT_TRUE(luhn_valid("79927398713", 11));
    CU_ASSERT_FALSE(luhn_valid("79927398710", 11));
    CU_ASSERT_FALSE(luhn_valid("0", 1));
}

static void card_numbers(void) {
    static const struct { const char *text, *masked; } cases[] = {
        { "4242424242424242", "************4242" },
        { "pay with 4242 4242 4242 4242 12/27 please", "pay with **** **** **** 4242 12/27 please" },
        { "4000-0000-0000-0002", "****-****-****-0002" }, { "amex 378282246310005.", "amex ***********0005." },
        { "account 100001 4242424242424242", "account 100001 ************4242" },
        { "4242.4242.4242.4242", "****.****.****.4242" }, { "a4242424242424242b", "a************4242b" },
        { "4242424242424242, 5555555555554444", "************4242, ************4444" },
        { "4222222222222", "*********2222" }, { "6304000000000000000", "***************0000" },
        { "3782 822463 10005", "**** ****** *0005" }, { "6304 0000 0000 0000 000", "**** **** **** ***0 000" },
        { "4242424242424242 4242424242424242", "************4242 ************4242" },
        { "", "" }, { "4242424242424241", "4242424242424241" }, { "42424242424242424242", "42424242424242424242" },
        { "0000000000000000", "0000000000000000" },
        { "4242  4242 4242 4242", "4242  4242 4242 4242" },
        { "503-555-0100 and 503-555-0199", "503-555-0100 and 503-555-0199" }, { "WA-ACC-100001", "WA-ACC-100001" },
        { "2026-04-30 2026-05-31", "2026-04-30 2026-05-31" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) SAME_TEXT(card_numbers_masked(&mem, cases[i].text), cases[i].masked);
    size_t start, length;
    CU_ASSERT_TRUE(card_number_find("no 4242 4242 4242 4242", &start, &length));
    SAME_INT(start, 3);
    SAME_INT(length, 19);
    arena_reset(&mem);
}

static void masked_tokens(void) {
    const char *token = random_token(&mem), *one = token_masked(&mem, token), *two = token_masked(&mem, token);
    CU_ASSERT_TRUE(strcmp(one, two) != 0);
    CU_ASSERT_PTR_NULL(strstr(one, token));
    SAME_TEXT(token_unmasked(&mem, one), token);
    SAME_TEXT(token_unmasked(&mem, two), token);
    char *damaged = text_copy(&mem, one);
    damaged[3] = damaged[3] == 'A' ? 'B' : 'A';
    CU_ASSERT_TRUE(strcmp(token_unmasked(&mem, damaged), token) != 0);
    CU_ASSERT_PTR_NULL(token_unmasked(&mem, ""));
    CU_ASSERT_PTR_NULL(token_unmasked(&mem, "not base64!"));
    CU_ASSERT_TRUE(strcmp(token_unmasked(&mem, token), token) != 0);        /* no mask, by its length one */
    CU_ASSERT_PTR_NULL(token_unmasked(&mem, arena_text(&mem, "%0500d", 0)));
    arena_reset(&mem);
}

int main(void) {
    int status = suite_run("crypt", (SuiteTest[]){
        { "digests", digests }, { "hmacs", hmacs }, { "encodings", encodings }, { "random texts", random_texts },
        { "keys and secrets", keys_and_secrets },
        { "signed values", signed_values }, { "masked tokens", masked_tokens },
        { "password hashes", password_hashes },
        { "password rules", password_rules }, { "totp", totp },
        { "recovery codes", recovery }, { "luhn", luhn }, { "card numbers", card_numbers }, {0} });
    arena_end(&mem);
    return status;
}
