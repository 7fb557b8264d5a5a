/*
 * Roles as role.c, user.c and their pages share them (AU01US02).
 */
#ifndef APP_CORE_ROLE_H
#define APP_CORE_ROLE_H

#include "app/core/front.h"
#include "app/core/rights.h"
#include "app/core/role_rules.h"

enum { RIGHT_ROWS_MAX = 200 };

#define ROLE_ROW(F, T) F(T, Id, id) F(T, Id, utility_id) F(T, const char *, code) F(T, const char *, name) \
    F(T, const char *, description) F(T, const char *, kind) \
    F(T, bool, mfa_required) F(T, bool, active) F(T, int64_t, row_version) F(T, Id, department_id)
ROW(RoleRow, ROLE_ROW)

typedef struct RightSet { RightRow *v; size_t n; } RightSet;   /* of a person or a role */

/* A role of the utility, or the tenant's; NULL when there is none. */
RoleRow *role_find(Ctx *c, const char *code);
/* One that is given to people: active, and not the consumers'. */
bool     role_is_given(const RoleRow *role);
/* tenant_admin and platform_admin: never edited. */
bool     role_is_fixed(const RoleRow *role);
RightSet role_rights(Ctx *c, Id role);
/* Those of the person who is signed in. */
RightSet rights_held(Ctx *c);
/* Those of somebody else of the staff. */
RightSet rights_held_by(Ctx *c, Id user);
/* Fails DENIED "You can only grant permissions you hold." for a right that is added and that the grantor lacks. */
void     grant_check(Ctx *c, RightSet stored, RightSet wanted);
/* "View, Edit" of bits; a dash for none. */
const char *role_actions_text(Req *r, unsigned bits);
/* After a change: fails INVALID when nobody is left who may edit roles. */
void     administrators_check(Ctx *c);

#endif
