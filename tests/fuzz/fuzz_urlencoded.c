/* Queries and urlencoded bodies: what comes out is valid UTF-8 without NUL and within the limits. */
#include "lib/request.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    char *exact = arena_copy_n(&mem, (const char *)bytes, n);
    Params p = params_start(&mem);
    Parsed r = urlencoded_parse(&p, exact, n);
    MUST(!r.status || r.text);
    MUST(p.n <= REQUEST_FIELDS_MAX);
    for (size_t i = 0; !r.status && i < p.n; i++) {
        MUST(strlen(p.v[i].name) <= REQUEST_NAME_MAX);
        MUST(strlen(p.v[i].value) == p.v[i].length);
        MUST(utf8_is_valid(p.v[i].value, p.v[i].length));
    }
}
