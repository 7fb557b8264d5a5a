/*
 * A batch is taken back (ONB04US01): what will happen, its number typed, and the person proves once more who it is. The
 * job does the rest (import_job.c).
 */
#include <string.h>

#include "app/core/proof.h"
#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

static const Form back_form = { .name = "import_back", .fields = FIELDS {
    { "batch",    "Number of the batch", TEXT(1, 30), .flags = REQUIRED },
    { 0 } } };

void import_back_page(Req *r) {
    Batch *b = batch_of(r);
    const char *no = b->batch_no, *language = r->c.language;
    proof_notice(r);
    FormView *v = form_show(r, "form", &back_form, text(r, "/migration/%s/rollback", no));
    form_set(v, "batch", "hint", msg_format(r, language, "import.type_no", { "no", no }));
    show_text(r, "form.intro", msg_format(r, language, "import.back_how",
              { "n", locale_count(&r->c.mem, r->c.locale, b->imported_count) }));
    show_text(r, "form.tone", "danger");
    show_text(r, "form.submit", msg_format(r, language, "import.back_do",
              { "n", locale_count(&r->c.mem, r->c.locale, b->imported_count) }));
    show_text(r, "form.cancel_url", link_path(r, "/migration/%s", no));
    show_text(r, "page.title", msg(language, "import.take_back"));
    show_text(r, "page.crumbs.0.text", msg(language, "import.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/migration"));
    show_text(r, "page.crumbs.1.text", msg_format(r, language, "import.batch", { "no", no }));
    show_text(r, "page.crumbs.1.url", link_path(r, "/migration/%s", no));
    show_text(r, "page.crumbs.2.text", msg(language, "import.take_back"));
    page(r, "layout/form");
}

void import_back_post(Req *r) {
    Ctx *c = &r->c;
    Batch *b = batch_of(r);
    Input *in = form_read(r, &back_form);
    if (in_given(in, "batch") && strcmp(in_text(in, "batch"), b->batch_no))
        problem(r, "batch", "%s", msg_format(r, c->language, "import.type_no", { "no", b->batch_no }));
    problems_end(r);
    machine_move(c, &import_batch, b->id, "rollback", NULL, NULL);
    proof_check(c);                     /* last: what cannot be taken back at all is said without asking for it */
    note(r, "%s", msg(c->language, "import.back_begun"));
    go(r, "/migration/%s", b->batch_no);
}

/* --- for the owners' revert --------------------------------------------------------------------------------------- */

const char *import_to_go(Ctx *c, const Id *ids, size_t n, const char *const *why) {
    Id *v = take_n(c, Id, n + 1);
    size_t many = 0;
    for (size_t i = 0; i < n; i++)
        if (!why[i]) v[many++] = ids[i];
    return json_ids(c, v, many);
}

void import_keep_why(const ImportStayss *l, const char **why) {
    for (size_t i = 0; i < l->n; i++)
        if (!why[l->v[i].row_no - 1]) why[l->v[i].row_no - 1] = l->v[i].why;
}

#define TOUCHED(F, T) F(T, int, row_no) F(T, Id, id) F(T, int, version) F(T, int, given_back) \
    F(T, const char *, batch_no)
ROW(Touched, TOUCHED)

/* What files did to these records after they were brought: changes that were given back (each two steps of the
   version), and the last batch whose change still stands. */
static Toucheds touched(Ctx *c, const char *entity, const ImportEditeds *l) {
    Text t = text_start(c);
    for (size_t i = 0; i < l->n; i++)
        text_addf(&t, "%s[%d,%lld,%d]", i ? "," : "[", l->v[i].row_no, (long long)l->v[i].id.id, l->v[i].version);
    text_add(&t, l->n ? "]" : "[]");
    return db_all(c, Touched,
        "select j.row_no, j.id, j.version, cast(coalesce(sum(r.state='rolled_back'), 0) as signed) as given_back, "
        "substring_index(group_concat(if(r.state<>'rolled_back', b.batch_no, null) order by b.id desc), ',', 1) "
        "as batch_no from json_table(?, '$[*]' columns (row_no int path '$[0]', id bigint path '$[1]', version int "
        "path '$[2]')) j left join import_link l on l.utility_id=? and l.entity=? and l.entity_id=j.id "
        "left join import_batch b on b.utility_id=l.utility_id and b.entity=l.entity and b.mode<>'insert' "
        "left join import_row r on r.batch_id=b.id and r.key_value=l.legacy_id and r.entity_id=j.id "
        "and r.before_value is not null and r.state in ('imported', 'blocked', 'rolled_back') "
        "group by j.row_no, j.id, j.version", t.s, c->utility, entity);
}

void import_keep_edited(Ctx *c, const char *entity, const ImportEditeds *l, const char *words, const char **why) {
    if (!l->n) return;
    Toucheds all = touched(c, entity, l);
    for (size_t i = 0; i < all.n; i++) {
        const Touched *t = &all.v[i];
        const char **to = &why[t->row_no - 1];
        if (*to) continue;
        if (t->batch_no) *to = msg_format(c, "en", "import.changed_by", { "no", t->batch_no });
        else if (t->version != 1 + 2 * t->given_back) *to = words;
    }
}

void import_note_gone(Ctx *c, const char *entity, const Id *ids, size_t n, const char *const *why) {
    Audit *v = take_n(c, Audit, n + 1);
    size_t many = 0;
    for (size_t i = 0; i < n; i++)
        if (!why[i]) v[many++] = (Audit){ .action = "delete", .entity = entity, .id = ids[i],
                                          .reason = "Import taken back" };
    audits_note(c, v, many);
}
