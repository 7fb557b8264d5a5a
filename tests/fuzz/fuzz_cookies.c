/* Cookie headers: malformed ones are skipped, never believed. */
#include "lib/request.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    char *exact = arena_copy_n(&mem, (const char *)bytes, n);
    Params p = params_start(&mem);
    Parsed r = cookies_parse(&p, exact, n);
    MUST(r.status == 0 || r.status == 400);
    MUST(p.n <= REQUEST_COOKIES_MAX);
    for (size_t i = 0; i < p.n; i++) MUST(*p.v[i].name && strlen(p.v[i].value) == p.v[i].length);
}
