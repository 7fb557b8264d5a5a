/*
 * Cells of foreign files: which column is which, and what a cell means once it is changed as the mapping says
 * (ONB04US01). Pure.
 */
#ifndef APP_SETUP_IMPORT_RULES_H
#define APP_SETUP_IMPORT_RULES_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/date.h"
#include "lib/money.h"
#include "lib/types.h"

/* Where a target column gets its values from. */
typedef struct CellMap {
    int         from;               /* column of the file; -1: none */
    const char *constant;           /* where the cell is empty, or there is none */
    const char *change;             /* NULL or one of cell_changes */
    const char *values;             /* "R=RES; C=COM" */
} CellMap;

/* upper, first_word, other_words, digits, mdy, dmy, iso, comma; ended by NULL. */
extern const char *const cell_changes[];

typedef enum CellKind { CELL_TEXT, CELL_DATE, CELL_TIME, CELL_INT, CELL_DECIMAL, CELL_MONEY, CELL_BOOL,
                        CELL_PHONE } CellKind;
typedef enum CellFault { CELL_GOOD, CELL_MISSING, CELL_WRONG, CELL_LONG, CELL_NO_VALUE } CellFault;

typedef struct CellRule {
    CellKind    kind;
    bool        required, upper;
    int         max;                /* characters */
    const char *values;             /* words, separated by blanks; NULL: any */
    DateFormat  dates;              /* the organization's */
    int         exponent;           /* of money */
    const char *dial;               /* country's code of phones without one; NULL: none */
} CellRule;

typedef struct Cell { CellFault fault; const char *text; const char *raw; bool squeezed; } Cell;

/* What stands in a row for a target column: changed, and canonical when it is good (app/core/import.h), else NULL. raw
   is what was looked at. squeezed: spaces within were taken together. */
Cell cell_read(Arena *a, const CellRule *rule, const CellMap *map, const char *const *fields, size_t n);

/* Whether two canonical cells say the same (NULL: empty): numbers by value, times to the minute, or to the day where
   one has no time of day; is_words: several words, whatever stands between them. */
bool cell_same(CellKind kind, bool is_words, const char *a, const char *b);

/* The column of a header that goes by a name, or by one of the
 * words in `also`; -1: none. Case and signs do not matter. */
int  header_find(const char *const *header, size_t n, const char *name, const char *also);

/* "1" for US; NULL when it is not known. */
const char *dial_code(const char *country);

#endif
