/*
 * Control totals: what the old system says beside what is here, per entity and per category, to the last minor unit
 * (ONB04US01). The old system's figures are typed in for a batch; until then its file's own sums stand for them.
 */
#include <string.h>

#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

/* --- what the old system says ------------------------------------------------------------------------------------- */

static const Form totals_form = { .name = "import_totals", .fields = FIELDS {
    { "count", "Records", INT(0, 100000000), .flags = REQUIRED },
    { "sum",   "Sum of amounts", MONEY(-99999999999999, 99999999999999) },
    { "use",   "Sum of consumption", QTY(-99999999999999999, 999999999999999999) },
    { 0 } } };

typedef struct Said { int64_t count, sum, use; bool has; } Said;

static Said said_of(Ctx *c, const char *json) {
    Said s = { 0 };
    Json j = json ? json_read(&c->mem, json, strlen(json), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    s.has = json_int(j, "count", &s.count);
    json_int(j, "sum_minor", &s.sum);
    json_int(j, "use_micro", &s.use);
    return s;
}

void import_totals_page(Req *r) {
    Batch *b = batch_of(r);
    Said s = said_of(&r->c, b->control_totals);
    FormView *v = form_show(r, "form", &totals_form, text(r, "/migration/%s/totals", b->batch_no));
    if (s.has) {
        form_int(v, "count", s.count);
        form_money(v, "sum", (Money){ s.sum });
        form_qty(v, "use", (Quantity){ s.use });
    }
    show_text(r, "form.intro", msg(r->c.language, "import.totals_how"));
    show_text(r, "form.cancel_url", link_path(r, "/migration/%s", b->batch_no));
    show_text(r, "page.title", msg(r->c.language, "import.totals"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "import.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/migration"));
    show_text(r, "page.crumbs.1.text", msg_format(r, r->c.language, "import.batch", { "no", b->batch_no }));
    page(r, "layout/form");
}

void import_totals_post(Req *r) {
    Ctx *c = &r->c;
    Batch *b = batch_of(r);
    Input *in = form_read(r, &totals_form);
    problems_end(r);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "count", in_int(in, "count"));
    json_add_int(&o, "sum_minor", in_money(in, "sum").minor);
    json_add_int(&o, "use_micro", in_qty(in, "use").micro);
    json_close(&o);
    db_run(c, "update import_batch set control_totals=?, updated_at=?, updated_by=?, row_version=row_version+1 "
              "where id=?",
           t.s, c->now, c->user, b->id);
    audit_write(c, &(Audit){ .action = "edit", .entity = "import_batch", .id = b->id, .number = b->batch_no,
                             .version = b->row_version + 1, .before = b->control_totals, .after = t.s });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/migration/reconcile");
}

/* --- beside what is here ------------------------------------------------------------------------------------------ */

#define SIDE(F, T) F(T, const char *, batch_no) F(T, const char *, entity) F(T, const char *, control_totals) \
    F(T, int64_t, file_count) F(T, int64_t, file_sum) F(T, int64_t, file_use) F(T, int64_t, here_count) \
    F(T, int64_t, here_sum) F(T, int64_t, here_use)
ROW(Side, SIDE)

/* What of a batch is here is asked of the records themselves: the ledger, bills and payments taken over, readings. Rows
   are read only of what has amounts, and counted only where some of them went back; what the ledger has of opening
   balances comes with their categories (balances_by). */
static Sides sides_of(Ctx *c) {
    return db_all(c, Side, "select b.batch_no, b.entity, b.control_totals, b.total_count as file_count, "
        "if(b.entity in ('opening_balance', 'bill', 'payment', 'payment_agreement'), (select "
        "coalesce(sum(r.amount_minor), 0) from import_row r where r.batch_id=b.id), 0) as file_sum, "
        "if(b.entity='bill', (select coalesce(sum(r.use_micro), 0) from import_row r where r.batch_id=b.id), 0) "
        "as file_use, "
        "if(b.state='partly_rolled_back', (select count(*) from import_row r where r.batch_id=b.id and r.state in "
        "('imported', 'skipped', 'blocked')), b.imported_count+b.skipped_count) as here_count, "
        "case b.entity when 'bill' then (select coalesce(sum(h.total_minor), 0) from import_bill h "
        "where h.batch_id=b.id) "
        "when 'payment' then (select coalesce(sum(h.amount_minor), 0) from import_payment h where h.batch_id=b.id) "
        "when 'payment_agreement' then (select coalesce(sum(g.total_minor), 0) from import_row r join "
        "payment_agreement g on g.id=r.entity_id where r.batch_id=b.id and r.state in ('imported', 'blocked')) "
        "else 0 end as here_sum, "
        "case b.entity when 'bill' then (select coalesce(sum(h.use_micro), 0) "
        "from import_bill h where h.batch_id=b.id) "
        "else 0 end as here_use from import_batch b where b.utility_id=? and b.state in ('completed', "
        "'completed_with_errors', 'partly_rolled_back') order by b.id", c->utility);
}

/* Which columns a table has beside the counts: amounts, use. */
typedef struct Shown { bool money, use; } Shown;

static void cells(Req *r, TableView *t, const char *(*words)(Req *, int64_t), int64_t theirs, int64_t ours, bool has) {
    table_cell(t, has ? words(r, theirs) : "");
    table_cell(t, has ? words(r, ours) : "");
    table_cell(t, has ? words(r, theirs - ours) : "");
}

static const char *as_count(Req *r, int64_t n) { return locale_count(&r->c.mem, r->c.locale, n); }
static const char *as_money(Req *r, int64_t n) { return locale_money_plain(&r->c.mem, r->c.locale, (Money){ n }); }
static const char *as_use(Req *r, int64_t n)   { return locale_quantity(&r->c.mem, r->c.locale, (Quantity){ n }, NULL);
    }

static void head(Req *r, TableView *t, Shown shown) {
    static const char *const words[] = { "legacy", "here", "difference" };
    static const char *const what[] = { "count", "sum", "use" };
    const bool has[] = { true, shown.money, shown.use };
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3 && has[k]; i++)
            table_column(t, msg(r->c.language, text(r, "import.%s_%s", what[k], words[i])), k == 1 ? "money" : "num",
                         k == 1 && i == 2 ? "amount" : NULL);
}

static Shown shown_of(const char *entity) {
    const ImportEntity *e = import_entity(entity);
    Shown s = { 0 };
    for (const ImportColumn *k = e ? e->columns : NULL; k && k->name; k++)
        s.money |= (k->flags & IMPORT_SUM) != 0, s.use |= (k->flags & IMPORT_USE) != 0;
    return s;
}

#define BY(F, T) F(T, const char *, batch_no) F(T, const char *, code) \
    F(T, int64_t, file_count) F(T, int64_t, file_sum) F(T, int64_t, file_use) \
    F(T, int64_t, here_count) F(T, int64_t, here_sum) F(T, int64_t, here_use)
ROW(By, BY)

#define IS_BROUGHT "b.state in ('completed', 'completed_with_errors', 'partly_rolled_back')"
#define BROUGHT    IS_BROUGHT " group by g.code order by g.code"

/* Opening balances by batch and category of their account: file and ledger, in the order of categories. */
static Bys balances_by(Ctx *c) {
    return db_all(c, By,
        "select b.batch_no, coalesce(g.code, '-') as code, count(*) as file_count, coalesce(sum(r.amount_minor), 0) "
        "as file_sum, 0 as file_use, sum(r.state in ('imported', 'blocked')) as here_count, "
        "coalesce(sum(e.debit_minor)-sum(e.credit_minor), 0) as here_sum, 0 as here_use from import_batch b "
        "straight_join import_row r on r.batch_id=b.id left join ledger_entry e on e.txn_id=r.entity_id "
        "and e.account_id is not null and r.state in ('imported', 'blocked') left join import_link k "
        "on k.utility_id=b.utility_id and k.entity='account' and k.legacy_id=substring_index(r.key_value, '|', 1) "
        "left join account a on a.id=k.entity_id left join consumer_category g on g.id=a.category_id "
        "where b.utility_id=? and b.entity='opening_balance' and " IS_BROUGHT " group by b.id, g.code "
        "order by g.code, b.id", c->utility);
}

/* Several batches of a category as one. */
static Bys merged(Ctx *c, const Bys *l) {
    Bys to = { .v = take_n(c, By, l->n + 1) };
    for (size_t i = 0; i < l->n; i++) {
        By *last = to.n ? &to.v[to.n - 1] : NULL;
        if (!last || strcmp(last->code, l->v[i].code) != 0) to.v[to.n++] = l->v[i];
        else {
            last->file_count += l->v[i].file_count, last->file_sum += l->v[i].file_sum;
            last->here_count += l->v[i].here_count, last->here_sum += l->v[i].here_sum;
        }
    }
    return to;
}

static int64_t ledger_of(const Bys *balances, const char *batch_no) {
    int64_t sum = 0;
    for (size_t i = 0; i < balances->n; i++)
        if (!strcmp(balances->v[i].batch_no, batch_no)) sum += balances->v[i].here_sum;
    return sum;
}

static void show_batches(Req *r, const Bys *balances) {
    Sides l = sides_of(&r->c);
    show_text(r, "show.sections.0.title", msg(r->c.language, "import.per_batch"));
    TableView *t = table_start(r, "show.sections.0.table", msg(r->c.language, "import.per_batch"));
    Shown any = { 0 };
    for (size_t i = 0; i < l.n; i++) {
        Shown has = shown_of(l.v[i].entity);
        any.money |= has.money, any.use |= has.use;
    }
    table_column(t, msg(r->c.language, "import.records"), "text", "id");
    head(r, t, any);
    for (size_t i = 0; i < l.n; i++) {
        const Side *s = &l.v[i];
        Shown has = shown_of(s->entity);
        Said said = said_of(&r->c, s->control_totals);
        table_row(t, link_path(r, "/migration/%s", s->batch_no));
        table_cell(t, text(r, "%s, %s", msg(r->c.language, text(r, "import.entity.%s", s->entity)),
                           msg_format(r, r->c.language, "import.batch", { "no", s->batch_no })));
        table_sub(t, msg(r->c.language, said.has ? "import.from_system" : "import.from_file"));
        cells(r, t, as_count, said.has ? said.count : s->file_count, s->here_count, true);
        if (any.money) cells(r, t, as_money, said.has ? said.sum : s->file_sum,
                             s->here_sum + ledger_of(balances, s->batch_no), has.money);
        if (any.use) cells(r, t, as_use, said.has ? said.use : s->file_use, s->here_use, has.use);
    }
    table_empty(t, msg(r->c.language, "import.none_yet"), msg(r->c.language, "import.reconcile_empty"));
}

/* Rows that did not come in have no category here: they stand at "-". */
static Bys accounts_by(Ctx *c) {
    return db_all(c, By,
        "select null as batch_no, coalesce(g.code, '-') as code, count(*) as file_count, 0 as file_sum, "
        "0 as file_use, "
        "sum(a.id is not null) as here_count, 0 as here_sum, 0 as here_use from import_batch b join import_row r "
        "on r.batch_id=b.id left join account a on a.id=r.entity_id and r.state in ('imported', 'skipped', 'blocked') "
        "left join consumer_category g on g.id=a.category_id where b.utility_id=? and b.entity='account' and " BROUGHT,
                  c->utility);
}

static Bys bills_by(Ctx *c) {
    return db_all(c, By,
        "select null as batch_no, coalesce(g.code, '-') as code, count(*) as file_count, "
        "coalesce(sum(r.amount_minor), 0) as file_sum, "
        "coalesce(sum(r.use_micro), 0) as file_use, sum(h.id is not null) as here_count, "
        "coalesce(sum(h.total_minor), 0) as here_sum, coalesce(sum(h.use_micro), 0) as here_use from import_batch b "
        "join import_row r on r.batch_id=b.id left join import_bill h on h.id=r.entity_id and h.batch_id=b.id "
        "left join account a on a.id=h.account_id left join consumer_category g on g.id=a.category_id "
        "where b.utility_id=? and b.entity='bill' and " BROUGHT, c->utility);
}

typedef struct ByCategory { const char *title; bool money, use; } ByCategory;

static void show_categories(Req *r, const ByCategory *by, Bys l, size_t *section) {
    if (!l.n) return;
    const char *at_ = text(r, "show.sections.%zu", ++*section);
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, by->title));
    TableView *t = table_start(r, text(r, "%s.table", at_), msg(r->c.language, by->title));
    table_column(t, msg(r->c.language, "import.category"), "code", "id");
    head(r, t, (Shown){ by->money, by->use });
    for (size_t i = 0; i < l.n; i++) {
        const By *v = &l.v[i];
        table_row(t, NULL);
        table_cell(t, v->code);
        cells(r, t, as_count, v->file_count, v->here_count, true);
        if (by->money) cells(r, t, as_money, v->file_sum, v->here_sum, true);
        if (by->use) cells(r, t, as_use, v->file_use, v->here_use, true);
    }
}

void import_reconcile(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "import.reconcile"));
    show_text(r, "page.sub", msg(r->c.language, "import.reconcile_how"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "import.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/migration"));
    show_text(r, "page.crumbs.1.text", msg(r->c.language, "import.reconcile"));
    Bys balances = balances_by(&r->c);
    show_batches(r, &balances);
    size_t section = 0;
    show_categories(r, &(ByCategory){ "import.per_category", true, false }, merged(&r->c, &balances), &section);
    show_categories(r, &(ByCategory){ "import.accounts_per_category", false, false }, accounts_by(&r->c), &section);
    show_categories(r, &(ByCategory){ "import.bills_per_category", true, true }, bills_by(&r->c), &section);
    page(r, "layout/show");
}
