/*
 * Tables of cases: text files beside the tests, one case a line, fields separated by " | ", lines with # and empty
 * lines are skipped. Found by the environment variable srcdir, which `make check` sets.
 */
#ifndef TESTS_RULES_CASE_H
#define TESTS_RULES_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASE_FIELDS = 16, CASE_LINE = 64 * 1024 };

typedef struct { FILE *in; int line, n; char *fields[CASE_FIELDS]; char room[CASE_LINE]; } Cases;

static inline FILE *source_open(const char *path) {
    char full[1024];
    snprintf(full, sizeof full, "%s/%s", getenv("srcdir") ? getenv("srcdir") : ".", path);
    return fopen(full, "r");
}

/* The file below $SMART360_SHARED or ../shared beside the checkout; NULL when there is none. */
static inline FILE *shared_open(const char *path) {
    char full[1024];
    const char *shared = getenv("SMART360_SHARED"), *source = getenv("srcdir");
    if (shared && *shared) snprintf(full, sizeof full, "%s/%s", shared, path);
    else snprintf(full, sizeof full, "%s/../shared/%s", source ? source : ".", path);
    return fopen(full, "r");
}

static inline int cases_next(Cases *c) {
    while (c->in && fgets(c->room, sizeof c->room, c->in)) {
        c->line++;
        c->room[strcspn(c->room, "\n")] = 0;
        if (!c->room[0] || c->room[0] == '#') continue;
        c->n = 0;
        for (char *at = c->room; at && c->n < CASE_FIELDS; c->n++) {
            c->fields[c->n] = at;
            at = strstr(at, " | ");
            if (at) { *at = 0; at += 3; }
        }
        return 1;
    }
    return 0;
}

#endif
