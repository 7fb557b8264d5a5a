/*
 * Saved cards of a portal user, within app/portal (method.c): pay.c pays with them, autopay.c charges them.
 */
#ifndef APP_PORTAL_METHOD_H
#define APP_PORTAL_METHOD_H

#include "app/hub/hub.h"
#include "app/portal/pages.h"

#define METHOD(F, T)                                                                                                   \
    F(T, Id, id)                                                                                                       \
    F(T, Id, portal_user_id) F(T, Id, gateway_account_id) F(T, const char *, public_id) F(T, Bytes, token_enc)         \
        F(T, const char *, kind) F(T, const char *, brand) F(T, const char *, last4) F(T, int, exp_month)              \
            F(T, int, exp_year) F(T, const char *, nickname) F(T, bool, is_default) F(T, const char *, status)         \
                F(T, int, row_version)
ROW(Method, METHOD)
/* The visitor's active cards, the default first. */
Methods     methods_mine  (Ctx *c);
Method     *method_mine   (Ctx *c, const char *public_id);      /* NULL when it is not the visitor's, or gone */
Method     *method_get    (Ctx *c, Id id);                      /* whoever's; 404 when none */
/* "Visa ending 4242", or the nickname with it. */
const char *method_words  (Ctx *c, const Method *m);
/* The token, opened; wiped with the memory. */
ChargeToken method_token  (Ctx *c, const Method *m);
/* A payment that is about to be started keeps its card when it is paid. In a transaction. */
void method_keep_with(Ctx *c, const Intent *i, Id gateway);
/* Gateways that keep cards. */
Gateways gateways_saving(Ctx *c);

#endif
