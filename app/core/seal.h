/*
 * Seals (I16): ledger (a chain for each utility) and audit (one chain) in blocks,
 *     hash(block) = BLAKE2b-256(hash of the block before, rows in id order)
 * The first block follows 32 zero bytes. A row is its length (8 bytes, little endian) and its columns as text, joined
 * by the unit separator, NULL as \N. Audit rows hold only the salted hash of their values, so erasure breaks no seal.
 */
#ifndef APP_CORE_SEAL_H
#define APP_CORE_SEAL_H

#include "app/core/core.h"

/*
 * Seals what is older than margin_s in all chains of c's tenant, at most a block of each; true when there is more.
 * Waits for transactions that have not ended in that range. In the caller's transaction.
 */
bool seal_chains(struct Ctx *c, int64_t margin_s);

/* Recomputes every seal of c's tenant: the number of blocks
 * that do not hold, *first their name ("ledger 3 block 7"). */
int64_t seals_broken(struct Ctx *c, const char **first);

#endif
