/*
 * What happened, by whom, from where (spec/README section 2 rule 6; I15, I16): one append-only audit_entry, its values
 * apart in audit_value with a salt, so that erasure can blank them and the seal of the entry still holds.
 */
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "app/core/core.h"
#include "app/core/front.h"
#include "lib/crypt.h"
#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/utf8.h"

enum { NUMBER_BYTES = 60, REASON_BYTES = 500 };      /* what the columns hold: longer ones are cut */

/* --- what is kept of the values: changed fields only, secrets as "***" -------------------------------------------- */

static bool is_secret(const char *name) {
    static const char *const words[] = { "password", "secret", "token", "api_key", "private_key", "credentials", "_enc",
                                         "iban", "card_no", "pin_code", NULL };
    for (const char *const *w = words; *w; w++)
        if (strcasestr(name, *w)) return true;
    return false;
}

static void hide_secrets(json_t *object) {
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, name, value)
        if (is_secret(name) && !json_is_null(value)) json_object_set_new(object, name, json_string("***"));
}

/* A secret that changed is seen in both before it is hidden; what is equal in both goes. */
static void drop_equal(json_t *before, json_t *after) {
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(before, next, name, value) {
        json_t *other = json_object_get(after, name);
        if (other && json_equal(value, other)) {
            json_object_del(after, name);
            json_object_del(before, name);
        }
    }
}

static json_t *object_of(Ctx *c, const char *text_) {
    if (!text_) return NULL;
    json_t *j = json_loads(text_, JSON_REJECT_DUPLICATES, NULL);
    if (j && json_is_object(j)) return j;
    json_decref(j);
    fail(c, BROKEN, "an audit value is no JSON object: %.80s", text_);
}

static void free_json(void *j) { json_decref(j); }

static const char *dump(Ctx *c, json_t *object) {
    if (!object) return NULL;
    char *s = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (!s) fail(c, BROKEN, "an audit value cannot be written");
    const char *kept = text_copy(c, s);
    free(s);
    return kept;
}

const char *json_pairs(Ctx *c, const char *first, ...) {
    Text to = text_start(c);
    JsonOut o = json_out(&to);
    json_open_object(&o, NULL);
    va_list args;
    va_start(args, first);
    for (const char *name = first; name; name = va_arg(args, const char *))
        json_add_text(&o, name, va_arg(args, const char *));
    va_end(args);
    json_close(&o);
    return to.s;
}

/* --- the entry ---------------------------------------------------------------------------------------------------- */

static void hash_part(Text *t, const char *s) {
    uint64_t n = s ? strlen(s) : UINT64_MAX;        /* NULL and "" differ */
    uint8_t size[8];
    for (int i = 0; i < 8; i++) size[i] = (uint8_t)(n >> (8 * i));
    text_add_n(t, (const char *)size, 8);
    if (s) text_add_n(t, s, strlen(s));
}

void audit_hash(Ctx *c, Bytes salt, const char *before, const char *after, uint8_t hash[static 32]) {
    Text t = text_start(c);
    text_add_n(&t, salt.p, salt.n);
    hash_part(&t, before);
    hash_part(&t, after);
    blake2b((Bytes){ 0 }, bytes_at(t.s, t.n), hash);
}

/* Somebody of the platform who looks by support access is no user of the tenant. */
static bool is_support(const Ctx *c) { return c->realm == REALM_STAFF && c->user.id >= SUPPORT_USERS; }

Id audit_actor_id(const Ctx *c) { return is_support(c) ? (Id){ c->user.id - SUPPORT_USERS } : c->user; }

const char *audit_actor_kind(const Ctx *c) {
    switch (c->realm) {
    case REALM_STAFF:    return is_support(c) ? "platform" : "user";
    case REALM_PORTAL:   return "portal_user";
    case REALM_PLATFORM: return "platform";
    default:             return c->address ? "public" : "system";
    }
}

/* What an entry keeps of before and after, with the hash over it; hash.p NULL when there is nothing. */
typedef struct Kept { const char *before, *after; Bytes salt, hash; } Kept;

static Kept kept_of(Ctx *c, const Audit *a) {
    json_t *was = object_of(c, a->before);
    if (was) later(c, free_json, was);
    json_t *is = object_of(c, a->after);
    if (is) later(c, free_json, is);
    if (was && is) drop_equal(was, is);
    if (was) hide_secrets(was);
    if (is) hide_secrets(is);
    Kept k = { .before = dump(c, was), .after = dump(c, is) };
    if (!k.before && !k.after) return k;
    uint8_t *salt = take(c, 16), *hash = take(c, 32);
    random_fill(salt, 16);
    k.salt = bytes_at(salt, 16);
    audit_hash(c, k.salt, k.before, k.after, hash);
    k.hash = bytes_at(hash, 32);
    return k;
}

void audit_write(Ctx *c, const Audit *a) {
    Kept k = kept_of(c, a);
    Id id = db_insert(c, "insert into audit_entry (at, utility_id, actor_kind, actor_id, actor_name, ip, session_id, "
                         "request_id, action, entity, entity_id, number, version, value_hash, reason) "
                         "values (?,?,?,?,?,inet6_aton(?),?,?,?,?,?,?,nullif(?,0),?,?)",
                      c->now, c->utility, audit_actor_kind(c), audit_actor_id(c), c->user_name, c->address, c->session,
                      c->request_no[0] ? c->request_no : NULL,
                      a->action, a->entity, a->id, a->number ? utf8_cut(&c->mem, a->number, NUMBER_BYTES) : NULL,
                          a->version,
                      k.hash, a->reason ? utf8_cut(&c->mem, a->reason, REASON_BYTES) : NULL);
    if (k.hash.p)
        db_run(c, "insert into audit_value (audit_id, salt, before_value, after_value) values (?,?,?,?)", id, k.salt,
               k.before, k.after);
}

#define ENTRY(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Entry, ENTRY)

void audits_write(Ctx *c, const Audit *v, size_t n) {
    if (!n) return;
    Kept *k = take_n(c, Kept, n);
    Id *records = take_n(c, Id, n);
    DbBulk *entry = db_bulk(c,
        "insert into audit_entry (at, utility_id, actor_kind, actor_id, actor_name, ip, session_id, request_id, "
        "action, entity, entity_id, number, version, value_hash, reason) "
        "values (?,?,?,?,?,inet6_aton(?),?,?,?,?,?,?,nullif(?,0),?,?)");
    for (size_t i = 0; i < n; i++) {
        const Audit *a = &v[i];
        k[i] = kept_of(c, a);
        records[i] = a->id;
        db_bulk_add(entry, c->now, c->utility, audit_actor_kind(c), audit_actor_id(c), c->user_name, c->address,
                    c->session, c->request_no[0] ? c->request_no : NULL, a->action, a->entity, a->id,
                    a->number ? utf8_cut(&c->mem, a->number, NUMBER_BYTES) : NULL, a->version, k[i].hash,
                    a->reason ? utf8_cut(&c->mem, a->reason, REASON_BYTES) : NULL);
    }
    db_bulk_end(entry);
    Entrys l = db_all(c, Entry, "select j.row_no, max(a.id) as id "
                                "from json_table(?, '$[*]' columns (row_no for ordinality, "
                                "record bigint path '$')) j straight_join audit_entry a on a.entity=? "
                                "and a.entity_id=j.record and a.action=? group by j.row_no", json_ids(c, records, n),
                      v->entity, v->action);
    DbBulk *value = db_bulk(c, "insert into audit_value (audit_id, salt, before_value, after_value) values (?,?,?,?)");
    for (size_t i = 0; i < l.n; i++) {
        const Kept *one = &k[l.v[i].row_no - 1];
        if (one->hash.p) db_bulk_add(value, l.v[i].id, one->salt, one->before, one->after);
    }
    db_bulk_end(value);
}

void audit_note(Ctx *c, const char *action, const char *entity, Id id, const char *number, const char *reason) {
    audit_write(c, &(Audit){ .action = action, .entity = entity, .id = id, .number = number, .reason = reason });
}

void audits_note(Ctx *c, const Audit *v, size_t n) {
    if (!n) return;
    DbBulk *b = db_bulk(c,
        "insert into audit_entry (at, utility_id, actor_kind, actor_id, actor_name, ip, session_id, request_id, "
        "action, entity, entity_id, number, version, reason) values "
        "(?,?,?,?,?,inet6_aton(?),?,?,?,?,?,?,nullif(?,0),?)");
    for (size_t i = 0; i < n; i++)
        db_bulk_add(b, c->now, c->utility, audit_actor_kind(c), audit_actor_id(c), c->user_name, c->address, c->session,
                    c->request_no[0] ? c->request_no : NULL, v[i].action, v[i].entity, v[i].id, v[i].number,
                        v[i].version, v[i].reason);
    db_bulk_end(b);
}

const char *json_ids(Ctx *c, const Id *v, size_t n) {
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0; i < n; i++) text_addf(&t, "%s%lld", i ? "," : "", (long long)v[i].id);
    text_add(&t, "]");
    return t.s;
}

const char *json_keys(Ctx *c, const char *const *v, size_t n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        if (!v[i]) continue;
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)i);
        json_add_text(&o, NULL, v[i]);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}
