/* The quote document, which comes as JSON from outside: read, computed and answered, or refused with a text. */
#include "app/billing/quote.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    char *exact = arena_copy_n(&mem, (const char *)bytes, n);
    const char *answer = NULL;
    quote_run(&mem, exact, n, &answer);
    MUST(answer && *answer);
}
