/*
 * Promotion: the configuration of one utility as one signed file, compared with and applied to another one (sandbox to
 * production). What is configuration is declared by its owners (app/core/configuration.h).
 *
 *   rows here ----+
 *                 +--> differences (new, changed, gone, only here) --> refusals --> those chosen, in
 *   rows of file -+                                                            one transaction, each audited
 *
 * A file is taken only whole and as it was signed; what it holds is offered row by row. Nothing that only stands here
 * is removed, but for parts of a record that the file has. The same file twice changes nothing.
 */
#ifndef APP_SETUP_PROMOTION_H
#define APP_SETUP_PROMOTION_H

#include "app/core/configuration.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/record.h"
#include "lib/req.h"

enum { PROMOTION_VERSION = 1, PROMOTION_BYTES_MAX = 10 * 1024 * 1024, PROMOTION_ROWS_MAX = 50000,
       PROMOTION_SHOWN_MAX = 900, PROMOTION_OPEN_MAX = 12 };

/* --- rows of all kinds, of a utility or of a file (promotion.c) --------------------------------------------------- */

typedef struct SetColumn { const char *name; const ConfigKind *ref; bool is_list, is_key, is_link, is_required, is_json;
                           } SetColumn;
typedef struct ConfigSet {
    const ConfigKind  *kind;
    const RecordTable *table;
    SetColumn         *column;
    const char       **name;        /* of the columns */
    size_t             n;
    ConfigRow        **row;
    size_t             rows, room;
    ConfigRow        **by_key;      /* open addressing */
    size_t             places;
} ConfigSet;
typedef struct Configuration { ConfigSet *set; size_t n; } Configuration;

/* A value the file does not speak of: the row keeps its own. */
extern const char config_absent[];

/* All kinds with no rows yet: what both sides have in common. */
Configuration configuration_empty(Ctx *c);
/* That of the context's utility. */
Configuration configuration_here(Ctx *c);
/* The same of these kinds (words, as start_kinds has them) and of those their rows refer to; others have no rows. */
Configuration configuration_of(Ctx *c, const char *kinds);
ConfigSet    *configuration_set(Configuration *all, const ConfigKind *kind);
ConfigRow    *set_find(const ConfigSet *set, const char *key);
void          set_add (Ctx *c, ConfigSet *set, ConfigRow *row);
/* A JSON value written the one way that is compared; other texts as they are. */
const char   *value_settled(Ctx *c, const char *value);

typedef enum { DIFFERENCE_NEW, DIFFERENCE_CHANGED, DIFFERENCE_GONE, DIFFERENCE_ONLY_HERE } DifferenceKind;
typedef struct Difference {
    DifferenceKind   what;
    ConfigSet       *set;           /* of here */
    const ConfigRow *was, *is;
    const char      *id;            /* "gl_code|4020": of its tick box */
    const char      *refusal;       /* why it is not applied; NULL */
    bool             is_left;       /* not ticked */
} Difference;
typedef struct Differences { Difference *v; size_t n, to_apply; char seal[33]; } Differences;
/* What the file would change, with what is refused. `seal` tells whether what was seen is what is applied. */
Differences configuration_compare(Ctx *c, Configuration *here, Configuration *file);
/* Rows that need one that is refused or left are refused too. */
void        differences_settle(Ctx *c, Configuration *here, Differences *all);

/* --- applying (promotion_apply.c) --------------------------------------------------------------------------------- */

typedef struct Applied { size_t made, changed, removed, refused; const char *refusals; /* JSON list */ } Applied;
Applied configuration_apply(Ctx *c, Configuration *here, Differences *all);

/* --- on pages (promotion_page.c) ---------------------------------------------------------------------------------- */

/* The differences as cards by kind, each with its tick, for setup/promotion; only_here: those that stay, too. */
void        differences_show(Req *r, Configuration *here, const Differences *all, bool only_here);
bool        difference_is_ticked(Req *r, const Difference *d);      /* in the form that was sent */
/* The uploaded file is read, refused with a reason or kept; its public id. */
const char *configuration_file_take(Req *r);

/* --- the file (promotion_file.c) ---------------------------------------------------------------------------------- */

/* The configuration of the context's utility, signed with the tenant's key. */
const char *promotion_write(Ctx *c, const char *made_by, size_t *n);
typedef struct PromotionFile {
    const char   *refusal;          /* why it cannot be used at all; NULL */
    const char   *signer;           /* public key */
    const char   *source, *source_name, *made_by;
    Time          made_at;
    Configuration rows;
} PromotionFile;
PromotionFile promotion_read(Ctx *c, const char *bytes, size_t n);
/* What people compare: "3f2a 91c0 7d44 0be1". */
const char *promotion_fingerprint(Ctx *c, const char *public_key);

#endif
