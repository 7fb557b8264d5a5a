/*
 * Counters in shared memory: see counter.h. A slot is an array of 64-bit cells; a sum or gauge takes one, a time takes
 * one for each bucket, one for the sum and one for the count. A slot's cells are written by one
 * process, or by two while a new generation of workers takes over: each change is one relaxed atomic addition.
 */
#include "lib/counter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_MAX = 1000, TIME_CELLS = COUNTER_BUCKETS + 2 };
static const uint64_t MAGIC = 0x53333630434e5431;               /* "S360CNT1" */

/* Upper edges in microseconds; what is above falls into the last one. */
static const int64_t edges_us[COUNTER_BUCKETS - 1] = {
    1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000, 30000000,
};

typedef struct { uint64_t magic, layout; int64_t slots, cells; } Head;

struct Counters {
    const CounterRow *table;
    int      rows, slots, cells, slot;
    int     *first;                                             /* cell of each row */
    size_t   bytes;
    Head    *head;
    int64_t *cell;
};

static int count_rows(const CounterRow *table) {
    int n = 0;
    while (table[n].name && n < ROWS_MAX) n++;
    return n;
}

/* Tells tables apart: the same names, labels and kinds in the same order. FNV-1a. */
static uint64_t layout_of(const CounterRow *table) {
    uint64_t h = 0xcbf29ce484222325u;
    for (const CounterRow *r = table; r->name; r++) {
        for (const char *s = r->name; *s; s++) h = (h ^ (unsigned char)*s) * 0x100000001b3u;
        for (const char *s = r->labels ? r->labels : ""; *s; s++) h = (h ^ (unsigned char)*s) * 0x100000001b3u;
        h = (h ^ (uint64_t)r->kind) * 0x100000001b3u;
    }
    return h;
}

static Counters *describe(const CounterRow *table, int slots) {
    Counters *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->table = table;
    c->rows = count_rows(table);
    c->slots = slots + 1;
    c->first = calloc((size_t)c->rows + 1, sizeof *c->first);
    if (!c->first) abort();
    for (int i = 0; i < c->rows; i++) {
        c->first[i] = c->cells;
        c->cells += table[i].kind == COUNTER_TIME ? TIME_CELLS : 1;
    }
    c->bytes = sizeof(Head) + (size_t)c->slots * (size_t)c->cells * sizeof(int64_t);
    return c;
}

static void forget(Counters *c) {
    free(c->first);
    free(c);
}

static void *map(size_t bytes, const char *file) {
    if (!file) return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    /* a new file in place of the old one: who still maps that keeps it */
    unlink(file);
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) return MAP_FAILED;
    void *m = posix_fallocate(fd, 0, (off_t)bytes) ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
        fd, 0);
    close(fd);
    return m;
}

Counters *counters_open(const CounterRow *table, int slots, const char *file) {
    if (slots < 0 || slots >= COUNTER_SLOTS_MAX) return errno = EINVAL, NULL;
    Counters *c = describe(table, slots);
    void *m = map(c->bytes, file);
    if (m == MAP_FAILED) return forget(c), NULL;
    c->head = m;
    c->cell = (int64_t *)(void *)(c->head + 1);
    *c->head = (Head){ MAGIC, layout_of(table), c->slots, c->cells };
    return c;
}

void counters_close(Counters *c) {
    if (!c) return;
    munmap(c->head, c->bytes);
    forget(c);
}

static int64_t *cell(const Counters *c, int slot, int row) {
    return c->cell + (size_t)slot * (size_t)c->cells + c->first[row];
}

static int64_t get(const int64_t *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
static void    put(int64_t *p, int64_t v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }
static void    add(int64_t *p, int64_t n) { __atomic_fetch_add(p, n, __ATOMIC_RELAXED); }

static bool is_row(const Counters *c, int row, CounterKind kind) {
    return c && row >= 0 && row < c->rows && c->table[row].kind == kind;
}

void counters_slot(Counters *c, int slot) {
    if (!c || slot < 0 || slot >= c->slots) return;
    c->slot = slot;
    for (int i = 0; i < c->rows; i++)
        if (c->table[i].kind == COUNTER_GAUGE) put(cell(c, slot, i), 0);
}

void counter_add(Counters *c, int row, int64_t n) {
    if (is_row(c, row, COUNTER_SUM) && n > 0) add(cell(c, c->slot, row), n);
}

void counter_set(Counters *c, int row, int64_t value) {
    if (is_row(c, row, COUNTER_GAUGE)) put(cell(c, c->slot, row), value);
}

void counter_observe(Counters *c, int row, int64_t us) {
    if (!is_row(c, row, COUNTER_TIME)) return;
    if (us < 0) us = 0;
    int64_t *p = cell(c, c->slot, row);
    int bucket = 0;
    while (bucket < COUNTER_BUCKETS - 1 && us > edges_us[bucket]) bucket++;
    add(p + bucket, 1);
    add(p + COUNTER_BUCKETS, us);
    add(p + COUNTER_BUCKETS + 1, 1);
}

static int64_t sum(const Counters *c, int row, int offset) {
    int64_t total = 0;
    for (int slot = 0; slot < c->slots; slot++) total += get(cell(c, slot, row) + offset);
    return total;
}

int64_t counter_total(const Counters *c, int row) {
    if (!c || row < 0 || row >= c->rows) return 0;
    return sum(c, row, c->table[row].kind == COUNTER_TIME ? COUNTER_BUCKETS + 1 : 0);
}

int64_t counter_time_us(const Counters *c, int row) {
    return is_row(c, row, COUNTER_TIME) ? sum(c, row, COUNTER_BUCKETS) : 0;
}

int64_t counter_quantile_us(const Counters *c, int row, int64_t ppm) {
    if (!is_row(c, row, COUNTER_TIME)) return 0;
    int64_t n[COUNTER_BUCKETS], all = 0, below = 0;
    for (int i = 0; i < COUNTER_BUCKETS; i++) all += n[i] = sum(c, row, i);
    if (!all) return 0;
    for (int i = 0; i < COUNTER_BUCKETS - 1; i++) {
        below += n[i];
        if (below * 1000000 >= all * ppm) return edges_us[i];
    }
    return edges_us[COUNTER_BUCKETS - 2];
}

/* ---- exposition ---- */

static const char *const kinds[] = { "counter", "gauge", "histogram" };

static void add_line(Text *t, const CounterRow *r, const char *ending, const char *label, const char *value) {
    const char *labels = r->labels ? r->labels : "";
    bool both = *labels && label, any = *labels || label;
    const char *comma = both ? "," : "", *open = any ? "{" : "", *close_ = any ? "}" : "";
    text_addf(t, "%s%s%s%s%s%s%s %s\n", r->name, ending, open, labels, comma, label ? label : "", close_, value);
}

static char *seconds(Arena *a, int64_t us) {
    return arena_text(a, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
}

static void add_time(Arena *a, Text *t, const Counters *c, int row) {
    int64_t below = 0;
    for (int i = 0; i < COUNTER_BUCKETS; i++) {
        below += sum(c, row, i);
        const char *edge = i < COUNTER_BUCKETS - 1 ? seconds(a, edges_us[i]) : "+Inf";
        add_line(t, &c->table[row], "_bucket", arena_text(a, "le=\"%s\"", edge),
                 arena_text(a, "%lld", (long long)below));
    }
    add_line(t, &c->table[row], "_sum", NULL, seconds(a, sum(c, row, COUNTER_BUCKETS)));
    add_line(t, &c->table[row], "_count", NULL, arena_text(a, "%lld", (long long)below));
}

char *counters_text(Arena *a, const Counters *c) {
    Text t = { .arena = a };
    text_add(&t, "");
    for (int i = 0; c && i < c->rows; i++) {
        const CounterRow *r = &c->table[i];
        if (!i || strcmp(r->name, c->table[i - 1].name))
            text_addf(&t, "# HELP %s %s\n# TYPE %s %s\n", r->name, r->help, r->name, kinds[r->kind]);
        if (r->kind == COUNTER_TIME) add_time(a, &t, c, i);
        else add_line(&t, r, "", NULL, arena_text(a, "%lld", (long long)counter_total(c, i)));
    }
    return t.s;
}

char *counters_text_of(Arena *a, const CounterRow *table, const char *file) {
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    Head *head = MAP_FAILED;
    if (!fstat(fd, &st) && st.st_size >= (off_t)sizeof(Head))
        head = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (head == MAP_FAILED) return NULL;
    char *text = NULL;
    if (head->magic == MAGIC && head->layout == layout_of(table) && head->slots > 0 && head->slots <= COUNTER_SLOTS_MAX)
        {
        Counters *c = describe(table, (int)head->slots - 1);
        c->head = head;
        c->cell = (int64_t *)(void *)(head + 1);
        if (c->bytes == (size_t)st.st_size && head->cells == c->cells) text = counters_text(a, c);
        forget(c);
    }
    munmap(head, (size_t)st.st_size);
    return text;
}
