/*
 * People of a utility as their pages share them (ONB02US03, AU01US02, AU01US03): user.c (list, roles, permissions),
 * user_life.c (profile, deactivation and back), user_session.c (sessions, activity), invite.c, user_entry.c (rows of
 * files), user_import.c.
 */
#ifndef APP_CORE_USER_H
#define APP_CORE_USER_H

#include "app/core/front.h"
#include "lib/db.h"
#include "lib/fault.h"
#include "lib/form.h"

#define USER_ROW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, email) \
    F(T, const char *, full_name) F(T, const char *, status) F(T, const char *, department) \
    F(T, const char *, phone) F(T, const char *, job_title) F(T, Time, last_login_at) F(T, Time, locked_until) \
        F(T, bool, has_factor) F(T, int64_t, row_version)
ROW(UserRow, USER_ROW)

/* The person of the address {id}: NOT_FOUND unless it has a role here, or in the whole tenant. */
UserRow *user_here(Req *r);
/* The same for what changes a person, DENIED where one may not: people with a role in the whole organization are
   changed by its administrators alone, not by those of a single utility. */
UserRow *user_to_change(Req *r);
bool     user_may_change(Ctx *c, Id user);
/* Title, crumbs, tabs, state and what may be done with this person. `tab`: profile, roles, permissions, sessions,
   activity. */
void user_head(Req *r, const UserRow *u, const char *tab);

/* Options of a select, of value and label. */
#define TWO(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Two, TWO)
void two_options(FormView *v, const char *field, const Twos *all);
/* Areas of the utility, indented. */
void area_options(Req *r, FormView *v, const char *field);

/* After a change of a person's rights: somebody must be left to administer; version, audit and news. */
typedef struct UserChange { const char *action, *before, *after, *reason; } UserChange;
void user_changed(Req *r, Id user, const UserChange *change);
/* The version grows and is audited (I15), nothing else is checked. */
void user_touched(Ctx *c, Id user, const UserChange *change);

/* Whether the personal data may be removed now: 24 months after the deactivation, by who may delete people. */
bool user_may_be_forgotten(Ctx *c, Id user);
/* Nobody signs in with this address any more: open work of the context's utility goes to `heir` (0: its team), that of
   others to their teams; CONFLICT unless the person is active, and when nobody would be left to administer. */
void user_deactivate(Req *r, Id user, Id heir, const char *reason);
/* Active again, with audit and news; CONFLICT for somebody who was not deactivated. */
void user_reactivate(Req *r, Id user, const char *full_name);

/* The last 100 sign-ins and events of security of a person, as a section. */
void activity_table(Req *r, const char *at, Id user, const char *email);

/* --- invitations (invite.c) --------------------------------------------------------------------------------------- */

typedef struct NewUser {
    const char *full_name, *email, *phone, *employee_no, *message;
    Id          department, role, role_utility, area;
    Date        from, to;
} NewUser;
/* A person as a row of a file names it; NULL for what the row does not have. */
typedef struct UserEntry {
    const char *full_name, *email, *phone, *department, *role_code, *area_code, *employee_no;
} UserEntry;
/* What is wrong with rows of people to invite, by the columns above; to[i] is what user_invite takes, for those without
   a fault. Nobody gives a role with rights that are not in `held`; no more than `room` rows find a seat. A few
   statements for all of them. */
struct RightSet;                /* role.h */
Faults users_check(Ctx *c, const UserEntry *v, size_t n, const struct RightSet *held, int64_t room, NewUser *to);
/* Why this address cannot be invited: NULL, or the refusal. */
const char *invite_refusal(Ctx *c, const char *email);
/* Person in state invited, role, link of 72 hours, mail and news; the caller has checked all. public_id. Fails INVALID
   when the subscription has no seat left (a tenth beyond the limit is granted). */
typedef struct Invited { Id id; const char *public_id; } Invited;
Invited user_invite(Ctx *c, const NewUser *n);
/* A new link in place of the old one, and its mail. */
void    invitation_send(Ctx *c, Id user, const char *message);
/* The newest open link of a person is void. */
void    invitation_revoke(Ctx *c, Id user);

/* Fails INVALID when the subscription has no seat left for one more person. */
void    seat_check(Ctx *c);

/* The job people.watch: what ran out is marked, who does not come any more is told about. */
JobStep people_watch(Ctx *c, const JobRow *job);

#endif
