/*
 * CSV, both ways (spec/README section 2 rules 4 and 11).
 *
 * Reading streams: a file of any size needs memory for one row. Rows come one by one with their line number; what is
 * wrong with one row is a problem of that row and the next one is read all the same; what is wrong with the file ends
 * the reading. Nothing here fail()s.
 * Writing is RFC 4180 with UTF-8 BOM and CRLF; text cells that a spreadsheet would take for a formula get a leading '
 * (assurance S20), true numbers do not.
 */
#ifndef LIB_CSV_H
#define LIB_CSV_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/arena.h"

enum { CSV_COLUMNS_MAX = 200, CSV_ROW_BYTES_MAX = 256 * 1024 };

/* Zero means the default. */
typedef struct {
    int64_t rows_max;           /* 200,000 data rows */
    int64_t bytes_max;          /* 20 MiB */
    char    delimiter;          /* 0: the one of , ; TAB that the header line has most of */
    bool    no_header;          /* columns have numbers only; rows may differ in length */
} CsvRules;

typedef struct CsvReader CsvReader;

/* Both belong to the arena (file and parser are closed when it is rewound). A file that cannot be opened, or whose
   header is wrong, is a reader that answers CSV_BROKEN at once. `bytes` must outlive the reader. */
CsvReader *csv_open_file (Arena *a, const char *file, CsvRules rules);
CsvReader *csv_open_bytes(Arena *a, const char *bytes, size_t n, CsvRules rules);

typedef enum {
    CSV_ROW,                    /* a good row */
    CSV_WRONG,                  /* a row that cannot be used: problem says why; fields are what could be read */
    CSV_END,
    CSV_BROKEN,                 /* the file cannot be read further: problem says why */
} CsvAnswer;

typedef struct {
    int64_t line;               /* where the row begins, from 1 */
    int64_t offset;             /* the same in bytes: a cursor for csv_resume */
    size_t  n;
    const char *const *fields;  /* valid until the next call; never NULL, without spaces at the ends */
    const char *problem;        /* "Line 7: 4 values, but the header has 5 columns."; NULL for good rows */
} CsvRow;

/* The next row that is not empty. */
CsvAnswer csv_next(CsvReader *r, CsvRow *row);

/* The columns of the header, as written; n without a header is 0. */
const char *const *csv_header(const CsvReader *r, size_t *n);
/* The place of a column by name, -1 when there is none: case, spaces, dashes and underscores do not matter. */
int csv_column(const CsvReader *r, const char *name);
/* A row's field by place; "" for -1 and beyond the end. */
const char *csv_field(const CsvRow *row, int column);

/* Goes on at a row where an earlier reading of the same file stopped: its offset and line. The header has been read. */
bool csv_resume(CsvReader *r, int64_t offset, int64_t line);
/* For progress: bytes read and bytes in all. */
int64_t csv_done (const CsvReader *r);
int64_t csv_bytes(const CsvReader *r);

/* Writing. text holds what is written so far, the BOM first. */
typedef struct { Text text; bool in_row; } CsvText;
CsvText *csv_start (Arena *a);
void     csv_text  (CsvText *c, const char *s);             /* NULL is an empty cell */
void     csv_number(CsvText *c, const char *decimal);
/* "-1234.50": written as it is; anything else is treated as text */
void     csv_end   (CsvText *c);                            /* the row's end */
/* For big files: writes what there is to `to` and empties the text. false when writing failed. */
bool     csv_flush (CsvText *c, FILE *to);
/* The guard alone, for other tables that spreadsheets open: s itself or a copy with a leading '. */
const char *csv_guarded(Arena *a, const char *s);

#endif
