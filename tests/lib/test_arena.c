/*
 * Texts in an arena: what is printed without vsnprintf is what vsnprintf prints, also at the end of a block.
 */
#include <limits.h>

#include "lib/arena.h"
#include "tests/suite.h"

static Arena mem;

#define SAME_PRINT(...) do {                                            \
        char wanted[400];                                               \
        snprintf(wanted, sizeof wanted, __VA_ARGS__);                   \
        SAME_TEXT(text(&mem, __VA_ARGS__), wanted);                     \
    } while (0)

static void prints_as_c_does(void) {
    const char *volatile nothing = NULL;
    SAME_PRINT("plain");
    SAME_PRINT("%s.%zu%s%s", "show.facts", (size_t)17, ".", "label");
    SAME_PRINT("%d %d %d", 0, INT_MIN, INT_MAX);
    SAME_PRINT("%lld|%lld|%lld", 0LL, LLONG_MIN, LLONG_MAX);
    SAME_PRINT("%zu of %zu", (size_t)0, SIZE_MAX);
    SAME_PRINT("100 %% of %s", "it");
    SAME_PRINT("%5d|%-5s|%.2s|%x|%c|%04d", 7, "ab", "abc", 255, 'z', 3);
    SAME_PRINT("%s then %.3f", "a", 1.5);
    SAME_PRINT("%s", nothing ? nothing : "");
    SAME_TEXT(text(&mem, "%s", ""), "");
}

/* Longer and longer texts until several blocks are full: none is cut, none runs over another. */
static void fills_blocks(void) {
    Arena a = { 0 };
    char long_text[3001];
    memset(long_text, 'x', 3000);
    long_text[3000] = 0;
    const char *kept[600];
    for (int i = 0; i < 600; i++) kept[i] = text(&a, "%d:%s", i, long_text + 3000 - i * 5);
    for (int i = 0; i < 600; i++) {
        char head[16];
        size_t n = (size_t)snprintf(head, sizeof head, "%d:", i);
        CU_ASSERT_TRUE(!strncmp(kept[i], head, n) && strlen(kept[i]) == n + (size_t)i * 5);
    }
    arena_end(&a);
}

int main(void) {
    int failed = suite_run("arena", (SuiteTest[]){ { "prints as C does", prints_as_c_does },
                                                   { "blocks are filled", fills_blocks }, { 0 } });
    arena_end(&mem);
    return failed;
}
