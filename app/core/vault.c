/*
 * Secrets at rest (S23): sealed with the tenant's data key, which the installation's master key wraps; the platform's
 * own with the master key. The place is sealed in: a value copied to another column or tenant does not open there.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/db.h"

static const Keys *ring(Ctx *c) {
    if (!c->tenant.id) return installation_keys();
    Keys *keys = fact_get(c, "vault", 0);
    if (keys) return keys;
    keys = take(c, sizeof *keys);
    later(c, keys_wipe, keys);
    const char *sealed = db_text(c, "select data_key from smart360.tenant where id=?", c->tenant);
    if (!sealed || !data_key_open(&c->mem, installation_keys(), c->tenant_slug, sealed, keys))
        fail(c, BROKEN, "the data key of tenant %s does not open", c->tenant_slug);
    return fact_keep(c, "vault", 0, keys);
}

/* A tenant's key is its own already; its name is left out, so that a copy restored under another name opens. */
static const char *place_of(Ctx *c, const char *place) {
    return text(c, "%s %s", c->tenant.id ? "tenant" : "platform", place);
}

Bytes vault_seal(Ctx *c, const char *place, const char *plain) {
    return bytes_of(secret_seal(&c->mem, ring(c), place_of(c, place), bytes_of(plain)));
}

const char *vault_open(Ctx *c, const char *place, Bytes sealed) {
    if (!sealed.p) return NULL;
    Bytes plain;
    if (!secret_open(&c->mem, ring(c), place_of(c, place), text_copy_n(c, sealed.p, sealed.n), &plain))
        fail(c, BROKEN, "a sealed %s does not open", place);
    return plain.p;
}

Bytes lookup_hash(Ctx *c, const char *value) {
    const Keys *keys = ring(c);
    Key key = key_for(keys, "lookup");
    char *folded = text_copy(c, value);
    for (char *s = folded; *s; s++)
        if (*s >= 'A' && *s <= 'Z') *s = (char)(*s + 32);
    while (*folded == ' ') folded++;
    size_t n = strlen(folded);
    while (n && folded[n - 1] == ' ') n--;
    uint8_t *hash = take(c, 32);
    blake2b(bytes_at(key.bytes, sizeof key.bytes), bytes_at(folded, n), hash);
    return (Bytes){ hash, 32 };
}

/* --- documents signed by the tenant ------------------------------------------------------------------------------- */

const char *tenant_key(Ctx *c, const char *purpose) {
    Key key = key_for(ring(c), purpose);
    const char *words = document_key(&c->mem, &key);
    explicit_bzero(&key, sizeof key);
    return words;
}

const char *tenant_sign(Ctx *c, const char *purpose, Bytes document) {
    Key key = key_for(ring(c), purpose);
    const char *signature = document_sign(&c->mem, &key, document);
    explicit_bzero(&key, sizeof key);
    return signature;
}
