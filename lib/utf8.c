/*
 * Text as people type it: see utf8.h. Own code for what is counted in bytes, ICU for what needs the tables of Unicode
 * (normal forms, folding, categories).
 */
#include "lib/utf8.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

/* By the first byte: length, and the range of the second byte that keeps out overlong forms, surrogates and what lies
   above U+10FFFF. */
int utf8_next(const char *s, size_t n, uint32_t *code) {
    const unsigned char *u = (const unsigned char *)s;
    if (!n || !u[0]) return 0;
    int length = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
    if (!length || (size_t)length > n) return 0;
    unsigned low = u[0] == 0xe0 ? 0xa0 : u[0] == 0xf0 ? 0x90 : 0x80, high = u[0] == 0xed ? 0x9f : u[0] == 0xf4
        ? 0x8f : 0xbf;
    if (length > 1 && (u[1] < low || u[1] > high)) return 0;
    uint32_t c = length == 1 ? u[0] : u[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((u[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (code) *code = c;
    return length;
}

bool utf8_is_valid(const char *s, size_t n) {
    while (n) {
        int took = utf8_next(s, n, NULL);
        if (!took) return false;
        s += took, n -= (size_t)took;
    }
    return true;
}

size_t utf8_length(const char *s) {
    size_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* Where the character number n begins, or the end. */
static const char *character(const char *s, size_t n) {
    for (; *s; s++)
        if (((unsigned char)*s & 0xc0) != 0x80 && n-- == 0) break;
    return s;
}

char *utf8_cut(Arena *a, const char *s, size_t n) {
    return arena_copy_n(a, s, (size_t)(character(s, n) - s));
}

char *utf8_ellipsis(Arena *a, const char *s, size_t n) {
    if (!n || utf8_length(s) <= n) return utf8_cut(a, s, n);
    return arena_text(a, "%s…", utf8_cut(a, s, n - 1));
}

/* ---- ICU works in UTF-16: there and back ---- */

typedef struct { UChar *s; int32_t n; } Wide16;

static bool widen(Arena *a, const char *s, Wide16 *to) {
    size_t n = strlen(s);
    if (n > 16 * 1024 * 1024 || !utf8_is_valid(s, n)) return false;
    UErrorCode status = U_ZERO_ERROR;
    to->s = take_n(a, UChar, n + 1);
    u_strFromUTF8(to->s, (int32_t)n + 1, &to->n, s, (int32_t)n, &status);
    return U_SUCCESS(status);
}

static char *narrow(Arena *a, Wide16 w) {
    UErrorCode status = U_ZERO_ERROR;
    char *s = arena_take(a, (size_t)w.n * 3 + 1);
    u_strToUTF8(s, w.n * 3 + 1, NULL, w.s, w.n, &status);
    return U_SUCCESS(status) ? s : arena_copy(a, "");
}

static Wide16 normal(Arena *a, Wide16 w, const UNormalizer2 *form) {
    UErrorCode status = U_ZERO_ERROR;
    if (unorm2_isNormalized(form, w.s, w.n, &status) && U_SUCCESS(status)) return w;
    status = U_ZERO_ERROR;
    int32_t room = w.n * 4 + 32;
    Wide16 to = { take_n(a, UChar, (size_t)room), 0 };
    to.n = unorm2_normalize(form, w.s, w.n, to.s, room, &status);
    if (status == U_BUFFER_OVERFLOW_ERROR) {                        /* some letters grow to 18 units */
        status = U_ZERO_ERROR;
        to.s = take_n(a, UChar, (size_t)to.n + 1);
        to.n = unorm2_normalize(form, w.s, w.n, to.s, to.n + 1, &status);
    }
    return U_SUCCESS(status) ? to : w;
}

static Wide16 nfc(Arena *a, Wide16 w) {
    UErrorCode status = U_ZERO_ERROR;
    return normal(a, w, unorm2_getNFCInstance(&status));
}

static bool is_ascii(const char *s) {
    for (; *s; s++)
        if ((unsigned char)*s >= 0x80) return false;
    return true;
}

/* ---- cleaning ---- */

static bool is_line_end(UChar32 c) {
    return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029 || c == '\v' || c == '\f';
}

static bool is_blank(UChar32 c) { return c == ' ' || c == '\t' || u_charType(c) == U_SPACE_SEPARATOR; }

/* Characters that are not seen: controls, directions, zero width; those that join letters stay. */
static bool is_hidden(UChar32 c) {
    if (c == 0x200c || c == 0x200d) return false;
    int8_t type = u_charType(c);
    return type == U_CONTROL_CHAR || type == U_FORMAT_CHAR || type == U_PRIVATE_USE_CHAR || (c & 0xfffe) == 0xfffe
        || (c >= 0xfdd0 && c <= 0xfdef);
}

static void trim_end(Text *t) {
    while (t->n && t->s[t->n - 1] == ' ') t->s[--t->n] = 0;
}

static void add_character(Text *t, UChar32 c) {
    char s[4];
    size_t n = 0;
    if (c < 0x80) s[n++] = (char)c;
    else if (c < 0x800) s[n++] = (char)(0xc0 | c >> 6);
    else if (c < 0x10000) s[n++] = (char)(0xe0 | c >> 12);
    else s[n++] = (char)(0xf0 | c >> 18);
    if (c >= 0x10000) s[n++] = (char)(0x80 | (c >> 12 & 0x3f));
    if (c >= 0x800) s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
    if (c >= 0x80) s[n++] = (char)(0x80 | (c & 0x3f));
    text_add_n(t, s, n);
}

static char *clean(Arena *a, const char *s, bool lines) {
    Wide16 w;
    if (!s || !widen(a, s, &w)) return NULL;
    Text t = { .arena = a };
    text_add(&t, "");
    for (int32_t i = 0; i < w.n;) {
        UChar32 c;
        U16_NEXT(w.s, i, w.n, c);
        if (c == '\r' && i < w.n && w.s[i] == '\n') continue;       /* CRLF is one line end */
        if (is_line_end(c) && lines) {
            trim_end(&t);
            if (t.n) text_add_n(&t, "\n", 1);
        } else if (is_blank(c) || is_line_end(c)) {
            bool doubled = t.n && t.s[t.n - 1] == ' ' && !lines;
            if (t.n && !doubled) text_add_n(&t, " ", 1);
        } else if (!is_hidden(c)) {
            add_character(&t, c);
        }
    }
    trim_end(&t);
    while (t.n && (t.s[t.n - 1] == '\n' || t.s[t.n - 1] == ' ')) t.s[--t.n] = 0;
    /* the normal form last: what was taken out may have stood between a letter and its mark */
    return is_ascii(t.s) || !widen(a, t.s, &w) ? t.s : narrow(a, nfc(a, w));
}

char *utf8_line (Arena *a, const char *s) { return clean(a, s, false); }
char *utf8_lines(Arena *a, const char *s) { return clean(a, s, true); }

char *utf8_trim(Arena *a, const char *s) {
    for (; *s; s++) {
        if ((unsigned char)*s <= ' ' || *s == 0x7f) continue;
        if (strncmp(s, "\u00a0", 2)) break;
        s++;
    }
    size_t n = strlen(s);
    for (; n; n--) {
        if ((unsigned char)s[n - 1] <= ' ' || s[n - 1] == 0x7f) continue;
        if (n < 2 || strncmp(s + n - 2, "\u00a0", 2)) break;
        n--;
    }
    return arena_copy_n(a, s, n);
}

char *utf8_exact(Arena *a, const char *s) {
    Wide16 w;
    if (!s || !is_one_line(s) || !widen(a, s, &w)) return NULL;
    return is_ascii(s) ? arena_copy(a, s) : narrow(a, nfc(a, w));
}

bool is_one_line(const char *s) {
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f) return false;
    return true;
}

/* ---- folding ---- */

static Wide16 fold(Arena *a, Wide16 w) {
    UErrorCode status = U_ZERO_ERROR;
    int32_t room = w.n * 3 + 1;
    Wide16 to = { take_n(a, UChar, (size_t)room), 0 };
    to.n = u_strFoldCase(to.s, room, w.s, w.n, U_FOLD_CASE_DEFAULT, &status);
    return U_SUCCESS(status) ? to : w;
}

char *utf8_fold(Arena *a, const char *s) {
    if (is_ascii(s)) {
        char *to = arena_copy(a, s);
        for (char *p = to; *p; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
        return to;
    }
    Wide16 w;
    return widen(a, s, &w) ? narrow(a, nfc(a, fold(a, w))) : arena_copy(a, "");
}

char *utf8_search_key(Arena *a, const char *s) {
    Wide16 w;
    Text t = { .arena = a };
    text_add(&t, "");
    if (!widen(a, s, &w)) return t.s;
    UErrorCode status = U_ZERO_ERROR;
    w = normal(a, fold(a, w), unorm2_getNFKDInstance(&status));
    bool gap = false;
    for (int32_t i = 0; i < w.n;) {
        UChar32 c;
        U16_NEXT(w.s, i, w.n, c);
        int8_t type = u_charType(c);
        bool accent = u_getIntPropertyValue(c, UCHAR_CANONICAL_COMBINING_CLASS) == 230 || c < 0x370;
        if (type == U_NON_SPACING_MARK && accent) continue;
        if (u_isalnum(c) || type == U_COMBINING_SPACING_MARK || type == U_NON_SPACING_MARK) {
            if (gap && t.n) text_add_n(&t, " ", 1);
            gap = false;
            add_character(&t, u_foldCase(c, U_FOLD_CASE_DEFAULT));
        } else if (!is_hidden(c) && c != '\'' && c != 0x2019) {
            gap = true;                                             /* O'Neil is oneil, not o neil */
        }
    }
    return t.s;
}

char *utf8_slug(Arena *a, const char *s) {
    char *key = utf8_search_key(a, s), *to = key;
    for (const char *p = key; *p && to - key < 60; p++) {
        bool keep = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        if (keep) *to++ = *p;
        else if (to > key && to[-1] != '-') *to++ = '-';
    }
    while (to > key && to[-1] == '-') to--;
    *to = 0;
    return key;
}

static void add_initial(Arena *a, Text *t, const char *word) {
    char *first = utf8_cut(a, word, 1);
    UChar wide[4], upper[12];
    int32_t n = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(wide, 4, &n, first, -1, &status);
    Wide16 w = { upper, 0 };
    w.n = u_strToUpper(upper, 12, wide, n, "", &status);
    text_add(t, U_SUCCESS(status) ? utf8_cut(a, narrow(a, w), 1) : first);
}

char *utf8_initials(Arena *a, const char *name) {
    Text t = { .arena = a };
    const char *clean_name = utf8_line(a, name), *last = clean_name ? strrchr(clean_name, ' ') : NULL;
    text_add(&t, "");
    if (clean_name && *clean_name) add_initial(a, &t, clean_name);
    if (last) add_initial(a, &t, last + 1);
    return t.s;
}

bool utf8_is_rtl(const char *s) {
    size_t n = strlen(s);
    uint32_t code;
    for (int took; n && (took = utf8_next(s, n, &code)) > 0; s += took, n -= (size_t)took) {
        UCharDirection d = u_charDirection((UChar32)code);
        if (d == U_RIGHT_TO_LEFT || d == U_RIGHT_TO_LEFT_ARABIC) return true;
        if (d == U_LEFT_TO_RIGHT) return false;
    }
    return false;
}

/* ---- addresses and numbers ---- */

static bool domain_is_valid(const char *s) {
    size_t labels = 0;
    if (strlen(s) > 253) return false;
    for (;; s++) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
        if (!n || n > 63 || s[0] == '-' || s[n - 1] == '-') return false;
        labels++;
        const char *label = s;
        s += n;
        if (*s == '.') continue;
        /* the last one is no number: not an IP address without brackets */
        return !*s && labels >= 2 && n >= 2 && strspn(label, "0123456789") != n;
    }
}

bool email_is_valid(const char *s) {
    if (!s || strlen(s) > 254) return false;
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~.-");
    if (!n || n > 64 || s[n] != '@' || s[0] == '.' || s[n - 1] == '.') return false;
    for (size_t i = 1; i < n; i++)
        if (s[i] == '.' && s[i - 1] == '.') return false;
    return domain_is_valid(s + n + 1);
}

char *email_normal(Arena *a, const char *s) {
    char *clean_text = utf8_line(a, s);
    if (!clean_text || !email_is_valid(clean_text)) return NULL;
    for (char *p = strchr(clean_text, '@'); *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
    return clean_text;
}

char *phone_e164(Arena *a, const char *s, const char *country) {
    char *clean_text = utf8_line(a, s), digits[18] = "";
    bool national = clean_text && clean_text[0] != '+';
    if (!clean_text || (national && !country)) return NULL;
    const char *p = national ? clean_text : clean_text + 1;
    size_t n = national ? strlen(country) : 0;
    if (n > 4) return NULL;
    if (national) memcpy(digits, country, n), p += *p == '0';
    for (; *p; p++) {
        if (*p >= '0' && *p <= '9') {
            if (n == 15) return NULL;
            digits[n++] = *p;
        } else if (!strchr(" -.()/", *p)) {
            return NULL;
        }
    }
    digits[n] = 0;
    return n >= 8 && digits[0] != '0' ? arena_text(a, "+%s", digits) : NULL;
}

bool phone_is_valid(const char *s) {
    if (!s || s[0] != '+' || s[1] < '1' || s[1] > '9') return false;
    size_t n = strspn(s + 1, "0123456789");
    return !s[n + 1] && n >= 8 && n <= 15;
}

/* Digits of the country's code: one of +1 and +7, three where no code of two begins so (ITU-T E.164). */
static size_t country_digits(const char *digits) {
    static const char *const twos[] = { "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44",
        "45", "46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64",
        "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98" };
    if (*digits == '1' || *digits == '7') return 1;
    for (size_t i = 0; i < sizeof twos / sizeof *twos; i++)
        if (!strncmp(digits, twos[i], 2)) return 2;
    return 3;
}

char *phone_words(Arena *a, const char *e164) {
    if (!phone_is_valid(e164)) return arena_copy(a, e164 ? e164 : "");
    const char *p = e164 + 1;
    size_t code = country_digits(p), n = strlen(p) - code;
    /* Groups of the rest: India and a few write five and five, the others three, three and what is left. */
    size_t group = !strncmp(p, "91", 2) && n == 10 ? 5 : n == 8 ? 4 : 3;
    char *to = arena_text(a, "+%.*s", (int)code, p);
    p += code;
    while (n) {
        size_t take = n <= 4 || n < group ? n : group;
        to = arena_text(a, "%s\302\240%.*s", to, (int)take, p);
        p += take, n -= take;
    }
    return to;
}

/* ---- masks ---- */

char *mask_email(Arena *a, const char *email) {
    const char *at = strrchr(email, '@');
    if (!at || at == email) return arena_copy(a, "***");
    return arena_text(a, "%s***%s", utf8_cut(a, email, 1), at);
}

char *mask_phone(Arena *a, const char *e164) {
    size_t n = strlen(e164);
    char *s = arena_copy(a, e164);
    if (n < 8) return mask_end(a, e164, 0);
    for (size_t i = 2; i < n - 4; i++) s[i] = '*';
    return s;
}

char *mask_end(Arena *a, const char *s, size_t shown) {
    size_t n = utf8_length(s), hidden = n > shown * 2 ? n - shown : n;
    Text t = { .arena = a };
    text_add(&t, "");
    for (size_t i = 0; i < hidden && i < 12; i++) text_add_n(&t, "*", 1);
    text_add(&t, character(s, hidden));
    return t.s;
}

char *utf8_plain_signs(Arena *a, const char *s) {
    /* To add one: the sign and what stands for it. */
    static const struct { const char *sign, *plain; } signs[] = {
        { "\u00a0", " " }, { "\u202f", " " }, { "\u2009", " " }, { "\u2212", "-" }, { "\u2013", "-" },
        { "\u2014", "-" },
        { "\u2026", "..." }, { "\u2018", "'" }, { "\u2019", "'" }, { "\u201c", "\"" }, { "\u201d", "\"" },
    };
    Text t = { .arena = a };
    text_add(&t, "");
    while (*s) {
        size_t plain = strcspn(s, "\xc2\xe2"), i = 0;
        text_add_n(&t, s, plain);
        s += plain;
        if (!*s) break;
        for (; i < sizeof signs / sizeof *signs; i++)
            if (!strncmp(s, signs[i].sign, strlen(signs[i].sign))) break;
        if (i < sizeof signs / sizeof *signs) text_add(&t, signs[i].plain), s += strlen(signs[i].sign);
        else text_add_n(&t, s++, 1);
    }
    return t.s;
}

/* --- places in texts ---------------------------------------------------------------------------------------------- */

char *places_filled(Arena *a, const char *s, const char *(*value)(void *arg, const char *name, size_t n), void *arg) {
    Text t = text_start(a);
    text_add(&t, "");
    const char *at = s ? s : "";
    for (const char *open, *close; (open = strstr(at, "{{")) && (close = strstr(open, "}}")); at = close + 2) {
        text_add_n(&t, at, (size_t)(open - at));
        const char *said = value(arg, open + 2, (size_t)(close - open - 2));
        if (said) text_add(&t, said);
    }
    text_add(&t, at);
    return t.s;
}
