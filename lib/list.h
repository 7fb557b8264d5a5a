/*
 * Lists: search, filters, saved filters, sort, keyset paging and CSV of a declared query. The only place (beside
 * lib/resource.c) that joins SQL, from the fixed fragments of the declaration; input is always bound.
 *
 *   static const ListSpec bills = {
 *       .name = "bills", .one = "bill", .many = "bills", .path = "/bx/bills",
 *       .from = "bill b join account a on a.id = b.account_id", .where = "b.utility_id = ?", .id = "b.id",
 *       .columns = COLUMNS {
 *           { "bill_no",     "Number", "b.bill_no", LIST | SEARCH | SORT, .link = "/bx/bills/{bill_no}" },
 *           { "total_minor", "Total",  "b.total_minor", LIST | SORT },
 *           { "status",      "Status", "b.status", LIST | FILTER, .choices = bill_states },
 *           {0} },
 *       .order = "-bill_no" };
 *   list_show(r, &bills, utility);          the parameters of .where, then page(r, "layout/list") or answer a CSV
 *
 * Long lists: what is joined for show only stands in .joins, the search in .found; .order and the usual filters want an
 * .index that begins with what .where compares and ends with the column and the id. Up to 2,000 rows are counted each
 * time; a longer count is kept in the worker for a minute. A search that .found answers with more than 5,000 rows says
 * "more than", and shows some of them.
 *
 * Words people see stand in the messages below list.<name of the list>: one, other (many of them), title, search,
 * empty_title, empty_text, the columns, bulk.<value>, action.<last part of its path>. Words in the declaration stand in
 * for them.
 *
 * In the URL: q, a filter's name, sort (-name = descending), size, after/before (key of the row), n (its number),
 * export=csv.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdio.h>

#include "lib/db.h"
#include "lib/form.h"
#include "lib/req.h"

typedef struct ListColumn {
    const char   *name;             /* alias; its last word gives the format: total_minor, due_on, created_at ... */
    const char   *label;            /* NULL: list.<name of the list>.<name> of the messages, or field.<name> */
    const char   *sql;              /* fixed fragment */
    unsigned      flags;            /* LIST | SEARCH | FILTER | SORT | SUM */
    const char   *link;             /* path with {column} names; the first listed column has one */
    const Choice *choices;          /* of a FILTER */
    const char   *options;          /* or fixed SQL giving value, label; "?" is the utility, a second one today there */
    const char   *sub;              /* name of the column shown as second line */
    const char   *place;            /* on phones: id, status, name, amount */
    const char   *kind;             /* look, when name and type do not say it: code, status */
    unsigned      more;             /* 1: filter behind "More filters" */
    unsigned      many;             /* 1: a filter by several values at once, each sent under its name */
    const char   *among;            /* of such a filter where a row has several values: its condition, "... in (?)" */
    const char   *currency;         /* of money that is not of the organization: name of the column with its currency */
    const char   *index;            /* of a FILTER in a list with .index: the index that finds its rows in .order */
} ListColumn;

#define COLUMNS   (const ListColumn[])
#define FRAGMENTS (const char *const[])             /* of .joins and .found, ended by NULL */

/* shown to whoever holds the right */
typedef struct ListAction { const char *text, *path, *icon, *key; Action action; bool primary; } ListAction;
/* posted to .bulk_path: bulk=value, ids or all + filter */
typedef struct ListBulk   { const char *value, *text, *key; Action action; } ListBulk;

typedef struct ListSpec {
    const char       *name, *one, *many, *title, *path;
    const char       *from, *where, *id;    /* where may be NULL; id: unique, breaks ties */
    const char *const *joins;               /* after .from, in this order: "join account a on a.id = b.account_id". Each
                                               gives every row exactly one row ("left join": at most one), so a count
                                               leaves out those that no filter names */
    const char *const *found;               /* q looks here instead of in SEARCH columns: selects of .id, each with two
                                               parameters, the utility and what was typed with % after it; each by an
                                               index, for long lists; "select <id> from ... where ...", whose
                                               condition can be gone on with by "and" */
    const char       *sums_from, *sums_by;  /* where sums stand prepared: taken in the place of .from, with the same
                                               alias, when only the filters named in sums_by are asked for */
    const ListColumn *columns;
    const char       *index;                /* of the table in .from, which has rows in .order; the server would rather
                                               read and sort everything */
    const char       *order;                /* column name, "-" before it: descending */
    const char       *feature;              /* permission key for export */
    const ListAction *actions;              /* ended by {0} */
    const ListBulk   *bulk;
    const char       *bulk_path, *key;      /* key: column sent as ids */
    const char       *search_label, *empty_title, *empty_text, *empty_icon, *import_path;
    bool              is_personal;          /* of people: who takes the rows away as a file proves first who he is */
    const char       *area;                 /* SQL of a service_area_id to which the user's area scope applies */
} ListSpec;

/* What a list's address asks for, for saved filters: its path without the scope's prefix, and filters, search, sort and
 * size as the list itself writes them ("" when nothing is asked for). */
typedef struct ListView { const char *list, *path, *query; } ListView;

/*
 * A file made in pieces by a job: the list's page is run once more (web_replay) with r->exporting set; in place of the
 * page a piece of the file is written. The first piece begins with the header line and counts the rows.
 */
typedef struct ListExport {
    FILE           *to;             /* NULL: only counted */
    int64_t         most;           /* rows of a piece */
    const char     *after;          /* key of the last row of the piece before; NULL: this is the first */
    /* found */
    const char     *name, *one, *many, *feature;    /* of the list */
    int64_t         total;          /* rows of the whole, when it was counted */
    int64_t         rows;           /* of this piece; fewer than `most`: it was the last */
    const char     *last;           /* key of its last row */
} ListExport;

#define list_show(r, spec, ...) list_show_((r), (spec), DB_BINDS(__VA_ARGS__))
/* The whole list page into the data set "list" (and page actions);
 * answers the CSV itself when asked for. Returns rows shown. */
int64_t list_show_(Req *r, const ListSpec *spec, const Bind *binds, int n);
/* Calls each(arg, key) for the ticked rows, or for all that match the posted filter (`all`); returns their number.
 * More than `most` fails INVALID "Narrow the filter (214,000 rows)." */
#define list_chosen(r, spec, each, arg, most, ...) list_chosen_((r), (spec), (each), (arg), (most), \
    DB_BINDS(__VA_ARGS__))
int64_t list_chosen_(Req *r, const ListSpec *spec, void (*each)(void *arg, const char *key), void *arg, int64_t most,
                     const Bind *binds, int n);
/* For an act on one row (clone): the key of the ticked one; NULL when it is none or several. */
#define list_chosen_one(r, spec, ...) list_chosen_one_((r), (spec), DB_BINDS(__VA_ARGS__))
const char *list_chosen_one_(Req *r, const ListSpec *spec, const Bind *binds, int n);

#endif
