/*
 * The shell's pieces: see shell.h. They are valid as long as the tenant's version of rights is the same (rights.c):
 * whatever a menu is made of gives a new one when it is written.
 */
#include "app/core/shell.h"

#include <stdlib.h>
#include <string.h>

#include <ClearSilver.h>

#include "app/core/front.h"
#include "app/core/rights.h"
#include "lib/page.h"

/* To add a piece: its name here, views/layout/_kept_<name>.cs and views/layout/kept_<name>.cs, and its place in
   views/layout/_shell.cs. A piece reads nothing that is not in the key: no address, no token, no figure. */
static const struct { const char *name, *template; } pieces[] = {
    { "shell.nav",    "layout/kept_nav" },
    { "shell.create", "layout/kept_create" },
    { "shell.low",    "layout/kept_low" },
    { "shell.keys",   "layout/kept_keys" },
};
enum { PIECES = sizeof pieces / sizeof *pieces, KEPT = 256, KEY_MAX = 400, PIECE_MAX = 32768 };

typedef struct Kept { char key[KEY_MAX]; char *piece[PIECES], *home_url; } Kept;

static Kept kept[KEPT];

/* NULL: such a shell is not kept. */
static const char *key_of(Req *r, const char *here) {
    Ctx *c = &r->c;
    const Rights *rights = rights_here(c);
    if (!rights->print[0]) return NULL;
    const char *key = text(r, "%s %lld %s %s %s %d %s", c->schema, (long long)c->utility.id, rights->stamp,
                           rights->print, c->language, facts_of(c)->is_slim, here ? here : "");
    return strlen(key) < KEY_MAX ? key : NULL;
}

static Kept *place_of(const char *key) {
    uint64_t h = 14695981039346656037u;
    for (const char *s = key; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211u;
    return &kept[(size_t)(h >> 24) % KEPT];
}

bool shell_show(Req *r, const char *here) {
    const char *key = key_of(r, here);
    const Kept *k = key ? place_of(key) : NULL;
    if (!k || strcmp(k->key, key)) return false;
    for (size_t i = 0; i < PIECES; i++) show_text(r, pieces[i].name, k->piece[i]);
    show_text(r, "shell.home_url", k->home_url);
    return true;
}

static void forget(Kept *k) {
    for (size_t i = 0; i < PIECES; i++) free(k->piece[i]);
    free(k->home_url);
    *k = (Kept){ 0 };
}

void shell_keep(Req *r, const char *here) {
    const char *key = db_is_writing(&r->c) ? NULL : key_of(r, here);        /* what is written may be taken back */
    if (!key) return;
    Kept new = { .home_url = strdup(hdf_get_value(r->data, "menu.0.url", "/")) };
    bool is_whole = new.home_url != NULL;
    for (size_t i = 0; i < PIECES && is_whole; i++) {
        Text t = text_start(r);
        is_whole = page_render(pieces[i].template, r->data, &t) && t.n < PIECE_MAX
            && (new.piece[i] = strdup(t.n ? t.s : ""));
    }
    if (!is_whole) {
        forget(&new);
        return;
    }
    memcpy(new.key, key, strlen(key));
    Kept *k = place_of(key);
    forget(k);
    *k = new;
    shell_show(r, here);
}
