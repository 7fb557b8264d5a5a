/*
 * What entering consumers, premises, accounts and connections has in common, within the module.
 */
#ifndef APP_CIS_ENTRY_H
#define APP_CIS_ENTRY_H

#include "app/cis/cis.h"
#include "app/core/core.h"
#include "lib/db.h"

/* A row of the set that a stored record answers to. */
#define HIT(F, T) F(T, int, row_no) F(T, const char *, value)
ROW(Hit, HIT)

/* The numbers of the rows to be stored: those given, and as many
 * new ones of the entity as are missing. NULL for the others. */
const char **entry_numbers(Ctx *c, const char *entity, const char *const *given, const bool *stored, size_t n);

/* Which rows have no fault that keeps them out; the others' ids are 0. */
bool *entry_good(Ctx *c, const Faults *all, size_t n, Id *ids);
/* A fault for each row that has a key of an earlier one; keys and fields in the same order, ended by a NULL field. */
void entry_twice(Faults *to, size_t n, const char *const *const *keys, const char *const *fields);

/*
 * The three forms of cis.h for what is entered: from `check`, which gives the faults of n rows and what it looked up of
 * them (RowKeys), and `store`, which stores those without one.
 */
#define ENTRY_FORMS(New, one, many)                                                                 \
    Faults many##_check(Ctx *c, const New *v, size_t n) {                                           \
        RowKeys k;                                                                                  \
        return check(c, v, n, &k);                                                                  \
    }                                                                                               \
    Faults many##_create(Ctx *c, const New *v, size_t n, Id *ids) {                                 \
        RowKeys k;                                                                                  \
        Faults all = check(c, v, n, &k);                                                            \
        store(c, v, n, &k, &all, ids);                                                              \
        return all;                                                                                 \
    }                                                                                               \
    Id one##_create(Ctx *c, const New *n) {                                                         \
        RowKeys k;                                                                                  \
        Faults all = check(c, n, 1, &k);                                                            \
        faults_end(c, &all, true);                                                                  \
        Id id;                                                                                      \
        store(c, n, 1, &k, &all, &id);                                                              \
        return id;                                                                                  \
    }

/* Words by which a consumer is found (consumer_search). `account` may be 0. A NULL text is left out. */
typedef struct SearchWords SearchWords;
SearchWords *search_words(Ctx *c);
void search_text  (SearchWords *w, const char *kind, Id consumer, Id account, const char *text);    /* word by word */
/* with and without dashes */
void search_number(SearchWords *w, const char *kind, Id consumer, Id account, const char *no);
void search_phone (SearchWords *w, Id consumer, const char *e164);
void search_end   (SearchWords *w);

/* Addresses of premises were changed: their accounts are found by the new ones. */
void premises_words(Ctx *c, const Id *premises, size_t n);
/* The primary mail ("email") or phone ("mobile") that a file brought goes again. */
void contact_forget(Ctx *c, Id consumer, const char *kind);

/* Lower case, no accents, no signs: "4 canyon rd". */
const char *address_key(Ctx *c, const char *line1, const char *unit, const char *postal_code);

#endif
