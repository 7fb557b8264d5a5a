/*
 * What a person may do (AU01US02): union of the roles held today, then what was granted or denied to the person alone,
 * then whether the module is switched on and in the organization's plan. Modules ask by core.h (perm_may, perm_check,
 * scope_area).
 *
 * Read once and kept in the worker by (schema, user, utility) under the tenant's version of rights; the session query
 * brings that version, so that a change takes effect on the next request and an unchanged one costs no query.
 */
#ifndef APP_CORE_RIGHTS_H
#define APP_CORE_RIGHTS_H

#include "app/core/core.h"
#include "lib/ctx.h"
#include "lib/db.h"

enum { RIGHT_KEYS_MAX = 200, MODULES_ACTIVE_MAX = 20 };

/* What was changed of the menu for all of the utility, then for the person's role; links to other places (ONB07). */
typedef struct MenuChange { const char *key, *label; int sort; bool hidden; } MenuChange;
typedef struct MenuLink   { const char *key, *label, *url; } MenuLink;
enum { MENU_LINKS_MAX = 20 };

typedef struct Rights {
    int          key_n;
    const char **key;               /* "bx.gl", in order of reading */
    unsigned    *bits;              /* VIEW | CREATE ... of lib/req.h */
    int          module_n;
    const char **module;            /* of the utility: switched on, and in the plan */
    AreaScope    areas;
    const Id    *utility;           /* where the person has a role; id 0: in all */
    size_t       utility_n;
    Id           role_id;           /* of that role */
    const MenuChange *menu;
    size_t       menu_n;
    const MenuLink *link;
    size_t       link_n;
    const char  *role_code, *role_name;     /* the first of the roles held here; NULL: none */
    const char  *stamp;             /* the version they were read at */
    char         print[33];         /* the same for all who may do the same in this utility; "": not known */
} Rights;

/* The tables rights are read from; the version is a new one whenever a row of them was written (db_watch). */
void rights_watch(void);

/* In a tenant: what rights are made of was changed from outside of it (its plan, by the platform). */
void rights_renew(Ctx *c);

/* A new piece of work begins: what the last one used may be replaced. */
void rights_begin(void);
/* The version of all rights of the tenant (security_policy.rights_version) as the session's query brought it. */
void rights_stamped(Ctx *c, const char *stamp);
/* Never NULL; of nobody: no rights. */
const Rights *rights_here(Ctx *c);
/* Of somebody of the staff who is not the one at work, in the context's utility: whose file a job works at. */
const Rights *rights_of(Ctx *c, Id user);
bool rights_has(const Rights *r, const char *key, unsigned action);
/* Whether the person has any role in the utility, today or not: the utilities shown to choose from. */
bool rights_hold_role_in(const Rights *r, Id utility);
/* Whether a module is switched on in the context's utility and in the organization's plan; and that of a key, where
   core, hub and the platform always are. */
bool rights_module_on(Ctx *c, const char *module);
bool rights_key_on   (Ctx *c, const char *key);
/* For lists: "in (select ...)" with its parameter, NULL when all areas are seen. */
/* The hook area_below of lib/resource.h. */
const char *rights_area_below(Ctx *c, const char *code, Bind *bind, const char **name);
const char *rights_area_filter(Ctx *c, Bind *bind);
/* One action's bit by its word: "create" gives CREATE; 0 for an unknown word. And back. */
unsigned    action_bit (const char *word);
const char *action_word(unsigned action);

#endif
