/*
 * Fuzz targets: one file a parser of outside bytes, fuzz_<name>.c, with FUZZ(bytes, n) { ... } that feeds the bytes and
 * asserts what must hold of the answer. Seeds stand in corpus/<name>/, words in <name>.dict. tests/fuzz/run builds and
 * runs them with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer (`make fuzz FUZZ_SECONDS=3600`).
 * tests/lib/test_corpus.c runs all targets over their seeds in every `make check`; a new target is added to its
 * sources.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

/* Kept on in every build. */
#define MUST(fact) do { if (!(fact)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #fact); abort(); } } while (0)

static Arena mem;       /* of one input */

/* The bytes as a text: up to the first NUL, in memory of exactly that size. */
static inline char *as_text(const uint8_t *bytes, size_t n) {
    size_t length = n ? strnlen((const char *)bytes, n) : 0;
    return arena_copy_n(&mem, (const char *)bytes, length);
}

static void fuzz_one(const uint8_t *bytes, size_t n);
#ifdef FUZZ_REPLAY
void fuzz_register(const char *file, void (*run)(const uint8_t *bytes, size_t n));
static void fuzz_input(const uint8_t *bytes, size_t n) {
    fuzz_one(bytes, n);
    arena_reset(&mem);
}
__attribute__((constructor)) static void fuzz_target(void) { fuzz_register(__BASE_FILE__, fuzz_input); }
#else
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    fuzz_one(bytes, n);
    arena_reset(&mem);
    return 0;
}
#endif
#define FUZZ(bytes, n) static void fuzz_one(const uint8_t *bytes, size_t n)

#endif
