/* Cookie headers: malformed ones are skipped, never believed; what is read and written again is read the same. */
#include "lib/request.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    char *exact = arena_copy_n(&mem, (const char *)bytes, n);
    Params p = params_start(&mem), again = params_start(&mem);
    Parsed r = cookies_parse(&p, exact, n);
    MUST(r.status == 0 || r.status == 400);
    MUST(p.n <= REQUEST_COOKIES_MAX);
    Text t = text_start(&mem);
    text_add(&t, "");
    for (size_t i = 0; i < p.n; i++) {
        MUST(*p.v[i].name && strlen(p.v[i].value) == p.v[i].length);
        MUST(!strpbrk(p.v[i].name, "=; \t") && !strpbrk(p.v[i].value, ";\r\n")
             && utf8_is_valid(p.v[i].value, p.v[i].length));
        text_addf(&t, "%s=%s; ", p.v[i].name, p.v[i].value);
    }
    MUST(!cookies_parse(&again, t.s, t.n).status && again.n == p.n);
    for (size_t i = 0; i < p.n; i++)
        MUST(!strcmp(again.v[i].name, p.v[i].name) && !strcmp(again.v[i].value, p.v[i].value));
}
