/*
 * Resource: a table with its pages. From one declaration: list with search, filters, sort, paging and CSV; form,
 * checks, insert and update guarded by row_version; audit with before and after; history; deletion or why not; the
 * empty state.
 *
 * Declare what the form knows, hook what it cannot. When a resource wants a third hook of one kind or a flag only it
 * uses, write handlers instead: they call the same form, list and page functions.
 *
 * Tables of resources have id, utility_id, created_at/by, updated_at/by and row_version.
 * Paths: GET path, GET path/new, POST path, GET path/{key}, GET path/{key}/history, GET path/{key}/edit, POST
 * path/{key}, GET path/{key}/deletion (asks again), POST path/{key}/deletion.
 */
#ifndef LIB_RESOURCE_H
#define LIB_RESOURCE_H

#include "lib/form.h"
#include "lib/history.h"
#include "lib/list.h"

enum { RESOURCE_ROUTES_MAX = 10 };

typedef struct Resource {
    const char  *table, *path, *feature;
    const char  *one, *many;        /* NULL: list.<table>.one and .other of the messages */
    const char  *key;               /* column in the URL, unique in the utility; NULL: the first field's */
    const char  *order;             /* NULL: the first field's */
    const Field *fields;
    bool         whole_tenant;      /* rows have no utility_id */
    const char  *where;             /* further fixed condition: "kind = 'custom'" */
    /* Rules over several fields: problem(r, field, ...) for each. `id` is 0 for a new row. */
    void       (*check)(Req *r, const Input *in, Id id);
    void       (*before_save)(Req *r, Input *in, Id id);
    void       (*after_save) (Req *r, const Input *in, Id id);
    /* Why it may not be deleted: count of uses; the refusal says "<key> has <n> <used_text>. Deactivate it." */
    const char  *used_by;           /* one ? = the row's id */
    const char  *used_text;         /* "entries" */
    const char  *delete_refusal;    /* SQL giving a whole refusal text or NULL; one ? */
    const char  *tabs;              /* name of the tab set this list belongs to; see page_tabs hook */
    void       (*show)(Req *r, Id id);      /* more sections on the page of one row */
    const char  *intro;
    const ListAction *links;        /* further ways from the list; .text may be the key of a message */
    const char  *import_path;       /* of the page that takes a CSV of such rows */
    Action       delete_action;     /* right that deletes, when not DELETE */
    bool         no_delete, no_create, no_edit;
    const char  *file;
    int          line;
} Resource;

/* The routes of a resource, for a module's table: RESOURCE(gl_code).
 * Handlers find the resource by r->route->resource. */
#define RESOURCE(res) \
    { .method = "GET",  .path = NULL, .scope = SCOPE_UTILITY, .resource = &(res), .file = __FILE__, .line = __LINE__ }

/* Called by web_routes(): replaces a RESOURCE row by its routes. Returns
 * how many were written to `to` (at most RESOURCE_ROUTES_MAX). */
int resource_routes(const Resource *res, const Route *row, Route *to);
/* Proves the declaration against the migrated schema; NULL or the complaint. */
const char *resource_check(Ctx *c, const Resource *res);

/* The pieces, for handlers of their own. */
void resource_list(Req *r);
void resource_new (Req *r);
void resource_page(Req *r);
void resource_edit(Req *r);
void resource_history(Req *r);
void resource_delete_page(Req *r);
void resource_create(Req *r);
void resource_update(Req *r);
void resource_delete(Req *r);
/* The id of the row with this key in the utility; 0 when there is none. */
Id   resource_find(Ctx *c, const Resource *res, const char *key);
/* Checks and inserts one row of texts (imports): problems are collected in r. 0 when there are any. */
Id   resource_insert(Req *r, const Resource *res, const Input *in);
/* What one of them is called: list.<table>.one of the messages, else the word in the declaration. */
const char *resource_one(Req *r, const Resource *res);

/* Set by core: who is told about changes, and the tabs above a resource's pages. */
typedef struct ResourceHooks {
    void (*audit)(Ctx *c, const char *action, const char *table, Id id, const char *number, int64_t version,
                  const char *before_json, const char *after_json, const char *reason);
    /* The changes of a row, newest first, at most so many; older_than: id of a change, 0 for the newest. */
    Changes (*changes)(Req *r, const char *table, Id id, int64_t older_than, size_t most);
    void (*tabs)(Req *r, const char *tabs, const char *current_path);
    bool (*may)(Ctx *c, const char *key, Action action);
    /* "in (select ... like ?)" and its parameter when the user's areas are limited; NULL: all areas. */
    const char *(*areas)(Ctx *c, Bind *bind);
    /* The same for what lies in the area with this code and below it, asked for with ?area=; NULL: there is none.
       `name` is what it is called. */
    const char *(*area_below)(Ctx *c, const char *code, Bind *bind, const char **name);
    /* Saved filters of a list into list.views; true: answered
     * with a redirect to the one it begins with. May be NULL. */
    bool (*views)(Req *r, const ListView *view);
    /* Before a file of people's data: true when the person was sent to prove who he is, and comes to `back` then. */
    bool (*prove)(Req *r, const char *back);
    /* An export was written into the answer: its audit. May be NULL. */
    void (*exported)(Req *r, const ListSpec *spec, const char *url, int64_t rows);
    /* More rows than are written at once: answers the request with the way to a job that does it. May be NULL. */
    void (*export_later)(Req *r, const ListSpec *spec, const char *url, int64_t rows);
    /* So many rows a search of a long list looks through, before it only says that there are more. May be NULL. */
    int64_t (*found_most)(Ctx *c);
    void (*event)(Ctx *c, const char *name, const char *entity, Id id, const char *number, const char *payload_json);
} ResourceHooks;
void resource_hooks(const ResourceHooks *hooks);
extern ResourceHooks lib_app;       /* lib/list.c and lib/machine.c ask the same */

#endif
