/*
 * What the front door asks of sessions (front.c); modules use front.h. Each row is read once a request and kept in its
 * Facts.
 */
#ifndef APP_CORE_SESSION_H
#define APP_CORE_SESSION_H

#include "app/core/front.h"

/* Once, before the workers are made. */
void session_keys(void);
/* The tenant of the host, NULL when there is none; by the same statement the session of somebody of the staff, never
   one of another schema. Of the portal's pages (`is_portal`) the session is read later. */
const TenantRow *session_enter_tenant(Req *r, const char *slug, bool is_portal);
/* Who is signed in, in the context and in Facts; csrf of the page; language, theme and formats of the person. */
void session_identify(Req *r);
/* "staff", "portal", "platform": as the tables have it. */
const char *realm_word(Realm realm);

#endif
