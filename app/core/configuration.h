/*
 * What of a module's tables is configuration: it goes along when a utility is promoted (one signed file from a sandbox
 * to production, app/setup/promotion.h). To let a table join: a row in the module's `configuration`.
 *
 *   { .kind = "gl_code", .table = "gl_code", .key = "code", .refs = "parent_id>gl_code" }
 *
 * All columns of the table go along but those named in `without`; those that hold ids of other rows are named in `refs`
 * and go as the key of the row they mean, so that nothing of an id leaves an installation. `smart360 lint` refuses a
 * table with a column that looks like an id, a secret or a hash and is named in neither.
 */
#ifndef APP_CORE_CONFIGURATION_H
#define APP_CORE_CONFIGURATION_H

#include "app/core/core.h"

/* A row here or in a file: its key ("RES-VAR|2") and its values by column; ids stand as keys. */
typedef struct ConfigRow { const char *key; const char *const *column; const char *const *value; size_t n; Id id;
                           } ConfigRow;
/* A value; NULL: none, or there is no such column. */
const char *config_value(const ConfigRow *row, const char *column);

typedef struct ConfigKind {
    const char *kind;       /* in the file; its name for people is message config.<kind> */
    const char *table;
    const char *key;        /* columns by which a row is known, separated by blanks; refs among them stand for their
                               row's key */
    const char *refs;       /* "parent_id>gl_code category_ids>consumer_category[]": ids, and JSON lists of ids */
    const char *without;    /* columns that stay behind, separated by blanks */
    const char *link;       /* "rights role_permission role_id permission_id permission": rows of a table between two
                               kinds, as one list of keys: its name, table, own column, other column, other kind */
    const char *where;      /* fixed SQL: which rows are configuration */
    const char *owner;      /* of a table without utility_id: the ref column that leads to its parent */
    bool        is_part;    /* goes with its parent (the first ref of its key): what the file lacks is removed */
    bool        is_fixed;   /* the same everywhere (permissions): only referred to, never in a file */
    /* Why a row may not be written so; `was` NULL: a new one. NULL: it may. */
    const char *(*refusal)(struct Ctx *c, const ConfigRow *was, const ConfigRow *is);
    /* Values a new row gets in place of the file's ("state" "draft"), NULL-ended pairs. */
    const char *const *anew;
    void      (*written)(struct Ctx *c);        /* after all, when a row of it was written */
} ConfigKind;

/* Adds a module's table, ended by {0}; at start-up. */
void config_kinds(const ConfigKind *table);
/* The i-th of all; NULL behind the last. */
const ConfigKind *config_kind(size_t i);
const ConfigKind *config_kind_named(const char *kind);

#endif
