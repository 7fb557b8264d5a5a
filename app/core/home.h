/*
 * Where a role begins its day (spec/README section 3).
 */
#ifndef APP_CORE_HOME_H
#define APP_CORE_HOME_H

#include "app/core/front.h"

typedef struct RoleHome {
    const char *role;               /* code; several roles may share a path */
    const char *path;               /* in the utility; of tenant_admin and platform_admin: whole */
    const char *key;                /* the right its page asks for */
    const char *what;               /* message home.<what>: what stands there when it is built */
} RoleHome;
extern const RoleHome role_homes[];     /* ended by {0} */

#endif
