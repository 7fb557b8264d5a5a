/*
 * Files that consumers send along: see files.h.
 */
#include "app/portal/files.h"

#include <string.h>

#include "lib/messages.h"
#include "lib/page.h"

enum { FILES_MOST = 5 };

static bool is_of(const Upload *u, const char *field) { return !strcmp(u->name, field) && u->size > 0; }

void files_check(Req *r, const char *field) {
    int n = 0;
    for (size_t i = 0; i < r->uploads.n; i++) n += is_of(&r->uploads.v[i], field);
    if (n > FILES_MOST) problem(r, field, "%s", msg(r->c.language, "portal.files.many"));
}

int files_keep(Req *r, const char *field, const char *entity, Id entity_id) {
    int n = 0;
    for (size_t i = 0; i < r->uploads.n; i++) {
        const Upload *u = &r->uploads.v[i];
        if (!is_of(u, field)) continue;
        document_store(&r->c, &(NewDocument){ .file_name = u->filename,
                                              .fd = u->fd,
                                              .entity = entity,
                                              .entity_id = entity_id,
                                              .uploaded_by_kind = "portal_user" });
        n++;
    }
    return n;
}
