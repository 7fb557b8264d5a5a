/*
 * `smart360 keys`: master keys from the shell (S23 "key id stored for rotation"): what seals now, a new key, sealing
 * again what an older key sealed, and the end of a key that seals nothing any more. A tenant's secrets are sealed by
 * its data key, which stays; the master keys seal data keys, and what belongs to the platform itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/core/platform_mail.h"
#include "lib/crypt.h"
#include "lib/db.h"

#define SEALED_ROW(F, T) F(T, Id, id) F(T, const char *, owner) F(T, Bytes, sealed)
ROW(SealedRow, SEALED_ROW)

/*
 * Everything the master keys seal. To add one: its two statements (what is there; the new text in place of the old) and
 * the context it is sealed with, %s being the owner.
 */
typedef struct Place { const char *name, *context; SealedRows (*all)(Ctx *c); int64_t (*put)(Ctx *c, const SealedRow *r,
                       Bytes now); } Place;

#define PLACE(name_, select_, update_) \
    static SealedRows name_##_all(Ctx *c) { return db_all(c, SealedRow, select_); } \
    static int64_t name_##_put(Ctx *c, const SealedRow *r, Bytes now) \
        { return db_run(c, update_, now, r->id, r->sealed); }

PLACE(data_keys, "select id, slug as owner, data_key as sealed from smart360.tenant where data_key <> '' order by id",
      "update smart360.tenant set data_key = ? where id = ? and data_key = ?")
PLACE(archives, "select id, slug as owner, archive_key as sealed from smart360.tenant where archive_key is not null "
      "order by id", "update smart360.tenant set archive_key = ? where id = ? and archive_key = ?")
PLACE(factors, "select id, '' as owner, secret_enc as sealed from smart360.mfa_factor where kind = 'totp' order by id",
      "update smart360.mfa_factor set secret_enc = ? where id = ? and secret_enc = ?")
PLACE(mails, "select id, '' as owner, body_enc as sealed from smart360.platform_mail where body_enc is not null and "
      "body_enc <> '' order by id", "update smart360.platform_mail set body_enc = ? where id = ? and body_enc = ?")

PLACE(gateways, "select id, '' as owner, credentials_enc as sealed from smart360.gateway_account where "
      "credentials_enc is not null order by id",
      "update smart360.gateway_account set credentials_enc = ? where id = ? and credentials_enc = ?")
PLACE(hooks, "select id, '' as owner, webhook_secret_current_enc as sealed from smart360.gateway_account where "
      "webhook_secret_current_enc is not null order by id", "update smart360.gateway_account set "
      "webhook_secret_current_enc = ? where id = ? and webhook_secret_current_enc = ?")
PLACE(hooks_before, "select id, '' as owner, webhook_secret_previous_enc as sealed from smart360.gateway_account where "
      "webhook_secret_previous_enc is not null order by id", "update smart360.gateway_account set "
      "webhook_secret_previous_enc = ? where id = ? and webhook_secret_previous_enc = ?")

static const Place places[] = {
    { "data keys of tenants",              "data key of %s",           data_keys_all, data_keys_put },
    { "keys of archives",                  "archive %s",               archives_all,  archives_put },
    { "second factors of the platform",    "platform mfa_factor.secret", factors_all, factors_put },
    { "mails of the platform on their way", PLATFORM_MAIL_SEALED,      mails_all,     mails_put },
    { "credentials of the platform's gateways", PLATFORM_CREDENTIALS_SEALED, gateways_all, gateways_put },
    { "webhook secrets of the platform", PLATFORM_HOOKS_SEALED,        hooks_all,     hooks_put },
    { "earlier webhook secrets of the platform", PLATFORM_HOOKS_SEALED, hooks_before_all, hooks_before_put },
    { 0 }
};

static const char *context_of(Ctx *c, const Place *p, const char *owner) {
    const char *hole = strstr(p->context, "%s");
    return hole ? text(c, "%.*s%s", (int)(hole - p->context), p->context, owner) : p->context;
}

/* "x<key id>.<...>" */
static int key_of(const SealedRow *r) {
    const char *s = r->sealed.p;
    int id = 0;
    for (size_t i = 1; i < r->sealed.n && s[i] >= '0' && s[i] <= '9' && id < 10000; i++) id = id * 10 + (s[i] - '0');
    return id;
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static int64_t sealed_by(Ctx *c, int key) {
    int64_t n = 0;
    for (const Place *p = places; p->name; p++) {
        SealedRows all = p->all(c);
        for (size_t i = 0; i < all.n; i++) n += key_of(&all.v[i]) == key;
    }
    return n;
}

static void list(Ctx *c, void *arg) {
    (void)arg;
    const Keys *keys = installation_keys();
    for (size_t i = 0; i < keys->n; i++)
        printf("key %d: %lld sealed%s\n", keys->v[i].id, (long long)sealed_by(c, keys->v[i].id),
               i + 1 == keys->n ? ", seals now" : "");
}

/* --- sealing again ------------------------------------------------------------------------------------------------ */

typedef struct Again { const Place *place; const SealedRow *row; int64_t done; } Again;

/* A row that somebody changed meanwhile is theirs: it is sealed by the newest key already. */
static void seal_again(Ctx *c, void *arg) {
    Again *a = arg;
    const char *context = context_of(c, a->place, a->row->owner);
    Bytes plain;
    if (!secret_open(&c->mem, installation_keys(), context, text_copy_n(c, a->row->sealed.p, a->row->sealed.n), &plain))
        fail(c, BROKEN, "%s: row %lld does not open", a->place->name, (long long)a->row->id.id);
    a->done += a->place->put(c, a->row, bytes_of(secret_seal(&c->mem, installation_keys(), context, plain)));
}

static void reseal(Ctx *c, void *arg) {
    (void)arg;
    for (const Place *p = places; p->name; p++) {
        SealedRows all = p->all(c);
        Again a = { .place = p };
        for (size_t i = 0; i < all.n; i++) {
            a.row = &all.v[i];
            if (!secret_is_old(installation_keys(), text_copy_n(c, a.row->sealed.p, a.row->sealed.n))) continue;
            db_tx(c, DB_WRITE, seal_again, &a, NULL);
        }
        printf("%s: %lld of %zu sealed again\n", p->name, (long long)a.done, all.n);
    }
}

/* --- the end of a key --------------------------------------------------------------------------------------------- */

static void drop(Ctx *c, void *arg) {
    int key = *(int *)arg;
    const Keys *keys = installation_keys();
    bool is_there = false;
    for (size_t i = 0; i < keys->n; i++) is_there |= keys->v[i].id == key;
    if (!is_there) fail(c, NOT_FOUND, "There is no key %d in %s.", key, installation()->key_file);
    if (keys->v[keys->n - 1].id == key) fail(c, CONFLICT, "Key %d seals now. Add another one first.", key);
    int64_t n = sealed_by(c, key);
    if (n) fail(c, CONFLICT, "Key %d has sealed %lld that are in use. `smart360 keys reseal` first.", key,
                (long long)n);
    const char *problem = keys_drop(installation()->key_file, key);
    if (problem) fail(c, DOWN, "%s %s", installation()->key_file, problem);
    printf("key %d is gone. Backups made with it want it back: keep it where backups are kept.\n", key);
}

static int add(void) {
    installation_keys();
    const char *problem = keys_add(installation()->key_file);
    if (problem) {
        fprintf(stderr, "smart360 keys: %s %s\n", installation()->key_file, problem);
        return 1;
    }
    puts("A key is added. Restart web and jobs on every host, then `smart360 keys reseal`.");
    return 0;
}

int keys_command(int argc, char **argv) {
    if (argc == 1) return command_run(COMMAND_ADMIN, list, NULL);
    if (argc == 2 && !strcmp(argv[1], "add")) return add();
    if (argc == 2 && !strcmp(argv[1], "reseal")) return command_run(COMMAND_ADMIN, reseal, NULL);
    if (argc == 3 && !strcmp(argv[1], "drop")) {
        int key = atoi(argv[2]);
        return command_run(COMMAND_ADMIN, drop, &key);
    }
    return command_misuse(argv[0], "takes nothing, add, reseal, or drop and the number of a key");
}
