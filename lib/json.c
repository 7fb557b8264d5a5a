/*
 * JSON: see json.h. jansson reads; the depth is counted before, because its own limit is fixed at 2048.
 */
#include "lib/json.h"
#include "lib/utf8.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMAL_PLACES_MAX = 15 };

/* ---- Reading ---- */

/* Brackets outside of texts. Exact for good JSON; for bad JSON it does not matter. */
static bool is_too_deep(const char *s, size_t n) {
    int depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < n; i++) {
        if (in_text) {
            if (s[i] == '\\') i++;
            else if (s[i] == '"') in_text = false;
        } else if (s[i] == '"') in_text = true;
        else if (s[i] == '[' || s[i] == '{') {
            if (++depth > JSON_DEPTH_MAX) return true;
        } else if (s[i] == ']' || s[i] == '}') depth--;
    }
    return false;
}

static void release(void *root) {
    json_decref(root);
}

Json json_read(Arena *a, const char *bytes, size_t n, size_t size_max, const char **problem) {
    const char *ignored;
    if (!problem) problem = &ignored;
    *problem = NULL;
    if (n > size_max || n > JSON_SIZE_MAX) return *problem = "The JSON is too large.", (Json){ 0 };
    if (is_too_deep(bytes, n)) return *problem = "The JSON is nested too deeply.", (Json){ 0 };
    json_error_t error;
    json_t *root = n ? json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!root) {
        *problem = n ? text(a, "The JSON cannot be read (line %d, column %d).", error.line, error.column)
            : "The JSON is empty.";
        return (Json){ 0 };
    }
    later(a, release, root);
    return (Json){ root };
}

static const json_t *node(Json j) {
    return j.node;
}

Json json_member(Json j, const char *name) {
    return (Json){ json_object_get(node(j), name) };
}

Json json_item(Json j, size_t i) {
    return (Json){ json_array_get(node(j), i) };
}

/* "[12]" behind a name: *s goes behind it. -1 when it is not of this form. */
static long place(const char **s) {
    long i = 0;
    const char *p = *s + 1;
    if (*p == ']') return -1;
    for (; *p >= '0' && *p <= '9' && i < 100000000; p++) i = i * 10 + (*p - '0');
    if (*p != ']') return -1;
    *s = p + 1;
    return i;
}

Json json_at(Json j, const char *path) {
    for (const char *s = path; *s && j.node;) {
        if (*s == '[') {
            long i = place(&s);
            if (i < 0) return (Json){ 0 };
            j = json_item(j, (size_t)i);
        } else {
            size_t n = strcspn(s, ".[");
            j = (Json){ json_object_getn(node(j), s, n) };
            s += n;
        }
        if (*s == '.') s++;
    }
    return j;
}

JsonKind json_kind(Json j) {
    if (!j.node) return JSON_KIND_NONE;
    switch (json_typeof(node(j))) {
    case JSON_OBJECT:  return JSON_KIND_OBJECT;
    case JSON_ARRAY:   return JSON_KIND_LIST;
    case JSON_STRING:  return JSON_KIND_TEXT;
    case JSON_INTEGER: return JSON_KIND_INT;
    case JSON_REAL:    return JSON_KIND_DECIMAL;
    case JSON_TRUE:
    case JSON_FALSE:   return JSON_KIND_BOOL;
    case JSON_NULL:    return JSON_KIND_NULL;
    }
    return JSON_KIND_NONE;
}

size_t json_size(Json j) {
    return json_array_size(node(j)) + json_object_size(node(j));
}

JsonMember *json_members(Arena *a, Json j) {
    json_t *object = (json_t *)j.node;
    JsonMember *all = take_n(a, JsonMember, json_object_size(object)), *to = all;
    const char *name;
    json_t *value;
    if (json_is_object(object)) json_object_foreach(object, name, value) *to++ = (JsonMember){ name, { value } };
    return all;
}

const char *json_text(Json j, const char *path) {
    return json_string_value(node(json_at(j, path)));
}

bool json_int(Json j, const char *path, int64_t *out) {
    const json_t *n = node(json_at(j, path));
    if (!json_is_integer(n)) return false;
    *out = json_integer_value(n);
    return true;
}

bool json_bool(Json j, const char *path, bool *out) {
    const json_t *n = node(json_at(j, path));
    if (!json_is_boolean(n)) return false;
    *out = json_is_true(n);
    return true;
}

static size_t significant_digits(const char *s) {
    size_t n = 0;
    for (s += strspn(s, "-0."); *s; s++) n += *s != '.';
    return n;
}

/* A decimal of up to 15 digits survives the way through a double: the first text of so many digits that reads back as
 * the same double is the one sent. When none does, more digits were sent than can be known. */
const char *json_number(Arena *a, Json j, const char *path) {
    const json_t *n = node(json_at(j, path));
    if (json_is_integer(n)) return text(a, "%lld", (long long)json_integer_value(n));
    if (!json_is_real(n)) return NULL;
    double value = json_real_value(n), back;
    if (value >= 1e15 || value <= -1e15) return NULL;
    for (int places = 0; places <= DECIMAL_PLACES_MAX; places++) {
        char s[64];
        snprintf(s, sizeof s, "%.*f", places, value);
        if (sscanf(s, "%lf", &back) != 1 || back < value || back > value || significant_digits(s) > 15) continue;
        return text_copy(a, strspn(s, "-0.") == strlen(s) ? "0" : s);
    }
    return NULL;
}

const char *json_rounded(Arena *a, Json j, const char *path, int places) {
    const json_t *n = node(json_at(j, path));
    if (json_is_integer(n)) return text(a, "%lld", (long long)json_integer_value(n));
    if (!json_is_real(n) || json_real_value(n) >= 1e15 || json_real_value(n) <= -1e15) return NULL;
    char *s = text(a, "%.*f", places < 0 ? 0 : places > DECIMAL_PLACES_MAX ? DECIMAL_PLACES_MAX : places,
                   json_real_value(n));
    if (strchr(s, '.')) {
        size_t end = strlen(s);
        while (s[end - 1] == '0') end--;
        s[s[end - 1] == '.' ? end - 1 : end] = 0;
    }
    return strspn(s, "-0.") == strlen(s) ? "0" : s;
}

const char *json_source(Arena *a, Json j) {
    char *s = json_dumps(node(j), JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    const char *copy = text_copy(a, s ? s : "null");
    free(s);
    return copy;
}

/* ---- Writing ---- */

static void add_quoted(Text *t, const char *s);

static void begin(JsonOut *o, const char *name) {
    assert((name != NULL) == (o->depth && o->close[o->depth - 1] == '}'));
    if (o->filled) text_add_n(o->to, ",", 1);
    if (name) {
        add_quoted(o->to, name);
        text_add_n(o->to, ":", 1);
    }
    o->filled = true;
}

static void open_with(JsonOut *o, const char *name, const char *sign, char close) {
    begin(o, name);
    assert(o->depth < JSON_DEPTH_MAX);
    text_add(o->to, sign);
    o->close[o->depth++] = close;
    o->filled = false;
}

void json_open_object(JsonOut *o, const char *name) { open_with(o, name, "{", '}'); }
void json_open_list(JsonOut *o, const char *name)   { open_with(o, name, "[", ']'); }

void json_close(JsonOut *o) {
    assert(o->depth);
    text_add_n(o->to, &o->close[--o->depth], 1);
    o->filled = true;
}

static void add_quoted(Text *t, const char *value) {
    text_add_n(t, "\"", 1);
    for (const unsigned char *s = (const unsigned char *)value, *end = s + strlen(value); s < end;) {
        size_t n = (size_t)utf8_next((const char *)s, (size_t)(end - s), NULL);
        if (!n)                                                        text_add(t, "\xef\xbf\xbd");
        else if (*s == '"' || *s == '\\')                              text_addf(t, "\\%c", *s);
        else if (*s == '\n')                                           text_add(t, "\\n");
        else if (*s < 0x20 || *s == 0x7f || *s == '<' || *s == '>' || *s == '&') text_addf(t, "\\u%04x", *s);
        else if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
            text_addf(t, "\\u20%02x", s[2] - 0x80);
        else                                                           text_add_n(t, (const char *)s, n);
        s += n ? n : 1;
    }
    text_add_n(t, "\"", 1);
}

void json_add_text(JsonOut *o, const char *name, const char *value) {
    begin(o, name);
    if (value) add_quoted(o->to, value);
    else text_add(o->to, "null");
}

void json_add_int(JsonOut *o, const char *name, int64_t value) {
    begin(o, name);
    text_addf(o->to, "%lld", (long long)value);
}

void json_add_bool(JsonOut *o, const char *name, bool value) {
    begin(o, name);
    text_add(o->to, value ? "true" : "false");
}

void json_add_null(JsonOut *o, const char *name) {
    begin(o, name);
    text_add(o->to, "null");
}

void json_add_number(JsonOut *o, const char *name, const char *decimal) {
    assert(*decimal && strspn(decimal, "-0123456789.") == strlen(decimal));
    begin(o, name);
    text_add(o->to, decimal);
}

void json_add_json(JsonOut *o, const char *name, const char *json) {
    begin(o, name);
    text_add(o->to, json);
}
