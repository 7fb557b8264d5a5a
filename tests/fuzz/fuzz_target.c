/* Paths with their queries, and where a redirect may lead. */
#include "lib/request.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    char *s = as_text(bytes, n);
    Path path = { 0 };
    Params query = params_start(&mem);
    Parsed r = target_parse(&mem, s, &path, &query);
    if (!r.status) {
        MUST(path.n <= REQUEST_SEGMENTS_MAX);
        for (size_t i = 0; i < path.n; i++) {
            MUST(*path.segment[i] && strcmp(path.segment[i], ".") && strcmp(path.segment[i], ".."));
            MUST(utf8_is_valid(path.segment[i], strlen(path.segment[i])));
        }
    }
    if (path_is_own(s)) MUST(s[0] == '/' && s[1] != '/' && s[1] != '\\' && !strpbrk(s, "\r\n"));
}
