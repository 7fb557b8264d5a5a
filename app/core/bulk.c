/*
 * Acts on many rows at once and the page of their result: see bulk.h. Results are kept a month, for who made them.
 */
#include "app/core/bulk.h"

#include <assert.h>
#include <string.h>

#include "app/core/core.h"
#include "app/core/pages.h"
#include "lib/crypt.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

struct Bulk {
    Req        *r;
    const char *title, *back;
    int64_t     done, refused;
    Text        rows;
    JsonOut     out;
};

Bulk *bulk_start(Req *r, const char *title, const char *back) {
    Bulk *b = take(r, sizeof *b);
    *b = (Bulk){ .r = r, .title = title, .back = back, .rows = text_start(r) };
    b->out = json_out(&b->rows);
    json_open_list(&b->out, NULL);
    return b;
}

bool bulk_one(Bulk *b, const char *name, void (*work)(Ctx *, void *), void *arg) {
    Ctx *c = &b->r->c;
    assert(b->done + b->refused < BULK_MOST);
    if (db_savepoint(c, work, arg)) {
        b->done++;
        return true;
    }
    b->refused++;
    json_open_list(&b->out, NULL);
    json_add_text(&b->out, NULL, name);
    json_add_text(&b->out, NULL, c->failure.text);
    json_close(&b->out);
    return false;
}

static const char *count(Ctx *c, int64_t n) { return locale_count(&c->mem, c->locale, n); }

void bulk_end(Bulk *b) {
    Req *r = b->r;
    Ctx *c = &r->c;
    json_close(&b->out);
    note(r, "%s", msg_format(r, c->language, "bulk.done", { "done", count(c, b->done) },
                             { "refused", count(c, b->refused) }));
    if (!b->refused) {
        go(r, "%s", b->back);
        return;
    }
    const char *key = random_public_id(&c->mem);
    db_run(c, "insert into bulk_result (utility_id, public_id, user_id, title, back, done, refused, refusals, "
              "created_at) values (?,?,?,?,?,?,?,?,?)", c->utility, key, c->user, b->title, b->back, b->done,
           b->refused, b->rows.s, c->now);
    go(r, "/results/%s", key);
}

#define RESULT(F, T) F(T, const char *, title) F(T, const char *, back) F(T, int64_t, done) F(T, int64_t, refused) \
    F(T, const char *, refusals) F(T, Time, created_at)
ROW(Result, RESULT)

void bulk_result_page(Req *r) {
    Ctx *c = &r->c;
    const Result *x = db_find(r, Result, "select title, back, done, refused, refusals, created_at from bulk_result "
                                         "where public_id=? and utility_id=? and user_id=?", path_text(r, "key"),
                              c->utility, c->user);
    if (!x) fail(r, NOT_FOUND, "There is no such result.");
    show_text(r, "page.title", x->title);
    show_text(r, "page.actions.0.text", msg(c->language, "bulk.back"));
    show_text(r, "page.actions.0.url", link_open(r, "%s", x->back));
    show_fact(r, "show.facts", msg(c->language, "bulk.changed"), count(c, x->done), NULL);
    show_fact(r, "show.facts", msg(c->language, "bulk.refused"), count(c, x->refused), NULL);
    show_fact(r, "show.facts", msg(c->language, "bulk.at"), locale_time(&c->mem, c->locale, x->created_at), NULL);
    show_text(r, "show.sections.0.title", msg(c->language, "bulk.refused"));
    TableView *t = table_start(r, "show.sections.0.table", msg(c->language, "bulk.refused"));
    table_column(t, msg(c->language, "bulk.row"), "code", "id");
    table_column(t, msg(c->language, "bulk.why"), "text", "name");
    Json rows = json_read(&c->mem, x->refusals, strlen(x->refusals), 1 << 22, NULL);
    for (size_t i = 0; i < json_size(rows); i++) {
        table_row(t, NULL);
        table_cell(t, json_text(json_item(json_item(rows, i), 0), ""));
        table_cell(t, json_text(json_item(json_item(rows, i), 1), ""));
    }
    page(r, "layout/show");
}
