/*
 * Amounts of a fee or deposit that differ by meter size or category (ONB02US05 "Fees & deposits"): shown on its page,
 * changed on one of their own as lines. Kept in fee.formula, read by fee_amount (catalogue.c).
 */
#include <string.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/json.h"
#include "lib/resource.h"

enum { LINES_MOST = 60, LINES_SPARE = 3 };

#define FEE_HEAD(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, code) F(T, const char *, name) \
    F(T, const char *, formula) F(T, int64_t, row_version)
ROW(FeeHead, FEE_HEAD)
#define FEE_HEAD_SELECT "select id, public_id, code, name, formula, row_version from fee "

static const char *const members[] = { "meter_size", "category" };
typedef struct Amount { int member; const char *what; Money amount; } Amount;
typedef struct Amounts { Amount v[LINES_MOST]; int n; } Amounts;

static Amounts *amounts_of(Req *r, const FeeHead *f) {
    Amounts *to = take(r, sizeof *to);
    if (!f->formula) return to;
    Json all = json_read(&r->c.mem, f->formula, strlen(f->formula), 65536, NULL);
    for (int k = 0; k < 2; k++) {
        Json by = json_member(all, members[k]);
        JsonMember *m = json_members(&r->c.mem, by);
        for (size_t i = 0; i < json_size(by) && to->n < LINES_MOST; i++) {
            int64_t minor = 0;
            if (json_int(m[i].value, "", &minor)) to->v[to->n++] = (Amount){ k, m[i].name, { minor } };
        }
    }
    return to;
}

void plan_fee_amounts_show(Req *r, Id fee) {
    const FeeHead *f = db_one(r, FeeHead, FEE_HEAD_SELECT "where id=? and utility_id=?", fee, r->c.utility);
    const Amounts *all = amounts_of(r, f);
    show_text(r, "show.sections.1.title", PLAN_SAY(r, "amounts"));
    show_text(r, "show.sections.1.sub", PLAN_SAY(r, "amounts_how"));
    TableView *t = table_start(r, "show.sections.1.table", PLAN_SAY(r, "amounts"));
    table_column(t, PLAN_SAY(r, "amount_for"), "text", "name");
    table_column(t, PLAN_SAY(r, "amount_what"), "text", "id");
    table_column(t, PLAN_SAY(r, "amount"), "money", "amount");
    for (int i = 0; i < all->n; i++) {
        table_row(t, NULL);
        table_cell(t, all->v[i].member ? PLAN_SAY(r, "by_category") : PLAN_SAY(r, "by_size"));
        table_cell(t, all->v[i].what);
        table_money(t, all->v[i].amount);
    }
    table_empty(t, PLAN_SAY(r, "amounts_none"), NULL);
    if (!perm_may(&r->c, "core.tariffs", EDIT)) return;
    show_text(r, "show.sections.1.actions.0.text", PLAN_SAY(r, "amounts_edit"));
    show_text(r, "show.sections.1.actions.0.url", link_path(r, "/plans/fees/%s/amounts", f->public_id));
}

/* --- changing them ------------------------------------------------------------------------------------------------ */

static const char *const columns[] = { "amount_for", "amount_what", "amount" };

static FeeHead *fee_of_path(Req *r) {
    FeeHead *f = db_find(r, FeeHead, FEE_HEAD_SELECT "where public_id=? and utility_id=?", path_text(r, "key"),
                         r->c.utility);
    if (!f) fail(r, NOT_FOUND, "There is no such fee.");
    return f;
}

static const Form lines_form = { .name = "fee_amounts", .fields = FIELDS { { 0 } } };

static void show_line(Req *r, int i, const char *const *values) {
    for (int k = 0; k < 3; k++)
        show_text(r, text(r, "form.fields.lines.lines.%d.%s.value", i, columns[k]), values[k]);
}

void plan_fee_amounts_page(Req *r) {
    FeeHead *f = fee_of_path(r);
    FormView *v = form_show(r, "form", &lines_form, text(r, "/plans/fees/%s/amounts", f->public_id));
    form_version(v, f->row_version);
    show_text(r, "page.title", text(r, "%s, %s", PLAN_SAY(r, "amounts"), f->code));
    show_text(r, "page.crumbs.0.text", PLAN_SAY(r, "fees"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/plans/fees"));
    show_text(r, "page.crumbs.1.text", f->name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/plans/fees/%s", f->public_id));
    show_text(r, "form.intro", PLAN_SAY(r, "amounts_how"));
    show_text(r, "form.cancel_url", link_path(r, "/plans/fees/%s", f->public_id));
    const char *field = "form.fields.lines";
    show_text(r, text(r, "%s.name", field), "lines");
    show_text(r, text(r, "%s.kind", field), "lines");
    show_text(r, text(r, "%s.label", field), PLAN_SAY(r, "amounts"));
    for (int k = 0; k < 3; k++) {
        const char *column = text(r, "%s.cols.%s", field, columns[k]);
        show_text(r, text(r, "%s.label", column), msg(r->c.language, text(r, "plan.%s", columns[k])));
        show_text(r, text(r, "%s.kind", column), k == 2 ? "money" : "text");
        show_text(r, text(r, "%s.width", column), "10");
    }
    for (int k = 0; k < 2; k++) {
        show_text(r, text(r, "%s.cols.amount_for.options.%d.value", field, k), members[k]);
        show_text(r, text(r, "%s.cols.amount_for.options.%d.text", field, k),
                  k ? PLAN_SAY(r, "by_category") : PLAN_SAY(r, "by_size"));
    }
    int n = 0;
    if (form_again(v)) {
        for (int i = 0; i < r->problems; i++)
            if (r->problem[i].field && !strcmp(r->problem[i].field, "lines"))
                show_text(r, text(r, "%s.error", field), r->problem[i].text);
        Texts sent[3];
        for (int k = 0; k < 3; k++) sent[k] = param_all(&r->c.mem, &r->fields, columns[k]);
        for (; n < (int)sent[0].n && n < LINES_MOST; n++) {
            const char *values[3];
            for (int k = 0; k < 3; k++) values[k] = (size_t)n < sent[k].n ? sent[k].v[n] : "";
            show_line(r, n, values);
        }
    } else {
        const Amounts *all = amounts_of(r, f);
        for (; n < all->n; n++)
            show_line(r, n, (const char *const[]){ members[all->v[n].member], all->v[n].what,
                                                   locale_money_plain(&r->c.mem, r->c.locale, all->v[n].amount) });
        for (int i = 0; i < LINES_SPARE; i++) show_line(r, n++, (const char *const[]){ members[0], "", "" });
    }
    page(r, "layout/form");
}

static Amounts *amounts_sent(Req *r) {
    Amounts *to = take(r, sizeof *to);
    Texts sent[3];
    for (int k = 0; k < 3; k++) sent[k] = param_all(&r->c.mem, &r->fields, columns[k]);
    if (sent[1].n != sent[0].n || sent[2].n != sent[0].n)
        fail_field(r, INVALID, "lines", "%s", PLAN_SAY(r, "lines_wrong"));
    for (size_t i = 0; i < sent[0].n; i++) {
        const char *what = sent[1].v[i], *amount = sent[2].v[i];
        int line = (int)i + 1;
        if (!*what && !*amount) continue;
        if (to->n == LINES_MOST) fail_field(r, INVALID, "lines", "At most %d lines.", LINES_MOST);
        Amount *x = &to->v[to->n++];
        *x = (Amount){ !strcmp(sent[0].v[i], members[1]), what, { 0 } };
        if (!x->member && meter_size_rank(what) < 0)
            problem(r, "lines", "Line %d: %s", line, msg_format(r, r->c.language, "plan.no_size", { "size", what }));
        if (x->member && !db_int(r, "select count(*) from consumer_category where utility_id=? and code=?",
                                 r->c.utility, what))
            problem(r, "lines", "%s", msg_format(r, r->c.language, "plan.no_category", { "code", what }));
        if (read_money(r->c.locale, amount, false, &x->amount) != NUMBER_OK || x->amount.minor < 0)
            problem(r, "lines", "Line %d: %s is not an amount.", line, *amount ? amount : "nothing");
        for (int k = 0; k + 1 < to->n; k++)
            if (to->v[k].member == x->member && !strcmp(to->v[k].what, what))
                problem(r, "lines", "%s is there twice.", what);
    }
    return to;
}

static const char *formula_of(Req *r, const Amounts *all) {
    if (!all->n) return NULL;
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (int k = 0; k < 2; k++) {
        bool open = false;
        for (int i = 0; i < all->n; i++) {
            if (all->v[i].member != k) continue;
            if (!open) json_open_object(&o, members[k]), open = true;
            json_add_int(&o, all->v[i].what, all->v[i].amount.minor);
        }
        if (open) json_close(&o);
    }
    json_close(&o);
    return t.s;
}

void plan_fee_amounts_post(Req *r) {
    Ctx *c = &r->c;
    FeeHead *f = fee_of_path(r);
    Input *in = form_read(r, &lines_form);
    const Amounts *all = amounts_sent(r);
    const char *formula = formula_of(r, all);
    if (!formula && db_int(c, "select amount_minor is null from fee where id=?", f->id))
        problem(r, "lines", "The fee has no amount of its own: give at least one here.");
    problems_end(r);
    db_must(c, 1, CONFLICT, "update fee set formula=?, updated_at=?, updated_by=?, row_version=row_version+1 "
                            "where id=? and row_version=?", formula, c->now, c->user, f->id, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "fee", .id = f->id, .number = f->public_id,
                             .version = in->row_version + 1, .before = json_pairs(c, "amounts", f->formula, NULL),
                             .after = json_pairs(c, "amounts", formula, NULL) });
    note(r, "%s", PLAN_SAY(r, "amounts_saved"));
    go(r, "/plans/fees/%s", f->public_id);
}
