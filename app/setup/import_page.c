/*
 * Data migration on the screen: the order, templates, batches, one batch with its progress and errors (ONB04US01).
 */
#include <string.h>
#include <unistd.h>

#include "app/core/document_rules.h"
#include "app/setup/import_file.h"
#include "app/setup/import_page.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/digest.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { ERRORS_PIECE = 1000 };       /* rows that are held in memory */

static const Choice batch_states[] = { { "uploaded", NULL }, { "mapped", NULL }, { "validating", NULL },
    { "validated", NULL }, { "validation_failed", NULL }, { "importing", NULL }, { "paused", NULL },
    { "completed", NULL },
    { "completed_with_errors", NULL }, { "failed", NULL }, { "cancelled", NULL }, { "rolling_back", NULL },
    { "rolled_back", NULL }, { "partly_rolled_back", NULL }, { 0 } };

static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };

static const ListAction batch_actions[] = {
    { "New batch", "/migration/new", "plus", "core.migration", CREATE, true },
    { "Control totals", "/migration/reconcile", NULL, "core.migration", VIEW, false },
    { "Twin run", "/migration/twin", NULL, "core.migration", VIEW, false }, { 0 } };

static const ListSpec batches = {
    .name = "import_batch", .one = "batch", .many = "batches", .path = "/migration", .feature = "core.migration",
    .from = "import_batch b left join user u on u.id = b.created_by", .where = "b.utility_id = ?", .id = "b.id",
    .columns = COLUMNS {
        { "batch_no",       NULL, "b.batch_no", LIST | SEARCH | SORT, .link = "/migration/{batch_no}", .kind = "code" },
        { "entity",         NULL, "b.entity", LIST | FILTER, .place = "name",
          .options = "select distinct entity as value, replace(entity, '_', ' ') as label from import_batch "
                     "where utility_id = ?" },
        { "file_name",      NULL, "b.file_name", LIST | SEARCH },
        { "total_count",    NULL, "b.total_count", LIST },
        { "valid_count",    NULL, "b.valid_count + b.warning_count", LIST },
        { "error_count",    NULL, "b.error_count", LIST },
        { "imported_count", NULL, "b.imported_count", LIST },
        { "by_name",        NULL, "u.full_name", LIST },
        { "created_at",     NULL, "b.created_at", LIST | SORT },
        { "took",           NULL, "if(b.started_at is null, '', sec_to_time(timestampdiff(second, b.started_at, "
                                  "coalesce(b.finished_at, b.updated_at))))", LIST },
        { "is_open",        NULL, "b.state not in ('completed', 'completed_with_errors', 'cancelled', 'rolled_back')",
          FILTER, .choices = yes_no },
        { "state",          NULL, "b.state", LIST | FILTER, .choices = batch_states },
        { 0 } },
    .order = "-created_at", .actions = batch_actions, .empty_title = "No batches yet",
    .empty_text = "Download the template of an entity, fill it from your old system, and bring it in as a new batch.",
};

static void crumbs(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "import.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/migration"));
    show_text(r, "page.crumbs.1.text", title);
}

static const char *entity_words(Req *r, const ImportEntity *e) {
    return msg(r->c.language, text(r, "import.entity.%s", e->name));
}

/* --- the overview ------------------------------------------------------------------------------------------------- */

#define STAND(F, T) F(T, const char *, entity) F(T, int64_t, records) F(T, int64_t, errors) F(T, const char *, state)
ROW(Stand, STAND)

static const Stand *stand_of(const Stands *l, const char *entity) {
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i].entity, entity)) return &l->v[i];
    return NULL;
}

/* The recommended order with what is there of each. */
static void show_order(Req *r) {
    Stands l = db_all(r, Stand, "select b.entity, sum(b.imported_count) as records, sum(b.error_count) as errors, "
                                "substring_index(group_concat(b.state order by b.id desc), ',', 1) as state "
                                "from import_batch b where b.utility_id=? "
                                "and b.state not in ('cancelled', 'rolled_back') "
                                "group by b.entity", r->c.utility);
    const char *at_ = "before.0";
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, "import.order"));
    show_text(r, text(r, "%s.sub", at_), msg(r->c.language, "import.order_how"));
    TableView *t = table_start(r, text(r, "%s.table", at_), msg(r->c.language, "import.order"));
    table_column(t, msg(r->c.language, "import.step"), "num", NULL);
    table_column(t, msg(r->c.language, "import.records"), "text", "id");
    table_column(t, msg(r->c.language, "import.imported"), "num", "amount");
    table_column(t, msg(r->c.language, "import.errors"), "num", NULL);
    table_column(t, msg(r->c.language, "import.state"), "status", "status");
    table_column(t, msg(r->c.language, "import.template"), "text", NULL);
    for (const ImportEntity *const *e = import_entities(); *e; e++) {
        if (!import_may(&r->c, *e)) continue;
        const Stand *s = stand_of(&l, (*e)->name);
        table_row(t, NULL);
        table_cell(t, (*e)->order ? text(r, "%d", (*e)->order) : "");
        table_cell(t, entity_words(r, *e));
        table_link(t, link_path(r, "/migration/templates/%s/guide", (*e)->name));
        table_int(t, s ? s->records : 0);
        table_int(t, s ? s->errors : 0);
        if (s) table_state(t, s->state);
        else table_cell(t, msg(r->c.language, "import.none_yet"));
        table_cell(t, msg(r->c.language, "import.download_template"));
        table_link(t, link_path(r, "/migration/templates/%s", (*e)->name));
    }
}

void import_home(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "import.title"));
    show_order(r);
    list_show(r, &batches, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- templates ---------------------------------------------------------------------------------------------------- */

/* The columns that the program knows of an entity are kept by version with the first file that comes for them, so that
   a file can be told by the template it was made for. */
static void template_keep(Ctx *c, const ImportEntity *e) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (const ImportColumn *k = e->columns; k->name; k++) json_add_text(&o, NULL, k->name);
    json_close(&o);
    db_run(c, "insert into import_template (entity, version, `columns`) select ?, coalesce(max(t.version), 0) + 1, ? "
              "from import_template t where t.entity=? having max(t.version) is null or not json_equals(?, (select "
              "n.`columns` from import_template n where n.entity=? order by n.version desc limit 1))", e->name, t.s,
           e->name, t.s, e->name);
}

static int template_version(Ctx *c, const ImportEntity *e) {
    int64_t n = db_int(c, "select coalesce(max(version), 1) from import_template where entity=?", e->name);
    return (int)n;
}

static const ImportEntity *entity_in_path(Req *r) {
    const ImportEntity *e = import_entity(path_text(r, "entity"));
    if (!e || !import_may(&r->c, e)) fail(r, NOT_FOUND, "There is no such template.");
    return e;
}

void import_template(Req *r) {
    const ImportEntity *e = entity_in_path(r);
    CsvText *csv = csv_start(&r->c.mem);
    for (const ImportColumn *k = e->columns; k->name; k++) csv_text(csv, k->name);
    csv_end(csv);
    for (const ImportColumn *k = e->columns; k->name; k++) csv_text(csv, k->example ? k->example : "");
    csv_end(csv);
    header_set(r, "Content-Disposition", text(r, "attachment; filename=\"%s-template.csv\"", e->name));
    answer(r, 200, "text/csv; charset=utf-8", csv->text.s, csv->text.n);
}

static const char *type_words(Req *r, const ImportColumn *k) {
    static const char *const keys[] = { [IMPORT_TEXT] = "import.type.text", [IMPORT_DATE] = "import.type.date",
        [IMPORT_TIME] = "import.type.time", [IMPORT_INT] = "import.type.int", [IMPORT_DECIMAL] = "import.type.decimal",
        [IMPORT_MONEY] = "import.type.money", [IMPORT_BOOL] = "import.type.bool",
        [IMPORT_PHONE] = "import.type.phone", [IMPORT_BOUNDARY] = "import.type.boundary" };
    const char *type = msg(r->c.language, keys[k->type]);
    if (k->values) return text(r, "%s: %s", msg(r->c.language, "import.type.one_of"), k->values);
    return k->refers ? text(r, "%s: %s", msg(r->c.language, "import.type.refers"), k->refers) : type;
}

/* What becomes of a column of a record that is there. */
static const char *there_words(Req *r, const ImportEntity *e, const ImportColumn *k) {
    unsigned f = k->flags;
    return msg(r->c.language, !e->change ? "import.there.no" : f & IMPORT_KEY ? "import.there.key"
               : f & IMPORT_CHANGES ? "import.there.changes" : f & IMPORT_LIVES ? "import.there.lives"
               : f & IMPORT_NEW ? "import.there.new" : "import.there.same");
}

void import_guide(Req *r) {
    const ImportEntity *e = entity_in_path(r);
    crumbs(r, msg_format(r, r->c.language, "import.guide", { "entity", entity_words(r, e) }));
    show_text(r, "page.actions.0.text", msg(r->c.language, "import.download_template"));
    show_text(r, "page.actions.0.url", link_path(r, "/migration/templates/%s", e->name));
    show_text(r, "page.actions.0.kind", "primary");
    show_text(r, "page.actions.0.download", "1");
    show_text(r, "page.actions.1.text", msg(r->c.language, "import.new"));
    show_text(r, "page.actions.1.url", link_path(r, "/migration/new?entity=%s", e->name));
    show_text(r, "page.sub", msg_format(r, r->c.language, "import.version",
              { "no", text(r, "%d", template_version(&r->c, e)) }));
    if (e->insert_only) show_text(r, "show.sections.0.sub", msg(r->c.language, e->insert_only));
    show_text(r, "show.sections.0.title", msg(r->c.language, "import.columns"));
    TableView *t = table_start(r, "show.sections.0.table", msg(r->c.language, "import.columns"));
    table_column(t, msg(r->c.language, "import.column"), "code", "id");
    table_column(t, msg(r->c.language, "import.required_head"), "text", "status");
    table_column(t, msg(r->c.language, "import.takes"), "text", "name");
    table_column(t, msg(r->c.language, "import.there_head"), "text", NULL);
    table_column(t, msg(r->c.language, "import.example"), "code", NULL);
    for (const ImportColumn *k = e->columns; k->name; k++) {
        table_row(t, NULL);
        table_cell(t, k->name);
        if (k->guide) table_sub(t, k->guide);
        table_cell(t, msg(r->c.language, k->flags & IMPORT_REQUIRED ? "ui.yes" : "ui.no"));
        table_cell(t, type_words(r, k));
        table_cell(t, there_words(r, e, k));
        if (k->instead) table_sub(t, k->instead);
        table_cell(t, k->example);
    }
    page(r, "layout/show");
}

/* --- a new batch -------------------------------------------------------------------------------------------------- */

static const Choice modes[] = { { "insert", "Add new records only" },
                                { "upsert", "Add new ones, change those that are there" },
                                { "update", "Change those that are there only" }, { 0 } };
static const Choice policies[] = { { "skip_bad_rows", "Import the good rows, report the others" },
                                   { "all_or_nothing", "All rows, or nothing (up to 50,000)" }, { 0 } };

static const Form upload_form = { .name = "import_batch", .fields = FIELDS {
    { "entity",   "Records",  TEXT(1, 40), .flags = REQUIRED },
    { "file",     "File",     FILE_FIELD, .flags = REQUIRED,
      .hint = "CSV with a header line, or a ZIP of one; of documents a ZIP of the list and its files. At most "
              "250 MB and 1,000,000 rows." },
    { "encoding", "Encoding", CHOICE(import_encodings), .flags = REQUIRED, .initial = "auto" },
    { "mode",     "Records that are there", CHOICE(modes), .flags = REQUIRED, .initial = "insert" },
    { "policy",   "Rows with errors", CHOICE(policies), .flags = REQUIRED, .initial = "skip_bad_rows" },
    { "again",    "Import again a file that was imported", BOOL },
    { 0 } } };

void import_new(Req *r) {
    FormView *v = form_show(r, "form", &upload_form, "/migration");
    form_set(v, "entity", "kind", "select");
    form_set(v, "entity", "blank", msg(r->c.language, "ui.choose"));
    for (const ImportEntity *const *e = import_entities(); *e; e++)
        if (import_may(&r->c, *e)) form_option(v, "entity", (*e)->name, entity_words(r, *e));
    form_text(v, "entity", query_text(r, "entity"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.file.accept", ".csv,.txt,.tsv,.zip,text/csv,application/zip");
    show_int(r, "form.fields.file.max_bytes", IMPORT_BYTES_MAX);
    show_text(r, "form.submit", msg(r->c.language, "import.upload"));
    show_text(r, "form.cancel_url", link_path(r, "/migration"));
    crumbs(r, msg(r->c.language, "import.new"));
    page(r, "layout/form");
}

#define SAME(F, T) F(T, const char *, batch_no) F(T, Time, at)
ROW(Same, SAME)

static void refuse_same(Req *r, const char *entity, const uint8_t *sha256) {
    Ctx *c = &r->c;
    Same *s = db_find(c, Same, "select batch_no, coalesce(finished_at, created_at) as at "
                               "from import_batch where utility_id=? "
                               "and entity=? and sha256=? "
                               "and state not in ('cancelled', 'rolled_back', 'validation_failed') "
                               "order by id desc limit 1", c->utility, entity, bytes_at(sha256, 32));
    if (!s) return;
    const Zone *z = zone_find(utility_here(c)->time_zone);
    fail_field(r, CONFLICT, "again", "%s", msg_format(r, c->language, "import.same",
        { "date", locale_date(&c->mem, c->locale, time_date(z ? z : zone_utc(), s->at)) }, { "no", s->batch_no }));
}

static const char *header_json(Ctx *c, const ImportFile *f) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < f->header_n; i++) json_add_text(&o, NULL, f->header[i]);
    json_close(&o);
    return t.s;
}

void import_create(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &upload_form);
    const ImportEntity *e = in_given(in, "entity") ? import_entity(in_text(in, "entity")) : NULL;
    if (in_given(in, "entity") && (!e || !import_may(c, e)))
        problem(r, "entity", "%s", msg(c->language, "import.not_yours"));
    if (!r->uploads.n) problem(r, "file", "%s", msg(c->language, "import.choose_file"));
    if (e && !e->change && in_given(in, "mode") && strcmp(in_text(in, "mode"), "insert"))
        problem(r, "mode", "%s", msg(c->language, e->insert_only));
    problems_end(r);
    ImportFile f = import_file_take(c, &r->uploads.v[0], in_text(in, "encoding"), e->has_files);
    if (!in_bool(in, "again")) refuse_same(r, e->name, f.sha256);
    const char *no = series_next(c, "{#}"), *name = document_name(&c->mem, r->uploads.v[0].filename);
    Id document = document_store(c, &(NewDocument){ .file_name = text(c, "batch-%s.csv", no), .fd = f.fd,
        .kind = "generated", .mime = "text/csv", .entity = "import_batch" });
    Id archive = !e->has_files ? (Id){ 0 } : document_store(c, &(NewDocument){
        .file_name = text(c, "batch-%s.zip", no), .fd = r->uploads.v[0].fd, .kind = "generated",
        .mime = "application/zip", .entity = "import_batch" });
    const char *mapping = mapping_write(c, e, mapping_guess(c, e, f.header, f.header_n), f.header);
    Id id = db_insert(c,
        "insert into import_batch (utility_id, batch_no, entity, file_name, document_id, archive_id, sha256, size, "
        "encoding, delimiter_char, header, mapping, mode, policy, has_ledger_effect, created_at, created_by, "
        "updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                      c->utility, no, e->name, name, document, archive, bytes_at(f.sha256, 32), f.size, f.encoding,
        text(c, "%c", f.delimiter), header_json(c, &f), mapping, in_text(in, "mode"), in_text(in, "policy"),
        e->has_ledger, c->now, c->user, c->now, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "import_batch", .id = id, .number = no, .version = 1,
                             .after = json_pairs(c, "entity", e->name, "file_name", name, NULL) });
    template_keep(c, e);
    note(r, "%s", msg(c->language, "import.uploaded"));
    go(r, "/migration/%s/mapping", no);
}

/* --- one batch ---------------------------------------------------------------------------------------------------- */

Batch *batch_of(Req *r) {
    Id id = db_id(r, "select id from import_batch where utility_id=? and batch_no=?", r->c.utility, path_text(r, "no"));
    Batch *b = id.id ? batch_get(&r->c, id) : NULL;
    const ImportEntity *e = b ? import_entity(b->entity) : NULL;
    if (!e || !import_may(&r->c, e)) fail(r, NOT_FOUND, "There is no such batch.");
    return b;
}

static bool is_one(const char *state, const char *const *of) {
    for (; *of; of++)
        if (!strcmp(*of, state)) return true;
    return false;
}

static void show_steps(Req *r, const Batch *b) {
    static const char *const keys[] = { "upload", "map", "validate", "import", "reconcile" };
    static const char *const at_map[] = { "uploaded", NULL }, *const at_check[] = { "mapped", "validating",
        "validation_failed", NULL }, *const at_import[] = { "validated", "importing", "paused", "failed", "cancelled",
            NULL };
    size_t now = is_one(b->state, at_map) ? 1 : is_one(b->state, at_check) ? 2 : is_one(b->state, at_import) ? 3 : 4;
    for (size_t i = 0; i < 5; i++) {
        show_text(r, at(r, "job.steps", i, "text"), msg(r->c.language, text(r, "import.step.%s", keys[i])));
        show_text(r, at(r, "job.steps", i, "state"), i < now ? "done" : i == now ? "now" : "todo");
    }
}

#define PROGRESS(F, T) F(T, int64_t, progress_done) F(T, int64_t, progress_total) F(T, const char *, state) \
    F(T, const char *, error) F(T, Time, started_at)
ROW(Progress, PROGRESS)

/* Rows a second and time left, once there is something to judge by. */
static void show_speed(Req *r, Time since, int64_t done, int64_t rows, int64_t total) {
    int64_t took = r->c.now.us - since.us;
    if (!time_is_set(since) || took < SECOND_US || !rows) return;
    const char *speed = locale_count(&r->c.mem, r->c.locale, rows * SECOND_US / took);
    const char *left = total > done && done ? locale_duration(&r->c.mem, r->c.locale, took / done * (total - done))
        : NULL;
    show_text(r, "job.left", left ? msg_format(r, r->c.language, "import.speed_left", { "n", speed }, { "left", left })
              : msg_format(r, r->c.language, "import.speed", { "n", speed }));
}

static void show_progress(Req *r, const Batch *b) {
    bool works = !strcmp(b->state, "validating") || !strcmp(b->state, "importing") || !strcmp(b->state, "rolling_back");
    Progress *p = b->job_id.id
        ? db_find(r, Progress, "select progress_done, coalesce(progress_total, 0) as progress_total, "
        "state, error, created_at as started_at from smart360.job where id=? and tenant_key=?", b->job_id,
                  r->c.tenant.id)
        : NULL;
    show_text(r, "job.state_text", state_label(r, b->state));
    show_text(r, "job.tone", state_tone(r, b->state));
    show_steps(r, b);
    if (time_is_set(b->started_at))
        show_text(r, "job.started", msg_format(r, r->c.language, "import.started",
                  { "time", locale_time_words(&r->c.mem, r->c.locale, b->started_at) }));
    if (b->problem) {
        show_text(r, "job.failed.text", b->problem);
        show_text(r, "job.failed.url", link_path(r, "/migration/%s/rows", b->batch_no));
    }
    if (!works) return;
    show_text(r, "job.poll_url", link_path(r, "/migration/%s", b->batch_no));
    bool checks = !strcmp(b->state, "validating"), goes_back = !strcmp(b->state, "rolling_back"),
        by_job = checks || goes_back;
    int64_t done = by_job ? p ? p->progress_done : 0 : b->imported_count + b->skipped_count;
    int64_t total = by_job ? p ? p->progress_total : 0 : b->valid_count + b->warning_count;
    if (!p) show_text(r, "job.note", msg(r->c.language, "import.waits"));
    if (!total) return;
    show_int(r, "job.value", done * 1000 / total);
    show_int(r, "job.max", 1000);
    show_text(r, "job.percent_text", text(r, "%lld %%", (long long)(done * 100 / total)));
    show_speed(r, goes_back ? p->started_at : b->started_at, done, checks ? b->total_count : done, total);
}

static void fact(Req *r, const char *key, const char *words) {
    show_fact(r, "job.sections.0.facts", msg(r->c.language, key), words, NULL);
}

static void count(Req *r, const char *key, int64_t n) { fact(r, key, locale_count(&r->c.mem, r->c.locale, n)); }

static const char *delimiter_words(Req *r, char c) {
    return msg(r->c.language, c == '\t' ? "import.delimiter.tab" : c == ';' ? "import.delimiter.semicolon"
               : c == '|' ? "import.delimiter.bar" : "import.delimiter.comma");
}

enum { EFFECTS_AT = 10 };      /* facts above them */

/* What the rows do to what is there; each leads to its rows. */
static void effect(Req *r, const Batch *b, size_t at_, const char *name, int n) {
    count(r, text(r, "import.effect.%s", name), n);
    if (n) show_text(r, at(r, "job.sections.0.facts", at_, "url"),
                     link_path(r, "/migration/%s/rows?effect=%s", b->batch_no, name));
}

static void show_facts(Req *r, const Batch *b) {
    show_text(r, "job.sections.0.title", msg(r->c.language, "import.batch_facts"));
    fact(r, "import.records", entity_words(r, import_entity(b->entity)));
    fact(r, "import.file", b->file_name);
    fact(r, "import.size", locale_bytes(&r->c.mem, r->c.locale, b->size));
    fact(r, "import.encoding", text(r, "%s, %s", b->encoding, delimiter_words(r, *b->delimiter_char)));
    fact(r, "import.mode", msg(r->c.language, text(r, "import.mode.%s", b->mode)));
    fact(r, "import.policy", msg(r->c.language, text(r, "import.policy.%s", b->policy)));
    count(r, "import.rows", b->total_count);
    count(r, "import.valid", b->valid_count);
    count(r, "import.warnings", b->warning_count);
    count(r, "import.errors", b->error_count);
    effect(r, b, EFFECTS_AT, "new", b->new_count);
    effect(r, b, EFFECTS_AT + 1, "changed", b->changed_count);
    effect(r, b, EFFECTS_AT + 2, "unchanged", b->unchanged_count);
    count(r, "import.imported", b->imported_count);
}

#define SEEN(F, T) F(T, int, line_no) F(T, const char *, state) F(T, const char *, code) \
    F(T, const char *, column_name) \
    F(T, const char *, text) F(T, const char *, value)
ROW(Seen, SEEN)

static void show_errors(Req *r, const Batch *b) {
    if (!b->error_count && !b->warning_count && strcmp(b->state, "partly_rolled_back")) return;
    Seens l = db_all(r, Seen,
        "select w.line_no, w.state, m.code, m.column_name, m.text, m.value "
        "from (select line_no, state, messages from import_row where batch_id=? and state in ('error', 'warning', "
        "'blocked') order by state, line_no limit 50) w, json_table(w.messages, '$[*]' columns (code varchar(4) "
        "path '$.code', column_name varchar(60) path '$.column', text varchar(500) path '$.text', "
        "value varchar(200) path '$.value')) m order by w.state, w.line_no limit 50",
                     b->id);
    const char *s = "job.sections.1";
    show_text(r, text(r, "%s.title", s), msg(r->c.language, "import.report"));
    show_text(r, text(r, "%s.link.text", s), msg(r->c.language, "import.all_rows"));
    show_text(r, text(r, "%s.link.url", s), link_path(r, "/migration/%s/rows", b->batch_no));
    TableView *t = table_start(r, text(r, "%s.table", s), msg(r->c.language, "import.report"));
    table_column(t, msg(r->c.language, "import.line"), "num", "id");
    table_column(t, msg(r->c.language, "import.column"), "code", NULL);
    table_column(t, msg(r->c.language, "import.code"), "code", NULL);
    table_column(t, msg(r->c.language, "import.says"), "text", "name");
    table_column(t, msg(r->c.language, "import.value"), "code", NULL);
    table_column(t, msg(r->c.language, "import.state"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_int(t, l.v[i].line_no);
        table_cell(t, l.v[i].column_name);
        table_cell(t, l.v[i].code);
        table_cell(t, l.v[i].text);
        table_cell(t, l.v[i].value);
        table_state(t, l.v[i].state);
    }
}

static void link_action(Req *r, size_t *n, const char *key, const char *path, bool download) {
    show_text(r, at(r, "page.actions", *n, "text"), msg(r->c.language, key));
    show_text(r, at(r, "page.actions", *n, "url"), path);
    if (download) show_text(r, at(r, "page.actions", *n, "download"), "1");
    (*n)++;
}

void import_show(Req *r) {
    Batch *b = batch_of(r);
    static const char *const can_map[] = { "uploaded", "mapped", "validated", "validation_failed", NULL },
        *const can_back[] = { "completed", "completed_with_errors", "partly_rolled_back", NULL };
    size_t n = 0;
    crumbs(r, msg_format(r, r->c.language, "import.batch", { "no", b->batch_no }));
    bool may = perm_may(&r->c, "core.migration", CREATE);
    if (may && is_one(b->state, can_map))
        link_action(r, &n, "import.map_columns", link_path(r, "/migration/%s/mapping", b->batch_no), false);
    if (b->error_count)
        link_action(r, &n, "import.error_file", link_path(r, "/migration/%s/errors.csv", b->batch_no), true);
    if (is_one(b->state, can_back)) {
        link_action(r, &n, "import.totals", link_path(r, "/migration/%s/totals", b->batch_no), false);
        if (perm_may(&r->c, "core.migration", EDIT))
            link_action(r, &n, "import.take_back", link_path(r, "/migration/%s/rollback", b->batch_no), false);
    }
    show_progress(r, b);
    show_moves(r, "job.actions", &import_batch, b->id, text(r, "/migration/%s", b->batch_no));
    show_facts(r, b);
    show_errors(r, b);
    history_show(r, "job.sections.2", "import_batch", b->id, NULL);
    page(r, "layout/job");
}

void import_move(Req *r) {
    Batch *b = batch_of(r);
    static const char *const by_hand[] = { "validate", "import", "pause", "resume", "cancel", NULL };
    if (!is_one(path_text(r, "event"), by_hand)) fail(r, NOT_FOUND, "There is no such move.");
    machine_move(&r->c, &import_batch, b->id, path_text(r, "event"), NULL, NULL);
    go(r, "/migration/%s", b->batch_no);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static const Choice row_states[] = { { "error", NULL }, { "warning", NULL }, { "valid", NULL }, { "imported", NULL },
                                     { "skipped", NULL }, { "rolled_back", NULL }, { "blocked", NULL }, { 0 } };
static const Choice row_codes[] = { { "E01", "E01 required" }, { "E02", "E02 type" }, { "E03", "E03 length" },
    { "E04", "E04 not in the list" }, { "E05", "E05 twice in the file" }, { "E06", "E06 there already" },
    { "E07", "E07 reference not found" }, { "E08", "E08 rule" }, { "W01", "W01 suspicious" }, { "W02", "W02 spaces" },
    { 0 } };

static const Choice row_effects[] = { { "new", "import.effect.new" }, { "changed", "import.effect.changed" },
                                      { "unchanged", "import.effect.unchanged" }, { 0 } };

static const ListSpec rows = {
    .name = "import_row", .one = "row", .many = "rows", .path = "/migration", .feature = "core.migration",
    .from = "import_row w", .where = "w.batch_id = ?", .id = "w.line_no",
    .columns = COLUMNS {
        { "line_no", NULL, "w.line_no", LIST | SORT, .place = "id" },
        { "key_value", NULL, "w.key_value", LIST | SEARCH_START, .kind = "code" },
        { "code", NULL, "w.code", LIST | FILTER, .choices = row_codes, .kind = "code" },
        { "said", NULL, "json_value(w.messages, '$[0].text')", LIST, .place = "name", .sub = "column_name" },
        { "column_name", NULL, "json_value(w.messages, '$[0].column')" },
        { "value", NULL, "json_value(w.messages, '$[0].value')", LIST, .kind = "code" },
        { "effect", NULL, "w.effect", LIST | FILTER, .choices = row_effects, .kind = "status", .sub = "changes" },
        { "changes", NULL, "(select group_concat(concat(k.name, ': ', coalesce(json_value(w.before_value, concat('$.', "
                           "k.name, '[0]')), '-'), ' → ', coalesce(json_value(w.before_value, concat('$.', k.name, "
                           "'[1]')), '-')) separator '; ') from json_table(json_keys(w.before_value), '$[*]' columns "
                           "(name varchar(60) path '$')) k)" },
        { "state", NULL, "w.state", LIST | FILTER, .choices = row_states },
        { 0 } },
    .order = "line_no", .empty_title = "No rows", .empty_text = "The rows stand here once the file was validated.",
};

void import_rows(Req *r) {
    Batch *b = batch_of(r);
    ListSpec *mine = take(r, sizeof *mine);
    *mine = rows;
    mine->path = text(r, "/migration/%s/rows", b->batch_no);
    const char *title = msg_format(r, r->c.language, "import.rows_of", { "no", b->batch_no });
    crumbs(r, title);
    list_show(r, mine, b->id);
    if (!r->status) page(r, "layout/list");
}

/* --- the error file: rows as they came, with what is wrong -------------------------------------------------------- */

#define BAD(F, T) F(T, const char *, raw) F(T, const char *, messages) F(T, int, line_no)
ROW(Bad, BAD)

/* A cell of the old system: numbers stay numbers, what a spreadsheet would take for a formula is disarmed. */
static void bad_row(Ctx *c, CsvText *csv, const Bad *b, size_t width) {
    Json raw = json_read(&c->mem, b->raw, strlen(b->raw), JSON_SIZE_MAX, NULL);
    for (size_t i = 0; i < width; i++) csv_number(csv, json_text(json_item(raw, i), ""));
    Json all = b->messages ? json_read(&c->mem, b->messages, strlen(b->messages), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    Text codes = text_start(c), texts = text_start(c);
    text_add(&codes, "");
    text_add(&texts, "");
    for (size_t i = 0; i < json_size(all); i++) {
        Json one = json_item(all, i);
        const char *column = json_text(one, "column"), *said = json_text(one, "text");
        text_addf(&codes, "%s%s", codes.n ? " " : "", json_text(one, "code"));
        text_addf(&texts, "%s%s%s%s", texts.n ? " " : "", column ? column : "", column ? ": " : "", said ? said : "");
    }
    csv_text(csv, codes.s);
    csv_text(csv, texts.s);
    csv_number(csv, text(c, "%d", b->line_no));
    csv_end(csv);
}

/* The next bad rows after a line, as CSV without the mark at its beginning. The last line of them; 0: none are left. */
static int bad_rows(Ctx *c, Id batch, int after, size_t width, int fd) {
    Bads l = db_all(c, Bad, "(select raw, messages, line_no from import_row where batch_id=? and state='error' "
                            "and line_no>? order by line_no limit ?) union all (select raw, messages, line_no "
                            "from import_row where batch_id=? and state='blocked' and line_no>? order by line_no "
                            "limit ?) order by line_no limit ?", batch, after, ERRORS_PIECE, batch, after,
                    ERRORS_PIECE, ERRORS_PIECE);
    CsvText csv = { text_start(c), false };
    for (size_t i = 0; i < l.n; i++) bad_row(c, &csv, &l.v[i], width);
    import_write(c, fd, csv.text.s, csv.text.n);
    return l.n ? l.v[l.n - 1].line_no : 0;
}

void import_errors(Req *r) {
    Batch *b = batch_of(r);
    perm_check(&r->c, "core.migration", VIEW);
    Texts header = header_of(&r->c, b);
    CsvText *head = csv_start(&r->c.mem);
    for (size_t i = 0; i < header.n; i++) csv_text(head, header.v[i]);
    csv_text(head, "error_code");
    csv_text(head, "error_text");
    csv_text(head, "error_line");
    csv_end(head);
    int fd = import_scratch(&r->c);
    import_write(&r->c, fd, head->text.s, head->text.n);
    for (int after = 0, last; ; after = last) {
        ArenaMark m = mark(r);
        last = bad_rows(&r->c, b->id, after, header.n, fd);
        rewind_to(r, m);
        if (!last) break;
    }
    audit_note(&r->c, "export", "import_batch", b->id, b->batch_no, NULL);
    header_set(r, "Content-Disposition", text(r, "attachment; filename=\"batch-%s-errors.csv\"", b->batch_no));
    answer_spool(r, "text/csv; charset=utf-8", fd);
}
