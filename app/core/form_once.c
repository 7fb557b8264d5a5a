/*
 * A form sent twice is done once (spec/README section 2, rule 2): its first result is kept 30 days under the one-time
 * key.
 *
 * The row is inserted when the first POST begins, in its transaction: a second one with the key waits for that and then
 * finds the result, or begins itself when the first was rolled back.
 */
#include <string.h>

#include "app/core/core.h"
#include "lib/db.h"
#include "lib/utf8.h"

static const char *realm_word(Realm realm) {
    return realm == REALM_STAFF ? "staff" : realm == REALM_PORTAL ? "portal" : realm == REALM_PLATFORM
        ? "platform" : "none";
}

#define FORM_POST(F, T) F(T, const char *, path) F(T, const char *, location) F(T, int, status)
ROW(FormPost, FORM_POST)

/* What the columns hold: a longer path is compared by its beginning, a longer location is not kept. */
enum { PATH_MAX_KEPT = 300, LOCATION_MAX_KEPT = 500 };

const char *form_once(Ctx *c, const char *form_key, const char *path) {
    path = utf8_cut(&c->mem, path, PATH_MAX_KEPT);
    bool first = db_add(c, "insert into form_post (realm, subject_id, form_key, path, created_at) values (?,?,?,?,?)",
                        realm_word(c->realm), c->user.id, form_key, path, c->now);
    if (first) return NULL;
    FormPost *f = db_one(c, FormPost, "select path, location, status from form_post where realm=? "
                                      "and subject_id=? and form_key=?", realm_word(c->realm), c->user.id, form_key);
    if (strcmp(f->path, path)) fail(c, INVALID, "This form belongs to another page. Open it again.");
    return f->location ? f->location : f->path;
}

void form_done(Ctx *c, const char *form_key, const char *location, int status) {
    if (location && strlen(location) > LOCATION_MAX_KEPT) location = NULL;
    db_must(c, 1, BROKEN, "update form_post set location=?, status=? where realm=? and subject_id=? and form_key=?",
            location, status, realm_word(c->realm), c->user.id, form_key);
}
