/*
 * Figures kept for a minute: see kept.h.
 */
#include "lib/kept.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/date.h"

enum { KEPT_MOST = 256, KEPT_S = 60 };

static struct { char *key; void *v; size_t size; int64_t at_us; } kept[KEPT_MOST];

static size_t place_of(const char *key) {
    uint64_t h = 5381;
    for (const char *s = key; *s; s++) h = h * 33 + (unsigned char)*s;
    return (size_t)(h >> 8) % KEPT_MOST;
}

bool kept_find(const char *key, void *v, size_t size) {
    size_t i = place_of(key);
    if (!kept[i].key || kept[i].size != size || strcmp(kept[i].key, key)
        || time_ticking_us() - kept[i].at_us >= KEPT_S * SECOND_US) return false;
    memcpy(v, kept[i].v, size);
    return true;
}

void kept_put(const char *key, const void *v, size_t size) {
    size_t i = place_of(key);
    char *name = strdup(key);
    void *copy = malloc(size);
    if (!name || !copy) {
        free(name), free(copy);
        return;
    }
    free(kept[i].key), free(kept[i].v);
    memcpy(copy, v, size);
    kept[i].key = name, kept[i].v = copy, kept[i].size = size, kept[i].at_us = time_ticking_us();
}
