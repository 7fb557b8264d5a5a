/*
 * Rows of a table that is only known by its name: read as texts by column, written back by column. For what walks over
 * tables that modules declare (promotion of configuration, export of a tenant). SQL is joined here from names the
 * database itself gives; values are always bound.
 *
 * Columns left out everywhere: id, public_id, generated ones, and who made and changed a row when.
 */
#ifndef LIB_RECORD_H
#define LIB_RECORD_H

#include "lib/db.h"

enum { RECORD_COLUMNS_MAX = 80 };

typedef struct RecordColumn { const char *name; bool is_required, is_json; } RecordColumn;
typedef struct RecordTable {
    const char   *name;
    RecordColumn *column;
    size_t        n;
    bool          has_utility, has_version;     /* columns utility_id; row_version with updated_at and updated_by */
} RecordTable;

/* BROKEN when the schema has no such table. One statement, once a process. */
const RecordTable *record_table(Ctx *c, const char *table);

/*
 * Calls each(arg, row) for the rows of a table that fit `where` (fixed SQL of a declaration; NULL: all), by id.
 * `columns` of the table only; values are texts as the database writes them, NULL for NULL, and live on.
 */
typedef struct RecordRow { Id id; const char **value; } RecordRow;
int64_t records_read(Ctx *c, const RecordTable *t, const char *const *columns, size_t n, const char *where,
                     const Bind *binds, int binds_n, void (*each)(void *arg, const RecordRow *row), void *arg);

/* Values as texts in the columns' order; an Id of 0 for `utility` leaves that column out. */
typedef struct RecordValues { const char *const *column; const char *const *value; size_t n; } RecordValues;
Id   record_insert(Ctx *c, const RecordTable *t, Id utility, const RecordValues *v);
/* The row is there, or CONFLICT. Its row_version grows. */
void record_update(Ctx *c, const RecordTable *t, Id id, const RecordValues *v);
void record_delete(Ctx *c, const RecordTable *t, Id id);
/* row_version of a row; 0 when the table has none. */
int64_t record_version(Ctx *c, const RecordTable *t, Id id);

#endif
