/*
 * Which files are taken: see document_rules.h.
 */
#include "app/core/document_rules.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "app/core/svg_rules.h"

#define MB (1024 * 1024)

/* To add one: its kind, the types it takes (separated by blanks), its size and what is said of others. */
static const DocumentKind kinds[] = {
    { "document",          "application/pdf image/jpeg image/png image/heic image/webp", 10 * MB,
      "Choose a PDF, JPEG, PNG, HEIC or WebP file." },
    { "video",             "video/mp4",                          30 * MB, "Choose an MP4 video." },
    { "meter_photo",       "image/jpeg image/png image/webp",    10 * MB, "Choose a JPEG, PNG or WebP photo." },
    { "user_photo",        "image/jpeg image/png image/webp",     2 * MB, "Choose a JPEG, PNG or WebP photo." },
    { "logo_organization", "image/png image/svg+xml",                           1 * MB,
      "Choose a PNG or SVG picture." },
    { "logo_bill",         "image/png",                      512 * 1024, "Choose a PNG picture." },
    { "logo_portal",       "image/png",                      200 * 1024, "Choose a PNG picture." },
    { "csv",               "text/csv",                           20 * MB, "Choose a CSV file." },
    { "contact_list",      "text/csv",                           50 * MB, "Choose a CSV file." },
    { "geodata",           "text/csv application/json",          20 * MB, "Choose a CSV or GeoJSON file." },
    { "migration",         "text/csv application/zip",          250 * MB, "Choose a CSV file or a ZIP of one." },
    { "configuration",     "*",                                  10 * MB, "Choose a configuration file." },
    { "generated",         "*",                           2000LL * MB, "" },
};

const DocumentKind *document_kind(const char *kind) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].kind, kind ? kind : "document")) return &kinds[i];
    return NULL;
}

/* --- types -------------------------------------------------------------------------------------------------------- */

/* Endings and the type their files must have; files of other endings are taken by their content. */
static const struct { const char *ending, *type; } endings[] = {
    { "pdf", "application/pdf" }, { "jpg", "image/jpeg" }, { "jpeg", "image/jpeg" }, { "jpe", "image/jpeg" },
    { "png", "image/png" }, { "heic", "image/heic" },
    { "heif", "image/heic" }, { "webp", "image/webp" }, { "mp4", "video/mp4" }, { "csv", "text/csv" },
    { "txt", "text/csv" }, { "zip", "application/zip" },
    { "json", "application/json" }, { "geojson", "application/json" },
    { "html", "" }, { "htm", "" }, { "xhtml", "" }, { "svg", "image/svg+xml" }, { "js", "" }, { "mjs", "" },
    { "php", "" },
    { "exe", "" }, { "sh", "" }, { "xml", "" }, { "gif", "" },
};

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *s = words; (s = strstr(s, word)); s += n)
        if ((s == words || s[-1] == ' ') && (!s[n] || s[n] == ' ')) return true;
    return false;
}

static bool ending_fits(const char *file_name, const char *type) {
    const char *dot = file_name ? strrchr(file_name, '.') : NULL;
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot + 1, endings[i].ending)) return !strcmp(endings[i].type, type);
    return true;
}

/* What libmagic calls them: text of any kind may be CSV, HEIC has several brands. */
static const char *canonical(const DocumentKind *kind, const char *magic) {
    bool csv = strstr(kind->types, "text/csv") != NULL;
    if (csv && (!strncmp(magic, "text/", 5) || !strcmp(magic, "application/csv")) && strcmp(magic, "text/html")
        && strcmp(magic, "text/xml")) return "text/csv";
    if (!strcmp(magic, "image/heif") || !strncmp(magic, "image/heic", 10)) return "image/heic";
    if (!strcmp(magic, "video/x-m4v")) return "video/mp4";
    return magic;
}

const char *document_type(const DocumentKind *kind, const char *magic, const char *file_name) {
    const char *type = canonical(kind, magic);
    if (!strcmp(kind->types, "*")) return type;
    return has_word(kind->types, type) && ending_fits(file_name, type) ? type : NULL;
}

const char *document_refusal(Arena *a, const DocumentKind *kind, const char *magic, const char *file_name, int64_t size,
                             const void *bytes, size_t n) {
    if (!size) return "The file is empty.";
    if (size > kind->bytes_max)
        return kind->bytes_max >= MB ? text(a, "The file is larger than %lld MB.", (long long)(kind->bytes_max / MB))
            : text(a, "The file is larger than %lld KB.", (long long)(kind->bytes_max / 1024));
    const char *type = document_type(kind, magic, file_name);
    if (!type) return has_word(kind->types, canonical(kind, magic)) ? "The file's content does not fit its name."
        : kind->says;
    int64_t width = 0, height = 0;
    if (!strcmp(type, "image/svg+xml") && strcmp(kind->types, "*")) return svg_refusal(bytes, n);
    if (!strcmp(kind->types, "*") || strncmp(type, "image/", 6) || !strcmp(type, "image/heic")) return NULL;
    if (!picture_size(bytes, n, &width, &height) || width < 1 || height < 1) return "The picture is damaged.";
    if (width > 30000 || height > 30000 || width * height > PICTURE_PIXELS_MAX)
        return "The picture has more than 50 megapixels.";
    return NULL;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

static int64_t big(const uint8_t *p, int n) {
    int64_t v = 0;
    for (int i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

static int64_t small(const uint8_t *p, int n) {
    int64_t v = 0;
    for (int i = n; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static bool jpeg_size(const uint8_t *p, size_t n, int64_t *width, int64_t *height) {
    for (size_t at = 2; at + 9 < n;) {
        if (p[at] != 0xff) return false;
        uint8_t kind = p[at + 1];
        if (kind == 0xff) { at++; continue; }
        if (kind >= 0xc0 && kind <= 0xcf && kind != 0xc4 && kind != 0xc8 && kind != 0xcc) {
            *height = big(p + at + 5, 2);
            *width = big(p + at + 7, 2);
            return true;
        }
        if (kind == 0xd8 || kind == 0x01 || (kind >= 0xd0 && kind <= 0xd7)) { at += 2; continue; }
        at += 2 + (size_t)big(p + at + 2, 2);
    }
    return false;
}

static bool webp_size(const uint8_t *p, size_t n, int64_t *width, int64_t *height) {
    if (n < 30) return false;
    if (!memcmp(p + 12, "VP8X", 4)) {
        *width = small(p + 24, 3) + 1;
        *height = small(p + 27, 3) + 1;
    } else if (!memcmp(p + 12, "VP8L", 4)) {
        *width = (small(p + 21, 4) & 0x3fff) + 1;
        *height = (small(p + 21, 4) >> 14 & 0x3fff) + 1;
    } else if (!memcmp(p + 12, "VP8 ", 4)) {
        *width = small(p + 26, 2) & 0x3fff;
        *height = small(p + 28, 2) & 0x3fff;
    } else {
        return false;
    }
    return true;
}

bool picture_size(const void *bytes, size_t n, int64_t *width, int64_t *height) {
    const uint8_t *p = bytes;
    if (n >= 24 && !memcmp(p, "\x89PNG\r\n\x1a\n", 8) && !memcmp(p + 12, "IHDR", 4)) {
        *width = big(p + 16, 4);
        *height = big(p + 20, 4);
        return true;
    }
    if (n >= 4 && p[0] == 0xff && p[1] == 0xd8) return jpeg_size(p, n, width, height);
    if (n >= 16 && !memcmp(p, "RIFF", 4) && !memcmp(p + 8, "WEBP", 4)) return webp_size(p, n, width, height);
    return false;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

char *document_name(Arena *a, const char *file_name) {
    const char *name = file_name ? file_name : "";
    for (const char *s = name; *s; s++)
        if (*s == '/' || *s == '\\') name = s + 1;
    char *to = take(a, strlen(name) + 5);
    size_t n = 0;
    for (; *name && n < DOCUMENT_NAME_MAX; name++)
        to[n++] = (unsigned char)*name < ' ' || *name == 127 || strchr("\"<>:|?*;", *name) ? '_' : *name;
    while (n && ((unsigned char)to[n - 1] & 0xc0) == 0x80 && *name) n--;        /* not within a character */
    if (n && *name && (unsigned char)to[n - 1] >= 0xc0) n--;
    to[n] = 0;
    if (!n || !strcmp(to, ".") || !strcmp(to, "..")) memcpy(to, "file", 5);
    return to;
}
