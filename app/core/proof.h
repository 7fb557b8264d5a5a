/*
 * Proving again who one is before a sensitive act (AU01US03): gateway credentials, refunds above the threshold, going
 * live, roles, rolling an import back, personal data. Password or code within the last ten minutes will do.
 */
#ifndef APP_CORE_PROOF_H
#define APP_CORE_PROOF_H

#include "lib/req.h"

/* In the POST of such an act: fails INVALID with what to do, so that the form comes again with everything typed. Jobs
   and commands pass. */
void proof_check(Ctx *c);
/* In a GET that is such an act itself (a file that is handed over): true when the person was sent to prove it; `back`
   is the page where he asks for it again. */
bool proof_first(Req *r, const char *back);
/* On its page: says beforehand that proof is wanted, with the way to give it and back. */
void proof_notice(Req *r);

#endif
