/*
 * Faults: what is wrong with rows that somebody wants stored, all of them at once.
 *
 * The owner of a record checks one row typed at a desk and 50,000 of a file by the same pure rules (`*_rules.c`): they
 * add faults, each for a row and a field, with the key of its text in the messages. Whoever asked decides what a fault
 * means: a form shows it at its field, a file's result repeats the row with it, a function that must store fails.
 */
#ifndef LIB_FAULT_H
#define LIB_FAULT_H

#include <stdbool.h>

#include "lib/arena.h"

typedef enum FaultKind {
    FAULT_REQUIRED = 1,     /* E01 nothing there */
    FAULT_TYPE,             /* E02 not what the field takes: no number, no address */
    FAULT_LENGTH,           /* E03 too long */
    FAULT_VALUE,            /* E04 not one of the values */
    FAULT_TWICE,            /* E05 an earlier row of the same set has it */
    FAULT_THERE,            /* E06 a stored record has it */
    FAULT_UNKNOWN,          /* E07 what it refers to is not there */
    FAULT_RULE,             /* E08 a rule of the owner */
    FAULT_SUSPECT,          /* W01 stored all the same when somebody says why */
} FaultKind;

typedef struct FaultValue { const char *name, *value; } FaultValue;

typedef struct Fault {
    size_t      row;
    FaultKind   kind;
    bool        is_conflict;        /* with what stands there now: 409 rather than 422 */
    const char *field;              /* as the owner's struct and form call it; NULL: the row as a whole */
    const char *key;                /* of the message */
    FaultValue  with[3];            /* its placeholders; a name of NULL ends them */
} Fault;

typedef struct Faults { Arena *mem; Fault *v; size_t n, room; } Faults;

#define faults_start(owner) ((Faults){ .mem = arena_of(owner) })
/* Returns the new one, so that values and is_conflict can be added; valid until the next is added. */
Fault *fault_add(Faults *to, size_t row, FaultKind kind, const char *field, const char *key);
Fault *fault_with(Fault *f, const char *name, const char *value);

/* The first that keeps the row from being stored; NULL when there is none. FAULT_SUSPECT does not. */
const Fault *fault_of_row(const Faults *all, size_t row);
const Fault *fault_suspect_of_row(const Faults *all, size_t row);
/* Code of results of imports: E01 to E08, W01. */
const char  *fault_code(FaultKind kind);
/* In the user's words. */
char        *fault_text(Arena *a, const char *language, const Fault *f);

/* Leaves the handler with the first fault that keeps its row from being stored (INVALID, CONFLICT when it is_conflict),
   or, when there is none and `suspects` count too, with the first of those; returns when there is nothing to say. */
struct Ctx;
void         faults_end(struct Ctx *c, const Faults *all, bool suspects);

/* For each row the first row with the same key, which is itself
 * when none before has it; rows without a key (NULL) are alone. */
size_t *first_with_key(Arena *a, const char *const *keys, size_t n);

#endif
