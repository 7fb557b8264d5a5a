/*
 * Data migration as owners of records see it (ONB04US01). An owner declares the columns of its file and offers check
 * and create for the rows of a set, the same functions that serve a desk; reading files, mapping columns, dry runs,
 * resuming, reports and rolling back are done once, in app/setup/import*.c.
 *
 * A cell is canonical when the owner gets it: dates as 2026-03-31, decimals as 1234.50, yes and no as 1 and 0, words of
 * a list as the list writes them; NULL when the cell is empty or not what its column takes (which the file's report
 * says by itself).
 */
#ifndef APP_CORE_IMPORT_H
#define APP_CORE_IMPORT_H

#include "app/core/core.h"
#include "lib/fault.h"

typedef enum ImportType { IMPORT_TEXT, IMPORT_DATE, IMPORT_TIME, IMPORT_INT, IMPORT_DECIMAL, IMPORT_MONEY, IMPORT_BOOL,
                          IMPORT_PHONE, IMPORT_BOUNDARY } ImportType;

enum ImportFlags {
    IMPORT_REQUIRED = 1,
    /* by which the old system knows the record: once in a file, found again by import_find */
    IMPORT_KEY      = 2,
    IMPORT_SUM      = 4,        /* a control total: money */
    IMPORT_USE      = 8,        /* a control total: quantity */
    IMPORT_UPPER    = 16,       /* codes of ours are upper case */
    /* Of a record that is there: a file may change it; it goes its own way here, so that another value is remarked and
       left; the rest must be as the record has it. An empty cell leaves what stands. */
    IMPORT_CHANGES  = 32,
    IMPORT_LIVES    = 64,
    IMPORT_NEW      = 256,      /* only of new records: not looked at where it is there */
    IMPORT_WORDS    = 128,      /* several words: blanks, commas and semicolons between them are the same */
};

typedef struct ImportColumn {
    const char *name;               /* NULL ends the table */
    ImportType  type;
    unsigned    flags;
    int         max;                /* characters; 0: 200 */
    const char *field;              /* as the owner's faults call it; NULL: like the column */
    const char *values;             /* "person organization": one of these; NULL: anything */
    const char *refers;             /* entity of an earlier import whose key stands here */
    const char *refers_words;       /* "sub-areas" */
    const char *example, *guide;    /* of the template */
    const char *also;               /* other names it goes by in files of others, separated by blanks */
    const char *instead;            /* where else it is changed, once the record is there */
} ImportColumn;

struct ImportEntity;
typedef struct ImportSet {
    const struct ImportEntity *of;
    size_t             n, width;
    const char *const *cell;        /* row by row */
    const int64_t     *line;        /* of the file; with the batch a key of its own for each row */
    Id                 batch, by;   /* by: whose file it is: what this person may not do, the file may not either */
    const struct Locale *locale;
    const struct ImportArchive *files;      /* that came with the list; NULL: none */
} ImportSet;

/* Of a row by the column's name (one the entity has: anything else is our mistake and ends the process); NULL, none and
   0 for an empty cell. */
const char *import_text (const ImportSet *s, size_t row, const char *column);
bool        import_has  (const ImportSet *s, size_t row, const char *column);
Date        import_date (const ImportSet *s, size_t row, const char *column);
Time        import_time (struct Ctx *c, const ImportSet *s, size_t row, const char *column);   /* utility's zone */
int         import_int  (const ImportSet *s, size_t row, const char *column);
bool        import_bool (const ImportSet *s, size_t row, const char *column);
Money       import_money(struct Ctx *c, const ImportSet *s, size_t row, const char *column);
Quantity    import_qty  (const ImportSet *s, size_t row, const char *column);
int64_t     import_e3   (const ImportSet *s, size_t row, const char *column);       /* thousandths */
int32_t     import_e6   (const ImportSet *s, size_t row, const char *column);       /* millionths: places on a map */
/* The records of an earlier import that a column names by their keys; 0 where there is none. One statement. */
Id         *import_refs (struct Ctx *c, const ImportSet *s, const char *column);
/* Those of records of one kind by their keys (NULL: none asked for). */
Id         *import_links(struct Ctx *c, const char *entity, const char *const *keys, size_t n);
/* A file that came with the list, by its path in the archive or, where only one is called so, by its name: open,
   unpacked up to `most` bytes, ending with the work. -1: there is none, or it cannot be unpacked: *problem is the
   message's key. */
int         import_file_open(struct Ctx *c, const ImportSet *s, const char *name, int64_t most, const char **problem);
/* Ids by code of a small table of the utility: asked once for each code. `find` as area_find, tariff_plan_find. */
Id         *import_codes(struct Ctx *c, const ImportSet *s, const char *column, Id (*find)(struct Ctx *, const char *));
/* [[id, text], ...] of records and a column, for statements that look whether another one has it. */
struct ImportRecords;
const char *import_names(struct Ctx *c, const ImportSet *s, const struct ImportRecords *r, const char *column);
/* Where a reference was given and not found. */
void        import_unknown(Faults *to, const ImportSet *s, const char *column, const Id *found);

/* A record as it stands, for the rows of a file that mean it: row_no is its place among the ids asked for, from 1;
   cells a JSON object of those columns that can be told, canonical (decimals as text, IMPORT_TIME in microseconds since
   1970); refusal the key of why it cannot be changed at all, or NULL. */
#define IMPORT_THERE(F, T) F(T, int, row_no) F(T, int, version) F(T, const char *, number) F(T, const char *, refusal) \
    F(T, const char *, cells)
ROW(ImportThere, IMPORT_THERE)
/* For statements over a chunk of ids, given as json_ids: "select j.row_no, ... from " IMPORT_IDS "consumer n on ..." */
#define IMPORT_IDS "json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j straight_join "
/* Which records rows stand for: in the order of the set. */
typedef struct ImportRecords { const Id *id; const int *version; const char *const *number; } ImportRecords;

typedef struct ImportEntity {
    const char         *name;       /* "consumer" */
    int                 order;      /* the recommended one; 0: an extra without a place in it */
    const char         *key;        /* whoever may create these may import them: a permission key */
    const ImportColumn *columns;
    bool                has_ledger; /* cannot be taken back once the utility is live */
    bool                has_files;  /* a ZIP of the list and the files it names */
    int                 chunk;      /* rows of a step; 0: 500 */
    Faults (*check) (struct Ctx *c, const ImportSet *s);
    Faults (*create)(struct Ctx *c, const ImportSet *s, Id *ids);
    /*
     * Records that are there (modes upsert and update). `there` tells how they stand; comparing, the report, the audit
     * and giving former values back are done once, in app/setup/import_change.c. Rows reach the others whole: what the
     * file leaves empty stands in them as the record has it. `judge` (may be NULL) says what is wrong with them so;
     * `change` stores them where the version is still this one, and returns how many it stored. NULL: files of this
     * entity only add, and `insert_only` is the key of why.
     */
    ImportTheres (*there)(struct Ctx *c, const Id *ids, size_t n);
    Faults       (*judge)(struct Ctx *c, const ImportSet *s, const ImportRecords *r);
    int64_t      (*change)(struct Ctx *c, const ImportSet *s, const ImportRecords *r);
    const char    *insert_only;
    /* Records that no file brought, by a key that is ours (a code, a serial number); NULL: only what files brought. */
    Id          *(*find)(struct Ctx *c, const ImportSet *s);
    /* Takes records away that nothing refers to: why[i] stays NULL where it is done, else says why it stays. */
    void   (*revert)(struct Ctx *c, const Id *ids, size_t n, const char **why);
} ImportEntity;
/* For .revert: rows with a reason to stay, counted from 1 in the order of the ids. */
#define IMPORT_STAYS(F, T) F(T, int, row_no) F(T, const char *, why)
ROW(ImportStays, IMPORT_STAYS)
/* The first reason of each counts. */
void        import_keep_why (const ImportStayss *l, const char **why);
/* Records whose version says that something happened to them: a reason to stay (`why`), unless it was but files that
   changed them and were taken back again; where such a file still stands, its batch is named instead. */
#define IMPORT_EDITED(F, T) F(T, int, row_no) F(T, Id, id) F(T, int, version)
ROW(ImportEdited, IMPORT_EDITED)
void        import_keep_edited(struct Ctx *c, const char *entity, const ImportEditeds *l, const char *words,
                               const char **why);
/* Ids nobody gave a reason for, as JSON; and the audit of their end. */
const char *import_to_go    (struct Ctx *c, const Id *ids, size_t n, const char *const *why);
void        import_note_gone(struct Ctx *c, const char *entity, const Id *ids, size_t n, const char *const *why);
/* Numbers of ours for the rows without a fault, in their order; NULL when there are none. */
const char *const *import_numbers(struct Ctx *c, const char *entity, const Faults *to, size_t rows);
/* The audit row of a case or order that was brought: the old number and the state it came in. */
Audit       import_made(struct Ctx *c, const ImportSet *s, size_t i, const char *entity, Id id, const char *no);
/* In a dry run: rows of the file above these that are good. */
int64_t     import_good_above(struct Ctx *c, const ImportSet *s);
/* At start-up. */
void import_register(const ImportEntity *entity);
/* The record of an earlier import by its key; 0 when none. */
Id   import_find(struct Ctx *c, const char *entity, const char *legacy_id);

#endif
