/*
 * Password hashing, limited: one hash takes 64 MiB and a tenth of a second of one core, so at most half of the cores
 * hash at once in all workers of a program together (assurance S10). A worker that dies gives its place back by dying.
 */
#ifndef APP_CORE_HASHING_H
#define APP_CORE_HASHING_H

#include "lib/ctx.h"

/* Once, before workers are forked. */
void hashing_start(void);
/* Takes a place, waiting at most 2 s; then BUSY "Many people are signing in right now. Try again in a few seconds." The
 * place is given back by hashing_leave(), or when the memory of c is rewound. Outside of transactions: it may wait. */
void hashing_enter(Ctx *c);
void hashing_leave(Ctx *c);

#endif
