/*
 * Queries and urlencoded bodies: what comes out is valid UTF-8 without NUL and within the limits, and written with
 * every byte encoded it is read the same.
 */
#include "lib/request.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static void encode(Text *t, const char *s) {
    for (; *s; s++) text_addf(t, "%%%02x", (unsigned char)*s);
}

FUZZ(bytes, n) {
    char *exact = arena_copy_n(&mem, (const char *)bytes, n);
    Params p = params_start(&mem), again = params_start(&mem);
    Parsed r = urlencoded_parse(&p, exact, n);
    MUST(!r.status == !r.text);
    MUST(p.n <= REQUEST_FIELDS_MAX);
    if (r.status) return;
    Text t = text_start(&mem);
    text_add(&t, "");
    for (size_t i = 0; i < p.n; i++) {
        MUST(strlen(p.v[i].name) <= REQUEST_NAME_MAX);
        MUST(strlen(p.v[i].value) == p.v[i].length);
        MUST(utf8_is_valid(p.v[i].name, strlen(p.v[i].name)) && utf8_is_valid(p.v[i].value, p.v[i].length));
        encode(&t, p.v[i].name);
        text_add(&t, "=");
        encode(&t, p.v[i].value);
        text_add(&t, "&");
        if (i < 3)
            MUST(param_find(&p, p.v[i].name) && param_all(&mem, &p, p.v[i].name).n == param_count(&p, p.v[i].name));
    }
    MUST(!urlencoded_parse(&again, t.s, t.n).status && again.n == p.n);
    for (size_t i = 0; i < p.n; i++)
        MUST(!strcmp(again.v[i].name, p.v[i].name) && !strcmp(again.v[i].value, p.v[i].value));
}
