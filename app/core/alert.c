/*
 * What wants attention: one open alert per key; and prepared totals of dashboards.
 */
#include <string.h>

#include "app/core/core.h"
#include "lib/crypt.h"
#include "lib/db.h"
#include "lib/utf8.h"

/* What the columns hold: names that others give (a provider's payment id) can be of any length. A longer key ends in
   what tells it apart. */
enum { KEY_KEPT = 160, WORDS_KEPT = 300, KEY_HEAD = 120, KEY_HASH = 16 };

static const char *key_kept(Ctx *c, const char *key) {
    if (!key || strlen(key) <= KEY_KEPT) return key;
    uint8_t hash[32];
    blake2b((Bytes){ 0 }, bytes_of(key), hash);
    return text(c, "%s~%s", utf8_cut(&c->mem, key, KEY_HEAD), hex_text(&c->mem, bytes_at(hash, KEY_HASH)));
}

void alert_raise(Ctx *c, const char *kind, const char *severity, const char *dedup_key, const char *subject,
                 const char *link) {
    db_run(c, "insert into alert (utility_id, kind, severity, subject, link, dedup_key, first_at, last_at) "
              "values (?,?,?,?,?,?,?,?) "
              "on duplicate key update last_at=values(last_at), times=times+1, subject=values(subject)", c->utility,
           kind, severity, utf8_cut(&c->mem, subject, WORDS_KEPT), link, key_kept(c, dedup_key), c->now,
           c->now);
}

void alert_clear(Ctx *c, const char *dedup_key) {
    db_run(c, "update alert set resolved_at=? where dedup_key=? and resolved_at is null", c->now,
           key_kept(c, dedup_key));
}

void day_count_add(Ctx *c, const char *key, Date period, int64_t n) {
    db_run(c, "insert into dashboard_counter (utility_id, `key`, period, value) values (?,?,?,?) "
              "on duplicate key update value=value+values(value), updated_at=utc_timestamp(6)", c->utility, key, period,
           n);
}
