/*
 * What costs much to count and may be a minute old, kept in the worker: how long a long list is, what a large month
 * adds up to. Small figures are counted each time: whoever keeps one says from which size on.
 */
#ifndef LIB_KEPT_H
#define LIB_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* A copy of what was kept below the key within the last minute; false when nothing of this size was. The key names the
 * schema and all that the figures depend on. */
bool kept_find(const char *key, void *v, size_t size);
/* Keeps the bytes of v (no pointers) for a minute; takes the place of another key when there are too many. */
void kept_put(const char *key, const void *v, size_t size);

#endif
