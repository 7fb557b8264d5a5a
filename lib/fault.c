/*
 * Faults of rows: see fault.h.
 */
#include "lib/fault.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/messages.h"

Fault *fault_add(Faults *to, size_t row, FaultKind kind, const char *field, const char *key) {
    if (to->n == to->room) {
        size_t room = to->room ? to->room * 2 : 8;
        Fault *v = arena_take_n(to->mem, room, sizeof *v);
        if (to->n) memcpy(v, to->v, to->n * sizeof *v);
        to->v = v, to->room = room;
    }
    Fault *f = &to->v[to->n++];
    *f = (Fault){ .row = row, .kind = kind, .field = field, .key = key };
    return f;
}

Fault *fault_with(Fault *f, const char *name, const char *value) {
    int i = 0;
    while (i < 2 && f->with[i].name) i++;
    f->with[i] = (FaultValue){ name, value };
    return f;
}

const Fault *fault_of_row(const Faults *all, size_t row) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].row == row && all->v[i].kind != FAULT_SUSPECT) return &all->v[i];
    return NULL;
}

const Fault *fault_suspect_of_row(const Faults *all, size_t row) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].row == row && all->v[i].kind == FAULT_SUSPECT) return &all->v[i];
    return NULL;
}

const char *fault_code(FaultKind kind) {
    static const char *const codes[] = { "", "E01", "E02", "E03", "E04", "E05", "E06", "E07", "E08", "W01" };
    return codes[kind];
}

char *fault_text(Arena *a, const char *language, const Fault *f) {
    MsgPair pairs[4] = { { 0 } };
    for (int i = 0; i < 3 && f->with[i].name; i++) pairs[i] = (MsgPair){ f->with[i].name, f->with[i].value };
    return msg_fill(a, language, f->key, pairs);
}

void faults_end(Ctx *c, const Faults *all, bool suspects) {
    const Fault *worst = NULL;
    for (size_t i = 0; i < all->n; i++) {
        bool suspect = all->v[i].kind == FAULT_SUSPECT;
        if (suspect && (!suspects || worst)) continue;
        worst = &all->v[i];
        if (!suspect) break;
    }
    if (!worst) return;
    const char *words = fault_text(&c->mem, c->language, worst);
    fail_field(c, worst->is_conflict ? CONFLICT : INVALID, worst->field, "%s", words);
}

typedef struct { const char *key; size_t row; } Keyed;

static int by_key(const void *a, const void *b) {
    const Keyed *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->row < y->row ? -1 : x->row > y->row;
}

size_t *first_with_key(Arena *a, const char *const *keys, size_t n) {
    size_t *first = arena_take_n(a, n + 1, sizeof *first), many = 0;
    Keyed *v = arena_take_n(a, n + 1, sizeof *v);
    for (size_t i = 0; i < n; i++) {
        first[i] = i;
        if (keys[i]) v[many++] = (Keyed){ keys[i], i };
    }
    qsort(v, many, sizeof *v, by_key);
    for (size_t i = 1; i < many; i++)
        if (!strcmp(v[i].key, v[i - 1].key)) first[v[i].row] = first[v[i - 1].row];
    return first;
}
