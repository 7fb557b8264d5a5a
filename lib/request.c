/*
 * Path, query, urlencoded body, cookies, headers and addresses: see request.h. Multipart stands in multipart.c.
 * One pass over the bytes, one copy for the decoded text, nothing quadratic. The strict choice is taken wherever two
 * programs could read the same bytes differently.
 */
#include "lib/request.h"
#include "lib/utf8.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const Parsed GOOD          = { 0, NULL };
static const Parsed BAD_ENCODING  = { 400, "The request contains characters that cannot be read." };
static const Parsed BAD_PATH      = { 400, "This address is not valid." };
static const Parsed LONG_PATH     = { 400, "This address is too long." };
static const Parsed MANY_FIELDS   = { 413, "The form has too many fields." };
static const Parsed LONG_NAME     = { 413, "The name of a form field is too long." };
static const Parsed LONG_QUERY    = { 413, "The query of this address is too long." };
static const Parsed BIG_FORM      = { 413, "The form is too large." };
static const Parsed MANY_COOKIES  = { 400, "The browser sent too many cookies." };
static const Parsed BAD_TYPE      = { 400, "The kind of the content cannot be read." };
static const Parsed BAD_CHARSET   = { 400, "The content must be in UTF-8." };
static const Parsed BAD_LENGTH    = { 400, "The length of the content is not a number." };

/* ---- Characters: the C locale only, whatever the process has set ---- */

static bool  is_digit(char c)   { return c >= '0' && c <= '9'; }
static bool  is_letter(char c)  { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool  is_blank(char c)   { return c == ' ' || c == '\t'; }
static bool  is_control(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }
static char  lower(char c)      { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* RFC 9110 token. */
static bool is_token(char c) {
    return is_letter(c) || is_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- Parameters ---- */

const char *param_find(const Params *p, const char *name) {
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->v[i].name, name)) return p->v[i].value;
    return NULL;
}

size_t param_count(const Params *p, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < p->n; i++) count += !strcmp(p->v[i].name, name);
    return count;
}

Texts param_all(Arena *a, const Params *p, const char *name) {
    Texts all = { .v = take_n(a, const char *, param_count(p, name)) };
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->v[i].name, name)) all.v[all.n++] = p->v[i].value;
    return all;
}

bool param_add(Params *p, const char *name, const char *value, size_t length) {
    if (p->n == REQUEST_FIELDS_MAX) return false;
    if (p->n == p->room) {
        size_t room = p->room ? p->room * 2 : 16;
        Param *grown = take_n(p->arena, Param, room);
        if (p->n) memcpy(grown, p->v, p->n * sizeof *grown);
        p->v = grown;
        p->room = room;
    }
    p->v[p->n++] = (Param){ name, value, length };
    return true;
}

/* Decodes n bytes to `to` (never longer than n) and ends them with 0. -1: broken %xx, NUL, or not UTF-8. */
static ptrdiff_t percent_decode(char *to, const char *from, size_t n, bool plus_is_blank) {
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        char c = from[i];
        if (c == '+' && plus_is_blank) c = ' ';
        if (c == '%') {
            if (n - i < 3) return -1;
            int high = hex_value(from[i + 1]), low = hex_value(from[i + 2]);
            if (high < 0 || low < 0) return -1;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (!c) return -1;
        to[length++] = c;
    }
    to[length] = 0;
    return utf8_is_valid(to, length) ? (ptrdiff_t)length : -1;
}

/* One `name=value`. *room advances over what was written. */
static Parsed pair_parse(Params *out, char **room, const char *pair, size_t n) {
    const char *sign = memchr(pair, '=', n);
    size_t name_n = sign ? (size_t)(sign - pair) : n;
    char *name = *room;
    ptrdiff_t length = percent_decode(name, pair, name_n, true);
    if (length < 0) return BAD_ENCODING;
    if (length > REQUEST_NAME_MAX) return LONG_NAME;
    char *value = name + length + 1;
    length = sign ? percent_decode(value, sign + 1, n - name_n - 1, true) : 0;
    if (length < 0) return BAD_ENCODING;
    value[length] = 0;
    *room = value + length + 1;
    return param_add(out, name, value, (size_t)length) ? GOOD : MANY_FIELDS;
}

Parsed urlencoded_parse(Params *out, const char *bytes, size_t n) {
    if (!n) return GOOD;
    if (n > REQUEST_FORM_MAX) return BIG_FORM;
    char *room = take(out->arena, 2 * n + 2);       /* two ends for each pair; the shortest, "a&", has two bytes */
    for (const char *pair = bytes, *end = bytes + n; pair < end;) {
        const char *stop = memchr(pair, '&', (size_t)(end - pair));
        if (!stop) stop = end;
        if (stop > pair) {
            Parsed p = pair_parse(out, &room, pair, (size_t)(stop - pair));
            if (p.status) return p;
        }
        pair = stop + 1;
    }
    return GOOD;
}

/* A cookie as RFC 6265 lets a server set it; a value may be quoted, and the quotes belong to it. */
static bool cookie_is_sound(const char *name, size_t name_n, const char *value, size_t value_n) {
    if (!name_n || name_n > REQUEST_NAME_MAX) return false;
    for (size_t i = 0; i < name_n; i++)
        if (!is_token(name[i])) return false;
    for (size_t i = 0; i < value_n; i++)
        if (is_control(value[i])) return false;
    return utf8_is_valid(value, value_n);
}

Parsed cookies_parse(Params *out, const char *header, size_t n) {
    size_t seen = 0;
    for (const char *s = header, *end = header + n; s < end;) {
        const char *stop = memchr(s, ';', (size_t)(end - s)), *next;
        if (!stop) stop = end;
        next = stop + 1;
        while (s < stop && is_blank(*s)) s++;
        while (stop > s && is_blank(stop[-1])) stop--;
        const char *sign = memchr(s, '=', (size_t)(stop - s));
        if (stop > s && ++seen > REQUEST_COOKIES_MAX) return MANY_COOKIES;
        if (sign && cookie_is_sound(s, (size_t)(sign - s), sign + 1, (size_t)(stop - sign - 1))) {
            size_t length = (size_t)(stop - sign - 1);
            param_add(out, text_copy_n(out->arena, s, (size_t)(sign - s)), text_copy_n(out->arena, sign + 1, length),
                      length);
        }
        s = next;
    }
    return GOOD;
}

/* ---- Target ---- */

/* No control characters, no backslash; and no piece between slashes (a slash may have been written %2F) that is empty,
 * "." or "..": a part that is later joined to something must not walk. */
static bool segment_is_sound(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (is_control(s[i]) || s[i] == '\\') return false;
    for (const char *piece = s, *end = s + n;; ) {
        const char *stop = memchr(piece, '/', (size_t)(end - piece));
        if (!stop) stop = end;
        size_t length = (size_t)(stop - piece);
        if (!length || (length == 1 && piece[0] == '.') || (length == 2 && piece[0] == '.' && piece[1] == '.'))
            return false;
        if (stop == end) return true;
        piece = stop + 1;
    }
}

Parsed path_parse(Arena *a, const char *bytes, size_t n, Path *out) {
    *out = (Path){ .text = "/" };
    if (!n || bytes[0] != '/') return BAD_PATH;
    if (n > REQUEST_PATH_MAX) return LONG_PATH;
    Text whole = text_start(a);
    for (const char *s = bytes + 1, *end = bytes + n; s < end;) {
        const char *stop = memchr(s, '/', (size_t)(end - s));
        if (!stop) stop = end;
        char *segment = take(a, (size_t)(stop - s) + 1);
        ptrdiff_t length = percent_decode(segment, s, (size_t)(stop - s), false);
        if (length < 0) return BAD_ENCODING;
        if (!segment_is_sound(segment, (size_t)length) || out->n == REQUEST_SEGMENTS_MAX) return BAD_PATH;
        out->segment[out->n++] = segment;
        text_add_n(&whole, "/", 1);
        text_add_n(&whole, segment, (size_t)length);
        s = stop + 1;
    }
    out->ends_with_slash = bytes[n - 1] == '/';
    if (out->ends_with_slash) text_add_n(&whole, "/", 1);
    out->text = whole.s;
    return GOOD;
}

Parsed target_parse(Arena *a, const char *uri, Path *path, Params *query) {
    size_t n = strlen(uri);
    const char *sign = memchr(uri, '?', n);
    size_t path_n = sign ? (size_t)(sign - uri) : n;
    Parsed p = path_parse(a, uri, path_n, path);
    if (p.status || !sign) return p;
    if (n - path_n - 1 > REQUEST_QUERY_MAX) return LONG_QUERY;
    return urlencoded_parse(query, sign + 1, n - path_n - 1);
}

/* An encoded slash or backslash in second place is refused too: somebody on the way may decode it. */
bool path_is_own(const char *s) {
    if (!s || s[0] != '/' || s[1] == '/' || s[1] == '\\') return false;
    if (s[1] == '%' && (!strncasecmp(s + 1, "%2f", 3) || !strncasecmp(s + 1, "%5c", 3))) return false;
    for (size_t i = 0; s[i]; i++)
        if (is_control(s[i]) || s[i] == '\\') return false;
    return utf8_is_valid(s, strlen(s));
}

/* ---- Headers ---- */

/* `name=token` or `name="text"` behind a ";". *value is in the arena, *s goes behind it. */
static bool parameter_parse(Arena *a, const char **s, const char **name, const char **value) {
    const char *p = *s, *start = p;
    while (is_token(*p)) p++;
    if (p == start || *p != '=') return false;
    char *low = text_copy_n(a, start, (size_t)(p - start));
    for (char *c = low; *c; c++) *c = lower(*c);
    *name = low;
    p++;
    if (*p != '"') {
        start = p;
        while (is_token(*p)) p++;
        *value = text_copy_n(a, start, (size_t)(p - start));
        *s = p;
        return p > start;
    }
    Text t = text_start(a);
    text_add(&t, "");
    for (p++; *p != '"'; p++) {
        if (*p == '\\') p++;
        if (is_control(*p)) return false;           /* also the end of the text */
        text_add_n(&t, p, 1);
    }
    *value = t.s;
    *s = p + 1;
    return true;
}

/* RFC 2046: 1 to 70 of bchars, not ending with a blank. */
static bool boundary_is_sound(const char *s) {
    size_t n = strlen(s);
    if (!n || n > MULTIPART_BOUNDARY_MAX || s[n - 1] == ' ') return false;
    for (size_t i = 0; i < n; i++)
        if (!is_letter(s[i]) && !is_digit(s[i]) && !strchr("'()+_,-./:=? ", s[i])) return false;
    return true;
}

static BodyKind body_kind(const char *type) {
    if (!strcmp(type, "application/x-www-form-urlencoded")) return BODY_URLENCODED;
    if (!strcmp(type, "multipart/form-data")) return BODY_MULTIPART;
    if (!strcmp(type, "application/json")) return BODY_JSON;
    return BODY_OTHER;
}

Parsed content_type_parse(Arena *a, const char *header, ContentType *out) {
    *out = (ContentType){ .type = "" };
    if (!header || !*header) return GOOD;
    const char *s = header, *charset = NULL;
    while (is_blank(*s)) s++;
    const char *start = s;
    while (is_token(*s)) s++;
    if (s == start || *s != '/') return BAD_TYPE;
    const char *second = ++s;
    while (is_token(*s)) s++;
    if (s == second) return BAD_TYPE;
    char *type = text_copy_n(a, start, (size_t)(s - start));
    for (char *c = type; *c; c++) *c = lower(*c);
    *out = (ContentType){ .kind = body_kind(type), .type = type };
    for (;;) {
        while (is_blank(*s)) s++;
        if (!*s) break;
        if (*s++ != ';') return BAD_TYPE;
        while (is_blank(*s)) s++;
        if (!*s) break;                             /* a lone ";" at the end is often seen */
        const char *name, *value;
        if (!parameter_parse(a, &s, &name, &value)) return BAD_TYPE;
        const char **kept = !strcmp(name, "boundary") ? &out->boundary : !strcmp(name, "charset") ? &charset : NULL;
        if (kept && *kept) return BAD_TYPE;
        if (kept) *kept = value;
    }
    if (out->kind == BODY_MULTIPART && (!out->boundary || !boundary_is_sound(out->boundary))) return BAD_TYPE;
    if (out->kind != BODY_MULTIPART) out->boundary = NULL;
    if (out->kind != BODY_OTHER && charset && strcasecmp(charset, "utf-8") && strcasecmp(charset, "utf8"))
        return BAD_CHARSET;
    return GOOD;
}

Parsed content_length_parse(const char *header, int64_t *out) {
    *out = 0;
    if (!header || !*header) return GOOD;
    size_t n = strlen(header);
    if (n > 15) return BAD_LENGTH;
    int64_t length = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(header[i])) return BAD_LENGTH;
        length = length * 10 + (header[i] - '0');
    }
    *out = length;
    return GOOD;
}

static bool port_is_sound(const char *s) {
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (!is_digit(s[i])) return false;
    return n <= 5;
}

static const char *host_v6(Arena *a, const char *header) {
    const char *end = strchr(header, ']');
    if (!end || (end[1] && (end[1] != ':' || !port_is_sound(end + 2)))) return NULL;
    Address address;
    if (!address_parse(text_copy_n(a, header + 1, (size_t)(end - header - 1)), &address)) return NULL;
    return text(a, "[%s]", address_text(a, &address));
}

const char *host_parse(Arena *a, const char *header) {
    if (!header) return NULL;
    if (header[0] == '[') return host_v6(a, header);
    size_t n = strcspn(header, ":");
    if (header[n] && !port_is_sound(header + n + 1)) return NULL;
    if (n && header[n - 1] == '.') n--;
    if (!n || n > REQUEST_HOST_MAX) return NULL;
    char *host = text_copy_n(a, header, n);
    for (size_t i = 0, label = 0; i < n; i++) {
        host[i] = lower(host[i]);
        if (host[i] == '.') {
            if (i == label) return NULL;
            label = i + 1;
        } else if ((!is_letter(host[i]) && !is_digit(host[i]) && host[i] != '-' && host[i] != '_') || i - label >= 63)
            return NULL;
    }
    return host;
}

/* ---- Addresses ---- */

bool address_parse(const char *s, Address *out) {
    *out = (Address){ 0 };
    if (!s || strlen(s) >= INET6_ADDRSTRLEN) return false;
    struct in_addr v4;
    if (inet_pton(AF_INET, s, &v4) == 1) {          /* glibc refuses leading zeros and short forms */
        memcpy(out->bytes + 12, &v4, 4);
        out->bytes[10] = out->bytes[11] = 0xff;
        out->is_v4 = true;
        return true;
    }
    if (inet_pton(AF_INET6, s, out->bytes) != 1) return *out = (Address){ 0 }, false;
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    out->is_v4 = !memcmp(out->bytes, mapped, sizeof mapped);
    return true;
}

const char *address_text(Arena *a, const Address *address) {
    char s[INET6_ADDRSTRLEN];
    const char *done = address->is_v4 ? inet_ntop(AF_INET, address->bytes + 12, s, sizeof s)
                                      : inet_ntop(AF_INET6, address->bytes, s, sizeof s);
    assert(done);
    return text_copy(a, done);
}

bool network_parse(const char *s, Network *out) {
    *out = (Network){ 0 };
    if (!s) return false;
    const char *slash = strchr(s, '/');
    size_t n = slash ? (size_t)(slash - s) : strlen(s);
    char address[INET6_ADDRSTRLEN];
    if (n >= sizeof address) return false;
    memcpy(address, s, n);
    address[n] = 0;
    if (!address_parse(address, &out->address)) return false;
    int width = out->address.is_v4 && !strchr(address, ':') ? 32 : 128, bits = width;
    if (slash) {
        const char *digits = slash + 1;
        size_t count = strlen(digits);
        if (!count || count > 3 || (count > 1 && digits[0] == '0')) return false;
        bits = 0;
        for (size_t i = 0; i < count; i++) {
            if (!is_digit(digits[i])) return false;
            bits = bits * 10 + (digits[i] - '0');
        }
        if (bits > width) return false;
    }
    out->bits = bits + 128 - width;
    for (int bit = out->bits; bit < 128; bit++)
        if (out->address.bytes[bit / 8] & (0x80 >> bit % 8)) return false;
    return true;
}

bool network_has(const Network *network, const Address *address) {
    int whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, (size_t)whole)) return false;
    if (!rest) return true;
    int mask = 0xff00 >> rest & 0xff;
    return (network->address.bytes[whole] & mask) == (address->bytes[whole] & mask);
}
