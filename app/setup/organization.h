/*
 * The organization's own settings as its pages share them (ONB01US01, ONB0502): organization.c (details, regional
 * settings, branding), org_admin.c (administrators), org_dashboard.c.
 */
#ifndef APP_SETUP_ORGANIZATION_H
#define APP_SETUP_ORGANIZATION_H

#include "app/core/core.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/req.h"

#define ORGANIZATION_ROW(F, T) F(T, Id, id) F(T, const char *, name) F(T, const char *, legal_name) \
    F(T, const char *, admin_email) F(T, const char *, contact_phone) F(T, const char *, country) \
    F(T, const char *, state) F(T, const char *, city) F(T, const char *, line1) F(T, const char *, line2) \
    F(T, const char *, postcode) F(T, const char *, registration_no) F(T, const char *, tax_no) \
    F(T, const char *, currency) F(T, const char *, date_format) F(T, const char *, time_zone) \
    F(T, const char *, time_format) F(T, const char *, number_format) F(T, int, first_day_of_week) \
    F(T, const char *, fiscal_year_start) F(T, const char *, default_language) F(T, const char *, measurement_system) \
    F(T, Id, logo) F(T, const char *, brand_colour) F(T, const char *, email_footer) F(T, Time, registered_at) \
    F(T, int64_t, row_version)
ROW(OrganizationRow, ORGANIZATION_ROW)

/* The tenant's one row; NOT_FOUND before it was registered. */
const OrganizationRow *organization_row(Ctx *c, bool lock);

/* The three regional settings that count, in their order; `stored` reads one of a row. */
enum { ORG_PARTS = 3 };
typedef struct OrgPart { const char *name; int weight; } OrgPart;
extern const OrgPart org_parts[ORG_PARTS];
const char *org_part(const OrganizationRow *o, int i);
/* 0 to 100: the weights of what is set. */
int  organization_percent(const OrganizationRow *o);

/* Country and state of a form with fields of these names, for the organization and its utilities. The country as a
   select; the state as a text with the country's states to choose from, taken by name or code. */
typedef struct Whereabouts { const char *country, *state; } Whereabouts;       /* codes; NULL: none */
void country_options(Req *r, FormView *v);
void state_options  (Req *r, FormView *v, const char *country);
/* What is to be stored; what is wrong is said as problems. `required`: both are, where the country has states. */
Whereabouts country_check(Req *r, const Input *in, bool required);

/* The logo that came with the form, checked and stored; `now` when none came. Refuses types, sizes and active content
   as document_store does. */
Id logo_taken(Req *r, const char *field, Id now, const char *entity, Id id);

/* Results of login_attempt that are a failed sign-in, for "in (...)". */
#define SIGN_IN_FAILED "'wrong_password', 'mfa_failed', 'inactive', 'locked', 'network'"

/* The administrators of the organization with what may be done with each, as a table at `at_` (org_admin.c). */
void org_admins_show(Req *r, const char *at_);
/* All whose invitation was not accepted yet, whatever their roles. */
void org_pending_show(Req *r, const char *at_);

#endif
