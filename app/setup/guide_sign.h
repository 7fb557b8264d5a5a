/*
 * Who signs a step of the guided set-up (ONB-GUIDED): each of its roles, see step.h. A signature stands for the values
 * as they were when it was given; what changes them afterwards ends all signatures of the step (step_signatures_end).
 */
#ifndef APP_SETUP_GUIDE_SIGN_H
#define APP_SETUP_GUIDE_SIGN_H

#include "app/setup/guide.h"

#define SIGNATURE_ROW(F, T) F(T, Id, id) F(T, const char *, role_code) F(T, const char *, basis) F(T, Id, signed_by) \
    F(T, const char *, name) F(T, Time, signed_at) F(T, const char *, comment) F(T, bool, is_live)
ROW(SignatureRow, SIGNATURE_ROW)

/* One of the step's roles. given: the last signature for it, one that ended too; people: who has the role and may
 * sign, names; is_mine: the person at work may sign for it now, in_place: because nobody else could. */
typedef struct Signing {
    const StepSigner   *signer;
    const SignatureRow *given;
    bool                is_given, is_mine, in_place;
    const char         *people;
} Signing;
/* open: signatures that are wanted, mine: those of them the person at work may give. */
typedef struct Signings { Signing v[STEP_SIGNERS]; size_t n, open, mine; } Signings;

Signings guide_signings(Ctx *c, const StepDef *d);
/* Whether the person at work has one of the roles that sign this step (NULL: any step) and may do so. */
bool guide_is_signer(Ctx *c, const StepDef *d);
/* "Billing manager, Dispatcher": the roles whose signature is wanted, without those the person may sign for; NULL when
   there are none. */
const char *guide_wanted_words(Ctx *c, const Signings *all);
/* Gives every signature that is the person's to give, with its audit. The step is locked first: true when none is
   wanted any more. Fails CONFLICT when one of them was given meanwhile. */
bool guide_sign(Ctx *c, const StepDef *d, const Signings *all, const char *comment, const char *snapshot);
/* Tells those whose signature is wanted, each once while it is unread; the person at work is not told. */
void guide_sign_ask(Ctx *c, const StepDef *d);

/* The card guide.signatures. */
void guide_signings_show(Req *r, const StepNow *s);
/* "You sign as: Billing manager." for the form; "" when there is nothing to sign. */
const char *guide_sign_words(Ctx *c, const Signings *all);
/* "Billing manager: Bela Billing, Apr 15, 2026" or what stands where nobody has signed, of the n-th. */
const char *guide_signature_words(Ctx *c, const Signing *s);

#endif
