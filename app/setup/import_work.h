/*
 * What the files of data migration share (ONB04US01): batches, their mapping, and rows on their way to an owner.
 */
#ifndef APP_SETUP_IMPORT_WORK_H
#define APP_SETUP_IMPORT_WORK_H

#include "app/core/import.h"
#include "app/setup/import_rules.h"
#include "lib/json.h"
#include "lib/machine.h"

/* Rows of a step, rows that all-or-nothing takes, days in which a batch can be taken back. */
enum { IMPORT_CHUNK = 500, IMPORT_ATOMIC_MAX = 50000, IMPORT_BACK_DAYS = 30, IMPORT_ROWS_MAX = 1000000,
       IMPORT_COLUMNS_MAX = 60 };
#define IMPORT_BYTES_MAX (250LL * 1024 * 1024)

#define BATCH(F, T) F(T, Id, id) F(T, const char *, batch_no) F(T, const char *, entity) F(T, const char *, file_name) \
    F(T, Id, document_id) F(T, Id, archive_id) F(T, int64_t, size) F(T, const char *, encoding) \
    F(T, const char *, delimiter_char) F(T, const char *, header) \
    F(T, const char *, mapping) F(T, const char *, mapping_name) F(T, const char *, mode) \
    F(T, const char *, policy) F(T, const char *, state) F(T, const char *, problem) F(T, int, total_count) \
    F(T, int, valid_count) F(T, int, warning_count) F(T, int, error_count) F(T, int, imported_count) \
    F(T, int, skipped_count) F(T, int, new_count) F(T, int, changed_count) F(T, int, unchanged_count) \
    F(T, int, cursor_row) F(T, const char *, control_totals) F(T, bool, has_ledger_effect) \
    F(T, Id, job_id) F(T, Time, started_at) F(T, Time, finished_at) F(T, Time, created_at) F(T, Id, created_by) \
    F(T, int, row_version)
ROW(Batch, BATCH)

/* The batch by its number in the address (or by id): NOT_FOUND
 * when there is none or its entity is not for this person. */
Batch *batch_of(Req *r);
Batch *batch_get(Ctx *c, Id id);

/* NULL when there is none of that name; the registered ones in the recommended order, ended by NULL. */
const ImportEntity *import_entity(const char *name);
const ImportEntity *const *import_entities(void);
size_t import_width(const ImportEntity *e);
int    import_column(const ImportEntity *e, const char *name);      /* -1: none */
CellKind    import_kind(const ImportColumn *k);
const char *import_key_column(const ImportEntity *e);               /* the first one; NULL: none */
/* Whether this person may bring in such files. */
bool   import_may(Ctx *c, const ImportEntity *e);
extern const ImportEntity bill_import, payment_import;    /* import_history.c */
extern const ImportEntity tariff_import;                  /* import_tariff.c */
extern const Machine import_batch;

/* --- mapping ------------------------------------------------------------------------------------------------------ */

/* One of each target column, in the entity's order; from JSON {"last_name": {"from": "Surname", ...}}. */
CellMap    *mapping_read (Ctx *c, const ImportEntity *e, const char *json, const char *const *header, size_t n);
const char *mapping_write(Ctx *c, const ImportEntity *e, const CellMap *map, const char *const *header);
/* The first guess for a new file: what was saved last for this entity and fits this header, else by names. */
CellMap    *mapping_guess(Ctx *c, const ImportEntity *e, const char *const *header, size_t n);
Texts       header_of(Ctx *c, const Batch *b);

/* --- rows --------------------------------------------------------------------------------------------------------- */

typedef struct RawRow { int64_t line; const char *const *fields; size_t n; const char *problem; } RawRow;

/* Rows with what is wrong with each: faults of cells (field is a target column) and of their owner. ids: the record
   that the key stands for already (upsert, update); 0 where it would be new. */
typedef struct Judged {
    ImportSet    set;
    Faults       faults;
    const char **raw;               /* width of set, row by row: what was looked at, for the report */
    Id          *there;
    bool        *unlinked;          /* there by a key of ours, brought by no file */
    const char **changes;           /* of rows that are there: {"phone": ["was", "now"]}; NULL: nothing differs */
} Judged;

/* Cells alone. */
Judged judged_read(Ctx *c, const Batch *b, const CellMap *map, const RawRow *rows, size_t n);
/* Also keys of earlier batches and the owner's check: the whole
 * of a dry run but for what other rows of the file have. */
void   judged_check(Ctx *c, const Batch *b, Judged *j);
/* Stores what has no fault; ids of the others stay 0. Faults of the moment are added. changed[i] false: it was there
   and nothing differed. */
void   judged_store(Ctx *c, const Batch *b, Judged *j, Id *ids, bool *changed);
/* What a good row does to what is there: "new", "changed", "unchanged"; NULL for the others. */
const char *judged_effect(const Judged *j, size_t row);
/* [{"code":"E02","column":"phone","text":"...","value":"12"}] of one row; NULL when there is nothing to say. */
const char *judged_messages(Ctx *c, const Judged *j, size_t row);
bool        judged_is_good(const Judged *j, size_t row);
const char *judged_key(const Judged *j, size_t row);           /* for people to find the row by */
const char *judged_whole_key(const Judged *j, size_t row);     /* for telling rows and records apart */

/* --- records that are there (import_change.c) --------------------------------------------------------------------- */

/* Rows beside the records they stand for: what differs of each, and what is wrong with that. dry: nothing is stored;
   else what has no fault is, with its audit. RETRY when somebody changed one of them meanwhile. */
Faults import_change (Ctx *c, const ImportSet *s, const Id *ids, const char **changes, bool dry);
/* Former values come back. why[i]: the record was changed since in one of these columns, or is gone: it stays. */
void   import_restore(Ctx *c, const ImportEntity *e, const Id *ids, const char *const *changes, size_t n,
                      const char **why);

#endif
