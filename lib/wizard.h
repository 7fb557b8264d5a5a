/*
 * Wizards: a long form in named steps, each a declared Form with a page of its own; what was saved is kept as a draft.
 *
 *   static const WizardStep invite_steps[] = {
 *       { .key = "person", .form = &person_form, .check = person_check },
 *       { .key = "role",   .form = &role_form,   .show = show_roles, .words = role_words }, { 0 } };
 *   static const Wizard invite = { .name = "invite", .path = "/invitations", .table = "invite_draft",
 *                                  .steps = invite_steps, .finish = invite_send };
 *   WIZARD(invite)                                          in the topic's file
 *   WIZARD_ROUTES(invite, "/invitations", "core.users", CREATE)     in the module's routes
 *
 * Every save is a draft, in the table of the wizard's owner: going back keeps all, another computer goes on with it.
 * "Save draft" keeps what was typed as it is; "Save and continue" refuses what is wrong. The last page, "Check your
 * answers", reads all steps again: whoever left one wrong is led to it, so that finish gets only what every check
 * passed. Whether a step is done is never stored. Drafts are one person's; they are kept 30 days (wizard_expire).
 *
 * The table: id, utility_id, public_id, user_id, `values` longtext, done tinyint, result varchar(500), created_at,
 * updated_at, version (a draft is nobody's record: it is not audited). Passwords, codes and secrets are not kept, so a
 * wizard cannot ask for them; nor for files.
 *
 * Texts: <name>.title, <name>.submit (of the last step), <name>.step.<key>; fields as in lib/form.h by the form's name.
 */
#ifndef LIB_WIZARD_H
#define LIB_WIZARD_H

#include "lib/form.h"

enum { WIZARD_STEPS_MAX = 12, WIZARD_DRAFT_MAX = 256 * 1024, WIZARD_DRAFTS_SHOWN = 20, WIZARD_DAYS = 30 };

typedef struct Draft Draft;

typedef struct WizardStep {
    const char *key;                    /* in the URL; not "check" */
    const Form *form;
    /* Options and hints, by earlier steps if need be. May be NULL. */
    void      (*show)(Req *r, FormView *v, const Draft *d);
    /* Rules over several fields and steps: problem(r, field, ...). Runs at each save and at the end. May be NULL. */
    void      (*check)(Req *r, const Input *in, const Draft *d);
    /* How a chosen value is called on the last page; NULL: as it was typed. */
    const char *(*words)(Req *r, const Draft *d, const char *field, const char *value);
    /* The step does not arise after these answers. May be NULL. */
    bool      (*left_out)(Req *r, const Draft *d);
} WizardStep;

typedef struct Wizard {
    const char       *name;             /* of its messages */
    const char       *path;             /* its pages: <path>/new, <path>/drafts/<draft>/<step> */
    const char       *table;
    const WizardStep *steps;
    const Form       *agree;            /* what is left to agree to on the last page; may be NULL */
    /* The deed, in one transaction; ends with go(). `agreed` is NULL without .agree. */
    void            (*finish)(Req *r, const Draft *d, const Input *agreed);
    /* More on the last page, into form.sections. May be NULL. */
    void            (*summary)(Req *r, const Draft *d);
} Wizard;

/* What a draft holds: as typed; NULL when nothing is. `step` may be one that was not reached yet. */
const char *draft_text(const Draft *d, const char *step, const char *field);
/* The same read and checked by the step's form; for finish, when all is right. */
Input      *draft_input(Req *r, const Draft *d, const char *step);
Id          draft_id(const Draft *d);

/* The pages, for WIZARD(). */
void wizard_new      (Req *r, const Wizard *w);
void wizard_start    (Req *r, const Wizard *w);
void wizard_resume   (Req *r, const Wizard *w);
void wizard_page     (Req *r, const Wizard *w);
void wizard_save     (Req *r, const Wizard *w);
void wizard_discard  (Req *r, const Wizard *w);
/* Removes drafts older than 30 days and done ones; at most 2,000. For the owner's cleaning job. */
int64_t wizard_expire(Ctx *c, const Wizard *w);

#define WIZARD(w)                                                     \
    void w##_wizard_new    (Req *r) { wizard_new    (r, &w##_wizard); } \
    void w##_wizard_start  (Req *r) { wizard_start  (r, &w##_wizard); } \
    void w##_wizard_resume (Req *r) { wizard_resume (r, &w##_wizard); } \
    void w##_wizard_page   (Req *r) { wizard_page   (r, &w##_wizard); } \
    void w##_wizard_save   (Req *r) { wizard_save   (r, &w##_wizard); } \
    void w##_wizard_discard(Req *r) { wizard_discard(r, &w##_wizard); }
/* For the module's header of pages. */
#define WIZARD_PAGES(w) \
    void w##_wizard_new (Req *r); void w##_wizard_start(Req *r); void w##_wizard_resume (Req *r); \
    void w##_wizard_page(Req *r); void w##_wizard_save (Req *r); void w##_wizard_discard(Req *r)
#define WIZARD_ROUTES(w, path, key, action)                                                          \
    GET (path "/new",                    key, action, w##_wizard_new),                               \
    POST(path "/new",                    key, action, w##_wizard_start),                             \
    GET (path "/drafts/{draft}",         key, action, w##_wizard_resume),                            \
    GET (path "/drafts/{draft}/{step}",  key, action, w##_wizard_page),                              \
    POST(path "/drafts/{draft}/{step}",  key, action, w##_wizard_save),                              \
    POST(path "/drafts/{draft}/removal", key, action, w##_wizard_discard, .form = w##_wizard_resume)

#endif
