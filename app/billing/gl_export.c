/*
 * Export batches to the general ledger outside (BX05US01). A batch claims the entries of a month that no batch has; its
 * file is written once and kept, so that it is the same bytes whenever it is fetched. Nothing is taken back: a batch is
 * reversed by a batch with debit and credit exchanged (and that one by another, which sends the entries again).
 */
#include <string.h>

#include "app/billing/gl.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/digest.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define BATCH(F, T) F(T, Id, id) F(T, const char *, batch_no) F(T, Id, gl_period_id) F(T, const char *, label) \
    F(T, const char *, format) F(T, const char *, detail) F(T, int, rows) F(T, Money, debit_minor) \
    F(T, Money, credit_minor) F(T, Id, document_id) F(T, const char *, state) F(T, const char *, erp_reference) \
        F(T, Id, reverses_id) F(T, Time, created_at) F(T, const char *, sha)
ROW(Batch, BATCH)
#define BATCH_COLUMNS "select b.id, b.batch_no, b.gl_period_id, p.label, b.format, b.detail, b.`rows`, " \
                      "b.debit_minor, b.credit_minor, b.document_id, b.state, b.erp_reference, b.reverses_id, " \
                      "b.created_at, lower(hex(b.sha256)) as sha " \
                      "from gl_export_batch b join gl_period p on p.id=b.gl_period_id "

static const Batch *batch_by_id(Ctx *c, Id id) {
    return db_one(c, Batch, BATCH_COLUMNS "where b.id=? and b.utility_id=?", id, c->utility);
}

static const Batch *batch_of(Req *r) {
    const Batch *b = db_find(r, Batch, BATCH_COLUMNS "where b.utility_id=? and b.batch_no=?", r->c.utility,
                             path_text(r, "no"));
    if (!b) fail(r, NOT_FOUND, "There is no batch %s.", path_text(r, "no"));
    return b;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

#define EXPORT_LINE(F, T) F(T, Date, effective_date) F(T, const char *, code) F(T, const char *, erp_code) \
    F(T, const char *, name) F(T, int64_t, txn) F(T, const char *, txn_type) F(T, const char *, account_no) \
    F(T, Money, debit) F(T, Money, credit) F(T, const char *, memo)
ROW(ExportLine, EXPORT_LINE)

typedef struct File { const Batch *batch; bool swapped; int exponent; CsvText *csv; Text json; JsonOut o; int rows;
                      Money debit, credit; } File;

static const char *const columns[] = { "record", "batch", "period", "date", "code", "erp_code", "name", "transaction",
                                       "type", "account", "debit", "credit", "memo" };

static void csv_cells(File *f, const char *const cells[static 13]) {
    for (int i = 0; i < 13; i++) csv_text(f->csv, cells[i]);
    csv_end(f->csv);
}

static void write_line(Ctx *c, void *row, void *arg) {
    const ExportLine *l = row;
    File *f = arg;
    Arena *a = &c->mem;
    Money debit = f->swapped ? l->credit : l->debit, credit = f->swapped ? l->debit : l->credit;
    f->rows++;
    f->debit = money_add(f->debit, debit);
    f->credit = money_add(f->credit, credit);
    const char *txn = l->txn ? text(c, "%lld", (long long)l->txn) : NULL, *d = money_decimal(a, debit, f->exponent),
        *k = money_decimal(a, credit, f->exponent);
    if (f->csv) {
        csv_cells(f, (const char *[]){ "entry", f->batch->batch_no, f->batch->label, date_iso(a, l->effective_date),
                                       l->code, l->erp_code, l->name, txn, l->txn_type, l->account_no, d, k, l->memo });
        return;
    }
    json_open_object(&f->o, NULL);
    json_add_text(&f->o, "date", date_iso(a, l->effective_date));
    json_add_text(&f->o, "code", l->code);
    json_add_text(&f->o, "erp_code", l->erp_code);
    json_add_text(&f->o, "name", l->name);
    if (txn) {
        json_add_number(&f->o, "transaction", txn);
        json_add_text(&f->o, "type", l->txn_type);
        json_add_text(&f->o, "account", l->account_no);
        json_add_text(&f->o, "memo", l->memo);
    }
    json_add_number(&f->o, "debit", d);
    json_add_number(&f->o, "credit", k);
    json_close(&f->o);
}

static void write_head(Ctx *c, File *f) {
    const Batch *b = f->batch;
    const char *created = time_iso(&c->mem, b->created_at), *currency = utility_here(c)->currency;
    if (!strcmp(b->format, "csv")) {
        f->csv = csv_start(&c->mem);
        csv_cells(f, columns);
        csv_cells(f, (const char *[]){ "header", b->batch_no, b->label, created, NULL, NULL, currency, NULL, b->detail,
                                       NULL, NULL, NULL, b->reverses_id.id ? "reversal" : NULL });
        return;
    }
    f->json = text_start(c);
    f->o = json_out(&f->json);
    json_open_object(&f->o, NULL);
    json_add_text(&f->o, "batch", b->batch_no);
    json_add_text(&f->o, "period", b->label);
    json_add_text(&f->o, "created", created);
    json_add_text(&f->o, "currency", currency);
    json_add_text(&f->o, "detail", b->detail);
    json_add_bool(&f->o, "reversal", b->reverses_id.id != 0);
    json_open_list(&f->o, "entries");
}

static void write_totals(Ctx *c, File *f) {
    const char *rows = text(c, "%d", f->rows), *debit = money_decimal(&c->mem, f->debit, f->exponent),
        *credit = money_decimal(&c->mem, f->credit, f->exponent);
    if (f->csv) {
        csv_cells(f, (const char *[]){ "total", f->batch->batch_no, f->batch->label, NULL, NULL, NULL,
                                       text(c, "%s rows", rows), NULL, NULL, NULL, debit, credit, NULL });
        return;
    }
    json_close(&f->o);
    json_add_number(&f->o, "rows", rows);
    json_add_number(&f->o, "debit", debit);
    json_add_number(&f->o, "credit", credit);
    json_close(&f->o);
}

/* Writes the file of a batch, once; its figures are those of the file. */
static void build(Ctx *c, Id id) {
    const Batch *b = batch_by_id(c, id), *root = b;
    if (b->document_id.id) return;
    File f = { .batch = b, .exponent = utility_here(c)->exponent };
    for (; root->reverses_id.id; f.swapped = !f.swapped) root = batch_by_id(c, root->reverses_id);
    write_head(c, &f);
    if (!strcmp(b->detail, "entries"))
        db_each(c, ExportLine, write_line, &f, "select e.effective_date, g.code, g.erp_code, g.name, e.txn_id as txn, "
                                               "e.txn_type, a.account_no, e.debit_minor as debit, "
                                               "e.credit_minor as credit, e.memo "
            "from gl_export_entry x join ledger_entry e on e.id=x.entry_id join gl_code g on g.id=e.gl_code_id "
            "left join account a on a.id=e.account_id where x.batch_id=? order by e.id", root->id);
    else
        db_each(c, ExportLine, write_line, &f, "select e.effective_date, g.code, g.erp_code, g.name, 0 as txn, "
                                               "cast(null as char) as txn_type, cast(null as char) as account_no, "
            "cast(sum(e.debit_minor) as signed) as debit, cast(sum(e.credit_minor) as signed) as credit, "
            "cast(null as char) as memo "
            "from gl_export_entry x join ledger_entry e on e.id=x.entry_id join gl_code g on g.id=e.gl_code_id "
            "where x.batch_id=? group by e.effective_date, g.id order by e.effective_date, g.code", root->id);
    write_totals(c, &f);
    const Text *out = f.csv ? &f.csv->text : &f.json;
    uint8_t sha[DIGEST_MAX];
    digest(SHA256, (Bytes){ out->s, out->n }, sha);
    Id document = document_store(c, &(NewDocument){ .file_name = text(c, "%s.%s", b->batch_no, b->format),
                                                    .data = out->s, .size = out->n, .kind = "generated",
                                                    .mime = f.csv ? "text/csv" : "application/json",
                                                    .entity = "gl_export_batch", .entity_id = id });
    db_must(c, 1, CONFLICT, "update gl_export_batch set document_id=?, sha256=?, `rows`=?, debit_minor=?, "
                            "credit_minor=? where id=? and document_id is null",
            document, ((Bytes){ sha, 32 }), f.rows, f.debit, f.credit, id);
}

JobStep gl_export_job(Ctx *c, const JobRow *job) {
    int64_t batch = 0;
    json_int(json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL), "batch", &batch);
    build(c, (Id){ batch });
    return STEP_DONE;
}

static void build_soon(Ctx *c, Id id, int64_t entries) {
    if (entries <= GL_EXPORT_NOW) build(c, id);
    else job_enqueue(c,
                     &(NewJob){ .kind = "gl_export.build", .payload = text(c, "{\"batch\":%lld}", (long long)id.id) });
}

/* --- making, handing over, reversing ------------------------------------------------------------------------------ */

static const Choice formats[] = { { "csv", "billing.formats.csv" }, { "json", "billing.formats.json" }, { 0 } };
static const Choice details[] = { { "summary", "billing.details.summary" }, { "entries", "billing.details.entries" },
                                  { 0 } };
static const Choice states[]  = { { "created", NULL }, { "downloaded", NULL }, { "transferred", NULL }, { 0 } };

static const Resource period_choice = { .table = "gl_period", .path = "/bx/gl-codes/periods", .feature = "bx.gl",
                                        .fields = FIELDS { { "label", TEXT(7, 7) }, { 0 } } };

static const Form export_form = { .name = "gl_export", .fields = FIELDS {
    { "period", REF(period_choice), .flags = REQUIRED },
    { "detail", CHOICE(details),    .flags = REQUIRED, .initial = "summary" },
    { "format", CHOICE(formats),    .flags = REQUIRED, .initial = "csv" },
    { 0 } } };

static const Form transfer_form = { .name = "gl_transfer",
                                    .fields = FIELDS { { "erp_reference", TEXT(1, 80),
                                                         .flags = REQUIRED }, { 0 } } };

static Id new_batch(Ctx *c, Id period, const char *format, const char *detail, Id reverses) {
    const char *no = series_next(c, "GLX-{YYYY}-{####}");
    Id id = db_insert(c, "insert into gl_export_batch (utility_id, batch_no, gl_period_id, format, detail, "
                         "reverses_id, created_at, created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?)",
                      c->utility, no, period, format, detail, reverses, c->now, c->user, c->now, c->user);
    audit_write(c, &(Audit){ .action = "export", .entity = "gl_export_batch", .id = id, .number = no, .version = 1,
                             .after = json_pairs(c, "format", format, "detail", detail, NULL) });
    return id;
}

void gl_export_create(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &export_form);
    problems_end(r);
    Id period = in_ref(in, "period");
    /* its number: two exports follow each other. Nobody who posts waits for them (route: COUNTS). */
    Id id = new_batch(c, period, in_text(in, "format"), in_text(in, "detail"), (Id){ 0 });
    int64_t n = db_run(c, "insert into gl_export_entry (entry_id, batch_id) select e.id, ? "
                          "from gl_code g straight_join ledger_entry e on e.gl_code_id=g.id and e.gl_period_id=? "
        "left join gl_export_entry x on x.entry_id=e.id where g.utility_id=? and x.entry_id is null", id, period,
                       c->utility);
    if (!n) fail(r, CONFLICT, "Nothing new to export.");
    build_soon(c, id, n);
    const Batch *b = batch_by_id(c, id);
    note(r, "%s", msg_plural(r, c->language, "billing.gl.exported", n, locale_count(&c->mem, c->locale, n),
                             { "no", b->batch_no }));
    go(r, "/bx/gl-codes/exports/%s", b->batch_no);
}

static void keep_reference(Ctx *c, Id id, void *reference) {
    db_run(c, "update gl_export_batch set erp_reference=? where id=?", (const char *)reference, id);
}

static Refusal transfer_refusal(Ctx *c, Id id) {
    return batch_by_id(c, id)->document_id.id ? NO_REFUSAL : REFUSE(c, CONFLICT, "The file is not written yet.");
}

static const Move batch_moves[] = {
    { "created",    "download", "downloaded",  EXPORT, NULL,             NULL },
    { "created",    "transfer", "transferred", EXPORT, transfer_refusal, keep_reference },
    { "downloaded", "transfer", "transferred", EXPORT, transfer_refusal, keep_reference },
    { 0 } };

const Machine gl_export_batch = { .name = "gl_export_batch", .table = "gl_export_batch", .number = "batch_no",
                                  .feature = "bx.gl", .moves = batch_moves };

void gl_export_file(Req *r) {
    const Batch *b = batch_of(r);
    if (!b->document_id.id) fail(r, CONFLICT, "The file is not written yet.");
    if (!strcmp(b->state, "created")) machine_move(&r->c, &gl_export_batch, b->id, "download", NULL, NULL);
    const Document *d = document_open(&r->c, b->document_id);
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}

void gl_export_transfer(Req *r) {
    const Batch *b = batch_of(r);
    Input *in = form_read(r, &transfer_form);
    problems_end(r);
    const char *reference = in_text(in, "erp_reference");
    machine_move(&r->c, &gl_export_batch, b->id, "transfer", reference, (void *)(uintptr_t)reference);
    note(r, "%s", msg_format(r, r->c.language, "billing.gl.transferred", { "no", b->batch_no },
                             { "reference", reference }));
    go(r, "/bx/gl-codes/exports/%s", b->batch_no);
}

void gl_export_reverse(Req *r) {
    Ctx *c = &r->c;
    db_int(c, "select id from gl_export_batch where utility_id=? and batch_no=? for update", c->utility,
           path_text(r, "no"));
    const Batch *b = batch_of(r);
    const char *by = db_text(c, "select batch_no from gl_export_batch where reverses_id=?", b->id);
    if (by) fail(r, CONFLICT, "Batch %s is reversed by %s.", b->batch_no, by);
    Id id = new_batch(c, b->gl_period_id, b->format, b->detail, b->id);
    build_soon(c, id, b->rows);
    const Batch *made = batch_by_id(c, id);
    note(r, "%s", msg_format(r, c->language, "billing.gl.reversed", { "no", made->batch_no }, { "of", b->batch_no }));
    go(r, "/bx/gl-codes/exports/%s", made->batch_no);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static const ListSpec batches = {
    .name = "gl_export_batch", .path = "/bx/gl-codes/exports",
    .from = "gl_export_batch b join gl_period p on p.id = b.gl_period_id", .where = "b.utility_id = ?", .id = "b.id",
    .columns = COLUMNS {
        { "batch_no",      NULL, "b.batch_no",      LIST | SEARCH, .link = "/bx/gl-codes/exports/{batch_no}",
          .kind = "code" },
        { "period",        NULL, "p.label",         LIST },
        { "detail",        NULL, "b.detail",        LIST, .choices = details },
        { "format",        NULL, "b.format",        LIST, .choices = formats },
        { "debit_minor",   NULL, "b.debit_minor",   LIST },
        { "credit_minor",  NULL, "b.credit_minor",  LIST },
        { "state",         NULL, "b.state",         LIST | FILTER, .choices = states },
        { "erp_reference", NULL, "b.erp_reference", LIST | SEARCH },
        { "created_at",    NULL, "b.created_at",    LIST | SORT },
        { 0 } },
    .order = "-created_at", .feature = "bx.gl",
    .actions = (const ListAction[]){ { NULL, "/bx/gl-codes/exports/new", "plus", "bx.gl", EXPORT, true },
                                     { 0 } },
};

void gl_exports_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "billing.gl.exports"));
    page_tabs(r, "gl", "/bx/gl-codes/exports");
    list_show(r, &batches, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static void crumbs(Req *r, const char *here) {
    show_text(r, "page.title", here);
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "billing.gl.exports"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/gl-codes/exports"));
    show_text(r, "page.crumbs.1.text", here);
}

void gl_export_new(Req *r) {
    FormView *v = form_show(r, "form", &export_form, "/bx/gl-codes/exports");
    gl_period_options(r, v, "period");
    crumbs(r, msg(r->c.language, "billing.gl.export_new"));
    show_text(r, "form.intro", msg(r->c.language, "billing.gl.export_how"));
    show_text(r, "form.submit", msg(r->c.language, "billing.gl.export_do"));
    show_text(r, "form.cancel_url", link_path(r, "/bx/gl-codes/exports"));
    page(r, "layout/form");
}

static void show_actions(Req *r, const Batch *b, const char *path) {
    if (!lib_app.may(&r->c, "bx.gl", EXPORT) || !b->document_id.id) return;
    show_text(r, "page.actions.0.text", msg(r->c.language, "billing.gl.download"));
    show_text(r, "page.actions.0.url", link_path(r, "%s/file", path));
    show_text(r, "page.actions.0.download", "1");
    show_text(r, "page.actions.0.kind", "primary");
    if (!db_int(r, "select count(*) from gl_export_batch where reverses_id=?", b->id)) {
        show_text(r, "page.actions.1.text", msg(r->c.language, "billing.gl.reverse"));
        show_text(r, "page.actions.1.url", link_path(r, "%s/reversal", path));
        show_text(r, "page.actions.1.post", "1");
    }
    if (!strcmp(b->state, "transferred")) return;
    show_text(r, "show.sections.0.title", transfer_form.title);
    form_show(r, "show.sections.0.form", &transfer_form, text(r, "%s/transfer", path));
}

void gl_export_show(Req *r) {
    Ctx *c = &r->c;
    const Batch *b = batch_of(r);
    crumbs(r, b->batch_no);
    show_text(r, "show.status.text", state_label(r, b->state));
    show_text(r, "show.status.tone", state_tone(r, b->state));
    show_fact(r, "show.facts", word(r, "billing.overview.period"), b->label, NULL);
    show_fact(r, "show.facts", word(r, "billing.gl.rows"), locale_count(&c->mem, c->locale, b->rows), NULL);
    show_fact(r, "show.facts", word(r, "billing.bill.debit"), locale_money(&c->mem, c->locale, b->debit_minor),
              NULL);
    show_fact(r, "show.facts", word(r, "billing.bill.credit"), locale_money(&c->mem, c->locale, b->credit_minor),
              NULL);
    if (b->erp_reference) show_fact(r, "show.facts", word(r, "billing.gl.reference"), b->erp_reference, NULL);
    if (b->reverses_id.id)
        show_fact(r, "show.facts", word(r, "billing.gl.reverses"), batch_by_id(c, b->reverses_id)->batch_no, NULL);
    if (b->sha) show_fact(r, "show.facts", word(r, "billing.gl.sha_256"), text_copy_n(c, b->sha, 16), NULL);
    else show_text(r, "show.notices.0.text", msg(c->language, "billing.gl.file_waits"));
    show_actions(r, b, text(r, "/bx/gl-codes/exports/%s", b->batch_no));
    history_aside(r, "gl_export_batch", b->id, NULL);
    page(r, "layout/show");
}
