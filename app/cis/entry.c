/*
 * Numbers, words of the search and address keys of what is entered (CIS01US02).
 */
#include "app/cis/entry.h"

#include <string.h>

#include "lib/utf8.h"

const char **entry_numbers(Ctx *c, const char *entity, const char *const *given, const bool *stored, size_t n) {
    const char **to = take_n(c, const char *, n + 1);
    size_t missing = 0, next = 0;
    for (size_t i = 0; i < n; i++) missing += stored[i] && !given[i];
    const char *const *fresh = missing ? id_next_many(c, entity, utility_today(c), missing) : NULL;
    for (size_t i = 0; i < n; i++)
        if (stored[i]) to[i] = given[i] ? given[i] : fresh[next++];
    return to;
}

bool *entry_good(Ctx *c, const Faults *all, size_t n, Id *ids) {
    bool *good = take_n(c, bool, n + 1);
    for (size_t i = 0; i < n; i++) good[i] = true, ids[i] = (Id){ 0 };
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].kind != FAULT_SUSPECT) good[all->v[i].row] = false;
    return good;
}

void entry_twice(Faults *to, size_t n, const char *const *const *keys, const char *const *fields) {
    for (int s = 0; fields[s]; s++) {
        size_t *first = first_with_key(to->mem, keys[s], n);
        for (size_t i = 0; i < n; i++)
            if (first[i] != i) fault_add(to, i, FAULT_TWICE, fields[s], "cis.entry.twice");
    }
}

/* --- words of the search ------------------------------------------------------------------------------------------ */

struct SearchWords { Ctx *c; DbBulk *rows; };

SearchWords *search_words(Ctx *c) {
    SearchWords *w = take(c, sizeof *w);
    *w = (SearchWords){ c, db_bulk(c, "insert into consumer_search (utility_id, token, kind, consumer_id, account_id) "
                                      "values (?,?,?,?,?) on duplicate key update consumer_id=values(consumer_id)") };
    return w;
}

static void add(SearchWords *w, const char *kind, Id consumer, Id account, const char *token) {
    if (!*token) return;
    db_bulk_add(w->rows, w->c->utility, utf8_cut(&w->c->mem, token, 60), kind, consumer, account.id);
}

void search_text(SearchWords *w, const char *kind, Id consumer, Id account, const char *s) {
    if (!s) return;
    char *at = utf8_search_key(&w->c->mem, s), *save = NULL;
    for (char *word = strtok_r(at, " ", &save); word; word = strtok_r(NULL, " ", &save))
        add(w, kind, consumer, account, word);
}

void search_number(SearchWords *w, const char *kind, Id consumer, Id account, const char *no) {
    if (!no) return;
    char *whole = utf8_fold(&w->c->mem, no), *bare = take(w->c, strlen(whole) + 1);
    size_t n = 0;
    for (const char *s = whole; *s; s++)
        if (*s != '-') bare[n++] = *s;
    add(w, kind, consumer, account, whole);
    if (strcmp(bare, whole) != 0) add(w, kind, consumer, account, bare);
}

/* Whole, without country code, and the last seven digits. */
void search_phone(SearchWords *w, Id consumer, const char *e164) {
    if (!e164) return;
    const char *digits = e164 + (*e164 == '+');
    size_t n = strlen(digits);
    add(w, "phone", consumer, (Id){ 0 }, digits);
    if (n > 10) add(w, "phone", consumer, (Id){ 0 }, digits + n - 10);
    if (n > 7) add(w, "phone", consumer, (Id){ 0 }, digits + n - 7);
}

void search_end(SearchWords *w) { db_bulk_end(w->rows); }

/* --- addresses ---------------------------------------------------------------------------------------------------- */

const char *address_key(Ctx *c, const char *line1, const char *unit, const char *postal_code) {
    const char *line = line1 ? utf8_search_key(&c->mem, line1) : "", *flat = unit ? utf8_search_key(&c->mem, unit) : "";
    return utf8_cut(&c->mem, text(c, "%s|%s|%s", line, flat, postal_code ? postal_code : ""), 200);
}
