/*
 * What a person may do (AU01US02): union of the roles held today, then what was granted or denied to the person alone,
 * then whether the module is switched on. Modules ask by core.h (perm_may, perm_check, scope_area).
 *
 * Read once and kept in the worker by (schema, user, utility) under a stamp of the rows it came from; the session query
 * brings the stamp, so that a change takes effect on the next request and an unchanged one costs no query.
 */
#ifndef APP_CORE_RIGHTS_H
#define APP_CORE_RIGHTS_H

#include "app/core/core.h"
#include "lib/ctx.h"
#include "lib/db.h"

enum { RIGHT_KEYS_MAX = 200, MODULES_ACTIVE_MAX = 20 };

typedef struct Rights {
    int          key_n;
    const char **key;               /* "bx.gl", in order of reading */
    unsigned    *bits;              /* VIEW | CREATE ... of lib/req.h */
    int          module_n;
    const char **module;            /* active ones of the utility */
    AreaScope    areas;
    const char  *role_code, *role_name;     /* the first of the roles held here; NULL: none */
} Rights;

/* The sum of everything rights are made of, as columns of a query with the user's row as `u`; one ?: the utility. */
#define RIGHTS_STAMP \
    "concat_ws('.', (select concat(count(*), '-', coalesce(sum(ur.id), 0), '-', coalesce(sum(ro.row_version * " \
    "2 + ro.active), 0), '-', " \
    "coalesce(sum(crc32(concat_ws(',', ur.valid_from, ur.valid_to, ur.service_area_id, sa.row_version))), 0)) " \
    "from user_role ur " \
    "join role ro on ro.id = ur.role_id left join service_area sa on sa.id = ur.service_area_id " \
    "where ur.user_id = u.id), " \
    "(select concat(count(*), '-', coalesce(sum(po.id), 0), '-', coalesce(sum(po.row_version), 0)) " \
    "from user_permission_override po where po.user_id = u.id), " \
    "(select concat(coalesce(sum(ma.row_version), 0), '-', coalesce(sum(ma.active), 0)) from module_activation ma " \
    "where ma.utility_id = ?)) as stamp"

/* A new piece of work begins: what the last one used may be replaced. */
void rights_begin(void);
/* The stamp the session's query brought for c's user in c's utility. */
void rights_stamped(Ctx *c, const char *stamp);
/* Never NULL; of nobody: no rights. */
const Rights *rights_here(Ctx *c);
bool rights_has(const Rights *r, const char *key, unsigned action);
/* For lists: "in (select ...)" with its parameter, NULL when all areas are seen. */
const char *rights_area_filter(Ctx *c, Bind *bind);
/* One action's bit by its word: "create" gives CREATE; 0 for an unknown word. And back. */
unsigned    action_bit (const char *word);
const char *action_word(unsigned action);

#endif
