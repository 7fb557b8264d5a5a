/* JSON from outside: what is read is written again by our own writer, read back, and must be the same. */
#include "lib/json.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static void copy(JsonOut *o, const char *name, Json j, int depth) {
    int64_t i = 0;
    bool b = false;
    const char *s;
    MUST(depth <= JSON_DEPTH_MAX + !json_size(j));          /* what is no list or object may stand in the deepest one */
    switch (json_kind(j)) {
    case JSON_KIND_OBJECT:
        json_open_object(o, name);
        for (JsonMember *m = json_members(&mem, j), *end = m + json_size(j); m < end; m++) {
            MUST(utf8_is_valid(m->name, strlen(m->name)));
            copy(o, m->name, m->value, depth + 1);
        }
        json_close(o);
        break;
    case JSON_KIND_LIST:
        json_open_list(o, name);
        for (size_t k = 0; k < json_size(j); k++) copy(o, NULL, json_item(j, k), depth + 1);
        json_close(o);
        break;
    case JSON_KIND_TEXT:
        s = json_text(j, "");
        MUST(utf8_is_valid(s, strlen(s)));
        json_add_text(o, name, s);
        break;
    case JSON_KIND_INT:
        MUST(json_int(j, "", &i));
        json_add_int(o, name, i);
        break;
    case JSON_KIND_DECIMAL:
        MUST(!json_int(j, "", &i));
        s = json_number(&mem, j, "");
        if (s) json_add_number(o, name, s);
        else json_add_text(o, name, "too precise");
        break;
    case JSON_KIND_BOOL:
        MUST(json_bool(j, "", &b));
        json_add_bool(o, name, b);
        break;
    default:
        json_add_null(o, name);
    }
}

static const char *written(Json j) {
    Text t = text_start(&mem);
    JsonOut o = json_out(&t);
    copy(&o, NULL, j, 1);
    return t.s;
}

FUZZ(bytes, n) {
    char *exact = arena_copy_n(&mem, (const char *)bytes, n);
    const char *problem = NULL;
    Json j = json_read(&mem, exact, n, 20000, &problem);
    MUST(!j.node == !!problem);
    if (!j.node) return;
    const char *once = written(j);
    Json again = json_read(&mem, once, strlen(once), 200000, &problem);
    MUST(again.node && !strcmp(once, written(again)));
    char *path = as_text(bytes, n);         /* the input is a path as well */
    json_text(j, path);
    json_number(&mem, j, path);
    json_text(j, "a.b[0].c");
}
